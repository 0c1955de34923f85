//! The image config: what a container is started with, and how the image came to be.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::{
    Platform,
    json::{keys, lenient, list, object, objects, pairs, words},
};

/// What is used of an image config (OCI image spec, config.md). Every field may be absent or null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// When the image was made, as stated (RFC 3339).
    #[serde(deserialize_with = "lenient")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(deserialize_with = "lenient")]
    pub author: Option<String>,
    /// The CPU architecture, in Go's words (`amd64`).
    #[serde(deserialize_with = "lenient")]
    pub architecture: Option<String>,
    /// The operating system, in Go's words (`linux`).
    #[serde(deserialize_with = "lenient")]
    pub os: Option<String>,
    /// The CPU variant (`v7`).
    #[serde(deserialize_with = "lenient")]
    pub variant: Option<String>,
    /// The version of the operating system, for Windows.
    #[serde(rename = "os.version", deserialize_with = "lenient")]
    pub os_version: Option<String>,
    /// What a container is started with.
    #[serde(deserialize_with = "object")]
    pub config: ContainerConfig,
    /// The DiffIds of the layers, bottom first.
    #[serde(deserialize_with = "rootfs")]
    pub rootfs: RootFs,
    /// The steps that made the image, oldest first.
    #[serde(deserialize_with = "objects")]
    pub history: Vec<History>,
}

impl Config {
    /// Reads a config from a parsed document.
    ///
    /// # Errors
    /// If the document is not an object, or `rootfs`, `diff_ids` or `history` is not of its kind.
    pub fn from_value(value: Value) -> Result<Self, serde_json::Error> {
        if !value.is_object() {
            return Err(serde_json::Error::custom("document is not an object"));
        }
        Self::deserialize(value)
    }

    /// The platform it states; `None` unless both the operating system and the architecture are named.
    pub fn platform(&self) -> Option<Platform> {
        let named = |field: &Option<String>| field.clone().filter(|name| !name.is_empty());
        Some(Platform {
            os: named(&self.os)?,
            architecture: named(&self.architecture)?,
            variant: named(&self.variant),
        })
    }
}

/// What a container of the image is started with (config.md, "config").
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ContainerConfig {
    /// User and group, `user[:group]`.
    #[serde(deserialize_with = "lenient")]
    pub user: Option<String>,
    /// Ports, `port[/protocol]`.
    #[serde(deserialize_with = "keys")]
    pub exposed_ports: Vec<String>,
    /// Environment variables, `NAME=value`.
    #[serde(deserialize_with = "list")]
    pub env: Vec<String>,
    /// The program that is always run.
    #[serde(deserialize_with = "words")]
    pub entrypoint: Option<Vec<String>>,
    /// The default arguments, or program.
    #[serde(deserialize_with = "words")]
    pub cmd: Option<Vec<String>>,
    /// Paths of volumes.
    #[serde(deserialize_with = "keys")]
    pub volumes: Vec<String>,
    /// Working directory.
    #[serde(deserialize_with = "lenient")]
    pub working_dir: Option<String>,
    /// Labels, sorted by key.
    #[serde(deserialize_with = "pairs")]
    pub labels: Vec<(String, String)>,
    /// The signal that asks the container to end.
    #[serde(deserialize_with = "lenient")]
    pub stop_signal: Option<String>,
    /// The shell of shell-form instructions (Docker).
    #[serde(deserialize_with = "words")]
    pub shell: Option<Vec<String>>,
    /// Instructions run when the image is built upon (Docker).
    #[serde(deserialize_with = "list")]
    pub on_build: Vec<String>,
    /// How a container's health is checked (Docker).
    #[serde(deserialize_with = "object")]
    pub healthcheck: Option<Healthcheck>,
}

/// How a container's health is checked (Docker image spec 1.2, "Healthcheck"). Durations are nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", command]`.
    #[serde(deserialize_with = "list")]
    pub test: Vec<String>,
    /// Time between two checks.
    #[serde(deserialize_with = "lenient")]
    pub interval: Option<u64>,
    /// Time after which a check counts as failed.
    #[serde(deserialize_with = "lenient")]
    pub timeout: Option<u64>,
    /// Time the container has to start.
    #[serde(deserialize_with = "lenient")]
    pub start_period: Option<u64>,
    /// Time between two checks while it starts.
    #[serde(deserialize_with = "lenient")]
    pub start_interval: Option<u64>,
    /// Failures in a row that make it unhealthy.
    #[serde(deserialize_with = "lenient")]
    pub retries: Option<u64>,
}

/// The layers as the config states them (config.md, "rootfs").
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RootFs {
    /// DiffIds as they stand, bottom first; perhaps not digests.
    #[serde(deserialize_with = "list")]
    pub diff_ids: Vec<String>,
}

/// The layers must not vanish unnoticed: what is neither absent nor null has to be right.
fn rootfs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RootFs, D::Error> {
    Option::<RootFs>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// One step of the history (config.md, "history").
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct History {
    /// When, as stated (RFC 3339).
    #[serde(deserialize_with = "lenient")]
    pub created: Option<String>,
    /// The command.
    #[serde(deserialize_with = "lenient")]
    pub created_by: Option<String>,
    /// Who.
    #[serde(deserialize_with = "lenient")]
    pub author: Option<String>,
    /// A free comment.
    #[serde(deserialize_with = "lenient")]
    pub comment: Option<String>,
    /// Whether the step made no layer.
    #[serde(deserialize_with = "lenient")]
    pub empty_layer: bool,
}

/// The `json` beside each `layer.tar` before Docker 1.10 (Docker image spec 1.0): a layer and an image in one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LegacyConfig {
    /// The id of the layer below, 64 hex digits; absent at the bottom.
    #[serde(deserialize_with = "lenient")]
    pub parent: Option<String>,
    /// When, as stated (RFC 3339).
    #[serde(deserialize_with = "lenient")]
    pub created: Option<String>,
    /// A free comment.
    #[serde(deserialize_with = "lenient")]
    pub comment: Option<String>,
    /// The container that was committed: its command is the step's.
    #[serde(deserialize_with = "object")]
    pub container_config: ContainerConfig,
}

impl LegacyConfig {
    /// Reads one from a parsed document.
    ///
    /// # Errors
    /// If the document is not an object.
    pub fn from_value(value: Value) -> Result<Self, serde_json::Error> {
        if !value.is_object() {
            return Err(serde_json::Error::custom("document is not an object"));
        }
        Self::deserialize(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::from_value(serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn every_field_is_read() {
        let config = config(
            r#"{"created":"2024-01-01T00:00:00Z","author":"me","architecture":"arm","os":"linux","variant":"v7",
            "os.version":"10.0","config":{"User":"1:2","ExposedPorts":{"80/tcp":{}},"Env":["A=b"],
            "Entrypoint":["/e"],"Cmd":"top","Volumes":{"/data":{}},"WorkingDir":"/w","Labels":{"b":"2","a":"1"},
            "StopSignal":"SIGQUIT","Shell":["/bin/bash","-c"],"OnBuild":["RUN x"],
            "Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":30000000000,"Retries":3}},
            "rootfs":{"type":"layers","diff_ids":["sha256:00"]},
            "history":[{"created":"c","created_by":"RUN x","author":"a","comment":"k","empty_layer":true}]}"#,
        );
        assert_eq!(config.platform().unwrap().to_string(), "linux/arm/v7");
        assert_eq!(config.os_version.as_deref(), Some("10.0"));
        let run = &config.config;
        assert_eq!((run.user.as_deref(), run.working_dir.as_deref()), (Some("1:2"), Some("/w")));
        assert_eq!(
            (&run.exposed_ports[..], &run.volumes[..]),
            (&["80/tcp".to_owned()][..], &["/data".to_owned()][..])
        );
        assert_eq!(
            (run.entrypoint.as_deref(), run.cmd.as_deref()),
            (Some(&["/e".to_owned()][..]), Some(&["top".to_owned()][..]))
        );
        assert_eq!(run.labels, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        assert_eq!(run.stop_signal.as_deref(), Some("SIGQUIT"));
        assert_eq!(run.shell.as_ref().unwrap().len() + run.on_build.len() + run.env.len(), 4);
        let check = run.healthcheck.as_ref().unwrap();
        assert_eq!((check.interval, check.retries, check.timeout), (Some(30_000_000_000), Some(3), None));
        assert_eq!(config.rootfs.diff_ids, ["sha256:00"]);
        assert!(config.history[0].empty_layer);
        assert_eq!(config.history[0].created_by.as_deref(), Some("RUN x"));
    }

    #[test]
    fn null_absent_and_odd_fields_read_as_nothing() {
        assert_eq!(config("{}"), Config::default());
        let nulls =
            r#"{"created":null,"architecture":null,"os":null,"config":null,"rootfs":null,"history":null}"#;
        assert_eq!(config(nulls), Config::default());
        let inner = r#"{"config":{"Env":null,"Cmd":null,"Labels":null,"Volumes":null,"OnBuild":null,"Healthcheck":null},
            "rootfs":{"diff_ids":null},"history":[null]}"#;
        assert_eq!(config(inner), Config { history: vec![History::default()], ..Config::default() });
        let odd = config(
            r#"{"created":7,"os":"linux","config":{"User":1,"Labels":{"a":1,"b":"2"}},"history":[{"created_by":[]}]}"#,
        );
        assert_eq!(odd.os.as_deref(), Some("linux"));
        assert_eq!(odd.config.labels, [("b".to_owned(), "2".to_owned())]);
        assert_eq!(odd.platform(), None);
    }

    #[test]
    fn lists_of_another_kind_are_an_error() {
        for text in [r#"{"history":{}}"#, r#"{"rootfs":{"diff_ids":"x"}}"#, "[]", "1"] {
            assert!(Config::from_value(serde_json::from_str(text).unwrap()).is_err(), "{text}");
        }
    }
}
