//! Content as hex.

/// Bytes in a line of a hex view.
pub const HEX_ROW: usize = 16;

/// One line of a hex view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HexLine {
    /// Its offset in the content, in hex digits.
    pub offset: String,
    /// Its bytes in hex, a gap after eight.
    pub hex: String,
    /// Its bytes as ASCII, a dot for what is not.
    pub ascii: String,
}

/// The line of `bytes` (at most [`HEX_ROW`]) at `offset`.
pub fn hex_line(offset: u64, bytes: &[u8]) -> HexLine {
    let mut hex = String::with_capacity(HEX_ROW * 3 + 1);
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 {
            hex.push_str(if place == HEX_ROW / 2 { "  " } else { " " });
        }
        hex.push_str(&format!("{byte:02x}"));
    }
    let ascii = bytes.iter().map(|&byte| if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '.' });
    HexLine { offset: format!("{offset:08x}"), hex, ascii: ascii.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_lines_show_offset_bytes_and_ascii() {
        let line = hex_line(0x1f0, b"GIF89a\0\x01\xff~ ");
        assert_eq!(line.offset, "000001f0");
        assert_eq!(line.hex, "47 49 46 38 39 61 00 01  ff 7e 20");
        assert_eq!(line.ascii, "GIF89a...~ ");
    }
}
