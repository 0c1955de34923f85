//! One request and what it takes to have it answered: tokens, passwords, patience.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    GatewayTrouble, Trouble,
    challenge::{self, Challenge, RealmError},
    patience::retry_after,
    url::Origin,
};
use crate::{limits, oci::json};

/// A request that is to be sent: a GET or HEAD without cookies, which follows redirects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// The `Accept` header. Up to 128 bytes need no preflight.
    pub accept: Option<&'static str>,
    /// The `Authorization` header. It is for the host of `url` and no other.
    pub authorization: Option<String>,
    /// The first and, perhaps, the last byte that is wanted (`Range`).
    pub range: Option<(u64, Option<u64>)>,
    /// The body is to be read before the exchange goes on: it is short.
    pub is_token: bool,
    /// Only what stands before the body is wanted (HEAD).
    pub is_head: bool,
    /// See [`Target::is_large`].
    pub is_large: bool,
}

impl Request {
    /// A GET of all that is at a URL.
    pub fn get(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }
}

/// What is known of an answer before its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The URL that answered, after redirects.
    pub url: String,
    /// The headers that can be read, names in lower case.
    pub headers: Vec<(String, String)>,
    /// When it came, in seconds since 1970.
    pub at: u64,
}

impl Head {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The media type, its parameters left out, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let text = self.header("content-type")?.split(';').next()?.trim().to_ascii_lowercase();
        (!text.is_empty()).then_some(text)
    }

    /// Whether it is a page for people: what hosts and captive portals answer with, also with status 200.
    pub fn is_web_page(&self) -> bool {
        matches!(self.media_type().as_deref(), Some("text/html" | "application/xhtml+xml"))
    }
}

/// A name and a password. Kept in memory only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password, or an access token in its place.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Credentials {
    fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}

/// What was learnt of how registries want to be asked. Each host has its own.
#[derive(Debug, Default)]
pub struct Auth {
    credentials: HashMap<Origin, Credentials>,
    /// `Authorization` headers that were taken, by registry and scope.
    headers: HashMap<(Origin, String), String>,
}

impl Auth {
    /// Takes on a name and a password for a registry, in place of what was known of it.
    pub fn log_in(&mut self, registry: Origin, credentials: Credentials) {
        self.headers.retain(|(origin, _), _| *origin != registry);
        self.credentials.insert(registry, credentials);
    }

    /// Forgets what is known of a registry.
    pub fn log_out(&mut self, registry: &Origin) {
        self.headers.retain(|(origin, _), _| origin != registry);
        self.credentials.remove(registry);
    }

    /// The `Authorization` header that was taken for a target.
    pub fn header(&self, target: &Target) -> Option<&str> {
        let key = (Origin::of_url(&target.url).ok()?, target.scope.clone()?);
        self.headers.get(&key).map(String::as_str)
    }

    /// Whether a name and a password are known for a registry.
    pub fn knows(&self, registry: &Origin) -> bool {
        self.credentials.contains_key(registry)
    }
}

/// What is to be had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The URL.
    pub url: String,
    /// What a token for it is to allow; empty for a plain web server, which gets no token and takes name and password
    /// itself; `None` where nothing is ever authorised: a gateway.
    pub scope: Option<String>,
    /// The `Accept` header.
    pub accept: Option<&'static str>,
    /// The first and last byte wanted, if not all are.
    pub range: Option<(u64, u64)>,
    /// The browser is not to store it: of entries so large its cache keeps few or none, and writing them takes about as long as
    /// fetching. Caches on the way are asked for it anew as well (Fetch, "HTTP-network-or-cache fetch").
    pub is_large: bool,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send this; tell [`Exchange::answered`] or [`Exchange::failed`].
    Send(Request),
    /// Wait so many milliseconds; tell [`Exchange::waited`].
    Wait(u64),
    /// It is answered: the body may be read, `skip` bytes of it passed over. If it ends early, tell [`Exchange::cut`].
    Read {
        /// Bytes that are there already.
        skip: u64,
    },
    /// It will not be answered.
    Fail(Trouble, String),
}

/// How often a request is sent again that was cut off, or put off.
const ATTEMPTS: u32 = 5;
/// The first wait, in milliseconds; each further one is twice as long.
const WAIT: u64 = 1_000;
/// The longest wait that a server may ask for, in seconds.
const LONGEST_WAIT: u64 = 120;

/// One request, until it is answered.
#[derive(Debug)]
pub struct Exchange {
    target: Target,
    /// Bytes of it that have come.
    received: u64,
    attempt: u32,
    /// A header that was taken before, and one that was made for this, were refused.
    refused: bool,
    /// The `Authorization` that it was asked for with.
    sent: Option<String>,
    /// The token that is being asked for is asked for with a name and a password.
    with_credentials: bool,
    stage: Stage,
    head: Head,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Ask,
    Token(String),
    Wait(u64),
    Read(u64),
    Failed(Trouble, String),
}

impl Exchange {
    /// Begins.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            received: 0,
            attempt: 0,
            refused: false,
            sent: None,
            with_credentials: false,
            stage: Stage::Ask,
            head: Head::default(),
        }
    }

    /// Begins where so many bytes of it are there already.
    pub fn resumed(target: Target, received: u64) -> Self {
        Self { received, ..Self::new(target) }
    }

    /// What is to be done next.
    pub fn step(&mut self, auth: &Auth) -> Step {
        match &self.stage {
            Stage::Ask => {
                let request = self.request(auth);
                self.sent = request.authorization.clone();
                Step::Send(request)
            }
            Stage::Token(url) => Step::Send(Request {
                authorization: self
                    .origin()
                    .and_then(|origin| auth.credentials.get(&origin))
                    .map(Credentials::basic),
                is_token: true,
                ..Request::get(url)
            }),
            Stage::Wait(milliseconds) => Step::Wait(*milliseconds),
            Stage::Read(skip) => Step::Read { skip: *skip },
            Stage::Failed(trouble, detail) => Step::Fail(*trouble, detail.clone()),
        }
    }

    /// The answer that is being read.
    pub fn head(&self) -> &Head {
        &self.head
    }

    fn request(&self, auth: &Auth) -> Request {
        let range = match self.target.range {
            Some((first, last)) => Some((first.saturating_add(self.received), Some(last))),
            None => (self.received > 0).then_some((self.received, None)),
        };
        Request {
            accept: self.target.accept,
            authorization: auth.header(&self.target).map(str::to_owned),
            range,
            is_large: self.target.is_large,
            ..Request::get(&self.target.url)
        }
    }

    fn origin(&self) -> Option<Origin> {
        Origin::of_url(&self.target.url).ok()
    }

    fn key(&self) -> Option<(Origin, String)> {
        Some((self.origin()?, self.target.scope.clone()?))
    }

    /// An answer has come; the body with it if it was for a token.
    pub fn answered(&mut self, head: Head, body: &[u8], auth: &mut Auth) {
        let is_token = matches!(self.stage, Stage::Token(_));
        self.stage = if is_token { self.token(&head, body, auth) } else { self.judge(&head, auth) };
        self.head = head;
    }

    /// Whether a request that fails now may have failed for where the server leads: nothing of it has come before, and it is
    /// not for a token.
    pub fn may_lead_elsewhere(&self) -> bool {
        self.received == 0 && !matches!(self.stage, Stage::Token(_))
    }

    /// Nothing has come: the request was refused by the browser, or the network. `leads_elsewhere` if the server is known to
    /// have led to another host.
    pub fn failed(&mut self, detail: &str, leads_elsewhere: bool) {
        self.stage = match &self.stage {
            Stage::Token(url) => {
                let host = Origin::of_url(url).map_or_else(|_| url.clone(), |origin| origin.to_string());
                Stage::Failed(Trouble::TokenUnreachable, format!("{host} (for a token): {detail}"))
            }
            // A server that has answered before may do so again.
            _ if self.received > 0 => self.again(None, Trouble::Cut, detail),
            _ if leads_elsewhere => Stage::Failed(Trouble::Redirected, detail.to_owned()),
            _ => Stage::Failed(Trouble::Unreachable, detail.to_owned()),
        };
    }

    /// The wait is over.
    pub fn waited(&mut self) {
        self.stage = Stage::Ask;
    }

    /// The body has ended before its end; so many bytes of what is wanted are there.
    pub fn cut(&mut self, received: u64, detail: &str) {
        if received > self.received {
            // It gets on, if slowly.
            self.attempt = 0;
        }
        self.received = received;
        self.stage = self.again(None, Trouble::Cut, detail);
    }

    fn judge(&mut self, head: &Head, auth: &mut Auth) -> Stage {
        let status = head.status;
        // A gateway that is busy is one that may be asked again.
        if head.header("layerscope-gateway") == Some("refused") && status != 503 {
            let detail = format!("{} answers {status}", self.target.url);
            return Stage::Failed(Trouble::Gateway(GatewayTrouble::Other), detail);
        }
        if (200..300).contains(&status) {
            // What was sent is taken. When it is too old one day, that is another matter.
            self.refused = false;
        }
        match status {
            206 => self.partial(head),
            // The whole, though only a part was asked for.
            200..=299 => Stage::Read(
                self.target.range.map_or(self.received, |(first, _)| first.saturating_add(self.received)),
            ),
            // Whoever has asked knows what it means that something is not there.
            404 | 406 => Stage::Read(0),
            401 => self.unauthorized(head, auth),
            403 => Stage::Failed(Trouble::Forbidden, format!("{} answers 403", self.target.url)),
            429 | 500..=599 => {
                let trouble = if status == 429 { Trouble::TooMany } else { Trouble::Status(status) };
                self.again(Some(head), trouble, &format!("{} answers {status}", self.target.url))
            }
            _ => Stage::Failed(Trouble::Status(status), format!("{} answers {status}", self.target.url)),
        }
    }

    /// A part of what is wanted. Where its place can be read, it has to be the right one.
    fn partial(&self, head: &Head) -> Stage {
        let wanted = self.target.range.map_or(0, |(first, _)| first).saturating_add(self.received);
        let range = head.header("content-range").and_then(|text| text.trim().strip_prefix("bytes "));
        let first = range.and_then(|range| range.split('-').next()?.trim().parse::<u64>().ok());
        match first {
            None => Stage::Read(0),
            Some(first) if first <= wanted => Stage::Read(wanted - first),
            Some(first) => Stage::Failed(
                Trouble::Cut,
                format!("the server sends from byte {first} on, not from {wanted}"),
            ),
        }
    }

    /// Waits and asks again, if that has not been done too often.
    fn again(&mut self, head: Option<&Head>, trouble: Trouble, detail: &str) -> Stage {
        self.attempt += 1;
        if self.attempt >= ATTEMPTS {
            return Stage::Failed(trouble, detail.to_owned());
        }
        let asked = head.and_then(|head| retry_after(head.header("retry-after")?, head.at));
        match asked {
            Some(seconds) if seconds > LONGEST_WAIT => {
                Stage::Failed(trouble, format!("{detail}, and asks to wait for {seconds} seconds"))
            }
            Some(seconds) => Stage::Wait(seconds.saturating_mul(1_000).max(100)),
            None => Stage::Wait(WAIT << (self.attempt - 1)),
        }
    }

    fn unauthorized(&mut self, head: &Head, auth: &mut Auth) -> Stage {
        let (Some(key), Some(scope)) = (self.key(), self.target.scope.clone()) else {
            return Stage::Failed(Trouble::Unauthorized, format!("{} answers 401", self.target.url));
        };
        // Whoever else answers would name a token server of their own choice, which would be sent what is for this one.
        if Origin::of_url(&head.url).ok().as_ref() != Some(&key.0) {
            let detail = format!("{} leads to {}, which answers 401", key.0, head.url);
            return Stage::Failed(Trouble::Forbidden, detail);
        }
        // Another request has got an answer to the same question meanwhile.
        if auth.headers.get(&key).is_some_and(|header| self.sent.as_ref() != Some(header)) {
            return Stage::Ask;
        }
        // What was sent is refused. A token may have been too old, which one more will mend.
        let had_header = auth.headers.remove(&key).is_some();
        if had_header && std::mem::replace(&mut self.refused, true) {
            return Stage::Failed(Trouble::Credentials, format!("{} refuses what it is sent", key.0));
        }
        let offered = match head.header("www-authenticate") {
            Some(header) => challenge::challenges(header),
            None => challenge::known(&key.0).into_iter().collect(),
        };
        let may = |challenge: &Challenge| !scope.is_empty() || *challenge == Challenge::Basic;
        let offered: Vec<_> = offered.into_iter().filter(may).collect();
        if offered.is_empty() && head.header("www-authenticate").is_some() {
            let detail = format!("{} answers 401, and asks for neither a token nor a password", key.0);
            return Stage::Failed(Trouble::Forbidden, detail);
        }
        if offered.is_empty() {
            return Stage::Failed(
                Trouble::HiddenChallenge,
                format!("{} answers 401, and does not let a page read WWW-Authenticate", key.0),
            );
        }
        let credentials = auth.credentials.get(&key.0);
        let bearer = offered.iter().find_map(|challenge| match challenge {
            Challenge::Bearer { realm, service, scope } => Some((realm, service, scope)),
            Challenge::Basic => None,
        });
        match (bearer, credentials) {
            (Some((realm, service, asked)), credentials) => {
                self.with_credentials = credentials.is_some();
                // No more is asked for than to read, whatever the registry would have.
                let asked = asked.clone().filter(|asked| asked.ends_with(":pull") && !asked.contains(' '));
                let scope = asked.unwrap_or(scope);
                match challenge::token_url(&key.0, realm, service.as_deref(), &scope) {
                    Ok(url) => Stage::Token(url),
                    Err(error) => realm_refused(realm, error),
                }
            }
            (None, Some(_)) if had_header => {
                Stage::Failed(Trouble::Credentials, format!("{} does not take name and password", key.0))
            }
            (None, Some(credentials)) => {
                if !key.0.is_secure && !key.0.is_loopback() {
                    return Stage::Failed(Trouble::Realm, format!("{} is not https", key.0));
                }
                auth.headers.insert(key, credentials.basic());
                Stage::Ask
            }
            (None, None) => Stage::Failed(Trouble::Unauthorized, format!("{} asks who is there", key.0)),
        }
    }

    fn token(&mut self, head: &Head, body: &[u8], auth: &mut Auth) -> Stage {
        let Some(key) = self.key() else { return Stage::Ask };
        let host = Origin::of_url(&head.url).map_or_else(|_| head.url.clone(), |origin| origin.to_string());
        match head.status {
            200..=299 => {}
            400 | 401 | 403 => {
                let trouble =
                    if self.with_credentials { Trouble::Credentials } else { Trouble::Unauthorized };
                return Stage::Failed(trouble, format!("{host} gives no token: {}", head.status));
            }
            status => {
                let detail = format!("{host} gives no token: {status}");
                let trouble = if status == 429 { Trouble::TooMany } else { Trouble::Status(status) };
                return match status {
                    429 | 500..=599 => self.again(Some(head), trouble, &detail),
                    _ => Stage::Failed(trouble, detail),
                };
            }
        }
        let token = json::parse(body).ok().and_then(|parsed| {
            let field =
                |name: &str| parsed.value.get(name).and_then(Value::as_str).filter(|token| is_token(token));
            field("token").or_else(|| field("access_token")).map(str::to_owned)
        });
        match token {
            Some(token) => {
                auth.headers.insert(key, format!("Bearer {token}"));
                Stage::Ask
            }
            None => Stage::Failed(Trouble::NotARegistry, format!("{host} answers, but with no token")),
        }
    }
}

/// Whether it can stand in a header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= limits::HTTP_HEADER && text.bytes().all(|b| b.is_ascii_graphic())
}

fn realm_refused(realm: &str, error: RealmError) -> Stage {
    Stage::Failed(Trouble::Realm, format!("{error}: {realm}"))
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
