//! Keeps containers and the images that were made here in the browser, if the reader wishes, and has them come back.
//!
//! One file says what there is; each layer that was made here lies in a file of its own, under its digest, and is written once.

use std::{collections::BTreeSet, rc::Rc};

use wasm_bindgen_futures::spawn_local;

use super::{
    containers::Keeping,
    protocol::{Event, Failure, FailureKind, Job},
    server::{Server, images_of, news_of},
};
use crate::{
    container::{KeptShelf, MadeLayers, Recalled},
    digest::Digest,
    platform::{self, Kept},
};

/// The folder of what is kept.
const FOLDER: &str = "shelf";
/// The file that says what there is.
const LIST: &str = "list";

/// What is kept, and how that goes.
#[derive(Default)]
pub(super) struct Keeper {
    /// Whether the reader wishes it.
    is_on: bool,
    /// What is kept and waits for its archive.
    waiting: KeptShelf,
    /// The layers that it needs.
    layers: MadeLayers,
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

impl Server {
    /// Reads what is kept, once the worker starts.
    pub(super) async fn load_shelf(&self) {
        // Where nothing can be kept, nothing is.
        let Ok(Some(folder)) = Kept::find(FOLDER).await else { return };
        let Ok(Some((_, bytes))) = folder.read(LIST, u64::MAX).await else { return };
        let kept = KeptShelf::decode(&bytes);
        let mut layers = MadeLayers::new();
        for digest in kept.iter().flat_map(KeptShelf::layers) {
            if let Ok(Some((_, bytes))) = folder.read(digest.hex(), u64::MAX).await
                && Digest::sha256(&bytes) == digest
            {
                layers.insert(digest, Rc::from(bytes));
            }
        }
        {
            let keeper = &mut self.state.borrow_mut().keeper;
            keeper.is_on = true;
            keeper.layers = layers;
            match kept {
                Ok(kept) => keeper.waiting = kept,
                Err(error) => keeper.problem = Some(not_kept(error.to_string())),
            }
        }
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
            let recalled = state.shelf.recall(&mut keeper.waiting, &keeper.layers, platform::clock());
            if recalled == Recalled::default() {
                return;
            }
            let needed = keeper.waiting.layers();
            keeper.layers.retain(|digest, _| needed.contains(digest));
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
        let result = if keep { self.write_shelf().await } else { self.forget_shelf().await };
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

    async fn write_shelf(&self) -> Result<(), Failure> {
        let (kept, mut layers) = {
            let state = self.state.borrow();
            let kept = state.shelf.keep(&state.keeper.waiting);
            let (kept, layers) = kept.map_err(|error| not_kept(error.to_string()))?;
            (kept, layers.into_iter().chain(state.keeper.layers.clone()).collect::<MadeLayers>())
        };
        let folder = Kept::folder(FOLDER).await?;
        let there: BTreeSet<String> = folder.names().await?.into_iter().collect();
        layers.retain(|digest, _| !there.contains(digest.hex()));
        for (digest, bytes) in &layers {
            folder.write(digest.hex(), &[bytes]).await?;
        }
        // What it names is there before it.
        folder.write(LIST, &[&kept.encode()]).await?;
        let needed = kept.layers();
        let is_needed = |name: &String| name == LIST || needed.iter().any(|digest| digest.hex() == name);
        for name in there.iter().filter(|name| !is_needed(name)) {
            folder.remove(name).await?;
        }
        Ok(())
    }

    async fn forget_shelf(&self) -> Result<(), Failure> {
        {
            let keeper = &mut self.state.borrow_mut().keeper;
            keeper.waiting = KeptShelf::default();
            keeper.layers.clear();
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
