//! Keeps containers and the images that were made here in the browser, if the reader wishes, and has them come back.
//!
//! Several tabs may do so at once: each writes what it has changed, and nothing else. See [`Ledger`].

use std::{collections::BTreeSet, rc::Rc};

use wasm_bindgen_futures::spawn_local;

use super::{
    answers::{images_of, news_of},
    containers::Keeping,
    protocol::{Event, Failure, FailureKind, Job},
    server::Server,
};
use crate::{
    container::{ArchiveId, Files, Keep, KeptShelf, Ledger, MadeLayers, Recalled, Shelf, ToWrite},
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
    /// What the file of the wish holds: something else once it was switched off and on again in another tab.
    wish: Vec<u8>,
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
    /// An archive is closed: what stands on it waits for it to be opened again. Gives whether the page is to be told of what
    /// could not be carried over.
    pub(super) fn close(&mut self, shelf: &mut Shelf, archive: ArchiveId) -> bool {
        if !self.is_on {
            shelf.remove_archive(archive);
            return false;
        }
        let lost = shelf.put_by(archive, &mut self.waiting, &mut self.layers, &mut self.ledger);
        let Some(why) = lost.into_iter().next() else { return false };
        self.problem = Some(not_kept(why));
        true
    }
}

impl Server {
    /// Reads what is kept, once the worker starts.
    pub(super) async fn load_shelf(&self) {
        let _turn = self.shelf_turn.lock().await;
        // Where nothing can be kept, nothing is.
        let Ok(Some(folder)) = Kept::find(FOLDER).await else { return };
        let Ok(Some(wish)) = wish_in(&folder).await else { return };
        let Ok(names) = folder.names().await else { return };
        let mut loaded = Keeper { is_on: true, wish, ..Keeper::default() };
        for name in names.iter().filter(|name| KeptShelf::is_file(name)) {
            if let Ok(Some((_, bytes))) = folder.read(name, u64::MAX).await {
                // What this version cannot read, or another tab is still writing, is not this tab's to remove.
                match loaded.waiting.add_file(name, &bytes) {
                    Ok(()) => loaded.ledger.note(name, &bytes),
                    Err(error) => loaded.problem = Some(not_kept(error.to_string())),
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
        for (name, layer) in loaded.waiting.take_torn(&loaded.layers) {
            // What may be read another time stays.
            if names.iter().any(|other| other == layer.hex()) {
                loaded.ledger.forget(&name);
            }
            loaded.problem = Some(not_kept(format!("the layer {layer} of an image cannot be read")));
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
            let waited = keeper.waiting.files();
            let recalled = state.shelf.recall(&mut keeper.waiting, &keeper.layers, platform::clock());
            if recalled == Recalled::default() {
                return;
            }
            let needed = keeper.waiting.layers();
            keeper.layers.retain(|digest, _| needed.contains(digest));
            keeper.ledger.settle(&waited, &state.shelf.keep(&keeper.waiting).shelf.files());
            news_of(state, &before)
        };
        events.into_iter().for_each(|(job, event)| self.event(job, event));
        self.event(Job::MADE_HERE, Event::Shelf);
    }

    /// Keeps the shelf from now on, or forgets what is kept.
    pub(super) async fn set_keeping(self: &Rc<Self>, keep: bool) {
        if !keep {
            // What is being written ends with the file it is at.
            self.state.borrow_mut().keeper.is_on = false;
        }
        let asked = self.keeping_asked.get() + 1;
        self.keeping_asked.set(asked);
        let _turn = self.shelf_turn.lock().await;
        if self.keeping_asked.get() != asked {
            // What was asked last holds, whoever's turn comes first.
            return;
        }
        {
            let keeper = &mut self.state.borrow_mut().keeper;
            keeper.is_on = keep;
            keeper.problem = None;
        }
        let result = if keep { self.begin_shelf().await } else { self.forget_shelf().await.map(|()| None) };
        let keeper = &mut self.state.borrow_mut().keeper;
        match result {
            Ok(problem) => keeper.problem = problem,
            Err(failure) => {
                keeper.is_on = keeper.is_on && failure.kind != FailureKind::NotKept;
                keeper.problem = Some(failure);
            }
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
            let mut problem = None;
            while std::mem::take(&mut server.state.borrow_mut().keeper.has_more) {
                let _turn = server.shelf_turn.lock().await;
                problem = server.write_shelf().await.unwrap_or_else(Some);
            }
            let is_news = {
                let keeper = &mut server.state.borrow_mut().keeper;
                keeper.writes = false;
                std::mem::replace(&mut keeper.problem, problem.clone()) != problem
            };
            if is_news {
                server.event(Job::MADE_HERE, Event::Shelf);
            }
        });
    }

    async fn begin_shelf(&self) -> Result<Option<Failure>, Failure> {
        let folder = Kept::folder(FOLDER).await?;
        let wish = match wish_in(&folder).await? {
            // It is on in another tab.
            Some(wish) => wish,
            None => {
                let wish = platform::random_id().to_vec();
                folder.write(WISH, &[&wish]).await?;
                wish
            }
        };
        self.state.borrow_mut().keeper.wish = wish;
        self.write_shelf().await
    }

    /// Writes what has changed, and removes what is gone; gives what of it cannot be kept. For whose turn it is.
    async fn write_shelf(&self) -> Result<Option<Failure>, Failure> {
        if !self.state.borrow().keeper.is_on {
            return Ok(None);
        }
        let folder = Kept::folder(FOLDER).await?;
        let there: BTreeSet<String> = folder.names().await?.into_iter().collect();
        let Some(wish) = wish_in(&folder).await? else {
            self.switched_off();
            return Ok(None);
        };
        let (now, unread, files, dropped) = {
            let state = &mut *self.state.borrow_mut();
            let keeper = &mut state.keeper;
            if keeper.wish != wish {
                // Nothing is there any more of what this tab has written.
                (keeper.wish, keeper.ledger) = (wish, Ledger::default());
            }
            let Keep { shelf, layers, unread } = state.shelf.keep(&keeper.waiting);
            let layers = layers.into_iter().chain(keeper.layers.clone());
            let layers = layers.map(|(digest, bytes)| (digest.hex().to_owned(), bytes));
            let now: Files = layers.chain(shelf.files()).collect();
            let ToWrite { files, gone } = keeper.ledger.to_write(&now, &there);
            // What waited, and another has removed, waits no more.
            let dropped = keeper.waiting.take_out(&gone);
            dropped.iter().for_each(|name| keeper.ledger.forget(name));
            let needed = keeper.waiting.layers();
            keeper.layers.retain(|digest, _| needed.contains(digest));
            (now, unread, files, dropped)
        };
        if !dropped.is_empty() {
            self.event(Job::MADE_HERE, Event::Shelf);
        }
        let mut written = Vec::new();
        for (name, bytes) in &files {
            if !self.is_wished(&folder).await? {
                break;
            }
            folder.write(name, &[bytes]).await?;
            self.state.borrow_mut().keeper.ledger.note(name, bytes);
            written.push(name);
        }
        if !self.is_wished(&folder).await? {
            // Another tab may have looked before the last of them was there. What this tab forgets, it does next.
            if self.state.borrow().keeper.is_on {
                self.switched_off();
            }
            remove_all(&folder, written).await?;
            return Ok(None);
        }
        let problem = unread.values().next().cloned().map(not_kept);
        if !self.state.borrow().keeper.ledger.has_more(&now) {
            return Ok(problem);
        }
        let mut others = Files::new();
        for name in there.iter().filter(|name| KeptShelf::is_file(name) && !now.contains_key(*name)) {
            if let Some((_, bytes)) = folder.read(name, u64::MAX).await? {
                others.insert(name.clone(), bytes.into());
            }
        }
        let gone = self.state.borrow_mut().keeper.ledger.to_remove(&now, &others, &unread);
        for name in &gone {
            folder.remove(name).await?;
            self.state.borrow_mut().keeper.ledger.forget(name);
        }
        Ok(problem)
    }

    /// Whether the reader still wishes it, here and in every other tab.
    async fn is_wished(&self, folder: &Kept) -> Result<bool, Failure> {
        let wish = wish_in(folder).await?;
        let keeper = &self.state.borrow().keeper;
        Ok(keeper.is_on && wish.as_ref() == Some(&keeper.wish))
    }

    /// It was switched off in another tab.
    fn switched_off(&self) {
        self.state.borrow_mut().keeper = Keeper::default();
        self.event(Job::MADE_HERE, Event::Shelf);
    }

    async fn forget_shelf(&self) -> Result<(), Failure> {
        {
            let keeper = &mut self.state.borrow_mut().keeper;
            keeper.waiting = KeptShelf::default();
            keeper.layers.clear();
            keeper.ledger = Ledger::default();
        }
        let Some(folder) = Kept::find(FOLDER).await? else { return Ok(()) };
        // First: what another tab writes from now on, it takes back itself.
        folder.remove(WISH).await?;
        remove_all(&folder, &folder.names().await?).await
    }
}

/// What the file of the wish holds; `None` if keeping is off.
async fn wish_in(folder: &Kept) -> Result<Option<Vec<u8>>, Failure> {
    Ok(folder.read(WISH, 64).await?.map(|(_, bytes)| bytes))
}

/// Removes what can be removed of these, and says why the rest cannot.
async fn remove_all(folder: &Kept, names: impl IntoIterator<Item = &String>) -> Result<(), Failure> {
    let mut result = Ok(());
    for name in names {
        if let Err(error) = folder.remove(name).await {
            result = result.and(Err(error.into()));
        }
    }
    result
}

fn not_kept(detail: String) -> Failure {
    Failure { kind: FailureKind::NotKept, detail, offset: None }
}
