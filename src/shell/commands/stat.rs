//! `stat`.

use bstr::{BStr, BString, ByteSlice};

use super::{
    super::{
        context::{Context, Kind, Stat},
        human,
    },
    Flag, arguments, missing_operand,
};
use crate::shell::quote;

const FLAGS: &[Flag] =
    &[(b'L', "dereference", false), (b'c', "format", true), (0, "printf", true), (b't', "terse", false)];

pub(super) fn stat(context: &mut Context, given: &[BString]) -> i32 {
    let arguments = match arguments(context, "stat", FLAGS, given, 1) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    if arguments.operands.is_empty() {
        return missing_operand(context, "stat", None);
    }
    let mut status = 0;
    for path in &arguments.operands {
        match context.look(path, arguments.has("dereference")) {
            Err(error) => {
                context.complain("stat", &format!("cannot statx {}: {error}", quote(path)));
                status = 1;
            }
            Ok(stat) => {
                let mut text = match (arguments.value("format"), arguments.value("printf")) {
                    (Some(format), _) => [formatted(context, format, path, &stat), b"\n".to_vec()].concat(),
                    (None, Some(format)) => super::text::unescape(&formatted(context, format, path, &stat)).0,
                    (None, None) if arguments.has("terse") => formatted(
                        context,
                        BStr::new("%n %s %b %f %u %g 0 %i %h %t %T %X %Y %Z 0 %o\n"),
                        path,
                        &stat,
                    ),
                    (None, None) => described(context, path, &stat),
                };
                context.print(&std::mem::take(&mut text));
            }
        }
    }
    status
}

fn described(context: &mut Context, path: &BString, stat: &Stat) -> Vec<u8> {
    let users = context.users();
    let mut text = b"  File: ".to_vec();
    text.extend_from_slice(path);
    if stat.kind == Kind::Symlink {
        text.extend_from_slice(b" -> ");
        text.extend_from_slice(&context.read_link(path).unwrap_or_default());
    }
    let time = human::full_time(stat.mtime);
    let device =
        stat.device.map_or_else(String::new, |(major, minor)| format!("     Device type: {major},{minor}"));
    let rest = format!(
        "\n  Size: {:<10}\tBlocks: {:<10} IO Block: 4096   {}\nDevice: 0,0\tInode: {:<11} Links: {}{device}\n\
         Access: ({:04o}/{})  Uid: ({:5}/{:>8})   Gid: ({:5}/{:>8})\n\
         Access: {time}\nModify: {time}\nChange: {time}\n Birth: -\n",
        stat.size,
        stat.blocks(),
        kind_name(stat),
        stat.inode,
        stat.links,
        stat.mode,
        human::mode(stat.kind.letter(), stat.mode),
        stat.uid,
        users.user_name(stat.uid),
        stat.gid,
        users.group_name(stat.gid),
    );
    text.extend_from_slice(rest.as_bytes());
    text
}

fn kind_name(stat: &Stat) -> &'static str {
    match stat.kind {
        Kind::File if stat.size == 0 => "regular empty file",
        Kind::File => "regular file",
        Kind::Directory => "directory",
        Kind::Symlink => "symbolic link",
        Kind::CharDevice => "character special file",
        Kind::BlockDevice => "block special file",
        Kind::Fifo => "fifo",
    }
}

/// A format with its directives put in.
pub(super) fn formatted(context: &mut Context, format: &BStr, path: &BString, stat: &Stat) -> Vec<u8> {
    let users = context.users();
    let mut out = Vec::new();
    let mut bytes = format.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let directive = bytes.next().copied().unwrap_or(b'%');
        let text = match directive {
            b'n' => {
                out.extend_from_slice(path);
                continue;
            }
            b'N' => {
                out.extend_from_slice(quote(path).as_bytes());
                if stat.kind == Kind::Symlink {
                    let target = context.read_link(path).unwrap_or_default();
                    out.extend_from_slice(format!(" -> {}", quote(&target)).as_bytes());
                }
                continue;
            }
            b'a' => format!("{:o}", stat.mode),
            b'A' => human::mode(stat.kind.letter(), stat.mode),
            b'b' => stat.blocks().to_string(),
            b'B' => "512".into(),
            b'd' => "0".into(),
            b'f' => format!("{:x}", stat.kind.bits() | stat.mode),
            b'F' => kind_name(stat).into(),
            b'g' => stat.gid.to_string(),
            b'G' => users.group_name(stat.gid),
            b'h' => stat.links.to_string(),
            b'i' => stat.inode.to_string(),
            b'm' => "/".into(),
            b'o' => "4096".into(),
            b's' => stat.size.to_string(),
            b't' => format!("{:x}", stat.device.map_or(0, |device| device.0)),
            b'T' => format!("{:x}", stat.device.map_or(0, |device| device.1)),
            b'u' => stat.uid.to_string(),
            b'U' => users.user_name(stat.uid),
            b'w' => "-".into(),
            b'W' => "0".into(),
            b'x' | b'y' | b'z' => human::full_time(stat.mtime),
            b'X' | b'Y' | b'Z' => stat.mtime.0.to_string(),
            b'%' => "%".into(),
            _ => "?".into(),
        };
        out.extend_from_slice(text.as_bytes());
    }
    out
}

/// Whether a text is one of digits.
pub(super) fn number(text: &BStr) -> Option<u64> {
    text.to_str().ok()?.parse().ok()
}
