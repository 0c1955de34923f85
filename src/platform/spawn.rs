//! The worker thread, started from a blob.
//!
//! A worker that is loaded from a URL takes its Content-Security-Policy from its own response; one that is
//! started from a blob inherits the page's. The code is fetched once, so that opening a file, or starting
//! the worker again after a crash, makes no request.

use js_sys::{Array, ArrayBuffer, Object, Promise, Reflect, Uint8Array, WebAssembly};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{
    Blob, BlobPropertyBag, ErrorEvent, Event, MessageChannel, MessageEvent, MessagePort, Response, Url,
    Worker, WorkerGlobalScope, WorkerOptions, WorkerType,
};

use super::{Posted, describe, message};

/// Names as the build emits them, beside the page.
const GLUE: &str = "worker.js";
const WASM: &str = "worker_bg.wasm";

/// Names the files of the code's other parts, if it has any, one on each line: a custom section of the wasm. Only what was built
/// with a wasm fits it.
const PARTS: &str = "parts";
/// Begins the name of the part that is called later. A thread that holds the model begins with all others.
const LATER: &str = "worker_answers-";

/// Whether a URL is that of code which the page fetches by itself once it is shown.
pub fn is_own_code(url: &str) -> bool {
    let name = url.rsplit('/').next().unwrap_or(url);
    let starts = ["app-", "app_", "worker_"];
    name == GLUE || name.ends_with(".wasm") && starts.iter().any(|start| name.starts_with(start))
}

/// What is run after the glue: it waits for the compiled module, and keeps it for the workers that this one starts, and the other
/// parts for the glue, which is promised what comes later through a port. A rejected promise is made an error, which reaches
/// whoever has started the worker.
const BOOTSTRAP: &str = r#"
self.addEventListener("unhandledrejection", (event) => { setTimeout(() => { throw event.reason; }); });
self.onmessage = ({ data: { module, parts, port } }) => {
  self.onmessage = null;
  self.module = module;
  self.parts = parts;
  self.later = new Promise((resolve) => { port.onmessage = ({ data }) => resolve(data); });
  initSync({ module });
};
"#;

/// The worker's code, fetched and compiled.
#[derive(Debug, Clone)]
pub struct WorkerCode {
    /// A blob's, and left for as long as the page lives: whenever a worker is started, it is read.
    url: String,
    module: WebAssembly::Module,
    /// The modules that a thread which holds the model begins with beside that one, by their names.
    parts: Object,
    /// The module that is called later, as it comes.
    later: Option<Promise>,
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
        let module = compiled(WASM, wasm).await?;
        let options = BlobPropertyBag::new();
        options.set_type("text/javascript");
        let script =
            Blob::new_with_str_sequence_and_options(&Array::of2(&glue.into(), &BOOTSTRAP.into()), &options)?;
        let module = module.unchecked_into();
        let (later, first): (Vec<_>, _) =
            parts(&module).into_iter().partition(|name| name.starts_with(LATER));
        let compiling: Array = first.iter().map(|name| future_to_promise(compile(name.clone()))).collect();
        let compiled: Array = JsFuture::from(Promise::all(&compiling)).await?.unchecked_into();
        let parts = Object::new();
        for (name, part) in first.into_iter().zip(compiled) {
            Reflect::set(&parts, &name.into(), &part)?;
        }
        // Whatever is begun later takes nothing of the line from what is waited for.
        let later = later.into_iter().next().map(|name| future_to_promise(compile(name)));
        Ok(Self { url: Url::create_object_url_with_blob(&script)?, module, parts, later })
    }

    /// The code of the worker that asks, for threads that read layers.
    ///
    /// # Errors
    ///
    /// If it was not started from a [`WorkerCode`].
    pub fn own() -> Result<Self, JsValue> {
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let module = Reflect::get(&scope, &"module".into())?;
        let parts = Object::new();
        Ok(Self { url: scope.location().href(), module: module.dyn_into()?, parts, later: None })
    }

    /// Hands a worker that was started from this code what it calls later, once that has come.
    ///
    /// # Errors
    ///
    /// As of [`WorkerCode::fetch`].
    pub fn supply(&self, worker: &WorkerThread) -> impl Future<Output = Result<(), JsValue>> + use<> {
        let (later, port) = (self.later.clone(), worker.port.clone());
        async move {
            let Some(later) = later else { return Ok(()) };
            port.post_message(&JsFuture::from(later).await?)
        }
    }
}

/// The names of the files with the other parts of the code.
fn parts(module: &WebAssembly::Module) -> Vec<String> {
    let names = WebAssembly::Module::custom_sections(module, PARTS).get(0).dyn_into::<ArrayBuffer>();
    let names = names.map(|names| Uint8Array::new(&names).to_vec()).unwrap_or_default();
    String::from_utf8_lossy(&names).lines().map(str::to_owned).collect()
}

async fn compile(name: String) -> Result<JsValue, JsValue> {
    compiled(&name, request(&name)?).await
}

async fn compiled(name: &str, wasm: JsFuture) -> Result<JsValue, JsValue> {
    let wasm = JsFuture::from(response(wasm).await?.array_buffer()?).await?;
    let module = JsFuture::from(WebAssembly::compile(&wasm)).await;
    module.map_err(|error| format!("{name}: {}", describe(&error)).into())
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
    /// For what it calls later.
    port: MessagePort,
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
        let channel = MessageChannel::new()?;
        let start = Object::new();
        Reflect::set(&start, &"module".into(), &code.module)?;
        Reflect::set(&start, &"parts".into(), &code.parts)?;
        Reflect::set(&start, &"port".into(), &channel.port2())?;
        worker.post_message_with_transfer(&start, &Array::of1(&channel.port2()))?;
        Ok(Self { worker, port: channel.port1(), _on_message: on_message, _on_error: on_error })
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
