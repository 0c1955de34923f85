//! Unicode normalisation (UAX #15). In a browser it is the browser's own: the tables would be an eighth of the worker.

/// A normalisation form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Canonical composition.
    Nfc,
    /// Canonical decomposition.
    Nfd,
}

/// `text` in a normalisation form.
#[cfg(not(all(target_arch = "wasm32", feature = "browser")))]
pub fn normalized(text: &str, form: Form) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    match form {
        Form::Nfc => text.nfc().collect(),
        Form::Nfd => text.nfd().collect(),
    }
}

/// `text` in a normalisation form.
#[cfg(all(target_arch = "wasm32", feature = "browser"))]
pub fn normalized(text: &str, form: Form) -> String {
    crate::platform::normalized(
        text,
        match form {
            Form::Nfc => "NFC",
            Form::Nfd => "NFD",
        },
    )
}
