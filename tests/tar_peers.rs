//! Tars read here as GNU tar, bsdtar and Python's tarfile read them: those of other projects' test suites, by
//! what was recorded of the three and, where there is a Python, by what it says now; and generated ones, by
//! what those of the three say that are installed. `docs/tar-differences.md` groups by rule what is meant to
//! differ.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

#[path = "support/corpus.rs"]
mod corpus;
#[path = "tar_peers/corpus_tars.rs"]
mod corpus_tars;
#[path = "tar_peers/generated.rs"]
mod generated;
#[path = "tar_peers/peers.rs"]
mod peers;
