//! A layer's colour with its number.

use yew::prelude::*;

use crate::app::hue;

/// Properties of [`Swatch`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SwatchProps {
    /// The layer's index, 0 at the bottom.
    pub layer: u32,
}

/// A layer's colour and pattern with its number: the one sign of a layer everywhere.
#[component]
pub fn Swatch(props: &SwatchProps) -> Html {
    html! {
        <span class={classes!("swatch", hue::classes(props.layer))}><b>{hue::number(props.layer)}</b></span>
    }
}
