//! What is saved from the page as a tar: directories, layers, the whole; deleted content included.

use std::{collections::BTreeMap, io::Read, path::Path};

use layerscope::{
    digest::Digest,
    fixture::{Archive, Image, Pack, Shape, Tar},
};

use crate::{
    app::{Folder, id},
    support::{Options, Page, run},
};

const TALL: Options = Options { size: (1400, 2400), ..Options::DEFAULT };

fn layers() -> [Tar; 2] {
    let big: Vec<u8> = (0..3_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let below = Tar::new()
        .dir("app", 0o750)
        .file("app/big", big)
        .file("app/secret", "token\n")
        .hardlink("app/link", "app/secret")
        .dir("etc", 0o755)
        .file("etc/motd", "hello\n");
    [below, Tar::new().whiteout("app/secret").file("app/new", "new\n")]
}

/// The files of a tar and their contents.
fn files(tar: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut body = Vec::new();
        entry.read_to_end(&mut body).unwrap();
        (path, body)
    });
    entries.collect()
}

/// Waits until a tar has been saved whole: it ends with two zero blocks.
async fn saved(page: &Page, path: &Path) -> Vec<u8> {
    page.until(&format!("the download of {}", path.display()), async |_| {
        std::fs::read(path).is_ok_and(|bytes| bytes.len() >= 1024 && bytes.ends_with(&[0; 1024]))
    })
    .await;
    let bytes = std::fs::read(path).unwrap();
    std::fs::remove_file(path).unwrap();
    bytes
}

#[test]
fn directories_layers_and_the_whole_are_saved_as_tars() {
    let folder = Folder::new();
    for pack in [Pack::Plain, Pack::Gzip] {
        let [below, above] = layers();
        let image = Image::new().name("saved:1").layer(&below, "COPY . /").layer(&above, "RUN rm app/secret");
        let path = folder.archive("saved.tar", &Archive::new(Shape::OciLayout).pack(pack).image(image));
        run("save-tar", TALL, async |page| {
            page.drop_archive(&path).await;
            let file = |name: &str| page.downloads().join(name);
            // Enter works as well as a click.
            page.wait_for(&id("save-layer")).await;
            page.eval("document.querySelector('[data-testid=save-layer]').focus()").await;
            page.press_key(fantoccini::key::Key::Enter).await;
            assert_eq!(saved(page, &file("layer-2.tar")).await, above.bytes());

            page.click(&id("save-merged")).await;
            let whole = files(&saved(page, &file("rootfs.tar")).await);
            let names: Vec<&str> = whole.keys().map(String::as_str).collect();
            assert_eq!(names, ["app/", "app/big", "app/link", "app/new", "etc/", "etc/motd"]);
            // What it was a hard link to is deleted, so it has the content.
            assert_eq!(whole["app/link"], b"token\n");
            assert_eq!(whole["app/big"].len(), 3_000_000);

            page.select("app").await;
            page.click(&id("save-directory")).await;
            let app = files(&saved(page, &file("app.tar")).await);
            assert_eq!(app.len(), 4);
            assert!(app["app/big"] == whole["app/big"]);

            // A layer lower, what was deleted is there.
            page.click(&id("scrubber-down")).await;
            page.wait_for_text(&id("save-layer"), "layer 1").await;
            page.click(&id("save-layer")).await;
            let bottom = saved(page, &file("layer-1.tar")).await;
            assert_eq!(Digest::sha256(&bottom), Digest::sha256(&below.bytes()));
            page.assert_silent().await;
        });
    }
}
