//! `ln`, `readlink` and `mknod`.

use bstr::{BString, ByteSlice};

use super::{
    super::context::{Context, Kind, base_name, join},
    Flag, arguments, missing_operand,
};
use crate::shell::quote;

const LN: &[Flag] = &[
    (b's', "symbolic", false),
    (b'f', "force", false),
    (b'n', "no-dereference", false),
    (b'v', "verbose", false),
    (b'T', "no-target-directory", false),
    (b'r', "relative", false),
    (b'P', "physical", false),
    (b'L', "logical", false),
];

pub(super) fn ln(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "ln", LN, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let symbolic = arguments.has("symbolic");
    if arguments.has("relative") {
        context.complain("ln", "--relative is not there: give the link's text as it is to stand in it");
        return 1;
    }
    let (sources, target) = match arguments.operands.as_slice() {
        [] => {
            context.complain("ln", "missing file operand");
            super::try_help(context, "ln");
            return 1;
        }
        [only] => (std::slice::from_ref(only), BString::from(".")),
        [sources @ .., last] => (sources, last.clone()),
    };
    let into = !arguments.has("no-target-directory")
        && context.stat(&target, !arguments.has("no-dereference")).is_ok_and(|stat| stat.is_directory());
    if sources.len() > 1 && !into {
        context.complain("ln", &format!("target {}: No such file or directory", quote(&target)));
        return 1;
    }
    let mut status = 0;
    for source in sources {
        let name = if into { join(&target, &base_name(source)) } else { target.clone() };
        if !symbolic {
            match context.stat(source, false) {
                Err(error) => {
                    context.complain("ln", &format!("failed to access {}: {error}", quote(source)));
                    status = 1;
                    continue;
                }
                Ok(stat) if stat.is_directory() => {
                    context.complain("ln", &format!("{source}: hard link not allowed for directory"));
                    status = 1;
                    continue;
                }
                Ok(_) => {}
            }
        }
        if arguments.has("force") && context.stat(&name, false).is_ok_and(|stat| !stat.is_directory()) {
            // What cannot be removed is told by the linking.
            let _ = context.remove(&name, false);
        }
        let result = if symbolic { context.symlink(source, &name) } else { context.link(source, &name) };
        if let Err(error) = result {
            let text = if symbolic {
                format!("failed to create symbolic link {}: {error}", quote(&name))
            } else {
                format!("failed to create hard link {}: {error}", quote(&name))
            };
            context.complain("ln", &text);
            status = 1;
        } else if arguments.has("verbose") {
            let arrow = if symbolic { "->" } else { "=>" };
            context.print(format!("{} {arrow} {}\n", quote(&name), quote(source)).as_bytes());
        }
    }
    status
}

pub(super) fn readlink(context: &mut Context, given: &[BString]) -> i32 {
    const FLAGS: &[Flag] = &[
        (b'f', "canonicalize", false),
        (b'e', "canonicalize-existing", false),
        (b'm', "canonicalize-missing", false),
        (b'n', "no-newline", false),
    ];
    let arguments = match arguments(context, "readlink", FLAGS, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    if arguments.operands.is_empty() {
        return missing_operand(context, "readlink", None);
    }
    let canonical =
        ["canonicalize", "canonicalize-existing", "canonicalize-missing"].iter().any(|n| arguments.has(n));
    let mut status = 0;
    for path in &arguments.operands {
        let found = if canonical {
            context.canonical(path, arguments.has("canonicalize-existing"))
        } else {
            context.read_link(path)
        };
        match found {
            Ok(mut target) => {
                if !arguments.has("no-newline") {
                    target.push(b'\n');
                }
                context.print(&target);
            }
            Err(_) => status = 1,
        }
    }
    status
}

pub(super) fn mknod(context: &mut Context, given: &[BString]) -> i32 {
    const FLAGS: &[Flag] = &[(b'm', "mode", true)];
    let arguments = match arguments(context, "mknod", FLAGS, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let mode = match arguments.value("mode").map(|mode| super::attributes::Mode::read(mode)) {
        None => 0o644,
        Some(Some(mode)) => mode.of(0o666, false),
        Some(None) => {
            context.complain("mknod", "invalid mode");
            return 1;
        }
    };
    let number =
        |text: &BString| super::stat::number(text.as_bstr()).and_then(|number| u32::try_from(number).ok());
    let (path, kind, device) = match arguments.operands.as_slice() {
        [path, kind] if kind == "p" => (path, Kind::Fifo, (0, 0)),
        [path, kind, major, minor] if ["b", "c", "u"].iter().any(|known| kind == known) => {
            let (Some(major), Some(minor)) = (number(major), number(minor)) else {
                context.complain("mknod", "invalid device number");
                return 1;
            };
            (path, if kind == "b" { Kind::BlockDevice } else { Kind::CharDevice }, (major, minor))
        }
        [] => return missing_operand(context, "mknod", None),
        [.., last] => return missing_operand(context, "mknod", Some(last)),
    };
    match context.mknod(path, kind, mode, device) {
        Ok(()) => 0,
        Err(error) => {
            context.complain("mknod", &format!("{path}: {error}"));
            1
        }
    }
}
