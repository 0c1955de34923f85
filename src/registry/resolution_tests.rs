use super::*;
use crate::{
    image::{self, Member, MemberKind, Resolved},
    limits,
};

const CONFIG: &str = r#"{"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a","sha256:1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a","sha256:1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a"]},"history":[{},{},{}]}"#;

/// A server by path, scripted.
struct Server(Vec<(String, Head, Vec<u8>)>);

impl Server {
    fn with(mut self, path: impl Into<String>, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.0.push((path.into(), Head { status: 200, headers, ..Head::default() }, body.into()));
        self
    }

    /// Goes on until somebody has to choose, or the end. Says what was asked for.
    fn serve(&self, resolution: &mut Resolution) -> (Next, Vec<String>) {
        let mut asked = Vec::new();
        loop {
            match resolution.next() {
                Next::Fetch(target, _) => {
                    asked.push(target.url.clone());
                    assert!(asked.len() < 50, "{asked:?}");
                    match self.0.iter().find(|(path, ..)| target.url.ends_with(path.as_str())) {
                        Some((_, head, body)) => {
                            resolution.supply(&Head { url: target.url, ..head.clone() }, body.clone());
                        }
                        None => {
                            let head = Head { status: 404, url: target.url, ..Head::default() };
                            resolution.supply(&head, b"<html>no</html>".to_vec());
                        }
                    }
                }
                next => return (next, asked),
            }
        }
    }
}

fn digest(text: &str) -> Digest {
    Digest::sha256(text.as_bytes())
}

fn descriptor(media_type: &str, text: &str, more: &str) -> String {
    format!(r#"{{"mediaType":"{media_type}","digest":"{}","size":{}{more}}}"#, digest(text), text.len())
}

fn manifest() -> String {
    let layer = |text: &str| descriptor("application/vnd.oci.image.layer.v1.tar+gzip", text, "");
    format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{},{},{}]}}"#,
        descriptor("application/vnd.oci.image.config.v1+json", CONFIG, ""),
        layer("one"),
        layer("two"),
        layer("one")
    )
}

fn index(entries: &[String]) -> String {
    format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","))
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn on(platform: &str, text: &str) -> String {
    let (os, architecture) = platform.split_once('/').unwrap();
    let platform = format!(r#","platform":{{"os":"{os}","architecture":"{architecture}"}}"#);
    descriptor(MANIFEST, text, &platform)
}

fn begin(place: &str, choice: Option<&str>) -> Resolution {
    Resolution::new(&Place::parse(place).unwrap(), None, choice.map(str::to_owned)).unwrap()
}

fn blob(text: &str) -> String {
    format!("/blobs/{}", digest(text))
}

fn of(text: &str) -> String {
    format!("/manifests/{}", digest(text))
}

fn fails(server: &Server, place: &str) -> Trouble {
    match server.serve(&mut begin(place, None)).0 {
        Next::Fail(trouble, _) => trouble,
        other => panic!("{other:?}"),
    }
}

/// Opens what is planned as a layout, and says the names and layers of its one image.
fn opened(plan: &Plan) -> (Vec<String>, usize, Vec<image::Attestation>) {
    let files = plan.files.iter().map(|f| (f.path.as_str().into(), MemberKind::File, f.size));
    let members = Member::of_directory(files);
    let mut documents = image::Documents::new();
    loop {
        match image::resolve(&members, &documents) {
            Resolved::Wants(ids) => {
                for id in ids {
                    match &plan.files[id.0 as usize].content {
                        Content::Bytes(bytes) => documents.insert(id, bytes.clone()),
                        Content::Blob(..) => panic!("a layer is no document"),
                    };
                }
            }
            Resolved::Archive(archive) => {
                assert_eq!(archive.images.len(), 1);
                assert!(archive.anomalies.is_empty(), "{:?}", archive.anomalies);
                assert!(archive.unused.is_empty());
                let image = archive.images[0].clone();
                assert!(image.layers.iter().all(|layer| layer.member.is_some()));
                return (image.names, image.layers.len(), image.attestations);
            }
            Resolved::NotAnImage => panic!("not an image"),
        }
    }
}

#[test]
fn an_image_of_one_platform_needs_two_requests() {
    let server = Server(Vec::new())
        .with("/manifests/1", &[("content-type", &format!("{MANIFEST}; charset=x"))], manifest())
        .with(blob(CONFIG), &[], CONFIG);
    let mut resolution = begin("r.example/a/b:1", None);
    let (next, asked) = server.serve(&mut resolution);
    assert_eq!(next, Next::Done);
    let base = "https://r.example/v2/a/b";
    assert_eq!(asked, [format!("{base}/manifests/1"), format!("{base}{}", blob(CONFIG))]);
    let plan = resolution.finish().unwrap();
    assert_eq!((plan.title.as_str(), plan.manifest.clone()), ("r.example/a/b:1", digest(&manifest())));
    let blobs = plan.files.iter().filter_map(|file| match &file.content {
        Content::Blob(target, _) => Some((target.url.as_str(), target.scope.as_deref(), file.size)),
        Content::Bytes(_) => None,
    });
    let blobs: Vec<_> = blobs.collect();
    let scope = Some("repository:a/b:pull");
    let url = |text| format!("{base}{}", blob(text));
    assert_eq!(blobs, [(url("one").as_str(), scope, 3), (url("two").as_str(), scope, 3)], "each blob once");
    let (names, layers, _) = opened(&plan);
    assert_eq!((names, layers), (vec!["r.example/a/b:1".to_owned()], 3));
}

#[test]
fn large_blobs_are_not_left_to_the_cache() {
    let two = digest("two").to_string();
    for (size, is_large) in [(LARGE - 1, false), (LARGE, true)] {
        let manifest =
            manifest().replace(&format!(r#""{two}","size":3"#), &format!(r#""{two}","size":{size}"#));
        let server = Server(Vec::new())
            .with("/manifests/1", &[("content-type", MANIFEST)], manifest.clone())
            .with(blob(CONFIG), &[], CONFIG);
        let mut resolution = begin("r.example/a/b:1", None);
        server.serve(&mut resolution);
        let plan = resolution.finish().unwrap();
        let large = plan.files.iter().filter_map(|file| match &file.content {
            Content::Blob(target, _) => Some(target.is_large),
            Content::Bytes(_) => None,
        });
        assert_eq!(large.collect::<Vec<_>>(), [false, is_large]);
    }
}

#[test]
fn of_several_platforms_one_is_chosen() {
    let other = manifest().replace(&digest("two").to_string(), &digest("2nd").to_string());
    let statement = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
        descriptor("application/vnd.oci.image.config.v1+json", "{}", ""),
        descriptor(
            "application/vnd.in-toto+json",
            "{}",
            r#","annotations":{"in-toto.io/predicate-type":"https://spdx.dev/Document"}"#
        )
    );
    let about = |subject: &str| {
        let annotations = format!(
            r#","annotations":{{"{REFERENCE_TYPE}":"attestation-manifest","{REFERENCE_DIGEST}":"{}"}}"#,
            digest(subject)
        );
        on("unknown/unknown", &statement)
            .replace(r#"},"annot"#, r#","annot"#)
            .trim_end_matches('}')
            .to_owned()
            + "}"
            + &annotations
            + "}"
    };
    let top = index(&[on("linux/amd64", &other), on("linux/arm64", &manifest()), about(&manifest())]);
    let server = Server(Vec::new())
        .with("/manifests/latest", &[], top.clone())
        .with(of(&manifest()), &[], manifest())
        .with(of(&other), &[], other.clone())
        .with(of(&statement), &[], statement)
        .with(blob(CONFIG), &[], CONFIG);
    let mut resolution = begin("r.example/a", None);
    let Next::Choose(choices) = server.serve(&mut resolution).0 else { panic!() };
    let platforms: Vec<_> = choices.iter().map(|choice| choice.platform.as_deref().unwrap()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    resolution.choose(&choices[1].digest);
    assert_eq!(server.serve(&mut resolution).0, Next::Done);
    let plan = resolution.finish().unwrap();
    assert_eq!(plan.manifest, digest(&manifest()));
    let (_, _, attestations) = opened(&plan);
    assert_eq!(attestations[0].predicate_types, ["https://spdx.dev/Document"]);

    for wanted in ["linux/amd64", &digest(&other).to_string()] {
        let mut resolution = begin("r.example/a", Some(wanted));
        assert_eq!(server.serve(&mut resolution).0, Next::Done, "{wanted}");
        assert_eq!(resolution.finish().unwrap().manifest, digest(&other));
    }
    let mut resolution = begin("r.example/a", Some("plan9/mips"));
    assert!(matches!(server.serve(&mut resolution).0, Next::Choose(_)), "not there: somebody has to choose");
    let by_digest = format!("r.example/a@{}", digest(&top));
    let server = server.with(of(&top), &[], top);
    assert!(matches!(server.serve(&mut begin(&by_digest, None)).0, Next::Choose(_)));
}

#[test]
fn a_registry_with_dockers_types_is_asked_again() {
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    let mut resolution = begin("r.example/a", None);
    let Next::Fetch(target, _) = resolution.next() else { panic!() };
    assert_eq!((target.accept, OCI.len()), (Some(OCI), 82));
    resolution.supply(&Head { status: 404, ..Head::default() }, Vec::new());
    let Next::Fetch(target, _) = resolution.next() else { panic!() };
    assert_eq!((target.accept, DOCKER.len()), (Some(DOCKER), 110));
    let headers = vec![("content-type".to_owned(), docker.to_owned())];
    resolution.supply(&Head { status: 200, headers, ..Head::default() }, manifest().into_bytes());
    assert!(matches!(resolution.next(), Next::Fetch(..)));
    resolution.fail(Trouble::Cut, "reset".into());
    assert_eq!(resolution.next(), Next::Fail(Trouble::Cut, "reset".into()));
}

#[test]
fn a_layout_on_a_web_server_is_read_without_any_header() {
    let named = |text: &str, name: &str| {
        let annotations = format!(r#","annotations":{{"org.opencontainers.image.ref.name":"{name}"}}"#);
        descriptor(MANIFEST, text, &annotations)
    };
    let other = manifest().replace(&digest("two").to_string(), &digest("2nd").to_string());
    let path = |text: &str| format!("/i/blobs/sha256/{}", digest(text).hex());
    let server = Server(Vec::new())
        .with(
            "/i/index.json",
            &[("content-type", "application/json")],
            index(&[
                named(&manifest(), "a:1"),
                named(&other, "b"),
                // What refers to an image is none.
                named("signature", &format!("sha256-{}.sig", digest(&other).hex())),
                descriptor(MANIFEST, "bill", r#","artifactType":"application/spdx+json""#),
            ]),
        )
        .with(path(&manifest()), &[("content-type", "application/octet-stream")], manifest())
        .with(path(CONFIG), &[], CONFIG);
    let mut resolution = begin("https://pages.example/i/", None);
    let Next::Choose(choices) = server.serve(&mut resolution).0 else { panic!() };
    assert_eq!(choices.iter().map(|c| c.name.as_deref().unwrap()).collect::<Vec<_>>(), ["a:1", "b"]);
    resolution.choose(&choices[0].digest);
    let Next::Fetch(target, _) = resolution.next() else { panic!() };
    assert_eq!((target.accept, target.scope.as_deref()), (None, Some("")));
    assert_eq!(server.serve(&mut resolution).0, Next::Done);
    let plan = resolution.finish().unwrap();
    assert_eq!(opened(&plan).0, ["a:1"], "as a layout in an archive is named");
    assert_eq!(plan.title, "i");
}

#[test]
fn a_gateway_is_asked_in_place_of_the_registry() {
    let place = Place::parse("nginx:1").unwrap();
    let gateway = "http://127.0.0.1:8080/_layerscope/v1/";
    let resolution = Resolution::new(&place, Some(gateway), None).unwrap();
    let Next::Fetch(target, _) = resolution.next() else { panic!() };
    assert_eq!(target.url, "http://127.0.0.1:8080/_layerscope/v1/docker.io/v2/library/nginx/manifests/1");
    assert_eq!(target.scope, None, "it does that by itself");
}

#[test]
fn what_was_not_asked_for_is_not_taken() {
    let empty = || Server(Vec::new());
    let place = "r.example/a:1";
    assert_eq!(fails(&empty(), place), Trouble::NotFound);
    let html =
        empty().with("/manifests/1", &[("content-type", "text/html; charset=utf-8")], "<!doctype html>");
    assert_eq!(fails(&html, place), Trouble::NotARegistry);
    let typed = empty().with("/manifests/1", &[("content-type", MANIFEST)], "<html>");
    assert_eq!(fails(&typed, place), Trouble::NotARegistry);
    let lying = empty().with("/manifests/1", &[("content-type", "text/html")], manifest());
    assert_eq!(fails(&lying, place), Trouble::NotARegistry);
    let wrong = digest("something else").to_string();
    let stated = empty().with("/manifests/1", &[("docker-content-digest", &wrong)], manifest());
    assert_eq!(fails(&stated, place), Trouble::Digest);
    let by_digest = empty().with(format!("/manifests/{wrong}"), &[], manifest());
    assert_eq!(fails(&by_digest, &format!("r.example/a@{wrong}")), Trouble::Digest);
    let config = empty().with("/manifests/1", &[], manifest()).with(blob(CONFIG), &[], "{}");
    assert_eq!(fails(&config, place), Trouble::Digest);
    let child = empty().with("/manifests/1", &[], index(&[on("linux/amd64", &manifest())])).with(
        of(&manifest()),
        &[],
        manifest() + " ",
    );
    assert_eq!(fails(&child, place), Trouble::Digest, "over the bytes, not over what they mean");
    let both = r#"{"manifests":[],"layers":[]}"#;
    assert_eq!(fails(&empty().with("/manifests/1", &[], both), place), Trouble::Manifest);
    let of_schema_1 = r#"{"schemaVersion":1,"fsLayers":[]}"#;
    assert_eq!(fails(&empty().with("/manifests/1", &[], of_schema_1), place), Trouble::Manifest);
    let said = manifest().replacen('{', r#"{"mediaType":"application/vnd.oci.image.index.v1+json","#, 1);
    let contradicted = empty().with("/manifests/1", &[("content-type", MANIFEST)], said);
    assert_eq!(fails(&contradicted, place), Trouble::Manifest);
    assert_eq!(fails(&empty().with("/manifests/1", &[], index(&[])), place), Trouble::NoPlatform);
}

#[test]
fn indexes_within_indexes_end() {
    let mut text = index(&[]);
    let mut server = Server(Vec::new());
    for _ in 0..=limits::INDEX_DEPTH {
        let outer = index(&[descriptor("application/vnd.oci.image.index.v1+json", &text, "")]);
        server = server.with(of(&text), &[], text);
        text = outer;
    }
    assert_eq!(fails(&server.with("/manifests/1", &[], text), "r.example/a:1"), Trouble::Manifest);
}
