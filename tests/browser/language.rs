//! Two languages, two themes, all widths.

use crate::{
    app::{id, row},
    support::{Options, Page, Scheme, run, run_in_all},
};

const VIEWS: [&str; 6] = ["files", "overlay", "history", "image", "trust", "container"];

/// What is code, a unit or a name in both languages.
const CODE_WORDS: &[&str] = &[
    "ASCII",
    "Blob",
    "Cmd",
    "DiffId",
    "Docker",
    "Dockerfile",
    "End",
    "Enter",
    "Entrypoint",
    "Esc",
    "Home",
    "ID",
    "JSON",
    "Layerscope",
    "OCI",
    "Tar",
    "UTF-8",
    "B",
    "EB",
    "GB",
    "MB",
    "kB",
    "UTC",
    "blob",
    "gzip",
    "linux",
    "amd64",
    "root",
    "rm",
    "tar",
    "whiteout",
    "hello",
    "whiteouts",
    "shared",
    "docker",
    "save",
    "podman",
    "skopeo",
    "buildx",
    "os-release",
    "setuid",
    "label",
    "cap_net_raw=ep",
];

#[test]
fn chinese_is_spoken_to_those_who_prefer_it() {
    let options = Options { language: "zh-CN", ..Options::default() };
    run_in_all("zh-preferred", options, async |page| {
        page.wait_for_text("h1", "容器镜像").await;
        assert_eq!(page.attribute("html", "lang").await, "zh-Hans");
    });
}

#[test]
fn the_choice_of_language_is_kept() {
    run_in_all("zh-kept", Options::default(), async |page| {
        page.wait_for(&id("start")).await;
        assert_eq!(page.attribute("html", "lang").await, "en");
        page.click(&id("lang")).await;
        page.wait_for("html[lang=zh-Hans]").await;
        page.open().await;
        page.wait_for("html[lang=zh-Hans]").await;
        page.wait_for_text("h1", "容器镜像").await;
        page.click(&id("lang")).await;
        page.wait_for("html[lang=en]").await;
    });
}

#[test]
fn the_language_changes_under_an_open_image() {
    run_in_all("zh-open", Options::default(), async |page| {
        page.open_sample("whiteouts").await;
        page.wait_until_drawn().await;
        page.select("usr/bin/curl").await;
        page.click(&id("lang")).await;
        page.wait_for_text(&id("why"), "由第 7 层提供").await;
        page.wait_for_text(&id("status-paths"), "个路径").await;
        // What was selected stays so.
        assert_eq!(page.count(&format!("{}.selected", row("usr/bin/curl"))).await, 1);
    });
}

#[test]
fn no_english_is_left_in_the_chinese_page() {
    let options = Options { language: "zh-CN", size: (1600, 1600), ..Options::default() };
    run("zh-words", options, async |page| {
        page.wait_for(&id("start")).await;
        assert_chinese(page, "start").await;
        page.open_sample("whiteouts").await;
        page.wait_until_drawn().await;
        page.click(&id("expand-all")).await;
        page.select("root/.aws").await;
        for view in VIEWS {
            page.show(view).await;
            assert_chinese(page, view).await;
        }
        assert_container_is_chinese(page).await;
        page.show("files").await;
        for path in ["usr/bin/curl", "usr/bin/cat", "usr/bin/ping", "etc/localtime"] {
            page.select(path).await;
            assert_chinese(page, path).await;
        }
        page.click(&id("follow")).await;
        page.wait_for_text(".details-notice", "没有").await;
        page.select("usr/bin/curl").await;
        page.click(&id("view-text")).await;
        page.wait_for(&id("hex-view")).await;
        assert_chinese(page, "viewer").await;
        page.click(&id("viewer-close")).await;
        page.key("?").await;
        page.wait_for(&format!("{}[open]", id("help-dialog"))).await;
        assert_chinese(page, "help").await;
        page.key("Escape").await;
        page.assert_silent().await;
    });
}

/// The parts of the container page, with a container and a build that fails in them.
async fn assert_container_is_chinese(page: &Page) {
    page.start_container().await;
    for line in ["echo 1 > /etc/new", "mkdir /d", "mv /usr/bin /usr/moved", "rm -r /usr/moved", "cat /nope"] {
        page.shell(line).await;
        page.wait_for(&format!("{} li", id("step-list"))).await;
        assert_chinese(page, line).await;
    }
    page.shell("docker create --name made $(docker images -q) sh").await;
    page.shell("docker run -d --name ended $(docker images -q) sh").await;
    page.shell("docker stop ended").await;
    page.click(&id("part-shelf")).await;
    page.wait_for_text(&id("containers"), "前退出（0）").await;
    page.wait_for_text(&id("containers"), "已创建").await;
    assert_chinese(page, "shelf").await;
    page.click(&id("part-build")).await;
    page.type_into(&id("dockerfile"), "FROM scratch\nCOPY missing /\n").await;
    page.click(&id("run-build")).await;
    page.wait_for_text(&id("remarks"), "找不到要复制的文件").await;
    assert_chinese(page, "build").await;
    page.click(&id("part-container")).await;
}

/// The other way round: the English page speaks no Chinese, but for the name of the other language.
#[test]
fn no_chinese_is_in_the_english_page() {
    run("en-words", Options::default(), async |page| {
        page.wait_for(&id("start")).await;
        let mut said = words(page).await;
        page.open_sample("whiteouts").await;
        page.wait_until_drawn().await;
        page.select("usr/bin/curl").await;
        for view in VIEWS {
            page.show(view).await;
            said.extend(words(page).await);
        }
        let chinese: Vec<_> = said.iter().filter(|text| text.chars().any(is_han)).collect();
        assert!(chinese.is_empty(), "{chinese:?}");
    });
}

#[test]
fn every_button_has_a_name_in_both_languages() {
    run("button-names", Options::default(), async |page| {
        page.open_sample("whiteouts").await;
        page.wait_until_drawn().await;
        page.select("usr/bin/curl").await;
        let mut names = Vec::new();
        for language in ["en", "zh-Hans"] {
            page.wait_for(&format!("html[lang={language}]")).await;
            let script =
                "Object.fromEntries([...document.querySelectorAll('button[data-testid]')].map((button) =>
                [button.dataset.testid, button.getAttribute('aria-label') ?? button.innerText.trim()]))";
            names.push(page.eval(script).await);
            page.click(&id("lang")).await;
        }
        let english = names[0].as_object().unwrap();
        assert!(english.len() > 20, "{english:?}");
        for (button, name) in english {
            assert_ne!(name, "", "{button} has no name");
            assert_ne!(&names[1][button], "", "{button} has no name in Chinese");
            assert_ne!(&names[1][button], name, "{button} has the same name in both languages");
        }
    });
}

// --- Themes

/// The theme chosen is there before the app is: what is painted first does not flash.
#[test]
fn the_theme_does_not_wait_for_the_app() {
    run("theme-early", Options::default(), async |page| {
        page.wait_for(&id("start")).await;
        page.eval("localStorage.setItem('layerscope.theme', 'dark')").await;
        page.block("*.wasm").await;
        page.open().await;
        page.wait_for("html[data-theme=dark]").await;
        page.wait_for_text("#boot", "could not be loaded").await;
    });
}

#[test]
fn text_stands_out_in_both_themes() {
    for (name, scheme) in [("light", Scheme::Light), ("dark", Scheme::Dark)] {
        run(
            &format!("contrast-{name}"),
            Options { scheme, size: (1920, 1000), ..Options::default() },
            async |page| {
                page.wait_for(&id("start")).await;
                assert_contrast(
                    page,
                    &[
                        "h1",
                        ".drop-title",
                        ".muted",
                        "button.primary",
                        ".sample-name",
                        ".sample-says",
                        ".privacy",
                        ".status",
                    ],
                )
                .await;
                page.screenshot(&format!("start-{name}")).await;
                page.open_sample("whiteouts").await;
                page.wait_until_drawn().await;
                page.click(&id("expand-all")).await;
                page.select("root/.aws").await;
                assert_contrast(
                    page,
                    &[
                        ".brand",
                        ".tab",
                        ".tab[aria-selected=true]",
                        ".image-name",
                        ".stack-head h2",
                        ".command code",
                        ".layer-sizes dd",
                        ".row .name",
                        ".row.ghost .name",
                        ".row .cell-size",
                        ".row .cell-owner",
                        ".row .cell-time",
                        ".row.ghost .word",
                        ".row.selected .name",
                        ".cell-change .word",
                        ".swatch b",
                        ".tree-head",
                        ".toggle",
                        ".why",
                        ".chapter header",
                        ".facts dt",
                        ".facts dd",
                        ".status span",
                        ".muted",
                        ".step code",
                    ],
                )
                .await;
                page.screenshot(&format!("files-{name}")).await;
                // The overlay begins with the directory selected: one that the top layer touches.
                page.select("app").await;
                page.show("overlay").await;
                assert_contrast(
                    page,
                    &["caption", ".overlay-name", ".overlay-entries td", ".overlay-head p", ".muted"],
                )
                .await;
                page.screenshot(&format!("overlay-{name}")).await;
                page.show("history").await;
                assert_contrast(page, &["th", "td", "code", ".muted", ".no-layer"]).await;
                page.screenshot(&format!("history-{name}")).await;
                page.show("image").await;
                page.wait_for(&id("dive")).await;
                assert_contrast(page, &["h2", "dt", "dd", "code", ".check", "pre", ".muted", ".verdict"])
                    .await;
                page.screenshot(&format!("image-{name}")).await;
                page.show("trust").await;
                assert_contrast(
                    page,
                    &[
                        ".verdict",
                        ".check",
                        ".severity",
                        "h3",
                        ".anomalies li",
                        ".toggle",
                        "th",
                        "td",
                        "code",
                        ".muted",
                    ],
                )
                .await;
                page.screenshot(&format!("trust-{name}")).await;
            },
        );
    }
}

#[test]
fn the_theme_is_chosen_and_kept() {
    run("theme", Options::default(), async |page| {
        page.wait_for(&id("start")).await;
        let ground = "getComputedStyle(document.body).backgroundColor";
        let light = page.eval(ground).await;
        page.click(&id("theme")).await;
        page.wait_for("html[data-theme=light]").await;
        page.click(&id("theme")).await;
        page.wait_for("html[data-theme=dark]").await;
        let dark = page.eval(ground).await;
        assert_ne!(light, dark);
        page.open().await;
        page.wait_for("html[data-theme=dark]").await;
        page.wait_for(&id("start")).await;
        assert_eq!(page.eval(ground).await, dark);
        page.click(&id("theme")).await;
        page.wait_for("html[data-theme=auto]").await;
        assert_eq!(page.eval(ground).await, light);
        page.set_scheme(Scheme::Dark).await;
        assert_eq!(page.eval(ground).await, dark, "the system's choice is followed");
    });
}

// --- Widths

#[test]
fn nothing_is_wider_than_the_window() {
    run("widths", Options::default(), async |page| {
        for (width, height) in [(320, 640), (640, 800), (900, 900), (1440, 900), (3840, 2160)] {
            page.resize(width, height).await;
            page.open().await;
            page.wait_for(&id("start")).await;
            assert_fits(page, &format!("start at {width}")).await;
            page.screenshot(&format!("start-{width}")).await;
            page.open_sample("whiteouts").await;
            page.wait_until_drawn().await;
            for view in VIEWS {
                page.show(view).await;
                assert_fits(page, &format!("{view} at {width}")).await;
                page.screenshot(&format!("{view}-{width}")).await;
            }
            if width < 640 {
                page.show("files").await;
                page.click(&row("etc/passwd")).await;
                for pane in ["stack", "details", "page"] {
                    page.click(&id(&format!("pane-{pane}"))).await;
                    page.wait_for(&format!("{}[aria-pressed=true]", id(&format!("pane-{pane}")))).await;
                    assert_fits(page, &format!("the {pane} at {width}")).await;
                    page.screenshot(&format!("{pane}-{width}")).await;
                }
            }
        }
    });
}

#[test]
fn the_chinese_page_fits_narrow_windows_too() {
    let options = Options { language: "zh-CN", size: (320, 640), scheme: Scheme::Dark, ..Options::default() };
    run("widths-zh", options, async |page| {
        page.wait_for(&id("start")).await;
        assert_fits(page, "start").await;
        page.open_sample("shared").await;
        page.wait_until_drawn().await;
        for view in VIEWS {
            page.show(view).await;
            assert_fits(page, view).await;
            page.screenshot(&format!("{view}-320-zh-dark")).await;
        }
    });
}

#[test]
fn a_notice_fits_narrow_windows_too() {
    let folder = crate::app::Folder::new();
    let path = folder.file(&format!("{}.pdf", "a-long-name-without-a-space".repeat(5)), b"%PDF-1.7");
    run("widths-notice", Options { size: (320, 640), ..Options::default() }, async |page| {
        page.wait_for(&id("start")).await;
        page.drop_file(&path).await;
        page.wait_for(&id("error")).await;
        assert_fits(page, "the notice").await;
    });
}

// --- How it is found out

/// The document does not scroll sideways, and nothing that can be pressed lies beyond the window.
async fn assert_fits(page: &Page, what: &str) {
    let script = "(() => {
        const wide = document.documentElement.scrollWidth - innerWidth;
        const scrolls = (e) => e && (['auto', 'scroll'].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
        const lost = [...document.querySelectorAll('button, input, select, [role=tab]')].filter((e) => {
            const at = e.getBoundingClientRect();
            return e.checkVisibility() && at.width > 1 && (at.right > innerWidth + 1 || at.left < -1) && !scrolls(e.parentElement);
        });
        return { wide, lost: lost.map((e) => e.dataset.testid ?? e.className) };
    })()";
    let found = page.eval(script).await;
    assert!(found["wide"].as_i64().unwrap() <= 0, "{what} is {} px too wide", found["wide"]);
    assert_eq!(found["lost"], serde_json::json!([]), "{what}: beyond the edge");
}

/// The least contrast of what the selectors find is 4.5 : 1 (WCAG 2.2, 1.4.3).
async fn assert_contrast(page: &Page, selectors: &[&str]) {
    for selector in selectors {
        page.wait_for(selector).await;
    }
    // A canvas knows every notation of a colour; the ground is what lies under the element, painted bottom up.
    let script = format!(
        "(() => {{
            const canvas = new OffscreenCanvas(1, 1).getContext('2d', {{ willReadFrequently: true }});
            const paint = (colours) => {{
                canvas.clearRect(0, 0, 1, 1);
                for (const colour of colours) {{ canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }}
                return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
            }};
            const luminance = (rgb) => {{
                const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            }};
            const grounds = (e) => e ? [...grounds(e.parentElement), getComputedStyle(e).backgroundColor] : ['Canvas'];
            return {selectors:?}.map((selector) => {{
                const found = [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility() && e.textContent.trim()).slice(0, 60);
                const ratios = found.map((e) => {{
                    const under = grounds(e);
                    let opacity = 1;
                    for (let at = e; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
                    const ground = paint(under);
                    canvas.globalAlpha = 1;
                    const ink = paint([...under, getComputedStyle(e).color]).map((v, i) => v * opacity + ground[i] * (1 - opacity));
                    const [a, b] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
                    return [(a + 0.05) / (b + 0.05), e.textContent.trim().slice(0, 30)];
                }});
                ratios.sort((a, b) => a[0] - b[0]);
                return [selector, ratios[0]?.[0] ?? 0, ratios[0]?.[1] ?? 'nothing found'];
            }});
        }})()"
    );
    let found: Vec<(String, f64, String)> = serde_json::from_value(page.eval(&script).await).unwrap();
    let weak: Vec<_> = found.iter().filter(|(_, ratio, _)| *ratio < 4.5).collect();
    assert!(weak.is_empty(), "{weak:#?}");
}

/// Every sentence of the page that is its own, not the archive's: texts, and what is said to screen readers.
async fn words(page: &Page) -> Vec<String> {
    // What an archive says is isolated in <bdi>, <code> and <pre>; English that stays so says it by its `lang`.
    page.strings(
        "(() => {
            const foreign = 'bdi, code, pre, kbd, time, dialog:not([open]), [data-testid=lang], [lang=en]:not(html), [lang=zh-Hans]:not(html), .mono, .strip, script, noscript';
            const seen = (e) => e.checkVisibility() && !e.closest(foreign);
            const texts = [];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const text = walker.currentNode.data.trim();
                if (text && seen(walker.currentNode.parentElement)) texts.push(text);
            }
            for (const e of document.querySelectorAll('[aria-label], [title], [placeholder], [aria-valuetext]')) {
                // A row tells its name, a list of commands or digests what it holds.
                if (!seen(e) || e.matches('.row, .step, .name, .image-name, .overlay-name, .link-target, .cell-time')) continue;
                for (const name of ['aria-label', 'title', 'placeholder', 'aria-valuetext']) {
                    const text = e.getAttribute(name);
                    // A button tells the command that it gives to the shell.
                    if (text && !(name === 'title' && text.startsWith('docker '))) texts.push(text);
                }
            }
            return [...new Set(texts)];
        })()",
    )
    .await
}

/// Every sentence has Chinese in it, or only code words.
async fn assert_chinese(page: &Page, what: &str) {
    let english: Vec<String> = words(page).await.into_iter().filter(|text| !is_chinese(text)).collect();
    assert!(english.is_empty(), "{what}: {english:#?}");
    assert_eq!(page.attribute("html", "lang").await, "zh-Hans");
}

fn is_chinese(text: &str) -> bool {
    let is_code = |word: &str| {
        CODE_WORDS.contains(&word) || word.starts_with("0x") || !word.chars().any(|c| c.is_ascii_alphabetic())
    };
    text.chars().any(is_han)
        || text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_=".contains(c)).all(is_code)
}

fn is_han(char: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&char)
}
