//! Images in registries and on web servers: names, requests, and what may be asked of whom.
//!
//! Nothing here sends anything. An [`Exchange`] says which request is to be sent next and takes what came of it; a
//! [`Resolution`] says which documents it needs, and leaves a [`Plan`] of what is to be fetched.

mod artifact;
mod challenge;
mod exchange;
mod link;
mod messages;
mod patience;
mod place;
mod reference;
mod referrers;
mod resolution;
mod tags;
mod trouble;
mod url;
mod warning;

pub use artifact::ArtifactReading;
pub use challenge::{Challenge, challenges};
pub use exchange::{Auth, Credentials, Exchange, Head, Request, Step, Target};
pub use link::next_target;
pub use messages::{Answer, ArtifactDocument, Ask, News, Pull, Remote};
pub use place::{Place, PlaceError};
pub use reference::{DOCKER, Error as ReferenceError, PUBLIC_REGISTRIES, Parts, Reference};
pub use referrers::{Referrer, ReferrerSearch, readable};
pub use resolution::{Choice, Content, LARGE, Next, Plan, PlannedFile, Resolution, plain as plain_target};
pub use tags::{tags, tags_target};
pub use trouble::{GatewayTrouble, Trouble, explained};
pub use url::{Error as UrlError, Origin, decode, encode};
pub use warning::warnings;

/// The URL of a repository's part of a registry's API, and what a token for it is to allow: nothing is ever authorised by
/// the page where a gateway does that.
fn repository_url(reference: &Reference, gateway: Option<&str>) -> (String, Option<String>) {
    let repository = &reference.repository;
    match gateway {
        Some(gateway) => (format!("{gateway}{}/v2/{repository}", reference.registry), None),
        None => {
            let scope = format!("repository:{repository}:pull");
            (format!("{}/v2/{repository}", reference.origin()), Some(scope))
        }
    }
}
