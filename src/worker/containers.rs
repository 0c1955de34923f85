//! What page and worker say about containers: a part of the protocol of its own.
//!
//! There is one shell, over everything that is open. What a button of the page does to containers and images, a command
//! does as well, so the page asks for little else than commands to be run; what it draws beside them are the views here.

use bstr::BString;
use serde::{Deserialize, Serialize};

use super::protocol::{Failure, Job, Overlay};
use crate::{
    build::{ProblemKind, Reason},
    container::{Options, Step, Trace},
    shell::Note,
};

/// What the page asks about containers. Answered with [`Told`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// The images and containers that are open. Answered with [`Told::Shelf`].
    Shelf,
    /// Keep containers, and images that were made here, in the browser from now on; or forget what is kept. Answered with
    /// [`Told::Shelf`].
    Keep(bool),
    /// Start a container of an image of the envelope's job, its layers `0..=upto` below it, and make it the shell's. Answered
    /// with [`Told::Ran`].
    Start {
        /// The image, by its place in the report.
        image: u32,
        /// The topmost layer of the image that the container sees.
        upto: u32,
        /// The directory that the shell begins in, from the root; `None` for the one that the image says.
        directory: Option<BString>,
        /// How it is mounted.
        options: Options,
    },
    /// Run a line in the shell. Answered with [`Told::Ran`].
    Run {
        /// The line as it was typed.
        line: String,
        /// What docker's commands find around the shell; its bytes ride beside.
        around: Files,
        /// A URL that is gone once the command is to end: see [`crate::platform::stop`].
        stop: Option<String>,
    },
    /// What could stand at the end of a line. Answered with [`Told::Completion`].
    Complete {
        /// The line up to the cursor.
        line: String,
    },
    /// One directory of a container. Answered with [`Told::Directory`].
    Look {
        /// The container's id.
        container: String,
        /// The directory from the root, without a leading slash.
        path: BString,
    },
    /// Take what the last line did to a container back, or do again what was taken back. Answered with [`Told::Ran`].
    Turn {
        /// The container's id.
        container: String,
        /// Which way.
        turn: Turn,
    },
    /// Build an image. Answered with [`Told::Built`]. The files of the context ride beside as one blob.
    Build {
        /// What is built, and from what.
        recipe: Recipe,
        /// As of [`Ask::Run`].
        stop: Option<String>,
    },
    /// Give what a command or a build saved; it rides beside. Answered with [`Told::File`].
    Fetch {
        /// Which: see [`SavedFile`].
        token: u32,
    },
}

/// A way through what was done to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turn {
    /// Back.
    Undo,
    /// Forth again.
    Redo,
}

/// Answers to [`Ask`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Told {
    /// Images and containers.
    Shelf(ShelfView),
    /// What a command said and did.
    Ran(Box<Ran>),
    /// What could stand at the end of a line.
    Completion(Completion),
    /// A directory, the container's own layer as the upper one.
    Directory(Overlay),
    /// How a build went.
    Built(Built),
    /// The file rides beside.
    File,
}

/// What is open, as docker would list it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfView {
    /// Images, in the order of their archives.
    pub images: Vec<ImageView>,
    /// Containers, the oldest first.
    pub containers: Vec<ContainerView>,
    /// Bytes of all layers of all images, each counted once.
    pub bytes: u64,
    /// What of it the browser keeps.
    pub keeping: Keeping,
}

/// What the browser keeps of the shelf over a reload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping {
    /// Whether it does.
    pub is_on: bool,
    /// What waits for its archive to be opened again: its name, and the id of the image that it stands on, shortened as docker
    /// does.
    pub waiting: Vec<(String, Option<String>)>,
    /// Why it cannot.
    pub problem: Option<Failure>,
}

/// An image on the shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageView {
    /// The archive that it lies in.
    pub job: Job,
    /// Its place in that archive's report.
    pub image: u32,
    /// Its names; none if it is dangling.
    pub names: Vec<String>,
    /// Its id, shortened as docker does.
    pub id: String,
    /// The bytes of all of its layers.
    pub size: u64,
    /// Of them, those of layers that other images have, too.
    pub shared: u64,
    /// How many containers stand on it.
    pub containers: u32,
    /// Its layers, bottom first: which of [`ShelfView`]'s different layers each is, and its bytes.
    pub layers: Vec<(u32, u64)>,
}

/// A container on the shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerView {
    /// Its id, shortened as docker does.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it stands on, as docker would say it.
    pub image: String,
    /// The archive of that image.
    pub job: Job,
    /// That image's place in the archive's report.
    pub place: u32,
    /// The topmost layer of the image that it sees; `None` if it sees none.
    pub upto: Option<u32>,
    /// Whether something that was done to it can be taken back.
    pub can_undo: bool,
    /// Whether something that was taken back can be done again.
    pub can_redo: bool,
    /// How it fares.
    pub state: State,
    /// What it costs.
    pub cost: Cost,
}

/// How a container fares, and since how many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It was not started yet.
    Created,
    /// It is started.
    Up(i64),
    /// It ended with this status.
    Exited(i32, i64),
}

/// What a container costs so far, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// File content in the container's layer.
    pub upper: u64,
    /// Content that was copied up from layers below.
    pub copied: u64,
    /// By how much an image made of it would grow: the layer's tar.
    pub grows: u64,
}

/// What a command said and did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// What it said, in order.
    pub output: Vec<Said>,
    /// Its exit status.
    pub status: u8,
    /// That something was taken back, or done again: the steps shown before are those of another time.
    pub turned: Option<Turn>,
    /// Whether the screen is to be cleared before.
    pub clear: bool,
    /// The operations that it came to.
    pub frames: Vec<Frame>,
    /// What it saved.
    pub files: Vec<SavedFile>,
    /// What it wants of the page.
    pub wants: Option<Wanted>,
    /// The container that the shell is in now, if any.
    pub container: Option<ContainerView>,
    /// The shell's current directory.
    pub cwd: BString,
    /// Whether images or containers came or went.
    pub shelf_changed: bool,
}

/// What a command wants of the page: a file that the reader is to choose, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// It is opened: `docker load`.
    Archive,
    /// The command is run again with it: `docker import`, `docker cp`.
    Content,
    /// No file: an image of this name is opened from its registry.
    Pull(String),
}

/// What docker's commands find around the page's shell. Beside ride its bytes: of the recipe's files one after the other,
/// and then of the file that was chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// The Dockerfile, and the context of builds.
    pub recipe: Recipe,
    /// The length of a file that was chosen for this command, under whatever name that has.
    pub chosen: Option<u64>,
}

/// A piece of a command's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Whether it goes to standard error.
    pub is_error: bool,
    /// The bytes, as they are: they may hold names out of the image.
    pub bytes: BString,
}

/// Something that a command saved, to be fetched by [`Ask::Fetch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFile {
    /// Which. Valid until it is fetched.
    pub token: u32,
    /// The name to save it under.
    pub name: String,
    /// Its length in bytes, if that is known before it is made.
    pub size: Option<u64>,
}

/// One operation on a container's filesystem, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The operation as a system call: `unlink /etc/motd`; empty for a remark.
    pub call: String,
    /// What the command remarks about it.
    pub remark: Option<Note>,
    /// What the filesystem did.
    pub trace: Trace,
}

impl Frame {
    /// Whether it changed something: looking does not.
    pub fn changes(&self) -> bool {
        self.trace.steps.iter().any(|step| !matches!(step, Step::Lookup { .. }))
    }
}

/// What could stand at the end of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Where in the line what is completed begins, in bytes.
    pub start: u32,
    /// The candidates, each with all that is to stand from there on.
    pub candidates: Vec<String>,
}

/// What is built, and from what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// The Dockerfile.
    pub dockerfile: String,
    /// The name of the image.
    pub tag: String,
    /// The files of the context in the order of the blob beside: path and length.
    pub files: Vec<(BString, u64)>,
    /// Whether the cache is left out.
    pub no_cache: bool,
}

/// How a build went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// Its steps, as far as it came.
    pub steps: Vec<BuildStep>,
    /// What is to be said at lines of the Dockerfile.
    pub remarks: Vec<Remark>,
    /// The image, if there is one now: its name, or else its id.
    pub image: Option<String>,
}

/// One step of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildStep {
    /// The instruction, its lines joined.
    pub instruction: String,
    /// Its line, from 1.
    pub line: u32,
    /// Whether the cache had it.
    pub cached: bool,
    /// Why it had it, or had not.
    pub why: Reason,
    /// The bytes of the layer that it made; `None` if it made none.
    pub layer: Option<u64>,
    /// The image that it made, shortened as docker does; `None` of what makes none.
    pub image: Option<String>,
    /// What its commands printed.
    pub output: String,
}

/// Something to be said at a line of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The line, from 1.
    pub line: u32,
    /// Whether the build ends there.
    pub is_error: bool,
    /// What is to be said, in English.
    pub text: String,
    /// What it is about, to be said in another language.
    pub kind: ProblemKind,
}
