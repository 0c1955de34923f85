//! The tags of a repository, page by page (distribution-spec, "Listing Tags").

use serde_json::Value;

use super::{Head, Place, Target, Trouble, url::Origin};
use crate::{limits, oci::json};

/// Where the tags of a repository are; `None` for a place that has none.
pub fn tags_target(place: &Place, gateway: Option<&str>) -> Option<Target> {
    let Place::Registry(reference) = place else { return None };
    let (url, scope) = super::repository_url(reference, gateway);
    Some(Target { url: format!("{url}/tags/list?n=1000"), scope, accept: None, range: None })
}

/// Where the next page is: a URL that a [`Head`] has told of. It has to be of the same host.
///
/// # Errors
///
/// If it is not.
pub fn next_tags_target(first: &Target, next: &str) -> Result<Target, Trouble> {
    match (Origin::of_url(next), Origin::of_url(&first.url)) {
        (Ok(next_origin), Ok(origin)) if next_origin == origin => {
            Ok(Target { url: next.to_owned(), ..first.clone() })
        }
        _ => Err(Trouble::NotARegistry),
    }
}

/// Reads a page of tags. `null` is none.
///
/// # Errors
///
/// If it is not such a list.
pub fn tags(head: &Head, body: &[u8]) -> Result<(Vec<String>, Option<String>), Trouble> {
    if matches!(head.status, 404 | 406) {
        return Err(Trouble::NotFound);
    }
    let value = json::parse(body).map_err(|_| Trouble::NotARegistry)?.value;
    let tags = match value.get("tags") {
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).map(str::to_owned),
        Some(Value::Null) => return Ok((Vec::new(), None)),
        _ => return Err(Trouble::NotARegistry),
    };
    let tags: Vec<String> = tags.take(limits::TAGS).collect();
    Ok((tags, head.header("link").and_then(|link| next_link(link, &head.url))))
}

/// The URL of `rel="next"` in a `Link` header (RFC 8288), resolved against that of the answer.
fn next_link(link: &str, base: &str) -> Option<String> {
    let mut rest = link;
    while let Some(start) = rest.find('<') {
        let (target, after) = rest[start + 1..].split_once('>')?;
        let end = after.find('<').unwrap_or(after.len());
        let parameters = after[..end].to_ascii_lowercase();
        let is_next = parameters.split(';').any(|parameter| {
            let parameter = parameter.trim().trim_end_matches(',').trim();
            matches!(parameter, "rel=\"next\"" | "rel=next")
        });
        if is_next {
            return resolve(target, base);
        }
        rest = &after[end..];
    }
    None
}

fn resolve(target: &str, base: &str) -> Option<String> {
    if target.contains("://") {
        return Some(target.to_owned());
    }
    let origin = Origin::of_url(base).ok()?;
    if target.starts_with("//") {
        return Some(format!("{}:{target}", if origin.is_secure { "https" } else { "http" }));
    }
    if target.starts_with('/') {
        // A gateway stands before a registry that does not know of it.
        let path = base
            .split_once("/v2/")
            .map_or("", |(before, _)| &before[origin.to_string().len().min(before.len())..]);
        return Some(format!("{origin}{path}{target}"));
    }
    let base = base.split(['?', '#']).next().unwrap_or_default();
    let directory = &base[..=base.rfind('/')?];
    match target.starts_with('?') {
        true => Some(format!("{base}{target}")),
        false => Some(format!("{directory}{target}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(url: &str, link: Option<&str>) -> Head {
        let headers = link.iter().map(|link| ("link".to_owned(), (*link).to_owned())).collect();
        Head { status: 200, url: url.to_owned(), headers, at: 0 }
    }

    #[test]
    fn tags_come_page_by_page() {
        let place = Place::parse("r.example/a/b").unwrap();
        let first = tags_target(&place, None).unwrap();
        assert_eq!(first.url, "https://r.example/v2/a/b/tags/list?n=1000");
        let read = |link| tags(&head(&first.url, link), br#"{"name":"a/b","tags":["1","2"]}"#).unwrap();
        assert_eq!(
            read(None),
            (vec!["1".to_owned(), "2".to_owned()], None),
            "a short page is not the end, no link is"
        );
        for (link, next) in [
            (
                r#"</v2/a/b/tags/list?n=2&last=2>; rel="next""#,
                "https://r.example/v2/a/b/tags/list?n=2&last=2",
            ),
            (r#"<https://r.example/x>; rel=next"#, "https://r.example/x"),
            (r#"<?last=2>; rel="next""#, "https://r.example/v2/a/b/tags/list?last=2"),
            (r#"<list?last=2>; title="a"; rel="next""#, "https://r.example/v2/a/b/tags/list?last=2"),
            (r#"</first>; rel="prev", </v2/n>; rel="next""#, "https://r.example/v2/n"),
        ] {
            assert_eq!(read(Some(link)).1.as_deref(), Some(next), "{link}");
            assert!(next_tags_target(&first, next).is_ok());
        }
        assert_eq!(read(Some(r#"</first>; rel="prev""#)).1, None);
        assert_eq!(next_tags_target(&first, "https://other.example/v2/"), Err(Trouble::NotARegistry));
    }

    #[test]
    fn the_next_page_is_asked_for_through_the_same_gateway() {
        let url = "http://127.0.0.1:80/_layerscope/v1/r.example/v2/a/tags/list?n=1";
        let next =
            tags(&head(url, Some(r#"</v2/a/tags/list?last=1>; rel="next""#)), br#"{"tags":[]}"#).unwrap().1;
        assert!(next.unwrap().ends_with("/_layerscope/v1/r.example/v2/a/tags/list?last=1"));
    }

    #[test]
    fn what_is_no_list_of_tags() {
        let empty = head("https://r.example/v2/a/tags/list", None);
        assert_eq!(tags(&empty, br#"{"tags":null}"#), Ok((Vec::new(), None)));
        for body in ["<html>", "{}", r#"{"tags":7}"#, ""] {
            assert_eq!(tags(&empty, body.as_bytes()), Err(Trouble::NotARegistry), "{body}");
        }
        assert_eq!(tags(&Head { status: 404, ..empty }, b""), Err(Trouble::NotFound));
    }
}
