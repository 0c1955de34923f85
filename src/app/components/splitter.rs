//! A line between two panes that moves (WAI-ARIA Authoring Practices, "Window Splitter").

use std::rc::Rc;

use web_sys::{Element, PointerEvent};
use yew::prelude::*;

use crate::app::dom;

/// Properties of [`Splitter`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SplitterProps {
    /// The custom property of the root element that holds the pane's width; also the key it is remembered by.
    pub property: &'static str,
    /// Whether the pane is on the left of the line.
    #[prop_or_default]
    pub left: bool,
    /// The id of the pane.
    pub controls: &'static str,
    /// The narrowest, in pixels.
    pub min: i32,
    /// The widest, in pixels.
    pub max: i32,
    /// The width to begin with, in pixels.
    pub default: i32,
    /// What it does.
    pub label: &'static str,
}

/// A line that is dragged, or moved with the arrows, to make a pane wider or narrower. A double click, or
/// Enter, takes it back.
#[component]
pub fn Splitter(props: &SplitterProps) -> Html {
    let SplitterProps { property, left, controls, min, max, default, label } = props.clone();
    let key = format!("layerscope{property}");
    let width =
        use_state_eq(|| dom::load(&key).and_then(|px| px.parse().ok()).unwrap_or(default).clamp(min, max));
    use_effect_with(*width, move |width| dom::set_root_property(property, &format!("{width}px")));
    let line = use_node_ref();
    // Where the drag began: the pointer's place and the width then.
    let drag = use_mut_ref(|| None::<(i32, i32)>);

    let set: Rc<dyn Fn(i32)> = {
        let width = width.clone();
        Rc::new(move |px: i32| {
            let px = px.clamp(min, max);
            dom::save(&key, &px.to_string());
            width.set(px);
        })
    };
    let grow = if left { 1 } else { -1 };

    let onkeydown = {
        let (set, width) = (Rc::clone(&set), *width);
        move |event: KeyboardEvent| {
            let step = if event.shift_key() { 64 } else { 16 };
            set(match event.key().as_str() {
                "ArrowRight" => width + step * grow,
                "ArrowLeft" => width - step * grow,
                "Home" => min,
                "End" => max,
                "Enter" => default,
                _ => return,
            });
            event.prevent_default();
        }
    };
    let onpointerdown = {
        let (drag, line, width) = (Rc::clone(&drag), line.clone(), *width);
        move |event: PointerEvent| {
            // Not `currentTarget`: Yew listens at its root.
            if let Some(line) = line.cast::<Element>() {
                let captured = line.set_pointer_capture(event.pointer_id()).is_ok();
                *drag.borrow_mut() = captured.then(|| (event.client_x(), width));
            }
        }
    };
    let onpointermove = {
        let (drag, set) = (Rc::clone(&drag), Rc::clone(&set));
        move |event: PointerEvent| {
            if let Some((from, width)) = *drag.borrow() {
                set(width + (event.client_x() - from) * grow);
            }
        }
    };
    let release = move |_: PointerEvent| *drag.borrow_mut() = None;
    let ondblclick = move |_| set(default);

    html! {
        <div ref={line} class="splitter" role="separator" tabindex="0" aria-orientation="vertical" aria-label={label}
            aria-controls={controls} aria-valuenow={width.to_string()} aria-valuemin={min.to_string()}
            aria-valuemax={max.to_string()} {onkeydown} {onpointerdown} {onpointermove}
            onpointerup={release.clone()} onpointercancel={release} {ondblclick} />
    }
}
