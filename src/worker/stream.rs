//! A worker that reads a blob while its bytes are still coming.
//!
//! It runs the same binary under a name of its own. It is given a job, then the bytes piece by piece as they come, and
//! sends what it found.

use std::{cell::RefCell, ops::Range, rc::Rc};

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt as _;
use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use super::{
    protocol::{Failure, FailureKind},
    scanner::Work,
};
use crate::{
    platform::{self, BrowserHashing, Handlers, Posted, Remote, Source, WorkerCode, WorkerThread},
    session::{Found, LayerScan},
};

/// The name of such a worker.
pub const NAME: &str = "stream";

/// How many bytes of a piece are read at once.
const STEP: u64 = 2 << 20;

/// What it is told.
#[derive(Debug, Serialize, Deserialize)]
enum Order {
    /// Begin with this.
    Begin(Work),
    /// The next piece rides beside, as a blob.
    Piece,
    /// The next bytes ride beside.
    Bytes,
    /// That was all.
    End,
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    /// The bytes are read, and ride beside.
    Taken,
    /// What was found at the end.
    Found(Box<Result<Found, Failure>>),
}

/// How many times bytes may be on their way to a thread that has not read them: what comes faster waits at the server.
const AHEAD: usize = 8;

/// Runs it.
pub fn run(scope: DedicatedWorkerGlobalScope) {
    let (sender, orders) = unbounded();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let Posted { bytes, blob, pieces } = platform::unpack(&event.data());
        // Both sides are the same binary, and this one listens until it is ended from outside.
        if let Ok(order) = postcard::from_bytes::<Order>(&bytes) {
            let _ = sender.unbounded_send((order, blob, pieces));
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    spawn_local(carry_out(scope, orders));
}

type Orders = UnboundedReceiver<(Order, Option<Blob>, Vec<Uint8Array>)>;

async fn carry_out(scope: DedicatedWorkerGlobalScope, mut orders: Orders) {
    let answer = |answer: &Answer, pieces: &[Uint8Array]| {
        let Ok(bytes) = postcard::to_stdvec(answer) else { return };
        let (message, transfer) = platform::pack_pieces(&bytes, pieces);
        // Whoever is to have it is always there: it ends this worker, not the other way round.
        let _ = scope.post_message_with_transfer(&message, &transfer);
    };
    let mut reading: Option<Result<LayerScan, Failure>> = None;
    let mut hashing = BrowserHashing::new(0);
    while let Some((order, blob, pieces)) = orders.next().await {
        match order {
            Order::Begin(Work { job, room }) => {
                hashing = BrowserHashing::new(room);
                reading = Some(Ok(job.start_with(Box::new(hashing.clone()))));
            }
            Order::Piece => {
                if let (Some(Ok(scan)), Some(blob)) = (&mut reading, blob)
                    && let Err(failure) = feed(scan, blob).await
                {
                    reading = Some(Err(failure));
                }
            }
            Order::Bytes => {
                if let Some(Ok(scan)) = &mut reading {
                    pieces.iter().for_each(|piece| scan.supply(&piece.to_vec()));
                }
                answer(&Answer::Taken, &pieces);
            }
            Order::End => {
                if let Some(mut scan) = reading.take() {
                    if let Ok(scan) = &mut scan {
                        scan.end();
                    }
                    hashing.settle().await;
                    answer(&Answer::Found(Box::new(scan.map(LayerScan::finish))), &[]);
                }
            }
        }
    }
}

/// Reads a piece of a blob's bytes.
async fn feed(scan: &mut LayerScan, piece: Blob) -> Result<(), Failure> {
    let source = Source::Blob(piece);
    let mut at = 0;
    while at < source.len() {
        let end = source.len().min(at + STEP);
        scan.supply(&source.start(at..end)?.bytes(0).await?);
        at = end;
    }
    Ok(())
}

/// Reads a part of an archive whose bytes are coming: in a thread of its own, or here. What is read, the archive keeps.
pub struct Stream<'t> {
    archive: Rc<Remote>,
    range: Range<u64>,
    reading: Reading<'t>,
}

enum Reading<'t> {
    /// In this thread.
    Here(Box<LayerScan>),
    /// In another.
    There(&'t mut Thread),
}

/// A thread that reads, ended with this.
pub struct Thread {
    thread: WorkerThread,
    messages: UnboundedReceiver<Result<Vec<u8>, Failure>>,
    /// The part that it reads.
    range: Rc<RefCell<Range<u64>>>,
    /// How many times it has been sent bytes that it has not read yet.
    ahead: usize,
}

impl Thread {
    /// Starts one for parts of an archive.
    ///
    /// # Errors
    ///
    /// If the browser refuses.
    pub fn start(archive: &Rc<Remote>) -> Result<Self, Failure> {
        let (sender, messages) = unbounded();
        let on_error = sender.clone();
        let range = Rc::new(RefCell::new(0..0));
        let handlers = Handlers {
            message: Box::new({
                let (archive, range) = (Rc::clone(archive), Rc::clone(&range));
                // Bytes are kept at once: where nobody listens any more, they would be lost with the thread.
                move |Posted { bytes, pieces, .. }| {
                    let kept = archive.keep(&range.borrow(), pieces);
                    drop(sender.unbounded_send(kept.map(|()| bytes)));
                }
            }),
            error: Box::new(move |detail| drop(on_error.unbounded_send(Err(interrupted(detail))))),
        };
        let thread = WorkerCode::own().and_then(|code| WorkerThread::start(&code, NAME, handlers));
        let thread = thread.map_err(|error| interrupted(platform::describe(&error)))?;
        Ok(Self { thread, messages, range, ahead: 0 })
    }

    fn send(&self, order: &Order, blob: Option<&Blob>) -> Result<(), Failure> {
        let bytes = postcard::to_stdvec(order).map_err(|error| interrupted(error.to_string()))?;
        self.thread.send(&bytes, blob).map_err(|error| interrupted(platform::describe(&error)))
    }

    /// Sends bytes, and waits while it has too many of them.
    async fn send_bytes(&mut self, pieces: &[Uint8Array]) -> Result<(), Failure> {
        let order = postcard::to_stdvec(&Order::Bytes).map_err(|error| interrupted(error.to_string()))?;
        let sent = self.thread.send_pieces(&order, pieces);
        sent.map_err(|error| interrupted(platform::describe(&error)))?;
        self.ahead += 1;
        while self.ahead > AHEAD {
            self.answer().await?;
        }
        Ok(())
    }

    /// What it found, if that is its next answer.
    async fn answer(&mut self) -> Result<Option<Found>, Failure> {
        let ended = || interrupted("the thread has ended".to_owned());
        let bytes = self.messages.next().await.unwrap_or_else(|| Err(ended()))?;
        match postcard::from_bytes(&bytes).map_err(|error| interrupted(error.to_string()))? {
            Answer::Taken => {
                self.ahead = self.ahead.saturating_sub(1);
                Ok(None)
            }
            Answer::Found(found) => found.map(Some),
        }
    }
}

impl<'t> Stream<'t> {
    /// Begins with some work on an archive: with what there is of it.
    ///
    /// # Errors
    ///
    /// If the thread cannot be told, or what there is cannot be read.
    pub async fn begin(
        archive: &Rc<Remote>,
        work: Work,
        thread: Option<&'t mut Thread>,
    ) -> Result<Self, Failure> {
        let range = work.job.range();
        // What was gathered when a pull was cancelled is read with the rest.
        archive.keep(&range, archive.lend(&range))?;
        let there = if archive.filled(&range) > 0 { Some(archive.kept(&range)?) } else { None };
        let reading = match thread {
            Some(thread) => {
                thread.range.replace(range.clone());
                thread.send(&Order::Begin(work), None)?;
                if let Some(blob) = there {
                    thread.send(&Order::Piece, Some(&blob))?;
                }
                Reading::There(thread)
            }
            None => {
                let mut scan = work.job.start();
                if let Some(blob) = there {
                    feed(&mut scan, blob).await?;
                }
                Reading::Here(Box::new(scan))
            }
        };
        Ok(Self { archive: Rc::clone(archive), range, reading })
    }

    /// Reads the next bytes, as the archive has given them out.
    ///
    /// # Errors
    ///
    /// If the thread cannot be told, or crashed, or the browser keeps no more.
    pub async fn bytes(&mut self, pieces: Vec<Uint8Array>) -> Result<(), Failure> {
        match &mut self.reading {
            Reading::Here(scan) => {
                pieces.iter().for_each(|piece| scan.supply(&piece.to_vec()));
                self.archive.keep(&self.range, pieces)
            }
            Reading::There(thread) if !pieces.is_empty() => thread.send_bytes(&pieces).await,
            Reading::There(_) => Ok(()),
        }
    }

    /// What was found.
    ///
    /// # Errors
    ///
    /// If a piece could not be read, or the thread crashed.
    pub async fn finish(self) -> Result<Found, Failure> {
        match self.reading {
            Reading::Here(scan) => Ok(scan.finish()),
            Reading::There(thread) => {
                thread.send(&Order::End, None)?;
                loop {
                    if let Some(found) = thread.answer().await? {
                        return Ok(found);
                    }
                }
            }
        }
    }
}

fn interrupted(detail: String) -> Failure {
    Failure { kind: FailureKind::Interrupted, detail, offset: None }
}
