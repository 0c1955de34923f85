//! The URL follows what is looked at, and what is looked at follows the URL.

use gloo::events::EventListener;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    app::{AppHandle, dom, handle, remote::Link, state::Action},
    worker::protocol::{Reply, Request},
};

/// Opens what the URL's fragment says when the page is loaded, or asks first; keeps the fragment true after that.
#[hook]
pub fn use_link(app: &AppHandle) {
    // Whatever is to be applied once its image is open.
    let waiting = use_mut_ref(|| None::<Link>);
    let latest = use_mut_ref(|| app.clone());
    *latest.borrow_mut() = app.clone();
    {
        let (waiting, app, ready) = (waiting.clone(), app.clone(), app.is_ready());
        use_effect_with(ready, move |ready| {
            if let Some(link) = Link::parse(&dom::fragment()).filter(|_| *ready) {
                *waiting.borrow_mut() = Some(link.clone());
                handle::begin(&app, link);
            }
        });
    }
    {
        let (waiting, latest) = (waiting.clone(), latest.clone());
        use_effect_with((), move |()| {
            let listener = dom::window_target().map(|target| {
                EventListener::new(&target, "popstate", move |_| {
                    let app = latest.borrow().clone();
                    let Some(link) = Link::parse(&dom::fragment()) else { return };
                    match app.state.link() {
                        Some(now) if (&now.place, &now.choice) == (&link.place, &link.choice) => {
                            apply(&app, &link)
                        }
                        _ => {
                            *waiting.borrow_mut() = Some(link.clone());
                            handle::begin(&app, link);
                        }
                    }
                })
            });
            move || drop(listener)
        });
    }
    let place = app.state.link().map(|link| link.place);
    let is_pending = app.state.is_remote_pending();
    {
        // Declined, dismissed after a failure, or overtaken by another: the URL tells of what is looked at again.
        let (waiting, is_refused) = (waiting.clone(), app.state.refused_remote().is_some());
        let job = app.state.archive.as_ref().map(|archive| archive.job);
        use_effect_with(
            (job, place.clone(), is_pending, is_refused),
            move |(_, place, is_pending, is_refused)| {
                let is_kept = |link: &Link| *is_pending || *is_refused || Some(&link.place) == place.as_ref();
                if waiting.borrow().as_ref().is_some_and(|link| !is_kept(link)) {
                    *waiting.borrow_mut() = None;
                }
            },
        );
    }
    let elsewhere = app.state.archive.as_ref().filter(|archive| archive.elsewhere.is_some());
    let merged = app.state.image().map(|image| image.merged);
    {
        let (app, job) = (app.clone(), elsewhere.map(|archive| archive.job));
        let (waiting, place) = (waiting.clone(), place.clone());
        use_effect_with((job, merged), move |(job, _)| {
            let link =
                waiting.borrow().clone().filter(|link| job.is_some() && Some(&link.place) == place.as_ref());
            if let Some(link) = link {
                apply(&app, &link);
                // A path has to be there before it can be found.
                let is_merged = app.state.image().is_some_and(|image| image.is_merged());
                if is_merged || link.look || link.path.is_none() {
                    *waiting.borrow_mut() = None;
                }
            }
        });
    }
    let link = app.state.link();
    let node = app.state.selection.node;
    // Another archive is news even where neither has a link.
    let job = app.state.archive.as_ref().map(|archive| archive.job);
    let app = app.clone();
    use_effect_with((job, link, node, is_pending), move |(job, link, node, is_pending)| {
        let awaited = waiting.borrow().as_ref().map(|link| link.place.clone());
        if job.is_none() || (awaited.is_some() && (*is_pending || awaited == place)) {
            return;
        }
        let Some(mut link) = link.clone() else { return dom::set_fragment("", false) };
        let before = Link::parse(&dom::fragment());
        let is_step = before.is_none_or(|before| (&before.place, before.view) != (&link.place, link.view));
        let Some(node) = *node else { return dom::set_fragment(&link.fragment(), is_step) };
        spawn_local(async move {
            let ask = Request::Biography { image: link.image, node };
            if let Ok(Reply::Biography(biography)) = app.call(ask).await {
                link.path = Some(biography.path.to_string().into());
            }
            dom::set_fragment(&link.fragment(), is_step);
        });
    });
}

/// Looks at what a link says, as far as it is there.
fn apply(app: &AppHandle, link: &Link) {
    app.dispatch(Action::SelectImage(link.image));
    if let Some(layer) = link.layer {
        app.dispatch(Action::SelectUpto(layer));
    }
    if let Some(view) = link.view {
        app.dispatch(Action::SelectPage(view));
    }
    app.dispatch(Action::Search(link.filter.clone()));
    if let Some(path) = link.path.clone() {
        let app = app.clone();
        spawn_local(async move {
            let ask = Request::Locate { path: path.as_str().into() };
            if let Ok(Reply::Located { found: Some((node, _)), .. }) = app.call(ask).await {
                app.dispatch(Action::SelectNode(Some(node)));
            }
        });
    }
}
