//! Tars of generated files, as GNU tar, bsdtar and Python write them in each of their formats.

use std::{
    collections::BTreeMap,
    fs,
    io::{Seek, SeekFrom, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use bstr::ByteSlice;
use layerscope::tar::{Entry, EntryKind};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::Config};

use crate::{
    peers::{self, Listed},
    support::tar_read::{read, read_whole},
};

/// A file to be made, at a path of a few names.
#[derive(Debug, Clone)]
struct File {
    path: Vec<String>,
    what: What,
    mode: u32,
    mtime: i64,
}

#[derive(Debug, Clone)]
enum What {
    Directory,
    Content(Vec<u8>),
    /// A file of this size with bytes at these places, in blocks of 4 KiB, and holes between them.
    Sparse(u64, Vec<u64>),
    Symlink(String),
    /// A further name of a file that is made before it.
    HardLink(prop::sample::Index),
    /// A file with an extended attribute.
    Attribute(Vec<u8>),
}

fn files() -> impl Strategy<Value = Vec<File>> {
    vec((vec(names(), 1..=3), whats(), select(vec![0o644, 0o755, 0o4711, 0o600]), times()), 1..=8).prop_map(
        |files| {
            let file = |(path, what, mode, mtime)| File { path, what, mode, mtime };
            files.into_iter().map(file).collect()
        },
    )
}

/// Names about as long as the fields for them, and much longer; without what the programs write as escapes.
fn names() -> impl Strategy<Value = String> {
    let long = |len: usize| "[a-z]".prop_map(move |c| c.repeat(len));
    prop_oneof![
        8 => "[a-zA-Z0-9._=,+-]{1,12}",
        2 => select(vec!["naïve", "資料", "=", "12 path=x"]).prop_map(|name| name.replace(' ', "_")),
        2 => select(vec![50, 98, 99, 100, 101, 154, 155, 156, 250]).prop_flat_map(long),
    ]
    .prop_map(|name| format!("f{name}").chars().take(255).collect())
}

fn whats() -> impl Strategy<Value = What> {
    let sizes = select(vec![0, 1, 511, 512, 513, 5_000]);
    let places = vec(0..64u64, 0..=24);
    prop_oneof![
        3 => Just(What::Directory),
        4 => (sizes, any::<u8>()).prop_map(|(size, byte)| What::Content(vec![byte; size])),
        3 => (1..300_000u64, places).prop_map(|(size, places)| What::Sparse(size, places)),
        2 => names().prop_map(What::Symlink),
        2 => any::<prop::sample::Index>().prop_map(What::HardLink),
        2 => vec(any::<u8>(), 1..40).prop_map(What::Attribute),
    ]
}

fn times() -> impl Strategy<Value = i64> {
    select(vec![0, 1_700_000_000, 8_589_934_591])
}

/// Makes the files; the extended attributes that the filesystem took, by path.
fn make(root: &Path, files: &[File]) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut attributes = BTreeMap::new();
    let mut made: Vec<PathBuf> = Vec::new();
    for file in files {
        let path = root.join(file.path.join("/"));
        let is_in_a_directory = fs::create_dir_all(path.parent().unwrap()).is_ok();
        if !is_in_a_directory || path.symlink_metadata().is_ok() {
            continue;
        }
        match &file.what {
            What::Directory => fs::create_dir(&path).unwrap(),
            What::Content(content) => fs::write(&path, content).unwrap(),
            What::Sparse(size, places) => sparse(&path, *size, places),
            What::Symlink(target) => {
                symlink(target, &path).unwrap();
                continue;
            }
            What::HardLink(index) => {
                if !made.is_empty() {
                    fs::hard_link(index.get(&made), &path).unwrap();
                }
                continue;
            }
            What::Attribute(value) => {
                fs::write(&path, "x").unwrap();
                if set_attribute(&path, value) {
                    attributes.insert(path.strip_prefix(root).unwrap().to_owned(), value.clone());
                }
            }
        }
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(file.mtime.cast_unsigned());
        fs::File::open(&path).unwrap().set_modified(time).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(file.mode | 0o700)).unwrap();
        // A name of a file with an attribute would have it too.
        if matches!(file.what, What::Content(_) | What::Sparse(..)) {
            made.push(path);
        }
    }
    attributes
}

fn sparse(path: &Path, size: u64, places: &[u64]) {
    let mut file = fs::File::create(path).unwrap();
    file.set_len(size).unwrap();
    for place in places.iter().map(|block| block * 4096).filter(|place| *place < size) {
        file.seek(SeekFrom::Start(place)).unwrap();
        file.write_all(&[b'x'; 4096][..(size - place).min(4096) as usize]).unwrap();
    }
}

#[cfg(target_os = "linux")]
fn set_attribute(path: &Path, value: &[u8]) -> bool {
    rustix::fs::setxattr(path, "user.note", value, rustix::fs::XattrFlags::empty()).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn set_attribute(_: &Path, _: &[u8]) -> bool {
    false
}

/// A file's content put together from what is stored of it.
fn content(entry: &Entry, stored: &[u8]) -> Vec<u8> {
    if entry.sparse.is_empty() {
        return stored.to_vec();
    }
    let mut content = vec![0; entry.size as usize];
    let mut rest = stored;
    for segment in &entry.sparse {
        let (bytes, after) = rest.split_at(segment.len as usize);
        content[segment.offset as usize..][..bytes.len()].copy_from_slice(bytes);
        rest = after;
    }
    content
}

/// A way to write a tar.
struct Writer {
    name: &'static str,
    program: &'static str,
    arguments: Vec<&'static str>,
    /// Whether extended attributes come through.
    attributes: bool,
}

const WRITE_WITH_PYTHON: &str = "
import sys, tarfile
with tarfile.open(sys.argv[2], 'w', format=getattr(tarfile, sys.argv[1])) as tar: tar.add('.')
";

/// The writers that are installed.
fn writers() -> Vec<Writer> {
    let gnu = |name, options: &[&'static str]| Writer {
        name,
        program: "tar",
        arguments: [options, &["--sort=name", "-cf", "OUT", "."]].concat(),
        attributes: options.contains(&"--xattrs"),
    };
    let bsd = |name, format| Writer {
        name,
        program: "bsdtar",
        arguments: vec!["--format", format, "-cf", "OUT", "."],
        attributes: format == "pax",
    };
    let python = |name, format| Writer {
        name,
        program: "python3",
        arguments: vec!["-c", WRITE_WITH_PYTHON, format, "OUT"],
        attributes: false,
    };
    let mut writers = Vec::new();
    if peers::is_there("tar") {
        writers.extend([
            gnu("GNU tar, v7", &["--format=v7"]),
            gnu("GNU tar, ustar", &["--format=ustar"]),
            gnu("GNU tar, oldgnu", &["--format=oldgnu", "--sparse"]),
            gnu("GNU tar, gnu", &["--format=gnu", "--sparse"]),
            gnu("GNU tar, posix", &["--format=posix", "--xattrs"]),
            gnu("GNU tar, sparse 0.0", &["--format=posix", "--xattrs", "--sparse", "--sparse-version=0.0"]),
            gnu("GNU tar, sparse 0.1", &["--format=posix", "--xattrs", "--sparse", "--sparse-version=0.1"]),
            gnu("GNU tar, sparse 1.0", &["--format=posix", "--xattrs", "--sparse", "--sparse-version=1.0"]),
        ]);
    }
    if peers::is_there("bsdtar") {
        writers.extend([
            bsd("bsdtar, v7", "v7"),
            bsd("bsdtar, ustar", "ustar"),
            bsd("bsdtar, gnutar", "gnutar"),
            bsd("bsdtar, pax", "pax"),
        ]);
    }
    if peers::python(&[]).is_some() {
        writers.extend([python("Python, GNU", "GNU_FORMAT"), python("Python, PAX", "PAX_FORMAT")]);
    }
    writers
}

/// Writes a tar of a directory. What does not fit the format is left out, and its writer says so.
fn write(writer: &Writer, root: &Path, tar: &Path) -> Vec<u8> {
    let name = tar.to_str().unwrap();
    let arguments = writer.arguments.iter().map(|&argument| if argument == "OUT" { name } else { argument });
    let output =
        Command::new(writer.program).current_dir(root).env("LC_ALL", "C.UTF-8").args(arguments).output();
    drop(output.unwrap());
    fs::read(tar).unwrap()
}

fn without_meta(listed: &[Listed]) -> Vec<Listed> {
    listed.iter().cloned().map(|entry| Listed { meta: None, ..entry }).collect()
}

/// Python shows a sparse file whose name needs a record in the directory that stands in for its map, perhaps cut
/// short as in the header: it prefers other records, and the header itself, to `GNU.sparse.name`. With the name
/// that it should have.
fn renamed(theirs: &Listed, ours: &Listed) -> Listed {
    const STAND_IN: &str = "/GNUSparseFile.";
    // The header holds 100 bytes of a name: a long directory leaves little of it, or nothing.
    let directory = ours.path.rfind_byte(b'/').map_or(&b""[..], |end| &ours.path[..end]);
    let is_cut =
        theirs.path.len() == 100 && [directory, STAND_IN.as_bytes()].concat().starts_with(&theirs.path);
    let has_stand_in = is_cut || theirs.path.contains_str(STAND_IN);
    Listed { path: if has_stand_in { &ours.path } else { &theirs.path }.clone(), ..theirs.clone() }
}

#[test]
fn what_others_write_is_read_as_they_read_it() {
    let writers = writers();
    proptest!(Config { cases: 16, max_shrink_iters: 40, failure_persistence: None, ..Config::default() }, |(files in files())| {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        fs::create_dir(&root).unwrap();
        let attributes = make(&root, &files);
        let tars: Vec<PathBuf> =
            (0..writers.len()).map(|i| directory.path().join(format!("{i}.tar"))).collect();
        let written: Vec<_> = writers.iter().zip(&tars).map(|(writer, tar)| write(writer, &root, tar)).collect();
        let python = peers::python(&tars);
        for (i, writer) in writers.iter().enumerate() {
            let found = if written[i].len() < 64 << 10 { read_whole(&written[i]) } else { read(&[&written[i]]) };
            prop_assert_eq!(&found.error, &None, "{}", writer.name);
            prop_assert!(found.anomalies.is_empty(), "{}: {:?}", writer.name, found.anomalies);
            let ours = peers::ours(&found);
            for program in ["tar", "bsdtar"] {
                if let Some(listed) = peers::program(program, &tars[i]) {
                    prop_assert_eq!(without_meta(&ours), listed, "{} by {}", writer.name, program);
                }
            }
            if let Some(python) = &python {
                let (theirs, error) = &python[i];
                prop_assert_eq!(error, &None, "{} by Python", writer.name);
                prop_assert_eq!(ours.len(), theirs.len(), "{} by Python", writer.name);
                let theirs: Vec<_> = theirs.iter().zip(&ours).map(|(a, b)| renamed(a, b)).collect();
                prop_assert_eq!(ours, theirs, "{} by Python", writer.name);
            }
            for (entry, stored, _) in &found.entries {
                if entry.kind != EntryKind::File {
                    continue;
                }
                let path = entry.path.to_path().unwrap();
                let on_disk = fs::read(root.join(path)).unwrap();
                prop_assert!(content(entry, stored) == on_disk, "{}: {:?}", writer.name, path);
                let expected = attributes.get(path.strip_prefix(".").unwrap()).filter(|_| writer.attributes);
                let note = entry.xattrs.iter().find(|(name, _)| *name == "user.note");
                prop_assert_eq!(note.map(|(_, value)| value.as_slice()), expected.map(Vec::as_slice), "{}", writer.name);
            }
        }
    });
}
