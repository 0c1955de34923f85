//! Words of the viewer of content and of comparisons of two versions.

use bstr::ByteSlice as _;

use crate::{
    app::text,
    preview::{ElfKind, Magic},
};

/// The words. Layers are given by the number they bear on the screen; paths are shown text; numbers are formatted.
pub struct ViewingWords {
    /// What a file is by its first bytes.
    pub magic: fn(&Magic) -> String,
    /// It is text in no particular form.
    pub plain_text: &'static str,
    /// It is none of what is known.
    pub unknown: &'static str,
    /// Shows the content as a picture.
    pub picture: &'static str,
    /// What a picture shows, for who cannot see it: the path.
    pub picture_of: fn(&str) -> String,
    /// It is not shown: it has too many bytes or pixels.
    pub picture_too_large: &'static str,
    /// The browser cannot show it.
    pub picture_broken: &'static str,
    /// Shows the content of what a symbolic link leads to.
    pub open_target: &'static str,
    /// Where a link led: the path, and how many links there were.
    pub led_to: fn(&str, usize) -> String,
    /// The link leads to a path that is not there.
    pub dangling: fn(&str) -> String,
    /// The links lead to each other.
    pub circular: &'static str,
    /// The link leads to a path that is no file.
    pub no_file: fn(&str) -> String,
    /// Turns to parts of a long content.
    pub first: &'static str,
    /// See above.
    pub last: &'static str,
    /// Names the field for an offset.
    pub go_to: &'static str,
    /// Goes there.
    pub go: &'static str,
    /// Lines are numbered by the offset of their first byte, as those before were not counted.
    pub by_offset: &'static str,
    /// Compares a version with the one of the layer given.
    pub compare: fn(u32) -> String,
    /// Names the comparison: the path.
    pub comparison: fn(&str) -> String,
    /// Names the choice of the older version.
    pub from: &'static str,
    /// Names the choice of the newer version.
    pub to: &'static str,
    /// A version in these choices: the layer, and the size.
    pub version: fn(u32, &str) -> String,
    /// Exchanges the two.
    pub swap: &'static str,
    /// Nothing differs.
    pub same: &'static str,
    /// Nothing differs in what was compared.
    pub same_so_far: &'static str,
    /// How many lines were added and removed.
    pub lines: fn(&str, &str) -> String,
    /// How many rows of bytes differ.
    pub rows: fn(&str) -> String,
    /// So many bytes of the two were compared, not all.
    pub compared: fn(&str, &str) -> String,
    /// There is more than is shown.
    pub cut: &'static str,
    /// Says before a line, for who cannot see its colour, that it was removed.
    pub removed: &'static str,
    /// That it was added.
    pub added: &'static str,
    /// Two encodings, compared as text.
    pub encodings: fn(&str, &str) -> String,
}

/// English.
pub const EN: ViewingWords = ViewingWords {
    magic: |magic| match magic {
        Magic::Script(program) => format!("script for {}", text::visible(program)),
        Magic::Pem(label) => format!("PEM text: {}", text::visible(label.as_bytes())),
        other => other.to_string(),
    },
    plain_text: "text",
    unknown: "unknown binary content",
    picture: "Picture",
    picture_of: |path| format!("The picture at {path}"),
    picture_too_large: "The picture is too large to be shown. It can be saved, and read as hex.",
    picture_broken: "The browser cannot show this picture. It may be damaged.",
    open_target: "View target",
    led_to: |path, links| match links {
        1 => format!("The link leads to {path}"),
        _ => format!("{links} links lead to {path}"),
    },
    dangling: |path| format!("The link dangles: there is no {path} in these layers."),
    circular: "The links lead to each other in a circle: there is nothing at their end.",
    no_file: |path| format!("The link leads to {path}, which is not a regular file."),
    first: "First part",
    last: "Last part",
    go_to: "Go to byte",
    go: "Go",
    by_offset: "Lines bear the offset of their first byte: those before were not counted.",
    compare: |layer| format!("Compare with layer {layer}"),
    comparison: |path| format!("Versions of {path}"),
    from: "From",
    to: "To",
    version: |layer, size| format!("layer {layer}, {size}"),
    swap: "Exchange",
    same: "The contents are the same.",
    same_so_far: "Nothing differs in what was compared.",
    lines: |added, removed| format!("{added} lines added, {removed} removed"),
    rows: |rows| format!("{rows} rows of 16 bytes differ, compared place by place"),
    compared: |old, new| format!("Only the first bytes were compared: {old} and {new}."),
    cut: "There are more differences than are shown.",
    removed: "removed",
    added: "added",
    encodings: |old, new| format!("{old} against {new}"),
};

/// Simplified Chinese.
pub const ZH: ViewingWords = ViewingWords {
    magic: magic_zh,
    plain_text: "文本",
    unknown: "未知的二进制内容",
    picture: "图片",
    picture_of: |path| format!("{path} 处的图片"),
    picture_too_large: "图片过大，无法显示。可以保存它，或以十六进制查看。",
    picture_broken: "浏览器无法显示此图片，它可能已损坏。",
    open_target: "查看目标",
    led_to: |path, links| match links {
        1 => format!("此链接指向 {path}"),
        _ => format!("经过 {links} 个链接，到达 {path}"),
    },
    dangling: |path| format!("悬空链接：这些层中没有 {path}。"),
    circular: "这些链接互相指向，形成循环：没有终点。",
    no_file: |path| format!("此链接指向 {path}，它不是普通文件。"),
    first: "第一部分",
    last: "最后一部分",
    go_to: "转到字节",
    go: "转到",
    by_offset: "行号处为该行首字节的偏移：之前的行未计数。",
    compare: |layer| format!("与第 {layer} 层比较"),
    comparison: |path| format!("{path} 的各版本"),
    from: "从",
    to: "到",
    version: |layer, size| format!("第 {layer} 层，{size}"),
    swap: "交换",
    same: "内容相同。",
    same_so_far: "已比较的部分没有差异。",
    lines: |added, removed| format!("增加 {added} 行，删除 {removed} 行"),
    rows: |rows| format!("有 {rows} 行（每行 16 字节）不同，按相同位置比较"),
    compared: |old, new| format!("只比较了开头部分：{old} 与 {new}。"),
    cut: "差异多于所显示的内容。",
    removed: "删除",
    added: "增加",
    encodings: |old, new| format!("{old} 与 {new} 相比"),
};

fn magic_zh(magic: &Magic) -> String {
    let machine = magic.machine().unwrap_or_default();
    match magic {
        Magic::Elf { bits, kind, .. } => {
            let kind = match kind {
                ElfKind::Object => "目标文件".to_owned(),
                ElfKind::Executable => "可执行文件".to_owned(),
                ElfKind::Shared => "共享对象或位置无关可执行文件".to_owned(),
                ElfKind::Core => "核心转储".to_owned(),
                ElfKind::Other(kind) => format!("类型 {kind:#x}"),
            };
            format!("ELF {bits} 位{kind}，{machine}")
        }
        Magic::MachO { bits, .. } => format!("Mach-O {bits} 位，{machine}"),
        Magic::MachOFat => "多处理器的 Mach-O".to_owned(),
        Magic::Pe { .. } => format!("Windows 可执行文件（PE），{machine}"),
        Magic::Script(program) => format!("{} 脚本", text::visible(program.as_bytes())),
        Magic::Compressed(compression) => format!("{compression} 压缩数据"),
        Magic::Tar => "tar 归档".to_owned(),
        Magic::Zip => "zip 归档".to_owned(),
        Magic::Pdf => "PDF 文档".to_owned(),
        Magic::Sqlite => "SQLite 数据库".to_owned(),
        Magic::JavaClass(version) => format!("Java 类，版本 {version}"),
        Magic::Pem(label) => format!("PEM 文本：{}", text::visible(label.as_bytes())),
        Magic::Image(format, size) => {
            let size = size.map(|(width, height)| format!("，{width} × {height}")).unwrap_or_default();
            format!("{} 图片{size}", format.name())
        }
        Magic::Ar => "ar 归档".to_owned(),
        Magic::Wasm => "WebAssembly 模块".to_owned(),
        Magic::Gettext => "gettext 译文".to_owned(),
        Magic::Python => "编译后的 Python".to_owned(),
    }
}
