//! The scrubber: up to which layer the filesystem is looked at.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::{hue, i18n::use_words, state::Action, use_app};

/// A slider over the layers, with a button for each direction.
#[component]
pub fn Scrubber() -> Html {
    let words = use_words();
    let app = use_app();
    let Some(image) = app.state.image() else { return Html::default() };
    let layers = image.layers.len() as u32;
    if layers == 0 {
        return Html::default();
    }
    let upto = app.state.selection.upto;
    let number = hue::number(upto);
    let oninput = {
        let app = app.clone();
        move |event: InputEvent| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            if let Some(number) = input.and_then(|input| input.value().parse::<u32>().ok()) {
                app.dispatch(Action::SelectUpto(number.saturating_sub(1)));
            }
        }
    };
    html! {
        <div class="scrubber">
            <label for="scrubber">{words.shell.upto}{" "}<b>{number}</b><span class="muted">{format!(" / {layers}")}</span></label>
            <button type="button" class="quiet tool" data-testid="scrubber-down" title={words.shell.lower} aria-label={words.shell.lower}
                aria-keyshortcuts="[" disabled={upto == 0} onclick={app.on(|_| Action::StepUpto(-1))}>{"▾"}</button>
            // The key makes a new slider for another number of layers: an old one would clamp the value to its own.
            <input key={layers} type="range" id="scrubber" data-testid="scrubber" min="1" max={layers.to_string()} step="1"
                value={number.to_string()} aria-valuetext={(words.shell.upto_value)(number, layers)} {oninput} />
            <button type="button" class="quiet tool" data-testid="scrubber-up" title={words.shell.higher} aria-label={words.shell.higher}
                aria-keyshortcuts="]" disabled={number == layers} onclick={app.on(|_| Action::StepUpto(1))}>{"▴"}</button>
        </div>
    }
}
