//! Rows 49 and 50: files that change under the reader, or are no archive.

use layerscope::{
    anomaly::Code::*,
    fixture::Tar,
    session::Opening,
    worker::protocol::{FailureKind, Version},
};

use super::{
    check::run,
    inputs::case::{KEY, image_of, open},
};

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
