//! What is known of an archive's layers, to be kept or handed to another worker, and taken on by a session of the same archive.
//!
//! It holds the index and none of the content: paths, metadata, hashes; not the windows of checkpoints. That it fits is told
//! by what the archive's documents state and where its blobs lie. That the blobs have not changed is not known before they are
//! read again.

use std::{hash::Hasher as _, ops::Range, rc::Rc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siphasher::sip::SipHasher13;

use super::{Blob, Session, scanning::What};
use crate::{
    codec::{Checkpoints, Compression},
    digest::Digest,
    image::MemberId,
    layer::{ContentKey, Contents, Index, Lazy, Scanned},
    overlay::Stack,
    tree::{Paths, Tree},
    worker::protocol::Event,
};

/// What is known of an archive; see [`Session::remember`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Remembered {
    identity: Identity,
    content_key: ContentKey,
    paths: Paths,
    layers: Vec<RememberedLayer>,
}

/// What an archive's documents state, and where its blobs lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    len: u64,
    images: Vec<ImageIdentity>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ImageIdentity {
    /// The digest of its config, as it was computed.
    config: Digest,
    layers: Vec<LayerIdentity>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LayerIdentity {
    member: u32,
    range: Range<u64>,
    stated_digest: Option<Digest>,
    stated_diff_id: Option<Digest>,
}

/// A blob as it was found when it was read.
#[derive(Debug, Serialize, Deserialize)]
struct RememberedLayer {
    member: u32,
    digest: Digest,
    compression: Compression,
    lazy: Option<Lazy>,
    stored_size: u64,
    size: u64,
    entries: u64,
    #[serde(serialize_with = "by_value", deserialize_with = "shared")]
    index: Rc<Index>,
    contents: Contents,
    /// Those that need no content.
    checkpoints: Checkpoints,
}

fn by_value<S: Serializer>(index: &Rc<Index>, serializer: S) -> Result<S::Ok, S::Error> {
    index.as_ref().serialize(serializer)
}

fn shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rc<Index>, D::Error> {
    Index::deserialize(deserializer).map(Rc::new)
}

impl Identity {
    /// The name to keep it under: the digest of the image's config in hex (of several images, the digest of those), and a hash of
    /// all else, as one image may be in several archives.
    pub fn key(&self) -> String {
        let configs = match self.images.as_slice() {
            [image] => image.config.hex().to_owned(),
            images => {
                let configs: Vec<&str> = images.iter().map(|image| image.config.hex()).collect();
                Digest::sha256(configs.join("\n").as_bytes()).hex().to_owned()
            }
        };
        // Nothing here refuses to be serialised; an empty list would be a name as well.
        let all = postcard::to_stdvec(self).unwrap_or_default();
        format!("{configs}-{:016x}", u64::from_le_bytes(checksum(&all)))
    }
}

impl Session {
    /// What tells this archive from others, whose images and their layers are all in it; `None` if something is missing, if
    /// an image has no config, or if the archive is compressed as a whole: it is read from end to end to be opened.
    pub fn identity(&self) -> Option<Identity> {
        if self.outer != Compression::None || self.stated_images == 0 {
            return None;
        }
        let images = self.archive.images[..self.stated_images].iter().map(|image| {
            let layers = image.layers.iter().map(|layer| {
                let id = layer.member?;
                let member = self.members.get(id.0 as usize)?;
                Some(LayerIdentity {
                    member: id.0,
                    range: member.offset..member.offset.saturating_add(member.size),
                    stated_digest: layer.stated_digest.clone(),
                    stated_diff_id: layer.stated_diff_id.clone(),
                })
            });
            Some(ImageIdentity { config: image.id.clone()?, layers: layers.collect::<Option<_>>()? })
        });
        Some(Identity { len: self.len, images: images.collect::<Option<_>>()? })
    }

    /// Whether each layer of the archive has been read to its end.
    pub fn can_be_remembered(&self) -> bool {
        self.identity().is_some() && (0..self.stated_images).all(|image| self.is_read(image))
    }

    /// What is known of the layers; `None` unless each has been read to its end, or if it cannot be told from other archives.
    pub fn remember(&self) -> Option<Remembered> {
        let identity = self.identity()?;
        let mut layers: Vec<RememberedLayer> = Vec::new();
        for stated in identity.images.iter().flat_map(|image| &image.layers) {
            if layers.iter().any(|layer| layer.member == stated.member) {
                continue;
            }
            let blob = self.blobs.get(&MemberId(stated.member))?;
            blob.diff_id.as_ref()?;
            // Of what was cut short by a limit, who opens it without limits wants all.
            if blob.limit.is_some() {
                continue;
            }
            layers.push(RememberedLayer {
                member: stated.member,
                digest: blob.digest.clone()?,
                compression: blob.compression,
                lazy: blob.lazy,
                stored_size: blob.stored_size,
                size: blob.size,
                entries: blob.entries,
                index: Rc::clone(&blob.index),
                contents: blob.index.contents().to_vec(),
                checkpoints: blob.checkpoints.without_content(),
            });
        }
        Some(Remembered { identity, content_key: self.content_key, paths: self.tree.to_paths(), layers })
    }

    /// Takes on what was remembered of this archive, before any of its layers is read. Whether it fits. The layers are
    /// listed and merged then, and still to be verified.
    pub fn recall(&mut self, remembered: Remembered) -> bool {
        let Remembered { identity, content_key, paths, layers } = remembered;
        if !self.blobs.is_empty() || self.identity().as_ref() != Some(&identity) {
            return false;
        }
        let stated: Vec<u32> =
            identity.images.iter().flat_map(|image| &image.layers).map(|layer| layer.member).collect();
        let is_sound =
            |layer: &RememberedLayer| stated.contains(&layer.member) && layer.index.is_within(paths.len());
        if !layers.iter().all(is_sound) {
            return false;
        }
        let Some(tree) = Tree::from_paths(content_key.0, &paths) else { return false };
        (self.tree, self.content_key) = (tree, content_key);
        for layer in layers {
            layer.index.set_contents(layer.contents);
            let id = MemberId(layer.member);
            self.recalled.insert(id, layer.digest);
            let blob = Blob {
                digest: None,
                diff_id: None,
                damaged: false,
                limit: None,
                compression: layer.compression,
                lazy: layer.lazy,
                unsupported: None,
                stored_size: layer.stored_size,
                size: layer.size,
                entries: layer.entries,
                index: layer.index,
                anomalies: Vec::new(),
                checkpoints: layer.checkpoints,
            };
            self.blobs.insert(id, blob);
        }
        self.stacks = self.archive.images.iter().map(|_| Stack::new()).collect();
        self.events.retain(|event| !matches!(event, Event::Merged { .. }));
        self.merge();
        true
    }

    /// Takes on what was found in a blob that is known from before. Whether it was what was remembered.
    pub(super) fn accept_recalled(&mut self, member: MemberId, digest: &Digest, what: What) -> bool {
        match what {
            What::Scanned(scanned) if scanned.digest == *digest => {
                // The same bytes have the same entries, whose paths are in the tree already.
                self.keep(member, What::Verified(Scanned { index: Index::default(), ..scanned }));
                self.merge_contents(member);
                true
            }
            what => {
                self.keep(member, what);
                self.merge_anew(member);
                false
            }
        }
    }

    /// Merges the images with this blob anew, as far as their layers are known: its entries are not what they were.
    fn merge_anew(&mut self, member: MemberId) {
        for (image, _) in self.places_of(member) {
            self.stacks[image as usize] = Stack::new();
        }
        self.revision += 1;
        self.merge();
    }
}

/// What stands before the kept bytes; the last byte is the version of the format. It changes with what is serialised, which a
/// test notices.
const MAGIC: [u8; 8] = *b"LSINDEX\x03";
/// Where what is serialised begins: after the magic and its checksum.
const BODY: usize = MAGIC.len() + 8;
/// The longest [`Note`], in bytes.
pub const NOTE_MAX: u64 = 64 << 10;

/// What a reader wants to know of something kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The archive's name.
    pub name: String,
    /// The archive's length in bytes.
    pub len: u64,
    /// When it was kept, in seconds since 1970.
    pub saved: i64,
}

/// Why what was kept cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is of another version of the format.
    #[error("it is of another version")]
    Version,
    /// It is damaged, or was not written to its end.
    #[error("it is damaged")]
    Damaged,
}

impl Remembered {
    /// As bytes to be kept.
    pub fn to_bytes(&self, note: &Note) -> Vec<u8> {
        let head = [MAGIC, [0; 8]].concat();
        // A vector takes whatever is written, and nothing here refuses to be serialised. Nothing would be told damaged.
        let mut bytes = postcard::to_extend(&(note, self), head).unwrap_or_default();
        if let Some(sum) = bytes.get(BODY..).map(checksum) {
            bytes[MAGIC.len()..BODY].copy_from_slice(&sum);
        }
        bytes
    }

    /// From kept bytes.
    ///
    /// # Errors
    ///
    /// If they are of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unusable> {
        let body = body(bytes)?;
        if bytes[MAGIC.len()..BODY] != checksum(body) {
            return Err(Unusable::Damaged);
        }
        let (_, remembered): (Note, Self) = postcard::from_bytes(body).map_err(|_| Unusable::Damaged)?;
        Ok(remembered)
    }

    /// Whose identity it has.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl Note {
    /// From the first bytes of what is kept: [`NOTE_MAX`] are enough.
    ///
    /// # Errors
    ///
    /// If they are of another version, or damaged.
    pub fn from_head(head: &[u8]) -> Result<Self, Unusable> {
        let (note, _) = postcard::take_from_bytes(body(head)?).map_err(|_| Unusable::Damaged)?;
        Ok(note)
    }
}

fn body(bytes: &[u8]) -> Result<&[u8], Unusable> {
    let body = bytes.get(BODY..).filter(|_| bytes.starts_with(&MAGIC[..7])).ok_or(Unusable::Damaged)?;
    if bytes.starts_with(&MAGIC) { Ok(body) } else { Err(Unusable::Version) }
}

/// Tells accidents, not malice: only this page can write there.
fn checksum(body: &[u8]) -> [u8; 8] {
    let mut hasher = SipHasher13::new();
    hasher.write(body);
    hasher.finish().to_le_bytes()
}
