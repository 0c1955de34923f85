//! The names of an image, told apart by how full they are.

use std::collections::HashSet;

/// Brings names into order, the fullest first, without repeats. A bare tag goes when a fuller name ends in it.
pub fn tidy(names: &mut Vec<String>) {
    names.retain(|name| !name.is_empty());
    names.sort_by_key(|name| rank(name));
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    let tag = |name: &String| name.rsplit_once(':').map(|(_, tag)| tag.to_owned());
    let tags: HashSet<String> = names.iter().filter_map(tag).collect();
    names.retain(|name| rank(name) < 2 || !tags.contains(name));
}

/// 0 for a name with a registry, 1 for one with a repository path or a tag, 2 for all else.
fn rank(name: &str) -> u8 {
    match (has_registry(name), name.contains(['/', ':'])) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}

/// Whether the part before the first slash is a host: it has a dot or a port, or is `localhost` (the rule of the
/// `distribution/reference` grammar's normalised names).
fn has_registry(name: &str) -> bool {
    name.split_once('/').is_some_and(|(host, _)| host.contains(['.', ':']) || host == "localhost")
}

/// The name in full, as Docker completes it: `x` is `docker.io/library/x:latest`.
pub fn canonical(name: &str) -> String {
    let registry = if has_registry(name) { "" } else { "docker.io/" };
    let library = if registry.is_empty() || name.contains('/') { "" } else { "library/" };
    let last = name.rsplit('/').next().unwrap_or_default();
    let tag = if last.contains([':', '@']) { "" } else { ":latest" };
    format!("{registry}{library}{name}{tag}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fullest_first_without_repeats_or_bare_tags() {
        let mut names: Vec<String> =
            ["latest", "x:latest", "docker.io/library/x:latest", "x:latest", "other", ""]
                .map(str::to_owned)
                .into();
        tidy(&mut names);
        assert_eq!(names, ["docker.io/library/x:latest", "x:latest", "other"]);
        let mut tag = vec!["latest".to_owned()];
        tidy(&mut tag);
        assert_eq!(tag, ["latest"], "it is all there is");
    }

    #[test]
    fn names_are_completed_as_docker_does() {
        for (name, full) in [
            ("x", "docker.io/library/x:latest"),
            ("me/x:1", "docker.io/me/x:1"),
            ("localhost/x", "localhost/x:latest"),
            ("reg:5000/x", "reg:5000/x:latest"),
            ("docker.io/library/x:latest", "docker.io/library/x:latest"),
        ] {
            assert_eq!(canonical(name), full);
        }
    }
}
