//! One header block: fields at fixed places (POSIX pax, "ustar Interchange Format"; GNU tar manual,
//! "Basic Tar Format").

use std::ops::Range;

use bstr::{BString, ByteSlice};

use super::{BLOCK, Entry, EntryKind, SparseSegment, Timestamp, parser::Error, sparse};
use crate::anomaly::{self, Anomaly, Code};

/// A header block whose checksum is right.
pub(super) struct Header<'b> {
    block: &'b [u8; BLOCK as usize],
    /// Offset of the block in the tar.
    start: u64,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Before POSIX: no magic.
    V7,
    /// `ustar\0`: has a prefix.
    Ustar,
    /// `ustar  \0`: has times and a sparse map where ustar has its prefix.
    Gnu,
}

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const MTIME: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const TYPE_FLAG: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
const UNAME: Range<usize> = 265..297;
const GNAME: Range<usize> = 297..329;
const DEV_MAJOR: Range<usize> = 329..337;
const DEV_MINOR: Range<usize> = 337..345;
const PREFIX: Range<usize> = 345..500;
const GNU_SPARSE: Range<usize> = 386..482;
const GNU_IS_EXTENDED: usize = 482;
const GNU_REAL_SIZE: Range<usize> = 483..495;

/// A copy of a block, so that it can be read while the parser changes.
pub(super) fn block_array(block: &[u8; BLOCK as usize]) -> [u8; BLOCK as usize] {
    *block
}

/// Whether the leading bytes of a file are those of a tar: a header whose checksum is right, or the zero
/// blocks of an empty one.
pub fn looks_like(head: &[u8]) -> bool {
    let Some(block) = head.first_chunk::<{ BLOCK as usize }>() else { return false };
    block.iter().all(|&b| b == 0) || Header::new(block, 0).is_ok()
}

impl<'b> Header<'b> {
    /// Checks a block's checksum.
    pub(super) fn new(block: &'b [u8; BLOCK as usize], start: u64) -> Result<Self, Error> {
        let bad = |message: &str| Error::new(Code::TarChecksum, start, message);
        // Early tars summed signed bytes.
        let (mut unsigned, mut signed) = (0u64, 0i64);
        for (i, &byte) in block.iter().enumerate() {
            let byte = if CHECKSUM.contains(&i) { b' ' } else { byte };
            unsigned += u64::from(byte);
            signed += i64::from(byte.cast_signed());
        }
        let stated =
            octal(&block[CHECKSUM]).ok_or_else(|| bad("not a tar header: its checksum is no number"))?;
        if stated != unsigned && stated.cast_signed() != signed {
            return Err(bad("not a tar header: its checksum does not match"));
        }
        let format = match &block[MAGIC] {
            b"ustar  \0" => Format::Gnu,
            magic if magic.starts_with(b"ustar\0") => Format::Ustar,
            _ => Format::V7,
        };
        Ok(Self { block, start, format })
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    pub(super) fn type_flag(&self) -> u8 {
        self.block[TYPE_FLAG]
    }

    /// Whether this is ustar with a version other than `00`.
    pub(super) fn has_odd_version(&self) -> bool {
        self.format == Format::Ustar && &self.block[MAGIC][6..] != b"00"
    }

    /// The size field, in bytes. A wrong one makes the rest of the tar unreadable.
    pub(super) fn size(&self) -> Result<u64, Error> {
        let size = number(&self.block[SIZE]).and_then(|size| u64::try_from(size).ok());
        size.filter(|&size| size <= i64::MAX.cast_unsigned())
            .ok_or_else(|| Error::new(Code::TarField, self.start, "the size is not a number of bytes"))
    }

    /// All but sizes and offsets. A field that is no number is noted and taken as zero.
    pub(super) fn entry(&self, anomalies: &mut Vec<Anomaly>) -> Entry {
        let mut field = |range: Range<usize>, name: &str| {
            number(&self.block[range]).unwrap_or_else(|| {
                anomaly::note(
                    anomalies,
                    Code::TarField,
                    self.start,
                    format_args!("the {name} is not a number"),
                );
                0
            })
        };
        let mode = field(MODE, "mode");
        let (uid, gid) = (field(UID, "user id"), field(GID, "group id"));
        let mtime = field(MTIME, "time of modification");
        let kind = self.kind();
        let is_device = matches!(kind, EntryKind::CharDevice | EntryKind::BlockDevice);
        let device = if is_device && self.format != Format::V7 {
            (field(DEV_MAJOR, "major device number"), field(DEV_MINOR, "minor device number"))
        } else {
            (0, 0)
        };
        let text = |range: Range<usize>| BString::from(until_nul(&self.block[range]));
        let has_names = self.format != Format::V7;
        let name = |range| if has_names { text(range) } else { BString::default() };
        // What is negative or too large for the field's kind is kept as far as its bits go.
        let low_32_bits = |n: i128| n as u32;
        Entry {
            path: self.path(),
            kind,
            link: text(LINK),
            mode: low_32_bits(mode),
            uid: u64::try_from(uid).unwrap_or(u64::MAX),
            gid: u64::try_from(gid).unwrap_or(u64::MAX),
            uname: name(UNAME),
            gname: name(GNAME),
            size: 0,
            stored_size: 0,
            mtime: Timestamp { secs: saturate(mtime), nanos: 0 },
            device: (low_32_bits(device.0), low_32_bits(device.1)),
            xattrs: Vec::new(),
            sparse: Vec::new(),
            header_offset: self.start,
            body_offset: self.start + BLOCK,
        }
    }

    /// GNU's sparse map in the header itself: the runs, the size of the file, and whether blocks with more
    /// of the map follow.
    pub(super) fn gnu_sparse(&self) -> Result<(Vec<SparseSegment>, u64, bool), Error> {
        let segments = sparse::gnu_segments(&self.block[GNU_SPARSE], self.start)?;
        let size = number(&self.block[GNU_REAL_SIZE]).and_then(|size| u64::try_from(size).ok());
        let size =
            size.ok_or_else(|| Error::new(Code::TarSparse, self.start, "the sparse file has no size"))?;
        Ok((segments, size, self.block[GNU_IS_EXTENDED] != 0))
    }

    fn kind(&self) -> EntryKind {
        match self.type_flag() {
            b'0' | 0 | b'7' => EntryKind::File,
            b'S' if self.format == Format::Gnu => EntryKind::File,
            b'1' => EntryKind::HardLink,
            b'2' => EntryKind::Symlink,
            b'3' => EntryKind::CharDevice,
            b'4' => EntryKind::BlockDevice,
            b'5' => EntryKind::Directory,
            b'6' => EntryKind::Fifo,
            flag => EntryKind::Unknown(flag),
        }
    }

    fn path(&self) -> BString {
        let name = until_nul(&self.block[NAME]);
        let prefix = if self.format == Format::Ustar { until_nul(&self.block[PREFIX]) } else { &[] };
        if prefix.is_empty() { name.into() } else { [prefix, b"/", name].concat().into() }
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    &field[..field.find_byte(0).unwrap_or(field.len())]
}

fn saturate(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}

/// A numeric field: octal digits, or, with the highest bit set, a big-endian two's complement number
/// (GNU tar manual, "Extensions to the ustar format"). An empty field is zero.
pub(super) fn number(field: &[u8]) -> Option<i128> {
    match field.split_first()? {
        (&first, rest) if first & 0x80 != 0 => base_256(first, rest),
        _ => octal(field).map(i128::from),
    }
}

#[cold]
fn base_256(first: u8, rest: &[u8]) -> Option<i128> {
    // The second highest bit is the sign; what does not fit 127 bits is no number of this world.
    let start = i128::from(first & 0x7f) - if first & 0x40 != 0 { 0x80 } else { 0 };
    rest.iter().try_fold(start, |n, &byte| n.checked_mul(256)?.checked_add(i128::from(byte)))
}

/// Octal digits with spaces or NULs around them. Signs and all else are refused.
fn octal(field: &[u8]) -> Option<u64> {
    let is_blank = |b: &u8| matches!(b, b' ' | 0);
    let start = field.iter().position(|b| !is_blank(b)).unwrap_or(field.len());
    let field = &field[start..];
    let end = field.iter().position(is_blank).unwrap_or(field.len());
    field[..end].iter().try_fold(0u64, |n, &digit| match digit {
        b'0'..=b'7' => n.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_numbers_are_strict() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"  644 \0\0"), Some(0o644));
        assert_eq!(number(b"\0\0\0\0"), Some(0));
        for bad in [&b"+5\0"[..], b"-5\0", b"0x1f", b"8\0"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn base_256_numbers_have_a_sign() {
        assert_eq!(number(&[0x80, 0, 0, 1, 0]), Some(256));
        assert_eq!(number(&[0xff, 0xff, 0xff, 0xff, 0xff]), Some(-1));
        assert_eq!(number(&[0xff; 12]), Some(-1));
        let mut largest = [0xff; 12];
        largest[0] = 0xbf;
        assert!(number(&largest).is_some_and(|n| n > i128::from(u64::MAX)));
    }

    #[test]
    fn a_pdf_is_no_tar() {
        let mut pdf = b"%PDF-1.7".to_vec();
        pdf.resize(1024, b' ');
        assert!(!looks_like(&pdf));
        assert!(!looks_like(b"short"));
        assert!(looks_like(&[0; 1024]));
    }
}
