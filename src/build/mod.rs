//! Builds images from Dockerfiles, without running anything.
mod dockerfile;
mod ignore;
mod words;

pub use dockerfile::{Dockerfile, Instruction, Keyword, Problem};
pub use ignore::Ignore;

/// Stub.
#[derive(Debug, Default)]
pub struct Cache;
