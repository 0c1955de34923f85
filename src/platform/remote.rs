//! An archive whose parts come from elsewhere, as far as they have come.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
};

use js_sys::{Array, Uint8Array};
use web_sys::Blob;

use super::{describe, from_f64, room, to_f64};
use crate::{
    digest::Digest,
    registry::{LARGE, Target, Trouble},
    worker::protocol::{Failure, FailureKind},
};

/// Bytes are given out to be read once they come to this many.
const PIECE: u64 = 2 << 20;
/// How many bytes become a blob at once while others wait for the worker.
const STEP: u64 = 8 << 20;

/// An archive of regions, each of which comes by itself. What has come is held once: by the browser as blobs, or, as making
/// them takes about as long as fetching, as loose arrays until there is time for that. Of these there are no more than
/// [`room`], and what is given out to be read or gathered for that.
#[derive(Debug)]
pub struct Remote {
    len: u64,
    /// In the order of their places, which do not overlap.
    regions: RefCell<Vec<Region>>,
    /// How many bytes lie about loose.
    loose: Cell<u64>,
    /// Where ranges of it are, if it is one file on a web server that knows ranges.
    file: Option<Target>,
    /// The `Authorization` header that ranges of it are asked for with.
    pub authorization: Option<String>,
    /// The place it is from, and the gateway it came through.
    pub place: String,
    /// See [`Remote::place`].
    pub gateway: Option<String>,
    /// The digest of the image's manifest, if it is an image of a registry or a layout.
    pub manifest: Option<Digest>,
}

#[derive(Debug, Default)]
struct Region {
    range: Range<u64>,
    target: Option<Target>,
    digest: Option<Digest>,
    wanted: bool,
    busy: bool,
    // What has come of it, from its beginning on.
    blobs: Vec<Blob>,
    /// Bytes in `blobs`.
    kept: u64,
    loose: Arrays,
    /// How many bytes are given out to be read.
    lent: u64,
    gathered: Arrays,
}

/// Arrays of bytes, one after the other.
#[derive(Debug, Default)]
struct Arrays {
    arrays: Vec<Uint8Array>,
    /// Their bytes.
    len: u64,
}

impl Remote {
    /// An archive of `len` bytes from a place, nothing of which has come.
    pub fn new(
        place: String,
        gateway: Option<String>,
        manifest: Option<Digest>,
        len: u64,
        file: Option<Target>,
    ) -> Self {
        let (regions, loose) = (RefCell::default(), Cell::default());
        Self { len, regions, loose, file, authorization: None, place, gateway, manifest }
    }

    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a part that is there already.
    ///
    /// # Errors
    ///
    /// If the browser keeps no more.
    pub fn add_bytes(&self, start: u64, bytes: &[u8]) -> Result<(), Failure> {
        let range = start..start.saturating_add(bytes.len() as u64);
        self.add(range.clone(), None, None);
        self.keep(&range, vec![Uint8Array::from(bytes)])
    }

    /// Adds a part that is to come.
    pub fn add(&self, range: Range<u64>, target: Option<Target>, digest: Option<Digest>) {
        let mut regions = self.regions.borrow_mut();
        let place = regions.partition_point(|region| region.range.start < range.start);
        regions.insert(place, Region { range, target, digest, ..Region::default() });
    }

    /// The file whose ranges are the archive's.
    pub fn file(&self) -> Option<&Target> {
        self.file.as_ref()
    }

    /// Makes sure that a range of the file is a part by itself.
    pub fn part(&self, range: &Range<u64>) {
        let known = self.regions.borrow().iter().any(|region| region.range == *range);
        if let (false, Some(file)) = (known, &self.file) {
            let target = Target {
                range: Some((range.start, range.end.saturating_sub(1))),
                is_large: range.end - range.start >= LARGE,
                ..file.clone()
            };
            self.add(range.clone(), Some(target), None);
        }
    }

    fn with<T: Default>(&self, range: &Range<u64>, work: impl FnOnce(&mut Region) -> T) -> T {
        self.find(range, work).unwrap_or_default()
    }

    fn find<T>(&self, range: &Range<u64>, work: impl FnOnce(&mut Region) -> T) -> Option<T> {
        let mut regions = self.regions.borrow_mut();
        regions.iter_mut().find(|region| region.range == *range).map(work)
    }

    /// Wants a part.
    pub fn want(&self, range: &Range<u64>) {
        self.with(range, |region| region.wanted = true);
    }

    /// Whether a part is wanted, and nobody is at it.
    pub fn is_wanted(&self, range: &Range<u64>) -> bool {
        self.with(range, |region| region.wanted && !region.busy)
    }

    /// Somebody is at a part.
    pub fn begin(&self, range: &Range<u64>) {
        self.with(range, |region| region.busy = true);
    }

    /// Nobody is at any part. What was given out and has not come back is lost.
    pub fn leave(&self) {
        for region in self.regions.borrow_mut().iter_mut() {
            region.busy = false;
            if std::mem::take(&mut region.lent) > 0 {
                region.gathered.take();
            }
        }
    }

    /// Where a part is, and its digest.
    pub fn target(&self, range: &Range<u64>) -> (Option<Target>, Option<Digest>) {
        self.with(range, |region| (region.target.clone(), region.digest.clone()))
    }

    /// How many bytes of a part have come: kept, given out, and gathered.
    pub fn filled(&self, range: &Range<u64>) -> u64 {
        self.with(range, |region| region.there() + region.lent + region.gathered.len)
    }

    /// Gathers bytes of a part. Once they are enough to be read, it gives them out; [`Remote::keep`] is to have them then, in
    /// this order.
    pub fn gather(&self, range: &Range<u64>, bytes: &Uint8Array) -> Vec<Uint8Array> {
        self.with(range, |region| {
            region.gathered.push(bytes.clone());
            if region.gathered.len >= PIECE { region.lend() } else { Vec::new() }
        })
    }

    /// Gives out what is gathered, be it little.
    pub fn lend(&self, range: &Range<u64>) -> Vec<Uint8Array> {
        self.with(range, Region::lend)
    }

    /// Keeps bytes of a part: those that were given out, or others that follow on what is there.
    ///
    /// # Errors
    ///
    /// If the browser keeps no more.
    pub fn keep(&self, range: &Range<u64>, arrays: Vec<Uint8Array>) -> Result<(), Failure> {
        let kept = self.find(range, |region| {
            let before = region.loose.len;
            arrays.into_iter().for_each(|array| region.loose.push(array));
            let len = region.loose.len - before;
            region.lent = region.lent.saturating_sub(len);
            self.loose.set(self.loose.get() + len);
            while self.loose.get() > room() && region.loose.len > 0 {
                self.loose.set(self.loose.get() - region.make_blob(STEP)?);
            }
            Ok(())
        });
        kept.unwrap_or(Ok(()))
    }

    /// Makes a blob of some of what lies about loose, unless somebody is at a part: then there is no time for that. Whether there
    /// was any.
    ///
    /// # Errors
    ///
    /// If the browser keeps no more.
    pub fn tidy(&self) -> Result<bool, Failure> {
        let mut regions = self.regions.borrow_mut();
        if regions.iter().any(|region| region.busy) {
            return Ok(false);
        }
        let Some(region) = regions.iter_mut().find(|region| region.loose.len > 0) else { return Ok(false) };
        self.loose.set(self.loose.get() - region.make_blob(STEP)?);
        Ok(true)
    }

    /// A part is there: this blob.
    pub fn fill(&self, range: &Range<u64>, blob: Blob) {
        self.with(range, |region| {
            region.kept = from_f64(blob.size());
            region.blobs = vec![blob];
        });
    }

    /// What is kept of a part as a blob: what is gathered, or given out, is not yet.
    ///
    /// # Errors
    ///
    /// If the browser keeps no more.
    pub fn kept(&self, range: &Range<u64>) -> Result<Blob, Failure> {
        let there = self.with(range, |region| region.there());
        self.slice(range.start..range.start + there)
    }

    /// A range of what has come as a blob.
    ///
    /// # Errors
    ///
    /// If it has not come yet, or the browser refuses.
    pub fn slice(&self, range: Range<u64>) -> Result<Blob, Failure> {
        let range = range.start.min(self.len)..range.end.min(self.len);
        let mut regions = self.regions.borrow_mut();
        let parts = Array::new();
        let mut at = range.start;
        for region in regions.iter_mut().filter(|r| r.range.end > range.start && r.range.start < range.end) {
            self.loose.set(self.loose.get() - region.make_blob(u64::MAX)?);
            let mut start = region.range.start;
            for piece in &region.blobs {
                let end = start + from_f64(piece.size());
                if start <= at && at < end && at < range.end {
                    let upto = end.min(range.end);
                    let part = piece.slice_with_f64_and_f64(to_f64(at - start), to_f64(upto - start));
                    let part = part.map_err(|error| refused(describe(&error)))?;
                    parts.push(&part);
                    at = upto;
                }
                start = end;
            }
        }
        if at < range.end {
            return Err(Failure {
                kind: FailureKind::Remote(Trouble::NotFetched),
                detail: format!("bytes {at} to {} have not been fetched", range.end),
                offset: Some(at),
            });
        }
        Blob::new_with_blob_sequence(&parts).map_err(|error| refused(describe(&error)))
    }

    /// Whether all of a range has come.
    pub fn has(&self, range: &Range<u64>) -> bool {
        let regions = self.regions.borrow();
        let of = |at: u64| regions.iter().find(|r| r.range.contains(&at)).map(|r| r.range.start + r.there());
        of(range.start).is_some_and(|end| end >= range.end)
    }
}

impl Region {
    /// How many bytes are there, from its beginning on.
    fn there(&self) -> u64 {
        self.kept + self.loose.len
    }

    fn lend(&mut self) -> Vec<Uint8Array> {
        self.lent += self.gathered.len;
        self.gathered.take()
    }

    /// Makes a blob of about so many loose bytes; of how many it was.
    fn make_blob(&mut self, most: u64) -> Result<u64, Failure> {
        let (mut count, mut len) = (0, 0);
        while len < most.min(self.loose.len) {
            len += u64::from(self.loose.arrays[count].length());
            count += 1;
        }
        if count > 0 {
            let parts: Array = self.loose.arrays[..count].iter().collect();
            let blob = Blob::new_with_u8_array_sequence(&parts).map_err(|error| refused(describe(&error)))?;
            self.blobs.push(blob);
            self.kept += len;
            self.loose.arrays.drain(..count);
            self.loose.len -= len;
        }
        Ok(len)
    }
}

impl Arrays {
    fn push(&mut self, array: Uint8Array) {
        self.len += u64::from(array.length());
        self.arrays.push(array);
    }

    fn take(&mut self) -> Vec<Uint8Array> {
        self.len = 0;
        std::mem::take(&mut self.arrays)
    }
}

fn refused(detail: String) -> Failure {
    Failure { kind: FailureKind::Unreadable, detail, offset: None }
}
