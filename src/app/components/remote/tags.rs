//! The tags of a repository, a page at a time.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{doctor::Doctor, login::Login, warnings::Warnings};
use crate::{
    app::{components::notice, i18n::use_words, remote::RemoteAction, state::Action, text, use_app},
    registry::{Answer, Ask, Remote, Trouble},
    worker::protocol::{Failure, FailureKind, Reply, Request},
};

/// Properties of [`Tags`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct TagsProps {
    /// The repository.
    pub place: AttrValue,
    /// A tag was chosen.
    pub on_tag: Callback<String>,
}

/// The list of tags.
#[component]
pub fn Tags(props: &TagsProps) -> Html {
    let words = use_words();
    let app = use_app();
    let tags = use_state(Vec::<String>::new);
    // What is to be asked next: nothing yet, or where there is more.
    let next = use_state(|| None::<String>);
    let ended = use_state(|| None::<Result<(), Failure>>);
    let warnings = use_state(Vec::<AttrValue>::new);
    let ask = {
        let (app, place, tags, next, ended) =
            (app.clone(), props.place.clone(), tags.clone(), next.clone(), ended.clone());
        let warnings = warnings.setter();
        move || {
            let (app, place, tags, next, ended) =
                (app.clone(), place.clone(), tags.clone(), next.clone(), ended.clone());
            let warnings = warnings.clone();
            spawn_local(async move {
                let Some(gateway) = app.way_to(&place).await else {
                    let remote = Remote::look(&place);
                    return app.dispatch(Action::Remote(RemoteAction::Forbidden(remote)));
                };
                let ask = Ask::Tags { place: place.to_string(), gateway, next: (*next).clone() };
                match app.call_anyway(Request::Remote(ask)).await {
                    Ok(Reply::Remote(Answer::Tags { tags: more, next: then, warnings: said })) => {
                        warnings.set(said.into_iter().map(AttrValue::from).collect());
                        tags.set([&tags[..], &more[..]].concat());
                        if then.is_none() {
                            ended.set(Some(Ok(())));
                        }
                        next.set(then);
                    }
                    Ok(_) => {}
                    Err(failure) => ended.set(Some(Err(failure))),
                }
            });
        }
    };
    use_effect_with(props.place.clone(), {
        let ask = ask.clone();
        move |_| ask()
    });
    let remote = Remote::look(&props.place);
    html! {
        <section class="remote-tags" data-testid="remote-tag-list" aria-label={words.remote.tag}>
            <ul>
                { for tags.iter().map(|tag| {
                    let (on_tag, chosen) = (props.on_tag.clone(), tag.clone());
                    html! {
                        <li key={tag.clone()}>
                            <button type="button" class="link" onclick={move |_| on_tag.emit(chosen.clone())}>
                                <bdi>{text::visible(tag.as_bytes())}</bdi>
                            </button>
                        </li>
                    }
                }) }
            </ul>
            <Warnings texts={(*warnings).clone()} />
            {match &*ended {
                Some(Err(failure)) => html! {
                    <>
                        {notice::explain(words, failure)}
                        {match failure.kind {
                            FailureKind::Remote(Trouble::Unauthorized | Trouble::Credentials) => {
                                let (ask, ended) = (ask.clone(), ended.setter());
                                let on_login = move |()| {
                                    ended.set(None);
                                    ask();
                                };
                                html! { <Login place={props.place.clone()} {on_login} /> }
                            }
                            FailureKind::Remote(trouble) => html! { <Doctor {remote} {trouble} /> },
                            _ => Html::default(),
                        }}
                    </>
                },
                Some(Ok(())) if tags.is_empty() => html! { <p class="muted">{words.remote.no_tags}</p> },
                Some(Ok(())) => Html::default(),
                None if next.is_some() => {
                    html! { <button type="button" data-testid="remote-more-tags" onclick={move |_| ask()}>{words.remote.more_tags}</button> }
                }
                None => html! { <p class="muted">{"…"}</p> },
            }}
        </section>
    }
}
