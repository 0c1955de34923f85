//! What pages are made of.

pub mod details;
pub mod filter_bar;
pub mod kind_icon;
pub mod mark;
pub mod strata;
pub mod swatch;
pub mod tree;
pub mod tree_row;
