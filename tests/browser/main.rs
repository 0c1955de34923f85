//! The built page in a real headless Chromium, and what safety depends on in Firefox as well.
//!
//! `make test` builds `dist/` and runs these; by hand:
//! `make build && cargo test --no-default-features --features browser-tests --test browser`.
//! `LAYERSCOPE_DIST` names another build to test. Without a browser and its driver the tests in it say
//! `SKIPPED` on stderr and pass. Pictures land in `target/screenshots/`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod app;
mod bench;
mod boot;
mod container;
mod content;
mod details;
mod driver;
mod formats;
mod gateway;
mod hostile;
#[path = "../support/hostile/mod.rs"]
mod inputs;
mod kept;
mod lab;
mod language;
mod memory;
mod native;
mod open;
mod operations;
mod overlay;
mod privacy;
mod remote;
#[path = "../support/servers/mod.rs"]
mod servers;
mod support;
mod tree;
mod trust;
mod view;
mod worker;
