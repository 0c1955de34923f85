//! What is to be written, as a list of parts: bytes, and ranges of what is open. Nothing large is held in memory.

use std::{ops::Range, rc::Rc};

use super::{
    ArchiveId, Archives, Content, Lower, ReadAt,
    content::{Chunk, read_range, zeros},
    read::unreadable,
    stream::Stream,
};
use crate::{
    overlay::FileRef,
    session::{BlobPlace, StoredLayer},
    worker::protocol::{Failure, Version},
};

/// Parts, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Rope {
    parts: Vec<Part>,
    len: u64,
}

/// A part of a [`Rope`].
#[derive(Clone)]
pub enum Part {
    /// These bytes.
    Bytes(Rc<[u8]>),
    /// A range of an archive, as it is.
    Archive(ArchiveId, Range<u64>),
    /// The blob of a layer, which has to be decoded out of its archive.
    Blob(ArchiveId, Box<StoredLayer>),
    /// A range of a file of an image, in bytes as a reader of the file sees them.
    File(ArchiveId, u32, FileRef, Range<u64>),
    /// A range of what came from elsewhere.
    Source(Rc<dyn ReadAt>, Range<u64>),
    /// So many zeros.
    Zeros(u64),
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({} bytes)", self.len())
    }
}

impl Part {
    /// How many bytes it is.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.as_ref().len() as u64,
            Self::Archive(_, range) | Self::File(.., range) | Self::Source(_, range) => {
                range.end - range.start
            }
            Self::Blob(_, layer) => layer.stored_size,
            Self::Zeros(len) => *len,
        }
    }

    /// Whether it is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Rope {
    /// Its parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// How many bytes it is.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a part.
    pub fn push(&mut self, part: Part) {
        if !part.is_empty() {
            self.len = self.len.saturating_add(part.len());
            self.parts.push(part);
        }
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: Vec<u8>) {
        self.push(Part::Bytes(bytes.into()));
    }

    /// Adds the content of a file of a container over an image.
    pub(crate) fn content(&mut self, content: &Content, image: Option<(ArchiveId, u32)>) {
        for chunk in content.chunks() {
            self.push(match chunk {
                Chunk::Lower(file, range) => match image {
                    Some((archive, image)) => Part::File(archive, image, *file, range.clone()),
                    None => continue,
                },
                Chunk::Bytes(bytes, range) if range.len() == bytes.as_ref().len() => {
                    Part::Bytes(Rc::clone(bytes))
                }
                Chunk::Bytes(bytes, range) => Part::Bytes(bytes[range.clone()].into()),
                Chunk::Source(source, range) => Part::Source(Rc::clone(source), range.clone()),
                Chunk::Hole(len) => Part::Zeros(*len),
            });
        }
    }

    /// Adds a layer's blob.
    pub(super) fn blob(&mut self, archive: ArchiveId, layer: StoredLayer) {
        self.push(match &layer.place {
            BlobPlace::Memory(bytes) => Part::Bytes(Rc::clone(bytes)),
            BlobPlace::Archive(crate::codec::Compression::None, range) => {
                Part::Archive(archive, range.clone())
            }
            BlobPlace::Archive(..) => Part::Blob(archive, Box::new(layer)),
        });
    }

    /// Writes all of it.
    ///
    /// # Errors
    ///
    /// If an archive can no longer be read, or if `sink` fails.
    pub fn write(
        &self,
        archives: &Archives,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut files = Files::default();
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => sink(bytes)?,
                Part::Archive(archive, range) => {
                    read_range(&*opened(archives, *archive)?.source, range.clone(), sink)?;
                }
                Part::Blob(archive, layer) => {
                    let mut passed = 0;
                    Stream::blob(layer, &opened(archives, *archive)?.source).read_to_end(&mut |bytes| {
                        passed += bytes.len() as u64;
                        sink(bytes)
                    })?;
                    if passed != layer.stored_size {
                        return Err(unreadable("the archive ends too early"));
                    }
                }
                Part::File(archive, image, file, range) => {
                    files.read(archives, (*archive, *image), *file, range.clone(), sink)?;
                }
                Part::Source(source, range) => read_range(&**source, range.clone(), sink)?,
                Part::Zeros(len) => zeros(*len, sink)?,
            }
        }
        Ok(())
    }

    /// The same, where files that stand in their archives as they are have become ranges of these: a page makes blobs of
    /// them without reading a byte.
    pub fn direct(&self, archives: &Archives) -> Self {
        let mut direct = Self::default();
        for part in &self.parts {
            let place = match part {
                Part::File(archive, image, file, range) => archives.get(archive).and_then(|opened| {
                    let version = Version { image: *image, layer: file.layer.0, entry: file.entry.0 };
                    let len = range.end - range.start;
                    let place = opened.session.content(version, range.start, len).ok()?.direct()?;
                    (place.end - place.start == len).then_some(Part::Archive(*archive, place))
                }),
                _ => None,
            };
            direct.push(place.unwrap_or_else(|| part.clone()));
        }
        direct
    }

    /// All of it in one piece.
    ///
    /// # Errors
    ///
    /// As [`Rope::write`].
    pub fn to_vec(&self, archives: &Archives) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        self.write(archives, &mut |bytes| {
            out.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(out)
    }
}

fn opened(archives: &Archives, archive: ArchiveId) -> Result<&super::Opened, Failure> {
    archives.get(&archive).ok_or_else(|| unreadable("the archive is closed"))
}

/// Reads files of compressed layers, each layer once as long as they come in its order.
#[derive(Default)]
struct Files {
    layer: Option<((ArchiveId, u32, u32), Stream)>,
}

impl Files {
    fn read(
        &mut self,
        archives: &Archives,
        (archive, image): (ArchiveId, u32),
        file: FileRef,
        range: Range<u64>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let opened = opened(archives, archive)?;
        let session = &opened.session;
        let stack = session.stack(image).filter(|stack| file.layer.0 < stack.len());
        let stack = stack.ok_or_else(|| unreadable("there is no such layer"))?;
        let (index, record) = (stack.layer(file.layer), stack.record(file));
        let stored = session.stored_layer(image, file.layer.0);
        let is_direct = stored.as_ref().is_none_or(|stored| {
            let outer = matches!(&stored.place, BlobPlace::Archive(outer, _) if *outer != crate::codec::Compression::None);
            stored.compression == crate::codec::Compression::None && !outer
        });
        let (Some(stored), true) = (stored, !is_direct && index.sparse(record).is_empty()) else {
            let lower = Lower::new(session, image, stack.len(), &*opened.source);
            return lower.read(file, range, sink);
        };
        let body = record.body_offset();
        let wanted = body.saturating_add(range.start)..body.saturating_add(range.end);
        let key = (archive, image, file.layer.0);
        let stream = match self.layer.take() {
            Some((same, stream)) if same == key && stream.position() <= wanted.start => stream,
            _ => Stream::tar(&stored, &opened.source),
        };
        let (_, stream) = self.layer.insert((key, stream));
        stream.read(wanted, sink)
    }
}
