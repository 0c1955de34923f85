//! The tags of a repository, page by page (distribution-spec, "Listing Tags").

use serde_json::Value;

use super::{Head, Place, Target, Trouble, link::next_link};
use crate::{limits, oci::json};

/// Where the tags of a repository are; `None` for a place that has none.
pub fn tags_target(place: &Place, gateway: Option<&str>) -> Option<Target> {
    let Place::Registry(reference) = place else { return None };
    let (url, scope) = super::repository_url(reference, gateway);
    Some(Target { url: format!("{url}/tags/list?n=1000"), scope, ..Target::default() })
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
    Ok((tags, next_link(head)))
}

#[cfg(test)]
mod tests {
    use super::{super::next_target, *};

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
            assert!(next_target(&first, next).is_ok());
        }
        assert_eq!(read(Some(r#"</first>; rel="prev""#)).1, None);
        assert_eq!(next_target(&first, "https://other.example/v2/"), Err(Trouble::NotARegistry));
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
