//! What the files page shows, and how: the text filter, the changes, the comparison, expanding and collapsing.

use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use crate::{
    app::{
        dom, format, hue,
        i18n::use_words,
        state::{Action, ViewOptions},
        use_app,
    },
    worker::protocol::{ChangeFilter, Compare, Expand, Sort},
};

/// The id of the text filter.
pub const FILTER_ID: &str = "filter";

/// A key of the files page that changes what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilesKey {
    /// Another way of showing the tree.
    View(ViewOptions),
    /// All directories expand or collapse.
    Expand(Expand),
}

/// What `key` (of `KeyboardEvent.key`) does to the files page; `None` if it is no key of it.
pub fn files_key(key: &str, view: ViewOptions) -> Option<FilesKey> {
    let changes = view.changes;
    let with = |changes: ChangeFilter| Some(FilesKey::View(ViewOptions { changes, ..view }));
    match key {
        "a" => with(ChangeFilter { added: !changes.added, ..changes }),
        "m" => with(ChangeFilter { modified: !changes.modified, ..changes }),
        "d" => with(ChangeFilter { deleted: !changes.deleted, ..changes }),
        "u" => with(ChangeFilter { unmodified: !changes.unmodified, ..changes }),
        "h" => Some(FilesKey::View(ViewOptions { ghosts: !view.ghosts, ..view })),
        "c" => {
            let compare = if view.compare == Compare::Layer { Compare::Aggregate } else { Compare::Layer };
            Some(FilesKey::View(ViewOptions { compare, ..view }))
        }
        "s" => {
            let sort = if view.sort == Sort::Name { Sort::Size } else { Sort::Name };
            Some(FilesKey::View(ViewOptions { sort, ..view }))
        }
        "*" => Some(FilesKey::Expand(Expand::All)),
        "e" => Some(FilesKey::Expand(Expand::None)),
        _ => None,
    }
}

/// Properties of [`FilterBar`].
#[derive(Clone, PartialEq, Properties)]
pub struct FilterBarProps {
    /// The topmost layer shown.
    pub upto: u32,
    /// How many paths match, once that is known.
    pub matches: Option<u32>,
    /// Expands or collapses everything.
    pub on_expand: Callback<Expand>,
}

/// The bar above the tree.
#[component]
pub fn FilterBar(props: &FilterBarProps) -> Html {
    let all = use_words();
    let words = &all.files;
    let app = use_app();
    let view = app.state.view;

    let oninput = app.on(|event: InputEvent| {
        Action::Search(event.target_unchecked_into::<HtmlInputElement>().value().into())
    });
    let onkeydown = {
        let app = app.clone();
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Escape" if !app.state.search.is_empty() => {
                event.prevent_default();
                app.dispatch(Action::Search(AttrValue::default()));
            }
            "Escape" | "Enter" | "ArrowDown" => {
                event.prevent_default();
                focus_tree();
            }
            _ => {}
        })
    };
    let clear = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| {
            app.dispatch(Action::Search(AttrValue::default()));
            dom::focus(FILTER_ID);
        })
    };

    let toggle = |key: &'static str,
                  pressed: bool,
                  class: &'static str,
                  glyph: &'static str,
                  word: &'static str,
                  testid: &'static str,
                  title: Option<&'static str>| {
        let onclick = press(&app, key);
        html! {
            <button class={classes!("toggle", class)} aria-pressed={pressed.to_string()} aria-keyshortcuts={key}
                data-testid={testid} {title} {onclick}>
                <b class="mark" aria-hidden="true">{glyph}</b><span class="word">{word}</span>
            </button>
        }
    };
    let compare = |choice: Compare, testid: &'static str| {
        let pressed = view.compare == choice;
        let onclick = app.on(move |_: MouseEvent| Action::View(ViewOptions { compare: choice, ..view }));
        html! {
            <button class="toggle" aria-pressed={pressed.to_string()} data-testid={testid} {onclick}
                title={(words.compare_hint)(choice, hue::number(props.upto))}>
                {(words.compare_choice)(choice)}
            </button>
        }
    };
    let expand = |what: Expand, glyph: &'static str, word: &'static str, testid: &'static str| {
        let onclick = props.on_expand.reform(move |_: MouseEvent| what);
        html! {
            <button class="quiet square" title={word} aria-label={word} data-testid={testid} {onclick}>
                <svg class="kind" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><path d={glyph} /></svg>
            </button>
        }
    };
    let changes = view.changes;
    html! {
        <div class="filter-bar" role="toolbar" aria-label={words.changes}>
            <span class="filter-field">
                <input id={FILTER_ID} type="search" placeholder={words.filter} aria-label={words.filter} autocomplete="off"
                    spellcheck="false" aria-keyshortcuts="/" data-testid="filter" value={app.state.search.clone()}
                    {oninput} {onkeydown} />
                if app.state.search.is_empty() {
                    <kbd aria-hidden="true">{"/"}</kbd>
                } else {
                    <button class="quiet clear" aria-label={words.clear} title={words.clear} onclick={clear}>{"×"}</button>
                }
            </span>
            <span class="group" role="group" aria-label={words.changes}>
                {toggle("a", changes.added, "mark-added", "+", words.added, "toggle-added", None)}
                {toggle("m", changes.modified, "mark-modified", "±", words.modified, "toggle-modified", None)}
                {toggle("d", changes.deleted, "mark-deleted", "−", words.deleted, "toggle-deleted", None)}
                {toggle("u", changes.unmodified, "mark-none", "·", words.unmodified, "toggle-unmodified", None)}
            </span>
            <span class="group">
                {toggle("h", view.ghosts, "mark-hidden", "◌", words.ghosts, "toggle-ghosts", Some(words.ghosts_hint))}
            </span>
            <span class="group" role="group" aria-label={words.compare} data-testid="compare">
                {compare(Compare::Layer, "compare-layer")}
                {compare(Compare::Aggregate, "compare-aggregate")}
            </span>
            <span class="group plain">
                {expand(Expand::All, "M3 5l5 5 5-5M3 13h10", words.expand_all, "expand-all")}
                {expand(Expand::None, "M3 10l5-5 5 5M3 13h10", words.collapse_all, "collapse-all")}
            </span>
            <span class="matches muted" role="status" data-testid="matches">
                if props.upto < app.state.selection.upto {
                    <span class="so-far">{(words.so_far)(hue::number(props.upto))}{" · "}</span>
                }
                if let Some(matches) = props.matches {
                    {(words.matches)(&format::number(all.lang, u64::from(matches)))}
                }
            </span>
        </div>
    }
}

/// Does what a key does.
fn press(app: &crate::app::AppHandle, key: &'static str) -> Callback<MouseEvent> {
    let app = app.clone();
    Callback::from(move |_| {
        if let Some(FilesKey::View(view)) = files_key(key, app.state.view) {
            app.dispatch(Action::View(view));
        }
    })
}

/// Moves the focus to the tree.
pub fn focus_tree() {
    if !cfg!(target_arch = "wasm32") {
        return;
    }
    let tree = gloo::utils::document().query_selector(".tree").ok().flatten();
    if let Some(tree) = tree.and_then(|tree| tree.dyn_into::<web_sys::HtmlElement>().ok()) {
        // Focusing fails only for detached elements.
        let _ = tree.focus();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tree_keys::PAGE_KEYS;

    #[test]
    fn letters_toggle_what_is_shown() {
        let view = ViewOptions::default();
        let Some(FilesKey::View(without)) = files_key("a", view) else { panic!("a is a key") };
        assert!(!without.changes.added && without.changes.modified);
        assert_eq!(files_key("a", without), Some(FilesKey::View(view)));
        let Some(FilesKey::View(other)) = files_key("c", view) else { panic!("c is a key") };
        assert_eq!(other.compare, Compare::Aggregate);
        assert_eq!(files_key("z", view), None);
        assert_eq!(files_key("A", view), None, "capitals are for names");
    }

    #[test]
    fn the_tree_leaves_these_keys_alone() {
        for key in ["a", "m", "d", "u", "h", "c", "s", "*", "e"] {
            assert!(files_key(key, ViewOptions::default()).is_some());
            assert!(PAGE_KEYS.contains(key), "{key}");
        }
    }
}
