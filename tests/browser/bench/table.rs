//! One table of all results.

use std::{fmt::Write as _, fs};

use super::{command::output, page::Motion, subject::folder};
use crate::support::say;

/// What is known of a tool on an archive. Times are seconds, memory is bytes, tasks are milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Row {
    pub history: Option<f64>,
    pub tree: Option<f64>,
    pub verified: Option<f64>,
    pub memory: Option<f64>,
    pub task: Option<f64>,
}

impl Row {
    /// The median of each figure.
    pub fn median(rows: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> Option<f64>| {
            let mut values: Vec<f64> = rows.iter().filter_map(figure).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Self {
            history: of(|row| row.history),
            tree: of(|row| row.tree),
            verified: of(|row| row.verified),
            memory: of(|row| row.memory),
            task: of(|row| row.task),
        }
    }

    /// Takes on what another command of the same program adds.
    pub fn join(&mut self, other: Self) {
        self.history = self.history.or(other.history);
        self.tree = self.tree.or(other.tree);
        self.verified = self.verified.or(other.verified);
        self.memory = [self.memory, other.memory].into_iter().flatten().max_by(f64::total_cmp);
    }
}

/// The table in the making.
pub struct Table {
    lines: String,
    notes: String,
}

impl Table {
    pub fn new() -> Self {
        let mut lines = String::new();
        lines += "| archive | tool | history | tree | ÷ dive | verified | ÷ `sha256sum` | ÷ dive's tree | memory | longest task |\n";
        lines += "|---|---|---|---|---|---|---|---|---|---|\n";
        Self { lines, notes: String::new() }
    }

    /// Adds what the tools did on an archive: the median of so many runs.
    pub fn add(&mut self, title: &str, runs: usize, tools: Vec<(String, Row)>) {
        let of = |name: &str| tools.iter().find(|(tool, _)| tool.starts_with(name)).map(|(_, row)| *row);
        let dive = of("dive").and_then(|row| row.tree);
        let sums = of("`sha256sum`").and_then(|row| row.verified);
        for (at, (tool, row)) in tools.iter().enumerate() {
            let title = if at == 0 { format!("**{title}** (median of {runs})") } else { String::new() };
            let ratio = |time: Option<f64>, other: Option<f64>| match (time, other) {
                (Some(time), Some(other)) => format!("{:.2}", time / other),
                _ => String::new(),
            };
            let seconds = |time: Option<f64>| time.map(|time| format!("{time:.2} s")).unwrap_or_default();
            let memory = row.memory.map(|bytes| format!("{:.0} MB", bytes / 1e6)).unwrap_or_default();
            let task = match row.task {
                // The browser tells of none that is shorter.
                Some(task) if task < 50.0 => "< 50 ms".to_owned(),
                Some(task) => format!("{task:.0} ms"),
                None => String::new(),
            };
            let _ = writeln!(
                self.lines,
                "| {title} | {tool} | {} | {} | {} | {} | {} | {} | {memory} | {task} |",
                seconds(row.history),
                seconds(row.tree),
                ratio(row.tree, dive),
                seconds(row.verified),
                ratio(row.verified, sums),
                ratio(row.verified, dive),
            );
        }
        // What is known so far is kept, should a later archive fail.
        self.write();
    }

    /// Adds how pulls compare with drops, pair by pair.
    pub fn add_pulls(&mut self, pulled: &[Row], dropped: &[Row]) {
        let pairs = pulled.iter().zip(dropped);
        let mut ratios: Vec<f64> =
            pairs.filter_map(|(pull, drop)| Some(pull.verified? / drop.verified?)).collect();
        ratios.sort_by(f64::total_cmp);
        if let Some(median) = ratios.get(ratios.len() / 2) {
            let all: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
            let _ = writeln!(
                self.notes,
                "Pulled to verified ÷ dropped to verified: {median:.2} (median of the pairs: {}).",
                all.join(", ")
            );
        }
        self.write();
    }

    /// Adds how the tree of a million rows moves.
    pub fn add_motion(&mut self, motion: Motion) {
        let task = |task: f64| {
            if task < 50.0 { "none over 50 ms".to_owned() } else { format!("{task:.0} ms at most") }
        };
        let _ = writeln!(
            self.notes,
            "The tree of a million rows: scrolling through it took {} of {} frames longer than 25 ms (tasks: {}); a letter in the \
             filter was answered in {:.0} ms (median), {:.0} ms at most (tasks: {}).",
            motion.late,
            motion.frames,
            task(motion.scroll_task),
            motion.filter_median,
            motion.filter_longest,
            task(motion.filter_task),
        );
        self.write();
    }

    fn text(&self) -> String {
        let model = output("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1");
        let cores = output("nproc");
        let browser =
            output("chromium --version 2>/dev/null || google-chrome --version 2>/dev/null || echo Chromium");
        let machine = format!("{} ({} processors), {}", model.trim(), cores.trim(), browser.trim());
        format!("Measured on: {machine}.\n\n{}\n{}", self.lines, self.notes)
    }

    fn write(&self) {
        fs::write(folder().join("table.md"), self.text()).unwrap();
    }

    pub fn print(&self) {
        self.write();
        say(&format!("\n{}", self.text()));
    }
}
