//! The shell's grammar: words, quotes, expansions, redirections and lists (POSIX.1-2024, XCU 2 "Shell Command Language").
//!
//! What is taken: simple commands with assignments before them, `;`, newlines, `&&`, `||`, comments, single and double quotes,
//! backslashes, `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}`, `$?`, `$(…)`, backquotes, `<`, `>`, `>>`, `2>`,
//! `2>>`, `2>&1` and `>&2`. All else of the language is refused by its name: a pipe must not look like a word.

use crate::limits;

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it stands.
    Text(String),
    /// Text within quotes or behind a backslash: it is neither split nor a pattern.
    Quoted(String),
    /// A variable.
    Variable(Variable),
    /// The output of commands, `$(…)`.
    Output {
        /// The commands.
        script: String,
        /// Whether it stands within double quotes: then it is not split.
        quoted: bool,
    },
}

/// `$NAME`, with what `${NAME:-word}` and its like say besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name, or `?`.
    pub name: String,
    /// What stands for it.
    pub modifier: Modifier,
    /// Whether it stands within double quotes: then it is not split.
    pub quoted: bool,
}

/// What stands for a variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modifier {
    /// The value, or nothing.
    None,
    /// This, if it is unset, or (with the colon) empty: `${X-word}`, `${X:-word}`.
    Default {
        /// The word as it stands.
        word: String,
        /// Whether an empty value counts as unset.
        colon: bool,
    },
    /// This, if it is set, or (with the colon) not empty: `${X+word}`, `${X:+word}`.
    Alternative {
        /// The word as it stands.
        word: String,
        /// Whether an empty value counts as unset.
        colon: bool,
    },
}

/// A word before its expansion.
pub type Word = Vec<Part>;

/// What a redirection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `<`
    Input,
    /// `>`
    Output,
    /// `>>`
    Append,
    /// `2>&1` or `>&2`: to where the other one goes.
    Duplicate,
}

/// A redirection of standard input, output or error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// 0, 1 or 2.
    pub descriptor: u8,
    /// What it does.
    pub direction: Direction,
    /// The file; empty for [`Direction::Duplicate`].
    pub target: Word,
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Assignments before its name.
    pub assignments: Vec<(String, Word)>,
    /// Its name and arguments.
    pub words: Vec<Word>,
    /// Its redirections, in order.
    pub redirections: Vec<Redirection>,
}

/// When a command of a list is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Whatever came before.
    Always,
    /// If what came before had status 0 (`&&`).
    Success,
    /// If it had not (`||`).
    Failure,
}

/// A list of commands.
pub type Script = Vec<(When, Command)>;

/// Why a line is no list of commands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A quote or bracket is not closed.
    #[error("unexpected end of line while looking for matching {0}")]
    Unclosed(&'static str),
    /// An operator where a command should be.
    #[error("syntax error near unexpected token '{0}'")]
    Unexpected(String),
    /// A part of the language that this shell has not.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The line is too long.
    #[error("the line is longer than {} bytes", limits::SHELL_LINE)]
    TooLong,
}

const NO_PIPE: &str = "no pipes here: '|' connects processes, and no process runs. Write to a file with > and read that, or use $(…)";
const NO_BACKGROUND: &str = "no background jobs here: '&' starts a process, and none runs";
const NO_GROUP: &str = "no ( ) here: a subshell is a process, and none runs";
const NO_HEREDOC: &str = "no here-documents here: use echo TEXT > FILE";
const NO_KEYWORD: &str = "no loops, conditions or functions here: only commands joined by ; && ||";
/// What begins a compound command (POSIX.1-2024, XCU 2.4 "Reserved Words").
const KEYWORDS: [&str; 8] = ["if", "for", "while", "until", "case", "{", "function", "select"];

/// Parses a line, or several.
///
/// # Errors
/// If it is not in the grammar, or is too long.
pub fn parse(line: &str) -> Result<Script, ParseError> {
    if line.len() > limits::SHELL_LINE {
        return Err(ParseError::TooLong);
    }
    let mut parser = Parser { rest: line };
    parser.script()
}

/// Parses text as one word, as within double quotes if `quoted`: the word of `${NAME:-word}`.
///
/// # Errors
/// If an expansion in it is not closed.
pub fn parse_word(text: &str, quoted: bool) -> Result<Word, ParseError> {
    let mut parser = Parser { rest: text };
    let mut word = Word::new();
    if quoted {
        parser.double_quoted(&mut word, false)?;
    } else {
        while !parser.rest.is_empty() {
            parser.part(&mut word, |_| false)?;
        }
    }
    Ok(word)
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Passes over blanks, joined lines and comments.
    fn skip_blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
            if self.rest.starts_with('#') {
                self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
            } else if !self.eat("\\\n") {
                return;
            }
        }
    }

    fn script(&mut self) -> Result<Script, ParseError> {
        let mut script = Script::new();
        let mut when = When::Always;
        loop {
            self.skip_blanks();
            if self.rest.is_empty() {
                break;
            }
            // Lines may be empty, and a list goes on in the next line after an operator.
            if self.eat("\n") {
                continue;
            }
            let command = self.command()?;
            if command == Command::default() {
                return Err(self.unexpected());
            }
            script.push((when, command));
            self.skip_blanks();
            when = if self.eat("&&") {
                When::Success
            } else if self.eat("||") {
                When::Failure
            } else if self.rest.is_empty() || self.eat(";") || self.eat("\n") {
                if self.rest.starts_with(';') {
                    return Err(self.unexpected());
                }
                When::Always
            } else {
                return Err(self.unexpected());
            };
        }
        if when == When::Always { Ok(script) } else { Err(ParseError::Unclosed("command")) }
    }

    /// What is wrong with the operator that stands here.
    fn unexpected(&self) -> ParseError {
        let unsupported = ParseError::Unsupported;
        match self.rest.as_bytes() {
            [b'|', b'|', ..] => ParseError::Unexpected("||".into()),
            [b'|', ..] => unsupported(NO_PIPE),
            [b'&', b'&', ..] => ParseError::Unexpected("&&".into()),
            [b'&', ..] => unsupported(NO_BACKGROUND),
            [b'(' | b')', ..] => unsupported(NO_GROUP),
            _ => ParseError::Unexpected(self.peek().map_or("newline".into(), String::from)),
        }
    }

    fn command(&mut self) -> Result<Command, ParseError> {
        let mut command = Command::default();
        loop {
            self.skip_blanks();
            if let Some(redirection) = self.redirection()? {
                command.redirections.push(redirection);
                continue;
            }
            let Some(c) = self.peek() else { break };
            if is_operator(c) {
                if c == '(' || (c == '&' && !self.rest.starts_with("&&")) {
                    return Err(self.unexpected());
                }
                break;
            }
            let assigned = command.words.is_empty().then(|| self.assignment()).flatten();
            let word = self.word()?;
            if let Some(name) = assigned {
                command.assignments.push((name, word));
                continue;
            }
            if let (true, [Part::Text(text)]) = (command.words.is_empty(), word.as_slice())
                && KEYWORDS.contains(&text.as_str())
            {
                return Err(ParseError::Unsupported(NO_KEYWORD));
            }
            command.words.push(word);
        }
        Ok(command)
    }

    /// Passes over `NAME=`, if that stands here.
    fn assignment(&mut self) -> Option<String> {
        let len = name_len(self.rest);
        let (name, rest) = self.rest.split_at(len);
        self.rest = rest.strip_prefix('=').filter(|_| len > 0)?;
        Some(name.to_owned())
    }

    fn redirection(&mut self) -> Result<Option<Redirection>, ParseError> {
        let (descriptor, operator) = match self.rest.as_bytes() {
            [digit @ b'0'..=b'2', b'<' | b'>', ..] => (Some(digit - b'0'), &self.rest[1..]),
            _ => (None, self.rest),
        };
        if operator.starts_with("<<") {
            return Err(ParseError::Unsupported(NO_HEREDOC));
        }
        let (direction, len) = if operator.starts_with(">>") {
            (Direction::Append, 2)
        } else if operator.starts_with(">&") {
            (Direction::Duplicate, 2)
        } else if operator.starts_with(">|") {
            (Direction::Output, 2)
        } else if operator.starts_with('>') {
            (Direction::Output, 1)
        } else if operator.starts_with('<') {
            (Direction::Input, 1)
        } else {
            return Ok(None);
        };
        self.rest = &operator[len..];
        let descriptor = descriptor.unwrap_or(u8::from(direction != Direction::Input));
        if direction == Direction::Duplicate {
            let other = if descriptor == 2 { "1" } else { "2" };
            if self.eat(other) {
                return Ok(Some(Redirection { descriptor, direction, target: Word::new() }));
            }
            return Err(ParseError::Unexpected(">&".into()));
        }
        self.skip_blanks();
        if self.peek().is_none_or(is_operator) {
            return Err(self.unexpected());
        }
        Ok(Some(Redirection { descriptor, direction, target: self.word()? }))
    }

    fn word(&mut self) -> Result<Word, ParseError> {
        let mut word = Word::new();
        let ends = |c: char| is_operator(c) || c == ' ' || c == '\t' || c == '\r' || c == '<' || c == '>';
        while self.peek().is_some_and(|c| !ends(c)) {
            self.part(&mut word, ends)?;
        }
        Ok(word)
    }

    /// Takes a quoted text, an expansion or text up to the next of these.
    fn part(&mut self, word: &mut Word, ends: impl Fn(char) -> bool) -> Result<(), ParseError> {
        match self.peek() {
            Some('\'') => {
                let body = &self.rest[1..];
                let end = body.find('\'').ok_or(ParseError::Unclosed("'"))?;
                word.push(Part::Quoted(body[..end].to_owned()));
                self.rest = &body[end + 1..];
            }
            Some('"') => {
                self.next();
                self.double_quoted(word, true)?;
            }
            Some('\\') => {
                self.next();
                match self.next() {
                    Some('\n') => {}
                    Some(c) => word.push(Part::Quoted(c.into())),
                    None => word.push(Part::Quoted("\\".into())),
                }
            }
            Some('$' | '`') => self.expansion(word, false)?,
            _ => {
                let special = |c: char| matches!(c, '\'' | '"' | '\\' | '$' | '`') || ends(c);
                let end = self.rest.find(special).unwrap_or(self.rest.len());
                word.push(Part::Text(self.rest[..end].to_owned()));
                self.rest = &self.rest[end..];
            }
        }
        Ok(())
    }

    /// Takes what follows a double quote, up to the next one, or to the end if none is to be looked for.
    fn double_quoted(&mut self, word: &mut Word, to_quote: bool) -> Result<(), ParseError> {
        // Even an empty pair makes a word.
        let mut text = String::new();
        word.push(Part::Quoted(String::new()));
        loop {
            match self.peek() {
                None if to_quote => return Err(ParseError::Unclosed("\"")),
                None => break,
                Some('"') if to_quote => {
                    self.next();
                    break;
                }
                Some('$' | '`') => {
                    word.push(Part::Quoted(std::mem::take(&mut text)));
                    self.expansion(word, true)?;
                }
                Some('\\') => {
                    self.next();
                    match self.peek() {
                        Some('\n') => _ = self.next(),
                        Some(c @ ('$' | '`' | '"' | '\\')) => {
                            self.next();
                            text.push(c);
                        }
                        _ => text.push('\\'),
                    }
                }
                Some(c) => {
                    self.next();
                    text.push(c);
                }
            }
        }
        word.push(Part::Quoted(text));
        word.retain(|part| !matches!(part, Part::Quoted(text) if text.is_empty()) || !to_quote);
        if word.is_empty() {
            word.push(Part::Quoted(String::new()));
        }
        Ok(())
    }

    fn expansion(&mut self, word: &mut Word, quoted: bool) -> Result<(), ParseError> {
        if self.eat("`") {
            let end = self.rest.find('`').ok_or(ParseError::Unclosed("`"))?;
            word.push(Part::Output { script: self.rest[..end].to_owned(), quoted });
            self.rest = &self.rest[end + 1..];
            return Ok(());
        }
        self.next();
        if self.rest.starts_with("((") {
            return Err(ParseError::Unsupported("no arithmetic here"));
        }
        if self.eat("(") {
            let end = closing(self.rest).ok_or(ParseError::Unclosed(")"))?;
            word.push(Part::Output { script: self.rest[..end].to_owned(), quoted });
            self.rest = &self.rest[end + 1..];
            return Ok(());
        }
        if self.eat("{") {
            let end = closing_brace(self.rest).ok_or(ParseError::Unclosed("}"))?;
            let body = &self.rest[..end];
            self.rest = &self.rest[end + 1..];
            word.push(Part::Variable(braced(body, quoted)?));
            return Ok(());
        }
        let len = if self.rest.starts_with('?') { 1 } else { name_len(self.rest) };
        if len == 0 {
            word.push(Part::Quoted("$".into()));
            return Ok(());
        }
        let name = self.rest[..len].to_owned();
        self.rest = &self.rest[len..];
        word.push(Part::Variable(Variable { name, modifier: Modifier::None, quoted }));
        Ok(())
    }
}

/// What stands between the braces of `${…}`.
pub(crate) fn braced(body: &str, quoted: bool) -> Result<Variable, ParseError> {
    let len = if body.starts_with('?') { 1 } else { name_len(body) };
    let (name, rest) = body.split_at(len);
    let colon = rest.starts_with(':');
    let operator = rest.strip_prefix(':').unwrap_or(rest);
    let modifier = if rest.is_empty() {
        Modifier::None
    } else if let Some(word) = operator.strip_prefix('-') {
        Modifier::Default { word: word.to_owned(), colon }
    } else if let Some(word) = operator.strip_prefix('+') {
        Modifier::Alternative { word: word.to_owned(), colon }
    } else {
        return Err(ParseError::Unsupported(
            "of ${NAME…} only ${NAME}, ${NAME:-word} and ${NAME:+word} are there",
        ));
    };
    if len == 0 {
        return Err(ParseError::Unexpected("${".into()));
    }
    Ok(Variable { name: name.to_owned(), modifier, quoted })
}

/// How long the variable name is that a text begins with.
pub(crate) fn name_len(text: &str) -> usize {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c| !is_name(c)).unwrap_or(text.len())
}

fn is_operator(c: char) -> bool {
    matches!(c, ';' | '&' | '|' | '\n' | '(' | ')')
}

/// Where the bracket is closed that stands before the text: quotes and further brackets are passed over.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') => _ = chars.next(),
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Where the brace is closed that stands before the text.
pub(crate) fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.into())
    }

    fn quoted(text: &str) -> Part {
        Part::Quoted(text.into())
    }

    fn words(line: &str) -> Vec<Word> {
        let script = parse(line).unwrap();
        assert_eq!(script.len(), 1, "{line}");
        script[0].1.words.clone()
    }

    #[test]
    fn words_and_quotes() {
        assert_eq!(words("ls  -la\t/etc"), [[text("ls")], [text("-la")], [text("/etc")]]);
        assert_eq!(
            words("a 'b c'\"d e\"f\\ g"),
            [vec![text("a")], vec![quoted("b c"), quoted("d e"), text("f"), quoted(" "), text("g")]]
        );
        assert_eq!(words("echo '' \"\""), [[text("echo")], [quoted("")], [quoted("")]]);
        assert_eq!(words(r#"echo "a\"\$b\n""#), [[text("echo")], [quoted(r#"a"$b\n"#)]]);
        assert_eq!(words("echo a#b # rest | & ("), [[text("echo")], [text("a#b")]]);
        assert_eq!(words("ls \\\n -l"), [[text("ls")], [text("-l")]]);
    }

    #[test]
    fn expansions() {
        let variable =
            |name: &str, modifier, quoted| Part::Variable(Variable { name: name.into(), modifier, quoted });
        assert_eq!(
            words("echo $A\"$B\"${C}d $?"),
            [
                vec![text("echo")],
                vec![
                    variable("A", Modifier::None, false),
                    variable("B", Modifier::None, true),
                    variable("C", Modifier::None, false),
                    text("d")
                ],
                vec![variable("?", Modifier::None, false)],
            ]
        );
        let default = Modifier::Default { word: "x ${B}".into(), colon: true };
        assert_eq!(words("echo ${A:-x ${B}}"), [vec![text("echo")], vec![variable("A", default, false)]]);
        let output = |script: &str, quoted| Part::Output { script: script.into(), quoted };
        assert_eq!(
            words("docker rm $(docker image ls -q) -f"),
            [
                vec![text("docker")],
                vec![text("rm")],
                vec![output("docker image ls -q", false)],
                vec![text("-f")],
            ]
        );
        assert_eq!(
            words("a \"$(echo ')' $(b))\" `c`"),
            [vec![text("a")], vec![output("echo ')' $(b)", true)], vec![output("c", false)]]
        );
        assert_eq!(words("echo $ 5$"), [vec![text("echo")], vec![quoted("$")], vec![text("5"), quoted("$")]]);
    }

    #[test]
    fn lists_redirections_and_assignments() {
        let script = parse("A=1 B= cmd x>f 2>>g<h && b || c;d\n\ne").unwrap();
        let when: Vec<_> = script.iter().map(|(when, _)| *when).collect();
        assert_eq!(when, [When::Always, When::Success, When::Failure, When::Always, When::Always]);
        let first = &script[0].1;
        assert_eq!(first.assignments, [("A".into(), vec![text("1")]), ("B".into(), vec![])]);
        assert_eq!(first.words, [[text("cmd")], [text("x")]]);
        let redirections: Vec<_> =
            first.redirections.iter().map(|r| (r.descriptor, r.direction, r.target.clone())).collect();
        assert_eq!(
            redirections,
            [
                (1, Direction::Output, vec![text("f")]),
                (2, Direction::Append, vec![text("g")]),
                (0, Direction::Input, vec![text("h")]),
            ]
        );
        assert_eq!(parse("a >&2").unwrap()[0].1.redirections[0].direction, Direction::Duplicate);
        assert_eq!(parse("> f").unwrap()[0].1.words, Vec::<Word>::new());
        assert_eq!(parse("a &&\n b").unwrap().len(), 2);
        assert_eq!(parse("  # nothing\n").unwrap(), []);
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (line, message) in [
            ("cat a | grep b", "no pipes here"),
            ("sleep 1 &", "no background jobs"),
            ("(a)", "no ( ) here"),
            ("cat << EOF", "no here-documents"),
            ("for x in a; do b; done", "no loops"),
            ("echo $((1+1))", "no arithmetic"),
            ("echo ${A%b}", "only ${NAME}"),
            ("echo 'a", "looking for matching '"),
            ("echo \"a", "looking for matching \""),
            ("echo $(a", "looking for matching )"),
            ("echo ${a", "looking for matching }"),
            ("a && ", "looking for matching command"),
            ("&& a", "unexpected token '&&'"),
            ("; a", "unexpected token ';'"),
            ("a ;; b", "unexpected token ';'"),
            ("echo >", "unexpected token 'newline'"),
            ("a )", "no ( ) here"),
        ] {
            let error = parse(line).expect_err(line).to_string();
            assert!(error.contains(message), "{line}: {error}");
        }
        assert_eq!(parse(&"a".repeat(limits::SHELL_LINE + 1)), Err(ParseError::TooLong));
    }
}
