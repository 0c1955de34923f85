//! The push parser: blocks in, events out.

use std::fmt;

use super::{
    BLOCK, Entry, EntryKind, SparseSegment,
    header::{Format, Header, block_array},
    pax::{self, Records},
    sparse,
};
use crate::{
    anomaly::{self, Anomaly, Code},
    limits,
};

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
    pub code: Code,
    /// What is wrong, lower case.
    pub message: String,
    /// Offset in bytes in the tar.
    pub offset: u64,
}

impl Error {
    #[cold]
    pub(super) fn new(code: Code, offset: u64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), offset }
    }
}

/// Reads a tar from pieces of any size.
#[derive(Debug)]
pub struct Parser {
    state: State,
    /// Offset in the tar of the next input byte.
    offset: u64,
    /// The block being gathered, and how much of it there is.
    block: [u8; BLOCK as usize],
    filled: usize,
    extensions: Extensions,
    global: Records,
    anomalies: Vec<Anomaly>,
}

/// What stands before an entry's own header and belongs to it.
#[derive(Debug, Default)]
struct Extensions {
    /// Offset of the first of them.
    start: Option<u64>,
    pax: Option<Records>,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
}

#[derive(Debug)]
enum State {
    /// A header block is next.
    Header,
    /// The body of an extension header is being gathered.
    Extension { kind: ExtensionKind, start: u64, size: usize, body: Vec<u8>, left: u64 },
    /// GNU's further sparse map blocks follow the header.
    SparseBlocks { entry: Box<Entry>, left: u64 },
    /// PAX sparse 1.0: the map stands before the content, in blocks of its own.
    SparseMap { entry: Box<Entry>, map: Vec<u8>, lines: usize, left: u64 },
    /// The content of the current entry.
    Body { left: u64, padding: u64 },
    /// [`Event::EntryEnd`] is due.
    EntryEnd { padding: u64 },
    /// Bytes to be dropped before the next header.
    Padding { left: u64 },
    /// One zero block was seen.
    ZeroBlock,
    /// The end was seen: nothing but zeros should follow.
    Trailing { reported: bool },
    /// The error that ended it.
    Failed(Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExtensionKind {
    Pax,
    PaxGlobal,
    LongName,
    LongLink,
}

/// What a step of the state machine leads to.
enum Step<'a> {
    /// This event.
    Event(Event<'a>),
    /// The next step, at once.
    Next,
    /// More input is needed.
    NeedInput,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser at the start of a tar.
    pub fn new() -> Self {
        Self {
            state: State::Header,
            offset: 0,
            block: [0; BLOCK as usize],
            filled: 0,
            extensions: Extensions::default(),
            global: Records::default(),
            anomalies: Vec::new(),
        }
    }

    /// Takes one step over `input`, the bytes at [`Parser::offset`]. With `eof` no bytes follow `input`.
    ///
    /// Every split of the input gives the same events (adjacent [`Event::Data`] joined), anomalies and
    /// error, offsets included. After an error, or after [`Event::End`], it takes all and finds nothing.
    pub fn parse<'a>(&mut self, input: &'a [u8], eof: bool) -> Result<Parsed<'a>, Error> {
        let before = self.offset;
        let mut rest = input;
        let event = loop {
            match self.step(&mut rest, eof) {
                Ok(Step::Event(event)) => break Some(event),
                Ok(Step::Next) => {}
                Ok(Step::NeedInput) => break None,
                Err(error) => {
                    self.state = State::Failed(error.clone());
                    return Err(error);
                }
            }
        };
        // What was taken is at most the input's length.
        Ok(Parsed { consumed: (self.offset - before) as usize, event })
    }

    /// Right after [`Event::Entry`] or within its data: leaves out the rest of the body. Returns how many
    /// bytes of the tar to jump over, padding included; the next input starts there. [`Event::EntryEnd`]
    /// still follows.
    ///
    /// A body that reaches beyond the end of the tar goes unnoticed: who jumps has to look.
    pub fn skip_body(&mut self) -> u64 {
        let State::Body { left, padding } = self.state else { return 0 };
        let jump = left.saturating_add(padding);
        self.offset = self.offset.saturating_add(jump);
        self.state = State::EntryEnd { padding: 0 };
        jump
    }

    /// Offset in the tar of the next input byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Oddities met since the last call.
    pub fn take_anomalies(&mut self) -> Vec<Anomaly> {
        std::mem::take(&mut self.anomalies)
    }

    fn step<'a>(&mut self, rest: &mut &'a [u8], eof: bool) -> Result<Step<'a>, Error> {
        let at_end = |rest: &[u8]| eof && rest.is_empty();
        match &mut self.state {
            State::Header => match self.gather(rest) {
                true => self.header(),
                false if at_end(rest) => self.end_of_input(),
                false => Ok(Step::NeedInput),
            },
            State::Extension { left, body, .. } => {
                let taken = advance(rest, *left);
                body.extend_from_slice(taken);
                *left -= taken.len() as u64;
                self.offset += taken.len() as u64;
                if *left == 0 {
                    return self.extension();
                }
                self.need(at_end(rest), "the tar ends within an extension header")
            }
            State::SparseBlocks { .. } => match self.gather(rest) {
                true => self.sparse_block(),
                false => self.need(at_end(rest), "the tar ends within a sparse map"),
            },
            State::SparseMap { .. } => match self.gather(rest) {
                true => self.sparse_map_block(),
                false => self.need(at_end(rest), "the tar ends within a sparse map"),
            },
            State::Body { left: 0, padding } => {
                self.state = State::EntryEnd { padding: *padding };
                Ok(Step::Next)
            }
            State::Body { left, .. } => {
                let taken = advance(rest, *left);
                *left -= taken.len() as u64;
                self.offset += taken.len() as u64;
                if !taken.is_empty() {
                    return Ok(Step::Event(Event::Data(taken)));
                }
                self.need(at_end(rest), "the tar ends within the content of an entry")
            }
            State::EntryEnd { padding } => {
                self.state = State::Padding { left: *padding };
                Ok(Step::Event(Event::EntryEnd))
            }
            State::Padding { left } => {
                let taken = advance(rest, *left);
                *left -= taken.len() as u64;
                self.offset += taken.len() as u64;
                match *left {
                    // All content is there; what lacks is only zeros.
                    _ if *left == 0 || at_end(rest) => {
                        self.state = State::Header;
                        Ok(Step::Next)
                    }
                    _ => Ok(Step::NeedInput),
                }
            }
            State::ZeroBlock => match self.gather(rest) || at_end(rest) {
                true => Ok(self.second_zero_block()),
                false => Ok(Step::NeedInput),
            },
            State::Trailing { .. } => {
                let start = self.offset;
                if let Some(i) = rest.iter().position(|&b| b != 0) {
                    self.trailing(start + i as u64);
                }
                self.offset += rest.len() as u64;
                *rest = &[];
                Ok(Step::NeedInput)
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Fills the current block; true once it is whole.
    fn gather(&mut self, rest: &mut &[u8]) -> bool {
        let taken = advance(rest, BLOCK - self.filled as u64);
        self.block[self.filled..self.filled + taken.len()].copy_from_slice(taken);
        self.filled += taken.len();
        self.offset += taken.len() as u64;
        self.filled == BLOCK as usize
    }

    fn need<'a>(&self, at_end: bool, message: &str) -> Result<Step<'a>, Error> {
        if at_end { Err(Error::new(Code::TarTruncated, self.offset, message)) } else { Ok(Step::NeedInput) }
    }

    #[cold]
    fn end_of_input<'a>(&mut self) -> Result<Step<'a>, Error> {
        let start = self.offset - self.filled as u64;
        if self.block[..self.filled].iter().any(|&b| b != 0) {
            // Less than a block that is no header may be anything; that it is no tar is the better word at the
            // very start.
            let (code, message) = match start {
                0 => (Code::TarChecksum, "less than one block: not a tar"),
                _ => (Code::TarTruncated, "the tar ends within a header"),
            };
            return Err(Error::new(code, start, message));
        }
        self.note(Code::TarNoEnd, start, "the two zero blocks at the end are missing");
        self.dangling();
        self.state = State::Trailing { reported: true };
        Ok(Step::Event(Event::End))
    }

    /// What follows one zero block: another, or all that is left.
    #[cold]
    fn second_zero_block<'a>(&mut self) -> Step<'a> {
        let start = self.offset - self.filled as u64;
        let hidden = self.block[..self.filled].iter().position(|&b| b != 0);
        let whole = self.filled == BLOCK as usize;
        self.filled = 0;
        self.state = State::Trailing { reported: false };
        if !whole || hidden.is_some() {
            // Go and Docker refuse such a tar; its rest is never merged silently.
            self.note(Code::TarNoEnd, start, "only one zero block ends the tar");
        }
        if let Some(i) = hidden {
            self.trailing(start + i as u64);
        }
        Step::Event(Event::End)
    }

    fn header<'a>(&mut self) -> Result<Step<'a>, Error> {
        let block = block_array(&self.block);
        self.filled = 0;
        let start = self.offset - BLOCK;
        if block.iter().all(|&b| b == 0) {
            self.dangling();
            self.state = State::ZeroBlock;
            return Ok(Step::Next);
        }
        let header = Header::new(&block, start)?;
        if header.has_odd_version() {
            self.note(Code::TarVersion, start, "the ustar header has an unusual version");
        }
        let kind = match header.type_flag() {
            b'x' | b'X' => ExtensionKind::Pax,
            b'g' => ExtensionKind::PaxGlobal,
            b'L' => ExtensionKind::LongName,
            b'K' => ExtensionKind::LongLink,
            _ => return self.entry(&header, start),
        };
        // An extension's own size is never that of a PAX record: those are for the file.
        let size = header.size()?;
        if size > limits::TAR_EXTENSION {
            let message = format!("an extension header of {size} bytes");
            return Err(Error::new(Code::TarExtensionTooLarge, start, message));
        }
        if kind != ExtensionKind::PaxGlobal {
            self.extensions.start.get_or_insert(start);
        }
        // The size is capped above; what fills its last block is gathered with it.
        let left = size + padding(size);
        let body = Vec::with_capacity(left as usize);
        self.state = State::Extension { kind, start, size: size as usize, body, left };
        Ok(Step::Next)
    }

    #[inline(never)]
    fn extension<'a>(&mut self) -> Result<Step<'a>, Error> {
        let State::Extension { kind, start, size, mut body, .. } =
            std::mem::replace(&mut self.state, State::Header)
        else {
            return Ok(Step::Next);
        };
        body.truncate(size);
        match kind {
            ExtensionKind::Pax => {
                let records = pax::parse(&body, start + BLOCK)?;
                self.note_empty(&records, start);
                // A second one replaces the first; as later headers do.
                self.extensions.pax.get_or_insert_default().extend(records);
            }
            ExtensionKind::PaxGlobal => {
                let records = pax::parse(&body, start + BLOCK)?;
                self.note_empty(&records, start);
                self.global.extend(records);
                if self.global.is_too_large_for_all() {
                    let message = "the global PAX headers are larger than the limit";
                    return Err(Error::new(Code::TarExtensionTooLarge, start, message));
                }
            }
            ExtensionKind::LongName => self.extensions.long_name = Some(until_nul(body)),
            ExtensionKind::LongLink => self.extensions.long_link = Some(until_nul(body)),
        }
        Ok(Step::Next)
    }

    fn note_empty(&mut self, records: &Records, start: u64) {
        for key in records.deleted() {
            self.note(Code::TarPaxEmpty, start, format_args!("the PAX record {key:?} is empty"));
        }
    }

    fn entry<'a>(&mut self, header: &Header<'_>, start: u64) -> Result<Step<'a>, Error> {
        let Extensions { start: first, pax, long_name, long_link } = std::mem::take(&mut self.extensions);
        let mut records = self.global.clone();
        let mixed = long_name.is_some() && pax.as_ref().is_some_and(|pax| pax.has_path());
        if let Some(pax) = pax {
            records.extend(pax);
        }
        let mut entry = header.entry(&mut self.anomalies);
        let header_size = header.size();
        let mut size = match records.size(start)? {
            Some(size) => {
                // A writer leaves the header's field alone only where it cannot hold the size.
                if size < 1 << 33 && header_size.as_ref().is_ok_and(|&stated| stated != size) {
                    let message = format!("the PAX size is {size}, the header's is not; PAX wins");
                    self.note(Code::TarPaxSize, start, message);
                }
                size
            }
            None => header_size?,
        };
        records.apply(&mut entry, start, &mut self.anomalies)?;
        if mixed {
            let message = format!("both a PAX and a GNU name; GNU wins over {:?}", entry.path);
            self.note(Code::TarMixedExtensions, start, message);
        }
        if let Some(name) = long_name {
            entry.path = name.into();
        }
        if let Some(link) = long_link {
            entry.link = link.into();
        }
        // Before ustar a directory was a file whose name ends in a slash.
        if entry.kind == EntryKind::File && entry.path.ends_with(b"/") {
            entry.kind = EntryKind::Directory;
        }
        if let EntryKind::Unknown(flag) = entry.kind {
            let message = format_args!("{:?} is of the unknown type {:?}", entry.path, char::from(flag));
            self.note(Code::TarUnknownType, start, message);
        } else if entry.kind != EntryKind::File && size > 0 {
            // As Go and Docker read it: such an entry is its header alone.
            let message = format_args!("{:?} is no file, yet has a size of {size}", entry.path);
            self.note(Code::TarUnexpectedSize, start, message);
            size = 0;
        }
        if !matches!(entry.kind, EntryKind::Symlink | EntryKind::HardLink) {
            entry.link.clear();
        }
        entry.header_offset = first.unwrap_or(start);
        entry.body_offset = self.offset;
        entry.size = size;
        entry.stored_size = size;
        if size > i64::MAX.cast_unsigned() - BLOCK || self.offset.checked_add(size + BLOCK).is_none() {
            return Err(Error::new(Code::TarField, start, format!("a size of {size} bytes")));
        }
        let entry = Box::new(entry);

        if header.format() == Format::Gnu && header.type_flag() == b'S' {
            return self.gnu_sparse(header, entry);
        }
        match records.sparse(start)? {
            None => Ok(self.emit(entry)),
            Some(pax::Sparse::Listed { size, segments }) => Ok(self.emit_sparse(entry, size, segments)),
            Some(pax::Sparse::InBody { size }) => {
                let left = entry.stored_size;
                let mut entry = entry;
                entry.size = size;
                self.state = State::SparseMap { entry, map: Vec::new(), lines: 0, left };
                Ok(Step::Next)
            }
        }
    }

    #[cold]
    fn gnu_sparse<'a>(&mut self, header: &Header<'_>, mut entry: Box<Entry>) -> Result<Step<'a>, Error> {
        let (segments, size, more) = header.gnu_sparse()?;
        if more {
            entry.size = size;
            entry.sparse = segments;
            self.state = State::SparseBlocks { entry, left: limits::SPARSE_MAP / BLOCK };
            return Ok(Step::Next);
        }
        Ok(self.emit_sparse(entry, size, segments))
    }

    /// A further block of GNU's old sparse map.
    #[cold]
    fn sparse_block<'a>(&mut self) -> Result<Step<'a>, Error> {
        let block = block_array(&self.block);
        self.filled = 0;
        let start = self.offset - BLOCK;
        let State::SparseBlocks { mut entry, left } = std::mem::replace(&mut self.state, State::Header)
        else {
            return Ok(Step::Next);
        };
        let (segments, more) = sparse::gnu_block(&block, start)?;
        entry.sparse.extend(segments);
        if more {
            let left = left.checked_sub(1).ok_or_else(|| sparse::too_large(start))?;
            self.state = State::SparseBlocks { entry, left };
            return Ok(Step::Next);
        }
        entry.body_offset = self.offset;
        let (size, segments) = (entry.size, std::mem::take(&mut entry.sparse));
        Ok(self.emit_sparse(entry, size, segments))
    }

    /// A block of PAX's sparse map, which stands at the start of the body.
    #[cold]
    fn sparse_map_block<'a>(&mut self) -> Result<Step<'a>, Error> {
        let block = block_array(&self.block);
        self.filled = 0;
        let start = self.offset - BLOCK;
        let state = std::mem::replace(&mut self.state, State::Header);
        let State::SparseMap { mut entry, mut map, lines, left } = state else { return Ok(Step::Next) };
        map.extend_from_slice(&block);
        let lines = lines + sparse::count_lines(&block);
        if map.len() as u64 > limits::SPARSE_MAP {
            return Err(sparse::too_large(start));
        }
        let left = left.checked_sub(BLOCK).ok_or_else(|| {
            Error::new(Code::TarSparse, start, "the sparse map is larger than the content that holds it")
        })?;
        match sparse::parse_map(&map, lines, start)? {
            None => {
                self.state = State::SparseMap { entry, map, lines, left };
                Ok(Step::Next)
            }
            Some(segments) => {
                entry.body_offset = self.offset;
                entry.stored_size = left;
                let size = entry.size;
                Ok(self.emit_sparse(entry, size, segments))
            }
        }
    }

    #[cold]
    fn emit_sparse<'a>(
        &mut self,
        mut entry: Box<Entry>,
        size: u64,
        segments: Vec<SparseSegment>,
    ) -> Step<'a> {
        if sparse::fits(&segments, size, entry.stored_size) {
            entry.size = size;
            entry.sparse = segments;
        } else {
            // The stored bytes are all there is to be believed.
            let message = format_args!("the sparse map of {:?} does not fit its content", entry.path);
            self.note(Code::TarSparse, entry.header_offset, message);
            entry.size = entry.stored_size;
        }
        self.emit(entry)
    }

    fn emit<'a>(&mut self, entry: Box<Entry>) -> Step<'a> {
        self.state = State::Body { left: entry.stored_size, padding: padding(entry.stored_size) };
        Step::Event(Event::Entry(entry))
    }

    /// Notes extensions that nothing follows.
    #[cold]
    fn dangling(&mut self) {
        if let Some(start) = std::mem::take(&mut self.extensions).start {
            self.note(Code::TarDanglingExtension, start, "an extension header without an entry");
        }
    }

    #[cold]
    fn trailing(&mut self, offset: u64) {
        if let State::Trailing { reported } = &mut self.state
            && !std::mem::replace(reported, true)
        {
            self.note(Code::TarTrailingData, offset, "data follows the end of the tar");
        }
    }

    fn note(&mut self, code: Code, offset: u64, message: impl fmt::Display) {
        anomaly::note(&mut self.anomalies, code, offset, message);
    }
}

/// Takes up to `most` bytes off the front.
fn advance<'a>(rest: &mut &'a [u8], most: u64) -> &'a [u8] {
    let n = usize::try_from(most).map_or(rest.len(), |most| most.min(rest.len()));
    let (taken, left) = rest.split_at(n);
    *rest = left;
    taken
}

/// How many bytes fill the last block of a body.
fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|&b| b == 0) {
        bytes.truncate(end);
    }
    bytes
}
