//! The images that the servers hold, made by code.

use std::{
    fs,
    path::{Path, PathBuf},
};

use layerscope::{
    digest::Digest,
    fixture::{Archive, Image, Pack, Shape, Tar},
};
use serde_json::json;
use tempfile::TempDir;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Images of several layers, of which some are shared, as an OCI archive and as an OCI layout in a folder.
#[derive(Debug)]
pub struct Stored {
    folder: TempDir,
}

/// The tag of the first image; it has three layers.
pub const FIRST: &str = "first";
/// The tag of the second; its lower two layers are those of the first.
pub const SECOND: &str = "second";
/// The tag of an index of two platforms.
pub const MULTI: &str = "multi";

impl Stored {
    /// [`FIRST`], [`SECOND`] and [`MULTI`] with gzipped layers; the largest is of some 300 kB.
    pub fn new() -> Self {
        let archive = Archive::new(Shape::OciLayout)
            .pack(Pack::Gzip)
            .image(image(FIRST, "one"))
            .image(image(SECOND, "two"))
            .index(
                &format!("shop/web:{MULTI}"),
                vec![
                    image("amd64", "x86").platform("linux", "amd64").attested(),
                    image("arm64", "arm").platform("linux", "arm64").variant("v8"),
                ],
            );
        Self::of(&archive)
    }

    /// [`FIRST`] alone, of three layers of 6 MB: large enough to be read in threads while it comes.
    pub fn large() -> Self {
        let layer = |n: usize| Tar::new().file(format!("noise/{n}"), noise(6_000_000 + n));
        let image = (0..3).fold(Image::new().name(&format!("shop/web:{FIRST}")), |image, n| {
            image.layer(&layer(n), &format!("RUN make noise {n}"))
        });
        Self::of(&Archive::new(Shape::OciLayout).pack(Pack::Gzip).image(image))
    }

    /// The images of an archive of the fixtures; it must be an OCI layout.
    pub fn of(archive: &Archive) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bytes = archive.bytes();
        fs::write(folder.path().join("image.tar"), &bytes).unwrap();
        tar::Archive::new(bytes.as_slice()).unpack(folder.path().join("layout")).unwrap();
        Self { folder }
    }

    /// The archive: what may be dropped onto the page.
    pub fn archive(&self) -> PathBuf {
        self.folder.path().join("image.tar")
    }

    /// The folder with `oci-layout`, `index.json` and `blobs/`.
    pub fn layout(&self) -> PathBuf {
        self.folder.path().join("layout")
    }

    /// Adds a manifest about an image, with a document in it: by its subject, or under the tag that stands in for that.
    pub fn attach(&self, tag: &str, kind: &str, document: &[u8], stand_in: Option<&str>) {
        let (subject, _) = digests(&self.layout(), tag);
        let store = |bytes: &[u8]| {
            let digest = Digest::sha256(bytes);
            fs::write(self.layout().join("blobs/sha256").join(digest.hex()), bytes).unwrap();
            json!({ "digest": digest.to_string(), "size": bytes.len() })
        };
        let described = |mut descriptor: serde_json::Value, kind: &str| {
            descriptor["mediaType"] = json!(kind);
            descriptor
        };
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(store(b"{}"), "application/vnd.oci.empty.v1+json"),
            "layers": [described(store(document), kind)],
        });
        if stand_in.is_none() {
            manifest["artifactType"] = json!(kind);
            manifest["subject"] = json!({ "mediaType": MANIFEST, "digest": subject, "size": 1 });
        }
        let mut entry = described(store(manifest.to_string().as_bytes()), MANIFEST);
        match stand_in {
            Some(suffix) => {
                let name = format!("{}{suffix}", subject.replace(':', "-"));
                entry["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
            }
            None => entry["artifactType"] = json!(kind),
        }
        let path = self.layout().join("index.json");
        let mut index: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        index["manifests"].as_array_mut().unwrap().push(entry);
        fs::write(path, index.to_string()).unwrap();
    }

    /// An archive of one of its images alone, for comparing with what a pull of it gives.
    pub fn alone(&self, tag: &str) -> Vec<u8> {
        Archive::new(Shape::OciLayout)
            .pack(Pack::Gzip)
            .image(image(tag, if tag == FIRST { "one" } else { "two" }))
            .bytes()
    }

    /// What skopeo calls one of its images.
    pub fn source(&self, tag: &str) -> String {
        format!("oci:{}:{tag}", self.layout().display())
    }
}

/// The layers' digests of an image in a layout, bottom first, and its manifest's.
pub fn digests(layout: &Path, tag: &str) -> (String, Vec<String>) {
    let read =
        |path: &Path| -> serde_json::Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let index = read(&layout.join("index.json"));
    let named = |entry: &&serde_json::Value| entry["annotations"]["org.opencontainers.image.ref.name"] == tag;
    let entry = index["manifests"].as_array().unwrap().iter().find(named).unwrap();
    let manifest_digest = entry["digest"].as_str().unwrap().to_owned();
    let manifest = read(&layout.join("blobs").join(manifest_digest.replace(':', "/")));
    let layers = manifest["layers"].as_array().unwrap();
    (manifest_digest, layers.iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect())
}

fn image(tag: &str, own: &str) -> Image {
    let base = Tar::new()
        .dir("etc", 0o755)
        .file("etc/os-release", "ID=layerscope\n")
        .file("etc/motd", "hello\n")
        .file("usr/share/noise", noise(300_000));
    let middle = Tar::new().file("app/main.js", "console.log(1)\n").whiteout("etc/motd");
    let top = Tar::new().file("app/own", format!("{own}\n")).file("etc/os-release", format!("ID={own}\n"));
    Image::new()
        .name(&format!("shop/web:{tag}"))
        .env("PATH", "/usr/bin")
        .cmd(&["/app/main.js"])
        .layer(&base, "ADD base / # buildkit")
        .layer(&middle, "RUN /bin/sh -c rm /etc/motd # buildkit")
        .empty("ENV PATH=/usr/bin")
        .layer(&top, "COPY own / # buildkit")
}

/// Bytes that do not compress, always the same.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}
