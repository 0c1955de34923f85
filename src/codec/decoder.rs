//! The push decoder over all compressions.

use super::{Compression, gzip::Gzip, zstd::Zstd};
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
    /// More room in the output; call again with the rest of the input, even if it is empty.
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
    /// Offset in the compressed stream of the next input byte.
    offset: u64,
    anomalies: Vec<Anomaly>,
    /// The whole content has been seen; what follows is garbage.
    done: bool,
    failed: Option<Error>,
}

enum Format {
    Identity,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
    Unsupported(Compression),
}

/// What a format made of the input it was given.
pub(super) struct Step {
    pub(super) consumed: usize,
    pub(super) produced: usize,
    pub(super) outcome: Outcome,
}

/// Why a format has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took all input, or it needs room.
    Going,
    /// The stream is whole; what lies from this offset on is no part of it.
    Ended { garbage: Option<u64> },
}

impl Decoder {
    /// A decoder for a stream of this compression.
    pub fn new(compression: Compression) -> Self {
        let format = match compression {
            Compression::None => Format::Identity,
            Compression::Gzip => Format::Gzip(Box::default()),
            Compression::Zstd => Format::Zstd(Box::default()),
            other => Format::Unsupported(other),
        };
        Self { format, offset: 0, anomalies: Vec::new(), done: false, failed: None }
    }

    /// Decodes from `input` into `output`, which must have room. With `eof` there is no more input after
    /// `input`: a stream that is not whole by then is an [`Error`] with [`Code::CodecTruncated`].
    ///
    /// Every split of the input into calls gives the same bytes, the same anomalies and the same error at
    /// the same offset.
    pub fn decode(&mut self, input: &[u8], eof: bool, output: &mut [u8]) -> Result<Progress, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.done {
            return Ok(Progress { consumed: input.len(), produced: 0, status: Status::Done });
        }
        let step = match &mut self.format {
            Format::Identity => Ok(identity(input, output)),
            Format::Gzip(gzip) => gzip.decode(input, eof, output, self.offset),
            Format::Zstd(zstd) => zstd.decode(input, eof, output, self.offset),
            Format::Unsupported(compression) => {
                let message = format!("{compression} is not supported");
                Err(Error::new(Code::CodecUnsupported, 0, message))
            }
        };
        let Step { mut consumed, produced, outcome } =
            step.inspect_err(|error| self.failed = Some(error.clone()))?;
        let status = match outcome {
            Outcome::Ended { garbage } => {
                self.done = true;
                if let Some(offset) = garbage {
                    let message = "bytes follow the end of the compressed stream";
                    self.anomalies.push(Anomaly::at(Code::CodecTrailingData, offset, message));
                }
                consumed = input.len();
                Status::Done
            }
            Outcome::Going if produced == output.len() => Status::OutputFull,
            Outcome::Going => Status::NeedInput,
        };
        self.offset += consumed as u64;
        Ok(Progress { consumed, produced, status })
    }

    /// Oddities met since the last call: garbage after the end.
    pub fn take_anomalies(&mut self) -> Vec<Anomaly> {
        std::mem::take(&mut self.anomalies)
    }
}

fn identity(input: &[u8], output: &mut [u8]) -> Step {
    let n = input.len().min(output.len());
    output[..n].copy_from_slice(&input[..n]);
    Step { consumed: n, produced: n, outcome: Outcome::Going }
}
