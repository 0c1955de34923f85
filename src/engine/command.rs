//! docker's commands: their names, options and usage, and who carries them out.

use bstr::BString;

use super::{Engine, build, containers, elsewhere, exchange, images, inspect, run};
use crate::shell::options::{self, Arguments, Flag, OptionError, Order};

/// A command of docker.
pub(super) struct Command {
    /// Its names, the one in full first: `container ls`, `ps`.
    names: &'static [&'static str],
    /// Its operands, as usage shows them.
    operands: &'static str,
    /// What it does, in a few words.
    summary: &'static str,
    flags: &'static [Flag],
    order: Order,
    /// How many operands it takes at least and at most.
    counts: (usize, usize),
    run: fn(&mut Engine<'_, '_>, &Arguments) -> i32,
}

const ANY: usize = usize::MAX;
const FILTER: Flag = (b'f', "filter", true);
const FORMAT: Flag = (0, "format", true);
const QUIET: Flag = (b'q', "quiet", false);
const NO_TRUNC: Flag = (0, "no-trunc", false);
const FORCE: Flag = (b'f', "force", false);

/// What is accepted by `create` and `run`. What is about processes, networks and limits is taken and has no effect: nothing
/// runs.
const RUN: &[Flag] = &[
    (b'i', "interactive", false),
    (b't', "tty", false),
    (b'd', "detach", false),
    (0, "rm", false),
    (0, "name", true),
    (b'e', "env", true),
    (b'w', "workdir", true),
    (b'u', "user", true),
    (0, "entrypoint", true),
    (b'h', "hostname", true),
    (b'l', "label", true),
    (b'p', "publish", true),
    (b'P', "publish-all", false),
    (b'v', "volume", true),
    (0, "mount", true),
    (b'm', "memory", true),
    (0, "cpus", true),
    (0, "network", true),
    (0, "net", true),
    (0, "restart", true),
    (0, "privileged", false),
    (0, "read-only", false),
    (0, "platform", true),
    (0, "pull", true),
    (0, "init", false),
    (0, "cap-add", true),
    (0, "cap-drop", true),
];

const fn command(
    names: &'static [&'static str],
    operands: &'static str,
    summary: &'static str,
    flags: &'static [Flag],
    counts: (usize, usize),
    run: fn(&mut Engine<'_, '_>, &Arguments) -> i32,
) -> Command {
    Command { names, operands, summary, flags, order: Order::Mixed, counts, run }
}

const fn first(command: Command) -> Command {
    Command { order: Order::OptionsFirst, ..command }
}

const COMMANDS: &[Command] = &[
    command(
        &["image ls", "images", "image list"],
        "[REPOSITORY[:TAG]]",
        "List images",
        &[(b'a', "all", false), QUIET, NO_TRUNC, FORMAT, FILTER, (0, "digests", false)],
        (0, 1),
        images::list,
    ),
    command(
        &["image history", "history"],
        "IMAGE",
        "Show the history of an image",
        &[QUIET, NO_TRUNC, FORMAT, (b'H', "human", false)],
        (1, 1),
        images::history,
    ),
    command(
        &["inspect"],
        "NAME|ID [NAME|ID...]",
        "Return low-level information on images and containers",
        &[(b'f', "format", true), (0, "type", true), (b's', "size", false)],
        (1, ANY),
        inspect::any,
    ),
    command(
        &["image inspect"],
        "IMAGE [IMAGE...]",
        "Display detailed information on one or more images",
        &[(b'f', "format", true)],
        (1, ANY),
        inspect::image,
    ),
    command(
        &["container inspect"],
        "CONTAINER [CONTAINER...]",
        "Display detailed information on one or more containers",
        &[(b'f', "format", true), (b's', "size", false)],
        (1, ANY),
        inspect::container,
    ),
    command(
        &["image tag", "tag"],
        "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
        "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
        &[],
        (2, 2),
        images::tag,
    ),
    command(
        &["image rm", "rmi", "image remove"],
        "IMAGE [IMAGE...]",
        "Remove one or more images",
        &[FORCE, (0, "no-prune", false)],
        (1, ANY),
        images::remove,
    ),
    command(
        &["image prune"],
        "",
        "Remove unused images",
        &[(b'a', "all", false), FORCE, (0, "filter", true)],
        (0, 0),
        images::prune,
    ),
    command(
        &["image save", "save"],
        "IMAGE [IMAGE...]",
        "Save one or more images to a tar archive (streamed to STDOUT by default)",
        &[(b'o', "output", true), (0, "platform", true), (0, "format", true)],
        (1, ANY),
        exchange::save,
    ),
    command(
        &["image load", "load"],
        "",
        "Load an image from a tar archive or STDIN",
        &[(b'i', "input", true), QUIET, (0, "platform", true)],
        (0, 0),
        exchange::load,
    ),
    command(
        &["image import", "import"],
        "file|URL|- [REPOSITORY[:TAG]]",
        "Import the contents from a tarball to create a filesystem image",
        &[(b'c', "change", true), (b'm', "message", true), (0, "platform", true)],
        (1, 2),
        exchange::import,
    ),
    command(
        &["image pull", "pull"],
        "NAME[:TAG|@DIGEST]",
        "Download an image from a registry",
        &[QUIET, (b'a', "all-tags", false), (0, "platform", true)],
        (1, 1),
        elsewhere::pull,
    ),
    command(
        &["image push", "push"],
        "NAME[:TAG]",
        "Upload an image to a registry",
        &[QUIET, (b'a', "all-tags", false)],
        (1, 1),
        elsewhere::push,
    ),
    first(command(
        &["image build", "build", "buildx build"],
        "PATH",
        "Build an image from a Dockerfile, without running it",
        &[
            (b'f', "file", true),
            (b't', "tag", true),
            (0, "no-cache", false),
            (0, "build-arg", true),
            (0, "target", true),
            (0, "label", true),
            QUIET,
            (0, "progress", true),
            (0, "pull", false),
            (0, "rm", false),
            (0, "platform", true),
        ],
        (1, 1),
        build::build,
    )),
    first(command(
        &["container run", "run"],
        "IMAGE [COMMAND] [ARG...]",
        "Open a container of an image",
        RUN,
        (1, ANY),
        run::run,
    )),
    first(command(
        &["container create", "create"],
        "IMAGE [COMMAND] [ARG...]",
        "Create a new container",
        RUN,
        (1, ANY),
        run::create,
    )),
    command(
        &["container attach", "attach"],
        "CONTAINER",
        "Stand in a running container",
        &[(0, "no-stdin", false), (0, "sig-proxy", false), (0, "detach-keys", true)],
        (1, 1),
        run::attach,
    ),
    first(command(
        &["container exec", "exec"],
        "CONTAINER COMMAND [ARG...]",
        "Execute a command of this shell in a running container",
        &[
            (b'i', "interactive", false),
            (b't', "tty", false),
            (b'd', "detach", false),
            (b'e', "env", true),
            (b'w', "workdir", true),
            (b'u', "user", true),
            (0, "privileged", false),
        ],
        (2, ANY),
        run::exec,
    )),
    command(
        &["container ls", "ps", "container ps", "container list"],
        "",
        "List containers",
        &[
            (b'a', "all", false),
            QUIET,
            NO_TRUNC,
            FORMAT,
            (b's', "size", false),
            (b'n', "last", true),
            (b'l', "latest", false),
            FILTER,
        ],
        (0, 0),
        containers::list,
    ),
    command(
        &["container start", "start"],
        "CONTAINER [CONTAINER...]",
        "Start one or more stopped containers",
        &[(b'a', "attach", false), (b'i', "interactive", false)],
        (1, ANY),
        containers::start,
    ),
    command(
        &["container stop", "stop"],
        "CONTAINER [CONTAINER...]",
        "Stop one or more running containers",
        &[(b't', "timeout", true), (b's', "signal", true)],
        (1, ANY),
        containers::stop,
    ),
    command(
        &["container kill", "kill"],
        "CONTAINER [CONTAINER...]",
        "Kill one or more running containers",
        &[(b's', "signal", true)],
        (1, ANY),
        containers::kill,
    ),
    command(
        &["container restart", "restart"],
        "CONTAINER [CONTAINER...]",
        "Restart one or more containers",
        &[(b't', "timeout", true), (b's', "signal", true)],
        (1, ANY),
        containers::restart,
    ),
    command(
        &["container rm", "rm", "container remove"],
        "CONTAINER [CONTAINER...]",
        "Remove one or more containers",
        &[FORCE, (b'v', "volumes", false), (b'l', "link", false)],
        (1, ANY),
        containers::remove,
    ),
    command(
        &["container prune"],
        "",
        "Remove all stopped containers",
        &[FORCE, (0, "filter", true)],
        (0, 0),
        containers::prune,
    ),
    command(
        &["container rename", "rename"],
        "CONTAINER NEW_NAME",
        "Rename a container",
        &[],
        (2, 2),
        containers::rename,
    ),
    command(
        &["container diff", "diff"],
        "CONTAINER",
        "Inspect changes to files or directories on a container's filesystem",
        &[],
        (1, 1),
        containers::diff,
    ),
    command(
        &["container logs", "logs"],
        "CONTAINER",
        "Fetch the logs of a container",
        &[(b'f', "follow", false), (b'n', "tail", true), (b't', "timestamps", false)],
        (1, 1),
        elsewhere::logs,
    ),
    command(
        &["container commit", "commit"],
        "CONTAINER [REPOSITORY[:TAG]]",
        "Create a new image from a container's changes",
        &[(b'a', "author", true), (b'm', "message", true), (b'c', "change", true), (b'p', "pause", false)],
        (1, 2),
        exchange::commit,
    ),
    command(
        &["container export", "export"],
        "CONTAINER",
        "Export a container's filesystem as a tar archive",
        &[(b'o', "output", true)],
        (1, 1),
        exchange::export,
    ),
    command(
        &["container cp", "cp"],
        "CONTAINER:SRC_PATH DEST_PATH | SRC_PATH CONTAINER:DEST_PATH",
        "Copy files/folders between a container and the host",
        &[(b'a', "archive", false), (b'L', "follow-link", false), QUIET],
        (2, 2),
        exchange::cp,
    ),
    command(
        &["login"],
        "[SERVER]",
        "Authenticate to a registry",
        &[(b'u', "username", true), (b'p', "password", true), (0, "password-stdin", false)],
        (0, 1),
        elsewhere::login,
    ),
    command(&["logout"], "[SERVER]", "Log out from a registry", &[], (0, 1), elsewhere::logout),
    command(
        &["search"],
        "TERM",
        "Search Docker Hub for images",
        &[(0, "limit", true), FILTER, NO_TRUNC],
        (1, 1),
        elsewhere::search,
    ),
    command(
        &["version"],
        "",
        "Show the Docker version information",
        &[(b'f', "format", true)],
        (0, 0),
        elsewhere::version,
    ),
    command(
        &["system info", "info"],
        "",
        "Display system-wide information",
        &[(b'f', "format", true)],
        (0, 0),
        elsewhere::info,
    ),
    command(
        &["system df"],
        "",
        "Show docker disk usage",
        &[(b'v', "verbose", false), FORMAT],
        (0, 0),
        elsewhere::disk,
    ),
    command(
        &["system prune"],
        "",
        "Remove unused data",
        &[(b'a', "all", false), FORCE],
        (0, 0),
        elsewhere::prune,
    ),
];

/// What docker has and this has not, because it is about processes, networks, or other machines.
const ABSENT: [&str; 24] = [
    "builder", "cluster", "compose", "config", "context", "events", "manifest", "network", "node", "pause",
    "plugin", "port", "secret", "service", "stack", "stats", "swarm", "top", "trust", "unpause", "update",
    "volume", "wait", "scout",
];

/// Carries out a command of docker. `words` are what follows `docker`.
pub(super) fn dispatch(engine: &mut Engine<'_, '_>, words: &[BString]) -> i32 {
    let words: Vec<BString> = words.to_vec();
    let Some(first) = words.first() else {
        engine.print(&overview());
        return 0;
    };
    if first == "--help" || first == "help" || first == "-h" {
        let topic: Vec<String> = words[1..].iter().map(ToString::to_string).collect();
        match find(&topic) {
            Some((command, _)) => engine.print(&usage(command)),
            None => engine.print(&overview()),
        }
        return 0;
    }
    if first == "--version" || first == "-v" {
        engine.print(elsewhere::VERSION_LINE);
        return 0;
    }
    let texts: Vec<String> = words.iter().map(ToString::to_string).collect();
    let Some((command, taken)) = find(&texts) else {
        return unknown(engine, &texts);
    };
    let rest = &words[taken..];
    if rest
        .iter()
        .take_while(|word| command.order == Order::Mixed || word.starts_with(b"-"))
        .any(|word| word == "--help")
    {
        engine.print(&usage(command));
        return 0;
    }
    let arguments = match options::parse(command.flags, command.order, rest) {
        Ok(arguments) => arguments,
        Err(error) => {
            let what = match error {
                OptionError::Letter(letter) => {
                    let given = rest.iter().find(|word| word.starts_with(b"-") && !word.starts_with(b"--"));
                    format!(
                        "unknown shorthand flag: '{letter}' in {}",
                        given.map(ToString::to_string).unwrap_or_default()
                    )
                }
                OptionError::Name(name) => format!("unknown flag: --{name}"),
                OptionError::LetterValue(letter) => {
                    format!("flag needs an argument: '{letter}' in -{letter}")
                }
                OptionError::NameValue(name) => format!("flag needs an argument: --{name}"),
                OptionError::NoValue(name) => format!("invalid argument for \"--{name}\" flag"),
            };
            let name = command.names[0];
            engine.complain(&format!(
                "{what}\n\n{}\n\nRun 'docker {name} --help' for more information",
                usage_line(command)
            ));
            return 125;
        }
    };
    let (least, most) = command.counts;
    let count = arguments.operands.len();
    if count < least || count > most {
        let required = match (least, most) {
            (0, 0) => "accepts no arguments".to_owned(),
            (least, most) if least == most => format!("requires {}", many(least)),
            (least, ANY) => format!("requires at least {}", many(least)),
            (0, most) => format!("requires at most {}", many(most)),
            (least, most) if count < least || most == 0 => format!("requires at least {}", many(least)),
            (_, most) => format!("requires at most {}", many(most)),
        };
        let given: Vec<&str> = texts[..taken].iter().map(String::as_str).collect();
        let name = given.join(" ");
        engine.complain(&format!(
            "docker: 'docker {name}' {required}\n\n{}\n\nRun 'docker {name} --help' for more information",
            usage_line(command)
        ));
        return 1;
    }
    (command.run)(engine, &arguments)
}

fn many(count: usize) -> String {
    format!("{count} argument{}", if count == 1 { "" } else { "s" })
}

/// The command that words name, and how many of them its name takes.
fn find(words: &[String]) -> Option<(&'static Command, usize)> {
    let named = |name: &str| COMMANDS.iter().find(|command| command.names.contains(&name));
    let two = words.get(..2).and_then(|two| named(&two.join(" "))).map(|command| (command, 2));
    two.or_else(|| Some((named(words.first()?)?, 1)))
}

fn unknown(engine: &mut Engine<'_, '_>, words: &[String]) -> i32 {
    let first = words.first().map_or("", String::as_str);
    let group: Vec<&'static Command> = COMMANDS
        .iter()
        .filter(|command| command.names[0].split_once(' ').is_some_and(|(group, _)| group == first))
        .collect();
    if !group.is_empty() && words.get(1).is_none_or(|word| word == "--help") {
        let mut text = format!("Usage:  docker {first} COMMAND\n\nCommands:\n");
        for command in group {
            let name = command.names[0].split_once(' ').map_or("", |(_, name)| name);
            text.push_str(&format!("  {name:<10}{}\n", command.summary));
        }
        engine.print(&text);
        return 0;
    }
    if ABSENT.contains(&first) {
        engine.complain(&format!(
            "docker: '{first}' is about processes, networks or other machines, and there are none here; docker help lists what there is"
        ));
        return 1;
    }
    let shown = if group.is_empty() { first.to_owned() } else { words[..2].join(" ") };
    engine.complain(&format!(
        "docker: unknown command: docker {shown}\n\nRun 'docker --help' for more information"
    ));
    1
}

fn usage_line(command: &Command) -> String {
    let options = if command.flags.is_empty() { "" } else { " [OPTIONS]" };
    let operands = if command.operands.is_empty() { String::new() } else { format!(" {}", command.operands) };
    format!("Usage:  docker {}{options}{operands}", command.names[0])
}

fn usage(command: &Command) -> String {
    let mut text = format!("{}\n\n{}\n", usage_line(command), command.summary);
    if command.names.len() > 1 {
        let aliases: Vec<String> = command.names.iter().map(|name| format!("docker {name}")).collect();
        text.push_str(&format!("\nAliases:\n  {}\n", aliases.join(", ")));
    }
    if !command.flags.is_empty() {
        text.push_str("\nOptions:\n");
        for (letter, name, takes) in command.flags {
            let letter = if *letter == 0 { "    ".to_owned() } else { format!("-{}, ", *letter as char) };
            let value = if *takes { " string" } else { "" };
            text.push_str(&format!("  {letter}--{name}{value}\n"));
        }
    }
    text
}

fn overview() -> String {
    let mut text = String::from(
        "Usage:  docker COMMAND\n\nNo daemon and no process: these commands act on the images that are open here.\n\nCommands:\n",
    );
    for command in COMMANDS {
        text.push_str(&format!("  {:<18}{}\n", command.names[0], command.summary));
    }
    text.push_str("\nRun 'docker COMMAND --help' for more information on a command.\n");
    text
}

/// Rows to be printed: in columns, by a template, or the ids alone.
pub(super) struct Rows<'a> {
    /// Each with the fields that a template may name.
    pub(super) rows: Vec<serde_json::Value>,
    /// Titles and fields.
    pub(super) columns: &'a [(&'a str, &'a str)],
    /// The field that `-q` prints.
    pub(super) quiet: &'a str,
}

impl Rows<'_> {
    /// Prints them as the options `-q` and `--format` ask for.
    pub(super) fn print(self, engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
        let text = |row: &serde_json::Value, field: &str| {
            row.get(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        if arguments.has("quiet") {
            let mut ids: Vec<String> = self.rows.iter().map(|row| text(row, self.quiet)).collect();
            // An image with two names is one image.
            ids.dedup();
            engine.print(&ids.into_iter().map(|id| id + "\n").collect::<String>());
            return 0;
        }
        let format =
            arguments.value("format").map(|format| format.to_string()).filter(|format| format != "table");
        if let Some(format) = format {
            return engine.formatted(&format, &self.rows);
        }
        let titles: Vec<&str> = self.columns.iter().map(|(title, _)| *title).collect();
        let cells = |row| self.columns.iter().map(|(_, field)| text(row, field)).collect();
        let rows = self.rows.iter().map(cells).collect();
        engine.print(&super::images::columns(&titles, rows));
        0
    }
}

/// Every name of a command, for completion: the words after `docker`.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().flat_map(|command| command.names).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_names_are_the_same_command() {
        let find = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            super::find(&words).map(|(command, taken)| (command.names[0], taken))
        };
        for (short, long) in [
            ("images", "image ls"),
            ("rmi x", "image rm"),
            ("ps -a", "container ls"),
            ("rm x", "container rm"),
            ("save a", "image save"),
            ("exec c ls", "container exec"),
            ("inspect x", "inspect"),
        ] {
            assert_eq!(find(short), Some((long, 1)), "{short}");
        }
        assert_eq!(find("container inspect x"), Some(("container inspect", 2)));
        assert_eq!(find("image prune -a"), Some(("image prune", 2)));
        assert_eq!(find("frobnicate"), None);
        let mut all: Vec<_> = names().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "no name twice");
    }
}
