//! `touch`, `truncate`, `rm`, `mkdir` and `rmdir`.

use bstr::{BStr, BString, ByteSlice};

use super::{
    super::{
        context::{Context, Fault, base_name, parent},
        human,
    },
    Flag, arguments,
    attributes::Mode,
    missing_operand,
};
use crate::{container::Errno, shell::quote};

const TOUCH: &[Flag] = &[
    (b'c', "no-create", false),
    (b'd', "date", true),
    (b'r', "reference", true),
    (b'a', "a", false),
    (b'm', "m", false),
    (b'h', "no-dereference", false),
];

pub(super) fn touch(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "touch", TOUCH, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    if arguments.operands.is_empty() {
        context.complain("touch", "missing file operand");
        super::try_help(context, "touch");
        return 1;
    }
    let time = match (arguments.value("date"), arguments.value("reference")) {
        (None, None) => (context.now, 0),
        (Some(date), _) => match moment(date) {
            Some(secs) => (secs, 0),
            None => {
                context.complain("touch", &format!("invalid date format {}", quote(date)));
                return 1;
            }
        },
        (None, Some(file)) => match context.stat(file, true) {
            Ok(stat) => stat.mtime,
            Err(error) => {
                context.complain("touch", &format!("failed to get attributes of {}: {error}", quote(file)));
                return 1;
            }
        },
    };
    let mut status = 0;
    for path in &arguments.operands {
        let result = match context.stat(path, true) {
            Ok(_) => context.set_time(path, time),
            Err(Fault::Errno(Errno::ENOENT)) => {
                if arguments.has("no-create") {
                    continue;
                }
                context.create(path, 0o644).and_then(|()| context.set_time(path, time))
            }
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            context.complain("touch", &format!("cannot touch {}: {error}", quote(path)));
            status = 1;
        }
    }
    status
}

/// A moment as `touch -d` takes it: `@SECONDS`, or a date with or without a time.
fn moment(text: &BStr) -> Option<i64> {
    let text = text.to_str().ok()?;
    match text.strip_prefix('@') {
        Some(secs) => secs.parse().ok(),
        None => human::parse_rfc3339(&text.replacen(' ', "T", 1)),
    }
}

const TRUNCATE: &[Flag] = &[(b's', "size", true), (b'c', "no-create", false)];

pub(super) fn truncate(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "truncate", TRUNCATE, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let Some(stated) = arguments.value("size") else {
        context.complain("truncate", "you must specify either '--size' or '--reference'");
        super::try_help(context, "truncate");
        return 1;
    };
    let Some(size) = super::text::size(stated) else {
        context.complain("truncate", &format!("Invalid number: {}", quote(stated)));
        return 1;
    };
    if arguments.operands.is_empty() {
        return missing_operand(context, "truncate", None);
    }
    let mut status = 0;
    for path in &arguments.operands {
        let result = match context.stat(path, true) {
            Ok(_) => context.truncate(path, size),
            Err(Fault::Errno(Errno::ENOENT)) => {
                if arguments.has("no-create") {
                    continue;
                }
                context.create(path, 0o644).and_then(|()| context.truncate(path, size))
            }
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            context.complain("truncate", &format!("cannot open {} for writing: {error}", quote(path)));
            status = 1;
        }
    }
    status
}

const RM: &[Flag] = &[
    (b'r', "recursive", false),
    (b'R', "R", false),
    (b'f', "force", false),
    (b'v', "verbose", false),
    (b'd', "dir", false),
    (b'i', "interactive", false),
    (0, "no-preserve-root", false),
    (0, "preserve-root", false),
];

pub(super) fn rm(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "rm", RM, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let force = arguments.has("force");
    if arguments.operands.is_empty() {
        return if force { 0 } else { missing_operand(context, "rm", None) };
    }
    let recursive = arguments.has("recursive") || arguments.has("R");
    let mut status = 0;
    for path in &arguments.operands {
        let last = base_name(path);
        if last == "." || last == ".." {
            let shown = quote(path);
            context.complain("rm", &format!("refusing to remove '.' or '..' directory: skipping {shown}"));
            status = 1;
            continue;
        }
        let stat = match context.target(path, false) {
            Ok(stat) => stat,
            Err(Fault::Errno(Errno::ENOENT)) if force => continue,
            Err(error) => {
                context.complain("rm", &format!("cannot remove {}: {error}", quote(path)));
                status = 1;
                continue;
            }
        };
        if stat.is_directory() && recursive && context.logical(path) == "/" {
            if !arguments.has("no-preserve-root") {
                context.complain("rm", "it is dangerous to operate recursively on '/'");
                context.complain("rm", "use --no-preserve-root to override this failsafe");
                status = 1;
                continue;
            }
        } else if stat.is_directory() && !recursive && !arguments.has("dir") {
            context.complain("rm", &format!("cannot remove {}: Is a directory", quote(path)));
            status = 1;
            continue;
        }
        let entries = if recursive { context.walk_after(path) } else { context.walk_after_depth(path, 0) };
        for entry in entries {
            if entry.depth == 0 && context.logical(&entry.path) == "/" {
                continue;
            }
            let is_directory = entry.stat.is_directory();
            if let Err(error) = context.remove(&entry.path, is_directory) {
                context.complain("rm", &format!("cannot remove {}: {error}", quote(&entry.path)));
                status = 1;
            } else if arguments.has("verbose") {
                let what = if is_directory { "removed directory" } else { "removed" };
                context.print(format!("{what} {}\n", quote(&entry.path)).as_bytes());
            }
        }
    }
    status
}

const MKDIR: &[Flag] = &[(b'p', "parents", false), (b'm', "mode", true), (b'v', "verbose", false)];

pub(super) fn mkdir(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "mkdir", MKDIR, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    if arguments.operands.is_empty() {
        return missing_operand(context, "mkdir", None);
    }
    let mode = match arguments.value("mode").map(|mode| (mode, Mode::read(mode))) {
        None => 0o755,
        Some((_, Some(mode))) => mode.of(0o777, true),
        Some((text, None)) => {
            context.complain("mkdir", &format!("invalid mode {}", quote(text)));
            return 1;
        }
    };
    let mut status = 0;
    for path in &arguments.operands {
        let result = if arguments.has("parents") {
            make_all(context, path, mode, arguments.has("verbose"))
        } else {
            context.mkdir(path, mode).map_err(|error| (path.clone(), error))
        };
        match result {
            Err((at, error)) => {
                context.complain("mkdir", &format!("cannot create directory {}: {error}", quote(&at)));
                status = 1;
            }
            Ok(()) if arguments.has("verbose") && !arguments.has("parents") => {
                context.print(format!("mkdir: created directory {}\n", quote(path)).as_bytes());
            }
            Ok(()) => {}
        }
    }
    status
}

/// Makes a directory and those above it that are not there.
fn make_all(context: &mut Context, path: &BString, mode: u32, verbose: bool) -> Result<(), (BString, Fault)> {
    let trimmed = path.trim_end_with(|c| c == '/');
    let ends = trimmed.find_iter(b"/").filter(|&at| at > 0).chain([trimmed.len()]);
    for end in ends.collect::<Vec<_>>() {
        let part = BString::from(&trimmed[..end]);
        match context.stat(&part, true) {
            Ok(stat) if stat.is_directory() => continue,
            Ok(_) if end == trimmed.len() => return Err((path.clone(), Errno::EEXIST.into())),
            Ok(_) => return Err((part, Errno::ENOTDIR.into())),
            Err(_) => {}
        }
        let mode = if end == trimmed.len() { mode } else { 0o755 };
        context.mkdir(&part, mode).map_err(|error| (part.clone(), error))?;
        if verbose {
            context.print(format!("mkdir: created directory {}\n", quote(&part)).as_bytes());
        }
    }
    Ok(())
}

pub(super) fn rmdir(context: &mut Context, given: &[BString]) -> i32 {
    const RMDIR: &[Flag] =
        &[(b'p', "parents", false), (b'v', "verbose", false), (0, "ignore-fail-on-non-empty", false)];
    let arguments = match arguments(context, "rmdir", RMDIR, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    if arguments.operands.is_empty() {
        return missing_operand(context, "rmdir", None);
    }
    let mut status = 0;
    for path in &arguments.operands {
        let mut path = BString::from(path.trim_end_with(|c| c == '/'));
        loop {
            if arguments.has("verbose") {
                context.print(format!("rmdir: removing directory, {}\n", quote(&path)).as_bytes());
            }
            if let Err(error) = context.remove(&path, true) {
                context.complain("rmdir", &format!("failed to remove {}: {error}", quote(&path)));
                status = 1;
                break;
            }
            match parent(&path) {
                Some(above) if arguments.has("parents") => path = above,
                _ => break,
            }
        }
    }
    status
}
