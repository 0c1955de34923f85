//! Hooks that any component may use.

mod keys;
mod style;

pub use keys::use_keys;
pub use style::use_style;
