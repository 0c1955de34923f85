//! Small things the page asks of the browser. On the host, where components are rendered by tests, each
//! does nothing.

use crate::platform::is_own_code;

/// Milliseconds since the page began to load.
pub fn now() -> f64 {
    browser::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

/// Leaves a mark on the browser's performance timeline, for those who measure.
pub fn mark(name: &str) {
    if let Some(performance) = browser::window().and_then(|window| window.performance()) {
        // A mark that cannot be set is no reason to stop.
        let _ = performance.mark(name);
    }
}

/// How many requests the page has made since the time `since` (of [`now`]), as the browser counts them.
/// What never left the page (`blob:` and `data:` URLs) is not counted, nor is the page's own code: it fetches that by
/// itself soon after it is shown, and a drop may come before.
pub fn requests_since(since: f64) -> u32 {
    let Some(performance) = browser::window().and_then(|window| window.performance()) else { return 0 };
    let entries = performance.get_entries_by_type("resource");
    let counted = entries.iter().filter(|entry| {
        let field = |name: &str| js_sys::Reflect::get(entry, &name.into()).unwrap_or_default();
        let url = field("name").as_string().unwrap_or_default();
        let started = field("startTime").as_f64().unwrap_or_default();
        let is_inside = url.starts_with("blob:") || url.starts_with("data:") || is_own_code(&url);
        started >= since && !is_inside
    });
    u32::try_from(counted.count()).unwrap_or(u32::MAX)
}

/// A value kept from an earlier visit. `None` also where the browser keeps nothing.
pub fn load(key: &str) -> Option<String> {
    browser::window()?.local_storage().ok()??.get_item(key).ok()?
}

/// Keeps a value for later visits, if the browser lets us.
pub fn save(key: &str, value: &str) {
    if let Some(Ok(Some(storage))) = browser::window().map(|window| window.local_storage()) {
        // Full or forbidden storage only means that the choice is not remembered.
        let _ = storage.set_item(key, value);
    }
}

/// The languages the reader prefers, most wanted first.
pub fn languages() -> Vec<String> {
    browser::window().map_or_else(Vec::new, |window| {
        window.navigator().languages().iter().filter_map(|tag| tag.as_string()).collect()
    })
}

/// Sets an attribute of the document's root element.
pub fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) = browser::root() {
        // Fails only for malformed names, and ours are constants.
        let _ = root.set_attribute(name, value);
    }
}

/// Sets a custom property of the document's root element.
pub fn set_root_property(name: &str, value: &str) {
    if let Some(root) = browser::root() {
        // Fails for read-only declarations only, and an element's own is not.
        let _ = root.style().set_property(name, value);
    }
}

/// Sets the document's title.
pub fn set_title(title: &str) {
    if let Some(document) = browser::document() {
        document.set_title(title);
    }
}

/// Moves the focus to the element with this id.
pub fn focus(id: &str) {
    if let Some(element) = browser::element(id) {
        // Focusing fails only for detached elements.
        let _ = element.focus();
    }
}

/// Clicks the element with this id.
pub fn click(id: &str) {
    if let Some(element) = browser::element(id) {
        element.click();
    }
}

/// Copies text to the clipboard, where the browser lets us (it does not over plain HTTP). Whether it did.
pub async fn copy(text: &str) -> bool {
    let Some(window) = browser::window() else { return false };
    let clipboard = window.navigator().clipboard();
    if clipboard.is_undefined() {
        return false;
    }
    wasm_bindgen_futures::JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// The page that may fetch from other hosts, beside this one.
pub const REMOTE_PAGE: &str = "remote.html";

/// Whether this is that page.
pub fn is_remote_page() -> bool {
    browser::root().is_some_and(|root| root.has_attribute("data-remote"))
}

/// Where this page came from: scheme, host and port.
pub fn origin() -> String {
    browser::window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}

/// Whether the browser says that there is a network.
pub fn is_online() -> bool {
    browser::window().is_none_or(|window| window.navigator().on_line())
}

/// The fragment of the page's URL, with its `#`.
pub fn fragment() -> String {
    browser::window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// Sets the fragment, as a step that the browser's back button undoes, or in place of what is there.
pub fn set_fragment(text: &str, is_step: bool) {
    let now = fragment();
    if now.trim_start_matches('#') == text {
        return;
    }
    let Some(Ok(history)) = browser::window().map(|window| window.history()) else { return };
    let url = format!("#{text}");
    let null = wasm_bindgen::JsValue::NULL;
    // A browser that is asked too often ignores it: the URL is true again at the next change.
    let _ = match (text.is_empty(), is_step && !now.is_empty()) {
        (true, _) => history.replace_state_with_url(&null, "", Some(&path())),
        (false, true) => history.push_state_with_url(&null, "", Some(&url)),
        (false, false) => history.replace_state_with_url(&null, "", Some(&url)),
    };
}

/// The path of the page's URL.
fn path() -> String {
    browser::window().and_then(|window| window.location().pathname().ok()).unwrap_or_default()
}

/// The window, to listen to.
pub fn window_target() -> Option<web_sys::EventTarget> {
    browser::window().map(Into::into)
}

mod browser {
    use wasm_bindgen::JsCast;
    use web_sys::{Document, HtmlElement, Window};

    /// The window. On the host there is none, and asking web-sys for it would panic.
    pub fn window() -> Option<Window> {
        if cfg!(target_arch = "wasm32") { web_sys::window() } else { None }
    }

    pub fn document() -> Option<Document> {
        window()?.document()
    }

    pub fn root() -> Option<HtmlElement> {
        document()?.document_element()?.dyn_into().ok()
    }

    pub fn element(id: &str) -> Option<HtmlElement> {
        document()?.get_element_by_id(id)?.dyn_into().ok()
    }
}
