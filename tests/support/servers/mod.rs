//! Real servers, and servers that misbehave on purpose, all on 127.0.0.1 and on ports of their own.
//!
//! * [`process`]: Debian's `docker-registry`, alone or behind nginx, filled by `skopeo`.
//! * [`fake`]: a registry, a token server and a file server that do as they are told: cut connections, answer HTML, send
//!   wrong digests, ignore `Range`, redirect, ask for patience.
//! * [`images`]: the images that they hold.
//!
//! Each notes every request ([`Log`]) and stops when it is dropped.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod fake;
pub mod images;
pub mod process;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use layerscope::serve::gateway::DockerConfig;

/// A request that a server has answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hit {
    /// `GET`, `HEAD`, `OPTIONS`…
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The status of the answer.
    pub status: u16,
    /// The `Authorization` that came; `None` as well where the server does not note it, as processes do not.
    pub authorization: Option<String>,
    /// The `Range` that came; as above.
    pub range: Option<String>,
    /// The `Origin` that came; as above.
    pub origin: Option<String>,
}

/// The requests that a server has answered, in the order in which it finished.
#[derive(Debug, Clone)]
pub enum Log {
    /// Noted by a server of these tests.
    Memory(Arc<Mutex<Vec<Hit>>>),
    /// The access log of a process.
    File(PathBuf),
}

impl Default for Log {
    fn default() -> Self {
        Self::Memory(Arc::default())
    }
}

impl Log {
    /// What was answered so far.
    pub fn hits(&self) -> Vec<Hit> {
        match self {
            Self::Memory(hits) => hits.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::File(path) => {
                fs::read_to_string(path).unwrap_or_default().lines().filter_map(parse).collect()
            }
        }
    }

    /// `METHOD /path?query STATUS` of everything so far: for messages.
    pub fn lines(&self) -> Vec<String> {
        self.hits().iter().map(|hit| format!("{} {} {}", hit.method, hit.target, hit.status)).collect()
    }

    /// How many `GET`s of this blob were answered with bytes of it, whole or in part.
    pub fn blob_gets(&self, digest: &str) -> usize {
        let end = format!("/blobs/{digest}");
        let file = format!("/blobs/{}", digest.replace(':', "/"));
        let of_blob = |hit: &Hit| {
            let path = hit.target.split('?').next().unwrap_or_default();
            path.ends_with(&end) || path.ends_with(&file)
        };
        let sent = |hit: &&Hit| hit.method == "GET" && (200..300).contains(&hit.status) && of_blob(hit);
        self.hits().iter().filter(sent).count()
    }

    /// Waits for what is expected of it: a process may write its log after it has answered.
    pub fn wait_for(&self, expected: impl Fn(&Self) -> bool) -> bool {
        (0..500).any(|_| {
            expected(self) || {
                std::thread::sleep(std::time::Duration::from_millis(20));
                false
            }
        })
    }

    /// Notes a request.
    pub(crate) fn push(&self, hit: Hit) {
        if let Self::Memory(hits) = self {
            hits.lock().unwrap_or_else(PoisonError::into_inner).push(hit);
        }
    }
}

/// A line of the common log format: `… "GET /v2/ HTTP/1.1" 200 …`.
fn parse(line: &str) -> Option<Hit> {
    let (_, rest) = line.split_once('"')?;
    let (request, rest) = rest.split_once('"')?;
    let mut words = request.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let status = rest.split_whitespace().next()?.parse().ok()?;
    Some(Hit { method, target, status, ..Hit::default() })
}

/// A configuration of docker's in a folder: a name and a password for these hosts.
pub fn docker_config<'h>(
    folder: &Path,
    hosts: impl Iterator<Item = &'h str>,
    (user, password): (&str, &str),
) -> DockerConfig {
    let auth = BASE64_STANDARD.encode(format!("{user}:{password}"));
    let auths: serde_json::Map<_, _> =
        hosts.map(|host| (host.to_owned(), serde_json::json!({ "auth": auth }))).collect();
    let config = serde_json::json!({ "auths": auths });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    DockerConfig::at(folder)
}

/// Sends a request as it is given; `headers` end in a line break each. The head of the answer in lower case, and its body.
pub fn ask(method: &str, host: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // A connection that is cut may also be reset.
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).unwrap().to_lowercase();
    let body = if head.contains("transfer-encoding: chunked") { unchunked(&body) } else { body };
    (head, body)
}

/// What chunks hold (RFC 9112, section 7.1), up to where they end or break off.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        let chunk = &rest[end + 2..];
        out.extend_from_slice(&chunk[..size.min(chunk.len())]);
        if size == 0 || chunk.len() < size + 2 {
            break;
        }
        rest = &chunk[size + 2..];
    }
    out
}
