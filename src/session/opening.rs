//! From the first byte of an archive to the list of its images.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use bstr::BString;

use super::{Session, failure};
use crate::{
    anomaly::{Anomaly, Code},
    codec::{self, Checkpoints, Compression, Decoder, MAGIC_LEN, Status},
    digest::Algorithm,
    image::{self, Archive, Documents, Lister, Located, Member, MemberId, MemberKind, Resolved},
    layer::{Algorithms, ContentKey, Scan, Scanned},
    limits::{self, Limits},
    tar::{self, Entry, Event, Parser},
    worker::protocol::{Failure, FailureKind},
};

/// Opens an archive: ask [`Opening::wants`] for a range, read it, give it to [`Opening::supply`], until
/// it wants nothing more; then [`Opening::finish`].
///
/// Of a plain archive only headers and JSON documents are wanted. A compressed archive has no random access:
/// it is read once from end to end, and its layers are scanned as they pass; and once more if a document did not look
/// like one. So is one that is read while it comes, of either sort: see [`Opening::passing`].
pub struct Opening {
    len: u64,
    /// It comes from its first byte to its last, and its length is known then.
    is_passing: bool,
    content_key: ContentKey,
    /// What is opened is a directory, not one file.
    is_directory: bool,
    limits: Limits,
    stage: Stage,
}

enum Stage {
    /// The leading bytes have to tell what it is; those of them that have passed.
    Sniffing(Vec<u8>),
    /// The members of a plain archive are being listed.
    Listing(Box<Lister>),
    /// Documents of a plain archive are being read: the next is the last of `wanted`.
    Reading { listing: Listing, documents: Documents, wanted: Vec<MemberId>, part: Vec<u8> },
    /// An archive passes.
    Streaming(Box<Streaming>),
    /// Everything is known.
    Done(Box<Session>),
    /// It cannot be opened. `supply` has said why.
    Failed,
}

type Listing = (Vec<Member>, Vec<Anomaly>);

/// How much is read at first.
const HEAD: u64 = 64 << 10;
/// How much is read at once of what is read whole.
const STEP: u64 = 1 << 20;

impl Opening {
    /// Opens an archive of `len` bytes.
    pub fn new(len: u64, content_key: ContentKey) -> Self {
        Self {
            len,
            is_passing: false,
            content_key,
            is_directory: false,
            limits: Limits::default(),
            stage: Stage::Sniffing(Vec::new()),
        }
    }

    /// Opens an archive while it comes, whatever its length will be: give [`Opening::supply`] its bytes in pieces of any
    /// length, and an empty one at its end. If [`Opening::wants`] something then, read it of what came.
    pub fn passing(content_key: ContentKey) -> Self {
        Self { is_passing: true, ..Self::new(u64::MAX, content_key) }
    }

    /// Sets how far what is compressed is decoded, and how much of a layer is indexed.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Opens a directory, whose files' contents stand one after the other: see [`Member::of_directory`].
    ///
    /// # Errors
    ///
    /// If its files make no image.
    pub fn directory(members: Vec<Member>, content_key: ContentKey) -> Result<Self, Failure> {
        let len = members.last().map_or(0, |last| last.offset.saturating_add(last.size));
        let mut opening = Self::new(len, content_key);
        opening.is_directory = true;
        opening.stage = opening.read((members, Vec::new()), Documents::new(), Vec::new(), Vec::new())?;
        Ok(opening)
    }

    /// The byte range that is needed next, within the archive; `None` once it is done. The range is empty where the
    /// archive ends within what is read: there is nothing to read then, only to supply.
    pub fn wants(&self) -> Option<Range<u64>> {
        let step = |start: u64, end: u64| {
            let end = end.min(self.len);
            Some(start.min(end)..end.min(start.saturating_add(STEP)))
        };
        match &self.stage {
            Stage::Sniffing(_) => Some(0..HEAD.min(self.len)),
            Stage::Listing(lister) => lister.wants(),
            Stage::Reading { listing: (members, _), wanted, part, .. } => {
                let member = &members[wanted.last()?.0 as usize];
                step(member.offset + part.len() as u64, member.offset + member.size)
            }
            Stage::Streaming(streaming) => step(streaming.position, self.len),
            Stage::Done(_) | Stage::Failed => None,
        }
    }

    /// What will be wanted after `range`, if that is known before `range` has been read.
    pub fn wants_after(&self, range: &Range<u64>) -> Option<Range<u64>> {
        let is_streaming = matches!(self.stage, Stage::Streaming(_)) && range.end < self.len;
        is_streaming.then(|| range.end..self.len.min(range.end.saturating_add(STEP)))
    }

    /// How many bytes have been read of an archive that is read from end to end.
    pub fn streamed(&self) -> Option<u64> {
        match &self.stage {
            Stage::Streaming(streaming) => Some(streaming.position),
            _ => None,
        }
    }

    /// How many tars have been read of an archive that is read from end to end: layers, in all likelihood. Which images they
    /// make is known at its end.
    pub fn passed(&self) -> usize {
        match &self.stage {
            Stage::Streaming(streaming) => streaming.passed,
            _ => 0,
        }
    }

    /// Takes the bytes of the range that [`Opening::wants`] named. Fewer mean that the archive ends there.
    pub fn supply(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let stage = std::mem::replace(&mut self.stage, Stage::Failed);
        self.stage = match stage {
            Stage::Sniffing(mut head) if self.is_passing => {
                head.extend_from_slice(bytes);
                if !bytes.is_empty() && (head.len() as u64) < HEAD {
                    Stage::Sniffing(head)
                } else {
                    self.stage = self.sniff(&head)?;
                    self.supply(&head)?;
                    return if bytes.is_empty() { self.supply(&[]) } else { Ok(()) };
                }
            }
            Stage::Sniffing(_) => self.sniff(bytes)?,
            Stage::Listing(mut lister) => {
                lister.supply(bytes);
                self.listed(lister)?
            }
            Stage::Reading { listing, mut documents, mut wanted, mut part } => {
                part.extend_from_slice(bytes);
                if let Some(&id) = wanted.last() {
                    let whole = part.len() as u64 >= listing.0[id.0 as usize].size;
                    if whole || bytes.is_empty() {
                        documents.insert(id, std::mem::take(&mut part));
                        wanted.pop();
                    }
                }
                self.read(listing, documents, wanted, part)?
            }
            Stage::Streaming(mut streaming) => {
                streaming.position += bytes.len() as u64;
                let eof = bytes.is_empty() || streaming.position >= self.len;
                streaming.push(bytes, eof);
                if let Some(limit) = streaming.limit.take() {
                    return Err(limit);
                }
                if eof && std::mem::take(&mut self.is_passing) {
                    self.len = streaming.position;
                }
                if eof { streaming.finish(self.len)? } else { Stage::Streaming(streaming) }
            }
            done @ (Stage::Done(_) | Stage::Failed) => done,
        };
        Ok(())
    }

    /// The open archive. Call it once [`Opening::wants`] wants nothing and nothing has failed.
    pub fn finish(self) -> Result<Session, Failure> {
        match self.stage {
            Stage::Done(mut session) => {
                session.set_limits(self.limits);
                Ok(*session)
            }
            _ => Err(failure(FailureKind::NotAnArchive, "the archive was not read to its end")),
        }
    }

    fn sniff(&mut self, head: &[u8]) -> Result<Stage, Failure> {
        if head.is_empty() {
            return Err(failure(FailureKind::Empty, "the file is empty"));
        }
        match Compression::sniff(&head[..head.len().min(MAGIC_LEN)]) {
            Compression::None if !tar::looks_like(head) => Err(match codec::unsupported(head) {
                Some(name) => failure(
                    FailureKind::Unsupported,
                    format!("the file is compressed by {name}, which is not supported"),
                ),
                None => {
                    failure(FailureKind::NotAnArchive, "the file is not a tar, nor one that is compressed")
                }
            }),
            Compression::None if !self.is_passing => self.listed(Box::new(Lister::new(self.len))),
            compression => {
                let streaming = Streaming::new(compression, self.content_key, self.limits);
                Ok(Stage::Streaming(Box::new(streaming)))
            }
        }
    }

    fn listed(&mut self, lister: Box<Lister>) -> Result<Stage, Failure> {
        if lister.wants().is_some() {
            return Ok(Stage::Listing(lister));
        }
        self.read(lister.finish(), Documents::new(), Vec::new(), Vec::new())
    }

    fn read(
        &mut self,
        listing: Listing,
        mut documents: Documents,
        mut wanted: Vec<MemberId>,
        part: Vec<u8>,
    ) -> Result<Stage, Failure> {
        loop {
            // An empty document needs no reading.
            while let Some(&id) = wanted.last()
                && listing.0[id.0 as usize].size == 0
            {
                documents.insert(id, Vec::new());
                wanted.pop();
            }
            if !wanted.is_empty() {
                return Ok(Stage::Reading { listing, documents, wanted, part });
            }
            let (members, anomalies) = &listing;
            match image::resolve(members, &documents) {
                Resolved::Wants(ids) => wanted = ids,
                Resolved::NotAnImage if self.is_directory => {
                    let message = "the directory holds neither manifest.json nor index.json";
                    return Err(failure(FailureKind::NotAnImage, message));
                }
                // A tar by its first header at least.
                Resolved::NotAnImage if !members.is_empty() => {
                    return Ok(bare_layer(self.len, self.content_key));
                }
                Resolved::NotAnImage => return Err(not_an_image(anomalies)),
                Resolved::Archive(mut archive) => {
                    let (members, anomalies) = listing;
                    archive.anomalies.splice(0..0, anomalies.into_iter().map(unplaced));
                    let session =
                        Session::new(Compression::None, self.len, members, *archive, self.content_key);
                    return Ok(Stage::Done(Box::new(session)));
                }
            }
        }
    }
}

/// An archive of `len` bytes that is no more than a layer, perhaps compressed.
fn bare_layer(len: u64, content_key: ContentKey) -> Stage {
    let whole = Member { path: BString::default(), kind: MemberKind::File, offset: 0, size: len };
    let archive = Archive::bare_layer(MemberId(0));
    Stage::Done(Box::new(Session::new(Compression::None, len, vec![whole], archive, content_key)))
}

/// Why a tar holds no image: damage explains it better than absence.
fn not_an_image(anomalies: &[Anomaly]) -> Failure {
    match anomalies.first() {
        Some(anomaly) => Failure {
            kind: FailureKind::Corrupt(anomaly.code),
            detail: anomaly.message.clone(),
            offset: anomaly.offset,
        },
        None => failure(FailureKind::NotAnImage, "the tar is empty"),
    }
}

/// An archive as it passes: documents are kept, all else is scanned as if it were a layer.
struct Streaming {
    compression: Compression,
    decoder: Decoder,
    parser: Parser,
    content_key: ContentKey,
    limits: Limits,
    /// Bytes of the archive taken so far.
    position: u64,
    /// Bytes of it that were decoded, and bytes that they decoded to.
    consumed: u64,
    decoded: u64,
    /// The limit that forbids to go on.
    limit: Option<Failure>,
    /// The decoder or the parser has met its end.
    stopped: bool,
    members: Vec<Member>,
    /// There are more members than are listed.
    is_full: bool,
    documents: Documents,
    /// Members that are known to be documents, whatever they look like.
    wanted: HashSet<MemberId>,
    /// Bytes in `documents`.
    kept: u64,
    scans: HashMap<MemberId, Scanned>,
    /// Those of `scans` that were tars.
    passed: usize,
    current: Current,
    anomalies: Vec<Anomaly>,
    buffer: Vec<u8>,
}

enum Current {
    /// Between members, or in one that is of no interest.
    None,
    /// A member whose first bytes are awaited.
    Begun(MemberId),
    /// A member that may be a JSON document.
    Document(MemberId),
    /// A member that may be a layer.
    Layer(MemberId, Box<Scan>),
}

/// The most bytes of documents kept of one archive.
const DOCUMENTS: u64 = 64 << 20;

impl Streaming {
    fn new(compression: Compression, content_key: ContentKey, limits: Limits) -> Self {
        Self {
            compression,
            decoder: Decoder::recording(compression),
            parser: Parser::new(),
            content_key,
            limits,
            position: 0,
            consumed: 0,
            decoded: 0,
            limit: None,
            stopped: false,
            members: Vec::new(),
            is_full: false,
            documents: Documents::new(),
            wanted: HashSet::new(),
            kept: 0,
            scans: HashMap::new(),
            passed: 0,
            current: Current::None,
            anomalies: Vec::new(),
            buffer: vec![0; 256 << 10],
        }
    }

    fn push(&mut self, mut input: &[u8], eof: bool) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while !self.stopped {
            match self.decoder.decode(input, eof, &mut buffer) {
                Ok(progress) => {
                    input = &input[progress.consumed..];
                    self.consumed += progress.consumed as u64;
                    self.decoded += progress.produced as u64;
                    self.parse(&buffer[..progress.produced], false);
                    if self.limits.is_bomb(self.consumed, self.decoded) {
                        self.limit();
                        break;
                    }
                    let more =
                        progress.status == Status::OutputFull || (!input.is_empty() && progress.consumed > 0);
                    if !more {
                        break;
                    }
                }
                Err(error) => {
                    self.note(Anomaly::at(error.code, error.offset, error.message));
                    self.stopped = true;
                }
            }
        }
        self.decoder.take_anomalies().into_iter().for_each(|anomaly| self.note(anomaly));
        self.buffer = buffer;
        if eof && !self.stopped {
            self.parse(&[], true);
        }
    }

    /// Goes no further. What was read so far names no image yet, in most archives, so nothing is shown.
    fn limit(&mut self) {
        self.stopped = true;
        let ratio = self.limits.ratio;
        self.limit = Some(Failure {
            kind: FailureKind::Corrupt(Code::LimitReached),
            detail: format!("the archive decodes to more than {ratio} times its own size"),
            offset: Some(self.consumed),
        });
    }

    fn note(&mut self, anomaly: Anomaly) {
        if self.anomalies.len() < limits::ANOMALIES {
            self.anomalies.push(anomaly);
        }
    }

    fn parse(&mut self, mut input: &[u8], eof: bool) {
        while !self.stopped {
            match self.parser.parse(input, eof) {
                Ok(parsed) => {
                    input = &input[parsed.consumed..];
                    match parsed.event {
                        Some(Event::Entry(entry)) => self.entry(&entry),
                        Some(Event::Data(bytes)) => self.data(bytes),
                        Some(Event::EntryEnd) => self.entry_end(),
                        Some(Event::End) => {}
                        None => break,
                    }
                }
                Err(error) => {
                    self.note(Anomaly::at(error.code, error.offset, error.message));
                    self.stopped = true;
                }
            }
        }
        self.parser.take_anomalies().into_iter().for_each(|anomaly| self.note(anomaly));
    }

    fn entry(&mut self, entry: &Entry) {
        if self.members.len() >= limits::MEMBERS {
            if !std::mem::replace(&mut self.is_full, true) {
                let message = format!("more than {} members; the rest is not looked at", limits::MEMBERS);
                self.note(Anomaly::at(Code::LimitReached, entry.header_offset, message));
            }
            self.current = Current::None;
            return;
        }
        let id = MemberId(self.members.len() as u32);
        let member = Member::from_entry(entry);
        self.current = match member.kind {
            MemberKind::File => Current::Begun(id),
            _ => Current::None,
        };
        self.members.push(member);
    }

    fn data(&mut self, bytes: &[u8]) {
        if let Current::Begun(id) = self.current
            && let Some(&first) = bytes.first()
        {
            let member = &self.members[id.0 as usize];
            // A JSON document begins with a bracket; a tar begins with a name and a NUL well within it.
            let looks_like_one = matches!(first, b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n' | 0xef);
            let is_document = (looks_like_one || self.wanted.contains(&id))
                && member.size <= limits::JSON_DOCUMENT
                && self.kept + member.size <= DOCUMENTS;
            self.current = if is_document {
                self.kept += member.size;
                Current::Document(id)
            } else {
                let algorithms = Algorithms { blob: stated_by_path(&member.path), ..Algorithms::default() };
                Current::Layer(id, Box::new(Scan::new(self.content_key, algorithms, self.limits)))
            };
        }
        match &mut self.current {
            Current::Document(id) => self.documents.entry(*id).or_default().extend_from_slice(bytes),
            Current::Layer(_, scan) => scan.push(bytes),
            Current::None | Current::Begun(_) => {}
        }
    }

    fn entry_end(&mut self) {
        match std::mem::replace(&mut self.current, Current::None) {
            Current::Layer(id, scan) => {
                let scanned = scan.finish();
                self.passed += usize::from(scanned.entries > 0);
                let has_windows = scanned.checkpoints.windows_len() > 0;
                self.scans.insert(id, scanned);
                if has_windows {
                    // As the session does once there is one.
                    let mut all: Vec<_> =
                        self.scans.values_mut().map(|scanned| &mut scanned.checkpoints).collect();
                    Checkpoints::thin_out(&mut all, limits::ZSTD_WINDOWS);
                }
            }
            // An empty file: as a document it is empty, as a layer it has no entries.
            Current::Begun(id) => {
                self.documents.insert(id, Vec::new());
                let empty = Scan::new(self.content_key, Algorithms::default(), self.limits);
                self.scans.insert(id, empty.finish());
            }
            Current::Document(_) | Current::None => {}
        }
    }

    fn finish(mut self: Box<Self>, len: u64) -> Result<Stage, Failure> {
        // A member that the archive ends in is kept as far as it goes.
        self.entry_end();
        loop {
            match image::resolve(&self.members, &self.documents) {
                Resolved::Wants(ids) => {
                    // What was taken for a layer has to be kept: what is said of a document is said of its bytes. Each
                    // time is a level deeper among the documents, so there are few.
                    let mut wanted = self.wanted.clone();
                    wanted.extend(ids.iter().filter(|id| self.scans.contains_key(id)));
                    if wanted.len() > self.wanted.len() {
                        let again =
                            Self { wanted, ..Self::new(self.compression, self.content_key, self.limits) };
                        return Ok(Stage::Streaming(Box::new(again)));
                    }
                    for id in ids {
                        self.documents.entry(id).or_default();
                    }
                }
                Resolved::NotAnImage if self.members.is_empty() => {
                    return Err(match self.anomalies.first() {
                        // The compression was right, but not what is in it.
                        Some(a) if a.code == Code::TarChecksum && a.offset == Some(0) => {
                            failure(FailureKind::NotAnArchive, "what was compressed is not a tar")
                        }
                        _ => not_an_image(&self.anomalies),
                    });
                }
                // It is read once more, as a layer like any other.
                Resolved::NotAnImage => return Ok(bare_layer(len, self.content_key)),
                Resolved::Archive(mut archive) => {
                    archive.anomalies.splice(0..0, self.anomalies.into_iter().map(unplaced));
                    let mut session =
                        Session::new(self.compression, len, self.members, *archive, self.content_key);
                    session.set_limits(self.limits);
                    session.outer_checkpoints = self.decoder.take_checkpoints();
                    session.accept_streamed(self.scans, &self.documents);
                    return Ok(Stage::Done(Box::new(session)));
                }
            }
        }
    }
}

/// An anomaly of the archive as a whole.
fn unplaced(anomaly: Anomaly) -> Located {
    Located { image: None, layer: None, anomaly }
}

/// The algorithm of the digest that a blob's path states (OCI image layout, "Blobs").
fn stated_by_path(path: &BString) -> Algorithm {
    if path.starts_with(b"blobs/sha512/") { Algorithm::Sha512 } else { Algorithm::Sha256 }
}
