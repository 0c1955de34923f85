//! Which images an archive's members make.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    Archive, Attestation, ConfigDocument, DocumentKind, Format, HistoryRow, Image, LayerRef, Located, Member,
    MemberId, NamedDocument, docker_archive, history, legacy,
    member::{Found, Lookup},
    names, oci_layout,
};
use crate::{
    anomaly::{Anomaly, Code},
    digest::Digest,
    limits,
    oci::{self, DocumentError, json},
};

/// The content of the documents read so far. [`resolve`] never wants one larger than
/// [`crate::limits::JSON_DOCUMENT`]; one that ends early is given as far as it goes.
pub type Documents = HashMap<MemberId, Vec<u8>>;

/// What [`resolve`] found.
#[derive(Debug)]
pub enum Resolved {
    /// These members have to be read first, in the order of the archive; call again with them.
    Wants(Vec<MemberId>),
    /// What the archive holds.
    Archive(Box<Archive>),
    /// Nothing here looks like an image archive.
    NotAnImage,
}

/// Says what images `members` make, or which of them have to be read to say so. Pure: call it again with
/// more documents until it no longer wants any. Every call wants only documents it was not given, so a few
/// calls, one per level of nested indexes and a few more, are enough.
pub fn resolve(members: &[Member], documents: &Documents) -> Resolved {
    let mut resolver = Resolver::new(members, documents);
    let rows = docker_archive::read(&mut resolver);
    let index = oci_layout::read(&mut resolver, rows.is_present());
    if let Some(wants) = resolver.take_wants() {
        // Without these documents not even the format is known.
        return Resolved::Wants(wants);
    }
    let format = match (index.is_present(), rows.is_present()) {
        (true, true) => Format::DockerOci,
        (true, false) => Format::OciLayout,
        (false, true) => Format::DockerArchive,
        (false, false) => Format::LegacyDocker,
    };
    if let Top::Read(index) = &index {
        oci_layout::resolve(&mut resolver, index);
    }
    if let Top::Read(rows) = &rows {
        docker_archive::resolve(
            &mut resolver,
            rows,
            matches!(&index, Top::Read(index) if !index.manifests.is_empty()),
        );
    }
    // A broken manifest.json need not be the end: Docker wrote what came before it beside it until version 25.
    let fall_back = !matches!(index, Top::Read(_)) && !matches!(rows, Top::Read(_));
    if fall_back && !legacy::resolve(&mut resolver) && format == Format::LegacyDocker {
        return Resolved::NotAnImage;
    }
    match resolver.take_wants() {
        Some(wants) => Resolved::Wants(wants),
        None => Resolved::Archive(Box::new(resolver.finish(format))),
    }
}

/// The document at the top of a format.
pub(super) enum Top<T> {
    /// There is none, or something else has its name.
    Absent,
    /// It is there and cannot be used; an anomaly says why.
    Broken,
    /// It is there.
    Read(T),
}

impl<T> Top<T> {
    fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// What is known of an image before config and history are paired with its layers.
pub(super) struct Draft {
    pub names: Vec<String>,
    /// The platform its descriptor states.
    pub platform: Option<oci::Platform>,
    /// The digest of the manifest as found, and as it was stated.
    pub manifest_digest: Option<(Digest, Digest)>,
    pub config: Config,
    pub annotations: Vec<(String, String)>,
    pub layers: Vec<LayerRef>,
    /// The history where it does not come from the config.
    pub history: Option<Vec<HistoryRow>>,
}

/// An image's config, as far as it is there.
#[derive(Default)]
pub(super) struct Config {
    /// Its digest as stated.
    pub stated: Option<Digest>,
    pub member: Option<MemberId>,
    /// The SHA-256 of its bytes.
    pub id: Option<Digest>,
    pub document: Option<ConfigDocument>,
}

/// Longest message of an anomaly, in characters.
const MESSAGE: usize = 500;

/// What all formats share: reading documents, finding members, collecting images and what is odd.
pub(super) struct Resolver<'a> {
    pub lookup: Lookup<'a>,
    pub documents: &'a Documents,
    wants: BTreeSet<MemberId>,
    /// Bytes of the documents read and wanted so far, each once.
    reading: u64,
    /// What is left of [`limits::JSON_TOTAL`]; `None` once it did not suffice.
    budget: Option<u64>,
    named: Vec<NamedDocument>,
    /// What stands in `named`: an index may be reached many times.
    known: HashSet<(Option<u32>, Option<MemberId>, Option<Digest>)>,
    anomalies: Vec<Located>,
    anomalies_dropped: u64,
    pub images: Vec<Image>,
    /// Images by the digest stated for their config, and by the member that holds it.
    pub by_config: HashMap<Digest, Vec<usize>>,
    pub by_config_member: HashMap<MemberId, Vec<usize>>,
    /// Images by the digest of their manifest, stated or found.
    by_manifest: HashMap<Digest, Vec<usize>>,
    /// Attestations and what they are about.
    pub attestations: Vec<(Digest, Attestation)>,
}

impl<'a> Resolver<'a> {
    fn new(members: &'a [Member], documents: &'a Documents) -> Self {
        let mut resolver = Self {
            lookup: Lookup::new(members),
            documents,
            wants: BTreeSet::new(),
            reading: documents.values().map(|bytes| bytes.len() as u64).sum(),
            budget: Some(limits::JSON_TOTAL),
            named: Vec::new(),
            known: HashSet::new(),
            anomalies: Vec::new(),
            anomalies_dropped: 0,
            images: Vec::new(),
            by_config: HashMap::new(),
            by_config_member: HashMap::new(),
            by_manifest: HashMap::new(),
            attestations: Vec::new(),
        };
        for id in std::mem::take(&mut resolver.lookup.duplicates) {
            let member = resolver.lookup.member(id);
            let message =
                format!("{:?} stands in the archive more than once; the last one counts", member.path);
            resolver.report(None, None, Anomaly::at(Code::MemberDuplicate, member.offset, message));
        }
        resolver
    }

    /// Notes something odd about the archive, an image or a layer.
    pub fn report(&mut self, image: Option<usize>, layer: Option<usize>, mut anomaly: Anomaly) {
        if self.anomalies.len() >= limits::ANOMALIES {
            self.anomalies_dropped += 1;
            return;
        }
        // A message may quote a text of the archive, which may be megabytes long.
        if let Some((end, _)) = anomaly.message.char_indices().nth(MESSAGE) {
            anomaly.message.truncate(end);
            anomaly.message.push('…');
        }
        // Both are bounded by the number of JSON values read, which fits.
        let narrow = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        self.anomalies.push(Located { image: image.map(narrow), layer: layer.map(narrow), anomaly });
    }

    /// The place that the next image will have.
    pub fn next_image(&self) -> usize {
        self.images.len()
    }

    /// The bytes of a document; `None` if they have yet to be read, or never will be.
    pub fn read(&mut self, id: MemberId) -> Option<&'a [u8]> {
        if let Some(bytes) = self.documents.get(&id) {
            return Some(bytes);
        }
        if self.wants.contains(&id) {
            return None;
        }
        let member = self.lookup.member(id);
        if member.size > limits::JSON_DOCUMENT {
            let message = format!("{:?}: {}", member.path, json::Error::TooLarge { len: member.size });
            self.report(None, None, Anomaly::at(Code::JsonTooLarge, member.offset, message));
        } else if self.reading + member.size > limits::JSON_TOTAL {
            let message = format!("{:?} is not read: the documents come to too much", member.path);
            self.report(None, None, Anomaly::at(Code::LimitReached, member.offset, message));
        } else {
            self.reading += member.size;
            self.wants.insert(id);
        }
        None
    }

    fn take_wants(&mut self) -> Option<Vec<MemberId>> {
        let wants = std::mem::take(&mut self.wants);
        (!wants.is_empty()).then(|| wants.into_iter().collect())
    }

    /// Takes what a document of `bytes` bytes and `values` JSON values comes to off the budget, and says whether
    /// that sufficed. A document that is used for many images is charged for each.
    pub fn charge(&mut self, bytes: usize, values: usize) -> bool {
        // A value in memory takes some hundred bytes, however short its text is.
        let cost = (bytes as u64).saturating_add((values as u64).saturating_mul(128));
        let Some(budget) = self.budget else { return false };
        self.budget = budget.checked_sub(cost);
        if self.budget.is_none() {
            let message = "the archive's documents come to too much; further images are left out";
            self.report(None, None, Anomaly::new(Code::LimitReached, message));
        }
        self.budget.is_some()
    }

    /// Whether the budget is used up: nothing more is looked at.
    pub fn is_exhausted(&self) -> bool {
        self.budget.is_none()
    }

    /// Notes why a document cannot be used.
    pub fn report_document(&mut self, image: Option<usize>, id: MemberId, error: &DocumentError) {
        let (code, offset) = match error {
            DocumentError::Json(json @ json::Error::TooLarge { .. }) => (Code::JsonTooLarge, json.offset()),
            DocumentError::Json(json) => (Code::JsonInvalid, json.offset()),
            DocumentError::Ambiguous => (Code::ManifestAmbiguous, 0),
            DocumentError::Shape(_) => (Code::JsonInvalid, 0),
        };
        let member = self.lookup.member(id);
        let message = format!("{:?}: {error}", member.path);
        self.report(image, None, Anomaly::at(code, member.offset.saturating_add(offset), message));
    }

    /// The blob with a digest, in an OCI layout (image-layout.md, "Blobs"). `what` names it in anomalies.
    pub fn find_blob(&self, digest: &Digest, what: &str) -> Result<MemberId, Anomaly> {
        let path = format!("blobs/{}/{}", digest.algorithm().name(), digest.hex());
        self.find(path.as_bytes(), what)
    }

    /// The file at a path of the archive.
    pub fn find(&self, path: &[u8], what: &str) -> Result<MemberId, Anomaly> {
        let path_text = bstr::BStr::new(path);
        match self.lookup.find(path) {
            Found::File(id) => Ok(id),
            Found::Nothing => {
                Err(Anomaly::new(Code::BlobMissing, format!("{what} {path_text:?} is not in the archive")))
            }
            Found::DeadLink(id) => Err(Anomaly::at(
                Code::MemberLink,
                self.lookup.member(id).offset,
                format!("{what} {path_text:?} is a link that leads nowhere in the archive"),
            )),
        }
    }

    /// Compares a document with what is stated of it, and keeps what came of that. A mismatch is told, and the
    /// document still used.
    pub fn verify(
        &mut self,
        kind: DocumentKind,
        image: Option<usize>,
        id: MemberId,
        stated: (Option<&Digest>, Option<u64>),
        bytes: &[u8],
    ) {
        let (digest, size) = stated;
        let member = self.lookup.member(id);
        let found = digest.map_or_else(|| Digest::sha256(bytes), |digest| digest.same_algorithm(bytes));
        if digest.is_some_and(|digest| found != *digest) {
            let message = format!("{:?} has the digest {found}", member.path);
            self.report(image, None, Anomaly::at(Code::DigestMismatch, member.offset, message));
        }
        if let Some(stated) = size.filter(|stated| *stated != member.size) {
            let message = format!("{:?} has {} bytes, not {stated} as stated", member.path, member.size);
            self.report(image, None, Anomaly::at(Code::SizeMismatch, member.offset, message));
        }
        self.record(kind, image, Some(id), stated, Some(found));
    }

    /// Keeps what is stated of a document, and the digest that was found if it was read.
    pub fn record(
        &mut self,
        kind: DocumentKind,
        image: Option<usize>,
        member: Option<MemberId>,
        stated: (Option<&Digest>, Option<u64>),
        digest: Option<Digest>,
    ) {
        // As in `report`.
        let image = image.map(|image| u32::try_from(image).unwrap_or(u32::MAX));
        let (stated_digest, stated_size) = (stated.0.cloned(), stated.1);
        if self.known.insert((image, member, stated_digest.clone())) {
            self.named.push(NamedDocument { kind, image, member, stated_digest, stated_size, digest });
        }
    }

    /// Reads a config, for the next image.
    pub fn config(&mut self, id: MemberId, stated: Option<Digest>, size: Option<u64>) -> Config {
        let image = Some(self.next_image());
        let mut config = Config { stated, member: Some(id), ..Config::default() };
        let stated = (config.stated.as_ref(), size);
        let Some(bytes) = self.read(id).filter(|_| !self.is_exhausted()) else {
            self.record(DocumentKind::Config, image, Some(id), stated, None);
            return config;
        };
        self.verify(DocumentKind::Config, image, id, stated, bytes);
        config.id = Some(Digest::sha256(bytes));
        let parsed =
            json::parse(bytes).map_err(DocumentError::from).and_then(|json::Parsed { value, values }| {
                let parsed =
                    oci::Config::from_value(value).map_err(|e| DocumentError::Shape(e.to_string()))?;
                Ok((parsed, values))
            });
        match parsed {
            // Over budget, the image is left out altogether; see `charge`.
            Ok((parsed, values)) if self.charge(bytes.len(), values) => {
                config.document = Some(ConfigDocument { raw: bytes.to_vec(), parsed });
            }
            Ok(_) => {}
            Err(error) => self.report_document(image, id, &error),
        }
        config
    }

    /// Adds an image: pairs layers, DiffIds and history, and notes where they do not match.
    pub fn add(&mut self, draft: Draft) {
        if self.is_exhausted() {
            return;
        }
        let Draft { names, platform, manifest_digest, config, annotations, mut layers, history } = draft;
        let index = self.next_image();
        let image = Some(index);
        let parsed = config.document.as_ref().map(|document| &document.parsed);
        let from_config = history.is_none();
        let (rows, claimed) = match (history, parsed) {
            (Some(rows), _) => (rows, layers.len()),
            (None, Some(parsed)) => history::pair(&parsed.history, layers.len()),
            (None, None) => (Vec::new(), layers.len()),
        };
        if let Some(parsed) = parsed.filter(|_| from_config) {
            self.align_diff_ids(index, &parsed.rootfs.diff_ids, &mut layers);
        }
        if claimed != layers.len() {
            let message = format!("the history tells of {claimed} layers, the manifest of {}", layers.len());
            self.report(image, None, Anomaly::new(Code::HistoryCount, message));
        }
        let manifest_digests = manifest_digest.iter().flat_map(|(found, stated)| [found, stated]);
        for digest in manifest_digests.cloned().collect::<BTreeSet<_>>() {
            self.by_manifest.entry(digest).or_default().push(index);
        }
        if let Some(stated) = config.stated {
            self.by_config.entry(stated).or_default().push(index);
        }
        if let Some(member) = config.member {
            self.by_config_member.entry(member).or_default().push(index);
        }
        self.images.push(Image {
            names,
            platform: parsed.and_then(oci::Config::platform).or(platform),
            manifest_digest: manifest_digest.map(|(found, _)| found),
            id: config.id,
            config: config.document,
            annotations,
            layers,
            history: rows,
            attestations: Vec::new(),
        });
    }

    /// Gives each layer the DiffId at its place.
    fn align_diff_ids(&mut self, image: usize, diff_ids: &[String], layers: &mut [LayerRef]) {
        if diff_ids.len() != layers.len() {
            let message =
                format!("the config has {} diff_ids, the manifest {} layers", diff_ids.len(), layers.len());
            self.report(Some(image), None, Anomaly::new(Code::DiffIdCount, message));
        }
        for (index, (layer, stated)) in layers.iter_mut().zip(diff_ids).enumerate() {
            match stated.parse() {
                Ok(diff_id) => layer.stated_diff_id = Some(diff_id),
                Err(error) => {
                    let message = format!("diff_id: {error}");
                    self.report(Some(image), Some(index), Anomaly::new(Code::DigestInvalid, message));
                }
            }
        }
    }

    fn finish(mut self, format: Format) -> Archive {
        // An index reached twice brings its attestations twice.
        let mut known = HashSet::new();
        for (subject, attestation) in std::mem::take(&mut self.attestations) {
            self.attach(&subject, &attestation, &mut known);
        }
        self.images.iter_mut().for_each(|image| names::tidy(&mut image.names));
        // The image at which the budget ran out is not there.
        let count = self.images.len();
        for found in &mut self.anomalies {
            if found.image.is_some_and(|image| image as usize >= count) {
                (found.image, found.layer) = (None, None);
            }
        }
        self.named.retain(|document| document.image.is_none_or(|image| (image as usize) < count));
        if self.anomalies_dropped > 0 {
            let message = format!("{} further anomalies are not listed", self.anomalies_dropped);
            let anomaly = Anomaly::new(Code::LimitReached, message);
            self.anomalies.push(Located { image: None, layer: None, anomaly });
        }
        // Whoever packed it put these there for some reason; the usual files that name an image have one.
        let expected: [&[u8]; 4] = [b"oci-layout", b"repositories", b"manifest.json", b"index.json"];
        let unused = self.lookup.unused().into_iter();
        let unused =
            unused.filter(|&id| !expected.contains(&self.lookup.member(id).path.as_slice())).collect();
        Archive { format, images: self.images, unused, documents: self.named, anomalies: self.anomalies }
    }

    /// Gives an attestation to the images it is about, except where it is `known`.
    fn attach(&mut self, subject: &Digest, attestation: &Attestation, known: &mut HashSet<(usize, Digest)>) {
        let digest = &attestation.manifest_digest;
        let Some(indexes) = self.by_manifest.get(subject).cloned() else {
            let message =
                format!("attestation {digest} is about {subject}, which is not an image of this archive");
            return self.report(None, None, Anomaly::new(Code::ManifestArtifact, message));
        };
        if !self.charge(0, indexes.len() * (1 + attestation.predicate_types.len())) {
            return;
        }
        for index in indexes {
            if known.insert((index, digest.clone())) {
                self.images[index].attestations.push(attestation.clone());
            }
        }
    }
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
