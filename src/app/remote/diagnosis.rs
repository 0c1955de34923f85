//! Why a page cannot read what a server has, as far as a script can find out.
//!
//! A browser tells a script only that nothing came. The rest is inferred.

use crate::registry::Trouble;

/// What was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The browser says that there is a network.
    pub online: bool,
    /// This page was loaded by `https`.
    pub page_is_secure: bool,
    /// This page came from this machine or its network.
    pub page_is_private: bool,
    /// The server is asked by `https`.
    pub target_is_secure: bool,
    /// The server is this machine or in its network.
    pub target_is_private: bool,
    /// The server is this machine.
    pub target_is_loopback: bool,
    /// Something answers there, which a page may not look at.
    pub is_reachable: bool,
    /// The server's API lets a page read its answer to a plain request.
    pub is_readable: bool,
    /// It lets a page read its answer to a request that needs leave first (`OPTIONS`), as one with a login does.
    pub takes_logins: bool,
    /// Whether the reader lets this page ask their own network, where that is known.
    pub may_ask_network: Option<bool>,
}

/// Why nothing came, most likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// There is no network.
    Offline,
    /// A page loaded by `https` may not ask by `http`.
    MixedContent,
    /// A page from elsewhere asks this network: the browser may ask the reader first, or forbid it.
    LocalNetwork,
    /// The same, and the reader has said no, or somebody for them.
    LocalNetworkDenied,
    /// Nothing answers: no such host, nobody listens, or the certificate is wrong.
    Unreachable,
    /// It answers, and does not let a page read it.
    NoCors,
    /// It lets a page read plain requests, and refuses those that need leave first (`OPTIONS`), as for a token.
    Preflight,
    /// Its manifests may be read, its blobs may not.
    Blobs,
    /// It leads to another host, and that does not let a page read.
    Redirect,
    /// It may be read, and the server that gives its tokens may not.
    TokenServer,
    /// It may be read now.
    Passing,
    /// It lets a page read its answers, and not the header that says how to log in.
    HiddenHeader,
}

/// The most likely cause of a trouble.
pub fn diagnose(trouble: Trouble, evidence: Evidence) -> Option<Cause> {
    let Evidence { target_is_loopback, target_is_secure, page_is_secure, .. } = evidence;
    match trouble {
        Trouble::HiddenChallenge => Some(Cause::HiddenHeader),
        Trouble::Unreachable
        | Trouble::BlobUnreachable
        | Trouble::TokenUnreachable
        | Trouble::Redirected
        | Trouble::Cut
            if !evidence.online && !target_is_loopback =>
        {
            Some(Cause::Offline)
        }
        Trouble::Redirected => Some(Cause::Redirect),
        Trouble::TokenUnreachable => Some(Cause::TokenServer),
        Trouble::BlobUnreachable if evidence.is_readable || evidence.is_reachable => Some(Cause::Blobs),
        Trouble::BlobUnreachable => Some(Cause::Unreachable),
        Trouble::Unreachable if page_is_secure && !target_is_secure && !target_is_loopback => {
            Some(Cause::MixedContent)
        }
        // Of what was asked with a login, the question before it failed; a plain request shows nothing of that.
        Trouble::Unreachable if evidence.is_readable && evidence.takes_logins => Some(Cause::Passing),
        Trouble::Unreachable if evidence.is_readable => Some(Cause::Preflight),
        Trouble::Unreachable if evidence.is_reachable => Some(Cause::NoCors),
        Trouble::Unreachable if evidence.target_is_private && !evidence.page_is_private => {
            Some(match evidence.may_ask_network {
                None => Cause::LocalNetwork,
                Some(false) => Cause::LocalNetworkDenied,
                Some(true) => Cause::Unreachable,
            })
        }
        Trouble::Unreachable => Some(Cause::Unreachable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_follows_from_what_was_found() {
        let usual =
            Evidence { online: true, page_is_secure: true, target_is_secure: true, ..Evidence::default() };
        let cause = |evidence| diagnose(Trouble::Unreachable, evidence);
        assert_eq!(cause(Evidence { online: false, ..usual }), Some(Cause::Offline));
        assert_eq!(cause(Evidence { target_is_secure: false, ..usual }), Some(Cause::MixedContent));
        let private = Evidence { target_is_private: true, ..usual };
        assert_eq!(cause(private), Some(Cause::LocalNetwork));
        let asked = |may| cause(Evidence { may_ask_network: Some(may), ..private });
        assert_eq!(asked(false), Some(Cause::LocalNetworkDenied));
        assert_eq!(asked(true), Some(Cause::Unreachable), "the browser is not in the way");
        assert_eq!(cause(Evidence { page_is_private: true, ..private }), Some(Cause::Unreachable));
        assert_eq!(cause(usual), Some(Cause::Unreachable));
        assert_eq!(cause(Evidence { is_reachable: true, ..usual }), Some(Cause::NoCors));
        let readable = Evidence { is_reachable: true, is_readable: true, ..usual };
        assert_eq!(cause(readable), Some(Cause::Preflight));
        assert_eq!(cause(Evidence { takes_logins: true, ..readable }), Some(Cause::Passing));
        let of_blob = |evidence| diagnose(Trouble::BlobUnreachable, evidence);
        assert_eq!(of_blob(Evidence { is_reachable: true, is_readable: true, ..usual }), Some(Cause::Blobs));
        assert_eq!(of_blob(usual), Some(Cause::Unreachable), "it has gone since");
        // This machine can be asked by http, and without a network.
        let here = Evidence { page_is_secure: true, target_is_loopback: true, ..Evidence::default() };
        assert_eq!(cause(here), Some(Cause::Unreachable));
        assert_eq!(diagnose(Trouble::Redirected, usual), Some(Cause::Redirect));
        assert_eq!(diagnose(Trouble::TokenUnreachable, readable), Some(Cause::TokenServer));
        let offline = Evidence { online: false, ..usual };
        assert_eq!(diagnose(Trouble::TokenUnreachable, offline), Some(Cause::Offline));
        assert_eq!(diagnose(Trouble::HiddenChallenge, usual), Some(Cause::HiddenHeader));
        assert_eq!(diagnose(Trouble::NotFound, usual), None);
    }
}
