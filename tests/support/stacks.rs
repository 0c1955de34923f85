//! Random stacks of layers for property tests.
//!
//! The names are few, so that layers meet: they change, delete, hide and retype each other's entries. A
//! layer by itself is sound, as a builder would write it: no entry lies below one that is not a directory,
//! a hard link's target stands before it, and a path stands once.

use std::collections::BTreeMap;

use layerscope::fixture::{EPOCH, Tar};
use proptest::{collection::vec, prelude::*, sample::select};

/// One step of a builder.
#[derive(Debug, Clone)]
enum Step {
    Dir,
    File(u8),
    Symlink(&'static str),
    /// To one of the files that stand before it in the layer.
    Hardlink(prop::sample::Index),
    Fifo,
    Whiteout,
    Opaque,
}

/// Metadata of an entry.
#[derive(Debug, Clone)]
struct Meta {
    mode: u32,
    owner: (u64, u64),
    age: u32,
    /// The value of an extended attribute.
    note: Option<u8>,
}

/// One to five layers.
pub fn stacks() -> impl Strategy<Value = Vec<Tar>> {
    vec(layers(), 1..=5)
}

/// One layer of up to twelve entries.
pub fn layers() -> impl Strategy<Value = Tar> {
    vec((paths(), steps(), metas()), 0..=12).prop_map(|steps| {
        let mut layer = Builder { tar: Tar::new(), seen: BTreeMap::new() };
        for (path, step, meta) in steps {
            layer.add(&path, &step, &meta);
        }
        layer.tar
    })
}

fn paths() -> impl Strategy<Value = String> {
    vec(select(vec!["a", "b", "c"]), 1..=3).prop_map(|names| names.join("/"))
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Dir),
        5 => any::<u8>().prop_map(Step::File),
        2 => select(vec!["a", "b/c", "../a", "/c", "nowhere"]).prop_map(Step::Symlink),
        2 => any::<prop::sample::Index>().prop_map(Step::Hardlink),
        1 => Just(Step::Fifo),
        4 => Just(Step::Whiteout),
        2 => Just(Step::Opaque),
    ]
}

fn metas() -> impl Strategy<Value = Meta> {
    let modes = select(vec![0o755, 0o644, 0o600, 0o1777, 0o4711, 0o2750]);
    let owners = select(vec![(0, 0), (1000, 1000), (1, 3_000_000)]);
    // No newline: the `tar` crate, which reads the layers for the kernel, takes it for a record's end.
    let notes = prop::option::weighted(0.2, any::<u8>().prop_map(|byte| byte.max(b' ')));
    (modes, owners, 0..1000u32, notes).prop_map(|(mode, owner, age, note)| Meta { mode, owner, age, note })
}

/// A layer in the making that refuses what would make it unsound.
struct Builder {
    tar: Tar,
    /// What stands at a path in this layer: a type flag, `w` for a whiteout.
    seen: BTreeMap<String, u8>,
}

impl Builder {
    fn add(&mut self, path: &str, step: &Step, meta: &Meta) {
        if ancestors(path).any(|above| self.seen.get(above).is_some_and(|flag| *flag != b'5')) {
            return;
        }
        let below = format!("{path}/");
        let taken = self.seen.contains_key(path);
        let has_children = self.seen.keys().any(|other| other.starts_with(&below));
        let tar = std::mem::take(&mut self.tar);
        let (tar, flag) = match step {
            Step::Dir if !taken => (meta.put(tar.dir(path, meta.mode)), b'5'),
            Step::Opaque if !taken && meta.age.is_multiple_of(2) => {
                (meta.put(tar.opaque(path).dir(path, meta.mode)), b'5')
            }
            Step::Opaque if !taken => (meta.put(tar.dir(path, meta.mode)).opaque(path), b'5'),
            _ if taken || has_children => (tar, b' '),
            Step::File(body) => {
                let content = vec![*body; usize::from(*body)];
                (meta.put(tar.file(path, content).mode(meta.mode)), b'0')
            }
            Step::Symlink(target) => (tar.symlink(path, target).owner(meta.owner.0, meta.owner.1), b'2'),
            Step::Hardlink(index) => {
                let files: Vec<_> = self.seen.iter().filter(|(_, flag)| **flag == b'0').collect();
                match files.is_empty() {
                    true => (tar, b' '),
                    false => (tar.hardlink(path, index.get(&files).0), b'1'),
                }
            }
            Step::Fifo => (tar.fifo(path).mode(meta.mode), b'6'),
            Step::Whiteout => (tar.whiteout(path), b'w'),
            Step::Dir | Step::Opaque => (tar, b' '),
        };
        self.tar = tar;
        if flag != b' ' {
            self.seen.insert(path.to_owned(), flag);
        }
    }
}

impl Meta {
    /// Gives the latest entry of `tar` owner, time and perhaps an attribute.
    fn put(&self, tar: Tar) -> Tar {
        let secs = EPOCH - i64::from(self.age);
        let tar = tar.owner(self.owner.0, self.owner.1).mtime(secs, self.age * 1_000_000);
        match self.note {
            Some(note) => tar.xattr("user.note", [note]),
            None => tar,
        }
    }
}

/// Every path above `path`, the nearest first.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/').map(|(above, _)| above), |path| {
        path.rsplit_once('/').map(|(above, _)| above)
    })
}
