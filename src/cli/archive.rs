//! An archive file, read as the core asks for it.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
};

use super::Error;
use crate::{
    layer::ContentKey,
    session::{ContentRead, Opening, Session},
    worker::protocol::Failure,
};

/// An open archive and the file that it is read from.
pub(super) struct Archive {
    file: ArchiveFile,
    content_key: ContentKey,
    /// What is known of it.
    pub(super) session: Session,
}

struct ArchiveFile {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
}

impl Archive {
    /// Reads the documents of an archive, not yet its layers.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::Read(path.to_owned(), error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let mut file = ArchiveFile { path: path.to_owned(), file, buffer: Vec::new() };
        let content_key = ContentKey::random();
        let mut opening = Opening::new(metadata.len(), content_key);
        while let Some(range) = opening.wants() {
            let bytes = file.read(range)?;
            opening.supply(bytes).map_err(|failure| Error::Archive(path.to_owned(), failure))?;
        }
        let session = opening.finish().map_err(|failure| Error::Archive(path.to_owned(), failure))?;
        Ok(Self { file, content_key, session })
    }

    /// Reads every layer of every image.
    pub(super) fn read_all(&mut self) -> Result<(), Error> {
        while let Some(mut scan) = self.session.next_scan(self.content_key) {
            while let Some(range) = scan.wants() {
                scan.supply(self.file.read(range)?);
            }
            self.session.accept(scan);
        }
        Ok(())
    }

    /// Reads the layers of one image from the bottom up to `last`.
    pub(super) fn read_layers(&mut self, image: u32, last: u32) -> Result<(), Error> {
        for layer in 0..=last {
            if let Some(mut scan) = self.session.scan(image, layer, self.content_key) {
                while let Some(range) = scan.wants() {
                    scan.supply(self.file.read(range)?);
                }
                self.session.accept(scan);
            }
        }
        Ok(())
    }

    /// Reads a content piece by piece.
    pub(super) fn read_content(
        &mut self,
        mut content: ContentRead,
        mut sink: impl FnMut(&[u8]) -> io::Result<()>,
        failed: impl Fn(Failure) -> Error,
    ) -> Result<(), Error> {
        loop {
            let bytes = content.take();
            if !bytes.is_empty() {
                sink(&bytes)?;
                continue;
            }
            let Some(range) = content.wants() else { return Ok(()) };
            content.supply(self.file.read(range)?).map_err(&failed)?;
        }
    }
}

impl ArchiveFile {
    /// The bytes of a range; fewer where the file ends.
    fn read(&mut self, range: Range<u64>) -> Result<&[u8], Error> {
        self.buffer.clear();
        self.file
            .seek(SeekFrom::Start(range.start))
            .and_then(|_| (&self.file).take(range.end - range.start).read_to_end(&mut self.buffer))
            .map_err(|error| Error::Read(self.path.clone(), error))?;
        Ok(&self.buffer)
    }
}
