//! The history page.

use yew::prelude::*;

/// The history page.
#[component]
pub fn HistoryPage() -> Html {
    html! {}
}
