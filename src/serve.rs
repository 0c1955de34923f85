//! Serves the built page on the loopback interface: for `make serve` and for the browser tests.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tower_http::services::ServeDir;

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
        let index = dist.join("index.html");
        if !index.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{} is missing", index.display())));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let prefix = match prefix.trim_matches('/') {
            "" => "/".to_owned(),
            inner => format!("/{inner}/"),
        };

        let requests = RequestLog::default();
        let router = router(dist, &prefix).layer(middleware::from_fn_with_state(requests.clone(), observe));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, router).with_graceful_shutdown(async {
            // An error means that the server was dropped, which ends it as well.
            let _ = stopped.await;
        });
        let task = tokio::spawn(async move { serving.await });
        Ok(Self { address, prefix, requests, stop, task })
    }

    /// The address of the page, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.prefix)
    }

    /// `METHOD /path` of every request so far.
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

fn router(dist: &Path, prefix: &str) -> Router {
    let files = ServeDir::new(dist);
    if prefix == "/" {
        Router::new().fallback_service(files)
    } else {
        Router::new().nest_service(prefix.trim_end_matches('/'), files)
    }
}

/// Notes the request. Has the browser ask every time whether a file is still the same: the worker's file names carry
/// no hash, so a stale one would meet a newer page.
async fn observe(State(requests): State<RequestLog>, request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    requests.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
