//! Layers that can be pulled file by file, known by how their blobs end.

use serde::{Deserialize, Serialize};

/// How a blob is laid out so that its files can be fetched one at a time. To any other reader it is a layer like others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lazy {
    /// gzip with a member for each file, and a table of contents (stargz-snapshotter, docs/estargz.md).
    Estargz,
    /// zstd with a frame for each file, and a table of contents in skippable frames (containers/storage,
    /// `pkg/chunked`).
    ZstdChunked,
}

impl Lazy {
    /// The name of the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Estargz => "eStargz",
            Self::ZstdChunked => "zstd:chunked",
        }
    }
}

/// The longest of the ends, in bytes.
const LEN: usize = 51;
/// A gzip member without content, whose extra field leads to the table of contents and ends with this; of its last
/// version, and of the one before, which has no subfield.
const ESTARGZ: &[u8] = b"STARGZ";
const ESTARGZ_LENS: [usize; 2] = [51, 47];
/// An empty stored block of deflate, its checksum and its length: what stands behind the extra field.
const GZIP_END: usize = 5 + 8;
/// The last bytes of the skippable frame that leads to the table of contents.
const ZSTD_CHUNKED: &[u8] = b"GNUlInUx";

/// The last bytes of a blob as it passes.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let last = &bytes[bytes.len().saturating_sub(LEN)..];
        let stay = self.0.len().min(LEN - last.len());
        self.0.drain(..self.0.len() - stay);
        self.0.extend_from_slice(last);
    }

    /// What the end says.
    pub(super) fn lazy(&self) -> Option<Lazy> {
        let is_estargz = |&len: &usize| {
            let Some(start) = self.0.len().checked_sub(len) else { return false };
            let end = &self.0[start..];
            // The member's header: gzip, deflate, an extra field and nothing else.
            end.starts_with(&[0x1f, 0x8b, 8, 4]) && end[..len - GZIP_END].ends_with(ESTARGZ)
        };
        if ESTARGZ_LENS.iter().any(is_estargz) {
            Some(Lazy::Estargz)
        } else if self.0.ends_with(ZSTD_CHUNKED) {
            Some(Lazy::ZstdChunked)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Pack, Tar};

    fn lazy(blob: &[u8], step: usize) -> Option<Lazy> {
        let mut tail = Tail::default();
        blob.chunks(step).for_each(|chunk| tail.push(chunk));
        tail.lazy()
    }

    #[test]
    fn the_end_of_a_blob_tells_in_pieces_of_any_size() {
        let tar = Tar::new().file("a", "1");
        let (estargz, chunked) = (tar.estargz().blob, tar.zstd_chunked().blob);
        for step in [1, 7, 50, 51, 52, 1 << 20] {
            assert_eq!(lazy(&estargz, step), Some(Lazy::Estargz), "{step}");
            assert_eq!(lazy(&chunked, step), Some(Lazy::ZstdChunked), "{step}");
            assert_eq!(lazy(&Pack::Gzip.pack(&tar.bytes()), step), None);
            assert_eq!(lazy(&estargz[..estargz.len() - 1], step), None);
        }
        assert_eq!(lazy(b"STARGZ", 1), None);
    }
}
