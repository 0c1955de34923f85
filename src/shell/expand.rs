//! Words become arguments: variables, output of commands, splitting, patterns (POSIX.1-2024, XCU 2.6 "Word Expansions").

use bstr::BString;

use super::parse::{Modifier, ParseError, Part, Variable, Word, parse_word};
use crate::limits;

/// What expansions ask for.
pub(super) trait Surroundings {
    /// The value of a variable, if it is set.
    fn variable(&self, name: &str) -> Option<BString>;
    /// What commands print.
    fn output(&mut self, script: &str) -> Result<Vec<u8>, ExpandError>;
    /// The paths that a pattern matches, in order; none if it matches nothing.
    fn paths(&mut self, pattern: &[u8]) -> Vec<BString>;
}

/// Why a word has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpandError {
    /// The word of `${NAME:-word}` is none.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// Expansions within expansions.
    #[error("expansions are nested more than {} deep", limits::SHELL_DEPTH)]
    Depth,
    /// The words come to too much.
    #[error("the words come to more than {} bytes", limits::SHELL_WORDS)]
    TooLong,
}

/// An argument in the making.
#[derive(Default)]
struct Field {
    text: Vec<u8>,
    /// The text with a backslash before what is quoted.
    pattern: Vec<u8>,
    is_pattern: bool,
}

impl Field {
    fn push(&mut self, byte: u8, quoted: bool) {
        self.text.push(byte);
        let special = matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\');
        if special && (quoted || byte == b'\\') {
            self.pattern.push(b'\\');
        }
        self.is_pattern |= !quoted && matches!(byte, b'*' | b'?' | b'[');
        self.pattern.push(byte);
    }
}

/// The arguments that words stand for.
pub(super) fn fields(words: &[Word], around: &mut dyn Surroundings) -> Result<Vec<BString>, ExpandError> {
    let mut arguments = Vec::new();
    let mut total = 0_usize;
    for word in words {
        let mut expansion = Expansion { fields: Vec::new(), open: None, size: 0, around };
        expansion.word(word, 0)?;
        let Expansion { mut fields, open, .. } = expansion;
        let before = arguments.len();
        fields.extend(open);
        for field in fields {
            let paths = if field.is_pattern { around.paths(&field.pattern) } else { Vec::new() };
            if paths.is_empty() {
                arguments.push(BString::from(field.text));
            } else {
                arguments.extend(paths);
            }
        }
        let added = arguments[before..].iter().map(|argument| argument.len()).sum();
        total = total.saturating_add(added);
        if total > limits::SHELL_WORDS {
            return Err(ExpandError::TooLong);
        }
    }
    Ok(arguments)
}

/// The text that a word stands for where nothing is split and nothing is a pattern: in assignments.
pub(super) fn text(word: &Word, around: &mut dyn Surroundings) -> Result<BString, ExpandError> {
    let quoted = word.iter().cloned().map(|part| match part {
        Part::Text(text) => Part::Quoted(text),
        Part::Variable(variable) => Part::Variable(Variable { quoted: true, ..variable }),
        Part::Output { script, .. } => Part::Output { script, quoted: true },
        Part::Quoted(text) => Part::Quoted(text),
    });
    let mut expansion = Expansion { fields: Vec::new(), open: None, size: 0, around };
    expansion.word(&quoted.collect(), 0)?;
    Ok(expansion.open.unwrap_or_default().text.into())
}

struct Expansion<'a> {
    fields: Vec<Field>,
    /// The argument that is not yet at its end.
    open: Option<Field>,
    size: usize,
    around: &'a mut dyn Surroundings,
}

impl Expansion<'_> {
    fn word(&mut self, word: &Word, depth: usize) -> Result<(), ExpandError> {
        if depth > limits::SHELL_DEPTH {
            return Err(ExpandError::Depth);
        }
        for part in word {
            match part {
                Part::Text(text) => {
                    let home = text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
                    if let (None, Some(rest), 0) = (&self.open, home, depth) {
                        let home = self.around.variable("HOME").unwrap_or_else(|| "/root".into());
                        self.push(&home, true)?;
                        self.push(rest.as_bytes(), false)?;
                    } else {
                        // What stands for a variable is split as its value is.
                        self.literal(text, depth)?;
                    }
                }
                Part::Quoted(text) => self.push(text.as_bytes(), true)?,
                Part::Variable(variable) => self.variable(variable, depth)?,
                Part::Output { script, quoted } => {
                    let mut output = self.around.output(script)?;
                    while output.last() == Some(&b'\n') {
                        output.pop();
                    }
                    self.value(&output, *quoted)?;
                }
            }
        }
        Ok(())
    }

    fn variable(&mut self, variable: &Variable, depth: usize) -> Result<(), ExpandError> {
        let value = self.around.variable(&variable.name);
        let counts = |colon: bool| value.as_ref().filter(|value| !colon || !value.is_empty());
        let word = match &variable.modifier {
            Modifier::Default { word, colon } if counts(*colon).is_none() => Some(word),
            Modifier::Alternative { word, colon } => {
                let set = counts(*colon).is_some();
                if !set {
                    return self.value(b"", variable.quoted);
                }
                Some(word)
            }
            _ => None,
        };
        match word {
            Some(word) => {
                let word = parse_word(word, variable.quoted)?;
                self.word(&word, depth + 1)
            }
            None => self.value(&value.unwrap_or_default(), variable.quoted),
        }
    }

    fn literal(&mut self, text: &str, depth: usize) -> Result<(), ExpandError> {
        if depth == 0 { self.push(text.as_bytes(), false) } else { self.value(text.as_bytes(), false) }
    }

    /// The value of an expansion: split at blanks unless it is quoted.
    fn value(&mut self, value: &[u8], quoted: bool) -> Result<(), ExpandError> {
        if quoted {
            return self.push(value, true);
        }
        for &byte in value {
            if byte.is_ascii_whitespace() {
                self.fields.extend(self.open.take());
            } else {
                self.push(&[byte], false)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, text: &[u8], quoted: bool) -> Result<(), ExpandError> {
        self.size = self.size.saturating_add(text.len());
        if self.size > limits::SHELL_WORDS {
            return Err(ExpandError::TooLong);
        }
        let field = self.open.get_or_insert_default();
        text.iter().for_each(|&byte| field.push(byte, quoted));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::parse::parse, *};

    struct Fixed;

    impl Surroundings for Fixed {
        fn variable(&self, name: &str) -> Option<BString> {
            match name {
                "A" => Some("one  two".into()),
                "STAR" => Some("*".into()),
                "EMPTY" => Some("".into()),
                "HOME" => Some("/home/me".into()),
                _ => None,
            }
        }

        fn output(&mut self, script: &str) -> Result<Vec<u8>, ExpandError> {
            Ok(format!("<{script}>\nb\n\n").into_bytes())
        }

        fn paths(&mut self, pattern: &[u8]) -> Vec<BString> {
            if pattern == b"*" || pattern == b"\\**" { vec!["x".into(), "y z".into()] } else { Vec::new() }
        }
    }

    fn expand(line: &str) -> Vec<String> {
        let words = &parse(line).unwrap()[0].1.words;
        fields(words, &mut Fixed).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_not_quoted_is_split_and_matched() {
        assert_eq!(expand("echo $A"), ["echo", "one", "two"]);
        assert_eq!(expand("echo x$A\"$A\"y"), ["echo", "xone", "twoone  twoy"]);
        assert_eq!(expand("echo $NONE '' \"$NONE\" $EMPTY"), ["echo", "", ""]);
        assert_eq!(expand("echo * '*' \"*\" \\* a*"), ["echo", "x", "y z", "*", "*", "*", "a*"]);
        assert_eq!(expand("echo $STAR \"$STAR\" '*'*"), ["echo", "x", "y z", "*", "x", "y z"]);
        assert_eq!(expand("echo $(ls -q) \"$(ls)\""), ["echo", "<ls", "-q>", "b", "<ls>\nb"]);
    }

    #[test]
    fn what_stands_for_variables() {
        assert_eq!(
            expand("echo ${NONE:-a b} ${EMPTY:-c} ${EMPTY-c} ${A:+set} ${EMPTY:+x}"),
            ["echo", "a", "b", "c", "set"]
        );
        assert_eq!(expand("echo \"${NONE:-a  $A}\""), ["echo", "a  one  two"]);
        assert_eq!(expand("ls ~ ~/x a~ '~'"), ["ls", "/home/me", "/home/me/x", "a~", "~"]);
        let words = &parse("X=${A}*").unwrap()[0].1.assignments;
        assert_eq!(text(&words[0].1, &mut Fixed).unwrap(), "one  two*");
    }

    #[test]
    fn depth_is_limited() {
        let deep = format!("echo {}{}", "${N:-".repeat(100), "}".repeat(100));
        let words = &parse(&deep).unwrap()[0].1.words;
        assert_eq!(fields(words, &mut Fixed), Err(ExpandError::Depth));
    }
}
