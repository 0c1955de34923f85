//! docker's commands over the images and containers that are open: its names, options, output and error texts, without a daemon
//! and without processes.

mod argv;
mod build;
mod command;
mod commands;
mod containers;
mod elsewhere;
mod exchange;
mod host;
mod images;
mod inspect;
mod load;
mod rows;
mod run;
mod template;
mod world;

pub use argv::{Argv, argv};
pub use host::{Host, HostFile, HostKind, Interrupt, NoHost, Reading};
pub use world::{ContainerId, World};

pub(crate) use command::names;
pub(crate) use exchange::put;
pub(crate) use load::decoded;
pub(crate) use rows::{ContainerRow, HistoryStep, ImageRow, NewContainer, Status};

use std::rc::Rc;

use bstr::BString;

use crate::{
    container::{ImageKey, Rope},
    shell::{Position, Printed, Shell, Stream, Traced, human::table},
};

/// What a command of docker leaves to the shell.
pub(crate) enum Pending {
    /// To stand in a container.
    Attach(ContainerId, Position),
    /// Not to stand in the container any more that it stands in.
    Detach,
    /// To run one of its own commands in a container, which may end with it.
    Run {
        /// The container.
        container: ContainerId,
        /// Where it begins.
        position: Position,
        /// The command.
        words: Vec<BString>,
        /// What it reads where nothing else is named.
        input: Option<Rc<[u8]>>,
        /// Whether the container ends with it.
        ends: bool,
    },
}

/// A command of docker under way.
pub(crate) struct Engine<'e, 'w> {
    pub(self) world: &'e mut World<'w>,
    /// The container that the shell stands in.
    stands_in: Option<ContainerId>,
    pub(self) cache: &'e mut crate::build::Cache,
    printed: Printed,
    pub(self) traces: Vec<Traced>,
    pub(self) pending: Option<Pending>,
    /// What goes to standard output and is too large to be printed.
    pub(self) stream: Option<Rope>,
    /// The file that standard input is.
    pub(self) input: Option<String>,
    /// Whether standard output is a file.
    pub(self) to_file: bool,
}

impl<'e, 'w> Engine<'e, 'w> {
    pub(crate) fn new(
        shell: &'e mut Shell,
        world: &'e mut World<'w>,
        input: Option<String>,
        to_file: bool,
    ) -> Self {
        Self {
            world,
            stands_in: shell.attached(),
            cache: &mut shell.cache,
            printed: Printed::default(),
            traces: Vec::new(),
            pending: None,
            stream: None,
            input,
            to_file,
        }
    }

    /// Carries out a command: what follows `docker`.
    pub(crate) fn run(&mut self, words: &[BString]) -> i32 {
        command::dispatch(self, words)
    }

    /// What was printed, what is left to the shell, and what goes to a file.
    pub(crate) fn finish(self) -> (Printed, Option<Pending>, Option<Rope>, Vec<Traced>) {
        (self.printed, self.pending, self.stream, self.traces)
    }

    fn now(&self) -> i64 {
        self.world.now.secs
    }

    fn print(&mut self, text: &str) {
        self.print_bytes(text.as_bytes());
    }

    fn print_bytes(&mut self, bytes: &[u8]) {
        self.printed.push(Stream::Out, bytes);
    }

    /// A line on standard error.
    fn complain(&mut self, text: &str) {
        self.printed.push(Stream::Error, format!("{text}\n").as_bytes());
    }

    /// The same, and that the command failed.
    fn fail(&mut self, text: &str) -> i32 {
        self.complain(text);
        1
    }

    /// An image that is named; else it is said that there is none.
    fn image(&mut self, name: &str) -> Option<ImageKey> {
        let found = self.world.find_image(name);
        if found.is_none() {
            self.fail(&format!("Error response from daemon: No such image: {}", world::with_tag(name)));
        }
        found
    }

    /// A container that is named; else it is said that there is none.
    fn container(&mut self, name: &str) -> Option<ContainerRow> {
        let found = self.world.container(name);
        if found.is_none() {
            self.fail(&format!("Error response from daemon: No such container: {name}"));
        }
        found
    }

    /// The shell is to stand in a container.
    fn attach(&mut self, id: ContainerId) {
        self.pending = Some(Pending::Attach(id, self.world.position_of(id)));
    }

    /// The shell is not to stand in a container any more, if it does.
    fn leave(&mut self, id: ContainerId) {
        if self.stands_in == Some(id) {
            self.pending = Some(Pending::Detach);
        }
    }

    /// Prints rows by a template.
    fn formatted(&mut self, format: &str, rows: &[serde_json::Value]) -> i32 {
        match template::Template::read(format).and_then(|template| template.print(rows)) {
            Ok(text) => {
                self.print(&text);
                0
            }
            Err(error) => {
                self.fail(&error.to_string());
                64
            }
        }
    }
}

/// The first twelve digits of an id.
fn short(id: &str) -> String {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    hex.get(..12).unwrap_or(hex).to_owned()
}
