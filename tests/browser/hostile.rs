//! Bad inputs in the page: it says what the core says of them, keeps what could be read, and lives on.
//!
//! The inputs are those of `docs/robustness.md`; each is dropped where a good image is open.

use layerscope::{
    fixture::Pack,
    limits,
    worker::protocol::{FailureKind, Row},
};

use crate::{
    app::{Folder, id},
    inputs::{self, case::Case, case::Expect, compression},
    native::{Native, grouped, is_plain},
    support::{Options, Page, run},
};

#[test]
fn bad_tars_in_the_page() {
    check("hostile-tar", inputs::tar::rows());
}

#[test]
fn bad_compression_in_the_page() {
    check("hostile-compression", inputs::compression::rows());
}

#[test]
fn bad_manifests_in_the_page() {
    check("hostile-manifests", inputs::manifests::rows());
}

#[test]
fn bad_paths_in_the_page() {
    check("hostile-paths", inputs::paths::rows());
}

#[test]
fn bad_texts_in_the_page() {
    check("hostile-screen", inputs::screen::rows());
}

/// Drops all of them, one after the other, in one page.
fn check(name: &str, cases: Vec<Case>) {
    let folder = Folder::new();
    let good = folder.sample("hello");
    run(name, Options::default(), async |page| {
        page.drop_archive(&good).await;
        let requests = page.requests();
        for (place, case) in cases.iter().enumerate() {
            crate::support::say(&format!("{name}: row {}, {}", case.number, case.name));
            check_case(page, &folder, place, case).await;
            assert_eq!(page.requests(), requests, "row {}, {}", case.number, case.name);
        }
        assert_alive(page, &folder).await;
        assert_eq!(page.eval("typeof window.pwned").await, "undefined");
        assert!(!page.title().await.contains("owned"));
    });
}

/// A good image opens, and all of it works.
async fn assert_alive(page: &Page, folder: &Folder) {
    page.drop_archive(&folder.sample("whiteouts")).await;
    page.show("files").await;
    page.wait_until_drawn().await;
    page.select("etc/passwd").await;
    page.click(&id("view-text")).await;
    page.wait_for_text(&id("text-view"), "root:x:0:0").await;
    page.click(&id("viewer-close")).await;
    page.assert_silent().await;
}

async fn check_case(page: &Page, folder: &Folder, place: usize, case: &Case) {
    let name = format!("bad-{place}.tar");
    let path = folder.file(&name, (case.bytes)());
    let opens = match &case.expect {
        Expect::Opens(opens) => opens,
        Expect::Fails(kind) => {
            page.drop_file(&path).await;
            page.wait_for_text(&format!("{}[role=alert]", id("error")), &name).await;
            page.wait_for_text(&id("error"), refusal(*kind)).await;
            page.wait_for_text(&id("error"), "is still open").await;
            page.click(&id("dismiss")).await;
            return;
        }
    };
    page.drop_archive(&path).await;
    let mut native = Native::read(&path);
    let report = native.report();

    // Every anomaly, by kind, with its words and its place.
    page.show("trust").await;
    let codes =
        "[...document.querySelectorAll('[data-testid^=anomaly-]')].map((e) => e.dataset.testid.slice(8))";
    let mut shown = page.strings(codes).await;
    shown.sort();
    let mut expected: Vec<String> = opens.codes.iter().map(|code| code.name()).collect();
    expected.sort();
    assert_eq!(shown, expected, "row {}, {}", case.number, case.name);
    for code in &opens.codes {
        let text = page.contents(&id(&format!("anomaly-{code}"))).await.concat();
        let first = report.anomalies.iter().find(|anomaly| anomaly.code == *code).unwrap();
        if is_plain(first.message.as_bytes()) {
            assert!(text.contains(&first.message), "{:?} in {text}", first.message);
        }
        if let Some(offset) = first.offset {
            assert!(text.contains(&format!("at byte {}", grouped(offset))), "{offset} in {text}");
        }
    }
    // The verdict is that of `layerscope verify`.
    let mismatch = opens.codes.iter().any(|code| code.is_mismatch());
    let verdict = page.text(&id("verdict")).await;
    assert_eq!(verdict.contains("not match"), mismatch, "row {}, {}: {verdict}", case.number, case.name);

    // What could be read is there.
    let has_layers = report.images.first().is_some_and(|image| !image.layers.is_empty());
    let rows: Vec<Row> = if has_layers { native.rows(0) } else { Vec::new() };
    if !rows.is_empty() {
        page.show("files").await;
        page.expand_all(rows.len()).await;
    }
}

/// What the page says of a file that does not open.
fn refusal(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Empty => "The file is empty.",
        FailureKind::NotAnArchive => "This is not an archive.",
        FailureKind::NotAnImage => "This archive holds no container image.",
        FailureKind::Corrupt(layerscope::anomaly::Code::LimitReached) => "A limit was reached.",
        other => panic!("no bad input gets {other:?}"),
    }
}

/// Row 23: a layer that decodes to far more than its size is stopped, and read to its end for who wants that.
#[test]
fn a_bomb_is_stopped_until_it_is_gone_on_with() {
    let folder = Folder::new();
    let path = folder.file("bomb.tar", compression::bomb());
    run("hostile-bomb", Options::default(), async |page| {
        page.drop_archive(&path).await;
        let requests = page.requests();
        let sentence = format!("Layer 1 decodes to more than {} times its own size.", limits::RATIO);
        page.wait_for_text(&id("limits"), &sentence).await;
        page.show("trust").await;
        page.wait_for_text(&id("anomaly-limit-reached"), "A limit was reached").await;
        page.wait_for_text(&id("verdict"), "Not everything could be checked").await;
        page.wait_for_text(&id("digest-0"), "? not checked").await;
        // What came before the bomb is read.
        page.show("files").await;
        page.wait_until_drawn().await;
        page.select("a").await;
        page.click(&id("view-text")).await;
        page.wait_for_text(&id("text-view"), "hello").await;
        page.click(&id("viewer-close")).await;
        page.screenshot("hostile-bomb").await;

        page.show("trust").await;
        page.forget_marks().await;
        page.click(&id("go-on")).await;
        page.wait_until_read().await;
        page.wait_until_gone(&id("limits")).await;
        // One looks at what one looked at before.
        assert_eq!(page.count(&id("view-trust")).await, 1);
        page.wait_for_text(&id("verdict"), "All digests and sizes that are stated were checked and agree.")
            .await;
        assert_eq!(page.count(&id("anomaly-limit-reached")).await, 0);
        page.show("files").await;
        page.wait_until_drawn().await;
        page.select("bomb").await;
        assert_eq!(page.requests(), requests);

        // The limits are back for the next file, and the notice can be closed.
        page.drop_archive(&path).await;
        page.click(&id("dismiss-limits")).await;
        page.wait_until_gone(&id("limits")).await;
        assert_alive(page, &folder).await;
    });
}

/// Row 23: an archive that does not open for a limit can be gone on with, too.
#[test]
fn an_archive_that_is_a_bomb_is_refused_until_it_is_gone_on_with() {
    let folder = Folder::new();
    let good = folder.sample("hello");
    let archive = inputs::case::image_of(&[compression::bomb_tar()]);
    let path = folder.file("bomb.tar.gz", Pack::Gzip.pack(&archive));
    run("hostile-outer-bomb", Options::default(), async |page| {
        page.drop_archive(&good).await;
        page.drop_file(&path).await;
        page.wait_for_text(&id("error"), "A limit was reached.").await;
        page.wait_for_text(&id("error"), "hello.tar is still open.").await;
        page.forget_marks().await;
        page.click(&id("go-on")).await;
        page.wait_until_read().await;
        page.wait_for_text(&id("image-picker"), "hostile:latest").await;
        page.show("trust").await;
        page.wait_for_text(&id("verdict"), "All digests and sizes").await;
        assert_alive(page, &folder).await;
    });
}
