//! How a component reaches the page's state and the worker.

use wasm_bindgen::JsValue;
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
}

impl AppHandle {
    /// A handle.
    pub fn new(state: State, dispatch: Callback<Action>, client: Option<Client>) -> Self {
        Self { state, dispatch, client }
    }

    /// A handle on a state that nothing changes, to render a component by itself.
    pub fn fixed(state: State) -> Self {
        Self::new(state, Callback::noop(), None)
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
    pub fn open_file(&self, file: web_sys::File) {
        let name = file.name();
        self.open(&name, |client| client.open_file(file));
    }

    /// Opens a directory that the reader dropped or chose: its files by their paths from it.
    pub fn open_directory(&self, name: &str, files: &[(String, web_sys::File)]) {
        let opened = self.client.as_ref().map(|client| client.open_directory(name, files));
        match opened {
            Some(Ok(job)) => self.opened(name, job),
            Some(Err(error)) => self.refuse(name, unreadable(&error)),
            None => self.refuse(name, no_worker()),
        }
    }

    /// Opens a directory once the browser has listed it.
    pub async fn open_dropped(&self, directory: DroppedDirectory) {
        let name = directory.name();
        match directory.files().await {
            Ok(files) => self.open_directory(&name, &files),
            Err(error) => self.refuse(&name, unreadable(&error)),
        }
    }

    /// Opens a built-in sample.
    pub fn open_sample(&self, name: &str) {
        self.open(name, |client| client.open_sample(name));
    }

    /// Opens once more what is open: the worker that held it may have ended.
    pub fn open_again(&self) {
        let Some(archive) = &self.state.archive else { return };
        match self.client.as_ref().map(Client::open_again) {
            Some(Some(job)) => self.opened(&archive.name, job),
            _ => self.refuse(&archive.name, no_worker()),
        }
    }

    fn open(&self, name: &str, ask: impl FnOnce(&Client) -> Job) {
        match &self.client {
            Some(client) => self.opened(name, ask(client)),
            None => self.refuse(name, no_worker()),
        }
    }

    fn opened(&self, name: &str, job: Job) {
        dom::mark("layerscope:open");
        self.dispatch(Action::Open { job, name: AttrValue::from(name.to_owned()), at: dom::now() });
    }

    fn refuse(&self, name: &str, failure: Failure) {
        let name = AttrValue::from(name.to_owned());
        self.dispatch(Action::Refuse(Refusal { name, failure: Some(failure) }));
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
