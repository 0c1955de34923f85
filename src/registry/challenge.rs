//! What a registry asks for before it answers (RFC 9110, section 11; distribution's token specification).

use super::url::{self, Origin};
use crate::limits;

/// One challenge of a `WWW-Authenticate` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A name and a password, with each request.
    Basic,
    /// A token, from the realm.
    Bearer {
        /// The URL that gives tokens.
        realm: String,
        /// What the token is for. Not every registry says it.
        service: Option<String>,
        /// What it is to allow. Not every registry says it.
        scope: Option<String>,
    },
}

/// Why a realm is not asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RealmError {
    /// It is not a URL.
    #[error("the realm is not a URL")]
    NotAUrl,
    /// Names, passwords and tokens would travel in the clear.
    #[error("the realm is not https")]
    Insecure,
    /// A registry elsewhere has no business with the addresses of this network.
    #[error("the realm is a private address")]
    Private,
}

/// Reads the challenges of a header, or of several that a browser has joined with commas. What is neither Basic nor
/// Bearer is left out, as is a Bearer without a realm.
pub fn challenges(header: &str) -> Vec<Challenge> {
    let mut found = Vec::new();
    let mut reader = Reader { rest: &header[..header.floor_char_boundary(limits::HTTP_HEADER)] };
    let mut scheme: Option<(String, Vec<(String, String)>)> = None;
    while let Some(word) = reader.word() {
        match reader.value() {
            Some(value) => {
                if let Some((_, parameters)) = &mut scheme {
                    parameters.push((word.to_ascii_lowercase(), value));
                }
            }
            // A word without a value begins the next challenge.
            None => {
                found.extend(scheme.take().and_then(challenge));
                scheme = Some((word.to_ascii_lowercase(), Vec::new()));
            }
        }
    }
    found.extend(scheme.and_then(challenge));
    found
}

fn challenge((scheme, parameters): (String, Vec<(String, String)>)) -> Option<Challenge> {
    let parameter = |name: &str| {
        let value = parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        value.filter(|value| !value.is_empty())
    };
    match scheme.as_str() {
        "basic" => Some(Challenge::Basic),
        "bearer" => Some(Challenge::Bearer {
            realm: parameter("realm")?,
            service: parameter("service"),
            scope: parameter("scope"),
        }),
        _ => None,
    }
}

/// Takes a header apart, word by word. What is malformed is passed over.
struct Reader<'h> {
    rest: &'h str,
}

impl Reader<'_> {
    /// The next word, commas and blanks before it left out.
    fn word(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start_matches(|c: char| !is_token(c));
        let end = self.rest.find(|c: char| !is_token(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// The value after `=`, in quotes or not; `None` if no `=` follows.
    fn value(&mut self) -> Option<String> {
        let rest = self.rest.trim_start().strip_prefix('=')?.trim_start();
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find([',', ' ', '\t']).unwrap_or(rest.len());
            self.rest = &rest[end..];
            return Some(rest[..end].to_owned());
        };
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &quoted[i + 1..];
                    return Some(value);
                }
                '\\' => value.extend(chars.next().map(|(_, c)| c)),
                c => value.push(c),
            }
        }
        self.rest = "";
        Some(value)
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/:".contains(c)
}

/// The realms of registries that do not let a page read their `WWW-Authenticate`: host, realm, service.
const REALMS: [(&str, &str, &str); 6] = [
    ("registry-1.docker.io", "https://auth.docker.io/token", "registry.docker.io"),
    ("ghcr.io", "https://ghcr.io/token", "ghcr.io"),
    ("quay.io", "https://quay.io/v2/auth", "quay.io"),
    ("public.ecr.aws", "https://public.ecr.aws/token/", "public.ecr.aws"),
    ("gcr.io", "https://gcr.io/v2/token", "gcr.io"),
    ("registry.gitlab.com", "https://gitlab.com/jwt/auth", "container_registry"),
];

/// The challenge that a registry is known to send, where its header cannot be read.
pub fn known(registry: &Origin) -> Option<Challenge> {
    let (_, realm, service) = REALMS
        .iter()
        .find(|(host, ..)| registry.is_secure && registry.port.is_none() && registry.host == *host)?;
    Some(Challenge::Bearer { realm: (*realm).to_owned(), service: Some((*service).to_owned()), scope: None })
}

/// The URL that gives a token for reading a repository of a registry.
///
/// # Errors
/// If the realm must not be asked: see [`RealmError`].
pub fn token_url(
    registry: &Origin,
    realm: &str,
    service: Option<&str>,
    scope: &str,
) -> Result<String, RealmError> {
    let origin = Origin::of_url(realm).map_err(|_| RealmError::NotAUrl)?;
    let is_this_machine = origin.is_loopback() && registry.is_loopback() && origin.host == registry.host;
    if !(origin.is_secure || is_this_machine) {
        return Err(RealmError::Insecure);
    }
    if origin.is_private() && origin.host != registry.host {
        return Err(RealmError::Private);
    }
    let realm = realm.split('#').next().unwrap_or_default();
    let mut address = realm.to_owned();
    let parameters = service.map(|service| ("service", service)).into_iter().chain([("scope", scope)]);
    for (name, value) in parameters {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        address.push_str(&url::encode(value));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        }
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#;
        let scope = Some("repository:library/nginx:pull");
        assert_eq!(
            challenges(hub),
            [bearer("https://auth.docker.io/token", Some("registry.docker.io"), scope)]
        );
        let turned = r#"bearer scope = "a,b" , realm="https://x/t", service=plain"#;
        assert_eq!(challenges(turned), [bearer("https://x/t", Some("plain"), Some("a,b"))]);
        let both = r#"Bearer realm="https://git.example/v2/token", Basic realm="git""#;
        assert_eq!(challenges(both), [bearer("https://git.example/v2/token", None, None), Challenge::Basic]);
        assert_eq!(challenges(r#"Negotiate, Basic realm="a \"b\"", charset="UTF-8""#), [Challenge::Basic]);
        assert_eq!(challenges("Basic"), [Challenge::Basic]);
        for nothing in ["", "Bearer", "Bearer realm=\"\"", "Digest realm=\"x\"", "=,=", "Bearer scope=\"x\""]
        {
            assert_eq!(challenges(nothing), [], "{nothing}");
        }
        assert_eq!(challenges(r#"Bearer realm="https://x/un"#), [bearer("https://x/un", None, None)]);
        // Wherever in a character the end of what is looked at is.
        for blanks in 0..3 {
            let long = format!("{}Basic realm=\"{}\"", " ".repeat(blanks), "将".repeat(limits::HTTP_HEADER));
            assert_eq!(challenges(&format!("{long}, Bearer realm=\"https://x/t\"")), [Challenge::Basic]);
        }
    }

    #[test]
    fn a_realm_is_https_or_the_same_machine() {
        let ask = |registry: &str, realm: &str| {
            token_url(&Origin::of_registry(registry), realm, Some("s v"), "repository:a/b:pull")
        };
        assert_eq!(
            ask("r.example", "https://auth.example/token?x=1#y").unwrap(),
            "https://auth.example/token?x=1&service=s%20v&scope=repository:a/b:pull"
        );
        assert_eq!(ask("r.example", "http://auth.example/token"), Err(RealmError::Insecure));
        assert_eq!(ask("r.example", "//auth.example/token"), Err(RealmError::NotAUrl));
        assert_eq!(ask("r.example", "https://user@auth.example/"), Err(RealmError::NotAUrl));
        for private in
            ["https://10.0.0.1/t", "https://localhost/t", "https://169.254.169.254/t", "https://[::1]/t"]
        {
            assert_eq!(ask("r.example", private), Err(RealmError::Private), "{private}");
        }
        assert_eq!(ask("r.example", "http://localhost/t"), Err(RealmError::Insecure));
        assert!(ask("localhost:5000", "http://localhost:5001/t").is_ok());
        assert_eq!(ask("localhost:5000", "http://127.0.0.1:5001/t"), Err(RealmError::Insecure));
        assert!(ask("10.0.0.1:5000", "https://10.0.0.1/t").is_ok(), "its own host");
    }

    #[test]
    fn known_registries_need_not_say_where_their_tokens_are() {
        assert!(matches!(known(&Origin::of_registry("ghcr.io")), Some(Challenge::Bearer { .. })));
        assert_eq!(known(&Origin::of_registry("ghcr.io:8443")), None);
        for (host, realm, service) in REALMS {
            assert!(token_url(&Origin::of_registry(host), realm, Some(service), "x").is_ok(), "{host}");
        }
    }
}
