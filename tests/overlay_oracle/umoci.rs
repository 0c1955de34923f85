//! The union as `umoci unpack` extracts it.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::Command,
    time::SystemTime,
};

use bstr::ByteSlice;
use layerscope::fixture::{Archive, Image, Pack, Shape, Tar};

use crate::{
    listing::{self, Entry, Kind},
    skip,
};

/// What came of asking umoci.
pub enum Outcome {
    /// This is the filesystem it made.
    Merged(Vec<Entry>),
    /// It stopped with this message.
    Refused(String),
    /// It cannot be asked here; the reason has been told.
    Unavailable,
}

/// Unpacks an image of these layers, bottom first.
pub fn merge(layers: &[Vec<u8>]) -> Outcome {
    let mut image = Image::new().name("stack:latest");
    for layer in layers {
        image = image.raw_layer(layer.clone(), "RUN something");
    }
    let folder = tempfile::tempdir().unwrap();
    write(&Archive::new(Shape::OciLayout).pack(Pack::Gzip).image(image).members(), folder.path());
    unpack(folder.path(), "latest")
}

/// Unpacks an image of an OCI layout directory.
pub fn unpack(layout: &Path, tag: &str) -> Outcome {
    if !rustix::process::geteuid().is_root() {
        skip("umoci: only root may give files to others");
        return Outcome::Unavailable;
    }
    let start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
    let bundle = tempfile::tempdir().unwrap();
    let bundle = bundle.path().join("bundle");
    let image = format!("{}:{tag}", layout.display());
    let output = Command::new("umoci").args(["unpack", "--image", &image]).arg(&bundle).output();
    match output {
        Ok(output) if output.status.success() => Outcome::Merged(list(&bundle.join("rootfs"), start)),
        Ok(output) => Outcome::Refused(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => {
            skip(&format!("umoci cannot be run: {error}"));
            Outcome::Unavailable
        }
    }
}

/// What lies in `rootfs`. umoci touches a directory when it makes another in it, so of one that is newer
/// than `start` the time says nothing.
fn list(rootfs: &Path, start: i64) -> Vec<Entry> {
    if !rootfs.exists() {
        return Vec::new(); // there was nothing to extract
    }
    let mut entries = listing::list(rootfs);
    for entry in entries.iter_mut().filter(|entry| entry.kind == Kind::Dir) {
        entry.mtime = entry.mtime.filter(|(secs, _)| *secs < start);
    }
    entries
}

/// Writes the directories and files of `tar` to `folder`.
pub fn write(tar: &Tar, folder: &Path) {
    for entry in &tar.entries {
        let path = folder.join(OsStr::from_bytes(&entry.path));
        if entry.flag == b'5' {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::write(path, &entry.body).unwrap();
        }
    }
}

/// Whether umoci merges this stack otherwise than overlayfs does: it follows a symbolic link of a lower
/// layer where an upper one has a directory without an entry of its own, and fails over any other file there.
pub fn differs(layers: &[Tar]) -> bool {
    // What is not a directory below, or may not be one.
    let mut others: HashSet<Vec<u8>> = HashSet::new();
    for layer in layers {
        let mut made: HashMap<&[u8], u8> = HashMap::new();
        let mut gone: Vec<Vec<u8>> = Vec::new();
        for entry in &layer.entries {
            let path = entry.path.strip_suffix(b"/").unwrap_or(&entry.path);
            let mut slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
            if slashes.any(|at| others.contains(&path[..at]) && !made.contains_key(&path[..at])) {
                return true;
            }
            made.insert(path, entry.flag);
            if let Some(at) = path.find(b".wh.") {
                gone.push([&path[..at], &path[at + b".wh.".len()..]].concat());
            }
        }
        others.retain(|path| made.get(&path[..]) != Some(&b'5') && !gone.contains(path));
        others.extend(made.iter().filter(|(_, flag)| **flag != b'5').map(|(path, _)| path.to_vec()));
    }
    false
}
