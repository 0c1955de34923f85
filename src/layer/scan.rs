//! Reads a layer's blob in one pass.

use serde::{Deserialize, Serialize};

use super::{
    ContentKey, Contents, EntryId, Index, Lazy,
    index::{Builder, ContentHasher},
    lazy::Tail,
};
use crate::{
    anomaly::{Anomaly, Code},
    codec::{self, Checkpoints, Compression, Decoder, MAGIC_LEN, Status},
    digest::{Algorithm, Digest, Hash, Hashing, Here},
    limits::{self, Limit, Limits},
    tar::{Event, Parser},
};

/// What a whole blob was found to be.
#[derive(Debug, Serialize, Deserialize)]
pub struct Scanned {
    /// The digest of its bytes.
    pub digest: Digest,
    /// The digest of its uncompressed bytes; `None` if they could not all be decoded.
    pub diff_id: Option<Digest>,
    /// Whether the compressed stream is damaged: what is stated of its content cannot be true.
    pub damaged: bool,
    /// The limit that kept the rest from being decoded or listed.
    pub limit: Option<Limit>,
    /// How it is compressed.
    pub compression: Compression,
    /// Whether it is laid out to be pulled file by file.
    pub lazy: Option<Lazy>,
    /// The name of a compression that it begins like and that is not supported.
    pub unsupported: Option<String>,
    /// Its length in bytes.
    pub stored_size: u64,
    /// Its uncompressed length in bytes, as far as it could be decoded.
    pub size: u64,
    /// Tar entries, the root, repeats and rejected ones included.
    pub entries: u64,
    /// The entries that can be listed and merged.
    pub index: Index,
    /// The hashes of their contents.
    pub contents: Contents,
    /// What is wrong or odd with it. See [`Anomaly::offset`].
    pub anomalies: Vec<Anomaly>,
    /// Where decoding can begin, if it is compressed.
    pub checkpoints: Checkpoints,
}

/// Hashes, decompresses, parses and indexes a blob as its bytes pass.
///
/// Memory is bounded by the index and a fixed buffer, whatever the blob expands to. After an error in the
/// compression or the tar, the rest is still hashed and what was indexed before stays.
pub struct Scan {
    hashing: Box<dyn Hashing>,
    blob: Box<dyn Hash>,
    stored_size: u64,
    tail: Tail,
    unsupported: Option<&'static str>,
    /// The leading bytes, until the compression can be told.
    head: Vec<u8>,
    stage: Stage,
    content_key: ContentKey,
    algorithms: Algorithms,
    limits: Limits,
    bodies: Bodies,
    /// All bytes have come.
    is_whole: bool,
}

/// The algorithms that the stated digests want.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Algorithms {
    /// For the blob.
    pub blob: Algorithm,
    /// For the uncompressed tar.
    pub diff_id: Algorithm,
}

impl Default for Algorithms {
    fn default() -> Self {
        Self { blob: Algorithm::Sha256, diff_id: Algorithm::Sha256 }
    }
}

enum Stage {
    /// Too little was seen to tell the compression.
    Sniffing,
    /// The blob is the tar. It is hashed once where both digests are of one algorithm.
    Plain { tar: Box<TarIndexer>, diff_id: Option<Box<dyn Hash>> },
    /// The blob is decoded into the tar.
    Compressed { codec: Box<Codec>, tar: Box<TarIndexer> },
}

struct Codec {
    compression: Compression,
    decoder: Decoder,
    diff_id: Box<dyn Hash>,
    /// Bytes of the blob taken, and bytes they decoded to.
    consumed: u64,
    decoded: u64,
    limits: Limits,
    /// Why nothing more is decoded; the rest of the blob is only hashed.
    stopped: Option<Stop>,
    buffer: Vec<u8>,
}

/// Why a blob was not decoded to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Damaged,
    Unsupported,
    Limit(Limit),
}

const BUFFER: usize = 256 << 10;

impl Scan {
    /// A scan of a blob whose stated digests are of these algorithms.
    pub fn new(content_key: ContentKey, algorithms: Algorithms, limits: Limits) -> Self {
        Self {
            hashing: Box::new(Here),
            blob: Here.begin(algorithms.blob, None),
            stored_size: 0,
            tail: Tail::default(),
            unsupported: None,
            head: Vec::new(),
            stage: Stage::Sniffing,
            content_key,
            algorithms,
            limits,
            bodies: Bodies::Hashed,
            is_whole: false,
        }
    }

    /// The same of a blob of `len` bytes, which are hashed elsewhere.
    pub fn hashed_by(self, hashing: Box<dyn Hashing>, len: u64) -> Self {
        Self { blob: hashing.begin(self.algorithms.blob, Some(len)), hashing, ..self }
    }

    /// The same of a blob whose entries are known: what is found has no index, but all that a [`Look`] has not seen.
    pub fn of_listed(self) -> Self {
        Self { bodies: Bodies::HashedAlone, ..self }
    }

    /// Bytes of the blob taken so far.
    pub fn position(&self) -> u64 {
        self.stored_size
    }

    /// Takes the next bytes of the blob.
    pub fn push(&mut self, bytes: &[u8]) {
        self.blob.update(bytes);
        self.stored_size += bytes.len() as u64;
        self.tail.push(bytes);
        if let Stage::Sniffing = self.stage {
            self.head.extend_from_slice(bytes);
            if self.head.len() >= MAGIC_LEN {
                self.begin();
            }
        } else {
            self.stage.push(bytes, false);
        }
    }

    /// The blob is whole: no more is hashed.
    pub fn end(&mut self) {
        if let Stage::Sniffing = self.stage {
            self.begin();
        }
        if !std::mem::replace(&mut self.is_whole, true) {
            self.stage.push(&[], true);
        }
    }

    /// What the whole blob was found to be.
    pub fn finish(mut self) -> Scanned {
        self.end();
        let digest = self.blob.finish();
        let mut checkpoints = Checkpoints::default();
        let (compression, diff_id, stopped, tar) = match self.stage {
            // `begin` has ended the sniffing.
            Stage::Sniffing => {
                let tar = TarIndexer::new(self.content_key, self.limits, self.bodies);
                (Compression::None, None, None, Box::new(tar))
            }
            Stage::Plain { tar, diff_id } => {
                let diff_id = diff_id.map_or_else(|| digest.clone(), |digester| digester.finish());
                (Compression::None, Some(diff_id), None, tar)
            }
            Stage::Compressed { codec, tar } => {
                let Codec { compression, diff_id, stopped, mut decoder, .. } = *codec;
                checkpoints = decoder.take_checkpoints();
                let diff_id = stopped.is_none().then(|| diff_id.finish());
                (compression, diff_id, stopped, tar)
            }
        };
        let undecoded = match stopped {
            Some(Stop::Limit(limit)) => Some(limit),
            Some(Stop::Damaged | Stop::Unsupported) | None => None,
        };
        let (limit, entries) = (undecoded.or(tar.builder.limit_reached), tar.builder.entries);
        let (index, contents) = tar.builder.finish();
        Scanned {
            digest,
            diff_id,
            damaged: stopped == Some(Stop::Damaged),
            limit,
            compression,
            lazy: self.tail.lazy(),
            unsupported: self.unsupported.map(str::to_owned),
            stored_size: self.stored_size,
            size: tar.size,
            entries,
            anomalies: tar.anomalies,
            index,
            contents,
            checkpoints,
        }
    }

    fn begin(&mut self) {
        let head = std::mem::take(&mut self.head);
        self.unsupported = codec::unsupported(&head);
        let tar = Box::new(TarIndexer::new(self.content_key, self.limits, self.bodies));
        let Algorithms { blob, diff_id } = self.algorithms;
        self.stage = match Compression::sniff(&head) {
            Compression::None => {
                let diff_id = (blob != diff_id).then(|| self.hashing.begin(diff_id, None));
                Stage::Plain { tar, diff_id }
            }
            compression => Stage::Compressed {
                codec: Box::new(Codec {
                    compression,
                    decoder: Decoder::recording(compression),
                    diff_id: self.hashing.begin(diff_id, None),
                    consumed: 0,
                    decoded: 0,
                    limits: self.limits,
                    stopped: None,
                    buffer: vec![0; BUFFER],
                }),
                tar,
            },
        };
        self.stage.push(&head, false);
    }
}

impl Stage {
    fn push(&mut self, bytes: &[u8], eof: bool) {
        match self {
            // Nothing is pushed before the compression is told.
            Self::Sniffing => {}
            Self::Plain { tar, diff_id } => {
                if let Some(diff_id) = diff_id {
                    diff_id.update(bytes);
                }
                tar.push(bytes, eof);
            }
            Self::Compressed { codec, tar } => codec.push(bytes, eof, tar),
        }
    }
}

impl Codec {
    fn push(&mut self, mut input: &[u8], eof: bool, tar: &mut TarIndexer) {
        while self.stopped.is_none() {
            match self.decoder.decode(input, eof, &mut self.buffer) {
                Ok(progress) => {
                    input = &input[progress.consumed..];
                    self.consumed += progress.consumed as u64;
                    let room = self.limits.layer_bytes - self.decoded;
                    let produced = (progress.produced as u64).min(room);
                    self.decoded += produced;
                    // No more than the buffer's length.
                    let decoded = &self.buffer[..produced as usize];
                    self.diff_id.update(decoded);
                    tar.push(decoded, false);
                    if produced < progress.produced as u64 {
                        let message = format!("decodes to more than {} bytes", self.limits.layer_bytes);
                        self.limit(Limit::Bytes, &message, tar);
                    } else if self.limits.is_bomb(self.consumed, self.decoded) {
                        let ratio = self.limits.ratio;
                        let message = format!("decodes to more than {ratio} times its own size");
                        self.limit(Limit::Ratio, &message, tar);
                    }
                    match progress.status {
                        Status::OutputFull => {}
                        // After the end, what follows is still given to be reported.
                        Status::NeedInput | Status::Done if input.is_empty() => break,
                        Status::NeedInput | Status::Done if progress.consumed == 0 => break,
                        Status::NeedInput | Status::Done => {}
                    }
                }
                Err(error) => {
                    let unsupported = error.code == Code::CodecUnsupported;
                    self.stopped = Some(if unsupported { Stop::Unsupported } else { Stop::Damaged });
                    tar.stopped = true;
                    tar.note(Anomaly::at(error.code, error.offset, error.message));
                }
            }
        }
        for anomaly in self.decoder.take_anomalies() {
            tar.note(anomaly);
        }
        if eof {
            tar.push(&[], true);
        }
    }

    /// Decodes no further; what was indexed so far is kept.
    fn limit(&mut self, limit: Limit, what: &str, tar: &mut TarIndexer) {
        self.stopped = Some(Stop::Limit(limit));
        tar.stopped = true;
        let message = format!("the layer {what}; the rest is hashed, but not looked at");
        tar.note(Anomaly::at(Code::LimitReached, self.consumed, message));
    }
}

/// What an uncompressed blob was found to list, when the contents of its files were passed over.
#[derive(Debug, Serialize, Deserialize)]
pub struct Listed {
    /// Its length in bytes.
    pub size: u64,
    /// Tar entries, the root, repeats and rejected ones included.
    pub entries: u64,
    /// The entries that can be listed and merged; the hashes of their contents are not known.
    pub index: Index,
}

/// Indexes an uncompressed blob without the contents of its files. What is wrong or odd with it is not told: a
/// [`Scan`] does, which sees every byte.
pub struct Look(TarIndexer);

impl Look {
    /// A look at a blob.
    pub fn new(content_key: ContentKey, limits: Limits) -> Self {
        Self(TarIndexer::new(content_key, limits, Bodies::Unneeded))
    }

    /// Takes the next bytes of the blob.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.push(bytes, false);
    }

    /// How many of the next bytes need not be pushed, but may be passed over with [`Look::skip`]. It may be more than
    /// the blob has.
    pub fn unneeded(&self) -> u64 {
        if self.0.stopped { u64::MAX } else { self.0.unneeded }
    }

    /// Passes over so many of the unneeded bytes.
    pub fn skip(&mut self, len: u64) {
        self.0.size += len;
        self.0.unneeded = self.0.unneeded.saturating_sub(len);
    }

    /// The blob is whole.
    pub fn finish(self) -> Listed {
        let TarIndexer { size, builder, .. } = self.0;
        Listed { size, entries: builder.entries, index: builder.finish().0 }
    }
}

/// What is done with the bodies of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bodies {
    Hashed,
    /// They are hashed, and nothing else is kept of the entries.
    HashedAlone,
    /// They are passed over, but for the few that are kept.
    Unneeded,
}

/// Parses the uncompressed bytes and indexes the entries.
struct TarIndexer {
    parser: Parser,
    builder: Builder,
    /// The file whose content passes.
    current: Option<(EntryId, ContentHasher)>,
    content_key: ContentKey,
    bodies: Bodies,
    /// How many of the next bytes are passed over.
    unneeded: u64,
    /// Reading of the tar has ended: by an error of its own or of the compression, or by a limit.
    stopped: bool,
    size: u64,
    anomalies: Vec<Anomaly>,
    /// How many anomalies were not kept.
    dropped: u64,
}

impl TarIndexer {
    fn new(content_key: ContentKey, limits: Limits, bodies: Bodies) -> Self {
        Self {
            parser: Parser::new(),
            builder: Builder::new(content_key, limits, bodies != Bodies::HashedAlone),
            current: None,
            content_key,
            bodies,
            unneeded: 0,
            stopped: false,
            size: 0,
            anomalies: Vec::new(),
            dropped: 0,
        }
    }

    fn push(&mut self, bytes: &[u8], eof: bool) {
        self.size += bytes.len() as u64;
        if !self.stopped {
            self.parse(bytes, eof);
        }
        if eof && self.dropped > 0 {
            let message = format!("{} further oddities of this layer are not listed", self.dropped);
            self.anomalies.push(Anomaly::new(Code::LimitReached, message));
        }
    }

    fn parse(&mut self, mut input: &[u8], eof: bool) {
        while !self.stopped {
            // No more than the input's length.
            let passed = self.unneeded.min(input.len() as u64);
            input = &input[passed as usize..];
            self.unneeded -= passed;
            if self.unneeded > 0 {
                break;
            }
            match self.parser.parse(input, eof) {
                Ok(parsed) => {
                    input = &input[parsed.consumed..];
                    match parsed.event {
                        Some(event) => self.event(event),
                        // The parser has taken all there is.
                        None => break,
                    }
                }
                Err(error) => {
                    self.note(Anomaly::at(error.code, error.offset, error.message));
                    self.stopped = true;
                    break;
                }
            }
        }
        for anomaly in self.parser.take_anomalies() {
            self.note(anomaly);
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Entry(entry) => {
                let mut found = Vec::new();
                let content = self.builder.entry(*entry, &mut found);
                if self.bodies == Bodies::Unneeded && !content.is_some_and(|id| self.builder.keeps(id)) {
                    self.unneeded = self.parser.skip_body();
                } else {
                    self.current = content.map(|id| (id, self.content_key.hasher()));
                }
                self.stopped = self.builder.limit_reached.is_some();
                found.into_iter().for_each(|anomaly| self.note(anomaly));
            }
            Event::Data(bytes) => {
                if let Some((entry, hasher)) = &mut self.current {
                    hasher.update(bytes);
                    self.builder.body(*entry, bytes);
                }
            }
            Event::EntryEnd => {
                if let Some((entry, hasher)) = self.current.take() {
                    self.builder.content(entry, hasher);
                }
            }
            Event::End => {}
        }
    }

    fn note(&mut self, anomaly: Anomaly) {
        if self.anomalies.len() < limits::ANOMALIES {
            self.anomalies.push(anomaly);
        } else {
            self.dropped += 1;
        }
    }
}
