//! What page and worker say of indexes that the browser keeps.

use serde::{Deserialize, Serialize};

/// What the page can ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// What is kept.
    List,
    /// Keep the index of the archive that is asked about.
    Keep,
    /// Forget what is kept under a key.
    Forget(String),
    /// Forget everything that is kept.
    ForgetAll,
}

/// The answer to each [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What is kept now, the newest first.
    pub kept: Vec<KeptIndex>,
    /// Whether the archive that was asked about can be kept.
    pub own: Own,
}

/// An index that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptIndex {
    /// What it is kept under.
    pub key: String,
    /// The name of the archive; empty if what is kept cannot be read.
    pub name: String,
    /// The length of the archive in bytes.
    pub len: u64,
    /// When it was kept, in seconds since 1970.
    pub saved: i64,
    /// How many bytes it takes.
    pub bytes: u64,
}

/// Whether an archive's index can be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Own {
    /// It can, under this key.
    Under(String),
    /// Not before every layer is read to its end.
    Unread,
    /// It cannot be told from others by its documents, or lacks layers, or is compressed as a whole.
    Unfit,
}

/// What became of a kept index when its archive was opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// The layers are listed from it. Each is still to be read again.
    Recalled,
    /// A layer that was read again was not what had been kept: it is shown as it is now, and what was kept is gone.
    Contradicted,
    /// It is of another version of this page, and gone.
    Outdated,
    /// It was damaged, and is gone.
    Damaged,
}
