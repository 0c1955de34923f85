//! The worker.

fn main() {
    #[cfg(target_arch = "wasm32")]
    web_sys::console::debug_1(&"worker".into());
}
