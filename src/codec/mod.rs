//! Compression: told by magic, undone by push decoders.
//!
//! A [`Decoder`] takes whatever input there is and fills whatever room it is given, so memory is bounded
//! by the caller's buffers however large the content claims to be.

use std::fmt;

use serde::{Deserialize, Serialize};

mod bzip2;
mod checkpoint;
mod decoder;
mod fse;
mod gzip;
mod resume;
mod sequences;
mod xz;
mod zstd;

pub use checkpoint::{Checkpoint, Checkpoints};
pub use decoder::{Decoder, Error, Progress, Status};

/// How a blob is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not compressed.
    None,
    /// gzip (RFC 1952), one or several members.
    Gzip,
    /// Zstandard (RFC 8878), one or several frames.
    Zstd,
    /// bzip2, one or several streams.
    Bzip2,
    /// xz, one or several streams.
    Xz,
}

/// The name of a compression that bytes begin like and that is not undone here.
pub fn unsupported(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x04, 0x22, 0x4d, 0x18, ..] => Some("lz4"),
        [b'L', b'Z', b'I', b'P', ..] => Some("lzip"),
        [0x89, b'L', b'Z', b'O', ..] => Some("lzop"),
        [0x1f, 0x9d, ..] => Some("compress"),
        _ => None,
    }
}

/// How many leading bytes [`Compression::sniff`] wants to see.
pub const MAGIC_LEN: usize = 6;

impl Compression {
    /// Tells the compression by the leading bytes alone; names and media types lie.
    pub fn sniff(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, 0x08, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::None,
        }
    }

    /// The lower-case name, as in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leading_bytes_tell() {
        for (head, compression) in [
            (&b"\x1f\x8b\x08\x00"[..], Compression::Gzip),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
            (b"\x5f\x2a\x4d\x18\0\0", Compression::Zstd),
            (b"BZh1", Compression::Bzip2),
            (b"\xfd7zXZ\0", Compression::Xz),
            (b"\x1f\x8b\x07", Compression::None),
            (b"\x4f\x2a\x4d\x18", Compression::None),
            (b"BZh0", Compression::None),
            (b"\xfd7zXZ", Compression::None),
            (b"", Compression::None),
        ] {
            assert_eq!(Compression::sniff(head), compression, "{head:?}");
            assert!(head.len() <= MAGIC_LEN);
        }
    }
}
