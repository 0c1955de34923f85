//! The words of the overlay page.

/// The words of the overlay page.
pub struct OverlayWords {
    /// The area's name.
    pub title: &'static str,
}

/// English.
pub const EN: OverlayWords = OverlayWords { title: "Overlay" };

/// Simplified Chinese.
pub const ZH: OverlayWords = OverlayWords { title: "叠加" };
