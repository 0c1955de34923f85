//! Programs, timed and weighed.

use std::{
    collections::HashMap,
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::table::Row;
use crate::memory::descendants;

/// Milliseconds between two looks at a program's memory. The system remembers the most, so only what happens after the last
/// look is missed.
const LOOK: u64 = 5;

/// A program to be measured.
pub struct Program {
    /// What it is called in the table.
    pub name: &'static str,
    /// What a shell runs, with the paths in its environment.
    pub script: String,
    /// What is there once it has ended.
    pub reaches: Reaches,
}

/// What a program has done when it ends.
#[derive(Clone, Copy)]
pub enum Reaches {
    /// It knows the history.
    History,
    /// It knows every path of the merged tree.
    Tree,
    /// It has read and hashed everything.
    Verified,
}

impl Program {
    /// Runs it once.
    pub fn measure(&self) -> Row {
        let started = Instant::now();
        let mut child = Command::new("sh")
            .args(["-c", &self.script])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let memory = watch(&mut child);
        let seconds = started.elapsed().as_secs_f64();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {}: {said}", self.name, self.script);
        let mut row = Row { memory: Some(memory), ..Row::default() };
        match self.reaches {
            Reaches::History => row.history = Some(seconds),
            Reaches::Tree => row.tree = Some(seconds),
            Reaches::Verified => row.verified = Some(seconds),
        }
        row
    }
}

/// Waits for a program; the most memory that it and what it starts held, in bytes.
fn watch(child: &mut Child) -> f64 {
    let mut most: HashMap<u32, u64> = HashMap::new();
    while child.try_wait().unwrap().is_none() {
        for process in descendants(child.id()).unwrap_or_default().into_iter().chain([child.id()]) {
            let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
            let known = most.entry(process).or_default();
            *known = (*known).max(kilobytes);
        }
        thread::sleep(Duration::from_millis(LOOK));
    }
    most.values().sum::<u64>() as f64 * 1024.0
}

/// What a program prints; panics if it fails.
pub fn output(script: &str) -> String {
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether there is such a program.
pub fn have(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program} >/dev/null")]).status().unwrap().success()
}
