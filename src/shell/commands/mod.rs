//! The shell's commands, each a function over a [`Context`]: output, error texts and statuses are those of GNU coreutils,
//! findutils and grep.

mod attributes;
mod change;
mod copy;
mod find;
mod grep;
mod links;
mod list;
mod stat;
mod surroundings;
mod text;
mod usage;

pub(super) use attributes::id;

use bstr::BString;

use super::{
    context::Context,
    options::{self, Arguments, Flag, OptionError, Order},
};

/// A command: its name, what `help` says of it, and what it does. It gives its status.
pub(super) type Command = (&'static str, &'static str, fn(&mut Context, &[BString]) -> i32);

/// Every command over files, sorted by name.
pub(super) const COMMANDS: &[Command] = &[
    ("cat", "cat [-n] FILE…: print files", text::cat),
    ("cd", "cd [DIRECTORY | -]: change the current directory", surroundings::cd),
    ("chgrp", "chgrp [-R] GROUP FILE…: change the group", attributes::chgrp),
    ("chmod", "chmod [-R] MODE FILE…: change permissions; copies the whole file up", attributes::chmod),
    ("chown", "chown [-R] [-h] USER[:GROUP] FILE…: change the owner", attributes::chown),
    ("cp", "cp [-a] [-r] [-p] [-v] SOURCE… TARGET: copy", copy::cp),
    ("df", "df [-h]: what the container's filesystem holds", usage::df),
    ("du", "du [-a] [-s] [-h] [-b] [-c] [-d N] [FILE…]: sum up sizes", usage::du),
    ("echo", "echo [-n] [-e] [TEXT…]: print text; > FILE and >> FILE write it", text::echo),
    ("env", "env: print the variables", surroundings::env),
    ("export", "export NAME=VALUE…: set variables", surroundings::export),
    ("false", "false: fail", surroundings::fail),
    (
        "find",
        "find [PATH…] [-name P] [-type T] [-size N] [-maxdepth N] [-exec COMMAND {} \\;] …: look for files",
        find::find,
    ),
    (
        "grep",
        "grep [-r] [-i] [-n] [-v] [-c] [-l] [-o] [-w] [-E] [-F] PATTERN FILE…: look for text",
        grep::grep,
    ),
    ("head", "head [-n N] [-c N] FILE…: print the beginning", text::head),
    ("id", "id [-u] [-g] [-n]: who you are", surroundings::id),
    ("ln", "ln [-s] [-f] TARGET [NAME]: make a link", links::ln),
    ("ls", "ls [-l] [-a] [-A] [-h] [-d] [-R] [-t] [-S] [-r] [-i] [-n] [-F] [FILE…]: list", list::ls),
    ("mkdir", "mkdir [-p] [-m MODE] DIRECTORY…: make directories", change::mkdir),
    ("mknod", "mknod NAME b|c|p [MAJOR MINOR]: make a device or a pipe", links::mknod),
    ("mv", "mv [-v] SOURCE… TARGET: move, or rename", copy::mv),
    ("pwd", "pwd: print the current directory", surroundings::pwd),
    ("readlink", "readlink [-f] FILE…: print where a link leads", links::readlink),
    ("rm", "rm [-r] [-f] [-v] FILE…: remove", change::rm),
    ("rmdir", "rmdir [-p] DIRECTORY…: remove empty directories", change::rmdir),
    ("set", "set: nothing to set here; taken so that scripts run", surroundings::succeed),
    ("sha256sum", "sha256sum FILE…: print digests", text::sha256sum),
    ("stat", "stat [-L] [-c FORMAT] FILE…: print metadata", stat::stat),
    ("tail", "tail [-n N] [-c N] FILE…: print the end", text::tail),
    ("tee", "tee [-a] [FILE…]: print standard input, and write it to files", text::tee),
    ("touch", "touch [-c] [-d TIME] [-r FILE] FILE…: make a file, or set its time", change::touch),
    ("tree", "tree [-a] [-d] [-L N] [DIRECTORY…]: draw the directories", list::tree),
    ("true", "true: do nothing, well", surroundings::succeed),
    ("truncate", "truncate -s SIZE FILE…: set the length", change::truncate),
    ("uname", "uname [-r] [-a]: the kernel, which is not in the image", surroundings::uname),
    ("unset", "unset NAME…: forget variables", surroundings::unset),
    ("wc", "wc [-l] [-w] [-c] FILE…: count lines, words, bytes", text::wc),
    ("whoami", "whoami: your user name", surroundings::whoami),
];

/// The command of a name.
pub(super) fn find_command(name: &[u8]) -> Option<&'static Command> {
    let place = COMMANDS.binary_search_by(|(known, ..)| known.as_bytes().cmp(name)).ok()?;
    COMMANDS.get(place)
}

/// What `help` prints, and its status.
pub(super) fn help(arguments: &[BString]) -> (String, i32) {
    if let Some(topic) = arguments.first() {
        return match find_command(topic) {
            Some((_, help, _)) => (format!("{help}\n"), 0),
            None if topic == "docker" => {
                ("docker help lists docker's commands; docker COMMAND --help tells of one\n".into(), 0)
            }
            None => (format!("sh: help: no help topics match {}\n", quote(topic)), 1),
        };
    }
    let mut text = String::from(
        "No process runs here: these commands are the shell's own, and act on the container's files.\n\n",
    );
    for (_, help, _) in COMMANDS {
        text.push_str(&format!("  {help}\n"));
    }
    text.push_str(
        "  docker COMMAND: images and containers; docker help lists them\n  \
         exit [STATUS]: leave the container, or the shell\n  help [COMMAND]: this\n  history: the lines that were run\n\n\
         A > FILE, A >> FILE, A < FILE, A; B, A && B, A || B, $(A), $NAME, 'text', \"text\", *, ?, [abc], # comment\n",
    );
    (text, 0)
}

/// The mode that a mode, as `chmod` takes it, makes of another; `None` if it is none.
pub(crate) fn file_mode(text: &str, mode: u32, is_directory: bool) -> Option<u32> {
    attributes::Mode::read(text.as_bytes()).map(|change| change.of(mode, is_directory))
}

/// Whether the shell has a command of this name.
pub(crate) fn is_command(name: &str) -> bool {
    find_command(name.as_bytes()).is_some()
}

/// Tells options and operands apart; where that fails, prints why as coreutils do, and gives `status`.
fn arguments(
    context: &mut Context,
    name: &str,
    flags: &[Flag],
    arguments: &[BString],
    status: i32,
) -> Result<Arguments, i32> {
    options::parse(flags, Order::Mixed, arguments).map_err(|error| {
        let what = match error {
            OptionError::Letter(letter) => format!("invalid option -- '{letter}'"),
            OptionError::Name(long) => format!("unrecognized option '--{long}'"),
            OptionError::LetterValue(letter) => format!("option requires an argument -- '{letter}'"),
            OptionError::NameValue(long) => format!("option '--{long}' requires an argument"),
            OptionError::NoValue(long) => format!("option '--{long}' doesn't allow an argument"),
        };
        context.complain(name, &what);
        try_help(context, name);
        status
    })
}

fn try_help(context: &mut Context, name: &str) {
    context.print_error(&format!("Try 'help {name}' for more information.\n"));
}

/// Says that an operand lacks, as coreutils do.
fn missing_operand(context: &mut Context, name: &str, after: Option<&BString>) -> i32 {
    match after {
        None => context.complain(name, "missing operand"),
        Some(last) => context.complain(name, &format!("missing operand after {}", quote(last))),
    }
    try_help(context, name);
    1
}

/// A name as messages show it: in quotes, with those within it as a shell would take them.
pub(crate) fn quote(name: &[u8]) -> String {
    let text = bstr::BStr::new(name).to_string();
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    if !text.contains(['"', '\\', '$', '`']) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_and_found() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.0 < b.0));
        for (name, help, _) in COMMANDS {
            assert_eq!(find_command(name.as_bytes()).unwrap().0, *name);
            assert!(help.starts_with(name), "{help}");
        }
        assert!(find_command(b"vi").is_none());
    }
}
