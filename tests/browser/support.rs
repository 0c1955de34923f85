//! What the tests need of a browser: a server for `dist/`, and a page to act on.

use std::{
    env, fs,
    io::{self, Write},
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

use axum::http::Method;
use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    key::Key,
    wd::{WebDriverCompatibleCommand, WindowHandle},
};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use layerscope::serve::{Config, Page as Served, Server, gateway::Policy};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::driver::{Browser, Driver, capabilities};

/// How long a page may take to show what a test waits for. Generous: it only bounds failures.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a whole test may take.
const TEST_LIMIT: Duration = Duration::from_secs(300);
/// Where the page is served: not at the root, because `dist/` must work anywhere.
const PREFIX: &str = "/a/b/";

/// The browser that a test wants.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most preferred language, as in `navigator.language`.
    pub language: &'static str,
    /// What `prefers-color-scheme` says.
    pub scheme: Scheme,
    /// Width and height of the viewport in CSS pixels.
    pub size: (u32, u32),
    /// Whether the page is opened, and has started, before the test begins.
    pub open: bool,
    /// What the gateway beside the page may reach; without it there is none.
    pub gateway: Option<Policy>,
}

impl Options {
    /// A usual window, in English, open, without a gateway.
    pub const DEFAULT: Self =
        Self { language: "en-US", scheme: Scheme::Light, size: (1280, 800), open: true, gateway: None };
}

impl Default for Options {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A value of `prefers-color-scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on light ground.
    Light,
    /// Light text on dark ground.
    Dark,
}

/// Runs a test in a Chromium of its own. A failing test leaves `target/screenshots/FAILED-name.png` and its console on
/// stderr.
pub fn run(name: &str, options: Options, test: impl AsyncFnOnce(&mut Page)) {
    run_in(Browser::Chromium, name, options, test);
}

/// Runs a test in each browser.
pub fn run_in_all(name: &str, options: Options, test: impl AsyncFn(&mut Page)) {
    for browser in Browser::ALL {
        run_in(browser, &format!("{name}-{}", browser.name()), options.clone(), &test);
    }
}

/// Runs a test in a browser of its own.
pub fn run_in(browser: Browser, name: &str, options: Options, test: impl AsyncFnOnce(&mut Page)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let Some(driver) = Driver::start(browser) else {
            let driver = browser.driver();
            skipped(&format!("browser test {name}: {driver} not found (see `scripts/setup.sh test`)"));
            return;
        };
        let mut page = Page::new(browser, &driver, &options).await;
        // Caught, so that the browser is closed in any case: it would outlive its driver.
        let outcome = AssertUnwindSafe(timeout(TEST_LIMIT, async {
            if options.open {
                page.open().await;
                // Loaded is not started: what is dropped before would be lost.
                page.wait_for("[data-testid='drop-overlay']").await;
            }
            test(&mut page).await;
        }))
        .catch_unwind()
        .await;
        if !matches!(outcome, Ok(Ok(()))) {
            page.report_failure(name).await;
        }
        page.client.close().await.unwrap();
        match outcome {
            Ok(in_time) => in_time.expect("the test took too long"),
            Err(panic) => resume_unwind(panic),
        }
    });
}

/// The file with the code of a part of the page that is called later, by the start of its name.
pub fn later(dist: &Path, part: &str) -> PathBuf {
    let mut files = fs::read_dir(dist).unwrap().map(|entry| entry.unwrap().path());
    let is_part = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(part);
    files.find(is_part).unwrap_or_else(|| panic!("{part} is not in dist/"))
}

/// A file of the corpus of real archives, or `None`, said aloud, where there is no corpus.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let root = env::var_os("LAYERSCOPE_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    skipped(&format!("corpus not found: {}", path.display()));
    None
}

/// Says that a test was skipped, and why.
fn skipped(why: &str) {
    say(&format!("SKIPPED: {why}"));
}

/// Prints a line.
#[expect(
    clippy::explicit_write,
    reason = "the test runner swallows what `eprintln!` says when a test passes"
)]
pub fn say(line: &str) {
    writeln!(io::stderr(), "{line}").unwrap();
}

/// Put before everything in Firefox, where WebDriver tells neither of breaches of the policy nor of the console.
const WATCH: &str = "
    window.violations = [];
    window.said = [];
    addEventListener('securitypolicyviolation', (e) =>
        window.violations.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
    addEventListener('error', (e) => window.said.push(`SEVERE ${e.message}`));
    addEventListener('unhandledrejection', (e) => window.said.push(`SEVERE ${e.reason}`));
    for (const [method, level] of [['error', 'SEVERE'], ['warn', 'WARNING']]) {
        const plain = console[method];
        console[method] = (...words) => {
            window.said.push(`${level} ${words.join(' ')}`);
            plain.apply(console, words);
        };
    }
";

/// A browser window, and the server of the page that it shows.
#[derive(Debug)]
pub struct Page {
    client: Client,
    browser: Browser,
    /// The driver's process.
    driver: u32,
    server: Option<Server>,
    url: String,
    /// What is served: a copy, which tests may change.
    dist: TempDir,
    downloads: TempDir,
}

impl Page {
    async fn new(browser: Browser, driver: &Driver, options: &Options) -> Self {
        let built = env::var_os("LAYERSCOPE_DIST")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("dist"), PathBuf::from);
        let dist = tempfile::tempdir().unwrap();
        copy_tree(&built, dist.path()).expect("`make build` makes dist/");
        let served = Served::folder(dist.path()).expect("`make build` makes dist/");
        let config =
            Config { prefix: PREFIX.to_owned(), gateway: options.gateway.clone(), ..Config::new(served) };
        let server = Server::open(config).await.unwrap();
        let downloads = tempfile::tempdir().unwrap();
        let capabilities = capabilities(browser, options, downloads.path());
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&driver.url())
            .await
            .expect("a browser that fits its driver");
        let url = server.url();
        let driver = driver.process();
        let page = Self { client, browser, driver, server: Some(server), url, dist, downloads };
        match browser {
            Browser::Chromium => {
                let script = "window.violations = []; addEventListener('securitypolicyviolation', (e) =>
                    window.violations.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`))";
                page.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
                let downloads = json!({ "behavior": "allow", "downloadPath": page.downloads() });
                page.cdp("Browser.setDownloadBehavior", downloads).await;
                page.set_scheme(options.scheme).await;
                page.resize(options.size.0, options.size.1).await;
            }
            Browser::Firefox => {
                page.edit("index.html", |html| {
                    let policy = html.find("Content-Security-Policy").unwrap();
                    let end = policy + html[policy..].find('>').unwrap() + 1;
                    format!("{}<script src=\"watch.js\"></script>{}", &html[..end], &html[end..])
                });
                fs::write(page.dist.path().join("watch.js"), WATCH).unwrap();
            }
        }
        page
    }

    /// The browser.
    pub fn browser(&self) -> Browser {
        self.browser
    }

    /// The process of the browser's driver, whose descendants are the browser's.
    pub fn driver(&self) -> u32 {
        self.driver
    }

    // --- The page and its server

    /// Opens the page, or opens it anew.
    pub async fn open(&self) {
        self.client.goto(&self.url).await.unwrap();
    }

    /// Opens the page in another tab, and goes on there. Gives the tab before: see [`Page::turn_to`].
    pub async fn open_tab(&self) -> WindowHandle {
        let before = self.client.window().await.unwrap();
        let tab = self.client.new_window(true).await.unwrap();
        self.client.switch_to_window(tab.handle).await.unwrap();
        self.open().await;
        before
    }

    /// Goes on in another tab. Gives the one before.
    pub async fn turn_to(&self, tab: WindowHandle) -> WindowHandle {
        let before = self.client.window().await.unwrap();
        self.client.switch_to_window(tab).await.unwrap();
        before
    }

    /// Opens what is beside the page, or a fragment of it.
    pub async fn open_at(&self, rest: &str) {
        self.client.goto("about:blank").await.unwrap();
        self.client.goto(&format!("{}{rest}", self.url)).await.unwrap();
    }

    /// Puts text into a field in place of what is there.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let field = self.wait_for(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Opens another address.
    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The page's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes a file of what is served, for what is fetched from now on.
    pub fn edit(&self, name: &str, change: impl FnOnce(String) -> String) {
        let path = self.dist.path().join(name);
        fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    }

    /// What is served.
    pub fn dist(&self) -> &Path {
        self.dist.path()
    }

    /// Where downloads land.
    pub fn downloads(&self) -> &Path {
        self.downloads.path()
    }

    /// The document's title.
    pub async fn title(&self) -> String {
        self.client.title().await.unwrap()
    }

    /// `METHOD /path` of every request that reached the server so far; nothing after [`Page::cut_network`].
    pub fn requests(&self) -> Vec<String> {
        self.server.as_ref().map(Server::requests).unwrap_or_default()
    }

    /// Ends the server, the only one that the page may talk to, and takes the page offline where that can be done: what
    /// works now needs no network.
    pub async fn cut_network(&mut self) {
        if self.browser == Browser::Chromium {
            self.emulate_offline().await;
        }
        if let Some(server) = self.server.take() {
            timeout(PATIENCE, server.stop()).await.expect("the server stops").unwrap();
        }
    }

    async fn emulate_offline(&self) {
        self.cdp("Network.enable", json!({})).await;
        let conditions =
            json!({ "offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.cdp("Network.emulateNetworkConditions", conditions).await;
    }

    /// Has every request whose address fits the pattern (`*` for anything) fail.
    pub async fn block(&self, pattern: &str) {
        self.cdp("Network.enable", json!({})).await;
        self.cdp("Network.setBlockedURLs", json!({ "urls": [pattern] })).await;
    }

    /// Switches JavaScript off for the pages opened from now on.
    pub async fn disable_scripts(&self) {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Sets the size of the viewport in CSS pixels, smaller than a window could be as well.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Sets what `prefers-color-scheme` says.
    pub async fn set_scheme(&self, scheme: Scheme) {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        self.set_media("prefers-color-scheme", value).await;
    }

    /// Sets a media feature, say `prefers-reduced-motion` to `reduce`. Only the last one set holds.
    pub async fn set_media(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }

    // --- Opening archives

    /// Drops files from the disk onto the middle of the window, as a file manager would.
    pub async fn drop_files(&self, paths: &[&Path]) {
        if self.browser == Browser::Firefox {
            return self.drop_chosen_files(paths).await;
        }
        let files: Vec<_> = paths.iter().map(|path| absolute(path)).collect();
        let (x, y) = (self.eval("innerWidth / 2").await, self.eval("innerHeight / 2").await);
        for kind in ["dragEnter", "dragOver", "drop"] {
            let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
            self.cdp("Input.dispatchDragEvent", json!({ "type": kind, "x": x, "y": y, "data": data })).await;
        }
    }

    /// WebDriver cannot drag files: they are chosen in an input, and dropped by a script.
    async fn drop_chosen_files(&self, paths: &[&Path]) {
        let input = "document.body.append(Object.assign(document.createElement('input'),
            { type: 'file', id: 'dragged', multiple: true }))";
        self.eval(input).await;
        let files: Vec<_> = paths.iter().map(|path| absolute(path)).collect();
        self.find("#dragged").await.unwrap().send_keys(&files.join("\n")).await.unwrap();
        let drop = "(() => {
            const input = document.getElementById('dragged');
            const dataTransfer = new DataTransfer();
            for (const file of input.files) dataTransfer.items.add(file);
            input.remove();
            for (const kind of ['dragenter', 'dragover', 'drop']) {
                document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
            }
        })()";
        self.eval(drop).await;
    }

    /// Drops one file.
    pub async fn drop_file(&self, path: &Path) {
        self.drop_files(&[path]).await;
    }

    /// Chooses a file in the `input[type=file]` that the selector names, as its dialog would.
    pub async fn choose_file(&self, selector: &str, path: &Path) {
        let input = self.find(selector).await.unwrap_or_else(|| panic!("no {selector}"));
        input.send_keys(&absolute(path)).await.unwrap();
    }

    // --- Acting

    /// Clicks the element, once it is there.
    pub async fn click(&self, selector: &str) {
        self.wait_for(selector).await.click().await.unwrap();
    }

    /// Types into whatever has the focus; see [`Key`] for keys without a character.
    pub async fn press(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Presses one key without a character.
    pub async fn press_key(&self, key: Key) {
        self.press(&char::from(key).to_string()).await;
    }

    // --- Reading

    /// The first element that the selector finds now.
    pub async fn find(&self, selector: &str) -> Option<Element> {
        self.client.find(Locator::Css(selector)).await.ok()
    }

    /// How many elements the selector finds now.
    pub async fn count(&self, selector: &str) -> usize {
        self.client.find_all(Locator::Css(selector)).await.unwrap().len()
    }

    /// The rendered text of the first element that the selector finds now; empty if there is none, or if it is hidden.
    pub async fn text(&self, selector: &str) -> String {
        // An element may be replaced between being found and being read.
        match self.find(selector).await {
            Some(element) => element.text().await.unwrap_or_default(),
            None => String::new(),
        }
    }

    /// The rendered text of every element that the selector finds now.
    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let script = format!("[...document.querySelectorAll({selector:?})].map((e) => e.innerText)");
        serde_json::from_value(self.eval(&script).await).unwrap()
    }

    /// The value of a JavaScript expression, awaited if it is a promise.
    pub async fn eval(&self, expression: &str) -> Value {
        if self.browser == Browser::Firefox {
            let script = format!(
                "const done = arguments[arguments.length - 1];
                (async () => ({expression}))().then((value) => done({{ value }}), (error) => done({{ error: String(error) }}))"
            );
            let answer = self.webdriver("execute/async", json!({ "script": script, "args": [] })).await;
            assert!(answer.get("error").is_none(), "{expression}: {answer}");
            return answer.get("value").cloned().unwrap_or(Value::Null);
        }
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.cdp("Runtime.evaluate", parameters).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"].get("value").cloned().unwrap_or(Value::Null)
    }

    // --- Waiting

    /// Waits until the selector finds an element.
    pub async fn wait_for(&self, selector: &str) -> Element {
        self.until(selector, async |page| page.find(selector).await.is_some()).await;
        self.find(selector).await.unwrap_or_else(|| panic!("{selector} went away again"))
    }

    /// Waits until the text of the first element that the selector finds contains `text`.
    pub async fn wait_for_text(&self, selector: &str, text: &str) {
        let what = format!("{text:?} in {selector}");
        self.until(&what, async |page| page.text(selector).await.contains(text)).await;
    }

    /// Waits until the selector finds nothing more.
    pub async fn wait_until_gone(&self, selector: &str) {
        self.until(&format!("no {selector}"), async |page| page.find(selector).await.is_none()).await;
    }

    /// Waits until a condition holds; panics with `what` when patience runs out.
    pub async fn until(&self, what: &str, condition: impl AsyncFn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(self).await {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    // --- What went wrong

    /// Breaches of the Content-Security-Policy in the document so far: `directive what file:line`.
    pub async fn violations(&self) -> Vec<String> {
        serde_json::from_value(self.eval("window.violations").await).unwrap()
    }

    /// What the console got since the last call, as `LEVEL message`; workers included.
    pub async fn console(&self) -> Vec<String> {
        if self.browser == Browser::Firefox {
            return serde_json::from_value(self.eval("window.said.splice(0)").await).unwrap();
        }
        let log = self.webdriver("se/log", json!({ "type": "browser" })).await;
        let line = |entry: &Value| {
            format!("{} {}", entry["level"].as_str().unwrap_or("?"), entry["message"].as_str().unwrap_or("?"))
        };
        log.as_array().map(|entries| entries.iter().map(line).collect()).unwrap_or_default()
    }

    /// Panics if the page broke its policy, or if the console got an error or a warning since it was last read.
    pub async fn assert_silent(&self) {
        let violations = self.violations().await;
        assert!(violations.is_empty(), "Content-Security-Policy: {violations:#?}");
        let mut console = self.console().await;
        console.retain(|line| line.starts_with("SEVERE") || line.starts_with("WARNING"));
        // Where there is no gateway, asking for one is answered so, and browsers note it.
        console.retain(|line| !(line.contains("/_layerscope/v1/ ") && line.contains("404")));
        assert!(console.is_empty(), "console: {console:#?}");
    }

    /// Writes `target/screenshots/NAME.png`.
    pub async fn screenshot(&self, name: &str) {
        let picture = self.client.screenshot().await.unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }

    async fn report_failure(&self, name: &str) {
        for line in self.console().await {
            eprintln!("{name}: console: {line}");
        }
        self.screenshot(&format!("FAILED-{name}")).await;
    }

    /// Runs a command of the Chrome DevTools Protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        assert_eq!(self.browser, Browser::Chromium, "{command} is for Chromium only");
        self.webdriver("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// Runs a WebDriver command, by its path below the session.
    pub async fn webdriver(&self, path: &'static str, body: Value) -> Value {
        let what = body.to_string();
        let answer = self.client.issue_cmd(Post { path, body }).await;
        answer.unwrap_or_else(|error| panic!("{path} {what}: {error}"))
    }
}

/// The path as a browser wants it.
fn absolute(path: &Path) -> String {
    let path = fs::canonicalize(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path.into_os_string().into_string().unwrap()
}

/// Copies what is in a folder into another.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A WebDriver command by its path below the session, also one that only one driver knows.
#[derive(Debug)]
struct Post {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Post {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
