//! The index of an archive, kept in the browser.

use std::{io::Read as _, path::Path};

use layerscope::fixture::{Archive, Image, Pack, Shape, Tar};

use crate::{
    app::{Folder, id},
    support::{Options, Page, Scheme, run},
};

const TALL: Options =
    Options { language: "en-US", scheme: Scheme::Light, size: (1400, 1600), open: true, gateway: None };

fn archive(pack: Pack, motd: &str) -> Archive {
    let below = Tar::new().file("etc/motd", motd).file("usr/big", vec![7; 3_000_000]);
    let above = Tar::new().whiteout("usr/big").file("etc/new", "new\n");
    let image = Image::new().name("kept:1").layer(&below, "RUN a").layer(&above, "RUN b");
    Archive::new(Shape::OciLayout).pack(pack).image(image)
}

/// Has the page keep the index of what is open.
async fn keep(page: &Page) {
    page.show("image").await;
    page.click(&id("keep")).await;
    page.wait_for(&id("kept-own")).await;
}

/// From now on no worker is given a byte of these ranges: the reading of the layers never ends.
async fn hold_back(page: &Page, layers: &[(u64, u64)]) {
    let ranges: Vec<String> = layers.iter().map(|(start, end)| format!("[{start},{end}]")).collect();
    let script = format!(
        "{{ const held = [{}]; const {{ slice, arrayBuffer, stream }} = Blob.prototype; const starts = new WeakMap();
          const is_held = (blob) => held.some(([start, end]) => starts.get(blob) >= start && starts.get(blob) < end);
          Blob.prototype.slice = function (from, to, ...rest) {{ const part = slice.call(this, from, to, ...rest); starts.set(part, from); return part; }};
          Blob.prototype.arrayBuffer = function () {{ return is_held(this) ? new Promise(() => {{}}) : arrayBuffer.call(this); }};
          Blob.prototype.stream = function () {{ return is_held(this) ? new ReadableStream({{ type: \"bytes\" }}) : stream.call(this); }}; }}\n",
        ranges.join(",")
    );
    page.edit("worker.js", |code| script + &code);
}

/// Where the layers of a layout lie: its blobs that are no documents.
fn places(path: &Path) -> Vec<(u64, u64)> {
    let mut archive = tar::Archive::new(std::fs::File::open(path).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let (start, mut first) = (entry.raw_file_position(), [0]);
        let is_layer = entry.read(&mut first).unwrap() == 1 && first != *b"{" && first != *b"[";
        (is_layer, (start, start + entry.size()))
    });
    entries.filter(|(is_layer, _)| *is_layer).map(|(_, place)| place).collect()
}

#[test]
fn an_archive_that_is_opened_again_shows_its_tree_before_any_layer_is_read() {
    let folder = Folder::new();
    for pack in [Pack::Plain, Pack::Gzip] {
        let path = folder.archive("kept.tar", &archive(pack, "hello\n"));
        let held = places(&path);
        assert!(held.len() >= 2, "{held:?}");
        run("kept", TALL, async |page| {
            page.drop_archive(&path).await;
            keep(page).await;
            page.screenshot("kept").await;
            // A reload begins with a new worker, which is never given a byte of a layer.
            hold_back(page, &held).await;
            page.open().await;
            page.wait_for_text(&id("kept"), "kept.tar").await;
            page.screenshot("kept-start").await;
            page.drop_file(&path).await;
            page.wait_for_text(&id("kept-news"), "remembered").await;
            page.expand_all(5).await;
            let mut paths = page.paths().await;
            paths.sort();
            assert_eq!(paths, ["etc", "etc/motd", "etc/new", "usr", "usr/big"]);
            page.wait_for_text(&id("layer-0"), "remembered, not yet verified again").await;
            page.screenshot("kept-recalled").await;
            page.assert_silent().await;
        });
    }
}

#[test]
fn a_changed_archive_under_the_same_name_is_not_taken_for_it() {
    let folder = Folder::new();
    let path = folder.archive("kept.tar", &archive(Pack::Gzip, "hello\n"));
    run("kept-changed", TALL, async |page| {
        page.drop_archive(&path).await;
        keep(page).await;
        std::fs::write(&path, archive(Pack::Gzip, "other\n").bytes()).unwrap();
        page.open().await;
        page.wait_for(&id("kept")).await;
        page.drop_archive(&path).await;
        assert_eq!(page.count(&id("kept-news")).await, 0);
        page.select("etc/motd").await;
        page.click(&id("view-text")).await;
        page.wait_for_text(&id("text-view"), "other").await;
        page.click(&id("viewer-close")).await;
        // The same documents, and another byte in a layer: it is found out when the layer is read again.
        let plain = archive(Pack::Plain, "hello\n").bytes();
        std::fs::write(&path, &plain).unwrap();
        page.open().await;
        page.wait_for(&id("kept")).await;
        page.drop_archive(&path).await;
        keep(page).await;
        let mut changed = plain.clone();
        let at = plain.windows(6).position(|window| window == b"hello\n").unwrap();
        changed[at] = b'j';
        std::fs::write(&path, &changed).unwrap();
        page.open().await;
        page.wait_for(&id("kept")).await;
        page.drop_archive(&path).await;
        page.wait_for_text(&id("kept-news"), "not what was remembered").await;
        page.wait_for_text(&id("status-digests"), "✗").await;
    });
}

#[test]
fn what_is_kept_is_verified_again_and_can_be_forgotten() {
    let folder = Folder::new();
    let path = folder.archive("kept.tar", &archive(Pack::Gzip, "hello\n"));
    run("kept-forget", Options { language: "zh-CN", scheme: Scheme::Dark, ..TALL }, async |page| {
        page.drop_archive(&path).await;
        keep(page).await;
        page.open().await;
        page.wait_for_text(&id("kept"), "已记住的归档").await;
        page.drop_archive(&path).await;
        page.wait_for_text(&id("status-digests"), "✓").await;
        page.wait_until_gone(&id("kept-news")).await;
        page.show("image").await;
        page.wait_for(&id("kept-own")).await;
        page.screenshot("kept-zh").await;
        // With the keyboard alone.
        page.eval("document.querySelector('[data-testid=forget]').focus()").await;
        page.press_key(fantoccini::key::Key::Enter).await;
        page.wait_for(&id("keep")).await;
        page.open().await;
        page.wait_for("[data-testid='drop-zone']").await;
        page.drop_archive(&path).await;
        assert_eq!(page.count(&id("kept-news")).await, 0);
        page.assert_silent().await;
    });
}

/// Writes a file where the page keeps its indexes.
async fn overwrite(page: &Page, change: &str) {
    let script = format!(
        "(async () => {{
            const root = await navigator.storage.getDirectory();
            const folder = await root.getDirectoryHandle('indexes');
            for await (const [name, handle] of folder) {{
                const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
                {change}
                const file = await handle.createWritable();
                await file.write(bytes);
                await file.close();
            }}
        }})()"
    );
    page.eval(&script).await;
}

#[test]
fn what_is_damaged_or_of_another_version_is_not_used_and_goes() {
    let folder = Folder::new();
    let path = folder.archive("kept.tar", &archive(Pack::Gzip, "hello\n"));
    run("kept-damaged", TALL, async |page| {
        for (change, said) in
            [("bytes[bytes.length - 1] ^= 1;", "damaged"), ("bytes[7] = 0;", "another version")]
        {
            page.drop_archive(&path).await;
            keep(page).await;
            overwrite(page, change).await;
            page.open().await;
            page.wait_for(&id("kept")).await;
            page.drop_archive(&path).await;
            page.wait_for_text(&id("kept-news"), said).await;
            page.wait_for_text(&id("status-digests"), "✓").await;
            page.show("image").await;
            page.wait_for(&id("keep")).await;
            page.open().await;
        }
    });
}

#[test]
fn a_browser_that_keeps_nothing_says_so() {
    let folder = Folder::new();
    let path = folder.archive("kept.tar", &archive(Pack::Gzip, "hello\n"));
    run("kept-missing", TALL, async |page| {
        // As in a private window of Firefox.
        let refuse = "StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('no', 'SecurityError'));\n";
        page.edit("worker.js", |code| refuse.to_owned() + &code);
        page.open().await;
        page.wait_for("[data-testid='drop-zone']").await;
        page.drop_archive(&path).await;
        page.wait_for_text(&id("status-digests"), "✓").await;
        page.show("image").await;
        page.wait_for_text(&id("kept-failed"), "The browser does not keep this.").await;
        page.screenshot("kept-missing").await;
    });
    run("kept-full", TALL, async |page| {
        let full = "FileSystemSyncAccessHandle.prototype.write = () => { throw new DOMException('full', 'QuotaExceededError'); };\n";
        page.edit("worker.js", |code| full.to_owned() + &code);
        page.open().await;
        page.wait_for("[data-testid='drop-zone']").await;
        page.drop_archive(&path).await;
        page.show("image").await;
        page.click(&id("keep")).await;
        page.wait_for_text(&id("kept-failed"), "no more room").await;
    });
}
