//! What the fuzzer does with its input: one module for each target, each with a function `check` that takes any bytes
//! and panics if something that has to hold does not.
//!
//! `make fuzz` drives them with `cargo-fuzz`. The project's tests include this file and run every target over the
//! inputs in `seeds/`: what was once found stays mended, and the targets compile.

pub mod archive;
pub mod codec;
pub mod documents;
pub mod merge;
pub mod references;
pub mod tar;

mod choices;

#[path = "../../tests/support/decoded.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod decoded;
#[path = "../../tests/support/naive_merge.rs"]
mod naive_merge;
#[path = "../../tests/support/sessions.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod sessions;
#[path = "../../tests/support/tar_block.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod tar_block;
#[path = "../../tests/support/tar_places.rs"]
mod tar_places;
#[path = "../../tests/support/tar_read.rs"]
mod tar_read;
