//! Layerscope shows what is inside a container image: its history, its layers, the merged filesystem
//! and how each layer overlays the ones below.
//!
//! ```text
//!  dropped file          worker thread / CLI process                                page
//! ┌────────────┐ ranges ┌──────────────────────────────────────────┐ row windows ┌──────────────────┐
//! │ Blob, File │ ─────▶ │ digest ▸ codec ▸ digest ▸ tar ▸ layer     │ ──────────▶ │ history · files  │
//! │            │ ◀───── │            ▸ overlay       session        │ ◀────────── │ overlay · image  │
//! └────────────┘ "need  │        (the model lives here)             │  requests   └──────────────────┘
//!                 a..b" └──────────────────────────────────────────┘
//! ```
//!
//! The core is sans-IO: it takes bytes and returns events, or says which byte range it needs next. It
//! knows no clock, no async runtime and no browser. The same code runs in the worker, in the native
//! command line, and in tests.
//!
//! Modules on the left may use those further right, never the other way:
//!
//! `app → worker::{protocol, client} → preview` · `worker::server → platform, container, session` · `container → session` ·
//! `session → report → image, audit → overlay → layer → oci, tar, codec → digest, anomaly, limits`

pub mod anomaly;
pub mod audit;
pub mod build;
#[cfg(feature = "cli")]
pub mod cli;
pub mod codec;
pub mod container;
pub mod digest;
pub mod engine;
pub mod fixture;
pub mod image;
pub mod layer;
pub mod limits;
pub mod oci;
pub mod overlay;
pub mod path;
pub mod preview;
pub mod registry;
pub mod report;
pub mod session;
pub mod shell;
pub mod tar;
pub mod tree;
pub mod unicode;
pub mod worker;

#[cfg(feature = "web")]
pub mod app;
#[cfg(feature = "browser")]
pub mod platform;
#[cfg(all(feature = "serve", not(target_arch = "wasm32")))]
pub mod serve;
