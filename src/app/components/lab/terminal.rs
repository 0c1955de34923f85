//! The terminal: what was said, and a line to write on.

use std::rc::Rc;

use bstr::BString;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use crate::{
    app::{
        components::opener,
        dom,
        i18n::use_words,
        lab::{LabAction, Line, Recall, search},
        text::{self, Breaks, Text},
        use_app,
    },
    worker::containers::Turn,
};

/// The id of the line.
pub const LINE: &str = "terminal-line";
const HINT: &str = "terminal-hint";
const FOUND: &str = "terminal-found";
const FILE: &str = "terminal-file";

/// Opens the dialog for the file that a command waits for.
pub fn choose_file() {
    dom::click(FILE);
}

/// A search among the commands given, which the line is the text of.
#[derive(Debug, Clone, Default, PartialEq)]
struct Search {
    /// How many of those found are passed over.
    skip: usize,
    /// What the line was before.
    draft: String,
}

/// The terminal.
#[component]
pub fn Terminal() -> Html {
    let words = &use_words().container;
    let app = use_app();
    let lab = Rc::clone(&app.state.lab);
    let line = use_state_eq(String::new);
    let recall = use_mut_ref(Recall::default);
    let searching = use_state_eq(|| None::<Search>);
    let found = searching.as_ref().and_then(|now| search(&lab.commands, &line, now.skip)).cloned();
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
        let searching = searching.setter();
        Callback::from(move |text: String| {
            recall.borrow_mut().reset();
            searching.set(None);
            line.set(String::new());
            app.run(text);
        })
    };
    let oninput = {
        let (line, searching) = (line.setter(), searching.clone());
        move |event: InputEvent| {
            if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            {
                if let Some(now) = &*searching {
                    searching.set(Some(Search { skip: 0, ..now.clone() }));
                }
                line.set(input.value());
            }
        }
    };
    let onkeydown = {
        let (app, line, recall, run, lab) =
            (app.clone(), line.clone(), Rc::clone(&recall), run.clone(), Rc::clone(&lab));
        let (searching, found) = (searching.clone(), found.clone());
        move |event: KeyboardEvent| {
            if event.is_composing() {
                return;
            }
            let may_leave = leaves.replace(false);
            if let Some(now) = &*searching {
                let end = |text: String| {
                    searching.set(None);
                    line.set(text);
                };
                match event.key().as_str() {
                    "r" if event.ctrl_key() => {
                        let skip = now.skip + 1;
                        if search(&lab.commands, &line, skip).is_some() {
                            searching.set(Some(Search { skip, ..now.clone() }));
                        }
                    }
                    "Enter" if lab.is_busy => {}
                    "Enter" => run.emit(found.clone().unwrap_or_else(|| (*line).clone())),
                    "Escape" => end(now.draft.clone()),
                    "g" | "c" if event.ctrl_key() => end(now.draft.clone()),
                    "Tab" | "ArrowRight" | "ArrowLeft" => {
                        end(found.clone().unwrap_or_else(|| (*line).clone()));
                    }
                    _ => return,
                }
                return event.prevent_default();
            }
            match event.key().as_str() {
                "r" if event.ctrl_key() => {
                    searching.set(Some(Search { skip: 0, draft: (*line).clone() }));
                    line.set(String::new());
                }
                "c" if event.ctrl_key() && lab.is_busy => app.interrupt(),
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
                // While something is written, they are the browser's.
                "z" if event.ctrl_key() && line.is_empty() => app.turn(Turn::Undo),
                "y" if event.ctrl_key() && line.is_empty() => app.turn(Turn::Redo),
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
        let (line, found) = (line.clone(), found.clone());
        move |_| run.emit(found.clone().unwrap_or_else(|| (*line).clone()))
    };
    let on_file = {
        let app = app.clone();
        move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            let Some(input) = input else { return };
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                app.run_again(file);
            }
            // So that choosing the same file again is a change, too.
            input.set_value("");
        }
    };
    let stop = {
        let app = app.clone();
        move |_| app.interrupt()
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
                    autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby={if searching.is_some() { FOUND } else { HINT }} />
                <button type="button" data-testid="terminal-run" disabled={lab.is_busy} onclick={enter}>{words.run}</button>
                if lab.is_busy { <button type="button" data-testid="terminal-stop" onclick={stop}>{words.stop}</button> }
            </div>
            <p class="terminal-found" id={FOUND} role="status" data-testid="terminal-found" hidden={searching.is_none()}>
                if searching.is_some() {
                    if let Some(found) = &found {
                        {words.found}{" "}<code>{text::visible(found.as_bytes())}</code>
                    } else { {words.not_found} }
                }
            </p>
            // Never seen: what waits for a file clicks it, by itself where the browser lets it, or by the button.
            <input type="file" id={FILE} data-testid="terminal-file" class="sr-only" tabindex="-1" aria-hidden="true" onchange={on_file} />
            if let Some(command) = &lab.waiting {
                <p class="lab-actions terminal-wants"><button type="button" class="primary" data-testid="terminal-choose" onclick={|_| choose_file()}>
                    {(words.choose_for)(&text::visible(command.as_bytes()))}
                </button></p>
            }
            if let Some(command) = &lab.loading {
                <p class="lab-actions terminal-wants"><button type="button" class="primary" data-testid="terminal-load" onclick={|_| opener::choose_file()}>
                    {(words.choose_for)(&text::visible(command.as_bytes()))}
                </button></p>
            }
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
