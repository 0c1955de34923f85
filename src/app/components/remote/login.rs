//! Name and password, in a form that password managers understand.

use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    app::{i18n::use_words, use_app},
    registry::{Ask, Credentials, Place},
    worker::protocol::Request,
};

/// Properties of [`Login`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LoginProps {
    /// What the registry has.
    pub place: AttrValue,
    /// They are known, and it can be asked again.
    pub on_login: Callback<()>,
}

/// The form. What is typed goes to the worker, which keeps it in memory, and nowhere else.
#[component]
pub fn Login(props: &LoginProps) -> Html {
    let words = use_words();
    let app = use_app();
    let (user, password) = (use_node_ref(), use_node_ref());
    let host = Place::parse(&props.place).ok().and_then(|place| place.origin());
    let host = host.map(|origin| origin.to_string()).unwrap_or_default();
    let onsubmit = {
        let (user, password, app) = (user.clone(), password.clone(), app.clone());
        let LoginProps { place, on_login } = props.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            let value = |node: &NodeRef| {
                node.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default()
            };
            let credentials = Credentials { user: value(&user), password: value(&password) };
            let ask = Ask::LogIn { place: place.to_string(), credentials };
            let (app, on_login) = (app.clone(), on_login.clone());
            spawn_local(async move {
                // Without a worker there is nothing to be had either, which is told then.
                let _ = app.call_anyway(Request::Remote(ask)).await;
                on_login.emit(());
            });
        }
    };
    html! {
        <form class="remote-login" method="post" {onsubmit} data-testid="remote-login" aria-labelledby="login-title">
            <p id="login-title"><strong><bdi>{(words.remote.log_in)(&host)}</bdi></strong></p>
            <label>{words.remote.user}
                <input type="text" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" ref={user} />
            </label>
            <label>{words.remote.password}
                <input type="password" name="password" autocomplete="current-password" ref={password} />
            </label>
            <button type="submit" class="primary">{words.remote.submit}</button>
            <p class="muted">{words.remote.log_in_note}</p>
        </form>
    }
}
