//! Images that skopeo pushed to a real registry, against the archives of the same images.

use std::{fmt::Write as _, path::Path};

use super::{fetched_whole, pull, wait_for_states};
use crate::{
    app::{Folder, id},
    native::Native,
    open::assert_page_agrees,
    servers::{
        images::{FIRST, SECOND, Stored, digests},
        process::{Registry, Settings},
    },
    support::{Options, Page, corpus, run},
};

/// Images of the corpus, as OCI archives.
const CORPUS: [&str; 2] = [
    "snyk_cli__fixtures_container-projects_gzip-test-oci.tar",
    "snyk_cli__fixtures_container-projects_zstd-test-oci.tar",
];

/// What the page says of an image: digests, history, and each row of the merged tree.
async fn all_of(page: &Page, rows: usize) -> String {
    let mut all = String::new();
    for (view, selector) in [("trust", "[data-testid^=digest-]"), ("history", "[data-testid^=step-]")] {
        page.show(view).await;
        let texts = page.contents(selector).await;
        assert!(!texts.is_empty(), "{view}");
        writeln!(all, "{view}: {texts:#?}").unwrap();
    }
    page.show("files").await;
    page.expand_all(rows).await;
    let rows = page.eval(ROWS).await;
    writeln!(all, "files: {rows:#}").unwrap();
    all
}

/// The texts of all rows, screen by screen.
const ROWS: &str = "(async () => {
    const tree = document.querySelector('.tree');
    const rows = new Map();
    const wanted = () => Number(tree.dataset.rows);
    for (let top = 0; rows.size < wanted(); top += tree.clientHeight / 2) {
        if (top > tree.scrollHeight + tree.clientHeight) throw new Error(`${rows.size} of ${wanted()} rows`);
        tree.scrollTo(0, top);
        for (let tries = 0; tries < 200; tries++) {
            await new Promise(requestAnimationFrame);
            if (!tree.querySelector('.row.placeholder')) break;
        }
        for (const row of tree.querySelectorAll('[data-testid=row]')) rows.set(Number(row.dataset.row), row.textContent);
    }
    return [...rows].sort(([a], [b]) => a - b).map(([, text]) => text);
})()";

/// Types a name and pulls it.
async fn pull_typed(page: &Page, name: &str) {
    page.open_at("remote.html").await;
    page.type_into(&id("remote-place"), name).await;
    page.click(&id("remote-pull")).await;
    page.wait_until_read().await;
}

async fn assert_same_as_archive(page: &Page, registry: &Registry, name: &str, archive: &Path) {
    let before = registry.log().hits().len();
    pull_typed(page, &format!("{}/{name}", registry.host())).await;
    let hits = registry.log().hits().split_off(before);
    let mut blobs: Vec<_> = hits.iter().filter(|hit| hit.target.contains("/blobs/")).collect();
    let asked = blobs.len();
    blobs.sort_by_key(|hit| hit.target.clone());
    blobs.dedup_by_key(|hit| hit.target.clone());
    assert!(blobs.len() == asked && asked > 1, "every blob crosses the wire once: {hits:#?}");
    // The core says the same of the archive, and so does the page.
    assert_page_agrees(page, archive).await;
    let rows = Native::read(archive).rows(0).len();
    assert!(rows > 5, "{name}");
    let pulled = all_of(page, rows).await;
    page.open().await;
    page.drop_archive(archive).await;
    let dropped = all_of(page, rows).await;
    assert!(pulled == dropped, "{name}: pulled {pulled}\ndropped {dropped}");
}

#[test]
fn an_image_of_a_real_registry_is_what_its_archive_is() {
    let Some(registry) = Registry::start(Settings { cors: true, basic: false }) else { return };
    let stored = Stored::new();
    let folder = Folder::new();
    let mut images = vec![(stored.source(FIRST), "shop/web:first".to_owned())];
    for (place, file) in CORPUS.into_iter().enumerate() {
        if let Some(path) = corpus(&format!("images/{file}")) {
            images.push((format!("oci-archive:{}", path.display()), format!("corpus/image:{place}")));
        }
    }
    for (source, name) in &images {
        if !registry.push(source, name) {
            return;
        }
    }
    run("registry-real", Options::default(), async |page| {
        for (place, (_, name)) in images.iter().enumerate() {
            let archive = folder.path().join(format!("{place}.tar"));
            registry.save(name, &archive);
            assert_same_as_archive(page, &registry, name, &archive).await;
        }
        page.assert_silent().await;
    });
}

#[test]
fn layers_that_an_open_image_has_already_exist() {
    let Some(registry) = Registry::start(Settings { cors: true, basic: false }) else { return };
    let stored = Stored::new();
    for tag in [FIRST, SECOND] {
        if !registry.push(&stored.source(tag), &format!("shop/web:{tag}")) {
            return;
        }
    }
    run("registry-real-exists", Options::default(), async |page| {
        pull(page, &format!("pull={}/shop/web:{FIRST}", registry.host())).await;
        fetched_whole(page).await;
        // The second is typed while the first is open.
        page.click(&id("remote-type")).await;
        page.type_into(&id("remote-place"), &format!("{}/shop/web:{SECOND}", registry.host())).await;
        page.click(&id("remote-pull")).await;
        page.wait_until_gone(&id("remote-place")).await;
        wait_for_states(page, &["already exists", "already exists", "complete"]).await;
        page.wait_for_text(&id("status-digests"), "3/3 ✓").await;
        for tag in [FIRST, SECOND] {
            for layer in digests(&stored.layout(), tag).1 {
                assert_eq!(registry.log().blob_gets(&layer), 1, "{:?}", registry.log().lines());
            }
        }
    });
}
