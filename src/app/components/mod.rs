//! What pages are made of.

pub mod biography;
pub mod details;
pub mod filter_bar;
pub mod hex;
pub mod kind_icon;
pub mod mark;
pub mod strata;
pub mod swatch;
pub mod text_view;
pub mod tree;
pub mod tree_row;
pub mod viewer;
