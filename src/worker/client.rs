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
    BUILD, Envelope, Event, Failure, FailureKind, Job, Message, Reply, Request, RequestId, Source, Version,
};
use crate::platform::{self, Handlers, WorkerCode, WorkerThread};

/// How many seconds a worker may leave an opening or a cancelling without an answer. One step of its work, of which each
/// ends with a look at what has been asked, takes less than one of them; a few on a slow machine.
const PATIENCE: u32 = 15;
/// A second in milliseconds. Seconds are counted one by one: a page that sleeps counts one, however long it has slept.
const SECOND: u32 = 1_000;

/// A handle on the worker. Cheap to clone; clones are the same worker, and compare as equal.
///
/// Requests made before the worker is ready wait for it. A worker that crashes, cannot be started, or does not answer
/// is ended, and with it the archive that it had open; the next opening starts another. So what fails again and again
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
    /// Requests under way.
    pending: RefCell<HashMap<RequestId, oneshot::Sender<Answer>>>,
    last_id: Cell<u32>,
    /// The newest job.
    job: Cell<Job>,
    /// The job whose archive is open: requests are about it. It stays while the newest one is being opened, and when
    /// that is refused.
    open: Cell<Job>,
    /// What the newest job is to open.
    newest: RefCell<Option<Opening>>,
    /// What was opened last.
    opened: RefCell<Option<Opening>>,
}

/// What is to be opened. It is kept so that another worker can be asked for the same.
#[derive(Clone)]
struct Opening {
    job: Job,
    source: Source,
    file: Option<Blob>,
    /// Whether the limits that can be lifted are.
    unlimited: bool,
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
type Answer = Result<(Reply, Option<Blob>), Failure>;

impl Client {
    /// Fetches the worker's code and starts it. `on_event` is called with what happens to the newest job and to
    /// the one whose archive is open.
    pub fn start(on_event: Callback<(Job, Event)>) -> Self {
        let inner = Rc::new(Inner {
            on_event,
            code: RefCell::new(None),
            is_proven: Cell::new(false),
            thread: RefCell::new(Thread::Ended(not_started(String::new()))),
            pending: RefCell::default(),
            last_id: Cell::new(0),
            job: Cell::new(Job(0)),
            open: Cell::new(Job(0)),
            newest: RefCell::default(),
            opened: RefCell::default(),
        });
        inner.start();
        Self(inner)
    }

    /// Opens a file in place of what is open.
    pub fn open_file(&self, file: File) -> Job {
        self.0.open(Source::File(file.name()), Some(file.into()), false)
    }

    /// Opens a directory in place of what is open: its files by their paths from it.
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
        Ok(self.0.open(source, Some(blob), false))
    }

    /// Opens a built-in sample in place of what is open.
    pub fn open_sample(&self, name: &str) -> Job {
        self.0.open(Source::Sample(name.to_owned()), None, false)
    }

    /// Opens once more what was opened as `job`, with [`Request::Open`]'s `unlimited` or as it was opened before. `None`
    /// if that is neither what is open nor what was to be opened last.
    pub fn open_again(&self, job: Job, unlimited: bool) -> Option<Job> {
        let known = [&self.0.newest, &self.0.opened].map(|known| known.borrow().clone());
        let Opening { source, file, unlimited: was, .. } =
            known.into_iter().flatten().find(|opening| opening.job == job)?;
        Some(self.0.open(source, file, unlimited || was))
    }

    /// Stops reading; what is known stays.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Asks about the open archive.
    ///
    /// # Errors
    ///
    /// What the worker says, or why there is no worker.
    pub async fn call(&self, request: Request) -> Result<Reply, Failure> {
        self.answer(request).await.map(|(reply, _)| reply)
    }

    /// Saves a version's content under a name.
    ///
    /// # Errors
    ///
    /// What the worker says, or that the browser refuses to save.
    pub async fn download(&self, version: Version, file_name: &str) -> Result<(), Failure> {
        let (_, blob) = self.answer(Request::Download { version }).await?;
        let blob = blob.ok_or_else(|| crashed("the worker sent no content".into()))?;
        platform::save(&blob, file_name).map_err(|error| Failure {
            kind: FailureKind::Unreadable,
            detail: platform::describe(&error),
            offset: None,
        })
    }

    async fn answer(&self, request: Request) -> Answer {
        let (_, answer) = self.0.request(request, None);
        // The sender is dropped only with all requests of a worker that is no more.
        answer.await.unwrap_or_else(|_| Err(crashed("the worker was ended".into())))
    }
}

/// Fetches the code, if that has not been done, and starts a thread.
async fn load(weak: Weak<Inner>) {
    let Some(inner) = weak.upgrade() else { return };
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
        *inner.code.borrow_mut() = Some(code);
        Ok(thread)
    });
    match started {
        Ok(started) => {
            if let Thread::Starting { thread, .. } = &mut *inner.thread.borrow_mut() {
                *thread = Some(started);
            }
        }
        Err(error) => inner.end(not_started(platform::describe(&error))),
    }
}

fn handlers(inner: &Weak<Inner>) -> Handlers {
    let (on_message, on_error) = (inner.clone(), inner.clone());
    Handlers {
        message: Box::new(move |bytes, blob| {
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
        spawn_local(load(Rc::downgrade(self)));
    }

    fn open(self: &Rc<Self>, source: Source, file: Option<Blob>, unlimited: bool) -> Job {
        let job = Job(self.job.get().0 + 1);
        self.job.set(job);
        *self.newest.borrow_mut() = Some(Opening { job, source, file, unlimited, request: RequestId(0) });
        self.ask_to_open();
        job
    }

    /// Asks for the newest job, of another worker if there is none.
    fn ask_to_open(self: &Rc<Self>) {
        if matches!(&*self.thread.borrow(), Thread::Ended(_)) {
            self.start();
        }
        let Some(Opening { job, source, file, unlimited, .. }) = self.newest.borrow().clone() else { return };
        let (id, answer) = self.request(Request::Open { source, unlimited }, file);
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

    fn cancel(self: &Rc<Self>) {
        if self.is_ready() {
            // Nobody waits for the answer, except for seeing that there is one.
            let (id, _) = self.request(Request::Cancel, None);
            self.watch(id);
        } else {
            // What is asked for has not left the page.
            *self.thread.borrow_mut() = Thread::Ended(not_started("cancelled".into()));
            self.pending.borrow_mut().clear();
            self.event(self.job.get(), Event::Cancelled);
        }
    }

    fn request(&self, request: Request, blob: Option<Blob>) -> (RequestId, oneshot::Receiver<Answer>) {
        let (sender, receiver) = oneshot::channel();
        let id = RequestId(self.last_id.get().wrapping_add(1));
        self.last_id.set(id.0);
        self.pending.borrow_mut().insert(id, sender);
        let job = if matches!(request, Request::Open { .. }) { self.job.get() } else { self.open.get() };
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
        if is_newest && matches!(event, Event::Opened { .. }) {
            self.open.set(job);
            *self.opened.borrow_mut() = self.newest.borrow().clone();
        }
        if is_newest || job == self.open.get() {
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
        if newest != Job(0) && newest != self.open.get() {
            self.event(newest, Event::Failed(failure.clone()));
        }
        self.fail_open(failure);
    }

    /// Tells what is open of its end: it was in the worker.
    fn fail_open(&self, failure: &Failure) {
        let open = self.open.replace(Job(0));
        if open != Job(0) {
            self.on_event.emit((open, Event::Failed(failure.clone())));
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
