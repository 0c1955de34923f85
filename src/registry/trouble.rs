//! Why something could not be fetched.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::oci::json;

/// What kind of trouble it is. The page has its own words for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trouble {
    /// The browser gave no answer to look at: offline, no such host, or the server does not allow a page to read it.
    Unreachable,
    /// The manifest came, and then a blob did not: as [`Trouble::Unreachable`].
    BlobUnreachable,
    /// The server leads to another host, and nothing came from there: as [`Trouble::Unreachable`].
    Redirected,
    /// The registry names a server that gives tokens, and nothing came from that: as [`Trouble::Unreachable`].
    TokenUnreachable,
    /// The connection was cut again and again.
    Cut,
    /// There is no such image, tag or blob.
    NotFound,
    /// The registry wants to know who is there.
    Unauthorized,
    /// The registry refuses the name and the password, or what they lead to.
    Credentials,
    /// The registry wants something, and does not let a page read what.
    HiddenChallenge,
    /// What gives tokens must not be asked: it is not https, or a private address.
    Realm,
    /// The registry refuses, whoever asks.
    Forbidden,
    /// The registry has been asked too often.
    TooMany,
    /// Any other status.
    Status(u16),
    /// What answers is no registry: a web page, say.
    NotARegistry,
    /// The bytes do not have the digest that they were asked for by.
    Digest,
    /// It is longer than it was said to be, or than is read.
    TooLarge,
    /// A manifest that cannot be used: of the first schema, of another type than was said, of no image.
    Manifest,
    /// The index has no image for the wanted platform.
    NoPlatform,
    /// It was not fetched yet.
    NotFetched,
    /// The gateway does not forward the request.
    Gateway(GatewayTrouble),
}

/// Why a gateway does not forward a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GatewayTrouble {
    /// The host, or its address, is none that it may ask.
    NotAllowed,
    /// The registry wants to know who is there, and docker's configuration does not say it.
    NoCredentials,
    /// The registry refuses what docker's configuration says.
    BadCredentials,
    /// The registry does not answer.
    Unreachable,
    /// Anything else.
    Other,
}

impl Trouble {
    /// What it means for a blob, when the manifest could be had.
    pub(crate) fn of_blob(self) -> Self {
        if self == Self::Unreachable { Self::BlobUnreachable } else { self }
    }
}

impl GatewayTrouble {
    /// From the code of a gateway's error.
    fn of_code(code: &str) -> Self {
        match code {
            "GATEWAY_HOST_NOT_ALLOWED" | "GATEWAY_PRIVATE_ADDRESS" => Self::NotAllowed,
            "GATEWAY_NO_CREDENTIALS" => Self::NoCredentials,
            "GATEWAY_BAD_CREDENTIALS" => Self::BadCredentials,
            "GATEWAY_UNREACHABLE" | "GATEWAY_TIMEOUT" => Self::Unreachable,
            _ => Self::Other,
        }
    }
}

/// What went wrong with the body of the refusing answer looked into: registries and gateways say there what they mean
/// (distribution-spec, "Error Codes"). Bodies of another form say nothing.
pub fn explained(trouble: Trouble, detail: String, body: &[u8]) -> (Trouble, String) {
    let value = json::parse(body).map(|parsed| parsed.value).unwrap_or_default();
    let error = value.get("errors").and_then(|errors| errors.get(0));
    let field = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str);
    let code = field("code").unwrap_or_default();
    let trouble = match trouble {
        Trouble::Gateway(_) => Trouble::Gateway(GatewayTrouble::of_code(code)),
        other => other,
    };
    match (code, field("message").unwrap_or_default()) {
        ("", "") => (trouble, detail),
        (code, message) => (trouble, format!("{detail} ({code}: {message})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_of_its_refusal_is_told() {
        let explain = |trouble, body: &str| explained(trouble, "x answers 403".into(), body.as_bytes());
        let denied = r#"{"errors":[{"code":"DENIED","message":"not yours","detail":null}]}"#;
        assert_eq!(
            explain(Trouble::Forbidden, denied),
            (Trouble::Forbidden, "x answers 403 (DENIED: not yours)".to_owned())
        );
        for nothing in ["", "<html>", "{}", r#"{"errors":[]}"#, r#"{"errors":"x"}"#] {
            let plain = (Trouble::Status(500), "x answers 403".to_owned());
            assert_eq!(explain(Trouble::Status(500), nothing), plain, "{nothing}");
        }
        for (code, trouble) in [
            ("GATEWAY_HOST_NOT_ALLOWED", GatewayTrouble::NotAllowed),
            ("GATEWAY_PRIVATE_ADDRESS", GatewayTrouble::NotAllowed),
            ("GATEWAY_NO_CREDENTIALS", GatewayTrouble::NoCredentials),
            ("GATEWAY_BAD_CREDENTIALS", GatewayTrouble::BadCredentials),
            ("GATEWAY_TIMEOUT", GatewayTrouble::Unreachable),
            ("GATEWAY_NONSENSE", GatewayTrouble::Other),
        ] {
            let body = format!(r#"{{"errors":[{{"code":"{code}","message":"m"}}]}}"#);
            assert_eq!(explain(Trouble::Gateway(GatewayTrouble::Other), &body).0, Trouble::Gateway(trouble));
        }
    }
}
