//! Containers: a writable layer over an image, changed as the kernel's overlayfs would change it
//! (Documentation/filesystems/overlayfs.rst), and what becomes of it.

mod commit;
mod content;
mod copy_up;
mod errno;
mod fs;
mod images;
mod kept;
mod kept_upper;
mod layer;
mod ledger;
mod lower;
mod ops;
mod options;
mod read;
mod rename;
mod rope;
mod save;
mod shelf;
mod stream;
mod time;
mod trace;
mod upper;
mod xattr;

pub use commit::{Commit, LOCAL};
pub use content::{Chunk, Content};
pub use errno::Errno;
pub use fs::{ContainerFs, Stat};
pub use images::{ImageKey, ImageSize, Removed, SharedLayer, ShelfImage};
pub use kept::{Files, Keep, KeptError, KeptShelf, MadeLayers, Recalled};
pub use layer::TarItem;
pub use ledger::{Ledger, ToWrite};
pub use lower::Lower;
pub use ops::OpenFlags;
pub use options::Options;
pub use read::{ReadAt, drain};
pub use rope::{Part, Rope};
pub use save::{SaveFormat, familiar};
pub use shelf::{ArchiveId, Archives, Container, Given, NewContainer, Opened, Shelf, ShelfError, Status};
pub use time::rfc3339;
pub use trace::{Answer, Place, Step, Trace, What, Why};
pub use upper::{Data, Directory, Ino, Inode, Meta, Slot, Upper};
