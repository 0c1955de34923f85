//! Images that are made while the archive is open, and the layers of all images as they are stored.

use std::{collections::HashSet, ops::Range, rc::Rc};

use super::{Session, failure, scanning::What};
use crate::{
    codec::Compression,
    digest::Digest,
    image::{Archive, Format, Image, LayerRef, Member, MemberId, MemberKind},
    layer::{Algorithms, ContentKey, Scan},
    limits::Limits,
    worker::protocol::{Event, Failure, FailureKind},
};

/// An image in the making.
#[derive(Debug, Clone)]
pub struct NewImage {
    /// The image whose lowest layers it keeps, and how many of them.
    pub base: Option<(u32, u32)>,
    /// The tar of its own layer, if it has one.
    pub layer: Option<Rc<[u8]>>,
    /// Its config, whose digest is its id.
    pub config: Vec<u8>,
    /// Its names.
    pub names: Vec<String>,
}

/// What an image that was added is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The image whose lowest layers it has, and how many of them.
    pub base: Option<(u32, u32)>,
    /// Whether it has a layer of its own above them.
    pub has_layer: bool,
}

/// A layer as it is stored.
#[derive(Debug, Clone)]
pub struct StoredLayer {
    /// Where its blob is.
    pub place: BlobPlace,
    /// The length of the blob in bytes.
    pub stored_size: u64,
    /// The length of the tar in bytes.
    pub size: u64,
    /// The digest of the blob; `None` until all of it was read.
    pub digest: Option<Digest>,
    /// The digest of the tar, likewise.
    pub diff_id: Option<Digest>,
    /// How it is compressed.
    pub compression: Compression,
}

/// Where a blob is.
#[derive(Debug, Clone)]
pub enum BlobPlace {
    /// In memory: it was made here.
    Memory(Rc<[u8]>),
    /// In the archive, or, if that is compressed, in what it decodes to.
    Archive(Compression, Range<u64>),
}

impl Session {
    /// A session without an archive, to which images can be added.
    pub fn empty(key: ContentKey) -> Self {
        let archive = Archive {
            format: Format::OciLayout,
            images: Vec::new(),
            unused: Vec::new(),
            documents: Vec::new(),
            anomalies: Vec::new(),
        };
        Self::new(Compression::None, 0, Vec::new(), archive, key)
    }

    /// Adds an image, whose own layer stays in memory, and gives its place in [`Session::images`]. What follows from it is
    /// in [`Session::take_events`].
    ///
    /// # Errors
    ///
    /// If the base is not there, or the config is not that of an image.
    pub fn add_image(&mut self, new: NewImage) -> Result<u32, Failure> {
        let mut layers = match new.base {
            None => Vec::new(),
            Some((image, count)) => {
                let base = self.archive.images.get(image as usize);
                let base = base.ok_or_else(|| failure(FailureKind::NotFound, "there is no such image"))?;
                base.layers.iter().take(count as usize).cloned().collect()
            }
        };
        let member = MemberId(u32::try_from(self.members.len()).unwrap_or(u32::MAX));
        let made = Made { base: new.base, has_layer: new.layer.is_some() };
        let mut scanned = None;
        if let Some(tar) = &new.layer {
            let mut scan = Scan::new(self.content_key, Algorithms::default(), Limits::default());
            scan.push(tar);
            let found = scan.finish();
            layers.push(LayerRef {
                member: Some(member),
                stated_digest: Some(found.digest.clone()),
                stated_size: Some(found.stored_size),
                stated_diff_id: found.diff_id.clone(),
                media_type: Some("application/vnd.oci.image.layer.v1.tar".to_owned()),
                annotations: Vec::new(),
                urls: Vec::new(),
                foreign: false,
            });
            scanned = Some(found);
        }
        let image = Image::derived(new.config, layers, new.names)
            .map_err(|error| failure(FailureKind::NotAnImage, error))?;
        if let (Some(found), Some(tar)) = (&scanned, new.layer) {
            let path = format!("blobs/sha256/{}", found.digest.hex());
            let (kind, size) = (MemberKind::File, tar.len() as u64);
            // It lies nowhere in the archive: the bytes are those in `added`.
            self.members.push(Member { path: path.into(), kind, offset: self.len, size });
            self.added.insert(member, tar);
        }
        let place = self.archive.images.len() as u32;
        self.made.insert(place, made);
        self.archive.images.push(image);
        self.stacks.push(crate::overlay::Stack::new());
        if let Some(found) = scanned {
            self.keep(member, What::Scanned(found));
        }
        self.merge();
        Ok(place)
    }

    /// Names an image that was added. Whether it had other names.
    pub fn rename(&mut self, image: u32, names: &[String]) -> bool {
        let is_made = self.made.contains_key(&image);
        match self.archive.images.get_mut(image as usize).filter(|_| is_made) {
            Some(image) if image.names != names => {
                image.names = names.to_vec();
                true
            }
            _ => false,
        }
    }

    /// Forgets the images that were added and do not stay, and the layers that only these have. Their places stay: others
    /// come after them. That they are gone is told in [`Session::take_events`].
    pub fn release(&mut self, stays: impl Fn(u32) -> bool) {
        let mut gone: Vec<u32> = self.made.keys().copied().filter(|image| !stays(*image)).collect();
        gone.sort_unstable();
        for &place in &gone {
            self.made.remove(&place);
            if let Some(image) = self.archive.images.get_mut(place as usize) {
                *image = Image::default();
            }
            if let Some(stack) = self.stacks.get_mut(place as usize) {
                *stack = crate::overlay::Stack::new();
            }
            self.anomalies.retain(|anomaly| anomaly.image != Some(place));
            self.events.push(Event::Gone { image: place });
        }
        if gone.is_empty() {
            return;
        }
        self.view.invalidate();
        let layers = self.archive.images.iter().flat_map(|image| &image.layers);
        let needed: HashSet<MemberId> = layers.filter_map(|layer| layer.member).collect();
        let blobs = &mut self.blobs;
        self.added.retain(|member, _| {
            let is_needed = needed.contains(member);
            if !is_needed {
                blobs.remove(member);
            }
            is_needed
        });
    }

    /// How many images are here that were added.
    pub fn made_images(&self) -> usize {
        self.made.len()
    }

    /// What an image is made of, if it was added.
    pub fn made(&self, image: u32) -> Option<Made> {
        self.made.get(&image).copied()
    }

    /// A layer of an image as it is stored; `None` if it is not in the archive, or has not been read.
    pub fn stored_layer(&self, image: u32, layer: u32) -> Option<StoredLayer> {
        let stated = self.archive.images.get(image as usize)?.layers.get(layer as usize)?;
        let id = stated.member?;
        let blob = self.blobs.get(&id)?;
        let member = self.members.get(id.0 as usize)?;
        let place = match self.added.get(&id) {
            Some(bytes) => BlobPlace::Memory(Rc::clone(bytes)),
            None => BlobPlace::Archive(self.outer, member.offset..member.offset.saturating_add(member.size)),
        };
        Some(StoredLayer {
            place,
            stored_size: blob.stored_size,
            size: blob.size,
            digest: blob.digest.clone(),
            diff_id: blob.diff_id.clone(),
            compression: blob.compression,
        })
    }
}
