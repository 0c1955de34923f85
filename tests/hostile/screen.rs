//! Rows 45 to 50: names and texts that act on a screen, and files that are no archive, or change under the reader.

use layerscope::{
    anomaly::Code::*,
    fixture::{Archive, Image, Shape, Tar},
    session::Opening,
    worker::protocol::{FailureKind, Version},
};
use serde_json::json;

use super::{
    case::{Case, KEY, check_cli, check_core, image_of, layers, open, run},
    tar_block::{self, Block},
};

const SCRIPT: &str = "<script>document.title='owned'</script>";
const LINK: &str = "javascript:alert(1)//";

fn rows() -> Vec<Case> {
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

#[test]
fn bad_texts_in_the_core() {
    check_core(rows());
}

#[test]
fn bad_texts_on_the_command_line() {
    check_cli(rows());
}

/// Row 49: the file shrinks after it was opened, or while it is.
#[test]
fn a_file_that_shrinks_is_named_and_what_was_read_stays() {
    let archive = image_of(&[Tar::new().file("a", "1").file("b", vec![7; 300_000]).bytes()]);
    let opened = open(&archive, Default::default()).unwrap();
    let b = Version { image: 0, layer: 0, entry: 1 };
    let mut content = opened.session.content(b, 0, u64::MAX).unwrap();
    let failure = loop {
        let taken = content.take();
        if taken.is_empty() {
            let range = content.wants().unwrap();
            // Half of what was there is left.
            let clip = |offset: u64| (offset as usize).min(archive.len() / 2);
            if let Err(failure) = content.supply(&archive[clip(range.start)..clip(range.end)]) {
                break failure;
            }
        }
    };
    assert_eq!(failure.kind, FailureKind::Unreadable);
    assert_eq!(opened.content("a").unwrap(), b"1");

    // It is shorter than it was said to be from the start.
    let mut opening = Opening::new(2 * archive.len() as u64 + (64 << 20), KEY);
    while let Some(range) = opening.wants() {
        let clip = |offset: u64| (offset as usize).min(archive.len() - 2048);
        opening.supply(&archive[clip(range.start)..clip(range.end)]).unwrap();
    }
    let report = opening.finish().unwrap().report();
    assert_eq!(report.images.len(), 1);
    assert!(report.anomalies.iter().any(|a| matches!(a.code, TarTruncated | TarNoEnd)));
}

/// Row 49: the file is not there, or not one that can be read.
#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let gone = directory.path().join("gone.tar");
    for path in [gone.to_str().unwrap(), "/proc/self/mem"] {
        for command in ["inspect", "verify", "ls"] {
            let ran = run(&[command, path]);
            ran.failed();
            assert!(ran.stderr.contains(path), "{}", ran.stderr);
        }
    }
}

/// Row 50: a directory without an image.
#[test]
fn a_directory_without_an_image_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("notes.txt"), "text").unwrap();
    run(&["inspect", directory.path().to_str().unwrap()]).failed();
}

/// Row 50: however large a file is, its first bytes tell that it is none.
#[test]
fn thirty_gigabytes_are_told_by_their_first_bytes() {
    let len = 30 << 30;
    for head in [&b"%PDF-1.7"[..], b"", b"\0\0\0\0"] {
        let mut opening = Opening::new(len, KEY);
        let range = opening.wants().unwrap();
        assert!(range.end <= 64 << 10, "{range:?}");
        let mut bytes = vec![0; range.end as usize];
        bytes[..head.len()].copy_from_slice(head);
        let mut reads = 1;
        let kind = loop {
            if let Err(failure) = opening.supply(&bytes) {
                break failure.kind;
            }
            let range = opening.wants().expect("it does not open");
            bytes = vec![0; (range.end - range.start) as usize];
            reads += 1;
        };
        let expected =
            if head.starts_with(b"%") { FailureKind::NotAnArchive } else { FailureKind::NotAnImage };
        assert_eq!(kind, expected, "{head:?}");
        assert!(reads <= 2, "{reads} reads");
    }

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large");
    // A file of one hole, which takes no room.
    std::fs::File::create(&path).unwrap().set_len(len).unwrap();
    run(&["inspect", path.to_str().unwrap()]).failed();
}
