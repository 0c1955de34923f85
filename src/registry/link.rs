//! Lists that come page by page (distribution-spec, "Listing Tags", "Listing Referrers").

use super::{Head, Target, Trouble, url::Origin};

/// Where the next page of a list is: a URL that a [`Head`] has told of. It has to be of the same host.
///
/// # Errors
///
/// If it is not.
pub fn next_target(first: &Target, next: &str) -> Result<Target, Trouble> {
    match (Origin::of_url(next), Origin::of_url(&first.url)) {
        (Ok(next_origin), Ok(origin)) if next_origin == origin => {
            Ok(Target { url: next.to_owned(), ..first.clone() })
        }
        _ => Err(Trouble::NotARegistry),
    }
}

/// The URL of `rel="next"` in a `Link` header (RFC 8288), resolved against that of the answer.
pub(super) fn next_link(head: &Head) -> Option<String> {
    let base = &head.url;
    let mut rest = head.header("link")?;
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
