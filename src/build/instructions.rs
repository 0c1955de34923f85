//! What each kind of instruction does.

use bstr::ByteSlice;
use serde_json::{Map, Value};

use super::{
    config, copy,
    dockerfile::{Instruction, Keyword, Problem, ProblemKind, Trouble},
    steps::{Builder, text_of},
    words,
};
use crate::{
    engine::ContainerId,
    shell::{Position, Shell, Stream},
};

/// What docker lets every build set without `ARG`.
const PREDEFINED: [&str; 6] =
    ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy"];

impl Builder<'_, '_> {
    /// What only changes the config.
    pub(super) fn config_step(&mut self, instruction: &Instruction) -> Result<(), Problem> {
        let known = self.variables();
        let escape = self.escape;
        let resets = instruction.keyword == Keyword::Entrypoint && !self.stage().has_cmd;
        if instruction.keyword == Keyword::Cmd {
            self.stage().has_cmd = true;
        }
        let apply = |run: &mut Map<String, Value>| {
            if instruction.keyword == Keyword::Maintainer {
                return Ok(());
            }
            if resets {
                // The base's CMD was meant for the base's ENTRYPOINT.
                run.remove("Cmd");
            }
            config::apply(run, instruction, escape, &|name| config::find(&known, name))
        };
        apply(&mut self.config()).map_err(|message| Problem::new(instruction.line, message))?;
        let text = format!("{} {known:?}", text_of(instruction));
        // It was tried just now.
        let edit = |run: &mut Map<String, Value>| _ = apply(run);
        self.cached(instruction, &text, "", &edit, None)
    }

    /// `WORKDIR` makes its directory.
    pub(super) fn workdir_step(&mut self, instruction: &Instruction) -> Result<(), Problem> {
        let known = self.variables();
        let variables = |name: &str| config::find(&known, name);
        let path = words::expand(&instruction.body, self.escape, &variables)
            .map_err(|error| Problem::new(instruction.line, error.to_string()))?;
        let path = config::directory(&self.config(), &path);
        let edit = |run: &mut Map<String, Value>| _ = run.insert("WorkingDir".into(), path.clone().into());
        let mut work = |builder: &mut Self, container: ContainerId| {
            let mut fs = builder.world.files(container).ok_or("the image is gone")?;
            copy::make_parents(&mut fs, format!("{path}/").as_bytes())
                .map_err(|error| format!("{path}: {error}"))?;
            Ok(String::new())
        };
        self.cached(instruction, &format!("WORKDIR {path}"), "", &edit, Some(&mut work))
    }

    /// `RUN`: the commands that the shell has.
    pub(super) fn run_step(&mut self, instruction: &Instruction) -> Result<(), Problem> {
        if let Some((flag, _)) = instruction.flags.first() {
            return Err(Problem::new(
                instruction.line,
                format!("RUN --{flag} is not supported: no process runs here"),
            )
            .of(ProblemKind::Flag { instruction: "RUN".to_owned(), flag: flag.clone() }));
        }
        let arguments = self.stages.last().map_or_else(Vec::new, |stage| stage.arguments.clone());
        let given: Vec<(String, String)> = self
            .build
            .arguments
            .iter()
            .filter(|(name, _)| PREDEFINED.contains(&name.as_str()))
            .cloned()
            .collect();
        let config = self.config();
        let script = match &instruction.json {
            Some(words) => words.iter().map(|word| single_quoted(word)).collect::<Vec<_>>().join(" "),
            None => instruction.body.clone(),
        };
        if config.get("User").and_then(Value::as_str).is_some_and(|user| !["", "0", "root"].contains(&user)) {
            let message = "what RUN makes is owned by root here, whatever USER says";
            let warning = Problem::new(instruction.line, message).of(ProblemKind::OwnedByRoot);
            self.built.warnings.push(warning);
        }
        let text = format!("{} {arguments:?}", text_of(instruction));
        let mut work = |builder: &mut Self, container: ContainerId| {
            let mut position: Position = builder.world.position_of(container);
            for (name, value) in given.iter().chain(&arguments) {
                // ENV wins over ARG.
                if config::find(&config::env_of(&config), name).is_none() {
                    position.set_variable(name, value.as_str().into());
                }
            }
            let mut shell = Shell::for_build(container, position);
            let output = shell.run(builder.world, &script);
            let out = output.printed.of(Stream::Out).to_str_lossy().into_owned();
            let error = output.printed.of(Stream::Error).to_str_lossy().into_owned();
            if output.status != 0 {
                if builder.world.host.interrupt().is_raised() {
                    return Err(Trouble::new("interrupted", ProblemKind::Interrupted));
                }
                let first = error.lines().last().unwrap_or_default();
                let message = format!(
                    "the command '{}' returned a non-zero code: {}{}{first}",
                    instruction.body,
                    output.status,
                    if first.is_empty() { "" } else { ": " }
                );
                let (command, status) = (instruction.body.clone(), output.status);
                return Err(Trouble::new(
                    message,
                    ProblemKind::Failed { command, status, said: first.to_owned() },
                ));
            }
            Ok(out + &error)
        };
        self.cached(instruction, &text, "", &|_| {}, Some(&mut work))
    }

    pub(super) fn copy_step(&mut self, instruction: &Instruction) -> Result<(), Problem> {
        let problem = |message: String| Problem::new(instruction.line, message);
        let name = instruction.keyword.name();
        let known = self.variables();
        let variables = |name: &str| config::find(&known, name);
        let expand = |word: &str| {
            words::expand(word, self.escape, &variables).map_err(|error| problem(error.to_string()))
        };
        let (mut from, mut chown, mut chmod) = (None, None, None);
        let mut flags = Vec::new();
        for (flag, value) in &instruction.flags {
            let value = expand(value)?;
            flags.push((flag, value.clone()));
            match flag.as_str() {
                "from" if instruction.keyword == Keyword::Copy => from = Some(value),
                "chown" => chown = Some(value),
                "chmod" => chmod = Some(value),
                // It says how layers are stacked, not what is in them.
                "link" => {}
                other => {
                    let kind = ProblemKind::Flag { instruction: name.to_owned(), flag: other.to_owned() };
                    return Err(problem(format!("{name} --{other} is not supported here")).of(kind));
                }
            }
        }
        let given = match &instruction.json {
            Some(words) => words.clone(),
            None => words::split(&instruction.body, self.escape),
        };
        let given = given.iter().map(|word| expand(word)).collect::<Result<Vec<_>, _>>()?;
        let Some((target, sources)) = given.split_last().filter(|(_, sources)| !sources.is_empty()) else {
            return Err(problem(format!(
                "{name} requires at least two arguments, but only one was provided"
            )));
        };
        let mut chosen = Vec::new();
        for source in sources {
            let is_remote =
                ["http://", "https://", "git@", "git://"].iter().any(|scheme| source.starts_with(scheme));
            if is_remote {
                return Err(problem(format!(
                    "{name} {source}: nothing is fetched from here; put the file into the context and copy it"
                ))
                .of(ProblemKind::Remote(source.clone())));
            }
            let found = match &from {
                None => copy::choose(&self.context, source),
                Some(from) => {
                    let items = self
                        .of_stage(from, source)
                        .map_err(|trouble| Trouble {
                            message: format!("{name} --from={from}: {}", trouble.message),
                            ..trouble
                        })
                        .map_err(|trouble| trouble.at(instruction.line))?;
                    copy::choose(&items, source)
                }
            };
            if found.is_empty() {
                let place =
                    if from.is_some() { "" } else { " in the build context, or excluded by .dockerignore" };
                let kind = ProblemKind::NotFound(source.clone());
                return Err(problem(format!("{name} failed: file not found{place}: {source}")).of(kind));
            }
            chosen.extend(found);
        }
        let path = config::directory(&self.config(), target);
        let several = sources.len() > 1 || chosen.len() > 1;
        if several && !target.ends_with('/') && target != "." {
            return Err(problem(format!(
                "when using {name} with more than one source file, the destination must be a directory and end with a /"
            )));
        }
        let is_directory = target.ends_with('/')
            || target == "."
            || target.ends_with("/.")
            || several
            || self.is_directory(&path);
        // An archive that is added is unpacked.
        if instruction.keyword == Keyword::Add {
            for (_, items) in &mut chosen {
                if let [item] = items.as_slice()
                    && let Some(inner) =
                        copy::unpacked(item).map_err(|trouble| trouble.at(instruction.line))?
                {
                    *items = inner;
                }
            }
        }
        let placed = copy::place(chosen, path.as_bytes(), is_directory);
        let content = copy::digest(&placed).map_err(|trouble| trouble.at(instruction.line))?;
        let text = format!("{name} {flags:?} {given:?}");
        let mut work = |builder: &mut Self, container: ContainerId| {
            let now = builder.world.now;
            let mut fs = builder.world.files(container).ok_or("the image is gone")?;
            if is_directory {
                copy::make_parents(&mut fs, format!("{}/", path.trim_end_matches('/')).as_bytes())
                    .map_err(|error| format!("{path}: {error}"))?;
            }
            copy::write(&mut fs, &placed, chown.as_deref(), chmod.as_deref(), now)?;
            Ok(String::new())
        };
        self.cached(instruction, &text, &content, &|_| {}, Some(&mut work))
    }

    /// Whether the stage has a directory at a path.
    fn is_directory(&mut self, path: &str) -> bool {
        let Some((key, _)) = self.stages.last().and_then(|stage| stage.image.clone()) else {
            return path == "/";
        };
        let Ok(container) = self.container(Some(key)) else { return false };
        let found = self.world.files(container).and_then(|fs| fs.stat(path.as_bytes(), true).ok());
        self.world.remove_container(container);
        found.is_some_and(|stat| stat.kind == crate::layer::Kind::Directory)
    }

    /// What a stage, or another image, has where a pattern begins.
    fn of_stage(&mut self, from: &str, source: &str) -> Result<Vec<copy::Item>, Trouble> {
        let own = self.stages.len().saturating_sub(1);
        let by_number = from.parse::<usize>().ok().filter(|place| *place < own);
        let place = by_number.or_else(|| {
            self.stages[..own].iter().rposition(|stage| stage.name.as_deref() == Some(&from.to_lowercase()))
        });
        let key = match place {
            Some(place) => self.stages[place].image.as_ref().map(|(key, _)| *key),
            None => Some(self.world.find_image(from).ok_or_else(|| {
                let kind = ProblemKind::NoSource(from.to_owned());
                Trouble::new("there is no such stage, and no such image is open here", kind)
            })?),
        };
        let container = self.container(key)?;
        let fs = self.world.files(container).ok_or("the image is gone")?;
        let items = copy::items_like(&fs, source);
        self.world.remove_container(container);
        items
    }
}

/// A word as it is to a shell.
fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
