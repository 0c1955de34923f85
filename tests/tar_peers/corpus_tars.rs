//! The tars of the corpus against what was recorded of the three programs.

use std::{collections::HashMap, fs, path::PathBuf};

use layerscope::{
    anomaly::Code,
    codec::{Compression, Decoder, Status},
};

use crate::{
    corpus,
    peers::{self, Listed},
    support::tar_read::{Read, read, read_whole},
};

/// Why what we make of a tar is not what the three agree on, or which side we are on where they do not agree.
/// These are the rules of `docs/tar-differences.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Records that lie about themselves end the tar, as they do for Go and thereby Docker: what the header
    /// after them means is anybody's guess.
    LyingPax,
    /// An extension header above its limit ends the tar.
    LargeExtension,
    /// The tar ends where the next header's checksum is wrong, and it is said so; nothing is looked for
    /// further on.
    Checksum,
    /// Only the padding after the last content is missing: all that was there is kept.
    MissingPadding,
    /// Within the content of an entry the tar ends, and it is said so.
    Truncated,
    /// Types that are no files are their header alone.
    HeaderOnly,
    /// Unknown types are shown.
    UnknownType,
    /// An entry with an empty name is shown.
    EmptyName,
    /// Extended attributes may hold any bytes.
    AnyAttribute,
    /// Zstandard is read.
    Zstd,
    /// compress (`.Z`) and LZ4 are not: no layer is compressed so.
    OtherCompression,
}

/// The tars on which the three differ among each other or from us: which rule we follow, how many entries there
/// are to us, and the anomaly that the tar ends with.
const DIFFERENCES: [(&str, Rule, usize, Option<Code>); 28] = {
    use Rule::*;
    [
        (
            "apache_commons-compress__test_resources_COMPRESS-553-fail.tar",
            Checksum,
            1,
            Some(Code::TarChecksum),
        ),
        ("apache_commons-compress__test_resources_bla.tar.Z", OtherCompression, 0, Some(Code::TarChecksum)),
        ("apache_commons-compress__test_resources_bla.tar.zst", Zstd, 2, None),
        ("containers_bootc__it_fixtures_exampleos.tar.zst", Zstd, 13, None),
        ("containers_bootc__src_fixtures_exampleos-v1.tar.zst", Zstd, 16, None),
        ("containers_skopeo__tar_testdata_hdr-only.tar", HeaderOnly, 16, None),
        ("containers_skopeo__tar_testdata_writer-big-long.tar", Truncated, 1, Some(Code::TarTruncated)),
        ("docker_cli__context_testdata_test-dockerconfig-tls.tar", MissingPadding, 6, None),
        ("golang_go-1.19__archive-tar_pax-bad-hdr-file.tar", LyingPax, 0, Some(Code::TarPaxMalformed)),
        (
            "golang_go-1.19__archive-tar_pax-bad-hdr-large.tar.bz2",
            LargeExtension,
            0,
            Some(Code::TarExtensionTooLarge),
        ),
        ("golang_go-1.19__archive-tar_pax-nul-path.tar", LyingPax, 0, Some(Code::TarPaxMalformed)),
        ("golang_go-1.19__archive-tar_pax-nul-xattrs.tar", AnyAttribute, 1, None),
        ("isaacs_node-tar__fixtures_tars_bad-cksum.tar", Checksum, 1, Some(Code::TarChecksum)),
        ("isaacs_node-tar__fixtures_tars_path-missing.tar", EmptyName, 1, None),
        (
            "libarchive_libarchive__libarchive_test_test_compat_lz4_3.tar.lz4",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        (
            "libarchive_libarchive__libarchive_test_test_compat_mac-2.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        ("libarchive_libarchive__libarchive_test_test_compat_solaris_tar_acl.tar", UnknownType, 8, None),
        (
            "libarchive_libarchive__libarchive_test_test_compat_uudecode_large.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        (
            "libarchive_libarchive__libarchive_test_test_read_format_gtar_filename_cp866.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        (
            "libarchive_libarchive__libarchive_test_test_read_format_gtar_filename_eucjp.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        (
            "libarchive_libarchive__libarchive_test_test_read_format_gtar_redundant_L.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        (
            "libarchive_libarchive__libarchive_test_test_read_format_gtar_sparse_length.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        (
            "libarchive_libarchive__libarchive_test_test_read_format_gtar_sparse_skip_entry.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        (
            "libarchive_libarchive__libarchive_test_test_read_format_tar_filename_koi8r.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        (
            "libarchive_libarchive__libarchive_test_test_read_format_tar_pax_large_attr.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        (
            "libarchive_libarchive__libarchive_test_test_read_pax_empty_val_no_nl.tar",
            LyingPax,
            0,
            Some(Code::TarPaxMalformed),
        ),
        (
            "libarchive_libarchive__tar_test_test_print_longpath.tar.Z",
            OtherCompression,
            0,
            Some(Code::TarChecksum),
        ),
        ("mafintosh_tar-stream__test_fixtures_gnu-long-path.tar", MissingPadding, 1, None),
    ]
};

/// A tar of the corpus and what was recorded of it.
struct Row {
    name: String,
    tar: Vec<u8>,
    /// Entries, and whether all went well: GNU tar, bsdtar, Python.
    recorded: [(usize, bool); 3],
}

impl Row {
    /// How many entries there are, if all three say so without complaint.
    fn agreed(&self) -> Option<usize> {
        let [(count, _), ..] = self.recorded;
        self.recorded.iter().all(|&recorded| recorded == (count, true)).then_some(count)
    }

    /// Whether all three complain.
    fn is_refused(&self) -> bool {
        self.recorded.iter().all(|&(_, ok)| !ok)
    }
}

fn rows() -> Vec<Row> {
    if corpus::root().is_none() {
        return Vec::new();
    }
    let table = fs::read_to_string(corpus::path("tars.tsv")).unwrap();
    let mut lines = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let columns = lines.next().unwrap();
    let rows = lines.filter_map(|line| {
        let fields: HashMap<_, _> = columns.iter().copied().zip(line).collect();
        let name = fields["path"].strip_prefix("tars/")?;
        let count = |column: &str| fields[column].parse().unwrap();
        let recorded = [
            (count("gnutar_n"), fields["gnutar_rc"] == "0"),
            (count("bsdtar_n"), fields["bsdtar_rc"] == "0"),
            (count("python_n"), fields["python_err"].is_empty()),
        ];
        let bytes = fs::read(corpus::path(fields["path"])).unwrap();
        Some(Row { name: name.to_owned(), tar: unpacked(&bytes), recorded })
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() >= 350, "the table is cut short");
    rows
}

/// What is in a compressed file, as far as it goes.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(Compression::sniff(bytes));
    let (mut out, mut room, mut at) = (Vec::new(), vec![0; 1 << 16], 0);
    while let Ok(progress) = decoder.decode(&bytes[at..], true, &mut room) {
        at += progress.consumed;
        out.extend_from_slice(&room[..progress.produced]);
        if progress.status == Status::Done {
            break;
        }
    }
    out
}

fn code(read: &Read) -> Option<Code> {
    read.error.as_ref().map(|error| error.code)
}

#[test]
fn what_the_three_agree_on_is_ours_too() {
    let mut wrong = Vec::new();
    let mut listed = 0;
    for row in rows() {
        let read = read(&[&row.tar]);
        let found = (read.entries.len(), code(&read));
        let [.., (python_count, _)] = row.recorded;
        let expected = match DIFFERENCES.iter().find(|(name, ..)| *name == row.name) {
            Some(&(_, _, count, code)) => {
                listed += 1;
                let is_listed_in_vain = row.agreed() == Some(count) && code.is_none()
                    || row.is_refused() && code.is_some() && count == python_count;
                assert!(!is_listed_in_vain, "{} does not differ", row.name);
                (count, code)
            }
            None => match row.agreed() {
                Some(count) => (count, None),
                // What is wrong with it is for the parser's own tests to say, but not that nothing is.
                None if row.is_refused() && found.1.is_some() => (python_count, found.1),
                None => (python_count, Some(Code::TarChecksum)),
            },
        };
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}; {:?}", row.name, row.recorded));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(listed == 0 || listed == DIFFERENCES.len(), "a listed tar is not in the corpus");
}

#[test]
fn every_split_of_the_corpus_reads_the_same() {
    for row in rows() {
        if row.tar.len() <= 64 << 10 {
            read_whole(&row.tar);
            continue;
        }
        let whole = read(&[&row.tar]);
        // Some are tens of megabytes of zeros: byte by byte these would take minutes.
        let sizes: &[usize] = if row.tar.len() <= 4 << 20 { &[7, 511, 513, 65_537] } else { &[65_537] };
        for &size in sizes {
            let pieces: Vec<&[u8]> = row.tar.chunks(size).collect();
            assert!(read(&pieces) == whole, "{} in pieces of {size}", row.name);
        }
    }
}

/// The tars of whose entries Python says something else than GNU tar and bsdtar, and why; we are on their side.
const PYTHON_DIFFERENCES: [(&str, &str); 12] = {
    const TIMES: &str = "takes GNU's times of access and change, or what else is there, for ustar's prefix";
    const SPARSE: &str = "does not read this sparse map";
    [
        ("apache_commons-compress__resources_COMPRESS-612_test-times-gnu-incremental.tar", TIMES),
        ("apache_commons-compress__resources_COMPRESS-612_test-times-gnutar.tar", TIMES),
        ("apache_commons-compress__resources_COMPRESS-612_test-times-oldgnu-incremental.tar", TIMES),
        (
            "apache_commons-compress__test_resources_simple-aix-native-tar.tar",
            "stops at a NUL before a number",
        ),
        ("containers_skopeo__tar_testdata_gnu-multi-hdrs.tar", "prefers the first of two long names"),
        ("golang_go-1.19__archive-tar_gnu-incremental.tar", TIMES),
        ("golang_go-1.19__archive-tar_invalid-go17.tar", TIMES),
        ("golang_go-1.19__archive-tar_pax-bad-mtime-file.tar", "takes a time that is no number for 0"),
        ("golang_go-1.19__archive-tar_pax-nil-sparse-data.tar", SPARSE),
        ("golang_go-1.19__archive-tar_pax-nil-sparse-hole.tar", SPARSE),
        ("golang_go-1.19__archive-tar_pax-sparse-big.tar", SPARSE),
        ("mafintosh_tar-stream__test_fixtures_gnu-incremental.tar", TIMES),
    ]
};

#[test]
fn python_lists_the_same() {
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.agreed().is_some()).collect();
    let directory = tempfile::tempdir().unwrap();
    let write = |(i, row): (usize, &Row)| peers::write(directory.path(), &format!("{i}.tar"), &row.tar);
    let paths: Vec<PathBuf> = rows.iter().enumerate().map(write).collect();
    let Some(said) = peers::python(&paths) else { return };
    let mut wrong = Vec::new();
    let mut differing = 0;
    for ((row, path), (theirs, error)) in rows.iter().zip(&paths).zip(said) {
        if DIFFERENCES.iter().any(|(name, ..)| *name == row.name) {
            continue;
        }
        let ours = peers::ours(&read(&[&row.tar]));
        let same = error.is_none() && ours == theirs;
        if PYTHON_DIFFERENCES.iter().any(|(name, _)| *name == row.name) {
            differing += 1;
            assert!(!same, "{} does not differ", row.name);
            for program in ["tar", "bsdtar"] {
                let Some(listed) = peers::program(program, path) else { continue };
                assert_eq!(names_and_sizes(&ours), names_and_sizes(&listed), "{program}: {}", row.name);
            }
        } else if !same {
            let first = ours.iter().zip(&theirs).find(|(a, b)| a != b);
            wrong.push(format!("{}: {error:?}, ours and theirs: {first:?}", row.name));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(rows.is_empty() || differing == PYTHON_DIFFERENCES.len(), "a listed tar is not in the corpus");
}

/// What is to be told of every entry whatever its type.
fn names_and_sizes(listed: &[Listed]) -> Vec<(&[u8], u64)> {
    listed.iter().map(|entry| (entry.path.as_slice(), entry.size)).collect()
}

#[test]
fn the_document_names_every_difference() {
    let document = include_str!("../../docs/tar-differences.md");
    let listed =
        DIFFERENCES.iter().map(|(name, ..)| name).chain(PYTHON_DIFFERENCES.iter().map(|(name, _)| name));
    let missing: Vec<_> = listed.filter(|name| !document.contains(**name)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
}
