//! How a component reaches the page's state and the worker.

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};
use yew::prelude::*;

use super::{
    dom,
    remote::{Link, RemoteAction},
    state::{Action, Refusal, State},
};
use crate::platform::{self, DroppedDirectory};
use crate::registry::{self, Origin, Place, Remote};
use crate::worker::{
    client::Client,
    containers::{Ask, Told},
    protocol::{Failure, FailureKind, Job, Reply, Request},
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

    /// Asks the worker about the archive that is looked at.
    ///
    /// # Errors
    ///
    /// What the worker says, or that there is no worker.
    pub async fn call(&self, request: Request) -> Result<Reply, Failure> {
        match (&self.client, self.job()) {
            (Some(client), Some(job)) => client.call(job, request).await,
            _ => Err(no_worker()),
        }
    }

    /// The job of the archive that is looked at.
    fn job(&self) -> Option<Job> {
        self.state.archive.as_ref().map(|archive| archive.job)
    }

    /// Saves what the worker answers [`Request::Download`] or [`Request::Tar`] with to disk, under `file_name`.
    ///
    /// # Errors
    ///
    /// What the worker says, or that there is no worker.
    pub async fn download(&self, request: Request, file_name: &str) -> Result<(), Failure> {
        match (&self.client, self.job()) {
            (Some(client), Some(job)) => client.save(job, request, file_name).await,
            _ => Err(no_worker()),
        }
    }

    /// What the worker answers [`Request::Download`] with, as a blob.
    ///
    /// # Errors
    ///
    /// What the worker says, or that there is no worker.
    pub async fn blob(&self, request: Request) -> Result<Blob, Failure> {
        let (Some(client), Some(job)) = (&self.client, self.job()) else { return Err(no_worker()) };
        let (_, blob) = client.exchange(job, request, None).await?;
        blob.ok_or_else(no_worker)
    }

    /// Asks the worker about containers, over the archive that is looked at; a blob may ride there and back.
    ///
    /// # Errors
    ///
    /// What the worker says, or that there is no worker.
    pub async fn ask(&self, ask: Ask, blob: Option<Blob>) -> Result<(Told, Option<Blob>), Failure> {
        let (Some(client), Some(job)) = (&self.client, self.job()) else { return Err(no_worker()) };
        match client.exchange(job, Request::Containers(Box::new(ask)), blob).await? {
            (Reply::Containers(told), blob) => Ok((*told, blob)),
            _ => Err(no_worker()),
        }
    }

    /// The files of the build's context, one after the other.
    pub fn context(&self) -> Option<Blob> {
        self.client.as_ref()?.context()
    }

    /// Sets them.
    pub fn set_context(&self, context: Option<Blob>) {
        if let Some(client) = &self.client {
            client.set_context(context);
        }
    }

    /// Has the browser save what the worker sent.
    ///
    /// # Errors
    ///
    /// That there is nothing, or that the browser refuses.
    pub fn save(&self, blob: Option<Blob>, file_name: &str) -> Result<(), Failure> {
        let blob = blob.ok_or_else(no_worker)?;
        platform::save(&blob, file_name).map_err(|error| unreadable(&error))
    }

    /// Opens a file that the reader dropped or chose, beside what is open. Replaces what is being opened.
    pub fn open_file(&self, file: File) {
        self.open(&file.name(), |client| Ok(client.open_file(file)));
    }

    /// Opens a directory that the reader dropped or chose: its files by their paths from it.
    pub fn open_directory(&self, name: &str, files: &[(String, File)]) {
        self.open(name, |client| client.open_directory(name, files).map_err(|error| unreadable(&error)));
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
        self.open(name, |client| Ok(client.open_sample(name)));
    }

    /// Whether there is a worker to ask.
    pub fn is_ready(&self) -> bool {
        self.client.is_some()
    }

    /// Asks the worker about no archive in particular.
    ///
    /// # Errors
    ///
    /// What the worker says, or that there is no worker.
    pub async fn call_anyway(&self, request: Request) -> Result<Reply, Failure> {
        match &self.client {
            Some(client) => client.call(self.job().unwrap_or(Job(0)), request).await,
            None => Err(no_worker()),
        }
    }

    /// The URL of a gateway that this page's own server has, if it has one.
    pub async fn gateway(&self) -> Option<String> {
        let url = format!("{}/_layerscope/v1/", dom::origin());
        let answer = platform::fetch(&registry::Request::get(&url))
            .await
            .ok()
            .filter(|answer| answer.head.status == 200)?;
        let body = answer.whole(1 << 10).await.ok()??;
        let body: serde_json::Value = serde_json::from_slice(&body).ok()?;
        body.get("gateway").map(|_| url)
    }

    /// How this page may ask about a place: through this gateway, or by itself; `None` if it may not. Its policy lets it ask
    /// its own server, and only `remote.html` others.
    pub async fn way_to(&self, place: &str) -> Option<Option<String>> {
        let place = Place::parse(place).ok();
        let is_own = place.as_ref().is_some_and(is_own);
        let gateway = match place {
            Some(Place::Registry(_)) if !is_own => self.gateway().await,
            _ => None,
        };
        (gateway.is_some() || is_own || dom::is_remote_page()).then_some(gateway)
    }

    /// Opens an image elsewhere, if this page may.
    pub fn open_remote(&self, remote: Remote) {
        let app = self.clone();
        spawn_local(async move {
            let Some(gateway) = app.way_to(&remote.place).await else {
                return app.dispatch(Action::Remote(RemoteAction::Forbidden(remote)));
            };
            let remote = Remote { gateway, ..remote };
            let title = Place::parse(&remote.place).as_ref().map(Place::title).unwrap_or_default();
            let Some(client) = app.client.clone() else { return app.refuse(&title, no_worker()) };
            let job = client.open_remote(remote.clone());
            app.dispatch(Action::Remote(RemoteAction::Asked(job, remote)));
            app.opened(job, &title, None);
        });
    }

    /// Opens what a link says.
    pub fn follow(&self, link: &Link) {
        self.open_remote(Remote {
            place: link.place.to_string(),
            choice: link.choice.as_ref().map(ToString::to_string),
            gateway: None,
            pull: !link.look,
        });
    }

    /// Opens what was opened as `job` under this name once more: its worker may have ended, or (`unlimited`) a limit kept
    /// it from being read to its end. What is shown stays until then, and gives its place.
    pub fn open_again(&self, job: Job, name: &AttrValue, unlimited: bool) {
        let remote = self.state.remote_of(job);
        match self.client.as_ref().and_then(|client| client.open_again(job, unlimited)) {
            Some((job, replaces)) => {
                if let Some(remote) = remote {
                    self.dispatch(Action::Remote(RemoteAction::Asked(job, remote)));
                }
                self.opened(job, name, replaces);
            }
            None => self.refuse(name, no_worker()),
        }
    }

    fn open(&self, name: &str, ask: impl FnOnce(&Client) -> Result<Job, Failure>) {
        match self.client.as_ref().ok_or_else(no_worker).and_then(ask) {
            Ok(job) => self.opened(job, name, None),
            Err(failure) => self.refuse(name, failure),
        }
    }

    fn opened(&self, job: Job, name: &str, replaces: Option<Job>) {
        dom::mark("layerscope:open");
        self.dispatch(Action::Open { job, name: AttrValue::from(name.to_owned()), replaces, at: dom::now() });
    }

    fn refuse(&self, name: &str, failure: Failure) {
        let name = AttrValue::from(name.to_owned());
        self.dispatch(Action::Refuse(Refusal { job: None, name, failure: Some(failure) }));
    }

    /// Stops what is being opened, else the reading of what is looked at; what is known stays.
    pub fn cancel(&self) {
        let job = self.state.opening.as_ref().map(|opening| opening.job).or_else(|| self.job());
        if let (Some(client), Some(job)) = (&self.client, job) {
            client.cancel(job);
        }
    }

    /// Closes an archive, and looks at another.
    pub fn close(&self, job: Job) {
        if let Some(client) = &self.client {
            client.close(job);
        }
        self.dispatch(Action::Close(job));
    }
}

/// Opens what a link says, or asks the reader first if that is not from this page's own server.
pub fn begin(app: &AppHandle, link: Link) {
    if Place::parse(&link.place).is_ok_and(|place| is_own(&place)) {
        app.follow(&link);
    } else {
        app.dispatch(Action::Remote(RemoteAction::Link(link)));
    }
}

/// Whether a place is a file of this page's own server.
fn is_own(place: &Place) -> bool {
    Origin::of_url(&dom::origin()).is_ok_and(|origin| place.is_own(&origin))
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
