//! Servers of these tests' own: a registry over an OCI layout, a token server, a file server. They do what they are told,
//! faults included.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex},
    thread,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
    middleware::{self, Next},
    response::IntoResponse,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::stream;
use layerscope::digest::Digest;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

use super::{Hit, Log, process::USER};

/// What a [`Fake`] does otherwise than it should. Several may be combined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut after so many bytes of a blob, for the first `times` requests of each.
    Cut { after: usize, times: usize },
    /// Every answer is an HTML page with status 200.
    Html,
    /// One byte of every blob is another.
    WrongBlobs,
    /// One byte of every layer is another, where gzip has a date; configs are what they should be.
    WrongLayers,
    /// Layers are for [`USER`] only, by `Basic`.
    LockedLayers,
    /// One byte of every manifest is another; its digest in the headers is the right one's.
    WrongManifests,
    /// Blobs come whole, with 200, whichever range is asked for.
    IgnoreRange,
    /// A blob is a redirect (307) to this address, with `/blobs/sha256/HEX` added.
    RedirectBlobs(String),
    /// Everything is a redirect (307) to this address.
    RedirectAll(String),
    /// A blob is a redirect to itself.
    RedirectLoop,
    /// 429 with `Retry-After`, in seconds, for the first `times` requests of each manifest and blob.
    TooMany { times: usize, retry_after: u32 },
    /// 503 for the first `times` requests of each manifest and blob.
    Unavailable { times: usize },
    /// 401 with a Bearer challenge whatever comes; the realm answers with tokens.
    Endless401,
    /// Blobs have the last so many bytes missing; `Content-Length` agrees with what comes.
    Short(usize),
    /// Blobs have so many bytes too many.
    Long(usize),
    /// Blobs claim to be gzipped on the way, and are.
    Encoded,
    /// Blobs of more than so many bytes stop coming after as many, and the connection stays open.
    Stall(usize),
    /// Layers come whole, but it is never said that this is all.
    Endless,
    /// Pages may not read which headers came: `WWW-Authenticate` among them.
    HideHeaders,
    /// Pages may not read the blobs, as of zot.
    BlobsWithoutCors,
    /// No list has more tags, or referrers, than this.
    ShortLists(usize),
    /// There is no list of referrers, as in registries older than it.
    NoReferrers,
    /// What should be the list of referrers is none.
    BrokenReferrers,
    /// Every answer has this to say, as a warning (distribution spec, "Warnings").
    Warns(String),
}

/// Who may read a [`Fake`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Access {
    /// Everyone.
    #[default]
    Open,
    /// [`USER`], by `Basic`.
    Basic,
    /// Who has a token of this [`TokenServer`] for the repository.
    Token(Tokens),
}

/// What a [`Fake`] is.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Pages of other origins may read it.
    pub cors: bool,
    /// Who may.
    pub access: Access,
    /// What it does wrong.
    pub faults: Vec<Fault>,
}

/// A server on a thread of its own. It stops when dropped.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    log: Log,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Served {
    /// Serves a router on a free port of 127.0.0.1, noting every request.
    pub fn start(router: Router) -> Self {
        let log = Log::default();
        let router = router.layer(middleware::from_fn_with_state(log.clone(), note));
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                // Not a graceful end: a client may keep its connection for as long as it likes.
                tokio::select! {
                    served = async { axum::serve(listener, router).await } => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { address, log, stop: Some(stop), thread: Some(thread) }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has answered.
    pub fn log(&self) -> &Log {
        &self.log
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that it has ended.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn note(State(log): State<Log>, request: Request, next: Next) -> Response<Body> {
    let mut hit = hit(&request);
    let response = next.run(request).await;
    hit.status = response.status().as_u16();
    log.push(hit);
    response
}

fn hit(request: &Request) -> Hit {
    let text = |name: header::HeaderName| {
        request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Hit {
        method: request.method().to_string(),
        target: request.uri().to_string(),
        status: 0,
        authorization: text(header::AUTHORIZATION),
        range: text(header::RANGE),
        origin: text(header::ORIGIN),
    }
}

/// Serves the folder of an OCI layout, or any other, as a plain file server does; ranges included.
pub fn files(folder: &Path, cors: bool) -> Served {
    let router = Router::new().fallback_service(tower_http::services::ServeDir::new(folder));
    Served::start(if cors { router.layer(middleware::from_fn(allow_all)) } else { router })
}

/// The same for [`USER`] only, by `Basic`.
pub fn locked_files(folder: &Path) -> Served {
    let router = Router::new().fallback_service(tower_http::services::ServeDir::new(folder));
    Served::start(router.layer(middleware::from_fn(ask_who)).layer(middleware::from_fn(allow_all)))
}

/// The same without ranges: whatever is asked for, it sends the whole.
pub fn whole_files(folder: &Path) -> Served {
    let router = Router::new().fallback_service(tower_http::services::ServeDir::new(folder));
    Served::start(router.layer(middleware::from_fn(ignore_range)).layer(middleware::from_fn(allow_all)))
}

/// The same as GitHub Pages does: pages may read it, and of its headers only those that every page may read.
pub fn public_files(folder: &Path) -> Served {
    let router = Router::new().fallback_service(tower_http::services::ServeDir::new(folder));
    Served::start(router.layer(middleware::map_response(allow)))
}

async fn allow(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert("access-control-allow-origin", HeaderValue::from_static("*"));
    response
}

/// The same without ranges; what is longer stops coming after so many bytes, and the connection stays open.
pub fn stalling_files(folder: &Path, after: usize) -> Served {
    let folder = folder.to_owned();
    let router = Router::new().fallback(async move |request: Request| {
        let bytes = fs::read(folder.join(request.uri().path().trim_start_matches('/'))).unwrap();
        let body = stalled(&bytes[..after.min(bytes.len())]);
        ([(header::CONTENT_LENGTH, bytes.len().to_string())], body)
    });
    Served::start(router.layer(middleware::from_fn(allow_all)))
}

/// The same without ranges; the first answer breaks off after so many bytes, and the connection with it.
pub fn cutting_files(folder: &Path, after: usize) -> Served {
    let (folder, asked) = (folder.to_owned(), Arc::new(Mutex::new(0)));
    let router = Router::new().fallback(async move |request: Request| {
        let bytes = fs::read(folder.join(request.uri().path().trim_start_matches('/'))).unwrap();
        let is_first = std::mem::replace(&mut *asked.lock().unwrap(), 1) == 0;
        let length = [(header::CONTENT_LENGTH, bytes.len().to_string())];
        (length, if is_first { cut_off(&bytes[..after]) } else { bytes.into() })
    });
    Served::start(router.layer(middleware::from_fn(allow_all)))
}

/// The same, with every range but the first a byte further on than it was asked for.
pub fn shifted_files(folder: &Path) -> Served {
    let router = Router::new().fallback_service(tower_http::services::ServeDir::new(folder));
    Served::start(router.layer(middleware::from_fn(shift_range)).layer(middleware::from_fn(allow_all)))
}

async fn shift_range(mut request: Request, next: Next) -> Response<Body> {
    let asked = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(range);
    if let Some((first, Some(last))) = asked.filter(|(first, _)| *first > 0) {
        let shifted = format!("bytes={}-{}", first + 1, last + 1);
        request.headers_mut().insert(header::RANGE, shifted.parse().unwrap());
    }
    next.run(request).await
}

async fn ask_who(request: Request, next: Next) -> Response<Body> {
    if request.headers().get(header::AUTHORIZATION).is_some_and(|sent| sent == &basic(USER)) {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"files\"")]).into_response()
}

async fn ignore_range(mut request: Request, next: Next) -> Response<Body> {
    request.headers_mut().remove(header::RANGE);
    next.run(request).await
}

/// What a registry must send so that pages of any origin may read it.
async fn allow_all(request: Request, next: Next) -> Response<Body> {
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, HEAD, OPTIONS"),
        ("access-control-allow-headers", "Authorization, Accept, Range"),
        (
            "access-control-expose-headers",
            "Docker-Content-Digest, WWW-Authenticate, Link, Content-Range, Content-Length, Retry-After, Warning",
        ),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Serves the images of an OCI layout as a registry, under any repository name.
pub fn registry(layout: &Path, setup: Setup) -> Served {
    let (cors, hides) = (setup.cors, setup.faults.contains(&Fault::HideHeaders));
    let hides_blobs = setup.faults.contains(&Fault::BlobsWithoutCors);
    let fake = Arc::new(Fake::read(layout, setup));
    let router = Router::new().fallback(answer).with_state(fake);
    let router = if cors { router.layer(middleware::from_fn(allow_all)) } else { router };
    let router = if hides_blobs { router.layer(middleware::from_fn(hide_blobs)) } else { router };
    Served::start(if hides { router.layer(middleware::map_response(hide)) } else { router })
}

async fn hide_blobs(request: Request, next: Next) -> Response<Body> {
    let is_blob = request.uri().path().contains("/blobs/");
    let mut response = next.run(request).await;
    if is_blob {
        response.headers_mut().remove("access-control-allow-origin");
    }
    response
}

async fn hide(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().remove("access-control-expose-headers");
    response
}

#[derive(Debug)]
struct Fake {
    setup: Setup,
    blobs: HashMap<String, Vec<u8>>,
    /// Media types of what the documents name.
    types: HashMap<String, String>,
    tags: Vec<(String, String)>,
    /// Manifests that say whom they are about, as descriptors: the subject's digest first.
    referrers: Vec<(String, Value)>,
    /// How often each manifest and blob was asked for.
    asked: Mutex<HashMap<String, usize>>,
}

impl Fake {
    fn read(layout: &Path, setup: Setup) -> Self {
        let mut blobs = HashMap::new();
        for entry in fs::read_dir(layout.join("blobs/sha256")).unwrap() {
            let entry = entry.unwrap();
            let digest = format!("sha256:{}", entry.file_name().into_string().unwrap());
            blobs.insert(digest, fs::read(entry.path()).unwrap());
        }
        let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
        let mut fake = Self {
            setup,
            blobs,
            types: HashMap::new(),
            tags: Vec::new(),
            referrers: Vec::new(),
            asked: Mutex::default(),
        };
        for (digest, bytes) in &fake.blobs {
            let Ok(manifest) = serde_json::from_slice::<Value>(bytes) else { continue };
            let Some(subject) = manifest["subject"]["digest"].as_str() else { continue };
            let kind = manifest["mediaType"].as_str().unwrap();
            fake.types.insert(digest.clone(), kind.to_owned());
            let descriptor = json!({
                "mediaType": kind, "digest": digest, "size": bytes.len(), "artifactType": manifest["artifactType"],
            });
            fake.referrers.push((subject.to_owned(), descriptor));
        }
        for entry in index["manifests"].as_array().unwrap() {
            fake.learn(entry);
            if let Some(tag) = entry["annotations"]["org.opencontainers.image.ref.name"].as_str() {
                fake.tags.push((tag.to_owned(), entry["digest"].as_str().unwrap().to_owned()));
            }
        }
        fake.tags.sort();
        fake
    }

    fn learn(&mut self, descriptor: &Value) {
        let (digest, kind) =
            (descriptor["digest"].as_str().unwrap(), descriptor["mediaType"].as_str().unwrap());
        self.types.insert(digest.to_owned(), kind.to_owned());
        if kind.ends_with("index.v1+json") {
            let index: Value = serde_json::from_slice(&self.blobs[digest]).unwrap();
            index["manifests"].as_array().unwrap().iter().for_each(|entry| self.learn(entry));
        }
    }

    fn has(&self, fault: impl Fn(&Fault) -> bool) -> bool {
        self.setup.faults.iter().any(fault)
    }

    /// How long a list may be.
    fn most(&self) -> usize {
        let most = self.setup.faults.iter().find_map(|fault| match fault {
            Fault::ShortLists(most) => Some(*most),
            _ => None,
        });
        most.unwrap_or(usize::MAX)
    }

    /// Whether who sends these headers may read this repository; the challenge if not.
    fn admit(&self, name: &str, headers: &HeaderMap) -> Result<(), String> {
        let sent =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match &self.setup.access {
            Access::Open => Ok(()),
            Access::Basic if sent == basic(USER) => Ok(()),
            Access::Basic => Err("Basic realm=\"fake\", charset=\"UTF-8\"".to_owned()),
            Access::Token(tokens) => {
                let endless = self.has(|fault| *fault == Fault::Endless401);
                let known = sent.strip_prefix("Bearer ").is_some_and(|token| tokens.knows(token, name));
                if known && !endless { Ok(()) } else { Err(tokens.challenge(name)) }
            }
        }
    }
}

/// The value of `Authorization` for a user and a password.
pub fn basic((user, password): (&str, &str)) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

async fn answer(State(fake): State<Arc<Fake>>, request: Request) -> Response<Body> {
    if fake.has(|fault| *fault == Fault::Html) {
        return ([(header::CONTENT_TYPE, "text/html")], "<!doctype html><title>Sign in</title>")
            .into_response();
    }
    let elsewhere = fake.setup.faults.iter().find_map(|fault| match fault {
        Fault::RedirectAll(location) => Some(location.clone()),
        _ => None,
    });
    if let Some(location) = elsewhere {
        return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response();
    }
    let warning = fake.setup.faults.iter().find_map(|fault| match fault {
        Fault::Warns(text) => Some(format!("299 - \"{}\"", text.replace('"', "\\\""))),
        _ => None,
    });
    let mut response = respond(&fake, &request);
    if let Some(warning) = warning {
        response.headers_mut().append(header::WARNING, warning.parse().unwrap());
    }
    response
}

fn respond(fake: &Fake, request: &Request) -> Response<Body> {
    let (head, uri) = (request.method() == Method::HEAD, request.uri().clone());
    let Some(path) = uri.path().strip_prefix("/v2/") else { return StatusCode::NOT_FOUND.into_response() };
    let parsed = ["manifests", "blobs", "tags", "referrers"].into_iter().find_map(|kind| {
        let (name, rest) = path.rsplit_once(&format!("/{kind}/"))?;
        Some((name, kind, rest))
    });
    let name = parsed.map_or("", |(name, ..)| name);
    if let Err(challenge) = fake.admit(name, request.headers()) {
        let said = error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
        return ([(header::WWW_AUTHENTICATE, challenge)], said).into_response();
    }
    match parsed {
        None if path.is_empty() => as_json(&json!({})),
        Some((name, "tags", "list")) => {
            let tags: Vec<_> = fake.tags.iter().map(|(tag, _)| tag).collect();
            page(name, &tags, uri.query().unwrap_or_default(), fake.most())
        }
        Some((_, "referrers", _)) if fake.has(|fault| *fault == Fault::BrokenReferrers) => {
            as_json(&json!("no list"))
        }
        Some((name, "referrers", digest)) if !fake.has(|fault| *fault == Fault::NoReferrers) => {
            let mut found: Vec<_> = fake
                .referrers
                .iter()
                .filter(|(subject, _)| subject == digest)
                .map(|(_, found)| found)
                .collect();
            found.sort_by_key(|found| found["digest"].to_string());
            // By a number, as registries may count as they like.
            let query = uri.query().unwrap_or_default();
            let from = query.strip_prefix("from=").and_then(|from| from.parse().ok()).unwrap_or(0);
            let kind = "application/vnd.oci.image.index.v1+json";
            let some: Vec<_> = found.iter().skip(from).take(fake.most()).collect();
            let next = from + some.len();
            let index = json!({ "schemaVersion": 2, "mediaType": kind, "manifests": some });
            let mut response = ([(header::CONTENT_TYPE, kind)], index.to_string()).into_response();
            if next < found.len() {
                let link = format!("</v2/{name}/referrers/{digest}?from={next}>; rel=\"next\"");
                response.headers_mut().insert(header::LINK, link.parse().unwrap());
            }
            response
        }
        Some((_, "manifests", reference)) => {
            let by_tag =
                fake.tags.iter().find(|(tag, _)| tag == reference).map(|(_, digest)| digest.as_str());
            document(fake, by_tag.unwrap_or(reference), head)
        }
        Some((_, "blobs", digest)) => blob(fake, digest, uri.path(), request.headers(), head),
        _ => error(StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
    }
}

/// A page of tags (distribution spec, "Listing Tags").
fn page(name: &str, tags: &[&String], query: &str, most: usize) -> Response<Body> {
    let get = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    let from = get("last").map_or(0, |last| tags.iter().take_while(|tag| tag.as_str() <= last).count());
    let n = get("n").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX).min(most);
    let some: Vec<_> = tags[from..].iter().take(n).collect();
    let body = as_json(&json!({ "name": name, "tags": some }));
    match some.last().filter(|_| from + some.len() < tags.len()) {
        Some(last) => {
            ([(header::LINK, format!("</v2/{name}/tags/list?n={n}&last={last}>; rel=\"next\""))], body)
                .into_response()
        }
        None => body.into_response(),
    }
}

fn document(fake: &Fake, digest: &str, head: bool) -> Response<Body> {
    let (Some(kind), Some(bytes)) = (fake.types.get(digest), fake.blobs.get(digest)) else {
        return error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN");
    };
    if let Some(response) = later(fake, digest) {
        return response;
    }
    let mut bytes = bytes.clone();
    if fake.has(|fault| *fault == Fault::WrongManifests) {
        // Still JSON: a space more, where one may stand.
        bytes.push(b' ');
    }
    Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .header(header::CONTENT_LENGTH, bytes.len())
        .header("docker-content-digest", digest)
        .body(if head { Body::empty() } else { bytes.into() })
        .unwrap()
}

fn blob(fake: &Fake, digest: &str, path: &str, headers: &HeaderMap, head: bool) -> Response<Body> {
    let Some(bytes) = fake.blobs.get(digest) else { return error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN") };
    let redirect = fake.setup.faults.iter().find_map(|fault| match fault {
        Fault::RedirectBlobs(base) => Some(format!("{base}/blobs/{}", digest.replace(':', "/"))),
        Fault::RedirectLoop => Some(path.to_owned()),
        _ => None,
    });
    if let Some(location) = redirect {
        return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response();
    }
    // Configs are JSON.
    let is_layer = bytes.first() != Some(&b'{');
    let is_user = headers.get(header::AUTHORIZATION).is_some_and(|sent| sent == &basic(USER));
    if is_layer && !is_user && fake.has(|fault| *fault == Fault::LockedLayers) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"layers\"")])
            .into_response();
    }
    let nth = fake.asked.lock().unwrap().get(digest).copied().unwrap_or_default();
    if let Some(response) = later(fake, digest) {
        return response;
    }

    let mut bytes = bytes.clone();
    let mut response = Response::builder().header(header::CONTENT_TYPE, "application/octet-stream");
    let (mut ranges, mut ends) = (true, true);
    let (mut cut, mut stall) = (None, None);
    for fault in &fake.setup.faults {
        match fault {
            Fault::WrongBlobs => *bytes.last_mut().unwrap() ^= 1,
            Fault::WrongLayers if is_layer => bytes[4] ^= 1,
            Fault::Short(missing) => bytes.truncate(bytes.len().saturating_sub(*missing)),
            Fault::Long(more) => bytes.extend(vec![0; *more]),
            Fault::IgnoreRange => ranges = false,
            Fault::Cut { after, times } => cut = (nth < *times).then_some(*after),
            Fault::Stall(after) => stall = (bytes.len() > *after).then_some(*after),
            Fault::Endless if is_layer => ends = false,
            Fault::Encoded => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                io::Write::write_all(&mut gzip, &bytes).unwrap();
                bytes = gzip.finish().unwrap();
                response = response.header(header::CONTENT_ENCODING, "gzip");
            }
            _ => {}
        }
    }
    let total = bytes.len();
    if ranges {
        response = response.header(header::ACCEPT_RANGES, "bytes");
    }
    let wanted = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).filter(|_| ranges);
    if let Some((first, last)) = wanted.and_then(range) {
        if first >= total {
            let all = format!("bytes */{total}");
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, all)]).into_response();
        }
        let end = last.map_or(total, |last| total.min(last + 1));
        bytes = bytes[first..end].to_vec();
        response = response
            .status(StatusCode::PARTIAL_CONTENT)
            .header(header::CONTENT_RANGE, format!("bytes {first}-{}/{total}", end - 1));
    }
    response = response.header("docker-content-digest", digest);
    if ends {
        response = response.header(header::CONTENT_LENGTH, bytes.len());
    }
    let body = match cut {
        _ if head => Body::empty(),
        None if !ends => stalled(&bytes),
        None if stall.is_some() => stalled(&bytes[..stall.unwrap().min(bytes.len())]),
        Some(after) => cut_off(&bytes[..after.min(bytes.len())]),
        None => bytes.into(),
    };
    response.body(body).unwrap()
}

/// `bytes=N-M` or `bytes=N-`.
fn range(value: &str) -> Option<(usize, Option<usize>)> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()))
}

/// A body that stops coming.
fn stalled(bytes: &[u8]) -> Body {
    let first = stream::iter([Ok::<_, Infallible>(Bytes::copy_from_slice(bytes))]);
    Body::from_stream(futures_util::StreamExt::chain(first, stream::pending()))
}

/// A body that breaks off, and the connection with it.
fn cut_off(bytes: &[u8]) -> Body {
    let chunks = [Ok(Bytes::copy_from_slice(bytes)), Err(io::Error::from(io::ErrorKind::ConnectionAborted))];
    // Its first bytes are to leave before the end is noticed.
    let pause = |chunk: io::Result<Bytes>| async {
        if chunk.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Ok::<_, Infallible>(chunk)
    };
    let chunks = futures_util::StreamExt::then(stream::iter(chunks), pause);
    Body::from_stream(futures_util::StreamExt::map(chunks, |chunk| match chunk {
        Ok(chunk) => chunk,
    }))
}

/// "Not now", where that is what this server says the first times.
fn later(fake: &Fake, digest: &str) -> Option<Response<Body>> {
    let mut asked = fake.asked.lock().unwrap();
    let count = asked.entry(digest.to_owned()).or_default();
    *count += 1;
    fake.setup.faults.iter().find_map(|fault| match fault {
        Fault::TooMany { times, retry_after } if *count <= *times => {
            let said = error(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS");
            Some(([(header::RETRY_AFTER, retry_after.to_string())], said).into_response())
        }
        Fault::Unavailable { times } if *count <= *times => {
            Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
        _ => None,
    })
}

fn as_json(value: &Value) -> Response<Body> {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// An error as registries say it (distribution spec, "Error Codes").
fn error(status: StatusCode, code: &str) -> Response<Body> {
    let said = json!({ "errors": [{ "code": code, "message": "told to" }] });
    (status, as_json(&said)).into_response()
}

/// The tokens that a [`TokenServer`] has given out, with the repository that each is for, and where it is.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    realm: Arc<Mutex<String>>,
    given: Arc<Mutex<HashSet<(String, String)>>>,
}

impl PartialEq for Tokens {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.given, &other.given)
    }
}

impl Eq for Tokens {}

impl Tokens {
    fn knows(&self, token: &str, name: &str) -> bool {
        self.given.lock().unwrap().contains(&(token.to_owned(), name.to_owned()))
    }

    fn challenge(&self, name: &str) -> String {
        let realm = self.realm.lock().unwrap().clone();
        // Without a repository there is no scope.
        let scope =
            if name.is_empty() { String::new() } else { format!(",scope=\"repository:{name}:pull\"") };
        format!("Bearer realm=\"{realm}\",service=\"fake\"{scope}")
    }
}

/// A token server (distribution, docs/spec/auth/token.md). A repository below `private/` is for [`USER`] only.
#[derive(Debug)]
pub struct TokenServer {
    served: Served,
    tokens: Tokens,
}

impl TokenServer {
    /// Starts one.
    pub fn start(cors: bool) -> Self {
        let tokens = Tokens::default();
        let router = Router::new().route("/token", axum::routing::get(give)).with_state(tokens.clone());
        let served = Served::start(if cors { router.layer(middleware::from_fn(allow_all)) } else { router });
        tokens.set_realm(&format!("{}/token", served.url()));
        Self { served, tokens }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.served.host()
    }

    /// For [`Access::Token`].
    pub fn tokens(&self) -> Tokens {
        self.tokens.clone()
    }

    /// What it has answered.
    pub fn log(&self) -> &Log {
        self.served.log()
    }
}

impl Tokens {
    /// Names another realm in the challenges.
    pub fn set_realm(&self, realm: &str) {
        realm.clone_into(&mut self.realm.lock().unwrap());
    }
}

async fn give(State(tokens): State<Tokens>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().replace("%3A", ":").replace("%2F", "/");
    let scope = query.split('&').find_map(|pair| pair.strip_prefix("scope=repository:"));
    let name = scope.and_then(|scope| scope.strip_suffix(":pull")).unwrap_or_default();
    let sent = request.headers().get(header::AUTHORIZATION);
    let known = sent.is_some_and(|sent| sent == &basic(USER));
    if (sent.is_some() || name.starts_with("private/")) && !known {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let mut given = tokens.given.lock().unwrap();
    let token = Digest::sha256(format!("{name} {}", given.len()).as_bytes()).hex().to_owned();
    given.insert((token.clone(), name.to_owned()));
    as_json(&json!({ "token": token, "expires_in": 300 }))
}
