//! Containers: what is done in one, held against the kernel's overlayfs, and what becomes of it, against the tools that
//! read it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod interrupt;
mod kept;
mod kernel;
#[path = "../overlay_oracle/listing.rs"]
mod listing;
#[path = "../overlay_oracle/kernel.rs"]
mod mounted;
mod operations;
mod ours;
mod pull;
mod saved;
mod shelf;
mod trace;
#[path = "../overlay_oracle/umoci.rs"]
#[allow(dead_code, reason = "only whole layouts are unpacked here")]
mod umoci;

/// Says that a test does nothing here, whether or not its output is captured.
fn skip(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
