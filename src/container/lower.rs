//! What a container stands on: the merged layers of an image, up to a height.

use std::ops::Range;

use bstr::{BStr, BString};

use super::{
    Answer, Place, ReadAt,
    read::{drain, unreadable},
    upper::Meta,
};
use crate::{
    layer::{Index, Kind},
    overlay::{Cause, FileRef, LayerIndex, State},
    session::Session,
    tar::Timestamp,
    tree::NodeId,
    worker::protocol::{Failure, Version},
};

/// Layers `0..layers` of an image, merged; or nothing at all.
#[derive(Clone, Copy)]
pub struct Lower<'a> {
    image: Option<(&'a Session, u32)>,
    layers: u32,
    source: Option<&'a dyn ReadAt>,
}

/// What an entry of a lower layer says, its hard link followed.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub kind: Kind,
    pub meta: Meta,
    pub size: u64,
    pub link: BString,
    pub device: (u32, u32),
    /// Who holds it; `None` for a directory that no entry makes.
    pub file: Option<FileRef>,
    pub names: u32,
}

impl<'a> Lower<'a> {
    /// The lowest `layers` layers of an image that are merged, read from `source`, the archive.
    pub fn new(session: &'a Session, image: u32, layers: u32, source: &'a dyn ReadAt) -> Self {
        let merged = session.stack(image).map_or(0, |stack| stack.len());
        Self { image: Some((session, image)), layers: layers.min(merged), source: Some(source) }
    }

    /// Nothing but an empty root.
    pub fn scratch() -> Lower<'static> {
        Lower { image: None, layers: 0, source: None }
    }

    /// How many layers there are.
    pub fn layers(&self) -> u32 {
        self.layers
    }

    /// The image, if there is one.
    pub fn image(&self) -> Option<(&'a Session, u32)> {
        self.image
    }

    pub(super) fn stack(&self) -> Option<(&'a crate::overlay::Stack, LayerIndex)> {
        let (session, image) = self.image?;
        Some((session.stack(image)?, LayerIndex(self.layers.checked_sub(1)?)))
    }

    fn state(&self, node: NodeId) -> State {
        self.stack().map_or(State::Absent, |(stack, top)| stack.state(node, top))
    }

    pub(super) fn child(&self, node: NodeId, name: &[u8]) -> Option<NodeId> {
        let child = self.image?.0.tree().child(node, name)?;
        self.is_there(child).then_some(child)
    }

    pub(super) fn children(&self, node: NodeId) -> Vec<(NodeId, &'a BStr)> {
        let Some((session, _)) = self.image else { return Vec::new() };
        let tree = session.tree();
        let there = tree.children(node).filter(|&child| self.is_there(child));
        there.map(|child| (child, tree.name(child))).collect()
    }

    /// A hard link to nothing is nothing: no engine could have made it.
    fn is_there(&self, node: NodeId) -> bool {
        match self.state(node) {
            State::Absent => false,
            State::Implied(_) => true,
            State::Entry(file) => self.stack().is_some_and(|(stack, _)| stack.target(file).is_some()),
        }
    }

    pub(super) fn path(&self, node: NodeId) -> BString {
        self.image.map_or_else(BString::default, |(session, _)| session.tree().path(node))
    }

    /// What is at a path that is there.
    pub(super) fn get(&self, node: NodeId) -> Found {
        let implied = Found {
            kind: Kind::Directory,
            meta: Meta { mode: 0o755, uid: 0, gid: 0, mtime: Timestamp::default(), xattrs: Vec::new() },
            size: 0,
            link: BString::default(),
            device: (0, 0),
            file: None,
            names: 1,
        };
        let entry = self.state(node).entry().and_then(|file| self.stack()?.0.target(file));
        let (Some((stack, _)), Some(file)) = (self.stack(), entry) else { return implied };
        let (index, record): (&Index, _) = (stack.layer(file.layer), stack.record(file));
        Found {
            kind: record.kind,
            meta: Meta {
                mode: record.mode,
                uid: record.uid,
                gid: record.gid,
                mtime: index.mtime(record),
                xattrs: index.xattrs(record).to_vec(),
            },
            size: record.size,
            link: index.link(record).cloned().unwrap_or_default(),
            device: index.device(record).unwrap_or_default(),
            file: Some(file),
            names: stack.names(file).max(1),
        }
    }

    /// Who of the layers is asked for a path, from the top down, and what each has.
    pub(super) fn ask(&self, node: NodeId, asked: &mut Vec<(Place, Answer)>) {
        let Some((stack, top)) = self.stack() else { return };
        for layer in (0..=top.0).rev() {
            let event = stack.event_of(node, LayerIndex(layer));
            let mut answer = match event.map(|event| event.cause) {
                None => Answer::Nothing,
                Some(Cause::Entry(entry)) => {
                    let file = FileRef { layer: LayerIndex(layer), entry };
                    Answer::Has(stack.target(file).map_or(Kind::HardLink, |file| stack.record(file).kind))
                }
                Some(Cause::Implied) => Answer::Has(Kind::Directory),
                Some(Cause::Whiteout(_)) => Answer::Whiteout,
                Some(Cause::WhiteoutAbove(_) | Cause::Opaque(_) | Cause::Replaced(_)) => Answer::Hidden,
            };
            let is_below = asked.iter().any(|(_, above)| *above == Answer::Has(Kind::Directory));
            answer = match answer {
                // A layer may hold the mark of a directory, and no entry of it.
                Answer::Nothing | Answer::Has(Kind::Directory)
                    if stack.is_opaque(node, LayerIndex(layer)) =>
                {
                    Answer::Opaque
                }
                // A directory further up takes its place.
                Answer::Has(kind) if is_below && kind != Kind::Directory => Answer::Hidden,
                answer => answer,
            };
            asked.push((Place::Layer(layer), answer));
            if !matches!(answer, Answer::Nothing | Answer::Has(Kind::Directory)) {
                return;
            }
        }
    }

    /// Gives out a range of what an entry holds, piece by piece.
    pub(super) fn read(
        &self,
        file: FileRef,
        range: Range<u64>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (Some((session, image)), Some(source)) = (self.image, self.source) else {
            return Err(unreadable("there is no image"));
        };
        let version = Version { image, layer: file.layer.0, entry: file.entry.0 };
        let content = session.content(version, range.start, range.end - range.start)?;
        drain(content, source, sink)
    }
}
