//! Why nothing came, and what to do.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    app::{
        components::copy_button::CopyButton,
        dom,
        i18n::use_words,
        remote::{Cause, Evidence, RECIPES, diagnose, ways},
    },
    platform,
    registry::{GatewayTrouble, Origin, Place, Remote, Request, Trouble},
};

/// Properties of [`Doctor`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct DoctorProps {
    /// What was to be fetched.
    pub remote: Remote,
    /// What went wrong.
    pub trouble: Trouble,
}

/// Looks for the cause, and shows it.
#[component]
pub fn Doctor(props: &DoctorProps) -> Html {
    let words = use_words();
    let cause = use_state(|| None::<Option<Cause>>);
    {
        let cause = cause.setter();
        use_effect_with(props.clone(), move |props| {
            let props = props.clone();
            spawn_local(async move {
                let evidence = examine(&props).await;
                cause.set(Some(diagnose(props.trouble, evidence)));
            });
        });
    }
    let place = Place::parse(&props.remote.place).ok();
    let host = place.as_ref().and_then(Place::origin);
    let host = host.map(|origin| origin.to_string()).unwrap_or_default();
    let reference = match &place {
        Some(Place::Registry(reference)) => Some(reference),
        _ => None,
    };
    let command = |text: String| {
        html! { <p class="remote-command"><code lang="en">{text.clone()}</code>{" "}<CopyButton text={text} label={words.image.copy} done={words.image.copied} /></p> }
    };
    if let (Trouble::Gateway(trouble), Some(reference)) = (props.trouble, reference) {
        return match trouble {
            GatewayTrouble::NotAllowed => command(ways::serve(reference)),
            GatewayTrouble::NoCredentials | GatewayTrouble::BadCredentials => {
                command(ways::log_in(reference))
            }
            GatewayTrouble::Unreachable | GatewayTrouble::Other => Html::default(),
        };
    }
    let Some(found) = &*cause else {
        return html! { <p class="muted" role="status">{words.remote.looking}</p> };
    };
    let Some(cause) = *found else { return Html::default() };
    let (what, advice) = (words.remote.cause)(cause);
    let is_server = matches!(
        cause,
        Cause::NoCors
            | Cause::Preflight
            | Cause::Blobs
            | Cause::Redirect
            | Cause::TokenServer
            | Cause::HiddenHeader
    );
    html! {
        <section class="remote-doctor" data-testid="remote-doctor" aria-label={words.remote.doctor}
            data-cause={format!("{cause:?}")}>
            <p><strong>{what}</strong>{" "}{advice}</p>
            if is_server {
                <details>
                    <summary>{words.remote.recipes}</summary>
                    { for RECIPES.iter().map(|recipe| {
                        let text = recipe.filled(&dom::origin(), &host);
                        html! {
                            <details>
                                <summary>{recipe.server}</summary>
                                <pre lang="en">{text.clone()}</pre>
                                <CopyButton text={text} label={words.image.copy} done={words.image.copied} />
                            </details>
                        }
                    }) }
                </details>
            }
            if let Some(reference) = reference {
                <p>{words.remote.ways}{": "}{words.remote.way_skopeo}</p>
                {command(ways::copy(reference))}
                <p>{words.remote.way_gateway}</p>
                {command(ways::serve(reference))}
            }
        </section>
    }
}

/// Finds out as much as a page can.
async fn examine(props: &DoctorProps) -> Evidence {
    let place = Place::parse(&props.remote.place).ok();
    let target = place.as_ref().and_then(Place::origin);
    let page = Origin::of_url(&dom::origin()).ok();
    let url = match (&place, &target) {
        (Some(Place::Registry(_)), Some(origin)) => format!("{origin}/v2/"),
        (Some(Place::Layout(url)), _) => format!("{url}index.json"),
        (Some(Place::Archive(url)), _) => url.clone(),
        _ => return Evidence::default(),
    };
    let is = |origin: &Option<Origin>, test: fn(&Origin) -> bool| origin.as_ref().is_some_and(test);
    let is_unreachable = matches!(props.trouble, Trouble::Unreachable | Trouble::BlobUnreachable);
    let is_readable = is_unreachable && platform::fetch(&Request::get(&url)).await.is_ok();
    // Nobody's name and nobody's password: what matters is whether it may be sent.
    let login = Request { authorization: Some("Basic Og==".to_owned()), ..Request::get(&url) };
    let is_asked = is_readable && props.trouble == Trouble::Unreachable;
    let target_is_private = is(&target, Origin::is_private);
    Evidence {
        online: dom::is_online(),
        page_is_secure: is(&page, |origin| origin.is_secure),
        page_is_private: is(&page, Origin::is_private),
        target_is_secure: is(&target, |origin| origin.is_secure),
        target_is_private,
        target_is_loopback: is(&target, Origin::is_loopback),
        is_readable,
        takes_logins: is_asked && platform::fetch(&login).await.is_ok(),
        is_reachable: is_unreachable && platform::is_reachable(&url).await,
        may_ask_network: if target_is_private { platform::may_ask_network().await } else { None },
    }
}
