//! The page's side of the worker.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::{Rc, Weak},
};

use futures_channel::oneshot;
use gloo::timers::future::TimeoutFuture;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};
use yew::Callback;

use super::protocol::{
    BUILD, Envelope, Event, Failure, FailureKind, Job, Message, Reply, Request, RequestId, Source,
};
use crate::platform::{self, Handlers, WorkerCode, WorkerThread};
use crate::registry::Remote;

/// How many seconds a worker may leave an opening or a cancelling without an answer. One step of its work, of which each
/// ends with a look at what has been asked, takes less than one of them; a few on a slow machine.
const PATIENCE: u32 = 15;
/// A second in milliseconds. Seconds are counted one by one: a page that sleeps counts one, however long it has slept.
const SECOND: u32 = 1_000;

/// A handle on the worker. Cheap to clone; clones are the same worker, and compare as equal.
///
/// Requests made before the worker is ready wait for it. A worker that crashes, cannot be started, or does not answer
/// is ended, and with it the archives that it had open; the next opening starts another. So what fails again and again
/// is tried as often as the reader asks for it.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

struct Inner {
    on_event: Callback<(Job, Event)>,
    code: RefCell<Option<WorkerCode>>,
    /// Whether a worker that was started from the code has been ready. Code that never led to one is fetched anew.
    is_proven: Cell<bool>,
    thread: RefCell<Thread>,
    /// How many threads were started.
    starts: Cell<u32>,
    /// Requests under way.
    pending: RefCell<HashMap<RequestId, oneshot::Sender<Answer>>>,
    last_id: Cell<u32>,
    /// The newest job.
    job: Cell<Job>,
    /// What the newest job is to open.
    newest: RefCell<Option<Opening>>,
    /// What was opened and not closed since, in the order of its opening.
    opened: RefCell<Vec<Opened>>,
    /// The files of the build's context.
    context: RefCell<Option<Blob>>,
}

/// What was opened.
struct Opened {
    what: Opening,
    /// Whether the worker has it open; otherwise that worker is no more.
    is_open: bool,
}

/// What is to be opened. It is kept so that another worker can be asked for the same.
#[derive(Clone)]
struct Opening {
    job: Job,
    source: Source,
    file: Option<Blob>,
    /// Whether the limits that can be lifted are.
    unlimited: bool,
    /// What it takes the place of.
    replaces: Option<Job>,
    /// The newest request for it.
    request: RequestId,
}

enum Thread {
    /// Not running, for this reason.
    Ended(Failure),
    /// Its code on its way, or running and not yet ready: what is to be sent waits.
    Starting { thread: Option<WorkerThread>, waiting: Vec<(Vec<u8>, Option<Blob>)> },
    /// Ready.
    Running(WorkerThread),
}

/// A reply and the blob that rides beside it.
pub type Answer = Result<(Reply, Option<Blob>), Failure>;

impl Client {
    /// Fetches the worker's code and starts it. `on_event` is called with what happens to the newest job and to
    /// those whose archives are open.
    pub fn start(on_event: Callback<(Job, Event)>) -> Self {
        let inner = Rc::new(Inner {
            on_event,
            code: RefCell::new(None),
            is_proven: Cell::new(false),
            thread: RefCell::new(Thread::Ended(not_started(String::new()))),
            starts: Cell::new(0),
            pending: RefCell::default(),
            last_id: Cell::new(0),
            job: Cell::new(Job(0)),
            newest: RefCell::default(),
            opened: RefCell::default(),
            context: RefCell::default(),
        });
        inner.start();
        Self(inner)
    }

    /// Opens a file beside what is open.
    pub fn open_file(&self, file: File) -> Job {
        self.0.open(Source::File(file.name()), Some(file.into()), false, None)
    }

    /// Opens a directory beside what is open: its files by their paths from it.
    ///
    /// # Errors
    ///
    /// What the browser throws.
    pub fn open_directory(&self, name: &str, files: &[(String, File)]) -> Result<Job, JsValue> {
        // A blob of blobs copies no byte.
        let parts: js_sys::Array = files.iter().map(|(_, file)| file).collect();
        let blob = Blob::new_with_blob_sequence(&parts)?;
        let files = files.iter().map(|(path, file)| (path.as_str().into(), platform::from_f64(file.size())));
        let source = Source::Directory { name: name.to_owned(), files: files.collect() };
        Ok(self.0.open(source, Some(blob), false, None))
    }

    /// Opens a built-in sample beside what is open.
    pub fn open_sample(&self, name: &str) -> Job {
        self.0.open(Source::Sample(name.to_owned()), None, false, None)
    }

    /// Opens an image elsewhere beside what is open.
    pub fn open_remote(&self, remote: Remote) -> Job {
        self.0.open(Source::Remote(remote), None, false, None)
    }

    /// Opens once more what was opened as `job`, with [`Request::Open`]'s `unlimited` or as it was opened before, in place
    /// of it. Gives the new job and the one whose place it takes; `None` if `job` is neither open nor what was to be opened
    /// last.
    pub fn open_again(&self, job: Job, unlimited: bool) -> Option<(Job, Option<Job>)> {
        let newest = self.0.newest.borrow().clone().filter(|opening| opening.job == job);
        let opened =
            self.0.opened.borrow().iter().find(|opened| opened.what.job == job).map(|o| o.what.clone());
        // What was refused takes the place that it was to take.
        let replaces = if opened.is_some() { Some(job) } else { newest.as_ref()?.replaces };
        let Opening { source, file, unlimited: was, .. } = opened.or(newest)?;
        Some((self.0.open(source, file, unlimited || was, replaces), replaces))
    }

    /// Stops reading an archive; what is known stays.
    pub fn cancel(&self, job: Job) {
        self.0.cancel(job);
    }

    /// Closes an archive.
    pub fn close(&self, job: Job) {
        self.0.close(job);
    }

    /// The files of the build's context, one after the other.
    pub fn context(&self) -> Option<Blob> {
        self.0.context.borrow().clone()
    }

    /// Sets them.
    pub fn set_context(&self, context: Option<Blob>) {
        self.0.context.replace(context);
    }

    /// Asks about an open archive.
    ///
    /// # Errors
    ///
    /// What the worker says, or why there is no worker.
    pub async fn call(&self, job: Job, request: Request) -> Result<Reply, Failure> {
        self.exchange(job, request, None).await.map(|(reply, _)| reply)
    }

    /// Asks about an open archive; a blob may ride beside the request and beside the answer.
    ///
    /// # Errors
    ///
    /// What the worker says, or why there is no worker.
    pub async fn exchange(&self, job: Job, request: Request, blob: Option<Blob>) -> Answer {
        let (_, answer) = self.0.request(job, request, blob);
        // The sender is dropped only with all requests of a worker that is no more.
        answer.await.unwrap_or_else(|_| Err(crashed("the worker was ended".into())))
    }

    /// Saves what the worker answers [`Request::Download`] or [`Request::Tar`] with, under a name.
    ///
    /// # Errors
    ///
    /// What the worker says, or that the browser refuses to save.
    pub async fn save(&self, job: Job, request: Request, file_name: &str) -> Result<(), Failure> {
        let (_, blob) = self.exchange(job, request, None).await?;
        let blob = blob.ok_or_else(|| crashed("the worker sent no content".into()))?;
        platform::save(&blob, file_name).map_err(|error| Failure {
            kind: FailureKind::Unreadable,
            detail: platform::describe(&error),
            offset: None,
        })
    }
}

/// Fetches the code, if that has not been done, and starts a thread.
async fn load(weak: Weak<Inner>) {
    let Some(inner) = weak.upgrade() else { return };
    let start = inner.starts.get();
    let known = inner.code.borrow().clone();
    let code = match known {
        Some(code) => Ok(code),
        None => {
            // What the reader sees comes first. Whoever drops a file meanwhile has it wait with the worker.
            platform::idle().await;
            WorkerCode::fetch().await
        }
    };
    if !matches!(&*inner.thread.borrow(), Thread::Starting { thread: None, .. }) {
        // It was cancelled meanwhile, or started by an opening after that.
        return;
    }
    let started = code.and_then(|code| {
        let thread = WorkerThread::start(&code, "model", handlers(&weak))?;
        let supplied = code.supply(&thread);
        *inner.code.borrow_mut() = Some(code);
        Ok((thread, supplied))
    });
    let result = match started {
        Ok((started, supplied)) => {
            if let Thread::Starting { thread, .. } = &mut *inner.thread.borrow_mut() {
                *thread = Some(started);
            }
            supplied.await
        }
        Err(error) => Err(error),
    };
    // Another may have been started since, which finds out for itself.
    if let Err(error) = result
        && inner.starts.get() == start
    {
        // A worker that lacks code may be ready, and proves nothing.
        inner.is_proven.set(false);
        inner.end(not_started(platform::describe(&error)));
    }
}

fn handlers(inner: &Weak<Inner>) -> Handlers {
    let (on_message, on_error) = (inner.clone(), inner.clone());
    Handlers {
        message: Box::new(move |platform::Posted { bytes, blob, .. }| {
            if let Some(inner) = on_message.upgrade() {
                inner.message(&bytes, blob);
            }
        }),
        error: Box::new(move |detail| {
            if let Some(inner) = on_error.upgrade() {
                let failure = if inner.is_ready() { crashed(detail) } else { not_started(detail) };
                inner.end(failure);
            }
        }),
    }
}

impl Inner {
    /// Starts a thread, in place of what is there.
    fn start(self: &Rc<Self>) {
        *self.thread.borrow_mut() = Thread::Starting { thread: None, waiting: Vec::new() };
        self.starts.set(self.starts.get() + 1);
        spawn_local(load(Rc::downgrade(self)));
    }

    fn open(
        self: &Rc<Self>,
        source: Source,
        file: Option<Blob>,
        unlimited: bool,
        replaces: Option<Job>,
    ) -> Job {
        let job = Job(self.job.get().0 + 1);
        self.job.set(job);
        let request = RequestId(0);
        *self.newest.borrow_mut() = Some(Opening { job, source, file, unlimited, replaces, request });
        self.ask_to_open();
        job
    }

    /// Asks for the newest job, of another worker if there is none.
    fn ask_to_open(self: &Rc<Self>) {
        if matches!(&*self.thread.borrow(), Thread::Ended(_)) {
            self.start();
        }
        let Some(Opening { job, source, file, unlimited, replaces, .. }) = self.newest.borrow().clone()
        else {
            return;
        };
        let (id, answer) = self.request(job, Request::Open { source, unlimited, replaces }, file);
        if let Some(newest) = &mut *self.newest.borrow_mut() {
            newest.request = id;
        }
        self.watch(id);
        let weak = Rc::downgrade(self);
        spawn_local(async move {
            // All else comes as events; that it was not taken on does not.
            if let Ok(Err(failure)) = answer.await
                && let Some(inner) = weak.upgrade()
            {
                inner.event(job, Event::Failed(failure));
            }
        });
    }

    fn cancel(self: &Rc<Self>, job: Job) {
        if self.is_ready() {
            // Nobody waits for the answer, except for seeing that there is one.
            let (id, _) = self.request(job, Request::Cancel, None);
            self.watch(id);
        } else {
            // What is asked for has not left the page.
            *self.thread.borrow_mut() = Thread::Ended(not_started("cancelled".into()));
            self.pending.borrow_mut().clear();
            self.event(self.job.get(), Event::Cancelled);
        }
    }

    fn close(&self, job: Job) {
        let before = self.opened.borrow().len();
        self.opened.borrow_mut().retain(|opened| opened.what.job != job);
        let is_open = job == Job::MADE_HERE || self.opened.borrow().len() < before;
        if self.is_ready() && is_open {
            // Nobody waits for the answer.
            let _ = self.request(job, Request::Close, None);
        }
    }

    fn request(
        &self,
        job: Job,
        request: Request,
        blob: Option<Blob>,
    ) -> (RequestId, oneshot::Receiver<Answer>) {
        let (sender, receiver) = oneshot::channel();
        let id = RequestId(self.last_id.get().wrapping_add(1));
        self.last_id.set(id.0);
        self.pending.borrow_mut().insert(id, sender);
        let envelope = Envelope { id, job, request };
        let sent = match postcard::to_stdvec(&envelope) {
            Ok(bytes) => self.send(bytes, blob),
            Err(error) => Err(crashed(error.to_string())),
        };
        if let Err(failure) = sent {
            self.answer(id, Err(failure));
        }
        (id, receiver)
    }

    fn send(&self, bytes: Vec<u8>, blob: Option<Blob>) -> Result<(), Failure> {
        match &mut *self.thread.borrow_mut() {
            Thread::Starting { waiting, .. } => {
                waiting.push((bytes, blob));
                Ok(())
            }
            Thread::Running(thread) => {
                thread.send(&bytes, blob.as_ref()).map_err(|error| crashed(platform::describe(&error)))
            }
            Thread::Ended(failure) => Err(failure.clone()),
        }
    }

    /// Ends the worker if it leaves a request without an answer for too long.
    fn watch(self: &Rc<Self>, id: RequestId) {
        let weak = Rc::downgrade(self);
        spawn_local(async move {
            let mut waited = 0;
            while waited < PATIENCE {
                TimeoutFuture::new(SECOND).await;
                let Some(inner) = weak.upgrade() else { return };
                if !inner.pending.borrow().contains_key(&id) {
                    return;
                }
                // A worker whose code is on its way is not late.
                if !matches!(&*inner.thread.borrow(), Thread::Starting { thread: None, .. }) {
                    waited += 1;
                }
            }
            if let Some(inner) = weak.upgrade() {
                inner.give_up();
            }
        });
    }

    /// Ends a worker that does not answer. Another one is asked for what is to be opened, unless this one has never
    /// been ready: then another would hardly be.
    fn give_up(self: &Rc<Self>) {
        let detail = format!("no answer for {PATIENCE} seconds");
        if !self.is_ready() {
            return self.end(not_started(detail));
        }
        let request = self.newest.borrow().as_ref().map(|newest| newest.request);
        let unasked = request.and_then(|request| self.pending.borrow_mut().remove(&request));
        let failure = Failure { kind: FailureKind::Unresponsive, detail, offset: None };
        *self.thread.borrow_mut() = Thread::Ended(failure.clone());
        self.fail_pending(&failure);
        if unasked.is_some() {
            self.fail_open(&failure);
            self.ask_to_open();
        } else {
            self.fail_jobs(&failure);
        }
    }

    fn answer(&self, id: RequestId, answer: Answer) {
        // A request whose caller has gone away needs no answer.
        let sender = self.pending.borrow_mut().remove(&id);
        sender.map(|sender| sender.send(answer));
    }

    fn message(&self, bytes: &[u8], blob: Option<Blob>) {
        match postcard::from_bytes(bytes) {
            Ok(Message::Ready { build }) if build == BUILD => self.ready(),
            Ok(Message::Ready { build }) => {
                self.end(stale(format!("the page is {BUILD}, its worker {build}")))
            }
            Ok(Message::Reply { id, result }) => self.answer(id, result.map(|reply| (reply, blob))),
            Ok(Message::Event { job, event }) => self.event(job, event),
            // Only a worker of another build could say what cannot be read.
            Err(error) => self.end(stale(error.to_string())),
        }
    }

    fn event(&self, job: Job, event: Event) {
        let is_newest = job == self.job.get();
        if is_newest
            && matches!(event, Event::Opened { .. })
            && let Some(what) = self.newest.borrow().clone()
        {
            let mut opened = self.opened.borrow_mut();
            opened.retain(|opened| Some(opened.what.job) != what.replaces);
            opened.push(Opened { what, is_open: true });
        }
        let is_open = |opened: &Opened| opened.what.job == job && opened.is_open;
        if is_newest || job == Job::MADE_HERE || self.opened.borrow().iter().any(is_open) {
            self.on_event.emit((job, event));
        }
    }

    fn ready(&self) {
        let ended = Thread::Ended(not_started(String::new()));
        let starting = std::mem::replace(&mut *self.thread.borrow_mut(), ended);
        let Thread::Starting { thread: Some(thread), waiting } = starting else {
            *self.thread.borrow_mut() = starting;
            return;
        };
        self.is_proven.set(true);
        *self.thread.borrow_mut() = Thread::Running(thread);
        for (bytes, blob) in waiting {
            if let Err(failure) = self.send(bytes, blob) {
                return self.end(failure);
            }
        }
    }

    fn is_ready(&self) -> bool {
        matches!(&*self.thread.borrow(), Thread::Running(_))
    }

    /// The worker is no more, or is not to be had: whoever waits is told. The next opening starts another.
    fn end(&self, failure: Failure) {
        if !self.is_proven.get() || failure.kind == FailureKind::Stale {
            *self.code.borrow_mut() = None;
        }
        *self.thread.borrow_mut() = Thread::Ended(failure.clone());
        self.fail_pending(&failure);
        self.fail_jobs(&failure);
    }

    fn fail_pending(&self, failure: &Failure) {
        let pending = std::mem::take(&mut *self.pending.borrow_mut());
        for sender in pending.into_values() {
            // A request whose caller has gone away needs no answer.
            let _ = sender.send(Err(failure.clone()));
        }
    }

    /// Tells what is being opened and what is open of their end.
    fn fail_jobs(&self, failure: &Failure) {
        let newest = self.job.get();
        if newest != Job(0) && !self.opened.borrow().iter().any(|opened| opened.what.job == newest) {
            self.event(newest, Event::Failed(failure.clone()));
        }
        self.fail_open(failure);
    }

    /// Tells what is open of its end: it was in the worker.
    fn fail_open(&self, failure: &Failure) {
        let mut lost = Vec::new();
        for opened in self.opened.borrow_mut().iter_mut().filter(|opened| opened.is_open) {
            opened.is_open = false;
            lost.push(opened.what.job);
        }
        for job in lost {
            self.on_event.emit((job, Event::Failed(failure.clone())));
        }
    }
}

fn crashed(detail: String) -> Failure {
    Failure { kind: FailureKind::Crashed, detail, offset: None }
}

fn not_started(detail: String) -> Failure {
    Failure { kind: FailureKind::NotStarted, detail, offset: None }
}

fn stale(detail: String) -> Failure {
    Failure { kind: FailureKind::Stale, detail, offset: None }
}
