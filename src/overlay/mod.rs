//! The union of an image's layers: what is visible at each height, and what each layer did to each path.

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
