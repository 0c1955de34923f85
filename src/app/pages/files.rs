//! The files page: the merged filesystem as a tree.

use wasm_bindgen_futures::spawn_local;
use web_sys::KeyboardEvent;
use yew::prelude::*;

use crate::{
    app::{
        components::{
            filter_bar::{FilesKey, FilterBar, files_key},
            tree::Tree,
        },
        hooks::use_keys,
        i18n::use_words,
        state::{Action, Pane, ViewOptions},
        use_app,
    },
    worker::protocol::{Expand, Request, Sort, View, ViewSpec},
};

/// The files page.
#[component]
pub fn FilesPage() -> Html {
    let words = &use_words().files;
    let app = use_app();
    let view = use_state_eq(|| None::<View>);
    // Counts what the tree does not know of: it asks for the view anew.
    let revision = use_state_eq(|| 0u32);

    let on_view = use_callback((), {
        let view = view.setter();
        move |now: View, ()| view.set(Some(now))
    });
    let on_expand = {
        let (app, revision) = (app.clone(), revision.clone());
        Callback::from(move |expand: Expand| {
            let (app, revision) = (app.clone(), revision.clone());
            spawn_local(async move {
                if app.call(Request::Expand(expand)).await.is_ok() {
                    revision.set(*revision + 1);
                }
            });
        })
    };
    let on_activate = app.on(|()| Action::ShowPane(Pane::Details));
    let on_sort = {
        let options = app.state.view;
        app.on(move |sort: Sort| Action::View(ViewOptions { sort, ..options }))
    };
    use_keys({
        let (app, on_expand) = (app.clone(), on_expand.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(key) = files_key(&event.key(), app.state.view) else { return };
            event.prevent_default();
            match key {
                FilesKey::View(view) => app.dispatch(Action::View(view)),
                FilesKey::Expand(expand) => on_expand.emit(expand),
            }
        })
    });

    let state = &app.state;
    let (Some(archive), Some(image)) = (&state.archive, state.image()) else { return Html::default() };
    let Some(top) = image.merged.checked_sub(1) else {
        let nothing = if image.layers.is_empty() { words.empty } else { words.merging };
        return html! { <div class="files"><p class="blank" role="status">{nothing}</p></div> };
    };
    let upto = state.selection.upto.min(top);
    let options = state.view;
    let spec = ViewSpec {
        image: state.selection.image,
        upto,
        compare: options.compare,
        filter: state.search.to_string(),
        changes: options.changes,
        sort: options.sort,
        ghosts: options.ghosts,
    };
    let is_empty = view.as_ref().is_some_and(|view| view.rows == 0);
    let is_filtered = !state.search.is_empty() || options.changes != Default::default() || !options.ghosts;
    let show_all = {
        let app = app.clone();
        Callback::from(move |_: MouseEvent| {
            app.dispatch(Action::Search(AttrValue::default()));
            let shown = ViewOptions::default();
            app.dispatch(Action::View(ViewOptions {
                changes: shown.changes,
                ghosts: shown.ghosts,
                ..app.state.view
            }));
        })
    };
    html! {
        <div class="files">
            <FilterBar {upto} matches={view.as_ref().map(|view| view.matches)} {on_expand} />
            <Tree key={format!("{}-{}", archive.job.0, state.selection.image)} {spec} merged={image.merged} revision={*revision}
                layers={image.layers.len() as u32} {on_view} {on_activate} {on_sort} />
            if is_empty {
                <div class="blank" role="status">
                    if is_filtered {
                        <p>{words.nothing_matches}</p>
                        <button onclick={show_all} data-testid="show-all">{words.show_all}</button>
                    } else {
                        <p>{words.empty}</p>
                    }
                </div>
            }
        </div>
    }
}
