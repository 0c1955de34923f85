//! `layerscope cat`.

use std::io::{self, Write};

use bstr::BStr;

use super::{CatArgs, Error, archive::Archive, find_layer, for_terminal};
use crate::{
    overlay::{FileRef, LayerIndex, Stack},
    path,
    preview::{HEX_ROW, guess, hex_line, identify},
    session::{ContentRead, Session},
    worker::protocol::{End, Followed, Version},
};

/// How many bytes tell what a file is.
const HEAD: u64 = 64 << 10;

pub(super) fn run(args: &CatArgs) -> Result<(), Error> {
    let mut archive = Archive::open(&args.archive)?;
    let image = args.image.find(archive.session.images())?;
    let stated = &archive.session.images()[image as usize];
    let top = match args.layer {
        Some(layer) => find_layer(stated, layer)?,
        None => LayerIndex((stated.layers.len() as u32).saturating_sub(1)),
    };
    archive.list_layers(image, top.0)?;

    let version = match args.layer {
        Some(_) => {
            let file = in_layer(&archive.session, image, top, &args.path);
            let FileRef { layer, entry } = file.ok_or_else(|| Error::NoFile(args.path.clone(), "layer"))?;
            Version { image, layer: layer.0, entry: entry.0 }
        }
        None => merged(&archive.session, image, top, &args.path)?,
    };
    let failed = |failure| Error::Content(args.path.clone(), failure);
    let (offset, length) = if args.kind { (0, HEAD) } else { (args.offset, args.length) };
    let content = archive.session.content(version, offset, length).map_err(failed)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if args.kind {
        let mut head = Vec::new();
        read(&mut archive, content, args, |bytes| {
            head.extend_from_slice(bytes);
            Ok(())
        })?;
        writeln!(out, "{}", for_terminal(kind(&head).as_bytes()))?;
    } else if args.hex {
        let (mut at, mut rest) = (args.offset, Vec::new());
        let mut rows = |rest: &mut Vec<u8>, least: usize| {
            while rest.len() >= least.max(1) {
                let row: Vec<u8> = rest.drain(..rest.len().min(HEX_ROW)).collect();
                let line = hex_line(at, &row);
                writeln!(out, "{}  {:<48}  {}", line.offset, line.hex, line.ascii)?;
                at += row.len() as u64;
            }
            Ok(())
        };
        read(&mut archive, content, args, |bytes| {
            rest.extend_from_slice(bytes);
            rows(&mut rest, HEX_ROW)
        })?;
        rows(&mut rest, 1)?;
    } else {
        read(&mut archive, content, args, |bytes| out.write_all(bytes))?;
    }
    Ok(out.flush()?)
}

fn read(
    archive: &mut Archive,
    content: ContentRead,
    args: &CatArgs,
    sink: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Error> {
    archive.read_content(content, sink, |failure| Error::Content(args.path.clone(), failure))
}

/// What a content is, by its first bytes.
fn kind(head: &[u8]) -> String {
    match (identify(head), guess(head)) {
        (Some(magic), _) => magic.to_string(),
        (None, _) if head.is_empty() => "empty".to_owned(),
        (None, Some(encoding)) => format!("text, {}", encoding.name()),
        (None, None) => "data".to_owned(),
    }
}

/// The last entry of a path in one layer.
pub(super) fn in_layer(session: &Session, image: u32, layer: LayerIndex, path: &str) -> Option<FileRef> {
    let node = session.tree().find(path::normalise(path.as_bytes()).ok()?.names)?;
    let index = stack(session, image, layer)?.layer(layer);
    let entries = index.records().filter(|(_, record)| record.node == node && record.kind.is_merged());
    entries.last().map(|(entry, _)| FileRef { layer, entry })
}

/// The file that a path leads to in the merged filesystem.
fn merged(session: &Session, image: u32, upto: LayerIndex, path: &str) -> Result<Version, Error> {
    let no_file = || Error::NoFile(path.to_owned(), "merged filesystem");
    let Followed { hops, end } = session.follow(image, upto, BStr::new(path)).map_err(|_| no_file())?;
    match end {
        End::File { version, .. } => Ok(version),
        End::Other(..) => Err(Error::NotAFile(path.to_owned())),
        End::Missing(target) if !hops.is_empty() => Err(Error::Dangling(path.to_owned(), target.to_string())),
        End::Missing(_) => Err(no_file()),
        End::Loop => Err(Error::Circle(path.to_owned())),
    }
}

pub(super) fn stack(session: &Session, image: u32, top: LayerIndex) -> Option<&Stack> {
    session.stack(image).filter(|stack| top.0 < stack.len())
}
