//! The image page.

use yew::prelude::*;

/// The image page.
#[component]
pub fn ImagePage() -> Html {
    html! {}
}
