//! Sizes and offsets between Rust's `u64` and JavaScript's numbers.

/// Whole numbers up to here have a JavaScript number of their own (`Number.MAX_SAFE_INTEGER`).
const MAX_SAFE: u64 = (1 << 53) - 1;

/// A size or offset as a JavaScript number. Beyond 2^53 - 1, where a browser has no file, it stays there.
pub fn to_f64(n: u64) -> f64 {
    n.min(MAX_SAFE) as f64
}

/// A JavaScript number as a size or offset; negative and undefined ones are zero.
pub fn from_f64(n: f64) -> u64 {
    // The cast saturates, and takes NaN for zero.
    (n as u64).min(MAX_SAFE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_cross_without_loss_as_far_as_they_can() {
        for n in [0, 1, 4 << 30, MAX_SAFE] {
            assert_eq!(from_f64(to_f64(n)), n);
        }
        assert_eq!(from_f64(to_f64(u64::MAX)), MAX_SAFE);
        assert_eq!(from_f64(-1.0), 0);
        assert_eq!(from_f64(f64::NAN), 0);
    }
}
