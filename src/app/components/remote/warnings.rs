//! What a server has to say to people.

use yew::prelude::*;

use crate::app::{i18n::use_words, text};

/// Properties of [`Warnings`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct WarningsProps {
    /// The texts.
    pub texts: Vec<AttrValue>,
}

/// The texts, if there are any.
#[component]
pub fn Warnings(props: &WarningsProps) -> Html {
    let words = use_words();
    if props.texts.is_empty() {
        return Html::default();
    }
    html! {
        <div class="remote-warnings muted" role="status" data-testid="remote-warnings">
            {words.remote.warns}
            <ul>{ for props.texts.iter().map(|warning| html! { <li><bdi>{text::visible(warning.as_bytes())}</bdi></li> }) }</ul>
        </div>
    }
}
