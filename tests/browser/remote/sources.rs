//! Each kind of server, directly and through the gateway.

use layerscope::serve::gateway::Policy;

use super::{fetched_whole, login::log_in};
use crate::{
    app::id,
    servers::{
        docker_config,
        fake::{self, Access, Fault, Served, Setup, TokenServer},
        images::{FIRST, Stored},
        process::{Nginx, Registry, Settings, USER},
    },
    support::{Options, Page, run},
};

/// What comes of a pull.
#[derive(Debug, Clone, Copy)]
enum Comes {
    /// The whole image.
    Whole,
    /// The whole image, after a login.
    AfterLogin,
    /// An image whose layers are not what they should be.
    Mismatch,
    /// A refusal that says so.
    Says(&'static str),
    /// A cause that the doctor names.
    Cause(&'static str),
}

/// A server, and what comes of asking it directly, and of asking it through the gateway.
struct Case {
    what: &'static str,
    host: String,
    directly: Comes,
    through: Comes,
}

/// Servers for as long as they are asked.
#[derive(Default)]
struct Servers {
    fakes: Vec<Served>,
    cases: Vec<Case>,
}

impl Servers {
    fn add(&mut self, what: &'static str, stored: &Stored, setup: Setup, directly: Comes, through: Comes) {
        let served = fake::registry(&stored.layout(), setup);
        self.cases.push(Case { what, host: served.host(), directly, through });
        self.fakes.push(served);
    }
}

async fn assert_comes(page: &Page, what: &str, comes: Comes) {
    eprintln!("{what}: {comes:?}");
    match comes {
        Comes::Whole => fetched_whole(page).await,
        Comes::AfterLogin => {
            log_in(page, USER.0, USER.1).await;
            fetched_whole(page).await;
        }
        Comes::Mismatch => {
            super::wait_for_states(page, &["wrong digest"; 3]).await;
            page.wait_for_text(&id("status-digests"), "digest mismatch").await;
        }
        Comes::Says(text) => page.wait_for_text(&id("error"), text).await,
        Comes::Cause(cause) => {
            page.wait_for(&format!("[data-testid=remote-doctor][data-cause={cause}]")).await;
        }
    }
}

#[test]
fn every_kind_of_server_is_read_directly_and_through_the_gateway() {
    let stored = Stored::new();
    let mut servers = Servers::default();
    let faulty = |faults: &[Fault]| Setup { cors: true, faults: faults.to_vec(), ..Setup::default() };
    let cut = Fault::Cut { after: 1_000, times: 1 };
    let refused = "not what was asked for";
    servers.add("cuts", &stored, faulty(std::slice::from_ref(&cut)), Comes::Whole, Comes::Whole);
    servers.add("cuts, no ranges", &stored, faulty(&[cut, Fault::IgnoreRange]), Comes::Whole, Comes::Whole);
    servers.add("no ranges", &stored, faulty(&[Fault::IgnoreRange]), Comes::Whole, Comes::Whole);
    let html = "not a registry";
    servers.add("HTML", &stored, faulty(&[Fault::Html]), Comes::Says(html), Comes::Says(html));
    let wrong = faulty(&[Fault::WrongManifests]);
    servers.add("wrong manifests", &stored, wrong, Comes::Says(refused), Comes::Says(refused));
    let wrong = faulty(&[Fault::WrongBlobs]);
    servers.add("wrong blobs", &stored, wrong, Comes::Says(refused), Comes::Says(refused));
    let wrong = faulty(&[Fault::WrongLayers]);
    servers.add("wrong layers", &stored, wrong, Comes::Mismatch, Comes::Mismatch);
    let later = Fault::TooMany { times: 1, retry_after: 1 };
    servers.add("429", &stored, faulty(&[later]), Comes::Whole, Comes::Whole);
    let busy = Fault::Unavailable { times: 1 };
    servers.add("503", &stored, faulty(&[busy]), Comes::Whole, Comes::Whole);
    for (cors, directly) in [(true, Comes::Whole), (false, Comes::Cause("Redirect"))] {
        let store = fake::files(&stored.layout(), cors);
        let redirect = faulty(&[Fault::RedirectBlobs(store.url())]);
        servers.add("redirects", &stored, redirect, directly, Comes::Whole);
        servers.fakes.push(store);
    }
    servers.add("without CORS", &stored, Setup::default(), Comes::Cause("NoCors"), Comes::Whole);
    let basic = Setup { cors: true, access: Access::Basic, ..Setup::default() };
    servers.add("Basic", &stored, basic.clone(), Comes::AfterLogin, Comes::Whole);
    servers.add("Basic, unknown", &stored, basic, Comes::AfterLogin, Comes::Says("docker login"));
    let tokens = TokenServer::start(true);
    let token = Setup { cors: true, access: Access::Token(tokens.tokens()), ..Setup::default() };
    servers.add("tokens", &stored, token, Comes::Whole, Comes::Whole);

    // Those that others made.
    let (with, without) = (Settings { cors: true, basic: false }, Settings::default());
    let real: Vec<_> = [with, without].into_iter().filter_map(Registry::start).collect();
    let locked = Registry::start(Settings { cors: false, basic: true });
    let nginx = locked.as_ref().and_then(Nginx::before);
    for registry in real.iter().chain(&locked) {
        assert!(registry.push(&stored.source(FIRST), "shop/web:first"));
    }
    for (registry, directly) in real.iter().zip([Comes::Whole, Comes::Cause("NoCors")]) {
        let what = "distribution";
        servers.cases.push(Case { what, host: registry.host(), directly, through: Comes::Whole });
    }
    if let Some(nginx) = &nginx {
        let (what, directly) = ("distribution behind nginx", Comes::AfterLogin);
        servers.cases.push(Case { what, host: nginx.host(), directly, through: Comes::Whole });
    }

    let hosts = servers.cases.iter().map(|case| case.host.clone());
    let hosts = hosts.chain(servers.fakes.iter().map(Served::host)).chain([tokens.host()]);
    let policy = Policy::new().without_defaults();
    let policy = hosts.fold(policy, |policy, host| policy.allow(host.parse().unwrap()));
    let docker = tempfile::tempdir().unwrap();
    let known = servers
        .cases
        .iter()
        .filter(|case| matches!(case.directly, Comes::AfterLogin) && matches!(case.through, Comes::Whole));
    let config = docker_config(docker.path(), known.map(|case| case.host.as_str()), USER);
    let options = Options { gateway: Some(policy.with_config(config)), ..Options::default() };

    run("remote-directly", Options::default(), async |page| {
        for case in &servers.cases {
            super::pull(page, &format!("pull={}/shop/web:{FIRST}", case.host)).await;
            assert_comes(page, case.what, case.directly).await;
        }
    });
    run("remote-through", options, async |page| {
        for case in &servers.cases {
            // The page that asks nobody but its own server.
            page.open_at(&format!("#pull={}/shop/web:{FIRST}", case.host)).await;
            page.click(&id("remote-agree")).await;
            assert_comes(page, case.what, case.through).await;
            assert_eq!(page.violations().await, Vec::<String>::new(), "{}", case.what);
        }
    });
}

#[test]
fn a_gateway_that_may_not_ask_says_how_it_may() {
    let stored = Stored::new();
    let registry = fake::registry(&stored.layout(), Setup::default());
    let policy = Policy::new().without_defaults().anonymous();
    let options = Options { gateway: Some(policy), ..Options::default() };
    run("remote-not-allowed", options, async |page| {
        page.open_at(&format!("#pull={}/shop/web:{FIRST}", registry.host())).await;
        page.click(&id("remote-agree")).await;
        let command = format!("layerscope serve --allow-registry {}", registry.host());
        page.wait_for_text(&id("error"), &command).await;
        page.screenshot("remote-not-allowed").await;
        // Tags go the same way.
        page.open_at("").await;
        page.type_into(&id("remote-place"), &format!("{}/shop/web", registry.host())).await;
        page.click(&id("remote-tags")).await;
        page.wait_for_text(&id("remote-tag-list"), &command).await;
        assert_eq!(registry.log().lines(), Vec::<String>::new());
        assert_eq!(page.violations().await, Vec::<String>::new());
    });
}

/// What is no registry does not go through the gateway: the page that may ask others is offered.
#[test]
fn a_layout_elsewhere_is_offered_on_the_page_that_may_fetch() {
    let stored = Stored::new();
    let files = fake::files(&stored.layout(), true);
    let policy = Policy::new().without_defaults().anonymous();
    let options = Options { gateway: Some(policy), ..Options::default() };
    run("remote-layout-through", options, async |page| {
        page.open_at(&format!("#pull={}/", files.url())).await;
        page.click(&id("remote-agree")).await;
        page.click(&id("remote-open")).await;
        page.click(&id("remote-agree")).await;
        page.wait_for_text(&id("remote-choices"), FIRST).await;
        page.click("[data-testid=remote-choices] li:nth-child(1) button").await;
        fetched_whole(page).await;
    });
}
