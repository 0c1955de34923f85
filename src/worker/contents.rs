//! What the worker reads of layers: contents of files, comparisons, tars.

use std::ops::Range;

use web_sys::Blob;

use super::{
    protocol::{Failure, Job, Reply, Version},
    scanner::Reader,
    server::{Server, not_open},
};
use crate::{
    limits,
    platform::{BlobParts, Source},
    preview,
    session::{ContentRead, Selection, Step},
};

/// A content that was read up to a place. Who reads on there need not find it anew, which takes decoding.
pub(super) struct Bookmark {
    job: Job,
    version: Version,
    /// Offset of what comes next, in bytes.
    next: u64,
    content: ContentRead,
}

impl Bookmark {
    /// Whether it is one of this archive.
    pub(super) fn is_of(&self, job: Job) -> bool {
        self.job == job
    }
}

impl Server {
    /// A part of a version's content.
    pub(super) async fn content(
        &self,
        job: Job,
        version: Version,
        offset: u64,
        limit: u64,
    ) -> Result<Reply, Failure> {
        // What is sent is held whole, so it is bounded whatever the page asks for.
        let limit = limit.min(limits::CONTENT_REPLY);
        let fits = |mark: &mut Bookmark| mark.job == job && mark.version == version && mark.next == offset;
        let kept = self.state.borrow_mut().bookmark.take_if(fits);
        let mut content = match kept {
            Some(mark) => mark.content,
            None => self.with_session(job, |session| session.content(version, offset, u64::MAX))??,
        };
        let source = self.source(job)?;
        let size = content.size();
        let bytes = read_up_to(&source, &mut content, limit).await?;
        let next = offset.saturating_add(bytes.len() as u64);
        if next < size && !bytes.is_empty() {
            self.state.borrow_mut().bookmark = Some(Bookmark { job, version, next, content });
        }
        Ok(Reply::Content { bytes, size })
    }

    /// What differs between two versions.
    pub(super) async fn compare(
        &self,
        job: Job,
        old: Version,
        new: Version,
        hex: bool,
    ) -> Result<Reply, Failure> {
        let source = self.source(job)?;
        let mut sides = Vec::new();
        for version in [old, new] {
            let mut content =
                self.with_session(job, |session| session.content(version, 0, limits::DIFF_BYTES))??;
            let size = content.size();
            sides.push((read_up_to(&source, &mut content, u64::MAX).await?, size));
        }
        let side = |place: usize| (sides[place].0.as_slice(), sides[place].1);
        Ok(Reply::Compared(Box::new(preview::compare(side(0), side(1), hex))))
    }

    /// A whole content as a blob. What lies in the archive as it is, is not read.
    pub(super) async fn download(&self, job: Job, version: Version) -> Result<Blob, Failure> {
        let mut content = self.with_session(job, |session| session.content(version, 0, u64::MAX))??;
        let source = self.source(job)?;
        let mut parts = BlobParts::default();
        let mut reader = Reader::new(&source);
        if let Some(range) = content.direct() {
            copy(&source, range, &mut parts).await?;
            return parts.finish();
        }
        loop {
            let bytes = content.take();
            if !bytes.is_empty() {
                parts.push(&bytes)?;
                continue;
            }
            let Some(range) = content.wants() else { return parts.finish() };
            content.supply(reader.read(range, |_| None).await?)?;
        }
    }

    /// A tar as a blob. What it takes from the archive as it is, is not read; the rest is handed to the browser in pieces,
    /// so little of it is held here.
    pub(super) async fn tar(&self, job: Job, selection: Selection) -> Result<Blob, Failure> {
        let source = self.source(job)?;
        let mut export = self.with_session(job, |session| session.export(selection))??;
        let mut parts = BlobParts::default();
        let mut reader = Reader::new(&source);
        loop {
            match self.with_session(job, |session| session.step(&mut export))?? {
                Step::Bytes(bytes) => parts.push(&bytes)?,
                Step::Copy(range) => copy(&source, range, &mut parts).await?,
                Step::Read(range) => export.supply(reader.read(range, |_| None).await?)?,
                Step::Done => return parts.finish(),
            }
        }
    }

    fn source(&self, job: Job) -> Result<Source, Failure> {
        self.state.borrow().sources.get(&job).cloned().ok_or_else(not_open)
    }
}

/// How much is read at once where the browser has no blob of it, in bytes.
const COPY: u64 = 4 << 20;

/// Appends a range of what was opened: as a part of a blob where it is one, without reading.
async fn copy(source: &Source, range: Range<u64>, parts: &mut BlobParts) -> Result<(), Failure> {
    if let Ok(blob) = source.slice(range.clone()) {
        return parts.push_blob(&blob);
    }
    let mut at = range.start;
    while at < range.end {
        let end = range.end.min(at + COPY);
        parts.push(&source.start(at..end)?.bytes(0).await?)?;
        at = end;
    }
    Ok(())
}

/// The next bytes of a content, at most so many; fewer where it ends.
async fn read_up_to(source: &Source, content: &mut ContentRead, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    // What is decoded on the way to a content follows on each other.
    let mut reader = Reader::new(source);
    while (out.len() as u64) < limit {
        let bytes = content.take_up_to(limit - out.len() as u64);
        if !bytes.is_empty() {
            out.extend_from_slice(&bytes);
            continue;
        }
        let Some(range) = content.wants() else { break };
        content.supply(reader.read(range, |_| None).await?)?;
    }
    Ok(out)
}
