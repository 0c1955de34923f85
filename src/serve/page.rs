//! The built page: a folder, or what was embedded when this program was built.

use std::{
    io,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use tower_http::services::ServeDir;

#[cfg(feature = "embed")]
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/page.rs"));
}

/// The files of `dist/`, by their paths in it; empty unless this program was built with them.
#[cfg(feature = "embed")]
static FILES: &[(&str, &[u8])] = embedded::FILES;
#[cfg(not(feature = "embed"))]
static FILES: &[(&str, &[u8])] = &[];

/// Where the page comes from.
#[derive(Debug, Clone)]
pub struct Page(Source);

#[derive(Debug, Clone)]
enum Source {
    Folder(PathBuf),
    Embedded,
}

impl Page {
    /// The page that a folder holds.
    ///
    /// # Errors
    ///
    /// When there is no `index.html` in it.
    pub fn folder(dist: &Path) -> io::Result<Self> {
        let index = dist.join("index.html");
        if !index.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{} is missing", index.display())));
        }
        Ok(Self(Source::Folder(dist.to_owned())))
    }

    /// The page inside this program, if it was built with one.
    pub fn embedded() -> Option<Self> {
        embedded_file("index.html").map(|_| Self(Source::Embedded))
    }

    pub(super) fn router(&self, prefix: &str) -> Router {
        let router = match &self.0 {
            Source::Folder(dist) => Router::new().fallback_service(ServeDir::new(dist)),
            Source::Embedded => Router::new().fallback(serve_embedded),
        };
        if prefix == "/" { router } else { Router::new().nest_service(prefix.trim_end_matches('/'), router) }
    }
}

/// A path is looked up whole in a table: there is nothing to climb out of.
fn embedded_file(path: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes)
}

async fn serve_embedded(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let path = match request.uri().path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let Some(bytes) = embedded_file(path) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    response
}

/// The types of what the build writes.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        Some("tar") => "application/x-tar",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
