//! Words of the Overlay view.

/// The words. Layers are given by the number they bear on the screen.
pub struct OverlayWords {
    /// Names the view: the layer that is the upper one.
    pub title: fn(u32) -> String,
    /// Says what the view shows.
    pub intro: fn(u32) -> String,
    /// The same for the bottom layer, which has nothing below.
    pub intro_bottom: &'static str,
    /// A column head.
    pub lower: &'static str,
    /// What it holds.
    pub lower_hint: fn(u32) -> String,
    /// A column head.
    pub upper: &'static str,
    /// What it holds.
    pub upper_hint: fn(u32) -> String,
    /// A column head.
    pub merged: &'static str,
    /// What it holds.
    pub merged_hint: fn(u32) -> String,
    /// Nothing lies below the bottom layer.
    pub no_lower: &'static str,
    /// The name is not in this column.
    pub absent: &'static str,
    /// Said of a name that a whiteout deletes, in the upper column.
    pub whiteout: &'static str,
    /// Said of a name that is gone in the merged column.
    pub deleted: &'static str,
    /// Said of a name that an opaque mark hides.
    pub hidden: &'static str,
    /// "from layer 3".
    pub from_layer: fn(u32) -> String,
    /// Heads the list of entries.
    pub entries_title: fn(u32) -> String,
    /// The layer has no entries here.
    pub no_entries: &'static str,
    /// A column head of the entries.
    pub entry_offset: &'static str,
    /// See above.
    pub entry_path: &'static str,
    /// See above.
    pub entry_kind: &'static str,
    /// What a whiteout entry does.
    pub entry_whiteout: fn(&str) -> String,
    /// What an opaque mark does.
    pub entry_opaque: &'static str,
    /// The layer makes the directory opaque.
    pub opaque: fn(u32) -> String,
    /// Names the breadcrumb.
    pub breadcrumb: &'static str,
    /// The root directory.
    pub root: &'static str,
    /// Goes to the parent directory.
    pub up: &'static str,
    /// Goes into a directory.
    pub enter: fn(&str) -> String,
    /// The directory is empty in all three.
    pub empty: &'static str,
    /// Heads the column of names.
    pub name: &'static str,
    /// Only names that the layer touches are shown.
    pub only_changes: &'static str,
    /// How many names there are more.
    pub more_names: fn(&str) -> String,
    /// The keys of this view and what they do.
    pub keys: &'static [(&'static [&'static str], &'static str)],
}

/// English.
pub const EN: OverlayWords = OverlayWords {
    title: |layer| format!("Layer {layer} over the layers below"),
    intro: |layer| {
        format!(
            "Lower is what layers 1 to {} show, upper what layer {layer} holds, merged what both together show.",
            layer - 1
        )
    },
    intro_bottom: "This is the bottom layer: nothing lies below it, so merged is the layer itself.",
    lower: "Lower",
    lower_hint: |top| if top == 1 { "layer 1".into() } else { format!("layers 1–{top} merged") },
    upper: "Upper",
    upper_hint: |layer| format!("layer {layer} alone"),
    merged: "Merged",
    merged_hint: |top| if top == 1 { "layer 1".into() } else { format!("layers 1–{top}") },
    no_lower: "nothing",
    absent: "not here",
    whiteout: "whiteout",
    deleted: "deleted",
    hidden: "hidden",
    from_layer: |layer| format!("from layer {layer}"),
    entries_title: |layer| format!("Tar entries of layer {layer} in this directory"),
    no_entries: "The layer's tar has no entry in this directory.",
    entry_offset: "Offset",
    entry_path: "Entry",
    entry_kind: "Kind",
    entry_whiteout: |name| format!("deletes {name} of the layers below"),
    entry_opaque: "hides everything the layers below have in this directory",
    opaque: |layer| {
        format!("Layer {layer} makes this directory opaque: nothing of the layers below shows through.")
    },
    breadcrumb: "Directory",
    root: "root",
    up: "Parent directory",
    enter: |name| format!("Open {name}"),
    empty: "The directory is empty in all three.",
    name: "Name",
    only_changes: "Only what the layer touches",
    more_names: |number| format!("Show {number} more names"),
    keys: &[
        (&["↑", "↓"], "Previous or next name"),
        (&["Enter", "→"], "Open the directory"),
        (&["Backspace", "←"], "Parent directory"),
        (&["Home", "End"], "First or last name"),
    ],
};

/// Simplified Chinese.
pub const ZH: OverlayWords = OverlayWords {
    title: |layer| format!("第 {layer} 层叠加在下方各层之上"),
    intro: |layer| {
        format!(
            "下层是第 1 至 {} 层呈现的内容，上层是第 {layer} 层自身，合并视图是两者叠加的结果。",
            layer - 1
        )
    },
    intro_bottom: "这是最底层：其下没有内容，合并视图就是该层本身。",
    lower: "下层",
    lower_hint: |top| if top == 1 { "第 1 层".into() } else { format!("第 1–{top} 层合并") },
    upper: "上层",
    upper_hint: |layer| format!("仅第 {layer} 层"),
    merged: "合并视图",
    merged_hint: |top| if top == 1 { "第 1 层".into() } else { format!("第 1–{top} 层") },
    no_lower: "无",
    absent: "此处没有",
    whiteout: "删除标记（whiteout）",
    deleted: "已删除",
    hidden: "被隐藏",
    from_layer: |layer| format!("来自第 {layer} 层"),
    entries_title: |layer| format!("第 {layer} 层在此目录中的 tar 条目"),
    no_entries: "该层的 tar 在此目录中没有条目。",
    entry_offset: "偏移",
    entry_path: "条目",
    entry_kind: "类型",
    entry_whiteout: |name| format!("删除下层的 {name}"),
    entry_opaque: "隐藏下层在此目录中的全部内容",
    opaque: |layer| format!("第 {layer} 层将此目录设为不透明目录：下层的内容都不会显现。"),
    breadcrumb: "目录",
    root: "根目录",
    up: "上级目录",
    enter: |name| format!("打开 {name}"),
    empty: "三者中此目录均为空。",
    name: "名称",
    only_changes: "仅显示该层涉及的内容",
    more_names: |number| format!("再显示 {number} 个名称"),
    keys: &[
        (&["↑", "↓"], "上一个、下一个名称"),
        (&["Enter", "→"], "打开目录"),
        (&["Backspace", "←"], "上级目录"),
        (&["Home", "End"], "第一个、最后一个名称"),
    ],
};
