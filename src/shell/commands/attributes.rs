//! `chmod`, `chown` and `chgrp`.

use bstr::{BStr, BString, ByteSlice};

use super::{
    super::context::{Context, Entry, Kind},
    Flag, arguments, missing_operand,
};
use crate::shell::quote;

/// What makes a mode of another: octal digits, or clauses like `u+x,go=` (POSIX.1-2024, XCU `chmod`).
pub(crate) enum Mode {
    Octal(u32),
    Clauses(Vec<Clause>),
}

/// Whose bits, how, and which.
pub(crate) struct Clause {
    /// The bits of those that it is about; 0 where nobody is named.
    who: u32,
    operator: u8,
    bits: u32,
    /// `X`: may be executed, if it is a directory or anybody may execute it already.
    conditional: bool,
    /// The bits of one of `u`, `g`, `o`: how far they stand to the left.
    copied: Option<u32>,
}

/// The bits that are taken away where nobody is named.
const UMASK: u32 = 0o022;

impl Mode {
    /// Reads one.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        if text.first()?.is_ascii_digit() {
            let text = text.to_str().ok()?;
            return u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777).map(Self::Octal);
        }
        let mut clauses = Vec::new();
        for clause in text.split_str(",") {
            let mut who = 0;
            let mut rest = clause;
            while let [letter @ (b'u' | b'g' | b'o' | b'a'), after @ ..] = rest {
                who |= match letter {
                    b'u' => 0o4700,
                    b'g' => 0o2070,
                    b'o' => 0o1007,
                    _ => 0o7777,
                };
                rest = after;
            }
            if rest.is_empty() {
                return None;
            }
            while let [operator @ (b'+' | b'-' | b'='), after @ ..] = rest {
                let len = after.iter().position(|byte| b"+-=".contains(byte)).unwrap_or(after.len());
                let (letters, after) = after.split_at(len);
                rest = after;
                let mut made = Clause { who, operator: *operator, bits: 0, conditional: false, copied: None };
                for letter in letters {
                    match letter {
                        b'r' => made.bits |= 0o444,
                        b'w' => made.bits |= 0o222,
                        b'x' => made.bits |= 0o111,
                        b'X' => made.conditional = true,
                        b's' => made.bits |= 0o6000,
                        b't' => made.bits |= 0o1000,
                        b'u' => made.copied = Some(6),
                        b'g' => made.copied = Some(3),
                        b'o' => made.copied = Some(0),
                        _ => return None,
                    }
                }
                clauses.push(made);
            }
            if !rest.is_empty() {
                return None;
            }
        }
        Some(Self::Clauses(clauses))
    }

    /// The mode that it makes of another.
    pub(crate) fn of(&self, mode: u32, is_directory: bool) -> u32 {
        let clauses = match self {
            Self::Octal(octal) => return *octal,
            Self::Clauses(clauses) => clauses,
        };
        clauses.iter().fold(mode, |mode, clause| {
            let mut bits = clause.bits;
            if clause.conditional && (is_directory || mode & 0o111 != 0) {
                bits |= 0o111;
            }
            if let Some(shift) = clause.copied {
                bits |= ((mode >> shift) & 7) * 0o111;
            }
            let who = if clause.who == 0 { 0o7777 } else { clause.who };
            // The sticky bit is everybody's.
            let sticky = if clause.who & 0o4000 != 0 || clause.who == 0 { 0o1000 } else { 0 };
            let mut bits = bits & (who | sticky);
            if clause.who == 0 {
                bits &= !UMASK;
            }
            match clause.operator {
                b'+' => mode | bits,
                b'-' => mode & !bits,
                _ => (mode & !(who & if is_directory { 0o1777 } else { 0o7777 })) | bits,
            }
        })
    }
}

/// The files that are meant, and with `-R` all below them.
fn targets(context: &mut Context, path: &BString, recursive: bool) -> Vec<Entry> {
    if recursive { context.walk(path, false) } else { Vec::new() }
}

pub(super) fn chmod(context: &mut Context, given: &[BString]) -> i32 {
    const FLAGS: &[Flag] = &[(b'R', "recursive", false), (b'v', "verbose", false), (b'f', "silent", false)];
    // `chmod -x f` takes permissions away: that is no option.
    let is_mode = |argument: &&BString| {
        argument.len() > 1 && argument[0] == b'-' && argument[1..].iter().all(|byte| b"rwxXst".contains(byte))
    };
    let mut given: Vec<BString> = given.to_vec();
    let mode_at = given.iter().position(|argument| is_mode(&argument));
    let taken = mode_at.map(|at| given.remove(at));
    let arguments = match arguments(context, "chmod", FLAGS, &given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let mut operands = arguments.operands.clone();
    operands.splice(0..0, taken);
    let Some((text, paths)) = operands.split_first() else { return missing_operand(context, "chmod", None) };
    if paths.is_empty() {
        return missing_operand(context, "chmod", Some(text));
    }
    let Some(mode) = Mode::read(text) else {
        context.complain("chmod", &format!("invalid mode: {}", quote(text)));
        super::try_help(context, "chmod");
        return 1;
    };
    let recursive = arguments.has("recursive");
    let mut status = 0;
    for path in paths {
        let stat = match context.target(path, true) {
            Ok(stat) => stat,
            Err(error) => {
                context.complain("chmod", &format!("cannot access {}: {error}", quote(path)));
                status = 1;
                continue;
            }
        };
        let mut entries = vec![Entry { path: path.clone(), stat, depth: 0 }];
        entries.extend(targets(context, path, recursive).into_iter().skip(1));
        for entry in entries {
            if entry.stat.kind == Kind::Symlink {
                continue;
            }
            let new = mode.of(entry.stat.mode, entry.stat.is_directory());
            if let Err(error) = context.chmod(&entry.path, new) {
                context
                    .complain("chmod", &format!("changing permissions of {}: {error}", quote(&entry.path)));
                status = 1;
            } else if arguments.has("verbose") && new != entry.stat.mode {
                let line = format!(
                    "mode of {} changed from {:04o} to {new:04o}\n",
                    quote(&entry.path),
                    entry.stat.mode
                );
                context.print(line.as_bytes());
            }
        }
    }
    status
}

pub(super) fn chown(context: &mut Context, given: &[BString]) -> i32 {
    owner(context, "chown", given)
}

pub(super) fn chgrp(context: &mut Context, given: &[BString]) -> i32 {
    owner(context, "chgrp", given)
}

fn owner(context: &mut Context, name: &str, given: &[BString]) -> i32 {
    const FLAGS: &[Flag] = &[
        (b'R', "recursive", false),
        (b'h', "no-dereference", false),
        (b'v', "verbose", false),
        (b'f', "silent", false),
    ];
    let arguments = match arguments(context, name, FLAGS, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let Some((owner, paths)) = arguments.operands.split_first() else {
        return missing_operand(context, name, None);
    };
    if paths.is_empty() {
        return missing_operand(context, name, Some(owner));
    }
    let text = owner.to_str_lossy();
    let parsed = if name == "chgrp" {
        context.owner(&format!(":{text}")).map_err(|_| format!("invalid group: {}", quote(owner)))
    } else {
        context.owner(&text)
    };
    let (uid, gid) = match parsed {
        Ok(ids) => ids,
        Err(error) => {
            context.complain(name, &error);
            return 1;
        }
    };
    let recursive = arguments.has("recursive");
    let follow = !arguments.has("no-dereference") && !recursive;
    let mut status = 0;
    for path in paths {
        let stat = match context.target(path, follow) {
            Ok(stat) => stat,
            Err(error) => {
                context.complain(name, &format!("cannot access {}: {error}", quote(path)));
                status = 1;
                continue;
            }
        };
        let mut entries = vec![Entry { path: path.clone(), stat, depth: 0 }];
        entries.extend(targets(context, path, recursive).into_iter().skip(1));
        for entry in entries {
            if let Err(error) = context.chown(&entry.path, uid, gid, follow) {
                context.complain(name, &format!("changing ownership of {}: {error}", quote(&entry.path)));
                status = 1;
            }
        }
    }
    status
}

/// Whether a text is a number, and which.
pub(crate) fn id(text: &str) -> Option<u64> {
    super::stat::number(BStr::new(text)).filter(|id| *id < u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        for (text, before, is_directory, after) in [
            ("755", 0, false, 0o755),
            ("4755", 0, false, 0o4755),
            ("u+x", 0o644, false, 0o744),
            ("+x", 0o644, false, 0o755),
            ("go-rwx", 0o755, false, 0o700),
            ("a=r", 0o755, false, 0o444),
            ("a+X", 0o644, false, 0o644),
            ("a+X", 0o644, true, 0o755),
            ("u=rwx,g=u,o=", 0o604, false, 0o770),
            ("u+s", 0o755, false, 0o4755),
            ("g+s", 0o755, false, 0o2755),
            ("+t", 0o777, true, 0o1777),
            ("-w", 0o666, false, 0o466),
            ("u+x-w", 0o644, false, 0o544),
        ] {
            let mode = Mode::read(text.as_bytes()).unwrap();
            assert_eq!(mode.of(before, is_directory), after, "{text} of {before:o}");
        }
        for text in ["", "9", "u", "x+u", "u+q", "77777", "u+x,"] {
            assert!(Mode::read(text.as_bytes()).is_none(), "{text}");
        }
    }
}
