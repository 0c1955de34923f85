//! What the container page knows. It outlives the page's components: turning to another page keeps it.

use std::rc::Rc;

use bstr::{BString, ByteSlice};
use yew::AttrValue;

use crate::{
    container::{Options, familiar},
    report::ImageReport,
    worker::{
        containers::{Built, ContainerView, Frame, Ran, Recipe, SavedFile, ShelfView, Turn, Wanted},
        protocol::{Failure, Overlay},
    },
};

/// Lines that the terminal keeps.
const LINES: usize = 4_000;
/// Commands that can be called back.
const COMMANDS: usize = 500;

/// What the container page knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lab {
    /// Which part of the page is shown.
    pub part: Part,
    /// What the terminal shows.
    pub lines: Rc<Vec<Line>>,
    /// The commands given, the latest last.
    pub commands: Rc<Vec<String>>,
    /// How the next container is mounted.
    pub options: Options,
    /// Whether a command is under way.
    pub is_busy: bool,
    /// What ends the command or the build under way: see [`crate::platform::stop`].
    pub stop: Option<AttrValue>,
    /// The command that waits for a file to be chosen.
    pub waiting: Option<AttrValue>,
    /// The command that waits for an archive to be chosen and opened.
    pub loading: Option<AttrValue>,
    /// The container that the shell is in.
    pub container: Option<Rc<ContainerView>>,
    /// The shell's current directory, from the root.
    pub cwd: BString,
    /// The operations that the last command came to.
    pub frames: Rc<Vec<Frame>>,
    /// Counts the commands that came to operations.
    pub runs: u32,
    /// What the last thing done was, if it took something back or did it again.
    pub turned: Option<Turn>,
    /// What the last command saved.
    pub files: Rc<Vec<SavedFile>>,
    /// Images and containers.
    pub shelf: Rc<ShelfView>,
    /// Counts how often they came or went by themselves.
    pub stale: u32,
    /// The directory of the container that is looked at.
    pub directory: BString,
    /// That directory, once it is known.
    pub look: Option<Rc<Overlay>>,
    /// What is to be built.
    pub recipe: Rc<Recipe>,
    /// Whether it is being built.
    pub is_building: bool,
    /// Whether the Dockerfile has changed since: what was said of its lines is about others.
    pub is_edited: bool,
    /// How the last build went.
    pub built: Option<Rc<Result<Built, Failure>>>,
}

/// A part of the container page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Part {
    /// One container: its shell, what its filesystem does, and its three columns.
    #[default]
    Container,
    /// The images and containers that are open.
    Shelf,
    /// The Dockerfile.
    Build,
}

impl Part {
    /// All parts in their order.
    pub const ALL: [Self; 3] = [Self::Container, Self::Shelf, Self::Build];

    /// The stable name, for ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Shelf => "shelf",
            Self::Build => "build",
        }
    }
}

/// A line of the terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A command as it was given, behind its prompt.
    Command(String, String),
    /// What it said.
    Said(BString),
    /// What it said to standard error.
    Error(BString),
}

/// What happens to a [`Lab`].
#[derive(Debug, Clone, PartialEq)]
pub enum LabAction {
    /// Turn to a part.
    Show(Part),
    /// The next container is mounted so.
    Options(Options),
    /// A command is given to the worker.
    Sent(String),
    /// A command that waited for a file is given to it again.
    SentAgain,
    /// Something is taken back or done again.
    Turning,
    /// What is under way can be ended by this.
    Stoppable(Option<AttrValue>),
    /// It is answered.
    Ran(Result<Box<Ran>, Failure>),
    /// An archive is open, these images in it.
    Opened(Vec<String>),
    /// Candidates of a completion are listed.
    Listed(Vec<String>),
    /// The terminal is cleared.
    Clear,
    /// Images or containers came or went by themselves.
    Stale,
    /// Images and containers are known.
    Shelf(ShelfView),
    /// Another directory of the container is looked at.
    Enter(BString),
    /// A directory is known.
    Looked(Overlay),
    /// What is to be built changed.
    Recipe(Recipe),
    /// It is being built.
    Building,
    /// It was built, or not.
    Built(Result<Built, Failure>),
    /// The worker is no more, and with it all containers.
    Lost,
}

/// What `docker load` says of an image.
pub fn loaded(image: &ImageReport) -> Vec<String> {
    match (image.names.as_slice(), &image.id) {
        ([], Some(id)) => vec![format!("Loaded image ID: {id}")],
        (names, _) => names.iter().map(|name| format!("Loaded image: {}", familiar(name))).collect(),
    }
}

impl Lab {
    /// What stands before the command: the container's name and the current directory.
    pub fn prompt(&self) -> String {
        match &self.container {
            Some(container) => format!("{}:/{}#", container.name, crate::app::text::visible(&self.cwd)),
            None => "$".to_owned(),
        }
    }

    /// Takes an action in.
    pub fn apply(&mut self, action: LabAction) {
        match action {
            LabAction::Show(part) => self.part = part,
            LabAction::Options(options) => self.options = options,
            LabAction::Sent(line) => self.sent(line),
            LabAction::SentAgain => (self.is_busy, self.waiting) = (true, None),
            // What was said of the turn before goes: the same words again would be no news to who hears them.
            LabAction::Turning => (self.is_busy, self.stop, self.turned) = (true, None, None),
            LabAction::Stoppable(stop) => self.stop = stop,
            LabAction::Ran(Ok(ran)) => self.ran(*ran),
            LabAction::Ran(Err(failure)) => {
                (self.is_busy, self.stop) = (false, None);
                self.say([Line::Error(failure.detail.into())]);
            }
            LabAction::Opened(images) => {
                // Only who waits for it hears of it here.
                if self.loading.take().is_some() {
                    self.say(images.into_iter().map(|line| Line::Said(line.into())));
                }
            }
            LabAction::Listed(candidates) => self.say([Line::Said(candidates.join("  ").into())]),
            LabAction::Clear => self.lines = Rc::default(),
            LabAction::Stale => self.stale = self.stale.wrapping_add(1),
            LabAction::Shelf(shelf) => {
                // What another command changed of the container shows in its numbers.
                if let Some(container) = &self.container {
                    let now = shelf.containers.iter().find(|other| other.id == container.id);
                    self.container = now.cloned().map(Rc::new);
                }
                self.shelf = Rc::new(shelf);
            }
            LabAction::Enter(path) => self.directory = path,
            LabAction::Looked(overlay) => {
                self.directory = overlay.path.clone();
                self.look = Some(Rc::new(overlay));
            }
            LabAction::Recipe(recipe) => {
                self.is_edited |= self.recipe.dockerfile != recipe.dockerfile;
                self.recipe = Rc::new(recipe);
            }
            LabAction::Building => (self.is_building, self.is_edited) = (true, false),
            LabAction::Built(built) => {
                (self.is_building, self.stop) = (false, None);
                self.built = Some(Rc::new(built));
            }
            LabAction::Lost => {
                let (lines, commands) = (Rc::clone(&self.lines), Rc::clone(&self.commands));
                *self = Self {
                    lines,
                    commands,
                    part: self.part,
                    recipe: Rc::clone(&self.recipe),
                    ..Self::default()
                };
            }
        }
    }

    fn sent(&mut self, line: String) {
        (self.is_busy, self.waiting, self.loading) = (true, None, None);
        self.say([Line::Command(self.prompt(), line.clone())]);
        let commands = Rc::make_mut(&mut self.commands);
        // As shells do: what is repeated, or only blank, is kept once.
        if !line.trim().is_empty() && commands.last() != Some(&line) {
            commands.push(line);
            let more = commands.len().saturating_sub(COMMANDS);
            commands.drain(..more);
        }
    }

    fn ran(&mut self, ran: Ran) {
        (self.is_busy, self.stop) = (false, None);
        let waiting = |wanted| {
            let last = self.commands.last().filter(|_| ran.wants.as_ref() == Some(&wanted));
            last.map(|line| AttrValue::from(line.clone()))
        };
        (self.waiting, self.loading) = (waiting(Wanted::Content), waiting(Wanted::Archive));
        if ran.clear {
            self.lines = Rc::default();
        }
        let mut lines = Vec::new();
        for said in ran.output {
            let to_line: fn(BString) -> Line = if said.is_error { Line::Error } else { Line::Said };
            // A newline ends a line; it does not begin another.
            let text = said.bytes.strip_suffix(b"\n").unwrap_or(&said.bytes);
            if !said.bytes.is_empty() {
                lines.extend(text.split_str("\n").map(|line| to_line(line.into())));
            }
        }
        self.say(lines);
        self.turned = ran.turned;
        if !ran.frames.is_empty() || ran.turned.is_some() {
            self.frames = Rc::new(ran.frames);
            self.runs = self.runs.wrapping_add(1);
        }
        self.files = Rc::new(ran.files);
        let before = self.container.as_ref().map(|container| container.id.clone());
        self.container = ran.container.map(Rc::new);
        self.cwd = ran.cwd;
        if self.container.as_ref().map(|container| container.id.clone()) != before {
            self.look = None;
            self.directory = BString::default();
        }
    }

    fn say(&mut self, more: impl IntoIterator<Item = Line>) {
        let lines = Rc::make_mut(&mut self.lines);
        lines.extend(more);
        let old = lines.len().saturating_sub(LINES);
        lines.drain(..old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{container::Trace, worker::containers::Said};

    fn said(bytes: &str, is_error: bool) -> Said {
        Said { is_error, bytes: bytes.into() }
    }

    #[test]
    fn output_becomes_lines_behind_the_command() {
        let mut lab = Lab::default();
        lab.apply(LabAction::Sent("ls".into()));
        assert!(lab.is_busy);
        let output = vec![said("a\nb\n", false), said("ls: c\n", true), said("", false), said("\n", false)];
        lab.apply(LabAction::Ran(Ok(Box::new(Ran { output, ..Ran::default() }))));
        assert!(!lab.is_busy);
        let expected = [
            Line::Command("$".into(), "ls".into()),
            Line::Said("a".into()),
            Line::Said("b".into()),
            Line::Error("ls: c".into()),
            Line::Said("".into()),
        ];
        assert_eq!(*lab.lines, expected);
    }

    #[test]
    fn the_terminal_keeps_the_latest_lines() {
        let mut lab = Lab::default();
        let output = vec![said(&"x\n".repeat(LINES + 7), false), said("last\n", false)];
        lab.apply(LabAction::Ran(Ok(Box::new(Ran { output, ..Ran::default() }))));
        assert_eq!(lab.lines.len(), LINES);
        assert_eq!(lab.lines.last(), Some(&Line::Said("last".into())));
        let clear = Ran { clear: true, output: vec![said("new\n", false)], ..Ran::default() };
        lab.apply(LabAction::Ran(Ok(Box::new(clear))));
        assert_eq!(*lab.lines, [Line::Said("new".into())]);
    }

    #[test]
    fn commands_are_kept_once_in_a_row() {
        let mut lab = Lab::default();
        for line in ["ls", "ls", "  ", "pwd", "ls"] {
            lab.apply(LabAction::Sent(line.into()));
        }
        assert_eq!(*lab.commands, ["ls", "pwd", "ls"]);
    }

    #[test]
    fn the_steps_of_the_last_operations_stay_behind_a_command_without_any() {
        let frame = Frame { call: "unlink /a".into(), remark: None, trace: Trace::default() };
        let mut lab = Lab::default();
        lab.apply(LabAction::Ran(Ok(Box::new(Ran { frames: vec![frame], ..Ran::default() }))));
        lab.apply(LabAction::Ran(Ok(Box::default())));
        assert_eq!((lab.frames.len(), lab.runs), (1, 1));
    }

    #[test]
    fn what_is_undone_has_no_steps() {
        let frame = Frame { call: "unlink /a".into(), remark: None, trace: Trace::default() };
        let mut lab = Lab::default();
        lab.apply(LabAction::Ran(Ok(Box::new(Ran { frames: vec![frame], ..Ran::default() }))));
        let turned = Some(Turn::Undo);
        lab.apply(LabAction::Ran(Ok(Box::new(Ran { turned, ..Ran::default() }))));
        assert!(lab.frames.is_empty());
        assert_eq!(lab.turned, turned);
        lab.apply(LabAction::Ran(Ok(Box::default())));
        assert_eq!(lab.turned, None);
    }

    #[test]
    fn a_turn_is_under_way_and_is_told_of_anew() {
        let mut lab = Lab::default();
        let turned = Some(Turn::Undo);
        for _ in 0..2 {
            lab.apply(LabAction::Turning);
            assert_eq!((lab.is_busy, lab.turned), (true, None));
            lab.apply(LabAction::Ran(Ok(Box::new(Ran { turned, ..Ran::default() }))));
            assert_eq!((lab.is_busy, lab.turned), (false, turned));
        }
    }

    #[test]
    fn an_archive_that_was_asked_for_is_told_of() {
        let opened = || LabAction::Opened(vec!["Loaded image: a:1".into()]);
        let mut lab = Lab::default();
        lab.apply(opened());
        assert!(lab.lines.is_empty(), "nobody has asked");
        lab.apply(LabAction::Sent("docker load < a.tar".into()));
        let asks = Ran { wants: Some(Wanted::Archive), ..Ran::default() };
        lab.apply(LabAction::Ran(Ok(Box::new(asks))));
        assert_eq!((lab.loading.as_deref(), lab.waiting.as_deref()), (Some("docker load < a.tar"), None));
        lab.apply(opened());
        assert_eq!(lab.lines.last(), Some(&Line::Said("Loaded image: a:1".into())));
        assert_eq!(lab.loading, None);
    }

    #[test]
    fn what_is_said_of_lines_is_about_those_that_were_built() {
        let recipe = |dockerfile: &str, tag: &str| {
            LabAction::Recipe(Recipe { dockerfile: dockerfile.into(), tag: tag.into(), ..Recipe::default() })
        };
        let mut lab = Lab::default();
        lab.apply(recipe("FROM a", ""));
        lab.apply(LabAction::Building);
        lab.apply(recipe("FROM a", "b:1"));
        assert!(!lab.is_edited);
        lab.apply(recipe("FROM b", "b:1"));
        lab.apply(LabAction::Built(Ok(Built::default())));
        assert!(lab.is_edited, "it was changed while it was built");
    }

    #[test]
    fn a_lost_worker_leaves_what_was_written() {
        let mut lab = Lab::default();
        lab.apply(LabAction::Sent("ls".into()));
        lab.apply(LabAction::Recipe(Recipe { dockerfile: "FROM scratch".into(), ..Recipe::default() }));
        lab.apply(LabAction::Lost);
        assert_eq!((lab.commands.len(), lab.lines.len(), lab.is_busy), (1, 1, false));
        assert_eq!(lab.recipe.dockerfile, "FROM scratch");
        assert!(lab.container.is_none());
    }
}
