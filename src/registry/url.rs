//! As much of a URL as the rules about hosts need. The browser parses the rest.

use std::{fmt, net::Ipv6Addr};

use serde::{Deserialize, Serialize};

/// Scheme, host and port: what a browser takes for one place, and what credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// Whether it is `https`; or else it is `http`.
    pub is_secure: bool,
    /// The host in lower case, an IPv6 address in its brackets.
    pub host: String,
    /// The port, if it is not the scheme's own.
    pub port: Option<u16>,
}

/// Not a URL that this program would fetch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It begins with neither `https://` nor `http://`.
    #[error("not a URL of https or http")]
    Scheme,
    /// There is no host, or one that cannot be.
    #[error("the URL names no host")]
    Host,
    /// It names a user or a password. Neither belongs in a URL.
    #[error("credentials do not belong in a URL")]
    Credentials,
}

impl Origin {
    /// The origin of a URL.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn of_url(url: &str) -> Result<Self, Error> {
        let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
        let (is_secure, rest) = if lower.starts_with("https://") {
            (true, &url[8..])
        } else if lower.starts_with("http://") {
            (false, &url[7..])
        } else {
            return Err(Error::Scheme);
        };
        // A backslash is a slash to browsers, and not to other readers.
        let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(Error::Credentials);
        }
        Self::of_authority(is_secure, authority).ok_or(Error::Host)
    }

    /// The origin of a registry by its host, perhaps with a port: `https`, but for this machine.
    pub fn of_registry(authority: &str) -> Self {
        let plain = Self { is_secure: false, host: authority.to_ascii_lowercase(), port: None };
        let mut origin = Self::of_authority(false, authority).unwrap_or(plain);
        origin.is_secure = !origin.is_loopback();
        let default = if origin.is_secure { 443 } else { 80 };
        // The port was read as one of `http`.
        if authority.ends_with(":80") && origin.is_secure {
            origin.port = Some(80);
        }
        origin.port = origin.port.filter(|port| *port != default);
        origin
    }

    fn of_authority(is_secure: bool, authority: &str) -> Option<Self> {
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                is_ipv6(address).then_some(())?;
                (&authority[..address.len() + 2], port.strip_prefix(':').or(port.is_empty().then_some(""))?)
            }
            None => authority.split_once(':').unwrap_or((authority, "")),
        };
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'[' | b']' | b':');
        if host.is_empty() || !host.bytes().all(legal) {
            return None;
        }
        let default = if is_secure { 443 } else { 80 };
        let port = if port.is_empty() { None } else { Some(port.parse::<u16>().ok()?) };
        let port = port.filter(|port| *port != default);
        Some(Self { is_secure, host: host.to_ascii_lowercase(), port })
    }

    /// Whether it is this machine itself.
    pub fn is_loopback(&self) -> bool {
        let host = self.bare_host();
        let is_v4 = self.ipv4().is_some_and(|[a, ..]| a == 127);
        host == "localhost"
            || host.ends_with(".localhost")
            || is_v4
            || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether it is an address that only this machine or its network knows: loopback, private (RFC 1918, RFC 4193,
    /// RFC 6598), link-local, unspecified, or a name that says so (RFC 6762, RFC 8375).
    pub fn is_private(&self) -> bool {
        let host = self.bare_host();
        let is_v4 = |[a, b, ..]: [u8; 4]| {
            matches!((a, b), (0 | 10 | 127, _) | (172, 16..=31) | (192, 168) | (169, 254) | (100, 64..=127))
        };
        let is_v6 = |address: Ipv6Addr| {
            let first = address.segments()[0];
            address.is_loopback()
                || address.is_unspecified()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                || address.to_ipv4_mapped().is_some_and(|v4| is_v4(v4.octets()))
        };
        let suffixes = [".local", ".localhost", ".internal", ".lan", ".home.arpa"];
        self.is_loopback()
            || self.ipv4().is_some_and(is_v4)
            || host.parse().is_ok_and(is_v6)
            || suffixes.iter().any(|suffix| host.ends_with(suffix))
    }

    fn bare_host(&self) -> &str {
        // A dot at the end says that the name is complete.
        self.host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.')
    }

    /// An IPv4 address, as browsers read one: also with fewer parts, and in octal or hexadecimal.
    fn ipv4(&self) -> Option<[u8; 4]> {
        let parts: Vec<&str> = self.bare_host().split('.').collect();
        let number = |part: &&str| {
            let hex = part.strip_prefix("0x");
            match hex {
                Some("") => Some(0),
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
                None => part.parse().ok(),
            }
        };
        let numbers: Vec<u32> = parts.iter().map(number).collect::<Option<_>>()?;
        let (last, first) = numbers.split_last()?;
        if first.len() > 3 || first.iter().any(|part| *part > 255) {
            return None;
        }
        let mut address = *last;
        for (part, shift) in first.iter().zip([24u32, 16, 8]) {
            address |= part << shift;
        }
        Some(address.to_be_bytes())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_secure { "https://" } else { "http://" })?;
        f.write_str(&self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// Whether it is an IPv6 address as `distribution/reference` takes one: no zone, no IPv4 in it.
pub(super) fn is_ipv6(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
}

/// A text as the value of a query's parameter (RFC 3986, section 2).
pub fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/' | b':') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// The text that was encoded; what is not properly encoded stays as it is.
pub fn decode(text: &str) -> String {
    let digit = |b: Option<&u8>| char::from(*b?).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        match (byte, digit(bytes.get(i + 1)), digit(bytes.get(i + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                i += 3;
            }
            _ => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of_url(url).unwrap()
    }

    #[test]
    fn origins_are_told_apart_as_browsers_do() {
        assert_eq!(origin("https://A.example/x"), origin("https://a.example:443"));
        assert_ne!(origin("https://a.example"), origin("http://a.example"));
        assert_ne!(origin("https://a.example"), origin("https://a.example:8443"));
        assert_eq!(origin("http://[::1]:5000/v2/").to_string(), "http://[::1]:5000");
        // To a browser this is a.example, with the rest as its path.
        assert_eq!(origin("https://a.example\\@b.example/").host, "a.example");
        assert_eq!(Origin::of_url("https://user:pass@a.example/"), Err(Error::Credentials));
        assert_eq!(Origin::of_url("ftp://a.example/"), Err(Error::Scheme));
        for url in ["https://", "https:///x", "https://a b/", "https://[::1/", "https://a:99999/"] {
            assert_eq!(Origin::of_url(url), Err(Error::Host), "{url}");
        }
    }

    #[test]
    fn registries_are_asked_by_https_except_on_this_machine() {
        let text = |authority: &str| Origin::of_registry(authority).to_string();
        assert_eq!(text("ghcr.io"), "https://ghcr.io");
        assert_eq!(text("ghcr.io:443"), "https://ghcr.io");
        assert_eq!(text("ghcr.io:80"), "https://ghcr.io:80");
        assert_eq!(text("localhost:5000"), "http://localhost:5000");
        assert_eq!(text("127.0.0.1"), "http://127.0.0.1");
        assert_eq!(text("[::1]:5000"), "http://[::1]:5000");
        assert_eq!(text("10.0.0.1:5000"), "https://10.0.0.1:5000");
    }

    #[test]
    fn private_addresses_are_known_however_they_are_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "localhost",
            "x.localhost",
            "localhost.",
            "printer.local",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fc00::1]",
            "[::ffff:7f00:1]",
            "metadata.google.internal",
        ] {
            assert!(origin(&format!("https://{host}/")).is_private(), "{host}");
        }
        for host in ["8.8.8.8", "172.32.0.1", "192.169.0.1", "example.com", "[2001:db8::1]", "10.example.com"]
        {
            assert!(!origin(&format!("https://{host}/")).is_private(), "{host}");
        }
        assert!(origin("http://[::1]/").is_loopback() && !origin("http://10.0.0.1/").is_loopback());
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for text in ["repository:a/b:pull", "a b&c=d#é%", "", "%zz"] {
            assert_eq!(decode(&encode(text)), text);
        }
        assert_eq!(encode("a&b c"), "a%26b%20c");
        assert_eq!(decode("%4"), "%4");
    }
}
