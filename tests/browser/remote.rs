//! Images in registries and on web servers, in the real page.

use layerscope::digest::Digest;
use serde_json::json;

use super::support::{Options, Page, run};
use crate::servers::{
    fake::{self, Access, Fault, Served, Setup, TokenServer},
    images::{FIRST, MULTI, SECOND, Stored, digests},
    process::USER,
};

/// An image elsewhere by its fragment, on the page that may fetch.
async fn pull(page: &Page, fragment: &str) {
    page.open_at(&format!("remote.html#{fragment}")).await;
    // A link from elsewhere asks first.
    page.wait_for("[data-testid=remote-agree]").await;
    page.click("[data-testid=remote-agree]").await;
}

async fn states(page: &Page) -> Vec<String> {
    page.texts("[data-testid=pull-state]").await
}

async fn wait_for_states(page: &Page, wanted: &[&str]) {
    page.until(&format!("layers that are {wanted:?}"), async |page| states(page).await == wanted).await;
}

fn registry(stored: &Stored, faults: Vec<Fault>) -> Served {
    fake::registry(&stored.layout(), Setup { cors: true, faults, ..Setup::default() })
}

fn name(registry: &Served, tag: &str) -> String {
    format!("{}/shop/web:{tag}", registry.host())
}

#[test]
fn a_typed_name_is_pulled_as_it_would_be_dropped() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-typed", Options::default(), async |page| {
        page.open_at("remote.html").await;
        page.wait_for("[data-testid=remote-place]").await;
        page.wait_for_text("[data-testid=status]", "may fetch from other hosts").await;
        page.type_into("[data-testid=remote-place]", "Nginx").await;
        page.wait_for_text("[data-testid=remote-says]", "capital letters").await;
        page.type_into("[data-testid=remote-place]", &name(&registry, FIRST)).await;
        let says = page.text("[data-testid=remote-says]").await;
        assert!(
            says.contains(&registry.host()) && says.contains("shop/web") && says.contains(FIRST),
            "{says}"
        );
        assert!(registry.log().lines().is_empty(), "typing asks nobody");
        page.click("[data-testid=remote-pull]").await;
        wait_for_states(page, &["complete", "complete", "complete"]).await;
        page.wait_for_text("[data-testid=status-digests]", "✓").await;
        let (_, layers) = digests(&stored.layout(), FIRST);
        for layer in &layers {
            assert_eq!(registry.log().blob_gets(layer), 1, "{:?}", registry.log().lines());
        }
        let pulled = page.text("[data-testid=status-sum]").await;
        let rows = page.texts("[data-testid=view-files] [role=row]").await;
        page.screenshot("remote-pulled").await;

        // Its second image has two layers of the first.
        let before = registry.log().lines().len();
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        wait_for_states(page, &["complete", "complete", "complete"]).await;
        assert!(registry.log().lines().len() > before, "another page knows nothing of the first");

        // The same as a file.
        page.open().await;
        let file = stored.archive().with_file_name("alone.tar");
        std::fs::write(&file, stored.alone(FIRST)).unwrap();
        page.drop_file(&file).await;
        page.wait_for_text("[data-testid=status-digests]", "✓").await;
        assert_eq!(page.text("[data-testid=status-sum]").await, pulled);
        assert_eq!(page.texts("[data-testid=view-files] [role=row]").await, rows);
    });
}

#[test]
fn layers_of_another_open_image_are_not_fetched_again() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-exists", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        wait_for_states(page, &["complete", "complete", "complete"]).await;
        let second = format!("location.hash = 'pull={}'", name(&registry, SECOND));
        page.eval(&second).await;
        page.wait_for("[data-testid=remote-agree]").await;
        page.click("[data-testid=remote-agree]").await;
        wait_for_states(page, &["already exists", "already exists", "complete"]).await;
        let (_, layers) = digests(&stored.layout(), SECOND);
        for layer in &layers {
            assert_eq!(registry.log().blob_gets(layer), 1, "{:?}", registry.log().lines());
        }
        page.wait_for_text("[data-testid=status-digests]", "3/3 ✓").await;
    });
}

#[test]
fn an_image_is_looked_at_before_it_is_pulled() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-look", Options::default(), async |page| {
        pull(page, &format!("look={}&view=history", name(&registry, FIRST))).await;
        page.wait_for_text("[data-view=history], [data-testid=view-history]", "app/main.js").await;
        wait_for_states(page, &["not fetched", "not fetched", "not fetched"]).await;
        assert!(!registry.log().lines().iter().any(|line| {
            digests(&stored.layout(), FIRST).1.iter().any(|layer| line.contains(layer.as_str()))
        }));
        page.click("[data-testid=fetch-layer]").await;
        wait_for_states(page, &["complete", "not fetched", "not fetched"]).await;
        page.click("[data-testid=fetch-all]").await;
        wait_for_states(page, &["complete", "complete", "complete"]).await;
    });
}

#[test]
fn a_platform_is_chosen_and_stands_in_the_url() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-platform", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, MULTI))).await;
        page.wait_for_text("[data-testid=remote-choices]", "linux/arm64/v8").await;
        page.click("[data-testid=remote-choices] li:nth-child(2) button").await;
        wait_for_states(page, &["complete", "complete", "complete"]).await;
        page.wait_for_text(".header", "linux/arm64").await;
        page.until("the platform in the URL", async |page| {
            page.eval("location.hash").await.as_str().unwrap().contains("platform=linux/arm64/v8")
        })
        .await;
        // A reload comes to the same, once it is agreed to.
        page.press("3").await;
        page.until("the view in the URL", async |page| {
            page.eval("location.hash").await.as_str().unwrap().contains("view=history")
        })
        .await;
        page.eval("location.reload()").await;
        page.wait_for("[data-testid=remote-agree]").await;
        page.click("[data-testid=remote-agree]").await;
        wait_for_states(page, &["complete", "complete", "complete"]).await;
        page.wait_for("[data-testid=view-history]").await;
    });
}

#[test]
fn what_is_cut_or_put_off_goes_on() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    for faults in [
        vec![Fault::Cut { after: 1_000, times: 1 }],
        vec![Fault::Cut { after: 1_000, times: 1 }, Fault::IgnoreRange],
        vec![Fault::TooMany { times: 1, retry_after: 1 }],
    ] {
        let registry = registry(&stored, faults.clone());
        run("remote-faults", Options::default(), async |page| {
            pull(page, &format!("pull={}", name(&registry, FIRST))).await;
            wait_for_states(page, &["complete", "complete", "complete"]).await;
            page.wait_for_text("[data-testid=status-digests]", "3/3 ✓").await;
            if faults.len() == 1 && matches!(faults[0], Fault::Cut { .. }) {
                let resumed = registry.log().hits().into_iter().any(|hit| {
                    hit.target.contains(&layers[0])
                        && hit.range.as_deref().is_some_and(|range| range != "bytes=0-")
                });
                assert!(resumed, "{:?}", registry.log().hits());
            }
        });
    }
}

#[test]
fn wrong_bytes_and_web_pages_are_refused() {
    let stored = Stored::new();
    for (fault, says) in [
        (Fault::WrongManifests, "not what was asked for"),
        (Fault::Html, "not a registry"),
        (Fault::Long(10), "More was sent"),
    ] {
        let registry = registry(&stored, vec![fault]);
        run("remote-wrong", Options::default(), async |page| {
            pull(page, &format!("pull={}", name(&registry, FIRST))).await;
            page.wait_for_text("[data-testid=error]", says).await;
        });
    }
    // A layer that is not what it should be is shown as what it is.
    let registry = registry(&stored, vec![Fault::WrongBlobs]);
    run("remote-wrong-blobs", Options::default(), async |page| {
        pull(page, &format!("look={}", name(&registry, FIRST))).await;
        page.until("a refusal or the layers", async |page| {
            page.find("[data-testid=error]").await.is_some()
                || page.count("[data-testid=pull-layer]").await > 0
        })
        .await;
        assert!(
            page.text("[data-testid=error]").await.contains("not what was asked for"),
            "the config is a blob, too"
        );
    });
}

#[test]
fn a_registry_that_asks_gets_a_form_and_nobody_else_the_password() {
    let stored = Stored::new();
    let tokens = TokenServer::start(true);
    for access in [Access::Basic, Access::Token(tokens.tokens())] {
        let is_token = access != Access::Basic;
        let registry = fake::registry(&stored.layout(), Setup { cors: true, access, ..Setup::default() });
        run("remote-login", Options::default(), async |page| {
            pull(page, &format!("pull={}", name(&registry, FIRST))).await;
            if !is_token {
                page.wait_for("[data-testid=remote-login] input[autocomplete=username]").await;
                let login = |password: &str| json!({ "user": USER.0, "password": password }).to_string();
                for (password, says) in [("wrong", "refuses this name"), (USER.1, "")] {
                    page.wait_for("[data-testid=remote-login]").await;
                    page.eval(&format!(
                        "(() => {{ const {{user, password}} = {}; const form = document.querySelector('[data-testid=remote-login]');
                        form.username.value = user; form.password.value = password; form.requestSubmit(); }})()",
                        login(password)
                    ))
                    .await;
                    if !says.is_empty() {
                        page.wait_for_text("[data-testid=error]", says).await;
                    }
                }
            }
            wait_for_states(page, &["complete", "complete", "complete"]).await;
            let kept =
                "JSON.stringify([location.href, {...localStorage}, {...sessionStorage}, document.cookie])";
            let kept = page.eval(kept).await.as_str().unwrap().to_owned();
            assert!(!kept.contains(USER.1), "{kept}");
        });
    }
}

#[test]
fn the_doctor_tells_why_a_page_may_not_read() {
    let stored = Stored::new();
    let silent = fake::registry(&stored.layout(), Setup::default());
    run("remote-doctor", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&silent, FIRST))).await;
        page.wait_for("[data-testid=remote-doctor][data-cause=NoCors]").await;
        let text = page.text("[data-testid=remote-doctor]").await;
        assert!(text.contains(&format!("skopeo copy docker://{}", name(&silent, FIRST))), "{text}");
        page.screenshot("remote-doctor").await;
    });
    let other = fake::files(&stored.layout(), false);
    let redirecting = registry(&stored, vec![Fault::RedirectBlobs(other.url())]);
    run("remote-doctor-redirect", Options::default(), async |page| {
        pull(page, &format!("look={}", name(&redirecting, FIRST))).await;
        page.wait_for("[data-testid=remote-doctor]").await;
    });
    // Nobody listens there any more.
    let host = { registry(&stored, Vec::new()).host() };
    run("remote-doctor-nobody", Options::default(), async |page| {
        pull(page, &format!("pull={host}/a")).await;
        page.wait_for("[data-testid=remote-doctor][data-cause=Unreachable]").await;
    });
}

#[test]
fn layouts_and_archives_on_a_web_server_open() {
    let stored = Stored::new();
    let files = fake::files(&stored.layout(), true);
    run("remote-layout", Options::default(), async |page| {
        pull(page, &format!("pull={}/", files.url())).await;
        page.wait_for_text("[data-testid=remote-choices]", FIRST).await;
        page.click("[data-testid=remote-choices] li:nth-child(1) button").await;
        wait_for_states(page, &["complete", "complete", "complete"]).await;
        page.wait_for_text("[data-testid=status-digests]", "3/3 ✓").await;
    });
    let folder = stored.archive().parent().unwrap().to_owned();
    let files = fake::files(&folder, true);
    run("remote-archive", Options::default(), async |page| {
        pull(page, &format!("look={}/image.tar", files.url())).await;
        page.wait_for("[data-testid=pull-layer]").await;
        let sent: Vec<_> = files.log().hits().into_iter().map(|hit| (hit.status, hit.range)).collect();
        assert!(sent.iter().all(|(status, range)| *status == 206 && range.is_some()), "{sent:?}");
        page.click("[data-testid=fetch-all]").await;
        page.wait_for_text("[data-testid=status-digests]", "✓").await;
    });
}

#[test]
fn the_page_that_promises_to_ask_nobody_offers_the_one_that_may() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-forbidden", Options::default(), async |page| {
        page.open_at(&format!("#pull={}", name(&registry, FIRST))).await;
        page.wait_for("[data-testid=remote-agree]").await;
        assert!(registry.log().lines().is_empty(), "a link asks first");
        page.click("[data-testid=remote-agree]").await;
        page.wait_for("[data-testid=remote-open]").await;
        assert!(registry.log().lines().is_empty(), "this page asks nobody");
        page.click("[data-testid=remote-open]").await;
        page.wait_for("[data-testid=remote-agree]").await;
        assert!(page.eval("location.pathname").await.as_str().unwrap().ends_with("remote.html"));
        page.click("[data-testid=remote-agree]").await;
        wait_for_states(page, &["complete", "complete", "complete"]).await;
    });
}

#[test]
fn tags_are_listed_page_by_page() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-tags", Options::default(), async |page| {
        page.open_at("remote.html").await;
        page.wait_for("[data-testid=remote-place]").await;
        page.type_into("[data-testid=remote-place]", &format!("{}/shop/web", registry.host())).await;
        page.click("[data-testid=remote-tags]").await;
        page.wait_for_text("[data-testid=remote-tag-list]", SECOND).await;
        page.click("[data-testid=remote-tag-list] li button").await;
        page.wait_for_text("[data-testid=remote-says]", FIRST).await;
    });
}

/// The digests that these tests speak of are those of the bytes.
#[test]
fn the_layouts_blobs_have_their_digests() {
    let stored = Stored::new();
    for layer in digests(&stored.layout(), FIRST).1 {
        let bytes = std::fs::read(stored.layout().join("blobs").join(layer.replace(':', "/"))).unwrap();
        assert_eq!(Digest::sha256(&bytes).to_string(), layer);
    }
}
