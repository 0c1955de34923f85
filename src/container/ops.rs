//! What changes the filesystem of a container: each operation does to the upper directory what overlayfs does.

use bstr::{BStr, BString};

use super::{
    ContainerFs, Content, Errno, Step, Trace, What, Why,
    fs::{Dentry, Last, Walk},
    upper::{Data, Directory, Ino, Inode, Meta, Slot},
};
use crate::{layer::Kind, tar::Timestamp};

/// How a file is opened (open(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenFlags {
    /// It is to be written to.
    pub write: bool,
    /// It is made if it is not there.
    pub create: bool,
    /// It must not be there.
    pub exclusive: bool,
    /// It is emptied.
    pub truncate: bool,
}

impl OpenFlags {
    /// To write, without doing it.
    pub const WRITE: Self = Self { write: true, create: false, exclusive: false, truncate: false };
    /// To write a file anew, `>` in a shell.
    pub const CREATE: Self = Self { write: true, create: true, exclusive: false, truncate: true };
    /// To write at the end of what is there, `>>` in a shell; see [`ContainerFs::append`].
    pub const APPEND: Self = Self { write: true, create: true, exclusive: false, truncate: false };
}

/// No file can be larger, in bytes.
const MAX_SIZE: u64 = i64::MAX as u64;
const CAPABILITY: &[u8] = b"security.capability";

pub(super) type Done = Result<(), Errno>;

// Each operation gives its steps, and fails with the error that the system call of the same name would give.
#[allow(clippy::missing_errors_doc, reason = "said once, here and in `mod.rs`: those of the system call")]
impl ContainerFs<'_> {
    /// Opens a file, and closes it. Opened to be written, a lower file is copied up, whether or not anything is written;
    /// to be emptied, without its content. A file that is made gets the mode.
    pub fn open(&mut self, path: &[u8], flags: OpenFlags, mode: u16) -> Result<Trace, Errno> {
        self.traced(|fs| fs.opened(path, flags, mode).map(drop))
    }

    /// Makes a file of this content, or gives it to the file that is there.
    pub fn put(&mut self, path: &[u8], content: Content, mode: u16) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let opened = fs.opened(path, OpenFlags::CREATE, mode)?;
            fs.written(opened, 0, &content)
        })
    }

    /// Writes into a file that is there.
    pub fn write(&mut self, path: &[u8], offset: u64, content: Content) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let opened = fs.opened(path, OpenFlags::WRITE, 0)?;
            fs.written(opened, offset, &content)
        })
    }

    /// Writes at the end of a file, which is made with the mode if it is not there.
    pub fn append(&mut self, path: &[u8], content: Content, mode: u16) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let opened = fs.opened(path, OpenFlags::APPEND, mode)?;
            let end = opened.1.and_then(|ino| fs.upper.get(ino)).map_or(0, Inode::size);
            fs.written(opened, end, &content)
        })
    }

    /// Cuts a file off, or lengthens it by zeros. Unlike opening it to be emptied, this copies all of a lower file.
    pub fn truncate(&mut self, path: &[u8], len: u64) -> Result<Trace, Errno> {
        self.traced(|fs| {
            if len > MAX_SIZE {
                return Err(Errno::EINVAL);
            }
            let (mut walk, dentry) = fs.looked_up(path, true)?;
            match fs.kind_of(dentry) {
                Kind::File => {}
                Kind::Directory => return Err(Errno::EISDIR),
                _ => return Err(Errno::EINVAL),
            }
            let ino = fs.copy_up(&mut walk, dentry, Why::Data)?;
            let now = fs.now;
            let Some(inode) = fs.upper.get_mut(ino) else { return Err(Errno::EIO) };
            if inode.size() != len {
                inode.meta.mtime = now;
            }
            resize(inode, len);
            fs.steps.push(Step::Change { path: walk.path(), what: What::Size });
            Ok(())
        })
    }

    /// Takes a name away; of a file that lower layers have, by a whiteout.
    pub fn unlink(&mut self, path: &[u8]) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let mut walk = fs.walk_real_last(path)?;
            if walk.last != Last::Name {
                return Err(Errno::EISDIR);
            }
            let dentry = walk.found.ok_or(Errno::ENOENT)?;
            if fs.kind_of(dentry) == Kind::Directory {
                return Err(Errno::EISDIR);
            }
            if walk.slash {
                return Err(Errno::ENOTDIR);
            }
            fs.removed(&mut walk)
        })
    }

    /// Removes an empty directory: one of which everything is deleted is empty.
    pub fn rmdir(&mut self, path: &[u8]) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let mut walk = fs.walk_real_last(path)?;
            match walk.last {
                Last::Name => {}
                Last::Root => return Err(Errno::EBUSY),
                Last::Dot => return Err(Errno::EINVAL),
                Last::DotDot => return Err(Errno::ENOTEMPTY),
            }
            let dentry = walk.found.ok_or(Errno::ENOENT)?;
            if fs.kind_of(dentry) != Kind::Directory {
                return Err(Errno::ENOTDIR);
            }
            if !fs.list(dentry).is_empty() {
                return Err(Errno::ENOTEMPTY);
            }
            fs.removed(&mut walk)
        })
    }

    /// Makes a directory; where one was deleted, an opaque one.
    pub fn mkdir(&mut self, path: &[u8], mode: u16) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let mut walk = fs.free_name(path, true)?;
            let meta = fs.new_meta(mode & 0o1777);
            fs.created(&mut walk, meta, Data::Directory(Directory::default())).map(drop)
        })
    }

    /// Makes a symbolic link.
    pub fn symlink(&mut self, target: &[u8], path: &[u8]) -> Result<Trace, Errno> {
        self.traced(|fs| {
            match target.len() {
                0 => return Err(Errno::ENOENT),
                4096.. => return Err(Errno::ENAMETOOLONG),
                _ => {}
            }
            let mut walk = fs.free_name(path, false)?;
            let meta = fs.new_meta(0o777);
            fs.created(&mut walk, meta, Data::Symlink(target.into())).map(drop)
        })
    }

    /// Makes a device, a pipe or an empty file. A character device 0/0 cannot be made: that is a whiteout.
    pub fn mknod(&mut self, path: &[u8], kind: Kind, mode: u16, device: (u32, u32)) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let mut walk = fs.free_name(path, false)?;
            let data = match kind {
                Kind::CharDevice if device == (0, 0) => return Err(Errno::EPERM),
                Kind::CharDevice | Kind::BlockDevice => Data::Node(kind, device),
                Kind::Fifo => Data::Node(kind, (0, 0)),
                Kind::File => Data::File { content: Content::default(), metacopy: false },
                Kind::Directory => return Err(Errno::EPERM),
                _ => return Err(Errno::EINVAL),
            };
            let meta = fs.new_meta(mode & 0o7777);
            fs.created(&mut walk, meta, data).map(drop)
        })
    }

    /// Gives a further name to a file, which is copied up for it. With `follow`, to what a symbolic link leads to.
    pub fn link(&mut self, from: &[u8], to: &[u8], follow: bool) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let (mut walk, dentry) = fs.looked_up(from, follow)?;
            fs.free_name(to, false)?;
            if fs.kind_of(dentry) == Kind::Directory {
                return Err(Errno::EPERM);
            }
            let ino = fs.copy_up(&mut walk, dentry, Why::Name)?;
            // The directories of the one may be those of the other, and be copied up now.
            let mut walk = fs.walk(to, false)?;
            let parent = fs.copy_up_parents(&mut walk)?;
            let kind = fs.upper.get(ino).map_or(Kind::File, Inode::kind);
            fs.upper.link(parent, BStr::new(&walk.name), ino);
            fs.touch(parent);
            fs.steps.push(Step::Create { path: walk.path(), kind });
            Ok(())
        })
    }

    /// Changes permissions. All of a lower file is copied for it, unless [`Options::metacopy`](super::Options::metacopy).
    pub fn chmod(&mut self, path: &[u8], mode: u16) -> Result<Trace, Errno> {
        self.changed(path, true, What::Mode, &mut |inode, _| {
            inode.meta.mode = mode & 0o7777;
            Ok(())
        })
    }

    /// Changes owner and group, where given. Of all but directories this takes setuid, setgid and capabilities away.
    pub fn chown(
        &mut self,
        path: &[u8],
        uid: Option<u32>,
        gid: Option<u32>,
        follow: bool,
    ) -> Result<Trace, Errno> {
        self.changed(path, follow, What::Owner, &mut |inode, _| {
            let meta = &mut inode.meta;
            meta.uid = uid.unwrap_or(meta.uid);
            meta.gid = gid.unwrap_or(meta.gid);
            if inode.kind() != Kind::Directory {
                drop_privileges(&mut inode.meta);
            }
            Ok(())
        })
    }

    /// Sets the time of last modification.
    pub fn utimes(&mut self, path: &[u8], mtime: Timestamp, follow: bool) -> Result<Trace, Errno> {
        self.changed(path, follow, What::Time, &mut |inode, _| {
            inode.meta.mtime = mtime;
            Ok(())
        })
    }

    pub(super) fn traced(&mut self, op: impl FnOnce(&mut Self) -> Done) -> Result<Trace, Errno> {
        self.steps.clear();
        op(self)?;
        Ok(Trace { steps: std::mem::take(&mut self.steps), copied: self.upper.copied })
    }

    /// Changes metadata of what is at a path.
    fn changed(
        &mut self,
        path: &[u8],
        follow: bool,
        what: What,
        change: &mut dyn FnMut(&mut Inode, Timestamp) -> Done,
    ) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let (mut walk, dentry) = fs.looked_up(path, follow)?;
            let ino = fs.copy_up(&mut walk, dentry, Why::Metadata)?;
            let now = fs.now;
            let Some(inode) = fs.upper.get_mut(ino) else { return Err(Errno::EIO) };
            change(inode, now)?;
            fs.steps.push(Step::Change { path: walk.path(), what });
            Ok(())
        })
    }

    /// What is at a path, and the step of its lookup.
    pub(super) fn looked_up(&mut self, path: &[u8], follow: bool) -> Result<(Walk, Dentry), Errno> {
        let (walk, dentry) = self.find(path, follow)?;
        self.steps.push(self.lookup_step(&walk));
        Ok((walk, dentry))
    }

    /// Walks to a name of its own: a symbolic link under it is not followed even before a slash.
    pub(super) fn walk_real_last(&self, path: &[u8]) -> Result<Walk, Errno> {
        let bare = path.iter().rposition(|&byte| byte != b'/').map_or(path, |last| &path[..=last]);
        let mut walk = self.walk(bare, false)?;
        walk.slash = bare.len() < path.len();
        Ok(walk)
    }

    /// A name that nothing has. Only that of a directory may have a slash after it.
    fn free_name(&mut self, path: &[u8], is_directory: bool) -> Result<Walk, Errno> {
        let walk = self.walk_real_last(path)?;
        if walk.last != Last::Name || walk.found.is_some() {
            return Err(Errno::EEXIST);
        }
        if walk.slash && !is_directory {
            return Err(Errno::ENOENT);
        }
        self.steps.push(self.lookup_step(&walk));
        Ok(walk)
    }

    /// Opens a file; gives its path and, if it is a regular one that was opened to be written, what is to be written to.
    fn opened(&mut self, path: &[u8], flags: OpenFlags, mode: u16) -> Result<(BString, Option<Ino>), Errno> {
        let must_make = flags.create && flags.exclusive;
        let mut walk = if must_make {
            self.walk_real_last(path)?
        } else if flags.create {
            // What would be made cannot be a directory, so a slash ends it, in a link's target too (Linux `open_last_lookups`).
            self.walk_by(path, |slash| !slash)?
        } else {
            self.walk(path, true)?
        };
        if flags.create && walk.slash && walk.last == Last::Name {
            return Err(Errno::EISDIR);
        }
        let Some(dentry) = walk.found else {
            if !flags.create {
                return Err(Errno::ENOENT);
            }
            self.steps.push(self.lookup_step(&walk));
            let meta = self.new_meta(mode & 0o7777);
            let data = Data::File { content: Content::default(), metacopy: false };
            let ino = self.created(&mut walk, meta, data)?;
            return Ok((walk.path(), Some(ino)));
        };
        if must_make {
            return Err(Errno::EEXIST);
        }
        let kind = self.kind_of(dentry);
        if kind == Kind::Directory && (flags.write || flags.create || flags.truncate) {
            return Err(Errno::EISDIR);
        }
        if walk.slash && kind != Kind::Directory {
            return Err(Errno::ENOTDIR);
        }
        self.steps.push(self.lookup_step(&walk));
        if kind != Kind::File || !(flags.write || flags.truncate) {
            return Ok((walk.path(), None));
        }
        let why = if flags.truncate { Why::Truncated } else { Why::Data };
        let ino = self.copy_up(&mut walk, dentry, why)?;
        if flags.truncate {
            let now = self.now;
            let Some(inode) = self.upper.get_mut(ino) else { return Err(Errno::EIO) };
            inode.meta.mtime = now;
            resize(inode, 0);
            self.steps.push(Step::Change { path: walk.path(), what: What::Size });
        }
        Ok((walk.path(), Some(ino)))
    }

    /// Writes to what was opened.
    fn written(&mut self, (path, ino): (BString, Option<Ino>), offset: u64, data: &Content) -> Done {
        // A device takes whatever it is given, and a pipe waits: neither is there.
        let ino = ino.ok_or(Errno::ENXIO)?;
        if data.is_empty() {
            return Ok(());
        }
        if offset.checked_add(data.len()).is_none_or(|end| end > MAX_SIZE) {
            return Err(Errno::EFBIG);
        }
        let now = self.now;
        let Some(inode) = self.upper.get_mut(ino) else { return Err(Errno::EIO) };
        if let Data::File { content, .. } = &mut inode.data {
            content.write(offset, data);
        }
        inode.meta.mtime = now;
        inode.meta.xattrs.retain(|(name, _)| name != CAPABILITY);
        self.steps.push(Step::Write { path, bytes: data.len() });
        Ok(())
    }

    /// Metadata of what is made by root.
    fn new_meta(&self, mode: u16) -> Meta {
        Meta { mode, uid: 0, gid: 0, mtime: self.now, xattrs: Vec::new() }
    }

    /// Makes something under a free name. A directory in place of a whiteout is opaque.
    fn created(&mut self, walk: &mut Walk, mut meta: Meta, mut data: Data) -> Result<Ino, Errno> {
        let parent = self.copy_up_parents(walk)?;
        if let Some(above) = self.upper.get(parent).filter(|above| above.meta.mode & 0o2000 != 0) {
            meta.gid = above.meta.gid;
            if let Data::Directory(_) = data {
                meta.mode |= 0o2000;
            }
        }
        let over_whiteout = self.upper.slot(parent, &walk.name) == Some(Slot::Whiteout);
        if let Data::Directory(directory) = &mut data {
            directory.opaque = over_whiteout;
        }
        let is_opaque = matches!(&data, Data::Directory(directory) if directory.opaque);
        let ino = self.upper.add(meta, data).ok_or(Errno::ENOSPC)?;
        let kind = self.upper.get(ino).map_or(Kind::File, Inode::kind);
        self.upper.link(parent, BStr::new(&walk.name), ino);
        self.touch(parent);
        self.steps.push(Step::Create { path: walk.path(), kind });
        if is_opaque {
            self.steps.push(Step::Opaque { path: walk.path() });
        }
        Ok(ino)
    }

    /// Takes a name away that is there and may go.
    fn removed(&mut self, walk: &mut Walk) -> Done {
        self.steps.push(self.lookup_step(walk));
        let is_below = self.is_below(walk);
        let parent = self.copy_up_parents(walk)?;
        if matches!(self.upper.slot(parent, &walk.name), Some(Slot::Inode(_))) {
            self.steps.push(Step::Remove { path: walk.path() });
        }
        self.upper.unlink(parent, BStr::new(&walk.name), is_below);
        self.touch(parent);
        if is_below {
            self.steps.push(Step::Whiteout { path: walk.path() });
        }
        Ok(())
    }

    /// Whether the layers below have something under the last name of a path, so that only a whiteout can delete it.
    pub(super) fn is_below(&self, walk: &Walk) -> bool {
        walk.parent().lower.is_some_and(|node| self.lower.child(node, &walk.name).is_some())
    }

    /// A directory has changed.
    pub(super) fn touch(&mut self, directory: Ino) {
        let now = self.now;
        if let Some(inode) = self.upper.get_mut(directory) {
            inode.meta.mtime = now;
        }
    }
}

fn resize(inode: &mut Inode, len: u64) {
    if let Data::File { content, .. } = &mut inode.data {
        content.truncate(len);
    }
    inode.meta.xattrs.retain(|(name, _)| name != CAPABILITY);
}

/// What a change of owner takes away (chown(2)).
fn drop_privileges(meta: &mut Meta) {
    meta.mode &= !0o4000;
    if meta.mode & 0o010 != 0 {
        meta.mode &= !0o2000;
    }
    meta.xattrs.retain(|(name, _)| name != CAPABILITY);
}
