//! What a layer did to a path, as glyph and word.

use yew::prelude::*;

use crate::{app::i18n::use_words, overlay::Mark};

/// The glyph of a mark, the same everywhere.
pub fn glyph(mark: Mark) -> &'static str {
    match mark {
        Mark::Added => "+",
        Mark::Modified => "±",
        Mark::Metadata => "=",
        Mark::Deleted => "−",
        Mark::Hidden => "◌",
    }
}

/// The CSS class of a mark.
pub fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Added => "mark-added",
        Mark::Modified => "mark-modified",
        Mark::Metadata => "mark-metadata",
        Mark::Deleted => "mark-deleted",
        Mark::Hidden => "mark-hidden",
    }
}

/// Properties of [`MarkLabel`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct MarkLabelProps {
    /// The mark.
    pub mark: Mark,
}

/// A mark as glyph, word and colour.
#[component]
pub fn MarkLabel(props: &MarkLabelProps) -> Html {
    let words = &use_words().files;
    html! {
        <span class={classes!("mark-label", class(props.mark))}>
            <b class="mark" aria-hidden="true">{glyph(props.mark)}</b>{" "}{(words.mark)(props.mark)}
        </span>
    }
}
