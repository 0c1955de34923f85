//! The Dockerfile, and what came of it.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::{
    context::Context,
    head::{file_name, quote},
};
use crate::{
    app::{
        AppHandle,
        components::notice::explain,
        dom, format,
        i18n::{Words, container::ContainerWords, use_words},
        lab::LabAction,
        text::{self, Breaks, Text},
        use_app,
    },
    worker::containers::{BuildStep, Built, Recipe, Remark},
};

const EDITOR: &str = "dockerfile";
const REMARKS: &str = "dockerfile-remarks";

/// The Dockerfile editor.
#[component]
pub fn Build() -> Html {
    let all = use_words();
    let words = &all.container;
    let app = use_app();
    let lab = Rc::clone(&app.state.lab);
    let recipe = Rc::clone(&lab.recipe);
    let numbers = use_node_ref();

    let change = {
        let (app, recipe) = (app.clone(), Rc::clone(&recipe));
        Callback::from(move |edit: Box<dyn FnOnce(&mut Recipe)>| {
            let mut changed = (*recipe).clone();
            edit(&mut changed);
            app.lab(LabAction::Recipe(changed));
        })
    };
    let on_text = {
        let change = change.clone();
        move |event: InputEvent| {
            if let Some(area) =
                event.target().and_then(|target| target.dyn_into::<HtmlTextAreaElement>().ok())
            {
                change.emit(Box::new(move |recipe: &mut Recipe| recipe.dockerfile = area.value()));
            }
        }
    };
    let on_tag = {
        let change = change.clone();
        move |event: InputEvent| {
            if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            {
                change.emit(Box::new(move |recipe: &mut Recipe| recipe.tag = input.value()));
            }
        }
    };
    let on_no_cache = {
        let change = change.clone();
        move |event: Event| {
            if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            {
                change.emit(Box::new(move |recipe: &mut Recipe| recipe.no_cache = input.checked()));
            }
        }
    };
    let build = {
        let (app, recipe) = (app.clone(), Rc::clone(&recipe));
        move |_: MouseEvent| app.build((*recipe).clone())
    };
    let stop = {
        let app = app.clone();
        move |_: MouseEvent| app.interrupt()
    };
    // The numbers scroll with the text.
    let on_scroll = {
        let numbers = numbers.clone();
        move |event: Event| {
            let area = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            if let (Some(area), Some(numbers)) = (area, numbers.cast::<Element>()) {
                numbers.set_scroll_top(area.scroll_top());
            }
        }
    };
    let lines = recipe.dockerfile.split('\n').count().max(1) as u32;
    let built = lab.built.as_deref();
    let remarks = match built {
        Some(Ok(built)) => built.remarks.as_slice(),
        _ => &[],
    };
    let marked = if lab.is_edited { &[][..] } else { remarks };
    let fails = marked.iter().any(|remark| remark.is_error);
    html! {
        <div class="lab-build prose-page" data-testid="build">
            <section>
                <h2><label for={EDITOR}>{words.dockerfile}</label></h2>
                <div class="editor mono">
                    <ol class="editor-numbers" aria-hidden="true" ref={numbers}>
                        { for (1..=lines).map(|line| {
                            let (class, sign) = mark_of(marked, line);
                            html! { <li key={line} {class}>{sign}{line}</li> }
                        }) }
                    </ol>
                    <textarea id={EDITOR} data-testid="dockerfile" rows="14" spellcheck="false" autocapitalize="off" autocomplete="off"
                        aria-describedby={REMARKS} aria-invalid={fails.then_some("true")} value={recipe.dockerfile.clone()} oninput={on_text} onscroll={on_scroll} />
                </div>
                <ul id={REMARKS} class="remarks" data-testid="remarks">
                    { for remarks.iter().map(|remark| html! {
                        <li class={if remark.is_error { "mark-deleted" } else { "muted" }}>
                            {line_button(remark.line, &recipe.dockerfile, words)}{": "}{remark_text(remark, words)}
                        </li>
                    }) }
                </ul>
                <Context />
                <p class="lab-actions">
                    <label>{words.tag}{" "}<input type="text" data-testid="tag" value={recipe.tag.clone()} oninput={on_tag} autocomplete="off" autocapitalize="off" spellcheck="false" /></label>
                    <label><input type="checkbox" data-testid="no-cache" checked={recipe.no_cache} onchange={on_no_cache} />{" "}{words.no_cache}</label>
                    <button type="button" class="primary" data-testid="run-build" disabled={lab.is_building} onclick={build}>{words.build}</button>
                    if lab.is_building { <button type="button" data-testid="stop-build" onclick={stop}>{words.stop}</button> }
                </p>
            </section>
            <section data-testid="build-result">
                // Short enough to be read out.
                <p role="status" data-testid="build-status">
                    if lab.is_building { {words.building} } else if let Some(Ok(built)) = built { {outcome(built, words)} }
                </p>
                if let Some(Err(failure)) = built { {explain(all, failure)} }
                if let Some(Ok(built)) = built { {result(built, &app, all)} }
            </section>
        </div>
    }
}

/// What a remark says; in English where it is not common enough to have words of its own.
fn remark_text(remark: &Remark, words: &ContainerWords) -> Html {
    match (words.problem)(&remark.kind) {
        Some(text) => html! { {text::visible(text.as_bytes())} },
        None => html! { <span lang="en">{text::visible(remark.text.as_bytes())}</span> },
    }
}

/// The line of a remark: it is selected in the editor.
fn line_button(line: u32, dockerfile: &str, words: &ContainerWords) -> Html {
    let range = line_range(dockerfile, line);
    let onclick = move |_: MouseEvent| {
        let area = gloo::utils::document().get_element_by_id(EDITOR);
        let Some(area) = area.and_then(|area| area.dyn_into::<HtmlTextAreaElement>().ok()) else { return };
        dom::focus(EDITOR);
        // It is there, or nothing is selected.
        let _ = area.set_selection_range(range.0, range.1);
    };
    html! { <button type="button" class="link" data-testid={format!("line-{line}")} {onclick}><strong>{(words.at_line)(line)}</strong></button> }
}

/// Where a line begins and ends, in units of UTF-16.
fn line_range(text: &str, line: u32) -> (u32, u32) {
    let units = |text: &str| text.encode_utf16().count() as u32;
    let before = line.saturating_sub(1) as usize;
    let start: u32 = text.split('\n').take(before).map(|line| units(line) + 1).sum();
    (start, start + text.split('\n').nth(before).map_or(0, units))
}

/// The class of a line that something is said of, and the sign before its number.
fn mark_of(remarks: &[Remark], line: u32) -> (Option<&'static str>, &'static str) {
    let of_line = remarks.iter().filter(|remark| remark.line == line).map(|remark| remark.is_error);
    match of_line.reduce(|one, other| one || other) {
        None => (None, ""),
        Some(true) => (Some("line-error"), "✗ "),
        Some(false) => (Some("line-remark"), "! "),
    }
}

/// What came of a build, and if nothing did, at which line it ended and why.
fn outcome(built: &Built, words: &ContainerWords) -> Html {
    if let Some(name) = &built.image {
        return html! { {(words.built)(name)} };
    }
    let error = built.remarks.iter().find(|remark| remark.is_error);
    html! {
        <>
            <strong class="mark-deleted">{words.not_built}</strong>
            if let Some(error) = error { {" "}{(words.at_line)(error.line)}{": "}{remark_text(error, words)} }
        </>
    }
}

fn result(built: &Built, app: &AppHandle, all: &Words) -> Html {
    let words = &all.container;
    html! {
        <>
            <h2>{words.build_steps}</h2>
            <ol class="build-steps" data-testid="build-steps">{ for built.steps.iter().map(|step| step_row(step, all)) }</ol>
            if let Some(name) = &built.image {
                <p class="lab-actions">{save_button(name, app, words)}</p>
            }
        </>
    }
}

fn save_button(name: &str, app: &AppHandle, words: &ContainerWords) -> Html {
    let line = format!("docker save {} > {}", quote(name), quote(&format!("{}.tar", file_name(name))));
    let app = app.clone();
    html! { <button type="button" data-testid="save-built" onclick={move |_| app.run(line.clone())}>{words.save}</button> }
}

fn step_row(step: &BuildStep, all: &Words) -> Html {
    let words = &all.container;
    let (mark, word) = if step.cached { ("mark-same", words.cached) } else { ("mark-added", words.made) };
    html! {
        <li>
            <code>{text::visible(step.instruction.as_bytes())}</code>
            <p class="muted">
                <strong class={mark}>{word}</strong>{" · "}{(words.reason)(step.why)}{" · "}
                {step.layer.map_or_else(|| words.no_layer.to_owned(), |bytes| (words.layer_of)(&format::size(all.lang, bytes)))}
                if let Some(image) = &step.image { {" · "}<span class="mono">{image}</span> }
            </p>
            if !step.output.is_empty() {
                <pre class="build-output"><Text bytes={bstr::BString::from(step.output.as_str())} breaks={Breaks::Keep} /></pre>
            }
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_in_units_of_the_editor() {
        let text = "FROM a\n# 𝄞 镜像\nRUN x";
        assert_eq!(line_range(text, 1), (0, 6));
        assert_eq!(line_range(text, 2), (7, 14));
        assert_eq!(line_range(text, 3), (15, 20));
        assert_eq!(line_range(text, 9), (21, 21));
    }
}
