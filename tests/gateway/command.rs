//! `layerscope serve` as it is called.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use layerscope::serve::Page;

use crate::{
    refusal,
    servers::{
        ask,
        fake::{self, Setup},
        images::Stored,
    },
    status,
};

/// A process that ends with this value.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn layerscope() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layerscope"));
    command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn it_serves_a_page_and_the_registries_that_are_named() {
    let stored = Stored::new();
    let registry = fake::registry(&stored.layout(), Setup::default());
    let other = fake::registry(&stored.layout(), Setup::default());
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "the page").unwrap();
    let child = layerscope()
        .args(["--port", "0", "--only-named", "--anonymous", "--allow-registry", &registry.host(), "--page"])
        .arg(page.path())
        .spawn()
        .unwrap();
    let mut serving = Serving(child);
    let mut said = String::new();
    BufReader::new(serving.0.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let host = said.split("http://").nth(1).unwrap().split('/').next().unwrap();
    assert!(host.starts_with("127.0.0.1:"), "{said}");
    assert_eq!(ask("GET", host, "/", "").1, b"the page");
    let list =
        |registry: &str| ask("GET", host, &format!("/_layerscope/v1/{registry}/v2/shop/web/tags/list"), "");
    assert_eq!(status(&list(&registry.host())), 200);
    for refused in [other.host(), "docker.io".to_owned()] {
        assert_eq!(refusal(&list(&refused)), (403, "GATEWAY_HOST_NOT_ALLOWED".to_owned()));
    }
}

#[test]
fn without_a_page_it_says_how_to_get_one() {
    if Page::embedded().is_some() {
        eprintln!("SKIPPED: this build has a page inside");
        return;
    }
    let mut child = layerscope().args(["--port", "0"]).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("make gateway") && said.contains("--page"), "{said}");
}

#[test]
fn hosts_that_are_none_are_refused_when_it_is_called() {
    for host in ["https://ghcr.io", "ghcr.io/library", "a b", ""] {
        let done = layerscope().args(["--allow-registry", host]).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{host}");
    }
}
