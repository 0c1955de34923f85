//! The details of the selected path.

use yew::prelude::*;

/// The details of the selected path: the pane beside the files and overlay pages.
#[component]
pub fn Details() -> Html {
    html! {}
}
