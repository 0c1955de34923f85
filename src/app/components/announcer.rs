//! Tells those who listen to the page what happens, and not too often.

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use crate::app::{
    i18n::{Words, use_words},
    state::{Stage, State},
    text, use_app,
    views::{Views, use_views},
};

/// Milliseconds that news settles before it is spoken: of a quick row of changes only the last is.
const SETTLE: u32 = 800;

/// A polite live region with the one sentence that matters now.
#[component]
pub fn Announcer() -> Html {
    let words = use_words();
    let app = use_app();
    let news = news(words, &app.state, &use_views());
    let spoken = use_state_eq(String::new);
    {
        let spoken = spoken.setter();
        use_effect_with(news, move |news| {
            let news = news.clone();
            let timer = Timeout::new(SETTLE, move || spoken.set(news));
            // Dropping it cancels it: later news takes the place of this.
            move || drop(timer)
        });
    }
    html! { <div class="sr-only" role="status" aria-live="polite" data-testid="announcer">{(*spoken).clone()}</div> }
}

fn news(words: &Words, state: &State, views: &Views) -> String {
    let shell = &words.shell;
    if let Some(opening) = &state.opening {
        return (shell.opening)(&text::visible(opening.name.as_bytes()));
    }
    let (Some(archive), Some(image)) = (&state.archive, state.image()) else { return String::new() };
    match views {
        Views::Here(_) => {}
        // What is read cannot be seen yet.
        Views::Coming => return shell.part_coming.to_owned(),
        // Alerts speak for themselves.
        Views::Missing(_) => return String::new(),
    }
    match archive.stage {
        Stage::Reading => (shell.opened)(&text::visible(archive.name.as_bytes()), image.layers.len() as u32),
        Stage::Finished => {
            let (verified, stated) = image.verified();
            let parts = [
                shell.finished.to_owned(),
                (shell.paths)(image.totals.paths),
                (shell.digests)(verified, stated),
                (shell.anomalies)(archive.anomalies.len()),
            ];
            parts.join(", ")
        }
        // Alerts again.
        Stage::Cancelled | Stage::Failed(_) => String::new(),
    }
}
