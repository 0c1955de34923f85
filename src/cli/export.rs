//! `layerscope export`.

use std::{
    fs::{self, File},
    io::{self, BufWriter, IsTerminal as _, Write},
    path::Path,
};

use bstr::BStr;

use super::{
    Error, ExportArgs,
    archive::Archive,
    cat::{in_layer, stack},
    find_layer,
};
use crate::{
    layer::Kind,
    overlay::{FileRef, LayerIndex},
    path,
    session::{Selection, Session},
    tree::NodeId,
    worker::protocol::Version,
};

/// What is to be written.
enum Wanted {
    /// The content of a file.
    File(FileRef),
    Tar(Selection),
}

pub(super) fn run(args: &ExportArgs) -> Result<(), Error> {
    let mut archive = Archive::open(&args.archive)?;
    let image = args.image.find(archive.session.images())?;
    let stated = &archive.session.images()[image as usize];
    let top = match args.layer.or(args.upto) {
        Some(layer) => find_layer(stated, layer)?,
        None => LayerIndex((stated.layers.len() as u32).saturating_sub(1)),
    };
    archive.list_layers(image, top.0)?;

    let place = if args.layer.is_some() { "layer" } else { "merged filesystem" };
    let shown = args.path.as_deref().unwrap_or("/");
    let wanted = match args.layer {
        Some(_) => of_layer(&archive.session, image, top, args.path.as_deref()),
        None => of_merged(&archive.session, image, top, args.path.as_deref()),
    };
    let wanted = wanted.ok_or_else(|| Error::NoFile(shown.to_owned(), place))?;
    let output = args.output.as_deref().filter(|output| *output != Path::new("-"));
    let Some(output) = output else {
        if matches!(wanted, Wanted::Tar(_)) && io::stdout().is_terminal() {
            return Err(Error::Terminal);
        }
        return write(&mut archive, image, &wanted, shown, io::stdout().lock());
    };
    let file = File::create(output).map_err(|error| Error::Create(output.to_owned(), error))?;
    let written = write(&mut archive, image, &wanted, shown, file);
    if written.is_err() {
        // Half a tar would be taken for a whole one. It was made just now.
        let _ = fs::remove_file(output);
    }
    written.map_err(|error| match error {
        Error::Write(error) => Error::Create(output.to_owned(), error),
        error => error,
    })
}

fn write(
    archive: &mut Archive,
    image: u32,
    wanted: &Wanted,
    shown: &str,
    out: impl Write,
) -> Result<(), Error> {
    let mut out = BufWriter::new(out);
    let failed = |failure| Error::Content(shown.to_owned(), failure);
    match *wanted {
        Wanted::File(FileRef { layer, entry }) => {
            let version = Version { image, layer: layer.0, entry: entry.0 };
            let content = archive.session.content(version, 0, u64::MAX).map_err(failed)?;
            archive.read_content(content, |bytes| out.write_all(bytes), failed)?;
        }
        Wanted::Tar(selection) => {
            let export = archive.session.export(selection).map_err(failed)?;
            let left_out = export.left_out();
            archive.write_export(export, |bytes| out.write_all(bytes), failed)?;
            if left_out > 0 {
                eprintln!("layerscope: {left_out} hard links lead nowhere and are left out");
            }
        }
    }
    Ok(out.flush()?)
}

fn of_layer(session: &Session, image: u32, layer: LayerIndex, path: Option<&str>) -> Option<Wanted> {
    let root = match path {
        Some(path) => session.tree().find(path::normalise(path.as_bytes()).ok()?.names)?,
        None => NodeId::ROOT,
    };
    let stack = stack(session, image, layer)?;
    if let Some(path) = path
        && let Some(file) = in_layer(session, image, layer, path)
        && is_file(stack.record(file).kind)
    {
        return Some(Wanted::File(file));
    }
    Some(Wanted::Tar(Selection::Layer { image, layer, root }))
}

fn of_merged(session: &Session, image: u32, upto: LayerIndex, path: Option<&str>) -> Option<Wanted> {
    let stack = stack(session, image, upto)?;
    let root = match path {
        Some(path) => session.walk(image, upto, BStr::new(path), true)?,
        None => NodeId::ROOT,
    };
    Some(match stack.state(root, upto).entry() {
        Some(file) if is_file(stack.record(file).kind) => Wanted::File(file),
        _ => Wanted::Tar(Selection::Merged { image, upto, root }),
    })
}

fn is_file(kind: Kind) -> bool {
    matches!(kind, Kind::File | Kind::HardLink)
}
