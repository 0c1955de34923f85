//! The push decoder over all compressions.

use super::{
    Checkpoint, Checkpoints, Compression,
    bzip2::Bzip2,
    checkpoint::{Start, Used},
    gzip::Gzip,
    resume,
    xz::Xz,
    zstd::Zstd,
};
use crate::anomaly::{Anomaly, Code};

/// What a call to [`Decoder::decode`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes taken from the input.
    pub consumed: usize,
    /// Bytes written to the output.
    pub produced: usize,
    /// What the decoder waits for.
    pub status: Status,
}

/// What a [`Decoder`] waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// More input.
    NeedInput,
    /// Room in the output; call again with the rest of the input, even if it is empty.
    OutputFull,
    /// Nothing: the content is whole. Bytes that follow are garbage; they are taken and reported by
    /// [`Decoder::take_anomalies`].
    Done,
}

/// A compressed stream that cannot be decoded any further. What was decoded before stays valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at offset {offset:#x})")]
pub struct Error {
    /// The matching anomaly.
    pub code: Code,
    /// What is wrong, lower case.
    pub message: String,
    /// Offset in bytes in the compressed stream.
    pub offset: u64,
}

impl Error {
    pub(super) fn new(code: Code, offset: u64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), offset }
    }
}

/// Undoes one [`Compression`] piece by piece.
pub struct Decoder {
    format: Format,
    /// How much input the format is given at once.
    piece_len: usize,
    /// The piece of the input that is being decoded, and how much of it has been.
    piece: Vec<u8>,
    used: usize,
    /// Offset of the piece in the compressed stream.
    offset: u64,
    anomalies: Vec<Anomaly>,
    /// The whole content has been seen; what follows is garbage.
    done: bool,
    failed: Option<Error>,
    /// Bytes that were given out.
    produced: u64,
    /// Places to begin at, if they are wanted.
    checkpoints: Option<Checkpoints>,
}

/// How much input a format is given at once. The libraries below look ahead, and some lose what they decode in the
/// call that fails: how far depends on the pieces they are given, so these never depend on the caller. Larger ones
/// make gzip faster, and nothing else that has to be decoded; to xz a piece is what damage costs.
fn piece_len(compression: Compression) -> usize {
    match compression {
        Compression::None | Compression::Gzip => 64 << 10,
        Compression::Zstd | Compression::Bzip2 | Compression::Xz => 16 << 10,
    }
}

enum Format {
    Identity,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
    Bzip2(Box<Bzip2>),
    Xz(Box<Xz>),
}

impl Decoder {
    /// A decoder for a stream of this compression.
    pub fn new(compression: Compression) -> Self {
        let format = match compression {
            Compression::None => Format::Identity,
            Compression::Gzip => Format::Gzip(Box::default()),
            Compression::Zstd => Format::Zstd(Box::default()),
            Compression::Bzip2 => Format::Bzip2(Box::default()),
            Compression::Xz => Format::Xz(Box::default()),
        };
        Self {
            format,
            piece_len: piece_len(compression),
            piece: Vec::new(),
            used: 0,
            offset: 0,
            anomalies: Vec::new(),
            done: false,
            failed: None,
            produced: 0,
            checkpoints: None,
        }
    }

    /// A decoder that also notes where one could begin later: [`Decoder::take_checkpoints`].
    pub fn recording(compression: Compression) -> Self {
        Self::recording_into(compression, Checkpoints::default())
    }

    /// The same with those that there are, and that are as far apart.
    pub fn recording_into(compression: Compression, checkpoints: Checkpoints) -> Self {
        Self { checkpoints: Some(checkpoints), ..Self::new(compression) }
    }

    /// A decoder for the bytes of a stream from [`Checkpoint::input`] on; offsets are those of the whole stream. Of what
    /// is begun in its middle, the checksum is not compared.
    pub fn resume(compression: Compression, checkpoint: &Checkpoint) -> Self {
        let mut decoder = Self { offset: checkpoint.input, ..Self::new(compression) };
        match &checkpoint.start {
            Start::Fresh => {}
            Start::Deflate { bits, window } => {
                decoder.format = Format::Gzip(Box::new(Gzip::resume(*bits, window)));
            }
            Start::Zstd(within) => {
                decoder.format = Format::Zstd(Box::new(Zstd::resume(within, checkpoint.input)));
            }
        }
        decoder
    }

    /// The places to begin at that were met so far.
    pub fn take_checkpoints(&mut self) -> Checkpoints {
        self.checkpoints.take().unwrap_or_default()
    }

    /// Decodes from `input` into `output`, which must have room. With `eof` there is no more input after
    /// `input`: a stream that is not whole by then is an [`Error`] with [`Code::CodecTruncated`].
    ///
    /// Every split of the input into calls gives the same bytes, the same anomalies and the same error at
    /// the same offset. An error comes once all bytes before it have been given out, and then again at
    /// every call.
    pub fn decode(&mut self, input: &[u8], eof: bool, output: &mut [u8]) -> Result<Progress, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.done {
            return Ok(Progress { consumed: input.len(), produced: 0, status: Status::Done });
        }
        let (mut consumed, mut produced) = (0, 0);
        let status = loop {
            let rest = &input[consumed..];
            let gathered = rest.len().min(self.piece_len - self.piece.len());
            self.piece.extend_from_slice(&rest[..gathered]);
            consumed += gathered;
            let eof = eof && consumed == input.len();
            if self.piece.len() < self.piece_len && !eof {
                break Status::NeedInput;
            }
            let offset = self.offset + self.used as u64;
            let mut io = Io::new(&self.piece[self.used..], eof, &mut output[produced..], offset);
            (io.checkpoints, io.given) = (self.checkpoints.as_mut(), self.produced);
            let outcome = self.format.decode(&mut io);
            self.used += io.consumed;
            produced += io.produced;
            self.produced += io.produced as u64;
            match outcome {
                Ok(Outcome::Going) if produced == output.len() => break Status::OutputFull,
                Ok(Outcome::Going) => {
                    self.offset += self.used as u64;
                    self.piece.clear();
                    self.used = 0;
                }
                Ok(Outcome::Ended { garbage }) => {
                    self.done = true;
                    if let Some(offset) = garbage {
                        let message = "bytes follow the end of the compressed stream";
                        self.anomalies.push(Anomaly::at(Code::CodecTrailingData, offset, message));
                    }
                    consumed = input.len();
                    break Status::Done;
                }
                Err(error) => {
                    self.failed = Some(error.clone());
                    if produced == 0 {
                        return Err(error);
                    }
                    // What was decoded goes out first; the next call reports the error.
                    break Status::OutputFull;
                }
            }
        };
        Ok(Progress { consumed, produced, status })
    }

    /// Oddities met since the last call: garbage after the end.
    pub fn take_anomalies(&mut self) -> Vec<Anomaly> {
        std::mem::take(&mut self.anomalies)
    }
}

impl Format {
    fn decode(&mut self, io: &mut Io) -> Result<Outcome, Error> {
        match self {
            Self::Identity => Ok(identity(io)),
            Self::Gzip(gzip) => gzip.decode(io),
            Self::Zstd(zstd) => zstd.decode(io),
            Self::Bzip2(bzip2) => bzip2.decode(io),
            Self::Xz(xz) => xz.decode(io),
        }
    }
}

/// The input and the output of one call, and how far each is used. They count even if the call fails.
pub(super) struct Io<'a> {
    input: &'a [u8],
    /// Nothing comes after the input.
    pub(super) eof: bool,
    output: &'a mut [u8],
    /// Offset of the input in the compressed stream.
    offset: u64,
    consumed: usize,
    produced: usize,
    /// Where places to begin at are noted.
    checkpoints: Option<&'a mut Checkpoints>,
    /// Bytes that were given out before this call.
    given: u64,
}

impl<'a> Io<'a> {
    pub(super) fn new(input: &'a [u8], eof: bool, output: &'a mut [u8], offset: u64) -> Self {
        Self { input, eof, output, offset, consumed: 0, produced: 0, checkpoints: None, given: 0 }
    }

    /// Offset of the next output byte in what is decoded.
    pub(super) fn produced_at(&self) -> u64 {
        self.given + self.produced as u64
    }

    /// Whether a checkpoint here would be of use.
    pub(super) fn wants_checkpoint(&self) -> bool {
        self.checkpoints.as_ref().is_some_and(|points| self.produced_at() >= points.due())
    }

    /// Whether, with so many bytes more, it is time to keep what a checkpoint needs.
    pub(super) fn nears_checkpoint(&self, more: usize) -> bool {
        let near = self.produced_at().saturating_add((more + resume::WINDOW) as u64);
        self.checkpoints.as_ref().is_some_and(|points| near >= points.due())
    }

    /// Whether places to begin at are wanted at all.
    pub(super) fn notes_checkpoints(&self) -> bool {
        self.checkpoints.is_some()
    }

    /// The offset in what is decoded from which on a checkpoint within a zstd frame is of use, if any is.
    pub(super) fn due_within(&self, window: u64) -> Option<u64> {
        self.checkpoints.as_ref().map(|points| points.due_within(window))
    }

    /// Notes a checkpoint.
    pub(super) fn checkpoint(&mut self, point: Checkpoint) {
        if let Some(points) = &mut self.checkpoints {
            points.push(point);
        }
    }

    /// What is used of the window of a checkpoint is known.
    pub(super) fn narrow(&mut self, used: &Used) {
        if let Some(points) = &mut self.checkpoints {
            points.narrow(used);
        }
    }

    /// A stream in the stream begins here, of which nothing needs to be known.
    pub(super) fn restart(&mut self) {
        let (output, input) = (self.produced_at(), self.at());
        self.checkpoint(Checkpoint { output, input, start: Start::Fresh });
    }

    /// The input that is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.input[self.consumed..]
    }

    /// The output that is left.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.output[self.produced..]
    }

    /// Offset of the next input byte in the compressed stream.
    pub(super) fn at(&self) -> u64 {
        self.offset + self.consumed as u64
    }

    /// Takes up to `len` bytes of the input.
    pub(super) fn take(&mut self, len: usize) -> &'a [u8] {
        let rest = self.rest();
        let taken = &rest[..len.min(rest.len())];
        self.consumed += taken.len();
        taken
    }

    /// So many bytes of [`Io::room`] have been written.
    pub(super) fn wrote(&mut self, len: usize) {
        self.produced += len;
        debug_assert!(self.produced <= self.output.len());
    }
}

/// Why a format has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took all input, and there is more to come; or it needs room.
    Going,
    /// The stream is whole; what lies from this offset on is no part of it.
    Ended { garbage: Option<u64> },
}

fn identity(io: &mut Io) -> Outcome {
    let len = io.room().len();
    let bytes = io.take(len);
    io.room()[..bytes.len()].copy_from_slice(bytes);
    io.wrote(bytes.len());
    if io.eof && io.rest().is_empty() { Outcome::Ended { garbage: None } } else { Outcome::Going }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_formats_get_whole_pieces() {
        let piece = piece_len(Compression::Gzip);
        let stream = gzip(&vec![7; 3 * piece]);
        let mut decoder = Decoder::new(Compression::Gzip);
        let mut output = vec![0; 4 * piece];
        let waits = Progress { consumed: piece - 1, produced: 0, status: Status::NeedInput };
        assert_eq!(decoder.decode(&stream[..piece - 1], false, &mut output), Ok(waits));
        let progress = decoder.decode(&stream[piece - 1..][..1], false, &mut output).unwrap();
        assert_eq!((progress.consumed, progress.status), (1, Status::NeedInput));
        assert!(progress.produced > piece / 2);
    }

    #[test]
    fn an_error_waits_for_what_was_decoded_before_it() {
        let stream = gzip(b"content");
        let mut decoder = Decoder::new(Compression::Gzip);
        let mut output = [0; 100];
        let progress = decoder.decode(&stream[..stream.len() - 1], true, &mut output).unwrap();
        assert_eq!((progress.produced, progress.status), (7, Status::OutputFull));
        let error = decoder.decode(&[], true, &mut output).unwrap_err();
        assert_eq!((error.code, error.offset), (Code::CodecTruncated, stream.len() as u64 - 1));
        assert_eq!(decoder.decode(&[], true, &mut output), Err(error));
    }

    #[test]
    fn what_follows_the_end_is_taken() {
        let mut stream = gzip(b"content");
        let end = stream.len() as u64;
        stream.extend_from_slice(&[0; 9]);
        let mut decoder = Decoder::new(Compression::Gzip);
        let progress = decoder.decode(&stream, true, &mut [0; 100]).unwrap();
        let done = Progress { consumed: stream.len(), produced: 7, status: Status::Done };
        assert_eq!(progress, done);
        let more = decoder.decode(b"more", false, &mut [0; 1]).unwrap();
        assert_eq!(more, Progress { consumed: 4, produced: 0, status: Status::Done });
        let anomalies = decoder.take_anomalies();
        assert_eq!(anomalies.len(), 1);
        assert_eq!((anomalies[0].code, anomalies[0].offset), (Code::CodecTrailingData, Some(end)));
    }

    #[test]
    fn what_is_not_compressed_ends_with_its_input() {
        let mut decoder = Decoder::new(Compression::None);
        let mut output = [0; 4];
        let full = Progress { consumed: 6, produced: 4, status: Status::OutputFull };
        assert_eq!(decoder.decode(b"abcdef", true, &mut output), Ok(full));
        let done = Progress { consumed: 0, produced: 2, status: Status::Done };
        assert_eq!(decoder.decode(b"", true, &mut output), Ok(done));
        assert_eq!(&output[..2], b"ef");
    }
}
