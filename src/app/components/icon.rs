//! The few drawn signs, one line thick, in the colour of the text around them.

use yew::prelude::*;

/// A drawn sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    /// Three strata: the product.
    Strata,
    /// A magnifying glass.
    Search,
    /// Half light, half dark.
    Auto,
    /// The sun.
    Sun,
    /// The moon.
    Moon,
    /// An open padlock's opposite.
    Lock,
}

/// Properties of [`Icon`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct IconProps {
    /// Which sign.
    pub glyph: Glyph,
}

/// A sign that says nothing by itself: what it stands on carries the words.
#[component]
pub fn Icon(props: &IconProps) -> Html {
    let drawing = match props.glyph {
        Glyph::Strata => html! {
            <>
                <path d="M8 1.5 14.5 5 8 8.5 1.5 5Z" fill="currentColor" />
                <path d="M1.5 8 8 11.5 14.5 8" />
                <path d="M1.5 11 8 14.5 14.5 11" />
            </>
        },
        Glyph::Search => html! { <><circle cx="7" cy="7" r="4.5" /><path d="m10.5 10.5 4 4" /></> },
        Glyph::Auto => html! {
            <><circle cx="8" cy="8" r="6" /><path d="M8 2a6 6 0 0 1 0 12Z" fill="currentColor" /></>
        },
        Glyph::Sun => html! {
            <>
                <circle cx="8" cy="8" r="3" />
                <path d="M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.5 1.5M11.5 11.5 13 13M13 3l-1.5 1.5M4.5 11.5 3 13" />
            </>
        },
        Glyph::Moon => html! { <path d="M13.5 10A6 6 0 0 1 6 2.5a6 6 0 1 0 7.5 7.5Z" /> },
        Glyph::Lock => html! {
            <><rect x="3" y="7" width="10" height="7" rx="1" /><path d="M5 7V5a3 3 0 0 1 6 0v2" /></>
        },
    };
    html! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor"
            stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
            {drawing}
        </svg>
    }
}
