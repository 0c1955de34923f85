//! The numbers of `docs/performance.md`: `make bench`.
//!
//! Each archive is read by what people would use and by ours, one after the other, as often as `BENCH_RUNS` says, and in turn, so
//! that whatever else the machine does meets all of them alike. A time of ours counts only when what was found is what the
//! command line finds.

mod command;
mod opens;
mod page;
mod pull;
mod subject;
mod table;

use std::env;

use self::{subject::Subject, table::Table};

/// Opens files all over an archive with layers of gigabytes, and prints how long each takes to be seen.
#[test]
#[ignore = "reads an archive of gigabytes: BENCH_OPENS names it"]
fn any_file() {
    let archives = env::var("BENCH_OPENS").unwrap_or_default();
    for archive in archives.split(' ').filter(|path| !path.is_empty()) {
        opens::measure(archive.as_ref());
    }
}

/// Prints the table, and writes it to `target/bench/table.md`.
#[test]
#[ignore = "reads archives of gigabytes for many minutes: `make bench`"]
fn table() {
    let runs = env::var("BENCH_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(5);
    let only = env::var("BENCH_ONLY").unwrap_or_default();
    let only: Vec<&str> = only.split([',', ' ']).filter(|name| !name.is_empty()).collect();
    let mut table = Table::new();
    for subject in Subject::all(runs) {
        if only.is_empty() || only.contains(&subject.name) {
            subject.measure(&mut table);
        }
    }
    if only.is_empty() || only.contains(&"pull") {
        pull::measure(runs, &mut table);
    }
    table.print();
}
