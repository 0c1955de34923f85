//! Reads a Dockerfile (Dockerfile reference, "Format", "Parser directives", "Escape").

use crate::{container::ShelfError, limits};

/// An instruction as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The line it begins at, from 1 on.
    pub line: usize,
    /// Its keyword in capitals.
    pub keyword: Keyword,
    /// Options before its arguments, `--from=x`: name and value; the value is empty where there is no `=`.
    pub flags: Vec<(String, String)>,
    /// Its arguments with the lines joined.
    pub body: String,
    /// Its arguments, if they stand in the JSON form.
    pub json: Option<Vec<String>>,
}

/// Which instruction it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the keyword of the Dockerfile reference")]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
}

const KEYWORDS: [(&str, Keyword); 18] = [
    ("ADD", Keyword::Add),
    ("ARG", Keyword::Arg),
    ("CMD", Keyword::Cmd),
    ("COPY", Keyword::Copy),
    ("ENTRYPOINT", Keyword::Entrypoint),
    ("ENV", Keyword::Env),
    ("EXPOSE", Keyword::Expose),
    ("FROM", Keyword::From),
    ("HEALTHCHECK", Keyword::Healthcheck),
    ("LABEL", Keyword::Label),
    ("MAINTAINER", Keyword::Maintainer),
    ("ONBUILD", Keyword::Onbuild),
    ("RUN", Keyword::Run),
    ("SHELL", Keyword::Shell),
    ("STOPSIGNAL", Keyword::Stopsignal),
    ("USER", Keyword::User),
    ("VOLUME", Keyword::Volume),
    ("WORKDIR", Keyword::Workdir),
];

impl Keyword {
    /// The word.
    pub fn name(self) -> &'static str {
        KEYWORDS.iter().find(|(_, keyword)| *keyword == self).map_or("", |(name, _)| name)
    }

    fn read(word: &str) -> Option<Self> {
        KEYWORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, keyword)| *keyword)
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Problem {
    /// The line, from 1 on.
    pub line: usize,
    /// What.
    pub message: String,
    /// What kind of a problem, for those who say it in their own words.
    pub kind: ProblemKind,
}

/// What is wrong most often.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ProblemKind {
    /// Something else: the message tells.
    #[default]
    Other,
    /// No instruction begins so.
    UnknownInstruction(String),
    /// The instruction needs an argument.
    NoArgument(String),
    /// The base image is not open.
    NotOpen(String),
    /// Nothing is there to be copied.
    NotFound(String),
    /// It would have to be fetched.
    Remote(String),
    /// A command failed with this status, and last said this.
    Failed {
        /// The command.
        command: String,
        /// Its status.
        status: i32,
        /// What it said.
        said: String,
    },
    /// The Dockerfile has more bytes than this.
    TooLong(u64),
    /// Something stands before the first `FROM`.
    NoStage,
    /// A here-document.
    HereDocument,
    /// An option that is not supported here.
    Flag {
        /// The instruction.
        instruction: String,
        /// The option, without dashes.
        flag: String,
    },
    /// `--from` names no stage, and no image that is open.
    NoSource(String),
    /// A layer of the image is missing, damaged, or was not read to its end: its number, from 0.
    Layer(u32),
    /// More bytes are to be copied or committed than this.
    TooLarge(u64),
    /// A file that is to be copied cannot be read to its end.
    Unreadable,
    /// The reader has ended the build.
    Interrupted,
    /// `USER` has no say in whom the files of `RUN` belong to.
    OwnedByRoot,
}

impl Problem {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), kind: ProblemKind::Other }
    }

    /// The same, of a kind.
    pub(crate) fn of(self, kind: ProblemKind) -> Self {
        Self { kind, ..self }
    }
}

/// What is wrong, wherever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) kind: ProblemKind,
}

impl Trouble {
    pub(super) fn new(message: impl Into<String>, kind: ProblemKind) -> Self {
        Self { message: message.into(), kind }
    }

    /// The same at a line.
    pub(super) fn at(self, line: usize) -> Problem {
        Problem { line, message: self.message, kind: self.kind }
    }
}

impl From<String> for Trouble {
    fn from(message: String) -> Self {
        Self::new(message, ProblemKind::Other)
    }
}

impl From<&str> for Trouble {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl From<ShelfError> for Trouble {
    fn from(error: ShelfError) -> Self {
        let kind = match &error {
            ShelfError::Layer { layer, .. } => ProblemKind::Layer(*layer),
            ShelfError::TooLarge(_) => ProblemKind::TooLarge(limits::COMMIT),
            ShelfError::Failed(_) => ProblemKind::Unreadable,
            _ => ProblemKind::Other,
        };
        Self::new(error.to_string(), kind)
    }
}

/// A Dockerfile as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The character that joins lines, and takes the meaning of others: a backslash, or a backquote by `# escape=`.
    pub escape: char,
    /// Its instructions.
    pub instructions: Vec<Instruction>,
}

impl Dockerfile {
    /// Reads one.
    ///
    /// # Errors
    /// At the first line that is no instruction.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.len() > limits::DOCKERFILE {
            let message = format!("the Dockerfile is longer than {} bytes", limits::DOCKERFILE);
            return Err(Problem::new(1, message).of(ProblemKind::TooLong(limits::DOCKERFILE as u64)));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let escape = escape(text)?;
        let mut instructions = Vec::new();
        let mut lines = text.lines().zip(1..);
        while let Some((first, line)) = lines.next() {
            let trimmed = first.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let mut joined = String::new();
            let mut more = join(&mut joined, first.trim_start(), escape);
            while more && let Some((next, _)) = lines.next() {
                // Comments and empty lines may stand between.
                let trimmed = next.trim();
                if !trimmed.is_empty() && !trimmed.starts_with('#') {
                    more = join(&mut joined, next, escape);
                }
            }
            instructions.push(instruction(joined.trim(), line)?);
        }
        if instructions.is_empty() {
            return Err(Problem::new(1, "file with no instructions"));
        }
        Ok(Self { escape, instructions })
    }
}

/// The escape character that the directives state: comments of the form `# key=value` before anything else.
fn escape(text: &str) -> Result<char, Problem> {
    let mut seen = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let directive = line.trim().strip_prefix('#').and_then(|comment| comment.split_once('='));
        let Some((key, value)) = directive else { break };
        let key = key.trim().to_ascii_lowercase();
        if !["syntax", "escape", "check"].contains(&key.as_str()) {
            break;
        }
        if seen.contains(&key) {
            return Err(Problem::new(number, format!("only one {key} parser directive can be used")));
        }
        if key == "escape" {
            return match value.trim() {
                "\\" => Ok('\\'),
                "`" => Ok('`'),
                other => Err(Problem::new(
                    number,
                    format!("invalid escape token '{other}' does not match ` or \\"),
                )),
            };
        }
        seen.push(key);
    }
    Ok('\\')
}

/// Adds a line; says whether the next one belongs to it.
fn join(joined: &mut String, line: &str, escape: char) -> bool {
    let line = line.trim_end();
    let continued = line.strip_suffix(escape);
    joined.push_str(continued.unwrap_or(line));
    continued.is_some()
}

fn instruction(text: &str, line: usize) -> Result<Instruction, Problem> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let keyword = Keyword::read(word).ok_or_else(|| {
        let kind = ProblemKind::UnknownInstruction(word.to_owned());
        Problem::new(line, format!("unknown instruction: {word}")).of(kind)
    })?;
    let mut rest = rest.trim();
    let mut flags = Vec::new();
    let takes_flags =
        matches!(keyword, Keyword::Add | Keyword::Copy | Keyword::From | Keyword::Healthcheck | Keyword::Run);
    while takes_flags && rest.starts_with("--") {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (flag, after) = rest.split_at(end);
        let (name, value) = flag[2..].split_once('=').unwrap_or((&flag[2..], ""));
        let value = value.trim_matches('"');
        flags.push((name.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    if rest.is_empty() {
        let kind = ProblemKind::NoArgument(keyword.name().to_owned());
        return Err(Problem::new(line, format!("{} requires at least one argument", keyword.name())).of(kind));
    }
    let takes_json = matches!(
        keyword,
        Keyword::Add
            | Keyword::Cmd
            | Keyword::Copy
            | Keyword::Entrypoint
            | Keyword::Run
            | Keyword::Shell
            | Keyword::Volume
    );
    if matches!(keyword, Keyword::Add | Keyword::Copy | Keyword::Run) && has_heredoc(rest) {
        return Err(Problem::new(
            line,
            "here-documents (<<) are not supported here: write the text to a file and COPY it",
        )
        .of(ProblemKind::HereDocument));
    }
    let json = takes_json.then(|| serde_json::from_str(rest).ok()).flatten();
    Ok(Instruction { line, keyword, flags, body: rest.to_owned(), json })
}

/// Whether a word begins a here-document: `<<EOF`, `<<-"EOF"`.
fn has_heredoc(body: &str) -> bool {
    body.split_whitespace().any(|word| {
        let word = word.trim_start_matches(|c: char| c.is_ascii_digit());
        let delimiter = word.strip_prefix("<<").map(|word| word.trim_start_matches(['-', '"', '\'']));
        delimiter.is_some_and(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<(usize, &'static str, String)> {
        let file = Dockerfile::parse(text).unwrap();
        file.instructions.into_iter().map(|i| (i.line, i.keyword.name(), i.body)).collect()
    }

    #[test]
    fn lines_are_joined_and_comments_left_out() {
        let text =
            "# a comment\n\nfrom  x  as  y\nRUN a && \\\n  # within\n\n  b \\  \n  c\n  CMD [\"a\", \"b\"]\n";
        assert_eq!(
            parse(text),
            [
                (3, "FROM", "x  as  y".to_owned()),
                (4, "RUN", "a &&   b   c".to_owned()),
                (9, "CMD", "[\"a\", \"b\"]".to_owned()),
            ]
        );
        assert_eq!(parse("RUN echo 'x \\\n# not here' \\\n y"), [(1, "RUN", "echo 'x  y".to_owned())]);
    }

    #[test]
    fn the_escape_directive() {
        let text = "# syntax=docker/dockerfile:1\n# escape=`\nCOPY a `\n  c:\\\nUSER x";
        let file = Dockerfile::parse(text).unwrap();
        assert_eq!((file.escape, file.instructions[0].body.as_str()), ('`', "a   c:\\"));
        assert_eq!(Dockerfile::parse("\n# escape=`\nUSER x").unwrap().escape, '\\', "too late");
        assert!(
            Dockerfile::parse("# escape=x\nUSER x").unwrap_err().message.contains("invalid escape token")
        );
    }

    #[test]
    fn flags_and_json() {
        let file = Dockerfile::parse(
            "COPY --from=a --chown=1:2 --link x y\nENTRYPOINT [\"a\"]\nCMD [a]\nENV [\"x\"]=y",
        )
        .unwrap();
        let [copy, entrypoint, cmd, env] = file.instructions.as_slice() else { panic!() };
        let flag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(copy.flags, [flag("from", "a"), flag("chown", "1:2"), flag("link", "")]);
        assert_eq!(copy.body, "x y");
        assert_eq!(entrypoint.json, Some(vec!["a".to_owned()]));
        assert_eq!((&cmd.json, &env.json), (&None, &None));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, message) in [
            ("", 1, "no instructions"),
            ("FROM x\nRUNN y", 2, "unknown instruction: RUNN"),
            ("FROM x\n\nRUN", 3, "requires at least one argument"),
            ("FROM x\nRUN cat <<EOF\nx\nEOF", 2, "here-documents"),
            ("FROM x\nCOPY <<-\"END\" /y\nEND", 2, "here-documents"),
        ] {
            let problem = Dockerfile::parse(text).unwrap_err();
            assert_eq!(problem.line, line, "{text}");
            assert!(problem.message.contains(message), "{problem}");
        }
    }
}
