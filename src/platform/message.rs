//! Messages as they are posted: `{ data: ArrayBuffer, blob?: Blob, pieces?: Uint8Array[] }`, buffers transferred.

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

/// A message that has come.
#[derive(Debug, Default)]
pub struct Posted {
    /// What is said.
    pub bytes: Vec<u8>,
    /// The blob that rides beside it.
    pub blob: Option<Blob>,
    /// The arrays that ride beside it.
    pub pieces: Vec<Uint8Array>,
}

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
pub fn unpack(message: &JsValue) -> Posted {
    let field = |name: &str| Reflect::get(message, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let bytes = field("data").dyn_ref::<ArrayBuffer>().map(|buffer| Uint8Array::new(buffer).to_vec());
    let pieces = field("pieces").dyn_into::<Array>().unwrap_or_default();
    Posted {
        bytes: bytes.unwrap_or_default(),
        blob: field("blob").dyn_into().ok(),
        pieces: pieces.iter().filter_map(|piece| piece.dyn_into().ok()).collect(),
    }
}

/// A message with pieces of bytes beside it. They are transferred: here, they are gone then.
pub fn pack_pieces(bytes: &[u8], pieces: &[Uint8Array]) -> (Object, Array) {
    let (message, transfer) = pack(bytes, None);
    let beside = Array::new();
    for piece in pieces {
        beside.push(piece);
        let buffer = piece.buffer();
        // Two pieces may lie in one buffer, which can go only once.
        if !transfer.includes(&buffer, 0) {
            transfer.push(&buffer);
        }
    }
    // Setting a property of a plain new object cannot fail.
    let _ = Reflect::set(&message, &"pieces".into(), &beside);
    (message, transfer)
}
