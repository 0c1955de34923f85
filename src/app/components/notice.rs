//! What went wrong, where, and what to do now.

use yew::prelude::*;

use crate::{
    anomaly::Code,
    app::{
        AppHandle,
        components::{
            opener::OpenButton,
            remote::{Doctor, Login, Warnings},
        },
        format, hue,
        i18n::{Words, use_words},
        state::{Action, Archive, Stage},
        text, trust, use_app,
        views::use_views,
    },
    limits::Limit,
    registry::Trouble,
    worker::{
        kept::News,
        protocol::{Failure, FailureKind, Job},
    },
};

/// Layers that a limit bit which are named, before the rest is only counted.
const NAMED: usize = 3;

/// Why the last opening, or the reading of what is open, ended early. Nothing if it did not.
#[component]
pub fn Notice() -> Html {
    let words = use_words();
    let app = use_app();
    let views = use_views();
    let archive = app.state.archive.as_ref();
    let stage = archive.map(|archive| &archive.stage);

    html! {
        <>
            if let Some(refusal) = &app.state.refusal {
                <section class={classes!("notice", refusal.failure.is_some().then_some("notice-failed"))} role="alert"
                    data-testid={if refusal.failure.is_some() { "error" } else { "cancelled" }}>
                    <h2><bdi>{(words.shell.not_opened)(&text::visible(refusal.name.as_bytes()))}</bdi></h2>
                    if let Some(failure) = &refusal.failure {
                        {explain(words, failure)}
                        if app.state.refused_remote().is_some() {
                            <Warnings texts={app.state.remote.warnings.clone()} />
                        }
                        {views.draw(|parts| (parts.elsewhere)(&app, failure))}
                    } else {
                        <p>{words.shell.opening_cancelled}</p>
                    }
                    if let Some(archive) = archive {
                        <p class="muted"><bdi>{(words.shell.still_open)(&text::visible(archive.name.as_bytes()))}</bdi></p>
                    }
                    <p class="notice-actions">
                        if let Some(job) = refusal.job.filter(|_| is_limit(refusal.failure.as_ref())) {
                            {go_on(words, &app, job, &refusal.name)}
                        }
                        <OpenButton label={words.shell.choose_file} />
                        <button type="button" data-testid="dismiss" onclick={app.on(|_| Action::DismissRefusal)}>
                            {words.shell.close}
                        </button>
                    </p>
                </section>
            }
            if let Some(archive) = archive.filter(|archive| !archive.limits_dismissed) {
                {limits(words, &app, archive)}
            }
            if let Some(news) = archive.and_then(|archive| archive.kept).filter(|_| !is_settled(archive)) {
                <section class="notice" role="status" data-testid="kept-news"><p>{(words.kept.news)(news)}</p></section>
            }
            if let Some(Stage::Failed(failure)) = stage
                && let Some(archive) = archive
            {
                <section class="notice notice-failed" role="alert" data-testid="error">
                    {explain(words, failure)}
                    if failure.kind.ends_worker() {
                        <p>{words.shell.lost}</p>
                        if app.state.opening.is_none() {
                            <p class="notice-actions">
                                <button type="button" data-testid="open-again" onclick={let (app, job, name) = (app.clone(), archive.job, archive.name.clone()); move |_| app.open_again(job, &name, false)}>
                                    {words.shell.open_again}
                                </button>
                            </p>
                        }
                    } else {
                        <p>{words.shell.partial}</p>
                    }
                </section>
            }
            if let Some(Stage::Cancelled) = stage {
                <section class="notice" role="status" data-testid="cancelled"><p>{words.shell.cancelled}</p></section>
            }
        </>
    }
}

/// Whether all that was recalled has been read again, and agrees: there is no more to say of it.
fn is_settled(archive: Option<&std::rc::Rc<Archive>>) -> bool {
    archive.is_some_and(|archive| archive.kept == Some(News::Recalled) && archive.stage == Stage::Finished)
}

/// What can be done about an image elsewhere that was not opened: log in, or know why.
pub fn elsewhere(app: &AppHandle, failure: &Failure) -> Html {
    let (Some(remote), FailureKind::Remote(trouble)) = (app.state.refused_remote().cloned(), failure.kind)
    else {
        return Html::default();
    };
    match trouble {
        Trouble::Unauthorized | Trouble::Credentials => {
            let (app, place) = (app.clone(), AttrValue::from(remote.place.clone()));
            html! { <Login {place} on_login={move |()| app.open_remote(remote.clone())} /> }
        }
        trouble => html! { <Doctor {remote} {trouble} /> },
    }
}

/// Whether a limit was what kept an archive from being opened.
fn is_limit(failure: Option<&Failure>) -> bool {
    failure.is_some_and(|failure| failure.kind == FailureKind::Corrupt(Code::LimitReached))
}

/// The limits that kept layers from being read to their end, and how to go on; nothing if none did.
fn limits(words: &Words, app: &AppHandle, archive: &Archive) -> Html {
    let bitten = trust::limits(archive);
    if bitten.is_empty() {
        return Html::default();
    }
    let more = bitten.len().saturating_sub(NAMED);
    let can_go_on = bitten.iter().any(|(_, _, limit)| limit.can_be_lifted());
    let sentence = |(_, layer, limit): &(u32, u32, Limit)| (words.shell.limit)(*limit, hue::number(*layer));
    html! {
        <section class="notice" role="status" data-testid="limits">
            <p>
                { for bitten.iter().take(NAMED).map(|limit| html! { <>{sentence(limit)}{" "}</> }) }
                if more > 0 { {(words.shell.limit_more)(&format::number(words.lang, more as u64))}{" "} }
                {words.shell.limit_rest}{" "}
                <span class="muted">{if can_go_on { words.shell.go_on_note } else { words.shell.limit_stays }}</span>
            </p>
            <p class="notice-actions">
                if can_go_on { {go_on(words, app, archive.job, &archive.name)} }
                <button type="button" data-testid="dismiss-limits" onclick={app.on(|_| Action::DismissLimits)}>
                    {words.shell.close}
                </button>
            </p>
        </section>
    }
}

fn go_on(words: &Words, app: &AppHandle, job: Job, name: &AttrValue) -> Html {
    let (app, name) = (app.clone(), name.clone());
    html! {
        <button type="button" data-testid="go-on" onclick={move |_| app.open_again(job, &name, true)}>{words.shell.go_on}</button>
    }
}

/// A failure in words: what, what to do, and the particulars for those who want them.
pub fn explain(words: &Words, failure: &Failure) -> Html {
    let (what, advice) = (words.shell.failure)(failure.kind);
    let place = failure.offset.map(|offset| (words.shell.at_offset)(&format::number(words.lang, offset)));
    html! {
        <>
            <p><strong>{what}</strong>{" "}{advice}</p>
            if !failure.detail.is_empty() || place.is_some() {
                <details>
                    <summary>{words.shell.particulars}</summary>
                    <p class="mono"><bdi lang="en">{text::visible(failure.detail.as_bytes())}</bdi>{" "}{place}</p>
                </details>
            }
        </>
    }
}
