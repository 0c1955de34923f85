//! Content as text: guesses the encoding and cuts lines.

use std::{borrow::Cow, ops::Range};

use serde::{Deserialize, Serialize};

/// How bytes are read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8; bytes that are not are shown as `\xNN`.
    Utf8,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
    /// ISO 8859-1: every byte is a character.
    Latin1,
}

impl Encoding {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Utf8, Self::Utf16Le, Self::Utf16Be, Self::Latin1];

    /// Its name, the same in every language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16 LE",
            Self::Utf16Be => "UTF-16 BE",
            Self::Latin1 => "Latin-1",
        }
    }

    /// Bytes of one code unit.
    pub fn unit(self) -> usize {
        match self {
            Self::Utf8 | Self::Latin1 => 1,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }
}

/// How many leading bytes decide whether content is text.
const SAMPLE: usize = 16 << 10;
/// A longer line is cut into several, which the browser lays out faster.
pub const LINE: usize = 4 << 10;

/// The encoding of text; `None` if it is not text.
///
/// A byte order mark decides. Else UTF-16 shows itself by zeros in every other byte, any other NUL makes the content
/// binary, and what is not UTF-8 is Latin-1 unless too much of it are control characters.
pub fn guess(bytes: &[u8]) -> Option<Encoding> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => return Some(Encoding::Utf8),
        [0xff, 0xfe, rest @ ..] if !rest.starts_with(&[0, 0]) => return Some(Encoding::Utf16Le),
        [0xfe, 0xff, ..] => return Some(Encoding::Utf16Be),
        _ => {}
    }
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if sample.contains(&0) {
        return guess_utf16(sample);
    }
    let controls = sample.iter().filter(|&&byte| is_odd_control(byte)).count();
    if controls * 20 > sample.len() {
        return None;
    }
    match std::str::from_utf8(sample) {
        Ok(_) => Some(Encoding::Utf8),
        // The sample may end within a character.
        Err(error) if error.error_len().is_none() => Some(Encoding::Utf8),
        Err(_) if controls == 0 && !sample.iter().any(|byte| (0x80..0xa0).contains(byte)) => {
            Some(Encoding::Latin1)
        }
        // Text with a few bad bytes is still text; compressed data is full of them.
        Err(_) => {
            let bad: usize = sample.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
            (bad * 10 < sample.len()).then_some(Encoding::Utf8)
        }
    }
}

/// UTF-16 without a mark: mostly ASCII, so that one byte of nearly every unit is zero and the other is not.
fn guess_utf16(sample: &[u8]) -> Option<Encoding> {
    let units = sample.len() / 2;
    if units < 2 {
        return None;
    }
    let is_text = |byte: u8| byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r');
    let count = |zero: usize| {
        let pairs = sample.chunks_exact(2);
        pairs.filter(|pair| pair[zero] == 0 && is_text(pair[1 - zero])).count()
    };
    let mostly = units - units / 10;
    if count(1) >= mostly {
        Some(Encoding::Utf16Le)
    } else if count(0) >= mostly {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}

/// A control character that text does not hold; escape (terminal colours) is one that it does.
fn is_odd_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b) || byte == 0x7f
}

/// A line of text, by the bytes that make it, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its bytes.
    pub bytes: Range<usize>,
    /// Whether it goes on with the line before, which was too long.
    pub continues: bool,
}

/// Cuts content into lines. A byte order mark is left out.
pub fn lines(bytes: &[u8], encoding: Encoding) -> Vec<Line> {
    let unit = encoding.unit();
    let mut lines = vec![];
    let mut start = mark(bytes, encoding);
    let mut continues = false;
    let mut at = start;
    while at + unit <= bytes.len() {
        if is_newline(bytes, at, encoding) {
            let end =
                if at >= start + unit && is_return(bytes, at - unit, encoding) { at - unit } else { at };
            lines.push(Line { bytes: start..end, continues });
            continues = false;
            start = at + unit;
        } else if at - start >= LINE && is_boundary(bytes, at, encoding) {
            lines.push(Line { bytes: start..at, continues });
            continues = true;
            start = at;
        }
        at += unit;
    }
    if start < bytes.len() {
        lines.push(Line { bytes: start..bytes.len(), continues });
    }
    lines
}

/// The length of the byte order mark.
fn mark(bytes: &[u8], encoding: Encoding) -> usize {
    let mark: &[u8] = match encoding {
        Encoding::Utf8 => &[0xef, 0xbb, 0xbf],
        Encoding::Utf16Le => &[0xff, 0xfe],
        Encoding::Utf16Be => &[0xfe, 0xff],
        Encoding::Latin1 => &[],
    };
    if bytes.starts_with(mark) { mark.len() } else { 0 }
}

/// The code unit at `at`.
fn unit(bytes: &[u8], at: usize, encoding: Encoding) -> u16 {
    match encoding {
        Encoding::Utf8 | Encoding::Latin1 => u16::from(bytes[at]),
        Encoding::Utf16Le => u16::from_le_bytes([bytes[at], bytes[at + 1]]),
        Encoding::Utf16Be => u16::from_be_bytes([bytes[at], bytes[at + 1]]),
    }
}

fn is_newline(bytes: &[u8], at: usize, encoding: Encoding) -> bool {
    unit(bytes, at, encoding) == u16::from(b'\n')
}

fn is_return(bytes: &[u8], at: usize, encoding: Encoding) -> bool {
    unit(bytes, at, encoding) == u16::from(b'\r')
}

/// Whether a line may be cut before `at`, and no character with it.
fn is_boundary(bytes: &[u8], at: usize, encoding: Encoding) -> bool {
    let unit = unit(bytes, at, encoding);
    match encoding {
        Encoding::Utf8 => unit & 0xc0 != 0x80,
        Encoding::Latin1 => true,
        Encoding::Utf16Le | Encoding::Utf16Be => !(0xdc00..0xe000).contains(&unit),
    }
}

/// How much of a part of a longer content to show as text, so that the next part begins a new line: up to the last
/// newline, or all of it if there is none near the end.
pub fn whole_lines(bytes: &[u8], encoding: Encoding) -> usize {
    let unit = encoding.unit();
    let even = bytes.len() / unit * unit;
    let near = even.saturating_sub(64 << 10) / unit * unit;
    (near..even)
        .step_by(unit)
        .rev()
        .find(|&at| is_newline(bytes, at, encoding))
        .map_or_else(
            || {
                (near..even)
                    .step_by(unit)
                    .rev()
                    .find(|&at| is_boundary(bytes, at, encoding))
                    .filter(|&at| at > 0)
            },
            |at| Some(at + unit),
        )
        .unwrap_or(bytes.len())
}

/// How much of what begins anywhere within a content to leave out, so that it begins with a line: up to and with the first
/// newline, or up to the next character if there is none near.
pub fn partial_line(bytes: &[u8], encoding: Encoding) -> usize {
    let unit = encoding.unit();
    let near = bytes.len().min(64 << 10) / unit * unit;
    let places = || (0..near).step_by(unit);
    match places().find(|&at| is_newline(bytes, at, encoding)) {
        Some(at) => at + unit,
        None => places().find(|&at| is_boundary(bytes, at, encoding)).unwrap_or(0),
    }
}

/// A line's bytes as UTF-8, to be shown. What is no text in its encoding stays no UTF-8.
pub fn utf8(bytes: &[u8], encoding: Encoding) -> Cow<'_, [u8]> {
    match encoding {
        Encoding::Utf8 => Cow::Borrowed(bytes),
        Encoding::Latin1 => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into()),
        Encoding::Utf16Le | Encoding::Utf16Be => {
            let pairs = bytes.chunks_exact(2);
            let rest = pairs.remainder();
            let mut text = Vec::with_capacity(bytes.len());
            for char in char::decode_utf16(pairs.map(|pair| unit(pair, 0, encoding))) {
                match char {
                    Ok(char) => text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                    Err(lone) => text.extend_from_slice(&lone.unpaired_surrogate().to_be_bytes()),
                }
            }
            text.extend_from_slice(rest);
            Cow::Owned(text)
        }
    }
}

#[cfg(all(test, feature = "web"))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::text;

    fn shown(bytes: &[u8], encoding: Encoding) -> Vec<String> {
        lines(bytes, encoding)
            .into_iter()
            .map(|line| text::visible(&utf8(&bytes[line.bytes], encoding)))
            .collect()
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    #[test]
    fn text_is_told_from_binaries_by_content() {
        assert_eq!(guess(b""), Some(Encoding::Utf8));
        assert_eq!(guess(b"#!/bin/sh\nexec nginx\n"), Some(Encoding::Utf8));
        assert_eq!(guess("镜像层\n".as_bytes()), Some(Encoding::Utf8));
        assert_eq!(guess(b"\x1b[31mred\x1b[0m in a log\n"), Some(Encoding::Utf8));
        assert_eq!(guess(b"caf\xe9 au lait"), Some(Encoding::Latin1));
        assert_eq!(guess(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0"), None);
        assert_eq!(guess(b"\x1f\x8b\x08\x00\x00\x00"), None);
        assert_eq!(guess(&[0x89, 0x50, 1, 2, 3, 4, 5, 6, 7, 8]), None);
        let noise: Vec<u8> =
            (0..4_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8 | 1).collect();
        assert_eq!(guess(&noise), None);
    }

    #[test]
    fn a_character_cut_by_the_sample_is_no_fault() {
        let mut bytes = vec![b'a'; SAMPLE - 1];
        bytes.extend("层".as_bytes());
        assert_eq!(guess(&bytes), Some(Encoding::Utf8));
    }

    #[test]
    fn utf16_is_known_with_and_without_its_mark() {
        assert_eq!(guess(&utf16("[General]\r\nkey=1\r\n", false)), Some(Encoding::Utf16Le));
        assert_eq!(guess(&utf16("[General]\r\nkey=1\r\n", true)), Some(Encoding::Utf16Be));
        assert_eq!(guess(&utf16("\u{feff}层", false)), Some(Encoding::Utf16Le));
        let bytes = utf16("\u{feff}a\r\n𝄞b", true);
        assert_eq!(shown(&bytes, Encoding::Utf16Be), ["a", "𝄞b"]);
    }

    #[test]
    fn lines_end_with_either_newline_and_the_mark_is_no_text() {
        assert_eq!(shown(b"\xef\xbb\xbfa\r\n\nb\n", Encoding::Utf8), ["a", "", "b"]);
        assert_eq!(shown(b"a\rb", Encoding::Utf8), ["a\\rb"]);
        assert!(lines(b"", Encoding::Utf8).is_empty());
    }

    #[test]
    fn what_is_no_text_is_shown_as_bytes() {
        assert_eq!(shown(b"a\xff\x80b", Encoding::Utf8), ["a\\xFF\\x80b"]);
        assert_eq!(shown(b"\x85\xe9", Encoding::Latin1), ["\\u{0085}é"]);
        assert_eq!(shown(&[0x00, 0xd8, b'a'], Encoding::Utf16Le), ["\\xD8\\0a"]);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = "层".repeat(LINE);
        let lines = lines(long.as_bytes(), Encoding::Utf8);
        assert!(lines.len() > 2);
        assert!(!lines[0].continues && lines[1].continues);
        assert!(lines.iter().all(|line| std::str::from_utf8(&long.as_bytes()[line.bytes.clone()]).is_ok()));
    }

    #[test]
    fn a_part_that_begins_anywhere_leaves_its_first_line_out() {
        assert_eq!(partial_line(b"ab\ncd", Encoding::Utf8), 3);
        assert_eq!(partial_line(&"层".as_bytes()[1..], Encoding::Utf8), 0);
        assert_eq!(partial_line(&"层a".as_bytes()[1..], Encoding::Utf8), 2);
        assert_eq!(partial_line(&utf16("a\nb", true), Encoding::Utf16Be), 4);
        assert_eq!(partial_line(b"", Encoding::Utf8), 0);
    }

    #[test]
    fn a_part_ends_with_a_whole_line_if_it_can() {
        assert_eq!(whole_lines(b"ab\ncd\nef", Encoding::Utf8), 6);
        assert_eq!(whole_lines("ab层".as_bytes(), Encoding::Utf8), 2);
        assert_eq!(whole_lines(b"", Encoding::Utf8), 0);
        assert_eq!(whole_lines(&utf16("a\nb", false), Encoding::Utf16Le), 4);
        assert_eq!(whole_lines(&[b'a'; 200_000], Encoding::Utf8), 199_999);
    }

    proptest! {
        /// No byte is lost: lines and their ends make up the content, in every encoding.
        #[test]
        fn lines_cover_the_content(bytes: Vec<u8>, which in 0usize..4) {
            let encoding = Encoding::ALL[which];
            let mut at = mark(&bytes, encoding);
            for line in lines(&bytes, encoding) {
                let gap = line.bytes.start - at;
                prop_assert!(gap <= 2 * encoding.unit(), "gap of {gap} at {at}");
                utf8(&bytes[line.bytes.clone()], encoding);
                at = line.bytes.end;
            }
            prop_assert!(bytes.len() - at <= 2 * encoding.unit());
            prop_assert!(whole_lines(&bytes, encoding) <= bytes.len());
        }
    }
}
