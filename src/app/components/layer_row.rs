//! One layer of the stack.

use std::cmp::Ordering;

use bstr::BStr;
use yew::prelude::*;

use crate::app::{
    components::{
        bar::LayerBar,
        fold::Command,
        progress::{ReadingBar, reading_label},
        swatch::Swatch,
    },
    format::{self, Size},
    hue,
    i18n::use_words,
    state::{Action, Layer, Verification},
    text,
    trust::check_class,
};

/// Properties of [`LayerRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LayerRowProps {
    /// The layer.
    pub layer: Layer,
    /// How many there are.
    pub layers: u32,
    /// Where it stands beside the topmost layer looked at: above it ([`Ordering::Greater`]) it is not in the filesystem shown.
    pub place: Ordering,
    /// The instruction that made it, as far as the history says.
    pub instruction: Option<AttrValue>,
    /// Whether its bytes are what the documents say.
    pub verification: Verification,
    /// Whether it is still to be read.
    pub waits: bool,
    /// The other images that hold it, in words.
    pub shared: Option<AttrValue>,
    /// Bytes that fill the whole width of a bar.
    pub full: u64,
    /// Where picking the layer goes.
    pub dispatch: Callback<Action>,
}

/// One layer: colour and number, instruction, its three sizes, what is visible of it, whether it is verified.
///
/// Takes all it shows as properties: of a hundred rows, only the one whose layer is being read is rendered anew.
#[component]
pub fn LayerRow(props: &LayerRowProps) -> Html {
    let words = use_words();
    let LayerRowProps { layer, layers, place, instruction, verification, waits, shared, full, dispatch } =
        props;
    let index = layer.report.index;
    let number = hue::number(index);
    let check = (words.image.verification)(*verification);
    let class = classes!(
        "layer",
        hue::classes(index),
        place.is_gt().then_some("layer-above"),
        place.is_eq().then_some("layer-current"),
    );
    let onclick = dispatch.reform(move |_| Action::SelectUpto(index));

    html! {
        <li {class} data-testid={format!("layer-{index}")} data-layer={index.to_string()} value={number.to_string()}>
            <div class="layer-head">
                <button type="button" class="layer-pick" aria-label={(words.shell.layer)(number)}
                    aria-pressed={place.is_eq().to_string()} {onclick}>
                    <Swatch layer={index} />
                </button>
                if let Some(instruction) = instruction {
                    <Command command={instruction.clone()} />
                } else {
                    <p class="muted">{words.shell.no_instruction}</p>
                }
                <span class={format!("check {}", check_class(*verification))} title={check}>
                    <span aria-hidden="true">{check.split(' ').next().unwrap_or_default()}</span>
                    <span class="sr-only">{check}</span>
                </span>
            </div>
            if let Some(reading) = layer.reading {
                <ReadingBar {reading} label={reading_label(words, layer, *layers)} />
            }
            if layer.is_missing() && layer.report.foreign {
                <p class="layer-waiting">{words.shell.layer_foreign}</p>
                // Text and no links: nothing here leads out of the page.
                { for layer.report.urls.iter().map(|url| html! {
                    <p class="layer-waiting"><code>{text::bdi(BStr::new(url), text::Breaks::Escape)}</code></p>
                }) }
            } else if layer.is_missing() {
                <p class="layer-waiting mark-finding">{words.shell.blob_missing}</p>
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
            } else if layer.reading.is_none() {
                <p class="layer-waiting muted">
                    {if *waits { words.shell.waiting } else { words.shell.not_read }}
                    if let Some(size) = layer.report.stored_size {
                        {" · "}<Size bytes={size} />
                    }
                </p>
            }
            if let Some(what) = &layer.report.unreadable {
                <p class="layer-waiting mark-finding">{(words.shell.layer_unreadable)(&text::visible(what.as_bytes()))}</p>
            }
            if let Some(lazy) = layer.report.lazy {
                <p class="layer-waiting muted">{(words.shell.layer_lazy)(lazy.name())}</p>
            }
            if let Some(shared) = shared {
                <p class="layer-shared muted"><bdi>{"⇄ "}{shared}</bdi></p>
            }
        </li>
    }
}
