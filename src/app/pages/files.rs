//! The files page.

use yew::prelude::*;

/// The files page.
#[component]
pub fn FilesPage() -> Html {
    html! {}
}
