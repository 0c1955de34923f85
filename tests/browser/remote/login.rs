//! Registries that ask who is there.

use serde_json::json;

use super::{fetched_whole, name, pull};
use crate::{
    app::id,
    servers::{
        fake::{self, Access, Fault, Setup, TokenServer},
        images::{FIRST, Stored},
        process::USER,
    },
    support::{Options, Page, run},
};

/// Fills the form in and sends it, as a password manager would.
pub async fn log_in(page: &Page, user: &str, password: &str) {
    page.wait_for(&id("remote-login")).await;
    let fill = format!(
        "(() => {{ const {{user, password}} = {}; const form = document.querySelector('[data-testid=remote-login]');
        form.username.value = user; form.password.value = password; form.requestSubmit(); }})()",
        json!({ "user": user, "password": password })
    );
    page.eval(&fill).await;
}

/// Neither name nor password lies anywhere that outlives the page, or that others see.
async fn assert_nothing_kept(page: &Page) {
    let kept = "JSON.stringify([location.href, document.title, {...localStorage}, {...sessionStorage}, document.cookie])";
    let kept = page.eval(kept).await.as_str().unwrap().to_owned();
    assert!(!kept.contains(USER.1), "{kept}");
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
                // What password managers look for.
                page.wait_for("[data-testid=remote-login] input[autocomplete=username][name=username]").await;
                page.wait_for(
                    "[data-testid=remote-login] input[type=password][autocomplete=current-password][name=password]",
                )
                .await;
                page.screenshot("remote-login").await;
                log_in(page, USER.0, "wrong").await;
                page.wait_for_text(&id("error"), "refuses this name").await;
                log_in(page, USER.0, USER.1).await;
            }
            fetched_whole(page).await;
            assert_nothing_kept(page).await;
        });
    }
}

/// A repository that is not for everyone: the token server gets name and password, the registry the token alone.
#[test]
fn a_password_goes_to_the_token_server_and_not_to_the_registry() {
    let stored = Stored::new();
    let tokens = TokenServer::start(true);
    let setup = Setup { cors: true, access: Access::Token(tokens.tokens()), ..Setup::default() };
    let registry = fake::registry(&stored.layout(), setup);
    run("remote-login-token", Options::default(), async |page| {
        pull(page, &format!("pull={}/private/web:{FIRST}", registry.host())).await;
        log_in(page, USER.0, USER.1).await;
        fetched_whole(page).await;
        let sent = registry.log().hits();
        let is_token = |sent: &String| sent.starts_with("Bearer ");
        assert!(sent.iter().all(|hit| hit.authorization.as_ref().is_none_or(is_token)), "{sent:?}");
        assert!(tokens.log().hits().iter().any(|hit| hit.authorization == Some(fake::basic(USER))));
        assert_nothing_kept(page).await;
    });
}

/// What was open to all may ask later.
#[test]
fn layers_may_ask_as_well() {
    let stored = Stored::new();
    let setup = Setup { cors: true, faults: vec![Fault::LockedLayers], ..Setup::default() };
    let registry = fake::registry(&stored.layout(), setup);
    run("remote-login-layers", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        page.wait_for_text(&id("error"), "Log in below").await;
        log_in(page, USER.0, USER.1).await;
        fetched_whole(page).await;
        page.wait_until_gone(&id("remote-login")).await;
    });
}

/// Layouts and archives behind a password: it goes with every range.
#[test]
fn a_web_server_may_ask_as_well() {
    let stored = Stored::new();
    let folder = stored.archive().parent().unwrap().to_owned();
    let files = fake::locked_files(&folder);
    run("remote-login-files", Options::default(), async |page| {
        pull(page, &format!("pull={}/layout/", files.url())).await;
        log_in(page, USER.0, "wrong").await;
        page.wait_for_text(&id("error"), "refuses this name").await;
        log_in(page, USER.0, USER.1).await;
        page.wait_for_text(&id("remote-choices"), FIRST).await;
        page.click("[data-testid=remote-choices] li:nth-child(1) button").await;
        fetched_whole(page).await;
        pull(page, &format!("look={}/image.tar", files.url())).await;
        log_in(page, USER.0, USER.1).await;
        page.click(&id("fetch-all")).await;
        page.wait_for_text(&id("status-digests"), "✓").await;
        assert_nothing_kept(page).await;
    });
}

/// Listing tags may need a login as well.
#[test]
fn tags_are_listed_after_a_login() {
    let stored = Stored::new();
    let setup = Setup { cors: true, access: Access::Basic, ..Setup::default() };
    let registry = fake::registry(&stored.layout(), setup);
    run("remote-login-tags", Options::default(), async |page| {
        page.open_at("remote.html").await;
        page.type_into(&id("remote-place"), &name(&registry, FIRST)).await;
        page.click(&id("remote-tags")).await;
        log_in(page, USER.0, USER.1).await;
        page.wait_for_text(&id("remote-tag-list"), FIRST).await;
    });
}
