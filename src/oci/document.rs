//! Index, manifest, and the documents of `docker save`.

use serde::Deserialize;
use serde_json::Value;

use super::{
    Platform,
    json::{self, lenient, list, object, objects, pairs},
};
use crate::digest::{self, Digest};

/// Annotations, sorted by key (OCI image spec, annotations.md).
pub type Annotations = Vec<(String, String)>;

/// Points to a blob (OCI image spec, descriptor.md; Docker's have the same fields).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Descriptor {
    /// The media type of the blob.
    #[serde(deserialize_with = "lenient")]
    pub media_type: Option<String>,
    /// What kind of artifact its manifest is of, in an index.
    #[serde(deserialize_with = "lenient")]
    pub artifact_type: Option<String>,
    /// The digest as it stands; see [`Descriptor::digest`].
    #[serde(rename = "digest", deserialize_with = "lenient")]
    pub raw_digest: String,
    /// The length of the blob in bytes.
    #[serde(deserialize_with = "lenient")]
    pub size: Option<u64>,
    /// Where else the blob may be found.
    #[serde(deserialize_with = "list")]
    pub urls: Vec<String>,
    /// Annotations.
    #[serde(deserialize_with = "pairs")]
    pub annotations: Annotations,
    /// The platform of what it points to, in an index.
    #[serde(deserialize_with = "object")]
    pub platform: Option<Platform>,
}

impl Descriptor {
    /// The checked digest.
    ///
    /// # Errors
    /// If what stands there is not a digest. It must not be used as a path then.
    pub fn digest(&self) -> Result<Digest, digest::ParseError> {
        self.raw_digest.parse()
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        find(&self.annotations, key)
    }

    /// Whether it is foreign: a layer whose content lies elsewhere (OCI: `nondistributable`, Docker: `foreign`).
    pub fn is_foreign(&self) -> bool {
        let media_type = self.media_type.as_deref().unwrap_or_default();
        !self.urls.is_empty() || media_type.contains("nondistributable") || media_type.contains(".foreign.")
    }

    /// Whether it may point to a filesystem changeset. Unknown types count as one only if their name speaks of a tar;
    /// what the blob truly is, its bytes will tell.
    pub fn may_be_layer(&self) -> bool {
        match self.media_type.as_deref() {
            None | Some("" | "application/octet-stream") => true,
            Some(name) => {
                name.contains("tar")
                    || name.starts_with("application/vnd.oci.image.layer.")
                    || name.starts_with("application/vnd.docker.image.rootfs.")
            }
        }
    }

    /// Whether it points to an image config by its media type, which may be absent.
    pub fn may_be_config(&self) -> bool {
        matches!(
            self.media_type.as_deref(),
            None | Some(
                "" | "application/octet-stream"
                    | "application/vnd.oci.image.config.v1+json"
                    | "application/vnd.docker.container.image.v1+json"
            )
        )
    }
}

/// The value of an annotation.
fn find<'a>(annotations: &'a Annotations, key: &str) -> Option<&'a str> {
    annotations.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
}

/// An image index, or Docker's manifest list (OCI image spec, image-index.md).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Index {
    /// Manifests and further indexes.
    #[serde(deserialize_with = "objects")]
    pub manifests: Vec<Descriptor>,
    /// Annotations.
    #[serde(deserialize_with = "pairs")]
    pub annotations: Annotations,
}

/// An image manifest (OCI image spec, manifest.md; Docker image manifest version 2, schema 2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// The config.
    #[serde(deserialize_with = "object")]
    pub config: Option<Descriptor>,
    /// The layers, bottom first.
    #[serde(deserialize_with = "objects")]
    pub layers: Vec<Descriptor>,
    /// What kind of artifact it is of, if it says so.
    #[serde(rename = "artifactType", deserialize_with = "lenient")]
    pub artifact_type: Option<String>,
    /// The manifest this one is about.
    #[serde(deserialize_with = "object")]
    pub subject: Option<Descriptor>,
    /// Annotations.
    #[serde(deserialize_with = "pairs")]
    pub annotations: Annotations,
}

impl Manifest {
    /// Whether it is of an image, and not of a signature, an attestation or another artifact (manifest.md, "Guidelines for
    /// Artifact Usage"). Signatures do use the config type of images, so the layers decide where there are any.
    pub fn is_image(&self) -> bool {
        match self.layers.as_slice() {
            [] => self.config.as_ref().is_some_and(Descriptor::may_be_config),
            layers => layers.iter().any(Descriptor::may_be_layer),
        }
    }
}

/// What an index can point to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// An index.
    Index(Index),
    /// A manifest.
    Manifest(Box<Manifest>),
}

/// A document that is neither, or both.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is not acceptable JSON.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// It has both `manifests` and `layers` or `config`: what it means depends on the media type it is
    /// fetched with, so two people may see two images in one digest (CVE-2021-41190).
    #[error("document is both an index and a manifest")]
    Ambiguous,
    /// It is JSON of another shape.
    #[error("{0}")]
    Shape(String),
}

impl Document {
    /// Reads an index or a manifest, told apart by their content: media types lie. Also says how many values
    /// the document holds.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize), DocumentError> {
        let json::Parsed { value, values } = json::parse(bytes)?;
        let Value::Object(fields) = &value else {
            return Err(DocumentError::Shape("document is not an object".to_owned()));
        };
        let has = |key: &str| fields.get(key).is_some_and(|v| !v.is_null());
        let is_manifest = has("layers") || has("config");
        let shape = |error: serde_json::Error| DocumentError::Shape(error.to_string());
        let document = if has("manifests") && is_manifest {
            return Err(DocumentError::Ambiguous);
        } else if is_manifest {
            Self::Manifest(Box::new(Manifest::deserialize(value).map_err(shape)?))
        } else if fields.contains_key("manifests") {
            // `null` when Docker saved an image by its id.
            Self::Index(Index::deserialize(value).map_err(shape)?)
        } else if has("fsLayers") {
            return Err(DocumentError::Shape("schema 1 manifests are not supported in archives".to_owned()));
        } else {
            return Err(DocumentError::Shape("document is neither an index nor a manifest".to_owned()));
        };
        Ok((document, values))
    }
}

/// One row of Docker's `manifest.json` (Docker image spec 1.2, "Combined Image JSON + Filesystem Changeset Format").
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DockerImage {
    /// The path of the config in the archive.
    #[serde(deserialize_with = "lenient")]
    pub config: String,
    /// Names, `repository:tag`.
    #[serde(deserialize_with = "list")]
    pub repo_tags: Vec<String>,
    /// The paths of the layers in the archive, bottom first.
    #[serde(deserialize_with = "list")]
    pub layers: Vec<String>,
    /// What is known of layers, by DiffId.
    #[serde(deserialize_with = "object")]
    pub layer_sources: LayerSources,
}

/// Descriptors of layers, by DiffId.
pub type LayerSources = std::collections::BTreeMap<String, Descriptor>;

/// Reads Docker's `manifest.json`. Also says how many values it holds.
///
/// # Errors
/// If it is not acceptable JSON or not a list of images.
pub fn docker_manifest(bytes: &[u8]) -> Result<(Vec<DockerImage>, usize), DocumentError> {
    let json::Parsed { value, values } = json::parse(bytes)?;
    if value.is_null() {
        return Err(DocumentError::Shape("a list was expected".to_owned()));
    }
    let rows = objects(value).map_err(|e| DocumentError::Shape(e.to_string()))?;
    Ok((rows, values))
}

/// Names and the id of the topmost layer of each, in the order of the names.
pub type Repositories = Vec<(String, String)>;

/// Reads the `repositories` of Docker before 1.10: `{name: {tag: id}}`.
///
/// # Errors
/// If it is not acceptable JSON or not of that shape.
pub fn repositories(bytes: &[u8]) -> Result<Repositories, DocumentError> {
    type Tags = std::collections::BTreeMap<String, String>;
    let value = json::parse(bytes)?.value;
    let names: std::collections::BTreeMap<String, Option<Tags>> = Deserialize::deserialize(value)
        .map_err(|e: serde_json::Error| DocumentError::Shape(e.to_string()))?;
    let named = |(name, tags): (String, Option<Tags>)| {
        tags.unwrap_or_default().into_iter().map(move |(tag, id)| (format!("{name}:{tag}"), id))
    };
    Ok(names.into_iter().flat_map(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Document, DocumentError> {
        Document::parse(text.as_bytes()).map(|(document, _)| document)
    }

    fn manifest(text: &str) -> Manifest {
        match parse(text).unwrap() {
            Document::Manifest(manifest) => *manifest,
            Document::Index(_) => panic!("an index"),
        }
    }

    #[test]
    fn index_and_manifest_are_told_apart_by_content() {
        assert_eq!(parse(r#"{"manifests":null}"#).unwrap(), Document::Index(Index::default()));
        assert!(matches!(parse(r#"{"mediaType":"lie","layers":[]}"#).unwrap(), Document::Manifest(_)));
        assert_eq!(parse(r#"{"manifests":[],"layers":[]}"#).unwrap_err(), DocumentError::Ambiguous);
        assert_eq!(parse(r#"{"manifests":[],"config":{}}"#).unwrap_err(), DocumentError::Ambiguous);
        assert!(
            matches!(parse(r#"{"schemaVersion":1,"fsLayers":[]}"#), Err(DocumentError::Shape(m)) if m.contains("schema 1"))
        );
        assert!(parse("{}").is_err() && parse("[]").is_err() && parse("null").is_err());
        assert!(parse(r#"{"layers":{}}"#).is_err(), "layers must not vanish");
    }

    #[test]
    fn odd_layers_keep_their_place() {
        let manifest = manifest(r#"{"layers":[null,{"digest":"sha256:../../x","size":-1,"urls":null},7]}"#);
        assert_eq!(manifest.layers.len(), 3);
        assert!(manifest.layers.iter().all(|layer| layer.digest().is_err() && layer.size.is_none()));
    }

    #[test]
    fn foreign_layers_are_known_by_type_or_urls() {
        let layer = |text: &str| serde_json::from_str::<Descriptor>(text).unwrap();
        assert!(
            layer(r#"{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}"#)
                .is_foreign()
        );
        assert!(
            layer(r#"{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"}"#)
                .is_foreign()
        );
        assert!(layer(r#"{"urls":["https://example.com/x"]}"#).is_foreign());
        assert!(
            !layer(r#"{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","urls":[]}"#).is_foreign()
        );
    }

    #[test]
    fn artifacts_are_not_images() {
        let is_image = |config: &str, layer: &str| {
            let config = format!(r#"{{"mediaType":"{config}"}}"#);
            let layers =
                if layer.is_empty() { String::new() } else { format!(r#"{{"mediaType":"{layer}"}}"#) };
            manifest(&format!(r#"{{"config":{config},"layers":[{layers}]}}"#)).is_image()
        };
        let oci = "application/vnd.oci.image.config.v1+json";
        let empty = "application/vnd.oci.empty.v1+json";
        assert!(is_image(oci, "application/vnd.oci.image.layer.v1.tar+zstd"));
        assert!(is_image(oci, ""), "an image without layers");
        assert!(is_image(empty, "application/vnd.oci.image.layer.v1.tar"), "a tar can be shown");
        assert!(!is_image(empty, empty));
        assert!(!is_image(empty, ""));
        assert!(!is_image(oci, "application/vnd.dev.cosign.simplesigning.v1+json"), "a signature");
        assert!(!is_image(oci, "application/vnd.in-toto+json"), "an attestation");
        assert!(!is_image("application/vnd.wasm.config.v0+json", "application/wasm"));
    }

    #[test]
    fn docker_documents() {
        let (rows, _) = docker_manifest(
            br#"[{"Config":"a.json","RepoTags":null,"Layers":["x/layer.tar"],"LayerSources":{"sha256:1":{"size":3}}},{"Layers":null}]"#,
        )
        .unwrap();
        assert_eq!((rows[0].config.as_str(), rows[0].layers.len()), ("a.json", 1));
        assert_eq!(rows[0].layer_sources["sha256:1"].size, Some(3));
        assert_eq!(rows[1], DockerImage::default());
        assert!(docker_manifest(b"{}").is_err() && docker_manifest(b"null").is_err());

        let names = repositories(br#"{"a":{"1":"x","2":"y"},"b":null}"#).unwrap();
        assert_eq!(names, [("a:1".to_owned(), "x".to_owned()), ("a:2".to_owned(), "y".to_owned())]);
        assert!(repositories(b"[]").is_err());
    }
}
