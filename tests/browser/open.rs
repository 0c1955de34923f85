//! Dropping and choosing archives: the page says what the core says of the same file.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
    time::{Duration, Instant},
};

use layerscope::{
    fixture::{Archive, Image, Pack, Shape, Tar, big::Plan},
    report::{ImageReport, LayerReport},
    worker::protocol::{Change, Kind, Row},
};
use serde_json::{Value, json};

use crate::{
    app::{Folder, id, row},
    native::{Native, bytes, counted, grouped, is_plain, permissions, size},
    support::{Options, Page, corpus, run, run_in_all, say},
};

/// Rows of the tree that are compared: no more are drawn at once.
const FIRST_ROWS: usize = 30;

// --- Archives that anybody makes

#[test]
fn a_dropped_archive_is_what_the_core_says() {
    let folder = Folder::new();
    let path = folder.sample("whiteouts");
    run_in_all("drop", Options::default(), async |page| {
        page.drop_archive(&path).await;
        assert_page_agrees(page, &path).await;
        page.assert_silent().await;
    });
}

#[test]
fn a_chosen_archive_is_what_the_core_says() {
    let folder = Folder::new();
    let path = folder.sample("hello");
    run_in_all("choose", Options::default(), async |page| {
        page.choose_file(&id("file-input"), &path).await;
        page.wait_until_read().await;
        assert_page_agrees(page, &path).await;
    });
}

#[test]
fn every_image_of_an_archive_can_be_looked_at() {
    let folder = Folder::new();
    let path = folder.sample("shared");
    run("two-images", Options::default(), async |page| {
        page.drop_archive(&path).await;
        assert_page_agrees(page, &path).await;
        // The layers that both images have say so.
        let shared = page.texts(".layer-shared").await;
        assert!(shared.len() == 3 && shared.iter().all(|text| text.contains("web:1.0")), "{shared:?}");
    });
}

#[test]
fn packed_layers_are_what_the_core_says() {
    let folder = Folder::new();
    let image = |name: &str| {
        let base = Tar::new()
            .dir("etc", 0o755)
            .file("etc/one", "1\n")
            .file("etc/two", "22\n")
            .symlink("etc/link", "one");
        let top = Tar::new().whiteout("etc/two").file("etc/one", "changed\n");
        Image::new().name(name).layer(&base, "ADD base.tar /").empty("ENV A=1").layer(&top, "RUN edit")
    };
    let cases = [(Shape::OciLayout, Pack::Zstd), (Shape::DockerOci, Pack::Gzip), (Shape::Docker, Pack::Gzip)];
    let paths = cases.map(|(shape, pack)| {
        let archive = Archive::new(shape).pack(pack).image(image("packed:1"));
        folder.archive(&format!("{shape:?}-{pack:?}.tar"), &archive)
    });
    run("packed", Options::default(), async |page| {
        for path in &paths {
            page.drop_archive(path).await;
            assert_page_agrees(page, path).await;
        }
    });
}

/// A tar of files is a layer without an image.
#[test]
fn a_bare_layer_is_what_the_core_says() {
    let folder = Folder::new();
    let layer =
        Tar::new().dir("etc", 0o755).file("etc/passwd", "root:x:0:0::/root:/bin/sh\n").whiteout("etc/shadow");
    let paths = [
        folder.file("layer.tar", layer.bytes()),
        folder.file("layer.tar.gz", Pack::Gzip.pack(&layer.bytes())),
        folder.file("layer.tar.zst", Pack::Zstd.pack(&layer.bytes())),
    ];
    run("bare-layer", Options::default(), async |page| {
        for path in &paths {
            page.drop_archive(path).await;
            assert_page_agrees(page, path).await;
        }
    });
}

#[test]
fn the_samples_open_without_a_file() {
    let folder = Folder::new();
    run("samples", Options::default(), async |page| {
        for name in ["hello", "whiteouts", "shared"] {
            page.open().await;
            page.open_sample(name).await;
            assert_page_agrees(page, &folder.sample(name)).await;
        }
    });
}

#[test]
fn a_second_drop_joins_the_first() {
    let folder = Folder::new();
    let (first, second) = (folder.sample("whiteouts"), folder.sample("hello"));
    run("second-drop", Options::default(), async |page| {
        page.drop_archive(&first).await;
        page.click(&row("usr/bin/curl")).await;
        page.drop_archive(&second).await;
        page.wait_for_text(&id("image-picker"), "hello:latest").await;
        assert_eq!(page.title().await, "hello:latest · Layerscope");
        page.wait_for_text(&id("details"), "No path selected").await;
        assert_page_agrees(page, &second).await;

        // The first is as it was left, down to the path selected.
        page.choose_archive("whiteouts.tar").await;
        page.wait_for_details("usr/bin/curl").await;
        assert_page_agrees(page, &first).await;
        page.choose_archive("hello.tar").await;
        page.wait_for_text(&id("image-picker"), "hello:latest").await;

        // Closed one by one, down to the start screen.
        page.click(&id("close-archive")).await;
        page.wait_until_gone(&id("archive-picker")).await;
        assert_page_agrees(page, &first).await;
        page.click(&id("close-archive")).await;
        page.wait_for(&id("start")).await;
        page.assert_silent().await;
    });
}

/// While a large archive is read, another one goes first; the large one is read on behind it.
#[test]
fn a_drop_goes_before_what_is_still_being_read() {
    let folder = Folder::new();
    let small = folder.sample("hello");
    run("drop-while-reading", Options::default(), async |page| {
        page.drop_file(large_archive()).await;
        page.wait_for(&id("stack")).await;
        page.drop_archive(&small).await;
        page.wait_for_text(&id("image-picker"), "hello:latest").await;
        page.wait_until_gone(&id("cancel")).await;
        assert_page_agrees(page, &small).await;
        page.choose_archive(large_archive().file_name().unwrap().to_str().unwrap()).await;
        page.wait_until_gone(&id("cancel")).await;
        assert_page_agrees(page, large_archive()).await;
    });
}

/// What is closed while it is read is read no further.
#[test]
fn a_closed_archive_lets_the_others_be_read() {
    run("close-while-reading", Options::default(), async |page| {
        let folder = Folder::new();
        let small = folder.sample("hello");
        page.drop_archive(&small).await;
        page.drop_file(large_archive()).await;
        page.wait_for(&id("archive-picker")).await;
        page.click(&id("close-archive")).await;
        page.wait_until_gone(&id("archive-picker")).await;
        assert_page_agrees(page, &small).await;
        page.assert_silent().await;
    });
}

// --- Large archives

/// The rows of many layers are drawn by and by, and those of the tree take each other's places while it is scrolled.
#[test]
fn many_layers_and_many_rows_are_all_there() {
    let folder = Folder::new();
    let path = folder.path().join("layers.tar");
    let mut out = BufWriter::new(File::create(&path).unwrap());
    Plan::many_layers(60).write(&mut out).unwrap();
    out.flush().unwrap();
    run("many", Options::default(), async |page| {
        page.drop_archive(&path).await;
        page.until("a row for each layer", async |page| page.count(".layer .layer-sizes").await == 60).await;
        let mut native = Native::read(&path);
        let report = native.report();
        assert_stack_agrees(page, &native, 0, &report.images[0]).await;
        assert_eq!(page.count(".layer-above").await, 0);
        page.click(&format!("{} .layer-pick", id("layer-0"))).await;
        page.wait_for(&format!("{}.layer-current", id("layer-0"))).await;
        page.until("all other layers above it", async |page| page.count(".layer-above").await == 59).await;
        // The rows of all layers are looked at, again.
        page.eval("document.querySelector('[data-testid=layer-59] .layer-pick').click()").await;
        page.wait_for(&format!("{}.layer-current", id("layer-59"))).await;

        let rows = native.rows(0);
        page.expand_all(rows.len()).await;
        for top in [0, 100, 150, 700, 5_000, 5_200, 1_000_000, 999_000, 0] {
            page.eval(&format!("document.querySelector('.tree').scrollTo(0, {top})")).await;
            page.wait_until_drawn().await;
            let shown: Vec<Value> = serde_json::from_value(page.eval(&shown_rows("")).await).unwrap();
            let places: Vec<usize> =
                shown.iter().map(|shown| shown["row"].as_str().unwrap().parse().unwrap()).collect();
            assert!(places.is_sorted() && places.len() > 30, "{top}: {places:?}");
            for (place, shown) in places.iter().zip(&shown) {
                assert_row_agrees(*place, shown, &rows[*place]);
            }
        }
        page.assert_silent().await;
    });
}

#[test]
fn the_history_of_a_large_archive_is_there_before_its_layers() {
    run("large", Options::default(), async |page| {
        page.forget_marks().await;
        page.drop_file(large_archive()).await;
        // Looked at in the page, in the very frame: reading goes on while a driver asks.
        let waiting = "document.querySelectorAll('.layer-waiting, .layer .reading').length";
        let waiting = page.when("document.querySelector('[data-testid=layer-5]')", waiting).await;
        assert!(waiting.as_u64() > Some(0), "the history waited for the layers");
        page.show("history").await;
        assert_eq!(page.count("[data-testid^='step-']").await, 6);
        page.show("files").await;
        page.wait_until_read().await;
        let times = "['history', 'tree', 'verified'].map((name) => Math.round(
            performance.getEntriesByName(`layerscope:${name}`)[0].startTime
            - performance.getEntriesByName('layerscope:open')[0].startTime))";
        say(&format!("history, tree, verified after the drop of 200 MB: {} ms", page.eval(times).await));
        assert_page_agrees(page, large_archive()).await;
    });
}

#[test]
fn reading_can_be_cancelled_and_what_is_known_stays() {
    run("cancel", Options::default(), async |page| {
        page.drop_file(large_archive()).await;
        page.when("document.querySelector('.layer-sizes')", CANCEL).await;
        page.wait_for(&id("cancelled")).await;
        page.wait_until_gone(&id("cancel")).await;
        assert!(page.count(".layer .check-unchecked").await > 0, "not every layer was verified");
        // What has been read can still be looked at.
        page.wait_until_drawn().await;
        page.select("opt").await;
    });
}

/// A compressed archive has to be read from end to end before anything is known.
#[test]
fn the_opening_of_a_compressed_archive_can_be_cancelled() {
    let folder = Folder::new();
    let packed = folder.file("large.tar.gz", Pack::Gzip.pack(&std::fs::read(large_archive()).unwrap()));
    let hello = folder.sample("hello");
    run("cancel-opening", Options::default(), async |page| {
        page.drop_file(&packed).await;
        page.when("document.querySelector('[data-testid=opening] progress[value]')", CANCEL).await;
        page.wait_for_text(&id("cancelled"), "large.tar.gz").await;
        page.wait_for(&format!("{} {}", id("drop-zone"), id("open"))).await;

        // With an image open, that image stays, and works.
        page.drop_archive(&hello).await;
        page.drop_file(&packed).await;
        page.when("document.querySelector('[data-testid=cancel]')", CANCEL).await;
        page.wait_for_text(&id("cancelled"), "hello.tar").await;
        assert_page_agrees(page, &hello).await;
    });
}

/// Reads that are ready at once leave the worker no turn in which to hear of anything, unless it takes one.
#[test]
fn what_the_browser_has_ready_can_be_cancelled() {
    let folder = Folder::new();
    let packed = folder.file("large.tar.gz", Pack::Gzip.pack(&std::fs::read(large_archive()).unwrap()));
    let ready = "Blob.prototype.stream = function () {
        const bytes = new Uint8Array(new FileReaderSync().readAsArrayBuffer(this));
        let at = 0;
        const read = async () => ({ value: bytes.slice(at, (at += 65536)), done: false });
        return { getReader: () => ({ read, cancel: async () => {} }) };
    };";
    run("cancel-ready", Options { open: false, ..Options::default() }, async |page| {
        page.edit("worker.js", |glue| glue + ready);
        page.open().await;
        page.drop_file(&packed).await;
        page.when("document.querySelector('[data-testid=opening] progress[value]')", CANCEL).await;
        page.wait_for_text(&id("cancelled"), "large.tar.gz").await;
    });
}

const CANCEL: &str = "document.querySelector('[data-testid=cancel]').click()";

// --- What is no image archive

#[test]
fn what_is_no_image_is_told_so() {
    let folder = Folder::new();
    let noise: Vec<u8> = (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let cases = [
        (folder.file("paper.pdf", pdf()), "This is not an archive."),
        (folder.file("empty.tar", ""), "The file is empty."),
        (folder.file("noise.bin", noise), "This is not an archive."),
        (folder.file("backup.tar", Tar::new().bytes()), "This archive holds no container image."),
    ];
    run("refused", Options::default(), async |page| {
        for (path, words) in &cases {
            let name = path.file_name().unwrap().to_str().unwrap();
            let dropped = Instant::now();
            page.drop_file(path).await;
            page.wait_for_text(&format!("{}[role=alert]", id("error")), name).await;
            let took = dropped.elapsed();
            page.wait_for_text(&id("error"), words).await;
            assert_eq!(page.count(&id("start")).await, 1, "the start screen stays");
            // Far above what it takes; a machine at work must not fail the test.
            assert!(took < Duration::from_secs(10), "{name}: {took:?}");
        }
        page.click(&id("dismiss")).await;
        page.wait_until_gone(&id("error")).await;
        page.assert_silent().await;
    });
}

#[test]
fn the_open_image_stays_when_the_next_file_is_refused() {
    let folder = Folder::new();
    let (sample, paper) = (folder.sample("whiteouts"), folder.file("paper.pdf", pdf()));
    run("refused-later", Options::default(), async |page| {
        page.drop_archive(&sample).await;
        page.drop_file(&paper).await;
        page.wait_for_text(&id("error"), "whiteouts.tar").await;
        // All of it still works: rows, details, content, the other views.
        assert_page_agrees(page, &sample).await;
        page.select("etc/passwd").await;
        page.click(&id("view-text")).await;
        page.wait_for_text(&id("text-view"), "root:x:0:0").await;
        page.click(&id("viewer-close")).await;
        page.show("overlay").await;
        page.wait_for(&id("overlay-merged")).await;
    });
}

#[test]
fn an_image_being_read_is_read_on_when_the_next_file_is_refused() {
    let folder = Folder::new();
    let paper = folder.file("paper.pdf", pdf());
    run("refused-while-reading", Options::default(), async |page| {
        page.forget_marks().await;
        page.drop_file(large_archive()).await;
        page.wait_for(&id("stack")).await;
        page.drop_file(&paper).await;
        page.wait_for_text(&id("error"), "paper.pdf").await;
        page.wait_until_read().await;
        assert_page_agrees(page, large_archive()).await;
    });
}

// --- Archives that others made

#[test]
fn gzip_and_zstd_layouts_are_what_the_core_says() {
    compare_with_corpus(
        "corpus-oci",
        &[
            "snyk_cli__fixtures_container-projects_gzip-test-oci.tar",
            "snyk_cli__fixtures_container-projects_zstd-test-oci.tar",
        ],
    );
}

#[test]
fn compressed_archives_are_what_the_core_says() {
    compare_with_corpus("corpus-outer-gzip", &["aquasecurity_trivy__testdata_fixtures_alpine-310.tar.gz"]);
}

#[test]
fn archives_of_many_layers_are_what_the_core_says() {
    compare_with_corpus("corpus-layers", &["wagoodman_dive__.data_test-docker-image.tar"]);
}

#[test]
fn archives_with_whiteouts_are_what_the_core_says() {
    compare_with_corpus("corpus-whiteouts", &["google_go-containerregistry__tarball_testdata_whiteout.tar"]);
}

#[test]
fn archives_of_several_images_are_what_the_core_says() {
    compare_with_corpus(
        "corpus-images",
        &[
            "google_go-containerregistry__tarball_testdata_bundle.tar",
            "google_go-containerregistry__tarball_testdata_test_link.tar",
        ],
    );
}

/// Archives that other tools find fault with open all the same, and the page says what is wrong.
#[test]
fn faulty_archives_are_what_the_core_says() {
    compare_with_corpus(
        "corpus-faulty",
        &[
            "snyk_snyk-docker-plugin__fixtures_oci-archives_oci-with-manifest.tar",
            "google_go-containerregistry__tarball_testdata_sparse_foreign.tar",
        ],
    );
}

fn compare_with_corpus(name: &str, archives: &[&str]) {
    let paths: Vec<_> = archives.iter().filter_map(|archive| corpus(&format!("images/{archive}"))).collect();
    if paths.is_empty() {
        return;
    }
    run(name, Options::default(), async |page| {
        for path in &paths {
            page.drop_archive(path).await;
            assert_page_agrees(page, path).await;
        }
        page.assert_silent().await;
    });
}

// --- The page held against the core

/// Every image of the archive that is open: history, layers, sizes, digests, anomalies, and the first rows of the tree.
pub async fn assert_page_agrees(page: &Page, path: &Path) {
    let mut native = Native::read(path);
    let report = native.report();
    for (index, image) in report.images.iter().enumerate() {
        let index = index as u32;
        if report.images.len() > 1 {
            let choose = format!(
                "(() => {{
                    const picker = document.querySelector('[data-testid=image-picker]');
                    picker.selectedIndex = {index};
                    picker.dispatchEvent(new Event('change', {{ bubbles: true }}));
                }})()"
            );
            page.eval(&choose).await;
        }
        assert_status_agrees(page, &native, index, image, report.anomalies.len()).await;
        assert_stack_agrees(page, &native, index, image).await;
        assert_history_agrees(page, image).await;
        assert_digests_agree(page, image).await;
        page.show("files").await;
        let rows = native.rows(index);
        assert_rows_agree(page, &rows).await;
    }
}

async fn assert_status_agrees(
    page: &Page,
    native: &Native,
    index: u32,
    image: &ImageReport,
    anomalies: usize,
) {
    let totals = native.totals(index);
    assert_eq!(totals.stored, totals.visible + totals.hidden);
    page.wait_for_text(&id("status-paths"), &counted(totals.paths, "path", "paths")).await;
    assert_eq!(page.text(&id("status-paths")).await, counted(totals.paths, "path", "paths"));
    let [stored, visible, hidden] = [totals.stored, totals.visible, totals.hidden].map(size);
    assert_eq!(
        page.text(&id("status-sum")).await,
        format!("stored {stored} = visible {visible} + hidden {hidden}")
    );

    // For each layer, whether all that is stated of it holds; nothing where nothing is stated.
    let verdict = |layer: &LayerReport| {
        let checks = [
            (layer.stated_digest.is_some(), layer.digest_verified),
            (layer.stated_diff_id.is_some(), layer.diff_id_verified),
        ];
        let stated: Vec<_> =
            checks.into_iter().filter_map(|(stated, verified)| stated.then_some(verified)).collect();
        (!stated.is_empty()).then(|| stated.iter().all(|verified| *verified == Some(true)))
    };
    let verdicts: Vec<bool> = image.layers.iter().filter_map(verdict).collect();
    let verified = verdicts.iter().filter(|verified| **verified).count();
    let mismatch = image
        .layers
        .iter()
        .any(|layer| [layer.digest_verified, layer.diff_id_verified].contains(&Some(false)));
    let expected = match verdicts.len() {
        0 => "no digests stated".to_owned(),
        stated if mismatch => format!("digests {verified}/{stated} ✗ digest mismatch"),
        stated if verified == stated => format!("digests {verified}/{stated} ✓"),
        stated => format!("digests {verified}/{stated}"),
    };
    assert_eq!(page.text(&id("status-digests")).await, expected);
    let expected = match anomalies as u64 {
        0 => "no anomalies".to_owned(),
        n => format!("⚠ {}", counted(n, "anomaly", "anomalies")),
    };
    assert_eq!(page.text(&id("status-anomalies")).await, expected);
}

async fn assert_stack_agrees(page: &Page, native: &Native, index: u32, image: &ImageReport) {
    assert_eq!(page.count("[data-testid^='layer-']").await, image.layers.len());
    let sizes = native.totals(index).layers;
    let script = "[...document.querySelectorAll('[data-testid^=layer-]')].reverse()
        .map((layer) => [...layer.querySelectorAll('.layer-sizes .size .sr-only')].map((size) => size.textContent))";
    let shown: Vec<Vec<String>> = serde_json::from_value(page.eval(script).await).unwrap();
    // A layer that is not in the archive says so, in the place of its sizes.
    let expected: Vec<Vec<String>> = sizes
        .iter()
        .zip(&image.layers)
        .map(|(sizes, layer)| match layer.digest {
            Some(_) => vec![bytes(sizes.stored), bytes(sizes.cumulative)],
            None => Vec::new(),
        })
        .collect();
    assert_eq!(shown, expected);
}

async fn assert_history_agrees(page: &Page, image: &ImageReport) {
    page.show("history").await;
    assert_eq!(page.count("[data-testid^='step-']").await, image.history.len());
    let script = "[...document.querySelectorAll('[data-testid^=step-]')].map((step) => [
        step.querySelector('.layer-pick')?.textContent ?? null,
        step.querySelector('.command code').textContent,
    ])";
    let shown: Vec<(Option<String>, String)> = serde_json::from_value(page.eval(script).await).unwrap();
    for (step, (layer, instruction)) in image.history.iter().zip(shown) {
        assert_eq!(layer, step.layer.map(|layer| (layer + 1).to_string()), "{instruction}");
        if is_plain(step.instruction.as_bytes()) {
            assert_eq!(instruction, step.instruction);
        }
    }
}

/// The trust page has the digests and entries of every layer, and the image page its names.
pub async fn assert_digests_agree(page: &Page, image: &ImageReport) {
    page.show("trust").await;
    for layer in &image.layers {
        let row = page.contents(&id(&format!("digest-{}", layer.index))).await.concat();
        for digest in [&layer.digest, &layer.diff_id, &layer.stated_digest, &layer.stated_diff_id] {
            let Some(digest) = digest else { continue };
            assert!(row.contains(&digest.to_string()), "{digest} in {row}");
        }
        let compressions = layer.stated_compression.zip(layer.compression);
        let checks = [
            layer.digest_verified,
            layer.diff_id_verified,
            layer.size_verified,
            compressions.map(|(stated, found)| stated == found),
        ];
        let expected = checks.iter().filter(|v| **v == Some(true)).count();
        assert_eq!(row.matches("✓ verified").count(), expected, "{row}");
        if let Some(entries) = layer.entries {
            assert!(row.contains(&grouped(entries)), "{entries} in {row}");
        }
    }
    page.show("image").await;
    let identity = page.contents(&id("identity")).await.concat();
    for wanted in [image.id.as_ref(), image.manifest_digest.as_ref()].into_iter().flatten() {
        assert!(identity.contains(&wanted.to_string()), "{wanted} in {identity}");
    }
}

/// The first rows of the expanded tree, column by column.
async fn assert_rows_agree(page: &Page, rows: &[Row]) {
    page.expand_all(rows.len()).await;
    page.eval("document.querySelector('.tree').scrollTo(0, 0)").await;
    let first = rows.len().min(FIRST_ROWS);
    let all_there = format!(
        "document.querySelectorAll('[data-testid=row]').length >= {first} && !!document.querySelector('[data-row=\"0\"]')"
    );
    page.until("the first rows", async |page| page.eval(&all_there).await == true).await;
    let shown: Vec<Value> =
        serde_json::from_value(page.eval(&shown_rows(&format!(".slice(0, {first})"))).await).unwrap();
    assert_eq!(shown.len(), first);
    for (place, (shown, row)) in shown.iter().zip(rows).enumerate() {
        assert_row_agrees(place, shown, row);
    }
}

/// What the rows that are drawn say of themselves; of some of them only.
fn shown_rows(some: &str) -> String {
    format!(
        "[...document.querySelectorAll('[data-testid=row]')]{some}.map((row) => ({{
            row: row.dataset.row,
            name: row.querySelector('.name bdi').textContent,
            level: row.getAttribute('aria-level'),
            set: `${{row.getAttribute('aria-posinset')}}/${{row.getAttribute('aria-setsize')}}`,
            expanded: row.getAttribute('aria-expanded'),
            size: row.querySelector('.cell-size').title.split(' · ')[0],
            mode: row.querySelector('.cell-mode').title.split(' · ')[0],
            owner: row.querySelector('.cell-owner').textContent,
            layer: row.querySelector('.cell-layer').textContent.trim(),
            change: row.querySelector('.cell-change .word')?.textContent ?? '',
            cells: row.querySelectorAll('.strip .cell').length,
            ghost: row.querySelector('.gone')?.textContent ?? null,
        }}))"
    )
}

fn assert_row_agrees(place: usize, shown: &Value, row: &Row) {
    let mut expected = expected_row(place, row);
    if !is_plain(&row.name) {
        expected["name"] = shown["name"].clone();
    }
    assert_eq!(shown, &expected, "{}", row.name);
}

fn expected_row(place: usize, row: &Row) -> Value {
    use layerscope::overlay::Mark;
    let facts = &row.facts;
    let has_size = matches!(facts.kind, Kind::File | Kind::Dir) || row.total_size > 0;
    let word = |mark: Mark| match mark {
        Mark::Added => "added",
        Mark::Modified => "changed",
        Mark::Metadata => "same content",
        Mark::Deleted => "deleted",
        Mark::Hidden => "hidden",
    };
    let ghost = row.ghost.map(|by| {
        let mark = row.strata.iter().find(|(layer, _)| *layer == by).unwrap().1;
        format!("{} by layer {}", word(mark), by + 1)
    });
    json!({
        "row": place.to_string(),
        "name": row.name.to_string(),
        "level": row.level.to_string(),
        "set": format!("{}/{}", row.position, row.siblings),
        "expanded": row.expanded.map(|expanded| expanded.to_string()),
        "size": if has_size { bytes(row.total_size) } else { String::new() },
        "mode": format!("{} ({:04o})", permissions(facts), facts.mode),
        "owner": format!("{}:{}", facts.uid, facts.gid),
        "layer": (row.layer + 1).to_string(),
        "change": match (&ghost, row.change) {
            (Some(ghost), _) => ghost,
            (None, Change::None) => "",
            (None, Change::Below) => "changed inside",
            (None, Change::Marked(mark)) => word(mark),
        },
        "cells": row.strata.len(),
        "ghost": ghost,
    })
}

/// An image of six layers and 200 MB. Made once for all tests.
pub fn large_archive() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("large.tar");
        let mut out = BufWriter::new(File::create(&path).unwrap());
        Plan::large(200_000_000, 2_000).write(&mut out).unwrap();
        out.flush().unwrap();
        path
    })
}

/// The first bytes of a PDF, and some more.
fn pdf() -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n".to_vec();
    bytes.resize(20_000, b' ');
    bytes
}
