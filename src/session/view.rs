//! The tree as rows: what the page shows of the merged filesystem.

use std::collections::HashSet;

use bstr::ByteSlice;

use super::{Session, facts, failure};
use crate::{
    overlay::{Event, FileRef, LayerIndex, Mark, Stack, State},
    tar::Timestamp,
    tree::{NodeId, Tree},
    worker::protocol::{
        Change, ChangeFilter, Compare, Expand, Facts, Failure, FailureKind, Kind, Node, Role, Row, Rows,
        Sort, View, ViewSpec,
    },
};

/// What the tree shows now.
#[derive(Default)]
pub(super) struct ViewState {
    spec: Option<ViewSpec>,
    /// What was found for `spec`; `None` once a layer came on top.
    shown: Option<Shown>,
    /// The directories that are expanded, for each image.
    expanded: Vec<HashSet<NodeId>>,
    rows: Vec<FlatRow>,
    generation: u32,
}

impl ViewState {
    /// What was found is no longer true: a layer has been merged.
    pub(super) fn invalidate(&mut self) {
        self.shown = None;
    }
}

/// Which paths have rows under a [`ViewSpec`], beside the nodes of the tree.
struct Shown {
    upto: LayerIndex,
    flags: Vec<Flags>,
    /// File content at and below each path, in bytes.
    sizes: Vec<u64>,
    matches: u32,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    /// It has a row: it matches, or is on the way to what does.
    shown: bool,
    /// Something in it has a row.
    has_shown: bool,
    /// It is deleted or hidden.
    ghost: bool,
    /// Something at or below it changes.
    changes: bool,
    mark: Option<Mark>,
}

/// A row without its metadata.
struct FlatRow {
    node: NodeId,
    parent: u32,
    level: u32,
    position: u32,
    siblings: u32,
    expanded: Option<bool>,
}

const NO_PARENT: u32 = u32::MAX;
/// A tree with at most so many paths begins expanded: there is nothing to be gained by hiding them.
const EXPAND_AT_FIRST: u64 = 200;

impl Session {
    /// Chooses what the tree shows.
    pub fn show(&mut self, spec: ViewSpec) -> Result<View, Failure> {
        if self.stacks.get(spec.image as usize).is_none_or(Stack::is_empty) {
            return Err(failure(FailureKind::NotFound, "the image has no merged layers yet"));
        }
        self.view.shown = None;
        self.view.spec = Some(spec);
        self.refresh()
    }

    /// Expands or collapses directories of the view.
    pub fn expand(&mut self, expand: Expand) -> Result<View, Failure> {
        let image = self.view.spec.as_ref().ok_or_else(no_view)?.image as usize;
        self.refresh()?;
        let Self { view, tree, .. } = self;
        let (Some(expanded), Some(shown)) = (view.expanded.get_mut(image), &view.shown) else {
            return Err(no_view());
        };
        match expand {
            Expand::Open(node) => drop(expanded.insert(NodeId(node.0))),
            Expand::Close(node) => drop(expanded.remove(&NodeId(node.0))),
            Expand::None => expanded.clear(),
            Expand::All => {
                let has_shown = |n: &NodeId| shown.flags.get(n.index()).is_some_and(|f| f.has_shown);
                expanded.extend(tree.ids().filter(has_shown));
            }
        }
        self.flatten()
    }

    /// Rows of the view from `start` on, at most `len`.
    pub fn rows(&mut self, start: u32, len: u32) -> Result<Rows, Failure> {
        self.refresh_if_stale()?;
        let ViewState { spec: Some(spec), shown: Some(shown), rows, generation, .. } = &self.view else {
            return Err(no_view());
        };
        let first = (start as usize).min(rows.len());
        let last = first.saturating_add(len as usize).min(rows.len());
        let rows = rows[first..last].iter().map(|row| self.row(row, spec, shown)).collect();
        Ok(Rows { generation: *generation, start: first as u32, rows })
    }

    /// Expands what is above a path, so that it has a row. Symbolic links on the way are followed, the last
    /// one is not. A path that is deleted or hidden is found where no link is in the way.
    pub fn locate(&mut self, path: &[u8]) -> Result<(View, Option<(Node, u32)>), Failure> {
        let spec = self.view.spec.clone().ok_or_else(no_view)?;
        let view = self.refresh()?;
        let visible = self.walk(spec.image, LayerIndex(spec.upto), path.as_bstr(), false);
        let literal = || {
            let names = crate::path::normalise(path).ok()?.names;
            self.tree.find(names)
        };
        // A link of a Windows layer names its target as the tar has it.
        let in_tar = || {
            let stack = &self.stacks[spec.image as usize];
            let index =
                (0..stack.len()).map(|l| stack.layer(LayerIndex(l))).find(|index| index.is_windows())?;
            let names = crate::path::normalise(path).ok()?.names;
            self.tree.find(index.names_of(&names).iter().copied())
        };
        let Some(node) = visible.or_else(literal).or_else(in_tar) else { return Ok((view, None)) };
        if let Some(expanded) = self.view.expanded.get_mut(spec.image as usize) {
            expanded.extend(self.tree.ancestors(node).skip(1));
        }
        let view = self.flatten()?;
        let row = self.view.rows.iter().position(|row| row.node == node);
        Ok((view, row.map(|row| (Node(node.0), row as u32))))
    }

    fn refresh_if_stale(&mut self) -> Result<(), Failure> {
        if self.view.shown.is_none() { self.refresh().map(drop) } else { Ok(()) }
    }

    /// Finds what the view shows, unless that is still known.
    fn refresh(&mut self) -> Result<View, Failure> {
        let spec = self.view.spec.as_ref().ok_or_else(no_view)?;
        let image = spec.image as usize;
        let stack = &self.stacks[image];
        if self.view.shown.is_none() {
            self.view.shown = Some(Shown::find(stack, &self.tree, spec));
        }
        while self.view.expanded.len() <= image {
            // The first look at this image.
            let next = &self.stacks[self.view.expanded.len()];
            let small = next.paths() <= EXPAND_AT_FIRST;
            let directories = || self.tree.ids().filter(|&n| self.tree.children(n).next().is_some());
            self.view.expanded.push(if small { directories().collect() } else { HashSet::new() });
        }
        self.flatten()
    }

    /// Lays the rows out, one after the other.
    fn flatten(&mut self) -> Result<View, Failure> {
        let Self { view, tree, .. } = self;
        let ViewState { spec: Some(spec), shown: Some(shown), expanded, rows, generation } = view else {
            return Err(no_view());
        };
        // A filter shows where its matches are without asking for each directory.
        let filtered = !spec.filter.is_empty() || spec.changes != ChangeFilter::default();
        let expanded = &expanded[spec.image as usize];
        rows.clear();
        // Directories whose children are being laid out: the children still to come, last first.
        let mut open: Vec<(Vec<NodeId>, u32, u32)> =
            vec![(shown.children(tree, NodeId::ROOT, spec), NO_PARENT, 0)];
        while let Some((children, parent, siblings)) = open.last_mut() {
            let Some(node) = children.pop() else {
                open.pop();
                continue;
            };
            *siblings = (*siblings).max(children.len() as u32 + 1);
            let has_shown = shown.flags[node.index()].has_shown;
            let is_open = has_shown && (filtered || expanded.contains(&node));
            let row = FlatRow {
                node,
                parent: *parent,
                position: *siblings - children.len() as u32,
                siblings: *siblings,
                level: open.len() as u32,
                expanded: has_shown.then_some(is_open),
            };
            rows.push(row);
            if is_open {
                let at = (rows.len() - 1) as u32;
                open.push((shown.children(tree, node, spec), at, 0));
            }
        }
        *generation += 1;
        Ok(View {
            generation: *generation,
            rows: rows.len() as u32,
            matches: shown.matches,
            image: spec.image,
            upto: shown.upto.0,
        })
    }

    fn row(&self, row: &FlatRow, spec: &ViewSpec, shown: &Shown) -> Row {
        let stack = &self.stacks[spec.image as usize];
        let node = row.node;
        let flags = shown.flags[node.index()];
        let state =
            if flags.ghost { last_state(stack, node, shown.upto) } else { stack.state(node, shown.upto) };
        let ghost = || stack.last_event(node, shown.upto).map(|event| event.layer.0);
        Row {
            node: Node(node.0),
            name: self.tree.name(node).to_owned(),
            level: row.level,
            position: row.position,
            siblings: row.siblings,
            parent: (row.parent != NO_PARENT).then_some(row.parent),
            facts: state_facts(stack, state),
            total_size: shown.sizes[node.index()],
            layer: state.layer().map_or(0, |layer| layer.0),
            change: match flags.mark {
                Some(mark) => Change::Marked(mark),
                None if flags.changes => Change::Below,
                None => Change::None,
            },
            ghost: if flags.ghost { ghost() } else { None },
            expanded: row.expanded,
            role: self.role(stack, node, state),
            strata: strata(stack, node),
        }
    }
}

impl Session {
    /// What a path is for, by its name and the layer that put it there.
    fn role(&self, stack: &Stack, node: NodeId, state: State) -> Option<Role> {
        let index = stack.layer(state.layer().filter(|_| self.tree.parent(node) == NodeId::ROOT)?);
        // The table of contents is the last entry of an eStargz layer (docs/estargz.md, "TOC").
        let is_estargz = || {
            let last = index.last()?;
            let is_toc =
                self.tree.parent(last.node) == NodeId::ROOT && self.tree.name(last.node) == STARGZ_INDEX;
            is_toc.then_some(())
        };
        match self.tree.name(node).as_bytes() {
            b"Hives" if index.is_windows() => Some(Role::RegistryHives),
            b"UtilityVM" if index.is_windows() => Some(Role::UtilityVm),
            STARGZ_INDEX => is_estargz().map(|()| Role::StargzIndex),
            b".prefetch.landmark" | b".no.prefetch.landmark" => is_estargz().map(|()| Role::StargzLandmark),
            _ => None,
        }
    }
}

const STARGZ_INDEX: &[u8] = b"stargz.index.json";

impl Shown {
    fn find(stack: &Stack, tree: &Tree, spec: &ViewSpec) -> Self {
        let upto = LayerIndex(spec.upto.min(stack.len().saturating_sub(1)));
        let mut shown =
            Self { upto, flags: vec![Flags::default(); tree.len()], sizes: vec![0; tree.len()], matches: 0 };
        let text = Text::new(&spec.filter);
        let mut text_matches = vec![false; tree.len()];
        for node in tree.ids().skip(1) {
            // What is below a path that matches contains the same text.
            text_matches[node.index()] = text_matches[tree.parent(node).index()] || text.matches(tree, node);
            let Some(event) = stack.last_event(node, upto) else { continue };
            let mark = mark(stack, node, event, upto, spec.compare);
            let ghost = event.mark.removes();
            let wanted = match mark {
                Some(Mark::Added) => spec.changes.added,
                Some(Mark::Modified | Mark::Metadata) => spec.changes.modified,
                Some(Mark::Deleted | Mark::Hidden) => spec.changes.deleted,
                // What a layer further down removed is a change that no longer counts.
                None if ghost => spec.changes.deleted && spec.changes.unmodified,
                None => spec.changes.unmodified,
            };
            let matches = wanted && text_matches[node.index()] && (spec.ghosts || !ghost);
            shown.matches += u32::from(matches);
            let changes = mark.is_some();
            shown.flags[node.index()] = Flags { shown: matches, has_shown: false, ghost, changes, mark };
            let state = if ghost { last_state(stack, node, upto) } else { event.state() };
            shown.sizes[node.index()] = file_size(stack, state);
        }
        // From the last to the first: children before their parents.
        for node in tree.ids().rev().take_while(|&node| node != NodeId::ROOT) {
            let parent = tree.parent(node).index();
            let child = shown.flags[node.index()];
            // A ghost's content is no part of a living directory; within a ghost it is what it held.
            if !child.ghost || shown.flags[parent].ghost {
                shown.sizes[parent] += shown.sizes[node.index()];
            }
            shown.flags[parent].has_shown |= child.shown;
            shown.flags[parent].shown |= child.shown;
            shown.flags[parent].changes |= child.changes;
        }
        shown
    }

    /// The shown children of a directory in the view's order, the first one last.
    fn children(&self, tree: &Tree, node: NodeId, spec: &ViewSpec) -> Vec<NodeId> {
        let mut children: Vec<NodeId> = tree.children(node).filter(|n| self.flags[n.index()].shown).collect();
        match spec.sort {
            Sort::Name => children.sort_unstable_by(|&a, &b| tree.name(b).cmp(tree.name(a))),
            Sort::Size => children.sort_unstable_by(|&a, &b| {
                let size = |n: NodeId| self.sizes[n.index()];
                size(a).cmp(&size(b)).then_with(|| tree.name(b).cmp(tree.name(a)))
            }),
        }
        children
    }
}

/// A text to be looked for in paths, in any case.
struct Text {
    needle: String,
    ascii: bool,
    whole_path: bool,
}

impl Text {
    fn new(filter: &str) -> Self {
        Self { needle: filter.to_lowercase(), ascii: filter.is_ascii(), whole_path: filter.contains('/') }
    }

    /// Whether a path contains the text and its directory does not already: without a slash in it the text
    /// can only be found in the last name.
    fn matches(&self, tree: &Tree, node: NodeId) -> bool {
        if self.needle.is_empty() {
            return true;
        }
        if self.whole_path {
            // A leading slash stands for the root.
            let mut path = tree.path(node);
            path.insert(0, b'/');
            return self.contained_in(&path);
        }
        self.contained_in(tree.name(node))
    }

    fn contained_in(&self, haystack: &[u8]) -> bool {
        let needle = self.needle.as_bytes();
        if self.ascii && haystack.is_ascii() {
            haystack.len() >= needle.len()
                && haystack.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
        } else {
            haystack.to_str_lossy().to_lowercase().contains(&self.needle)
        }
    }
}

/// What the compared layers do to a path.
fn mark(stack: &Stack, node: NodeId, last: Event, upto: LayerIndex, compare: Compare) -> Option<Mark> {
    match compare {
        Compare::Layer => (last.layer == upto).then_some(last.mark),
        Compare::Aggregate => {
            if last.layer == LayerIndex(0) {
                return None;
            }
            match (stack.state(node, LayerIndex(0)), last.state()) {
                (State::Absent, State::Absent) => None,
                (State::Absent, _) => Some(Mark::Added),
                (_, State::Absent) => Some(last.mark),
                (State::Entry(base), State::Entry(now)) => match (stack.target(base), stack.target(now)) {
                    (Some(base), Some(now)) if stack.same_content(base, now) => Some(Mark::Metadata),
                    _ => Some(Mark::Modified),
                },
                (base, now) if stack.is_directory(base) && stack.is_directory(now) => Some(Mark::Metadata),
                _ => Some(Mark::Modified),
            }
        }
    }
}

/// What a path was before it was deleted or hidden.
pub(super) fn last_state(stack: &Stack, node: NodeId, upto: LayerIndex) -> State {
    let before = |event: &Event| event.layer <= upto && !event.mark.removes();
    stack.events(node).find(before).map_or(State::Absent, Event::state)
}

/// The metadata of what is at a path. A directory that no entry made has that of none.
pub(super) fn state_facts(stack: &Stack, state: State) -> Facts {
    match state {
        State::Entry(file) => facts(stack, file),
        State::Implied(_) | State::Absent => Facts {
            kind: Kind::Dir,
            size: 0,
            mode: 0o755,
            uid: 0,
            gid: 0,
            mtime: Timestamp::default(),
            link: None,
            device: None,
        },
    }
}

/// What each layer does to a path, bottom first.
pub(super) fn strata(stack: &Stack, node: NodeId) -> Vec<(u32, Mark)> {
    let mut strata: Vec<_> = stack.events(node).map(|event| (event.layer.0, event.mark)).collect();
    strata.reverse();
    strata
}

fn file_size(stack: &Stack, state: State) -> u64 {
    state.entry().map_or(0, |file: FileRef| stack.record(file).size)
}

fn no_view() -> Failure {
    failure(FailureKind::NotFound, "nothing is shown yet")
}
