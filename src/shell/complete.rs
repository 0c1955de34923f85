//! Completes what is being typed.

use bstr::{BString, ByteSlice};

use super::{commands::COMMANDS, run::Shell};
use crate::engine::{self, World};

/// What could stand in place of the word at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Where the word begins, in bytes of the line; it ends at the cursor.
    pub start: usize,
    /// What could stand there; a directory ends in a slash.
    pub candidates: Vec<String>,
}

/// Commands that the shell itself carries out.
const OWN: [&str; 7] = ["clear", "docker", "exit", "help", "history", "sh", "bash"];

impl Shell {
    /// What the word before the cursor, a place in bytes of the line, could become.
    pub fn complete(&mut self, world: &mut World<'_>, line: &str, cursor: usize) -> Completion {
        let before = line.get(..cursor).unwrap_or(line);
        // The command begins after the last operator, the word after the last blank.
        let command = before.rfind([';', '&', '|', '(', '\n']).map_or(0, |at| at + 1);
        let start = before
            .rfind(|c: char| c.is_whitespace() || ";&|(<>\n".contains(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let words: Vec<&str> = before[command.min(start)..start].split_whitespace().collect();
        let word = &before[start..];
        let mut candidates: Vec<String> = match words.as_slice() {
            [] => COMMANDS.iter().map(|(name, ..)| *name).chain(OWN).map(str::to_owned).collect(),
            ["docker"] | ["docker", "image" | "container" | "system" | "buildx"] => {
                let group = words.get(1).map(|group| format!("{group} "));
                let names = engine::names().filter_map(|name| match &group {
                    Some(group) => name.strip_prefix(group.as_str()),
                    None => name.split(' ').next(),
                });
                let named = if group.is_none() { vec!["help"] } else { Vec::new() };
                names.chain(named).map(str::to_owned).collect()
            }
            ["docker", ..] => {
                let mut names = world.names();
                // `docker cp c1:/etc/…`
                if let Some((container, path)) = word.split_once(':')
                    && let Some(id) = world.find_container(container)
                {
                    let position = world.position_of(id);
                    let paths = self.paths(world, Some((id, position)), path);
                    names.extend(paths.into_iter().map(|path| format!("{container}:{path}")));
                }
                names
            }
            ["help"] => COMMANDS.iter().map(|(name, ..)| (*name).to_owned()).collect(),
            _ => Vec::new(),
        };
        let takes_paths =
            !words.is_empty() && words[0] != "docker" || before[..start].trim_end().ends_with(['<', '>']);
        if (takes_paths || word.contains('/')) && words.first().is_none_or(|first| *first != "docker") {
            candidates = self.paths(world, None, word);
        }
        candidates.retain(|candidate| candidate.starts_with(word));
        candidates.sort_unstable();
        candidates.dedup();
        Completion { start, candidates }
    }

    /// The paths that begin like a word.
    fn paths(
        &mut self,
        world: &mut World<'_>,
        place: Option<(crate::engine::ContainerId, super::Position)>,
        word: &str,
    ) -> Vec<String> {
        let (directory, name) = match word.rfind('/') {
            Some(at) => word.split_at(at + 1),
            None => ("", word),
        };
        let mut found = Vec::new();
        self.over_files(world, place, |context| {
            let here = if directory.is_empty() { "./" } else { directory };
            for entry in context.list(here.as_bytes()).unwrap_or_default() {
                let is_hidden = entry.starts_with(b".") && !name.starts_with('.');
                if !entry.starts_with(name.as_bytes()) || is_hidden {
                    continue;
                }
                // What is no text cannot be typed.
                let Ok(text) = entry.to_str() else { continue };
                let path = BString::from(format!("{here}{text}"));
                let is_directory = context.stat(&path, true).is_ok_and(|stat| stat.is_directory());
                found.push(format!("{directory}{text}{}", if is_directory { "/" } else { "" }));
            }
        });
        found
    }
}
