//! A directory of a container as its overlay: the view of [`Overlay`], the container's own layer as the upper one.

use bstr::{BStr, BString, ByteSlice};

use super::protocol::{Facts, Kind, Node, Overlay, OverlayEntry, OverlayName};
use crate::{
    container::{ContainerFs, Data, Errno, Ino, Inode, Options, Place, Slot, Stat, TarItem, Upper},
    layer,
    overlay::Mark,
    path,
    tar::{EntryKind, Timestamp, writer},
};

/// A directory, by its path from the root without a leading slash; `layer` is the number of the container's own layer.
///
/// # Errors
///
/// If it is no directory, neither merged nor in the layers below.
pub fn directory(fs: &ContainerFs<'_>, path: &BStr, layer: u32) -> Result<Overlay, Errno> {
    let mut nothing = ContainerFs::empty_upper(&fs.lower());
    let below = ContainerFs::new(fs.lower(), &mut nothing, Options::default(), Timestamp::default());
    // To the kernel an empty path is none.
    let asked = [b"/", path.as_bytes()].concat();
    let (merged, lower) = (fs.read_dir(&asked), below.read_dir(&asked));
    if let (Err(errno), Err(_)) = (&merged, &lower) {
        return Err(*errno);
    }
    let path: BString = fs.real_path(&asked).unwrap_or_else(|_| path.to_owned());
    let (merged, lower) = (merged.unwrap_or_default(), lower.unwrap_or_default());
    let upper = in_upper(fs.upper(), path.as_bstr());
    let own: Vec<(&BStr, Slot)> = upper.map(|ino| fs.upper().entries(ino).collect()).unwrap_or_default();
    let opaque =
        upper.and_then(|ino| fs.upper().get(ino)?.directory()).is_some_and(|directory| directory.opaque);

    let mut names: Vec<&BStr> = merged.iter().chain(&lower).map(|(name, _)| name.as_bstr()).collect();
    names.extend(own.iter().map(|(name, _)| *name));
    names.sort_unstable();
    names.dedup();
    let find = |all: &[(BString, Stat)], fs: &ContainerFs<'_>, name: &BStr| {
        let (_, stat) = all.get(all.binary_search_by(|(other, _)| other.as_bstr().cmp(name)).ok()?)?;
        let from = match stat.place {
            Place::Upper => layer,
            Place::Layer(layer) => layer,
        };
        Some((from, facts(fs, stat, &path::join_name(&path, name))))
    };
    let name = |(place, name): (usize, &BStr)| {
        let (lower, merged) = (find(&lower, &below, name), find(&merged, fs, name));
        let slot = own.iter().find(|(other, _)| *other == name).map(|(_, slot)| *slot);
        let upper = slot.and_then(|slot| match slot {
            Slot::Whiteout => Some(marker(Kind::Whiteout)),
            Slot::Inode(ino) => fs.upper().get(ino).map(own_facts),
        });
        let mark = mark(lower.as_ref(), upper.as_ref(), merged.is_some());
        // Only that each has another one counts: the view goes by path.
        OverlayName { node: Node(place as u32), name: name.to_owned(), lower, upper, merged, mark }
    };
    let names = names.into_iter().enumerate().map(name).collect();
    Ok(Overlay { entries: entries(&fs.layer_items(), path.as_bstr()), path, parent: None, names, opaque })
}

/// What the container's layer does to a name.
fn mark(lower: Option<&(u32, Facts)>, upper: Option<&Facts>, is_merged: bool) -> Option<Mark> {
    match (lower, upper) {
        (_, Some(facts)) if facts.kind == Kind::Whiteout => Some(Mark::Deleted),
        (Some(_), None) if !is_merged => Some(Mark::Hidden),
        (_, None) => None,
        (None, Some(_)) => Some(Mark::Added),
        // A directory of both is merged; what was copied up of it is its metadata.
        (Some((_, below)), Some(above)) if below.kind == Kind::Dir && above.kind == Kind::Dir => {
            (below != above).then_some(Mark::Metadata)
        }
        (Some(_), Some(_)) => Some(Mark::Modified),
    }
}

/// The directory of the upper that a path is, if it is there.
fn in_upper(upper: &Upper, path: &BStr) -> Option<Ino> {
    let mut ino = Ino::ROOT;
    for name in path.split_str("/").filter(|name| !name.is_empty()) {
        let slot = upper.entries(ino).find(|(other, _)| other.as_bytes() == name);
        let Some((_, Slot::Inode(child))) = slot else { return None };
        ino = child;
    }
    Some(ino)
}

fn facts(fs: &ContainerFs<'_>, stat: &Stat, path: &[u8]) -> Facts {
    let kind = kind(stat.kind);
    Facts {
        kind,
        size: if kind == Kind::File { stat.size } else { 0 },
        mode: u32::from(stat.meta.mode),
        uid: stat.meta.uid,
        gid: stat.meta.gid,
        mtime: stat.meta.mtime,
        link: if kind == Kind::Symlink { fs.read_link(path).ok() } else { None },
        device: matches!(kind, Kind::Char | Kind::Block).then_some(stat.device),
    }
}

fn own_facts(inode: &Inode) -> Facts {
    let kind = kind(inode.kind());
    Facts {
        kind,
        size: if kind == Kind::File { inode.size() } else { 0 },
        mode: u32::from(inode.meta.mode),
        uid: inode.meta.uid,
        gid: inode.meta.gid,
        mtime: inode.meta.mtime,
        link: if let Data::Symlink(target) = &inode.data { Some(target.clone()) } else { None },
        device: match &inode.data {
            Data::Node(layer::Kind::CharDevice | layer::Kind::BlockDevice, numbers) => Some(*numbers),
            _ => None,
        },
    }
}

fn marker(kind: Kind) -> Facts {
    Facts { kind, size: 0, mode: 0, uid: 0, gid: 0, mtime: Timestamp::default(), link: None, device: None }
}

/// The entries of the layer's tar that are directly in a directory, and that for itself.
fn entries(items: &[TarItem], directory: &BStr) -> Vec<OverlayEntry> {
    let mut offset = 0;
    let mut found = Vec::new();
    for item in items {
        let mut header = Vec::new();
        writer::write_header(&item.entry, &mut header);
        let size = item.entry.stored_size;
        let body = size.saturating_add(writer::padding(size) as u64);
        let path = item.entry.path.trim_end_with(|c| c == '/');
        let (parent, name) = path.rsplit_once_str("/").unwrap_or((b"", path));
        if parent == directory.as_bytes() || path == directory.as_bytes() {
            let mut facts = entry_facts(item);
            if name == path::OPAQUE_MARK {
                facts.kind = Kind::Opaque;
            } else if name.starts_with(path::WHITEOUT_PREFIX) {
                facts.kind = Kind::Whiteout;
            }
            found.push(OverlayEntry { path: item.entry.path.clone(), header_offset: offset, facts });
        }
        offset = offset.saturating_add(header.len() as u64).saturating_add(body);
    }
    found
}

fn entry_facts(item: &TarItem) -> Facts {
    let entry = &item.entry;
    let kind = match entry.kind {
        EntryKind::Directory => Kind::Dir,
        EntryKind::Symlink => Kind::Symlink,
        EntryKind::HardLink => Kind::Hardlink,
        EntryKind::CharDevice => Kind::Char,
        EntryKind::BlockDevice => Kind::Block,
        EntryKind::Fifo => Kind::Fifo,
        _ => Kind::File,
    };
    Facts {
        kind,
        size: entry.size,
        mode: entry.mode & 0o7777,
        uid: u32::try_from(entry.uid).unwrap_or(u32::MAX),
        gid: u32::try_from(entry.gid).unwrap_or(u32::MAX),
        mtime: entry.mtime,
        link: matches!(kind, Kind::Symlink | Kind::Hardlink).then(|| entry.link.clone()),
        device: None,
    }
}

fn kind(kind: layer::Kind) -> Kind {
    match kind {
        layer::Kind::File => Kind::File,
        layer::Kind::Directory => Kind::Dir,
        layer::Kind::Symlink => Kind::Symlink,
        layer::Kind::HardLink => Kind::Hardlink,
        layer::Kind::CharDevice => Kind::Char,
        layer::Kind::BlockDevice => Kind::Block,
        layer::Kind::Fifo => Kind::Fifo,
        layer::Kind::Whiteout => Kind::Whiteout,
        layer::Kind::Opaque => Kind::Opaque,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::Lower;

    #[test]
    fn the_root_and_what_is_in_it_are_seen_with_their_entries() {
        let lower = Lower::scratch();
        let mut upper = ContainerFs::empty_upper(&lower);
        let mut fs = ContainerFs::new(lower, &mut upper, Options::default(), Timestamp::default());
        fs.mkdir(b"/a", 0o755).unwrap();
        fs.mkdir(b"/a/b", 0o700).unwrap();
        let seen = |path: &str| {
            let overlay = directory(&fs, path.into(), 3).unwrap();
            let name = overlay.names[0].clone();
            let entries: Vec<String> = overlay.entries.iter().map(|entry| entry.path.to_string()).collect();
            assert_eq!(overlay.path, path);
            assert_eq!((name.lower, name.mark), (None, Some(Mark::Added)));
            assert_eq!(name.merged.map(|(layer, _)| layer), Some(3));
            (overlay.names.len(), name.name.to_string(), entries)
        };
        assert_eq!(seen(""), (1, "a".into(), vec!["a".into()]));
        assert_eq!(seen("a"), (1, "b".into(), vec!["a".into(), "a/b".into()]));
        assert!(directory(&fs, "nowhere".into(), 3).is_err());
    }
}
