//! Reads the content of one file of a layer.

use std::{collections::VecDeque, ops::Range};

use super::{Session, failure};
use crate::{
    codec::{Compression, Decoder, Status},
    layer::{EntryId, Kind},
    overlay::{FileRef, LayerIndex},
    tar::SparseSegment,
    worker::protocol::{Failure, FailureKind, Version},
};

/// Reads a part of one file: take what there is with [`ContentRead::take`]; when that is nothing, read the
/// range that [`ContentRead::wants`] names and give it to [`ContentRead::supply`], until it wants nothing.
///
/// Content of a compressed layer is found by decoding the layer from its start.
pub struct ContentRead {
    /// The length of the whole content in bytes.
    size: u64,
    /// What of the archive is still to be read.
    range: Range<u64>,
    /// From the archive's bytes to the file's stored bytes.
    stages: Vec<Stage>,
    /// Stored bytes that were read and not yet taken.
    data: Vec<u8>,
    /// What the content is made of, in order.
    pieces: VecDeque<Piece>,
}

/// One layer of wrapping: decode, then keep only a part.
struct Stage {
    decoder: Option<Decoder>,
    /// Bytes to drop, then bytes to keep.
    skip: u64,
    keep: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Piece {
    /// Zeros that are not stored.
    Hole(u64),
    /// Bytes that are.
    Data(u64),
}

const STEP: u64 = 1 << 20;

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

        let member = self.archive.images[version.image as usize].layers[file.layer.0 as usize].member;
        let member =
            member.ok_or_else(|| failure(FailureKind::Missing, "the layer is not in the archive"))?;
        let blob = self.blobs.get(&member).ok_or_else(|| not_found("the layer has not been read yet"))?;
        let added = self.added.get(&member);
        let member = &self.members[member.0 as usize];

        let end = offset.saturating_add(limit).min(record.size);
        let (pieces, stored) = pieces(index.sparse(record), record.size, offset.min(end)..end);
        let body = record.body_offset();
        if let Some(bytes) = added {
            let place = |offset: u64| {
                usize::try_from(body.saturating_add(offset)).unwrap_or(usize::MAX).min(bytes.len())
            };
            let data = bytes[place(stored.start)..place(stored.end)].to_vec();
            return Ok(ContentRead { size: record.size, range: 0..0, stages: Vec::new(), data, pieces });
        }
        // Each stage narrows what passes; without compression the first range is narrowed instead.
        let mut stages = Vec::new();
        let mut range = 0..self.len;
        let mut narrow = |compression: Compression, start: u64, len: u64| {
            if compression == Compression::None && stages.is_empty() {
                let start = range.start.saturating_add(start);
                range = start..start.saturating_add(len).min(range.end);
            } else {
                let decoder = (compression != Compression::None).then(|| Decoder::new(compression));
                stages.push(Stage { decoder, skip: start, keep: len });
            }
        };
        narrow(self.outer, member.offset, member.size);
        narrow(blob.compression, body.saturating_add(stored.start), stored.end - stored.start);
        Ok(ContentRead { size: record.size, range, stages, data: Vec::new(), pieces })
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
        let is_direct = self.stages.is_empty() && matches!(self.pieces.as_slices().0, [Piece::Data(_)]);
        is_direct.then(|| self.range.clone())
    }

    /// Takes the next bytes of the content, about a mebibyte at the most; none if more have to be read.
    pub fn take(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some(piece) = self.pieces.front_mut() {
            let room = STEP.saturating_sub(out.len() as u64);
            let (Piece::Hole(left) | Piece::Data(left)) = *piece;
            let taken = match piece {
                Piece::Hole(_) => left.min(room),
                Piece::Data(_) => left.min(room).min(self.data.len() as u64),
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
                    out.extend(self.data.drain(..taken as usize));
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
        let missing = self.pieces.iter().any(|piece| matches!(piece, Piece::Data(_)));
        let Range { start, end } = self.range;
        (missing && start < end).then(|| start..end.min(start.saturating_add(STEP)))
    }

    /// Takes the bytes of that range. None at all mean that the archive ends there.
    pub fn supply(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.range.start =
            if bytes.is_empty() { self.range.end } else { self.range.start + bytes.len() as u64 };
        let eof = self.range.start >= self.range.end;
        pass(&mut self.stages, bytes, eof, &mut self.data)?;
        let missing: u64 = self.pieces.iter().map(|p| if let Piece::Data(n) = p { *n } else { 0 }).sum();
        if eof && missing > self.data.len() as u64 {
            return Err(failure(FailureKind::Unreadable, "the archive ends within the file"));
        }
        Ok(())
    }
}

/// Sends bytes through what is left of the stages into `out`.
fn pass(stages: &mut [Stage], input: &[u8], eof: bool, out: &mut Vec<u8>) -> Result<(), Failure> {
    let Some((stage, inner)) = stages.split_first_mut() else {
        out.extend_from_slice(input);
        return Ok(());
    };
    let Some(decoder) = &mut stage.decoder else {
        let kept = window(&mut stage.skip, &mut stage.keep, input);
        return pass(inner, kept, eof || stage.keep == 0, out);
    };
    let mut buffer = vec![0; 256 << 10];
    let mut input = input;
    // Once all that is wanted has passed, the rest need not be decoded.
    while stage.keep > 0 {
        let progress = decoder.decode(input, eof, &mut buffer).map_err(|error| Failure {
            kind: FailureKind::Corrupt(error.code),
            detail: error.message,
            offset: Some(error.offset),
        })?;
        input = &input[progress.consumed..];
        let kept = window(&mut stage.skip, &mut stage.keep, &buffer[..progress.produced]);
        pass(inner, kept, stage.keep == 0, out)?;
        if progress.status != Status::OutputFull && (input.is_empty() || progress.consumed == 0) {
            break;
        }
    }
    Ok(())
}

/// The part of `bytes` that lies in the window of `skip` bytes to drop and `keep` bytes to keep.
fn window<'b>(skip: &mut u64, keep: &mut u64, bytes: &'b [u8]) -> &'b [u8] {
    let dropped = (bytes.len() as u64).min(*skip);
    *skip -= dropped;
    let bytes = &bytes[dropped as usize..];
    let kept = (bytes.len() as u64).min(*keep);
    *keep -= kept;
    &bytes[..kept as usize]
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
