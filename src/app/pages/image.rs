//! The image page: everything its documents say, and whether the bytes agree.

use std::rc::Rc;

use bstr::BString;
use serde_json::Value;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{history::time, trust::verdict_line};
use crate::{
    app::{
        AppHandle,
        components::{copy_button::CopyButton, kept::KeptPanel, swatch::Swatch},
        format::Size,
        i18n::{Words, use_words},
        state::{Action, Archive, Image, Page, Stage},
        text::{Breaks, Text},
        use_app,
    },
    audit::{Dive, Reclaimable},
    digest::Digest,
    image::{self, base_image_guess, base_image_name},
    worker::protocol::{Job, Reply, Request},
};

/// The image as a whole.
#[component]
pub fn ImagePage() -> Html {
    let words = use_words();
    let app = use_app();
    let (Some(archive), Some(image)) = (app.state.archive.clone(), app.state.image().cloned()) else {
        return Html::default();
    };
    html! {
        <article class="prose-page image-page">
            <div class="columns">
                {identity(words, &archive, &image)}
                {inside(words, &archive, &image)}
                {runs(words, &image)}
                {pairs(words.image.labels, "labels", &labels(&image))}
                {pairs(words.image.annotations, "annotations", &annotations(&image))}
            </div>
            {checks(words, &app, &archive)}
            <Space />
            {dockerfile(words, &image)}
            {config(words, &image)}
            <KeptPanel />
        </article>
    }
}

/// A definition list's row; nothing where there is nothing to say.
fn fact(name: &str, value: Option<Html>) -> Html {
    match value {
        Some(value) => html! { <div class="fact"><dt>{name.to_owned()}</dt><dd>{value}</dd></div> },
        None => Html::default(),
    }
}

fn text(value: &str) -> Html {
    html! { <Text bytes={BString::from(value)} /> }
}

fn code(value: &str) -> Html {
    html! { <code>{text(value)}</code> }
}

/// A dotted name, which may break after its dots.
fn dotted(name: &str) -> Html {
    let parts = name.split_inclusive(['.', '/']).map(|part| html! { <>{text(part)}<wbr /></> });
    html! { <code>{ for parts }</code> }
}

fn lines(values: Vec<String>) -> Option<Html> {
    let items = values.iter().map(|value| html! { <li>{code(value)}</li> });
    (!values.is_empty()).then(|| html! { <ul>{ for items }</ul> })
}

fn identity(words: &Words, archive: &Archive, image: &Image) -> Html {
    let w = &words.image;
    let report = &image.report;
    let names =
        lines(report.names.clone()).unwrap_or_else(|| html! { <span class="muted">{w.no_names}</span> });
    let digest = |digest: &Digest| html! { <code class="digest">{digest.to_string()}</code> };
    let config = report.config.as_ref();
    let created = config.and_then(|config| config.get("created")?.as_str()).map(time);
    let author = config.and_then(|config| config.get("author")?.as_str()).filter(|a| !a.is_empty()).map(text);
    html! {
        <section data-testid="identity">
            <h2>{w.identity}</h2>
            <dl class="facts">
                {fact(w.names, Some(names))}
                {fact(w.platform, report.platform.as_deref().map(code))}
                {fact(w.id, report.id.as_ref().map(digest))}
                {fact(w.manifest_digest, report.manifest_digest.as_ref().map(digest))}
                {fact(w.created, created)}
                {fact(w.author, author)}
                {fact(w.archive, Some(html! {
                    <>
                        {text(&archive.name)}{" · "}<Size bytes={archive.size} /><br />
                        <span class="muted">{(w.format)(archive.format)}{" · "}{(w.compression)(archive.outer_compression)}</span>
                    </>
                }))}
                {fact(w.attestations, (!report.attestations.is_empty()).then(|| html! {
                    <ul>{ for report.attestations.iter().map(|attestation| html! {
                        <li>
                            {digest(&attestation.manifest_digest)}
                            { for attestation.predicate_types.iter().map(|kind| html! { <><br />{text(kind)}</> }) }
                        </li>
                    }) }</ul>
                }))}
            </dl>
        </section>
    }
}

/// Distribution, kernel and base: what a container of this image stands on.
fn inside(words: &Words, archive: &Archive, image: &Image) -> Html {
    let w = &words.image;
    let known = image.is_merged() || archive.stage != Stage::Reading;
    let not_yet = || html! { <span class="muted">{w.not_yet}</span> };
    let distribution = match &image.os {
        Some(os) => html! {
            <>{text(&os.pretty_name)}<br /><span class="muted">{(w.read_from)(&crate::app::text::visible(os.path.as_bytes()))}</span></>
        },
        None => match (windows_version(image), known) {
            (Some(version), _) => html! {
                <>{"Windows "}{text(&version)}<br /><span class="muted">{w.stated_by_config}</span></>
            },
            (None, true) => html! { <span class="muted">{w.no_distribution}</span> },
            (None, false) => not_yet(),
        },
    };
    let kernel = if !image.kernel.is_empty() {
        html! { <>{w.has_kernel}{lines(image.kernel.to_vec())}</> }
    } else if known {
        let paths = (words.shell.paths)(image.totals.paths);
        html! { <>{w.no_kernel}<br /><span class="muted">{(w.kernel_evidence)(&paths)}</span></> }
    } else {
        not_yet()
    };
    html! {
        <section data-testid="inside">
            <h2>{w.inside}</h2>
            <dl class="facts">
                {fact(w.distribution, Some(distribution))}
                {fact(w.kernel, Some(kernel))}
                {fact(w.base, Some(base(words, image)))}
            </dl>
        </section>
    }
}

/// The version of Windows that an image of it is for (OCI image spec, config.md, "os.version"): a host of another one
/// cannot run it without Hyper-V isolation.
fn windows_version(image: &Image) -> Option<String> {
    let config = image.report.config.as_ref().filter(|config| config["os"] == "windows")?;
    Some(config["os.version"].as_str().unwrap_or_default().to_owned())
}

/// The base image: by name where an annotation or a label states it, else where the history seems to pass from it to
/// the rest.
fn base(words: &Words, image: &Image) -> Html {
    let w = &words.image;
    let stated = base_name(image);
    let layers = base_layers(image);
    if stated.is_none() && layers.is_empty() {
        return html! { <span class="muted">{w.no_base}</span> };
    }
    html! {
        <>
            if let Some(name) = &stated {
                <div>{code(name)}{" "}<span class="muted">{w.base_stated}</span></div>
            }
            if !layers.is_empty() {
                <div>
                    { for layers.iter().map(|layer| html! { <Swatch layer={*layer} /> }) }
                    {" "}{(w.base_layers)(layers.len() as u32)}{" "}<span class="muted">{w.base_guess}</span>
                </div>
            }
        </>
    }
}

/// The base's name, where an annotation or a label states it.
fn base_name(image: &Image) -> Option<String> {
    let labels = labels(image);
    let annotations = image.report.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let labels = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    base_image_name(annotations.chain(labels)).map(str::to_owned)
}

/// The layers that are the base's, if the history gives a sign of one.
fn base_layers(image: &Image) -> Vec<u32> {
    let history = &image.report.history;
    let rows = base_image_guess(history).unwrap_or(0);
    history.iter().take(rows).filter_map(|row| row.layer).collect()
}

fn runs(words: &Words, image: &Image) -> Html {
    let w = &words.image;
    let Some(config) = image.report.config.as_ref().and_then(|config| config.get("config")) else {
        return Html::default();
    };
    let string = |key: &str| config.get(key).and_then(Value::as_str).filter(|value| !value.is_empty());
    let command = |key: &str| config.get(key).and_then(command_line).map(|line| code(&line));
    let user = string("User").map_or_else(|| html! { <span class="muted">{w.root_user}</span> }, code);
    html! {
        <section data-testid="runs">
            <h2>{w.runs}</h2>
            <dl class="facts">
                {fact("Entrypoint", command("Entrypoint"))}
                {fact("Cmd", command("Cmd"))}
                {fact(w.workdir, string("WorkingDir").map(code))}
                {fact(w.user, Some(user))}
                {fact(w.ports, lines(keys(config.get("ExposedPorts"))))}
                {fact(w.volumes, lines(keys(config.get("Volumes"))))}
                {fact(w.stop_signal, string("StopSignal").map(code))}
                {fact(w.env, lines(strings(config.get("Env"))))}
            </dl>
        </section>
    }
}

/// A command of a config: exec form as JSON, as a Dockerfile has it, so that its words can be told apart; a plain
/// string (old configs) as it is.
fn command_line(value: &Value) -> Option<String> {
    match value {
        Value::Array(words) if !words.is_empty() => Some(value.to_string()),
        Value::String(line) if !line.is_empty() => Some(line.clone()),
        _ => None,
    }
}

/// The keys of an object: configs hold sets as objects with empty values (OCI image spec, config.md).
fn keys(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_object).map_or_else(Vec::new, |object| object.keys().cloned().collect())
}

/// The elements of an array, each as text.
fn strings(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).map_or_else(Vec::new, |array| array.iter().map(plain).collect())
}

/// A value as text; a string without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn labels(image: &Image) -> Vec<(String, String)> {
    let labels =
        image.report.config.as_ref().and_then(|config| config.get("config")?.get("Labels")?.as_object());
    labels.map_or_else(Vec::new, |labels| {
        labels.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
    })
}

fn annotations(image: &Image) -> Vec<(String, String)> {
    image.report.annotations.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Keys with their values, as a section; nothing if there are none.
fn pairs(title: &str, test_id: &'static str, pairs: &[(String, String)]) -> Html {
    if pairs.is_empty() {
        return Html::default();
    }
    html! {
        <section data-testid={test_id}>
            <h2>{title.to_owned()}</h2>
            <dl class="facts facts-long">
                { for pairs.iter().map(|(key, value)| html! {
                    <div class="fact"><dt>{dotted(key)}</dt><dd>{text(value)}</dd></div>
                }) }
            </dl>
        </section>
    }
}

/// Whether the archive is what it states, in short; all of it is on the trust page.
fn checks(words: &Words, app: &AppHandle, archive: &Archive) -> Html {
    let anomalies = archive.anomalies.len();
    html! {
        <section class="wide" data-testid="checks">
            <h2>{words.image.checks}</h2>
            {verdict_line(words, archive)}
            <p>
                <span class={classes!((anomalies > 0).then_some("mark-finding"))}>{(words.shell.anomalies)(anomalies)}</span>{" · "}
                <button type="button" class="link" data-testid="see-trust" onclick={app.on(|_| Action::SelectPage(Page::Trust))}>
                    {words.trust.see}
                </button>
            </p>
        </section>
    }
}

/// What the layers cost, measured our way and dive's. Asked for when the page is looked at: it is a pass over all
/// entries.
#[component]
fn Space() -> Html {
    let words = use_words();
    let app = use_app();
    let archive = app.state.archive.as_ref();
    let job = archive.map(|archive| archive.job);
    let is_merged = app.state.image().is_some_and(|image| image.is_merged());
    let known = app.state.image().and_then(|image| image.audit);
    use_effect_with((job, app.state.selection.image, is_merged && known.is_none()), {
        let app = app.clone();
        move |(job, image, is_wanted): &(Option<Job>, u32, bool)| {
            if let (Some(job), image, true) = (*job, *image, *is_wanted) {
                spawn_local(async move {
                    // Without an answer it stays unknown.
                    if let Ok(Reply::Audit(audit)) = app.call(Request::Audit { image }).await {
                        app.dispatch(Action::Audited { job, image, audit });
                    }
                });
            }
        }
    });
    let ended = archive.is_some_and(|archive| archive.stage != Stage::Reading);
    let w = &words.image;
    html! {
        <section class="wide" data-testid="space">
            <h2>{w.space}</h2>
            {match known {
                Some(Some(audit)) => html! {
                    <div class="columns">{reclaimable(words, audit.reclaimable)}{dive(words, audit.dive)}</div>
                },
                // A layer may be listed and not yet verified.
                Some(None) if ended => html! { <p class="muted">{w.no_space}</p> },
                None if ended && !is_merged => html! { <p class="muted">{w.no_space}</p> },
                None | Some(None) => html! { <p class="muted">{w.not_yet}</p> },
            }}
        </section>
    }
}

/// A number with a sentence on what it is.
fn number_fact((name, note): (&str, &str), value: Html) -> Html {
    fact(name, Some(html! { <>{value}<br /><span class="muted">{note.to_owned()}</span></> }))
}

fn reclaimable(words: &Words, sum: Reclaimable) -> Html {
    let w = &words.image;
    let size = |bytes: u64| html! { <Size {bytes} /> };
    html! {
        <section>
            <h3>{w.reclaimable}</h3>
            <dl class="facts">
                {number_fact(w.reclaimable_total, size(sum.total))}
                {number_fact(w.reclaimable_deleted, size(sum.deleted))}
                {number_fact(w.reclaimable_overwritten, size(sum.overwritten))}
                {number_fact(w.reclaimable_metadata, size(sum.metadata_only))}
                {number_fact(w.reclaimable_opaque, size(sum.opaque))}
            </dl>
        </section>
    }
}

fn dive(words: &Words, dive: Dive) -> Html {
    let w = &words.image;
    let percent = |part: f64| format!("{:.1} %", part * 100.0);
    html! {
        <section data-testid="dive">
            <h3>{w.dive}</h3>
            <dl class="facts">
                {number_fact(w.dive_efficiency, html! { {percent(dive.efficiency)} })}
                {number_fact(w.dive_wasted, html! { <Size bytes={dive.wasted_bytes} /> })}
                {number_fact(w.dive_user, html! { {dive.user_wasted_percent.map_or_else(|| "–".to_owned(), percent)} })}
            </dl>
        </section>
    }
}

/// The history as a Dockerfile.
fn dockerfile(words: &Words, image: &Image) -> Html {
    let base = base_name(image);
    let text = image::dockerfile(&image.report.history, image.layers.len(), base.as_deref());
    html! {
        <section class="wide" data-testid="dockerfile">
            <h2>{words.image.dockerfile}</h2>
            <p class="muted">{words.image.dockerfile_note}</p>
            {document(words, text.into())}
        </section>
    }
}

/// A document that can be read and copied.
fn document(words: &Words, content: Rc<str>) -> Html {
    html! {
        <div class="document">
            <CopyButton text={AttrValue::from(Rc::clone(&content))} label={words.image.copy} done={words.image.copied} />
            <pre tabindex="0"><Text bytes={BString::from(&*content)} breaks={Breaks::Keep} /></pre>
        </div>
    }
}

fn config(words: &Words, image: &Image) -> Html {
    let w = &words.image;
    let pretty = image.report.config.as_ref().and_then(|config| serde_json::to_string_pretty(config).ok());
    html! {
        <section class="wide" data-testid="config">
            <h2>{w.config}</h2>
            {match pretty {
                Some(json) => document(words, json.into()),
                None => html! { <p class="muted">{w.no_config}</p> },
            }}
        </section>
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::app::samples;

    #[test]
    fn commands_keep_their_words_apart() {
        assert_eq!(command_line(&json!(["a", "b c"])).unwrap(), r#"["a","b c"]"#);
        assert_eq!(command_line(&json!("a b")).unwrap(), "a b");
        assert_eq!(command_line(&json!([])), None);
        assert_eq!(command_line(&json!(null)), None);
    }

    #[test]
    fn odd_configs_are_read_as_well_as_can_be() {
        assert_eq!(strings(Some(&json!(["a", 1, null]))), ["a", "1", "null"]);
        assert!(strings(Some(&json!({"a": 1}))).is_empty());
        assert!(keys(Some(&json!(["80/tcp"]))).is_empty());
        let mut report = samples::image_report();
        report.config = Some(json!({"config": {"Labels": ["not", "an object"]}}));
        assert!(labels(&Image::new(report)).is_empty());
    }
}
