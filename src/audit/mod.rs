//! What an image's layers cost, measured two ways: by what their merge no longer shows, and by the numbers
//! of dive, which many know (see `docs/dive-differences.md` for how they differ).
//!
//! Both are linear in the entries of the layers, each weighed by the depth of its path.

mod dive;
mod reclaimable;

pub use dive::{Dive, dive};
pub use reclaimable::{Reclaimable, reclaimable};

use serde::{Deserialize, Serialize};

/// Both measures of one image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// What dive says.
    pub dive: Dive,
    /// What the merged filesystem does not show.
    pub reclaimable: Reclaimable,
}
