//! One layer: from the bytes of its blob to a compact index of its entries.
//!
//! [`Scan`] takes the blob in pieces and hashes, decompresses, parses and indexes it in one pass. [`Look`] indexes an
//! uncompressed blob without most of its bytes. The [`Index`] they leave numbers its entries in the order of the tar and
//! keeps each path once.

mod index;
mod lazy;
mod scan;

pub use index::{Content, ContentKey, Contents, EntryId, Index, Kind, Record, is_unusual_char};
pub use lazy::Lazy;
pub use scan::{Algorithms, Listed, Look, Scan, Scanned};
