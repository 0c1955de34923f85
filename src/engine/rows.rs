//! Images and containers as docker lists them.

use super::ContainerId;
use crate::container::{Given, ImageKey, Options};

/// An image as `docker image ls` shows it.
#[derive(Debug, Clone)]
pub(crate) struct ImageRow {
    pub(crate) id: String,
    /// As docker shows them, `debian:12`.
    pub(crate) names: Vec<String>,
    /// The digest of its manifest, if it has one.
    pub(crate) digest: Option<String>,
    pub(crate) created: Option<i64>,
    /// Bytes of its layers, and of those that other images share.
    pub(crate) size: u64,
    pub(crate) shared: u64,
    /// Without a name, and other images were made of it.
    pub(crate) intermediate: bool,
    /// DiffIds and sizes.
    pub(crate) layers: Vec<(String, u64)>,
    /// How many containers stand on it.
    pub(crate) containers: usize,
}

/// A step of an image's history.
#[derive(Debug, Clone)]
pub(crate) struct HistoryStep {
    pub(crate) created: Option<String>,
    pub(crate) created_by: String,
    pub(crate) comment: Option<String>,
    /// Bytes of its layer; `None` if that was not read.
    pub(crate) size: Option<u64>,
}

/// Whether a container is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    Up,
    /// With which status, and when.
    Exited(i32, i64),
}

impl Status {
    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Up => "running",
            Self::Exited(..) => "exited",
        }
    }
}

/// A container as `docker ps` shows it.
#[derive(Debug, Clone)]
pub(crate) struct ContainerRow {
    pub(crate) id: ContainerId,
    pub(crate) hex: String,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) image_id: String,
    pub(crate) key: Option<ImageKey>,
    /// What is run in it, word by word.
    pub(crate) command: Vec<String>,
    pub(crate) given: Given,
    pub(crate) created: i64,
    pub(crate) status: Status,
    /// As docker says it: `Up 5 minutes`.
    pub(crate) status_text: String,
    /// Bytes of its own layer, and of the image's.
    pub(crate) size: u64,
    pub(crate) lower: u64,
}

/// What a new container is to be.
pub(crate) struct NewContainer {
    pub(crate) options: Options,
    pub(crate) image: ImageKey,
    pub(crate) name: Option<String>,
    pub(crate) command: Vec<String>,
    pub(crate) given: Given,
}
