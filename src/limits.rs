//! Every cap on what is read from an archive, named, in one place. Sizes are bytes.
//!
//! A length found in an archive is a claim by a stranger. Nothing is allocated, looped over or kept
//! beyond these numbers.

use serde::{Deserialize, Serialize};

/// Largest PAX header or GNU long name that is kept in memory.
pub const TAR_EXTENSION: u64 = 1 << 20;
/// Largest sparse map, counted in the bytes of its description.
pub const SPARSE_MAP: u64 = 1 << 20;
/// Longest path kept as it is; a longer one rejects its entry.
pub const PATH: usize = 64 << 10;
/// Deepest directory nesting of a path.
pub const PATH_DEPTH: usize = 5_000;
/// Largest JSON document (manifest, index, config) that is parsed.
pub const JSON_DOCUMENT: u64 = 4 << 20;
/// Most values, nested ones included, in one JSON document.
pub const JSON_VALUES: usize = 250_000;
/// Most memory the JSON documents of one archive may come to, by a rough count of bytes and values; a document
/// that is used again counts again.
pub const JSON_TOTAL: u64 = 256 << 20;
/// Deepest nesting of an image index inside another.
pub const INDEX_DEPTH: usize = 8;
/// Most image manifests and indexes followed in one archive.
pub const MANIFESTS: usize = 10_000;
/// Most members of the outer archive that are listed.
pub const MEMBERS: usize = 200_000;
/// Most entries of one layer that are indexed; see [`Limits`].
pub const LAYER_ENTRIES: usize = 2_000_000;
/// Most bytes that one compressed layer is decoded to; see [`Limits`].
pub const LAYER_BYTES: u64 = 8 << 30;
/// How many times its own size a compressed stream may decode to; see [`Limits`]. Deflate reaches 1032.
pub const RATIO: u64 = 500;
/// A stream that has decoded to less than this may have any ratio: a file of zeros is no bomb.
pub const RATIO_FROM: u64 = 64 << 20;
/// Most memory that the names, links, attributes and sparse maps of one layer's entries come to; see [`Limits`].
pub const LAYER_TEXT: usize = 256 << 20;
/// Most paths of one layer, directories that no entry makes included; see [`Limits`].
pub const LAYER_PATHS: usize = 4_000_000;
/// Most PAX records of different keys in one header, or in all global headers together.
pub const PAX_RECORDS: usize = 256;
/// Most bytes in all global PAX headers together: they apply to every entry that follows.
pub const PAX_GLOBAL: usize = 64 << 10;
/// Largest window a zstd frame may ask for.
pub const ZSTD_WINDOW: u64 = 128 << 20;
/// Largest dictionary an xz block may ask for: that of `xz -9`.
pub const XZ_DICTIONARY: u32 = 64 << 20;
/// How many bzip2 streams may be tiny: up to 3.6 MB of memory is cleared for each.
pub const BZIP2_STREAMS: u64 = 1_000;
/// How long any more of them have to be on average, compressed; or else [`BZIP2_CONTENT`].
pub const BZIP2_STREAM: u64 = 512;
/// How much any more of them have to decode to on average.
pub const BZIP2_CONTENT: u64 = 64 << 10;
/// Most anomalies kept per layer; further ones are counted only.
pub const ANOMALIES: usize = 1_000;
/// Symbolic links followed before a lookup gives up (the kernel's `MAXSYMLINKS`).
pub const SYMLINK_HOPS: usize = 40;
/// How much of a file's content the page shows at first, and more of it at a time.
pub const PREVIEW: u64 = 1 << 20;
/// Largest part of a file's content that the worker sends at once.
pub const CONTENT_REPLY: u64 = 64 << 20;
/// How much of each of two versions is compared, byte by byte.
pub const DIFF_BYTES: u64 = 16 << 20;
/// How much of each is compared line by line.
pub const DIFF_TEXT: usize = 4 << 20;
/// Most lines that differ which are shown, and most rows of bytes.
pub const DIFF_LINES: usize = 20_000;
/// See above.
pub const DIFF_ROWS: usize = 4_000;
/// Largest picture that is shown, in bytes, and the most pixels that it may have.
pub const PICTURE: u64 = 64 << 20;
/// See above.
pub const PICTURE_PIXELS: u64 = 100_000_000;
/// Largest manifest, list or other document of a registry that the gateway passes on; registries take up to 4 MiB.
pub const REGISTRY_DOCUMENT: u64 = 32 << 20;
/// Largest blob that the gateway passes on.
pub const BLOB: u64 = 64 << 30;

/// How far the checkpoints of a compressed stream are apart at first, in decoded bytes.
pub const CHECKPOINT_SPACING: u64 = 4 << 20;
/// Most checkpoints of one stream, of up to 32 KiB each; with more of them, every second one goes.
pub const CHECKPOINTS: usize = 256;
/// How far those within a zstd frame are apart at least: the frame's window before each is held for a while, which is megabytes.
pub const ZSTD_CHECKPOINT_SPACING: u64 = 32 << 20;
/// The same in windows: to know what has to be kept of a window, as much is looked at behind it, which so is a sixth at the most. The
/// 8 MiB of most builders make it 48 MiB.
pub const ZSTD_CHECKPOINT_WINDOWS: u64 = 6;
/// Most bytes that are kept of such windows in one stream, and in one archive; with more, every second one goes. Mostly it is a few
/// hundredths of each that are kept, but a stream can be made to refer to all of it.
pub const ZSTD_WINDOWS: u64 = 256 << 20;
/// Most files of one layer whose contents an export reads in one go.
pub const EXPORT_RUN: usize = 500_000;
/// Longest line that the shell takes.
pub const SHELL_LINE: usize = 64 << 10;
/// Most bytes that the arguments of one command come to.
pub const SHELL_WORDS: usize = 4 << 20;
/// Deepest nesting of expansions, and of parentheses in the expression of `find`.
pub const SHELL_DEPTH: usize = 16;
/// Most bytes that one line of the shell prints; what comes after is cut off, and said to be.
pub const SHELL_OUTPUT: usize = 64 << 20;
/// How many lines the shell's history keeps.
pub const SHELL_HISTORY: usize = 1_000;
/// Longest Dockerfile, and longest `.dockerignore`.
pub const DOCKERFILE: usize = 1 << 20;
/// Most bytes of one header of an HTTP answer that are looked at, and of a token.
pub const HTTP_HEADER: usize = 16 << 10;
/// Most bytes of what a token server answers.
pub const TOKEN: u64 = 256 << 10;
/// Most attestations of an image that are fetched with it, and most referrers that are listed.
pub const REFERRERS: usize = 64;
/// Most bytes of the documents of one artifact that are kept.
pub const ARTIFACT: u64 = 8 << 20;
/// Most warnings of one answer, and of one image, that are shown.
pub const WARNINGS: usize = 16;
/// Most tags of a repository that are listed.
pub const TAGS: usize = 10_000;

/// Largest layer that is made here, in bytes: it is held in memory.
pub const COMMIT: u64 = 1 << 30;

/// Most archives that are open at a time: each is held with all its paths.
pub const ARCHIVES: usize = 100;

/// How far what is compressed is decoded, and how much of a layer is indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Most bytes that one compressed layer is decoded to.
    pub layer_bytes: u64,
    /// How many times its own size a compressed layer, or a compressed archive, may decode to.
    pub ratio: u64,
    /// How many bytes it has to decode to before the ratio counts.
    pub ratio_from: u64,
    /// Most entries of one layer that are indexed.
    pub layer_entries: usize,
    /// Most paths of one layer. A few bytes of a tar can name thousands.
    pub layer_paths: usize,
    /// Most bytes of names, links, attributes and sparse maps of one layer. One attribute of a global header is one of
    /// every entry.
    pub layer_text: usize,
}

/// One of the [`Limits`], when it keeps a layer from being read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// It decodes to too many bytes.
    Bytes,
    /// It decodes to too many times its own size.
    Ratio,
    /// It has too many entries.
    Entries,
    /// It has too many paths.
    Paths,
    /// Its names, links, attributes and sparse maps come to too much.
    Text,
}

impl Limit {
    /// Whether [`Limits::none`] goes on beyond it. Memory depends on the others.
    pub fn can_be_lifted(self) -> bool {
        matches!(self, Self::Bytes | Self::Ratio | Self::Entries)
    }
}

impl Limits {
    /// For who chooses to go on: everything is read, however long it takes. What memory depends on stays limited.
    pub fn none() -> Self {
        Self {
            layer_bytes: u64::MAX,
            ratio: u64::MAX,
            ratio_from: u64::MAX,
            layer_entries: usize::MAX,
            ..Self::default()
        }
    }

    /// Whether `consumed` bytes must not decode to as many as `decoded`.
    pub fn is_bomb(&self, consumed: u64, decoded: u64) -> bool {
        decoded >= self.ratio_from && decoded / self.ratio.max(1) > consumed
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            layer_bytes: LAYER_BYTES,
            ratio: RATIO,
            ratio_from: RATIO_FROM,
            layer_entries: LAYER_ENTRIES,
            layer_paths: LAYER_PATHS,
            layer_text: LAYER_TEXT,
        }
    }
}
