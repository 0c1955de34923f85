//! The whole window as a drop target, at all times.

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DragEvent, Element};
use yew::prelude::*;

use crate::{
    app::{i18n::use_words, use_app},
    platform::DroppedDirectory,
};

/// Opens what is dropped anywhere on the window, and shows that it would while something is dragged over it.
#[component]
pub fn DropTarget() -> Html {
    let words = use_words();
    let app = use_app();
    let dragging = use_state_eq(|| false);

    {
        let dragging = dragging.setter();
        use_effect_with(app, move |app| {
            let app = app.clone();
            let listeners = ["dragenter", "dragover", "dragleave", "drop"].map(|kind| {
                let (app, dragging) = (app.clone(), dragging.clone());
                // Not passive: preventing the default is what keeps the browser from opening the file itself.
                let options = EventListenerOptions::enable_prevent_default();
                EventListener::new_with_options(&gloo::utils::window(), kind, options, move |event| {
                    let Some(event) = event.dyn_ref::<DragEvent>().filter(|event| carries_files(event))
                    else {
                        return;
                    };
                    event.prevent_default();
                    if is_taken(event) {
                        return dragging.set(false);
                    }
                    match event.type_().as_str() {
                        // `relatedTarget` is what is entered instead; nothing, if the pointer left the window.
                        "dragleave" => {
                            if event.related_target().is_none() {
                                dragging.set(false);
                            }
                        }
                        "drop" => {
                            dragging.set(false);
                            let directory = event.data_transfer().as_ref().and_then(DroppedDirectory::of);
                            let files = event.data_transfer().and_then(|transfer| transfer.files());
                            if let Some(directory) = directory {
                                let app = app.clone();
                                spawn_local(async move { app.open_dropped(directory).await });
                            } else if let Some(file) = files.and_then(|files| files.get(0)) {
                                app.open_file(file);
                            }
                        }
                        _ => dragging.set(true),
                    }
                })
            });
            move || drop(listeners)
        });
    }

    html! {
        <div class="drop-overlay" data-testid="drop-overlay" aria-hidden="true" hidden={!*dragging}>
            <p>{words.shell.drop_here}</p>
        </div>
    }
}

/// The attribute of what on the page takes files for itself.
const TAKES_FILES: &str = "data-takes-files";

/// Whether something on the page takes what is dragged over it.
fn is_taken(event: &DragEvent) -> bool {
    let over = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    // The selector is sound.
    over.is_some_and(|over| over.closest(&format!("[{TAKES_FILES}]")).is_ok_and(|found| found.is_some()))
}

/// Whether files are dragged, and not a stretch of text.
fn carries_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|transfer| transfer.types().includes(&"Files".into(), 0))
}
