//! Which of the open archives is looked at.

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::{
    app::{
        i18n::{Words, use_words},
        state::{Action, Archive},
        text, use_app,
    },
    worker::protocol::Job,
};

/// A choice among the open archives, if there are several, and what closes the one that is looked at.
#[component]
pub fn ArchivePicker() -> Html {
    let words = use_words();
    let app = use_app();
    let Some(archive) = app.state.archive.clone() else { return Html::default() };
    let jobs: Vec<_> = app.state.archives().iter().map(|archive| archive.job).collect();
    let onchange = {
        let (app, jobs) = (app.clone(), jobs.clone());
        move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            let index = select.and_then(|select| usize::try_from(select.selected_index()).ok());
            if let Some(job) = index.and_then(|index| jobs.get(index)) {
                app.dispatch(Action::SwitchTo(*job));
            }
        }
    };
    let close = (words.shell.close_archive)(&name(words, &archive));
    let onclick = {
        let (app, job) = (app.clone(), archive.job);
        move |_| app.close(job)
    };
    html! {
        <>
            if jobs.len() > 1 {
                <select class="archive-name" data-testid="archive-picker" aria-label={words.shell.archive} {onchange}>
                    { for app.state.archives().into_iter().map(|other| html! {
                        <option key={other.job.0} value={other.job.0.to_string()} selected={other.job == archive.job}>
                            {name(words, other)}
                        </option>
                    }) }
                </select>
            }
            <button type="button" class="quiet tool" data-testid="close-archive" title={close.clone()} aria-label={close} {onclick}>
                <span aria-hidden="true">{"×"}</span>
            </button>
        </>
    }
}

/// What an archive is called. Escaped, for places that hold no markup.
pub fn name(words: &Words, archive: &Archive) -> String {
    if archive.job == Job::MADE_HERE {
        return words.container.made_here.to_owned();
    }
    text::visible(archive.name.as_bytes())
}
