//! The trust page: whether the archive is what it states, and everything wrong or odd with it.

use std::{collections::HashMap, fmt::Display, rc::Rc};

use bstr::BString;
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::{
    anomaly::{Code, Severity},
    app::{
        components::{copy_button::CopyButton, image_picker, swatch::Swatch},
        format::{self, Size},
        hue,
        i18n::{Words, use_words},
        state::{Action, Archive, Image, Layer, Stage, Verification},
        text::{self, Text},
        trust::{self, Checks, Filter, Place, SEVERITIES, check_class},
        use_app,
    },
    report::{AnomalyReport, DocumentReport, UnusedReport},
};

/// How many of a list are shown at first, and how many more at a time.
const FIRST: usize = 10;
const MORE: usize = 200;

/// Whether the archive is what it states.
#[component]
pub fn TrustPage() -> Html {
    let words = use_words();
    let app = use_app();
    let Some(archive) = app.state.archive.clone() else { return Html::default() };
    let selected = app.state.selection.image;
    html! {
        <article class="prose-page trust-page">
            {verdict(words, &archive)}
            if archive.present().count() > 1 {
                <Images archive={archive.clone()} {selected} dispatch={app.dispatcher().clone()} />
            }
            <Anomalies archive={archive.clone()} />
            if let Some(image) = app.state.image() {
                {layers(words, &archive, selected, image)}
            }
            <Documents archive={archive.clone()} {selected} />
            <Unused files={archive.unused.clone()} />
        </article>
    }
}

/// The sign of what a check came to.
fn sign(verification: Verification) -> &'static str {
    match verification {
        Verification::Verified => "✓",
        Verification::Mismatch => "✗",
        Verification::Pending => "…",
        Verification::Remembered => "↺",
        Verification::Unchecked => "?",
        Verification::Unstated => "–",
    }
}

/// What all checks came to, in a sentence with its sign.
pub fn verdict_line(words: &Words, archive: &Archive) -> Html {
    let checks = Checks::of_archive(archive);
    let verdict = checks.verdict();
    html! {
        <p class="verdict">
            <span class={classes!("check", check_class(verdict))} aria-hidden="true">{sign(verdict)}</span>{" "}
            <span data-testid="verdict">{(words.trust.verdict)(checks)}</span>
        </p>
    }
}

fn verdict(words: &Words, archive: &Archive) -> Html {
    let w = &words.trust;
    let counts = SEVERITIES.map(|severity| (severity, trust::count(&archive.anomalies, severity)));
    html! {
        <section class="trust-verdict">
            {verdict_line(words, archive)}
            <p data-testid="severities">
                { for counts.into_iter().filter(|(_, n)| *n > 0).map(|(severity, n)| html! {
                    <span class={classes!("severity", severity_class(severity))}>{severity_sign(severity)}{" "}{(w.severity_count)(severity, n)}</span>
                }) }
                if archive.anomalies.is_empty() {
                    <span class="muted">{nothing_found(words, archive)}</span>
                }
            </p>
            <p class="muted">{w.meaning}</p>
        </section>
    }
}

fn nothing_found(words: &Words, archive: &Archive) -> &'static str {
    match archive.stage {
        Stage::Reading => words.image.no_anomalies_yet,
        _ => words.image.no_anomalies,
    }
}

fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "severity-error",
        Severity::Warning => "severity-warning",
        Severity::Info => "severity-info",
    }
}

fn severity_sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✗",
        Severity::Warning => "⚠",
        Severity::Info => "ⓘ",
    }
}

/// A button that shows more of a list; nothing if all of it is shown.
fn more(words: &Words, shown: usize, of: usize, onclick: Callback<MouseEvent>) -> Html {
    if of <= shown {
        return Html::default();
    }
    let left = format::number(words.lang, (of - shown) as u64);
    html! { <button type="button" class="link" data-testid="more" {onclick}>{(words.trust.show_more)(&left)}</button> }
}

/// How much of a list is shown, and what shows more.
#[hook]
fn use_shown() -> (usize, Callback<MouseEvent>) {
    let shown = use_state_eq(|| FIRST);
    let onclick = {
        let shown = shown.clone();
        Callback::from(move |_| shown.set(*shown + MORE))
    };
    (*shown, onclick)
}

// --- Images

#[derive(Clone, PartialEq, Properties)]
struct ImagesProps {
    archive: Rc<Archive>,
    selected: u32,
    dispatch: Callback<Action>,
}

/// What the checks of each image came to.
#[component]
fn Images(props: &ImagesProps) -> Html {
    let words = use_words();
    let (shown, onmore) = use_shown();
    let archive = &props.archive;
    let images = archive.present().take(shown).map(|(image, index)| {
        let checks = Checks::of_image(archive, index, image);
        let verdict = checks.verdict();
        let anomalies = archive.anomalies.iter().filter(|anomaly| anomaly.image == Some(index)).count();
        let onclick = props.dispatch.reform(move |_: MouseEvent| Action::SelectImage(index));
        let is_selected = index == props.selected;
        html! {
            <tr key={index} class={classes!(is_selected.then_some("step-current"))}>
                <th scope="row">
                    <button type="button" class="link" aria-pressed={is_selected.to_string()} {onclick}>
                        <bdi>{image_picker::name(words, image, index)}</bdi>
                    </button>
                    if let Some(platform) = &image.report.platform { {" "}<span class="muted">{plain(platform)}</span> }
                </th>
                <td>{check(words, verdict)}</td>
                <td>{(words.trust.layers_verified)(checks.layers.verified, checks.layers.total())}</td>
                <td>{(words.shell.anomalies)(anomalies)}</td>
            </tr>
        }
    });
    html! {
        <section class="wide" data-testid="images">
            <h2>{words.trust.images}</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label={words.trust.images}>
                <table class="facts-table"><tbody>{ for images }</tbody></table>
            </div>
            {more(words, shown, archive.present().count(), onmore)}
        </section>
    }
}

// --- Anomalies

#[derive(Clone, PartialEq, Properties)]
struct AnomaliesProps {
    archive: Rc<Archive>,
}

/// Everything wrong or odd, the gravest first, one group for each kind.
#[component]
fn Anomalies(props: &AnomaliesProps) -> Html {
    let words = use_words();
    let w = &words.trust;
    let filter = use_state_eq(Filter::default);
    let shown = use_state_eq(HashMap::<Code, usize>::new);
    let archive = &props.archive;
    let anomalies = Rc::clone(&archive.anomalies);
    let places = use_memo(Rc::clone(&anomalies), |anomalies| trust::places(anomalies));
    let names: Rc<Vec<String>> = {
        let images = archive.images.clone();
        use_memo((archive.job, words.lang), move |_| {
            images.iter().zip(0..).map(|(image, index)| image_picker::name(words, image, index)).collect()
        })
    };
    let listing = use_memo((Rc::clone(&anomalies), *filter, words.lang), {
        let names = Rc::clone(&names);
        move |(anomalies, filter, _)| AttrValue::from(listing(words, anomalies, *filter, &names))
    });
    // A place that the next archive does not have lists nothing.
    let chosen = filter.place.filter(|place| places.iter().any(|(other, _)| other == place));
    let filter_now = Filter { place: chosen, ..*filter };

    let choose_severity = |severity: Option<Severity>| {
        let filter = filter.clone();
        Callback::from(move |_: MouseEvent| filter.set(Filter { severity, ..*filter }))
    };
    let choose_place = {
        let (filter, places) = (filter.clone(), Rc::clone(&places));
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            let row = select.and_then(|select| usize::try_from(select.selected_index()).ok());
            // The first choice is that of all places.
            let place = row.and_then(|row| places.get(row.checked_sub(1)?)).map(|(place, _)| *place);
            filter.set(Filter { place, ..*filter });
        })
    };
    let toggle = |severity: Option<Severity>, label: Html, testid: String| {
        let pressed = filter.severity == severity;
        html! {
            <button type="button" class="toggle" aria-pressed={pressed.to_string()} data-testid={testid}
                onclick={choose_severity(severity)}>{label}</button>
        }
    };
    let of_severity = |severity: Severity| {
        let n = trust::count(&anomalies, severity);
        let label = html! { <><span class={severity_class(severity)} aria-hidden="true">{severity_sign(severity)}</span>{" "}{(w.severity_count)(severity, n)}</> };
        (n > 0).then(|| toggle(Some(severity), label, format!("severity-{}", severity_class(severity))))
    };
    let sections = SEVERITIES.map(|severity| (severity, trust::groups(&anomalies, severity, filter_now)));
    let is_empty = sections.iter().all(|(_, groups)| groups.is_empty());
    let group = |(code, group): &(Code, Vec<&AnomalyReport>)| {
        let code = *code;
        let upto = shown.get(&code).copied().unwrap_or(FIRST);
        let onmore = {
            let shown = shown.clone();
            Callback::from(move |_: MouseEvent| {
                let mut next = (*shown).clone();
                next.insert(code, upto + MORE);
                shown.set(next);
            })
        };
        html! {
            <li key={code.name()} data-testid={format!("anomaly-{code}")}>
                <p>
                    {(words.image.anomaly)(code)}{" "}<code class="muted">{code.name()}</code>
                    if group.len() > 1 { {" "}<span class="muted">{"× "}{format::number(words.lang, group.len() as u64)}</span> }
                </p>
                <ul>{ for group.iter().take(upto).map(|anomaly| anomaly_html(words, &names, anomaly)) }</ul>
                {more(words, upto, group.len(), onmore)}
            </li>
        }
    };
    html! {
        <section class="wide" data-testid="anomalies">
            <h2>{words.image.anomalies}</h2>
            if anomalies.is_empty() {
                <p class="muted">{nothing_found(words, archive)}</p>
            } else {
                <div class="trust-bar" role="toolbar" aria-label={words.image.anomalies}>
                    <span class="group" role="group" aria-label={w.severity_label}>
                        {toggle(None, html! { {w.all_severities} }, "severity-all".to_owned())}
                        { for SEVERITIES.into_iter().filter_map(of_severity) }
                    </span>
                    <label>
                        <span class="muted">{w.place_label}</span>{" "}
                        <select data-testid="place" onchange={choose_place}>
                            <option selected={chosen.is_none()}>{w.everywhere}</option>
                            { for places.iter().map(|(place, n)| html! {
                                <option selected={chosen == Some(*place)}>
                                    {place_text(words, &names, *place)}{format!(" ({})", format::number(words.lang, *n as u64))}
                                </option>
                            }) }
                        </select>
                    </label>
                    <CopyButton text={(*listing).clone()} label={w.copy} done={words.image.copied} />
                </div>
                if is_empty { <p class="muted">{w.none_listed}</p> }
                { for sections.iter().filter(|(_, groups)| !groups.is_empty()).map(|(severity, groups)| html! {
                    <section key={severity_class(*severity)} class="anomaly-section" data-testid={severity_class(*severity)}>
                        <h3 class={severity_class(*severity)}>
                            <span aria-hidden="true">{severity_sign(*severity)}</span>{" "}{(w.severity)(*severity)}
                            {" "}<span class="muted">{(w.severity_meaning)(*severity)}</span>
                        </h3>
                        <ul class="anomalies">{ for groups.iter().map(group) }</ul>
                    </section>
                }) }
            }
        </section>
    }
}

fn anomaly_html(words: &Words, names: &[String], anomaly: &AnomalyReport) -> Html {
    let place = Place::of(anomaly);
    html! {
        <li>
            if let Place::Layer(_, layer) = place {
                <Swatch {layer} /><span class="sr-only">{(words.shell.layer)(hue::number(layer))}</span>{" "}
            }
            if let (Place::Layer(image, _) | Place::Image(image), true) = (place, names.len() > 1) {
                <span class="muted"><bdi>{names.get(image as usize).cloned()}</bdi>{": "}</span>
            }
            <span lang="en">{plain(&anomaly.message)}</span>
            if let Some(offset) = anomaly.offset {
                {" "}<span class="muted">{(words.shell.at_offset)(&format::number(words.lang, offset))}</span>
            }
        </li>
    }
}

/// A place in words.
fn place_text(words: &Words, names: &[String], place: Place) -> String {
    let name = |image: u32| names.get(image as usize).cloned().unwrap_or_default();
    match place {
        Place::Archive => words.trust.whole_archive.to_owned(),
        Place::Image(image) => (words.trust.of_image)(&name(image)),
        Place::Layer(_, layer) if names.len() < 2 => (words.shell.layer)(hue::number(layer)),
        Place::Layer(image, layer) => {
            format!("{} · {}", name(image), (words.shell.layer)(hue::number(layer)))
        }
    }
}

/// What a filter lists as lines of text, fields apart by tabs, to be copied.
fn listing(words: &Words, anomalies: &[AnomalyReport], filter: Filter, names: &[String]) -> String {
    let mut lines = String::new();
    for severity in SEVERITIES {
        for (code, group) in trust::groups(anomalies, severity, filter) {
            for anomaly in group {
                let offset = anomaly.offset.map(|offset| format::number(words.lang, offset));
                let fields = [
                    (words.trust.severity_count)(severity, 1),
                    code.name(),
                    place_text(words, names, Place::of(anomaly)),
                    offset.map_or_else(String::new, |offset| (words.shell.at_offset)(&offset)),
                    text::visible(anomaly.message.as_bytes()),
                ];
                lines.push_str(&fields.join("\t"));
                lines.push('\n');
            }
        }
    }
    lines
}

// --- Checks

fn plain(value: &str) -> Html {
    html! { <Text bytes={BString::from(value)} /> }
}

fn check(words: &Words, verification: Verification) -> Html {
    html! { <span class={classes!("check", check_class(verification))}>{(words.image.verification)(verification)}</span> }
}

/// What is stated and what was found. Where they agree it stands once; where not, both stand.
fn compared<T>(
    words: &Words,
    verification: Verification,
    stated: Option<T>,
    found: Option<T>,
    show: impl Fn(T) -> Html,
) -> Html {
    let w = &words.image;
    html! {
        <>
            {check(words, verification)}
            if verification == Verification::Mismatch {
                if let Some(stated) = stated { <div><span class="muted">{w.stated}</span>{" "}{show(stated)}</div> }
                if let Some(found) = found { <div><span class="muted">{w.found}</span>{" "}{show(found)}</div> }
            } else if let Some(value) = found.or(stated) {
                <div>{show(value)}</div>
            }
        </>
    }
}

fn digest(digest: impl Display) -> Html {
    html! { <code class="digest">{digest.to_string()}</code> }
}

fn size(bytes: u64) -> Html {
    html! { <Size {bytes} /> }
}

/// Every layer's digests, size and compression, as stated and as found.
fn layers(words: &Words, archive: &Archive, index: u32, image: &Image) -> Html {
    let (w, trust) = (&words.image, &words.trust);
    html! {
        <section class="wide" data-testid="digests">
            <h2>
                {trust.layers}
                if archive.images.len() > 1 { {" · "}<bdi>{image_picker::name(words, image, index)}</bdi> }
            </h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label={trust.layers}>
                <table class="facts-table">
                    <thead>
                        <tr>
                            <th scope="col">{w.layer}</th>
                            <th scope="col">{w.blob}</th>
                            <th scope="col">{w.diff_id}</th>
                            <th scope="col">{w.blob_size}</th>
                            <th scope="col">{trust.compression}</th>
                            <th scope="col" class="num">{w.tar_size}</th>
                            <th scope="col" class="num">{w.entries}</th>
                        </tr>
                    </thead>
                    <tbody>{ for image.layers.iter().map(|layer| layer_row(words, archive, layer)) }</tbody>
                </table>
            </div>
        </section>
    }
}

fn layer_row(words: &Words, archive: &Archive, layer: &Layer) -> Html {
    let report = &*layer.report;
    let checks = trust::of_layer(archive, layer);
    let compression = |compression| html! { {(words.image.compression)(compression)} };
    html! {
        <tr key={report.index} data-testid={format!("digest-{}", report.index)}>
            <th scope="row"><Swatch layer={report.index} /></th>
            <td>{compared(words, checks.digest, report.stated_digest.as_ref(), report.digest.as_ref(), digest)}</td>
            <td>{compared(words, checks.diff_id, report.stated_diff_id.as_ref(), report.diff_id.as_ref(), digest)}</td>
            <td>{compared(words, checks.size, report.stated_size, report.stored_size, size)}</td>
            <td>
                {compared(words, checks.compression, report.stated_compression, report.compression, compression)}
                if let Some(media_type) = &report.media_type { <code class="media-type muted">{plain(media_type)}</code> }
                if let Some(lazy) = report.lazy { <span class="muted">{" · "}{lazy.name()}</span> }
                { for report.annotations.iter().map(|(key, value)| html! {
                    <div class="muted"><code>{plain(key)}</code>{" "}{plain(value)}</div>
                }) }
            </td>
            <td class="num">{report.size.map(size)}</td>
            <td class="num">{report.entries.map(|entries| format::number(words.lang, entries))}</td>
        </tr>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct DocumentsProps {
    archive: Rc<Archive>,
    selected: u32,
}

/// The documents of the image selected and of none.
#[component]
fn Documents(props: &DocumentsProps) -> Html {
    let words = use_words();
    let w = &words.trust;
    let (shown, onmore) = use_shown();
    let is_shown = |document: &&DocumentReport| document.image.is_none_or(|image| image == props.selected);
    let documents: Vec<_> = props.archive.documents.iter().filter(is_shown).collect();
    if documents.is_empty() {
        return Html::default();
    }
    let row = |document: &&DocumentReport| {
        let checks = trust::of_document(document);
        html! {
            <tr>
                <th scope="row">{(w.document_kind)(document.kind)}</th>
                <td>{compared(words, checks.digest, document.stated_digest.as_ref(), document.digest.as_ref(), digest)}</td>
                <td>{compared(words, checks.size, document.stated_size, document.size, size)}</td>
                <td>
                    if let Some(path) = &document.path {
                        <code class="digest">{plain(path)}</code>
                    } else {
                        <span class="mark-finding">{w.missing}</span>
                    }
                </td>
            </tr>
        }
    };
    html! {
        <section class="wide" data-testid="documents">
            <h2>{w.documents}</h2>
            <p class="muted">{w.documents_note}</p>
            <div class="table-scroll" tabindex="0" role="region" aria-label={w.documents}>
                <table class="facts-table">
                    <thead>
                        <tr>
                            <th scope="col">{w.document}</th>
                            <th scope="col">{w.digest}</th>
                            <th scope="col">{w.size}</th>
                            <th scope="col">{w.path}</th>
                        </tr>
                    </thead>
                    <tbody>{ for documents.iter().take(shown).map(row) }</tbody>
                </table>
            </div>
            {more(words, shown, documents.len(), onmore)}
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct UnusedProps {
    files: Rc<Vec<UnusedReport>>,
}

/// The files that nothing leads to.
#[component]
fn Unused(props: &UnusedProps) -> Html {
    let words = use_words();
    let w = &words.trust;
    let (shown, onmore) = use_shown();
    let files = &props.files;
    let row = |file: &UnusedReport| {
        html! {
            <li>
                <code>{plain(&file.path)}</code>{" "}<Size bytes={file.size} />
                {" "}<span class="muted">{(words.shell.at_offset)(&format::number(words.lang, file.offset))}</span>
            </li>
        }
    };
    html! {
        <section class="wide" data-testid="unused">
            <h2>{w.unused}</h2>
            if files.is_empty() {
                <p class="muted">{w.no_unused}</p>
            } else {
                <p class="muted">{w.unused_note}</p>
                <ul class="unused">{ for files.iter().take(shown).map(row) }</ul>
                {more(words, shown, files.len(), onmore)}
            }
        </section>
    }
}
