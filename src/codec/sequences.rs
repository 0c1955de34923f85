//! What a zstd decoder knows between two blocks (RFC 8878), found by looking at the blocks from outside.
//!
//! A dictionary (5) holds just that: the tables that blocks may use again, the last three offsets, and what was decoded. A decoder that
//! is given one goes on in the middle of a frame. The tables stand in the blocks as a dictionary has them, and are copied. The offsets
//! show once sequences are decoded; that is done for as few blocks as it takes, and for those behind a place whose window is to be
//! told from what of it is used. Whatever is odd means that nothing is known, and that
//! no decoder can begin there: what is wrong is the library's to say.

use super::fse::{Backwards, Distribution, Table};

/// One of the three codes of sequences.
struct Code {
    /// How many bits follow each of its symbols.
    follow: &'static [u8],
    /// Its table has at most two to this entries.
    log_max: u32,
    /// The distribution that need not be described (3.1.1.3.2.2), as it would be described.
    predefined: &'static [u8],
}

const LITERAL_LENGTHS: Code = Code {
    follow: &LITERAL_LENGTH_BITS,
    log_max: 9,
    predefined: &[
        0x51, 0x10, 0x63, 0x8c, 0x31, 0xc6, 0x18, 0x63, 0x0c, 0x21, 0xc4, 0x18, 0x63, 0x66, 0x66, 0x86, 0x46,
        0x92, 0x04, 0x00,
    ],
};
const MATCH_LENGTHS: Code = Code {
    follow: &MATCH_LENGTH_BITS,
    log_max: 9,
    predefined: &[
        0x21, 0x14, 0xc4, 0x18, 0x63, 0x8c, 0x21, 0x84, 0x10, 0x42, 0x08, 0x21, 0x84, 0x10, 0x42, 0x08, 0x21,
        0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x24, 0x09, 0x00, 0x00,
    ],
};
/// The RFC leaves their number open; these are as many as fit into 32 bits.
const OFFSETS: Code = Code {
    follow: &OFFSET_BITS,
    log_max: 8,
    predefined: &[0x20, 0x84, 0x10, 0x42, 0x66, 0x46, 0x44, 0x44, 0x44, 0x44, 0x24, 0x49, 0x02, 0x00],
};

/// How many bits follow each code of literal lengths (3.1.1.3.2.1.1).
const LITERAL_LENGTH_BITS: [u8; 36] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13,
    14, 15, 16,
];
/// The same of match lengths.
const MATCH_LENGTH_BITS: [u8; 53] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1,
    1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
/// The same of offsets: as many as the code says.
const OFFSET_BITS: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31,
];
/// The least length of each code.
const LITERAL_LENGTH: [u32; 36] = lengths(0, &LITERAL_LENGTH_BITS);
const MATCH_LENGTH: [u32; 53] = lengths(3, &MATCH_LENGTH_BITS);

/// A Huffman tree (4.2.1) of two symbols: a dictionary has to hold one, and no block may use it before one has come.
const ANY_TREE: [u8; 2] = [128, 0x10];
/// How a dictionary begins: its magic, and an identifier, which must not be zero.
const DICTIONARY: [u8; 8] = [0x37, 0xa4, 0x30, 0xec, 1, 0, 0, 0];

/// The lengths that codes begin at: the first one at `least`, and each where what the one before has bits for ends.
const fn lengths<const N: usize>(least: u32, bits: &[u8; N]) -> [u32; N] {
    let mut lengths = [least; N];
    let mut code = 1;
    while code < N {
        lengths[code] = lengths[code - 1] + (1 << bits[code - 1]);
        code += 1;
    }
    lengths
}

/// What one sequence does (3.1.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Copied {
    /// How many literals come first.
    pub(super) literals: u32,
    /// How many bytes are copied behind them.
    pub(super) len: u32,
    /// From how far back, if that has shown.
    pub(super) offset: Option<u32>,
}

/// What is known after a block.
#[derive(Debug)]
pub(super) struct Known {
    /// A tree's description.
    tree: Coding,
    literal_lengths: Coding,
    offsets: Coding,
    match_lengths: Coding,
    /// The last three offsets, the latest first, as far as they have shown since they were asked for.
    last: Option<[Option<u32>; 3]>,
}

/// What a later block uses if it says "the same as before".
#[derive(Debug, Clone, PartialEq, Eq)]
enum Coding {
    Unknown,
    /// One symbol. No description stands for that: every table of a description takes bits to begin in.
    One(u8),
    Described(Vec<u8>),
}

impl Default for Known {
    /// At the start of a frame.
    fn default() -> Self {
        let unknown = || Coding::Unknown;
        let tree = Coding::Described(ANY_TREE.to_vec());
        Self { tree, literal_lengths: unknown(), offsets: unknown(), match_lengths: unknown(), last: None }
    }
}

impl Known {
    /// Looks at a compressed block, which has been decoded; `offsets` are asked for or not. Other blocks change nothing.
    pub(super) fn block(&mut self, body: &[u8], offsets: bool) {
        self.look(body, offsets.then_some(0), |_| {});
    }

    /// The same with what its sequences do, if any can copy from farther back than
    /// `near`; else they are passed over, and their offsets do not show. Whether that is all; else it is not known what they do.
    pub(super) fn block_with(&mut self, body: &[u8], near: u64, copied: impl FnMut(Copied)) -> bool {
        self.look(body, Some(near), copied)
    }

    fn look(&mut self, body: &[u8], beyond: Option<u64>, copied: impl FnMut(Copied)) -> bool {
        let is_known = self.compressed(body, beyond, copied).is_some();
        if !is_known {
            *self = Self { tree: Coding::Unknown, ..Self::default() };
        }
        is_known
    }

    /// A dictionary without content for what follows, if all that takes is known.
    pub(super) fn dictionary(&self) -> Option<Vec<u8>> {
        let [Some(first), Some(second), Some(third)] = self.last? else { return None };
        let mut dictionary = DICTIONARY.to_vec();
        for coding in [&self.tree, &self.offsets, &self.match_lengths, &self.literal_lengths] {
            let Coding::Described(bytes) = coding else { return None };
            dictionary.extend_from_slice(bytes);
        }
        for offset in [first, second, third] {
            dictionary.extend_from_slice(&offset.to_le_bytes());
        }
        Some(dictionary)
    }

    fn compressed(&mut self, body: &[u8], beyond: Option<u64>, copied: impl FnMut(Copied)) -> Option<()> {
        let (tree, rest) = literals(body)?;
        if let Some(tree) = tree {
            self.tree.describe(tree);
        }
        let (number, mut rest) = number(rest)?;
        if number > 0 {
            let modes;
            (modes, rest) = rest.split_first().map(|(modes, rest)| (*modes, rest))?;
            // The lowest two bits are reserved (3.1.1.3.2.1).
            if modes & 3 != 0 {
                return None;
            }
            rest = self.literal_lengths.read(&LITERAL_LENGTHS, modes >> 6, rest)?;
            rest = self.offsets.read(&OFFSETS, modes >> 4 & 3, rest)?;
            rest = self.match_lengths.read(&MATCH_LENGTHS, modes >> 2 & 3, rest)?;
        }
        self.last = match beyond {
            None => None,
            Some(near) if number > 0 && self.reach()? <= near => Some([None; 3]),
            Some(_) => Some(self.offsets_after(number, rest, copied)?),
        };
        Some(())
    }

    /// No offset of the block whose codings these are is larger.
    fn reach(&self) -> Option<u64> {
        let code = match &self.offsets {
            Coding::Unknown => return None,
            Coding::One(symbol) => usize::from(*symbol),
            Coding::Described(bytes) => {
                Distribution::read(bytes, OFFSETS.follow.len(), OFFSETS.log_max)?.last()?
            }
        };
        // The largest value of the code, less three.
        let new = (2_u64.checked_shl(code as u32)? - 1).saturating_sub(3);
        let last = self.last.unwrap_or_default().into_iter().flatten().max();
        Some(new.max(last.unwrap_or(0).into()))
    }

    /// The last offsets after so many sequences more (3.1.1.3.2.1.2).
    fn offsets_after(
        &self,
        number: usize,
        bytes: &[u8],
        mut copied: impl FnMut(Copied),
    ) -> Option<[Option<u32>; 3]> {
        let mut last = self.last.unwrap_or_default();
        if number == 0 {
            return Some(last);
        }
        let literal_lengths = self.literal_lengths.table(&LITERAL_LENGTHS)?;
        let offsets = self.offsets.table(&OFFSETS)?;
        let match_lengths = self.match_lengths.table(&MATCH_LENGTHS)?;
        let mut bits = Backwards::new(bytes)?;
        let mut literal_length = literal_lengths.start(&mut bits)?;
        let mut offset = offsets.start(&mut bits)?;
        let mut match_length = match_lengths.start(&mut bits)?;
        for left in (0..number).rev() {
            let [far, len, literals, next_literals, next_len, next_far] = bits.take_each([
                offset.follow(),
                match_length.follow(),
                literal_length.follow(),
                if left > 0 { literal_length.bits() } else { 0 },
                if left > 0 { match_length.bits() } else { 0 },
                if left > 0 { offset.bits() } else { 0 },
            ])?;
            let value = far + (1 << offset.follow());
            let len = MATCH_LENGTH.get(usize::from(match_length.symbol()))? + len as u32;
            let literals = LITERAL_LENGTH.get(usize::from(literal_length.symbol()))? + literals as u32;
            repeat(&mut last, value, literals == 0)?;
            copied(Copied { literals, len, offset: last[0] });
            if left > 0 {
                literal_length.advance(next_literals)?;
                match_length.advance(next_len)?;
                offset.advance(next_far)?;
            }
        }
        bits.is_empty().then_some(last)
    }
}

impl Coding {
    fn describe(&mut self, bytes: &[u8]) {
        // Every block comes by here: what is allocated is used again.
        match self {
            Self::Described(old) => {
                old.clear();
                old.extend_from_slice(bytes);
            }
            _ => *self = Self::Described(bytes.to_vec()),
        }
    }

    /// Reads what a block says in this mode (3.1.1.3.2.1); what follows is given back.
    fn read<'b>(&mut self, code: &Code, mode: u8, bytes: &'b [u8]) -> Option<&'b [u8]> {
        match mode {
            0 => self.describe(code.predefined),
            1 => {
                let (&symbol, rest) = bytes.split_first()?;
                *self = Self::One(symbol);
                return Some(rest);
            }
            2 => {
                let len = Distribution::read(bytes, code.follow.len(), code.log_max)?.len;
                let (described, rest) = bytes.split_at_checked(len)?;
                self.describe(described);
                return Some(rest);
            }
            _ => {}
        }
        Some(bytes)
    }

    fn table(&self, code: &Code) -> Option<Table> {
        match self {
            Self::Unknown => None,
            Self::One(symbol) => Table::of_one(*symbol, code.follow),
            Self::Described(bytes) => {
                Distribution::read(bytes, code.follow.len(), code.log_max)?.table(code.follow)
            }
        }
    }
}

/// Passes over a block's literals (3.1.1.3.1). The description of their tree, if there is one, and what follows them.
fn literals(body: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (kind, format) = (body.first()? & 3, body.first()? >> 2 & 3);
    let mut header = [0; 8];
    let len = body.len().min(5);
    header[..len].copy_from_slice(&body[..len]);
    let header = u64::from_le_bytes(header);
    let (header_len, bits) = match (kind, format) {
        (0 | 1, 0 | 2) => (1, 5),
        (0 | 1, 1) => (2, 12),
        (0 | 1, _) => (3, 20),
        (_, 0 | 1) => (3, 10),
        (_, 2) => (4, 14),
        (_, _) => (5, 18),
    };
    let field = |at: u32| (header >> at & ((1 << bits) - 1)) as usize;
    let stored = match kind {
        0 => field(if bits == 5 { 3 } else { 4 }),
        1 => 1,
        _ => field(4 + bits),
    };
    let (stored, rest) = body.get(header_len..)?.split_at_checked(stored)?;
    if kind != 2 {
        return Some((None, rest));
    }
    // The weights of so many bytes, or so many of four bits each (4.2.1.1).
    let tree_len = match *stored.first()? {
        head @ ..128 => usize::from(head),
        head => usize::from(head - 127).div_ceil(2),
    };
    Some((Some(stored.get(..=tree_len)?), rest))
}

/// The number of sequences, and what follows it (3.1.1.3.2.1).
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    Some(match *bytes {
        [head @ ..128, ref rest @ ..] => (usize::from(head), rest),
        [head @ 128..=254, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([head - 128, low])), rest),
        [255, low, high, ref rest @ ..] => (usize::from(u16::from_le_bytes([low, high])) + 0x7f00, rest),
        _ => return None,
    })
}

/// Takes an offset on: one of its own, or one of the last, which are others where no literals come before (3.1.1.5).
fn repeat(last: &mut [Option<u32>; 3], value: u64, without_literals: bool) -> Option<()> {
    let [first, second, third] = *last;
    // Most are new.
    if value > 3 {
        *last = [Some(u32::try_from(value - 3).ok()?), first, second];
        return Some(());
    }
    *last = match value + u64::from(without_literals) {
        1 => [first, second, third],
        2 => [second, first, third],
        3 => [third, first, second],
        _ => {
            let before = match first {
                // Zero is no offset.
                Some(offset) => Some(offset.checked_sub(1).filter(|&offset| offset > 0)?),
                None => None,
            };
            [before, first, second]
        }
    };
    Some(())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use structured_zstd::decoding::Dictionary;

    use super::{super::fse::tests::describe, *};

    /// What is read from its end: the last bits put are at the front.
    #[derive(Default)]
    struct Writer(Vec<bool>);

    impl Writer {
        fn put(&mut self, value: u64, count: u32) {
            self.0.extend((0..count).rev().map(|i| value >> i & 1 == 1));
        }

        fn bytes(self) -> Vec<u8> {
            let bits: Vec<bool> = self.0.into_iter().rev().chain([true]).collect();
            let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
            bits.chunks(8).map(byte).collect()
        }
    }

    /// Codes, and the bits that follow them.
    #[derive(Debug, Clone, Copy)]
    pub(in crate::codec) struct Sequence {
        literal_length: (u8, u64),
        offset: (u8, u64),
        match_length: (u8, u64),
    }

    /// A sequence of an offset value, a match of three bytes, and so many literals, fewer than 16.
    pub(in crate::codec) fn sequence(literals: u8, value: u64) -> Sequence {
        let code = value.ilog2() as u8;
        Sequence { literal_length: (literals, 0), offset: (code, value - (1 << code)), match_length: (0, 0) }
    }

    /// Writes blocks; each without literals of its own.
    #[derive(Default)]
    pub(in crate::codec) struct Encoder {
        tables: [Option<(Table, Option<u8>)>; 3],
    }

    impl Encoder {
        /// Writes one whose three tables come in these modes. What cannot be written so is changed.
        pub(in crate::codec) fn block(&mut self, modes: [u8; 3], sequences: &mut [Sequence]) -> Vec<u8> {
            let mut body = vec![0];
            match sequences.len() {
                number @ ..128 => body.push(number as u8),
                number @ ..0x7f00 => body.extend([(number >> 8) as u8 + 128, number as u8]),
                number => body.extend([255, (number - 0x7f00) as u8, ((number - 0x7f00) >> 8) as u8]),
            }
            let Some(first) = sequences.first().copied() else { return body };
            let place = body.len();
            body.push(0);
            let codes = [
                (&LITERAL_LENGTHS, first.literal_length.0, [&[29][..], &[1; 35]].concat(), 6),
                (&OFFSETS, first.offset.0, [&[4, 4, 4][..], &[1; 20]].concat(), 5),
                (&MATCH_LENGTHS, first.match_length.0, [&[12][..], &[1; 52]].concat(), 6),
            ];
            for (i, (code, first, counts, log)) in codes.into_iter().enumerate() {
                let mode = if modes[i] == 3 && self.tables[i].is_none() { 0 } else { modes[i] };
                body[place] |= mode << (6 - 2 * i);
                let described = describe(log, &counts);
                match mode {
                    0 => {
                        let known =
                            Distribution::read(code.predefined, code.follow.len(), code.log_max).unwrap();
                        self.tables[i] = Some((known.table(code.follow).unwrap(), None));
                    }
                    1 => {
                        body.push(first);
                        self.tables[i] = Some((Table::of_one(first, code.follow).unwrap(), Some(first)));
                    }
                    2 => {
                        let read = Distribution::read(&described, code.follow.len(), code.log_max).unwrap();
                        self.tables[i] = Some((read.table(code.follow).unwrap(), None));
                        body.extend(described);
                    }
                    _ => {}
                }
            }
            let [literal_lengths, offsets, match_lengths] =
                self.tables.each_ref().map(|table| table.as_ref().unwrap());
            for sequence in sequences.iter_mut() {
                sequence.literal_length.0 = literal_lengths.1.unwrap_or(sequence.literal_length.0);
                sequence.offset.0 = offsets.1.unwrap_or(sequence.offset.0);
                sequence.match_length.0 = match_lengths.1.unwrap_or(sequence.match_length.0);
                sequence.offset.1 %= 1 << sequence.offset.0;
                sequence.literal_length.1 %= 1 << LITERAL_LENGTH_BITS[usize::from(sequence.literal_length.0)];
                sequence.match_length.1 %= 1 << MATCH_LENGTH_BITS[usize::from(sequence.match_length.0)];
            }
            let path = |table: &Table, symbol: fn(&Sequence) -> u8| {
                table.path(&sequences.iter().map(symbol).collect::<Vec<u8>>())
            };
            let mut lls = path(&literal_lengths.0, |s| s.literal_length.0).into_iter();
            let mut ofs = path(&offsets.0, |s| s.offset.0).into_iter();
            let mut mls = path(&match_lengths.0, |s| s.match_length.0).into_iter();
            let mut bits = Writer::default();
            for states in [&mut lls, &mut ofs, &mut mls] {
                let (state, count) = states.next().unwrap();
                bits.put(state, count);
            }
            for sequence in &*sequences {
                bits.put(sequence.offset.1, u32::from(sequence.offset.0));
                let (code, extra) = sequence.match_length;
                bits.put(extra, MATCH_LENGTH_BITS[usize::from(code)].into());
                let (code, extra) = sequence.literal_length;
                bits.put(extra, LITERAL_LENGTH_BITS[usize::from(code)].into());
                for states in [&mut lls, &mut mls, &mut ofs] {
                    if let Some((state, count)) = states.next() {
                        bits.put(state, count);
                    }
                }
            }
            body.extend(bits.bytes());
            body
        }
    }

    /// The last offsets after blocks of these sequences, given as literals and offset values.
    fn after(blocks: &[&[(u8, u64)]]) -> Option<[Option<u32>; 3]> {
        let (mut known, mut encoder) = (Known::default(), Encoder::default());
        for block in blocks {
            let mut sequences: Vec<_> =
                block.iter().map(|&(literals, value)| sequence(literals, value)).collect();
            known.block(&encoder.block([0; 3], &mut sequences), true);
        }
        known.last
    }

    #[test]
    fn offsets_show_once_three_have_come() {
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[&[(1, 8)]]), Some([Some(5), None, None]));
        assert_eq!(after(&[&[(1, 8), (1, 9), (0, 100)]]), Some([Some(97), Some(6), Some(5)]));
        // From block to block as well, also over one without sequences.
        assert_eq!(after(&[&[(1, 8), (1, 9)], &[], &[(1, 16)]]), Some([Some(13), Some(6), Some(5)]));
        // Unless nobody asked in between.
        let (mut known, mut encoder) = (Known::default(), Encoder::default());
        for (value, asked) in [(8, true), (9, true), (10, false), (11, true)] {
            known.block(&encoder.block([0; 3], &mut [sequence(1, value)]), asked);
        }
        assert_eq!(known.last, Some([Some(8), None, None]));
    }

    /// RFC 8878, 3.1.1.5: the values 1 to 3 are the last offsets; without literals the second, the third, and the first less one.
    #[test]
    fn the_last_offsets_are_used_again() {
        let then = |literals, value| after(&[&[(1, 8), (1, 9), (1, 10)], &[(literals, value)]]);
        let three = |first, second, third| Some([Some(first), Some(second), Some(third)]);
        assert_eq!(then(1, 1), three(7, 6, 5));
        assert_eq!(then(1, 2), three(6, 7, 5));
        assert_eq!(then(1, 3), three(5, 7, 6));
        assert_eq!(then(0, 1), three(6, 7, 5));
        assert_eq!(then(0, 2), three(5, 7, 6));
        assert_eq!(then(0, 3), three(6, 7, 6));
        assert_eq!(then(0, 4), three(1, 7, 6));
        // What is not known stays so, wherever it goes.
        assert_eq!(after(&[&[(1, 8), (1, 9), (1, 3)]]), Some([None, Some(6), Some(5)]));
        assert_eq!(after(&[&[(0, 3), (1, 8)]]), Some([Some(5), None, None]));
        // Zero is no offset.
        assert_eq!(after(&[&[(1, 4), (0, 3)]]), None);
    }

    #[test]
    fn a_dictionary_holds_what_is_known() {
        let mut encoder = Encoder::default();
        let mut sequences = [sequence(1, 8), sequence(1, 9), sequence(1, 10)];
        let mut known = Known::default();
        assert_eq!(known.dictionary(), None, "nothing has come");
        let body = encoder.block([0, 0, 0], &mut sequences);
        known.block(&body, false);
        assert_eq!(known.dictionary(), None, "nobody asked for offsets");
        for modes in [[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 2], [3, 3, 3]] {
            known.block(&encoder.block(modes, &mut sequences), true);
            let dictionary = known.dictionary().unwrap();
            let read = Dictionary::decode_dict(&dictionary).unwrap();
            assert_eq!((read.offset_hist, read.dict_content.len()), ([7, 6, 5], 0));
        }
        for modes in [[1, 0, 0], [0, 1, 0], [0, 0, 1]] {
            let mut same = [sequence(1, 8), sequence(1, 9), sequence(1, 10)];
            known.block(&encoder.block(modes, &mut same), true);
            assert_eq!(known.last, Some([Some(7), Some(6), Some(5)]));
            assert_eq!(known.dictionary(), None, "one symbol alone cannot be described");
        }
        known.block(&encoder.block([2, 2, 2], &mut sequences), true);
        assert!(known.dictionary().is_some());
        // A tree of its own: weights of 4 bits each; 1 and, deduced, 1.
        let tree = [129, 0x11, 0xff];
        let header = (2 | 9 << 4 | (tree.len() as u32) << 14).to_le_bytes();
        let mut body = [&header[..3], &tree].concat();
        body.push(0);
        known.block(&body, true);
        let dictionary = known.dictionary().unwrap();
        assert_eq!(dictionary[8..10], [129, 0x11], "it is copied as it stands");
        // What is odd makes nothing known, not even the tree.
        known.block(&[], true);
        assert_eq!(known.dictionary(), None);
        known.block(&encoder.block([2, 2, 2], &mut sequences), true);
        assert_eq!(known.dictionary(), None);
    }

    /// 3.1.1.3.1.1: by their kinds and formats.
    #[test]
    fn literals_are_passed_over() {
        let passes = |header: u64, header_len: usize, stored: usize| {
            let mut body = header.to_le_bytes()[..header_len].to_vec();
            body.resize(header_len + stored, 0x7f);
            body.push(9);
            let found = literals(&body).unwrap();
            assert_eq!(found.1, [9], "{header:#x}");
            body.truncate(header_len + stored - 1);
            assert_eq!(literals(&body), None, "{header:#x}");
        };
        passes(31 << 3, 1, 31);
        // The lowest bit of the size is that of the format, too.
        passes(30 << 3, 1, 30);
        passes(1 << 2 | 4000 << 4, 2, 4000);
        passes(3 << 2 | 100_000 << 4, 3, 100_000);
        passes(1 | 31 << 3, 1, 1);
        passes(1 | 1 << 2 | 4000 << 4, 2, 1);
        passes(1 | 3 << 2 | 100_000 << 4, 3, 1);
        for kind in [2, 3] {
            passes(kind | 1000 << 4 | 500 << 14, 3, 500);
            passes(kind | 1 << 2 | 1000 << 4 | 500 << 14, 3, 500);
            passes(kind | 2 << 2 | 10_000 << 4 | 5000 << 18, 4, 5000);
            passes(kind | 3 << 2 | 100_000 << 4 | 50_000 << 22, 5, 50_000);
        }
        // A tree whose description is longer than the literals.
        assert_eq!(literals(&[2, 0x40, 0, 3, 0, 0]), None);
    }

    fn any_sequence() -> impl Strategy<Value = Sequence> {
        let offset = prop_oneof![(1_u64..4), (4_u64..100), (4_u64..1 << 20)];
        let literals = prop_oneof![Just(0_u8), 0_u8..36];
        (literals, any::<u32>(), offset, 0_u8..53, any::<u32>()).prop_map(|(literals, a, value, code, b)| {
            let Sequence { offset, .. } = sequence(0, value);
            Sequence { literal_length: (literals, a.into()), offset, match_length: (code, b.into()) }
        })
    }

    /// The same as they are decoded, from offsets that are known; `None` for what is no offset.
    fn decoded(mut last: Vec<u64>, sequences: &[Sequence]) -> Option<Vec<u64>> {
        for sequence in sequences {
            let value = (1 << sequence.offset.0) + sequence.offset.1;
            if value > 3 {
                last.insert(0, value - 3);
            } else if sequence.literal_length.0 > 0 {
                let offset = last.remove(value as usize - 1);
                last.insert(0, offset);
            } else if value < 3 {
                let offset = last.remove(value as usize);
                last.insert(0, offset);
            } else {
                last.insert(0, last[0] - 1);
            }
            last.truncate(3);
            if last[0] == 0 {
                return None;
            }
        }
        Some(last)
    }

    /// What each does, from offsets that are known.
    fn done(mut last: Vec<u64>, sequences: &[Sequence]) -> Option<Vec<(u64, u64, u64)>> {
        let length = |(code, more): (u8, u64), lengths: &[u32]| u64::from(lengths[usize::from(code)]) + more;
        let one = |sequence: &Sequence| {
            last = decoded(last.clone(), &[*sequence])?;
            let literals = length(sequence.literal_length, &LITERAL_LENGTH);
            Some((literals, length(sequence.match_length, &MATCH_LENGTH), last[0]))
        };
        sequences.iter().map(one).collect()
    }

    /// RFC 8878, 3.1.1.3.2.1.1.
    #[test]
    fn lengths_are_those_of_the_rfc() {
        let (literals, matches) = (LITERAL_LENGTH, MATCH_LENGTH);
        assert_eq!((literals[15], literals[16], literals[25], literals[35]), (15, 16, 64, 65_536));
        assert_eq!(
            (matches[0], matches[31], matches[32], matches[43], matches[52]),
            (3, 34, 35, 131, 65_539)
        );
    }

    proptest! {
        #[test]
        fn what_sequences_do_is_told(
            modes in prop::array::uniform3(0_u8..4),
            mut sequences in prop::collection::vec(any_sequence(), 0..200),
        ) {
            let (mut known, mut encoder) = (Known::default(), Encoder::default());
            known.block(&encoder.block([0; 3], &mut [8, 9, 100].map(|value| sequence(1, value))), true);
            let body = encoder.block(modes, &mut sequences);
            let mut told = Vec::new();
            let is_all = known.block_with(&body, 0, |Copied { literals, len, offset }| {
                told.push((literals.into(), len.into(), offset.unwrap().into()));
            });
            match done(vec![97, 6, 5], &sequences) {
                Some(done) => prop_assert!(is_all && told == done),
                None => prop_assert!(!is_all),
            }
        }

        /// Whatever is passed over, all that copies from far back is told.
        #[test]
        fn what_copies_from_afar_is_told(
            blocks in prop::collection::vec(
                (prop::array::uniform3(0_u8..4), prop::collection::vec(any_sequence(), 0..20)), 1..6),
            near in 0_u32..20,
        ) {
            let near = 1_u64 << near;
            let (mut known, mut encoder) = (Known::default(), Encoder::default());
            known.block(&encoder.block([0; 3], &mut [8, 9, 100].map(|value| sequence(1, value))), true);
            let mut last = vec![97, 6, 5];
            for (modes, mut sequences) in blocks {
                let body = encoder.block(modes, &mut sequences);
                let mut told = Vec::new();
                let is_all = known.block_with(&body, near, |Copied { literals, len, offset }| {
                    if let Some(offset) = offset.map(u64::from).filter(|&offset| offset > near) {
                        told.push((literals.into(), len.into(), offset));
                    }
                });
                let Some(done) = done(last.clone(), &sequences) else { break };
                last = decoded(last, &sequences).unwrap();
                let far: Vec<_> = done.into_iter().filter(|&(_, _, offset)| offset > near).collect();
                prop_assert!(is_all);
                prop_assert_eq!(told, far);
            }
        }

        /// In any mode, what is known is what comes out whatever was before.
        #[test]
        fn offsets_are_those_that_are_decoded(
            blocks in prop::collection::vec(
                (prop::array::uniform3(0_u8..4), prop::collection::vec(any_sequence(), 0..200)), 1..4),
        ) {
            let (mut known, mut encoder) = (Known::default(), Encoder::default());
            let far = 1 << 40;
            let mut lasts = [vec![far, 2 * far, 3 * far], vec![4 * far, 5 * far, 6 * far]];
            for (modes, mut sequences) in blocks {
                known.block(&encoder.block(modes, &mut sequences), true);
                let [Some(one), Some(other)] = lasts.map(|last| decoded(last, &sequences)) else {
                    prop_assert_eq!(known.last, None);
                    return Ok(());
                };
                for (place, known) in known.last.unwrap().into_iter().enumerate() {
                    let both = Some(one[place]).filter(|&offset| offset == other[place]);
                    prop_assert_eq!(known.map(u64::from), both);
                }
                lasts = [one, other];
            }
        }

        #[test]
        fn anything_is_looked_at_without_harm(
            body in prop::collection::vec(any::<u8>(), 0..300),
            flip in any::<(prop::sample::Index, u8)>(),
            modes in prop::array::uniform3(0_u8..4),
            mut sequences in prop::collection::vec(any_sequence(), 1..50),
        ) {
            let mut known = Known::default();
            known.block(&body, true);
            let mut written = Encoder::default().block(modes, &mut sequences);
            let at = flip.0.index(written.len());
            written[at] ^= flip.1;
            known.block(&written, true);
            // Whatever was taken for known, the library can begin with.
            if let Some(dictionary) = known.dictionary() {
                prop_assert!(Dictionary::decode_dict(&dictionary).is_ok());
            }
        }
    }
}
