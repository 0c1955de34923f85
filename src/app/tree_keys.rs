//! What a key does in the tree: the WAI-ARIA tree pattern and dive's keys, as a pure function.

use std::ops::Range;

/// A key that the tree knows, by `KeyboardEvent.key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Enter.
    Enter,
    /// The space bar.
    Space,
    /// A character that stands in names.
    Char(char),
}

impl Key {
    /// Reads `KeyboardEvent.key`; `None` for keys that are none of the tree's.
    pub fn parse(key: &str) -> Option<Self> {
        Some(match key {
            "ArrowUp" => Self::Up,
            "ArrowDown" => Self::Down,
            "ArrowLeft" => Self::Left,
            "ArrowRight" => Self::Right,
            "Home" => Self::Home,
            "End" => Self::End,
            "PageUp" => Self::PageUp,
            "PageDown" => Self::PageDown,
            "Enter" => Self::Enter,
            " " => Self::Space,
            _ => {
                let mut chars = key.chars();
                match (chars.next(), chars.next()) {
                    (Some(char), None) => Self::Char(char),
                    _ => return None,
                }
            }
        })
    }
}

/// Where the focus is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The row that has the focus.
    pub row: u32,
    /// How many rows there are.
    pub rows: u32,
    /// How many rows a page key moves.
    pub page: u32,
    /// The row of its parent directory.
    pub parent: Option<u32>,
    /// `Some(true)` for an expanded directory, `Some(false)` for a collapsed one.
    pub expanded: Option<bool>,
}

/// What the tree then does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The focus moves to a row, and selects it.
    Focus(u32),
    /// The focused directory is expanded.
    Open,
    /// The focused directory is collapsed.
    Close,
    /// The focus stays; the focused row is selected, and the view of it gets the focus.
    Activate,
    /// The focus goes to the next name that begins with what was typed.
    Find,
}

/// What `key` does at `place`; `None` if it is left to the browser and the page's own keys.
///
/// `typing` says that a name is being typed: then all characters belong to it. Otherwise the page's single-letter
/// keys come first, and shift makes a letter begin a name.
pub fn respond(key: Key, place: Place, typing: bool) -> Option<Action> {
    let last = place.rows.checked_sub(1)?;
    let to = |row: u32| Some(Action::Focus(row.min(last)));
    match key {
        Key::Up => to(place.row.saturating_sub(1)),
        Key::Down => to(place.row.saturating_add(1)),
        Key::Home => to(0),
        Key::End => to(last),
        Key::PageUp => to(place.row.saturating_sub(place.page)),
        Key::PageDown => to(place.row.saturating_add(place.page)),
        Key::Right => match place.expanded {
            Some(false) => Some(Action::Open),
            Some(true) => to(place.row.saturating_add(1)),
            None => None,
        },
        Key::Left => match (place.expanded, place.parent) {
            (Some(true), _) => Some(Action::Close),
            (_, Some(parent)) => to(parent),
            (_, None) => None,
        },
        Key::Enter => Some(Action::Activate),
        Key::Space if typing => Some(Action::Find),
        Key::Space => Some(match place.expanded {
            Some(true) => Action::Close,
            Some(false) => Action::Open,
            None => Action::Activate,
        }),
        Key::Char(char) if typing || begins_name(char) => Some(Action::Find),
        Key::Char(_) => None,
    }
}

/// Whether a character begins to type a name at once: all that are no key of the page.
fn begins_name(char: char) -> bool {
    !char.is_control() && !PAGE_KEYS.contains(char)
}

/// The characters that are keys of the page when no name is being typed.
pub const PAGE_KEYS: &str = "/?[]*12345admuhcseo";

/// A name being typed: forgotten when it is not gone on with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Typed {
    text: String,
    at: f64,
}

impl Typed {
    /// Milliseconds after which the next character begins anew.
    pub const PAUSE: f64 = 900.0;

    /// Whether a name is being typed at the time `now`, in milliseconds.
    pub fn is_open(&self, now: f64) -> bool {
        !self.text.is_empty() && now - self.at < Self::PAUSE
    }

    /// Adds a character at the time `now`, and returns the text to find.
    pub fn push(&mut self, char: char, now: f64) -> &str {
        if !self.is_open(now) {
            self.text.clear();
        }
        self.at = now;
        self.text.extend(char.to_lowercase());
        &self.text
    }
}

/// Where to look for `typed` from row `row` on, in order: a single letter (or the same one again and again) goes
/// on to the next row, more letters may find the row where one is.
pub fn search_order(typed: &str, row: u32, rows: u32) -> [Range<u32>; 2] {
    let from = if is_one_letter(typed) { row.saturating_add(1) } else { row }.min(rows);
    [from..rows, 0..from]
}

/// Whether a name begins with what was typed, in any case; the same letter typed again and again stands for one.
pub fn matches(name: &[u8], typed: &str) -> bool {
    let wanted = if is_one_letter(typed) { typed.chars().take(1).collect() } else { typed.to_owned() };
    let mut name = String::from_utf8_lossy(name).to_lowercase();
    name.truncate(name.floor_char_boundary(wanted.len()));
    name == wanted
}

fn is_one_letter(typed: &str) -> bool {
    let mut chars = typed.chars();
    let first = chars.next();
    chars.all(|char| Some(char) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { row: 10, rows: 100, page: 20, parent: Some(4), expanded: None };

    fn at(place: Place, key: &str) -> Option<Action> {
        respond(Key::parse(key).unwrap(), place, false)
    }

    #[test]
    fn arrows_and_pages_stay_within_the_rows() {
        assert_eq!(at(PLACE, "ArrowDown"), Some(Action::Focus(11)));
        assert_eq!(at(PLACE, "ArrowUp"), Some(Action::Focus(9)));
        assert_eq!(at(PLACE, "PageUp"), Some(Action::Focus(0)));
        assert_eq!(at(PLACE, "PageDown"), Some(Action::Focus(30)));
        assert_eq!(at(PLACE, "Home"), Some(Action::Focus(0)));
        assert_eq!(at(PLACE, "End"), Some(Action::Focus(99)));
        assert_eq!(at(Place { row: 99, ..PLACE }, "ArrowDown"), Some(Action::Focus(99)));
        assert_eq!(at(Place { rows: 0, ..PLACE }, "ArrowDown"), None);
    }

    #[test]
    fn left_and_right_follow_the_tree_pattern() {
        let closed = Place { expanded: Some(false), ..PLACE };
        let open = Place { expanded: Some(true), ..PLACE };
        assert_eq!(at(closed, "ArrowRight"), Some(Action::Open));
        assert_eq!(at(open, "ArrowRight"), Some(Action::Focus(11)));
        assert_eq!(at(PLACE, "ArrowRight"), None);
        assert_eq!(at(open, "ArrowLeft"), Some(Action::Close));
        assert_eq!(at(closed, "ArrowLeft"), Some(Action::Focus(4)));
        assert_eq!(at(PLACE, "ArrowLeft"), Some(Action::Focus(4)));
        assert_eq!(at(Place { parent: None, ..PLACE }, "ArrowLeft"), None);
    }

    #[test]
    fn space_toggles_and_enter_activates() {
        assert_eq!(at(Place { expanded: Some(false), ..PLACE }, " "), Some(Action::Open));
        assert_eq!(at(Place { expanded: Some(true), ..PLACE }, " "), Some(Action::Close));
        assert_eq!(at(PLACE, " "), Some(Action::Activate));
        assert_eq!(at(Place { expanded: Some(true), ..PLACE }, "Enter"), Some(Action::Activate));
    }

    #[test]
    fn the_keys_of_the_page_begin_no_name_but_go_on_with_one() {
        assert_eq!(at(PLACE, "a"), None);
        assert_eq!(at(PLACE, "A"), Some(Action::Find));
        assert_eq!(at(PLACE, "n"), Some(Action::Find));
        assert_eq!(at(PLACE, "/"), None);
        assert_eq!(respond(Key::Char('a'), PLACE, true), Some(Action::Find));
        assert_eq!(Key::parse("Tab"), None);
        assert_eq!(Key::parse("Dead"), None);
    }

    #[test]
    fn typed_letters_make_a_name_until_a_pause() {
        let mut typed = Typed::default();
        assert!(!typed.is_open(0.0));
        assert_eq!(typed.push('E', 0.0), "e");
        assert!(typed.is_open(500.0));
        assert_eq!(typed.push('t', 500.0), "et");
        assert_eq!(typed.push('u', 2_000.0), "u");
    }

    #[test]
    fn the_same_letter_again_goes_on_to_the_next_name() {
        assert_eq!(search_order("e", 5, 10), [6..10, 0..6]);
        assert_eq!(search_order("ee", 5, 10), [6..10, 0..6]);
        assert_eq!(search_order("et", 5, 10), [5..10, 0..5]);
        assert_eq!(search_order("e", 9, 10), [10..10, 0..10]);
        assert!(matches(b"Etc", "ee"));
        assert!(matches(b"ETC", "et"));
        assert!(!matches(b"bin", "e"));
        assert!(!matches(b"\xff\xfe", "e"));
        assert!(matches("层".as_bytes(), "层"));
    }
}
