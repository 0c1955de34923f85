//! The stack: the image's layers as an overlay mounts them, newest on top.

use std::{collections::HashMap, rc::Rc};

use bstr::BStr;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};
use yew::prelude::*;

use crate::{
    app::{
        AppHandle,
        components::{
            image_picker,
            layer_row::{LayerRow, LayerRowProps},
            save_tar::SaveTar,
            scrubber::Scrubber,
        },
        format::Size,
        hue,
        i18n::use_words,
        state::{Action, Archive, Image, Layer, Stage},
        text, use_app,
    },
    digest::Digest,
    worker::protocol::{Node, Request},
};

/// The stack pane.
#[component]
pub fn Stack() -> Html {
    let words = use_words();
    let app = use_app();
    let selection = app.state.selection;
    let shared = use_shared(&app, selection.image);
    let (Some(archive), Some(image)) = (app.state.archive.clone(), app.state.image().cloned()) else {
        return Html::default();
    };
    let layers = image.layers.len() as u32;
    let full =
        image.layers.iter().filter_map(|layer| layer.sizes).map(|sizes| sizes.stored).max().unwrap_or(0);
    let rows: Vec<LayerRowProps> = (0..layers)
        .zip(&image.layers)
        .map(|(index, layer)| {
            let instruction = image.instruction(index).filter(|instruction| !instruction.is_empty());
            LayerRowProps {
                layer: layer.clone(),
                layers,
                place: index.cmp(&selection.upto),
                instruction: instruction.map(|instruction| AttrValue::from(instruction.to_owned())),
                verification: archive.verification(layer),
                waits: archive.stage == Stage::Reading && layer.sizes.is_none() && layer.reading.is_none(),
                shared: shared.get(index as usize).cloned().flatten(),
                // What is not merged has no bar.
                full: layer.sizes.map_or(0, |_| full),
                dispatch: app.dispatcher().clone(),
            }
        })
        .collect();

    let is_saved = image.merged > selection.upto;
    let tar = |alone| Request::Tar { image: selection.image, layer: selection.upto, node: Node::ROOT, alone };
    html! {
        <section class="stack" data-testid="stack" aria-labelledby="stack-title">
            <header class="stack-head">
                <h2 id="stack-title">{words.shell.layers}</h2>
                <p class="muted">{(words.shell.layer_count)(layers)}
                    // What is made here is in no file.
                    if archive.size > 0 { {" · "}<Size bytes={archive.size} /> }</p>
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
            // Another image has a list of its own.
            <LayerList key={selection.image} {image} {rows} upto={selection.upto} />
            if is_saved {
                <footer class="stack-foot">
                    <SaveTar request={tar(true)} name={format!("layer-{}.tar", hue::number(selection.upto))}
                        label={(words.saving.layer)(hue::number(selection.upto))} testid="save-layer" />
                    <SaveTar request={tar(false)} name="rootfs.tar"
                        label={(words.saving.merged)(hue::number(selection.upto))} testid="save-merged" />
                </footer>
            }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct LayerListProps {
    image: Rc<Image>,
    /// What is to be shown of each layer.
    rows: Vec<LayerRowProps>,
    upto: u32,
}

/// Rows that are drawn or changed at once: with more, an image of a hundred layers would keep the page from all else.
const AT_ONCE: usize = 16;
/// What is left waits so long, in milliseconds: a frame.
const FRAME: u32 = 16;

/// The layers from the top, with the steps that made none between them.
#[component]
fn LayerList(props: &LayerListProps) -> Html {
    let app = use_app();
    let list = use_node_ref();
    let drag = use_drag(&app, &list);
    let drawn = use_drawn(&props.rows, props.upto);
    let LayerListProps { image, upto, .. } = props;

    // One flat list in which every row has a key: rows move, and are not made anew.
    let rows = steps(image).into_iter().flat_map(|step| match step {
        Step::Layer(layer) => {
            let row = drawn.get(layer as usize).cloned().flatten();
            let row = row.map(|props| html! { <LayerRow key={format!("layer-{layer}")} ..props /> });
            let line = (layer == *upto).then(|| html! { <UptoLine key="upto" {layer} /> });
            line.into_iter().chain(row).collect::<Vec<_>>()
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
        <ol ref={list} class="strata" reversed={true} onpointerdown={drag.down} onpointermove={drag.step} onpointerup={drag.up.clone()}
            onpointercancel={drag.up}>
            { for rows }
        </ol>
    }
}

/// What is drawn of the rows now: it follows what is `wanted` by a few rows in each frame.
#[hook]
fn use_drawn(wanted: &[LayerRowProps], upto: u32) -> Vec<Option<LayerRowProps>> {
    let drawn = use_mut_ref(Vec::new);
    let redraw = use_force_update();
    let is_behind = catch_up(&mut drawn.borrow_mut(), wanted, upto as usize);
    use_effect(move || {
        let timer = is_behind.then(|| Timeout::new(FRAME, move || redraw.force_update()));
        move || drop(timer)
    });
    drawn.borrow().clone()
}

/// Brings some of the rows `drawn` to what is `wanted`, those first that are nearest to the row `near`; whether more are behind.
fn catch_up<T: Clone + PartialEq>(drawn: &mut Vec<Option<T>>, wanted: &[T], near: usize) -> bool {
    drawn.resize(wanted.len(), None);
    let mut behind: Vec<usize> =
        (0..wanted.len()).filter(|&row| drawn[row].as_ref() != Some(&wanted[row])).collect();
    behind.sort_by_key(|row| row.abs_diff(near));
    for &row in behind.iter().take(AT_ONCE) {
        drawn[row] = Some(wanted[row].clone());
    }
    behind.len() > AT_ONCE
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

/// For each layer of an image, the other images that hold the same, in words.
#[hook]
fn use_shared(app: &AppHandle, image: u32) -> Rc<Vec<Option<AttrValue>>> {
    let words = use_words();
    let archive = app.state.archive.clone();
    // What is stated, and hence what is shared, does not change while the archive is read.
    let key = (archive.as_ref().map(|archive| archive.job), image, words.lang);
    use_memo(key, |_| {
        let Some(archive) = archive else { return Vec::new() };
        let name =
            |index: &u32| Some(image_picker::name(words, archive.images.get(*index as usize)?, *index));
        let says = |others: Vec<u32>| {
            let names: Vec<String> = others.iter().filter_map(name).collect();
            (!names.is_empty()).then(|| AttrValue::from((words.shell.shared_with)(&names.join(", "))))
        };
        shared_layers(&archive, image).into_iter().map(says).collect()
    })
}

/// For each layer of an image, the other images of the archive that state the same DiffId, or failing that the same
/// digest.
fn shared_layers(archive: &Archive, image_index: u32) -> Vec<Vec<u32>> {
    let key =
        |layer: &Layer| layer.report.stated_diff_id.clone().or_else(|| layer.report.stated_digest.clone());
    let mut holders: HashMap<Digest, Vec<u32>> = HashMap::new();
    for (image, index) in archive.images.iter().zip(0u32..).filter(|(_, index)| *index != image_index) {
        for digest in image.layers.iter().filter_map(key) {
            let images = holders.entry(digest).or_default();
            if images.last() != Some(&index) {
                images.push(index);
            }
        }
    }
    let Some(image) = archive.images.get(image_index as usize) else { return Vec::new() };
    let of = |layer: &Layer| key(layer).and_then(|digest| holders.get(&digest).cloned()).unwrap_or_default();
    image.layers.iter().map(of).collect()
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
    fn many_rows_are_drawn_by_and_by_from_the_one_looked_at() {
        let mut drawn = Vec::new();
        let wanted: Vec<usize> = (0..40).collect();
        assert!(catch_up(&mut drawn, &wanted, 39));
        let are_drawn = |drawn: &[Option<usize>]| drawn.iter().flatten().copied().collect::<Vec<_>>();
        assert_eq!(are_drawn(&drawn), (24..40).collect::<Vec<_>>());
        assert!(catch_up(&mut drawn, &wanted, 39));
        assert!(!catch_up(&mut drawn, &wanted, 39));
        assert_eq!(are_drawn(&drawn), wanted);
        // What changes is changed, and what is gone goes.
        assert!(!catch_up(&mut drawn, &[7, 1], 0));
        assert_eq!(drawn, [Some(7), Some(1)]);
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
        assert_eq!(shared_layers(&archive, 0), [[1], [1], [1]]);
        archive.images.truncate(1);
        assert!(shared_layers(&archive, 0).iter().all(Vec::is_empty));
    }
}
