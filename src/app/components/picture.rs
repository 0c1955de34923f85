//! A version's content as a picture.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::notice::explain;
use crate::{
    app::{i18n::use_words, use_app},
    limits,
    platform::ObjectUrl,
    preview::{self, ImageFormat, Magic},
    worker::protocol::{Failure, Request, Version},
};

/// Properties of [`Picture`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct PictureProps {
    /// The version that holds the content.
    pub version: Version,
    /// What its first bytes are those of.
    pub format: ImageFormat,
    /// Its width and height, if they are known.
    pub dimensions: Option<(u32, u32)>,
    /// Its length in bytes.
    pub size: u64,
    /// Its path, for who cannot see it.
    pub path: AttrValue,
}

/// How far it is.
#[derive(Clone, PartialEq)]
enum Stage {
    Loading,
    Loaded(std::rc::Rc<ObjectUrl>),
    Failed(Failure),
    /// The browser cannot show it.
    Broken,
}

/// The picture. The browser is told the format that was found, and nothing that the archive says.
#[component]
pub fn Picture(props: &PictureProps) -> Html {
    let all = use_words();
    let words = &all.viewing;
    let app = use_app();
    let stage = use_state_eq(|| Stage::Loading);
    let pixels = props.dimensions.map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    let is_too_large = props.size > limits::PICTURE || pixels > limits::PICTURE_PIXELS;
    use_effect_with((props.version, props.format), {
        let (app, stage) = (app.clone(), stage.setter());
        move |&(version, format): &(Version, ImageFormat)| {
            if is_too_large {
                return;
            }
            spawn_local(async move {
                let loaded = match app.blob(Request::Download { version }).await {
                    Ok(blob) => match crate::platform::first_bytes(&blob, 64 << 10).await {
                        // What is shown is looked at itself, not what was read before.
                        Ok(head) if matches!(preview::identify(&head), Some(Magic::Image(found, _)) if found == format) => {
                            ObjectUrl::new(&blob, format.media_type()).ok()
                        }
                        _ => None,
                    },
                    Err(failure) => return stage.set(Stage::Failed(failure)),
                };
                stage.set(loaded.map_or(Stage::Broken, |url| Stage::Loaded(url.into())));
            });
        }
    });
    if is_too_large {
        return html! { <p class="blank">{words.picture_too_large}</p> };
    }
    match &*stage {
        Stage::Loading => html! { <p class="blank" role="status">{all.details.loading}</p> },
        Stage::Failed(failure) => html! { <div class="blank" role="alert">{explain(all, failure)}</div> },
        Stage::Broken => html! { <p class="blank" role="alert">{words.picture_broken}</p> },
        Stage::Loaded(url) => {
            let onerror = {
                let stage = stage.setter();
                Callback::from(move |_: Event| stage.set(Stage::Broken))
            };
            html! {
                <div class="picture" tabindex="0" role="region" aria-label={words.picture}>
                    <img src={url.as_str().to_owned()} alt={(words.picture_of)(&props.path)} data-testid="picture" {onerror} />
                </div>
            }
        }
    }
}
