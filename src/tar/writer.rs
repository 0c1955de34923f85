//! Writes the blocks of a tar: ustar headers, with PAX records for what these have no room for (POSIX pax, "ustar
//! Interchange Format" and "pax Interchange Format").
//!
//! It writes what the parser reads: an [`Entry`] that was written and parsed again is the same, offsets aside.

use super::{BLOCK, Entry, EntryKind, SparseSegment, Timestamp};

/// The two zero blocks that end a tar.
pub const END: [u8; 2 * BLOCK as usize] = [0; 2 * BLOCK as usize];

const NAME_LEN: usize = 100;
const OWNER_LEN: usize = 32;
/// The largest numbers of seven and of eleven octal digits.
const MAX_OCTAL_7: u64 = 0o7_777_777;
const MAX_OCTAL_11: u64 = 0o77_777_777_777;

/// How many zero bytes follow a body of `len` bytes.
pub fn padding(len: u64) -> usize {
    // Less than a block.
    (len.wrapping_neg() % BLOCK) as usize
}

/// Appends the blocks of an entry that stand before its stored bytes: an extended header if it needs one, the header,
/// and for a sparse file its map. `stored_size` bytes of content, and their [`padding`], are to follow.
pub fn write_header(entry: &Entry, out: &mut Vec<u8>) {
    let map = if entry.sparse.is_empty() { Vec::new() } else { sparse_map(&entry.sparse) };
    let size = entry.stored_size + map.len() as u64;
    let records = records(entry, size);
    if !records.is_empty() {
        let extended = Entry { path: "PaxHeaders/entry".into(), ..plain(EntryKind::Unknown(b'x')) };
        out.extend_from_slice(&block(&extended, records.len() as u64));
        out.extend_from_slice(&records);
        out.resize(out.len() + padding(records.len() as u64), 0);
    }
    out.extend_from_slice(&block(entry, size));
    out.extend_from_slice(&map);
}

/// An entry of a kind, empty, owned by root, mode 0644.
pub fn plain(kind: EntryKind) -> Entry {
    Entry {
        path: Default::default(),
        kind,
        link: Default::default(),
        mode: 0o644,
        uid: 0,
        gid: 0,
        uname: Default::default(),
        gname: Default::default(),
        size: 0,
        stored_size: 0,
        mtime: Timestamp::default(),
        device: (0, 0),
        xattrs: Vec::new(),
        sparse: Vec::new(),
        header_offset: 0,
        body_offset: 0,
    }
}

/// One header block for a body of `size` bytes.
fn block(entry: &Entry, size: u64) -> [u8; BLOCK as usize] {
    let mut block = [0; BLOCK as usize];
    let mut field = |start: usize, len: usize, value: &[u8]| {
        let len = value.len().min(len);
        block[start..start + len].copy_from_slice(&value[..len]);
    };
    let name = entry_path(entry);
    // The name of a sparse file says nothing to those who do not know such files; the real one is a record.
    let name = if entry.sparse.is_empty() { name } else { [b"GNUSparseFile.0/", name.as_slice()].concat() };
    field(0, NAME_LEN, &name);
    field(100, 8, &octal(u64::from(entry.mode & 0o7777), 7));
    field(108, 8, &octal(entry.uid.min(MAX_OCTAL_7), 7));
    field(116, 8, &octal(entry.gid.min(MAX_OCTAL_7), 7));
    field(124, 12, &octal(size.min(MAX_OCTAL_11), 11));
    field(136, 12, &octal(u64::try_from(entry.mtime.secs).unwrap_or(0).min(MAX_OCTAL_11), 11));
    field(148, 8, b"        ");
    field(156, 1, &[type_flag(entry.kind)]);
    field(157, NAME_LEN, &entry.link);
    field(257, 8, b"ustar\x0000");
    field(265, OWNER_LEN, &entry.uname);
    field(297, OWNER_LEN, &entry.gname);
    field(329, 8, &device_number(entry.device.0));
    field(337, 8, &device_number(entry.device.1));
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    block[148..155].copy_from_slice(&octal(sum, 6)[..7]);
    block
}

fn type_flag(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::File => b'0',
        EntryKind::HardLink => b'1',
        EntryKind::Symlink => b'2',
        EntryKind::CharDevice => b'3',
        EntryKind::BlockDevice => b'4',
        EntryKind::Directory => b'5',
        EntryKind::Fifo => b'6',
        EntryKind::Unknown(flag) => flag,
    }
}

/// The path as it is written: a directory's ends in a slash.
fn entry_path(entry: &Entry) -> Vec<u8> {
    let mut path = entry.path.to_vec();
    if entry.kind == EntryKind::Directory && !path.ends_with(b"/") {
        path.push(b'/');
    }
    path
}

/// What the header block has no room for.
fn records(entry: &Entry, size: u64) -> Vec<u8> {
    let mut records = Vec::new();
    let mut add = |key: &[u8], value: &[u8]| records.extend(record(key, value));
    let path = entry_path(entry);
    if entry.sparse.is_empty() {
        if path.len() > NAME_LEN {
            add(b"path", &path);
        }
    } else {
        // GNU tar manual, "Storing Sparse Files", version 1.0.
        add(b"GNU.sparse.major", b"1");
        add(b"GNU.sparse.minor", b"0");
        add(b"GNU.sparse.name", &path);
        add(b"GNU.sparse.realsize", entry.size.to_string().as_bytes());
    }
    if entry.link.len() > NAME_LEN {
        add(b"linkpath", &entry.link);
    }
    if size > MAX_OCTAL_11 {
        add(b"size", size.to_string().as_bytes());
    }
    let Timestamp { secs, nanos } = entry.mtime;
    if nanos != 0 || !(0..=MAX_OCTAL_11.cast_signed()).contains(&secs) {
        add(b"mtime", time(secs, nanos).as_bytes());
    }
    for (key, id) in [(b"uid", entry.uid), (b"gid", entry.gid)] {
        if id > MAX_OCTAL_7 {
            add(key, id.to_string().as_bytes());
        }
    }
    for (key, name) in [(b"uname", &entry.uname), (b"gname", &entry.gname)] {
        if name.len() > OWNER_LEN {
            add(key, name);
        }
    }
    // A key ends at the first equals sign: an attribute with one in its name cannot be written.
    for (name, value) in entry.xattrs.iter().filter(|(name, _)| !name.contains(&b'=')) {
        add(&[b"SCHILY.xattr.", name.as_slice()].concat(), value);
    }
    records
}

/// One record, `LENGTH KEY=VALUE\n`, where the length counts itself (POSIX pax, "pax Extended Header").
fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + " =\n".len();
    let mut digits = 1;
    while (rest + digits).to_string().len() > digits {
        digits += 1;
    }
    [(rest + digits).to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

/// Seconds as a decimal number; of -1 s and 250 000 000 ns after it: `-0.75`.
fn time(secs: i64, nanos: u32) -> String {
    let total = i128::from(secs) * 1_000_000_000 + i128::from(nanos);
    let sign = if total < 0 { "-" } else { "" };
    let total = total.unsigned_abs();
    let (whole, fraction) = (total / 1_000_000_000, total % 1_000_000_000);
    if fraction == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction:09}") }
}

/// The map of a sparse file, as it stands before its stored bytes in version 1.0: decimal numbers, a line each.
fn sparse_map(segments: &[SparseSegment]) -> Vec<u8> {
    let mut map = format!("{}\n", segments.len());
    for SparseSegment { offset, len } in segments {
        map.push_str(&format!("{offset}\n{len}\n"));
    }
    let mut map = map.into_bytes();
    map.resize(map.len() + padding(map.len() as u64), 0);
    map
}

/// So many octal digits and a NUL. The number has no more of them.
fn octal(mut n: u64, digits: usize) -> Vec<u8> {
    let mut field = vec![0; digits + 1];
    for digit in field[..digits].iter_mut().rev() {
        *digit = b'0' + (n & 7) as u8;
        n >>= 3;
    }
    field
}

/// Octal, or base 256 where that has no room (GNU tar manual, "Extensions to the ustar format").
fn device_number(n: u32) -> Vec<u8> {
    if u64::from(n) <= MAX_OCTAL_7 {
        return octal(u64::from(n), 7);
    }
    let mut field = vec![0x80, 0, 0, 0];
    field.extend(n.to_be_bytes());
    field
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar::{Event, Parser};

    /// What the parser makes of a tar, and the anomalies it notes.
    fn parsed(mut tar: &[u8]) -> (Vec<Entry>, usize) {
        let (mut parser, mut entries) = (Parser::new(), Vec::new());
        loop {
            let parsed = parser.parse(tar, true).unwrap();
            tar = &tar[parsed.consumed..];
            match parsed.event {
                Some(Event::Entry(entry)) => {
                    entries.push(Entry { header_offset: 0, body_offset: 0, ..*entry });
                }
                Some(_) => {}
                None => return (entries, parser.take_anomalies().len()),
            }
        }
    }

    fn written(entries: &[Entry]) -> Vec<u8> {
        let mut tar = Vec::new();
        for entry in entries {
            write_header(entry, &mut tar);
            let body = entry.stored_size as usize;
            tar.resize(tar.len() + body + padding(entry.stored_size), 7);
        }
        tar.extend(END);
        tar
    }

    #[test]
    fn what_is_written_is_read_again() {
        let long = "d/".repeat(80) + "name";
        let secs = |secs, nanos| Timestamp { secs, nanos };
        let entries = [
            Entry { path: "d/".into(), mode: 0o1777, mtime: secs(5, 0), ..plain(EntryKind::Directory) },
            Entry { path: "f".into(), size: 700, stored_size: 700, mode: 0o4755, ..plain(EntryKind::File) },
            Entry {
                path: long.as_str().into(),
                uid: 1000,
                gid: 3_000_000,
                mtime: secs(-1, 250_000_000),
                xattrs: vec![("user.note".into(), b"a\n\0b".into())],
                ..plain(EntryKind::File)
            },
            Entry { path: "s".into(), link: long.as_str().into(), ..plain(EntryKind::Symlink) },
            Entry { path: "h".into(), link: "f".into(), ..plain(EntryKind::HardLink) },
            Entry { path: "null".into(), device: (1, 3), ..plain(EntryKind::CharDevice) },
            Entry { path: "disk".into(), device: (8, 0x00ff_ffff), ..plain(EntryKind::BlockDevice) },
            Entry { path: "pipe".into(), uname: "root".into(), ..plain(EntryKind::Fifo) },
            Entry { path: vec![0xff; 100].into(), gname: "g".repeat(40).into(), ..plain(EntryKind::File) },
        ];
        let (read, anomalies) = parsed(&written(&entries));
        assert_eq!(anomalies, 0);
        assert_eq!(read, entries);
    }

    #[test]
    fn sparse_files_keep_their_holes() {
        let sparse =
            vec![SparseSegment { offset: 1 << 30, len: 5 }, SparseSegment { offset: 1 << 40, len: 0 }];
        let path = "d/".repeat(80) + "name";
        let size = 1 << 40;
        let entry = Entry { path: path.into(), size, stored_size: 5, sparse, ..plain(EntryKind::File) };
        let (read, anomalies) = parsed(&written(std::slice::from_ref(&entry)));
        assert_eq!((read.as_slice(), anomalies), (&[entry][..], 0));
    }

    #[test]
    fn a_file_of_more_than_eight_gibibytes_has_its_size_in_a_record() {
        let size = MAX_OCTAL_11 + 1;
        let entry = Entry { path: "big".into(), size, stored_size: size, ..plain(EntryKind::File) };
        let mut header = Vec::new();
        write_header(&entry, &mut header);
        let mut parser = Parser::new();
        let Some(Event::Entry(read)) = parser.parse(&header, false).unwrap().event else {
            panic!("no entry")
        };
        assert_eq!(read.size, size);
    }
}
