//! The compact index of a layer's entries.

use std::{cell::OnceCell, collections::HashMap, fmt, hash::Hasher as _, num::NonZeroU64};

use bstr::{BStr, BString, ByteSlice};
use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::{
    anomaly::{self, Anomaly, Code},
    limits::{Limit, Limits},
    path::{self, Meaning},
    tar::{self, EntryKind, SparseSegment, Timestamp},
    tree::{self, NodeId, Paths, Tree},
};

/// An entry of a layer, by its place among the entries that the index holds, in the order of the tar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntryId(pub u32);

impl EntryId {
    /// Its place in arrays that run beside the index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an entry of a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A further name of a file.
    HardLink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// Deletes the path of the layers below. The record's node is the path that it deletes.
    Whiteout,
    /// Hides what the layers below have in a directory. The record's node is that directory.
    Opaque,
}

impl Kind {
    /// Whether it is a file of any kind, and not a mark about layers below.
    pub fn is_merged(self) -> bool {
        !matches!(self, Self::Whiteout | Self::Opaque)
    }
}

/// A keyed hash of a file's content: equal contents have equal hashes, and nobody who does not know the
/// key can make different contents with equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content(NonZeroU64);

/// The key of [`Content`] hashes: random, and the same for all layers that are compared.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ContentKey(pub [u8; 16]);

impl ContentKey {
    /// A key from the randomness that the standard library has; a browser's worker asks the browser.
    pub fn random() -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        let half = || RandomState::new().hash_one(0u8).to_le_bytes();
        let mut key = [0; 16];
        key[..8].copy_from_slice(&half());
        key[8..].copy_from_slice(&half());
        Self(key)
    }

    pub(super) fn hasher(&self) -> ContentHasher {
        ContentHasher(SipHasher13::new_with_key(&self.0))
    }
}

#[derive(Debug)]
pub(super) struct ContentHasher(SipHasher13);

impl ContentHasher {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn finish(self) -> Content {
        // The one hash in 2⁶⁴ that is zero shares the place of one.
        Content(NonZeroU64::new(self.0.finish128().h1).unwrap_or(NonZeroU64::MIN))
    }
}

/// One entry of a layer.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// The path, in the tree of the index; see [`Kind`] for whiteouts and opaque marks.
    pub node: NodeId,
    /// What it is.
    pub kind: Kind,
    /// Whether its name is reserved by aufs: listed, but never merged.
    pub reserved: bool,
    /// `mode & 07777`.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Time of last modification, whole seconds.
    mtime_secs: i64,
    /// Content as a reader sees it, in bytes; 0 for all but files.
    pub size: u64,
    /// Offset of its first header block in the uncompressed tar, in bytes.
    pub header_offset: u64,
    /// How many blocks its headers take; its content follows.
    headers: u32,
    /// See [`Packed::extra`].
    extra: u32,
}

/// A [`Record`] as it is kept: 28 bytes, as a layer may hold a million of them. Of most numbers it has the lower half; the upper
/// ones are in [`Rare::upper`].
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Packed {
    node: NodeId,
    kind: Kind,
    reserved: bool,
    mode: u16,
    /// Its place in [`Index::owners`].
    owner: u16,
    /// How many blocks its headers take.
    headers: u16,
    /// Seconds.
    mtime: u32,
    size: u32,
    /// The number of its first header block.
    block: u32,
    /// Its place in the side table of what few entries have; `NONE` if it has nothing of it.
    extra: u32,
}

/// The upper halves of numbers whose lower ones are nearly always all there is of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Upper {
    owner: u16,
    headers: u16,
    mtime: u32,
    size: u32,
    block: u32,
}

/// Bytes of a header block (POSIX pax, "ustar Interchange Format").
const BLOCK: u64 = 512;

/// The lower and the upper half of a number.
fn halves(number: u64) -> (u32, u32) {
    (number as u32, (number >> 32) as u32)
}

fn whole(lower: u32, upper: u32) -> u64 {
    u64::from(upper) << 32 | u64::from(lower)
}

/// Likewise.
fn short_halves(number: u32) -> (u16, u16) {
    (number as u16, (number >> 16) as u16)
}

fn short_whole(lower: u16, upper: u16) -> u32 {
    u32::from(upper) << 16 | u32::from(lower)
}

impl Record {
    /// Offset of its content in the uncompressed tar, in bytes.
    pub fn body_offset(&self) -> u64 {
        self.header_offset + u64::from(self.headers) * BLOCK
    }
}

/// What few entries have: mostly the target of a link, or a time that was not cut off.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Extra {
    link: BString,
    /// The nanoseconds of the time of last modification: tools that write layers cut them off.
    mtime_nanos: u32,
    #[serde(with = "apart")]
    rare: Option<Box<Rare>>,
}

/// What next to none have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Rare {
    upper: Upper,
    xattrs: Vec<(BString, BString)>,
    device: (u32, u32),
    sparse: Vec<SparseSegment>,
    /// For a sparse file: its bytes in the tar.
    stored_size: u64,
}

const NONE: u32 = u32::MAX;

/// Every entry of a layer in the order of its tar, and every path once.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Index {
    /// Its own paths, until they are shared.
    paths: Paths,
    #[serde(with = "apart")]
    records: Vec<Packed>,
    /// The different users and groups that own entries.
    owners: Vec<(u32, u32)>,
    #[serde(with = "apart")]
    extras: Vec<Extra>,
    /// The contents of the few small files that say what the image is, kept as they passed.
    captured: Vec<(EntryId, Vec<u8>)>,
    layout: Layout,
    /// The hash of each entry's stored content, beside the records: they come later than these where a layer is listed
    /// before it is verified.
    #[serde(skip)]
    contents: OnceCell<Contents>,
}

/// Fields that are written and read by a function of their own, for the reason that [`anomaly::note`] gives.
mod apart {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[inline(never)]
    pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    #[inline(never)]
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        T::deserialize(from)
    }
}

/// For each entry of an [`Index`] the hash of its stored content; `None` for all but files that were read.
pub type Contents = Vec<Option<Content>>;

/// How the tar writes its paths, which is not kept for each of them.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Layout {
    /// Every path begins with `./`.
    dotted: bool,
    /// They are those of a Windows layer; see [`Index::is_windows`].
    windows: bool,
}

/// The directory of a Windows layer whose content is the root of the filesystem (Microsoft hcsshim, `ociwclayer`).
const WINDOWS_FILES: &str = "Files";
/// All that a Windows layer has in its root: besides, the registry hives, and the virtual machine of Hyper-V isolation.
const WINDOWS_ROOT: [&str; 3] = [WINDOWS_FILES, "Hives", "UtilityVM"];

impl Index {
    /// Its entries, in the order of the tar.
    pub fn records(&self) -> impl ExactSizeIterator<Item = (EntryId, Record)> {
        self.records.iter().enumerate().map(|(i, packed)| (EntryId(i as u32), self.unpack(packed)))
    }

    /// One entry, if there are that many.
    pub fn get(&self, entry: EntryId) -> Option<Record> {
        self.records.get(entry.index()).map(|packed| self.unpack(packed))
    }

    /// One entry that is known to be of this index.
    pub fn record(&self, entry: EntryId) -> Record {
        self.unpack(&self.records[entry.index()])
    }

    /// The last entry of the tar.
    pub fn last(&self) -> Option<Record> {
        self.records.last().map(|packed| self.unpack(packed))
    }

    fn unpack(&self, packed: &Packed) -> Record {
        let &Packed { node, kind, reserved, mode, owner, headers, mtime, size, block, extra } = packed;
        let rare = self.extras.get(extra as usize).and_then(|extra| extra.rare.as_deref());
        let upper = rare.map(|rare| rare.upper).unwrap_or_default();
        // What another worker sent is as this program packed it; a place that is none would still be no reason to end.
        let owner = short_whole(owner, upper.owner) as usize;
        let (uid, gid) = self.owners.get(owner).copied().unwrap_or_default();
        Record {
            node,
            kind,
            reserved,
            mode,
            uid,
            gid,
            mtime_secs: whole(mtime, upper.mtime) as i64,
            size: whole(size, upper.size),
            header_offset: whole(block, upper.block) * BLOCK,
            headers: short_whole(headers, upper.headers),
            extra,
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The target of a link, verbatim.
    pub fn link(&self, record: Record) -> Option<&BString> {
        matches!(record.kind, Kind::Symlink | Kind::HardLink)
            .then(|| self.extra(record).map(|extra| &extra.link))
            .flatten()
    }

    /// Time of last modification.
    pub fn mtime(&self, record: Record) -> Timestamp {
        Timestamp { secs: record.mtime_secs, nanos: self.extra(record).map_or(0, |extra| extra.mtime_nanos) }
    }

    /// Extended attributes, in the order of the tar.
    pub fn xattrs(&self, record: Record) -> &[(BString, BString)] {
        self.rare(record).map_or(&[], |rare| &rare.xattrs)
    }

    /// Major and minor number of a device.
    pub fn device(&self, record: Record) -> Option<(u32, u32)> {
        matches!(record.kind, Kind::CharDevice | Kind::BlockDevice)
            .then(|| self.rare(record).map_or((0, 0), |rare| rare.device))
    }

    /// Where the stored bytes of a sparse file go; empty for all else.
    pub fn sparse(&self, record: Record) -> &[SparseSegment] {
        self.rare(record).map_or(&[], |rare| &rare.sparse)
    }

    /// Bytes of content in the tar: less than its size for a sparse file.
    pub fn stored_size(&self, record: Record) -> u64 {
        match self.rare(record) {
            Some(rare) if !rare.sparse.is_empty() => rare.stored_size,
            _ => record.size,
        }
    }

    /// The content of a file that was kept because it says what the image is (`os-release`).
    pub fn captured(&self, entry: EntryId) -> Option<&[u8]> {
        self.captured.iter().find(|(id, _)| *id == entry).map(|(_, bytes)| bytes.as_slice())
    }

    /// The hash of an entry's stored content, if it is known.
    pub fn content(&self, entry: EntryId) -> Option<Content> {
        *self.contents.get()?.get(entry.index())?
    }

    /// The hashes of all stored contents; none if they are not known.
    pub fn contents(&self) -> &[Option<Content>] {
        self.contents.get().map_or(&[], Vec::as_slice)
    }

    /// Whether its records name none but the first `paths` paths.
    pub(crate) fn is_within(&self, paths: usize) -> bool {
        self.records.iter().all(|record| record.node.index() < paths)
            && self.captured.iter().all(|(entry, _)| entry.index() < self.records.len())
    }

    /// Takes on the hashes of the contents, once.
    pub fn set_contents(&self, mut contents: Contents) {
        // Those of a file that has changed meanwhile are not those of these entries.
        if contents.len() == self.len() {
            contents.shrink_to_fit();
            let _ = self.contents.set(contents);
        }
    }

    fn extra(&self, record: Record) -> Option<&Extra> {
        self.extras.get(record.extra as usize)
    }

    fn rare(&self, record: Record) -> Option<&Rare> {
        self.extra(record)?.rare.as_deref()
    }

    /// Whether it is the layer of a Windows image: its files stand below `Files/`, which the paths of its records go
    /// without. Where that would lead to one of the names in [`WINDOWS_ROOT`], it stays, and all paths stay different.
    pub fn is_windows(&self) -> bool {
        self.layout.windows
    }

    /// A path of its records as the tar has it, but for a leading `./` and a trailing slash.
    pub fn tar_path(&self, path: BString) -> BString {
        let first = path.split_once_str("/").map_or(path.as_slice(), |(first, _)| first);
        if !self.is_windows() || is_windows_root(first) {
            return path;
        }
        if path.is_empty() { WINDOWS_FILES.into() } else { path::join_name(WINDOWS_FILES.as_bytes(), &path) }
    }

    /// What stands before each of its paths in the tar: `./` or nothing.
    pub fn tar_prefix(&self) -> &'static str {
        if self.layout.dotted { "./" } else { "" }
    }

    /// The names of a path of the tar as the paths of its records have them.
    pub(crate) fn names_of<'p, 'n>(&self, path: &'p [&'n BStr]) -> &'p [&'n BStr] {
        match path {
            [first, rest @ ..]
                if self.is_windows()
                    && *first == WINDOWS_FILES
                    && !rest.first().is_some_and(|name| is_windows_root(name)) =>
            {
                rest
            }
            _ => path,
        }
    }

    /// Moves the paths into a tree that other layers share, and gives up its own. `windows` says whether the layer is
    /// stated to be of a Windows image, if anything is stated.
    ///
    /// # Errors
    ///
    /// If the tree cannot hold them all.
    pub fn share_paths(&mut self, shared: &mut Tree, windows: Option<bool>) -> Result<(), tree::Full> {
        let files = self.windows_files(windows);
        self.layout.windows = files.is_some();
        let own = std::mem::take(&mut self.paths);
        shared.reserve(&own);
        let mut moved = Vec::with_capacity(own.len());
        moved.push(NodeId::ROOT);
        for (node, parent, name) in own.iter() {
            // Parents come first, so the parent has moved already.
            let mut place = moved[parent.index()];
            if files == Some(node) {
                moved.push(place);
                continue;
            }
            if files == Some(parent) && is_windows_root(name) {
                place = shared.intern(place, WINDOWS_FILES.as_bytes())?;
            }
            moved.push(shared.intern(place, name)?);
        }
        for record in &mut self.records {
            record.node = moved[record.node.index()];
        }
        // What is received or built in steps has room for more, and none will come.
        self.records.shrink_to_fit();
        self.extras.shrink_to_fit();
        Ok(())
    }

    /// Bytes of memory that it takes.
    pub fn heap_size(&self) -> usize {
        let rare = |rare: &Rare| {
            let xattrs = rare.xattrs.iter().map(|(name, value)| name.capacity() + value.capacity());
            size_of::<Rare>()
                + rare.xattrs.capacity() * size_of::<(BString, BString)>()
                + xattrs.sum::<usize>()
                + rare.sparse.capacity() * size_of::<SparseSegment>()
        };
        let extra = |extra: &Extra| extra.link.capacity() + extra.rare.as_deref().map_or(0, rare);
        self.paths.heap_size()
            + self.records.capacity() * size_of::<Packed>()
            + self.owners.capacity() * size_of::<(u32, u32)>()
            + self.extras.capacity() * size_of::<Extra>()
            + self.extras.iter().map(extra).sum::<usize>()
            + self.captured.iter().map(|(_, bytes)| bytes.capacity()).sum::<usize>()
            + self.contents.get().map_or(0, |contents| contents.capacity() * size_of::<Option<Content>>())
    }

    /// The directory `Files` if the root is that of a Windows layer. Where nothing is stated, there must be hives too.
    fn windows_files(&self, windows: Option<bool>) -> Option<NodeId> {
        let root: Vec<(NodeId, &BStr)> = self.paths.children(NodeId::ROOT).collect();
        let find = |name: &str| root.iter().find(|(_, child)| *child == name).map(|(node, _)| *node);
        let [files, hives, _] = WINDOWS_ROOT.map(find);
        let files = files.filter(|_| windows.unwrap_or(hives.is_some()))?;
        let names_fit = root.iter().all(|(_, name)| is_windows_root(name));
        let is_directory = |record: &Packed| matches!(record.kind, Kind::Directory | Kind::Opaque);
        let kinds_fit = self.records.iter().filter(|record| record.node == files).all(is_directory);
        (names_fit && kinds_fit).then_some(files)
    }
}

fn is_windows_root(name: &[u8]) -> bool {
    WINDOWS_ROOT.iter().any(|root| root.as_bytes() == name)
}

/// Builds an [`Index`] from the entries of a tar.
pub(super) struct Builder {
    /// Whether entries are kept; else there are the hashes of their contents alone.
    keeps_entries: bool,
    tree: Tree,
    index: Index,
    contents: Contents,
    /// The place of each owner in the index.
    owners: HashMap<(u32, u32), u32>,
    /// How many entries the tar has, those left out of the index included.
    pub(super) entries: u64,
    limits: Limits,
    /// Bytes of links, attributes and sparse maps that are kept.
    extra_bytes: usize,
    /// Why nothing more is taken on.
    pub(super) limit_reached: Option<Limit>,
}

/// Attributes in which overlayfs keeps its own marks (Linux, Documentation/filesystems/overlayfs.rst). In a layer they
/// mean nothing: it has `.wh.` files for that.
const OVERLAYFS_XATTRS: [&str; 2] = ["trusted.overlay.", "user.overlay."];

/// Files whose content says what the image is.
const CAPTURE: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];
const CAPTURE_NAME: &str = "os-release";
const CAPTURE_MAX: u64 = 64 << 10;

impl Builder {
    pub(super) fn new(key: ContentKey, limits: Limits, keeps_entries: bool) -> Self {
        let (tree, index) = (Tree::new(key.0), Index::default());
        let (contents, owners) = (Vec::new(), HashMap::new());
        Self {
            keeps_entries,
            tree,
            index,
            contents,
            owners,
            entries: 0,
            limits,
            extra_bytes: 0,
            limit_reached: None,
        }
    }

    /// Takes an entry on. Returns its place, if it has a content to come that should be given to
    /// [`Builder::content`].
    pub(super) fn entry(&mut self, entry: tar::Entry, anomalies: &mut Vec<Anomaly>) -> Option<EntryId> {
        self.entries += 1;
        if let Some((limit, most, what)) = self.limit() {
            self.limit_reached = Some(limit);
            let message = format_args!("the layer has more than {most} {what}; the rest is not listed");
            anomaly::note(anomalies, Code::LimitReached, entry.header_offset, message);
            return None;
        }
        let offset = entry.header_offset;
        let dotted = entry.path.starts_with(b"./");
        let packed = self.pack(entry, anomalies)?;
        let id = EntryId(self.contents.len() as u32);
        let has_content = packed.kind == Kind::File;
        if self.keeps_entries {
            let layout = &mut self.index.layout;
            layout.dotted = dotted && (layout.dotted || self.index.records.is_empty());
            let record = self.index.unpack(&packed);
            debug_assert_eq!(record.header_offset, offset);
            if has_content && self.captures(record) {
                self.index.captured.push((id, Vec::new()));
            }
            tree::reserve(&mut self.index.records, 1);
            self.index.records.push(packed);
        }
        tree::reserve(&mut self.contents, 1);
        self.contents.push(None);
        has_content.then_some(id)
    }

    /// What there is too much of to take another entry on: its limit, and its name.
    fn limit(&self) -> Option<(Limit, usize, &'static str)> {
        let (tree, entries) = (&self.tree, self.contents.len());
        let Limits { layer_entries, layer_paths, layer_text, .. } = self.limits;
        if entries >= layer_entries {
            Some((Limit::Entries, layer_entries, "entries"))
        } else if tree.len() >= layer_paths {
            Some((Limit::Paths, layer_paths, "paths"))
        } else if tree.name_bytes() + self.extra_bytes >= layer_text {
            Some((Limit::Text, layer_text, "bytes of names, links and attributes"))
        } else {
            None
        }
    }

    /// Takes stored bytes of the file that [`Builder::entry`] returned last.
    pub(super) fn body(&mut self, entry: EntryId, bytes: &[u8]) {
        if let Some((_, captured)) = self.index.captured.last_mut().filter(|(id, _)| *id == entry) {
            captured.extend_from_slice(bytes);
        }
    }

    /// Takes the hash of a whole content.
    pub(super) fn content(&mut self, entry: EntryId, hasher: ContentHasher) {
        self.contents[entry.index()] = Some(hasher.finish());
    }

    /// Whether the content of the file that [`Builder::entry`] returned last is kept.
    pub(super) fn keeps(&self, entry: EntryId) -> bool {
        self.index.captured.last().is_some_and(|(id, _)| *id == entry)
    }

    pub(super) fn finish(self) -> (Index, Contents) {
        (Index { paths: self.tree.into_paths(), ..self.index }, self.contents)
    }

    fn captures(&self, record: Record) -> bool {
        let tree = &self.tree;
        tree.name(record.node) == CAPTURE_NAME
            && self.index.stored_size(record) <= CAPTURE_MAX
            && CAPTURE.iter().any(|path| tree.path(record.node) == *path)
    }

    /// What is kept of an entry, or `None` if it is rejected.
    fn pack(&mut self, entry: tar::Entry, anomalies: &mut Vec<Anomaly>) -> Option<Packed> {
        let offset = entry.header_offset;
        let mut note = |code, message: fmt::Arguments<'_>| anomaly::note(anomalies, code, offset, message);
        let kind = match entry.kind {
            EntryKind::File => Kind::File,
            EntryKind::Directory => Kind::Directory,
            EntryKind::Symlink => Kind::Symlink,
            EntryKind::HardLink => Kind::HardLink,
            EntryKind::CharDevice => Kind::CharDevice,
            EntryKind::BlockDevice => Kind::BlockDevice,
            EntryKind::Fifo => Kind::Fifo,
            // The parser has noted it; there is nothing to merge.
            EntryKind::Unknown(_) => return None,
        };
        let is_overlayfs_attribute = |(name, _): &(BString, BString)| {
            OVERLAYFS_XATTRS.iter().any(|prefix| name.starts_with_str(prefix))
        };
        if kind == Kind::CharDevice && entry.device == (0, 0) {
            let message = "is a character device 0/0, a whiteout to overlayfs only";
            note(Code::OverlayfsMark, format_args!("{:?} {message}", entry.path));
        } else if let Some((name, _)) = entry.xattrs.iter().find(|xattr| is_overlayfs_attribute(xattr)) {
            let message = "which only overlayfs acts on";
            note(Code::OverlayfsMark, format_args!("{:?} has {name:?}, {message}", entry.path));
        }
        let mut names = match path::normalise(&entry.path) {
            Ok(normalised) => {
                if normalised.unusual {
                    note(
                        Code::PathUnusual,
                        format_args!("path {:?} is not a plain relative path", entry.path),
                    );
                }
                normalised.names
            }
            Err(error) => {
                note(Code::PathTooLong, format_args!("{error}"));
                return None;
            }
        };
        if names.is_empty() && kind != Kind::Directory {
            note(Code::PathUnusual, format_args!("an entry other than a directory claims to be the root"));
            return None;
        }
        if names.iter().any(|name| is_unusual_name(name)) {
            let message = "holds control, bidirectional or non-UTF-8 characters";
            note(Code::NameUnusual, format_args!("name {:?} {message}", entry.path));
        }
        let (kind, reserved) = match names.last().map_or(Meaning::Plain, |name| path::meaning(name)) {
            Meaning::Plain => (kind, false),
            Meaning::Reserved => (kind, true),
            Meaning::Whiteout(target) => {
                names.pop();
                names.push(target);
                (Kind::Whiteout, false)
            }
            Meaning::Opaque => {
                names.pop();
                (Kind::Opaque, false)
            }
            Meaning::Bare => {
                note(Code::WhiteoutBare, format_args!("{:?} is a whiteout of nothing", entry.path));
                return None;
            }
        };
        let mut node = NodeId::ROOT;
        for name in names {
            node = match self.tree.intern(node, name) {
                Ok(node) => node,
                Err(error) => {
                    note(Code::LimitReached, format_args!("{error}"));
                    return None;
                }
            };
        }
        let mut id = |id: u64, what: &str| {
            u32::try_from(id).unwrap_or_else(|_| {
                let message = format_args!("{what} id {id} of {:?} is beyond 32 bits", entry.path);
                anomaly::note(anomalies, Code::ValueOutOfRange, offset, message);
                u32::MAX
            })
        };
        let (uid, gid) = (id(entry.uid, "user"), id(entry.gid, "group"));
        let (mtime, upper_mtime) = halves(entry.mtime.secs as u64);
        let (size, upper_size) = halves(if kind == Kind::File { entry.size } else { 0 });
        let (block, upper_block) = halves(offset / BLOCK);
        let (owner, upper_owner) = short_halves(self.owner(uid, gid));
        // Extension headers are capped well below 2 TiB.
        let headers = entry.body_offset.saturating_sub(offset) / BLOCK;
        debug_assert_eq!(offset + headers * BLOCK, entry.body_offset);
        let (headers, upper_headers) = short_halves(u32::try_from(headers).unwrap_or(u32::MAX));
        let rare = Rare {
            upper: Upper {
                owner: upper_owner,
                headers: upper_headers,
                mtime: upper_mtime,
                size: upper_size,
                block: upper_block,
            },
            xattrs: entry.xattrs,
            device: entry.device,
            stored_size: if entry.sparse.is_empty() { 0 } else { entry.stored_size },
            sparse: entry.sparse,
        };
        let rare = (rare != Rare::default()).then(|| Box::new(rare));
        let mut extra = Extra { link: entry.link, mtime_nanos: entry.mtime.nanos, rare };
        extra.link.shrink_to_fit();
        Some(Packed {
            node,
            kind,
            reserved,
            mode: (entry.mode & 0o7777) as u16,
            owner,
            headers,
            mtime,
            size,
            block,
            extra: self.keep(extra),
        })
    }

    fn owner(&mut self, uid: u32, gid: u32) -> u32 {
        let owners = &mut self.index.owners;
        *self.owners.entry((uid, gid)).or_insert_with(|| {
            owners.push((uid, gid));
            (owners.len() - 1) as u32
        })
    }

    fn keep(&mut self, extra: Extra) -> u32 {
        if extra == Extra::default() {
            return NONE;
        }
        let rare = |rare: &Rare| {
            let attributes = rare.xattrs.iter().map(|(name, value)| name.len() + value.len());
            attributes.sum::<usize>() + size_of_val(rare.sparse.as_slice())
        };
        self.extra_bytes += extra.link.len() + extra.rare.as_deref().map_or(0, rare);
        if !self.keeps_entries {
            return NONE;
        }
        self.index.extras.push(extra);
        (self.index.extras.len() - 1) as u32
    }
}

/// Whether a name cannot be shown as it is: not UTF-8, or with control or bidirectional characters.
fn is_unusual_name(name: &[u8]) -> bool {
    let is_plain = name.iter().all(|byte| (0x20..0x7f).contains(byte));
    !is_plain && name.to_str().map_or(true, |name| name.chars().any(is_unusual_char))
}

/// Whether a character is invisible or acts on what is around it: control characters, zero-width and
/// bidirectional ones.
pub fn is_unusual_char(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: String) -> tar::Entry {
        tar::Entry { path: name.into(), body_offset: BLOCK, ..tar::writer::plain(EntryKind::File) }
    }

    #[test]
    fn numbers_are_kept_whole_however_large() {
        let mut builder = Builder::new(ContentKey([7; 16]), Limits::default(), true);
        let mut anomalies = Vec::new();
        // More owners than have room in the lower half.
        for owner in 0..70_000u64 {
            builder.entry(
                tar::Entry { uid: owner, gid: owner + 1, ..file(format!("f{owner}")) },
                &mut anomalies,
            );
        }
        let large = tar::Entry {
            size: u64::MAX - 5,
            mtime: Timestamp { secs: -1, nanos: 7 },
            header_offset: (5 << 32 | 3) * BLOCK,
            body_offset: (5 << 32 | 3) * BLOCK + 70_000 * BLOCK,
            ..file("large".into())
        };
        builder.entry(large.clone(), &mut anomalies);
        let late = Timestamp { secs: 1 << 40 | 9, nanos: 0 };
        builder.entry(tar::Entry { mtime: late, ..file("late".into()) }, &mut anomalies);
        let (index, _) = builder.finish();
        for owner in [0, 65_535, 65_536, 69_999] {
            let record = index.record(EntryId(owner));
            assert_eq!((record.uid, record.gid), (owner, owner + 1));
        }
        let record = index.record(EntryId(70_000));
        assert_eq!(record.size, large.size);
        assert_eq!(index.mtime(record), large.mtime);
        assert_eq!((record.header_offset, record.body_offset()), (large.header_offset, large.body_offset));
        assert_eq!(index.mtime(index.record(EntryId(70_001))), late);
        assert_eq!(size_of::<Packed>(), 28);
        assert!(anomalies.is_empty(), "{anomalies:?}");
    }
}
