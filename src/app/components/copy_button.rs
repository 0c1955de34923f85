//! Copies a text to the clipboard.

use yew::{platform::spawn_local, prelude::*};

use crate::app::dom;

/// Properties of [`CopyButton`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct CopyButtonProps {
    /// The text.
    pub text: AttrValue,
    /// What the button says.
    pub label: &'static str,
    /// What it says once the text is copied.
    pub done: &'static str,
}

/// A button that copies a text and says that it did.
#[component]
pub fn CopyButton(props: &CopyButtonProps) -> Html {
    let copied = use_state_eq(|| false);
    {
        let copied = copied.setter();
        use_effect_with(props.text.clone(), move |_| copied.set(false));
    }
    let onclick = {
        let (copied, text) = (copied.setter(), props.text.clone());
        move |_| {
            let (copied, text) = (copied.clone(), text.clone());
            spawn_local(async move { copied.set(dom::copy(&text).await) });
        }
    };
    html! {
        <button type="button" class="copy" {onclick}>
            <span aria-live="polite">{if *copied { props.done } else { props.label }}</span>
        </button>
    }
}
