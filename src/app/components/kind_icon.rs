//! A small picture for each kind of file.

use yew::prelude::*;

use crate::worker::protocol::Kind;

/// The outline of a kind's picture, in a box of 16 by 16.
fn outline(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "M4 1.5h5.5l3 3v10H4zM9.5 1.5v3h3",
        Kind::Dir => "M1.5 3.5h4.5l1.5 2h7v8h-13z",
        Kind::Symlink => "M4 14.5v-13h5.5l3 3v3M9.5 1.5v3h3M6.5 14v-1.5a2 2 0 0 1 2-2h4.5M11 8.5l2.2 2-2.2 2",
        Kind::Hardlink => {
            "M7 9.5a2.6 2.6 0 0 0 3.7 0l2.1-2.1a2.6 2.6 0 0 0-3.7-3.7l-1 1M9 6.5a2.6 2.6 0 0 0-3.7 0L3.2 8.6a2.6 2.6 0 0 0 3.7 3.7l1-1"
        }
        Kind::Char => "M1.5 4.5h13v8h-13zM4 7h.01M6.7 7h.01M9.4 7h.01M12 7h.01M5 10h6",
        Kind::Block => "M8 1.5l6 3v7l-6 3-6-3v-7zM2 4.5l6 3 6-3M8 7.5v7",
        Kind::Fifo => "M1.5 5.5h9.5M1.5 10.5h9.5M13 8m-1.5 0a1.5 2.5 0 1 0 3 0a1.5 2.5 0 1 0 -3 0",
        Kind::Whiteout => "M4 1.5h5.5l3 3v10H4zM6 7l4.5 4.5M10.5 7L6 11.5",
        Kind::Opaque => "M1.5 3.5h4.5l1.5 2h7v8h-13zM2 13l8-7.5M6 13.5l8-7.5M11 13.5l3.5-3.5",
    }
}

/// A picture of the kind. It says nothing to screen readers: the word for it stands elsewhere.
pub fn kind_icon(kind: Kind) -> Html {
    let class = match kind {
        Kind::Dir | Kind::Opaque => "kind kind-dir",
        Kind::File => "kind kind-file",
        _ => "kind kind-special",
    };
    html! {
        <svg {class} width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><path d={outline(kind)} /></svg>
    }
}
