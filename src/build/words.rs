//! The words of an instruction's arguments, with variables put in (Dockerfile reference, "Environment replacement").

/// What a Dockerfile's words cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// A quote or brace that is not closed.
    #[error("unexpected end of statement while looking for matching {0}")]
    Unclosed(char),
    /// `${X:?message}` of a variable that is not set.
    #[error("{0}: {1}")]
    Unset(String, String),
    /// Another operator.
    #[error("unsupported modifier in ${{{0}}}")]
    Modifier(String),
    /// Nesting.
    #[error("variables are nested too deep")]
    Depth,
}

/// What variables stand for.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Splits at blanks outside of quotes; quotes and escapes stay.
pub fn split(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c.is_whitespace() && quote.is_none() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        word.push(c);
        match quote {
            _ if c == escape && quote != Some('\'') => word.extend(chars.next()),
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if open == c => quote = None,
            _ => {}
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A word with its quotes taken off and its variables put in.
///
/// # Errors
/// If a quote or brace is not closed, or a variable must be set and is not.
pub fn expand(word: &str, escape: char, variables: Variables) -> Result<String, WordError> {
    let mut expansion = Expansion { rest: word, escape, variables, depth: 0 };
    expansion.run()
}

/// The arguments of `ENV` and `LABEL`: `name=value …`, or one name and all that follows as its value.
///
/// # Errors
/// If a word has no `=`, or is no word.
pub fn pairs(body: &str, escape: char, variables: Variables) -> Result<Vec<(String, String)>, PairError> {
    let words = split(body, escape);
    let Some(first) = words.first() else { return Ok(Vec::new()) };
    if !first.contains('=') {
        let value = body.trim_start().strip_prefix(first.as_str()).unwrap_or_default().trim();
        if value.is_empty() {
            return Err(PairError::NoValue(first.clone()));
        }
        let name = expand(first, escape, variables)?;
        return Ok(vec![(name, expand(value, escape, variables)?)]);
    }
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').ok_or_else(|| PairError::NoEquals(word.clone()))?;
        if name.is_empty() {
            return Err(PairError::NoName);
        }
        Ok((expand(name, escape, variables)?, expand(value, escape, variables)?))
    };
    words.iter().map(pair).collect()
}

/// Why arguments are not names with values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// A name alone.
    #[error("{0} must have two arguments")]
    NoValue(String),
    /// A word that is no pair.
    #[error("syntax error - can't find = in {0:?}. Must be of the form: name=value")]
    NoEquals(String),
    /// No name before the `=`.
    #[error("names can not be blank")]
    NoName,
    /// A word that is none.
    #[error(transparent)]
    Word(#[from] WordError),
}

struct Expansion<'a> {
    rest: &'a str,
    escape: char,
    variables: Variables<'a>,
    depth: usize,
}

impl Expansion<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn run(&mut self) -> Result<String, WordError> {
        let mut out = String::new();
        let mut in_double = false;
        while let Some(c) = self.next() {
            match c {
                '\'' if !in_double => {
                    let end = self.rest.find('\'').ok_or(WordError::Unclosed('\''))?;
                    out.push_str(&self.rest[..end]);
                    self.rest = &self.rest[end + 1..];
                }
                '"' => in_double = !in_double,
                '$' => out.push_str(&self.variable()?),
                c if c == self.escape => match self.next() {
                    Some(next) if in_double && next != '"' && next != '$' && next != self.escape => {
                        out.push(c);
                        out.push(next);
                    }
                    Some(next) => out.push(next),
                    None => out.push(c),
                },
                c => out.push(c),
            }
        }
        if in_double { Err(WordError::Unclosed('"')) } else { Ok(out) }
    }

    fn variable(&mut self) -> Result<String, WordError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let value = |name: &str| (self.variables)(name);
        let Some(braced) = self.rest.strip_prefix('{') else {
            let len = match self.rest.chars().next() {
                Some(c) if c.is_ascii_digit() => 1,
                _ => self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len()),
            };
            let (name, rest) = self.rest.split_at(len);
            let value = if name.is_empty() { Some("$".into()) } else { value(name) };
            self.rest = rest;
            return Ok(value.unwrap_or_default());
        };
        let end = closing(braced, self.escape).ok_or(WordError::Unclosed('}'))?;
        let (body, rest) = (&braced[..end], &braced[end + 1..]);
        self.rest = rest;
        let len = body.find(|c| !is_name(c)).unwrap_or(body.len());
        let (name, modifier) = body.split_at(len);
        let value = value(name);
        if name.is_empty() {
            return Err(WordError::Modifier(body.to_owned()));
        }
        if modifier.is_empty() {
            return Ok(value.unwrap_or_default());
        }
        let colon = modifier.starts_with(':');
        let set = value.filter(|value| !colon || !value.is_empty());
        let mut operator = modifier.strip_prefix(':').unwrap_or(modifier).chars();
        let kind = operator.next();
        if self.depth >= crate::limits::SHELL_DEPTH {
            return Err(WordError::Depth);
        }
        let mut inner = Expansion {
            rest: operator.as_str(),
            escape: self.escape,
            variables: self.variables,
            depth: self.depth + 1,
        };
        match (kind, set) {
            (Some('-'), Some(value)) | (Some('?'), Some(value)) => Ok(value),
            (Some('-'), None) | (Some('+'), Some(_)) => inner.run(),
            (Some('+'), None) => Ok(String::new()),
            (Some('?'), None) => Err(WordError::Unset(name.to_owned(), inner.run()?)),
            _ => Err(WordError::Modifier(body.to_owned())),
        }
    }
}

/// Where the brace is closed that stands before the text.
fn closing(text: &str, escape: char) -> Option<usize> {
    let mut depth = 1_usize;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == escape => _ = chars.next(),
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str) -> Option<String> {
        match name {
            "A" => Some("a b".into()),
            "E" => Some(String::new()),
            "X1" => Some("x".into()),
            _ => None,
        }
    }

    #[test]
    fn words_with_variables() {
        for (word, expected) in [
            ("$A/c", "a b/c"),
            ("${A}c$", "a bc$"),
            ("$X1$NONE.", "x."),
            ("${NONE:-d$A}", "da b"),
            ("${NONE-d}${E-e}${E:-f}", "df"),
            ("${A:+set}${E:+x}${NONE:+y}", "set"),
            ("${NONE:-${E:-z}}", "z"),
            ("\\$A \\${A}", "$A ${A}"),
            ("'$A'\"$A\"", "$Aa b"),
            ("\"a\\\"b\\n\"", "a\"b\\n"),
            ("a\\ b", "a b"),
        ] {
            assert_eq!(expand(word, '\\', &variables).unwrap(), expected, "{word}");
        }
        assert_eq!(expand("c:\\x`$A", '`', &variables).unwrap(), "c:\\x$A");
        for (word, message) in [
            ("\"a", "looking for matching \""),
            ("'a", "looking for matching '"),
            ("${A", "looking for matching }"),
            ("${NONE:?must be}", "NONE: must be"),
            ("${A/x/y}", "unsupported modifier in ${A/x/y}"),
            (&format!("{}{}", "${N:-".repeat(50), "}".repeat(50)), "too deep"),
        ] {
            let error = expand(word, '\\', &variables).unwrap_err().to_string();
            assert!(error.contains(message), "{word}: {error}");
        }
    }

    #[test]
    fn names_with_values() {
        let read = |body| pairs(body, '\\', &variables);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read("a=1 b=\"x y\" c=$A d= e=f\\ g").unwrap(),
            [pair("a", "1"), pair("b", "x y"), pair("c", "a b"), pair("d", ""), pair("e", "f g")]
        );
        assert_eq!(read("name all of  $X1").unwrap(), [pair("name", "all of  x")]);
        assert!(matches!(read("a=1 b"), Err(PairError::NoEquals(_))));
        assert!(matches!(read("a"), Err(PairError::NoValue(_))));
        assert!(matches!(read("=a"), Err(PairError::NoName)));
        assert_eq!(split("a 'b c' \"d\\\" e\"  f", '\\'), ["a", "'b c'", "\"d\\\" e\"", "f"]);
    }
}
