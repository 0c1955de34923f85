//! docker's commands.
mod stub;
pub use stub::*;
