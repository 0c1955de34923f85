//! What went wrong, where, and what to do now.

use yew::prelude::*;

use crate::{
    app::{
        components::opener::OpenButton,
        format,
        i18n::{Words, use_words},
        state::{Action, Stage},
        text, use_app,
    },
    worker::protocol::Failure,
};

/// Why the last opening, or the reading of what is open, ended early. Nothing if it did not.
#[component]
pub fn Notice() -> Html {
    let words = use_words();
    let app = use_app();
    let archive = app.state.archive.as_ref();
    let stage = archive.map(|archive| &archive.stage);

    html! {
        <>
            if let Some(refusal) = &app.state.refusal {
                <section class={classes!("notice", refusal.failure.is_some().then_some("notice-failed"))} role="alert"
                    data-testid={if refusal.failure.is_some() { "error" } else { "cancelled" }}>
                    <h2><bdi>{(words.shell.not_opened)(&text::visible(refusal.name.as_bytes()))}</bdi></h2>
                    if let Some(failure) = &refusal.failure {
                        {explain(words, failure)}
                    } else {
                        <p>{words.shell.opening_cancelled}</p>
                    }
                    if let Some(archive) = archive {
                        <p class="muted"><bdi>{(words.shell.still_open)(&text::visible(archive.name.as_bytes()))}</bdi></p>
                    }
                    <p class="notice-actions">
                        <OpenButton label={words.shell.choose_file} />
                        <button type="button" data-testid="dismiss" onclick={app.on(|_| Action::DismissRefusal)}>
                            {words.shell.close}
                        </button>
                    </p>
                </section>
            }
            if let Some(Stage::Failed(failure)) = stage {
                <section class="notice notice-failed" role="alert" data-testid="error">
                    {explain(words, failure)}
                    if failure.kind.ends_worker() {
                        <p>{words.shell.lost}</p>
                        if app.state.opening.is_none() {
                            <p class="notice-actions">
                                <button type="button" data-testid="open-again" onclick={let app = app.clone(); move |_| app.open_again()}>
                                    {words.shell.open_again}
                                </button>
                            </p>
                        }
                    } else {
                        <p>{words.shell.partial}</p>
                    }
                </section>
            }
            if let Some(Stage::Cancelled) = stage {
                <section class="notice" role="status" data-testid="cancelled"><p>{words.shell.cancelled}</p></section>
            }
        </>
    }
}

/// A failure in words: what, what to do, and the particulars for those who want them.
pub fn explain(words: &Words, failure: &Failure) -> Html {
    let (what, advice) = (words.shell.failure)(failure.kind);
    let place = failure.offset.map(|offset| (words.shell.at_offset)(&format::number(words.lang, offset)));
    html! {
        <>
            <p><strong>{what}</strong>{" "}{advice}</p>
            if !failure.detail.is_empty() || place.is_some() {
                <details>
                    <summary>{words.shell.particulars}</summary>
                    <p class="mono"><bdi lang="en">{text::visible(failure.detail.as_bytes())}</bdi>{" "}{place}</p>
                </details>
            }
        </>
    }
}
