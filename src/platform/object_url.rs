//! URLs of blobs.

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Url};

use super::to_f64;

/// An object URL that is revoked when it goes out of scope.
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectUrl(String);

impl ObjectUrl {
    /// The URL of a blob's bytes as what has this media type, whatever type the blob has.
    ///
    /// # Errors
    ///
    /// What the browser throws.
    pub fn new(blob: &Blob, media_type: &str) -> Result<Self, JsValue> {
        let typed = blob.slice_with_f64_and_f64_and_content_type(0.0, blob.size(), media_type)?;
        Url::create_object_url_with_blob(&typed).map(Self)
    }

    /// It.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for ObjectUrl {
    fn drop(&mut self) {
        // Revoking a URL that exists cannot fail.
        let _ = Url::revoke_object_url(&self.0);
    }
}

/// The first bytes of a blob, at most so many.
///
/// # Errors
///
/// What the browser throws.
pub async fn first_bytes(blob: &Blob, limit: u64) -> Result<Vec<u8>, JsValue> {
    let head = blob.slice_with_f64_and_f64(0.0, to_f64(limit))?;
    let buffer = JsFuture::from(head.array_buffer()).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}
