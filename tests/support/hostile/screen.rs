//! Rows 45 to 50: names and texts that act on a screen, and files that are no archive, or change under the reader.

use layerscope::{
    anomaly::Code::*,
    fixture::{Archive, Image, Shape, Tar},
    worker::protocol::FailureKind,
};
use serde_json::json;

use super::{
    case::{Case, image_of, layers},
    tar_block::{self, Block},
};

const SCRIPT: &str = "<script>document.title='owned'</script>";
const LINK: &str = "javascript:alert(1)//";

pub fn rows() -> Vec<Case> {
    let hundred = "n".repeat(100);
    let long = format!("{}{hundred}", "é".repeat(2000));
    vec![
        Case::opens(45, "names that act on a screen", &[NameUnusual], || {
            layers(&[Tar::new()
                .file("red\x1b[31m", "1")
                .file("line\nbreak", "2")
                .file("cod\u{202e}fdp.exe", "3")
                .file("zero\u{200b}width", "4")
                .file("mark\u{feff}", "5")
                .file("title\x1b]0;owned\x07", "6")
                .file("tab\tbed", "7")])
        })
        .lists(&[
            "cod\u{202e}fdp.exe",
            "line\nbreak",
            "mark\u{feff}",
            "red\x1b[31m",
            "tab\tbed",
            "title\x1b]0;owned\x07",
            "zero\u{200b}width",
        ])
        .reads("red\x1b[31m", "1")
        .also(|opened| assert_eq!(opened.report.anomalies.len(), 7)),
        Case::opens(45, "names that are not UTF-8 stay apart", &[NameUnusual], || {
            layers(&[Tar::new().file(b"bad-\xff", "1").file(b"bad-\xfe", "2").file("bad-\u{fffd}", "3")])
        })
        .lists(&["bad-\u{fffd}", "bad-\u{fffd}", "bad-\u{fffd}"])
        .reads("bad-\u{fffd}", "3"),
        Case::opens(45, "a NUL in a PAX path", &[TarPaxMalformed], || {
            let header = tar_block::pax(b'x', &[("path", b"a\0b")]);
            image_of(&[[Tar::new().file("before", "1").bytes_without_end(), header, Block::new("a").bytes()]
                .concat()])
        })
        .lists(&["before"]),
        Case::opens(45, "two names that look the same", &[NameTwin], || {
            layers(&[
                Tar::new().file("caf\u{e9}", "composed").file("plain", ""),
                Tar::new().file("cafe\u{301}", "decomposed"),
            ])
        })
        .lists(&["cafe\u{301}", "caf\u{e9}", "plain"])
        .reads("caf\u{e9}", "composed")
        .reads("cafe\u{301}", "decomposed")
        .also(|opened| assert_eq!(opened.anomaly(NameTwin).layer, Some(1))),
        Case::opens(45, "the same two the other way round", &[NameTwin], || {
            layers(&[Tar::new().file("cafe\u{301}", "1").file("caf\u{e9}", "2")])
        })
        .lists(&["cafe\u{301}", "caf\u{e9}"]),
        Case::opens(45, "a name that takes the place of its twin", &[], || {
            layers(&[
                Tar::new().file("caf\u{e9}", "1"),
                Tar::new().whiteout("caf\u{e9}").file("cafe\u{301}", "2").file("d/caf\u{e9}", "3"),
            ])
        })
        .lists(&["cafe\u{301}", "d/caf\u{e9}"]),
        Case::opens(45, "a name of 4 kB", &[], || {
            let name = format!("{}{}", "é".repeat(2000), "n".repeat(100));
            layers(&[Tar::new().file(name, "1")])
        })
        .lists(&[&long]),
        Case::opens(46, "script in every text of an image", &[], || {
            let layer = Tar::new().file(SCRIPT, SCRIPT);
            let image = Image::new()
                .name("hostile:latest")
                .label(SCRIPT, SCRIPT)
                .label("org.opencontainers.image.url", LINK)
                .env("X", SCRIPT)
                .cmd(&[SCRIPT])
                .layer(&layer, SCRIPT)
                .edit_manifest(|manifest| manifest["annotations"] = json!({ "url": LINK, SCRIPT: SCRIPT }));
            Archive::new(Shape::OciLayout).image(image).bytes()
        })
        .lists(&["<script>document.title='owned'<", "<script>document.title='owned'</script>"][1..])
        .also(|opened| {
            // Every text is handed on as it stands: what shows it has to show text.
            let image = &opened.report.images[0];
            let config = image.config.as_ref().unwrap();
            assert_eq!(config["config"]["Labels"][SCRIPT], SCRIPT);
            assert_eq!(config["config"]["Labels"]["org.opencontainers.image.url"], LINK);
            assert_eq!(config["config"]["Env"][0], format!("X={SCRIPT}"));
            assert_eq!(image.annotations["url"], LINK);
            assert_eq!(image.history[0].created_by.as_deref(), Some(SCRIPT));
        }),
        Case::opens(47, "HTML and SVG with script for content", &[], || {
            layers(&[Tar::new().file("a.html", SCRIPT).file("a.svg", format!("<svg>{SCRIPT}</svg>"))])
        })
        .lists(&["a.html", "a.svg"])
        .reads("a.html", SCRIPT),
        Case::fails(50, "no bytes", FailureKind::Empty, Vec::new),
        Case::fails(50, "a PDF", FailureKind::NotAnArchive, || [&b"%PDF-1.7\n"[..], &[b' '; 4096]].concat()),
        Case::fails(50, "random bytes", FailureKind::NotAnArchive, || {
            (0..10_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
        }),
        Case::fails(50, "zeros", FailureKind::NotAnImage, || vec![0; 100_000]),
    ]
}
