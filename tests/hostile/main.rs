//! Bad inputs, each made by code, each with what it has to come to: through the core, and through the command line.
//!
//! `docs/robustness.md` lists them all by number.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod check;
mod compression;
mod documents;
#[path = "../support/hostile/mod.rs"]
mod inputs;
mod screen;

use check::{check_cli, check_core};

#[test]
fn bad_tars_in_the_core() {
    check_core(inputs::tar::rows());
}

#[test]
fn bad_tars_on_the_command_line() {
    check_cli(inputs::tar::rows());
}

#[test]
fn bad_compression_in_the_core() {
    check_core(inputs::compression::rows());
}

#[test]
fn bad_compression_on_the_command_line() {
    check_cli(inputs::compression::rows());
}

#[test]
fn bad_manifests_in_the_core() {
    check_core(inputs::manifests::rows());
}

#[test]
fn bad_manifests_on_the_command_line() {
    check_cli(inputs::manifests::rows());
}

#[test]
fn bad_paths_in_the_core() {
    check_core(inputs::paths::rows());
}

#[test]
fn bad_paths_on_the_command_line() {
    check_cli(inputs::paths::rows());
}

#[test]
fn bad_texts_in_the_core() {
    check_core(inputs::screen::rows());
}

#[test]
fn bad_texts_on_the_command_line() {
    check_cli(inputs::screen::rows());
}
