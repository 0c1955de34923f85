//! How a component reaches the page's state and the worker.

use std::{cell::RefCell, rc::Rc};

use wasm_bindgen::JsValue;
use web_sys::File;
use yew::prelude::*;

use super::{
    dom,
    state::{Action, Refusal, State},
};
use crate::platform::{self, DroppedDirectory};
use crate::worker::{
    client::Client,
    protocol::{Failure, FailureKind, Job, Reply, Request, Version},
};

/// The page's state, how to change it, and the worker; from [`use_app`].
///
/// ```ignore
/// let app = use_app();
/// let Some(image) = app.state.image() else { return Html::default() };
/// let onclick = { let app = app.clone(); move |_| app.dispatch(Action::SelectUpto(3)) };
/// // In an effect, over `wasm_bindgen_futures::spawn_local`:
/// let reply = app.call(Request::Rows { start: 0, len: 50 }).await;
/// ```
#[derive(Clone, PartialEq)]
pub struct AppHandle {
    /// What the page knows, and what is selected.
    pub state: State,
    dispatch: Callback<Action>,
    /// `None` before the page is mounted, and where there is no browser.
    client: Option<Client>,
    sources: Sources,
}

/// What was opened, by its job, so that it can be opened once more. Clones are the same.
#[derive(Clone, Default)]
pub struct Sources(Rc<RefCell<Vec<(Job, Source)>>>);

impl PartialEq for Sources {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// What the reader opens.
#[derive(Clone)]
enum Source {
    File(File),
    /// By its name, its files by their paths from it.
    Directory(String, Rc<[(String, File)]>),
    Sample(String),
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::File(file) => file.name(),
            Self::Directory(name, _) | Self::Sample(name) => name.clone(),
        }
    }

    fn open(&self, client: &Client, unlimited: bool) -> Result<Job, JsValue> {
        match self {
            Self::File(file) => Ok(client.open_file(file.clone(), unlimited)),
            Self::Directory(name, files) => client.open_directory(name, files, unlimited),
            Self::Sample(name) => Ok(client.open_sample(name)),
        }
    }
}

impl AppHandle {
    /// A handle.
    pub fn new(state: State, dispatch: Callback<Action>, client: Option<Client>, sources: Sources) -> Self {
        Self { state, dispatch, client, sources }
    }

    /// A handle on a state that nothing changes, to render a component by itself.
    pub fn fixed(state: State) -> Self {
        Self::new(state, Callback::noop(), None, Sources::default())
    }

    /// Changes the state.
    pub fn dispatch(&self, action: Action) {
        self.dispatch.emit(action);
    }

    /// What changes the state, the same at every rendering: for the properties of components that should not be
    /// rendered anew with every change of the state.
    pub fn dispatcher(&self) -> &Callback<Action> {
        &self.dispatch
    }

    /// A callback that changes the state.
    pub fn on<E: 'static>(&self, action: impl Fn(E) -> Action + 'static) -> Callback<E> {
        self.dispatch.reform(action)
    }

    /// Asks the worker about the open archive.
    ///
    /// # Errors
    ///
    /// What the worker says, or that there is no worker.
    pub async fn call(&self, request: Request) -> Result<Reply, Failure> {
        match &self.client {
            Some(client) => client.call(request).await,
            None => Err(no_worker()),
        }
    }

    /// Saves a version's content to disk under `file_name`.
    ///
    /// # Errors
    ///
    /// What the worker says, or that there is no worker.
    pub async fn download(&self, version: Version, file_name: &str) -> Result<(), Failure> {
        match &self.client {
            Some(client) => client.download(version, file_name).await,
            None => Err(no_worker()),
        }
    }

    /// Opens a file that the reader dropped or chose. Replaces what is being opened.
    pub fn open_file(&self, file: File) {
        self.open(Source::File(file), false);
    }

    /// Opens a directory that the reader dropped or chose: its files by their paths from it.
    pub fn open_directory(&self, name: &str, files: Vec<(String, File)>) {
        self.open(Source::Directory(name.to_owned(), files.into()), false);
    }

    /// Opens a directory once the browser has listed it.
    pub async fn open_dropped(&self, directory: DroppedDirectory) {
        let name = directory.name();
        match directory.files().await {
            Ok(files) => self.open_directory(&name, files),
            Err(error) => self.refuse(name.into(), unreadable(&error)),
        }
    }

    /// Opens a built-in sample.
    pub fn open_sample(&self, name: &str) {
        self.open(Source::Sample(name.to_owned()), false);
    }

    /// Opens what was opened as `job` once more, beyond the limits that can be lifted. What is shown stays until then.
    pub fn go_on(&self, job: Job) {
        let source =
            self.sources.0.borrow().iter().find(|(of, _)| *of == job).map(|(_, source)| source.clone());
        if let Some(source) = source {
            self.open(source, true);
        }
    }

    /// Opens something; `again` and without limits, or for the first time.
    fn open(&self, source: Source, again: bool) {
        let name = AttrValue::from(source.name());
        let opened = match &self.client {
            Some(client) => source.open(client, again).map_err(|error| unreadable(&error)),
            None => Err(no_worker()),
        };
        match opened {
            Ok(job) => {
                let shown = self.state.archive.as_ref().map(|archive| archive.job);
                let mut sources = self.sources.0.borrow_mut();
                sources.retain(|(of, _)| Some(*of) == shown);
                sources.push((job, source));
                dom::mark("layerscope:open");
                self.dispatch(Action::Open { job, name, again, at: dom::now() });
            }
            Err(failure) => self.refuse(name, failure),
        }
    }

    fn refuse(&self, name: AttrValue, failure: Failure) {
        self.dispatch(Action::Refuse(Refusal { job: None, name, failure: Some(failure) }));
    }

    /// Stops reading; what is known stays.
    pub fn cancel(&self) {
        if let Some(client) = &self.client {
            client.cancel();
        }
    }
}

fn unreadable(error: &JsValue) -> Failure {
    Failure { kind: FailureKind::Unreadable, detail: platform::describe(error), offset: None }
}

fn no_worker() -> Failure {
    Failure { kind: FailureKind::Crashed, detail: "the worker is not running".to_owned(), offset: None }
}

/// The page's state and the worker. An empty state outside the page.
#[hook]
pub fn use_app() -> AppHandle {
    use_context::<AppHandle>().unwrap_or_else(|| AppHandle::fixed(State::default()))
}
