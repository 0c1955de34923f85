//! What is known of an archive is kept, and taken on when it is opened again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, ops::Range};

use layerscope::{
    anomaly::Code,
    digest::Digest,
    fixture::{Archive, Image, Pack, Shape, Tar},
    layer::ContentKey,
    limits::Limits,
    overlay::LayerIndex,
    session::{Note, Opening, Remembered, Selection, Session, Task, Unusable},
    tree::NodeId,
    worker::protocol::{Event, Node},
};

fn slice(bytes: &[u8], range: Range<u64>) -> &[u8] {
    let end = (range.end as usize).min(bytes.len());
    &bytes[(range.start as usize).min(end)..end]
}

fn open(bytes: &[u8], key: u8) -> Session {
    open_within(bytes, key, Limits::default())
}

fn open_within(bytes: &[u8], key: u8, limits: Limits) -> Session {
    let mut opening = Opening::new(bytes.len() as u64, ContentKey([key; 16])).with_limits(limits);
    while let Some(range) = opening.wants() {
        opening.supply(slice(bytes, range)).unwrap();
    }
    opening.finish().unwrap()
}

/// Reads all layers; whether each agrees with what was known.
fn read(session: &mut Session, bytes: &[u8]) -> Vec<bool> {
    let mut agree = Vec::new();
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(slice(bytes, range));
        }
        agree.push(session.accept(scan.finish()));
    }
    agree
}

fn layers() -> [Tar; 2] {
    let below = Tar::new()
        .dir("etc", 0o755)
        .file("etc/motd", "hello\n")
        .file("etc/os-release", "ID=test\n")
        .file("app", vec![7; 100_000]);
    [below, Tar::new().file("etc/motd", "hello\n").whiteout("app").symlink("etc/link", "motd")]
}

fn archive(pack: Pack, layers: &[Tar]) -> Vec<u8> {
    let image = layers.iter().fold(Image::new().name("kept:1"), |image, layer| image.layer(layer, "RUN x"));
    Archive::new(Shape::DockerOci).pack(pack).image(image).bytes()
}

fn note() -> Note {
    Note { name: "kept.tar".into(), len: 12, saved: 1_790_000_000 }
}

/// Everything that is known of each path.
fn known(session: &Session) -> BTreeMap<String, String> {
    let tree = session.tree();
    let life = |node: u32| format!("{:?}", session.biography(0, Node(node)).unwrap().chapters);
    tree.ids().map(|node| (tree.path(node).to_string(), life(node.0))).collect()
}

#[test]
fn an_archive_that_is_opened_again_is_known_without_reading_a_layer() {
    for pack in [Pack::Plain, Pack::Gzip, Pack::Zstd] {
        let bytes = archive(pack, &layers());
        let mut first = open(&bytes, 1);
        assert!(first.remember().is_none(), "nothing is read");
        read(&mut first, &bytes);
        let kept = first.remember().unwrap().to_bytes(&note());

        let mut second = open(&bytes, 2);
        let remembered = Remembered::from_bytes(&kept).unwrap();
        assert_eq!(Some(remembered.identity()), second.identity().as_ref());
        assert!(remembered.identity().key().starts_with(second.images()[0].id.as_ref().unwrap().hex()));
        assert!(second.recall(remembered));
        assert_eq!(known(&second), known(&first), "{pack:?}");
        let events = second.take_events();
        let merged = events
            .iter()
            .any(|event| matches!(event, Event::Merged { layers: 2, os: Some(os), .. } if os.id == "test"));
        assert!(merged, "{events:?}");
        let report = second.report();
        assert!(
            report.images[0].layers.iter().all(|layer| layer.digest.is_none() && layer.entries.is_some())
        );
        assert!(second.remember().is_none(), "not before it is verified again");

        // Every layer is read again, and then all is as it was.
        assert_eq!(read(&mut second, &bytes), [true, true]);
        assert_eq!(known(&second), known(&first));
        let (before, after) = (first.report(), second.report());
        assert_eq!(format!("{:?}", after.images[0].layers), format!("{:?}", before.images[0].layers));
        assert_eq!(after.anomalies.len(), before.anomalies.len());
        assert_eq!(second.remember().unwrap().to_bytes(&note()), kept);
    }
}

#[test]
fn what_a_limit_cut_short_is_read_again() {
    let bytes = archive(Pack::Plain, &layers());
    let limits = Limits { layer_entries: 3, ..Limits::default() };
    let mut first = open_within(&bytes, 1, limits);
    read(&mut first, &bytes);
    let cut = known(&first);

    // Without the limits.
    let mut second = open(&bytes, 1);
    assert!(second.recall(first.remember().unwrap()));
    read(&mut second, &bytes);
    let mut fresh = open(&bytes, 1);
    read(&mut fresh, &bytes);
    assert_ne!(cut, known(&fresh));
    assert_eq!(known(&second), known(&fresh));
}

#[test]
fn no_content_is_kept() {
    let secret: Vec<u8> = (0..200_000u32).flat_map(|n| format!("token {n} ").into_bytes()).collect();
    let layer = Tar::new().file("a", secret.clone()).file("b", secret).file("c", "token 7");
    for pack in [Pack::Plain, Pack::Gzip, Pack::Zstd] {
        let bytes = archive(pack, std::slice::from_ref(&layer));
        let mut session = open(&bytes, 1);
        read(&mut session, &bytes);
        let kept = session.remember().unwrap().to_bytes(&note());
        assert!(!kept.windows(6).any(|window| window == b"token "), "{pack:?}");
        assert!(kept.len() < 4_000, "{}", kept.len());
    }
}

#[test]
fn an_archive_that_states_something_else_is_not_taken_for_it() {
    let bytes = archive(Pack::Gzip, &layers());
    let mut first = open(&bytes, 1);
    read(&mut first, &bytes);
    let kept = first.remember().unwrap().to_bytes(&note());
    let [below, above] = layers();
    for (what, other) in [
        ("other content", archive(Pack::Gzip, &[below.clone(), above.clone().file("new", "new")])),
        ("another packing", archive(Pack::Plain, &[below.clone(), above.clone()])),
        ("another order", archive(Pack::Gzip, &[above, below])),
    ] {
        let mut session = open(&other, 1);
        assert_ne!(session.identity().unwrap().key(), first.identity().unwrap().key(), "{what}");
        assert!(!session.recall(Remembered::from_bytes(&kept).unwrap()), "{what}");
        read(&mut session, &other);
        assert_eq!(session.stack(0).unwrap().len(), 2, "{what}");
    }
    // What has been read is not known from before.
    assert!(!first.recall(Remembered::from_bytes(&kept).unwrap()));
}

/// The documents are the same, the bytes of a layer are not: that is noticed when it is read again.
#[test]
fn a_layer_that_has_changed_in_its_place_is_found_out() {
    let bytes = archive(Pack::Plain, &layers());
    let mut first = open(&bytes, 1);
    read(&mut first, &bytes);
    let kept = first.remember().unwrap().to_bytes(&note());

    let mut changed = bytes.clone();
    let name = b"etc/link";
    let at = changed.windows(name.len()).position(|window| window == name).unwrap();
    let header = at..at + 512;
    changed[at..at + name.len()].copy_from_slice(b"etc/lynk");
    // 'y' is 16 more than 'i'; the checksum is octal.
    let sum: u64 = changed[header.clone()]
        .iter()
        .enumerate()
        .map(|(place, &byte)| if (148..156).contains(&place) { 32 } else { u64::from(byte) })
        .sum();
    changed[at + 148..at + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());

    let mut second = open(&changed, 1);
    assert!(second.recall(Remembered::from_bytes(&kept).unwrap()));
    let all = Selection::Merged { image: 0, upto: LayerIndex(1), root: NodeId::ROOT };
    let mut begun = second.export(all).unwrap();
    let agree = read(&mut second, &changed);
    assert_eq!(agree.iter().filter(|agrees| !**agrees).count(), 1);
    assert!(second.step(&mut begun).is_err(), "a tar that was begun of what was not so");
    assert!(second.step(&mut second.export(all).unwrap()).is_ok());
    let mut afresh = open(&changed, 1);
    read(&mut afresh, &changed);
    let visible = |session: &Session| -> Vec<String> {
        let (tree, stack) = (session.tree(), session.stack(0).unwrap());
        let mut paths: Vec<String> = tree
            .ids()
            .filter(|&node| stack.state(node, LayerIndex(1)).entry().is_some())
            .map(|node| tree.path(node).to_string())
            .collect();
        paths.sort();
        paths
    };
    assert_eq!(visible(&second), visible(&afresh));
    assert!(visible(&second).contains(&"etc/lynk".to_owned()));
    let codes: Vec<Code> = second.report().anomalies.iter().map(|anomaly| anomaly.code).collect();
    assert!(codes.contains(&Code::DiffIdMismatch), "{codes:?}");
}

#[test]
fn damage_and_other_versions_are_told() {
    let bytes = archive(Pack::Gzip, &layers());
    let mut session = open(&bytes, 1);
    read(&mut session, &bytes);
    let kept = session.remember().unwrap().to_bytes(&note());
    assert_eq!(Note::from_head(&kept[..100]), Ok(note()));
    for cut in 0..kept.len() {
        assert_eq!(Remembered::from_bytes(&kept[..cut]).unwrap_err(), Unusable::Damaged, "{cut}");
    }
    for place in 0..kept.len() {
        let mut flipped = kept.clone();
        flipped[place] ^= 0x10;
        let wanted = if place == 7 { Unusable::Version } else { Unusable::Damaged };
        assert_eq!(Remembered::from_bytes(&flipped).unwrap_err(), wanted, "{place}");
    }
}

/// Whoever changes what is serialised changes the version in `src/session/remember.rs` as well, and this.
#[test]
fn the_format_is_that_of_its_version() {
    let bytes = archive(Pack::Gzip, &layers());
    let mut session = open(&bytes, 1);
    read(&mut session, &bytes);
    let kept = session.remember().unwrap().to_bytes(&note());
    assert_eq!(
        (kept[7], Digest::sha256(&kept).hex()),
        (3, "ecf3b47e4dd99756f34ce3bdc5a83438a7e126207f0b3c81cc3e578fdd9eaa56")
    );
}

#[test]
fn what_cannot_be_told_from_others_is_not_kept() {
    let whole = Pack::Gzip.pack(&archive(Pack::Plain, &layers()));
    let mut compressed = open(&whole, 1);
    read(&mut compressed, &whole);
    assert!(compressed.identity().is_none());
    let bare = layers()[0].bytes();
    let mut bare_layer = open(&bare, 1);
    read(&mut bare_layer, &bare);
    assert!(bare_layer.remember().is_none());
}
