//! What the gateway says when it does not forward, in the form that registries use for errors.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::RegistryHost;

/// Why a request gets no answer of a registry. Each says what to do about it, if anything can be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request calls this server by a name that is not its own.
    #[error("this server does not go by the name {0:?}; layerscope serve --name allows another one")]
    UnknownName(String),
    /// It comes from a page elsewhere, or would be shown as one.
    #[error("only the page of this server may ask the gateway")]
    CrossSite,
    /// It would do more than read.
    #[error("the gateway reads: GET and HEAD only")]
    Method,
    /// It is not for something that can be read of a registry.
    #[error("{0:?} is no path of a registry that can be read")]
    BadPath(String),
    /// The host is not on the list.
    #[error("requests to {0} are not allowed; layerscope serve --allow-registry {0} allows them")]
    Host(RegistryHost),
    /// The host has an address of this machine or its networks.
    #[error("{0} has a private address; layerscope serve --allow-registry {0} allows it, if it is yours")]
    Private(RegistryHost),
    /// The host has an address that no host may have, whoever allows it.
    #[error("{0} has an address at which the gateway asks nobody: link-local, multicast or unspecified")]
    Reserved(RegistryHost),
    /// A registry leads somewhere that must not be followed.
    #[error("{0} leads to where the gateway does not follow: {1}")]
    Redirect(RegistryHost, &'static str),
    /// A registry wants tokens from somewhere that must not be asked.
    #[error("{0} wants a token from where the gateway does not ask: {1}")]
    Realm(RegistryHost, &'static str),
    /// A registry knows nobody without credentials, and there are none.
    #[error(
        "{0} wants to know who asks, and docker's configuration says nothing of it; docker login {0} changes that"
    )]
    NoCredentials(RegistryHost),
    /// A registry or its token server does not accept what docker's configuration has for it.
    #[error(
        "{0} does not accept the credentials of docker's configuration for this; docker login {0} renews them"
    )]
    BadCredentials(RegistryHost),
    /// Docker's configuration or a credential helper could not be read.
    #[error("no credentials for {0}: {1}")]
    Credentials(RegistryHost, String),
    /// The answer does not make sense.
    #[error("{0} answers what a registry does not: {1}")]
    Nonsense(RegistryHost, &'static str),
    /// The answer is too large.
    #[error("the answer of {0} is larger than {1} bytes")]
    TooLarge(RegistryHost, u64),
    /// No connection, or none that can be trusted.
    #[error("{0} cannot be reached: {1}")]
    Unreachable(RegistryHost, String),
    /// It takes too long.
    #[error("{0} does not answer in time")]
    Timeout(RegistryHost),
    /// Too many requests are under way.
    #[error("too many requests are under way")]
    Busy,
}

impl Refusal {
    /// A short name that programs can rely on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownName(_) => "GATEWAY_UNKNOWN_NAME",
            Self::CrossSite => "GATEWAY_CROSS_SITE",
            Self::Method => "GATEWAY_METHOD",
            Self::BadPath(_) => "GATEWAY_BAD_PATH",
            Self::Host(_) => "GATEWAY_HOST_NOT_ALLOWED",
            Self::Private(_) => "GATEWAY_PRIVATE_ADDRESS",
            Self::Reserved(_) => "GATEWAY_RESERVED_ADDRESS",
            Self::Redirect(..) => "GATEWAY_REDIRECT",
            Self::Realm(..) => "GATEWAY_REALM",
            Self::NoCredentials(_) => "GATEWAY_NO_CREDENTIALS",
            Self::BadCredentials(_) => "GATEWAY_BAD_CREDENTIALS",
            Self::Credentials(..) => "GATEWAY_CREDENTIALS",
            Self::Nonsense(..) => "GATEWAY_NONSENSE",
            Self::TooLarge(..) => "GATEWAY_TOO_LARGE",
            Self::Unreachable(..) => "GATEWAY_UNREACHABLE",
            Self::Timeout(_) => "GATEWAY_TIMEOUT",
            Self::Busy => "GATEWAY_BUSY",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::UnknownName(_) | Self::CrossSite | Self::Host(_) | Self::Private(_) | Self::Reserved(_) => {
                StatusCode::FORBIDDEN
            }
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadPath(_) => StatusCode::NOT_FOUND,
            Self::NoCredentials(_) | Self::BadCredentials(_) => StatusCode::UNAUTHORIZED,
            Self::Redirect(..)
            | Self::Realm(..)
            | Self::Nonsense(..)
            | Self::TooLarge(..)
            | Self::Unreachable(..) => StatusCode::BAD_GATEWAY,
            Self::Credentials(..) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The argument of `layerscope serve` that would let the request pass.
    fn flag(&self) -> Option<String> {
        match self {
            Self::Host(host) | Self::Private(host) => Some(format!("--allow-registry {host}")),
            Self::UnknownName(name) => Some(format!("--name {}", name.split(':').next().unwrap_or_default())),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code(), "message": self.to_string() });
        if let Some(flag) = self.flag() {
            error["detail"] = json!({ "flag": flag });
        }
        let body = json!({ "errors": [error] }).to_string();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("layerscope-gateway", HeaderValue::from_static("refused"));
        match self {
            Self::Method => {
                headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            Self::Busy => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
