//! Carries out lines.

use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::{
    commands::{find_command, help, quote},
    context::{Context, Fault, base_name},
    expand::{self, ExpandError, Surroundings},
    output::{Output, Printed, Stream, Traced},
    parse::{self, Command, Direction, ParseError, Script, When},
    position::Position,
};
use crate::{
    container::{ContainerFs, Errno},
    engine::{ContainerId, World},
    limits, oci,
};

/// A shell: where it stands, and what it remembers.
#[derive(Debug, Default)]
pub struct Shell {
    /// The container that it stands in; else it stands on the host, where docker is all there is.
    pub(super) attached: Option<(ContainerId, Position)>,
    history: Vec<String>,
    /// The status of the last command.
    status: i32,
    /// How deep it is in output of commands that is put in.
    pub(super) depth: usize,
    /// What commands read where nothing else is named: the input of the shell that they are in.
    pub(super) input: Option<Rc<[u8]>>,
    /// Whether docker is there: not where a Dockerfile runs commands.
    without_docker: bool,
    /// What was built, to be used again.
    pub(crate) cache: crate::build::Cache,
}

/// What a script has done so far.
#[derive(Default)]
pub(super) struct Done {
    pub(super) printed: Printed,
    pub(super) traces: Vec<Traced>,
    pub(super) exited: bool,
}

/// The status of what was interrupted: 128, and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// Commands that need no files, and so work on the host as well.
const WITHOUT_FILES: [&str; 9] = ["echo", "env", "export", "false", "id", "set", "true", "uname", "unset"];

impl Shell {
    /// A shell on the host.
    pub fn new() -> Self {
        Self::default()
    }

    /// A shell that stands in a container for a step of a build: without docker.
    pub(crate) fn for_build(container: ContainerId, position: Position) -> Self {
        Self { attached: Some((container, position)), without_docker: true, ..Self::default() }
    }

    /// Stands in a container from now on, in this directory, or else where its image says.
    pub fn enter(&mut self, world: &World<'_>, container: ContainerId, cwd: Option<&[u8]>) {
        let mut position = world.position_of(container);
        if let Some(cwd) = cwd {
            position.cwd = cwd.into();
        }
        self.attached = Some((container, position));
    }

    /// The container that it stands in.
    pub fn attached(&self) -> Option<ContainerId> {
        self.attached.as_ref().map(|(container, _)| *container)
    }

    /// The current directory, if it stands in a container.
    pub fn cwd(&self) -> Option<&[u8]> {
        self.attached.as_ref().map(|(_, position)| position.cwd.as_slice())
    }

    /// What stands before a line.
    pub fn prompt(&self) -> String {
        self.attached.as_ref().map_or_else(|| "$ ".to_owned(), |(_, position)| position.prompt())
    }

    /// The lines that were run, oldest first.
    pub fn history(&self) -> &[String] {
        &self.history
    }

    /// Runs a line, or several.
    pub fn run(&mut self, world: &mut World<'_>, line: &str) -> Output {
        if !line.trim().is_empty() && self.history.last().is_none_or(|last| last != line) {
            self.history.push(line.to_owned());
            if self.history.len() > limits::SHELL_HISTORY {
                self.history.remove(0);
            }
        }
        let mut done = Done::default();
        let before = world.uppers();
        self.source(world, line, &mut done);
        // What a line does is undone at once, in whichever container it did it.
        world.checkpoint(before);
        if done.printed.is_cut() {
            let message = format!("sh: the output is cut off after {} bytes\n", limits::SHELL_OUTPUT);
            done.printed.push(Stream::Error, message.as_bytes());
            self.status = 1;
        }
        if world.host.interrupt().is_raised() {
            done.printed.push(Stream::Error, b"^C\n");
            self.status = INTERRUPTED;
        }
        let Done { printed, traces, exited } = done;
        Output { printed, status: self.status, traces, exited }
    }

    /// Runs text as commands.
    fn source(&mut self, world: &mut World<'_>, text: &str, done: &mut Done) {
        match parse::parse(text) {
            Ok(script) => self.script(world, &script, done),
            Err(error) => {
                done.printed.push(Stream::Error, format!("sh: {error}\n").as_bytes());
                self.status = 2;
            }
        }
    }

    fn script(&mut self, world: &mut World<'_>, script: &Script, done: &mut Done) {
        for (when, command) in script {
            let runs = match when {
                When::Always => true,
                When::Success => self.status == 0,
                When::Failure => self.status != 0,
            };
            if runs && !done.exited && !world.host.interrupt().is_raised() {
                self.status = self.command(world, command, done);
            }
        }
    }

    fn command(&mut self, world: &mut World<'_>, command: &Command, done: &mut Done) -> i32 {
        let mut around = Around { shell: self, world, done, ran: false };
        let words = match expand::fields(&command.words, &mut around) {
            Ok(words) => words,
            Err(error) => return around.fail(&error.to_string()),
        };
        let mut assignments = Vec::new();
        for (name, word) in &command.assignments {
            match expand::text(word, &mut around) {
                Ok(value) => assignments.push((name.clone(), value)),
                Err(error) => return around.fail(&error.to_string()),
            }
        }
        let mut redirections = Vec::new();
        for redirection in &command.redirections {
            let target = match expand::fields(std::slice::from_ref(&redirection.target), &mut around) {
                Ok(target) => target,
                Err(error) => return around.fail(&error.to_string()),
            };
            let target = match (redirection.direction, target.as_slice()) {
                (Direction::Duplicate, _) => BString::default(),
                (_, [target]) => target.clone(),
                _ => return around.fail("ambiguous redirect"),
            };
            redirections.push((redirection.descriptor, redirection.direction, target));
        }
        let ran = around.ran;
        // Variables before a command are that command's.
        let before = self.attached.as_ref().map(|(_, position)| position.env.clone());
        for (name, value) in assignments {
            self.set_variable(&name, value);
        }
        if words.is_empty() && redirections.is_empty() {
            // Of a command that is nothing but $(…), the status is that one's.
            return if ran { self.status } else { 0 };
        }
        let is_docker = !self.without_docker && words.first().is_some_and(|name| base_name(name) == "docker");
        let status = if is_docker {
            self.docker(world, &words[1..], &redirections, done)
        } else {
            self.redirected(world, &words, &redirections, done)
        };
        let sets =
            words.first().is_some_and(|name| ["export", "unset", "cd"].iter().any(|known| name == known));
        if let (Some(env), Some((_, position)), false, false) =
            (before, &mut self.attached, sets, command.assignments.is_empty())
        {
            position.env = env;
        }
        status
    }

    /// Stands again where it stood, if that is still there.
    pub(super) fn back(&mut self, world: &World<'_>, stood: Option<(ContainerId, Position)>) {
        self.attached = stood.filter(|(container, _)| world.place(*container).is_some());
    }

    fn set_variable(&mut self, name: &str, value: BString) {
        if let Some((_, position)) = &mut self.attached {
            position.set_variable(name, value);
        }
    }

    /// Runs a command of the shell and gives what it printed.
    pub(super) fn builtin(
        &mut self,
        world: &mut World<'_>,
        words: &[BString],
        input: &mut Option<Rc<[u8]>>,
        done: &mut Done,
    ) -> (Printed, i32) {
        let mut printed = Printed::default();
        let Some((given, arguments)) = words.split_first() else { return (printed, 0) };
        let name = if given.starts_with(b"/") { base_name(given) } else { given.clone() };
        match name.to_str().unwrap_or_default() {
            "exit" | "logout" => {
                let status = match arguments
                    .first()
                    .map(|status| status.to_str().unwrap_or_default().parse::<i32>())
                {
                    None => self.status,
                    Some(Ok(status)) => status & 0xff,
                    Some(Err(_)) => 2,
                };
                // A shell within this one ends alone, and so does that of a build. Else, as in docker, the shell may have
                // been the container's process: it ends, and the container with it.
                let is_inner = self.depth > 0 || self.without_docker;
                match self.attached.take_if(|_| !is_inner) {
                    Some((container, position)) if position.is_main => world.exited(container, status),
                    Some(_) => {}
                    None => done.exited = true,
                }
                (printed, status)
            }
            "help" => {
                let (text, status) = help(arguments);
                let stream = if status == 0 { Stream::Out } else { Stream::Error };
                printed.push(stream, text.as_bytes());
                (printed, status)
            }
            "history" => {
                for (line, number) in self.history.iter().zip(1..) {
                    printed.push(Stream::Out, format!("{number:5}  {line}\n").as_bytes());
                }
                (printed, 0)
            }
            "clear" | ":" => (printed, 0),
            "sh" | "bash" | "ash" | "dash" => self.shell(world, &name, arguments, input, done),
            "sudo" => {
                printed.push(Stream::Error, b"sudo: you are root already\n");
                let (more, status) = self.builtin(world, arguments, input, done);
                printed.append(more);
                (printed, status)
            }
            text => match find_command(text.as_bytes()) {
                Some((_, _, run)) => {
                    if self.attached.is_none() && !WITHOUT_FILES.contains(&text) {
                        let message = format!(
                            "sh: {text}: no container is open here: docker run -it IMAGE opens one\n"
                        );
                        printed.push(Stream::Error, message.as_bytes());
                        return (printed, 1);
                    }
                    self.in_context(world, words, input, done, |context| run(context, arguments))
                }
                None => self.not_found(world, given, done),
            },
        }
    }

    /// `sh -c TEXT`, and `sh < FILE`.
    fn shell(
        &mut self,
        world: &mut World<'_>,
        name: &BString,
        arguments: &[BString],
        input: &mut Option<Rc<[u8]>>,
        done: &mut Done,
    ) -> (Printed, i32) {
        let mut printed = Printed::default();
        let mut rest = arguments;
        while let [option, after @ ..] = rest
            && option.starts_with(b"-")
            && option.len() > 1
        {
            rest = after;
            if !option.contains(&b'c') {
                continue;
            }
            let Some(text) = rest.first() else {
                printed.push(Stream::Error, format!("{name}: -c: option requires an argument\n").as_bytes());
                return (printed, 2);
            };
            return self.inner(world, text, input, done);
        }
        if let Some(script) = rest.first() {
            let message = format!(
                "{name}: {}: no process runs here; {name} -c 'COMMANDS' runs this shell's commands\n",
                quote(script)
            );
            printed.push(Stream::Error, message.as_bytes());
            return (printed, 126);
        }
        match input.as_mut().map(|input| std::mem::replace(input, Rc::from([]))) {
            Some(text) => self.inner(world, &text, input, done),
            None => (printed, 0),
        }
    }

    /// Runs text as a shell within this one does.
    fn inner(
        &mut self,
        world: &mut World<'_>,
        text: &[u8],
        input: &mut Option<Rc<[u8]>>,
        done: &mut Done,
    ) -> (Printed, i32) {
        let mut inner = Done::default();
        if self.depth >= limits::SHELL_DEPTH {
            inner.printed.push(Stream::Error, b"sh: shells are nested too deep\n");
            return (inner.printed, 1);
        }
        self.depth += 1;
        let stood = self.attached.clone();
        let outer = std::mem::replace(&mut self.input, input.take());
        // Without any command it ends well, however the one before it ended.
        self.status = 0;
        self.source(world, &text.to_str_lossy(), &mut inner);
        *input = std::mem::replace(&mut self.input, outer);
        // What a process sets is its own.
        self.back(world, stood);
        self.depth -= 1;
        done.traces.extend(inner.traces);
        (inner.printed, self.status)
    }

    fn not_found(&mut self, world: &mut World<'_>, name: &BString, done: &mut Done) -> (Printed, i32) {
        let mut printed = Printed::default();
        let mut in_image = None;
        if self.attached.is_some() {
            let (_, _) = self.in_context(world, &[], &mut None, done, |context| {
                let path = context.variable("PATH").unwrap_or_default();
                let candidates: Vec<BString> = if name.contains(&b'/') {
                    vec![name.clone()]
                } else {
                    path.split_str(":").map(|directory| super::context::join(directory, name)).collect()
                };
                in_image = candidates.into_iter().find(|path| {
                    context.stat(path, true).is_ok_and(|stat| stat.is_file() && stat.mode & 0o111 != 0)
                });
                0
            });
        }
        let (message, status) = match in_image {
            Some(path) => (
                format!(
                    "sh: {name}: {path} is in the image, but no process runs here; help lists the commands that there are\n"
                ),
                126,
            ),
            None => (format!("sh: {name}: command not found; help lists the commands that there are\n"), 127),
        };
        printed.push(Stream::Error, message.as_bytes());
        (printed, status)
    }

    /// Runs something over the files of the container that the shell stands in, or over none.
    fn in_context(
        &mut self,
        world: &mut World<'_>,
        words: &[BString],
        input: &mut Option<Rc<[u8]>>,
        done: &mut Done,
        run: impl FnOnce(&mut Context<'_>) -> i32,
    ) -> (Printed, i32) {
        let command = bstr::join(" ", words).to_str_lossy().into_owned();
        let (now, interrupt) = (world.now, world.host.interrupt());
        match &mut self.attached {
            Some((container, position)) => {
                let Some(fs) = world.files(*container) else {
                    let mut printed = Printed::default();
                    printed.push(Stream::Error, b"sh: the container is gone\n");
                    self.attached = None;
                    return (printed, 1);
                };
                let mut context = Context::new(fs, position, now, command, input.take(), interrupt);
                let status = run(&mut context);
                *input = context.input.take();
                let (printed, traces) = context.finish();
                done.traces.extend(traces);
                (printed, status)
            }
            None => {
                let lower = crate::container::Lower::scratch();
                let mut upper = ContainerFs::empty_upper(&lower);
                let fs = ContainerFs::new(lower, &mut upper, Default::default(), now);
                let mut position = Position::new(&oci::Config::default(), "host");
                let mut context = Context::new(fs, &mut position, now, command, input.take(), interrupt);
                let status = run(&mut context);
                (context.finish().0, status)
            }
        }
    }

    /// Looks at the files of a container: of the one that the shell stands in, unless another is named.
    pub(super) fn over_files(
        &mut self,
        world: &mut World<'_>,
        place: Option<(ContainerId, Position)>,
        look: impl FnOnce(&mut Context<'_>),
    ) {
        let is_other = place.is_some();
        let stood = if is_other { std::mem::replace(&mut self.attached, place) } else { None };
        if self.attached.is_some() {
            self.in_context(world, &[], &mut None, &mut Done::default(), |context| {
                look(context);
                0
            });
        }
        if is_other {
            self.attached = stood;
        }
    }

    /// The same, for what may fail.
    pub(super) fn with_files<T>(
        &mut self,
        world: &mut World<'_>,
        done: &mut Done,
        words: &[BString],
        run: impl FnOnce(&mut Context<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.attached.is_none() {
            return Err(Fault::Read("no container is open here".to_owned()));
        }
        let mut result = Err(Fault::Errno(Errno::EIO));
        self.in_context(world, words, &mut None, done, |context| {
            result = run(context);
            0
        });
        result
    }
}

/// What expansions ask a shell.
struct Around<'s, 'w, 'a> {
    shell: &'s mut Shell,
    world: &'s mut World<'w>,
    done: &'a mut Done,
    /// Whether commands were run for their output.
    ran: bool,
}

impl Around<'_, '_, '_> {
    fn fail(&mut self, what: &str) -> i32 {
        self.done.printed.push(Stream::Error, format!("sh: {what}\n").as_bytes());
        1
    }
}

impl Surroundings for Around<'_, '_, '_> {
    fn variable(&self, name: &str) -> Option<BString> {
        if name == "?" {
            return Some(self.shell.status.to_string().into());
        }
        self.shell.attached.as_ref().and_then(|(_, position)| position.variable(name))
    }

    fn output(&mut self, script: &str) -> Result<Vec<u8>, ExpandError> {
        if self.shell.depth >= limits::SHELL_DEPTH {
            return Err(ExpandError::Depth);
        }
        let script = parse::parse(script).map_err(|error: ParseError| ExpandError::Parse(error))?;
        self.shell.depth += 1;
        let mut inner = Done::default();
        let stood = self.shell.attached.clone();
        self.shell.script(self.world, &script, &mut inner);
        self.shell.back(self.world, stood);
        self.shell.depth -= 1;
        self.ran = true;
        if inner.printed.is_cut() {
            self.done.printed.cut();
        }
        self.done.printed.push(Stream::Error, &inner.printed.of(Stream::Error));
        self.done.traces.extend(inner.traces);
        Ok(inner.printed.of(Stream::Out))
    }

    fn paths(&mut self, pattern: &[u8]) -> Vec<BString> {
        let mut found = Vec::new();
        if self.shell.attached.is_some() {
            self.shell.in_context(self.world, &[], &mut None, self.done, |context| {
                found = context.glob(pattern);
                0
            });
        }
        found
    }
}
