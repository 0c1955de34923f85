//! A container as the kernel makes one: a mounted overlay.

use std::{
    ffi::CString,
    fs, io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags},
    io::Errno,
    mount::{MountFlags, UnmountFlags},
};

use crate::{
    listing::{self, Entry, Kind},
    operations::Op,
};

/// How many times a busy mount is tried to be unmounted.
const BUSY: u32 = 500;

pub struct Kernel {
    folder: tempfile::TempDir,
    layers: usize,
}

impl Kernel {
    /// A container over one layer, on a filesystem of its own.
    pub fn new(layer: &[u8]) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("c").rand_bytes(4).tempdir()?;
        rustix::mount::mount("tmpfs", folder.path(), "tmpfs", MountFlags::empty(), None)?;
        let kernel = Self { folder, layers: 1 };
        let lower = kernel.dir("0");
        fs::create_dir(&lower)?;
        let mut tar = Command::new("tar")
            .args(["-x", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-C"])
            .arg(&lower)
            .stdin(Stdio::piped())
            .spawn()?;
        io::Write::write_all(tar.stdin.as_mut().unwrap(), layer)?;
        assert!(tar.wait()?.success());
        set_time(&lower, 0);
        kernel.mount()?;
        Ok(kernel)
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn mount(&self) -> io::Result<()> {
        for name in [self.layers.to_string(), format!("w{}", self.layers), "m".to_owned()] {
            fs::create_dir_all(self.dir(&name))?;
        }
        // The root of what is below is that of a new container, too.
        let (below, root) = (self.dir(&(self.layers - 1).to_string()), self.dir(&self.layers.to_string()));
        let found = fs::metadata(&below)?;
        rustix::fs::chown(&root, Some(Uid::from_raw(found.uid())), Some(Gid::from_raw(found.gid())))?;
        rustix::fs::chmod(&root, Mode::from_raw_mode(found.mode() & 0o7777))?;
        for (name, value) in listing::xattrs(&below) {
            rustix::fs::setxattr(&root, &name[..], &value, XattrFlags::empty())?;
        }
        let lower: Vec<String> =
            (0..self.layers).rev().map(|n| self.dir(&n.to_string()).display().to_string()).collect();
        let (upper, work) = (self.dir(&self.layers.to_string()), self.dir(&format!("w{}", self.layers)));
        let data = format!(
            "lowerdir={},upperdir={},workdir={},redirect_dir=off,metacopy=off,index=off",
            lower.join(":"),
            upper.display(),
            work.display()
        );
        let data = CString::new(data).unwrap();
        rustix::mount::mount(
            "overlay",
            self.dir("m"),
            "overlay",
            MountFlags::empty(),
            Some(data.as_c_str()),
        )?;
        Ok(())
    }

    /// The upper directory becomes the topmost lower one.
    pub fn next_layer(&mut self) {
        self.unmount();
        self.layers += 1;
        self.mount().unwrap();
    }

    /// A program that another test starts holds, until it runs, what is open here: the mount is busy for that moment.
    fn unmount(&self) {
        for _ in 0..BUSY {
            match rustix::mount::unmount(self.dir("m"), UnmountFlags::empty()) {
                Err(Errno::BUSY) => std::thread::sleep(std::time::Duration::from_millis(10)),
                unmounted => return unmounted.unwrap(),
            }
        }
        panic!("the overlay is busy all the time");
    }

    pub fn merged(&self) -> Vec<Entry> {
        listing::list(&self.dir("m")).into_iter().map(tidy).collect()
    }

    /// What the upper directory holds; an opaque mark is an attribute `opaque`.
    pub fn upper(&self) -> Vec<Entry> {
        let root = self.dir(&self.layers.to_string());
        let marked = |mut entry: Entry| {
            let path = root.join(std::ffi::OsStr::new(std::str::from_utf8(&entry.path).unwrap()));
            if rustix::fs::lgetxattr(&path, "trusted.overlay.opaque", &mut [0; 1][..]) == Ok(1) {
                entry.xattrs.push((b"opaque".to_vec(), b"y".to_vec()));
            }
            tidy(entry)
        };
        listing::list(&root).into_iter().map(marked).collect()
    }

    /// Does it; what it gives is a list of names for a directory that is read.
    pub fn run(&self, op: &Op) -> Result<Vec<String>, i32> {
        self.done(op).map_err(|error: Errno| error.raw_os_error())
    }

    fn done(&self, op: &Op) -> Result<Vec<String>, Errno> {
        let at = |path: &str| format!("{}/{path}", self.dir("m").display());
        let open = |path: &str, flags, mode: u16| {
            let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK;
            rustix::fs::open(at(path), flags, Mode::from_raw_mode(mode.into()))
        };
        let flags = |follow: bool| if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        match op {
            Op::Open { path, write, create, exclusive, truncate } => {
                let mut flags = if *write { OFlags::WRONLY } else { OFlags::RDONLY };
                flags.set(OFlags::CREATE, *create);
                flags.set(OFlags::EXCL, *exclusive);
                flags.set(OFlags::TRUNC, *truncate);
                match open(path, flags, 0o640) {
                    // A pipe without a reader.
                    Err(Errno::NXIO) => {}
                    other => drop(other?),
                }
            }
            Op::Put { path, len } => {
                let file = open(path, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC, 0o640)?;
                write(file, 0, *len)?;
            }
            Op::Append { path, len } => {
                let file = open(path, OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND, 0o640)?;
                write(file, 0, *len)?;
            }
            Op::WriteAt { path, offset, len } => {
                write(open(path, OFlags::WRONLY, 0)?, *offset, *len)?;
            }
            Op::Truncate { path, len } => {
                // A pipe without a reader cannot be opened.
                let opened = open(path, OFlags::WRONLY, 0);
                let file =
                    fs::File::from(opened.map_err(|e| if e == Errno::NXIO { Errno::INVAL } else { e })?);
                let kind = file.metadata().unwrap();
                if !kind.is_file() {
                    return Err(Errno::INVAL);
                }
                file.set_len(*len).map_err(errno)?;
            }
            Op::Unlink { path } => rustix::fs::unlink(at(path))?,
            Op::Rmdir { path } => rustix::fs::rmdir(at(path))?,
            Op::Mkdir { path, mode } => rustix::fs::mkdir(at(path), Mode::from_raw_mode((*mode).into()))?,
            Op::Symlink { target, path } => rustix::fs::symlink(target, at(path))?,
            Op::Link { from, to, follow } => {
                let flags = if *follow { AtFlags::SYMLINK_FOLLOW } else { AtFlags::empty() };
                rustix::fs::linkat(CWD, at(from), CWD, at(to), flags)?;
            }
            Op::Rename { from, to } => rustix::fs::rename(at(from), at(to))?,
            Op::Chmod { path, mode } => {
                rustix::fs::chmod(at(path), Mode::from_raw_mode((*mode).into()))?;
            }
            Op::Chown { path, uid, gid, follow } => {
                let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
                rustix::fs::chownat(CWD, at(path), uid, gid, flags(*follow))?;
            }
            Op::Utimes { path, secs, follow } => {
                let time = Timespec { tv_sec: *secs, tv_nsec: 0 };
                let times = Timestamps { last_access: time, last_modification: time };
                rustix::fs::utimensat(CWD, at(path), &times, flags(*follow))?;
            }
            Op::SetXattr { path, name, value, follow } => match follow {
                true => rustix::fs::setxattr(at(path), name, value, XattrFlags::empty())?,
                false => rustix::fs::lsetxattr(at(path), name, value, XattrFlags::empty())?,
            },
            Op::RemoveXattr { path, name, follow } => match follow {
                true => rustix::fs::removexattr(at(path), name)?,
                false => rustix::fs::lremovexattr(at(path), name)?,
            },
            Op::Fifo { path } => {
                rustix::fs::mknodat(CWD, at(path), FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
            }
            Op::Device { path, minor } => {
                let (major, minor) = crate::operations::device(*minor);
                let device = rustix::fs::makedev(major, minor);
                let mode = Mode::from_raw_mode(0o600);
                rustix::fs::mknodat(CWD, at(path), FileType::CharacterDevice, mode, device)?;
            }
            Op::ReadDir { path } => {
                let entries = fs::read_dir(at(path)).map_err(errno)?;
                let name =
                    |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
                let mut names: Vec<String> = entries.map(name).collect();
                names.sort();
                return Ok(names);
            }
        }
        Ok(Vec::new())
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.dir("m"), UnmountFlags::empty());
        let _ = rustix::mount::unmount(self.folder.path(), UnmountFlags::DETACH);
    }
}

/// The bytes that an operation writes.
pub fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| b'A' + (i % 26) as u8).collect()
}

fn write(file: impl Into<fs::File>, offset: u64, len: usize) -> Result<(), Errno> {
    let file: fs::File = file.into();
    if !file.metadata().map_err(errno)?.is_file() {
        return Err(Errno::NXIO);
    }
    if offset > 0 {
        return file.write_all_at(&bytes(len), offset).map_err(errno);
    }
    io::Write::write_all(&mut &file, &bytes(len)).map_err(errno)
}

fn errno(error: io::Error) -> Errno {
    Errno::from_raw_os_error(error.raw_os_error().unwrap())
}

/// When everything was done, to ours: after all times that anything is given.
pub const NOW: i64 = 1_780_000_000;

/// What was made or changed by an operation has the time of today, whatever that is. Of a whiteout only its place counts.
pub fn tidy(mut entry: Entry) -> Entry {
    if let Some((secs, _)) = entry.mtime
        && secs >= NOW
    {
        entry.mtime = Some((NOW, 0));
    }
    if entry.kind == Kind::Char && entry.device == (0, 0) {
        (entry.mode, entry.uid, entry.gid, entry.mtime) = (0, 0, 0, None);
        entry.links_with = None;
    }
    entry.implied = false;
    entry
}

fn set_time(path: &Path, secs: i64) {
    let time = Timespec { tv_sec: secs, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::empty()).unwrap();
}
