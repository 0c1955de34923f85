//! Finds a text in the paths of a tree, in any case.

use bstr::{BStr, ByteSlice};

use crate::tree::{NodeId, Tree};

/// A text to be looked for in paths.
///
/// A path matches if it contains the text; so does all that is below it. Without a slash in it the text can only be found
/// in a name. ASCII letters are the same in both cases; a text with others is looked for in lower case.
pub(super) struct TextFilter {
    /// In lower case.
    needle: Vec<u8>,
    /// Only its ASCII letters have two cases that matter.
    ascii: bool,
}

impl TextFilter {
    pub(super) fn new(text: &str) -> Self {
        Self { needle: text.to_lowercase().into_bytes(), ascii: text.is_ascii() }
    }

    /// For each path of the tree whether it matches.
    pub(super) fn matches(&self, tree: &Tree) -> Vec<bool> {
        let mut matches = vec![self.needle.is_empty(); tree.len()];
        if self.needle.is_empty() {
            return matches;
        }
        match self.needle.rsplit_once_str("/") {
            None if self.ascii => tree.find_in_names(&self.needle, |node| matches[node.index()] = true),
            None => tree.ids().skip(1).for_each(|node| {
                matches[node.index()] = contains_lossy(tree.name(node), &self.needle);
            }),
            Some((directory, name)) => self.match_across(tree, directory, name, &mut matches),
        }
        for node in tree.ids().skip(1) {
            matches[node.index()] |= matches[tree.parent(node).index()];
        }
        matches
    }

    /// Where the text has a slash, its end is looked for at the beginning of a name and the rest at the end of the
    /// directory's path, whose leading slash stands for the root.
    fn match_across(&self, tree: &Tree, directory: &[u8], name: &[u8], matches: &mut [bool]) {
        // Paths of one directory mostly follow one another.
        let mut last = None;
        for node in tree.ids().skip(1).filter(|&node| self.is_prefix(name, tree.name(node))) {
            let parent = tree.parent(node);
            let ends = match last {
                Some((directory, ends)) if directory == parent => ends,
                _ => self.is_suffix(directory, tree, parent),
            };
            last = Some((parent, ends));
            matches[node.index()] = ends;
        }
    }

    fn is_prefix(&self, text: &[u8], name: &BStr) -> bool {
        if self.ascii {
            name.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
        } else {
            lower(name).starts_with(text)
        }
    }

    fn is_suffix(&self, text: &[u8], tree: &Tree, directory: NodeId) -> bool {
        let mut path = tree.path(directory);
        if directory != NodeId::ROOT {
            path.insert(0, b'/');
        }
        if self.ascii {
            let start = path.len().checked_sub(text.len());
            start.is_some_and(|start| path[start..].eq_ignore_ascii_case(text))
        } else {
            lower(path.as_bstr()).ends_with(text)
        }
    }
}

fn contains_lossy(name: &BStr, needle: &[u8]) -> bool {
    // Names of ASCII alone cannot contain it.
    !name.is_ascii() && lower(name).contains_str(needle)
}

fn lower(bytes: &BStr) -> Vec<u8> {
    bytes.to_str_lossy().to_lowercase().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 9] = [
        "etc",
        "etc/Passwd",
        "etc/ssl",
        "etc/ssl/certs",
        "usr",
        "usr/etcetera",
        "usr/Ärger",
        "usr/share",
        "usr/share/日本語",
    ];

    fn found(text: &str) -> Vec<&'static str> {
        let mut tree = Tree::new([3; 16]);
        let nodes = PATHS.map(|path| {
            path.split('/').fold(NodeId::ROOT, |node, name| tree.intern(node, name.as_bytes()).unwrap())
        });
        let matches = TextFilter::new(text).matches(&tree);
        PATHS.iter().zip(nodes).filter(|(_, node)| matches[node.index()]).map(|(path, _)| *path).collect()
    }

    #[test]
    fn a_text_is_found_in_names_and_in_what_is_below_them() {
        assert_eq!(found("ssl"), ["etc/ssl", "etc/ssl/certs"]);
        assert_eq!(found("PASS"), ["etc/Passwd"]);
        assert_eq!(found("etc"), ["etc", "etc/Passwd", "etc/ssl", "etc/ssl/certs", "usr/etcetera"]);
        assert_eq!(found("").len(), PATHS.len());
        // "etc" and "usr" stand one after the other, but in no name.
        assert_eq!(found("lcert"), Vec::<&str>::new());
    }

    #[test]
    fn a_slash_spans_names() {
        assert_eq!(found("tc/p"), ["etc/Passwd"]);
        assert_eq!(found("/etc"), ["etc", "etc/Passwd", "etc/ssl", "etc/ssl/certs", "usr/etcetera"]);
        assert_eq!(found("/ssl/"), ["etc/ssl/certs"]);
        assert_eq!(found("c/ssl/c"), ["etc/ssl/certs"]);
        assert_eq!(found("usr/"), ["usr/etcetera", "usr/Ärger", "usr/share", "usr/share/日本語"]);
        assert_eq!(found("/").len(), PATHS.len());
        assert_eq!(found("//"), Vec::<&str>::new());
    }

    #[test]
    fn letters_beyond_ascii_have_cases_as_well() {
        assert_eq!(found("ÄRG"), ["usr/Ärger"]);
        assert_eq!(found("usr/ä"), ["usr/Ärger"]);
        assert_eq!(found("日本"), ["usr/share/日本語"]);
        assert_eq!(found("rger"), ["usr/Ärger"]);
    }
}
