//! Small things the page asks of the browser. On the host, where components are rendered by tests, each
//! does nothing.

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
/// What never left the page (`blob:` and `data:` URLs) is not counted.
pub fn requests_since(since: f64) -> u32 {
    let Some(performance) = browser::window().and_then(|window| window.performance()) else { return 0 };
    let entries = performance.get_entries_by_type("resource");
    let counted = entries.iter().filter(|entry| {
        let field = |name: &str| js_sys::Reflect::get(entry, &name.into()).unwrap_or_default();
        let url = field("name").as_string().unwrap_or_default();
        let started = field("startTime").as_f64().unwrap_or_default();
        started >= since && !url.starts_with("blob:") && !url.starts_with("data:")
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

/// Sets an attribute of the document's root element; `None` removes it.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    let root = browser::window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    if let Some(root) = root {
        // Both fail only for malformed names, and ours are constants.
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// Sets the document's title.
pub fn set_title(title: &str) {
    if let Some(document) = browser::window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// Moves the focus to the element with this id.
pub fn focus(id: &str) {
    use wasm_bindgen::JsCast;
    let element =
        browser::window().and_then(|window| window.document()).and_then(|d| d.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        // Focusing fails only for detached elements.
        let _ = element.focus();
    }
}

/// Copies text to the clipboard.
pub fn copy(text: &str) {
    if let Some(window) = browser::window() {
        // The promise settles on its own; a refusal leaves the clipboard as it was.
        let _ = window.navigator().clipboard().write_text(text);
    }
}

mod browser {
    /// The window. On the host there is none, and asking web-sys for it would panic.
    pub fn window() -> Option<web_sys::Window> {
        if cfg!(target_arch = "wasm32") { web_sys::window() } else { None }
    }
}
