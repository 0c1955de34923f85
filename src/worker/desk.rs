//! What the worker answers about containers: one shell over all that is open, and views of it.

use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::{
    containers::{
        Ask, BuildStep, Built, Completion, ContainerView, Cost, Frame, ImageView, Ran, Recipe, Remark, Said,
        SavedFile, ShelfView, Told,
    },
    look,
    protocol::{Failure, FailureKind, Job},
};
use crate::{
    build::{Build, Problem, StepReport, build},
    container::{
        ArchiveId, Archives, Errno, ImageKey, NewContainer, ReadAt, Rope, Shelf, ShelfError, ShelfImage,
        Status, familiar,
    },
    digest::Digest,
    engine::{ContainerId, Host, HostFile, HostKind, Memory, Reading, World},
    shell::{Output, Shell, Stream},
    tar::Timestamp,
};

/// Characters of an id that docker shows.
const SHORT: usize = 12;
/// The Dockerfile's path in the context.
const DOCKERFILE: &str = "Dockerfile";

/// The shell, and what it has saved that was not yet fetched.
#[derive(Default)]
pub struct Desk {
    shell: Shell,
    memory: Memory,
    saved: Vec<(u32, Rope)>,
    tokens: u32,
}

/// What comes with a question from outside.
pub struct Around {
    /// What time it is.
    pub now: Timestamp,
    /// 32 random bytes.
    pub random: [u8; 32],
    /// The files of a build's context, one after the other.
    pub context: Option<Rc<dyn ReadAt>>,
}

impl Desk {
    /// Answers.
    ///
    /// # Errors
    ///
    /// If what it is about is not there.
    pub fn answer(&mut self, shelf: &mut Shelf, job: Job, ask: Ask, around: Around) -> Result<Told, Failure> {
        let now = around.now;
        match ask {
            Ask::Shelf => Ok(Told::Shelf(shelf_view(shelf, now))),
            Ask::Start { image, upto, directory } => {
                let key = ImageKey { archive: ArchiveId(job.0), image };
                self.start(shelf, key, upto, directory, around)
            }
            Ask::Run { line } => Ok(Told::Ran(Box::new(self.run(shelf, &line, around)))),
            Ask::Complete { line } => Ok(Told::Completion(self.complete(shelf, &line, around))),
            Ask::Look { container, path } => {
                let place = shelf.find_container(&container).map_err(shelf_failure)?;
                let layers = shelf.containers().get(place).map_or(0, |container| container.layers);
                let fs = shelf
                    .fs(place, now)
                    .ok_or_else(|| failure(FailureKind::NotFound, "no such container"))?;
                let overlay = look::directory(&fs, path.as_bstr(), layers);
                overlay
                    .map(Told::Directory)
                    .map_err(|errno: Errno| failure(FailureKind::NotFound, errno.name()))
            }
            Ask::Undo { container } => {
                let place = shelf.find_container(&container).map_err(shelf_failure)?;
                let undone = shelf.container_mut(place).is_some_and(crate::container::Container::undo);
                let ran = Ran { shelf_changed: undone, ..Ran::default() };
                Ok(Told::Ran(Box::new(self.placed(shelf, ran, now))))
            }
            Ask::Build { recipe } => Ok(Told::Built(self.build(shelf, &recipe, around))),
            Ask::Fetch { .. } => Err(failure(FailureKind::NotFound, "this is answered elsewhere")),
        }
    }

    /// What was saved under a token, once.
    ///
    /// # Errors
    ///
    /// If it was fetched already.
    pub fn take_saved(&mut self, token: u32) -> Result<Rope, Failure> {
        let place = self.saved.iter().position(|(other, _)| *other == token);
        place
            .map(|place| self.saved.remove(place).1)
            .ok_or_else(|| failure(FailureKind::NotFound, "it was fetched already"))
    }

    fn start(
        &mut self,
        shelf: &mut Shelf,
        image: ImageKey,
        upto: u32,
        directory: Option<BString>,
        around: Around,
    ) -> Result<Told, Failure> {
        let now = around.now;
        let layers = Some(upto.saturating_add(1));
        let new =
            NewContainer { random: around.random, image: Some(image), layers, ..NewContainer::default() };
        let id = shelf.create(new, now).map_err(shelf_failure)?;
        let place = shelf.find_container(&id).map_err(shelf_failure)?;
        if let Some(container) = shelf.container_mut(place) {
            container.status = Status::Running(now);
        }
        let mut host = PageHost::new(around, None);
        let mut world = World::new(shelf, &mut host, now);
        world.memory = std::mem::take(&mut self.memory);
        if let Some(id) = ContainerId::new(&id) {
            let directory = directory.map(|path| [b"/", path.as_slice()].concat());
            self.shell.enter(&world, id, directory.as_deref());
        }
        self.memory = world.memory;
        let ran = Ran { shelf_changed: true, ..Ran::default() };
        Ok(Told::Ran(Box::new(self.placed(shelf, ran, now))))
    }

    fn run(&mut self, shelf: &mut Shelf, line: &str, around: Around) -> Ran {
        let now = around.now;
        let before = census(shelf);
        let mut host = PageHost::new(around, None);
        let clear = line.trim() == "clear";
        let output = if clear {
            Output::default()
        } else {
            self.with_world(shelf, &mut host, now, |shell, world| shell.run(world, line))
        };
        let frames = output.traces.into_iter().map(|traced| Frame {
            call: traced.call,
            remark: traced.remark,
            trace: traced.trace,
        });
        let ran = Ran {
            output: said(&output.printed),
            status: u8::try_from(output.status).unwrap_or(u8::MAX),
            clear,
            frames: frames.collect(),
            files: self.offer(host.saved),
            wants_file: host.wants_file,
            shelf_changed: census(shelf) != before,
            ..Ran::default()
        };
        self.placed(shelf, ran, now)
    }

    /// Adds where the shell stands.
    fn placed(&self, shelf: &Shelf, ran: Ran, now: Timestamp) -> Ran {
        let place = self.shell.attached().and_then(|id| place_of(shelf, id));
        let container = place.and_then(|place| container_view(shelf, place, now));
        let cwd = self.shell.cwd().filter(|_| container.is_some()).unwrap_or_default();
        Ran { container, cwd: cwd.trim_start_with(|c| c == '/').into(), ..ran }
    }

    fn complete(&mut self, shelf: &mut Shelf, line: &str, around: Around) -> Completion {
        let now = around.now;
        let mut host = PageHost::new(around, None);
        let found =
            self.with_world(shelf, &mut host, now, |shell, world| shell.complete(world, line, line.len()));
        Completion { start: u32::try_from(found.start).unwrap_or(u32::MAX), candidates: found.candidates }
    }

    fn build(&mut self, shelf: &mut Shelf, recipe: &Recipe, around: Around) -> Built {
        let now = around.now;
        let mut host = PageHost::new(around, Some(recipe));
        let order = Build {
            dockerfile: recipe.dockerfile.clone(),
            context: host.list(".").unwrap_or_default(),
            tags: Some(recipe.tag.trim())
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .into_iter()
                .collect(),
            no_cache: recipe.no_cache,
            ..Build::default()
        };
        let built =
            self.with_world(shelf, &mut host, now, |shell, world| build(world, &mut shell.cache, &order));
        let remark = |problem: &Problem, is_error| Remark {
            line: u32::try_from(problem.line).unwrap_or(u32::MAX),
            is_error,
            text: problem.message.clone(),
        };
        let mut remarks: Vec<Remark> = built.warnings.iter().map(|warning| remark(warning, false)).collect();
        remarks.extend(built.problem.iter().map(|problem| remark(problem, true)));
        let step = |step: StepReport| BuildStep {
            instruction: step.text,
            line: u32::try_from(step.line).unwrap_or(u32::MAX),
            cached: step.cached,
            why: step.why,
            layer: step.layer,
            image: step.image.as_ref().map(short),
            output: step.output,
        };
        let image = built.image.filter(|_| built.problem.is_none());
        let name = image.map(|id| order.tags.first().cloned().unwrap_or_else(|| short(&id)));
        Built { steps: built.steps.into_iter().map(step).collect(), remarks, image: name }
    }

    fn with_world<T>(
        &mut self,
        shelf: &mut Shelf,
        host: &mut PageHost<'_>,
        now: Timestamp,
        work: impl FnOnce(&mut Shell, &mut World<'_>) -> T,
    ) -> T {
        let mut world = World::new(shelf, host, now);
        world.memory = std::mem::take(&mut self.memory);
        let done = work(&mut self.shell, &mut world);
        self.memory = world.memory;
        done
    }

    /// Keeps what was saved until it is fetched.
    fn offer(&mut self, saved: Vec<(String, Rope)>) -> Vec<SavedFile> {
        // What nobody fetched of the command before is let go.
        self.saved.clear();
        let mut files = Vec::new();
        for (path, rope) in saved {
            self.tokens = self.tokens.wrapping_add(1);
            let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("file").to_owned();
            files.push(SavedFile { token: self.tokens, name, size: Some(rope.len()) });
            self.saved.push((self.tokens, rope));
        }
        files
    }
}

/// The files around the page's shell: there are none but those of a build's context; what is saved is offered to the reader.
struct PageHost<'r> {
    around: Around,
    /// How many containers were made of the randomness.
    used: u8,
    recipe: Option<&'r Recipe>,
    saved: Vec<(String, Rope)>,
    /// A file of the reader's was asked for.
    wants_file: bool,
}

impl<'r> PageHost<'r> {
    fn new(around: Around, recipe: Option<&'r Recipe>) -> Self {
        Self { around, used: 0, recipe, saved: Vec::new(), wants_file: false }
    }

    /// The files of the context: where each begins, and how long it is.
    fn files(&self) -> impl Iterator<Item = (&'r BString, u64, u64)> {
        let files = self.recipe.map_or(&[][..], |recipe| &recipe.files);
        files.iter().scan(0u64, |start, (path, len)| {
            let from = *start;
            *start = start.saturating_add(*len);
            Some((path, from, *len))
        })
    }

    fn content(&self, start: u64, len: u64) -> Option<Rc<dyn ReadAt>> {
        let whole = Rc::clone(self.around.context.as_ref()?);
        Some(Rc::new(Part { whole, start, len }))
    }
}

/// A part of what can be read.
struct Part {
    whole: Rc<dyn ReadAt>,
    start: u64,
    len: u64,
}

impl ReadAt for Part {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, range: std::ops::Range<u64>) -> Result<Vec<u8>, Failure> {
        let at = |offset: u64| self.start.saturating_add(offset.min(self.len));
        self.whole.read_at(at(range.start)..at(range.end))
    }
}

impl Host for PageHost<'_> {
    fn random(&mut self) -> [u8; 32] {
        let mut random = self.around.random;
        random[31] = random[31].wrapping_add(self.used);
        random[0] ^= self.used;
        self.used = self.used.wrapping_add(1);
        random
    }

    fn new_archive(&mut self) -> ArchiveId {
        // Archives are the page's to open.
        crate::container::LOCAL
    }

    fn open(&mut self, path: &str) -> Result<Rc<dyn ReadAt>, String> {
        if let Some(recipe) = self.recipe {
            let wanted = path.trim_start_matches("./");
            if wanted == DOCKERFILE {
                let bytes: Rc<[u8]> = recipe.dockerfile.as_bytes().into();
                return Ok(Rc::new(bytes));
            }
            let found = self.files().find(|(path, ..)| path.as_slice() == wanted.as_bytes());
            let content = found.and_then(|(_, start, len)| self.content(start, len));
            return content.ok_or_else(|| "No such file or directory".to_owned());
        }
        self.wants_file = true;
        Err("choose the file in the dialog: it is opened as soon as it is chosen".to_owned())
    }

    fn list(&mut self, _: &str) -> Result<Vec<HostFile>, String> {
        let Some(recipe) = self.recipe else {
            return Err("the page has no files around it; build on the Build part of this view".to_owned());
        };
        let mtime = self.around.now;
        let entry = |path: BString, kind, mode| HostFile { path, kind, mode, mtime };
        let mut all = vec![entry(BString::default(), HostKind::Directory, 0o755)];
        let mut directories: Vec<BString> = Vec::new();
        for (path, start, len) in self.files() {
            for (slash, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
                let directory: BString = path[..slash].into();
                if !directory.is_empty() && !directories.contains(&directory) {
                    all.push(entry(directory.clone(), HostKind::Directory, 0o755));
                    directories.push(directory);
                }
            }
            all.push(entry(path.clone(), HostKind::File(self.content(start, len)), 0o644));
        }
        if !recipe.files.iter().any(|(path, _)| path == DOCKERFILE) {
            let bytes: Rc<[u8]> = recipe.dockerfile.as_bytes().into();
            all.push(entry(DOCKERFILE.into(), HostKind::File(Some(Rc::new(bytes))), 0o644));
        }
        Ok(all)
    }

    fn save(&mut self, path: &str, rope: &Rope, _: &Archives) -> Result<(), String> {
        self.saved.push((path.to_owned(), rope.clone()));
        Ok(())
    }

    fn place(&mut self, path: &str, file: &HostFile, read: &mut Reading<'_>) -> Result<(), String> {
        // Of a directory only its files can be offered.
        if let HostKind::File(_) = file.kind {
            let mut bytes = Vec::new();
            read(&mut |part| {
                bytes.extend_from_slice(part);
                Ok(())
            })
            .map_err(|failure| failure.detail)?;
            let mut rope = Rope::default();
            rope.bytes(bytes);
            self.saved.push((path.to_owned(), rope));
        }
        Ok(())
    }
}

/// How many of what there are, and how they are called: it differs if something came or went.
fn census(shelf: &Shelf) -> (usize, Vec<String>, Vec<(String, bool)>) {
    let names = shelf.images().iter().flat_map(|image| image.names.iter().cloned()).collect();
    let containers = shelf.containers().iter();
    let containers = containers.map(|container| (container.name.clone(), container.is_running())).collect();
    (shelf.images().len(), names, containers)
}

fn place_of(shelf: &Shelf, id: ContainerId) -> Option<usize> {
    shelf.containers().iter().position(|container| ContainerId::new(&container.id) == Some(id))
}

fn said(printed: &crate::shell::Printed) -> Vec<Said> {
    let pieces = printed.pieces().iter();
    let piece = |(stream, bytes): &(Stream, Vec<u8>)| Said {
        is_error: *stream == Stream::Error,
        bytes: bytes.as_slice().into(),
    };
    pieces.map(piece).collect()
}

fn shelf_failure(error: ShelfError) -> Failure {
    failure(FailureKind::NotFound, &error.to_string())
}

fn failure(kind: FailureKind, detail: &str) -> Failure {
    Failure { kind, detail: detail.to_owned(), offset: None }
}

/// Images and containers as docker would list them.
pub fn shelf_view(shelf: &Shelf, now: Timestamp) -> ShelfView {
    let layers = shelf.layers();
    let image = |(place, image): (usize, &ShelfImage)| {
        let size = shelf.image_size(place);
        let own = layers.iter().zip(0u32..).filter(|(layer, _)| layer.images.contains(&place));
        ImageView {
            job: Job(image.key.archive.0),
            image: image.key.image,
            names: image.names.iter().map(|name| familiar(name).to_owned()).collect(),
            id: short(&image.id),
            size: size.total,
            shared: size.shared,
            containers: shelf
                .containers()
                .iter()
                .filter(|container| container.image == Some(image.key))
                .count() as u32,
            layers: own.map(|(layer, number)| (number, layer.size)).collect(),
        }
    };
    ShelfView {
        images: shelf.images().iter().enumerate().map(image).collect(),
        containers: (0..shelf.containers().len())
            .filter_map(|place| container_view(shelf, place, now))
            .collect(),
        bytes: layers.iter().map(|layer| layer.size).fold(0, u64::saturating_add),
    }
}

/// The container at a place of the shelf.
pub fn container_view(shelf: &Shelf, place: usize, now: Timestamp) -> Option<ContainerView> {
    let container = shelf.containers().get(place)?;
    let image = shelf.images().iter().find(|image| Some(image.key) == container.image);
    let name = image.and_then(|image| image.names.first()).map(|name| familiar(name).to_owned());
    let name =
        name.or_else(|| container.image_id.as_ref().map(short)).unwrap_or_else(|| "scratch".to_owned());
    Some(ContainerView {
        id: container.id.chars().take(SHORT).collect(),
        name: container.name.clone(),
        image: name,
        job: Job(container.image.map_or(u32::MAX, |image| image.archive.0)),
        place: container.image.map_or(0, |image| image.image),
        upto: container.layers.checked_sub(1),
        status: status(container.status, now),
        is_running: container.is_running(),
        cost: Cost {
            upper: container.upper.content_bytes(),
            copied: container.upper.copied(),
            // What cannot be written costs nothing yet.
            grows: shelf.layer(place).map_or(0, |rope| rope.len()),
        },
    })
}

/// As docker says it.
fn status(status: Status, now: Timestamp) -> String {
    let since = |then: Timestamp| crate::shell::human::duration(now.secs.saturating_sub(then.secs));
    match status {
        Status::Created => "Created".to_owned(),
        Status::Running(then) => format!("Up {}", since(then)),
        Status::Exited(then) => format!("Exited {} ago", since(then)),
    }
}

fn short(id: &Digest) -> String {
    id.hex().chars().take(SHORT).collect()
}
