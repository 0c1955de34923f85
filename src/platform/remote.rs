//! An archive whose parts come from elsewhere, as far as they have come.

use std::{cell::RefCell, ops::Range};

use js_sys::{Array, Uint8Array};
use web_sys::Blob;

use super::{describe, from_f64, to_f64};
use crate::{
    digest::Digest,
    registry::{Target, Trouble},
    worker::protocol::{Failure, FailureKind},
};

/// Pieces are kept by the browser once they come to this many bytes.
const PIECE: u64 = 2 << 20;

/// An archive of regions, each of which comes by itself. What has come is held by the browser as blobs, once, and not in
/// this worker's memory.
#[derive(Debug)]
pub struct Remote {
    len: u64,
    /// In the order of their places, which do not overlap.
    regions: RefCell<Vec<Region>>,
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

#[derive(Debug)]
struct Region {
    range: Range<u64>,
    target: Option<Target>,
    digest: Option<Digest>,
    pieces: Vec<Blob>,
    /// Bytes in `pieces`.
    filled: u64,
    /// Bytes that are no blob yet.
    loose: Vec<Uint8Array>,
    loose_len: u64,
    wanted: bool,
    busy: bool,
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
        Self { len, regions: RefCell::default(), file, authorization: None, place, gateway, manifest }
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
        self.push(&range, &Uint8Array::from(bytes))?;
        self.flush(&range).map(drop)
    }

    /// Adds a part that is to come.
    pub fn add(&self, range: Range<u64>, target: Option<Target>, digest: Option<Digest>) {
        let mut regions = self.regions.borrow_mut();
        let place = regions.partition_point(|region| region.range.start < range.start);
        regions.insert(
            place,
            Region {
                range,
                target,
                digest,
                pieces: Vec::new(),
                filled: 0,
                loose: Vec::new(),
                loose_len: 0,
                wanted: false,
                busy: false,
            },
        );
    }

    /// The file whose ranges are the archive's.
    pub fn file(&self) -> Option<&Target> {
        self.file.as_ref()
    }

    /// Makes sure that a range of the file is a part by itself.
    pub fn part(&self, range: &Range<u64>) {
        let known = self.regions.borrow().iter().any(|region| region.range == *range);
        if let (false, Some(file)) = (known, &self.file) {
            let target = Target { range: Some((range.start, range.end.saturating_sub(1))), ..file.clone() };
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
    pub fn take(&self, range: &Range<u64>) {
        self.with(range, |region| region.busy = true);
    }

    /// Nobody is at any part.
    pub fn leave(&self) {
        self.regions.borrow_mut().iter_mut().for_each(|region| region.busy = false);
    }

    /// Where a part is, and its digest.
    pub fn target(&self, range: &Range<u64>) -> (Option<Target>, Option<Digest>) {
        self.with(range, |region| (region.target.clone(), region.digest.clone()))
    }

    /// How many bytes of a part have come.
    pub fn filled(&self, range: &Range<u64>) -> u64 {
        self.with(range, |region| region.filled + region.loose_len)
    }

    /// Takes bytes of a part. Once they are enough for a blob, which is kept, it gives them out again.
    ///
    /// # Errors
    ///
    /// If the browser keeps no more.
    pub fn push(&self, range: &Range<u64>, bytes: &Uint8Array) -> Result<Vec<Uint8Array>, Failure> {
        let pushed = self.find(range, |region| {
            region.loose_len += u64::from(bytes.length());
            region.loose.push(bytes.clone());
            if region.loose_len >= PIECE { region.flush() } else { Ok(Vec::new()) }
        });
        pushed.unwrap_or_else(|| Ok(Vec::new()))
    }

    /// Makes a blob of the bytes that are none yet, and gives them out.
    ///
    /// # Errors
    ///
    /// If the browser keeps no more.
    pub fn flush(&self, range: &Range<u64>) -> Result<Vec<Uint8Array>, Failure> {
        self.find(range, Region::flush).unwrap_or_else(|| Ok(Vec::new()))
    }

    /// A part is there: this blob.
    pub fn fill(&self, range: &Range<u64>, blob: Blob) {
        self.with(range, |region| {
            region.filled = from_f64(blob.size());
            region.pieces = vec![blob];
            region.loose.clear();
            region.loose_len = 0;
        });
    }

    /// The pieces of a part that have come.
    pub fn pieces(&self, range: &Range<u64>) -> Vec<Blob> {
        self.with(range, |region| region.pieces.clone())
    }

    /// A range of what has come as a blob.
    ///
    /// # Errors
    ///
    /// If it has not come yet, or the browser refuses.
    pub fn slice(&self, range: Range<u64>) -> Result<Blob, Failure> {
        let range = range.start.min(self.len)..range.end.min(self.len);
        let regions = self.regions.borrow();
        let parts = Array::new();
        let mut at = range.start;
        for region in regions.iter().filter(|region| region.range.end > range.start) {
            let mut start = region.range.start;
            for piece in &region.pieces {
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
        let of = |at: u64| regions.iter().find(|r| r.range.contains(&at)).map(|r| r.range.start + r.filled);
        of(range.start).is_some_and(|end| end >= range.end)
    }
}

impl Region {
    fn flush(&mut self) -> Result<Vec<Uint8Array>, Failure> {
        if self.loose_len > 0 {
            let parts: Array = self.loose.iter().collect();
            let piece =
                Blob::new_with_u8_array_sequence(&parts).map_err(|error| refused(describe(&error)))?;
            self.pieces.push(piece);
            self.filled += std::mem::take(&mut self.loose_len);
        }
        Ok(std::mem::take(&mut self.loose))
    }
}

fn refused(detail: String) -> Failure {
    Failure { kind: FailureKind::Unreadable, detail, offset: None }
}
