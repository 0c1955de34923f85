//! What a file's content is, and how it is shown: as text, as hex, and against another version of it.
//!
//! Content is only ever shown as text, whatever it claims to be; but for the images of [`Magic::Image`].

mod diff;
mod hex;
mod magic;
mod text;

pub use diff::{Body, Comparison, HexDiff, HexRow, Hunk, Side, Tag, TextDiff, compare};
pub use hex::{HEX_ROW, HexLine, hex_line};
pub use magic::{ElfKind, ImageFormat, Magic, identify};
pub use text::{Encoding, LINE, Line, guess, lines, partial_line, utf8, whole_lines};
