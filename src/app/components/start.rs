//! The first screen: what this is, and three ways to begin.

use yew::prelude::*;

use crate::app::{
    components::{
        icon::{Glyph, Icon},
        kept::KeptList,
        notice::Notice,
        opener::{OpenButton, OpenDirectoryButton},
        progress::OpeningProgress,
        remote::RemoteStart,
    },
    hue,
    i18n::use_words,
    use_app,
    views::use_views,
};

/// A built-in sample as its picture shows it. The names are those of [`crate::fixture::samples`].
struct SampleFigure {
    name: &'static str,
    /// The images side by side, each from the bottom up.
    stacks: &'static [&'static [Slab]],
}

/// A layer in a picture.
struct Slab {
    /// Its place on the wheel of hues; equal in two stacks for a layer that both share.
    layer: u32,
    /// Its width in hundredths of the widest.
    width: u32,
    /// How much of the width a layer above deletes or hides.
    hidden: u32,
}

const fn slab(layer: u32, width: u32, hidden: u32) -> Slab {
    Slab { layer, width, hidden }
}

const SAMPLES: [SampleFigure; 3] = [
    SampleFigure { name: "hello", stacks: &[&[slab(0, 100, 0), slab(1, 45, 0), slab(2, 70, 0)]] },
    SampleFigure {
        name: "whiteouts",
        stacks: &[&[slab(0, 100, 30), slab(1, 80, 55), slab(2, 40, 0), slab(3, 25, 0)]],
    },
    SampleFigure {
        name: "shared",
        stacks: &[
            &[slab(0, 100, 0), slab(1, 70, 0), slab(2, 45, 0)],
            &[slab(0, 100, 0), slab(1, 70, 0), slab(3, 60, 0)],
        ],
    },
];

/// The first screen. Also shown while the first archive is being opened.
#[component]
pub fn Start() -> Html {
    let words = use_words();
    let app = use_app();
    let views = use_views();
    let opening = app.state.opening.clone();

    html! {
        <main class="start" data-testid="start" id="content">
            <h1>{words.shell.tagline}</h1>
            <Notice />
            {views.missing()}
            {views.draw(|parts| (parts.questions)())}
            <section class="drop-zone" data-testid="drop-zone">
                if let Some(opening) = opening {
                    <OpeningProgress {opening} />
                } else {
                    <p class="drop-title">{words.shell.drop_title}</p>
                    <p class="choices">
                        <OpenButton class="primary" label={words.shell.choose_file} />
                        <OpenDirectoryButton />
                    </p>
                    <p class="muted">{words.shell.drop_hint}</p>
                }
            </section>
            <RemoteStart />
            <KeptList />
            <section class="samples" aria-labelledby="samples-title">
                <h2 id="samples-title">{words.shell.samples_title}</h2>
                <ul>
                    { for SAMPLES.iter().map(|sample| {
                        let onclick = { let app = app.clone(); move |_| app.open_sample(sample.name) };
                        let test_id = format!("sample-{}", sample.name);
                        html! {
                            <li key={sample.name}>
                                <button type="button" class="sample" data-testid={test_id} {onclick}>
                                    {figure(sample, &(words.shell.sample_figure)(tallest(sample), sample.stacks.len() as u32))}
                                    <span class="sample-name"><code>{sample.name}</code></span>
                                    <span class="sample-says">{(words.shell.sample)(sample.name)}</span>
                                </button>
                            </li>
                        }
                    }) }
                </ul>
            </section>
            <p class="privacy"><Icon glyph={Glyph::Lock} />{words.shell.privacy}</p>
        </main>
    }
}

fn tallest(sample: &SampleFigure) -> u32 {
    sample.stacks.iter().map(|stack| stack.len() as u32).max().unwrap_or(0)
}

/// A sample as a small picture: its layers as slabs, the hidden part of each hollow.
fn figure(sample: &SampleFigure, label: &str) -> Html {
    const HEIGHT: u32 = 64;
    const WIDTH: u32 = 128;
    const SLAB: u32 = 12;
    let column = WIDTH / sample.stacks.len() as u32;
    let slabs = sample.stacks.iter().zip(0..).flat_map(|(stack, place)| {
        stack.iter().zip(1..).map(move |(slab, height)| {
            let room = column - 4;
            let width = room * slab.width / 100;
            let hidden = room * slab.hidden / 100;
            let (x, y) = (column * place + 2, HEIGHT - height * (SLAB + 3));
            html! {
                <g class={hue::classes(slab.layer)}>
                    <rect class="slab" x={x.to_string()} y={y.to_string()} rx="1.5"
                        width={(width - hidden).to_string()} height={SLAB.to_string()} />
                    if hidden > 0 {
                        <rect class="slab-hidden" x={(x + width - hidden).to_string()} y={format!("{y}.5")} rx="1.5"
                            width={(hidden - 1).to_string()} height={(SLAB - 1).to_string()} />
                    }
                </g>
            }
        })
    });
    html! {
        <svg class="figure" viewBox={format!("0 0 {WIDTH} {HEIGHT}")} role="img" aria-label={label.to_owned()}>
            { for slabs }
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::i18n::Lang;

    #[test]
    fn every_sample_is_explained_in_both_languages() {
        for sample in &SAMPLES {
            for lang in [Lang::En, Lang::Zh] {
                assert!(!(lang.words().shell.sample)(sample.name).is_empty(), "{}", sample.name);
            }
        }
    }
}
