//! The words of what is always there.

/// The words of what is always there.
pub struct ShellWords {
    /// What this is, in one sentence.
    pub tagline: &'static str,
}

/// English.
pub const EN: ShellWords = ShellWords { tagline: "" };

/// Simplified Chinese.
pub const ZH: ShellWords = ShellWords { tagline: "" };
