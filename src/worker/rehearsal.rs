//! What the worker does before anything is opened: it reads a built-in sample, and forgets it.
//!
//! A browser compiles a function of wasm when it is first called. The first archive would be read by code that is compiled while
//! its reader waits.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    protocol::{
        ChangeFilter, Compare, Event, Failure, FailureKind, Job, Message, Reply, RequestId, Sort, ViewSpec,
    },
    scanner::{self, Reader, Work},
    server::{Server, failure},
};
use crate::{
    platform::{self, Source},
    session::{Opening, Session, Task},
};

/// What is read: it has layers, links and files, as most archives.
pub(super) const SAMPLE: &str = "hello";
/// How many rows are asked for.
const ROWS: u32 = 100;

impl Server {
    /// Reads an archive of which nobody is told, for as long as nothing is opened.
    ///
    /// # Errors
    ///
    /// As of any archive.
    pub(super) async fn rehearse(&self, archive: &'static [u8]) -> Result<(), Failure> {
        let source = Source::Sample(archive);
        let mut opening = Opening::new(source.len(), platform::content_key());
        let mut reader = Reader::new(&source);
        while let Some(range) = opening.wants() {
            opening.supply(reader.read(range, |range| opening.wants_after(range)).await?)?;
        }
        let mut session = opening.finish()?;
        let report = session.report().into();
        sent(Event::Opened { report, name: SAMPLE.to_owned(), size: source.len() });
        while let Some(job) = session.next_scan(Task::Verify) {
            platform::turn().await;
            if self.state.borrow().queue.has_begun() {
                return Ok(());
            }
            // As to another thread, and back from it.
            let work = through(&Work { job, room: 0 })?;
            let found = scanner::scan(&source, work, |_, _| Ok::<(), Failure>(())).await;
            if let scanner::Message::Found(found) = through(&scanner::Message::Found(Box::new(found)))? {
                session.accept((*found)?);
            }
            session.take_events().into_iter().for_each(sent);
        }
        look(&mut session)
    }
}

/// What the page asks for at first.
fn look(session: &mut Session) -> Result<(), Failure> {
    let view = session.show(ViewSpec {
        image: 0,
        upto: session.stack(0).map_or(0, |stack| stack.len().saturating_sub(1)),
        compare: Compare::Layer,
        filter: String::new(),
        changes: ChangeFilter::default(),
        sort: Sort::Name,
        ghosts: true,
    })?;
    let rows = session.rows(0, view.rows.min(ROWS))?;
    for reply in [Reply::View(view), Reply::Rows(rows)] {
        packed(&Message::Reply { id: RequestId(0), result: Ok(reply) })?;
    }
    Ok(())
}

/// Packs what the page would be sent.
fn sent(event: Event) {
    drop(packed(&Message::Event { job: Job::MADE_HERE, event }));
}

fn packed(message: &impl Serialize) -> Result<Vec<u8>, Failure> {
    postcard::to_stdvec(message).map_err(|error| failure(FailureKind::Interrupted, &error.to_string()))
}

fn through<T: Serialize + DeserializeOwned>(message: &T) -> Result<T, Failure> {
    postcard::from_bytes(&packed(message)?)
        .map_err(|error| failure(FailureKind::Interrupted, &error.to_string()))
}
