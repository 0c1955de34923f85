//! Where an image is, as a reader types it.

use super::{
    reference::{self, Reference},
    url::{self, Origin},
};

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a registry.
    Registry(Reference),
    /// An OCI image layout on a web server: the URL of its directory, with a slash at the end.
    Layout(String),
    /// An archive on a web server.
    Archive(String),
}

/// A text that says of no place where an image is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It is not the name of an image.
    #[error(transparent)]
    Reference(#[from] reference::Error),
    /// It is a URL, of the wrong sort.
    #[error(transparent)]
    Url(#[from] url::Error),
}

impl Place {
    /// Reads what was typed: the name of an image, also with `docker://` before it; the URL of a layout's directory (a
    /// slash at its end, or one of its files); or that of an archive.
    ///
    /// # Errors
    /// See [`PlaceError`].
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let text = text.trim();
        if let Some(name) = text.strip_prefix("docker://") {
            return Ok(Self::Registry(Reference::parse(name)?));
        }
        if !text.contains("://") {
            return Ok(Self::Registry(Reference::parse(text)?));
        }
        Origin::of_url(text)?;
        let url = text.split('#').next().unwrap_or_default();
        let path = url.split('?').next().unwrap_or_default();
        for file in ["/index.json", "/oci-layout"] {
            if let Some(directory) = path.strip_suffix(file) {
                return Ok(Self::Layout(format!("{directory}/")));
            }
        }
        let is_bare = path.matches('/').count() == 2;
        Ok(match path {
            path if path.ends_with('/') => Self::Layout(path.to_owned()),
            path if is_bare => Self::Layout(format!("{path}/")),
            _ => Self::Archive(url.to_owned()),
        })
    }

    /// The host that is asked.
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::Registry(reference) => Some(reference.origin()),
            Self::Layout(url) | Self::Archive(url) => Origin::of_url(url).ok(),
        }
    }

    /// How it is called, for a title: the name as Docker writes it, or the last part of the URL.
    pub fn title(&self) -> String {
        match self {
            Self::Registry(reference) => {
                let mut title = reference.familiar_name();
                match (&reference.tag, &reference.digest) {
                    (Some(tag), _) => title.extend([":", tag]),
                    (None, Some(digest)) => title.extend(["@", &digest.to_string()]),
                    (None, None) => {}
                }
                title
            }
            Self::Layout(url) | Self::Archive(url) => {
                let path = url.split('?').next().unwrap_or_default().trim_end_matches('/');
                url::decode(path.rsplit('/').next().unwrap_or_default())
            }
        }
    }
}

/// What it is called in a URL: as it is typed.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Registry(reference) => std::fmt::Display::fmt(reference, f),
            Self::Layout(url) | Self::Archive(url) => f.write_str(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_layouts_and_archives_are_told_apart() {
        let registry = |text: &str| Place::Registry(Reference::parse(text).unwrap());
        let layout = |url: &str| Place::Layout(url.to_owned());
        for (text, place) in [
            ("nginx", registry("nginx")),
            ("  ghcr.io/a/b:1\n", registry("ghcr.io/a/b:1")),
            ("docker://nginx:1", registry("nginx:1")),
            ("https://example.com/images/a/", layout("https://example.com/images/a/")),
            ("https://example.com/images/a/index.json?x", layout("https://example.com/images/a/")),
            ("https://example.com/images/a/oci-layout", layout("https://example.com/images/a/")),
            ("https://example.com", layout("https://example.com/")),
            ("https://example.com/a.tar?sig=1#x", Place::Archive("https://example.com/a.tar?sig=1".into())),
        ] {
            assert_eq!(Place::parse(text), Ok(place.clone()), "{text}");
            assert_eq!(Place::parse(&place.to_string()), Ok(place), "{text}");
        }
        assert!(matches!(Place::parse("ftp://x/y"), Err(PlaceError::Url(_))));
        assert!(matches!(Place::parse("https://a:b@x/y"), Err(PlaceError::Url(url::Error::Credentials))));
        assert!(matches!(Place::parse("Nginx"), Err(PlaceError::Reference(_))));
        assert_eq!(registry("docker.io/library/nginx").title(), "nginx:latest");
        assert_eq!(layout("https://example.com/images/a%20b/").title(), "a b");
    }
}
