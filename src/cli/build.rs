//! `layerscope build`.

use std::fs;

use super::{
    ArchiveArgs, BuildArgs, Error,
    archive::Archive,
    for_terminal,
    host::{Machine, list, now},
};
use crate::{
    build::{Build, Cache, build},
    container::{ArchiveId, SaveFormat, Shelf},
    engine::{Host, World},
};

pub(super) fn run(args: &BuildArgs) -> Result<(), Error> {
    let mut shelf = Shelf::new();
    let mut machine = Machine::new(args.from.len() as u32);
    for (path, id) in args.from.iter().zip(0..) {
        let archive = ArchiveArgs { archive: path.clone(), no_limits: false };
        let mut archive = Archive::open(&archive)?;
        archive.read_all()?;
        shelf.add_archive(ArchiveId(id), archive.into_opened(path.display().to_string()));
    }
    let file = args.file.clone().unwrap_or_else(|| args.context.join("Dockerfile"));
    let failed = |path: &std::path::Path| {
        let path = path.to_owned();
        move |error| Error::Read(path, error)
    };
    let order = Build {
        dockerfile: fs::read_to_string(&file).map_err(failed(&file))?,
        context: list(&args.context).map_err(failed(&args.context))?,
        tags: args.tag.clone(),
        arguments: args
            .build_arg
            .iter()
            .map(|pair| {
                pair.split_once('=')
                    .map_or_else(|| (pair.clone(), String::new()), |(n, v)| (n.into(), v.into()))
            })
            .collect(),
        target: args.target.clone(),
        ..Build::default()
    };
    let built = build(&mut World::new(&mut shelf, &mut machine, now()), &mut Cache::default(), &order);
    for (step, number) in built.steps.iter().zip(1..) {
        println!("Step {number} : {}", for_terminal(step.text.as_bytes()));
        for line in step.output.lines() {
            println!("{}", for_terminal(line.as_bytes()));
        }
        if let Some(image) = &step.image {
            let layer =
                step.layer.map_or_else(|| "no layer".to_owned(), |size| format!("layer of {size} bytes"));
            println!(" ---> {image} ({layer})");
        }
    }
    for warning in &built.warnings {
        eprintln!("layerscope: {}: {warning}", file.display());
    }
    if let Some(problem) = built.problem {
        return Err(Error::Build(format!("{}: {problem}", file.display())));
    }
    let id = built.image.map(|id| id.to_string()).unwrap_or_default();
    let image = shelf.find_image(&id).map_err(|error| Error::Build(error.to_string()))?;
    let named = (image.key, image.names.clone());
    let format = if args.oci { SaveFormat::Oci } else { SaveFormat::Docker };
    let rope = shelf.save(&[named], format).map_err(|error| Error::Build(error.to_string()))?;
    let path = args.output.display().to_string();
    machine.save(&path, &rope, &shelf.archives).map_err(|error| Error::Build(format!("{path}: {error}")))?;
    println!("{id}");
    Ok(())
}
