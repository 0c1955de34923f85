//! The one colour of a layer, the same everywhere it is named or drawn.
//!
//! A layer is drawn with two CSS classes, `hue-N` and `pattern-M` (see `static/css/base.css`): put
//! [`classes`] on any element and use `var(--layer)` for its colour, `var(--layer-ink)` for text on it,
//! `var(--layer-tint)` for a quiet background and `var(--layer-pattern)` for its pattern. Colour is never
//! the only sign: [`number`] always stands beside it.

/// How many hues there are, evenly spaced in OKLCH.
pub const HUES: u32 = 10;
/// How many patterns there are, the plain one included. The plain one is for the first ten layers only.
pub const PATTERNS: u32 = 5;

/// The number a layer bears on the screen: 1 for the one at the bottom, whose index is 0.
pub fn number(layer: u32) -> u32 {
    layer.saturating_add(1)
}

/// The layer's place on the wheel of hues. Neighbours in the stack lie 108° apart.
pub fn hue(layer: u32) -> u32 {
    layer % HUES * 3 % HUES
}

/// The layer's pattern: 0 (plain) for the first ten layers, then each of the others for ten.
pub fn pattern(layer: u32) -> u32 {
    match layer / HUES {
        0 => 0,
        beyond => 1 + (beyond - 1) % (PATTERNS - 1),
    }
}

/// The CSS classes that give an element the layer's colour and pattern.
pub fn classes(layer: u32) -> String {
    format!("hue-{} pattern-{}", hue(layer), pattern(layer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_layers_have_ten_hues() {
        let mut hues: Vec<u32> = (0..HUES).map(hue).collect();
        hues.sort_unstable();
        assert_eq!(hues, (0..HUES).collect::<Vec<_>>());
    }

    #[test]
    fn neighbours_are_far_apart() {
        for layer in 0..200 {
            let apart = hue(layer).abs_diff(hue(layer + 1));
            let around = apart.min(HUES - apart);
            assert!(around >= 3, "layers {layer} and {} are {}° apart", layer, around * 36);
        }
    }

    #[test]
    fn a_pattern_joins_past_ten_layers() {
        assert!((0..10).all(|layer| pattern(layer) == 0));
        assert!((10..128).all(|layer| pattern(layer) != 0));
        assert_ne!(classes(3), classes(13));
        assert_ne!(classes(13), classes(23));
    }

    #[test]
    fn fifty_layers_look_different() {
        let looks: std::collections::HashSet<String> = (0..50).map(classes).collect();
        assert_eq!(looks.len(), 50);
    }
}
