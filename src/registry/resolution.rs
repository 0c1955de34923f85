//! From a place to what has to be fetched: index, choice of a platform, manifest, config.
//!
//! What is found is laid out as an OCI image layout would be, so that it can be opened as one.

use serde_json::{Map, Value, json};

use super::{
    Place, Trouble,
    exchange::{Head, Target},
    reference::Reference,
    referrers,
};
use crate::{
    digest::Digest,
    limits,
    oci::{Annotations, Descriptor, Document, Index, Manifest},
};

/// What is asked for first. Together 82 bytes: an `Accept` of up to 128 bytes needs no preflight.
pub(super) const OCI: &str =
    "application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json";
/// What is asked for of a registry that has none of these.
const DOCKER: &str = "application/vnd.docker.distribution.manifest.list.v2+json,application/vnd.docker.distribution.manifest.v2+json";
/// What has so many bytes is [large](Target::is_large).
pub const LARGE: u64 = 16 << 20;
/// The name of an image, as containerd notes it.
const IMAGE_NAME: &str = "io.containerd.image.name";
/// What BuildKit's manifest is for, and the manifest that it is about.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

/// One image of an index.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Choice {
    /// The digest of its manifest.
    pub digest: Digest,
    /// `os/arch[/variant]`, with the version of Windows where there are several.
    pub platform: Option<String>,
    /// Its name, in a layout of several images.
    pub name: Option<String>,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Fetch this, whole, at most so many bytes of it; tell [`Resolution::supply`].
    Fetch(Target, u64),
    /// Somebody has to choose: tell [`Resolution::choose`], or begin anew with the choice.
    Choose(Vec<Choice>),
    /// Everything is known: [`Resolution::finish`].
    Done,
    /// There is nothing to be had.
    Fail(Trouble, String),
}

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How it is called.
    pub title: String,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The files of an OCI image layout, in the order in which they would stand in an archive.
    pub files: Vec<PlannedFile>,
}

/// A file of an OCI image layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Its path.
    pub path: String,
    /// Its length in bytes; of a blob, as it is stated.
    pub size: u64,
    /// What is in it.
    pub content: Content,
}

/// What is in a [`PlannedFile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A blob that has to be fetched.
    Blob(Target, Digest),
}

/// The way from a place to a [`Plan`].
#[derive(Debug)]
pub struct Resolution {
    base: Base,
    title: String,
    /// The name that the image gets.
    name: Option<String>,
    /// A platform, or the digest of a manifest.
    choice: Option<String>,
    stage: Stage,
    /// Indexes that were followed.
    depth: usize,
    /// What the descriptors said that led here.
    annotations: Annotations,
    platform: Option<Value>,
    /// Attestations that the indexes have, and what they are about.
    attestations: Vec<(String, Descriptor)>,
    manifest: Option<(Vec<u8>, Digest, Manifest)>,
    config: Option<(Digest, Vec<u8>)>,
    fetched: Vec<(Descriptor, Digest, Vec<u8>)>,
}

/// How the files of a place are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// The URL up to the repository's name.
    Registry { url: String, scope: Option<String>, reference: Reference },
    /// The URL of the directory.
    Layout(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Top {
        accept: &'static str,
    },
    Child(Descriptor, Digest),
    Choosing(Vec<(Choice, Descriptor)>),
    /// Its length as it is stated.
    Config(Digest, Option<u64>),
    /// The last one first.
    Attestations(Vec<(Descriptor, Digest)>),
    Done,
    Failed(Trouble, String),
}

impl Base {
    /// That of a place; `None` if that is an archive.
    pub(super) fn of(place: &Place, gateway: Option<&str>) -> Option<Self> {
        match place {
            Place::Registry(reference) => {
                let (url, scope) = super::repository_url(reference, gateway);
                Some(Self::Registry { url, scope, reference: reference.clone() })
            }
            Place::Layout(url) => Some(Self::Layout(url.clone())),
            Place::Archive(_) => None,
        }
    }

    /// A manifest by its tag or digest; of a layout its index.
    pub(super) fn manifest(&self, wanted: &str, accept: &'static str) -> Target {
        match self {
            Self::Registry { url, scope, .. } => Target {
                url: format!("{url}/manifests/{wanted}"),
                scope: scope.clone(),
                accept: Some(accept),
                ..Target::default()
            },
            Self::Layout(url) => plain(format!("{url}index.json")),
        }
    }

    /// A manifest that a document names.
    pub(super) fn child(&self, digest: &Digest, media_type: Option<&str>) -> Target {
        let accept = if media_type.is_some_and(|name| name.contains("docker")) { DOCKER } else { OCI };
        match self {
            Self::Registry { .. } => self.manifest(&digest.to_string(), accept),
            Self::Layout(_) => self.blob(digest),
        }
    }

    /// A blob.
    pub(super) fn blob(&self, digest: &Digest) -> Target {
        match self {
            Self::Registry { url, scope, .. } => {
                Target { url: format!("{url}/blobs/{digest}"), scope: scope.clone(), ..Target::default() }
            }
            Self::Layout(url) => plain(format!("{url}blobs/{}/{}", digest.algorithm().name(), digest.hex())),
        }
    }
}

/// A file of a web server.
pub fn plain(url: String) -> Target {
    Target { url, scope: Some(String::new()), ..Target::default() }
}

impl Resolution {
    /// Begins at a place; `None` if that is an archive, which has its own documents. `gateway` is the URL of one that
    /// forwards requests: then nobody else is asked. `choice` is the platform wanted, or the digest of a manifest.
    pub fn new(place: &Place, gateway: Option<&str>, choice: Option<String>) -> Option<Self> {
        let base = Base::of(place, gateway)?;
        let name = match &base {
            Base::Registry { reference, .. } => {
                Some(Reference { digest: None, ..reference.clone() }.to_string())
            }
            Base::Layout(_) => None,
        };
        Some(Self {
            base,
            title: place.title(),
            name,
            choice,
            stage: Stage::Top { accept: OCI },
            depth: 0,
            annotations: Vec::new(),
            platform: None,
            attestations: Vec::new(),
            manifest: None,
            config: None,
            fetched: Vec::new(),
        })
    }

    /// What is to be done next.
    pub fn next(&self) -> Next {
        match &self.stage {
            Stage::Top { accept } => {
                let wanted = match &self.base {
                    Base::Registry { reference, .. } => reference.wanted(),
                    Base::Layout(_) => String::new(),
                };
                Next::Fetch(self.base.manifest(&wanted, accept), limits::JSON_DOCUMENT)
            }
            Stage::Child(descriptor, digest) => self.next_child(descriptor, digest),
            Stage::Choosing(choices) => {
                Next::Choose(choices.iter().map(|(choice, _)| choice.clone()).collect())
            }
            Stage::Config(digest, size) => Next::Fetch(self.base.blob(digest), longest(*size)),
            Stage::Attestations(left) => match left.last() {
                Some((descriptor, digest)) => self.next_child(descriptor, digest),
                None => Next::Done,
            },
            Stage::Done => Next::Done,
            Stage::Failed(trouble, detail) => Next::Fail(*trouble, detail.clone()),
        }
    }

    fn next_child(&self, descriptor: &Descriptor, digest: &Digest) -> Next {
        let target = self.base.child(digest, descriptor.media_type.as_deref());
        Next::Fetch(target, longest(descriptor.size))
    }

    /// Takes what was fetched.
    pub fn supply(&mut self, head: &Head, body: Vec<u8>) {
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        self.stage =
            self.after(stage, head, body).unwrap_or_else(|(trouble, detail)| Stage::Failed(trouble, detail));
    }

    /// What was to be fetched last could not be. It need not be the end: attestations are an addition.
    pub fn fail(&mut self, trouble: Trouble, detail: String) {
        match &mut self.stage {
            Stage::Attestations(left) => {
                left.pop();
            }
            stage => {
                // The manifest came from the same registry.
                let is_blob = matches!(stage, Stage::Config(..));
                let trouble = if is_blob { trouble.of_blob() } else { trouble };
                *stage = Stage::Failed(trouble, detail);
            }
        }
    }

    fn after(&mut self, stage: Stage, head: &Head, body: Vec<u8>) -> Result<Stage, (Trouble, String)> {
        let is_there = !matches!(head.status, 404 | 406);
        match stage {
            Stage::Top { accept: OCI } if !is_there && matches!(self.base, Base::Registry { .. }) => {
                return Ok(Stage::Top { accept: DOCKER });
            }
            Stage::Attestations(mut left) => {
                let Some((descriptor, digest)) = left.pop() else { return Ok(Stage::Done) };
                if is_there && digest.same_algorithm(&body) == digest {
                    self.fetched.push((descriptor, digest, body));
                }
                return Ok(Stage::Attestations(left));
            }
            _ => {}
        }
        if !is_there {
            return Err((Trouble::NotFound, format!("{} answers {}", head.url, head.status)));
        }
        let begins = body.iter().find(|byte| !byte.is_ascii_whitespace());
        if head.is_web_page() || begins != Some(&b'{') {
            return Err((Trouble::NotARegistry, format!("{} answers, but not with a manifest", head.url)));
        }
        match stage {
            Stage::Top { .. } => {
                let stated = match &self.base {
                    Base::Registry { reference: Reference { digest: Some(digest), .. }, .. } => {
                        Some(digest.clone())
                    }
                    Base::Registry { .. } => {
                        head.header("docker-content-digest").and_then(|digest| digest.trim().parse().ok())
                    }
                    Base::Layout(_) => None,
                };
                let found =
                    stated.as_ref().map_or_else(|| Digest::sha256(&body), |d| d.same_algorithm(&body));
                if let Some(stated) = stated {
                    same(&stated, &found, "the manifest")?;
                }
                self.document(head, body, found)
            }
            Stage::Child(_, digest) => {
                same(&digest, &digest.same_algorithm(&body), "the manifest")?;
                self.document(head, body, digest)
            }
            Stage::Config(digest, _) => {
                same(&digest, &digest.same_algorithm(&body), "the config")?;
                self.config = Some((digest, body));
                Ok(self.attested())
            }
            other => Ok(other),
        }
    }

    fn document(&mut self, head: &Head, body: Vec<u8>, digest: Digest) -> Result<Stage, (Trouble, String)> {
        let manifest = |detail: String| (Trouble::Manifest, detail);
        let (document, _) = Document::parse(&body).map_err(|error| manifest(error.to_string()))?;
        if matches!(self.base, Base::Registry { .. }) {
            check_type(head, &body).map_err(manifest)?;
        }
        match document {
            Document::Index(index) => self.index(index),
            Document::Manifest(parsed) if parsed.is_image() => {
                let config =
                    parsed.config.as_ref().and_then(|config| Some((config.digest().ok()?, config.size)));
                self.manifest = Some((body, digest, *parsed));
                Ok(match config {
                    Some((digest, size)) if size.unwrap_or_default() <= limits::JSON_DOCUMENT => {
                        Stage::Config(digest, size)
                    }
                    _ => self.attested(),
                })
            }
            Document::Manifest(_) => Err(manifest("this is not the manifest of an image".to_owned())),
        }
    }

    fn index(&mut self, index: Index) -> Result<Stage, (Trouble, String)> {
        self.depth += 1;
        if self.depth > limits::INDEX_DEPTH {
            return Err((Trouble::Manifest, "indexes are nested too deep".to_owned()));
        }
        let mut choices = Vec::new();
        for descriptor in index.manifests.into_iter().take(limits::MANIFESTS) {
            let Ok(digest) = descriptor.digest() else { continue };
            if descriptor.annotation(REFERENCE_TYPE) == Some("attestation-manifest") {
                let subject = descriptor.annotation(REFERENCE_DIGEST).unwrap_or_default().to_owned();
                if self.attestations.len() < limits::REFERRERS {
                    self.attestations.push((subject, descriptor));
                }
                continue;
            }
            let name = [IMAGE_NAME, "org.opencontainers.image.ref.name"].iter();
            let name = name.filter_map(|key| descriptor.annotation(key)).next().map(str::to_owned);
            let platform = descriptor.platform.as_ref().map(ToString::to_string);
            // What refers to an image stands beside it in a layout.
            if is_artifact(&descriptor) || name.as_deref().is_some_and(referrers::is_stand_in) {
                continue;
            }
            choices.push((Choice { digest, platform, name }, descriptor));
        }
        let chosen = self.choice.as_ref().and_then(|wanted| {
            let is_it = |choice: &Choice| {
                choice.platform.as_ref() == Some(wanted) || choice.digest.to_string() == *wanted
            };
            choices.iter().position(|(choice, _)| is_it(choice))
        });
        match (chosen, choices.len()) {
            (_, 0) => Err((Trouble::NoPlatform, "the index has no image".to_owned())),
            (Some(place), _) => Ok(self.child(choices.swap_remove(place))),
            (None, 1) => Ok(self.child(choices.swap_remove(0))),
            (None, _) => Ok(Stage::Choosing(choices)),
        }
    }

    /// Chooses one of the images that [`Next::Choose`] has told of.
    pub fn choose(&mut self, wanted: &Digest) {
        if let Stage::Choosing(choices) = &mut self.stage
            && let Some(place) = choices.iter().position(|(choice, _)| choice.digest == *wanted)
        {
            let chosen = choices.swap_remove(place);
            self.stage = self.child(chosen);
        }
    }

    fn child(&mut self, (choice, descriptor): (Choice, Descriptor)) -> Stage {
        self.annotations.extend(descriptor.annotations.iter().cloned());
        if let Some(platform) = &descriptor.platform {
            self.platform = serde_json::to_value(platform).ok();
        }
        Stage::Child(descriptor, choice.digest)
    }

    /// What else belongs to the image.
    fn attested(&self) -> Stage {
        let Some((_, digest, _)) = &self.manifest else { return Stage::Done };
        let subject = digest.to_string();
        let about = self.attestations.iter().filter(|(about, _)| *about == subject);
        Stage::Attestations(about.filter_map(|(_, d)| Some((d.clone(), d.digest().ok()?))).collect())
    }

    /// What has to be fetched. Call it once [`Resolution::next`] says that everything is known.
    pub fn finish(self) -> Option<Plan> {
        let (bytes, digest, manifest) = self.manifest?;
        let mut entries = vec![{
            let mut annotations: Map<String, Value> =
                self.annotations.into_iter().map(|(key, value)| (key, value.into())).collect();
            if let Some(name) = self.name {
                annotations.insert(IMAGE_NAME.to_owned(), name.into());
            }
            let mut entry = entry(&bytes, &digest, annotations);
            if let (Some(platform), Some(fields)) = (self.platform, entry.as_object_mut()) {
                fields.insert("platform".to_owned(), platform);
            }
            entry
        }];
        let mut files = vec![file(&digest, bytes)];
        files.extend(self.config.map(|(digest, bytes)| file(&digest, bytes)));
        for (descriptor, digest, bytes) in self.fetched {
            let annotations = descriptor.annotations.into_iter().map(|(key, value)| (key, value.into()));
            entries.push(entry(&bytes, &digest, annotations.collect()));
            files.push(file(&digest, bytes));
        }
        for layer in &manifest.layers {
            let (Ok(digest), Some(size)) = (layer.digest(), layer.size) else { continue };
            let path = path(&digest);
            // What lies elsewhere is not fetched, and nothing is fetched twice.
            if layer.is_foreign() || files.iter().any(|file| file.path == path) {
                continue;
            }
            let target = Target { is_large: size >= LARGE, ..self.base.blob(&digest) };
            let content = Content::Blob(target, digest);
            files.push(PlannedFile { path, size, content });
        }
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": entries,
        });
        let index = index.to_string().into_bytes();
        let marker = br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec();
        let top = |path: &str, bytes: Vec<u8>| PlannedFile {
            path: path.to_owned(),
            size: bytes.len() as u64,
            content: Content::Bytes(bytes),
        };
        files.splice(0..0, [top("oci-layout", marker), top("index.json", index)]);
        Some(Plan { title: self.title, manifest: digest, files })
    }
}

/// Whether a descriptor says that it is of no image.
fn is_artifact(descriptor: &Descriptor) -> bool {
    let kind = descriptor.artifact_type.as_deref().unwrap_or_default();
    !(kind.is_empty() || kind.contains("image.config") || kind.contains("container.image"))
}

/// The most bytes that are read of a document whose length is stated so.
fn longest(stated: Option<u64>) -> u64 {
    stated.unwrap_or(limits::JSON_DOCUMENT).min(limits::JSON_DOCUMENT)
}

/// The descriptor of a document.
fn entry(bytes: &[u8], digest: &Digest, annotations: Map<String, Value>) -> Value {
    let media_type = serde_json::from_slice::<Value>(bytes).ok();
    let media_type = media_type.as_ref().and_then(|value| value.get("mediaType")?.as_str());
    json!({
        "mediaType": media_type.unwrap_or("application/vnd.oci.image.manifest.v1+json"),
        "digest": digest.to_string(),
        "size": bytes.len(),
        "annotations": annotations,
    })
}

fn path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

fn file(digest: &Digest, bytes: Vec<u8>) -> PlannedFile {
    PlannedFile { path: path(digest), size: bytes.len() as u64, content: Content::Bytes(bytes) }
}

fn same(stated: &Digest, found: &Digest, what: &str) -> Result<(), (Trouble, String)> {
    if stated == found {
        return Ok(());
    }
    Err((Trouble::Digest, format!("{what} was to be {stated}, and is {found}")))
}

/// Refuses a document that says of itself that it is something else than its server does (CVE-2021-41190).
fn check_type(head: &Head, body: &[u8]) -> Result<(), String> {
    let Some(sent) = head.media_type().filter(|name| name.starts_with("application/vnd.")) else {
        return Ok(());
    };
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    match value.get("mediaType").and_then(Value::as_str) {
        Some(said) if said != sent => Err(format!("the document is a {said:?}, and was sent as {sent:?}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "resolution_tests.rs"]
mod tests;
