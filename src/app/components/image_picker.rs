//! Which of the archive's images is looked at.

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::app::{
    format,
    i18n::{Words, use_words},
    state::{Action, Image},
    text, use_app,
};

/// The image's name and platform; a choice, if the archive holds several.
#[component]
pub fn ImagePicker() -> Html {
    let words = use_words();
    let app = use_app();
    let Some(archive) = app.state.archive.clone() else { return Html::default() };
    let selected = app.state.selection.image;

    let images: Vec<_> = archive.present().collect();
    if images.len() < 2 {
        let Some((image, place)) = images.first() else { return Html::default() };
        return html! {
            <p class="image-name" data-testid="image-picker" title={name(words, image, *place)}>
                <bdi>{name(words, image, *place)}</bdi>
                if let Some(platform) = &image.report.platform {
                    <span class="platform"><bdi>{text::visible(platform.as_bytes())}</bdi></span>
                }
            </p>
        };
    }

    let onchange = move |event: Event| {
        let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
        if let Some(image) = select.and_then(|select| select.value().parse().ok()) {
            app.dispatch(Action::SelectImage(image));
        }
    };
    html! {
        <select class="image-name" data-testid="image-picker" aria-label={words.shell.image} {onchange}>
            { for images.into_iter().map(|(image, index)| {
                let platform = image.report.platform.as_deref().map(|p| format!(" · {}", text::visible(p.as_bytes())));
                html! {
                    <option key={index} value={index.to_string()} selected={index == selected}>
                        {name(words, image, index)}{platform}
                    </option>
                }
            }) }
        </select>
    }
}

/// What an image is called where there is room for one name: its first name, else its short id, else its
/// number. Escaped, for places that hold no markup.
pub fn name(words: &Words, image: &Image, index: u32) -> String {
    match (image.short_name(), &image.report.id) {
        (Some(name), _) => text::visible(name.as_bytes()),
        (None, Some(id)) => format::short_digest(id),
        (None, None) => (words.shell.unnamed)(index + 1),
    }
}
