//! The images of the shelf: their names, how large they are and what they share, and how they go.

use std::collections::{BTreeMap, HashSet};

use super::{ArchiveId, Archives, Container, LOCAL, Shelf, ShelfError};
use crate::{digest::Digest, image::names};

/// An image of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageKey {
    /// The archive.
    pub archive: ArchiveId,
    /// Its place in [`Session::images`].
    pub image: u32,
}

/// An image of the shelf. One that several archives hold is one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfImage {
    /// The digest of its config; of an image without one, a digest of what it is called here.
    pub id: Digest,
    /// Its names in full, `docker.io/library/debian:12`; without any, it is dangling.
    pub names: Vec<String>,
    /// Where it is.
    pub key: ImageKey,
    /// When it was made, as its config states (RFC 3339).
    pub created: Option<String>,
    /// The image it was made of here.
    pub parent: Option<Digest>,
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Removed {
    /// Names that were taken away.
    pub untagged: Vec<String>,
    /// Ids of images that are gone.
    pub deleted: Vec<Digest>,
    /// Ids of containers that are gone.
    pub containers: Vec<String>,
    /// Bytes that nothing needs any more: of layers that no other image has, of writable layers.
    pub freed: u64,
}

/// How large an image is, in bytes of its uncompressed layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageSize {
    /// Of all its layers.
    pub total: u64,
    /// Of those that other images of the shelf have as well.
    pub shared: u64,
    /// Of those that no other has.
    pub unique: u64,
}

/// A layer, and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedLayer {
    /// Its DiffId, or its digest; of a layer of which neither is known, its place.
    pub key: String,
    /// Bytes of its tar.
    pub size: u64,
    /// The images that have it, by their places in [`Shelf::images`].
    pub images: Vec<usize>,
}

/// See [`ShelfImage::id`].
pub(super) fn image_id(archives: &Archives, key: ImageKey) -> Option<Digest> {
    let opened = archives.get(&key.archive)?;
    let image = opened.session.images().get(key.image as usize)?;
    let made_up = || Digest::sha256(format!("{}/{}/{}", key.archive.0, opened.name, key.image).as_bytes());
    Some(image.id.clone().unwrap_or_else(made_up))
}

/// An image of this id, in whichever archive.
pub(super) fn image_of(archives: &Archives, id: &Digest) -> Option<ImageKey> {
    archives.iter().find_map(|(&archive, opened)| {
        let place = opened.session.images().iter().position(|image| image.id.as_ref() == Some(id))?;
        Some(ImageKey { archive, image: place as u32 })
    })
}

impl Shelf {
    /// Lists an image of an archive of the shelf.
    pub(super) fn add_image(&mut self, key: ImageKey, parent: Option<Digest>) -> Option<Digest> {
        let opened = self.archives.get(&key.archive)?;
        let image = opened.session.images().get(key.image as usize)?;
        let id = image_id(&self.archives, key)?;
        let created = image.config.as_ref().and_then(|config| config.parsed.created.clone());
        // A tag alone names no repository.
        let full = image.names.iter().filter(|name| name.contains([':', '/']));
        let mut full: Vec<String> = full.map(|name| names::canonical(name)).collect();
        full.dedup();
        if !self.images.iter().any(|known| known.id == id) {
            self.images.push(ShelfImage { id: id.clone(), names: Vec::new(), key, created, parent });
        }
        for name in full {
            self.tag(&id, &name);
        }
        Some(id)
    }

    /// The images, in the order in which they came.
    pub fn images(&self) -> &[ShelfImage] {
        &self.images
    }

    /// The image of a name, with or without registry and tag, or of an id or the beginning of one.
    ///
    /// # Errors
    ///
    /// If there is none, or an id that begins so is not the only one.
    pub fn find_image(&self, reference: &str) -> Result<&ShelfImage, ShelfError> {
        let full = names::canonical(reference);
        if let Some(image) = self.images.iter().find(|image| image.names.contains(&full)) {
            return Ok(image);
        }
        let hex = reference.strip_prefix("sha256:").unwrap_or(reference);
        let is_hex = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let mut found = self.images.iter().filter(|image| is_hex && image.id.hex().starts_with(hex));
        match (found.next(), found.next()) {
            (Some(image), None) => Ok(image),
            (Some(_), Some(_)) => Err(ShelfError::Ambiguous(reference.to_owned())),
            (None, _) => Err(ShelfError::NoImage(reference.to_owned())),
        }
    }

    /// Gives a name to an image, and takes it from the one that had it.
    pub fn tag(&mut self, id: &Digest, name: &str) {
        let full = names::canonical(name);
        for image in &mut self.images {
            image.names.retain(|other| *other != full || image.id == *id);
            if image.id == *id && !image.names.contains(&full) {
                image.names.push(full.clone());
            }
        }
    }

    /// Removes an image, or only the name that it is called by if it has others. Layers that other images have stay.
    ///
    /// # Errors
    ///
    /// If a container stands on it, unless `force`: then it goes if that is not open, and else its name alone, if it is
    /// called by that; if it has several names and is called by its id, unless `force`; if other images were made of it.
    pub fn remove_image(&mut self, reference: &str, force: bool) -> Result<Removed, ShelfError> {
        let image = self.find_image(reference)?.clone();
        let full = names::canonical(reference);
        let by_name = image.names.contains(&full);
        if by_name && image.names.len() > 1 {
            self.untag(&image.id, &full);
            return Ok(Removed { untagged: vec![full], ..Removed::default() });
        }
        if !by_name && image.names.len() > 1 && !force {
            return Err(ShelfError::SeveralNames(reference.to_owned()));
        }
        let uses = |container: &&Container| container.image_id.as_ref() == Some(&image.id);
        if let Some(container) = self.containers.iter().find(uses) {
            let running = self.containers.iter().filter(uses).any(Container::is_running);
            if running && force && by_name {
                // As docker has it: the name goes, and the image stays.
                self.untag(&image.id, &full);
                return Ok(Removed { untagged: vec![full], ..Removed::default() });
            }
            if running || !force {
                let container = container.id.clone();
                return Err(ShelfError::InUse { image: reference.to_owned(), container, running });
            }
            // The container keeps what it stands on, as docker's does: nothing is freed.
            let removed = self.forget(&image.id);
            return Ok(Removed { untagged: image.names, freed: 0, ..removed });
        }
        if self.images.iter().any(|other| other.parent.as_ref() == Some(&image.id)) {
            if !by_name {
                return Err(ShelfError::HasChildren(reference.to_owned()));
            }
            self.untag(&image.id, &full);
            return Ok(Removed { untagged: vec![full], ..Removed::default() });
        }
        let mut removed = self.forget(&image.id);
        removed.untagged = image.names;
        Ok(removed)
    }

    /// Removes the image that a removed one was made of, and so on down, as far as they are dangling and nothing stands on
    /// them: what docker does unless `--no-prune` is given.
    pub fn remove_parents(&mut self, parent: Option<Digest>) -> Removed {
        let mut removed = Removed::default();
        let mut next = parent;
        while let Some(id) = next {
            let Some(image) = self.images.iter().find(|image| image.id == id) else { break };
            if !image.names.is_empty() || self.is_used(&id) {
                break;
            }
            next = image.parent.clone();
            let gone = self.forget(&id);
            removed.deleted.extend(gone.deleted);
            removed.freed = removed.freed.saturating_add(gone.freed);
        }
        removed
    }

    /// Whether a container stands on an image, or another image was made of it.
    fn is_used(&self, id: &Digest) -> bool {
        self.containers.iter().any(|container| container.image_id.as_ref() == Some(id))
            || self.images.iter().any(|other| other.parent.as_ref() == Some(id))
    }

    /// Lets the bytes go of what was made here, and no image, no container and nothing made of it needs any more.
    pub fn release(&mut self) {
        let listed = |id: &Option<Digest>| self.images.iter().any(|image| Some(&image.id) == id.as_ref());
        let all = self.archives.iter().flat_map(|(&archive, opened)| {
            let images = opened.session.images().iter().zip(0u32..);
            images.map(move |(image, place)| (ImageKey { archive, image: place }, &image.id))
        });
        // One that several archives have may be listed as that of another.
        let listed = all.filter(|(_, id)| listed(id)).map(|(key, _)| key);
        let needed = self.made_below(listed.collect());
        for (&archive, opened) in &mut self.archives {
            opened.session.release(|image| needed.contains(&ImageKey { archive, image }));
        }
        if self.archives.get(&LOCAL).is_some_and(|opened| opened.session.made_images() == 0) {
            self.archives.remove(&LOCAL);
        }
    }

    /// Removes dangling images; with `all`, every image on which no container stands.
    pub fn prune_images(&mut self, all: bool) -> Removed {
        let mut removed = Removed::default();
        loop {
            let unused = |image: &&ShelfImage| (all || image.names.is_empty()) && !self.is_used(&image.id);
            let Some(image) = self.images.iter().find(unused).cloned() else { return removed };
            let gone = self.forget(&image.id);
            removed.untagged.extend(image.names);
            removed.deleted.extend(gone.deleted);
            removed.freed = removed.freed.saturating_add(gone.freed);
        }
    }

    fn untag(&mut self, id: &Digest, name: &str) {
        if let Some(image) = self.images.iter_mut().find(|image| image.id == *id) {
            image.names.retain(|other| other != name);
        }
    }

    fn forget(&mut self, id: &Digest) -> Removed {
        let Some(place) = self.images.iter().position(|image| image.id == *id) else {
            return Removed::default();
        };
        // A container may stand on layers of an image that is not listed any more.
        let held: HashSet<String> = self
            .containers
            .iter()
            .filter_map(|container| Some((container.image?, container.layers as usize)))
            .flat_map(|(key, layers)| self.layers_of(key).into_iter().take(layers).map(|(layer, _)| layer))
            .collect();
        let layers = self.layers();
        let own = layers.iter().filter(|layer| layer.images == [place] && !held.contains(&layer.key));
        let freed = own.map(|layer| layer.size).fold(0, u64::saturating_add);
        self.images.remove(place);
        Removed { deleted: vec![id.clone()], freed, ..Removed::default() }
    }

    /// How large the image at a place of [`Shelf::images`] is, as far as its layers have been read.
    pub fn image_size(&self, place: usize) -> ImageSize {
        let mut size = ImageSize::default();
        for layer in self.layers().iter().filter(|layer| layer.images.contains(&place)) {
            size.total = size.total.saturating_add(layer.size);
            let part = if layer.images.len() > 1 { &mut size.shared } else { &mut size.unique };
            *part = part.saturating_add(layer.size);
        }
        size
    }

    /// Every layer of every image once, and who has it: first those of the first image, bottom first.
    pub fn layers(&self) -> Vec<SharedLayer> {
        let mut layers: Vec<SharedLayer> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (place, image) in self.images.iter().enumerate() {
            for (key, size) in self.layers_of(image.key) {
                let at = *places.entry(key.clone()).or_insert_with(|| {
                    layers.push(SharedLayer { key, size, images: Vec::new() });
                    layers.len() - 1
                });
                if layers[at].images.last() != Some(&place) {
                    layers[at].images.push(place);
                }
            }
        }
        layers
    }

    fn layers_of(&self, key: ImageKey) -> Vec<(String, u64)> {
        let Some(opened) = self.archives.get(&key.archive) else { return Vec::new() };
        let session = &opened.session;
        let layers = session.images().get(key.image as usize).map_or(&[][..], |image| &image.layers);
        let layer = |(l, stated): (usize, &crate::image::LayerRef)| {
            let stored = session.stored_layer(key.image, l as u32);
            let size = stored.as_ref().map_or(0, |stored| stored.size);
            let diff_id = stated.stated_diff_id.clone().or_else(|| stored?.diff_id);
            let digest = diff_id.or_else(|| stated.stated_digest.clone());
            let place = || format!("{}/{}/{l}", key.archive.0, key.image);
            (digest.map_or_else(place, |digest| digest.to_string()), size)
        };
        layers.iter().enumerate().map(layer).collect()
    }
}
