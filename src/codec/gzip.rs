//! gzip (RFC 1952): members one after the other, each with its own checksum.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::decoder::{Error, Io, Outcome};
use crate::anomaly::Code;

const FHCRC: u8 = 1 << 1;
const FEXTRA: u8 = 1 << 2;
const FNAME: u8 = 1 << 3;
const FCOMMENT: u8 = 1 << 4;
/// Flags that mean nothing yet; a decoder must not go on (2.3.1.2).
const RESERVED: u8 = 0b111 << 5;
const MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];
const TRAILER: usize = 8;

/// Decodes every member of a gzip stream.
pub(super) struct Gzip {
    state: State,
    inflate: Decompress,
    /// Of the header, then of the content.
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
    HeaderCrc { low: Option<u8> },
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
    /// Decodes as far as input and room go.
    pub(super) fn decode(&mut self, io: &mut Io) -> Result<Outcome, Error> {
        loop {
            if let State::Body = self.state {
                if self.inflate(io)? {
                    self.state = State::Trailer { taken: 0, bytes: [0; TRAILER], start: io.at() };
                } else if io.room().is_empty() {
                    return Ok(Outcome::Going);
                } else if io.rest().is_empty() {
                    return self.out_of_input(io);
                }
                continue;
            }
            let Some(&byte) = io.rest().first() else {
                return self.out_of_input(io);
            };
            if let State::Header { taken, .. } = self.state
                && taken < MAGIC.len()
                && byte != MAGIC[taken]
            {
                // No member begins here: what was taken of one is garbage as well.
                let start = io.at() - taken as u64;
                return match self.members {
                    0 => Err(Error::new(Code::CodecCorrupt, start, "not a gzip header")),
                    _ => Ok(Outcome::Ended { garbage: Some(start) }),
                };
            }
            self.byte(byte, io.at())?;
            io.take(1);
        }
    }

    /// Takes one byte of a header or trailer, which is at `at`.
    fn byte(&mut self, byte: u8, at: u64) -> Result<(), Error> {
        if !matches!(self.state, State::HeaderCrc { .. } | State::Trailer { .. }) {
            self.crc.update(&[byte]);
        }
        self.state = match self.state {
            State::Header { taken: 3, .. } if byte & RESERVED != 0 => {
                return Err(Error::new(Code::CodecUnsupported, at, "the gzip header has a reserved flag"));
            }
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
            State::HeaderCrc { low: None } => State::HeaderCrc { low: Some(byte) },
            // The two low bytes of the checksum.
            State::HeaderCrc { low: Some(low) }
                if self.crc.sum() as u16 == u16::from_le_bytes([low, byte]) =>
            {
                State::Body
            }
            State::HeaderCrc { .. } => {
                let message = "the checksum of the gzip header does not match";
                return Err(Error::new(Code::CodecChecksum, at - 1, message));
            }
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
        if let State::Body = self.state {
            self.crc.reset();
        }
        Ok(())
    }

    /// Inflates. Whether the member's data has ended.
    fn inflate(&mut self, io: &mut Io) -> Result<bool, Error> {
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(io.rest(), io.room(), FlushDecompress::None);
        let written = (self.inflate.total_out() - out_before) as usize;
        self.crc.update(&io.room()[..written]);
        io.wrote(written);
        io.take((self.inflate.total_in() - in_before) as usize);
        match status {
            Ok(status) => Ok(status == Status::StreamEnd),
            Err(_) => Err(Error::new(Code::CodecCorrupt, io.at(), "the gzip data is damaged")),
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

    fn out_of_input(&self, io: &Io) -> Result<Outcome, Error> {
        match self.state {
            _ if !io.eof => Ok(Outcome::Going),
            State::Header { taken, .. } if self.members > 0 && taken < MAGIC.len() => {
                Ok(Outcome::Ended { garbage: (taken > 0).then(|| io.at() - taken as u64) })
            }
            _ => Err(Error::new(Code::CodecTruncated, io.at(), "the gzip stream ends too early")),
        }
    }
}

fn after_fixed(flags: u8) -> State {
    if flags & FEXTRA != 0 { State::ExtraLen { taken: 0, len: 0, flags } } else { after_extra(flags) }
}

fn after_extra(flags: u8) -> State {
    if flags & (FNAME | FCOMMENT) != 0 {
        State::Text { flags }
    } else if flags & FHCRC != 0 {
        State::HeaderCrc { low: None }
    } else {
        State::Body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1952, 2.3: extra field, name, comment, checksum, in this order.
    #[test]
    fn header_fields_come_in_their_order() {
        let all = FEXTRA | FNAME | FCOMMENT | FHCRC;
        let mut gzip = Gzip { state: after_fixed(all), ..Gzip::default() };
        let mut states = Vec::new();
        for byte in *b"\x01\0xn\0c\0" {
            states.push(match gzip.state {
                State::ExtraLen { .. } => 'l',
                State::Extra { .. } => 'x',
                State::Text { flags } if flags & FNAME != 0 => 'n',
                State::Text { .. } => 'c',
                _ => '?',
            });
            gzip.byte(byte, 0).unwrap();
        }
        assert_eq!(states, ['l', 'l', 'x', 'n', 'n', 'c', 'c']);
        assert!(matches!(gzip.state, State::HeaderCrc { low: None }));
        assert!(matches!(after_fixed(0), State::Body));
    }
}
