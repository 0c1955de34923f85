//! The writable layer: what an overlay mount has in its upper directory.

use std::{collections::BTreeMap, rc::Rc};

use bstr::{BStr, BString};
use serde::{Deserialize, Serialize};

use super::Content;
use crate::{layer::Kind, overlay::FileRef, tar::Timestamp, tree::NodeId};

/// What stands in an upper directory. A clone costs next to nothing, and is a copy: that is how an operation is undone.
#[derive(Debug, Clone)]
pub struct Upper {
    inodes: Rc<BTreeMap<Ino, Rc<Inode>>>,
    next: Ino,
    /// Bytes of content that were copied up.
    pub(super) copied: u64,
    /// Which lower files with several names were copied up (`index`).
    pub(super) index: Rc<BTreeMap<FileRef, Ino>>,
}

/// Something of the upper directory that may have several names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ino(pub(super) u32);

impl Ino {
    /// The root directory.
    pub const ROOT: Self = Self(0);
}

/// What one of them is.
#[derive(Debug, Clone)]
pub struct Inode {
    /// Owner, permissions, time, attributes.
    pub meta: Meta,
    /// All else.
    pub data: Data,
    /// How many names it has.
    pub names: u32,
}

/// Owner, permissions, time of last modification, extended attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// `mode & 07777`.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Time of last modification.
    pub mtime: Timestamp,
    /// Extended attributes by their names, those of overlayfs left out.
    pub xattrs: Vec<(BString, BString)>,
}

/// What something is, and what that has.
#[derive(Debug, Clone)]
pub enum Data {
    /// A regular file.
    File {
        /// What it holds.
        content: Content,
        /// Only its metadata was copied up (`metacopy`): the content is still that of the lower file.
        metacopy: bool,
    },
    /// A directory.
    Directory(Directory),
    /// A symbolic link, and its target.
    Symlink(BString),
    /// A device or a pipe: its kind, major and minor number.
    Node(Kind, (u32, u32)),
}

/// A directory of the upper directory.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// By name.
    pub entries: BTreeMap<BString, Slot>,
    /// Nothing below is merged with it, and an attribute says so.
    pub opaque: bool,
    /// What of the lower layers it is merged with.
    pub(super) lower: Option<NodeId>,
    /// It has moved, and an attribute says from where (`redirect_dir`).
    pub redirect: bool,
}

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Something.
    Inode(Ino),
    /// A whiteout.
    Whiteout,
}

impl Inode {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match &self.data {
            Data::File { .. } => Kind::File,
            Data::Directory(_) => Kind::Directory,
            Data::Symlink(_) => Kind::Symlink,
            Data::Node(kind, _) => *kind,
        }
    }

    /// The directory, if it is one.
    pub fn directory(&self) -> Option<&Directory> {
        if let Data::Directory(directory) = &self.data { Some(directory) } else { None }
    }

    /// Bytes of its content; for a symbolic link of its target.
    pub fn size(&self) -> u64 {
        match &self.data {
            Data::File { content, .. } => content.len(),
            Data::Symlink(target) => target.len() as u64,
            _ => 0,
        }
    }
}

impl Upper {
    /// An empty upper directory, merged with a root that has this metadata.
    pub(super) fn new(root: Meta) -> Self {
        let data = Data::Directory(Directory { lower: Some(NodeId::ROOT), ..Directory::default() });
        let root = Rc::new(Inode { meta: root, data, names: 1 });
        Self { inodes: Rc::new([(Ino::ROOT, root)].into()), next: Ino(1), copied: 0, index: Rc::default() }
    }

    /// Whether it is that one, and nothing was changed since one was cloned of the other.
    pub(super) fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inodes, &other.inodes)
    }

    /// What was kept of one: see [`KeptUpper`](super::kept_upper::KeptUpper).
    pub(super) fn restored(
        inodes: BTreeMap<Ino, Rc<Inode>>,
        next: Ino,
        copied: u64,
        index: BTreeMap<FileRef, Ino>,
    ) -> Self {
        Self { inodes: Rc::new(inodes), next, copied, index: Rc::new(index) }
    }

    /// Everything it holds.
    pub(super) fn inodes(&self) -> impl Iterator<Item = (Ino, &Inode)> {
        self.inodes.iter().map(|(ino, inode)| (*ino, &**inode))
    }

    /// The number that the next one gets.
    pub(super) fn next(&self) -> Ino {
        self.next
    }

    /// One of what it holds.
    pub fn get(&self, ino: Ino) -> Option<&Inode> {
        self.inodes.get(&ino).map(|inode| &**inode)
    }

    /// The entries of a directory; none of anything else.
    pub fn entries(&self, ino: Ino) -> impl Iterator<Item = (&BStr, Slot)> {
        let directory = self.get(ino).and_then(Inode::directory);
        let entries = directory.into_iter().flat_map(|directory| &directory.entries);
        entries.map(|(name, slot)| (BStr::new(name), *slot))
    }

    pub(super) fn slot(&self, directory: Ino, name: &[u8]) -> Option<Slot> {
        self.get(directory)?.directory()?.entries.get(BStr::new(name)).copied()
    }

    /// Bytes of the content of its files, each once, as they would stand in a layer's tar.
    pub fn content_bytes(&self) -> u64 {
        let size = |inode: &Rc<Inode>| if inode.kind() == Kind::File { inode.size() } else { 0 };
        self.inodes.values().map(size).sum()
    }

    /// Bytes of content that operations copied up.
    pub fn copied(&self) -> u64 {
        self.copied
    }

    /// Bytes that are held in memory.
    pub fn held(&self) -> u64 {
        let held = |inode: &Rc<Inode>| match &inode.data {
            Data::File { content, .. } => content.held(),
            _ => 0,
        };
        self.inodes.values().map(held).sum()
    }

    /// How many files, directories and whiteouts it holds, the root left out.
    pub fn len(&self) -> usize {
        self.inodes.values().filter_map(|inode| inode.directory()).map(|d| d.entries.len()).sum()
    }

    /// Whether nothing was changed but perhaps the root's metadata.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get_mut(&mut self, ino: Ino) -> Option<&mut Inode> {
        Rc::make_mut(&mut self.inodes).get_mut(&ino).map(Rc::make_mut)
    }

    pub(super) fn directory_mut(&mut self, ino: Ino) -> Option<&mut Directory> {
        match &mut self.get_mut(ino)?.data {
            Data::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    /// Adds something that has no name yet. `None` once there are no numbers left.
    pub(super) fn add(&mut self, meta: Meta, data: Data) -> Option<Ino> {
        let ino = self.next;
        self.next = Ino(ino.0.checked_add(1)?);
        Rc::make_mut(&mut self.inodes).insert(ino, Rc::new(Inode { meta, data, names: 0 }));
        Some(ino)
    }

    /// Gives a name to something, in place of what had it.
    pub(super) fn link(&mut self, directory: Ino, name: &BStr, ino: Ino) {
        if let Some(inode) = self.get_mut(ino) {
            inode.names += 1;
        }
        self.put(directory, name, Some(Slot::Inode(ino)));
    }

    /// Takes a name away, and what had it unless it has others; puts a whiteout there if wished.
    pub(super) fn unlink(&mut self, directory: Ino, name: &BStr, whiteout: bool) {
        self.put(directory, name, whiteout.then_some(Slot::Whiteout));
    }

    fn put(&mut self, directory: Ino, name: &BStr, slot: Option<Slot>) {
        let Some(directory) = self.directory_mut(directory) else { return };
        let before = match slot {
            Some(slot) => directory.entries.insert(name.to_owned(), slot),
            None => directory.entries.remove(name),
        };
        if let Some(Slot::Inode(ino)) = before {
            self.drop_name(ino);
        }
    }

    fn drop_name(&mut self, ino: Ino) {
        let Some(inode) = self.get_mut(ino) else { return };
        inode.names -= inode.names.min(1);
        let is_gone = inode.names == 0;
        // What a directory held is gone already, whiteouts apart. The index keeps what other names below may stand for.
        if is_gone && !self.index.values().any(|&indexed| indexed == ino) {
            Rc::make_mut(&mut self.inodes).remove(&ino);
        }
    }
}
