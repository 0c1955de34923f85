//! What a worker thread does, which its name says.
//!
//! Where the build splits the wasm (`scripts/split-wasm.mjs`), the model is a wasm of its own: a thread that reads layers holds what
//! reads layers, and no more.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::DedicatedWorkerGlobalScope;

use super::{scanner, server, stream};

/// Runs this thread.
pub fn run() {
    std::panic::set_hook(Box::new(|info| web_sys::console::error_1(&info.to_string().into())));
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    match scope.name().as_str() {
        scanner::NAME => scanner::run(scope),
        stream::NAME => stream::run(scope),
        // The page asks nothing of it before it says that it is ready.
        _ => spawn_local(async move { model().await(scope) }),
    }
}

type Run = fn(DedicatedWorkerGlobalScope);

#[cfg(not(layerscope_split))]
async fn model() -> Run {
    server::run
}

#[cfg(layerscope_split)]
use split::model;

#[cfg(layerscope_split)]
mod split {
    use super::{Run, server};

    /// The function through which alone the model's wasm is reached: what only it refers to is moved there.
    #[wasm_split_helpers::wasm_split(model)]
    pub fn model() -> Run {
        server::run
    }
}
