//! The worker's side: holds the open archive, reads it, and answers.

use std::{cell::RefCell, ops::Range, rc::Rc};

use js_sys::{Array, Date, Uint8Array};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use super::protocol::{
    self, BUILD, Envelope, Event, Failure, FailureKind, Job, Message, Progress, Reply, Request, RequestId,
    Version,
};
use crate::{
    fixture,
    image::{Member, MemberKind},
    layer::ContentKey,
    platform::{self, Source},
    session::{ContentRead, LayerScan, Opening, Session},
};

/// How often progress is told, in milliseconds.
const PROGRESS_MS: f64 = 100.0;

/// Runs the worker: every message from the page is a request.
pub fn run() {
    std::panic::set_hook(Box::new(|info| web_sys::console::error_1(&info.to_string().into())));
    let server = Rc::new(Server {
        scope: js_sys::global().unchecked_into(),
        state: RefCell::new(State { job: Job(0), open: None, reading: None }),
    });
    let on_message = {
        let server = Rc::clone(&server);
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let (bytes, blob) = platform::unpack(&event.data());
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
}

struct Server {
    scope: DedicatedWorkerGlobalScope,
    /// Never borrowed across an await.
    state: RefCell<State>,
}

struct State {
    /// The latest job.
    job: Job,
    /// What requests are answered from. While an archive is being opened, and if that fails, what was open before.
    open: Option<Open>,
    /// The job whose archive is being read; another one, or none, tells the reader to stop.
    reading: Option<Job>,
}

/// An archive whose documents have been read.
struct Open {
    source: Source,
    session: Session,
}

/// Why the reading of an archive ends early.
enum Stop {
    /// The page wants no more of it.
    Cancelled,
    Failed(Failure),
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
            Request::Open(source) => {
                let result = self.open(job, source, blob);
                self.reply(id, result.map(|()| Reply::Done));
            }
            _ if self.state.borrow().job != job => {
                self.reply(id, Err(failure(FailureKind::Superseded, "another file was opened")))
            }
            Request::Cancel => {
                self.state.borrow_mut().reading = None;
                self.reply(id, Ok(Reply::Done));
            }
            Request::Content { version, offset, limit } => {
                spawn_local(async move {
                    let result = self.content(job, version, offset, limit).await;
                    self.reply(id, result);
                });
            }
            Request::Download { version } => {
                spawn_local(async move {
                    let (result, blob) = match self.download(job, version).await {
                        Ok(blob) => (Ok(Reply::Done), Some(blob)),
                        Err(failure) => (Err(failure), None),
                    };
                    self.send(&Message::Reply { id, result }, blob.as_ref());
                });
            }
            request => {
                let result = self.with_session(job, |session| answer(session, request));
                self.reply(id, result.flatten());
            }
        }
    }

    fn open(self: &Rc<Self>, job: Job, source: protocol::Source, blob: Option<Blob>) -> Result<(), Failure> {
        let not_found = |what: &str| failure(FailureKind::NotFound, what);
        let mut directory = None;
        let (source, name) = match source {
            protocol::Source::Directory { name, files } => {
                let file = |(path, size)| (path, MemberKind::File, size);
                directory = Some(Member::of_directory(files.into_iter().map(file)));
                (Source::Blob(blob.ok_or_else(|| not_found("no file came with the request"))?), name)
            }
            protocol::Source::File(name) => {
                (Source::Blob(blob.ok_or_else(|| not_found("no file came with the request"))?), name)
            }
            protocol::Source::Sample(name) => {
                let sample = fixture::samples().iter().find(|sample| sample.name == name);
                let sample = sample.ok_or_else(|| not_found("there is no such sample"))?;
                (Source::Sample(sample.bytes), name)
            }
        };
        {
            let mut state = self.state.borrow_mut();
            (state.job, state.reading) = (job, Some(job));
        }
        let server = Rc::clone(self);
        spawn_local(async move {
            let event = match server.read(job, &source, name, directory).await {
                Ok(()) => Event::Finished,
                Err(Stop::Cancelled) => Event::Cancelled,
                Err(Stop::Failed(failure)) => Event::Failed(failure),
            };
            server.event(job, event);
        });
        Ok(())
    }

    /// Reads an archive from its first byte to its last layer.
    async fn read(
        &self,
        job: Job,
        source: &Source,
        name: String,
        directory: Option<Vec<Member>>,
    ) -> Result<(), Stop> {
        let content_key = platform::content_key();
        let mut progress = Pace::default();
        let mut opening = match directory {
            Some(members) => Opening::directory(members, content_key)?,
            None => Opening::new(source.len(), content_key),
        };
        let mut reader = Reader::new(source);
        while let Some(range) = opening.wants() {
            let bytes = reader.read(range.clone(), opening.wants_after(&range)).await?;
            self.check(job)?;
            opening.supply(&bytes)?;
            if let Some(done) = opening.streamed().filter(|_| progress.is_due()) {
                self.event(job, Event::Progress(Progress { layer: None, done, total: source.len() }));
            }
        }
        let mut session = opening.finish()?;
        let report = serde_json::to_string(&session.report()).unwrap_or_default();
        self.event(job, Event::Opened { report, name, size: source.len() });
        for event in session.take_events() {
            self.event(job, event);
        }
        self.state.borrow_mut().open = Some(Open { source: source.clone(), session });
        self.read_layers(job, source, content_key, progress).await
    }

    async fn read_layers(
        &self,
        job: Job,
        source: &Source,
        content_key: ContentKey,
        mut progress: Pace,
    ) -> Result<(), Stop> {
        while let Some(mut scan) = self.with_session(job, |session| session.next_scan(content_key))? {
            let mut reader = Reader::new(source);
            while let Some(range) = scan.wants() {
                let bytes = reader.read(range.clone(), scan.wants_after(&range)).await?;
                self.check(job)?;
                scan.supply(&bytes);
                if progress.is_due() {
                    self.event(job, Event::Progress(progress_of(&scan)));
                }
            }
            let events = self.with_session(job, |session| {
                session.accept(scan);
                session.take_events()
            })?;
            for event in events {
                self.event(job, event);
            }
        }
        Ok(())
    }

    /// Whether the page still wants this archive to be read.
    fn check(&self, job: Job) -> Result<(), Stop> {
        if self.state.borrow().reading == Some(job) { Ok(()) } else { Err(Stop::Cancelled) }
    }

    /// Works on the open archive, if it is still that of this job.
    fn with_session<T>(&self, job: Job, work: impl FnOnce(&mut Session) -> T) -> Result<T, Failure> {
        let mut state = self.state.borrow_mut();
        if state.job != job {
            return Err(failure(FailureKind::Superseded, "another file was opened"));
        }
        let open = state.open.as_mut();
        open.map(|open| work(&mut open.session))
            .ok_or_else(|| failure(FailureKind::NotFound, "the archive is not open yet"))
    }

    /// Where a version's content is read from.
    fn start_content(
        &self,
        job: Job,
        version: Version,
        offset: u64,
        limit: u64,
    ) -> Result<(Source, ContentRead), Failure> {
        let content = self.with_session(job, |session| session.content(version, offset, limit))??;
        let state = self.state.borrow();
        let open = state.open.as_ref().ok_or_else(|| failure(FailureKind::Superseded, "nothing is open"))?;
        Ok((open.source.clone(), content))
    }

    async fn content(&self, job: Job, version: Version, offset: u64, limit: u64) -> Result<Reply, Failure> {
        // What is sent is held whole, so it is bounded whatever the page asks for.
        let limit = limit.min(crate::limits::CONTENT_REPLY);
        let (source, mut content) = self.start_content(job, version, offset, limit)?;
        let size = content.size();
        let mut bytes = Vec::new();
        read_content(&source, &mut content, |chunk| bytes.extend_from_slice(chunk)).await?;
        Ok(Reply::Content { bytes, size })
    }

    async fn download(&self, job: Job, version: Version) -> Result<Blob, Failure> {
        let (source, mut content) = self.start_content(job, version, 0, u64::MAX)?;
        if let Some(range) = content.direct() {
            return source.slice(range);
        }
        let parts = Array::new();
        read_content(&source, &mut content, |chunk| {
            parts.push(&Uint8Array::from(chunk));
        })
        .await?;
        Blob::new_with_u8_array_sequence(&parts)
            .map_err(|_| failure(FailureKind::Unreadable, "the browser cannot hold the content"))
    }

    fn reply(&self, id: RequestId, result: Result<Reply, Failure>) {
        self.send(&Message::Reply { id, result }, None);
    }

    fn event(&self, job: Job, event: Event) {
        self.send(&Message::Event { job, event }, None);
    }

    fn send(&self, message: &Message, blob: Option<&Blob>) {
        let Ok(bytes) = postcard::to_stdvec(message) else { return };
        let (message, transfer) = platform::pack(&bytes, blob);
        // The page is always there: it ends the worker, not the other way round.
        let _ = self.scope.post_message_with_transfer(&message, &transfer);
    }
}

/// Answers what needs no reading.
fn answer(session: &mut Session, request: Request) -> Result<Reply, Failure> {
    match request {
        Request::Show(spec) => session.show(spec).map(Reply::View),
        Request::Expand(expand) => session.expand(expand).map(Reply::View),
        Request::Rows { start, len } => session.rows(start, len).map(Reply::Rows),
        Request::Locate { path } => session.locate(&path).map(|(view, found)| Reply::Located { view, found }),
        Request::Biography { image, node } => session.biography(image, node).map(Reply::Biography),
        Request::Overlay { image, layer, node } => session.overlay(image, layer, node).map(Reply::Overlay),
        Request::Open(_) | Request::Cancel | Request::Content { .. } | Request::Download { .. } => {
            Err(failure(FailureKind::NotFound, "this request is answered elsewhere"))
        }
    }
}

async fn read_content(
    source: &Source,
    content: &mut ContentRead,
    mut sink: impl FnMut(&[u8]),
) -> Result<(), Failure> {
    loop {
        let bytes = content.take();
        if !bytes.is_empty() {
            sink(&bytes);
            continue;
        }
        let Some(range) = content.wants() else { return Ok(()) };
        content.supply(&source.start(range)?.bytes().await?)?;
    }
}

/// Reads ranges one after the other, each begun while the one before is worked on.
struct Reader<'s> {
    source: &'s Source,
    ahead: Option<(Range<u64>, platform::PendingRead)>,
}

impl<'s> Reader<'s> {
    fn new(source: &'s Source) -> Self {
        Self { source, ahead: None }
    }

    /// Reads a range, and begins with what is likely to be wanted after it.
    async fn read(&mut self, range: Range<u64>, after: Option<Range<u64>>) -> Result<Vec<u8>, Failure> {
        let pending = match self.ahead.take() {
            Some((ahead, pending)) if ahead == range => pending,
            _ => self.source.start(range)?,
        };
        let bytes = pending.bytes().await?;
        if let Some(after) = after {
            self.ahead = Some((after.clone(), self.source.start(after)?));
        }
        Ok(bytes)
    }
}

/// Keeps what is told now and then from being told too often.
#[derive(Default)]
struct Pace {
    last: f64,
}

impl Pace {
    fn is_due(&mut self) -> bool {
        let now = Date::now();
        let is_due = now - self.last >= PROGRESS_MS;
        if is_due {
            self.last = now;
        }
        is_due
    }
}

fn progress_of(scan: &LayerScan) -> Progress {
    let (done, total) = scan.progress();
    Progress { layer: Some(scan.place()), done, total }
}

fn failure(kind: FailureKind, detail: &str) -> Failure {
    Failure { kind, detail: detail.to_owned(), offset: None }
}
