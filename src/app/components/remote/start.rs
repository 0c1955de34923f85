//! Typing the name of an image, and what is asked before it is fetched.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::tags::Tags;
use crate::{
    app::{
        dom,
        i18n::{Words, use_words},
        remote::{Link, RemoteAction},
        state::Action,
        text, use_app,
    },
    registry::{Place, Remote},
};

/// The form on the first screen.
#[component]
pub fn RemoteStart() -> Html {
    let words = use_words();
    let app = use_app();
    let typed = use_state(AttrValue::default);
    let listed = use_state(|| None::<AttrValue>);
    let place = Place::parse(&typed);
    let open = {
        let (app, typed) = (app.clone(), typed.clone());
        move |pull: bool| {
            if Place::parse(&typed).is_ok() {
                let place = typed.trim().to_owned();
                app.open_remote(Remote { place, choice: None, gateway: None, pull });
            }
        }
    };
    let onsubmit = {
        let open = open.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            open(true);
        }
    };
    let oninput = {
        let (typed, listed) = (typed.clone(), listed.clone());
        move |event: InputEvent| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            typed.set(input.map(|input| input.value()).unwrap_or_default().into());
            listed.set(None);
        }
    };
    let is_registry = matches!(place, Ok(Place::Registry(_)));
    let is_blank = typed.trim().is_empty();
    let on_tag = {
        let (typed, listed) = (typed.clone(), listed.clone());
        Callback::from(move |tag: String| {
            if let Ok(Place::Registry(reference)) = Place::parse(&typed) {
                typed.set(format!("{}:{tag}", reference.familiar_name()).into());
                listed.set(None);
            }
        })
    };
    let on_tags = {
        let (typed, listed) = (typed.clone(), listed.clone());
        move |_| listed.set(Some((*typed).clone()))
    };
    html! {
        <section class="remote-start" aria-labelledby="remote-title">
            <h2 id="remote-title">{words.remote.title}</h2>
            <form class="remote-form" {onsubmit} data-testid="remote-form">
                <label class="sr-only" for="remote-place">{words.remote.label}</label>
                <input id="remote-place" data-testid="remote-place" type="text" inputmode="url" autocomplete="off"
                    autocapitalize="none" spellcheck="false" placeholder={words.remote.label} value={(*typed).clone()} {oninput}
                    aria-describedby="remote-says" />
                <button type="submit" class="primary" data-testid="remote-pull" disabled={place.is_err()}>{words.remote.pull}</button>
                <button type="button" data-testid="remote-look" disabled={place.is_err()} onclick={move |_| open(false)}>
                    {words.remote.look}
                </button>
                <button type="button" data-testid="remote-tags" disabled={!is_registry} onclick={on_tags}>{words.remote.tags}</button>
            </form>
            <p id="remote-says" class="muted" data-testid="remote-says" aria-live="polite">
                {match &place {
                    _ if is_blank => html! { <bdi lang="en">{words.remote.hint}</bdi> },
                    Ok(place) => understood(words, place),
                    Err(error) => html! { {(words.remote.place_error)(error)} },
                }}
            </p>
            if let Some(place) = (*listed).clone() { <Tags {place} {on_tag} /> }
        </section>
    }
}

/// What was understood of what was typed.
fn understood(words: &Words, place: &Place) -> Html {
    let part = |name: &str, value: &str| {
        html! { <span class="understood">{name.to_owned()}{" "}<code><bdi>{text::visible(value.as_bytes())}</bdi></code></span> }
    };
    match place {
        Place::Registry(reference) => {
            let digest = reference.digest.as_ref().map(ToString::to_string);
            // The digest wins over the tag.
            let tag = reference.tag.as_deref().filter(|_| digest.is_none());
            html! {
                <>
                    {part(words.remote.registry, &reference.registry)}{" "}
                    {part(words.remote.repository, &reference.repository)}{" "}
                    if let Some(tag) = tag { {part(words.remote.tag, tag)} }
                    if let Some(digest) = &digest { {part(words.remote.digest, digest)} }
                </>
            }
        }
        Place::Layout(url) => part(words.remote.layout, url),
        Place::Archive(url) => part(words.remote.archive, url),
    }
}

/// What the reader is asked before anything is fetched: whether a link may, where from, which platform.
#[component]
pub fn RemoteQuestions() -> Html {
    let words = use_words();
    let app = use_app();
    let dismiss = app.on(|_| Action::Remote(RemoteAction::Dismiss));
    let page = app.state.remote.clone();
    let not_now = html! {
        <button type="button" data-testid="remote-dismiss" onclick={dismiss}>{words.remote.not_now}</button>
    };
    if let Some(link) = &page.link {
        let host = Place::parse(&link.place).ok().and_then(|place| place.origin());
        let host = host.map(|origin| origin.to_string()).unwrap_or_default();
        let agree = {
            let (app, link) = (app.clone(), link.clone());
            move |_| app.follow(&link)
        };
        return html! {
            <section class="notice" role="alertdialog" aria-labelledby="link-asks" data-testid="remote-link">
                <p id="link-asks"><bdi>{(words.remote.link_asks)(&text::visible(link.place.as_bytes()), &host)}</bdi></p>
                <p class="notice-actions">
                    <button type="button" class="primary" data-testid="remote-agree" onclick={agree}>{words.remote.fetch_it}</button>
                    {not_now}
                </p>
            </section>
        };
    }
    if let Some(remote) = &page.elsewhere {
        let host = Place::parse(&remote.place).ok().and_then(|place| place.origin());
        let host = host.map(|origin| origin.to_string()).unwrap_or_default();
        let link = Link {
            place: remote.place.clone().into(),
            choice: remote.choice.clone().map(AttrValue::from),
            look: !remote.pull,
            ..Link::default()
        };
        let href = format!("{}#{}", dom::REMOTE_PAGE, link.fragment());
        return html! {
            <section class="notice" role="alert" data-testid="remote-forbidden">
                <p><bdi>{(words.remote.forbidden)(&host)}</bdi></p>
                <p class="muted">{words.remote.forbidden_note}</p>
                <p class="notice-actions">
                    <a class="button" data-testid="remote-open" {href}>{words.remote.open_remote}</a>
                    {not_now}
                </p>
            </section>
        };
    }
    if !page.choices.is_empty()
        && let Some((_, remote)) = &page.asked
    {
        let choices = page.choices.iter().map(|choice| {
            let (app, remote, digest) = (app.clone(), remote.clone(), choice.digest.to_string());
            let wanted = match &choice.platform {
                // Several may be of one platform; the digest tells them apart.
                Some(platform) if page.choices.iter().filter(|c| c.platform == choice.platform).count() == 1 => {
                    platform.clone()
                }
                _ => digest.clone(),
            };
            let onclick = move |_| app.open_remote(Remote { choice: Some(wanted.clone()), ..remote.clone() });
            let name = choice.name.iter().map(|name| text::visible(name.as_bytes()));
            let platform = choice.platform.clone().map(|platform| text::visible(platform.as_bytes()));
            let label = platform.unwrap_or_else(|| words.remote.no_platform.to_owned());
            html! {
                <li><button type="button" {onclick} title={digest}>{ for name.map(|name| html! { <><bdi>{name}</bdi>{" "}</> }) }{label}</button></li>
            }
        });
        return html! {
            <section class="notice" role="group" aria-labelledby="remote-choose" data-testid="remote-choices">
                <p id="remote-choose">{words.remote.choose}</p>
                <ul class="remote-choices">{ for choices }</ul>
                <p class="notice-actions">{not_now}</p>
            </section>
        };
    }
    Html::default()
}
