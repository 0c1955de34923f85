//! Serves the page, and forwards what it asks of registries: `layerscope serve`, `make serve` and the browser tests. Host
//! only.
//!
//! What may come in is decided in [`guard`](self), what may go out in [`gateway`].

pub mod gateway;
mod guard;
mod page;
mod server;

pub use page::Page;
pub use server::{Config, Server};
