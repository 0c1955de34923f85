//! The root component: holds the state, owns the worker.

use wasm_bindgen_futures::spawn_local;
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::{
    batch::batched,
    components::{
        announcer::Announcer,
        drop_target::DropTarget,
        filter_bar,
        header::{self, Header},
        image_picker,
        notice::Notice,
        opener::{DirectoryInput, FileInput},
        start::Start,
        status_bar::StatusBar,
    },
    dom, format,
    handle::{AppHandle, use_app},
    hooks::{use_keys, use_link},
    i18n::{LanguageProvider, use_words},
    state::{Action, Page, Stage, State},
    views::{ViewsProvider, use_views},
};
use crate::{platform, worker::client::Client};

/// The whole page.
#[component]
pub fn App() -> Html {
    html! {
        <LanguageProvider>
            <StateProvider><ViewsProvider><Shell /></ViewsProvider></StateProvider>
        </LanguageProvider>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct StateProviderProps {
    children: Html,
}

/// Holds the state and starts the worker, for all inside it.
#[component]
fn StateProvider(props: &StateProviderProps) -> Html {
    let state = use_reducer(State::default);
    let client = use_state(|| None::<Client>);
    {
        let (dispatcher, client) = (state.dispatcher(), client.setter());
        use_effect_with((), move |()| {
            let on_event = batched(move |action| dispatcher.dispatch(action));
            client.set(Some(Client::start(on_event)));
        });
    }
    let dispatch = use_callback(state.dispatcher(), |action, dispatcher| dispatcher.dispatch(action));
    let context = AppHandle::new((*state).clone(), dispatch, (*client).clone());
    html! { <ContextProvider<AppHandle> {context}>{props.children.clone()}</ContextProvider<AppHandle>> }
}

/// What is on the screen.
#[component]
pub fn Shell() -> Html {
    let app = use_app();
    let views = use_views();
    use_shortcuts(&app, views.are_here());
    use_title(&app);
    use_marks(&app, views.are_here());
    use_formats();
    use_link(&app);
    html! {
        <div class="app">
            <Header />
            if let Some(archive) = &app.state.archive {
                <Notice />
                {views.draw(|parts| (parts.questions)())}
                {views.draw(|parts| (parts.pulls)())}
                {views.draw(|parts| (parts.workspace)(archive.job))}
                {views.instead()}
            } else {
                <Start />
            }
            <StatusBar />
            <Announcer />
            <FileInput />
            <DirectoryInput />
            <DropTarget />
            {views.draw(|parts| (parts.help)())}
        </div>
    }
}

/// The keys that work everywhere, once what they show `can_be_shown`. A page's own keys are the page's business.
#[hook]
fn use_shortcuts(app: &AppHandle, can_be_shown: bool) {
    let on_key = use_callback((app.clone(), can_be_shown), |event: KeyboardEvent, (app, can_be_shown)| {
        if !can_be_shown {
            return;
        }
        let is_open = app.state.archive.is_some();
        let action = match event.key().as_str() {
            "?" => Action::ShowHelp(true),
            "1" if is_open => Action::SelectPage(Page::Files),
            "2" if is_open => Action::SelectPage(Page::Overlay),
            "3" if is_open => Action::SelectPage(Page::History),
            "4" if is_open => Action::SelectPage(Page::Image),
            "5" if is_open => Action::SelectPage(Page::Trust),
            "6" if is_open => Action::SelectPage(Page::Container),
            "[" if is_open => Action::StepUpto(-1),
            "]" if is_open => Action::StepUpto(1),
            "/" if is_open => {
                event.prevent_default();
                let on_files = app.state.selection.page == Page::Files;
                return dom::focus(if on_files { filter_bar::FILTER_ID } else { header::SEARCH });
            }
            _ => return,
        };
        event.prevent_default();
        app.dispatch(action);
    });
    use_keys(on_key);
}

/// The document's title follows the image.
#[hook]
fn use_title(app: &AppHandle) {
    let words = use_words();
    let image = app.state.image().map(|image| image_picker::name(words, image, app.state.selection.image));
    use_effect_with(image, |image| match image {
        Some(image) => dom::set_title(&format!("{image} · Layerscope")),
        None => dom::set_title("Layerscope"),
    });
}

/// Marks on the browser's timeline: what is dropped (set by [`AppHandle`]), its history on the screen, every layer
/// of the image merged, everything read and verified.
#[hook]
fn use_marks(app: &AppHandle, can_be_shown: bool) {
    // Looking back at an earlier one is no news.
    let newest = app.state.archive.as_ref().filter(|_| can_be_shown && app.state.looks_at_newest());
    let job = newest.map(|archive| archive.job);
    let merged =
        job.and(app.state.image()).is_some_and(|image| image.is_merged() && !image.layers.is_empty());
    let finished = newest.is_some_and(|archive| archive.stage == Stage::Finished);
    use_effect_with(job, |job| mark(job.is_some(), "layerscope:history"));
    use_effect_with((job, merged), |(_, merged)| mark(*merged, "layerscope:tree"));
    use_effect_with((job, finished), |(_, finished)| mark(*finished, "layerscope:verified"));
}

/// A browser takes some 20 ms to begin with each format of numbers: better before anything is dropped.
#[hook]
fn use_formats() {
    let lang = use_words().lang;
    use_effect_with(lang, |&lang| {
        spawn_local(async move {
            platform::idle().await;
            // Sizes have one digit after the point, or none, as numbers have.
            for bytes in [1_000, 100_000] {
                format::size(lang, bytes);
            }
        });
    });
}

fn mark(happened: bool, name: &str) {
    if happened {
        dom::mark(name);
    }
}
