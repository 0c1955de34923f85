//! Where a shell stands in a container.

use bstr::{BString, ByteSlice};

use crate::oci;

/// The current directory and the variables of a shell in a container.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    /// The current directory, from the root.
    pub(crate) cwd: BString,
    /// The variables in the order in which they were set.
    pub(crate) env: Vec<(String, BString)>,
    /// The container's host name.
    pub(crate) hostname: String,
    /// The machine as `uname -m` says it.
    pub(crate) machine: String,
    /// Whether the shell is the container's own process, with which it ends: not one that `docker exec` started.
    pub(crate) is_main: bool,
}

/// Where docker looks for programs if an image does not say (`DefaultPathEnv`).
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Position {
    /// Where a process of a container of an image begins.
    pub(crate) fn new(config: &oci::Config, hostname: &str) -> Self {
        let machine = match config.architecture.as_deref() {
            Some("amd64") => "x86_64",
            Some("arm64") => "aarch64",
            Some("386") => "i686",
            Some("arm") => "armv7l",
            Some(other) => other,
            None => "unknown",
        };
        let cwd = config.config.working_dir.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
        let mut position = Self {
            cwd: super::context::tidy(cwd.as_bytes()),
            env: Vec::new(),
            hostname: hostname.to_owned(),
            machine: machine.to_owned(),
            is_main: true,
        };
        position.set_variable("PATH", PATH.into());
        position.set_variable("HOSTNAME", hostname.into());
        for pair in &config.config.env {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            position.set_variable(name, value.into());
        }
        if position.variable("HOME").is_none() {
            position.set_variable("HOME", "/root".into());
        }
        position
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<BString> {
        self.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// Sets a variable.
    pub(crate) fn set_variable(&mut self, name: &str, value: BString) {
        match self.env.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.env.push((name.to_owned(), value)),
        }
    }

    /// Changes it as `-w` and `-e` say. A variable without a value is taken from the environment of who runs docker, and there
    /// is none: it is not set then.
    pub(crate) fn adjust(&mut self, workdir: Option<&str>, env: &[String]) {
        if let Some(workdir) = workdir {
            self.cwd = super::context::tidy(workdir.as_bytes());
        }
        for pair in env {
            match pair.split_once('=') {
                Some((name, value)) => self.set_variable(name, value.into()),
                None => self.env.retain(|(name, _)| name != pair),
            }
        }
    }

    /// The prompt of a shell that stands here.
    pub(crate) fn prompt(&self) -> String {
        let short = self.hostname.get(..12).unwrap_or(&self.hostname);
        format!("root@{short}:{}# ", self.cwd.to_str_lossy())
    }
}
