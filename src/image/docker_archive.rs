//! What `docker save` writes: `manifest.json` and what it names (Docker image spec 1.2).

use std::collections::BTreeSet;

use super::{
    DocumentKind, LayerRef,
    member::Found,
    names,
    oci_layout::foreign,
    resolve::{Config, Draft, Resolver, Top},
};
use crate::{
    anomaly::{Anomaly, Code},
    digest::Digest,
    limits,
    oci::{self, Descriptor, DockerImage, DocumentError},
};

/// Reads `manifest.json`. Its name is common: what is not even a list is not Docker's.
pub(super) fn read(resolver: &mut Resolver<'_>) -> Top<Vec<DockerImage>> {
    let Found::File(id) = resolver.lookup.find(b"manifest.json") else { return Top::Absent };
    let Some(bytes) = resolver.read(id) else { return Top::Broken };
    match oci::docker_manifest(bytes) {
        Ok((rows, values)) if resolver.charge(bytes.len(), values) => Top::Read(rows),
        Ok(_) => Top::Broken,
        Err(DocumentError::Shape(_)) => Top::Absent,
        Err(_) if !bytes.trim_ascii_start().starts_with(b"[") => Top::Absent,
        Err(error) => {
            resolver.report_document(None, id, &error);
            Top::Broken
        }
    }
}

/// Adds the images of `manifest.json`. Where an index told of them already they only gain names; where there is an
/// index (`beside_index`) that does not, that is told.
pub(super) fn resolve(resolver: &mut Resolver<'_>, rows: &[DockerImage], beside_index: bool) {
    let told_by_index = resolver.images.len();
    for (number, row) in rows.iter().enumerate() {
        if resolver.is_exhausted() {
            return;
        }
        if number >= limits::MANIFESTS {
            let message = format!("more than {} images; the rest is left out", limits::MANIFESTS);
            return resolver.report(None, None, Anomaly::new(Code::IndexLimit, message));
        }
        if row.config.is_empty() && row.layers.is_empty() {
            let message = format!("row {number} of manifest.json names neither config nor layers");
            resolver.report(None, None, Anomaly::new(Code::JsonInvalid, message));
            continue;
        }
        let same = same_images(resolver, row, told_by_index);
        if same.is_empty() {
            if beside_index {
                let message =
                    format!("manifest.json has an image with config {:?}, index.json has not", row.config);
                let image = Some(resolver.next_image());
                resolver.report(image, None, Anomaly::new(Code::ManifestsDisagree, message));
            }
            add_image(resolver, row);
        } else {
            if !resolver.charge(0, same.len() * (1 + row.repo_tags.len() + row.layers.len())) {
                return;
            }
            merge_names(resolver, row, &same);
            for index in same {
                compare_layers(resolver, row, index);
            }
        }
    }
}

/// The images that the index told of which have the row's config.
fn same_images(resolver: &Resolver<'_>, row: &DockerImage, told_by_index: usize) -> Vec<usize> {
    let by_digest = config_digest(&row.config).and_then(|digest| resolver.by_config.get(&digest));
    let by_member = || match resolver.lookup.find(row.config.as_bytes()) {
        Found::File(id) => resolver.by_config_member.get(&id),
        Found::Nothing | Found::DeadLink(_) => None,
    };
    let images = by_digest.or_else(by_member).cloned().unwrap_or_default();
    images.into_iter().filter(|index| *index < told_by_index).collect()
}

/// The digest in the name of a config: `HEX.json` (Docker), `sha256:HEX` (kaniko, go-containerregistry), `blobs/sha256/HEX`.
fn config_digest(path: &str) -> Option<Digest> {
    let path = path.trim_start_matches("./");
    if let Some(blob) = path.strip_prefix("blobs/") {
        return blob.replacen('/', ":", 1).parse().ok();
    }
    path.parse().ok().or_else(|| Digest::from_sha256_hex(path.strip_suffix(".json").unwrap_or(path)).ok())
}

/// Gives the row's names to the images that are the same. A name that an image has already, written differently,
/// stays with that image; all others belong to each.
fn merge_names(resolver: &mut Resolver<'_>, row: &DockerImage, same: &[usize]) {
    let full = |names: &[String]| names.iter().map(|name| names::canonical(name)).collect::<BTreeSet<_>>();
    let known: Vec<BTreeSet<String>> =
        same.iter().map(|index| full(&resolver.images[*index].names)).collect();
    for name in &row.repo_tags {
        let canonical = names::canonical(name);
        let claimed = known.iter().any(|names| names.contains(&canonical));
        for (index, names) in same.iter().zip(&known) {
            if (!claimed || names.contains(&canonical)) && resolver.charge(name.len(), 0) {
                resolver.images[*index].names.push(name.clone());
            }
        }
    }
}

/// Notes whether the row has other layers than the manifest of the same image.
fn compare_layers(resolver: &mut Resolver<'_>, row: &DockerImage, index: usize) {
    let member = |path: &String| match resolver.lookup.find(path.as_bytes()) {
        Found::File(id) => Some(id),
        Found::Nothing | Found::DeadLink(_) => None,
    };
    let layers = &resolver.images[index].layers;
    let agree = layers.len() == row.layers.len()
        && layers.iter().zip(&row.layers).all(|(layer, path)| layer.member == member(path));
    if !agree {
        let message = format!(
            "manifest.json has {} layers for config {:?}, its OCI manifest has {} or others",
            row.layers.len(),
            row.config,
            layers.len()
        );
        resolver.report(Some(index), None, Anomaly::new(Code::ManifestsDisagree, message));
    }
}

fn add_image(resolver: &mut Resolver<'_>, row: &DockerImage) {
    let image = Some(resolver.next_image());
    let stated = config_digest(&row.config);
    let config = match resolver.find(row.config.as_bytes(), "config") {
        Ok(id) => resolver.config(id, stated, None),
        Err(anomaly) => {
            resolver.report(image, None, anomaly);
            resolver.record(DocumentKind::Config, image, None, (stated.as_ref(), None), None);
            Config { stated, ..Config::default() }
        }
    };
    let diff_ids =
        config.document.as_ref().map(|document| document.parsed.rootfs.diff_ids.clone()).unwrap_or_default();
    let source = |index: usize| diff_ids.get(index).and_then(|diff_id| row.layer_sources.get(diff_id));
    let layers =
        row.layers.iter().enumerate().map(|(index, path)| layer_ref(resolver, index, path, source(index)));
    let layers = layers.collect();
    resolver.add(Draft {
        names: row.repo_tags.clone(),
        platform: None,
        manifest_digest: None,
        config,
        annotations: Vec::new(),
        layers,
        history: None,
    });
}

/// A layer of the next image. What is not there leaves a placeholder.
fn layer_ref(resolver: &mut Resolver<'_>, index: usize, path: &str, source: Option<&Descriptor>) -> LayerRef {
    let found = resolver.find(path.as_bytes(), "layer");
    // Where the layer is stored another way than it came from, its source says nothing of the bytes that are here.
    let is_source = |source: &&Descriptor| match &found {
        Ok(id) => source.size == Some(resolver.lookup.member(*id).size),
        Err(_) => true,
    };
    let source = source.filter(is_source);
    let is_foreign = source.is_some_and(Descriptor::is_foreign);
    let layer = LayerRef {
        member: found.as_ref().ok().copied(),
        stated_digest: source.and_then(|source| source.digest().ok()),
        stated_size: source.and_then(|source| source.size),
        stated_diff_id: None,
        media_type: source.and_then(|source| source.media_type.clone()),
        annotations: source.map(|source| source.annotations.clone()).unwrap_or_default(),
        urls: source.map(|source| source.urls.clone()).unwrap_or_default(),
        foreign: is_foreign,
    };
    let image = Some(resolver.next_image());
    match (found, source) {
        (Err(anomaly), Some(source)) if is_foreign && anomaly.code == Code::BlobMissing => {
            resolver.report(image, Some(index), foreign(source));
        }
        (Err(anomaly), _) => resolver.report(image, Some(index), anomaly),
        (Ok(_), _) => {}
    }
    layer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configs_are_named_in_three_ways() {
        let digest = Digest::sha256(b"x");
        let hex = digest.hex();
        for path in
            [format!("{hex}.json"), hex.to_owned(), format!("sha256:{hex}"), format!("blobs/sha256/{hex}")]
        {
            assert_eq!(config_digest(&path), Some(digest.clone()), "{path}");
        }
        for path in ["", "config.json", "blobs/sha256/../../x", "blobs/md5/x"] {
            assert_eq!(config_digest(path), None, "{path}");
        }
    }
}
