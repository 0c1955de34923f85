//! Content as offsets, bytes and ASCII.

use std::{ops::Range, rc::Rc};

use gloo::events::EventListener;
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::{
    app::{i18n::use_words, virtual_list::Geometry},
    preview::{HEX_ROW, hex_line},
};

/// The height of a line in CSS pixels; `details.css` has the same.
const ROW_HEIGHT: f64 = 20.0;
const OVERSCAN: u32 = 16;

/// Properties of [`Hex`].
#[derive(Debug, Clone, Properties)]
pub struct HexProps {
    /// A part of the content.
    pub bytes: Rc<[u8]>,
    /// Where in the content it begins, in bytes.
    pub offset: u64,
}

impl PartialEq for HexProps {
    /// The content is compared by pointer: it may be long.
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.bytes, &other.bytes) && self.offset == other.offset
    }
}

/// The content in lines of sixteen bytes, of which only those seen are drawn.
#[component]
pub fn Hex(props: &HexProps) -> Html {
    let words = &use_words().details;
    let scroller = use_node_ref();
    let (sizer, block) = (use_node_ref(), use_node_ref());
    let rows = props.bytes.len().div_ceil(HEX_ROW) as u32;
    let drawn = use_state_eq(|| 0..rows.min(64));

    use_effect_with(props.clone(), {
        let (scroller, drawn) = (scroller.clone(), drawn.setter());
        move |_| {
            let update = move || {
                let Some(element) = scroller.cast::<HtmlElement>() else { return };
                let geometry =
                    Geometry { rows, row_height: ROW_HEIGHT, viewport: f64::from(element.client_height()) };
                drawn.set(geometry.drawn(f64::from(element.scroll_top()), OVERSCAN));
            };
            update();
            let window = gloo::utils::window();
            let on_resize = EventListener::new(&window, "resize", {
                let update = update.clone();
                move |_| update()
            });
            // Captured: a scroll event does not bubble.
            let on_scroll = EventListener::new_with_options(
                &window,
                "scroll",
                gloo::events::EventListenerOptions::run_in_capture_phase(),
                move |_| update(),
            );
            move || drop((on_resize, on_scroll))
        }
    });
    use_effect_with((rows, (*drawn).clone()), {
        let (sizer, block) = (sizer.clone(), block.clone());
        move |(rows, drawn): &(u32, Range<u32>)| {
            let set = |node: &NodeRef, name: &str, value: f64, wrap: fn(f64) -> String| {
                if let Some(element) = node.cast::<HtmlElement>() {
                    // Fails for read-only declarations only, and an element's own is not.
                    let _ = element.style().set_property(name, &wrap(value));
                }
            };
            set(&sizer, "height", f64::from(*rows) * ROW_HEIGHT, |px| format!("{px}px"));
            set(&block, "transform", f64::from(drawn.start) * ROW_HEIGHT, |px| format!("translateY({px}px)"));
        }
    });

    let lines = (drawn.start.min(rows)..drawn.end.min(rows)).map(|row| {
        let start = row as usize * HEX_ROW;
        let bytes = &props.bytes[start..(start + HEX_ROW).min(props.bytes.len())];
        let line = hex_line(props.offset + start as u64, bytes);
        html! {
            <div key={row} class="hex-row"><span class="hex-offset">{line.offset}</span><span class="hex-bytes">{line.hex}</span><span class="hex-ascii">{line.ascii}</span></div>
        }
    });
    html! {
        <div class="hex-view mono" tabindex="0" role="region" aria-label={words.view_hex} data-testid="hex-view" ref={scroller}>
            <div class="hex-row hex-head" aria-hidden="true">
                <span class="hex-offset">{words.hex_offset}</span><span class="hex-bytes">{words.hex_bytes}</span><span class="hex-ascii">{words.hex_text}</span>
            </div>
            <div class="tree-sizer" ref={sizer}><div class="tree-block" ref={block}>{ for lines }</div></div>
        </div>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::app::{i18n::Lang, tree_samples::render};

    #[test]
    fn bytes_stand_in_lines_of_sixteen() {
        let bytes: Rc<[u8]> = (0u8..40).collect();
        let html = render(Lang::En, html! { <Hex {bytes} offset={0x10_0000} /> });
        assert!(html.contains("00100000") && html.contains("00100020"), "{html}");
        assert!(html.contains("10 11 12 13 14 15 16 17  18 19"), "{html}");
        assert_eq!(html.matches("class=\"hex-row\"").count(), 3);
    }
}
