//! Reads a version's content, as text, as hex or as a picture; a long one a part at a time. Content is never anything but text
//! here, but for pictures of formats that run nothing.

use std::rc::Rc;

use bstr::{BString, ByteSlice};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlDialogElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{hex::Hex, notice::explain, picture::Picture, text_view::TextView};
use crate::{
    app::{
        format, hue,
        i18n::{Words, use_words},
        story, use_app,
    },
    limits,
    preview::{self, Encoding, Magic},
    worker::protocol::{Failure, Reply, Request, Version},
};

/// What is to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The path, for the title.
    pub path: BString,
    /// Where the symbolic links from there led, and how many there were.
    pub led_to: Option<(BString, usize)>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Start {
    /// Offset in the content, in bytes.
    offset: u64,
    /// The number of its first line, from 1; `None` if those before were not counted.
    line: Option<u32>,
}

const BEGIN: Start = Start { offset: 0, line: Some(1) };

/// What the first bytes tell.
#[derive(Debug, Clone, PartialEq, Default)]
struct Head {
    /// The encoding, if it is text.
    encoding: Option<Encoding>,
    magic: Option<Magic>,
}

/// How the content is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// As a picture if it is one, else as text if it is text.
    Guess,
    /// As text in this encoding.
    Text(Option<Encoding>),
    /// As hex.
    Hex,
    /// As a picture.
    Picture,
}

/// A dialog with the content of a version.
#[component]
pub fn Viewer(props: &ViewerProps) -> Html {
    let all = use_words();
    let (words, viewing) = (&all.details, &all.viewing);
    let app = use_app();
    let Reading { path, version, hex, led_to, .. } = &props.reading;
    let version = *version;
    let dialog = use_node_ref();
    // Where the parts read so far begin; the last is the one shown.
    let starts = use_state_eq(|| vec![BEGIN]);
    let read = use_state_eq(|| None::<Result<Part, Failure>>);
    let shown = use_state_eq(|| if *hex { Shown::Hex } else { Shown::Guess });
    let head = use_state_eq(|| None::<Head>);
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

    let magic = head.as_ref().and_then(|head| head.magic.clone());
    let guess = head.as_ref().and_then(|head| head.encoding);
    let picture = match magic {
        Some(Magic::Image(format, size)) => Some((format, size)),
        _ => None,
    };
    let is_binary = head.as_ref().is_some_and(|head| head.encoding.is_none());
    let as_picture = picture.filter(|_| matches!(*shown, Shown::Guess | Shown::Picture));
    let as_hex = as_picture.is_none() && (*shown == Shown::Hex || *shown == Shown::Guess && is_binary);
    let encoding = match *shown {
        _ if as_hex || as_picture.is_some() => None,
        Shown::Text(Some(chosen)) => Some(chosen),
        _ => Some(guess.unwrap_or(Encoding::Utf8)),
    };

    let start = starts.last().copied().unwrap_or(BEGIN);
    use_effect_with((version, start), {
        let (app, read, head) = (app.clone(), read.setter(), head.setter());
        move |&(version, start): &(Version, Start)| {
            spawn_local(async move {
                let request = Request::Content { version, offset: start.offset, limit: limits::PREVIEW };
                match app.call(request).await {
                    Ok(Reply::Content { bytes, size }) => {
                        if start.offset == 0 {
                            let (encoding, magic) = (preview::guess(&bytes), preview::identify(&bytes));
                            head.set(Some(Head { encoding, magic }));
                        }
                        read.set(Some(Ok(Part { start, bytes: bytes.into(), size })));
                    }
                    Ok(_) => {}
                    Err(failure) => read.set(Some(Err(failure))),
                }
            });
        }
    });
    let part = use_memo(((*read).clone(), encoding), |(read, encoding)| {
        read.clone().map(|read| read.map(|part| aligned(part, *encoding)))
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

    let body = match &*part {
        None => html! { <p class="blank" role="status">{words.loading}</p> },
        Some(Err(failure)) => html! {
            <div class="blank" role="alert">{explain(all, failure)}</div>
        },
        Some(Ok(part)) if part.size == 0 => html! { <p class="blank">{words.empty_content}</p> },
        Some(Ok(part)) => match (as_picture, encoding) {
            (Some((format, dimensions)), _) => html! {
                <Picture {version} {format} {dimensions} size={part.size} path={story::shown_path(path.as_bstr())} />
            },
            (None, None) => html! { <Hex bytes={Rc::clone(&part.bytes)} offset={part.start.offset} /> },
            (None, Some(encoding)) => html! {
                <TextView bytes={Rc::clone(&part.bytes)} end={whole(part, encoding)} {encoding}
                    offset={part.start.offset} first_line={part.start.line} wrap={*wrap} />
            },
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
            if let Some((target, links)) = led_to {
                <p class="viewer-led" data-testid="viewer-led"><bdi>{(viewing.led_to)(&story::shown_path(target.as_bstr()), *links)}</bdi></p>
            }
            <div class="viewer-bar">
                <span class="group">
                    if picture.is_some() { {tab(Shown::Picture, as_picture.is_some(), viewing.picture, "viewer-picture")} }
                    {tab(Shown::Text(None), encoding.is_some(), words.view_text, "viewer-text")}
                    {tab(Shown::Hex, as_hex, words.view_hex, "viewer-hex")}
                </span>
                if let Some(encoding) = encoding {
                    <select aria-label={words.encoding} onchange={on_encoding} data-testid="viewer-encoding">
                        { for Encoding::ALL.into_iter().map(|choice| html! {
                            <option value={choice.name()} selected={choice == encoding}>
                                {if Some(choice) == guess { (words.guessed)(choice.name()) } else { choice.name().to_owned() }}
                            </option>
                        }) }
                    </select>
                    <button class="toggle" aria-pressed={wrap.to_string()} onclick={on_wrap}>{words.wrap}</button>
                }
                if let Some(head) = &*head {
                    <span class="muted viewer-kind" data-testid="viewer-kind">{kind(head, all)}</span>
                }
            </div>
            <div class="viewer-body">{body}</div>
            if let Some(Ok(part)) = (*part).as_ref().filter(|_| as_picture.is_none()) {
                <Parts part={part.clone()} {encoding} starts={starts} />
            }
        </dialog>
    }
}

/// What it is, in a word or two.
fn kind(head: &Head, words: &Words) -> String {
    match (&head.magic, head.encoding) {
        (Some(magic), _) => (words.viewing.magic)(magic),
        (None, Some(_)) => words.viewing.plain_text.to_owned(),
        (None, None) => format!("{}: {}", words.viewing.unknown, words.details.is_binary),
    }
}

/// What was read, as it is shown: as text it begins with a line, wherever it was asked for.
fn aligned(part: Part, encoding: Option<Encoding>) -> Part {
    let left_out = match encoding {
        Some(encoding) if part.start.line.is_none() => preview::partial_line(&part.bytes, encoding),
        _ => 0,
    };
    if left_out == 0 {
        return part;
    }
    let start = Start { offset: part.start.offset + left_out as u64, ..part.start };
    Part { start, bytes: part.bytes[left_out..].into(), ..part }
}

/// How many bytes of a part are shown as text: whole lines, unless it is the last part.
fn whole(part: &Part, encoding: Encoding) -> usize {
    if part.start.offset + part.bytes.len() as u64 >= part.size {
        part.bytes.len()
    } else {
        preview::whole_lines(&part.bytes, encoding)
    }
}

#[derive(Clone, PartialEq, Properties)]
struct PartsProps {
    part: Part,
    encoding: Option<Encoding>,
    starts: UseStateHandle<Vec<Start>>,
}

/// What part is shown, and the way to the others; nothing if it is all.
#[component]
fn Parts(props: &PartsProps) -> Html {
    let all = use_words();
    let (words, viewing) = (&all.details, &all.viewing);
    let field = use_node_ref();
    let PartsProps { part, encoding, starts } = props;
    let len = encoding.map_or(part.bytes.len(), |encoding| whole(part, encoding));
    let (begin, end, size) = (part.start.offset, part.start.offset + len as u64, part.size);
    if begin == 0 && end >= size && starts.len() == 1 {
        return Html::default();
    }
    let number = |n: u64| format::number(all.lang, n);
    let unit = encoding.map_or(preview::HEX_ROW as u64, |encoding| encoding.unit() as u64);
    // From anywhere: lines before it are not counted.
    let at = move |offset: u64| match offset / unit * unit {
        0 => BEGIN,
        offset => Start { offset, line: None },
    };
    let turn = |next: Vec<Start>| {
        let starts = starts.clone();
        Callback::from(move |_: MouseEvent| starts.set(next.clone()))
    };
    let more = {
        let lines = encoding.map_or(0, |encoding| {
            let lines = preview::lines(&part.bytes[..len], encoding);
            lines.iter().filter(|line| !line.continues).count() as u32
        });
        let line = part.start.line.map(|line| line.saturating_add(lines));
        turn([starts.as_slice(), &[Start { offset: end, line }]].concat())
    };
    let less = match starts.split_last() {
        Some((_, before)) if !before.is_empty() => turn(before.to_vec()),
        _ => turn(vec![at(begin.saturating_sub(limits::PREVIEW))]),
    };
    let onsubmit = {
        let (starts, field) = (starts.clone(), field.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let value = field.cast::<HtmlInputElement>().map(|field| field.value()).unwrap_or_default();
            if let Some(offset) = offset(&value) {
                starts.set(vec![at(offset.min(size.saturating_sub(1)))]);
            }
        })
    };
    let last = turn(vec![at(size.saturating_sub(limits::PREVIEW / 4))]);
    html! {
        <footer class="viewer-parts">
            <span class="muted" role="status">
                {(words.part)(&number(begin), &number(end.saturating_sub(1)), &number(size))}
                if part.start.line.is_none() && encoding.is_some() { {" "}{viewing.by_offset} }
            </span>
            <form class="viewer-go" {onsubmit}>
                <label>{viewing.go_to}{" "}<input ref={field} type="text" inputmode="numeric" autocomplete="off" size="12"
                    placeholder="0x0" data-testid="go-to" /></label>
                <button type="submit">{viewing.go}</button>
            </form>
            <button onclick={turn(vec![BEGIN])} disabled={begin == 0} data-testid="show-first">{viewing.first}</button>
            <button onclick={less} disabled={begin == 0} data-testid="show-less">{words.show_less}</button>
            <button onclick={more} disabled={end >= size} data-testid="show-more">{words.show_more}</button>
            <button onclick={last} disabled={end >= size} data-testid="show-last">{viewing.last}</button>
        </footer>
    }
}

/// An offset as a reader writes it: decimal, perhaps with separators, or hexadecimal after `0x`.
fn offset(written: &str) -> Option<u64> {
    let digits: String = written.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '_')).collect();
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_as_people_write_them() {
        assert_eq!(offset(" 1,000 "), Some(1000));
        assert_eq!(offset("0xFF"), Some(255));
        assert_eq!(offset("ff"), None);
        assert_eq!(offset(""), None);
    }

    #[test]
    fn a_part_from_anywhere_begins_with_a_line() {
        let part =
            |line, bytes: &[u8]| Part { start: Start { offset: 10, line }, bytes: bytes.into(), size: 100 };
        let cut = aligned(part(None, b"end\nnext\n"), Some(Encoding::Utf8));
        assert_eq!((cut.start.offset, &cut.bytes[..]), (14, &b"next\n"[..]));
        assert_eq!(aligned(part(None, b"end\n"), None).start.offset, 10);
        assert_eq!(aligned(part(Some(3), b"end\n"), Some(Encoding::Utf8)), part(Some(3), b"end\n"));
    }
}
