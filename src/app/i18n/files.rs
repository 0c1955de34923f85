//! Words of the Files view, and those for kinds and marks that the other views share.

use crate::{
    overlay::Mark,
    worker::protocol::{Change, Compare, Kind, Role},
};

/// The words. Layers are given by the number they bear on the screen.
pub struct FilesWords {
    /// Names the tree to screen readers.
    pub tree: &'static str,
    /// Column heads.
    pub column_strata: &'static str,
    /// See above.
    pub column_name: &'static str,
    /// See above.
    pub column_size: &'static str,
    /// See above.
    pub column_mode: &'static str,
    /// See above.
    pub column_owner: &'static str,
    /// See above.
    pub column_time: &'static str,
    /// See above.
    pub column_layer: &'static str,
    /// See above.
    pub column_change: &'static str,
    /// What a path is.
    pub kind: fn(Kind) -> &'static str,
    /// What a path is for that is no file of the image proper.
    pub role: fn(Role) -> &'static str,
    /// What a layer did to a path, as one adjective.
    pub mark: fn(Mark) -> &'static str,
    /// The same as a clause: "layer 2 adds".
    pub layer_does: fn(u32, Mark) -> String,
    /// Stands between such clauses.
    pub clause_separator: &'static str,
    /// What a row's change is called.
    pub change: fn(Change) -> &'static str,
    /// "layer 2".
    pub layer: fn(u32) -> String,
    /// What is said of a ghost row: "deleted by layer 7", "hidden by layer 7".
    pub gone: fn(Mark, u32) -> String,
    /// What stands for a row that is under way.
    pub loading_row: &'static str,
    /// No row matches the filters.
    pub nothing_matches: &'static str,
    /// Takes all filters back.
    pub show_all: &'static str,
    /// The image has no files at all.
    pub empty: &'static str,
    /// The merged tree is not there yet.
    pub merging: &'static str,
    /// Placeholder and name of the text filter.
    pub filter: &'static str,
    /// Empties the text filter.
    pub clear: &'static str,
    /// Names the group of toggles.
    pub changes: &'static str,
    /// A toggle.
    pub added: &'static str,
    /// A toggle.
    pub modified: &'static str,
    /// A toggle.
    pub deleted: &'static str,
    /// A toggle.
    pub unmodified: &'static str,
    /// The toggle of the ghost rows.
    pub ghosts: &'static str,
    /// What the toggle of the ghost rows does.
    pub ghosts_hint: &'static str,
    /// Names the choice of [`Compare`].
    pub compare: &'static str,
    /// One choice of it.
    pub compare_choice: fn(Compare) -> &'static str,
    /// What that choice means, in a sentence. The number is that of the topmost layer shown.
    pub compare_hint: fn(Compare, u32) -> String,
    /// Names the choice of the order.
    pub sort: &'static str,
    /// One choice of it.
    pub sort_name: &'static str,
    /// One choice of it.
    pub sort_size: &'static str,
    /// Expands all directories.
    pub expand_all: &'static str,
    /// Collapses all directories.
    pub collapse_all: &'static str,
    /// How many paths match: the number is formatted already.
    pub matches: fn(&str) -> String,
    /// The layers that the tree shows while those above are still read.
    pub so_far: fn(u32) -> String,
    /// "rwsr-xr-x, 4755 octal".
    pub mode_title: fn(&str, &str) -> String,
    /// Said of a mode with setuid, setgid or sticky bits.
    pub special_mode: fn(u32) -> &'static str,
    /// Of a directory: its size is what is in it.
    pub size_below: &'static str,
    /// The keys of this view and what they do.
    pub keys: &'static [(&'static [&'static str], &'static str)],
}

/// English.
pub const EN: FilesWords = FilesWords {
    tree: "Files",
    column_strata: "Strata",
    column_name: "Name",
    column_size: "Size",
    column_mode: "Mode",
    column_owner: "Owner",
    column_time: "Time",
    column_layer: "Layer",
    column_change: "Change",
    kind: |kind| match kind {
        Kind::File => "file",
        Kind::Dir => "directory",
        Kind::Symlink => "symbolic link",
        Kind::Hardlink => "hard link",
        Kind::Char => "character device",
        Kind::Block => "block device",
        Kind::Fifo => "named pipe",
        Kind::Whiteout => "whiteout",
        Kind::Opaque => "opaque mark",
    },
    role: |role| match role {
        Role::RegistryHives => "Windows registry hives",
        Role::UtilityVm => "utility VM of Hyper-V isolation",
        Role::StargzIndex => "eStargz table of contents",
        Role::StargzLandmark => "eStargz mark",
    },
    mark: |mark| match mark {
        Mark::Added => "added",
        Mark::Modified => "changed",
        Mark::Metadata => "same content",
        Mark::Deleted => "deleted",
        Mark::Hidden => "hidden",
    },
    layer_does: |layer, mark| {
        let does = match mark {
            Mark::Added => "adds",
            Mark::Modified => "changes",
            Mark::Metadata => "repeats",
            Mark::Deleted => "deletes",
            Mark::Hidden => "hides",
        };
        format!("layer {layer} {does}")
    },
    clause_separator: ", ",
    change: |change| match change {
        Change::None => "unchanged",
        Change::Below => "changed inside",
        Change::Marked(mark) => (EN.mark)(mark),
    },
    layer: |layer| format!("layer {layer}"),
    gone: |mark, layer| match mark {
        Mark::Deleted => format!("deleted by layer {layer}"),
        _ => format!("hidden by layer {layer}"),
    },
    loading_row: "loading",
    nothing_matches: "No path matches these filters.",
    show_all: "Show all paths",
    empty: "These layers hold no files.",
    merging: "Reading the layers…",
    filter: "Filter paths",
    clear: "Clear the filter",
    changes: "Show by change",
    added: "Added",
    modified: "Changed",
    deleted: "Deleted",
    unmodified: "Unchanged",
    ghosts: "Ghosts",
    ghosts_hint: "Show what is deleted or hidden as struck-through rows",
    compare: "Changes made by",
    compare_choice: |compare| match compare {
        Compare::Layer => "This layer",
        Compare::Aggregate => "All above base",
    },
    compare_hint: |compare, layer| match compare {
        Compare::Layer => format!("Marks show what layer {layer} does to the layers below it"),
        Compare::Aggregate => format!("Marks show what layers 2 to {layer} together do to layer 1"),
    },
    sort: "Order",
    sort_name: "Name",
    sort_size: "Size",
    expand_all: "Expand all",
    collapse_all: "Collapse all",
    matches: |number| if number == "1" { "1 path".into() } else { format!("{number} paths") },
    so_far: |layer| format!("layers 1–{layer} so far"),
    mode_title: |text, octal| format!("{text} ({octal})"),
    special_mode: |mode| match (mode & 0o4000 != 0, mode & 0o2000 != 0, mode & 0o1000 != 0) {
        (true, true, _) => "setuid and setgid: runs as its owner and group",
        (true, false, _) => "setuid: runs as its owner",
        (false, true, _) => "setgid: runs as its group, or passes its group on",
        (false, false, true) => "sticky: only owners may delete in it",
        (false, false, false) => "",
    },
    size_below: "size of all files in it",
    keys: &[
        (&["↑", "↓"], "Previous or next row"),
        (&["→", "←"], "Expand; collapse, or go to the directory above"),
        (&["Home", "End"], "First or last row"),
        (&["PgUp", "PgDn"], "One page"),
        (&["Space"], "Expand or collapse"),
        (&["Enter"], "Show the path's details"),
        (&["a–z"], "Go to a name (begin with Shift where the letter is a key)"),
        (&["/"], "Filter"),
        (&["a", "m", "d", "u"], "Show added, changed, deleted, unchanged paths"),
        (&["h"], "Show ghosts: what is deleted or hidden"),
        (&["c"], "Compare this layer, or all above the base"),
        (&["s"], "Sort by name or size"),
        (&["*", "e"], "Expand all, collapse all"),
    ],
};

/// Simplified Chinese.
pub const ZH: FilesWords = FilesWords {
    tree: "文件",
    column_strata: "层带",
    column_name: "名称",
    column_size: "大小",
    column_mode: "权限",
    column_owner: "属主",
    column_time: "时间",
    column_layer: "层",
    column_change: "变更",
    kind: |kind| match kind {
        Kind::File => "文件",
        Kind::Dir => "目录",
        Kind::Symlink => "符号链接",
        Kind::Hardlink => "硬链接",
        Kind::Char => "字符设备",
        Kind::Block => "块设备",
        Kind::Fifo => "命名管道",
        Kind::Whiteout => "删除标记（whiteout）",
        Kind::Opaque => "不透明标记",
    },
    role: |role| match role {
        Role::RegistryHives => "Windows 注册表配置单元",
        Role::UtilityVm => "Hyper-V 隔离用的虚拟机",
        Role::StargzIndex => "eStargz 目录表",
        Role::StargzLandmark => "eStargz 标记",
    },
    mark: |mark| match mark {
        Mark::Added => "新增",
        Mark::Modified => "修改",
        Mark::Metadata => "内容相同",
        Mark::Deleted => "删除",
        Mark::Hidden => "隐藏",
    },
    layer_does: |layer, mark| {
        let does = match mark {
            Mark::Added => "新增",
            Mark::Modified => "修改",
            Mark::Metadata => "重复（内容相同）",
            Mark::Deleted => "删除",
            Mark::Hidden => "隐藏",
        };
        format!("第 {layer} 层{does}")
    },
    clause_separator: "，",
    change: |change| match change {
        Change::None => "未变",
        Change::Below => "内部有变更",
        Change::Marked(mark) => (ZH.mark)(mark),
    },
    layer: |layer| format!("第 {layer} 层"),
    gone: |mark, layer| match mark {
        Mark::Deleted => format!("被第 {layer} 层删除"),
        _ => format!("被第 {layer} 层隐藏"),
    },
    loading_row: "正在加载",
    nothing_matches: "没有符合筛选条件的路径。",
    show_all: "显示全部路径",
    empty: "这些层中没有文件。",
    merging: "正在读取各层…",
    filter: "筛选路径",
    clear: "清除筛选",
    changes: "按变更显示",
    added: "新增",
    modified: "修改",
    deleted: "删除",
    unmodified: "未变",
    ghosts: "幽灵行",
    ghosts_hint: "将已删除或被隐藏的路径显示为带删除线的行",
    compare: "变更来自",
    compare_choice: |compare| match compare {
        Compare::Layer => "仅此层",
        Compare::Aggregate => "基础层以上",
    },
    compare_hint: |compare, layer| match compare {
        Compare::Layer => format!("标记表示第 {layer} 层对其下各层所做的变更"),
        Compare::Aggregate => format!("标记表示第 2 至 {layer} 层合起来对第 1 层所做的变更"),
    },
    sort: "排序",
    sort_name: "名称",
    sort_size: "大小",
    expand_all: "全部展开",
    collapse_all: "全部折叠",
    matches: |number| format!("{number} 个路径"),
    so_far: |layer| format!("目前为第 1–{layer} 层"),
    mode_title: |text, octal| format!("{text}（{octal}）"),
    special_mode: |mode| match (mode & 0o4000 != 0, mode & 0o2000 != 0, mode & 0o1000 != 0) {
        (true, true, _) => "setuid 和 setgid：以属主和属组身份运行",
        (true, false, _) => "setuid：以属主身份运行",
        (false, true, _) => "setgid：以属组身份运行，或继承属组",
        (false, false, true) => "sticky：只有属主能删除其中的文件",
        (false, false, false) => "",
    },
    size_below: "其中所有文件的大小",
    keys: &[
        (&["↑", "↓"], "上一行、下一行"),
        (&["→", "←"], "展开；折叠或转到上级目录"),
        (&["Home", "End"], "首行、末行"),
        (&["PgUp", "PgDn"], "翻页"),
        (&["Space"], "展开或折叠"),
        (&["Enter"], "查看路径详情"),
        (&["a–z"], "跳到某个名称（字母是快捷键时先按 Shift）"),
        (&["/"], "筛选"),
        (&["a", "m", "d", "u"], "显示新增、修改、删除、未变的路径"),
        (&["h"], "显示幽灵行：已删除或被隐藏的路径"),
        (&["c"], "与下一层比较，或与基础层比较"),
        (&["s"], "按名称或大小排序"),
        (&["*", "e"], "全部展开、全部折叠"),
    ],
};
