//! `du` and `df`.

use std::collections::{HashMap, HashSet};

use bstr::BString;

use super::{
    super::{context::Context, human},
    Flag, arguments,
};
use crate::shell::quote;

const DU: &[Flag] = &[
    (b'a', "all", false),
    (b's', "summarize", false),
    (b'h', "human-readable", false),
    (b'b', "bytes", false),
    (b'k', "k", false),
    (b'm', "m", false),
    (b'c', "total", false),
    (b'd', "max-depth", true),
    (b'x', "one-file-system", false),
    (b'S', "separate-dirs", false),
    (0, "apparent-size", false),
];

pub(super) fn du(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "du", DU, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let has = |name: &str| arguments.has(name);
    let deepest = match arguments.value("max-depth").map(super::stat::number) {
        _ if has("summarize") => 0,
        None => u64::MAX,
        Some(Some(depth)) => depth,
        Some(None) => {
            context.complain("du", "invalid maximum depth");
            return 1;
        }
    };
    let bytes = has("bytes") || has("apparent-size");
    let text = |size: u64| {
        if has("human-readable") {
            human::binary_size(size)
        } else if has("bytes") {
            size.to_string()
        } else if has("m") {
            size.div_ceil(1 << 20).to_string()
        } else {
            size.div_ceil(1024).to_string()
        }
    };
    let operands = if arguments.operands.is_empty() { vec![".".into()] } else { arguments.operands.clone() };
    let mut status = 0;
    let mut total = 0;
    // A file counts once, however many names it has.
    let mut counted = HashSet::new();
    for operand in &operands {
        if let Err(error) = context.target(operand, false) {
            context.complain("du", &format!("cannot access {}: {error}", quote(operand)));
            status = 1;
            continue;
        }
        // What is in a directory comes before it: sums are complete when it comes.
        let mut sums: HashMap<usize, u64> = HashMap::new();
        let mut lines = Vec::new();
        for entry in context.walk_after(operand) {
            let stat = &entry.stat;
            let is_directory = stat.is_directory();
            if !is_directory && stat.links > 1 && !counted.insert(stat.inode) {
                continue;
            }
            let own = if bytes { stat.size } else { stat.blocks().saturating_mul(512) };
            let below = if is_directory { sums.remove(&(entry.depth + 1)).unwrap_or_default() } else { 0 };
            let size = own.saturating_add(below);
            let carried = if has("separate-dirs") && is_directory { 0 } else { size };
            let sum = sums.entry(entry.depth).or_default();
            *sum = sum.saturating_add(carried);
            let shown = entry.depth as u64 <= deepest && (is_directory || has("all") || entry.depth == 0);
            if shown {
                lines.extend_from_slice(format!("{}\t", text(size)).as_bytes());
                lines.extend_from_slice(&entry.path);
                lines.push(b'\n');
            }
        }
        total += sums.remove(&0).unwrap_or_default();
        context.print(&lines);
    }
    if has("total") {
        context.print(format!("{}\ttotal\n", text(total)).as_bytes());
    }
    status
}

const DF: &[Flag] = &[
    (b'h', "human-readable", false),
    (b'k', "k", false),
    (b'i', "inodes", false),
    (b'T', "print-type", false),
    (b'a', "all", false),
];

pub(super) fn df(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "df", DF, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    for operand in &arguments.operands {
        if let Err(error) = context.target(operand, true) {
            context.complain("df", &format!("{operand}: {error}"));
            return 1;
        }
    }
    let root = BString::from("/");
    let mut seen = HashSet::new();
    let mut used = 0_u64;
    let mut inodes = 0_u64;
    for entry in context.walk(&root, false) {
        if entry.stat.links > 1 && !entry.stat.is_directory() && !seen.insert(entry.stat.inode) {
            continue;
        }
        inodes += 1;
        used = used.saturating_add(entry.stat.blocks().saturating_mul(512));
    }
    let (title, used, unit) = if arguments.has("inodes") {
        (["Inodes", "IUsed", "IFree", "IUse%"], inodes.to_string(), "Inodes")
    } else if arguments.has("human-readable") {
        (["Size", "Used", "Avail", "Use%"], human::binary_size(used), "Size")
    } else {
        (["1K-blocks", "Used", "Available", "Use%"], used.div_ceil(1024).to_string(), "1K-blocks")
    };
    let kind = arguments.has("print-type");
    let line = |first: &str, type_: &str, cells: [&str; 4], last: &str| {
        let type_ = if kind { format!(" {type_:<7}") } else { String::new() };
        format!(
            "{first:<10}{type_} {:>w0$} {:>w1$} {:>w2$} {:>4} {last}\n",
            cells[0],
            cells[1],
            cells[2],
            cells[3],
            w0 = unit.len().max(5),
            w1 = used.len().max(4),
            w2 = title[2].len(),
        )
    };
    let mut text = line("Filesystem", "Type", title, "Mounted on");
    // There is no disk: how large it is and what is free on it, nobody knows. `df` prints a dash then.
    text.push_str(&line("overlay", "overlay", ["-", &used, "-", "-"], "/"));
    context.print(text.as_bytes());
    0
}
