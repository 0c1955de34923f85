//! The union of an image's layers: what is visible at each height, and what each layer did to each path
//! (OCI image spec, layer.md, "Applying Changesets"; the kernel's Documentation/filesystems/overlayfs.rst).

mod stack;

pub use stack::{Cause, Event, FileRef, LayerIndex, Stack, State};

use serde::{Deserialize, Serialize};

/// What a layer does to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mark {
    /// It was not there below.
    Added,
    /// It was there below and is replaced by something else.
    Modified,
    /// It was there below with the same content; only metadata differs, if anything.
    Metadata,
    /// A whiteout deletes it.
    Deleted,
    /// Something above it hides it: a directory deleted or replaced, or made opaque.
    Hidden,
}

impl Mark {
    /// Whether the path is gone after it.
    pub fn removes(self) -> bool {
        matches!(self, Self::Deleted | Self::Hidden)
    }
}
