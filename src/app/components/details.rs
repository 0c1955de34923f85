//! The details of the selected path.

use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice};
use gloo::timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{
    biography::{Chapters, Intent},
    diff_view::DiffView,
    notice::explain,
    save_tar::SaveTar,
    viewer::{Reading, Viewer},
};
use crate::{
    app::{
        dom, hue,
        i18n::{Words, use_words},
        state::{Action, Page},
        story,
        text::{self, Breaks},
        use_app,
    },
    worker::protocol::{Biography, End, Failure, Followed, Kind, Node, Reply, Request, Version},
};

/// Milliseconds that a selection rests before its details are asked for: arrow keys pass over many.
const REST: u32 = 60;

/// What is known of the selected path.
#[derive(Debug, Clone, PartialEq)]
enum Known {
    Life(Node, Rc<Biography>),
    Failed(Node, Failure),
}

/// A word to the reader on what was asked for last.
#[derive(Debug, Clone, PartialEq)]
enum Notice {
    Copied,
    Saving,
    TargetMissing,
    /// A link leads to no file, which is said in these words.
    NoFile(String),
    Failed(Failure),
}

/// The details of the selected path: the pane beside the files and overlay pages.
#[component]
pub fn Details() -> Html {
    let words = use_words();
    let details = &words.details;
    let app = use_app();
    let known = use_state_eq(|| None::<Known>);
    let notice = use_state_eq(|| None::<Notice>);
    let reading = use_state_eq(|| None::<Reading>);
    let comparing = use_state_eq(|| None::<(Version, Version)>);
    let selection = app.state.selection;
    let merged = app.state.image().map_or(0, |image| image.merged);

    // What is known stays on the screen until the next is here: nothing flashes.
    use_effect_with((selection.image, selection.node, merged), {
        let (app, known, notice) = (app.clone(), known.setter(), notice.setter());
        move |(image, node, _): &(u32, Option<Node>, u32)| {
            notice.set(None);
            let image = *image;
            let timer = node.map(|node| {
                Timeout::new(REST, move || {
                    spawn_local(async move {
                        match app.call(Request::Biography { image, node }).await {
                            Ok(Reply::Biography(life)) => known.set(Some(Known::Life(node, Rc::new(life)))),
                            Ok(_) => {}
                            Err(failure) => known.set(Some(Known::Failed(node, failure))),
                        }
                    });
                })
            });
            move || drop(timer)
        }
    });

    let Some(node) = selection.node else {
        return html! {
            <section class="details" aria-label={details.title} data-testid="details">
                <div class="blank"><p><strong>{details.nothing_selected}</strong></p><p>{details.nothing_selected_hint}</p></div>
            </section>
        };
    };
    let (life, stale) = match &*known {
        // An answer to an earlier selection may come late.
        Some(Known::Life(of, life)) => (Some(Rc::clone(life)), *of != node),
        Some(Known::Failed(of, failure)) if *of == node => {
            return html! {
                <section class="details" aria-label={details.title} data-testid="details">
                    <div class="blank" role="alert">{explain(words, failure)}</div>
                </section>
            };
        }
        _ => (None, true),
    };
    let Some(life) = life else {
        return html! {
            <section class="details" aria-label={details.title} aria-busy="true" data-testid="details">
                <div class="blank"><p role="status">{details.loading}</p></div>
            </section>
        };
    };
    let on_intent = {
        let (app, notice, reading, life) = (app.clone(), notice.setter(), reading.setter(), Rc::clone(&life));
        let comparing = comparing.setter();
        Callback::from(move |intent: Intent| match intent {
            Intent::Text(version, size) => {
                reading.set(Some(Reading {
                    path: life.path.clone(),
                    led_to: None,
                    version,
                    size,
                    hex: false,
                }));
            }
            Intent::Hex(version, size) => {
                reading.set(Some(Reading {
                    path: life.path.clone(),
                    led_to: None,
                    version,
                    size,
                    hex: true,
                }));
            }
            Intent::Compare(old, new) => comparing.set(Some((old, new))),
            Intent::Target(upto) => open_target((&app, words), life.path.clone(), upto, &reading, &notice),
            Intent::Download(version) => save(&app, version, &life.path, &notice),
            Intent::Follow(kind, target) => {
                follow(&app, story::link_target(life.path.as_bstr(), kind, target.as_bstr()), &notice);
            }
        })
    };
    let copy = {
        let (life, notice) = (Rc::clone(&life), notice.setter());
        Callback::from(move |_: MouseEvent| {
            let (path, notice) = (story::shown_path(life.path.as_bstr()), notice.clone());
            spawn_local(async move {
                if dom::copy(&path).await {
                    notice.set(Some(Notice::Copied));
                }
            });
        })
    };
    let close = {
        let reading = reading.setter();
        Callback::from(move |()| reading.set(None))
    };
    html! {
        <section class="details" aria-label={details.title} aria-busy={stale.to_string()} data-testid="details">
            <header class="details-path">
                <h2 class="mono">{path(life.path.as_bstr())}</h2>
                <button class="quiet" data-testid="copy-path" onclick={copy}>{details.copy_path}</button>
            </header>
            if let Some(layer) = seen_directory(&life, selection.upto) {
                <SaveTar request={Request::Tar { image: selection.image, layer, node: life.node, alone: false }}
                    name={tar_name(life.path.as_bstr())} label={words.saving.directory} testid="save-directory" />
            }
            <p class="details-notice" role="status">{(*notice).as_ref().map(|notice| say(notice, words))}</p>
            {summary(&life, selection.upto, words)}
            <p>
                <button type="button" data-testid="change-in-container" onclick={let (app, path) = (app.clone(), directory_of(&life)); move |_| app.change_in_container(path.clone())}>
                    {words.container.change_it}
                </button>
            </p>
            <h3>{details.biography}<span class="muted">{(details.touched_by)(life.chapters.len())}</span></h3>
            <Chapters biography={(*life).clone()} upto={selection.upto} {on_intent} />
            if let Some(reading) = &*reading {
                <Viewer reading={reading.clone()} on_close={close} />
            }
            if let Some((old, new)) = *comparing {
                <DiffView life={Rc::clone(&life)} {old} {new} on_close={let comparing = comparing.setter(); move |()| comparing.set(None)} />
            }
        </section>
    }
}

/// The directory that the path is in; the path itself, if it is one.
fn directory_of(life: &Biography) -> BString {
    let newest = life.chapters.iter().rev().find_map(|chapter| chapter.version.as_ref());
    if newest.is_none_or(|version| version.facts.kind == Kind::Dir) {
        return life.path.clone();
    }
    life.path.rfind_byte(b'/').map_or_else(BString::default, |slash| life.path[..slash].into())
}

/// Why the path is seen as it is.
fn summary(life: &Biography, upto: u32, words: &Words) -> Html {
    let mut sentences = story::sentences(life, upto, &words.details);
    if life.chapters.last().is_some_and(|chapter| chapter.layer > upto) {
        sentences.push((words.details.above_shown)(hue::number(upto)));
    }
    html! { <p class="why" data-testid="why">{sentences.join(" ")}</p> }
}

/// The whole path, which breaks after slashes.
fn path(path: &BStr) -> Html {
    let parts = path.split(|&byte| byte == b'/');
    html! {
        <bdi>
            { for parts.map(|part| html! {
                <><span class="muted">{"/"}</span><wbr />{text::bdi(part.as_bstr(), Breaks::Escape)}</>
            }) }
        </bdi>
    }
}

fn say(notice: &Notice, words: &Words) -> Html {
    let words = &words.details;
    match notice {
        Notice::Copied => html! { {words.copied} },
        Notice::Saving => html! { {words.downloading} },
        Notice::TargetMissing => html! { {words.target_missing} },
        Notice::NoFile(said) => html! { <bdi>{said}</bdi> },
        Notice::Failed(failure) => {
            html! { <>{words.failed}{" "}<span class="mono">{failure.detail.clone()}</span></> }
        }
    }
}

/// The topmost layer looked at, if a directory is seen at the path there.
fn seen_directory(life: &Biography, upto: u32) -> Option<u32> {
    let chapter = story::deciding(life, upto).filter(|chapter| !story::is_removal(chapter))?;
    let kind = chapter.version.as_ref().map_or(Kind::Dir, |version| version.facts.kind);
    (kind == Kind::Dir).then_some(upto)
}

/// The name of a directory's tar.
fn tar_name(path: &BStr) -> AttrValue {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    format!("{}.tar", text::visible(name)).into()
}

/// Saves a version under the last name of its path.
fn save(
    app: &crate::app::AppHandle,
    version: Version,
    path: &BString,
    notice: &UseStateSetter<Option<Notice>>,
) {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let name = text::visible(name);
    let (app, notice) = (app.clone(), notice.clone());
    notice.set(Some(Notice::Saving));
    spawn_local(async move {
        let result = app.download(Request::Download { version }, &name).await;
        notice.set(result.err().map(Notice::Failed));
    });
}

/// Reads what a symbolic link leads to in the filesystem up to a layer, or says why it leads to no file.
fn open_target(
    (app, words): (&crate::app::AppHandle, &'static Words),
    path: BString,
    upto: u32,
    reading: &UseStateSetter<Option<Reading>>,
    notice: &UseStateSetter<Option<Notice>>,
) {
    let (app, reading, notice) = (app.clone(), reading.clone(), notice.clone());
    let words = &words.viewing;
    spawn_local(async move {
        let image = app.state.selection.image;
        let said = match app.call(Request::Follow { image, upto, path: path.clone() }).await {
            Ok(Reply::Followed(Followed { hops, end })) => match end {
                End::File { path: target, version, size, .. } => {
                    let led_to = Some((target, hops.len()));
                    return reading.set(Some(Reading { path, led_to, version, size, hex: false }));
                }
                End::Missing(target) => {
                    Notice::NoFile((words.dangling)(&story::shown_path(target.as_bstr())))
                }
                End::Other(target, _) => {
                    Notice::NoFile((words.no_file)(&story::shown_path(target.as_bstr())))
                }
                End::Loop => Notice::NoFile(words.circular.to_owned()),
            },
            Ok(_) => return,
            Err(failure) => Notice::Failed(failure),
        };
        notice.set(Some(said));
    });
}

/// Selects the path in the tree.
fn follow(app: &crate::app::AppHandle, path: BString, notice: &UseStateSetter<Option<Notice>>) {
    let (app, notice) = (app.clone(), notice.clone());
    spawn_local(async move {
        match app.call(Request::Locate { path }).await {
            Ok(Reply::Located { found: Some((node, _)), .. }) => {
                app.dispatch(Action::SelectPage(Page::Files));
                app.dispatch(Action::SelectNode(Some(node)));
            }
            Ok(_) => notice.set(Some(Notice::TargetMissing)),
            Err(failure) => notice.set(Some(Notice::Failed(failure))),
        }
    });
}
