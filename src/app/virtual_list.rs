//! Which rows of a long list are drawn, and where: the arithmetic, without a browser.
//!
//! Browsers cap the height of an element (Firefox at 17.9 M CSS pixels, Chromium at 33.5 M device pixels, so at
//! 8.4 M under 400 % zoom). A list that is longer is laid out [`MAX_HEIGHT`] tall, and the scroll position is
//! stretched over the rows in proportion. All lengths are CSS pixels.

use std::ops::Range;

/// The tallest element that every browser lays out at every zoom.
pub const MAX_HEIGHT: f64 = 8_000_000.0;

/// Rows are drawn in steps of this many, so that a short scroll draws nothing anew.
const STEP: u32 = 8;

/// A list of equally tall rows behind a viewport.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// How many rows there are.
    pub rows: u32,
    /// The height of each.
    pub row_height: f64,
    /// The height of what is seen.
    pub viewport: f64,
}

impl Geometry {
    /// The height of all rows, one below the other.
    fn content(&self) -> f64 {
        f64::from(self.rows) * self.row_height
    }

    /// The height to lay out.
    pub fn height(&self) -> f64 {
        self.content().min(MAX_HEIGHT)
    }

    /// Whether the list is taller than what is laid out.
    pub fn is_scaled(&self) -> bool {
        self.content() > MAX_HEIGHT
    }

    /// How far the content can be scrolled: in rows' pixels, and in pixels of the scroll bar.
    fn scrollable(&self) -> (f64, f64) {
        ((self.content() - self.viewport).max(0.0), (self.height() - self.viewport).max(0.0))
    }

    /// From the browser's scroll position to the distance of the viewport from the first row.
    pub fn to_content(&self, scroll_top: f64) -> f64 {
        let (content, layout) = self.scrollable();
        let top = scroll_top.clamp(0.0, layout);
        if self.is_scaled() { top * (content / layout) } else { top }
    }

    /// From the distance of the viewport from the first row to the browser's scroll position.
    pub fn to_scroll(&self, content_top: f64) -> f64 {
        let (content, layout) = self.scrollable();
        let top = content_top.clamp(0.0, content);
        if self.is_scaled() { top * (layout / content) } else { top }
    }

    /// The rows that are seen at least in part.
    pub fn visible(&self, scroll_top: f64) -> Range<u32> {
        let top = self.to_content(scroll_top);
        let first = (top / self.row_height).floor() as u32;
        let end = ((top + self.viewport) / self.row_height).ceil() as u32;
        first.min(self.rows)..end.min(self.rows)
    }

    /// How many rows are drawn at once, but for the list's ends, where it is fewer. Scrolling does not change it: each row that
    /// comes into what is drawn can take the place of one that goes.
    pub fn slots(&self, overscan: u32) -> u32 {
        // One row more is seen where the first and the last are seen in part.
        let seen = (self.viewport / self.row_height).ceil() as u32 + 1;
        seen.saturating_add(overscan.saturating_mul(2)).saturating_add(STEP - 1)
    }

    /// The rows to draw: those seen, and at least `overscan` more on either side.
    pub fn drawn(&self, scroll_top: f64, overscan: u32) -> Range<u32> {
        // It begins above the list where less than the overscan is above what is seen.
        let first = i64::from(self.visible(scroll_top).start) - i64::from(overscan);
        let start = first.div_euclid(STEP.into()) * i64::from(STEP);
        let end = start + i64::from(self.slots(overscan));
        let [start, end] = [start, end].map(|row| row.clamp(0, self.rows.into()) as u32);
        start..end
    }

    /// Where to lay out the top of row `row`, at this scroll position.
    ///
    /// Without scaling it depends on the row alone: the browser scrolls what is drawn by itself.
    pub fn place(&self, row: u32, scroll_top: f64) -> f64 {
        let top = f64::from(row) * self.row_height;
        if self.is_scaled() { scroll_top + (top - self.to_content(scroll_top)) } else { top }
    }

    /// The scroll position that brings the whole row into view with the least movement; `None` if it is in view.
    pub fn reveal(&self, row: u32, scroll_top: f64) -> Option<f64> {
        let seen = self.to_content(scroll_top);
        let top = f64::from(row) * self.row_height;
        let bottom = top + self.row_height;
        // Scroll positions are rounded to device pixels: half of one is not worth a movement.
        let slack = 0.5 * self.content().max(1.0) / self.height().max(1.0);
        if top < seen - slack {
            Some(self.to_scroll(top))
        } else if bottom > seen + self.viewport + slack {
            Some(self.to_scroll(bottom - self.viewport))
        } else {
            None
        }
    }

    /// The scroll position that puts the row in the middle of the viewport.
    pub fn center(&self, row: u32) -> f64 {
        self.to_scroll((f64::from(row) + 0.5) * self.row_height - self.viewport / 2.0)
    }

    /// How many rows Page Down moves: one viewport less one row, so that one stays for the eye.
    pub fn page(&self) -> u32 {
        ((self.viewport / self.row_height).floor() as u32).saturating_sub(1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(rows: u32) -> Geometry {
        Geometry { rows, row_height: 26.0, viewport: 520.0 }
    }

    #[test]
    fn an_ordinary_list_is_laid_out_as_it_is() {
        let list = list(100_000);
        assert!(!list.is_scaled());
        assert_eq!(list.height(), 2_600_000.0);
        assert_eq!(list.visible(0.0), 0..20);
        assert_eq!(list.visible(13.0), 0..21);
        assert_eq!(list.visible(26.0), 1..21);
        assert_eq!(list.place(1_000, 123.0), 26_000.0, "the place of a row does not depend on scrolling");
    }

    #[test]
    fn a_list_past_the_limit_of_browsers_is_scaled_and_reaches_both_ends() {
        let list = list(5_000_000);
        assert!(list.is_scaled());
        assert_eq!(list.height(), MAX_HEIGHT);
        assert_eq!(list.visible(0.0), 0..20);
        let end = MAX_HEIGHT - list.viewport;
        assert_eq!(list.visible(end), 4_999_980..5_000_000);
        // The last row's bottom is the viewport's bottom.
        assert!((list.place(4_999_999, end) + 26.0 - MAX_HEIGHT).abs() < 1e-3);
    }

    #[test]
    fn what_is_drawn_changes_in_steps() {
        let list = list(1_000);
        let start = list.drawn(2_600.0, 10);
        assert_eq!(start, 88..136);
        assert_eq!(list.drawn(2_626.0, 10), start, "one row further draws nothing anew");
    }

    #[test]
    fn as_many_rows_are_drawn_wherever_there_are_as_many() {
        let list = list(1_000);
        assert_eq!(list.slots(10), 48);
        for row in 10..900 {
            assert_eq!(list.drawn(f64::from(row) * 26.0, 10).len(), 48);
        }
        // No more than that is above the first and below the last.
        assert_eq!(list.drawn(0.0, 10), 0..32);
        assert_eq!(list.drawn(f64::MAX, 10), 968..1_000);
    }

    #[test]
    fn a_short_or_empty_list_has_no_way_to_go() {
        assert_eq!(list(0).visible(0.0), 0..0);
        assert_eq!(list(0).drawn(10.0, 10), 0..0);
        assert_eq!(list(3).visible(700.0), 0..3);
        assert_eq!(list(3).reveal(2, 0.0), None);
        assert_eq!(Geometry { rows: 5, row_height: 26.0, viewport: 0.0 }.page(), 1);
    }

    #[test]
    fn revealing_moves_as_little_as_it_can() {
        let list = list(1_000);
        assert_eq!(list.reveal(5, 0.0), None);
        assert_eq!(list.reveal(20, 0.0), Some(26.0));
        assert_eq!(list.reveal(0, 100.0), Some(0.0));
        assert_eq!(list.center(500), 500.5 * 26.0 - 260.0);
        assert_eq!(list.center(0), 0.0);
    }

    proptest! {
        /// Wherever one is, a revealed row is wholly in view, and drawn where it is seen.
        #[test]
        fn a_revealed_row_is_in_view(rows in 1u32..20_000_000, row: u32, at in 0.0f64..1.0, viewport in 26.0f64..3_000.0) {
            let list = Geometry { rows, row_height: 26.0, viewport };
            let row = row % rows;
            let start = (list.height() - viewport).max(0.0) * at;
            let scroll = list.reveal(row, start).unwrap_or(start);
            let top = list.place(row, scroll) - scroll;
            let slack = 0.6 * list.content() / list.height();
            prop_assert!(top >= -slack && top + 26.0 <= viewport + slack, "row at {top} of {viewport}");
            let drawn = list.drawn(scroll, 12);
            prop_assert!(drawn.contains(&row));
            prop_assert!(drawn.len() as u32 <= list.slots(12));
            let seen = list.visible(scroll);
            prop_assert!(drawn.start <= seen.start.saturating_sub(12) && drawn.end >= (seen.end + 12).min(rows));
        }

        /// Scroll positions survive the way there and back.
        #[test]
        fn scroll_positions_convert_both_ways(rows in 1u32..20_000_000, at in 0.0f64..1.0) {
            let list = list(rows);
            let scroll = (list.height() - list.viewport).max(0.0) * at;
            prop_assert!((list.to_scroll(list.to_content(scroll)) - scroll).abs() < 1e-3);
        }
    }
}
