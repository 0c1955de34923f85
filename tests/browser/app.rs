//! The page as its tests speak of it: archives, views, rows.

use std::path::{Path, PathBuf};

use layerscope::fixture::{Archive, samples};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{driver::Browser, support::Page};

/// A folder of archives that goes with the test.
pub struct Folder(TempDir);

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file with these bytes.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// An archive, under a name.
    pub fn archive(&self, name: &str, archive: &Archive) -> PathBuf {
        self.file(name, archive.bytes())
    }

    /// A built-in sample as a file.
    pub fn sample(&self, name: &str) -> PathBuf {
        let sample = samples().iter().find(|sample| sample.name == name).unwrap();
        self.file(&format!("{name}.tar"), sample.bytes)
    }
}

/// The selector of what has a `data-testid`.
pub fn id(test_id: &str) -> String {
    format!("[data-testid='{test_id}']")
}

impl Page {
    /// Drops an archive and waits until every layer of it is read.
    pub async fn drop_archive(&self, path: &Path) {
        self.forget_marks().await;
        self.drop_file(path).await;
        self.wait_until_read().await;
    }

    /// Looks at another of the open archives.
    pub async fn choose_archive(&self, name: &str) {
        let script = format!(
            "(() => {{
                const select = document.querySelector('[data-testid=archive-picker]');
                select.selectedIndex = [...select.options].findIndex((option) => option.text === {name:?});
                select.dispatchEvent(new Event('change', {{ bubbles: true }}));
            }})()"
        );
        self.eval(&script).await;
    }

    /// Opens a built-in sample of the start screen and waits until it is read.
    pub async fn open_sample(&self, name: &str) {
        self.forget_marks().await;
        self.click(&id(&format!("sample-{name}"))).await;
        self.wait_until_read().await;
    }

    /// Forgets what was opened before, for [`Page::wait_until_read`].
    pub async fn forget_marks(&self) {
        self.eval("performance.clearMarks()").await;
    }

    /// Waits until all of what was opened last is read.
    pub async fn wait_until_read(&self) {
        self.until("everything to be read", async |page| page.has_mark("layerscope:verified").await).await;
    }

    /// Whether the page has reached a point.
    pub async fn has_mark(&self, name: &str) -> bool {
        self.eval(&format!("performance.getEntriesByName('{name}').length > 0")).await == true
    }

    /// Goes to one of the views: `files`, `overlay`, `history`, `image`.
    pub async fn show(&self, view: &str) {
        self.click(&id(&format!("tab-{view}"))).await;
        self.wait_for(&id(&format!("view-{view}"))).await;
    }

    /// Expands every directory of the tree, and waits until it has so many rows.
    pub async fn expand_all(&self, rows: usize) {
        self.click(&id("expand-all")).await;
        self.wait_for_rows(rows).await;
    }

    /// Waits until the tree has so many rows.
    pub async fn wait_for_rows(&self, rows: usize) {
        self.wait_for(&format!("{}[data-rows='{rows}']", id("tree"))).await;
        self.wait_until_drawn().await;
    }

    /// Waits until no row that is seen is still under way.
    pub async fn wait_until_drawn(&self) {
        let script = "(() => {
            const tree = document.querySelector('.tree').getBoundingClientRect();
            const seen = (row) => { const at = row.getBoundingClientRect(); return at.bottom > tree.top && at.top < tree.bottom; };
            const rows = [...document.querySelectorAll('.tree .row')].filter(seen);
            return rows.length > 0 && rows.every((row) => !row.classList.contains('placeholder'));
        })()";
        self.until("the rows", async |page| page.eval(script).await == true).await;
    }

    /// The `data-path` of every row drawn.
    pub async fn paths(&self) -> Vec<String> {
        self.strings(
            "[...document.querySelectorAll('[data-testid=row]')].map((row) => row.dataset.path ?? '')",
        )
        .await
    }

    /// The `data-path` of the row that has the tree's focus; empty if none has.
    pub async fn active_path(&self) -> String {
        let script = "(() => {
            const id = document.querySelector('.tree').getAttribute('aria-activedescendant');
            return document.getElementById(id)?.dataset.path ?? '';
        })()";
        self.eval(script).await.as_str().unwrap().to_owned()
    }

    /// Waits until the row of a path has the tree's focus.
    pub async fn wait_for_active(&self, path: &str) {
        self.until(&format!("the focus on {path}"), async |page| page.active_path().await == path).await;
    }

    /// Selects a path that is in sight, and waits for its details.
    pub async fn select(&self, path: &str) {
        self.click(&row(path)).await;
        self.wait_for_details(path).await;
    }

    /// Waits for the details of a path.
    pub async fn wait_for_details(&self, path: &str) {
        let script = "(() => {
            const details = document.querySelector('[data-testid=details]');
            return details.getAttribute('aria-busy') === 'false' ? details.querySelector('h2').textContent : '';
        })()";
        let wanted = format!("/{path}");
        self.until(&format!("details of {path}"), async |page| page.eval(script).await == wanted.as_str())
            .await;
    }

    /// The value of `expression` in the first frame in which `condition` holds: no round trip lies between.
    pub async fn when(&self, condition: &str, expression: &str) -> Value {
        let script = format!(
            "new Promise((resolve, reject) => {{
                const begun = performance.now();
                const look = () => {{
                    if ({condition}) resolve({expression});
                    else if (performance.now() - begun > 30_000) reject(new Error('waited in vain'));
                    else requestAnimationFrame(look);
                }};
                look();
            }})"
        );
        self.eval(&script).await
    }

    /// Presses a key by its name in `KeyboardEvent.key`, wherever the focus is.
    pub async fn key(&self, key: &str) {
        if self.browser() == Browser::Firefox {
            return self.key_of_webdriver(key).await;
        }
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            " " => 32,
            "PageUp" => 33,
            "PageDown" => 34,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let text = match key {
            "Enter" => "\r",
            key if key.chars().count() == 1 => key,
            _ => "",
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        for kind in [down, "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" {
                event["text"] = json!(text);
            }
            self.cdp("Input.dispatchKeyEvent", event).await;
        }
    }

    async fn key_of_webdriver(&self, key: &str) {
        let key = match key {
            "Tab" => "\u{e004}",
            "Enter" => "\u{e007}",
            "Escape" => "\u{e00c}",
            "PageUp" => "\u{e00e}",
            "PageDown" => "\u{e00f}",
            "End" => "\u{e010}",
            "Home" => "\u{e011}",
            "ArrowLeft" => "\u{e012}",
            "ArrowUp" => "\u{e013}",
            "ArrowRight" => "\u{e014}",
            "ArrowDown" => "\u{e015}",
            key => key,
        };
        let actions = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.webdriver("actions", json!({ "actions": [keyboard] })).await;
    }

    /// Types a text, key by key.
    pub async fn type_keys(&self, text: &str) {
        for key in text.chars() {
            self.key(&key.to_string()).await;
        }
    }

    /// Presses Tab until the focus is on what the selector finds.
    pub async fn tab_to(&self, selector: &str) {
        let there = format!("document.activeElement?.matches({selector:?}) ?? false");
        for _ in 0..80 {
            if self.eval(&there).await == true {
                return;
            }
            self.key("Tab").await;
        }
        panic!("Tab does not reach {selector}");
    }

    /// A list of strings that a script makes.
    pub async fn strings(&self, script: &str) -> Vec<String> {
        serde_json::from_value(self.eval(script).await).unwrap()
    }

    /// `textContent` of everything that the selector finds.
    pub async fn contents(&self, selector: &str) -> Vec<String> {
        self.strings(&format!("[...document.querySelectorAll({selector:?})].map((e) => e.textContent)")).await
    }

    /// An attribute of the first element that the selector finds; null if it has none.
    pub async fn attribute(&self, selector: &str, name: &str) -> Value {
        self.eval(&format!("document.querySelector({selector:?}).getAttribute({name:?})")).await
    }

    /// Waits until a file of so many bytes has been downloaded, and reads it.
    pub async fn downloaded(&self, name: &str, len: usize) -> Vec<u8> {
        let path = self.downloads().join(name);
        let is_whole = async |_: &Self| std::fs::metadata(&path).is_ok_and(|file| file.len() == len as u64);
        self.until(&format!("the download of {name}"), is_whole).await;
        std::fs::read(path).unwrap()
    }
}

/// The selector of the row of a path.
pub fn row(path: &str) -> String {
    format!("[data-testid=row][data-path={path:?}]")
}
