//! Random sequences of operations, done by ours and by the kernel.

use layerscope::fixture::Tar;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{kernel::Kernel, listing, ours::Ours, skip};

/// One operation. Paths are from the root, without a leading slash.
#[derive(Debug, Clone)]
pub enum Op {
    Open { path: String, write: bool, create: bool, exclusive: bool, truncate: bool },
    Put { path: String, len: usize },
    Append { path: String, len: usize },
    WriteAt { path: String, offset: u64, len: usize },
    Truncate { path: String, len: u64 },
    Unlink { path: String },
    Rmdir { path: String },
    Mkdir { path: String, mode: u16 },
    Symlink { target: String, path: String },
    Link { from: String, to: String, follow: bool },
    Rename { from: String, to: String },
    Chmod { path: String, mode: u16 },
    Chown { path: String, uid: Option<u32>, gid: Option<u32>, follow: bool },
    Utimes { path: String, secs: i64, follow: bool },
    SetXattr { path: String, name: String, value: Vec<u8>, follow: bool },
    RemoveXattr { path: String, name: String, follow: bool },
    Fifo { path: String },
    Device { path: String, minor: u32 },
    ReadDir { path: String },
}

/// Few names, so that operations meet.
fn path() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        6 => Just("a"), 6 => Just("b"), 5 => Just("c"), 3 => Just("d"), 2 => Just("l"), 1 => Just("."),
    ];
    let names = prop::collection::vec(name, 1..4);
    (names, prop::bool::weighted(0.05), prop::bool::weighted(0.03)).prop_map(|(names, slash, up)| {
        let mut path = names.join("/");
        if up {
            path = format!("a/../{path}");
        }
        if slash {
            path.push('/');
        }
        path
    })
}

fn target() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "a/b", "b/c", "l", "nothing", "a/"]).prop_map(str::to_owned)
}

fn xattr() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["trusted.one", "trusted.two", "user.note", "odd.name"]).prop_map(str::to_owned)
}

pub fn op() -> impl Strategy<Value = Op> {
    let mode =
        || prop::sample::select(vec![0o644_u16, 0o600, 0o755, 0o700, 0o4755, 0o2755, 0o2777, 0o1777, 0]);
    let id = || prop::option::of(prop::sample::select(vec![0_u32, 7, 1000, 3_000_000]));
    prop_oneof![
        4 => (path(), any::<[bool; 4]>()).prop_map(|(path, [write, create, exclusive, truncate])| Op::Open {
            path, write, create, exclusive: exclusive && create, truncate: truncate && write,
        }),
        6 => (path(), 0..40_usize).prop_map(|(path, len)| Op::Put { path, len }),
        4 => (path(), 1..20_usize).prop_map(|(path, len)| Op::Append { path, len }),
        3 => (path(), 0..40_u64, 1..20_usize)
            .prop_map(|(path, offset, len)| Op::WriteAt { path, offset, len }),
        3 => (path(), 0..40_u64).prop_map(|(path, len)| Op::Truncate { path, len }),
        8 => path().prop_map(|path| Op::Unlink { path }),
        8 => path().prop_map(|path| Op::Rmdir { path }),
        10 => (path(), mode()).prop_map(|(path, mode)| Op::Mkdir { path, mode }),
        3 => (target(), path()).prop_map(|(target, path)| Op::Symlink { target, path }),
        5 => (path(), path(), any::<bool>()).prop_map(|(from, to, follow)| Op::Link { from, to, follow }),
        12 => (path(), path()).prop_map(|(from, to)| Op::Rename { from, to }),
        5 => (path(), mode()).prop_map(|(path, mode)| Op::Chmod { path, mode }),
        4 => (path(), id(), id(), any::<bool>())
            .prop_map(|(path, uid, gid, follow)| Op::Chown { path, uid, gid, follow }),
        3 => (path(), 1..9_i64, any::<bool>()).prop_map(|(path, secs, follow)| Op::Utimes { path, secs, follow }),
        4 => (path(), xattr(), prop::collection::vec(any::<u8>(), 0..4), any::<bool>())
            .prop_map(|(path, name, value, follow)| Op::SetXattr { path, name, value, follow }),
        3 => (path(), xattr(), any::<bool>())
            .prop_map(|(path, name, follow)| Op::RemoveXattr { path, name, follow }),
        1 => path().prop_map(|path| Op::Fifo { path }),
        1 => (path(), 0..4_u32).prop_map(|(path, minor)| Op::Device { path, minor }),
        2 => path().prop_map(|path| Op::ReadDir { path }),
    ]
}

/// A device that does no harm to whoever opens it, or what a whiteout is.
pub fn device(number: u32) -> (u32, u32) {
    match number {
        0 => (0, 0),
        1 => (1, 3),
        _ => (1, 5),
    }
}

/// What everything begins with.
pub fn base() -> Tar {
    Tar::new()
        .clock(100)
        .dir("a", 0o755)
        .file("a/a", "lower a/a\n")
        .file("a/b", "lower a/b, which is a little longer\n")
        .dir("a/c", 0o700)
        .owner(7, 8)
        .file("a/c/a", "deep")
        .mode(0o4755)
        .dir("a/d", 0o2775)
        .owner(0, 1000)
        .dir("b", 0o711)
        .xattr("trusted.one", "1")
        .file("b/a", "")
        .hardlink("b/c", "a/b")
        .symlink("b/l", "a")
        .dir("b/d", 0o755)
        .dir("b/d/a", 0o755)
        .file("c", "a file at the top")
        .xattr("trusted.two", "2\n")
        .hardlink("d", "c")
        .symlink("l", "a")
}

/// How many sequences: `LAYERSCOPE_SEQUENCES`, or 500.
fn cases() -> u32 {
    std::env::var("LAYERSCOPE_SEQUENCES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(500)
}

/// Cases that chance meets too seldom.
fn known() -> Vec<Vec<Op>> {
    let s = str::to_owned;
    let mkdir = |path| Op::Mkdir { path: s(path), mode: 0o755 };
    let put = |path| Op::Put { path: s(path), len: 5 };
    let rename = |from, to| Op::Rename { from: s(from), to: s(to) };
    let unlink = |path| Op::Unlink { path: s(path) };
    let rmdir = |path| Op::Rmdir { path: s(path) };
    vec![
        // A directory of the container's own moves to where it is merged, is opaque there, and moves on.
        vec![mkdir("a/new"), put("a/new/f"), rename("a/new", "b/moved"), rename("b/moved", "top")],
        vec![mkdir("own"), mkdir("own/in"), mkdir("a/new"), rename("a/new", "own/in/new")],
        // In place of a deleted one, and of an empty one that is merged.
        vec![rmdir("b/d/a"), mkdir("b/new"), rename("b/new", "b/d/a"), rename("b/d/a", "b/again")],
        vec![unlink("a/c/a"), mkdir("new"), put("new/f"), rename("new", "a/c"), rename("a/c", "a/x")],
        // Names of one file.
        vec![put("f"), Op::Link { from: s("f"), to: s("g"), follow: false }, rename("f", "g"), unlink("f")],
        vec![rename("c", "d"), rename("d", "c"), put("d")],
        // A link to itself whose target ends in a slash: what would make a file there is refused before the loop is met.
        vec![
            Op::Symlink { target: s("n/"), path: s("n") },
            Op::Append { path: s("n"), len: 1 },
            put("n"),
            put("n/"),
            Op::Truncate { path: s("n"), len: 1 },
            Op::ReadDir { path: s("n") },
        ],
        // What is refused: a lower directory, one into itself, one over its own parent.
        vec![
            rename("a", "x"),
            rename("b/d", "b/e"),
            mkdir("n"),
            mkdir("n/m"),
            rename("n", "n/m/n"),
            rename("n/m", "n"),
        ],
    ]
}

#[test]
fn known_sequences_do_what_the_kernel_does() {
    if !rustix::process::geteuid().is_root() {
        return skip("overlayfs: only root may mount");
    }
    rustix::process::umask(rustix::fs::Mode::empty());
    for ops in known() {
        let mut kernel = match Kernel::new(&base().bytes()) {
            Ok(kernel) => kernel,
            Err(error) => return skip(&format!("overlayfs: it cannot be mounted: {error}")),
        };
        let mut ours = Ours::new(&base());
        for op in &ops {
            assert_eq!(ours.run(op), kernel.run(op), "{op:?} of {ops:?}: ours is left");
        }
        assert_eq!(listing::compare(&ours.upper(), &kernel.upper()), [""; 0], "{ops:?}");
        kernel.next_layer();
        ours.next_layer();
        assert_eq!(listing::compare(&ours.merged(), &kernel.merged()), [""; 0], "{ops:?}");
    }
}

#[test]
fn operations_do_what_the_kernel_does() {
    if !rustix::process::geteuid().is_root() {
        return skip("overlayfs: only root may mount");
    }
    // What is made gets the permissions that are asked for.
    rustix::process::umask(rustix::fs::Mode::empty());
    if let Err(error) = Kernel::new(&base().bytes()) {
        return skip(&format!("overlayfs: it cannot be mounted: {error}"));
    }
    let mut runner =
        TestRunner::new(Config { cases: cases(), failure_persistence: None, ..Config::default() });
    // Three rounds: what one leaves is a layer of the next.
    let rounds = prop::collection::vec(prop::collection::vec(op(), 0..25), 1..4);
    let result = runner.run(&rounds, |rounds| {
        let (mut kernel, mut ours) = (Kernel::new(&base().bytes()).unwrap(), Ours::new(&base()));
        for (round, ops) in rounds.iter().enumerate() {
            if round > 0 {
                kernel.next_layer();
                ours.next_layer();
            }
            for (step, op) in ops.iter().enumerate() {
                let (theirs, mine) = (kernel.run(op), ours.run(op));
                prop_assert_eq!(&mine, &theirs, "round {}, step {}, {:?}: ours is left", round, step, op);
            }
            let merged = listing::compare(&ours.merged(), &kernel.merged());
            prop_assert!(merged.is_empty(), "round {}, merged: {}", round, merged.join("\n"));
            let upper = listing::compare(&ours.upper(), &kernel.upper());
            prop_assert!(upper.is_empty(), "round {}, upper: {}", round, upper.join("\n"));
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
