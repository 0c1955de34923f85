//! bzip2: streams one after the other, as `bzip2` and `pbzip2` write them.
//!
//! The format has no specification; the reference is the source of bzip2 1.0.8.

use bzip2::{Decompress, Status};

use super::decoder::{Error, Io, Outcome};
use crate::anomaly::Code;

const MAGIC: [u8; 3] = *b"BZh";

/// Decodes every stream of bzip2 data.
pub(super) struct Bzip2 {
    state: State,
    decompress: Decompress,
    /// How many streams are whole.
    streams: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// The magic and the block size: this many of the four bytes are taken.
    Header { taken: usize },
    /// What follows, up to the checksum of the stream.
    Body,
}

impl Default for Bzip2 {
    fn default() -> Self {
        Self { state: State::Header { taken: 0 }, decompress: Decompress::new(false), streams: 0 }
    }
}

impl Bzip2 {
    /// Decodes as far as input and room go.
    pub(super) fn decode(&mut self, io: &mut Io) -> Result<Outcome, Error> {
        loop {
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
                        self.decompress = Decompress::new(false);
                        self.decompress(io.at(), &[MAGIC[0], MAGIC[1], MAGIC[2], byte], &mut [])?;
                        self.state = State::Body;
                    }
                }
                State::Body => {
                    let before = (self.decompress.total_in(), self.decompress.total_out());
                    let (rest, at) = (io.rest(), io.at());
                    let ended = self.decompress(at, rest, io.room());
                    let read = (self.decompress.total_in() - before.0) as usize;
                    let written = (self.decompress.total_out() - before.1) as usize;
                    io.take(read);
                    io.wrote(written);
                    if ended? {
                        self.streams += 1;
                        self.state = State::Header { taken: 0 };
                    } else if io.room().is_empty() {
                        return Ok(Outcome::Going);
                    } else if io.rest().is_empty() {
                        return self.out_of_input(io, 0);
                    }
                }
            }
        }
    }

    /// Gives `input`, which is at `at`, to the library. Whether the stream has ended.
    fn decompress(&mut self, at: u64, input: &[u8], output: &mut [u8]) -> Result<bool, Error> {
        let before = self.decompress.total_in();
        match self.decompress.decompress(input, output) {
            Ok(Status::StreamEnd) => Ok(true),
            Ok(Status::MemNeeded) => {
                Err(Error::new(Code::CodecUnsupported, at, "no memory for a bzip2 block"))
            }
            Ok(_) => Ok(false),
            Err(_) => {
                let offset = at + (self.decompress.total_in() - before);
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
