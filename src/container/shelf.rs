//! What is open, as an engine would list it: archives, the images in them, and containers.

use std::{collections::BTreeMap, rc::Rc};

use super::{ContainerFs, Errno, Lower, Options, ReadAt, Upper};
use crate::{digest::Digest, image::names, session::Session, tar::Timestamp, worker::protocol::Failure};

/// An open archive, by the number that whoever opened it gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArchiveId(pub u32);

/// Open archives.
pub type Archives = BTreeMap<ArchiveId, Opened>;

/// An open archive.
pub struct Opened {
    /// Its file name, say.
    pub name: String,
    /// What is known of it.
    pub session: Session,
    /// Its bytes.
    pub source: Rc<dyn ReadAt>,
}

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

/// Whether a container is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was never opened.
    Created,
    /// It is open since then.
    Running(Timestamp),
    /// It was closed then.
    Exited(Timestamp),
}

/// A container: an image, a writable layer.
#[derive(Debug, Clone)]
pub struct Container {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The image; `None` for none at all (`FROM scratch`).
    pub image: Option<ImageKey>,
    /// The image's id.
    pub image_id: Option<Digest>,
    /// How many of the image's layers it stands on.
    pub layers: u32,
    /// What is run in it: the final command line.
    pub command: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it is open.
    pub status: Status,
    /// How it is mounted.
    pub options: Options,
    /// Its writable layer.
    pub upper: Upper,
    past: Vec<Upper>,
    future: Vec<Upper>,
}

/// What a new container is to be.
#[derive(Debug, Clone, Default)]
pub struct NewContainer {
    /// Randomness, for its id.
    pub random: [u8; 32],
    /// Its name; one is made up if it is empty.
    pub name: String,
    /// The image.
    pub image: Option<ImageKey>,
    /// How many of its layers; all of them if `None`.
    pub layers: Option<u32>,
    /// See [`Container::command`].
    pub command: Vec<String>,
    /// How it is mounted.
    pub options: Options,
}

/// Why something cannot be done with the shelf.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShelfError {
    /// No image is called so.
    #[error("no such image: {0}")]
    NoImage(String),
    /// No container is called so.
    #[error("no such container: {0}")]
    NoContainer(String),
    /// Several images or containers have ids that begin so.
    #[error("{0} is not unique")]
    Ambiguous(String),
    /// A container has this name already.
    #[error("the name {0:?} is in use by container {1}")]
    NameInUse(String, String),
    /// A container stands on the image.
    #[error("image {image} is in use by container {container}")]
    InUse {
        /// The image, as it was called.
        image: String,
        /// The id of the container.
        container: String,
        /// Whether that is open: then force does not help either.
        running: bool,
    },
    /// The image has several names, and was called by its id.
    #[error("image {0} has several names")]
    SeveralNames(String),
    /// Other images were made of it.
    #[error("image {0} has dependent images")]
    HasChildren(String),
    /// The container is open.
    #[error("container {0} is open")]
    Running(String),
    /// A layer is missing, damaged, or has not been read to its end.
    #[error("layer {layer} of the image: {why}")]
    Layer {
        /// The layer, 0 at the bottom.
        layer: u32,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An archive cannot be read.
    #[error("{}", .0.detail)]
    Failed(Failure),
    /// What is written is too much to be held in memory.
    #[error("the layer has {0} bytes, more than can be held")]
    TooLarge(u64),
}

impl From<Failure> for ShelfError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
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

/// Archives, images and containers.
#[derive(Default)]
pub struct Shelf {
    /// The archives.
    pub archives: Archives,
    images: Vec<ShelfImage>,
    containers: Vec<Container>,
}

/// Most steps that can be undone.
const UNDO: usize = 1_000;

impl Shelf {
    /// An empty shelf.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an archive with its images, as loading it would. A name that another image had is that image's no more. Gives
    /// the ids of its images.
    pub fn add_archive(&mut self, id: ArchiveId, opened: Opened) -> Vec<Digest> {
        let count = opened.session.images().len() as u32;
        self.archives.insert(id, opened);
        let keys = (0..count).map(|image| ImageKey { archive: id, image });
        keys.filter_map(|key| self.add_image(key, None)).collect()
    }

    /// Lists an image of an archive of the shelf.
    pub(super) fn add_image(&mut self, key: ImageKey, parent: Option<Digest>) -> Option<Digest> {
        let opened = self.archives.get(&key.archive)?;
        let image = opened.session.images().get(key.image as usize)?;
        let made_up =
            || Digest::sha256(format!("{}/{}/{}", key.archive.0, opened.name, key.image).as_bytes());
        let id = image.id.clone().unwrap_or_else(made_up);
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

    /// Closes an archive: its images and the containers on them are gone.
    pub fn remove_archive(&mut self, id: ArchiveId) {
        self.images.retain(|image| image.key.archive != id);
        self.containers.retain(|container| container.image.is_none_or(|image| image.archive != id));
        self.archives.remove(&id);
    }

    /// The images, in the order in which they came.
    pub fn images(&self) -> &[ShelfImage] {
        &self.images
    }

    /// The containers, oldest first.
    pub fn containers(&self) -> &[Container] {
        &self.containers
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
    /// If a container stands on it, unless that is not open and `force` is set; if it has several names and is called by
    /// its id, unless `force`; if other images were made of it.
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
            if running || !force {
                let container = container.id.clone();
                return Err(ShelfError::InUse { image: reference.to_owned(), container, running });
            }
            // Without a name it stays as what the container stands on.
            let untagged = image.names.clone();
            untagged.iter().for_each(|name| self.untag(&image.id, name));
            return Ok(Removed { untagged, ..Removed::default() });
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

    /// Removes dangling images; with `all`, every image on which no container stands.
    pub fn prune_images(&mut self, all: bool) -> Removed {
        let mut removed = Removed::default();
        loop {
            let is_used = |image: &ShelfImage| {
                self.containers.iter().any(|container| container.image_id.as_ref() == Some(&image.id))
                    || self.images.iter().any(|other| other.parent.as_ref() == Some(&image.id))
            };
            let unused = |image: &&ShelfImage| (all || image.names.is_empty()) && !is_used(image);
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
        let freed = self.image_size(place).unique;
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

    /// Makes a container, and gives its id.
    ///
    /// # Errors
    ///
    /// If the image is not there, or the name is taken.
    pub fn create(&mut self, new: NewContainer, now: Timestamp) -> Result<String, ShelfError> {
        let id: String = new.random.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = if new.name.is_empty() { self.free_name() } else { new.name };
        if let Some(other) = self.containers.iter().find(|other| other.name == name) {
            return Err(ShelfError::NameInUse(name, other.id.clone()));
        }
        let lower = lower(&self.archives, new.image, new.layers.unwrap_or(u32::MAX));
        let lower = lower.ok_or_else(|| ShelfError::NoImage(name.clone()))?;
        let image_id = self.images.iter().find(|image| Some(image.key) == new.image);
        self.containers.push(Container {
            id: id.clone(),
            name,
            image: new.image,
            image_id: image_id.map(|image| image.id.clone()),
            layers: lower.layers(),
            command: new.command,
            created: now,
            status: Status::Created,
            options: new.options,
            upper: ContainerFs::empty_upper(&lower),
            past: Vec::new(),
            future: Vec::new(),
        });
        Ok(id)
    }

    /// `c1`, `c2`, …: the first that is free.
    fn free_name(&self) -> String {
        let mut number = 1;
        loop {
            let name = format!("c{number}");
            if !self.containers.iter().any(|container| container.name == name) {
                return name;
            }
            number += 1;
        }
    }

    /// The container of a name, or of an id or the beginning of one, by its place in [`Shelf::containers`].
    ///
    /// # Errors
    ///
    /// If there is none, or an id that begins so is not the only one.
    pub fn find_container(&self, reference: &str) -> Result<usize, ShelfError> {
        if let Some(place) = self.containers.iter().position(|c| c.name == reference || c.id == reference) {
            return Ok(place);
        }
        let is_it = |(_, c): &(usize, &Container)| !reference.is_empty() && c.id.starts_with(reference);
        let mut found = self.containers.iter().enumerate().filter(is_it);
        match (found.next(), found.next()) {
            (Some((place, _)), None) => Ok(place),
            (Some(_), Some(_)) => Err(ShelfError::Ambiguous(reference.to_owned())),
            (None, _) => Err(ShelfError::NoContainer(reference.to_owned())),
        }
    }

    /// A container, to be opened, closed or renamed.
    pub fn container_mut(&mut self, place: usize) -> Option<&mut Container> {
        self.containers.get_mut(place)
    }

    /// The filesystem of a container. What is changed gets the time `now`.
    pub fn fs(&mut self, place: usize, now: Timestamp) -> Option<ContainerFs<'_>> {
        let Self { archives, containers, .. } = self;
        let container = containers.get_mut(place)?;
        let lower = lower(archives, container.image, container.layers)?;
        Some(ContainerFs::new(lower, &mut container.upper, container.options, now))
    }

    /// Removes a container and its writable layer.
    ///
    /// # Errors
    ///
    /// If there is none, or it is open, unless `force`.
    pub fn remove_container(&mut self, reference: &str, force: bool) -> Result<Removed, ShelfError> {
        let place = self.find_container(reference)?;
        if self.containers[place].is_running() && !force {
            return Err(ShelfError::Running(reference.to_owned()));
        }
        let container = self.containers.remove(place);
        let freed = container.upper.content_bytes();
        Ok(Removed { containers: vec![container.id], freed, ..Removed::default() })
    }

    /// Removes every container that is not open.
    pub fn prune_containers(&mut self) -> Removed {
        let mut removed = Removed::default();
        self.containers.retain(|container| {
            if !container.is_running() {
                removed.containers.push(container.id.clone());
                removed.freed = removed.freed.saturating_add(container.upper.content_bytes());
            }
            container.is_running()
        });
        removed
    }
}

/// What a container stands on.
pub(super) fn lower(archives: &Archives, image: Option<ImageKey>, layers: u32) -> Option<Lower<'_>> {
    let Some(ImageKey { archive, image }) = image else { return Some(Lower::scratch()) };
    let opened = archives.get(&archive)?;
    opened.session.images().get(image as usize)?;
    Some(Lower::new(&opened.session, image, layers, &*opened.source))
}

impl Container {
    /// Whether it is open.
    pub fn is_running(&self) -> bool {
        matches!(self.status, Status::Running(_))
    }

    /// Remembers the writable layer as it is, to be undone to: call it before what one step of undoing is to undo.
    pub fn checkpoint(&mut self) {
        if self.past.len() >= UNDO {
            self.past.remove(0);
        }
        self.past.push(self.upper.clone());
        self.future.clear();
    }

    /// Takes back what was done since the last checkpoint; whether there is one.
    pub fn undo(&mut self) -> bool {
        let Some(before) = self.past.pop() else { return false };
        self.future.push(std::mem::replace(&mut self.upper, before));
        true
    }

    /// Does again what was undone last; whether there is anything.
    pub fn redo(&mut self) -> bool {
        let Some(after) = self.future.pop() else { return false };
        self.past.push(std::mem::replace(&mut self.upper, after));
        true
    }

    /// What differs from the image, as `docker diff` says: path and `A`, `C` or `D`, sorted by path.
    ///
    /// # Errors
    ///
    /// `EIO` if the image is no longer there.
    pub fn diff(&self, archives: &Archives) -> Result<Vec<(bstr::BString, char)>, Errno> {
        let lower = lower(archives, self.image, self.layers).ok_or(Errno::EIO)?;
        let mut upper = self.upper.clone();
        Ok(ContainerFs::new(lower, &mut upper, self.options, Timestamp::default()).changes())
    }
}
