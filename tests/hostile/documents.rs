//! `docs/robustness.md` against the tests that it names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use layerscope::anomaly::Severity;

use super::inputs;

/// What a row of the table says.
struct Row<'t> {
    number: u32,
    /// What stands in backticks in the column of codes, and the word that follows each.
    codes: BTreeSet<(&'t str, &'t str)>,
    /// `path` or `path::function`.
    tests: Vec<&'t str>,
}

fn rows(table: &str) -> Vec<Row<'_>> {
    let row = |line| {
        let columns: Vec<&str> = str::split(line, " | ").collect();
        let number = columns.first()?.strip_prefix("| ")?.parse().ok()?;
        let gets = columns[2].split('`').collect::<Vec<_>>();
        let word = |text: &'_ str| text.trim_start().split([' ', ',']).next().unwrap_or_default().len();
        let codes = gets.windows(2).skip(1).step_by(2).map(|pair| {
            let severity = pair[1].trim_start();
            (pair[0], &severity[..word(severity)])
        });
        let tests = columns.last()?.split('`').skip(1).step_by(2).collect();
        Some(Row { number, codes: codes.collect(), tests })
    };
    table.lines().filter_map(row).collect()
}

/// All fifty numbers are there, with the codes that their fixtures get, and every test that is named exists.
#[test]
fn the_table_of_bad_inputs_is_whole_and_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("docs/robustness.md")).unwrap();
    let rows = rows(&table);
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());

    let mut codes: BTreeMap<u32, BTreeSet<(String, &str)>> = BTreeMap::new();
    let mut numbers: BTreeSet<(String, u32)> = BTreeSet::new();
    for (table, cases) in inputs::tables() {
        for (number, found) in cases.iter().map(|case| case.summary()) {
            numbers.insert((format!("tests/support/hostile/{table}.rs"), number));
            let severity = |severity| match severity {
                Severity::Info => "info",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            let named = found.iter().map(|code| (code.name(), severity(code.severity())));
            codes.entry(number).or_default().extend(named);
        }
    }
    for Row { number, codes: stated, tests } in &rows {
        let stated: BTreeSet<_> =
            stated.iter().map(|&(code, severity)| (code.to_owned(), severity)).collect();
        assert_eq!(stated, codes.remove(number).unwrap_or_default(), "codes of {number}");
        assert!(*number == 48 || !tests.is_empty(), "{number} names no test");
        for test in tests {
            let Some((path, function)) = test.split_once("::") else {
                // The rows of this file are run by all who run rows.
                assert!(numbers.contains(&(test.to_string(), *number)), "{number}: no row in {test}");
                continue;
            };
            let source = fs::read_to_string(root.join(path));
            let source = source.unwrap_or_else(|error| panic!("{number}: {path}: {error}"));
            assert!(source.contains(&format!("fn {function}()")), "{number}: no {function} in {path}");
        }
    }
}
