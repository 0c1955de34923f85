//! The words of what is always there: start screen, header, stack, status, help.

use crate::{
    anomaly::Code,
    app::{format, i18n::Lang, state::Page, state::Pane, theme::Theme},
    limits::{self, Limit},
    worker::protocol::FailureKind,
};

/// The words of what is always there.
pub struct ShellWords {
    /// What this is, in one sentence.
    pub tagline: &'static str,
    /// Skips the header.
    pub skip: &'static str,

    /// What to do on the start screen.
    pub drop_title: &'static str,
    /// What can be dropped.
    pub drop_hint: &'static str,
    /// Opens the file dialog.
    pub choose_file: &'static str,
    /// A button that opens the dialog for a directory.
    pub choose_directory: &'static str,
    /// Shown over the window while something is dragged over it.
    pub drop_here: &'static str,
    /// Heads the samples.
    pub samples_title: &'static str,
    /// What a sample shows, by its name.
    pub sample: fn(&str) -> &'static str,
    /// What a sample's picture shows: how many layers of how many images.
    pub sample_figure: fn(u32, u32) -> String,
    /// Where the bytes go.
    pub privacy: &'static str,

    /// Opens another file.
    pub open_another: &'static str,
    /// Labels the choice of one of the open archives.
    pub archive: &'static str,
    /// Closes the archive of this name.
    pub close_archive: fn(&str) -> String,
    /// Labels the image picker.
    pub image: &'static str,
    /// An image without a name, by its number from 1.
    pub unnamed: fn(u32) -> String,
    /// Labels the tabs.
    pub pages: &'static str,
    /// A page.
    pub page: fn(Page) -> &'static str,
    /// Labels the pane switch of narrow windows.
    pub panes: &'static str,
    /// A pane.
    pub pane: fn(Pane) -> &'static str,
    /// Labels the search field.
    pub search: &'static str,
    /// Switches the language; in the language it switches to.
    pub other_language: &'static str,
    /// The theme in force, as the label of its switch.
    pub theme: fn(Theme) -> &'static str,
    /// Opens the help.
    pub help: &'static str,
    /// Closes what is open.
    pub close: &'static str,
    /// Heads the keys in the help.
    pub keys_title: &'static str,
    /// Every key with what it does.
    pub keys: &'static [(&'static [&'static str], &'static str)],
    /// Heads the marks in the help.
    pub marks_title: &'static str,
    /// Every mark: glyph, class, meaning.
    pub marks: &'static [(&'static str, &'static str, &'static str)],
    /// Labels what resizes the stack.
    pub resize_stack: &'static str,
    /// Labels what resizes the details.
    pub resize_details: &'static str,

    /// Heads the stack.
    pub layers: &'static str,
    /// So many layers.
    pub layer_count: fn(u32) -> String,
    /// One layer by its number.
    pub layer: fn(u32) -> String,
    /// Labels the scrubber.
    pub upto: &'static str,
    /// The scrubber's value: layer n of m.
    pub upto_value: fn(u32, u32) -> String,
    /// The line above the topmost layer looked at.
    pub upto_line: fn(u32) -> String,
    /// One layer less.
    pub lower: &'static str,
    /// One layer more.
    pub higher: &'static str,
    /// Heads the column of a layer's own content.
    pub stored: &'static str,
    /// Explains it.
    pub stored_title: &'static str,
    /// Heads the column of what a layer adds.
    pub net: &'static str,
    /// Explains it.
    pub net_title: &'static str,
    /// Heads the column of the size so far.
    pub cumulative: &'static str,
    /// Explains it.
    pub cumulative_title: &'static str,
    /// Unfolds a long instruction.
    pub more: &'static str,
    /// Folds it.
    pub less: &'static str,
    /// A layer without an instruction.
    pub no_instruction: &'static str,
    /// A layer that is not yet read, with its blob's size.
    pub waiting: &'static str,
    /// A layer that will not be read any more.
    pub not_read: &'static str,
    /// A layer whose blob is missing.
    pub blob_missing: &'static str,
    /// A foreign layer that is not in the archive; where it is said to lie follows.
    pub layer_foreign: &'static str,
    /// A layer that cannot be read, and what was done to it.
    pub layer_unreadable: fn(&str) -> String,
    /// A layer that a runtime can pull file by file, and the name of the format.
    pub layer_lazy: fn(&str) -> String,
    /// So much of so much.
    pub of: fn(&str, &str) -> String,
    /// Time left.
    pub left: fn(&str) -> String,
    /// The bar of visible and hidden bytes.
    pub visible_hidden: fn(&str, &str) -> String,
    /// The same layer is in these images.
    pub shared_with: fn(&str) -> String,
    /// An image without layers.
    pub no_layers: &'static str,
    /// An archive without an image that could be read.
    pub no_image: &'static str,

    /// The documents are being read.
    pub opening: fn(&str) -> String,
    /// Stops reading.
    pub cancel: &'static str,
    /// A layer is being read, n of m.
    pub reading_layer: fn(u32, u32) -> String,
    /// Layer n of m, whose files are listed already, is being verified.
    pub verifying_layer: fn(u32, u32) -> String,
    /// Something is being read.
    pub reading: &'static str,
    /// The archive as a whole is being decompressed.
    pub decompressing: &'static str,
    /// So many paths.
    pub paths: fn(u64) -> String,
    /// stored = visible + hidden.
    pub sum: fn(&str, &str, &str) -> String,
    /// Explains the sum.
    pub sum_title: &'static str,
    /// n of m layers' digests verified.
    pub digests: fn(u32, u32) -> String,
    /// Some digest does not match.
    pub digests_mismatch: &'static str,
    /// So many anomalies.
    pub anomalies: fn(usize) -> String,
    /// So many requests since the drop.
    pub requests: fn(u32) -> String,
    /// Explains it.
    pub requests_title: &'static str,
    /// The part of the page that shows what is open is on its way.
    pub part_coming: &'static str,
    /// It could not be fetched.
    pub part_missing: &'static str,
    /// Fetches it once more.
    pub part_again: &'static str,
    /// Nothing is open.
    pub nothing_open: &'static str,
    /// Everything was read.
    pub finished: &'static str,
    /// The history of this many layers is there, layers are being read.
    pub opened: fn(&str, u32) -> String,

    /// What went wrong, as a heading, and what to do now.
    pub failure: fn(FailureKind) -> (&'static str, &'static str),
    /// Heads a failed opening: what was to be opened.
    pub not_opened: fn(&str) -> String,
    /// An opening that was cancelled.
    pub opening_cancelled: &'static str,
    /// What is open stays.
    pub still_open: fn(&str) -> String,
    /// The limit that kept a layer from being read to its end, in a sentence.
    pub limit: fn(Limit, u32) -> String,
    /// So many further layers that a limit bit.
    pub limit_more: fn(&str) -> String,
    /// What became of the rest.
    pub limit_rest: &'static str,
    /// Opens it once more, without limits.
    pub go_on: &'static str,
    /// What that may cost.
    pub go_on_note: &'static str,
    /// The limit cannot be lifted.
    pub limit_stays: &'static str,
    /// Reading was cancelled: what is known stays.
    pub cancelled: &'static str,
    /// Reading ended early: what is known stays.
    pub partial: &'static str,
    /// Reading ended early, and with it the worker: what of the archive is kept, and what is lost.
    pub lost: &'static str,
    /// The button that opens the archive once more.
    pub open_again: &'static str,
    /// Introduces the particulars.
    pub particulars: &'static str,
    /// At an offset.
    pub at_offset: fn(&str) -> String,
}

/// English.
pub const EN: ShellWords = ShellWords {
    tagline: "See what is inside a container image: every layer, every file, every change.",
    skip: "Skip to the content",

    drop_title: "Drop an image archive anywhere",
    drop_hint: "What docker save, podman save, skopeo or buildx wrote: a Docker archive or an OCI layout, plain or compressed.",
    choose_file: "Choose a file…",
    choose_directory: "Choose a directory…",
    drop_here: "Drop to open",
    samples_title: "Or begin with a sample",
    sample: |name| match name {
        "hello" => "Three layers that add up: a base, a user, a program.",
        "whiteouts" => "Files deleted, replaced and hidden, and a secret that rm did not delete.",
        "shared" => "Two images in one archive that stand on the same layers.",
        _ => "",
    },
    sample_figure: |layers, images| match images {
        1 => format!("a stack of {layers} layers"),
        _ => format!("{images} stacks of {layers} layers"),
    },
    privacy: "Nothing leaves your browser: the file is read on this computer and sent nowhere.",

    open_another: "Open…",
    archive: "Open archive",
    close_archive: |name| format!("Close {name}"),
    image: "Image",
    unnamed: |number| format!("image {number}"),
    pages: "Pages",
    page: |page| match page {
        Page::Files => "Files",
        Page::Overlay => "Overlay",
        Page::History => "History",
        Page::Image => "Image",
        Page::Trust => "Trust",
        Page::Container => "Container",
    },
    panes: "Panes",
    pane: |pane| match pane {
        Pane::Stack => "Layers",
        Pane::Page => "Page",
        Pane::Details => "Details",
    },
    search: "Search paths",
    other_language: "切换到中文",
    theme: |theme| match theme {
        Theme::Auto => "Theme: as the system",
        Theme::Light => "Theme: light",
        Theme::Dark => "Theme: dark",
    },
    help: "Help",
    close: "Close",
    keys_title: "Keys",
    keys: &[
        (&["1", "2", "3", "4", "5", "6"], "Files, Overlay, History, Image, Trust, Container"),
        (&["[", "]"], "one layer down, one layer up"),
        (&["/"], "search"),
        (&["?"], "this help"),
        (&["Esc"], "close, or leave the search"),
    ],
    marks_title: "Marks",
    marks: &[
        ("+", "mark-added", "added: not in the layers below"),
        ("±", "mark-modified", "modified: replaces a lower version"),
        ("=", "mark-metadata", "same content: only metadata differs"),
        ("−", "mark-deleted", "deleted by a whiteout"),
        ("◌", "mark-hidden", "hidden by something above it"),
        ("⚠", "mark-finding", "a finding"),
    ],
    resize_stack: "Width of the layers",
    resize_details: "Width of the details",

    layers: "Layers",
    layer_count: |n| match n {
        1 => "1 layer".to_owned(),
        _ => format!("{} layers", format::number(Lang::En, n.into())),
    },
    layer: |n| format!("Layer {n}"),
    upto: "Up to layer",
    upto_value: |n, of| format!("layer {n} of {of}"),
    upto_line: |n| format!("up to {n}"),
    lower: "One layer down",
    higher: "One layer up",
    stored: "stored",
    stored_title: "Content of the files stored in the layer",
    net: "net",
    net_title: "What the layer adds to the merged filesystem; less than nothing if it deletes more",
    cumulative: "total",
    cumulative_title: "Size of the merged filesystem with this layer on top",
    more: "show all",
    less: "show less",
    no_instruction: "no instruction in the history",
    waiting: "waiting",
    not_read: "not read",
    blob_missing: "not in the archive",
    layer_foreign: "foreign: stored elsewhere, never fetched",
    layer_unreadable: |what| match what {
        "unknown" => "unreadable: neither a tar nor a known compression".into(),
        what => format!("unreadable: {what}"),
    },
    layer_lazy: |format| format!("{format}: runtimes can pull it file by file"),
    of: |done, total| format!("{done} of {total}"),
    left: |time| format!("{time} left"),
    visible_hidden: |visible, hidden| format!("{visible} visible, {hidden} hidden in the end"),
    shared_with: |names| format!("also in {names}"),
    no_layers: "This image has no layers.",
    no_image: "No image of this archive could be read.",

    opening: |name| format!("Opening {name}"),
    cancel: "Cancel",
    reading_layer: |n, of| format!("reading layer {n} of {of}"),
    verifying_layer: |n, of| format!("verifying layer {n} of {of}"),
    reading: "reading",
    decompressing: "decompressing the archive",
    paths: |n| match n {
        1 => "1 path".to_owned(),
        _ => format!("{} paths", format::number(Lang::En, n)),
    },
    sum: |stored, visible, hidden| format!("stored {stored} = visible {visible} + hidden {hidden}"),
    sum_title: "Content of all files stored in the layers; of it, what the merged filesystem shows and what it does not",
    digests: |n, of| match of {
        0 => "no digests stated".to_owned(),
        _ => format!("digests {n}/{of}"),
    },
    digests_mismatch: "digest mismatch",
    anomalies: |n| match n {
        0 => "no anomalies".to_owned(),
        1 => "1 anomaly".to_owned(),
        _ => format!("{} anomalies", format::number(Lang::En, n as u64)),
    },
    requests: |n| match n {
        1 => "1 request since the drop".to_owned(),
        _ => format!("{n} requests since the drop"),
    },
    requests_title: "As the browser counts this page's requests; only its own program, fetched once after the page is shown, is left out",
    part_coming: "This part of the page is still being fetched…",
    part_missing: "A part of this page could not be fetched. What is open stays open.",
    part_again: "Fetch it again",
    nothing_open: "Nothing is open",
    finished: "everything is read",
    opened: |name, layers| format!("{name}: history of {layers} layers read, reading the layers"),

    failure: |kind| match kind {
        FailureKind::Empty => {
            ("The file is empty.", "Perhaps the export was interrupted: save the image again.")
        }
        FailureKind::NotAnArchive => (
            "This is not an archive.",
            "An image archive is a tar file, as docker save NAME -o FILE.tar writes it. Drop one of those.",
        ),
        FailureKind::NotAnImage => (
            "This archive holds no container image.",
            "There is no manifest.json and no index.json in it, nor any file. Save an image with docker save.",
        ),
        FailureKind::Unreadable => (
            "The browser cannot read this.",
            "The file may have changed or moved, or it is a folder. Drop the archive file again.",
        ),
        FailureKind::Corrupt(Code::LimitReached) => (
            "A limit was reached.",
            "The archive decodes to far more than its own size, which may be meant to exhaust a computer. Go on only if you trust it.",
        ),
        FailureKind::Corrupt(_) => (
            "The archive is damaged.",
            "What came before the damage is kept. Compare the file's size and checksum with the original, or save the image again.",
        ),
        FailureKind::Unsupported => (
            "The archive uses something that is not supported.",
            "Plain, gzip and zstd archives open. Save or recompress it as one of these.",
        ),
        FailureKind::NotFound => {
            ("That is not here.", "It may belong to another image or layer. Choose it again.")
        }
        FailureKind::Missing => (
            "The content is not in the archive.",
            "The layer is named but its bytes are not there: foreign layers and partial saves are like this.",
        ),
        FailureKind::NotStarted => (
            "The reader could not be started.",
            "It is a part of this page that did not arrive whole, or that the browser does not run. Opening something tries again.",
        ),
        FailureKind::Crashed => (
            "The reader stopped unexpectedly.",
            "It may have run out of memory: close other tabs. Opening something starts it anew.",
        ),
        FailureKind::Unresponsive => (
            "The reader did not answer, and was ended.",
            "This archive may be too much for it. Opening something starts it anew.",
        ),
        FailureKind::Interrupted => (
            "The reading of a layer stopped unexpectedly.",
            "The browser may have run out of memory: close other tabs, and open the archive again.",
        ),
        FailureKind::Remote(trouble) => (super::remote::EN.trouble)(trouble),
        FailureKind::Stale => {
            ("The page is out of date.", "Parts of it come from different versions. Reload the page.")
        }
        FailureKind::NotKept => (
            "The browser does not keep this.",
            "Private windows keep nothing, and another tab may be at it. The page works without.",
        ),
        FailureKind::NoRoom => (
            "The browser gives this page no more room.",
            "Forget some remembered archives, or free some disk.",
        ),
        FailureKind::Superseded => ("Something else was opened meanwhile.", "Nothing to do."),
        FailureKind::TooMany => (
            "So many archives are open that no other is taken on.",
            "Close one of them (× beside its name), and open this one again.",
        ),
    },
    not_opened: |name| format!("{name} was not opened"),
    opening_cancelled: "Cancelled before its history was read.",
    still_open: |name| format!("{name} is still open."),
    limit: |limit, layer| match limit {
        Limit::Bytes => {
            format!("Layer {layer} decodes to more than {}.", format::size(Lang::En, limits::LAYER_BYTES))
        }
        Limit::Ratio => format!("Layer {layer} decodes to more than {} times its own size.", limits::RATIO),
        Limit::Entries => {
            let most = format::number(Lang::En, limits::LAYER_ENTRIES as u64);
            format!("Layer {layer} has more than {most} entries.")
        }
        Limit::Paths => {
            let most = format::number(Lang::En, limits::LAYER_PATHS as u64);
            format!("Layer {layer} has more than {most} paths.")
        }
        Limit::Text => {
            let most = format::size(Lang::En, limits::LAYER_TEXT as u64);
            format!("The names, links and attributes of layer {layer} come to more than {most}.")
        }
    },
    limit_more: |n| format!("The same holds for {n} more."),
    limit_rest: "What lies beyond is hashed, but not shown.",
    go_on: "Go on without limits",
    go_on_note: "Going on may take long and much memory; what is shown stays until then.",
    limit_stays: "This limit cannot be lifted, because memory depends on it.",
    cancelled: "Reading was cancelled. What is known so far is shown.",
    partial: "What was read before is shown.",
    lost: "The history and what is known of the image are kept. Files and their contents are lost until the archive is opened again.",
    open_again: "Open again",
    particulars: "Particulars",
    at_offset: |offset| format!("at byte {offset}"),
};

/// Simplified Chinese.
pub const ZH: ShellWords = ShellWords {
    tagline: "看清容器镜像里有什么：每一层、每个文件、每处变化。",
    skip: "跳到内容",

    drop_title: "把镜像归档拖放到页面任意位置",
    drop_hint: "docker save、podman save、skopeo 或 buildx 的输出：Docker 归档或 OCI 布局，压缩与否均可。",
    choose_file: "选择文件…",
    choose_directory: "选择目录…",
    drop_here: "松开即可打开",
    samples_title: "或者从示例开始",
    sample: |name| match name {
        "hello" => "三层逐层叠加：基础、用户、程序。",
        "whiteouts" => "被删除、替换和隐藏的文件，还有 rm 没有真正删掉的密钥。",
        "shared" => "一个归档里的两个镜像，建立在相同的层之上。",
        _ => "",
    },
    sample_figure: |layers, images| match images {
        1 => format!("{layers} 层的堆叠"),
        _ => format!("{images} 个 {layers} 层的堆叠"),
    },
    privacy: "数据不会离开浏览器：文件只在这台电脑上读取，不会发送到任何地方。",

    open_another: "打开…",
    archive: "已打开的归档",
    close_archive: |name| format!("关闭 {name}"),
    image: "镜像",
    unnamed: |number| format!("镜像 {number}"),
    pages: "页面",
    page: |page| match page {
        Page::Files => "文件",
        Page::Overlay => "叠加",
        Page::History => "历史",
        Page::Image => "镜像",
        Page::Trust => "可信度",
        Page::Container => "容器",
    },
    panes: "窗格",
    pane: |pane| match pane {
        Pane::Stack => "层",
        Pane::Page => "页面",
        Pane::Details => "详情",
    },
    search: "搜索路径",
    other_language: "Switch to English",
    theme: |theme| match theme {
        Theme::Auto => "主题：跟随系统",
        Theme::Light => "主题：浅色",
        Theme::Dark => "主题：深色",
    },
    help: "帮助",
    close: "关闭",
    keys_title: "按键",
    keys: &[
        (&["1", "2", "3", "4", "5", "6"], "文件、叠加、历史、镜像、可信度、容器"),
        (&["[", "]"], "下移一层、上移一层"),
        (&["/"], "搜索"),
        (&["?"], "本帮助"),
        (&["Esc"], "关闭，或离开搜索"),
    ],
    marks_title: "标记",
    marks: &[
        ("+", "mark-added", "新增：下面各层没有"),
        ("±", "mark-modified", "修改：替换了下层的版本"),
        ("=", "mark-metadata", "内容相同：只有元数据不同"),
        ("−", "mark-deleted", "被删除标记（whiteout）删除"),
        ("◌", "mark-hidden", "被其上的内容隐藏"),
        ("⚠", "mark-finding", "发现的问题"),
    ],
    resize_stack: "层窗格的宽度",
    resize_details: "详情窗格的宽度",

    layers: "层",
    layer_count: |n| format!("{} 层", format::number(Lang::Zh, n.into())),
    layer: |n| format!("第 {n} 层"),
    upto: "直到第几层",
    upto_value: |n, of| format!("第 {n} 层，共 {of} 层"),
    upto_line: |n| format!("直到第 {n} 层"),
    lower: "下移一层",
    higher: "上移一层",
    stored: "存储",
    stored_title: "该层存储的文件内容大小",
    net: "净增",
    net_title: "该层给合并视图增加的大小；删除多于新增时为负",
    cumulative: "累计",
    cumulative_title: "以该层为顶时合并视图的大小",
    more: "全部显示",
    less: "收起",
    no_instruction: "历史中没有对应的指令",
    waiting: "等待中",
    not_read: "未读取",
    blob_missing: "不在归档中",
    layer_foreign: "外部层：存放在别处，从不获取",
    layer_unreadable: |what| match what {
        "unknown" => "无法读取：既不是 tar，也不是已知的压缩格式".into(),
        "encrypted" => "无法读取：已加密（encrypted）".into(),
        what => format!("无法读取：{what}"),
    },
    layer_lazy: |format| format!("{format}：运行时可以按文件拉取"),
    of: |done, total| format!("{done} / {total}"),
    left: |time| format!("剩余 {time}"),
    visible_hidden: |visible, hidden| format!("最终可见 {visible}，隐藏 {hidden}"),
    shared_with: |names| format!("也用于 {names}"),
    no_layers: "这个镜像没有层。",
    no_image: "无法读取这个归档中的任何镜像。",

    opening: |name| format!("正在打开 {name}"),
    cancel: "取消",
    reading_layer: |n, of| format!("正在读取第 {n} 层，共 {of} 层"),
    verifying_layer: |n, of| format!("正在校验第 {n} 层，共 {of} 层"),
    reading: "正在读取",
    decompressing: "正在解压归档",
    paths: |n| format!("{} 个路径", format::number(Lang::Zh, n)),
    sum: |stored, visible, hidden| format!("存储 {stored} = 可见 {visible} + 隐藏 {hidden}"),
    sum_title: "各层存储的全部文件内容；其中合并视图可见的部分与不可见的部分",
    digests: |n, of| match of {
        0 => "未声明摘要".to_owned(),
        _ => format!("摘要 {n}/{of}"),
    },
    digests_mismatch: "摘要不符",
    anomalies: |n| match n {
        0 => "无异常".to_owned(),
        _ => format!("{} 处异常", format::number(Lang::Zh, n as u64)),
    },
    requests: |n| format!("打开以来 {n} 个请求"),
    requests_title: "浏览器统计的本页请求数；只有页面显示后获取一次的自身程序不计入",
    part_coming: "仍在获取页面的这一部分……",
    part_missing: "无法获取页面的一部分。已打开的内容仍保持打开。",
    part_again: "重新获取",
    nothing_open: "尚未打开任何内容",
    finished: "已全部读取",
    opened: |name, layers| format!("{name}：已读取 {layers} 层的历史，正在读取各层"),

    failure: |kind| match kind {
        FailureKind::Empty => ("文件是空的。", "导出可能中断了：请重新保存镜像。"),
        FailureKind::NotAnArchive => (
            "这不是归档文件。",
            "镜像归档是 tar 文件，由 docker save 名称 -o 文件.tar 写出。请拖放这样的文件。",
        ),
        FailureKind::NotAnImage => (
            "这个归档里没有容器镜像。",
            "其中既没有 manifest.json 也没有 index.json，也没有任何文件。请用 docker save 保存镜像。",
        ),
        FailureKind::Unreadable => {
            ("浏览器无法读取。", "文件可能已改动或移走，或者它是文件夹。请重新拖放归档文件。")
        }
        FailureKind::Corrupt(Code::LimitReached) => {
            ("达到上限。", "归档解压后远大于自身，可能是为了耗尽计算机的资源。仅在信任它时才继续。")
        }
        FailureKind::Corrupt(_) => {
            ("归档已损坏。", "损坏之前的内容会保留。请与原文件核对大小和校验和，或重新保存镜像。")
        }
        FailureKind::Unsupported => {
            ("归档用到了不支持的功能。", "可以打开未压缩、gzip 和 zstd 的归档。请以其中一种重新保存或压缩。")
        }
        FailureKind::NotFound => ("这里没有该内容。", "它可能属于另一个镜像或层。请重新选择。"),
        FailureKind::Missing => ("内容不在归档中。", "该层有名称但没有数据：外部层和不完整的保存都会如此。"),
        FailureKind::NotStarted => (
            "读取程序无法启动。",
            "它是本页面的一部分，可能没有完整送达，或者浏览器无法运行它。再次打开文件会重试。",
        ),
        FailureKind::Crashed => {
            ("读取程序意外停止。", "可能是内存不足：请关闭一些标签页。再次打开文件会重新启动它。")
        }
        FailureKind::Unresponsive => {
            ("读取程序没有响应，已被终止。", "这个归档可能超出了它的能力。再次打开文件会重新启动它。")
        }
        FailureKind::Interrupted => {
            ("某一层的读取意外停止。", "浏览器可能内存不足：请关闭一些标签页，再重新打开这个归档。")
        }
        FailureKind::Remote(trouble) => (super::remote::ZH.trouble)(trouble),
        FailureKind::Stale => ("页面已过期。", "页面的各部分来自不同版本。请重新加载页面。"),
        FailureKind::NotKept => {
            ("浏览器没有保存它。", "无痕窗口不保存内容；也可能另一个标签页正在使用。页面照常工作。")
        }
        FailureKind::NoRoom => ("浏览器没有更多空间给此页面。", "请忘记一些已记住的归档，或腾出磁盘空间。"),
        FailureKind::Superseded => ("其间打开了别的内容。", "无需操作。"),
        FailureKind::TooMany => {
            ("已打开的归档太多，无法再打开。", "请关闭其中一个（名称旁的 ×），再重新打开此归档。")
        }
    },
    not_opened: |name| format!("未能打开 {name}"),
    opening_cancelled: "在读出历史之前已取消。",
    still_open: |name| format!("{name} 仍然打开着。"),
    limit: |limit, layer| match limit {
        Limit::Bytes => format!("第 {layer} 层解压后超过 {}。", format::size(Lang::Zh, limits::LAYER_BYTES)),
        Limit::Ratio => format!("第 {layer} 层解压后超过自身大小的 {} 倍。", limits::RATIO),
        Limit::Entries => {
            format!("第 {layer} 层的条目超过 {} 个。", format::number(Lang::Zh, limits::LAYER_ENTRIES as u64))
        }
        Limit::Paths => {
            format!("第 {layer} 层的路径超过 {} 个。", format::number(Lang::Zh, limits::LAYER_PATHS as u64))
        }
        Limit::Text => {
            let most = format::size(Lang::Zh, limits::LAYER_TEXT as u64);
            format!("第 {layer} 层的名称、链接和属性合计超过 {most}。")
        }
    },
    limit_more: |n| format!("另有 {n} 层也是如此。"),
    limit_rest: "超出的部分只计算摘要，不显示。",
    go_on: "不设上限，继续读取",
    go_on_note: "继续读取可能耗费很长时间和大量内存；在此之前，当前显示的内容保持不变。",
    limit_stays: "这个上限无法解除，因为它关系到内存用量。",
    cancelled: "读取已取消。显示的是目前已知的内容。",
    partial: "显示的是此前读到的内容。",
    lost: "历史和镜像的已知信息仍然保留。文件及其内容已丢失，重新打开归档后才能查看。",
    open_again: "重新打开",
    particulars: "细节",
    at_offset: |offset| format!("位于第 {offset} 字节"),
};
