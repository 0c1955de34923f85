//! Calling commands back, and completing them: what the keys of a terminal do to its line.

use crate::worker::containers::Completion;

/// Where the reader is among the commands given, and what was being written before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recall {
    /// How many commands back; 0 for the line that is being written.
    back: usize,
    /// That line.
    draft: String,
}

impl Recall {
    /// The command before, for a terminal that shows `line`; `None` if there is none.
    pub fn earlier(&mut self, commands: &[String], line: &str) -> Option<String> {
        let found = commands.len().checked_sub(self.back + 1)?;
        if self.back == 0 {
            line.clone_into(&mut self.draft);
        }
        self.back += 1;
        commands.get(found).cloned()
    }

    /// The command after; at the end what was being written. `None` if that is what is shown.
    pub fn later(&mut self, commands: &[String]) -> Option<String> {
        self.back = self.back.checked_sub(1)?;
        match self.back {
            0 => Some(std::mem::take(&mut self.draft)),
            back => commands.get(commands.len().checked_sub(back)?).cloned(),
        }
    }

    /// Begins anew, with a new line.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Of the commands that contain `text`, the latest but `skip`; what was given several times counts once.
pub fn search<'c>(commands: &'c [String], text: &str, skip: usize) -> Option<&'c String> {
    let latest = |at: usize, command: &String| !commands[at + 1..].contains(command);
    let found = commands.iter().enumerate().rev().filter(|(_, command)| command.contains(text));
    found.filter(|(at, command)| latest(*at, command)).nth(skip).map(|(_, command)| command)
}

/// A line after completion, and whether its candidates are to be listed.
pub fn complete(line: &str, completion: &Completion) -> (String, bool) {
    let Completion { start, candidates } = completion;
    let (Some(kept), Some(first)) = (line.get(..*start as usize), candidates.first()) else {
        return (line.to_owned(), false);
    };
    let mut common = first.as_str();
    for other in candidates {
        let same = common.char_indices().zip(other.chars()).find(|((_, a), b)| a != b);
        let end = same.map_or(common.len().min(other.len()), |((at, _), _)| at);
        common = &common[..end];
    }
    // A candidate shorter than what was typed would take something away.
    let done = format!("{kept}{common}");
    let done = if done.len() < line.len() { line.to_owned() } else { done };
    let list = candidates.len() > 1 && done == line;
    (done, list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_back_and_so_does_what_was_being_written() {
        let commands = ["one".to_owned(), "two".to_owned()];
        let mut recall = Recall::default();
        assert_eq!(recall.later(&commands), None);
        assert_eq!(recall.earlier(&commands, "dra").as_deref(), Some("two"));
        assert_eq!(recall.earlier(&commands, "two").as_deref(), Some("one"));
        assert_eq!(recall.earlier(&commands, "one"), None);
        assert_eq!(recall.later(&commands).as_deref(), Some("two"));
        assert_eq!(recall.later(&commands).as_deref(), Some("dra"));
        assert_eq!(recall.later(&commands), None);
        recall.earlier(&commands, "x");
        recall.reset();
        assert_eq!(recall.earlier(&commands, "").as_deref(), Some("two"));
    }

    #[test]
    fn commands_are_found_by_a_part_of_them() {
        let commands = ["ls /etc", "cat /etc/motd", "ls /etc", "pwd"].map(str::to_owned);
        let found = |text, skip| search(&commands, text, skip).map(String::as_str);
        assert_eq!(found("etc", 0), Some("ls /etc"));
        assert_eq!(found("etc", 1), Some("cat /etc/motd"));
        assert_eq!(found("etc", 2), None);
        assert_eq!(found("none", 0), None);
        assert_eq!(found("", 0), Some("pwd"));
    }

    fn completion(start: u32, candidates: &[&str]) -> Completion {
        Completion { start, candidates: candidates.iter().map(|&name| name.to_owned()).collect() }
    }

    #[test]
    fn what_all_candidates_begin_with_is_put_in() {
        assert_eq!(
            complete("cat /etc/o", &completion(4, &["/etc/os-release "])),
            ("cat /etc/os-release ".into(), false)
        );
        assert_eq!(complete("ls /et", &completion(3, &["/etc/", "/eta"])), ("ls /et".into(), true));
        assert_eq!(complete("l", &completion(0, &["ls ", "ln "])), ("l".into(), true));
        assert_eq!(complete("", &completion(0, &["dir/a", "dir/b"])), ("dir/".into(), false));
        assert_eq!(complete("x", &completion(0, &[])), ("x".into(), false));
        assert_eq!(complete("cat ä", &completion(4, &["äö", "äü"])), ("cat ä".into(), true));
        assert_eq!(complete("ab", &completion(9, &["c"])), ("ab".into(), false), "out of the line");
    }
}
