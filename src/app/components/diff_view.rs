//! Compares two versions of a path.

use std::rc::Rc;

use bstr::ByteSlice;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlDialogElement, HtmlSelectElement};
use yew::prelude::*;

use super::notice::explain;
use crate::{
    app::{
        format, hue,
        i18n::{Words, use_words},
        story,
        text::{self, Breaks},
        use_app,
    },
    preview::{Body, Comparison, HexDiff, HexRow, Hunk, Tag, TextDiff, hex_line},
    worker::protocol::{Biography, Failure, Reply, Request, Version},
};

/// Properties of [`DiffView`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct DiffViewProps {
    /// The path's life.
    pub life: Rc<Biography>,
    /// The older version at first.
    pub old: Version,
    /// The newer one.
    pub new: Version,
    /// The reader closes it.
    pub on_close: Callback<()>,
}

/// A dialog with what differs between two versions of a path, which can be chosen.
#[component]
pub fn DiffView(props: &DiffViewProps) -> Html {
    let all = use_words();
    let (words, details) = (&all.viewing, &all.details);
    let app = use_app();
    let dialog = use_node_ref();
    let pair = use_state_eq(|| (props.old, props.new));
    let as_hex = use_state_eq(|| false);
    let found = use_state_eq(|| None::<Result<Rc<Comparison>, Failure>>);

    use_effect_with((), {
        let dialog = dialog.clone();
        move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                // Fails only if it is open already.
                let _ = dialog.show_modal();
            }
        }
    });
    use_effect_with((*pair, *as_hex), {
        let (app, found) = (app.clone(), found.setter());
        move |&((old, new), hex): &((Version, Version), bool)| {
            found.set(None);
            spawn_local(async move {
                match app.call(Request::Compare { old, new, hex }).await {
                    Ok(Reply::Compared(comparison)) => found.set(Some(Ok(Rc::from(comparison)))),
                    Ok(_) => {}
                    Err(failure) => found.set(Some(Err(failure))),
                }
            });
        }
    });

    let on_close_button = {
        let (dialog, on_close) = (dialog.clone(), props.on_close.clone());
        Callback::from(move |_: MouseEvent| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                dialog.close();
            }
            on_close.emit(());
        })
    };
    let contents = story::contents(&props.life);
    let chooser = |label: &'static str,
                   testid: &'static str,
                   chosen: Version,
                   choose: fn(&mut (Version, Version), Version)| {
        let onchange = {
            let (pair, contents) = (pair.clone(), contents.clone());
            Callback::from(move |event: Event| {
                let place = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
                let picked = usize::try_from(place).ok().and_then(|place| contents.get(place));
                if let Some((_, version, _)) = picked {
                    let mut next = *pair;
                    choose(&mut next, *version);
                    pair.set(next);
                }
            })
        };
        html! {
            <label>{label}{" "}
                <select data-testid={testid} {onchange}>
                    { for contents.iter().map(|(layer, version, size)| html! {
                        <option selected={*version == chosen}>
                            {(words.version)(hue::number(*layer), &format::size(all.lang, *size))}
                        </option>
                    }) }
                </select>
            </label>
        }
    };
    let swap = {
        let pair = pair.clone();
        Callback::from(move |_: MouseEvent| pair.set((pair.1, pair.0)))
    };
    let tab = |hex: bool, word: &'static str, testid: &'static str| {
        let as_hex_now = matches!(&*found, Some(Ok(comparison)) if matches!(comparison.body, Body::Hex(_)));
        let pressed = (*as_hex || as_hex_now) == hex;
        let as_hex = as_hex.setter();
        let onclick = Callback::from(move |_: MouseEvent| as_hex.set(hex));
        html! { <button class="toggle" aria-pressed={pressed.to_string()} data-testid={testid} {onclick}>{word}</button> }
    };
    let path = story::shown_path(props.life.path.as_bstr());
    html! {
        <dialog class="viewer" ref={dialog} aria-label={(words.comparison)(&path)} data-testid="diff"
            onclose={props.on_close.reform(|_: Event| ())}>
            <header>
                <h2 class="mono"><bdi>{path}</bdi></h2>
                <button class="quiet square" aria-label={details.close} title={details.close} data-testid="diff-close" onclick={on_close_button}>{"×"}</button>
            </header>
            <div class="viewer-bar">
                {chooser(words.from, "diff-from", pair.0, |pair, version| pair.0 = version)}
                {chooser(words.to, "diff-to", pair.1, |pair, version| pair.1 = version)}
                <button onclick={swap} data-testid="diff-swap">{words.swap}</button>
                <span class="group">
                    {tab(false, details.view_text, "diff-text")}
                    {tab(true, details.view_hex, "diff-hex")}
                </span>
            </div>
            <div class="viewer-body">
                {match &*found {
                    None => html! { <p class="blank" role="status">{details.loading}</p> },
                    Some(Err(failure)) => html! { <div class="blank" role="alert">{explain(all, failure)}</div> },
                    Some(Ok(comparison)) => html! { <Differences comparison={Rc::clone(comparison)} /> },
                }}
            </div>
        </dialog>
    }
}

/// Properties of [`Differences`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct DifferencesProps {
    /// What differs.
    pub comparison: Rc<Comparison>,
}

/// What differs, and how much of the two was compared.
#[component]
pub fn Differences(props: &DifferencesProps) -> Html {
    let all = use_words();
    let Comparison { old, new, body } = &*props.comparison;
    let is_whole = old.is_whole() && new.is_whole();
    html! {
        <>
            <p class="diff-sum" role="status" data-testid="diff-sum">
                {sum(&props.comparison, is_whole, all)}
                if let (Some(before), Some(after)) = (old.encoding, new.encoding)
                    && before != after && !matches!(body, Body::Hex(_))
                {
                    {" "}{(all.viewing.encodings)(before.name(), after.name())}
                }
                if !is_whole {
                    {" "}{(all.viewing.compared)(&format::exact_bytes(all.lang, old.compared), &format::exact_bytes(all.lang, new.compared))}
                }
            </p>
            {match body {
                Body::Same => Html::default(),
                Body::Text(diff) => text_rows(diff, all),
                Body::Hex(diff) => hex_rows(diff, all),
            }}
        </>
    }
}

fn sum(comparison: &Comparison, is_whole: bool, all: &Words) -> String {
    let words = &all.viewing;
    let number = |n: u64| format::number(all.lang, n);
    match &comparison.body {
        Body::Same if is_whole => words.same.to_owned(),
        Body::Same => words.same_so_far.to_owned(),
        Body::Text(diff) => (words.lines)(&number(u64::from(diff.added)), &number(u64::from(diff.removed))),
        Body::Hex(diff) => (words.rows)(&number(diff.differing)),
    }
}

fn text_rows(diff: &TextDiff, all: &Words) -> Html {
    html! {
        <div class="diff-view mono" tabindex="0" role="region" aria-label={all.details.view_text} data-testid="diff-lines">
            <table>
                { for diff.hunks.iter().map(|hunk| hunk_rows(hunk, all)) }
            </table>
            if diff.cut { <p class="muted">{all.viewing.cut}</p> }
        </div>
    }
}

fn hunk_rows(hunk: &Hunk, all: &Words) -> Html {
    let (mut old, mut new) = (hunk.old.start, hunk.new.start);
    let rows = hunk.lines.iter().map(|(tag, line)| {
        let (is_old, is_new) = (*tag != Tag::Added, *tag != Tag::Removed);
        old += u32::from(is_old);
        new += u32::from(is_new);
        let (class, sign, said) = match tag {
            Tag::Both => ("", " ", ""),
            Tag::Removed => ("diff-removed", "−", all.viewing.removed),
            Tag::Added => ("diff-added", "+", all.viewing.added),
        };
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        html! {
            <tr {class}>
                <td class="diff-number">{is_old.then_some(old)}</td>
                <td class="diff-number">{is_new.then_some(new)}</td>
                <td class="diff-sign"><span aria-hidden="true">{sign}</span><span class="sr-only">{said}</span></td>
                <td class="diff-line">{text::bdi(line.as_bstr(), Breaks::Keep)}</td>
            </tr>
        }
    });
    html! { <tbody>{ for rows }</tbody> }
}

fn hex_rows(diff: &HexDiff, all: &Words) -> Html {
    let row = |row: &HexRow, bytes: &[u8], class: &'static str, sign: &'static str, said: &'static str| {
        let line = hex_line(row.offset, bytes);
        html! {
            if !bytes.is_empty() {
                <tr {class}>
                    <td class="diff-number">{line.offset}</td>
                    <td class="diff-sign"><span aria-hidden="true">{sign}</span><span class="sr-only">{said}</span></td>
                    <td class="diff-hex">{line.hex}</td>
                    <td class="diff-hex">{line.ascii}</td>
                </tr>
            }
        }
    };
    let words = &all.viewing;
    let more = diff.differing > diff.rows.len() as u64;
    html! {
        <div class="diff-view mono" tabindex="0" role="region" aria-label={all.details.view_hex} data-testid="diff-rows">
            <table>
                { for diff.rows.iter().map(|pair| html! {
                    <tbody>
                        {row(pair, &pair.old, "diff-removed", "−", words.removed)}
                        {row(pair, &pair.new, "diff-added", "+", words.added)}
                    </tbody>
                }) }
            </table>
            if more { <p class="muted">{words.cut}</p> }
        </div>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::{
        app::{i18n::Lang, tree_samples::render},
        preview::compare,
    };

    fn shown(lang: Lang, old: (&[u8], u64), new: (&[u8], u64)) -> String {
        let comparison = Rc::new(compare(old, new, false));
        render(lang, html! { <Differences {comparison} /> })
    }

    #[test]
    fn lines_bear_the_numbers_of_both_versions_and_markup_is_text() {
        let html = shown(Lang::En, (b"a\nb\n", 4), (b"a\n<img src=x>\nc\n", 16));
        assert!(html.contains("2 lines added, 1 removed"), "{html}");
        assert!(!html.contains("<img") && html.contains("&lt;img"), "{html}");
        assert_eq!(html.matches("diff-added").count(), 2);
        assert!(html.contains("<span class=\"sr-only\">removed</span>"), "{html}");
    }

    #[test]
    fn what_was_not_compared_is_told_in_both_languages() {
        let html = shown(Lang::En, (b"a\n", 9_000_000), (b"a\n", 2));
        assert!(
            html.contains("Nothing differs in what was compared.") && html.contains("first bytes"),
            "{html}"
        );
        let html = shown(Lang::Zh, (b"\0\x01", 2), (b"\0\x02", 2));
        assert!(html.contains("有 1 行（每行 16 字节）不同"), "{html}");
    }
}
