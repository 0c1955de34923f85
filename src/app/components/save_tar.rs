//! A button that saves a part of the image as a tar.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    app::{i18n::use_words, use_app},
    worker::protocol::{Failure, Request},
};

/// Properties of [`SaveTar`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SaveTarProps {
    /// What is asked of the worker.
    pub request: Request,
    /// The name of the file.
    pub name: AttrValue,
    /// What the button says.
    pub label: AttrValue,
    /// For tests.
    pub testid: AttrValue,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Idle,
    Saving,
    Failed(Failure),
}

/// The button, and beside it how far the saving is.
#[component]
pub fn SaveTar(props: &SaveTarProps) -> Html {
    let words = &use_words().saving;
    let app = use_app();
    let stage = use_state_eq(|| Stage::Idle);
    let onclick = {
        let (stage, request, name) = (stage.setter(), props.request.clone(), props.name.clone());
        Callback::from(move |_: MouseEvent| {
            let (app, stage, request, name) = (app.clone(), stage.clone(), request.clone(), name.clone());
            stage.set(Stage::Saving);
            spawn_local(async move {
                let result = app.download(request, &name).await;
                stage.set(result.err().map_or(Stage::Idle, Stage::Failed));
            });
        })
    };
    html! {
        <span class="save-tar">
            <button class="quiet" data-testid={&props.testid} disabled={*stage == Stage::Saving} {onclick}>{&props.label}</button>
            <span class="muted" role="status">
                {match &*stage {
                    Stage::Idle => Html::default(),
                    Stage::Saving => html! { {words.saving} },
                    Stage::Failed(failure) => html! { <>{words.failed}{" "}<span class="mono">{failure.detail.clone()}</span></> },
                }}
            </span>
        </span>
    }
}
