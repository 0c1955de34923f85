//! What the page does when its worker cannot start, crashes, hangs, or can no longer read the file.

use std::{
    fs::{self, OpenOptions},
    time::Duration,
};

use layerscope::{
    fixture::{Archive, Image, Pack, Shape, Tar},
    serve::Server,
};
use tokio::time::sleep;

use crate::{
    app::{Folder, id, row},
    open::large_archive,
    servers::{
        fake::{self, Setup},
        images::{FIRST, Stored},
    },
    support::{Options, Page, later, run_in_all},
};

/// Put at the end of the worker's script: has the real worker fail on demand. It answers before it does.
const FAULTS: &str = r#"
const faults = new BroadcastChannel("faults");
faults.onmessage = ({ data: { worker, fault } }) => {
  // All workers hear all of it, the answers of others too.
  if (worker !== self.name) return;
  if (fault === "fill") {
    // The memory of the module itself: from here on Rust cannot have a page more.
    for (let pages = 4096; pages > 0; pages >>= 1) {
      try { for (;;) wasm.memory.grow(pages); } catch {}
    }
  }
  faults.postMessage({ heard: self.name });
  if (fault === "throw") throw new Error("made to fail");
  if (fault === "hang") for (;;);
};
"#;

const CLOSED: Options = Options { open: false, ..Options::DEFAULT };

impl Page {
    /// Opens the page, and waits until it has started.
    async fn open_and_start(&self) {
        self.open().await;
        self.wait_for(&id("drop-overlay")).await;
    }

    /// Has the worker that holds the model fail.
    async fn fault(&self, what: &str) {
        self.fault_in("model", what).await;
    }

    /// Has the workers of a name fail.
    async fn fault_in(&self, worker: &str, what: &str) {
        let script = format!(
            "new Promise((resolve) => {{
                const faults = new BroadcastChannel('faults');
                faults.onmessage = ({{ data }}) => {{ if (data.heard === {worker:?}) resolve(true); }};
                faults.postMessage({{ worker: {worker:?}, fault: {what:?} }});
            }})"
        );
        assert_eq!(self.eval(&script).await, true);
    }

    /// Waits for a failure in these words, and gives its particulars.
    async fn wait_for_error(&self, words: &str) -> String {
        self.wait_for_text(&id("error"), words).await;
        self.contents(&format!("{} details", id("error"))).await.concat()
    }

    /// Opens a sample that could not be, or whose history was all that could be shown.
    async fn open_hello_again(&self) {
        let is_open = self.count(&id("open-again")).await > 0;
        self.click(&id(if is_open { "open-again" } else { "sample-hello" })).await;
        self.wait_until_gone(&id("error")).await;
    }

    /// What the page knows without its worker, of the sample `whiteouts`.
    async fn assert_history_is_kept(&self) {
        self.show("history").await;
        assert!(self.count("[data-testid^='step-']").await >= 8);
        self.show("trust").await;
        self.wait_for(&id("digest-0")).await;
        self.show("files").await;
    }
}

/// Runs a test in each browser, in which the worker can be made to fail.
fn with_faults(name: &str, test: impl AsyncFn(&mut Page)) {
    run_in_all(name, CLOSED, async |page| {
        page.edit("worker.js", |glue| glue + FAULTS);
        page.open_and_start().await;
        test(page).await;
    });
}

// --- A worker that does not start

#[test]
fn a_worker_that_cannot_start_is_tried_once_for_each_opening() {
    // Each start is told to the server, before anything ends it.
    const BROKEN: &str = "
        const request = new XMLHttpRequest();
        request.open('GET', `${self.location.origin}/a/b/started`, false);
        request.send();
        throw new Error('made to fail');
    ";
    run_in_all("worker-cannot-start", CLOSED, async |page| {
        page.edit("worker.js", |glue| glue + BROKEN);
        let starts = |page: &Page| page.requests().iter().filter(|line| line.ends_with("/started")).count();
        page.open_and_start().await;
        page.until("the first start", async |page| starts(page) == 1).await;
        for openings in 1..=3 {
            page.click(&id("sample-hello")).await;
            let particulars = page.wait_for_error("The reader could not be started.").await;
            assert!(particulars.contains("made to fail"), "{particulars}");
            assert_eq!(page.count(&id("start")).await, 1);
            // As many as there were reasons for, the first of which is the page itself.
            assert!(starts(page) <= openings + 1, "{} starts after {openings} openings", starts(page));
            page.click(&id("dismiss")).await;
        }
        // Mended on the server, it is mended here.
        page.edit("worker.js", |glue| glue.replace(BROKEN, ""));
        page.open_sample("hello").await;
        page.wait_for_text(&id("image-picker"), "hello:latest").await;
    });
}

/// Hosts answer with a page, and status 200, for what they do not have.
#[test]
fn a_page_in_place_of_the_workers_code_is_told_and_fetched_again() {
    for part in ["worker.js", "worker_bg.wasm", "worker_model", "worker_answers"] {
        let name = part.trim_start_matches("worker").trim_matches(['.', '_']);
        run_in_all(&format!("worker-html-{name}"), CLOSED, async |page| {
            let path = later(page.dist(), part);
            let file = path.file_name().unwrap().to_str().unwrap();
            let code = fs::read(&path).unwrap();
            fs::write(&path, "<!doctype html>\n<title>Welcome</title>\n").unwrap();
            page.open_and_start().await;
            page.click(&id("sample-hello")).await;
            let particulars = page.wait_for_error("The reader could not be started.").await;
            assert!(particulars.contains(file), "{particulars}");
            page.wait_until_gone(&id("opening")).await;
            page.assert_silent().await;

            // Servers tell the time of a file in seconds: within one, the browser would be told that nothing has changed.
            sleep(Duration::from_millis(1_100)).await;
            fs::write(&path, code).unwrap();
            page.open_hello_again().await;
            page.wait_for_text(&id("image-picker"), "hello:latest").await;
        });
    }
}

#[test]
fn what_is_no_script_at_all_is_told() {
    run_in_all("worker-garbage", CLOSED, async |page| {
        // The browser tells of a script that it cannot parse by an event without a message.
        page.edit("worker.js", |_| "%PDF-1.7".to_owned());
        page.open_and_start().await;
        page.click(&id("sample-hello")).await;
        page.wait_for_error("The reader could not be started.").await;
        page.wait_until_gone(&id("opening")).await;
    });
}

#[test]
fn a_failed_fetch_of_the_worker_is_tried_again() {
    for part in ["worker_bg.wasm", "worker_chunk", "worker_answers"] {
        run_in_all(&format!("worker-fetch-{}", &part[7..9]), CLOSED, async |page| {
            let (here, away) = (later(page.dist(), part), page.dist().join("elsewhere"));
            fs::rename(&here, &away).unwrap();
            page.open_and_start().await;
            page.click(&id("sample-hello")).await;
            let particulars = page.wait_for_error("The reader could not be started.").await;
            assert!(particulars.contains("404"), "{particulars}");

            fs::rename(&away, &here).unwrap();
            page.open_hello_again().await;
            page.wait_for_text(&id("image-picker"), "hello:latest").await;
        });
    }
}

// --- A worker that ends

#[test]
fn a_crash_of_the_worker_leaves_the_page_alive() {
    let folder = Folder::new();
    let hello = folder.sample("hello");
    with_faults("worker-crash", async |page| {
        page.open_sample("whiteouts").await;
        let before = page.requests();
        page.fault("throw").await;
        let particulars = page.wait_for_error("The reader stopped unexpectedly.").await;
        assert!(particulars.contains("made to fail"), "{particulars}");
        page.wait_for_text(&id("error"), "The history and what is known of the image are kept.").await;
        page.assert_history_is_kept().await;
        page.screenshot(&format!("worker-crash-{}", page.browser().name())).await;

        // All of it comes back, without a network.
        page.cut_network().await;
        page.forget_marks().await;
        page.click(&id("open-again")).await;
        page.wait_until_read().await;
        page.wait_until_gone(&id("error")).await;
        page.wait_until_drawn().await;
        page.select("etc/passwd").await;
        page.fault("throw").await;
        page.wait_for_error("The reader stopped unexpectedly.").await;
        page.drop_archive(&hello).await;
        page.wait_for_text(&id("image-picker"), "hello:latest").await;
        page.wait_until_gone(&id("error")).await;
        page.wait_until_drawn().await;
        let started = before.iter().filter(|line| line.contains("worker")).count();
        assert_eq!(started, 5, "the worker's code is fetched once: {before:?}");
    });
}

/// A worker that reads layers for the one that holds the model: only what it would have found is missing.
#[test]
fn a_crash_while_a_layer_is_read_leaves_what_is_known() {
    let folder = Folder::new();
    let hello = folder.sample("hello");
    with_faults("scanner-crash", async |page| {
        page.drop_file(large_archive()).await;
        page.when("document.querySelector('.layer-sizes')", "true").await;
        page.fault_in("scanner", "throw").await;
        let particulars = page.wait_for_error("The reading of a layer stopped unexpectedly.").await;
        assert!(particulars.contains("made to fail"), "{particulars}");
        page.wait_until_gone(&id("cancel")).await;
        // The model is as it was.
        page.wait_until_drawn().await;
        page.select("opt").await;
        page.drop_archive(&hello).await;
        page.wait_for_text(&id("image-picker"), "hello:latest").await;
        page.wait_until_gone(&id("error")).await;
    });
}

/// The module's memory is full to the last page: the next thing that Rust wants room for ends the worker.
#[test]
fn a_worker_out_of_memory_is_told_and_replaced() {
    let folder = Folder::new();
    let mut layer = Tar::new().dir("files", 0o755);
    for file in 0..30_000 {
        layer = layer.file(format!("files/file-{file:05}.txt"), "");
    }
    let image = Image::new().name("many:1").layer(&layer, "COPY files /files");
    let many = folder.archive("many.tar", &Archive::new(Shape::DockerOci).image(image));
    with_faults("worker-memory", async |page| {
        page.open_sample("whiteouts").await;
        page.fault("fill").await;
        page.drop_file(&many).await;
        page.wait_for_error("The reader stopped unexpectedly. It may have run out of memory").await;
        // Another worker has a memory of its own.
        page.drop_archive(&many).await;
        page.wait_for_text(&id("image-picker"), "many:1").await;
        page.wait_until_gone(&id("error")).await;
        page.expand_all(30_001).await;
    });
}

#[test]
fn a_hung_worker_is_replaced_by_the_next_opening() {
    let folder = Folder::new();
    let hello = folder.sample("hello");
    with_faults("worker-hang-open", async |page| {
        page.open_sample("whiteouts").await;
        page.fault("hang").await;
        let before = page.requests();
        page.drop_archive(&hello).await;
        page.wait_for_text(&id("image-picker"), "hello:latest").await;
        page.wait_until_drawn().await;
        page.select("etc/hello.conf").await;
        assert_eq!(page.requests(), before);
    });
}

/// An image from elsewhere is fetched again, and is from elsewhere still.
#[test]
fn after_a_crash_a_pull_begins_anew() {
    let stored = Stored::new();
    let registry = fake::registry(&stored.layout(), Setup { cors: true, ..Setup::default() });
    let layers = ["complete", "complete", "complete"];
    with_faults("worker-crash-remote", async |page| {
        let link = format!("pull={}/shop/web:{FIRST}", registry.host());
        page.open_at(&format!("remote.html#{link}")).await;
        page.click(&id("remote-agree")).await;
        page.until("all layers", async |page| page.contents(&id("pull-state")).await == layers).await;
        page.fault("throw").await;
        page.wait_for_error("The reader stopped unexpectedly.").await;
        page.click(&id("open-again")).await;
        page.wait_until_gone(&id("error")).await;
        page.until("all layers again", async |page| page.contents(&id("pull-state")).await == layers).await;
        page.wait_for(&id("list-referrers")).await;
        let fragment = page.eval("location.hash").await.as_str().unwrap().to_owned();
        assert!(fragment.contains(&link), "{fragment}");
    });
}

#[test]
fn a_hung_worker_is_ended_by_cancelling() {
    with_faults("worker-hang-cancel", async |page| {
        page.drop_file(large_archive()).await;
        page.wait_for(&id("stack")).await;
        page.fault("hang").await;
        page.click(&id("cancel")).await;
        page.wait_for_error("The reader did not answer, and was ended.").await;
        page.wait_until_gone(&id("cancel")).await;
        page.forget_marks().await;
        page.click(&id("open-again")).await;
        page.wait_until_read().await;
        page.wait_until_gone(&id("error")).await;
    });
}

/// The worker of the real page, and a server that it must not reach.
#[test]
fn the_worker_can_reach_nobody() {
    run_in_all("worker-policy", CLOSED, async |page| {
        let elsewhere = Server::start(page.dist(), "/", 0).await.unwrap();
        let fetch = format!(
            "const policy = new BroadcastChannel('policy');
            policy.onmessage = () => fetch('{}', {{ mode: 'no-cors' }})
                .then(() => policy.postMessage('reached'), (error) => policy.postMessage(String(error)));",
            elsewhere.url()
        );
        page.edit("worker.js", |glue| glue + &fetch);
        page.open_and_start().await;
        page.open_sample("hello").await;
        let answer = "new Promise((resolve) => {
            const policy = new BroadcastChannel('policy');
            policy.onmessage = ({ data }) => resolve(data);
            policy.postMessage('try');
        })";
        let answer = page.eval(answer).await;
        assert!(answer.as_str().unwrap().starts_with("TypeError"), "{answer}");
        assert_eq!(elsewhere.requests(), [""; 0]);
    });
}

// --- A file that is no longer what it was

#[test]
fn a_file_that_vanishes_is_named_and_what_was_read_stays() {
    run_in_all("file-gone", Options::default(), async |page| {
        let folder = Folder::new();
        let path = folder.sample("whiteouts");
        page.drop_archive(&path).await;
        page.wait_until_drawn().await;
        fs::remove_file(&path).unwrap();
        page.select("etc/passwd").await;
        page.click(&id("view-text")).await;
        page.wait_for_text(&id("viewer"), "The browser cannot read this.").await;
        page.click(&id("viewer-close")).await;
        // All but the contents is in memory.
        page.show("overlay").await;
        page.wait_for(&id("overlay-merged")).await;
        page.assert_history_is_kept().await;
        page.select("usr/bin/curl").await;
        page.wait_for(&row("etc/passwd")).await;
    });
}

#[test]
fn a_file_that_changes_while_it_is_read_is_named_and_what_was_read_stays() {
    run_in_all("file-changed", Options::default(), async |page| {
        let folder = Folder::new();
        let path = folder.path().join("large.tar");
        fs::copy(large_archive(), &path).unwrap();
        page.drop_file(&path).await;
        page.when("document.querySelector('.layer-sizes')", "true").await;
        // Firefox takes no offence at a file that only grows.
        OpenOptions::new().write(true).open(&path).unwrap().set_len(50_000_000).unwrap();
        let particulars = page.wait_for_error("The browser cannot read this.").await;
        let names = ["NotReadableError", "NotFoundError", "shorter than it was"];
        assert!(names.iter().any(|name| particulars.contains(name)), "{particulars}");
        page.wait_for_text(&id("error"), "What was read before is shown.").await;
        page.wait_until_gone(&id("cancel")).await;
        page.wait_until_drawn().await;
        page.select("opt").await;
        page.show("history").await;
        assert_eq!(page.count("[data-testid^='step-']").await, 6);
    });
}

/// A compressed archive is read by the worker that holds the others.
#[test]
fn a_compressed_archive_that_changes_while_it_is_read_leaves_the_others() {
    let packed = Pack::Gzip.pack(&fs::read(large_archive()).unwrap());
    run_in_all("packed-changed", Options::default(), async |page| {
        let folder = Folder::new();
        let path = folder.file("large.tar.gz", &packed);
        page.open_sample("whiteouts").await;
        page.drop_file(&path).await;
        page.wait_for(&id("cancel")).await;
        OpenOptions::new().write(true).open(&path).unwrap().set_len(1_000_000).unwrap();
        page.wait_for_error("The browser cannot read this.").await;
        page.select("etc/passwd").await;
        page.click(&id("view-text")).await;
        page.wait_for_text(&id("viewer"), "root").await;
    });
}
