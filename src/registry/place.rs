//! Where an image is, as a reader types it.

use super::{
    reference::{self, Reference},
    url::{self, Origin},
};

/// What the path of a gateway begins with.
const GATEWAY: &str = "_layerscope";

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

    /// Whether it is a file of the server at this origin itself. What that server's gateway would ask others for is not, and
    /// neither is a path that a browser or a server may read in another way than it is written.
    pub fn is_own(&self, origin: &Origin) -> bool {
        let is_plain = match self {
            // Whatever it is called, its path begins with `/v2/`.
            Self::Registry(_) => true,
            Self::Layout(url) | Self::Archive(url) => {
                let path = url::decode(url.split('?').next().unwrap_or_default());
                let is_odd = |segment: &str| {
                    segment.starts_with(GATEWAY)
                        || matches!(segment.trim(), "." | "..")
                        || segment.contains('%')
                };
                !path.contains(|c: char| c == '\\' || c.is_control()) && !path.split('/').any(is_odd)
            }
        };
        is_plain && self.origin().as_ref() == Some(origin)
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

    #[test]
    fn what_a_gateway_would_ask_others_for_is_not_the_pages_own() {
        let here = Origin::of_url("http://127.0.0.1:8080").unwrap();
        let is_own = |text: &str| Place::parse(text).unwrap().is_own(&here);
        for own in [
            "http://127.0.0.1:8080/image/",
            "http://127.0.0.1:8080/a/b/my%20image.tar?x=/_layerscope/",
            "http://127.0.0.1:8080",
            "127.0.0.1:8080/shop/web",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "http://127.0.0.1:8080/_layerscope/v1/r.example/v2/x/blobs/sha256:00",
            "http://127.0.0.1:8080/_layerscope/v1/r.example/v2/x/",
            "http://127.0.0.1:8080/a/../_layerscope/v1/r.example/v2/x/blobs/sha256:00",
            "http://127.0.0.1:8080/a/%2E%2e/b.tar",
            "http://127.0.0.1:8080/%5flayerscope/v1/r.example/v2/x/blobs/sha256:00",
            "http://127.0.0.1:8080/%255flayerscope/v1/x",
            "http://127.0.0.1:8080\\_layerscope/v1/x",
            "http://127.0.0.1:8080/_lay\terscope/v1/x",
            "http://127.0.0.1:8081/image/",
            "https://127.0.0.1:8080/image/",
            "nginx",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }
}
