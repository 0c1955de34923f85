//! What the page may ask a registry for: the reading half of the distribution specification's API.

use axum::http::Uri;

use super::{Refusal, RegistryHost};
use crate::digest::Digest;

/// Longest repository name (distribution specification, "Pulling manifests": hosts and names within 255 characters).
const NAME: usize = 255;
/// Longest tag.
const TAG: usize = 128;
/// Longest query.
const QUERY: usize = 1024;

/// A request for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The registry.
    pub host: RegistryHost,
    /// The repository; `None` for the registry as a whole.
    pub repository: Option<String>,
    /// The path and query from `/v2/` on.
    pub path: String,
    /// Whether it is a blob, which may be large.
    pub is_blob: bool,
}

impl Target {
    /// Reads what follows `/_layerscope/v1/`: `HOST/v2/…`.
    ///
    /// # Errors
    ///
    /// [`Refusal::BadPath`] for what is not in the specification, and for anything that could be read in two ways.
    pub fn parse(uri: &Uri, below: &str) -> Result<Self, Refusal> {
        let bad = || Refusal::BadPath(uri.path().to_owned());
        let rest = uri.path().strip_prefix(below).ok_or_else(bad)?;
        let (host, path) = rest.split_once('/').ok_or_else(bad)?;
        // Browsers leave the brackets of an address as they are; others may not.
        let host = host
            .replace("%5B", "[")
            .replace("%5D", "]")
            .replace("%5b", "[")
            .replace("%5d", "]")
            .replace("%3A", ":");
        let host: RegistryHost = host.parse().map_err(|_| bad())?;
        let inner = path.strip_prefix("v2/").ok_or_else(bad)?;
        let (repository, kind) = parse_path(inner).ok_or_else(bad)?;
        // Manifests and blobs have none; lists have whatever the registry's last page said.
        let query = match (kind, uri.query()) {
            (Kind::List, Some(query)) if query.len() <= QUERY => format!("?{query}"),
            (Kind::List, Some(_)) => return Err(bad()),
            _ => String::new(),
        };
        Ok(Self {
            host,
            repository: repository.map(str::to_owned),
            path: format!("/v2/{inner}{query}"),
            is_blob: kind == Kind::Blob,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Base,
    List,
    Manifest,
    Blob,
}

fn parse_path(path: &str) -> Option<(Option<&str>, Kind)> {
    match path {
        "" => return Some((None, Kind::Base)),
        "_catalog" => return Some((None, Kind::List)),
        _ => {}
    }
    let (front, last) = path.rsplit_once('/')?;
    let (name, what) = front.rsplit_once('/')?;
    let is_digest = || last.parse::<Digest>().is_ok();
    let kind = match what {
        "tags" if last == "list" => Kind::List,
        "manifests" if is_tag(last) || is_digest() => Kind::Manifest,
        "blobs" if is_digest() => Kind::Blob,
        "referrers" if is_digest() => Kind::List,
        _ => return None,
    };
    is_name(name).then_some((Some(name), kind))
}

/// The specification's `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, separated by slashes.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        ends.iter().all(|end| end.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(b))
            && !part.contains("..")
    };
    name.len() <= NAME && name.split('/').all(is_part)
}

/// The specification's `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
fn is_tag(tag: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= TAG
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|b| is_word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(rest: &str) -> Option<Target> {
        let uri: Uri = format!("/_layerscope/v1/{rest}").parse().unwrap();
        Target::parse(&uri, "/_layerscope/v1/").ok()
    }

    #[test]
    fn the_reading_half_of_the_specification_is_known() {
        let parsed = |rest: &str| {
            let target = parse(rest).unwrap_or_else(|| panic!("{rest}"));
            (target.host.to_string(), target.repository, target.path, target.is_blob)
        };
        let web = Some("shop/web".to_owned());
        assert_eq!(parsed("ghcr.io/v2/"), ("ghcr.io".to_owned(), None, "/v2/".to_owned(), false));
        assert_eq!(
            parsed("127.0.0.1:5000/v2/shop/web/tags/list?n=5&last=a"),
            ("127.0.0.1:5000".to_owned(), web.clone(), "/v2/shop/web/tags/list?n=5&last=a".to_owned(), false)
        );
        assert_eq!(
            parsed("[::1]:5000/v2/shop/web/manifests/v1.2-rc_3?x=y"),
            ("[::1]:5000".to_owned(), web.clone(), "/v2/shop/web/manifests/v1.2-rc_3".to_owned(), false)
        );
        assert_eq!(
            parsed(&format!("docker.io/v2/shop/web/blobs/{DIGEST}")),
            ("docker.io".to_owned(), web, format!("/v2/shop/web/blobs/{DIGEST}"), true)
        );
        assert!(parse(&format!("a.example/v2/a/referrers/{DIGEST}?artifactType=x")).is_some());
        assert!(parse("a.example/v2/_catalog?n=1").is_some());
        assert_eq!(parsed("a.example/v2/manifests/manifests/manifests").1.as_deref(), Some("manifests"));
    }

    #[test]
    fn nothing_else_passes() {
        let long = format!("a.example/v2/{}/tags/list", "a/".repeat(200));
        for rest in [
            "ghcr.io",
            "ghcr.io/",
            "ghcr.io/v1/",
            "ghcr.io/v2",
            "ghcr.io/metrics",
            "ghcr.io/v2/../metrics",
            "ghcr.io/v2/a/../../x/tags/list",
            "ghcr.io/v2/%2e%2e/x/tags/list",
            "ghcr.io/v2//tags/list",
            "ghcr.io/v2/a//b/tags/list",
            "ghcr.io/v2/A/tags/list",
            "ghcr.io/v2/a/tags/list/",
            "ghcr.io/v2/a/tags/all",
            "ghcr.io/v2/a/blobs/uploads/",
            "ghcr.io/v2/a/blobs/latest",
            "ghcr.io/v2/a/blobs/sha256:../../x",
            "ghcr.io/v2/a/manifests/.x",
            "ghcr.io/v2/a/manifests/a%00",
            "user@ghcr.io/v2/",
            "ghcr.io%2fevil/v2/",
            "/v2/",
            &long,
        ] {
            assert!(parse(rest).is_none(), "{rest}");
        }
    }
}
