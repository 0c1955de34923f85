//! An opened archive: the model that the worker and the command line share.
//!
//! An [`Opening`] reads the documents of an archive and leaves a [`Session`]. The session says which
//! layers are to be read ([`Session::next_scan`]), takes on what was found ([`Session::accept`]), and answers
//! what there is to ask. Like all of the core it reads nothing by itself.

mod adding;
mod blobs;
mod content;
mod describe;
mod export;
mod follow;
mod opening;
mod remember;
mod scanning;
mod shown;
mod text_filter;
mod view;

pub use adding::{BlobPlace, Made, NewImage, StoredLayer};
pub use content::ContentRead;
pub use export::{Export, Selection, Step};
pub use opening::Opening;
pub use remember::{Identity, NOTE_MAX, Note, Remembered, Unusable};
pub use scanning::{Found, LayerScan, ScanJob, Task};

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use bstr::BStr;

use scanning::What;

use crate::{
    anomaly::{Anomaly, Code},
    audit::{self, Audit},
    codec::{Checkpoints, Compression},
    digest::Digest,
    image::{Archive, Documents, Image, LayerRef, Member, MemberId, NamedDocument},
    layer::{self, ContentKey, Contents, Index, Kind, Lazy, Listed, Scanned},
    limits::{self, Limit, Limits},
    overlay::{FileRef, LayerIndex, Stack, State},
    report::{AnomalyReport, DocumentReport, ImageReport, LayerReport, Report, UnusedReport},
    tree::Tree,
    worker::protocol::{self, Event, Failure, FailureKind, LayerSizes, OsRelease, Totals},
};

/// An opened archive.
pub struct Session {
    outer: Compression,
    /// Where decoding of the archive itself can begin.
    outer_checkpoints: Checkpoints,
    len: u64,
    members: Vec<Member>,
    archive: Archive,
    /// The paths of all layers of all images.
    tree: Tree,
    blobs: HashMap<MemberId, Blob>,
    /// Blobs that are in memory and not in the archive; they go with the last image that has them.
    added: HashMap<MemberId, Rc<[u8]>>,
    /// Images that are not of the archive.
    made: HashMap<u32, Made>,
    /// What stands for a layer that is not in the archive.
    missing: Rc<Index>,
    /// One per image.
    stacks: Vec<Stack>,
    anomalies: Vec<AnomalyReport>,
    /// What has happened and was not yet taken.
    events: Vec<Event>,
    view: view::ViewState,
    limits: Limits,
    content_key: ContentKey,
    /// Blobs that are being read.
    scanning: HashSet<MemberId>,
    /// How many images the archive's documents name; those after them were made here.
    stated_images: usize,
    /// Blobs that are known from before and were not read since, with the digests that they had.
    recalled: HashMap<MemberId, Digest>,
    /// How often the entries of a layer proved not to be what they were: what refers to them from before is out of date.
    revision: u32,
}

/// A blob that was listed or scanned; its paths are those of the session's tree.
struct Blob {
    /// The digest of its bytes; `None` until all of them were read.
    digest: Option<Digest>,
    diff_id: Option<Digest>,
    /// The compressed stream is damaged.
    damaged: bool,
    limit: Option<Limit>,
    compression: Compression,
    lazy: Option<Lazy>,
    unsupported: Option<String>,
    stored_size: u64,
    size: u64,
    entries: u64,
    index: Rc<Index>,
    anomalies: Vec<Anomaly>,
    checkpoints: Checkpoints,
}

impl Blob {
    fn listed(listed: Listed, stored_size: u64) -> Self {
        let Listed { size, entries, index } = listed;
        Self {
            digest: None,
            diff_id: None,
            damaged: false,
            limit: None,
            compression: Compression::None,
            lazy: None,
            unsupported: None,
            stored_size,
            size,
            entries,
            index: Rc::new(index),
            anomalies: Vec::new(),
            checkpoints: Checkpoints::default(),
        }
    }

    fn scanned(scanned: Scanned) -> Self {
        scanned.index.set_contents(scanned.contents);
        Self {
            digest: Some(scanned.digest),
            diff_id: scanned.diff_id,
            damaged: scanned.damaged,
            limit: scanned.limit,
            compression: scanned.compression,
            lazy: scanned.lazy,
            unsupported: scanned.unsupported,
            stored_size: scanned.stored_size,
            size: scanned.size,
            entries: scanned.entries,
            index: Rc::new(scanned.index),
            anomalies: scanned.anomalies,
            checkpoints: scanned.checkpoints,
        }
    }
}

impl Session {
    fn new(outer: Compression, len: u64, members: Vec<Member>, archive: Archive, key: ContentKey) -> Self {
        let stacks = archive.images.iter().map(|_| Stack::new()).collect();
        let anomalies = archive
            .anomalies
            .iter()
            .map(|located| report_anomaly(located.image, located.layer, &located.anomaly))
            .collect();
        let mut session = Self {
            stated_images: archive.images.len(),
            recalled: HashMap::new(),
            revision: 0,
            outer,
            outer_checkpoints: Checkpoints::default(),
            len,
            members,
            archive,
            tree: Tree::new(key.0),
            missing: Rc::default(),
            blobs: HashMap::new(),
            added: HashMap::new(),
            made: HashMap::new(),
            stacks,
            anomalies,
            events: Vec::new(),
            view: view::ViewState::default(),
            limits: Limits::default(),
            content_key: key,
            scanning: HashSet::new(),
        };
        // An image may begin with a layer that is missing, or have none at all.
        session.merge();
        session
    }

    /// Sets how far the layers that have yet to be read are decoded and indexed. A layer that has been read
    /// stays as it is: to go on where a limit was reached, open the archive anew with [`Limits::none`].
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The length of the archive in bytes.
    pub fn archive_len(&self) -> u64 {
        self.len
    }

    /// What happened since the last call: layers taken on, merges, oddities.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Takes on what was scanned while a compressed archive passed.
    fn accept_streamed(&mut self, mut scans: HashMap<MemberId, Scanned>, documents: &Documents) {
        while let Some(job) = self.next_scan(Task::Verify) {
            let scanned = scans.remove(&job.member());
            // What looked like a document, or was cut off, is read from what was kept of it.
            let scanned = scanned.unwrap_or_else(|| {
                let mut scan = job.new_scan();
                scan.push(documents.get(&job.member()).map_or(&[], |bytes| bytes.as_slice()));
                scan.finish()
            });
            self.keep(job.member(), What::Scanned(scanned));
        }
        self.merge();
    }

    fn keep(&mut self, member: MemberId, what: What) {
        let blob = match what {
            What::Listed(listed) => {
                let stored_size = self.members[member.0 as usize].size;
                self.shared(member, Blob::listed(listed, stored_size))
            }
            What::Scanned(scanned) => self.shared(member, Blob::scanned(scanned)),
            What::Verified(scanned) => {
                let listed = self.blobs.remove(&member);
                let index = listed.map_or_else(Rc::default, |listed| listed.index);
                index.set_contents(scanned.contents);
                Blob { index, ..Blob::scanned(Scanned { contents: Contents::new(), ..scanned }) }
            }
        };
        let has_windows = blob.checkpoints.windows_len() > 0;
        self.blobs.insert(member, blob);
        if has_windows {
            self.bound_windows();
        }
        let first_event = self.anomalies.len();
        for (i, l) in self.places_of(member) {
            self.check(i, l);
            let layer = Box::new(self.layer_report(i, l));
            self.events.push(Event::Layer { image: i, layer });
        }
        self.announce_anomalies(first_event);
    }

    /// Each stream has few enough, but an archive may have thousands of streams.
    fn bound_windows(&mut self) {
        let mut all: Vec<_> = self.blobs.values_mut().map(|blob| &mut blob.checkpoints).collect();
        all.push(&mut self.outer_checkpoints);
        Checkpoints::thin_out(&mut all, limits::ZSTD_WINDOWS);
    }

    /// A blob whose entries are new, with their paths in the session's tree.
    fn shared(&mut self, member: MemberId, mut blob: Blob) -> Blob {
        let os = self.places_of(member).into_iter().find_map(|(i, _)| {
            let platform = self.archive.images[i as usize].platform.as_ref()?;
            Some(platform.os.as_str()).filter(|os| !os.is_empty())
        });
        let windows = os.map(|os| os.eq_ignore_ascii_case("windows"));
        // Nobody else has it yet.
        if let Some(index) = Rc::get_mut(&mut blob.index)
            && let Err(full) = index.share_paths(&mut self.tree, windows)
        {
            blob.anomalies.push(Anomaly::new(Code::LimitReached, full.to_string()));
            blob.limit = Some(Limit::Paths);
            blob.index = Rc::default();
        }
        blob
    }

    /// Compares what is stated of a layer with what was found.
    fn check(&mut self, i: u32, l: u32) {
        let stated = &self.archive.images[i as usize].layers[l as usize];
        let blob = stated.member.and_then(|member| self.blobs.get(&member));
        // A look does not tell what is wrong.
        let Some(blob) = blob.filter(|blob| blob.digest.is_some()) else { return };
        let mut found = blob.anomalies.clone();
        let unknown = unknown_coding(stated, blob);
        if let Some(coding) = unknown {
            // That it is no tar follows from it.
            found.retain(|anomaly| !is_no_tar(anomaly));
            let message =
                format!("the layer is {coding:?} by its media type or its first bytes, which cannot be read");
            found.push(Anomaly::new(Code::CodecUnsupported, message));
        }
        if let Some(digest) = &blob.digest
            && verified(Some(digest), stated.stated_digest.as_ref()) == Some(false)
        {
            let message = format!("the blob's digest is {digest}");
            found.push(Anomaly::new(Code::DigestMismatch, message));
        }
        if diff_id_verified(stated, blob) == Some(false) {
            let message = match &blob.diff_id {
                Some(diff_id) => format!("the uncompressed layer's digest is {diff_id}"),
                None => "what is damaged does not have the stated DiffId".to_owned(),
            };
            found.push(Anomaly::new(Code::DiffIdMismatch, message));
        }
        if let Some(size) = stated.stated_size.filter(|_| size_verified(stated, blob) == Some(false)) {
            let message = format!("the blob has {} bytes, not the {size} that are stated", blob.stored_size);
            found.push(Anomaly::new(Code::SizeMismatch, message));
        }
        if let Some(media_type) = &stated.media_type
            && let Some(compression) = stated_compression(media_type)
            && compression != blob.compression
        {
            let message =
                format!("the media type {media_type:?} belies the blob, which is {}", blob.compression);
            found.push(Anomaly::new(Code::MediaTypeCompression, message));
        }
        self.anomalies.extend(found.iter().map(|anomaly| report_anomaly(Some(i), Some(l), anomaly)));
    }

    /// The contents of a layer that was listed before are known now. They tell which files are the same as those below,
    /// so once all layers of an image are read, it is merged anew.
    fn merge_contents(&mut self, member: MemberId) {
        for i in 0..self.archive.images.len() {
            let layers = &self.archive.images[i].layers;
            let is_read = |layer: &LayerRef| {
                layer.member.is_none_or(|member| self.blobs.get(&member).is_some_and(|b| b.digest.is_some()))
            };
            if !layers.iter().any(|layer| layer.member == Some(member)) || !layers.iter().all(is_read) {
                continue;
            }
            let indexes: Vec<Rc<Index>> = layers.iter().filter_map(|layer| self.index_of(layer)).collect();
            let mut stack = Stack::new();
            for index in indexes {
                // What was odd with the merge was noted the first time.
                let _ = stack.push(index, &mut self.tree);
            }
            self.stacks[i] = stack;
            self.view.invalidate();
            self.events.push(self.merged_event(i as u32));
        }
    }

    /// The entries of a layer; `None` if it is still to be read.
    fn index_of(&self, layer: &LayerRef) -> Option<Rc<Index>> {
        match layer.member {
            None => Some(Rc::clone(&self.missing)),
            Some(member) => self.blobs.get(&member).map(|blob| Rc::clone(&blob.index)),
        }
    }

    /// Merges every layer that can be: one that is scanned, or missing, above others that are merged.
    fn merge(&mut self) {
        for i in 0..self.archive.images.len() {
            let before = self.stacks[i].len();
            let first_event = self.anomalies.len();
            while let Some(layer) = self.archive.images[i].layers.get(self.stacks[i].len() as usize) {
                let Some(index) = self.index_of(layer) else { break };
                let l = self.stacks[i].len();
                let found = self.stacks[i].push(index, &mut self.tree).unwrap_or_else(|full| {
                    // What was merged before stays; the layer is there as far as it goes.
                    vec![Anomaly::new(Code::LimitReached, full.to_string())]
                });
                // What is odd with the layers of its base was noted with that.
                let base = self.made.get(&(i as u32)).and_then(|made| made.base);
                if base.is_none_or(|(_, layers)| l >= layers) {
                    let report = |anomaly: &Anomaly| report_anomaly(Some(i as u32), Some(l), anomaly);
                    self.anomalies.extend(found.iter().map(report));
                }
            }
            self.announce_anomalies(first_event);
            if self.stacks[i].len() > before {
                self.view.invalidate();
                self.events.push(self.merged_event(i as u32));
            }
        }
        let mut merged = self.stacks.iter().zip(&self.archive.images);
        if merged.all(|(stack, image)| stack.len() as usize == image.layers.len()) {
            self.tree.shrink_to_fit();
            self.stacks.iter_mut().for_each(Stack::shrink_to_fit);
        }
    }

    fn announce_anomalies(&mut self, first: usize) {
        if self.anomalies.len() > first {
            self.events.push(Event::Anomalies(self.anomalies[first..].to_vec()));
        }
    }

    fn merged_event(&self, image: u32) -> Event {
        Event::Merged {
            image,
            layers: self.stacks[image as usize].len(),
            totals: self.totals(image),
            os: self.os_release(image),
            kernel: self.kernel_evidence(image),
        }
    }

    /// Every place that a blob has in the images.
    fn places_of(&self, member: MemberId) -> Vec<(u32, u32)> {
        let mut places = Vec::new();
        for (i, image) in self.archive.images.iter().enumerate() {
            for (l, layer) in image.layers.iter().enumerate() {
                if layer.member == Some(member) {
                    places.push((i as u32, l as u32));
                }
            }
        }
        places
    }

    /// What is known of the whole archive now.
    pub fn report(&self) -> Report {
        let image = |(i, image): (usize, &Image)| {
            let audit = self.audit(i as u32);
            ImageReport {
                names: image.names.clone(),
                platform: image.platform.as_ref().map(ToString::to_string),
                id: image.id.clone(),
                manifest_digest: image.manifest_digest.clone(),
                // What is said first counts: the manifest's own before its descriptor's.
                annotations: image.annotations.iter().rev().cloned().collect(),
                layers: (0..image.layers.len()).map(|l| self.layer_report(i as u32, l as u32)).collect(),
                // The resolver has parsed it already.
                config: image.config.as_ref().and_then(|config| serde_json::from_slice(&config.raw).ok()),
                history: image.history.clone(),
                attestations: image.attestations.clone(),
                dive: audit.map(|audit| audit.dive),
                reclaimable: audit.map(|audit| audit.reclaimable),
            }
        };
        Report {
            version: 1,
            format: self.archive.format,
            outer_compression: self.outer,
            images: self.archive.images.iter().enumerate().map(image).collect(),
            documents: self.archive.documents.iter().map(|document| self.document_report(document)).collect(),
            unused: self.archive.unused.iter().map(|id| unused(&self.members[id.0 as usize])).collect(),
            anomalies: self.anomalies.clone(),
        }
    }

    fn document_report(&self, document: &NamedDocument) -> DocumentReport {
        let NamedDocument { kind, image, member, stated_digest, stated_size, digest } = document.clone();
        let member = member.map(|member| &self.members[member.0 as usize]);
        let size = member.map(|member| member.size);
        DocumentReport {
            kind,
            image,
            path: member.map(|member| member.path.to_string()),
            digest_verified: verified(digest.as_ref(), stated_digest.as_ref()),
            size_verified: size.zip(stated_size).map(|(size, stated)| size == stated),
            stated_digest,
            digest,
            stated_size,
            size,
        }
    }

    /// What an image's layers cost; `None` unless every one was read to its end: sums over a part would be lies.
    pub fn audit(&self, image: u32) -> Option<Audit> {
        let stack = self.stacks.get(image as usize).filter(|_| self.is_read(image as usize))?;
        Some(Audit { dive: audit::dive(stack, &self.tree), reclaimable: audit::reclaimable(stack) })
    }

    /// Whether every layer of an image was read to its end and is merged.
    fn is_read(&self, image: usize) -> bool {
        let layers = &self.archive.images[image].layers;
        let is_read = |layer: &LayerRef| {
            let blob = layer.member.and_then(|member| self.blobs.get(&member));
            blob.is_some_and(|blob| blob.diff_id.is_some())
        };
        self.stacks[image].len() as usize == layers.len() && layers.iter().all(is_read)
    }

    fn layer_report(&self, i: u32, l: u32) -> LayerReport {
        let stated = &self.archive.images[i as usize].layers[l as usize];
        let member = stated.member.map(|member| &self.members[member.0 as usize]);
        let blob = stated.member.and_then(|member| self.blobs.get(&member));
        let digest = blob.and_then(|blob| blob.digest.clone());
        let readable = blob.filter(|blob| unknown_coding(stated, blob).is_none());
        let diff_id = readable.and_then(|blob| blob.diff_id.clone());
        LayerReport {
            index: l,
            digest_verified: verified(digest.as_ref(), stated.stated_digest.as_ref()),
            diff_id_verified: blob.and_then(|blob| diff_id_verified(stated, blob)),
            diff_id,
            digest,
            media_type: stated.media_type.clone(),
            stated_digest: stated.stated_digest.clone(),
            stated_diff_id: stated.stated_diff_id.clone(),
            annotations: stated.annotations.iter().cloned().collect(),
            urls: stated.urls.clone(),
            foreign: stated.foreign,
            stated_compression: stated.media_type.as_deref().and_then(stated_compression),
            compression: blob.map(|blob| blob.compression),
            lazy: blob.and_then(|blob| blob.lazy),
            unreadable: blob.and_then(|blob| unreadable(stated, blob)),
            stated_size: stated.stated_size,
            // An archive that is cut off holds less than it says.
            stored_size: blob.map(|blob| blob.stored_size).or_else(|| member.map(|member| member.size)),
            size_verified: blob.and_then(|blob| size_verified(stated, blob)),
            limit: blob.and_then(|blob| blob.limit),
            size: blob.map(|blob| blob.size),
            entries: blob.map(|blob| blob.entries),
        }
    }

    /// What an image holds as far as it is merged.
    pub fn totals(&self, image: u32) -> Totals {
        let stack = &self.stacks[image as usize];
        let mut totals = Totals { paths: stack.paths(), ..Totals::default() };
        let mut below = 0;
        for l in (0..stack.len()).map(LayerIndex) {
            let (stored, cumulative) = (stack.stored(l), stack.visible(l));
            totals.layers.push(LayerSizes {
                stored,
                // Both are sums of sizes that fit the archive's claims; the difference is meant to wrap never.
                net: cumulative.cast_signed().saturating_sub(below),
                cumulative,
                hidden: stored.saturating_sub(stack.visible_of(l)),
            });
            below = cumulative.cast_signed();
            totals.stored += stored;
            totals.visible = cumulative;
        }
        totals.hidden = totals.stored.saturating_sub(totals.visible);
        totals
    }

    fn os_release(&self, image: u32) -> Option<OsRelease> {
        let stack = &self.stacks[image as usize];
        let top = LayerIndex(stack.len().checked_sub(1)?);
        ["etc/os-release", "usr/lib/os-release"].iter().find_map(|path| {
            let node = self.walk(image, top, BStr::new(path), true)?;
            let file = stack.target(stack.state(node, top).entry()?)?;
            let text = stack.layer(file.layer).captured(file.entry)?;
            let mut os = describe::os_release(text);
            os.path = self.tree.path(node).to_string();
            Some(os)
        })
    }

    /// Paths of the merged filesystem that would be a kernel or its modules.
    fn kernel_evidence(&self, image: u32) -> Vec<String> {
        let stack = &self.stacks[image as usize];
        let Some(top) = stack.len().checked_sub(1).map(LayerIndex) else { return Vec::new() };
        let children = |path: &str| {
            let node = self.walk(image, top, BStr::new(path), true);
            node.into_iter().flat_map(|node| self.tree.children(node))
        };
        let kernels = children("boot").filter(|&n| self.tree.name(n).starts_with(b"vmlinuz"));
        kernels
            .chain(children("lib/modules"))
            .filter(|&node| stack.state(node, top) != State::Absent)
            .map(|node| self.tree.path(node).to_string())
            .take(8)
            .collect()
    }

    /// How many entries the layers have that were read, and the bytes of memory that they, their paths and their merges
    /// take.
    pub fn heap_size(&self) -> (u64, usize) {
        let entries = self.blobs.values().map(|blob| blob.index.len() as u64).sum();
        let indexes = self.blobs.values().map(|blob| blob.index.heap_size()).sum::<usize>();
        let stacks = self.stacks.iter().map(Stack::heap_size).sum::<usize>();
        (entries, indexes + self.tree.heap_size() + stacks)
    }

    /// How many bytes of memory are taken by the windows of checkpoints in zstd frames.
    pub fn windows_len(&self) -> u64 {
        let layers = self.blobs.values().map(|blob| blob.checkpoints.windows_len()).sum::<u64>();
        layers + self.outer_checkpoints.windows_len()
    }

    /// How many images there are.
    pub fn images(&self) -> &[Image] {
        &self.archive.images
    }

    /// The merged layers of an image.
    pub fn stack(&self, image: u32) -> Option<&Stack> {
        self.stacks.get(image as usize)
    }

    /// The paths that the stacks' nodes stand for.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }
}

/// The compression that a layer's media type states (OCI image spec, layer.md; Docker's image manifest v2
/// schema 2); `None` for types that state none or are not known.
fn stated_compression(media_type: &str) -> Option<Compression> {
    match media_type.rsplit(['+', '.']).next()? {
        "tar" => Some(Compression::None),
        "gzip" => Some(Compression::Gzip),
        "zstd" => Some(Compression::Zstd),
        _ => None,
    }
}

/// What was done to a layer whose bytes are those of no tar and that it is not known how to undo: what the media type
/// states (`encrypted`, say), or else the compression that the first bytes are of.
fn unknown_coding<'a>(stated: &'a LayerRef, blob: &'a Blob) -> Option<&'a str> {
    if !blob.anomalies.iter().any(is_no_tar) {
        return None;
    }
    let media_type =
        stated.media_type.as_deref().filter(|media_type| stated_compression(media_type).is_none());
    media_type.and_then(|media_type| Some(media_type.rsplit_once('+')?.1)).or(blob.unsupported.as_deref())
}

/// What was done to a layer that cannot be undone, as a name; `None` for one that can be read, as far as it goes.
fn unreadable(stated: &LayerRef, blob: &Blob) -> Option<String> {
    if let Some(coding) = unknown_coding(stated, blob) {
        return Some(coding.to_owned());
    }
    let is_unsupported = |anomaly: &Anomaly| anomaly.code == Code::CodecUnsupported;
    if blob.anomalies.iter().any(is_unsupported) {
        return Some(blob.compression.name().to_owned());
    }
    blob.anomalies.iter().any(is_no_tar).then(|| "unknown".to_owned())
}

/// Whether an anomaly says that a layer is no tar from its first byte on.
fn is_no_tar(anomaly: &Anomaly) -> bool {
    matches!(anomaly.code, Code::TarChecksum | Code::TarField | Code::TarTruncated)
        && anomaly.offset == Some(0)
}

/// Whether a layer has the DiffId that is stated; `None` where that cannot be told.
fn diff_id_verified(stated: &LayerRef, blob: &Blob) -> Option<bool> {
    if unknown_coding(stated, blob).is_some() {
        // The DiffId is that of the tar, which is not at hand.
        return None;
    }
    if blob.damaged && stated.stated_diff_id.is_some() {
        return Some(false);
    }
    verified(blob.diff_id.as_ref(), stated.stated_diff_id.as_ref())
}

/// Whether a layer's blob has the size that is stated; `None` where none is.
fn size_verified(stated: &LayerRef, blob: &Blob) -> Option<bool> {
    // What is only listed was not read to its end.
    blob.digest.as_ref()?;
    stated.stated_size.map(|size| size == blob.stored_size)
}

/// Whether a digest is the stated one; `None` where one of them is unknown or they cannot be compared.
fn verified(found: Option<&Digest>, stated: Option<&Digest>) -> Option<bool> {
    let (found, stated) = (found?, stated?);
    (found.algorithm() == stated.algorithm()).then(|| found == stated)
}

fn unused(member: &Member) -> UnusedReport {
    UnusedReport { path: member.path.to_string(), size: member.size, offset: member.offset }
}

fn report_anomaly(image: Option<u32>, layer: Option<u32>, anomaly: &Anomaly) -> AnomalyReport {
    let Anomaly { code, message, offset } = anomaly.clone();
    AnomalyReport { code, severity: code.severity(), message, image, layer, offset }
}

fn failure(kind: FailureKind, detail: impl Into<String>) -> Failure {
    Failure { kind, detail: detail.into(), offset: None }
}

/// The metadata of an entry.
fn facts(stack: &Stack, file: FileRef) -> protocol::Facts {
    entry_facts(stack.layer(file.layer), stack.record(file))
}

/// The metadata of an entry of a layer.
pub fn entry_facts(index: &Index, record: layer::Record) -> protocol::Facts {
    protocol::Facts {
        kind: kind(record.kind),
        size: record.size,
        mode: u32::from(record.mode),
        uid: record.uid,
        gid: record.gid,
        mtime: index.mtime(record),
        link: index.link(record).cloned(),
        device: index.device(record),
    }
}

fn kind(kind: Kind) -> protocol::Kind {
    match kind {
        Kind::File => protocol::Kind::File,
        Kind::Directory => protocol::Kind::Dir,
        Kind::Symlink => protocol::Kind::Symlink,
        Kind::HardLink => protocol::Kind::Hardlink,
        Kind::CharDevice => protocol::Kind::Char,
        Kind::BlockDevice => protocol::Kind::Block,
        Kind::Fifo => protocol::Kind::Fifo,
        Kind::Whiteout => protocol::Kind::Whiteout,
        Kind::Opaque => protocol::Kind::Opaque,
    }
}
