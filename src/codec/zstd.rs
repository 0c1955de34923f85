//! Zstandard (RFC 8878): frames one after the other, skippable ones among them.
//!
//! ruzstd decodes the blocks. It pulls its input, stops after a frame, and leaves the checksum to its
//! caller; so this gathers one whole header or block at a time and hands it over.

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::decoder::{Error, Outcome, Step};
use crate::{anomaly::Code, limits};

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Largest frame header: magic, descriptor, window, dictionary id, content size.
const HEADER_MAX: usize = 4 + 1 + 1 + 4 + 8;
const BLOCK_HEADER: usize = 3;
/// RFC 8878, 3.1.1.2.4: no block is larger, whatever the window.
const BLOCK_MAX: usize = 128 << 10;
const CHECKSUM: usize = 4;

/// Decodes every frame of a zstd stream.
pub(super) struct Zstd {
    state: State,
    frame: FrameDecoder,
    /// The bytes of the header or block being gathered, and how many it has.
    part: Vec<u8>,
    wanted: usize,
    has_checksum: bool,
    /// Where the checksum of the last frame stands, until it has been compared.
    unverified: Option<u64>,
    frames: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A frame's magic.
    Magic,
    /// The descriptor after the magic.
    Descriptor,
    /// The rest of a frame's header.
    Header,
    /// A block's header.
    BlockHeader,
    /// A block's body.
    Block { last: bool },
    /// The length of a skippable frame.
    SkipLen,
    /// The content of a skippable frame.
    Skip { left: u32 },
}

impl Default for Zstd {
    fn default() -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(limits::ZSTD_WINDOW);
        Self {
            state: State::Magic,
            frame,
            part: Vec::with_capacity(BLOCK_HEADER + BLOCK_MAX + CHECKSUM),
            wanted: MAGIC.len(),
            has_checksum: false,
            unverified: None,
            frames: 0,
        }
    }
}

impl Zstd {
    /// Decodes; `offset` is that of the input in the stream.
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        eof: bool,
        output: &mut [u8],
        offset: u64,
    ) -> Result<Step, Error> {
        let (mut consumed, mut produced) = (0, 0);
        loop {
            // What is decoded goes first: the window's worth is kept back until the frame has ended.
            if self.frame.can_collect() > 0 {
                produced += self.collect(&mut output[produced..]);
                if produced == output.len() {
                    return Ok(Step { consumed, produced, outcome: Outcome::Going });
                }
            }
            self.verify()?;
            let rest = &input[consumed..];
            if let State::Skip { left } = &mut self.state {
                let taken = rest.len().min(*left as usize);
                *left -= taken as u32;
                consumed += taken;
                if *left == 0 {
                    self.next(State::Magic, MAGIC.len());
                    continue;
                }
            } else {
                let taken = rest.len().min(self.wanted - self.part.len());
                self.part.extend_from_slice(&rest[..taken]);
                consumed += taken;
                let at = offset + consumed as u64;
                if self.state == State::Magic && !self.is_magic_so_far() {
                    let start = at - self.part.len() as u64;
                    return match self.frames {
                        0 => Err(Error::new(Code::CodecCorrupt, start, "not a zstd frame")),
                        _ => {
                            Ok(Step { consumed, produced, outcome: Outcome::Ended { garbage: Some(start) } })
                        }
                    };
                }
                if self.part.len() == self.wanted {
                    self.part_is_whole(at - self.part.len() as u64)?;
                    continue;
                }
            }
            let at = offset + consumed as u64;
            let outcome = match self.state {
                _ if !eof => Outcome::Going,
                State::Magic if self.frames > 0 => {
                    let part = self.part.len() as u64;
                    Outcome::Ended { garbage: (part > 0).then(|| at - part) }
                }
                _ => return Err(Error::new(Code::CodecTruncated, at, "the zstd stream ends too early")),
            };
            return Ok(Step { consumed, produced, outcome });
        }
    }

    /// Compares the checksum of a frame whose whole content has been taken.
    fn verify(&mut self) -> Result<(), Error> {
        let Some(start) = self.unverified.take() else { return Ok(()) };
        if self.frame.get_checksum_from_data() == self.frame.get_calculated_checksum() {
            return Ok(());
        }
        Err(Error::new(Code::CodecChecksum, start, "the zstd checksum does not match"))
    }

    fn collect(&mut self, output: &mut [u8]) -> usize {
        // Reading from the decoder's own buffer into a slice cannot fail.
        let mut frame = &mut self.frame;
        std::io::Read::read(&mut frame, output).unwrap_or(0)
    }

    fn is_magic_so_far(&self) -> bool {
        let skippable = |(i, &byte): (usize, &u8)| match i {
            0 => byte & 0xf0 == 0x50,
            i => byte == [0x50, 0x2a, 0x4d, 0x18][i],
        };
        MAGIC.starts_with(&self.part) || self.part.iter().enumerate().all(skippable)
    }

    fn next(&mut self, state: State, wanted: usize) {
        self.state = state;
        self.wanted = wanted;
        self.part.clear();
    }

    /// Goes on with the same part, which is longer than was known.
    fn grow(&mut self, state: State, wanted: usize) {
        self.state = state;
        self.wanted = wanted;
    }

    /// Acts on the part that was gathered, which began at `start`.
    fn part_is_whole(&mut self, start: u64) -> Result<(), Error> {
        match self.state {
            State::Magic if self.part == MAGIC => self.grow(State::Descriptor, MAGIC.len() + 1),
            State::Magic => self.next(State::SkipLen, 4),
            State::SkipLen => {
                let left = u32::from_le_bytes([self.part[0], self.part[1], self.part[2], self.part[3]]);
                self.frames += 1;
                self.next(State::Skip { left }, 0);
            }
            State::Descriptor => {
                let descriptor = self.part[MAGIC.len()];
                self.has_checksum = descriptor & 1 << 2 != 0;
                self.grow(State::Header, header_len(descriptor));
            }
            State::Header => {
                self.frame.reset(self.part.as_slice()).map_err(|error| {
                    Error::new(
                        Code::CodecCorrupt,
                        start,
                        format!("the zstd frame cannot be decoded: {error}"),
                    )
                })?;
                self.next(State::BlockHeader, BLOCK_HEADER);
            }
            State::BlockHeader => {
                let header = u32::from_le_bytes([self.part[0], self.part[1], self.part[2], 0]);
                let (last, kind, size) = (header & 1 != 0, header >> 1 & 3, (header >> 3) as usize);
                // A run-length block is one byte, however much it stands for.
                let stored = if kind == 1 { 1 } else { size };
                if kind == 3 || size > BLOCK_MAX {
                    return Err(Error::new(
                        Code::CodecCorrupt,
                        start,
                        "a zstd block of an impossible kind or size",
                    ));
                }
                let checksum = if last && self.has_checksum { CHECKSUM } else { 0 };
                self.grow(State::Block { last }, BLOCK_HEADER + stored + checksum);
                if self.part.len() == self.wanted {
                    return self.part_is_whole(start);
                }
            }
            State::Block { last } => {
                self.frame
                    .decode_blocks(self.part.as_slice(), BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| {
                        Error::new(Code::CodecCorrupt, start, format!("a zstd block: {error}"))
                    })?;
                if last {
                    let end = start + self.part.len() as u64;
                    self.unverified = self.has_checksum.then(|| end - CHECKSUM as u64);
                    self.frames += 1;
                    self.next(State::Magic, MAGIC.len());
                } else {
                    self.next(State::BlockHeader, BLOCK_HEADER);
                }
            }
            State::Skip { .. } => {}
        }
        Ok(())
    }
}

/// The length of a frame's header by its descriptor (RFC 8878, 3.1.1.1.1).
fn header_len(descriptor: u8) -> usize {
    let single_segment = descriptor & 1 << 5 != 0;
    let dictionary_id = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content_size = match descriptor >> 6 {
        0 => usize::from(single_segment),
        flag => 1 << flag,
    };
    let len = MAGIC.len() + 1 + usize::from(!single_segment) + dictionary_id + content_size;
    debug_assert!(len <= HEADER_MAX);
    len
}
