//! Requests to other hosts. The page's Content-Security-Policy decides whether they leave.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

use super::describe;
use crate::registry::{Head, Request};

/// Headers that mean something here. A page can read others only if the server exposes them, and these only then.
const HEADERS: [&str; 10] = [
    "content-type",
    "content-length",
    "content-range",
    "content-encoding",
    "docker-content-digest",
    "www-authenticate",
    "link",
    "retry-after",
    "warning",
    "layerscope-gateway",
];

/// An answer whose body is still to come. Dropped before its end, the rest is not fetched.
pub struct Fetched {
    /// What is known already.
    pub head: Head,
    reader: Option<ReadableStreamDefaultReader>,
    /// What was read and put back.
    ahead: Option<Uint8Array>,
    _abort: Abort,
}

/// Ends a request that nobody waits for any more.
struct Abort(JsValue);

impl Abort {
    fn new() -> Result<Self, JsValue> {
        let constructor: js_sys::Function =
            Reflect::get(&js_sys::global(), &"AbortController".into())?.dyn_into()?;
        Ok(Self(Reflect::construct(&constructor, &Array::new())?))
    }

    fn signal(&self) -> Result<JsValue, JsValue> {
        Reflect::get(&self.0, &"signal".into())
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        let abort = Reflect::get(&self.0, &"abort".into()).ok();
        if let Some(abort) = abort.and_then(|abort| abort.dyn_into::<js_sys::Function>().ok()) {
            // What has ended already stays as it is.
            let _ = abort.call0(&self.0);
        }
    }
}

/// Sends a request: no cookies, no referrer, redirects followed.
///
/// # Errors
///
/// What the browser says, which for a page is little: that nothing came.
pub async fn fetch(request: &Request) -> Result<Fetched, String> {
    let (response, abort) = send(request, "follow").await.map_err(|error| describe(&error))?;
    let read = |name: &&str| Some(((*name).to_owned(), response.headers().get(name).ok()??));
    let head = Head {
        status: response.status(),
        url: response.url(),
        headers: HEADERS.iter().filter_map(read).collect(),
        at: super::from_f64(js_sys::Date::now() / 1_000.0),
    };
    let reader = response.body().map(|body| body.get_reader().unchecked_into());
    Ok(Fetched { head, reader, ahead: None, _abort: abort })
}

/// Whether what answers a request is a redirect. A page may know it of a server that lets it read its own answers, and then
/// the request may fail all the same: where it leads to lets no page read.
pub async fn leads_elsewhere(request: &Request) -> bool {
    let answer = send(request, "manual").await;
    answer.is_ok_and(|(response, _)| response.type_() == web_sys::ResponseType::Opaqueredirect)
}

async fn send(request: &Request, redirect: &str) -> Result<(Response, Abort), JsValue> {
    let (options, headers) = (Object::new(), Object::new());
    let set = |object: &Object, name: &str, value: &str| Reflect::set(object, &name.into(), &value.into());
    let method = if request.is_head { "HEAD" } else { "GET" };
    for (name, value) in [
        ("method", method),
        ("credentials", "omit"),
        ("referrerPolicy", "no-referrer"),
        ("redirect", redirect),
    ] {
        set(&options, name, value)?;
    }
    if request.is_large {
        set(&options, "cache", "no-store")?;
    }
    if let Some(accept) = request.accept {
        set(&headers, "Accept", accept)?;
    }
    if let Some(authorization) = &request.authorization {
        set(&headers, "Authorization", authorization)?;
    }
    match request.range {
        Some((first, Some(last))) => set(&headers, "Range", &format!("bytes={first}-{last}"))?,
        Some((first, None)) => set(&headers, "Range", &format!("bytes={first}-"))?,
        None => true,
    };
    Reflect::set(&options, &"headers".into(), &headers)?;
    let abort = Abort::new()?;
    Reflect::set(&options, &"signal".into(), &abort.signal()?)?;
    let response = call_fetch(&request.url, &options).await?;
    Ok((response, abort))
}

/// `fetch` of the page or of a worker.
async fn call_fetch(url: &str, options: &Object) -> Result<Response, JsValue> {
    let fetch: js_sys::Function = Reflect::get(&js_sys::global(), &"fetch".into())?.dyn_into()?;
    let promise: Promise = fetch.call2(&JsValue::UNDEFINED, &url.into(), options)?.dyn_into()?;
    JsFuture::from(promise).await?.dyn_into()
}

/// Whether the reader lets this page ask their own network (Local Network Access, "Permissions Policy and Permissions
/// integration"): `None` where the browser does not know of it, or has not asked the reader yet.
pub async fn may_ask_network() -> Option<bool> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    let permissions = Reflect::get(&navigator, &"permissions".into()).ok()?;
    let query: js_sys::Function = Reflect::get(&permissions, &"query".into()).ok()?.dyn_into().ok()?;
    let descriptor = Object::new();
    Reflect::set(&descriptor, &"name".into(), &"local-network-access".into()).ok()?;
    let promise: Promise = query.call1(&permissions, &descriptor).ok()?.dyn_into().ok()?;
    // A browser that does not know the name refuses.
    let status = JsFuture::from(promise).await.ok()?;
    match Reflect::get(&status, &"state".into()).ok()?.as_string()?.as_str() {
        "granted" => Some(true),
        "denied" => Some(false),
        _ => None,
    }
}

/// Whether something answers at a URL, read or not: a request whose answer no page may look at.
pub async fn is_reachable(url: &str) -> bool {
    let options = Object::new();
    let set = [
        ("mode", "no-cors"),
        ("credentials", "omit"),
        ("referrerPolicy", "no-referrer"),
        ("cache", "no-store"),
    ];
    for (name, value) in set {
        // Setting a property of a plain new object cannot fail.
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    call_fetch(url, &options).await.is_ok()
}

impl Fetched {
    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// What the browser says: the connection was cut.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, String> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let Some(reader) = &self.reader else { return Ok(None) };
        let result = JsFuture::from(reader.read()).await.map_err(|error| describe(&error))?;
        let field = |name: &str| Reflect::get(&result, &name.into()).unwrap_or(JsValue::UNDEFINED);
        if field("done").is_truthy() {
            self.reader = None;
            return Ok(None);
        }
        Ok(field("value").dyn_into().ok())
    }

    /// Puts bytes back: they come again next.
    pub fn put_back(&mut self, bytes: Uint8Array) {
        self.ahead = Some(bytes);
    }

    /// The whole body, if it is no longer than `limit` bytes; `None` if it is.
    ///
    /// # Errors
    ///
    /// As [`Fetched::next`].
    pub async fn whole(mut self, limit: u64) -> Result<Option<Vec<u8>>, String> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            if bytes.len() as u64 + u64::from(piece.length()) > limit {
                return Ok(None);
            }
            bytes.extend(piece.to_vec());
        }
        Ok(Some(bytes))
    }
}
