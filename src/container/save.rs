//! Images as an archive that other tools read (OCI image spec, image-layout.md; `docker save` since 25).

use std::{collections::BTreeMap, rc::Rc};

use serde_json::{Value, json};

use super::{Archives, ImageKey, Part, Rope, Shelf, ShelfError, stream::Stream};
use crate::{
    codec::Compression,
    digest::{Algorithm, Digest, Digester},
    session::StoredLayer,
    tar::{Entry, EntryKind, writer},
};

/// The shape of an archive that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveFormat {
    /// An OCI layout with Docker's `manifest.json`, as `docker save` writes it since version 25.
    Docker,
    /// An OCI layout.
    Oci,
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

impl Shelf {
    /// Images with these names, in full, as one archive: layers and documents that several have are in it once, and layers
    /// are stored as they were, their compression included.
    ///
    /// # Errors
    ///
    /// If a layer is missing or damaged.
    pub fn save(&self, images: &[(ImageKey, Vec<String>)], format: SaveFormat) -> Result<Rope, ShelfError> {
        let mut files = Files::default();
        let (mut manifests, mut rows) = (Vec::new(), Vec::new());
        let names_are_short = format == SaveFormat::Docker || images.len() < 2;
        for (key, names) in images {
            let saved = self.image(*key, &mut files)?;
            if names.is_empty() {
                manifests.push(saved.descriptor.clone());
            }
            for name in names {
                let tag = name.rsplit('/').next().and_then(|last| Some(last.rsplit_once(':')?.1));
                let mut descriptor = saved.descriptor.clone();
                descriptor["annotations"] = json!({
                    "io.containerd.image.name": name,
                    "org.opencontainers.image.ref.name": tag.filter(|_| names_are_short).unwrap_or(name),
                });
                manifests.push(descriptor);
            }
            let tags: Vec<&str> = names.iter().map(|name| familiar(name)).collect();
            let repo_tags = if tags.is_empty() { Value::Null } else { json!(tags) };
            rows.push(json!({ "Config": saved.config, "RepoTags": repo_tags, "Layers": saved.layers }));
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        files.document("index.json", index.to_string().into_bytes());
        if format == SaveFormat::Docker {
            files.document("manifest.json", Value::Array(rows).to_string().into_bytes());
        }
        files.document("oci-layout", json!({ "imageLayoutVersion": "1.0.0" }).to_string().into_bytes());
        Ok(files.tar())
    }

    /// An image of an archive with the names it has on the shelf, for [`Shelf::save`].
    ///
    /// # Errors
    ///
    /// If there is no such image.
    pub fn named(&self, reference: &str) -> Result<(ImageKey, Vec<String>), ShelfError> {
        let image = self.find_image(reference)?;
        let full = crate::image::names::canonical(reference);
        let by_name = image.names.contains(&full);
        // Saved by a name, it has that name; by its id, none.
        Ok((image.key, if by_name { vec![full] } else { Vec::new() }))
    }

    fn image(&self, key: ImageKey, files: &mut Files) -> Result<Saved, ShelfError> {
        let none = || ShelfError::NoImage(format!("{}/{}", key.archive.0, key.image));
        let session = &self.archives.get(&key.archive).ok_or_else(none)?.session;
        let image = session.images().get(key.image as usize).ok_or_else(none)?;
        let (mut layers, mut paths, mut diff_ids) = (Vec::new(), Vec::new(), Vec::new());
        for (l, stated) in image.layers.iter().enumerate() {
            let l = l as u32;
            let stored = session.stored_layer(key.image, l);
            let stored =
                stored.ok_or(ShelfError::Layer { layer: l, why: "it is missing, or has not been read" })?;
            let digest = digest_of(&self.archives, key, &stored)?;
            let suffix = match stored.compression {
                Compression::None => "",
                Compression::Gzip => "+gzip",
                Compression::Zstd => "+zstd",
                Compression::Bzip2 => "+bzip2",
                Compression::Xz => "+xz",
            };
            layers.push(json!({
                "mediaType": format!("{LAYER}{suffix}"),
                "digest": digest.to_string(),
                "size": stored.stored_size,
            }));
            paths.push(blob_path(&digest));
            diff_ids.push(stated.stated_diff_id.clone().or_else(|| stored.diff_id.clone()));
            files.blob(&digest, |rope| rope.blob(key.archive, stored));
        }
        let config = match &image.config {
            Some(config) => config.raw.clone(),
            None => {
                let known = diff_ids.into_iter().enumerate().map(|(l, diff_id)| {
                    let unknown = ShelfError::Layer { layer: l as u32, why: "its digest is not known" };
                    diff_id.map(|diff_id| diff_id.to_string()).ok_or(unknown)
                });
                let known = known.collect::<Result<Vec<_>, _>>()?;
                let rootfs = json!({ "type": "layers", "diff_ids": known });
                json!({ "architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs })
                    .to_string()
                    .into_bytes()
            }
        };
        let config_digest = files.bytes(config.clone());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": { "mediaType": CONFIG, "digest": config_digest.to_string(), "size": config.len() },
            "layers": layers,
        });
        let manifest = manifest.to_string().into_bytes();
        let size = manifest.len();
        let digest = files.bytes(manifest);
        let mut descriptor = json!({ "mediaType": MANIFEST, "digest": digest.to_string(), "size": size });
        if let Some(platform) = &image.platform {
            descriptor["platform"] = json!({ "architecture": platform.architecture, "os": platform.os });
            if let Some(variant) = &platform.variant {
                descriptor["platform"]["variant"] = json!(variant);
            }
        }
        Ok(Saved { descriptor, config: blob_path(&config_digest), layers: paths })
    }
}

/// The name as Docker shows it: without what it would complete.
pub fn familiar(name: &str) -> &str {
    let short = name.strip_prefix("docker.io/").unwrap_or(name);
    if short.len() < name.len() { short.strip_prefix("library/").unwrap_or(short) } else { name }
}

struct Saved {
    descriptor: Value,
    config: String,
    layers: Vec<String>,
}

fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

/// The digest of a blob. One that was only listed is read for it.
fn digest_of(archives: &Archives, key: ImageKey, stored: &StoredLayer) -> Result<Digest, ShelfError> {
    if let Some(digest) = &stored.digest {
        return Ok(digest.clone());
    }
    let source = archives.get(&key.archive).map(|opened| Rc::clone(&opened.source));
    let source = source.ok_or_else(|| ShelfError::NoImage(key.archive.0.to_string()))?;
    let mut digester = Digester::new(Algorithm::Sha256);
    Stream::blob(stored, &source).read_to_end(&mut |bytes| {
        digester.update(bytes);
        Ok(())
    })?;
    Ok(digester.finish())
}

/// The files of an archive by their paths.
#[derive(Default)]
struct Files(BTreeMap<String, Rope>);

impl Files {
    fn blob(&mut self, digest: &Digest, content: impl FnOnce(&mut Rope)) {
        self.0.entry(blob_path(digest)).or_insert_with(|| {
            let mut rope = Rope::default();
            content(&mut rope);
            rope
        });
    }

    fn bytes(&mut self, bytes: Vec<u8>) -> Digest {
        let digest = Digest::sha256(&bytes);
        self.blob(&digest, |rope| rope.bytes(bytes));
        digest
    }

    fn document(&mut self, path: &str, bytes: Vec<u8>) {
        let mut rope = Rope::default();
        rope.bytes(bytes);
        self.0.insert(path.to_owned(), rope);
    }

    /// All of them, sorted by path, with the directories that they are in.
    fn tar(self) -> Rope {
        let mut out = Rope::default();
        let mut pending = Vec::new();
        let mut directories: Vec<String> = Vec::new();
        for (path, content) in self.0 {
            for (end, _) in path.match_indices('/') {
                let directory = path[..end].to_owned();
                if !directories.contains(&directory) {
                    let path = directory.as_str().into();
                    let entry = Entry { path, mode: 0o755, ..writer::plain(EntryKind::Directory) };
                    writer::write_header(&entry, &mut pending);
                    directories.push(directory);
                }
            }
            let (size, stored_size) = (content.len(), content.len());
            let entry = Entry { path: path.into(), size, stored_size, ..writer::plain(EntryKind::File) };
            writer::write_header(&entry, &mut pending);
            out.bytes(std::mem::take(&mut pending));
            content.parts().iter().for_each(|part: &Part| out.push(part.clone()));
            pending.resize(writer::padding(size), 0);
        }
        pending.extend(writer::END);
        out.bytes(pending);
        out
    }
}
