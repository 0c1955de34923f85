//! What a tar says of one file.

use bstr::BString;
use serde::{Deserialize, Serialize};

/// One member of a tar with everything its headers say, extensions applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path, verbatim: not normalised, perhaps absolute, perhaps with `..`.
    pub path: BString,
    /// What it is.
    pub kind: EntryKind,
    /// The target of a link, verbatim; empty for all else.
    pub link: BString,
    /// The whole mode field.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Owner's name, empty if none is given.
    pub uname: BString,
    /// Group's name, empty if none is given.
    pub gname: BString,
    /// Bytes of content as a reader of the file sees them; for a sparse file with its holes.
    pub size: u64,
    /// Bytes of content in the archive, without padding.
    pub stored_size: u64,
    /// Time of last modification.
    pub mtime: Timestamp,
    /// Device numbers (major, minor); zero for all but devices.
    pub device: (u32, u32),
    /// Extended attributes (`SCHILY.xattr.*`), in the order of the archive.
    pub xattrs: Vec<(BString, BString)>,
    /// Where the stored bytes of a sparse file go; empty for all else.
    pub sparse: Vec<SparseSegment>,
    /// Offset of the first header block that belongs to this entry, extension headers included.
    pub header_offset: u64,
    /// Offset of the first byte of content.
    pub body_offset: u64,
}

/// What a tar entry is (POSIX pax, "ustar Interchange Format", typeflag).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// `0`, NUL, or `7`.
    File,
    /// `1`
    HardLink,
    /// `2`
    Symlink,
    /// `3`
    CharDevice,
    /// `4`
    BlockDevice,
    /// `5`, or an old-style `0`/NUL whose name ends in a slash.
    Directory,
    /// `6`
    Fifo,
    /// Any other type flag.
    Unknown(u8),
}

/// A point in time: seconds since 1970-01-01 UTC, perhaps negative, and nanoseconds after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Timestamp {
    /// Whole seconds, rounded down.
    pub secs: i64,
    /// Nanoseconds after `secs`, below 1 000 000 000.
    pub nanos: u32,
}

/// A run of stored bytes in a sparse file; between them are holes of zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SparseSegment {
    /// Where the run stands in the file, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
}
