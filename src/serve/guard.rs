//! What may come in: requests that call this server by its own name, and, for the gateway, come from its own page.
//!
//! A page elsewhere can have a browser send requests here. It cannot choose `Host`, `Origin` or `Sec-Fetch-Site`: by a name
//! of its own that it has pointed at this address (DNS rebinding) the first gives it away, from its own origin the others.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::gateway::Refusal;

/// The names that this server goes by.
#[derive(Debug)]
pub(super) struct Hosts {
    /// Whether it can only be reached from this machine.
    loopback: bool,
    names: Vec<String>,
}

impl Hosts {
    pub(super) fn new(listen: IpAddr, names: Vec<String>) -> Self {
        let names = names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { loopback: listen.is_loopback(), names }
    }

    /// Whether a host, as `Host` has it, means this server. Its port does not matter: who forwards a port may give it
    /// another number, and who rebinds a name has the name to change only.
    fn knows(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        if name == "localhost" || self.names.contains(&name) {
            return true;
        }
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let address = match bare {
            Some(bare) => bare.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => name.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        };
        // An address is no name: nobody can point it elsewhere.
        address.is_some_and(|address| address.is_loopback() || !self.loopback)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Refuses requests that call this server by a name that it does not go by.
pub(super) async fn check_host(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let host = host(request.headers(), request.uri());
    match host {
        Some(host) if hosts.knows(host) => next.run(request).await,
        _ => Refusal::UnknownName(host.unwrap_or_default().to_owned()).into_response(),
    }
}

fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    // A request line with a whole address overrides the header (RFC 9112, section 3.2.2); two headers say nothing.
    let mut sent = headers.get_all(header::HOST).iter();
    match (uri.authority(), sent.next(), sent.next()) {
        (Some(authority), ..) => Some(authority.as_str()),
        (None, Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

/// Refuses requests that neither the page of this server sent nor a program that is no browser. To be gone through after
/// [`check_host`].
pub(super) fn check_origin(headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(origin) = text("origin") {
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if own.is_none() || own != host(headers, uri) {
            return Err(Refusal::CrossSite);
        }
    }
    // What a registry sends is for scripts of the page to read, not to be shown as a page or run as a script.
    match (text("sec-fetch-site"), text("sec-fetch-dest")) {
        (None | Some("same-origin"), None | Some("empty")) => Ok(()),
        _ => Err(Refusal::CrossSite),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn on_the_loopback_interface_only_its_names_are_known() {
        let hosts = Hosts::new([127, 0, 0, 1].into(), vec!["Layers.Example".to_owned()]);
        for own in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "localhost:9",
            "LOCALHOST",
            "[::1]:80",
            "[::1]",
            "layers.example:1",
        ] {
            assert!(hosts.knows(own), "{own}");
        }
        let foreign = [
            "",
            "rebound.example",
            "rebound.example:8080",
            "127.0.0.1.example",
            "localhost.example",
            "10.0.0.1",
            "[fe80::1]",
            "::1",
            "127.0.0.1:8080:8080",
            "localhost@rebound.example",
        ];
        for foreign in foreign {
            assert!(!hosts.knows(foreign), "{foreign}");
        }
    }

    #[test]
    fn elsewhere_addresses_are_known_and_names_are_not() {
        let hosts = Hosts::new([0, 0, 0, 0].into(), Vec::new());
        assert!(hosts.knows("192.168.1.5:8080") && hosts.knows("[2001:db8::1]") && hosts.knows("localhost"));
        assert!(!hosts.knows("rebound.example:8080"));
    }

    #[test]
    fn only_the_own_page_and_programs_without_an_origin_pass() {
        let check = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert("host", "127.0.0.1:8080".parse().unwrap());
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            check_origin(&headers, &Uri::from_static("/_layerscope/v1/")).is_ok()
        };
        assert!(check(&[]));
        assert!(check(&[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "empty")]));
        assert!(check(&[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(!check(&[("origin", "http://127.0.0.1:8081")]));
        assert!(!check(&[("origin", "http://localhost:8080")]));
        assert!(!check(&[("origin", "null")]));
        assert!(!check(&[("origin", "https://elsewhere.example")]));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!check(&[("sec-fetch-site", site)]), "{site}");
        }
        for destination in ["document", "iframe", "script", "worker", "serviceworker", "image"] {
            assert!(
                !check(&[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", destination)]),
                "{destination}"
            );
        }
    }
}
