//! What the viewer shows of contents: parts of long ones, kinds, pictures, targets of links, comparisons.

use layerscope::fixture::{Archive, Image, Pack, Shape, Tar};

use crate::{
    app::{Folder, id},
    support::{Options, Page, Scheme, run, run_in_all},
};

const TALL: Options =
    Options { language: "en-US", scheme: Scheme::Light, size: (1400, 1600), open: true, gateway: None };

/// How every PNG begins.
const PNG: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// A PNG of this width and height in one grey, stored without compression.
fn png(width: u32, height: u32) -> Vec<u8> {
    fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
        out.extend((body.len() as u32).to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(body);
        out.extend_from_slice(kind);
        out.extend_from_slice(body);
        out.extend(crc.sum().to_be_bytes());
    }
    let mut out = PNG.to_vec();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    chunk(&mut out, b"IHDR", &header);
    let rows: Vec<u8> = (0..height)
        .flat_map(|_| std::iter::once(0).chain(std::iter::repeat_n(0x80, width as usize)))
        .collect();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &rows).unwrap();
    chunk(&mut out, b"IDAT", &packed.finish().unwrap());
    chunk(&mut out, b"IEND", &[]);
    out
}

/// Lines that say which one they are.
fn long(lines: u32) -> Vec<u8> {
    (1..=lines).flat_map(|n| format!("line {n}\n").into_bytes()).collect()
}

fn archive(pack: Pack) -> Archive {
    let below = Tar::new()
        .file("long", long(600_000))
        .file("picture", png(64, 32))
        .file("drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='document.title=1'/>")
        .file("etc/conf", "a\nb\nc\n")
        .file("data", (0..=255).collect::<Vec<u8>>())
        .symlink("link", "etc/alternatives/conf")
        .symlink("etc/alternatives/conf", "../conf")
        .symlink("dangling", "etc/none")
        .symlink("loop", "loop");
    let above = Tar::new()
        .file("etc/conf", "a\nB\nc\nd\n")
        .file("data", (0..=255).rev().collect::<Vec<u8>>())
        .whiteout("picture");
    let image = Image::new().name("viewed:1").layer(&below, "RUN a").layer(&above, "RUN b");
    Archive::new(Shape::OciLayout).pack(pack).image(image)
}

async fn open(page: &Page, path: &str, button: &str) {
    page.select(path).await;
    page.click(&id(button)).await;
}

async fn close(page: &Page) {
    page.click(&id("viewer-close")).await;
    page.wait_until_gone(&id("viewer")).await;
}

#[test]
fn a_long_text_is_read_in_parts_from_any_place() {
    let folder = Folder::new();
    let size = long(600_000).len() as u64;
    for pack in [Pack::Plain, Pack::Gzip] {
        let path = folder.archive("viewed.tar", &archive(pack));
        run("long-text", TALL, async |page| {
            page.drop_archive(&path).await;
            open(page, "long", "view-text").await;
            page.wait_for_text(&id("text-view"), "line 1\n").await;
            page.wait_for_text(&id("viewer-kind"), "text").await;
            // The next part goes on with the numbers.
            page.click(&id("show-more")).await;
            let first = "document.querySelector('.line[data-line]').dataset.line + ': ' + document.querySelector('.line[data-line]').innerText";
            page.until("the next part", async |page| {
                !page.eval(first).await.as_str().unwrap_or("1:").starts_with("1:")
            })
            .await;
            let shown = page.eval(first).await.as_str().unwrap().to_owned();
            let (number, line) = shown.split_once(": line ").unwrap();
            assert_eq!(number, line.trim());
            // The end: lines there were not counted, and say so.
            page.click(&id("show-last")).await;
            page.wait_for_text(".viewer-parts", &format!("–{} of", with_commas(size - 1))).await;
            page.wait_for_text(".viewer-parts", "offset of their first byte").await;
            page.eval("document.querySelector('.text-view').scrollTop = 1e9").await;
            // From anywhere, and back to the start with the keyboard.
            page.type_into(&id("go-to"), "0x100000").await;
            page.press_key(fantoccini::key::Key::Enter).await;
            page.wait_for_text(".viewer-parts", "Bytes 1,048,5").await;
            let offset: u64 = page
                .eval("document.querySelector('.line[data-line]').dataset.line")
                .await
                .as_str()
                .unwrap()
                .parse()
                .unwrap();
            let first = page.text(".line[data-line]").await;
            let all = long(600_000);
            let line = all[offset as usize..].split(|&byte| byte == b'\n').next().unwrap();
            assert_eq!(first.as_bytes(), line);
            page.click(&id("show-first")).await;
            page.wait_for_text(&id("text-view"), "line 1\n").await;
            // As hex it goes on where it was.
            page.click(&id("viewer-hex")).await;
            page.wait_for_text(&id("hex-view"), "00000000").await;
            page.screenshot("viewer-hex").await;
            page.click(&id("show-last")).await;
            page.eval("document.querySelector('.hex-view').scrollTop = 1e9").await;
            page.wait_for_text(&id("hex-view"), &format!("{:08x}", (size - 1) / 16 * 16)).await;
            close(page).await;
            page.assert_silent().await;
        });
    }
}

fn with_commas(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<String> =
        digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8(group.to_vec()).unwrap()).collect();
    groups.join(",")
}

#[test]
fn a_deleted_picture_is_shown_and_a_drawing_is_text() {
    let folder = Folder::new();
    let path = folder.archive("viewed.tar", &archive(Pack::Gzip));
    run_in_all("picture", TALL, async |page| {
        page.drop_archive(&path).await;
        open(page, "picture", "view-text").await;
        page.wait_for(&id("picture")).await;
        let size = "(() => { const image = document.querySelector('[data-testid=picture]'); return [image.naturalWidth, image.naturalHeight].join(); })()";
        page.until("the picture", async |page| page.eval(size).await == "64,32").await;
        page.wait_for_text(&id("viewer-kind"), "PNG image, 64 × 32").await;
        assert_eq!(page.attribute(&id("picture"), "alt").await, "The picture at /picture");
        page.screenshot("viewer-picture").await;
        page.click(&id("viewer-hex")).await;
        page.wait_for_text(&id("hex-view"), "89 50 4e 47").await;
        close(page).await;
        // What may run scripts is text, whatever it is called.
        open(page, "drawing.svg", "view-text").await;
        page.wait_for_text(&id("text-view"), "<svg").await;
        assert_eq!(page.count(".viewer img, .viewer svg, .viewer object, .viewer iframe").await, 0);
        close(page).await;
        page.assert_silent().await;
    });
}

#[test]
fn a_link_is_followed_to_its_end() {
    let folder = Folder::new();
    let path = folder.archive("viewed.tar", &archive(Pack::Gzip));
    run("link-target", TALL, async |page| {
        page.drop_archive(&path).await;
        open(page, "link", "view-target").await;
        page.wait_for_text(&id("viewer-led"), "2 links lead to /etc/conf").await;
        page.wait_for_text(&id("text-view"), "B").await;
        close(page).await;
        // Layer 1 alone has the file as it was.
        page.click(&id("scrubber-down")).await;
        page.click(&id("view-target")).await;
        page.wait_for_text(&id("text-view"), "b").await;
        close(page).await;
        open(page, "dangling", "view-target").await;
        page.wait_for_text(".details-notice", "there is no /etc/none").await;
        open(page, "loop", "view-target").await;
        page.wait_for_text(".details-notice", "circle").await;
        page.assert_silent().await;
    });
}

#[test]
fn two_versions_are_compared_as_text_and_as_bytes() {
    let folder = Folder::new();
    let path = folder.archive("viewed.tar", &archive(Pack::Gzip));
    for (language, scheme, sum) in [
        ("en-US", Scheme::Light, "2 lines added, 1 removed"),
        ("zh-CN", Scheme::Dark, "增加 2 行，删除 1 行"),
    ] {
        run("compare", Options { language, scheme, ..TALL }, async |page| {
            page.drop_archive(&path).await;
            open(page, "etc/conf", "compare-version").await;
            page.wait_for_text(&id("diff-sum"), sum).await;
            assert_eq!(page.texts(".diff-removed .diff-line").await, ["b"]);
            assert_eq!(page.texts(".diff-added .diff-line").await, ["B", "d"]);
            assert_eq!(page.texts(".diff-added .diff-number").await, ["", "2", "", "4"]);
            page.screenshot(&format!("compare-{language}")).await;
            page.click(&id("diff-swap")).await;
            page.until("the other way round", async |page| {
                page.texts(".diff-removed .diff-line").await == ["B", "d"]
            })
            .await;
            page.click(&id("diff-hex")).await;
            page.wait_for_text(&id("diff-rows"), "61 0a 42 0a").await;
            page.key("Escape").await;
            page.wait_until_gone(&id("diff")).await;
            open(page, "data", "compare-version").await;
            page.wait_for_text(&id("diff-rows"), "ff fe fd").await;
            page.screenshot(&format!("compare-bytes-{language}")).await;
            page.click(&id("diff-close")).await;
            page.wait_until_gone(&id("diff")).await;
            page.assert_silent().await;
        });
    }
}
