//! Zstandard (RFC 8878): frames one after the other, skippable ones among them.
//!
//! structured-zstd decodes the blocks. It pulls its input, stops after a frame, and leaves the checksum to its
//! caller; so this gathers one whole header or block at a time and hands it over.
//!
//! It cannot be asked for its state between two blocks. If checkpoints are wanted, what that takes is gathered from the blocks and
//! from what they decode to, and given to another one as a dictionary. Of the window only what the blocks behind refer to is kept:
//! mostly a few hundredths.

use std::{collections::VecDeque, ops::Range};

use structured_zstd::decoding::{
    BlockDecodingStrategy, Dictionary, FrameDecoder,
    errors::{FrameDecoderError, FrameHeaderError},
};

use super::{
    checkpoint::{Checkpoint, Content, Start, Used, Within},
    decoder::{Error, Io, Outcome},
    sequences::{Copied, Known},
};
use crate::{anomaly::Code, limits};

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
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
    descriptor: Descriptor,
    /// Bytes of the current frame's content that were given out.
    content: u64,
    /// Where the last frame ended, until its content is out and verified.
    ended: Option<u64>,
    /// What has gone wrong, until the content before it is out.
    failed: Option<Error>,
    /// How many frames are whole.
    frames: u64,
    /// The frame was begun in its middle: its checksum cannot be compared.
    is_partial: bool,
    /// What is kept to begin within the frame, if checkpoints are wanted.
    places: Option<Places>,
    /// What of the window of the last place is used, once all blocks that can refer to it have come.
    used: Option<Used>,
}

/// What is kept to begin at a later block of a frame.
struct Places {
    /// The window, as the header has it and in bytes.
    descriptor: u8,
    window: u64,
    known: Known,
    /// A dictionary of what is known, without content, if the place where the blocks are now is to be noted.
    dictionary: Option<Vec<u8>>,
    /// The last that was given out: all from a window before the next place that is due on, and at least a window of it.
    recent: VecDeque<u8>,
    /// What of the window of the last place is used, until all blocks that can refer to it have come.
    used: Option<Used>,
}

/// How many bytes more than a window are kept: what comes until what a place takes is known, mostly with the first block.
const SPARE: usize = 2 * BLOCK_MAX;

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
    Block { last: bool, is_compressed: bool },
    /// The length of a skippable frame.
    SkipLen,
    /// The content of a skippable frame.
    Skip { left: u32 },
}

impl Default for Zstd {
    fn default() -> Self {
        let mut frame = FrameDecoder::new();
        // A limit of the library's own is no larger: it refuses none of ours.
        let _ = frame.set_max_window_size(limits::ZSTD_WINDOW);
        Self {
            state: State::Magic,
            frame,
            part: Vec::with_capacity(BLOCK_HEADER + BLOCK_MAX + CHECKSUM),
            wanted: MAGIC.len(),
            descriptor: Descriptor(0),
            content: 0,
            ended: None,
            failed: None,
            frames: 0,
            is_partial: false,
            places: None,
            used: None,
        }
    }
}

impl Zstd {
    /// A decoder for what follows in the middle of a frame, which is at `at`.
    pub(super) fn resume(within: &Within, at: u64) -> Self {
        let descriptor = Descriptor(if within.has_checksum { Descriptor::CHECKSUM } else { 0 });
        let mut zstd = Self {
            state: State::BlockHeader,
            wanted: BLOCK_HEADER,
            descriptor,
            is_partial: true,
            ..Self::default()
        };
        if begin_within(&mut zstd.frame, within).is_none() {
            let message = "the zstd data cannot be gone on with";
            zstd.failed = Some(Error::new(Code::CodecCorrupt, at, message));
        }
        zstd
    }

    /// Decodes as far as input and room go.
    pub(super) fn decode(&mut self, io: &mut Io) -> Result<Outcome, Error> {
        loop {
            // What is decoded goes first.
            if self.frame.can_collect() > 0 {
                self.collect(io);
                if io.room().is_empty() {
                    return Ok(Outcome::Going);
                }
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.verify()? {
                io.restart();
            }
            self.note(io);
            match self.step(io) {
                Ok(Some(outcome)) => return Ok(outcome),
                Ok(None) => {}
                Err(error) => self.failed = Some(error),
            }
        }
    }

    /// Gathers input, and acts on it once a part is whole.
    fn step(&mut self, io: &mut Io) -> Result<Option<Outcome>, Error> {
        if let State::Skip { left } = &mut self.state {
            *left -= io.take(*left as usize).len() as u32;
            if *left == 0 {
                self.next(State::Magic, MAGIC.len());
                return Ok(None);
            }
            return self.out_of_input(io).map(Some);
        }
        self.part.extend_from_slice(io.take(self.wanted - self.part.len()));
        let start = io.at() - self.part.len() as u64;
        if self.state == State::Magic && !self.is_magic_so_far() {
            return match self.frames {
                0 => Err(Error::new(Code::CodecCorrupt, start, "not a zstd frame")),
                _ => Ok(Some(Outcome::Ended { garbage: Some(start) })),
            };
        }
        if self.part.len() < self.wanted {
            return self.out_of_input(io).map(Some);
        }
        self.part_is_whole(start, io)?;
        Ok(None)
    }

    fn out_of_input(&self, io: &Io) -> Result<Outcome, Error> {
        match self.state {
            _ if !io.eof => Ok(Outcome::Going),
            State::Magic if self.frames > 0 => {
                let part = self.part.len() as u64;
                Ok(Outcome::Ended { garbage: (part > 0).then(|| io.at() - part) })
            }
            _ => Err(Error::new(Code::CodecTruncated, io.at(), "the zstd stream ends too early")),
        }
    }

    /// Compares the length and the checksum of a frame whose whole content has been given out with what
    /// the frame says. Whether there was such a frame.
    fn verify(&mut self) -> Result<bool, Error> {
        let Some(end) = self.ended.take() else { return Ok(false) };
        if self.descriptor.has_content_size() && self.frame.content_size() != self.content {
            let message = "the zstd frame is not as long as its header says";
            return Err(Error::new(Code::CodecCorrupt, end, message));
        }
        let stated = self.frame.get_checksum_from_data();
        let calculated = self.frame.get_calculated_checksum();
        if self.descriptor.has_checksum() && !self.is_partial && stated != calculated {
            let start = end - CHECKSUM as u64;
            return Err(Error::new(Code::CodecChecksum, start, "the zstd checksum does not match"));
        }
        self.frames += 1;
        Ok(true)
    }

    fn collect(&mut self, io: &mut Io) {
        // Reading from the decoder's own buffer into a slice cannot fail.
        let len = std::io::Read::read(&mut self.frame, io.room()).unwrap_or(0);
        self.content += len as u64;
        if let Some(places) = &mut self.places
            && let Some(due) = io.due_within(places.window)
        {
            let before = due.saturating_sub(places.window).saturating_sub(io.produced_at());
            let before = usize::try_from(before).unwrap_or(usize::MAX).min(len);
            if !places.keep(&io.room()[before..len]) {
                self.places = None;
            }
        }
        io.wrote(len);
    }

    /// Notes the place where the blocks are now, if it was found to be one and all before has been given out.
    fn note(&mut self, io: &mut Io) {
        if let Some(used) = self.used.take() {
            io.narrow(&used);
        }
        let Some(places) = &mut self.places else { return };
        let Some(dictionary) = places.dictionary.take() else { return };
        // All that may be referred to has to be there.
        if (places.recent.len() as u64) < self.content.min(places.window) {
            return;
        }
        let mut content = std::mem::take(&mut places.recent);
        content.drain(..content.len().saturating_sub(places.window()));
        let mut content = Vec::from(content);
        content.shrink_to_fit();
        places.used = Some(Used::new(io.produced_at(), content.len()));
        let Some(content) = Content::whole(content) else { return };
        let within = Within {
            window: places.descriptor,
            has_checksum: self.descriptor.has_checksum(),
            dictionary: dictionary.into(),
            content,
        };
        io.checkpoint(Checkpoint { output: io.produced_at(), input: io.at(), start: Start::Zstd(within) });
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
    fn part_is_whole(&mut self, start: u64, io: &Io) -> Result<(), Error> {
        match self.state {
            State::Magic if self.part == MAGIC => self.grow(State::Descriptor, MAGIC.len() + 1),
            State::Magic => self.next(State::SkipLen, 4),
            State::SkipLen => {
                let left = u32::from_le_bytes([self.part[0], self.part[1], self.part[2], self.part[3]]);
                self.frames += 1;
                self.next(State::Skip { left }, 0);
            }
            State::Descriptor => {
                self.descriptor = Descriptor(self.part[MAGIC.len()]);
                if self.descriptor.is_reserved() {
                    let message = "the zstd frame uses a reserved flag";
                    return Err(Error::new(Code::CodecUnsupported, start, message));
                }
                self.grow(State::Header, self.descriptor.header_len());
            }
            State::Header => {
                self.frame.reset(self.part.as_slice()).map_err(|error| header_error(&error, start))?;
                self.content = 0;
                self.is_partial = false;
                // Of a single segment, the window is the whole content: as much to keep as there is to decode.
                let has_window = io.notes_checkpoints() && !self.descriptor.is_single_segment();
                self.places = has_window.then(|| Places::new(self.part[MAGIC.len() + 1]));
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
                let checksum = if last && self.descriptor.has_checksum() { CHECKSUM } else { 0 };
                let is_compressed = kind == 2;
                self.grow(State::Block { last, is_compressed }, BLOCK_HEADER + stored + checksum);
                if self.part.len() == self.wanted {
                    return self.part_is_whole(start, io);
                }
            }
            State::Block { last, is_compressed } => {
                let before = io.produced_at() + self.frame.can_collect() as u64;
                self.frame
                    .decode_blocks(self.part.as_slice(), BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| {
                        Error::new(Code::CodecCorrupt, start, format!("a zstd block: {error}"))
                    })?;
                if let Some(places) = &mut self.places {
                    let decoded = io.produced_at() + self.frame.can_collect() as u64;
                    let is_due = io.due_within(places.window).is_some_and(|due| decoded >= due);
                    let checksum = if last && self.descriptor.has_checksum() { CHECKSUM } else { 0 };
                    let body = &self.part[BLOCK_HEADER..self.part.len() - checksum];
                    self.used = places.block(body, is_compressed, last, before..decoded, is_due && !last);
                }
                if last {
                    self.ended = Some(start + self.part.len() as u64);
                    self.places = None;
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

impl Places {
    /// Those of a frame that begins, by the byte that its header has for its window (RFC 8878, 3.1.1.1.2).
    fn new(descriptor: u8) -> Self {
        let base = 1 << (10 + (descriptor >> 3));
        let window = base + base / 8 * u64::from(descriptor & 7);
        Self {
            descriptor,
            window,
            known: Known::default(),
            dictionary: None,
            recent: VecDeque::new(),
            used: None,
        }
    }

    /// Looks at a block that has been decoded to `decoded`; behind it a place is due or not. What is used of the window of the last
    /// place, if no later block can refer to it.
    fn block(
        &mut self,
        body: &[u8],
        is_compressed: bool,
        is_last: bool,
        decoded: Range<u64>,
        is_due: bool,
    ) -> Option<Used> {
        match self.used.take() {
            Some(used) if is_compressed => self.used = self.refers(body, used, &decoded),
            used => {
                if is_compressed {
                    self.known.block(body, is_due);
                }
                self.used = used;
            }
        }
        self.dictionary = is_due.then(|| self.known.dictionary()).flatten();
        self.used.take_if(|used| is_last || decoded.end - used.place >= self.window)
    }

    /// Takes on what a block refers to. `None` if that cannot be told: then the window is kept as it is.
    fn refers(&mut self, body: &[u8], mut used: Used, decoded: &Range<u64>) -> Option<Used> {
        // How much was decoded behind the place, and how much is with this block.
        let mut at = usize::try_from(decoded.start - used.place).ok()?;
        let end = usize::try_from(decoded.end - used.place).ok()?;
        let mut is_told = true;
        let near = at as u64;
        let is_known = self.known.block_with(body, near, |Copied { literals, len, offset }| {
            at = at.saturating_add(literals as usize);
            // Offsets that have not shown reach no farther than to the place, at which all were known.
            match offset.map(|offset| offset as usize) {
                Some(offset) if offset > at => is_told &= used.mark(offset - at, len as usize),
                _ => {}
            }
            at = at.saturating_add(len as usize);
        });
        (is_known && is_told && at <= end).then_some(used)
    }

    /// The window in bytes. None is larger than may be addressed.
    fn window(&self) -> usize {
        usize::try_from(self.window).unwrap_or(usize::MAX)
    }

    /// Keeps what is given out. Whether there is memory for that.
    fn keep(&mut self, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        let window = self.window();
        let bytes = &bytes[bytes.len().saturating_sub(window)..];
        if self.recent.capacity() == 0 && self.recent.try_reserve_exact(window.saturating_add(SPARE)).is_err()
        {
            return false;
        }
        if self.recent.len() + bytes.len() > self.recent.capacity() {
            self.recent.drain(..self.recent.len().saturating_sub(window));
        }
        self.recent.extend(bytes);
        true
    }
}

/// Begins a frame of the same window, with what is known in its middle. `None` if the library refuses.
fn begin_within(frame: &mut FrameDecoder, within: &Within) -> Option<()> {
    let mut dictionary = Dictionary::decode_dict(&within.dictionary).ok()?;
    let window = Places::new(within.window).window;
    dictionary.dict_content = within.content.fill(window.min(limits::ZSTD_WINDOW))?;
    let header = [&MAGIC[..], &[0, within.window]].concat();
    frame.init_with_dict_handle(header.as_slice(), &dictionary.into_handle()).ok()
}

/// What a frame's header holds (RFC 8878, 3.1.1.1.1).
#[derive(Debug, Clone, Copy)]
struct Descriptor(u8);

impl Descriptor {
    const CHECKSUM: u8 = 1 << 2;

    fn is_single_segment(self) -> bool {
        self.0 & 1 << 5 != 0
    }

    /// A bit that means nothing yet; a decoder must not go on.
    fn is_reserved(self) -> bool {
        self.0 & 1 << 3 != 0
    }

    fn has_checksum(self) -> bool {
        self.0 & Self::CHECKSUM != 0
    }

    fn has_content_size(self) -> bool {
        self.content_size_len() > 0
    }

    fn content_size_len(self) -> usize {
        match self.0 >> 6 {
            0 => usize::from(self.is_single_segment()),
            flag => 1 << flag,
        }
    }

    /// The length of the whole header, its magic included.
    fn header_len(self) -> usize {
        let window = usize::from(!self.is_single_segment());
        let dictionary_id = [0, 1, 2, 4][usize::from(self.0 & 3)];
        MAGIC.len() + 1 + window + dictionary_id + self.content_size_len()
    }
}

fn header_error(error: &FrameDecoderError, start: u64) -> Error {
    let (code, message) = match error {
        FrameDecoderError::WindowSizeTooBig { requested: window, .. }
        | FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { got: window }) => {
            let limit = limits::ZSTD_WINDOW >> 20;
            let message = format!("the zstd window of {window} bytes is larger than {limit} MiB");
            (Code::CodecUnsupported, message)
        }
        FrameDecoderError::DictNotProvided { dict_id } => {
            (Code::CodecUnsupported, format!("the zstd frame needs the dictionary {dict_id}"))
        }
        _ => (Code::CodecCorrupt, format!("the zstd frame cannot be decoded: {error}")),
    };
    Error::new(code, start, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{
        Checkpoints, Compression, Decoder,
        sequences::tests::{Encoder, sequence},
    };

    /// RFC 8878, 3.1.1.1: 2 to 14 bytes after the magic.
    #[test]
    fn a_header_is_as_long_as_its_descriptor_says() {
        for (descriptor, len) in [
            (0, 2),
            (0b1, 3),
            (0b11, 6),
            (1 << 5, 2),
            (1 << 6, 4),
            (2 << 6, 6),
            (3 << 6 | 1 << 5, 9),
            (3 << 6 | 0b11, 14),
            // The checksum stands at the end of the frame.
            (1 << 2, 2),
        ] {
            assert_eq!(Descriptor(descriptor).header_len(), MAGIC.len() + len, "{descriptor:#b}");
        }
        assert!(!Descriptor(0).has_content_size());
        assert!(Descriptor(1 << 5).has_content_size());
    }

    #[test]
    fn a_magic_is_told_from_its_first_bytes_on() {
        let is_magic = |part: &[u8]| Zstd { part: part.to_vec(), ..Zstd::default() }.is_magic_so_far();
        for part in [&[][..], &MAGIC[..1], &MAGIC, &[0x50], &[0x5f, 0x2a, 0x4d, 0x18]] {
            assert!(is_magic(part), "{part:?}");
        }
        for part in [&[0][..], &[0x28, 0x2a], &[0x50, 0xb5], &[0x60], &[0x5f, 0x2a, 0x4d, 0x19]] {
            assert!(!is_magic(part), "{part:?}");
        }
    }

    /// RFC 8878, 3.1.1.1.2: a block may refer as far back as a window, and none may farther.
    #[test]
    fn the_whole_window_is_there_behind_a_place() {
        let block = |last: bool, kind: u32, body: &[u8]| {
            let header = u32::from(last) | kind << 1 | (body.len() as u32) << 3;
            [&header.to_le_bytes()[..BLOCK_HEADER], body].concat()
        };
        let bytes: Vec<u8> = (0..1024_u32).map(|n| (n * n / 7) as u8).collect();
        let mut encoder = Encoder::default();
        // Matches of three bytes each, of offsets that are three less than these.
        let second = encoder.block([0; 3], &mut [8, 9, 100].map(|value| sequence(0, value)));
        for (value, is_decoded) in [(1024 + 3, true), (1025 + 3, false)] {
            let third = encoder.block([0; 3], &mut [sequence(0, value)]);
            let blocks = [block(false, 0, &bytes), block(false, 2, &second), block(true, 2, &third)];
            // A window of 1 KiB.
            let stream = [&MAGIC[..], &[0, 0], &blocks.concat()].concat();
            let mut recording = Decoder::recording_into(Compression::Zstd, Checkpoints::close(1025));
            let mut whole = [0; 2000];
            let _ = recording.decode(&stream, true, &mut whole);
            let points = recording.take_checkpoints();
            let point = points.before(1034).unwrap();
            assert_eq!((point.output, point.input as usize), (1033, stream.len() - blocks[2].len()));
            let mut rest = [0; 2000];
            let resumed = Decoder::resume(Compression::Zstd, point).decode(&blocks[2], true, &mut rest);
            assert_eq!(resumed.is_ok(), is_decoded, "{resumed:?}");
            if is_decoded {
                assert_eq!(rest[..3], whole[1033..1036]);
                assert_eq!(rest[..3], bytes[9..12]);
            }
        }
    }

    /// 3.1.1.1.2, and the largest one that is taken.
    #[test]
    fn a_window_is_as_large_as_its_byte_says() {
        for (byte, window) in
            [(0, 1 << 10), (7, (1 << 10) + 7 * (1 << 7)), (13 << 3, 8 << 20), (17 << 3, 128 << 20)]
        {
            assert_eq!(Places::new(byte).window, window);
        }
    }
}
