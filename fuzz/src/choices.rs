//! Choices that follow from a few bytes at the front of an input: how to split the rest, what to do with it.

/// How many bytes of the input decide.
pub const LEN: usize = 4;

/// Pseudo-random numbers (xorshift64). The seeds of the fuzzer begin with zeros.
pub struct Choices(u64);

impl Choices {
    pub fn new(seed: [u8; LEN]) -> Self {
        Self(u64::from(u32::from_le_bytes(seed)) | 1 << 40)
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Splits bytes at up to seven places.
    pub fn split<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let count = self.below(8);
        let mut cuts: Vec<usize> = (0..count).map(|_| self.below(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([bytes.len()]);
        starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect()
    }
}
