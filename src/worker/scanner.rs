//! A worker that reads blobs for the one that holds the model.
//!
//! It runs the same binary under another name. It is given a job at a time and the file to read, tells how far it is,
//! and sends what it found.

use std::{collections::VecDeque, ops::Range, rc::Rc};

use js_sys::Date;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use super::protocol::Failure;
use crate::{
    platform::{self, BrowserHashing, ByteStream, PendingRead, Source},
    session::{Found, ScanJob},
};

/// The name of such a worker.
pub const NAME: &str = "scanner";

/// What it is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Work {
    /// What to carry out.
    pub job: ScanJob,
    /// How many bytes may be held for the browser to hash.
    pub room: u64,
}

/// What it sends.
#[derive(Debug, Serialize, Deserialize)]
pub enum Message {
    /// Bytes of the blob that are read, and its length. Sent a few times a second.
    Progress(u64, u64),
    /// The job is done.
    Found(Box<Result<Found, Failure>>),
}

/// How much room a message is given beside the windows in it, in bytes.
const WINDOWS_APART: usize = 8 << 20;

/// How often progress is told, in milliseconds.
const PROGRESS_MS: f64 = 200.0;

/// Runs it: every message is [`Work`], the file beside it.
pub fn run(scope: DedicatedWorkerGlobalScope) {
    let scope = Rc::new(scope);
    let on_message = {
        let scope = Rc::clone(&scope);
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let platform::Posted { bytes, blob, .. } = platform::unpack(&event.data());
            // Both sides are the same binary.
            if let (Ok(work), Some(blob)) = (postcard::from_bytes(&bytes), blob) {
                spawn_local(carry_out(Rc::clone(&scope), work, blob));
            }
        })
    };
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It listens until it is ended from outside.
    on_message.forget();
}

async fn carry_out(scope: Rc<DedicatedWorkerGlobalScope>, work: Work, blob: Blob) {
    let progress = |done, total| {
        send(&scope, &Message::Progress(done, total));
        Ok(())
    };
    let found = scan(&Source::Blob(blob), work, progress).await;
    send(&scope, &Message::Found(Box::new(found)));
}

fn send(scope: &DedicatedWorkerGlobalScope, message: &Message) {
    // Growing by doubling, a message of hundreds of megabytes would take as much again for a moment.
    let windows = match message {
        Message::Found(found) => found.as_ref().as_ref().map_or(0, Found::windows_len),
        Message::Progress(..) => 0,
    };
    let room = match usize::try_from(windows) {
        Ok(windows) if windows > 0 => windows + WINDOWS_APART,
        _ => 0,
    };
    let Ok(bytes) = postcard::to_extend(message, Vec::with_capacity(room)) else { return };
    let (message, transfer) = platform::pack(&bytes, None);
    // Whoever is to have it is always there: it ends this worker, not the other way round.
    let _ = scope.post_message_with_transfer(&message, &transfer);
}

/// Carries work out in this thread. `progress` is called now and then with the bytes read and their number, and may
/// stop it.
///
/// # Errors
///
/// What `progress` says, or that the browser cannot read the file.
pub async fn scan<E: From<Failure>>(
    source: &Source,
    work: Work,
    mut progress: impl FnMut(u64, u64) -> Result<(), E>,
) -> Result<Found, E> {
    let hashing = BrowserHashing::new(work.room);
    let mut scan = work.job.start_with(Box::new(hashing.clone()));
    let mut reader = Reader::new(source);
    let mut pace = Pace::default();
    while let Some(range) = scan.wants() {
        let bytes = reader.read(range, |range| scan.wants_after(range)).await?;
        scan.supply(bytes);
        if pace.lets_in().await {
            let (done, total) = scan.progress();
            progress(done, total)?;
        }
    }
    scan.end();
    hashing.settle().await;
    Ok(scan.finish())
}

/// Reads ranges one after the other. Where they follow on each other, or are expected to, what the browser holds is read in one
/// stream, and of other things some are under way while one is worked on; where bytes are jumped over, none is: it might be for
/// nothing. What lies within the range that was read last is not read again.
pub struct Reader<'s> {
    source: &'s Source,
    stream: Option<ByteStream>,
    ahead: VecDeque<(Range<u64>, PendingRead)>,
    /// How many reads are begun ahead.
    depth: usize,
    /// What was read last: its range, and its bytes at the beginning of these.
    last: Range<u64>,
    bytes: Vec<u8>,
}

/// The most reads ahead of the one that is waited for.
const DEPTH: usize = 3;
/// Fewer bytes are read in a stream sooner than another is begun behind them.
const JUMP_FROM: u64 = 8 << 20;

impl<'s> Reader<'s> {
    /// A reader of a source.
    pub fn new(source: &'s Source) -> Self {
        Self { source, stream: None, ahead: VecDeque::new(), depth: 0, last: 0..0, bytes: Vec::new() }
    }

    /// Reads a range, or what is under way of its beginning. `after` says what is likely to be wanted after a range.
    ///
    /// # Errors
    ///
    /// If the browser cannot read it.
    pub async fn read(
        &mut self,
        range: Range<u64>,
        after: impl Fn(&Range<u64>) -> Option<Range<u64>>,
    ) -> Result<&[u8], Failure> {
        // What is read at once fits into memory.
        let len = |from, to| usize::try_from(to - from).unwrap_or(usize::MAX);
        if self.last.contains(&range.start) && range.end <= self.last.end {
            let start = len(self.last.start, range.start);
            return Ok(&self.bytes[start..start + len(range.start, range.end)]);
        }
        let gap = range.start.checked_sub(self.last.end);
        match (&mut self.stream, gap) {
            (Some(stream), Some(gap)) if gap < JUMP_FROM => stream.skip(gap).await?,
            _ if gap == Some(0) || after(&range).is_some() => {
                self.stream = self.source.stream(range.start)?
            }
            _ => self.stream = None,
        }
        let Some(stream) = &mut self.stream else {
            self.bytes = self.read_range(&range, after).await?;
            self.last = range.start..range.start + self.bytes.len() as u64;
            return Ok(&self.bytes);
        };
        let len = len(range.start, range.end);
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
        // Should it fail, there are none.
        self.last = range.end..range.end;
        stream.read(&mut self.bytes[..len]).await?;
        self.last = range;
        Ok(&self.bytes[..len])
    }

    async fn read_range(
        &mut self,
        range: &Range<u64>,
        after: impl Fn(&Range<u64>) -> Option<Range<u64>>,
    ) -> Result<Vec<u8>, Failure> {
        while self.ahead.front().is_some_and(|(ahead, _)| !ahead.contains(&range.start)) {
            self.ahead.pop_front();
        }
        let begun = self.ahead.pop_front();
        let is_in_a_row = begun.is_some() || range.start == self.last.end;
        self.depth = if is_in_a_row { (self.depth + 1).min(DEPTH) } else { 0 };
        let (current, pending) = match begun {
            Some(begun) => begun,
            None => (range.clone(), self.source.start(range.clone())?),
        };
        let passed = range.start - current.start;
        self.last = current.end..current.end;
        let mut last = self.ahead.back().map_or(current, |(last, _)| last.clone());
        while self.ahead.len() < self.depth {
            let Some(next) = after(&last) else { break };
            self.ahead.push_back((next.clone(), self.source.start(next.clone())?));
            last = next;
        }
        pending.bytes(passed).await
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

    /// The same in a loop of reads: if it is time, messages that have come meanwhile are let in first. Reads that the browser
    /// has ready would otherwise keep a worker from hearing that they are no longer wanted.
    pub async fn lets_in(&mut self) -> bool {
        let is_due = self.is_due();
        if is_due {
            platform::turn().await;
        }
        is_due
    }
}
