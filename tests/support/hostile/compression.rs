//! Rows 20 to 27: compressed streams that are damaged, endless, or not what they are stated to be.

use layerscope::{
    anomaly::Code::*,
    codec::Compression,
    fixture::{Archive, Image, Pack, Shape, Tar},
    limits,
    worker::protocol::FailureKind,
};

use super::case::{Case, Opened, image_of};

pub const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// An archive with one layer: this blob, which is stated to hold this tar.
pub fn blob(blob: Vec<u8>, tar: Vec<u8>, media_type: &str) -> Vec<u8> {
    let image = Image::new().name("hostile:latest").blob_layer(blob, tar, media_type, "RUN x");
    Archive::new(Shape::OciLayout).image(image).bytes()
}

pub fn tar() -> Vec<u8> {
    Tar::new().file("a", "hello").bytes()
}

/// A layer's gzip stream, changed.
pub fn gzip(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
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
pub fn bomb_tar() -> Vec<u8> {
    Tar::new().file("a", "hello").file("bomb", vec![0; (limits::RATIO_FROM + (8 << 20)) as usize]).bytes()
}

pub fn bomb() -> Vec<u8> {
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

pub fn rows() -> Vec<Case> {
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
