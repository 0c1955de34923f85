//! What an operation made the union filesystem do, step by step.

use bstr::BString;
use serde::{Deserialize, Serialize};

use crate::layer::Kind;

/// The steps of one operation, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Trace {
    /// What was done.
    pub steps: Vec<Step>,
    /// Bytes that were copied up since the container was made, this operation included.
    pub copied: u64,
}

impl Trace {
    /// Bytes that this operation copied up.
    pub fn copied_now(&self) -> u64 {
        let bytes = |step: &Step| if let Step::CopyUp { bytes, .. } = step { *bytes } else { 0 };
        self.steps.iter().map(bytes).sum()
    }
}

/// One step. Paths are from the root, without a leading slash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// A path was looked for from the top down.
    Lookup {
        /// The path.
        path: BString,
        /// Who was asked, and what it had; further down nobody was asked.
        asked: Vec<(Place, Answer)>,
    },
    /// What a lower layer has was copied to the upper directory.
    CopyUp {
        /// The path.
        path: BString,
        /// What it is.
        kind: Kind,
        /// Bytes of content that this copied: none for a directory, or a file about to be emptied.
        bytes: u64,
        /// Why.
        why: Why,
    },
    /// The upper directory got something new.
    Create {
        /// The path.
        path: BString,
        /// What it is.
        kind: Kind,
    },
    /// A file of the upper directory was written to.
    Write {
        /// The path.
        path: BString,
        /// How many bytes.
        bytes: u64,
    },
    /// Metadata of something in the upper directory was changed.
    Change {
        /// The path.
        path: BString,
        /// What of it.
        what: What,
    },
    /// A whiteout was written: a character device 0/0, `.wh.name` in a layer.
    Whiteout {
        /// The path that it hides.
        path: BString,
    },
    /// A directory was made opaque.
    Opaque {
        /// The directory.
        path: BString,
    },
    /// Something was taken out of the upper directory.
    Remove {
        /// The path.
        path: BString,
    },
    /// Something moved within the upper directory.
    Move {
        /// From here.
        from: BString,
        /// To here.
        to: BString,
    },
    /// A directory remembers where it stands below (`redirect_dir`).
    Redirect {
        /// The directory.
        path: BString,
        /// Its path in the lower layers.
        lower: BString,
    },
}

/// Who is asked for a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// The container's writable layer.
    Upper,
    /// A layer of the image, 0 at the bottom.
    Layer(u32),
}

/// What somebody has at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing: the next one is asked.
    Nothing,
    /// This, and that is the answer; of a directory the next one is asked as well.
    Has(Kind),
    /// A directory that hides those below.
    Opaque,
    /// A whiteout: the path is deleted.
    Whiteout,
    /// Something above the path hides it from here on.
    Hidden,
}

/// Why something is copied up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Why {
    /// Something in it is to be.
    Parent,
    /// It is opened to be written.
    Data,
    /// It is opened to be written, and emptied.
    Truncated,
    /// Its metadata is changed: all the same, its content is copied.
    Metadata,
    /// Its metadata is changed, and that alone copied (`metacopy`).
    MetadataOnly,
    /// Another name is given to it, or it is moved.
    Name,
    /// It is a further name of what was copied up before (`index`).
    Index,
}

/// What of the metadata is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum What {
    /// Permissions.
    Mode,
    /// Owner and group.
    Owner,
    /// Time of last modification.
    Time,
    /// An extended attribute.
    Xattr,
    /// Its length.
    Size,
    /// How many names it has.
    Links,
}
