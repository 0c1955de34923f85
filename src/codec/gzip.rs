//! gzip (RFC 1952): members one after the other, each with its own checksum.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::decoder::{Error, Outcome, Step};
use crate::anomaly::Code;

const FHCRC: u8 = 1 << 1;
const FEXTRA: u8 = 1 << 2;
const FNAME: u8 = 1 << 3;
const FCOMMENT: u8 = 1 << 4;
const MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];
const TRAILER: usize = 8;

/// Decodes every member of a gzip stream.
pub(super) struct Gzip {
    state: State,
    inflate: Decompress,
    crc: Crc,
    /// How many members are whole.
    members: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// The fixed part of a header: this many of its ten bytes are taken, these are its flags.
    Header { taken: usize, flags: u8 },
    /// The length of the extra field: bytes taken, and its value so far.
    ExtraLen { taken: u8, len: u16, flags: u8 },
    /// The extra field.
    Extra { left: u16, flags: u8 },
    /// A name or a comment, up to its NUL; the flags say what follows.
    Text { flags: u8 },
    /// The header's own checksum.
    HeaderCrc { left: u8 },
    /// Compressed data.
    Body,
    /// Checksum and length of the content.
    Trailer { taken: usize, bytes: [u8; TRAILER], start: u64 },
}

impl Default for Gzip {
    fn default() -> Self {
        Self {
            state: State::Header { taken: 0, flags: 0 },
            inflate: Decompress::new(false),
            crc: Crc::new(),
            members: 0,
        }
    }
}

impl Gzip {
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
            let at = offset + consumed as u64;
            if let State::Body = self.state {
                let (read, written, ended) = self.inflate(&input[consumed..], &mut output[produced..], at)?;
                consumed += read;
                produced += written;
                if ended {
                    let start = offset + consumed as u64;
                    self.state = State::Trailer { taken: 0, bytes: [0; TRAILER], start };
                    continue;
                }
                if produced == output.len() || consumed < input.len() {
                    return Ok(Step { consumed, produced, outcome: Outcome::Going });
                }
            }
            let Some(&byte) = input.get(consumed) else {
                return self.out_of_input(eof, consumed, produced, at);
            };
            if let State::Header { taken, .. } = self.state
                && taken < MAGIC.len()
                && byte != MAGIC[taken]
            {
                // No member begins here: what was taken of one is garbage as well.
                let start = at - taken as u64;
                return match self.members {
                    0 => Err(Error::new(Code::CodecCorrupt, start, "not a gzip header")),
                    _ => Ok(Step { consumed, produced, outcome: Outcome::Ended { garbage: Some(start) } }),
                };
            }
            consumed += 1;
            self.byte(byte)?;
        }
    }

    /// Takes one byte of a header or trailer.
    fn byte(&mut self, byte: u8) -> Result<(), Error> {
        self.state = match self.state {
            State::Header { taken: 3, .. } => State::Header { taken: 4, flags: byte },
            State::Header { taken: 9, flags } => after_fixed(flags),
            State::Header { taken, flags } => State::Header { taken: taken + 1, flags },
            State::ExtraLen { taken: 0, flags, .. } => {
                State::ExtraLen { taken: 1, len: u16::from(byte), flags }
            }
            State::ExtraLen { len, flags, .. } => match len | u16::from(byte) << 8 {
                0 => after_extra(flags),
                left => State::Extra { left, flags },
            },
            State::Extra { left: 1, flags } => after_extra(flags),
            State::Extra { left, flags } => State::Extra { left: left - 1, flags },
            State::Text { flags } if byte != 0 => State::Text { flags },
            State::Text { flags } if flags & FNAME != 0 => after_extra(flags & !FNAME),
            State::Text { flags } => after_extra(flags & !FCOMMENT),
            State::HeaderCrc { left: 1 } => State::Body,
            State::HeaderCrc { left } => State::HeaderCrc { left: left - 1 },
            State::Trailer { taken, mut bytes, start } => {
                bytes[taken] = byte;
                if taken + 1 == TRAILER {
                    self.end_member(bytes, start)?
                } else {
                    State::Trailer { taken: taken + 1, bytes, start }
                }
            }
            State::Body => State::Body,
        };
        Ok(())
    }

    /// Inflates: bytes read, bytes written, and whether the member's data has ended.
    fn inflate(&mut self, input: &[u8], output: &mut [u8], at: u64) -> Result<(usize, usize, bool), Error> {
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, output, FlushDecompress::None);
        let read = (self.inflate.total_in() - in_before) as usize;
        let written = (self.inflate.total_out() - out_before) as usize;
        self.crc.update(&output[..written]);
        match status {
            Ok(Status::StreamEnd) => Ok((read, written, true)),
            Ok(Status::Ok | Status::BufError) => Ok((read, written, false)),
            Err(_) => Err(Error::new(Code::CodecCorrupt, at + read as u64, "the gzip data is damaged")),
        }
    }

    fn end_member(&mut self, trailer: [u8; TRAILER], start: u64) -> Result<State, Error> {
        let field =
            |i: usize| u32::from_le_bytes([trailer[i], trailer[i + 1], trailer[i + 2], trailer[i + 3]]);
        // Both the checksum and the length are modulo 2^32.
        if field(0) != self.crc.sum() || field(4) != self.crc.amount() {
            return Err(Error::new(Code::CodecChecksum, start, "the gzip checksum or length does not match"));
        }
        self.members += 1;
        self.crc.reset();
        self.inflate.reset(false);
        Ok(State::Header { taken: 0, flags: 0 })
    }

    fn out_of_input(&self, eof: bool, consumed: usize, produced: usize, at: u64) -> Result<Step, Error> {
        let outcome = match self.state {
            _ if !eof => Outcome::Going,
            State::Header { taken, .. } if self.members > 0 && taken < MAGIC.len() => {
                Outcome::Ended { garbage: (taken > 0).then(|| at - taken as u64) }
            }
            _ => return Err(Error::new(Code::CodecTruncated, at, "the gzip stream ends too early")),
        };
        Ok(Step { consumed, produced, outcome })
    }
}

fn after_fixed(flags: u8) -> State {
    if flags & FEXTRA != 0 { State::ExtraLen { taken: 0, len: 0, flags } } else { after_extra(flags) }
}

fn after_extra(flags: u8) -> State {
    if flags & (FNAME | FCOMMENT) != 0 {
        State::Text { flags }
    } else if flags & FHCRC != 0 {
        State::HeaderCrc { left: 2 }
    } else {
        State::Body
    }
}
