//! The container page: an image with a writable layer on top, a shell in it, and what its filesystem does.

use std::rc::Rc;

use bstr::{BString, ByteSlice};
use yew::prelude::*;

use crate::{
    app::{
        components::{
            lab::{
                build::Build,
                head::{Head, MountOptions, StartButton},
                player::Player,
                shelf::Shelf,
                terminal::Terminal,
            },
            overlay_view::OverlayTable,
        },
        i18n::use_words,
        lab::{Lab, LabAction, Part},
        story, use_app,
    },
    worker::protocol::{Node, Overlay},
};

/// The container page.
#[component]
pub fn ContainerPage() -> Html {
    let words = &use_words().container;
    let app = use_app();
    let lab = Rc::clone(&app.state.lab);
    // Archives come and go, and their layers become known.
    let merged = app.state.image().map_or(0, |image| image.merged);
    use_effect_with((app.state.archives().len(), merged, lab.stale), {
        let app = app.clone();
        move |_| app.look_at_shelf()
    });
    html! {
        <div class="lab">
            <div class="lab-parts" role="group" aria-label={words.parts}>
                { for Part::ALL.into_iter().map(|part| html! {
                    <button key={part.name()} type="button" class="toggle" data-testid={format!("part-{}", part.name())}
                        aria-pressed={(part == lab.part).to_string()} onclick={let app = app.clone(); move |_| app.lab(LabAction::Show(part))}>
                        {(words.part)(part)}
                    </button>
                }) }
                if lab.part == Part::Container { <StartButton /><MountOptions /> }
            </div>
            {match lab.part {
                Part::Container => html! { <Container /> },
                Part::Shelf => html! { <Shelf /> },
                Part::Build => html! { <Build /> },
            }}
        </div>
    }
}

#[component]
fn Container() -> Html {
    let words = &use_words().container;
    let app = use_app();
    let lab = Rc::clone(&app.state.lab);
    html! {
        <>
            if let Some(container) = &lab.container {
                <Head key={container.id.clone()} container={Rc::clone(container)} />
            } else {
                <div class="lab-none"><p><strong>{words.none}</strong></p><p class="muted">{words.none_hint}</p></div>
            }
            <div class="lab-halves"><Terminal /><Player /></div>
            if let (Some(_), Some(overlay)) = (&lab.container, &lab.look) {
                <Columns overlay={Rc::clone(overlay)} />
            }
        </>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct ColumnsProps {
    overlay: Rc<Overlay>,
}

/// A directory of the container, its own layer as the upper one.
#[component]
fn Columns(props: &ColumnsProps) -> Html {
    let all = use_words();
    let words = &all.container;
    let app = use_app();
    let lab: Rc<Lab> = Rc::clone(&app.state.lab);
    let only_changes = use_state_eq(|| false);
    let overlay = Rc::clone(&props.overlay);
    let Some(container) = lab.container.clone() else { return Html::default() };
    let go = {
        let (app, id) = (app.clone(), container.id.clone());
        Callback::from(move |path: BString| app.look_at(id.clone(), path))
    };
    let up = {
        let (go, path) = (go.clone(), overlay.path.clone());
        Callback::from(move |()| {
            let parent = path.rfind_byte(b'/').map_or(&[][..], |slash| &path[..slash]);
            go.emit(parent.into());
        })
    };
    let on_up = up.reform(|_: MouseEvent| ());
    let on_enter = go.reform(|(_, path): (Node, BString)| path);
    let toggle = {
        let only_changes = only_changes.clone();
        move |_: MouseEvent| only_changes.set(!*only_changes)
    };
    let layer = container.upto.map_or(0, |upto| upto.saturating_add(1));
    html! {
        <section class="overlay lab-columns" data-testid="container-columns">
            <header class="overlay-head">
                <h3>{words.columns}</h3>
                <div class="overlay-bar">
                    <button type="button" class="quiet square" title={all.overlay.up} aria-label={all.overlay.up} data-testid="container-up"
                        disabled={overlay.path.is_empty()} onclick={on_up}>{"↑"}</button>
                    <span class="mono" data-testid="container-directory"><bdi>{story::shown_path(overlay.path.as_bstr())}</bdi></span>
                    <button type="button" class="toggle" aria-pressed={only_changes.to_string()} data-testid="container-only-changes" onclick={toggle}>
                        {words.only_changes}
                    </button>
                </div>
            </header>
            <OverlayTable {overlay} {layer} selected={None::<Node>} only_changes={*only_changes}
                {on_enter} on_select={Callback::noop()} on_up={up} />
        </section>
    }
}
