//! Writes the inputs that the fuzzer begins with: `cargo run --no-default-features --example fuzz_seeds -- fuzz/seeds`.
//!
//! They are small, and have in them what a fuzzer would hardly come upon: whole headers, compressed streams,
//! documents, archives of each shape.

use std::{
    env,
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use bzip2::write::BzEncoder;
use flate2::GzBuilder;
use layerscope::fixture::{Archive, Image, Pack, Shape, Tar, pax_record};
use lzma_rust2::{FilterType, XzOptions, XzWriter};
use serde_json::json;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The bytes in front that choose how an input is split.
const CHOICES: [u8; 4] = [0; 4];

fn main() -> Result<()> {
    let root: PathBuf = env::args_os().nth(1).ok_or("usage: fuzz_seeds FOLDER")?.into();
    for (name, tar) in tars() {
        write(&root, "tar", name, &CHOICES, &tar)?;
    }
    for (name, stream) in streams()? {
        write(&root, "codec", name, &CHOICES, &stream)?;
    }
    for (name, archive) in archives() {
        write(&root, "archive", name, &CHOICES, &archive)?;
    }
    for (name, document) in documents()? {
        write(&root, "documents", name, b"", &document)?;
    }
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let long = format!("sha512:{}", "0a".repeat(64));
    let names = "latest\nx:latest\ndocker.io/library/x:latest\nlocalhost/x\nreg:5000/me/x@sha256:00\n\nx";
    let path = "/./a//../b/.wh.c/.wh..wh..opq/.wh..wh.plnk/.wh./";
    for (name, text) in [("sha256", digest), ("sha512", &long), ("names", names), ("path", path)] {
        write(&root, "references", name, b"", text.as_bytes())?;
    }
    for (name, byte) in [("dirs", 0), ("mixed", 0x35), ("more", 0x9d)] {
        let bytes: Vec<u8> = (0..200u8).map(|i| i.wrapping_mul(31).wrapping_mul(byte)).collect();
        write(&root, "merge", name, b"", &bytes)?;
    }
    Ok(())
}

fn write(root: &Path, target: &str, name: &str, choices: &[u8], bytes: &[u8]) -> Result<()> {
    let folder = root.join(target);
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), [choices, bytes].concat())?)
}

fn layer() -> Tar {
    Tar::new()
        .dir("etc", 0o755)
        .file("etc/motd", "welcome\n")
        .owner(1000, 3_000_000)
        .xattr("user.note", b"\0\n")
        .symlink("etc/link", "../motd")
        .hardlink("etc/hard", "etc/motd")
        .char_device("null", 1, 3)
        .fifo("pipe")
        .file(format!("{}long", "d/".repeat(60)), "x")
        .mtime(-1, 5)
}

fn upper() -> Tar {
    Tar::new().whiteout("etc/motd").opaque("d").file("etc/new", vec![7; 600])
}

/// A header with a body, by the `tar` crate; the header is changed before its checksum is taken.
fn member(name: &str, flag: u8, body: &[u8], change: impl FnOnce(&mut [u8; 512])) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    let bytes = header.as_mut_bytes();
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes[156] = flag;
    header.set_size(body.len() as u64);
    change(header.as_mut_bytes());
    header.set_cksum();
    let mut member = header.as_bytes().to_vec();
    member.extend_from_slice(body);
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

fn tars() -> Vec<(&'static str, Vec<u8>)> {
    let plain = |name, flag, body: &[u8]| member(name, flag, body, |_| {});
    let end = vec![0; 1024];
    let global = [pax_record("uid", "7"), pax_record("mtime", "1.5")].concat();
    let runs = |block: &mut [u8; 512]| {
        for (at, n) in [(386, 0), (398, 5), (410, 20), (422, 5), (483, 25)] {
            block[at..at + 12].copy_from_slice(format!("{n:011o}\0").as_bytes());
        }
    };
    let sparse_1_0 = [
        pax_record("GNU.sparse.major", "1"),
        pax_record("GNU.sparse.minor", "0"),
        pax_record("GNU.sparse.name", "s"),
        pax_record("GNU.sparse.realsize", "5000"),
    ];
    let mut map = b"2\n0\n100\n4500\n500\n".to_vec();
    map.resize(512 + 600, 1);
    let sparse_0_1 = [pax_record("GNU.sparse.size", "9"), pax_record("GNU.sparse.map", "0,1,8,1")].concat();
    vec![
        ("layer", layer().bytes()),
        ("whiteouts", upper().bytes()),
        ("without-end", upper().bytes_without_end()),
        ("behind-the-end", [end.clone(), layer().bytes()].concat()),
        (
            "gnu",
            [
                plain("././@LongLink", b'L', &[b'n'; 200]),
                plain("././@LongLink", b'K', b"target\0"),
                plain("n", b'2', b""),
                member("s", b'S', &[7; 10], runs),
                end.clone(),
            ]
            .concat(),
        ),
        (
            "pax",
            [
                plain("g", b'g', &global),
                plain("x", b'x', &sparse_1_0.concat()),
                plain("s", b'0', &map),
                plain("x", b'x', &sparse_0_1),
                plain("s", b'0', b"ab"),
                plain("x", b'x', &[pax_record("size", "3"), pax_record("path", "p")].concat()),
                member("base-256", b'0', b"abc", |block| block[124..136].fill(0xff)),
                end,
            ]
            .concat(),
        ),
    ]
}

fn streams() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let tar = layer().bytes();
    let mut gzip = GzBuilder::new()
        .filename("n")
        .comment("c")
        .extra([1, 2])
        .write(Vec::new(), flate2::Compression::best());
    gzip.write_all(&tar)?;
    let mut bzip2 = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&tar)?;
    // A small dictionary: it is cleared for each block.
    let mut options = XzOptions::with_preset(0);
    options.lzma_options.dict_size = 4096;
    let mut xz = XzWriter::new(Vec::new(), options.clone())?;
    xz.write_all(&tar)?;
    options.prepend_pre_filter(FilterType::Delta, 4);
    let mut delta = XzWriter::new(Vec::new(), options)?;
    delta.write_all(&tar)?;
    // A raw block, a run, an empty one; no checksum.
    let zstd_blocks = b"\x28\xb5\x2f\xfd\0\x50\x18\0\0raw\x02\x10\0r\x01\0\0";
    let skippable = b"\x5a\x2a\x4d\x18\x02\0\0\0hi";
    Ok(vec![
        ("content", b"the content of a stream, and again the content of a stream".to_vec()),
        ("gzip", gzip.finish()?),
        ("zstd", [&skippable[..], &Pack::Zstd.pack(&tar)].concat()),
        ("zstd-blocks", zstd_blocks.repeat(2)),
        ("bzip2", bzip2.finish()?),
        ("bzip2-empty", b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0".repeat(2)),
        ("xz", [xz.finish()?, vec![0; 4]].concat()),
        ("xz-delta", delta.finish()?),
    ])
}

fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let image = || {
        Image::new()
            .name("hello:latest")
            .env("PATH", "/bin")
            .cmd(&["sh"])
            .layer(&layer(), "COPY . / # buildkit")
            .empty("CMD [\"sh\"]")
            .layer(&upper(), "RUN /bin/sh -c rm")
    };
    let archive = |shape, pack| Archive::new(shape).pack(pack).image(image());
    vec![
        ("docker", archive(Shape::Docker, Pack::Plain).bytes()),
        ("docker-gzip", archive(Shape::Docker, Pack::Gzip).bytes()),
        ("docker-oci", archive(Shape::DockerOci, Pack::Plain).bytes()),
        ("oci", archive(Shape::OciLayout, Pack::Zstd).bytes()),
        (
            "index",
            Archive::new(Shape::OciLayout)
                .index("two:1", vec![image(), image().platform("linux", "arm64")])
                .bytes(),
        ),
        ("bare-layer", layer().bytes()),
        ("gzip", Pack::Gzip.pack(&archive(Shape::DockerOci, Pack::Plain).bytes())),
        ("zstd", Pack::Zstd.pack(&archive(Shape::OciLayout, Pack::Gzip).bytes())),
    ]
}

fn documents() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let image =
        Image::new().name("a:b").env("A", "b").label("l", "m").layer(&layer(), "RUN x").empty("CMD y");
    let built = image.build(Pack::Gzip);
    let docker = json!([{"Config": "c.json", "RepoTags": ["a:b"], "Layers": ["x/layer.tar"],
        "LayerSources": {"sha256:1": {"size": 3}}}]);
    let index = json!({"schemaVersion": 2, "manifests": [{"mediaType": "m", "digest": "sha256:00", "size": 1,
        "platform": {"os": "linux", "architecture": "amd64"}, "annotations": {"a": "b"}}]});
    Ok(vec![
        ("config", built.config),
        ("manifest", built.manifest),
        ("docker", serde_json::to_vec(&docker)?),
        ("index", serde_json::to_vec(&index)?),
        ("repositories", serde_json::to_vec(&json!({"a": {"latest": "0a"}, "b": null}))?),
        ("numbers", br#"{"n":[0,-1,1.5e3,18446744073709551615,true,null,"\ud83d\ude00\u0000"]}"#.to_vec()),
        ("twice", br#"{"a":1,"\u0061":2}"#.to_vec()),
    ])
}
