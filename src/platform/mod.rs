//! The only place that names the browser for more than drawing: files, the worker, downloads.

mod message;
mod number;
mod random;
#[cfg(feature = "web")]
mod save;
mod source;
#[cfg(feature = "web")]
mod spawn;

pub use message::{pack, unpack};
pub use number::{from_f64, to_f64};
pub use random::content_key;
#[cfg(feature = "web")]
pub use save::save;
pub use source::{PendingRead, Source};
#[cfg(feature = "web")]
pub use spawn::{Handlers, WorkerCode, WorkerThread};
