//! Names of images, read as `distribution/reference` reads them.
//!
//! [`Parts`] is the grammar as it stands; [`Reference`] adds what Docker adds to a short name: the registry, the `library/`
//! namespace, the tag.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::url::{Origin, is_ipv6};
use crate::digest::{self, Digest};

/// Public registries that a gateway asks unless its user says otherwise: where images are looked for, and whose requests
/// no secret network answers.
pub const PUBLIC_REGISTRIES: [&str; 11] = [
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "lscr.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "quay.io",
    "registry.access.redhat.com",
    "registry.fedoraproject.org",
    "registry.gitlab.com",
    "registry.k8s.io",
];

/// Docker's own registry, as names call it.
pub const DOCKER: &str = "docker.io";
/// Where its API is found.
const DOCKER_API: &str = "registry-1.docker.io";
/// Its name in old configurations.
const DOCKER_OLD: &str = "index.docker.io";
/// The most bytes of a repository's name.
const NAME: usize = 255;
/// The most bytes of a tag.
const TAG: usize = 128;

/// A text that names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no name.
    #[error("there is no name")]
    Empty,
    /// A repository's name is in lower case.
    #[error("a repository's name has no capital letters")]
    Uppercase,
    /// The name is longer than 255 bytes.
    #[error("the name is longer than 255 bytes")]
    TooLong,
    /// 64 hex digits alone are an image's id, which no registry is asked for.
    #[error("64 hex digits are an image's id, not its name")]
    Identifier,
    /// It does not follow the grammar.
    #[error("this is not the name of an image")]
    Format,
    /// What stands after `@` is not a digest that can be verified.
    #[error(transparent)]
    Digest(#[from] digest::ParseError),
}

/// A name taken apart, nothing added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts<'t> {
    /// What stands before the first `/`, where that can be a host.
    pub domain: Option<&'t str>,
    /// The rest of the name.
    pub path: &'t str,
    /// What stands after `:`.
    pub tag: Option<&'t str>,
    /// What stands after `@`.
    pub digest: Option<Digest>,
}

impl<'t> Parts<'t> {
    /// Takes a text apart.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn parse(text: &'t str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::Empty);
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        // A colon within the last part of the path is a tag's: a port stands before a slash.
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match name[last..].rfind(':') {
            Some(colon) => (&name[..last + colon], Some(&name[last + colon + 1..])),
            None => (name, None),
        };
        let (domain, path) = split_name(name);
        if !is_path(path) || tag.is_some_and(|tag| !is_tag(tag)) {
            let lower = path.to_ascii_lowercase();
            return Err(if lower != path && is_path(&lower) { Error::Uppercase } else { Error::Format });
        }
        if name.len() > NAME {
            return Err(Error::TooLong);
        }
        let digest = digest.map(str::parse).transpose()?;
        Ok(Self { domain, path, tag, digest })
    }
}

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The registry as it is named: a host, perhaps with a port.
    pub registry: String,
    /// The repository there.
    pub repository: String,
    /// The tag. `latest` where neither tag nor digest is given.
    pub tag: Option<String>,
    /// The digest of a manifest or index; it wins over the tag.
    pub digest: Option<Digest>,
}

impl Reference {
    /// Reads a name as Docker does: `nginx` is `docker.io/library/nginx:latest`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut reference = Self::parse_untagged(text)?;
        if reference.tag.is_none() && reference.digest.is_none() {
            reference.tag = Some("latest".to_owned());
        }
        Ok(reference)
    }

    /// The same without adding a tag.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn parse_untagged(text: &str) -> Result<Self, Error> {
        if is_identifier(text) {
            return Err(Error::Identifier);
        }
        let (registry, rest) = split_registry(text);
        let rest = match registry {
            DOCKER if !rest.contains('/') => format!("library/{rest}"),
            _ => rest.to_owned(),
        };
        // A name that is bare, or its first part no host, is all path.
        let full = format!("{registry}/{rest}");
        let name_end = rest.find([':', '@']).unwrap_or(rest.len());
        if rest[..name_end].bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(Error::Uppercase);
        }
        if text.is_empty() {
            return Err(Error::Empty);
        }
        let parts = Parts::parse(&full)?;
        match parts.domain {
            Some(domain) if domain == registry => Ok(Self {
                registry: registry.to_owned(),
                repository: parts.path.to_owned(),
                tag: parts.tag.map(str::to_owned),
                digest: parts.digest,
            }),
            _ => Err(Error::Format),
        }
    }

    /// Where the registry's API is found.
    pub fn origin(&self) -> Origin {
        Origin::of_registry(if self.registry == DOCKER { DOCKER_API } else { &self.registry })
    }

    /// What a manifest is asked for by: the digest if there is one, or else the tag.
    pub fn wanted(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// Registry and repository.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// As short as Docker would write it.
    pub fn familiar_name(&self) -> String {
        match (self.registry.as_str(), self.repository.split_once('/')) {
            (DOCKER, Some(("library", name))) if !name.contains('/') => name.to_owned(),
            (DOCKER, _) => self.repository.clone(),
            _ => self.name(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.registry)?;
        f.write_str("/")?;
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            f.write_str(":")?;
            f.write_str(tag)?;
        }
        if let Some(digest) = &self.digest {
            f.write_str("@")?;
            fmt::Display::fmt(digest, f)?;
        }
        Ok(())
    }
}

/// The registry that a name begins with, Docker's if it begins with none, and the rest.
fn split_registry(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((DOCKER | DOCKER_OLD, rest)) => (DOCKER, rest),
        // What cannot be the name of a user there is a host.
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        _ => (DOCKER, text),
    }
}

/// The host of a name, if it has one, and its path.
fn split_name(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((domain, path)) if is_domain(domain) => (Some(domain), path),
        _ => (None, name),
    }
}

/// An image's id.
fn is_identifier(text: &str) -> bool {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.len() == 64 && text.bytes().all(is_hex)
}

/// A host, perhaps with a port.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if is_ipv6(address) => (None, port),
            _ => return false,
        },
        None => match text.find(':') {
            Some(colon) => (Some(&text[..colon]), &text[colon..]),
            None => (Some(text), ""),
        },
    };
    let is_label = |label: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_port = |port: &str| {
        port.is_empty()
            || port
                .strip_prefix(':')
                .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    host.is_none_or(|host| host.split('.').all(is_label)) && is_port(port)
}

fn is_path(text: &str) -> bool {
    text.split('/').all(is_component)
}

/// Lower-case letters and digits, with `.`, `_`, `__` or any number of `-` between them.
fn is_component(text: &str) -> bool {
    let is_word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let separators = bytes.split(is_word).filter(|separator| !separator.is_empty());
    let is_separator = |s: &[u8]| matches!(s, b"." | b"_" | b"__") || s.iter().all(|b| *b == b'-');
    is_word(first) && is_word(last) && separators.into_iter().all(is_separator)
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = text.bytes();
    text.len() <= TAG
        && bytes.next().is_some_and(is_word)
        && bytes.all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
