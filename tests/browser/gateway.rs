//! The gateway as a browser sees it: for the page that it serves, and for pages elsewhere.

use std::cell::Cell;

use layerscope::serve::gateway::Policy;
use serde_json::json;

use crate::{
    servers::{
        Log,
        fake::{self, Setup},
        images::{FIRST, Stored, digests},
        process::{Registry, Settings},
    },
    support::{Options, run_in_all},
};

fn allowing(host: &str) -> Options {
    let policy = Policy::new().without_defaults().anonymous().allow(host.parse().unwrap());
    Options { gateway: Some(policy), ..Options::default() }
}

#[test]
fn the_page_reads_a_registry_without_cors_through_the_gateway() {
    let Some(registry) = Registry::start(Settings::default()) else { return };
    let stored = Stored::new();
    if !registry.push(&stored.source(FIRST), "shop/web:first") {
        return;
    }
    let (manifest, layers) = digests(&stored.layout(), FIRST);
    let before = registry.log().blob_gets(&layers[0]);
    let browsers = Cell::new(0);
    run_in_all("gateway", allowing(&registry.host()), async |page| {
        browsers.set(browsers.get() + 1);
        let read = format!(
            "(async () => {{
                const base = '/_layerscope/v1/{}/v2/shop/web/';
                const accept = 'application/vnd.oci.image.manifest.v1+json';
                const digests = [];
                for (const path of {}) {{
                    const answer = await fetch(base + path, {{ headers: {{ accept }}, credentials: 'omit' }});
                    const hash = await crypto.subtle.digest('SHA-256', await answer.arrayBuffer());
                    const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
                    digests.push('sha256:' + hex);
                }}
                return digests;
            }})()",
            registry.host(),
            json!([format!("manifests/{FIRST}"), format!("blobs/{}", layers[0]), format!("blobs/{}", layers[2])])
        );
        assert_eq!(page.eval(&read).await, json!([manifest, layers[0], layers[2]]));
        let hello = "fetch('/_layerscope/v1/').then((answer) => answer.json())";
        assert_eq!(page.eval(hello).await, json!({ "gateway": 1 }));
        page.assert_silent().await;
        // Directly it may not: the page's policy is in the way, and the registry would be.
        let direct = format!("fetch('http://{}/v2/').then(() => 'read', () => 'refused')", registry.host());
        assert_eq!(page.eval(&direct).await, "refused");
    });
    let once = |log: &Log| log.blob_gets(&layers[0]) - before == browsers.get();
    assert!(registry.log().wait_for(once), "each browser reads it once: {:?}", registry.log().lines());
}

#[test]
fn pages_elsewhere_cannot_use_the_gateway() {
    let stored = Stored::new();
    let registry = fake::registry(&stored.layout(), Setup::default());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<!doctype html><title>Elsewhere</title>").unwrap();
    // Another port of this machine: another origin, but the same site.
    let elsewhere = fake::files(folder.path(), true);
    run_in_all("gateway-elsewhere", allowing(&registry.host()), async |page| {
        let origin = page.url().split("/a/b/").next().unwrap().to_owned();
        let list = format!("{origin}/_layerscope/v1/{}/v2/shop/web/tags/list", registry.host());
        page.goto(&format!("{}/index.html", elsewhere.url())).await;
        assert_eq!(page.title().await, "Elsewhere");
        let tried = format!(
            "(async () => {{
                const url = '{list}';
                const attempt = (promise) => promise.then(() => 'done', () => 'refused');
                const tag = (name, attributes) => attempt(new Promise((done, failed) => {{
                    const element = Object.assign(document.createElement(name), attributes);
                    element.onload = done;
                    element.onerror = failed;
                    document.head.append(element);
                }}));
                const answers = [
                    await attempt(fetch(url)),
                    await attempt(fetch(url, {{ headers: {{ authorization: 'Basic x' }} }})),
                    await tag('script', {{ src: url }}),
                ];
                await attempt(fetch(url, {{ mode: 'no-cors' }}));
                return answers;
            }})()"
        );
        assert_eq!(page.eval(&tried).await, json!(["refused", "refused", "refused"]));
    });
    // Neither has any of it reached the registry.
    assert_eq!(registry.log().lines(), Vec::<String>::new());
}
