//! What pages are made of.

pub mod announcer;
pub mod bar;
pub mod copy_button;
pub mod details;
pub mod drop_target;
pub mod fold;
pub mod header;
pub mod help;
pub mod icon;
pub mod image_picker;
pub mod layer_row;
pub mod notice;
pub mod opener;
pub mod panes;
pub mod progress;
pub mod scrubber;
pub mod splitter;
pub mod stack;
pub mod start;
pub mod status_bar;
pub mod swatch;
pub mod tabs;
pub mod workspace;
