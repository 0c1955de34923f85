//! What commands ask of a container's files, each change with its trace.

use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::{
    Note, Position, Traced,
    context::{Context, Entry, Fault, Kind, Stat},
    output::Printed,
};
use crate::{
    container::{self, ContainerFs, Content, Errno, OpenFlags, Trace},
    engine::Interrupt,
    layer, limits,
    tar::Timestamp,
    worker::protocol::{Failure, FailureKind},
};

/// How many operations that only look are told of one command: `grep -r` may come to many.
const LOOKS: usize = 300;

impl From<container::Stat> for Stat {
    fn from(stat: container::Stat) -> Self {
        let kind = match stat.kind {
            layer::Kind::Directory => Kind::Directory,
            layer::Kind::Symlink => Kind::Symlink,
            layer::Kind::CharDevice => Kind::CharDevice,
            layer::Kind::BlockDevice => Kind::BlockDevice,
            layer::Kind::Fifo => Kind::Fifo,
            // The merged view has no others.
            _ => Kind::File,
        };
        let is_device = matches!(kind, Kind::CharDevice | Kind::BlockDevice);
        Self {
            kind,
            mode: u32::from(stat.meta.mode),
            uid: stat.meta.uid.into(),
            gid: stat.meta.gid.into(),
            // A directory takes a page, as on most filesystems.
            size: if kind == Kind::Directory { 4096 } else { stat.size },
            mtime: (stat.meta.mtime.secs, stat.meta.mtime.nanos),
            device: is_device.then_some(stat.device),
            inode: stat.id,
            links: if kind == Kind::Directory { 1 } else { stat.names },
        }
    }
}

fn layer_kind(kind: Kind) -> layer::Kind {
    match kind {
        Kind::File => layer::Kind::File,
        Kind::Directory => layer::Kind::Directory,
        Kind::Symlink => layer::Kind::Symlink,
        Kind::CharDevice => layer::Kind::CharDevice,
        Kind::BlockDevice => layer::Kind::BlockDevice,
        Kind::Fifo => layer::Kind::Fifo,
    }
}

impl<'a> Context<'a> {
    /// A context over the files of a container.
    pub(super) fn new(
        fs: ContainerFs<'a>,
        place: &'a mut Position,
        now: Timestamp,
        command: String,
        input: Option<Rc<[u8]>>,
        interrupt: Interrupt,
    ) -> Self {
        Self {
            fs,
            place,
            command,
            traces: Vec::new(),
            now: now.secs,
            input,
            printed: Printed::default(),
            users: None,
            depth: 0,
            interrupt,
        }
    }

    /// What was printed and done.
    pub(super) fn finish(self) -> (Printed, Vec<Traced>) {
        (self.printed, self.traces)
    }

    /// What is at a path; with `follow`, what a symbolic link there leads to.
    pub(super) fn stat(&self, path: &[u8], follow: bool) -> Result<Stat, Fault> {
        Ok(self.fs.stat(&self.full(path), follow)?.into())
    }

    /// The same, where asking is a step of what the command does.
    pub(super) fn look(&mut self, path: &[u8], follow: bool) -> Result<Stat, Fault> {
        let stat = self.fs.stat(&self.full(path), follow);
        self.looked(if follow { "stat" } else { "lstat" }, path, follow, stat.as_ref().err().copied());
        Ok(stat?.into())
    }

    /// The same, where only that it fails is a step: else others follow.
    pub(super) fn target(&mut self, path: &[u8], follow: bool) -> Result<Stat, Fault> {
        match self.fs.stat(&self.full(path), follow) {
            Ok(stat) => Ok(stat.into()),
            Err(_) => self.look(path, follow),
        }
    }

    /// The names in a directory, sorted.
    pub(super) fn list(&self, path: &[u8]) -> Result<Vec<BString>, Fault> {
        self.go_on()?;
        Ok(self.fs.read_dir(&self.full(path))?.into_iter().map(|(name, _)| name).collect())
    }

    /// Where a symbolic link leads.
    pub(super) fn read_link(&self, path: &[u8]) -> Result<BString, Fault> {
        Ok(self.fs.read_link(&self.full(path))?)
    }

    /// The path from the root with all links resolved; the last name need not be there unless `existing`.
    pub(super) fn canonical(&self, path: &[u8], existing: bool) -> Result<BString, Fault> {
        let full = self.full(path);
        let real = match self.fs.real_path(&full) {
            Err(Errno::ENOENT) if !existing => {
                let trimmed = full.trim_end_with(|c| c == '/');
                let (directory, name) = trimmed.rsplit_once_str("/").unwrap_or((b"", trimmed));
                let directory = self.fs.real_path(&[directory, b"/"].concat())?;
                crate::path::join_name(&directory, name)
            }
            other => other?,
        };
        Ok([b"/", real.as_slice()].concat().into())
    }

    /// The same, or the path as it is written where it leads nowhere.
    pub(super) fn physical(&self, path: &[u8]) -> BString {
        self.canonical(path, false).unwrap_or_else(|_| self.logical(path))
    }

    /// Hands a file's content to `sink`, piece by piece, until that has enough.
    pub(super) fn read(&mut self, path: &[u8], sink: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Fault> {
        self.go_on()?;
        let opened = self.fs.content(&self.full(path));
        self.looked("open(O_RDONLY)", path, true, opened.err());
        self.pour(path, sink)
    }

    /// The same without a trace, for what the command itself needs to know.
    pub(super) fn pour(&self, path: &[u8], sink: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Fault> {
        self.go_on()?;
        let content = self.fs.content(&self.full(path))?;
        let mut enough = false;
        let read = content.read(&self.fs.lower(), &mut |bytes| {
            enough = self.interrupt.is_raised() || !sink(bytes);
            if !enough {
                return Ok(());
            }
            Err(Failure { kind: FailureKind::Unreadable, detail: String::new(), offset: None })
        });
        match read {
            Err(failure) if !enough => Err(Fault::Read(failure.detail)),
            _ => Ok(()),
        }
    }

    /// Opens a file to be written, making it or emptying it.
    pub(super) fn open(&mut self, path: &[u8], truncate: bool) -> Result<(), Fault> {
        let full = self.full(path);
        let flags = OpenFlags { write: true, create: true, exclusive: false, truncate };
        let trace = self.fs.open(&full, flags, 0o644);
        self.traced(
            if truncate { "open(O_WRONLY|O_CREAT|O_TRUNC)" } else { "open(O_WRONLY|O_CREAT|O_APPEND)" },
            path,
            trace,
        )
    }

    /// Writes at a file's end.
    pub(super) fn append(&mut self, path: &[u8], bytes: &[u8]) -> Result<(), Fault> {
        let full = self.full(path);
        let trace = self.fs.append(&full, Content::from(bytes.to_vec()), 0o644);
        self.traced("write", path, trace)
    }

    /// Makes an empty file.
    pub(super) fn create(&mut self, path: &[u8], mode: u32) -> Result<(), Fault> {
        let full = self.full(path);
        let flags = OpenFlags { write: true, create: true, exclusive: false, truncate: false };
        let trace = self.fs.open(&full, flags, bits(mode));
        self.traced("open(O_WRONLY|O_CREAT)", path, trace)
    }

    /// Sets a file's length.
    pub(super) fn truncate(&mut self, path: &[u8], len: u64) -> Result<(), Fault> {
        if len > limits::LAYER_BYTES {
            return Err(Errno::EFBIG.into());
        }
        let full = self.full(path);
        let trace = self.fs.truncate(&full, len);
        self.traced("truncate", path, trace)
    }

    /// Removes a file, or an empty directory.
    pub(super) fn remove(&mut self, path: &[u8], is_directory: bool) -> Result<(), Fault> {
        self.go_on()?;
        let full = self.full(path);
        if is_directory {
            let trace = self.fs.rmdir(&full);
            self.traced("rmdir", path, trace)
        } else {
            let trace = self.fs.unlink(&full);
            self.traced("unlink", path, trace)
        }
    }

    pub(super) fn mkdir(&mut self, path: &[u8], mode: u32) -> Result<(), Fault> {
        let full = self.full(path);
        let trace = self.fs.mkdir(&full, bits(mode));
        self.traced("mkdir", path, trace)
    }

    pub(super) fn chmod(&mut self, path: &[u8], mode: u32) -> Result<(), Fault> {
        self.go_on()?;
        let full = self.full(path);
        let trace = self.fs.chmod(&full, bits(mode));
        self.traced("chmod", path, trace)
    }

    pub(super) fn chown(
        &mut self,
        path: &[u8],
        uid: Option<u64>,
        gid: Option<u64>,
        follow: bool,
    ) -> Result<(), Fault> {
        self.go_on()?;
        let id = |id: Option<u64>| id.map(|id| u32::try_from(id).map_err(|_| Errno::EINVAL)).transpose();
        let full = self.full(path);
        let trace = self.fs.chown(&full, id(uid)?, id(gid)?, follow);
        self.traced("chown", path, trace)
    }

    pub(super) fn set_time(&mut self, path: &[u8], (secs, nanos): (i64, u32)) -> Result<(), Fault> {
        let full = self.full(path);
        let trace = self.fs.utimes(&full, Timestamp { secs, nanos }, true);
        self.traced("utimensat", path, trace)
    }

    pub(super) fn symlink(&mut self, target: &[u8], path: &[u8]) -> Result<(), Fault> {
        let full = self.full(path);
        let trace = self.fs.symlink(target, &full);
        self.traced("symlink", path, trace)
    }

    /// Gives a file another name.
    pub(super) fn link(&mut self, from: &[u8], to: &[u8]) -> Result<(), Fault> {
        let (full_from, full_to) = (self.full(from), self.full(to));
        let trace = self.fs.link(&full_from, &full_to, false);
        self.traced("link", to, trace)
    }

    pub(super) fn mknod(
        &mut self,
        path: &[u8],
        kind: Kind,
        mode: u32,
        device: (u32, u32),
    ) -> Result<(), Fault> {
        let full = self.full(path);
        let trace = self.fs.mknod(&full, layer_kind(kind), bits(mode), device);
        self.traced("mknod", path, trace)
    }

    pub(super) fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Fault> {
        let (full_from, full_to) = (self.full(from), self.full(to));
        let trace = self.fs.rename(&full_from, &full_to);
        self.traced("rename", from, trace)
    }

    /// Writes all of a file's content into another, which is made with the mode if it is not there.
    pub(super) fn copy_file(&mut self, from: &[u8], to: &[u8], mode: u32) -> Result<(), Fault> {
        self.go_on()?;
        let opened = self.fs.content(&self.full(from));
        self.looked("open(O_RDONLY)", from, true, opened.as_ref().err().copied());
        let content = opened?;
        let full = self.full(to);
        let trace = self.fs.put(&full, content, bits(mode));
        self.traced("write", to, trace)
    }

    /// Gives a file the owner, permissions, attributes and time of another.
    pub(super) fn copy_metadata(&mut self, from: &Entry, to: &[u8]) -> Result<(), Fault> {
        let meta = self.fs.stat(&self.full(&from.path), false)?.meta;
        let full = self.full(to);
        let is_link = from.stat.kind == Kind::Symlink;
        let now = self.fs.stat(&full, false)?.meta;
        if (now.uid, now.gid) != (meta.uid, meta.gid) {
            let trace = self.fs.chown(&full, Some(meta.uid), Some(meta.gid), false);
            self.traced("chown", to, trace)?;
        }
        if !is_link {
            if self.fs.stat(&full, false)?.meta.mode != meta.mode {
                let trace = self.fs.chmod(&full, meta.mode);
                self.traced("chmod", to, trace)?;
            }
            for (name, value) in &meta.xattrs {
                let trace = self.fs.set_xattr(&full, name, value, false);
                self.traced("setxattr", to, trace)?;
            }
        }
        let trace = self.fs.utimes(&full, meta.mtime, false);
        self.traced("utimensat", to, trace)
    }

    /// The path as the container's files take it: from the root.
    fn full(&self, path: &[u8]) -> BString {
        if path.is_empty() {
            return BString::default();
        }
        crate::path::join(&self.place.cwd, path)
    }

    /// Tells of an operation that changes something. Of one that fails there is to be seen who was asked.
    fn traced(&mut self, call: &str, path: &[u8], trace: Result<Trace, Errno>) -> Result<(), Fault> {
        let (trace, failed) = match trace {
            Ok(trace) => (trace, None),
            Err(errno) => (self.asked(path, false), Some(errno)),
        };
        self.tell(call, path, trace, failed);
        failed.map_or(Ok(()), |errno| Err(errno.into()))
    }

    /// Tells of an operation that only looks.
    fn looked(&mut self, call: &str, path: &[u8], follow: bool, failed: Option<Errno>) {
        if self.traces.len() < LOOKS {
            let trace = self.asked(path, follow);
            self.tell(call, path, trace, failed);
        }
    }

    fn tell(&mut self, call: &str, path: &[u8], trace: Trace, failed: Option<Errno>) {
        let call = format!("{call} {}", self.logical(path));
        let remark = failed.map(Note::Failed);
        self.traces.push(Traced { command: self.command.clone(), call, trace, remark });
    }

    /// Who is asked for a path: for the first name of it that nobody has, if there is one, and for what a link leads to.
    fn asked(&self, path: &[u8], follow: bool) -> Trace {
        let full = self.full(path);
        let mut known = full.trim_end_with(|c| c == '/');
        if known.is_empty() {
            known = &full;
        }
        let mut trace = loop {
            match self.fs.lookup(known) {
                Ok(trace) => break trace,
                Err(_) => match known.rsplit_once_str("/") {
                    Some((above, _)) if !above.is_empty() => known = above,
                    _ => return Trace::default(),
                },
            }
        };
        let is_link = || self.fs.stat(&full, false).is_ok_and(|stat| stat.kind == layer::Kind::Symlink);
        if follow
            && is_link()
            && let Ok(real) = self.fs.real_path(&full)
            && let Ok(more) = self.fs.lookup(&real)
        {
            trace.steps.extend(more.steps);
        }
        trace
    }
}

/// Permissions as the kernel takes them.
fn bits(mode: u32) -> u16 {
    (mode & 0o7777) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        container::{Answer, Lower, Place, Step},
        oci,
    };

    /// What commands over an empty container trace: the call, who was asked, and why it failed.
    fn traced(run: impl FnOnce(&mut Context<'_>)) -> Vec<(String, Vec<Step>, Option<Note>)> {
        let lower = Lower::scratch();
        let mut upper = ContainerFs::empty_upper(&lower);
        let now = Timestamp::default();
        let fs = ContainerFs::new(lower, &mut upper, container::Options::default(), now);
        let mut place = Position::new(&oci::Config::default(), "host");
        let mut context = Context::new(fs, &mut place, now, String::new(), None, Interrupt::default());
        context.mkdir(b"/etc", 0o755).unwrap();
        context.append(b"/etc/motd", b"hello").unwrap();
        context.symlink(b"etc/motd", b"/link").unwrap();
        context.traces.clear();
        run(&mut context);
        let traces = context.finish().1;
        traces.into_iter().map(|traced| (traced.call, traced.trace.steps, traced.remark)).collect()
    }

    fn asked(path: &str, answer: Answer) -> Step {
        Step::Lookup { path: path.into(), asked: vec![(Place::Upper, answer)] }
    }

    #[test]
    fn what_is_read_is_looked_up_and_links_followed() {
        let all = traced(|context| {
            context.read(b"/link", &mut |_| true).unwrap();
            context.look(b"/link", false).unwrap();
            // What is not told.
            context.pour(b"/etc/motd", &mut |_| true).unwrap();
            context.target(b"/etc/motd", true).unwrap();
        });
        let link = asked("link", Answer::Has(layer::Kind::Symlink));
        let motd = asked("etc/motd", Answer::Has(layer::Kind::File));
        assert_eq!(
            all,
            [
                ("open(O_RDONLY) /link".to_owned(), vec![link.clone(), motd], None),
                ("lstat /link".to_owned(), vec![link], None),
            ]
        );
    }

    #[test]
    fn what_fails_shows_who_was_asked_and_the_error() {
        let all = traced(|context| {
            context.target(b"/etc/nope", false).unwrap_err();
            context.read(b"/gone/deep/file", &mut |_| true).unwrap_err();
            context.remove(b"/etc", true).unwrap_err();
        });
        let failed = |call: &str, step: Step, errno| (call.to_owned(), vec![step], Some(Note::Failed(errno)));
        assert_eq!(
            all,
            [
                failed("lstat /etc/nope", asked("etc/nope", Answer::Nothing), Errno::ENOENT),
                failed("open(O_RDONLY) /gone/deep/file", asked("gone", Answer::Nothing), Errno::ENOENT),
                failed("rmdir /etc", asked("etc", Answer::Opaque), Errno::ENOTEMPTY),
            ]
        );
    }

    #[test]
    fn looking_is_not_told_without_end() {
        let all = traced(|context| {
            for _ in 0..LOOKS + 5 {
                context.read(b"/etc/motd", &mut |_| true).unwrap();
            }
        });
        assert_eq!(all.len(), LOOKS);
    }
}
