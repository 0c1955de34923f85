//! What docker's commands act on: the shelf, as docker would list it, and the host.

use bstr::BString;
use serde_json::Value;

use super::{ContainerRow, HistoryStep, Host, ImageRow, NewContainer, Status};
use crate::{
    container::{self, ContainerFs, ImageKey, Removed, Rope, Shelf, ShelfError, Upper, familiar},
    oci,
    shell::{Position, human},
    tar::Timestamp,
};

/// A container, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerId([u8; 64]);

impl ContainerId {
    /// Of the 64 digits of its id; `None` if those are not as many.
    pub fn new(hex: &str) -> Option<Self> {
        hex.as_bytes().try_into().ok().map(Self)
    }
}

/// What the commands act on.
pub struct World<'a> {
    /// What is open.
    pub shelf: &'a mut Shelf,
    /// What is around.
    pub host: &'a mut dyn Host,
    /// What time it is.
    pub now: Timestamp,
}

/// A name with `:latest` where it has no tag.
pub(super) fn with_tag(name: &str) -> String {
    let has_tag = name.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    if has_tag { name.to_owned() } else { format!("{name}:latest") }
}

impl<'a> World<'a> {
    /// What is open and around, and what time it is.
    pub fn new(shelf: &'a mut Shelf, host: &'a mut dyn Host, now: Timestamp) -> Self {
        Self { shelf, host, now }
    }

    /// The images, the newest first.
    pub(crate) fn images(&self) -> Vec<ImageRow> {
        let layers = self.shelf.layers();
        let images = self.shelf.images();
        let mut rows: Vec<ImageRow> = (0..images.len())
            .map(|place| {
                let image = &images[place];
                let own = layers.iter().filter(|layer| layer.images.contains(&place));
                let shared = own.clone().filter(|layer| layer.images.len() > 1).map(|layer| layer.size).sum();
                let own: Vec<(String, u64)> = own.map(|layer| (layer.key.clone(), layer.size)).collect();
                let stated = self.stated(image.key);
                let has_children = images.iter().any(|other| other.parent.as_ref() == Some(&image.id));
                let containers = self.shelf.containers();
                ImageRow {
                    id: image.id.to_string(),
                    names: image.names.iter().map(|name| familiar(name).to_owned()).collect(),
                    digest: stated
                        .and_then(|stated| stated.manifest_digest.as_ref())
                        .map(ToString::to_string),
                    created: human::created(image.created.as_deref()),
                    size: own.iter().map(|(_, size)| size).sum(),
                    shared,
                    intermediate: image.names.is_empty() && has_children,
                    layers: own,
                    containers: containers.iter().filter(|c| c.image_id.as_ref() == Some(&image.id)).count(),
                }
            })
            .collect();
        rows.reverse();
        rows.sort_by_key(|row| std::cmp::Reverse(row.created));
        rows
    }

    /// The row of an image.
    pub(crate) fn image(&self, key: ImageKey) -> Option<ImageRow> {
        let id = self.shelf.images().iter().find(|image| image.key == key)?.id.to_string();
        self.images().into_iter().find(|row| row.id == id)
    }

    /// The image of a name or id.
    pub(crate) fn find_image(&self, name: &str) -> Option<ImageKey> {
        self.shelf.find_image(name).ok().map(|image| image.key)
    }

    fn stated(&self, key: ImageKey) -> Option<&crate::image::Image> {
        self.shelf.archives.get(&key.archive)?.session.images().get(key.image as usize)
    }

    /// What an image's config says.
    pub(crate) fn config(&self, key: ImageKey) -> oci::Config {
        let config = self.stated(key).and_then(|image| image.config.as_ref());
        config.map(|config| config.parsed.clone()).unwrap_or_default()
    }

    /// An image's config as it stands.
    pub(crate) fn raw_config(&self, key: ImageKey) -> Value {
        let config = self.stated(key).and_then(|image| image.config.as_ref());
        config.and_then(|config| serde_json::from_slice(&config.raw).ok()).unwrap_or(Value::Null)
    }

    /// An image's history, oldest first.
    pub(crate) fn history(&self, key: ImageKey) -> Vec<HistoryStep> {
        let session = self.shelf.archives.get(&key.archive).map(|opened| &opened.session);
        let rows = self.stated(key).map_or(&[][..], |image| &image.history);
        let size = |layer: u32| session?.stored_layer(key.image, layer).map(|layer| layer.size);
        rows.iter()
            .map(|row| HistoryStep {
                created: row.created.clone(),
                created_by: row.created_by.clone().unwrap_or_default(),
                comment: row.comment.clone(),
                size: if row.empty_layer { Some(0) } else { row.layer.and_then(size) },
            })
            .collect()
    }

    /// Names an image.
    pub(crate) fn tag(&mut self, key: ImageKey, name: &str) -> Result<(), String> {
        let id = self.shelf.images().iter().find(|image| image.key == key).map(|image| image.id.clone());
        let id = id.ok_or("No such image")?;
        check_name(name)?;
        self.shelf.tag(&id, name);
        Ok(())
    }

    /// Removes an image, or a name of it, and if `prune` is set what it was made of and nobody needs; gives docker's lines of
    /// what went.
    pub(crate) fn remove_image(
        &mut self,
        name: &str,
        force: bool,
        prune: bool,
    ) -> Result<Vec<String>, String> {
        let parent = self.shelf.find_image(name).ok().and_then(|image| image.parent.clone());
        let removed = self.shelf.remove_image(name, force).map_err(|error| self.words(&error))?;
        let is_gone = !removed.deleted.is_empty();
        let parents = self.shelf.remove_parents(parent.filter(|_| prune && is_gone));
        Ok([lines_of(&removed), lines_of(&parents)].concat())
    }

    /// A refusal in docker's words.
    pub(crate) fn words(&self, error: &ShelfError) -> String {
        let short = |id: &str| super::short(id);
        let id_of = |name: &str| {
            self.shelf.find_image(name).map_or_else(|_| short(name), |image| short(&image.id.to_string()))
        };
        match error {
            ShelfError::NoImage(name) => format!("No such image: {}", with_tag(name)),
            ShelfError::NoContainer(name) => format!("No such container: {name}"),
            ShelfError::Ambiguous(name) => format!("Multiple IDs found with provided prefix: {name}"),
            ShelfError::NameInUse(name, id) => format!(
                "Conflict. The container name \"/{name}\" is already in use by container \"{id}\". You have to remove (or rename) that \
                 container to be able to reuse that name."
            ),
            ShelfError::InUse { image, container, running } => {
                let by_id = self
                    .shelf
                    .find_image(image)
                    .is_ok_and(|found| found.id.hex().starts_with(image.trim_start_matches("sha256:")));
                match (by_id, running) {
                    (true, true) => format!(
                        "conflict: unable to delete {} (cannot be forced) - image is being used by running container {}",
                        id_of(image),
                        short(container)
                    ),
                    (true, false) => format!(
                        "conflict: unable to delete {} (must be forced) - image is being used by stopped container {}",
                        id_of(image),
                        short(container)
                    ),
                    (false, _) => format!(
                        "conflict: unable to remove repository reference \"{image}\" (must force) - container {} is using its referenced image {}",
                        short(container),
                        id_of(image)
                    ),
                }
            }
            ShelfError::SeveralNames(name) => format!(
                "conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
                id_of(name)
            ),
            ShelfError::HasChildren(name) => {
                format!(
                    "conflict: unable to delete {} (cannot be forced) - image has dependent child images",
                    id_of(name)
                )
            }
            other => other.to_string(),
        }
    }

    /// The containers, oldest first.
    pub(crate) fn containers(&self) -> Vec<ContainerRow> {
        let layers = self.shelf.layers();
        let images = self.shelf.images();
        let now = self.now.secs;
        self.shelf
            .containers()
            .iter()
            .filter_map(|container| {
                let id = ContainerId::new(&container.id)?;
                let place = images.iter().position(|image| Some(&image.id) == container.image_id.as_ref());
                let lower = place.map_or(0, |place| {
                    layers.iter().filter(|layer| layer.images.contains(&place)).map(|layer| layer.size).sum()
                });
                let image = place.map(|place| &images[place]);
                let label = image.map(|image| {
                    image
                        .names
                        .first()
                        .map_or_else(|| super::short(image.id.hex()), |name| familiar(name).to_owned())
                });
                let (status, text) = match container.status {
                    container::Status::Created => (Status::Created, "Created".to_owned()),
                    container::Status::Running(since) => {
                        (Status::Up, format!("Up {}", human::duration(now - since.secs)))
                    }
                    container::Status::Exited(code, at) => (
                        Status::Exited(code, at.secs),
                        format!("Exited ({code}) {}", super::images::ago(now, at.secs)),
                    ),
                };
                Some(ContainerRow {
                    id,
                    hex: container.id.clone(),
                    name: container.name.clone(),
                    image: label
                        .or_else(|| container.image_id.as_ref().map(|id| super::short(id.hex())))
                        .unwrap_or_else(|| "scratch".into()),
                    image_id: container.image_id.as_ref().map_or_else(String::new, ToString::to_string),
                    key: container.image,
                    command: container.command.clone(),
                    given: container.given.clone(),
                    created: container.created.secs,
                    status,
                    status_text: text,
                    size: container.upper.content_bytes(),
                    lower,
                })
            })
            .collect()
    }

    /// The container of a name or id.
    pub(crate) fn container(&self, name: &str) -> Option<ContainerRow> {
        let place = self.shelf.find_container(name).ok()?;
        let hex = &self.shelf.containers().get(place)?.id;
        self.containers().into_iter().find(|row| row.hex == *hex)
    }

    /// The container of a name or id.
    pub fn find_container(&self, name: &str) -> Option<ContainerId> {
        let place = self.shelf.find_container(name).ok()?;
        ContainerId::new(&self.shelf.containers().get(place)?.id)
    }

    /// Its place on the shelf.
    pub(crate) fn place(&self, id: ContainerId) -> Option<usize> {
        self.shelf.containers().iter().position(|container| container.id.as_bytes() == id.0)
    }

    /// Makes a container.
    pub(crate) fn create(&mut self, new: NewContainer) -> Result<ContainerRow, String> {
        let random = self.host.random();
        let name = new.name.unwrap_or_default();
        if !name.is_empty() {
            check_container_name(&name)?;
        }
        let container = container::NewContainer {
            random,
            name,
            image: Some(new.image),
            command: new.command,
            options: new.options,
            given: new.given,
            ..container::NewContainer::default()
        };
        let hex = self.shelf.create(container, self.now).map_err(|error| self.words(&error))?;
        Ok(self.container(&hex).ok_or("the container is gone")?)
    }

    /// Opens or closes a container.
    pub(crate) fn set_status(&mut self, id: ContainerId, status: Status) {
        let now = self.now;
        let Some(container) = self.place(id).and_then(|place| self.shelf.container_mut(place)) else {
            return;
        };
        container.status = match status {
            Status::Created => container::Status::Created,
            Status::Up if container.is_running() => return,
            Status::Up => container::Status::Running(now),
            Status::Exited(code, _) => container::Status::Exited(code, now),
        };
    }

    /// A container has ended.
    pub(crate) fn exited(&mut self, id: ContainerId, code: i32) {
        self.set_status(id, Status::Exited(code, self.now.secs));
        let container = self.place(id).and_then(|place| self.shelf.containers().get(place));
        if container.is_some_and(|container| container.given.transient) {
            self.remove_container(id);
        }
    }

    /// The id of an image.
    pub(crate) fn id_of(&self, key: ImageKey) -> Option<crate::digest::Digest> {
        self.shelf.images().iter().find(|image| image.key == key).map(|image| image.id.clone())
    }

    /// Bytes of an image's topmost layer.
    pub(crate) fn top_layer(&self, key: ImageKey) -> Option<u64> {
        let opened = self.shelf.archives.get(&key.archive)?;
        let count = opened.session.images().get(key.image as usize)?.layers.len() as u32;
        opened.session.stored_layer(key.image, count.checked_sub(1)?).map(|layer| layer.size)
    }

    /// See [`check_name`].
    pub(crate) fn check_name(&self, name: &str) -> Result<(), String> {
        check_name(name)
    }

    /// Removes a container, open or not; gives the bytes of its layer.
    pub(crate) fn remove_container(&mut self, id: ContainerId) -> u64 {
        let hex = String::from_utf8_lossy(&id.0).into_owned();
        self.shelf.remove_container(&hex, true).map(|removed| removed.freed).unwrap_or_default()
    }

    /// Renames a container.
    pub(crate) fn rename_container(&mut self, id: ContainerId, name: &str) -> Result<(), String> {
        check_container_name(name)?;
        if let Some(other) = self.shelf.containers().iter().find(|other| other.name == name) {
            return Err(self.words(&ShelfError::NameInUse(name.to_owned(), other.id.clone())));
        }
        let container = self.place(id).and_then(|place| self.shelf.container_mut(place));
        container.ok_or("No such container")?.name = name.to_owned();
        Ok(())
    }

    /// The files of a container.
    pub fn files(&mut self, id: ContainerId) -> Option<ContainerFs<'_>> {
        let place = self.place(id)?;
        self.shelf.fs(place, self.now)
    }

    /// The writable layers as they are: see [`World::checkpoint`].
    pub(crate) fn uppers(&self) -> Vec<(ContainerId, Upper)> {
        let containers = self.shelf.containers().iter();
        containers.filter_map(|one| Some((ContainerId::new(&one.id)?, one.upper.clone()))).collect()
    }

    /// What was changed since the writable layers were as `before` is one step of undoing.
    pub(crate) fn checkpoint(&mut self, before: Vec<(ContainerId, Upper)>) {
        for (id, upper) in before {
            if let Some(container) = self.place(id).and_then(|place| self.shelf.container_mut(place)) {
                container.checkpoint(upper);
            }
        }
    }

    /// Where a process in a container would begin.
    pub(crate) fn position_of(&self, id: ContainerId) -> Position {
        let container = self.place(id).and_then(|place| self.shelf.containers().get(place));
        let config =
            container.and_then(|container| container.image).map(|key| self.config(key)).unwrap_or_default();
        let given = container.map(|container| &container.given);
        let hex = String::from_utf8_lossy(&id.0[..12]).into_owned();
        let hostname = given.and_then(|given| given.hostname.clone()).unwrap_or(hex);
        let mut position = Position::new(&config, &hostname);
        if let Some(given) = given {
            position.adjust(given.workdir.as_deref(), &given.env);
        }
        position
    }

    /// Names of images and containers, for completion.
    pub(crate) fn names(&self) -> Vec<String> {
        let images =
            self.shelf.images().iter().flat_map(|image| &image.names).map(|name| familiar(name).to_owned());
        images.chain(self.shelf.containers().iter().map(|container| container.name.clone())).collect()
    }

    /// What differs in a container from its image: path and `A`, `C` or `D`.
    pub(crate) fn changes(&self, id: ContainerId) -> Vec<(BString, char)> {
        let container = self.place(id).and_then(|place| self.shelf.containers().get(place));
        container.and_then(|container| container.diff(&self.shelf.archives).ok()).unwrap_or_default()
    }

    /// Writes a file of the host.
    pub(crate) fn save(&mut self, path: &str, rope: &Rope) -> Result<(), String> {
        self.host.save(path, rope, &self.shelf.archives)
    }

    /// The same with these bytes.
    pub(crate) fn save_bytes(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), String> {
        let mut rope = Rope::default();
        rope.bytes(bytes);
        self.save(path, &rope)
    }
}

/// Whether a name can be that of a container.
fn check_container_name(name: &str) -> Result<(), String> {
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_name_char) {
        return Ok(());
    }
    Err(format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"))
}

/// Whether a name is that of an image: a rough look, as `docker tag` has it.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    crate::registry::Reference::parse(name)
        .map(drop)
        .map_err(|error| format!("invalid reference format: {error}"))
}

/// What was removed, in docker's lines.
pub(crate) fn lines_of(removed: &Removed) -> Vec<String> {
    let untagged = removed.untagged.iter().map(|name| format!("Untagged: {}", familiar(name)));
    untagged.chain(removed.deleted.iter().map(|id| format!("Deleted: {id}"))).collect()
}
