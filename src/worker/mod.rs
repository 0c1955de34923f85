//! The worker that holds the model, and how the page talks to it.

pub mod protocol;

#[cfg(feature = "web")]
pub mod client;
#[cfg(feature = "worker")]
pub mod server;
