//! Saves a blob as a file of the reader's.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Blob, HtmlAnchorElement};

use super::ObjectUrl;

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
    let url = ObjectUrl::new(blob, "application/octet-stream")?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(url.as_str());
    link.set_download(file_name);
    link.click();
    let revoke = Closure::once_into_js(move || drop(url));
    window.set_timeout_with_callback_and_timeout_and_arguments_0(revoke.unchecked_ref(), BEGIN_MS)?;
    Ok(())
}
