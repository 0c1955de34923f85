//! The layers of one image, merged one on top of the other.
//!
//! For each path a [`Stack`] keeps the chain of what each layer did to it. The merged filesystem up to any
//! layer N is then the state after the last event of a layer ≤ N, so one merge serves every height, and
//! what is hidden or deleted stays reachable.
//!
//! The cost of a layer is that of its entries plus the paths that it hides; a path can only be hidden
//! once per time that it was added, so the whole is linear in the entries of all layers.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use bstr::{BStr, BString, ByteSlice};

use super::Mark;
use crate::{
    anomaly::{Anomaly, Code},
    layer::{EntryId, Index, Kind, Record},
    limits, path,
    tree::{Full, NodeId, Tree, reserve},
    unicode::{Form, normalized},
};

/// A layer of an image by its place, 0 at the bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerIndex(pub u32);

/// An entry of one of the stack's layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileRef {
    /// The layer.
    pub layer: LayerIndex,
    /// Its entry.
    pub entry: EntryId,
}

/// What one layer does to one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The layer.
    pub layer: LayerIndex,
    /// What it does.
    pub mark: Mark,
    /// Why.
    pub cause: Cause,
}

/// Why a layer does something to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// An entry of the layer is put there.
    Entry(EntryId),
    /// A directory that no entry makes, but one below it needs.
    Implied,
    /// This whiteout entry names the path.
    Whiteout(EntryId),
    /// A whiteout names this directory above the path.
    WhiteoutAbove(NodeId),
    /// This directory above the path is opaque.
    Opaque(NodeId),
    /// Something that is not a directory took the place of this directory above the path.
    Replaced(NodeId),
}

impl Event {
    /// What is at the path after it.
    pub fn state(self) -> State {
        match self.cause {
            Cause::Entry(entry) => State::Entry(FileRef { layer: self.layer, entry }),
            Cause::Implied => State::Implied(self.layer),
            _ => State::Absent,
        }
    }
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Absent,
    /// A directory that this layer implied and none has made.
    Implied(LayerIndex),
    /// What this entry puts there.
    Entry(FileRef),
}

impl State {
    /// The entry, if there is one.
    pub fn entry(self) -> Option<FileRef> {
        match self {
            Self::Entry(file) => Some(file),
            _ => None,
        }
    }

    /// The layer it comes from, if there is anything.
    pub fn layer(self) -> Option<LayerIndex> {
        match self {
            Self::Absent => None,
            Self::Implied(layer) => Some(layer),
            Self::Entry(file) => Some(file.layer),
        }
    }
}

/// An [`Event`] in its chain, packed: an image has one for each path that each of its layers touches.
#[derive(Clone, Copy)]
struct Link {
    /// The layer, and below it four bits of mark and four of cause. No image has 2²⁴ layers: see
    /// [`limits::JSON_VALUES`].
    layer_mark_cause: u32,
    /// The entry or the path that is the cause, if one is.
    by: u32,
    /// The event of a layer below; `NONE` at the bottom.
    below: u32,
}

const MARKS: [Mark; 5] = [Mark::Added, Mark::Modified, Mark::Metadata, Mark::Deleted, Mark::Hidden];

impl Link {
    fn new(event: Event, below: u32) -> Self {
        let mark = MARKS.iter().position(|mark| *mark == event.mark).unwrap_or(0) as u32;
        let (cause, by) = match event.cause {
            Cause::Entry(entry) => (0, entry.0),
            Cause::Implied => (1, 0),
            Cause::Whiteout(entry) => (2, entry.0),
            Cause::WhiteoutAbove(node) => (3, node.0),
            Cause::Opaque(node) => (4, node.0),
            Cause::Replaced(node) => (5, node.0),
        };
        Self { layer_mark_cause: event.layer.0 << 8 | mark << 4 | cause, by, below }
    }

    fn layer(self) -> LayerIndex {
        LayerIndex(self.layer_mark_cause >> 8)
    }

    fn mark(self) -> Mark {
        MARKS[(self.layer_mark_cause >> 4 & 0xf) as usize]
    }

    fn event(self) -> Event {
        let (entry, node) = (EntryId(self.by), NodeId(self.by));
        let cause = match self.layer_mark_cause & 0xf {
            0 => Cause::Entry(entry),
            1 => Cause::Implied,
            2 => Cause::Whiteout(entry),
            3 => Cause::WhiteoutAbove(node),
            4 => Cause::Opaque(node),
            _ => Cause::Replaced(node),
        };
        Event { layer: self.layer(), mark: self.mark(), cause }
    }
}

const NONE: u32 = u32::MAX;

/// The layers of one image and what each did to each path of a shared [`Tree`].
#[derive(Default)]
pub struct Stack {
    layers: Vec<Rc<Index>>,
    links: Vec<Link>,
    /// For each path its newest event; paths beyond the end have none.
    newest: Vec<u32>,
    /// Hard links: the entry that holds what they name.
    targets: HashMap<FileRef, FileRef>,
    /// The directories that are opaque, each in its layer.
    opaque: HashSet<(LayerIndex, NodeId)>,
    /// How many visible names each file entry has, beside each layer's entries.
    names: Vec<Vec<u32>>,
    /// Bytes of file content in each layer.
    stored: Vec<u64>,
    /// Bytes of file content that are visible with each layer on top.
    visible: Vec<u64>,
    /// Bytes of each layer's file content that are visible now.
    visible_of: Vec<u64>,
    /// Paths that an entry makes visible now, the root left out.
    paths: u64,
}

impl Stack {
    /// A stack without layers.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many layers there are.
    pub fn len(&self) -> u32 {
        self.layers.len() as u32
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// A layer's entries.
    pub fn layer(&self, layer: LayerIndex) -> &Rc<Index> {
        &self.layers[layer.0 as usize]
    }

    /// The record of an entry.
    pub fn record(&self, file: FileRef) -> Record {
        self.layer(file.layer).record(file.entry)
    }

    /// What the layers do to a path, newest first.
    pub fn events(&self, node: NodeId) -> impl Iterator<Item = Event> + '_ {
        let link = |id: u32| (id != NONE).then(|| self.links[id as usize]);
        let newest = self.newest.get(node.index()).copied().unwrap_or(NONE);
        std::iter::successors(link(newest), move |l| link(l.below)).map(Link::event)
    }

    /// What is at a path with layers `0..=upto` merged.
    pub fn state(&self, node: NodeId, upto: LayerIndex) -> State {
        if node == NodeId::ROOT {
            // The root is there even where no entry makes it.
            return self.last_event(node, upto).map_or(State::Implied(LayerIndex(0)), Event::state);
        }
        self.last_event(node, upto).map_or(State::Absent, Event::state)
    }

    /// What the topmost of layers `0..=upto` that does anything to a path does.
    pub fn last_event(&self, node: NodeId, upto: LayerIndex) -> Option<Event> {
        self.events(node).find(|event| event.layer <= upto)
    }

    /// What `layer` itself does to a path.
    pub fn event_of(&self, node: NodeId, layer: LayerIndex) -> Option<Event> {
        self.last_event(node, layer).filter(|event| event.layer == layer)
    }

    /// Whether `layer` itself has a directory at a path and marks it as opaque.
    pub fn is_opaque(&self, node: NodeId, layer: LayerIndex) -> bool {
        self.opaque.contains(&(layer, node))
    }

    /// What was at a path before `layer`.
    pub fn state_below(&self, node: NodeId, layer: LayerIndex) -> State {
        match layer.0.checked_sub(1) {
            Some(below) => self.state(node, LayerIndex(below)),
            None => State::Absent,
        }
    }

    /// Whether a state is a directory.
    pub fn is_directory(&self, state: State) -> bool {
        match state {
            State::Absent => false,
            State::Implied(_) => true,
            State::Entry(file) => self.record(file).kind == Kind::Directory,
        }
    }

    /// The entry that holds what an entry names: itself, or for a hard link the entry at its end. `None`
    /// for a hard link to nothing.
    pub fn target(&self, file: FileRef) -> Option<FileRef> {
        match self.record(file).kind {
            Kind::HardLink => self.targets.get(&file).copied(),
            _ => Some(file),
        }
    }

    /// Bytes of file content stored in a layer.
    pub fn stored(&self, layer: LayerIndex) -> u64 {
        self.stored[layer.0 as usize]
    }

    /// Bytes of file content visible with layers `0..=layer` merged; a file with several names counts once.
    pub fn visible(&self, layer: LayerIndex) -> u64 {
        self.visible[layer.0 as usize]
    }

    /// Bytes of a layer's file content that the merge of all layers shows.
    pub fn visible_of(&self, layer: LayerIndex) -> u64 {
        self.visible_of[layer.0 as usize]
    }

    /// How many paths of the merge of all layers show a file, hard links included.
    pub fn names(&self, file: FileRef) -> u32 {
        self.names[file.layer.0 as usize][file.entry.index()]
    }

    /// Every event that a layer further up followed with one at the same path: the lower one first. What
    /// there is of the topmost event of a path is in none of them; neither is what a layer undid itself.
    pub fn successions(&self) -> impl Iterator<Item = (Event, Event)> + '_ {
        // A link that its own layer took back stays in the table, but then nothing is below it that it could
        // have followed: see `Push::set`.
        let has_below = |link: &&Link| link.below != NONE;
        self.links
            .iter()
            .filter(has_below)
            .map(|link| (self.links[link.below as usize].event(), link.event()))
    }

    /// Gives back the room that is left for more layers.
    pub fn shrink_to_fit(&mut self) {
        self.links.shrink_to_fit();
        self.newest.shrink_to_fit();
        self.targets.shrink_to_fit();
        self.opaque.shrink_to_fit();
        self.names.iter_mut().for_each(Vec::shrink_to_fit);
    }

    /// Bytes of memory that it takes, its layers left out.
    pub fn heap_size(&self) -> usize {
        self.links.capacity() * size_of::<Link>()
            + self.newest.capacity() * size_of::<u32>()
            + self.targets.capacity() * size_of::<(FileRef, FileRef)>()
            + self.opaque.capacity() * size_of::<(LayerIndex, NodeId)>()
            + self.names.iter().map(|names| names.capacity() * size_of::<u32>()).sum::<usize>()
    }

    /// Paths of the merge of all layers that an entry makes, the root left out.
    pub fn paths(&self) -> u64 {
        self.paths
    }

    /// Merges one more layer on top. Its paths must be those of `tree`.
    ///
    /// Opaque marks come first, wherever they stand in the tar, then whiteouts, then the entries in their
    /// order. The first two act on the layers below only.
    pub fn push(&mut self, index: Rc<Index>, tree: &mut Tree) -> Result<Vec<Anomaly>, Full> {
        let layer = LayerIndex(self.len());
        self.names.push(vec![0; index.len()]);
        self.stored.push(0);
        self.visible_of.push(0);
        self.visible.push(self.visible.last().copied().unwrap_or(0));
        self.layers.push(Rc::clone(&index));
        let more = tree.len().saturating_sub(self.newest.len());
        reserve(&mut self.newest, more);
        self.newest.resize(tree.len(), NONE);

        let mut push = Push { stack: self, tree, layer, anomalies: Vec::new() };
        for (_, record) in index.records().filter(|(_, r)| r.kind == Kind::Opaque) {
            push.opaque(record);
        }
        for (entry, record) in index.records().filter(|(_, r)| r.kind == Kind::Whiteout) {
            push.whiteout(entry, record);
        }
        for (entry, record) in index.records() {
            push.entry(entry, record)?;
        }
        Ok(push.anomalies)
    }
}

/// The merge of one layer under way.
struct Push<'a> {
    stack: &'a mut Stack,
    tree: &'a mut Tree,
    layer: LayerIndex,
    anomalies: Vec<Anomaly>,
}

impl Push<'_> {
    #[inline(never)]
    fn opaque(&mut self, record: Record) {
        self.stack.opaque.insert((self.layer, record.node));
        self.remove_below(record.node, Cause::Opaque(record.node));
    }

    #[inline(never)]
    fn whiteout(&mut self, entry: EntryId, record: Record) {
        if self.now(record.node) == State::Absent {
            // An opaque directory may hold whiteouts of what it hides anyway.
            if self.stack.state_below(record.node, self.layer) == State::Absent {
                self.note(Code::WhiteoutOfNothing, record, |tree| {
                    format!("a whiteout of {:?}, which is not there", tree.path(record.node))
                });
            }
            return;
        }
        self.remove_below(record.node, Cause::WhiteoutAbove(record.node));
        self.set(record.node, Mark::Deleted, Cause::Whiteout(entry));
    }

    fn entry(&mut self, entry: EntryId, record: Record) -> Result<(), Full> {
        if record.reserved {
            return Ok(());
        }
        match record.kind {
            Kind::Opaque => return self.imply_marked(record.node, record),
            Kind::Whiteout => return self.imply_marked(self.tree.parent(record.node), record),
            _ => {}
        }
        if record.kind == Kind::File {
            let stored = self.stack.layer(self.layer).stored_size(record);
            self.stack.stored[self.layer.0 as usize] += stored;
        }
        let Some(node) = self.place(record.node, record)? else { return Ok(()) };
        let before = self.now(node);
        // Tools that add to a tar repeat directories, and nothing is lost by it.
        let repeats_directory = record.kind == Kind::Directory && self.stack.is_directory(before);
        if before.layer() == Some(self.layer) && before.entry().is_some() && !repeats_directory {
            self.note(Code::PathDuplicate, record, |tree| {
                format!("{:?} stands in this layer more than once", tree.path(node))
            });
        }
        if before == State::Absent
            && let Some(twin) = self.twin(node)
        {
            self.note(Code::NameTwin, record, |tree| {
                let (name, twin) = (tree.path(node), tree.path(twin));
                format!("{name:?} and {twin:?} differ only by Unicode normalisation")
            });
        }
        if record.kind == Kind::HardLink {
            self.link(entry, record);
        }
        if let Some(whiteout) = self.stack.event_of(node, self.layer).filter(|e| e.mark == Mark::Deleted)
            && let Cause::Whiteout(_) = whiteout.cause
        {
            self.note(Code::WhiteoutAndEntry, record, |tree| {
                format!("{:?} is both deleted and made by this layer", tree.path(node))
            });
        }
        if record.kind != Kind::Directory && self.stack.is_directory(before) {
            self.remove_below(node, Cause::Replaced(node));
        }
        let mark = self.mark(node, FileRef { layer: self.layer, entry });
        self.set(node, mark, Cause::Entry(entry));
        Ok(())
    }

    /// What is in the same directory under the composed or the decomposed form of the same name (Unicode Standard
    /// Annex 15). To Linux they are different names; to an eye, and to some filesystems, they are one.
    fn twin(&self, node: NodeId) -> Option<NodeId> {
        if self.tree.name(node).is_ascii() { None } else { self.other_form(node) }
    }

    /// The same, of a name that has other forms.
    #[cold]
    fn other_form(&self, node: NodeId) -> Option<NodeId> {
        let text = self.tree.name(node).to_str().ok()?;
        let parent = self.tree.parent(node);
        let other = |form: String| {
            let twin = self.tree.child(parent, form.as_bytes()).filter(|&twin| twin != node)?;
            (self.now(twin) != State::Absent).then_some(twin)
        };
        other(normalized(text, Form::Nfc)).or_else(|| other(normalized(text, Form::Nfd)))
    }

    /// Where an entry for `node` ends up, its directories made. A directory that this same layer made a
    /// symbolic link is followed, as extracting the layer would; one of a layer below is covered by a
    /// directory. `None` if links lead in a circle.
    fn place(&mut self, node: NodeId, record: Record) -> Result<Option<NodeId>, Full> {
        // Nearly always every directory is one already, and there is nothing to do.
        let parent = self.tree.parent(node);
        if node == NodeId::ROOT || self.stack.is_directory(self.now(parent)) {
            return Ok(Some(node));
        }
        self.walk(node, record)
    }

    /// The same, where a directory is missing, from the root on.
    #[cold]
    fn walk(&mut self, node: NodeId, record: Record) -> Result<Option<NodeId>, Full> {
        let mut names: Vec<BString> = self.names_of(node);
        names.reverse();
        let mut place = NodeId::ROOT;
        let mut hops = 0;
        // `names` holds what is still to be walked, the next one last.
        while let Some(name) = names.pop() {
            let next = self.tree.intern(place, &name)?;
            self.stack.newest.resize(self.tree.len(), NONE);
            if names.is_empty() {
                return Ok(Some(next));
            }
            let state = self.now(next);
            match self.symlink_of_this_layer(state) {
                Some(target) => {
                    hops += 1;
                    let Some(walk) = self.walk_of(place, target.as_bstr(), hops) else {
                        self.note(Code::EntryThroughSymlink, record, |tree| {
                            format!("{:?} lies behind a loop of links", tree.path(node))
                        });
                        return Ok(None);
                    };
                    if hops == 1 {
                        self.note(Code::EntryThroughSymlink, record, |tree| {
                            format!("{:?} goes through a symbolic link", tree.path(node))
                        });
                    }
                    names.extend(walk);
                    place = NodeId::ROOT;
                }
                None => {
                    self.imply(next, record);
                    place = next;
                }
            }
        }
        Ok(Some(place))
    }

    /// Makes the directory that a whiteout or an opaque mark stands in, unless this layer has put something
    /// else there: such marks are never read through links.
    fn imply_marked(&mut self, directory: NodeId, record: Record) -> Result<(), Full> {
        if let Some(place) = self.place(directory, record)?
            && self.now(place).layer() != Some(self.layer)
        {
            self.imply(place, record);
        }
        Ok(())
    }

    /// Makes a directory where none is; a directory that is there stays as it is.
    fn imply(&mut self, node: NodeId, record: Record) {
        let before = self.now(node);
        if self.stack.is_directory(before) {
            return;
        }
        let is_symlink = |file: FileRef| self.stack.record(file).kind == Kind::Symlink;
        if before.entry().is_some_and(is_symlink) {
            self.note(Code::DirectoryOverSymlink, record, |tree| {
                format!("a directory covers the symbolic link {:?}", tree.path(node))
            });
        }
        let below = self.stack.state_below(node, self.layer);
        let mark = match below {
            State::Absent => Mark::Added,
            below if self.stack.is_directory(below) => Mark::Metadata,
            _ => Mark::Modified,
        };
        self.set(node, mark, Cause::Implied);
    }

    /// Finds what a hard link names: first in this layer, as extracting it would, else in those below.
    #[inline(never)]
    fn link(&mut self, entry: EntryId, record: Record) {
        let index = Rc::clone(self.stack.layer(self.layer));
        let link = index.link(record).map(|link| link.as_slice()).unwrap_or_default();
        let node = path::normalise(link).ok().and_then(|walk| self.find(index.names_of(&walk.names)));
        let target = node.and_then(|node| self.now(node).entry());
        let source = FileRef { layer: self.layer, entry };
        match target.and_then(|file| self.stack.target(file)) {
            Some(target) => {
                if target.layer != self.layer {
                    self.note(Code::HardLinkTarget, record, |_| {
                        format!("hard link to {:?}, which a layer below holds", BStr::new(link))
                    });
                }
                self.stack.targets.insert(source, target);
            }
            None => {
                self.note(Code::HardLinkTarget, record, |_| {
                    format!("hard link to {:?}, which is not there", BStr::new(link))
                });
            }
        }
    }

    /// Where these names from the root lead to, through links that this same layer made. Nothing is made on the way.
    fn find(&self, names: &[&BStr]) -> Option<NodeId> {
        let mut names: Vec<BString> = names.iter().rev().map(|&name| name.to_owned()).collect();
        let mut node = NodeId::ROOT;
        let mut hops = 0;
        while let Some(name) = names.pop() {
            let next = self.tree.child(node, &name)?;
            match self.symlink_of_this_layer(self.now(next)).filter(|_| !names.is_empty()) {
                Some(target) => {
                    hops += 1;
                    names.extend(self.walk_of(node, target.as_bstr(), hops)?);
                    node = NodeId::ROOT;
                }
                None => node = next,
            }
        }
        Some(node)
    }

    /// The names from the root, the last one first, that a link in `directory` leads to; `None` after too many links.
    fn walk_of(&self, directory: NodeId, target: &BStr, hops: usize) -> Option<Vec<BString>> {
        let target = path::join(&self.tree.path(directory), target);
        let walk = path::normalise(&target).ok().filter(|_| hops <= limits::SYMLINK_HOPS)?;
        Some(walk.names.iter().rev().map(|&name| name.to_owned()).collect())
    }

    /// Removes all that is below a path (itself left alone), of this layer and those below.
    #[inline(never)]
    fn remove_below(&mut self, node: NodeId, cause: Cause) {
        let mut stack: Vec<NodeId> = self.tree.children(node).collect();
        while let Some(node) = stack.pop() {
            // What is below a path that is not there is not there either.
            if self.now(node) != State::Absent {
                stack.extend(self.tree.children(node));
                self.set(node, Mark::Hidden, cause);
            }
        }
    }

    /// How an entry differs from what the layers below have at its path.
    fn mark(&self, node: NodeId, new: FileRef) -> Mark {
        let old = match self.stack.state_below(node, self.layer) {
            State::Absent => return Mark::Added,
            State::Implied(_) if self.stack.record(new).kind == Kind::Directory => return Mark::Metadata,
            State::Implied(_) => return Mark::Modified,
            State::Entry(old) => old,
        };
        let (Some(old), Some(new)) = (self.stack.target(old), self.stack.target(new)) else {
            return Mark::Modified;
        };
        if self.stack.same_content(old, new) { Mark::Metadata } else { Mark::Modified }
    }

    /// Puts an event at the end of a path's chain. A layer has one event for a path at most: what it
    /// made and undid itself leaves none.
    fn set(&mut self, node: NodeId, mark: Mark, cause: Cause) {
        let before = self.now(node);
        let event = Event { layer: self.layer, mark, cause };
        let newest = self.stack.newest[node.index()];
        let own = newest != NONE && self.stack.links[newest as usize].layer() == self.layer;
        let below = if own { self.stack.links[newest as usize].below } else { newest };
        let nothing_below = below == NONE || self.stack.links[below as usize].mark().removes();
        self.stack.newest[node.index()] = if mark.removes() && nothing_below {
            below
        } else if own {
            self.stack.links[newest as usize] = Link::new(event, below);
            newest
        } else {
            reserve(&mut self.stack.links, 1);
            self.stack.links.push(Link::new(event, below));
            (self.stack.links.len() - 1) as u32
        };
        self.count(before, false);
        self.count(event.state(), true);
        if node != NodeId::ROOT {
            self.stack.paths -= u64::from(before.entry().is_some());
            self.stack.paths += u64::from(event.state().entry().is_some());
        }
    }

    /// Keeps count of the visible names of each file.
    fn count(&mut self, state: State, appears: bool) {
        let Some(file) = state.entry().and_then(|file| self.stack.target(file)) else { return };
        let record = self.stack.record(file);
        if record.kind != Kind::File {
            return;
        }
        let stored = self.stack.layer(file.layer).stored_size(record);
        let names = &mut self.stack.names[file.layer.0 as usize][file.entry.index()];
        let visible = &mut self.stack.visible[self.layer.0 as usize];
        let visible_of = &mut self.stack.visible_of[file.layer.0 as usize];
        if appears {
            if *names == 0 {
                *visible += stored;
                *visible_of += stored;
            }
            *names += 1;
        } else {
            *names -= 1;
            if *names == 0 {
                *visible -= stored;
                *visible_of -= stored;
            }
        }
    }

    fn now(&self, node: NodeId) -> State {
        self.stack.state(node, self.layer)
    }

    fn symlink_of_this_layer(&self, state: State) -> Option<BString> {
        let file = state.entry().filter(|file| file.layer == self.layer)?;
        let record = self.stack.record(file);
        if record.kind != Kind::Symlink {
            return None;
        }
        self.stack.layer(file.layer).link(record).cloned()
    }

    fn names_of(&self, node: NodeId) -> Vec<BString> {
        let mut names: Vec<BString> =
            self.tree.ancestors(node).map(|n| BString::from(self.tree.name(n))).collect();
        names.pop(); // The root has no name.
        names.reverse();
        names
    }

    /// Notes something wrong with an entry: see [`crate::anomaly::note`].
    #[cold]
    fn note(&mut self, code: Code, record: Record, message: impl FnOnce(&Tree) -> String) {
        if self.anomalies.len() < limits::ANOMALIES {
            self.anomalies.push(Anomaly::at(code, record.header_offset, message(self.tree)));
        }
    }
}

impl Stack {
    /// Whether two entries, hard links followed, are the same but for metadata.
    pub fn same_content(&self, a: FileRef, b: FileRef) -> bool {
        let (ra, rb) = (self.record(a), self.record(b));
        let (ia, ib) = (self.layer(a.layer), self.layer(b.layer));
        ra.kind == rb.kind
            && match ra.kind {
                Kind::File => {
                    // Without a hash nothing is known; an entry that was not read counts as different.
                    let content = ia.content(a.entry);
                    ra.size == rb.size
                        && content.is_some()
                        && content == ib.content(b.entry)
                        && ia.sparse(ra) == ib.sparse(rb)
                }
                Kind::Symlink => ia.link(ra) == ib.link(rb),
                Kind::CharDevice | Kind::BlockDevice => ia.device(ra) == ib.device(rb),
                _ => true,
            }
    }
}
