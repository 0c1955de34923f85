//! Rows 20 to 27: compressed streams that are damaged, endless, or not what they are stated to be.

use flate2::Crc;
use layerscope::{
    anomaly::Code::{self, *},
    codec::Compression,
    fixture::{Archive, Image, Pack, Shape, Tar},
    limits::{self, Limits},
    worker::protocol::FailureKind,
};

use super::case::{Case, Opened, check_cli, check_core, image_of, open, run};

const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// An archive with one layer: this blob, which is stated to hold this tar.
fn blob(blob: Vec<u8>, tar: Vec<u8>, media_type: &str) -> Vec<u8> {
    let image = Image::new().name("hostile:latest").blob_layer(blob, tar, media_type, "RUN x");
    Archive::new(Shape::OciLayout).image(image).bytes()
}

fn tar() -> Vec<u8> {
    Tar::new().file("a", "hello").bytes()
}

/// A layer's gzip stream, changed.
fn gzip(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut packed = Pack::Gzip.pack(&tar());
    change(&mut packed);
    blob(packed, tar(), GZIP)
}

/// A zstd frame of uncompressed blocks with this window descriptor (RFC 8878, 3.1.1.1.2): its exponent, from 2^10 on.
fn zstd_frame(exponent: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3];
    let blocks: Vec<&[u8]> = content.chunks(100 << 10).collect();
    for (i, block) in blocks.iter().enumerate() {
        let last = u32::from(i + 1 == blocks.len());
        frame.extend_from_slice(&(last | (block.len() as u32) << 3).to_le_bytes()[..3]);
        frame.extend_from_slice(block);
    }
    frame
}

fn skippable(content: &[u8]) -> Vec<u8> {
    [&[0x5a, 0x2a, 0x4d, 0x18][..], &(content.len() as u32).to_le_bytes(), content].concat()
}

/// A layer that is next to nothing, and decodes to a file that is large beyond the ratio.
fn bomb_tar() -> Vec<u8> {
    Tar::new().file("a", "hello").file("bomb", vec![0; (limits::RATIO_FROM + (8 << 20)) as usize]).bytes()
}

fn bomb() -> Vec<u8> {
    let tar = bomb_tar();
    blob(Pack::Gzip.pack(&tar), tar, GZIP)
}

/// The blob was hashed to its end, what it holds was not.
fn is_unread(opened: &Opened) {
    let layer = opened.layer(0);
    assert_eq!((layer.digest_verified, layer.diff_id_verified), (Some(true), None));
    assert_eq!(layer.diff_id, None);
}

/// What it holds is damaged: it cannot be what is stated.
fn is_refuted(opened: &Opened) {
    let layer = opened.layer(0);
    assert_eq!((layer.digest_verified, layer.diff_id_verified), (Some(true), Some(false)));
}

fn rows() -> Vec<Case> {
    vec![
        Case::opens(20, "gzip members that split the tar", &[], || {
            let tar = tar();
            let members: Vec<Vec<u8>> = tar.chunks(300).map(|part| Pack::Gzip.pack(part)).collect();
            blob(members.concat(), tar, GZIP)
        })
        .lists(&["a"])
        .reads("a", "hello")
        .also(|opened| assert_eq!(opened.layer(0).diff_id_verified, Some(true))),
        Case::opens(21, "NULs after the gzip stream", &[CodecTrailingData], || {
            gzip(|packed| packed.extend([0; 512]))
        })
        .lists(&["a"])
        .reads("a", "hello")
        .also(|opened| {
            let layer = opened.layer(0);
            assert_eq!((layer.digest_verified, layer.diff_id_verified), (Some(true), Some(true)));
            assert_eq!(opened.anomaly(CodecTrailingData).offset, Some(layer.stored_size.unwrap() - 512));
        }),
        Case::opens(21, "garbage after the zstd stream", &[CodecTrailingData], || {
            blob([Pack::Zstd.pack(&tar()), b"garbage".to_vec()].concat(), tar(), ZSTD)
        })
        .lists(&["a"])
        .reads("a", "hello")
        .also(|opened| assert_eq!(opened.layer(0).diff_id_verified, Some(true))),
        Case::opens(22, "a wrong CRC", &[CodecChecksum, DiffIdMismatch], || {
            gzip(|packed| {
                let crc = packed.len() - 8;
                packed[crc] ^= 1;
            })
        })
        .lists(&["a"])
        .reads("a", "hello")
        .also(is_refuted),
        Case::opens(22, "a wrong ISIZE", &[CodecChecksum, DiffIdMismatch], || {
            gzip(|packed| {
                let size = packed.len() - 4;
                packed[size] ^= 1;
            })
        })
        .lists(&["a"])
        .also(is_refuted),
        Case::opens(22, "gzip that ends early", &[CodecTruncated, DiffIdMismatch], || {
            gzip(|packed| packed.truncate(packed.len() - 8))
        })
        .lists(&["a"])
        .also(is_refuted),
        Case::opens(22, "a wrong zstd checksum", &[CodecChecksum, DiffIdMismatch], || {
            let mut packed = Pack::Zstd.pack(&tar());
            *packed.last_mut().unwrap() ^= 1;
            blob(packed, tar(), ZSTD)
        })
        .lists(&["a"])
        .also(is_refuted),
        Case::opens(23, "a layer of 1000:1", &[LimitReached], bomb)
            .lists(&["a", "bomb"])
            .reads("a", "hello")
            .also(|opened| {
                is_unread(opened);
                let size = opened.layer(0).size.unwrap();
                assert!((limits::RATIO_FROM..limits::RATIO_FROM + (1 << 20)).contains(&size), "{size}");
            }),
        Case::opens(23, "a layer of 1000:1 in a compressed archive", &[LimitReached], || {
            Pack::Gzip.pack(&bomb())
        })
        .lists(&["a", "bomb"])
        .also(is_unread),
        Case::fails(23, "an archive of 1000:1", FailureKind::Corrupt(LimitReached), || {
            Pack::Gzip.pack(&image_of(&[bomb_tar()]))
        }),
        Case::opens(24, "a zstd window of 256 MiB", &[CodecUnsupported], || {
            blob(zstd_frame(18, &tar()), tar(), ZSTD)
        })
        .also(|opened| {
            assert!(opened.anomaly(CodecUnsupported).message.contains("window"));
            is_unread(opened);
        }),
        Case::opens(24, "a zstd window of 8 MiB", &[], || blob(zstd_frame(13, &tar()), tar(), ZSTD))
            .lists(&["a"])
            .reads("a", "hello"),
        Case::opens(24, "a zstd window of 128 MiB", &[], || blob(zstd_frame(17, &tar()), tar(), ZSTD))
            .lists(&["a"])
            .reads("a", "hello"),
        Case::opens(25, "skippable frames around many frames", &[], || {
            let tar = tar();
            let mut packed = skippable(b"first");
            for part in tar.chunks(100) {
                packed.extend(Pack::Zstd.pack(part));
                packed.extend(skippable(b""));
            }
            blob(packed, tar, ZSTD)
        })
        .lists(&["a"])
        .reads("a", "hello")
        .also(|opened| assert_eq!(opened.layer(0).diff_id_verified, Some(true))),
        Case::opens(26, "zstd that is stated to be gzip", &[MediaTypeCompression], || {
            blob(Pack::Zstd.pack(&tar()), tar(), GZIP)
        })
        .lists(&["a"])
        .reads("a", "hello")
        .also(|opened| assert_eq!(opened.layer(0).compression, Some(Compression::Zstd))),
        Case::opens(26, "a plain tar that is stated to be gzip", &[MediaTypeCompression], || {
            blob(tar(), tar(), GZIP)
        })
        .lists(&["a"])
        .reads("a", "hello"),
        Case::opens(27, "an encrypted layer", &[CodecUnsupported], || {
            let scrambled = tar().iter().enumerate().map(|(i, byte)| byte ^ (i * 31 + 7) as u8).collect();
            blob(scrambled, tar(), &format!("{GZIP}+encrypted"))
        })
        .also(|opened| {
            assert!(opened.anomaly(CodecUnsupported).message.contains("encrypted"));
            is_unread(opened);
        }),
        Case::opens(27, "an unknown compression", &[CodecUnsupported], || {
            let lz4 = [&[0x04, 0x22, 0x4d, 0x18][..], &[0x64, 0x40, 0xa7], &[7; 600]].concat();
            blob(lz4, tar(), "application/vnd.oci.image.layer.v1.tar+lz4")
        })
        .also(|opened| {
            assert!(opened.anomaly(CodecUnsupported).message.contains("lz4"));
            is_unread(opened);
        }),
    ]
}

#[test]
fn bad_compression_in_the_core() {
    check_core(rows());
}

#[test]
fn bad_compression_on_the_command_line() {
    check_cli(rows());
}

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
        }
    }
    let opened = open(&archive, few_bytes).unwrap();
    assert_eq!((opened.listing(), opened.layer(0).size), (vec!["a".into(), "b".into()], Some(3000)));

    let opened = open(&archive, Limits::none()).unwrap();
    assert_eq!((opened.listing().len(), opened.codes()), (3, [].into()));
    assert_eq!(opened.layer(0).diff_id_verified, Some(true));
    let Limits { layer_bytes, ratio, ratio_from, layer_entries } = Limits::default();
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
    // One global header gives its attribute to all: 60 KiB for each half KiB of tar.
    let value = vec![b'v'; limits::PAX_GLOBAL - 1000];
    let record = layerscope::fixture::pax_record("SCHILY.xattr.user.x", &value);
    let entries = limits::LAYER_TEXT / value.len() + 50;
    let header = super::tar_block::Block::new("pax").flag(b'g').size(record.len() as u64).with_body(&record);
    let files = (0..entries).map(|n| super::tar_block::Block::new(&n.to_string()).bytes());
    let tar = [header, files.collect::<Vec<_>>().concat(), vec![0; 1024]].concat();
    let opened = open(&image_of(&[tar]), Limits::none()).unwrap();
    assert_eq!(opened.codes(), [LimitReached].into());
    assert!((entries - 100..entries).contains(&opened.listing().len()), "{}", opened.listing().len());

    // Paths of thousands of names.
    let deep = |n: usize| format!("{n}/{}", "d/".repeat(limits::PATH_DEPTH - 2));
    let paths = limits::LAYER_PATHS / limits::PATH_DEPTH + 10;
    let tar = (0..paths).fold(Tar::new(), |tar, n| tar.dir(deep(n), 0o755));
    let opened = open(&image_of(&[tar.bytes()]), Limits::none()).unwrap();
    let codes: Vec<Code> = opened.codes().into_iter().collect();
    assert_eq!(codes, [LimitReached]);
    assert!(opened.session.tree().len() < limits::LAYER_PATHS + limits::PATH_DEPTH);
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
