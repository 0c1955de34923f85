//! The merge of layers, held against programs that do it for a living: `umoci unpack` and the kernel's
//! overlayfs.
//!
//! Both need root, Linux and, for the first, umoci; where one is missing its tests say so and pass.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod corpus;
mod exported;
mod kernel;
mod listing;
mod ours;
#[path = "../support/stacks.rs"]
mod stacks;
mod umoci;

use std::cell::Cell;

use layerscope::fixture::Tar;
use listing::{Entry, Kind};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

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
nothing dir implied
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
            assert_eq!(lines(&merged), UNION.replace("nothing dir implied\n", ""));
        }
        umoci::Outcome::Refused(message) => panic!("{message}"),
        umoci::Outcome::Unavailable => {}
    }
}

/// The two must agree before either is held against anything else.
#[test]
fn the_kernel_and_umoci_agree_on_random_stacks() {
    on_random_stacks("umoci against the kernel", |layers| {
        if umoci::differs(layers) {
            return None;
        }
        let tars = tars(layers);
        let kernel = kernel::merge(&tars)?;
        match umoci::merge(&tars) {
            umoci::Outcome::Merged(umoci) => Some(listing::compare_with_umoci(&kernel, &umoci)),
            umoci::Outcome::Refused(message) => Some(vec![format!("umoci refuses: {message}")]),
            umoci::Outcome::Unavailable => None,
        }
    });
}

#[test]
fn we_merge_the_known_stack() {
    assert_eq!(lines(&ours::merge(&stack())), UNION);
}

#[test]
fn we_agree_with_the_kernel_on_random_stacks() {
    on_random_stacks("ours against the kernel", |layers| {
        Some(listing::compare(&ours::merge(layers), &kernel::merge(&tars(layers))?))
    });
}

#[test]
fn we_agree_with_umoci_on_random_stacks() {
    on_random_stacks("ours against umoci", |layers| {
        if umoci::differs(layers) {
            return None;
        }
        match umoci::merge(&tars(layers)) {
            umoci::Outcome::Merged(umoci) => Some(listing::compare_with_umoci(&ours::merge(layers), &umoci)),
            umoci::Outcome::Refused(message) => Some(vec![format!("umoci refuses: {message}")]),
            umoci::Outcome::Unavailable => None,
        }
    });
}

/// What is exported says all that the session knows, and any tar program makes the same of it.
#[test]
fn exported_stacks_are_extracted_as_they_are_merged() {
    for program in ["tar", "bsdtar"] {
        let known = exported_to(program, &stack());
        assert_eq!(known.unwrap_or_default(), Vec::<String>::new(), "{program}: the known stack");
        on_random_stacks(&format!("exports against {program}"), |layers| exported_to(program, layers));
    }
}

fn exported_to(program: &str, layers: &[Tar]) -> Option<Vec<String>> {
    let archive = ours::archive(layers);
    let session = ours::open(&archive);
    let tar = exported::merged(&session, &archive, 0);
    Some(listing::compare(&ours::merge(layers), &exported::extract(program, &tar)?))
}

/// What random stacks leave out, because no builder writes it or umoci makes something else of it.
#[test]
fn we_agree_with_the_kernel_on_odd_stacks() {
    let below = || {
        Tar::new()
            .dir("d", 0o700)
            .file("d/old", "old")
            .dir("d/sub", 0o755)
            .file("d/sub/x", "x")
            .symlink("link", "d")
            .file("f", "file")
            .hardlink("g", "f")
    };
    let odd = [
        ("a whiteout and a file of its name", Tar::new().whiteout("f").file("f", "again")),
        ("a file and a whiteout of its name", Tar::new().file("f", "again").whiteout("f")),
        (
            "a whiteout and a directory of its name",
            Tar::new().whiteout("d").dir("d", 0o711).file("d/new", ""),
        ),
        (
            "a directory and a whiteout of its name",
            Tar::new().file("d/new", "").dir("d", 0o711).whiteout("d"),
        ),
        ("a whiteout below an opaque directory", Tar::new().opaque("d").whiteout("d/sub/x").dir("d", 0o755)),
        ("a file below a link", Tar::new().file("link/new", "covers")),
        ("a whiteout below a link", Tar::new().whiteout("link/old")),
        ("a file below a file", Tar::new().file("f/new", "covers")),
        ("an opaque root", Tar::new().file("new", "alone").opaque("")),
        // Of a file with several names the kernel copies up the one that is linked to and so parts it from the
        // others; umoci and we keep them together. The image spec leaves it open.
        ("a hard link to a lower file", Tar::new().hardlink("e/h", "d/sub/x")),
        ("a path that stands twice", Tar::new().file("f", "one").file("f", "two").mode(0o600)),
        ("paths to be normalised", Tar::new().file("./d//old", "new").file("/abs", "").file("../up", "")),
    ];
    for (name, above) in odd {
        let layers = [below(), above];
        let Some(kernel) = kernel::merge(&tars(&layers)) else { return };
        assert_eq!(listing::compare(&ours::merge(&layers), &kernel), Vec::<String>::new(), "{name}");
    }
}

/// Merges random stacks by `differences`, which returns none where it cannot compare, and fails on the first,
/// made small, that shows a difference.
fn on_random_stacks(what: &str, differences: impl Fn(&[Tar]) -> Option<Vec<String>>) {
    let (held, left_out) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new_with_rng(config(), seeded());
    let result = runner.run(&stacks::stacks(), |layers| {
        match differences(&layers) {
            Some(differences) if differences.is_empty() => held.set(held.get() + 1),
            Some(differences) => return Err(TestCaseError::fail(differences.join("\n"))),
            None => left_out.set(left_out.get() + 1),
        }
        Ok(())
    });
    println!("{what}: {} stacks agree, {} left out", held.get(), left_out.get());
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
