//! Why a path is seen as it is: a biography read at one height of the stack.

use bstr::{BStr, BString, ByteSlice};

use super::{hue, i18n::details::DetailsWords, text};
use crate::{
    overlay::Mark,
    worker::protocol::{Biography, Cause, Chapter, Kind, Version},
};

/// The chapter that decides what layers `0..=upto` show; `None` if none of them touches the path.
pub fn deciding(biography: &Biography, upto: u32) -> Option<&Chapter> {
    biography.chapters.iter().rfind(|chapter| chapter.layer <= upto)
}

/// Whether a chapter takes the path away.
pub fn is_removal(chapter: &Chapter) -> bool {
    matches!(chapter.mark, Mark::Deleted | Mark::Hidden)
}

/// A path as it is shown in a sentence.
pub fn shown_path(path: &BStr) -> String {
    format!("/{}", text::visible(path))
}

/// Sentences on why layers `0..=upto` show the path as they do.
pub fn sentences(biography: &Biography, upto: u32, words: &DetailsWords) -> Vec<String> {
    let Some(last) = deciding(biography, upto) else { return vec![(words.not_yet)(hue::number(upto))] };
    let layer = hue::number(last.layer);
    let below = || biography.chapters.iter().rev().skip_while(|chapter| chapter.layer >= last.layer);
    if is_removal(last) {
        let why = match &last.cause {
            Cause::WhiteoutAbove(path) => (words.gone_whiteout_above)(layer, &shown_path(path.as_bstr())),
            Cause::Opaque(path) => (words.gone_opaque)(layer, &shown_path(path.as_bstr())),
            Cause::Replaced(path) => (words.gone_replaced)(layer, &shown_path(path.as_bstr())),
            Cause::Whiteout | Cause::Entry | Cause::Implied => (words.gone_whiteout)(layer),
        };
        let mut stored: Vec<u32> = below()
            .filter(|chapter| has_content(chapter))
            .map(|chapter| hue::number(chapter.layer))
            .collect();
        stored.reverse();
        return if stored.is_empty() { vec![why] } else { vec![why, (words.still_stored)(&stored)] };
    }
    if last.cause == Cause::Implied {
        return vec![(words.wins_implied)(layer)];
    }
    // A version below one that was taken away is not covered by this one.
    let mut covered: Vec<u32> = below()
        .take_while(|chapter| !is_removal(chapter))
        .filter(|chapter| chapter.version.is_some())
        .map(|chapter| hue::number(chapter.layer))
        .collect();
    covered.reverse();
    let is_dir = last.version.as_ref().is_some_and(|version| version.facts.kind == Kind::Dir);
    vec![match (covered.is_empty(), is_dir) {
        (true, _) => (words.wins_alone)(layer),
        (false, true) => (words.wins_directory)(layer),
        (false, false) => (words.wins_over)(layer, &covered),
    }]
}

/// Whether a chapter stores content that can be read.
fn has_content(chapter: &Chapter) -> bool {
    chapter.version.as_ref().is_some_and(|version| version.content.is_some())
}

/// The newest content that the path has in a layer below `layer`, deleted since or not.
pub fn older_content(biography: &Biography, layer: u32) -> Option<Version> {
    let below = biography.chapters.iter().rev().filter(|chapter| chapter.layer < layer);
    below.into_iter().find_map(|chapter| chapter.version.as_ref()?.content)
}

/// Every version of the path that has a content, the lowest layer first: its layer, the version and its length in bytes.
pub fn contents(biography: &Biography) -> Vec<(u32, Version, u64)> {
    let of = |chapter: &Chapter| {
        let version = chapter.version.as_ref()?;
        Some((chapter.layer, version.content?, version.facts.size))
    };
    biography.chapters.iter().filter_map(of).collect()
}

/// The path that a link at `path` leads to, from the root and without resolving further links. A hard link's
/// target starts at the root; `..` stops there (as in `chroot(2)`).
pub fn link_target(path: &BStr, kind: Kind, target: &BStr) -> BString {
    let mut parts: Vec<&[u8]> = vec![];
    if kind == Kind::Symlink && !target.starts_with(b"/") {
        parts.extend(path.split(|&byte| byte == b'/'));
        parts.pop();
    }
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    bstr::join("/", parts).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{i18n::Lang, tree_samples};

    fn told(biography: &Biography, upto: u32) -> String {
        sentences(biography, upto, &Lang::En.words().details).join(" ")
    }

    #[test]
    fn the_topmost_version_wins_over_those_below() {
        let life =
            tree_samples::biography(&[(0, Mark::Added, Cause::Entry), (2, Mark::Modified, Cause::Entry)]);
        assert_eq!(told(&life, 0), "Layer 1 supplies it: no layer below has it.");
        assert_eq!(told(&life, 1), "Layer 1 supplies it: no layer below has it.");
        assert_eq!(
            told(&life, 9),
            "Layer 3 supplies it: it is the topmost with this path, and covers layer 1."
        );
    }

    #[test]
    fn what_is_gone_says_why_and_where_it_is_still_stored() {
        let life = tree_samples::biography(&[
            (0, Mark::Added, Cause::Entry),
            (1, Mark::Modified, Cause::Entry),
            (4, Mark::Hidden, Cause::WhiteoutAbove("a".into())),
        ]);
        assert_eq!(
            told(&life, 4),
            "It is not visible: the whiteout of /a in layer 5 deletes all below. \
             Its content is still stored in layers 1 and 2, and can be read below."
        );
        let opaque = tree_samples::biography(&[
            (1, Mark::Added, Cause::Implied),
            (2, Mark::Hidden, Cause::Opaque("".into())),
        ]);
        assert_eq!(told(&opaque, 2), "It is not visible: layer 3 makes / opaque, which hides all below.");
        assert_eq!(told(&opaque, 0), "It is not there in layers 1 to 1; a layer above adds it.");
    }

    #[test]
    fn a_version_made_again_covers_nothing_older_than_the_deletion() {
        let life = tree_samples::biography(&[
            (0, Mark::Added, Cause::Entry),
            (1, Mark::Deleted, Cause::Whiteout),
            (2, Mark::Added, Cause::Entry),
        ]);
        assert_eq!(told(&life, 2), "Layer 3 supplies it: no layer below has it.");
    }

    #[test]
    fn links_lead_within_the_root() {
        let target =
            |path: &str, target: &str| link_target(path.into(), Kind::Symlink, target.into()).to_string();
        assert_eq!(target("usr/lib/libz.so", "libz.so.1"), "usr/lib/libz.so.1");
        assert_eq!(target("lib", "usr/lib"), "usr/lib");
        assert_eq!(target("etc/mtab", "../proc/./self//mounts"), "proc/self/mounts");
        assert_eq!(target("a/b", "/etc/passwd"), "etc/passwd");
        assert_eq!(target("a/b", "../../../../etc"), "etc");
        assert_eq!(target("a/b", "/"), "");
        assert_eq!(link_target("a/b".into(), Kind::Hardlink, "c/d".into()), "c/d");
    }
}
