//! Every cap on what is read from an archive, named, in one place. Sizes are bytes.
//!
//! A length found in an archive is a claim by a stranger. Nothing is allocated, looped over or kept
//! beyond these numbers.

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
/// Most entries of one layer that are indexed.
pub const LAYER_ENTRIES: usize = 2_000_000;
/// Largest window a zstd frame may ask for.
pub const ZSTD_WINDOW: u64 = 128 << 20;
/// Largest dictionary an xz block may ask for: that of `xz -9`.
pub const XZ_DICTIONARY: u32 = 64 << 20;
/// Most anomalies kept per layer; further ones are counted only.
pub const ANOMALIES: usize = 1_000;
/// Symbolic links followed before a lookup gives up (the kernel's `MAXSYMLINKS`).
pub const SYMLINK_HOPS: usize = 40;
/// How much of a file's content the page shows at first, and more of it at a time.
pub const PREVIEW: u64 = 1 << 20;
/// Largest part of a file's content that the worker sends at once.
pub const CONTENT_REPLY: u64 = 64 << 20;
