//! What a registry has to say to people (distribution-spec, "Warnings").

use super::Head;
use crate::limits;

/// The texts of the warnings that an answer came with. Those of caches, which have other codes, are left out.
pub fn warnings(head: &Head) -> Vec<String> {
    let header = decoded(head.header("warning").unwrap_or_default());
    let mut rest = &header[..header.floor_char_boundary(limits::HTTP_HEADER)];
    let mut found = Vec::new();
    // A code, who says it, and a text in quotes; several of these, with commas between them (RFC 7234, section 5.5).
    while let Some((before, after)) = rest.split_once('"') {
        let (text, left) = quoted(after);
        let mut words = before.trim_start_matches([',', ' ', '\t']).split_ascii_whitespace();
        let is_for_people = (words.next(), words.next(), words.next()) == (Some("299"), Some("-"), None);
        if is_for_people && !text.is_empty() && !found.contains(&text) && found.len() < limits::WARNINGS {
            found.push(text);
        }
        rest = left;
    }
    found
}

/// A header as it was meant: browsers give out a character for each byte, and what is not ASCII is UTF-8 in all likelihood.
fn decoded(header: &str) -> String {
    let bytes: Option<Vec<u8>> = header.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| header.to_owned())
}

/// A text up to the quote that ends it, and what stands behind that.
fn quoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((place, c)) = chars.next() {
        match c {
            '"' => return (out, &text[place + 1..]),
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            c => out.push(c),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_for_people_are_told_from_those_of_caches() {
        let of = |header: &str| {
            warnings(&Head { headers: vec![("warning".to_owned(), header.to_owned())], ..Head::default() })
        };
        assert_eq!(of(r#"299 - "This tag goes away.""#), ["This tag goes away."]);
        assert_eq!(of(r#"299 - "a, \"b\" \\ c", 299 - "d""#), [r#"a, "b" \ c"#, "d"]);
        assert_eq!(of(r#"110 - "Response is Stale", 299 - "d", 299 - "d""#), ["d"]);
        for nothing in
            ["", "299 - plain", r#"299 - """#, r#"299 proxy "x""#, r#"199 - "x" "Sun, 06 Nov 1994""#]
        {
            assert_eq!(of(nothing), Vec::<String>::new(), "{nothing}");
        }
        assert_eq!(of(r#"299 - "cut o"#), ["cut o"]);
        let sent: String = "将停用".bytes().map(char::from).collect();
        assert_eq!(of(&format!("299 - \"{sent}\"")), ["将停用"]);
        assert_eq!(of("299 - \"caf\u{e9}\""), ["caf\u{e9}"], "not UTF-8");
        let many = (0..100).map(|n| format!("299 - \"{n}\"")).collect::<Vec<_>>().join(", ");
        assert_eq!(of(&many).len(), limits::WARNINGS);
        assert_eq!(warnings(&Head::default()), Vec::<String>::new());
        // Wherever in a character the end of what is looked at is.
        for blanks in 0..3 {
            let long = "将".repeat(limits::HTTP_HEADER);
            let found = of(&format!("{}299 - \"{long}\", 299 - \"beyond\"", " ".repeat(blanks)));
            assert!(found.len() == 1 && found[0].len() < limits::HTTP_HEADER, "{blanks}: {}", found.len());
        }
    }
}
