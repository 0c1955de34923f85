//! The stack: the image's layers as an overlay mounts them, newest on top.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};
use yew::prelude::*;

use crate::app::{
    AppHandle,
    components::{layer_row::LayerRow, scrubber::Scrubber},
    format::Size,
    hue,
    i18n::use_words,
    state::{Action, Archive, Image},
    text, use_app,
};
use bstr::BStr;

/// The stack pane.
#[component]
pub fn Stack() -> Html {
    let words = use_words();
    let app = use_app();
    let list = use_node_ref();
    let drag = use_drag(&app, &list);
    let (Some(archive), Some(image)) = (app.state.archive.clone(), app.state.image().cloned()) else {
        return Html::default();
    };
    let selection = app.state.selection;
    let layers = image.layers.len() as u32;
    let full =
        image.layers.iter().filter_map(|layer| layer.sizes).map(|sizes| sizes.stored).max().unwrap_or(0);

    // One flat list in which every row has a key: rows move, and are not made anew.
    let rows = steps(&image).into_iter().flat_map(|step| match step {
        Step::Layer(layer) => {
            let line = (layer == selection.upto).then(|| html! { <UptoLine key="upto" {layer} /> });
            let row = html! {
                <LayerRow key={format!("layer-{layer}")} archive={archive.clone()} image={image.clone()}
                    image_index={selection.image} {layer} {full} upto={selection.upto} />
            };
            line.into_iter().chain(Some(row)).collect::<Vec<_>>()
        }
        Step::Empty(place) => {
            let instruction = &image.report.history[place].instruction;
            vec![html! {
                <li key={format!("step-{place}")} class="step" title={text::visible(instruction.as_bytes())}>
                    <code>{text::bdi(BStr::new(instruction), text::Breaks::Escape)}</code>
                </li>
            }]
        }
    });

    html! {
        <section class="stack" data-testid="stack" aria-labelledby="stack-title">
            <header class="stack-head">
                <h2 id="stack-title">{words.shell.layers}</h2>
                <p class="muted">{(words.shell.layer_count)(layers)}{" · "}<Size bytes={archive.size} /></p>
            </header>
            <Scrubber />
            if layers == 0 {
                <p class="muted empty">{words.shell.no_layers}</p>
            } else {
                <div class="stack-columns" aria-hidden="true">
                    <span title={words.shell.stored_title}>{words.shell.stored}</span>
                    <span title={words.shell.net_title}>{words.shell.net}</span>
                    <span title={words.shell.cumulative_title}>{words.shell.cumulative}</span>
                </div>
            }
            <ol ref={list} class="strata" reversed={true} onpointerdown={drag.down} onpointermove={drag.step} onpointerup={drag.up.clone()}
                onpointercancel={drag.up}>
                { for rows }
            </ol>
        </section>
    }
}

/// A row of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A layer, by its index.
    Layer(u32),
    /// A step of the history that made no layer, by its place in it.
    Empty(usize),
}

/// The rows of the stack from the top: every layer of the manifest once, and the history's empty steps where
/// they came between. Layers that no step of the history names stand by their index.
fn steps(image: &Image) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut next = 0u32;
    let layers = image.layers.len() as u32;
    for (place, row) in image.report.history.iter().enumerate() {
        match row.layer {
            Some(layer) if layer < layers => {
                steps.extend((next..=layer).map(Step::Layer));
                next = next.max(layer + 1);
            }
            _ => steps.push(Step::Empty(place)),
        }
    }
    steps.extend((next..layers).map(Step::Layer));
    steps.reverse();
    steps
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct UptoLineProps {
    layer: u32,
}

/// The line above the topmost layer looked at, which can be dragged. The slider does the same for the keyboard.
#[component]
fn UptoLine(props: &UptoLineProps) -> Html {
    let words = use_words();
    html! {
        <li class="upto-line" aria-hidden="true"><span>{(words.shell.upto_line)(hue::number(props.layer))}</span></li>
    }
}

/// What the list does while the line is dragged. It is the list that captures the pointer: the line itself moves
/// about in it, and an element that moves in the document loses the pointer.
struct Drag {
    down: Callback<PointerEvent>,
    step: Callback<PointerEvent>,
    up: Callback<PointerEvent>,
}

#[hook]
fn use_drag(app: &AppHandle, list: &NodeRef) -> Drag {
    let dragging = use_mut_ref(|| false);
    let down = {
        let (dragging, list) = (Rc::clone(&dragging), list.clone());
        move |event: PointerEvent| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let on_line = target.is_some_and(|at| matches!(at.closest(".upto-line"), Ok(Some(_))));
            if let Some(list) = list.cast::<Element>().filter(|_| on_line) {
                // Fails only for a pointer that is already up again.
                *dragging.borrow_mut() = list.set_pointer_capture(event.pointer_id()).is_ok();
                event.prevent_default();
            }
        }
    };
    let step = {
        let (dragging, app) = (Rc::clone(&dragging), app.clone());
        move |event: PointerEvent| {
            if let Some(layer) = dragging.borrow().then(|| layer_at(&event)).flatten() {
                app.dispatch(Action::SelectUpto(layer));
            }
        }
    };
    let up = move |_: PointerEvent| *dragging.borrow_mut() = false;
    Drag { down: down.into(), step: step.into(), up: up.into() }
}

/// The layer whose row is under the pointer.
fn layer_at(event: &PointerEvent) -> Option<u32> {
    let document = gloo::utils::document();
    let element = document.element_from_point(event.client_x() as f32, event.client_y() as f32)?;
    element.closest("[data-layer]").ok()??.get_attribute("data-layer")?.parse().ok()
}

/// The other images of an archive that hold the same layer, by its DiffId, or failing that its digest.
pub(super) fn shared_with(archive: &Archive, image_index: u32, layer: u32) -> Vec<u32> {
    let Some(here) =
        archive.images.get(image_index as usize).and_then(|image| image.layers.get(layer as usize))
    else {
        return Vec::new();
    };
    let same = |there: &crate::report::LayerReport| match (&here.report.stated_diff_id, &there.stated_diff_id)
    {
        (Some(a), Some(b)) => a == b,
        _ => here.report.stated_digest.is_some() && here.report.stated_digest == there.stated_digest,
    };
    let others = archive.images.iter().zip(0u32..).filter(|(_, index)| *index != image_index);
    others
        .filter(|(image, _)| image.layers.iter().any(|there| same(&there.report)))
        .map(|(_, index)| index)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::samples::{archive, image_report};

    #[test]
    fn every_layer_has_one_row_and_empty_steps_stand_between() {
        let image = Image::new(image_report());
        use Step::{Empty, Layer};
        assert_eq!(steps(&image), [Empty(4), Layer(2), Layer(1), Empty(1), Layer(0)]);
    }

    #[test]
    fn layers_without_history_have_rows() {
        let mut report = image_report();
        report.history.clear();
        assert_eq!(steps(&Image::new(report)), [Step::Layer(2), Step::Layer(1), Step::Layer(0)]);
    }

    #[test]
    fn a_history_that_names_layers_that_are_not_there_is_harmless() {
        let mut report = image_report();
        report.layers.truncate(1);
        let steps = steps(&Image::new(report));
        assert_eq!(steps.iter().filter(|step| matches!(step, Step::Layer(_))).count(), 1);
    }

    #[test]
    fn shared_layers_are_found() {
        let mut archive = archive();
        let twin = Rc::clone(&archive.images[0]);
        archive.images.push(twin);
        assert_eq!(shared_with(&archive, 0, 1), [1]);
        archive.images.truncate(1);
        assert!(shared_with(&archive, 0, 1).is_empty());
    }
}
