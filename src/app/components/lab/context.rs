//! The files that a build copies: chosen, or dropped.

use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, DragEvent, File, FileList, HtmlInputElement};
use yew::prelude::*;

use crate::{
    app::{AppHandle, dom, format, i18n::use_words, lab::LabAction, text, use_app},
    platform::{self, DroppedDirectory},
    worker::protocol::Failure,
};

const FILES: &str = "context-files";
const DIRECTORY: &str = "context-directory";
/// Files whose names are shown.
const NAMED: usize = 12;

/// The files of the context.
#[component]
pub fn Context() -> Html {
    let all = use_words();
    let words = &all.container;
    let app = use_app();
    let recipe = Rc::clone(&app.state.lab.recipe);
    let dragging = use_state_eq(|| false);
    let problem = use_state_eq(|| None::<String>);
    let directory_input = use_node_ref();
    // The attribute is not one that Yew knows.
    use_effect_with(directory_input.clone(), |node| {
        if let Some(input) = node.cast::<HtmlInputElement>() {
            // Setting an attribute by a valid name cannot fail.
            let _ = input.set_attribute("webkitdirectory", "");
        }
    });

    let take = {
        let (app, problem) = (app.clone(), problem.setter());
        Callback::from(move |taken: Result<Vec<(String, File)>, Failure>| match taken {
            Ok(files) => {
                take_on(&app, files);
                problem.set(None);
            }
            Err(failure) => problem.set(Some(failure.detail)),
        })
    };
    let on_files = {
        let take = take.clone();
        move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            let Some(input) = input else { return };
            if let Some(files) = input.files().filter(|files| files.length() > 0) {
                let chosen = platform::chosen_directory(&files).map(|(_, files)| files);
                take.emit(Ok(chosen.unwrap_or_else(|| named(&files))));
            }
            input.set_value("");
        }
    };
    let on_over = {
        let dragging = dragging.setter();
        move |event: DragEvent| {
            event.prevent_default();
            dragging.set(true);
        }
    };
    let on_leave = {
        let dragging = dragging.setter();
        move |_: DragEvent| dragging.set(false)
    };
    let on_drop = {
        let (take, dragging) = (take.clone(), dragging.setter());
        move |event: DragEvent| {
            event.prevent_default();
            dragging.set(false);
            let Some(transfer) = event.data_transfer() else { return };
            match DroppedDirectory::of(&transfer) {
                Some(directory) => {
                    let take = take.clone();
                    spawn_local(async move {
                        let files = directory.files().await;
                        take.emit(files.map_err(|error| unreadable(&error)));
                    });
                }
                None => take.emit(Ok(transfer.files().map(|files| named(&files)).unwrap_or_default())),
            }
        }
    };
    let clear = {
        let app = app.clone();
        move |_: MouseEvent| take_on(&app, Vec::new())
    };
    let size = recipe.files.iter().map(|(_, size)| *size).sum();
    html! {
        // What is dropped elsewhere is opened: see `drop_target::TAKES_FILES`.
        <div data-takes-files="" class={classes!("lab-context", dragging.then_some("dragging"))} role="group" aria-label={words.context} data-testid="context"
            ondragover={on_over} ondragleave={on_leave} ondrop={on_drop}>
            <p><strong>{words.context}</strong>{" "}<span class="muted">{words.context_hint}</span></p>
            <p class="lab-actions">
                <button type="button" onclick={|_| dom::click(FILES)}>{words.choose_files}</button>
                <button type="button" onclick={|_| dom::click(DIRECTORY)}>{words.choose_directory}</button>
                if !recipe.files.is_empty() {
                    <span data-testid="context-size">{(words.context_files)(recipe.files.len(), &format::size(all.lang, size))}</span>
                    <button type="button" class="quiet" data-testid="context-clear" onclick={clear}>{words.no_files}</button>
                }
            </p>
            if !recipe.files.is_empty() {
                <p class="mono muted lab-context-files" data-testid="context-list">
                    { for recipe.files.iter().take(NAMED).map(|(path, _)| html! { <><bdi>{text::visible(path)}</bdi>{"  "}</> }) }
                    if recipe.files.len() > NAMED { {"…"} }
                </p>
            }
            if let Some(problem) = &*problem { <p role="alert" class="mark-deleted">{text::visible(problem.as_bytes())}</p> }
            <input type="file" id={FILES} multiple=true data-testid="context-files" class="sr-only" tabindex="-1" aria-hidden="true" onchange={on_files.clone()} />
            <input type="file" id={DIRECTORY} ref={directory_input} data-testid="context-directory" class="sr-only" tabindex="-1" aria-hidden="true" onchange={on_files} />
        </div>
    }
}

/// These are the files of the context now.
fn take_on(app: &AppHandle, files: Vec<(String, File)>) {
    let mut recipe = (*app.state.lab.recipe).clone();
    recipe.files =
        files.iter().map(|(path, file)| (path.as_str().into(), platform::from_f64(file.size()))).collect();
    let parts: js_sys::Array = files.iter().map(|(_, file)| JsValue::from(file)).collect();
    // Blobs of blobs cannot fail but for want of memory.
    app.set_context(Blob::new_with_blob_sequence(&parts).ok());
    app.lab(LabAction::Recipe(recipe));
}

fn named(files: &FileList) -> Vec<(String, File)> {
    let files = (0..files.length()).filter_map(|place| files.get(place));
    files.map(|file| (file.name(), file)).collect()
}

fn unreadable(error: &JsValue) -> Failure {
    use crate::worker::protocol::FailureKind;
    Failure { kind: FailureKind::Unreadable, detail: platform::describe(error), offset: None }
}
