//! The gateway of `layerscope serve`, over real sockets: what it forwards, and what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod command;
mod credentials;
mod forward;
mod guard;
#[path = "../support/servers/mod.rs"]
mod servers;

use std::{
    fs,
    net::SocketAddr,
    thread::{self, JoinHandle},
};

use layerscope::serve::{
    Config, Page, Server,
    gateway::{DockerConfig, Policy},
};
use serde_json::Value;
use servers::ask;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A gateway on a thread of its own, with a page of one line. It stops when dropped.
struct Gateway {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// What is served, in `page`; a secret beside it; an empty `docker` unless a test fills it.
    folder: TempDir,
}

impl Gateway {
    /// Allows nothing but the hosts given, which are of the loopback interface.
    fn for_hosts(hosts: &[&str]) -> Self {
        let policy = Policy::new().without_defaults();
        Self::start(hosts.iter().fold(policy, |policy, host| policy.allow(host.parse().unwrap())), |_| {})
    }

    /// With docker's configuration in a folder of its own, which `prepare` may fill.
    fn start(policy: Policy, prepare: impl FnOnce(&std::path::Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (page, docker) = (folder.path().join("page"), folder.path().join("docker"));
        fs::create_dir(&page).unwrap();
        fs::create_dir(&docker).unwrap();
        fs::write(page.join("index.html"), "<!doctype html>the page").unwrap();
        fs::write(folder.path().join("secret"), "not to be served").unwrap();
        prepare(&docker);
        let config = DockerConfig::at(&docker).with_helpers_in(docker.into_os_string());
        let policy = policy.with_config(config);
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let config = Config { gateway: Some(policy), ..Config::new(Page::folder(&page).unwrap()) };
                let server = Server::open(config).await.unwrap();
                tell.send(server.address()).unwrap();
                let _ = stopped.await;
            });
        });
        let address = told.recv().unwrap();
        Self { address, stop: Some(stop), thread: Some(thread), folder }
    }

    fn host(&self) -> String {
        self.address.to_string()
    }

    /// Asks as a program does, that is no browser: the head in lower case, and the body.
    fn ask(&self, method: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
        ask(method, &self.host(), path, headers)
    }

    /// `GET` of a path below the gateway, with no more headers than needed.
    fn get(&self, rest: &str) -> (String, Vec<u8>) {
        self.ask("GET", &format!("/_layerscope/v1/{rest}"), "")
    }

    /// The status and the error's code of a `GET` that is refused.
    fn refusal(&self, rest: &str) -> (u16, String) {
        refusal(&self.get(rest))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn status((head, _): &(String, Vec<u8>)) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

fn json((_, body): &(String, Vec<u8>)) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)))
}

/// The status and the code of what the gateway itself says; an empty code if a registry said it.
fn refusal(answer: &(String, Vec<u8>)) -> (u16, String) {
    let code = if answer.0.contains("layerscope-gateway: refused") {
        json(answer)["errors"][0]["code"].as_str().unwrap().to_owned()
    } else {
        String::new()
    };
    (status(answer), code)
}
