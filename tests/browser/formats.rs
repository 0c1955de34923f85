//! `docs/formats.md`: every row of it in the page, and every archive of the corpus.

use std::collections::BTreeSet;

use crate::{
    app::{Folder, id},
    native::counted,
    support::{Options, Page, run},
};

#[path = "../support/corpus.rs"]
mod archives;
#[path = "../support/formats.rs"]
mod table;

use table::{Case, Seen, cases};

#[test]
fn every_format_opens_in_the_page() {
    let folder = Folder::new();
    run("formats", Options::default(), async |page| {
        for (number, case) in cases().iter().enumerate() {
            println!("{}", case.name);
            let path = (case.make)().write(folder.path(), &format!("{number}.tar"));
            page.drop_archive(&path).await;
            check(page, case).await;
        }
        page.assert_silent().await;
    });
}

async fn check(page: &Page, case: &Case) {
    for (number, seen) in case.images.iter().enumerate() {
        let text = picked(page, number, case.images.len()).await;
        // A name in full or in short, and the platform beside it.
        assert!(text.contains(seen.name.unwrap_or_default()), "{text}");
        assert!(text.contains(seen.platform.unwrap_or_default()), "{text}");
        check_image(page, seen).await;
    }
    for (view, selector, text) in &case.page {
        page.show(view.name()).await;
        page.wait_for_text(selector, text).await;
    }
    page.show("trust").await;
    for code in &case.codes {
        page.wait_for(&id(&format!("anomaly-{code}"))).await;
    }
    page.show("files").await;
}

/// Chooses an image, and says what the page calls it.
async fn picked(page: &Page, number: usize, images: usize) -> String {
    if images == 1 {
        return page.text(&id("image-picker")).await;
    }
    page.wait_for(&format!("{} option:nth-child({images})", id("image-picker"))).await;
    assert_eq!(page.count(&format!("{} option", id("image-picker"))).await, images);
    let choose = format!(
        "(() => {{
            const picker = document.querySelector('[data-testid=image-picker]');
            picker.selectedIndex = {number};
            picker.dispatchEvent(new Event('change', {{ bubbles: true }}));
            return picker.options[{number}].text;
        }})()"
    );
    page.eval(&choose).await.as_str().unwrap().to_owned()
}

async fn check_image(page: &Page, seen: &Seen) {
    let layers = format!("document.querySelectorAll(\"[data-testid^='layer-']\").length === {}", seen.layers);
    page.until("the layers", async |page| page.eval(&layers).await == true).await;
    wait_for_paths(page, &seen.paths.len().to_string()).await;
    page.show("files").await;
    page.click(&id("expand-all")).await;
    // A directory that no entry makes has a row all the same.
    let all: BTreeSet<&str> = seen.paths.iter().flat_map(|path| above(path)).collect();
    let script = "[...document.querySelectorAll('[data-testid=row]:not(.ghost)')].map((row) => row.dataset.path ?? '')";
    let shown = async |page: &Page| page.strings(script).await.into_iter().collect::<BTreeSet<String>>();
    page.until(&format!("{all:?}"), async |page| shown(page).await.iter().eq(all.iter().copied())).await;
}

/// A path and every directory that it is in.
fn above(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(end, _)| end);
    ends.chain([path.len()]).map(|end| &path[..end])
}

async fn wait_for_paths(page: &Page, paths: &str) {
    let text = counted(paths.parse().unwrap(), "path", "paths");
    page.until(&text, async |page| page.text(&id("status-paths")).await == text).await;
}

#[test]
fn docker_archives_of_the_corpus_open_in_the_page() {
    corpus_opens("docker");
}

#[test]
fn hybrid_archives_of_the_corpus_open_in_the_page() {
    corpus_opens("hybrid");
}

#[test]
fn oci_archives_of_the_corpus_open_in_the_page() {
    corpus_opens("oci");
}

#[test]
fn oci_directories_of_the_corpus_open_in_the_page() {
    corpus_opens("oci-dir");
}

/// Images, layers and merged paths of every archive of a format, as an independent program counted them.
fn corpus_opens(format: &str) {
    let rows: Vec<_> = archives::images().into_iter().filter(|row| row["format"] == format).collect();
    if rows.is_empty() {
        return;
    }
    run(&format!("formats-corpus-{format}"), Options::default(), async |page| {
        for row in &rows {
            println!("{}", row["path"]);
            page.drop_archive(&archives::path(&row["path"])).await;
            let images: usize = row["images"].parse().unwrap();
            let counts = row["layers"].split('+').zip(row["merged_entries"].split('+'));
            for (number, (layers, paths)) in counts.enumerate() {
                picked(page, number, images).await;
                let layers =
                    format!("document.querySelectorAll(\"[data-testid^='layer-']\").length === {layers}");
                page.until("the layers", async |page| page.eval(&layers).await == true).await;
                wait_for_paths(page, paths).await;
            }
        }
    });
}
