//! `layerscope diff`.

use std::io::{self, Write};

use super::{DiffArgs, Error, archive::Archive, cat::stack, find_layer, for_terminal};
use crate::{
    layer::Kind,
    limits,
    overlay::LayerIndex,
    path,
    preview::{Body, Comparison, Side, compare},
    session::Session,
    worker::protocol::Version,
};

pub(super) fn run(args: &DiffArgs) -> Result<(), Error> {
    let mut archive = Archive::open(&args.archive)?;
    let image = args.image.find(archive.session.images())?;
    let stated = &archive.session.images()[image as usize];
    let [from, to] = [find_layer(stated, args.from)?, find_layer(stated, args.to)?];
    archive.list_layers(image, from.0.max(to.0))?;

    let (old, new) = (side(&mut archive, image, from, args)?, side(&mut archive, image, to, args)?);
    if old.is_none() && new.is_none() {
        return Err(Error::NoFile(args.path.clone(), "filesystem of either layer"));
    }
    let content = |side: &'_ Option<(Vec<u8>, u64)>| side.clone().unwrap_or_default();
    let ((before, before_size), (after, after_size)) = (content(&old), content(&new));
    let found = compare((&before, before_size), (&after, after_size), args.hex);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let name = |side: &Option<_>, sign: &str, layer: LayerIndex| match side {
        None => "/dev/null".to_owned(),
        Some(_) => {
            let path = args.path.trim_start_matches('/');
            format!("{sign}/{}\tlayers 0 to {}", for_terminal(path.as_bytes()), layer.0)
        }
    };
    if found.body != Body::Same {
        writeln!(out, "--- {}\n+++ {}", name(&old, "a", from), name(&new, "b", to))?;
    }
    match &found.body {
        Body::Same => {}
        Body::Text(diff) => out.write_all(&diff.unified())?,
        Body::Hex(diff) => out.write_all(diff.listing().as_bytes())?,
    }
    out.flush()?;
    warn(&found);
    Ok(())
}

/// Says on standard error what was not compared or not printed.
fn warn(found: &Comparison) {
    for (what, Side { size, compared, .. }) in [("first", found.old), ("second", found.new)] {
        if compared < size {
            eprintln!("layerscope: of the {what} version only {compared} of {size} bytes were compared");
        }
    }
    let left_out = match &found.body {
        Body::Text(diff) => diff.cut,
        Body::Hex(diff) => diff.differing > diff.rows.len() as u64,
        Body::Same => false,
    };
    if left_out {
        eprintln!("layerscope: there are more differences than are printed");
    }
}

/// The first bytes of the file as layers `0..=upto` make it, and its whole length; `None` if they have none.
fn side(
    archive: &mut Archive,
    image: u32,
    upto: LayerIndex,
    args: &DiffArgs,
) -> Result<Option<(Vec<u8>, u64)>, Error> {
    let Some(version) = version(&archive.session, image, upto, args)? else { return Ok(None) };
    let failed = |failure| Error::Content(args.path.clone(), failure);
    let content = archive.session.content(version, 0, limits::DIFF_BYTES).map_err(failed)?;
    let (size, mut bytes) = (content.size(), Vec::new());
    let sink = |part: &[u8]| {
        bytes.extend_from_slice(part);
        Ok(())
    };
    archive.read_content(content, sink, failed)?;
    Ok(Some((bytes, size)))
}

fn version(
    session: &Session,
    image: u32,
    upto: LayerIndex,
    args: &DiffArgs,
) -> Result<Option<Version>, Error> {
    let no_file = || Error::NoFile(args.path.clone(), "filesystem of either layer");
    let names = path::normalise(args.path.as_bytes()).map_err(|_| no_file())?.names;
    let node = session.tree().find(names).ok_or_else(no_file)?;
    let stack = stack(session, image, upto).ok_or_else(no_file)?;
    let Some(file) = stack.state(node, upto).entry() else { return Ok(None) };
    let target = stack.target(file).filter(|target| stack.record(*target).kind == Kind::File);
    let target = target.ok_or_else(|| Error::NotAFile(args.path.clone()))?;
    Ok(Some(Version { image, layer: target.layer.0, entry: target.entry.0 }))
}
