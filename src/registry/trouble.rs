//! Why something could not be fetched.

use serde::{Deserialize, Serialize};

/// What kind of trouble it is. The page has its own words for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trouble {
    /// The browser gave no answer to look at: offline, no such host, or the server does not allow a page to read it.
    Unreachable,
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
}
