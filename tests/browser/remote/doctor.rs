//! Why a page may not read: every cause that can be brought about on one machine, and what the page says of it.

use serde_json::json;

use super::{begin, login::log_in, name, pull, registry};
use crate::{
    app::id,
    servers::{
        fake::{self, Access, Fault, Setup, TokenServer},
        images::{FIRST, Stored},
        process::{Registry, Settings, USER},
    },
    support::{Options, Page, run},
};

async fn wait_for_cause(page: &Page, cause: &str) {
    page.wait_for(&format!("[data-testid=remote-doctor][data-cause={cause}]")).await;
}

#[test]
fn a_registry_that_lets_no_page_read_is_known_by_that_it_answers() {
    let stored = Stored::new();
    let silent = fake::registry(&stored.layout(), Setup::default());
    run("remote-doctor", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&silent, FIRST))).await;
        wait_for_cause(page, "NoCors").await;
        let text = page.text(&id("remote-doctor")).await;
        let name = name(&silent, FIRST);
        assert!(
            text.contains(&format!(
                "skopeo copy --src-tls-verify=false docker://{name} oci-archive:image.tar"
            )),
            "{text}"
        );
        assert!(text.contains(&format!("layerscope serve --allow-registry {}", silent.host())), "{text}");
        // Each server's configuration is there to be copied, for this very page.
        page.eval("document.querySelectorAll('[data-testid=remote-doctor] details').forEach((d) => { d.open = true; })").await;
        let text = page.text(&id("remote-doctor")).await;
        for server in ["distribution", "nginx", "Caddy", "Traefik", "S3", "GitHub Pages"] {
            assert!(text.contains(server), "{server} in {text}");
        }
        let origin = page.eval("location.origin").await.as_str().unwrap().to_owned();
        assert!(text.contains(&format!("Access-Control-Allow-Origin: ['{origin}']")), "{text}");
        page.screenshot("remote-doctor").await;
        // Tags are refused for the same cause.
        page.open_at("remote.html").await;
        page.type_into(&id("remote-place"), &name).await;
        page.click(&id("remote-tags")).await;
        wait_for_cause(page, "NoCors").await;
    });
}

#[test]
fn blobs_that_lead_elsewhere_are_told_from_a_registry_that_cannot_be_read() {
    let stored = Stored::new();
    let other = fake::files(&stored.layout(), false);
    let redirecting = registry(&stored, vec![Fault::RedirectBlobs(other.url())]);
    run("remote-doctor-blobs", Options::default(), async |page| {
        pull(page, &format!("look={}", name(&redirecting, FIRST))).await;
        wait_for_cause(page, "Redirect").await;
        assert!(page.text(&id("remote-doctor")).await.contains("leads to another host"));
    });
    // Without leading anywhere.
    let silent = registry(&stored, vec![Fault::BlobsWithoutCors]);
    run("remote-doctor-silent-blobs", Options::default(), async |page| {
        pull(page, &format!("look={}", name(&silent, FIRST))).await;
        wait_for_cause(page, "Blobs").await;
    });
}

/// The registry is not to blame for that its token server lets no page read.
#[test]
fn a_token_server_that_cannot_be_read_is_named() {
    let stored = Stored::new();
    let tokens = TokenServer::start(false);
    let setup = Setup { cors: true, access: Access::Token(tokens.tokens()), ..Setup::default() };
    let registry = fake::registry(&stored.layout(), setup);
    run("remote-doctor-token", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        wait_for_cause(page, "TokenServer").await;
        let said = page.contents(&format!("{} details", id("error"))).await.concat();
        assert!(said.contains(&tokens.host()), "{said}");
    });
}

#[test]
fn nobody_listens_and_offline_are_told_apart() {
    let stored = Stored::new();
    // It has ended when it is asked.
    let host = registry(&stored, Vec::new()).host();
    run("remote-doctor-nobody", Options::default(), async |page| {
        pull(page, &format!("pull={host}/a")).await;
        wait_for_cause(page, "Unreachable").await;
        // The worker is there before the network is gone.
        page.open_at("remote.html").await;
        page.open_sample("hello").await;
        page.eval("location.hash = 'pull=registry.example/a'").await;
        page.wait_for(&id("remote-agree")).await;
        page.cdp("Network.enable", json!({})).await;
        let none = json!({ "offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        page.cdp("Network.emulateNetworkConditions", none).await;
        page.click(&id("remote-agree")).await;
        wait_for_cause(page, "Offline").await;
    });
}

#[test]
fn a_hidden_challenge_is_named() {
    let stored = Stored::new();
    let setup = Setup { cors: true, access: Access::Basic, faults: vec![Fault::HideHeaders] };
    let hiding = fake::registry(&stored.layout(), setup);
    run("remote-doctor-hidden", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&hiding, FIRST))).await;
        wait_for_cause(page, "HiddenHeader").await;
        assert!(page.text(&id("remote-doctor")).await.contains("WWW-Authenticate"));
    });
}

/// distribution asks for a login before it answers `OPTIONS`, so no login ever reaches it (distribution#4458).
#[test]
fn a_preflight_that_is_refused_is_named() {
    let Some(registry) = Registry::start(Settings { cors: true, basic: true }) else { return };
    let stored = Stored::new();
    if !registry.push(&stored.source(FIRST), "shop/web:first") {
        return;
    }
    run("remote-doctor-preflight", Options::default(), async |page| {
        begin(page, &format!("pull={}/shop/web:first", registry.host())).await;
        log_in(page, USER.0, USER.1).await;
        wait_for_cause(page, "Preflight").await;
    });
}
