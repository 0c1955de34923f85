//! How the page ends what the worker is at. A worker at work takes no messages; but it can look whether a URL that the
//! page has made for it, of an empty blob, is still there.

use wasm_bindgen::JsValue;

#[cfg(feature = "web")]
use web_sys::{Blob, Url};

/// The page's end: makes a URL.
///
/// # Errors
///
/// What the browser throws.
#[cfg(feature = "web")]
pub fn new_stop() -> Result<String, JsValue> {
    Url::create_object_url_with_blob(&Blob::new()?)
}

/// Takes the URL away: whoever looks for it is to end. To take away what is no more is nothing.
#[cfg(feature = "web")]
pub fn stop(url: &str) {
    // It throws nothing, whatever the URL is.
    let _: Result<(), JsValue> = Url::revoke_object_url(url);
}

/// The worker's end: looks whether the URL is still there.
#[cfg(feature = "worker")]
pub struct Watch {
    url: String,
    /// When to look again, in milliseconds.
    next: std::cell::Cell<f64>,
    stopped: std::cell::Cell<bool>,
}

/// Milliseconds between two looks. Most commands are done before the first.
#[cfg(feature = "worker")]
const PACE: f64 = 100.0;

#[cfg(feature = "worker")]
impl Watch {
    /// Looks for a URL from now on.
    pub fn new(url: String) -> Self {
        Self { url, next: std::cell::Cell::new(now() + PACE), stopped: std::cell::Cell::new(false) }
    }

    /// Whether it is gone. To be asked at every step: most often it only looks at the clock.
    pub fn is_stopped(&self) -> bool {
        if !self.stopped.get() && now() >= self.next.get() {
            self.stopped.set(look(&self.url).is_err());
            self.next.set(now() + PACE);
        }
        self.stopped.get()
    }
}

/// Fails if nothing is there.
#[cfg(feature = "worker")]
fn look(url: &str) -> Result<(), JsValue> {
    let request = web_sys::XmlHttpRequest::new()?;
    request.open_with_async("GET", url, false)?;
    request.send()
}

#[cfg(feature = "worker")]
fn now() -> f64 {
    use wasm_bindgen::JsCast;
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    scope.performance().map_or(0.0, |clock| clock.now())
}
