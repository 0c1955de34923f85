//! The only place that names the browser for more than drawing: files, the worker, downloads.

#[cfg(feature = "web")]
mod directory;
mod message;
mod number;
mod random;
#[cfg(feature = "web")]
mod save;
mod source;
#[cfg(feature = "web")]
mod spawn;

#[cfg(feature = "web")]
pub use directory::{DroppedDirectory, chosen_directory};
pub use message::{pack, unpack};
pub use number::{from_f64, to_f64};
pub use random::content_key;
#[cfg(feature = "web")]
pub use save::save;
pub use source::{PendingRead, Source};
#[cfg(feature = "web")]
pub use spawn::{Handlers, WorkerCode, WorkerThread};

/// What the browser threw, as text.
pub fn describe(error: &wasm_bindgen::JsValue) -> String {
    use wasm_bindgen::JsCast as _;
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => error.to_string().into(),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}
