//! Archives as lists of members, no tar around them: every rule of [`resolve`] has one that shows it.

use serde_json::{Value, json};

use super::*;
use crate::image::MemberKind;

/// An archive in the making.
#[derive(Default)]
struct Fixture {
    members: Vec<Member>,
    contents: Vec<Vec<u8>>,
}

impl Fixture {
    fn add(&mut self, path: &str, kind: MemberKind, content: Vec<u8>) -> MemberId {
        let offset = 512 + 10_000 * self.members.len() as u64;
        self.members.push(Member { path: path.into(), kind, offset, size: content.len() as u64 });
        self.contents.push(content);
        MemberId(self.members.len() as u32 - 1)
    }

    fn file(&mut self, path: &str, content: impl Into<Vec<u8>>) -> MemberId {
        self.add(path, MemberKind::File, content.into())
    }

    fn json(&mut self, path: &str, content: &Value) -> MemberId {
        self.file(path, content.to_string())
    }

    /// Adds a blob and returns a descriptor of it.
    fn blob(&mut self, media_type: &str, content: impl Into<Vec<u8>>) -> Value {
        let content = content.into();
        let descriptor = descriptor(media_type, &content);
        let digest = Digest::sha256(&content);
        self.file(&format!("blobs/sha256/{}", digest.hex()), content);
        descriptor
    }

    /// Adds an OCI image of one layer per name and returns a descriptor of its manifest.
    fn oci_image(&mut self, layers: &[&str]) -> Value {
        let config = self.blob(CONFIG, config(layers).to_string());
        let layers: Vec<Value> = layers.iter().map(|layer| self.blob(LAYER, *layer)).collect();
        self.manifest(&json!({"schemaVersion": 2, "config": config, "layers": layers}))
    }

    fn manifest(&mut self, manifest: &Value) -> Value {
        self.blob(MANIFEST, manifest.to_string())
    }

    fn nested(&mut self, manifests: &[Value]) -> Value {
        self.blob(INDEX, json!({"schemaVersion": 2, "manifests": manifests}).to_string())
    }

    fn index(&mut self, manifests: &[Value]) -> MemberId {
        self.json("index.json", &json!({"schemaVersion": 2, "manifests": manifests}))
    }

    /// Adds a classic image of one layer per name and returns its row of `manifest.json`.
    fn docker_image(&mut self, layers: &[&str], tags: &Value) -> Value {
        let config = config(layers).to_string();
        let path = format!("{}.json", Digest::sha256(config.as_bytes()).hex());
        self.file(&path, config);
        let layer = |name: &&str| format!("{name}/layer.tar");
        let layers: Vec<String> = layers.iter().map(layer).collect();
        for layer in &layers {
            if !self.members.iter().any(|member| member.path == layer.as_str()) {
                self.file(layer, "tar");
            }
        }
        json!({"Config": path, "RepoTags": tags, "Layers": layers})
    }

    /// Resolves, reading what is wanted.
    fn resolved(&self) -> Resolved {
        let mut documents = Documents::new();
        for _ in 0..=limits::INDEX_DEPTH + 4 {
            let wants = match resolve(&self.members, &documents) {
                Resolved::Wants(wants) => wants,
                resolved => return resolved,
            };
            assert!(!wants.is_empty() && wants.is_sorted());
            for id in wants {
                assert!(self.members[id.0 as usize].size <= limits::JSON_DOCUMENT);
                let earlier = documents.insert(id, self.contents[id.0 as usize].clone());
                assert!(earlier.is_none(), "wanted twice");
            }
        }
        panic!("it never ends");
    }

    #[track_caller]
    fn archive(&self) -> Archive {
        match self.resolved() {
            Resolved::Archive(archive) => *archive,
            other => panic!("{other:?}"),
        }
    }
}

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::sha256(content), "size": content.len()})
}

/// A config whose DiffIds are the digests of the layers' names.
fn config(layers: &[&str]) -> Value {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::sha256(layer.as_bytes())).collect();
    let history: Vec<Value> =
        layers.iter().map(|layer| json!({"created_by": format!("COPY {layer} / # buildkit")})).collect();
    json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history})
}

fn annotate(mut descriptor: Value, annotations: Value) -> Value {
    descriptor["annotations"] = annotations;
    descriptor
}

fn digest(descriptor: &Value) -> Digest {
    descriptor["digest"].as_str().unwrap().parse().unwrap()
}

/// Codes with image and layer.
fn anomalies(archive: &Archive) -> Vec<(Code, Option<u32>, Option<u32>)> {
    archive.anomalies.iter().map(|found| (found.anomaly.code, found.image, found.layer)).collect()
}

fn names(archive: &Archive) -> Vec<Vec<&str>> {
    archive.images.iter().map(|image| image.names.iter().map(String::as_str).collect()).collect()
}

#[test]
fn what_is_no_archive_is_told_so() {
    let mut fixture = Fixture::default();
    assert!(matches!(fixture.resolved(), Resolved::NotAnImage));
    fixture.json("manifest.json", &json!({"name": "a web app"}));
    fixture.json("index.json", &json!({"name": "another"}));
    fixture.file("package/index.js", "x");
    assert!(matches!(fixture.resolved(), Resolved::NotAnImage));
    fixture.file("index.json", "not JSON at all");
    fixture.file("manifest.json", "nor this");
    assert!(matches!(fixture.resolved(), Resolved::NotAnImage));
}

#[test]
fn a_docker_archive() {
    let mut fixture = Fixture::default();
    // Documents may come after or before what they name.
    let one = fixture.docker_image(&["a", "b"], &json!(["x:1", "x:2"]));
    fixture.json("manifest.json", &json!([one]));
    let archive = fixture.archive();
    assert_eq!(archive.format, Format::DockerArchive);
    assert_eq!(anomalies(&archive), []);
    let [image] = archive.images.as_slice() else { panic!() };
    assert_eq!(image.names, ["x:1", "x:2"]);
    assert_eq!(image.platform.as_ref().unwrap().to_string(), "linux/amd64");
    assert_eq!(image.manifest_digest, None);
    assert_eq!(image.config.as_ref().unwrap().raw, fixture.contents[0]);
    assert_eq!(image.id, Some(Digest::sha256(&fixture.contents[0])));
    let [a, b] = image.layers.as_slice() else { panic!() };
    assert_eq!((a.member, b.member), (Some(MemberId(1)), Some(MemberId(2))));
    assert_eq!(b.stated_diff_id, Some(Digest::sha256(b"b")));
    assert_eq!((&b.stated_digest, b.stated_size, b.foreign), (&None, None, false));
    assert_eq!(image.history[1].instruction, "COPY b /");
    assert_eq!(image.history[1].layer, Some(1));
}

#[test]
fn several_images_null_tags_and_odd_config_names() {
    let mut fixture = Fixture::default();
    let one = fixture.docker_image(&["a"], &Value::Null);
    let bytes = config(&["b"]).to_string();
    let kaniko = Digest::sha256(bytes.as_bytes()).to_string();
    fixture.file(&kaniko, bytes);
    fixture.file("b.tar.gz", "gz");
    let two = json!({"Config": kaniko, "RepoTags": ["k:latest"], "Layers": ["b.tar.gz"]});
    fixture.json("manifest.json", &json!([one, two]));
    let archive = fixture.archive();
    assert_eq!(names(&archive), [vec![], vec!["k:latest"]]);
    assert_eq!(anomalies(&archive), []);
    assert_eq!(archive.images[1].layers[0].member, Some(MemberId(3)));
}

#[test]
fn repeated_layers_are_links() {
    let mut fixture = Fixture::default();
    fixture.add("b/layer.tar", MemberKind::Symlink("../a/layer.tar".into()), Vec::new());
    fixture.add("c/layer.tar", MemberKind::HardLink("a/layer.tar".into()), Vec::new());
    fixture.add("d/layer.tar", MemberKind::Symlink("../../etc/passwd".into()), Vec::new());
    let row = fixture.docker_image(&["a", "b", "c", "d"], &Value::Null);
    fixture.json("manifest.json", &json!([row]));
    let archive = fixture.archive();
    let members: Vec<Option<u32>> =
        archive.images[0].layers.iter().map(|layer| layer.member.map(|id| id.0)).collect();
    assert_eq!(members, [Some(4), Some(4), Some(4), None]);
    assert_eq!(anomalies(&archive), [(Code::MemberLink, Some(0), Some(3))]);
}

#[test]
fn missing_parts_of_a_docker_archive_leave_placeholders() {
    let mut fixture = Fixture::default();
    let row =
        json!({"Config": "gone.json", "RepoTags": ["x"], "Layers": ["gone/layer.tar", "../../etc/passwd"]});
    fixture.json("manifest.json", &json!([row, {"Config": null, "Layers": null}, null]));
    let archive = fixture.archive();
    assert_eq!(archive.images.len(), 1);
    assert_eq!(archive.images[0].layers.len(), 2);
    assert!(archive.images[0].config.is_none() && archive.images[0].id.is_none());
    let missing = [
        (Code::BlobMissing, Some(0), None),
        (Code::BlobMissing, Some(0), Some(0)),
        (Code::BlobMissing, Some(0), Some(1)),
        (Code::JsonInvalid, None, None),
        (Code::JsonInvalid, None, None),
    ];
    assert_eq!(anomalies(&archive), missing);
}

#[test]
fn foreign_layers_of_a_docker_archive() {
    let mut fixture = Fixture::default();
    let mut row = fixture.docker_image(&["a", "b"], &Value::Null);
    row["Layers"] = json!(["a/layer.tar", "gone.tar.gz"]);
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let mut source = descriptor(foreign, b"elsewhere");
    source["urls"] = json!(["https://example.com/x"]);
    // The source of `a` describes a compressed blob, not the tar that is here.
    row["LayerSources"] = json!({Digest::sha256(b"b").to_string(): source, Digest::sha256(b"a").to_string(): descriptor(LAYER, b"compressed")});
    fixture.json("manifest.json", &json!([row]));
    let archive = fixture.archive();
    assert_eq!(anomalies(&archive), [(Code::LayerForeign, Some(0), Some(1))]);
    let [a, b] = archive.images[0].layers.as_slice() else { panic!() };
    assert_eq!((&a.stated_digest, &a.media_type), (&None, &None));
    assert!(b.foreign && b.member.is_none());
    assert_eq!((b.media_type.as_deref(), b.stated_size), (Some(foreign), Some(9)));
}

#[test]
fn counts_that_differ_are_aligned_and_told() {
    let mut fixture = Fixture::default();
    let mut row = fixture.docker_image(&["a", "b", "c"], &Value::Null);
    row["Layers"] = json!(["a/layer.tar"]);
    fixture.json("manifest.json", &json!([row]));
    let archive = fixture.archive();
    assert_eq!(
        anomalies(&archive),
        [(Code::DiffIdCount, Some(0), None), (Code::HistoryCount, Some(0), None)]
    );
    let image = &archive.images[0];
    assert_eq!((image.layers.len(), image.history.len()), (1, 3));
    assert_eq!(image.layers[0].stated_diff_id, Some(Digest::sha256(b"a")));
    assert_eq!((image.history[0].layer, image.history[1].layer), (Some(0), None));
}

#[test]
fn configs_with_nulls_and_bad_digests() {
    let mut fixture = Fixture::default();
    fixture.file("a.tar", "tar");
    fixture.json("n.json", &json!({"rootfs": null, "history": null}));
    fixture.json("d.json", &json!({"rootfs": {"diff_ids": ["sha256:../../x"]}, "history": [{}]}));
    fixture.file("broken.json", "{");
    let row = |config: &str| json!({"Config": config, "Layers": ["a.tar"]});
    fixture.json("manifest.json", &json!([row("n.json"), row("d.json"), row("broken.json")]));
    let archive = fixture.archive();
    let expected = [
        (Code::DiffIdCount, Some(0), None),
        (Code::HistoryCount, Some(0), None),
        (Code::DigestInvalid, Some(1), Some(0)),
        (Code::JsonInvalid, Some(2), None),
    ];
    assert_eq!(anomalies(&archive), expected);
    assert!(archive.images[2].config.is_none());
    assert_eq!(archive.images[2].id, Some(Digest::sha256(b"{")), "the bytes are there");
    let offset = archive.anomalies[3].anomaly.offset.unwrap();
    assert_eq!(offset, fixture.members[3].offset, "the place of the error in the archive");
}

#[test]
fn an_oci_layout() {
    let mut fixture = Fixture::default();
    fixture.json("oci-layout", &json!({"imageLayoutVersion": "1.0.0"}));
    let image = fixture.oci_image(&["a", "b"]);
    let stated = annotate(image.clone(), json!({"org.opencontainers.image.ref.name": "v1", "k": "v"}));
    fixture.index(&[stated]);
    let archive = fixture.archive();
    assert_eq!((archive.format, anomalies(&archive)), (Format::OciLayout, vec![]));
    let [found] = archive.images.as_slice() else { panic!() };
    assert_eq!(found.names, ["v1"]);
    assert_eq!(found.manifest_digest, Some(digest(&image)));
    assert_eq!(found.annotations[0], ("k".to_owned(), "v".to_owned()));
    assert_eq!(found.layers.len(), 2);
    assert_eq!(found.layers[1].stated_digest, Some(Digest::sha256(b"b")));
    assert_eq!((found.layers[1].stated_size, found.layers[1].member), (Some(1), Some(MemberId(3))));
    assert_eq!(found.layers[1].media_type.as_deref(), Some(LAYER));
}

#[test]
fn indexes_depth_first_repeats_and_platforms() {
    let mut fixture = Fixture::default();
    let (a, b, c) = (fixture.oci_image(&["a"]), fixture.oci_image(&["b"]), fixture.oci_image(&["c"]));
    let inner = fixture.nested(&[b.clone(), a.clone()]);
    let outer = fixture.nested(&[inner]);
    let outer = annotate(outer, json!({"io.containerd.image.name": "docker.io/me/x:1"}));
    fixture.index(&[a.clone(), outer, c.clone()]);
    let archive = fixture.archive();
    let order: Vec<Digest> =
        archive.images.iter().filter_map(|image| image.manifest_digest.clone()).collect();
    assert_eq!(order, [digest(&a), digest(&b), digest(&a), digest(&c)]);
    assert_eq!(names(&archive), [vec![], vec!["docker.io/me/x:1"], vec!["docker.io/me/x:1"], vec![]]);
    assert_eq!(anomalies(&archive), []);
}

#[test]
fn a_platform_comes_from_the_config_or_else_the_descriptor() {
    let mut fixture = Fixture::default();
    let config = fixture.blob(CONFIG, json!({"architecture": "", "os": "", "rootfs": {}}).to_string());
    let mut manifest = fixture.manifest(&json!({"config": config, "layers": null}));
    manifest["platform"] = json!({"os": "linux", "architecture": "arm", "variant": "v7"});
    fixture.index(&[manifest]);
    assert_eq!(fixture.archive().images[0].platform.as_ref().unwrap().to_string(), "linux/arm/v7");
}

#[test]
fn attestations_belong_to_their_image() {
    let mut fixture = Fixture::default();
    let image = fixture.oci_image(&["a"]);
    let statement = fixture.blob("application/vnd.in-toto+json", "{}");
    let statement =
        annotate(statement, json!({"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}));
    let config = fixture.blob(CONFIG, json!({"architecture": "unknown", "os": "unknown"}).to_string());
    let manifest = fixture.manifest(&json!({"config": config, "layers": [statement]}));
    let about = |digest: Digest| {
        annotate(
            manifest.clone(),
            json!({"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest}),
        )
    };
    // The attestation may come before its image.
    fixture.index(&[about(digest(&image)), image.clone(), about(Digest::sha256(b"another"))]);
    let archive = fixture.archive();
    assert_eq!(archive.images.len(), 1);
    let expected = Attestation {
        manifest_digest: digest(&manifest),
        predicate_types: vec!["https://slsa.dev/provenance/v0.2".to_owned()],
    };
    assert_eq!(archive.images[0].attestations, [expected]);
    assert_eq!(anomalies(&archive), [(Code::ManifestArtifact, None, None)], "of nothing here");
}

#[test]
fn artifacts_are_no_images() {
    let mut fixture = Fixture::default();
    let image = fixture.oci_image(&["a"]);
    let payload = fixture.blob("application/vnd.dev.cosign.simplesigning.v1+json", "signed");
    let config = fixture.blob(CONFIG, json!({"rootfs": {}}).to_string());
    let signature = fixture.manifest(&json!({"config": config, "layers": [payload]}));
    let empty = fixture.blob("application/vnd.oci.empty.v1+json", "{}");
    let artifact = fixture.manifest(&json!({"artifactType": "x/y", "config": empty, "layers": [empty]}));
    fixture.index(&[signature, artifact, image]);
    let archive = fixture.archive();
    assert_eq!(archive.images.len(), 1);
    assert_eq!(anomalies(&archive), [(Code::ManifestArtifact, None, None); 2]);
}

#[test]
fn manifests_and_blobs_that_are_not_there() {
    let mut fixture = Fixture::default();
    let layer = descriptor(LAYER, b"gone");
    let mut foreign =
        descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", b"elsewhere");
    foreign["urls"] = json!(["https://example.com/x"]);
    let present = fixture.blob(LAYER, "here");
    let manifest = json!({"config": descriptor(CONFIG, b"gone too"), "layers": [layer, foreign, present]});
    let manifest = fixture.manifest(&manifest);
    let missing = descriptor(MANIFEST, b"another platform");
    fixture.index(&[missing.clone(), manifest, missing]);
    let archive = fixture.archive();
    let [image] = archive.images.as_slice() else { panic!() };
    assert_eq!((image.layers.len(), image.config.is_none()), (3, true));
    assert!(image.layers[1].foreign && image.layers[2].member.is_some());
    let expected = [
        (Code::BlobMissing, None, None),
        (Code::BlobMissing, Some(0), None),
        (Code::BlobMissing, Some(0), Some(0)),
        (Code::LayerForeign, Some(0), Some(1)),
        (Code::BlobMissing, None, None),
    ];
    assert_eq!(anomalies(&archive), expected);
}

#[test]
fn what_does_not_match_its_descriptor_is_told_and_used() {
    let mut fixture = Fixture::default();
    let layer = fixture.blob(LAYER, "layer");
    let config = config(&["a"]).to_string();
    let wrong = Digest::sha256(b"wrong");
    fixture.file(&format!("blobs/sha256/{}", wrong.hex()), config.clone());
    let config_descriptor = json!({"mediaType": CONFIG, "digest": wrong, "size": config.len()});
    let mut manifest = fixture.manifest(&json!({"config": config_descriptor, "layers": [layer]}));
    manifest["size"] = json!(1);
    fixture.index(&[manifest]);
    let archive = fixture.archive();
    let expected = [(Code::SizeMismatch, Some(0), None), (Code::DigestMismatch, Some(0), None)];
    assert_eq!(anomalies(&archive), expected);
    assert_eq!(archive.images[0].id, Some(Digest::sha256(config.as_bytes())), "of what is there");
    assert!(archive.images[0].config.is_some());
}

#[test]
fn digests_are_checked_before_they_are_paths() {
    let mut fixture = Fixture::default();
    fixture.file("x", "secret");
    let config = fixture.blob(CONFIG, config(&["a"]).to_string());
    let manifest = fixture
        .manifest(&json!({"config": config, "layers": [{"mediaType": LAYER, "digest": "sha256:../../x"}]}));
    fixture.index(&[json!({"digest": "sha256:../../x"}), json!({"digest": 7}), json!(null), manifest]);
    let archive = fixture.archive();
    let codes: Vec<Code> = archive.anomalies.iter().map(|found| found.anomaly.code).collect();
    assert_eq!(codes, [Code::DigestInvalid; 4]);
    assert_eq!(archive.images[0].layers[0].member, None);
}

#[test]
fn sha512_is_a_digest_like_the_other() {
    let mut fixture = Fixture::default();
    let image = fixture.oci_image(&["a"]);
    let content = fixture.contents.pop().unwrap();
    fixture.members.pop();
    let mut digester = crate::digest::Digester::new(crate::digest::Algorithm::Sha512);
    digester.update(&content);
    let long = digester.finish();
    fixture.file(&format!("blobs/sha512/{}", long.hex()), content);
    fixture.index(&[json!({"digest": long, "size": image["size"]})]);
    let archive = fixture.archive();
    assert_eq!(anomalies(&archive), []);
    assert_eq!(archive.images[0].manifest_digest, Some(long));
}

#[test]
fn documents_that_are_refused_leave_the_rest() {
    let mut fixture = Fixture::default();
    let both = fixture.blob(MANIFEST, r#"{"manifests":[],"layers":[]}"#);
    let twice = fixture.blob(MANIFEST, r#"{"layers":[],"layers":[]}"#);
    let mark = fixture.blob(MANIFEST, "\u{feff}{}");
    let old = fixture.blob(MANIFEST, r#"{"schemaVersion":1,"fsLayers":[]}"#);
    let large = fixture.blob(MANIFEST, vec![b' '; limits::JSON_DOCUMENT as usize + 1]);
    let image = fixture.oci_image(&["a"]);
    fixture.index(&[both, twice, mark, old, large, image]);
    let archive = fixture.archive();
    assert_eq!(archive.images.len(), 1);
    let codes: Vec<Code> = archive.anomalies.iter().map(|found| found.anomaly.code).collect();
    let invalid = Code::JsonInvalid;
    assert_eq!(codes, [Code::ManifestAmbiguous, invalid, invalid, invalid, Code::JsonTooLarge]);
}

#[test]
fn cycles_depth_and_number_are_limited() {
    // A cycle needs an index that lies about its digest.
    let mut fixture = Fixture::default();
    let image = fixture.oci_image(&["a"]);
    let lie = json!({"digest": Digest::sha256(b"lie")});
    let path = format!("blobs/sha256/{}", Digest::sha256(b"lie").hex());
    fixture.json(&path, &json!({"manifests": [lie, image]}));
    fixture.index(&[lie]);
    let archive = fixture.archive();
    assert_eq!(archive.images.len(), 1);
    assert_eq!(anomalies(&archive), [(Code::DigestMismatch, None, None), (Code::IndexCycle, None, None)]);

    let nested = |depth: usize| {
        let mut fixture = Fixture::default();
        let mut inner = fixture.oci_image(&["a"]);
        for _ in 0..depth {
            inner = fixture.nested(&[inner]);
        }
        fixture.index(&[inner]);
        fixture.archive()
    };
    assert_eq!(nested(limits::INDEX_DEPTH).images.len(), 1);
    let too_deep = nested(limits::INDEX_DEPTH + 1);
    assert_eq!((too_deep.images.len(), anomalies(&too_deep)), (0, vec![(Code::IndexLimit, None, None)]));

    let mut fixture = Fixture::default();
    let image = fixture.oci_image(&["a"]);
    let many = fixture.nested(&vec![image.clone(); limits::MANIFESTS / 2]);
    fixture.index(&[many.clone(), many.clone(), many]);
    let archive = fixture.archive();
    assert_eq!(archive.images.len(), limits::MANIFESTS - 2);
    assert_eq!(anomalies(&archive), [(Code::IndexLimit, None, None)]);
}

#[test]
fn documents_used_again_and_again_are_limited() {
    let mut fixture = Fixture::default();
    let mut large = config(&["a"]);
    large["comment"] = json!(vec![0; 200_000]);
    let config = fixture.blob(CONFIG, large.to_string());
    // Told of every image, but of none that is left out.
    let layer = descriptor(LAYER, b"gone");
    let manifest = fixture.manifest(&json!({"config": config, "layers": [layer]}));
    fixture.index(&vec![manifest; 1_000]);
    let archive = fixture.archive();
    let count = archive.images.len();
    assert!((5..12).contains(&count), "{count}");
    let codes: Vec<Code> = archive.anomalies.iter().map(|found| found.anomaly.code).collect();
    assert_eq!(codes.iter().filter(|code| **code == Code::LimitReached).count(), 1);
    assert!(archive.anomalies.iter().all(|found| found.image.is_none_or(|image| (image as usize) < count)));
    assert_eq!(archive.anomalies.iter().filter(|found| found.layer.is_some()).count(), count);
}

#[test]
fn anomalies_are_limited_and_their_messages_short() {
    let mut fixture = Fixture::default();
    let long = json!({"digest": "x".repeat(100_000)});
    let mut manifests = vec![descriptor(MANIFEST, b"gone"); limits::ANOMALIES + 5];
    manifests.insert(0, long);
    fixture.index(&manifests);
    let archive = fixture.archive();
    assert_eq!(archive.anomalies.len(), limits::ANOMALIES + 1);
    assert_eq!(archive.anomalies[0].anomaly.message.chars().count(), MESSAGE + 1);
    let last = &archive.anomalies.last().unwrap().anomaly;
    assert_eq!(
        (last.code, last.message.as_str()),
        (Code::LimitReached, "6 further anomalies are not listed")
    );
}

#[test]
fn a_hybrid_is_read_once_and_its_names_merged() {
    let mut fixture = Fixture::default();
    let image = fixture.oci_image(&["a"]);
    let named = annotate(
        image,
        json!({"io.containerd.image.name": "docker.io/library/x:latest", "org.opencontainers.image.ref.name": "latest"}),
    );
    fixture.index(&[named]);
    let path = |member: &Member| member.path.to_string();
    let (config, layer) = (path(&fixture.members[0]), path(&fixture.members[1]));
    fixture.json(
        "manifest.json",
        &json!([{"Config": config, "RepoTags": ["x:latest", "y:2"], "Layers": [layer]}]),
    );
    let archive = fixture.archive();
    assert_eq!((archive.format, anomalies(&archive)), (Format::DockerOci, vec![]));
    assert_eq!(names(&archive), [["docker.io/library/x:latest", "x:latest", "y:2"]]);
}

#[test]
fn names_of_an_image_listed_twice_stay_apart() {
    let mut fixture = Fixture::default();
    let image = fixture.oci_image(&["a"]);
    let named = |name: &str| annotate(image.clone(), json!({"io.containerd.image.name": name}));
    let (one, two) = (named("docker.io/library/x:1"), named("docker.io/library/x:2"));
    fixture.index(&[one, two]);
    let path = |member: &Member| member.path.to_string();
    let (config, layer) = (path(&fixture.members[0]), path(&fixture.members[1]));
    fixture.json(
        "manifest.json",
        &json!([{"Config": config, "RepoTags": ["x:1", "x:2", "z"], "Layers": [layer]}]),
    );
    let expected = [["docker.io/library/x:1", "x:1", "z"], ["docker.io/library/x:2", "x:2", "z"]];
    assert_eq!(names(&fixture.archive()), expected);
}

#[test]
fn a_hybrid_that_disagrees_shows_both() {
    let mut fixture = Fixture::default();
    let image = fixture.oci_image(&["a"]);
    fixture.index(&[image]);
    let other = fixture.docker_image(&["b"], &json!(["hidden:1"]));
    let config = fixture.members[0].path.to_string();
    fixture.json(
        "manifest.json",
        &json!([{"Config": config, "RepoTags": ["x"], "Layers": ["b/layer.tar"]}, other]),
    );
    let archive = fixture.archive();
    assert_eq!(names(&archive), [["x"], ["hidden:1"]]);
    assert_eq!(archive.images[0].layers[0].stated_digest, Some(Digest::sha256(b"a")), "OCI wins");
    let expected = [(Code::ManifestsDisagree, Some(0), None), (Code::ManifestsDisagree, Some(1), None)];
    assert_eq!(anomalies(&archive), expected);
}

#[test]
fn an_index_of_nothing_leaves_it_to_docker() {
    let mut fixture = Fixture::default();
    fixture.json("index.json", &json!({"schemaVersion": 2, "manifests": null}));
    let row = fixture.docker_image(&["a"], &Value::Null);
    fixture.json("manifest.json", &json!([row]));
    let archive = fixture.archive();
    assert_eq!((archive.format, archive.images.len(), anomalies(&archive)), (Format::DockerOci, 1, vec![]));
}

#[test]
fn one_broken_document_of_a_hybrid_is_told_and_the_other_used() {
    let mut fixture = Fixture::default();
    fixture.file("index.json", r#"{"manifests":[],"manifests":[]}"#);
    let row = fixture.docker_image(&["a"], &Value::Null);
    fixture.json("manifest.json", &json!([row]));
    let archive = fixture.archive();
    assert_eq!((archive.format, archive.images.len()), (Format::DockerOci, 1));
    assert_eq!(anomalies(&archive), [(Code::JsonInvalid, None, None)]);

    let mut fixture = Fixture::default();
    fixture.json("oci-layout", &json!({}));
    let archive = fixture.archive();
    assert_eq!((archive.images.len(), anomalies(&archive)), (0, vec![(Code::BlobMissing, None, None)]));
}

#[test]
fn the_last_of_repeated_members_counts() {
    let mut fixture = Fixture::default();
    fixture.json("manifest.json", &json!([]));
    let row = fixture.docker_image(&["a"], &Value::Null);
    fixture.json("manifest.json", &json!([row]));
    let archive = fixture.archive();
    assert_eq!((archive.images.len(), anomalies(&archive)), (1, vec![(Code::MemberDuplicate, None, None)]));
}

/// The three layers of an archive of Docker before 1.10, their ids, and their documents.
fn legacy(fixture: &mut Fixture) -> [String; 3] {
    let ids = ["1", "2", "3"].map(|digit| digit.repeat(64));
    let steps = [r#"#(nop) ADD file:ab in /"#, r#"#(nop) CMD ["sh"]"#, "make"];
    let mut parent = Value::Null;
    for (id, step) in ids.iter().zip(steps) {
        let layer = json!({"id": id, "parent": parent, "created": "2014-01-01T00:00:00Z", "os": "linux",
            "architecture": "amd64", "container_config": {"Cmd": ["/bin/sh", "-c", step]}, "config": {"Cmd": ["sh"]}});
        fixture.json(&format!("{id}/json"), &layer);
        fixture.file(&format!("{id}/VERSION"), "1.0");
        fixture.file(&format!("{id}/layer.tar"), "tar");
        parent = json!(id);
    }
    ids
}

#[test]
fn archives_of_docker_before_1_10() {
    let mut fixture = Fixture::default();
    let ids = legacy(&mut fixture);
    fixture.json("repositories", &json!({"x": {"1": ids[2], "2": ids[2]}, "y": {"latest": ids[1]}}));
    let archive = fixture.archive();
    assert_eq!((archive.format, anomalies(&archive)), (Format::LegacyDocker, vec![]));
    assert_eq!(names(&archive), [vec!["x:1", "x:2"], vec!["y:latest"]]);
    let image = &archive.images[0];
    let members: Vec<Option<u32>> = image.layers.iter().map(|layer| layer.member.map(|id| id.0)).collect();
    assert_eq!(members, [Some(2), Some(5), Some(8)], "bottom first");
    let steps: Vec<&str> = image.history.iter().map(|row| row.instruction.as_str()).collect();
    assert_eq!(steps, ["ADD file:ab /", "CMD [\"sh\"]", "RUN make"]);
    assert_eq!(image.platform.as_ref().unwrap().to_string(), "linux/amd64");
    assert_eq!(image.id, Some(Digest::sha256(&fixture.contents[6])));
    assert_eq!(archive.images[1].layers.len(), 2);
}

#[test]
fn legacy_archives_without_names_broken_chains_and_circles() {
    let mut fixture = Fixture::default();
    legacy(&mut fixture);
    let archive = fixture.archive();
    assert_eq!((archive.images.len(), archive.images[0].layers.len()), (1, 3), "saved by id");

    let ids = ["a", "b"].map(|digit| digit.repeat(64));
    let mut fixture = Fixture::default();
    for (id, parent) in [(&ids[0], &ids[0]), (&ids[1], &"c".repeat(64))] {
        fixture.json(&format!("{id}/json"), &json!({"parent": parent}));
        fixture.file(&format!("{id}/layer.tar"), "tar");
    }
    fixture.json("repositories", &json!({"x": {"circle": ids[0], "broken": ids[1], "gone": "../x"}}));
    let archive = fixture.archive();
    assert_eq!(names(&archive), [["x:broken"], ["x:circle"]]);
    let expected = [
        (Code::BlobMissing, Some(0), None),
        (Code::IndexCycle, Some(1), None),
        (Code::BlobMissing, None, None),
    ];
    assert_eq!(anomalies(&archive), expected);
}

#[test]
fn a_broken_manifest_json_falls_back_to_what_docker_wrote_before() {
    let mut fixture = Fixture::default();
    let ids = legacy(&mut fixture);
    fixture.json("repositories", &json!({"x": {"1": ids[2]}}));
    fixture.file("manifest.json", "[{\"Config\":");
    let archive = fixture.archive();
    assert_eq!((archive.format, names(&archive)), (Format::DockerArchive, vec![vec!["x:1"]]));
    assert_eq!(anomalies(&archive), [(Code::JsonInvalid, None, None)]);
}

/// A hybrid with an attestation and a nested index, as a starting point for damage.
fn rich() -> Fixture {
    let mut fixture = Fixture::default();
    let (a, b) = (fixture.oci_image(&["a", "b"]), fixture.oci_image(&["b"]));
    let inner = fixture.nested(&[b, annotate(a.clone(), json!({"vnd.docker.reference.digest": digest(&a)}))]);
    fixture.index(&[a, inner]);
    let row = fixture.docker_image(&["c"], &json!(["x:1"]));
    fixture.json("manifest.json", &json!([row]));
    legacy(&mut fixture);
    fixture
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    /// Whatever is damaged: it ends, wants nothing twice, and what it says is consistent.
    #[test]
    fn damage_never_confuses(
        damage in proptest::collection::vec((0usize..64, 0usize..1_000, proptest::prelude::any::<u8>()), 1..6),
        gone in proptest::collection::vec(0usize..64, 0..3),
    ) {
        let mut fixture = rich();
        for (member, at, byte) in damage {
            let content = fixture.contents.get_mut(member);
            if let Some(target) = content.and_then(|content| content.get_mut(at)) {
                *target = byte;
            }
        }
        for member in gone {
            if let Some(member) = fixture.members.get_mut(member) {
                member.kind = MemberKind::Other;
            }
        }
        if let Resolved::Archive(archive) = fixture.resolved() {
            for image in &archive.images {
                let paired = image.history.iter().filter_map(|row| row.layer);
                proptest::prop_assert!(paired.eq(0..image.history.iter().filter(|row| !row.empty_layer).count().min(image.layers.len()) as u32));
                proptest::prop_assert_eq!(image.config.is_some() && image.id.is_none(), false);
                crate::image::dockerfile(&image.history, image.layers.len(), None);
            }
            for found in &archive.anomalies {
                let image = found.image.map(|image| &archive.images[image as usize]);
                proptest::prop_assert!(found.layer.is_none_or(|layer| image.is_some_and(|image| (layer as usize) < image.layers.len())));
            }
        }
    }
}
