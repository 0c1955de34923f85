//! Paths inside a layer: bytes, normalised into the root, and what their names mean (OCI image spec,
//! layer.md, "Whiteouts").

use bstr::{BStr, BString, ByteSlice};

use crate::limits;

/// The prefix of a whiteout's name.
pub const WHITEOUT_PREFIX: &[u8] = b".wh.";
/// The name of an opaque mark.
pub const OPAQUE_MARK: &[u8] = b".wh..wh..opq";
/// The prefix of the other names that aufs reserves (`.wh..wh.plnk`, `.wh..wh.aufs`): never merged.
const AUFS_PREFIX: &[u8] = b".wh..wh.";

/// A path as a list of names from the root; empty for the root itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Normalised<'a> {
    /// The names, none of them empty, `.` or `..`.
    pub names: Vec<&'a BStr>,
    /// Whether the raw path was absolute, left the root, or had `.`, `..` or empty parts inside. A leading
    /// `./` and a trailing slash are what tar itself writes, and not unusual.
    pub unusual: bool,
}

/// A path that is longer or deeper than the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("path is longer than {} bytes or deeper than {} names", limits::PATH, limits::PATH_DEPTH)]
pub struct TooLong;

/// Splits a raw path into names inside the root: `..` stops at the root, `.` and empty parts vanish.
pub fn normalise(raw: &[u8]) -> Result<Normalised<'_>, TooLong> {
    if raw.len() > limits::PATH {
        return Err(TooLong);
    }
    let mut normalised = Normalised { names: Vec::new(), unusual: raw.is_empty() };
    let body = raw.strip_suffix(b"/").unwrap_or(raw);
    for (i, part) in body.split_str("/").enumerate() {
        match part {
            b"" => normalised.unusual = true,
            b"." if i == 0 => {}
            b"." => normalised.unusual = true,
            b".." => {
                normalised.unusual = true;
                normalised.names.pop();
            }
            name => normalised.names.push(name.as_bstr()),
        }
    }
    if normalised.names.len() > limits::PATH_DEPTH { Err(TooLong) } else { Ok(normalised) }
}

/// What an entry's last name makes of it in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// An entry like any other.
    Plain,
    /// A whiteout of this name in the layers below.
    Whiteout(&'a BStr),
    /// An opaque mark of its directory.
    Opaque,
    /// A name reserved by aufs; it takes no part in the merge.
    Reserved,
    /// A whiteout of nothing at all: `.wh.` alone.
    Bare,
}

/// Tells what a name means. A whiteout is known by its name, never by its type flag: some writers make
/// them hard links.
pub fn meaning(name: &[u8]) -> Meaning<'_> {
    match name.strip_prefix(WHITEOUT_PREFIX) {
        None => Meaning::Plain,
        Some(b"") => Meaning::Bare,
        Some(_) if name == OPAQUE_MARK => Meaning::Opaque,
        Some(_) if name.starts_with(AUFS_PREFIX) => Meaning::Reserved,
        Some(target) => Meaning::Whiteout(target.as_bstr()),
    }
}

/// Joins a link's target to the directory that it is read in: an absolute target starts at the root.
pub fn join(directory: &[u8], target: &[u8]) -> BString {
    if target.starts_with(b"/") || directory.is_empty() {
        return target.into();
    }
    let mut joined = BString::from(directory);
    joined.push(b'/');
    joined.extend_from_slice(target);
    joined
}

/// The path of a name in a directory, which is empty for the root.
pub fn join_name(directory: &[u8], name: &[u8]) -> BString {
    if directory.is_empty() {
        return name.into();
    }
    [directory, b"/", name].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(raw: &str) -> (String, bool) {
        let n = normalise(raw.as_bytes()).unwrap();
        (n.names.iter().map(|n| n.to_string()).collect::<Vec<_>>().join("|"), n.unusual)
    }

    #[test]
    fn what_tar_writes_is_usual() {
        assert_eq!(names("./etc/passwd"), ("etc|passwd".into(), false));
        assert_eq!(names("etc/"), ("etc".into(), false));
        assert_eq!(names("./"), (String::new(), false));
        assert_eq!(names("."), (String::new(), false));
    }

    #[test]
    fn odd_paths_stay_inside_the_root() {
        assert_eq!(names("/etc"), ("etc".into(), true));
        assert_eq!(names("../../etc"), ("etc".into(), true));
        assert_eq!(names("a/../../b"), ("b".into(), true));
        assert_eq!(names("a//b"), ("a|b".into(), true));
        assert_eq!(names("a/./b"), ("a|b".into(), true));
        assert_eq!(names(""), (String::new(), true));
        assert_eq!(names("/"), (String::new(), true));
    }

    #[test]
    fn too_long_and_too_deep_are_refused() {
        assert_eq!(normalise(&vec![b'a'; limits::PATH + 1]), Err(TooLong));
        assert_eq!(normalise(&b"a/".repeat(limits::PATH_DEPTH + 1)), Err(TooLong));
    }

    #[test]
    fn names_and_their_meaning() {
        assert_eq!(meaning(b"a"), Meaning::Plain);
        assert_eq!(meaning(b".wh.a"), Meaning::Whiteout(b"a".as_bstr()));
        assert_eq!(meaning(b".wh."), Meaning::Bare);
        assert_eq!(meaning(b".wh..wh..opq"), Meaning::Opaque);
        assert_eq!(meaning(b".wh..wh.plnk"), Meaning::Reserved);
        assert_eq!(meaning(b".wh..hidden"), Meaning::Whiteout(b".hidden".as_bstr()));
    }

    #[test]
    fn links_are_read_from_their_directory() {
        assert_eq!(join(b"etc", b"../usr/lib/os-release"), "etc/../usr/lib/os-release");
        assert_eq!(join(b"etc", b"/a"), "/a");
        assert_eq!(join(b"", b"a"), "a");
    }
}
