//! The tree as rows: what the page shows of the merged filesystem.

use std::collections::HashSet;

use bstr::ByteSlice;

use super::{
    Session, facts, failure,
    shown::{Base, Place, Shown},
};
use crate::{
    overlay::{Event, FileRef, LayerIndex, Mark, Stack, State},
    tar::Timestamp,
    tree::NodeId,
    worker::protocol::{
        Change, ChangeFilter, Compare, Expand, Facts, Failure, FailureKind, Kind, Node, Role, Row, Rows,
        View, ViewSpec,
    },
};

/// What the tree shows now.
#[derive(Default)]
pub(super) struct ViewState {
    spec: Option<ViewSpec>,
    /// What is known without the filters of `spec`; `None` once a layer came on top.
    base: Option<Base>,
    /// What was found for `spec`.
    shown: Option<Shown>,
    /// The directories that are expanded, for each image.
    expanded: Vec<HashSet<NodeId>>,
    rows: Vec<FlatRow>,
    generation: u32,
}

impl ViewState {
    /// What was found is no longer true: a layer has been merged.
    pub(super) fn invalidate(&mut self) {
        self.base = None;
        self.shown = None;
    }
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
                expanded.extend(tree.ids().filter(|&node| shown.children(node) > 0));
            }
        }
        self.flatten()
    }

    /// Rows of the view from `start` on, at most `len`.
    pub fn rows(&mut self, start: u32, len: u32) -> Result<Rows, Failure> {
        self.refresh_if_stale()?;
        let ViewState { spec: Some(spec), base: Some(base), rows, generation, .. } = &self.view else {
            return Err(no_view());
        };
        let first = (start as usize).min(rows.len());
        let last = first.saturating_add(len as usize).min(rows.len());
        let rows = rows[first..last].iter().map(|row| self.row(row, spec, base)).collect();
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
        if self.view.base.as_ref().is_none_or(|base| !base.serves(stack, spec)) {
            self.view.base = Some(Base::new(stack, &self.tree, spec));
            self.view.shown = None;
        }
        if let Some(base) = self.view.base.as_ref().filter(|_| self.view.shown.is_none()) {
            self.view.shown = Some(Shown::find(base, &self.tree, spec));
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
        let ViewState { spec: Some(spec), base: Some(base), shown: Some(shown), expanded, rows, generation } =
            view
        else {
            return Err(no_view());
        };
        // A filter shows where its matches are without asking for each directory.
        let filtered = !spec.filter.is_empty() || spec.changes != ChangeFilter::default();
        let expanded = &expanded[spec.image as usize];
        let order = base.order(tree, spec.sort);
        rows.clear();
        // The directories that are being laid out: how many of their rows there are so far, and their own row.
        let mut open: Vec<(NodeId, u32, u32)> = vec![(NodeId::ROOT, 0, NO_PARENT)];
        let mut at = 0;
        while let Some(Place { node, end }) = order.get(at) {
            let inside = at + 1;
            at = end;
            if !shown.contains(node) {
                continue;
            }
            let directory = tree.parent(node);
            while open.last().is_some_and(|(last, ..)| *last != directory) {
                open.pop();
            }
            let level = open.len() as u32;
            // A row's directory is open, or what is in it is passed over.
            let Some((_, position, parent)) = open.last_mut() else { break };
            *position += 1;
            let has_shown = shown.children(node) > 0;
            let is_open = has_shown && (filtered || expanded.contains(&node));
            rows.push(FlatRow {
                node,
                parent: *parent,
                position: *position,
                siblings: shown.children(directory),
                level,
                expanded: has_shown.then_some(is_open),
            });
            if is_open {
                open.push((node, 0, (rows.len() - 1) as u32));
                at = inside;
            }
        }
        *generation += 1;
        Ok(View {
            generation: *generation,
            rows: rows.len() as u32,
            matches: shown.matches,
            image: spec.image,
            upto: base.upto().0,
        })
    }

    fn row(&self, row: &FlatRow, spec: &ViewSpec, base: &Base) -> Row {
        let stack = &self.stacks[spec.image as usize];
        let node = row.node;
        let (path, upto) = (base.path(node), base.upto());
        let state = if path.ghost { last_state(stack, node, upto) } else { stack.state(node, upto) };
        let ghost = || stack.last_event(node, upto).map(|event| event.layer.0);
        Row {
            node: Node(node.0),
            name: self.tree.name(node).to_owned(),
            level: row.level,
            position: row.position,
            siblings: row.siblings,
            parent: (row.parent != NO_PARENT).then_some(row.parent),
            facts: state_facts(stack, state),
            total_size: base.size(node),
            layer: state.layer().map_or(0, |layer| layer.0),
            change: match path.mark {
                Some(mark) => Change::Marked(mark),
                None if path.changes => Change::Below,
                None => Change::None,
            },
            ghost: if path.ghost { ghost() } else { None },
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

/// What the compared layers do to a path.
pub(super) fn mark(
    stack: &Stack,
    node: NodeId,
    last: Event,
    upto: LayerIndex,
    compare: Compare,
) -> Option<Mark> {
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

pub(super) fn file_size(stack: &Stack, state: State) -> u64 {
    state.entry().map_or(0, |file: FileRef| stack.record(file).size)
}

fn no_view() -> Failure {
    failure(FailureKind::NotFound, "nothing is shown yet")
}
