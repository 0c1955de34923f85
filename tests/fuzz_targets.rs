//! What the fuzzer checks, over the inputs that it begins with and those that once failed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{fs, path::PathBuf};

#[path = "../fuzz/src/lib.rs"]
mod targets;

/// Runs a target over its inputs in `fuzz/seeds`.
fn run(target: &str, check: fn(&[u8])) {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds")).join(target);
    let mut seeds: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    assert!(seeds.len() >= 3, "too few inputs to begin with");
    for seed in seeds {
        eprintln!("{}", seed.display());
        check(&fs::read(seed).unwrap());
    }
}

#[test]
fn archive() {
    run("archive", targets::archive::check);
}

#[test]
fn codec() {
    run("codec", targets::codec::check);
}

#[test]
fn documents() {
    run("documents", targets::documents::check);
}

#[test]
fn merge() {
    run("merge", targets::merge::check);
}

#[test]
fn references() {
    run("references", targets::references::check);
}

#[test]
fn tar() {
    run("tar", targets::tar::check);
}
