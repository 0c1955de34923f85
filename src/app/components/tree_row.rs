//! One row of the tree of files.

use std::rc::Rc;

use yew::prelude::*;

use super::{kind_icon::kind_icon, mark, strata};
use crate::{
    app::{
        format, hue,
        i18n::{Words, use_words},
        mode,
        text::{self, Breaks},
    },
    overlay::Mark,
    worker::protocol::{Change, Kind, Row},
};

/// Properties of [`TreeRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct TreeRowProps {
    /// The row; `None` while it is under way.
    pub row: Option<Rc<Row>>,
    /// Its place in the view, from 0.
    pub index: u32,
    /// Its whole path as text, once that is known.
    pub path: Option<AttrValue>,
    /// How many layers the image has.
    pub layers: u32,
    /// The topmost layer that is merged.
    pub upto: u32,
    /// Whether it is selected.
    pub selected: bool,
    /// Whether it has the tree's focus.
    pub active: bool,
}

/// The id of the element of a row.
pub fn id(index: u32) -> String {
    format!("tree-row-{index}")
}

/// One row. The tree handles its events.
#[component]
pub fn TreeRow(props: &TreeRowProps) -> Html {
    let words = use_words();
    let last = use_mut_ref(|| None::<Rc<Row>>);
    let TreeRowProps { row, index, path, layers, upto, selected, active } = props;
    let Some(row) = row else {
        // What was here stays, unseen, until the row comes: to change it is less work than to make it anew.
        let last = last.borrow();
        let cells = last.as_ref().map_or_else(Html::default, |row| cells(row, *layers, *upto, words));
        return html! { <div class="row placeholder" role="presentation" aria-hidden="true">{cells}</div> };
    };
    *last.borrow_mut() = Some(Rc::clone(row));
    let class = classes!(
        "row",
        row.ghost.is_some().then_some("ghost"),
        selected.then_some("selected"),
        active.then_some("active"),
    );
    let expanded = row.expanded.map(|expanded| expanded.to_string());
    html! {
        <div {class} id={id(*index)} role="treeitem" aria-label={describe(row, words)}
            aria-level={row.level.to_string()} aria-posinset={row.position.to_string()}
            aria-setsize={row.siblings.to_string()} aria-expanded={expanded} aria-selected={selected.to_string()}
            data-testid="row" data-row={index.to_string()} data-path={path.clone()}>
            {cells(row, *layers, *upto, words)}
        </div>
    }
}

/// What is in a row: strata strip, name, size, mode, owner, time, layer, change.
fn cells(row: &Row, layers: u32, upto: u32, words: &Words) -> Html {
    html! {
        <>
            <span class="cell-strata" title={strata::describe(&row.strata, &words.files)}>
                {strata::strip(&row.strata, layers, upto)}
            </span>
            {name(row, words)}
            {size(row, words)}
            {permissions(row, words)}
            <span class="cell-owner mono">{format!("{}:{}", row.facts.uid, row.facts.gid)}</span>
            <span class="cell-time" title={format::iso_time(row.facts.mtime.secs)}>
                {format::time(words.lang, row.facts.mtime.secs)}
            </span>
            <span class="cell-layer">
                <span class={classes!("swatch", hue::classes(row.layer))} title={(words.files.layer)(hue::number(row.layer))}>
                    <b>{hue::number(row.layer)}</b>
                </span>
            </span>
            {change(row, words)}
        </>
    }
}

/// Levels beyond this one are indented no further: the name keeps its room.
const DEEPEST_INDENT: u32 = 24;
/// The indentation of a level in CSS pixels.
const INDENT: u32 = 14;

/// Lines that lead from a directory down to what is in it; their width is the indentation.
fn indent(level: u32) -> Html {
    let steps = level.saturating_sub(1).min(DEEPEST_INDENT);
    if steps == 0 {
        return Html::default();
    }
    let lines: String = (0..steps).map(|step| format!("M{}.5 0v26", step * INDENT + 8)).collect();
    html! {
        <svg class="indent" width={(steps * INDENT).to_string()} height="26" aria-hidden="true"><path d={lines} /></svg>
    }
}

fn name(row: &Row, words: &Words) -> Html {
    let is_dir = row.facts.kind == Kind::Dir;
    html! {
        <span class="cell-name">
            {indent(row.level)}
            // The arrow turns when a directory opens, not when another takes its place: that one has an arrow of its own.
            <span key={if row.expanded.is_some() { row.node.0 } else { 0 }} class={classes!("twisty", row.expanded.map(|open| if open { "open" } else { "closed" }))}
                data-twisty={row.expanded.is_some().then_some("")}></span>
            {kind_icon(row.facts.kind)}
            <span class="name" title={text::visible(&row.name)}>
                {text::bdi(row.name.as_slice().into(), Breaks::Escape)}
                if is_dir { <span class="muted">{"/"}</span> }
            </span>
            if let Some(target) = &row.facts.link {
                <span class="link-target" title={text::visible(target)}>
                    {" → "}{text::bdi(target.as_slice().into(), Breaks::Escape)}
                </span>
            }
            if let Some(role) = row.role {
                <span class="role muted" title={(words.files.role)(role)}>{(words.files.role)(role)}</span>
            }
            // Shown where there is no room for the column that says it.
            if let Some((_, gone)) = gone(row, words) { <span class="gone">{gone}</span> }
        </span>
    }
}

/// What took a ghost away: "deleted by layer 7".
fn gone(row: &Row, words: &Words) -> Option<(Mark, String)> {
    let by = row.ghost?;
    let mark = row.strata.iter().find(|(layer, _)| *layer == by).map_or(Mark::Hidden, |(_, mark)| *mark);
    Some((mark, (words.files.gone)(mark, hue::number(by))))
}

/// Whether a size says anything about a path of this kind.
fn has_size(row: &Row) -> bool {
    matches!(row.facts.kind, Kind::File | Kind::Dir) || row.total_size > 0
}

fn size(row: &Row, words: &Words) -> Html {
    if !has_size(row) {
        return html! { <span class="cell-size"></span> };
    }
    let exact = format::exact_bytes(words.lang, row.total_size);
    let title =
        if row.facts.kind == Kind::Dir { format!("{exact} · {}", words.files.size_below) } else { exact };
    html! { <span class="cell-size" {title}>{format::size(words.lang, row.total_size)}</span> }
}

fn permissions(row: &Row, words: &Words) -> Html {
    let facts = &row.facts;
    let octal = mode::octal(facts.mode);
    let text = mode::text(facts.kind, facts.mode);
    let mut title = (words.files.mode_title)(&text, &octal);
    let special = (words.files.special_mode)(facts.mode);
    if !special.is_empty() {
        title = format!("{title} · {special}");
    }
    let class =
        classes!("cell-mode", "mono", mode::is_special(facts.kind, facts.mode).then_some("special-mode"));
    html! { <span {class} {title}>{&text[1..]}</span> }
}

fn change(row: &Row, words: &Words) -> Html {
    // What took a ghost away says more than what the compared layers do to it.
    let (mark, word) = match (gone(row, words), row.change) {
        (Some((mark, gone)), _) => (Some(mark), gone),
        (None, Change::Marked(mark)) => (Some(mark), (words.files.mark)(mark).to_owned()),
        (None, Change::Below) => (None, (words.files.change)(Change::Below).to_owned()),
        (None, Change::None) => return html! { <span class="cell-change"></span> },
    };
    let (class, glyph) = mark.map_or(("below", "·"), |mark| (mark::class(mark), mark::glyph(mark)));
    html! {
        <span class={classes!("cell-change", class)} title={word.clone()}>
            <b class="mark" aria-hidden="true">{glyph}</b><span class="word">{word}</span>
        </span>
    }
}

/// The whole row in words, for screen readers.
pub fn describe(row: &Row, words: &Words) -> String {
    let files = &words.files;
    let facts = &row.facts;
    let mut parts = vec![text::visible(&row.name), (files.kind)(facts.kind).to_owned()];
    if let Some(target) = &facts.link {
        parts.push(format!("→ {}", text::visible(target)));
    }
    parts.extend(row.role.map(|role| (files.role)(role).to_owned()));
    parts.extend(gone(row, words).map(|(_, gone)| gone));
    if has_size(row) {
        parts.push(format::exact_bytes(words.lang, row.total_size));
    }
    parts.push(mode::octal(facts.mode));
    if mode::is_special(facts.kind, facts.mode) {
        parts.push((files.special_mode)(facts.mode).to_owned());
    }
    parts.push(format!("{}:{}", facts.uid, facts.gid));
    if row.change != Change::None {
        parts.push((files.change)(row.change).to_owned());
    }
    if row.strata.is_empty() {
        parts.push((files.layer)(hue::number(row.layer)));
    } else {
        parts.push(strata::describe(&row.strata, files));
    }
    parts.join(files.clause_separator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{i18n::Lang, tree_samples};

    fn ghost() -> Row {
        Row {
            ghost: Some(6),
            layer: 2,
            change: Change::Marked(Mark::Deleted),
            strata: vec![(2, Mark::Added), (6, Mark::Deleted)],
            ..tree_samples::row("default.conf")
        }
    }

    #[test]
    fn a_row_is_told_in_words() {
        assert_eq!(
            describe(&ghost(), Lang::En.words()),
            "default.conf, file, deleted by layer 7, 1,100 bytes, 0644, 0:0, deleted, layer 3 adds, layer 7 deletes"
        );
        assert_eq!(
            describe(&ghost(), Lang::Zh.words()),
            "default.conf，文件，被第 7 层删除，1,100 字节，0644，0:0，删除，第 3 层新增，第 7 层删除"
        );
        let mut hidden = ghost();
        hidden.strata[1].1 = Mark::Hidden;
        assert!(describe(&hidden, Lang::En.words()).contains("hidden by layer 7"));
    }

    #[test]
    fn deceptive_names_are_escaped_in_words_too() {
        let row = tree_samples::row("a\u{202e}b");
        assert!(describe(&row, Lang::En.words()).starts_with("a\\u{202E}b, "));
    }

    #[cfg(feature = "ssr")]
    mod rendered {
        use super::*;
        use crate::app::tree_samples::render;

        fn row(row: Row, lang: Lang) -> String {
            let props = TreeRowProps {
                row: Some(Rc::new(row)),
                index: 41,
                path: Some("etc/default.conf".into()),
                layers: 7,
                upto: 6,
                selected: true,
                active: false,
            };
            render(lang, html! { <TreeRow ..props /> })
        }

        #[test]
        fn a_row_carries_what_assistive_technology_needs() {
            let dir = Row {
                level: 3,
                position: 2,
                siblings: 9,
                expanded: Some(true),
                facts: tree_samples::dir(),
                ..tree_samples::row("conf.d")
            };
            let html = row(dir, Lang::En);
            for wanted in [
                r#"role="treeitem""#,
                r#"aria-level="3""#,
                r#"aria-posinset="2""#,
                r#"aria-setsize="9""#,
                r#"aria-expanded="true""#,
                r#"aria-selected="true""#,
                r#"data-path="etc/default.conf""#,
                r#"id="tree-row-41""#,
            ] {
                assert!(html.contains(wanted), "{wanted} in {html}");
            }
            assert!(!html.contains("style="), "the page's policy forbids inline style");
        }

        #[test]
        fn the_strip_has_a_cell_for_each_layer_that_does_something() {
            let html = row(ghost(), Lang::En);
            assert_eq!(html.matches("class=\"cell ").count(), 2);
            assert!(html.contains(&format!("cell solid {}", hue::classes(2))), "{html}");
            assert!(html.contains(&format!("cell outline {}", hue::classes(6))), "{html}");
            assert!(html.contains(r#"title="layer 3 adds, layer 7 deletes""#), "{html}");
        }

        #[test]
        fn a_ghost_says_what_took_it_away_in_both_languages() {
            assert!(row(ghost(), Lang::En).contains("deleted by layer 7"));
            assert!(row(ghost(), Lang::Zh).contains("被第 7 层删除"));
            assert!(row(ghost(), Lang::En).contains(r#"class="row ghost selected""#));
            assert!(!row(tree_samples::row("a"), Lang::En).contains("ghost"));
        }

        #[test]
        fn names_are_text() {
            let html = row(tree_samples::row("<script>alert(1)</script>"), Lang::En);
            assert!(!html.contains("<script>"), "{html}");
            assert!(row(tree_samples::row("a\u{202e}b"), Lang::En).contains("\\u{202E}"));
        }
    }
}
