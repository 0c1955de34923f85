//! The JSON documents of OCI and Docker images (OCI image spec 1.1: descriptor.md, image-index.md,
//! manifest.md, config.md; Docker image spec 1.2: `manifest.json`).
//!
//! [`json::parse`] is strict about the JSON itself (size, depth, repeated keys, byte-order mark). The types
//! are then lenient about its fields: real documents hold `null` wherever Go writes a nil slice, and one odd
//! field must not hide the rest of an image.

mod config;
mod document;
pub mod json;
mod platform;

pub use config::{Config, ContainerConfig, Healthcheck, History, LegacyConfig, RootFs};
pub use document::{
    Annotations, Descriptor, DockerImage, Document, DocumentError, Index, Manifest, Repositories,
    docker_manifest, repositories,
};
pub use platform::Platform;
