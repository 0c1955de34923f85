//! Hooks that any component may use.

mod keys;
mod link;
mod style;

pub use keys::use_keys;
pub use link::use_link;
pub use style::use_style;
