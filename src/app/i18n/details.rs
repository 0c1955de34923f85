//! The words of a path's details.

/// The words of a path's details.
pub struct DetailsWords {
    /// The area's name.
    pub title: &'static str,
}

/// English.
pub const EN: DetailsWords = DetailsWords { title: "Details" };

/// Simplified Chinese.
pub const ZH: DetailsWords = DetailsWords { title: "详情" };
