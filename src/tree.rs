//! An arena of paths: every distinct path once, as a name below a parent.

use std::hash::{Hash as _, Hasher as _};

use bstr::{BStr, BString, ByteSlice};
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// A path of a [`Tree`].
///
/// A parent always has a smaller number than its children, so a pass from the last number to the first
/// sees every child before its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The root directory.
    pub const ROOT: Self = Self(0);

    /// Its place in arrays that run beside the tree.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Every distinct path once. Paths are never removed.
pub struct Tree {
    nodes: Vec<Node>,
    /// All names, one after the other.
    names: Vec<u8>,
    /// Finds a child by parent and name.
    by_name: HashTable<u32>,
    /// Names come from strangers, who could choose them to collide if they knew it.
    key: [u8; 16],
}

#[derive(Clone, Copy)]
struct Node {
    parent: u32,
    /// Where its name begins; it ends where the next path's begins.
    name_start: u32,
    /// The newest child; `NONE` if there is none.
    first_child: u32,
    /// The next older sibling; `NONE` at the end.
    next_sibling: u32,
}

const NONE: u32 = u32::MAX;

/// The paths of a [`Tree`] as a list that can be sent, and read from front to back only.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Paths {
    /// All names, one after the other.
    names: BString,
    /// For each path but the root, which is number 0: the number of its parent, which is smaller than its own, and
    /// the length of its name.
    nodes: Vec<(u32, u32)>,
}

impl Paths {
    /// How many paths it holds, the root included.
    pub fn len(&self) -> usize {
        self.nodes.len() + 1
    }

    /// Never: the root is always there.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Bytes of memory that it takes.
    pub(crate) fn heap_size(&self) -> usize {
        self.names.capacity() + self.nodes.capacity() * size_of::<(u32, u32)>()
    }

    /// Whether each path comes after its parent, and has its name.
    fn is_sound(&self) -> bool {
        let names = self.nodes.iter().map(|&(_, len)| u64::from(len)).sum::<u64>();
        names == self.names.len() as u64 && self.nodes.iter().zip(1..).all(|(&(parent, _), id)| parent < id)
    }

    /// Every path but the root: itself, its parent and its name. Parents come before their children.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, NodeId, &BStr)> {
        let mut names = self.names.as_slice();
        self.nodes.iter().zip(1..).map(move |(&(parent, name_len), id)| {
            let (name, rest) = names.split_at(name_len as usize);
            names = rest;
            (NodeId(id), NodeId(parent), name.as_bstr())
        })
    }

    /// What is directly below a path, and its name.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = (NodeId, &BStr)> {
        self.iter().filter(move |(_, parent, _)| *parent == node).map(|(child, _, name)| (child, name))
    }
}

/// The tree cannot number or hold any more paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many paths")]
pub struct Full;

impl Tree {
    /// A tree that holds the root alone. `key` is random, and unknown to whoever made the names.
    pub fn new(key: [u8; 16]) -> Self {
        let root = Node { parent: 0, name_start: 0, first_child: NONE, next_sibling: NONE };
        Self { nodes: vec![root], names: Vec::new(), by_name: HashTable::new(), key }
    }

    /// Makes room for the paths of a list, unless many of them may be here already.
    pub fn reserve(&mut self, paths: &Paths) {
        if self.len() > paths.len() / 8 {
            return;
        }
        reserve(&mut self.nodes, paths.len());
        reserve(&mut self.names, paths.names.len());
        let Self { by_name, nodes, names, key } = self;
        by_name.reserve(paths.len(), |&id| {
            hash_name(key, nodes[id as usize].parent, name(nodes, names, id as usize))
        });
    }

    /// How many paths it holds, the root included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Bytes of all its names.
    pub fn name_bytes(&self) -> usize {
        self.names.len()
    }

    /// Gives back the room that is left for more paths, but for that of the table.
    pub fn shrink_to_fit(&mut self) {
        self.nodes.shrink_to_fit();
        self.names.shrink_to_fit();
    }

    /// Bytes of memory that it takes.
    pub fn heap_size(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.names.capacity() + self.by_name.allocation_size()
    }

    /// Never: the root is always there.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Every path, parents before their children.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The directory a path is in; the root's is the root.
    pub fn parent(&self, node: NodeId) -> NodeId {
        NodeId(self.nodes[node.index()].parent)
    }

    /// The last name of a path; empty for the root.
    pub fn name(&self, node: NodeId) -> &BStr {
        name(&self.nodes, &self.names, node.index()).as_bstr()
    }

    /// The whole path from the root, without a leading slash.
    pub fn path(&self, node: NodeId) -> BString {
        let mut chain: Vec<NodeId> = self.ancestors(node).collect();
        chain.pop(); // The root has no name.
        let mut path = BString::default();
        for node in chain.into_iter().rev() {
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(self.name(node));
        }
        path
    }

    /// The path, its directory, and so on up to the root.
    pub fn ancestors(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(Some(node), |&n| (n != NodeId::ROOT).then(|| self.parent(n)))
    }

    /// What is directly below a path, newest first.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let link = |id: u32| (id != NONE).then_some(NodeId(id));
        let first = link(self.nodes[node.index()].first_child);
        std::iter::successors(first, move |n| link(self.nodes[n.index()].next_sibling))
    }

    /// Calls `found` with each path whose last name contains `needle`, which is in lower case, in either case of its ASCII
    /// letters. A path may be found more than once.
    pub fn find_in_names(&self, needle: &[u8], mut found: impl FnMut(NodeId)) {
        let Some(&first) = needle.first() else { return };
        // Names stand in the order of their paths, so both are passed through once.
        let mut id = 0;
        for start in memchr::memchr2_iter(first, first.to_ascii_uppercase(), &self.names) {
            let end = start + needle.len();
            if !self.names.get(start..end).is_some_and(|name| name.eq_ignore_ascii_case(needle)) {
                continue;
            }
            let name_end =
                |id: usize| self.nodes.get(id + 1).map_or(self.names.len(), |next| next.name_start as usize);
            while name_end(id) <= start {
                id += 1;
            }
            if end <= name_end(id) {
                found(NodeId(id as u32));
            }
        }
    }

    /// The child of `parent` with this name.
    pub fn child(&self, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        let hash = self.hash(parent, name);
        self.by_name.find(hash, |&id| self.is_child(id, parent, name)).map(|&id| NodeId(id))
    }

    /// The path with these names from the root.
    pub fn find<'n>(&self, names: impl IntoIterator<Item = &'n BStr>) -> Option<NodeId> {
        names.into_iter().try_fold(NodeId::ROOT, |node, name| self.child(node, name))
    }

    /// The child of `parent` with this name, made if it is not there.
    pub fn intern(&mut self, parent: NodeId, name: &[u8]) -> Result<NodeId, Full> {
        if let Some(node) = self.child(parent, name) {
            return Ok(node);
        }
        let id = u32::try_from(self.nodes.len()).ok().filter(|&id| id != NONE).ok_or(Full)?;
        let name_start = u32::try_from(self.names.len()).map_err(|_| Full)?;
        // So that the end of the name can be told as well.
        u32::try_from(self.names.len() + name.len()).map_err(|_| Full)?;
        let next_sibling = self.nodes[parent.index()].first_child;
        reserve(&mut self.names, name.len());
        self.names.extend_from_slice(name);
        reserve(&mut self.nodes, 1);
        self.nodes.push(Node { parent: parent.0, name_start, first_child: NONE, next_sibling });
        self.nodes[parent.index()].first_child = id;
        let hash = self.hash(parent, name);
        let Self { by_name, nodes, names, key } = self;
        by_name.insert_unique(hash, id, |&id| {
            hash_name(key, nodes[id as usize].parent, self::name(nodes, names, id as usize))
        });
        Ok(NodeId(id))
    }

    /// The paths as a list.
    pub fn into_paths(self) -> Paths {
        Paths { nodes: self.parents_and_lengths(), names: self.names.into() }
    }

    /// The paths as a list, which the tree keeps.
    pub fn to_paths(&self) -> Paths {
        Paths { nodes: self.parents_and_lengths(), names: self.names.as_slice().into() }
    }

    /// A tree with the paths of a list, each under the number that it has there; `None` if no tree has such a list.
    pub fn from_paths(key: [u8; 16], paths: &Paths) -> Option<Self> {
        if !paths.is_sound() {
            return None;
        }
        let mut tree = Self::new(key);
        tree.reserve(paths);
        let are_new = paths.iter().all(|(node, parent, name)| tree.intern(parent, name) == Ok(node));
        are_new.then_some(tree)
    }

    fn parents_and_lengths(&self) -> Vec<(u32, u32)> {
        let starts = self.nodes.iter().skip(2).map(|next| next.name_start).chain([self.names.len() as u32]);
        let nodes = self.nodes.iter().skip(1).zip(starts);
        nodes.map(|(node, end)| (node.parent, end - node.name_start)).collect()
    }

    fn hash(&self, parent: NodeId, name: &[u8]) -> u64 {
        hash_name(&self.key, parent.0, name)
    }

    fn is_child(&self, id: u32, parent: NodeId, name: &[u8]) -> bool {
        self.nodes[id as usize].parent == parent.0 && self.name(NodeId(id)) == name
    }
}

fn name<'n>(nodes: &[Node], names: &'n [u8], node: usize) -> &'n [u8] {
    let end = nodes.get(node + 1).map_or(names.len(), |next| next.name_start as usize);
    &names[nodes[node].name_start as usize..end]
}

/// Makes room for more in an array that may be very long: an eighth more than there is, where a vector by itself would
/// take twice as much.
pub(crate) fn reserve<T>(array: &mut Vec<T>, more: usize) {
    if array.capacity() - array.len() < more {
        array.reserve_exact(more.max(array.len() / 8).max(64));
    }
}

fn hash_name(key: &[u8; 16], parent: u32, name: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_key(key);
    (parent, name).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_held_once() {
        let mut tree = Tree::new([7; 16]);
        let etc = tree.intern(NodeId::ROOT, b"etc").unwrap();
        let motd = tree.intern(etc, b"motd").unwrap();
        assert_eq!(tree.intern(NodeId::ROOT, b"etc"), Ok(etc));
        assert_eq!(tree.intern(etc, b"motd"), Ok(motd));
        assert_ne!(tree.intern(NodeId::ROOT, b"motd"), Ok(motd));
        assert_eq!(tree.path(motd), "etc/motd");
        assert_eq!(tree.path(NodeId::ROOT), "");
        assert_eq!(tree.find(["etc".into(), "motd".into()]), Some(motd));
        assert_eq!(tree.find(["etc".into(), "none".into()]), None);
        assert_eq!(tree.children(NodeId::ROOT).count(), 2);
        assert_eq!(tree.len(), 4);
    }

    #[test]
    fn many_paths_survive_growth() {
        let mut tree = Tree::new([7; 16]);
        let dir = tree.intern(NodeId::ROOT, b"d").unwrap();
        let ids: Vec<_> = (0..5000).map(|i| tree.intern(dir, format!("f{i}").as_bytes()).unwrap()).collect();
        for (i, id) in ids.into_iter().enumerate() {
            assert_eq!(tree.child(dir, format!("f{i}").as_bytes()), Some(id));
            assert!(tree.parent(id) < id);
        }
    }
}
