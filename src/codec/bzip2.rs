//! bzip2: streams one after the other, as `bzip2` and `pbzip2` write them.
//!
//! The format has no specification; the reference is the source of bzip2 1.0.8.

use std::ops::Range;

use bzip2::{Decompress, Status};

use super::decoder::{Error, Io, Outcome};
use crate::{anomaly::Code, limits};

const MAGIC: [u8; 3] = *b"BZh";
/// What follows the header of a stream without blocks: the magic of its end, and its checksum.
const EMPTY: [u8; 10] = *b"\x17\x72\x45\x38\x50\x90\0\0\0\0";
/// How much room the library is given at once. It loses what it wrote in the call that fails, so its room does
/// not depend on the caller's.
const ROOM: usize = 16 << 10;

/// Decodes every stream of bzip2 data.
pub(super) struct Bzip2 {
    state: State,
    decompress: Decompress,
    /// What was decoded, and which part of it is still to be given out.
    decoded: Vec<u8>,
    ready: Range<usize>,
    /// What has gone wrong, until the content before it is out.
    failed: Option<Error>,
    /// How many streams are whole.
    streams: u64,
    /// How many streams have blocks: for each of these the library clears memory.
    with_blocks: u64,
    /// Bytes that were decoded.
    content: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// The magic and the block size: this many of the four bytes are taken.
    Header { taken: usize },
    /// A stream of this block size that may have no block: this many bytes of [`EMPTY`] are taken.
    First { size: u8, taken: usize },
    /// What follows, up to the checksum of the stream.
    Body,
}

impl Default for Bzip2 {
    fn default() -> Self {
        Self {
            state: State::Header { taken: 0 },
            decompress: Decompress::new(false),
            decoded: vec![0; ROOM],
            ready: 0..0,
            failed: None,
            streams: 0,
            with_blocks: 0,
            content: 0,
        }
    }
}

impl Bzip2 {
    /// Decodes as far as input and room go.
    pub(super) fn decode(&mut self, io: &mut Io) -> Result<Outcome, Error> {
        loop {
            self.give_out(io);
            if !self.ready.is_empty() {
                return Ok(Outcome::Going);
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            match self.state {
                State::Header { taken } => {
                    let Some(&byte) = io.rest().first() else {
                        return self.out_of_input(io, taken);
                    };
                    let fits = MAGIC.get(taken).map_or(matches!(byte, b'1'..=b'9'), |&magic| byte == magic);
                    if !fits {
                        // No stream begins here: what was taken of one is garbage as well.
                        let start = io.at() - taken as u64;
                        return match self.streams {
                            0 => Err(Error::new(Code::CodecCorrupt, start, "not a bzip2 header")),
                            _ => Ok(Outcome::Ended { garbage: Some(start) }),
                        };
                    }
                    io.take(1);
                    self.state = State::Header { taken: taken + 1 };
                    if taken == MAGIC.len() {
                        self.state = State::First { size: byte, taken: 0 };
                    }
                }
                State::First { size, taken } => match io.rest().first() {
                    None => return self.out_of_input(io, 0),
                    Some(&byte) if byte == EMPTY[taken] => {
                        io.take(1);
                        self.state = State::First { size, taken: taken + 1 };
                        if taken + 1 == EMPTY.len() {
                            self.streams += 1;
                            self.state = State::Header { taken: 0 };
                        }
                    }
                    // It has a block, or is damaged: the library will say.
                    Some(_) => {
                        self.begin(io.at(), size, &EMPTY[..taken])?;
                        self.state = State::Body;
                    }
                },
                State::Body => {
                    let before = self.decompress.total_in();
                    let result = self.decompress(io.at(), io.rest());
                    io.take((self.decompress.total_in() - before) as usize);
                    match result {
                        Ok(true) => {
                            self.streams += 1;
                            self.state = State::Header { taken: 0 };
                        }
                        Ok(false) if self.ready.is_empty() && io.rest().is_empty() => {
                            return self.out_of_input(io, 0);
                        }
                        Ok(false) => {}
                        Err(error) => self.failed = Some(error),
                    }
                }
            }
        }
    }

    /// Begins to decode a stream of this block size, of which these bytes are taken up to `at`.
    fn begin(&mut self, at: u64, size: u8, taken: &[u8]) -> Result<(), Error> {
        let many = self.with_blocks.saturating_sub(limits::BZIP2_STREAMS);
        if many * limits::BZIP2_STREAM > at && many * limits::BZIP2_CONTENT > self.content {
            let message =
                format!("more than {} bzip2 streams with next to nothing in them", self.with_blocks);
            return Err(Error::new(Code::CodecUnsupported, at, message));
        }
        self.with_blocks += 1;
        self.decompress = Decompress::new(false);
        self.decompress(at, &[&MAGIC[..], &[size], taken].concat())?;
        Ok(())
    }

    /// Gives out what was decoded, as far as there is room.
    fn give_out(&mut self, io: &mut Io) {
        let len = self.ready.len().min(io.room().len());
        io.room()[..len].copy_from_slice(&self.decoded[self.ready.start..][..len]);
        io.wrote(len);
        self.ready.start += len;
    }

    /// Gives `input`, which is at `at`, to the library. Whether the stream has ended.
    fn decompress(&mut self, at: u64, input: &[u8]) -> Result<bool, Error> {
        let before = (self.decompress.total_in(), self.decompress.total_out());
        let result = self.decompress.decompress(input, &mut self.decoded);
        self.ready = 0..(self.decompress.total_out() - before.1) as usize;
        self.content += self.ready.len() as u64;
        match result {
            Ok(Status::StreamEnd) => Ok(true),
            Ok(Status::MemNeeded) => {
                Err(Error::new(Code::CodecUnsupported, at, "no memory for a bzip2 block"))
            }
            Ok(_) => Ok(false),
            Err(_) => {
                let offset = at + (self.decompress.total_in() - before.0);
                let message = "the bzip2 data is damaged, or a checksum of it does not match";
                Err(Error::new(Code::CodecCorrupt, offset, message))
            }
        }
    }

    fn out_of_input(&self, io: &Io, taken: usize) -> Result<Outcome, Error> {
        match self.state {
            _ if !io.eof => Ok(Outcome::Going),
            State::Header { .. } if self.streams > 0 => {
                Ok(Outcome::Ended { garbage: (taken > 0).then(|| io.at() - taken as u64) })
            }
            _ => Err(Error::new(Code::CodecTruncated, io.at(), "the bzip2 stream ends too early")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_decoded_waits_for_room() {
        let mut bzip2 = Bzip2 { ready: 3..8, ..Bzip2::default() };
        bzip2.decoded[3..8].copy_from_slice(b"ready");
        let mut output = [0; 3];
        let mut io = Io::new(&[], true, &mut output, 0);
        bzip2.give_out(&mut io);
        assert!(io.room().is_empty());
        assert_eq!((&output, bzip2.ready), (b"rea", 6..8));
    }

    /// Decodes a whole input; the decoder after it, and how it ended.
    fn decode(input: &[u8]) -> (Bzip2, Result<Outcome, Error>) {
        let mut bzip2 = Bzip2::default();
        let mut output = vec![0; 64 << 10];
        let mut at = 0;
        loop {
            let mut io = Io::new(&input[at..], true, &mut output, at as u64);
            match bzip2.decode(&mut io) {
                Ok(Outcome::Going) => at = io.at() as usize,
                outcome => return (bzip2, outcome),
            }
        }
    }

    fn stream(content: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        std::io::Write::write_all(&mut encoder, content).unwrap();
        encoder.finish().unwrap()
    }

    /// Memory of some megabytes is cleared for each stream that the library sees.
    #[test]
    fn streams_without_a_block_cost_nothing() {
        let input = [stream(b"").repeat(10_000), stream(b"x"), stream(b"").repeat(3)].concat();
        let (bzip2, outcome) = decode(&input);
        assert_eq!(outcome, Ok(Outcome::Ended { garbage: None }));
        assert_eq!((bzip2.streams, bzip2.with_blocks, bzip2.content), (10_004, 1, 1));
        // An end that is not right is the library's to judge.
        for at in 4..14 {
            let mut damaged = stream(b"");
            damaged[at] ^= 1;
            let (bzip2, outcome) = decode(&damaged);
            assert_eq!((bzip2.with_blocks, outcome.unwrap_err().code), (1, Code::CodecCorrupt), "{at}");
        }
    }

    #[test]
    fn many_streams_of_next_to_nothing_are_refused() {
        let input = stream(b"x").repeat(3000);
        let (bzip2, outcome) = decode(&input);
        let error = outcome.unwrap_err();
        assert_eq!(error.code, Code::CodecUnsupported);
        assert!((1001..1500).contains(&bzip2.with_blocks), "{}", bzip2.with_blocks);
        assert_eq!(bzip2.content, bzip2.with_blocks, "what came before is kept");
        // As many of some content are none too many, be they zeros.
        let of_content = stream(&[0; 65 << 10]).repeat(1200);
        assert_eq!(decode(&of_content).1, Ok(Outcome::Ended { garbage: None }));
    }
}
