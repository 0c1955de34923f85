//! Places in a compressed stream where decoding can begin.

use bstr::BString;
use serde::{Deserialize, Serialize};

use super::{Compression, Decoder};
use crate::limits;

/// A place where decoding can begin as if all before had been decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Offset in what is decoded, in bytes.
    pub output: u64,
    /// Offset in the compressed stream, in bytes.
    pub input: u64,
    pub(super) start: Start,
}

/// What has to be known to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Start {
    /// Nothing: a gzip member or a zstd frame begins.
    Fresh,
    /// A deflate block begins behind so many bits of the byte; what was decoded before, as far as it may refer to it
    /// (RFC 1951, 2).
    Deflate { bits: u8, window: BString },
    /// A block of a zstd frame begins.
    Zstd(Within),
}

impl Checkpoint {
    /// How many bytes it takes to hold what it has of a zstd frame's window.
    fn window_len(&self) -> u64 {
        match &self.start {
            Start::Zstd(within) => within.content.held(),
            Start::Fresh | Start::Deflate { .. } => 0,
        }
    }
}

/// The middle of a zstd frame (RFC 8878).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Within {
    /// The frame's window as its header has it (3.1.1.1.2).
    pub(super) window: u8,
    /// Whether a checksum follows its last block.
    pub(super) has_checksum: bool,
    /// A dictionary (5) of all that a decoder knows there but for its content.
    pub(super) dictionary: BString,
    /// Its content: what was decoded before, as far as it may be referred to.
    pub(super) content: Content,
}

/// What was decoded before a place. Of some of it only the length is kept: what nothing refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    len: u32,
    /// Which parts are kept, in order: where each begins, and its length.
    parts: Vec<(u32, u32)>,
    /// The bytes of these, one part after the other.
    bytes: BString,
}

impl Content {
    /// All of it is kept. `None` if that is too much for any window.
    pub(super) fn whole(bytes: Vec<u8>) -> Option<Self> {
        let len = u32::try_from(bytes.len()).ok()?;
        Some(Self { len, parts: vec![(0, len)], bytes: bytes.into() })
    }

    /// Lets go of all but what is used of it, if it is kept whole; not if that would take as much.
    fn narrow(&mut self, used: &Used) {
        let parts = used.parts();
        let len: usize = parts.iter().map(|&(_, len)| len as usize).sum();
        let is_less = len + parts.len() * size_of::<(u32, u32)>() < self.bytes.len();
        if self.parts != [(0, self.len)] || used.len != self.bytes.len() || !is_less {
            return;
        }
        let mut bytes = Vec::with_capacity(len);
        for &(start, len) in &parts {
            bytes.extend_from_slice(&self.bytes[start as usize..][..len as usize]);
        }
        (self.parts, self.bytes) = (parts, bytes.into());
    }

    /// How many bytes it takes to hold.
    fn held(&self) -> u64 {
        (self.bytes.len() + self.parts.len() * size_of::<(u32, u32)>()) as u64
    }

    /// The content, with zeros where nothing is kept. `None` if it is longer than `most`, or no such content.
    pub(super) fn fill(&self, most: u64) -> Option<Vec<u8>> {
        if u64::from(self.len) > most {
            return None;
        }
        let mut content = Vec::new();
        content.try_reserve_exact(self.len as usize).ok()?;
        content.resize(self.len as usize, 0);
        let mut bytes = self.bytes.as_slice();
        for &(start, len) in &self.parts {
            let (part, rest) = bytes.split_at_checked(len as usize)?;
            content.get_mut(start as usize..)?.get_mut(..part.len())?.copy_from_slice(part);
            bytes = rest;
        }
        bytes.is_empty().then_some(content)
    }
}

/// Which bytes before a place what comes behind it refers to.
#[derive(Debug)]
pub(super) struct Used {
    /// Offset of the place in what is decoded, in bytes.
    pub(super) place: u64,
    /// How many bytes there are before the place.
    len: usize,
    /// A bit for each [`CELL`] of them.
    cells: Vec<u64>,
}

/// As many bytes are kept or not. Parts that are used are mostly a few bytes long, and as much is spent on saying where they are.
const CELL: usize = 16;

impl Used {
    /// None yet.
    pub(super) fn new(place: u64, len: usize) -> Self {
        Self { place, len, cells: vec![0; len.div_ceil(CELL * u64::BITS as usize)] }
    }

    /// So many bytes are used that begin `back` bytes before the place. Whether there are any so far back.
    pub(super) fn mark(&mut self, back: usize, len: usize) -> bool {
        let Some(start) = self.len.checked_sub(back) else { return false };
        let end = start + len.min(back);
        for cell in start / CELL..end.div_ceil(CELL) {
            self.cells[cell / u64::BITS as usize] |= 1 << (cell % u64::BITS as usize);
        }
        true
    }

    /// The parts that are used, in order and apart from each other: where each begins, and its length.
    fn parts(&self) -> Vec<(u32, u32)> {
        let mut parts: Vec<(u32, u32)> = Vec::new();
        for (place, &word) in self.cells.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                let bit = left.trailing_zeros();
                let ones = (left >> bit).trailing_ones();
                left &= u64::MAX.checked_shl(bit + ones).unwrap_or(0);
                let start = (place * u64::BITS as usize + bit as usize) * CELL;
                let (start, len) = (start as u32, (ones as usize * CELL).min(self.len - start) as u32);
                match parts.last_mut() {
                    Some((before, len_before)) if *before + *len_before == start => *len_before += len,
                    _ => parts.push((start, len)),
                }
            }
        }
        parts.shrink_to_fit();
        parts
    }
}

/// The checkpoints of one stream, in order. Their number is bounded: the longer the stream, the farther they are apart. So is
/// what the windows of zstd come to, which are larger than all else by far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoints {
    points: Vec<Checkpoint>,
    /// How far apart they are at least, in decoded bytes.
    spacing: u64,
    /// How far from the one before are at least those within a zstd frame: so many bytes, and so many windows.
    within: (u64, u64),
}

impl Default for Checkpoints {
    fn default() -> Self {
        let within = (limits::ZSTD_CHECKPOINT_SPACING, limits::ZSTD_CHECKPOINT_WINDOWS);
        Self { points: Vec::new(), spacing: limits::CHECKPOINT_SPACING, within }
    }
}

impl Checkpoints {
    /// None yet; those to come are closer than is of use: at least so many decoded bytes apart, whatever they take.
    pub fn close(spacing: u64) -> Self {
        Self { points: Vec::new(), spacing, within: (spacing, 0) }
    }

    /// How many there are, the start of the stream left out.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Those that hold nothing of what is decoded.
    pub fn without_content(&self) -> Self {
        let points = self.points.iter().filter(|point| point.start == Start::Fresh);
        Self { points: points.cloned().collect(), ..*self }
    }

    /// The last one at or before an offset in what is decoded; `None` if that is the start.
    pub fn before(&self, output: u64) -> Option<&Checkpoint> {
        let after = self.points.partition_point(|point| point.output <= output);
        self.points[..after].last()
    }

    /// A decoder for what lies at an offset in what is decoded, and the offsets that it begins at: in what is decoded,
    /// and in the compressed stream.
    pub fn decoder(&self, compression: Compression, output: u64) -> (Decoder, u64, u64) {
        match self.before(output) {
            Some(point) => (Decoder::resume(compression, point), point.output, point.input),
            None => (Decoder::new(compression), 0, 0),
        }
    }

    /// The offset in what is decoded from which on another one is of use.
    pub(super) fn due(&self) -> u64 {
        self.points.last().map_or(0, |point| point.output).saturating_add(self.spacing)
    }

    /// The same of one within a zstd frame that has a window of so many bytes.
    pub(super) fn due_within(&self, window: u64) -> u64 {
        let (bytes, windows) = self.within;
        let spacing = window.saturating_mul(windows).max(bytes).max(self.spacing);
        self.points.last().map_or(0, |point| point.output).saturating_add(spacing)
    }

    /// How many bytes the windows of zstd come to.
    pub fn windows_len(&self) -> u64 {
        self.points.iter().map(Checkpoint::window_len).sum()
    }

    /// Of several streams, lets go of as many windows as it takes for all of them to come to no more than so many bytes: every
    /// second one of the stream that has most.
    pub fn thin_out(all: &mut [&mut Self], limit: u64) {
        while all.iter().map(|points| points.windows_len()).sum::<u64>() > limit
            && let Some(most) = all.iter_mut().max_by_key(|points| points.windows_len())
        {
            most.thin_windows();
        }
    }

    /// Every second window goes, and those to come are twice as far apart.
    fn thin_windows(&mut self) {
        let mut place = 0;
        self.points.retain(|point| {
            place += usize::from(point.window_len() > 0);
            point.window_len() == 0 || place % 2 == 0
        });
        let (bytes, windows) = self.within;
        self.within = (bytes.saturating_mul(2), windows.saturating_mul(2));
    }

    /// Of the window of the one at a place, if it is still there, lets go of what nothing refers to.
    pub(super) fn narrow(&mut self, used: &Used) {
        let point = self.points.iter_mut().rev().find(|point| point.output == used.place);
        if let Some(Start::Zstd(within)) = point.map(|point| &mut point.start) {
            within.content.narrow(used);
        }
    }

    /// Takes one on that lies behind the others, if it is due.
    pub(super) fn push(&mut self, point: Checkpoint) {
        if point.output < self.due() {
            return;
        }
        let window = point.window_len();
        while window > 0 && self.windows_len() + window > limits::ZSTD_WINDOWS {
            if self.windows_len() == 0 {
                return;
            }
            self.thin_windows();
            if point.output < self.due_within(window) {
                return;
            }
        }
        if self.points.len() >= limits::CHECKPOINTS {
            let mut place = 0;
            self.points.retain(|_| {
                place += 1;
                place % 2 == 0
            });
            self.spacing = self.spacing.saturating_mul(2);
            if point.output < self.due() {
                return;
            }
        }
        self.points.push(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Code;

    #[test]
    fn a_long_stream_has_them_farther_apart() {
        let mut points = Checkpoints::default();
        let spacing = limits::CHECKPOINT_SPACING;
        for n in 1..=10 * limits::CHECKPOINTS as u64 {
            points.push(Checkpoint { output: n * spacing, input: n, start: Start::Fresh });
            assert!(points.len() <= limits::CHECKPOINTS);
        }
        assert!(points.len() > limits::CHECKPOINTS / 2);
        let gaps: Vec<u64> = points.points.windows(2).map(|pair| pair[1].output - pair[0].output).collect();
        assert!(gaps.iter().all(|&gap| gap >= spacing && gap <= 32 * spacing), "{gaps:?}");
        assert_eq!(points.before(spacing / 2), None);
        let last = points.points.last().unwrap();
        assert_eq!(points.before(u64::MAX), Some(last));
        assert_eq!(points.before(last.output), Some(last));
    }

    /// Within a zstd frame; its window takes so many bytes to hold.
    fn within(output: u64, window: u64) -> Checkpoint {
        let content = Content::whole(vec![0; window as usize - size_of::<(u32, u32)>()]).unwrap();
        let within = Within { window: 0, has_checksum: true, dictionary: "state".into(), content };
        Checkpoint { output, input: output / 2, start: Start::Zstd(within) }
    }

    #[test]
    fn windows_are_as_far_apart_as_they_are_large() {
        const MIB: u64 = 1 << 20;
        let mut points = Checkpoints::default();
        assert_eq!((points.due(), points.due_within(MIB)), (4 * MIB, 32 * MIB));
        assert_eq!(points.due_within(8 * MIB), 48 * MIB);
        points.push(Checkpoint { output: 5 * MIB, input: 0, start: Start::Fresh });
        assert_eq!((points.due(), points.due_within(8 * MIB)), (9 * MIB, 53 * MIB));
        // Where frames have come to be far apart, so have places within them.
        points.spacing = 200 * MIB;
        assert_eq!(points.due_within(8 * MIB), 205 * MIB);
    }

    #[test]
    fn windows_come_to_no_more_than_their_limit() {
        let window = limits::ZSTD_WINDOWS / 8;
        let mut points = Checkpoints::default();
        points.push(Checkpoint { output: limits::CHECKPOINT_SPACING, input: 1, start: Start::Fresh });
        let mut noted = 0;
        for n in 1..40 {
            let output = n * window * limits::ZSTD_CHECKPOINT_WINDOWS + limits::CHECKPOINT_SPACING;
            if output >= points.due_within(window) {
                points.push(within(output, window));
                noted += 1;
            }
            assert!(points.windows_len() <= limits::ZSTD_WINDOWS);
            assert!(points.windows_len() >= window * (noted - 1).min(4), "{n}: {}", points.windows_len());
        }
        assert!(noted < 30, "they are farther apart");
        assert_eq!(points.points[0].start, Start::Fresh, "what holds none stays");
        let gaps = points.points.windows(2).map(|pair| pair[1].output - pair[0].output);
        assert!(gaps.max() <= Some(16 * window * limits::ZSTD_CHECKPOINT_WINDOWS));
        // One that is larger than all together may be is none.
        let mut points = Checkpoints::close(1);
        points.push(within(9, limits::ZSTD_WINDOWS + 1));
        assert!(points.is_empty());
        assert_eq!(points.windows_len(), 0);
    }

    /// A window of 10 cells and a bit.
    fn window() -> Vec<u8> {
        (1..=10 * CELL as u8 + 5).collect()
    }

    /// Parts of it that are used, as how far back they begin and how long they are; what is left of it.
    fn narrowed(used: &[(usize, usize)]) -> Content {
        let mut marks = Used::new(7, window().len());
        assert!(used.iter().all(|&(back, len)| marks.mark(back, len)));
        let content = Content::whole(window()).unwrap();
        let within = Within { window: 0, has_checksum: true, dictionary: "state".into(), content };
        let mut points = Checkpoints::close(1);
        points.push(Checkpoint { output: 7, input: 3, start: Start::Zstd(within) });
        points.narrow(&Used::new(8, window().len()));
        points.narrow(&marks);
        match points.points.remove(0).start {
            Start::Zstd(within) => within.content,
            start => panic!("{start:?}"),
        }
    }

    #[test]
    fn of_a_window_what_is_used_is_kept() {
        let whole = Content::whole(window()).unwrap();
        assert_eq!((whole.held(), whole.fill(165)), (165 + 8, Some(window())));
        // The last byte; the first three; all of a cell and a byte of the one before.
        for (used, kept) in [
            (&[(1, 100)][..], &[(160, 5)][..]),
            (&[(165, 3)], &[(0, 16)]),
            (&[(165 - 31, 17)], &[(16, 32)]),
            (&[(165, 1), (165 - 32, 1), (165 - 16, 1), (5, 5)], &[(0, 48), (160, 5)]),
            (&[], &[]),
        ] {
            let content = narrowed(used);
            let mut expected = vec![0; window().len()];
            for &(start, len) in kept {
                expected[start..start + len].copy_from_slice(&window()[start..start + len]);
            }
            assert_eq!(content.fill(165), Some(expected), "{used:?}");
            let len: usize = kept.iter().map(|(_, len)| len + 8).sum();
            assert_eq!(content.held(), len as u64, "{used:?}");
        }
        // Nothing is gained by many parts.
        let every_second: Vec<_> = (0..5).map(|n| (165 - 32 * n, 32 - 1)).collect();
        assert_eq!(narrowed(&every_second), whole);
        // What is referred to has to be there.
        assert!(!Used::new(7, 165).mark(166, 1));
        // In a window of many words.
        let mut used = Used::new(0, 100_000);
        assert!(used.mark(100_000 - 1000, 3000) && used.mark(10_000, 20));
        assert_eq!(used.parts(), [(992, 3008), (90_000, 32)]);
    }

    #[test]
    fn a_window_that_cannot_be_is_none() {
        let sound = narrowed(&[(165, 20), (5, 5)]);
        assert_eq!(sound.parts, [(0, 32), (160, 5)]);
        assert!(sound.fill(165).is_some());
        assert_eq!(sound.fill(164), None, "longer than a window may be");
        let damaged = |damage: fn(&mut Content)| {
            let mut content = sound.clone();
            damage(&mut content);
            content.fill(limits::ZSTD_WINDOW)
        };
        assert_eq!(damaged(|content| content.len = 164), None);
        assert_eq!(damaged(|content| content.len = u32::MAX), None);
        assert_eq!(damaged(|content| content.parts[1].0 = u32::MAX), None);
        assert_eq!(damaged(|content| content.parts[1].0 = 161), None);
        assert_eq!(damaged(|content| content.parts[0].1 = u32::MAX), None);
        assert_eq!(damaged(|content| content.parts[0].1 = 31), None, "bytes are left");
        assert_eq!(damaged(|content| content.bytes.truncate(36)), None);
        // The decoder says so.
        let mut point = within(100, 1000);
        let Start::Zstd(within) = &mut point.start else { panic!() };
        within.content.parts[0].1 += 1;
        let error = Decoder::resume(Compression::Zstd, &point).decode(&[1, 0, 0], true, &mut [0; 9]);
        assert_eq!(error.unwrap_err().code, Code::CodecCorrupt);
    }

    #[test]
    fn of_several_streams_those_with_most_let_go() {
        let streams = |counts: &[u64]| -> Vec<Checkpoints> {
            let stream = |&count: &u64| {
                let mut points = Checkpoints::close(1);
                points.push(Checkpoint { output: 1, input: 1, start: Start::Fresh });
                (2..2 + count).for_each(|output| points.push(within(output, 10)));
                points
            };
            counts.iter().map(stream).collect()
        };
        let mut all = streams(&[1, 8, 3]);
        for (limit, left) in [(120, [10, 80, 30]), (119, [10, 40, 30]), (50, [10, 20, 10]), (0, [0, 0, 0])] {
            let mut points: Vec<_> = all.iter_mut().collect();
            Checkpoints::thin_out(&mut points, limit);
            let found: Vec<u64> = all.iter().map(Checkpoints::windows_len).collect();
            assert_eq!(found, left, "{limit}");
        }
        assert!(all.iter().all(|points| points.len() == 1), "what holds none stays");
        let kept = streams(&[3])[0].without_content();
        assert_eq!((kept.len(), kept.windows_len()), (1, 0));
    }
}
