//! `find`.

use bstr::{BStr, BString, ByteSlice};

use super::super::{
    context::{Context, Entry, Kind},
    human, pattern,
};
use crate::{limits, shell::quote};

/// What is asked of each file.
enum Test {
    Name(BString, bool),
    Path(BString, bool),
    LinkName(BString),
    Type(Vec<u8>),
    /// In units of so many bytes, rounded up.
    Size(Compare, u64),
    Perm(u32, u8),
    Uid(Compare),
    Gid(Compare),
    User(String),
    Group(String),
    Links(Compare),
    Inode(Compare),
    Newer((i64, u32)),
    /// Days since the last change.
    Mtime(Compare),
    Empty,
    True,
    False,
    Print(u8),
    PrintFormat(BString),
    List,
    Delete,
    Prune,
    Exec(Vec<BString>),
    Not(Box<Test>),
    And(Vec<Test>),
    Or(Vec<Test>),
}

/// `+N`, `-N` or `N`.
#[derive(Clone, Copy)]
enum Compare {
    More(u64),
    Less(u64),
    Equal(u64),
}

impl Compare {
    fn read(text: &BStr) -> Option<Self> {
        let number = |text: &[u8]| super::stat::number(BStr::new(text));
        match text.first()? {
            b'+' => number(&text[1..]).map(Self::More),
            b'-' => number(&text[1..]).map(Self::Less),
            _ => number(text).map(Self::Equal),
        }
    }

    fn holds(self, value: u64) -> bool {
        match self {
            Self::More(than) => value > than,
            Self::Less(than) => value < than,
            Self::Equal(to) => value == to,
        }
    }
}

#[derive(Default)]
struct Find {
    deepest: Option<usize>,
    least: usize,
    /// Directories come after what is in them.
    depth_first: bool,
    follow: bool,
    /// Something is done to each file, so that it is not printed besides.
    acts: bool,
}

pub(super) fn find(context: &mut Context, given: &[BString]) -> i32 {
    let mut find = Find::default();
    let mut rest = given;
    while let [option, after @ ..] = rest
        && (option == "-L" || option == "-P" || option == "-H")
    {
        find.follow = option == "-L";
        rest = after;
    }
    let is_expression =
        |word: &BString| (word.starts_with(b"-") && word.len() > 1) || word == "(" || word == "!";
    let paths = rest.iter().take_while(|word| !is_expression(word)).count();
    let (paths, words) = rest.split_at(paths);
    let here = [BString::from(".")];
    let paths = if paths.is_empty() { &here[..] } else { paths };

    let mut reader = Reader { words, at: 0, find: &mut find, context };
    let test = match reader.either(0).and_then(|test| reader.finish().map(|()| test)) {
        Ok(test) => test,
        Err(message) => {
            context.complain("find", &message);
            return 1;
        }
    };
    let mut status = 0;
    for path in paths {
        let root = match context.target(path, find.follow) {
            Ok(stat) => Entry { path: path.clone(), stat, depth: 0 },
            Err(error) => {
                context.complain("find", &format!("{}: {error}", quote(path)));
                status = 1;
                continue;
            }
        };
        status = status.max(find.tree(context, root, &test));
    }
    status
}

/// What a test made of a file.
struct Outcome {
    prune: bool,
    status: i32,
}

impl Find {
    fn tree(&self, context: &mut Context, root: Entry, test: &Test) -> i32 {
        let mut outcome = Outcome { prune: false, status: 0 };
        if self.depth_first {
            // Every directory after what is in it: the walk backwards, but names in order.
            let mut entries = context.walk_after(&root.path);
            entries.retain(|entry| {
                entry.depth >= self.least && self.deepest.is_none_or(|deepest| entry.depth <= deepest)
            });
            for entry in entries {
                self.visit(context, &entry, test, &mut outcome);
            }
            return outcome.status;
        }
        let mut waiting = vec![root];
        while let Some(entry) = waiting.pop() {
            outcome.prune = false;
            if entry.depth >= self.least {
                self.visit(context, &entry, test, &mut outcome);
            }
            let goes_on = entry.stat.is_directory()
                && !outcome.prune
                && self.deepest.is_none_or(|deepest| entry.depth < deepest)
                && entry.depth < limits::PATH_DEPTH;
            if goes_on {
                let mut below = context.entries(&entry);
                below.reverse();
                waiting.extend(below);
            }
            if context.is_full() {
                return 1;
            }
        }
        outcome.status
    }

    fn visit(&self, context: &mut Context, entry: &Entry, test: &Test, outcome: &mut Outcome) {
        if holds(context, entry, test, outcome) && !self.acts {
            context.print(&[entry.path.as_slice(), b"\n"].concat());
        }
    }
}

fn holds(context: &mut Context, entry: &Entry, test: &Test, outcome: &mut Outcome) -> bool {
    let stat = &entry.stat;
    match test {
        Test::Name(wanted, ignore_case) => {
            let path = entry.path.trim_end_with(|c| c == '/');
            let name = path.rsplit_once_str("/").map_or(path, |(_, name)| name);
            pattern::matches(wanted, if path.is_empty() { b"/" } else { name }, *ignore_case)
        }
        Test::Path(wanted, ignore_case) => pattern::matches(wanted, &entry.path, *ignore_case),
        Test::LinkName(wanted) => {
            stat.kind == Kind::Symlink
                && context.read_link(&entry.path).is_ok_and(|target| pattern::matches(wanted, &target, false))
        }
        Test::Type(letters) => letters.contains(&match stat.kind {
            Kind::File => b'f',
            kind => kind.letter() as u8,
        }),
        Test::Size(compare, unit) => compare.holds(stat.size.div_ceil(*unit)),
        Test::Perm(bits, b'-') => stat.mode & bits == *bits,
        Test::Perm(bits, b'/') => *bits == 0 || stat.mode & bits != 0,
        Test::Perm(bits, _) => stat.mode == *bits,
        Test::Uid(compare) => compare.holds(stat.uid),
        Test::Gid(compare) => compare.holds(stat.gid),
        Test::User(name) => context.users().user(name).is_some_and(|user| user.0 == stat.uid),
        Test::Group(name) => context.users().group(name).is_some_and(|group| group == stat.gid),
        Test::Links(compare) => compare.holds(u64::from(stat.links)),
        Test::Inode(compare) => compare.holds(stat.inode),
        Test::Newer(than) => stat.mtime > *than,
        Test::Mtime(compare) => {
            compare.holds(u64::try_from((context.now - stat.mtime.0) / 86_400).unwrap_or_default())
        }
        Test::Empty => match stat.kind {
            Kind::File => stat.size == 0,
            Kind::Directory => context.list(&entry.path).is_ok_and(|names| names.is_empty()),
            _ => false,
        },
        Test::True => true,
        Test::False => false,
        Test::Print(end) => {
            context.print(&[entry.path.as_slice(), &[*end]].concat());
            true
        }
        Test::PrintFormat(format) => {
            let text = printf(context, format, entry);
            context.print(&text);
            true
        }
        Test::List => {
            let users = context.users();
            let mut line = format!(
                "{:>9} {:>6} {} {:>3} {:<8} {:<8} {:>8} {} ",
                stat.inode,
                stat.blocks() / 2,
                human::mode(stat.kind.letter(), stat.mode),
                stat.links,
                users.user_name(stat.uid),
                users.group_name(stat.gid),
                stat.size,
                human::ls_time(stat.mtime.0, context.now),
            )
            .into_bytes();
            line.extend_from_slice(&entry.path);
            line.push(b'\n');
            context.print(&line);
            true
        }
        Test::Delete => {
            if entry.path == "." {
                return true;
            }
            match context.remove(&entry.path, stat.is_directory()) {
                Ok(()) => true,
                Err(error) => {
                    context.complain("find", &format!("cannot delete {}: {error}", quote(&entry.path)));
                    outcome.status = 1;
                    false
                }
            }
        }
        Test::Prune => {
            outcome.prune = true;
            true
        }
        Test::Exec(command) => {
            let words: Vec<BString> =
                command.iter().map(|word| word.replace("{}", &entry.path).into()).collect();
            context.run(&words) == 0
        }
        Test::Not(test) => !holds(context, entry, test, outcome),
        Test::And(tests) => tests.iter().all(|test| holds(context, entry, test, outcome)),
        Test::Or(tests) => tests.iter().any(|test| holds(context, entry, test, outcome)),
    }
}

/// The directives of `-printf` that have a meaning here.
fn printf(context: &mut Context, format: &BString, entry: &Entry) -> Vec<u8> {
    let (format, _) = super::text::unescape(format);
    let mut out = Vec::new();
    let mut bytes = format.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let stat = &entry.stat;
        let (parent, name) = entry.path.rsplit_once_str("/").unwrap_or((b".", &entry.path));
        match bytes.next().copied().unwrap_or(b'%') {
            b'p' => out.extend_from_slice(&entry.path),
            b'f' => out.extend_from_slice(name),
            b'h' => out.extend_from_slice(parent),
            b'y' => out.push(if stat.kind == Kind::File { b'f' } else { stat.kind.letter() as u8 }),
            b'l' if stat.kind == Kind::Symlink => {
                out.extend_from_slice(&context.read_link(&entry.path).unwrap_or_default());
            }
            b'l' => {}
            b'd' => out.extend_from_slice(entry.depth.to_string().as_bytes()),
            b'm' => out.extend_from_slice(format!("{:o}", stat.mode).as_bytes()),
            b'M' => out.extend_from_slice(human::mode(stat.kind.letter(), stat.mode).as_bytes()),
            b'n' => out.extend_from_slice(stat.links.to_string().as_bytes()),
            b'T' => {
                bytes.next();
                out.extend_from_slice(format!("{}.{:09}0", stat.mtime.0, stat.mtime.1).as_bytes());
            }
            b'P' => {
                let mut parts: Vec<&[u8]> =
                    entry.path.rsplit(|&byte| byte == b'/').take(entry.depth).collect();
                parts.reverse();
                out.extend_from_slice(&parts.join(&b'/'));
            }
            directive @ (b's' | b'U' | b'G' | b'u' | b'g' | b'i' | b'b') => {
                let directive = match directive {
                    b'U' => b'u',
                    b'G' => b'g',
                    b'u' => b'U',
                    b'g' => b'G',
                    other => other,
                };
                let format = [b'%', directive];
                let text = super::stat::formatted(context, BStr::new(&format), &entry.path, stat);
                out.extend_from_slice(&text);
            }
            b'%' => out.push(b'%'),
            other => out.extend_from_slice(&[b'%', other]),
        }
    }
    out
}

struct Reader<'w, 'a, 'c> {
    words: &'w [BString],
    at: usize,
    find: &'a mut Find,
    context: &'a mut Context<'c>,
}

impl Reader<'_, '_, '_> {
    fn peek(&self) -> Option<&BString> {
        self.words.get(self.at)
    }

    fn eat(&mut self, options: &[&str]) -> bool {
        let found = self.peek().is_some_and(|word| options.iter().any(|option| word == option));
        self.at += usize::from(found);
        found
    }

    fn finish(&self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(word) if word == ")" => Err("invalid expression; you have too many ')'".into()),
            Some(word) => Err(format!("paths must precede expression: {}", quote(word))),
        }
    }

    fn either(&mut self, depth: usize) -> Result<Test, String> {
        if depth > limits::SHELL_DEPTH {
            return Err("the expression is nested too deep".into());
        }
        let mut tests = vec![self.all(depth)?];
        while self.eat(&["-o", "-or"]) {
            tests.push(self.all(depth)?);
        }
        Ok(if tests.len() == 1 { tests.remove(0) } else { Test::Or(tests) })
    }

    fn all(&mut self, depth: usize) -> Result<Test, String> {
        let mut tests = Vec::new();
        while let Some(word) = self.peek() {
            if word == ")" || word == "-o" || word == "-or" {
                break;
            }
            if tests.is_empty() || !self.eat(&["-a", "-and"]) {
                tests.push(self.one(depth)?);
            }
        }
        Ok(Test::And(tests))
    }

    fn one(&mut self, depth: usize) -> Result<Test, String> {
        let mut negated = false;
        while self.eat(&["!", "-not"]) {
            negated = !negated;
        }
        let test = if self.eat(&["("]) {
            let test = self.either(depth + 1)?;
            if !self.eat(&[")"]) {
                return Err(
                    "invalid expression; I was expecting to find a ')' somewhere but did not see one.".into(),
                );
            }
            test
        } else {
            self.primary()?
        };
        Ok(if negated { Test::Not(test.into()) } else { test })
    }

    fn primary(&mut self) -> Result<Test, String> {
        let Some(word) = self.peek().cloned() else { return Err("expected an expression".into()) };
        self.at += 1;
        let name = word.to_str_lossy().into_owned();
        let simple = match name.as_str() {
            "-empty" => Some(Test::Empty),
            "-true" => Some(Test::True),
            "-false" => Some(Test::False),
            "-print" => Some(Test::Print(b'\n')),
            "-print0" => Some(Test::Print(0)),
            "-ls" => Some(Test::List),
            "-delete" => {
                self.find.depth_first = true;
                Some(Test::Delete)
            }
            "-prune" => Some(Test::Prune),
            "-depth" => {
                self.find.depth_first = true;
                Some(Test::True)
            }
            "-xdev" | "-mount" | "-noleaf" => Some(Test::True),
            _ => None,
        };
        self.find.acts |=
            matches!(name.as_str(), "-print" | "-print0" | "-ls" | "-delete" | "-exec" | "-printf");
        if let Some(test) = simple {
            return Ok(test);
        }
        if name == "-exec" {
            let end = self.words[self.at..].iter().position(|word| word == ";" || word == "+");
            let end = end.ok_or("missing argument to '-exec'")?;
            let command = self.words[self.at..self.at + end].to_vec();
            self.at += end + 1;
            return Ok(Test::Exec(command));
        }
        const WITH_VALUE: [&str; 20] = [
            "-name",
            "-iname",
            "-path",
            "-wholename",
            "-ipath",
            "-lname",
            "-type",
            "-maxdepth",
            "-mindepth",
            "-size",
            "-perm",
            "-uid",
            "-gid",
            "-user",
            "-group",
            "-links",
            "-inum",
            "-newer",
            "-mtime",
            "-printf",
        ];
        if !WITH_VALUE.contains(&name.as_str()) {
            return Err(format!("unknown predicate '{name}'"));
        }
        let value = self.peek().cloned().ok_or_else(|| format!("missing argument to '{name}'"))?;
        self.at += 1;
        let invalid = || format!("invalid argument {} to '{name}'", quote(&value));
        let compare = || Compare::read(value.as_bstr()).ok_or_else(invalid);
        Ok(match name.as_str() {
            "-name" => Test::Name(value, false),
            "-iname" => Test::Name(value, true),
            "-path" | "-wholename" => Test::Path(value, false),
            "-ipath" => Test::Path(value, true),
            "-lname" => Test::LinkName(value),
            "-printf" => Test::PrintFormat(value),
            "-type" => {
                let letters: Vec<u8> = value.iter().copied().filter(|&byte| byte != b',').collect();
                match letters.iter().find(|letter| !b"fdlbcps".contains(letter)) {
                    Some(letter) => return Err(format!("Unknown argument to -type: {}", *letter as char)),
                    None => Test::Type(letters),
                }
            }
            "-maxdepth" | "-mindepth" => {
                let depth =
                    super::stat::number(value.as_bstr()).and_then(|depth| usize::try_from(depth).ok());
                let depth = depth.ok_or_else(|| {
                    format!(
                        "Expected a positive decimal integer argument to {name}, but got {}",
                        quote(&value)
                    )
                })?;
                if name == "-maxdepth" {
                    self.find.deepest = Some(depth)
                } else {
                    self.find.least = depth
                }
                Test::True
            }
            "-size" => {
                let (digits, unit) = match value.last() {
                    Some(b'c') => (&value[..value.len() - 1], 1),
                    Some(b'w') => (&value[..value.len() - 1], 2),
                    Some(b'b') => (&value[..value.len() - 1], 512),
                    Some(b'k') => (&value[..value.len() - 1], 1 << 10),
                    Some(b'M') => (&value[..value.len() - 1], 1 << 20),
                    Some(b'G') => (&value[..value.len() - 1], 1 << 30),
                    _ => (value.as_slice(), 512),
                };
                Test::Size(Compare::read(BStr::new(digits)).ok_or_else(invalid)?, unit)
            }
            "-perm" => {
                let (prefix, text) = match value.first() {
                    Some(&prefix @ (b'-' | b'/')) => (prefix, &value[1..]),
                    _ => (0, value.as_slice()),
                };
                let bits = super::attributes::Mode::read(text).map(|mode| mode.of(0, false));
                Test::Perm(bits.ok_or_else(|| format!("invalid mode {}", quote(&value)))?, prefix)
            }
            "-uid" => Test::Uid(compare()?),
            "-gid" => Test::Gid(compare()?),
            "-links" => Test::Links(compare()?),
            "-inum" => Test::Inode(compare()?),
            "-mtime" => Test::Mtime(compare()?),
            "-user" => Test::User(value.to_str_lossy().into_owned()),
            "-group" => Test::Group(value.to_str_lossy().into_owned()),
            _ => match self.context.stat(&value, true) {
                Ok(stat) => Test::Newer(stat.mtime),
                Err(error) => return Err(format!("{}: {error}", quote(&value))),
            },
        })
    }
}
