//! Carries out the instructions of a Dockerfile, one image after the other.

use serde_json::{Map, Value};

use super::{
    cache::{Cache, Found, Reason},
    config, copy,
    dockerfile::{Dockerfile, Instruction, Keyword, Problem, ProblemKind, Trouble},
    ignore::Ignore,
    words,
};
use crate::{
    container::{Commit, ImageKey, NewContainer},
    digest::Digest,
    engine::{ContainerId, HostFile, World},
};

/// What is to be built.
#[derive(Clone, Default)]
pub struct Build {
    /// The Dockerfile.
    pub dockerfile: String,
    /// The files of the context, the context itself first, with an empty path.
    pub context: Vec<HostFile>,
    /// Names for the image.
    pub tags: Vec<String>,
    /// Values for `ARG`.
    pub arguments: Vec<(String, String)>,
    /// Labels besides those of the Dockerfile.
    pub labels: Vec<(String, String)>,
    /// The stage to stop after, by name or number.
    pub target: Option<String>,
    /// Every step is built anew.
    pub no_cache: bool,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
    /// The line of its instruction.
    pub line: usize,
    /// The instruction, its lines joined.
    pub text: String,
    /// Whether the cache had it.
    pub cached: bool,
    /// Why it had it, or had not.
    pub why: Reason,
    /// The image that it made; `None` of what makes none.
    pub image: Option<Digest>,
    /// The bytes of the layer that it made; `None` if it made none.
    pub layer: Option<u64>,
    /// What its commands printed.
    pub output: String,
}

/// What was built.
#[derive(Debug, Clone, Default)]
pub struct Built {
    /// Its steps, as far as it came.
    pub steps: Vec<StepReport>,
    /// The image.
    pub image: Option<Digest>,
    /// Why it did not come to its end.
    pub problem: Option<Problem>,
    /// What was passed over.
    pub warnings: Vec<Problem>,
}

/// Builds an image. What was built before a problem stays on the shelf, as it does with docker.
pub fn build(world: &mut World<'_>, cache: &mut Cache, build: &Build) -> Built {
    let mut built = Built::default();
    match Dockerfile::parse(&build.dockerfile) {
        Ok(file) => {
            let ignore = build.context.iter().find(|file| file.path == ".dockerignore");
            let ignore = ignore.and_then(|file| match &file.kind {
                crate::engine::HostKind::File(Some(source)) => source.read_at(0..source.len()).ok(),
                _ => None,
            });
            let ignore = Ignore::parse(&ignore.unwrap_or_default());
            let kept = |file: &&HostFile| file.path.is_empty() || !ignore.ignores(&file.path);
            let context = copy::context(build.context.iter().filter(kept).cloned().collect());
            let mut builder = Builder {
                world,
                cache,
                build,
                escape: file.escape,
                context,
                global: Vec::new(),
                stages: Vec::new(),
                built: &mut built,
            };
            if let Err(problem) = builder.run(&file.instructions) {
                built.problem = Some(problem);
            }
        }
        Err(problem) => built.problem = Some(problem),
    }
    built
}

pub(super) struct Builder<'b, 'w> {
    pub(super) world: &'b mut World<'w>,
    pub(super) cache: &'b mut Cache,
    pub(super) build: &'b Build,
    pub(super) escape: char,
    pub(super) context: Vec<copy::Item>,
    /// `ARG`s before the first `FROM`.
    pub(super) global: Vec<(String, String)>,
    pub(super) stages: Vec<Stage>,
    pub(super) built: &'b mut Built,
}

/// A stage of a build.
#[derive(Clone, Default)]
pub(super) struct Stage {
    pub(super) name: Option<String>,
    /// What has been built of it; `None` for nothing at all.
    pub(super) image: Option<(ImageKey, Digest)>,
    /// Its `ARG`s.
    pub(super) arguments: Vec<(String, String)>,
    /// A step was not in the cache, so none after it is.
    pub(super) missed: bool,
    /// `CMD` was given in this stage.
    pub(super) has_cmd: bool,
    /// Who made it.
    pub(super) author: String,
}

/// What a step does to the files of its container; what it says, or why it cannot be done.
type Work<'w, B> = dyn FnMut(&mut B, ContainerId) -> Result<String, Trouble> + 'w;

impl Builder<'_, '_> {
    fn run(&mut self, instructions: &[Instruction]) -> Result<(), Problem> {
        let mut stopped = false;
        for instruction in instructions {
            if instruction.keyword == Keyword::From {
                if self.is_target() {
                    stopped = true;
                    break;
                }
                self.from(instruction)?;
                continue;
            }
            if self.stages.is_empty() {
                if instruction.keyword != Keyword::Arg {
                    return Err(Problem::new(
                        instruction.line,
                        "no build stage in current context: FROM must come first",
                    )
                    .of(ProblemKind::NoStage));
                }
                for (name, value) in self.arguments(instruction)? {
                    self.global.push((name, value));
                }
                self.report(instruction, None, false, Reason::NoImage, None, String::new());
                continue;
            }
            if self.world.host.interrupt().is_raised() {
                return Err(Problem::new(instruction.line, "interrupted").of(ProblemKind::Interrupted));
            }
            self.step(instruction)?;
        }
        if let Some(target) = self.build.target.clone().filter(|_| !stopped && !self.is_target()) {
            return Err(Problem::new(1, format!("target stage {target:?} could not be found")));
        }
        self.finish(instructions.last().map_or(1, |last| last.line))
    }

    /// Whether the stage that was just built is the one that was asked for.
    fn is_target(&self) -> bool {
        let place = self.stages.len().checked_sub(1).map(|place| place.to_string());
        let name = self.stages.last().and_then(|stage| stage.name.clone());
        let target = self.build.target.as_ref();
        target.is_some() && (target == name.as_ref() || target == place.as_ref())
    }

    /// Labels and names.
    fn finish(&mut self, line: usize) -> Result<(), Problem> {
        if !self.build.labels.is_empty() {
            let labels: Vec<String> = self
                .build
                .labels
                .iter()
                .map(|(name, value)| format!("{}={}", quoted(name), quoted(value)))
                .collect();
            let body = labels.join(" ");
            let instruction =
                Instruction { line, keyword: Keyword::Label, flags: Vec::new(), body, json: None };
            self.step(&instruction)?;
        }
        let Some((_, id)) = self.stages.last().and_then(|stage| stage.image.clone()) else {
            return Err(Problem::new(line, "no image was generated. Is your Dockerfile empty?"));
        };
        for tag in &self.build.tags {
            self.world.check_name(tag).map_err(|error| Problem::new(line, error))?;
            self.world.shelf.tag(&id, tag);
        }
        self.built.image = Some(id);
        Ok(())
    }

    pub(super) fn stage(&mut self) -> &mut Stage {
        if self.stages.is_empty() {
            self.stages.push(Stage::default());
        }
        let last = self.stages.len() - 1;
        &mut self.stages[last]
    }

    fn from(&mut self, instruction: &Instruction) -> Result<(), Problem> {
        let problem = |message: String| Problem::new(instruction.line, message);
        let global = self.global.clone();
        let variables = |name: &str| config::find(&global, name);
        let words: Result<Vec<String>, _> = words::split(&instruction.body, self.escape)
            .iter()
            .map(|word| words::expand(word, self.escape, &variables))
            .collect();
        let words = words.map_err(|error| problem(error.to_string()))?;
        let (base, name) = match words.as_slice() {
            [base] => (base, None),
            [base, keyword, name] if keyword.eq_ignore_ascii_case("as") => (base, Some(name.to_lowercase())),
            _ => return Err(problem("FROM requires either one or three arguments".into())),
        };
        if base.is_empty() {
            return Err(problem("base name should not be blank".into()));
        }
        let earlier =
            self.stages.iter().rev().find(|stage| stage.name.as_deref() == Some(&base.to_lowercase()));
        let image = if let Some(stage) = earlier {
            stage.image.clone()
        } else if base == "scratch" {
            None
        } else {
            let key = self.world.find_image(base).ok_or_else(|| {
                problem(format!(
                    "{base} is not open here, and no registry is reached: open or load an archive of it"
                ))
                .of(ProblemKind::NotOpen(base.clone()))
            })?;
            let id = self.world.id_of(key).ok_or_else(|| problem(format!("{base} is gone")))?;
            Some((key, id))
        };
        let id = image.as_ref().map(|(_, id)| id.clone());
        self.stages.push(Stage { name, image, ..Stage::default() });
        let why = if base == "scratch" { Reason::Scratch } else { Reason::Base };
        self.report(instruction, id, false, why, None, String::new());
        let triggers = self.config().get("OnBuild").and_then(Value::as_array).cloned().unwrap_or_default();
        for trigger in triggers.iter().filter_map(Value::as_str) {
            let file = Dockerfile::parse(trigger)
                .map_err(|error| problem(format!("ONBUILD {trigger}: {}", error.message)).of(error.kind))?;
            for triggered in file.instructions {
                self.step(&Instruction { line: instruction.line, ..triggered })?;
            }
        }
        Ok(())
    }

    /// The object `config` of what has been built of the stage.
    pub(super) fn config(&self) -> Map<String, Value> {
        let key = self.stages.last().and_then(|stage| stage.image.as_ref()).map(|(key, _)| *key);
        match key.map(|key| self.world.raw_config(key)) {
            Some(Value::Object(mut fields)) => match fields.remove("config") {
                Some(Value::Object(config)) => config,
                _ => Map::new(),
            },
            _ => Map::new(),
        }
    }

    /// The variables of the stage: `ENV` before `ARG`.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let mut all = self.stages.last().map_or_else(Vec::new, |stage| stage.arguments.clone());
        all.extend(config::env_of(&self.config()));
        all
    }

    /// The arguments of `ARG`, as the build gives them or their defaults.
    fn arguments(&self, instruction: &Instruction) -> Result<Vec<(String, String)>, Problem> {
        let known = if self.stages.is_empty() { self.global.clone() } else { self.variables() };
        let variables = |name: &str| config::find(&known, name);
        let mut found = Vec::new();
        for word in words::split(&instruction.body, self.escape) {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => {
                    let default = words::expand(default, self.escape, &variables);
                    (name, Some(default.map_err(|error| Problem::new(instruction.line, error.to_string()))?))
                }
                None => (word.as_str(), None),
            };
            let given = config::find(&self.build.arguments, name);
            let value = given.or(default).or_else(|| config::find(&self.global, name));
            if let Some(value) = value {
                found.push((name.to_owned(), value));
            }
        }
        Ok(found)
    }

    fn step(&mut self, instruction: &Instruction) -> Result<(), Problem> {
        let problem = |message: String| Problem::new(instruction.line, message);
        match instruction.keyword {
            Keyword::Arg => {
                let arguments = self.arguments(instruction)?;
                self.stage().arguments.extend(arguments);
                self.report(instruction, None, false, Reason::NoImage, None, String::new());
                Ok(())
            }
            Keyword::Maintainer => {
                self.stage().author = instruction.body.clone();
                self.config_step(instruction)
            }
            Keyword::Run => self.run_step(instruction),
            Keyword::Copy | Keyword::Add => self.copy_step(instruction),
            Keyword::Workdir => self.workdir_step(instruction),
            Keyword::From => Err(problem("FROM is not a step".into())),
            _ => self.config_step(instruction),
        }
    }

    /// A container over an image, or over nothing, for one step.
    pub(super) fn container(&mut self, key: Option<ImageKey>) -> Result<ContainerId, Trouble> {
        let random = self.world.host.random();
        let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let new = NewContainer {
            random,
            name: format!("build-{}", &hex[..12]),
            image: key,
            ..NewContainer::default()
        };
        let now = self.world.now;
        let hex = self.world.shelf.create(new, now)?;
        ContainerId::new(&hex).ok_or_else(|| "the container is gone".into())
    }

    /// Takes a step from the cache, or carries it out: `work` changes files, `edit` the config.
    pub(super) fn cached(
        &mut self,
        instruction: &Instruction,
        text: &str,
        content: &str,
        edit: &(dyn Fn(&mut Map<String, Value>) + '_),
        work: Option<&mut Work<'_, Self>>,
    ) -> Result<(), Problem> {
        let problem = |message: String| Problem::new(instruction.line, message);
        let stage = self.stage().clone();
        let parent = stage.image.as_ref().map_or_else(String::new, |(_, id)| id.to_string());
        let found = {
            let shelf = &self.world.shelf;
            self.cache.find(&parent, text, content, |id| shelf.images().iter().any(|image| image.id == *id))
        };
        let why = match &found {
            _ if self.build.no_cache => Reason::NoCache,
            _ if stage.missed => Reason::AfterMiss,
            Found::Hit(_) => Reason::Built,
            Found::NoStep => Reason::New,
            Found::OtherContent => Reason::Changed,
        };
        let hit = match found {
            Found::Hit(id) if !self.build.no_cache && !stage.missed => Some(id),
            _ => None,
        };
        if let Some(id) = hit {
            let key =
                self.world.find_image(&id.to_string()).ok_or_else(|| problem("the image is gone".into()))?;
            self.stage().image = Some((key, id.clone()));
            let layer = work.is_some().then(|| self.world.top_layer(key)).flatten();
            self.report(instruction, Some(id), true, why, layer, String::new());
            return Ok(());
        }
        self.stage().missed = true;
        let at = |trouble: Trouble| trouble.at(instruction.line);
        let container = self.container(stage.image.as_ref().map(|(key, _)| *key)).map_err(at)?;
        let changes_files = work.is_some();
        let worked = work.map_or(Ok(String::new()), |work| work(self, container));
        let committed = worked.and_then(|output| {
            let created_by = text_of(instruction);
            let place = self.world.place(container).ok_or("the container is gone")?;
            let commit = Commit {
                created: self.world.now,
                author: &stage.author,
                created_by: &created_by,
                empty_layer: !changes_files,
                edit,
                ..Commit::default()
            };
            Ok((self.world.shelf.commit(place, &commit)?, output))
        });
        self.world.remove_container(container);
        let (id, output) = committed.map_err(at)?;
        let key =
            self.world.find_image(&id.to_string()).ok_or_else(|| problem("the image is gone".into()))?;
        self.cache.keep(&parent, text, content, id.clone());
        self.stage().image = Some((key, id.clone()));
        let layer = changes_files.then(|| self.world.top_layer(key)).flatten();
        self.report(instruction, Some(id), false, why, layer, output);
        Ok(())
    }

    fn report(
        &mut self,
        instruction: &Instruction,
        image: Option<Digest>,
        cached: bool,
        why: Reason,
        layer: Option<u64>,
        output: String,
    ) {
        let (line, text) = (instruction.line, text_of(instruction));
        self.built.steps.push(StepReport { line, text, cached, why, image, layer, output });
    }
}

/// An instruction in one line.
pub(super) fn text_of(instruction: &Instruction) -> String {
    let mut text = instruction.keyword.name().to_owned();
    for (name, value) in &instruction.flags {
        text.push_str(&if value.is_empty() { format!(" --{name}") } else { format!(" --{name}={value}") });
    }
    format!("{text} {}", instruction.body)
}

/// A word as it is to a Dockerfile.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
}
