//! gzip (RFC 1952): members one after the other, each with its own checksum.

use bstr::BString;
use flate2::Crc;
use zlib_rs::{Inflate, InflateFlush, Status};

use super::{
    checkpoint::{Checkpoint, Start},
    decoder::{Error, Io, Outcome},
    resume::{self, Found},
};
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
    inflate: Inflate,
    /// Of the header, then of the content.
    crc: Crc,
    /// How many members are whole.
    members: u64,
    /// The member was begun in its middle: its checksum cannot be compared.
    is_partial: bool,
    /// What is kept to begin at the next block, if checkpoints are wanted.
    recent: Recent,
    probe: Option<Probe>,
    /// A place that is one unless the block there is the last of the member.
    pending: Option<Checkpoint>,
}

/// The last that was inflated.
#[derive(Default)]
struct Recent {
    /// Up to a window of it, and up to another before that is cut off.
    window: Vec<u8>,
    /// The last byte of input that was taken.
    byte: u8,
}

/// The start of a block, until enough of what follows is known to tell at which bit it is.
struct Probe {
    /// Offsets of the byte behind the one that was taken last, and of what is decoded next.
    input: u64,
    output: u64,
    /// What was decoded before.
    window: Vec<u8>,
    /// The byte that was taken last.
    byte: u8,
    /// What was taken since, and what it decoded to.
    rest: Vec<u8>,
    decoded: Vec<u8>,
}

/// How much of what follows a block's start tells at which bit it is, in decoded bytes.
const PROBE: usize = 512;

impl Probe {
    /// The place, and whether it is one only if the block there is not the last of the member.
    fn checkpoint(self) -> Option<(Checkpoint, bool)> {
        let (bits, unless_last) = match resume::find_bits(&self.window, self.byte, &self.rest, &self.decoded)?
        {
            Found::At(bits) => (bits, false),
            Found::UnlessLast(bits) => (bits, true),
        };
        // The byte that the block begins in has been taken, unless it begins with the next one.
        let input = if bits == 0 { self.input } else { self.input.checked_sub(1)? };
        let start = Start::Deflate { bits, window: self.window.into() };
        Some((Checkpoint { output: self.output, input, start }, unless_last))
    }
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
    /// Compressed data, to be begun at this bit of the next byte.
    Resume { bits: u8 },
    /// Compressed data.
    Body,
    /// Checksum and length of the content.
    Trailer { taken: usize, bytes: [u8; TRAILER], start: u64 },
}

impl Default for Gzip {
    fn default() -> Self {
        Self {
            state: State::Header { taken: 0, flags: 0 },
            inflate: Inflate::new(false, 15),
            crc: Crc::new(),
            members: 0,
            is_partial: false,
            recent: Recent::default(),
            probe: None,
            pending: None,
        }
    }
}

impl Gzip {
    /// A decoder for what follows in the middle of a member.
    pub(super) fn resume(bits: u8, window: &BString) -> Self {
        let mut gzip = Self { state: State::Resume { bits }, is_partial: true, ..Self::default() };
        gzip.recent.window.extend_from_slice(window);
        gzip
    }

    /// Decodes as far as input and room go.
    pub(super) fn decode(&mut self, io: &mut Io) -> Result<Outcome, Error> {
        loop {
            if let State::Resume { bits } = self.state {
                // Without bits to be replaced, the byte is taken as any other.
                let Some(&byte) = io.rest().first() else { return self.out_of_input(io) };
                io.take(usize::from(bits > 0));
                let inflate = resume::inflater(&self.recent.window, bits, byte);
                let refused =
                    || Error::new(Code::CodecCorrupt, io.at(), "the gzip data cannot be gone on with");
                self.inflate = inflate.ok_or_else(refused)?;
                self.state = State::Body;
                continue;
            }
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
            if let State::Header { taken: 0, .. } = self.state {
                io.restart();
            }
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
            state @ (State::Body | State::Resume { .. }) => state,
        };
        if let State::Body = self.state {
            self.crc.reset();
        }
        Ok(())
    }

    /// Inflates. Whether the member's data has ended.
    fn inflate(&mut self, io: &mut Io) -> Result<bool, Error> {
        if self.probe.is_some() || self.pending.is_some() || !io.wants_checkpoint() {
            return Ok(self.inflate_until(io, InflateFlush::NoFlush)? == Status::StreamEnd);
        }
        let status = self.inflate_until(io, InflateFlush::Block)?;
        // It stops for a block's start where neither input nor room has ended.
        if status == Status::Ok && !io.rest().is_empty() && !io.room().is_empty() {
            let (input, output) = (io.at(), io.produced_at());
            let window = self.recent.take_window();
            // All that may be referred to has to be there.
            if window.len() == resume::WINDOW || window.len() as u64 == output {
                let byte = self.recent.byte;
                self.probe =
                    Some(Probe { input, output, window, byte, rest: Vec::new(), decoded: Vec::new() });
            } else {
                self.recent.window = window;
            }
        }
        Ok(status == Status::StreamEnd)
    }

    fn inflate_until(&mut self, io: &mut Io, flush: InflateFlush) -> Result<Status, Error> {
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(io.rest(), io.room(), flush);
        let written = (self.inflate.total_out() - out_before) as usize;
        self.crc.update(&io.room()[..written]);
        if io.nears_checkpoint(written) {
            self.recent.push(&io.room()[..written]);
        }
        if let Some(probe) = &mut self.probe {
            let room = PROBE - probe.decoded.len();
            probe.decoded.extend_from_slice(&io.room()[..written.min(room)]);
        }
        io.wrote(written);
        let taken = io.take((self.inflate.total_in() - in_before) as usize);
        if let Some(&byte) = taken.last() {
            self.recent.byte = byte;
        }
        if let Some(mut probe) = self.probe.take() {
            probe.rest.extend_from_slice(taken);
            if probe.decoded.len() < PROBE {
                self.probe = Some(probe);
            } else {
                match probe.checkpoint() {
                    Some((point, true)) => self.pending = Some(point),
                    Some((point, false)) => io.checkpoint(point),
                    None => {}
                }
            }
        }
        // More has come than that block can hold, so it was not the last.
        let is_past = |point: &mut Checkpoint| io.produced_at() > point.output + resume::STORED;
        if let Some(point) = self.pending.take_if(is_past) {
            io.checkpoint(point);
        }
        status.map_err(|_| Error::new(Code::CodecCorrupt, io.at(), "the gzip data is damaged"))
    }

    fn end_member(&mut self, trailer: [u8; TRAILER], start: u64) -> Result<State, Error> {
        let field =
            |i: usize| u32::from_le_bytes([trailer[i], trailer[i + 1], trailer[i + 2], trailer[i + 3]]);
        // Both the checksum and the length are modulo 2^32.
        let matches = field(0) == self.crc.sum() && field(4) == self.crc.amount();
        if !matches && !self.is_partial {
            return Err(Error::new(Code::CodecChecksum, start, "the gzip checksum or length does not match"));
        }
        self.members += 1;
        self.is_partial = false;
        self.probe = None;
        self.pending = None;
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

impl Recent {
    fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(resume::WINDOW)..];
        if self.window.len() + bytes.len() > 2 * resume::WINDOW {
            self.window = self.take_window();
        }
        self.window.extend_from_slice(bytes);
    }

    /// The last window; nothing is left.
    fn take_window(&mut self) -> Vec<u8> {
        let mut window = std::mem::take(&mut self.window);
        window.drain(..window.len().saturating_sub(resume::WINDOW));
        window
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
