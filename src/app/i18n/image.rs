//! The words of the image and history pages.

use crate::{anomaly::Code, app::state::Verification, codec::Compression, image::Format};

/// The words of the image and history pages.
pub struct ImageWords {
    /// Heads what identifies the image.
    pub identity: &'static str,
    /// Its names.
    pub names: &'static str,
    /// It has none.
    pub no_names: &'static str,
    /// Its platform.
    pub platform: &'static str,
    /// Its id.
    pub id: &'static str,
    /// Its manifest's digest.
    pub manifest_digest: &'static str,
    /// When it was made.
    pub created: &'static str,
    /// Who made it.
    pub author: &'static str,
    /// The archive it came in.
    pub archive: &'static str,
    /// The shape of the archive.
    pub format: fn(Format) -> &'static str,
    /// A compression.
    pub compression: fn(Compression) -> &'static str,
    /// Heads how it runs.
    pub runs: &'static str,
    /// The working directory.
    pub workdir: &'static str,
    /// The user.
    pub user: &'static str,
    /// The user is not stated.
    pub root_user: &'static str,
    /// The ports.
    pub ports: &'static str,
    /// The volumes.
    pub volumes: &'static str,
    /// The signal that stops it.
    pub stop_signal: &'static str,
    /// Heads the environment.
    pub env: &'static str,
    /// Heads the labels.
    pub labels: &'static str,
    /// Heads the annotations.
    pub annotations: &'static str,
    /// Heads the attestations.
    pub attestations: &'static str,
    /// Heads what it is made from.
    pub inside: &'static str,
    /// The distribution.
    pub distribution: &'static str,
    /// It does not say.
    pub no_distribution: &'static str,
    /// Said of what stands in the config.
    pub stated_by_config: &'static str,
    /// Where something was read.
    pub read_from: fn(&str) -> String,
    /// Not all layers are merged yet.
    pub not_yet: &'static str,
    /// The kernel.
    pub kernel: &'static str,
    /// There is none.
    pub no_kernel: &'static str,
    /// What that rests on: so many paths searched.
    pub kernel_evidence: fn(&str) -> String,
    /// There is one.
    pub has_kernel: &'static str,
    /// The base image.
    pub base: &'static str,
    /// A guess from the history.
    pub base_guess: &'static str,
    /// An annotation or a label says so.
    pub base_stated: &'static str,
    /// No guess.
    pub no_base: &'static str,
    /// The layers that are the base's, by their numbers.
    pub base_layers: fn(u32) -> String,
    /// Heads what the layers cost.
    pub space: &'static str,
    /// Not every layer was read to its end.
    pub no_space: &'static str,
    /// Heads what is stored and not shown.
    pub reclaimable: &'static str,
    /// All of it, and what that is. So for those that follow.
    pub reclaimable_total: (&'static str, &'static str),
    /// What whiteouts deleted.
    pub reclaimable_deleted: (&'static str, &'static str),
    /// What was overwritten.
    pub reclaimable_overwritten: (&'static str, &'static str),
    /// What was overwritten with the same.
    pub reclaimable_metadata: (&'static str, &'static str),
    /// What was hidden with its directory.
    pub reclaimable_opaque: (&'static str, &'static str),
    /// Heads the numbers of dive.
    pub dive: &'static str,
    /// Its efficiency.
    pub dive_efficiency: (&'static str, &'static str),
    /// Its wasted bytes.
    pub dive_wasted: (&'static str, &'static str),
    /// Its share of what is wasted.
    pub dive_user: (&'static str, &'static str),
    /// Heads what the checks came to.
    pub checks: &'static str,
    /// A layer.
    pub layer: &'static str,
    /// The digest of the blob.
    pub blob: &'static str,
    /// The digest of the uncompressed tar.
    pub diff_id: &'static str,
    /// What the documents state.
    pub stated: &'static str,
    /// What the bytes have.
    pub found: &'static str,
    /// What checking came to.
    pub verification: fn(Verification) -> &'static str,
    /// Length of the blob.
    pub blob_size: &'static str,
    /// Length of the tar.
    pub tar_size: &'static str,
    /// Entries of the tar.
    pub entries: &'static str,
    /// The media type.
    pub media_type: &'static str,
    /// Heads the anomalies.
    pub anomalies: &'static str,
    /// There are none.
    pub no_anomalies: &'static str,
    /// There are none so far.
    pub no_anomalies_yet: &'static str,
    /// An anomaly, in a sentence.
    pub anomaly: fn(Code) -> &'static str,
    /// Heads the reconstructed Dockerfile.
    pub dockerfile: &'static str,
    /// What it is not.
    pub dockerfile_note: &'static str,
    /// Heads the raw config.
    pub config: &'static str,
    /// There is none.
    pub no_config: &'static str,
    /// Copies.
    pub copy: &'static str,
    /// Copied.
    pub copied: &'static str,
    /// The history's heading.
    pub history: &'static str,
    /// There is none.
    pub no_history: &'static str,
    /// A step.
    pub step: &'static str,
    /// An instruction.
    pub instruction: &'static str,
    /// The content stored.
    pub size: &'static str,
    /// A step without a layer.
    pub no_layer: &'static str,
    /// Explains it.
    pub no_layer_title: &'static str,
    /// Oldest first.
    pub history_note: &'static str,
    /// A comment.
    pub comment: &'static str,
    /// Shows the commands as they were recorded.
    pub verbatim: &'static str,
}

/// English.
pub const EN: ImageWords = ImageWords {
    identity: "Identity",
    names: "Names",
    no_names: "no name",
    platform: "Platform",
    id: "Image id",
    manifest_digest: "Manifest digest",
    created: "Created",
    author: "Author",
    archive: "Archive",
    format: |format| match format {
        Format::DockerArchive => "Docker archive",
        Format::DockerOci => "Docker archive and OCI layout",
        Format::OciLayout => "OCI layout",
        Format::LegacyDocker => "Docker archive from before 1.10",
        Format::BareLayer => "No image archive: a root filesystem or one layer",
    },
    compression: |compression| match compression {
        Compression::None => "not compressed",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
        Compression::Bzip2 => "bzip2",
        Compression::Xz => "xz",
    },
    runs: "How it runs",
    workdir: "Working directory",
    user: "User",
    root_user: "not stated: root",
    ports: "Ports",
    volumes: "Volumes",
    stop_signal: "Stop signal",
    env: "Environment",
    labels: "Labels",
    annotations: "Annotations",
    attestations: "Attestations",
    inside: "What is inside",
    distribution: "Distribution",
    no_distribution: "no os-release in the merged filesystem",
    stated_by_config: "as the config states",
    read_from: |path| format!("from {path}"),
    not_yet: "known when all layers are read",
    kernel: "Kernel",
    no_kernel: "no kernel inside: the host’s is used",
    kernel_evidence: |paths| format!("searched {paths}: no boot/vmlinuz*, nothing below lib/modules"),
    has_kernel: "kernel files inside, though a container still runs on the host’s",
    base: "Base image",
    base_guess: "guessed from the history",
    base_stated: "as the image states",
    no_base: "nothing in the history tells a base apart",
    base_layers: |n| match n {
        1 => "the lowest layer".to_owned(),
        _ => format!("the lowest {n} layers"),
    },
    space: "Space",
    no_space: "Not every layer could be read to its end: sums over a part of them would be wrong.",
    reclaimable: "Stored, and not shown in the end",
    reclaimable_total: (
        "In all",
        "Bytes of files that the layers store and the merged filesystem does not show.",
    ),
    reclaimable_deleted: ("Deleted", "By a whiteout of the file, or of a directory above it."),
    reclaimable_overwritten: ("Overwritten", "Replaced at its path by other content."),
    reclaimable_metadata: (
        "Same content",
        "Replaced by a file with the same content: at most metadata has changed.",
    ),
    reclaimable_opaque: ("Hidden", "Gone with all else in a directory that became opaque or was replaced."),
    dive: "As dive counts",
    dive_efficiency: (
        "Efficiency",
        "The smallest size that each path has in any layer, as a part of all its sizes together.",
    ),
    dive_wasted: (
        "Wasted bytes",
        "Every copy of each path that two layers or more have, the one that is shown included.",
    ),
    dive_user: ("User wasted", "The wasted bytes as a part of what all layers above the first store."),
    checks: "Checks",
    layer: "Layer",
    blob: "Blob digest",
    diff_id: "DiffId",
    stated: "stated",
    found: "found",
    verification: |verification| match verification {
        Verification::Verified => "✓ verified",
        Verification::Mismatch => "✗ mismatch",
        Verification::Pending => "… not yet known",
        Verification::Remembered => "↺ remembered, not yet verified again",
        Verification::Unchecked => "? not checked",
        Verification::Unstated => "– none stated",
    },
    blob_size: "Blob size",
    tar_size: "Tar size",
    entries: "Entries",
    media_type: "Media type",
    anomalies: "Anomalies",
    no_anomalies: "Nothing wrong or odd was found.",
    no_anomalies_yet: "Nothing wrong or odd so far.",
    anomaly: anomaly_en,
    dockerfile: "Dockerfile, reconstructed",
    dockerfile_note: "From the history: build stages, build contexts and comments are not in an image.",
    config: "Config",
    no_config: "The config is not in the archive, or is not JSON.",
    copy: "Copy",
    copied: "Copied",
    history: "History",
    no_history: "The config records no history.",
    step: "Step",
    instruction: "Instruction",
    size: "Stored",
    no_layer: "no layer",
    no_layer_title: "The step changed the config only",
    history_note: "Oldest step first. A step makes a layer only if it changes files.",
    comment: "Comment",
    verbatim: "As recorded",
};

/// Simplified Chinese.
pub const ZH: ImageWords = ImageWords {
    identity: "标识",
    names: "名称",
    no_names: "无名称",
    platform: "平台",
    id: "镜像 ID",
    manifest_digest: "清单摘要",
    created: "创建时间",
    author: "作者",
    archive: "归档",
    format: |format| match format {
        Format::DockerArchive => "Docker 归档",
        Format::DockerOci => "Docker 归档兼 OCI 布局",
        Format::OciLayout => "OCI 布局",
        Format::LegacyDocker => "Docker 1.10 之前的归档",
        Format::BareLayer => "不是镜像归档：一个根文件系统或单个层",
    },
    compression: |compression| match compression {
        Compression::None => "未压缩",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
        Compression::Bzip2 => "bzip2",
        Compression::Xz => "xz",
    },
    runs: "如何运行",
    workdir: "工作目录",
    user: "用户",
    root_user: "未声明：root",
    ports: "端口",
    volumes: "卷",
    stop_signal: "停止信号",
    env: "环境变量",
    labels: "标签（label）",
    annotations: "注解",
    attestations: "证明",
    inside: "里面有什么",
    distribution: "发行版",
    no_distribution: "合并视图中没有 os-release",
    stated_by_config: "由配置声明",
    read_from: |path| format!("来自 {path}"),
    not_yet: "读完所有层后可知",
    kernel: "内核",
    no_kernel: "里面没有内核：使用宿主机的内核",
    kernel_evidence: |paths| format!("已查 {paths}：没有 boot/vmlinuz*，lib/modules 下没有内容"),
    has_kernel: "里面有内核文件，但容器仍运行在宿主机的内核上",
    base: "基础镜像",
    base_guess: "由历史推测",
    base_stated: "镜像自述",
    no_base: "从历史中无法分辨基础镜像",
    base_layers: |n| format!("最下面 {n} 层"),
    space: "空间",
    no_space: "并非每一层都能读到末尾：只对一部分求和会出错。",
    reclaimable: "已存储，但最终不显示",
    reclaimable_total: ("合计", "各层存储、而合并视图不显示的文件字节数。"),
    reclaimable_deleted: ("已删除", "由文件或其上级目录的删除标记（whiteout）删除。"),
    reclaimable_overwritten: ("被覆盖", "在其路径上被其他内容替换。"),
    reclaimable_metadata: ("内容相同", "被内容相同的文件替换：至多只改变了元数据。"),
    reclaimable_opaque: ("被隐藏", "随所在目录变为不透明或被替换而一并消失。"),
    dive: "按 dive 的算法",
    dive_efficiency: ("效率（efficiency）", "每个路径在各层中的最小大小之和，占其全部大小之和的比例。"),
    dive_wasted: ("浪费的字节（wasted bytes）", "至少两层都有的路径的全部副本，包括仍显示的那一份。"),
    dive_user: ("用户层浪费（user wasted）", "浪费的字节占第一层以上各层所存内容的比例。"),
    checks: "检查",
    layer: "层",
    blob: "Blob 摘要",
    diff_id: "DiffId",
    stated: "声明",
    found: "实际",
    verification: |verification| match verification {
        Verification::Verified => "✓ 已验证",
        Verification::Mismatch => "✗ 不符",
        Verification::Pending => "… 尚未可知",
        Verification::Remembered => "↺ 已记住，尚未重新校验",
        Verification::Unchecked => "? 未检查",
        Verification::Unstated => "– 未声明",
    },
    blob_size: "Blob 大小",
    tar_size: "Tar 大小",
    entries: "条目",
    media_type: "媒体类型",
    anomalies: "异常",
    no_anomalies: "没有发现错误或异样。",
    no_anomalies_yet: "目前没有发现错误或异样。",
    anomaly: anomaly_zh,
    dockerfile: "还原的 Dockerfile",
    dockerfile_note: "由历史还原：镜像里没有构建阶段、构建上下文和注释。",
    config: "配置",
    no_config: "配置不在归档中，或不是 JSON。",
    copy: "复制",
    copied: "已复制",
    history: "历史",
    no_history: "配置中没有历史记录。",
    step: "步骤",
    instruction: "指令",
    size: "存储",
    no_layer: "无层",
    no_layer_title: "这一步只改变了配置",
    history_note: "最早的步骤在前。只有改变文件的步骤才产生层。",
    comment: "备注",
    verbatim: "原始记录",
};

fn anomaly_en(code: Code) -> &'static str {
    match code {
        Code::TarChecksum => "A tar header’s checksum is wrong; the tar is not read further.",
        Code::TarField => "A tar header field is not a number of its kind; the entry is left out.",
        Code::TarTruncated => "The tar ends in the middle of an entry.",
        Code::TarNoEnd => "The two zero blocks that end a tar are missing.",
        Code::TarTrailingData => "Data is hidden after the end of the tar.",
        Code::TarUnknownType => "An entry is of an unknown type.",
        Code::TarPaxMalformed => "A PAX record cannot be parsed.",
        Code::TarPaxSize => "The PAX size and the header’s size differ; PAX wins.",
        Code::TarPaxEmpty => "An empty PAX value deletes a field.",
        Code::TarMixedExtensions => "PAX and GNU extensions both name one entry.",
        Code::TarDanglingExtension => "An extension header has no entry to extend.",
        Code::TarExtensionTooLarge => "An extension header or sparse map is larger than allowed.",
        Code::TarSparse => "A sparse map does not fit its file.",
        Code::TarVersion => "A ustar header has an unusual version.",
        Code::TarUnexpectedSize => "A link or directory claims to have content.",
        Code::CodecCorrupt => "A compressed stream is damaged; what came before is kept.",
        Code::CodecTruncated => "A compressed stream ends too early.",
        Code::CodecChecksum => "A compressed stream’s checksum is wrong.",
        Code::CodecTrailingData => "Bytes follow the end of a compressed stream.",
        Code::CodecUnsupported => "A compression is not supported, or a layer is encrypted.",
        Code::MediaTypeCompression => "The media type states another compression than the bytes show.",
        Code::JsonInvalid => "A JSON document cannot be parsed.",
        Code::JsonTooLarge => "A JSON document is larger than allowed.",
        Code::ManifestAmbiguous => "A document claims to be index and manifest at once (CVE-2021-41190).",
        Code::ManifestArtifact => "A manifest of something other than an image is left out.",
        Code::DigestInvalid => "A digest is not a digest.",
        Code::DigestMismatch => "A blob’s bytes do not have the stated digest.",
        Code::DiffIdMismatch => "A layer’s uncompressed bytes do not have the stated DiffId.",
        Code::SizeMismatch => "A blob does not have the stated size.",
        Code::BlobMissing => "A blob is named but not in the archive.",
        Code::LayerForeign => "A foreign layer: its content lies elsewhere and is not fetched.",
        Code::IndexCycle => "An index leads back to itself.",
        Code::IndexLimit => "Indexes are nested too deep, or too many.",
        Code::ManifestsDisagree => "The OCI index and Docker’s manifest disagree.",
        Code::DiffIdCount => "The config and the manifest count different numbers of layers.",
        Code::HistoryCount => "The history and the layers differ in number.",
        Code::MemberLink => "A link inside the archive leads nowhere.",
        Code::MemberDuplicate => "A name occurs twice in the archive.",
        Code::PathUnusual => "A path is absolute, leaves the root, or has odd parts.",
        Code::PathTooLong => "A path is too long or too deep; its entry is left out.",
        Code::PathDuplicate => "A path occurs twice in one layer; the last one counts.",
        Code::WhiteoutBare => "A whiteout names nothing; it is left out.",
        Code::WhiteoutOfNothing => "A whiteout deletes what is not there.",
        Code::WhiteoutAndEntry => "A layer both deletes and has a path; the entry stays.",
        Code::DirectoryOverSymlink => "A directory takes the place of a lower layer’s symbolic link.",
        Code::EntryThroughSymlink => "An entry lies below a symbolic link of its own layer.",
        Code::HardLinkTarget => "A hard link’s target is not in its layer before it.",
        Code::NameUnusual => "A name is not UTF-8, or holds control or invisible characters.",
        Code::NameTwin => "Two names of a directory differ only by Unicode normalisation.",
        Code::OverlayfsMark => "A mark that only overlayfs acts on; in a layer it is data.",
        Code::ValueOutOfRange => "An id or a time is beyond what a kernel holds.",
        Code::LimitReached => "A limit was reached; what is beyond it is not shown.",
        Code::BareLayer => "There is no manifest and no index: the tar itself is shown as one layer.",
    }
}

fn anomaly_zh(code: Code) -> &'static str {
    match code {
        Code::TarChecksum => "tar 头的校验和错误；该 tar 不再继续读取。",
        Code::TarField => "tar 头的字段不是合法数字；该条目被略去。",
        Code::TarTruncated => "tar 在条目中间结束。",
        Code::TarNoEnd => "缺少表示 tar 结束的两个全零块。",
        Code::TarTrailingData => "tar 结束之后藏有数据。",
        Code::TarUnknownType => "条目的类型未知。",
        Code::TarPaxMalformed => "PAX 记录无法解析。",
        Code::TarPaxSize => "PAX 与头中的大小不同；以 PAX 为准。",
        Code::TarPaxEmpty => "空的 PAX 值删除了字段。",
        Code::TarMixedExtensions => "PAX 与 GNU 扩展同时命名一个条目。",
        Code::TarDanglingExtension => "扩展头之后没有条目。",
        Code::TarExtensionTooLarge => "扩展头或稀疏映射超过上限。",
        Code::TarSparse => "稀疏映射与文件不符。",
        Code::TarVersion => "ustar 头的版本不寻常。",
        Code::TarUnexpectedSize => "链接或目录声称带有内容。",
        Code::CodecCorrupt => "压缩流已损坏；此前的内容保留。",
        Code::CodecTruncated => "压缩流过早结束。",
        Code::CodecChecksum => "压缩流的校验和错误。",
        Code::CodecTrailingData => "压缩流结束之后还有字节。",
        Code::CodecUnsupported => "不支持的压缩方式，或层已加密。",
        Code::MediaTypeCompression => "媒体类型声明的压缩方式与实际字节不同。",
        Code::JsonInvalid => "JSON 文档无法解析。",
        Code::JsonTooLarge => "JSON 文档超过上限。",
        Code::ManifestAmbiguous => "文档同时声称是索引和清单（CVE-2021-41190）。",
        Code::ManifestArtifact => "清单描述的不是镜像；被略去。",
        Code::DigestInvalid => "摘要不合法。",
        Code::DigestMismatch => "blob 的字节与声明的摘要不符。",
        Code::DiffIdMismatch => "层解压后的字节与声明的 DiffId 不符。",
        Code::SizeMismatch => "blob 的大小与声明不符。",
        Code::BlobMissing => "提到的 blob 不在归档中。",
        Code::LayerForeign => "外部层：内容在别处，不会去获取。",
        Code::IndexCycle => "索引指回了自身。",
        Code::IndexLimit => "索引嵌套过深或过多。",
        Code::ManifestsDisagree => "OCI 索引与 Docker 清单不一致。",
        Code::DiffIdCount => "配置与清单的层数不同。",
        Code::HistoryCount => "历史与层的数目不同。",
        Code::MemberLink => "归档内的链接没有目标。",
        Code::MemberDuplicate => "同一名称在归档中出现两次。",
        Code::PathUnusual => "路径是绝对路径、越出根目录，或含有异常部分。",
        Code::PathTooLong => "路径过长或过深；该条目被略去。",
        Code::PathDuplicate => "同一路径在一层中出现两次；以后者为准。",
        Code::WhiteoutBare => "删除标记没有名称；被略去。",
        Code::WhiteoutOfNothing => "删除标记要删除的内容不存在。",
        Code::WhiteoutAndEntry => "同一层既删除又含有某路径；条目保留。",
        Code::DirectoryOverSymlink => "目录取代了下层的符号链接。",
        Code::EntryThroughSymlink => "条目位于同层符号链接之下。",
        Code::HardLinkTarget => "硬链接的目标不在本层且在其之前。",
        Code::NameUnusual => "名称不是 UTF-8，或含有控制字符、不可见字符。",
        Code::NameTwin => "同一目录中有两个名称只在 Unicode 规范化上不同。",
        Code::OverlayfsMark => "只有 overlayfs 才理会的标记；在层中只是数据。",
        Code::ValueOutOfRange => "ID 或时间超出内核能表示的范围。",
        Code::LimitReached => "达到上限；超出的部分不显示。",
        Code::BareLayer => "没有清单也没有索引：该 tar 本身作为一个层显示。",
    }
}
