//! Messages as they are posted: `{ data: ArrayBuffer, blob?: Blob }`, the buffer transferred.

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

/// The message, and what of it is to be transferred.
pub fn pack(bytes: &[u8], blob: Option<&Blob>) -> (Object, Array) {
    let buffer = Uint8Array::from(bytes).buffer();
    let message = Object::new();
    // Setting a property of a plain new object cannot fail.
    let _ = Reflect::set(&message, &"data".into(), &buffer);
    if let Some(blob) = blob {
        let _ = Reflect::set(&message, &"blob".into(), blob);
    }
    (message, Array::of1(&buffer))
}

/// What a message carries; nothing if it is none of ours.
pub fn unpack(message: &JsValue) -> (Vec<u8>, Option<Blob>) {
    let field = |name: &str| Reflect::get(message, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let bytes = field("data").dyn_ref::<ArrayBuffer>().map(|buffer| Uint8Array::new(buffer).to_vec());
    (bytes.unwrap_or_default(), field("blob").dyn_into().ok())
}
