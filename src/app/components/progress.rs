//! How far reading has come.

use std::rc::Rc;

use yew::prelude::*;

use crate::app::{
    format,
    i18n::{Words, use_words},
    state::{Layer, Opening, Reading},
    text, use_app,
};

/// Properties of [`ReadingBar`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ReadingBarProps {
    /// How far.
    pub reading: Reading,
    /// What is being read, for those who cannot see where the bar stands.
    pub label: AttrValue,
}

/// A bar with bytes, rate and time left.
#[component]
pub fn ReadingBar(props: &ReadingBarProps) -> Html {
    let words = use_words();
    let Reading { done, total, .. } = props.reading;
    let size = |bytes| format::size(words.lang, bytes);
    let rate = props.reading.rate().map(|rate| format::rate(words.lang, rate));
    // A time left is worth reading only if there is time to read it.
    let left = props.reading.seconds_left().filter(|seconds| *seconds >= 1.0);
    let left = left.map(|seconds| (words.shell.left)(&format::duration(words.lang, seconds)));
    html! {
        <div class="reading">
            if total > 0 {
                <progress value={done.min(total).to_string()} max={total.to_string()} aria-label={props.label.clone()} />
            } else {
                // Without a value the bar says that nobody knows.
                <progress aria-label={props.label.clone()} />
            }
            <span class="reading-text">
                {if total > 0 { (words.shell.of)(&size(done), &size(total)) } else { size(done) }}
                { for rate.into_iter().chain(left).map(|part| html! { <span>{part}</span> }) }
            </span>
        </div>
    }
}

/// What is being done with one of so many layers.
pub fn reading_label(words: &Words, layer: &Layer, layers: u32) -> String {
    let label = if layer.is_listed() { words.shell.verifying_layer } else { words.shell.reading_layer };
    label(layer.report.index + 1, layers)
}

/// Properties of [`OpeningProgress`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct OpeningProgressProps {
    /// What is being opened.
    pub opening: Rc<Opening>,
}

/// What is being opened, with a way to stop it.
#[component]
pub fn OpeningProgress(props: &OpeningProgressProps) -> Html {
    let words = use_words();
    let app = use_app();
    let label = (words.shell.opening)(&text::visible(props.opening.name.as_bytes()));
    html! {
        <div class="opening" data-testid="opening">
            <p class="drop-title"><bdi>{label.clone()}</bdi></p>
            if let Some(reading) = props.opening.reading {
                <p class="muted" data-testid="opening-how">
                    {match app.state.remote.passed {
                        Some(layers) => (words.remote.passed)(layers),
                        None => words.shell.decompressing.to_owned(),
                    }}
                </p>
                <ReadingBar {reading} {label} />
            } else {
                // Without a value the bar says that nobody knows.
                <progress aria-label={label} />
            }
            <button type="button" data-testid="cancel" onclick={move |_| app.cancel()}>{words.shell.cancel}</button>
        </div>
    }
}
