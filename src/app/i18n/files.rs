//! The words of the files page.

/// The words of the files page.
pub struct FilesWords {
    /// The area's name.
    pub title: &'static str,
}

/// English.
pub const EN: FilesWords = FilesWords { title: "Files" };

/// Simplified Chinese.
pub const ZH: FilesWords = FilesWords { title: "文件" };
