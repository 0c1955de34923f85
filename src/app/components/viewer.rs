//! Reads a version's content, as text or as hex, a part at a time. Content is never anything but text here.

use std::rc::Rc;

use bstr::{BString, ByteSlice};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlDialogElement, HtmlSelectElement};
use yew::prelude::*;

use super::{hex::Hex, notice::explain, text_view::TextView};
use crate::{
    app::{
        format, hue,
        i18n::use_words,
        preview::{self, Encoding},
        story, use_app,
    },
    limits,
    worker::protocol::{Failure, Reply, Request, Version},
};

/// What is to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The path, for the title.
    pub path: BString,
    /// The version that holds the content.
    pub version: Version,
    /// The length that its header states, in bytes.
    pub size: u64,
    /// Whether it begins as hex.
    pub hex: bool,
}

/// Properties of [`Viewer`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ViewerProps {
    /// What is to be read.
    pub reading: Reading,
    /// The reader closes it.
    pub on_close: Callback<()>,
}

/// A part of the content.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    start: Start,
    bytes: Rc<[u8]>,
    /// The length of the whole content in bytes.
    size: u64,
}

/// Where a part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Start {
    /// Offset in the content, in bytes.
    offset: u64,
    /// The number of its first line, from 1.
    line: u32,
}

/// How the content is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// As text if it is text.
    Guess,
    /// As text in this encoding.
    Text(Option<Encoding>),
    /// As hex.
    Hex,
}

/// A dialog with the content of a version.
#[component]
pub fn Viewer(props: &ViewerProps) -> Html {
    let all = use_words();
    let words = &all.details;
    let app = use_app();
    let Reading { path, version, hex, .. } = &props.reading;
    let version = *version;
    let dialog = use_node_ref();
    // Where the parts read so far begin; the last is the one shown.
    let starts = use_state_eq(|| vec![Start { offset: 0, line: 1 }]);
    let part = use_state_eq(|| None::<Result<Part, Failure>>);
    let shown = use_state_eq(|| if *hex { Shown::Hex } else { Shown::Guess });
    let guessed = use_state_eq(|| None::<Option<Encoding>>);
    let wrap = use_state_eq(|| true);

    use_effect_with((), {
        let dialog = dialog.clone();
        move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                // Fails only if it is open already.
                let _ = dialog.show_modal();
            }
        }
    });
    let start = starts.last().copied().unwrap_or_default();
    use_effect_with((version, start), {
        let (app, part, guessed) = (app.clone(), part.setter(), guessed.setter());
        move |(version, start): &(Version, Start)| {
            let (version, start) = (*version, *start);
            spawn_local(async move {
                let request = Request::Content { version, offset: start.offset, limit: limits::PREVIEW };
                match app.call(request).await {
                    Ok(Reply::Content { bytes, size }) => {
                        if start.offset == 0 {
                            guessed.set(Some(preview::guess(&bytes)));
                        }
                        part.set(Some(Ok(Part { start, bytes: bytes.into(), size })));
                    }
                    Ok(_) => {}
                    Err(failure) => part.set(Some(Err(failure))),
                }
            });
        }
    });

    let close = props.on_close.reform(|_: Event| ());
    let on_close_button = {
        let dialog = dialog.clone();
        let on_close = props.on_close.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                dialog.close();
            }
            on_close.emit(());
        })
    };

    let guess = guessed.flatten();
    let is_binary = *guessed == Some(None);
    let encoding = match *shown {
        Shown::Hex => None,
        Shown::Guess => guess,
        Shown::Text(chosen) => Some(chosen.or(guess).unwrap_or(Encoding::Utf8)),
    };
    let as_hex = *shown == Shown::Hex || (*shown == Shown::Guess && is_binary);
    let body = match &*part {
        None => html! { <p class="blank" role="status">{words.loading}</p> },
        Some(Err(failure)) => html! {
            <div class="blank" role="alert">{explain(all, failure)}</div>
        },
        Some(Ok(part)) if part.size == 0 => html! { <p class="blank">{words.empty_content}</p> },
        Some(Ok(part)) => match encoding.filter(|_| !as_hex) {
            None => html! { <Hex bytes={Rc::clone(&part.bytes)} offset={part.start.offset} /> },
            Some(encoding) => {
                let whole = whole(part, encoding);
                html! {
                    <TextView bytes={Rc::clone(&part.bytes)} end={whole} {encoding} first_line={part.start.line} wrap={*wrap} />
                }
            }
        },
    };

    let tab = |what: Shown, pressed: bool, word: &'static str, testid: &'static str| {
        let shown = shown.setter();
        let onclick = Callback::from(move |_: MouseEvent| shown.set(what));
        html! { <button class="toggle" aria-pressed={pressed.to_string()} data-testid={testid} {onclick}>{word}</button> }
    };
    let on_encoding = {
        let shown = shown.setter();
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlSelectElement>().value();
            shown.set(Shown::Text(Encoding::ALL.into_iter().find(|encoding| encoding.name() == value)));
        })
    };
    let on_wrap = {
        let wrap = wrap.clone();
        Callback::from(move |_: MouseEvent| wrap.set(!*wrap))
    };
    let title = (words.viewer)(&story::shown_path(path.as_bstr()), hue::number(version.layer));
    html! {
        <dialog class="viewer" ref={dialog} aria-label={title} data-testid="viewer" onclose={close}>
            <header>
                <h2 class="mono"><bdi>{story::shown_path(path.as_bstr())}</bdi></h2>
                <span class={classes!("swatch", hue::classes(version.layer))} title={(all.files.layer)(hue::number(version.layer))}>
                    <b>{hue::number(version.layer)}</b>
                </span>
                <button class="quiet square" aria-label={words.close} title={words.close} data-testid="viewer-close" onclick={on_close_button}>{"×"}</button>
            </header>
            <div class="viewer-bar">
                <span class="group">
                    {tab(Shown::Text(None), !as_hex, words.view_text, "viewer-text")}
                    {tab(Shown::Hex, as_hex, words.view_hex, "viewer-hex")}
                </span>
                if as_hex {
                    if is_binary && *shown == Shown::Guess { <span class="muted">{words.is_binary}</span> }
                } else {
                    <select aria-label={words.encoding} onchange={on_encoding} data-testid="viewer-encoding">
                        { for Encoding::ALL.into_iter().map(|choice| html! {
                            <option value={choice.name()} selected={Some(choice) == encoding}>
                                {if Some(choice) == guess { (words.guessed)(choice.name()) } else { choice.name().to_owned() }}
                            </option>
                        }) }
                    </select>
                    <button class="toggle" aria-pressed={wrap.to_string()} onclick={on_wrap}>{words.wrap}</button>
                }
            </div>
            <div class="viewer-body">{body}</div>
            if let Some(Ok(part)) = &*part {
                {parts(part, encoding.filter(|_| !as_hex), &starts, all)}
            }
        </dialog>
    }
}

/// How many bytes of a part are shown as text: whole lines, unless it is the last part.
fn whole(part: &Part, encoding: Encoding) -> usize {
    if part.start.offset + part.bytes.len() as u64 >= part.size {
        part.bytes.len()
    } else {
        preview::whole_lines(&part.bytes, encoding)
    }
}

/// What part is shown, and the way to the others.
fn parts(
    part: &Part,
    encoding: Option<Encoding>,
    starts: &UseStateHandle<Vec<Start>>,
    all: &crate::app::i18n::Words,
) -> Html {
    let words = &all.details;
    let len = encoding.map_or(part.bytes.len(), |encoding| whole(part, encoding));
    let end = part.start.offset + len as u64;
    if part.start.offset == 0 && end >= part.size {
        return Html::default();
    }
    let number = |n: u64| format::number(all.lang, n);
    let more = {
        let starts = starts.clone();
        let lines = encoding.map_or(0, |encoding| {
            let lines = preview::lines(&part.bytes[..len], encoding);
            lines.iter().filter(|line| !line.continues).count() as u32
        });
        let next = Start { offset: end, line: part.start.line.saturating_add(lines) };
        Callback::from(move |_: MouseEvent| {
            let mut all = (*starts).clone();
            all.push(next);
            starts.set(all);
        })
    };
    let less = {
        let starts = starts.clone();
        Callback::from(move |_: MouseEvent| {
            let mut all = (*starts).clone();
            all.pop();
            starts.set(all);
        })
    };
    html! {
        <footer class="viewer-parts">
            <span class="muted" role="status">
                {(words.part)(&number(part.start.offset), &number(end.saturating_sub(1)), &number(part.size))}
            </span>
            if starts.len() > 1 { <button onclick={less} data-testid="show-less">{words.show_less}</button> }
            if end < part.size { <button onclick={more} data-testid="show-more">{words.show_more}</button> }
        </footer>
    }
}
