//! What zstd's sequences are coded with: descriptions of distributions, the decoding tables that they stand for, and bits that
//! are read backwards (RFC 8878, 4.1).
//!
//! The library decodes the blocks; this looks into some of them (`sequences.rs`). Whatever is odd is `None`: what is wrong is the
//! library's to say.

/// No table of sequences has more than two to this entries (3.1.1.3.2.1).
const LOG_MAX: u32 = 9;
/// As many symbols as any of them has at the most: the codes of match lengths.
const SYMBOLS: usize = 53;

/// A distribution as it was described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Distribution {
    /// The table has two to this entries.
    log: u32,
    /// How many of them each symbol has; -1 for one whose probability is less than one.
    counts: [i16; SYMBOLS],
    /// The length of the description in bytes.
    pub(super) len: usize,
}

impl Distribution {
    /// Reads the description that `bytes` begin with (4.1.1), of at most `symbols` symbols and a table of at most two to
    /// `log_max` entries.
    pub(super) fn read(bytes: &[u8], symbols: usize, log_max: u32) -> Option<Self> {
        let log = bits(bytes, 0, 4) as u32 + 5;
        if log > log_max.min(LOG_MAX) {
            return None;
        }
        let (mut at, mut symbol, mut counts) = (4, 0, [0; SYMBOLS]);
        // What is left for the symbols to come, and one more: values are up to that.
        let mut left = (1_u64 << log) + 1;
        while left > 1 {
            let width = u64::BITS - left.leading_zeros();
            // So many of the lowest values take a bit less.
            let (short, half) = ((1 << width) - 1 - left, 1 << (width - 1));
            let read = bits(bytes, at, width as usize);
            let (value, taken) = match read {
                _ if read % half < short => (read % half, width - 1),
                _ if read >= half => (read - short, width),
                _ => (read, width),
            };
            at += taken as usize;
            let place = counts.get_mut(symbol).filter(|_| symbol < symbols)?;
            *place = value as i16 - 1;
            symbol += 1;
            left = left.checked_sub(u64::from(place.unsigned_abs()))?;
            if value == 1 {
                // Behind a zero stands how many more there are; three, and it goes on.
                loop {
                    let zeros = bits(bytes, at, 2);
                    at += 2;
                    symbol += zeros as usize;
                    if zeros < 3 || symbol > symbols {
                        break;
                    }
                }
            }
        }
        let len = at.div_ceil(8);
        (symbol <= symbols && len <= bytes.len()).then_some(Self { log, counts, len })
    }

    /// The last symbol that there is any of.
    pub(super) fn last(&self) -> Option<usize> {
        self.counts.iter().rposition(|&count| count != 0)
    }

    /// The table that it stands for; `follow` has how many bits follow each symbol.
    pub(super) fn table(&self, follow: &[u8]) -> Option<Table> {
        let size = 1 << self.log;
        let mut symbols = vec![0_u8; size];
        let mut next = [0_u32; SYMBOLS];
        // The rarest stand at the end, from there towards the start.
        let mut end = size;
        for (symbol, &count) in self.counts.iter().enumerate() {
            next[symbol] = u32::from(count.unsigned_abs());
            if count < 0 {
                end = end.checked_sub(1)?;
                symbols[end] = symbol as u8;
            }
        }
        let mut place = 0;
        for (symbol, &count) in self.counts.iter().enumerate() {
            for _ in 0..count {
                *symbols.get_mut(place)? = symbol as u8;
                // The places of the rarest are passed over. Each place is met in time, the first one is none of theirs.
                loop {
                    place = (place + (size >> 1) + (size >> 3) + 3) % size;
                    if place < end {
                        break;
                    }
                }
            }
        }
        let entries = symbols.iter().map(|&symbol| {
            let count = &mut next[usize::from(symbol)];
            let bits = self.log.checked_sub(count.checked_ilog2()?)?;
            let base = (*count << bits).checked_sub(size as u32)?;
            *count += 1;
            let follow = *follow.get(usize::from(symbol))?;
            Some(Entry { symbol, follow, bits: bits as u8, base: base as u16 })
        });
        Some(Table { log: self.log, entries: entries.collect::<Option<_>>()? })
    }
}

/// A decoding table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    log: u32,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    symbol: u8,
    /// How many bits follow the symbol.
    follow: u8,
    /// The next state is as many bits, and this.
    bits: u8,
    base: u16,
}

impl Table {
    /// That of a symbol that is alone, and takes no bits but those that follow it. `None` if there is no such symbol.
    pub(super) fn of_one(symbol: u8, follow: &[u8]) -> Option<Self> {
        let follow = *follow.get(usize::from(symbol))?;
        Some(Self { log: 0, entries: vec![Entry { symbol, follow, bits: 0, base: 0 }] })
    }

    /// The state to begin with.
    pub(super) fn start(&self, bits: &mut Backwards) -> Option<State<'_>> {
        let entry = *self.entries.get(bits.take(self.log)? as usize)?;
        Some(State { table: self, entry })
    }
}

/// Where a decoder is in a table.
#[derive(Debug)]
pub(super) struct State<'t> {
    table: &'t Table,
    entry: Entry,
}

impl State<'_> {
    /// The symbol here.
    pub(super) fn symbol(&self) -> u8 {
        self.entry.symbol
    }

    /// How many bits follow it.
    pub(super) fn follow(&self) -> u32 {
        u32::from(self.entry.follow)
    }

    /// How many bits it takes to go on to the next one, at most [`LOG_MAX`].
    pub(super) fn bits(&self) -> u32 {
        u32::from(self.entry.bits)
    }

    /// Goes on to the next one by these bits.
    pub(super) fn advance(&mut self, bits: u64) -> Option<()> {
        self.entry = *self.table.entries.get(usize::from(self.entry.base) + bits as usize)?;
        Some(())
    }
}

/// Bits that were written forwards and are read from their end (4.1).
#[derive(Debug)]
pub(super) struct Backwards<'b> {
    bytes: &'b [u8],
    /// How many are left.
    left: usize,
}

impl<'b> Backwards<'b> {
    /// All of `bytes`: above the topmost bit that is set nothing counts, nor does that bit.
    pub(super) fn new(bytes: &'b [u8]) -> Option<Self> {
        let top = bytes.last()?.checked_ilog2()?;
        Some(Self { bytes, left: (bytes.len() - 1) * 8 + top as usize })
    }

    /// The next `count` bits, at most 56.
    pub(super) fn take(&mut self, count: u32) -> Option<u64> {
        self.take_each([count]).map(|[bits]| bits)
    }

    /// The next numbers of so many bits each, at most 56.
    pub(super) fn take_each<const N: usize>(&mut self, counts: [u32; N]) -> Option<[u64; N]> {
        let end = self.left;
        let total = counts.iter().sum::<u32>();
        self.left = end.checked_sub(total as usize)?;
        let mut passed = 0;
        // Mostly one look is enough for all of them.
        if total <= 56 {
            let read = bits(self.bytes, self.left, total as usize);
            return Some(counts.map(|count| {
                passed += count;
                read >> (total - passed) & ((1 << count) - 1)
            }));
        }
        Some(counts.map(|count| {
            passed += count;
            bits(self.bytes, end - passed as usize, count as usize)
        }))
    }

    /// Whether all have been read.
    pub(super) fn is_empty(&self) -> bool {
        self.left == 0
    }
}

/// `count` bits, at most 56, from bit `at` on; behind the end are zeros.
fn bits(bytes: &[u8], at: usize, count: usize) -> u64 {
    let rest = bytes.get(at / 8..).unwrap_or_default();
    let mut word = [0; 8];
    match rest.first_chunk() {
        Some(first) => word = *first,
        None => word[..rest.len()].copy_from_slice(rest),
    }
    u64::from_le_bytes(word) >> (at % 8) & ((1 << count) - 1)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Describes a distribution, as an encoder does (4.1.1).
    pub(in crate::codec) fn describe(log: u32, counts: &[i16]) -> Vec<u8> {
        let (mut out, mut len) = (Vec::new(), 0);
        let mut put = |value: u64, count: u32| {
            for i in 0..count {
                if len % 8 == 0 {
                    out.push(0);
                }
                *out.last_mut().unwrap() |= ((value >> i & 1) as u8) << (len % 8);
                len += 1;
            }
        };
        put(u64::from(log) - 5, 4);
        let (mut left, mut symbol) = ((1_u64 << log) + 1, 0);
        while left > 1 {
            let value = (counts[symbol] + 1) as u64;
            let width = u64::BITS - left.leading_zeros();
            let (short, half) = ((1 << width) - 1 - left, 1 << (width - 1));
            if value < short {
                put(value, width - 1);
            } else if value < half {
                put(value, width);
            } else {
                put(value + short, width);
            }
            left -= u64::from(counts[symbol].unsigned_abs());
            symbol += 1;
            if value == 1 {
                let mut zeros = counts[symbol..].iter().take_while(|&&count| count == 0).count();
                symbol += zeros;
                while zeros >= 3 {
                    put(3, 2);
                    zeros -= 3;
                }
                put(zeros as u64, 2);
            }
        }
        out
    }

    impl Table {
        /// How an encoder writes symbols: the state to begin with, and what leads from each to the next, with the number of bits.
        pub(in crate::codec) fn path(&self, symbols: &[u8]) -> Vec<(u64, u32)> {
            let mut path = Vec::new();
            let mut next: Option<u16> = None;
            for &symbol in symbols.iter().rev() {
                let leads = |entry: &Entry| match next {
                    Some(next) => (entry.base..entry.base + (1 << entry.bits)).contains(&next),
                    None => true,
                };
                let state =
                    self.entries.iter().position(|entry| entry.symbol == symbol && leads(entry)).unwrap();
                if let Some(next) = next {
                    let entry = self.entries[state];
                    path.push((u64::from(next - entry.base), u32::from(entry.bits)));
                }
                next = Some(state as u16);
            }
            path.extend(next.map(|state| (u64::from(state), self.log)));
            path.reverse();
            path
        }
    }

    fn distribution(log: u32, counts: &[i16], len: usize) -> Distribution {
        let mut all = [0; SYMBOLS];
        all[..counts.len()].copy_from_slice(counts);
        Distribution { log, counts: all, len }
    }

    /// The example of RFC 8878, 4.1.1: of 256, 100 are given away.
    #[test]
    fn low_values_take_a_bit_less() {
        for (value, field, width) in
            [(0, 0, 7), (97, 97, 7), (98, 98, 8), (127, 127, 8), (128, 226, 8), (157, 255, 8)]
        {
            let count: i16 = value - 1;
            let mut counts = vec![100, count];
            let rest = 156 - count.abs();
            if rest > 0 {
                counts.push(rest);
            }
            let described = describe(8, &counts);
            assert_eq!(bits(&described, 12, width), field, "{value}");
            let read = Distribution::read(&described, SYMBOLS, 9);
            assert_eq!(read, Some(distribution(8, &counts, described.len())), "{value}");
        }
    }

    /// The start of the table of RFC 8878, appendix A.
    #[test]
    fn a_table_is_spread_as_the_rfc_spreads_it() {
        let counts = [
            4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
            -1, -1, -1, -1,
        ];
        let described = describe(6, &counts);
        let table = Distribution::read(&described, 36, 9).unwrap().table(&[0; 36]).unwrap();
        let found: Vec<_> = table.entries.iter().map(|e| (e.symbol, e.bits, e.base)).collect();
        let first =
            [(0, 4, 0), (0, 4, 16), (1, 5, 32), (3, 5, 0), (4, 5, 0), (6, 5, 0), (7, 5, 0), (9, 5, 0)];
        assert_eq!(found[..8], first);
        assert_eq!(found[8..12], [(10, 5, 0), (12, 5, 0), (14, 6, 0), (16, 5, 0)]);
        assert_eq!(found[60..], [(35, 6, 0), (34, 6, 0), (33, 6, 0), (32, 6, 0)]);
    }

    #[test]
    fn what_is_odd_is_none() {
        let described = describe(6, &[32, 32]);
        assert!(Distribution::read(&described, 2, 6).is_some());
        assert_eq!(Distribution::read(&described, 2, 5), None, "too large a table");
        assert_eq!(Distribution::read(&described, 1, 6), None, "too many symbols");
        assert_eq!(Distribution::read(&described[..1], 2, 6), None, "cut off");
        assert_eq!(Distribution::read(&describe(6, &[0, 0, 0, 0, 64]), 4, 6), None, "too many zeros");
        assert!(Backwards::new(&[]).is_none());
        assert!(Backwards::new(&[1, 0]).is_none(), "without an end");
    }

    #[test]
    fn bits_are_read_from_the_end() {
        // The end is marked by the topmost bit.
        let mut bits = Backwards::new(&[0b1010_1100, 0b0000_1101]).unwrap();
        assert_eq!((bits.take(2), bits.take(3), bits.take(0)), (Some(0b10), Some(0b110), Some(0)));
        assert!(!bits.is_empty());
        assert_eq!((bits.take(6), bits.take(1)), (Some(0b10_1100), None));
        assert!(bits.is_empty());
    }

    #[test]
    fn several_numbers_are_read_as_one_after_the_other() {
        let bytes: Vec<u8> = (1..=40).map(|n: u8| n.wrapping_mul(0x9d) | 1).collect();
        let new = || Backwards::new(&bytes).unwrap();
        for counts in [[1, 0, 3], [20, 16, 20], [31, 16, 25], [0, 0, 0], [56, 56, 56]] {
            let (mut one, mut each) = (new(), new());
            for _ in 0..3 {
                let read = counts.map(|count| one.take(count));
                let all = read.iter().copied().collect::<Option<Vec<u64>>>();
                assert_eq!(each.take_each(counts).map(Vec::from), all, "{counts:?}");
                if all.is_none() {
                    break;
                }
            }
        }
    }

    prop_compose! {
        /// A table's size, and numbers that come to it.
        fn any_counts()(log in 5_u32..=9)(
            log in Just(log),
            cuts in prop::collection::vec(-1..(1_i16 << log) / 2, 1..SYMBOLS - 1),
        ) -> (u32, Vec<i16>) {
            let (mut left, mut counts) = (1 << log, Vec::new());
            for cut in cuts {
                let count = cut.min(left);
                left -= count.abs();
                counts.push(count);
                if left == 0 {
                    break;
                }
            }
            if left > 0 {
                counts.push(left);
            }
            (log, counts)
        }
    }

    proptest! {
        #[test]
        fn what_is_described_is_read((log, counts) in any_counts(), behind in any::<[u8; 3]>()) {
            let mut bytes = describe(log, &counts);
            let expected = distribution(log, &counts, bytes.len());
            bytes.extend(behind);
            prop_assert_eq!(Distribution::read(&bytes, SYMBOLS, 9), Some(expected));
            // Each state leads to states that there are, and each is led to by each symbol in one way.
            let table = expected.table(&[0; SYMBOLS]).unwrap();
            prop_assert_eq!(table.entries.len(), 1 << log);
            for (symbol, &count) in counts.iter().enumerate() {
                let of = table.entries.iter().filter(|entry| usize::from(entry.symbol) == symbol);
                prop_assert_eq!(of.clone().count(), usize::from(count.unsigned_abs()));
                let states: usize = of.map(|entry| 1 << entry.bits).sum();
                prop_assert_eq!(states, if count == 0 { 0 } else { 1 << log });
            }
        }

        #[test]
        fn anything_is_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..40), log in 0_u32..12) {
            if let Some(found) = Distribution::read(&bytes, SYMBOLS, log) {
                prop_assert!(found.len <= bytes.len() && found.log <= log.min(LOG_MAX));
                prop_assert!(found.table(&[0; SYMBOLS]).is_some());
            }
        }
    }
}
