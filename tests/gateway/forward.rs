//! What is forwarded, and what of it comes back.

use std::{
    fs,
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use layerscope::{
    digest::Digest,
    serve::gateway::{Policy, Times},
};

use crate::{
    Gateway, json, refusal,
    servers::{
        fake::{self, Fault, Setup},
        images::{FIRST, Stored, digests},
        process::{Registry, Settings},
    },
    status,
};

const MANIFEST: &str = "Accept: application/vnd.oci.image.manifest.v1+json\r\n";

fn faulty(stored: &Stored, faults: &[Fault]) -> fake::Served {
    fake::registry(&stored.layout(), Setup { faults: faults.to_vec(), ..Setup::default() })
}

#[test]
fn a_real_registry_is_read_through_it() {
    let Some(registry) = Registry::start(Settings::default()) else { return };
    let stored = Stored::new();
    if !registry.push(&stored.source(FIRST), "shop/web:first") {
        return;
    }
    let (manifest, layers) = digests(&stored.layout(), FIRST);
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    assert_eq!(json(&gateway.get("")), serde_json::json!({ "gateway": 1 }));
    let base = format!("/_layerscope/v1/{}/v2/shop/web", registry.host());
    let (head, body) = gateway.ask("GET", &format!("{base}/manifests/first"), MANIFEST);
    assert!(
        head.contains("200 ok") && head.contains(&format!("docker-content-digest: {manifest}")),
        "{head}"
    );
    assert!(head.contains("content-type: application/vnd.oci.image.manifest.v1+json"), "{head}");
    assert_eq!(Digest::sha256(&body).to_string(), manifest);
    for layer in &layers {
        let (head, body) = gateway.ask("GET", &format!("{base}/blobs/{layer}"), "");
        assert_eq!(Digest::sha256(&body).to_string(), *layer, "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        let log = registry.log();
        assert!(log.wait_for(|log| log.blob_gets(layer) == 1), "{:?}", log.lines());
    }
    let (head, body) = gateway.ask("HEAD", &format!("{base}/manifests/first"), MANIFEST);
    assert!(head.contains(&format!("docker-content-digest: {manifest}")) && body.is_empty(), "{head}");
    let (head, body) = gateway.ask("GET", &format!("{base}/blobs/{}", layers[0]), "Range: bytes=100-199\r\n");
    assert!(head.contains("206 partial content") && head.contains("content-range: bytes 100-199/"), "{head}");
    let whole = fs::read(stored.layout().join("blobs").join(layers[0].replace(':', "/"))).unwrap();
    assert_eq!(body, &whole[100..200]);
    let missing = gateway.ask("GET", &format!("{base}/manifests/nothing"), MANIFEST);
    assert_eq!(status(&missing), 404);
    assert_eq!(json(&missing)["errors"][0]["code"], "MANIFEST_UNKNOWN");
    assert!(registry.log().hits().iter().all(|hit| hit.method != "POST" || hit.target.contains("uploads")));
}

#[test]
fn lists_lead_on_through_it() {
    let stored = Stored::new();
    let registry = faulty(&stored, &[]);
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    let base = format!("{}/v2/shop/web/tags/list", registry.host());
    let (head, body) = gateway.get(&format!("{base}?n=2"));
    assert!(String::from_utf8(body).unwrap().contains("first"));
    assert!(head.contains("link: <?n=2&last=multi>; rel=\"next\""), "{head}");
    let answer = gateway.get(&format!("{base}?n=2&last=multi"));
    assert_eq!(json(&answer)["tags"], serde_json::json!(["second"]));
    assert!(!answer.0.contains("link:"), "{}", answer.0);
}

#[test]
fn what_comes_back_can_neither_be_shown_nor_run() {
    let stored = Stored::new();
    let registry = faulty(&stored, &[Fault::Html]);
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    let (head, _) = gateway.get(&format!("{}/v2/", registry.host()));
    for wanted in [
        "content-security-policy: default-src 'none'; sandbox",
        "x-content-type-options: nosniff",
        "content-disposition: attachment",
        "cross-origin-resource-policy: same-origin",
        "cache-control: no-cache",
    ] {
        assert!(head.contains(wanted), "{wanted} in {head}");
    }
    let browser = "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: document\r\n";
    let path = format!("/_layerscope/v1/{}/v2/", registry.host());
    assert_eq!(refusal(&gateway.ask("GET", &path, browser)), (403, "GATEWAY_CROSS_SITE".to_owned()));
}

#[test]
fn it_reads_and_does_nothing_else() {
    let stored = Stored::new();
    let registry = faulty(&stored, &[]);
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    let path = format!("/_layerscope/v1/{}/v2/shop/web/manifests/first", registry.host());
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        let answer = gateway.ask(method, &path, "Content-Length: 0\r\n");
        assert_eq!(refusal(&answer), (405, "GATEWAY_METHOD".to_owned()), "{method}");
        assert!(answer.0.contains("allow: get, head"), "{}", answer.0);
        let hello = gateway.ask(method, "/_layerscope/v1/", "Content-Length: 0\r\n");
        assert_eq!(refusal(&hello), (405, "GATEWAY_METHOD".to_owned()), "{method}");
    }
    for rest in ["v2/shop/web/blobs/uploads/", "v2/%2e%2e/metrics", "metrics", "v2/a/../../x/tags/list"] {
        let answer = gateway.refusal(&format!("{}/{rest}", registry.host()));
        assert_eq!(answer, (404, "GATEWAY_BAD_PATH".to_owned()), "{rest}");
    }
    assert_eq!(registry.log().lines(), Vec::<String>::new());
}

#[test]
fn headers_of_the_browser_stay_here() {
    let stored = Stored::new();
    let registry = faulty(&stored, &[]);
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    let path = format!("/_layerscope/v1/{}/v2/shop/web/manifests/first", registry.host());
    let own = format!(
        "Origin: http://{}\r\nAuthorization: Basic c2VjcmV0\r\nCookie: a=b\r\nAccept-Encoding: gzip\r\n{MANIFEST}",
        gateway.host()
    );
    assert_eq!(status(&gateway.ask("GET", &path, &own)), 200);
    let hit = &registry.log().hits()[0];
    assert_eq!((&hit.authorization, &hit.origin), (&None, &None));
}

#[test]
fn only_hosts_that_are_allowed_are_asked() {
    let stored = Stored::new();
    let registry = faulty(&stored, &[]);
    let gateway = Gateway::for_hosts(&["r.example"]);
    let answer = gateway.get(&format!("{}/v2/", registry.host()));
    assert_eq!(refusal(&answer), (403, "GATEWAY_HOST_NOT_ALLOWED".to_owned()));
    let flag = format!("--allow-registry {}", registry.host());
    assert_eq!(json(&answer)["errors"][0]["detail"]["flag"], flag.as_str());
    assert!(json(&answer)["errors"][0]["message"].as_str().unwrap().contains(&flag));
    // Another port is another host.
    let gateway = Gateway::for_hosts(&["127.0.0.1:1", "127.0.0.1"]);
    assert_eq!(gateway.refusal(&format!("{}/v2/", registry.host())).0, 403);
    for host in ["docker.io", "ghcr.io", "localhost:1", "[::1]:1", "2130706434", "169.254.169.254"] {
        assert_eq!(gateway.refusal(&format!("{host}/v2/")).1, "GATEWAY_HOST_NOT_ALLOWED", "{host}");
    }
    assert_eq!(registry.log().lines(), Vec::<String>::new());
}

#[test]
fn redirects_are_followed_by_the_same_rules() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let store = fake::files(&stored.layout(), false);
    let registry = faulty(&stored, &[Fault::RedirectBlobs(store.url())]);
    let path = format!("{}/v2/shop/web/blobs/{}", registry.host(), layers[0]);

    // The store is on the loopback interface: only who names it gets there.
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    assert_eq!(gateway.refusal(&path), (502, "GATEWAY_REDIRECT".to_owned()));
    assert_eq!(store.log().lines(), Vec::<String>::new());
    let gateway = Gateway::for_hosts(&[&registry.host(), &store.host()]);
    let (head, body) = gateway.get(&path);
    assert_eq!(Digest::sha256(&body).to_string(), layers[0], "{head}");
    assert!(!head.contains("location"), "{head}");

    // Private addresses by number and by name, also with TLS; other schemes; users in addresses.
    let port = store.host().split_once(':').unwrap().1.to_owned();
    for (elsewhere, code) in [
        (format!("https://{}", store.host()), "GATEWAY_PRIVATE_ADDRESS"),
        (format!("https://localhost:{port}"), "GATEWAY_PRIVATE_ADDRESS"),
        (format!("https://[::ffff:127.0.0.1]:{port}"), "GATEWAY_PRIVATE_ADDRESS"),
        ("https://169.254.169.254/latest".to_owned(), "GATEWAY_PRIVATE_ADDRESS"),
        (format!("http://localhost:{port}"), "GATEWAY_REDIRECT"),
        (format!("http://user:password@{}", store.host()), "GATEWAY_REDIRECT"),
        ("file:///etc/passwd".to_owned(), "GATEWAY_REDIRECT"),
        ("ftp://r.example".to_owned(), "GATEWAY_REDIRECT"),
    ] {
        let registry = faulty(&stored, &[Fault::RedirectBlobs(elsewhere.clone())]);
        let gateway = Gateway::for_hosts(&[&registry.host()]);
        let path = format!("{}/v2/shop/web/blobs/{}", registry.host(), layers[0]);
        assert_eq!(
            gateway.refusal(&path),
            if code == "GATEWAY_REDIRECT" { (502, code.to_owned()) } else { (403, code.to_owned()) },
            "{elsewhere}"
        );
    }

    let registry = faulty(&stored, &[Fault::RedirectLoop]);
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    let path = format!("{}/v2/shop/web/blobs/{}", registry.host(), layers[0]);
    assert_eq!(gateway.refusal(&path), (502, "GATEWAY_REDIRECT".to_owned()));
    assert_eq!(registry.log().lines().len(), 6);
    assert_eq!(store.log().blob_gets(&layers[0]), 1, "{:?}", store.log().lines());
}

#[test]
fn what_a_registry_does_wrong_is_passed_on_or_named() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let whole = fs::read(stored.layout().join("blobs").join(layers[0].replace(':', "/"))).unwrap();
    let blob = |faults: &[Fault], headers: &str| {
        let registry = faulty(&stored, faults);
        let gateway = Gateway::for_hosts(&[&registry.host()]);
        let path = format!("/_layerscope/v1/{}/v2/shop/web/blobs/{}", registry.host(), layers[0]);
        gateway.ask("GET", &path, headers)
    };
    let (head, body) = blob(&[Fault::Cut { after: 1000, times: 9 }], "");
    assert!(head.contains(&format!("content-length: {}", whole.len())) && body == whole[..1000], "{head}");
    let busy = blob(&[Fault::TooMany { times: 9, retry_after: 7 }], "");
    assert!(status(&busy) == 429 && busy.0.contains("retry-after: 7"), "{}", busy.0);
    let deaf = blob(&[Fault::IgnoreRange], "Range: bytes=5-\r\n");
    assert!(status(&deaf) == 200 && deaf.1 == whole);
    let wrong = blob(&[Fault::WrongBlobs], "");
    assert!(wrong.1.len() == whole.len() && wrong.1 != whole);

    let gone = Gateway::for_hosts(&["127.0.0.1:1"]);
    assert_eq!(gone.refusal("127.0.0.1:1/v2/"), (502, "GATEWAY_UNREACHABLE".to_owned()));
    let unknown = Gateway::start(Policy::new().allow("registry.invalid".parse().unwrap()), |_| {});
    assert_eq!(unknown.refusal("registry.invalid/v2/"), (502, "GATEWAY_UNREACHABLE".to_owned()));
}

#[test]
fn documents_larger_than_any_registry_takes_are_refused() {
    let router = axum::Router::new().fallback(async || vec![b' '; 33 << 20]);
    let registry = fake::Served::start(router);
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    let answer = gateway.refusal(&format!("{}/v2/shop/web/manifests/first", registry.host()));
    assert_eq!(answer, (502, "GATEWAY_TOO_LARGE".to_owned()));

    // Without a length it is cut off where it grows too large.
    let router = axum::Router::new().fallback(async || {
        let chunks = std::iter::repeat_n(vec![b' '; 1 << 20], 34).map(Ok::<_, std::io::Error>);
        axum::body::Body::from_stream(futures_util::stream::iter(chunks))
    });
    let registry = fake::Served::start(router);
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    let (head, body) = gateway.get(&format!("{}/v2/shop/web/manifests/first", registry.host()));
    assert!(
        head.contains("200 ok") && body.len() <= 32 << 20 && body.len() > 30 << 20,
        "{head} {}",
        body.len()
    );
}

/// The user has named a host so that the page may read its registry: no other host may send the gateway anywhere on it.
#[test]
fn a_named_host_is_not_reached_anywhere_by_a_redirect() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let inside = fake::files(&stored.layout(), false);
    // The same machine by another name, as another host.
    let inside_host = inside.host().replace("127.0.0.1", "localhost");
    let inside_url = format!("http://{inside_host}");
    let blob = format!("v2/shop/web/blobs/{}", layers[0]);
    for (fault, path) in [
        // A path that is not the blob's, and documents: they are in registries.
        (Fault::RedirectAll(format!("{inside_url}/index.json")), blob.as_str()),
        (Fault::RedirectAll(format!("{inside_url}/index.json")), "v2/shop/web/manifests/first"),
        (Fault::RedirectAll(format!("{inside_url}/index.json")), "v2/shop/web/tags/list"),
        (Fault::RedirectAll(format!("{inside_url}/v2/shop/web/tags/list")), "v2/shop/web/tags/list"),
        // Nor does a host lead to what is no registry behind another port of its own.
        (Fault::RedirectAll(format!("{}/index.json", inside.url())), blob.as_str()),
    ] {
        let outside = faulty(&stored, &[fault]);
        let gateway = Gateway::for_hosts(&[&outside.host(), &inside_host, &inside.host()]);
        let answer = gateway.refusal(&format!("{}/{path}", outside.host()));
        assert_eq!(answer, (502, "GATEWAY_REDIRECT".to_owned()), "{path}");
    }
    assert_eq!(inside.log().lines(), Vec::<String>::new());
    // A host leads on within itself.
    let own = faulty(&stored, &[Fault::RedirectBlobs("/moved".to_owned())]);
    let gateway = Gateway::for_hosts(&[&own.host()]);
    assert_eq!(status(&gateway.get(&format!("{}/{blob}", own.host()))), 404);
    assert!(own.log().lines().last().unwrap().contains("/moved/"), "{:?}", own.log().lines());
}

#[test]
fn what_allowing_a_host_does_not_change_is_not_said_to() {
    for host in ["169.254.169.254", "[::ffff:169.254.169.254]", "0.0.0.0", "224.0.0.1"] {
        let gateway = Gateway::for_hosts(&[host]);
        let answer = gateway.get(&format!("{host}/v2/"));
        assert_eq!(refusal(&answer), (403, "GATEWAY_RESERVED_ADDRESS".to_owned()), "{host}");
        assert!(json(&answer)["errors"][0]["detail"].is_null(), "nothing would allow it");
    }
}

/// As one behind a proxy does, which knows it by another scheme or port.
#[test]
fn a_named_registry_leads_to_itself() {
    let stored = Stored::new();
    let moved = faulty(&stored, &[]);
    let path = "v2/shop/web/tags/list";
    let first = faulty(&stored, &[Fault::RedirectAll(format!("{}/{path}", moved.url()))]);
    let both = Gateway::for_hosts(&[&first.host(), &moved.host()]);
    assert_eq!(status(&both.get(&format!("{}/{path}", first.host()))), 200);
    // The other port is not named.
    let one = Gateway::for_hosts(&[&first.host()]);
    assert_eq!(one.refusal(&format!("{}/{path}", first.host())), (502, "GATEWAY_REDIRECT".to_owned()));
    assert_eq!(moved.log().lines().len(), 1);
}

/// A registry that is never done is left: it neither answers, nor goes on, nor ends.
#[test]
fn time_is_limited() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let (short, long) = (Duration::from_millis(100), Duration::from_secs(600));
    let times = Times { connection: long, answer: long, pause: long, whole: long };
    let gateway = |host: String, times: Times| {
        Gateway::start(Policy::new().allow(host.parse().unwrap()).with_times(times), |_| {})
    };

    let silent = fake::Served::start(axum::Router::new().fallback(std::future::pending::<()>));
    let answer = gateway(silent.host(), Times { answer: short, ..times });
    assert_eq!(answer.refusal(&format!("{}/v2/", silent.host())), (504, "GATEWAY_TIMEOUT".to_owned()));

    let stalls = faulty(&stored, &[Fault::Stall(1000)]);
    let answer = gateway(stalls.host(), Times { pause: short, ..times });
    let (head, body) = answer.get(&format!("{}/v2/shop/web/blobs/{}", stalls.host(), layers[0]));
    assert!(head.contains("200 ok") && body.len() == 1000, "{head} {}", body.len());

    let router = axum::Router::new().fallback(async || {
        let drops = futures_util::stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, std::io::Error>("x"), ()))
        });
        axum::body::Body::from_stream(drops)
    });
    let endless = fake::Served::start(router);
    let answer = gateway(endless.host(), Times { whole: short, ..times });
    let (head, body) = answer.get(&format!("{}/v2/shop/web/blobs/{}", endless.host(), layers[0]));
    assert!(head.contains("200 ok") && !body.is_empty(), "{head}");
}

#[test]
fn not_everything_is_asked_at_once() {
    let under_way = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&under_way);
    let silent = fake::Served::start(axum::Router::new().fallback(async move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<()>().await;
    }));
    let gateway = Gateway::for_hosts(&[&silent.host()]);
    let path = format!("/_layerscope/v1/{}/v2/", silent.host());
    let waiting: Vec<_> = (0..64)
        .map(|_| {
            let mut stream = TcpStream::connect(gateway.host()).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.host()).unwrap();
            stream
        })
        .collect();
    assert!(silent.log().wait_for(|_| under_way.load(Ordering::SeqCst) == waiting.len()));
    let answer = gateway.ask("GET", &path, "");
    assert_eq!(refusal(&answer), (503, "GATEWAY_BUSY".to_owned()));
    assert!(answer.0.contains("retry-after: 1"), "{}", answer.0);
}

#[test]
fn blobs_larger_than_any_layer_are_refused() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let path = format!("v2/shop/web/blobs/{}", layers[0]);
    for (length, code) in [((64_u64 << 30) + 1, "GATEWAY_TOO_LARGE"), (64 << 30, "")] {
        let router = axum::Router::new().fallback(async move || {
            let first = futures_util::stream::iter([Ok::<_, std::io::Error>("x")]);
            ([("content-length", length.to_string())], axum::body::Body::from_stream(first))
        });
        let registry = fake::Served::start(router);
        let gateway = Gateway::for_hosts(&[&registry.host()]);
        let answer = gateway.ask("HEAD", &format!("/_layerscope/v1/{}/{path}", registry.host()), "");
        assert_eq!(answer.0.contains("layerscope-gateway: refused"), !code.is_empty(), "{}", answer.0);
    }
}

#[test]
fn what_a_registry_warns_of_reaches_the_page() {
    let stored = Stored::new();
    let registry = faulty(&stored, &[Fault::Warns("moved \"soon\"".to_owned())]);
    let gateway = Gateway::for_hosts(&[&registry.host()]);
    let (head, _) = gateway.get(&format!("{}/v2/shop/web/manifests/first", registry.host()));
    assert!(head.contains("warning: 299 - \"moved \\\"soon\\\"\""), "{head}");
}
