//! What the container page is made of.

pub mod build;
mod context;
pub mod head;
pub mod player;
pub mod shelf;
pub mod terminal;
