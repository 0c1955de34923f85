//! Finds paths in the merged filesystem as a process in a container would.

use bstr::{BStr, BString};

use super::{Session, failure, kind};
use crate::{
    layer::Kind,
    limits,
    overlay::{LayerIndex, State},
    path,
    tree::NodeId,
    worker::protocol::{End, Failure, FailureKind, Followed, Node, Version},
};

/// Where a path led.
enum Place {
    Found(NodeId),
    /// There is nothing at this path.
    Missing(BString),
    /// More symbolic links than the kernel follows.
    Loop,
}

impl Session {
    /// Finds a path in the merged filesystem as a process in a container would: symbolic links are
    /// followed, absolute ones from the root of the image; the last one only with `follow_last`.
    pub fn walk(&self, image: u32, upto: LayerIndex, path: &BStr, follow_last: bool) -> Option<NodeId> {
        match self.find(image, upto, path, follow_last)?.1 {
            Place::Found(node) => Some(node),
            Place::Missing(_) | Place::Loop => None,
        }
    }

    /// Where a path leads in the filesystem that layers `0..=upto` make, all symbolic links followed.
    ///
    /// # Errors
    ///
    /// If there is no such image or layer, or the path is too long.
    pub fn follow(&self, image: u32, upto: LayerIndex, path: &BStr) -> Result<Followed, Failure> {
        let not_found = || failure(FailureKind::NotFound, "there is no such layer, or the path is too long");
        let stack =
            self.stacks.get(image as usize).filter(|stack| upto.0 < stack.len()).ok_or_else(not_found)?;
        let (hops, place) = self.find(image, upto, path, true).ok_or_else(not_found)?;
        let end = match place {
            Place::Loop => End::Loop,
            Place::Missing(path) => End::Missing(path),
            Place::Found(node) => {
                let path = self.tree.path(node);
                let file = stack.state(node, upto).entry().and_then(|file| stack.target(file));
                match file.map(|file| (file, stack.record(file))) {
                    Some((file, record)) if record.kind == Kind::File => {
                        let version = Version { image, layer: file.layer.0, entry: file.entry.0 };
                        End::File { node: Node(node.0), path, version, size: record.size }
                    }
                    Some((_, record)) => End::Other(path, kind(record.kind)),
                    None => End::Other(path, kind(Kind::Directory)),
                }
            }
        };
        Ok(Followed { hops, end })
    }

    /// The place that a path leads to, and the paths that the links on the way named. `None` if there is no such image, or a
    /// path is too long.
    fn find(
        &self,
        image: u32,
        upto: LayerIndex,
        path: &BStr,
        follow_last: bool,
    ) -> Option<(Vec<BString>, Place)> {
        let stack = self.stacks.get(image as usize)?;
        let mut names =
            path::normalise(path).ok()?.names.iter().rev().map(|&n| n.to_owned()).collect::<Vec<_>>();
        let mut node = NodeId::ROOT;
        let mut hops = Vec::new();
        while let Some(name) = names.pop() {
            let next = self.tree.child(node, &name);
            let Some(next) = next.filter(|&next| stack.state(next, upto) != State::Absent) else {
                let rest = std::iter::once(&name).chain(names.iter().rev());
                let missing = rest.fold(self.tree.path(node), |path, name| path::join_name(&path, name));
                return Some((hops, Place::Missing(missing)));
            };
            let state = stack.state(next, upto);
            let link = state.entry().filter(|_| follow_last || !names.is_empty()).and_then(|file| {
                let file = stack.target(file)?;
                let record = stack.record(file);
                if record.kind == Kind::Symlink { stack.layer(file.layer).link(record) } else { None }
            });
            match link {
                Some(link) => {
                    if hops.len() >= limits::SYMLINK_HOPS {
                        return Some((hops, Place::Loop));
                    }
                    let target = path::join(&self.tree.path(node), link);
                    let target = path::normalise(&target).ok()?.names;
                    names.extend(target.iter().rev().map(|&n| n.to_owned()));
                    let whole = names
                        .iter()
                        .rev()
                        .fold(BString::default(), |path, name| path::join_name(&path, name));
                    hops.push(whole);
                    node = NodeId::ROOT;
                }
                None => node = next,
            }
        }
        Some((hops, Place::Found(node)))
    }
}
