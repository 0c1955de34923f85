//! The container that the shell is in: what it stands on, what it costs, and what can become of it.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    app::{components::image_picker, format::Size, i18n::use_words, lab::LabAction, use_app},
    container::Options,
    worker::containers::ContainerView,
};

/// Starts a container of the image that is looked at, up to the layer that is.
#[component]
pub fn StartButton() -> Html {
    let words = use_words();
    let app = use_app();
    let selection = app.state.selection;
    let Some(image) = app.state.image() else { return Html::default() };
    let name = image_picker::name(words, image, selection.image);
    let layers = image.layers.len() as u32;
    let label = (words.container.start)(&name, selection.upto.saturating_add(1).min(layers), layers);
    // Layers that are not merged yet cannot be looked into.
    let disabled = image.merged < layers.min(selection.upto.saturating_add(1));
    html! {
        <button type="button" class="primary" data-testid="start-container" {disabled}
            onclick={move |_| app.start_container(selection.image, selection.upto)}>{label}</button>
    }
}

/// How the next container is mounted: what the kernel does differently, where that teaches something.
#[component]
pub fn MountOptions() -> Html {
    let words = &use_words().container;
    let app = use_app();
    let options = app.state.lab.options;
    let option = |name: &'static str, is_on: bool, hint: &'static str, changed: Options| {
        let app = app.clone();
        html! {
            <p>
                <label><input type="checkbox" data-testid={format!("option-{name}")} checked={is_on}
                    onchange={move |_: Event| app.lab(LabAction::Options(changed))} />{" "}<code>{name}</code></label>
                {" "}<span class="muted">{hint}</span>
            </p>
        }
    };
    let Options { metacopy, index, redirect_dir } = options;
    html! {
        <details class="lab-options" data-testid="mount-options">
            <summary>{words.mount_options}</summary>
            <p class="muted">{words.mount_options_hint}</p>
            {option("metacopy", metacopy, words.metacopy, Options { metacopy: !metacopy, ..options })}
            {option("index", index, words.index, Options { index: !index, ..options })}
            {option("redirect_dir", redirect_dir, words.redirect_dir, Options { redirect_dir: !redirect_dir, ..options })}
        </details>
    }
}

/// Properties of [`Head`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct HeadProps {
    /// The container.
    pub container: Rc<ContainerView>,
}

/// The container's name, costs and buttons.
#[component]
pub fn Head(props: &HeadProps) -> Html {
    let words = &use_words().container;
    let app = use_app();
    let container = &props.container;
    let image_name = use_state_eq(|| {
        format!(
            "{}:edited",
            container.image.rsplit('/').next().unwrap_or_default().split(':').next().unwrap_or_default()
        )
    });
    let oninput = {
        let image_name = image_name.setter();
        move |event: InputEvent| {
            if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            {
                image_name.set(input.value());
            }
        }
    };
    // What is done is written to the terminal: it is what docker would be told.
    let command = |line: String| {
        let app = app.clone();
        move |_: MouseEvent| app.run(line.clone())
    };
    let quoted = quote(&image_name);
    let file = file_name(&image_name);
    let commit = command(format!("docker commit {} {quoted}", container.name));
    let save = command(format!("docker save {quoted} > {}", quote(&format!("{file}.tar"))));
    let export = command(format!("docker export {} > {}.tar", container.name, container.name));
    let layer = container.upto.map_or(1, |upto| upto.saturating_add(2));
    let is_unnamed = image_name.trim().is_empty();
    html! {
        <header class="lab-head" data-testid="container-head">
            <div class="lab-title">
                <h2><bdi>{&container.name}</bdi>{" "}<span class="muted mono">{&container.id}</span></h2>
                <p class="muted"><bdi>{(words.on)(&container.image, layer)}</bdi>{" "}{words.nothing_runs}</p>
            </div>
            <dl class="lab-cost" data-testid="cost">
                <div><dt>{words.cost_upper}</dt><dd data-testid="cost-upper"><Size bytes={container.cost.upper} /></dd></div>
                <div><dt>{words.cost_copied}</dt><dd data-testid="cost-copied"><Size bytes={container.cost.copied} /></dd></div>
                <div><dt>{words.cost_grows}</dt><dd data-testid="cost-grows"><Size bytes={container.cost.grows} /></dd></div>
            </dl>
            <details class="lab-out">
                <summary>{words.out}</summary>
                <p class="muted">{words.out_hint}</p>
                <p class="lab-actions">
                    <label>{words.image_name}{" "}<input type="text" data-testid="image-name" value={(*image_name).clone()} {oninput} autocomplete="off" autocapitalize="off" spellcheck="false" /></label>
                    <button type="button" data-testid="commit" disabled={is_unnamed} onclick={commit}>{words.commit}</button>
                    <button type="button" data-testid="save-image" disabled={is_unnamed} onclick={save}>{words.save}</button>
                    <button type="button" data-testid="export" onclick={export}>{words.export}</button>
                </p>
            </details>
        </header>
    }
}

/// A word as the shell takes it for one.
pub fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/.:_-@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A name as part of a file's.
pub fn file_name(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '/' | ':' | '@' | '\\') { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_one_word() {
        assert_eq!(quote("a/b:1.2_c-d"), "a/b:1.2_c-d");
        assert_eq!(quote("a b; rm"), "'a b; rm'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(file_name("a/b:1@x"), "a-b-1-x");
    }
}
