//! The details of a path: its life, its content, its copy on disk.

use layerscope::fixture::{Archive, Image, Pack, Shape, Tar};

use crate::{
    app::{Folder, id, row},
    native::Native,
    support::{Options, Page, run},
};

const TALL: Options = Options { size: (1400, 2400), ..Options::DEFAULT };

/// A file that is added, changed, deleted and added again.
fn eventful() -> Archive {
    let base = Tar::new().dir("etc", 0o755).file("etc/motd", "first\n").file("etc/other", "other\n");
    let change = Tar::new().file("etc/motd", "second, longer\n").mode(0o600).owner(1000, 1000);
    let delete = Tar::new().whiteout("etc/motd");
    let again = Tar::new().file("etc/motd", "third\n");
    let image = Image::new()
        .name("eventful:1")
        .layer(&base, "COPY etc /etc")
        .layer(&change, "RUN echo second, longer > /etc/motd")
        .layer(&delete, "RUN rm /etc/motd")
        .layer(&again, "RUN echo third > /etc/motd");
    Archive::new(Shape::DockerOci).pack(Pack::Gzip).image(image)
}

#[test]
fn a_biography_tells_every_version() {
    let folder = Folder::new();
    let path = folder.archive("eventful.tar", &eventful());
    run("biography", TALL, async |page| {
        page.drop_archive(&path).await;
        page.select("etc/motd").await;
        page.wait_for_text(&id("why"), "Layer 4 supplies it").await;
        let chapters = page
            .strings("[...document.querySelectorAll('[data-testid^=chapter-]')].map((c) => c.dataset.testid)")
            .await;
        assert_eq!(chapters, ["chapter-3", "chapter-2", "chapter-1", "chapter-0"], "newest first");
        let marks = page.texts("[data-testid^='chapter-'] header").await;
        for (text, word) in marks.iter().zip(["added", "deleted", "changed", "added"]) {
            assert!(text.contains(word), "{word} in {text:?}");
        }
        let chapter = page.text(&id("chapter-1")).await;
        for wanted in ["content", "size", "mode", "owner", "15 bytes", "-rw-------", "0600", "1000:1000"] {
            assert!(chapter.contains(wanted), "{wanted} in {chapter:?}");
        }
        assert!(page.text(&id("chapter-2")).await.contains("By a whiteout of this path"));
        assert_eq!(page.count(&format!("{} .wins-badge", id("chapter-3"))).await, 1);
        assert_eq!(page.count(".wins-badge").await, 1);

        // A layer lower, it is deleted.
        page.click(&id("scrubber-down")).await;
        page.wait_for_text(&id("why"), "a whiteout in layer 3 deletes it").await;
        page.wait_for_text(&id("why"), "still stored in layers 1 and 2").await;
        assert_eq!(page.count(".wins-badge").await, 0);
        // And one more, it is the second version.
        page.click(&id("scrubber-down")).await;
        page.wait_for_text(&id("why"), "Layer 2 supplies it").await;
        page.wait_for(&format!("{} .wins-badge", id("chapter-1"))).await;
        page.assert_silent().await;
    });
}

#[test]
fn what_takes_a_path_away_is_told() {
    with_whiteouts("causes", async |page, _| {
        let cases = [
            ("root/.aws/credentials", "the whiteout of /root/.aws in layer 5 deletes all below"),
            ("var/cache/apt/pkgcache.bin", "layer 6 makes /var/cache/apt opaque"),
            ("etc/skel.d/10-umask", "layer 8 puts something that is not a directory at /etc/skel.d"),
            ("var/log/bootstrap.log", "a whiteout in layer 6 deletes it"),
            ("usr/bin/curl", "Layer 7 supplies it"),
        ];
        for (path, words) in cases {
            page.select(path).await;
            page.wait_for_text(&id("why"), words).await;
        }
    });
}

#[test]
fn every_version_is_read_as_text_and_as_hex() {
    let folder = Folder::new();
    let path = folder.archive("eventful.tar", &eventful());
    let mut native = Native::read(&path);
    let versions = native.versions(0, "etc/motd");
    let contents: Vec<_> = versions
        .iter()
        .map(|version| (version.version.layer, native.content(version.content.unwrap())))
        .collect();
    assert_eq!(contents.len(), 3);
    run("versions", TALL, async |page| {
        page.drop_archive(&path).await;
        page.select("etc/motd").await;
        for (layer, bytes) in &contents {
            let chapter = id(&format!("chapter-{layer}"));
            page.click(&format!("{chapter} {}", id("view-text"))).await;
            page.wait_for(&id("text-view")).await;
            assert_eq!(shown_text(page).await.as_bytes(), bytes);
            page.click(&id("viewer-hex")).await;
            assert_eq!(&shown_hex(page).await, bytes);
            page.key("Escape").await;
            page.wait_until_gone(&id("viewer")).await;
            page.click(&format!("{chapter} {}", id("view-hex"))).await;
            assert_eq!(&shown_hex(page).await, bytes);
            page.click(&id("viewer-close")).await;
            page.wait_until_gone(&id("viewer")).await;
        }
    });
}

#[test]
fn a_deleted_secret_is_still_there_to_read() {
    with_whiteouts("secret", async |page, native| {
        let version = native.versions(0, "root/.aws/credentials")[0].clone();
        let bytes = native.content(version.content.unwrap());
        assert!(bytes.starts_with(b"[default]\naws_access_key_id"));
        page.select("root/.aws/credentials").await;
        page.click(&id("view-text")).await;
        page.wait_for(&id("text-view")).await;
        assert_eq!(shown_text(page).await.as_bytes(), bytes);
        page.click(&id("viewer-hex")).await;
        assert_eq!(shown_hex(page).await, bytes);
    });
}

#[test]
fn binary_content_is_shown_as_hex_at_once() {
    with_whiteouts("binary", async |page, native| {
        let version = native.versions(0, "usr/bin/busybox")[0].clone();
        let bytes = native.content(version.content.unwrap());
        page.select("usr/bin/busybox").await;
        page.click(&id("view-text")).await;
        // The view of text guesses; `Hex` is pressed by itself.
        page.wait_for(&id("hex-view")).await;
        assert_eq!(page.attribute(&id("viewer-hex"), "aria-pressed").await, "true");
        let shown = shown_hex(page).await;
        assert!(!shown.is_empty() && bytes.starts_with(&shown));
    });
}

#[test]
fn hard_links_share_their_targets_content() {
    with_whiteouts("hard-link", async |page, native| {
        let bytes = native.versions(0, "usr/bin/busybox")[0].facts.size;
        page.select("usr/bin/cat").await;
        let chapter = page.text(&id("chapter-0")).await;
        assert!(chapter.contains("hard link") && chapter.contains("usr/bin/busybox"), "{chapter}");
        page.click(&id("view-hex")).await;
        page.wait_for(&id("hex-view")).await;
        let height = page.eval("document.querySelector('.hex-view .tree-sizer').offsetHeight").await;
        assert_eq!(height, bytes.div_ceil(16) * 20);
    });
}

#[test]
fn capabilities_and_xattrs_are_shown() {
    with_whiteouts("xattrs", async |page, _| {
        page.select("usr/bin/ping").await;
        let chapter = page.text(&id("chapter-0")).await;
        for wanted in ["security.capability", "cap_net_raw=ep"] {
            assert!(chapter.contains(wanted), "{wanted} in {chapter:?}");
        }
        page.select("app/server.js").await;
        page.wait_for_text(&id("details"), "build stage, step 4").await;
    });
}

#[test]
fn downloads_are_the_bytes_of_the_version() {
    let folder = Folder::new();
    // Packed layers are inflated again; plain ones are cut out of the file.
    let packed = folder.archive("eventful.tar", &eventful());
    let plain = folder.sample("hello");
    run("download", TALL, async |page| {
        for (archive, path, name) in [
            (&packed, "etc/motd", "motd"),
            (&plain, "usr/local/bin/hello", "hello"),
            (&plain, "usr/bin/sh", "sh"),
        ] {
            let mut native = Native::read(archive);
            let version = native.versions(0, path)[0].clone();
            let bytes = native.content(version.content.unwrap());
            page.drop_archive(archive).await;
            page.expand_all(native.rows(0).len()).await;
            page.select(path).await;
            page.click(&format!("{} {}", id(&format!("chapter-{}", version.version.layer)), id("download")))
                .await;
            assert_eq!(page.downloaded(name, bytes.len()).await, bytes, "{path}");
        }
        page.assert_silent().await;
    });
}

#[test]
fn a_symbolic_link_is_followed() {
    run("follow", TALL, async |page| {
        page.open_sample("hello").await;
        page.wait_until_drawn().await;
        page.select("etc/os-release").await;
        page.click(&id("follow")).await;
        page.wait_for_details("usr/lib/os-release").await;
        page.wait_for_active("usr/lib/os-release").await;
        page.wait_for(&format!("{}.selected", row("usr/lib/os-release"))).await;
    });
}

#[test]
fn a_link_that_leads_nowhere_says_so() {
    with_whiteouts("dangling", async |page, _| {
        page.select("etc/localtime").await;
        page.click(&id("follow")).await;
        page.wait_for_text(".details-notice", "The target is not in the tree.").await;
        page.wait_for_details("etc/localtime").await;
    });
}

#[test]
fn long_content_is_read_part_by_part() {
    let folder = Folder::new();
    let text: String =
        (0..40_000).map(|line| format!("line {line} of a long file, to be read in parts\n")).collect();
    let layer = Tar::new().file("long.txt", &text);
    let archive = Archive::new(Shape::OciLayout)
        .pack(Pack::Gzip)
        .image(Image::new().name("long:1").layer(&layer, "COPY"));
    let path = folder.archive("long.tar", &archive);
    run("parts", TALL, async |page| {
        page.drop_archive(&path).await;
        page.select("long.txt").await;
        page.click(&id("view-text")).await;
        page.wait_for(&id("text-view")).await;
        let first = page.contents(".text-view .line").await;
        assert_eq!(first[0], "line 0 of a long file, to be read in parts");
        page.click(&id("show-more")).await;
        page.wait_for(&id("show-less")).await;
        page.until("the second part", async |page| {
            page.contents(".text-view .line").await.first() != first.first()
        })
        .await;
        // The numbers go on where the first part ended.
        let (number, line) = (
            page.attribute(".text-view .line", "data-line").await.as_str().unwrap().parse::<u64>().unwrap(),
            page.contents(".text-view .line").await.remove(0),
        );
        assert!(line.starts_with(&format!("line {} of", number - 1)), "{number}: {line}");
    });
}

/// The text in the viewer, line feeds put back.
async fn shown_text(page: &Page) -> String {
    let lines = page.contents(".text-view .line").await;
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The bytes in the viewer, from their hex digits.
async fn shown_hex(page: &Page) -> Vec<u8> {
    page.wait_for(".hex-view .tree-block .hex-row").await;
    let rows = page.contents(".hex-view .tree-block .hex-bytes").await;
    let digits: String = rows.concat().split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// The `whiteouts` sample with all of its rows on the screen.
fn with_whiteouts(name: &str, test: impl AsyncFnOnce(&Page, &mut Native)) {
    let folder = Folder::new();
    let mut native = Native::read(&folder.sample("whiteouts"));
    run(&format!("details-{name}"), TALL, async |page| {
        page.open_sample("whiteouts").await;
        page.wait_until_drawn().await;
        page.expand_all(native.rows(0).len()).await;
        test(page, &mut native).await;
        page.assert_silent().await;
    });
}
