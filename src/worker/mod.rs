//! The worker that holds the model, and how the page talks to it.

#[cfg(feature = "worker")]
mod answers;
pub mod containers;
#[cfg(feature = "worker")]
mod contents;
pub mod desk;
pub mod kept;
mod look;
pub mod news;
mod page_host;
pub mod protocol;
pub mod queue;

#[cfg(feature = "web")]
pub mod client;
#[cfg(feature = "worker")]
mod interruptible;
#[cfg(feature = "worker")]
mod keeper;
#[cfg(feature = "worker")]
mod pool;
#[cfg(feature = "worker")]
mod rehearsal;
#[cfg(feature = "worker")]
mod remote;
#[cfg(feature = "worker")]
mod scanner;
#[cfg(feature = "worker")]
mod server;
#[cfg(feature = "worker")]
mod shelf_keeper;
#[cfg(feature = "worker")]
pub mod start;
#[cfg(feature = "worker")]
mod stream;
