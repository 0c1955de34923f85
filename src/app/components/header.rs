//! The header: what is open, where to go, and how the page looks and speaks.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::{
    components::{
        icon::{Glyph, Icon},
        opener::OpenButton,
        remote::RemoteButton,
    },
    i18n::{Lang, use_language, use_words},
    state::{Action, Page},
    theme::Theme,
    use_app,
    views::use_views,
};

/// The id of the search field.
pub const SEARCH: &str = "search";

/// The header.
#[component]
pub fn Header() -> Html {
    let words = use_words();
    let app = use_app();
    let views = use_views();
    let is_open = app.state.archive.is_some();
    html! {
        <header class="header">
            <a class="skip" href="#content">{words.shell.skip}</a>
            <p class="brand"><Icon glyph={Glyph::Strata} /><span>{"Layerscope"}</span></p>
            if is_open { {views.draw(|parts| (parts.open)())} }
            <div class="tools">
                if is_open {
                    // The files page has the same field beside its tree.
                    if app.state.selection.page != Page::Files { <Search /> }
                    <OpenButton label={words.shell.open_another} />
                    <RemoteButton />
                }
                <LanguageSwitch />
                <ThemeSwitch />
                <button type="button" class="quiet tool" data-testid="help" title={words.shell.help} aria-label={words.shell.help}
                    aria-haspopup="dialog" onclick={app.on(|_| Action::ShowHelp(true))}>{"?"}</button>
            </div>
        </header>
    }
}

/// The search field. Typing filters the files, and Enter goes there.
#[component]
fn Search() -> Html {
    let words = use_words();
    let app = use_app();
    let oninput = {
        let app = app.clone();
        move |event: InputEvent| {
            if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            {
                app.dispatch(Action::Search(input.value().into()));
            }
        }
    };
    let onkeydown = {
        let app = app.clone();
        move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" if !event.is_composing() => app.dispatch(Action::SelectPage(Page::Files)),
            "Escape" => {
                app.dispatch(Action::Search(AttrValue::default()));
                if let Some(input) =
                    event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
                {
                    // Leaving the field fails only if it is gone.
                    let _ = input.blur();
                }
            }
            _ => {}
        }
    };
    html! {
        <div class="search" role="search">
            <Icon glyph={Glyph::Search} />
            <input type="search" id={SEARCH} data-testid="search" placeholder={words.shell.search}
                aria-label={words.shell.search} aria-keyshortcuts="/" autocomplete="off" spellcheck="false"
                value={app.state.search.clone()} {oninput} {onkeydown} />
            <kbd aria-hidden="true">{"/"}</kbd>
        </div>
    }
}

#[component]
fn LanguageSwitch() -> Html {
    let words = use_words();
    let language = use_language();
    let other = language.lang.other();
    let onclick = move |_| language.choose.emit(other);
    html! {
        <button type="button" class="quiet tool" data-testid="lang" lang={other.tag()} title={words.shell.other_language}
            aria-label={words.shell.other_language} {onclick}>
            <span aria-hidden="true" class={classes!("lang-sign", (other == Lang::En).then_some("lang-zh"))}>
                <b>{"文"}</b>{"/"}<b>{"A"}</b>
            </span>
        </button>
    }
}

#[component]
fn ThemeSwitch() -> Html {
    let words = use_words();
    let theme = use_state_eq(Theme::saved);
    use_effect_with(*theme, |theme| theme.apply());
    let glyph = match *theme {
        Theme::Auto => Glyph::Auto,
        Theme::Light => Glyph::Sun,
        Theme::Dark => Glyph::Moon,
    };
    let label = (words.shell.theme)(*theme);
    let onclick = move |_| {
        let next = theme.next();
        next.choose();
        theme.set(next);
    };
    html! {
        <button type="button" class="quiet tool" data-testid="theme" title={label} aria-label={label} {onclick}>
            <Icon {glyph} />
        </button>
    }
}
