//! Images in registries and on web servers, in the real page.

mod doctor;
mod link;
mod lists;
mod login;
mod pull;
mod real;
mod sources;

use crate::{
    app::id,
    servers::{
        fake::{self, Fault, Served, Setup},
        images::Stored,
    },
    support::Page,
};

/// Opens an image elsewhere by its fragment, on the page that may fetch.
async fn pull(page: &Page, fragment: &str) {
    begin(page, fragment).await;
    page.wait_for("[data-testid=pull-layer], [data-testid=error], [data-testid=remote-choices]").await;
}

/// The same, without waiting for what comes of it.
async fn begin(page: &Page, fragment: &str) {
    page.open_at(&format!("remote.html#{fragment}")).await;
    // A link from elsewhere asks first.
    page.click(&id("remote-agree")).await;
}

/// How far each layer is.
async fn states(page: &Page) -> Vec<String> {
    page.contents(&id("pull-state")).await
}

/// Waits until all three layers of an image have been fetched and verified.
async fn fetched_whole(page: &Page) {
    wait_for_states(page, &["complete", "complete", "complete"]).await;
    page.wait_for_text(&id("status-digests"), "3/3 ✓").await;
}

async fn wait_for_states(page: &Page, wanted: &[&str]) {
    page.until(&format!("layers that are {wanted:?}"), async |page| states(page).await == wanted).await;
}

/// A registry that a page may read, with faults.
fn registry(stored: &Stored, faults: Vec<Fault>) -> Served {
    fake::registry(&stored.layout(), Setup { cors: true, faults, ..Setup::default() })
}

/// What an image of it is called.
fn name(registry: &Served, tag: &str) -> String {
    format!("{}/shop/web:{tag}", registry.host())
}
