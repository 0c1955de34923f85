//! The page's side.
