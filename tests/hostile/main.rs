//! Bad inputs, each made by code, each with what it has to come to: through the core, and through the command line.
//!
//! `docs/robustness.md` lists them all by number.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod case;
mod compression;
mod documents;
mod manifests;
mod paths;
mod screen;
mod tar;
#[path = "../support/tar_block.rs"]
#[allow(dead_code, reason = "shared with the parser's own tests")]
mod tar_block;
