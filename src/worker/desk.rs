//! What the worker answers about containers: one shell over all that is open, and views of it.

use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::{
    containers::{
        Ask, BuildStep, Built, Completion, ContainerView, Cost, Files, Frame, ImageView, Keeping, Ran,
        Recipe, Remark, Said, SavedFile, ShelfView, State, Told, Turn,
    },
    look,
    page_host::PageHost,
    protocol::{Failure, FailureKind, Job},
};
use crate::{
    build::{Build, Problem, StepReport, build},
    container::{
        ArchiveId, Container, Errno, ImageKey, NewContainer, ReadAt, Rope, Shelf, ShelfError, ShelfImage,
        Status, familiar,
    },
    digest::Digest,
    engine::{ContainerId, Host, Interrupt, World, argv},
    shell::{Output, Shell, Stream},
    tar::Timestamp,
};

/// Characters of an id that docker shows.
const SHORT: usize = 12;

/// The shell, and what it has saved that was not yet fetched.
#[derive(Default)]
pub struct Desk {
    shell: Shell,
    saved: Vec<(u32, Rope)>,
    tokens: u32,
}

/// What comes with a question from outside.
pub struct Around {
    /// What time it is.
    pub now: Timestamp,
    /// 32 random bytes.
    pub random: [u8; 32],
    /// The bytes of the files around the shell: see [`Files`].
    pub bytes: Option<Rc<dyn ReadAt>>,
    /// Whether it is to end.
    pub interrupt: Interrupt,
}

impl Desk {
    /// Answers.
    ///
    /// # Errors
    ///
    /// If what it is about is not there.
    pub fn answer(&mut self, shelf: &mut Shelf, job: Job, ask: Ask, around: Around) -> Result<Told, Failure> {
        let told = self.answer_to(shelf, job, ask, around);
        // What was saved may lie in what is removed. Before the answer it would be too early: what goes and comes again within it
        // looks as if it had stayed.
        if self.saved.is_empty() {
            shelf.release();
        }
        told
    }

    fn answer_to(&mut self, shelf: &mut Shelf, job: Job, ask: Ask, around: Around) -> Result<Told, Failure> {
        let now = around.now;
        match ask {
            Ask::Shelf => Ok(Told::Shelf(self.shelf_view(shelf, now))),
            Ask::Start { image, upto, directory, options } => {
                let image = Some(ImageKey { archive: ArchiveId(job.0), image });
                let layers = Some(upto.saturating_add(1));
                let (random, command) = (around.random, command_of(shelf, image));
                let new = NewContainer { random, image, layers, command, options, ..NewContainer::default() };
                self.start(shelf, new, directory, around)
            }
            Ask::Run { line, around: files, .. } => {
                Ok(Told::Ran(Box::new(self.run(shelf, &line, &files, around))))
            }
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
            Ask::Turn { container, turn } => {
                let place = shelf.find_container(&container).map_err(shelf_failure)?;
                let act = match turn {
                    Turn::Undo => Container::undo,
                    Turn::Redo => Container::redo,
                };
                let turned = shelf.container_mut(place).is_some_and(act).then_some(turn);
                let ran = Ran { turned, shelf_changed: turned.is_some(), ..Ran::default() };
                Ok(Told::Ran(Box::new(self.placed(shelf, ran, now))))
            }
            Ask::Build { recipe, .. } => Ok(Told::Built(self.build(shelf, recipe, around))),
            Ask::Fetch { .. } | Ask::Keep(_) => {
                Err(failure(FailureKind::NotFound, "this is answered elsewhere"))
            }
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
        new: NewContainer,
        directory: Option<BString>,
        around: Around,
    ) -> Result<Told, Failure> {
        let now = around.now;
        let id = shelf.create(new, now).map_err(shelf_failure)?;
        let place = shelf.find_container(&id).map_err(shelf_failure)?;
        if let Some(container) = shelf.container_mut(place) {
            container.status = Status::Running(now);
        }
        let nothing = Files::default();
        let mut host = PageHost::new(around, &nothing);
        let world = World::new(shelf, &mut host, now);
        if let Some(id) = ContainerId::new(&id) {
            let directory = directory.map(|path| [b"/", path.as_slice()].concat());
            self.shell.enter(&world, id, directory.as_deref());
        }
        let ran = Ran { shelf_changed: true, ..Ran::default() };
        Ok(Told::Ran(Box::new(self.placed(shelf, ran, now))))
    }

    fn run(&mut self, shelf: &mut Shelf, line: &str, files: &Files, around: Around) -> Ran {
        let now = around.now;
        let before = census(shelf);
        let mut host = PageHost::new(around, files);
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
            wants: host.wants.take(),
            files: self.offer(host.into_saved()),
            shelf_changed: census(shelf) != before,
            ..Ran::default()
        };
        self.placed(shelf, ran, now)
    }

    /// Adds where the shell stands.
    fn placed(&self, shelf: &Shelf, ran: Ran, now: Timestamp) -> Ran {
        let place = self.shell.attached().and_then(|id| place_of(shelf, id));
        let container = place.and_then(|place| self.container_view(shelf, place, now));
        let cwd = self.shell.cwd().filter(|_| container.is_some()).unwrap_or_default();
        Ran { container, cwd: cwd.trim_start_with(|c| c == '/').into(), ..ran }
    }

    fn complete(&mut self, shelf: &mut Shelf, line: &str, around: Around) -> Completion {
        let now = around.now;
        let nothing = Files::default();
        let mut host = PageHost::new(around, &nothing);
        let found =
            self.with_world(shelf, &mut host, now, |shell, world| shell.complete(world, line, line.len()));
        Completion { start: u32::try_from(found.start).unwrap_or(u32::MAX), candidates: found.candidates }
    }

    fn build(&mut self, shelf: &mut Shelf, recipe: Recipe, around: Around) -> Built {
        let now = around.now;
        let files = Files { recipe, chosen: None };
        let recipe = &files.recipe;
        let mut host = PageHost::new(around, &files);
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
            kind: problem.kind.clone(),
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
        work(&mut self.shell, &mut World::new(shelf, host, now))
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

    /// Images and containers as docker would list them.
    fn shelf_view(&self, shelf: &Shelf, now: Timestamp) -> ShelfView {
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
                    .filter(|container| container.image_id.as_ref() == Some(&image.id))
                    .count() as u32,
                layers: own.map(|(layer, number)| (number, layer.size)).collect(),
            }
        };
        ShelfView {
            images: shelf.images().iter().enumerate().map(image).collect(),
            containers: (0..shelf.containers().len())
                .filter_map(|place| self.container_view(shelf, place, now))
                .collect(),
            bytes: layers.iter().map(|layer| layer.size).fold(0, u64::saturating_add),
            keeping: Keeping::default(),
        }
    }

    /// The container at a place of the shelf.
    fn container_view(&self, shelf: &Shelf, place: usize, now: Timestamp) -> Option<ContainerView> {
        let container = shelf.containers().get(place)?;
        let image = shelf.images().iter().find(|image| Some(image.key) == container.image);
        let name = image.and_then(|image| image.names.first()).map(|name| familiar(name).to_owned());
        let name =
            name.or_else(|| container.image_id.as_ref().map(short)).unwrap_or_else(|| "scratch".to_owned());
        let since = |then: Timestamp| now.secs.saturating_sub(then.secs);
        let state = match container.status {
            Status::Created => State::Created,
            Status::Running(then) => State::Up(since(then)),
            Status::Exited(code, then) => State::Exited(code, since(then)),
        };
        Some(ContainerView {
            id: container.id.chars().take(SHORT).collect(),
            name: container.name.clone(),
            image: name,
            job: Job(container.image.map_or(u32::MAX, |image| image.archive.0)),
            place: container.image.map_or(0, |image| image.image),
            upto: container.layers.checked_sub(1),
            can_undo: container.can_turn().0,
            can_redo: container.can_turn().1,
            state,
            cost: Cost {
                upper: container.upper.content_bytes(),
                copied: container.upper.copied(),
                // What cannot be written costs nothing yet.
                grows: shelf.layer(place).map_or(0, |rope| rope.len()),
            },
        })
    }
}

/// What a container of an image would run.
fn command_of(shelf: &Shelf, image: Option<ImageKey>) -> Vec<String> {
    let opened = image.and_then(|key| Some((shelf.archives.get(&key.archive)?, key.image)));
    let image = opened.and_then(|(opened, image)| opened.session.images().get(image as usize));
    let config = image.and_then(|image| image.config.as_ref()).map(|config| &config.parsed.config);
    config.map_or_else(Vec::new, |config| argv(config, None, &[]).words)
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

fn short(id: &Digest) -> String {
    id.hex().chars().take(SHORT).collect()
}
