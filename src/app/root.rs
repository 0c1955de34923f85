//! The root component: holds the state, owns the worker.

use yew::prelude::*;

use super::{
    dom,
    handle::AppHandle,
    i18n::LanguageProvider,
    state::{Action, State},
};
use crate::worker::client::Client;

/// The whole page.
#[component]
pub fn Root() -> Html {
    html! { <LanguageProvider><Shell /></LanguageProvider> }
}

#[component]
fn Shell() -> Html {
    let state = use_reducer(State::default);
    let client = use_state(|| None::<Client>);
    {
        let (dispatcher, client) = (state.dispatcher(), client.setter());
        use_effect_with((), move |()| {
            let on_event = Callback::from(move |(job, event)| {
                dispatcher.dispatch(Action::Event { job, event, at: dom::now() });
            });
            client.set(Some(Client::start(on_event)));
        });
    }
    let dispatch = use_callback(state.dispatcher(), |action, dispatcher| dispatcher.dispatch(action));
    let app = AppHandle::new((*state).clone(), dispatch, (*client).clone());
    html! { <ContextProvider<AppHandle> context={app}><main /></ContextProvider<AppHandle>> }
}
