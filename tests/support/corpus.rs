//! Real archives from other projects, where they are at hand.

#![allow(dead_code, reason = "each test uses its own part")]

use std::{collections::HashMap, env, fs, path::PathBuf};

/// The corpus, or nothing, said aloud, where there is none.
pub fn root() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");
    let root = env::var_os("LAYERSCOPE_CORPUS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if root.is_dir() {
        return Some(root);
    }
    eprintln!("SKIPPED: corpus not found at {} (LAYERSCOPE_CORPUS names another place)", root.display());
    None
}

/// A file of the corpus.
pub fn path(relative: &str) -> PathBuf {
    root().unwrap_or_default().join(relative)
}

/// The rows of `images.tsv`, by the names of its columns; none where there is no corpus.
pub fn images() -> Vec<HashMap<String, String>> {
    let Some(root) = root() else { return Vec::new() };
    let table = fs::read_to_string(root.join("images.tsv")).unwrap();
    let mut lines = table.lines().map(|line| line.split('\t').map(str::to_owned));
    let columns: Vec<String> = lines.next().unwrap().collect();
    let rows: Vec<_> = lines.map(|line| columns.iter().cloned().zip(line).collect()).collect();
    assert!(!rows.is_empty(), "images.tsv has rows");
    rows
}
