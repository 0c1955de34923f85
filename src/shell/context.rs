//! What a command works on: the container's files, where it stands in them, the variables, and what it prints.

use std::rc::Rc;

use bstr::{BString, ByteSlice};

pub(super) use super::users::Users;
use super::{
    Note, Position, Traced,
    output::{Printed, Stream},
    pattern,
};
use crate::{
    container::{ContainerFs, Errno, Trace},
    engine::Interrupt,
    limits, path,
};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Symlink,
    CharDevice,
    BlockDevice,
    Fifo,
}

impl Kind {
    /// Its letter in a listing.
    pub(super) fn letter(self) -> char {
        match self {
            Self::File => '-',
            Self::Directory => 'd',
            Self::Symlink => 'l',
            Self::CharDevice => 'c',
            Self::BlockDevice => 'b',
            Self::Fifo => 'p',
        }
    }

    /// Its bits in `st_mode`.
    pub(super) fn bits(self) -> u32 {
        match self {
            Self::File => 0o100_000,
            Self::Directory => 0o040_000,
            Self::Symlink => 0o120_000,
            Self::CharDevice => 0o020_000,
            Self::BlockDevice => 0o060_000,
            Self::Fifo => 0o010_000,
        }
    }
}

/// The metadata of a file.
#[derive(Debug, Clone)]
pub(super) struct Stat {
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
    /// Bytes.
    pub(super) size: u64,
    pub(super) mtime: (i64, u32),
    pub(super) device: Option<(u32, u32)>,
    pub(super) inode: u64,
    /// How many names it has; 1 for a directory, as overlayfs says of merged ones.
    pub(super) links: u32,
}

impl Stat {
    pub(super) fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    pub(super) fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    /// Blocks of 512 bytes, where content comes in pages of 4 KiB.
    pub(super) fn blocks(&self) -> u64 {
        match self.kind {
            Kind::File => self.size.div_ceil(4096) * 8,
            Kind::Directory => 8,
            _ => 0,
        }
    }
}

/// A file that was met on a walk.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its path, beginning as the walk's.
    pub(super) path: BString,
    pub(super) stat: Stat,
    /// How far it is below where the walk began.
    pub(super) depth: usize,
}

/// Why something cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The kernel's answer.
    #[error(transparent)]
    Errno(#[from] Errno),
    /// The content cannot be read from the archive.
    #[error("{0}")]
    Read(String),
}

/// What a command works on.
pub(super) struct Context<'a> {
    pub(super) fs: ContainerFs<'a>,
    pub(super) place: &'a mut Position,
    /// The command as it was given, for the traces.
    pub(super) command: String,
    pub(super) traces: Vec<Traced>,
    /// Seconds since 1970.
    pub(super) now: i64,
    /// What it reads where no file is named.
    pub(super) input: Option<Rc<[u8]>>,
    pub(super) printed: Printed,
    pub(super) users: Option<Rc<Users>>,
    /// How deep it is in commands that run commands.
    pub(super) depth: usize,
    pub(super) interrupt: Interrupt,
}

/// A name in a directory, as it would be written.
pub(super) fn join(directory: &[u8], name: &[u8]) -> BString {
    if directory.is_empty() || directory.ends_with(b"/") {
        return [directory, name].concat().into();
    }
    [directory, b"/", name].concat().into()
}

/// The last name of a path; `/` for the root.
pub(super) fn base_name(path: &[u8]) -> BString {
    let trimmed = path.trim_end_with(|c| c == '/');
    if trimmed.is_empty() {
        return if path.is_empty() { BString::default() } else { "/".into() };
    }
    trimmed.rsplit_once_str("/").map_or(trimmed, |(_, name)| name).into()
}

/// The path of the directory above, as it is written; `None` if none is named.
pub(super) fn parent(path: &[u8]) -> Option<BString> {
    let (parent, _) = path.trim_end_with(|c| c == '/').rsplit_once_str("/")?;
    let parent = parent.trim_end_with(|c| c == '/');
    (!parent.is_empty()).then(|| parent.into())
}

/// A path without `.`, `..` and empty names, `..` taken back by the text alone.
pub(super) fn tidy(path: &[u8]) -> BString {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split_str("/") {
        match name {
            b"" | b"." => {}
            b".." => _ = names.pop(),
            name => names.push(name),
        }
    }
    [b"/", names.join(&b'/').as_slice()].concat().into()
}

impl Context<'_> {
    /// What is to be read where no file is named; after that there is no more of it. `None` if it is not connected.
    pub(super) fn take_input(&mut self) -> Option<Rc<[u8]>> {
        self.input.as_mut().map(|input| std::mem::replace(input, Rc::from([])))
    }

    /// Prints on standard output.
    pub(super) fn print(&mut self, bytes: &[u8]) {
        self.push(Stream::Out, bytes);
    }

    /// What is interrupted says no more.
    fn push(&mut self, stream: Stream, bytes: &[u8]) {
        if !self.interrupt.is_raised() {
            self.printed.push(stream, bytes);
        }
    }

    /// Fails if the command is to end.
    pub(super) fn go_on(&self) -> Result<(), Fault> {
        if self.interrupt.is_raised() { Err(Errno::EINTR.into()) } else { Ok(()) }
    }

    /// Prints on standard error.
    pub(super) fn print_error(&mut self, text: &str) {
        self.push(Stream::Error, text.as_bytes());
    }

    /// Says on standard error what is wrong, as a command does.
    pub(super) fn complain(&mut self, name: &str, what: &str) {
        self.print_error(&format!("{name}: {what}\n"));
    }

    /// Adds a step to what the command did, for who wants to know how.
    pub(super) fn note(&mut self, note: Note) {
        let command = self.command.clone();
        self.traces.push(Traced {
            command,
            call: String::new(),
            trace: Trace::default(),
            remark: Some(note),
        });
    }

    /// Whether no more can be printed.
    pub(super) fn is_full(&self) -> bool {
        self.printed.is_full()
    }

    /// How many bytes can still be printed.
    pub(super) fn room(&self) -> usize {
        self.printed.room()
    }

    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<BString> {
        self.place.variable(name)
    }

    pub(super) fn set_variable(&mut self, name: &str, value: BString) {
        self.place.set_variable(name, value);
    }

    /// The users of the image.
    pub(super) fn users(&mut self) -> Rc<Users> {
        if let Some(users) = &self.users {
            return Rc::clone(users);
        }
        let text = |path: &str| {
            let mut bytes = Vec::new();
            // An image without the file has nobody.
            let _ = self.pour(path.as_bytes(), &mut |piece| {
                bytes.extend_from_slice(piece);
                bytes.len() < 1 << 20
            });
            bytes
        };
        let users = Rc::new(Users::read(&text("/etc/passwd"), &text("/etc/group")));
        self.users = Some(Rc::clone(&users));
        users
    }

    /// What `USER[:GROUP]` names.
    pub(super) fn owner(&mut self, text: &str) -> Result<(Option<u64>, Option<u64>), String> {
        self.users().owner(text)
    }

    /// The path from the root, without asking where links lead.
    pub(super) fn logical(&self, path: &[u8]) -> BString {
        tidy(&self.absolute(path))
    }

    fn absolute(&self, path: &[u8]) -> BString {
        path::join(&self.place.cwd, path)
    }

    /// What is directly below a directory, in order of the names.
    pub(super) fn entries(&mut self, directory: &Entry) -> Vec<Entry> {
        let names = self.list(&directory.path).unwrap_or_default();
        let entry = |name: BString| {
            let path = join(&directory.path, &name);
            let stat = self.stat(&path, false).ok()?;
            Some(Entry { path, stat, depth: directory.depth + 1 })
        };
        names.into_iter().filter_map(entry).collect()
    }

    /// A file and all below it, each directory before what is in it. `follow` is about the first alone.
    pub(super) fn walk(&mut self, path: &BString, follow: bool) -> Vec<Entry> {
        let Ok(stat) = self.stat(path, follow) else { return Vec::new() };
        let mut waiting = vec![Entry { path: path.clone(), stat, depth: 0 }];
        let mut met = Vec::new();
        while let Some(entry) = waiting.pop() {
            if entry.stat.is_directory() && entry.depth < limits::PATH_DEPTH {
                let mut below = self.entries(&entry);
                below.reverse();
                waiting.extend(below);
            }
            met.push(entry);
        }
        met
    }

    /// A file and all below it, each directory after what is in it.
    pub(super) fn walk_after(&mut self, path: &BString) -> Vec<Entry> {
        self.walk_after_depth(path, limits::PATH_DEPTH)
    }

    /// The same, not going deeper than this.
    pub(super) fn walk_after_depth(&mut self, path: &BString, deepest: usize) -> Vec<Entry> {
        let Ok(stat) = self.stat(path, false) else { return Vec::new() };
        let mut waiting = vec![Entry { path: path.clone(), stat, depth: 0 }];
        let mut met = Vec::new();
        // Backwards it is the other way round.
        while let Some(entry) = waiting.pop() {
            if entry.stat.is_directory() && entry.depth < deepest {
                waiting.extend(self.entries(&entry));
            }
            met.push(entry);
        }
        met.reverse();
        met
    }

    /// The paths that a pattern matches, in order.
    pub(super) fn glob(&mut self, wanted: &[u8]) -> Vec<BString> {
        let root: BString = if wanted.starts_with(b"/") { "/".into() } else { BString::default() };
        let mut found = vec![root];
        let parts: Vec<&[u8]> = wanted.split_str("/").filter(|part| !part.is_empty()).collect();
        for part in &parts {
            let mut next = Vec::new();
            for directory in &found {
                if !pattern::is_pattern(part) {
                    let path = join(directory, &pattern::literal(part));
                    if self.stat(&path, false).is_ok() {
                        next.push(path);
                    }
                    continue;
                }
                let here = BString::from(".");
                let names =
                    self.list(if directory.is_empty() { &here } else { directory }).unwrap_or_default();
                // A leading dot must be written.
                let shown = |name: &BString| !name.starts_with(b".") || part.starts_with(b".");
                let fits =
                    names.into_iter().filter(|name| shown(name) && pattern::matches(part, name, false));
                next.extend(fits.map(|name| join(directory, &name)));
            }
            found = next;
        }
        if wanted.ends_with(b"/") {
            found.retain(|path| self.stat(path, true).is_ok_and(|stat| stat.is_directory()));
            found.iter_mut().for_each(|path| path.push(b'/'));
        }
        found.retain(|path| !path.is_empty());
        found
    }

    /// Runs another command in the same place; what it prints comes in between.
    pub(super) fn run(&mut self, words: &[BString]) -> i32 {
        let Some((name, arguments)) = words.split_first() else { return 0 };
        if self.depth >= limits::SHELL_DEPTH {
            self.complain("sh", "commands are nested too deep");
            return 1;
        }
        let Some((_, _, command)) = super::commands::find_command(name) else {
            let name = name.as_bstr().to_string();
            self.complain("find", &format!("'{name}': No such file or directory"));
            return 127;
        };
        self.depth += 1;
        let status = command(self, arguments);
        self.depth -= 1;
        status
    }
}
