//! Content as numbered lines of text.

use std::{ops::Range, rc::Rc};

use bstr::ByteSlice;
use web_sys::Element;
use yew::prelude::*;

use crate::{
    app::{
        i18n::use_words,
        text::{self, Breaks},
    },
    preview::{self, Encoding, Line},
};

/// Lines laid out at once; more when the reader comes near their end.
const STEP: usize = 2_000;
/// Lines of a block, which the browser skips while it is not seen.
const BLOCK: usize = 100;
/// How near the end more lines are laid out, in CSS pixels.
const NEAR: i32 = 2_000;

/// Properties of [`TextView`].
#[derive(Debug, Clone, Properties)]
pub struct TextViewProps {
    /// A part of the content.
    pub bytes: Rc<[u8]>,
    /// How much of it is shown, in bytes.
    pub end: usize,
    /// Its encoding.
    pub encoding: Encoding,
    /// Where in the content the part begins, in bytes.
    pub offset: u64,
    /// The number of the first line; `None` if lines bear the offset of their first byte instead.
    pub first_line: Option<u32>,
    /// Whether long lines wrap.
    pub wrap: bool,
}

impl PartialEq for TextViewProps {
    /// The content is compared by pointer: it may be long.
    fn eq(&self, other: &Self) -> bool {
        let key = |props: &Self| (props.end, props.encoding, props.offset, props.first_line, props.wrap);
        Rc::ptr_eq(&self.bytes, &other.bytes) && key(self) == key(other)
    }
}

/// The content as numbered lines; what cannot be seen is escaped.
#[component]
pub fn TextView(props: &TextViewProps) -> Html {
    let words = &use_words().details;
    let laid_out = use_state_eq(|| STEP);
    let lines = use_memo(props.clone(), |props| {
        preview::lines(&props.bytes[..props.end.min(props.bytes.len())], props.encoding)
    });
    use_effect_with(props.clone(), {
        let laid_out = laid_out.setter();
        move |_| laid_out.set(STEP)
    });
    let onscroll = {
        let laid_out = laid_out.clone();
        let len = lines.len();
        Callback::from(move |event: Event| {
            let Some(element) = event.target_dyn_into::<Element>() else { return };
            let below = element.scroll_height() - element.scroll_top() - element.client_height();
            if below < NEAR && *laid_out < len {
                laid_out.set(*laid_out + STEP);
            }
        })
    };
    let more = {
        let laid_out = laid_out.clone();
        Callback::from(move |_: MouseEvent| laid_out.set(*laid_out + STEP))
    };
    let end = lines.len().min(*laid_out);
    let blocks = (0..end).step_by(BLOCK).map(|start| {
        html! { <Block key={start} lines={Rc::clone(&lines)} range={start..(start + BLOCK).min(end)} content={props.clone()} /> }
    });
    let by_offset = props.first_line.is_none().then_some("by-offset");
    let class = classes!("text-view", "mono", props.wrap.then_some("wrap"), by_offset);
    html! {
        <div {class} tabindex="0" role="region" aria-label={words.view_text} data-testid="text-view" {onscroll}>
            { for blocks }
            if end < lines.len() { <button onclick={more}>{words.more}</button> }
        </div>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct BlockProps {
    lines: Rc<Vec<Line>>,
    range: Range<usize>,
    content: TextViewProps,
}

#[component]
fn Block(props: &BlockProps) -> Html {
    let content = &props.content;
    // Lines that go on with the one before bear no number.
    let counted =
        |range: Range<usize>| props.lines[range].iter().filter(|line| !line.continues).count() as u32;
    let mut number = content.first_line.map(|first| first + counted(0..props.range.start));
    let lines = props.lines[props.range.clone()].iter().map(|line| {
        let shown = (!line.continues).then(|| match &mut number {
            Some(number) => {
                *number += 1;
                (*number - 1).to_string()
            }
            None => (content.offset + line.bytes.start as u64).to_string(),
        });
        let bytes = preview::utf8(&content.bytes[line.bytes.clone()], content.encoding);
        html! { <div class="line" data-line={shown}>{text::bdi(bytes.as_bstr(), Breaks::Keep)}</div> }
    });
    html! { <div class="lines">{ for lines }</div> }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::app::{i18n::Lang, tree_samples::render};

    #[test]
    fn lines_are_numbered_and_markup_is_text() {
        let bytes: Rc<[u8]> = b"<img src=x onerror=alert(1)>\nb\x07\n".as_slice().into();
        let end = bytes.len();
        let html = render(
            Lang::En,
            html! { <TextView {bytes} {end} encoding={Encoding::Utf8} offset={0} first_line={41} wrap={true} /> },
        );
        assert!(!html.contains("<img"), "{html}");
        assert!(html.contains("data-line=\"41\"") && html.contains("data-line=\"42\""), "{html}");
        assert!(html.contains("\\x07"), "{html}");
    }

    #[test]
    fn lines_that_nobody_counted_bear_their_offsets() {
        let bytes: Rc<[u8]> = b"ab\ncd\n".as_slice().into();
        let html = render(
            Lang::En,
            html! { <TextView {bytes} end={6} encoding={Encoding::Utf8} offset={7_000} first_line={None::<u32>} wrap={true} /> },
        );
        assert!(html.contains("data-line=\"7000\"") && html.contains("data-line=\"7003\""), "{html}");
    }
}
