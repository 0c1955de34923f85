//! Reading in one go: what gives out bytes of a range at once, and the core's readers driven by it.

use std::{ops::Range, rc::Rc};

use crate::{
    session::ContentRead,
    worker::protocol::{Failure, FailureKind},
};

/// Bytes that can be read at any offset, without waiting for anything but the reading itself.
pub trait ReadAt {
    /// How many bytes there are.
    fn len(&self) -> u64;

    /// The bytes of a range; fewer where they end.
    ///
    /// # Errors
    ///
    /// If they cannot be read (any more).
    fn read_at(&self, range: Range<u64>) -> Result<Vec<u8>, Failure>;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Bytes in memory.
impl ReadAt for Rc<[u8]> {
    fn len(&self) -> u64 {
        self.as_ref().len() as u64
    }

    fn read_at(&self, range: Range<u64>) -> Result<Vec<u8>, Failure> {
        let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(self.as_ref().len());
        let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
        Ok(self[start..end].to_vec())
    }
}

/// How much is read at once, in bytes.
pub(super) const STEP: u64 = 1 << 20;

/// Reads a content to its end, piece by piece.
///
/// # Errors
///
/// If its layer is damaged or cannot be read, or if `sink` fails.
pub fn drain(
    mut content: ContentRead,
    source: &dyn ReadAt,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    loop {
        let bytes = content.take();
        if !bytes.is_empty() {
            sink(&bytes)?;
            continue;
        }
        let Some(range) = content.wants() else { return Ok(()) };
        content.supply(&source.read_at(range)?)?;
    }
}

/// A failure to read, in a word.
pub(super) fn unreadable(detail: &str) -> Failure {
    Failure { kind: FailureKind::Unreadable, detail: detail.to_owned(), offset: None }
}
