//! The merge of layers, held against programs that do it for a living: `umoci unpack` and the kernel's
//! overlayfs.
//!
//! Both need root, Linux and, for the first, umoci; where one is missing its tests say so and pass.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop where something fails")]

mod kernel;
mod listing;
#[path = "../support/stacks.rs"]
mod stacks;
mod umoci;

use std::cell::Cell;

use layerscope::fixture::Tar;
use listing::{Entry, Kind};
use proptest::test_runner::{Config, TestRunner};

/// Says that a test does nothing here, whether or not its output is captured.
fn skip(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// How many random stacks: `LAYERSCOPE_STACKS`, or 64.
fn cases() -> u32 {
    std::env::var("LAYERSCOPE_STACKS").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

fn tars(layers: &[Tar]) -> Vec<Vec<u8>> {
    layers.iter().map(Tar::bytes).collect()
}

/// A stack with one of everything, small enough to know its union by heart.
fn stack() -> Vec<Tar> {
    let below = Tar::new()
        .dir("etc", 0o755)
        .file("etc/motd", "old")
        .file("etc/gone", "")
        .dir("cache", 0o700)
        .owner(7, 8)
        .file("cache/x", "hidden")
        .file("kind", "a file")
        .file("one", "linked")
        .hardlink("two", "one")
        .hardlink("three", "one")
        .dir("deep", 0o750)
        .dir("deep/er", 0o711)
        .mtime(5, 0)
        .file("deep/er/f", "below")
        .symlink("link", "etc");
    let above = Tar::new()
        .file("etc/motd", "new")
        .mode(0o4755)
        .whiteout("etc/gone")
        .file("cache/y", "seen")
        .dir("cache", 0o500)
        .xattr("user.note", "kept")
        .opaque("cache")
        .dir("kind", 0o755)
        .file("kind/now", "a directory")
        .file("two", "alone")
        .file("deep/er/g", "beside")
        .file("deep/new/h", "implied")
        .whiteout("nothing/here")
        .fifo("pipe")
        .char_device("null", 1, 3);
    vec![below, above]
}

/// The lines that [`stack`] should give; times left out.
const UNION: &str = "\
cache dir 500 0:0 user.note=kept
cache/y file 644 0:0 seen
deep dir 750 0:0
deep/er dir 711 0:0
deep/er/f file 644 0:0 below
deep/er/g file 644 0:0 beside
deep/new dir implied
deep/new/h file 644 0:0 implied
etc dir 755 0:0
etc/motd file 4755 0:0 new
kind dir 755 0:0
kind/now file 644 0:0 a directory
link symlink 777 0:0 -> etc
null char 644 0:0 1,3
one file 644 0:0 linked = one
pipe fifo 644 0:0
three file 644 0:0 linked = one
two file 644 0:0 alone
";

/// A listing in the form of [`UNION`].
fn lines(entries: &[Entry]) -> String {
    let contents = ["", "seen", "below", "beside", "implied", "new", "a directory", "linked", "alone"];
    let mut lines = String::new();
    for entry in entries {
        let kind = format!("{:?}", entry.kind).to_lowercase();
        let path = String::from_utf8_lossy(&entry.path);
        if entry.implied {
            lines += &format!("{path} {kind} implied\n");
            continue;
        }
        let mut line = format!("{path} {kind} {:o} {}:{}", entry.mode, entry.uid, entry.gid);
        if entry.kind == Kind::File {
            let content =
                contents.iter().find(|content| entry.digest == Some(listing::digest(content.as_bytes())));
            line += &format!(" {}", content.unwrap_or(&"other content"));
        }
        if entry.kind == Kind::Symlink {
            line += &format!(" -> {}", String::from_utf8_lossy(&entry.link));
        }
        if entry.kind == Kind::Char {
            line += &format!(" {},{}", entry.device.0, entry.device.1);
        }
        if let Some(first) = &entry.links_with {
            line += &format!(" = {}", String::from_utf8_lossy(first));
        }
        for (name, value) in &entry.xattrs {
            line += &format!(" {}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        }
        lines += &line;
        lines.push('\n');
    }
    lines
}

#[test]
fn the_kernel_merges_the_known_stack() {
    if let Some(merged) = kernel::merge(&tars(&stack())) {
        assert_eq!(lines(&merged), UNION);
        let time_of = |path: &str| merged.iter().find(|entry| entry.path == path.as_bytes()).unwrap().mtime;
        assert_eq!(
            time_of("deep/er"),
            Some((5, 0)),
            "a directory without an entry keeps the time it has below"
        );
    }
}

#[test]
fn umoci_merges_the_known_stack() {
    match umoci::merge(&tars(&stack())) {
        umoci::Outcome::Merged(mut merged) => {
            for entry in &mut merged {
                entry.implied = entry.path == b"deep/new";
            }
            assert_eq!(lines(&merged), UNION);
        }
        umoci::Outcome::Refused(message) => panic!("{message}"),
        umoci::Outcome::Unavailable => {}
    }
}

/// The two must agree before either is held against anything else.
#[test]
fn the_kernel_and_umoci_agree_on_random_stacks() {
    let (held, left_out) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new_with_rng(config(), seeded());
    let result = runner.run(&stacks::stacks(), |layers| {
        let tars = tars(&layers);
        let Some(kernel) = kernel::merge(&tars) else { return Ok(()) };
        if umoci::differs(&layers) {
            left_out.set(left_out.get() + 1);
            return Ok(());
        }
        match umoci::merge(&tars) {
            umoci::Outcome::Merged(umoci) => {
                held.set(held.get() + 1);
                let implied = implied_paths(&kernel);
                proptest::prop_assert_eq!(listing::compare(&kernel, &umoci, &implied), Vec::<String>::new());
            }
            umoci::Outcome::Refused(message) => {
                proptest::prop_assert!(false, "umoci refuses: {}", message);
            }
            umoci::Outcome::Unavailable => {}
        }
        Ok(())
    });
    eprintln!("{} stacks held against umoci, {} left out", held.get(), left_out.get());
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn config() -> Config {
    Config { failure_persistence: None, ..Config::with_cases(cases()) }
}

/// The same stacks on every run, so that a failure is everybody's.
fn seeded() -> proptest::test_runner::TestRng {
    proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha)
}

fn implied_paths(entries: &[Entry]) -> Vec<Vec<u8>> {
    entries.iter().filter(|entry| entry.implied).map(|entry| entry.path.clone()).collect()
}
