//! Words of what is saved to disk.

/// The words. Layers are given by the number they bear on the screen.
pub struct SavingWords {
    /// Saves the directory as the tree shows it.
    pub directory: &'static str,
    /// Saves the merged filesystem of layers 1 to the one given.
    pub merged: fn(u32) -> String,
    /// Saves the tar of a layer.
    pub layer: fn(u32) -> String,
    /// It is under way.
    pub saving: &'static str,
    /// It could not be done; the reason follows.
    pub failed: &'static str,
}

/// English.
pub const EN: SavingWords = SavingWords {
    directory: "Save directory as tar",
    merged: |layer| match layer {
        1 => "Save filesystem of layer 1 as tar".into(),
        _ => format!("Save filesystem of layers 1–{layer} as tar"),
    },
    layer: |layer| format!("Save layer {layer} as tar"),
    saving: "Saving…",
    failed: "This could not be saved.",
};

/// Simplified Chinese.
pub const ZH: SavingWords = SavingWords {
    directory: "将目录保存为 tar",
    merged: |layer| match layer {
        1 => "将第 1 层的文件系统保存为 tar".into(),
        _ => format!("将第 1–{layer} 层的文件系统保存为 tar"),
    },
    layer: |layer| format!("将第 {layer} 层保存为 tar"),
    saving: "正在保存…",
    failed: "无法保存。",
};
