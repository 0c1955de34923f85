//! What is looked at stands in the URL.

use super::{fetched_whole, name, pull, registry};
use crate::{
    app::{id, row},
    servers::{
        fake::{self, Setup},
        images::{FIRST, Stored},
    },
    support::{Options, Page, run},
};

async fn wait_for_fragment(page: &Page, wanted: &[&str]) {
    page.until(&format!("{wanted:?} in the URL"), async |page| {
        let fragment = page.eval("location.hash").await.as_str().unwrap().to_owned();
        wanted.iter().all(|part| fragment.split(['#', '&']).any(|have| have == *part))
    })
    .await;
}

#[test]
fn a_link_leads_to_what_was_looked_at() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-link", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        fetched_whole(page).await;
        page.show("files").await;
        page.click(&id("scrubber-down")).await;
        page.click(&id("scrubber-down")).await;
        page.type_into(&id("filter"), "motd").await;
        page.select("etc/motd").await;
        wait_for_fragment(page, &["view=files", "layer=1", "path=etc/motd", "filter=motd"]).await;

        // Back and forward, over pages and not over keystrokes.
        page.show("history").await;
        wait_for_fragment(page, &["view=history"]).await;
        page.eval("history.back()").await;
        page.wait_for(&id("view-files")).await;
        wait_for_fragment(page, &["view=files", "path=etc/motd"]).await;
        page.eval("history.forward()").await;
        page.wait_for(&id("view-history")).await;
        page.eval("history.back()").await;
        page.wait_for(&id("view-files")).await;
        wait_for_fragment(page, &["view=files", "layer=1", "path=etc/motd", "filter=motd"]).await;

        // Another reader, another visit: the same, once it is agreed to.
        let shared = page.eval("location.href").await.as_str().unwrap().to_owned();
        let before = registry.log().lines().len();
        page.goto("about:blank").await;
        page.goto(&shared).await;
        page.wait_for(&id("remote-agree")).await;
        assert!(page.text(&id("remote-link")).await.contains(&registry.host()));
        assert_eq!(registry.log().lines().len(), before, "nobody was asked yet");
        page.click(&id("remote-agree")).await;
        fetched_whole(page).await;
        page.wait_for_details("etc/motd").await;
        page.wait_for(&row("etc/motd")).await;
        let filter = page.eval("document.querySelector('[data-testid=filter]').value").await;
        assert_eq!(filter, "motd");
        assert_eq!(page.eval("document.querySelector('[data-testid=scrubber]').value").await, "1");
        wait_for_fragment(page, &["view=files", "layer=1", "path=etc/motd", "filter=motd"]).await;
    });
}

/// The page's own server is asked without a question, also by the page that asks nobody else.
#[test]
fn what_lies_beside_the_page_opens_at_once() {
    let stored = Stored::new();
    run("remote-own", Options::default(), async |page| {
        let copy = std::process::Command::new("cp")
            .arg("-r")
            .arg(stored.layout())
            .arg(page.dist().join("image"))
            .status();
        assert!(copy.unwrap().success());
        page.open_at(&format!("#pull={}image/", page.url())).await;
        page.wait_for_text(&id("remote-choices"), FIRST).await;
        page.click("[data-testid=remote-choices] li:nth-child(1) button").await;
        fetched_whole(page).await;
        page.assert_silent().await;
    });
}

#[test]
fn a_declined_link_asks_nobody() {
    let stored = Stored::new();
    let registry = fake::registry(&stored.layout(), Setup { cors: true, ..Setup::default() });
    run("remote-declined", Options::default(), async |page| {
        page.open_at(&format!("remote.html#pull={}", name(&registry, FIRST))).await;
        page.click(&id("remote-dismiss")).await;
        page.wait_until_gone(&id("remote-link")).await;
        page.open_sample("hello").await;
        assert_eq!(registry.log().lines(), Vec::<String>::new());
        // What the URL says is what is looked at.
        assert_eq!(page.eval("location.hash").await, "");
    });
}
