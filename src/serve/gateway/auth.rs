//! What a registry wants to know of who asks: tokens and passwords (distribution, docs/spec/auth/token.md, oauth.md).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::{
    Credentials, DockerConfig, Refusal, RegistryHost, Target,
    client::{Client, Outgoing, host_of},
};
use crate::{
    limits,
    registry::{Challenge, challenges},
};

/// How long a token lasts that does not say (the specification's default), and the longest that is believed.
const TOKEN_TIME: (u64, u64) = (60, 3600);
/// How long before its end a token is renewed.
const RENEWAL: Duration = Duration::from_secs(10);
/// How long a password is remembered before docker's configuration is read again.
const PASSWORD_TIME: Duration = Duration::from_secs(300);
/// Most authorisations that are remembered.
const REMEMBERED: usize = 1000;

/// What was worked out so far: for each registry and repository, what to send and until when.
#[derive(Debug, Default)]
pub(super) struct Authorizations(Mutex<HashMap<Key, (HeaderValue, Instant)>>);

type Key = (RegistryHost, Option<String>);

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Authorizations {
    /// What to send with a request, if it is known.
    pub(super) fn get(&self, target: &Target) -> Option<HeaderValue> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, end) = known.get(&key(target))?;
        (*end > Instant::now()).then(|| value.clone())
    }

    fn remember(&self, target: &Target, value: &HeaderValue, time: Duration) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if known.len() >= REMEMBERED {
            known.retain(|_, (_, end)| *end > now);
        }
        if known.len() < REMEMBERED {
            known.insert(key(target), (value.clone(), now + time));
        }
    }

    /// Works out what to send, from the challenges that came with a 401.
    pub(super) async fn answer(
        &self,
        client: &Client,
        config: Option<&DockerConfig>,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<HeaderValue, Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(target));
        let host = &target.host;
        let sent = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let offered: Vec<_> = sent.flat_map(challenges).collect();
        let credentials = match config {
            Some(config) => {
                let failed =
                    |error: super::credentials::Error| Refusal::Credentials(host.clone(), error.to_string());
                config.credentials(host).await.map_err(failed)?
            }
            None => None,
        };
        let bearer = offered.iter().find_map(|challenge| match challenge {
            Challenge::Bearer { realm, service, scope } => {
                Some((realm, service.as_deref(), scope.as_deref()))
            }
            Challenge::Basic => None,
        });
        if let Some((realm, service, scope)) = bearer {
            let scope = scope
                .map(str::to_owned)
                .or_else(|| target.repository.as_ref().map(|name| format!("repository:{name}:pull")));
            let realm = realm_url(client, target, realm)?;
            let (value, time) =
                token(client, host, &realm, service, scope.as_deref(), credentials.as_ref()).await?;
            self.remember(target, &value, time.saturating_sub(RENEWAL));
            return Ok(value);
        }
        if offered.is_empty() {
            return Err(Refusal::Nonsense(host.clone(), "401 without a way to say who asks"));
        }
        let basic = credentials.as_ref().and_then(Credentials::basic);
        let value = secret(basic.ok_or_else(|| Refusal::NoCredentials(host.clone()))?, host)?;
        self.remember(target, &value, PASSWORD_TIME);
        Ok(value)
    }
}

fn key(target: &Target) -> Key {
    (target.host.clone(), target.repository.clone())
}

/// The address that gives tokens for a registry, if it may be asked: what goes there is the user's password.
fn realm_url(client: &Client, target: &Target, realm: &str) -> Result<Url, Refusal> {
    let refused = |why| Refusal::Realm(target.host.clone(), why);
    let url = Url::parse(realm).map_err(|_| refused("not an address"))?;
    host_of(&url).map_err(|_| refused("not an address of a host"))?;
    client.check_realm(&url).map_err(refused)?;
    // A registry whose words can be changed on the way may not send the user's password elsewhere.
    let policy = client.policy();
    if policy.is_plain(&target.host) && !target.host.is_loopback() && !policy.is_at(&target.host, &url) {
        return Err(refused("another host, named without TLS"));
    }
    Ok(url)
}

async fn token(
    client: &Client,
    registry: &RegistryHost,
    realm: &Url,
    service: Option<&str>,
    scope: Option<&str>,
    credentials: Option<&Credentials>,
) -> Result<(HeaderValue, Duration), Refusal> {
    let parameters = [("service", service), ("scope", scope)];
    let parameters = parameters.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
    let mut headers = HeaderMap::new();
    let outgoing = match credentials {
        Some(Credentials::Identity(identity)) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("grant_type", "refresh_token")
                .append_pair("client_id", "layerscope")
                .append_pair("refresh_token", identity)
                .extend_pairs(parameters);
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, kind);
            let body = Bytes::from(form.finish());
            Outgoing { method: Method::POST, url: realm.clone(), headers, authorization: None, body }
        }
        _ => {
            let mut url = realm.clone();
            for (name, value) in parameters {
                // A scope of several words is several scopes.
                value.split(' ').for_each(|value| {
                    url.query_pairs_mut().append_pair(name, value);
                });
            }
            let basic = credentials.and_then(Credentials::basic);
            let authorization = basic.map(|value| secret(value, registry)).transpose()?;
            Outgoing { method: Method::GET, url, headers, authorization, body: Bytes::new() }
        }
    };
    // Not `send`: nobody is followed with a password in hand.
    let response = client.send_once(&outgoing).await?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => {
            return Err(match credentials {
                Some(_) => Refusal::BadCredentials(registry.clone()),
                None => Refusal::NoCredentials(registry.clone()),
            });
        }
        status if status.is_redirection() => {
            return Err(Refusal::Realm(registry.clone(), "it leads elsewhere"));
        }
        _ => return Err(Refusal::Nonsense(registry.clone(), "no token where it said that there are some")),
    }
    let body = Body::new(response.into_body());
    let limit = usize::try_from(limits::TOKEN).unwrap_or(usize::MAX);
    let reading = tokio::time::timeout(client.policy().times().pause, axum::body::to_bytes(body, limit));
    let nonsense = |why| Refusal::Nonsense(registry.clone(), why);
    let body = reading.await.map_err(|_| Refusal::Timeout(registry.clone()))?;
    let body = body.map_err(|_| nonsense("a token that ends early, or does not end"))?;
    let token: Token = serde_json::from_slice(&body).map_err(|_| nonsense("a token that is none"))?;
    let time = token.expires_in.unwrap_or(TOKEN_TIME.0).clamp(TOKEN_TIME.0, TOKEN_TIME.1);
    let word = token.token.or(token.access_token).filter(|word| !word.is_empty());
    let word = word.ok_or_else(|| nonsense("a token that is none"))?;
    Ok((secret(format!("Bearer {word}"), registry)?, Duration::from_secs(time)))
}

/// A header that is not shown when debugging.
fn secret(value: String, host: &RegistryHost) -> Result<HeaderValue, Refusal> {
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| Refusal::Nonsense(host.clone(), "a token that cannot be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}
