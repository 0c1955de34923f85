//! Writes a part of an image as a tar: a directory or all of the merged filesystem, or of one layer.
//!
//! Like the rest of the core it reads nothing: [`Session::step`] says what comes next, and little of it is held at once.

use std::{cmp::Reverse, collections::HashMap, iter, ops::Range};

use bstr::BString;

use super::{ContentRead, Session, failure};
use crate::{
    layer::{Index, Kind, Record},
    limits,
    overlay::{FileRef, LayerIndex, Stack, State},
    path,
    tar::{Entry, EntryKind, Timestamp, writer},
    tree::NodeId,
    worker::protocol::{Failure, FailureKind},
};

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Layers `0..=upto` merged, from this path on; no whiteouts.
    Merged {
        /// The image.
        image: u32,
        /// The topmost layer.
        upto: LayerIndex,
        /// The path; the root for everything.
        root: NodeId,
    },
    /// The entries of one layer from this path on, its whiteouts included. All of a layer is written as it is, byte by
    /// byte: its digest is the DiffId.
    Layer {
        /// The image.
        image: u32,
        /// The layer.
        layer: LayerIndex,
        /// The path; the root for everything.
        root: NodeId,
    },
}

impl Selection {
    fn image(self) -> u32 {
        let (Self::Merged { image, .. } | Self::Layer { image, .. }) = self;
        image
    }
}

/// A tar on its way; see [`Session::step`].
pub struct Export {
    /// Of the session, when it was begun.
    revision: u32,
    image: u32,
    items: Vec<Item>,
    /// The next item.
    next: usize,
    /// The content of the item that was begun: its bytes to come, and the zeros after them.
    body: Option<(u64, usize)>,
    /// Reads the contents of the items up to, not including, this one.
    run: Option<(ContentRead, usize)>,
    /// A layer that is written as it is: this many of its bytes.
    raw: Option<(LayerIndex, u64)>,
    ended: bool,
    left_out: u64,
    content: u64,
}

/// What comes next in a tar.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes of the archive, as they are.
    Copy(Range<u64>),
    /// First, these bytes of the archive are to be given to [`Export::supply`].
    Read(Range<u64>),
    /// Nothing: the tar is whole.
    Done,
}

/// An entry to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Item {
    node: NodeId,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// What this entry says, its content included.
    Entry(FileRef),
    /// A further name of what stands at a path of this tar.
    Link(FileRef, NodeId),
    /// A hard link of a layer, verbatim.
    Verbatim(FileRef),
    /// A directory that no entry makes.
    Implied,
}

impl Session {
    /// Begins to write what is selected.
    ///
    /// # Errors
    ///
    /// If there is no such layer or path, or if the layer has not been read.
    pub fn export(&self, selection: Selection) -> Result<Export, Failure> {
        let not_found = |what: &str| failure(FailureKind::NotFound, what);
        let image = selection.image();
        let (Selection::Merged { upto: top, root, .. } | Selection::Layer { layer: top, root, .. }) =
            selection;
        let stack = self.stack(image).filter(|stack| top.0 < stack.len());
        let stack = stack.ok_or_else(|| not_found("there is no such layer"))?;
        if root.index() >= self.tree().len() {
            return Err(not_found("there is no such path"));
        }
        let mut export = Export {
            revision: self.revision,
            image,
            items: Vec::new(),
            next: 0,
            body: None,
            run: None,
            raw: None,
            ended: false,
            left_out: 0,
            content: 0,
        };
        match selection {
            Selection::Merged { upto, root, .. } => self.merged_items(stack, upto, root, &mut export),
            Selection::Layer { layer, root: NodeId::ROOT, .. } => {
                let (_, blob) = self.blob_of(image, layer)?;
                export.raw = Some((layer, blob.size));
                export.content = blob.size;
                return Ok(export);
            }
            Selection::Layer { layer, root, .. } => self.layer_items(stack, layer, root, &mut export),
        }
        if export.items.is_empty() {
            return Err(not_found("there is nothing at this path"));
        }
        let stored = |item: &Item| item.content().map_or(0, |file| stored_size(stack, file));
        export.content = export.items.iter().map(stored).sum();
        Ok(export)
    }

    /// Files and the like in the order in which they are stored, so that each layer is read from its start to its end;
    /// then the further names of files; then the directories, each after what is in it. Programs that extract a tar make
    /// directories that are missing, and GNU tar takes their times as soon as an entry stands elsewhere.
    fn merged_items(&self, stack: &Stack, upto: LayerIndex, root: NodeId, export: &mut Export) {
        let (mut directories, mut files, mut links) = (Vec::new(), Vec::new(), Vec::new());
        let mut nodes = vec![root];
        while let Some(node) = nodes.pop() {
            let state = stack.state(node, upto);
            // The root of an image without an entry for it needs none.
            if state == State::Absent && node != NodeId::ROOT {
                continue;
            }
            nodes.extend(self.tree().children(node));
            match state.entry() {
                None if node == NodeId::ROOT => {}
                None => directories.push(Item { node, what: What::Implied }),
                Some(file) => match stack.target(file) {
                    None => export.left_out += 1,
                    Some(target) if target != file => links.push((node, target)),
                    Some(_) => {
                        let item = Item { node, what: What::Entry(file) };
                        let is_directory = stack.record(file).kind == Kind::Directory;
                        if is_directory { directories.push(item) } else { files.push(item) }
                    }
                },
            }
        }
        // What is in a directory has a greater number.
        directories.sort_unstable_by_key(|item| Reverse(item.node));
        links.sort_unstable();
        let mut names: HashMap<FileRef, NodeId> = HashMap::new();
        let mut further = Vec::new();
        for (node, target) in links {
            let own = stack.record(target).node;
            let is_seen = stack.state(own, upto).entry() == Some(target)
                && (root == NodeId::ROOT || self.tree().ancestors(own).any(|above| above == root));
            let first = *names.entry(target).or_insert(if is_seen { own } else { node });
            if first == node {
                files.push(Item { node, what: What::Entry(target) });
            } else {
                further.push(Item { node, what: What::Link(target, first) });
            }
        }
        files.sort_unstable_by_key(|item| item.content());
        export.items = files;
        export.items.append(&mut further);
        export.items.append(&mut directories);
    }

    /// The entries in the order of the layer's tar.
    fn layer_items(&self, stack: &Stack, layer: LayerIndex, root: NodeId, export: &mut Export) {
        let index = stack.layer(layer);
        let mut late = Vec::new();
        let is_below = |node: NodeId| self.tree().ancestors(node).any(|above| above == root);
        for (entry, record) in index.records().filter(|(_, record)| is_below(record.node)) {
            let (node, file) = (record.node, FileRef { layer, entry });
            let what = match record.kind {
                Kind::HardLink => match stack.target(file) {
                    // What it names is not in this tar, so the content is.
                    Some(target) if target.layer != layer || !is_below(stack.record(target).node) => {
                        late.push(Item { node, what: What::Entry(target) });
                        continue;
                    }
                    Some(_) => What::Verbatim(file),
                    None => {
                        export.left_out += 1;
                        continue;
                    }
                },
                _ => What::Entry(file),
            };
            export.items.push(Item { node, what });
        }
        // In the order in which they are stored: each layer is read once.
        late.sort_unstable_by_key(|item| item.content());
        export.items.append(&mut late);
    }

    /// What comes next in a tar. The session is the one that the export was begun with.
    ///
    /// # Errors
    ///
    /// If a layer is damaged, the archive ends too early, or a layer is not what it was when the tar was begun: what was given
    /// out before is no whole tar then.
    pub fn step(&self, export: &mut Export) -> Result<Step, Failure> {
        if export.revision != self.revision {
            return Err(failure(
                FailureKind::Unreadable,
                "a layer is not what was remembered of it: save anew",
            ));
        }
        if let Some((layer, size)) = export.raw {
            return self.raw_step(export, layer, size);
        }
        let stack = self.stack(export.image);
        let stack = stack.ok_or_else(|| failure(FailureKind::NotFound, "there is no such image"))?;
        let mut out = Vec::new();
        while out.len() < CHUNK {
            if let Some((left, padding)) = export.body {
                if left == 0 {
                    out.resize(out.len() + padding, 0);
                    export.body = None;
                    continue;
                }
                let Some((run, _)) = &mut export.run else {
                    // The item is the one before the next.
                    let Some(range) = self.direct_body(stack, export) else { break };
                    if !out.is_empty() {
                        break;
                    }
                    export.body = Some((0, padding));
                    return Ok(Step::Copy(range));
                };
                let bytes = run.take_up_to(left);
                if bytes.is_empty() {
                    let wants = run.wants();
                    if !out.is_empty() {
                        break;
                    }
                    let ends = || failure(FailureKind::Unreadable, "the archive ends within the file");
                    return Ok(Step::Read(wants.ok_or_else(ends)?));
                }
                export.body = Some((left - bytes.len() as u64, padding));
                out.extend_from_slice(&bytes);
                continue;
            }
            let Some(&item) = export.items.get(export.next) else {
                if !export.ended {
                    export.ended = true;
                    out.extend(writer::END);
                }
                break;
            };
            let entry = self.entry(stack, item);
            writer::write_header(&entry, &mut out);
            if entry.stored_size > 0 {
                self.start_run(stack, export)?;
                export.body = Some((entry.stored_size, writer::padding(entry.stored_size)));
            }
            export.next += 1;
        }
        Ok(if out.is_empty() { Step::Done } else { Step::Bytes(out) })
    }

    fn raw_step(&self, export: &mut Export, layer: LayerIndex, size: u64) -> Result<Step, Failure> {
        if export.ended {
            return Ok(Step::Done);
        }
        if let Some(range) = self.direct(export.image, layer, &(0..size)) {
            export.ended = true;
            return Ok(if range.is_empty() { Step::Done } else { Step::Copy(range) });
        }
        if export.run.is_none() {
            export.run = Some((self.stored(export.image, layer, iter::once(0..size).collect())?, 0));
        }
        let Some((run, _)) = &mut export.run else { return Ok(Step::Done) };
        let bytes = run.take();
        if !bytes.is_empty() {
            return Ok(Step::Bytes(bytes));
        }
        let wants = run.wants();
        export.ended = wants.is_none();
        if export.ended && self.blob_of(export.image, layer)?.1.diff_id.is_none() {
            return Err(failure(
                FailureKind::Unreadable,
                "the layer goes on, but cannot be decoded any further",
            ));
        }
        Ok(wants.map_or(Step::Done, Step::Read))
    }

    /// Where the body of the item that was begun stands in the archive as it is.
    fn direct_body(&self, stack: &Stack, export: &Export) -> Option<Range<u64>> {
        let item = export.items.get(export.next.checked_sub(1)?)?;
        let file = item.content()?;
        self.direct(export.image, file.layer, &body(stack, file))
    }

    /// Sees that there is a reader for the content of the next item, if it has to be decoded: one for all items that
    /// follow in the same layer.
    fn start_run(&self, stack: &Stack, export: &mut Export) -> Result<(), Failure> {
        if export.run.as_ref().is_some_and(|(_, end)| export.next < *end) {
            return Ok(());
        }
        export.run = None;
        let Some(file) = export.items[export.next].content() else { return Ok(()) };
        if self.direct(export.image, file.layer, &body(stack, file)).is_some() {
            return Ok(());
        }
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let mut end = export.next;
        for item in &export.items[export.next..] {
            if let Some(next) = item.content() {
                let range = body(stack, next);
                let follows = ranges.last().is_none_or(|last| {
                    last.end <= range.start && !self.can_jump(export.image, file.layer, last.end, range.start)
                });
                if next.layer != file.layer || !follows || ranges.len() >= limits::EXPORT_RUN {
                    break;
                }
                if !range.is_empty() {
                    ranges.push(range);
                }
            }
            end += 1;
        }
        export.run = Some((self.stored(export.image, file.layer, ranges)?, end));
        Ok(())
    }

    /// An item as the tar has it.
    fn entry(&self, stack: &Stack, item: Item) -> Entry {
        let path = self.tree().path(item.node);
        match item.what {
            What::Implied => Entry { path, mode: 0o755, ..writer::plain(EntryKind::Directory) },
            What::Entry(file) => {
                let (index, record) = (stack.layer(file.layer), stack.record(file));
                let entry = entry(index, record);
                Entry { path: entry_path(index, record.kind, path), ..entry }
            }
            What::Verbatim(file) => {
                let (index, record) = (stack.layer(file.layer), stack.record(file));
                let link = index.link(record).cloned().unwrap_or_default();
                Entry { path: index.tar_path(path), kind: EntryKind::HardLink, link, ..entry(index, record) }
            }
            What::Link(file, first) => {
                let link = self.tree().path(first);
                let entry = entry(stack.layer(file.layer), stack.record(file));
                let (size, stored_size, sparse) = (0, 0, Vec::new());
                Entry { path, kind: EntryKind::HardLink, link, size, stored_size, sparse, ..entry }
            }
        }
    }
}

/// About how many bytes are given out at once.
const CHUNK: usize = 256 << 10;

impl Export {
    /// Takes the bytes that were to be read. None at all mean that the archive ends there.
    ///
    /// # Errors
    ///
    /// If they are damaged.
    pub fn supply(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.run.as_mut().map_or(Ok(()), |(run, _)| run.supply(bytes))
    }

    /// Hard links that are left out, because they lead nowhere.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Bytes of file content that the tar will hold.
    pub fn content(&self) -> u64 {
        self.content
    }
}

impl Item {
    /// The entry whose content is written.
    fn content(&self) -> Option<FileRef> {
        match self.what {
            What::Entry(file) => Some(file),
            What::Link(..) | What::Verbatim(_) | What::Implied => None,
        }
    }
}

/// Where the stored bytes of an entry stand in its layer's tar.
fn body(stack: &Stack, file: FileRef) -> Range<u64> {
    let start = stack.record(file).body_offset();
    start..start.saturating_add(stored_size(stack, file))
}

fn stored_size(stack: &Stack, file: FileRef) -> u64 {
    let record = stack.record(file);
    if record.kind == Kind::File { stack.layer(file.layer).stored_size(record) } else { 0 }
}

/// An entry as the index knows it, without a path.
fn entry(index: &Index, record: Record) -> Entry {
    let is_file = record.kind == Kind::File;
    Entry {
        link: if record.kind == Kind::Symlink {
            index.link(record).cloned().unwrap_or_default()
        } else {
            BString::default()
        },
        mode: u32::from(record.mode),
        uid: u64::from(record.uid),
        gid: u64::from(record.gid),
        size: record.size,
        stored_size: if is_file { index.stored_size(record) } else { 0 },
        mtime: Timestamp { ..index.mtime(record) },
        device: index.device(record).unwrap_or_default(),
        xattrs: index.xattrs(record).to_vec(),
        sparse: index.sparse(record).to_vec(),
        ..writer::plain(entry_kind(record.kind))
    }
}

fn entry_kind(kind: Kind) -> EntryKind {
    match kind {
        // The marks of a layer are empty files.
        Kind::File | Kind::Whiteout | Kind::Opaque => EntryKind::File,
        Kind::Directory => EntryKind::Directory,
        Kind::Symlink => EntryKind::Symlink,
        Kind::HardLink => EntryKind::HardLink,
        Kind::CharDevice => EntryKind::CharDevice,
        Kind::BlockDevice => EntryKind::BlockDevice,
        Kind::Fifo => EntryKind::Fifo,
    }
}

/// The path of an entry in the tar: that of a mark has its name (OCI image spec, layer.md, "Whiteouts").
fn entry_path(index: &Index, kind: Kind, node: BString) -> BString {
    match kind {
        Kind::Whiteout => {
            let name_at = node.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
            let (parent, name) = node.split_at(name_at);
            index.tar_path([parent, path::WHITEOUT_PREFIX, name].concat().into())
        }
        Kind::Opaque => index.tar_path(path::join_name(&node, path::OPAQUE_MARK)),
        _ if node.is_empty() => "./".into(),
        _ => node,
    }
}
