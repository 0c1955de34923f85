//! What the worker answers, and all else that it takes neither to open an archive nor to read its layers: more than half of
//! its code.
//!
//! Where the build splits the wasm (`scripts/split-wasm.mjs`), it is a wasm of its own, which the page fetches beside the other.
//! All that is known of it there is therefore a table of functions.

use std::{cell::Cell, collections::BTreeMap, rc::Rc};

use futures_util::future::LocalBoxFuture;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

use super::{
    containers::{Ask, Told},
    desk::Around,
    protocol::{Envelope, Event, Failure, FailureKind, Job, Message, Reply, Request, RequestId},
    rehearsal,
    server::{Server, State, Stop, failure},
};
use crate::{
    container::{ArchiveId, LOCAL, Part, ReadAt, Rope, Shelf},
    engine::Interrupt,
    fixture,
    limits::Limits,
    overlay::LayerIndex,
    platform::{self, BlobParts, Source, Watch},
    registry::Remote,
    session::{Selection, Session},
    tree::NodeId,
};

/// The functions.
pub(super) struct Answers {
    /// Answers a request; it may come with a blob.
    pub answer: fn(&Rc<Server>, Envelope, Option<Blob>),
    /// The bytes of a built-in sample by its name.
    pub sample: fn(&str) -> Option<&'static [u8]>,
    /// [`Server::open_remote`].
    pub open_remote: fn(&Rc<Server>, Job, Remote, Limits, Option<Job>),
    /// [`Server::pull`].
    pub pull: for<'a> fn(&'a Server, Job, &'a Rc<platform::Remote>) -> Pulling<'a>,
    /// [`Server::load_shelf`].
    pub load_shelf: fn(&Server) -> LocalBoxFuture<'_, ()>,
    /// [`Server::recall_shelf`].
    pub recall_shelf: fn(&Server),
    /// [`Server::rehearse`], with the sample that is for it.
    pub rehearse: fn(&Server) -> LocalBoxFuture<'_, Result<(), Failure>>,
}

type Pulling<'a> = LocalBoxFuture<'a, Result<(), Stop>>;

static ANSWERS: Answers = Answers {
    answer: Server::answer,
    sample,
    open_remote: Server::open_remote,
    pull: |server, job, archive| Box::pin(server.pull(job, archive)),
    load_shelf: |server| Box::pin(server.load_shelf()),
    recall_shelf: Server::recall_shelf,
    rehearse: |server| Box::pin(server.rehearse(sample(rehearsal::SAMPLE).unwrap_or_default())),
};

fn sample(name: &str) -> Option<&'static [u8]> {
    fixture::samples().iter().find(|sample| sample.name == name).map(|sample| sample.bytes)
}

/// The table, once it is here.
pub(super) async fn fetched() -> &'static Answers {
    #[cfg(layerscope_split)]
    let answers = split::answers().await;
    #[cfg(not(layerscope_split))]
    let answers = &ANSWERS;
    HERE.set(Some(answers));
    answers
}

/// The table, if it is here.
pub(super) fn here() -> Option<&'static Answers> {
    HERE.get()
}

thread_local! {
    static HERE: Cell<Option<&'static Answers>> = const { Cell::new(None) };
}

#[cfg(layerscope_split)]
mod split {
    use super::{ANSWERS, Answers};

    /// The function through which alone the other wasm is reached: what only it refers to is moved there.
    #[wasm_split_helpers::wasm_split(answers)]
    pub fn answers() -> &'static Answers {
        &ANSWERS
    }
}

impl Server {
    fn answer(self: &Rc<Self>, envelope: Envelope, blob: Option<Blob>) {
        let Envelope { id, job, request } = envelope;
        let server = Rc::clone(self);
        match request {
            Request::Remote(ask) => {
                spawn_local(async move {
                    let result = server.answer_remote(job, ask).await;
                    server.reply(id, result);
                });
            }
            Request::Kept(ask) => {
                spawn_local(async move {
                    let result = server.answer_kept(job, ask).await;
                    server.reply(id, result);
                });
            }
            Request::Containers(ask) if matches!(*ask, Ask::Keep(_)) => {
                spawn_local(async move {
                    server.set_keeping(*ask == Ask::Keep(true)).await;
                    let told = server.ask(job, Ask::Shelf, None).map(|(told, _)| told);
                    server.reply(id, told.map(|told| Reply::Containers(Box::new(told))));
                });
            }
            Request::Containers(ask) => {
                let (result, blob) = match self.ask(job, *ask, blob) {
                    Ok((told, blob)) => (Ok(Reply::Containers(Box::new(told))), blob),
                    Err(failure) => (Err(failure), None),
                };
                self.send(&Message::Reply { id, result }, blob.as_ref());
            }
            Request::Content { version, offset, limit } => {
                spawn_local(async move {
                    let result = server.content(job, version, offset, limit).await;
                    server.reply(id, result);
                });
            }
            Request::Compare { old, new, hex } => {
                spawn_local(async move {
                    let result = server.compare(job, old, new, hex).await;
                    server.reply(id, result);
                });
            }
            Request::Download { version } => {
                spawn_local(async move { server.reply_with(id, server.download(job, version).await) });
            }
            Request::Tar { image, layer, node, alone } => {
                let (layer, root) = (LayerIndex(layer), NodeId(node.0));
                let selection = if alone {
                    Selection::Layer { image, layer, root }
                } else {
                    Selection::Merged { image, upto: layer, root }
                };
                spawn_local(async move { server.reply_with(id, server.tar(job, selection).await) });
            }
            request => {
                let result = self.with_session(job, |session| answer(session, request));
                self.reply(id, result.flatten());
            }
        }
    }

    /// Answers about containers, and tells of the images that came with it.
    fn ask(
        self: &Rc<Self>,
        job: Job,
        ask: Ask,
        beside: Option<Blob>,
    ) -> Result<(Told, Option<Blob>), Failure> {
        let mut state = self.state.borrow_mut();
        let State { shelf, sources, desk, interrupt, .. } = &mut *state;
        if let Ask::Fetch { token } = ask {
            let rope = desk.take_saved(token)?;
            return Ok((Told::File, Some(rope_blob(&rope, shelf, sources)?)));
        }
        let before = images_of(shelf);
        let changes =
            matches!(ask, Ask::Run { .. } | Ask::Start { .. } | Ask::Turn { .. } | Ask::Build { .. });
        let bytes = beside.map(|blob| Rc::new(Source::Blob(blob)) as Rc<dyn ReadAt>);
        let stop = match &ask {
            Ask::Run { stop, .. } | Ask::Build { stop, .. } => stop.clone(),
            _ => None,
        };
        let may_end = stop.map_or_else(Interrupt::default, |url| {
            let watch = Watch::new(url);
            Interrupt::new(move || watch.is_stopped())
        });
        interrupt.replace(may_end.clone());
        let (now, random) = (platform::clock(), platform::random_id());
        let told = desk.answer(shelf, job, ask, Around { now, random, bytes, interrupt: may_end });
        interrupt.replace(Interrupt::default());
        let events = news_of(&mut state, &before);
        let mut told = told;
        if let Ok(Told::Shelf(view)) = &mut told {
            view.keeping = state.keeper.told();
        }
        drop(state);
        events.into_iter().for_each(|(job, event)| self.event(job, event));
        if changes {
            self.shelf_changed();
        }
        Ok((told?, None))
    }

    fn reply_with(&self, id: RequestId, result: Result<Blob, Failure>) {
        let (result, blob) = match result {
            Ok(blob) => (Ok(Reply::Done), Some(blob)),
            Err(failure) => (Err(failure), None),
        };
        self.send(&Message::Reply { id, result }, blob.as_ref());
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
        Request::Follow { image, upto, path } => {
            session.follow(image, LayerIndex(upto), path.as_ref()).map(Reply::Followed)
        }
        Request::Audit { image } => Ok(Reply::Audit(session.audit(image))),
        Request::Overlay { image, layer, node } => session.overlay(image, layer, node).map(Reply::Overlay),
        Request::Open { .. }
        | Request::Cancel
        | Request::Close
        | Request::Remote(_)
        | Request::Content { .. }
        | Request::Kept(_)
        | Request::Compare { .. }
        | Request::Containers(_)
        | Request::Download { .. }
        | Request::Tar { .. } => Err(failure(FailureKind::NotFound, "this request is answered elsewhere")),
    }
}

/// How many images each archive has.
pub(super) fn images_of(shelf: &Shelf) -> BTreeMap<ArchiveId, usize> {
    shelf.archives.iter().map(|(id, opened)| (*id, opened.session.images().len())).collect()
}

/// What is new of the images that are open; `before` says how many each archive had.
pub(super) fn news_of(state: &mut State, before: &BTreeMap<ArchiveId, usize>) -> Vec<(Job, Event)> {
    if state.shelf.archives.contains_key(&LOCAL) {
        // It lies in memory.
        state.sources.entry(Job::MADE_HERE).or_insert(Source::Sample(&[]));
    }
    // Images of archives keep the names that those give them.
    let named: Vec<_> = state.shelf.images().iter().map(|image| (image.key, image.names.clone())).collect();
    let mut events = Vec::new();
    for id in before.keys() {
        if state.shelf.archives.contains_key(id) {
            continue;
        }
        state.forget(Job(id.0));
        events.push((Job(id.0), Event::Closed));
    }
    for (id, opened) in &mut state.shelf.archives {
        let (job, session) = (Job(id.0), &mut opened.session);
        let mut news = session.take_events();
        for (key, names) in named.iter().filter(|(key, _)| key.archive == *id) {
            if session.rename(key.image, names) {
                news.push(Event::Names { image: key.image, names: names.clone() });
            }
        }
        match before.get(id) {
            Some(known) if session.images().len() > *known => {
                let more = session.report().images.into_iter().skip(*known);
                events.extend(more.map(|image| (job, Event::Image { report: Box::new(image) })));
            }
            Some(_) => {}
            // The archive of what is made of nothing. Its report tells of what is odd.
            None => {
                let report = session.report().into();
                events.push((job, Event::Opened { report, name: opened.name.clone(), size: 0 }));
                news.retain(|event| !matches!(event, Event::Anomalies(_)));
                news.push(Event::Finished);
            }
        }
        events.extend(news.into_iter().map(|event| (job, event)));
    }
    events
}

/// What is to be saved as a blob: what lies in a file of the reader's as it is stays there, and the rest is handed to the browser
/// in pieces.
fn rope_blob(rope: &Rope, shelf: &Shelf, sources: &BTreeMap<Job, Source>) -> Result<Blob, Failure> {
    let mut parts = BlobParts::default();
    // Written in one go: what comes from one compressed layer is decoded once.
    let mut rest = Rope::default();
    for part in rope.direct(&shelf.archives).parts() {
        if let Part::Archive(archive, range) = part
            && let Some(source) = sources.get(&Job(archive.0))
        {
            std::mem::take(&mut rest).write(&shelf.archives, &mut |bytes| parts.push(bytes))?;
            parts.push_blob(&source.slice(range.clone())?)?;
        } else {
            rest.push(part.clone());
        }
    }
    rest.write(&shelf.archives, &mut |bytes| parts.push(bytes))?;
    parts.finish()
}
