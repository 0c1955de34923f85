//! Typing the name of another image while one is open.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::RemoteStart;
use crate::app::{i18n::use_words, remote::RemoteAction, state::Action, use_app};

/// A button that opens the form for a name.
#[component]
pub fn RemoteButton() -> Html {
    let words = use_words();
    let app = use_app();
    html! {
        <button type="button" data-testid="remote-type" aria-haspopup="dialog" title={words.remote.title}
            onclick={app.on(|_| Action::Remote(RemoteAction::Type(true)))}>{words.remote.open_another}</button>
    }
}

/// The form as a modal dialog. It closes once something is asked for, or asked back.
#[component]
pub fn RemoteDialog() -> Html {
    let words = use_words();
    let app = use_app();
    let dialog = use_node_ref();
    let is_typing = app.state.remote.is_typing;
    {
        let dialog = dialog.clone();
        use_effect_with(is_typing, move |is_typing| {
            let Some(dialog) = dialog.cast::<HtmlDialogElement>() else { return };
            if *is_typing && !dialog.open() {
                // Fails only if the dialog is open already.
                let _ = dialog.show_modal();
            } else if !*is_typing && dialog.open() {
                dialog.close();
            }
        });
    }
    html! {
        <dialog ref={dialog} class="help" data-testid="remote-dialog" aria-labelledby="remote-title"
            onclose={app.on(|_| Action::Remote(RemoteAction::Type(false)))}>
            if is_typing { <RemoteStart /> }
            <p class="notice-actions">
                <button type="button" onclick={app.on(|_| Action::Remote(RemoteAction::Type(false)))}>{words.shell.close}</button>
            </p>
        </dialog>
    }
}
