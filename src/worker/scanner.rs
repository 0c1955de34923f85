//! A worker that reads blobs for the one that holds the model.
//!
//! It runs the same binary under another name. It is given a job at a time and the file to read, tells how far it is,
//! and sends what it found.

use std::{ops::Range, rc::Rc};

use js_sys::Date;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use super::protocol::Failure;
use crate::{
    platform::{self, Source},
    session::{Found, ScanJob},
};

/// The name of such a worker.
pub const NAME: &str = "scanner";

/// What it sends.
#[derive(Debug, Serialize, Deserialize)]
pub enum Message {
    /// Bytes of the blob that are read, and its length. Sent every 100 ms or so.
    Progress(u64, u64),
    /// The job is done.
    Found(Result<Found, Failure>),
}

/// How often progress is told, in milliseconds.
const PROGRESS_MS: f64 = 100.0;

/// Runs it: every message is a [`ScanJob`], the file beside it.
pub fn run(scope: DedicatedWorkerGlobalScope) {
    let scope = Rc::new(scope);
    let on_message = {
        let scope = Rc::clone(&scope);
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let (bytes, blob) = platform::unpack(&event.data());
            // Both sides are the same binary.
            if let (Ok(job), Some(blob)) = (postcard::from_bytes(&bytes), blob) {
                spawn_local(carry_out(Rc::clone(&scope), job, blob));
            }
        })
    };
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It listens until it is ended from outside.
    on_message.forget();
}

async fn carry_out(scope: Rc<DedicatedWorkerGlobalScope>, job: ScanJob, blob: Blob) {
    let progress = |done, total| {
        send(&scope, &Message::Progress(done, total));
        Ok(())
    };
    let found = scan(&Source::Blob(blob), job, progress).await;
    send(&scope, &Message::Found(found));
}

fn send(scope: &DedicatedWorkerGlobalScope, message: &Message) {
    let Ok(bytes) = postcard::to_stdvec(message) else { return };
    let (message, transfer) = platform::pack(&bytes, None);
    // Whoever is to have it is always there: it ends this worker, not the other way round.
    let _ = scope.post_message_with_transfer(&message, &transfer);
}

/// Carries a job out in this thread. `progress` is called now and then with the bytes read and their number, and may
/// stop it.
///
/// # Errors
///
/// What `progress` says, or that the browser cannot read the file.
pub async fn scan<E: From<Failure>>(
    source: &Source,
    job: ScanJob,
    mut progress: impl FnMut(u64, u64) -> Result<(), E>,
) -> Result<Found, E> {
    let mut scan = job.start();
    let mut reader = Reader::new(source);
    let mut pace = Pace::default();
    while let Some(range) = scan.wants() {
        let bytes = reader.read(range.clone(), scan.wants_after(&range)).await?;
        scan.supply(&bytes);
        if pace.is_due() {
            let (done, total) = scan.progress();
            progress(done, total)?;
        }
    }
    Ok(scan.finish())
}

/// Reads ranges one after the other, each begun while the one before is worked on.
pub struct Reader<'s> {
    source: &'s Source,
    ahead: Option<(Range<u64>, platform::PendingRead)>,
}

impl<'s> Reader<'s> {
    /// A reader of a source.
    pub fn new(source: &'s Source) -> Self {
        Self { source, ahead: None }
    }

    /// Reads a range, and begins with what is likely to be wanted after it.
    ///
    /// # Errors
    ///
    /// If the browser cannot read it.
    pub async fn read(&mut self, range: Range<u64>, after: Option<Range<u64>>) -> Result<Vec<u8>, Failure> {
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
pub struct Pace {
    last: f64,
}

impl Pace {
    /// Whether it is time to tell it again.
    pub fn is_due(&mut self) -> bool {
        let now = Date::now();
        let is_due = now - self.last >= PROGRESS_MS;
        if is_due {
            self.last = now;
        }
        is_due
    }
}
