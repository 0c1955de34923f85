//! Requests to registries: over TLS unless the policy says otherwise, to addresses that it admits, with redirects followed
//! by its rules.

use std::{
    error::Error,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header},
};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client as Pool,
        connect::{HttpConnector, dns::Name},
    },
    rt::{TokioExecutor, TokioTimer},
};
use tokio::{net::lookup_host, time::timeout};
use tower_service::Service;
use url::Url;

use super::{Policy, Refusal, RegistryHost, Target, policy::Reach};

/// How long an unused connection is kept.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// The body of an answer.
pub(super) type Incoming = hyper::body::Incoming;

/// Sends requests.
#[derive(Debug, Clone)]
pub(super) struct Client {
    policy: Policy,
    /// For hosts that may only have public addresses, and for those that the user has named.
    public: Pool<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    private: Pool<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
}

/// A request that is to be sent.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Url,
    /// What goes along wherever it leads.
    pub(super) headers: HeaderMap,
    /// What goes to the host of `url` alone.
    pub(super) authorization: Option<HeaderValue>,
    pub(super) body: Bytes,
}

/// What came back, redirects followed.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) response: Response<Incoming>,
    /// It is of another host than the one that was asked. What it wants to know is none of its business.
    pub(super) is_elsewhere: bool,
}

impl Client {
    /// # Errors
    ///
    /// When this machine has no certificates to trust.
    pub(super) fn new(policy: Policy) -> io::Result<Self> {
        let connection = policy.times().connection;
        let (public, private) = (pool(Reach::Public, connection)?, pool(Reach::Private, connection)?);
        Ok(Self { policy, public, private })
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Sends a request for a target and follows where it leads. Credentials go no further than the host that they are for.
    ///
    /// What a host may do because the user has named it, it may do after a redirect only if the host that leads there is
    /// named as well, and to where the blob is that is asked for; or if it leads to a registry of its own, by another scheme
    /// or port.
    pub(super) async fn send(&self, mut outgoing: Outgoing, target: &Target) -> Result<Followed, Refusal> {
        let first = host_of(&outgoing.url)?;
        let origin = outgoing.url.origin();
        let refused = |why| Refusal::Redirect(first.clone(), why);
        let mut reach = self.reach(&outgoing.url);
        for _ in 0..=REDIRECTS {
            let is_named = self.policy.names_host_of(&outgoing.url);
            let response = self.send_to(&outgoing, reach).await.map_err(|refusal| match refusal {
                // To allow it, as the other refusal says, is not what is missing.
                Refusal::Private(_) if is_named => refused("a private host, and not to the blob"),
                refusal => refusal,
            })?;
            if !is_redirect(response.status()) {
                return Ok(Followed { response, is_elsewhere: outgoing.url.origin() != origin });
            }
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| outgoing.url.join(location).ok());
            let mut next = next.ok_or_else(|| refused("not an address"))?;
            next.set_fragment(None);
            host_of(&next).map_err(|_| refused("not an address of a host"))?;
            if next.origin() != outgoing.url.origin() {
                outgoing.authorization = None;
                if !target.may_be_at(&next) {
                    return Err(refused("another host, and not to a registry or a blob"));
                }
                let is_itself = next.host() == outgoing.url.host() && Target::is_of_registry(&next);
                let is_led = reach == Reach::Private && is_named;
                let is_led = is_led && (is_itself || target.is_named_in(&next));
                reach = if is_led { self.reach(&next) } else { Reach::Public };
            }
            self.check_url(&next, reach).map_err(refused)?;
            outgoing.url = next;
        }
        Err(refused("too many times"))
    }

    /// Whether the address of a token server that a registry has named may be asked.
    pub(super) fn check_realm(&self, url: &Url) -> Result<(), &'static str> {
        self.check_url(url, self.reach(url))
    }

    /// Sends a request, and gives whatever comes back.
    pub(super) async fn send_once(&self, outgoing: &Outgoing) -> Result<Response<Incoming>, Refusal> {
        self.send_to(outgoing, self.reach(&outgoing.url)).await
    }

    /// The addresses that the host of a URL may have.
    fn reach(&self, url: &Url) -> Reach {
        if self.policy.names_host_of(url) { Reach::Private } else { Reach::Public }
    }

    async fn send_to(&self, outgoing: &Outgoing, reach: Reach) -> Result<Response<Incoming>, Refusal> {
        let host = host_of(&outgoing.url)?;
        if host.address().is_some_and(|address| !reach.admits(address)) {
            return Err(not_admitted(host, reach));
        }
        let mut request = Request::new(Full::new(outgoing.body.clone()));
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() =
            outgoing.url.as_str().parse().map_err(|_| Refusal::Redirect(host.clone(), "not an address"))?;
        *request.headers_mut() = outgoing.headers.clone();
        let headers = request.headers_mut();
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("layerscope/", env!("CARGO_PKG_VERSION"))),
        );
        if let Some(authorization) = &outgoing.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        let pool = match reach {
            Reach::Public => &self.public,
            Reach::Private => &self.private,
        };
        match timeout(self.policy.times().answer, pool.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(explain(host, reach, &error)),
            Err(_) => Err(Refusal::Timeout(host)),
        }
    }

    /// Whether an address that a registry has named may be asked: with TLS, unless it is a host that the user has named
    /// as one without, and may be reached as such.
    fn check_url(&self, url: &Url, reach: Reach) -> Result<(), &'static str> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address with a user in it");
        }
        match url.scheme() {
            "https" => Ok(()),
            "http" if reach == Reach::Private && self.policy.is_plain_host_of(url) => Ok(()),
            _ => Err("not https"),
        }
    }
}

/// The host and port of a URL.
pub(super) fn host_of(url: &Url) -> Result<RegistryHost, Refusal> {
    RegistryHost::of(url).ok_or_else(|| Refusal::BadPath(url.path().to_owned()))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn pool(
    reach: Reach,
    connection: Duration,
) -> io::Result<Pool<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>> {
    let mut http = HttpConnector::new_with_resolver(Resolver(reach));
    http.enforce_http(false);
    http.set_connect_timeout(Some(connection));
    http.set_nodelay(true);
    let https =
        HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().wrap_connector(http);
    Ok(Pool::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIME)
        .build(https))
}

/// Looks up names and gives only the addresses that may be had: what is checked is what is connected to.
#[derive(Debug, Clone, Copy)]
struct Resolver(Reach);

/// A name has no address that may be had.
#[derive(Debug, thiserror::Error)]
#[error("no address may be had")]
struct NoneAdmitted;

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.0;
        Box::pin(async move {
            let found: Vec<_> = lookup_host((name.as_str(), 0)).await?.collect();
            let any = !found.is_empty();
            let admitted: Vec<_> = found.into_iter().filter(|address| reach.admits(address.ip())).collect();
            if any && admitted.is_empty() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, NoneAdmitted));
            }
            Ok(admitted.into_iter())
        })
    }
}

/// Why a host may not have the address that it has.
fn not_admitted(host: RegistryHost, reach: Reach) -> Refusal {
    match reach {
        Reach::Public => Refusal::Private(host),
        Reach::Private => Refusal::Reserved(host),
    }
}

/// What is behind an error, in words for people.
fn explain(host: RegistryHost, reach: Reach, error: &(dyn Error + 'static)) -> Refusal {
    let mut last = error.to_string();
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            if io.get_ref().is_some_and(|inner| inner.is::<NoneAdmitted>()) {
                return not_admitted(host, reach);
            }
            if io.kind() == io::ErrorKind::TimedOut {
                return Refusal::Timeout(host);
            }
        }
        last = error.to_string();
        cause = error.source();
    }
    Refusal::Unreachable(host, last)
}
