//! Regular expressions for `grep`, over bytes, in time linear in the text (POSIX.1-2024, XBD 9 "Regular Expressions", with
//! GNU's `\w`, `\b` and the like). Back-references, which cannot be matched so, are refused.

use super::pattern::{self, Class};
use crate::limits;

/// How an expression is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `\(…\)`, `\{…\}`, `\|`, `\+`, `\?`: without `-E`.
    Basic,
    /// `(…)`, `{…}`, `|`, `+`, `?`: with `-E`.
    Extended,
    /// Text as it stands: with `-F`.
    Fixed,
}

/// Why an expression is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RegexError {
    #[error("Unmatched [, [^, [:, [., or [=")]
    Bracket,
    #[error("Unmatched ( or \\(")]
    Group,
    #[error("Unmatched ) or \\)")]
    GroupEnd,
    #[error("Invalid content of \\{{\\}}")]
    Interval,
    #[error("Trailing backslash")]
    Backslash,
    #[error("back-references are not supported here")]
    BackReference,
    #[error("Regular expression too big")]
    TooBig,
}

/// A step of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Byte(u8),
    /// Any byte.
    Any,
    /// A bracket expression.
    Class(Vec<u8>),
    /// A byte of a word, or (false) none.
    Word(bool),
    Space(bool),
    Start,
    End,
    /// At a word's edge, or (false) not.
    Edge(bool),
    WordStart,
    WordEnd,
    Split(usize, usize),
    Jump(usize),
    Match,
}

/// A regular expression, ready to be searched for.
pub(super) struct Regex {
    steps: Vec<Step>,
    ignore_case: bool,
}

/// What an expression is made of.
#[derive(Debug, Clone)]
enum Node {
    Step(Step),
    List(Vec<Node>),
    Either(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

/// Most steps that an expression may come to.
const STEPS: usize = 20_000;
/// Most repetitions that an interval may name (`RE_DUP_MAX`).
const REPEATS: u32 = 1_000;

impl Regex {
    /// Reads an expression.
    pub(super) fn new(text: &[u8], syntax: Syntax, ignore_case: bool) -> Result<Self, RegexError> {
        let node = if syntax == Syntax::Fixed {
            Node::List(text.iter().map(|&byte| Node::Step(Step::Byte(byte))).collect())
        } else {
            let mut reader = Reader { text, at: 0, extended: syntax == Syntax::Extended };
            let node = reader.either(0)?;
            if reader.at < text.len() {
                return Err(RegexError::GroupEnd);
            }
            node
        };
        let mut steps = Vec::new();
        emit(&node, &mut steps)?;
        steps.push(Step::Match);
        Ok(Self { steps, ignore_case })
    }

    /// The first and longest place in a line that matches, from `from` on.
    pub(super) fn find(&self, line: &[u8], from: usize) -> Option<(usize, usize)> {
        // Each thread: a step, and where its match began. The earliest beginning wins, then the latest end.
        let mut threads: Vec<(usize, usize)> = Vec::new();
        let mut next = Vec::new();
        let mut seen = vec![usize::MAX; self.steps.len()];
        let mut best: Option<(usize, usize)> = None;
        for at in from..=line.len() {
            let mut stack: Vec<(usize, usize)> = std::mem::take(&mut threads);
            if best.is_none() {
                stack.push((0, at));
            }
            next.clear();
            // Threads stand in the order of their beginnings: what was seen first began first.
            stack.reverse();
            while let Some((step, start)) = stack.pop() {
                if std::mem::replace(&mut seen[step], at) == at {
                    continue;
                }
                if best.is_some_and(|(best, _)| start > best) {
                    continue;
                }
                match &self.steps[step] {
                    Step::Match => {
                        if best.is_none_or(|best| start <= best.0) {
                            best = Some((start, at));
                        }
                    }
                    Step::Jump(to) => stack.push((*to, start)),
                    Step::Split(a, b) => {
                        stack.push((*b, start));
                        stack.push((*a, start));
                    }
                    assertion if assertion.is_at(line, at) => stack.push((step + 1, start)),
                    consuming => {
                        if line.get(at).is_some_and(|&byte| consuming.takes(byte, self.ignore_case)) {
                            next.push((step + 1, start));
                        }
                    }
                }
            }
            std::mem::swap(&mut threads, &mut next);
            if threads.is_empty() && best.is_some() {
                break;
            }
        }
        best
    }
}

impl Step {
    /// Whether it asserts something that holds at this place of the line.
    fn is_at(&self, line: &[u8], at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| line.get(at)).is_some_and(|&byte| is_word(byte));
        let after = line.get(at).is_some_and(|&byte| is_word(byte));
        match self {
            Self::Start => at == 0,
            Self::End => at == line.len(),
            Self::Edge(edge) => (before != after) == *edge,
            Self::WordStart => !before && after,
            Self::WordEnd => before && !after,
            _ => false,
        }
    }

    fn takes(&self, byte: u8, ignore_case: bool) -> bool {
        match self {
            Self::Byte(own) => *own == byte || (ignore_case && own.eq_ignore_ascii_case(&byte)),
            Self::Any => true,
            Self::Class(text) => {
                pattern::class(text).is_some_and(|class: Class| class.holds(byte, ignore_case))
            }
            Self::Word(yes) => is_word(byte) == *yes,
            Self::Space(yes) => byte.is_ascii_whitespace() == *yes,
            _ => false,
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    extended: bool,
}

impl Reader<'_> {
    /// Passes over an operator: by itself in extended, behind a backslash in basic expressions.
    fn operator(&mut self, operator: u8) -> bool {
        let found = match self.text.get(self.at..).unwrap_or_default() {
            [byte, ..] if self.extended => *byte == operator,
            [b'\\', byte, ..] if !self.extended => *byte == operator,
            _ => false,
        };
        if found {
            self.at += if self.extended { 1 } else { 2 };
        }
        found
    }

    fn either(&mut self, depth: usize) -> Result<Node, RegexError> {
        if depth > limits::SHELL_DEPTH {
            return Err(RegexError::TooBig);
        }
        let mut choices = vec![self.list(depth)?];
        while self.operator(b'|') {
            choices.push(self.list(depth)?);
        }
        Ok(if choices.len() == 1 { choices.remove(0) } else { Node::Either(choices) })
    }

    fn list(&mut self, depth: usize) -> Result<Node, RegexError> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            let before = self.at;
            if self.at >= self.text.len() {
                break;
            }
            if self.operator(b'|') || (depth > 0 && self.operator(b')')) {
                self.at = before;
                break;
            }
            if !self.extended && self.text[self.at..].starts_with(b"\\)") {
                return Err(RegexError::GroupEnd);
            }
            let item = self.item(items.is_empty(), depth)?;
            items.push(self.repeated(item)?);
        }
        Ok(Node::List(items))
    }

    fn item(&mut self, first: bool, depth: usize) -> Result<Node, RegexError> {
        if self.operator(b'(') {
            let node = self.either(depth + 1)?;
            return if self.operator(b')') { Ok(node) } else { Err(RegexError::Group) };
        }
        let byte = self.text[self.at];
        self.at += 1;
        let rest = &self.text[self.at..];
        let at_end =
            rest.is_empty() || (!self.extended && (rest.starts_with(b"\\)") || rest.starts_with(b"\\|")));
        Ok(Node::Step(match byte {
            b'.' => Step::Any,
            b'^' if self.extended || first => Step::Start,
            b'$' if self.extended || at_end => Step::End,
            b'[' => {
                let text = bracket(&self.text[self.at - 1..]).ok_or(RegexError::Bracket)?;
                self.at += text.len() - 1;
                // Here a backslash is itself.
                let escaped = text
                    .iter()
                    .flat_map(|&byte| std::iter::repeat_n(byte, if byte == b'\\' { 2 } else { 1 }));
                let escaped: Vec<u8> = escaped.collect();
                // And only `^` negates.
                Step::Class(if escaped.starts_with(b"[!") {
                    [b"[\\", &escaped[1..]].concat()
                } else {
                    escaped
                })
            }
            b'\\' => {
                let &escaped = rest.first().ok_or(RegexError::Backslash)?;
                self.at += 1;
                match escaped {
                    b'w' => Step::Word(true),
                    b'W' => Step::Word(false),
                    b's' => Step::Space(true),
                    b'S' => Step::Space(false),
                    b'b' => Step::Edge(true),
                    b'B' => Step::Edge(false),
                    b'<' => Step::WordStart,
                    b'>' => Step::WordEnd,
                    b'1'..=b'9' => return Err(RegexError::BackReference),
                    other => Step::Byte(other),
                }
            }
            other => Step::Byte(other),
        }))
    }

    /// An item with the repetitions that follow it.
    fn repeated(&mut self, mut item: Node) -> Result<Node, RegexError> {
        loop {
            // In a basic expression a star at the beginning, or behind an anchor, is itself: `item` took it then.
            let anchor = !self.extended && matches!(item, Node::Step(Step::Start));
            if self.text.get(self.at) == Some(&b'*') && !anchor {
                self.at += 1;
                item = Node::Repeat(item.into(), 0, None);
            } else if self.operator(b'+') {
                item = Node::Repeat(item.into(), 1, None);
            } else if self.operator(b'?') {
                item = Node::Repeat(item.into(), 0, Some(1));
            } else if self.operator(b'{') {
                let rest = &self.text[self.at..];
                let end: &[u8] = if self.extended { b"}" } else { b"\\}" };
                let len =
                    rest.windows(end.len()).position(|window| window == end).ok_or(RegexError::Interval)?;
                let body = std::str::from_utf8(&rest[..len]).map_err(|_| RegexError::Interval)?;
                self.at += len + end.len();
                let number = |text: &str| text.parse::<u32>().map_err(|_| RegexError::Interval);
                let (least, most) = match body.split_once(',') {
                    None => (number(body)?, Some(number(body)?)),
                    Some((least, "")) => (number(least)?, None),
                    Some(("", most)) => (0, Some(number(most)?)),
                    Some((least, most)) => (number(least)?, Some(number(most)?)),
                };
                if most.is_some_and(|most| most < least) || most.unwrap_or(least) > REPEATS {
                    return Err(RegexError::Interval);
                }
                item = Node::Repeat(item.into(), least, most);
            } else {
                return Ok(item);
            }
        }
    }
}

/// The bracket expression that a text begins with, in which a backslash is itself.
fn bracket(text: &[u8]) -> Option<&[u8]> {
    let start = if text.get(1) == Some(&b'^') { 2 } else { 1 };
    let mut end = start;
    loop {
        match text.get(end)? {
            b']' if end > start => return Some(&text[..=end]),
            b'[' if text.get(end + 1) == Some(&b':') => {
                end += text[end..].windows(2).position(|pair| pair == b":]")? + 2;
            }
            _ => end += 1,
        }
    }
}

fn emit(node: &Node, steps: &mut Vec<Step>) -> Result<(), RegexError> {
    if steps.len() > STEPS {
        return Err(RegexError::TooBig);
    }
    match node {
        Node::Step(step) => steps.push(step.clone()),
        Node::List(items) => items.iter().try_for_each(|item| emit(item, steps))?,
        Node::Either(choices) => {
            let mut jumps = Vec::new();
            for (i, choice) in choices.iter().enumerate() {
                let split = steps.len();
                let last = i + 1 == choices.len();
                if !last {
                    steps.push(Step::Split(split + 1, 0));
                }
                emit(choice, steps)?;
                if !last {
                    jumps.push(steps.len());
                    steps.push(Step::Jump(0));
                    steps[split] = Step::Split(split + 1, steps.len());
                }
            }
            let end = steps.len();
            jumps.into_iter().for_each(|jump| steps[jump] = Step::Jump(end));
        }
        Node::Repeat(item, least, most) => {
            for _ in 0..*least {
                emit(item, steps)?;
            }
            match most {
                None => {
                    let split = steps.len();
                    steps.push(Step::Match);
                    emit(item, steps)?;
                    steps.push(Step::Jump(split));
                    steps[split] = Step::Split(split + 1, steps.len());
                }
                Some(most) => {
                    let mut splits = Vec::new();
                    for _ in *least..*most {
                        splits.push(steps.len());
                        steps.push(Step::Match);
                        emit(item, steps)?;
                    }
                    let end = steps.len();
                    splits.into_iter().for_each(|split| steps[split] = Step::Split(split + 1, end));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, syntax: Syntax, line: &str) -> Option<(usize, usize)> {
        Regex::new(text.as_bytes(), syntax, false).unwrap().find(line.as_bytes(), 0)
    }

    #[test]
    fn the_first_and_longest_place_is_found() {
        for (text, line, expected) in [
            ("b", "abc", Some((1, 2))),
            ("b*", "abbb", Some((0, 0))),
            ("bb*", "abbb", Some((1, 4))),
            ("^a.c$", "abc", Some((0, 3))),
            ("^b", "ab", None),
            ("a|b", "a|b", Some((0, 3))),
            ("a\\|bc", "xbc", Some((1, 3))),
            ("\\(ab\\)\\{2\\}", "xabab", Some((1, 5))),
            ("*a", "*a", Some((0, 2))),
            ("a+", "aa+", Some((1, 3))),
            ("[0-9][0-9]*", "a 42", Some((2, 4))),
            ("[^a-z]", "ab1", Some((2, 3))),
            ("[[:upper:]]", "abC", Some((2, 3))),
            ("[\\n]", "x\\", Some((1, 2))),
            ("\\bcat\\b", "concat cat", Some((7, 10))),
            ("\\.", "a.b", Some((1, 2))),
            ("a$b", "a$b", Some((0, 3))),
            ("", "abc", Some((0, 0))),
        ] {
            assert_eq!(find(text, Syntax::Basic, line), expected, "{text} in {line}");
        }
        for (text, line, expected) in [
            ("a|bc", "xbcd", Some((1, 3))),
            ("(a|ab)(c|bcd)", "abcd", Some((0, 4))),
            ("x{2,3}", "axxxx", Some((1, 4))),
            ("x{0,1}y", "xxy", Some((1, 3))),
            ("(foo|bar)+", "xfoobarx", Some((1, 7))),
            ("colou?r", "color", Some((0, 5))),
            ("()a", "ba", Some((1, 2))),
            ("(a*)*b", "aaac", None),
        ] {
            assert_eq!(find(text, Syntax::Extended, line), expected, "{text} in {line}");
        }
        assert_eq!(find("a.b", Syntax::Fixed, "axb a.b"), Some((4, 7)));
        let upper = Regex::new(b"[a-c]B", Syntax::Basic, true).unwrap();
        assert_eq!(upper.find(b"xAb", 0), Some((1, 3)));
    }

    #[test]
    fn what_is_no_expression() {
        let error = |text: &str, syntax| Regex::new(text.as_bytes(), syntax, false).err();
        assert_eq!(error("[a", Syntax::Basic), Some(RegexError::Bracket));
        assert_eq!(error("\\(a", Syntax::Basic), Some(RegexError::Group));
        assert_eq!(error("a\\)", Syntax::Basic), Some(RegexError::GroupEnd));
        assert_eq!(error("a)", Syntax::Extended), None);
        assert_eq!(error("a{2,1}", Syntax::Extended), Some(RegexError::Interval));
        assert_eq!(error("a\\", Syntax::Basic), Some(RegexError::Backslash));
        assert_eq!(error("\\(a\\)\\1", Syntax::Basic), Some(RegexError::BackReference));
        assert_eq!(error("((a{999}){999})", Syntax::Extended), Some(RegexError::TooBig));
        assert_eq!(error(&"(".repeat(100), Syntax::Extended), Some(RegexError::TooBig));
    }

    #[test]
    fn time_is_linear() {
        let text = format!("({}){}", "a?".repeat(100), "a".repeat(100));
        let line = "a".repeat(100);
        assert_eq!(find(&text, Syntax::Extended, &line), Some((0, 100)));
    }
}
