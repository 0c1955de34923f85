//! `grep`.

use bstr::{BString, ByteSlice};

use super::{
    super::{
        context::Context,
        regex::{Regex, Syntax},
    },
    Flag, arguments,
};

const FLAGS: &[Flag] = &[
    (b'r', "recursive", false),
    (b'R', "dereference-recursive", false),
    (b'i', "ignore-case", false),
    (b'n', "line-number", false),
    (b'v', "invert-match", false),
    (b'c', "count", false),
    (b'l', "files-with-matches", false),
    (b'L', "files-without-match", false),
    (b'q', "quiet", false),
    (b's', "no-messages", false),
    (b'o', "only-matching", false),
    (b'w', "word-regexp", false),
    (b'x', "line-regexp", false),
    (b'E', "extended-regexp", false),
    (b'F', "fixed-strings", false),
    (b'G', "basic-regexp", false),
    (b'H', "with-filename", false),
    (b'h', "no-filename", false),
    (b'a', "text", false),
    (b'e', "regexp", true),
    (b'm', "max-count", true),
];

pub(super) fn grep(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "grep", FLAGS, given, 2) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let mut operands = arguments.operands.clone();
    let mut patterns: Vec<BString> = arguments.values("regexp").map(ToOwned::to_owned).collect();
    if patterns.is_empty() {
        if operands.is_empty() {
            context.print_error("Usage: grep [OPTION]... PATTERNS [FILE]...\n");
            super::try_help(context, "grep");
            return 2;
        }
        patterns.push(operands.remove(0));
    }
    let syntax = match arguments.last_of(&["extended-regexp", "fixed-strings", "basic-regexp"]) {
        Some("extended-regexp") => Syntax::Extended,
        Some("fixed-strings") => Syntax::Fixed,
        _ => Syntax::Basic,
    };
    // A pattern of several lines is several patterns.
    let lines: Vec<&[u8]> = patterns.iter().flat_map(|pattern| pattern.split_str("\n")).collect();
    let compiled: Result<Vec<Regex>, _> =
        lines.iter().map(|line| Regex::new(line, syntax, arguments.has("ignore-case"))).collect();
    let regexes = match compiled {
        Ok(regexes) => regexes,
        Err(error) => {
            context.complain("grep", &error.to_string());
            return 2;
        }
    };
    let most = match arguments.value("max-count").map(super::stat::number) {
        None => u64::MAX,
        Some(Some(most)) => most,
        Some(None) => {
            context.complain("grep", "invalid max count");
            return 2;
        }
    };
    let recursive = arguments.has("recursive") || arguments.has("dereference-recursive");
    let mut failed = false;
    let mut files = Vec::new();
    if operands.is_empty() {
        operands.push(if recursive { "." } else { "-" }.into());
    }
    for operand in &operands {
        if operand == "-" {
            files.push(operand.clone());
            continue;
        }
        match context.target(operand, true) {
            Ok(stat) if stat.is_directory() && recursive => {
                let below = context.walk(operand, false);
                files.extend(below.into_iter().filter(|file| file.stat.is_file()).map(|file| file.path));
            }
            Ok(stat) if stat.is_directory() => {
                context.complain("grep", &format!("{operand}: Is a directory"))
            }
            Ok(_) => files.push(operand.clone()),
            Err(error) => {
                if !arguments.has("no-messages") {
                    context.complain("grep", &format!("{operand}: {error}"));
                }
                failed = true;
            }
        }
    }
    let named = match arguments.last_of(&["with-filename", "no-filename"]) {
        Some(given) => given == "with-filename",
        None => operands.len() > 1 || recursive,
    };
    let grep = Grep { arguments: &arguments, regexes: &regexes, most, named };
    let mut any = false;
    for file in files {
        let shown = if operands == ["."]
            && recursive
            && arguments.operands.len() < 2
            && given.last() != Some(&".".into())
        {
            file.strip_prefix(b"./").map_or_else(|| file.clone(), BString::from)
        } else {
            file.clone()
        };
        match grep.file(context, &file, &shown) {
            Ok(found) => any |= found,
            Err(error) => {
                if !arguments.has("no-messages") {
                    context.complain("grep", &format!("{shown}: {error}"));
                }
                failed = true;
            }
        }
        if (any && arguments.has("quiet")) || context.is_full() {
            break;
        }
    }
    match (any, failed) {
        (true, true) if arguments.has("quiet") => 0,
        (_, true) => 2,
        (any, false) => i32::from(!any),
    }
}

struct Grep<'a> {
    arguments: &'a super::Arguments,
    regexes: &'a [Regex],
    most: u64,
    named: bool,
}

impl Grep<'_> {
    /// Searches one file; says whether a line was selected.
    fn file(&self, context: &mut Context, file: &BString, shown: &BString) -> Result<bool, String> {
        let has = |name: &str| self.arguments.has(name);
        let mut bytes = Vec::new();
        if file == "-" {
            bytes = context.take_input().ok_or("standard input is not connected")?.to_vec();
        } else {
            let limit = crate::limits::SHELL_OUTPUT;
            context
                .read(file, &mut |piece| {
                    bytes.extend_from_slice(piece);
                    bytes.len() <= limit
                })
                .map_err(|error| error.to_string())?;
            if bytes.len() > limit {
                return Err(format!("cut off after {limit} bytes"));
            }
        }
        let is_binary = !has("text") && bytes.contains(&0);
        let mut count = 0;
        let mut out = Vec::new();
        let title = if file == "-" { BString::from("(standard input)") } else { shown.clone() };
        for (line, number) in bytes.lines().zip(1_u64..) {
            if count >= self.most {
                break;
            }
            let places = self.places(line, has("only-matching") && !has("invert-match"));
            if places.is_empty() != has("invert-match") {
                continue;
            }
            count += 1;
            if has("quiet") || has("count") || has("files-with-matches") || has("files-without-match") {
                if !has("count") {
                    break;
                }
                continue;
            }
            if is_binary {
                continue;
            }
            let mut line_out = |text: &[u8]| {
                if self.named {
                    out.extend_from_slice(&title);
                    out.push(b':');
                }
                if has("line-number") {
                    out.extend_from_slice(format!("{number}:").as_bytes());
                }
                out.extend_from_slice(text);
                out.push(b'\n');
            };
            if has("only-matching") {
                for (start, end) in places.iter().filter(|(start, end)| start < end) {
                    line_out(&line[*start..*end]);
                }
            } else {
                line_out(line);
            }
        }
        let any = count > 0;
        let lists = (has("files-with-matches") && any) || (has("files-without-match") && !any);
        if has("quiet") {
        } else if lists {
            context.print(&[title.as_slice(), b"\n"].concat());
        } else if has("files-with-matches") || has("files-without-match") {
        } else if has("count") {
            let name = if self.named { format!("{title}:") } else { String::new() };
            context.print(format!("{name}{count}\n").as_bytes());
        } else if is_binary && any {
            context.print(format!("grep: {title}: binary file matches\n").as_bytes());
        } else {
            context.print(&out);
        }
        Ok(any)
    }

    /// Where a line matches; the first place only, unless all are asked for.
    fn places(&self, line: &[u8], all: bool) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        let mut from = 0;
        while from <= line.len() {
            let found = self.regexes.iter().filter_map(|regex| self.fitting(regex, line, from));
            let Some((start, end)) = found.min_by_key(|(start, end)| (*start, usize::MAX - end)) else {
                break;
            };
            places.push((start, end));
            if !all {
                break;
            }
            from = if end > start { end } else { end + 1 };
        }
        places
    }

    /// The first place from `from` on that is a whole word or line, if that is asked for.
    fn fitting(&self, regex: &Regex, line: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut from = from;
        loop {
            let (start, end) = regex.find(line, from)?;
            let is_word = |at: Option<usize>| {
                at.and_then(|at| line.get(at))
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            };
            let fits = if self.arguments.has("line-regexp") {
                (start, end) == (0, line.len())
            } else if self.arguments.has("word-regexp") {
                !is_word(start.checked_sub(1)) && !is_word(Some(end)) && end > start
            } else {
                true
            };
            if fits {
                return Some((start, end));
            }
            from = start + 1;
            if from > line.len() {
                return None;
            }
        }
    }
}
