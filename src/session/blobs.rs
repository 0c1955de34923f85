//! Blobs of an open archive by their digest.

use std::ops::Range;

use super::Session;
use crate::{codec::Compression, digest::Digest};

impl Session {
    /// Where in the archive a blob with this digest lies, in bytes; `None` unless all of it was read and has that digest,
    /// or if the archive is compressed as a whole.
    pub fn verified_blob(&self, digest: &Digest) -> Option<Range<u64>> {
        let (member, blob) = self.blobs.iter().find(|(_, blob)| blob.digest.as_ref() == Some(digest))?;
        let start = self.members[member.0 as usize].offset;
        let end = start.checked_add(blob.stored_size)?;
        // What was made here lies in memory.
        (self.outer == Compression::None && end <= self.len).then_some(start..end)
    }
}
