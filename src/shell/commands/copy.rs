//! `cp` and `mv`.

use std::collections::HashMap;

use bstr::{BString, ByteSlice};

use super::{
    super::context::{Context, Entry, Fault, Kind, base_name, join},
    Flag, arguments,
};
use crate::{
    container::Errno,
    shell::{Note, quote},
};

const CP: &[Flag] = &[
    (b'a', "archive", false),
    (b'r', "recursive", false),
    (b'R', "R", false),
    (b'p', "p", false),
    (b'd', "d", false),
    (b'P', "no-dereference", false),
    (b'L', "dereference", false),
    (b'f', "force", false),
    (b'n', "no-clobber", false),
    (b'v', "verbose", false),
    (b'T', "no-target-directory", false),
    (b't', "target-directory", true),
    (b'l', "link", false),
    (0, "preserve", false),
];

/// How a copy is made.
struct How {
    recursive: bool,
    /// Owner, mode, times and extended attributes.
    preserve: bool,
    /// Names of one file stay names of one file.
    keep_links: bool,
    /// Symbolic links are followed.
    follow: bool,
    verbose: bool,
    no_clobber: bool,
}

/// Where operands go: every source, with the name that it gets.
fn destinations(
    context: &mut Context,
    name: &str,
    arguments: &super::Arguments,
) -> Result<Vec<(BString, BString)>, i32> {
    let stated = arguments.value("target-directory").map(ToOwned::to_owned);
    let (sources, target) = match (arguments.operands.as_slice(), stated) {
        ([], _) => {
            context.complain(name, "missing file operand");
            super::try_help(context, name);
            return Err(1);
        }
        (sources, Some(target)) => (sources, target),
        ([only], None) => {
            context.complain(name, &format!("missing destination file operand after {}", quote(only)));
            super::try_help(context, name);
            return Err(1);
        }
        ([sources @ .., target], None) => (sources, target.clone()),
    };
    let is_directory = context.stat(&target, true).map(|stat| stat.is_directory());
    let into = !arguments.has("no-target-directory") && matches!(is_directory, Ok(true));
    if (sources.len() > 1 || arguments.has("target-directory")) && !into {
        let error = is_directory.map_or_else(|error| error.to_string(), |_| "Not a directory".to_owned());
        context.complain(name, &format!("target {}: {error}", quote(&target)));
        return Err(1);
    }
    let place = |source: &BString| if into { join(&target, &base_name(source)) } else { target.clone() };
    Ok(sources.iter().map(|source| (source.clone(), place(source))).collect())
}

pub(super) fn cp(context: &mut Context, given: &[BString]) -> i32 {
    let given: Vec<BString> = given
        .iter()
        .map(|word| if word.starts_with(b"--preserve=") { "--preserve".into() } else { word.clone() })
        .collect();
    let arguments = match arguments(context, "cp", CP, &given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let has = |name: &str| arguments.has(name);
    let recursive = has("archive") || has("recursive") || has("R");
    let how = How {
        recursive,
        preserve: has("archive") || has("p") || has("preserve"),
        keep_links: has("archive") || has("d"),
        follow: has("dereference") || !(recursive || has("d") || has("no-dereference")),
        verbose: has("verbose"),
        no_clobber: has("no-clobber"),
    };
    let pairs = match destinations(context, "cp", &arguments) {
        Ok(pairs) => pairs,
        Err(status) => return status,
    };
    let mut status = 0;
    let mut copied = HashMap::new();
    for (source, target) in pairs {
        if !copy_tree(context, "cp", &source, &target, &how, &mut copied) {
            status = 1;
        }
    }
    status
}

/// Copies a file, or with `recursive` a directory and all below it. Says on standard error what cannot be copied, and
/// whether all could.
fn copy_tree(
    context: &mut Context,
    name: &str,
    source: &BString,
    target: &BString,
    how: &How,
    copied: &mut HashMap<u64, BString>,
) -> bool {
    let stat = match context.target(source, how.follow) {
        Ok(stat) => stat,
        Err(error) => {
            context.complain(name, &format!("cannot stat {}: {error}", quote(source)));
            return false;
        }
    };
    if !stat.is_directory() {
        return copy_one(context, name, &Entry { path: source.clone(), stat, depth: 0 }, target, how, copied);
    }
    if !how.recursive {
        context.complain(name, &format!("-r not specified; omitting directory {}", quote(source)));
        return false;
    }
    let (from, to) = (context.physical(source), context.physical(target));
    if to == from || to.starts_with(&[from.trim_end_with(|c| c == '/'), b"/"].concat()) {
        let what = format!("cannot copy a directory, {}, into itself, {}", quote(source), quote(target));
        context.complain(name, &what);
        return false;
    }
    let mut ok = true;
    let entries = context.walk(source, how.follow);
    // Metadata of directories last: what is made in them changes their time.
    let mut directories = Vec::new();
    for entry in entries {
        let below = entry.path.strip_prefix(source.as_slice()).unwrap_or_default();
        let below = below.trim_start_with(|c| c == '/');
        let place = if below.is_empty() { target.clone() } else { join(target, below) };
        if !entry.stat.is_directory() {
            ok &= copy_one(context, name, &entry, &place, how, copied);
            continue;
        }
        match context.stat(&place, entry.depth == 0) {
            Ok(stat) if stat.is_directory() => {}
            Ok(_) => {
                let what = format!(
                    "cannot overwrite non-directory {} with directory {}",
                    quote(&place),
                    quote(&entry.path)
                );
                context.complain(name, &what);
                return false;
            }
            Err(_) => {
                let mode = if how.preserve { entry.stat.mode } else { entry.stat.mode & 0o777 & !0o022 };
                if let Err(error) = context.mkdir(&place, mode) {
                    context.complain(name, &format!("cannot create directory {}: {error}", quote(&place)));
                    return false;
                }
                if how.verbose {
                    context.print(format!("{} -> {}\n", quote(&entry.path), quote(&place)).as_bytes());
                }
            }
        }
        directories.push((entry, place));
        if context.is_full() {
            return false;
        }
    }
    if how.preserve {
        for (entry, place) in directories.into_iter().rev() {
            if let Err(error) = context.copy_metadata(&entry, &place) {
                context.complain(name, &format!("preserving attributes of {}: {error}", quote(&place)));
                ok = false;
            }
        }
    }
    ok
}

fn copy_one(
    context: &mut Context,
    name: &str,
    entry: &Entry,
    target: &BString,
    how: &How,
    copied: &mut HashMap<u64, BString>,
) -> bool {
    let source = &entry.path;
    match context.stat(target, false) {
        Ok(existing) if existing.is_directory() => {
            let what = format!("cannot overwrite directory {} with non-directory", quote(target));
            context.complain(name, &what);
            return false;
        }
        Ok(_) if how.no_clobber => return true,
        Ok(existing) => {
            let inode = match context.stat(target, true) {
                Ok(followed) if how.follow => followed.inode,
                _ => existing.inode,
            };
            if inode == entry.stat.inode {
                context.complain(name, &format!("{} and {} are the same file", quote(source), quote(target)));
                return false;
            }
            // A regular file is written over; all else makes way.
            if (entry.stat.kind != Kind::File || existing.kind != Kind::File) && !how.follow {
                let _ = context.remove(target, false);
            }
        }
        Err(_) => {}
    }
    let result = if let Some(first) =
        copied.get(&entry.stat.inode).filter(|_| how.keep_links && entry.stat.links > 1)
    {
        context.link(first, target)
    } else {
        copied.insert(entry.stat.inode, target.clone());
        copy_content(context, entry, target, how)
    };
    if let Err(error) = result {
        let what = match &error {
            Fault::Read(_) => format!("error reading {}: {error}", quote(source)),
            _ => format!("cannot create regular file {}: {error}", quote(target)),
        };
        context.complain(name, &what);
        return false;
    }
    if how.verbose {
        context.print(format!("{} -> {}\n", quote(source), quote(target)).as_bytes());
    }
    true
}

fn copy_content(context: &mut Context, entry: &Entry, target: &BString, how: &How) -> Result<(), Fault> {
    match entry.stat.kind {
        Kind::Symlink => {
            let link = context.read_link(&entry.path)?;
            context.symlink(&link, target)?;
        }
        Kind::File => {
            let mode = if how.preserve { entry.stat.mode } else { entry.stat.mode & 0o777 & !0o022 };
            context.copy_file(&entry.path, target, mode)?;
        }
        kind => context.mknod(target, kind, entry.stat.mode, entry.stat.device.unwrap_or_default())?,
    }
    if how.preserve { context.copy_metadata(entry, target) } else { Ok(()) }
}

const MV: &[Flag] = &[
    (b'f', "force", false),
    (b'n', "no-clobber", false),
    (b'v', "verbose", false),
    (b'T', "no-target-directory", false),
    (b't', "target-directory", true),
    (b'i', "interactive", false),
];

pub(super) fn mv(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "mv", MV, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let pairs = match destinations(context, "mv", &arguments) {
        Ok(pairs) => pairs,
        Err(status) => return status,
    };
    let mut status = 0;
    for (source, target) in pairs {
        let no_clobber = arguments.has("no-clobber") && context.stat(&target, false).is_ok();
        if no_clobber {
            continue;
        }
        if move_one(context, &source, &target) {
            if arguments.has("verbose") {
                context.print(format!("renamed {} -> {}\n", quote(&source), quote(&target)).as_bytes());
            }
        } else {
            status = 1;
        }
    }
    status
}

fn move_one(context: &mut Context, source: &BString, target: &BString) -> bool {
    let stat = match context.target(source, false) {
        Ok(stat) => stat,
        Err(error) => {
            context.complain("mv", &format!("cannot stat {}: {error}", quote(source)));
            return false;
        }
    };
    if let Ok(existing) = context.stat(target, false) {
        let what = match (stat.is_directory(), existing.is_directory()) {
            _ if existing.inode == stat.inode && existing.links == 1 => {
                Some(format!("{} and {} are the same file", quote(source), quote(target)))
            }
            (true, false) => Some(format!(
                "cannot overwrite non-directory {} with directory {}",
                quote(target),
                quote(source)
            )),
            (false, true) => Some(format!("cannot overwrite directory {} with non-directory", quote(target))),
            _ => None,
        };
        if let Some(what) = what {
            context.complain("mv", &what);
            return false;
        }
    }
    match context.rename(source, target) {
        Ok(()) => true,
        Err(Fault::Errno(Errno::EXDEV)) => {
            context.note(Note::CopiedToMove(context.logical(source)));
            let how = How {
                recursive: true,
                preserve: true,
                keep_links: true,
                follow: false,
                verbose: false,
                no_clobber: false,
            };
            // An empty directory at the target makes way.
            if context.stat(target, false).is_ok_and(|stat| stat.is_directory())
                && let Err(error) = context.remove(target, true)
            {
                context.complain(
                    "mv",
                    &format!(
                        "inter-device move failed: {} to {}; unable to remove target: {error}",
                        quote(source),
                        quote(target)
                    ),
                );
                return false;
            }
            if !copy_tree(context, "mv", source, target, &how, &mut HashMap::new()) {
                return false;
            }
            let mut ok = true;
            for entry in context.walk_after(source) {
                if let Err(error) = context.remove(&entry.path, entry.stat.is_directory()) {
                    context.complain("mv", &format!("cannot remove {}: {error}", quote(&entry.path)));
                    ok = false;
                }
            }
            ok
        }
        Err(Fault::Errno(Errno::EINVAL)) => {
            let what =
                format!("cannot move {} to a subdirectory of itself, {}", quote(source), quote(target));
            context.complain("mv", &what);
            false
        }
        Err(error) => {
            context.complain("mv", &format!("cannot move {} to {}: {error}", quote(source), quote(target)));
            false
        }
    }
}
