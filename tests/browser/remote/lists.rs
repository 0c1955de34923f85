//! Tags, and what refers to an image.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use layerscope::serve::gateway::Policy;
use serde_json::{Value, json};

use super::{fetched_whole, name, pull, registry};
use crate::{
    app::id,
    servers::{
        fake::{self, Fault},
        images::{FIRST, MULTI, SECOND, Stored},
    },
    support::{Options, Page, run},
};

#[test]
fn tags_are_listed_page_by_page() {
    let stored = Stored::new();
    let registry = registry(&stored, vec![Fault::ShortLists(2)]);
    run("remote-tags", Options::default(), async |page| {
        page.open_at("remote.html").await;
        page.type_into(&id("remote-place"), &format!("{}/shop/web", registry.host())).await;
        page.click(&id("remote-tags")).await;
        page.wait_for_text(&id("remote-tag-list"), MULTI).await;
        assert!(!page.text(&id("remote-tag-list")).await.contains(SECOND));
        page.click(&id("remote-more-tags")).await;
        page.wait_for_text(&id("remote-tag-list"), SECOND).await;
        page.wait_until_gone(&id("remote-more-tags")).await;
        page.screenshot("remote-tags").await;
        page.click("[data-testid=remote-tag-list] li button").await;
        page.wait_for_text(&id("remote-says"), FIRST).await;
    });
}

/// What a registry has to say to people reaches them, quietly, and once: directly, and through the gateway.
#[test]
fn what_a_registry_warns_of_is_shown() {
    let stored = Stored::new();
    let warns = Fault::Warns("This registry \"moves\"\u{202e}, <b>soon</b>".to_owned());
    let registry = registry(&stored, vec![warns]);
    let shown = "The registry says:\nThis registry \"moves\"\\u{202E}, <b>soon</b>";
    run("remote-warnings", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        fetched_whole(page).await;
        page.wait_for_text(&id("remote-warnings"), shown).await;
        assert_eq!(page.count(&format!("{} li", id("remote-warnings"))).await, 1);
        assert_eq!(page.count(&format!("{} b", id("remote-warnings"))).await, 0);
        page.screenshot("remote-warnings").await;
        page.open_at("remote.html").await;
        page.type_into(&id("remote-place"), &name(&registry, FIRST)).await;
        page.click(&id("remote-tags")).await;
        page.wait_for_text(&id("remote-warnings"), shown).await;
    });
    let policy = Policy::new().without_defaults().anonymous().allow(registry.host().parse().unwrap());
    let options = Options { gateway: Some(policy), ..Options::default() };
    run("remote-warnings-through", options, async |page| {
        page.open_at(&format!("#pull={}", name(&registry, FIRST))).await;
        page.click(&id("remote-agree")).await;
        fetched_whole(page).await;
        page.wait_for_text(&id("remote-warnings"), shown).await;
    });
}

/// Lists of contents as their formats have them, and a statement in an envelope, as `cosign attest` stores one.
fn documents() -> [(&'static str, Value, Option<&'static str>); 3] {
    let spdx = json!({
        "spdxVersion": "SPDX-2.3",
        "name": "shop/web",
        "packages": [{ "name": "zlib", "SPDXID": "SPDXRef-zlib", "versionInfo": "1.3.1", "licenseConcluded": "Zlib" }],
    });
    let cyclonedx = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [{ "type": "library", "name": "left-pad", "version": "1.3.0" }],
    });
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "shop/web", "digest": { "sha256": "00" } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": { "buildDefinition": { "buildType": "https://example.com/<b>build</b>" } },
    });
    let envelope = json!({
        "payloadType": "application/vnd.in-toto+json",
        "payload": BASE64_STANDARD.encode(statement.to_string()),
        "signatures": [{ "sig": "" }],
    });
    [
        ("application/spdx+json", spdx, None),
        ("application/vnd.cyclonedx+json", cyclonedx, None),
        ("application/vnd.dsse.envelope.v1+json", envelope, Some(".att")),
    ]
}

/// Opens a document of the list, and every branch of its tree.
async fn read(page: &Page, kind: &str) -> String {
    let click = format!(
        "[...document.querySelectorAll('[data-testid=referrers] li')].find((li) => li.textContent.includes({kind:?}))
            .querySelector('[data-testid=read-referrer]').click()"
    );
    page.eval(&click).await;
    let row = format!(
        "[...document.querySelectorAll('[data-testid=referrers] li')].find((li) => li.textContent.includes({kind:?}))
            .querySelector('[data-testid=referrer-document]')"
    );
    page.until(kind, async |page| page.eval(&format!("!!{row}")).await == true).await;
    let opened =
        format!("(() => {{ {row}.querySelectorAll('details').forEach((d) => {{ d.open = true; }}); }})()");
    page.eval(&opened).await;
    page.text(&id("referrer-document")).await
}

#[test]
fn what_refers_to_an_image_is_read_as_trees() {
    for faults in [Vec::new(), vec![Fault::ShortLists(1)], vec![Fault::NoReferrers]] {
        let has_list = faults != [Fault::NoReferrers];
        let stored = Stored::new();
        for (kind, document, stand_in) in documents() {
            // Without the list, all of them stand under tags.
            let suffix =
                if has_list { stand_in } else { Some(if kind.contains("dsse") { ".att" } else { ".sbom" }) };
            if has_list || !kind.contains("spdx") {
                stored.attach(FIRST, kind, document.to_string().as_bytes(), suffix);
            }
        }
        let registry = registry(&stored, faults);
        run("remote-referrers", Options { size: (1280, 1400), ..Options::default() }, async |page| {
            pull(page, &format!("pull={}", name(&registry, FIRST))).await;
            fetched_whole(page).await;
            page.eval("document.querySelector('[data-testid=pull]').open = true").await;
            page.click(&id("list-referrers")).await;
            page.wait_for_text(&id("referrers"), "vnd.cyclonedx+json").await;
            if has_list {
                let text = read(page, "spdx+json").await;
                assert!(text.contains("zlib 1.3.1") && text.contains("SPDXRef-zlib"), "{text}");
            }
            let text = read(page, "cyclonedx+json").await;
            assert!(text.contains("left-pad 1.3.0"), "{text}");
            page.screenshot("remote-referrers").await;
            // What is in the envelope, not the envelope.
            let text = read(page, "dsse.envelope").await;
            assert!(
                text.contains("https://slsa.dev/provenance/v1") && text.contains("<b>build</b>"),
                "{text}"
            );
            assert!(!text.contains("payloadType"), "{text}");
            // Which stands beside it, as it is stored.
            page.wait_for_text(&id("referrer-raw"), "As it is stored").await;
            page.eval("document.querySelector('[data-testid=referrer-raw]').open = true").await;
            page.wait_for_text(&id("referrer-raw"), "\"payloadType\":\"application/vnd.in-toto+json\"").await;
            page.screenshot("remote-raw").await;
        });
    }
}

/// What stands beside an image in a layout is found and read as well, and is not taken for an image.
#[test]
fn what_refers_to_an_image_of_a_layout_is_read() {
    let stored = Stored::new();
    for (kind, document, stand_in) in documents() {
        stored.attach(FIRST, kind, document.to_string().as_bytes(), stand_in);
    }
    stored.attach(SECOND, "application/vnd.example.other", b"{}", None);
    let files = fake::files(&stored.layout(), true);
    run("remote-layout-referrers", Options { size: (1280, 1400), ..Options::default() }, async |page| {
        pull(page, &format!("pull={}/", files.url())).await;
        page.wait_for_text(&id("remote-choices"), FIRST).await;
        assert_eq!(page.count("[data-testid=remote-choices] li").await, 3, "no artifact among them");
        page.click("[data-testid=remote-choices] li:nth-child(1) button").await;
        fetched_whole(page).await;
        page.eval("document.querySelector('[data-testid=pull]').open = true").await;
        page.click(&id("list-referrers")).await;
        page.wait_for_text(&id("referrers"), "vnd.cyclonedx+json").await;
        assert!(!page.text(&id("referrers")).await.contains("example.other"));
        let text = read(page, "spdx+json").await;
        assert!(text.contains("zlib 1.3.1"), "{text}");
        let text = read(page, "dsse.envelope").await;
        assert!(text.contains("https://slsa.dev/provenance/v1"), "{text}");
        assert_eq!(page.count(&id("referrers-unknown")).await, 0);
    });
}

#[test]
fn what_an_index_attests_of_a_platform_is_read() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-attestation", Options::default(), async |page| {
        pull(page, &format!("pull={}&platform=linux/amd64", name(&registry, MULTI))).await;
        fetched_whole(page).await;
        page.eval("document.querySelector('[data-testid=pull]').open = true").await;
        let text = read(page, "slsa.dev/provenance").await;
        assert!(text.contains("https://mobyproject.org/buildkit@v1"), "{text}");
    });
}

/// Not to know is not the same as that there is nothing.
#[test]
fn a_list_that_cannot_be_read_is_not_called_empty() {
    let stored = Stored::new();
    let registry = registry(&stored, vec![Fault::BrokenReferrers]);
    run("remote-referrers-broken", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        fetched_whole(page).await;
        page.eval("document.querySelector('[data-testid=pull]').open = true").await;
        page.click(&id("list-referrers")).await;
        page.wait_for_text(&id("referrers-unknown"), "Whether there is more is not known").await;
        assert!(!page.text(&id("referrers")).await.contains("Nothing there refers"));
    });
}

/// Lists of contents are long; all of one can be read.
#[test]
fn a_long_document_is_shown_part_by_part() {
    let stored = Stored::new();
    let packages: Vec<_> = (0..450).map(|number| json!({ "name": format!("package-{number}") })).collect();
    let spdx = json!({ "packages": packages });
    stored.attach(FIRST, "application/spdx+json", spdx.to_string().as_bytes(), None);
    let registry = registry(&stored, Vec::new());
    run("remote-long-document", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        fetched_whole(page).await;
        page.eval("document.querySelector('[data-testid=pull]').open = true").await;
        page.click(&id("list-referrers")).await;
        page.wait_for_text(&id("referrers"), "spdx+json").await;
        let text = read(page, "spdx+json").await;
        assert!(text.contains("package-199") && !text.contains("package-200"), "{text}");
        for last in ["package-399", "package-449"] {
            page.click(&id("json-more")).await;
            page.wait_for_text(&id("referrer-document"), last).await;
        }
        page.wait_until_gone(&id("json-more")).await;
    });
}
