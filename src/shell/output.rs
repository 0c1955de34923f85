//! What a line printed and did.

use bstr::BString;
use serde::{Deserialize, Serialize};

use crate::{
    container::{Errno, Trace},
    limits,
};

/// Where something was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

/// What was printed, in order, up to a limit.
#[derive(Debug, Default)]
pub struct Printed {
    pieces: Vec<(Stream, Vec<u8>)>,
    len: usize,
    is_cut: bool,
}

impl Printed {
    /// Adds to it, as far as the limit allows.
    pub fn push(&mut self, stream: Stream, bytes: &[u8]) {
        let bytes = if stream == Stream::Out && bytes.len() > self.room() {
            self.is_cut = true;
            &bytes[..self.room()]
        } else {
            bytes
        };
        if bytes.is_empty() {
            return;
        }
        self.len = self.len.saturating_add(bytes.len());
        match self.pieces.last_mut() {
            Some((last, text)) if *last == stream => text.extend_from_slice(bytes),
            _ => self.pieces.push((stream, bytes.to_vec())),
        }
    }

    /// Adds all that another one has.
    pub fn append(&mut self, other: Self) {
        let is_cut = other.is_cut;
        for (stream, bytes) in other.pieces {
            self.push(stream, &bytes);
        }
        self.is_cut |= is_cut;
    }

    /// How many bytes it can still take.
    pub fn room(&self) -> usize {
        limits::SHELL_OUTPUT.saturating_sub(self.len)
    }

    /// Whether it takes no more.
    pub fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// Whether something was left out.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Something was left out.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Whether something was left out, which is then forgotten: it has been told.
    pub(super) fn take_cut(&mut self) -> bool {
        std::mem::take(&mut self.is_cut)
    }

    /// What was printed, in order; pieces of one stream are one.
    pub fn pieces(&self) -> &[(Stream, Vec<u8>)] {
        &self.pieces
    }

    /// All of one stream.
    pub fn of(&self, stream: Stream) -> Vec<u8> {
        let own = self.pieces.iter().filter(|(of, _)| *of == stream);
        own.flat_map(|(_, bytes)| bytes).copied().collect()
    }

    /// Everything with its streams redirected: `stream` of what was printed goes to `to`.
    pub(super) fn redirected(self, to: impl Fn(Stream) -> Option<Stream>) -> Self {
        let mut all = Self { is_cut: self.is_cut, ..Self::default() };
        for (stream, bytes) in self.pieces {
            if let Some(stream) = to(stream) {
                all.push(stream, &bytes);
            }
        }
        all
    }
}

/// What an operation made the union filesystem do.
#[derive(Debug, Clone)]
pub struct Traced {
    /// The command that did it, as it was given.
    pub command: String,
    /// What was done, as a system call: `unlink /etc/motd`; empty for a remark.
    pub call: String,
    /// Its steps.
    pub trace: Trace,
    /// A remark of the command.
    pub remark: Option<Note>,
}

/// What a command remarks about what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// It could not be done.
    Failed(Errno),
    /// `rename` refused a directory that lower layers have a part in, and so it is copied and the original removed, as
    /// coreutils do between filesystems.
    CopiedToMove(BString),
}

/// What a line did.
#[derive(Debug, Default)]
pub struct Output {
    /// What it printed.
    pub printed: Printed,
    /// The status of its last command.
    pub status: i32,
    /// What its commands made the union filesystem do.
    pub traces: Vec<Traced>,
    /// The shell was left.
    pub exited: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_limited() {
        let mut printed = Printed::default();
        printed.push(Stream::Out, b"a");
        printed.push(Stream::Out, b"b");
        printed.push(Stream::Error, b"c");
        assert_eq!(printed.pieces(), [(Stream::Out, b"ab".to_vec()), (Stream::Error, b"c".to_vec())]);
        printed.push(Stream::Out, &vec![b'x'; limits::SHELL_OUTPUT]);
        assert!(printed.is_full() && printed.is_cut());
        assert_eq!(printed.of(Stream::Out).len(), limits::SHELL_OUTPUT - 1);
        printed.push(Stream::Error, b"still told");
        assert!(printed.of(Stream::Error).ends_with(b"still told"));
    }
}
