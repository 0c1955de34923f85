//! docker's commands: their names, options and usage, and who carries them out.

use bstr::BString;

use super::{
    Engine,
    commands::{ABSENT, ANY, COMMANDS},
    elsewhere,
};
use crate::shell::options::{self, Arguments, Flag, OptionError, Order};

/// A command of docker.
pub(super) struct Command {
    /// Its names, the one in full first: `container ls`, `ps`.
    pub(super) names: &'static [&'static str],
    /// Its operands, as usage shows them.
    pub(super) operands: &'static str,
    /// What it does, in a few words.
    pub(super) summary: &'static str,
    pub(super) flags: &'static [Flag],
    pub(super) order: Order,
    /// How many operands it takes at least and at most.
    pub(super) counts: (usize, usize),
    pub(super) run: fn(&mut Engine<'_, '_>, &Arguments) -> i32,
}

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
            Some((command, taken)) => engine.print(&usage(command, &topic[..taken].join(" "))),
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
    let name = texts[..taken].join(" ");
    if rest
        .iter()
        .take_while(|word| command.order == Order::Mixed || word.starts_with(b"-"))
        .any(|word| word == "--help")
    {
        engine.print(&usage(command, &name));
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
            engine.complain(&format!(
                "{what}\n\n{}\n\nRun 'docker {name} --help' for more information",
                usage_line(command, &name)
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
        engine.complain(&format!(
            "docker: 'docker {name}' {required}\n\n{}\n\nRun 'docker {name} --help' for more information",
            usage_line(command, &name)
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

/// How a command is called, by this name of it.
fn usage_line(command: &Command, name: &str) -> String {
    let options = if command.flags.is_empty() { "" } else { " [OPTIONS]" };
    let operands = if command.operands.is_empty() { String::new() } else { format!(" {}", command.operands) };
    format!("Usage:  docker {name}{options}{operands}")
}

fn usage(command: &Command, name: &str) -> String {
    let mut text = format!("{}\n\n{}\n", usage_line(command, name), command.summary);
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
