//! From an archive's members to its images: docker archives, OCI layouts and archives that are both.
//!
//! [`Lister`] finds the members of a plain outer tar by hopping from header to header. [`resolve`] then
//! reads the few JSON documents among them and says what images there are. Neither reads by itself: they
//! say which bytes they need.

mod derived;
mod docker_archive;
mod dockerfile;
mod history;
mod instruction;
mod legacy;
mod lister;
mod member;
pub mod names;
mod oci_layout;
mod resolve;

pub use dockerfile::{base_image_name, dockerfile};
pub use history::{HistoryRow, base_image_guess};
pub use instruction::instruction;
pub use lister::Lister;
pub use member::{Member, MemberId, MemberKind};
pub use resolve::{Documents, Resolved, resolve};

use serde::{Deserialize, Serialize};

use crate::{
    anomaly::{Anomaly, Code},
    digest::Digest,
    oci,
};

/// The shape of the archive as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `manifest.json` only (`docker save` before 25, kaniko, bazel, …).
    DockerArchive,
    /// `manifest.json` and `index.json` (`docker save` since 25).
    DockerOci,
    /// `index.json` only.
    OciLayout,
    /// No manifest: a `json` beside each layer names its parent (Docker before 1.10).
    #[serde(rename = "docker-legacy")]
    LegacyDocker,
    /// No image at all but a root filesystem (`docker export`) or one layer: shown as an image of one layer.
    BareLayer,
}

/// What an archive holds, as far as its documents say. Layers are not read for this.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Its shape.
    pub format: Format,
    /// Its images: one per image manifest present, in archive order, an index depth first. A manifest
    /// reached twice is listed twice.
    pub images: Vec<Image>,
    /// Files that no image, index or manifest of the archive leads to.
    pub unused: Vec<MemberId>,
    /// The JSON documents that others name, in the order in which they were met.
    pub documents: Vec<NamedDocument>,
    /// What is wrong or odd with the documents; offsets are in the (decompressed) archive.
    pub anomalies: Vec<Located>,
}

impl Archive {
    /// The archive that a tar without any document of an image is: one image whose only layer it is.
    pub fn bare_layer(member: MemberId) -> Self {
        let message = "neither a manifest nor an index: the tar itself is shown as one layer";
        let layer = LayerRef {
            member: Some(member),
            stated_digest: None,
            stated_size: None,
            stated_diff_id: None,
            media_type: None,
            annotations: Vec::new(),
            urls: Vec::new(),
            foreign: false,
        };
        let image = Image {
            names: Vec::new(),
            platform: None,
            manifest_digest: None,
            id: None,
            config: None,
            annotations: Vec::new(),
            layers: vec![layer],
            history: Vec::new(),
            attestations: Vec::new(),
        };
        let anomaly = Anomaly::new(Code::BareLayer, message);
        Self {
            format: Format::BareLayer,
            images: vec![image],
            unused: Vec::new(),
            documents: Vec::new(),
            anomalies: vec![Located { image: None, layer: None, anomaly }],
        }
    }
}

/// An anomaly with the image and the layer it belongs to, if it belongs to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The image's place in [`Archive::images`].
    pub image: Option<u32>,
    /// The layer's place in [`Image::layers`].
    pub layer: Option<u32>,
    /// What is wrong or odd.
    pub anomaly: Anomaly,
}

/// A JSON document that another one names, as that one states it and as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDocument {
    /// What it is to its image.
    pub kind: DocumentKind,
    /// The image it belongs to: its place in [`Archive::images`].
    pub image: Option<u32>,
    /// The member that holds it; `None` if it is not in the archive.
    pub member: Option<MemberId>,
    /// The digest stated for it; `None` where it is named by its path alone.
    pub stated_digest: Option<Digest>,
    /// The size stated for it, in bytes.
    pub stated_size: Option<u64>,
    /// The digest of its bytes; `None` if it was not read.
    pub digest: Option<Digest>,
}

/// What a [`NamedDocument`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// An index below `index.json`.
    Index,
    /// The manifest of an image, or what should have been one.
    Manifest,
    /// The config of an image.
    Config,
    /// The manifest of something other than an image: an attestation, a signature.
    Artifact,
}

/// One image of an archive.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Every name the archive gives it, the fullest first (`docker.io/library/nginx:1.27`, …), without repeats.
    pub names: Vec<String>,
    /// The platform its config or, failing that, its descriptor states.
    pub platform: Option<oci::Platform>,
    /// The digest of its manifest's bytes; `None` where only Docker's `manifest.json` names it.
    pub manifest_digest: Option<Digest>,
    /// The image id: the SHA-256 of the config's bytes, where they are present.
    pub id: Option<Digest>,
    /// The config as it was received, where it is present and is JSON.
    pub config: Option<ConfigDocument>,
    /// The annotations of its manifest and of the descriptor that led to it, the manifest's first.
    pub annotations: Vec<(String, String)>,
    /// One per layer of the manifest, bottom first, whatever the config says.
    pub layers: Vec<LayerRef>,
    /// The history, oldest first, paired with the layers.
    pub history: Vec<HistoryRow>,
    /// The attestation manifests that name this image as their subject.
    pub attestations: Vec<Attestation>,
}

/// An image config, raw and parsed.
#[derive(Debug, Clone)]
pub struct ConfigDocument {
    /// The bytes the id is taken over.
    pub raw: Vec<u8>,
    /// What was read from them.
    pub parsed: oci::Config,
}

/// A layer as manifest and config state it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRef {
    /// The member that holds it; `None` if the blob is not in the archive.
    pub member: Option<MemberId>,
    /// The digest the manifest states for the blob; mostly `None` in a docker archive.
    pub stated_digest: Option<Digest>,
    /// The size the manifest states for the blob, in bytes.
    pub stated_size: Option<u64>,
    /// The DiffId the config states: the digest of the uncompressed tar.
    pub stated_diff_id: Option<Digest>,
    /// The media type the manifest states.
    pub media_type: Option<String>,
    /// The annotations of its descriptor.
    pub annotations: oci::Annotations,
    /// Where else its descriptor says that the blob lies. Nothing is ever fetched from there.
    pub urls: Vec<String>,
    /// Whether the layer is stated to be foreign: its content lies at a URL, which is never fetched. It may be in
    /// the archive all the same.
    pub foreign: bool,
}

/// An attestation manifest (BuildKit's `vnd.docker.reference.type: attestation-manifest`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// The digest of its manifest.
    pub manifest_digest: Digest,
    /// The in-toto predicate type of each statement it holds.
    pub predicate_types: Vec<String>,
}
