//! Rows 28 to 37: documents that lie, contradict each other, or never end.

use layerscope::{
    anomaly::Code::*,
    digest::{Algorithm, Digest, Digester},
    fixture::{Archive, Built, Image, Pack, Shape, Tar},
    image::{DocumentKind, Format},
    limits,
};
use serde_json::{Value, json};

use super::case::Case;

fn image() -> Image {
    Image::new().name("hostile:latest").layer(&Tar::new().file("a", "1"), "RUN x")
}

fn oci(image: Image) -> Vec<u8> {
    Archive::new(Shape::OciLayout).image(image).bytes()
}

fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

/// An OCI layout of one image, changed file by file.
fn changed(change: impl FnOnce(&mut Tar, &Built)) -> Vec<u8> {
    let mut members = Archive::new(Shape::OciLayout).image(image()).members();
    change(&mut members, &image().build(Pack::Plain));
    members.bytes()
}

/// An OCI layout whose `index.json` is this text.
fn index_json(text: impl Into<Vec<u8>>) -> Vec<u8> {
    changed(|members, _| members.find_mut("index.json").unwrap().body = text.into())
}

/// An OCI layout whose `index.json` leads to this document besides the image.
fn led_to(document: &Value) -> Vec<u8> {
    let text = document.to_string();
    let digest = Digest::sha256(text.as_bytes());
    let descriptor = json!({ "digest": digest, "size": text.len() });
    let archive = Archive::new(Shape::OciLayout).image(image()).edit_index(move |index| {
        index["manifests"].as_array_mut().unwrap().push(descriptor.clone());
    });
    archive.members().file(blob_path(&digest), text).bytes()
}

/// Indexes one in the other, `depth` of them below `index.json`, an image at the end.
fn nested(depth: usize) -> Vec<u8> {
    let built = image().build(Pack::Plain);
    let manifest = std::str::from_utf8(&built.manifest).unwrap();
    let mut members = Archive::new(Shape::OciLayout).image(image()).members();
    let mut inner = json!({ "digest": built.manifest_digest(), "size": manifest.len() });
    for _ in 0..depth {
        let text = json!({ "schemaVersion": 2, "manifests": [inner] }).to_string();
        let digest = Digest::sha256(text.as_bytes());
        inner = json!({ "digest": digest, "size": text.len() });
        members = members.file(blob_path(&digest), text);
    }
    members.find_mut("index.json").unwrap().body =
        json!({ "schemaVersion": 2, "manifests": [inner] }).to_string().into_bytes();
    members.bytes()
}

/// What Docker saved before 1.10, one layer, with these links to parents.
fn legacy(parent: Option<&str>) -> Vec<u8> {
    let id = "a".repeat(64);
    let mut config = json!({ "id": id, "container_config": { "Cmd": ["/bin/sh", "-c", "make"] } });
    if let Some(parent) = parent {
        config["parent"] = json!(parent);
    }
    Tar::new()
        .file(format!("{id}/VERSION"), "1.0")
        .file(format!("{id}/json"), config.to_string())
        .file(format!("{id}/layer.tar"), Tar::new().file("a", "1").bytes())
        .file("repositories", json!({ "old": { "1": id } }).to_string())
        .bytes()
}

pub fn rows() -> Vec<Case> {
    vec![
        Case::opens(28, "index.json is index and manifest at once", &[ManifestAmbiguous], || {
            Archive::new(Shape::OciLayout)
                .image(image())
                .edit_index(|index| index["layers"] = json!([]))
                .bytes()
        })
        .without_images(),
        Case::opens(28, "a manifest that is an index too", &[ManifestAmbiguous], || {
            oci(image().edit_manifest(|manifest| manifest["manifests"] = json!([])))
        })
        .without_images(),
        Case::opens(29, "a key twice", &[JsonInvalid], || index_json(r#"{"manifests":[],"manifests":[]}"#))
            .without_images()
            .also(|opened| assert!(opened.anomaly(JsonInvalid).message.contains("twice"))),
        Case::opens(29, "a byte-order mark", &[JsonInvalid], || {
            index_json(b"\xef\xbb\xbf{\"manifests\":[]}")
        })
        .without_images(),
        Case::opens(29, "a document beyond the limit", &[JsonTooLarge], || {
            index_json(vec![b' '; limits::JSON_DOCUMENT as usize + 1])
        })
        .without_images(),
        Case::opens(29, "nested 10 000 deep", &[JsonInvalid], || {
            index_json([r#"{"manifests":"#, &"[".repeat(10_000), &"]".repeat(10_000), "}"].concat())
        })
        .without_images(),
        Case::opens(29, "a config that is no JSON", &[JsonInvalid, DigestMismatch, SizeMismatch], || {
            changed(|members, built| {
                members.find_mut(blob_path(&built.id())).unwrap().body = b"{\"rootfs\":".to_vec();
            })
        })
        // The layers are the manifest's.
        .lists(&["a"])
        .reads("a", "1")
        .also(|opened| {
            let config =
                opened.report.documents.iter().find(|document| document.kind == DocumentKind::Config);
            let config = config.unwrap();
            assert_eq!((config.digest_verified, config.size_verified), (Some(false), Some(false)));
        }),
        Case::opens(30, "a digest that is a path", &[DigestInvalid], || {
            oci(image().edit_manifest(|manifest| manifest["layers"][0]["digest"] = "sha256:../../x".into()))
        }),
        Case::opens(30, "a digest of the wrong length", &[DigestInvalid], || {
            oci(image().edit_manifest(|manifest| manifest["layers"][0]["digest"] = "sha256:abc".into()))
        }),
        Case::opens(30, "an unknown algorithm", &[DigestInvalid], || {
            let md5 = format!("md5:{}", "0".repeat(32));
            oci(image().edit_manifest(move |manifest| manifest["layers"][0]["digest"] = json!(md5)))
        }),
        Case::opens(30, "a DiffId that is none", &[DigestInvalid], || {
            oci(image().edit_config(|config| config["rootfs"]["diff_ids"][0] = "sha256:../x".into()))
        })
        .lists(&["a"])
        .also(|opened| assert_eq!(opened.layer(0).diff_id_verified, None)),
        Case::opens(30, "SHA-512 is verified", &[], || {
            let mut sha512 = Digester::new(Algorithm::Sha512);
            let tar = Tar::new().file("a", "1").bytes();
            sha512.update(&tar);
            let digest = sha512.finish();
            let path = blob_path(&digest);
            let image =
                image().edit_manifest(move |manifest| manifest["layers"][0]["digest"] = json!(digest));
            let members = Archive::new(Shape::OciLayout).image(image).members();
            members.without(blob_path(&Digest::sha256(&tar))).file(path, tar).bytes()
        })
        .lists(&["a"])
        .also(|opened| {
            let layer = opened.layer(0);
            assert_eq!((layer.digest_verified, layer.diff_id_verified), (Some(true), Some(true)));
            assert_eq!(layer.digest.as_ref().unwrap().algorithm(), Algorithm::Sha512);
        }),
        Case::opens(31, "a layer with other bytes", &[DigestMismatch, DiffIdMismatch], || {
            changed(|members, built| {
                let layer = members.find_mut(blob_path(&built.layers[0].digest)).unwrap();
                layer.body = Tar::new().file("a", "2").bytes();
            })
        })
        .lists(&["a"])
        .reads("a", "2")
        .also(|opened| {
            let layer = opened.layer(0);
            assert_eq!((layer.digest_verified, layer.diff_id_verified), (Some(false), Some(false)));
        }),
        Case::opens(31, "another size than stated", &[SizeMismatch], || {
            oci(image().edit_manifest(|manifest| manifest["layers"][0]["size"] = 1.into()))
        })
        .lists(&["a"]),
        Case::opens(31, "another DiffId than stated", &[DiffIdMismatch], || {
            let zeros = format!("sha256:{}", "0".repeat(64));
            oci(image().edit_config(move |config| config["rootfs"]["diff_ids"][0] = json!(zeros)))
        })
        .lists(&["a"])
        .reads("a", "1"),
        Case::opens(32, "an index that leads to itself", &[DigestMismatch, IndexCycle], || {
            let own = Digest::sha256(b"own");
            let index = json!({ "manifests": [{ "digest": own }] }).to_string();
            let archive = Archive::new(Shape::OciLayout).image(image()).edit_index({
                let own = own.clone();
                move |index| index["manifests"].as_array_mut().unwrap().push(json!({ "digest": own }))
            });
            archive.members().file(blob_path(&own), index).bytes()
        })
        .lists(&["a"]),
        Case::opens(32, "indexes eight deep", &[], || nested(limits::INDEX_DEPTH)).lists(&["a"]),
        Case::opens(32, "indexes nine deep", &[IndexLimit], || nested(limits::INDEX_DEPTH + 1))
            .without_images(),
        Case::opens(32, "more than 10 000 manifests", &[IndexLimit], || {
            let index = r#"{"manifests":[]}"#;
            let empty = Digest::sha256(index.as_bytes());
            let path = blob_path(&empty);
            let archive = Archive::new(Shape::OciLayout).image(image()).edit_index(move |index| {
                let manifests = index["manifests"].as_array_mut().unwrap();
                manifests.extend(std::iter::repeat_n(json!({ "digest": empty }), limits::MANIFESTS));
            });
            archive.members().file(path, index).bytes()
        })
        .lists(&["a"]),
        Case::opens(33, "index.json and manifest.json name different layers", &[ManifestsDisagree], || {
            let two = image().layer(&Tar::new().file("b", "2"), "RUN y");
            Archive::new(Shape::DockerOci)
                .image(two)
                .edit_docker_manifest(|manifest| drop(manifest[0]["Layers"].as_array_mut().unwrap().pop()))
                .bytes()
        })
        // The index is believed.
        .lists(&["a", "b"]),
        Case::opens(33, "an image that only manifest.json names", &[ManifestsDisagree], || {
            let hidden = Image::new().name("hidden:1").layer(&Tar::new().file("h", "1"), "RUN h");
            Archive::new(Shape::DockerOci)
                .image(image())
                .image(hidden)
                .edit_index(|index| drop(index["manifests"].as_array_mut().unwrap().pop()))
                .bytes()
        })
        .lists(&["a"])
        .also(|opened| assert_eq!(opened.report.images.len(), 2, "both are shown")),
        Case::opens(34, "more layers than DiffIds and history", &[DiffIdCount, HistoryCount], || {
            oci(image().layer_without_history(Tar::new().file("b", "2").bytes()).edit_config(|config| {
                drop(config["rootfs"]["diff_ids"].as_array_mut().unwrap().pop());
            }))
        })
        .lists(&["a", "b"])
        .also(|opened| {
            assert_eq!(opened.layer(0).diff_id_verified, Some(true));
            assert_eq!(opened.layer(1).diff_id_verified, None);
        }),
        Case::opens(34, "more history than layers", &[HistoryCount], || oci(image().step("RUN lost", false)))
            .lists(&["a"])
            .also(|opened| assert_eq!(opened.report.images[0].history.len(), 2)),
        Case::opens(34, "null for history, DiffIds and config", &[DiffIdCount, HistoryCount], || {
            oci(image().edit_config(|config| {
                config["history"] = Value::Null;
                config["rootfs"] = Value::Null;
                config["config"] = Value::Null;
            }))
        })
        .lists(&["a"])
        .reads("a", "1"),
        Case::opens(34, "null for layers", &[DiffIdCount, HistoryCount], || {
            oci(image().edit_manifest(|manifest| manifest["layers"] = Value::Null))
        }),
        Case::opens(34, "null for tags", &[], || {
            Archive::new(Shape::Docker)
                .image(image())
                .edit_docker_manifest(|manifest| manifest[0]["RepoTags"] = Value::Null)
                .bytes()
        })
        .lists(&["a"]),
        Case::opens(35, "a layer that is a link inside the archive", &[], || {
            let shared = Tar::new().file("shared", "1");
            let image = |name: &str| {
                Image::new().name(name).layer(&Tar::new().file(name, name), "RUN a").layer(&shared, "RUN b")
            };
            Archive::new(Shape::Docker).image(image("one")).image(image("two")).bytes()
        })
        .lists(&["one", "shared"])
        .reads("shared", "1"),
        Case::opens(35, "a layer that is a link out of the archive", &[MemberLink], || {
            let archive = Archive::new(Shape::Docker).image(image());
            let layer = |path: &[u8]| path.ends_with(b"/layer.tar");
            let mut members = archive.members();
            let entry = members.entries.iter_mut().find(|entry| layer(&entry.path)).unwrap();
            (entry.flag, entry.link, entry.body) = (b'2', b"../../../etc/passwd".to_vec(), Vec::new());
            members.bytes()
        })
        .also(|opened| assert_eq!(opened.layer(0).digest, None)),
        Case::opens(35, "a layer that links to itself", &[MemberLink], || {
            let mut members = Archive::new(Shape::Docker).image(image()).members();
            let entry = members.entries.iter_mut().find(|entry| entry.path.ends_with(b"/layer.tar")).unwrap();
            (entry.flag, entry.link, entry.body) = (b'2', b"layer.tar".to_vec(), Vec::new());
            members.bytes()
        }),
        Case::opens(36, "a foreign layer", &[LayerForeign], || {
            oci(image().foreign_layer("https://example.com/base.tar", 7, "ADD base"))
        })
        .lists(&["a"])
        .also(|opened| assert_eq!(opened.layer(1).digest, None)),
        Case::opens(36, "a layer that is missing", &[BlobMissing], || {
            let two = || image().layer(&Tar::new().file("b", "2"), "RUN y");
            let built = two().build(Pack::Plain);
            let members = Archive::new(Shape::OciLayout).image(two()).members();
            members.without(blob_path(&built.layers[0].digest)).bytes()
        })
        .lists(&["b"])
        .reads("b", "2")
        .also(|opened| assert_eq!(opened.report.images[0].layers.len(), 2, "its place is kept")),
        Case::opens(36, "a manifest that is missing", &[BlobMissing], || {
            let built = image().build(Pack::Plain);
            let members = Archive::new(Shape::OciLayout).image(image()).members();
            members.without(blob_path(&built.manifest_digest())).bytes()
        })
        .without_images()
        .also(|opened| {
            let manifest = &opened.report.documents[0];
            assert_eq!((&manifest.path, &manifest.digest, manifest.digest_verified), (&None, &None, None));
            assert!(manifest.stated_digest.is_some());
        }),
        Case::opens(37, "a schema 1 manifest", &[JsonInvalid], || {
            led_to(&json!({ "schemaVersion": 1, "name": "old", "fsLayers": [], "history": [] }))
        })
        .lists(&["a"])
        .also(|opened| assert!(opened.anomaly(JsonInvalid).message.contains("schema 1"))),
        Case::opens(37, "repositories alone", &[], || legacy(None)).lists(&["a"]).reads("a", "1").also(
            |opened| {
                assert_eq!(opened.report.format, Format::LegacyDocker);
                assert_eq!(opened.report.images[0].names, ["old:1"]);
            },
        ),
        Case::opens(37, "a legacy layer that is its own parent", &[IndexCycle], || {
            legacy(Some(&"a".repeat(64)))
        })
        .lists(&["a"]),
        Case::opens(37, "a legacy layer whose parent is missing", &[BlobMissing], || {
            legacy(Some(&"b".repeat(64)))
        })
        .lists(&["a"]),
    ]
}
