//! What documents say of the tests is true.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

#[test]
fn every_test_that_the_promises_of_security_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let named: Vec<_> = text.split('`').filter_map(|part| part.split_once(".rs::")).collect();
    assert!(named.len() > 10, "the promises name their tests");
    for (file, function) in named {
        let source = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap();
        assert!(source.contains(&format!("fn {function}(")), "no {function} in {file}.rs");
    }
    // Every line that says both browsers does so of tests that run in both.
    for line in text.lines().filter(|line| line.ends_with("both browsers |")) {
        for (file, function) in line.split('`').filter_map(|part| part.split_once(".rs::")) {
            if file.starts_with("tests/browser/") {
                let source = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap();
                let start = source.find(&format!("fn {function}(")).unwrap();
                let body = source[start..].split("\n}\n").next().unwrap();
                assert!(
                    body.contains("run_in_all(") || body.contains("with_faults("),
                    "{function} does not run in both browsers"
                );
            }
        }
    }
}
