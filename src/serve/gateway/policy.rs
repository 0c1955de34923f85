//! Which hosts and which addresses may be reached.

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
    time::Duration,
};

use url::{Host, Url};

use super::DockerConfig;
use crate::registry::PUBLIC_REGISTRIES;

/// A host as references name it: a name or an address, perhaps a port. Names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryHost {
    host: Host<String>,
    port: Option<u16>,
}

/// Why a text is not a [`RegistryHost`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host: a name or an address, perhaps with a port, and nothing else")]
pub struct HostError(String);

impl FromStr for RegistryHost {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let error = || HostError(text.to_owned());
        // What would end the host in a URL, or stand before it.
        if text.is_empty()
            || text.contains(['/', '\\', '@', '?', '#', '%'])
            || text.contains(char::is_whitespace)
        {
            return Err(error());
        }
        let url = Url::parse(&format!("https://{text}/")).map_err(|_| error())?;
        let host = url.host().ok_or_else(error)?.to_owned();
        // `Url` leaves out the port that its scheme has.
        let port = if text.ends_with(":443") { Some(443) } else { url.port() };
        let host = match host {
            // Docker Hub goes by several names.
            Host::Domain(name) if matches!(name.as_str(), "index.docker.io" | "registry-1.docker.io") => {
                Host::Domain("docker.io".to_owned())
            }
            host => host,
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}", self.host),
        }
    }
}

impl RegistryHost {
    /// The host and port of a URL; the port that its scheme has is left out.
    pub(super) fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host()?.to_owned(), port: url.port() })
    }

    /// Whether it is Docker Hub, whose API and whose entry in docker's configuration have names of their own.
    pub fn is_docker_hub(&self) -> bool {
        self.port.is_none() && self.host == Host::Domain("docker.io")
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }

    /// The address, if it is named by one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        }
    }
}

/// What the gateway may reach.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Hosts that the user has named. Their addresses may be private.
    named: BTreeSet<RegistryHost>,
    /// Those of them that are spoken to without TLS.
    insecure: BTreeSet<RegistryHost>,
    /// Hosts that are allowed by default.
    defaults: BTreeSet<RegistryHost>,
    /// Whether docker's configuration is not to be read.
    anonymous: bool,
    /// Docker's configuration, if it is not where the user's is.
    config: Option<DockerConfig>,
    times: Times,
}

/// How long the gateway waits for a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// For a connection.
    pub connection: Duration,
    /// For an answer to begin, redirects not counted.
    pub answer: Duration,
    /// For an answer to go on.
    pub pause: Duration,
    /// For an answer to end.
    pub whole: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connection: seconds(15), answer: seconds(60), pause: seconds(60), whole: seconds(6 * 3600) }
    }
}

impl Policy {
    /// [`PUBLIC_REGISTRIES`], with the credentials of docker's configuration.
    pub fn new() -> Self {
        let defaults = PUBLIC_REGISTRIES.iter().filter_map(|host| host.parse().ok()).collect();
        Self { defaults, ..Self::default() }
    }

    /// Allows nothing but what is named.
    #[must_use]
    pub fn without_defaults(mut self) -> Self {
        self.defaults.clear();
        self
    }

    /// Names a host.
    #[must_use]
    pub fn allow(mut self, host: RegistryHost) -> Self {
        self.named.insert(host);
        self
    }

    /// Names a host that is spoken to without TLS.
    #[must_use]
    pub fn allow_insecure(mut self, host: RegistryHost) -> Self {
        self.insecure.insert(host.clone());
        self.allow(host)
    }

    /// Reads no credentials.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Waits so long.
    #[must_use]
    pub fn with_times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    /// How long is waited.
    pub fn times(&self) -> Times {
        self.times
    }

    /// Reads credentials from there.
    #[must_use]
    pub fn with_config(mut self, config: DockerConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// Docker's configuration, if it is not where the user's is.
    pub(super) fn config(&self) -> Option<DockerConfig> {
        self.config.clone()
    }

    /// Whether credentials are read.
    pub fn reads_credentials(&self) -> bool {
        !self.anonymous
    }

    /// Whether requests to a host are forwarded.
    pub fn allows(&self, host: &RegistryHost) -> bool {
        self.named.contains(host) || self.defaults.contains(host)
    }

    /// Whether the user has named the host.
    pub fn names(&self, host: &RegistryHost) -> bool {
        self.named.contains(host)
    }

    /// Where a host's API is: by `http` or `https`, at the scheme's own port unless another is named.
    pub(super) fn api(&self, host: &RegistryHost) -> Option<Url> {
        let scheme = if self.is_plain(host) { "http" } else { "https" };
        let name = if host.is_docker_hub() { "registry-1.docker.io".to_owned() } else { host.to_string() };
        Url::parse(&format!("{scheme}://{name}/")).ok()
    }

    /// Whether a URL is of a host, which may have been named with the port that goes without saying.
    pub(super) fn is_at(&self, host: &RegistryHost, url: &Url) -> bool {
        RegistryHost::of(url).as_ref() == Some(host)
            || self.api(host).is_some_and(|api| api.origin() == url.origin())
    }

    /// Whether a URL is of a host that the user has named.
    pub(super) fn names_host_of(&self, url: &Url) -> bool {
        self.named.iter().any(|named| self.is_at(named, url))
    }

    /// Whether a URL is of a host that the user has named, and that is spoken to without TLS.
    pub(super) fn is_plain_host_of(&self, url: &Url) -> bool {
        self.named.iter().any(|named| self.is_plain(named) && self.is_at(named, url))
    }

    /// Whether a host is spoken to without TLS.
    pub fn is_plain(&self, host: &RegistryHost) -> bool {
        host.is_loopback() || self.insecure.contains(host)
    }

    /// The hosts that are allowed, by name.
    pub fn hosts(&self) -> impl Iterator<Item = &RegistryHost> {
        self.named.union(&self.defaults)
    }
}

/// Which addresses a host may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those of the public Internet.
    Public,
    /// Those of this machine and its networks as well: the user has named the host.
    Private,
}

impl Reach {
    /// Whether a host that is looked up may have this address.
    pub(super) fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            // Where machines of a cloud are told their secrets. Nobody keeps a registry there.
            Self::Private => !is_link_local(address) && !address.is_unspecified() && !address.is_multicast(),
        }
    }
}

/// Whether an address is one of the public Internet (IANA's special-purpose address registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && b & 0xc0 == 64)
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && b & 0xfe == 18))
        }
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public(inner.into()),
            // 2000::/3 is what is given out; of it, Teredo (2001::/32), benchmarks and the like (2001::/23) and
            // documentation.
            None => {
                let [a, b, ..] = address.segments();
                a & 0xe000 == 0x2000
                    && !(a == 0x2001 && b < 0x200)
                    && !(a == 0x2001 && b == 0xdb8)
                    && !(a == 0x3fff && b < 0x1000)
            }
        },
    }
}

/// An address of version 4 that one of version 6 leads to: mapped, NAT64 or 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(of(g, h)),
        (0x2002, ..) => Some(of(b, c)),
        _ => None,
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => inner.is_link_local(),
            // The second is where Amazon's machines are told their secrets.
            None => address.segments()[0] & 0xffc0 == 0xfe80 || address.segments()[..2] == [0xfd00, 0xec2],
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn host(text: &str) -> RegistryHost {
        text.parse().unwrap()
    }

    #[test]
    fn hosts_are_names_or_addresses_and_nothing_else() {
        for (text, shown) in [
            ("GHCR.io", "ghcr.io"),
            ("localhost:5000", "localhost:5000"),
            ("r.example:443", "r.example:443"),
            ("[::1]:5000", "[::1]:5000"),
            ("registry-1.docker.io", "docker.io"),
            // As browsers read them: what looks like a name here is an address.
            ("0x7f.1", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
        ] {
            assert_eq!(host(text).to_string(), shown);
        }
        for text in ["", "a/b", "a@b", "a b", "a?b", "a#b", "a%2fb", "a:b", "a:70000", "::1", "a\\b", ":80"] {
            assert!(text.parse::<RegistryHost>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_is_named_or_known_is_allowed() {
        let policy = Policy::new().allow(host("r.example:5000")).allow_insecure(host("old.example"));
        for allowed in ["docker.io", "index.docker.io", "ghcr.io", "r.example:5000", "old.example"] {
            assert!(policy.allows(&host(allowed)), "{allowed}");
        }
        for other in
            ["r.example", "r.example:443", "ghcr.io:5000", "127.0.0.1", "localhost:5000", "a.ghcr.io"]
        {
            assert!(!policy.allows(&host(other)), "{other}");
        }
        assert!(policy.is_plain(&host("old.example")) && policy.is_plain(&host("[::1]:5000")));
        assert!(!policy.is_plain(&host("r.example:5000")));
        assert!(policy.names(&host("r.example:5000")) && !policy.names(&host("ghcr.io")));
        assert_eq!(policy.without_defaults().hosts().count(), 2);
    }

    #[test]
    fn the_port_that_goes_without_saying_may_be_said() {
        let policy = Policy::new()
            .allow(host("r.example:443"))
            .allow(host("s.example"))
            .allow(host("localhost:80"))
            .allow_insecure(host("old.example:80"));
        let url = |text: &str| Url::parse(text).unwrap();
        for named in [
            "https://r.example/v2/",
            "https://r.example:443/v2/",
            "https://s.example:443/v2/",
            "http://localhost/v2/",
            "http://old.example/v2/",
        ] {
            assert!(policy.names_host_of(&url(named)), "{named}");
        }
        for other in
            ["http://r.example/v2/", "https://r.example:444/", "https://localhost/", "https://old.example/"]
        {
            assert!(!policy.names_host_of(&url(other)), "{other}");
        }
        assert!(policy.is_plain_host_of(&url("http://old.example/")));
        assert!(!policy.is_plain_host_of(&url("https://r.example/")));
        for (named, api) in [
            ("r.example:443", "https://r.example/"),
            ("old.example:80", "http://old.example/"),
            ("docker.io", "https://registry-1.docker.io/"),
        ] {
            assert_eq!(policy.api(&host(named)), Some(url(api)));
        }
    }

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let admits = |reach: Reach, text: &str| reach.admits(text.parse().unwrap());
        let public = [
            "93.184.216.34",
            "100.63.0.1",
            "100.128.0.1",
            "172.32.0.1",
            "2606:4700::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ];
        for address in public {
            assert!(admits(Reach::Public, address) && admits(Reach::Private, address), "{address}");
        }
        let private = [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "::1",
            "fc00::1",
            "fd12::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
            "fec0::1",
        ];
        for address in private {
            assert!(!admits(Reach::Public, address), "{address}");
            assert!(admits(Reach::Private, address), "{address}");
        }
        for never in [
            "169.254.169.254",
            "0.0.0.0",
            "::",
            "fe80::1",
            "224.0.0.1",
            "ff02::1",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
        ] {
            assert!(!admits(Reach::Public, never) && !admits(Reach::Private, never), "{never}");
        }
    }
}
