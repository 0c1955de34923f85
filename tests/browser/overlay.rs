//! The overlay page: one layer over those below.

use crate::{
    app::id,
    support::{Options, Page, run},
};

#[test]
fn a_whiteout_stands_between_lower_and_merged() {
    with_overlay("whiteout", 5, async |page| {
        enter(page, "app").await;
        assert_eq!(column(page, "lower").await, [".npmrc", "node_modules", "package.json", "server.js"]);
        assert_eq!(column(page, "upper").await, ["-.npmrc whiteout"]);
        assert_eq!(
            column(page, "merged").await,
            ["-.npmrc deleted", "node_modules", "package.json", "server.js"]
        );
        let entries = page.text(&id("overlay-entries")).await;
        assert!(entries.contains("app/.wh..npmrc"), "{entries}");
        assert!(entries.contains("deletes .npmrc of the layers below"), "{entries}");
        assert!(entries.contains("Tar entries of layer 5"), "{entries}");
        page.wait_for_text(&format!("{} caption", id("overlay-lower")), "layers 1–4 merged").await;
        page.wait_for_text(&format!("{} caption", id("overlay-upper")), "layer 5 alone").await;
    });
}

#[test]
fn an_opaque_mark_hides_all_below() {
    with_overlay("opaque", 6, async |page| {
        for name in ["var", "lib", "apt", "lists"] {
            enter(page, name).await;
        }
        page.wait_for_text(".overlay-opaque", "Layer 6 makes this directory opaque").await;
        let packages = "deb.example.org_dists_bookworm_main_Packages";
        assert_eq!(column(page, "lower").await, [packages, "lock"]);
        assert_eq!(column(page, "upper").await, ["partial added"]);
        assert_eq!(
            column(page, "merged").await,
            [format!("-{packages} hidden"), "-lock hidden".to_owned(), "partial".to_owned()]
        );
        let entries = page.contents(&format!("{} tbody th bdi", id("overlay-entries"))).await;
        assert_eq!(
            entries,
            ["var/lib/apt/lists", "var/lib/apt/lists/.wh..wh..opq", "var/lib/apt/lists/partial"]
        );
        assert!(page.text(&id("overlay-entries")).await.contains("opaque mark"));
    });
}

#[test]
fn a_file_takes_the_place_of_a_directory() {
    with_overlay("retype", 8, async |page| {
        enter(page, "etc").await;
        let upper = column(page, "upper").await;
        for wanted in ["localtime added", "mail changed", "skel.d changed"] {
            assert!(upper.iter().any(|name| name == wanted), "{wanted} in {upper:?}");
        }
        page.click(&id("overlay-only-changes")).await;
        page.until("only what the layer touches", async |page| {
            column(page, "merged").await == ["localtime", "mail", "skel.d"]
        })
        .await;
    });
}

#[test]
fn the_bottom_layer_has_nothing_below() {
    with_overlay("bottom", 1, async |page| {
        page.wait_for_text(".overlay-head", "This is the bottom layer").await;
        assert!(column(page, "lower").await.is_empty());
        assert_eq!(
            column(page, "merged").await,
            ["dev", "etc", "proc", "root", "run", "sys", "tmp", "usr", "var"]
        );
    });
}

#[test]
fn directories_are_walked_by_mouse_and_by_keyboard() {
    with_overlay("walk", 10, async |page| {
        enter(page, "usr").await;
        enter(page, "bin").await;
        assert_eq!(breadcrumb(page).await, ["/", "usr", "bin"]);
        page.click(&id("overlay-up")).await;
        page.until("usr", async |page| breadcrumb(page).await == ["/", "usr"]).await;
        page.click(&format!("{} button", id("breadcrumb"))).await;
        page.until("the root", async |page| breadcrumb(page).await == ["/"]).await;

        // One Tab stop for the three columns; arrows move, right enters, left goes up.
        assert_eq!(page.count(".overlay-name[tabindex='0']").await, 1);
        page.tab_to(".overlay-name").await;
        assert_eq!(focused(page).await, "app");
        page.key("ArrowDown").await;
        assert_eq!(focused(page).await, "dev");
        page.key("ArrowDown").await;
        page.key("ArrowRight").await;
        page.until("etc", async |page| breadcrumb(page).await == ["/", "etc"]).await;
        page.tab_to(".overlay-name").await;
        page.key("ArrowLeft").await;
        page.until("the root", async |page| breadcrumb(page).await == ["/"]).await;
        page.key("?").await;
        page.wait_for(&format!("{}[open]", id("help-dialog"))).await;
    });
}

#[test]
fn a_name_shows_its_details_and_is_selected_among_the_files() {
    with_overlay("select", 7, async |page| {
        enter(page, "usr").await;
        enter(page, "bin").await;
        page.click(&format!("{} tr[data-name=curl] .overlay-name", id("overlay-merged"))).await;
        page.wait_for_details("usr/bin/curl").await;
        page.show("files").await;
        page.wait_for_active("usr/bin/curl").await;
    });
}

#[test]
fn the_layer_follows_the_scrubber() {
    with_overlay("scrubber", 10, async |page| {
        page.wait_for_text("#overlay-heading", "Layer 10 over the layers below").await;
        page.key("[").await;
        page.wait_for_text("#overlay-heading", "Layer 9 over the layers below").await;
        page.wait_for_text(&id("overlay-entries"), "Tar entries of layer 9").await;
    });
}

/// The `whiteouts` sample with a layer, by its number, over those below, at the root.
fn with_overlay(name: &str, layer: u32, test: impl AsyncFnOnce(&Page)) {
    run(&format!("overlay-{name}"), Options::default(), async |page| {
        page.open_sample("whiteouts").await;
        page.show("overlay").await;
        page.click(&format!("{} .layer-pick", id(&format!("layer-{}", layer - 1)))).await;
        page.wait_for_text("#overlay-heading", &format!("Layer {layer}")).await;
        page.wait_for_text(&id("overlay-entries"), &format!("of layer {layer} ")).await;
        test(page).await;
        page.assert_silent().await;
    });
}

/// Goes into a directory.
async fn enter(page: &Page, name: &str) {
    page.click(&format!("tr[data-name={name:?}] .overlay-name")).await;
    page.until(name, async |page| breadcrumb(page).await.last().is_some_and(|last| last == name)).await;
}

async fn breadcrumb(page: &Page) -> Vec<String> {
    page.contents(&format!("{} li button", id("breadcrumb"))).await
}

async fn focused(page: &Page) -> String {
    page.eval("document.activeElement.querySelector('bdi')?.textContent ?? ''")
        .await
        .as_str()
        .unwrap()
        .to_owned()
}

/// The names of a column, `-` before those that are taken away, and the mark after those that have one.
async fn column(page: &Page, name: &str) -> Vec<String> {
    page.strings(&format!(
        "[...document.querySelectorAll('[data-testid=overlay-{name}] tr[data-name]')].map((row) => {{
            const mark = row.querySelector('.overlay-mark .word')?.textContent;
            return (row.querySelector('del') ? '-' : '') + row.dataset.name + (mark ? ` ${{mark}}` : '');
        }})"
    ))
    .await
}
