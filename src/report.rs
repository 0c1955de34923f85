//! What there is to know of an archive: the model of `layerscope inspect --json` and of the page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    anomaly::Severity,
    audit::{Dive, Reclaimable},
    codec::Compression,
    digest::Digest,
    image::{Attestation, DocumentKind, Format, HistoryRow},
    layer::Lazy,
    limits::Limit,
};

/// A whole archive. See `docs/json.md` for the JSON, which is held stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this shape: 1.
    pub version: u32,
    /// The shape of the archive.
    pub format: Format,
    /// The compression of the archive as a whole.
    pub outer_compression: Compression,
    /// Its images.
    pub images: Vec<ImageReport>,
    /// The JSON documents that others name by their digest or their path.
    pub documents: Vec<DocumentReport>,
    /// Files of the archive that nothing in it leads to.
    pub unused: Vec<UnusedReport>,
    /// Everything wrong or odd.
    pub anomalies: Vec<AnomalyReport>,
}

/// A file of the archive that no image, index or manifest leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnusedReport {
    /// Its path in the archive; what is not UTF-8 is replaced.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// Where its content starts in the (decompressed) archive, in bytes.
    pub offset: u64,
}

/// A manifest, config or index, as it is stated and as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentReport {
    /// What it is.
    pub kind: DocumentKind,
    /// The image it belongs to, if any: its place in `images`.
    pub image: Option<u32>,
    /// Its path in the archive, what is not UTF-8 replaced; null if it is not there.
    pub path: Option<String>,
    /// The digest stated for it.
    pub stated_digest: Option<Digest>,
    /// The digest of its bytes; null if it is not there or was not read.
    pub digest: Option<Digest>,
    /// Whether `digest` is `stated_digest`; null if not checked or nothing is stated.
    pub digest_verified: Option<bool>,
    /// The size stated for it, in bytes.
    pub stated_size: Option<u64>,
    /// Its length in bytes.
    pub size: Option<u64>,
    /// Whether `size` is `stated_size`; null likewise.
    pub size_verified: Option<bool>,
}

/// One image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageReport {
    /// Its names, perhaps none.
    pub names: Vec<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    /// SHA-256 of the config's bytes.
    pub id: Option<Digest>,
    /// The digest of the manifest's bytes.
    pub manifest_digest: Option<Digest>,
    /// Annotations of the manifest and its descriptor.
    pub annotations: BTreeMap<String, String>,
    /// Its layers, bottom first.
    pub layers: Vec<LayerReport>,
    /// The config, verbatim JSON.
    #[serde(with = "json_in_any_format")]
    pub config: Option<serde_json::Value>,
    /// Its history, oldest first.
    pub history: Vec<HistoryRow>,
    /// Attestations that belong to it.
    pub attestations: Vec<Attestation>,
    /// What dive says of it; null unless every layer was read to its end.
    pub dive: Option<Dive>,
    /// Stored bytes that its merged filesystem does not show; null likewise.
    pub reclaimable: Option<Reclaimable>,
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerReport {
    /// Its place, 0 at the bottom.
    pub index: u32,
    /// The DiffId computed from the bytes; null until hashed, or if the blob is missing.
    pub diff_id: Option<Digest>,
    /// The blob's digest computed from the bytes; null likewise.
    pub digest: Option<Digest>,
    /// The media type the manifest states.
    pub media_type: Option<String>,
    /// The digest the manifest states.
    pub stated_digest: Option<Digest>,
    /// The DiffId the config states.
    pub stated_diff_id: Option<Digest>,
    /// Annotations of the descriptor that the manifest has of it.
    pub annotations: BTreeMap<String, String>,
    /// Where else its descriptor says that the blob lies. Nothing is fetched from there.
    pub urls: Vec<String>,
    /// Whether it is stated to be foreign: its content is meant to lie at one of `urls`.
    pub foreign: bool,
    /// The compression that the media type states, where it is a known one.
    pub stated_compression: Option<Compression>,
    /// How the blob is compressed, by its bytes.
    pub compression: Option<Compression>,
    /// Whether the blob is laid out to be pulled file by file; null if it is not, or was not read.
    pub lazy: Option<Lazy>,
    /// What was done to the blob that cannot be undone here (`encrypted`, `lz4`, a compression's name), or `unknown`;
    /// null for a layer that can be read.
    pub unreadable: Option<String>,
    /// The size that the manifest states for the blob, in bytes.
    pub stated_size: Option<u64>,
    /// Length of the blob in bytes.
    pub stored_size: Option<u64>,
    /// Whether `stored_size` is `stated_size`; null if not checked or nothing is stated.
    pub size_verified: Option<bool>,
    /// Length of the uncompressed tar in bytes.
    pub size: Option<u64>,
    /// Tar entries, the root and repeats included.
    pub entries: Option<u64>,
    /// Whether `digest` is `stated_digest`; null if not checked or nothing is stated.
    pub digest_verified: Option<bool>,
    /// Whether `diff_id` is `stated_diff_id`; null if not checked or nothing is stated.
    pub diff_id_verified: Option<bool>,
    /// The limit that kept it from being decoded or listed to its end.
    pub limit: Option<Limit>,
}

/// One anomaly, with the image and layer it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnomalyReport {
    /// The stable name of its kind.
    pub code: crate::anomaly::Code,
    /// How much it matters.
    pub severity: Severity,
    /// One English sentence with the particulars.
    pub message: String,
    /// The image it belongs to, if any: its place in `images`.
    pub image: Option<u32>,
    /// The layer it belongs to, if any.
    pub layer: Option<u32>,
    /// Offset in bytes.
    pub offset: Option<u64>,
}

/// A JSON document, as itself in JSON, and as text in a format in which values do not tell what they are.
mod json_in_any_format {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
    use serde_json::Value;

    pub fn serialize<S: Serializer>(document: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            document.serialize(serializer)
        } else {
            document.as_ref().map(Value::to_string).serialize(serializer)
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
        if deserializer.is_human_readable() {
            return Option::deserialize(deserializer);
        }
        let text: Option<String> = Option::deserialize(deserializer)?;
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::{
        fixture::samples,
        layer::ContentKey,
        session::{Opening, Session},
    };

    fn session(bytes: &[u8]) -> Session {
        let mut opening = Opening::new(bytes.len() as u64, ContentKey([0; 16]));
        while let Some(range) = opening.wants() {
            opening.supply(&bytes[range.start as usize..range.end as usize]).unwrap();
        }
        opening.finish().unwrap()
    }

    #[test]
    fn a_report_survives_json_and_the_way_to_the_page() {
        for sample in samples() {
            let report = session(sample.bytes).report();
            assert!(report.images[0].config.is_some());
            let bytes = postcard::to_stdvec(&report).unwrap();
            assert_eq!(postcard::from_bytes::<Report>(&bytes).unwrap(), report);
            let json = serde_json::to_string(&report).unwrap();
            assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert!(value["images"][0]["config"].is_object());
        }
    }
}
