//! What lies in a directory, as a list that two programs' results are compared by.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
};

use layerscope::digest::Digest;

/// One path of a filesystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path without a leading slash.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes of content of a file, else 0.
    pub size: u64,
    /// Time of last modification, seconds and nanoseconds; `None` if it says nothing.
    pub mtime: Option<(i64, u32)>,
    /// The target of a symbolic link.
    pub link: Vec<u8>,
    /// Device numbers, major and minor.
    pub device: (u32, u32),
    /// The digest of a file's content.
    pub digest: Option<Digest>,
    /// The first path of those that are the same file, if there are several.
    pub links_with: Option<Vec<u8>>,
    /// Extended attributes, sorted; without those of overlayfs and of security modules.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether no layer has an entry for this directory, so that its metadata is anybody's choice.
    pub implied: bool,
}

/// What an [`Entry`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Dir,
    Symlink,
    Char,
    Block,
    Fifo,
    Socket,
}

/// The time of last modification of directories that no entry made.
pub const IMPLIED_TIME: i64 = 1;

pub fn digest(bytes: &[u8]) -> Digest {
    Digest::sha256(bytes)
}

/// Everything below `root`, sorted by path bytes. The root itself is left out.
pub fn list(root: &Path) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut inodes: HashMap<(u64, u64), Vec<usize>> = HashMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for child in fs::read_dir(&directory).unwrap() {
            let path = child.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                pending.push(path.clone());
            } else {
                inodes.entry((metadata.dev(), metadata.ino())).or_default().push(entries.len());
            }
            entries.push(entry(root, &path, &metadata));
        }
    }
    for group in inodes.values().filter(|group| group.len() > 1) {
        let first = group.iter().map(|&index| entries[index].path.clone()).min();
        for &index in group {
            entries[index].links_with.clone_from(&first);
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

fn entry(root: &Path, path: &Path, metadata: &fs::Metadata) -> Entry {
    let kind = match metadata.mode() & 0o170_000 {
        0o100_000 => Kind::File,
        0o040_000 => Kind::Dir,
        0o120_000 => Kind::Symlink,
        0o020_000 => Kind::Char,
        0o060_000 => Kind::Block,
        0o010_000 => Kind::Fifo,
        _ => Kind::Socket,
    };
    let is_device = matches!(kind, Kind::Char | Kind::Block);
    let rdev = metadata.rdev();
    Entry {
        path: path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec(),
        kind,
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
        size: if kind == Kind::File { metadata.len() } else { 0 },
        mtime: Some((metadata.mtime(), metadata.mtime_nsec() as u32)),
        link: match kind {
            Kind::Symlink => fs::read_link(path).unwrap().as_os_str().as_bytes().to_vec(),
            _ => Vec::new(),
        },
        device: if is_device { (rustix::fs::major(rdev), rustix::fs::minor(rdev)) } else { (0, 0) },
        digest: (kind == Kind::File).then(|| digest(&fs::read(path).unwrap())),
        links_with: None,
        xattrs: xattrs(path),
        implied: kind == Kind::Dir && metadata.mtime() == IMPLIED_TIME,
    }
}

/// The extended attributes of `path`, which may be a link, that an image could have set.
pub fn xattrs(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut names = vec![0; 64 << 10];
    let len = rustix::fs::llistxattr(path, &mut names[..]).unwrap();
    let mut xattrs: Vec<_> = names[..len]
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty() && !is_private(name))
        .map(|name| {
            let mut value = vec![0; 64 << 10];
            let len = rustix::fs::lgetxattr(path, name, &mut value[..]).unwrap();
            value.truncate(len);
            (name.to_vec(), value)
        })
        .collect();
    xattrs.sort();
    xattrs
}

fn is_private(name: &[u8]) -> bool {
    name.starts_with(b"trusted.overlay.")
        || name == b"security.selinux"
        || name.starts_with(b"user.rootlesscontainers")
}

/// How two listings differ, one line each. Of a directory that is implied in either only the kind counts.
pub fn compare(ours: &[Entry], theirs: &[Entry]) -> Vec<String> {
    let by_path = |entries: &[Entry]| -> HashMap<Vec<u8>, Entry> {
        entries.iter().map(|entry| (entry.path.clone(), entry.clone())).collect()
    };
    let (mut ours, mut theirs) = (by_path(ours), by_path(theirs));
    let mut paths: Vec<_> = ours.keys().chain(theirs.keys()).cloned().collect();
    paths.sort();
    paths.dedup();
    let mut differences = Vec::new();
    for path in paths {
        let name = String::from_utf8_lossy(&path).into_owned();
        match (ours.get_mut(&path), theirs.get_mut(&path)) {
            (Some(left), Some(right)) => {
                if (left.implied || right.implied) && left.kind == right.kind {
                    continue;
                }
                if left.mtime.is_none() || right.mtime.is_none() {
                    (left.mtime, right.mtime) = (None, None);
                }
                if left != right {
                    differences.push(format!("{name}: {left:?}\n   is not {right:?}"));
                }
            }
            (Some(left), None) => differences.push(format!("{name}: only ours has {left:?}")),
            (None, right) => differences.push(format!("{name}: only theirs has {right:?}")),
        }
    }
    differences
}

/// How `ours` differs from what umoci extracted. Like container engines we make the directory that a whiteout
/// stands in; umoci does not, so it may lack such directories where they hold nothing else.
pub fn compare_with_umoci(ours: &[Entry], umoci: &[Entry]) -> Vec<String> {
    let theirs: HashSet<_> = umoci.iter().map(|entry| &entry.path).collect();
    let made: Vec<_> = ours.iter().filter(|entry| !entry.implied).map(|entry| &entry.path).collect();
    let holds =
        |above: &[u8], path: &[u8]| path.strip_prefix(above).is_some_and(|rest| rest.starts_with(b"/"));
    let counts = |entry: &&Entry| {
        !entry.implied || theirs.contains(&entry.path) || made.iter().any(|path| holds(&entry.path, path))
    };
    let ours: Vec<_> = ours.iter().filter(counts).cloned().collect();
    compare(&ours, umoci)
}
