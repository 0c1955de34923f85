//! What differs between two versions of a content.

use std::{fmt::Write as _, ops::Range};

use bstr::{BString, ByteSlice as _};
use imara_diff::{Algorithm, Diff, InternedInput};
use serde::{Deserialize, Serialize};

use super::{
    Encoding, HEX_ROW, guess, hex_line,
    text::{utf8, whole_lines},
};
use crate::limits;

/// What two versions of a content were found to be to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The version that it is compared with.
    pub old: Side,
    /// The version that is compared.
    pub new: Side,
    /// What differs.
    pub body: Body,
}

/// One of the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The length of the whole content in bytes.
    pub size: u64,
    /// How many of its first bytes were compared.
    pub compared: u64,
    /// The encoding that was guessed; `None` if it is not text.
    pub encoding: Option<Encoding>,
}

impl Side {
    /// Whether all of it was compared.
    pub fn is_whole(&self) -> bool {
        self.compared >= self.size
    }
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// Nothing, as far as was compared.
    Same,
    /// Lines of text.
    Text(TextDiff),
    /// Bytes, compared place by place.
    Hex(HexDiff),
}

/// Lines that differ, with those around them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextDiff {
    /// Runs of lines, in order.
    pub hunks: Vec<Hunk>,
    /// Lines that the new version has and the old one has not.
    pub added: u32,
    /// Lines that the old version has and the new one has not.
    pub removed: u32,
    /// There are further hunks, which are left out.
    pub cut: bool,
}

/// A run of lines in which something differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// Which lines of the old version it shows, from 0.
    pub old: Range<u32>,
    /// Which lines of the new one.
    pub new: Range<u32>,
    /// The lines as UTF-8, as far as they are text, each with its newline if it has one.
    pub lines: Vec<(Tag, BString)>,
}

/// What a line of a [`Hunk`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tag {
    /// In both versions.
    Both,
    /// In the old version only.
    Removed,
    /// In the new version only.
    Added,
}

/// Rows of bytes that differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HexDiff {
    /// The rows that differ, in order.
    pub rows: Vec<HexRow>,
    /// How many rows differ; more than are in `rows` if there are many.
    pub differing: u64,
}

/// [`HEX_ROW`] bytes at the same place of both versions; fewer where one ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HexRow {
    /// Where they begin, in bytes.
    pub offset: u64,
    /// Those of the old version.
    pub old: Vec<u8>,
    /// Those of the new one.
    pub new: Vec<u8>,
}

/// How many lines that are the same stand around those that differ.
pub const CONTEXT: u32 = 3;

/// Compares what there is of two contents, each with the length that it has as a whole. As lines if both are text, unless `hex`.
pub fn compare(old: (&[u8], u64), new: (&[u8], u64), hex: bool) -> Comparison {
    let side =
        |(bytes, size): (&[u8], u64)| Side { size, compared: bytes.len() as u64, encoding: guess(bytes) };
    let (old_side, new_side) = (side(old), side(new));
    match (old_side.encoding, new_side.encoding) {
        (Some(before), Some(after)) if !hex => {
            let (a, b) = (text_part(old, before), text_part(new, after));
            let compared = |side: Side, bytes: &[u8]| Side { compared: bytes.len() as u64, ..side };
            let (old_side, new_side) = (compared(old_side, a), compared(new_side, b));
            let body =
                if a == b && before == after { Body::Same } else { lines(&utf8(a, before), &utf8(b, after)) };
            Comparison { old: old_side, new: new_side, body }
        }
        _ => Comparison { old: old_side, new: new_side, body: rows(old.0, new.0) },
    }
}

/// What is compared of a text: whole lines, unless it is compared to its end.
fn text_part((bytes, size): (&[u8], u64), encoding: Encoding) -> &[u8] {
    let bytes = &bytes[..bytes.len().min(limits::DIFF_TEXT)];
    let is_whole = bytes.len() as u64 >= size;
    &bytes[..if is_whole { bytes.len() } else { whole_lines(bytes, encoding) }]
}

fn lines(old: &[u8], new: &[u8]) -> Body {
    let mut input = InternedInput::default();
    input.update_before(old.lines_with_terminator());
    input.update_after(new.lines_with_terminator());
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_no_heuristic(&input);
    let mut found = TextDiff {
        hunks: Vec::new(),
        added: diff.count_additions(),
        removed: diff.count_removals(),
        cut: false,
    };
    let (old_len, new_len) = (input.before.len() as u32, input.after.len() as u32);
    let before = |range: Range<u32>, tag| {
        let tokens = &input.before[range.start as usize..range.end as usize];
        let interner = &input.interner;
        tokens.iter().map(move |&token| (tag, BString::from(interner[token])))
    };
    let after = |range: Range<u32>| {
        let tokens = &input.after[range.start as usize..range.end as usize];
        tokens.iter().map(|&token| (Tag::Added, BString::from(input.interner[token])))
    };
    let mut shown = 0;
    for change in diff.hunks() {
        if shown > limits::DIFF_LINES {
            found.cut = true;
            break;
        }
        let joins = found
            .hunks
            .last()
            .is_some_and(|last| change.before.start <= last.old.end.saturating_add(2 * CONTEXT));
        if !joins {
            if let Some(last) = found.hunks.last_mut() {
                end_hunk(last, old_len, new_len, &before);
            }
            let lead = CONTEXT.min(change.before.start).min(change.after.start);
            let (old, new) = (change.before.start - lead, change.after.start - lead);
            found.hunks.push(Hunk { old: old..old, new: new..new, lines: Vec::new() });
        }
        if let Some(hunk) = found.hunks.last_mut() {
            let between = hunk.old.end..change.before.start;
            hunk.lines.extend(before(between, Tag::Both));
            hunk.lines.extend(before(change.before.clone(), Tag::Removed));
            hunk.lines.extend(after(change.after.clone()));
            (hunk.old.end, hunk.new.end) = (change.before.end, change.after.end);
            shown += change.before.len() + change.after.len();
        }
    }
    if let Some(last) = found.hunks.last_mut() {
        end_hunk(last, old_len, new_len, &before);
    }
    if found.hunks.is_empty() { Body::Same } else { Body::Text(found) }
}

/// Adds the lines after the last change of a hunk.
fn end_hunk<L: Iterator<Item = (Tag, BString)>>(
    hunk: &mut Hunk,
    old_len: u32,
    new_len: u32,
    before: &impl Fn(Range<u32>, Tag) -> L,
) {
    let tail = CONTEXT.min(old_len - hunk.old.end).min(new_len - hunk.new.end);
    hunk.lines.extend(before(hunk.old.end..hunk.old.end + tail, Tag::Both));
    hunk.old.end += tail;
    hunk.new.end += tail;
}

fn rows(old: &[u8], new: &[u8]) -> Body {
    let row = |bytes: &[u8], start: usize| -> Vec<u8> {
        bytes.get(start..bytes.len().min(start + HEX_ROW)).unwrap_or_default().to_vec()
    };
    let mut found = HexDiff { rows: Vec::new(), differing: 0 };
    for start in (0..old.len().max(new.len())).step_by(HEX_ROW) {
        let end = start + HEX_ROW;
        // Nearly all are the same, and need no copy.
        if old.get(start..end).is_some_and(|bytes| new.get(start..end) == Some(bytes)) {
            continue;
        }
        let pair = HexRow { offset: start as u64, old: row(old, start), new: row(new, start) };
        if pair.old != pair.new {
            found.differing += 1;
            if found.rows.len() < limits::DIFF_ROWS {
                found.rows.push(pair);
            }
        }
    }
    if found.differing == 0 { Body::Same } else { Body::Hex(found) }
}

impl TextDiff {
    /// In the unified format (POSIX diff, "Diff -u Output Format"), without the lines that name the files.
    pub fn unified(&self) -> BString {
        let mut out = BString::default();
        for hunk in &self.hunks {
            out.extend_from_slice(header(hunk).as_bytes());
            for (tag, line) in &hunk.lines {
                out.push(match tag {
                    Tag::Both => b' ',
                    Tag::Removed => b'-',
                    Tag::Added => b'+',
                });
                out.extend_from_slice(line);
                if !line.ends_with(b"\n") {
                    out.extend_from_slice(b"\n\\ No newline at end of file\n");
                }
            }
        }
        out
    }
}

/// The line at the head of a hunk.
fn header(hunk: &Hunk) -> String {
    // Of no lines, the number is that of the line before.
    let range = |lines: &Range<u32>| match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        len => format!("{},{len}", lines.start + 1),
    };
    format!("@@ -{} +{} @@\n", range(&hunk.old), range(&hunk.new))
}

impl HexDiff {
    /// The rows that differ, those of the old version after `-`, those of the new after `+`.
    pub fn listing(&self) -> String {
        let mut out = String::new();
        for row in &self.rows {
            for (sign, bytes) in [('-', &row.old), ('+', &row.new)] {
                if !bytes.is_empty() {
                    let line = hex_line(row.offset, bytes);
                    // A string takes whatever is written.
                    let _ = writeln!(out, "{sign}{}  {:<48}  {}", line.offset, line.hex, line.ascii);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compared(old: &[u8], new: &[u8], hex: bool) -> Comparison {
        compare((old, old.len() as u64), (new, new.len() as u64), hex)
    }

    fn unified(old: &str, new: &str) -> String {
        match compared(old.as_bytes(), new.as_bytes(), false).body {
            Body::Text(diff) => diff.unified().to_string(),
            Body::Same => String::new(),
            Body::Hex(_) => panic!("text"),
        }
    }

    #[test]
    fn lines_stand_in_hunks_with_what_is_around_them() {
        let old: String = (1..=20).map(|n| format!("line {n}\n")).collect();
        let new = old.replace("line 5\n", "five\n").replace("line 18\n", "");
        let wanted = "@@ -2,7 +2,7 @@\n line 2\n line 3\n line 4\n-line 5\n+five\n line 6\n line 7\n line 8\n\
                      @@ -15,6 +15,5 @@\n line 15\n line 16\n line 17\n-line 18\n line 19\n line 20\n";
        assert_eq!(unified(&old, &new), wanted);
    }

    #[test]
    fn what_is_near_is_one_hunk_and_a_missing_newline_is_told() {
        assert_eq!(
            unified("a\nb\nc\nd\n", "A\nb\nc\nD"),
            "@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n-d\n+D\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("", "new\n"), "@@ -0,0 +1 @@\n+new\n");
        assert_eq!(unified("old\n", ""), "@@ -1 +0,0 @@\n-old\n");
        assert_eq!(unified("same\n", "same\n"), "");
    }

    #[test]
    fn encodings_are_compared_as_text() {
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("a\nb\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let found = compared(&wide, b"caf\xe9\nb\n", false);
        assert_eq!(
            (found.old.encoding, found.new.encoding),
            (Some(Encoding::Utf16Le), Some(Encoding::Latin1))
        );
        let Body::Text(diff) = found.body else { panic!("{:?}", found.body) };
        assert!(diff.unified().contains_str("+café\n b\n"), "{}", diff.unified());
    }

    #[test]
    fn bytes_are_compared_place_by_place() {
        let old: Vec<u8> = (0..=255).collect();
        let mut new = old.clone();
        new[40] = 0xff;
        new.extend([1, 2]);
        let Body::Hex(diff) = compared(&old, &new, false).body else { panic!("binary") };
        assert_eq!(diff.differing, 2);
        assert_eq!((diff.rows[0].offset, diff.rows[1].offset), (32, 256));
        assert!(diff.rows[1].old.is_empty());
        let listing = diff.listing();
        assert!(listing.starts_with("-00000020  20 21 22"), "{listing}");
        assert!(listing.contains("+00000020  20 21 22 23 24 25 26 27  ff 29"), "{listing}");
        assert_eq!(compared(&old, &old, true).body, Body::Same);
    }

    #[test]
    fn of_long_contents_the_first_part_is_compared_and_told() {
        let old = vec![b'a'; 100];
        let found = compare((&old, 5_000), (&old, 100), true);
        assert_eq!(found.body, Body::Same);
        assert!(!found.old.is_whole() && found.new.is_whole());
    }

    proptest! {
        /// The new version comes of the old one by what the hunks say.
        #[test]
        fn hunks_lead_from_one_version_to_the_other(old in "[ab\n]{0,60}", new in "[ab\n]{0,60}") {
            let diff = match compared(old.as_bytes(), new.as_bytes(), false).body {
                Body::Text(diff) => diff,
                _ => {
                    prop_assert_eq!(old, new);
                    return Ok(());
                }
            };
            let lines: Vec<&[u8]> = old.as_bytes().lines_with_terminator().collect();
            let (mut at, mut made) = (0, Vec::new());
            for hunk in &diff.hunks {
                made.extend(lines[at..hunk.old.start as usize].concat());
                at = hunk.old.end as usize;
                for (tag, line) in &hunk.lines {
                    if *tag != Tag::Removed {
                        made.extend_from_slice(line);
                    }
                }
                let kept = hunk.lines.iter().filter(|(tag, _)| *tag != Tag::Added).count();
                prop_assert_eq!(kept, hunk.old.len());
                prop_assert_eq!(hunk.lines.iter().filter(|(tag, _)| *tag != Tag::Removed).count(), hunk.new.len());
            }
            made.extend(lines[at..].concat());
            prop_assert_eq!(BString::from(made), BString::from(new));
        }
    }
}
