//! OCI image layouts: `index.json` and what it leads to (OCI image spec, image-layout.md).

use super::{
    Attestation, DocumentKind, LayerRef, MemberId,
    member::Found,
    resolve::{Config, Draft, Resolver, Top},
};
use crate::{
    anomaly::{Anomaly, Code},
    digest::Digest,
    limits,
    oci::{Annotations, Descriptor, Document, DocumentError, Index, Manifest},
};

/// The full name, as containerd notes it.
const IMAGE_NAME: &str = "io.containerd.image.name";
/// A name or only a tag (annotations.md).
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// What BuildKit's manifest is for, and the manifest it is about.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
/// The type of the statement in a layer of an attestation.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// Reads `index.json`. Its name is common: without an `oci-layout` or Docker's `manifest.json` beside it, it has to look
/// like an index.
pub(super) fn read(resolver: &mut Resolver<'_>, beside_docker: bool) -> Top<Index> {
    let has_marker = matches!(resolver.lookup.find(b"oci-layout"), Found::File(_));
    let absent = if has_marker { Top::Broken } else { Top::Absent };
    let Found::File(id) = resolver.lookup.find(b"index.json") else {
        if has_marker {
            let anomaly = Anomaly::new(Code::BlobMissing, "there is an oci-layout, but no index.json");
            resolver.report(None, None, anomaly);
        }
        return absent;
    };
    let Some(bytes) = resolver.read(id) else { return absent };
    match Document::parse(bytes) {
        Ok((Document::Index(index), values)) if resolver.charge(bytes.len(), values) => Top::Read(index),
        Ok(_) if !has_marker => Top::Absent,
        Ok(_) => {
            let error = DocumentError::Shape("document is not an index".to_owned());
            resolver.report_document(None, id, &error);
            Top::Broken
        }
        Err(DocumentError::Shape(_)) if !has_marker => Top::Absent,
        Err(DocumentError::Json(_)) if !has_marker && !beside_docker => Top::Absent,
        Err(error) => {
            resolver.report_document(None, id, &error);
            Top::Broken
        }
    }
}

/// Adds the images that `index.json` leads to, depth first.
pub(super) fn resolve(resolver: &mut Resolver<'_>, index: &Index) {
    let root = match resolver.lookup.find(b"index.json") {
        Found::File(id) => vec![id],
        Found::Nothing | Found::DeadLink(_) => Vec::new(),
    };
    let mut walk = Walk { resolver, path: root, visited: 0 };
    walk.index(index, &[]);
}

struct Walk<'r, 'a> {
    resolver: &'r mut Resolver<'a>,
    /// The indexes that lead here, `index.json` first.
    path: Vec<MemberId>,
    /// Descriptors followed so far.
    visited: usize,
}

impl Walk<'_, '_> {
    /// Follows the descriptors of an index. Recursion is no deeper than [`limits::INDEX_DEPTH`].
    fn index(&mut self, index: &Index, names: &[String]) {
        for descriptor in &index.manifests {
            if self.resolver.is_exhausted() {
                return;
            }
            self.visited += 1;
            if self.visited > limits::MANIFESTS {
                // Told once, however many indexes are left.
                if self.visited == limits::MANIFESTS + 1 {
                    let message = format!("more than {} manifests; the rest is left out", limits::MANIFESTS);
                    self.resolver.report(None, None, Anomaly::new(Code::IndexLimit, message));
                }
                return;
            }
            if let Err(anomaly) = self.descriptor(descriptor, names) {
                self.resolver.report(None, None, anomaly);
            }
        }
    }

    /// Follows one descriptor; `inherited` are the names of the indexes above.
    fn descriptor(&mut self, descriptor: &Descriptor, inherited: &[String]) -> Result<(), Anomaly> {
        let digest =
            descriptor.digest().map_err(|e| Anomaly::new(Code::DigestInvalid, format!("index: {e}")))?;
        let platform =
            descriptor.platform.as_ref().map(|platform| format!(" of {platform}")).unwrap_or_default();
        let stated = (Some(&digest), descriptor.size);
        let id = match self.resolver.find_blob(&digest, &format!("manifest{platform}")) {
            Ok(id) => id,
            Err(anomaly) => {
                self.resolver.record(DocumentKind::Manifest, None, None, stated, None);
                return Err(anomaly);
            }
        };
        if self.path.contains(&id) {
            return Err(Anomaly::new(Code::IndexCycle, format!("index {digest} leads to itself")));
        }
        let Some(bytes) = self.resolver.read(id) else {
            self.resolver.record(DocumentKind::Manifest, None, Some(id), stated, None);
            return Ok(());
        };
        let (document, values) = match Document::parse(bytes) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.resolver.report_document(None, id, &error);
                self.resolver.verify(DocumentKind::Manifest, None, id, stated, bytes);
                return Ok(());
            }
        };
        let names = names(descriptor, inherited);
        let name_bytes: usize = names.iter().map(String::len).sum();
        let annotations: usize =
            descriptor.annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
        let values = values + names.len() + descriptor.annotations.len();
        if !self.resolver.charge(bytes.len() + name_bytes + annotations, values) {
            return Ok(());
        }
        match document {
            Document::Index(index) => {
                self.resolver.verify(DocumentKind::Index, None, id, stated, bytes);
                if self.path.len() > limits::INDEX_DEPTH {
                    let message =
                        format!("index {digest} is nested deeper than {} levels", limits::INDEX_DEPTH);
                    return Err(Anomaly::new(Code::IndexLimit, message));
                }
                self.path.push(id);
                self.index(&index, &names);
                self.path.pop();
            }
            Document::Manifest(manifest) => {
                let is_attestation = descriptor.annotation(REFERENCE_TYPE) == Some("attestation-manifest");
                let is_image = !is_attestation && manifest.is_image();
                let image = is_image.then(|| self.resolver.next_image());
                let kind = if is_image { DocumentKind::Manifest } else { DocumentKind::Artifact };
                self.resolver.verify(kind, image, id, stated, bytes);
                let found = digest.same_algorithm(bytes);
                if is_image {
                    add_image(self.resolver, descriptor, (found, digest), *manifest, names);
                } else {
                    self.artifact(descriptor, found, &manifest)?;
                }
            }
        }
        Ok(())
    }

    /// Keeps an attestation for the image it is about; what is neither image nor attestation is told.
    fn artifact(
        &mut self,
        descriptor: &Descriptor,
        found: Digest,
        manifest: &Manifest,
    ) -> Result<(), Anomaly> {
        let artifact =
            |what: &str| Anomaly::new(Code::ManifestArtifact, format!("manifest {found} is {what}"));
        let predicate = |layer: &Descriptor| layer.annotation(PREDICATE_TYPE).map(str::to_owned);
        let predicate_types: Vec<String> = manifest.layers.iter().filter_map(predicate).collect();
        let subject = match (descriptor.annotation(REFERENCE_DIGEST), &manifest.subject) {
            (Some(digest), _) => digest,
            (None, Some(subject)) if !predicate_types.is_empty() => subject.raw_digest.as_str(),
            _ => return Err(artifact("not of an image")),
        };
        let subject: Digest = subject
            .parse()
            .map_err(|e| Anomaly::new(Code::DigestInvalid, format!("attestation {found}: {e}")))?;
        self.resolver.attestations.push((subject, Attestation { manifest_digest: found, predicate_types }));
        Ok(())
    }
}

/// The names a descriptor gives to what it leads to, and those from above it.
fn names(descriptor: &Descriptor, inherited: &[String]) -> Vec<String> {
    let own = [IMAGE_NAME, REF_NAME].into_iter().filter_map(|key| descriptor.annotation(key));
    own.map(str::to_owned).chain(inherited.iter().cloned()).collect()
}

fn add_image(
    resolver: &mut Resolver<'_>,
    descriptor: &Descriptor,
    manifest_digest: (Digest, Digest),
    manifest: Manifest,
    names: Vec<String>,
) {
    let config = config(resolver, manifest.config.as_ref());
    let layers =
        manifest.layers.iter().enumerate().map(|(index, layer)| layer_ref(resolver, index, layer)).collect();
    let annotations: Annotations =
        manifest.annotations.into_iter().chain(descriptor.annotations.clone()).collect();
    resolver.add(Draft {
        names,
        platform: descriptor.platform.clone(),
        manifest_digest: Some(manifest_digest),
        config,
        annotations,
        layers,
        history: None,
    });
}

/// Reads the config of the next image, or as much of it as there is.
fn config(resolver: &mut Resolver<'_>, descriptor: Option<&Descriptor>) -> Config {
    let mut missing = Config::default();
    let found = match descriptor.map(Descriptor::digest) {
        None => Err(Anomaly::new(Code::BlobMissing, "the manifest names no config")),
        Some(Err(error)) => Err(Anomaly::new(Code::DigestInvalid, format!("config: {error}"))),
        Some(Ok(digest)) => resolver.find_blob(missing.stated.insert(digest), "config"),
    };
    match found {
        Ok(id) => resolver.config(id, missing.stated, descriptor.and_then(|descriptor| descriptor.size)),
        Err(anomaly) => {
            let image = Some(resolver.next_image());
            if let Some(stated) = &missing.stated {
                let size = descriptor.and_then(|descriptor| descriptor.size);
                resolver.record(DocumentKind::Config, image, None, (Some(stated), size), None);
            }
            resolver.report(image, None, anomaly);
            missing
        }
    }
}

/// A layer of the next image. A blob that is not there leaves a placeholder.
fn layer_ref(resolver: &mut Resolver<'_>, index: usize, descriptor: &Descriptor) -> LayerRef {
    let image = Some(resolver.next_image());
    let mut layer = LayerRef {
        member: None,
        stated_digest: None,
        stated_size: descriptor.size,
        stated_diff_id: None,
        media_type: descriptor.media_type.clone(),
        annotations: descriptor.annotations.clone(),
        urls: descriptor.urls.clone(),
        foreign: descriptor.is_foreign(),
    };
    let found = match descriptor.digest() {
        Ok(digest) => resolver.find_blob(layer.stated_digest.insert(digest), "layer"),
        Err(error) => Err(Anomaly::new(Code::DigestInvalid, format!("layer: {error}"))),
    };
    match found {
        // Its size is compared when it is read, with its digest.
        Ok(id) => layer.member = Some(id),
        Err(anomaly) if layer.foreign && anomaly.code == Code::BlobMissing => {
            resolver.report(image, Some(index), foreign(descriptor));
        }
        Err(anomaly) => resolver.report(image, Some(index), anomaly),
    }
    layer
}

/// The anomaly of a foreign layer that is not in the archive.
pub(super) fn foreign(descriptor: &Descriptor) -> Anomaly {
    let place = match descriptor.urls.first() {
        Some(url) => format!("its content lies at {url:?}"),
        None => "its content lies elsewhere".to_owned(),
    };
    Anomaly::new(
        Code::LayerForeign,
        format!("foreign layer {:?}: {place} and is not fetched", descriptor.raw_digest),
    )
}
