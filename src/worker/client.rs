//! The page's side of the worker.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::{Rc, Weak},
};

use futures_channel::oneshot;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};
use yew::Callback;

use super::protocol::{
    BUILD, Envelope, Event, Failure, FailureKind, Job, Message, Reply, Request, RequestId, Source, Version,
};
use crate::platform::{self, Handlers, WorkerCode, WorkerThread};

/// A handle on the worker. Cheap to clone; clones are the same worker, and compare as equal.
///
/// Requests made before the worker is ready wait for it. A worker that crashes is started again, without
/// the archive that it had open.
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
    thread: RefCell<Thread>,
    /// Requests under way.
    pending: RefCell<HashMap<RequestId, oneshot::Sender<Answer>>>,
    last_id: Cell<u32>,
    /// The newest job.
    job: Cell<Job>,
    /// The job whose archive is open: requests are about it. It stays while the newest one is being opened, and when
    /// that is refused.
    open: Cell<Job>,
}

enum Thread {
    /// Not running, or running and not yet ready: what is to be sent waits.
    Starting { thread: Option<WorkerThread>, waiting: Vec<(Vec<u8>, Option<Blob>)> },
    /// Ready.
    Running(WorkerThread),
    /// Not to be had.
    Failed(Failure),
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
            thread: RefCell::new(Thread::Starting { thread: None, waiting: Vec::new() }),
            pending: RefCell::default(),
            last_id: Cell::new(0),
            job: Cell::new(Job(0)),
            open: Cell::new(Job(0)),
        });
        spawn_local(load(Rc::downgrade(&inner)));
        Self(inner)
    }

    /// Opens a file in place of what is open; `unlimited` as in [`Request::Open`].
    pub fn open_file(&self, file: File, unlimited: bool) -> Job {
        self.open(Source::File(file.name()), Some(file.into()), unlimited)
    }

    /// Opens a directory in place of what is open: its files by their paths from it.
    ///
    /// # Errors
    ///
    /// What the browser throws.
    pub fn open_directory(
        &self,
        name: &str,
        files: &[(String, File)],
        unlimited: bool,
    ) -> Result<Job, JsValue> {
        // A blob of blobs copies no byte.
        let parts: js_sys::Array = files.iter().map(|(_, file)| file).collect();
        let blob = Blob::new_with_blob_sequence(&parts)?;
        let files = files.iter().map(|(path, file)| (path.as_str().into(), platform::from_f64(file.size())));
        let source = Source::Directory { name: name.to_owned(), files: files.collect() };
        Ok(self.open(source, Some(blob), unlimited))
    }

    /// Opens a built-in sample in place of what is open.
    pub fn open_sample(&self, name: &str) -> Job {
        // None of them comes near a limit.
        self.open(Source::Sample(name.to_owned()), None, false)
    }

    /// Stops reading; what is known stays.
    pub fn cancel(&self) {
        // Nobody waits for the answer.
        drop(self.0.request(Request::Cancel, None));
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

    fn open(&self, source: Source, file: Option<Blob>, unlimited: bool) -> Job {
        let job = Job(self.0.job.get().0 + 1);
        self.0.job.set(job);
        let answer = self.0.request(Request::Open { source, unlimited }, file);
        let inner = Rc::downgrade(&self.0);
        spawn_local(async move {
            // All else comes as events; that there is no worker does not.
            if let Ok(Err(failure)) = answer.await
                && let Some(inner) = inner.upgrade()
            {
                inner.event(job, Event::Failed(failure));
            }
        });
        job
    }

    async fn answer(&self, request: Request) -> Answer {
        // The sender is dropped only with all requests of a worker that is no more.
        self.0.request(request, None).await.unwrap_or_else(|_| Err(crashed("the worker was ended".into())))
    }
}

/// Fetches the code, if that has not been done, and starts a thread.
async fn load(weak: Weak<Inner>) {
    let Some(inner) = weak.upgrade() else { return };
    let known = inner.code.borrow().clone();
    let code = match known {
        Some(code) => Ok(code),
        None => WorkerCode::fetch().await,
    };
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
        Err(error) => {
            inner.give_up(crashed(format!("the worker could not be loaded: {}", platform::describe(&error))))
        }
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
                inner.crash(&on_error, detail);
            }
        }),
    }
}

impl Inner {
    fn request(&self, request: Request, blob: Option<Blob>) -> oneshot::Receiver<Answer> {
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
        receiver
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
            Thread::Failed(failure) => Err(failure.clone()),
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
            Ok(Message::Ready { build }) => self.give_up(Failure {
                kind: FailureKind::Stale,
                detail: format!("the page is {BUILD}, its worker {build}"),
                offset: None,
            }),
            Ok(Message::Reply { id, result }) => self.answer(id, result.map(|reply| (reply, blob))),
            Ok(Message::Event { job, event }) => self.event(job, event),
            // Only a worker of another build could say what cannot be read.
            Err(error) => {
                self.give_up(Failure { kind: FailureKind::Stale, detail: error.to_string(), offset: None })
            }
        }
    }

    fn event(&self, job: Job, event: Event) {
        let is_newest = job == self.job.get();
        if is_newest && matches!(event, Event::Opened { .. }) {
            self.open.set(job);
        }
        if is_newest || job == self.open.get() {
            self.on_event.emit((job, event));
        }
    }

    fn ready(&self) {
        let starting =
            std::mem::replace(&mut *self.thread.borrow_mut(), Thread::Failed(crashed(String::new())));
        let Thread::Starting { thread: Some(thread), waiting } = starting else {
            *self.thread.borrow_mut() = starting;
            return;
        };
        *self.thread.borrow_mut() = Thread::Running(thread);
        for (bytes, blob) in waiting {
            if let Err(failure) = self.send(bytes, blob) {
                return self.give_up(failure);
            }
        }
    }

    /// The worker is no more: whoever waits is told, and another one is started.
    fn crash(&self, weak: &Weak<Self>, detail: String) {
        let failure = crashed(detail);
        *self.thread.borrow_mut() = Thread::Starting { thread: None, waiting: Vec::new() };
        self.fail_all(&failure);
        spawn_local(load(weak.clone()));
    }

    fn give_up(&self, failure: Failure) {
        *self.thread.borrow_mut() = Thread::Failed(failure.clone());
        self.fail_all(&failure);
    }

    fn fail_all(&self, failure: &Failure) {
        let pending = std::mem::take(&mut *self.pending.borrow_mut());
        for sender in pending.into_values() {
            // As above.
            let _ = sender.send(Err(failure.clone()));
        }
        let (newest, open) = (self.job.get(), self.open.get());
        if newest != Job(0) {
            self.event(newest, Event::Failed(failure.clone()));
        }
        if open != newest && open != Job(0) {
            self.event(open, Event::Failed(failure.clone()));
        }
    }
}

fn crashed(detail: String) -> Failure {
    Failure { kind: FailureKind::Crashed, detail, offset: None }
}
