//! The servers that other tests read from are what they claim to be.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/servers/mod.rs"]
mod servers;

use servers::{
    ask,
    fake::{self, Access, Fault, Setup, TokenServer, basic},
    images::{FIRST, MULTI, SECOND, Stored, digests},
    process::{Nginx, Registry, Settings, USER},
};

fn get(host: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
    ask("GET", host, path, headers)
}

#[test]
fn a_real_registry_holds_what_skopeo_pushed() {
    let Some(registry) = Registry::start(Settings { cors: true, basic: false }) else { return };
    let stored = Stored::new();
    for tag in [FIRST, SECOND, MULTI] {
        if !registry.push(&stored.source(tag), &format!("shop/web:{tag}")) {
            return;
        }
    }
    let (manifest, layers) = digests(&stored.layout(), FIRST);
    let accept = "Accept: application/vnd.oci.image.manifest.v1+json\r\nOrigin: http://elsewhere.example\r\n";
    let (head, _) = get(&registry.host(), "/v2/shop/web/manifests/first", accept);
    assert!(head.contains("200 ok") && head.contains(&manifest), "{head}");
    assert!(head.contains("access-control-allow-origin: *"), "{head}");
    assert_eq!(registry.log().blob_gets(&layers[0]), 0, "{:?}", registry.log().lines());
    let (_, body) = get(&registry.host(), &format!("/v2/shop/web/blobs/{}", layers[0]), "");
    assert_eq!(layerscope::digest::Digest::sha256(&body).to_string(), layers[0]);
    assert_eq!(registry.log().blob_gets(&layers[0]), 1, "{:?}", registry.log().lines());
}

#[test]
fn a_preflight_passes_with_nginx_before_it_alone() {
    let Some(registry) = Registry::start(Settings { cors: false, basic: true }) else { return };
    let Some(nginx) = Nginx::before(&registry) else { return };
    let stored = Stored::new();
    if !registry.push(&stored.source(FIRST), "shop/web:first") {
        return;
    }
    let preflight = "Origin: http://elsewhere.example\r\nAccess-Control-Request-Headers: authorization\r\n";
    let (head, _) = ask("OPTIONS", &registry.host(), "/v2/", preflight);
    assert!(head.contains("401 unauthorized"), "{head}");
    let (head, _) = ask("OPTIONS", &nginx.host(), "/v2/", preflight);
    assert!(head.contains("204 no content") && head.contains("access-control-allow-headers: auth"), "{head}");
    let (head, _) = get(&nginx.host(), "/v2/shop/web/tags/list", "");
    assert!(head.contains("401 unauthorized") && head.contains("www-authenticate: basic"), "{head}");
    let sent = format!("Authorization: {}\r\n", basic(USER));
    let (head, body) = get(&nginx.host(), "/v2/shop/web/tags/list", &sent);
    assert!(head.contains("200 ok"), "{head}");
    assert!(String::from_utf8(body).unwrap().contains("first"));
    assert_eq!(nginx.log().lines().len(), 3, "{:?}", nginx.log().lines());
}

#[test]
fn faults_are_what_they_are_called() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let path = format!("/v2/shop/web/blobs/{}", layers[0]);
    let whole = std::fs::read(stored.layout().join("blobs").join(layers[0].replace(':', "/"))).unwrap();
    let with = |fault| fake::registry(&stored.layout(), Setup { faults: vec![fault], ..Setup::default() });

    let plain = fake::registry(&stored.layout(), Setup::default());
    assert_eq!(get(&plain.host(), &path, "").1, whole);
    let (head, part) = get(&plain.host(), &path, "Range: bytes=1000-1999\r\n");
    assert!(
        head.contains("206 partial") && head.contains(&format!("bytes 1000-1999/{}", whole.len())),
        "{head}"
    );
    assert_eq!(part, &whole[1000..2000]);
    let (head, body) = get(&plain.host(), "/v2/shop/web/tags/list?n=2", "");
    assert!(head.contains("tags/list?n=2&last=multi>; rel=\"next\""), "{head}");
    assert!(!String::from_utf8(body).unwrap().contains("second"));
    assert_eq!(plain.log().hits()[1].range.as_deref(), Some("bytes=1000-1999"));

    let cut = with(Fault::Cut { after: 1000, times: 1 });
    assert_eq!(get(&cut.host(), &path, "").1, &whole[..1000]);
    assert_eq!(get(&cut.host(), &path, "").1, whole);
    let wrong = with(Fault::WrongBlobs);
    let (_, body) = get(&wrong.host(), &path, "");
    assert!(body.len() == whole.len() && body != whole);
    let deaf = with(Fault::IgnoreRange);
    let (head, body) = get(&deaf.host(), &path, "Range: bytes=1000-\r\n");
    assert!(head.contains("200 ok") && body == whole, "{head}");
    let busy = with(Fault::TooMany { times: 1, retry_after: 7 });
    let (head, _) = get(&busy.host(), &path, "");
    assert!(head.contains("429 too many") && head.contains("retry-after: 7"), "{head}");
    assert_eq!(get(&busy.host(), &path, "").1, whole);

    let files = fake::files(&stored.layout(), true);
    let elsewhere = with(Fault::RedirectBlobs(files.url()));
    let (head, _) = get(&elsewhere.host(), &path, "");
    let location = format!("location: {}/blobs/{}", files.url(), layers[0].replace(':', "/"));
    assert!(head.contains("307 temporary") && head.contains(&location), "{head}");
    assert_eq!(get(&files.host(), &format!("/blobs/{}", layers[0].replace(':', "/")), "").1, whole);
    assert_eq!(files.log().blob_gets(&layers[0]), 1);
}

#[test]
fn a_token_is_for_its_repository_alone() {
    let stored = Stored::new();
    let token_server = TokenServer::start(true);
    let setup = Setup { access: Access::Token(token_server.tokens()), ..Setup::default() };
    let registry = fake::registry(&stored.layout(), setup);
    let (head, _) = get(&registry.host(), "/v2/shop/web/tags/list", "");
    let realm = head.split("realm=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(head.contains("401") && head.contains("scope=\"repository:shop/web:pull\""), "{head}");
    let host = realm.strip_prefix("http://").unwrap().strip_suffix("/token").unwrap();
    let (_, body) = get(host, "/token?service=fake&scope=repository:shop/web:pull", "");
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let sent = format!("Authorization: Bearer {}\r\n", body["token"].as_str().unwrap());
    assert!(get(&registry.host(), "/v2/shop/web/tags/list", &sent).0.contains("200 ok"));
    assert!(get(&registry.host(), "/v2/shop/other/tags/list", &sent).0.contains("401"));
    assert!(get(host, "/token?scope=repository:private/web:pull", "").0.contains("401"));
    let known = format!("Authorization: {}\r\n", basic(USER));
    assert!(get(host, "/token?scope=repository:private/web:pull", &known).0.contains("200 ok"));
}
