//! JSON documents: what is taken is JSON to `serde_json` as well, without repeated keys and within the limits, and
//! nothing of it is lost.

use std::collections::BTreeSet;

use layerscope::{
    limits,
    oci::{self, Config, Document, LegacyConfig, json},
};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

pub fn check(data: &[u8]) {
    let parsed = json::parse(data);
    let plain = serde_json::from_slice::<Plain>(data).ok();
    let is_acceptable = data.len() as u64 <= limits::JSON_DOCUMENT
        && !data.starts_with(b"\xef\xbb\xbf")
        && plain.as_ref().is_some_and(|plain| !plain.repeats_a_key && plain.values <= limits::JSON_VALUES);
    assert_eq!(parsed.is_ok(), is_acceptable, "{parsed:?}");
    match parsed {
        Ok(parsed) => {
            assert_eq!(Some(parsed.values), plain.map(|plain| plain.values));
            assert_eq!(Some(&parsed.value), serde_json::from_slice(data).ok().as_ref());
            if !has_fractions(&parsed.value) {
                assert_eq!(json::parse(parsed.value.to_string().as_bytes()), Ok(parsed.clone()));
            }
            documents(data, &parsed.value);
        }
        Err(error) => {
            assert!(error.offset() <= data.len() as u64, "{error:?}");
            assert!(Document::parse(data).is_err());
            assert!(oci::docker_manifest(data).is_err() && oci::repositories(data).is_err());
        }
    }
}

/// What stands in lists is there, each in its place.
fn documents(data: &[u8], value: &Value) {
    let len = |value: &Value| value.as_array().map_or(0, Vec::len);
    let has = |key: &str| !value[key].is_null();
    if let Ok((document, _)) = Document::parse(data) {
        let descriptors = match document {
            Document::Index(index) => {
                assert!(!has("layers") && !has("config"), "an index that may be a manifest");
                assert_eq!(index.manifests.len(), len(&value["manifests"]));
                index.manifests
            }
            Document::Manifest(manifest) => {
                assert!(!has("manifests"), "a manifest that may be an index");
                assert_eq!(manifest.layers.len(), len(&value["layers"]));
                manifest.layers
            }
        };
        for descriptor in descriptors {
            if let Ok(digest) = descriptor.digest() {
                assert_eq!(digest.to_string(), descriptor.raw_digest);
            }
        }
    }
    if let Ok((rows, _)) = oci::docker_manifest(data) {
        assert_eq!(rows.len(), len(value));
        for (row, value) in rows.iter().zip(value.as_array().into_iter().flatten()) {
            // A row whose lists are no lists is read as one of nothing.
            let is_list = |key: &str| matches!(value[key], Value::Null | Value::Array(_));
            if is_list("Layers") && is_list("RepoTags") {
                assert_eq!(row.layers.len(), len(&value["Layers"]));
            }
        }
    }
    if let Ok(names) = oci::repositories(data) {
        let tags = value.as_object().into_iter().flat_map(|names| names.values());
        let tags: usize = tags.map(|tags| tags.as_object().map_or(0, |tags| tags.len())).sum();
        assert_eq!(names.len(), tags);
    }
    if let Ok(config) = Config::from_value(value.clone()) {
        assert_eq!(config.rootfs.diff_ids.len(), len(&value["rootfs"]["diff_ids"]));
        assert_eq!(config.history.len(), len(&value["history"]));
    }
    assert_eq!(LegacyConfig::from_value(value.clone()).is_ok(), value.is_object());
}

/// Numbers that `serde_json` reads to within the last bit only.
fn has_fractions(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fractions),
        Value::Object(map) => map.values().any(has_fractions),
        _ => false,
    }
}

/// What is asked of a document, read without the reader that is tested.
#[derive(Default)]
struct Plain {
    values: usize,
    repeats_a_key: bool,
}

const ONE: Plain = Plain { values: 1, repeats_a_key: false };

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self::default())
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(ONE)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(ONE)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(ONE)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(ONE)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(ONE)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(ONE)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Self, A::Error> {
        self.values = 1;
        while let Some(Self { values, repeats_a_key }) = seq.next_element()? {
            self.values += values;
            self.repeats_a_key |= repeats_a_key;
        }
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        self.values = 1;
        let mut keys = BTreeSet::new();
        while let Some((key, Self { values, repeats_a_key })) = map.next_entry::<String, Self>()? {
            self.values += values;
            self.repeats_a_key |= repeats_a_key | !keys.insert(key);
        }
        Ok(self)
    }
}
