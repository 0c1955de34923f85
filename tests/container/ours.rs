//! The same container as Layerscope makes it.

use std::{collections::HashMap, rc::Rc};

use bstr::BString;
use layerscope::{
    container::{
        ArchiveId, Commit, ContainerFs, Content, Data, Errno, ImageKey, Ino, NewContainer, OpenFlags, Opened,
        ReadAt, Shelf, Slot,
    },
    fixture::Tar,
    layer,
    tar::Timestamp,
};

use crate::{
    kernel::{NOW, bytes, tidy},
    listing::{Entry, Kind, digest},
    operations::Op,
};

#[path = "../support/sessions.rs"]
pub mod sessions;

pub const TIME: Timestamp = Timestamp { secs: NOW, nanos: 0 };

pub struct Ours {
    pub shelf: Shelf,
    place: usize,
}

/// A shelf with one archive.
pub fn shelf(archive: Vec<u8>) -> Shelf {
    let session = sessions::read(&archive);
    let source: Rc<[u8]> = archive.into();
    let mut shelf = Shelf::new();
    let source: Rc<dyn ReadAt> = Rc::new(source);
    shelf.add_archive(ArchiveId(1), Opened { name: "test.tar".to_owned(), session, source });
    shelf
}

impl Ours {
    /// A container over one layer.
    pub fn new(layer: &Tar) -> Self {
        let mut ours = Self { shelf: shelf(sessions::archive(std::slice::from_ref(layer))), place: 0 };
        ours.container(ImageKey { archive: ArchiveId(1), image: 0 });
        ours
    }

    fn container(&mut self, image: ImageKey) {
        self.place = self.shelf.containers().len();
        let random = [self.place as u8; 32];
        self.shelf
            .create(NewContainer { random, image: Some(image), ..NewContainer::default() }, TIME)
            .unwrap();
    }

    /// The writable layer becomes the topmost of a new image.
    pub fn next_layer(&mut self) {
        let id = self.shelf.commit(self.place, &Commit { created: TIME, ..Commit::default() }).unwrap();
        let key = self.shelf.images().iter().find(|image| image.id == id).unwrap().key;
        self.container(key);
    }

    pub fn fs(&mut self) -> ContainerFs<'_> {
        self.shelf.fs(self.place, TIME).unwrap()
    }

    pub fn run(&mut self, op: &Op) -> Result<Vec<String>, i32> {
        self.done(op).map_err(Errno::number)
    }

    fn done(&mut self, op: &Op) -> Result<Vec<String>, Errno> {
        let mut fs = self.fs();
        let content = |len: usize| Content::from(bytes(len));
        let b = |path: &String| path.clone().into_bytes();
        let trace = match op {
            Op::Open { path, write, create, exclusive, truncate } => {
                let (write, create, exclusive, truncate) = (*write, *create, *exclusive, *truncate);
                fs.open(&b(path), OpenFlags { write, create, exclusive, truncate }, 0o640)
            }
            Op::Put { path, len } => fs.put(&b(path), content(*len), 0o640),
            Op::Append { path, len } => fs.append(&b(path), content(*len), 0o640),
            Op::WriteAt { path, offset, len } => fs.write(&b(path), *offset, content(*len)),
            // The kernel's is done by ftruncate(2), which changes the time in any case.
            Op::Truncate { path, len } => {
                fs.truncate(&b(path), *len).and_then(|_| fs.utimes(&b(path), TIME, true))
            }
            Op::Unlink { path } => fs.unlink(&b(path)),
            Op::Rmdir { path } => fs.rmdir(&b(path)),
            Op::Mkdir { path, mode } => fs.mkdir(&b(path), *mode),
            Op::Symlink { target, path } => fs.symlink(target.as_bytes(), &b(path)),
            Op::Link { from, to, follow } => fs.link(&b(from), &b(to), *follow),
            Op::Rename { from, to } => fs.rename(&b(from), &b(to)),
            Op::Chmod { path, mode } => fs.chmod(&b(path), *mode),
            Op::Chown { path, uid, gid, follow } => fs.chown(&b(path), *uid, *gid, *follow),
            Op::Utimes { path, secs, follow } => {
                fs.utimes(&b(path), Timestamp { secs: *secs, nanos: 0 }, *follow)
            }
            Op::SetXattr { path, name, value, follow } => {
                fs.set_xattr(&b(path), name.as_bytes(), value, *follow)
            }
            Op::RemoveXattr { path, name, follow } => fs.remove_xattr(&b(path), name.as_bytes(), *follow),
            Op::Fifo { path } => fs.mknod(&b(path), layer::Kind::Fifo, 0o600, (0, 0)),
            Op::Device { path, minor } => {
                let device = crate::operations::device(*minor);
                fs.mknod(&b(path), layer::Kind::CharDevice, 0o600, device)
            }
            Op::ReadDir { path } => {
                let names = fs.read_dir(&b(path))?;
                return Ok(names.into_iter().map(|(name, _)| name.to_string()).collect());
            }
        };
        trace.map(|_| Vec::new())
    }

    /// What the container shows.
    pub fn merged(&mut self) -> Vec<Entry> {
        merged(&self.fs())
    }

    /// What its upper directory holds.
    pub fn upper(&mut self) -> Vec<Entry> {
        let fs = self.fs();
        let upper = fs.upper();
        let mut entries = Vec::new();
        let mut names: HashMap<Ino, Vec<usize>> = HashMap::new();
        let mut open = vec![(String::new(), Ino::ROOT)];
        while let Some((directory, ino)) = open.pop() {
            for (name, slot) in upper.entries(ino) {
                let path = format!("{directory}{name}");
                let Slot::Inode(child) = slot else {
                    let mut entry = blank(path, Kind::Char);
                    entry.mtime = None;
                    entries.push(entry);
                    continue;
                };
                let inode = upper.get(child).unwrap();
                let mut entry = described(path.clone(), inode.kind(), &inode.meta);
                match &inode.data {
                    Data::File { content, .. } => {
                        let mut bytes = Vec::new();
                        content
                            .read(&fs.lower(), &mut |part| {
                                bytes.extend_from_slice(part);
                                Ok(())
                            })
                            .unwrap();
                        (entry.size, entry.digest) = (bytes.len() as u64, Some(digest(&bytes)));
                    }
                    Data::Directory(inner) => {
                        if inner.opaque {
                            entry.xattrs.push((b"opaque".to_vec(), b"y".to_vec()));
                        }
                        open.push((format!("{path}/"), child));
                    }
                    Data::Symlink(target) => entry.link = target.to_vec(),
                    Data::Node(_, device) => entry.device = *device,
                }
                if entry.kind != Kind::Dir {
                    names.entry(child).or_default().push(entries.len());
                }
                entries.push(tidy(entry));
            }
        }
        linked(&mut entries, names.into_values());
        entries
    }
}

/// What a container shows.
pub fn merged(fs: &ContainerFs<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut names: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut open = vec![BString::from("")];
    while let Some(directory) = open.pop() {
        let shown = if directory.is_empty() { b"/".to_vec() } else { directory.to_vec() };
        for (name, stat) in fs.read_dir(&shown).unwrap() {
            let path = layerscope::path::join_name(&directory, &name);
            let mut entry = described(path.to_string(), stat.kind, &stat.meta);
            entry.device = stat.device;
            match entry.kind {
                Kind::File => {
                    let bytes = fs.read(&path, u64::MAX).unwrap();
                    assert_eq!(bytes.len() as u64, stat.size);
                    (entry.size, entry.digest) = (stat.size, Some(digest(&bytes)));
                }
                Kind::Symlink => entry.link = fs.read_link(&path).unwrap().to_vec(),
                Kind::Dir => open.push(path),
                _ => {}
            }
            if entry.kind != Kind::Dir {
                names.entry(stat.id).or_default().push(entries.len());
            }
            entries.push(tidy(entry));
        }
    }
    linked(&mut entries, names.into_values());
    entries
}

fn linked(entries: &mut [Entry], groups: impl Iterator<Item = Vec<usize>>) {
    for group in groups.filter(|group| group.len() > 1) {
        let first = group.iter().map(|&index| entries[index].path.clone()).min();
        for index in group {
            entries[index].links_with.clone_from(&first);
        }
    }
}

fn blank(path: String, kind: Kind) -> Entry {
    Entry {
        path: path.into_bytes(),
        kind,
        mode: 0,
        uid: 0,
        gid: 0,
        size: 0,
        mtime: Some((0, 0)),
        link: Vec::new(),
        device: (0, 0),
        digest: None,
        links_with: None,
        xattrs: Vec::new(),
        implied: false,
    }
}

fn described(path: String, kind: layer::Kind, meta: &layerscope::container::Meta) -> Entry {
    let kind = match kind {
        layer::Kind::File => Kind::File,
        layer::Kind::Directory => Kind::Dir,
        layer::Kind::Symlink => Kind::Symlink,
        layer::Kind::CharDevice => Kind::Char,
        layer::Kind::BlockDevice => Kind::Block,
        layer::Kind::Fifo => Kind::Fifo,
        other => panic!("{other:?}"),
    };
    let mut xattrs: Vec<(Vec<u8>, Vec<u8>)> =
        meta.xattrs.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    xattrs.sort();
    Entry {
        mode: u32::from(meta.mode),
        uid: meta.uid,
        gid: meta.gid,
        mtime: Some((meta.mtime.secs, meta.mtime.nanos)),
        xattrs,
        ..blank(path, kind)
    }
}
