//! What is looked at stands in the URL.

use layerscope::serve::gateway::Policy;

use super::{fetched_whole, name, pull, registry};
use crate::{
    app::{id, row},
    servers::{
        fake::{self, Setup},
        images::{FIRST, Stored, digests},
    },
    support::{Options, Page, run},
};

/// A way around the question would be one around the reader: the gateway would ask with the reader's credentials.
#[test]
fn a_link_through_the_gateway_asks_first() {
    let stored = Stored::new();
    let registry = fake::registry(&stored.layout(), Setup::default());
    let policy = Policy::new().without_defaults().anonymous().allow(registry.host().parse().unwrap());
    let options = Options { gateway: Some(policy), ..Options::default() };
    run("remote-gateway-link", options, async |page| {
        let origin = page.url().split("/a/b/").next().unwrap().to_owned();
        let (_, layers) = digests(&stored.layout(), FIRST);
        for path in ["_layerscope/v1", "x/../_layerscope/v1", "%5flayerscope/v1"] {
            let repository = format!("{origin}/{path}/{}/v2/shop/web", registry.host());
            for place in [format!("{repository}/blobs/{}", layers[0]), format!("{repository}/")] {
                page.open_at(&format!("#pull={place}")).await;
                page.wait_for(&id("remote-agree")).await;
                // Even then it is not for this page, whose gateway is for registries.
                page.click(&id("remote-agree")).await;
                page.wait_for(&id("remote-forbidden")).await;
            }
        }
        assert_eq!(registry.log().lines(), Vec::<String>::new());
    });
}

/// What is declined, or cannot be had, does not stand in the URL for long.
#[test]
fn the_url_follows_again_after_a_link_led_nowhere() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-nowhere", Options::default(), async |page| {
        let first = format!("pull={}", name(&registry, FIRST));
        pull(page, &first).await;
        fetched_whole(page).await;
        wait_for_fragment(page, &[&first]).await;
        for (target, refused) in [(name(&registry, "second"), false), (name(&registry, "none"), true)] {
            page.eval(&format!("location.hash = 'pull={target}&view=trust'")).await;
            page.wait_for(&id("remote-agree")).await;
            if refused {
                page.click(&id("remote-agree")).await;
                page.wait_for_text(&id("error"), "There is no such image").await;
            } else {
                page.click(&id("remote-dismiss")).await;
            }
            wait_for_fragment(page, &[&first]).await;
            page.show("history").await;
            wait_for_fragment(page, &[&first, "view=history"]).await;
            page.show("files").await;
            wait_for_fragment(page, &[&first, "view=files"]).await;
        }
    });
}

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
