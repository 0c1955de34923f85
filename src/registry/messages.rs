//! What page and worker tell each other about images elsewhere.

use serde::{Deserialize, Serialize};

use super::{Choice, Credentials, Referrer, Trouble};
use crate::digest::Digest;

/// What is to be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Where it is: what [`super::Place::parse`] reads.
    pub place: String,
    /// The platform, or the digest of the manifest, of several.
    pub choice: Option<String>,
    /// The URL of a gateway that forwards requests to registries; nobody else is asked then.
    pub gateway: Option<String>,
    /// Whether all layers are fetched at once; otherwise those that are asked for.
    pub pull: bool,
}

impl Remote {
    /// A place to look at without fetching its layers.
    pub fn look(place: &str) -> Self {
        Self { place: place.to_owned(), choice: None, gateway: None, pull: false }
    }
}

/// What the page can ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Keep a name and a password for the registry of a place, in memory. Answered with [`Answer::Done`].
    LogIn {
        /// The place.
        place: String,
        /// Who is there.
        credentials: Credentials,
    },
    /// Fetch layers of the first image: those at these places, or all if none are named. Answered with [`Answer::Done`].
    Fetch(Vec<u32>),
    /// The tags of a repository. Answered with [`Answer::Tags`].
    Tags {
        /// The place.
        place: String,
        /// As in [`Remote`].
        gateway: Option<String>,
        /// What [`Answer::Tags`] said there is more at.
        next: Option<String>,
    },
    /// What refers to the open image: signatures, attestations. Answered with [`Answer::Referrers`].
    Referrers,
    /// The documents of an artifact of the open image's repository, by the digest of its manifest. Answered with
    /// [`Answer::Documents`].
    Read(Digest),
}

/// Answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done.
    Done,
    /// Tags, as far as they are known.
    Tags {
        /// The tags, in the registry's order.
        tags: Vec<String>,
        /// Where there are more.
        next: Option<String>,
        /// What the registry has to say to people.
        warnings: Vec<String>,
    },
    /// What refers to the image, and why more of it may be unknown.
    Referrers(Vec<Referrer>, Option<(Trouble, String)>),
    /// Documents.
    Documents(Vec<ArtifactDocument>),
}

/// A document of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactDocument {
    /// Its media type.
    pub media_type: String,
    /// What is in it, as [`super::readable`] has it; `None` if it is not JSON.
    pub json: Option<String>,
    /// Its bytes; `None` if it is too large to be read, or comes after as much as is kept of an artifact.
    pub raw: Option<Vec<u8>>,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// There are several images: opening has ended, and is to be begun anew with a choice.
    Choose(Vec<Choice>),
    /// What is open is elsewhere.
    Opened {
        /// Where.
        place: String,
        /// The digest of the image's manifest, for a link to this very image; `None` for an archive.
        manifest: Option<Digest>,
    },
    /// How far a layer is. How many bytes of it have come is told as progress.
    Layer {
        /// The image.
        image: u32,
        /// The layer.
        layer: u32,
        /// How far.
        pull: Pull,
    },
    /// An archive is read while it comes: so many tars of it, which are layers in all likelihood, have been read.
    Passed(u32),
    /// What the server has to say to people.
    Warning(String),
    /// Layers are being fetched once more.
    Resumed,
}

/// How far a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pull {
    /// It is fetched when it is asked for.
    OnDemand,
    /// It is fetched when those before it are.
    Waiting,
    /// Its bytes are coming.
    Downloading,
    /// The server is asked again in so many milliseconds.
    Retrying(u64),
    /// All its bytes are there, and are being read.
    Verifying,
    /// Another open image has the same blob: it was not fetched.
    Exists,
    /// It was fetched and read.
    Complete,
}

impl Pull {
    /// Whether more of the layer is on its way, or will be.
    pub fn is_under_way(self) -> bool {
        !matches!(self, Self::OnDemand | Self::Exists | Self::Complete)
    }
}
