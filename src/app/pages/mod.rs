//! What the tabs show.

pub mod container;
pub mod files;
pub mod history;
pub mod image;
pub mod overlay;
pub mod trust;
