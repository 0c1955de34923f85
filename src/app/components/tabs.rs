//! The pages as tabs (WAI-ARIA Authoring Practices, "Tabs").

use yew::prelude::*;

use crate::app::{
    dom,
    i18n::use_words,
    state::{Action, Page},
    use_app,
};

/// The id of a page's tab.
pub fn tab_id(page: Page) -> String {
    format!("tab-{}", page.name())
}

/// The id of a page.
pub fn panel_id(page: Page) -> String {
    format!("page-{}", page.name())
}

/// The tabs: one Tab stop, arrows move among them.
#[component]
pub fn Tabs() -> Html {
    let words = use_words();
    let app = use_app();
    let current = app.state.selection.page;

    let onkeydown = {
        let app = app.clone();
        move |event: KeyboardEvent| {
            let last = Page::ALL.len() - 1;
            let place = Page::ALL.iter().position(|page| *page == current).unwrap_or(0);
            let place = match event.key().as_str() {
                "ArrowRight" => {
                    if place == last {
                        0
                    } else {
                        place + 1
                    }
                }
                "ArrowLeft" => place.checked_sub(1).unwrap_or(last),
                "Home" => 0,
                "End" => last,
                _ => return,
            };
            event.prevent_default();
            app.dispatch(Action::SelectPage(Page::ALL[place]));
            dom::focus(&tab_id(Page::ALL[place]));
        }
    };

    html! {
        <div class="tabs" role="tablist" aria-label={words.shell.pages} {onkeydown}>
            { for Page::ALL.into_iter().map(|page| {
                let selected = page == current;
                html! {
                    <button key={page.name()} type="button" class="tab" role="tab" id={tab_id(page)}
                        data-testid={tab_id(page)} aria-selected={selected.to_string()}
                        aria-controls={panel_id(page)} tabindex={if selected { "0" } else { "-1" }}
                        onclick={app.on(move |_| Action::SelectPage(page))}>
                        {(words.shell.page)(page)}
                    </button>
                }
            }) }
        </div>
    }
}
