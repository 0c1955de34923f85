//! Every real archive of the corpus resolves to the images, layers and gaps that an independent program found.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    collections::HashSet,
    fs::{self, File},
    path::{Path, PathBuf},
};

use layerscope::{
    codec::{Compression, Decoder, Status},
    image::{Archive, Documents, Format, Lister, Member, MemberKind, Resolved, resolve},
};

/// A row of `images.tsv`.
struct Row {
    path: PathBuf,
    format: Format,
    images: usize,
    /// Layers of each image.
    layers: Vec<usize>,
    /// Layer blobs, each counted once, that are named and not there.
    missing_layers: usize,
}

fn rows() -> Vec<Row> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");
    let corpus = std::env::var_os("LAYERSCOPE_CORPUS").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let Ok(table) = fs::read_to_string(corpus.join("images.tsv")) else {
        eprintln!("SKIPPED: corpus not found at {}", corpus.display());
        return Vec::new();
    };
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let format = match fields[1] {
            "docker" => Format::DockerArchive,
            "hybrid" => Format::DockerOci,
            "oci" | "oci-dir" => Format::OciLayout,
            other => panic!("{other}"),
        };
        Row {
            path: corpus.join(fields[0]),
            format,
            images: fields[3].parse().unwrap(),
            layers: fields[4].split('+').map(|count| count.parse().unwrap()).collect(),
            missing_layers: fields[6].parse().unwrap(),
        }
    };
    let rows: Vec<Row> = table.lines().skip(1).map(row).collect();
    assert!(rows.len() >= 100, "the table is cut short");
    rows
}

/// The members of a plain tar, and in how many reads they were found.
fn list(tar: &[u8]) -> (Vec<Member>, usize) {
    let mut lister = Lister::new(tar.len() as u64);
    let mut reads = 0;
    while let Some(range) = lister.wants() {
        lister.supply(&tar[range.start as usize..range.end as usize]);
        reads += 1;
    }
    let (members, anomalies) = lister.finish();
    assert_eq!(anomalies, [], "these outer tars are well-formed");
    (members, reads)
}

/// Resolves, reading what is wanted with `read`.
fn archive(members: &[Member], read: impl Fn(&Member) -> Vec<u8>) -> Archive {
    let mut documents = Documents::new();
    loop {
        match resolve(members, &documents) {
            Resolved::Wants(wants) => {
                for id in wants {
                    let earlier = documents.insert(id, read(&members[id.0 as usize]));
                    assert!(earlier.is_none(), "wanted twice");
                }
            }
            Resolved::Archive(archive) => return *archive,
            Resolved::NotAnImage => panic!("not an image"),
        }
    }
}

fn decode(mut stream: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(Compression::sniff(stream));
    let (mut content, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let progress = decoder.decode(stream, true, &mut buffer).unwrap();
        stream = &stream[progress.consumed..];
        content.extend_from_slice(&buffer[..progress.produced]);
        if progress.status == Status::Done {
            return content;
        }
    }
}

fn open_tar(path: &Path) -> Archive {
    let tar = decode(&fs::read(path).unwrap());
    let (members, reads) = list(&tar);
    // Never more than it would take to read the archive through in short steps.
    assert!(reads <= tar.len() / (64 << 10) + 2, "{reads} reads for {} bytes", tar.len());
    let content = |member: &Member| tar[member.offset as usize..][..member.size as usize].to_vec();
    archive(&members, content)
}

/// A directory is an archive too: its files are the members.
fn open_directory(root: &Path) -> Archive {
    let mut members = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            let size = File::open(&path).unwrap().metadata().unwrap().len();
            members.push(Member { path: name.into(), kind: MemberKind::File, offset: 0, size });
        }
    }
    archive(&members, |member| fs::read(root.join(member.path.to_string())).unwrap())
}

fn open(path: &Path) -> Archive {
    if path.is_dir() { open_directory(path) } else { open_tar(path) }
}

/// Layers that are not there; a blob that several images share counts once.
fn missing_layers(archive: &Archive) -> usize {
    let mut missing = HashSet::new();
    for image in &archive.images {
        for (index, layer) in image.layers.iter().enumerate().filter(|(_, layer)| layer.member.is_none()) {
            let place = || format!("layer {index} of {:?}", image.id);
            missing.insert(layer.stated_digest.as_ref().map_or_else(place, ToString::to_string));
        }
    }
    missing.len()
}

#[test]
fn every_archive_resolves_as_an_independent_program_read_it() {
    let mut checked = 0;
    let mut failures = Vec::new();
    for row in rows() {
        let archive = open(&row.path);
        let layers: Vec<usize> = archive.images.iter().map(|image| image.layers.len()).collect();
        let found = (archive.format, archive.images.len(), layers, missing_layers(&archive));
        let expected = (row.format, row.images, row.layers.clone(), row.missing_layers);
        if found != expected {
            failures.push(format!("{}: {found:?}, not {expected:?}", row.path.display()));
        }
        checked += 1;
    }
    eprintln!("{checked} archives checked");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
