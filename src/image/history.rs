//! History rows, paired with layers and made readable.

use serde::{Deserialize, Serialize};

/// One step of an image's history (OCI image spec, config.md, "history").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// When, as stated (RFC 3339).
    pub created: Option<String>,
    /// The command, verbatim.
    pub created_by: Option<String>,
    /// The command as a Dockerfile instruction.
    pub instruction: String,
    /// A free comment.
    pub comment: Option<String>,
    /// Whether the step made no layer.
    pub empty_layer: bool,
    /// The index of the layer it made; `None` for empty steps and where the counts do not match.
    pub layer: Option<u32>,
}

/// Makes `created_by` readable: a Dockerfile instruction without the builder's wrapping.
pub fn instruction(created_by: &str) -> String {
    created_by.to_owned()
}
