//! The filesystem of a container as a process sees it: an [`Upper`] over a [`Lower`], merged.
//!
//! Paths are walked as the kernel walks them (path_resolution(7)) for root, whose permissions suffice for everything.

use bstr::{BString, ByteSlice};

use super::{
    Answer, Content, Errno, Lower, Options, Place, Step, Trace,
    lower::Found,
    upper::{Data, Ino, Inode, Meta, Slot, Upper},
};
use crate::{layer::Kind, limits, path, tar::Timestamp, tree::NodeId, worker::protocol::Failure};

/// The kernel's `PATH_MAX`, the NUL at the end included.
const PATH_MAX: usize = 4096;
/// The kernel's `NAME_MAX`.
const NAME_MAX: usize = 255;

/// The merged filesystem of a container, for as long as something is done with it. Relative paths begin at the root.
pub struct ContainerFs<'a> {
    pub(super) lower: Lower<'a>,
    pub(super) upper: &'a mut Upper,
    pub(super) options: Options,
    /// What time it is to what is made or changed.
    pub(super) now: Timestamp,
    pub(super) steps: Vec<Step>,
}

/// What is at a path (stat(2)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// What it is; never a hard link, a whiteout or an opaque mark.
    pub kind: Kind,
    /// Owner, permissions, time, attributes.
    pub meta: Meta,
    /// Bytes of content; for a symbolic link of its target.
    pub size: u64,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// How many names it has.
    pub names: u32,
    /// Who has it: the writable layer, or a layer of the image. Of a merged directory, whose metadata it has.
    pub place: Place,
    /// Whether it is a directory of both.
    pub merged: bool,
    /// The same for two names of one file, and different for all else.
    pub id: u64,
}

/// Something that is there, by where it is: in the upper directory, in the lower layers, or a directory in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dentry {
    pub upper: Option<Ino>,
    pub lower: Option<NodeId>,
}

/// Where a path leads.
pub(super) struct Walk {
    /// The directories down to the last name, the root first, with their names.
    pub dirs: Vec<(BString, Dentry)>,
    /// The last name.
    pub name: BString,
    /// What has it.
    pub found: Option<Dentry>,
    pub last: Last,
    /// A slash follows the last name.
    pub slash: bool,
}

/// What kind of a name is the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    Name,
    Root,
    Dot,
    DotDot,
}

impl Walk {
    /// The path of the directory at a depth.
    pub fn dir_path(&self, depth: usize) -> BString {
        let names = self.dirs.iter().take(depth + 1).skip(1).map(|(name, _)| name);
        bstr::join("/", names).into()
    }

    /// The path from the root, its links resolved.
    pub fn path(&self) -> BString {
        let directory = self.dir_path(self.dirs.len());
        if self.name.is_empty() { directory } else { path::join_name(&directory, &self.name) }
    }

    /// The directory that the last name is in.
    pub fn parent(&self) -> Dentry {
        self.dirs.last().map_or(Dentry { upper: Some(Ino::ROOT), lower: None }, |(_, dentry)| *dentry)
    }
}

impl<'a> ContainerFs<'a> {
    /// The filesystem of an upper directory that was made over the same lower layers. What is changed gets the time
    /// `now`.
    pub fn new(lower: Lower<'a>, upper: &'a mut Upper, options: Options, now: Timestamp) -> Self {
        Self { lower, upper, options, now, steps: Vec::new() }
    }

    /// An empty upper directory over these layers.
    pub fn empty_upper(lower: &Lower<'_>) -> Upper {
        Upper::new(lower.get(NodeId::ROOT).meta)
    }

    /// The upper directory.
    pub fn upper(&self) -> &Upper {
        self.upper
    }

    /// The layers below.
    pub fn lower(&self) -> Lower<'a> {
        self.lower
    }

    /// What is at a path; with `follow`, what a symbolic link there leads to.
    ///
    /// # Errors
    ///
    /// As stat(2): `ENOENT`, `ENOTDIR`, `ELOOP`, `ENAMETOOLONG`.
    pub fn stat(&self, path: &[u8], follow: bool) -> Result<Stat, Errno> {
        self.find(path, follow).map(|(_, dentry)| self.stat_of(dentry))
    }

    /// The path from the root that a path leads to, links resolved, without a leading slash.
    ///
    /// # Errors
    ///
    /// As [`ContainerFs::stat`].
    pub fn real_path(&self, path: &[u8]) -> Result<BString, Errno> {
        self.find(path, true).map(|(walk, _)| walk.path())
    }

    /// Who is asked for a path, from the top down: the steps of a lookup.
    ///
    /// # Errors
    ///
    /// If what is above the path is not there, or no directory.
    pub fn lookup(&self, path: &[u8]) -> Result<Trace, Errno> {
        let walk = self.walk(path, false)?;
        Ok(Trace { steps: vec![self.lookup_step(&walk)], copied: self.upper.copied })
    }

    /// The target of a symbolic link.
    ///
    /// # Errors
    ///
    /// `EINVAL` of all else; and as [`ContainerFs::stat`].
    pub fn read_link(&self, path: &[u8]) -> Result<BString, Errno> {
        let (_, dentry) = self.find(path, false)?;
        self.link_target(dentry).ok_or(Errno::EINVAL)
    }

    /// The names in a directory and what they are, sorted by the bytes of the names.
    ///
    /// # Errors
    ///
    /// `ENOTDIR` of all else; and as [`ContainerFs::stat`].
    pub fn read_dir(&self, path: &[u8]) -> Result<Vec<(BString, Stat)>, Errno> {
        let (_, dentry) = self.find(path, true)?;
        if self.kind_of(dentry) != Kind::Directory {
            return Err(Errno::ENOTDIR);
        }
        Ok(self.list(dentry).into_iter().map(|(name, child)| (name, self.stat_of(child))).collect())
    }

    /// What a regular file holds, to be read piece by piece with [`Content::read`]. Links are followed.
    ///
    /// # Errors
    ///
    /// `EISDIR`, `ENXIO` of what is no regular file; and as [`ContainerFs::stat`].
    pub fn content(&self, path: &[u8]) -> Result<Content, Errno> {
        let (_, dentry) = self.find(path, true)?;
        self.content_of(dentry)
    }

    /// The content of a regular file in one piece, at most `limit` bytes of it.
    ///
    /// # Errors
    ///
    /// `EIO` if its layer cannot be read; and as [`ContainerFs::content`].
    pub fn read(&self, path: &[u8], limit: u64) -> Result<Vec<u8>, Errno> {
        let content = self.content(path)?.range(0..limit);
        let mut bytes = Vec::new();
        let mut sink = |part: &[u8]| {
            bytes.extend_from_slice(part);
            Ok::<(), Failure>(())
        };
        content.read(&self.lower, &mut sink).map_err(|_| Errno::EIO)?;
        Ok(bytes)
    }

    pub(super) fn content_of(&self, dentry: Dentry) -> Result<Content, Errno> {
        match dentry {
            Dentry { upper: Some(ino), .. } => match self.upper.get(ino).map(|inode| &inode.data) {
                Some(Data::File { content, .. }) => Ok(content.clone()),
                Some(Data::Directory(_)) => Err(Errno::EISDIR),
                _ => Err(Errno::ENXIO),
            },
            Dentry { lower: Some(node), .. } => match self.lower.get(node) {
                Found { kind: Kind::File, file: Some(file), size, .. } => Ok(Content::of_lower(file, size)),
                Found { kind: Kind::Directory, .. } => Err(Errno::EISDIR),
                _ => Err(Errno::ENXIO),
            },
            _ => Err(Errno::ENOENT),
        }
    }

    pub(super) fn inode(&self, dentry: Dentry) -> Option<&Inode> {
        self.upper.get(dentry.upper?)
    }

    pub(super) fn kind_of(&self, dentry: Dentry) -> Kind {
        match (self.inode(dentry), dentry.lower) {
            (Some(inode), _) => inode.kind(),
            (None, Some(node)) => self.lower.get(node).kind,
            (None, None) => Kind::File,
        }
    }

    fn link_target(&self, dentry: Dentry) -> Option<BString> {
        match (self.inode(dentry), dentry.lower) {
            (Some(Inode { data: Data::Symlink(target), .. }), _) => Some(target.clone()),
            (Some(_), _) => None,
            (None, node) => {
                let found = self.lower.get(node?);
                (found.kind == Kind::Symlink).then_some(found.link)
            }
        }
    }

    pub(super) fn stat_of(&self, dentry: Dentry) -> Stat {
        match (self.inode(dentry), dentry.lower) {
            (Some(inode), lower) => Stat {
                kind: inode.kind(),
                meta: inode.meta.clone(),
                size: inode.size(),
                device: if let Data::Node(_, device) = inode.data { device } else { (0, 0) },
                names: inode.names.max(1),
                place: Place::Upper,
                merged: lower.is_some() && inode.directory().is_some(),
                id: 1 << 63 | u64::from(dentry.upper.map_or(0, |ino| ino.0)),
            },
            (None, lower) => {
                let node = lower.unwrap_or(NodeId::ROOT);
                let found = self.lower.get(node);
                let layer = found.file.map_or(0, |file| file.layer.0);
                // A lower file has one number, whatever its names; a directory without an entry that of its path.
                let id = match found.file {
                    Some(file) => u64::from(file.layer.0 + 1) << 32 | u64::from(file.entry.0),
                    None => u64::from(node.0),
                };
                Stat {
                    kind: found.kind,
                    size: if found.kind == Kind::Symlink { found.link.len() as u64 } else { found.size },
                    meta: found.meta,
                    device: found.device,
                    names: found.names,
                    place: Place::Layer(layer),
                    merged: false,
                    id,
                }
            }
        }
    }

    /// What has a name in a directory.
    pub(super) fn child(&self, directory: Dentry, name: &[u8]) -> Option<Dentry> {
        match directory.upper.and_then(|ino| self.upper.slot(ino, name)) {
            Some(Slot::Whiteout) => None,
            Some(Slot::Inode(ino)) => Some(self.upper_dentry(ino)),
            None => self.lower.child(directory.lower?, name).map(|node| self.lower_dentry(node)),
        }
    }

    fn upper_dentry(&self, ino: Ino) -> Dentry {
        let lower = self.upper.get(ino).and_then(|inode| inode.directory()?.lower);
        Dentry { upper: Some(ino), lower }
    }

    /// A name below, unless the file is known to be in the upper directory under another one (`index`).
    fn lower_dentry(&self, node: NodeId) -> Dentry {
        if self.options.index && !self.upper.index.is_empty() {
            let indexed = self.lower.get(node).file.and_then(|file| self.upper.index.get(&file));
            if let Some(&ino) = indexed {
                return Dentry { upper: Some(ino), lower: Some(node) };
            }
        }
        Dentry { upper: None, lower: Some(node) }
    }

    /// All that a directory shows, sorted by name.
    pub(super) fn list(&self, directory: Dentry) -> Vec<(BString, Dentry)> {
        let mut names: Vec<(BString, Dentry)> = Vec::new();
        if let Some(ino) = directory.upper {
            for (name, slot) in self.upper.entries(ino) {
                if let Slot::Inode(child) = slot {
                    names.push((name.to_owned(), self.upper_dentry(child)));
                }
            }
        }
        if let Some(node) = directory.lower {
            for (child, name) in self.lower.children(node) {
                let is_covered = directory.upper.and_then(|ino| self.upper.slot(ino, name)).is_some();
                if !is_covered {
                    names.push((name.to_owned(), self.lower_dentry(child)));
                }
            }
        }
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        names
    }

    pub(super) fn root(&self) -> Dentry {
        self.upper_dentry(Ino::ROOT)
    }

    /// What is at a path, and how one gets there.
    pub(super) fn find(&self, path: &[u8], follow: bool) -> Result<(Walk, Dentry), Errno> {
        let walk = self.walk(path, follow)?;
        let dentry = walk.found.ok_or(Errno::ENOENT)?;
        if walk.slash && self.kind_of(dentry) != Kind::Directory {
            return Err(Errno::ENOTDIR);
        }
        Ok((walk, dentry))
    }

    /// Follows a path to its last name. Links on the way are followed, the last one with `follow` or before a slash.
    pub(super) fn walk(&self, path: &[u8], follow: bool) -> Result<Walk, Errno> {
        self.walk_by(path, |slash| follow || slash)
    }

    /// The same, where `follows` says whether a last name is followed that has a slash after it, or none.
    pub(super) fn walk_by(&self, path: &[u8], follows: impl Fn(bool) -> bool) -> Result<Walk, Errno> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        if path.len() >= PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        let names = |path: &[u8]| -> Vec<BString> {
            path.rsplit_str("/").filter(|name| !name.is_empty()).map(BString::from).collect()
        };
        let (mut todo, mut slash) = (names(path), path.ends_with(b"/"));
        let mut dirs = vec![(BString::default(), self.root())];
        let mut last = Last::Root;
        let mut hops = 0;
        while let Some(name) = todo.pop() {
            let is_last = todo.is_empty();
            match name.as_slice() {
                b"." => last = Last::Dot,
                b".." => {
                    last = Last::DotDot;
                    if dirs.len() > 1 {
                        dirs.pop();
                    }
                }
                _ if name.len() > NAME_MAX => return Err(Errno::ENAMETOOLONG),
                _ => {
                    last = Last::Name;
                    let directory = dirs.last().map_or(self.root(), |(_, dentry)| *dentry);
                    let Some(child) = self.child(directory, &name) else {
                        if is_last {
                            return Ok(Walk { dirs, name, found: None, last, slash });
                        }
                        return Err(Errno::ENOENT);
                    };
                    if let Some(target) = self.link_target(child).filter(|_| !is_last || follows(slash)) {
                        hops += 1;
                        if hops > limits::SYMLINK_HOPS {
                            return Err(Errno::ELOOP);
                        }
                        if target.is_empty() {
                            return Err(Errno::ENOENT);
                        }
                        if target.starts_with(b"/") {
                            dirs.truncate(1);
                            last = Last::Root;
                        }
                        slash |= is_last && target.ends_with(b"/");
                        todo.extend(names(&target));
                    } else if self.kind_of(child) == Kind::Directory && !is_last {
                        dirs.push((name, child));
                    } else if is_last {
                        return Ok(Walk { dirs, name, found: Some(child), last, slash });
                    } else {
                        return Err(Errno::ENOTDIR);
                    }
                }
            }
        }
        // The path ends in a directory that has been walked into: its name is that of the last one.
        let found = dirs.last().map_or(self.root(), |(_, dentry)| *dentry);
        let name = if dirs.len() > 1 { dirs.pop().map(|(name, _)| name) } else { None };
        Ok(Walk { dirs, name: name.unwrap_or_default(), found: Some(found), last, slash })
    }

    /// Who is asked for the last name of a path.
    pub(super) fn lookup_step(&self, walk: &Walk) -> Step {
        let mut asked = Vec::new();
        let parent = walk.parent();
        let slot = parent.upper.and_then(|ino| self.upper.slot(ino, &walk.name));
        // Nobody has named the root.
        let slot = if walk.name.is_empty() { Some(Slot::Inode(Ino::ROOT)) } else { slot };
        let answer = match slot {
            None => Answer::Nothing,
            Some(Slot::Whiteout) => Answer::Whiteout,
            Some(Slot::Inode(ino)) => match self.upper.get(ino) {
                Some(inode) if inode.directory().is_some_and(|d| d.lower.is_none()) => Answer::Opaque,
                Some(inode) => Answer::Has(inode.kind()),
                None => Answer::Nothing,
            },
        };
        asked.push((Place::Upper, answer));
        if matches!(answer, Answer::Nothing | Answer::Has(Kind::Directory)) {
            let below = || self.lower_named(parent, &walk.name);
            let node = walk.found.and_then(|dentry| dentry.lower).or_else(below);
            if let Some(node) = node {
                self.lower.ask(node, &mut asked);
            } else if parent.lower.is_some() {
                let layers = (0..self.lower.layers()).rev();
                asked.extend(layers.map(|layer| (Place::Layer(layer), Answer::Nothing)));
            }
        }
        Step::Lookup { path: walk.path(), asked }
    }

    /// A path of the lower layers, whether or not something is there.
    fn lower_named(&self, directory: Dentry, name: &[u8]) -> Option<NodeId> {
        self.lower.image()?.0.tree().child(directory.lower?, name)
    }
}
