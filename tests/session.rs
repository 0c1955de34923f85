//! An archive opened as the worker and the command line open it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, io::Write};

use layerscope::{
    anomaly::Code,
    codec::Compression,
    digest::Digest,
    fixture::{self, Archive, Image, Pack, Shape, Tar},
    image::{Format, Member, MemberKind},
    layer::{self, ContentKey},
    overlay::{LayerIndex, Mark, State},
    report::LayerReport,
    session::{Opening, Session, Task},
    tree,
    worker::protocol::{
        Cause, ChangeFilter, Compare, Difference, End, Event, Expand, Failure, FailureKind, Followed, Kind,
        Node, Row, Sort, Version, ViewSpec,
    },
};
use lzma_rust2::{XzOptions, XzWriter};
use proptest::prelude::*;

#[path = "support/naive_merge.rs"]
mod naive_merge;
#[path = "support/stacks.rs"]
mod stacks;

const KEY: ContentKey = ContentKey([7; 16]);

/// Opens an archive and reads its documents, in reads that end wherever `step` says.
fn open_in_steps(bytes: &[u8], step: usize) -> Result<Session, Failure> {
    let mut opening = Opening::new(bytes.len() as u64, KEY);
    while let Some(range) = opening.wants() {
        let (start, end) = (range.start as usize, (range.end as usize).min(bytes.len()));
        opening.supply(&bytes[start.min(end)..end.min(start.saturating_add(step))])?;
    }
    opening.finish()
}

fn open(bytes: &[u8]) -> Result<Session, Failure> {
    open_in_steps(bytes, usize::MAX)
}

fn read_all(mut session: Session, bytes: &[u8]) -> Session {
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(&bytes[range.start as usize..(range.end as usize).min(bytes.len())]);
        }
        session.accept(scan.finish());
    }
    session
}

fn session(archive: &Archive) -> (Session, Vec<u8>) {
    let bytes = archive.bytes();
    (read_all(open(&bytes).unwrap(), &bytes), bytes)
}

fn one_image(layers: &[Tar]) -> Archive {
    let image =
        layers.iter().fold(Image::new().name("test:latest"), |image, layer| image.layer(layer, "RUN x"));
    Archive::new(Shape::DockerOci).image(image)
}

fn spec(upto: u32) -> ViewSpec {
    ViewSpec {
        image: 0,
        upto,
        compare: Compare::Layer,
        filter: String::new(),
        changes: ChangeFilter::default(),
        sort: Sort::Name,
        ghosts: true,
    }
}

fn rows(session: &mut Session, spec: ViewSpec) -> Vec<Row> {
    session.show(spec).unwrap();
    let view = session.expand(Expand::All).unwrap();
    session.rows(0, view.rows).unwrap().rows
}

/// The merged filesystem of an image as paths and layers.
fn listing(session: &Session, upto: u32) -> BTreeSet<(String, u32)> {
    let (stack, tree) = (session.stack(0).unwrap(), session.tree());
    tree.ids()
        .skip(1)
        .filter_map(|node| {
            let file = stack.state(node, LayerIndex(upto)).entry()?;
            Some((tree.path(node).to_string(), file.layer.0))
        })
        .collect()
}

fn content(
    session: &Session,
    bytes: &[u8],
    version: Version,
    offset: u64,
    limit: u64,
) -> Result<Vec<u8>, Failure> {
    let mut content = session.content(version, offset, limit)?;
    let mut out = Vec::new();
    loop {
        let piece = content.take();
        if !piece.is_empty() {
            out.extend(piece);
            continue;
        }
        let Some(range) = content.wants() else { return Ok(out) };
        content.supply(&bytes[range.start as usize..(range.end as usize).min(bytes.len())])?;
    }
}

fn node(session: &Session, path: &str) -> Node {
    Node(session.tree().find(path.split('/').map(Into::into)).unwrap().0)
}

#[test]
fn every_shape_and_compression_gives_the_same_image() {
    let layers = [
        Tar::new().dir("etc", 0o755).file("etc/motd", "hello").file("etc/old", vec![7; 100_000]),
        Tar::new().whiteout("etc/old").file("etc/motd", "bye"),
    ];
    let mut seen = BTreeSet::new();
    for shape in [Shape::Docker, Shape::DockerOci, Shape::OciLayout] {
        for pack in [Pack::Plain, Pack::Gzip, Pack::Zstd] {
            for outer in [Pack::Plain, Pack::Gzip, Pack::Zstd] {
                let image =
                    Image::new().name("test:latest").layer(&layers[0], "RUN a").layer(&layers[1], "RUN b");
                let bytes = outer.pack(&Archive::new(shape).pack(pack).image(image).bytes());
                let session = read_all(open(&bytes).unwrap(), &bytes);
                let report = session.report();
                let image = &report.images[0];
                assert_eq!(report.anomalies, [], "{shape:?} {pack:?} {outer:?}");
                assert!(image.layers.iter().all(|layer| layer.diff_id_verified == Some(true)));
                assert_eq!(image.history.iter().map(|row| row.layer).collect::<Vec<_>>(), [Some(0), Some(1)]);
                seen.insert((image.id.clone(), listing(&session, 0), listing(&session, 1)));
                // Content is found behind both compressions, from the start and from within.
                let old = Version { image: 0, layer: 0, entry: 2 };
                assert_eq!(content(&session, &bytes, old, 0, u64::MAX).unwrap(), vec![7; 100_000]);
                assert_eq!(content(&session, &bytes, old, 99_998, 10).unwrap(), [7, 7]);
                assert_eq!(content(&session, &bytes, Version { entry: 1, ..old }, 1, 3).unwrap(), b"ell");
            }
        }
    }
    assert_eq!(seen.len(), 1);
}

/// What no builder writes, but `docker load` takes.
#[test]
fn layers_and_archives_in_bzip2_and_xz_open() {
    type Compress = fn(&[u8]) -> Vec<u8>;
    let bzip2: Compress = |bytes| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let xz: Compress = |bytes| {
        let mut encoder = XzWriter::new(Vec::new(), XzOptions::with_preset(0)).unwrap();
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let packs: [(Compression, Compress); 3] =
        [(Compression::None, <[u8]>::to_vec), (Compression::Bzip2, bzip2), (Compression::Xz, xz)];
    let lower =
        Tar::new().dir("etc", 0o755).file("etc/motd", "hello").file("etc/old", vec![7; 100_000]).bytes();
    let upper = Tar::new().whiteout("etc/old").file("etc/motd", "bye").bytes();
    for (inner, pack) in packs {
        let image = Image::new()
            .name("test:latest")
            .blob_layer(pack(&lower), lower.clone(), "", "RUN a")
            .blob_layer(pack(&upper), upper.clone(), "", "RUN b");
        let archive = Archive::new(Shape::Docker).image(image).bytes();
        for (outer, pack) in packs {
            let bytes = pack(&archive);
            let session = read_all(open(&bytes).unwrap(), &bytes);
            let report = session.report();
            assert_eq!(report.anomalies, [], "{inner} in {outer}");
            for layer in &report.images[0].layers {
                assert_eq!((layer.compression, layer.diff_id_verified), (Some(inner), Some(true)));
            }
            let merged = listing(&session, 1);
            assert_eq!(merged, [("etc".into(), 0), ("etc/motd".into(), 1)].into(), "{inner} in {outer}");
            let old = Version { image: 0, layer: 0, entry: 2 };
            assert_eq!(content(&session, &bytes, old, 99_998, 10).unwrap(), [7, 7]);
        }
    }
}

#[test]
fn pieces_of_any_size_change_nothing() {
    let bytes = Pack::Gzip.pack(&fixture::samples::make_whiteouts().bytes());
    let whole = open(&bytes).unwrap().report();
    for step in [600, 4096] {
        assert_eq!(open_in_steps(&bytes, step).unwrap().report(), whole, "{step}");
    }
}

/// What is read while it comes, in pieces of any size, is as what is read in place, and nothing of it is read again.
#[test]
fn an_archive_is_read_while_it_comes() {
    let noise: Vec<u8> = (0..10_000_u32)
        .flat_map(|n| Digest::sha256(&n.to_le_bytes()).hex().to_owned().into_bytes())
        .collect();
    for shape in [Shape::Docker, Shape::DockerOci, Shape::OciLayout] {
        for (pack, outer) in
            [(Pack::Gzip, Pack::Plain), (Pack::Plain, Pack::Plain), (Pack::Plain, Pack::Zstd)]
        {
            let image = Image::new()
                .name("test:latest")
                .layer(&Tar::new().file("etc/old", noise.clone()), "RUN a")
                .layer(&Tar::new().whiteout("etc/old").file("etc/motd", noise.clone()), "RUN b");
            let bytes = outer.pack(&Archive::new(shape).pack(pack).image(image).bytes());
            let whole = read_all(open(&bytes).unwrap(), &bytes);
            for step in [511, 70_000, usize::MAX] {
                let mut opening = Opening::passing(KEY);
                let mut passed = BTreeSet::new();
                for piece in bytes.chunks(step.min(bytes.len())) {
                    opening.supply(piece).unwrap();
                    passed.insert(opening.passed());
                }
                // A layer is read before the end has come, which tells of images.
                assert!(
                    step > 70_000 || passed.contains(&1),
                    "{shape:?} {pack:?} {outer:?} {step}: {passed:?}"
                );
                opening.supply(&[]).unwrap();
                assert_eq!(opening.wants(), None);
                let mut session = opening.finish().unwrap();
                assert!(session.next_scan(Task::Verify).is_none(), "{shape:?} {step}");
                assert_eq!(session.report(), whole.report(), "{shape:?} {pack:?} {outer:?} {step}");
                assert_eq!(listing(&session, 1), listing(&whole, 1));
                let motd = Version { image: 0, layer: 1, entry: 1 };
                assert_eq!(content(&session, &bytes, motd, 0, 10), content(&whole, &bytes, motd, 0, 10));
            }
        }
    }
    // What is none is known by its beginning, and what is a layer by its end.
    let mut text = Opening::passing(KEY);
    let refused = text.supply(&[0x5a; 100_000]).map_err(|failure| failure.kind);
    assert_eq!(refused, Err(FailureKind::NotAnArchive));
    let empty = Opening::passing(KEY).supply(&[]).map_err(|failure| failure.kind);
    assert_eq!(empty, Err(FailureKind::Empty));
    let layer = Tar::new().file("etc/motd", "hello").bytes();
    let mut opening = Opening::passing(KEY);
    opening.supply(&layer).unwrap();
    opening.supply(&[]).unwrap();
    let session = read_all(opening.finish().unwrap(), &layer);
    assert_eq!(session.report(), read_all(open(&layer).unwrap(), &layer).report());
}

#[test]
fn what_is_no_image_is_told_at_once() {
    let kind = |bytes: &[u8]| open(bytes).err().map(|failure| failure.kind);
    assert_eq!(kind(b""), Some(FailureKind::Empty));
    assert_eq!(kind(b"%PDF-1.7\nand so on, a document of some length"), Some(FailureKind::NotAnArchive));
    assert_eq!(kind(&[0x5a; 100_000]), Some(FailureKind::NotAnArchive));
    assert_eq!(kind(&Tar::new().bytes()), Some(FailureKind::NotAnImage));
    assert_eq!(kind(&Pack::Gzip.pack(b"just a text")), Some(FailureKind::NotAnArchive));
}

#[test]
fn a_root_filesystem_or_a_layer_alone_is_shown_as_one_layer() {
    let tar = Tar::new().dir("etc", 0o755).file("etc/motd", "hello").whiteout("etc/old").bytes();
    for pack in [Pack::Plain, Pack::Gzip, Pack::Zstd] {
        let bytes = pack.pack(&tar);
        let session = read_all(open(&bytes).unwrap(), &bytes);
        let report = session.report();
        assert_eq!(report.format, Format::BareLayer);
        assert!(report.anomalies.iter().any(|a| a.code == Code::BareLayer));
        assert_eq!(report.images[0].layers[0].diff_id, Some(Digest::sha256(&tar)));
        assert_eq!(listing(&session, 0).len(), 2);
        let motd = Version { image: 0, layer: 0, entry: 1 };
        assert_eq!(content(&session, &bytes, motd, 0, 10).unwrap(), b"hello");
    }
}

#[test]
fn a_directory_opens_as_the_archive_of_it_does() {
    let archive = one_image(&[Tar::new().file("a", "1"), Tar::new().whiteout("a").file("b", "2")]);
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in archive.members().entries {
        if entry.flag == b'0' {
            files.push((String::from_utf8(entry.path.clone()).unwrap(), entry.body.clone()));
        }
    }
    let concatenated: Vec<u8> = files.iter().flat_map(|(_, body)| body.clone()).collect();
    let members =
        files.iter().map(|(path, body)| (path.as_str().into(), MemberKind::File, body.len() as u64));
    let mut opening = Opening::directory(Member::of_directory(members), KEY).unwrap();
    while let Some(range) = opening.wants() {
        opening.supply(&concatenated[range.start as usize..range.end as usize]).unwrap();
    }
    let from_directory = read_all(opening.finish().unwrap(), &concatenated);
    let (from_tar, _) = session(&archive);
    assert_eq!(from_directory.report().images, from_tar.report().images);
    assert_eq!(from_directory.report().anomalies, []);
    assert_eq!(listing(&from_directory, 1), listing(&from_tar, 1));
    let nothing = Opening::directory(Vec::new(), KEY).err().map(|failure| failure.kind);
    assert_eq!(nothing, Some(FailureKind::NotAnImage));
}

#[test]
fn files_that_nothing_leads_to_are_named() {
    for shape in [Shape::Docker, Shape::DockerOci, Shape::OciLayout] {
        let image = Image::new().name("a:b").layer(&Tar::new().file("a", "1"), "RUN a");
        let archive = Archive::new(shape).image(image);
        let (clean, _) = session(&archive);
        assert_eq!(clean.report().unused, [], "{shape:?}");
        let bytes = archive.members().file("blobs/sha256/extra", "hidden").bytes();
        let unused = open(&bytes).unwrap().report().unused;
        assert_eq!(
            unused.iter().map(|u| (u.path.as_str(), u.size)).collect::<Vec<_>>(),
            [("blobs/sha256/extra", 6)]
        );
    }
}

#[test]
fn a_truncated_archive_keeps_what_is_there() {
    let archive = one_image(&[Tar::new().file("a", "1"), Tar::new().file("b", vec![1; 50_000])]);
    let bytes = archive.bytes();
    let report = read_all(open(&bytes).unwrap(), &bytes).report();
    assert!(report.anomalies.is_empty());
    // The documents come first; the archive ends within the last layer.
    let members = archive.members().first(|path| !path.starts_with(b"blobs/") || path.len() < 10);
    let bytes = members.bytes();
    for cut in [bytes.len() - 20_000, bytes.len() - 40_000] {
        if let Ok(session) = open(&bytes[..cut]) {
            let session = read_all(session, &bytes[..cut]);
            assert!(!session.report().anomalies.is_empty(), "cut at {cut}");
        }
    }
}

#[test]
fn a_file_that_is_cut_fails_and_is_not_taken_as_it_stands() {
    let tar = Tar::new().file("a", "1").file("b", vec![1; 50_000]).bytes();
    let cut = &tar[..tar.len() - 20_000];
    let session = read_all(open(cut).unwrap(), cut);
    let [a, b] = [0, 1].map(|entry| Version { image: 0, layer: 0, entry });
    let stands = session.content(a, 0, u64::MAX).unwrap().direct().unwrap();
    assert_eq!(&cut[stands.start as usize..stands.end as usize], b"1");
    assert_eq!(session.content(b, 0, u64::MAX).unwrap().direct(), None);
    assert_eq!(content(&session, cut, b, 0, u64::MAX).unwrap_err().kind, FailureKind::Unreadable);
}

/// What is said of a document is said of its bytes, also where it does not look like one as the archive passes.
#[test]
fn a_config_that_is_no_json_has_its_own_id_in_a_compressed_archive() {
    let image = Image::new().name("a:b").layer(&Tar::new().file("a", "1"), "RUN a");
    let mut members = Archive::new(Shape::Docker).image(image).members();
    let is_config = |path: &[u8]| path.ends_with(b".json") && path.len() > 64;
    let config = members.entries.iter_mut().find(|entry| is_config(&entry.path)).unwrap();
    config.body[0] = b'x';
    let id = Digest::sha256(&config.body);
    let bytes = members.bytes();
    let direct = read_all(open(&bytes).unwrap(), &bytes).report();
    for packed in [Pack::Gzip.pack(&bytes), Pack::Zstd.pack(&bytes)] {
        let report = open(&packed).unwrap().report();
        assert_eq!(report.images[0].id.as_ref(), Some(&id));
        assert_eq!((report.images, report.anomalies), (direct.images.clone(), direct.anomalies.clone()));
    }
}

#[test]
fn digests_that_do_not_match_are_said_and_the_layer_is_shown() {
    let image = Image::new().name("a:b").layer(&Tar::new().file("a", "1"), "RUN a").edit_config(|config| {
        config["rootfs"]["diff_ids"][0] = format!("sha256:{}", "0".repeat(64)).into();
    });
    let (session, _) = session(&Archive::new(Shape::OciLayout).pack(Pack::Gzip).image(image));
    let report = session.report();
    assert_eq!(report.images[0].layers[0].diff_id_verified, Some(false));
    assert_eq!(report.images[0].layers[0].digest_verified, Some(true));
    assert!(report.anomalies.iter().any(|a| a.code == Code::DiffIdMismatch && a.layer == Some(0)));
    assert_eq!(listing(&session, 0).len(), 1);
}

#[test]
fn layers_that_images_share_are_read_once_and_told_of_both() {
    let base = Tar::new().file("base", "b");
    let image = |name: &str| {
        Image::new().name(name).layer(&base, "RUN base").layer(&Tar::new().file(name, "x"), "RUN x")
    };
    let bytes = Archive::new(Shape::Docker).image(image("one")).image(image("two")).bytes();
    let mut session = open(&bytes).unwrap();
    let mut scans = 0;
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        scans += 1;
        while let Some(range) = scan.wants() {
            scan.supply(&bytes[range.start as usize..range.end as usize]);
        }
        session.accept(scan.finish());
    }
    assert_eq!(scans, 3);
    let layers = session.take_events().into_iter().filter_map(|event| match event {
        Event::Layer { image, layer } => Some((image, layer.index)),
        _ => None,
    });
    assert_eq!(layers.collect::<Vec<_>>(), [(0, 0), (1, 0), (0, 1), (1, 1)]);
}

#[test]
fn a_look_lists_what_a_full_reading_finds_and_reads_less() {
    // The same large file again, with another mode: that nothing of its content changed can only be told by reading it.
    let large = vec![7; 3 << 20];
    let base = Tar::new()
        .dir("etc", 0o755)
        .file("etc/os-release", "PRETTY_NAME=\"Test 1\"\n")
        .file("large", &large)
        .file("small", "s")
        .file("larger", vec![8; 4 << 20])
        .file("last", "l");
    let upper = Tar::new().file("large", &large).mode(0o600).whiteout("small").file("new", vec![9; 5 << 20]);
    let bytes = one_image(&[base, upper]).bytes();
    let full = read_all(open(&bytes).unwrap(), &bytes);

    for step in [usize::MAX, 100_000] {
        let mut session = open(&bytes).unwrap();
        let mut read = 0;
        while let Some(job) = session.next_scan(Task::List) {
            let mut scan = job.start();
            while let Some(range) = scan.wants() {
                let (start, end) = (range.start as usize, range.end as usize);
                let end = end.min(start.saturating_add(step));
                read += end - start;
                scan.supply(&bytes[start..end]);
            }
            session.accept(scan.finish());
        }
        assert!(read < bytes.len() * 2 / 3, "{read} of {} bytes were read", bytes.len());
        for upto in 0..2 {
            assert_eq!(listing(&session, upto), listing(&full, upto));
        }
        assert_eq!(session.totals(0).visible, full.totals(0).visible);
        let merged = session.take_events().into_iter().rev().find_map(|event| match event {
            Event::Merged { os, .. } => os,
            _ => None,
        });
        assert_eq!(merged.unwrap().pretty_name, "Test 1");
        let report = session.report();
        let is_listed = |layer: &LayerReport| {
            layer.digest.is_none() && layer.size_verified.is_none() && layer.size.is_some()
        };
        assert!(report.images[0].layers.iter().all(is_listed));
        assert!(report.images[0].reclaimable.is_none(), "what is the same is not known yet");

        let large = session.tree().find(["large".into()]).unwrap();
        let mark = |session: &Session| {
            session.stack(0).unwrap().event_of(large, LayerIndex(1)).map(|event| event.mark)
        };
        assert_ne!(mark(&session), mark(&full), "nothing is known of its content");

        let session = read_all(session, &bytes);
        assert_eq!(
            serde_json::to_value(session.report()).unwrap(),
            serde_json::to_value(full.report()).unwrap()
        );
        assert_eq!(mark(&session), mark(&full));
    }
}

#[test]
fn a_scan_that_is_abandoned_is_given_out_anew() {
    let bytes = one_image(&[Tar::new().file("a", "1"), Tar::new().file("b", "2")]).bytes();
    let mut session = open(&bytes).unwrap();
    let members = |session: &mut Session| -> BTreeSet<_> {
        std::iter::from_fn(|| session.next_scan(Task::Verify)).map(|job| job.member()).collect()
    };
    let all = members(&mut session);
    assert_eq!(all.len(), 2);
    assert!(members(&mut session).is_empty(), "both are being read");
    session.abandon_scans();
    assert_eq!(members(&mut session), all);
}

#[test]
fn a_biography_tells_every_change_and_its_cause() {
    let (session, bytes) = session(&one_image(&[
        Tar::new().dir("d", 0o755).file("d/f", "one").file("d/g", "g"),
        Tar::new().file("d/f", "one").mode(0o600),
        Tar::new().whiteout("d"),
        Tar::new().file("d/f", "two"),
        Tar::new().dir("d", 0o700).opaque("d"),
    ]));
    let biography = session.biography(0, node(&session, "d/f")).unwrap();
    let marks: Vec<_> = biography.chapters.iter().map(|c| (c.layer, c.mark)).collect();
    use Mark::*;
    assert_eq!(marks, [(0, Added), (1, Metadata), (2, Hidden), (3, Added), (4, Hidden)]);
    assert_eq!(biography.chapters[1].differences, [Difference::Mode]);
    assert_eq!(biography.chapters[2].cause, Cause::WhiteoutAbove("d".into()));
    assert_eq!(biography.chapters[4].cause, Cause::Opaque("d".into()));
    // Every version can still be read.
    let versions = biography.chapters.iter().filter_map(|c| c.version.as_ref()?.content);
    let contents: Vec<_> = versions.map(|v| content(&session, &bytes, v, 0, 100).unwrap()).collect();
    assert_eq!(contents, [b"one", b"one", b"two"]);
    let directory = session.biography(0, node(&session, "d")).unwrap();
    let chapter = &directory.chapters[2];
    assert_eq!((chapter.layer, &chapter.cause, chapter.mark), (3, &Cause::Implied, Added));
    let gone = session.biography(0, node(&session, "d/g")).unwrap();
    assert_eq!(gone.chapters.last().map(|c| (c.layer, c.mark)), Some((2, Hidden)));
}

#[test]
fn rows_show_ghosts_changes_and_strata() {
    let (mut session, _) = session(&one_image(&[
        Tar::new().dir("d", 0o755).file("d/gone", "12345").file("d/kept", "1").file("z", "z"),
        Tar::new().whiteout("d/gone").file("d/new", "22"),
    ]));
    let rows_of = |session: &mut Session, spec| {
        let rows = rows(session, spec);
        rows.into_iter().map(|row| (row.name.to_string(), row.ghost, row.total_size)).collect::<Vec<_>>()
    };
    let all = rows_of(&mut session, spec(1));
    let name = |s: &str| s.to_owned();
    let expected = [
        (name("d"), None, 3),
        (name("gone"), Some(1), 5),
        (name("kept"), None, 1),
        (name("new"), None, 2),
        (name("z"), None, 1),
    ];
    assert_eq!(all, expected);
    assert_eq!(rows_of(&mut session, spec(0)).len(), 4);
    assert_eq!(rows_of(&mut session, ViewSpec { ghosts: false, ..spec(1) }).len(), 4);
    let only_added = ChangeFilter { added: true, modified: false, deleted: false, unmodified: false };
    let added = rows_of(&mut session, ViewSpec { changes: only_added, ..spec(1) });
    assert_eq!(added.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["d", "new"]);
    let found = rows_of(&mut session, ViewSpec { filter: "D/K".into(), ..spec(1) });
    assert_eq!(found.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["d", "kept"]);
    let by_size = rows_of(&mut session, ViewSpec { sort: Sort::Size, ..spec(1) });
    assert_eq!(
        by_size.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
        ["d", "gone", "new", "kept", "z"]
    );
    let row = rows(&mut session, spec(1)).into_iter().find(|row| row.name == "gone").unwrap();
    assert_eq!(row.strata, [(0, Mark::Added), (1, Mark::Deleted)]);
    assert_eq!((row.level, row.position, row.siblings, row.parent), (2, 1, 3, Some(0)));
}

#[test]
fn what_is_below_files_is_the_root_of_a_windows_image() {
    let base = Tar::new()
        .dir("Files", 0o700)
        .file("Files/a", "1")
        .file("Files/d/b", "2")
        .hardlink("Files/link", "Files/a")
        .file("Files/Hives/own", "a file of that name, no hive")
        .file("Hives/SYSTEM", "regf");
    let step = Tar::new()
        .whiteout("Files/a")
        .opaque("Files/d")
        .whiteout("Files/Hives")
        .file("Hives/SYSTEM", "regf 2");
    let image = |os: &str| {
        let image = Image::new().name("w:1").platform(os, "amd64");
        Archive::new(Shape::OciLayout).image(image.layer(&base, "one").layer(&step, "two"))
    };
    let paths = |session: &Session, upto| {
        listing(session, upto).into_iter().map(|(path, _)| path).collect::<Vec<_>>()
    };

    let (mut windows, _) = session(&image("windows"));
    assert_eq!(paths(&windows, 0), ["Files/Hives/own", "Hives/SYSTEM", "a", "d/b", "link"]);
    // The hives are not what the whiteout names, and the link keeps what the other name had.
    assert_eq!(paths(&windows, 1), ["Hives/SYSTEM", "link"]);
    let entries = |layer| -> Vec<String> {
        let index = windows.stack(0).unwrap().layer(LayerIndex(layer));
        index.records().map(|(_, record)| windows.entry_path(index, record).to_string()).collect()
    };
    assert_eq!(
        entries(0),
        ["Files", "Files/a", "Files/d/b", "Files/link", "Files/Hives/own", "Hives/SYSTEM"]
    );
    assert_eq!(entries(1), ["Files/.wh.a", "Files/d/.wh..wh..opq", "Files/.wh.Hives", "Hives/SYSTEM"]);

    // A link is followed by the name that it has.
    let found = |session: &mut Session, path: &str| {
        session.show(spec(1)).unwrap();
        session.locate(path.as_bytes()).unwrap().1.map(|(node, _)| node)
    };
    let link = node(&windows, "link");
    assert_eq!(found(&mut windows, "Files/link"), Some(link));
    assert_eq!(found(&mut windows, "Files/nothing"), None);

    // To Linux they are directories like others, and so are those that stand beside more.
    let (linux, _) = session(&image("linux"));
    let all = ["Files", "Files/Hives/own", "Files/a", "Files/d/b", "Files/link", "Hives/SYSTEM"];
    assert_eq!(paths(&linux, 0), all);
    let beside = Tar::new().file("Files/a", "1").file("Hives/SYSTEM", "regf").file("etc/motd", "hello");
    let image = Image::new().name("w:2").platform("windows", "amd64").layer(&beside, "one");
    let (odd, _) = session(&Archive::new(Shape::OciLayout).image(image));
    assert_eq!(paths(&odd, 0), ["Files/a", "Hives/SYSTEM", "etc/motd"]);
}

#[test]
fn entries_of_an_overlay_begin_as_their_tar_writes_them() {
    let plain = Tar::new().file("a", "1").whiteout("b");
    let dotted = Tar::new().dir(".", 0o755).file("./a", "2").whiteout("./b");
    let mixed = Tar::new().file("./a", "3").file("c", "3");
    let (session, _) = session(&one_image(&[plain, dotted, mixed]));
    let entries = |layer| -> Vec<String> {
        let overlay = session.overlay(0, layer, Node::ROOT).unwrap();
        overlay.entries.iter().map(|entry| entry.path.to_string()).collect()
    };
    assert_eq!(entries(0), ["a", ".wh.b"]);
    assert_eq!(entries(1), ["./", "./a", "./.wh.b"]);
    // Told for all entries of a layer or for none.
    assert_eq!(entries(2), ["a", "c"]);
}

#[test]
fn links_are_followed_inside_the_image() {
    let (mut session, bytes) = session(&one_image(&[Tar::new()
        .dir("usr", 0o755)
        .dir("usr/lib", 0o755)
        .file("usr/lib/os-release", "PRETTY_NAME=\"Test 1\"\nID=test\n")
        .symlink("lib", "usr/lib")
        .dir("etc", 0o755)
        .symlink("etc/os-release", "../lib/os-release")
        .symlink("loop", "loop")
        .symlink("up", "../../../usr")
        .hardlink("hard", "usr/lib/os-release")]));
    let os = session.take_events().into_iter().rev().find_map(|event| match event {
        Event::Merged { os, .. } => os,
        _ => None,
    });
    assert_eq!(os.map(|os| (os.pretty_name, os.path)), Some(("Test 1".into(), "usr/lib/os-release".into())));
    let walk = |path: &str| {
        session.walk(0, LayerIndex(0), path.into(), true).map(|n| session.tree().path(n).to_string())
    };
    assert_eq!(walk("up/lib"), Some("usr/lib".into()));
    assert_eq!(walk("/etc/os-release"), Some("usr/lib/os-release".into()));
    assert_eq!(walk("loop"), None);
    assert_eq!(walk("etc/none"), None);
    let follow = |path: &str| session.follow(0, LayerIndex(0), path.into()).unwrap();
    let Followed { hops, end: End::File { path, size, .. } } = follow("etc/os-release") else { panic!() };
    assert_eq!(
        (hops.as_slice(), path.to_string().as_str(), size),
        (&["lib/os-release".into(), "usr/lib/os-release".into()][..], "usr/lib/os-release", 29)
    );
    assert_eq!(follow("loop").end, End::Loop);
    assert_eq!(
        follow("up/none/x"),
        Followed { hops: vec!["usr/none/x".into()], end: End::Missing("usr/none/x".into()) }
    );
    assert_eq!(follow("lib").end, End::Other("usr/lib".into(), Kind::Dir));
    let hard = session.biography(0, node(&session, "hard")).unwrap();
    let version = hard.chapters[0].version.as_ref().unwrap();
    assert_eq!(version.facts.kind, Kind::Hardlink);
    assert!(content(&session, &bytes, version.content.unwrap(), 0, 11).unwrap() == b"PRETTY_NAME");
    session.show(spec(0)).unwrap();
    let (_, found) = session.locate(b"up/lib/os-release").unwrap();
    assert_eq!(found.map(|(found, _)| found), Some(node(&session, "usr/lib/os-release")));
}

/// What names a hard link's target makes no directories and covers no file, and goes through links of its layer.
#[test]
fn a_hard_link_changes_nothing_on_the_way_to_its_target() {
    let (session, _) = session(&one_image(&[
        Tar::new().dir("a", 0o755).file("a/b", "1"),
        Tar::new().file("a", "22").hardlink("x", "a/b"),
        Tar::new().whiteout("a").hardlink("y", "a/b"),
        Tar::new().dir("d", 0o755).file("d/f", "333").symlink("l", "d").hardlink("h", "l/f"),
    ]));
    let stack = session.stack(0).unwrap();
    let state = |path: &str, layer| stack.state(tree::NodeId(node(&session, path).0), LayerIndex(layer));
    let file = state("a", 1).entry().unwrap();
    assert_eq!((stack.record(file).kind, stack.visible(LayerIndex(1))), (layer::Kind::File, 2));
    assert_eq!(state("a", 2), State::Absent, "the directory is gone, and is not made again");
    assert!(stack.target(state("x", 1).entry().unwrap()).is_none());
    assert_eq!(stack.target(state("h", 3).entry().unwrap()), state("d/f", 3).entry());
}

#[test]
fn what_is_odd_about_a_merge_is_told_once_and_names_the_path() {
    let tar = Tar::new;
    let file = |path: &str| Tar::new().file(path, "1");
    let cases = [
        (vec![file("a"), tar().whiteout("x")], r#"a whiteout of "x", which is not there"#),
        (vec![file("a").file("a", "2")], r#""a" stands in this layer more than once"#),
        (
            vec![file("a"), tar().whiteout("a").file("a", "2")],
            r#""a" is both deleted and made by this layer"#,
        ),
        (
            vec![file("caf\u{e9}").file("cafe\u{301}", "2")],
            r#""cafe\u{301}" and "café" differ only by Unicode normalisation"#,
        ),
        (
            vec![tar().symlink("x", "y").symlink("y", "x").file("x/f", "1")],
            r#""x/f" lies behind a loop of links"#,
        ),
        (
            vec![tar().dir("d", 0o755).symlink("l", "d").file("l/f", "1")],
            r#""l/f" goes through a symbolic link"#,
        ),
        (
            vec![tar().dir("d", 0o755).symlink("l", "d"), file("l/f")],
            r#"a directory covers the symbolic link "l""#,
        ),
        (vec![file("a"), tar().hardlink("b", "a")], r#"hard link to "a", which a layer below holds"#),
        (vec![tar().hardlink("b", "a")], r#"hard link to "a", which is not there"#),
    ];
    for (layers, message) in cases {
        let (session, _) = session(&one_image(&layers));
        let report = session.report();
        let told: Vec<&str> = report.anomalies.iter().map(|anomaly| anomaly.message.as_str()).collect();
        let names_it = told.iter().filter(|told| **told == message).count();
        assert_eq!(names_it, 1, "{message} in {told:?}");
    }
}

#[test]
fn an_overlay_has_lower_upper_and_merged() {
    let (session, _) = session(&one_image(&[
        Tar::new().dir("d", 0o755).file("d/a", "1").file("d/b", "1").file("d/c", "1"),
        Tar::new().opaque("d").file("d/b", "22").whiteout("d/x"),
    ]));
    let overlay = session.overlay(0, 1, node(&session, "d")).unwrap();
    assert!(overlay.opaque);
    let entries: Vec<_> = overlay.entries.iter().map(|e| (e.path.to_string(), e.facts.kind)).collect();
    assert_eq!(
        entries,
        [
            ("d/.wh..wh..opq".into(), Kind::Opaque),
            ("d/b".into(), Kind::File),
            ("d/.wh.x".into(), Kind::Whiteout)
        ]
    );
    let names: Vec<_> = overlay
        .names
        .iter()
        .map(|n| {
            (
                n.name.to_string(),
                n.lower.is_some(),
                n.upper.as_ref().map(|f| f.kind),
                n.merged.is_some(),
                n.mark,
            )
        })
        .collect();
    use Kind::*;
    assert_eq!(
        names,
        [
            ("a".into(), true, None, false, Some(Mark::Hidden)),
            ("b".into(), true, Some(File), true, Some(Mark::Modified)),
            ("c".into(), true, None, false, Some(Mark::Hidden)),
            ("x".into(), false, Some(Whiteout), false, None),
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever the layers do, they are merged as by hand; and rows, strata and states tell the same story.
    #[test]
    fn numbers_and_rows_agree(layers in stacks::stacks()) {
        let archive = layers.iter().fold(Image::new().name("r:1"), |image, tar| image.layer(tar, "RUN x"));
        let (mut session, _) = session(&Archive::new(Shape::OciLayout).image(archive));
        naive_merge::check(&session, &layers);
        let top = layers.len() as u32 - 1;
        prop_assert_eq!(listing(&session, top).len() as u64, session.totals(0).paths);
        for upto in 0..=top {
            let all = rows(&mut session, spec(upto));
            let stack = session.stack(0).unwrap();
            for row in &all {
                let id = tree::NodeId(row.node.0);
                let state = stack.state(id, LayerIndex(upto));
                prop_assert_eq!(row.ghost.is_some(), state == State::Absent);
                prop_assert!(row.strata.windows(2).all(|pair| pair[0].0 < pair[1].0));
                let last = row.strata.iter().rfind(|(layer, _)| *layer <= upto).unwrap().1;
                prop_assert_eq!(row.ghost.is_some(), last.removes());
            }
            let living: Vec<_> = all.iter().filter(|row| row.ghost.is_none()).collect();
            let tree = session.tree();
            let is_living = |&id: &tree::NodeId| stack.state(id, LayerIndex(upto)) != State::Absent;
            prop_assert_eq!(living.len(), tree.ids().skip(1).filter(is_living).count());
        }
    }

    /// A window of rows is a part of all rows, wherever it begins; every row is found by its path; and a filter shows what
    /// contains its text, with the directories on the way.
    #[test]
    fn windows_are_parts_of_all_rows(
        layers in stacks::stacks(), by_size: bool, closed in any::<prop::sample::Index>(), filter in "[a-d/]{1,3}",
    ) {
        let archive = layers.iter().fold(Image::new().name("r:1"), |image, tar| image.layer(tar, "RUN x"));
        let (mut session, _) = session(&Archive::new(Shape::OciLayout).image(archive));
        let sort = if by_size { Sort::Size } else { Sort::Name };
        let spec = ViewSpec { sort, ..spec(layers.len() as u32 - 1) };
        let all = rows(&mut session, spec.clone());
        prop_assume!(!all.is_empty());
        let paths: Vec<_> = all.iter().map(|row| session.tree().path(tree::NodeId(row.node.0))).collect();

        let view = session.expand(Expand::Close(closed.get(&all).node)).unwrap();
        let some = session.rows(0, u32::MAX).unwrap().rows;
        prop_assert_eq!(some.len() as u32, view.rows);
        for start in 0..=view.rows {
            let window = session.rows(start, 2).unwrap();
            prop_assert_eq!(window.start, start);
            let end = some.len().min(start as usize + 2);
            prop_assert_eq!(&window.rows[..], &some[start as usize..end]);
        }
        for (i, row) in some.iter().enumerate() {
            let siblings = || some.iter().filter(|other| other.parent == row.parent);
            prop_assert_eq!(siblings().count() as u32, row.siblings);
            let before = siblings().take_while(|other| other.node != row.node).last();
            prop_assert_eq!(row.position, before.map_or(1, |before| before.position + 1));
            if let Some(before) = before {
                let key = |row: &Row| (by_size.then_some(std::cmp::Reverse(row.total_size)), row.name.clone());
                prop_assert!(key(before) < key(row));
            }
            prop_assert_eq!(row.level, row.parent.map_or(1, |parent| some[parent as usize].level + 1));
            prop_assert!(row.parent.is_none_or(|parent| (parent as usize) < i));
        }
        for path in &paths {
            let (_, found) = session.locate(path).unwrap();
            let (node, row) = found.unwrap();
            prop_assert_eq!(session.rows(row, 1).unwrap().rows[0].node, node);
        }

        session.show(ViewSpec { filter: filter.clone(), ..spec }).unwrap();
        let shown = session.rows(0, u32::MAX).unwrap().rows;
        let shown: BTreeSet<_> = shown.iter().map(|row| session.tree().path(tree::NodeId(row.node.0))).collect();
        let matches = |path: &bstr::BString| format!("/{path}").to_lowercase().contains(&filter);
        let is_on_the_way = |path: &bstr::BString| {
            paths.iter().any(|other| matches(other) && format!("{other}/").starts_with(&format!("{path}/")))
        };
        let wanted: BTreeSet<_> = paths.iter().filter(|path| is_on_the_way(path)).cloned().collect();
        prop_assert_eq!(shown, wanted);
    }
}

/// An index that nobody would miss in memory: what is kept of an image grows with its entries, and not by much.
#[test]
fn an_entry_takes_a_hundred_bytes_of_memory() {
    let mut archive = std::io::Cursor::new(Vec::new());
    fixture::big::Plan::large(17_000_000, 17_000).write(&mut archive).unwrap();
    let archive = archive.into_inner();
    let session = read_all(open(&archive).unwrap(), &archive);
    let (entries, bytes) = session.heap_size();
    assert!(entries > 17_000);
    assert!(bytes as u64 <= 100 * entries, "{bytes} bytes for {entries} entries");
}

/// The same of a small image with many links: as many entries, directories and symbolic links as Debian's `minbase` has, with
/// names and targets as long.
#[test]
fn an_entry_of_a_small_image_takes_no_more() {
    let (entries, dirs, links) = (6768, 785, 648);
    let mut tar = Tar::new();
    for n in 0..dirs {
        tar = tar.dir(format!("directory{n:03}/"), 0o755);
    }
    for n in 0..entries - dirs {
        let path = format!("directory{:03}/file-{n:05}", n % dirs);
        tar = if n < links { tar.symlink(path, "../lib/target1") } else { tar.file(path, n.to_string()) };
    }
    let bytes = Archive::new(Shape::Docker).image(Image::new().name("a:1").layer(&tar, "COPY . /")).bytes();
    let session = read_all(open(&bytes).unwrap(), &bytes);
    let (found, bytes) = session.heap_size();
    assert_eq!(found, entries as u64);
    assert!(bytes as u64 <= 97 * found, "{bytes} bytes for {found} entries");
}

#[test]
fn room_is_kept_for_what_is_hashed_alone() {
    let tar = Tar::new().file("a", vec![0x5a; 5 << 20]).bytes();
    let len = tar.len() as u64;
    let layer = "application/vnd.oci.image.layer.v1.tar";
    // Stated to be compressed, whatever it is: more is not known before it is read.
    for (media_type, listing, verifying) in [(layer, 0, len), (&format!("{layer}+gzip"), 4 * len, len)] {
        let image = Image::new().blob_layer(tar.clone(), tar.clone(), media_type, "COPY a /");
        let bytes = Archive::new(Shape::OciLayout).image(image).bytes();
        let mut session = open(&bytes).unwrap();
        for (task, most) in [(Task::List, listing), (Task::Verify, verifying)] {
            let job = session.scan(0, 0, task).unwrap();
            assert_eq!(job.held(u64::MAX), most, "{media_type} {task:?}");
            assert_eq!(job.held(len), most.min(len));
            assert_eq!(job.held(len - 1), 0);
            let mut scan = job.start();
            while let Some(range) = scan.wants() {
                scan.supply(&bytes[range.start as usize..range.end as usize]);
            }
            session.accept(scan.finish());
        }
    }
}
