//! Rows 1 to 19: tars that lie, end early, or hide something.

use layerscope::{
    anomaly::Code::{self, *},
    fixture::Tar,
    limits,
    overlay::LayerIndex,
};

use super::{
    case::{Case, Opened, image_of},
    tar_block::{self, Block, gnu_sparse_block, padded},
};

const END: [u8; 1024] = [0; 1024];

/// An archive whose only layer is these blocks and an end.
fn layer(parts: &[Vec<u8>]) -> Vec<u8> {
    image_of(&[[parts.concat(), END.to_vec()].concat()])
}

fn file(path: &str, body: &[u8]) -> Vec<u8> {
    Block::new(path).size(body.len() as u64).with_body(body)
}

fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    tar_block::pax(b'x', records)
}

fn long_name(flag: u8, name: &str) -> Vec<u8> {
    let body = [name.as_bytes(), b"\0"].concat();
    Block::new("././@LongLink").flag(flag).size(body.len() as u64).with_body(&body)
}

/// Where the first anomaly of a code stands in the layer.
fn offset(opened: &Opened, code: Code) -> Option<u64> {
    opened.anomaly(code).offset
}

pub fn rows() -> Vec<Case> {
    let mut rows = vec![
        Case::opens(1, "a PAX size smaller than the header's", &[TarPaxSize], || {
            // Who believes the header swallows the next entry.
            let lying = Block::new("a").size(1000).bytes();
            layer(&[pax(&[("size", b"3")]), lying, padded(b"abc"), file("b", b"b")])
        })
        .lists(&["a", "b"])
        .reads("a", "abc")
        .reads("b", "b"),
        Case::opens(1, "a PAX size larger than the header's hides an entry", &[TarPaxSize], || {
            let smuggled = file("smuggled", b"x");
            let size = smuggled.len().to_string();
            layer(&[pax(&[("size", size.as_bytes())]), Block::new("a").bytes(), smuggled, file("b", b"b")])
        })
        .lists(&["a", "b"])
        .reads("b", "b"),
        Case::opens(2, "a PAX size before a GNU long name", &[], || {
            let long = "l".repeat(120);
            layer(&[pax(&[("size", b"3")]), long_name(b'L', &long), file("short", b"abc"), file("b", b"b")])
        })
        .lists(&["b", &"l".repeat(120)])
        .reads("b", "b"),
        Case::opens(3, "PAX and GNU both name one entry", &[TarMixedExtensions], || {
            layer(&[pax(&[("path", b"by-pax")]), long_name(b'L', "by-gnu"), file("short", b"x")])
        })
        .lists(&["by-gnu"])
        .also(|opened| assert!(opened.anomaly(TarMixedExtensions).message.contains("by-pax"))),
        Case::opens(4, "a PAX record without an end", &[TarPaxMalformed], || {
            let body = b"20 path=evil";
            let header = Block::new("pax").flag(b'x').size(body.len() as u64).with_body(body);
            layer(&[file("before", b"1"), header, file("after", b"2")])
        })
        .lists(&["before"])
        .reads("before", "1")
        .also(|opened| assert_eq!(offset(opened, TarPaxMalformed), Some(1536))),
        Case::opens(4, "a PAX record whose length lies", &[TarPaxMalformed], || {
            let body = b"9 path=a\n5 path=evil\n";
            let header = Block::new("pax").flag(b'x').size(body.len() as u64).with_body(body);
            layer(&[file("before", b"1"), header, file("after", b"2")])
        })
        .lists(&["before"])
        .also(|opened| assert_eq!(offset(opened, TarPaxMalformed), Some(1536 + 9))),
        Case::opens(5, "an attribute with newlines and NULs", &[], || {
            layer(&[pax(&[("SCHILY.xattr.user.x", b"a\n12 path=evil\n\0\xff")]), file("a", b"1")])
        })
        .lists(&["a"])
        .also(|opened| {
            let (index, record) = opened.entry(0, "a");
            assert_eq!(index.xattrs(record), [("user.x".into(), b"a\n12 path=evil\n\0\xff".into())]);
        }),
        Case::opens(6, "a PAX key twice", &[], || {
            layer(&[pax(&[("path", b"first"), ("path", b"second")]), file("short", b"1")])
        })
        .lists(&["second"]),
        Case::opens(7, "an empty PAX value", &[TarPaxEmpty], || {
            layer(&[
                tar_block::pax(b'g', &[("path", b"everywhere")]),
                pax(&[("path", b"")]),
                file("own", b"1"),
            ])
        })
        .lists(&["own"]),
        Case::opens(8, "a PAX size with a sign", &[TarField], || {
            layer(&[file("before", b"1"), pax(&[("size", b"+1")]), file("a", b"1")])
        })
        .lists(&["before"]),
        Case::opens(8, "a negative size", &[TarField], || {
            layer(&[file("before", b"1"), Block::new("a").raw_size(&[0xff; 12]).bytes()])
        })
        .lists(&["before"])
        .also(|opened| assert_eq!(offset(opened, TarField), Some(1024))),
        Case::opens(8, "a size beyond 2^63", &[TarField], || {
            let size = b"9223372036854775808";
            layer(&[file("before", b"1"), pax(&[("size", size)]), file("a", b"1")])
        })
        .lists(&["before"]),
        Case::opens(9, "a long name without an entry", &[TarDanglingExtension], || {
            layer(&[file("a", b"1"), long_name(b'L', "nothing")])
        })
        .lists(&["a"])
        .also(|opened| assert_eq!(offset(opened, TarDanglingExtension), Some(1024))),
        Case::opens(9, "a PAX header at the very end", &[TarDanglingExtension, TarNoEnd], || {
            image_of(&[[file("a", b"1"), pax(&[("path", b"nothing")])].concat()])
        })
        .lists(&["a"]),
        Case::opens(10, "a wrong checksum", &[TarChecksum], || {
            let mut damaged = file("damaged", b"2");
            damaged[0] ^= 1;
            layer(&[file("before", b"1"), damaged, file("after", b"3")])
        })
        .lists(&["before"])
        .reads("before", "1")
        .also(|opened| assert_eq!(offset(opened, TarChecksum), Some(1024))),
        Case::opens(11, "a ustar header with NULs for a version", &[TarVersion], || {
            let mut tar = file("a", b"1");
            tar[263..265].fill(0);
            tar_block::repair(&mut tar);
            layer(&[tar])
        })
        .lists(&["a"])
        .reads("a", "1"),
        Case::opens(12, "a base-256 size that overflows", &[TarField], || {
            let mut size = [0xff; 12];
            size[0] = 0xbf;
            layer(&[file("before", b"1"), Block::new("a").raw_size(&size).bytes()])
        })
        .lists(&["before"]),
        Case::opens(13, "GNU's sparse map with a block that continues it", &[], || {
            let header = Block::new("sparse").gnu_sparse(&[(10, 2)], 30, &[(20, 1)]).size(3).bytes();
            layer(&[header, gnu_sparse_block(&[(20, 1)]), padded(b"xyz"), file("b", b"b")])
        })
        .lists(&["b", "sparse"])
        .reads("sparse", [&[0; 10][..], b"xy", &[0; 8], b"z", &[0; 9]].concat())
        .also(|opened| {
            let (index, record) = opened.entry(0, "sparse");
            assert_eq!((record.size, index.stored_size(record)), (30, 3));
        }),
        Case::opens(13, "a sparse map in PAX records", &[], || {
            let records: &[(&str, &[u8])] = &[("GNU.sparse.size", b"8"), ("GNU.sparse.map", b"2,3")];
            layer(&[pax(records), file("sparse", b"xyz")])
        })
        .lists(&["sparse"])
        .reads("sparse", b"\0\0xyz\0\0\0"),
        Case::opens(13, "a sparse map that does not fit its file", &[TarSparse], || {
            let records: &[(&str, &[u8])] = &[("GNU.sparse.size", b"8"), ("GNU.sparse.map", b"2,3,1,9")];
            layer(&[pax(records), file("sparse", b"xyz"), file("b", b"b")])
        })
        .lists(&["b", "sparse"])
        .reads("sparse", "xyz"),
        Case::opens(13, "a sparse map larger than the limit", &[TarExtensionTooLarge], || {
            let records: &[(&str, &[u8])] =
                &[("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.realsize", b"9")];
            let map = [b"99999999\n".to_vec(), b"1\n1\n".repeat(limits::SPARSE_MAP as usize / 4)].concat();
            layer(&[file("before", b"1"), pax(records), file("sparse", &map)])
        })
        .lists(&["before"]),
        Case::opens(15, "a tar that ends within an entry", &[TarTruncated], || {
            let mut tar = [file("before", b"1"), file("cut", &[7; 5000])].concat();
            tar.truncate(2000);
            image_of(&[tar])
        })
        .lists(&["before", "cut"])
        .reads("before", "1")
        .also(|opened| {
            assert_eq!(offset(opened, TarTruncated), Some(2000));
            assert!(opened.content("cut").is_err(), "what is not there is not made up");
        }),
        Case::opens(16, "no end blocks", &[TarNoEnd], || image_of(&[file("a", b"1")]))
            .lists(&["a"])
            .reads("a", "1"),
        Case::opens(17, "a second tar after the end", &[TarTrailingData], || {
            let [visible, hidden] = ["visible", "hidden"].map(|name| Tar::new().file(name, "1").bytes());
            image_of(&[[visible, hidden].concat()])
        })
        .lists(&["visible"])
        .also(|opened| {
            assert_eq!(offset(opened, TarTrailingData), Some(2048));
            let layer = opened.layer(0);
            assert_eq!((layer.digest_verified, layer.diff_id_verified), (Some(true), Some(true)));
            assert_eq!(layer.size, Some(4096), "hidden data is counted and hashed");
        }),
        Case::opens(18, "an unknown type flag", &[TarUnknownType], || {
            layer(&[Block::new("odd").flag(b'~').size(3).with_body(b"xyz"), file("b", b"b")])
        })
        .lists(&["b"])
        .also(|opened| {
            assert!(opened.anomaly(TarUnknownType).message.contains("odd"));
            assert_eq!(opened.layer(0).entries, Some(2));
        }),
        Case::opens(19, "a path twice in one layer", &[PathDuplicate], || {
            layer(&[file("a", b"first"), file("a", b"second")])
        })
        .lists(&["a"])
        .reads("a", "second")
        .also(|opened| {
            let totals = opened.session.totals(0);
            assert_eq!((totals.stored, totals.visible, totals.hidden), (11, 6, 5));
            assert_eq!(opened.session.stack(0).unwrap().layer(LayerIndex(0)).len(), 2);
        }),
        Case::opens(19, "a hard link with a size", &[TarUnexpectedSize], || {
            layer(&[file("a", b"1"), Block::new("b").flag(b'1').link("a").size(9).bytes(), file("c", b"c")])
        })
        .lists(&["a", "b", "c"])
        .reads("b", "1")
        .reads("c", "c"),
    ];
    for (name, flag) in [("a gigabyte of long name", b'L'), ("a gigabyte of PAX", b'x')] {
        let bytes: fn() -> Vec<u8> = match flag {
            b'L' => || layer(&[file("before", b"1"), Block::new("big").flag(b'L').size(1 << 30).bytes()]),
            _ => || layer(&[file("before", b"1"), Block::new("big").flag(b'x').size(1 << 30).bytes()]),
        };
        rows.push(Case::opens(14, name, &[TarExtensionTooLarge], bytes).lists(&["before"]));
    }
    rows.push(
        Case::opens(14, "thousands of PAX records", &[TarExtensionTooLarge], || {
            let keys: Vec<String> = (0..=limits::PAX_RECORDS).map(|n| format!("K{n}")).collect();
            let records: Vec<(&str, &[u8])> = keys.iter().map(|key| (key.as_str(), &b"v"[..])).collect();
            layer(&[file("before", b"1"), pax(&records), file("a", b"1")])
        })
        .lists(&["before"]),
    );
    rows.push(
        Case::opens(14, "global PAX records that grow", &[TarExtensionTooLarge], || {
            let value = vec![b'v'; limits::PAX_GLOBAL / 2];
            let global = |key: &str| {
                let record = layerscope::fixture::pax_record(format!("SCHILY.xattr.user.{key}"), &value);
                Block::new("pax").flag(b'g').size(record.len() as u64).with_body(&record)
            };
            layer(&[global("a"), file("before", b"1"), global("b"), file("after", b"2")])
        })
        .lists(&["before"]),
    );
    rows
}
