//! Extended attributes (xattr(7)).

use super::{ContainerFs, Errno, Step, Trace, What, Why, fs::Dentry, ops::Done};
use crate::layer::Kind;

/// The longest name of an attribute, in bytes.
const XATTR_NAME_MAX: usize = 255;
/// What overlayfs keeps for itself.
pub(super) const OVERLAY_XATTR: &[u8] = b"trusted.overlay.";

#[allow(clippy::missing_errors_doc, reason = "those of the system calls")]
impl ContainerFs<'_> {
    /// Sets an extended attribute.
    pub fn set_xattr(
        &mut self,
        path: &[u8],
        name: &[u8],
        value: &[u8],
        follow: bool,
    ) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let (mut walk, dentry) = fs.looked_up(path, follow)?;
            fs.may_have_xattr(dentry, name)?;
            let ino = fs.copy_up(&mut walk, dentry, Why::Metadata)?;
            // That there is no such kind is for the filesystem of the upper directory to say.
            is_known_xattr(name)?;
            let Some(inode) = fs.upper.get_mut(ino) else { return Err(Errno::EIO) };
            let xattrs = &mut inode.meta.xattrs;
            xattrs.retain(|(other, _)| other != name);
            xattrs.push((name.into(), value.into()));
            xattrs.sort_unstable();
            fs.steps.push(Step::Change { path: walk.path(), what: What::Xattr });
            Ok(())
        })
    }

    /// Takes an extended attribute away. Nothing is copied up for one that is not there.
    pub fn remove_xattr(&mut self, path: &[u8], name: &[u8], follow: bool) -> Result<Trace, Errno> {
        self.traced(|fs| {
            let (mut walk, dentry) = fs.looked_up(path, follow)?;
            fs.may_have_xattr(dentry, name)?;
            is_known_xattr(name)?;
            if !fs.stat_of(dentry).meta.xattrs.iter().any(|(other, _)| other == name) {
                return Err(Errno::ENODATA);
            }
            let ino = fs.copy_up(&mut walk, dentry, Why::Metadata)?;
            let Some(inode) = fs.upper.get_mut(ino) else { return Err(Errno::EIO) };
            inode.meta.xattrs.retain(|(other, _)| other != name);
            fs.steps.push(Step::Change { path: walk.path(), what: What::Xattr });
            Ok(())
        })
    }

    fn may_have_xattr(&self, dentry: Dentry, name: &[u8]) -> Done {
        if name.is_empty() || name.len() > XATTR_NAME_MAX {
            return Err(Errno::ERANGE);
        }
        if name.starts_with(OVERLAY_XATTR) {
            return Err(Errno::EOPNOTSUPP);
        }
        if name.starts_with(b"user.") {
            // user.* says something about content (xattr(7)).
            let has_content = matches!(self.kind_of(dentry), Kind::File | Kind::Directory);
            return if has_content { Ok(()) } else { Err(Errno::EPERM) };
        }
        Ok(())
    }
}

fn is_known_xattr(name: &[u8]) -> Done {
    let spaces = [&b"user."[..], b"trusted.", b"security."];
    let is_known = spaces.iter().any(|space| name.len() > space.len() && name.starts_with(space));
    if is_known { Ok(()) } else { Err(Errno::EOPNOTSUPP) }
}
