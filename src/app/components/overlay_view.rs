//! One directory as an overlay: lower, upper and merged side by side, and the upper layer's own tar entries.
//!
//! The three columns are tables with a row for every name in each, so that a name stands on one line across all
//! three. They have one Tab stop together: arrow keys move over the names.

use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice};
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::{kind_icon::kind_icon, mark};
use crate::{
    app::{
        dom, format, hue,
        i18n::{Words, use_words},
        mode,
        text::{self, Breaks},
    },
    overlay::Mark,
    worker::protocol::{Facts, Kind, Node, Overlay, OverlayEntry, OverlayName},
};

/// Names shown before the reader asks for all.
const NAMES: usize = 400;

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The layers below.
    Lower,
    /// The layer itself.
    Upper,
    /// Both together.
    Merged,
}

impl Column {
    const ALL: [Self; 3] = [Self::Lower, Self::Upper, Self::Merged];

    fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Merged => "merged",
        }
    }
}

/// What stands in a column for a name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell<'a> {
    /// It is there, and comes from this layer.
    Here(u32, &'a Facts),
    /// The upper layer's whiteout of it.
    Whiteout,
    /// It was below and is no more.
    Gone(Mark),
    /// It is not there.
    Absent,
}

fn cell(name: &OverlayName, column: Column, upper: u32) -> Cell<'_> {
    let here = |found: &'_ Option<(u32, Facts)>| found.is_some();
    match column {
        Column::Lower => name.lower.as_ref().map_or(Cell::Absent, |(layer, facts)| Cell::Here(*layer, facts)),
        Column::Upper => match &name.upper {
            Some(facts) if facts.kind == Kind::Whiteout => Cell::Whiteout,
            Some(facts) => Cell::Here(upper, facts),
            None => Cell::Absent,
        },
        Column::Merged => match &name.merged {
            Some((layer, facts)) => Cell::Here(*layer, facts),
            None if here(&name.lower) => Cell::Gone(name.mark.unwrap_or(Mark::Hidden)),
            None => Cell::Absent,
        },
    }
}

/// The names to show: all, or those that the layer does something to.
pub fn names(overlay: &Overlay, only_changes: bool) -> Vec<&OverlayName> {
    overlay.names.iter().filter(|name| !only_changes || name.mark.is_some() || name.upper.is_some()).collect()
}

/// Whether the name is a directory in some column: it can be entered.
fn is_dir(name: &OverlayName) -> bool {
    let kinds = [
        name.merged.as_ref().map(|(_, facts)| facts.kind),
        name.upper.as_ref().map(|facts| facts.kind),
        name.lower.as_ref().map(|(_, facts)| facts.kind),
    ];
    kinds.contains(&Some(Kind::Dir))
}

/// The name that has the focus in the next directory.
#[derive(Debug, Clone, PartialEq)]
enum NextFocus {
    /// The first.
    First,
    /// This one: the directory that the reader comes from.
    On(BString),
}

/// The element of a name in a column.
fn id(column: Column, row: usize) -> String {
    format!("overlay-{}-{row}", column.name())
}

/// Properties of [`OverlayTable`].
#[derive(Clone, PartialEq, Properties)]
pub struct OverlayTableProps {
    /// The directory.
    pub overlay: Rc<Overlay>,
    /// The upper layer.
    pub layer: u32,
    /// The path whose details are shown.
    pub selected: Option<Node>,
    /// Only what the layer touches is shown.
    pub only_changes: bool,
    /// The reader goes into a directory.
    pub on_enter: Callback<(Node, BString)>,
    /// The reader selects a path.
    pub on_select: Callback<Node>,
    /// The reader goes to the parent directory.
    pub on_up: Callback<()>,
}

/// The three columns and the tar's entries.
#[component]
pub fn OverlayTable(props: &OverlayTableProps) -> Html {
    let all = use_words();
    let words = &all.overlay;
    let OverlayTableProps { overlay, layer, .. } = props;
    let active = use_state_eq(|| (Column::Merged, 0usize));
    let show_all = use_state_eq(|| false);
    // Where the focus goes in the next directory, if the reader went there from a name.
    let next_focus = use_mut_ref(|| None::<NextFocus>);
    use_effect_with((Rc::clone(overlay), *layer, props.only_changes), {
        let (active, show_all, next_focus) = (active.setter(), show_all.setter(), Rc::clone(&next_focus));
        move |(overlay, layer, only_changes)| {
            let shown = names(overlay, *only_changes);
            let next = next_focus.take();
            let row = match &next {
                Some(NextFocus::On(name)) => shown.iter().position(|shown| shown.name == *name).unwrap_or(0),
                _ => 0,
            };
            let stop = tab_stop(&shown, *layer, (Column::Merged, row));
            active.set(stop.unwrap_or((Column::Merged, 0)));
            show_all.set(row >= NAMES);
            if let (Some((column, row)), Some(_)) = (stop, next) {
                dom::focus(&id(column, row));
            }
        }
    });
    let on_enter = {
        let next_focus = Rc::clone(&next_focus);
        props.on_enter.reform(move |place| {
            *next_focus.borrow_mut() = Some(NextFocus::First);
            place
        })
    };

    let mut shown = names(overlay, props.only_changes);
    let total = shown.len();
    if !*show_all {
        shown.truncate(NAMES);
    }
    let tab_stop = tab_stop(&shown, *layer, *active);
    let onkeydown = {
        let (props, active, show_all) = (props.clone(), active.clone(), *show_all);
        let (on_enter, next_focus) = (on_enter.clone(), Rc::clone(&next_focus));
        Callback::from(move |event: KeyboardEvent| {
            if event.ctrl_key() || event.alt_key() || event.meta_key() {
                return;
            }
            let mut shown = names(&props.overlay, props.only_changes);
            if !show_all {
                shown.truncate(NAMES);
            }
            let Some((column, row)) = self::tab_stop(&shown, props.layer, *active) else { return };
            let to = match event.key().as_str() {
                "ArrowDown" => row.saturating_add(1),
                "ArrowUp" => row.saturating_sub(1),
                "Home" => 0,
                "End" => usize::MAX,
                "ArrowRight" if is_dir(shown[row]) => {
                    event.prevent_default();
                    return on_enter.emit((shown[row].node, child(&props.overlay, shown[row])));
                }
                "ArrowLeft" | "Backspace" if props.overlay.parent.is_some() => {
                    event.prevent_default();
                    let here = props.overlay.path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
                    *next_focus.borrow_mut() = Some(NextFocus::On(here.into()));
                    return props.on_up.emit(());
                }
                _ => return,
            };
            event.prevent_default();
            if let Some((column, row)) =
                self::tab_stop(&shown, props.layer, (column, to.min(shown.len() - 1)))
            {
                active.set((column, row));
                dom::focus(&id(column, row));
            }
        })
    };
    let more = {
        let show_all = show_all.setter();
        Callback::from(move |_: MouseEvent| show_all.set(true))
    };
    let props = OverlayTableProps { on_enter, ..props.clone() };
    let columns = Column::ALL.into_iter().map(|column| table(column, &shown, tab_stop, &props, all));
    html! {
        <>
            <div class="overlay-columns" {onkeydown}>
                if overlay.opaque {
                    <p class={classes!("overlay-opaque", hue::classes(*layer))}>{(words.opaque)(hue::number(*layer))}</p>
                }
                { for columns }
                if total == 0 {
                    <p class="blank">{words.empty}</p>
                }
                if shown.len() < total {
                    <button class="overlay-more" onclick={more}>
                        {(words.more_names)(&format::number(all.lang, (total - shown.len()) as u64))}
                    </button>
                }
            </div>
            {entries(&overlay.entries, *layer, all)}
        </>
    }
}

/// The path of a name in the directory.
fn child(overlay: &Overlay, name: &OverlayName) -> BString {
    let mut path = overlay.path.clone();
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(&name.name);
    path
}

/// The name that Tab reaches: the one wanted, in a column where it has something to press.
fn tab_stop(shown: &[&OverlayName], layer: u32, (column, row): (Column, usize)) -> Option<(Column, usize)> {
    let row = row.min(shown.len().checked_sub(1)?);
    let has = |column: &Column| matches!(cell(shown[row], *column, layer), Cell::Here(..));
    let column = [column, Column::Merged, Column::Upper, Column::Lower].into_iter().find(has)?;
    Some((column, row))
}

fn table(
    column: Column,
    shown: &[&OverlayName],
    tab_stop: Option<(Column, usize)>,
    props: &OverlayTableProps,
    all: &'static Words,
) -> Html {
    let words = &all.overlay;
    let layer = props.layer;
    let number = hue::number(layer);
    let (title, hint) = match column {
        Column::Lower if layer == 0 => (words.lower, words.no_lower.to_owned()),
        Column::Lower => (words.lower, (words.lower_hint)(number - 1)),
        Column::Upper => (words.upper, (words.upper_hint)(number)),
        Column::Merged => (words.merged, (words.merged_hint)(number)),
    };
    let rows = shown.iter().enumerate().map(|(row, name)| {
        let is_stop = tab_stop == Some((column, row));
        line(column, row, name, is_stop, props, all)
    });
    let name = column.name();
    let from = if column == Column::Upper { all.files.column_change } else { all.files.column_layer };
    html! {
        <table class={classes!("overlay-column", format!("overlay-{name}"))} data-testid={format!("overlay-{name}")}>
            <caption>
                <strong>{title}</strong>{" "}
                if column == Column::Upper { <span class={classes!("swatch", hue::classes(layer))} aria-hidden="true"><b>{number}</b></span>{" "} }
                <span class="muted">{hint}</span>
            </caption>
            <colgroup><col /><col class="col-size" /><col class="col-from" /></colgroup>
            <thead>
                <tr>
                    <th scope="col"><span class="sr-only">{words.name}</span></th>
                    <th scope="col"><span class="sr-only">{all.files.column_size}</span></th>
                    <th scope="col"><span class="sr-only">{from}</span></th>
                </tr>
            </thead>
            <tbody>{ for rows }</tbody>
        </table>
    }
}

fn line(
    column: Column,
    row: usize,
    name: &OverlayName,
    is_stop: bool,
    props: &OverlayTableProps,
    all: &'static Words,
) -> Html {
    let words = &all.overlay;
    let shown_name = text::visible(&name.name);
    let selected = (props.selected == Some(name.node)).then_some("selected");
    match cell(name, column, props.layer) {
        Cell::Absent => html! {
            <tr class={classes!("absent", selected)}><td colspan="3"><span class="sr-only">{text::bdi(name.name.as_bstr(), Breaks::Escape)}{": "}{words.absent}</span></td></tr>
        },
        Cell::Whiteout => html! {
            <tr class={classes!("taken", hue::classes(props.layer), selected)} data-name={shown_name.clone()}>
                <th scope="row">{kind_icon(Kind::Whiteout)}<del>{text::bdi(name.name.as_bstr(), Breaks::Escape)}</del></th>
                <td colspan="2" class="overlay-mark mark-deleted" title={words.whiteout}><b class="mark" aria-hidden="true">{mark::glyph(Mark::Deleted)}</b><span class="word">{words.whiteout}</span></td>
            </tr>
        },
        Cell::Gone(by) => html! {
            <tr class={classes!("gone-row", selected)} data-name={shown_name.clone()}>
                <th scope="row"><span class="kind-space"></span><del>{text::bdi(name.name.as_bstr(), Breaks::Escape)}</del></th>
                <td colspan="2" class={classes!("overlay-mark", mark::class(by))}>
                    <b class="mark" aria-hidden="true">{mark::glyph(by)}</b><span class="word">{if by == Mark::Deleted { words.deleted } else { words.hidden }}</span>
                </td>
            </tr>
        },
        Cell::Here(from, facts) => html! {
            <tr class={classes!("here", hue::classes(from), selected)} data-name={shown_name.clone()}>
                <th scope="row">
                    <span class="overlay-cell">{kind_icon(facts.kind)}{press(column, row, name, facts, is_stop, props, &shown_name, words)}{link(facts)}</span>
                </th>
                <td class="num" title={format!("{} · {}", format::exact_bytes(all.lang, facts.size), mode::text(facts.kind, facts.mode))}>
                    {if facts.kind == Kind::File { format::size(all.lang, facts.size) } else { String::new() }}
                </td>
                {origin(column, from, name.mark, all)}
            </tr>
        },
    }
}

/// The button that a name is: it opens a directory, and selects anything else.
#[expect(clippy::too_many_arguments, reason = "a piece of the line above, which has all of them at hand")]
fn press(
    column: Column,
    row: usize,
    name: &OverlayName,
    facts: &Facts,
    is_stop: bool,
    props: &OverlayTableProps,
    shown_name: &str,
    words: &crate::app::i18n::overlay::OverlayWords,
) -> Html {
    let is_dir = facts.kind == Kind::Dir;
    let node = name.node;
    let onclick = if is_dir {
        let path = child(&props.overlay, name);
        props.on_enter.reform(move |_: MouseEvent| (node, path.clone()))
    } else {
        props.on_select.reform(move |_: MouseEvent| node)
    };
    html! {
        <button class="overlay-name" id={id(column, row)} tabindex={if is_stop { "0" } else { "-1" }}
            title={is_dir.then(|| (words.enter)(shown_name))} {onclick}>
            {text::bdi(name.name.as_bstr(), Breaks::Escape)}
            if is_dir { <span class="muted">{"/"}</span> }
        </button>
    }
}

fn link(facts: &Facts) -> Html {
    let Some(target) = &facts.link else { return Html::default() };
    html! { <span class="link-target" title={text::visible(target)}>{" → "}{text::bdi(target.as_bstr(), Breaks::Escape)}</span> }
}

/// Where a name comes from; in the upper column, what it does there.
fn origin(column: Column, from: u32, what: Option<Mark>, all: &Words) -> Html {
    match (column, what) {
        (Column::Upper, Some(what)) => {
            let word = (all.files.mark)(what);
            html! {
                <td class={classes!("overlay-mark", mark::class(what))} title={word}>
                    <b class="mark" aria-hidden="true">{mark::glyph(what)}</b><span class="word">{word}</span>
                </td>
            }
        }
        (Column::Upper, None) => html! { <td></td> },
        _ => html! {
            <td class="overlay-from">
                <span class={classes!("swatch", hue::classes(from))} title={(all.overlay.from_layer)(hue::number(from))}><b>{hue::number(from)}</b></span>
            </td>
        },
    }
}

/// The tar's own entries, whiteouts and opaque marks as they are.
fn entries(entries: &[OverlayEntry], layer: u32, all: &Words) -> Html {
    let words = &all.overlay;
    let rows = entries.iter().map(|entry| {
        let kind = entry.facts.kind;
        let does = match kind {
            Kind::Whiteout => (words.entry_whiteout)(&text::visible(hidden_name(entry.path.as_bstr()))),
            Kind::Opaque => words.entry_opaque.to_owned(),
            _ => String::new(),
        };
        let class = matches!(kind, Kind::Whiteout | Kind::Opaque).then_some("overlay-marker");
        html! {
            <tr {class}>
                <td class="num mono muted">{format!("{:#x}", entry.header_offset)}</td>
                <th scope="row" class="mono">
                    {kind_icon(kind)}{text::bdi(entry.path.as_bstr(), Breaks::Escape)}
                    if !does.is_empty() { <span class="overlay-does">{does}</span> }
                </th>
                <td>{(all.files.kind)(kind)}</td>
                <td class="mono">{mode::octal(entry.facts.mode)}</td>
                <td class="mono">{entry.facts.uid}{":"}{entry.facts.gid}</td>
                <td class="num">{if kind == Kind::File { format::size(all.lang, entry.facts.size) } else { String::new() }}</td>
            </tr>
        }
    });
    html! {
        <section class={classes!("overlay-entries", hue::classes(layer))} data-testid="overlay-entries">
            <h3>
                <span class={classes!("swatch", hue::classes(layer))} aria-hidden="true"><b>{hue::number(layer)}</b></span>
                {(words.entries_title)(hue::number(layer))}
            </h3>
            if entries.is_empty() {
                <p class="muted">{words.no_entries}</p>
            } else {
                <div class="overlay-entries-scroll" tabindex="0" role="region" aria-label={(words.entries_title)(hue::number(layer))}>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col" class="num">{words.entry_offset}</th>
                                <th scope="col">{words.entry_path}</th>
                                <th scope="col">{words.entry_kind}</th>
                                <th scope="col">{all.files.column_mode}</th>
                                <th scope="col">{all.files.column_owner}</th>
                                <th scope="col" class="num">{all.files.column_size}</th>
                            </tr>
                        </thead>
                        <tbody>{ for rows }</tbody>
                    </table>
                </div>
            }
        </section>
    }
}

/// The name that a whiteout deletes: its own, less `.wh.` (OCI image spec, layer.md, "Whiteouts").
fn hidden_name(path: &BStr) -> &[u8] {
    let name = path.trim_end_with(|char| char == '/').rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    name.strip_prefix(b".wh.").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tree_samples;

    fn name(
        name: &str,
        lower: bool,
        upper: Option<Kind>,
        merged: Option<u32>,
        mark: Option<Mark>,
    ) -> OverlayName {
        OverlayName {
            node: Node(name.len() as u32),
            name: name.into(),
            lower: lower.then(|| (0, tree_samples::file(10))),
            upper: upper.map(|kind| Facts { kind, ..tree_samples::file(20) }),
            merged: merged.map(|layer| (layer, tree_samples::file(20))),
            mark,
        }
    }

    fn overlay() -> Overlay {
        let entry = |path: &str, kind: Kind| OverlayEntry {
            path: path.into(),
            header_offset: 1_024,
            facts: Facts { kind, ..tree_samples::file(20) },
        };
        Overlay {
            path: "etc".into(),
            parent: Some(Node::ROOT),
            names: vec![
                name("kept", true, None, Some(0), None),
                name("new.conf", false, Some(Kind::File), Some(2), Some(Mark::Added)),
                name("secret", true, Some(Kind::Whiteout), None, Some(Mark::Deleted)),
            ],
            entries: vec![entry("./etc/.wh.secret", Kind::Whiteout), entry("etc/new.conf", Kind::File)],
            opaque: false,
        }
    }

    #[test]
    fn each_column_shows_what_it_holds() {
        let overlay = overlay();
        let cells = |row: usize| Column::ALL.map(|column| cell(&overlay.names[row], column, 2));
        assert!(matches!(cells(0), [Cell::Here(0, _), Cell::Absent, Cell::Here(0, _)]));
        assert!(matches!(cells(1), [Cell::Absent, Cell::Here(2, _), Cell::Here(2, _)]));
        assert!(matches!(cells(2), [Cell::Here(0, _), Cell::Whiteout, Cell::Gone(Mark::Deleted)]));
    }

    #[test]
    fn tab_reaches_a_name_where_there_is_something_to_press() {
        let overlay = overlay();
        let shown = names(&overlay, false);
        assert_eq!(tab_stop(&shown, 2, (Column::Merged, 0)), Some((Column::Merged, 0)));
        assert_eq!(tab_stop(&shown, 2, (Column::Merged, 99)), Some((Column::Lower, 2)));
        assert_eq!(tab_stop(&shown, 2, (Column::Lower, 1)), Some((Column::Merged, 1)));
        assert_eq!(tab_stop(&[], 2, (Column::Lower, 1)), None);
    }

    #[test]
    fn only_what_the_layer_touches_can_be_shown() {
        let overlay = overlay();
        let shown: Vec<_> = names(&overlay, true).iter().map(|name| name.name.to_string()).collect();
        assert_eq!(shown, ["new.conf", "secret"]);
        assert_eq!(hidden_name("./etc/.wh.secret".into()), b"secret");
        assert_eq!(child(&overlay, &overlay.names[0]), "etc/kept");
    }

    #[cfg(feature = "ssr")]
    mod rendered {
        use super::*;
        use crate::app::i18n::Lang;

        fn shown(lang: Lang) -> String {
            tree_samples::render(
                lang,
                html! {
                    <OverlayTable overlay={Rc::new(overlay())} layer={2} selected={None::<Node>} only_changes={false}
                        on_enter={Callback::noop()} on_select={Callback::noop()} on_up={Callback::noop()} />
                },
            )
        }

        #[test]
        fn every_name_has_a_line_in_each_of_three_tables() {
            let html = shown(Lang::En);
            for column in Column::ALL {
                let start = html.find(&format!("data-testid=\"overlay-{}\"", column.name())).unwrap();
                let table = &html[start..start + html[start..].find("</table>").unwrap()];
                // One line for the heads, three for the names.
                assert_eq!(table.matches("<tr").count(), 4, "{table}");
            }
            let stops = html.matches("tabindex=\"0\" class=\"overlay-name\"").count();
            assert_eq!(stops, 1, "the columns have one Tab stop: {html}");
        }

        #[test]
        fn the_tar_shows_its_whiteouts_as_they_are_in_both_languages() {
            let html = shown(Lang::En);
            let entries = &html[html.find("data-testid=\"overlay-entries\"").unwrap()..];
            assert!(entries.contains("./etc/.wh.secret"), "{entries}");
            assert!(entries.contains("deletes secret of the layers below"), "{entries}");
            assert!(html.contains("layers 1–2 merged"), "{html}");
            let html = shown(Lang::Zh);
            for wanted in ["下层", "上层", "合并视图", "删除标记（whiteout）", "删除下层的 secret"]
            {
                assert!(html.contains(wanted), "{wanted}");
            }
        }
    }
}
