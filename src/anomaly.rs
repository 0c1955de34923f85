//! Things in an archive that are wrong, odd or unverified, as values beside a usable result.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of oddity an [`Anomaly`] is. The kebab-case name is stable: it stands in the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    // Tar.
    /// A header's checksum does not match; reading of this tar stops here.
    TarChecksum,
    /// A header field holds something that is not a number of its kind; the entry is rejected.
    TarField,
    /// The tar ends inside an entry or a header.
    TarTruncated,
    /// The two zero blocks that end a tar are missing.
    TarNoEnd,
    /// Bytes other than zero follow the end of the tar: hidden data.
    TarTrailingData,
    /// An entry of a type this program does not know.
    TarUnknownType,
    /// A PAX record cannot be parsed; the extension is rejected.
    TarPaxMalformed,
    /// A PAX record's size differs from the header's; PAX wins.
    TarPaxSize,
    /// A PAX record with an empty value deletes the field.
    TarPaxEmpty,
    /// Both PAX and GNU extensions name the same entry.
    TarMixedExtensions,
    /// An extension header with no entry to extend.
    TarDanglingExtension,
    /// An extension header or sparse map larger than the limit.
    TarExtensionTooLarge,
    /// A sparse map that does not fit its file.
    TarSparse,
    /// A ustar header with an unusual version field.
    TarVersion,
    /// A hard link, symbolic link or directory that claims to have content.
    TarUnexpectedSize,
    // Compression.
    /// A compressed stream is damaged; what was decoded before it is kept.
    CodecCorrupt,
    /// A compressed stream ends too early.
    CodecTruncated,
    /// A checksum of the compressed stream does not match.
    CodecChecksum,
    /// Bytes follow the end of the compressed stream.
    CodecTrailingData,
    /// A compression that is not supported.
    CodecUnsupported,
    /// The media type says another compression than the bytes show.
    MediaTypeCompression,
    // Manifests.
    /// A JSON document that cannot be parsed.
    JsonInvalid,
    /// A JSON document larger than the limit.
    JsonTooLarge,
    /// A document that claims to be both an index and a manifest (CVE-2021-41190).
    ManifestAmbiguous,
    /// A manifest of something other than an image: a signature, an attestation of nothing here, another artifact.
    ManifestArtifact,
    /// A digest that is not a digest.
    DigestInvalid,
    /// A blob's bytes do not have the digest stated for it.
    DigestMismatch,
    /// A layer's uncompressed bytes do not have the stated DiffId.
    DiffIdMismatch,
    /// A blob's size is not the one stated for it.
    SizeMismatch,
    /// A blob that is named but not in the archive.
    BlobMissing,
    /// A layer whose content lies elsewhere (foreign); it is never fetched.
    LayerForeign,
    /// An index that reaches itself.
    IndexCycle,
    /// Indexes nested too deep, or too many manifests.
    IndexLimit,
    /// The archive's OCI index and Docker manifest disagree.
    ManifestsDisagree,
    /// The config's `diff_ids` and the manifest's layers differ in number.
    DiffIdCount,
    /// The history and the layers differ in number.
    HistoryCount,
    /// A link inside the archive that leads nowhere.
    MemberLink,
    /// The same member name twice in the archive.
    MemberDuplicate,
    // Layers and merging.
    /// A path that leaves the root, is absolute, or holds `.` or empty parts.
    PathUnusual,
    /// A path too long or too deep; its entry is rejected.
    PathTooLong,
    /// The same path twice in one layer; the last wins.
    PathDuplicate,
    /// A whiteout with no name; it is rejected.
    WhiteoutBare,
    /// A whiteout of something that is not there.
    WhiteoutOfNothing,
    /// A whiteout and an entry of the same name in one layer; the entry stays.
    WhiteoutAndEntry,
    /// An entry below a path that a lower layer holds as a symbolic link.
    DirectoryOverSymlink,
    /// An entry below a path that is a symbolic link in the same layer.
    EntryThroughSymlink,
    /// A hard link whose target is not in its layer before it.
    HardLinkTarget,
    /// A name that is not UTF-8 or holds control or bidirectional characters.
    NameUnusual,
    /// A name that differs from another in its directory only by Unicode normalisation.
    NameTwin,
    /// A mark of overlayfs itself (a character device 0/0, an attribute `trusted.overlay.*`), which is data in a layer.
    OverlayfsMark,
    /// A user or group id, or a time, beyond what the kernel holds.
    ValueOutOfRange,
    /// More entries, bytes or anomalies than the limit.
    LimitReached,
    /// No manifest and no index: the tar itself is shown as one layer.
    BareLayer,
}

/// How much an [`Anomaly`] matters to somebody who has to trust the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; every tool reads it the same way.
    Info,
    /// Odd: tools may differ in what they make of it, or something is hidden.
    Warning,
    /// Something is not what it is stated to be, is missing, or could not be read.
    Error,
}

impl Code {
    /// How much it matters.
    pub fn severity(self) -> Severity {
        use Code::*;
        match self {
            TarNoEnd | TarVersion | BareLayer | HardLinkTarget | WhiteoutOfNothing | NameUnusual
            | OverlayfsMark | LayerForeign | ManifestArtifact => Severity::Info,
            TarChecksum | TarTruncated | TarPaxMalformed | TarExtensionTooLarge | TarField | CodecCorrupt
            | CodecTruncated | CodecChecksum | CodecUnsupported | JsonInvalid | JsonTooLarge
            | ManifestAmbiguous | DigestInvalid | DigestMismatch | DiffIdMismatch | SizeMismatch
            | BlobMissing | IndexCycle | IndexLimit | PathTooLong | WhiteoutBare | LimitReached => {
                Severity::Error
            }
            TarTrailingData | TarUnknownType | TarPaxSize | TarPaxEmpty | TarMixedExtensions
            | TarDanglingExtension | TarSparse | TarUnexpectedSize | CodecTrailingData
            | MediaTypeCompression | ManifestsDisagree | DiffIdCount | HistoryCount | MemberLink
            | MemberDuplicate | PathUnusual | PathDuplicate | WhiteoutAndEntry | DirectoryOverSymlink
            | EntryThroughSymlink | NameTwin | ValueOutOfRange => Severity::Warning,
        }
    }

    /// Whether something is provably not what it is stated to be.
    pub fn is_mismatch(self) -> bool {
        matches!(self, Self::DigestMismatch | Self::DiffIdMismatch | Self::SizeMismatch)
    }

    /// The stable kebab-case name, as in the JSON.
    pub fn name(self) -> String {
        // A fieldless enum always serialises to a JSON string.
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Something wrong or odd that was found, with where it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// What it is.
    pub code: Code,
    /// One lower-case English sentence with the particulars.
    pub message: String,
    /// Offset in bytes: in the uncompressed layer for anomalies of a layer's tar, in the blob for those
    /// of its compression, in the archive for others. `None` where no place can be named.
    pub offset: Option<u64>,
}

impl Anomaly {
    /// An anomaly at `offset`.
    pub fn at(code: Code, offset: u64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), offset: Some(offset) }
    }

    /// An anomaly without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), offset: None }
    }
}

/// Adds an anomaly at `offset` to a list. The message is made here, and not where something is found to be wrong: a browser
/// compiles code that runs often while it runs, a function at a time, and all that stands in one is compiled with it.
#[cold]
pub fn note(anomalies: &mut Vec<Anomaly>, code: Code, offset: u64, message: impl fmt::Display) {
    anomalies.push(Anomaly::at(code, offset, message.to_string()));
}
