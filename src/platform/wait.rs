//! Waiting in a worker.

use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

/// Waits.
pub async fn sleep(milliseconds: u64) {
    let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
    let promise = Promise::new(&mut |resolve, _| {
        let wake = Closure::once_into_js(move || drop(resolve.call0(&JsValue::UNDEFINED)));
        // Every global scope that runs this has it.
        let set = Reflect::get(&js_sys::global(), &"setTimeout".into()).map(JsCast::unchecked_into);
        if let Ok::<js_sys::Function, _>(set) = set {
            drop(set.call2(&JsValue::UNDEFINED, &wake, &milliseconds.into()));
        }
    });
    drop(JsFuture::from(promise).await);
}

/// Waits, so that messages and timers can have their turn.
pub async fn turn() {
    // A timer of no time waits for four milliseconds once such timers follow on each other (HTML, "timer
    // initialisation steps"); a message to oneself does not.
    let Ok(channel) = MessageChannel::new() else { return };
    let promise = Promise::new(&mut |resolve, _| {
        channel.port1().set_onmessage(Some(&resolve));
        drop(channel.port2().post_message(&JsValue::NULL));
    });
    drop(JsFuture::from(promise).await);
    channel.port1().close();
}
