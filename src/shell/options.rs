//! Options of commands, by table: short ones that may be joined, long ones that may be cut short (GNU `getopt_long`).

use bstr::{BStr, BString, ByteSlice};

/// An option: its letter (0 for none), its long name (by which it is asked for), and whether it takes a value.
pub(crate) type Flag = (u8, &'static str, bool);

/// The arguments of a command, told apart.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    given: Vec<(&'static str, BString)>,
    /// What is no option.
    pub(crate) operands: Vec<BString>,
}

/// An option that is not in the table, or lacks its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OptionError {
    /// No such letter.
    Letter(char),
    /// No such long name.
    Name(BString),
    /// The letter's value is not there.
    LetterValue(char),
    /// The long name's value is not there.
    NameValue(&'static str),
    /// A long name with a value that takes none.
    NoValue(&'static str),
}

/// How operands and options may be mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// In any order.
    Mixed,
    /// What follows the first operand is no option.
    OptionsFirst,
}

/// Tells options and operands apart. `--` ends the options.
pub(crate) fn parse(flags: &[Flag], order: Order, arguments: &[BString]) -> Result<Arguments, OptionError> {
    let mut parsed = Arguments::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            parsed.operands.extend(rest.cloned());
            break;
        }
        if let Some(long) = argument.strip_prefix(b"--") {
            let (name, value) = match long.split_once_str("=") {
                Some((name, value)) => (name, Some(BString::from(value))),
                None => (long, None),
            };
            let &(_, name, takes) =
                find(flags, name).ok_or_else(|| OptionError::Name(BString::from(name)))?;
            let value = match (takes, value) {
                (true, Some(value)) => value,
                (true, None) => rest.next().cloned().ok_or(OptionError::NameValue(name))?,
                (false, None) => BString::default(),
                // Docker's flags take `--flag=true` as well.
                (false, Some(value)) if value == "true" => BString::default(),
                (false, Some(value)) if value == "false" => continue,
                (false, Some(_)) => return Err(OptionError::NoValue(name)),
            };
            parsed.given.push((name, value));
        } else if argument.len() > 1 && argument.starts_with(b"-") {
            let mut letters = &argument[1..];
            while let Some((&letter, after)) = letters.split_first() {
                let flag = flags.iter().find(|flag| flag.0 == letter && letter != 0);
                let &(_, name, takes) =
                    flag.ok_or_else(|| OptionError::Letter(letters.chars().next().unwrap_or('?')))?;
                letters = after;
                let value = if !takes {
                    BString::default()
                } else if let [b'=', value @ ..] | value @ [_, ..] = std::mem::take(&mut letters) {
                    value.into()
                } else {
                    rest.next().cloned().ok_or(OptionError::LetterValue(letter.into()))?
                };
                parsed.given.push((name, value));
            }
        } else {
            parsed.operands.push(argument.clone());
            if order == Order::OptionsFirst {
                parsed.operands.extend(rest.cloned());
                break;
            }
        }
    }
    Ok(parsed)
}

/// The flag of a long name, which may be cut short where only one begins so.
fn find<'f>(flags: &'f [Flag], name: &[u8]) -> Option<&'f Flag> {
    let exact = flags.iter().find(|flag| flag.1.as_bytes() == name);
    let mut begin = flags.iter().filter(|flag| !name.is_empty() && flag.1.as_bytes().starts_with(name));
    exact.or_else(|| begin.next().filter(|_| begin.next().is_none()))
}

impl Arguments {
    /// Whether an option was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    /// The last value that was given for an option.
    pub(crate) fn value(&self, name: &str) -> Option<&BStr> {
        self.given.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| value.as_bstr())
    }

    /// Every value that was given for an option, in order.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a BStr> {
        self.given.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_bstr())
    }

    /// The last of these options that was given.
    pub(crate) fn last_of(&self, names: &[&str]) -> Option<&'static str> {
        self.given.iter().rev().map(|(given, _)| *given).find(|given| names.contains(given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[(b'l', "long", false), (b'n', "lines", true), (0, "line-buffered", false)];

    fn strings(arguments: &[&str]) -> Vec<BString> {
        arguments.iter().map(|&argument| argument.into()).collect()
    }

    #[test]
    fn letters_names_values_and_operands() {
        for arguments in [
            &["-ln5", "f", "-"][..],
            &["f", "-", "-l", "-n", "5"],
            &["--long", "--lines=5", "f", "-"],
            &["--lo", "--lines", "5", "--", "f", "-"],
        ] {
            let parsed = parse(FLAGS, Order::Mixed, &strings(arguments)).unwrap();
            assert!(parsed.has("long"), "{arguments:?}");
            assert_eq!(parsed.value("lines").unwrap(), "5", "{arguments:?}");
            assert_eq!(parsed.operands, ["f", "-"], "{arguments:?}");
        }
        let parsed = parse(FLAGS, Order::OptionsFirst, &strings(&["-l", "run", "-n"])).unwrap();
        assert_eq!(parsed.operands, ["run", "-n"]);
    }

    #[test]
    fn what_is_wrong() {
        let error = |arguments: &[&str]| parse(FLAGS, Order::Mixed, &strings(arguments)).unwrap_err();
        assert_eq!(error(&["-lx"]), OptionError::Letter('x'));
        assert_eq!(error(&["--none"]), OptionError::Name("none".into()));
        assert_eq!(error(&["--line"]), OptionError::Name("line".into()));
        assert_eq!(error(&["-n"]), OptionError::LetterValue('n'));
        assert_eq!(error(&["--lines"]), OptionError::NameValue("lines"));
        assert_eq!(error(&["--long=x"]), OptionError::NoValue("long"));
    }
}
