//! The steps of operations, as sentences and as pictures of the stack.

use bstr::ByteSlice;

use crate::{
    app::{
        format, hue,
        i18n::{Words, container::Copied},
        story,
    },
    container::{Answer, Place, Step},
    worker::containers::Frame,
};

/// Most steps shown of one command; `rm -r` may come to many.
pub const STEPS: usize = 300;

/// One step, and the operation it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn<'f> {
    /// The operation.
    pub frame: &'f Frame,
    /// Whether it is the operation's first step.
    pub is_first: bool,
    /// Whether it is its last.
    pub is_last: bool,
    /// The step; `None` for an operation that came to none.
    pub step: Option<&'f Step>,
    /// For what is copied up: the layer that had it when it was looked up before.
    pub source: Option<u32>,
}

/// The steps of operations one after the other, at most [`STEPS`] of them, and how many there are in all.
pub fn turns(frames: &[Frame]) -> (Vec<Turn<'_>>, usize) {
    let total = frames.iter().map(|frame| frame.trace.steps.len().max(1)).sum();
    let all = frames.iter().flat_map(|frame| {
        let steps = &frame.trace.steps;
        let none = Turn { frame, is_first: true, is_last: true, step: None, source: None };
        let turn = move |(place, step)| {
            let source = source(&steps[..place], step);
            Turn { frame, is_first: place == 0, is_last: place + 1 == steps.len(), step: Some(step), source }
        };
        steps.iter().enumerate().map(turn).chain(steps.is_empty().then_some(none))
    });
    (all.take(STEPS).collect(), total)
}

/// The layer that what is copied up comes from, as the latest lookup of it before says.
fn source(before: &[Step], step: &Step) -> Option<u32> {
    let Step::CopyUp { path: copied, .. } = step else { return None };
    before.iter().rev().find_map(|step| match step {
        Step::Lookup { path, asked } if path == copied => {
            asked.iter().find_map(|(place, answer)| match (place, answer) {
                (Place::Layer(layer), Answer::Has(_) | Answer::Opaque) => Some(*layer),
                _ => None,
            })
        }
        _ => None,
    })
}

/// What stands on a layer in the picture of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It has the path.
    Here,
    /// It does not, or not so that it counts.
    No,
    /// It has a whiteout.
    Whiteout,
    /// Its directory is opaque.
    Opaque,
    /// Something is written to it.
    Written,
    /// Something is copied from it.
    Source,
    /// It is not asked.
    Still,
}

impl Sign {
    /// The glyph; words stand beside the picture.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Here => "✓",
            Self::No => "·",
            Self::Whiteout => "−",
            Self::Opaque => "○",
            Self::Written => "+",
            Self::Source => "↑",
            Self::Still => "",
        }
    }

    /// The CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Here => "sign-here",
            Self::No => "sign-no",
            Self::Whiteout => "sign-whiteout",
            Self::Opaque => "sign-opaque",
            Self::Written => "sign-written",
            Self::Source => "sign-source",
            Self::Still => "sign-still",
        }
    }
}

/// A layer in the picture of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plate {
    /// The layer.
    pub layer: u32,
    /// What stands on it.
    pub sign: Sign,
}

/// The layers of a step, the container's own (`top`) first and those below it from the top down. `source` is the layer
/// that something is copied from.
pub fn picture(step: Option<&Step>, source: Option<u32>, top: u32) -> Vec<Plate> {
    let mut plates: Vec<Plate> = (0..=top).rev().map(|layer| Plate { layer, sign: Sign::Still }).collect();
    let mut put = |place: Place, sign: Sign| {
        let row = match place {
            Place::Upper => 0,
            Place::Layer(layer) => top.saturating_sub(layer) as usize,
        };
        if let Some(plate) = plates.get_mut(row) {
            plate.sign = sign;
        }
    };
    match step {
        None => {}
        Some(Step::Lookup { asked, .. }) => {
            for (place, answer) in asked {
                put(
                    *place,
                    match answer {
                        Answer::Has(_) => Sign::Here,
                        Answer::Nothing | Answer::Hidden => Sign::No,
                        Answer::Whiteout => Sign::Whiteout,
                        Answer::Opaque => Sign::Opaque,
                    },
                );
            }
        }
        Some(Step::CopyUp { .. }) => {
            put(Place::Upper, Sign::Written);
            if let Some(layer) = source {
                put(Place::Layer(layer), Sign::Source);
            }
        }
        Some(Step::Whiteout { .. }) => put(Place::Upper, Sign::Whiteout),
        Some(Step::Opaque { .. }) => put(Place::Upper, Sign::Opaque),
        Some(_) => put(Place::Upper, Sign::Written),
    }
    plates
}

/// A step in words; `source` is the layer that something is copied from.
pub fn sentence(step: &Step, source: Option<u32>, words: &Words) -> String {
    let w = &words.container;
    let shown = |path: &bstr::BString| story::shown_path(path.as_bstr());
    let source = source.map(hue::number);
    match step {
        Step::Lookup { path, asked } => {
            let answer = |(place, answer): &(Place, Answer)| {
                let layer = match place {
                    Place::Upper => None,
                    Place::Layer(layer) => Some(hue::number(*layer)),
                };
                (w.answer)(layer, *answer)
            };
            let answers: Vec<String> = asked.iter().map(answer).collect();
            (w.lookup)(&shown(path), &answers.join(w.then))
        }
        Step::CopyUp { path, kind, bytes, why } => (w.copy_up)(&Copied {
            path: &shown(path),
            layer: source,
            kind: *kind,
            why: *why,
            bytes: &format::exact_bytes(words.lang, *bytes),
        }),
        Step::Create { path, .. } => (w.create)(&shown(path)),
        Step::Write { path, bytes } => (w.write)(&shown(path), &format::exact_bytes(words.lang, *bytes)),
        Step::Change { path, what } => (w.change)(&shown(path), *what),
        Step::Whiteout { path } => (w.whiteout)(&shown(path)),
        Step::Opaque { path } => (w.opaque)(&shown(path)),
        Step::Remove { path } => (w.remove)(&shown(path)),
        Step::Move { from, to } => (w.moved)(&shown(from), &shown(to)),
        Step::Redirect { path, lower } => (w.redirect)(&shown(path), &shown(lower)),
    }
}

#[cfg(test)]
mod tests {
    use bstr::BString;

    use super::*;
    use crate::{
        app::i18n::Lang,
        container::{Trace, What, Why},
        layer::Kind,
    };

    fn path() -> BString {
        "etc/motd".into()
    }

    fn lookup() -> Step {
        let asked = vec![
            (Place::Upper, Answer::Nothing),
            (Place::Layer(2), Answer::Nothing),
            (Place::Layer(1), Answer::Has(Kind::File)),
        ];
        Step::Lookup { path: path(), asked }
    }

    fn copy_up() -> Step {
        Step::CopyUp { path: path(), kind: Kind::File, bytes: 1234, why: Why::Data }
    }

    fn signs(step: &Step, source: Option<u32>) -> Vec<(u32, Sign)> {
        picture(Some(step), source, 3).iter().map(|plate| (plate.layer, plate.sign)).collect()
    }

    fn frame(steps: Vec<Step>) -> Frame {
        Frame { call: "unlink /a".into(), remark: None, trace: Trace { steps, copied: 0 } }
    }

    #[test]
    fn a_lookup_goes_down_the_stack() {
        assert_eq!(signs(&lookup(), None), [(3, Sign::No), (2, Sign::No), (1, Sign::Here), (0, Sign::Still)]);
        assert_eq!(
            sentence(&lookup(), None, Lang::En.words()),
            "Look up /etc/motd: not in the container's layer, then not in layer 3, then found in layer 2."
        );
    }

    #[test]
    fn a_copy_comes_from_where_it_was_found() {
        let frames = [frame(vec![lookup(), copy_up()])];
        let (steps, _) = turns(&frames);
        assert_eq!(steps[1].source, Some(1));
        assert_eq!(
            signs(&copy_up(), Some(1)),
            [(3, Sign::Written), (2, Sign::Still), (1, Sign::Source), (0, Sign::Still)]
        );
        let text = sentence(&copy_up(), Some(1), Lang::En.words());
        assert!(text.contains("1,234 bytes") && text.contains("layer 2"), "{text}");
    }

    #[test]
    fn a_copy_says_why_and_how_much() {
        let said = |kind, why, bytes| {
            let step = Step::CopyUp { path: path(), kind, bytes, why };
            let both = [Lang::En, Lang::Zh].map(|lang| sentence(&step, Some(1), lang.words()));
            assert!(both.iter().all(|text| text.contains("/etc/motd")), "{both:?}");
            both
        };
        let all = [
            said(Kind::File, Why::Data, 1234),
            said(Kind::File, Why::Truncated, 0),
            said(Kind::File, Why::Metadata, 1234),
            said(Kind::File, Why::MetadataOnly, 0),
            said(Kind::File, Why::Name, 1234),
            said(Kind::File, Why::Index, 0),
            said(Kind::Symlink, Why::Metadata, 0),
            said(Kind::CharDevice, Why::Metadata, 0),
            said(Kind::Directory, Why::Parent, 0),
        ];
        for (place, both) in all.iter().enumerate() {
            // Bytes are told only where some are copied.
            let copies = matches!(place, 0 | 2 | 4);
            assert_eq!(both[0].contains("the whole file, 1,234 bytes"), copies, "{both:?}");
            assert_eq!(both[1].contains("整个文件，1,234"), copies, "{both:?}");
            for other in &all[..place] {
                assert!(both[0] != other[0] && both[1] != other[1], "{both:?}");
            }
        }
        assert!(all[1][0].contains("without its content"), "{:?}", all[1]);
        assert!(all[3][0].contains("none of its content"), "{:?}", all[3]);
    }

    #[test]
    fn a_change_says_what_of() {
        let all = [What::Mode, What::Owner, What::Time, What::Xattr, What::Size, What::Links];
        let step = |what| Step::Change { path: path(), what };
        for lang in [Lang::En, Lang::Zh] {
            let mut said = all.map(|what| sentence(&step(what), None, lang.words())).to_vec();
            said.sort_unstable();
            said.dedup();
            assert_eq!(said.len(), all.len(), "{said:?}");
        }
        let size = sentence(&step(What::Size), None, Lang::En.words());
        assert_eq!(size, "Set the length of /etc/motd in the container's layer.");
    }

    #[test]
    fn every_step_has_words_in_both_languages_and_shows_where_it_is() {
        let steps = [
            lookup(),
            copy_up(),
            Step::CopyUp { path: path(), kind: Kind::Directory, bytes: 0, why: Why::Parent },
            Step::Create { path: path(), kind: Kind::File },
            Step::Write { path: path(), bytes: 1 },
            Step::Change { path: path(), what: What::Mode },
            Step::Whiteout { path: path() },
            Step::Opaque { path: path() },
            Step::Remove { path: path() },
            Step::Move { from: path(), to: "b".into() },
            Step::Redirect { path: path(), lower: "b".into() },
        ];
        for step in steps {
            let (en, zh) = (sentence(&step, None, Lang::En.words()), sentence(&step, None, Lang::Zh.words()));
            assert!(en.contains("/etc/motd") && zh.contains("/etc/motd") && en != zh, "{en} {zh}");
            assert_ne!(signs(&step, None)[0].1, Sign::Still, "{en}");
        }
    }

    #[test]
    fn steps_are_numbered_through_and_not_without_end() {
        let frames = [frame(vec![copy_up(); 2]), frame(vec![]), frame(vec![lookup()])];
        let (all, total) = turns(&frames);
        assert_eq!((all.len(), total), (4, 4));
        assert_eq!(all.iter().map(|turn| turn.is_first).collect::<Vec<_>>(), [true, false, true, true]);
        assert_eq!(all.iter().map(|turn| turn.is_last).collect::<Vec<_>>(), [false, true, true, true]);
        let many = [frame(vec![lookup(); STEPS + 5])];
        assert_eq!((turns(&many).0.len(), turns(&many).1), (STEPS, STEPS + 5));
    }
}
