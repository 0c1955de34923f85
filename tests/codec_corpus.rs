//! Every compressed file of the corpus: what it holds, and that damage to it is survived.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use layerscope::{anomaly::Code, codec::Compression};

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/decoded.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod decoded;

use decoded::{Decoded, decode_pieces};

/// A row of `tars.tsv`.
struct Row {
    path: PathBuf,
    traits: String,
}

/// Files that are not what the table says, and why.
const EXCEPTIONS: [(&str, Code, &str); 3] = [
    (
        "compat_lz4_skippable_frames_B4.tar.lz4",
        Code::CodecTrailingData,
        "begins with a skippable frame, which LZ4 has in common with zstd; what follows is LZ4",
    ),
    ("COMPRESS-376.tar.gz", Code::CodecTrailingData, "is padded with zeros"),
    ("long-window-size-lib.rs.zst", Code::CodecUnsupported, "asks for a window of 2 GiB"),
];

/// The rows of `tars.tsv`.
fn rows() -> Vec<Row> {
    let Some(root) = corpus::root() else { return Vec::new() };
    let table = fs::read_to_string(root.join("tars.tsv")).unwrap();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        Row { path: root.join(fields[0]), traits: fields[3].into() }
    };
    let rows: Vec<Row> = table.lines().skip(1).map(row).collect();
    assert!(rows.len() >= 500, "the table is cut short");
    rows
}

/// All that there is to say against the stream.
fn faults(decoded: &Decoded) -> Vec<Code> {
    let anomalies = decoded.anomalies.iter().map(|anomaly| anomaly.code);
    anomalies.chain(decoded.error.as_ref().map(|error| error.code)).collect()
}

fn decode(compression: Compression, stream: &[u8], piece: usize, room: usize) -> Decoded {
    decode_pieces(compression, stream.chunks(piece), &[room])
}

/// What the table says that decoding gives: how many bytes; `None` for damage.
fn expected_len(row: &Row) -> Option<Option<usize>> {
    if row.traits.contains("BADCOMP") {
        return Some(None);
    }
    let (_, len) = row.traits.split_once("out=")?;
    Some(Some(len.split(' ').next()?.parse().unwrap()))
}

#[test]
fn every_compressed_file_decodes_as_the_table_says() {
    let (mut sound, mut damaged, mut compared) = (0, 0, 0);
    let mut failures = Vec::new();
    let rows = rows();
    let is_there = !rows.is_empty();
    for row in rows {
        let stream = fs::read(&row.path).unwrap();
        let compression = Compression::sniff(&stream);
        if compression == Compression::None {
            continue;
        }
        let name = row.path.file_name().unwrap().to_str().unwrap();
        let found = decode(compression, &stream, usize::MAX, 1 << 20);
        let again = decode(compression, &stream, 1, 3001);
        assert!(found == again, "{name}: a split makes a difference");
        if let Some((_, code, _)) = EXCEPTIONS.iter().find(|(end, ..)| name.ends_with(end)) {
            assert_eq!(faults(&found), [*code], "{name}");
            continue;
        }
        let plain = row.path.with_extension("");
        let is_right = match expected_len(&row) {
            Some(None) => found.error.is_some(),
            expected => {
                let len = expected.flatten().unwrap_or(found.bytes.len());
                faults(&found).is_empty() && found.bytes.len() == len
            }
        };
        if plain.extension().is_none() && compression == Compression::Zstd && plain.exists() {
            assert!(fs::read(&plain).unwrap() == found.bytes, "{name} is not what it was");
            compared += 1;
        }
        if !is_right {
            let (len, faults) = (found.bytes.len(), faults(&found));
            failures.push(format!("{name}: {len} bytes, {faults:?}; not {}", row.traits));
        }
        if found.error.is_some() { damaged += 1 } else { sound += 1 }
    }
    eprintln!("{sound} sound and {damaged} damaged files, {compared} compared with their content");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(!is_there || (sound > 100 && damaged > 1 && compared > 50), "few files were found");
}

/// Changes a byte here and there, by a fixed rule.
fn damage(stream: &[u8], round: usize) -> Vec<u8> {
    let mut damaged = stream.to_vec();
    for i in 0..=round % 3 {
        let at = (round.wrapping_mul(2_654_435_761) ^ i.wrapping_mul(40_503)) % stream.len();
        // Headers and tables, where most of the rules are, stand in front.
        let at = if round.is_multiple_of(2) { at } else { at % 64.min(stream.len()) };
        damaged[at] ^= 1 << ((round + i) % 8);
    }
    damaged
}

#[test]
fn no_damage_panics() {
    let is_small = |path: &Path| fs::metadata(path).unwrap().len() < 10_000;
    for row in rows().into_iter().filter(|row| is_small(&row.path)) {
        let stream = fs::read(&row.path).unwrap();
        let compression = Compression::sniff(&stream);
        if compression == Compression::None {
            continue;
        }
        for round in 0..48 {
            let damaged = damage(&stream, round);
            let whole = decode(compression, &damaged, usize::MAX, 1 << 20);
            let split = decode(compression, &damaged, 1 + round * 7, 1000);
            assert!(whole == split, "{}: a split makes a difference, round {round}", row.path.display());
        }
    }
}
