//! Nothing leaves the browser, and nothing that an archive says is ever more than text.

use layerscope::fixture::{Archive, Image, Shape, Tar};
use serde_json::json;

use crate::{
    app::{Folder, id},
    native::Native,
    support::{Options, Page, run_in_all},
};

#[test]
fn no_request_is_made_after_a_drop() {
    let folder = Folder::new();
    let (first, second) = (folder.sample("whiteouts"), folder.sample("shared"));
    run_in_all("no-requests", Options::default(), async |page| {
        page.drop_archive(&first).await;
        let before = page.requests();
        assert!(before.iter().any(|line| line.contains("worker")), "{before:?}");
        use_everything(page, "app/package.json").await;
        page.drop_archive(&second).await;
        page.show("files").await;
        page.select("etc/passwd").await;
        assert_eq!(page.requests(), before);
        // The page counts for itself, and says so.
        assert_eq!(page.text(&id("status-requests")).await, "0 requests since the drop");
        page.assert_silent().await;
    });
}

#[test]
fn all_works_without_a_network_once_loaded() {
    let folder = Folder::new();
    let path = folder.sample("hello");
    let mut native = Native::read(&path);
    let version = native.versions(0, "etc/hello.conf")[0].clone();
    let bytes = native.content(version.content.unwrap());
    run_in_all("offline", Options::default(), async |page| {
        page.wait_for(&id("sample-hello")).await;
        page.until("the worker's code", async |page| {
            page.requests().iter().any(|line| line.ends_with("worker_bg.wasm"))
        })
        .await;
        // The answer is there a moment after the request: the first archive proves it.
        page.open_sample("hello").await;
        page.cut_network().await;

        page.drop_archive(&path).await;
        use_everything(page, "etc/hello.conf").await;
        page.select("etc/hello.conf").await;
        page.click(&id("download")).await;
        assert_eq!(page.downloaded("hello.conf", bytes.len()).await, bytes);
        page.click(&id("lang")).await;
        page.click(&id("theme")).await;
        page.drop_archive(&folder.sample("whiteouts")).await;
        page.assert_silent().await;
    });
}

#[test]
fn the_policy_allows_this_host_alone() {
    run_in_all("policy-text", Options::default(), async |page| {
        let policy = page.attribute("meta[http-equiv=Content-Security-Policy]", "content").await;
        let policy = policy.as_str().unwrap();
        let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
        for wanted in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        ] {
            assert!(directives.contains(&wanted), "{wanted} in {policy}");
        }
        assert!(
            !policy.contains("unsafe-inline")
                && !policy.contains("'unsafe-eval'")
                && !policy.contains("http"),
            "{policy}"
        );
        // It stands before anything that it governs.
        let first = "[...document.head.querySelectorAll('script, link, meta[http-equiv]')][0].getAttribute('http-equiv')";
        assert_eq!(page.eval(first).await, "Content-Security-Policy");
    });
}

#[test]
fn hostile_text_stays_text() {
    const MARKUP: &str = "<img src=x onerror=window.pwned=1><script>window.pwned=2</script>";
    const BIDI: &str = "invoice\u{202e}fdp.exe";
    let folder = Folder::new();
    let layer = Tar::new()
        .file("<img src=x onerror=window.pwned=3>", MARKUP)
        .xattr("user.<b>x</b>", "<svg onload=window.pwned=4>")
        .file(BIDI, "x\u{202e}y\n")
        .file("two\nlines", "plain\n")
        .file(b"not\xffutf8", "plain\n")
        .file("javascript:alert(1)", "plain\n")
        .file("{{constructor.constructor('alert(1)')()}}", "plain\n")
        .symlink("link", "javascript:window.pwned=5//<b>")
        .whiteout("<i>gone</i>");
    let image = Image::new()
        .name("registry.example/<script>window.pwned=6</script>:latest")
        .label("<b>label</b>", MARKUP)
        .label("bidi", BIDI)
        .env("EVIL", MARKUP)
        .env("LINES", "one\ntwo")
        .run("User", json!(MARKUP))
        .run("WorkingDir", json!("\"><script>window.pwned=7</script>"))
        .cmd(&[MARKUP, BIDI])
        .edit_config(|config| config["author"] = json!("<iframe srcdoc='<script>parent.pwned=8</script>'>"))
        .layer(&layer, &format!("RUN echo {MARKUP} {BIDI}"))
        .empty(&format!("LABEL x={MARKUP}"));
    let path = folder.archive("<svg onload=alert(1)>.tar", &Archive::new(Shape::Docker).image(image));
    run_in_all("hostile", Options { size: (1400, 1400), ..Options::default() }, async |page| {
        page.drop_archive(&path).await;
        page.wait_until_drawn().await;
        let rows = page.contents("[data-testid=row] .name bdi").await;
        for wanted in [
            "<img src=x onerror=window.pwned=3>",
            "invoice\\u{202E}fdp.exe",
            "two\\nlines",
            "not\\xFFutf8",
            "javascript:alert(1)",
            "{{constructor.constructor('alert(1)')()}}",
        ] {
            assert!(rows.iter().any(|name| name == wanted), "{wanted:?} in {rows:?}");
        }
        for place in 0..rows.len() {
            page.click(&format!("[data-row='{place}'] .name")).await;
            page.wait_for(&format!("[data-row='{place}'].selected")).await;
        }
        page.click("[data-path='<img src=x onerror=window.pwned=3>']").await;
        page.wait_for_text(&id("details"), "user.<b>x</b>").await;
        page.wait_for_text(&id("details"), "<svg onload=window.pwned=4>").await;
        page.click(&id("view-text")).await;
        page.wait_for_text(&id("text-view"), MARKUP).await;
        page.click(&id("viewer-close")).await;
        for view in ["overlay", "history", "image", "trust"] {
            page.show(view).await;
            page.wait_for(&format!("{} h2", id(&format!("view-{view}")))).await;
        }
        page.show("image").await;
        page.wait_for_text(&id("runs"), MARKUP).await;
        let labels = page.text(&id("labels")).await;
        assert!(labels.contains("<b>label</b>") && labels.contains("invoice\\u{202E}fdp.exe"), "{labels}");
        assert!(page.text(&id("runs")).await.contains("LINES=one\\ntwo"));
        assert!(page.text(&id("dockerfile")).await.contains(MARKUP));

        assert_eq!(page.eval("typeof window.pwned").await, "undefined");
        assert_eq!(page.count("img, iframe, object, embed, form, body script, [onerror], [onload]").await, 0);
        assert_eq!(page.count("[href^='javascript:'], [style*='url']").await, 0);
        let raw = "/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.documentElement.innerText)";
        assert_eq!(page.eval(raw).await, false, "a bidirectional control is on the screen");
        let title = page.title().await;
        assert!(title.contains("<script>"), "{title}");
        page.assert_silent().await;
    });
}

/// The page opened anew remembers nothing of the archive.
#[test]
fn nothing_of_an_archive_is_kept() {
    run_in_all("nothing-kept", Options::default(), async |page| {
        page.open_sample("hello").await;
        page.show("image").await;
        let kept = "(async () => ({
            local: Object.values(localStorage).join(' '), session: sessionStorage.length, cookie: document.cookie,
            databases: (await indexedDB.databases()).length, url: location.href,
            files: await navigator.storage.getDirectory().then(async (root) => {
                const names = [];
                for await (const name of root.keys()) names.push(name);
                return names.length;
            }, () => 0),
        }))()";
        let kept = page.eval(kept).await;
        assert!(!kept.to_string().contains("hello"), "{kept}");
        assert_eq!(
            (&kept["session"], &kept["cookie"], &kept["databases"], &kept["files"]),
            (&json!(0), &json!(""), &json!(0), &json!(0))
        );
    });
}

/// Looks at every view, a path, and its content.
async fn use_everything(page: &Page, path: &str) {
    for view in ["overlay", "history", "image", "trust", "files"] {
        page.show(view).await;
    }
    page.click(&id("expand-all")).await;
    page.key("/").await;
    page.type_keys(path).await;
    page.wait_for_text(&id("matches"), "1 path").await;
    page.select(path).await;
    for kind in ["view-text", "view-hex"] {
        page.click(&id(kind)).await;
        page.wait_for(".text-view .line, .hex-view .tree-block .hex-row").await;
        page.click(&id("viewer-close")).await;
        page.wait_until_gone(&id("viewer")).await;
    }
    page.key("Escape").await;
}
