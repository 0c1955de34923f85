//! The words of the trust page.

use crate::{
    anomaly::Severity,
    app::{format, i18n::Lang, state::Verification, trust::Checks},
    image::DocumentKind,
};

/// The words of the trust page.
pub struct TrustWords {
    /// What checking came to, in a sentence or two.
    pub verdict: fn(Checks) -> String,
    /// What checking can tell, and what it cannot.
    pub meaning: &'static str,
    /// So many of a severity.
    pub severity_count: fn(Severity, usize) -> String,
    /// Heads the anomalies of a severity.
    pub severity: fn(Severity) -> &'static str,
    /// What a severity means.
    pub severity_meaning: fn(Severity) -> &'static str,
    /// Heads the images of an archive that has several.
    pub images: &'static str,
    /// So many of so many layers are verified.
    pub layers_verified: fn(u32, u32) -> String,
    /// Heads the layers.
    pub layers: &'static str,
    /// The size of a blob.
    pub size: &'static str,
    /// Heads what the media type and the bytes say of the compression.
    pub compression: &'static str,
    /// Heads the manifests, configs and indexes.
    pub documents: &'static str,
    /// Explains them.
    pub documents_note: &'static str,
    /// A document.
    pub document: &'static str,
    /// What a document is.
    pub document_kind: fn(DocumentKind) -> &'static str,
    /// A path in the archive.
    pub path: &'static str,
    /// A digest.
    pub digest: &'static str,
    /// It is named, and not in the archive.
    pub missing: &'static str,
    /// Heads the files that nothing leads to.
    pub unused: &'static str,
    /// Explains them.
    pub unused_note: &'static str,
    /// There are none.
    pub no_unused: &'static str,
    /// Labels what chooses the severity.
    pub severity_label: &'static str,
    /// All severities.
    pub all_severities: &'static str,
    /// Labels what chooses the place.
    pub place_label: &'static str,
    /// All places.
    pub everywhere: &'static str,
    /// In the archive as a whole.
    pub whole_archive: &'static str,
    /// In the documents of an image.
    pub of_image: fn(&str) -> String,
    /// The filter lists none.
    pub none_listed: &'static str,
    /// Lists more of them: so many are left.
    pub show_more: fn(&str) -> String,
    /// Copies what is listed.
    pub copy: &'static str,
    /// Leads here.
    pub see: &'static str,
}

/// English.
pub const EN: TrustWords = TrustWords {
    verdict: |checks| {
        let (layers, documents) = (checks.layers, checks.documents);
        let of = layers.total();
        let document = |n: u32| match n {
            1 => "1 manifest or config".to_owned(),
            _ => format!("{} manifests or configs", number(Lang::En, n)),
        };
        match checks.verdict() {
            Verification::Mismatch => {
                let layers_bad = match (layers.mismatch, of) {
                    (1, 1) => "The only layer does not match what is stated of it.".to_owned(),
                    (1, _) => {
                        format!("1 of {} layers does not match what is stated of it.", number(Lang::En, of))
                    }
                    (n, _) => format!(
                        "{} of {} layers do not match what is stated of them.",
                        number(Lang::En, n),
                        number(Lang::En, of)
                    ),
                };
                let documents_bad = match documents.mismatch {
                    1 => format!("{} does not match what is stated of it.", document(1)),
                    n => format!("{} do not match what is stated of them.", document(n)),
                };
                let rest = (layers.pending > 0).then(|| "The rest is still being checked.".to_owned());
                let parts = [
                    (layers.mismatch > 0).then_some(layers_bad),
                    (documents.mismatch > 0).then_some(documents_bad),
                    rest,
                ];
                parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
            Verification::Pending | Verification::Remembered => format!(
                "Still checking: {} of {} layers are checked, and agree.",
                number(Lang::En, of - layers.pending),
                number(Lang::En, of)
            ),
            Verification::Unchecked => {
                let parts = [
                    (layers.unchecked > 0).then(|| {
                        format!("{} of {} layers", number(Lang::En, layers.unchecked), number(Lang::En, of))
                    }),
                    (documents.unchecked > 0).then(|| document(documents.unchecked)),
                ];
                let what = parts.into_iter().flatten().collect::<Vec<_>>().join(" and ");
                format!("Not everything could be checked: not {what}. All else that is stated agrees.")
            }
            Verification::Verified => {
                "All digests and sizes that are stated were checked and agree.".to_owned()
            }
            Verification::Unstated => "No digests and no sizes are stated that could be checked.".to_owned(),
        }
    },
    meaning: "The digests are computed here, over the bytes of the archive, and compared with what the archive states of itself. \
              That they agree means that nothing in it was changed or lost on the way; who made it, they do not tell.",
    severity_count: |severity, n| match (severity, n) {
        (Severity::Error, 1) => "1 error".to_owned(),
        (Severity::Error, n) => format!("{} errors", format::number(Lang::En, n as u64)),
        (Severity::Warning, 1) => "1 warning".to_owned(),
        (Severity::Warning, n) => format!("{} warnings", format::number(Lang::En, n as u64)),
        (Severity::Info, 1) => "1 note".to_owned(),
        (Severity::Info, n) => format!("{} notes", format::number(Lang::En, n as u64)),
    },
    severity: |severity| match severity {
        Severity::Error => "Errors",
        Severity::Warning => "Warnings",
        Severity::Info => "Notes",
    },
    severity_meaning: |severity| match severity {
        Severity::Error => "Something is not what it is stated to be, is missing, or could not be read.",
        Severity::Warning => "Tools may differ in what they make of it, or something is hidden.",
        Severity::Info => "Worth knowing; every tool reads it the same way.",
    },
    images: "Images",
    layers_verified: |n, of| format!("{} of {} layers verified", number(Lang::En, n), number(Lang::En, of)),
    layers: "Layers",
    size: "Size",
    compression: "Compression",
    documents: "Manifests and configs",
    documents_note: "The JSON documents that lead from the archive’s index to the layers, and the digests by which they are named.",
    document: "Document",
    document_kind: |kind| match kind {
        DocumentKind::Index => "Index",
        DocumentKind::Manifest => "Manifest",
        DocumentKind::Config => "Config",
        DocumentKind::Artifact => "Attestation or artifact",
    },
    path: "Path in the archive",
    digest: "Digest",
    missing: "not in the archive",
    unused: "Unused files",
    unused_note: "Files of the archive that no index, manifest or config leads to. A tool that loads the image does not see them.",
    no_unused: "Every file of the archive is used.",
    severity_label: "Severity",
    all_severities: "All",
    place_label: "Where",
    everywhere: "Everywhere",
    whole_archive: "The archive as a whole",
    of_image: |name| format!("Documents of {name}"),
    none_listed: "None of these.",
    show_more: |n| format!("Show more: {n} left"),
    copy: "Copy the list",
    see: "See all checks",
};

/// Simplified Chinese.
pub const ZH: TrustWords = TrustWords {
    verdict: |checks| {
        let (layers, documents) = (checks.layers, checks.documents);
        let [of, mismatch] = [layers.total(), layers.mismatch].map(|n| number(Lang::Zh, n));
        match checks.verdict() {
            Verification::Mismatch => {
                let parts = [
                    (layers.mismatch > 0).then(|| format!("{of} 层中有 {mismatch} 层与声明不符。")),
                    (documents.mismatch > 0).then(|| {
                        format!("{} 份清单或配置与声明不符。", number(Lang::Zh, documents.mismatch))
                    }),
                    (layers.pending > 0).then(|| "其余仍在检查。".to_owned()),
                ];
                parts.into_iter().flatten().collect()
            }
            Verification::Pending | Verification::Remembered => {
                format!(
                    "仍在检查：{of} 层中已检查 {} 层，均相符。",
                    number(Lang::Zh, layers.total() - layers.pending)
                )
            }
            Verification::Unchecked => {
                let parts = [
                    (layers.unchecked > 0)
                        .then(|| format!("{of} 层中的 {} 层", number(Lang::Zh, layers.unchecked))),
                    (documents.unchecked > 0)
                        .then(|| format!("{} 份清单或配置", number(Lang::Zh, documents.unchecked))),
                ];
                let what = parts.into_iter().flatten().collect::<Vec<_>>().join("和");
                format!("并非全部都能检查：{what}未检查。其余声明均相符。")
            }
            Verification::Verified => "声明的摘要和大小均已检查，全部相符。".to_owned(),
            Verification::Unstated => "没有声明可供检查的摘要或大小。".to_owned(),
        }
    },
    meaning: "摘要在此处由归档的字节计算得出，并与归档自身的声明比较。相符说明其中没有内容在途中被更改或丢失；但不能说明是谁制作的。",
    severity_count: |severity, n| {
        let n = format::number(Lang::Zh, n as u64);
        match severity {
            Severity::Error => format!("{n} 处错误"),
            Severity::Warning => format!("{n} 处警告"),
            Severity::Info => format!("{n} 处提示"),
        }
    },
    severity: |severity| match severity {
        Severity::Error => "错误",
        Severity::Warning => "警告",
        Severity::Info => "提示",
    },
    severity_meaning: |severity| match severity {
        Severity::Error => "与声明不符、缺失，或无法读取。",
        Severity::Warning => "不同工具的处理可能不同，或者藏有内容。",
        Severity::Info => "值得了解；各种工具的读法相同。",
    },
    images: "镜像",
    layers_verified: |n, of| format!("{} 层中 {} 层已验证", number(Lang::Zh, of), number(Lang::Zh, n)),
    layers: "层",
    size: "大小",
    compression: "压缩方式",
    documents: "清单和配置",
    documents_note: "从归档的索引通往各层的 JSON 文档，以及指称它们的摘要。",
    document: "文档",
    document_kind: |kind| match kind {
        DocumentKind::Index => "索引",
        DocumentKind::Manifest => "清单",
        DocumentKind::Config => "配置",
        DocumentKind::Artifact => "证明或其他制品",
    },
    path: "在归档中的路径",
    digest: "摘要",
    missing: "不在归档中",
    unused: "未使用的文件",
    unused_note: "归档中没有任何索引、清单或配置指向的文件。加载镜像的工具看不到它们。",
    no_unused: "归档中的每个文件都被使用。",
    severity_label: "严重程度",
    all_severities: "全部",
    place_label: "位置",
    everywhere: "所有位置",
    whole_archive: "归档整体",
    of_image: |name| format!("{name} 的文档"),
    none_listed: "没有符合条件的。",
    show_more: |n| format!("显示更多：还有 {n} 处"),
    copy: "复制列表",
    see: "查看全部检查",
};

fn number(lang: Lang, n: u32) -> String {
    format::number(lang, n.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::trust::Tally;

    #[test]
    fn the_verdict_counts() {
        let checks = |layers, documents| Checks { layers, documents };
        let all = Tally { verified: 5, ..Tally::default() };
        let bad = Tally { verified: 4, mismatch: 2, pending: 1, ..Tally::default() };
        let one_bad = Tally { mismatch: 1, ..Tally::default() };
        let unread = Tally { verified: 1, unchecked: 2, ..Tally::default() };
        for (checks, en, zh) in [
            (
                checks(all, all),
                "All digests and sizes that are stated were checked and agree.",
                "声明的摘要和大小均已检查，全部相符。",
            ),
            (
                checks(bad, all),
                "2 of 7 layers do not match what is stated of them. The rest is still being checked.",
                "7 层中有 2 层与声明不符。其余仍在检查。",
            ),
            (
                checks(all, one_bad),
                "1 manifest or config does not match what is stated of it.",
                "1 份清单或配置与声明不符。",
            ),
            (
                checks(unread, all),
                "Not everything could be checked: not 2 of 3 layers. All else that is stated agrees.",
                "并非全部都能检查：3 层中的 2 层未检查。其余声明均相符。",
            ),
        ] {
            assert_eq!((EN.verdict)(checks), en);
            assert_eq!((ZH.verdict)(checks), zh);
        }
    }
}
