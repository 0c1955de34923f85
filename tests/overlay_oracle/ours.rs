//! The union as this project's own session merges it.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use layerscope::{
    fixture::{Archive, Image, Pack, Shape, Tar},
    layer::{self, ContentKey},
    overlay::{FileRef, LayerIndex, State},
    session::{Opening, Session, Task},
    worker::protocol::Version,
};

use crate::listing::{self, Entry, Kind};

/// The union of an image of these layers, bottom first.
pub fn merge(layers: &[Tar]) -> Vec<Entry> {
    let archive = archive(layers);
    list(&open(&archive), &archive, 0, &crate::tars(layers))
}

/// An archive of an image of these layers, bottom first.
pub fn archive(layers: &[Tar]) -> Vec<u8> {
    let mut image = Image::new().name("stack:latest");
    for layer in layers {
        image = image.layer(layer, "RUN something");
    }
    Archive::new(Shape::OciLayout).pack(Pack::Gzip).image(image).bytes()
}

/// Opens an archive and reads every layer of it.
pub fn open(archive: &[u8]) -> Session {
    let mut opening = Opening::new(archive.len() as u64, KEY);
    while let Some(range) = opening.wants() {
        opening.supply(slice(archive, range)).unwrap();
    }
    let mut session = opening.finish().unwrap();
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(slice(archive, range));
        }
        session.accept(scan.finish());
    }
    session
}

const KEY: ContentKey = ContentKey([7; 16]);

fn slice(archive: &[u8], range: Range<u64>) -> &[u8] {
    let end = (range.end as usize).min(archive.len());
    &archive[(range.start as usize).min(end)..end]
}

/// The merged filesystem of all layers of an image, sorted by path bytes, without its root. `tars` are its
/// layers: reading each file through the session would decode a compressed layer once per file, so only the
/// first are read so, and the others where the index says that they lie.
pub fn list(session: &Session, archive: &[u8], image: u32, tars: &[Vec<u8>]) -> Vec<Entry> {
    let (stack, tree) = (session.stack(image).unwrap(), session.tree());
    let Some(top) = stack.len().checked_sub(1).map(LayerIndex) else { return Vec::new() };
    let mut entries = BTreeMap::new();
    let mut names: HashMap<FileRef, Vec<Vec<u8>>> = HashMap::new();
    let mut digests = HashMap::new();
    for node in tree.ids().skip(1) {
        let path = tree.path(node).to_vec();
        match stack.state(node, top) {
            State::Absent => {}
            State::Implied(_) => {
                entries.insert(path.clone(), implied(path));
            }
            State::Entry(file) => {
                // A hard link that leads nowhere is shown by us, and made by nobody.
                let Some(target) = stack.target(file) else { continue };
                let record = stack.record(target);
                let mut entry = entry(stack.layer(target.layer), record, path.clone());
                if entry.kind == Kind::File {
                    let through_session =
                        digests.len() < 10 || !stack.layer(target.layer).sparse(record).is_empty();
                    let digest = digests.entry(target).or_insert_with(|| {
                        if through_session {
                            return listing::digest(&content(session, archive, image, target, record.size));
                        }
                        let start = record.body_offset() as usize;
                        listing::digest(&tars[target.layer.0 as usize][start..][..record.size as usize])
                    });
                    entry.digest = Some(digest.clone());
                }
                if entry.kind != Kind::Dir {
                    names.entry(target).or_default().push(path.clone());
                }
                entries.insert(path, entry);
            }
        }
    }
    for group in names.values().filter(|group| group.len() > 1) {
        let first = group.iter().min();
        for path in group {
            if let Some(entry) = entries.get_mut(path) {
                entry.links_with = first.cloned();
            }
        }
    }
    entries.into_values().collect()
}

fn entry(index: &layer::Index, record: layer::Record, path: Vec<u8>) -> Entry {
    let mut xattrs: Vec<_> =
        index.xattrs(record).iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    xattrs.sort();
    let mtime = index.mtime(record);
    Entry {
        path,
        kind: match record.kind {
            layer::Kind::File => Kind::File,
            layer::Kind::Directory => Kind::Dir,
            layer::Kind::Symlink => Kind::Symlink,
            layer::Kind::CharDevice => Kind::Char,
            layer::Kind::BlockDevice => Kind::Block,
            layer::Kind::Fifo => Kind::Fifo,
            other => panic!("{other:?} is never merged"),
        },
        // The kernel gives every link all permissions.
        mode: if record.kind == layer::Kind::Symlink { 0o777 } else { record.mode.into() },
        uid: record.uid,
        gid: record.gid,
        size: record.size,
        mtime: Some((mtime.secs, mtime.nanos)),
        link: index.link(record).map(|link| link.to_vec()).unwrap_or_default(),
        device: index.device(record).unwrap_or_default(),
        digest: None,
        links_with: None,
        xattrs,
        implied: false,
    }
}

fn implied(path: Vec<u8>) -> Entry {
    Entry {
        path,
        kind: Kind::Dir,
        mode: 0o755,
        uid: 0,
        gid: 0,
        size: 0,
        mtime: None,
        link: Vec::new(),
        device: (0, 0),
        digest: None,
        links_with: None,
        xattrs: Vec::new(),
        implied: true,
    }
}

fn content(session: &Session, archive: &[u8], image: u32, file: FileRef, size: u64) -> Vec<u8> {
    let version = Version { image, layer: file.layer.0, entry: file.entry.0 };
    let mut read = session.content(version, 0, size).unwrap();
    let mut content = Vec::new();
    loop {
        let bytes = read.take();
        content.extend_from_slice(&bytes);
        if bytes.is_empty() {
            let Some(range) = read.wants() else { return content };
            read.supply(slice(archive, range)).unwrap();
        }
    }
}
