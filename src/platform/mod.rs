//! The only place that names the browser for more than drawing: files, the worker, downloads.

#[cfg(feature = "worker")]
mod blob_parts;
#[cfg(feature = "web")]
mod directory;
mod fetch;
#[cfg(feature = "worker")]
mod hashing;
#[cfg(feature = "web")]
mod idle;
mod interrupt;
mod message;
mod number;
#[cfg(feature = "web")]
mod object_url;
#[cfg(feature = "worker")]
mod opfs;
mod random;
mod remote;
#[cfg(feature = "web")]
mod save;
mod source;
mod spawn;
#[cfg(feature = "worker")]
mod wait;

#[cfg(feature = "worker")]
pub use blob_parts::BlobParts;
#[cfg(feature = "web")]
pub use directory::{DroppedDirectory, chosen_directory};
pub use fetch::{Fetched, fetch, is_reachable, leads_elsewhere, may_ask_network};
#[cfg(feature = "worker")]
pub use hashing::BrowserHashing;
#[cfg(feature = "web")]
pub use idle::idle;
#[cfg(feature = "worker")]
pub use interrupt::Watch;
#[cfg(feature = "web")]
pub use interrupt::{new_stop, stop};
pub use message::{Posted, pack, pack_pieces, unpack};
pub use number::{from_f64, to_f64};
#[cfg(feature = "web")]
pub use object_url::{ObjectUrl, first_bytes};
#[cfg(feature = "worker")]
pub use opfs::{KeepError, Kept};
pub use random::{content_key, random_id};
pub use remote::Remote;
#[cfg(feature = "web")]
pub use save::save;
pub use source::{ByteStream, PendingRead, Source};
pub use spawn::{Handlers, WorkerCode, WorkerThread, is_own_code};
#[cfg(feature = "worker")]
pub use wait::{sleep, turn};

use crate::tar::Timestamp;

/// How many processors the browser says there are.
pub fn processors() -> usize {
    let scope: web_sys::WorkerGlobalScope = wasm_bindgen::JsCast::unchecked_into(js_sys::global());
    // A whole number by the HTML standard; a browser that does not tell says 0.
    scope.navigator().hardware_concurrency() as usize
}

/// What part of the machine's memory may be held to spare work.
const HELD: u64 = 32;
/// How much memory a machine is taken to have whose browser does not tell, in bytes.
const MEMORY: u64 = 4 << 30;

/// How many bytes may be held to spare work: for the browser to hash, which takes as much again while it does, or until there
/// is time to keep them elsewhere.
pub fn room() -> u64 {
    let scope: web_sys::WorkerGlobalScope = wasm_bindgen::JsCast::unchecked_into(js_sys::global());
    // Device Memory, 3.1: in GiB, rounded. Not every browser has it.
    let memory = js_sys::Reflect::get(&scope.navigator(), &"deviceMemory".into());
    let memory = memory.ok().and_then(|gibibytes| gibibytes.as_f64());
    memory.map_or(MEMORY, |gibibytes| (gibibytes * f64::from(1 << 30)) as u64) / HELD
}

/// The time of the browser's clock.
pub fn clock() -> Timestamp {
    let milliseconds = js_sys::Date::now();
    let secs = (milliseconds / 1000.0).floor();
    Timestamp { secs: secs as i64, nanos: ((milliseconds - secs * 1000.0) * 1e6) as u32 }
}

/// `text` in the normalisation form of this name (ECMA-262, String.prototype.normalize).
pub fn normalized(text: &str, form: &str) -> String {
    js_sys::JsString::from(text).normalize(form).into()
}

/// What the browser threw, as text.
pub fn describe(error: &wasm_bindgen::JsValue) -> String {
    use wasm_bindgen::JsCast as _;
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => error.to_string().into(),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}
