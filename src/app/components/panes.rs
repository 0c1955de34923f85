//! The panes as a switch, for windows that hold one only.

use yew::prelude::*;

use crate::app::{
    i18n::use_words,
    state::{Action, Pane},
    use_app,
};

/// The switch. The style sheet shows it in narrow windows only.
#[component]
pub fn PaneSwitch() -> Html {
    let words = use_words();
    let app = use_app();
    let panes =
        Pane::ALL.into_iter().filter(|pane| *pane != Pane::Details || app.state.selection.page.has_details());
    html! {
        <nav class="pane-switch" aria-label={words.shell.panes}>
            { for panes.map(|pane| html! {
                <button key={pane.name()} type="button" data-testid={format!("pane-{}", pane.name())}
                    aria-pressed={(pane == app.state.pane).to_string()} onclick={app.on(move |_| Action::ShowPane(pane))}>
                    {match pane {
                        Pane::Page => (words.shell.page)(app.state.selection.page),
                        other => (words.shell.pane)(other),
                    }}
                </button>
            }) }
        </nav>
    }
}
