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
}

/// The checkpoints of one stream, in order. Their number is bounded: the longer the stream, the farther they are apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoints {
    points: Vec<Checkpoint>,
    /// How far apart they are at least, in decoded bytes.
    spacing: u64,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Self { points: Vec::new(), spacing: limits::CHECKPOINT_SPACING }
    }
}

impl Checkpoints {
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
        Self { points: points.cloned().collect(), spacing: self.spacing }
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

    /// Takes one on that lies behind the others, if it is due.
    pub(super) fn push(&mut self, point: Checkpoint) {
        if point.output < self.due() {
            return;
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
}
