//! The build cache, as docker explains it: a step is taken from it if the same instruction was built on the same image, and for
//! `COPY` and `ADD` what is copied is the same.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Why a step was taken from the cache, or was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// `FROM` an image: it is taken as it is.
    Base,
    /// `FROM scratch`.
    Scratch,
    /// It makes no image.
    NoImage,
    /// The same instruction was built on the same image.
    Built,
    /// The cache was not to be used.
    NoCache,
    /// A step before it was not in the cache.
    AfterMiss,
    /// This instruction was not built on this image before.
    New,
    /// What it copies has changed.
    Changed,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "the image as it is",
            Self::Scratch => "an empty image",
            Self::NoImage => "it makes no layer",
            Self::Built => "the same instruction was built on the same image",
            Self::NoCache => "--no-cache",
            Self::AfterMiss => "a step before it was not in the cache",
            Self::New => "this instruction was not built on this image before",
            Self::Changed => "what it copies has changed",
        })
    }
}

/// What was built.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    /// By the image it was built on (empty for none) and the instruction: the digest of what it copied, and the image.
    steps: BTreeMap<(String, String), Vec<(String, Digest)>>,
}

/// What the cache has of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// The image.
    Hit(Digest),
    /// Not this instruction on this image.
    NoStep,
    /// This instruction, but it copied something else.
    OtherContent,
}

impl Cache {
    /// Looks for a step. An image that is gone from the shelf, which `is_there` tells, is no hit.
    pub(super) fn find(
        &self,
        parent: &str,
        text: &str,
        content: &str,
        is_there: impl Fn(&Digest) -> bool,
    ) -> Found {
        let Some(known) = self.steps.get(&(parent.to_owned(), text.to_owned())) else { return Found::NoStep };
        let there = known.iter().filter(|(_, image)| is_there(image));
        match there.clone().find(|(of, _)| of == content) {
            Some((_, image)) => Found::Hit(image.clone()),
            None if there.count() > 0 => Found::OtherContent,
            None => Found::NoStep,
        }
    }

    /// Remembers a step.
    pub(super) fn keep(&mut self, parent: &str, text: &str, content: &str, image: Digest) {
        let known = self.steps.entry((parent.to_owned(), text.to_owned())).or_default();
        known.retain(|(of, _)| of != content);
        known.push((content.to_owned(), image));
    }
}
