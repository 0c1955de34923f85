//! The push parser.

use super::Entry;
use crate::anomaly::Anomaly;

/// What [`Parser::parse`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// An entry's headers are complete. Its body follows as [`Event::Data`], unless it has none.
    Entry(Box<Entry>),
    /// The next stored bytes of the current entry's body, padding left out.
    Data(&'a [u8]),
    /// The current entry is complete. Every [`Event::Entry`] has one, bodies skipped or not.
    EntryEnd,
    /// The end of the archive: two zero blocks, or the end of the input (with an anomaly).
    /// What follows is taken silently, and reported as an anomaly if it is not all zeros.
    End,
}

/// The outcome of one step.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// How many bytes of the input the step took; give the rest again.
    pub consumed: usize,
    /// What was found; `None` if all input was taken and more is needed (or, at `eof`, that was all).
    pub event: Option<Event<'a>>,
}

/// A tar that cannot be read any further. Entries before it stay valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at offset {offset:#x})")]
pub struct Error {
    /// The matching anomaly.
    pub code: crate::anomaly::Code,
    /// What is wrong, lower case.
    pub message: String,
    /// Offset in bytes in the tar.
    pub offset: u64,
}

/// Reads a tar from pieces of any size.
#[derive(Debug, Default)]
pub struct Parser {
    anomalies: Vec<Anomaly>,
}

impl Parser {
    /// A parser at the start of a tar.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one step over `input`, the bytes at [`Parser::offset`]. With `eof` no bytes follow `input`.
    ///
    /// Every split of the input gives the same events (adjacent [`Event::Data`] joined), anomalies and
    /// error, offsets included.
    pub fn parse<'a>(&mut self, input: &'a [u8], eof: bool) -> Result<Parsed<'a>, Error> {
        let _ = eof;
        Ok(Parsed { consumed: input.len(), event: None })
    }

    /// Right after [`Event::Entry`] or within its data: leaves out the rest of the body. Returns how many
    /// bytes of the tar to jump over, padding included; the next input starts there. [`Event::EntryEnd`]
    /// still follows.
    pub fn skip_body(&mut self) -> u64 {
        0
    }

    /// Offset in the tar of the next input byte.
    pub fn offset(&self) -> u64 {
        0
    }

    /// Oddities met since the last call.
    pub fn take_anomalies(&mut self) -> Vec<Anomaly> {
        std::mem::take(&mut self.anomalies)
    }
}
