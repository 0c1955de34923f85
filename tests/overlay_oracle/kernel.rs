//! The union as the kernel's overlayfs shows it (Documentation/filesystems/overlayfs.rst).
//!
//! Each layer is extracted into a directory of its own, as container engines do: a whiteout becomes a
//! character device 0/0, an opaque mark the attribute `trusted.overlay.opaque`, and a parent directory
//! without an entry, a whiteout's too, takes the metadata it has below. Layers are read by the `tar` crate.

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsStr,
    fs,
    io::Read,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, lchown},
    },
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, XattrFlags},
    mount::{MountFlags, UnmountFlags},
};

use crate::{
    listing::{self, Entry, IMPLIED_TIME},
    skip,
};

/// What is visible when `layers` are mounted over one another, bottom first; `None`, with a word of why,
/// where that cannot be done.
pub fn merge(layers: &[Vec<u8>]) -> Option<Vec<Entry>> {
    if !rustix::process::geteuid().is_root() {
        skip("overlayfs: only root may mount");
        return None;
    }
    let folder = tempfile::Builder::new().prefix("o").rand_bytes(4).tempdir().unwrap();
    let bottom = folder.path().join("_");
    fs::create_dir(&bottom).unwrap();
    // Top first, as `lowerdir` has them.
    let mut lower = vec![bottom.clone()];
    for (index, layer) in layers.iter().enumerate() {
        let directory = folder.path().join(index.to_string());
        fs::create_dir(&directory).unwrap();
        let below = match Overlay::mount(&lower, &folder.path().join("m")) {
            Ok(below) => below,
            Err(error) => {
                skip(&format!("overlayfs: it cannot be mounted: {error}"));
                return None;
            }
        };
        let opaque_root = Extraction::new(&directory, &below.target).extract(layer);
        if opaque_root {
            // The kernel always merges the roots of the layers.
            lower = vec![bottom.clone()];
        }
        lower.insert(0, directory);
    }
    let merged = Overlay::mount(&lower, &folder.path().join("m")).unwrap();
    Some(listing::list(&merged.target))
}

/// A mounted union; unmounted when dropped.
struct Overlay {
    target: PathBuf,
}

impl Overlay {
    fn mount(lower: &[PathBuf], target: &Path) -> rustix::io::Result<Self> {
        fs::create_dir_all(target).unwrap();
        if let [only] = lower {
            // A single directory needs no union: bind it.
            rustix::mount::mount_bind(only, target)?;
            return Ok(Self { target: target.to_owned() });
        }
        let mut data = OsStr::new("lowerdir=").to_owned();
        for (index, directory) in lower.iter().enumerate() {
            if index > 0 {
                data.push(":");
            }
            data.push(directory);
        }
        let data = std::ffi::CString::new(data.into_encoded_bytes()).unwrap();
        rustix::mount::mount("overlay", target, "overlay", MountFlags::RDONLY, Some(data.as_c_str()))?;
        Ok(Self { target: target.to_owned() })
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.target, UnmountFlags::empty());
    }
}

/// One layer on its way into a directory.
struct Extraction<'a> {
    directory: &'a Path,
    /// The union of the layers below.
    below: &'a Path,
    /// The directories that the layer makes opaque, wherever it says so.
    opaque: BTreeSet<PathBuf>,
    /// Paths that are whiteouts, so that what comes later in their place starts anew.
    deleted: BTreeSet<PathBuf>,
    /// When each directory was last modified, to be set when all is written.
    times: HashMap<PathBuf, (i64, u32)>,
    opaque_root: bool,
}

impl<'a> Extraction<'a> {
    fn new(directory: &'a Path, below: &'a Path) -> Self {
        let (opaque, deleted) = (BTreeSet::new(), BTreeSet::new());
        Self { directory, below, opaque, deleted, times: HashMap::new(), opaque_root: false }
    }

    /// Extracts the tar; whether it makes the root opaque.
    fn extract(mut self, tar: &[u8]) -> bool {
        for entry in tar::Archive::new(tar).entries().unwrap() {
            let path = normal(&entry.unwrap().path_bytes());
            if path.file_name() == Some(OsStr::new(".wh..wh..opq")) {
                self.opaque.extend(path.parent().map(Path::to_owned));
            }
        }
        for entry in tar::Archive::new(tar).entries().unwrap() {
            self.entry(entry.unwrap());
        }
        self.drop_idle_whiteouts();
        for (path, time) in &self.times {
            set_time(&self.directory.join(path), *time);
        }
        self.opaque_root
    }

    fn entry(&mut self, mut entry: tar::Entry<'_, &[u8]>) {
        if entry.header().entry_type().is_pax_global_extensions() {
            return;
        }
        let path = normal(&entry.path_bytes());
        let Some(name) = path.file_name().map(OsStrExt::as_bytes) else {
            return; // the root: it is left out of every listing
        };
        let parent = path.parent().unwrap_or(Path::new("")).to_owned();
        if name == b".wh..wh..opq" {
            self.opaque(&parent);
        } else if name.starts_with(b".wh..wh.") {
            // What aufs keeps for itself.
        } else if let Some(name) = name.strip_prefix(b".wh.") {
            self.whiteout(&parent.join(OsStr::from_bytes(name)));
        } else {
            self.parents(&parent);
            self.create(&path, &mut entry);
        }
    }

    fn opaque(&mut self, path: &Path) {
        if path.as_os_str().is_empty() {
            self.opaque_root = true;
        } else if !self.stands_on_other(path) {
            self.parents(path);
            set_opaque(&self.directory.join(path));
        }
    }

    /// A whiteout hides what is below. It needs a directory to stand in, as everything does, and an entry of
    /// its own layer wins over it.
    fn whiteout(&mut self, path: &Path) {
        let parent = path.parent().unwrap_or(Path::new(""));
        if self.stands_on_other(parent) {
            return;
        }
        self.parents(parent);
        let target = self.directory.join(path);
        match fs::symlink_metadata(&target) {
            Ok(metadata) if metadata.is_dir() => set_opaque(&target),
            Ok(_) => {}
            Err(_) if self.below(path).is_none() => {}
            Err(_) => {
                make_node(&target, FileType::CharacterDevice, 0, (0, 0));
                self.deleted.insert(path.to_owned());
            }
        }
    }

    /// Whether this layer has put something other than a directory at `path` or above it. Marks are never
    /// read through links.
    fn stands_on_other(&self, path: &Path) -> bool {
        let other = |above: &Path| {
            fs::symlink_metadata(self.directory.join(above)).is_ok_and(|found| !found.is_dir())
        };
        path.ancestors().any(|above| other(above) && !self.deleted.contains(above))
    }

    /// Takes out the whiteouts in opaque directories: nothing is merged there, so the kernel would list them.
    fn drop_idle_whiteouts(&self) {
        for path in &self.deleted {
            let mut above = path.ancestors().skip(1).map(|above| self.directory.join(above));
            if above.any(|above| is_opaque(&above)) {
                fs::remove_file(self.directory.join(path)).unwrap();
            }
        }
    }

    /// What `path` is below, no link followed, unless this layer makes a directory above it opaque.
    fn below(&self, path: &Path) -> Option<fs::Metadata> {
        let mut above = path.ancestors().skip(1);
        let plain =
            |above: &Path| fs::symlink_metadata(self.below.join(above)).is_ok_and(|found| found.is_dir());
        if above.any(|above| self.opaque.contains(above) || !plain(above)) {
            return None;
        }
        fs::symlink_metadata(self.below.join(path)).ok()
    }

    /// Makes the directories down to `path` that the layer has not made itself.
    fn parents(&mut self, path: &Path) {
        let mut made = PathBuf::new();
        for part in path.components() {
            made.push(part);
            let target = self.directory.join(&made);
            if fs::symlink_metadata(&target).is_ok_and(|found| found.is_dir()) {
                continue;
            }
            let fresh = self.clear(&made);
            fs::create_dir(&target).unwrap();
            if fresh {
                set_opaque(&target);
            }
            let time = match self.below(&made).filter(|found| found.is_dir() && !fresh) {
                Some(found) => {
                    copy_metadata(&self.below.join(&made), &found, &target);
                    (found.mtime(), found.mtime_nsec() as u32)
                }
                None => (IMPLIED_TIME, 0),
            };
            self.times.insert(made.clone(), time);
        }
    }

    /// Takes away what this layer has at `path`; whether that was a whiteout.
    fn clear(&mut self, path: &Path) -> bool {
        let target = self.directory.join(path);
        match fs::symlink_metadata(&target) {
            Ok(found) if found.is_dir() => {
                fs::remove_dir_all(&target).unwrap();
                self.times.retain(|directory, _| !directory.starts_with(path));
            }
            Ok(_) => fs::remove_file(&target).unwrap(),
            Err(_) => {}
        }
        self.deleted.remove(path)
    }

    fn create(&mut self, path: &Path, entry: &mut tar::Entry<'_, &[u8]>) {
        let target = self.directory.join(path);
        let pax = pax(entry);
        let header = entry.header().clone();
        let kind = header.entry_type();
        let merges = kind.is_dir() && fs::symlink_metadata(&target).is_ok_and(|found| found.is_dir());
        let fresh = !merges && self.clear(path);
        let mode = header.mode().unwrap() & 0o7777;
        let device = (
            header.device_major().unwrap_or(None).unwrap_or(0),
            header.device_minor().unwrap_or(None).unwrap_or(0),
        );
        match kind.as_byte() {
            b'5' if merges => {
                for (name, _) in listing::xattrs(&target) {
                    rustix::fs::lremovexattr(&target, &name[..]).unwrap();
                }
            }
            b'5' => {
                fs::create_dir(&target).unwrap();
                if fresh {
                    set_opaque(&target);
                }
            }
            b'0' | b'7' | 0 => {
                let mut body = Vec::new();
                entry.read_to_end(&mut body).unwrap();
                fs::write(&target, body).unwrap();
            }
            b'1' => {
                let linked = normal(&entry.link_name_bytes().unwrap());
                return self.hard_link(&linked, &target);
            }
            b'2' => {
                let link = entry.link_name_bytes().unwrap();
                std::os::unix::fs::symlink(OsStr::from_bytes(&link), &target).unwrap();
            }
            b'3' => make_node(&target, FileType::CharacterDevice, mode, device),
            b'4' => make_node(&target, FileType::BlockDevice, mode, device),
            b'6' => make_node(&target, FileType::Fifo, mode, (0, 0)),
            _ => return,
        }
        let id = |key: &str, header: u64| {
            let stated =
                pax.get(key.as_bytes()).and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
            u32::try_from(stated.unwrap_or(header)).unwrap()
        };
        let (uid, gid) = (id("uid", header.uid().unwrap()), id("gid", header.gid().unwrap()));
        if kind.is_symlink() {
            lchown(&target, Some(uid), Some(gid)).unwrap();
        } else {
            set_owner_and_mode(&target, uid, gid, mode);
        }
        for (key, value) in &pax {
            let name =
                key.strip_prefix(b"SCHILY.xattr.").filter(|name| !name.starts_with(b"trusted.overlay."));
            if let Some(name) = name {
                rustix::fs::lsetxattr(&target, name, value, XattrFlags::empty()).unwrap();
            }
        }
        let time = match pax.get(&b"mtime"[..]) {
            Some(value) => seconds(std::str::from_utf8(value).unwrap()),
            None => (header.mtime().unwrap() as i64, 0),
        };
        if kind.is_dir() {
            self.times.insert(path.to_owned(), time);
        } else {
            set_time(&target, time);
        }
    }

    /// Makes a hard link. A target in a lower layer is copied up first, as `link` in a mounted union does.
    fn hard_link(&mut self, linked: &Path, target: &Path) {
        let source = self.directory.join(linked);
        if fs::symlink_metadata(&source).is_err() {
            let Some(found) = self.below(linked) else { return };
            self.parents(linked.parent().unwrap_or(Path::new("")));
            fs::copy(self.below.join(linked), &source).unwrap();
            copy_metadata(&self.below.join(linked), &found, &source);
            set_time(&source, (found.mtime(), found.mtime_nsec() as u32));
        }
        fs::hard_link(&source, target).unwrap();
    }
}

/// The path from the root: no leading slash, no dots.
fn normal(path: &[u8]) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in Path::new(OsStr::from_bytes(path)).components() {
        match part {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => drop(normal.pop()),
            _ => {}
        }
    }
    normal
}

fn pax(entry: &mut tar::Entry<'_, &[u8]>) -> HashMap<Vec<u8>, Vec<u8>> {
    let Some(records) = entry.pax_extensions().unwrap() else { return HashMap::new() };
    records
        .map(|record| {
            let record = record.unwrap();
            (record.key_bytes().to_vec(), record.value_bytes().to_vec())
        })
        .collect()
}

/// Seconds and nanoseconds of a PAX time.
fn seconds(text: &str) -> (i64, u32) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let nanos = format!("{fraction:0<9}")[..9].parse().unwrap();
    (whole.parse().unwrap(), nanos)
}

fn set_opaque(directory: &Path) {
    rustix::fs::lsetxattr(directory, "trusted.overlay.opaque", b"y", XattrFlags::empty()).unwrap();
}

fn is_opaque(directory: &Path) -> bool {
    rustix::fs::lgetxattr(directory, "trusted.overlay.opaque", &mut [0; 1][..]).is_ok()
}

/// Gives `target` owner, mode and attributes of `source`.
fn copy_metadata(source: &Path, found: &fs::Metadata, target: &Path) {
    set_owner_and_mode(target, found.uid(), found.gid(), found.mode() & 0o7777);
    for (name, value) in listing::xattrs(source) {
        rustix::fs::lsetxattr(target, &name[..], &value, XattrFlags::empty()).unwrap();
    }
}

/// The owner first: changing it clears setuid.
fn set_owner_and_mode(path: &Path, uid: u32, gid: u32, mode: u32) {
    lchown(path, Some(uid), Some(gid)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn set_time(path: &Path, (secs, nanos): (i64, u32)) {
    let time = Timespec { tv_sec: secs, tv_nsec: nanos.into() };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

fn make_node(path: &Path, kind: FileType, mode: u32, (major, minor): (u32, u32)) {
    let device = rustix::fs::makedev(major, minor);
    rustix::fs::mknodat(CWD, path, kind, Mode::from_raw_mode(mode), device).unwrap();
}
