//! Waiting until the browser has nothing better to do.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdleRequestOptions, Window};

/// How long is waited for an idle moment, in milliseconds: a page that is busy, or not seen, may have none.
const AT_MOST: u16 = 1_000;

/// Waits until what is to be shown has been painted and the browser is idle, but not for longer than a second.
pub async fn idle() {
    let when_idle = Promise::new(&mut |resolve, _| {
        let asked = web_sys::window().and_then(|window| ask(&window, &resolve));
        if asked.is_none() {
            // Without a window nobody could wait; a promise that calls its own resolver does not throw.
            let _ = resolve.call0(&resolve);
        }
    });
    // It is never rejected.
    let _ = JsFuture::from(when_idle).await;
}

fn ask(window: &Window, then: &Function) -> Option<()> {
    // Safari has no such callback: a timer fires after what is being rendered.
    if Reflect::has(window, &"requestIdleCallback".into()).unwrap_or(false) {
        let options = IdleRequestOptions::new();
        options.set_timeout(AT_MOST.into());
        window.request_idle_callback_with_options(then, &options).ok().map(drop)
    } else {
        window
            .set_timeout_with_callback_and_timeout_and_arguments_0(then, i32::from(AT_MOST) / 4)
            .ok()
            .map(drop)
    }
}
