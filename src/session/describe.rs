//! Answers about one path: its life through the layers, and a directory as an overlay.

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice};

use super::{Session, entry_facts, failure, view::state_facts};
use crate::{
    layer::{Index, Kind, Record},
    overlay::{Cause, Event, FileRef, LayerIndex, Stack, State},
    path,
    tree::NodeId,
    worker::protocol::{
        self, Biography, Chapter, Difference, Facts, Failure, FailureKind, Node, OsRelease, Overlay,
        OverlayEntry, OverlayName, Version, VersionFacts,
    },
};

impl Session {
    /// The life of a path through all layers of an image.
    pub fn biography(&self, image: u32, node: Node) -> Result<Biography, Failure> {
        let (stack, id) = self.look_up(image, node)?;
        let mut events: Vec<Event> = stack.events(id).collect();
        events.reverse();
        let mut below = State::Absent;
        let mut chapters = Vec::new();
        for event in events {
            let state = event.state();
            chapters.push(Chapter {
                layer: event.layer.0,
                mark: event.mark,
                cause: self.cause(event.cause),
                version: state.entry().map(|file| version_facts(image, stack, file)),
                differences: differences(stack, below, state),
            });
            below = state;
        }
        Ok(Biography { node, path: self.tree.path(id), chapters })
    }

    /// A directory as the overlay of a layer over those below it.
    pub fn overlay(&self, image: u32, layer: u32, node: Node) -> Result<Overlay, Failure> {
        let (stack, directory) = self.look_up(image, node)?;
        if layer >= stack.len() {
            return Err(failure(FailureKind::NotFound, "the layer is not merged yet"));
        }
        let upper = LayerIndex(layer);
        let index = stack.layer(upper);
        let mut entries = Vec::new();
        let mut opaque = false;
        // The upper's own entries for the names of this directory; a whiteout gives way to an entry.
        let mut own: BTreeMap<NodeId, Facts> = BTreeMap::new();
        for (_, record) in index.records() {
            let marks_directory = record.kind == Kind::Opaque && record.node == directory;
            let is_directory = record.node == directory && record.kind != Kind::Whiteout;
            let is_in_it = record.node != NodeId::ROOT
                && record.kind != Kind::Opaque
                && self.tree.parent(record.node) == directory;
            if !(marks_directory || is_directory || is_in_it) {
                continue;
            }
            opaque |= marks_directory;
            let facts = entry_facts(index, record);
            if is_in_it
                && !record.reserved
                && (record.kind != Kind::Whiteout || !own.contains_key(&record.node))
            {
                own.insert(record.node, facts.clone());
            }
            let header_offset = record.header_offset;
            let path = [index.tar_prefix().as_bytes(), &self.entry_path(index, record)].concat().into();
            entries.push(OverlayEntry { path, header_offset, facts });
        }
        let shown = |state: State| state.layer().map(|layer| (layer.0, state_facts(stack, state)));
        let mut names: Vec<OverlayName> = self
            .tree
            .children(directory)
            .map(|child| OverlayName {
                node: Node(child.0),
                name: self.tree.name(child).to_owned(),
                lower: shown(stack.state_below(child, upper)),
                upper: own.remove(&child).or_else(|| {
                    let event = stack.event_of(child, upper)?;
                    (event.cause == Cause::Implied).then(|| state_facts(stack, event.state()))
                }),
                merged: shown(stack.state(child, upper)),
                mark: stack.event_of(child, upper).map(|event| event.mark),
            })
            .filter(|name| name.lower.is_some() || name.upper.is_some() || name.merged.is_some())
            .collect();
        names.sort_by(|a, b| a.name.cmp(&b.name));
        let parent = (directory != NodeId::ROOT).then(|| Node(self.tree.parent(directory).0));
        Ok(Overlay { path: self.tree.path(directory), parent, names, entries, opaque })
    }

    /// The path that a record of a layer has in its tar, normalised: a whiteout and an opaque mark under their own names.
    pub fn entry_path(&self, index: &Index, record: Record) -> BString {
        let path = index.tar_path(self.tree.path(record.node));
        match record.kind {
            Kind::Opaque => path::join_name(&path, path::OPAQUE_MARK),
            Kind::Whiteout => {
                let (directory, name) = path.rsplit_once_str("/").unwrap_or((b"", &path));
                path::join_name(directory, &[path::WHITEOUT_PREFIX, name].concat())
            }
            _ => path,
        }
    }

    fn look_up(&self, image: u32, node: Node) -> Result<(&Stack, NodeId), Failure> {
        let stack = self.stacks.get(image as usize);
        let stack = stack.ok_or_else(|| failure(FailureKind::NotFound, "there is no such image"))?;
        let id = NodeId(node.0);
        if id.index() >= self.tree.len() {
            return Err(failure(FailureKind::NotFound, "there is no such path"));
        }
        Ok((stack, id))
    }

    fn cause(&self, cause: Cause) -> protocol::Cause {
        match cause {
            Cause::Entry(_) => protocol::Cause::Entry,
            Cause::Implied => protocol::Cause::Implied,
            Cause::Whiteout(_) => protocol::Cause::Whiteout,
            Cause::WhiteoutAbove(node) => protocol::Cause::WhiteoutAbove(self.tree.path(node)),
            Cause::Opaque(node) => protocol::Cause::Opaque(self.tree.path(node)),
            Cause::Replaced(node) => protocol::Cause::Replaced(self.tree.path(node)),
        }
    }
}

fn version_facts(image: u32, stack: &Stack, file: FileRef) -> VersionFacts {
    let (index, record) = (stack.layer(file.layer), stack.record(file));
    let version = |file: FileRef| Version { image, layer: file.layer.0, entry: file.entry.0 };
    let has_content = |target: &FileRef| stack.record(*target).kind == Kind::File;
    VersionFacts {
        version: version(file),
        facts: entry_facts(index, record),
        xattrs: index.xattrs(record).to_vec(),
        header_offset: record.header_offset,
        content: stack.target(file).filter(has_content).map(version),
    }
}

/// What differs between what was at a path and what now is.
fn differences(stack: &Stack, below: State, now: State) -> Vec<Difference> {
    let (State::Entry(old), State::Entry(new)) = (below, now) else { return Vec::new() };
    let side = |file: FileRef| -> (&Index, Record) { (stack.layer(file.layer), stack.record(file)) };
    let ((old_index, a), (new_index, b)) = (side(old), side(new));
    let content = |file: FileRef| stack.target(file).filter(|&f| stack.record(f).kind == Kind::File);
    let (old_content, new_content) = (content(old), content(new));
    let size = |file: Option<FileRef>| file.map_or(0, |f| stack.record(f).size);
    let mut found = Vec::new();
    let mut differs = |difference, is: bool| {
        if is {
            found.push(difference);
        }
    };
    differs(Difference::Kind, a.kind != b.kind);
    if let (Some(old), Some(new)) = (old_content, new_content) {
        differs(Difference::Content, !stack.same_content(old, new));
    }
    differs(Difference::Size, size(old_content) != size(new_content));
    differs(Difference::Mode, a.mode != b.mode);
    differs(Difference::Owner, (a.uid, a.gid) != (b.uid, b.gid));
    differs(Difference::Time, old_index.mtime(a) != new_index.mtime(b));
    differs(Difference::Link, a.kind == b.kind && old_index.link(a) != new_index.link(b));
    let sorted = |index: &Index, record| {
        let mut xattrs = index.xattrs(record).to_vec();
        xattrs.sort();
        xattrs
    };
    differs(Difference::Xattrs, sorted(old_index, a) != sorted(new_index, b));
    differs(Difference::Device, a.kind == b.kind && old_index.device(a) != new_index.device(b));
    found
}

/// Reads an os-release file (freedesktop.org os-release(5)): shell-like assignments, perhaps quoted.
pub(super) fn os_release(text: &[u8]) -> OsRelease {
    let text = text.to_str_lossy();
    let value = |key: &str| {
        let of_key = |line: &str| Some(unquote(line.trim().strip_prefix(key)?.strip_prefix('=')?));
        // As in a shell, the last assignment counts.
        text.lines().filter_map(of_key).next_back().unwrap_or_default()
    };
    let (name, version) = (value("NAME"), value("VERSION"));
    let pretty_name = match value("PRETTY_NAME") {
        pretty if pretty.is_empty() => format!("{name} {version}").trim().to_owned(),
        pretty => pretty,
    };
    OsRelease { path: String::new(), pretty_name, id: value("ID"), version_id: value("VERSION_ID") }
}

/// Undoes the quoting of a shell value.
fn unquote(value: &str) -> String {
    let quoted = |q: char| value.strip_prefix(q).and_then(|v| v.strip_suffix(q));
    match (quoted('\''), quoted('"')) {
        (Some(literal), _) => literal.to_owned(),
        (None, Some(escaped)) => {
            let mut out = String::new();
            let mut chars = escaped.chars();
            while let Some(c) = chars.next() {
                out.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
            out
        }
        (None, None) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read_as_a_shell_would() {
        let os = os_release(
            b"# c\nNAME=\"Debian GNU/Linux\"\nVERSION='12 (bookworm)'\nID=debian\nVERSION_ID=\"12\"\n",
        );
        assert_eq!(os.pretty_name, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!((os.id.as_str(), os.version_id.as_str()), ("debian", "12"));
        assert_eq!(os_release(b"PRETTY_NAME=\"A \\\"B\\\"\"\nPRETTY_NAME=C\n").pretty_name, "C");
        assert_eq!(os_release(b"PRETTY_NAME=\"A \\\"B\\\"\"\n").pretty_name, "A \"B\"");
        assert_eq!(os_release(b"\xff\n"), OsRelease::default());
    }
}
