//! Randomness from the browser.

use wasm_bindgen::JsCast;

use crate::layer::ContentKey;

/// A random key for content hashes, for use in a worker.
pub fn content_key() -> ContentKey {
    let mut key = [0; 16];
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    // Every browser with WebAssembly has it; without it equal contents are still told, only not safely.
    let filled = scope.crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut key));
    match filled {
        Ok(_) => ContentKey(key),
        Err(_) => ContentKey::random(),
    }
}
