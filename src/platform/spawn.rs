//! The worker thread, started from a blob.
//!
//! A worker that is loaded from a URL takes its Content-Security-Policy from its own response; one that is
//! started from a blob inherits the page's. The code is fetched once, so that opening a file, or starting
//! the worker again after a crash, makes no request.

use js_sys::{Array, Reflect, Uint8Array, WebAssembly};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, ErrorEvent, Event, MessageEvent, Response, Url, Worker, WorkerGlobalScope,
    WorkerOptions, WorkerType,
};

use super::{Posted, describe, message};

/// Names as the build emits them, beside the page.
const GLUE: &str = "worker.js";
const WASM: &str = "worker_bg.wasm";

/// Whether a URL is that of the worker's code.
pub fn is_worker_code(url: &str) -> bool {
    url.rsplit('/').next().is_some_and(|name| [GLUE, WASM].contains(&name))
}

/// What is run after the glue: it waits for the compiled module, and keeps it for the workers that this one starts. A
/// rejected promise is made an error, which reaches whoever has started the worker.
const BOOTSTRAP: &str = r#"
self.addEventListener("unhandledrejection", (event) => { setTimeout(() => { throw event.reason; }); });
self.onmessage = (event) => { self.onmessage = null; self.module = event.data; initSync({ module: event.data }); };
"#;

/// The worker's code, fetched and compiled.
#[derive(Debug, Clone)]
pub struct WorkerCode {
    /// A blob's, and left for as long as the page lives: whenever a worker is started, it is read.
    url: String,
    module: WebAssembly::Module,
}

impl WorkerCode {
    /// Fetches it from beside the page.
    ///
    /// # Errors
    ///
    /// What the browser throws, the status that the server answers, or that something else came in place of the code.
    pub async fn fetch() -> Result<Self, JsValue> {
        let (glue, wasm) = (request(GLUE)?, request(WASM)?);
        let glue = JsFuture::from(response(glue).await?.text()?).await?.as_string().unwrap_or_default();
        // Hosts and captive portals answer with a page, and status 200, for what they do not have.
        if glue.is_empty() || glue.trim_start().starts_with('<') {
            return Err(format!("{GLUE}: what the server sent is no script").into());
        }
        let wasm = JsFuture::from(response(wasm).await?.array_buffer()?).await?;
        let module = JsFuture::from(WebAssembly::compile(&wasm)).await;
        let module = module.map_err(|error| format!("{WASM}: {}", describe(&error)))?;
        let options = BlobPropertyBag::new();
        options.set_type("text/javascript");
        let script =
            Blob::new_with_str_sequence_and_options(&Array::of2(&glue.into(), &BOOTSTRAP.into()), &options)?;
        Ok(Self { url: Url::create_object_url_with_blob(&script)?, module: module.unchecked_into() })
    }

    /// The code of the worker that asks.
    ///
    /// # Errors
    ///
    /// If it was not started from a [`WorkerCode`].
    pub fn own() -> Result<Self, JsValue> {
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let module = Reflect::get(&scope, &"module".into())?;
        Ok(Self { url: scope.location().href(), module: module.dyn_into()? })
    }
}

fn request(name: &str) -> Result<JsFuture, JsValue> {
    let window = web_sys::window().ok_or("no window")?;
    Ok(JsFuture::from(window.fetch_with_str(name)))
}

async fn response(request: JsFuture) -> Result<Response, JsValue> {
    let response: Response = request.await?.unchecked_into();
    if response.ok() {
        Ok(response)
    } else {
        Err(format!("{}: {} {}", response.url(), response.status(), response.status_text()).into())
    }
}

/// What a [`WorkerThread`] calls.
pub struct Handlers {
    /// A message.
    pub message: Box<dyn FnMut(Posted)>,
    /// The worker has thrown, or a message could not be read.
    pub error: Box<dyn FnMut(String)>,
}

/// A running worker; it is ended when this goes out of scope.
pub struct WorkerThread {
    worker: Worker,
    /// Kept alive for as long as the worker may call them.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl WorkerThread {
    /// Starts a worker under a name.
    ///
    /// # Errors
    ///
    /// What the browser throws.
    pub fn start(code: &WorkerCode, name: &str, handlers: Handlers) -> Result<Self, JsValue> {
        let Handlers { message: mut on_arrival, error: mut on_failure } = handlers;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(name);
        let worker = Worker::new_with_options(&code.url, &options)?;

        let on_message = Closure::new(move |event: MessageEvent| {
            on_arrival(message::unpack(&event.data()));
        });
        let on_error = Closure::new(move |event: Event| {
            event.prevent_default();
            // A script that cannot be read, or a message, is told of by an event without words.
            let text = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).unwrap_or_default();
            on_failure(if text.is_empty() { "the worker ended without a word".into() } else { text });
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_error.as_ref().unchecked_ref()));
        worker.post_message(&code.module)?;
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a message, and a blob beside it.
    ///
    /// # Errors
    ///
    /// What the browser throws.
    pub fn send(&self, bytes: &[u8], blob: Option<&Blob>) -> Result<(), JsValue> {
        let (message, transfer) = message::pack(bytes, blob);
        self.worker.post_message_with_transfer(&message, &transfer)
    }

    /// Sends a message, and pieces of bytes beside it, which are gone here then.
    ///
    /// # Errors
    ///
    /// What the browser throws.
    pub fn send_pieces(&self, bytes: &[u8], pieces: &[Uint8Array]) -> Result<(), JsValue> {
        let (message, transfer) = message::pack_pieces(bytes, pieces);
        self.worker.post_message_with_transfer(&message, &transfer)
    }
}

thread_local! {
    /// An error that a worker threw before it was ended still arrives. Nobody wants it any more; left alone it would count
    /// as one of whoever started the worker.
    static IGNORE: Closure<dyn Fn(Event)> = Closure::new(|event: Event| event.prevent_default());
}

impl Drop for WorkerThread {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        IGNORE.with(|ignore| self.worker.set_onerror(Some(ignore.as_ref().unchecked_ref())));
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
    }
}
