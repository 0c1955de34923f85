//! Lists the members of a plain outer tar by hopping from header to header.

use std::ops::Range;

use super::Member;
use crate::{
    anomaly::{Anomaly, Code},
    limits,
    tar::{Event, Parser},
};

/// The shortest step, in bytes. A read costs about as much as copying this, so shorter ones gain nothing.
const STEP_MIN: u64 = 64 << 10;
/// The longest step, in bytes; and the longest jump that still counts as reading on.
const STEP_MAX: u64 = 1 << 20;

/// Finds the members of an uncompressed outer tar without reading their content.
///
/// Ask [`Lister::wants`] for a range, read it, give it to [`Lister::supply`], until it wants nothing. Among small
/// members it reads on in growing steps; over a large one it jumps.
#[derive(Debug)]
pub struct Lister {
    len: u64,
    /// Where the next step begins.
    position: u64,
    /// Length of the next step in bytes.
    step: u64,
    /// Nothing more is wanted.
    done: bool,
    parser: Parser,
    members: Vec<Member>,
    anomalies: Vec<Anomaly>,
}

impl Lister {
    /// A lister for an archive of `len` bytes.
    pub fn new(len: u64) -> Self {
        Self {
            len,
            position: 0,
            step: STEP_MIN,
            done: false,
            parser: Parser::new(),
            members: Vec::new(),
            anomalies: Vec::new(),
        }
    }

    /// The byte range it needs next, within the archive; `None` once it is done. The range is empty where the
    /// archive ends right behind a body: there is nothing to read then, only to supply.
    pub fn wants(&self) -> Option<Range<u64>> {
        (!self.done).then(|| self.position..self.len.min(self.position.saturating_add(self.step)))
    }

    /// Takes the bytes at the start of the range that [`Lister::wants`] named: all of them, or, if the
    /// archive turned out shorter, what there was.
    pub fn supply(&mut self, bytes: &[u8]) {
        let Some(range) = self.wants() else { return };
        let eof = (bytes.len() as u64) < range.end - range.start || range.end == self.len;
        self.len = if eof { range.start + bytes.len() as u64 } else { self.len };
        let jump = self.parse(bytes, eof);
        self.position = range.start + bytes.len() as u64;
        match jump {
            _ if self.done || eof && jump.is_none() => self.done = true,
            // The archive ends at the end of this member, or within it. Without more bytes to come, the parser would
            // take the second for the first.
            Some(jump) if self.position.saturating_add(jump) > self.len => self.truncated(),
            Some(jump) => {
                self.position += jump;
                self.step = if jump > STEP_MAX { STEP_MIN } else { (2 * self.step).min(STEP_MAX) };
            }
            None => self.step = (2 * self.step).min(STEP_MAX),
        }
    }

    /// Parses what is there; `Some` if a body reaches beyond it, by so many bytes.
    fn parse(&mut self, bytes: &[u8], eof: bool) -> Option<u64> {
        let mut rest = bytes;
        let jump = loop {
            let parsed = match self.parser.parse(rest, eof) {
                Ok(parsed) => parsed,
                Err(error) => {
                    self.anomalies.push(Anomaly::at(error.code, error.offset, error.message));
                    self.done = true;
                    break None;
                }
            };
            rest = &rest[parsed.consumed..];
            match parsed.event {
                Some(Event::Entry(entry)) => {
                    if self.members.len() >= limits::MEMBERS {
                        let message =
                            format!("more than {} members; the rest is not looked at", limits::MEMBERS);
                        self.anomalies.push(Anomaly::at(Code::LimitReached, entry.header_offset, message));
                        self.done = true;
                        break None;
                    }
                    self.members.push(Member::from_entry(&entry));
                    let body = self.parser.skip_body();
                    match usize::try_from(body).ok().and_then(|body| rest.get(body..)) {
                        Some(after) => rest = after,
                        None => break Some(body - rest.len() as u64),
                    }
                }
                Some(Event::Data(_) | Event::EntryEnd | Event::End) => {}
                None => break None,
            }
        };
        for anomaly in self.parser.take_anomalies() {
            // One byte is enough to tell that something is hidden there.
            self.done |= anomaly.code == Code::TarTrailingData;
            if self.anomalies.len() < limits::ANOMALIES {
                self.anomalies.push(anomaly);
            }
        }
        jump
    }

    fn truncated(&mut self) {
        self.done = true;
        let path = self.members.last().map(|member| member.path.clone()).unwrap_or_default();
        let message = format!("the archive ends within {path:?}");
        self.anomalies.push(Anomaly::at(Code::TarTruncated, self.len, message));
    }

    /// The members found, in the order of the archive, and what was odd.
    pub fn finish(self) -> (Vec<Member>, Vec<Anomaly>) {
        (self.members, self.anomalies)
    }
}
