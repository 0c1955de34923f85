//! Begins to inflate in the middle of a deflate stream, at any bit (RFC 1951).
//!
//! Blocks begin at any bit of a byte, but an inflater is given bytes. So it is first given empty blocks that come to as
//! many bits as those of the byte that belong to the block before, and then that byte with these bits replaced.

use zlib_rs::{Inflate, InflateFlush};

/// How far back a deflate stream may refer, in bytes.
pub(super) const WINDOW: usize = 32 << 10;

/// An inflater that has taken the upper bits of `byte`, of which the lower `bits` belong to the block before. `window` is
/// what was decoded before. `None` if the library refuses.
pub(super) fn inflater(window: &[u8], bits: u8, byte: u8) -> Option<Inflate> {
    let mut inflate = Inflate::new(false, 15);
    inflate.set_dictionary(window).ok()?;
    if bits > 0 {
        let mut blocks = empty_blocks(bits);
        *blocks.last_mut()? |= byte & (0xff << bits);
        inflate.decompress(&blocks, &mut [0; 1], InflateFlush::NoFlush).ok()?;
        if inflate.total_in() != blocks.len() as u64 || inflate.total_out() != 0 {
            return None;
        }
    }
    Some(inflate)
}

/// Where a block begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Behind so many bits of the byte.
    At(u8),
    /// The same, unless the block should turn out to be the stream's last one.
    UnlessLast(u8),
}

/// The most bytes that a stored block holds (RFC 1951, 3.2.4).
pub(super) const STORED: u64 = 65_535;

/// Which of the eight bits of `byte` a block begins at whose bytes go on with `rest` and that decodes to what begins like
/// `output`: the number of bits before. `None` if that cannot be told.
pub(super) fn find_bits(window: &[u8], byte: u8, rest: &[u8], output: &[u8]) -> Option<Found> {
    let head = u16::from_le_bytes([byte, *rest.first()?]);
    let header = |bits: u8| if bits == 0 { head >> 8 } else { head >> bits };
    let is_last = |bits: &u8| header(*bits) & 1 == 1;
    // A block that ends with the byte before leaves nothing of the next, so all eight are there to be tried.
    let fits = |bits: &u8| {
        let mut decoded = vec![0; output.len()];
        let Some(mut inflate) = inflater(window, *bits, byte) else { return false };
        let before = inflate.total_out();
        let outcome = inflate.decompress(rest, &mut decoded, InflateFlush::NoFlush);
        outcome.is_ok() && inflate.total_out() - before == output.len() as u64 && decoded == output
    };
    let found: Vec<u8> = (0..8).filter(fits).collect();
    if let [bits] = found[..] {
        return Some(Found::At(bits));
    }
    // A stored block begins at a byte, whatever stands before it: where its header is zero, so may the bits before be that
    // were not of it. Then it is the same to begin at any of them, unless the bit for "last block" is among these.
    let is_stored = |bits: &u8| header(*bits) & 0b110 == 0;
    let in_byte = |bits: &u8| (1..=5).contains(bits);
    let is_alike = found.iter().all(is_stored) && (found.iter().all(in_byte) || !found.iter().any(in_byte));
    let bits = found.iter().copied().find(|bits| !is_last(bits)).filter(|_| is_alike)?;
    Some(if found.iter().any(is_last) { Found::UnlessLast(bits) } else { Found::At(bits) })
}

/// Empty deflate blocks of so many bits, modulo eight; the bits that fill the last byte up are zero.
fn empty_blocks(bits: u8) -> Vec<u8> {
    let mut writer = Bits::default();
    if bits % 2 == 1 {
        writer.empty_dynamic_block();
    }
    while writer.len % 8 != usize::from(bits) {
        // Of fixed codes (3.2.6): not the last one, kind 01, and the seven zeros of "end of block". Ten bits.
        writer.put(0b010, 3);
        writer.put(0, 7);
    }
    writer.bytes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// How many bits there are.
    len: usize,
}

impl Bits {
    /// Appends the lowest `count` bits, the lowest first.
    fn put(&mut self, value: u32, count: usize) {
        for i in 0..count {
            if self.len.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> i & 1) as u8) << (self.len % 8);
            }
            self.len += 1;
        }
    }

    /// An empty block of codes of its own (3.2.7) whose length is odd: 91 bits.
    fn empty_dynamic_block(&mut self) {
        /// The order of the lengths of the code for code lengths; the last one, which is zero, is left out.
        const ORDER: [u8; 18] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1];
        self.put(0b100, 3);
        // 257 codes for literals, 2 for distances, 18 for code lengths.
        self.put(0, 5);
        self.put(1, 5);
        self.put(14, 4);
        for symbol in ORDER {
            // Length 1 is coded as 0, a run of zeros (18) as 1.
            self.put(u32::from(matches!(symbol, 18 | 1)), 3);
        }
        for run in [138 - 11, 118 - 11] {
            self.put(1, 1);
            self.put(run, 7);
        }
        // "End of block", and both distances, have a code of one bit; the first is then written.
        self.put(0, 3);
        self.put(0, 1);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn empty_blocks_of_any_number_of_bits_are_taken() {
        for bits in 1..8 {
            let mut blocks = empty_blocks(bits);
            let mut inflate = Inflate::new(false, 15);
            inflate.decompress(&blocks, &mut [0; 1], InflateFlush::NoFlush).unwrap();
            assert_eq!((inflate.total_in(), inflate.total_out()), (blocks.len() as u64, 0), "{bits}");
            // A last, stored block of one byte behind it: it begins at that bit, so its length is that of the next byte.
            *blocks.last_mut().unwrap() |= 1 << bits;
            if bits > 5 {
                // Its three bits go on in the next byte.
                blocks.push(0);
            }
            blocks.extend([1, 0, 0xfe, 0xff, b'x']);
            let mut inflate = Inflate::new(false, 15);
            let mut out = [0; 4];
            let status = inflate.decompress(&blocks, &mut out, InflateFlush::NoFlush).unwrap();
            assert_eq!(
                (status, inflate.total_out(), out[0]),
                (zlib_rs::Status::StreamEnd, 1, b'x'),
                "{bits}"
            );
        }
    }

    #[test]
    fn the_bit_is_found_again() {
        // A stream whose first block is cut by a sync flush begins its second one at a byte; shifted, at any bit.
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        let text: Vec<u8> = (0..20_000u32).flat_map(|n| (n * n % 977).to_string().into_bytes()).collect();
        encoder.write_all(&text).unwrap();
        let stream = encoder.finish().unwrap();
        for bits in 0..8u8 {
            let mut shifted = vec![0];
            for &byte in &stream {
                let last = shifted.last_mut().unwrap();
                *last |= byte << bits;
                shifted.push(if bits == 0 { 0 } else { byte >> (8 - bits) });
            }
            let (byte, rest) = if bits == 0 { (0x5a, &shifted[..]) } else { (shifted[0], &shifted[1..]) };
            assert_eq!(find_bits(b"", byte, rest, &text[..1000]), Some(Found::At(bits)));
        }
    }
}
