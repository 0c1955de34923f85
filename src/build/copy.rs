//! `COPY` and `ADD`: what is chosen of a context or of another image, and where it goes.

use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::dockerfile::{ProblemKind, Trouble};
use crate::{
    container::{ContainerFs, Errno, Lower},
    digest::{Algorithm, Digester},
    engine::{HostFile, HostKind},
    layer::{ContentKey, Kind},
    limits, path,
    session::{NewImage, Session},
    shell::{Users, file_mode, matches},
    tar::Timestamp,
};

/// A file to be copied.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) file: HostFile,
    /// Who owns it there; root, of a context.
    pub(super) owner: (u32, u32),
}

/// A file and the path it gets.
pub(super) type Placed = (Item, BString);

/// What a filesystem has at a path and below. Contents are read at once: they go into another image.
pub(super) fn items_of(fs: &ContainerFs<'_>, root: &[u8]) -> Result<Vec<Item>, Trouble> {
    let mut waiting = vec![(BString::from(root), BString::default())];
    let mut items = Vec::new();
    let mut held = 0_u64;
    while let Some((from, below)) = waiting.pop() {
        let words = |error: Errno| format!("{from}: {error}");
        let stat = fs.stat(&from, below.is_empty()).map_err(words)?;
        let kind = match stat.kind {
            Kind::Directory => HostKind::Directory,
            Kind::Symlink => HostKind::Symlink(fs.read_link(&from).map_err(words)?),
            Kind::File => {
                held = held.saturating_add(stat.size);
                if held > limits::COMMIT {
                    let message = format!("more than {} bytes are to be copied", limits::COMMIT);
                    return Err(Trouble::new(message, ProblemKind::TooLarge(limits::COMMIT)));
                }
                let bytes: Rc<[u8]> = fs.read(&from, limits::COMMIT).map_err(words)?.into();
                HostKind::File(Some(Rc::new(bytes)))
            }
            _ => continue,
        };
        let is_directory = matches!(kind, HostKind::Directory);
        let file =
            HostFile { path: below.clone(), kind, mode: stat.meta.mode.into(), mtime: stat.meta.mtime };
        items.push(Item { file, owner: (stat.meta.uid, stat.meta.gid) });
        if is_directory {
            for (name, _) in fs.read_dir(&from).map_err(words)?.into_iter().rev() {
                let child = [from.trim_end_with(|c| c == '/'), b"/", &name].concat();
                waiting.push((child.into(), path::join_name(&below, &name)));
            }
        }
    }
    Ok(items)
}

/// What a filesystem has at the paths that a pattern matches, as a tree from the root.
pub(super) fn items_like(fs: &ContainerFs<'_>, pattern: &str) -> Result<Vec<Item>, Trouble> {
    let fixed: Vec<&str> = pattern
        .split('/')
        .filter(|name| !name.is_empty())
        .take_while(|name| !name.contains(['*', '?', '[']))
        .collect();
    let prefix = fixed.join("/");
    let items = items_of(fs, format!("/{prefix}").as_bytes())?;
    let moved = |mut item: Item| {
        let below = item.file.path.clone();
        item.file.path = if below.is_empty() {
            prefix.as_str().into()
        } else {
            path::join_name(prefix.as_bytes(), &below)
        };
        item
    };
    Ok(items.into_iter().map(moved).collect())
}

/// The files that a pattern chooses, each with its path below what was chosen, and the name of that.
pub(super) fn choose(items: &[Item], pattern: &str) -> Vec<(BString, Vec<Item>)> {
    let wanted: Vec<&str> = pattern.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
    let names = |path: &BString| -> Vec<Vec<u8>> {
        path.split_str("/").filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect()
    };
    let is_wanted = |item: &&Item| {
        let names = names(&item.file.path);
        names.len() == wanted.len()
            && names.iter().zip(&wanted).all(|(name, wanted)| matches(wanted.as_bytes(), name, false))
    };
    let below = |root: &BString| -> Vec<Item> {
        let under = |item: &Item| {
            let path = &item.file.path;
            let rest = if root.is_empty() {
                Some(path.as_bytes())
            } else if path == root {
                Some(&b""[..])
            } else {
                path.strip_prefix(root.as_slice()).and_then(|rest| rest.strip_prefix(b"/"))
            };
            rest.map(|rest| Item {
                file: HostFile { path: rest.into(), ..item.file.clone() },
                owner: item.owner,
            })
        };
        items.iter().filter_map(under).collect()
    };
    let chosen = items.iter().filter(is_wanted);
    chosen
        .map(|item| {
            let mut root = item.file.path.clone();
            // A link that is named is followed, within what there is.
            for _ in 0..limits::SYMLINK_HOPS {
                let link = items.iter().find(|other| other.file.path == root).and_then(|other| match &other
                    .file
                    .kind
                {
                    HostKind::Symlink(target) => Some(target),
                    _ => None,
                });
                let Some(target) = link else { break };
                let directory = root.rsplit_once_str("/").map_or(&b""[..], |(directory, _)| directory);
                let joined = path::join(directory, target);
                root = path::normalise(&joined)
                    .map(|path| bstr::join("/", path.names).into())
                    .unwrap_or_default();
            }
            (item.file.path.clone(), below(&root))
        })
        .collect()
}

/// Where chosen files go: `target` is a path from the root. `into` says that it is a directory.
pub(super) fn place(chosen: Vec<(BString, Vec<Item>)>, target: &[u8], into: bool) -> Vec<Placed> {
    let mut placed = Vec::new();
    for (root, items) in chosen {
        let name = root.rsplit_once_str("/").map_or(root.as_slice(), |(_, name)| name);
        for item in items {
            let is_root = item.file.path.is_empty();
            let is_directory = matches!(item.file.kind, HostKind::Directory);
            let to: BString = match (is_root, is_directory, into) {
                // Of a directory what is in it is copied.
                (true, true, _) | (true, false, false) => target.into(),
                (true, false, true) => path::join_name(target.trim_end_with(|c| c == '/'), name),
                (false, ..) => path::join_name(target.trim_end_with(|c| c == '/'), &item.file.path),
            };
            placed.push((item, to));
        }
    }
    placed
}

/// The entries of a tar, perhaps compressed; `None` if a file is none.
pub(super) fn unpacked(item: &Item) -> Result<Option<Vec<Item>>, Trouble> {
    let unreadable = |error: String| Trouble::new(format!("ADD: {error}"), ProblemKind::Unreadable);
    let HostKind::File(Some(source)) = &item.file.kind else { return Ok(None) };
    let head = source.read_at(0..source.len().min(1024)).map_err(|failure| unreadable(failure.detail))?;
    let is_packed = crate::codec::Compression::sniff(&head) != crate::codec::Compression::None;
    let is_tar = |bytes: &[u8]| bytes.get(257..262) == Some(b"ustar");
    if !is_packed && !is_tar(&head) {
        return Ok(None);
    }
    let bytes = crate::engine::decoded(&**source).map_err(unreadable)?;
    if !is_tar(&bytes) {
        return Ok(None);
    }
    let mut session = Session::empty(ContentKey::random());
    let config =
        br#"{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#.to_vec();
    let new = NewImage { base: None, layer: Some(bytes.into()), config, names: Vec::new() };
    let image = session.add_image(new).map_err(|failure| unreadable(failure.detail))?;
    let nothing: Rc<[u8]> = Rc::from([]);
    let lower = Lower::new(&session, image, 1, &nothing);
    let mut upper = ContainerFs::empty_upper(&lower);
    let fs = ContainerFs::new(lower, &mut upper, Default::default(), Timestamp::default());
    items_of(&fs, b"/").map(Some)
}

/// What tells one set of files from another: paths, kinds, permissions and contents, but no times.
pub(super) fn digest(placed: &[Placed]) -> Result<String, Trouble> {
    let unreadable = |error: &str| Trouble::new(error, ProblemKind::Unreadable);
    let mut all = Digester::new(Algorithm::Sha256);
    let mut field = |bytes: &[u8]| {
        all.update(&(bytes.len() as u64).to_be_bytes());
        all.update(bytes);
    };
    for (item, to) in placed {
        field(to);
        field(&item.file.mode.to_be_bytes());
        field(&[item.owner.0.to_be_bytes(), item.owner.1.to_be_bytes()].concat());
        match &item.file.kind {
            HostKind::Directory => field(b"d"),
            HostKind::Symlink(target) => {
                field(b"l");
                field(target);
            }
            HostKind::File(source) => {
                field(b"f");
                let mut own = Digester::new(Algorithm::Sha256);
                if let Some(source) = source {
                    let mut at = 0;
                    while at < source.len() {
                        let bytes = source
                            .read_at(at..source.len().min(at + (1 << 20)))
                            .map_err(|f| unreadable(&f.detail))?;
                        if bytes.is_empty() {
                            return Err(unreadable("a file of the context ends too early"));
                        }
                        at += bytes.len() as u64;
                        own.update(&bytes);
                    }
                }
                field(own.finish().hex().as_bytes());
            }
        }
    }
    Ok(all.finish().hex().to_owned())
}

/// Makes the directories above a path that are not there, as root's.
pub(super) fn make_parents(fs: &mut ContainerFs<'_>, path: &[u8]) -> Result<(), Errno> {
    for at in path.find_iter(b"/").collect::<Vec<_>>() {
        if at > 0 && fs.stat(&path[..at], true).is_err() {
            fs.mkdir(&path[..at], 0o755)?;
        }
    }
    Ok(())
}

/// Copies files into a container.
pub(super) fn write(
    fs: &mut ContainerFs<'_>,
    placed: &[Placed],
    chown: Option<&str>,
    chmod: Option<&str>,
    now: Timestamp,
) -> Result<(), String> {
    let text = |fs: &ContainerFs<'_>, path: &str| fs.read(path.as_bytes(), 1 << 20).unwrap_or_default();
    let owner = match chown {
        None => None,
        Some(owner) => {
            let users = Users::read(&text(fs, "/etc/passwd"), &text(fs, "/etc/group"));
            let (uid, gid) = users.owner(owner)?;
            let uid = uid.unwrap_or_default();
            // A user alone is its own group as well.
            Some((uid, gid.unwrap_or(uid)))
        }
    };
    for (item, to) in placed {
        let words = |error: Errno| format!("{to}: {error}");
        make_parents(fs, to).map_err(words)?;
        let mut file = item.file.clone();
        if (file.mtime.secs, file.mtime.nanos) > (now.secs, now.nanos) {
            file.mtime = now;
        }
        let is_directory = matches!(file.kind, HostKind::Directory);
        if let (Some(mode), false) = (chmod, matches!(file.kind, HostKind::Symlink(_))) {
            file.mode =
                file_mode(mode, file.mode, is_directory).ok_or_else(|| format!("invalid chmod: {mode}"))?;
        }
        let was_there = is_directory && fs.stat(to, true).is_ok();
        if was_there {
            // A directory that is there keeps its permissions.
            continue;
        }
        crate::engine::put(fs, &file, to, &mut Vec::new())
            .map_err(|failure| format!("{to}: {}", failure.detail))?;
        let (uid, gid) = owner.unwrap_or((item.owner.0.into(), item.owner.1.into()));
        let id = |id: u64| u32::try_from(id).unwrap_or(u32::MAX);
        let meta = fs.stat(to, false).map_err(words)?.meta;
        if (meta.uid, meta.gid) != (id(uid), id(gid)) {
            fs.chown(to, Some(id(uid)), Some(id(gid)), false).map_err(words)?;
        }
    }
    Ok(())
}

/// The files of a context, as they come from the host.
pub(super) fn context(files: Vec<HostFile>) -> Vec<Item> {
    files.into_iter().map(|file| Item { file, owner: (0, 0) }).collect()
}
