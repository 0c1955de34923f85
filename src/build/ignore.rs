//! `.dockerignore`: what of a context takes no part in a build (Docker manual, "Build context", ".dockerignore files").

use crate::limits;

/// The patterns of a `.dockerignore`, in order.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    /// The names of the pattern, from the context's root.
    names: Vec<Vec<u8>>,
    /// Whether it takes back what was ignored (`!`).
    keeps: bool,
}

impl Ignore {
    /// Reads one. What is beyond the limit is left out.
    pub fn parse(text: &[u8]) -> Self {
        let text = &text[..text.len().min(limits::DOCKERFILE)];
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let rule = |line: &[u8]| {
            if line.starts_with(b"#") {
                return None;
            }
            let line = line.trim_ascii();
            let (keeps, line) = match line.strip_prefix(b"!") {
                Some(line) => (true, line.trim_ascii()),
                None => (false, line),
            };
            let mut names: Vec<Vec<u8>> = Vec::new();
            for name in line.split(|&byte| byte == b'/') {
                match name {
                    b"" | b"." => {}
                    b".." => _ = names.pop(),
                    name => names.push(name.to_vec()),
                }
            }
            (!names.is_empty()).then_some(Rule { names, keeps })
        };
        Self { rules: text.split(|&byte| byte == b'\n').filter_map(rule).collect() }
    }

    /// Whether a path, from the context's root, is ignored: the last pattern counts that matches it or a directory
    /// above it.
    pub fn ignores(&self, path: &[u8]) -> bool {
        let names: Vec<&[u8]> = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()).collect();
        let mut ignored = false;
        for rule in &self.rules {
            // A rule that would change nothing need not be looked at.
            if rule.keeps == ignored && (1..=names.len()).any(|len| matches(&rule.names, &names[..len])) {
                ignored = !rule.keeps;
            }
        }
        ignored
    }
}

/// Whether a path's names match a pattern's, where `**` stands for any number of names.
fn matches(pattern: &[Vec<u8>], names: &[&[u8]]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry = None;
    loop {
        match pattern.get(p).map(Vec::as_slice) {
            None if n == names.len() => return true,
            Some(b"**") => {
                retry = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some(one) if names.get(n).is_some_and(|name| crate::shell::matches(one, name, false)) => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            _ => {}
        }
        match retry {
            Some((after, at)) if at < names.len() => {
                retry = Some((after, at + 1));
                (p, n) = (after, at + 1);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_match_counts() {
        let ignore = Ignore::parse(
            b"# comment\n*.md\n!README*.md\nREADME-secret.md\n/node_modules/\n**/*.o\na/**/z\n\n..\n",
        );
        for (path, expected) in [
            ("x.md", true),
            ("README.md", false),
            ("README-secret.md", true),
            ("docs/x.md", false),
            ("node_modules", true),
            ("node_modules/a/b.js", true),
            ("src/node_modules", false),
            ("x.o", true),
            ("src/deep/x.o", true),
            ("a/z", true),
            ("a/b/c/z", true),
            ("a/b/c", false),
            ("# comment", false),
        ] {
            assert_eq!(ignore.ignores(path.as_bytes()), expected, "{path}");
        }
        let all = Ignore::parse(b"*\n!src\n");
        assert!(all.ignores(b"Dockerfile") && all.ignores(b"other/x") && !all.ignores(b"src/main.rs"));
    }
}
