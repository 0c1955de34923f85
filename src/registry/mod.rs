//! Images in registries and on web servers: names, requests, and what may be asked of whom.
//!
//! Nothing here sends anything. An [`Exchange`] says which request is to be sent next and takes what came of it; a
//! [`Resolution`] says which documents it needs, and leaves a [`Plan`] of what is to be fetched.

mod challenge;
mod exchange;
mod place;
mod reference;
mod resolution;
mod trouble;
mod url;

pub use challenge::{Challenge, challenges};
pub use exchange::{Auth, Credentials, Exchange, Head, Request, Step, Target};
pub use place::{Place, PlaceError};
pub use reference::{DOCKER, Error as ReferenceError, Parts, Reference};
pub use resolution::{Choice, Content, Next, Plan, PlannedFile, Resolution};
pub use trouble::Trouble;
pub use url::{Error as UrlError, Origin, decode, encode};
