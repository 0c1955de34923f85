//! `cd`, `pwd`, the variables, and who and where one is.

use bstr::{BString, ByteSlice};

use super::{super::context::Context, arguments};
use crate::shell::quote;

pub(super) fn succeed(_: &mut Context, _: &[BString]) -> i32 {
    0
}

pub(super) fn fail(_: &mut Context, _: &[BString]) -> i32 {
    1
}

pub(super) fn pwd(context: &mut Context, _: &[BString]) -> i32 {
    let mut line = context.place.cwd.clone();
    line.push(b'\n');
    context.print(&line);
    0
}

pub(super) fn cd(context: &mut Context, arguments: &[BString]) -> i32 {
    let operands: Vec<_> = arguments.iter().filter(|argument| *argument != "--").collect();
    let back = operands.first().is_some_and(|operand| *operand == "-");
    let target = match operands.as_slice() {
        [] => context.variable("HOME").unwrap_or_else(|| "/root".into()),
        [_] if back => match context.variable("OLDPWD") {
            Some(path) => path,
            None => {
                context.complain("cd", "OLDPWD not set");
                return 1;
            }
        },
        [path] => (*path).clone(),
        _ => {
            context.complain("cd", "too many arguments");
            return 1;
        }
    };
    let path = context.logical(&target);
    match context.target(&path, true) {
        Ok(stat) if stat.is_directory() => {}
        Ok(_) => {
            context.complain("cd", &format!("{target}: Not a directory"));
            return 1;
        }
        Err(error) => {
            context.complain("cd", &format!("{target}: {error}"));
            return 1;
        }
    }
    if back {
        context.print(&[path.as_slice(), b"\n"].concat());
    }
    let old = std::mem::replace(&mut context.place.cwd, path.clone());
    context.set_variable("OLDPWD", old);
    context.set_variable("PWD", path);
    0
}

pub(super) fn env(context: &mut Context, arguments: &[BString]) -> i32 {
    if let Some(command) = arguments.first() {
        context.complain(
            "env",
            &format!("{}: no process runs here, so env only prints the variables", quote(command)),
        );
        return 126;
    }
    let mut lines = Vec::new();
    for (name, value) in context.place.env.iter() {
        lines.extend_from_slice(&[name.as_bytes(), b"=", value, b"\n"].concat());
    }
    context.print(&lines);
    0
}

pub(super) fn export(context: &mut Context, arguments: &[BString]) -> i32 {
    if arguments.is_empty() || arguments == ["-p"] {
        let mut lines = Vec::new();
        for (name, value) in context.place.env.iter() {
            lines.extend_from_slice(&[b"export ", name.as_bytes(), b"=\"", value, b"\"\n"].concat());
        }
        context.print(&lines);
        return 0;
    }
    let mut status = 0;
    for argument in arguments {
        let (name, value) = match argument.split_once_str("=") {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_slice(), None),
        };
        match name.to_str() {
            Ok(name) if !name.is_empty() && crate::shell::parse::name_len(name) == name.len() => {
                if let Some(value) = value {
                    context.set_variable(name, value.into());
                }
            }
            _ => {
                context.complain("export", &format!("{}: not a valid identifier", quote(argument)));
                status = 1;
            }
        }
    }
    status
}

pub(super) fn unset(context: &mut Context, arguments: &[BString]) -> i32 {
    for name in arguments {
        context.place.env.retain(|(known, _)| known.as_bytes() != name.as_slice());
    }
    0
}

pub(super) fn uname(context: &mut Context, given: &[BString]) -> i32 {
    const FLAGS: &[super::Flag] = &[
        (b'a', "all", false),
        (b's', "kernel-name", false),
        (b'n', "nodename", false),
        (b'r', "kernel-release", false),
        (b'v', "kernel-version", false),
        (b'm', "machine", false),
        (b'o', "operating-system", false),
    ];
    let arguments = match arguments(context, "uname", FLAGS, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let all = arguments.has("all");
    let mut words = Vec::new();
    if all || given.is_empty() || arguments.has("kernel-name") {
        words.push("Linux".to_owned());
    }
    if all || arguments.has("nodename") {
        words.push(context.place.hostname.clone());
    }
    if all || arguments.has("kernel-release") || arguments.has("kernel-version") {
        words.push("(the host's)".to_owned());
        context.print_error(
            "uname: an image holds no kernel. A container shares the kernel of the machine that it runs on, so here docker \
             would print that machine's release. No process runs here, so there is none to print.\n",
        );
    }
    if all || arguments.has("machine") {
        words.push(context.place.machine.clone());
    }
    if all || arguments.has("operating-system") {
        words.push("GNU/Linux".to_owned());
    }
    context.print(format!("{}\n", words.join(" ")).as_bytes());
    0
}

pub(super) fn whoami(context: &mut Context, _: &[BString]) -> i32 {
    let name = context.users().user_name(0);
    context.print(format!("{name}\n").as_bytes());
    0
}

pub(super) fn id(context: &mut Context, given: &[BString]) -> i32 {
    const FLAGS: &[super::Flag] =
        &[(b'u', "user", false), (b'g', "group", false), (b'n', "name", false), (b'G', "groups", false)];
    let arguments = match arguments(context, "id", FLAGS, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let users = context.users();
    let (user, group) = (users.user_name(0), users.group_name(0));
    let only = arguments.last_of(&["user", "group", "groups"]);
    let line = match (only, arguments.has("name")) {
        (None, _) => format!("uid=0({user}) gid=0({group}) groups=0({group})\n"),
        (Some(_), false) => "0\n".to_owned(),
        (Some("user"), true) => format!("{user}\n"),
        (Some(_), true) => format!("{group}\n"),
    };
    context.print(line.as_bytes());
    0
}
