//! Containers: a writable layer over an image, changed as the kernel's overlayfs would change it
//! (Documentation/filesystems/overlayfs.rst), and what becomes of it.

mod content;
mod errno;
mod fs;
mod lower;
mod ops;
mod options;
mod read;
mod rename;
mod trace;
mod upper;

pub use content::{Chunk, Content};
pub use errno::Errno;
pub use fs::{ContainerFs, Stat};
pub use lower::Lower;
pub use ops::OpenFlags;
pub use options::Options;
pub use read::{ReadAt, drain};
pub use trace::{Answer, Place, Step, Trace, What, Why};
pub use upper::{Data, Directory, Ino, Inode, Meta, Slot, Upper};
