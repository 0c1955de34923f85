//! The image page.

use yew::prelude::*;

/// The image page.
#[component]
pub fn ImagePage() -> Html {
    html! {}
}

/// The CSS class of a verification.
pub fn check_class(verification: crate::app::state::Verification) -> &'static str {
    use crate::app::state::Verification;
    match verification {
        Verification::Verified => "check-verified",
        Verification::Mismatch => "check-mismatch",
        Verification::Pending => "check-pending",
        Verification::Unchecked => "check-unchecked",
        Verification::Unstated => "check-unstated",
    }
}
