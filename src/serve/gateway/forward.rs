//! From a request of the page to an answer of a registry.

use std::{io, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
    routing::any,
};
use futures_util::stream;
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};
use url::Url;

use super::{
    DockerConfig, Policy, Refusal, Target, Times,
    auth::Authorizations,
    client::{Client, Followed, Incoming, Outgoing},
};
use crate::{limits, serve::guard::check_origin};

/// Where the gateway is.
const BASE: &str = "/_layerscope/v1/";
/// How many requests may be under way at once.
const AT_ONCE: usize = 64;

/// What goes from the page to a registry.
const THERE: [HeaderName; 4] = [header::ACCEPT, header::RANGE, header::IF_RANGE, header::IF_NONE_MATCH];
/// What goes from a registry to the page: no cookies, and no challenges, which make browsers ask for passwords.
const BACK: [&str; 14] = [
    "accept-ranges",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "docker-content-digest",
    "docker-distribution-api-version",
    "etag",
    "oci-filters-applied",
    "oci-subject",
    "retry-after",
    "vary",
    "warning",
];

#[derive(Debug)]
struct Gateway {
    client: Client,
    config: Option<DockerConfig>,
    authorizations: Authorizations,
    places: Arc<Semaphore>,
}

/// The gateway, with the credentials of docker's configuration unless the policy is anonymous.
///
/// # Errors
///
/// When this machine has no certificates to trust.
pub fn router(policy: Policy) -> io::Result<Router> {
    let config =
        if policy.reads_credentials() { policy.config().or_else(DockerConfig::of_user) } else { None };
    let gateway = Gateway {
        client: Client::new(policy)?,
        config,
        authorizations: Authorizations::default(),
        places: Arc::new(Semaphore::new(AT_ONCE)),
    };
    let gateway = Arc::new(gateway);
    Ok(Router::new()
        .route(BASE, any(hello))
        .route("/_layerscope/v1/{*rest}", any(forward))
        .with_state(gateway))
}

async fn hello(request: Request) -> Response<Body> {
    match check(&request.into_parts().0) {
        Ok(()) => ([(header::CONTENT_TYPE, "application/json")], "{\"gateway\":1}").into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn check(request: &Parts) -> Result<(), Refusal> {
    check_origin(&request.headers, &request.uri)?;
    if matches!(request.method, Method::GET | Method::HEAD) { Ok(()) } else { Err(Refusal::Method) }
}

async fn forward(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    // Nothing of the request's body is read.
    let (request, _) = request.into_parts();
    match gateway.forward(&request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

impl Gateway {
    async fn forward(&self, request: &Parts) -> Result<Response<Body>, Refusal> {
        check(request)?;
        let target = Target::parse(&request.uri, BASE)?;
        if !self.client.policy().allows(&target.host) {
            return Err(Refusal::Host(target.host));
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let mut outgoing = Outgoing {
            method: request.method.clone(),
            url: self.url(&target)?,
            headers: headers_there(&request.headers),
            authorization: self.authorizations.get(&target),
            body: Bytes::new(),
        };
        let mut response = self.ask(outgoing.clone(), &target).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            let config = self.config.as_ref();
            let answer =
                self.authorizations.answer(&self.client, config, &target, response.headers()).await?;
            outgoing.authorization = Some(answer);
            response = self.ask(outgoing, &target).await?;
            if response.status() == StatusCode::UNAUTHORIZED {
                return Err(Refusal::BadCredentials(target.host));
            }
        }
        answer(&target, &self.url(&target)?, response, place, self.client.policy().times())
    }

    /// Sends a request. A 401 that comes back is the registry's own: that of another host names a token server of that
    /// host's choice, which would be sent the password for this one.
    async fn ask(&self, outgoing: Outgoing, target: &Target) -> Result<Response<Incoming>, Refusal> {
        let Followed { response, is_elsewhere } = self.client.send(outgoing, target).await?;
        if is_elsewhere && response.status() == StatusCode::UNAUTHORIZED {
            return Err(Refusal::Redirect(target.host.clone(), "another host, which wants to know who asks"));
        }
        Ok(response)
    }

    fn url(&self, target: &Target) -> Result<Url, Refusal> {
        let host = &target.host;
        let url = self.client.policy().api(host).and_then(|api| api.join(&target.path).ok());
        url.ok_or_else(|| Refusal::BadPath(target.path.clone()))
    }
}

fn headers_there(from: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in THERE {
        from.get_all(&name).iter().for_each(|value| {
            headers.append(name.clone(), value.clone());
        });
    }
    // Digests are of what is stored; nothing is to be packed on the way.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

/// What the page gets: some of the headers, and the bytes as they come.
fn answer(
    target: &Target,
    list: &Url,
    from: Response<Incoming>,
    place: OwnedSemaphorePermit,
    times: Times,
) -> Result<Response<Body>, Refusal> {
    let limit = if target.blob.is_some() { limits::BLOB } else { limits::REGISTRY_DOCUMENT };
    let (parts, body) = from.into_parts();
    let length =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(Refusal::TooLarge(target.host.clone(), limit));
    }
    let mut response = Response::new(limited(body, limit, place, times));
    *response.status_mut() = parts.status;
    let headers = response.headers_mut();
    for name in BACK {
        let name = HeaderName::from_static(name);
        parts.headers.get_all(&name).iter().for_each(|value| {
            headers.append(name.clone(), value.clone());
        });
    }
    for link in parts.headers.get_all(header::LINK) {
        if let Some(link) = link.to_str().ok().and_then(|link| link_here(link, list)) {
            headers.append(header::LINK, link);
        }
    }
    // What a stranger stores is neither shown as a page of this origin nor run as a script of it.
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("layerscope-gateway"), "forwarded"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// A `Link` of a registry as one that leads on through the gateway: a list goes on under the address that it began at, so
/// that the query alone says where. One that leads elsewhere is left out.
fn link_here(link: &str, list: &Url) -> Option<HeaderValue> {
    let (address, rest) = link.trim_start().strip_prefix('<')?.split_once('>')?;
    let next = list.join(address).ok()?;
    let same = next.host() == list.host() && next.path() == list.path();
    HeaderValue::try_from(format!("<?{}>{rest}", next.query().filter(|_| same)?)).ok()
}

/// A body that ends in an error when it grows too large, pauses or lasts too long. Its place among those under way is
/// free when it ends, or is dropped because the page has gone.
fn limited(body: Incoming, limit: u64, place: OwnedSemaphorePermit, times: Times) -> Body {
    let end = Instant::now() + times.whole;
    let state = (body, limit, place);
    Body::from_stream(stream::try_unfold(state, move |(mut body, left, place)| async move {
        loop {
            let frame = timeout(times.pause, body.frame()).await.map_err(|_| io::ErrorKind::TimedOut)?;
            if Instant::now() > end {
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
            let Some(frame) = frame else { return Ok(None) };
            // Trailers are left out.
            let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
            let left = left.checked_sub(data.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
            return Ok(Some((data, (body, left, place))));
        }
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn links_lead_through_the_gateway() {
        let list = Url::parse("https://r.example:5000/v2/a/tags/list?n=2").unwrap();
        let link = |text: &str| link_here(text, &list).map(|value| value.to_str().unwrap().to_owned());
        let here = Some("<?n=2&last=b>; rel=\"next\"");
        assert_eq!(link("</v2/a/tags/list?n=2&last=b>; rel=\"next\"").as_deref(), here);
        assert_eq!(link("<https://r.example:5000/v2/a/tags/list?n=2&last=b>; rel=\"next\"").as_deref(), here);
        assert_eq!(link("<?n=2&last=b>; rel=\"next\"").as_deref(), here);
        assert_eq!(link("</elsewhere?n=2>; rel=\"next\""), None);
        assert_eq!(link("<https://other.example/v2/a/tags/list?n=2>; rel=\"next\""), None);
        assert_eq!(link("nonsense"), None);
    }
}
