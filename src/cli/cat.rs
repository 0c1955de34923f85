//! `layerscope cat`.

use std::io::{self, Write};

use bstr::BStr;

use super::{CatArgs, Error, archive::Archive, find_layer};
use crate::{
    overlay::{FileRef, LayerIndex, Stack},
    path,
    session::Session,
    tree::NodeId,
    worker::protocol::Version,
};

pub(super) fn run(args: &CatArgs) -> Result<(), Error> {
    let mut archive = Archive::open(&args.archive)?;
    let image = args.image.find(archive.session.images())?;
    let stated = &archive.session.images()[image as usize];
    let top = match args.layer {
        Some(layer) => find_layer(stated, layer)?,
        None => LayerIndex((stated.layers.len() as u32).saturating_sub(1)),
    };
    archive.list_layers(image, top.0)?;

    let file = match args.layer {
        Some(_) => in_layer(&archive.session, image, top, &args.path),
        None => merged(&archive.session, image, top, &args.path),
    };
    let place = if args.layer.is_some() { "layer" } else { "merged filesystem" };
    let file = file.ok_or_else(|| Error::NoFile(args.path.clone(), place))?;
    let version = Version { image, layer: file.layer.0, entry: file.entry.0 };
    let failed = |failure| Error::Content(args.path.clone(), failure);
    let content = archive.session.content(version, 0, u64::MAX).map_err(failed)?;
    let mut out = io::stdout().lock();
    archive.read_content(content, |bytes| out.write_all(bytes), failed)?;
    Ok(out.flush()?)
}

/// The last entry of a path in one layer.
pub(super) fn in_layer(session: &Session, image: u32, layer: LayerIndex, path: &str) -> Option<FileRef> {
    let node = session.tree().find(path::normalise(path.as_bytes()).ok()?.names)?;
    let index = stack(session, image, layer)?.layer(layer);
    let entries = index.records().filter(|(_, record)| record.node == node && record.kind.is_merged());
    entries.last().map(|(entry, _)| FileRef { layer, entry })
}

/// What a path is in the merged filesystem.
fn merged(session: &Session, image: u32, upto: LayerIndex, path: &str) -> Option<FileRef> {
    let node: NodeId = session.walk(image, upto, BStr::new(path), true)?;
    stack(session, image, upto)?.state(node, upto).entry()
}

pub(super) fn stack(session: &Session, image: u32, top: LayerIndex) -> Option<&Stack> {
    session.stack(image).filter(|stack| top.0 < stack.len())
}
