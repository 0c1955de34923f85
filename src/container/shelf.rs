//! What is open, as an engine would list it: archives, the images in them, and containers.

use std::{collections::BTreeMap, rc::Rc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    ContainerFs, Errno, ImageKey, Lower, Options, ReadAt, Removed, ShelfImage, Upper,
    images::{image_id, image_of},
};
use crate::{digest::Digest, session::Session, tar::Timestamp, worker::protocol::Failure};

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

/// Whether a container is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was never opened.
    Created,
    /// It is open since then.
    Running(Timestamp),
    /// It ended with this status, then.
    Exited(i32, Timestamp),
}

/// What `docker run` was given of how a container is started, besides what its image says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Variables as they were given, `NAME=value`.
    pub env: Vec<String>,
    /// Its host name.
    pub hostname: Option<String>,
    /// The directory that it begins in.
    pub workdir: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// Labels, `name=value`.
    pub labels: Vec<String>,
    /// What takes the place of the image's `ENTRYPOINT`; empty for nothing.
    pub entrypoint: Option<String>,
    /// What takes the place of the image's `CMD`, if anything was given.
    pub arguments: Vec<String>,
    /// Whether it is removed when it ends (`--rm`).
    pub transient: bool,
}

impl Given {
    /// Changes the object `config` of an image config to that of the container.
    pub fn apply(&self, config: &mut Map<String, Value>) {
        let name = |pair: &str| pair.split_once('=').map_or(pair, |(name, _)| name).to_owned();
        let names: Vec<String> = self.env.iter().map(|pair| name(pair)).collect();
        if !names.is_empty() {
            let own = config.get("Env").and_then(Value::as_array).cloned().unwrap_or_default();
            let own =
                own.into_iter().filter(|pair| pair.as_str().is_none_or(|pair| !names.contains(&name(pair))));
            let given = self.env.iter().filter(|pair| pair.contains('=')).map(|pair| json!(pair));
            let env: Vec<Value> = given.chain(own).collect();
            config.insert("Env".to_owned(), json!(env));
        }
        for (field, value) in [("WorkingDir", &self.workdir), ("User", &self.user)] {
            if let Some(value) = value {
                config.insert(field.to_owned(), json!(value));
            }
        }
        if !self.labels.is_empty() {
            let mut labels = config.get("Labels").and_then(Value::as_object).cloned().unwrap_or_default();
            labels.extend(self.labels.iter().map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (name.to_owned(), json!(value))
            }));
            config.insert("Labels".to_owned(), Value::Object(labels));
        }
        if let Some(entrypoint) = &self.entrypoint {
            // The image's CMD was meant for the image's ENTRYPOINT.
            config.remove("Cmd");
            config.remove("Entrypoint");
            if !entrypoint.is_empty() {
                config.insert("Entrypoint".to_owned(), json!([entrypoint]));
            }
        }
        if !self.arguments.is_empty() {
            config.insert("Cmd".to_owned(), json!(self.arguments));
        }
    }
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
    /// What it was given besides.
    pub given: Given,
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
    /// What it is given besides.
    pub given: Given,
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

/// Archives, images and containers.
#[derive(Default)]
pub struct Shelf {
    /// The archives.
    pub archives: Archives,
    pub(super) images: Vec<ShelfImage>,
    pub(super) containers: Vec<Container>,
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

    /// Closes an archive: the containers on its images are gone, and those of its images that no other archive has.
    pub fn remove_archive(&mut self, id: ArchiveId) {
        self.containers.retain(|container| container.image.is_none_or(|image| image.archive != id));
        self.archives.remove(&id);
        let archives = &self.archives;
        self.images.retain_mut(|image| {
            if image.key.archive == id {
                let Some(key) = image_of(archives, &image.id) else { return false };
                image.key = key;
            }
            true
        });
    }

    /// The containers, oldest first.
    pub fn containers(&self) -> &[Container] {
        &self.containers
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
        self.containers.push(Container {
            image: new.image,
            image_id: new.image.and_then(|key| image_id(&self.archives, key)),
            layers: lower.layers(),
            command: new.command,
            options: new.options,
            given: new.given,
            ..Container::new(id.clone(), name, now, ContainerFs::empty_upper(&lower))
        });
        Ok(id)
    }

    /// `c1`, `c2`, …: the first that is free.
    pub(super) fn free_name(&self) -> String {
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
    /// One over nothing.
    pub(super) fn new(id: String, name: String, created: Timestamp, upper: Upper) -> Self {
        Self {
            id,
            name,
            image: None,
            image_id: None,
            layers: 0,
            command: Vec::new(),
            created,
            status: Status::Created,
            options: Options::default(),
            given: Given::default(),
            upper,
            past: Vec::new(),
            future: Vec::new(),
        }
    }

    /// Whether it is open.
    pub fn is_running(&self) -> bool {
        matches!(self.status, Status::Running(_))
    }

    /// Remembers the writable layer as it was `before`, to be undone to, if it has changed since.
    pub fn checkpoint(&mut self, before: Upper) {
        if self.upper.is(&before) {
            return;
        }
        if self.past.len() >= UNDO {
            self.past.remove(0);
        }
        self.past.push(before);
        self.future.clear();
    }

    /// Whether something can be taken back, and whether something can be done again.
    pub fn can_turn(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
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
