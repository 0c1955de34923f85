//! Which paths a view shows, and in which order.

use super::{
    text_filter::TextFilter,
    view::{file_size, last_state, mark},
};
use crate::{
    overlay::{LayerIndex, Mark, Stack},
    tree::{NodeId, Tree},
    worker::protocol::{Compare, Sort, ViewSpec},
};

/// What is known of the paths up to a layer before any filter: with each letter of a filter only the [`Shown`] paths are
/// found anew.
pub(super) struct Base {
    image: u32,
    upto: LayerIndex,
    compare: Compare,
    paths: Vec<PathState>,
    /// File content at and below each path, in bytes.
    sizes: Vec<u64>,
    order: Option<Order>,
}

/// A path of a [`Base`].
#[derive(Clone, Copy, Default)]
pub(super) struct PathState {
    /// Whether there is anything, if only a ghost.
    is_there: bool,
    /// It is deleted or hidden.
    pub(super) ghost: bool,
    /// Something at or below it changes.
    pub(super) changes: bool,
    pub(super) mark: Option<Mark>,
}

impl Base {
    /// What a view needs to know.
    pub(super) fn new(stack: &Stack, tree: &Tree, spec: &ViewSpec) -> Self {
        let upto = top(stack, spec);
        let mut paths = vec![PathState::default(); tree.len()];
        let mut sizes = vec![0; tree.len()];
        for node in tree.ids().skip(1) {
            let Some(event) = stack.last_event(node, upto) else { continue };
            let mark = mark(stack, node, event, upto, spec.compare);
            let ghost = event.mark.removes();
            paths[node.index()] = PathState { is_there: true, ghost, changes: mark.is_some(), mark };
            let state = if ghost { last_state(stack, node, upto) } else { event.state() };
            sizes[node.index()] = file_size(stack, state);
        }
        // From the last to the first: children before their parents.
        for node in tree.ids().rev().take_while(|&node| node != NodeId::ROOT) {
            let parent = tree.parent(node).index();
            let child = paths[node.index()];
            // A ghost's content is no part of a living directory; within a ghost it is what it held.
            if !child.ghost || paths[parent].ghost {
                sizes[parent] += sizes[node.index()];
            }
            paths[parent].changes |= child.changes;
        }
        Self { image: spec.image, upto, compare: spec.compare, paths, sizes, order: None }
    }

    /// Whether it is what a view needs to know. It is not once a layer has been merged.
    pub(super) fn serves(&self, stack: &Stack, spec: &ViewSpec) -> bool {
        (self.image, self.upto, self.compare) == (spec.image, top(stack, spec), spec.compare)
    }

    /// The topmost layer that is merged in it.
    pub(super) fn upto(&self) -> LayerIndex {
        self.upto
    }

    pub(super) fn path(&self, node: NodeId) -> PathState {
        self.paths.get(node.index()).copied().unwrap_or_default()
    }

    /// File content at and below a path, in bytes.
    pub(super) fn size(&self, node: NodeId) -> u64 {
        self.sizes.get(node.index()).copied().unwrap_or_default()
    }

    /// The paths in an order, which is kept until another is asked for.
    pub(super) fn order(&mut self, tree: &Tree, sort: Sort) -> &Order {
        let kept = self.order.take().filter(|order| order.sort == sort);
        let order = kept.unwrap_or_else(|| Order::new(tree, &self.sizes, sort));
        self.order.insert(order)
    }
}

fn top(stack: &Stack, spec: &ViewSpec) -> LayerIndex {
    LayerIndex(spec.upto.min(stack.len().saturating_sub(1)))
}

/// All paths but the root, each directory before what is in it.
pub(super) struct Order {
    sort: Sort,
    paths: Vec<Place>,
}

/// A path in its [`Order`].
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) node: NodeId,
    /// Where in the order goes on what is not in it.
    pub(super) end: u32,
}

impl Order {
    fn new(tree: &Tree, sizes: &[u64], sort: Sort) -> Self {
        let sorted = |node: NodeId| {
            // Last first, to be taken from the end.
            let mut children: Vec<NodeId> = tree.children(node).collect();
            match sort {
                Sort::Name => children.sort_by(|&a, &b| tree.name(b).cmp(tree.name(a))),
                Sort::Size => children.sort_by(|&a, &b| {
                    let size = |node: NodeId| sizes.get(node.index());
                    size(a).cmp(&size(b)).then_with(|| tree.name(b).cmp(tree.name(a)))
                }),
            }
            children
        };
        let mut paths = Vec::with_capacity(tree.len());
        // Directories whose children are being laid out: their own place, and the children still to come.
        let mut open: Vec<(Option<usize>, Vec<NodeId>)> = vec![(None, sorted(NodeId::ROOT))];
        while let Some((place, children)) = open.last_mut() {
            let Some(node) = children.pop() else {
                if let Some(place) = *place {
                    let end = paths.len() as u32;
                    let place: &mut Place = &mut paths[place];
                    place.end = end;
                }
                open.pop();
                continue;
            };
            let place = paths.len();
            paths.push(Place { node, end: place as u32 + 1 });
            if tree.children(node).next().is_some() {
                open.push((Some(place), sorted(node)));
            }
        }
        Self { sort, paths }
    }

    pub(super) fn get(&self, place: u32) -> Option<Place> {
        self.paths.get(place as usize).copied()
    }
}

/// Which paths have rows under a [`ViewSpec`].
pub(super) struct Shown {
    paths: Vec<bool>,
    /// How many of what is directly in each path have rows.
    children: Vec<u32>,
    pub(super) matches: u32,
}

impl Shown {
    pub(super) fn find(base: &Base, tree: &Tree, spec: &ViewSpec) -> Self {
        let mut paths = TextFilter::new(&spec.filter).matches(tree);
        let mut matches = 0;
        for (shown, path) in paths.iter_mut().zip(&base.paths).skip(1) {
            let wanted = match path.mark {
                _ if !path.is_there => false,
                Some(Mark::Added) => spec.changes.added,
                Some(Mark::Modified | Mark::Metadata) => spec.changes.modified,
                Some(Mark::Deleted | Mark::Hidden) => spec.changes.deleted,
                // What a layer further down removed is a change that no longer counts.
                None if path.ghost => spec.changes.deleted && spec.changes.unmodified,
                None => spec.changes.unmodified,
            };
            *shown &= wanted && (spec.ghosts || !path.ghost);
            matches += u32::from(*shown);
        }
        // Paths that have come since then are of no layer that is shown.
        paths.truncate(base.paths.len());
        let mut children = vec![0; paths.len()];
        for node in (1..paths.len()).rev() {
            let parent = tree.parent(NodeId(node as u32)).index();
            paths[parent] |= paths[node];
            children[parent] += u32::from(paths[node]);
        }
        Self { paths, children, matches }
    }

    /// Whether a path has a row: it matches, or is on the way to what does.
    pub(super) fn contains(&self, node: NodeId) -> bool {
        self.paths.get(node.index()).is_some_and(|&shown| shown)
    }

    /// How many of what is directly in a path have rows.
    pub(super) fn children(&self, node: NodeId) -> u32 {
        self.children.get(node.index()).copied().unwrap_or_default()
    }
}
