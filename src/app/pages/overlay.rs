//! The overlay page: one layer over those below, a directory at a time.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use bstr::{BString, ByteSlice};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    app::{
        AppHandle,
        components::{notice::explain, overlay_view::OverlayTable},
        dom, hue,
        i18n::{Words, use_words},
        state::Action,
        text::{self, Breaks},
        use_app,
    },
    worker::protocol::{Biography, Failure, Kind, Node, Overlay, Reply, Request},
};

/// The id of the heading, where the focus goes when the directory changes.
const HEADING_ID: &str = "overlay-heading";

/// The nodes of directories that were seen, by path: those that are gone cannot be looked up.
type Seen = Rc<RefCell<HashMap<BString, Node>>>;

/// The overlay page.
#[component]
pub fn OverlayPage() -> Html {
    let words = use_words();
    let overlay_words = &words.overlay;
    let app = use_app();
    let selection = app.state.selection;
    let merged = app.state.image().map_or(0, |image| image.merged);
    let layer = selection.upto.min(merged.saturating_sub(1));
    let job = app.state.archive.as_ref().map(|archive| archive.job);
    // The directory, and the image it belongs to.
    let directory = use_state_eq(|| None::<Node>);
    let answer = use_state_eq(|| None::<Result<Rc<Overlay>, Failure>>);
    let only_changes = use_state_eq(|| false);
    let seen: Seen = (*use_memo((job, selection.image), |_| Seen::default())).clone();

    // Begins where the selected path is, with another image at the root.
    use_effect_with((job, selection.image), {
        let (app, directory) = (app.clone(), directory.setter());
        move |(_, image)| {
            let image = *image;
            directory.set(None);
            spawn_local(async move {
                let start = match app.state.selection.node {
                    Some(node) => directory_of(&app, image, node).await.unwrap_or(Node::ROOT),
                    None => Node::ROOT,
                };
                directory.set(Some(start));
            });
        }
    });
    use_effect_with((job, selection.image, layer, merged, *directory), {
        let (app, answer, seen) = (app.clone(), answer.setter(), seen.clone());
        let latest = Rc::new(std::cell::Cell::new(true));
        move |&(_, image, layer, merged, directory)| {
            if let Some(node) = directory.filter(|_| merged > 0) {
                let latest = Rc::clone(&latest);
                spawn_local(async move {
                    let result = app.call(Request::Overlay { image, layer, node }).await;
                    if !latest.get() {
                        return;
                    }
                    match result {
                        Ok(Reply::Overlay(overlay)) => {
                            seen.borrow_mut().insert(overlay.path.clone(), node);
                            answer.set(Some(Ok(Rc::new(overlay))));
                        }
                        Ok(_) => {}
                        Err(failure) => answer.set(Some(Err(failure))),
                    }
                });
            }
            move || latest.set(false)
        }
    });

    let enter = {
        let (app, directory, seen) = (app.clone(), directory.setter(), seen.clone());
        Callback::from(move |(node, path): (Node, BString)| {
            seen.borrow_mut().insert(path, node);
            directory.set(Some(node));
            app.dispatch(Action::SelectNode(Some(node)));
        })
    };
    let select = app.on(|node| Action::SelectNode(Some(node)));

    if merged == 0 {
        return html! { <div class="overlay"><p class="blank" role="status">{words.files.merging}</p></div> };
    }
    let overlay = match &*answer {
        None => {
            return html! { <div class="overlay"><p class="blank" role="status">{words.details.loading}</p></div> };
        }
        Some(Err(failure)) => {
            let to_root = {
                let directory = directory.setter();
                Callback::from(move |_: MouseEvent| directory.set(Some(Node::ROOT)))
            };
            return html! {
                <div class="overlay">
                    <div class="blank" role="alert">
                        {explain(words, failure)}
                        <button onclick={to_root}>{overlay_words.root}</button>
                    </div>
                </div>
            };
        }
        Some(Ok(overlay)) => Rc::clone(overlay),
    };
    let up = {
        let (enter, overlay) = (enter.clone(), Rc::clone(&overlay));
        Callback::from(move |()| {
            if let Some(parent) = overlay.parent {
                let path = overlay.path.rsplitn(2, |&byte| byte == b'/').nth(1).unwrap_or_default();
                enter.emit((parent, path.into()));
            }
        })
    };
    let on_up_button = up.reform(|_: MouseEvent| ());
    let toggle = {
        let only_changes = only_changes.clone();
        Callback::from(move |_: MouseEvent| only_changes.set(!*only_changes))
    };
    let number = hue::number(layer);
    html! {
        <div class="overlay">
            <header class="overlay-head">
                <h2 id={HEADING_ID} tabindex="-1">{(overlay_words.title)(number)}</h2>
                <p class="muted">
                    {if layer == 0 { overlay_words.intro_bottom.to_owned() } else { (overlay_words.intro)(number) }}
                </p>
                <div class="overlay-bar">
                    <button class="quiet square" title={overlay_words.up} aria-label={overlay_words.up} data-testid="overlay-up"
                        disabled={overlay.parent.is_none()} onclick={on_up_button}>{"↑"}</button>
                    {breadcrumb(&overlay, &app, &seen, &enter, words)}
                    <button class="toggle" aria-pressed={only_changes.to_string()} data-testid="overlay-only-changes" onclick={toggle}>
                        {overlay_words.only_changes}
                    </button>
                </div>
            </header>
            <OverlayTable {overlay} {layer} selected={selection.node} only_changes={*only_changes}
                on_enter={enter} on_select={select} on_up={up} />
        </div>
    }
}

/// The directory of a path: itself, or the one above.
async fn directory_of(app: &AppHandle, image: u32, node: Node) -> Option<Node> {
    let Ok(Reply::Biography(life)) = app.call(Request::Biography { image, node }).await else { return None };
    if is_dir(&life) {
        return Some(node);
    }
    let slash = life.path.rfind_byte(b'/')?;
    locate(app, life.path[..slash].into()).await
}

/// Whether the newest version of a path is a directory; one without an entry is.
fn is_dir(life: &Biography) -> bool {
    let newest = life.chapters.iter().rev().find_map(|chapter| chapter.version.as_ref());
    newest.is_none_or(|version| version.facts.kind == Kind::Dir)
}

async fn locate(app: &AppHandle, path: BString) -> Option<Node> {
    match app.call(Request::Locate { path }).await {
        Ok(Reply::Located { found: Some((node, _)), .. }) => Some(node),
        _ => None,
    }
}

/// The way from the root to the directory, each step a button.
fn breadcrumb(
    overlay: &Overlay,
    app: &AppHandle,
    seen: &Seen,
    enter: &Callback<(Node, BString)>,
    words: &'static Words,
) -> Html {
    // The button pressed is gone in the next directory: the heading takes the focus.
    let enter = enter.reform(|place| {
        dom::focus(HEADING_ID);
        place
    });
    let go = |path: BString| {
        let (app, seen, enter) = (app.clone(), seen.clone(), enter.clone());
        Callback::from(move |_: MouseEvent| {
            let known = if path.is_empty() { Some(Node::ROOT) } else { seen.borrow().get(&path).copied() };
            if let Some(node) = known {
                return enter.emit((node, path.clone()));
            }
            let (app, path, enter) = (app.clone(), path.clone(), enter.clone());
            spawn_local(async move {
                if let Some(node) = locate(&app, path.clone()).await {
                    enter.emit((node, path));
                }
            });
        })
    };
    let path = &overlay.path;
    // Where each part of the path ends.
    let ends = path.find_iter("/").chain((!path.is_empty()).then_some(path.len()));
    let mut start = 0;
    let parts: Vec<(BString, BString)> = ends
        .map(|end| {
            let part = (path[start..end].into(), path[..end].into());
            start = end + 1;
            part
        })
        .collect();
    let last = parts.len();
    html! {
        <nav class="breadcrumb" aria-label={words.overlay.breadcrumb} data-testid="breadcrumb">
            <ol class="mono">
                <li>
                    <button class="quiet" aria-label={words.overlay.root} onclick={go(BString::default())}
                        aria-current={(last == 0).then_some("page")}>{"/"}</button>
                </li>
                { for parts.into_iter().enumerate().map(|(place, (name, whole))| html! {
                    <li>
                        if place > 0 { <span class="muted" aria-hidden="true">{"/"}</span> }
                        <button class="quiet" onclick={go(whole)} aria-current={(place + 1 == last).then_some("page")}>
                            {text::bdi(name.as_bstr(), Breaks::Escape)}
                        </button>
                    </li>
                }) }
            </ol>
        </nav>
    }
}
