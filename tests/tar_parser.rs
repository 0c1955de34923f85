//! The tar parser against an independent writer, every split of its input, and hostile headers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use layerscope::{
    anomaly::Code,
    tar::{EntryKind, Event, Parser},
};
use proptest::prelude::*;
use support::{
    tar_block::{self, Block},
    tar_places,
    tar_read::{Read, read, read_whole},
};

fn codes(read: &Read) -> Vec<Code> {
    read.anomalies.iter().map(|anomaly| anomaly.code).collect()
}

fn paths(read: &Read) -> Vec<String> {
    read.entries.iter().map(|(entry, ..)| entry.path.to_string()).collect()
}

fn file(path: &str, body: &[u8]) -> Vec<u8> {
    Block::new(path).size(body.len() as u64).with_body(body)
}

fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    tar_block::pax(b'x', records)
}

const END: [u8; 1024] = [0; 1024];

#[test]
fn what_the_tar_crate_writes_is_read() {
    let mut builder = tar::Builder::new(Vec::new());
    let long = format!("{}/file", "d".repeat(150));
    for (path, body) in [("a", &b"hello"[..]), (&long, &[7; 1000]), ("empty", b"")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(body.len() as u64);
        header.set_mode(0o4755);
        header.set_uid(1000);
        header.set_mtime(1_700_000_000);
        builder.append_data(&mut header, path, body).unwrap();
    }
    let read = read_whole(&builder.into_inner().unwrap());
    assert_eq!(paths(&read), ["a", &long, "empty"]);
    assert_eq!(read.entries[1].1, [7; 1000]);
    assert_eq!(read.entries[0].0.mode, 0o4755);
    assert_eq!(read.entries[0].0.uid, 1000);
    assert!(read.ended && read.anomalies.is_empty() && read.error.is_none());
}

#[test]
fn every_kind_of_entry() {
    let tar = [
        Block::new("dir/").flag(b'5').bytes(),
        Block::new("old-dir/").flag(0).bytes(),
        Block::new("link").flag(b'2').link("dir").bytes(),
        Block::new("hard").flag(b'1').link("a").bytes(),
        Block::new("null").flag(b'3').device(1, 3).bytes(),
        Block::new("sda").flag(b'4').device(8, 0).bytes(),
        Block::new("pipe").flag(b'6').bytes(),
        Block::new("contiguous").flag(b'7').bytes(),
        END.to_vec(),
    ]
    .concat();
    let read = read_whole(&tar);
    let kinds: Vec<_> = read.entries.iter().map(|(entry, ..)| entry.kind).collect();
    use EntryKind::*;
    assert_eq!(kinds, [Directory, Directory, Symlink, HardLink, CharDevice, BlockDevice, Fifo, File]);
    assert_eq!(read.entries[2].0.link, "dir");
    assert_eq!(read.entries[4].0.device, (1, 3));
    assert!(read.anomalies.is_empty());
}

#[test]
fn pax_overrides_the_header() {
    let xattr: &[u8] = b"\x01\n9 path=b\n\0";
    let records: &[(&str, &[u8])] = &[
        ("path", "ü/長い名前".as_bytes()),
        ("mtime", b"-1.5"),
        ("uid", b"3000000"),
        ("SCHILY.xattr.security.capability", xattr),
    ];
    let tar = [pax(records), file("short", b"x"), END.to_vec()].concat();
    let read = read_whole(&tar);
    let entry = &read.entries[0].0;
    assert_eq!(entry.path, "ü/長い名前");
    assert_eq!((entry.mtime.secs, entry.mtime.nanos), (-2, 500_000_000));
    assert_eq!(entry.uid, 3_000_000);
    assert_eq!(entry.xattrs, [("security.capability".into(), xattr.into())]);
    assert_eq!((entry.header_offset, entry.body_offset), (0, 1536));
}

#[test]
fn global_records_stay_and_local_ones_do_not() {
    let tar = [
        tar_block::pax(b'g', &[("uid", b"7")]),
        pax(&[("uid", b"8")]),
        file("a", b""),
        file("b", b""),
        END.to_vec(),
    ]
    .concat();
    let read = read_whole(&tar);
    assert_eq!((read.entries[0].0.uid, read.entries[1].0.uid), (8, 7));
}

#[test]
fn the_pax_size_wins_over_the_header() {
    // Read by the header, the next header would be one that hides in the body.
    let hidden = file("hidden", b"");
    let mut tar = pax(&[("size", hidden.len().to_string().as_bytes())]);
    tar.extend(Block::new("outer").size(0).bytes());
    tar.extend(&hidden);
    tar.extend(END);
    let read = read_whole(&tar);
    assert_eq!(paths(&read), ["outer"]);
    assert_eq!(read.entries[0].1, hidden);
    assert_eq!(codes(&read), [Code::TarPaxSize]);
}

#[test]
fn the_pax_size_is_not_that_of_a_gnu_long_name() {
    let long = format!("{}\0", "n".repeat(200));
    let tar = [
        pax(&[("size", b"3")]),
        Block::new("././@LongLink").flag(b'L').size(long.len() as u64).with_body(long.as_bytes()),
        Block::new("n").size(3).with_body(b"abc"),
        END.to_vec(),
    ]
    .concat();
    let read = read_whole(&tar);
    assert_eq!(paths(&read), [&long[..200]]);
    assert_eq!(read.entries[0].1, b"abc");
    assert!(read.anomalies.is_empty());
}

#[test]
fn a_gnu_name_wins_over_a_pax_name() {
    let long = Block::new("././@LongLink").flag(b'L').size(4).with_body(b"gnu\0");
    let tar = [pax(&[("path", b"pax")]), long, file("short", b""), END.to_vec()].concat();
    let read = read_whole(&tar);
    assert_eq!(paths(&read), ["gnu"]);
    assert_eq!(codes(&read), [Code::TarMixedExtensions]);
}

#[test]
fn empty_pax_values_delete_and_are_noted() {
    let tar =
        [tar_block::pax(b'g', &[("path", b"global")]), pax(&[("path", b"")]), file("own", b""), END.to_vec()]
            .concat();
    let read = read_whole(&tar);
    assert_eq!(paths(&read), ["own"]);
    assert_eq!(codes(&read), [Code::TarPaxEmpty]);
}

#[test]
fn lying_pax_records_end_the_tar() {
    let bad = Block::new("x").flag(b'x').size(9).with_body(b"99 path=a");
    let read = read_whole(&[file("a", b"1"), bad, file("b", b""), END.to_vec()].concat());
    assert_eq!(paths(&read), ["a"]);
    let error = read.error.unwrap();
    assert_eq!((error.code, error.offset), (Code::TarPaxMalformed, 1536));
}

#[test]
fn sizes_that_are_none_end_the_tar() {
    for size in [
        &b"+5\0"[..],
        b"-5\0",
        &[0xff; 12],
        &[0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        let read =
            read_whole(&[file("a", b"1"), Block::new("bad").raw_size(size).bytes(), END.to_vec()].concat());
        let error = read.error.unwrap();
        assert_eq!((error.code, error.offset), (Code::TarField, 1024), "{size:?}");
        assert_eq!(read.entries.len(), 1);
    }
    let read = read_whole(&[pax(&[("size", b"+5")]), file("a", b""), END.to_vec()].concat());
    assert_eq!(read.error.unwrap().code, Code::TarField);
}

#[test]
fn other_fields_that_are_no_numbers_are_noted() {
    let read = read_whole(&[Block::new("a").raw_mode(b"rwxr-xr\0").bytes(), END.to_vec()].concat());
    assert_eq!(read.entries[0].0.mode, 0);
    assert_eq!(codes(&read), [Code::TarField]);
}

#[test]
fn a_wrong_checksum_ends_the_tar_where_it_stands() {
    let mut bad = Block::new("bad").bytes();
    bad[0] ^= 1;
    let read = read_whole(&[file("a", b"1"), bad, END.to_vec()].concat());
    assert_eq!(paths(&read), ["a"]);
    let error = read.error.unwrap();
    assert_eq!((error.code, error.offset), (Code::TarChecksum, 1024));
    assert_eq!(read_whole(b"%PDF-1.7 not a tar at all").error.unwrap().offset, 0);
}

#[test]
fn truncation_keeps_what_was_there() {
    let whole = [file("a", b"1"), file("b", &[1; 600])].concat();
    for (len, entries, code) in
        [(700, 1, None), (1100, 1, Some(Code::TarTruncated)), (1800, 2, Some(Code::TarTruncated))]
    {
        let read = read_whole(&whole[..len]);
        assert_eq!(read.entries.len(), entries, "{len}");
        assert_eq!(read.error.as_ref().map(|e| e.code), code, "{len}");
    }
    // The body is whole, only its padding is not.
    let read = read_whole(&whole[..1536 + 600]);
    assert!(read.ended && read.entries[1].2);
    assert_eq!(codes(&read), [Code::TarNoEnd]);
}

#[test]
fn the_end_and_what_follows_it() {
    let a = file("a", b"1");
    assert_eq!(codes(&read_whole(&a)), [Code::TarNoEnd]);
    assert_eq!(codes(&read_whole(b"")), [Code::TarNoEnd]);
    let one_block = [a.clone(), vec![0; 512]].concat();
    assert_eq!(codes(&read_whole(&one_block)), [Code::TarNoEnd]);
    let padded = [a.clone(), vec![0; 10240]].concat();
    assert!(read_whole(&padded).anomalies.is_empty());
    let concatenated = [a.clone(), END.to_vec(), file("hidden", b"")].concat();
    let read = read_whole(&concatenated);
    assert_eq!((paths(&read), codes(&read)), (vec!["a".into()], vec![Code::TarTrailingData]));
    assert_eq!(read.anomalies[0].offset, Some(2048));
    let lone = [a, vec![0; 512], file("hidden", b"")].concat();
    let read = read_whole(&lone);
    assert_eq!((paths(&read), codes(&read)), (vec!["a".into()], vec![Code::TarNoEnd, Code::TarTrailingData]));
    // Also where less than a block follows.
    for (at, byte) in [(1536, b'h'), (1541, b'h'), (2047, b'h')] {
        let mut short = lone[..1536].to_vec();
        short.resize(at, 0);
        short.push(byte);
        let found: Vec<_> = read_whole(&short).anomalies.iter().map(|a| (a.code, a.offset)).collect();
        let trailing = (Code::TarTrailingData, Some(at as u64));
        assert_eq!(found, [(Code::TarNoEnd, Some(1536)), trailing]);
    }
}

#[test]
fn dangling_extensions_and_unknown_types_are_noted() {
    let read = read_whole(&[file("a", b""), pax(&[("path", b"b")]), END.to_vec()].concat());
    assert_eq!(codes(&read), [Code::TarDanglingExtension]);
    assert_eq!(read.anomalies[0].offset, Some(512));
    let odd = Block::new("odd").flag(b'Z').size(3).with_body(b"abc");
    let read = read_whole(&[odd, file("a", b""), END.to_vec()].concat());
    assert_eq!(read.entries[0].0.kind, EntryKind::Unknown(b'Z'));
    assert_eq!((paths(&read).len(), codes(&read)), (2, vec![Code::TarUnknownType]));
}

#[test]
fn links_and_directories_are_their_header_alone() {
    let tar = [Block::new("h").flag(b'1').link("a").size(512).bytes(), file("b", b""), END.to_vec()].concat();
    let read = read_whole(&tar);
    assert_eq!(paths(&read), ["h", "b"]);
    assert_eq!((read.entries[0].0.size, codes(&read)), (0, vec![Code::TarUnexpectedSize]));
}

#[test]
fn gigabyte_extensions_are_refused() {
    let read = read_whole(&[Block::new("x").flag(b'x').size(1 << 30).bytes(), END.to_vec()].concat());
    assert_eq!(read.error.unwrap().code, Code::TarExtensionTooLarge);
}

#[test]
fn sparse_files_of_every_format() {
    let segments =
        |read: &Read| read.entries[0].0.sparse.iter().map(|s| (s.offset, s.len)).collect::<Vec<_>>();
    let body = [1u8; 600];
    let check = |tar: Vec<u8>, name: &str| {
        let read = read_whole(&[tar, file("next", b""), END.to_vec()].concat());
        assert_eq!(paths(&read), ["s", "next"], "{name}");
        assert_eq!((read.entries[0].0.size, read.entries[0].0.stored_size), (5000, 600), "{name}");
        assert_eq!(segments(&read), [(0, 100), (4500, 500)], "{name}");
        assert_eq!(read.entries[0].1, body, "{name}");
        assert!(read.anomalies.is_empty(), "{name}");
    };
    check(Block::new("s").gnu_sparse(&[(0, 100), (4500, 500)], 5000, &[]).size(600).with_body(&body), "gnu");
    let two = [
        Block::new("s").gnu_sparse(&[(0, 100)], 5000, &[(4500, 500)]).size(600).bytes(),
        tar_block::gnu_sparse_block(&[(4500, 500)]),
        tar_block::padded(&body),
    ];
    check(two.concat(), "gnu, extended");
    let records: &[(&str, &[u8])] = &[
        ("GNU.sparse.size", b"5000"),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.offset", b"0"),
        ("GNU.sparse.numbytes", b"100"),
        ("GNU.sparse.offset", b"4500"),
        ("GNU.sparse.numbytes", b"500"),
    ];
    check([pax(records), file("s", &body)].concat(), "pax 0.0");
    let records: &[(&str, &[u8])] =
        &[("GNU.sparse.size", b"5000"), ("GNU.sparse.map", b"0,100,4500,500"), ("GNU.sparse.name", b"s")];
    check([pax(records), file("GNUSparseFile.1/s", &body)].concat(), "pax 0.1");
    let records: &[(&str, &[u8])] = &[
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"s"),
        ("GNU.sparse.realsize", b"5000"),
    ];
    let stored = [tar_block::padded(b"2\n0\n100\n4500\n500\n"), body.to_vec()].concat();
    check([pax(records), file("GNUSparseFile.1/s", &stored)].concat(), "pax 1.0");
}

#[test]
fn a_sparse_map_that_does_not_fit_is_not_believed() {
    let tar = Block::new("s").gnu_sparse(&[(4500, 500), (0, 100)], 5000, &[]).size(600).with_body(&[1; 600]);
    let read = read_whole(&[tar, END.to_vec()].concat());
    assert_eq!((read.entries[0].0.size, codes(&read)), (600, vec![Code::TarSparse]));
}

#[test]
fn a_skipped_body_is_as_if_read() {
    let tar = [file("a", &[1; 700]), file("b", b"x"), END.to_vec()].concat();
    let mut parser = Parser::new();
    let mut at = 0;
    let mut found = Vec::new();
    loop {
        let parsed = parser.parse(&tar[at..], true).unwrap();
        at += parsed.consumed;
        match parsed.event {
            Some(Event::Entry(entry)) => {
                found.push(entry.path.to_string());
                at += parser.skip_body() as usize;
            }
            Some(Event::Data(_)) => panic!("the body was skipped"),
            Some(_) => {}
            None => break,
        }
        assert_eq!(parser.offset(), at as u64);
    }
    assert_eq!(found, ["a", "b"]);
}

proptest! {
    #[test]
    fn any_bytes_split_anyhow_read_the_same(
        tar in prop::collection::vec(any::<u8>(), 0..64).prop_map(|noise| {
            let mut tar = [pax(&[("path", b"p")]), file("a", &[3; 700]), file("b", b"y"), END.to_vec()].concat();
            // Damage it here and there; a repaired checksum gets further than a broken one.
            for pair in noise.chunks_exact(3) {
                let at = (usize::from(pair[0]) * 256 + usize::from(pair[1])) % tar.len();
                tar[at] = pair[2];
            }
            tar_block::repair(&mut tar);
            tar
        }),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(tar.len())).collect();
        at.sort_unstable();
        let mut pieces = Vec::new();
        let mut start = 0;
        for cut in at {
            pieces.push(&tar[start..cut]);
            start = cut;
        }
        pieces.push(&tar[start..]);
        prop_assert_eq!(read(&pieces), read_whole(&tar));
        tar_places::check(&tar);
    }

    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..2048)) {
        read_whole(&noise);
    }
}
