//! Words of indexes that the browser keeps.

use crate::worker::kept::News;

/// The words. Sizes and times are formatted.
pub struct KeptWords {
    /// Heads the list.
    pub title: &'static str,
    /// What is kept, and what for.
    pub note: &'static str,
    /// Keeps the index of what is open.
    pub keep: &'static str,
    /// It is kept.
    pub is_kept: &'static str,
    /// It cannot be yet.
    pub unread: &'static str,
    /// It cannot be at all.
    pub unfit: &'static str,
    /// Nothing is kept.
    pub nothing: &'static str,
    /// Forgets one.
    pub forget: &'static str,
    /// The same, for whom the row is out of sight: the archive.
    pub forget_one: fn(&str) -> String,
    /// Forgets all.
    pub forget_all: &'static str,
    /// What cannot be read, in place of its name.
    pub unreadable: &'static str,
    /// An archive's length, what its index takes, and when it was kept: column heads.
    pub archive: &'static str,
    /// See above.
    pub index: &'static str,
    /// See above.
    pub saved: &'static str,
    /// What became of the index of the archive that was opened.
    pub news: fn(News) -> &'static str,
}

/// English.
pub const EN: KeptWords = KeptWords {
    title: "Remembered archives",
    note: "Only the index is kept, in this browser: paths, metadata and hashes, no content. An archive that is opened again shows its tree at once; its layers are verified again all the same.",
    keep: "Remember this archive's index",
    is_kept: "The index of this archive is remembered.",
    unread: "It can be remembered once every layer has been read to its end.",
    unfit: "This archive cannot be remembered: it is compressed as a whole, lacks a layer or a config, or does not come from a file.",
    nothing: "Nothing is remembered.",
    forget: "Forget",
    forget_one: |name| format!("Forget {name}"),
    forget_all: "Forget all",
    unreadable: "(cannot be read)",
    archive: "Archive",
    index: "Index",
    saved: "Remembered",
    news: |news| match news {
        News::Recalled => {
            "The tree is the remembered one. Layers are read again in the background; until then they are marked as remembered, not yet verified again."
        }
        News::Contradicted => {
            "A layer is not what was remembered: it has changed since. It is shown as it is now, and what was remembered is forgotten."
        }
        News::Outdated => {
            "What was remembered is of another version of this page. It was not used, and is forgotten."
        }
        News::Damaged => "What was remembered is damaged. It was not used, and is forgotten.",
    },
};

/// Simplified Chinese.
pub const ZH: KeptWords = KeptWords {
    title: "已记住的归档",
    note: "只在此浏览器中保存索引：路径、元数据和哈希，不含内容。再次打开归档时立即显示文件树；各层仍会重新校验。",
    keep: "记住此归档的索引",
    is_kept: "已记住此归档的索引。",
    unread: "每一层都读完之后才能记住。",
    unfit: "无法记住此归档：它整体被压缩，或缺少层或配置，或不来自文件。",
    nothing: "没有记住任何归档。",
    forget: "忘记",
    forget_one: |name| format!("忘记 {name}"),
    forget_all: "全部忘记",
    unreadable: "（无法读取）",
    archive: "归档",
    index: "索引",
    saved: "记住时间",
    news: |news| match news {
        News::Recalled => {
            "文件树来自已记住的索引。各层正在后台重新读取；在此之前标为“已记住，尚未重新校验”。"
        }
        News::Contradicted => "某一层与记住的不同：它已改变。现按实际内容显示，记住的索引已忘记。",
        News::Outdated => "记住的索引来自此页面的其他版本，没有使用，已忘记。",
        News::Damaged => "记住的索引已损坏，没有使用，已忘记。",
    },
};
