//! What pages are made of.

pub mod details;
pub mod swatch;
