//! `docs/robustness.md` against the tests that it names.

use std::{collections::BTreeSet, fs, path::Path};

/// All fifty numbers are there, and every test that is named exists.
#[test]
fn the_table_of_bad_inputs_is_whole_and_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("docs/robustness.md")).unwrap();
    let mut numbers = BTreeSet::new();
    for line in table.lines().filter(|line| line.starts_with("| ")) {
        let Some(number) = line[2..].split(' ').next().and_then(|number| number.parse::<u32>().ok()) else {
            continue;
        };
        numbers.insert(number);
        // Tests stand in the last column, as `path` or `path::function`.
        let tests = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for test in tests.split('`').skip(1).step_by(2) {
            let (path, function) = test.split_once("::").unwrap_or((test, ""));
            let source = fs::read_to_string(root.join(path));
            let source = source.unwrap_or_else(|error| panic!("{number}: {path}: {error}"));
            assert!(source.contains(&format!("fn {function}")), "{number}: no {function} in {path}");
            let row = format!("({number}, \"");
            let own = path.starts_with("tests/hostile/") && function.is_empty();
            assert!(!own || source.contains(&row), "{number}: no row in {path}");
        }
        assert!(tests.contains('`') || tests.contains("none yet"), "{number} names no test");
    }
    assert_eq!(numbers, (1..=50).collect());
}
