//! The words of the image and history pages.

/// The words of the image and history pages.
pub struct ImageWords {
    /// What this is, in one sentence.
    pub tagline: &'static str,
}

/// English.
pub const EN: ImageWords = ImageWords { tagline: "" };

/// Simplified Chinese.
pub const ZH: ImageWords = ImageWords { tagline: "" };
