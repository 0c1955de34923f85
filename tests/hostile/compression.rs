//! Limits on what is compressed, and going on without them.

use flate2::Crc;
use layerscope::{
    anomaly::Code::*,
    codec::Compression,
    fixture::{Pack, Tar},
    limits::{Limit, Limits},
    worker::protocol::FailureKind,
};

use super::{
    check::run,
    inputs::{
        case::{image_of, open},
        compression::{GZIP, blob, bomb, bomb_tar, gzip, tar},
        tar_block::Block,
    },
};

/// The limits that bite only beyond gigabytes, made small.
#[test]
fn layers_are_read_up_to_the_limits_and_without_them_to_the_end() {
    let tar = Tar::new().file("a", "1").file("b", vec![7; 5000]).file("c", "3");
    let archive = blob(Pack::Gzip.pack(&tar.bytes()), tar.bytes(), GZIP);
    let few_bytes = Limits { layer_bytes: 3000, ..Limits::default() };
    let few_entries = Limits { layer_entries: 2, ..Limits::default() };
    let few_times = Limits { ratio: 2, ratio_from: 1000, ..Limits::default() };
    for (limits, listing) in
        [(few_bytes, &["a", "b"][..]), (few_entries, &["a", "b"]), (few_times, &["a", "b", "c"])]
    {
        // In an archive that is compressed too: its layers are read as it passes.
        for archive in [archive.clone(), Pack::Zstd.pack(&archive)] {
            if limits == few_times && Compression::sniff(&archive) != Compression::None {
                continue;
            }
            let opened = open(&archive, limits).unwrap();
            assert_eq!(opened.codes(), [LimitReached].into(), "{limits:?}");
            assert_eq!(opened.content("a").unwrap(), b"1");
            assert!(opened.listing().iter().all(|path| listing.contains(&path.as_str())), "{limits:?}");
            let layer = opened.layer(0);
            assert_eq!(layer.digest_verified, Some(true), "the blob is hashed to its end");
            // Too many entries do not keep the bytes from being hashed.
            let whole = limits == few_entries;
            assert_eq!(layer.diff_id_verified, whole.then_some(true), "{limits:?}");
            let limit = match limits {
                _ if limits == few_bytes => Limit::Bytes,
                _ if limits == few_entries => Limit::Entries,
                _ => Limit::Ratio,
            };
            assert_eq!(layer.limit, Some(limit));
            assert!(limit.can_be_lifted());
        }
    }
    let opened = open(&archive, few_bytes).unwrap();
    assert_eq!((opened.listing(), opened.layer(0).size), (vec!["a".into(), "b".into()], Some(3000)));

    let opened = open(&archive, Limits::none()).unwrap();
    assert_eq!((opened.listing().len(), opened.codes()), (3, [].into()));
    assert_eq!((opened.layer(0).diff_id_verified, opened.layer(0).limit), (Some(true), None));
    let Limits { layer_bytes, ratio, ratio_from, layer_entries, .. } = Limits::default();
    assert_eq!((layer_bytes, ratio, ratio_from, layer_entries), (8 << 30, 500, 64 << 20, 2_000_000));
}

/// An archive that is compressed has the ratio alone for a limit: images of many gigabytes are saved like this.
#[test]
fn a_compressed_archive_is_read_however_large_it_is() {
    let archive = Pack::Gzip.pack(&image_of(&[Tar::new().file("a", vec![7; 50_000]).bytes()]));
    let few_bytes = Limits { layer_bytes: 100, ..Limits::default() };
    assert_eq!(open(&archive, few_bytes).unwrap().codes(), [].into());
    let few_times = Limits { ratio: 2, ratio_from: 1000, ..Limits::default() };
    let failure = open(&archive, few_times).err().unwrap();
    assert_eq!(failure.kind, FailureKind::Corrupt(LimitReached));
    assert!(open(&archive, Limits::none()).is_ok());
}

#[test]
fn the_command_line_goes_on_if_told_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bomb.tar");
    for archive in [bomb(), Pack::Gzip.pack(&image_of(&[bomb_tar()]))] {
        std::fs::write(&path, archive).unwrap();
        let path = path.to_str().unwrap();
        let report: serde_json::Value =
            serde_json::from_str(&run(&["verify", path, "--json", "--no-limits"]).succeeded()).unwrap();
        assert_eq!(report["anomalies"], serde_json::json!([]));
        assert_eq!(report["images"][0]["layers"][0]["diff_id_verified"], true);
        run(&["inspect", path, "--no-limits"]).succeeded();
        assert_eq!(run(&["ls", path, "--no-limits"]).succeeded().lines().count(), 2);
        assert_eq!(run(&["cat", path, "a", "--no-limits"]).succeeded(), "hello");
    }
}

/// What a few bytes of a tar blow up to in memory is limited, whatever the person chooses.
#[test]
fn names_and_attributes_are_bounded() {
    // One global header gives its attribute to all.
    let record = layerscope::fixture::pax_record("SCHILY.xattr.user.x", [b'v'; 10_000]);
    let header = Block::new("pax").flag(b'g').size(record.len() as u64).with_body(&record);
    let files = (0..50).map(|n| Block::new(&n.to_string()).bytes());
    let tar = [header, files.collect::<Vec<_>>().concat(), vec![0; 1024]].concat();
    let little_text = Limits { layer_text: 200_000, ..Limits::none() };
    let opened = open(&image_of(&[tar]), little_text).unwrap();
    assert_eq!((opened.codes(), opened.listing().len()), ([LimitReached].into(), 20));
    assert_eq!(opened.layer(0).limit, Some(Limit::Text));

    // Paths of thousands of names.
    let tar = (0..9).fold(Tar::new(), |tar, n| tar.dir(format!("{n}/{}", "d/".repeat(999)), 0o755));
    let few_paths = Limits { layer_paths: 5000, ..Limits::none() };
    let opened = open(&image_of(&[tar.bytes()]), few_paths).unwrap();
    assert_eq!((opened.codes(), opened.listing().len()), ([LimitReached].into(), 5));
    assert_eq!(opened.layer(0).limit, Some(Limit::Paths));
    assert!(!Limit::Text.can_be_lifted() && !Limit::Paths.can_be_lifted());

    let Limits { layer_paths, layer_text, .. } = Limits::none();
    assert_eq!((layer_paths, layer_text), (4_000_000, 256 << 20));
}

/// The checksum that the gzip rows break is the right one to begin with.
#[test]
fn the_untouched_stream_is_clean() {
    let mut crc = Crc::new();
    crc.update(&tar());
    let packed = Pack::Gzip.pack(&tar());
    assert_eq!(packed[packed.len() - 8..][..4], crc.sum().to_le_bytes());
    assert_eq!(open(&gzip(|_| {}), Limits::default()).unwrap().codes(), [].into());
}
