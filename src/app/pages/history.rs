//! The history page: every step that made the image.

use bstr::BString;
use yew::prelude::*;

use crate::{
    app::{
        components::{fold::Command, swatch::Swatch},
        format::{self, Size, Time},
        i18n::{Words, use_words},
        state::{Action, Image},
        text::Text,
        use_app,
    },
    image::HistoryRow,
};

/// Every step, oldest first, those that made no layer included.
#[component]
pub fn HistoryPage() -> Html {
    let words = use_words();
    let app = use_app();
    let verbatim = use_state_eq(|| false);
    let Some(image) = app.state.image().cloned() else { return Html::default() };
    let upto = app.state.selection.upto;
    let toggle = {
        let verbatim = verbatim.clone();
        move |_| verbatim.set(!*verbatim)
    };

    html! {
        <article class="prose-page history">
            <h2>{words.image.history}</h2>
            if image.report.history.is_empty() {
                <p class="muted">{words.image.no_history}</p>
            } else {
                <p class="muted history-note">
                    <span>{words.image.history_note}</span>
                    <button type="button" data-testid="verbatim" aria-pressed={verbatim.to_string()} onclick={toggle}>
                        {words.image.verbatim}
                    </button>
                </p>
                <div class="table-scroll" tabindex="0" role="region" aria-label={words.image.history}>
                    <table class="facts-table">
                        <thead>
                            <tr>
                                <th scope="col" class="num">{words.image.step}</th>
                                <th scope="col">{words.image.layer}</th>
                                <th scope="col">{words.image.instruction}</th>
                                <th scope="col" class="num">{words.image.size}</th>
                                <th scope="col">{words.image.created}</th>
                            </tr>
                        </thead>
                        <tbody>
                            { for image.report.history.iter().enumerate().map(|(place, row)| {
                                let select = row.layer.map(|layer| app.on(move |_| Action::SelectUpto(layer)));
                                step(words, &image, place, row, (row.layer == Some(upto), *verbatim), select)
                            }) }
                        </tbody>
                    </table>
                </div>
            }
        </article>
    }
}

fn step(
    words: &Words,
    image: &Image,
    place: usize,
    row: &HistoryRow,
    (current, verbatim): (bool, bool),
    select: Option<Callback<MouseEvent>>,
) -> Html {
    let sizes = row.layer.and_then(|layer| image.layers.get(layer as usize)?.sizes);
    let class = classes!(row.empty_layer.then_some("step-empty"), current.then_some("step-current"));
    let command = match &row.created_by {
        Some(recorded) if verbatim => recorded,
        _ => &row.instruction,
    };
    html! {
        <tr key={place} {class} data-testid={format!("step-{place}")}>
            <td class="num muted">{place + 1}</td>
            <td>
                if let Some((layer, select)) = row.layer.zip(select) {
                    <button type="button" class="layer-pick" aria-pressed={current.to_string()} onclick={select}
                        aria-label={(words.shell.layer)(crate::app::hue::number(layer))}>
                        <Swatch {layer} />
                    </button>
                } else {
                    <span class="muted no-layer" title={words.image.no_layer_title}>{words.image.no_layer}</span>
                }
            </td>
            <td class="step-instruction">
                <Command command={command.clone()} />
                if let Some(comment) = &row.comment {
                    <p class="muted">{words.image.comment}{": "}<Text bytes={BString::from(comment.as_str())} /></p>
                }
            </td>
            <td class="num">
                if let Some(sizes) = sizes { <Size bytes={sizes.stored} /> }
            </td>
            <td class="step-time">{row.created.as_deref().map(time)}</td>
        </tr>
    }
}

/// A time as a document states it: as a date where it is one, else as it stands.
pub(super) fn time(stated: &str) -> Html {
    match format::parse_rfc3339(stated) {
        Some(seconds) => html! { <Time {seconds} /> },
        None => html! { <Text bytes={BString::from(stated)} /> },
    }
}
