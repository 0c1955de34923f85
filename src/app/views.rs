//! The parts of the page that nobody sees before something is open, or asked of elsewhere: more than half of it.
//!
//! Where the build splits the wasm (`scripts/split-wasm.mjs`), they are a wasm of their own, which is fetched when the first
//! screen is painted. All that is known of them here is therefore a table of functions that draw them.

use web_sys::HtmlElement;
use yew::prelude::*;

use super::{
    AppHandle,
    components::{
        archive_picker::ArchivePicker,
        help::Help,
        image_picker::ImagePicker,
        notice,
        remote::{PullPanel, RemoteDialog, RemoteQuestions},
        tabs::Tabs,
        workspace::Workspace,
    },
    i18n::use_words,
};
use crate::worker::protocol::{Failure, Job};

/// What draws the parts.
#[derive(Debug)]
pub struct Parts {
    /// An open archive. Each has a workspace of its own: what its components hold is of that archive.
    pub workspace: fn(Job) -> Html,
    /// The header's half that is about what is open.
    pub open: fn() -> Html,
    /// What is asked before anything is fetched from elsewhere.
    pub questions: fn() -> Html,
    /// The form for a name, and what is being pulled.
    pub pulls: fn() -> Html,
    /// What can be done about an image elsewhere that was not opened.
    pub elsewhere: fn(&AppHandle, &Failure) -> Html,
    /// The help.
    pub help: fn() -> Html,
}

static PARTS: Parts = Parts {
    workspace: |job| html! { <Workspace key={job.0} /> },
    open: || html! { <><ArchivePicker /><ImagePicker /><Tabs /></> },
    questions: || html! { <RemoteQuestions /> },
    pulls: || html! { <><RemoteDialog /><PullPanel /></> },
    elsewhere: notice::elsewhere,
    help: || html! { <Help /> },
};

/// Whether the parts are there; from [`use_views`].
#[derive(Debug, Clone, PartialEq)]
pub enum Views {
    /// They are on their way.
    Coming,
    /// They are there.
    Here(Here),
    /// They could not be fetched; this tries again.
    Missing(Callback<()>),
}

/// The parts. There is one table of them, so all are equal.
#[derive(Debug, Clone, Copy)]
pub struct Here(&'static Parts);

impl PartialEq for Here {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Views {
    /// They are a part of the page's own wasm.
    #[cfg(not(layerscope_split))]
    const AT_FIRST: Self = Self::Here(Here(&PARTS));
    /// They are not, and this must not refer to them.
    #[cfg(layerscope_split)]
    const AT_FIRST: Self = Self::Coming;

    /// Draws a part, or nothing as long as it is not there.
    pub fn draw(&self, part: impl FnOnce(&Parts) -> Html) -> Html {
        match self {
            Self::Here(Here(parts)) => part(parts),
            Self::Coming | Self::Missing(_) => Html::default(),
        }
    }

    /// Whether they are there.
    pub fn are_here(&self) -> bool {
        matches!(self, Self::Here(_))
    }

    /// What stands in the place of an open archive for as long as it cannot be drawn; nothing otherwise.
    pub fn instead(&self) -> Html {
        match self {
            Self::Here(_) => Html::default(),
            Self::Coming | Self::Missing(_) => html! {
                <main class="blank" id="content" tabindex="-1">{self.told()}</main>
            },
        }
    }

    /// Says that they are on their way, or could not be fetched; nothing once they are there.
    pub fn told(&self) -> Html {
        match self {
            Self::Here(_) => Html::default(),
            Self::Coming => html! { <Told /> },
            Self::Missing(retry) => html! { <Told {retry} /> },
        }
    }

    /// Says that they could not be fetched, if so.
    pub fn missing(&self) -> Html {
        if let Self::Missing(_) = self { self.told() } else { Html::default() }
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct ToldProps {
    /// Fetches it once more; without it, it is being fetched.
    #[prop_or_default]
    retry: Option<Callback<()>>,
}

#[component]
fn Told(props: &ToldProps) -> Html {
    let words = use_words();
    // The button goes with the attempt; who pressed it stays here.
    let place = use_node_ref();
    html! {
        <div ref={place.clone()} data-testid="no-views" tabindex="-1">
            if let Some(retry) = props.retry.clone() {
                <p role="alert"><strong>{words.shell.part_missing}</strong></p>
                <p><button type="button" data-testid="fetch-views" onclick={fetch_again(retry, place)}>{words.shell.part_again}</button></p>
            } else {
                // The announcer says it: a region that comes with its text may be passed over.
                <p>{words.shell.part_coming}</p>
            }
        </div>
    }
}

fn fetch_again(retry: Callback<()>, place: NodeRef) -> impl Fn(MouseEvent) {
    move |_| {
        retry.emit(());
        if let Some(place) = place.cast::<HtmlElement>() {
            // Focusing fails only for detached elements.
            let _ = place.focus();
        }
    }
}

/// The parts, once they are there.
#[hook]
pub fn use_views() -> Views {
    // Without a provider a component is rendered by itself.
    use_context().unwrap_or(Views::AT_FIRST)
}

/// What [`ViewsProvider`] takes.
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ViewsProviderProps {
    /// All that may use them.
    pub children: Html,
}

/// Sees to it that the parts come, for all inside it.
#[component]
pub fn ViewsProvider(props: &ViewsProviderProps) -> Html {
    let views = use_fetched();
    html! { <ContextProvider<Views> context={views}>{props.children.clone()}</ContextProvider<Views>> }
}

#[cfg(not(layerscope_split))]
#[hook]
fn use_fetched() -> Views {
    Views::AT_FIRST
}

#[cfg(layerscope_split)]
#[hook]
fn use_fetched() -> Views {
    let views = use_state_eq(|| Views::AT_FIRST);
    // Counts the attempts.
    let attempt = use_state(|| 0u32);
    {
        let (views, attempt) = (views.setter(), attempt.clone());
        use_effect_with(*attempt, move |&number| {
            views.set(Views::Coming);
            wasm_bindgen_futures::spawn_local(async move {
                // What the reader sees comes first.
                crate::platform::idle().await;
                views.set(match split::parts().await {
                    Ok(here) => Views::Here(here),
                    Err(_) => Views::Missing(Callback::from(move |()| attempt.set(number + 1))),
                });
            });
        });
    }
    (*views).clone()
}

#[cfg(layerscope_split)]
mod split {
    use wasm_split_helpers::{SplitLoaderError, wasm_split};

    use super::{Here, PARTS};

    /// The function through which alone the other wasm is reached: what only it refers to is moved there.
    #[wasm_split(views, fallible)]
    pub fn parts() -> Result<Here, SplitLoaderError> {
        Ok(Here(&PARTS))
    }
}
