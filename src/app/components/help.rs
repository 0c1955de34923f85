//! The help: every key, every mark.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use crate::app::{
    i18n::use_words,
    state::{Action, Page},
    use_app,
};

/// The help, as a modal dialog.
#[component]
pub fn Help() -> Html {
    let words = use_words();
    let app = use_app();
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with(app.state.help, move |help| {
            let Some(dialog) = dialog.cast::<HtmlDialogElement>() else { return };
            if *help && !dialog.open() {
                // Fails only if the dialog is open already.
                let _ = dialog.show_modal();
            } else if !*help && dialog.open() {
                dialog.close();
            }
        });
    }
    html! {
        <dialog ref={dialog} class="help" data-testid="help-dialog" aria-labelledby="help-title"
            onclose={app.on(|_| Action::ShowHelp(false))}>
            <header>
                <h2 id="help-title">{words.shell.help}</h2>
                <button type="button" onclick={app.on(|_| Action::ShowHelp(false))}>{words.shell.close}</button>
            </header>
            <h3>{words.shell.keys_title}</h3>
            {keys(words.shell.keys)}
            <h3>{(words.shell.page)(Page::Files)}</h3>
            {keys(words.files.keys)}
            <h3>{(words.shell.page)(Page::Overlay)}</h3>
            {keys(words.overlay.keys)}
            <h3>{words.shell.marks_title}</h3>
            <dl class="keys">
                { for words.shell.marks.iter().map(|(glyph, class, meaning)| html! {
                    <div>
                        <dt><span class={classes!("mark", *class)}>{*glyph}</span></dt>
                        <dd>{*meaning}</dd>
                    </div>
                }) }
            </dl>
        </dialog>
    }
}

/// A list of keys with what they do.
fn keys(keys: &'static [(&'static [&'static str], &'static str)]) -> Html {
    let rows = keys.iter().map(|(keys, meaning)| {
        html! {
            <div>
                <dt>{ for keys.iter().map(|key| html! { <kbd>{*key}</kbd> }) }</dt>
                <dd>{*meaning}</dd>
            </div>
        }
    });
    html! { <dl class="keys">{ for rows }</dl> }
}
