//! The files of an archive, and finding them by path.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use bstr::{BStr, BString, ByteSlice};
use serde::{Deserialize, Serialize};

use crate::{
    limits,
    tar::{Entry, EntryKind},
};

/// A member of the archive, by its place in the list of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MemberId(pub u32);

/// A file of the archive: of the outer tar, or of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path without leading `./` or `/`, `.` and empty parts.
    pub path: BString,
    /// What it is.
    pub kind: MemberKind,
    /// Offset in bytes of its content, in the (decompressed) archive.
    pub offset: u64,
    /// Length of its content in bytes, as stated: a truncated archive may hold less.
    pub size: u64,
}

/// What a [`Member`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// A regular file.
    File,
    /// A symbolic link; its target is relative to the member's directory.
    Symlink(BString),
    /// A hard link; its target is a path from the root of the archive.
    HardLink(BString),
    /// A directory.
    Directory,
    /// Anything else.
    Other,
}

impl Member {
    /// The member that an entry of the outer tar is.
    pub fn from_entry(entry: &Entry) -> Self {
        let kind = match entry.kind {
            // The bytes of a sparse member do not stand in one piece: it cannot be read as a range of the archive.
            EntryKind::File if entry.sparse.is_empty() && entry.size == entry.stored_size => MemberKind::File,
            EntryKind::Symlink => MemberKind::Symlink(entry.link.clone()),
            EntryKind::HardLink => MemberKind::HardLink(entry.link.clone()),
            EntryKind::Directory => MemberKind::Directory,
            _ => MemberKind::Other,
        };
        Self { path: clean(&entry.path), kind, offset: entry.body_offset, size: entry.stored_size }
    }

    /// The members that the files of a directory are, as if their contents stood one after the other in one
    /// archive. What is no regular file has no content.
    pub fn of_directory(files: impl IntoIterator<Item = (BString, MemberKind, u64)>) -> Vec<Self> {
        let mut end = 0u64;
        let member = |(path, kind, size): (BString, MemberKind, u64)| {
            let offset = end;
            end = end.saturating_add(size);
            Self { path: clean(&path), kind, offset, size }
        };
        files.into_iter().map(member).collect()
    }
}

/// A path without `.` and empty parts. `..` stays: a path that holds it names no member.
pub(super) fn clean(path: &[u8]) -> BString {
    let parts = path.split_str("/").filter(|part| !part.is_empty() && *part != b".");
    bstr::join("/", parts).into()
}

/// Members by path.
pub(super) struct Lookup<'a> {
    members: &'a [Member],
    by_path: HashMap<&'a BStr, MemberId>,
    /// Members, directories aside, whose path an earlier member has.
    pub duplicates: Vec<MemberId>,
    /// The files that were looked for.
    found: RefCell<HashSet<MemberId>>,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A regular file, links followed.
    File(MemberId),
    /// Nothing, or nothing that has content.
    Nothing,
    /// This link, which leads nowhere, or in a circle.
    DeadLink(MemberId),
}

impl<'a> Lookup<'a> {
    pub fn new(members: &'a [Member]) -> Self {
        let mut lookup = Self {
            members,
            by_path: HashMap::with_capacity(members.len()),
            duplicates: Vec::new(),
            found: RefCell::default(),
        };
        // Ids are 32 bits wide; `limits::MEMBERS` is far below that.
        for (id, member) in (0..).map(MemberId).zip(members) {
            // The last of a name wins, as it does when the archive is unpacked.
            let earlier = lookup.by_path.insert(member.path.as_bstr(), id);
            if earlier.is_some() && member.kind != MemberKind::Directory {
                lookup.duplicates.push(id);
            }
        }
        lookup
    }

    pub fn member(&self, id: MemberId) -> &'a Member {
        &self.members[id.0 as usize]
    }

    pub fn members(&self) -> &'a [Member] {
        self.members
    }

    /// The files that nothing of the archive has led to. Docker's notes beside each layer, of before version 25,
    /// belong to the layer.
    pub fn unused(&self) -> Vec<MemberId> {
        let found = self.found.borrow();
        let is_note = |path: &[u8]| path.ends_with(b"/VERSION") || path.ends_with(b"/json");
        let is_unused = |&(id, member): &(MemberId, &Member)| {
            member.kind == MemberKind::File && !found.contains(&id) && !is_note(&member.path)
        };
        (0..).map(MemberId).zip(self.members).filter(is_unused).map(|(id, _)| id).collect()
    }

    /// What is at `path`, links followed within the archive.
    pub fn find(&self, path: &[u8]) -> Found {
        let mut path = clean(path);
        let mut link = None;
        for _ in 0..=limits::SYMLINK_HOPS {
            let Some(&id) = self.by_path.get(path.as_bstr()) else { break };
            path = match &self.member(id).kind {
                MemberKind::File => {
                    self.found.borrow_mut().insert(id);
                    return Found::File(id);
                }
                MemberKind::Symlink(target) => resolve_link(&path, target),
                MemberKind::HardLink(target) => clean(target),
                MemberKind::Directory | MemberKind::Other => break,
            };
            link = link.or(Some(id));
        }
        link.map_or(Found::Nothing, Found::DeadLink)
    }
}

/// Where a symbolic link at `path` leads, with the archive as its root.
fn resolve_link(path: &[u8], target: &[u8]) -> BString {
    let mut parts: Vec<&[u8]> = Vec::new();
    if !target.starts_with(b"/") {
        parts.extend(path.split_str("/"));
        parts.pop();
    }
    for part in target.split_str("/") {
        match part {
            b"" | b"." => {}
            // At the root, `..` stays there (POSIX, pathname resolution).
            b".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    bstr::join("/", parts).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(path: &str, kind: MemberKind) -> Member {
        Member { path: path.into(), kind, offset: 0, size: 0 }
    }

    #[test]
    fn paths_are_cleaned() {
        for (raw, cleaned) in [("./blobs//x", "blobs/x"), ("/a/./b/", "a/b"), ("./", ""), ("../a", "../a")] {
            assert_eq!(clean(raw.as_bytes()), cleaned, "{raw}");
        }
    }

    #[test]
    fn links_are_followed_inside_the_archive() {
        let link = |target: &str| MemberKind::Symlink(target.into());
        let members = [
            member("a/layer.tar", MemberKind::File),
            member("b/layer.tar", link("../a/layer.tar")),
            member("c/layer.tar", link("../../../../b/layer.tar")),
            member("d", MemberKind::HardLink("./a/layer.tar".into())),
            member("e", link("/a/layer.tar")),
            member("f", link("f")),
            member("g", link("../etc/passwd")),
            member("h", MemberKind::Directory),
        ];
        let lookup = Lookup::new(&members);
        for path in ["a/layer.tar", "b/layer.tar", "./c/layer.tar", "d", "e"] {
            assert_eq!(lookup.find(path.as_bytes()), Found::File(MemberId(0)), "{path}");
        }
        assert_eq!(lookup.find(b"f"), Found::DeadLink(MemberId(5)), "a circle");
        assert_eq!(lookup.find(b"g"), Found::DeadLink(MemberId(6)));
        for path in ["h", "x", "../a/layer.tar", ""] {
            assert_eq!(lookup.find(path.as_bytes()), Found::Nothing, "{path}");
        }
    }

    #[test]
    fn link_chains_have_a_limit() {
        let chain = |hops: usize| {
            let link = |n: usize| member(&n.to_string(), MemberKind::Symlink((n + 1).to_string().into()));
            let mut members: Vec<Member> = (0..hops).map(link).collect();
            members.push(member(&hops.to_string(), MemberKind::File));
            members
        };
        let within = chain(limits::SYMLINK_HOPS);
        assert_eq!(Lookup::new(&within).find(b"0"), Found::File(MemberId(limits::SYMLINK_HOPS as u32)));
        assert_eq!(Lookup::new(&chain(limits::SYMLINK_HOPS + 1)).find(b"0"), Found::DeadLink(MemberId(0)));
    }

    #[test]
    fn the_last_member_of_a_name_wins() {
        let members = [
            member("x", MemberKind::File),
            member("d", MemberKind::Directory),
            member("x", MemberKind::File),
            member("d", MemberKind::Directory),
        ];
        let lookup = Lookup::new(&members);
        assert_eq!(lookup.find(b"x"), Found::File(MemberId(2)));
        assert_eq!(lookup.duplicates, [MemberId(2)], "directories repeat all the time");
    }
}
