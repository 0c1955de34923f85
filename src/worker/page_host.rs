//! The files around the page's shell: those of the build's context, and what the reader chooses; what is saved is offered to the
//! reader.

use std::rc::Rc;

use bstr::BString;

use super::{
    containers::{Files, Wanted},
    desk::Around,
    protocol::Failure,
};
use crate::{
    container::{ArchiveId, Archives, LOCAL, Part as RopePart, ReadAt, Rope},
    engine::{Host, HostFile, HostKind, Interrupt, Reading},
    tar::{Entry, EntryKind, writer},
};

/// The Dockerfile's path in the context.
const DOCKERFILE: &str = "Dockerfile";
/// What is answered while the reader chooses.
const CHOOSE: &str = "choose the file in the dialog";

/// See the module.
pub(super) struct PageHost<'f> {
    around: Around,
    /// How many containers were made of the randomness.
    used: u8,
    files: &'f Files,
    /// What was saved.
    saved: Vec<(String, Rope)>,
    /// What was copied out of containers.
    placed: Vec<Placed>,
    /// What is wanted of the page.
    pub(super) wants: Option<Wanted>,
}

impl<'f> PageHost<'f> {
    pub(super) fn new(around: Around, files: &'f Files) -> Self {
        Self { around, used: 0, files, saved: Vec::new(), placed: Vec::new(), wants: None }
    }

    /// What is offered to the reader.
    pub(super) fn into_saved(self) -> Vec<(String, Rope)> {
        self.saved.into_iter().chain(self.placed.into_iter().map(Placed::offered)).collect()
    }

    /// The files of the context: where each begins, and how long it is.
    fn context(&self) -> impl Iterator<Item = (&'f BString, u64, u64)> {
        self.files.recipe.files.iter().scan(0u64, |start, (path, len)| {
            let from = *start;
            *start = start.saturating_add(*len);
            Some((path, from, *len))
        })
    }

    fn content(&self, start: u64, len: u64) -> Option<Rc<dyn ReadAt>> {
        let whole = Rc::clone(self.around.bytes.as_ref()?);
        Some(Rc::new(Part { whole, start, len }))
    }

    /// The file that was chosen, behind those of the context.
    fn chosen(&self) -> Option<Rc<dyn ReadAt>> {
        let start = self.files.recipe.files.iter().map(|(_, len)| *len).fold(0, u64::saturating_add);
        self.content(start, self.files.chosen?)
    }

    /// A file of the context, or the Dockerfile.
    fn of_context(&self, path: &str) -> Option<Rc<dyn ReadAt>> {
        let wanted = path.trim_start_matches("./");
        let found = self.context().find(|(path, ..)| path.as_slice() == wanted.as_bytes());
        match found {
            Some((_, start, len)) => self.content(start, len),
            None if wanted == DOCKERFILE && !self.files.recipe.dockerfile.is_empty() => {
                let bytes: Rc<[u8]> = self.files.recipe.dockerfile.as_bytes().into();
                Some(Rc::new(bytes))
            }
            None => None,
        }
    }

    fn entry(&self, path: BString, kind: HostKind) -> HostFile {
        let mode = if let HostKind::Directory = kind { 0o755 } else { 0o644 };
        HostFile { path, kind, mode, mtime: self.around.now }
    }

    fn whole_context(&self) -> Vec<HostFile> {
        let mut all = vec![self.entry(BString::default(), HostKind::Directory)];
        let mut directories: Vec<BString> = Vec::new();
        for (path, start, len) in self.context() {
            for (slash, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
                let directory: BString = path[..slash].into();
                if !directory.is_empty() && !directories.contains(&directory) {
                    all.push(self.entry(directory.clone(), HostKind::Directory));
                    directories.push(directory);
                }
            }
            all.push(self.entry(path.clone(), HostKind::File(self.content(start, len))));
        }
        if !self.context().any(|(path, ..)| path == DOCKERFILE) {
            let dockerfile = self.of_context(DOCKERFILE);
            all.extend(dockerfile.map(|bytes| self.entry(DOCKERFILE.into(), HostKind::File(Some(bytes)))));
        }
        all
    }
}

/// A part of what can be read.
struct Part {
    whole: Rc<dyn ReadAt>,
    start: u64,
    len: u64,
}

impl ReadAt for Part {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, range: std::ops::Range<u64>) -> Result<Vec<u8>, Failure> {
        let at = |offset: u64| self.start.saturating_add(offset.min(self.len));
        self.whole.read_at(at(range.start)..at(range.end))
    }
}

impl Host for PageHost<'_> {
    fn random(&mut self) -> [u8; 32] {
        let mut random = self.around.random;
        random[31] = random[31].wrapping_add(self.used);
        random[0] ^= self.used;
        self.used = self.used.wrapping_add(1);
        random
    }

    fn new_archive(&mut self) -> ArchiveId {
        // Archives are the page's to open.
        LOCAL
    }

    fn interrupt(&self) -> Interrupt {
        self.around.interrupt.clone()
    }

    fn pull(&mut self, name: &str) -> Option<String> {
        self.wants = Some(Wanted::Pull(name.to_owned()));
        Some("the page asks the registry for it, and shows it as soon as its documents are there".to_owned())
    }

    fn load(&mut self, _: &str) -> Option<String> {
        self.wants = Some(Wanted::Archive);
        Some(format!("{CHOOSE}: it is opened as soon as it is chosen"))
    }

    fn open(&mut self, path: &str) -> Result<Rc<dyn ReadAt>, String> {
        if let Some(file) = self.of_context(path).or_else(|| self.chosen()) {
            return Ok(file);
        }
        self.wants = Some(Wanted::Content);
        Err(CHOOSE.to_owned())
    }

    fn list(&mut self, path: &str) -> Result<Vec<HostFile>, String> {
        if matches!(path.trim_end_matches('/'), "" | ".") {
            let is_empty = self.files.recipe.dockerfile.is_empty() && self.files.recipe.files.is_empty();
            return if is_empty {
                Err("around the page's shell are the files of its Build part: give it a Dockerfile"
                    .to_owned())
            } else {
                Ok(self.whole_context())
            };
        }
        let content = self.open(path)?;
        Ok(vec![self.entry(BString::default(), HostKind::File(Some(content)))])
    }

    fn is_directory(&mut self, path: &str) -> Option<bool> {
        // What is written goes to the reader, wherever that is: only of here is it known that it is one.
        matches!(path.trim_end_matches('/'), "" | ".").then_some(true)
    }

    fn save(&mut self, path: &str, rope: &Rope, _: &Archives) -> Result<(), String> {
        self.saved.push((path.to_owned(), rope.clone()));
        Ok(())
    }

    fn place(
        &mut self,
        path: &str,
        file: &HostFile,
        content: Rope,
        _: &mut Reading<'_>,
    ) -> Result<(), String> {
        if file.path.is_empty() {
            self.placed.push(Placed { path: path.to_owned(), files: Vec::new() });
        }
        let Some(placed) = self.placed.last_mut() else { return Ok(()) };
        placed.files.push((file.clone(), content));
        Ok(())
    }
}

/// What was copied out of a container at once: a file, or a directory and all below it, itself first.
struct Placed {
    path: String,
    files: Vec<(HostFile, Rope)>,
}

impl Placed {
    /// A file as it is; else a tar, for there the page can offer files alone.
    fn offered(self) -> (String, Rope) {
        let Self { path, mut files } = self;
        if let [(HostFile { kind: HostKind::File(_), .. }, content)] = files.as_mut_slice() {
            return (path, std::mem::take(content));
        }
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let (name, is_here) = if matches!(name, "" | "." | "..") { ("files", true) } else { (name, false) };
        // Each layer is then read once, from its start to its end; directories come before what is in them.
        files.sort_by_key(|(_, content)| match content.parts().first() {
            Some(RopePart::File(.., file, _)) => Some(*file),
            _ => None,
        });
        let mut rope = Rope::default();
        let mut pending = Vec::new();
        for (file, content) in files {
            let path = match (is_here, file.path.is_empty()) {
                (true, _) => file.path.clone(),
                (false, true) => name.into(),
                (false, false) => crate::path::join_name(name.as_bytes(), &file.path),
            };
            let (kind, link) = match file.kind {
                HostKind::File(_) => (EntryKind::File, BString::default()),
                HostKind::Directory => (EntryKind::Directory, BString::default()),
                HostKind::Symlink(target) => (EntryKind::Symlink, target),
            };
            if path.is_empty() {
                continue;
            }
            let (mode, mtime, size) = (file.mode & 0o7777, file.mtime, content.len());
            let entry = Entry { path, link, mode, mtime, size, stored_size: size, ..writer::plain(kind) };
            writer::write_header(&entry, &mut pending);
            if size > 0 {
                rope.bytes(std::mem::take(&mut pending));
                content.parts().iter().for_each(|part| rope.push(part.clone()));
                pending.resize(writer::padding(size), 0);
            }
        }
        pending.extend(writer::END);
        rope.bytes(pending);
        (format!("{name}.tar"), rope)
    }
}
