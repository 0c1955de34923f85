//! `docker run`, `create`, `attach` and `exec`. No process runs: a container's filesystem is opened instead.

use std::rc::Rc;

use bstr::BString;

use super::{Engine, NewContainer, Pending, Status, argv, argv::ignores_arguments, world::with_tag};
use crate::{
    container::Given,
    layer::Kind,
    limits,
    shell::{Traced, options::Arguments},
};

/// What begins an interactive shell.
const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "zsh", "fish"];

/// What a command in a container reads, if `<` names a file: `Err` if that cannot be read.
fn input(engine: &mut Engine<'_, '_>, arguments: &Arguments, command: &str) -> Result<Option<Rc<[u8]>>, i32> {
    let Some(path) = engine.input.clone() else { return Ok(None) };
    if !arguments.has("interactive") {
        engine.complain(&format!(
            "docker {command} passes standard input on only with -i: nothing is read of {path}"
        ));
        return Ok(Some(Rc::from([])));
    }
    let limit = limits::SHELL_OUTPUT as u64;
    let bytes = engine.world.host.open(&path).and_then(|source| match source.len() {
        // A part of it would be taken for all of it.
        len if len > limit => Err(format!("it is longer than {limit} bytes")),
        len => source.read_at(0..len).map_err(|failure| failure.detail),
    });
    match bytes {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(error) => Err(engine.fail(&format!("sh: {path}: {error}"))),
    }
}

/// Says that nothing is read of the file that `<` names, where a container is only stood in.
fn reads_nothing(engine: &mut Engine<'_, '_>) {
    if let Some(path) = engine.input.clone() {
        engine.complain(&format!(
            "nothing is read of {path}: docker exec -i CONTAINER COMMAND < FILE passes it on"
        ));
    }
}

pub(super) fn run(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let input = match input(engine, arguments, "run") {
        Ok(input) => input,
        Err(status) => return status,
    };
    let Some(made) = make(engine, arguments, "run") else { return 125 };
    engine.world.set_status(made.id, Status::Up);
    if arguments.has("detach") {
        engine.print(&format!("{}\n", made.hex));
        engine.complain(&format!(
            "no process runs here: container {} is open; docker exec -it {0} sh stands in it",
            made.name
        ));
        return 0;
    }
    for reason in &made.reasons {
        engine.complain(reason);
    }
    // What the image itself would run is shown, not carried out: the container is there to be looked at.
    if let Some(words) = command_of(&made.words, input.is_some()).filter(|_| made.is_asked_for) {
        // A command that the shell has: it is carried out, and the container ends with it.
        engine.complain(&format!("no process runs here: this is the shell's own {}", words[0]));
        let position = engine.world.position_of(made.id);
        engine.pending = Some(Pending::Run { container: made.id, position, words, input, ends: true });
        return 0;
    }
    let shown = argv::json(&made.words);
    engine.complain(&format!(
        "no process runs here: a container would run {shown}. Container {} is open, and you stand in it.",
        made.name
    ));
    reads_nothing(engine);
    let position = engine.world.position_of(made.id);
    engine.pending = Some(Pending::Attach(made.id, position));
    0
}

pub(super) fn create(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let Some(made) = make(engine, arguments, "create") else { return 1 };
    engine.print(&format!("{}\n", made.hex));
    0
}

/// A container that was made.
struct Made {
    id: super::ContainerId,
    hex: String,
    name: String,
    words: Vec<String>,
    reasons: Vec<String>,
    /// The command was given, and is not the image's own.
    is_asked_for: bool,
}

fn make(engine: &mut Engine<'_, '_>, arguments: &Arguments, command: &str) -> Option<Made> {
    let mut operands = arguments.operands.iter().map(ToString::to_string);
    let image = operands.next()?;
    let rest: Vec<String> = operands.collect();
    let Some(key) = engine.world.find_image(&image) else {
        engine.complain(&format!("Unable to find image '{}' locally", with_tag(&image)));
        match engine.world.host.pull(&image) {
            Some(words) => engine.fail(&format!("{}: {words}", with_tag(&image))),
            None => engine.fail("docker: no registry is reached from here: open or load an archive of it"),
        };
        return None;
    };
    let config = engine.world.config(key);
    let entrypoint = arguments.value("entrypoint").map(|entrypoint| entrypoint.to_string());
    let argv = argv::argv(&config.config, entrypoint.as_deref(), &rest);
    if argv.words.is_empty() {
        engine.fail("docker: Error response from daemon: no command specified");
        return None;
    }
    let mut options = crate::container::Options::default();
    for option in arguments.values("storage-opt") {
        if let Err(error) = options.set(&option.to_string()) {
            engine.fail(&format!("docker: Error response from daemon: {error}"));
            return None;
        }
    }
    let one = |option: &str| arguments.value(option).map(|value| value.to_string());
    let all =
        |option: &str| -> Vec<String> { arguments.values(option).map(|value| value.to_string()).collect() };
    let new = NewContainer {
        options,
        image: key,
        name: one("name"),
        command: argv.words.clone(),
        given: Given {
            env: all("env"),
            hostname: one("hostname"),
            workdir: one("workdir"),
            user: one("user"),
            labels: all("label"),
            entrypoint: entrypoint.clone(),
            arguments: rest.clone(),
            transient: arguments.has("rm"),
        },
    };
    match engine.world.create(new) {
        Ok(row) => {
            if let Err(error) = make_workdir(engine, row.id, command) {
                engine.world.remove_container(row.id);
                engine.fail(&format!("docker: Error response from daemon: {error}"));
                return None;
            }
            let is_asked_for =
                entrypoint.is_some() || (!rest.is_empty() && !ignores_arguments(&config.config));
            Some(Made {
                id: row.id,
                hex: row.hex,
                name: row.name,
                words: argv.words,
                reasons: argv.reasons,
                is_asked_for,
            })
        }
        Err(error) => {
            engine.fail(&format!("docker: Error response from daemon: {error}"));
            None
        }
    }
}

/// The directory that a container begins in is made if it is not there.
fn make_workdir(engine: &mut Engine<'_, '_>, id: super::ContainerId, command: &str) -> Result<(), String> {
    let cwd = engine.world.position_of(id).cwd;
    let Some(mut fs) = engine.world.files(id) else { return Ok(()) };
    let ends = cwd.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    let mut traces = Vec::new();
    for end in ends.chain([cwd.len()]) {
        let path: BString = cwd[..end].into();
        match fs.stat(&path, true) {
            Ok(stat) if stat.kind == Kind::Directory => continue,
            Ok(_) => return Err(format!("mkdir {path}: not a directory")),
            Err(_) => {}
        }
        let trace = fs.mkdir(&path, 0o755).map_err(|error| format!("mkdir {path}: {error}"))?;
        let call = format!("mkdir {path}");
        traces.push(Traced { command: format!("docker {command}"), call, trace, remark: None });
    }
    engine.traces.extend(traces);
    Ok(())
}

/// The words of a command that the shell has; `None` for an interactive shell, unless it reads commands from its `input`, or
/// a program of the image.
fn command_of(words: &[String], input: bool) -> Option<Vec<BString>> {
    let name = words.first()?.rsplit('/').next()?;
    if input && words.len() == 1 && SHELLS.contains(&name) {
        return Some(vec!["sh".into()]);
    }
    if SHELLS.contains(&name) {
        let has_text =
            words.get(1).is_some_and(|flag| flag.starts_with('-') && flag.contains('c')) && words.len() > 2;
        return has_text.then(|| words.iter().map(|word| word.as_str().into()).collect());
    }
    let mut words: Vec<BString> = words.iter().map(|word| word.as_str().into()).collect();
    words[0] = name.into();
    crate::shell::is_command(name).then_some(words)
}

pub(super) fn attach(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let name = arguments.operands[0].to_string();
    let Some(row) = engine.container(&name) else { return 1 };
    if row.status != Status::Up {
        return engine.fail("You cannot attach to a stopped container, start it first");
    }
    reads_nothing(engine);
    engine.attach(row.id);
    0
}

pub(super) fn exec(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let mut operands = arguments.operands.iter().map(ToString::to_string);
    let name = operands.next().unwrap_or_default();
    let words: Vec<String> = operands.collect();
    let Some(row) = engine.container(&name) else { return 1 };
    if row.status != Status::Up {
        return engine.fail(&format!("Error response from daemon: container {} is not running", row.hex));
    }
    let input = match input(engine, arguments, "exec") {
        Ok(input) => input,
        Err(status) => return status,
    };
    let mut position = engine.world.position_of(row.id);
    let env: Vec<String> = arguments.values("env").map(|pair| pair.to_string()).collect();
    position.adjust(arguments.value("workdir").map(|path| path.to_string()).as_deref(), &env);
    let cwd = position.cwd.clone();
    if engine.world.files(row.id).is_some_and(|fs| fs.stat(&cwd, true).is_err()) {
        engine.fail(&format!(
            "OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd (\"{cwd}\") set in config.json failed: \
             no such file or directory"
        ));
        return 126;
    }
    let program = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or_default());
    let pending = match command_of(&words, input.is_some()) {
        Some(words) => Pending::Run { container: row.id, position, words, input, ends: false },
        None if SHELLS.contains(&program) => {
            engine
                .complain(&format!("no process runs here: this shell stands in container {} now", row.name));
            position.is_main = false;
            Pending::Attach(row.id, position)
        }
        None => {
            return {
                engine.fail(&format!(
                    "{program}: no process runs here, and it is none of the shell's commands; help lists those"
                ));
                126
            };
        }
    };
    engine.pending = Some(pending);
    0
}
