//! Values for tests of components.

use crate::{
    overlay::Mark,
    tar::Timestamp,
    worker::protocol::{
        Biography, Cause, Change, Chapter, Difference, Facts, Kind, Node, Row, Version, VersionFacts,
    },
};

/// A file.
pub fn file(size: u64) -> Facts {
    Facts {
        kind: Kind::File,
        size,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: Timestamp { secs: 1_700_000_000, nanos: 0 },
        link: None,
        device: None,
    }
}

/// A directory.
pub fn dir() -> Facts {
    Facts { kind: Kind::Dir, mode: 0o755, ..file(0) }
}

/// The row of a file in the root, added by the bottom layer.
pub fn row(name: &str) -> Row {
    Row {
        node: Node(1),
        name: name.into(),
        level: 1,
        position: 1,
        siblings: 1,
        parent: None,
        facts: file(1_100),
        total_size: 1_100,
        layer: 0,
        change: Change::None,
        ghost: None,
        expanded: None,
        role: None,
        strata: vec![],
    }
}

/// Renders components on the host, in a language, on an empty state.
#[cfg(feature = "ssr")]
pub fn render(lang: super::i18n::Lang, children: yew::Html) -> String {
    render_with(lang, super::AppHandle::fixed(super::state::State::default()), children)
}

/// Renders components on the host.
#[cfg(feature = "ssr")]
pub fn render_with(lang: super::i18n::Lang, app: super::AppHandle, children: yew::Html) -> String {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use yew::prelude::*;

    #[derive(Clone, PartialEq, Properties)]
    struct StageProps {
        lang: super::i18n::Lang,
        app: super::AppHandle,
        children: Html,
    }

    #[component]
    fn Stage(props: &StageProps) -> Html {
        html! {
            <super::i18n::LanguageProvider initial={props.lang}>
                <ContextProvider<super::AppHandle> context={props.app.clone()}>
                    {props.children.clone()}
                </ContextProvider<super::AppHandle>>
            </super::i18n::LanguageProvider>
        }
    }

    let props = StageProps { lang, app, children };
    let renderer = yew::LocalServerRenderer::<Stage>::with_props(props).hydratable(false);
    let mut rendering = pin!(renderer.render());
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        if let Poll::Ready(html) = rendering.as_mut().poll(&mut context) {
            return html;
        }
    }
    panic!("rendering waits for something that never comes");
}

/// The life of `etc/app.conf`. Chapters that are not removals have a version with content.
pub fn biography(chapters: &[(u32, Mark, Cause)]) -> Biography {
    let chapters = chapters.iter().map(|(layer, mark, cause)| {
        let version = Version { image: 0, layer: *layer, entry: 7 };
        let has_version = !matches!(mark, Mark::Deleted | Mark::Hidden) && *cause != Cause::Implied;
        Chapter {
            layer: *layer,
            mark: *mark,
            cause: cause.clone(),
            version: has_version.then(|| VersionFacts {
                version,
                facts: file(1_100),
                xattrs: vec![],
                header_offset: 512,
                content: Some(version),
            }),
            differences: if *mark == Mark::Modified {
                vec![Difference::Content, Difference::Size]
            } else {
                vec![]
            },
        }
    });
    Biography { node: Node(1), path: "etc/app.conf".into(), chapters: chapters.collect() }
}
