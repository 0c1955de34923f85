//! The scanners: workers of the worker that holds the model, one for each processor.

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt as _;

use super::{
    protocol::{Failure, FailureKind},
    scanner::{self, Message, Work},
};
use crate::{
    platform::{self, Handlers, Source, WorkerCode, WorkerThread},
    session::Found,
};

/// Archives of fewer bytes are read without scanners.
const POOL_FROM: u64 = 8 << 20;
/// The most scanners, whatever the machine has: each holds some megabytes.
const MOST: usize = 8;
/// A scanner that has sent more than this, in bytes, is ended: its memory would stay as large as the index was that it
/// made, and beginning anew takes a few milliseconds.
const LARGE: usize = 8 << 20;

/// One scanner, ended with this.
pub struct Scanner(Option<Running>);

struct Running {
    thread: WorkerThread,
    /// Each with its length in bytes.
    messages: UnboundedReceiver<Result<(usize, Message), Failure>>,
}

/// The scanners that read an archive side by side: one for each processor, and none for what is read as soon without.
/// They start at once, while others still find out what there is to read.
pub fn scanners(source: &Source) -> Vec<Scanner> {
    let width = match source {
        Source::Blob(_) if source.len() >= POOL_FROM => platform::processors().clamp(1, MOST),
        _ => 0,
    };
    // Why one does not start is told once it is wanted.
    (0..width).map(|_| Scanner(Running::start().ok())).collect()
}

impl Scanner {
    /// Carries work out. `progress` is called now and then with the bytes read and their number, and may stop it.
    ///
    /// # Errors
    ///
    /// What `progress` says, that the file cannot be read, or that the scanner crashed.
    pub async fn scan<E: From<Failure>>(
        &mut self,
        source: &Source,
        work: &Work,
        mut progress: impl FnMut(u64, u64) -> Result<(), E>,
    ) -> Result<Found, E> {
        let mut running = match self.0.take() {
            Some(running) => running,
            None => Running::start()?,
        };
        running.give(source, work)?;
        loop {
            match running.next().await? {
                (_, Message::Progress(done, total)) => progress(done, total)?,
                (len, Message::Found(found)) => {
                    // Whatever goes wrong before ends the thread: it may still be at work.
                    self.0 = Some(running).filter(|_| len < LARGE);
                    return Ok((*found)?);
                }
            }
        }
    }
}

impl Running {
    fn start() -> Result<Self, Failure> {
        let (sender, messages) = unbounded();
        let on_error = sender.clone();
        // Nobody listens any more once the thread is being ended.
        let handlers = Handlers {
            message: Box::new(move |platform::Posted { bytes, .. }| {
                let message = postcard::from_bytes(&bytes).map_err(|error| interrupted(error.to_string()));
                let _ = sender.unbounded_send(message.map(|message| (bytes.len(), message)));
            }),
            error: Box::new(move |detail| {
                let _ = on_error.unbounded_send(Err(interrupted(detail)));
            }),
        };
        let thread = WorkerCode::own().and_then(|code| WorkerThread::start(&code, scanner::NAME, handlers));
        Ok(Self { thread: thread.map_err(|error| interrupted(platform::describe(&error)))?, messages })
    }

    fn give(&self, source: &Source, work: &Work) -> Result<(), Failure> {
        let work = postcard::to_stdvec(work).map_err(|error| interrupted(error.to_string()))?;
        let blob = source.slice(0..source.len())?;
        self.thread.send(&work, Some(&blob)).map_err(|error| interrupted(platform::describe(&error)))
    }

    async fn next(&mut self) -> Result<(usize, Message), Failure> {
        let ended = || interrupted("the thread has ended".to_owned());
        self.messages.next().await.unwrap_or_else(|| Err(ended()))
    }
}

fn interrupted(detail: String) -> Failure {
    Failure { kind: FailureKind::Interrupted, detail, offset: None }
}
