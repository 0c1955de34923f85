//! The strata strip: a path's life at a glance, one cell for each layer.
//!
//! It is an SVG because its geometry is attributes, which the Content-Security-Policy allows; `style` it does not.

use yew::prelude::*;

use crate::{
    app::{hue, i18n::files::FilesWords},
    overlay::Mark,
};

/// The height of the strip in CSS pixels.
pub const HEIGHT: u32 = 16;
/// The width of a layer's place where there is room for glyphs, its gap included.
const SLOT: u32 = 12;
/// The gap between two cells.
const GAP: u32 = 1;
/// With more layers, glyphs have no room: their cells share the width of half as many.
const ROOMY: u32 = 24;
/// How far apart the numbers of layers are in the head, at least.
const LABEL: f64 = 18.0;

/// With more layers, a narrow window presses the strip together, and its style sheet leaves out the glyphs.
const COMFORTABLE: u32 = 5;

/// The width of the strip for so many layers, in CSS pixels.
pub fn width(layers: u32) -> u32 {
    if is_roomy(layers) { layers.max(1) * SLOT } else { ROOMY / 2 * SLOT }
}

/// Whether every layer's cell has room for its glyph.
pub fn is_roomy(layers: u32) -> bool {
    layers <= ROOMY
}

/// Where a layer's cell begins, and how wide it is.
fn cell(layer: u32, layers: u32) -> (f64, f64) {
    let slot = f64::from(width(layers)) / f64::from(layers.max(1));
    let gap = if is_roomy(layers) { f64::from(GAP) } else { 0.0 };
    // A cell is never thinner than can be seen, though it then covers its neighbours' empty places.
    let width = (slot - gap).max(2.5);
    ((f64::from(layer) * slot).min(f64::from(self::width(layers)) - width), width)
}

/// What the strip says to those who do not see it: "layer 2 adds, layer 5 deletes".
pub fn describe(strata: &[(u32, Mark)], words: &FilesWords) -> String {
    let clauses: Vec<String> =
        strata.iter().map(|(layer, mark)| (words.layer_does)(hue::number(*layer), *mark)).collect();
    clauses.join(words.clause_separator)
}

/// The strip of a path in an image of `layers` layers, of which `0..=upto` are merged.
///
/// Solid cells hold content (added, changed), a half one repeats it, outlines take it away (deleted, hidden): the
/// strip reads without its colours and glyphs, too.
pub fn strip(strata: &[(u32, Mark)], layers: u32, upto: u32) -> Html {
    let width = width(layers);
    let view_box = format!("0 0 {width} {HEIGHT}");
    let cells = strata.iter().filter(|(layer, _)| *layer < layers).map(|&(layer, mark)| {
        let (x, width) = cell(layer, layers);
        let shape = match mark {
            Mark::Added | Mark::Modified => "solid",
            Mark::Metadata => "half",
            Mark::Deleted => "outline",
            Mark::Hidden => "outline dashed",
        };
        let beyond = (layer > upto).then_some("beyond");
        let (x, y, w, h) = if shape.starts_with("outline") && is_roomy(layers) {
            (x + 0.5, 0.5, width - 1.0, f64::from(HEIGHT) - 1.0)
        } else if shape == "solid" {
            (x, 0.0, width, f64::from(HEIGHT))
        } else {
            (x, f64::from(HEIGHT) * 0.4, width, f64::from(HEIGHT) * 0.6)
        };
        let (x, w) = (format!("{x:.2}"), format!("{w:.2}"));
        html! {
            <g class={classes!("cell", shape, hue::classes(layer), beyond)}>
                <rect {x} y={y.to_string()} width={w} height={h.to_string()} rx="1.5" />
                if is_roomy(layers) {
                    { grain(hue::pattern(layer), layer) }
                    <path class="glyph" transform={format!("translate({} 8)", layer * SLOT)} d={glyph(mark)} />
                }
            </g>
        }
    });
    html! {
        <svg class={classes!("strip", (layers > COMFORTABLE).then_some("many"))} width={width.to_string()} height={HEIGHT.to_string()} viewBox={view_box}
            preserveAspectRatio="none" aria-hidden="true">
            <path class="strip-places" d={places(layers)} />
            { for cells }
        </svg>
    }
}

/// The empty places of all layers: a dot for each where there is room, else a line.
fn places(layers: u32) -> String {
    let middle = HEIGHT / 2;
    if is_roomy(layers) {
        (0..layers).map(|layer| format!("M{} {middle}h3", layer * SLOT + 4)).collect()
    } else {
        format!("M0 {middle}h{}", width(layers))
    }
}

/// The strokes of a mark's glyph, around the middle of the cell's place at x = 5.5, y = 0.
fn glyph(mark: Mark) -> &'static str {
    match mark {
        Mark::Added => "M2.5 0h6M5.5 -3v6",
        Mark::Modified => "M3 -1.5h5M5.5 -4v5M3 3.5h5",
        Mark::Metadata => "M3 -0.3h5M3 2.7h5",
        Mark::Deleted => "M2.5 0h6",
        Mark::Hidden => "M5.5 -2.4a2.4 2.4 0 1 1 -.01 0",
    }
}

/// The pattern that tells layers of the same hue apart, at the cell's foot.
fn grain(pattern: u32, layer: u32) -> Html {
    let x = layer * SLOT;
    let d = match pattern {
        1 => format!("M{x} 16l4 -4M{} 16l4 -4M{} 16l3 -3", x + 4, x + 8),
        2 => format!("M{} 14h1M{} 14h1M{} 14h1", x + 2, x + 5, x + 8),
        3 => format!("M{x} 14h11"),
        4 => format!("M{} 13v3M{} 13v3M{} 13v3", x + 2, x + 5, x + 8),
        _ => return Html::default(),
    };
    html! { <path class="grain" {d} /> }
}

/// The head of the strata column: the layers' numbers where there is room, else every tenth, or fewer.
pub fn scale(layers: u32, upto: u32) -> Html {
    let width = width(layers);
    let slot = f64::from(width) / f64::from(layers.max(1));
    let step = if is_roomy(layers) { 1 } else { step(slot) };
    let shown = (0..layers).filter(|layer| hue::number(*layer).is_multiple_of(step));
    let numbers = shown.map(|layer| {
        let x = format!("{:.2}", (f64::from(layer) + 0.5) * slot - 0.5);
        let class = classes!("scale-number", (layer == upto).then_some("upto"));
        html! { <text {class} {x} y="11">{hue::number(layer)}</text> }
    });
    let x = format!("{:.2}", f64::from(upto) * slot);
    html! {
        <svg class={classes!("strip-scale", (layers > COMFORTABLE).then_some("many"))} width={width.to_string()} height={HEIGHT.to_string()}
            viewBox={format!("0 0 {width} {HEIGHT}")} preserveAspectRatio="none" aria-hidden="true">
            { for numbers }
            <rect class="scale-upto" {x} y="14" width={format!("{:.2}", (slot - 1.0).max(2.5))} height="2" />
        </svg>
    }
}

/// Every how many layers there is room for a number, where each has so much.
fn step(slot: f64) -> u32 {
    let steps = (0..9).flat_map(|power| [1, 2, 5].map(|step| step * 10_u32.pow(power)));
    steps.filter(|step| *step >= 10).find(|step| f64::from(*step) * slot >= LABEL).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::i18n::Lang;

    #[test]
    fn cells_stay_within_the_strip_and_can_be_seen() {
        for layers in [1, 7, 24, 25, 60, 127, 1_000] {
            for layer in 0..layers {
                let (x, wide) = cell(layer, layers);
                assert!(wide >= 2.5 && x >= 0.0, "{layer} of {layers}");
                assert!(x + wide <= f64::from(width(layers)), "{layer} of {layers}");
            }
        }
        assert_eq!(width(127), width(25), "many layers take no more room");
        assert!(width(25) < width(24));
        assert_eq!(width(0), SLOT);
    }

    #[test]
    fn numbers_in_the_head_do_not_touch() {
        for (layers, every) in [(25, 10), (60, 10), (127, 20), (1_000, 200)] {
            assert_eq!(step(f64::from(width(layers)) / f64::from(layers)), every, "{layers}");
        }
    }

    #[test]
    fn a_life_is_told_in_words() {
        let strata = [(1, Mark::Added), (4, Mark::Deleted)];
        assert_eq!(describe(&strata, &Lang::En.words().files), "layer 2 adds, layer 5 deletes");
        assert_eq!(describe(&strata, &Lang::Zh.words().files), "第 2 层新增，第 5 层删除");
    }
}
