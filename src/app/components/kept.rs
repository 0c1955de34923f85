//! Indexes that the browser keeps: what can be done about that of the open archive, and a list of all.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::notice::explain;
use crate::{
    app::{
        AppHandle,
        format::{Size, Time},
        i18n::{Words, use_words},
        state::Stage,
        text, use_app,
    },
    worker::{
        kept::{Ask, KeptIndex, Own, Told},
        protocol::{Failure, Job, Reply, Request},
    },
};

/// What the worker said.
#[derive(Debug, Clone, Default, PartialEq)]
struct Known {
    /// What is kept, or why that cannot be told.
    told: Option<Result<Told, Failure>>,
    /// Why the last thing asked for by hand was not done: it stays when the list is merely read anew.
    refused: Option<Failure>,
}

impl Reducible for Known {
    type Action = (Ask, Result<Told, Failure>);

    fn reduce(self: Rc<Self>, (ask, said): Self::Action) -> Rc<Self> {
        let by_hand = ask != Ask::List;
        Rc::new(match said {
            Err(failure) if by_hand => Self { refused: Some(failure), told: self.told.clone() },
            said => Self { told: Some(said), refused: if by_hand { None } else { self.refused.clone() } },
        })
    }
}

/// Asks the worker, and keeps what it says.
fn ask(app: &AppHandle, ask: Ask, known: &UseReducerDispatcher<Known>) {
    let (app, known) = (app.clone(), known.clone());
    spawn_local(async move {
        match app.call_anyway(Request::Kept(ask.clone())).await {
            Ok(Reply::Kept(told)) => known.dispatch((ask, Ok(told))),
            Ok(_) => {}
            Err(failure) => known.dispatch((ask, Err(failure))),
        }
    });
}

#[hook]
fn use_kept() -> (UseReducerHandle<Known>, Callback<Ask>) {
    let app = use_app();
    let known = use_reducer_eq(Known::default);
    let key = app
        .state
        .archive
        .as_ref()
        .map(|archive| (archive.job, archive.stage == Stage::Reading, archive.kept));
    use_effect_with((app.is_ready(), key), {
        let (app, known) = (app.clone(), known.dispatcher());
        move |(is_ready, _): &(bool, Option<(Job, bool, Option<_>)>)| {
            if *is_ready {
                ask(&app, Ask::List, &known);
            }
        }
    });
    let on_ask = {
        let (app, known) = (app.clone(), known.dispatcher());
        Callback::from(move |what: Ask| ask(&app, what, &known))
    };
    (known, on_ask)
}

/// On the first screen: what is kept; nothing if nothing is.
#[component]
pub fn KeptList() -> Html {
    let words = use_words();
    let (known, on_ask) = use_kept();
    match &known.told {
        Some(Ok(told)) if !told.kept.is_empty() => html! {
            <section class="kept" aria-labelledby="kept-title" data-testid="kept">
                <h2 id="kept-title">{words.kept.title}</h2>
                <p class="muted">{words.kept.note}</p>
                {refusal(known.refused.as_ref(), words)}
                {list(&told.kept, &on_ask, words)}
            </section>
        },
        _ => Html::default(),
    }
}

/// Of the open archive: whether its index is kept, how to have it kept, and what else is.
#[component]
pub fn KeptPanel() -> Html {
    let words = use_words();
    let (known, on_ask) = use_kept();
    html! {
        <section class="kept" aria-labelledby="kept-title" data-testid="kept">
            <h2 id="kept-title">{words.kept.title}</h2>
            <p class="muted">{words.kept.note}</p>
            {refusal(known.refused.as_ref(), words)}
            {match &known.told {
                None => html! { <p class="muted" role="status">{words.details.loading}</p> },
                Some(Err(failure)) => refusal(Some(failure), words),
                Some(Ok(told)) => html! {
                    <>
                        <p role="status">{own(told, &on_ask, words)}</p>
                        {list(&told.kept, &on_ask, words)}
                    </>
                },
            }}
        </section>
    }
}

fn refusal(failure: Option<&Failure>, words: &Words) -> Html {
    html! {
        if let Some(failure) = failure {
            <div role="alert" data-testid="kept-failed">{explain(words, failure)}</div>
        }
    }
}

/// What can be done about the open archive.
fn own(told: &Told, on_ask: &Callback<Ask>, all: &Words) -> Html {
    let words = &all.kept;
    match &told.own {
        Own::Under(key) if told.kept.iter().any(|kept| kept.key == *key) => {
            html! { <span data-testid="kept-own">{"✓ "}{words.is_kept}</span> }
        }
        Own::Under(_) => html! {
            <button type="button" data-testid="keep" onclick={on_ask.reform(|_: MouseEvent| Ask::Keep)}>{words.keep}</button>
        },
        Own::Unread => html! { {words.unread} },
        Own::Unfit => html! { {words.unfit} },
    }
}

fn list(kept: &[KeptIndex], on_ask: &Callback<Ask>, all: &Words) -> Html {
    let words = &all.kept;
    if kept.is_empty() {
        return html! { <p class="muted">{words.nothing}</p> };
    }
    let row = |index: &KeptIndex| {
        let name = if index.name.is_empty() {
            words.unreadable.to_owned()
        } else {
            text::visible(index.name.as_bytes())
        };
        let key = index.key.clone();
        let onclick = on_ask.reform(move |_: MouseEvent| Ask::Forget(key.clone()));
        html! {
            <tr key={index.key.clone()}>
                <td><bdi>{name.clone()}</bdi></td>
                <td class="num"><Size bytes={index.len} /></td>
                <td class="num"><Size bytes={index.bytes} /></td>
                <td><Time seconds={index.saved} /></td>
                <td><button type="button" data-testid="forget" aria-label={(words.forget_one)(&name)} {onclick}>{words.forget}</button></td>
            </tr>
        }
    };
    html! {
        <>
            <div class="table-scroll" tabindex="0" role="region" aria-label={words.title}>
                <table class="facts-table">
                    <thead>
                        <tr>
                            <th scope="col">{words.archive}</th>
                            <th scope="col" class="num">{all.details.size}</th>
                            <th scope="col" class="num">{words.index}</th>
                            <th scope="col">{words.saved}</th>
                            <th></th>
                        </tr>
                    </thead>
                    <tbody>{ for kept.iter().map(row) }</tbody>
                </table>
            </div>
            if kept.len() > 1 {
                <p><button type="button" data-testid="forget-all" onclick={on_ask.reform(|_: MouseEvent| Ask::ForgetAll)}>{words.forget_all}</button></p>
            }
        </>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::protocol::FailureKind;

    #[test]
    fn why_nothing_was_kept_stays_when_the_list_is_read_anew() {
        let told = || Ok(Told { kept: Vec::new(), own: Own::Unread });
        let refused = || Failure { kind: FailureKind::NoRoom, detail: "full".to_owned(), offset: None };
        let known = [(Ask::List, told()), (Ask::Keep, Err(refused())), (Ask::List, told())]
            .into_iter()
            .fold(Rc::new(Known::default()), |known, said| known.reduce(said));
        assert_eq!(*known, Known { told: Some(told()), refused: Some(refused()) });
        let known = known.reduce((Ask::Keep, told()));
        assert_eq!(*known, Known { told: Some(told()), refused: None });
        let known = known.reduce((Ask::List, Err(refused())));
        assert_eq!(*known, Known { told: Some(Err(refused())), refused: None });
    }
}
