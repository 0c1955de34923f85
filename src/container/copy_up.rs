//! Copying up: what lower layers have comes to the upper directory before it is changed.

use bstr::{BStr, BString};

use super::{
    ContainerFs, Content, Errno, Step, Why,
    fs::{Dentry, Walk},
    upper::{Data, Directory, Ino, Inode, Slot},
    xattr::OVERLAY_XATTR,
};
use crate::layer::Kind;

impl ContainerFs<'_> {
    /// Copies up the directories of a path that the upper directory does not have, and gives the last of them.
    pub(super) fn copy_up_parents(&mut self, walk: &mut Walk) -> Result<Ino, Errno> {
        let mut parent = Ino::ROOT;
        for depth in 1..walk.dirs.len() {
            let (name, dentry) = walk.dirs[depth].clone();
            parent = match dentry.upper {
                Some(ino) => ino,
                None => match self.upper.slot(parent, &name) {
                    Some(Slot::Inode(ino)) => ino,
                    _ => {
                        let path = walk.dir_path(depth);
                        self.copy_up_to(parent, (&name, path), dentry, Why::Parent)?
                    }
                },
            };
            walk.dirs[depth].1.upper = Some(parent);
        }
        Ok(parent)
    }

    /// Sees that what is at a path is in the upper directory.
    pub(super) fn copy_up(&mut self, walk: &mut Walk, dentry: Dentry, why: Why) -> Result<Ino, Errno> {
        if let Dentry { upper: Some(ino), lower } = dentry {
            // A file that is both has been copied up under another name only.
            let is_named = lower.is_none() || self.kind_of(dentry) == Kind::Directory;
            if !is_named {
                let parent = self.copy_up_parents(walk)?;
                self.upper.link(parent, BStr::new(&walk.name), ino);
                let kind = self.kind_of(dentry);
                self.steps.push(Step::CopyUp { path: walk.path(), kind, bytes: 0, why: Why::Index });
            }
            self.copy_up_data(ino, walk, why);
            return Ok(ino);
        }
        let parent = self.copy_up_parents(walk)?;
        self.copy_up_to(parent, (&walk.name, walk.path()), dentry, why)
    }

    /// Copies the content up of what only has the metadata (`metacopy`), where it is going to be written to.
    fn copy_up_data(&mut self, ino: Ino, walk: &Walk, why: Why) {
        let is_metacopy = |inode: &Inode| matches!(inode.data, Data::File { metacopy: true, .. });
        if !matches!(why, Why::Data | Why::Truncated) || !self.upper.get(ino).is_some_and(is_metacopy) {
            return;
        }
        let mut bytes = 0;
        if let Some(inode) = self.upper.get_mut(ino) {
            bytes = if why == Why::Data { inode.size() } else { 0 };
            if let Data::File { metacopy, .. } = &mut inode.data {
                *metacopy = false;
            }
        }
        self.upper.copied = self.upper.copied.saturating_add(bytes);
        self.steps.push(Step::CopyUp { path: walk.path(), kind: Kind::File, bytes, why });
    }

    /// Copies what lower layers have into a directory of the upper one.
    fn copy_up_to(
        &mut self,
        parent: Ino,
        (name, path): (&BString, BString),
        dentry: Dentry,
        why: Why,
    ) -> Result<Ino, Errno> {
        let node = dentry.lower.ok_or(Errno::EIO)?;
        let found = self.lower.get(node);
        let (mut bytes, mut why) = (0, why);
        let data = match found.kind {
            Kind::Directory => Data::Directory(Directory { lower: Some(node), ..Directory::default() }),
            Kind::Symlink => Data::Symlink(found.link.clone()),
            Kind::File => {
                let metacopy = self.options.metacopy && matches!(why, Why::Metadata | Why::Name);
                if metacopy {
                    why = Why::MetadataOnly;
                } else if why != Why::Truncated {
                    bytes = found.size;
                }
                let file = found.file.ok_or(Errno::EIO)?;
                Data::File { content: Content::of_lower(file, found.size), metacopy }
            }
            kind => Data::Node(kind, found.device),
        };
        let mut meta = found.meta;
        meta.xattrs.retain(|(name, _)| !name.starts_with(OVERLAY_XATTR));
        meta.xattrs.sort_unstable();
        let ino = self.upper.add(meta, data).ok_or(Errno::ENOSPC)?;
        self.upper.link(parent, BStr::new(name), ino);
        self.upper.copied = self.upper.copied.saturating_add(bytes);
        if let Some(file) = found.file.filter(|_| self.options.index && found.names > 1) {
            std::rc::Rc::make_mut(&mut self.upper.index).insert(file, ino);
        }
        self.steps.push(Step::CopyUp { path, kind: found.kind, bytes, why });
        Ok(ino)
    }
}
