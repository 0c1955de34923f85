//! Every format that opens, as a table: what each is made of, and what is seen of it. The command line and the page are
//! held against the same rows, and `docs/formats.md` lists them.

#![allow(dead_code, reason = "each test uses its own part")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use layerscope::{
    anomaly::Code,
    digest::Digest,
    fixture::{Archive, Built, Image, Pack, Shape, Tar},
};
use lzma_rust2::{XzOptions, XzWriter};
use serde_json::{Value, json};

/// One row of `docs/formats.md`.
pub struct Case {
    /// Its name there.
    pub name: &'static str,
    /// Makes what is opened.
    pub make: fn() -> Input,
    /// `format` of the JSON.
    pub format: &'static str,
    /// `outer_compression` of the JSON.
    pub outer: &'static str,
    /// Its images, in order.
    pub images: Vec<Seen>,
    /// Every kind of anomaly that is told, and no other.
    pub codes: Vec<Code>,
    /// What the JSON holds besides: JSON pointers and values.
    pub json: Vec<(&'static str, Value)>,
    /// What the page says besides: selectors, and texts that each holds once its tab is open.
    pub page: Vec<(View, &'static str, &'static str)>,
}

/// A tab of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Files,
    Image,
    History,
    Trust,
}

impl View {
    /// Its name in the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Image => "image",
            Self::Trust => "trust",
            Self::History => "history",
        }
    }
}

/// What is opened.
pub enum Input {
    /// One file.
    File(Vec<u8>),
    /// A directory of these files.
    Directory(Tar),
}

impl Input {
    /// Writes it below a directory.
    pub fn write(&self, directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(name);
        match self {
            Self::File(bytes) => fs::write(&path, bytes).unwrap(),
            Self::Directory(files) => {
                for entry in files.entries.iter().filter(|entry| entry.flag == b'0') {
                    let file = path.join(std::str::from_utf8(&entry.path).unwrap());
                    fs::create_dir_all(file.parent().unwrap()).unwrap();
                    fs::write(file, &entry.body).unwrap();
                }
            }
        }
        path
    }
}

/// What is seen of an image.
#[derive(Clone)]
pub struct Seen {
    /// One of its names; `None` if it has none.
    pub name: Option<&'static str>,
    /// Its platform.
    pub platform: Option<&'static str>,
    /// How many layers its manifest has.
    pub layers: usize,
    /// Every path of the merged filesystem that an entry makes, sorted.
    pub paths: Vec<&'static str>,
    /// A file and its content.
    pub reads: Option<(&'static str, &'static str)>,
}

impl Seen {
    fn new(name: &'static str, layers: usize, paths: &[&'static str]) -> Self {
        let platform = Some("linux/amd64");
        Self { name: Some(name), platform, layers, paths: paths.to_vec(), reads: None }
    }

    /// What is seen of [`image`].
    fn app() -> Self {
        Self { reads: Some(("etc/motd", "bye")), ..Self::new("app:1", 2, &["etc", "etc/motd"]) }
    }

    fn nameless(self) -> Self {
        Self { name: None, ..self }
    }

    fn on(self, platform: Option<&'static str>) -> Self {
        Self { platform, ..self }
    }

    fn reading(self, path: &'static str, content: &'static str) -> Self {
        Self { reads: Some((path, content)), ..self }
    }
}

impl Case {
    /// A file in this format that holds [`image`], without a fault.
    fn new(name: &'static str, format: &'static str, make: fn() -> Input) -> Self {
        Self {
            name,
            make,
            format,
            outer: "none",
            images: vec![Seen::app()],
            codes: Vec::new(),
            json: Vec::new(),
            page: Vec::new(),
        }
    }

    fn outer(self, outer: &'static str) -> Self {
        Self { outer, ..self }
    }

    fn images(self, images: impl Into<Vec<Seen>>) -> Self {
        Self { images: images.into(), ..self }
    }

    fn codes(self, codes: &[Code]) -> Self {
        Self { codes: codes.to_vec(), ..self }
    }

    fn json(mut self, pointer: &'static str, value: impl Into<Value>) -> Self {
        self.json.push((pointer, value.into()));
        self
    }

    fn page(mut self, view: View, selector: &'static str, text: &'static str) -> Self {
        self.page.push((view, selector, text));
        self
    }
}

const STACK: &str = "[data-testid=stack]";
const IDENTITY: &str = "[data-testid=identity]";
const ANOMALIES: &str = "[data-testid=anomalies]";
const DIGESTS: &str = "[data-testid=digests]";
const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

fn lower() -> Tar {
    Tar::new().dir("etc", 0o755).file("etc/motd", "hello").file("etc/old", vec![7; 3000])
}

fn upper() -> Tar {
    Tar::new().whiteout("etc/old").file("etc/motd", "bye")
}

/// An image of two layers; most formats hold it.
fn image() -> Image {
    named("app:1")
}

fn named(name: &str) -> Image {
    Image::new().name(name).layer(&lower(), "ADD rootfs.tar / # buildkit").layer(&upper(), "RUN edit")
}

/// The same, its layers packed by `pack` and stated to be of a media type.
fn packed(pack: fn(&[u8]) -> Vec<u8>, media_type: &'static str) -> Input {
    let layer = |image: Image, tar: Tar, step| {
        let tar = tar.bytes();
        image.blob_layer(pack(&tar), tar, media_type, step)
    };
    let image = layer(Image::new().name("app:1"), lower(), "ADD rootfs.tar /");
    file(&Archive::new(Shape::OciLayout).image(layer(image, upper(), "RUN edit")))
}

fn file(archive: &Archive) -> Input {
    Input::File(archive.bytes())
}

/// The image as `docker save` has it, compressed as a whole.
fn compressed(pack: fn(&[u8]) -> Vec<u8>) -> Input {
    Input::File(pack(&Archive::new(Shape::Docker).image(image()).bytes()))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    Pack::Gzip.pack(bytes)
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    Pack::Zstd.pack(bytes)
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = XzWriter::new(Vec::new(), XzOptions::with_preset(0)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Some bytes that are no tar and not compressed by anything known.
fn scrambled(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().enumerate().map(|(i, byte)| byte ^ (i * 31 + 7) as u8).collect()
}

/// A `manifest.json` with config and layers under the names that a tool gives them.
fn docker(pack: Pack, config: fn(&Built) -> String, layer: fn(&Digest, &Digest) -> String) -> Tar {
    let built = image().build(pack);
    let config = config(&built);
    let mut tar = Tar::new().file(&config, &built.config);
    let mut layers = Vec::new();
    for blob in &built.layers {
        let path = layer(&blob.digest, &blob.diff_id);
        tar = tar.file(&path, blob.blob.as_ref().unwrap());
        layers.push(path);
    }
    let manifest = json!([{ "Config": config, "RepoTags": ["app:1"], "Layers": layers }]);
    tar.file("manifest.json", manifest.to_string())
}

/// What podman and skopeo write: plain tars in the root, and Docker's old directories with links to them.
fn podman() -> Tar {
    let json_name = |built: &Built| format!("{}.json", built.id().hex());
    let mut tar = docker(Pack::Plain, json_name, |_, diff_id| format!("{}.tar", diff_id.hex()));
    let mut parent = None;
    for layer in &image().build(Pack::Plain).layers {
        let (file, id) =
            (format!("{}.tar", layer.diff_id.hex()), Digest::sha256(layer.diff_id.hex().as_bytes()));
        let id = id.hex();
        let note = json!({ "id": id, "parent": parent });
        tar = tar
            .file(format!("{id}/VERSION"), "1.0")
            .symlink(format!("{id}/layer.tar"), format!("../{file}"))
            .file(format!("{id}/json"), note.to_string());
        parent = Some(id.to_owned());
    }
    tar.file("repositories", json!({ "app": { "1": parent } }).to_string())
}

/// What Docker wrote before version 1.10.
fn legacy() -> Tar {
    let mut tar = Tar::new();
    let mut parent = Value::Null;
    for (digit, layer, step) in [("1", lower(), "#(nop) ADD file:ab in /"), ("2", upper(), "edit")] {
        let id = digit.repeat(64);
        let config = json!({
            "id": id, "parent": parent, "os": "linux", "architecture": "amd64",
            "container_config": { "Cmd": ["/bin/sh", "-c", step] },
        });
        tar = tar
            .file(format!("{id}/VERSION"), "1.0")
            .file(format!("{id}/json"), config.to_string())
            .file(format!("{id}/layer.tar"), layer.bytes());
        parent = json!(id);
    }
    tar.file("repositories", json!({ "app": { "1": parent } }).to_string())
}

/// An OCI layout whose index leads to one more document.
fn beside(document: &Value) -> Input {
    let text = document.to_string();
    let digest = Digest::sha256(text.as_bytes());
    let descriptor = json!({ "digest": digest, "size": text.len() });
    let archive = Archive::new(Shape::OciLayout).image(image()).edit_index(move |index| {
        index["manifests"].as_array_mut().unwrap().push(descriptor.clone());
    });
    Input::File(archive.members().file(format!("blobs/sha256/{}", digest.hex()), text).bytes())
}

/// The layers of a Windows image: a base with hives and the utility VM, and a step that deletes, changes and links.
fn windows_layers() -> [Tar; 2] {
    let base = Tar::new()
        .dir("Files", 0o755)
        .dir("Files/Windows", 0o755)
        .record("MSWINDOWS.fileattr", "16")
        .file("Files/Windows/notepad.exe", "MZ")
        .record("MSWINDOWS.rawsd", "AQAAgA==")
        .file("Files/Windows/old.dll", "MZ old")
        .dir("Hives", 0o755)
        .file("Hives/SOFTWARE", "regf")
        .dir("UtilityVM", 0o755)
        .file("UtilityVM/Files/bootmgr.efi", "MZ");
    let step = Tar::new()
        .dir("Files", 0o755)
        .whiteout("Files/Windows/old.dll")
        .file("Files/app.exe", "MZ app")
        .hardlink("Files/link.exe", "Files/app.exe")
        .dir("Hives", 0o755)
        .file("Hives/SOFTWARE", "regf changed");
    [base, step]
}

const WINDOWS_PATHS: [&str; 9] = [
    "Hives",
    "Hives/SOFTWARE",
    "UtilityVM",
    "UtilityVM/Files/bootmgr.efi",
    "Windows",
    "Windows/notepad.exe",
    "app.exe",
    "link.exe",
    "",
];

/// Every row.
pub fn cases() -> Vec<Case> {
    [archives(), tools(), layers(), windows()].into_iter().flatten().collect()
}

/// The shapes of an archive.
fn archives() -> Vec<Case> {
    use Code::*;
    vec![
        Case::new("docker save, 1.10 to 24", "docker-archive", || {
            file(&Archive::new(Shape::Docker).image(image()))
        })
        .page(View::Image, IDENTITY, "Docker archive"),
        Case::new("a repeated layer that is a symbolic link", "docker-archive", || {
            let longer = named("app:2").layer(&lower(), "RUN again");
            let members = Archive::new(Shape::Docker).image(image()).image(longer).members();
            assert!(members.entries.iter().any(|entry| entry.flag == b'2'));
            Input::File(members.bytes())
        })
        .images([
            Seen::app(),
            Seen::new("app:2", 3, &["etc", "etc/motd", "etc/old"]).reading("etc/motd", "hello"),
        ]),
        Case::new("docker save since 25", "docker-oci", || {
            file(&Archive::new(Shape::DockerOci).image(image()))
        }),
        Case::new("docker save since 25, index and manifest.json disagree", "docker-oci", || {
            let hidden = image().build(Pack::Plain);
            let (id, layer) = (hidden.id(), hidden.layers[0].digest.clone());
            let other = Image::new().name("other:1").layer(&Tar::new().file("a", "1"), "ADD a /");
            let archive = Archive::new(Shape::DockerOci).image(other).edit_docker_manifest(move |rows| {
                let row = json!({
                    "Config": format!("blobs/sha256/{}", id.hex()), "RepoTags": ["hidden:1"],
                    "Layers": [format!("blobs/sha256/{}", layer.hex())],
                });
                rows.as_array_mut().unwrap().push(row);
            });
            let mut members = archive.members();
            members = members.file(format!("blobs/sha256/{}", hidden.id().hex()), &hidden.config);
            let blob = hidden.layers[0].blob.as_ref().unwrap();
            Input::File(members.file(format!("blobs/sha256/{}", hidden.layers[0].digest.hex()), blob).bytes())
        })
        .images([Seen::new("other:1", 1, &["a"]), Seen::new("hidden:1", 1, &["etc", "etc/motd", "etc/old"])])
        .codes(&[ManifestsDisagree, DiffIdCount, HistoryCount])
        .page(View::Trust, ANOMALIES, "manifests-disagree"),
        Case::new("docker save before 1.10, repositories only", "docker-legacy", || {
            Input::File(legacy().bytes())
        })
        .page(View::Image, IDENTITY, "Docker archive from before 1.10")
        .page(View::History, "[data-testid=view-history]", "ADD file:ab /"),
        Case::new(
            "OCI layout as a tar, ./ before its paths, layers after what names them",
            "oci-layout",
            || {
                let members = Archive::new(Shape::OciLayout).image(image()).members();
                let index_first = members.first(|path| path == b"index.json" || path == b"oci-layout");
                Input::File(index_first.prefixed("./").bytes())
            },
        ),
        Case::new("OCI layout as a directory", "oci-layout", || {
            Input::Directory(Archive::new(Shape::OciLayout).pack(Pack::Gzip).image(image()).members())
        }),
        Case::new("docker save as a directory", "docker-archive", || {
            Input::Directory(Archive::new(Shape::Docker).image(image()).members())
        }),
        Case::new("several platforms under one nested index", "oci-layout", || {
            let arm = || image().platform("linux", "arm64").variant("v8");
            file(&Archive::new(Shape::OciLayout).index("app:1", vec![image(), arm()]))
        })
        .images([Seen::app(), Seen::app().on(Some("linux/arm64/v8"))]),
        Case::new("an image with its attestation", "oci-layout", || {
            file(&Archive::new(Shape::OciLayout).pack(Pack::Gzip).image(image().attested()))
        })
        .json("/images/0/attestations/0/predicate_types/0", "https://slsa.dev/provenance/v0.2")
        .page(View::Image, IDENTITY, "https://slsa.dev/provenance/v0.2"),
        Case::new("docker save by id, manifests: null", "docker-oci", || {
            let nameless = Image::new().layer(&lower(), "ADD x /").layer(&upper(), "RUN edit");
            let archive = Archive::new(Shape::DockerOci)
                .image(nameless)
                .edit_index(|index| index["manifests"] = Value::Null);
            file(&archive)
        })
        .images([Seen::app().nameless()]),
        Case::new("several images in one archive", "docker-oci", || {
            let other = Image::new().name("other:1").layer(&lower(), "ADD rootfs.tar /");
            file(&Archive::new(Shape::DockerOci).image(image()).image(other))
        })
        .images([Seen::app(), Seen::new("other:1", 1, &["etc", "etc/motd", "etc/old"])]),
        Case::new("gzip around the archive", "docker-archive", || compressed(gzip)).outer("gzip"),
        Case::new("zstd around the archive", "docker-archive", || compressed(zstd)).outer("zstd"),
        Case::new("bzip2 around the archive", "docker-archive", || compressed(bzip2)).outer("bzip2"),
        Case::new("xz around the archive", "docker-archive", || compressed(xz)).outer("xz"),
        Case::new("docker export", "bare-layer", || {
            let root = Tar::new().file(".dockerenv", "").dir("etc", 0o755).file("etc/motd", "hello");
            Input::File(root.bytes())
        })
        .images([Seen::new("", 1, &[".dockerenv", "etc", "etc/motd"])
            .nameless()
            .on(None)
            .reading("etc/motd", "hello")])
        .codes(&[BareLayer])
        .page(View::Trust, ANOMALIES, "bare-layer"),
        Case::new("one layer by itself, packed or not", "bare-layer", || Input::File(gzip(&upper().bytes())))
            .images([Seen::new("", 1, &["etc/motd"]).nameless().on(None).reading("etc/motd", "bye")])
            .codes(&[BareLayer, WhiteoutOfNothing])
            .json("/images/0/layers/0/compression", "gzip"),
        Case::new("a schema 1 manifest in a layout", "oci-layout", || {
            beside(&json!({ "schemaVersion": 1, "name": "old", "fsLayers": [], "history": [] }))
        })
        .codes(&[JsonInvalid])
        .page(View::Trust, ANOMALIES, "schema 1"),
        Case::new("an artifact that is no image", "oci-layout", || {
            let layer = json!({ "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json" });
            beside(&json!({ "schemaVersion": 2, "config": {}, "layers": [layer] }))
        })
        .codes(&[ManifestArtifact])
        .page(View::Trust, ANOMALIES, "manifest-artifact"),
    ]
}

/// The names that tools give to what is in a `manifest.json`.
fn tools() -> Vec<Case> {
    vec![
        Case::new("podman save, skopeo copy docker-archive:", "docker-archive", || {
            Input::File(podman().bytes())
        }),
        Case::new("BuildKit, type=docker", "docker-oci", || {
            file(&Archive::new(Shape::DockerOci).pack(Pack::Gzip).image(image().attested()))
        })
        .json("/images/0/attestations/0/predicate_types/0", "https://slsa.dev/provenance/v0.2"),
        Case::new("kaniko, crane: sha256: before the config's name", "docker-archive", || {
            let names = |digest: &Digest, _: &Digest| format!("{}.tar.gz", digest.hex());
            Input::File(docker(Pack::Gzip, |built| built.id().to_string(), names).bytes())
        })
        .json("/images/0/layers/0/compression", "gzip"),
        Case::new("jib: config.json", "docker-archive", || {
            let names = |digest: &Digest, _: &Digest| format!("{}.tar.gz", digest.hex());
            Input::File(docker(Pack::Gzip, |_| "config.json".to_owned(), names).bytes())
        }),
        Case::new("bazel, rules_oci: blobs with an ending", "docker-archive", || {
            let config = |built: &Built| format!("blobs/sha256/{}", built.id().hex());
            let names = |digest: &Digest, _: &Digest| format!("blobs/sha256/{}.tar.gz", digest.hex());
            Input::File(docker(Pack::Gzip, config, names).bytes())
        }),
        Case::new("nix dockerTools: layer.tar in directories, ./ before its paths", "docker-archive", || {
            let config = |built: &Built| format!("{}.json", built.id().hex());
            let names = |_: &Digest, diff_id: &Digest| format!("{}/layer.tar", diff_id.hex());
            Input::File(docker(Pack::Plain, config, names).prefixed("./").bytes())
        }),
    ]
}

/// What a layer may be.
fn layers() -> Vec<Case> {
    use Code::*;
    vec![
        Case::new("layers: tar", "oci-layout", || {
            packed(<[u8]>::to_vec, "application/vnd.oci.image.layer.v1.tar")
        })
        .json("/images/0/layers/0/compression", "none"),
        Case::new("layers: gzip, several members", "oci-layout", || {
            packed(|tar| tar.chunks(700).flat_map(gzip).collect(), GZIP)
        })
        .json("/images/0/layers/0/compression", "gzip"),
        Case::new("layers: zstd, several frames, skippable ones among them", "oci-layout", || {
            let frames = |tar: &[u8]| -> Vec<u8> {
                let skippable = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
                tar.chunks(700).flat_map(|part| [&skippable[..], &zstd(part)].concat()).collect()
            };
            packed(frames, "application/vnd.oci.image.layer.v1.tar+zstd")
        })
        .json("/images/0/layers/0/compression", "zstd"),
        Case::new("layers: zstd, Docker's media type", "oci-layout", || {
            packed(zstd, "application/vnd.docker.image.rootfs.diff.tar.zstd")
        })
        .json("/images/0/layers/0/compression", "zstd"),
        Case::new("layers: bzip2", "oci-layout", || packed(bzip2, "application/octet-stream"))
            .json("/images/0/layers/0/compression", "bzip2"),
        Case::new("layers: xz", "oci-layout", || packed(xz, "application/octet-stream"))
            .json("/images/0/layers/0/compression", "xz"),
        Case::new("layers: eStargz", "oci-layout", || {
            let layer = lower().estargz();
            let toc = layer.toc.clone();
            let image =
                Image::new().name("app:1").blob_layer(layer.blob, layer.tar, GZIP, "ADD rootfs.tar /");
            let image = image.edit_manifest(move |manifest| {
                manifest["layers"][0]["annotations"] =
                    json!({ "containerd.io/snapshot/stargz/toc.digest": toc });
            });
            file(&Archive::new(Shape::OciLayout).image(image))
        })
        .images([Seen::new(
            "app:1",
            1,
            &[".no.prefetch.landmark", "etc", "etc/motd", "etc/old", "stargz.index.json"],
        )
        .reading("etc/motd", "hello")])
        .json("/images/0/layers/0/lazy", "estargz")
        .page(View::Files, STACK, "eStargz: runtimes can pull it file by file")
        .page(View::Files, "[data-path='stargz.index.json']", "eStargz table of contents")
        .page(View::Files, "[data-path='.no.prefetch.landmark']", "eStargz mark")
        .page(View::Trust, DIGESTS, "eStargz")
        .page(View::Trust, DIGESTS, "containerd.io/snapshot/stargz/toc.digest"),
        Case::new("layers: zstd:chunked", "oci-layout", || {
            let layer = lower().zstd_chunked();
            let media_type = "application/vnd.oci.image.layer.v1.tar+zstd";
            let image =
                Image::new().name("app:1").blob_layer(layer.blob, layer.tar, media_type, "ADD rootfs.tar /");
            let toc = layer.toc;
            let image = image.edit_manifest(move |manifest| {
                let key = "io.github.containers.zstd-chunked.manifest-checksum";
                manifest["layers"][0]["annotations"][key] = json!(toc);
            });
            file(&Archive::new(Shape::OciLayout).image(image))
        })
        .images([Seen::new("app:1", 1, &["etc", "etc/motd", "etc/old"]).reading("etc/motd", "hello")])
        .json("/images/0/layers/0/lazy", "zstd-chunked")
        .page(View::Files, STACK, "zstd:chunked: runtimes can pull it file by file")
        .page(View::Trust, DIGESTS, "io.github.containers.zstd-chunked.manifest-checksum"),
        Case::new("layers: encrypted", "oci-layout", || {
            let image = Image::new()
                .name("app:1")
                .layer(&lower(), "ADD rootfs.tar /")
                .blob_layer(
                    scrambled(&upper().bytes()),
                    upper().bytes(),
                    "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
                    "COPY secret /",
                )
                .layer(&Tar::new().file("etc/motd", "bye"), "RUN edit");
            file(&Archive::new(Shape::OciLayout).image(image))
        })
        .images([Seen::new("app:1", 3, &["etc", "etc/motd", "etc/old"]).reading("etc/motd", "bye")])
        .codes(&[CodecUnsupported])
        .json("/images/0/layers/1/unreadable", "encrypted")
        .json("/images/0/layers/1/digest_verified", true)
        .json("/images/0/layers/1/diff_id_verified", Value::Null)
        .page(View::Files, "[data-testid=layer-1]", "unreadable: encrypted"),
        Case::new("layers: a compression that is not supported", "docker-archive", || {
            let lz4 = [&[0x04, 0x22, 0x4d, 0x18][..], &scrambled(&upper().bytes())].concat();
            let image = Image::new().name("app:1").layer(&lower(), "ADD rootfs.tar /").blob_layer(
                lz4,
                upper().bytes(),
                "",
                "RUN edit",
            );
            file(&Archive::new(Shape::Docker).image(image))
        })
        .images([Seen::new("app:1", 2, &["etc", "etc/motd", "etc/old"]).reading("etc/motd", "hello")])
        .codes(&[CodecUnsupported])
        .json("/images/0/layers/1/unreadable", "lz4")
        .page(View::Files, "[data-testid=layer-1]", "unreadable: lz4"),
    ]
}

fn windows() -> Vec<Case> {
    use Code::*;
    let paths = || WINDOWS_PATHS[..8].to_vec();
    let seen = |name, platform| Seen {
        name,
        platform,
        layers: 2,
        paths: paths(),
        reads: Some(("link.exe", "MZ app")),
    };
    vec![
        Case::new("Windows images: Files, Hives, UtilityVM", "oci-layout", || {
            let [base, step] = windows_layers();
            let preferences = "$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue';";
            let image = Image::new()
                .name("win:1")
                .platform("windows", "amd64")
                .edit_config(|config| config["os.version"] = json!("10.0.17763.5458"))
                .layer(&base, "Apply image 1809-RTM-amd64")
                .layer(&step, &format!("powershell -Command {preferences} Remove-Item C:\\Windows\\old.dll"));
            file(&Archive::new(Shape::OciLayout).pack(Pack::Gzip).image(image))
        })
        .images([seen(Some("win:1"), Some("windows/amd64"))])
        .json("/images/0/history/1/instruction", "RUN Remove-Item C:\\Windows\\old.dll")
        .page(View::Image, "[data-testid=inside]", "Windows 10.0.17763.5458")
        .page(View::Files, "[data-path='Hives']", "registry hives")
        .page(View::Files, "[data-path='UtilityVM']", "utility VM")
        .page(View::History, "[data-testid=view-history]", "RUN Remove-Item C:\\Windows\\old.dll"),
        Case::new("a Windows layer by itself", "bare-layer", || Input::File(windows_layers()[0].bytes()))
            .images([Seen::new(
                "",
                1,
                &[
                    "Hives",
                    "Hives/SOFTWARE",
                    "UtilityVM",
                    "UtilityVM/Files/bootmgr.efi",
                    "Windows",
                    "Windows/notepad.exe",
                    "Windows/old.dll",
                ],
            )
            .nameless()
            .on(None)
            .reading("Windows/notepad.exe", "MZ")])
            .codes(&[BareLayer])
            .page(View::Files, "[data-path='Hives']", "registry hives"),
        Case::new("a foreign layer that lies elsewhere", "oci-layout", || {
            let [_, step] = windows_layers();
            let image = Image::new()
                .name("win:1")
                .platform("windows", "amd64")
                .foreign_layer("https://example.com/layers/base", 1_000_000, "Apply image 1809-RTM-amd64")
                // What it deletes is not there.
                .layer(&step.without("Files/Windows/.wh.old.dll"), "cmd /S /C copy app.exe C:\\");
            file(&Archive::new(Shape::OciLayout).image(image))
        })
        .images([Seen {
            paths: vec!["Hives", "Hives/SOFTWARE", "app.exe", "link.exe"],
            ..seen(Some("win:1"), Some("windows/amd64"))
        }])
        .codes(&[LayerForeign])
        .json("/images/0/layers/0/foreign", true)
        .json("/images/0/layers/0/urls/0", "https://example.com/layers/base")
        .json("/images/0/layers/0/digest", Value::Null)
        .page(View::Files, "[data-testid=layer-0]", "never fetched")
        .page(View::Files, "[data-testid=layer-0]", "https://example.com/layers/base"),
    ]
}
