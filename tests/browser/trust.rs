//! The trust page: what is stated and what was found, and everything wrong or odd.

use layerscope::fixture::{Archive, Image, Pack, Shape, Tar};
use serde_json::json;

use crate::{
    app::{Folder, id},
    native::Native,
    support::{Options, Page, Scheme, run, run_in_all},
};

/// Two layers: one odd in two ways, one that is not what is stated; and a file that nothing leads to.
fn odd_archive() -> Vec<u8> {
    let zeros = format!("sha256:{}", "0".repeat(64));
    let image = Image::new()
        .name("odd:1")
        .layer(&Tar::new().file("../up", "1").file("bidi\u{202e}", "2"), "RUN one")
        .layer(&Tar::new().file("a", "1").whiteout("nothing"), "RUN two")
        .edit_config(move |config| config["rootfs"]["diff_ids"][1] = json!(zeros));
    Archive::new(Shape::OciLayout).pack(Pack::Gzip).image(image).members().file("notes.txt", "hidden").bytes()
}

#[test]
fn what_is_stated_stands_beside_what_was_found() {
    let folder = Folder::new();
    let path = folder.file("odd.tar", odd_archive());
    run("trust-checks", Options { size: (1440, 1000), ..Options::default() }, async |page| {
        page.drop_archive(&path).await;
        // The count of anomalies leads here, and so does the key.
        page.click(&format!("{} button", id("status-anomalies"))).await;
        page.wait_for(&id("view-trust")).await;
        page.show("files").await;
        page.key("5").await;
        page.wait_for(&id("view-trust")).await;

        assert_eq!(page.text(&id("verdict")).await, "1 of 2 layers does not match what is stated of it.");
        let report = Native::read(&path).report();
        let layer = &report.images[0].layers[1];
        let row = page.contents(&id("digest-1")).await.concat();
        let stated = layer.stated_diff_id.as_ref().unwrap().to_string();
        let found = layer.diff_id.as_ref().unwrap().to_string();
        assert!(row.contains(&format!("✗ mismatchstated {stated}found {found}")), "{row}");
        assert!(row.contains("✓ verifiedgzip"), "{row}");
        let documents = page.contents(&format!("{} tbody tr", id("documents"))).await;
        assert_eq!(documents.len(), 2, "{documents:?}");
        for (document, shown) in report.documents.iter().zip(&documents) {
            assert!(shown.contains(&document.digest.as_ref().unwrap().to_string()), "{shown}");
            assert_eq!(shown.matches("✓ verified").count(), 2, "{shown}");
        }
        let unused = page.text(&id("unused")).await;
        let offset = crate::native::grouped(report.unused[0].offset);
        assert!(unused.contains("notes.txt") && unused.contains(&offset), "{unused}");

        // The image page says it in short, and leads here.
        page.show("image").await;
        page.wait_for_text(&id("checks"), "1 of 2 layers does not match").await;
        page.click(&id("see-trust")).await;
        page.wait_for(&id("view-trust")).await;
        page.assert_silent().await;
    });
}

#[test]
fn anomalies_are_filtered_by_severity_and_place_and_copied() {
    let folder = Folder::new();
    let path = folder.file("odd.tar", odd_archive());
    run("trust-filter", Options { size: (1440, 1000), ..Options::default() }, async |page| {
        page.drop_archive(&path).await;
        page.show("trust").await;
        let groups = "[...document.querySelectorAll('[data-testid^=anomaly-]')].map((e) => e.dataset.testid)";
        let all = [
            "anomaly-diff-id-mismatch",
            "anomaly-path-unusual",
            "anomaly-name-unusual",
            "anomaly-whiteout-of-nothing",
        ];
        assert_eq!(page.strings(groups).await, all);
        for (severity, expected) in [("error", &all[..1]), ("warning", &all[1..2]), ("info", &all[2..])] {
            // By keyboard.
            let button = id(&format!("severity-severity-{severity}"));
            page.tab_to(&button).await;
            page.key(" ").await;
            page.wait_for(&format!("{button}[aria-pressed=true]")).await;
            assert_eq!(page.strings(groups).await, expected, "{severity}");
        }
        page.click(&id("severity-all")).await;
        page.until("all of them", async |page| page.strings(groups).await == all).await;
        let choose = "(() => {
            const select = document.querySelector('[data-testid=place]');
            select.selectedIndex = 2;
            select.dispatchEvent(new Event('change', { bubbles: true }));
            return select.selectedOptions[0].text;
        })()";
        assert_eq!(page.eval(choose).await, "Layer 2 (2)");
        let second = ["anomaly-diff-id-mismatch", "anomaly-whiteout-of-nothing"];
        page.until("those of layer 2", async |page| page.strings(groups).await == second).await;

        let permission = json!({ "permission": { "name": "clipboard-write" }, "setting": "granted" });
        page.cdp("Browser.setPermission", permission).await;
        let permission = json!({ "permission": { "name": "clipboard-read" }, "setting": "granted" });
        page.cdp("Browser.setPermission", permission).await;
        page.click(&format!("{} .copy", id("anomalies"))).await;
        page.wait_for_text(&format!("{} .copy", id("anomalies")), "Copied").await;
        let copied = page.eval("navigator.clipboard.readText()").await;
        let lines: Vec<Vec<&str>> =
            copied.as_str().unwrap().lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(
            lines.iter().map(|line| line[1]).collect::<Vec<_>>(),
            ["diff-id-mismatch", "whiteout-of-nothing"]
        );
        assert!(lines.iter().all(|line| line.len() == 5 && line[2] == "Layer 2"), "{lines:?}");
        page.assert_silent().await;
    });
}

#[test]
fn thousands_of_anomalies_are_counted_and_shown_on_demand() {
    let folder = Folder::new();
    let layer = (0..900).fold(Tar::new(), |tar, n| tar.file(format!("../{n}"), ""));
    let image = Image::new().name("many:1").layer(&layer, "RUN many");
    let path = folder.archive("many.tar", &Archive::new(Shape::OciLayout).image(image));
    run("trust-many", Options::default(), async |page| {
        page.drop_archive(&path).await;
        page.show("trust").await;
        let items = format!("{} ul li", id("anomaly-path-unusual"));
        assert_eq!(page.count(&items).await, 10);
        let more = format!("{} {}", id("anomaly-path-unusual"), id("more"));
        for expected in [210, 410, 610, 810, 900] {
            page.click(&more).await;
            page.until("more of them", async |page| page.count(&items).await == expected).await;
        }
        page.wait_until_gone(&more).await;
    });
}

#[test]
fn every_image_has_its_verdict() {
    let folder = Folder::new();
    let image = |name: &str| Image::new().name(name).layer(&Tar::new().file(name, "1"), "RUN x");
    let bad = image("bad:1").edit_manifest(|manifest| manifest["layers"][0]["size"] = 7.into());
    let path = folder.archive("two.tar", &Archive::new(Shape::OciLayout).image(image("good:1")).image(bad));
    run("trust-images", Options::default(), async |page| {
        page.drop_archive(&path).await;
        page.show("trust").await;
        assert_eq!(page.text(&id("verdict")).await, "1 of 2 layers does not match what is stated of it.");
        let rows = page.texts(&format!("{} tr", id("images"))).await;
        assert!(rows[0].contains("good:1") && rows[0].contains("✓ verified"), "{rows:?}");
        assert!(rows[1].contains("bad:1") && rows[1].contains("✗ mismatch"), "{rows:?}");
        page.click(&format!("{} tr:last-child button", id("images"))).await;
        page.wait_for_text(&id("digest-0"), "stated 7 B").await;
    });
}

/// Large enough for several workers: what is held for the browser to hash, what expands to more than was made room for, what is
/// not compressed, and two that are not what is stated.
fn hashed_archive() -> Vec<u8> {
    let noise = |seed: u64, len: usize| -> Vec<u8> {
        let next = |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        std::iter::successors(Some(seed), next).map(|state| (state >> 56) as u8).take(len).collect()
    };
    let tar = |name: &str, body: Vec<u8>| Tar::new().file(name, body).bytes();
    let layers = [
        (Pack::Gzip, tar("random", noise(1, 5 << 20))),
        (Pack::Gzip, tar("expands", [noise(6, 1 << 20), vec![0; 8 << 20]].concat())),
        (Pack::Plain, tar("plain", noise(2, 6 << 20))),
        (Pack::Plain, tar("other", noise(3, 5 << 20))),
        (Pack::Zstd, tar("zstd", noise(4, 2 << 20))),
        (Pack::Gzip, tar("wrong", noise(5, 1 << 20))),
    ];
    let mut image = Image::new().name("hashed:1");
    for (pack, tar) in layers {
        let media_type = format!("application/vnd.oci.image.layer.v1.tar{}", pack.suffix());
        image = image.blob_layer(pack.pack(&tar), tar, &media_type, "RUN x");
    }
    let zeros = || format!("sha256:{}", "0".repeat(64));
    let image = image.edit_config(move |config| {
        config["rootfs"]["diff_ids"][3] = json!(zeros());
        config["rootfs"]["diff_ids"][5] = json!(zeros());
    });
    Archive::new(Shape::OciLayout).image(image).bytes()
}

#[test]
fn digests_are_right_wherever_they_are_made() {
    let folder = Folder::new();
    let path = folder.file("hashed.tar", hashed_archive());
    let report = Native::read(&path).report();
    // Each hashing by the browser is told to the server. Then it refuses, and then it has none, as where a page came insecurely.
    let told = "const digest = SubtleCrypto.prototype.digest;
        SubtleCrypto.prototype.digest = function (...all) {
            fetch(`${self.location.origin}/a/b/hashed`);
            return digest.apply(this, all);
        };";
    let refused = "SubtleCrypto.prototype.digest = () => Promise.reject(new Error('made to fail'));";
    let missing = "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });";
    for (name, script, by_browser) in
        [("told", told, true), ("refused", refused, false), ("none", missing, false)]
    {
        let options = Options { open: false, ..Options::default() };
        run_in_all(&format!("hashing-{name}"), options, async |page| {
            page.edit("worker.js", |glue| glue + script);
            page.open().await;
            page.wait_for(&id("drop-overlay")).await;
            page.drop_archive(&path).await;
            page.show("trust").await;
            assert_eq!(page.text(&id("verdict")).await, "2 of 6 layers do not match what is stated of them.");
            for (index, layer) in report.images[0].layers.iter().enumerate() {
                let row = page.contents(&id(&format!("digest-{index}"))).await.concat();
                let found = format!("found {}", layer.diff_id.as_ref().unwrap());
                assert_eq!(row.contains(&found), [3, 5].contains(&index), "{row}");
            }
            let hashed = page.requests().iter().filter(|line| line.ends_with("/hashed")).count();
            assert_eq!(hashed > 0, by_browser, "{hashed} digests were made by the browser");
        });
    }
}

/// What the layers cost, by our account and by dive's.
#[test]
fn space_is_counted_as_the_core_counts_it() {
    let folder = Folder::new();
    let (path, cut) = (folder.sample("whiteouts"), folder.file("cut.tar", cut_archive()));
    run("space", Options::default(), async |page| {
        page.drop_archive(&path).await;
        page.show("image").await;
        let report = Native::read(&path).report();
        let (dive, sum) = (report.images[0].dive.unwrap(), report.images[0].reclaimable.unwrap());
        page.wait_for(&id("dive")).await;
        let shown = page.contents(&format!("{} dd", id("space"))).await;
        let sizes = [sum.total, sum.deleted, sum.overwritten, sum.metadata_only, sum.opaque];
        for (shown, bytes) in shown.iter().zip(sizes) {
            assert!(shown.contains(&crate::native::size(bytes)), "{bytes} in {shown}");
        }
        let percent = |part: f64| format!("{:.1} %", part * 100.0);
        assert!(shown[5].contains(&percent(dive.efficiency)), "{shown:?}");
        assert!(shown[6].contains(&crate::native::size(dive.wasted_bytes)), "{shown:?}");
        assert!(shown[7].contains(&percent(dive.user_wasted_percent.unwrap())), "{shown:?}");

        // Of layers that are not whole there is no sum.
        page.drop_archive(&cut).await;
        page.wait_for_text(&id("space"), "Not every layer could be read to its end").await;
    });
}

/// An image whose only layer is a gzip stream that ends early.
fn cut_archive() -> Vec<u8> {
    let tar = Tar::new().file("a", vec![7; 10_000]).bytes();
    let mut packed = Pack::Gzip.pack(&tar);
    packed.truncate(packed.len() - 8);
    let image = Image::new().name("cut:1").blob_layer(
        packed,
        tar,
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "RUN x",
    );
    Archive::new(Shape::OciLayout).image(image).bytes()
}

/// Pictures for whoever looks, in both themes and languages, wide and narrow.
#[test]
fn the_trust_page_is_drawn() {
    let folder = Folder::new();
    let path = folder.file("odd.tar", odd_archive());
    for (lang, language) in [("en", "en-US"), ("zh", "zh-CN")] {
        for (theme, scheme) in [("light", Scheme::Light), ("dark", Scheme::Dark)] {
            let options = Options { language, scheme, size: (1440, 1000), ..Options::default() };
            run(&format!("trust-{lang}-{theme}"), options, async |page: &mut Page| {
                page.drop_archive(&path).await;
                for view in ["trust", "image"] {
                    page.show(view).await;
                    page.screenshot(&format!("{view}-{lang}-{theme}-1440")).await;
                }
                page.resize(375, 900).await;
                for view in ["trust", "image"] {
                    page.show(view).await;
                    page.screenshot(&format!("{view}-{lang}-{theme}-375")).await;
                }
            });
        }
    }
}
