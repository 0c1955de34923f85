//! Saves a blob as a file of the reader's.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Blob, HtmlAnchorElement, Url};

/// An object URL that is revoked when it goes out of scope.
struct ObjectUrl(String);

impl Drop for ObjectUrl {
    fn drop(&mut self) {
        // Revoking a URL that exists cannot fail.
        let _ = Url::revoke_object_url(&self.0);
    }
}

/// How long the browser has to begin with a download before its URL goes.
const BEGIN_MS: i32 = 60_000;

/// Offers a blob to be saved under a name.
///
/// # Errors
///
/// What the browser throws.
pub fn save(blob: &Blob, file_name: &str) -> Result<(), JsValue> {
    let window = web_sys::window().ok_or("no window")?;
    let document = window.document().ok_or("no document")?;
    // Of a type that nothing is known of: to a name without an extension, browsers add that of a type which they guess.
    let blob = blob.slice_with_f64_and_f64_and_content_type(0.0, blob.size(), "application/octet-stream")?;
    let url = ObjectUrl(Url::create_object_url_with_blob(&blob)?);
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&url.0);
    link.set_download(file_name);
    link.click();
    let revoke = Closure::once_into_js(move || drop(url));
    window.set_timeout_with_callback_and_timeout_and_arguments_0(revoke.unchecked_ref(), BEGIN_MS)?;
    Ok(())
}
