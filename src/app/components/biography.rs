//! The life of a path: one card for each layer that does something to it, the newest first.

use bstr::{BStr, ByteSlice};
use yew::prelude::*;

use super::{
    mark::{self, MarkLabel},
    swatch::Swatch,
};
use crate::{
    app::{
        capability,
        format::{self, Size, Time},
        hue,
        i18n::{Words, use_words},
        mode, story,
        text::{self, Breaks},
    },
    worker::protocol::{Biography, Cause, Chapter, Difference, Facts, Kind, Version, VersionFacts},
};

/// What a reader can do with a version.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// Read it as text.
    Text(Version, u64),
    /// Read it as hex.
    Hex(Version, u64),
    /// Save it.
    Download(Version),
    /// Go where the link leads.
    Follow(Kind, bstr::BString),
    /// Read what the symbolic link leads to, in the filesystem up to this layer.
    Target(u32),
    /// Compare an older version with a newer one.
    Compare(Version, Version),
}

/// Properties of [`Chapters`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ChaptersProps {
    /// The life.
    pub biography: Biography,
    /// The topmost layer that the tree shows.
    pub upto: u32,
    /// Told what the reader wants.
    pub on_intent: Callback<Intent>,
}

/// The cards of all chapters, the newest first.
#[component]
pub fn Chapters(props: &ChaptersProps) -> Html {
    let words = use_words();
    let deciding = story::deciding(&props.biography, props.upto).map(|chapter| chapter.layer);
    let cards = props.biography.chapters.iter().rev().map(|chapter| {
        let wins = deciding == Some(chapter.layer) && !story::is_removal(chapter);
        // What a link led to when it was deleted is that of its own layer.
        let place = Place {
            wins,
            beyond: chapter.layer > props.upto,
            upto: if wins { props.upto } else { chapter.layer },
            older: story::older_content(&props.biography, chapter.layer),
        };
        card(chapter, place, &props.on_intent, words)
    });
    html! { <ol class="chapters">{ for cards }</ol> }
}

/// Where a chapter stands among the others.
struct Place {
    /// Its version is the one that is seen.
    wins: bool,
    /// It lies above the layers that are looked at.
    beyond: bool,
    /// The topmost layer of the filesystem that its version is seen in.
    upto: u32,
    /// The newest content below it.
    older: Option<Version>,
}

fn card(chapter: &Chapter, place: Place, on_intent: &Callback<Intent>, words: &'static Words) -> Html {
    let details = &words.details;
    let Place { wins, beyond, .. } = place;
    let class = classes!(
        "chapter",
        mark::class(chapter.mark),
        hue::classes(chapter.layer),
        wins.then_some("wins"),
        beyond.then_some("beyond"),
    );
    html! {
        <li {class} key={chapter.layer} data-testid={format!("chapter-{}", chapter.layer)}>
            <header>
                <Swatch layer={chapter.layer} />
                <span class="sr-only">{(words.files.layer)(hue::number(chapter.layer))}</span>
                <MarkLabel mark={chapter.mark} />
                if wins { <span class="wins-badge">{details.winner}</span> }
                if let Some(version) = chapter.version.as_ref().filter(|version| version.facts.kind == Kind::File) {
                    <span class="chapter-size"><Size bytes={version.facts.size} /></span>
                }
            </header>
            if let Some(cause) = cause(&chapter.cause, words) { <p class="cause">{cause}</p> }
            if let Some(version) = &chapter.version {
                {differences(chapter, words)}
                {facts(&version.facts, &chapter.differences, on_intent, words)}
                {xattrs(version, words)}
                {actions(version, &place, on_intent, words)}
            }
        </li>
    }
}

fn cause(cause: &Cause, words: &Words) -> Option<String> {
    let words = &words.details;
    Some(match cause {
        Cause::Entry => return None,
        Cause::Implied => words.cause_implied.to_owned(),
        Cause::Whiteout => words.cause_whiteout.to_owned(),
        Cause::WhiteoutAbove(path) => (words.cause_whiteout_above)(&story::shown_path(path.as_bstr())),
        Cause::Opaque(path) => (words.cause_opaque)(&story::shown_path(path.as_bstr())),
        Cause::Replaced(path) => (words.cause_replaced)(&story::shown_path(path.as_bstr())),
    })
}

fn differences(chapter: &Chapter, words: &Words) -> Html {
    use crate::overlay::Mark;
    let words = &words.details;
    if !matches!(chapter.mark, Mark::Modified | Mark::Metadata) {
        return Html::default();
    }
    if chapter.differences.is_empty() {
        return html! { <p class="differs muted">{words.differs_not}</p> };
    }
    let chips =
        chapter.differences.iter().map(|difference| html! { <li>{(words.difference)(*difference)}</li> });
    html! { <div class="differs"><span class="muted">{words.differs}</span><ul>{ for chips }</ul></div> }
}

fn facts(
    facts: &Facts,
    differences: &[Difference],
    on_intent: &Callback<Intent>,
    all: &'static Words,
) -> Html {
    let words = &all.details;
    let fact = |name: &'static str, of: Difference, value: Html| {
        let class = differences.contains(&of).then_some("differing");
        html! { <div {class}><dt>{name}</dt><dd>{value}</dd></div> }
    };
    let special = (all.files.special_mode)(facts.mode);
    let mode = html! {
        <>
            <span class="mono">{mode::text(facts.kind, facts.mode)}</span>{" "}<span class="mono muted">{mode::octal(facts.mode)}</span>
            if !special.is_empty() { <span class="special-note">{special}</span> }
        </>
    };
    html! {
        <dl class="facts">
            {fact(words.kind, Difference::Kind, html! { {(all.files.kind)(facts.kind)} })}
            if facts.kind == Kind::File {
                {fact(words.size, Difference::Size, html! { {format::exact_bytes(all.lang, facts.size)} })}
            }
            {fact(words.mode, Difference::Mode, mode)}
            {fact(words.owner, Difference::Owner, html! { <span class="mono">{facts.uid}{":"}{facts.gid}</span> })}
            {fact(words.time, Difference::Time, html! { <Time seconds={facts.mtime.secs} /> })}
            if let Some(target) = &facts.link {
                {fact(words.link, Difference::Link, link(facts.kind, target.as_bstr(), on_intent, all))}
            }
            if let Some((major, minor)) = facts.device {
                {fact(words.device, Difference::Device, html! { <span class="mono">{major}{", "}{minor}</span> })}
            }
        </dl>
    }
}

fn link(kind: Kind, target: &BStr, on_intent: &Callback<Intent>, words: &'static Words) -> Html {
    let intent = Intent::Follow(kind, target.to_owned());
    let onclick = on_intent.reform(move |_: MouseEvent| intent.clone());
    html! {
        <>
            <span class="mono">{text::bdi(target, Breaks::Escape)}</span>{" "}
            <button class="link" data-testid="follow" {onclick}>{words.details.follow}</button>
        </>
    }
}

fn xattrs(version: &VersionFacts, words: &Words) -> Html {
    if version.xattrs.is_empty() {
        return Html::default();
    }
    let rows = version.xattrs.iter().map(|(name, value)| {
        let meaning = (name == "security.capability").then(|| capability::describe(value)).flatten();
        html! {
            <div class="xattr">
                <dt class="mono">{text::bdi(name.as_bstr(), Breaks::Escape)}</dt>
                <dd>
                    if let Some(meaning) = meaning { <strong class="mono">{meaning}</strong> }
                    if !value.is_empty() {
                        <span class="mono xattr-hex">{hex(value)}</span>
                        <span class="mono">{text::bdi(value.as_bstr(), Breaks::Escape)}</span>
                    }
                </dd>
            </div>
        }
    });
    html! { <><h4>{words.details.xattrs}</h4><dl class="xattrs">{ for rows }</dl></> }
}

/// Leading bytes of a value in hex; an attribute may hold 64 kB, which nobody reads here.
fn hex(value: &[u8]) -> String {
    const SHOWN: usize = 64;
    let digits: Vec<String> = value.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    format!("{}{}", digits.join(" "), if value.len() > SHOWN { " …" } else { "" })
}

fn actions(
    version: &VersionFacts,
    place: &Place,
    on_intent: &Callback<Intent>,
    words: &'static Words,
) -> Html {
    let details = &words.details;
    if version.facts.kind == Kind::Symlink {
        let intent = Intent::Target(place.upto);
        let onclick = on_intent.reform(move |_: MouseEvent| intent.clone());
        let label = (details.of_layer)(words.viewing.open_target, hue::number(version.version.layer));
        return html! {
            <footer><button aria-label={label} data-testid="view-target" {onclick}>{words.viewing.open_target}</button></footer>
        };
    }
    if !matches!(version.facts.kind, Kind::File | Kind::Hardlink) {
        return Html::default();
    }
    let Some(content) = version.content else { return html! { <p class="muted">{details.no_content}</p> } };
    let size = version.facts.size;
    let button = |intent: Intent, word: &str, testid: &'static str| {
        let label = (details.of_layer)(word, hue::number(version.version.layer));
        let onclick = on_intent.reform(move |_: MouseEvent| intent.clone());
        html! { <button aria-label={label} data-testid={testid} {onclick}>{word.to_owned()}</button> }
    };
    html! {
        <footer>
            {button(Intent::Text(content, size), details.view_text, "view-text")}
            {button(Intent::Hex(content, size), details.view_hex, "view-hex")}
            {button(Intent::Download(content), details.download, "download")}
            if let Some(older) = place.older {
                {button(Intent::Compare(older, content), &(words.viewing.compare)(hue::number(older.layer)), "compare-version")}
            }
            <span class="offset muted" title={details.offset}>{"@"}{format!("{:#x}", version.header_offset)}</span>
        </footer>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::{
        app::{
            i18n::Lang,
            tree_samples::{self, render},
        },
        overlay::Mark,
    };

    fn life() -> Biography {
        tree_samples::biography(&[
            (0, Mark::Added, Cause::Entry),
            (2, Mark::Modified, Cause::Entry),
            (5, Mark::Hidden, Cause::WhiteoutAbove("etc".into())),
        ])
    }

    fn shown(biography: Biography, upto: u32, lang: Lang) -> String {
        render(lang, html! { <Chapters {biography} {upto} on_intent={Callback::noop()} /> })
    }

    #[test]
    fn chapters_stand_newest_first_each_with_what_can_be_done() {
        let html = shown(life(), 5, Lang::En);
        let places: Vec<usize> = [5, 2, 0]
            .iter()
            .map(|layer| html.find(&format!("data-testid=\"chapter-{layer}\"")).unwrap())
            .collect();
        assert!(places.is_sorted());
        // Both stored versions can be read, though the path is gone.
        for testid in ["view-text", "view-hex", "download"] {
            assert_eq!(html.matches(&format!("data-testid=\"{testid}\"")).count(), 2, "{testid}");
        }
        assert!(html.contains("By the whiteout of /etc"), "{html}");
        assert!(!html.contains("visible"), "nothing wins: {html}");
        assert!(html.contains("aria-label=\"Download, version of layer 3\""), "{html}");
    }

    #[test]
    fn the_version_that_is_seen_is_marked_at_each_height() {
        let html = shown(life(), 3, Lang::En);
        let winner = html.find("wins-badge").unwrap();
        let chapter = |layer: u32| html.find(&format!("data-testid=\"chapter-{layer}\"")).unwrap();
        assert!(chapter(2) < winner && winner < chapter(0));
        assert_eq!(html.matches("beyond").count(), 1);
    }

    #[test]
    fn cards_are_there_in_chinese() {
        let html = shown(life(), 5, Lang::Zh);
        for wanted in ["由 /etc 的删除标记（whiteout）造成", "隐藏", "修改", "不同之处", "内容", "下载"]
        {
            assert!(html.contains(wanted), "{wanted} in {html}");
        }
    }

    #[test]
    fn extended_attributes_are_shown_as_bytes_and_capabilities_read() {
        let mut life = tree_samples::biography(&[(0, Mark::Added, Cause::Entry)]);
        let version = life.chapters[0].version.as_mut().unwrap();
        version.xattrs = vec![
            (
                "security.capability".into(),
                [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].into(),
            ),
            ("user.note".into(), "<b>".into()),
        ];
        let html = shown(life, 0, Lang::En);
        assert!(html.contains("cap_net_raw=ep"), "{html}");
        assert!(
            html.contains("3c 62 3e") && html.contains("&lt;b&gt;") && !html.contains("<b>&lt;"),
            "{html}"
        );
    }
}
