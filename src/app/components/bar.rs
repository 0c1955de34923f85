//! A layer's content to scale.

use yew::prelude::*;

use crate::app::hue;

/// Properties of [`LayerBar`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LayerBarProps {
    /// The layer's index, 0 at the bottom.
    pub layer: u32,
    /// Bytes that the merged filesystem of all layers shows.
    pub visible: u64,
    /// Bytes that it does not show.
    pub hidden: u64,
    /// The bytes that fill the whole width.
    pub full: u64,
    /// The same in words.
    pub label: AttrValue,
}

/// A bar as long as the layer is large: filled for what stays visible, hollow for what is hidden in the end.
#[component]
pub fn LayerBar(props: &LayerBarProps) -> Html {
    let visible = percent(props.visible, props.full);
    let hidden = percent(props.hidden, props.full);
    html! {
        // Presentation attributes, not style: see `use_style`.
        <svg class={classes!("layer-bar", hue::classes(props.layer))} width="100%" height="6" role="img"
            aria-label={props.label.clone()}>
            <title>{props.label.clone()}</title>
            <rect class="bar-visible" width={visible.clone()} height="6" />
            <rect class="bar-hidden" x={visible} y="0.5" width={hidden} height="5" />
        </svg>
    }
}

/// `part` of `whole`, as an SVG length. What is there at all is at least a hair wide.
fn percent(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0%".to_owned();
    }
    format!("{:.2}%", (part as f64 * 100.0 / whole as f64).clamp(0.4, 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_to_scale() {
        assert_eq!(percent(1, 4), "25.00%");
        assert_eq!(percent(0, 4), "0%");
        assert_eq!(percent(0, 0), "0%");
        assert_eq!(percent(1, u64::MAX), "0.40%");
        assert_eq!(percent(9, 4), "100.00%");
    }
}
