//! The messages between page and worker.
//!
//! Each message is encoded with postcard into one transferred `ArrayBuffer`. A `File` to open rides beside
//! [`Request::Open`]. Every request carries an id, and gets exactly one [`Message::Reply`] with it;
//! [`Message::Event`]s come unasked, tagged with the [`Job`] of the archive they belong to.

use bstr::BString;
use serde::{Deserialize, Serialize};

use super::{
    containers::{Ask, Told},
    kept,
};
use crate::{
    anomaly::Code,
    audit::Audit,
    overlay::Mark,
    preview::Comparison,
    registry::{self, News, Remote, Trouble},
    report::{AnomalyReport, ImageReport, LayerReport, Report},
    tar::Timestamp,
};

/// One opened archive, numbered by the page; a new and higher number for each drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Job(pub u32);

impl Job {
    /// What is made of nothing, by a build or an import: no drop has this number, and nobody asks for it to be opened.
    pub const MADE_HERE: Self = Self(u32::MAX);
}

/// One request, numbered by the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u32);

/// A path of an image, by its place in the worker's tree. Valid while its job is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Node(pub u32);

impl Node {
    /// The root directory.
    pub const ROOT: Self = Self(0);
}

/// One version of a file: the `entry`-th entry of the layer's tar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The image, by its place in the report.
    pub image: u32,
    /// The layer, 0 at the bottom.
    pub layer: u32,
    /// The entry's place in the layer's tar, from 0.
    pub entry: u32,
}

/// What the page sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Answers carry it back.
    pub id: RequestId,
    /// The archive it is about.
    pub job: Job,
    /// What is asked.
    pub request: Request,
}

/// What the page can ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Open what rides beside, as the envelope's job. Answered with [`Reply::Done`] once taken on; all else comes as
    /// events. What is open stays open.
    Open {
        /// What it is.
        source: Source,
        /// Whether it is read beyond the limits that can be lifted: [`crate::limits::Limits::none`].
        unlimited: bool,
        /// An open archive whose place it takes. That one stays until [`Event::Opened`], and for good if that does not
        /// come.
        replaces: Option<Job>,
    },
    /// Stop reading; what is known stays.
    Cancel,
    /// Forget the archive.
    Close,
    /// Choose what the tree shows. Answered with [`Reply::View`]. What was expanded stays so.
    Show(ViewSpec),
    /// Expand or collapse. Answered with [`Reply::View`].
    Expand(Expand),
    /// Rows of the current view: `start..start + len`, fewer at the end. Answered with [`Reply::Rows`].
    Rows {
        /// The first row.
        start: u32,
        /// How many.
        len: u32,
    },
    /// Expand what is above a path so that it has a row. Answered with [`Reply::Located`].
    Locate {
        /// Path from the root, without a leading slash.
        path: BString,
    },
    /// The life of a path through all layers. Answered with [`Reply::Biography`].
    Biography {
        /// The image.
        image: u32,
        /// The path.
        node: Node,
    },
    /// One directory as lower, upper and merged. Answered with [`Reply::Overlay`].
    Overlay {
        /// The image.
        image: u32,
        /// The layer that is the upper one.
        layer: u32,
        /// The directory.
        node: Node,
    },
    /// What the layers of an image cost. Answered with [`Reply::Audit`].
    Audit {
        /// The image.
        image: u32,
    },
    /// A part of a version's content, at most `limit` bytes. Answered with [`Reply::Content`].
    Content {
        /// Which version.
        version: Version,
        /// Offset in the content, in bytes.
        offset: u64,
        /// The most bytes wanted.
        limit: u64,
    },
    /// Where a path leads in the merged filesystem, symbolic links followed. Answered with [`Reply::Followed`].
    Follow {
        /// The image.
        image: u32,
        /// The topmost layer of that filesystem.
        upto: u32,
        /// The path from the root, without a leading slash.
        path: BString,
    },
    /// What differs between the contents of two versions. Answered with [`Reply::Compared`].
    Compare {
        /// The version that it is compared with.
        old: Version,
        /// The version that is compared.
        new: Version,
        /// Whether bytes are compared even if both are text.
        hex: bool,
    },
    /// About images elsewhere. Answered with [`Reply::Remote`].
    Remote(registry::Ask),
    /// About indexes that the browser keeps. Answered with [`Reply::Kept`].
    Kept(kept::Ask),
    /// About containers. Answered with [`Reply::Containers`].
    Containers(Box<Ask>),
    /// The whole content, to be saved. Answered with [`Reply::Done`], a `Blob` riding beside.
    Download {
        /// Which version.
        version: Version,
    },
    /// A tar, to be saved. Answered with [`Reply::Done`], a `Blob` riding beside.
    Tar {
        /// The image.
        image: u32,
        /// The topmost of the layers that are merged, or the only one.
        layer: u32,
        /// From which path on; the root for everything.
        node: Node,
        /// Whether it is what the layer alone has, its whiteouts included, and not the merged filesystem.
        alone: bool,
    },
}

/// What to open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// The `File` that rides beside, by its name.
    File(String),
    /// A directory by its name; beside rides a `Blob` of its files' contents, one after the other.
    Directory {
        /// Its name.
        name: String,
        /// Its files in the blob's order: the path from the directory, and the length in bytes.
        files: Vec<(BString, u64)>,
    },
    /// A built-in sample by its name: see [`crate::fixture::samples`].
    Sample(String),
    /// An image elsewhere.
    Remote(Remote),
}

/// What the tree shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewSpec {
    /// The image.
    pub image: u32,
    /// Layers `0..=upto` are merged.
    pub upto: u32,
    /// What counts as a change.
    pub compare: Compare,
    /// Only paths that contain this text (in any case, over the whole path); empty for all.
    pub filter: String,
    /// Which rows are shown by their change.
    pub changes: ChangeFilter,
    /// The order within a directory.
    pub sort: Sort,
    /// Whether deleted and hidden paths have (ghost) rows.
    pub ghosts: bool,
}

/// Against what a row's change is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compare {
    /// What layer `upto` itself does.
    Layer,
    /// What all layers above the bottom one, up to `upto`, do together.
    Aggregate,
}

/// Which changes have rows; directories above a shown row are always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeFilter {
    /// Added paths.
    pub added: bool,
    /// Modified paths.
    pub modified: bool,
    /// Deleted and hidden paths.
    pub deleted: bool,
    /// Paths without a change.
    pub unmodified: bool,
}

impl Default for ChangeFilter {
    fn default() -> Self {
        Self { added: true, modified: true, deleted: true, unmodified: true }
    }
}

/// The order of rows within a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// By the bytes of the name.
    Name,
    /// Largest first; directories count what is below them.
    Size,
}

/// What to expand or collapse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expand {
    /// Expand one directory.
    Open(Node),
    /// Collapse one directory.
    Close(Node),
    /// Expand every directory.
    All,
    /// Collapse every directory.
    None,
}

/// What the worker sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The worker is ready for requests.
    Ready {
        /// Must equal [`BUILD`] of the page; otherwise one of the two came from a stale cache.
        build: String,
    },
    /// The answer to a request.
    Reply {
        /// The request's id.
        id: RequestId,
        /// The answer, or why there is none.
        result: Result<Reply, Failure>,
    },
    /// Something happened.
    Event {
        /// The archive it is about.
        job: Job,
        /// What.
        event: Event,
    },
}

/// Identifies the build; page and worker must agree.
pub const BUILD: &str = match option_env!("LAYERSCOPE_BUILD") {
    Some(build) => build,
    None => env!("CARGO_PKG_VERSION"),
};

/// Answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// It is done.
    Done,
    /// The state of the view.
    View(View),
    /// Rows.
    Rows(Rows),
    /// Where a path is.
    Located {
        /// The state of the view, its directories expanded.
        view: View,
        /// The path and its row, if it has one.
        found: Option<(Node, u32)>,
    },
    /// A path's life.
    Biography(Biography),
    /// A directory as an overlay.
    Overlay(Overlay),
    /// What an image's layers cost; `None` unless every one was read to its end.
    Audit(Option<Audit>),
    /// Where a path leads.
    Followed(Followed),
    /// What differs between two versions.
    Compared(Box<Comparison>),
    /// About images elsewhere.
    Remote(registry::Answer),
    /// About containers.
    Containers(Box<Told>),
    /// About indexes that the browser keeps.
    Kept(kept::Told),
    /// Content.
    Content {
        /// The bytes.
        bytes: Vec<u8>,
        /// The length of the whole content in bytes.
        size: u64,
    },
}

/// What happens to an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// An image that was made here has other names.
    Names {
        /// The image, by its place in the report.
        image: u32,
        /// Its names.
        names: Vec<String>,
    },
    /// Images or containers came or went without being asked for.
    Shelf,
    /// The documents are read: the history is known. The layers of the report are not yet read.
    Opened {
        /// The report.
        report: Box<Report>,
        /// The archive's name.
        name: String,
        /// The archive's length in bytes.
        size: u64,
    },
    /// How far reading has come. Sent a few times a second.
    Progress(Progress),
    /// The archive has got a further image, behind those before: a container was committed, or something was built.
    Image {
        /// The report.
        report: Box<ImageReport>,
    },
    /// An image that was made here is removed, and nothing stands on it any more. The places of the others stay.
    Gone {
        /// The image.
        image: u32,
    },
    /// The archive is closed: of what was made of nothing, nothing is left.
    Closed,
    /// A layer is read. A layer that several images share is reported once for each.
    Layer {
        /// The image.
        image: u32,
        /// What is known of the layer now. Its sizes within the image come with [`Event::Merged`].
        layer: Box<LayerReport>,
    },
    /// All layers of an image are merged up to, not including, `layers`.
    Merged {
        /// The image.
        image: u32,
        /// How many layers, from the bottom, the tree now holds.
        layers: u32,
        /// What the image holds as a whole so far.
        totals: Totals,
        /// What the merged filesystem's `os-release` says, if there is one.
        os: Option<OsRelease>,
        /// Paths that would be a kernel (`boot/vmlinuz*`, `lib/modules/*`), if any.
        kernel: Vec<String>,
    },
    /// Further oddities, since the report or the event before.
    Anomalies(Vec<AnomalyReport>),
    /// About an image elsewhere.
    Remote(News),
    /// About the index that the browser keeps of it.
    Kept(kept::News),
    /// Everything is read that is wanted.
    Finished,
    /// Reading was cancelled; what is known stays.
    Cancelled,
    /// Reading ended with an error; what is known stays.
    Failed(Failure),
}

/// The sizes of a layer within an image, in bytes of file content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSizes {
    /// File content stored in the layer.
    pub stored: u64,
    /// What the layer adds to the merged filesystem's size; may be negative.
    pub net: i64,
    /// The merged filesystem's size with this layer on top.
    pub cumulative: u64,
    /// Of `stored`, what the merged filesystem of all layers no longer shows.
    pub hidden: u64,
}

/// An image as a whole. `stored = visible + hidden`, in bytes of file content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Paths in the merged filesystem.
    pub paths: u64,
    /// File content stored in all layers.
    pub stored: u64,
    /// Of it, what the merged filesystem shows.
    pub visible: u64,
    /// Of it, what it does not.
    pub hidden: u64,
    /// The layers' own sizes, bottom first, as of now.
    pub layers: Vec<LayerSizes>,
}

/// What `os-release` says (freedesktop.org os-release(5)).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsRelease {
    /// The path it was read from.
    pub path: String,
    /// `PRETTY_NAME`, or what else names it.
    pub pretty_name: String,
    /// `ID`.
    pub id: String,
    /// `VERSION_ID`.
    pub version_id: String,
}

/// How far reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The image and layer being read; `None` while the archive as a whole is.
    pub layer: Option<(u32, u32)>,
    /// Bytes read of it.
    pub done: u64,
    /// Its length in bytes; 0 if nobody knows.
    pub total: u64,
}

/// Why something failed. The page has its own words for each kind; `detail` is for those who want to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// The particulars, in English.
    pub detail: String,
    /// Offset in bytes, where there is one.
    pub offset: Option<u64>,
}

/// The kinds of [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The file is empty.
    Empty,
    /// The file is not an archive at all.
    NotAnArchive,
    /// The file is an archive, but not of an image.
    NotAnImage,
    /// The browser could not read the file: it changed, vanished, or is a directory.
    Unreadable,
    /// The archive is damaged.
    Corrupt(Code),
    /// A compression or feature that is not supported.
    Unsupported,
    /// What was asked for is not there.
    NotFound,
    /// The blob is not in the archive.
    Missing,
    /// It could not be fetched.
    Remote(Trouble),
    /// The browser keeps nothing for this page, or not this.
    NotKept,
    /// The browser gives no more room.
    NoRoom,
    /// The worker could not be loaded or started.
    NotStarted,
    /// The worker crashed.
    Crashed,
    /// The worker did not answer, and was ended.
    Unresponsive,
    /// A thread that read a layer crashed. What is open stays open.
    Interrupted,
    /// Page and worker are not of the same build; reload.
    Stale,
    /// The archive was closed or replaced meanwhile.
    Superseded,
    /// As many archives are open as may be.
    TooMany,
}

impl FailureKind {
    /// Whether the worker is no more after it, and with it the archive that it had open.
    pub fn ends_worker(self) -> bool {
        matches!(self, Self::NotStarted | Self::Crashed | Self::Unresponsive | Self::Stale)
    }
}

/// The state of the view after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Changes with each new content of the view; rows of an older one are to be dropped.
    pub generation: u32,
    /// How many rows it has.
    pub rows: u32,
    /// Paths that match the filters, directories that are only on the way left out.
    pub matches: u32,
    /// The image and layers it was made from.
    pub image: u32,
    /// Layers `0..=upto`.
    pub upto: u32,
}

/// A window of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// The view they belong to.
    pub generation: u32,
    /// The first row's place.
    pub start: u32,
    /// The rows.
    pub rows: Vec<Row>,
}

/// One row of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The path.
    pub node: Node,
    /// Its name as bytes; only the page makes text of it.
    pub name: BString,
    /// The depth, 1 for what is in the root.
    pub level: u32,
    /// Its place among its siblings in the view, from 1.
    pub position: u32,
    /// How many siblings there are in the view, itself included.
    pub siblings: u32,
    /// The row of its parent directory; `None` for what is in the root.
    pub parent: Option<u32>,
    /// What it is; for a ghost, what it was.
    pub facts: Facts,
    /// For directories: the content below, in bytes. For files, its size.
    pub total_size: u64,
    /// The layer it comes from; for a ghost, came from.
    pub layer: u32,
    /// What the compared layer or layers do to it.
    pub change: Change,
    /// For a ghost: the layer that deleted or hid it.
    pub ghost: Option<u32>,
    /// `Some(true)` for an expanded directory, `Some(false)` for a collapsed one with something in it.
    pub expanded: Option<bool>,
    /// What it is for, if it is not a file of the image proper.
    pub role: Option<Role>,
    /// What each layer does to the path; layers that do nothing left out. All layers of the image, also
    /// those above `upto`.
    pub strata: Vec<(u32, Mark)>,
}

/// What a path is for that a builder or a runtime put there, and not the image's author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The registry hives of a Windows layer, as differences to those of the layers below.
    RegistryHives,
    /// The virtual machine in which Windows runs a container under Hyper-V isolation.
    UtilityVm,
    /// The table of contents of an eStargz layer.
    StargzIndex,
    /// The mark of an eStargz layer that says what is to be fetched ahead.
    StargzLandmark,
}

/// A row's change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// None; for a directory, none below it either.
    None,
    /// Of a directory that is itself unchanged: something below it changes.
    Below,
    /// The mark of the change.
    Marked(Mark),
}

/// The metadata of one version of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes (logical, if sparse); 0 for all but files.
    pub size: u64,
    /// `mode & 07777`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Time of last modification.
    pub mtime: Timestamp,
    /// The target of a link, verbatim.
    pub link: Option<BString>,
    /// Major and minor number of a device.
    pub device: Option<(u32, u32)>,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink,
    /// A further name of a file.
    Hardlink,
    /// A character device.
    Char,
    /// A block device.
    Block,
    /// A named pipe.
    Fifo,
    /// A whiteout: deletes a name of the layers below. Only in a layer's own entries.
    Whiteout,
    /// An opaque mark: hides a directory's content of the layers below. Only in a layer's own entries.
    Opaque,
}

/// A path's life: one chapter for each layer that does something to it, bottom first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Biography {
    /// The path.
    pub node: Node,
    /// The whole path from the root, without a leading slash.
    pub path: BString,
    /// What happened, bottom layer first. The last chapter decides.
    pub chapters: Vec<Chapter>,
}

/// What one layer does to a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    /// The layer.
    pub layer: u32,
    /// What it does.
    pub mark: Mark,
    /// Why, if not by an entry for the path itself.
    pub cause: Cause,
    /// The version it puts in place; `None` for deletions and for directories that no entry makes.
    pub version: Option<VersionFacts>,
    /// What differs from the version below.
    pub differences: Vec<Difference>,
}

/// What makes a [`Chapter`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// An entry for the path itself.
    Entry,
    /// A directory that is only implied by what is in it.
    Implied,
    /// A whiteout of the path itself.
    Whiteout,
    /// A whiteout of the directory at this path, above it.
    WhiteoutAbove(BString),
    /// An opaque mark in the directory at this path.
    Opaque(BString),
    /// Something that is not a directory took the place of the directory at this path.
    Replaced(BString),
}

/// A version with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionFacts {
    /// Which.
    pub version: Version,
    /// Its metadata.
    pub facts: Facts,
    /// Its extended attributes.
    pub xattrs: Vec<(BString, BString)>,
    /// Where its header stands in the uncompressed layer, in bytes.
    pub header_offset: u64,
    /// The version that holds the content: itself for a file, the target for a hard link, `None` if there is none.
    pub content: Option<Version>,
}

/// Where a path leads once symbolic links are followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// The path that each link on the way made of it, in order.
    pub hops: Vec<BString>,
    /// What is there.
    pub end: End,
}

/// What is where a path leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// A regular file.
    File {
        /// Its path in the tree.
        node: Node,
        /// The same from the root.
        path: BString,
        /// The version that holds its content.
        version: Version,
        /// Its length in bytes.
        size: u64,
    },
    /// Something else at this path.
    Other(BString, Kind),
    /// Nothing: there is no such path.
    Missing(BString),
    /// Links that lead to each other without an end.
    Loop,
}

/// What can differ between two versions of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Difference {
    /// What it is.
    Kind,
    /// The content.
    Content,
    /// The size.
    Size,
    /// The mode.
    Mode,
    /// Owner or group.
    Owner,
    /// The time of last modification.
    Time,
    /// The target of a link.
    Link,
    /// Extended attributes.
    Xattrs,
    /// Device numbers.
    Device,
}

/// One directory as the overlay of one layer over those below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// The directory from the root, without a leading slash.
    pub path: BString,
    /// Its parent; `None` for the root.
    pub parent: Option<Node>,
    /// Every name that occurs in any of the three, in the order of its bytes.
    pub names: Vec<OverlayName>,
    /// The layer's own tar entries directly in this directory (and for the directory itself), in the tar's order,
    /// whiteouts and opaque marks as they are.
    pub entries: Vec<OverlayEntry>,
    /// Whether the layer makes the directory opaque.
    pub opaque: bool,
}

/// One name in an [`Overlay`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayName {
    /// The path.
    pub node: Node,
    /// The name.
    pub name: BString,
    /// As the layers below show it, with the layer it comes from.
    pub lower: Option<(u32, Facts)>,
    /// As the upper layer has it; a whiteout if it deletes it.
    pub upper: Option<Facts>,
    /// As both together show it, with the layer it comes from.
    pub merged: Option<(u32, Facts)>,
    /// What the upper layer does to it.
    pub mark: Option<Mark>,
}

/// One tar entry of the upper layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayEntry {
    /// The path, verbatim.
    pub path: BString,
    /// Where its header stands in the uncompressed layer, in bytes.
    pub header_offset: u64,
    /// Its metadata.
    pub facts: Facts,
}
