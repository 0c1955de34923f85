//! `cat`, `head`, `tail`, `tee`, `wc`, `echo` and `sha256sum`.

use bstr::{BStr, BString, ByteSlice};

use super::{super::context::Context, Flag, arguments, stat::number};
use crate::{
    digest::{Algorithm, Digester},
    limits,
    shell::quote,
};

/// Hands each operand's content to `each`, piece by piece; says what cannot be read. `-`, or no operand at all, is
/// standard input.
fn contents(
    context: &mut Context,
    operands: &[BString],
    mut each: impl FnMut(
        &mut Context,
        &BString,
        &mut dyn FnMut(&mut Context, &mut dyn FnMut(&[u8]) -> bool) -> Result<(), String>,
    ) -> i32,
) -> i32 {
    let input = ["-".into()];
    let operands = if operands.is_empty() { &input[..] } else { operands };
    let mut status = 0;
    for operand in operands {
        let mut read = |context: &mut Context, sink: &mut dyn FnMut(&[u8]) -> bool| {
            if operand == "-" {
                sink(&context.take_input().ok_or("standard input is not connected: name a file, or use <")?);
                return Ok(());
            }
            context.read(operand, sink).map_err(|error| error.to_string())
        };
        status = status.max(each(context, operand, &mut read));
    }
    status
}

const CAT: &[Flag] = &[
    (b'n', "number", false),
    (b'A', "show-all", false),
    (b'E', "show-ends", false),
    (b'v', "show-nonprinting", false),
    (b'u', "u", false),
];

pub(super) fn cat(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "cat", CAT, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let ends = arguments.has("show-ends") || arguments.has("show-all");
    let visible = arguments.has("show-nonprinting") || arguments.has("show-all");
    let numbered = arguments.has("number");
    let plain = !(ends || visible || numbered);
    let mut line = 0_u64;
    let mut at_start = true;
    contents(context, &arguments.operands, |context, operand, read| {
        let mut pieces = Vec::new();
        let room = context.room();
        let result = read(context, &mut |bytes| {
            pieces.extend_from_slice(bytes);
            pieces.len() <= room
        });
        if plain {
            context.print(&pieces);
        } else {
            let mut out = Vec::new();
            for &byte in &pieces {
                if std::mem::take(&mut at_start) && numbered {
                    line += 1;
                    out.extend_from_slice(format!("{line:6}\t").as_bytes());
                }
                match byte {
                    b'\n' => {
                        out.extend_from_slice(if ends { b"$\n" } else { b"\n" });
                        at_start = true;
                    }
                    b'\t' if !arguments.has("show-all") => out.push(byte),
                    byte if visible => show(byte, &mut out),
                    byte => out.push(byte),
                }
            }
            context.print(&out);
        }
        match result {
            Ok(()) => 0,
            Err(error) => {
                context.complain("cat", &format!("{operand}: {error}"));
                1
            }
        }
    })
}

const TEE: &[Flag] = &[(b'a', "append", false), (b'i', "ignore-interrupts", false)];

pub(super) fn tee(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "tee", TEE, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let Some(input) = context.take_input() else {
        context.complain("tee", "standard input is not connected: use <");
        return 1;
    };
    context.print(&input);
    let mut status = 0;
    for file in &arguments.operands {
        let written = context
            .open(file, !arguments.has("append"))
            .and_then(|()| if input.is_empty() { Ok(()) } else { context.append(file, &input) });
        if let Err(error) = written {
            context.complain("tee", &format!("{file}: {error}"));
            status = 1;
        }
    }
    status
}

/// A byte as `cat -v` prints it.
fn show(byte: u8, out: &mut Vec<u8>) {
    let low = byte & 0x7f;
    if byte >= 0x80 {
        out.extend_from_slice(b"M-");
    }
    match low {
        0..0x20 => out.extend_from_slice(&[b'^', low + 0x40]),
        0x7f => out.extend_from_slice(b"^?"),
        _ => out.push(low),
    }
}

const HEAD: &[Flag] =
    &[(b'n', "lines", true), (b'c', "bytes", true), (b'q', "quiet", false), (b'v', "verbose", false)];

/// `-5` as `-n 5`, where it comes first.
fn modern(given: &[BString]) -> Vec<BString> {
    let mut given = given.to_vec();
    if let Some(first) = given.first_mut()
        && let Some(digits) = first.strip_prefix(b"-")
        && !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
    {
        *first = [b"-n", digits].concat().into();
    }
    given
}

pub(super) fn head(context: &mut Context, given: &[BString]) -> i32 {
    part(context, "head", given)
}

pub(super) fn tail(context: &mut Context, given: &[BString]) -> i32 {
    part(context, "tail", given)
}

fn part(context: &mut Context, name: &str, given: &[BString]) -> i32 {
    let arguments = match arguments(context, name, HEAD, &modern(given), 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let by_bytes = arguments.last_of(&["lines", "bytes"]) == Some("bytes");
    let stated = arguments.value(if by_bytes { "bytes" } else { "lines" }).unwrap_or(BStr::new("10"));
    // `head -n -5`: all but the last; `tail -n +5`: from there on.
    let (rest, digits) = match (name, stated.first()) {
        ("head", Some(b'-')) | ("tail", Some(b'+')) => (true, &stated[1..]),
        ("tail", Some(b'-')) | ("head", Some(b'+')) => (false, &stated[1..]),
        _ => (false, stated),
    };
    let Some(count) = size(digits) else {
        let unit = if by_bytes { "bytes" } else { "lines" };
        context.complain(name, &format!("invalid number of {unit}: {}", quote(stated)));
        return 1;
    };
    let titled = (arguments.operands.len() > 1 || arguments.has("verbose")) && !arguments.has("quiet");
    let mut first = true;
    contents(context, &arguments.operands, |context, operand, read| {
        let mut bytes = Vec::new();
        let mut newlines = 0;
        let is_head = name == "head" && !rest;
        let limit = limits::SHELL_OUTPUT;
        let result = read(context, &mut |piece| {
            newlines += piece.iter().filter(|&&byte| byte == b'\n').count() as u64;
            bytes.extend_from_slice(piece);
            let enough = is_head && if by_bytes { bytes.len() as u64 >= count } else { newlines >= count };
            !enough && bytes.len() <= limit
        });
        if let Err(error) = result {
            let what = if error == "Is a directory" {
                format!("error reading {}: {error}", quote(operand))
            } else {
                format!("cannot open {} for reading: {error}", quote(operand))
            };
            context.complain(name, &what);
            return 1;
        }
        // What is asked of the end cannot be told by the beginning.
        if !is_head && bytes.len() > limit {
            context.complain(name, &format!("{operand}: cut off after {limit} bytes"));
            return 1;
        }
        if titled {
            let title = if operand == "-" { BStr::new("standard input") } else { operand.as_bstr() };
            let gap = if first { "" } else { "\n" };
            context.print(format!("{gap}==> {title} <==\n").as_bytes());
        }
        first = false;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let cut = if by_bytes {
            match (name, rest) {
                ("head", false) => count.min(bytes.len()),
                ("head", true) | ("tail", false) => bytes.len().saturating_sub(count),
                _ => count.saturating_sub(1).min(bytes.len()),
            }
        } else {
            let mut ends: Vec<usize> = bytes.find_iter(b"\n").map(|at| at + 1).collect();
            if bytes.last().is_some_and(|&byte| byte != b'\n') {
                ends.push(bytes.len());
            }
            let lines = match (name, rest) {
                ("head", false) => count.min(ends.len()),
                ("head", true) | ("tail", false) => ends.len().saturating_sub(count),
                _ => count.saturating_sub(1).min(ends.len()),
            };
            lines.checked_sub(1).and_then(|line| ends.get(line)).copied().unwrap_or_default()
        };
        let shown = if name == "head" { &bytes[..cut] } else { &bytes[cut..] };
        context.print(shown);
        0
    })
}

/// A number with a suffix: `10`, `1K`, `1M`, `1G`, `1kB`.
pub(super) fn size(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, suffix) = text.split_at(digits);
    let factor: u64 = match suffix {
        b"" | b"c" => 1,
        b"b" => 512,
        b"K" | b"k" | b"KiB" => 1 << 10,
        b"M" | b"MiB" => 1 << 20,
        b"G" | b"GiB" => 1 << 30,
        b"kB" | b"KB" => 1_000,
        b"MB" => 1_000_000,
        b"GB" => 1_000_000_000,
        _ => return None,
    };
    number(BStr::new(digits))?.checked_mul(factor)
}

const WC: &[Flag] =
    &[(b'l', "lines", false), (b'w', "words", false), (b'c', "bytes", false), (b'm', "chars", false)];

pub(super) fn wc(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "wc", WC, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let all = !["lines", "words", "bytes", "chars"].iter().any(|name| arguments.has(name));
    let mut rows: Vec<([u64; 4], String)> = Vec::new();
    let status = contents(context, &arguments.operands, |context, operand, read| {
        // Lines, words, characters, bytes.
        let mut counts = [0_u64; 4];
        let mut in_word = false;
        let result = read(context, &mut |bytes| {
            counts[3] += bytes.len() as u64;
            for &byte in bytes {
                counts[0] += u64::from(byte == b'\n');
                counts[2] += u64::from(byte & 0xc0 != 0x80);
                let is_space = byte.is_ascii_whitespace();
                counts[1] += u64::from(!is_space && !in_word);
                in_word = !is_space;
            }
            true
        });
        if let Err(error) = result {
            context.complain("wc", &format!("{operand}: {error}"));
            return 1;
        }
        rows.push((
            counts,
            if arguments.operands.is_empty() { String::new() } else { format!(" {operand}") },
        ));
        0
    });
    if arguments.operands.len() > 1 {
        let total = |i: usize| rows.iter().map(|(counts, _)| counts[i]).sum();
        rows.push(([total(0), total(1), total(2), total(3)], " total".into()));
    }
    let shown = |i: usize| all && i != 2 || arguments.has(["lines", "words", "chars", "bytes"][i]);
    let columns: Vec<usize> = (0..4).filter(|&i| shown(i)).collect();
    // One number stands by itself; several are as wide as the largest.
    let widest = rows.iter().map(|(counts, _)| counts[3].to_string().len()).max().unwrap_or(1);
    let width = if columns.len() == 1 && rows.len() == 1 { 1 } else { widest };
    for (counts, name) in rows {
        let cells: Vec<String> = columns.iter().map(|&i| format!("{:>width$}", counts[i])).collect();
        context.print(format!("{}{name}\n", cells.join(" ")).as_bytes());
    }
    status
}

/// `echo` as bash has it: a first argument that is no option is text.
pub(super) fn echo(context: &mut Context, given: &[BString]) -> i32 {
    let (mut newline, mut escapes) = (true, false);
    let is_option = |argument: &BString| {
        argument.len() > 1 && argument[0] == b'-' && argument[1..].iter().all(|b| b"neE".contains(b))
    };
    let options = given.iter().take_while(|argument| is_option(argument)).count();
    for &letter in given[..options].iter().flat_map(|option| &option[1..]) {
        match letter {
            b'n' => newline = false,
            letter => escapes = letter == b'e',
        }
    }
    let mut text = bstr::join(" ", &given[options..]);
    if escapes {
        let (unescaped, ends) = unescape(&text);
        text = unescaped;
        newline &= !ends;
    }
    if newline {
        text.push(b'\n');
    }
    context.print(&text);
    0
}

/// Text with its backslash escapes put in, and whether `\c` cut it short.
pub(super) fn unescape(text: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some((&escaped, after)) = rest.split_first() else {
            out.push(byte);
            break;
        };
        rest = after;
        let digits = |most: usize, radix: u32, rest: &mut &[u8]| {
            let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
            let len = rest.iter().take(most).take_while(is_digit).count();
            let (digits, after) = rest.split_at(len);
            *rest = after;
            let text = std::str::from_utf8(digits).unwrap_or_default();
            (len > 0).then(|| u32::from_str_radix(text, radix).unwrap_or_default() as u8)
        };
        match escaped {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'v' => out.push(11),
            b'e' => out.push(27),
            b'\\' => out.push(b'\\'),
            b'c' => return (out, true),
            b'0' => out.push(digits(3, 8, &mut rest).unwrap_or_default()),
            b'x' => match digits(2, 16, &mut rest) {
                Some(byte) => out.push(byte),
                None => out.extend_from_slice(b"\\x"),
            },
            other => out.extend_from_slice(&[b'\\', other]),
        }
    }
    (out, false)
}

pub(super) fn sha256sum(context: &mut Context, given: &[BString]) -> i32 {
    let arguments =
        match arguments(context, "sha256sum", &[(b'b', "binary", false), (b't', "text", false)], given, 1) {
            Ok(arguments) => arguments,
            Err(status) => return status,
        };
    let mark = if arguments.has("binary") { '*' } else { ' ' };
    contents(context, &arguments.operands, |context, operand, read| {
        let mut hash = Digester::new(Algorithm::Sha256);
        let result = read(context, &mut |bytes| {
            hash.update(bytes);
            true
        });
        if let Err(error) = result {
            context.complain("sha256sum", &format!("{operand}: {error}"));
            return 1;
        }
        let digest = hash.finish();
        let mut line = format!("{} {mark}", digest.hex()).into_bytes();
        line.extend_from_slice(operand);
        line.push(b'\n');
        context.print(&line);
        0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(unescape(b"a\\tb\\x41\\0101\\q\\"), (b"a\tbAA\\q\\".to_vec(), false));
        assert_eq!(unescape(b"a\\cb"), (b"a".to_vec(), true));
        assert_eq!(size(b"2K"), Some(2048));
        assert_eq!(size(b"x"), None);
        assert_eq!(size(b"99999999999999999999"), None);
    }
}
