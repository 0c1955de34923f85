//! Patterns of names: `*`, `?`, `[…]` and `\` (POSIX.1-2024, XCU 2.14 "Pattern Matching Notation"), over bytes.

/// Whether a name as a whole matches a pattern. Nothing is special about slashes and leading dots.
pub fn matches(pattern: &[u8], name: &[u8], ignore_case: bool) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on when what follows the last star does not match: that star takes one byte more.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(p) {
            None if n == name.len() => return true,
            None => None,
            Some(b'*') => {
                retry = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some(_) => name.get(n).and_then(|&byte| one(&pattern[p..], byte, ignore_case)),
        };
        match (step, retry) {
            (Some(len), _) => (p, n) = (p + len, n + char_len(pattern[p], &name[n..])),
            (None, Some((star, at))) if at < name.len() => {
                retry = Some((star, at + 1));
                (p, n) = (star, at + 1);
            }
            _ => return false,
        }
    }
}

/// Whether there is anything in it that is not text.
pub fn is_pattern(pattern: &[u8]) -> bool {
    pattern.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// A pattern that is none, without its backslashes.
pub fn literal(pattern: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut bytes = pattern.iter();
    while let Some(&byte) = bytes.next() {
        text.push(if byte == b'\\' { bytes.next().copied().unwrap_or(byte) } else { byte });
    }
    text
}

/// `?` takes a character, all else a byte.
fn char_len(pattern: u8, name: &[u8]) -> usize {
    if pattern != b'?' {
        return 1;
    }
    let (_, len) = bstr::decode_utf8(name);
    len.max(1)
}

/// How long the first item of a pattern is, if it matches the byte.
fn one(pattern: &[u8], byte: u8, ignore_case: bool) -> Option<usize> {
    let same = |a: u8, b: u8| a == b || (ignore_case && a.eq_ignore_ascii_case(&b));
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => same(*escaped, byte).then_some(2),
        [b'[', ..] => match class(pattern) {
            Some(class) => class.holds(byte, ignore_case).then_some(class.len),
            None => (byte == b'[').then_some(1),
        },
        [literal, ..] => same(*literal, byte).then_some(1),
        [] => None,
    }
}

/// A bracket expression.
pub(super) struct Class<'a> {
    items: &'a [u8],
    negated: bool,
    /// How long it is, with its brackets.
    pub(super) len: usize,
}

/// The bracket expression that a pattern begins with; `None` if it is not closed.
pub(super) fn class(pattern: &[u8]) -> Option<Class<'_>> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let start = 1 + usize::from(negated);
    let mut end = start;
    loop {
        match pattern.get(end)? {
            b']' if end > start => break,
            b'[' if pattern.get(end + 1) == Some(&b':') => {
                let len = pattern[end..].windows(2).position(|pair| pair == b":]")?;
                end += len + 2;
            }
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    Some(Class { items: &pattern[start..end], negated, len: end + 1 })
}

impl Class<'_> {
    pub(super) fn holds(&self, byte: u8, ignore_case: bool) -> bool {
        let mut found = self.lists(byte);
        if ignore_case {
            found |= self.lists(byte.to_ascii_lowercase()) || self.lists(byte.to_ascii_uppercase());
        }
        found != self.negated
    }

    fn lists(&self, byte: u8) -> bool {
        let mut items = self.items;
        while let Some((&first, rest)) = items.split_first() {
            if let Some(named) = items.strip_prefix(b"[:")
                && let Some(end) = named.windows(2).position(|pair| pair == b":]")
            {
                if is_of(&named[..end], byte) {
                    return true;
                }
                items = &named[end + 2..];
                continue;
            }
            let (first, rest) = match (first, rest.split_first()) {
                (b'\\', Some((&escaped, rest))) => (escaped, rest),
                _ => (first, rest),
            };
            match rest {
                [b'-', last, after @ ..] => {
                    if (first..=*last).contains(&byte) {
                        return true;
                    }
                    items = after;
                }
                _ => {
                    if first == byte {
                        return true;
                    }
                    items = rest;
                }
            }
        }
        false
    }
}

/// Whether a byte is of a named class.
fn is_of(name: &[u8], byte: u8) -> bool {
    match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"punct" => byte.is_ascii_punctuation(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        b"print" => (b' '..=b'~').contains(&byte),
        b"graph" => byte.is_ascii_graphic(),
        b"cntrl" => byte.is_ascii_control(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*", "anything", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("*.conf", "x.conf", true),
            ("a*b*c", "a-b-b-c", true),
            ("?", "é", true),
            ("?", "", false),
            ("[abc]x", "bx", true),
            ("[!abc]x", "bx", false),
            ("[a-c-]", "-", true),
            ("[]]", "]", true),
            ("[[:digit:]]*", "7up", true),
            ("[a", "[a", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("A", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes(), false), expected, "{pattern} {name}");
        }
        assert!(matches(b"ReadMe*", b"README.md", true));
        assert!(!matches(&b"*a".repeat(500), &b"a".repeat(400), false));
    }
}
