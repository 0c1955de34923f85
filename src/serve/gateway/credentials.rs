//! The user's credentials, as docker keeps them: `config.json` and the credential helpers that it names (docker/cli,
//! cli/config/configfile; docker/docker-credential-helpers).

use std::{
    collections::HashMap,
    env,
    ffi::OsString,
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, process::Command, time::timeout};

use super::RegistryHost;
use crate::limits;

/// How docker's configuration calls Docker Hub.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// The user name that stands for "the secret is an identity token" (docker/cli, `docker login`).
const TOKEN_USER: &str = "<token>";
/// What helpers say when they know nothing of a host.
const NOT_FOUND: &str = "credentials not found in native keychain";
/// How long a helper may take: it may ask the user for a password, but not forever.
const HELPER_TIME: Duration = Duration::from_secs(60);

/// A user's credentials for one registry. They are shown to nobody, not even in debugging.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password, or an access token.
        password: String,
    },
    /// A token that is exchanged for others (distribution, docs/spec/auth/oauth.md).
    Identity(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Credentials::Basic",
            Self::Identity(_) => "Credentials::Identity",
        })
    }
}

/// Why credentials could not be read. No message holds any.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{path}: {1}", path = .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file is too large, or not what docker writes.
    #[error("{path} is not a configuration of docker", path = .0.display())]
    Malformed(PathBuf),
    /// A helper has a name that is none.
    #[error("the configuration names a credential helper that cannot be one")]
    HelperName,
    /// A helper cannot be run.
    #[error("docker-credential-{0}: {1}")]
    Helper(String, #[source] io::Error),
    /// A helper has failed.
    #[error("docker-credential-{0} has failed")]
    HelperFailed(String),
    /// A helper has answered nonsense.
    #[error("docker-credential-{0} answers what helpers do not")]
    HelperAnswer(String),
}

/// Where docker keeps its configuration.
#[derive(Debug, Clone)]
pub struct DockerConfig {
    path: PathBuf,
    /// Where helpers are looked for; `PATH` unless told otherwise.
    helpers: Option<OsString>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct File {
    auths: HashMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: HashMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// What a helper answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl DockerConfig {
    /// `$DOCKER_CONFIG/config.json`, or else `~/.docker/config.json`; `None` where neither is said.
    pub fn of_user() -> Option<Self> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("DOCKER_CONFIG")
            .or_else(|| Some(set("HOME").or_else(|| set("USERPROFILE"))?.join(".docker")))?;
        Some(Self::at(&folder))
    }

    /// `config.json` in a folder.
    pub fn at(folder: &Path) -> Self {
        Self { path: folder.join("config.json"), helpers: None }
    }

    /// Looks for helpers in these folders, in the form of `PATH`.
    #[must_use]
    pub fn with_helpers_in(mut self, path: OsString) -> Self {
        self.helpers = Some(path);
        self
    }

    /// The credentials for a host; `None` if there are none. Reads the file anew, so that a `docker login` counts at once.
    ///
    /// # Errors
    ///
    /// When what is there cannot be read: nobody is made anonymous by accident.
    pub async fn credentials(&self, host: &RegistryHost) -> Result<Option<Credentials>, Error> {
        let file = self.read()?;
        let name = host.to_string();
        let matches = |key: &str| is_key_of(key, host);
        // A helper for this host goes before the one for all, and that before the file.
        let own = file.cred_helpers.iter().find(|(key, _)| matches(key)).map(|(_, helper)| helper);
        if let Some(helper) = own.or(file.creds_store.as_ref()).filter(|helper| !helper.is_empty()) {
            let server = if host.is_docker_hub() { DOCKER_HUB } else { &name };
            if let Some(found) = self.ask(helper, server).await? {
                return Ok(Some(found));
            }
        }
        match file.auths.iter().find(|(key, _)| matches(key)) {
            Some((_, entry)) => entry.credentials().ok_or_else(|| Error::Malformed(self.path.clone())),
            None => Ok(None),
        }
    }

    fn read(&self) -> Result<File, Error> {
        let file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(File::default()),
            Err(error) => return Err(Error::Read(self.path.clone(), error)),
        };
        let mut bytes = Vec::new();
        file.take(limits::JSON_DOCUMENT)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::Read(self.path.clone(), error))?;
        serde_json::from_slice(&bytes).map_err(|_| Error::Malformed(self.path.clone()))
    }

    /// Asks `docker-credential-HELPER get`.
    async fn ask(&self, helper: &str, server: &str) -> Result<Option<Credentials>, Error> {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if helper.is_empty() || !helper.bytes().all(is_word) {
            return Err(Error::HelperName);
        }
        let failed = |error| Error::Helper(helper.to_owned(), error);
        let program = self.program(&format!("docker-credential-{helper}")).map_err(failed)?;
        let mut command = Command::new(program);
        command
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(failed)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let talk = async {
            if let Some(mut stdin) = stdin {
                // One that does not read what it is asked has its reasons; its answer counts.
                let _ = stdin.write_all(server.as_bytes()).await;
            }
            let mut answer = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(limits::JSON_DOCUMENT).read_to_end(&mut answer).await?;
            }
            Ok::<_, io::Error>((answer, child.wait().await?))
        };
        let timed = timeout(HELPER_TIME, talk).await.map_err(|_| failed(io::ErrorKind::TimedOut.into()))?;
        let (answer, status) = timed.map_err(failed)?;
        if !status.success() {
            let says = String::from_utf8_lossy(&answer);
            let unknown = says.trim().starts_with(NOT_FOUND);
            return if unknown { Ok(None) } else { Err(Error::HelperFailed(helper.to_owned())) };
        }
        let answer: Answer =
            serde_json::from_slice(&answer).map_err(|_| Error::HelperAnswer(helper.to_owned()))?;
        Ok(Credentials::of(answer.username, answer.secret))
    }

    /// A program in the folders for helpers. Never one in the current folder.
    fn program(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.helpers.clone().or_else(|| env::var_os("PATH")).unwrap_or_default();
        let name = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&name))
            .find(|path| path.is_file())
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "not found on PATH"))
    }
}

impl Entry {
    /// `None` if it cannot be read; nothing in it is no error.
    fn credentials(&self) -> Option<Option<Credentials>> {
        if let Some(token) = self.identitytoken.clone().filter(|token| !token.is_empty()) {
            return Some(Some(Credentials::Identity(token)));
        }
        if let Some(auth) = self.auth.as_deref().filter(|auth| !auth.is_empty()) {
            let bytes = BASE64_STANDARD.decode(auth.trim()).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            let (user, password) = text.split_once(':')?;
            return Some(Credentials::of(user.to_owned(), password.trim_end_matches('\0').to_owned()));
        }
        Some(match (self.username.clone(), self.password.clone()) {
            (Some(user), Some(password)) => Credentials::of(user, password),
            _ => None,
        })
    }
}

impl Credentials {
    fn of(user: String, secret: String) -> Option<Self> {
        match (user.as_str(), secret.as_str()) {
            (_, "") => None,
            (TOKEN_USER, _) => Some(Self::Identity(secret)),
            _ => Some(Self::Basic { user, password: secret }),
        }
    }

    /// The value of `Authorization` for a name and a password.
    pub(super) fn basic(&self) -> Option<String> {
        match self {
            Self::Basic { user, password } => {
                Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
            }
            Self::Identity(_) => None,
        }
    }
}

/// Whether a key of the configuration means a host: docker has written hosts, and addresses with schemes and paths.
fn is_key_of(key: &str, host: &RegistryHost) -> bool {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
    // Podman's keys may name a repository, which is not the whole host.
    let whole = matches!(path.trim_end_matches('/'), "" | "v1" | "v2");
    whole && name.parse::<RegistryHost>().is_ok_and(|named| named == *host)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn host(text: &str) -> RegistryHost {
        text.parse().unwrap()
    }

    async fn found(config: &str, name: &str) -> Result<Option<Credentials>, Error> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), config).unwrap();
        DockerConfig::at(folder.path()).credentials(&host(name)).await
    }

    fn basic(user: &str, password: &str) -> Option<Credentials> {
        Some(Credentials::Basic { user: user.to_owned(), password: password.to_owned() })
    }

    #[tokio::test(flavor = "current_thread")]
    async fn credentials_are_those_of_the_host_and_no_other() {
        // base64 of "me:a:b" and of "hub:secret".
        let config = r#"{ "auths": {
            "r.example:5000": { "auth": "bWU6YTpi" },
            "https://index.docker.io/v1/": { "auth": "aHViOnNlY3JldA==" },
            "https://old.example/v1/": { "username": "u", "password": "p" },
            "token.example": { "auth": "bWU6YTpi", "identitytoken": "t" },
            "empty.example": {},
            "part.example/some/repository": { "auth": "bWU6YTpi" },
            "broken.example": { "auth": "!!" }
        } }"#;
        assert_eq!(found(config, "r.example:5000").await.unwrap(), basic("me", "a:b"));
        assert_eq!(found(config, "docker.io").await.unwrap(), basic("hub", "secret"));
        assert_eq!(found(config, "old.example").await.unwrap(), basic("u", "p"));
        assert_eq!(
            found(config, "token.example").await.unwrap(),
            Some(Credentials::Identity("t".to_owned()))
        );
        for none in ["r.example", "r.example:5001", "x.r.example", "empty.example", "part.example", "ghcr.io"]
        {
            assert_eq!(found(config, none).await.unwrap(), None, "{none}");
        }
        assert!(matches!(found(config, "broken.example").await, Err(Error::Malformed(_))));
        assert!(matches!(found("{", "r.example").await, Err(Error::Malformed(_))));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(DockerConfig::at(folder.path()).credentials(&host("r.example")).await.unwrap(), None);
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "current_thread")]
    async fn helpers_are_asked_for_their_hosts() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let script = |name: &str, body: &str| {
            let path = folder.path().join(format!("docker-credential-{name}"));
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        script(
            "own",
            r#"read server; [ "$1" = get ] && printf '{"ServerURL":"%s","Username":"own","Secret":"%s"}' "$server" "$server""#,
        );
        script("all", "cat >/dev/null; echo credentials not found in native keychain; exit 1");
        script("bad", "cat >/dev/null; echo secret words; exit 3");
        script("odd", "cat >/dev/null; echo '{}'");
        let config = r#"{ "credsStore": "all", "auths": { "file.example": { "auth": "bWU6YTpi" } }, "credHelpers": {
            "own.example:5000": "own", "docker.io": "own", "bad.example": "bad", "odd.example": "odd",
            "gone.example": "gone", "evil.example": "../own" } }"#;
        fs::write(folder.path().join("config.json"), config).unwrap();
        let config = DockerConfig::at(folder.path()).with_helpers_in(folder.path().as_os_str().to_owned());
        let found = async |name: &str| config.credentials(&host(name)).await;
        assert_eq!(found("own.example:5000").await.unwrap(), basic("own", "own.example:5000"));
        assert_eq!(found("docker.io").await.unwrap(), basic("own", DOCKER_HUB));
        // The helper for all knows nothing of it; the file does.
        assert_eq!(found("file.example").await.unwrap(), basic("me", "a:b"));
        assert_eq!(found("other.example").await.unwrap(), None);
        let error = found("bad.example").await.unwrap_err();
        assert!(matches!(&error, Error::HelperFailed(_)) && !error.to_string().contains("secret"), "{error}");
        assert!(matches!(found("odd.example").await, Err(Error::HelperAnswer(_))));
        assert!(matches!(found("gone.example").await, Err(Error::Helper(..))));
        assert!(matches!(found("evil.example").await, Err(Error::HelperName)));
    }
}
