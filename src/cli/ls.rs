//! `layerscope ls`.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bstr::{BStr, BString, ByteSlice};
use serde::Serialize;

use super::{Error, LsArgs, archive::Archive, find_layer, for_terminal};
use crate::{
    layer::{Index, Record},
    overlay::{FileRef, LayerIndex},
    session::{Session, entry_facts},
    worker::protocol::{Facts, Kind},
};

pub(super) fn run(args: &LsArgs) -> Result<(), Error> {
    let mut archive = Archive::open(&args.archive)?;
    let image = args.image.find(archive.session.images())?;
    let stated = &archive.session.images()[image as usize];
    let mut out = BufWriter::new(io::stdout().lock());
    if let Some(layer) = args.layer {
        let layer = find_layer(stated, layer)?;
        if stated.layers[layer.0 as usize].member.is_none() {
            return Err(Error::LayerMissing(layer.0));
        }
        archive.list_layers(image, layer.0)?;
        layer_entries(&archive.session, image, layer, |line| line.write(&mut out, args.json))?;
    } else {
        let top = match args.upto {
            Some(n) => Some(find_layer(stated, n)?),
            None => (stated.layers.len() as u32).checked_sub(1).map(LayerIndex),
        };
        if let Some(top) = top {
            archive.list_layers(image, top.0)?;
            merged_entries(&archive.session, image, top, |line| line.write(&mut out, args.json))?;
        }
    }
    Ok(out.flush()?)
}

/// Every entry of a layer, in the order of its tar.
fn layer_entries(
    session: &Session,
    image: u32,
    layer: LayerIndex,
    mut each: impl FnMut(Line<'_>) -> io::Result<()>,
) -> Result<(), Error> {
    let Some(stack) = session.stack(image) else { return Ok(()) };
    let index = stack.layer(layer);
    for (_, record) in index.records() {
        let path = session.entry_path(index, record);
        // The root itself is never listed.
        if !path.is_empty() {
            each(Line::new(path, index, record, layer))?;
        }
    }
    Ok(())
}

/// Every path of the merged filesystem that an entry makes, sorted by its bytes.
fn merged_entries(
    session: &Session,
    image: u32,
    top: LayerIndex,
    mut each: impl FnMut(Line<'_>) -> io::Result<()>,
) -> Result<(), Error> {
    let Some(stack) = session.stack(image) else { return Ok(()) };
    let tree = session.tree();
    let mut files: Vec<(BString, FileRef)> = tree
        .ids()
        .skip(1)
        .filter_map(|node| Some((tree.path(node), stack.state(node, top).entry()?)))
        .collect();
    files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for (path, file) in files {
        each(Line::new(path, stack.layer(file.layer), stack.record(file), file.layer))?;
    }
    Ok(())
}

/// One line of the listing; see `docs/json.md`.
#[derive(Serialize)]
struct Line<'a> {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    r#type: Kind,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_size: Option<u64>,
    mode: String,
    uid: u32,
    gid: u32,
    mtime: i64,
    mtime_nsec: u32,
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_base64: Option<String>,
    xattrs: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    devmajor: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    devminor: Option<u32>,
    layer: u32,
    #[serde(skip)]
    raw_path: BString,
    #[serde(skip)]
    raw_link: Option<&'a BStr>,
}

impl<'a> Line<'a> {
    fn new(path: BString, index: &'a Index, record: Record, layer: LayerIndex) -> Self {
        let Facts { kind, size, mode, uid, gid, mtime, link: _, device } = entry_facts(index, record);
        let link = index.link(record).map(|link| link.as_bstr());
        let xattrs = index.xattrs(record).iter();
        Self {
            path: path.to_string(),
            path_base64: base64_unless_text(&path),
            r#type: kind,
            size,
            stored_size: (!index.sparse(record).is_empty()).then(|| index.stored_size(record)),
            mode: format!("{mode:04o}"),
            uid,
            gid,
            mtime: mtime.secs,
            mtime_nsec: mtime.nanos,
            link: link.map(ToString::to_string),
            link_base64: link.and_then(|link| base64_unless_text(link)),
            xattrs: xattrs.map(|(name, value)| (name.to_string(), BASE64_STANDARD.encode(value))).collect(),
            devmajor: device.map(|(major, _)| major),
            devminor: device.map(|(_, minor)| minor),
            layer: layer.0,
            raw_path: path,
            raw_link: link,
        }
    }

    fn write(&self, out: &mut impl Write, json: bool) -> io::Result<()> {
        if json {
            serde_json::to_writer(&mut *out, self)?;
            return writeln!(out);
        }
        let Self { mode, uid, gid, size, layer, raw_path, raw_link, .. } = self;
        let letter = letter(self.r#type);
        // Names come from strangers: nothing of them may act on a terminal.
        write!(out, "{letter}{mode} {:>11} {size:>12} {layer:>3}  ", format!("{uid}:{gid}"),)?;
        write!(out, "{}", for_terminal(raw_path))?;
        if let Some(link) = raw_link {
            write!(out, " -> {}", for_terminal(link))?;
        }
        writeln!(out)
    }
}

fn base64_unless_text(bytes: &[u8]) -> Option<String> {
    bytes.to_str().is_err().then(|| BASE64_STANDARD.encode(bytes))
}

fn letter(kind: Kind) -> char {
    match kind {
        Kind::File => '-',
        Kind::Dir => 'd',
        Kind::Symlink => 'l',
        Kind::Hardlink => 'h',
        Kind::Char => 'c',
        Kind::Block => 'b',
        Kind::Fifo => 'p',
        Kind::Whiteout => 'w',
        Kind::Opaque => 'o',
    }
}
