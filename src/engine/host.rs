//! The files around the shell: of the machine it runs on, or what was dropped on the page.

use std::rc::Rc;

use bstr::BString;

use crate::{
    container::{ArchiveId, Archives, ReadAt, Rope},
    tar::Timestamp,
    worker::protocol::Failure,
};

/// Whether what is under way is to end, as Ctrl+C has it. Asked often; once it is, it stays so.
#[derive(Clone, Default)]
pub struct Interrupt(Option<Rc<dyn Fn() -> bool>>);

impl Interrupt {
    /// One that this tells.
    pub fn new(is_raised: impl Fn() -> bool + 'static) -> Self {
        Self(Some(Rc::new(is_raised)))
    }

    /// Whether it is.
    pub fn is_raised(&self) -> bool {
        self.0.as_ref().is_some_and(|is_raised| is_raised())
    }
}

/// What is around the shell: by default, no files at all. Paths are as they were typed.
pub trait Host {
    /// 32 random bytes.
    fn random(&mut self) -> [u8; 32];

    /// A number for an archive that is opened.
    fn new_archive(&mut self) -> ArchiveId;

    /// Whether what is under way is to end. A machine's shell ends all of the program instead.
    fn interrupt(&self) -> Interrupt {
        Interrupt::default()
    }

    /// Has an image opened from its registry, and says so; `None` where no registry is reached.
    fn pull(&mut self, _: &str) -> Option<String> {
        None
    }

    /// Has an archive chosen and opened later, and says so; `None` where the path alone tells which.
    fn load(&mut self, _: &str) -> Option<String> {
        None
    }

    /// A file, to be read.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    fn open(&mut self, _: &str) -> Result<Rc<dyn ReadAt>, String> {
        Err("No such file or directory".into())
    }

    /// What is at a path and, if that is a directory, all below it, each directory before what is in it. The first has an
    /// empty path.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    fn list(&mut self, _: &str) -> Result<Vec<HostFile>, String> {
        Err("No such file or directory".into())
    }

    /// Whether there is a directory at a path, or something else; `None` for nothing.
    fn is_directory(&mut self, path: &str) -> Option<bool> {
        let files = self.list(path).ok()?;
        files.first().map(|file| matches!(file.kind, HostKind::Directory))
    }

    /// Writes a file. `archives` is what the rope's parts lie in.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    fn save(&mut self, _: &str, _: &Rope, _: &Archives) -> Result<(), String> {
        Err("Read-only file system".into())
    }

    /// Writes a file, a directory or a symbolic link of a container. `content` is what a file is made of, and `read` gives it
    /// out.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    fn place(&mut self, _: &str, _: &HostFile, _: Rope, _: &mut Reading<'_>) -> Result<(), String> {
        Err("Read-only file system".into())
    }
}

/// Gives out a content piece by piece.
pub type Reading<'a> = dyn FnMut(&mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> + 'a;

/// A file of the host.
#[derive(Clone)]
pub struct HostFile {
    /// Its path below what was asked for, without a leading slash.
    pub path: BString,
    /// What it is.
    pub kind: HostKind,
    /// Permissions.
    pub mode: u32,
    /// Time of last modification.
    pub mtime: Timestamp,
}

/// What a [`HostFile`] is.
#[derive(Clone)]
pub enum HostKind {
    /// A regular file; without content where that goes another way.
    File(Option<Rc<dyn ReadAt>>),
    /// A directory.
    Directory,
    /// A symbolic link and its target.
    Symlink(BString),
}

/// A host without files.
pub struct NoHost {
    counter: u32,
}

impl NoHost {
    /// One whose archives are numbered from here on.
    pub fn new(first_archive: u32) -> Self {
        Self { counter: first_archive }
    }
}

impl Host for NoHost {
    fn random(&mut self) -> [u8; 32] {
        self.counter += 1;
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&self.counter.to_be_bytes());
        bytes
    }

    fn new_archive(&mut self) -> ArchiveId {
        self.counter += 1;
        ArchiveId(self.counter)
    }
}
