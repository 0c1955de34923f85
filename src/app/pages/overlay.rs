//! The overlay page.

use yew::prelude::*;

/// The overlay page.
#[component]
pub fn OverlayPage() -> Html {
    html! {}
}
