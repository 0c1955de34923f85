//! What a file of the upper directory holds: ranges of what lies elsewhere, and bytes that were written.
//!
//! A file that was copied up holds no bytes of its own: the kernel copies them, and the [`Trace`](super::Trace) counts
//! what that costs, but here the lower file is still at hand.

use std::{fmt, ops::Range, rc::Rc};

use super::{Lower, ReadAt, read::unreadable};
use crate::{overlay::FileRef, worker::protocol::Failure};

/// The content of a file, as a list of chunks.
#[derive(Debug, Clone, Default)]
pub struct Content {
    chunks: Vec<Chunk>,
    len: u64,
}

/// A run of bytes.
#[derive(Clone)]
pub enum Chunk {
    /// A range of what an entry of a lower layer holds, in bytes as a reader of the file sees them.
    Lower(FileRef, Range<u64>),
    /// A range of bytes that were written.
    Bytes(Rc<[u8]>, Range<usize>),
    /// A range of what came from elsewhere: a file of this machine, say.
    Source(Rc<dyn ReadAt>, Range<u64>),
    /// This many zeros that nobody wrote.
    Hole(u64),
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lower(file, range) => f.debug_tuple("Lower").field(file).field(range).finish(),
            Self::Bytes(_, range) => f.debug_tuple("Bytes").field(range).finish(),
            Self::Source(_, range) => f.debug_tuple("Source").field(range).finish(),
            Self::Hole(len) => f.debug_tuple("Hole").field(len).finish(),
        }
    }
}

impl Chunk {
    /// How many bytes it stands for.
    pub fn len(&self) -> u64 {
        match self {
            Self::Lower(_, range) | Self::Source(_, range) => range.end - range.start,
            Self::Bytes(_, range) => (range.end - range.start) as u64,
            Self::Hole(len) => *len,
        }
    }

    /// Whether it stands for none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part of it, within it.
    fn part(&self, part: Range<u64>) -> Self {
        let within = |range: &Range<u64>| range.start + part.start..range.start + part.end;
        match self {
            Self::Lower(file, range) => Self::Lower(*file, within(range)),
            Self::Source(source, range) => Self::Source(Rc::clone(source), within(range)),
            // Its length is that of a slice.
            Self::Bytes(bytes, range) => Self::Bytes(
                Rc::clone(bytes),
                range.start + part.start as usize..range.start + part.end as usize,
            ),
            Self::Hole(_) => Self::Hole(part.end - part.start),
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        let mut content = Self::default();
        content.push(Chunk::Bytes(bytes.into(), 0..0).whole());
        content
    }
}

impl Chunk {
    fn whole(self) -> Self {
        match self {
            Self::Bytes(bytes, _) => {
                let len = bytes.as_ref().len();
                Self::Bytes(bytes, 0..len)
            }
            other => other,
        }
    }
}

impl Content {
    /// All of what something else holds.
    pub fn of_source(source: Rc<dyn ReadAt>) -> Self {
        let len = source.len();
        let mut content = Self::default();
        content.push(Chunk::Source(source, 0..len));
        content
    }

    /// All of a lower file of `len` bytes.
    pub(super) fn of_lower(file: FileRef, len: u64) -> Self {
        let mut content = Self::default();
        content.push(Chunk::Lower(file, 0..len));
        content
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its chunks, none of them empty.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Bytes that it holds in memory.
    pub fn held(&self) -> u64 {
        let held = |chunk: &Chunk| if let Chunk::Bytes(..) = chunk { chunk.len() } else { 0 };
        self.chunks.iter().map(held).sum()
    }

    pub(super) fn push(&mut self, chunk: Chunk) {
        if !chunk.is_empty() {
            self.len = self.len.saturating_add(chunk.len());
            self.chunks.push(chunk);
        }
    }

    /// Cuts it off, or lengthens it by zeros.
    pub(super) fn truncate(&mut self, len: u64) {
        let mut cut = self.range(0..len);
        if let Some(hole) = len.checked_sub(cut.len) {
            cut.push(Chunk::Hole(hole));
        }
        *self = cut;
    }

    /// Puts bytes at an offset; zeros fill what is between the end and it.
    pub(super) fn write(&mut self, offset: u64, data: &Content) {
        let after = offset.saturating_add(data.len);
        let rest = self.range(after..u64::MAX);
        self.truncate(offset);
        for chunk in data.chunks.iter().chain(&rest.chunks) {
            self.push(chunk.clone());
        }
    }

    /// A part of it; less where it ends.
    pub fn range(&self, wanted: Range<u64>) -> Self {
        let mut part = Self::default();
        let mut at = 0;
        for chunk in &self.chunks {
            let (start, end) = (at, at + chunk.len());
            let (from, to) = (wanted.start.max(start), wanted.end.min(end));
            if from < to {
                part.push(chunk.part(from - start..to - start));
            }
            at = end;
        }
        part
    }

    /// Gives out its bytes, piece by piece.
    ///
    /// # Errors
    ///
    /// If they cannot be read, or if `sink` fails.
    pub fn read(
        &self,
        lower: &Lower<'_>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for chunk in &self.chunks {
            match chunk {
                Chunk::Lower(file, range) => lower.read(*file, range.clone(), sink)?,
                Chunk::Bytes(bytes, range) => sink(&bytes[range.clone()])?,
                Chunk::Source(source, range) => read_range(&**source, range.clone(), sink)?,
                Chunk::Hole(len) => zeros(*len, sink)?,
            }
        }
        Ok(())
    }
}

/// Gives out a range of a source, piece by piece.
pub(super) fn read_range(
    source: &dyn ReadAt,
    range: Range<u64>,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut at = range.start;
    while at < range.end {
        let bytes = source.read_at(at..range.end.min(at.saturating_add(super::read::STEP)))?;
        if bytes.is_empty() {
            return Err(unreadable("what is read ends too early"));
        }
        at += bytes.len() as u64;
        sink(&bytes)?;
    }
    Ok(())
}

/// Gives out zeros.
pub(super) fn zeros(mut len: u64, sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    let block = [0; 4096];
    while len > 0 {
        // At most 4096.
        let part = len.min(block.len() as u64) as usize;
        sink(&block[..part])?;
        len -= part as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(content: &Content) -> Vec<u8> {
        let mut out = Vec::new();
        let mut sink = |bytes: &[u8]| {
            out.extend_from_slice(bytes);
            Ok(())
        };
        content.read(&Lower::scratch(), &mut sink).unwrap();
        out
    }

    #[test]
    fn writes_land_where_they_should() {
        let mut content = Content::from(b"hello world".to_vec());
        content.write(6, &Content::from(b"W".to_vec()));
        assert_eq!(bytes(&content), b"hello World");
        content.write(13, &Content::from(b"!".to_vec()));
        assert_eq!(bytes(&content), b"hello World\0\0!");
        content.truncate(5);
        assert_eq!((bytes(&content).as_slice(), content.len()), (&b"hello"[..], 5));
        content.truncate(7);
        assert_eq!(bytes(&content), b"hello\0\0");
        content.write(0, &Content::from(b"abcdefgh".to_vec()));
        assert_eq!(bytes(&content), b"abcdefgh");
        assert_eq!(content.chunks().len(), 1);
    }

    #[test]
    fn what_lies_elsewhere_takes_no_memory() {
        let source: Rc<[u8]> = vec![7; 100].into();
        let mut content = Content::of_source(Rc::new(source));
        content.write(100, &Content::from(b"x".to_vec()));
        assert_eq!((content.len(), content.held()), (101, 1));
        assert_eq!(bytes(&content.range(98..200)), [7, 7, b'x']);
    }
}
