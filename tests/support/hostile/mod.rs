//! Bad inputs, each made by code, each with what it has to come to. `docs/robustness.md` lists them all by number.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod case;
pub mod compression;
pub mod manifests;
pub mod paths;
pub mod screen;
pub mod tar;
#[path = "../tar_block.rs"]
pub mod tar_block;

use case::Case;

/// All of them, by the name of their module.
pub fn tables() -> [(&'static str, Vec<Case>); 5] {
    [
        ("tar", tar::rows()),
        ("compression", compression::rows()),
        ("manifests", manifests::rows()),
        ("paths", paths::rows()),
        ("screen", screen::rows()),
    ]
}
