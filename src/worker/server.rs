//! The worker's side: holds the open archives, reads them, and answers.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use futures_util::{future::try_join_all, lock::Mutex};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use super::{
    answers::{self, Answers},
    contents::Bookmark,
    desk::Desk,
    interruptible::Interruptible,
    news::News,
    pool::{self, Scanner},
    protocol::{
        self, BUILD, Envelope, Event, Failure, FailureKind, Job, Message, Progress, Reply, Request, RequestId,
    },
    queue::{Leave, Queue},
    remote::unless,
    scanner::{self, Pace, Reader, Work},
    shelf_keeper::Keeper,
};
use crate::{
    container::{ArchiveId, Opened, Shelf},
    engine::Interrupt,
    image::{Member, MemberKind},
    limits::{self, Limits},
    platform::{self, Source},
    registry::Auth,
    session::{Found, Opening, Session, Task},
};

/// Runs the worker that holds the model: every message from the page is a request.
pub(super) fn run(scope: DedicatedWorkerGlobalScope) {
    let server = Rc::new(Server {
        scope,
        state: RefCell::default(),
        auth: RefCell::default(),
        shelf_turn: Mutex::default(),
        keeping_asked: Cell::default(),
    });
    let on_message = {
        let server = Rc::clone(&server);
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let platform::Posted { bytes, blob, .. } = platform::unpack(&event.data());
            // The page is of the same build, or has given up on this worker when it said it was ready.
            if let Ok(envelope) = postcard::from_bytes(&bytes) {
                Rc::clone(&server).take(envelope, blob);
            }
        })
    };
    server.scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The worker listens until it is ended from outside.
    on_message.forget();
    server.send(&Message::Ready { build: BUILD.to_owned() }, None);
    spawn_local(async move {
        let answers = answers::fetched().await;
        (answers.load_shelf)(&server).await;
        if let Err(failure) = (answers.rehearse)(&server).await {
            web_sys::console::error_1(&failure.detail.into());
        }
    });
}

pub(super) struct Server {
    scope: DedicatedWorkerGlobalScope,
    /// Never borrowed across an await.
    pub(super) state: RefCell<State>,
    /// What was learnt of registries. Kept in memory only.
    pub(super) auth: RefCell<Auth>,
    /// Whose turn it is at the files of the shelf: reading, writing and forgetting them come one after the other.
    pub(super) shelf_turn: Mutex<()>,
    /// How many times the page has asked to keep the shelf, or to forget it.
    pub(super) keeping_asked: Cell<u64>,
}

#[derive(Default)]
pub(super) struct State {
    /// Archives whose documents have been read, their images, and containers.
    pub(super) shelf: Shelf,
    /// Where the archives' bytes are.
    pub(super) sources: BTreeMap<Job, Source>,
    /// Which of them is read, and which is to join them.
    pub(super) queue: Queue,
    /// What was asked before the answers were here.
    unanswered: Vec<(Envelope, Option<Blob>)>,
    /// What the page has not been told yet.
    news: BTreeMap<Job, (News, Pace)>,
    /// Where the page may read on.
    pub(super) bookmark: Option<Bookmark>,
    /// The shell over all of it.
    pub(super) desk: Desk,
    /// What of it the browser keeps.
    pub(super) keeper: Keeper,
    /// Whether what the shell is at is to end.
    pub(super) interrupt: Rc<RefCell<Interrupt>>,
}

impl State {
    /// Forgets all but the session of an archive that is no longer open.
    pub(super) fn forget(&mut self, job: Job) {
        self.sources.remove(&job);
        self.news.remove(&job);
        self.bookmark.take_if(|mark| mark.is_of(job));
    }
}

/// Why the reading of an archive ends early.
pub(super) enum Stop {
    /// The page wants no more of it.
    Cancelled,
    /// Another archive goes first, or this one is closed.
    Superseded,
    Failed(Failure),
}

impl From<Leave> for Stop {
    fn from(leave: Leave) -> Self {
        match leave {
            Leave::Cancelled => Self::Cancelled,
            Leave::Superseded => Self::Superseded,
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Server {
    fn take(self: Rc<Self>, envelope: Envelope, blob: Option<Blob>) {
        let Envelope { id, job, request } = envelope;
        match request {
            Request::Open { source, unlimited, replaces } => {
                let limits = if unlimited { Limits::none() } else { Limits::default() };
                let result = self.open(job, source, blob, limits, replaces);
                self.reply(id, result.map(|()| Reply::Done));
            }
            Request::Cancel => {
                self.cancel(job);
                self.reply(id, Ok(Reply::Done));
            }
            Request::Close => {
                self.close(job);
                self.reply(id, Ok(Reply::Done));
                spawn_local(async move { self.go_on().await });
            }
            request => {
                let envelope = Envelope { id, job, request };
                if let Some(answers) = answers::here() {
                    return (answers.answer)(&self, envelope, blob);
                }
                let unanswered = &mut self.state.borrow_mut().unanswered;
                unanswered.push((envelope, blob));
                if unanswered.len() == 1 {
                    let server = Rc::clone(&self);
                    spawn_local(async move { server.catch_up().await });
                }
            }
        }
    }

    /// Answers what was asked before the answers were here, in its order.
    async fn catch_up(self: &Rc<Self>) {
        let answers = answers::fetched().await;
        let unanswered = std::mem::take(&mut self.state.borrow_mut().unanswered);
        for (envelope, blob) in unanswered {
            (answers.answer)(self, envelope, blob);
        }
    }

    fn open(
        self: &Rc<Self>,
        job: Job,
        source: protocol::Source,
        blob: Option<Blob>,
        limits: Limits,
        replaces: Option<Job>,
    ) -> Result<(), Failure> {
        let not_found = |what: &str| failure(FailureKind::NotFound, what);
        if replaces.is_none() && self.state.borrow().sources.len() >= limits::ARCHIVES {
            let detail = format!("{} archives are open", limits::ARCHIVES);
            return Err(failure(FailureKind::TooMany, &detail));
        }
        let server = Rc::clone(self);
        match source {
            protocol::Source::Remote(remote) => spawn_local(async move {
                if let Some(answers) = server.answers_for(job).await {
                    (answers.open_remote)(&server, job, remote, limits, replaces);
                }
            }),
            protocol::Source::Directory { name, files } => {
                let source = Source::Blob(blob.ok_or_else(|| not_found("no file came with the request"))?);
                let file = |(path, size)| (path, MemberKind::File, size);
                let members = Member::of_directory(files.into_iter().map(file));
                spawn_local(async move {
                    let opening = Opening::directory(members, platform::content_key());
                    server.read(job, source, name, opening, limits, replaces).await;
                });
            }
            protocol::Source::File(name) => {
                let source = Source::Blob(blob.ok_or_else(|| not_found("no file came with the request"))?);
                spawn_local(async move { server.read_file(job, source, name, limits, replaces).await });
            }
            protocol::Source::Sample(name) => spawn_local(async move {
                let Some(answers) = server.answers_for(job).await else { return };
                match (answers.sample)(&name) {
                    Some(bytes) => {
                        server.read_file(job, Source::Sample(bytes), name, limits, replaces).await;
                    }
                    None => server.end(job, Err(not_found("there is no such sample").into())),
                }
            }),
        }
        self.state.borrow_mut().queue.start(job);
        Ok(())
    }

    /// The answers, for an archive that is to be opened; `None` if it was cancelled before they were here.
    async fn answers_for(&self, job: Job) -> Option<&'static Answers> {
        let fetched = async { Ok(answers::fetched().await) };
        let may_open = || Ok(self.state.borrow().queue.may_open(job)?);
        match unless(fetched, may_open).await {
            Ok(answers) => Some(answers),
            Err(stop) => {
                self.end(job, Err(stop));
                self.go_on().await;
                None
            }
        }
    }

    async fn read_file(&self, job: Job, source: Source, name: String, limits: Limits, replaces: Option<Job>) {
        let opening = Opening::new(source.len(), platform::content_key());
        self.read(job, source, name, Ok(opening), limits, replaces).await;
    }

    /// Reads an archive that is to be opened, and after it those that had to wait.
    async fn read(
        &self,
        job: Job,
        source: Source,
        name: String,
        opening: Result<Opening, Failure>,
        limits: Limits,
        replaces: Option<Job>,
    ) {
        let scanners = pool::scanners(&source);
        let read = match opening {
            Ok(opening) => {
                let opening = opening.with_limits(limits);
                self.read_documents(job, &source, name.clone(), opening).await
            }
            Err(failure) => Err(failure.into()),
        };
        match read {
            Ok(session) => {
                self.keep(job, name, source.clone(), session, replaces);
                self.read_layers(job, &source, scanners).await;
            }
            Err(stop) => self.end(job, Err(stop)),
        }
        self.go_on().await;
    }

    /// Stops reading an archive; what is known stays.
    fn cancel(&self, job: Job) {
        let rested = self.state.borrow_mut().queue.cancel(job);
        if rested {
            self.event(job, Event::Cancelled);
        }
    }

    /// Forgets an archive.
    fn close(&self, job: Job) {
        let is_news = {
            let mut state = self.state.borrow_mut();
            state.queue.close(job);
            state.sources.remove(&job);
            state.news.remove(&job);
            state.bookmark.take_if(|mark| mark.is_of(job));
            let State { shelf, keeper, .. } = &mut *state;
            keeper.close(shelf, archive(job))
        };
        if is_news {
            self.event(Job::MADE_HERE, Event::Shelf);
        }
    }

    /// Takes on an archive whose documents are read, beside the others or in place of one of them.
    pub(super) fn keep(
        &self,
        job: Job,
        name: String,
        source: Source,
        session: Session,
        replaces: Option<Job>,
    ) {
        if let Some(replaced) = replaces {
            self.close(replaced);
        }
        let mut state = self.state.borrow_mut();
        let read = Interruptible::new(source.clone(), Rc::clone(&state.interrupt));
        let opened = Opened { name, session, source: Rc::new(read) };
        state.shelf.add_archive(archive(job), opened);
        state.sources.insert(job, source);
        state.queue.opened(job);
    }

    /// Reads the documents of an archive, or what is left of them.
    pub(super) async fn read_documents(
        &self,
        job: Job,
        source: &Source,
        name: String,
        mut opening: Opening,
    ) -> Result<Session, Stop> {
        let mut progress = Pace::default();
        let mut reader = Reader::new(source);
        while let Some(range) = opening.wants() {
            let read = reader.read(range, |range| opening.wants_after(range)).await;
            let is_due = progress.lets_in().await;
            self.state.borrow().queue.may_open(job)?;
            opening.supply(read?)?;
            if let Some(done) = opening.streamed().filter(|_| is_due) {
                self.event(job, Event::Progress(Progress { layer: None, done, total: source.len() }));
            }
        }
        let mut session = opening.finish()?;
        let recalled = self.recall(&mut session, source).await;
        self.state.borrow().queue.may_open(job)?;
        let report = session.report().into();
        self.event(job, Event::Opened { report, name, size: source.len() });
        if let Some(news) = recalled {
            self.event(job, Event::Kept(news));
        }
        for event in session.take_events() {
            // The report tells of the oddities that are known so far.
            if !matches!(event, Event::Anomalies(_)) {
                self.event(job, event);
            }
        }
        Ok(session)
    }

    /// Reads the layers of an open archive, and says how that ended.
    pub(super) async fn read_layers(&self, job: Job, source: &Source, mut scanners: Vec<Scanner>) {
        if let Source::Remote(archive) = source {
            let result = (answers::fetched().await.pull)(self, job, archive).await;
            return self.end(job, result);
        }
        let result = if scanners.is_empty() {
            self.read_here(job, source).await
        } else {
            self.read_beside(job, source, &mut scanners).await
        };
        // Scanners that were still at work ended with their lanes; what they had is given out anew when reading goes on.
        let _ = self.with_session(job, Session::abandon_scans);
        self.end(job, result);
    }

    /// Reads blob after blob in this thread.
    async fn read_here(&self, job: Job, source: &Source) -> Result<(), Stop> {
        while let Some(next) = self.with_session(job, |session| session.next_scan(Task::Verify))? {
            let place = next.place();
            let progress = |done, total| self.progress(job, place, done, total);
            let found = scanner::scan(source, Work { job: next, room: 0 }, progress).await?;
            self.check(job)?;
            self.accept(job, found)?;
        }
        Ok(())
    }

    /// Reads blobs in threads beside this one: first what is needed to list them all. What is left to be verified would only
    /// take the processor from the last of those, and from the page, which then draws the tree.
    async fn read_beside(&self, job: Job, source: &Source, scanners: &mut [Scanner]) -> Result<(), Stop> {
        let room = Cell::new(platform::room());
        for task in [Task::List, Task::Verify] {
            let lanes = scanners.iter_mut().map(|scanner| self.read_in(scanner, task, &room, job, source));
            try_join_all(lanes).await?;
        }
        Ok(())
    }

    /// Reads blob after blob in a thread, beside others that do the same. `room` is shared with the others: how many bytes may
    /// be held for the browser to hash.
    async fn read_in(
        &self,
        scanner: &mut Scanner,
        task: Task,
        room: &Cell<u64>,
        job: Job,
        source: &Source,
    ) -> Result<(), Stop> {
        while let Some(next) = self.with_session(job, |session| session.next_scan(task))? {
            let place = next.place();
            let work = Work { room: next.held(room.get()), job: next };
            room.set(room.get() - work.room);
            let found =
                scanner.scan(source, &work, |done, total| self.progress(job, place, done, total)).await?;
            room.set(room.get() + work.room);
            self.check(job)?;
            self.accept(job, found)?;
        }
        Ok(())
    }

    pub(super) fn progress(&self, job: Job, place: (u32, u32), done: u64, total: u64) -> Result<(), Stop> {
        self.check(job)?;
        self.event(job, Event::Progress(Progress { layer: Some(place), done, total }));
        Ok(self.tell(job, |_| {})?)
    }

    pub(super) fn accept(&self, job: Job, found: Found) -> Result<(), Failure> {
        let mut agrees = true;
        self.tell(job, |session| agrees = session.accept(found))?;
        if !agrees {
            self.contradicted(job);
        }
        Ok(())
    }

    /// Works on an archive, and tells what is new of it.
    fn tell(&self, job: Job, work: impl FnOnce(&mut Session)) -> Result<(), Failure> {
        let events = {
            let mut state = self.state.borrow_mut();
            let State { shelf, news, .. } = &mut *state;
            let session = &mut shelf.archives.get_mut(&archive(job)).ok_or_else(not_open)?.session;
            work(session);
            let events = session.take_events();
            let whole = |image: u32, layers: u32| {
                let image = session.images().get(image as usize);
                image.is_none_or(|image| image.layers.len() == layers as usize)
            };
            let (news, pace) = news.entry(job).or_default();
            news.of(events, || pace.is_due(), whole)
        };
        events.into_iter().for_each(|event| self.event(job, event));
        Ok(())
    }

    /// Whether the layers of this archive are still to be read now.
    pub(super) fn check(&self, job: Job) -> Result<(), Stop> {
        Ok(self.state.borrow_mut().queue.may_read(job)?)
    }

    /// Reads those archives on that had to wait.
    pub(super) async fn go_on(&self) {
        while let Some((job, source)) = self.resume() {
            self.read_layers(job, &source, pool::scanners(&source)).await;
        }
    }

    fn resume(&self) -> Option<(Job, Source)> {
        let mut state = self.state.borrow_mut();
        let job = state.queue.resume()?;
        Some((job, state.sources.get(&job)?.clone()))
    }

    /// Tells how the reading of an archive ended.
    pub(super) fn end(&self, job: Job, result: Result<(), Stop>) {
        // Before they are here, nothing of the shelf waits for an archive.
        if let Some(answers) = answers::here().filter(|_| result.is_ok()) {
            (answers.recall_shelf)(self);
        }
        let event = match result {
            Ok(()) => Event::Finished,
            Err(Stop::Cancelled) => Event::Cancelled,
            Err(Stop::Failed(failure)) => Event::Failed(failure),
            Err(Stop::Superseded) => return,
        };
        let rest = {
            let mut state = self.state.borrow_mut();
            state.queue.end(job);
            state.news.remove(&job).map(|(mut news, _)| news.rest()).unwrap_or_default()
        };
        rest.into_iter().chain([event]).for_each(|event| self.event(job, event));
    }

    /// The name of an open archive.
    pub(super) fn archive_name(&self, job: Job) -> Result<String, Failure> {
        let state = self.state.borrow();
        let open = state.shelf.archives.get(&archive(job)).ok_or_else(not_open)?;
        Ok(open.name.clone())
    }

    /// Works on an archive, if it is still open.
    pub(super) fn with_session<T>(
        &self,
        job: Job,
        work: impl FnOnce(&mut Session) -> T,
    ) -> Result<T, Failure> {
        let mut state = self.state.borrow_mut();
        let open = state.shelf.archives.get_mut(&archive(job)).ok_or_else(not_open)?;
        Ok(work(&mut open.session))
    }

    pub(super) fn reply(&self, id: RequestId, result: Result<Reply, Failure>) {
        self.send(&Message::Reply { id, result }, None);
    }

    pub(super) fn event(&self, job: Job, event: Event) {
        self.send(&Message::Event { job, event }, None);
    }

    pub(super) fn send(&self, message: &Message, blob: Option<&Blob>) {
        let Ok(bytes) = postcard::to_stdvec(message) else { return };
        let (message, transfer) = platform::pack(&bytes, blob);
        // The page is always there: it ends the worker, not the other way round.
        let _ = self.scope.post_message_with_transfer(&message, &transfer);
    }
}

/// The archive of a job.
fn archive(job: Job) -> ArchiveId {
    ArchiveId(job.0)
}

pub(super) fn failure(kind: FailureKind, detail: &str) -> Failure {
    Failure { kind, detail: detail.to_owned(), offset: None }
}

pub(super) fn not_open() -> Failure {
    failure(FailureKind::Superseded, "the archive is no longer open")
}
