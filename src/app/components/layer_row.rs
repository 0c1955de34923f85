//! One layer of the stack.

use std::rc::Rc;

use yew::prelude::*;

use crate::app::{
    components::{
        bar::LayerBar, fold::Command, image_picker, progress::ReadingBar, stack::shared_with, swatch::Swatch,
    },
    format::{self, Size},
    hue,
    i18n::use_words,
    pages::image::check_class,
    state::{Action, Archive, Image, Stage},
    use_app,
};

/// Properties of [`LayerRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LayerRowProps {
    /// The archive.
    pub archive: Rc<Archive>,
    /// The image.
    pub image: Rc<Image>,
    /// Its place in the archive.
    pub image_index: u32,
    /// The layer's index, 0 at the bottom.
    pub layer: u32,
    /// The topmost layer looked at.
    pub upto: u32,
    /// Bytes that fill the whole width of a bar.
    pub full: u64,
}

/// One layer: colour and number, instruction, its three sizes, what is visible of it, whether it is verified.
#[component]
pub fn LayerRow(props: &LayerRowProps) -> Html {
    let words = use_words();
    let app = use_app();
    let LayerRowProps { archive, image, image_index, layer: index, upto, full } = props;
    let (index, upto) = (*index, *upto);
    let Some(layer) = image.layers.get(index as usize) else { return Html::default() };
    let number = hue::number(index);
    let verification = archive.verification(layer);
    let check = (words.image.verification)(verification);
    let instruction = image.instruction(index).filter(|instruction| !instruction.is_empty());
    let others = shared_with(archive, *image_index, index);
    let names = others
        .iter()
        .filter_map(|other| Some(image_picker::name(words, archive.images.get(*other as usize)?, *other)));
    let shared =
        (!others.is_empty()).then(|| (words.shell.shared_with)(&names.collect::<Vec<_>>().join(", ")));
    let class = classes!(
        "layer",
        hue::classes(index),
        (index > upto).then_some("layer-above"),
        (index == upto).then_some("layer-current"),
    );

    html! {
        <li {class} data-testid={format!("layer-{index}")} data-layer={index.to_string()} value={number.to_string()}>
            <div class="layer-head">
                <button type="button" class="layer-pick" aria-label={(words.shell.layer)(number)}
                    aria-pressed={(index == upto).to_string()} onclick={app.on(move |_| Action::SelectUpto(index))}>
                    <Swatch layer={index} />
                </button>
                if let Some(instruction) = instruction {
                    <Command command={instruction.to_owned()} />
                } else {
                    <p class="muted">{words.shell.no_instruction}</p>
                }
                <span class={format!("check {}", check_class(verification))} title={check}>
                    <span aria-hidden="true">{check.split(' ').next().unwrap_or_default()}</span>
                    <span class="sr-only">{check}</span>
                </span>
            </div>
            if let Some(reading) = layer.reading {
                <ReadingBar {reading} label={(words.shell.reading_layer)(number, image.layers.len() as u32)} />
            } else if let Some(sizes) = layer.sizes {
                <dl class="layer-sizes">
                    <div><dt class="sr-only">{words.shell.stored}</dt><dd><Size bytes={sizes.stored} /></dd></div>
                    <div>
                        <dt class="sr-only">{words.shell.net}</dt>
                        <dd class={(sizes.net < 0).then_some("net-less")} title={words.shell.net_title}>
                            {format::signed_size(words.lang, sizes.net)}
                        </dd>
                    </div>
                    <div><dt class="sr-only">{words.shell.cumulative}</dt><dd><Size bytes={sizes.cumulative} /></dd></div>
                </dl>
                <LayerBar layer={index} visible={sizes.stored.saturating_sub(sizes.hidden)} hidden={sizes.hidden} full={*full}
                    label={(words.shell.visible_hidden)(
                        &format::size(words.lang, sizes.stored.saturating_sub(sizes.hidden)),
                        &format::size(words.lang, sizes.hidden),
                    )} />
            } else {
                <p class="layer-waiting muted">
                    {if archive.stage == Stage::Reading { words.shell.waiting } else { words.shell.not_read }}
                    if let Some(size) = layer.report.stored_size {
                        {" · "}<Size bytes={size} />
                    }
                </p>
            }
            if let Some(shared) = shared {
                <p class="layer-shared muted"><bdi>{"⇄ "}{shared}</bdi></p>
            }
        </li>
    }
}
