//! What Docker saved before version 1.10: a directory per layer, whose `json` names its parent, and `repositories`
//! with the topmost layer of each name (Docker image spec 1.0).

use std::collections::{BTreeMap, HashSet};

use super::{
    ConfigDocument, HistoryRow, LayerRef, MemberId, instruction,
    member::Found,
    resolve::{Config, Draft, Resolver},
};
use crate::{
    anomaly::{Anomaly, Code},
    digest::Digest,
    limits,
    oci::{self, DocumentError, LegacyConfig, json},
};

/// Adds the images there are. False if there is no sign of any.
pub(super) fn resolve(resolver: &mut Resolver<'_>) -> bool {
    let names = repositories(resolver);
    let layers = layers(resolver);
    if layers.is_empty() {
        return false;
    }
    // All of them at once: asked for one by one, each parent would take another round.
    let mut configs: BTreeMap<&str, Layer<'_>> = BTreeMap::new();
    for (id, member) in &layers {
        if let Some(layer) = read_layer(resolver, *member) {
            configs.insert(id, layer);
        }
    }
    let heads = if names.is_empty() { unnamed_heads(&layers, &configs) } else { named_heads(names) };
    for (head, names) in heads {
        add_image(resolver, &configs, &head, names);
    }
    true
}

/// One layer's document.
struct Layer<'a> {
    raw: &'a [u8],
    values: usize,
    /// As a layer, and, at the top, as the image's config.
    layer: LegacyConfig,
    config: oci::Config,
}

/// The names in `repositories`, each with the id of a topmost layer.
fn repositories(resolver: &mut Resolver<'_>) -> oci::Repositories {
    let Found::File(id) = resolver.lookup.find(b"repositories") else { return Vec::new() };
    let Some(bytes) = resolver.read(id) else { return Vec::new() };
    oci::repositories(bytes).unwrap_or_else(|error| {
        resolver.report_document(None, id, &error);
        Vec::new()
    })
}

/// The ids that have both a `json` and a `layer.tar`, in the order of the archive.
fn layers(resolver: &Resolver<'_>) -> Vec<(String, MemberId)> {
    let has_layer = |id: &str| resolver.lookup.find(format!("{id}/layer.tar").as_bytes()) != Found::Nothing;
    let is_id = |id: &str| Digest::from_sha256_hex(id).is_ok();
    let mut layers = Vec::new();
    for member in resolver.lookup.members() {
        let id = member.path.strip_suffix(b"/json").and_then(|id| std::str::from_utf8(id).ok());
        let Some(id) = id.filter(|id| is_id(id) && has_layer(id)) else { continue };
        // The last of several members of that name, as everywhere.
        if let Found::File(file) = resolver.lookup.find(&member.path) {
            layers.push((id.to_owned(), file));
        }
        if layers.len() == limits::MANIFESTS {
            break;
        }
    }
    layers
}

fn read_layer<'a>(resolver: &mut Resolver<'a>, id: MemberId) -> Option<Layer<'a>> {
    let raw = resolver.read(id)?;
    let shape = |error: serde_json::Error| DocumentError::Shape(error.to_string());
    let parsed = json::parse(raw).map_err(DocumentError::from).and_then(|json::Parsed { value, values }| {
        let layer = LegacyConfig::from_value(value.clone()).map_err(shape)?;
        Ok(Layer { raw, values, layer, config: oci::Config::from_value(value).map_err(shape)? })
    });
    match parsed {
        Ok(layer) => resolver.charge(raw.len(), layer.values).then_some(layer),
        Err(error) => {
            resolver.report_document(None, id, &error);
            None
        }
    }
}

/// The topmost layers with their names, in the order of the names.
fn named_heads(names: oci::Repositories) -> Vec<(String, Vec<String>)> {
    let mut heads: Vec<(String, Vec<String>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (name, id) in names {
        let place = *places.entry(id.clone()).or_insert(heads.len());
        if place == heads.len() {
            heads.push((id, Vec::new()));
        }
        heads[place].1.push(name);
    }
    heads
}

/// The layers that are nobody's parent, in the order of the archive: saved by id, an image has no name.
fn unnamed_heads(
    layers: &[(String, MemberId)],
    configs: &BTreeMap<&str, Layer<'_>>,
) -> Vec<(String, Vec<String>)> {
    let parents: HashSet<&str> = configs.values().filter_map(|layer| layer.layer.parent.as_deref()).collect();
    let heads = layers.iter().filter(|(id, _)| !parents.contains(id.as_str()));
    heads.map(|(id, _)| (id.clone(), Vec::new())).collect()
}

fn add_image(
    resolver: &mut Resolver<'_>,
    configs: &BTreeMap<&str, Layer<'_>>,
    head: &str,
    names: Vec<String>,
) {
    let image = Some(resolver.next_image());
    let (chain, broken) = chain(configs, head);
    if let Some(anomaly) = broken {
        resolver.report(image.filter(|_| !chain.is_empty()), None, anomaly);
    }
    // A chain that many images share is charged for each.
    if chain.is_empty() || !resolver.charge(0, 8 * chain.len()) {
        return;
    }
    let mut layers = Vec::with_capacity(chain.len());
    let mut history = Vec::with_capacity(chain.len());
    for (index, (id, layer)) in chain.iter().rev().enumerate() {
        let found = resolver.find(format!("{id}/layer.tar").as_bytes(), "layer");
        layers.push(LayerRef {
            member: found.as_ref().ok().copied(),
            stated_digest: None,
            stated_size: None,
            stated_diff_id: None,
            media_type: None,
            annotations: Vec::new(),
            urls: Vec::new(),
            foreign: false,
        });
        if let Err(anomaly) = found {
            resolver.report(image, Some(index), anomaly);
        }
        history.push(row(&layer.layer, index));
    }
    let config = match chain.first() {
        Some((_, top)) if resolver.charge(top.raw.len(), top.values) => Config {
            id: Some(Digest::sha256(top.raw)),
            document: Some(ConfigDocument { raw: top.raw.to_vec(), parsed: top.config.clone() }),
            ..Config::default()
        },
        _ => Config::default(),
    };
    resolver.add(Draft {
        names,
        platform: None,
        manifest_digest: None,
        config,
        annotations: Vec::new(),
        layers,
        history: Some(history),
    });
}

/// The layers from `head` down to the bottom, and what ended the way there early.
type Chain<'c, 'a> = (Vec<(&'c str, &'c Layer<'a>)>, Option<Anomaly>);

fn chain<'c, 'a>(configs: &'c BTreeMap<&str, Layer<'a>>, head: &'c str) -> Chain<'c, 'a> {
    let mut chain = Vec::new();
    let mut seen = HashSet::new();
    let mut next = Some(head);
    while let Some(id) = next.filter(|id| !id.is_empty()) {
        let Some((id, layer)) = configs.get_key_value(id) else {
            let message = format!("layer {id:?} is not in the archive");
            return (chain, Some(Anomaly::new(Code::BlobMissing, message)));
        };
        if !seen.insert(*id) {
            let message = format!("layer {id:?} is its own ancestor");
            return (chain, Some(Anomaly::new(Code::IndexCycle, message)));
        }
        chain.push((*id, layer));
        next = layer.layer.parent.as_deref();
    }
    (chain, None)
}

/// Every layer is a step, and every step a layer.
fn row(layer: &LegacyConfig, index: usize) -> HistoryRow {
    let created_by = layer.container_config.cmd.as_ref().map(|words| words.join(" "));
    HistoryRow {
        created: layer.created.clone(),
        instruction: instruction(created_by.as_deref().unwrap_or_default()),
        created_by,
        comment: layer.comment.clone().filter(|comment| !comment.is_empty()),
        empty_layer: false,
        layer: u32::try_from(index).ok(),
    }
}
