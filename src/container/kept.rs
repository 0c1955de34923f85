//! The shelf as bytes that outlast it: containers, and the images that were made here. Of the archives nothing is kept but
//! the ids of the images that all this stands on: it comes back when those are open again.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use serde::{Deserialize, Serialize};

use super::{
    Archives, Container, ImageKey, LOCAL, Options, Shelf, ShelfError, Status, kept_upper::KeptUpper,
    shelf::lower,
};
use crate::{
    digest::Digest,
    session::{BlobPlace, NewImage},
    tar::Timestamp,
};

/// What it begins with: changes with the form.
const FORM: &[u8] = b"layerscope shelf 1\n";

/// The bytes of layers that were made here.
pub type MadeLayers = BTreeMap<Digest, Rc<[u8]>>;

/// Containers, and images that were made here, all of which wait until what they stand on is open.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct KeptShelf {
    /// Each after the one it was made of.
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
    /// Whether it was never opened.
    fresh: bool,
    options: Options,
    upper: KeptUpper,
}

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

impl KeptShelf {
    /// As bytes, their digest included.
    pub fn encode(&self) -> Vec<u8> {
        // Nothing in it is of a kind that cannot be written.
        let body = postcard::to_stdvec(self).unwrap_or_default();
        [FORM, Digest::sha256(&body).hex().as_bytes(), &body].concat()
    }

    /// From bytes.
    ///
    /// # Errors
    ///
    /// If they are none of this version's, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeptError> {
        let rest = bytes.strip_prefix(FORM).ok_or(KeptError::Form)?;
        let (digest, body) = rest.split_at_checked(64).ok_or(KeptError::Damaged)?;
        if Digest::sha256(body).hex().as_bytes() != digest {
            return Err(KeptError::Damaged);
        }
        postcard::from_bytes(body).map_err(|_| KeptError::Damaged)
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
        // Each stands on one before it.
        for image in self.images.iter().rev() {
            if Some(&image.id) == id {
                id = image.base.as_ref().map(|(base, _)| base);
            }
        }
        id.cloned()
    }

    /// The layers that it needs, whose bytes are kept beside it.
    pub fn layers(&self) -> BTreeSet<Digest> {
        self.images.iter().filter_map(|image| image.layer.clone()).collect()
    }
}

impl Shelf {
    /// All that can be kept, and what still waits; with it the bytes of the layers that were made here. Images without a
    /// config have no id that they could be known again by: what stands on them is not kept.
    ///
    /// # Errors
    ///
    /// If what a container took from elsewhere can no longer be read.
    pub fn keep(&self, waiting: &KeptShelf) -> Result<(KeptShelf, MadeLayers), ShelfError> {
        let mut kept = waiting.clone();
        let mut layers = BTreeMap::new();
        for key in self.needed() {
            self.keep_image(key, &mut kept, &mut layers);
        }
        for container in &self.containers {
            let Some(lower) = lower(&self.archives, container.image, container.layers) else { continue };
            let image = match container.image {
                None => None,
                Some(key) => match id_of(&self.archives, key) {
                    Some(id) => Some(id),
                    None => continue,
                },
            };
            kept.containers.push(KeptContainer {
                id: container.id.clone(),
                name: container.name.clone(),
                image,
                layers: container.layers,
                command: container.command.clone(),
                created: container.created,
                fresh: container.status == Status::Created,
                options: container.options,
                upper: KeptUpper::of(&container.upper, &lower)?,
            });
        }
        Ok((kept, layers))
    }

    /// The images that were made here and are listed, or have a container, and those that these stand on; bases first.
    fn needed(&self) -> BTreeSet<ImageKey> {
        let listed = self.images.iter().map(|image| image.key);
        let mut open: Vec<ImageKey> = listed.chain(self.containers.iter().filter_map(|c| c.image)).collect();
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
        for image in std::mem::take(&mut kept.images) {
            match self.recall_image(&image, layers) {
                Some(()) => recalled.images += usize::from(image.listed),
                None => kept.images.push(image),
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
        // Whatever ran in it ended with the page.
        container.status = if kept.fresh { Status::Created } else { Status::Exited(now) };
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
