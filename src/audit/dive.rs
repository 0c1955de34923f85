//! The numbers that dive 0.13.1 gives an image, by its formulas and on its own view of the layers.
//!
//! That view is coarser than the merge of [`crate::overlay`]: opaque marks hide nothing, and a file that
//! takes a directory's place keeps what was below. Where dive gives up on a layer, or on the image, these
//! numbers go on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::{
    layer::{Index, Kind},
    overlay::{LayerIndex, Stack},
    tree::{NodeId, Tree},
};

/// What dive says of an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Dive {
    /// `Σ min / Σ cum`: over all paths the smallest size that a layer gives it, by the sum of all of them;
    /// 1 where there is nothing.
    pub efficiency: f64,
    /// The sum of the sizes of all paths that at least two layers have, in bytes: every copy, not just the
    /// excess.
    pub wasted_bytes: u64,
    /// `wasted_bytes` as a part of what all layers but the bottom one hold: 1 is all of it, and it may be
    /// more. `None` where they hold nothing.
    pub user_wasted_percent: Option<f64>,
}

/// What the layers so far say of one path.
#[derive(Default)]
struct Cost {
    copies: u32,
    /// dive's `CumulativeSize`.
    sum: u128,
    /// dive's `minDiscoveredSize`.
    least: u128,
}

/// A path in one layer, as an entry makes it or a path below implies it.
#[derive(Clone, Copy, Default)]
struct Own {
    /// File content, in bytes.
    size: u64,
    /// Whether an entry says so: to dive an implied directory is none.
    is_directory: bool,
    has_children: bool,
}

/// Computes dive's numbers for all layers of a stack. `tree` is that of the stack's paths.
pub fn dive(stack: &Stack, tree: &Tree) -> Dive {
    let mut costs: HashMap<NodeId, Cost> = HashMap::new();
    let mut below = Below { tree, paths: HashMap::new() };
    let mut user_bytes = 0u128;
    for layer in (0..stack.len()).map(LayerIndex) {
        let index = stack.layer(layer);
        let (own, whiteouts) = paths_of(index, tree);
        let leaves = own.iter().filter(|(_, path)| !path.has_children);
        let sizes = leaves.map(|(&node, path)| (node, u128::from(path.size)));
        let deleted = whiteouts.iter().map(|&node| (node, below.directory_size(node)));
        for (node, size) in sizes.chain(deleted) {
            let cost = costs.entry(node).or_default();
            cost.least = if cost.copies == 0 { size } else { cost.least.min(size) };
            cost.sum += size;
            cost.copies += 1;
        }
        if layer.0 > 0 {
            user_bytes += index.records().map(|(_, record)| u128::from(record.size)).sum::<u128>();
        }
        for &node in &whiteouts {
            below.remove(node);
        }
        // Parents have smaller numbers, so they come first.
        for (&node, &path) in &own {
            below.put(node, path);
        }
    }

    let least: u128 = costs.values().map(|cost| cost.least).sum();
    let sum: u128 = costs.values().map(|cost| cost.sum).sum();
    let wasted: u128 = costs.values().filter(|cost| cost.copies >= 2).map(|cost| cost.sum).sum();
    Dive {
        efficiency: if sum == 0 { 1.0 } else { least as f64 / sum as f64 },
        wasted_bytes: u64::try_from(wasted).unwrap_or(u64::MAX),
        user_wasted_percent: (user_bytes > 0).then(|| wasted as f64 / user_bytes as f64),
    }
}

/// The paths of one layer, all directories on the way included, and what its whiteouts name. The root is no
/// path.
fn paths_of(index: &Index, tree: &Tree) -> (BTreeMap<NodeId, Own>, BTreeSet<NodeId>) {
    let mut own: BTreeMap<NodeId, Own> = BTreeMap::new();
    let mut whiteouts = BTreeSet::new();
    for (_, record) in index.records() {
        // Opaque marks and what aufs reserves vanish; the directories that they stand in do not.
        let (directory, mut has_children) = match record.kind {
            Kind::Opaque => (record.node, false),
            _ if record.reserved => (tree.parent(record.node), false),
            _ => (tree.parent(record.node), true),
        };
        if record.kind == Kind::Whiteout {
            whiteouts.insert(record.node);
        } else if has_children {
            let path = own.entry(record.node).or_default();
            (path.size, path.is_directory) = (record.size, record.kind == Kind::Directory);
        }
        for node in tree.ancestors(directory) {
            let seen = own.contains_key(&node);
            own.entry(node).or_default().has_children |= has_children;
            if seen {
                // It has been walked up from there already.
                break;
            }
            has_children = true;
        }
    }
    own.remove(&NodeId::ROOT);
    (own, whiteouts)
}

/// The layers so far, one on top of the other.
struct Below<'a> {
    tree: &'a Tree,
    paths: HashMap<NodeId, Path>,
}

/// A path that some layer has made, and perhaps one has removed again.
#[derive(Clone, Copy, Default)]
struct Path {
    size: u64,
    is_directory: bool,
    /// `size` and that of all below.
    total: u128,
    /// How often it was removed: what was put below it before is gone with it.
    removals: u32,
    /// The parent's `removals` when this was put there; `None` if it was removed itself.
    put_at: Option<u32>,
}

impl Below<'_> {
    /// The size of all that is at and below a directory; 0 for all else.
    fn directory_size(&self, node: NodeId) -> u128 {
        match self.paths.get(&node) {
            Some(path) if path.is_directory && self.is_there(node) => path.total,
            _ => 0,
        }
    }

    /// Whether a path and all above it are there.
    fn is_there(&self, node: NodeId) -> bool {
        self.tree.ancestors(node).take_while(|&node| node != NodeId::ROOT).all(|node| {
            self.paths
                .get(&node)
                .is_some_and(|path| path.put_at == Some(self.removals(self.tree.parent(node))))
        })
    }

    fn removals(&self, node: NodeId) -> u32 {
        self.paths.get(&node).map_or(0, |path| path.removals)
    }

    /// Puts a path there whose parent is there. What is below it stays.
    fn put(&mut self, node: NodeId, own: Own) {
        let at = self.removals(self.tree.parent(node));
        let path = self.paths.entry(node).or_default();
        if path.put_at != Some(at) {
            // What was below went when it, or something above, was removed.
            *path = Path { removals: path.removals + 1, put_at: Some(at), ..Path::default() };
        }
        let before = std::mem::replace(&mut path.size, own.size);
        path.is_directory = own.is_directory;
        self.resize(node, u128::from(before), u128::from(own.size));
    }

    /// Removes a path and all below it.
    fn remove(&mut self, node: NodeId) {
        if !self.is_there(node) {
            return;
        }
        let total = self.paths.get(&node).map_or(0, |path| path.total);
        self.resize(node, total, 0);
        if let Some(path) = self.paths.get_mut(&node) {
            path.put_at = None;
        }
    }

    /// Counts at a path and all above it `after` in the place of `before`.
    fn resize(&mut self, node: NodeId, before: u128, after: u128) {
        if before == after {
            return;
        }
        for node in self.tree.ancestors(node).take_while(|&node| node != NodeId::ROOT) {
            if let Some(path) = self.paths.get_mut(&node) {
                path.total = path.total - before + after;
            }
        }
    }
}
