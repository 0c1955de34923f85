//! The shelf as files that outlast it: one for each container, for each image that was made here, and for each layer of
//! these. Of the archives nothing is kept but the ids of the images that all this stands on: it comes back when those are open
//! again.
//!
//! Several may keep their shelves in one place, tabs of a browser say. So nobody writes what another has written or removed and
//! it has not changed itself, or removes what it has not seen as it is now: see [`Ledger`].

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    ArchiveId, Archives, Container, Given, ImageKey, LOCAL, Ledger, Options, Shelf, Status,
    kept_upper::KeptUpper, shelf::lower,
};
use crate::{
    digest::Digest,
    session::{BlobPlace, NewImage},
    tar::Timestamp,
};

/// What each file but those of layers begins with: changes with the form.
const FORM: &[u8] = b"layerscope shelf 2\n";

/// The bytes of layers that were made here.
pub type MadeLayers = BTreeMap<Digest, Rc<[u8]>>;

/// Containers, and images that were made here, all of which wait until what they stand on is open.
#[derive(Debug, Clone, Default)]
pub struct KeptShelf {
    images: Vec<KeptImage>,
    containers: Vec<KeptContainer>,
}

/// An image that was made here.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptImage {
    /// The digest of its config.
    id: Digest,
    /// The image whose lowest layers it has, and how many of them.
    base: Option<(Digest, u32)>,
    /// Its own layer, whose bytes are kept beside.
    layer: Option<Digest>,
    config: Vec<u8>,
    names: Vec<String>,
    /// See [`super::ShelfImage::parent`].
    parent: Option<Digest>,
    /// Whether it is an image of the shelf, and not only what others stand on.
    listed: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptContainer {
    id: String,
    name: String,
    image: Option<Digest>,
    layers: u32,
    command: Vec<String>,
    created: Timestamp,
    status: KeptStatus,
    options: Options,
    given: Given,
    upper: KeptUpper,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum KeptStatus {
    Created,
    Running,
    Exited(i32, Timestamp),
}

/// The status of a container that was open when the page ended: docker's, of one whose daemon has stopped.
const LOST: i32 = 255;

/// Why what was kept is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// It was written by another version.
    #[error("it was kept by another version")]
    Form,
    /// It is damaged.
    #[error("it is damaged")]
    Damaged,
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recalled {
    /// How many images.
    pub images: usize,
    /// How many containers.
    pub containers: usize,
}

/// Files by their names.
pub type Files = BTreeMap<String, Rc<[u8]>>;

/// What of a shelf is kept.
#[derive(Debug, Clone, Default)]
pub struct Keep {
    /// All that can be kept, but for the bytes of layers.
    pub shelf: KeptShelf,
    /// Those.
    pub layers: MadeLayers,
    /// What cannot be kept as it is now, as it took from elsewhere what can no longer be read: by the name of its file, its own
    /// name and why.
    pub unread: BTreeMap<String, String>,
}

/// What a file of a container or an image is called, before its id.
const CONTAINER: &str = "container-";
const IMAGE: &str = "image-";

fn container_file(id: &str) -> String {
    format!("{CONTAINER}{id}")
}

fn image_file(id: &Digest) -> String {
    format!("{IMAGE}{}", id.hex())
}

impl KeptShelf {
    /// As files, but for the layers.
    pub fn files(&self) -> Files {
        let container = |one: &KeptContainer| (container_file(&one.id), encode(one));
        let image = |one: &KeptImage| (image_file(&one.id), encode(one));
        self.containers.iter().map(container).chain(self.images.iter().map(image)).collect()
    }

    /// Takes the images and containers out whose files these would be, and gives the names of those that were in it.
    pub fn take_out(&mut self, names: &BTreeSet<String>) -> Vec<String> {
        let mut taken = Vec::new();
        let mut stays = |name: String| {
            let stays = !names.contains(&name);
            if !stays {
                taken.push(name);
            }
            stays
        };
        self.images.retain(|image| stays(image_file(&image.id)));
        self.containers.retain(|one| stays(container_file(&one.id)));
        taken
    }

    /// Takes the images out whose own layer is not among these, as they cannot come back: the name of the file of each, and its
    /// layer.
    pub fn take_torn(&mut self, layers: &MadeLayers) -> Vec<(String, Digest)> {
        let is_torn =
            |image: &mut KeptImage| image.layer.as_ref().is_some_and(|layer| !layers.contains_key(layer));
        let torn = self.images.extract_if(.., is_torn);
        torn.filter_map(|image| Some((image_file(&image.id), image.layer?))).collect()
    }

    /// Whether a file of this name says what there is.
    pub fn is_file(name: &str) -> bool {
        Self::is_container(name) || name.starts_with(IMAGE)
    }

    /// Whether a file of this name says what a container is.
    pub(super) fn is_container(name: &str) -> bool {
        name.starts_with(CONTAINER)
    }

    /// Without what another has.
    pub fn without(mut self, other: &Self) -> Self {
        self.images.retain(|image| !other.images.iter().any(|known| known.id == image.id));
        self.containers.retain(|one| !other.containers.iter().any(|known| known.id == one.id));
        self
    }

    /// Takes on what a file says.
    ///
    /// # Errors
    ///
    /// If it is none of this version's, or damaged.
    pub fn add_file(&mut self, name: &str, bytes: &[u8]) -> Result<(), KeptError> {
        if name.starts_with(CONTAINER) {
            self.containers.push(decode(bytes)?);
        } else {
            self.images.push(decode(bytes)?);
        }
        Ok(())
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.images.extend(more.images);
        self.containers.extend(more.containers);
    }

    /// Whether something in it needs a file.
    pub(super) fn needs(&self, name: &str) -> bool {
        let is_layer = |image: &KeptImage| image.layer.as_ref().is_some_and(|layer| layer.hex() == name);
        let Some(id) = name.strip_prefix(IMAGE) else { return self.images.iter().any(is_layer) };
        let bases = self.images.iter().filter_map(|image| image.base.as_ref().map(|(base, _)| base));
        bases.chain(self.containers.iter().filter_map(|one| one.image.as_ref())).any(|base| base.hex() == id)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty() && self.containers.is_empty()
    }

    /// The names of what is in it, each with the id of the archive's image that it waits for, if it is known.
    pub fn waiting(&self) -> Vec<(String, Option<Digest>)> {
        let listed = self.images.iter().filter(|image| image.listed);
        let images = listed.map(|image| {
            let name = image.names.first().map(|name| super::familiar(name).to_owned());
            (name.unwrap_or_else(|| image.id.to_string()), self.root(image.base.as_ref().map(|(id, _)| id)))
        });
        let containers = self.containers.iter();
        let containers = containers.map(|one| (one.name.clone(), self.root(one.image.as_ref())));
        images.chain(containers).collect()
    }

    /// The image at the bottom: one that was not made here.
    fn root<'k>(&'k self, mut id: Option<&'k Digest>) -> Option<Digest> {
        // What is damaged may go round in a circle.
        for _ in 0..self.images.len() {
            let Some(image) = self.images.iter().find(|image| Some(&image.id) == id) else { break };
            id = image.base.as_ref().map(|(base, _)| base);
        }
        id.cloned()
    }

    /// The layers that it needs, whose bytes are kept beside it.
    pub fn layers(&self) -> BTreeSet<Digest> {
        self.images.iter().filter_map(|image| image.layer.clone()).collect()
    }
}

/// Something as a file: its digest included.
fn encode(value: &impl Serialize) -> Rc<[u8]> {
    // Nothing in it is of a kind that cannot be written.
    let body = postcard::to_stdvec(value).unwrap_or_default();
    [FORM, Digest::sha256(&body).hex().as_bytes(), &body].concat().into()
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, KeptError> {
    let rest = bytes.strip_prefix(FORM).ok_or(KeptError::Form)?;
    let (digest, body) = rest.split_at_checked(64).ok_or(KeptError::Damaged)?;
    if Digest::sha256(body).hex().as_bytes() != digest {
        return Err(KeptError::Damaged);
    }
    postcard::from_bytes(body).map_err(|_| KeptError::Damaged)
}

impl Shelf {
    /// All that can be kept, and what still waits; with it the bytes of the layers that were made here. Images without a
    /// config have no id that they could be known again by: what stands on them is not kept.
    pub fn keep(&self, waiting: &KeptShelf) -> Keep {
        let (mut kept, mut layers, mut unread) = (waiting.clone(), BTreeMap::new(), BTreeMap::new());
        for key in self.made_below(self.images.iter().map(|image| image.key).collect()) {
            self.keep_image(key, &mut kept, &mut layers);
        }
        // What is removed when it ends has ended with the page.
        for container in self.containers.iter().filter(|container| !container.given.transient) {
            let Some(lower) = lower(&self.archives, container.image, container.layers) else { continue };
            let image = match container.image {
                None => None,
                Some(key) => match id_of(&self.archives, key) {
                    Some(id) => Some(id),
                    None => continue,
                },
            };
            let upper = match KeptUpper::of(&container.upper, &lower) {
                Ok(upper) => upper,
                // The others are kept all the same.
                Err(failure) => {
                    let why = format!("{}: {}", container.name, failure.detail);
                    unread.insert(container_file(&container.id), why);
                    continue;
                }
            };
            kept.containers.push(KeptContainer {
                id: container.id.clone(),
                name: container.name.clone(),
                image,
                layers: container.layers,
                command: container.command.clone(),
                created: container.created,
                status: match container.status {
                    Status::Created => KeptStatus::Created,
                    Status::Running(_) => KeptStatus::Running,
                    Status::Exited(code, at) => KeptStatus::Exited(code, at),
                },
                options: container.options,
                given: container.given.clone(),
                upper,
            });
        }
        Keep { shelf: kept, layers, unread }
    }

    /// Closes an archive: what stands on it waits for it to be opened again, with its layers. Of a container that cannot be kept as
    /// it is now, what was written last stays where it is. Says what these are, and what cannot be read of them.
    pub fn put_by(
        &mut self,
        archive: ArchiveId,
        waiting: &mut KeptShelf,
        layers: &mut MadeLayers,
        ledger: &mut Ledger,
    ) -> Vec<String> {
        let before = self.keep(waiting);
        self.remove_archive(archive);
        let still = self.keep(&KeptShelf::default());
        *waiting = before.shelf.without(&still.shelf);
        layers.extend(before.layers);
        let needed = waiting.layers();
        layers.retain(|digest, _| needed.contains(digest));
        let lost = before.unread.into_iter().filter(|(name, _)| !still.unread.contains_key(name));
        lost.map(|(name, why)| {
            ledger.forget(&name);
            why
        })
        .collect()
    }

    /// Of these images and those that have a container the ones that were made here, and those that they stand on; bases
    /// first.
    pub(super) fn made_below(&self, listed: Vec<ImageKey>) -> BTreeSet<ImageKey> {
        let mut open = listed;
        open.extend(self.containers.iter().filter_map(|container| container.image));
        let mut needed = BTreeSet::new();
        while let Some(key) = open.pop() {
            let session = self.archives.get(&key.archive).map(|opened| &opened.session);
            let Some(made) = session.and_then(|session| session.made(key.image)) else { continue };
            if needed.insert(key)
                && let Some((image, _)) = made.base
            {
                open.push(ImageKey { image, ..key });
            }
        }
        needed
    }

    fn keep_image(&self, key: ImageKey, kept: &mut KeptShelf, layers: &mut MadeLayers) {
        let Some(opened) = self.archives.get(&key.archive) else { return };
        let session = &opened.session;
        let (Some(image), Some(made)) = (session.images().get(key.image as usize), session.made(key.image))
        else {
            return;
        };
        let (Some(id), Some(config)) = (&image.id, &image.config) else { return };
        let base = match made.base {
            None => None,
            Some((base, count)) => match id_of(&self.archives, ImageKey { image: base, ..key }) {
                Some(base) => Some((base, count)),
                None => return,
            },
        };
        let own = made.has_layer.then_some(image.layers.len() as u32).and_then(|count| count.checked_sub(1));
        let own = own.and_then(|layer| session.stored_layer(key.image, layer));
        let layer = own.and_then(|own| match (own.place, own.digest) {
            (BlobPlace::Memory(bytes), Some(digest)) => Some((digest, bytes)),
            _ => None,
        });
        let listed = self.images.iter().find(|listed| listed.key == key);
        kept.images.push(KeptImage {
            id: id.clone(),
            base,
            layer: layer.as_ref().map(|(digest, _)| digest.clone()),
            config: config.raw.clone(),
            names: listed.map_or_else(Vec::new, |image| image.names.clone()),
            parent: listed.and_then(|image| image.parent.clone()),
            listed: listed.is_some(),
        });
        layers.extend(layer);
    }

    /// Takes back what stands on images that are open now and whose layers are what their configs say, or on nothing at
    /// all. What waits for others stays in `kept`.
    pub fn recall(&mut self, kept: &mut KeptShelf, layers: &MadeLayers, now: Timestamp) -> Recalled {
        let mut recalled = Recalled::default();
        // What an image stands on may come behind it.
        let mut waits = usize::MAX;
        while kept.images.len() < waits {
            waits = kept.images.len();
            for image in std::mem::take(&mut kept.images) {
                match self.recall_image(&image, layers) {
                    Some(()) => recalled.images += usize::from(image.listed),
                    None => kept.images.push(image),
                }
            }
        }
        for container in std::mem::take(&mut kept.containers) {
            match self.recall_container(&container, now) {
                Some(()) => recalled.containers += 1,
                None => kept.containers.push(container),
            }
        }
        recalled
    }

    fn recall_image(&mut self, image: &KeptImage, layers: &MadeLayers) -> Option<()> {
        let layer = match &image.layer {
            None => None,
            Some(digest) => Some(Rc::clone(layers.get(digest)?)),
        };
        let (archive, base) = match &image.base {
            None => {
                self.open_local();
                (LOCAL, None)
            }
            Some((id, count)) => {
                let key = self.known_again(id, *count)?;
                (key.archive, Some((key.image, *count)))
            }
        };
        let known =
            self.archives.get(&archive)?.session.images().iter().any(|i| i.id.as_ref() == Some(&image.id));
        // The archive may have it by itself: it was saved, and that is what was opened.
        if !known {
            let session = &mut self.archives.get_mut(&archive)?.session;
            let new = NewImage { base, layer, config: image.config.clone(), names: image.names.clone() };
            let place = session.add_image(new).ok()?;
            if image.listed {
                self.add_image(ImageKey { archive, image: place }, image.parent.clone());
            }
        }
        Some(())
    }

    fn recall_container(&mut self, kept: &KeptContainer, now: Timestamp) -> Option<()> {
        let image = match &kept.image {
            None => None,
            Some(id) => Some(self.known_again(id, kept.layers)?),
        };
        let lower = lower(&self.archives, image, kept.layers)?;
        let upper = kept.upper.over(&lower)?;
        if self.containers.iter().any(|container| container.id == kept.id) {
            return Some(());
        }
        // Another may have got its name meanwhile.
        let is_free = !self.containers.iter().any(|container| container.name == kept.name);
        let name = if is_free { kept.name.clone() } else { self.free_name() };
        let mut container = Container::new(kept.id.clone(), name, kept.created, upper);
        container.image = image;
        container.image_id.clone_from(&kept.image);
        container.layers = kept.layers;
        container.command.clone_from(&kept.command);
        container.options = kept.options;
        container.given = kept.given.clone();
        container.status = match kept.status {
            KeptStatus::Created => Status::Created,
            KeptStatus::Running => Status::Exited(LOST, now),
            KeptStatus::Exited(code, at) => Status::Exited(code, at),
        };
        self.containers.push(container);
        Some(())
    }

    /// An open image of this id whose lowest layers are merged and are what its config says.
    fn known_again(&self, id: &Digest, layers: u32) -> Option<ImageKey> {
        let all = self.archives.iter().flat_map(|(archive, opened)| {
            let images = opened.session.images().iter().zip(0u32..);
            images.map(move |(image, place)| (ImageKey { archive: *archive, image: place }, image, opened))
        });
        let mut fitting = all.filter(|(key, image, opened)| {
            let session = &opened.session;
            image.id.as_ref() == Some(id)
                && image.layers.len() >= layers as usize
                && session.stack(key.image).is_some_and(|stack| stack.len() >= layers)
                && image.layers.iter().zip(0..layers).all(|(stated, l)| {
                    let found = session.stored_layer(key.image, l).and_then(|stored| stored.diff_id);
                    found.is_some() && found == stated.stated_diff_id
                })
        });
        fitting.next().map(|(key, ..)| key)
    }
}

/// What an image of an archive can be known again by.
fn id_of(archives: &Archives, key: ImageKey) -> Option<Digest> {
    archives.get(&key.archive)?.session.images().get(key.image as usize)?.id.clone()
}
