//! The terminal: what was said, and a line to write on.

use std::rc::Rc;

use bstr::BString;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use crate::app::{
    dom,
    i18n::use_words,
    lab::{LabAction, Line, Recall},
    text::{Breaks, Text},
    use_app,
};

/// The id of the line.
pub const LINE: &str = "terminal-line";
const HINT: &str = "terminal-hint";

/// The terminal.
#[component]
pub fn Terminal() -> Html {
    let words = &use_words().container;
    let app = use_app();
    let lab = Rc::clone(&app.state.lab);
    let line = use_state_eq(String::new);
    let recall = use_mut_ref(Recall::default);
    // Escape lets the next Tab leave the line.
    let leaves = use_mut_ref(|| false);
    let log = use_node_ref();

    use_effect_with(Rc::clone(&lab.lines), {
        let log = log.clone();
        move |_| {
            if let Some(log) = log.cast::<Element>() {
                log.set_scroll_top(log.scroll_height());
            }
        }
    });

    let run = {
        let (app, line, recall) = (app.clone(), line.clone(), Rc::clone(&recall));
        Callback::from(move |text: String| {
            recall.borrow_mut().reset();
            line.set(String::new());
            app.run(text);
        })
    };
    let oninput = {
        let line = line.setter();
        move |event: InputEvent| {
            if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            {
                line.set(input.value());
            }
        }
    };
    let onkeydown = {
        let (app, line, recall, run, lab) =
            (app.clone(), line.clone(), Rc::clone(&recall), run.clone(), Rc::clone(&lab));
        move |event: KeyboardEvent| {
            if event.is_composing() {
                return;
            }
            let may_leave = leaves.replace(false);
            match event.key().as_str() {
                "Enter" if !lab.is_busy => run.emit((*line).clone()),
                "ArrowUp" => {
                    if let Some(text) = recall.borrow_mut().earlier(&lab.commands, &line) {
                        line.set(text);
                    }
                }
                "ArrowDown" => {
                    if let Some(text) = recall.borrow_mut().later(&lab.commands) {
                        line.set(text);
                    }
                }
                "Escape" => {
                    *leaves.borrow_mut() = true;
                    return;
                }
                "l" if event.ctrl_key() => app.lab(LabAction::Clear),
                "c" if event.ctrl_key() && !has_selection(&event) => line.set(String::new()),
                "Tab" if !event.shift_key() && !may_leave && !line.is_empty() => {
                    let (app, set, text) = (app.clone(), line.setter(), (*line).clone());
                    spawn_local(async move {
                        if let Some((done, candidates)) = app.completed(text).await {
                            set.set(done);
                            if !candidates.is_empty() {
                                app.lab(LabAction::Listed(candidates));
                            }
                        }
                    });
                }
                _ => return,
            }
            event.prevent_default();
        }
    };
    let help = {
        let run = run.clone();
        move |_| {
            run.emit("help".to_owned());
            dom::focus(LINE);
        }
    };
    let enter = {
        let line = line.clone();
        move |_| run.emit((*line).clone())
    };
    let prompt = lab.prompt();
    html! {
        <section class="terminal" aria-label={words.terminal} data-testid="terminal">
            // Reachable by Tab, since it scrolls.
            <div class="terminal-log mono" role="log" aria-live="polite" tabindex="0" aria-label={words.terminal} ref={log} data-testid="terminal-log">
                { for lab.lines.iter().enumerate().map(|(place, line)| shown(place, line)) }
            </div>
            <div class="terminal-line mono">
                <label for={LINE}><span class="terminal-prompt"><bdi>{prompt}</bdi></span><span class="sr-only">{words.command}</span></label>
                <input id={LINE} type="text" data-testid="terminal-line" value={(*line).clone()} {oninput} {onkeydown}
                    autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby={HINT} />
                <button type="button" data-testid="terminal-run" disabled={lab.is_busy} onclick={enter}>{words.run}</button>
            </div>
            <div class="terminal-bar">
                <p class="muted" id={HINT}>{words.command_hint}</p>
                <span role="status">{if lab.is_busy { words.busy } else { "" }}</span>
                <button type="button" class="quiet" data-testid="terminal-help" onclick={help}>{words.help}</button>
                <button type="button" class="quiet" data-testid="terminal-clear" onclick={let app = app.clone(); move |_| app.lab(LabAction::Clear)}>{words.clear}</button>
            </div>
        </section>
    }
}

/// Whether some of the line is selected, which Ctrl+C then copies.
fn has_selection(event: &KeyboardEvent) -> bool {
    let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    input.is_some_and(|input| {
        let (start, end) = (input.selection_start(), input.selection_end());
        matches!((start, end), (Ok(start), Ok(end)) if start != end)
    })
}

fn shown(place: usize, line: &Line) -> Html {
    let text = |bytes: &BString| html! { <Text bytes={bytes.clone()} breaks={Breaks::Keep} /> };
    match line {
        Line::Command(prompt, command) => html! {
            <div key={place} class="terminal-command"><span class="terminal-prompt"><bdi>{prompt}</bdi></span>{" "}{text(&command.as_str().into())}</div>
        },
        Line::Said(bytes) => html! { <div key={place}>{text(bytes)}</div> },
        Line::Error(bytes) => html! { <div key={place} class="terminal-error">{text(bytes)}</div> },
    }
}
