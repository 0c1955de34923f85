//! The worker's binary: the page starts it from a blob (see `platform`).

#[cfg(target_arch = "wasm32")]
fn main() {
    layerscope::worker::start::run();
}

/// Only a browser can run it; this keeps the binary checkable on the host.
#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the worker runs in a browser: build it with trunk");
}
