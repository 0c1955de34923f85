//! The images and containers that are open, as docker would list them, and which images share which layers.

use std::rc::Rc;

use yew::prelude::*;

use super::head::quote;
use crate::{
    app::{
        AppHandle,
        components::notice::explain,
        format,
        format::Size,
        hue,
        i18n::{Words, use_words},
        lab::{LabAction, Part},
        text, use_app,
    },
    worker::containers::{ContainerView, ImageView, Keeping, ShelfView},
};

/// Layers that the picture shows at most.
const LAYERS: usize = 200;

/// The shelf.
#[component]
pub fn Shelf() -> Html {
    let all = use_words();
    let words = &all.container;
    let app = use_app();
    let shelf = Rc::clone(&app.state.lab.shelf);
    html! {
        <div class="lab-shelf prose-page" data-testid="shelf">
            <section>
                <h2>{words.images}</h2>
                <p class="muted">{(words.all_layers)(&format::size(all.lang, shelf.bytes))}</p>
                <div class="table-scroll" tabindex="0" role="group" aria-label={words.images}>
                    <table class="facts-table" data-testid="images">
                        <thead><tr>
                            <th scope="col">{words.name}</th><th scope="col">{words.id}</th>
                            <th scope="col" class="num">{words.size}</th><th scope="col" class="num">{words.shared}</th><th scope="col" class="num">{words.unique}</th>
                            <th scope="col">{words.containers}</th><th scope="col">{words.actions}</th>
                        </tr></thead>
                        <tbody>{ for shelf.images.iter().map(|image| image_row(image, &app, all)) }</tbody>
                    </table>
                </div>
                <p class="lab-actions">{action(&app, "prune-images", words.prune_images, words.prune_images.to_owned(), "docker image prune -f".to_owned())}</p>
            </section>
            <section>
                <h2>{words.containers}</h2>
                if shelf.containers.is_empty() {
                    <p class="muted">{words.no_containers}</p>
                } else {
                    <div class="table-scroll" tabindex="0" role="group" aria-label={words.containers}>
                        <table class="facts-table" data-testid="containers">
                            <thead><tr>
                                <th scope="col">{words.name}</th><th scope="col">{words.id}</th><th scope="col">{words.image}</th>
                                <th scope="col">{words.state}</th><th scope="col" class="num">{words.size}</th><th scope="col">{words.actions}</th>
                            </tr></thead>
                            <tbody>{ for shelf.containers.iter().map(|container| container_row(container, &app, words)) }</tbody>
                        </table>
                    </div>
                    <p class="lab-actions">{action(&app, "prune-containers", words.prune_containers, words.prune_containers.to_owned(), "docker container prune -f".to_owned())}</p>
                }
            </section>
            {keeping(&shelf.keeping, &app, all)}
            {sharing(&shelf, all)}
        </div>
    }
}

fn image_row(image: &ImageView, app: &AppHandle, all: &Words) -> Html {
    let words = &all.container;
    let name = image.names.first().cloned();
    // By its name if it has one: that is what docker would be told.
    let told = quote(name.as_deref().unwrap_or(&image.id));
    let shown = text::visible(name.as_deref().unwrap_or(words.dangling).as_bytes());
    html! {
        <tr key={format!("{}-{}", image.job.0, image.image)}>
            <th scope="row">
                <bdi>{shown.clone()}</bdi>
                { for image.names.iter().skip(1).map(|name| html! { <><br /><bdi>{text::visible(name.as_bytes())}</bdi></> }) }
            </th>
            <td class="mono">{&image.id}</td>
            <td class="num"><Size bytes={image.size} /></td>
            <td class="num"><Size bytes={image.shared} /></td>
            <td class="num"><Size bytes={image.size.saturating_sub(image.shared)} /></td>
            <td>{image.containers}</td>
            <td class="lab-row-actions">
                {action(app, "run-image", words.run_image, format!("{} {shown}", words.run_image), format!("docker run -it {told}"))}
                {action(app, "remove-image", words.remove_short, (words.remove_it)(&shown), format!("docker image rm {told}"))}
            </td>
        </tr>
    }
}

fn container_row(
    container: &ContainerView,
    app: &AppHandle,
    words: &crate::app::i18n::container::ContainerWords,
) -> Html {
    let name = &container.name;
    let attach = {
        let (app, line) = (app.clone(), format!("docker start -ai {}", quote(name)));
        move |_: MouseEvent| {
            app.run(line.clone());
            app.lab(LabAction::Show(Part::Container));
        }
    };
    html! {
        <tr key={container.id.clone()}>
            <th scope="row"><bdi>{name}</bdi></th>
            <td class="mono">{&container.id}</td>
            <td><bdi>{text::visible(container.image.as_bytes())}</bdi></td>
            <td>{(words.state_of)(container.state)}</td>
            <td class="num"><Size bytes={container.cost.upper} /></td>
            <td class="lab-row-actions">
                <button type="button" data-testid="attach" aria-label={(words.attach)(name)} onclick={attach}>{words.attach_short}</button>
                {action(app, "remove-container", words.remove_short, (words.remove_it)(name), format!("docker rm -f {}", quote(name)))}
            </td>
        </tr>
    }
}

/// A button that gives a command to the shell, where what it says can be read.
fn action(app: &AppHandle, test_id: &'static str, text: &'static str, label: String, line: String) -> Html {
    let app = app.clone();
    let title = line.clone();
    html! {
        <button type="button" data-testid={test_id} aria-label={label} {title} onclick={move |_| app.run(line.clone())}>{text}</button>
    }
}

/// What the browser keeps over a reload.
fn keeping(keeping: &Keeping, app: &AppHandle, all: &Words) -> Html {
    let words = &all.container;
    let onchange = {
        let app = app.clone();
        // What the box shows, and not what is known: the answer to the click before may still be to come.
        move |event: Event| {
            app.keep_shelf(event.target_unchecked_into::<web_sys::HtmlInputElement>().checked())
        }
    };
    html! {
        <section data-testid="keeping">
            <h2>{words.keep_title}</h2>
            <p><label><input type="checkbox" data-testid="keep" checked={keeping.is_on} {onchange} />{" "}{words.keep}</label></p>
            <p class="muted">{words.keep_hint}</p>
            if let Some(failure) = &keeping.problem { <div role="alert">{explain(all, failure)}</div> }
            if !keeping.waiting.is_empty() {
                <p>{words.waits}</p>
                <ul data-testid="kept-waiting">
                    { for keeping.waiting.iter().map(|(name, id)| html! {
                        <li><bdi>{(words.waits_for)(&text::visible(name.as_bytes()), id.as_deref().unwrap_or("scratch"))}</bdi></li>
                    }) }
                </ul>
            }
        </section>
    }
}

/// The picture of shared layers, which is a table: a row for each layer, a column for each image.
fn sharing(shelf: &ShelfView, all: &Words) -> Html {
    let words = &all.container;
    let rows = layers(shelf);
    let name = |image: &ImageView| {
        text::visible(image.names.first().map_or(image.id.as_str(), String::as_str).as_bytes())
    };
    html! {
        <section>
            <h2>{words.sharing}</h2>
            <div class="table-scroll" tabindex="0" role="group" aria-label={words.sharing}>
                <table class="lab-sharing" data-testid="sharing">
                    <thead><tr>
                        <th scope="col">{words.layer}</th><th scope="col" class="num">{words.size}</th>
                        { for shelf.images.iter().map(|image| html! { <th scope="col"><bdi>{name(image)}</bdi></th> }) }
                    </tr></thead>
                    <tbody>
                        { for rows.iter().take(LAYERS).map(|(layer, bytes)| html! {
                            <tr key={*layer}>
                                <th scope="row"><span class={classes!("swatch", hue::classes(*layer))}><b>{hue::number(*layer)}</b></span></th>
                                <td class="num"><Size bytes={*bytes} /></td>
                                { for shelf.images.iter().map(|image| cell(image, *layer, words.has)) }
                            </tr>
                        }) }
                    </tbody>
                </table>
            </div>
        </section>
    }
}

fn cell(image: &ImageView, layer: u32, has: &'static str) -> Html {
    let place = image.layers.iter().position(|(other, _)| *other == layer);
    html! {
        <td class={classes!(place.map(|_| format!("has {}", hue::classes(layer))))}>
            if let Some(place) = place { <span aria-hidden="true">{place + 1}</span><span class="sr-only">{has}</span> }
        </td>
    }
}

/// The different layers of all images, and their bytes, as they come up.
fn layers(shelf: &ShelfView) -> Vec<(u32, u64)> {
    let mut all: Vec<(u32, u64)> = Vec::new();
    for (layer, bytes) in shelf.images.iter().flat_map(|image| &image.layers) {
        if !all.iter().any(|(known, _)| known == layer) {
            all.push((*layer, *bytes));
        }
    }
    all
}
