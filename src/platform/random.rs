//! Randomness from the browser.

use wasm_bindgen::JsCast;

use crate::layer::ContentKey;

/// A random key for content hashes, for use in a worker.
pub fn content_key() -> ContentKey {
    let mut key = [0; 16];
    if fill(&mut key) {
        return ContentKey(key);
    }
    ContentKey::random()
}

/// Randomness for a container's id, for use in a worker.
pub fn random_id() -> [u8; 32] {
    let mut id = [0; 32];
    // Ids are told apart by their names as well, should the browser have no randomness.
    fill(&mut id);
    id
}

/// Fills a slice with randomness; whether the browser has any.
fn fill(bytes: &mut [u8]) -> bool {
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    // Every browser with WebAssembly has it; without it equal contents are still told, only not safely.
    scope.crypto().is_ok_and(|crypto| crypto.get_random_values_with_u8_array(bytes).is_ok())
}
