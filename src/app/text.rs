//! The one place that makes text from an archive's bytes.
//!
//! Names, links, labels and commands come from strangers. Shown as they are, a right-to-left override or
//! a zero-width space makes one name look like another, and a control character can do worse where the
//! text is copied to. So whatever is not plain text becomes a visible escape, and the whole is isolated
//! from the text around it with `<bdi>`:
//!
//! ```ignore
//! html! { <Text bytes={row.name.clone()} /> }          // bytes: a BString
//! html! { <Text bytes={BString::from(label.as_str())} /> }  // strings of JSON documents, too
//! let title = text::visible(&row.name);                // for attributes
//! ```

use std::fmt::Write as _;

use bstr::{BStr, BString, ByteSlice};
use yew::prelude::*;

/// A stretch of text as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Text that can be shown as it is.
    Plain(String),
    /// Escapes that stand for what cannot be shown.
    Escape(String),
}

impl Segment {
    /// The characters shown.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Escape(text) => text,
        }
    }
}

/// Which line breaks and tabs are left as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Breaks {
    /// None: they are escaped. For names and whatever is shown on one line.
    #[default]
    Escape,
    /// Line feeds and tabs stay. For documents shown in a `<pre>`.
    Keep,
}

/// `bytes` as text, in stretches of plain text and of escapes.
///
/// Escaped are: bytes that are not UTF-8 (`\xFF`), control characters (`\n`, `\t`, `\0`, `\e`, else `\x07`),
/// and the invisible or reordering characters of [`is_deceptive`] (`\u{202E}`).
pub fn segments(bytes: &[u8], breaks: Breaks) -> Vec<Segment> {
    let mut segments = Vec::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match escape(character, breaks) {
                Some(escaped) => push_escape(&mut segments, &escaped),
                None => push_plain(&mut segments, character),
            }
        }
        for byte in chunk.invalid() {
            push_escape(&mut segments, &format!("\\x{byte:02X}"));
        }
    }
    segments
}

/// `bytes` as one string with its escapes, for attributes, downloads and tests. One line.
pub fn visible(bytes: &[u8]) -> String {
    segments(bytes, Breaks::Escape).iter().map(Segment::as_str).collect()
}

/// Whether `bytes` are shown just as they are.
pub fn is_plain(bytes: &[u8]) -> bool {
    segments(bytes, Breaks::Escape).iter().all(|segment| matches!(segment, Segment::Plain(_)))
}

/// Whether a character is invisible or changes how those around it are laid out.
///
/// Bidirectional controls (Unicode UAX #9, 2: marks, embeddings, overrides, isolates), zero-width and other
/// default-ignorable format characters, variation selectors' relatives in the tag block, line and paragraph
/// separators, and the blank letters that are used to fake an empty name.
pub fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The escape of a character; `None` if it is shown as it is.
fn escape(character: char, breaks: Breaks) -> Option<String> {
    Some(match character {
        '\n' | '\t' if breaks == Breaks::Keep => return None,
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\0' => "\\0".to_owned(),
        '\u{1B}' => "\\e".to_owned(),
        c if c.is_ascii_control() => format!("\\x{:02X}", u32::from(c)),
        c if c.is_control() || is_deceptive(c) => {
            let mut escaped = String::new();
            // Writing to a String cannot fail.
            let _ = write!(escaped, "\\u{{{:04X}}}", u32::from(c));
            escaped
        }
        _ => return None,
    })
}

fn push_plain(segments: &mut Vec<Segment>, character: char) {
    match segments.last_mut() {
        Some(Segment::Plain(text)) => text.push(character),
        _ => segments.push(Segment::Plain(character.to_string())),
    }
}

fn push_escape(segments: &mut Vec<Segment>, escaped: &str) {
    match segments.last_mut() {
        Some(Segment::Escape(text)) => text.push_str(escaped),
        _ => segments.push(Segment::Escape(escaped.to_owned())),
    }
}

/// Properties of [`Text`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct TextProps {
    /// The bytes to show.
    pub bytes: BString,
    /// Whether line breaks and tabs are shown as such.
    #[prop_or_default]
    pub breaks: Breaks,
}

/// Bytes from an archive as isolated text with visible escapes.
#[component]
pub fn Text(props: &TextProps) -> Html {
    bdi(props.bytes.as_bstr(), props.breaks)
}

/// What [`Text`] renders, for lists where a component for each text would be too much.
pub fn bdi(bytes: &BStr, breaks: Breaks) -> Html {
    let segments = segments(bytes, breaks).into_iter().map(|segment| match segment {
        Segment::Plain(text) => html! { {text} },
        Segment::Escape(text) => html! { <span class="escape">{text}</span> },
    });
    html! { <bdi>{ for segments }</bdi> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays() {
        for plain in ["", "etc/nginx", "日本語.txt", "café", "a b", "\\n", "👩‍🚀".trim_matches('\u{200D}')]
        {
            if !plain.contains('\u{200D}') {
                assert_eq!(visible(plain.as_bytes()), plain);
                assert!(is_plain(plain.as_bytes()));
            }
        }
    }

    #[test]
    fn what_would_deceive_is_escaped() {
        let cases: [(&[u8], &str); 12] = [
            ("exe\u{202E}txt.sh".as_bytes(), "exe\\u{202E}txt.sh"),
            ("\u{2066}a\u{2069}".as_bytes(), "\\u{2066}a\\u{2069}"),
            ("a\u{200E}\u{200F}b".as_bytes(), "a\\u{200E}\\u{200F}b"),
            ("a\u{200B}b".as_bytes(), "a\\u{200B}b"),
            ("\u{FEFF}a".as_bytes(), "\\u{FEFF}a"),
            ("a\u{3164}".as_bytes(), "a\\u{3164}"),
            (b"a\nb\tc\r", "a\\nb\\tc\\r"),
            (b"\x1b[31mred\x07", "\\e[31mred\\x07"),
            (b"nul\0", "nul\\0"),
            ("\u{0085}".as_bytes(), "\\u{0085}"),
            (b"caf\xe9", "caf\\xE9"),
            (b"\xff\xfe\x80", "\\xFF\\xFE\\x80"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(visible(bytes), shown);
            assert!(!is_plain(bytes), "{shown}");
        }
    }

    #[test]
    fn every_control_and_bidi_character_is_escaped() {
        let controls = (0..0x20).chain(0x7F..0xA0);
        let bidi = (0x202A..=0x202E).chain(0x2066..=0x2069).chain(0x200B..=0x200F);
        for code in controls.chain(bidi) {
            let character = char::from_u32(code).unwrap();
            assert!(!visible(character.to_string().as_bytes()).contains(character), "{code:04X}");
        }
    }

    #[test]
    fn documents_keep_their_lines() {
        let shown = segments(b"a\n\tb\r\x01", Breaks::Keep);
        assert_eq!(shown, [Segment::Plain("a\n\tb".into()), Segment::Escape("\\r\\x01".into())]);
    }

    #[test]
    fn neighbouring_bytes_share_a_stretch() {
        let shown = segments(b"a\xff\x00b", Breaks::Escape);
        assert_eq!(
            shown,
            [Segment::Plain("a".into()), Segment::Escape("\\xFF\\0".into()), Segment::Plain("b".into())]
        );
    }
}
