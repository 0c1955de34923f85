//! What the page may ask a registry for: the reading half of the distribution specification's API.

use axum::http::Uri;
use url::Url;

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
    /// The digest of the blob that it is, if it is one. A blob may be large.
    pub blob: Option<Digest>,
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
            blob: if kind == Kind::Blob { digest_in(inner) } else { None },
        })
    }

    /// Whether a registry that is asked for this may lead to an address of another host: blobs lie in stores, all else in
    /// another registry.
    pub(super) fn may_be_at(&self, url: &Url) -> bool {
        self.blob.is_some() || Self::is_of_registry(url)
    }

    /// Whether an address is one that this could have been parsed from.
    pub(super) fn is_of_registry(url: &Url) -> bool {
        url.path().strip_prefix("/v2/").and_then(parse_path).is_some()
    }

    /// Whether an address names the blob that it is: what stores do, so that nothing else of theirs is read. The digest is
    /// a whole segment of the path, with or without its algorithm, and servers cannot differ over what the segments are.
    pub(super) fn is_named_in(&self, url: &Url) -> bool {
        let path = url.path().to_ascii_lowercase();
        let is_plain = !["%2e", "%2f", "%5c", "%25", "%3b", ";"].iter().any(|other| path.contains(other));
        let names = |digest: &Digest| {
            let full = digest.to_string();
            path.split('/').any(|part| part == digest.hex() || part.replace("%3a", ":") == full)
        };
        is_plain && self.blob.as_ref().is_some_and(names)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Base,
    List,
    Manifest,
    Blob,
}

fn digest_in(path: &str) -> Option<Digest> {
    path.rsplit('/').next()?.parse().ok()
}

fn parse_path(path: &str) -> Option<(Option<&str>, Kind)> {
    match path {
        "" => return Some((None, Kind::Base)),
        "_catalog" => return Some((None, Kind::List)),
        _ => {}
    }
    let (front, last) = path.rsplit_once('/')?;
    let (name, what) = front.rsplit_once('/')?;
    let is_digest = || digest_in(last).is_some();
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
            (target.host.to_string(), target.repository, target.path, target.blob.is_some())
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

    #[test]
    fn a_store_names_a_blob_by_a_whole_part_of_the_path() {
        let blob = parse(&format!("r.example/v2/shop/web/blobs/{DIGEST}")).unwrap();
        let hex = DIGEST.trim_start_matches("sha256:");
        let is_named =
            |path: &str| blob.is_named_in(&Url::parse(&format!("https://s.example{path}")).unwrap());
        for path in [
            format!("/{hex}"),
            format!("/blobs/sha256/{}/{hex}/data", &hex[..2]),
            format!("/v2/a/blobs/{DIGEST}?sign=1"),
            format!("/a%20b/{}", DIGEST.replace(':', "%3A")),
        ] {
            assert!(is_named(&path), "{path}");
        }
        for path in [
            format!("/admin-{hex}"),
            format!("/{hex}.json"),
            format!("/sha512:{hex}"),
            format!("/admin?{hex}"),
            format!("/admin#{hex}"),
            format!("/{hex}/..%2f..%2Fadmin"),
            format!("/{hex}%2F..%2fadmin/{hex}"),
            format!("/{hex}/..%5Cadmin"),
            format!("/{hex}/x/.%2e/../admin"),
            format!("/{hex}/../admin"),
            format!("/%252e/%2E%2e%2f/{hex}"),
            format!("/{hex}/%252e%252e/admin"),
            format!("/{hex}/..;/admin"),
            format!("/{hex}/..%3B/admin"),
        ] {
            assert!(!is_named(&path), "{path}");
        }
    }

    #[test]
    fn only_blobs_lie_just_anywhere() {
        let url = |text: &str| Url::parse(text).unwrap();
        let blob = parse(&format!("r.example/v2/shop/web/blobs/{DIGEST}")).unwrap();
        let manifest = parse("r.example/v2/shop/web/manifests/v1").unwrap();
        let store = url(&format!("https://s.example/x/{}/data?sign=1", DIGEST.trim_start_matches("sha256:")));
        let other = url("https://o.example/v2/project/shop/web/manifests/v1");
        let page = url("https://o.example/login?v=/v2/a/manifests/b");
        assert!(blob.may_be_at(&store) && blob.is_named_in(&store));
        assert!(blob.may_be_at(&page) && !blob.is_named_in(&page));
        assert!(manifest.may_be_at(&other) && !manifest.is_named_in(&other));
        assert!(!manifest.may_be_at(&store) && !manifest.may_be_at(&page));
    }
}
