//! A writable layer as bytes that outlast the archive it lies over.
//!
//! What it says of the layers below is told in their own words: a directory by its path, a file by its entry in the
//! layer's tar. So it fits the same layers when they are opened again, and no others.

use std::{collections::BTreeMap, ops::Range, rc::Rc};

use bstr::{BString, ByteSlice};
use serde::{Deserialize, Serialize};

use super::{
    Chunk, Content, Lower,
    upper::{Data, Directory, Ino, Inode, Meta, Slot, Upper},
};
use crate::{
    layer::{EntryId, Kind},
    overlay::{FileRef, LayerIndex},
    tree::NodeId,
    worker::protocol::Failure,
};

/// See the module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptUpper {
    inodes: Vec<(u32, KeptInode)>,
    next: u32,
    copied: u64,
    index: Vec<(KeptFile, u32)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptInode {
    meta: Meta,
    names: u32,
    data: KeptData,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum KeptData {
    File { chunks: Vec<KeptChunk>, metacopy: bool },
    Directory(KeptDirectory),
    Symlink(BString),
    Node(Kind, (u32, u32)),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptDirectory {
    /// By name; `None` for a whiteout.
    entries: Vec<(BString, Option<u32>)>,
    opaque: bool,
    /// The path of what it is merged with.
    lower: Option<BString>,
    redirect: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum KeptChunk {
    Lower(KeptFile, Range<u64>),
    Bytes(Vec<u8>),
    Hole(u64),
}

/// Layer and entry.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct KeptFile(u32, u32);

impl From<FileRef> for KeptFile {
    fn from(file: FileRef) -> Self {
        Self(file.layer.0, file.entry.0)
    }
}

impl KeptUpper {
    /// Of a writable layer over these layers.
    ///
    /// # Errors
    ///
    /// If what came from elsewhere can no longer be read.
    pub fn of(upper: &Upper, lower: &Lower<'_>) -> Result<Self, Failure> {
        let mut inodes = Vec::new();
        for (ino, inode) in upper.inodes() {
            let data = match &inode.data {
                Data::File { content, metacopy } => {
                    let chunks = content.chunks().iter().map(KeptChunk::of).collect::<Result<_, _>>()?;
                    KeptData::File { chunks, metacopy: *metacopy }
                }
                Data::Directory(directory) => KeptData::Directory(KeptDirectory::of(directory, lower)),
                Data::Symlink(target) => KeptData::Symlink(target.clone()),
                Data::Node(kind, device) => KeptData::Node(*kind, *device),
            };
            inodes.push((ino.0, KeptInode { meta: inode.meta.clone(), names: inode.names, data }));
        }
        let index = upper.index.iter().map(|(file, ino)| ((*file).into(), ino.0)).collect();
        Ok(Self { inodes, next: upper.next().0, copied: upper.copied, index })
    }

    /// The writable layer over the same layers; `None` if these are others.
    pub fn over(&self, lower: &Lower<'_>) -> Option<Upper> {
        let mut inodes = BTreeMap::new();
        for (ino, kept) in &self.inodes {
            let data = match &kept.data {
                KeptData::File { chunks, metacopy } => {
                    let mut content = Content::default();
                    for chunk in chunks {
                        content.push(chunk.over(lower)?);
                    }
                    Data::File { content, metacopy: *metacopy }
                }
                KeptData::Directory(directory) => Data::Directory(directory.over(lower)?),
                KeptData::Symlink(target) => Data::Symlink(target.clone()),
                KeptData::Node(kind, device) => Data::Node(*kind, *device),
            };
            let inode = Inode { meta: kept.meta.clone(), data, names: kept.names };
            inodes.insert(Ino(*ino), Rc::new(inode));
        }
        inodes.get(&Ino::ROOT)?.directory()?;
        let mut index = BTreeMap::new();
        for (file, ino) in &self.index {
            index.insert(file.over(lower)?, Ino(*ino));
        }
        Some(Upper::restored(inodes, Ino(self.next), self.copied, index))
    }
}

impl KeptDirectory {
    fn of(directory: &Directory, lower: &Lower<'_>) -> Self {
        let entries = directory.entries.iter().map(|(name, slot)| {
            let ino = if let Slot::Inode(ino) = slot { Some(ino.0) } else { None };
            (name.clone(), ino)
        });
        Self {
            entries: entries.collect(),
            opaque: directory.opaque,
            lower: directory.lower.map(|node| lower.path(node)),
            redirect: directory.redirect,
        }
    }

    fn over(&self, lower: &Lower<'_>) -> Option<Directory> {
        let node = match &self.lower {
            None => None,
            Some(path) => Some(
                path.split_str("/")
                    .filter(|name| !name.is_empty())
                    .try_fold(NodeId::ROOT, |node, name| lower.child(node, name))?,
            ),
        };
        let slot = |ino: &Option<u32>| ino.map_or(Slot::Whiteout, |ino| Slot::Inode(Ino(ino)));
        Some(Directory {
            entries: self.entries.iter().map(|(name, ino)| (name.clone(), slot(ino))).collect(),
            opaque: self.opaque,
            lower: node,
            redirect: self.redirect,
        })
    }
}

impl KeptChunk {
    fn of(chunk: &Chunk) -> Result<Self, Failure> {
        Ok(match chunk {
            Chunk::Lower(file, range) => Self::Lower((*file).into(), range.clone()),
            Chunk::Bytes(bytes, range) => Self::Bytes(bytes[range.clone()].to_vec()),
            Chunk::Source(source, range) => Self::Bytes(source.read_at(range.clone())?),
            Chunk::Hole(len) => Self::Hole(*len),
        })
    }

    fn over(&self, lower: &Lower<'_>) -> Option<Chunk> {
        Some(match self {
            Self::Lower(file, range) => {
                let file = file.over(lower)?;
                let size = lower.stack()?.0.record(file).size;
                if range.start > range.end || range.end > size {
                    return None;
                }
                Chunk::Lower(file, range.clone())
            }
            Self::Bytes(bytes) => Chunk::Bytes(bytes.as_slice().into(), 0..bytes.len()),
            Self::Hole(len) => Chunk::Hole(*len),
        })
    }
}

impl KeptFile {
    fn over(self, lower: &Lower<'_>) -> Option<FileRef> {
        let Self(layer, entry) = self;
        let (stack, top) = lower.stack()?;
        let file = FileRef { layer: LayerIndex(layer), entry: EntryId(entry) };
        let is_there = layer <= top.0 && stack.layer(file.layer).get(file.entry)?.kind == Kind::File;
        is_there.then_some(file)
    }
}
