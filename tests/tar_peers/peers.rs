//! The three programs, and what they say of a tar.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bstr::ByteSlice;
use layerscope::tar::{Entry, EntryKind};
use serde_json::Value;

use crate::support::tar_read::Read;

/// An entry as all of them can tell of it. Paths and targets are without a trailing slash, which marks
/// directories to some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub path: Vec<u8>,
    /// `-`, `d`, `l`, `h`, `c`, `b`, `p`, or `?` for an unknown type.
    pub kind: char,
    /// Of a file, as a reader sees it; 0 for all else.
    pub size: u64,
    /// The target of a link; empty for all else.
    pub link: Vec<u8>,
    /// Mode, owner, group and whole seconds of modification; `None` for a program that does not say all.
    pub meta: Option<(u32, u64, u64, i64)>,
}

/// What this project's parser says.
pub fn ours(read: &Read) -> Vec<Listed> {
    read.entries.iter().map(|(entry, ..)| our_entry(entry)).collect()
}

fn our_entry(entry: &Entry) -> Listed {
    let kind = match entry.kind {
        EntryKind::File => '-',
        EntryKind::Directory => 'd',
        EntryKind::Symlink => 'l',
        EntryKind::HardLink => 'h',
        EntryKind::CharDevice => 'c',
        EntryKind::BlockDevice => 'b',
        EntryKind::Fifo => 'p',
        EntryKind::Unknown(_) => '?',
    };
    Listed {
        path: trimmed(&entry.path),
        kind,
        size: if kind == '-' { entry.size } else { 0 },
        link: entry.link.to_vec(),
        meta: Some((entry.mode & 0o7777, entry.uid, entry.gid, entry.mtime.secs)),
    }
}

fn trimmed(path: &[u8]) -> Vec<u8> {
    path.trim_end_with(|c| c == '/').to_vec()
}

/// Reads tars as they are named on its standard input, one a line. For each it prints one line of JSON: the
/// entries, and the error that ended them.
const PYTHON: &str = r#"
import json, math, sys, tarfile
def hexed(text): return text.encode('utf-8', 'surrogateescape').hex()
kinds = {b'0': '-', b'\0': '-', b'7': '-', b'S': '-', b'1': 'h', b'2': 'l', b'3': 'c', b'4': 'b', b'5': 'd', b'6': 'p'}
for name in sys.stdin:
    entries, error = [], None
    try:
        with tarfile.open(name.rstrip('\n'), 'r:', encoding='utf-8', errors='surrogateescape') as tar:
            for m in tar:
                kind = kinds.get(m.type, '?')
                link = hexed(m.linkname) if kind in 'hl' else ''
                entries.append([hexed(m.name), kind, m.size if kind == '-' else 0, link,
                                m.mode & 0o7777, m.uid, m.gid, math.floor(m.mtime)])
    except Exception as e:
        error = f'{type(e).__name__}: {e}'
    print(json.dumps([entries, error]))
"#;

/// What Python's tarfile says of each of some tars, and why it stopped where it did so; nothing, said aloud,
/// where there is no Python.
pub fn python(tars: &[PathBuf]) -> Option<Vec<(Vec<Listed>, Option<String>)>> {
    let spawned =
        Command::new("python3").args(["-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match spawned {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("SKIPPED: python3 not found");
            return None;
        }
        spawned => spawned.unwrap(),
    };
    let names: String = tars.iter().map(|tar| format!("{}\n", tar.display())).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(names.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said: Vec<_> = text.lines().map(python_line).collect();
    assert_eq!(said.len(), tars.len());
    Some(said)
}

fn python_line(line: &str) -> (Vec<Listed>, Option<String>) {
    let (entries, error): (Vec<Value>, Option<String>) = serde_json::from_str(line).unwrap();
    let listed = |entry: &Value| {
        let text = |i: usize| unhexed(entry[i].as_str().unwrap());
        let number = |i: usize| entry[i].as_u64().unwrap_or(u64::MAX);
        Listed {
            path: trimmed(&text(0)),
            kind: entry[1].as_str().unwrap().chars().next().unwrap(),
            size: number(2),
            link: text(3),
            meta: entry[7].as_i64().map(|mtime| (number(4) as u32, number(5), number(6), mtime)),
        }
    };
    (entries.iter().map(listed).collect(), error)
}

fn unhexed(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

/// What GNU tar or bsdtar says of a tar without spaces in its names; nothing where it is not installed or
/// another program goes by its name.
pub fn program(name: &str, tar: &Path) -> Option<Vec<Listed>> {
    let (arguments, size_at): (&[&str], _) = match name {
        "tar" => (&["--quoting-style=literal", "--numeric-owner", "--full-time", "-tvf"], 2),
        _ => (&["--numeric-owner", "-tvf"], 4),
    };
    if !is_there(name) {
        return None;
    }
    // Both would write bytes that the locale lacks as escapes.
    let output = Command::new(name).env("LC_ALL", "C.UTF-8").args(arguments).arg(tar).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name} {}: {errors}", tar.display());
    Some(output.stdout.lines().map(|line| listed(line, size_at)).collect())
}

/// Whether GNU tar (`tar`) or bsdtar is installed.
pub fn is_there(name: &str) -> bool {
    let family = if name == "tar" { "GNU tar" } else { "bsdtar" };
    let version = Command::new(name).arg("--version").output();
    let there = version.is_ok_and(|output| output.stdout.contains_str(family));
    if !there {
        eprintln!("SKIPPED: {family} not found");
    }
    there
}

/// A line of the long listing: mode, owner and so on with the size at this place, a date of two or three
/// fields, the path, and for links their target.
fn listed(line: &[u8], size_at: usize) -> Listed {
    let fields: Vec<&[u8]> = line.fields_with(|c| c == ' ').collect();
    let path_at = size_at + if size_at == 2 { 3 } else { 4 };
    let (path, link) = match fields[path_at..] {
        [path] => (path, &b""[..]),
        [path, b"->", link] | [path, b"link", b"to", link] => (path, link),
        _ => panic!("{:?}", line.as_bstr()),
    };
    let kind = match fields[0][0] {
        // bsdtar shows what a hard link is of.
        _ if fields.len() == path_at + 4 => 'h',
        kind => char::from(kind),
    };
    let size: u64 = fields[size_at].to_str().unwrap().parse().unwrap();
    Listed {
        path: trimmed(path),
        kind,
        size: if kind == '-' { size } else { 0 },
        link: link.to_vec(),
        meta: None,
    }
}

/// Writes a tar for the programs to read.
pub fn write(directory: &Path, name: &str, tar: &[u8]) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, tar).unwrap();
    path
}
