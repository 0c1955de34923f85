//! What the kernel's overlayfs can be told to do differently.

use serde::{Deserialize, Serialize};

/// Options of the mount; all of them off, as container engines have them where they write layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Options {
    /// A change of metadata copies the metadata only; the content follows when it is written to.
    pub metacopy: bool,
    /// A lower file with several names stays one file when it is copied up.
    pub index: bool,
    /// A directory that lower layers have a part in can be renamed: it remembers where it stands below.
    pub redirect_dir: bool,
}
