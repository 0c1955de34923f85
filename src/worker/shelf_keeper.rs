//! Keeps containers and the images that were made here in the browser, if the reader wishes, and has them come back.
//!
//! Several tabs may do so at once: each writes what it has changed, and nothing else. See [`Ledger`].

use std::{collections::BTreeSet, rc::Rc};

use wasm_bindgen_futures::spawn_local;

use super::{
    containers::Keeping,
    protocol::{Event, Failure, FailureKind, Job},
    server::{Server, images_of, news_of},
};
use crate::{
    container::{ArchiveId, Files, KeptShelf, Ledger, MadeLayers, Recalled, Shelf},
    digest::Digest,
    platform::{self, Kept},
};

/// The folder of what is kept.
const FOLDER: &str = "shelf";
/// The file that is there as long as the reader wishes it, in whichever tab.
const WISH: &str = "wish";

/// What is kept, and how that goes.
#[derive(Default)]
pub(super) struct Keeper {
    /// Whether the reader wishes it.
    is_on: bool,
    /// What is kept and waits for its archive.
    waiting: KeptShelf,
    /// The layers that it needs.
    layers: MadeLayers,
    /// What is known of the files.
    ledger: Ledger,
    /// Why it cannot be kept.
    problem: Option<Failure>,
    /// Whether it is being written, and whether there is more to write.
    writes: bool,
    has_more: bool,
}

impl Keeper {
    /// What the page is told.
    pub(super) fn told(&self) -> Keeping {
        let waiting = self.waiting.waiting().into_iter();
        let short = |id: Digest| id.hex().chars().take(12).collect();
        Keeping {
            is_on: self.is_on,
            waiting: waiting.map(|(name, id)| (name, id.map(short))).collect(),
            problem: self.problem.clone(),
        }
    }
}

impl Keeper {
    /// An archive is closed: what stands on it waits for it to be opened again.
    pub(super) fn close(&mut self, shelf: &mut Shelf, archive: ArchiveId) {
        let before = if self.is_on { shelf.keep(&self.waiting).ok() } else { None };
        shelf.remove_archive(archive);
        if let Some((kept, layers)) = before
            && let Ok((still, _)) = shelf.keep(&KeptShelf::default())
        {
            self.waiting = kept.without(&still);
            self.layers.extend(layers);
            let needed = self.waiting.layers();
            self.layers.retain(|digest, _| needed.contains(digest));
        }
    }
}

impl Server {
    /// Reads what is kept, once the worker starts.
    pub(super) async fn load_shelf(&self) {
        // Where nothing can be kept, nothing is.
        let Ok(Some(folder)) = Kept::find(FOLDER).await else { return };
        let Ok(names) = folder.names().await else { return };
        if !names.iter().any(|name| name == WISH) {
            return;
        }
        let mut loaded = Keeper { is_on: true, ..Keeper::default() };
        for name in names.iter().filter(|name| KeptShelf::is_file(name)) {
            if let Ok(Some((_, bytes))) = folder.read(name, u64::MAX).await {
                loaded.ledger.note(name, &bytes);
                if let Err(error) = loaded.waiting.add_file(name, &bytes) {
                    loaded.problem = Some(not_kept(error.to_string()));
                }
            }
        }
        for digest in loaded.waiting.layers() {
            if let Ok(Some((_, bytes))) = folder.read(digest.hex(), u64::MAX).await
                && Digest::sha256(&bytes) == digest
            {
                loaded.ledger.note(digest.hex(), &bytes);
                loaded.layers.insert(digest, Rc::from(bytes));
            }
        }
        self.state.borrow_mut().keeper = loaded;
        self.recall_shelf();
        self.event(Job::MADE_HERE, Event::Shelf);
    }

    /// Takes back what stands on archives that are open now.
    pub(super) fn recall_shelf(&self) {
        let events = {
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            if state.keeper.waiting.is_empty() {
                return;
            }
            let before = images_of(&state.shelf);
            let keeper = &mut state.keeper;
            let waited = keeper.waiting.names();
            let recalled = state.shelf.recall(&mut keeper.waiting, &keeper.layers, platform::clock());
            if recalled == Recalled::default() {
                return;
            }
            let needed = keeper.waiting.layers();
            keeper.layers.retain(|digest, _| needed.contains(digest));
            if let Ok((now, _)) = state.shelf.keep(&keeper.waiting) {
                keeper.ledger.settle(&waited, &now.files());
            }
            news_of(state, &before)
        };
        events.into_iter().for_each(|(job, event)| self.event(job, event));
        self.event(Job::MADE_HERE, Event::Shelf);
    }

    /// Keeps the shelf from now on, or forgets what is kept.
    pub(super) async fn set_keeping(self: &Rc<Self>, keep: bool) {
        {
            let keeper = &mut self.state.borrow_mut().keeper;
            keeper.is_on = keep;
            keeper.problem = None;
        }
        let result = if keep { self.begin_shelf().await } else { self.forget_shelf().await };
        let keeper = &mut self.state.borrow_mut().keeper;
        if let Err(failure) = result {
            keeper.is_on = keeper.is_on && failure.kind != FailureKind::NotKept;
            keeper.problem = Some(failure);
        }
    }

    /// Something of the shelf has changed.
    pub(super) fn shelf_changed(self: &Rc<Self>) {
        {
            let keeper = &mut self.state.borrow_mut().keeper;
            if !keeper.is_on {
                return;
            }
            keeper.has_more = true;
            if std::mem::replace(&mut keeper.writes, true) {
                return;
            }
        }
        let server = Rc::clone(self);
        spawn_local(async move {
            let mut result = Ok(());
            while std::mem::take(&mut server.state.borrow_mut().keeper.has_more) {
                result = server.write_shelf().await;
            }
            let is_news = {
                let keeper = &mut server.state.borrow_mut().keeper;
                keeper.writes = false;
                let problem = result.err();
                std::mem::replace(&mut keeper.problem, problem.clone()) != problem
            };
            if is_news {
                server.event(Job::MADE_HERE, Event::Shelf);
            }
        });
    }

    async fn begin_shelf(&self) -> Result<(), Failure> {
        Kept::folder(FOLDER).await?.write(WISH, &[]).await?;
        self.write_shelf().await
    }

    async fn write_shelf(&self) -> Result<(), Failure> {
        let folder = Kept::folder(FOLDER).await?;
        let there: BTreeSet<String> = folder.names().await?.into_iter().collect();
        if !there.contains(WISH) {
            // It was switched off in another tab.
            self.state.borrow_mut().keeper = Keeper::default();
            self.event(Job::MADE_HERE, Event::Shelf);
            return Ok(());
        }
        let (layers, files, ledger) = {
            let state = self.state.borrow();
            let kept = state.shelf.keep(&state.keeper.waiting);
            let (kept, layers) = kept.map_err(|error| not_kept(error.to_string()))?;
            let layers = layers.into_iter().chain(state.keeper.layers.clone());
            let layers: Files = layers.map(|(digest, bytes)| (digest.hex().to_owned(), bytes)).collect();
            (layers, kept.files(), state.keeper.ledger.clone())
        };
        // What a file names is there before it.
        for (name, bytes) in
            ledger.to_write(&layers, &there).into_iter().chain(ledger.to_write(&files, &there))
        {
            folder.write(&name, &[&bytes]).await?;
            self.state.borrow_mut().keeper.ledger.note(&name, &bytes);
        }
        let now: Files = layers.into_iter().chain(files).collect();
        if !ledger.has_more(&now) {
            return Ok(());
        }
        let mut others = Files::new();
        for name in there.iter().filter(|name| KeptShelf::is_file(name) && !now.contains_key(*name)) {
            if let Some((_, bytes)) = folder.read(name, u64::MAX).await? {
                others.insert(name.clone(), bytes.into());
            }
        }
        for name in &ledger.to_remove(&now, &others) {
            folder.remove(name).await?;
            self.state.borrow_mut().keeper.ledger.forget(name);
        }
        Ok(())
    }

    async fn forget_shelf(&self) -> Result<(), Failure> {
        {
            let keeper = &mut self.state.borrow_mut().keeper;
            keeper.waiting = KeptShelf::default();
            keeper.layers.clear();
            keeper.ledger = Ledger::default();
        }
        let Some(folder) = Kept::find(FOLDER).await? else { return Ok(()) };
        for name in folder.names().await? {
            folder.remove(&name).await?;
        }
        Ok(())
    }
}

fn not_kept(detail: String) -> Failure {
    Failure { kind: FailureKind::NotKept, detail, offset: None }
}
