//! The files of this machine, for the shell.

use std::{
    cell::RefCell,
    env,
    ffi::OsStr,
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    ops::Range,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    rc::Rc,
    time::{SystemTime, UNIX_EPOCH},
};

use bstr::BString;

use crate::{
    container::{ArchiveId, Archives, ReadAt, Rope},
    digest::Digest,
    engine::{Host, HostFile, HostKind, Reading},
    path,
    tar::Timestamp,
    worker::protocol::{Failure, FailureKind},
};

/// This machine.
pub(super) struct Machine {
    archives: u32,
    made: u64,
}

impl Machine {
    /// One whose archives are numbered from here on.
    pub(super) fn new(first_archive: u32) -> Self {
        Self { archives: first_archive, made: 0 }
    }
}

/// The time, or what `SOURCE_DATE_EPOCH` says that it is (reproducible-builds.org).
pub(super) fn now() -> Timestamp {
    if let Some(secs) = epoch() {
        return Timestamp { secs, nanos: 0 };
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp { secs: since.as_secs().cast_signed(), nanos: since.subsec_nanos() }
}

fn epoch() -> Option<i64> {
    env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()
}

impl Host for Machine {
    fn random(&mut self) -> [u8; 32] {
        self.made += 1;
        // Ids need to be different, not secret; with a stated time they are the same each time.
        let seed = epoch().map_or_else(|| RandomState::new().hash_one(self.made), i64::cast_unsigned);
        let digest = Digest::sha256(format!("{seed} {}", self.made).as_bytes());
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(digest.hex().as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).unwrap_or_default();
            *byte = u8::from_str_radix(digits, 16).unwrap_or_default();
        }
        bytes
    }

    fn new_archive(&mut self) -> ArchiveId {
        self.archives += 1;
        ArchiveId(self.archives)
    }

    fn open(&mut self, path: &str) -> Result<Rc<dyn ReadAt>, String> {
        Ok(Rc::new(Source::open(Path::new(path)).map_err(|error| text(&error))?))
    }

    fn list(&mut self, path: &str) -> Result<Vec<HostFile>, String> {
        list(Path::new(path)).map_err(|error| text(&error))
    }

    fn save(&mut self, path: &str, rope: &Rope, archives: &Archives) -> Result<(), String> {
        let write = || -> Result<(), String> {
            let mut out = BufWriter::new(File::create(path).map_err(|error| text(&error))?);
            rope.write(archives, &mut |bytes| out.write_all(bytes).map_err(|error| failure(&error)))
                .map_err(|failure| failure.detail)?;
            out.flush().map_err(|error| text(&error))
        };
        write()
    }

    fn place(&mut self, path: &str, file: &HostFile, _: Rope, read: &mut Reading<'_>) -> Result<(), String> {
        let words = |error: io::Error| text(&error);
        let path = Path::new(path);
        match &file.kind {
            HostKind::Directory => {
                if !path.is_dir() {
                    fs::create_dir(path).map_err(words)?;
                }
            }
            HostKind::Symlink(target) => {
                if path.symlink_metadata().is_ok() {
                    fs::remove_file(path).map_err(words)?;
                }
                return symlink(OsStr::from_bytes(target), path).map_err(words);
            }
            HostKind::File(_) => {
                let mut out = BufWriter::new(File::create(path).map_err(words)?);
                read(&mut |bytes| out.write_all(bytes).map_err(|error| failure(&error)))
                    .map_err(|failure| failure.detail)?;
                out.flush().map_err(words)?;
                let mtime = u64::try_from(file.mtime.secs).ok();
                if let Some(secs) = mtime {
                    let time = UNIX_EPOCH + std::time::Duration::new(secs, file.mtime.nanos);
                    out.get_ref().set_modified(time).map_err(words)?;
                }
            }
        }
        // Setuid bits of an image are nothing for this machine.
        fs::set_permissions(path, fs::Permissions::from_mode(file.mode & 0o777)).map_err(words)
    }
}

/// An error as the system calls say it, without the number.
fn text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn failure(error: &io::Error) -> Failure {
    Failure { kind: FailureKind::Unreadable, detail: text(error), offset: None }
}

/// What is at a path and below, each directory before what is in it.
pub(super) fn list(root: &Path) -> io::Result<Vec<HostFile>> {
    let mut files = Vec::new();
    let mut waiting = vec![(root.to_owned(), BString::default())];
    while let Some((at, below)) = waiting.pop() {
        // What is named may be a link; below it, links are links.
        let metadata = if below.is_empty() { fs::metadata(&at)? } else { fs::symlink_metadata(&at)? };
        let kind = if metadata.is_dir() {
            HostKind::Directory
        } else if metadata.is_symlink() {
            HostKind::Symlink(fs::read_link(&at)?.into_os_string().as_bytes().into())
        } else if metadata.is_file() {
            HostKind::File(Some(Rc::new(Source {
                path: at.clone(),
                len: metadata.len(),
                file: RefCell::new(None),
            })))
        } else {
            continue;
        };
        let mtime = Timestamp { secs: metadata.mtime(), nanos: metadata.mtime_nsec() as u32 };
        files.push(HostFile { path: below.clone(), kind, mode: metadata.mode() & 0o7777, mtime });
        if metadata.is_dir() {
            let mut names: Vec<_> = fs::read_dir(&at)?
                .map(|entry| entry.map(|entry| entry.file_name()))
                .collect::<Result<_, _>>()?;
            names.sort();
            for name in names.into_iter().rev() {
                waiting.push((at.join(&name), path::join_name(&below, name.as_bytes())));
            }
        }
    }
    Ok(files)
}

/// A file to be read at any offset; opened when it is first read.
pub(super) struct Source {
    path: PathBuf,
    len: u64,
    file: RefCell<Option<File>>,
}

impl Source {
    /// One that is there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Ok(Self { path: path.to_owned(), len: metadata.len(), file: RefCell::new(Some(file)) })
    }
}

impl ReadAt for Source {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, range: Range<u64>) -> Result<Vec<u8>, Failure> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = match self.file.borrow_mut().take() {
                Some(file) => file,
                None => File::open(&self.path)?,
            };
            file.seek(SeekFrom::Start(range.start))?;
            let mut bytes = Vec::new();
            let wanted = range.end.min(self.len).saturating_sub(range.start);
            (&file).take(wanted).read_to_end(&mut bytes)?;
            // A context may have more files than can be open at once: this one is closed after its last byte.
            if range.end < self.len {
                *self.file.borrow_mut() = Some(file);
            }
            Ok(bytes)
        };
        read().map_err(|error| failure(&error))
    }
}
