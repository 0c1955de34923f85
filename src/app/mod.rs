//! The page, in Yew: one state ([`state`]), reached through one handle ([`handle`]), shown by components.
//!
//! * [`i18n`]: every word, in both languages · [`text`]: the one place that makes text from an archive's
//!   bytes · [`format`](mod@format): sizes, times, numbers · [`hue`]: a layer's colour.
//! * [`pages`] are what the tabs show, [`components`] what they are made of, [`hooks`] what components share.
//!
//! The Content-Security-Policy forbids `style` attributes; see [`hooks::use_style`].

pub mod batch;
pub mod capability;
pub mod components;
pub mod dom;
pub mod format;
pub mod handle;
pub mod hooks;
pub mod hue;
pub mod i18n;
pub mod lab;
pub mod mode;
pub mod pages;
pub mod remote;
#[cfg(all(test, feature = "ssr"))]
mod render_tests;
pub mod root;
pub mod row_cache;
#[cfg(test)]
mod samples;
pub mod shelf;
pub mod state;
pub mod story;
pub mod text;
pub mod theme;
pub mod tree_keys;
pub mod tree_model;
#[cfg(test)]
mod tree_samples;
pub mod trust;
pub mod views;
pub mod virtual_list;

pub use handle::{AppHandle, use_app};
pub use root::App;
