//! Builds images from Dockerfiles without running anything: what copies files and changes the config is done, and of `RUN` the
//! commands that the [shell](crate::shell) has. What cannot be done says so at its line.

mod cache;
mod config;
mod copy;
mod dockerfile;
mod ignore;
mod instructions;
mod steps;
mod words;

pub use cache::{Cache, Reason};
pub use config::{Edit, edit_of};
pub use dockerfile::{Dockerfile, Instruction, Keyword, Problem, ProblemKind};
pub use ignore::Ignore;
pub use steps::{Build, Built, StepReport, build};
