//! A line per layer: how far each is.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{doctor::Doctor, login::Login, referrers::Referrers, warnings::Warnings};
use crate::{
    app::{
        format, hue,
        i18n::use_words,
        state::{Stage, Verification},
        use_app,
    },
    registry::{Ask, Pull, Trouble},
    worker::protocol::{FailureKind, Request},
};

/// The layers of an image elsewhere. Nothing for one that is a file of the reader's.
#[component]
pub fn PullPanel() -> Html {
    let words = use_words();
    let app = use_app();
    let (Some(archive), Some(image)) = (&app.state.archive, app.state.image()) else {
        return Html::default();
    };
    let Some(elsewhere) = &archive.elsewhere else { return Html::default() };
    if elsewhere.manifest.is_none() && image.layers.iter().all(|layer| layer.pull.is_none()) {
        // It came whole before it was opened, as a file does.
        return Html::default();
    }
    let is_done = |pull: Option<Pull>| matches!(pull, Some(Pull::Complete | Pull::Exists));
    let done = image.layers.iter().filter(|layer| is_done(layer.pull) && layer.is_listed()).count() as u32;
    let all = image.layers.len() as u32;
    let failed = match &archive.stage {
        Stage::Failed(failure) => Some(failure.kind),
        _ => None,
    };
    let is_resting = archive.stage != Stage::Reading;
    let fetch = {
        let app = app.clone();
        move |layers: Vec<u32>| {
            let app = app.clone();
            spawn_local(async move {
                // What comes of it comes as events.
                let _ = app.call(Request::Remote(Ask::Fetch(layers))).await;
            });
        }
    };
    let rows = image.layers.iter().zip(0u32..).map(|(layer, index)| {
        let size = layer.report.stated_size.map(|size| format::size(words.lang, size));
        let is_wrong = archive.verification(layer) == Verification::Mismatch;
        let state = match layer.pull {
            _ if is_wrong => words.remote.mismatch.to_owned(),
            Some(pull) => (words.remote.state)(pull),
            None => String::new(),
        };
        let reading = layer.reading.filter(|_| layer.pull == Some(Pull::Downloading));
        let rate = reading.and_then(|reading| reading.rate());
        let fetch = fetch.clone();
        html! {
            <li key={index} data-testid="pull-layer" class={hue::classes(index)}>
                <span class="pull-number">{hue::number(index)}</span>
                <code class="pull-digest" title={layer.report.stated_digest.as_ref().map(ToString::to_string)}>
                    {layer.report.stated_digest.as_ref().map(|digest| digest.hex()[..12].to_owned())}
                </code>
                <span class={classes!("pull-state", is_wrong.then_some("check-mismatch"))} data-testid="pull-state">{state}</span>
                if let Some(reading) = reading {
                    <progress max={reading.total.to_string()} value={reading.done.to_string()} aria-label={hue::number(index).to_string()} />
                    <span class="muted">{format::size(words.lang, reading.done)}
                        if let Some(rate) = rate { {" · "}{format::rate(words.lang, rate)} }
                    </span>
                }
                <span class="muted pull-size">{size}</span>
                if is_resting && layer.pull == Some(Pull::OnDemand) {
                    <button type="button" class="link" data-testid="fetch-layer" onclick={move |_| fetch(vec![index])}>
                        {(words.remote.fetch_layer)(hue::number(index))}
                    </button>
                }
            </li>
        }
    });
    let fetch_all = fetch.clone();
    html! { <>
        <Warnings texts={elsewhere.warnings.clone()} />
        <details class="pull" data-testid="pull" open={done < all}>
            <summary role="status">{(words.remote.layers)(done, all)}</summary>
            <ol class="pull-layers">{ for rows }</ol>
            <p class="notice-actions">
                if is_resting && done < all {
                    <button type="button" data-testid="fetch-all" onclick={move |_| fetch_all(Vec::new())}>
                        {if failed.is_some() { words.remote.again } else { words.remote.fetch_all }}
                    </button>
                }
            </p>
            {match failed {
                Some(FailureKind::Remote(Trouble::Unauthorized | Trouble::Credentials)) => {
                    let (fetch, place) = (fetch.clone(), AttrValue::from(elsewhere.remote.place.clone()));
                    html! { <Login {place} on_login={move |()| fetch(Vec::new())} /> }
                }
                Some(FailureKind::Remote(trouble)) => html! { <Doctor remote={elsewhere.remote.clone()} {trouble} /> },
                _ => Html::default(),
            }}
            if elsewhere.manifest.is_some() { <Referrers key={archive.job.0} /> }
        </details>
    </> }
}
