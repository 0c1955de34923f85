//! Reads the content of one file of a layer, or of several that follow one another.

use std::{collections::VecDeque, iter, ops::Range};

use super::{Blob, Session, failure};
use crate::{
    codec::{Compression, Decoder, Status},
    image::Member,
    layer::{EntryId, Kind},
    overlay::{FileRef, LayerIndex},
    tar::SparseSegment,
    worker::protocol::{Failure, FailureKind, Version},
};

/// Reads a part of one file: take what there is with [`ContentRead::take`]; when that is nothing, read the
/// range that [`ContentRead::wants`] names and give it to [`ContentRead::supply`], until it wants nothing.
///
/// Content of a compressed layer is found by decoding the layer from the last checkpoint before it. However much a few bytes decode to,
/// little of it is held at once.
pub struct ContentRead {
    /// The length of the whole content in bytes.
    size: u64,
    /// What of the archive is still to be read.
    range: Range<u64>,
    /// From the archive's bytes to the stored bytes that are wanted.
    stages: Vec<Stage>,
    /// Stored bytes that were read, and how many of them have been taken.
    data: Vec<u8>,
    taken: usize,
    /// What the content is made of, in order.
    pieces: VecDeque<Piece>,
    buffer: Vec<u8>,
    /// What has gone wrong, until it can be told.
    failed: Option<Failure>,
}

/// One layer of wrapping: decode, then keep only some ranges.
struct Stage {
    decoder: Option<Decoder>,
    /// Offset of the next byte that it decodes.
    at: u64,
    /// What is kept, in order.
    keep: VecDeque<Range<u64>>,
    /// What it is still to decode, and how much of that it has.
    input: Vec<u8>,
    used: usize,
    /// Nothing comes after the input.
    eof: bool,
    /// It can do nothing without more input.
    hungry: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Piece {
    /// Zeros that are not stored.
    Hole(u64),
    /// Bytes that are.
    Data(u64),
}

/// How much is read, and about how much is held, at once; in bytes.
const STEP: u64 = 1 << 20;
/// How much is decoded at once, in bytes.
const BUFFER: usize = 256 << 10;

impl Session {
    /// A reader of a version's content from `offset` on, at most `limit` bytes. Hard links are followed.
    pub fn content(&self, version: Version, offset: u64, limit: u64) -> Result<ContentRead, Failure> {
        let not_found = |what: &str| failure(FailureKind::NotFound, what);
        let layer = LayerIndex(version.layer);
        let stack = self.stacks.get(version.image as usize).filter(|stack| layer.0 < stack.len());
        let stack = stack.ok_or_else(|| not_found("there is no such layer"))?;
        let entry = EntryId(version.entry);
        stack.layer(layer).get(entry).ok_or_else(|| not_found("there is no such entry"))?;
        let file = stack.target(FileRef { layer, entry });
        let file = file.ok_or_else(|| not_found("the hard link leads nowhere"))?;
        let (index, record) = (stack.layer(file.layer), stack.record(file));
        if record.kind != Kind::File {
            return Err(not_found("only regular files have content"));
        }
        let end = offset.saturating_add(limit).min(record.size);
        let (pieces, stored) = pieces(index.sparse(record), record.size, offset.min(end)..end);
        let body = record.body_offset();
        let wanted = body.saturating_add(stored.start)..body.saturating_add(stored.end);
        let content = self.stored(version.image, file.layer, vec![wanted])?;
        Ok(ContentRead { size: record.size, pieces, ..content })
    }

    /// A reader of these ranges of a layer's tar, one after the other. They are in order and do not overlap.
    pub(super) fn stored(
        &self,
        image: u32,
        layer: LayerIndex,
        ranges: Vec<Range<u64>>,
    ) -> Result<ContentRead, Failure> {
        let (member, blob) = self.blob_of(image, layer)?;
        let pieces = ranges.iter().map(|range| Piece::Data(range.end - range.start)).collect();
        let size = ranges.iter().map(|range| range.end - range.start).sum();
        if let Some(bytes) = self.added(image, layer) {
            let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let data = ranges.iter().flat_map(|range| &bytes[place(range.start)..place(range.end)]);
            let data = data.copied().collect();
            let (range, stages, buffer) = (0..0, Vec::new(), Vec::new());
            return Ok(ContentRead { size, range, stages, data, taken: 0, pieces, buffer, failed: None });
        }
        let mut stages = Vec::new();
        let mut wanted = ranges;
        if blob.compression != Compression::None {
            let first = wanted.first().map_or(0, |range| range.start);
            let (decoder, at, from) = blob.checkpoints.decoder(blob.compression, first);
            stages.push(Stage::new(Some(decoder), at, wanted));
            wanted = iter::once(from..member.size).collect();
        }
        for range in &mut wanted {
            // The archive may hold less than it says; then it ends within the content.
            let place = |offset: u64| member.offset.saturating_add(offset.min(member.size));
            *range = place(range.start)..place(range.end);
        }
        let range = if self.outer == Compression::None {
            let (first, last) = (wanted.first(), wanted.last());
            let range = first.map_or(0, |range| range.start)..last.map_or(0, |range| range.end).min(self.len);
            if wanted.len() > 1 {
                stages.push(Stage::new(None, range.start, wanted));
            }
            range
        } else {
            let first = wanted.first().map_or(0, |range| range.start);
            let (decoder, at, from) = self.outer_checkpoints.decoder(self.outer, first);
            stages.push(Stage::new(Some(decoder), at, wanted));
            from..self.len
        };
        // The archive's bytes come first to what is outermost.
        stages.reverse();
        let data = Vec::new();
        Ok(ContentRead { size, range, stages, data, taken: 0, pieces, buffer: Vec::new(), failed: None })
    }

    /// Where a range of a layer's tar stands in the archive as it is, if it does.
    pub(super) fn direct(&self, image: u32, layer: LayerIndex, range: &Range<u64>) -> Option<Range<u64>> {
        if self.added(image, layer).is_some() {
            return None;
        }
        let (member, blob) = self.blob_of(image, layer).ok()?;
        let is_plain = self.outer == Compression::None && blob.compression == Compression::None;
        let end = member.offset.checked_add(range.end)?;
        (is_plain && range.end <= member.size && end <= self.len).then(|| member.offset + range.start..end)
    }

    /// Whether what lies at `to` in a layer's tar is reached sooner from a checkpoint than by decoding on from `from`.
    pub(super) fn can_jump(&self, image: u32, layer: LayerIndex, from: u64, to: u64) -> bool {
        let blob = self.blob_of(image, layer).ok().map(|(_, blob)| blob);
        blob.and_then(|blob| blob.checkpoints.before(to)).is_some_and(|point| point.output > from)
    }

    /// The bytes of a layer that is in memory and not in the archive.
    fn added(&self, image: u32, layer: LayerIndex) -> Option<&[u8]> {
        let layer = self.archive.images.get(image as usize)?.layers.get(layer.0 as usize)?;
        self.added.get(&layer.member?).map(|bytes| &**bytes)
    }

    /// The member that holds a layer, and what was found in it.
    pub(super) fn blob_of(&self, image: u32, layer: LayerIndex) -> Result<(&Member, &Blob), Failure> {
        let not_found = |what: &str| failure(FailureKind::NotFound, what);
        let image =
            self.archive.images.get(image as usize).ok_or_else(|| not_found("there is no such image"))?;
        let layer = image.layers.get(layer.0 as usize).ok_or_else(|| not_found("there is no such layer"))?;
        let member =
            layer.member.ok_or_else(|| failure(FailureKind::Missing, "the layer is not in the archive"))?;
        let blob = self.blobs.get(&member).ok_or_else(|| not_found("the layer has not been read yet"))?;
        Ok((&self.members[member.0 as usize], blob))
    }
}

/// What the part `wanted` of a file is made of, and which of its stored bytes that takes. `segments` is its
/// sparse map, empty for a file without holes.
fn pieces(segments: &[SparseSegment], size: u64, wanted: Range<u64>) -> (VecDeque<Piece>, Range<u64>) {
    let whole = [SparseSegment { offset: 0, len: size }];
    let segments = if segments.is_empty() { &whole[..] } else { segments };
    let mut pieces = VecDeque::new();
    let mut stored: Option<Range<u64>> = None;
    let (mut at, mut stored_at) = (wanted.start, 0);
    for segment in segments {
        let end = segment.offset.saturating_add(segment.len);
        let (from, to) = (segment.offset.max(at), end.min(wanted.end));
        if from < to {
            if from > at {
                pieces.push_back(Piece::Hole(from - at));
            }
            pieces.push_back(Piece::Data(to - from));
            let start = stored_at + (from - segment.offset);
            stored = Some(stored.map_or(start, |s| s.start)..start + (to - from));
            at = to;
        }
        stored_at += segment.len;
    }
    if at < wanted.end {
        pieces.push_back(Piece::Hole(wanted.end - at));
    }
    (pieces, stored.unwrap_or(0..0))
}

impl ContentRead {
    /// The length of the whole content in bytes, whatever part of it is read.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where the whole of what is read stands in the archive as it is, if it does.
    pub fn direct(&self) -> Option<Range<u64>> {
        let Range { start, end } = self.range;
        let is_direct = self.stages.is_empty()
            && self.data.is_empty()
            // Of a file that the archive ends within there is less.
            && matches!(self.pieces.as_slices().0, [Piece::Data(len)] if *len == end - start);
        is_direct.then_some(start..end)
    }

    /// Takes the next bytes of the content, about a mebibyte at the most; none if more have to be read.
    pub fn take(&mut self) -> Vec<u8> {
        self.take_up_to(STEP)
    }

    /// Takes the next bytes of the content, at most so many; none if more have to be read.
    pub fn take_up_to(&mut self, limit: u64) -> Vec<u8> {
        if self.waiting() == 0 && self.failed.is_none() {
            self.failed = self.decode().err();
        }
        let mut out = Vec::new();
        while let Some(piece) = self.pieces.front_mut() {
            let room = limit.min(STEP).saturating_sub(out.len() as u64);
            let (Piece::Hole(left) | Piece::Data(left)) = *piece;
            let taken = match piece {
                Piece::Hole(_) => left.min(room),
                Piece::Data(_) => left.min(room).min((self.data.len() - self.taken) as u64),
            };
            if taken == 0 && left > 0 {
                break;
            }
            match piece {
                Piece::Hole(left) => {
                    out.resize(out.len() + taken as usize, 0);
                    *left -= taken;
                }
                Piece::Data(left) => {
                    out.extend_from_slice(&self.data[self.taken..self.taken + taken as usize]);
                    self.taken += taken as usize;
                    *left -= taken;
                }
            }
            if taken == left {
                self.pieces.pop_front();
            }
        }
        out
    }

    /// The byte range of the archive that is needed next; `None` once nothing more has to be read.
    pub fn wants(&self) -> Option<Range<u64>> {
        let Range { start, end } = self.range;
        if self.failed.is_some() {
            // Whoever reads is told by [`ContentRead::supply`].
            return Some(start..start);
        }
        let missing = self.pieces.iter().any(|piece| matches!(piece, Piece::Data(_)));
        (missing && start < end).then(|| start..end.min(start.saturating_add(STEP)))
    }

    /// Takes the bytes of that range. None at all mean that the archive ends there.
    pub fn supply(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(failure) = &self.failed {
            return Err(failure.clone());
        }
        self.range.start =
            if bytes.is_empty() { self.range.end } else { self.range.start + bytes.len() as u64 };
        match self.stages.first_mut() {
            None => self.data.extend_from_slice(bytes),
            Some(stage) => stage.feed(bytes),
        }
        self.decode()
    }

    /// Bytes that were read and not yet taken.
    fn waiting(&self) -> u64 {
        (self.data.len() - self.taken) as u64
    }

    /// Decodes until there is something to take, or more input is needed.
    fn decode(&mut self) -> Result<(), Failure> {
        self.data.drain(..self.taken);
        self.taken = 0;
        if !self.stages.is_empty() {
            self.buffer.resize(BUFFER, 0);
        }
        while self.waiting() < STEP {
            let mut eof = self.range.start >= self.range.end;
            for stage in &mut self.stages {
                if eof && !stage.eof {
                    (stage.eof, stage.hungry) = (true, false);
                }
                eof = stage.is_finished();
            }
            // What is innermost first: so little waits between two of them.
            let Some(i) = self.stages.iter().rposition(Stage::can_go_on) else {
                let missing: u64 =
                    self.pieces.iter().map(|p| if let Piece::Data(n) = p { *n } else { 0 }).sum();
                let ended = self.stages.last().map_or(self.range.start >= self.range.end, Stage::is_finished);
                if ended && missing > self.waiting() {
                    return Err(failure(FailureKind::Unreadable, "the archive ends within the file"));
                }
                break;
            };
            let (outer, inner) = self.stages.split_at_mut(i + 1);
            match inner.first_mut() {
                None => outer[i].decode(&mut self.buffer, &mut self.data)?,
                Some(inner) => {
                    inner.trim();
                    outer[i].decode(&mut self.buffer, &mut inner.input)?;
                    inner.hungry &= inner.input.is_empty();
                }
            }
        }
        Ok(())
    }
}

impl Stage {
    fn new(decoder: Option<Decoder>, at: u64, keep: Vec<Range<u64>>) -> Self {
        let keep = keep.into_iter().filter(|range| !range.is_empty()).collect();
        Self { decoder, at, keep, input: Vec::new(), used: 0, eof: false, hungry: true }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.trim();
        self.input.extend_from_slice(bytes);
        self.hungry &= bytes.is_empty();
    }

    /// Forgets the input that it has decoded.
    fn trim(&mut self) {
        self.input.drain(..self.used);
        self.used = 0;
    }

    /// Once all that is wanted has passed, the rest need not be decoded.
    fn is_finished(&self) -> bool {
        self.keep.is_empty() || self.eof && self.hungry
    }

    fn can_go_on(&self) -> bool {
        !self.hungry && !self.keep.is_empty()
    }

    /// Decodes a buffer's worth at the most, and appends what of it is kept to `out`.
    fn decode(&mut self, buffer: &mut [u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let input = &self.input[self.used..];
        let Some(decoder) = &mut self.decoder else {
            keep(&mut self.keep, &mut self.at, input, out);
            self.used = self.input.len();
            self.hungry = true;
            return Ok(());
        };
        let progress = decoder.decode(input, self.eof, buffer).map_err(|error| Failure {
            kind: FailureKind::Corrupt(error.code),
            detail: error.message,
            offset: Some(error.offset),
        })?;
        self.used += progress.consumed;
        keep(&mut self.keep, &mut self.at, &buffer[..progress.produced], out);
        let is_stuck = self.used == self.input.len() || progress.consumed == 0;
        self.hungry = progress.status != Status::OutputFull && is_stuck;
        Ok(())
    }
}

/// Appends to `out` what of `bytes`, which begin at the offset `at`, lies in the ranges.
fn keep(ranges: &mut VecDeque<Range<u64>>, at: &mut u64, bytes: &[u8], out: &mut Vec<u8>) {
    let end = *at + bytes.len() as u64;
    while let Some(range) = ranges.front() {
        let (from, to) = (range.start.max(*at), range.end.min(end));
        if from < to {
            // Both lie within the bytes.
            out.extend_from_slice(&bytes[(from - *at) as usize..(to - *at) as usize]);
        }
        if range.end > end {
            break;
        }
        ranges.pop_front();
    }
    *at = end;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(offset: u64, len: u64) -> SparseSegment {
        SparseSegment { offset, len }
    }

    #[test]
    fn a_whole_file_is_one_piece() {
        assert_eq!(pieces(&[], 10, 2..7), ([Piece::Data(5)].into(), 2..7));
        assert_eq!(pieces(&[], 0, 0..0), (VecDeque::new(), 0..0));
    }

    #[test]
    fn holes_are_zeros_between_the_stored_bytes() {
        let map = [segment(10, 5), segment(20, 5)];
        let all = [Piece::Hole(10), Piece::Data(5), Piece::Hole(5), Piece::Data(5), Piece::Hole(5)];
        assert_eq!(pieces(&map, 30, 0..30), (all.into(), 0..10));
        // From within the first run to within the second.
        let some = [Piece::Data(3), Piece::Hole(5), Piece::Data(2)];
        assert_eq!(pieces(&map, 30, 12..22), (some.into(), 2..7));
        assert_eq!(pieces(&map, 30, 0..5), ([Piece::Hole(5)].into(), 0..0));
    }
}
