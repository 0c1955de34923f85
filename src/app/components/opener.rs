//! Choosing a file by a button.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    app::{dom, i18n::use_words, use_app},
    platform,
};

const FILE_INPUT: &str = "file-input";
const DIRECTORY_INPUT: &str = "directory-input";

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

/// The input for directories, likewise.
#[component]
pub fn DirectoryInput() -> Html {
    let app = use_app();
    let node = use_node_ref();
    // The attribute is not one that Yew knows.
    use_effect_with(node.clone(), |node| {
        if let Some(input) = node.cast::<HtmlInputElement>() {
            // Setting an attribute by a valid name cannot fail.
            let _ = input.set_attribute("webkitdirectory", "");
        }
    });
    let onchange = move |event: Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else { return };
        if let Some((name, files)) = input.files().and_then(|files| platform::chosen_directory(&files)) {
            app.open_directory(&name, &files);
        }
        input.set_value("");
    };
    html! {
        <input type="file" ref={node} id={DIRECTORY_INPUT} data-testid="directory-input" class="sr-only"
            tabindex="-1" aria-hidden="true" {onchange} />
    }
}

/// Opens the dialog for a file.
pub fn choose_file() {
    dom::click(FILE_INPUT);
}

/// A button that opens the dialog for a directory.
#[component]
pub fn OpenDirectoryButton() -> Html {
    let words = use_words();
    html! {
        <button type="button" data-testid="open-directory" onclick={|_| dom::click(DIRECTORY_INPUT)}>
            {words.shell.choose_directory}
        </button>
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
        <button type="button" class={props.class.clone()} data-testid="open" onclick={|_| choose_file()}>
            {props.label.clone()}
        </button>
    }
}
