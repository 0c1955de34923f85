//! An archive file, read as the core asks for it.

use std::{
    cell::RefCell,
    collections::HashSet,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    iter,
    num::NonZero,
    ops::Range,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{Mutex, mpsc},
    thread,
};

use bstr::BString;

use super::{ArchiveArgs, Error};
use crate::{
    container::{Opened, ReadAt},
    image::{Member, MemberKind},
    layer::ContentKey,
    limits::Limits,
    session::{ContentRead, Export, Found, Opening, ScanJob, Session, Step, Task},
    worker::protocol::{Failure, FailureKind},
};

/// An open archive and the file that it is read from.
pub(super) struct Archive {
    file: ArchiveFile,
    /// What is known of it.
    pub(super) session: Session,
}

/// What is read: one file, or the files of a directory as if their contents stood one after the other.
struct ArchiveFile {
    path: PathBuf,
    parts: Vec<Part>,
    buffer: Vec<u8>,
}

/// A file that holds a range of what is read.
struct Part {
    path: PathBuf,
    range: Range<u64>,
    /// Opened when it is first read.
    file: Option<File>,
}

impl Archive {
    /// Reads the documents of an archive, not yet its layers.
    pub(super) fn open(args: &ArchiveArgs) -> Result<Self, Error> {
        let path = args.archive.as_path();
        let limits = if args.no_limits { Limits::none() } else { Limits::default() };
        let failed = |error| Error::Read(path.to_owned(), error);
        let unfit = |failure| Error::Archive(path.to_owned(), failure);
        let content_key = ContentKey::random();
        let metadata = fs::metadata(path).map_err(failed)?;
        let (mut opening, parts) = if metadata.is_dir() {
            let (members, parts) = list_directory(path).map_err(failed)?;
            (Opening::directory(members, content_key).map_err(unfit)?, parts)
        } else {
            let len = metadata.len();
            let part =
                Part { path: path.to_owned(), range: 0..len, file: Some(File::open(path).map_err(failed)?) };
            (Opening::new(len, content_key), vec![part])
        };
        opening = opening.with_limits(limits);
        let mut file = ArchiveFile { path: path.to_owned(), parts, buffer: Vec::new() };
        while let Some(range) = opening.wants() {
            let bytes = file.read(range)?;
            opening.supply(bytes).map_err(unfit)?;
        }
        let session = opening.finish().map_err(unfit)?;
        Ok(Self { file, session })
    }

    /// What a shelf takes of it.
    pub(super) fn into_opened(self, name: String) -> Opened {
        let len = self.session.archive_len();
        Opened { name, session: self.session, source: Rc::new(Source { file: RefCell::new(self.file), len }) }
    }

    /// Reads every layer of every image.
    pub(super) fn read_all(&mut self) -> Result<(), Error> {
        let jobs = iter::from_fn(|| self.session.next_scan(Task::Verify)).collect();
        self.read(jobs)
    }

    /// Lists the layers of one image from the bottom up to `last`.
    pub(super) fn list_layers(&mut self, image: u32, last: u32) -> Result<(), Error> {
        // One blob may stand for several layers.
        let mut members = HashSet::new();
        let jobs = (0..=last).filter_map(|layer| self.session.scan(image, layer, Task::List));
        let jobs = jobs.filter(|job| members.insert(job.member())).collect();
        self.read(jobs)
    }

    /// Reads blobs, as many at once as there are processors.
    fn read(&mut self, jobs: Vec<ScanJob>) -> Result<(), Error> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(jobs.len());
        let jobs = Mutex::new(jobs.into_iter());
        let (sender, found) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..threads {
                let (mut file, sender, jobs) = (self.file.reopened(), sender.clone(), &jobs);
                scope.spawn(move || {
                    // A lock is poisoned by a panic only, which ends everything anyway.
                    while let Some(job) = jobs.lock().ok().and_then(|mut jobs| jobs.next()) {
                        if sender.send(file.scan(job)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            found.into_iter().try_for_each(|found| {
                self.session.accept(found?);
                Ok(())
            })
        })
    }

    /// Reads a content piece by piece.
    pub(super) fn read_content(
        &mut self,
        mut content: ContentRead,
        mut sink: impl FnMut(&[u8]) -> io::Result<()>,
        failed: impl Fn(Failure) -> Error,
    ) -> Result<(), Error> {
        loop {
            let bytes = content.take();
            if !bytes.is_empty() {
                sink(&bytes)?;
                continue;
            }
            let Some(range) = content.wants() else { return Ok(()) };
            content.supply(self.file.read(range)?).map_err(&failed)?;
        }
    }
}

/// How much of the archive is copied at once, in bytes.
const COPY: u64 = 1 << 20;

impl Archive {
    /// Writes a tar piece by piece.
    pub(super) fn write_export(
        &mut self,
        mut export: Export,
        mut sink: impl FnMut(&[u8]) -> io::Result<()>,
        failed: impl Fn(Failure) -> Error,
    ) -> Result<(), Error> {
        loop {
            match self.session.step(&mut export).map_err(&failed)? {
                Step::Done => return Ok(()),
                Step::Bytes(bytes) => sink(&bytes)?,
                Step::Read(range) => export.supply(self.file.read(range)?).map_err(&failed)?,
                Step::Copy(range) => {
                    let mut at = range.start;
                    while at < range.end {
                        let bytes = self.file.read(at..range.end.min(at + COPY))?;
                        if bytes.is_empty() {
                            let error = io::ErrorKind::UnexpectedEof.into();
                            return Err(Error::Read(self.file.path.clone(), error));
                        }
                        at += bytes.len() as u64;
                        sink(bytes)?;
                    }
                }
            }
        }
    }
}

/// An archive file to be read at any offset.
struct Source {
    file: RefCell<ArchiveFile>,
    len: u64,
}

impl ReadAt for Source {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, range: Range<u64>) -> Result<Vec<u8>, Failure> {
        let failed =
            |error: Error| Failure { kind: FailureKind::Unreadable, detail: error.to_string(), offset: None };
        self.file.borrow_mut().read(range).map(<[u8]>::to_vec).map_err(failed)
    }
}

impl ArchiveFile {
    /// The same to be read by another thread.
    fn reopened(&self) -> Self {
        let part = |part: &Part| Part { path: part.path.clone(), range: part.range.clone(), file: None };
        Self { path: self.path.clone(), parts: self.parts.iter().map(part).collect(), buffer: Vec::new() }
    }

    fn scan(&mut self, job: ScanJob) -> Result<Found, Error> {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(self.read(range)?);
        }
        Ok(scan.finish())
    }

    /// The bytes of a range; fewer where the file ends.
    fn read(&mut self, range: Range<u64>) -> Result<&[u8], Error> {
        self.buffer.clear();
        let part = self.parts.partition_point(|part| part.range.end <= range.start);
        if let Some(part) = self.parts.get_mut(part) {
            part.read(&range, &mut self.buffer).map_err(|error| Error::Read(self.path.clone(), error))?;
        }
        Ok(&self.buffer)
    }
}

impl Part {
    fn read(&mut self, range: &Range<u64>, buffer: &mut Vec<u8>) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path)?,
        };
        file.seek(SeekFrom::Start(range.start - self.range.start))?;
        (&file).take(range.end.min(self.range.end) - range.start).read_to_end(buffer)?;
        self.file = Some(file);
        Ok(())
    }
}

/// The files below a directory, as members and as what is to be read. Symbolic links are not followed on this
/// machine: the core follows them inside the archive.
fn list_directory(root: &Path) -> io::Result<(Vec<Member>, Vec<Part>)> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                directories.push(entry.path());
            } else if kind.is_symlink() {
                let target = fs::read_link(entry.path())?.into_os_string().into_encoded_bytes();
                files.push((entry.path(), MemberKind::Symlink(target.into()), 0));
            } else if kind.is_file() {
                files.push((entry.path(), MemberKind::File, entry.metadata()?.len()));
            }
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let relative = |path: &Path| {
        let path = path.strip_prefix(root).unwrap_or(path);
        BString::from(path.as_os_str().as_encoded_bytes())
    };
    let listed = files.iter().map(|(path, kind, size)| (relative(path), kind.clone(), *size));
    let members = Member::of_directory(listed);
    let parts =
        members.iter().zip(files).filter(|(member, _)| member.size > 0).map(|(member, (path, ..))| Part {
            path,
            range: member.offset..member.offset + member.size,
            file: None,
        });
    let parts = parts.collect();
    Ok((members, parts))
}
