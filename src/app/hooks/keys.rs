use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

/// Calls `handler` for keys pressed anywhere in the page, as long as the component lives.
///
/// Left out are keys that belong to something else: those typed into a text field or held with Ctrl, Alt or
/// Meta, those that a component already handled (`preventDefault`), and all while a dialog is open. A
/// handler that takes a key calls `event.prevent_default()`.
#[hook]
pub fn use_keys(handler: Callback<KeyboardEvent>) {
    use_effect_with(handler, |handler| {
        let handler = handler.clone();
        let listener = gloo::utils::document();
        // Not passive: handlers prevent the key's own action.
        let options = EventListenerOptions::enable_prevent_default();
        let listener = EventListener::new_with_options(&listener, "keydown", options, move |event| {
            if let Some(event) = event.dyn_ref::<KeyboardEvent>().filter(|event| is_ours(event)) {
                handler.emit(event.clone());
            }
        });
        move || drop(listener)
    });
}

fn is_ours(event: &KeyboardEvent) -> bool {
    let modified = event.ctrl_key() || event.alt_key() || event.meta_key();
    let typing = event.target().and_then(|target| target.dyn_into::<Element>().ok()).is_some_and(|element| {
        // `closest` fails for malformed selectors only.
        matches!(element.closest(TEXT_FIELDS), Ok(Some(_)))
    });
    !modified && !typing && !event.default_prevented() && !event.is_composing()
}

/// Where keys are text, or have a meaning of their own.
const TEXT_FIELDS: &str = "input:not([type=range]):not([type=checkbox]):not([type=radio]):not([type=button]):not([type=file]), \
                           textarea, select, [contenteditable], dialog[open]";
