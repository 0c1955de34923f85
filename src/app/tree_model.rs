//! The tree as the page holds it: which rows are drawn, which one has the focus, which are to be asked for.
//!
//! There is no browser in here. When the view changes, the rows shown stay until those of the new view that will be
//! seen are here: nothing flashes.

use std::{ops::Range, rc::Rc};

use bstr::BString;

use super::{row_cache::RowCache, virtual_list::Geometry};
use crate::worker::protocol::{Row, Rows, View};

/// The height of a row in CSS pixels; `--row` in `files.css` is the same.
pub const ROW_HEIGHT: f64 = 26.0;
/// Rows drawn beyond the edges of what is seen.
const OVERSCAN: u32 = 12;
/// Requests under way at once; a fast scroll passes over more rows than are worth asking for.
const REQUESTS: u32 = 6;

/// The model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TreeModel {
    shown: RowCache,
    next: Option<Next>,
    focus: u32,
    scroll_top: f64,
    viewport: f64,
    under_way: u32,
}

/// A view whose rows are under way.
#[derive(Debug, Clone, PartialEq)]
struct Next {
    rows: RowCache,
    focus: u32,
    scroll_top: f64,
}

/// Where the focus goes when the view changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It stays in its row, and the rows stay where they are: nothing above them changed.
    Keep,
    /// To this row, which takes the place on the screen of the one that had it; if that was out of view, the row
    /// comes to the middle.
    Row(u32),
    /// To this row, likewise; but if the focus was out of view, nothing scrolls.
    Quietly(u32),
    /// To the first row.
    Top,
}

/// What came of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Taken {
    /// Nothing that is drawn changed.
    Nothing,
    /// Rows that are drawn may have come.
    Drawn,
    /// Another view is shown; it is to be scrolled to this position, if it is not where the old one was.
    Swapped(Option<f64>),
    /// The worker has a newer view than the page knows of.
    Stale,
}

impl TreeModel {
    /// The rows' layout.
    pub fn geometry(&self) -> Geometry {
        geometry(&self.shown, self.viewport)
    }

    /// How many rows are shown.
    pub fn len(&self) -> u32 {
        self.shown.len()
    }

    /// Whether no rows are shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The view that is shown.
    pub fn generation(&self) -> u32 {
        self.shown.generation()
    }

    /// The newest view that it knows, shown or not.
    pub fn newest(&self) -> u32 {
        self.next.as_ref().map_or(self.shown.generation(), |next| next.rows.generation())
    }

    /// The scroll position.
    pub fn scroll_top(&self) -> f64 {
        self.scroll_top
    }

    /// The row that has the focus.
    pub fn focus(&self) -> u32 {
        self.focus
    }

    /// A row, if it is here.
    pub fn row(&self, row: u32) -> Option<&Rc<Row>> {
        self.shown.get(row)
    }

    /// The path of a row, if all rows above it are here.
    pub fn path(&self, row: u32) -> Option<BString> {
        self.shown.path(row)
    }

    /// The rows to draw.
    pub fn drawn(&self) -> Range<u32> {
        self.geometry().drawn(self.scroll_top, OVERSCAN)
    }

    /// How many rows are drawn at once.
    pub fn slots(&self) -> u32 {
        self.geometry().slots(OVERSCAN)
    }

    /// The reader scrolled; whether other rows are to be drawn.
    pub fn scroll(&mut self, scroll_top: f64) -> bool {
        let before = self.drawn();
        self.scroll_top = scroll_top;
        self.drawn() != before
    }

    /// The viewport has another height; whether other rows are to be drawn.
    pub fn resize(&mut self, viewport: f64) -> bool {
        let before = self.drawn();
        self.viewport = viewport;
        self.drawn() != before
    }

    /// Moves the focus, and returns the scroll position that brings it into view if it is not.
    pub fn move_focus(&mut self, row: u32) -> Option<f64> {
        self.focus = row.min(self.len().saturating_sub(1));
        self.geometry().reveal(self.focus, self.scroll_top)
    }

    /// The view changed. A view that is shown already only moves the focus.
    pub fn show(&mut self, view: &View, anchor: Anchor) -> Taken {
        let is_shown = self.next.is_none() && view.generation == self.shown.generation() && !self.is_empty();
        let rows = if is_shown { self.shown.clone() } else { RowCache::new(view) };
        let last = view.rows.saturating_sub(1);
        let now = self.geometry();
        let then = geometry(&rows, self.viewport);
        let (focus, scroll_top) = match anchor {
            Anchor::Keep => {
                let top = now.to_content(self.scroll_top);
                (self.focus.min(last), then.to_scroll(top))
            }
            Anchor::Row(row) | Anchor::Quietly(row) => {
                let in_view = matches!(anchor, Anchor::Row(_));
                let row = row.min(last);
                let top = now.to_content(self.scroll_top);
                let seen = self.focus < now.rows && now.reveal(self.focus, self.scroll_top).is_none();
                let scroll_top = if seen {
                    let above = f64::from(self.focus) * ROW_HEIGHT - top;
                    then.to_scroll(f64::from(row) * ROW_HEIGHT - above)
                } else if in_view {
                    then.center(row)
                } else {
                    then.to_scroll(top)
                };
                (row, scroll_top)
            }
            Anchor::Top => (0, 0.0),
        };
        self.next = Some(Next { rows, focus, scroll_top });
        self.swap_if_ready()
    }

    /// The first rows of the chunks to ask for now.
    pub fn wanted(&mut self) -> Vec<u32> {
        if self.under_way >= REQUESTS {
            return vec![];
        }
        let drawn = self.drawn();
        let wanted = match &mut self.next {
            Some(next) => {
                let drawn = geometry(&next.rows, self.viewport).drawn(next.scroll_top, OVERSCAN);
                next.rows.want(drawn)
            }
            None => self.shown.want(drawn),
        };
        self.under_way += wanted.len() as u32;
        wanted
    }

    /// Takes in the answer to a request for rows from `start` on; `None` if it failed.
    pub fn take(&mut self, start: u32, answer: Option<Rows>) -> Taken {
        self.under_way = self.under_way.saturating_sub(1);
        let Some(answer) = answer else {
            self.give_up(start);
            return Taken::Nothing;
        };
        let generation = answer.generation;
        if let Some(next) = self.next.as_mut().filter(|next| next.rows.generation() == generation) {
            next.rows.put(answer);
            return self.swap_if_ready();
        }
        if generation == self.shown.generation() {
            return if self.shown.put(answer) { Taken::Drawn } else { Taken::Nothing };
        }
        self.give_up(start);
        if generation > self.newest() { Taken::Stale } else { Taken::Nothing }
    }

    fn give_up(&mut self, start: u32) {
        self.shown.give_up(start);
        if let Some(next) = &mut self.next {
            next.rows.give_up(start);
        }
    }

    fn swap_if_ready(&mut self) -> Taken {
        let viewport = self.viewport;
        let ready = |next: &mut Next| next.rows.has(geometry(&next.rows, viewport).visible(next.scroll_top));
        let Some(next) = self.next.take_if(ready) else { return Taken::Nothing };
        self.shown = next.rows;
        self.focus = next.focus;
        let before = std::mem::replace(&mut self.scroll_top, next.scroll_top);
        Taken::Swapped((before != self.scroll_top).then_some(self.scroll_top))
    }
}

fn geometry(rows: &RowCache, viewport: f64) -> Geometry {
    Geometry { rows: rows.len(), row_height: ROW_HEIGHT, viewport }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::row_cache::CHUNK, app::tree_samples};

    fn view(generation: u32, rows: u32) -> View {
        View { generation, rows, matches: rows, image: 0, upto: 0 }
    }

    fn answer(generation: u32, start: u32) -> Option<Rows> {
        Some(Rows {
            generation,
            start,
            rows: (start..start + CHUNK).map(|at| tree_samples::row(&format!("n{at}"))).collect(),
        })
    }

    /// A tree with its first rows here.
    fn tree(rows: u32) -> TreeModel {
        let mut tree = TreeModel::default();
        tree.resize(520.0);
        tree.show(&view(1, rows), Anchor::Top);
        for start in tree.wanted() {
            tree.take(start, answer(1, start));
        }
        assert_eq!(tree.generation(), 1);
        tree
    }

    #[test]
    fn the_rows_shown_stay_until_those_of_the_next_view_are_here() {
        let mut tree = tree(10_000);
        assert_eq!(tree.show(&view(2, 500), Anchor::Keep), Taken::Nothing);
        assert_eq!((tree.generation(), tree.len()), (1, 10_000));
        assert_eq!(tree.wanted(), [0]);
        assert_eq!(tree.take(0, answer(2, 0)), Taken::Swapped(None));
        assert_eq!((tree.generation(), tree.len()), (2, 500));
    }

    #[test]
    fn an_empty_view_is_shown_at_once() {
        let mut tree = tree(10_000);
        tree.scroll(50.0);
        assert_eq!(tree.show(&view(2, 0), Anchor::Top), Taken::Swapped(Some(0.0)));
        assert!(tree.is_empty());
        assert_eq!(tree.focus(), 0);
    }

    #[test]
    fn the_focused_row_stays_where_it_is_on_the_screen() {
        let mut tree = tree(10_000);
        assert_eq!(tree.move_focus(5), None);
        // Seven rows come in above it.
        tree.show(&view(2, 10_007), Anchor::Row(12));
        for start in tree.wanted() {
            tree.take(start, answer(2, start));
        }
        assert_eq!(tree.focus(), 12);
        assert_eq!(tree.scroll_top(), 7.0 * ROW_HEIGHT);
        // One out of view is brought to the middle.
        tree.scroll(100_000.0);
        tree.show(&view(2, 10_007), Anchor::Row(5_000));
        for start in tree.wanted() {
            tree.take(start, answer(2, start));
        }
        assert_eq!(tree.geometry().visible(tree.scroll_top()), 4_990..5_011);
        // Unless the reader is looking at something else.
        tree.scroll(200_000.0);
        tree.show(&view(3, 10_007), Anchor::Quietly(70));
        for start in tree.wanted() {
            tree.take(start, answer(3, start));
        }
        assert_eq!((tree.generation(), tree.focus(), tree.scroll_top()), (3, 70, 200_000.0));
    }

    #[test]
    fn answers_of_older_views_are_dropped_and_newer_ones_noticed() {
        let mut tree = tree(10_000);
        tree.scroll(50_000.0);
        let wanted = tree.wanted();
        assert_eq!(tree.take(wanted[0], answer(0, wanted[0])), Taken::Nothing);
        assert_eq!(tree.wanted(), wanted[..1], "what was dropped is asked for again");
        assert_eq!(tree.take(wanted[0], answer(9, wanted[0])), Taken::Stale);
        assert_eq!(tree.take(wanted[0], None), Taken::Nothing);
    }

    #[test]
    fn a_fast_scroll_does_not_ask_for_all_it_passes() {
        let mut tree = tree(1_000_000);
        let mut asked = 0;
        for step in 1..100 {
            tree.scroll(f64::from(step) * 50_000.0);
            asked += tree.wanted().len();
        }
        assert!(asked <= 8, "{asked}");
        // When answers come, what is seen now is asked for.
        tree.take(0, None);
        tree.take(0, None);
        tree.take(0, None);
        let wanted = tree.wanted();
        assert!(
            wanted.iter().any(|start| (*start..start + CHUNK).contains(&tree.drawn().start)),
            "{wanted:?}"
        );
    }

    #[test]
    fn focus_that_moves_out_of_view_scrolls() {
        let mut tree = tree(10_000);
        assert_eq!(tree.move_focus(20), Some(ROW_HEIGHT));
        assert_eq!(tree.move_focus(u32::MAX), Some(10_000.0 * ROW_HEIGHT - 520.0));
        assert_eq!(tree.focus(), 9_999);
    }
}
