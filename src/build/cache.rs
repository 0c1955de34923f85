//! The build cache, as docker explains it: a step is taken from it if the same instruction was built on the same image, and for
//! `COPY` and `ADD` what is copied is the same.

use std::collections::BTreeMap;

use crate::digest::Digest;

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
