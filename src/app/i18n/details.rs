//! Words of the details of a path, its biography, and the viewers of content.

use crate::worker::protocol::Difference;

/// The words. Layers are given by the number they bear on the screen; paths are shown text.
pub struct DetailsWords {
    /// Names the pane.
    pub title: &'static str,
    /// Nothing is selected.
    pub nothing_selected: &'static str,
    /// What one can do about it.
    pub nothing_selected_hint: &'static str,
    /// It is under way.
    pub loading: &'static str,
    /// It could not be had; the reason follows.
    pub failed: &'static str,
    /// Copies the path.
    pub copy_path: &'static str,
    /// The path is copied.
    pub copied: &'static str,
    /// Heads the list of chapters.
    pub biography: &'static str,
    /// How many layers touch the path.
    pub touched_by: fn(usize) -> String,
    /// The path comes only with layers above the one given, up to which the tree is shown.
    pub not_yet: fn(u32) -> String,
    /// Why the path is seen as it is: an entry of the topmost chapter wins, and there is nothing below it.
    pub wins_alone: fn(u32) -> String,
    /// The same, and it covers versions of layers below.
    pub wins_over: fn(u32, &[u32]) -> String,
    /// The directory has no entry; it is there because something in it is.
    pub wins_implied: fn(u32) -> String,
    /// A directory: names are merged over the layers, the metadata is the layer's.
    pub wins_directory: fn(u32) -> String,
    /// It is not there: a whiteout of it.
    pub gone_whiteout: fn(u32) -> String,
    /// It is not there: a whiteout of the directory given.
    pub gone_whiteout_above: fn(u32, &str) -> String,
    /// It is not there: the directory given is opaque.
    pub gone_opaque: fn(u32, &str) -> String,
    /// It is not there: the directory given was replaced.
    pub gone_replaced: fn(u32, &str) -> String,
    /// A deleted file is still stored in the layers given.
    pub still_stored: fn(&[u32]) -> String,
    /// The chapters are those of all layers, but the tree shows fewer.
    pub above_shown: fn(u32) -> String,
    /// This chapter's version is the one that is seen.
    pub winner: &'static str,
    /// The cause of a chapter, by [`crate::worker::protocol::Cause`].
    pub cause_implied: &'static str,
    /// See above.
    pub cause_whiteout: &'static str,
    /// See above.
    pub cause_whiteout_above: fn(&str) -> String,
    /// See above.
    pub cause_opaque: fn(&str) -> String,
    /// See above.
    pub cause_replaced: fn(&str) -> String,
    /// Heads what differs from the version below.
    pub differs: &'static str,
    /// Nothing differs.
    pub differs_not: &'static str,
    /// What can differ.
    pub difference: fn(Difference) -> &'static str,
    /// A field of a version.
    pub kind: &'static str,
    /// See above.
    pub size: &'static str,
    /// See above.
    pub mode: &'static str,
    /// See above.
    pub owner: &'static str,
    /// See above.
    pub time: &'static str,
    /// See above.
    pub link: &'static str,
    /// See above.
    pub device: &'static str,
    /// See above.
    pub xattrs: &'static str,
    /// Where the header stands in the layer's tar.
    pub offset: &'static str,
    /// The link leads to content that is not there.
    pub no_content: &'static str,
    /// Follows a link in the tree.
    pub follow: &'static str,
    /// The target of a link is not in the tree.
    pub target_missing: &'static str,
    /// Opens the content as text.
    pub view_text: &'static str,
    /// Opens the content as hex.
    pub view_hex: &'static str,
    /// Saves the content.
    pub download: &'static str,
    /// It is being saved.
    pub downloading: &'static str,
    /// Says of which layer a button's version is.
    pub of_layer: fn(&str, u32) -> String,
    /// Names the viewer: the path, the layer.
    pub viewer: fn(&str, u32) -> String,
    /// Closes the viewer.
    pub close: &'static str,
    /// The content is empty.
    pub empty_content: &'static str,
    /// The content is binary, so it is shown as hex.
    pub is_binary: &'static str,
    /// Names the choice of encoding.
    pub encoding: &'static str,
    /// The encoding is guessed.
    pub guessed: fn(&str) -> String,
    /// Wraps long lines.
    pub wrap: &'static str,
    /// What part of the content is shown: from, to, of; formatted already.
    pub part: fn(&str, &str, &str) -> String,
    /// Shows the next part.
    pub show_more: &'static str,
    /// Shows the part before.
    pub show_less: &'static str,
    /// Column heads of the hex view.
    pub hex_offset: &'static str,
    /// See above.
    pub hex_bytes: &'static str,
    /// See above.
    pub hex_text: &'static str,
    /// Expands what is folded.
    pub more: &'static str,
}

fn list(layers: &[u32], separator: &str, last: &str) -> String {
    match layers {
        [] => String::new(),
        [one] => one.to_string(),
        [rest @ .., end] => {
            let rest: Vec<String> = rest.iter().map(u32::to_string).collect();
            format!("{}{last}{end}", rest.join(separator))
        }
    }
}

fn layers_en(layers: &[u32]) -> String {
    format!("layer{} {}", if layers.len() == 1 { "" } else { "s" }, list(layers, ", ", " and "))
}

fn layers_zh(layers: &[u32]) -> String {
    format!("第 {} 层", list(layers, "、", "、"))
}

/// English.
pub const EN: DetailsWords = DetailsWords {
    title: "Path",
    nothing_selected: "No path selected",
    nothing_selected_hint: "Select a row to read its life through the layers.",
    loading: "Loading…",
    failed: "This could not be read.",
    copy_path: "Copy path",
    copied: "Copied",
    biography: "Biography",
    touched_by: |layers| {
        if layers == 1 { "1 layer touches it".into() } else { format!("{layers} layers touch it") }
    },
    not_yet: |layer| format!("It is not there in layers 1 to {layer}; a layer above adds it."),
    wins_alone: |layer| format!("Layer {layer} supplies it: no layer below has it."),
    wins_over: |layer, below| {
        format!(
            "Layer {layer} supplies it: it is the topmost with this path, and covers {}.",
            layers_en(below)
        )
    },
    wins_implied: |layer| {
        format!("It is there because layer {layer} holds something in it; no entry makes it.")
    },
    wins_directory: |layer| {
        format!(
            "A directory merges the names of all layers; mode, owner and time are those of layer {layer}."
        )
    },
    gone_whiteout: |layer| format!("It is not visible: a whiteout in layer {layer} deletes it."),
    gone_whiteout_above: |layer, path| {
        format!("It is not visible: the whiteout of {path} in layer {layer} deletes all below.")
    },
    gone_opaque: |layer, path| {
        format!("It is not visible: layer {layer} makes {path} opaque, which hides all below.")
    },
    gone_replaced: |layer, path| {
        format!("It is not visible: layer {layer} puts something that is not a directory at {path}.")
    },
    still_stored: |layers| {
        format!("Its content is still stored in {}, and can be read below.", layers_en(layers))
    },
    above_shown: |layer| format!("The tree shows the layers up to {layer}; fainter chapters lie above it."),
    winner: "visible",
    cause_implied: "No entry of its own: implied by what is in it",
    cause_whiteout: "By a whiteout of this path",
    cause_whiteout_above: |path| format!("By the whiteout of {path}"),
    cause_opaque: |path| format!("By the opaque mark in {path}"),
    cause_replaced: |path| format!("{path} is no directory any more"),
    differs: "Differs in",
    differs_not: "Same as below",
    difference: |difference| match difference {
        Difference::Kind => "kind",
        Difference::Content => "content",
        Difference::Size => "size",
        Difference::Mode => "mode",
        Difference::Owner => "owner",
        Difference::Time => "time",
        Difference::Link => "link target",
        Difference::Xattrs => "xattrs",
        Difference::Device => "device",
    },
    kind: "Kind",
    size: "Size",
    mode: "Mode",
    owner: "Owner",
    time: "Time",
    link: "Target",
    device: "Device",
    xattrs: "Extended attributes",
    offset: "Tar offset",
    no_content: "The link's target is not in this layer: there is no content to show.",
    follow: "Go to target",
    target_missing: "The target is not in the tree.",
    view_text: "Text",
    view_hex: "Hex",
    download: "Download",
    downloading: "Saving…",
    of_layer: |what, layer| format!("{what}, version of layer {layer}"),
    viewer: |path, layer| format!("{path}, version of layer {layer}"),
    close: "Close",
    empty_content: "The file is empty.",
    is_binary: "Binary content, shown as hex",
    encoding: "Encoding",
    guessed: |name| format!("{name} (guessed)"),
    wrap: "Wrap lines",
    part: |from, to, of| format!("Bytes {from}–{to} of {of}"),
    show_more: "Show more",
    show_less: "Previous part",
    hex_offset: "Offset",
    hex_bytes: "Bytes",
    hex_text: "ASCII",
    more: "More",
};

/// Simplified Chinese.
pub const ZH: DetailsWords = DetailsWords {
    title: "路径",
    nothing_selected: "未选择路径",
    nothing_selected_hint: "选择一行，查看它在各层中的经历。",
    loading: "正在加载…",
    failed: "无法读取。",
    copy_path: "复制路径",
    copied: "已复制",
    biography: "经历",
    touched_by: |layers| format!("{layers} 个层涉及此路径"),
    not_yet: |layer| format!("第 1 至 {layer} 层中没有它；更上方的层才加入。"),
    wins_alone: |layer| format!("由第 {layer} 层提供：其下各层都没有它。"),
    wins_over: |layer, below| {
        format!("由第 {layer} 层提供：含此路径的最上一层，遮盖了{}。", layers_zh(below))
    },
    wins_implied: |layer| format!("第 {layer} 层中有它的内容，因此它存在；没有单独的条目。"),
    wins_directory: |layer| format!("目录会合并各层中的名称；权限、属主和时间取自第 {layer} 层。"),
    gone_whiteout: |layer| format!("不可见：第 {layer} 层的删除标记（whiteout）删除了它。"),
    gone_whiteout_above: |layer, path| {
        format!("不可见：第 {layer} 层中 {path} 的删除标记（whiteout）删除了其下全部内容。")
    },
    gone_opaque: |layer, path| format!("不可见：第 {layer} 层将 {path} 设为不透明目录，隐藏了下层的内容。"),
    gone_replaced: |layer, path| format!("不可见：第 {layer} 层在 {path} 处放置了非目录的内容。"),
    still_stored: |layers| format!("其内容仍存储在{}中，可在下方读取。", layers_zh(layers)),
    above_shown: |layer| format!("文件树只显示到第 {layer} 层；较淡的记录位于其上。"),
    winner: "可见",
    cause_implied: "没有单独的条目：由其中的内容推知",
    cause_whiteout: "由此路径的删除标记（whiteout）造成",
    cause_whiteout_above: |path| format!("由 {path} 的删除标记（whiteout）造成"),
    cause_opaque: |path| format!("由 {path} 的不透明标记造成"),
    cause_replaced: |path| format!("{path} 不再是目录"),
    differs: "不同之处",
    differs_not: "与下层相同",
    difference: |difference| match difference {
        Difference::Kind => "类型",
        Difference::Content => "内容",
        Difference::Size => "大小",
        Difference::Mode => "权限",
        Difference::Owner => "属主",
        Difference::Time => "时间",
        Difference::Link => "链接目标",
        Difference::Xattrs => "扩展属性",
        Difference::Device => "设备号",
    },
    kind: "类型",
    size: "大小",
    mode: "权限",
    owner: "属主",
    time: "时间",
    link: "目标",
    device: "设备号",
    xattrs: "扩展属性",
    offset: "tar 偏移",
    no_content: "链接目标不在此层中：没有可显示的内容。",
    follow: "转到目标",
    target_missing: "文件树中没有该目标。",
    view_text: "文本",
    view_hex: "十六进制",
    download: "下载",
    downloading: "正在保存…",
    of_layer: |what, layer| format!("{what}，第 {layer} 层的版本"),
    viewer: |path, layer| format!("{path}，第 {layer} 层的版本"),
    close: "关闭",
    empty_content: "文件为空。",
    is_binary: "二进制内容，以十六进制显示",
    encoding: "编码",
    guessed: |name| format!("{name}（推测）"),
    wrap: "自动换行",
    part: |from, to, of| format!("第 {from}–{to} 字节，共 {of}"),
    show_more: "显示更多",
    show_less: "上一部分",
    hex_offset: "偏移",
    hex_bytes: "字节",
    hex_text: "ASCII",
    more: "更多",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_listed_as_people_do() {
        assert_eq!(layers_en(&[1]), "layer 1");
        assert_eq!(layers_en(&[1, 2, 5]), "layers 1, 2 and 5");
        assert_eq!(layers_zh(&[1, 2, 5]), "第 1、2、5 层");
    }
}
