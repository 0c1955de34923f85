//! `ls` and `tree`.

use std::collections::HashMap;

use bstr::{BString, ByteSlice};

use super::{
    super::{
        context::{Context, Kind, Stat, Users, join},
        human,
    },
    Flag, arguments,
};
use crate::shell::quote;

const LS: &[Flag] = &[
    (b'a', "all", false),
    (b'A', "almost-all", false),
    (b'l', "l", false),
    (b'h', "human-readable", false),
    (b'd', "directory", false),
    (b'R', "recursive", false),
    (b't', "t", false),
    (b'S', "S", false),
    (b'U', "U", false),
    (b'r', "reverse", false),
    (b'i', "inode", false),
    (b'n', "numeric-uid-gid", false),
    (b'F', "classify", false),
    (b'p', "p", false),
    (b's', "size", false),
    (b'L', "dereference", false),
    (b'g', "g", false),
    (b'o', "o", false),
    (b'1', "1", false),
    (b'C', "C", false),
    (b'G', "no-group", false),
    (b'N', "literal", false),
    (b'q', "hide-control-chars", false),
    (0, "color", false),
    (0, "full-time", false),
];

/// An entry to be listed.
struct Listed {
    name: BString,
    path: BString,
    stat: Stat,
}

struct Ls {
    all: bool,
    almost_all: bool,
    long: bool,
    human: bool,
    full_time: bool,
    itself: bool,
    recursive: bool,
    by: Option<&'static str>,
    reverse: bool,
    inode: bool,
    blocks: bool,
    numeric: bool,
    classify: bool,
    slash: bool,
    follow: bool,
    owner: bool,
    group: bool,
}

pub(super) fn ls(context: &mut Context, given: &[BString]) -> i32 {
    // `--color=auto` is common, and means nothing here.
    let given: Vec<BString> =
        given.iter().filter(|argument| !argument.starts_with(b"--color")).cloned().collect();
    let arguments = match arguments(context, "ls", LS, &given, 2) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let has = |name: &str| arguments.has(name);
    let ls = Ls {
        all: has("all"),
        almost_all: has("almost-all"),
        long: has("l") || has("numeric-uid-gid") || has("g") || has("o") || has("full-time"),
        human: has("human-readable"),
        full_time: has("full-time"),
        itself: has("directory"),
        recursive: has("recursive"),
        by: arguments.last_of(&["t", "S", "U"]),
        reverse: has("reverse"),
        inode: has("inode"),
        blocks: has("size"),
        numeric: has("numeric-uid-gid"),
        classify: has("classify"),
        slash: has("p"),
        follow: has("dereference"),
        owner: !has("g"),
        group: !has("o") && !has("no-group"),
    };
    let users = context.users();
    let mut status = 0;
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    let operands = if arguments.operands.is_empty() { vec![".".into()] } else { arguments.operands };
    for operand in &operands {
        // A link to a directory is followed, unless it is asked for in detail.
        let follow = ls.follow || !(ls.long || ls.itself || ls.classify);
        let stat = match context.look(operand, follow) {
            Err(_) if follow => context.stat(operand, false),
            other => other,
        };
        match stat {
            Ok(stat) => {
                let listed = Listed { name: operand.clone(), path: operand.clone(), stat };
                if listed.stat.is_directory() && !ls.itself {
                    directories.push(listed)
                } else {
                    files.push(listed)
                }
            }
            Err(error) => {
                context.complain("ls", &format!("cannot access {}: {error}", quote(operand)));
                status = 2;
            }
        }
    }
    ls.sort(&mut files);
    ls.sort(&mut directories);
    let mut printed = !files.is_empty();
    ls.print(context, &users, &files, false);
    let titled = operands.len() > 1 || ls.recursive;
    directories.reverse();
    while let Some(directory) = directories.pop() {
        if printed {
            context.print(b"\n");
        }
        printed = true;
        if titled {
            context.print(&[directory.path.as_slice(), b":\n"].concat());
        }
        let mut entries = match ls.entries(context, &directory.path) {
            Ok(entries) => entries,
            Err(error) => {
                context.complain("ls", &format!("cannot open directory {}: {error}", quote(&directory.path)));
                status = 2;
                continue;
            }
        };
        ls.sort(&mut entries);
        ls.print(context, &users, &entries, true);
        if ls.recursive {
            let is_below =
                |entry: &Listed| entry.stat.is_directory() && entry.name != "." && entry.name != "..";
            directories.extend(entries.into_iter().rev().filter(is_below));
        }
        if context.is_full() {
            return 1;
        }
    }
    status
}

impl Ls {
    fn entries(
        &self,
        context: &mut Context,
        directory: &BString,
    ) -> Result<Vec<Listed>, super::super::context::Fault> {
        let mut names = context.list(directory)?;
        if self.all {
            names.extend([".".into(), "..".into()]);
        } else if !self.almost_all {
            names.retain(|name| !name.starts_with(b"."));
        }
        let entry = |name: BString| {
            let path = join(directory, &name);
            let stat = context.stat(&path, self.follow).or_else(|_| context.stat(&path, false));
            stat.map(|stat| Listed { name, path, stat })
        };
        names.into_iter().map(entry).collect()
    }

    fn sort(&self, entries: &mut [Listed]) {
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        match self.by {
            Some("t") => entries.sort_by_key(|entry| std::cmp::Reverse(entry.stat.mtime)),
            Some("S") => entries.sort_by_key(|entry| std::cmp::Reverse(entry.stat.size)),
            _ => {}
        }
        if self.reverse {
            entries.reverse();
        }
    }

    fn print(&self, context: &mut Context, users: &Users, entries: &[Listed], with_total: bool) {
        if with_total && (self.long || self.blocks) {
            let total: u64 = entries.iter().map(|entry| entry.stat.blocks()).sum();
            let total = if self.human { human::binary_size(total * 512) } else { (total / 2).to_string() };
            context.print(format!("total {total}\n").as_bytes());
        }
        let mut rows = Vec::new();
        for entry in entries {
            rows.push(self.columns(context, users, &entry.stat));
        }
        let columns = rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns)
            .map(|column| rows.iter().map(|row| row[column].0.chars().count()).max().unwrap_or_default())
            .collect();
        let mut text = Vec::new();
        for (entry, row) in entries.iter().zip(rows) {
            for ((cell, to_right), &width) in row.iter().zip(&widths) {
                let cell = if *to_right { format!("{cell:>width$} ") } else { format!("{cell:<width$} ") };
                text.extend_from_slice(cell.as_bytes());
            }
            text.extend_from_slice(&entry.name);
            if self.long && entry.stat.kind == Kind::Symlink {
                text.extend_from_slice(b" -> ");
                text.extend_from_slice(&context.read_link(&entry.path).unwrap_or_default());
            } else {
                text.extend_from_slice(self.indicator(&entry.stat).as_bytes());
            }
            text.push(b'\n');
        }
        context.print(&text);
    }

    /// What stands before the name; each cell with whether it stands to the right.
    fn columns(&self, context: &Context, users: &Users, stat: &Stat) -> Vec<(String, bool)> {
        let mut cells = Vec::new();
        if self.inode {
            cells.push((stat.inode.to_string(), true));
        }
        if self.blocks {
            let blocks = stat.blocks();
            let text = if self.human { human::binary_size(blocks * 512) } else { (blocks / 2).to_string() };
            cells.push((text, true));
        }
        if !self.long {
            return cells;
        }
        cells.push((human::mode(stat.kind.letter(), stat.mode), false));
        cells.push((stat.links.to_string(), true));
        if self.owner {
            let name = if self.numeric { stat.uid.to_string() } else { users.user_name(stat.uid) };
            cells.push((name, self.numeric));
        }
        if self.group {
            let name = if self.numeric { stat.gid.to_string() } else { users.group_name(stat.gid) };
            cells.push((name, self.numeric));
        }
        let size = match stat.device {
            Some((major, minor)) => format!("{major}, {minor}"),
            None if self.human => human::binary_size(stat.size),
            None => stat.size.to_string(),
        };
        cells.push((size, true));
        let time = if self.full_time {
            human::full_time(stat.mtime)
        } else {
            human::ls_time(stat.mtime.0, context.now)
        };
        cells.push((time, true));
        cells
    }

    fn indicator(&self, stat: &Stat) -> &'static str {
        match stat.kind {
            Kind::Directory if self.classify || self.slash => "/",
            Kind::Symlink if self.classify => "@",
            Kind::Fifo if self.classify => "|",
            Kind::File if self.classify && stat.mode & 0o111 != 0 => "*",
            _ => "",
        }
    }
}

const TREE: &[Flag] = &[
    (b'a', "all", false),
    (b'd', "directories", false),
    (b'L', "level", true),
    (b'f', "full", false),
    (b'p', "permissions", false),
    (b's', "size", false),
    (b'h', "human", false),
];

/// `tree` in its UTF-8 form.
pub(super) fn tree(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "tree", TREE, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let deepest =
        match arguments.value("level").map(|level| level.to_str().unwrap_or_default().parse::<usize>()) {
            None => usize::MAX,
            Some(Ok(level)) if level > 0 => level,
            Some(_) => {
                context.complain("tree", "Invalid level, must be greater than 0.");
                return 1;
            }
        };
    let operands = if arguments.operands.is_empty() { vec![".".into()] } else { arguments.operands.clone() };
    let mut counts: HashMap<bool, u64> = HashMap::new();
    let mut status = 0;
    for root in &operands {
        if !context.stat(root, true).is_ok_and(|stat| stat.is_directory()) {
            context.print(&[root.as_slice(), b"  [error opening dir]\n"].concat());
            status = 2;
            continue;
        }
        context.print(&[root.as_slice(), b"\n"].concat());
        // What is still to be drawn: the path, what stands before it, whether it is the last of its directory, its depth.
        let mut waiting = Vec::new();
        children(context, root, "", 1, &arguments, &mut waiting);
        while let Some((path, name, prefix, last, depth)) = waiting.pop() {
            let Ok(stat) = context.stat(&path, false) else { continue };
            *counts.entry(stat.is_directory()).or_default() += 1;
            let mut line = format!("{prefix}{}", if last { "└── " } else { "├── " }).into_bytes();
            let mut facts = Vec::new();
            if arguments.has("permissions") {
                facts.push(human::mode(stat.kind.letter(), stat.mode));
            }
            if arguments.has("human") {
                facts.push(format!("{:>4}", human::binary_size(stat.size)));
            } else if arguments.has("size") {
                facts.push(format!("{:>11}", stat.size));
            }
            if !facts.is_empty() {
                line.extend_from_slice(format!("[{}]  ", facts.join(" ")).as_bytes());
            }
            line.extend_from_slice(if arguments.has("full") { &path } else { &name });
            if stat.kind == Kind::Symlink {
                line.extend_from_slice(b" -> ");
                line.extend_from_slice(&context.read_link(&path).unwrap_or_default());
            }
            line.push(b'\n');
            context.print(&line);
            if stat.is_directory() && depth < deepest {
                let prefix = format!("{prefix}{}", if last { "    " } else { "│   " });
                children(context, &path, &prefix, depth + 1, &arguments, &mut waiting);
            }
            if context.is_full() {
                return 1;
            }
        }
    }
    let count = |is_directory| counts.get(&is_directory).copied().unwrap_or_default();
    let many = |n: u64, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
    let mut summary = format!("\n{}", many(count(true), "directory", "directories"));
    if !arguments.has("directories") {
        summary = format!("{summary}, {}", many(count(false), "file", "files"));
    }
    context.print(format!("{summary}\n").as_bytes());
    status
}

type Waiting = (BString, BString, String, bool, usize);

fn children(
    context: &mut Context,
    directory: &BString,
    prefix: &str,
    depth: usize,
    arguments: &super::Arguments,
    waiting: &mut Vec<Waiting>,
) {
    let mut names = context.list(directory).unwrap_or_default();
    names.retain(|name| arguments.has("all") || !name.starts_with(b"."));
    if arguments.has("directories") {
        names
            .retain(|name| context.stat(&join(directory, name), false).is_ok_and(|stat| stat.is_directory()));
    }
    let count = names.len();
    let entry = |(i, name): (usize, BString)| {
        (join(directory, &name), name, prefix.to_owned(), i + 1 == count, depth)
    };
    let entries: Vec<Waiting> = names.into_iter().enumerate().map(entry).collect();
    waiting.extend(entries.into_iter().rev());
}
