//! Sparse maps (GNU tar manual, "Storing Sparse Files").

use super::{BLOCK, SparseSegment, header::number, parser::Error, pax::parse_number};
use crate::anomaly::Code;

/// One run in GNU's old map: an offset and a length of twelve bytes each.
const GNU_RUN: usize = 24;
/// Runs in a block that continues GNU's old map, and where it says whether another follows.
const GNU_RUNS_IN_BLOCK: usize = 21;
const GNU_BLOCK_IS_EXTENDED: usize = 504;

pub(super) fn too_large(offset: u64) -> Error {
    Error::new(Code::TarExtensionTooLarge, offset, "a sparse map larger than the limit")
}

/// The runs of GNU's old map; an empty one ends it.
pub(super) fn gnu_segments(runs: &[u8], start: u64) -> Result<Vec<SparseSegment>, Error> {
    let bad = || Error::new(Code::TarSparse, start, "the sparse map is malformed");
    let field = |field: &[u8]| number(field).and_then(|n| u64::try_from(n).ok()).ok_or_else(bad);
    let mut segments = Vec::new();
    for run in runs.chunks_exact(GNU_RUN) {
        if run[0] == 0 {
            break;
        }
        let (offset, len) = run.split_at(GNU_RUN / 2);
        segments.push(SparseSegment { offset: field(offset)?, len: field(len)? });
    }
    Ok(segments)
}

/// A block that continues GNU's old map: its runs, and whether another follows.
pub(super) fn gnu_block(
    block: &[u8; BLOCK as usize],
    start: u64,
) -> Result<(Vec<SparseSegment>, bool), Error> {
    let segments = gnu_segments(&block[..GNU_RUNS_IN_BLOCK * GNU_RUN], start)?;
    Ok((segments, block[GNU_BLOCK_IS_EXTENDED] != 0))
}

/// PAX format 0.1: `offset,length,offset,length,…`
pub(super) fn parse_list(map: &[u8]) -> Option<Vec<SparseSegment>> {
    let numbers: Vec<u64> = map.split(|&b| b == b',').map(parse_number).collect::<Option<_>>()?;
    segments_of(&numbers)
}

/// PAX format 1.0: a line with the number of runs, then a line for each offset and each length. `None` if
/// the map, which has this many line ends so far, goes on in the next block.
///
/// It is asked again for each block of a map, so it reads more than the first line only of one that is whole.
pub(super) fn parse_map(
    map: &[u8],
    line_ends: usize,
    start: u64,
) -> Result<Option<Vec<SparseSegment>>, Error> {
    let bad = || Error::new(Code::TarSparse, start, "the sparse map is malformed");
    if line_ends == 0 {
        // A number has no more than twenty digits.
        return if map.len() > BLOCK as usize { Err(bad()) } else { Ok(None) };
    }
    let mut lines = map.split(|&b| b == b'\n');
    let mut next = || lines.next().filter(|line| !line.is_empty()).and_then(parse_number).ok_or_else(bad);
    let count = next()?;
    let wanted = usize::try_from(count).ok().and_then(|count| count.checked_mul(2)).ok_or_else(bad)?;
    if line_ends <= wanted {
        return Ok(None);
    }
    let numbers = (0..wanted).map(|_| next()).collect::<Result<Vec<_>, _>>()?;
    segments_of(&numbers).map(Some).ok_or_else(bad)
}

/// How many line ends a block of a map has.
pub(super) fn count_lines(block: &[u8]) -> usize {
    block.iter().filter(|&&b| b == b'\n').count()
}

fn segments_of(numbers: &[u64]) -> Option<Vec<SparseSegment>> {
    let (pairs, rest) = numbers.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|&[offset, len]| SparseSegment { offset, len }).collect())
}

/// Whether a map is in order, within the file, and takes just the stored bytes.
pub(super) fn fits(segments: &[SparseSegment], size: u64, stored: u64) -> bool {
    let mut end = 0u64;
    let mut total = 0u64;
    for segment in segments {
        let Some(segment_end) = segment.offset.checked_add(segment.len) else { return false };
        if segment.offset < end || segment_end > size {
            return false;
        }
        end = segment_end;
        // Bounded by `size`.
        total += segment.len;
    }
    total == stored
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(offset: u64, len: u64) -> SparseSegment {
        SparseSegment { offset, len }
    }

    #[test]
    fn maps_have_to_fit_the_file() {
        assert!(fits(&[segment(0, 5), segment(10, 5)], 20, 10));
        assert!(fits(&[segment(20, 0)], 20, 0));
        assert!(!fits(&[segment(0, 5)], 20, 6));
        assert!(!fits(&[segment(10, 5), segment(0, 5)], 20, 10));
        assert!(!fits(&[segment(18, 5)], 20, 5));
        assert!(!fits(&[segment(u64::MAX, 5)], 20, 5));
    }

    #[test]
    fn a_map_in_the_body_may_take_several_blocks() {
        let parse_map = |map: &[u8]| parse_map(map, count_lines(map), 0);
        assert_eq!(parse_map(b"2\n0\n5\n10\n5\n\0\0"), Ok(Some(vec![segment(0, 5), segment(10, 5)])));
        assert_eq!(parse_map(b"2\n0\n5\n10\n"), Ok(None));
        assert!(parse_map(b"2\n0\nx\n10\n5\n").is_err());
        assert!(parse_map(b"99999999999999999999999\n").is_err());
        assert!(parse_map(&[b'1'; 1024]).is_err());
    }

    #[test]
    fn a_list_has_pairs() {
        assert_eq!(parse_list(b"0,5,10,5"), Some(vec![segment(0, 5), segment(10, 5)]));
        assert_eq!(parse_list(b"0,5,10"), None);
    }
}
