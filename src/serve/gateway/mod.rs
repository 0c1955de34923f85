//! The gateway: read-only requests of the page to registries, with the credentials of whoever runs it.
//!
//! `GET /_layerscope/v1/` says that there is one. `GET` and `HEAD /_layerscope/v1/HOST/v2/…` are forwarded to
//! `https://HOST/v2/…`, if [`Policy`] allows the host and [`Target`] knows the path. What a registry wants of who asks, tokens
//! and passwords, is between it and the gateway: the page sees neither. ADR 0012 says why it is as it is.

mod auth;
mod client;
mod credentials;
mod forward;
mod policy;
mod refusal;
mod target;

pub use credentials::{Credentials, DockerConfig};
pub use forward::router;
pub use policy::{Policy, RegistryHost, Times};
pub use refusal::Refusal;
pub use target::Target;
