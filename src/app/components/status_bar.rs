//! The status bar: the image in one line of numbers.

use gloo::timers::callback::Interval;
use yew::prelude::*;

use crate::app::{
    components::progress::reading_label,
    dom, format,
    i18n::{Words, use_words},
    state::{Action, Image, Page, Stage, State},
    use_app,
};

/// Milliseconds between two looks at the browser's count of requests.
const LOOK: u32 = 2_000;

/// The status bar.
#[component]
pub fn StatusBar() -> Html {
    let words = use_words();
    let app = use_app();
    let since = match (&app.state.opening, &app.state.archive) {
        (Some(opening), _) => Some(opening.since),
        (None, archive) => archive.as_ref().map(|archive| archive.since),
    };
    let requests = use_requests(since);

    let Some(archive) = &app.state.archive else {
        return html! {
            <footer class="status" data-testid="status">
                <span class="muted">
                    {match &app.state.opening {
                        Some(opening) => (words.shell.opening)(&crate::app::text::visible(opening.name.as_bytes())),
                        None => words.shell.nothing_open.to_owned(),
                    }}
                </span>
                {remote_html(words)}
                if since.is_some() { {requests_html(words, &app.state, requests)} }
            </footer>
        };
    };
    let image = app.state.image();
    let mut reading = archive.images.iter().flat_map(|image| {
        let layers = image.layers.len() as u32;
        image
            .layers
            .iter()
            .filter(|layer| layer.reading.is_some())
            .map(move |layer| reading_label(words, layer, layers))
    });
    let to_anomalies = app.on(|_| Action::SelectPage(Page::Trust));

    html! {
        <footer class="status" data-testid="status">
            if let Some(opening) = &app.state.opening {
                <span class="status-busy"><bdi>{(words.shell.opening)(&crate::app::text::visible(opening.name.as_bytes()))}</bdi></span>
            } else if archive.stage == Stage::Reading {
                <span class="status-busy">{reading.next().unwrap_or_else(|| if archive.reading.is_some() { words.shell.decompressing } else { words.shell.reading }.to_owned())}</span>
            }
            if app.state.is_busy() {
                <button type="button" class="cancel" data-testid="cancel" onclick={let app = app.clone(); move |_| app.cancel()}>
                    {words.shell.cancel}
                </button>
            }
            if let Some(image) = image { {numbers(words, image)} }
            <span data-testid="status-anomalies">
                if archive.anomalies.is_empty() {
                    {(words.shell.anomalies)(0)}
                } else {
                    <button type="button" class="link mark-finding" onclick={to_anomalies}>
                        {"⚠ "}{(words.shell.anomalies)(archive.anomalies.len())}
                    </button>
                }
            </span>
            {remote_html(words)}
            {requests_html(words, &app.state, requests)}
        </footer>
    }
}

/// The numbers of an image.
fn numbers(words: &Words, image: &Image) -> Html {
    let size = |bytes| format::size(words.lang, bytes);
    let (verified, stated) = image.verified();
    let mismatch = image.has_mismatch();
    let totals = &image.totals;
    html! {
        <>
            if image.merged > 0 {
                <span data-testid="status-paths">{(words.shell.paths)(totals.paths)}</span>
                <span data-testid="status-sum" title={words.shell.sum_title}>
                    {(words.shell.sum)(&size(totals.stored), &size(totals.visible), &size(totals.hidden))}
                </span>
            }
            <span data-testid="status-digests" class={classes!(mismatch.then_some("check-mismatch"))}>
                {(words.shell.digests)(verified, stated)}
                if mismatch {
                    {" ✗ "}{words.shell.digests_mismatch}
                } else if verified == stated && stated > 0 {
                    {" ✓"}
                }
            </span>
        </>
    }
}

/// That this page may fetch from other hosts, if it may.
fn remote_html(words: &Words) -> Html {
    html! {
        if dom::is_remote_page() { <span data-testid="status-remote" class="mark-finding">{words.remote.status}</span> }
    }
}

/// How many requests there were since the drop. Not where images come from elsewhere: what the worker fetches is not among them.
fn requests_html(words: &Words, state: &State, requests: u32) -> Html {
    let fetches =
        state.remote.asked.is_some() || state.archives().iter().any(|archive| archive.elsewhere.is_some());
    html! {
        if !fetches {
            <span data-testid="status-requests" title={words.shell.requests_title}>{(words.shell.requests)(requests)}</span>
        }
    }
}

/// How many requests the browser has counted since `since`; looked at every two seconds.
#[hook]
fn use_requests(since: Option<f64>) -> u32 {
    let requests = use_state_eq(|| 0);
    let setter = requests.setter();
    use_effect_with(since, move |since| {
        let look = since.map(|since| {
            let look = move || setter.set(dom::requests_since(since));
            look();
            Interval::new(LOOK, look)
        });
        move || drop(look)
    });
    *requests
}
