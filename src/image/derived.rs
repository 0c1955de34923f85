//! Images that no archive holds: what is made here of others.

use super::{ConfigDocument, Image, LayerRef, history};
use crate::{
    digest::Digest,
    oci::{self, json},
};

impl Image {
    /// The image that a config of one's own making and these layers are.
    ///
    /// # Errors
    ///
    /// If the config is not that of an image, as a message.
    pub fn derived(config: Vec<u8>, layers: Vec<LayerRef>, names: Vec<String>) -> Result<Self, String> {
        let parsed = json::parse(&config).map_err(|error| error.to_string())?;
        let parsed = oci::Config::from_value(parsed.value).map_err(|error| error.to_string())?;
        let (history, _) = history::pair(&parsed.history, layers.len());
        Ok(Self {
            names,
            platform: parsed.platform(),
            manifest_digest: None,
            id: Some(Digest::sha256(&config)),
            config: Some(ConfigDocument { raw: config, parsed }),
            annotations: Vec::new(),
            layers,
            history,
            attestations: Vec::new(),
        })
    }
}
