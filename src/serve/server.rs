//! The server itself: a port, the page under a prefix, the gateway if there is one.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{
    Page,
    gateway::{self, Policy},
    guard::{self, Hosts},
};

/// What to serve, and where.
#[derive(Debug)]
pub struct Config {
    /// The page.
    pub page: Page,
    /// Where the page is: `/` or, say, `/a/b/`.
    pub prefix: String,
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Names besides those of the loopback interface that browsers may call this server by.
    pub names: Vec<String>,
    /// What the gateway may reach; without it there is no gateway.
    pub gateway: Option<Policy>,
    /// Whether [`Server::requests`] remembers what came.
    pub remember: bool,
}

impl Config {
    /// The page at the root of a free port of 127.0.0.1, and nothing else.
    pub fn new(page: Page) -> Self {
        Self {
            page,
            prefix: "/".to_owned(),
            listen: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            names: Vec::new(),
            gateway: None,
            remember: true,
        }
    }
}

/// A running server. It stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    prefix: String,
    requests: RequestLog,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

/// `METHOD /path` of every request, in the order of arrival.
type RequestLog = Arc<Mutex<Vec<String>>>;

impl Server {
    /// Serves the directory `dist` under `prefix` (`/` or, say, `/a/b/`) on 127.0.0.1, within the current Tokio
    /// runtime. Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// When `dist` holds no `index.html` or the port cannot be had.
    pub async fn start(dist: &Path, prefix: &str, port: u16) -> io::Result<Self> {
        let page = Page::folder(dist)?;
        Self::open(Config { prefix: prefix.to_owned(), port, ..Config::new(page) }).await
    }

    /// Serves what is configured, within the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port cannot be had, or the gateway finds no certificates to trust.
    pub async fn open(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind((config.listen, config.port)).await?;
        let address = listener.local_addr()?;
        let prefix = match config.prefix.trim_matches('/') {
            "" => "/".to_owned(),
            inner => format!("/{inner}/"),
        };
        let mut router = config.page.router(&prefix);
        if let Some(policy) = config.gateway {
            router = router.merge(gateway::router(policy)?).layer(middleware::map_response(unframe));
        }
        let requests = RequestLog::default();
        if config.remember {
            router = router.layer(middleware::from_fn_with_state(requests.clone(), observe));
        }
        let hosts = Arc::new(Hosts::new(config.listen, config.names));
        let router = router
            .layer(middleware::from_fn(harden))
            .layer(middleware::from_fn_with_state(hosts, guard::check_host));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, router).with_graceful_shutdown(async {
            // An error means that the server was dropped, which ends it as well.
            let _ = stopped.await;
        });
        let task = tokio::spawn(async move { serving.await });
        Ok(Self { address, prefix, requests, stop, task })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the page, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.prefix)
    }

    /// `METHOD /path` of every request so far, if they are remembered.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Closes the port and every idle connection.
    ///
    /// # Errors
    ///
    /// What the accept loop ended with.
    pub async fn stop(self) -> io::Result<()> {
        // An error means that the task has ended by itself, and says so below.
        let _ = self.stop.send(());
        self.task.await?
    }
}

/// Notes the request.
async fn observe(State(requests): State<RequestLog>, request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    requests.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    next.run(request).await
}

/// Has no other page show this one in a frame, and lead a click there: here a click may have credentials used.
async fn unframe(mut response: Response) -> Response {
    let entry = response.headers_mut().entry(header::CONTENT_SECURITY_POLICY);
    entry.or_insert(HeaderValue::from_static("frame-ancestors 'none'"));
    response
}

/// Has the browser ask every time whether a file is still the same: the worker's file names carry no hash, so a stale one
/// would meet a newer page. Has it take every type as stated, and say nothing of this server elsewhere.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
