//! `docker save`, `load`, `import`, `export`, `commit` and `cp`: what goes in and out.

use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::{Engine, HostFile, HostKind, load, world};
use crate::{
    build,
    container::{Commit, ContainerFs, Content, Errno, OpenFlags, Rope, SaveFormat},
    layer::Kind,
    shell::{Traced, options::Arguments},
    worker::protocol::{Failure, FailureKind},
};

/// What docker says instead of writing a tar to a terminal.
const COWARDLY: &str = "cowardly refusing to save to a terminal. Use the -o flag or redirect";

/// Gives a rope to a file: the one that `-o` names, or standard output.
fn give(engine: &mut Engine<'_, '_>, arguments: &Arguments, rope: Rope) -> i32 {
    match arguments.value("output").map(|path| path.to_string()) {
        Some(path) => match engine.world.save(&path, &rope) {
            Ok(()) => 0,
            Err(error) => engine.fail(&format!("failed to write {path}: {error}")),
        },
        None => {
            engine.stream = Some(rope);
            0
        }
    }
}

fn has_no_file(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> bool {
    let none = arguments.value("output").is_none() && !engine.to_file;
    if none {
        engine.fail(COWARDLY);
    }
    none
}

pub(super) fn save(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    if has_no_file(engine, arguments) {
        return 1;
    }
    let format = match arguments.value("format").map(|format| format.to_string()).as_deref() {
        None | Some("docker") => SaveFormat::Docker,
        Some("oci") => SaveFormat::Oci,
        Some(other) => return engine.fail(&format!("invalid format {other:?}: docker or oci")),
    };
    let mut named: Vec<(crate::container::ImageKey, Vec<String>)> = Vec::new();
    for name in &arguments.operands {
        let name = name.to_string();
        match engine.world.shelf.named(&name) {
            // An image under several names is in the archive once.
            Ok((key, names)) => match named.iter_mut().find(|(known, _)| *known == key) {
                Some((_, known)) => known.extend(names),
                None => named.push((key, names)),
            },
            Err(error) => {
                let words = engine.world.words(&error);
                return engine.fail(&format!("Error response from daemon: {words}"));
            }
        }
    }
    match engine.world.shelf.save(&named, format) {
        Ok(rope) => give(engine, arguments, rope),
        Err(error) => engine.fail(&format!("Error response from daemon: {error}")),
    }
}

pub(super) fn export(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    if has_no_file(engine, arguments) {
        return 1;
    }
    let name = arguments.operands[0].to_string();
    let Some(row) = engine.container(&name) else { return 1 };
    let Some(place) = engine.world.place(row.id) else { return 1 };
    match engine.world.shelf.export(place) {
        Ok(rope) => give(engine, arguments, rope),
        Err(error) => engine.fail(&format!("Error response from daemon: {error}")),
    }
}

pub(super) fn load(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let path = arguments.value("input").map(|path| path.to_string()).or_else(|| engine.input.clone());
    let Some(path) = path else {
        return engine.fail(
            "requested load from stdin, but stdin is empty: docker load < FILE, or docker load -i FILE",
        );
    };
    if let Some(note) = engine.world.host.load(&path) {
        engine.complain(&note);
        return 0;
    }
    let is_input = arguments.value("input").is_none();
    let opened = engine.world.host.open(&path).map_err(|error| match is_input {
        true => format!("sh: {path}: {error}"),
        false => format!("open {path}: {}", error.to_lowercase()),
    });
    let opened = opened.and_then(|source| {
        load::open(&path, source).map_err(|error| format!("Error processing tar file: {error}"))
    });
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => return engine.fail(&error),
    };
    let id = engine.world.host.new_archive();
    let ids = engine.world.shelf.add_archive(id, opened);
    for digest in ids {
        let image = engine.world.shelf.images().iter().find(|image| image.id == digest);
        let names: Vec<String> = image.map_or_else(Vec::new, |image| {
            image.names.iter().map(|name| crate::container::familiar(name).to_owned()).collect()
        });
        if names.is_empty() {
            engine.print(&format!("Loaded image ID: {digest}\n"));
        }
        for name in names {
            engine.print(&format!("Loaded image: {name}\n"));
        }
    }
    0
}

pub(super) fn import(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let given = arguments.operands[0].to_string();
    if given.starts_with("http://") || given.starts_with("https://") {
        return engine
            .fail(&format!("{given}: nothing is fetched from here: download it, and import the file"));
    }
    let path = if given == "-" { engine.input.clone() } else { Some(given.clone()) };
    let Some(path) = path else {
        return engine.fail("standard input is not connected: docker import - < FILE");
    };
    let name = match arguments.operands.get(1).map(ToString::to_string) {
        Some(name) => match world::check_name(&name) {
            Ok(()) => vec![world::with_tag(&name)],
            Err(error) => return engine.fail(&error),
        },
        None => Vec::new(),
    };
    let edit = match changes(arguments) {
        Ok(edit) => edit,
        Err(error) => return engine.fail(&format!("Error response from daemon: {error}")),
    };
    let tar = engine.world.host.open(&path).and_then(|source| load::decoded(&*source));
    let tar = match tar {
        Ok(tar) => tar,
        Err(error) => return engine.fail(&format!("open {path}: {error}")),
    };
    let comment = arguments
        .value("message")
        .map_or_else(|| format!("Imported from {given}"), |message| message.to_string());
    let now = engine.world.now;
    let commit = Commit { created: now, comment: &comment, edit: &*edit, names: name, ..Commit::default() };
    match engine.world.shelf.add_layer(None, 0, None, Some(Rc::from(tar)), &commit) {
        Ok(id) => {
            engine.print(&format!("{id}\n"));
            0
        }
        Err(error) => engine.fail(&format!("Error response from daemon: {error}")),
    }
}

/// What changes the config as the options `-c` say.
fn changes(arguments: &Arguments) -> Result<Box<build::Edit>, String> {
    let lines: Vec<String> = arguments.values("change").map(|change| change.to_string()).collect();
    build::edit_of(&lines)
}

pub(super) fn commit(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let name = arguments.operands[0].to_string();
    let Some(row) = engine.container(&name) else { return 1 };
    let names = match arguments.operands.get(1).map(ToString::to_string) {
        Some(name) => match world::check_name(&name) {
            Ok(()) => vec![world::with_tag(&name)],
            Err(error) => return engine.fail(&error),
        },
        None => Vec::new(),
    };
    let edit = match changes(arguments) {
        Ok(edit) => edit,
        Err(error) => return engine.fail(&format!("Error response from daemon: {error}")),
    };
    let text = |option: &str| arguments.value(option).map_or_else(String::new, |value| value.to_string());
    let (author, comment) = (text("author"), text("message"));
    let Some(place) = engine.world.place(row.id) else { return 1 };
    // The image starts as the container was started, but for what -c changes.
    let edit = |config: &mut serde_json::Map<String, serde_json::Value>| {
        row.given.apply(config);
        edit(config);
    };
    let commit = Commit {
        created: engine.world.now,
        author: &author,
        comment: &comment,
        created_by: &row.command.join(" "),
        empty_layer: false,
        edit: &edit,
        names,
    };
    match engine.world.shelf.commit(place, &commit) {
        Ok(id) => {
            engine.print(&format!("{id}\n"));
            0
        }
        Err(error) => engine.fail(&format!("Error response from daemon: {error}")),
    }
}

/// `CONTAINER:PATH`; a path of the host begins with a dot or a slash if it has a colon.
fn in_container(text: &str) -> Option<(&str, &str)> {
    text.split_once(':')
        .filter(|(container, _)| !container.is_empty() && !container.contains('/') && *container != ".")
}

pub(super) fn cp(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let (source, target) = (arguments.operands[0].to_string(), arguments.operands[1].to_string());
    if source == "-" || target == "-" {
        return engine.fail("a tar on standard input or output is not taken here: name files");
    }
    let result = match (in_container(&source), in_container(&target)) {
        (Some(_), Some(_)) => Err("copying between containers is not supported".to_owned()),
        (None, None) => Err("must specify at least one container source".to_owned()),
        (Some((container, path)), None) => {
            let Some(row) = engine.container(container) else { return 1 };
            out_of(engine, row.id, path, &target, arguments.has("follow-link"))
                .map_err(|error| error.in_words(path, container))
        }
        (None, Some((container, path))) => {
            let Some(row) = engine.container(container) else { return 1 };
            into(engine, row.id, &source, path).map_err(|error| error.in_words(path, container))
        }
    };
    match result {
        Ok(bytes) => {
            if !arguments.has("quiet") {
                let size = crate::shell::human::decimal_size(bytes);
                engine.complain(&format!("Successfully copied {size} to {target}"));
            }
            0
        }
        Err(error) => engine.fail(&error),
    }
}

/// Why something is not copied.
enum CopyError {
    /// The container has nothing at the path.
    Missing,
    /// This.
    Said(String),
}

impl CopyError {
    fn in_words(self, path: &str, container: &str) -> String {
        match self {
            Self::Missing => {
                format!("Error response from daemon: Could not find the file {path} in container {container}")
            }
            Self::Said(text) => text,
        }
    }
}

impl From<String> for CopyError {
    fn from(text: String) -> Self {
        Self::Said(text)
    }
}

impl From<&str> for CopyError {
    fn from(text: &str) -> Self {
        Self::Said(text.to_owned())
    }
}

/// The path of the directory that a path is in.
fn above(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((above, _)) => above,
    }
}

/// The last name of a path.
fn base(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// From a container to the host; gives the bytes of the contents.
fn out_of(
    engine: &mut Engine<'_, '_>,
    id: super::ContainerId,
    path: &str,
    target: &str,
    follow: bool,
) -> Result<u64, CopyError> {
    let contents_only = path.ends_with("/.") || path == ".";
    let there = engine.world.host.is_directory(target);
    let (exists, is_directory) = (there.is_some(), there == Some(true));
    let root = match (exists, is_directory, contents_only) {
        (true, true, false) => format!("{}/{}", target.trim_end_matches('/'), base(path)),
        (false, _, _) if target.ends_with('/') && target.len() > 1 => target.trim_end_matches('/').to_owned(),
        _ => target.to_owned(),
    };
    let place = engine.world.place(id).ok_or("the container is gone")?;
    let now = engine.world.now;
    let (shelf, host) = (&mut *engine.world.shelf, &mut *engine.world.host);
    let image = shelf.containers().get(place).and_then(|container| container.image);
    let image = image.map(|key| (key.archive, key.image));
    let fs = shelf.fs(place, now).ok_or("the container's image is closed")?;
    let missing = |error: Errno| match error {
        Errno::ENOENT => CopyError::Missing,
        other => CopyError::Said(format!("Error response from daemon: {path}: {other}")),
    };
    let first: BString = path.into();
    let mut waiting = vec![(first, BString::default(), follow)];
    let mut bytes = 0;
    while let Some((from, below, follow)) = waiting.pop() {
        let stat = fs.stat(&from, follow).map_err(missing)?;
        let to = if below.is_empty() { root.clone() } else { format!("{root}/{below}") };
        let kind = match stat.kind {
            Kind::Directory => HostKind::Directory,
            Kind::Symlink => HostKind::Symlink(fs.read_link(&from).map_err(missing)?),
            Kind::File => HostKind::File(None),
            // Devices stay where they are.
            _ => continue,
        };
        let is_directory = matches!(kind, HostKind::Directory);
        let file =
            HostFile { path: below.clone(), kind, mode: stat.meta.mode.into(), mtime: stat.meta.mtime };
        let content =
            if stat.kind == Kind::File { fs.content(&from).map_err(missing)? } else { Content::default() };
        bytes += content.len();
        let lower = fs.lower();
        let mut rope = Rope::default();
        rope.content(&content, image);
        host.place(&to, &file, rope, &mut |sink| content.read(&lower, sink))
            .map_err(|error| format!("{to}: {error}"))?;
        if is_directory {
            for (name, _) in fs.read_dir(&from).map_err(missing)?.into_iter().rev() {
                let child = [from.trim_end_with(|c| c == '/'), b"/", &name].concat();
                waiting.push((child.into(), crate::path::join_name(&below, &name), false));
            }
        }
    }
    Ok(bytes)
}

/// From the host into a container; gives the bytes of the contents.
fn into(
    engine: &mut Engine<'_, '_>,
    id: super::ContainerId,
    source: &str,
    path: &str,
) -> Result<u64, CopyError> {
    let contents_only = source.ends_with("/.") || source == ".";
    let files = engine
        .world
        .host
        .list(source)
        .map_err(|error| format!("lstat {source}: {}", error.to_lowercase()))?;
    let mut fs = engine.world.files(id).ok_or("the container's image is closed")?;
    let target = fs.stat(path.as_bytes(), true);
    let source_is_directory = matches!(files.first().map(|file| &file.kind), Some(HostKind::Directory));
    let root: BString = match &target {
        Ok(stat) if stat.kind == Kind::Directory && !(source_is_directory && contents_only) => {
            [path.trim_end_matches('/'), "/", base(source)].concat().into()
        }
        Ok(stat) if stat.kind != Kind::Directory && source_is_directory => {
            return Err(CopyError::Said(format!("cannot copy directory to file: {path}")));
        }
        Err(Errno::ENOENT) if path.ends_with('/') && !source_is_directory => {
            return Err(CopyError::Said("no such directory".to_owned()));
        }
        // Where it is to be is not there.
        Err(Errno::ENOENT) if fs.stat(above(path).as_bytes(), true).is_err() => {
            return Err(CopyError::Missing);
        }
        _ => path.into(),
    };
    let mut traces = Vec::new();
    let mut bytes = 0;
    for file in &files {
        let to = if file.path.is_empty() { root.clone() } else { crate::path::join_name(&root, &file.path) };
        bytes += put(&mut fs, file, &to, &mut traces)
            .map_err(|error| format!("Error response from daemon: {to}: {error}"))?;
    }
    let command = format!("docker cp {source} {path}");
    engine.traces.extend(traces.into_iter().map(|(call, trace)| Traced {
        command: command.clone(),
        call,
        trace,
        remark: None,
    }));
    Ok(bytes)
}

/// A step of the union filesystem: what was called, and what that did.
pub(crate) type Step = (String, crate::container::Trace);

/// Puts a file of the host into a container, owned by root; gives the bytes of its content.
pub(crate) fn put(
    fs: &mut ContainerFs<'_>,
    file: &HostFile,
    to: &BString,
    traces: &mut Vec<Step>,
) -> Result<u64, Failure> {
    let words =
        |error: Errno| Failure { kind: FailureKind::Unreadable, detail: error.to_string(), offset: None };
    let mode = (file.mode & 0o7777) as u16;
    let mut size = 0;
    match &file.kind {
        HostKind::Directory => {
            if !fs.stat(to, true).is_ok_and(|stat| stat.kind == Kind::Directory) {
                traces.push((format!("mkdir {to}"), fs.mkdir(to, mode).map_err(words)?));
            }
        }
        HostKind::Symlink(target) => {
            if fs.stat(to, false).is_ok() {
                traces.push((format!("unlink {to}"), fs.unlink(to).map_err(words)?));
            }
            traces.push((format!("symlink {to}"), fs.symlink(target, to).map_err(words)?));
            return Ok(0);
        }
        HostKind::File(None) => {
            traces.push((format!("open {to}"), fs.open(to, OpenFlags::CREATE, mode).map_err(words)?));
        }
        HostKind::File(Some(source)) => {
            let content = Content::of_source(Rc::clone(source));
            size = content.len();
            traces.push((format!("write {to}"), fs.put(to, content, mode).map_err(words)?));
        }
    }
    let meta = fs.stat(to, true).map_err(words)?.meta;
    if meta.mode != mode {
        fs.chmod(to, mode).map_err(words)?;
    }
    fs.utimes(to, file.mtime, true).map_err(words)?;
    Ok(size)
}
