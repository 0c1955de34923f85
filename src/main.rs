//! The page's binary: `static/boot.js` loads it once the document is parsed.

#[cfg(target_arch = "wasm32")]
fn main() {
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
    }));
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"));
    match root {
        Some(root) => {
            yew::Renderer::<layerscope::app::App>::with_root(root).render();
        }
        None => web_sys::console::error_1(&"the document has no #app element".into()),
    }
}

/// Only a browser can run it; this keeps the binary checkable on the host.
#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the page runs in a browser: build it with trunk, or run the `layerscope` binary");
}
