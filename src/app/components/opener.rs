//! Choosing a file by a button.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::{dom, use_app};

const FILE_INPUT: &str = "file-input";

/// The one file input of the page. It is never seen: buttons that can be styled and named click it.
#[component]
pub fn FileInput() -> Html {
    let app = use_app();
    let onchange = move |event: Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            app.open_file(file);
        }
        // So that choosing the same file again is a change, too.
        input.set_value("");
    };
    html! {
        <input type="file" id={FILE_INPUT} data-testid="file-input" class="sr-only" tabindex="-1"
            aria-hidden="true" {onchange} />
    }
}

/// Properties of [`OpenButton`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct OpenButtonProps {
    /// What it says.
    pub label: AttrValue,
    /// Its CSS classes.
    #[prop_or_default]
    pub class: Classes,
}

/// A button that opens the file dialog.
#[component]
pub fn OpenButton(props: &OpenButtonProps) -> Html {
    html! {
        <button type="button" class={props.class.clone()} data-testid="open" onclick={|_| dom::click(FILE_INPUT)}>
            {props.label.clone()}
        </button>
    }
}
