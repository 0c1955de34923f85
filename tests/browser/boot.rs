//! The page starts: under any path, under its own Content-Security-Policy, in silence.

use std::fs;

use serde_json::json;

use crate::{
    app::id,
    support::{Options, Scheme, later, run, run_in_all},
};

#[test]
fn starts_under_a_sub_path_without_a_complaint() {
    run("boot", Options::default(), async |page| {
        page.wait_for_text("#app .brand", "Layerscope").await;
        assert_eq!(page.title().await, "Layerscope");
        page.assert_silent().await;

        let requests = page.requests();
        assert!(requests.iter().all(|line| line.starts_with("GET /a/b/")), "{requests:?}");
        assert!(requests.iter().any(|line| line.ends_with(".wasm")), "{requests:?}");
    });
}

/// The worker's code is not in the way of what is seen first.
#[test]
fn the_worker_is_fetched_once_the_page_is_painted() {
    run("boot-worker", Options::default(), async |page| {
        let fetched = "performance.getEntriesByType('resource').find((e) => e.name.endsWith('/worker_bg.wasm'))?.startTime ?? 0";
        page.until("the worker's code", async |page| page.eval(fetched).await.as_f64() > Some(0.0)).await;
        let painted = page.eval("performance.getEntriesByName('first-contentful-paint')[0].startTime").await;
        let loaded = "performance.getEntriesByType('resource').find((e) => e.name.includes('/app-') && e.name.endsWith('.wasm')).responseEnd";
        let loaded = page.eval(loaded).await;
        let fetched = page.eval(fetched).await.as_f64();
        assert!(fetched > painted.as_f64() && fetched > loaded.as_f64(), "{fetched:?}, {painted}, {loaded}");
        let preloaded =
            "[...document.querySelectorAll('link')].filter((link) => link.href.includes('worker')).length";
        assert_eq!(page.eval(preloaded).await, 0);
    });
}

/// Nor is what nobody sees before something is open; and it is all there when something is dropped.
#[test]
fn what_is_called_later_is_fetched_once_the_page_is_painted() {
    run("boot-later", Options::default(), async |page| {
        let started = |name: &str| {
            format!(
                "performance.getEntriesByType('resource').find((e) => e.name.includes('/{name}') && e.name.endsWith('.wasm'))?.startTime ?? 0"
            )
        };
        let painted = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0";
        for part in ["app_views", "worker_chunk", "worker_model", "worker_answers"] {
            page.until(part, async |page| page.eval(&started(part)).await.as_f64() > Some(0.0)).await;
            let (started, painted) = (page.eval(&started(part)).await, page.eval(painted).await);
            assert!(
                started.as_f64() > painted.as_f64() && painted.as_f64() > Some(0.0),
                "{started}, {painted}"
            );
        }
        let before = page.requests();
        page.open_sample("hello").await;
        page.show("trust").await;
        page.wait_for(&id("digest-0")).await;
        assert_eq!(page.requests(), before);
        page.assert_silent().await;
    });
}

/// A drop may come before the code that shows it.
#[test]
fn what_is_opened_early_waits_for_the_code_that_is_called_later() {
    for part in ["app_views", "worker_model", "worker_answers"] {
        run_in_all(
            &format!("later-late-{part}"),
            Options { open: false, ..Options::default() },
            async |page| {
                let hold = format!(
                    "const real = fetch; const held = [];
                 window.release = () => held.splice(0).forEach((go) => go());
                 window.fetch = async (...args) => {{
                     if (String(args[0]).includes('{part}')) await new Promise((go) => held.push(go));
                     return real(...args);
                 }};
                 window.holds = () => held.length;"
                );
                page.edit("boot.js", |script| hold + &script);
                page.open().await;
                page.until("the held request", async |page| page.eval("holds()").await == json!(1)).await;
                page.click(&id("sample-hello")).await;
                if part == "app_views" {
                    page.wait_for_text(&id("no-views"), "still being fetched").await;
                    page.wait_for_text(&id("announcer"), "still being fetched").await;
                    // What cannot be seen is not measured as if it were.
                    assert!(!page.has_mark("layerscope:history").await);
                    page.click(&id("lang")).await;
                    page.wait_for_text(&id("no-views"), "仍在获取").await;
                    page.click(&id("lang")).await;
                }
                if part != "app_views" {
                    page.click(&id("cancel")).await;
                    page.wait_for(&id("cancelled")).await;
                    page.click(&id("dismiss")).await;
                    page.click(&id("sample-hello")).await;
                }
                page.eval("release()").await;
                page.wait_for_text(&id("image-picker"), "hello:latest").await;
                page.wait_for(
                    "[data-testid='view-files'] [role=treeitem], [data-testid='view-files'] [role=row]",
                )
                .await;
                page.assert_silent().await;
            },
        );
    }
}

/// A server may lose it between two requests.
#[test]
fn what_is_called_later_may_be_fetched_again() {
    run_in_all("later-missing", Options { open: false, ..Options::default() }, async |page| {
        let here = later(page.dist(), "app_views");
        let away = page.dist().join("elsewhere");
        fs::rename(&here, &away).unwrap();
        page.open().await;
        let told = format!("{} [role=alert]", id("no-views"));
        page.wait_for_text(&format!("{} {told}", id("start")), "could not be fetched").await;
        page.click(&id("sample-hello")).await;
        page.wait_for_text(&format!("main#content.blank {told}"), "could not be fetched").await;
        page.click(&id("fetch-views")).await;
        page.wait_for_text(&format!("{} [role=alert]", id("no-views")), "could not be fetched").await;
        fs::rename(&away, &here).unwrap();
        page.click(&id("fetch-views")).await;
        page.wait_for_text(&id("image-picker"), "hello:latest").await;
    });
}

/// Proves that `assert_silent` can fail: a violation of the policy is seen.
#[test]
fn the_policy_forbids_inline_styles_and_foreign_hosts() {
    run("policy", Options::default(), async |page| {
        page.wait_for("#app .brand").await;
        let style = r#"document.body.insertAdjacentHTML("beforeend", "<i style='color: red'></i>")"#;
        page.eval(style).await;
        page.eval(r#"fetch("https://example.invalid/").catch(() => {})"#).await;
        page.until("two violations", async |page| page.violations().await.len() == 2).await;

        let violations = page.violations().await;
        assert!(violations[0].starts_with("style-src"), "{violations:?}");
        assert!(violations[1].starts_with("connect-src"), "{violations:?}");
    });
}

#[test]
fn says_that_it_could_not_be_loaded() {
    run("boot-failure", Options { open: false, ..Options::default() }, async |page| {
        page.block("*.wasm").await;
        page.open().await;
        page.wait_for_text("#boot[role=alert] [lang=en]", "could not be loaded").await;
        page.wait_for_text("#boot[role=alert] [lang=zh-Hans]", "无法加载").await;
    });
}

#[test]
fn says_without_scripts_that_it_needs_them() {
    run("no-script", Options { open: false, ..Options::default() }, async |page| {
        page.disable_scripts().await;
        page.open().await;
        page.wait_for_text("#boot noscript", "WebAssembly").await;
        assert_eq!(page.text("#boot-status").await, "", "it must not claim to start");
    });
}

/// The harness emulates what the tests of the page rely on.
#[test]
fn the_browser_is_as_asked_for() {
    let options = Options { language: "zh-CN", scheme: Scheme::Dark, size: (320, 640), ..Options::default() };
    run("emulation", options, async |page| {
        assert_eq!(page.eval("navigator.language").await, "zh-CN");
        assert_eq!(page.eval("matchMedia('(prefers-color-scheme: dark)').matches").await, true);
        page.wait_for("#app .brand").await;
        assert_eq!(page.eval("innerWidth").await, 320);
        page.screenshot("boot-dark-320").await;

        page.cut_network().await;
        let fetched = page.eval("fetch('boot.js', {cache: 'no-store'}).then(() => true, () => false)").await;
        assert_eq!(fetched, false);
    });
}

/// The harness drops and chooses files as a person does: the page gets real `File`s.
#[test]
fn files_are_dropped_and_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dropped.tar");
    std::fs::write(&path, b"twelve bytes").unwrap();

    run("files", Options { open: false, ..Options::default() }, async |page| {
        // Not the page's own listeners: this is about the harness.
        page.block("*boot.js").await;
        page.open().await;
        page.eval(
            "window.got = [];
             const note = (files) => { for (const file of files) window.got.push(`${file.name} ${file.size}`); };
             addEventListener('dragover', (e) => e.preventDefault());
             addEventListener('drop', (e) => { e.preventDefault(); note(e.dataTransfer.files); });
             const input = Object.assign(document.createElement('input'), { type: 'file', id: 'chooser' });
             input.addEventListener('change', () => note(input.files));
             document.body.append(input);
             0",
        )
        .await;

        page.drop_file(&path).await;
        page.until("the dropped file", async |page| page.eval("got.length").await == 1).await;
        page.choose_file("#chooser", &path).await;
        page.until("the chosen file", async |page| page.eval("got.length").await == 2).await;
        assert_eq!(page.eval("got").await, json!(["dropped.tar 12", "dropped.tar 12"]));
    });
}
