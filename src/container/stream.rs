//! A blob or the tar in it from front to back, whatever it is wrapped in.

use std::{ops::Range, rc::Rc};

use super::{ReadAt, read::STEP, read::unreadable};
use crate::{
    codec::{Compression, Decoder, Status},
    session::{BlobPlace, StoredLayer},
    worker::protocol::{Failure, FailureKind},
};

/// Bytes that come one after the other.
pub(super) struct Stream {
    pull: Box<dyn Pull>,
    /// Offset of the next byte.
    at: u64,
    /// What was pulled and not yet given out.
    left: Vec<u8>,
}

trait Pull {
    /// The next bytes; none at the end.
    fn pull(&mut self) -> Result<Vec<u8>, Failure>;
}

impl Stream {
    /// The blob of a layer, as it is stored in the archive `source`.
    pub fn blob(layer: &StoredLayer, source: &Rc<dyn ReadAt>) -> Self {
        Self { pull: blob(layer, source), at: 0, left: Vec::new() }
    }

    /// The tar of a layer.
    pub fn tar(layer: &StoredLayer, source: &Rc<dyn ReadAt>) -> Self {
        Self { pull: decoded(layer.compression, blob(layer, source)), at: 0, left: Vec::new() }
    }

    /// Offset of the next byte.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Passes what comes before a range over and gives out the range, which begins no earlier than
    /// [`Stream::position`].
    pub fn read(
        &mut self,
        range: Range<u64>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        while self.at < range.end {
            if self.left.is_empty() {
                self.left = self.pull.pull()?;
                if self.left.is_empty() {
                    return Err(unreadable("the layer ends too early"));
                }
            }
            let len = self.left.len() as u64;
            let skip = range.start.saturating_sub(self.at).min(len);
            let end = (range.end - self.at).min(len);
            if skip < end {
                sink(&self.left[skip as usize..end as usize])?;
            }
            let used = skip.max(end);
            self.at += used;
            self.left.drain(..used as usize);
        }
        Ok(())
    }

    /// Gives out all that is left.
    pub fn read_to_end(&mut self, sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        loop {
            let bytes = if self.left.is_empty() { self.pull.pull()? } else { std::mem::take(&mut self.left) };
            if bytes.is_empty() {
                return Ok(());
            }
            self.at += bytes.len() as u64;
            sink(&bytes)?;
        }
    }
}

fn blob(layer: &StoredLayer, source: &Rc<dyn ReadAt>) -> Box<dyn Pull> {
    match &layer.place {
        BlobPlace::Memory(bytes) => {
            let range = 0..bytes.as_ref().len() as u64;
            Box::new(Source { source: Rc::new(Rc::clone(bytes)), range })
        }
        BlobPlace::Archive(Compression::None, range) => {
            Box::new(Source { source: Rc::clone(source), range: range.clone() })
        }
        BlobPlace::Archive(outer, range) => {
            let whole = Source { source: Rc::clone(source), range: 0..source.len() };
            let decoded = decoded(*outer, Box::new(whole));
            Box::new(Window { inner: decoded, skip: range.start, keep: range.end - range.start })
        }
    }
}

fn decoded(compression: Compression, inner: Box<dyn Pull>) -> Box<dyn Pull> {
    if compression == Compression::None {
        return inner;
    }
    let decoder = Decoder::new(compression);
    Box::new(Decode { inner, decoder, input: Vec::new(), used: 0, eof: false, done: false })
}

struct Source {
    source: Rc<dyn ReadAt>,
    range: Range<u64>,
}

impl Pull for Source {
    fn pull(&mut self) -> Result<Vec<u8>, Failure> {
        let end = self.range.end.min(self.range.start.saturating_add(STEP));
        if self.range.start >= end {
            return Ok(Vec::new());
        }
        let bytes = self.source.read_at(self.range.start..end)?;
        self.range.start += bytes.len() as u64;
        Ok(bytes)
    }
}

struct Window {
    inner: Box<dyn Pull>,
    skip: u64,
    keep: u64,
}

impl Pull for Window {
    fn pull(&mut self) -> Result<Vec<u8>, Failure> {
        while self.keep > 0 {
            let mut bytes = self.inner.pull()?;
            if bytes.is_empty() {
                break;
            }
            let dropped = (bytes.len() as u64).min(self.skip);
            self.skip -= dropped;
            bytes.drain(..dropped as usize);
            bytes.truncate(usize::try_from(self.keep).unwrap_or(usize::MAX));
            self.keep -= bytes.len() as u64;
            if !bytes.is_empty() {
                return Ok(bytes);
            }
        }
        Ok(Vec::new())
    }
}

struct Decode {
    inner: Box<dyn Pull>,
    decoder: Decoder,
    input: Vec<u8>,
    used: usize,
    eof: bool,
    done: bool,
}

/// How much is decoded at once, in bytes.
const BUFFER: usize = 256 << 10;

impl Pull for Decode {
    fn pull(&mut self) -> Result<Vec<u8>, Failure> {
        let mut buffer = vec![0; BUFFER];
        while !self.done {
            let progress =
                self.decoder.decode(&self.input[self.used..], self.eof, &mut buffer).map_err(|error| {
                    Failure {
                        kind: FailureKind::Corrupt(error.code),
                        detail: error.message,
                        offset: Some(error.offset),
                    }
                })?;
            self.used += progress.consumed;
            let is_stuck = progress.status != Status::OutputFull && progress.consumed == 0;
            if progress.status == Status::Done || (is_stuck && self.eof && progress.produced == 0) {
                self.done = true;
            }
            if progress.produced > 0 {
                buffer.truncate(progress.produced);
                return Ok(buffer);
            }
            if !self.done && !self.eof && (self.used >= self.input.len() || is_stuck) {
                self.input.drain(..self.used);
                self.used = 0;
                let more = self.inner.pull()?;
                self.eof = more.is_empty();
                self.input.extend_from_slice(&more);
            }
        }
        Ok(Vec::new())
    }
}
