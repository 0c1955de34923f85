//! xz (The .xz File Format 1.2.1): streams one after the other, with padding between them.

use std::io::ErrorKind;

use lzma_rust2::{Action, Status, XzStream, lzma2_get_memory_usage};

use super::decoder::{Error, Io, Outcome};
use crate::{anomaly::Code, limits};

const MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];
/// Stream padding comes in so many zeros at a time (2.2).
const PADDING: usize = 4;

/// Decodes every stream of xz data.
pub(super) struct Xz {
    state: State,
    stream: XzStream,
    /// How many streams are whole.
    streams: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a stream: this many bytes are taken of its magic.
    Magic { taken: usize },
    /// After a stream: this many zeros are taken of four.
    Padding { taken: usize },
    /// In a stream, after its magic.
    Stream,
}

impl Default for Xz {
    fn default() -> Self {
        Self { state: State::Magic { taken: 0 }, stream: stream(), streams: 0 }
    }
}

fn stream() -> XzStream {
    XzStream::new_mem_limit(false, lzma2_get_memory_usage(limits::XZ_DICTIONARY))
}

impl Xz {
    /// Decodes as far as input and room go.
    pub(super) fn decode(&mut self, io: &mut Io) -> Result<Outcome, Error> {
        loop {
            match self.state {
                State::Stream => {
                    let before = (self.stream.total_in(), self.stream.total_out());
                    let result = self.stream.process(io.rest(), io.room(), Action::Run);
                    io.take((self.stream.total_in() - before.0) as usize);
                    io.wrote((self.stream.total_out() - before.1) as usize);
                    let result = result.map_err(|error| failure(&error, io.at()))?;
                    if result.status == Status::StreamEnd {
                        self.streams += 1;
                        self.state = State::Magic { taken: 0 };
                    } else if io.room().is_empty() {
                        return Ok(Outcome::Going);
                    } else if io.rest().is_empty() {
                        return self.out_of_input(io, 0);
                    }
                }
                State::Magic { taken } | State::Padding { taken } => {
                    let Some(&byte) = io.rest().first() else {
                        return self.out_of_input(io, taken);
                    };
                    let Some(state) = self.between(byte) else {
                        // No stream begins here: what was taken of one is garbage as well.
                        let start = io.at() - taken as u64;
                        return match self.streams {
                            0 => Err(Error::new(Code::CodecCorrupt, start, "not an xz stream")),
                            _ => Ok(Outcome::Ended { garbage: Some(start) }),
                        };
                    };
                    io.take(1);
                    self.state = state;
                    if state == State::Stream {
                        self.stream = stream();
                        let begun = self.stream.process(&MAGIC, &mut [], Action::Run);
                        begun.map_err(|error| failure(&error, io.at()))?;
                    }
                }
            }
        }
    }

    /// The state after a byte between streams; `None` if it is garbage.
    fn between(&self, byte: u8) -> Option<State> {
        match self.state {
            State::Magic { taken: 0 } | State::Padding { taken: 0 } if byte == 0 && self.streams > 0 => {
                Some(State::Padding { taken: 1 })
            }
            State::Padding { taken } if taken > 0 => {
                (byte == 0).then_some(State::Padding { taken: (taken + 1) % PADDING })
            }
            State::Magic { taken } | State::Padding { taken } if byte == MAGIC[taken] => {
                let taken = taken + 1;
                Some(if taken == MAGIC.len() { State::Stream } else { State::Magic { taken } })
            }
            _ => None,
        }
    }

    fn out_of_input(&self, io: &Io, taken: usize) -> Result<Outcome, Error> {
        match self.state {
            _ if !io.eof => Ok(Outcome::Going),
            State::Magic { .. } | State::Padding { .. } if self.streams > 0 => {
                Ok(Outcome::Ended { garbage: (taken > 0).then(|| io.at() - taken as u64) })
            }
            _ => Err(Error::new(Code::CodecTruncated, io.at(), "the xz stream ends too early")),
        }
    }
}

/// What the library says of a block header that is right, but asks for a filter that it lacks, or for more than one
/// beside LZMA2. It calls both invalid data, as it does damage.
const UNSUPPORTED: [&str; 2] =
    ["Unsupported filter type", "multiple non-LZMA2 filters not supported yet for stream API"];

fn failure(error: &std::io::Error, at: u64) -> Error {
    let code = match error.kind() {
        ErrorKind::OutOfMemory => {
            let message = format!("the xz dictionary is larger than {} MiB", limits::XZ_DICTIONARY >> 20);
            return Error::new(Code::CodecUnsupported, at, message);
        }
        ErrorKind::Unsupported => Code::CodecUnsupported,
        _ if UNSUPPORTED.contains(&error.to_string().as_str()) => Code::CodecUnsupported,
        _ => Code::CodecCorrupt,
    };
    Error::new(code, at, format!("the xz data cannot be decoded: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_streams_are_zeros_in_fours() {
        let mut xz = Xz { streams: 1, ..Xz::default() };
        let taken = |n| Some(State::Padding { taken: n });
        for next in [1, 2, 3, 0, 1, 2, 3, 0] {
            assert_eq!(xz.between(0), taken(next));
            xz.state = State::Padding { taken: next };
        }
        assert_eq!(xz.between(MAGIC[0]), Some(State::Magic { taken: 1 }));
        xz.state = State::Padding { taken: 3 };
        assert_eq!(xz.between(MAGIC[0]), None);
        xz.state = State::Magic { taken: MAGIC.len() - 1 };
        assert_eq!(xz.between(0), Some(State::Stream));
        // Nothing may stand before the first.
        assert_eq!(Xz::default().between(0), None);
    }
}
