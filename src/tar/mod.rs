//! A push parser for tar: ustar, PAX, GNU long names, base-256 numbers and sparse files.
//!
//! The parser borrows what it is given and keeps only the headers, so a body of any size passes in
//! pieces of any size. Paths and extended attributes are bytes, as they stand in the archive.

mod entry;
mod header;
mod parser;
mod pax;
mod sparse;
pub mod writer;

pub use entry::{Entry, EntryKind, SparseSegment, Timestamp};
pub use header::looks_like;
pub use parser::{Error, Event, Parsed, Parser};

/// The unit of a tar, in bytes.
pub const BLOCK: u64 = 512;
