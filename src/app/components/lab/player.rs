//! The steps of the last operations: a picture of the stack that can be stepped and played, and the same as text.

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use crate::{
    app::{
        format, hue,
        i18n::{Words, use_words},
        lab::{Plate, Sign, Turn, picture, sentence, turns},
        text, use_app,
    },
    worker::containers,
};

/// Milliseconds that a step stands while the steps are played.
const STAND: u32 = 1_100;

/// The steps.
#[component]
pub fn Player() -> Html {
    let all = use_words();
    let words = &all.container;
    let app = use_app();
    let lab = Rc::clone(&app.state.lab);
    let at = use_state_eq(|| 0usize);
    let playing = use_state_eq(|| false);
    let (steps, total) = turns(&lab.frames);
    let last = steps.len().saturating_sub(1);
    let place = (*at).min(last);

    // What a command came to is played from its beginning; where motion is not wanted, all frames stand there anyway.
    use_effect_with(lab.runs, {
        let (at, playing) = (at.setter(), playing.setter());
        move |_| {
            at.set(0);
            playing.set(true);
        }
    });
    use_effect_with((*playing, place, last), {
        let (at, playing) = (at.setter(), playing.setter());
        move |&(is_playing, place, last)| {
            let timer = (is_playing && place < last).then(|| Timeout::new(STAND, move || at.set(place + 1)));
            if is_playing && place >= last {
                playing.set(false);
            }
            move || drop(timer)
        }
    });

    let go = |to: usize| {
        let (at, playing) = (at.setter(), playing.setter());
        move |_: MouseEvent| {
            playing.set(false);
            at.set(to);
        }
    };
    let toggle = {
        let (at, playing) = (at.clone(), playing.clone());
        move |_: MouseEvent| {
            if !*playing && place >= last {
                at.set(0);
            }
            playing.set(!*playing);
        }
    };
    let top = lab.container.as_ref().map_or(0, |container| container.upto.map_or(0, |upto| upto + 1));
    let Some(turn) = steps.get(place) else {
        return html! {
            <section class="steps" data-testid="steps">
                <header class="steps-head"><h3>{words.steps}</h3><div class="steps-bar"><Turns /></div></header>
                <p class="muted">{words.no_steps}</p>
            </section>
        };
    };
    let button = |test_id: &'static str,
                  sign: &'static str,
                  label: &'static str,
                  disabled: bool,
                  onclick: Callback<MouseEvent>| {
        html! {
            <button type="button" class="square" data-testid={test_id} title={label} aria-label={label} {disabled} {onclick}>
                <span aria-hidden="true">{sign}</span>
            </button>
        }
    };
    html! {
        <section class="steps" data-testid="steps">
            <header class="steps-head">
                <h3>{words.steps}</h3>
                <div class="steps-bar">
                    {button("step-first", "|◀", words.first, place == 0, go(0).into())}
                    {button("step-back", "◀", words.back, place == 0, go(place.saturating_sub(1)).into())}
                    {button("step-play", if *playing { "‖" } else { "▶" }, if *playing { words.pause } else { words.play }, last == 0, toggle.into())}
                    {button("step-next", "▷", words.next, place == last, go((place + 1).min(last)).into())}
                    <span class="muted" data-testid="step-number">{(words.step)(place as u32 + 1, steps.len() as u32)}</span>
                    <Turns />
                </div>
            </header>
            <div class="steps-stage" aria-hidden="true" data-testid="step-picture">{stage(turn, top, words.own_layer)}</div>
            <ol class="steps-list" data-testid="step-list">
                { for steps.iter().enumerate().map(|(step, turn)| html! {
                    <li key={step} class={classes!((step == place).then_some("current"))} aria-current={(step == place).then_some("step")}>
                        {text_of(turn, all)}
                        <div class="steps-frame" aria-hidden="true">{stage(turn, top, words.own_layer)}</div>
                    </li>
                }) }
            </ol>
            if total > steps.len() {
                <p class="muted">{(words.more_steps)(&format::number(all.lang, (total - steps.len()) as u64))}</p>
            }
        </section>
    }
}

/// Takes back what the last line did to the container, and does it again.
#[component]
fn Turns() -> Html {
    let words = &use_words().container;
    let app = use_app();
    let lab = Rc::clone(&app.state.lab);
    let Some(container) = &lab.container else { return Html::default() };
    let button = |test_id: &'static str, label: &'static str, can: bool, turn: containers::Turn| {
        let app = app.clone();
        // It keeps the focus while it can do nothing, which a disabled one loses; a click does nothing then.
        let disabled = (!can || lab.is_busy).then_some("true");
        html! {
            <button type="button" data-testid={test_id} aria-disabled={disabled} onclick={move |_: MouseEvent| app.turn(turn)}>{label}</button>
        }
    };
    html! {
        <>
            {button("undo", words.undo, container.can_undo, containers::Turn::Undo)}
            {button("redo", words.redo, container.can_redo, containers::Turn::Redo)}
            <span class="muted" role="status" data-testid="turned">{lab.turned.map(words.turned)}</span>
        </>
    }
}

fn text_of(turn: &Turn, all: &Words) -> Html {
    html! {
        <>
            if turn.is_first && !turn.frame.call.is_empty() {
                <code class="steps-operation">{text::visible(turn.frame.call.as_bytes())}</code>
            }
            if let Some(step) = turn.step { <span>{sentence(step, turn.source, all)}</span> }
            if let Some(remark) = turn.frame.remark.as_ref().filter(|_| turn.is_last) {
                <p class="muted">{(all.container.note)(remark)}</p>
            }
        </>
    }
}

/// The stack at one step; the layers that have no part in it stand smaller.
fn stage(turn: &Turn, top: u32, own: &'static str) -> Html {
    let plates = picture(turn.step, turn.source, top);
    // How far a copy travels; the picture's rules know as many rows as layers can be told apart.
    let rows =
        plates.iter().position(|plate| plate.sign == Sign::Source).map(|row| format!("rows-{}", row.min(12)));
    let plate = |plate: &Plate| {
        let is_own = plate.layer == top;
        html! {
            <li key={plate.layer} class={classes!("plate", plate.sign.class(), hue::classes(plate.layer), is_own.then_some("plate-own"))}>
                <b>{hue::number(plate.layer)}</b>
                <span class="plate-sign">{plate.sign.glyph()}</span>
                if is_own { <span class="plate-own-name">{own}</span> }
                if plate.sign == Sign::Written { if let Some(rows) = &rows { <span class={classes!("mover", rows)}></span> } }
            </li>
        }
    };
    html! { <ol class="plates">{ for plates.iter().map(plate) }</ol> }
}
