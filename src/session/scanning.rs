//! What of an archive has to be read for its layers, and how it is carried out.
//!
//! A [`ScanJob`] is plain data: it can be sent to another thread or worker, carried out there as a [`LayerScan`], and
//! what it [`Found`] be sent back to [`Session::accept`].

use std::{cmp::Reverse, ops::Range};

use serde::{Deserialize, Serialize};

use super::{Session, stated_compression};
use crate::{
    codec::{Compression, MAGIC_LEN},
    digest::{Digest, Hashing, Here},
    image::{LayerRef, Member, MemberId},
    layer::{Algorithms, ContentKey, Listed, Look, Scan, Scanned},
    limits::Limits,
};

/// What a blob is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// To list its entries soon. A large uncompressed tar is looked at without the contents of its files; all else is
    /// read whole.
    List,
    /// To know everything, digests and contents included.
    Verify,
}

/// The reading of one blob.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScanJob {
    member: MemberId,
    place: (u32, u32),
    range: Range<u64>,
    task: Task,
    /// Its entries are known already.
    is_listed: bool,
    /// It is stated to be compressed.
    expands: bool,
    content_key: ContentKey,
    algorithms: Algorithms,
    limits: Limits,
}

/// What was found in a blob.
#[derive(Debug, Serialize, Deserialize)]
pub struct Found {
    pub(super) member: MemberId,
    pub(super) what: What,
}

impl Found {
    /// How many bytes of it are windows of checkpoints.
    pub fn windows_len(&self) -> u64 {
        match &self.what {
            What::Listed(_) => 0,
            What::Scanned(scanned) | What::Verified(scanned) => scanned.checkpoints.windows_len(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum What {
    Listed(Listed),
    Scanned(Scanned),
    /// All but the entries, which were listed before: they need not travel again.
    Verified(Scanned),
}

impl Session {
    /// The next blob to be read for a task; `None` once all that needs it is read or being read. Blobs of the first
    /// images come first, and of an image the largest: where several are read at once, it should not be the last.
    ///
    /// It counts as being read until it is accepted, or [`Session::abandon_scans`] is called.
    pub fn next_scan(&mut self, task: Task) -> Option<ScanJob> {
        let images = self.archive.images.iter().enumerate();
        let places = images.flat_map(|(i, image)| (0..image.layers.len()).map(move |l| (i as u32, l as u32)));
        let jobs = places.filter_map(|(image, layer)| self.scan(image, layer, task));
        let jobs = jobs.filter(|job| !self.scanning.contains(&job.member));
        let job = jobs.min_by_key(|job| (job.place.0, Reverse(job.range.end - job.range.start)))?;
        self.scanning.insert(job.member);
        Some(job)
    }

    /// The reading of one layer for a task; `None` if that has been done, or the blob is missing.
    pub fn scan(&self, image: u32, layer: u32, task: Task) -> Option<ScanJob> {
        let stated = self.archive.images.get(image as usize)?.layers.get(layer as usize)?;
        let is_done = |member: &MemberId| match (self.blobs.get(member), task) {
            (None, _) => false,
            (Some(_), Task::List) => true,
            (Some(blob), Task::Verify) => blob.digest.is_some(),
        };
        let member = stated.member.filter(|member| !is_done(member))?;
        let Member { offset, size, .. } = self.members[member.0 as usize];
        // Of a compressed archive, the offsets are those of what it decodes to.
        let len = if self.outer == Compression::None { self.len } else { u64::MAX };
        let end = offset.saturating_add(size).min(len);
        let compression = stated.media_type.as_deref().and_then(stated_compression);
        Some(ScanJob {
            member,
            place: (image, layer),
            range: offset.min(end)..end,
            task,
            // Of what is known from before, the entries are needed should it have changed.
            is_listed: self.blobs.contains_key(&member) && !self.recalled.contains_key(&member),
            expands: compression.is_some_and(|compression| compression != Compression::None),
            content_key: self.content_key,
            algorithms: algorithms(stated),
            limits: self.limits,
        })
    }

    /// What is being read will not be accepted: [`Session::next_scan`] gives it out anew.
    pub fn abandon_scans(&mut self) {
        self.scanning.clear();
    }

    /// Takes on what was found. What follows from it is in [`Session::take_events`]. Whether it agrees with what was known from
    /// before, if anything was.
    pub fn accept(&mut self, found: Found) -> bool {
        let Found { member, what } = found;
        self.scanning.remove(&member);
        if let Some(digest) = self.recalled.remove(&member) {
            return self.accept_recalled(member, &digest, what);
        }
        let was_listed = self.blobs.contains_key(&member);
        self.keep(member, what);
        if was_listed {
            self.merge_contents(member);
        } else {
            self.merge();
        }
        true
    }
}

fn algorithms(layer: &LayerRef) -> Algorithms {
    let default = Algorithms::default();
    Algorithms {
        blob: layer.stated_digest.as_ref().map_or(default.blob, Digest::algorithm),
        diff_id: layer.stated_diff_id.as_ref().map_or(default.diff_id, Digest::algorithm),
    }
}

impl ScanJob {
    /// The member of the archive that is read.
    pub fn member(&self) -> MemberId {
        self.member
    }

    /// Where in the archive the blob lies, in bytes.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// What it is read for.
    pub fn task(&self) -> Task {
        self.task
    }

    /// The first image and layer that the blob belongs to.
    pub fn place(&self) -> (u32, u32) {
        self.place
    }

    /// How many of `room` bytes it can make use of to hold what is hashed. What a compressed blob expands to is a guess, and what
    /// is only looked at is not hashed.
    pub fn held(&self, room: u64) -> u64 {
        let len = self.range.end - self.range.start;
        let most = match self.task {
            _ if self.is_listed => len,
            _ if self.expands => len.saturating_mul(1 + EXPANDS),
            Task::List if len > LOOK_FROM => 0,
            Task::List | Task::Verify => len,
        };
        if len <= room { most.min(room) } else { 0 }
    }

    /// Begins with it.
    pub fn start(self) -> LayerScan {
        self.start_with(Box::new(Here))
    }

    /// Begins with it, and has its bytes hashed elsewhere.
    pub fn start_with(self, hashing: Box<dyn Hashing>) -> LayerScan {
        let is_small = self.range.end - self.range.start <= LOOK_FROM;
        let mut scan = LayerScan {
            position: self.range.start,
            job: self,
            step: STEP_MIN,
            stage: Stage::Sniffing,
            hashing: Some(hashing),
        };
        if is_small || scan.job.task != Task::List {
            (scan.step, scan.stage) = (STEP, scan.scanning());
        }
        scan
    }

    pub(super) fn new_scan(&self) -> Scan {
        let scan = Scan::new(self.content_key, self.algorithms, self.limits);
        if self.is_listed { scan.of_listed() } else { scan }
    }
}

/// A [`ScanJob`] under way: ask [`LayerScan::wants`] for a range, read it, give it to [`LayerScan::supply`], until it
/// wants nothing; then [`LayerScan::finish`] it.
pub struct LayerScan {
    job: ScanJob,
    /// Where in the archive the next read begins, in bytes.
    position: u64,
    /// How much is read there at once, in bytes.
    step: u64,
    stage: Stage,
    /// Until it is begun with.
    hashing: Option<Box<dyn Hashing>>,
}

enum Stage {
    /// The first bytes have to tell whether the blob is compressed.
    Sniffing,
    Looking(Box<Look>),
    Scanning(Box<Scan>),
}

/// How much of a layer is read at once, in bytes.
const STEP: u64 = 2 << 20;
/// How much is read at first where something was jumped over, in bytes: another jump may follow. It doubles up to
/// [`STEP`].
const STEP_MIN: u64 = 64 << 10;
/// Up to this length, in bytes, an uncompressed blob is read whole in less time than it takes to read it twice.
const LOOK_FROM: u64 = 4 << 20;
/// What a compressed layer is taken to expand to, in times its own length.
const EXPANDS: u64 = 3;
/// Shorter jumps gain nothing: the bytes are parsed in the time that it takes to begin a read.
const JUMP_FROM: u64 = 512 << 10;

impl LayerScan {
    /// What it carries out.
    pub fn job(&self) -> &ScanJob {
        &self.job
    }

    /// The byte range of the archive that is needed next; `None` once there is nothing more to read.
    pub fn wants(&self) -> Option<Range<u64>> {
        self.step_from(self.position, self.step)
    }

    /// What will be wanted after `range`, unless it turns out not to be needed.
    pub fn wants_after(&self, range: &Range<u64>) -> Option<Range<u64>> {
        self.step_from(range.end, STEP.min(2 * (range.end - range.start)))
    }

    fn step_from(&self, start: u64, step: u64) -> Option<Range<u64>> {
        let end = self.job.range.end;
        (start < end).then(|| start..end.min(start.saturating_add(step)))
    }

    /// Takes the bytes of the range that [`LayerScan::wants`] named, or the first of them. None at all mean that the archive
    /// ends there.
    pub fn supply(&mut self, bytes: &[u8]) {
        if let Stage::Sniffing = self.stage {
            let ScanJob { content_key, limits, .. } = self.job;
            self.stage = match Compression::sniff(&bytes[..bytes.len().min(MAGIC_LEN)]) {
                Compression::None => Stage::Looking(Box::new(Look::new(content_key, limits))),
                _ => self.scanning(),
            };
        }
        let end = self.job.range.end;
        self.position = if bytes.is_empty() { end } else { self.position + bytes.len() as u64 };
        self.step = STEP.min(2 * self.step);
        match &mut self.stage {
            Stage::Sniffing => {}
            Stage::Looking(look) => {
                look.push(bytes);
                let jump = look.unneeded().min(end.saturating_sub(self.position));
                if jump >= JUMP_FROM {
                    look.skip(jump);
                    self.position += jump;
                    self.step = STEP_MIN;
                }
            }
            Stage::Scanning(scan) => scan.push(bytes),
        }
    }

    fn scanning(&mut self) -> Stage {
        let (scan, Range { start, end }) = (self.job.new_scan(), self.job.range());
        Stage::Scanning(Box::new(match self.hashing.take() {
            Some(hashing) => scan.hashed_by(hashing, end - start),
            None => scan,
        }))
    }

    /// Bytes of the blob read or passed over so far, and its length.
    pub fn progress(&self) -> (u64, u64) {
        let Range { start, end } = self.job.range;
        (self.position - start, end - start)
    }

    /// There is nothing more to read: no more is hashed.
    pub fn end(&mut self) {
        if let Stage::Scanning(scan) = &mut self.stage {
            scan.end();
        }
    }

    /// What was found.
    pub fn finish(self) -> Found {
        let what = match self.stage {
            Stage::Looking(look) => What::Listed(look.finish()),
            Stage::Scanning(scan) if self.job.is_listed => What::Verified(scan.finish()),
            Stage::Scanning(scan) => What::Scanned(scan.finish()),
            // A blob without a byte, which `start` does not sniff at.
            Stage::Sniffing => What::Scanned(self.job.new_scan().finish()),
        };
        Found { member: self.job.member, what }
    }
}
