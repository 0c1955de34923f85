//! What the kernel's overlayfs can be told to do differently.

use serde::{Deserialize, Serialize};

/// Options of the mount; all of them off, as container engines have them where they write layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Options {
    /// A change of metadata copies the metadata only; the content follows when it is written to.
    pub metacopy: bool,
    /// A lower file with several names stays one file when it is copied up.
    pub index: bool,
    /// A directory that lower layers have a part in can be renamed: it remembers where it stands below.
    pub redirect_dir: bool,
}

impl Options {
    /// Turns options on or off, as mount(8) takes them: `metacopy=on,index=off`.
    ///
    /// # Errors
    ///
    /// That there is no such option or value, in words.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        for pair in text.split(',') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, "on"));
            let option = match name.trim_start_matches("overlay.") {
                "metacopy" => &mut self.metacopy,
                "index" => &mut self.index,
                "redirect_dir" => &mut self.redirect_dir,
                _ => return Err(format!("overlay: unknown option {name}: metacopy, index, redirect_dir")),
            };
            *option = match value {
                "on" => true,
                "off" => false,
                _ => return Err(format!("overlay: {name}={value}: on or off")),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_set_by_their_names() {
        let mut options = Options::default();
        options.set("metacopy=on,overlay.index").unwrap();
        assert_eq!(options, Options { metacopy: true, index: true, redirect_dir: false });
        options.set("metacopy=off").unwrap();
        assert!(!options.metacopy);
        assert!(options.set("nfs_export=on").is_err() && options.set("index=maybe").is_err());
    }
}
