//! A container as a tar: its own layer, or all that it shows.

use std::collections::{BTreeMap, HashMap};

use bstr::{BStr, BString};

use super::{
    ArchiveId, ContainerFs, Content, Rope, Stat,
    content::Chunk,
    fs::Dentry,
    upper::{Data, Ino, Inode, Meta, Slot},
};
use crate::{
    layer::Kind,
    path::{self, OPAQUE_MARK, WHITEOUT_PREFIX},
    tar::{Entry, EntryKind, Timestamp, writer},
    tree::NodeId,
};

/// An entry of a tar and its content.
#[derive(Debug, Clone)]
pub struct TarItem {
    /// What its header says.
    pub entry: Entry,
    /// What follows it.
    pub content: Content,
}

/// Permissions of a mark; container engines write these.
const MARK_MODE: u32 = 0o600;

impl ContainerFs<'_> {
    /// The entries that the upper directory is as a layer of an image (OCI image spec, layer.md). The same upper directory
    /// gives the same entries: directories and marks in the order of their paths, then files in the order in which their
    /// contents lie below, then further names.
    pub fn layer_items(&self) -> Vec<TarItem> {
        let mut items = Items::default();
        let Some(root) = self.upper.get(Ino::ROOT) else { return Vec::new() };
        if root.meta != self.lower.get(NodeId::ROOT).meta {
            items.add("./".into(), &root.meta, EntryKind::Directory);
        }
        let mut open = vec![(BString::default(), Ino::ROOT)];
        while let Some((directory, ino)) = open.pop() {
            for (name, slot) in self.upper.entries(ino) {
                let path = path::join_name(&directory, name);
                let (child, inode) = match slot {
                    Slot::Whiteout => {
                        let mark = [WHITEOUT_PREFIX, name].concat();
                        items.mark(path::join_name(&directory, &mark), self.mark_time(ino));
                        continue;
                    }
                    Slot::Inode(child) => match self.upper.get(child) {
                        Some(inode) => (child, inode),
                        None => continue,
                    },
                };
                match &inode.data {
                    Data::Directory(inner) => {
                        items.add(path.clone(), &inode.meta, EntryKind::Directory);
                        if inner.opaque || inner.redirect {
                            items.mark(path::join_name(&path, OPAQUE_MARK), inode.meta.mtime);
                        }
                        if inner.redirect {
                            // A layer cannot say where a directory came from: it holds all of it.
                            let dentry = Dentry { upper: Some(child), lower: inner.lower };
                            self.merged_below(BStr::new(&path), dentry, &mut items);
                        } else {
                            open.push((path, child));
                        }
                    }
                    _ => self.upper_file(path, child, inode, &mut items),
                }
            }
        }
        items.finish()
    }

    /// The entries of all that the container shows, or of what is below a directory: no marks.
    pub fn merged_items(&self) -> Vec<TarItem> {
        let mut items = Items::default();
        self.merged_below(BStr::new(""), self.root(), &mut items);
        items.finish()
    }

    /// What differs from the layers below, as `docker diff` says it: `A` for what is new, `C` for what is changed, `D` for
    /// what is deleted; sorted by path.
    pub(super) fn changes(&self) -> Vec<(BString, char)> {
        let mut changes = Vec::new();
        let mut open = vec![(BString::default(), Ino::ROOT, Some(NodeId::ROOT))];
        while let Some((directory, ino, below)) = open.pop() {
            for (name, slot) in self.upper.entries(ino) {
                let path = path::join_name(&directory, name);
                let below = below.and_then(|node| self.lower.child(node, name));
                let change = match (slot, below) {
                    (Slot::Whiteout, _) => 'D',
                    (_, Some(_)) => 'C',
                    (_, None) => 'A',
                };
                changes.push((path.clone(), change));
                if let Slot::Inode(child) = slot
                    && let Some(directory) = self.upper.get(child).and_then(Inode::directory)
                {
                    // What an opaque directory hides is deleted.
                    if let Some(node) = below.filter(|_| directory.opaque) {
                        let gone = self.lower.children(node).into_iter();
                        let gone = gone.filter(|(_, name)| !directory.entries.contains_key(*name));
                        changes.extend(gone.map(|(_, name)| (path::join_name(&path, name), 'D')));
                    }
                    open.push((path, child, below));
                }
            }
        }
        changes.sort();
        changes
    }

    /// The time of a whiteout is that of the change of its directory.
    fn mark_time(&self, directory: Ino) -> Timestamp {
        self.upper.get(directory).map(|inode| inode.meta.mtime).unwrap_or_default()
    }

    fn upper_file(&self, path: BString, ino: Ino, inode: &Inode, items: &mut Items) {
        let id = Id::Upper(ino);
        match &inode.data {
            Data::File { content, .. } => items.file(path, &inode.meta, id, content.clone()),
            Data::Symlink(target) => {
                items.other(path, &inode.meta, id, Kind::Symlink, target.clone(), (0, 0))
            }
            Data::Node(kind, device) => {
                items.other(path, &inode.meta, id, *kind, BString::default(), *device)
            }
            Data::Directory(_) => {}
        }
    }

    fn merged_below(&self, root: &BStr, directory: Dentry, items: &mut Items) {
        let mut open = vec![(root.to_owned(), directory)];
        while let Some((directory, dentry)) = open.pop() {
            for (name, child) in self.list(dentry) {
                let path = path::join_name(&directory, &name);
                if let (Some(ino), Some(inode)) = (child.upper, self.inode(child)) {
                    match inode.data {
                        Data::Directory(_) => items.add(path.clone(), &inode.meta, EntryKind::Directory),
                        _ => {
                            self.upper_file(path, ino, inode, items);
                            continue;
                        }
                    }
                } else {
                    let Stat { kind, meta, device, id, .. } = self.stat_of(child);
                    match kind {
                        Kind::Directory => items.add(path.clone(), &meta, EntryKind::Directory),
                        Kind::File => {
                            let content = self.content_of(child).unwrap_or_default();
                            items.file(path, &meta, Id::Lower(id), content);
                            continue;
                        }
                        kind => {
                            let link = child.lower.map(|node| self.lower.get(node).link);
                            let link = link.unwrap_or_default();
                            items.other(path, &meta, Id::Lower(id), kind, link, device);
                            continue;
                        }
                    }
                }
                open.push((path, child));
            }
        }
    }
}

/// What may have several names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Id {
    Upper(Ino),
    Lower(u64),
}

/// Entries as they are found, in any order.
#[derive(Default)]
struct Items {
    /// Directories and marks.
    first: Vec<TarItem>,
    /// All else, by path.
    files: BTreeMap<BString, (Id, TarItem)>,
}

impl Items {
    fn add(&mut self, path: BString, meta: &Meta, kind: EntryKind) {
        let item = TarItem { entry: entry(path, meta, kind), content: Content::default() };
        self.first.push(item);
    }

    fn mark(&mut self, path: BString, mtime: Timestamp) {
        let entry = Entry { path, mode: MARK_MODE, mtime, ..writer::plain(EntryKind::File) };
        self.first.push(TarItem { entry, content: Content::default() });
    }

    fn file(&mut self, path: BString, meta: &Meta, id: Id, content: Content) {
        let (size, stored_size) = (content.len(), content.len());
        let entry = Entry { size, stored_size, ..entry(path.clone(), meta, EntryKind::File) };
        self.files.insert(path, (id, TarItem { entry, content }));
    }

    fn other(&mut self, path: BString, meta: &Meta, id: Id, kind: Kind, link: BString, device: (u32, u32)) {
        let kind = match kind {
            Kind::Symlink => EntryKind::Symlink,
            Kind::CharDevice => EntryKind::CharDevice,
            Kind::BlockDevice => EntryKind::BlockDevice,
            Kind::Fifo => EntryKind::Fifo,
            _ => return,
        };
        let entry = Entry { link, device, ..entry(path.clone(), meta, kind) };
        self.files.insert(path, (id, TarItem { entry, content: Content::default() }));
    }

    fn finish(self) -> Vec<TarItem> {
        let Self { mut first, files } = self;
        first.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
        let mut names: HashMap<Id, BString> = HashMap::new();
        let (mut contents, mut further) = (Vec::new(), Vec::new());
        for (path, (id, mut item)) in files {
            match names.get(&id) {
                None => {
                    names.insert(id, path);
                    contents.push(item);
                }
                Some(first) => {
                    let entry = &mut item.entry;
                    (entry.kind, entry.link) = (EntryKind::HardLink, first.clone());
                    (entry.size, entry.stored_size, entry.device) = (0, 0, (0, 0));
                    item.content = Content::default();
                    further.push(item);
                }
            }
        }
        // Each layer below is then read from its start to its end; what does not come from one is first.
        contents.sort_by_key(|item| match item.content.chunks().first() {
            Some(Chunk::Lower(file, _)) => Some(*file),
            _ => None,
        });
        first.append(&mut contents);
        first.append(&mut further);
        first
    }
}

fn entry(path: BString, meta: &Meta, kind: EntryKind) -> Entry {
    Entry {
        path,
        mode: u32::from(meta.mode),
        uid: u64::from(meta.uid),
        gid: u64::from(meta.gid),
        mtime: meta.mtime,
        xattrs: meta.xattrs.clone(),
        ..writer::plain(kind)
    }
}

/// Entries as a tar. `image` is what the container stands on.
pub(super) fn tar(items: &[TarItem], image: Option<(ArchiveId, u32)>) -> Rope {
    let mut rope = Rope::default();
    let mut pending = Vec::new();
    for TarItem { entry, content } in items {
        writer::write_header(entry, &mut pending);
        if !content.is_empty() {
            rope.bytes(std::mem::take(&mut pending));
            rope.content(content, image);
            pending.resize(writer::padding(content.len()), 0);
        }
    }
    pending.extend(writer::END);
    rope.bytes(pending);
    rope
}
