//! Renaming (rename(2)), the operation with the most cases.

use bstr::{BStr, BString};

use super::{
    ContainerFs, Errno, Step, Trace, Why,
    fs::{Dentry, Last, Walk},
    upper::{Data, Ino, Slot},
};
use crate::{layer::Kind, tree::NodeId};

impl ContainerFs<'_> {
    /// Moves what is at one path to another, in place of what is there. A lower file is copied up for it, all of it, and
    /// a whiteout stays where it was.
    ///
    /// # Errors
    ///
    /// `EXDEV` for a directory that lower layers have a part in, unless
    /// [`Options::redirect_dir`](super::Options::redirect_dir); and as rename(2).
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let (old, new) = (fs.walk_real_last(from)?, fs.walk_real_last(to)?);
            let Some(dentry) = fs.may_rename(&old, &new)? else { return Ok(()) };
            fs.steps.push(fs.lookup_step(&old));
            fs.steps.push(fs.lookup_step(&new));
            fs.renamed(old, new, dentry)
        })
    }

    /// What is to be moved, if that may be; `None` if there is nothing to do. The kernel looks in this order.
    fn may_rename(&self, old: &Walk, new: &Walk) -> Result<Option<Dentry>, Errno> {
        if old.last != Last::Name || new.last != Last::Name {
            return Err(Errno::EBUSY);
        }
        let dentry = old.found.ok_or(Errno::ENOENT)?;
        let is_directory = self.kind_of(dentry) == Kind::Directory;
        if !is_directory && (old.slash || new.slash) {
            return Err(Errno::ENOTDIR);
        }
        let (old_path, new_path) = (old.path(), new.path());
        let is_inside = |path: &[u8], directory: &[u8]| {
            path.strip_prefix(directory).is_some_and(|rest| rest.starts_with(b"/"))
        };
        if is_inside(&new_path, &old_path) {
            return Err(Errno::EINVAL);
        }
        if is_inside(&old_path, &new_path) {
            return Err(Errno::ENOTEMPTY);
        }
        let target_is_directory = new.found.map(|target| self.kind_of(target) == Kind::Directory);
        if old_path == new_path || (new.found.is_some() && self.is_same(dentry, new.found)) {
            return Ok(None);
        }
        match (is_directory, target_is_directory) {
            (true, Some(false)) => return Err(Errno::ENOTDIR),
            (false, Some(true)) => return Err(Errno::EISDIR),
            _ => {}
        }
        if is_directory && dentry.lower.is_some() && !self.options.redirect_dir {
            return Err(Errno::EXDEV);
        }
        if new.found.is_some_and(|target| target_is_directory == Some(true) && !self.list(target).is_empty())
        {
            return Err(Errno::ENOTEMPTY);
        }
        Ok(Some(dentry))
    }

    /// Whether both are names of one file.
    fn is_same(&self, old: Dentry, new: Option<Dentry>) -> bool {
        let ino = |dentry: Dentry| dentry.upper.filter(|_| self.kind_of(dentry) != Kind::Directory);
        new.and_then(ino).is_some_and(|new| ino(old) == Some(new))
    }

    fn renamed(&mut self, mut old: Walk, mut new: Walk, dentry: Dentry) -> Result<(), Errno> {
        let is_below = self.is_below(&old);
        let lower = dentry.lower;
        let ino = self.copy_up(&mut old, dentry, Why::Name)?;
        let old_parent = self.copy_up_parents(&mut old)?;
        let new_parent = self.copy_up_parents(&mut new)?;
        let (old_path, new_path) = (old.path(), new.path());
        self.mark_moved(ino, lower, new_path.clone(), new_parent);
        if matches!(self.upper.slot(new_parent, &new.name), Some(Slot::Inode(_))) {
            self.steps.push(Step::Remove { path: new_path.clone() });
        }
        // In this order: the file never is without a name.
        self.upper.link(new_parent, BStr::new(&new.name), ino);
        self.upper.unlink(old_parent, BStr::new(&old.name), is_below);
        self.touch(old_parent);
        self.touch(new_parent);
        self.steps.push(Step::Move { from: old_path.clone(), to: new_path });
        if is_below {
            self.steps.push(Step::Whiteout { path: old_path });
        }
        Ok(())
    }

    /// What a directory needs to be the same elsewhere: an opaque mark where the new place would be merged with it, or a
    /// note of where it stands below.
    fn mark_moved(&mut self, ino: Ino, lower: Option<NodeId>, path: BString, new_parent: Ino) {
        let is_merged = self.upper.get(new_parent).and_then(|inode| inode.directory()?.lower).is_some();
        let Some(Data::Directory(directory)) = self.upper.get_mut(ino).map(|inode| &mut inode.data) else {
            return;
        };
        match lower {
            Some(node) => {
                directory.redirect = true;
                let lower = self.lower.path(node);
                self.steps.push(Step::Redirect { path, lower });
            }
            None if is_merged && !directory.opaque => {
                directory.opaque = true;
                self.steps.push(Step::Opaque { path });
            }
            None => {}
        }
    }
}
