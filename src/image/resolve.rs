//! Which images an archive's members make.

use std::collections::HashMap;

use super::{Archive, Member, MemberId};

/// The content of the documents read so far. [`resolve`] never wants one larger than
/// [`crate::limits::JSON_DOCUMENT`]; one that ends early is given as far as it goes.
pub type Documents = HashMap<MemberId, Vec<u8>>;

/// What [`resolve`] found.
#[derive(Debug)]
pub enum Resolved {
    /// These members have to be read first; call again with them.
    Wants(Vec<MemberId>),
    /// What the archive holds.
    Archive(Box<Archive>),
    /// Nothing here looks like an image archive.
    NotAnImage,
}

/// Says what images `members` make, or which of them have to be read to say so. Pure: call it again with
/// more documents until it no longer wants any.
pub fn resolve(_members: &[Member], _documents: &Documents) -> Resolved {
    Resolved::NotAnImage
}
