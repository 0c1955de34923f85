//! Signatures and attestations that the registry has of an image, and what is in them.

use std::collections::HashMap;

use bstr::{BStr, ByteSlice};
use serde_json::Value;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    app::{
        components::notice,
        i18n::{Words, use_words},
        text::{self, Breaks},
        use_app,
    },
    digest::Digest,
    registry::{Answer, ArtifactDocument, Ask, Referrer},
    worker::protocol::{Failure, FailureKind, Reply, Request},
};

/// How many members of an object or a list are shown at first, and further ones at a time.
const SHOWN: usize = 200;

/// How many characters of a document are shown as they are at first, and further ones at a time, for each of [`SHOWN`].
const CHARACTERS: usize = 100;

/// A document: its media type, what is in it if that is JSON, and what it is unless it is too large.
type Document = (String, Option<Value>, Option<Vec<u8>>);

/// The list, once it was asked for.
#[component]
pub fn Referrers() -> Html {
    let words = use_words();
    let app = use_app();
    let found = use_state(|| None::<Result<(Vec<Referrer>, Option<Failure>), Failure>>);
    let read = use_state(|| None::<(Digest, Result<Vec<Document>, Failure>)>);
    let unfolded = use_state(HashMap::new);
    let mut known: Vec<(Digest, String)> = Vec::new();
    if let Some(Ok((referrers, _))) = &*found {
        known.extend(referrers.iter().map(|r| (r.digest.clone(), r.artifact_type.clone())));
    }
    // Those that came with the index.
    let attestations = app.state.image().map(|image| image.report.attestations.clone()).unwrap_or_default();
    for attestation in attestations {
        if known.iter().all(|(digest, _)| *digest != attestation.manifest_digest) {
            known.push((attestation.manifest_digest, attestation.predicate_types.join(", ")));
        }
    }
    let list = {
        let (app, found) = (app.clone(), found.clone());
        move |_| {
            let (app, found) = (app.clone(), found.clone());
            spawn_local(async move {
                found.set(match app.call(Request::Remote(Ask::Referrers)).await {
                    Ok(Reply::Remote(Answer::Referrers(referrers, unknown))) => {
                        let failure = |(trouble, detail)| Failure {
                            kind: FailureKind::Remote(trouble),
                            detail,
                            offset: None,
                        };
                        Some(Ok((referrers, unknown.map(failure))))
                    }
                    Ok(_) => None,
                    Err(failure) => Some(Err(failure)),
                });
            });
        }
    };
    let open = |digest: Digest| {
        let (app, read, unfolded) = (app.clone(), read.clone(), unfolded.clone());
        move |_: MouseEvent| {
            let (app, read, digest) = (app.clone(), read.clone(), digest.clone());
            unfolded.set(HashMap::new());
            spawn_local(async move {
                let answer = match app.call(Request::Remote(Ask::Read(digest.clone()))).await {
                    Ok(Reply::Remote(Answer::Documents(documents))) => Ok(documents
                        .into_iter()
                        .map(|ArtifactDocument { media_type, json, raw }| {
                            let value = json.map(|json| serde_json::from_str(&json).unwrap_or_default());
                            (media_type, value, raw)
                        })
                        .collect()),
                    Ok(_) => return,
                    Err(failure) => Err(failure),
                };
                read.set(Some((digest, answer)));
            });
        }
    };
    let fold = Unfolded { words, counts: unfolded.clone() };
    html! {
        <section class="referrers" data-testid="referrers">
            <button type="button" data-testid="list-referrers" onclick={list}>{words.remote.referrers}</button>
            {match &*found {
                Some(Err(failure)) => notice::explain(words, failure),
                Some(Ok((_, Some(failure)))) => html! {
                    <div role="alert" data-testid="referrers-unknown"><p>{words.remote.more_referrers}</p>{notice::explain(words, failure)}</div>
                },
                Some(Ok(_)) if known.is_empty() => html! { <p class="muted" role="status">{words.remote.no_referrers}</p> },
                _ => Html::default(),
            }}
            <ul>
                { for known.iter().map(|(digest, kind)| html! {
                    <li key={digest.to_string()}>
                        <code title={digest.to_string()}>{digest.hex()[..12].to_owned()}</code>{" "}
                        <bdi>{text::visible(kind.as_bytes())}</bdi>{" "}
                        <button type="button" class="link" data-testid="read-referrer" onclick={open(digest.clone())}>{words.remote.read}</button>
                        if let Some((_, answer)) = read.as_ref().filter(|(of, _)| of == digest) {
                            {match answer {
                                Ok(documents) => html! {
                                    <>
                                        <div class="json" data-testid="referrer-document">
                                            { for documents.iter().enumerate().map(|(place, (kind, value, text))| match value {
                                                Some(value) => tree(&fold, &place.to_string(), kind, value, 0),
                                                None if text.is_some() => html! { <p><bdi>{text::visible(kind.as_bytes())}</bdi></p> },
                                                None => html! { <p><bdi>{text::visible(kind.as_bytes())}</bdi>{": "}{words.remote.too_large}</p> },
                                            }) }
                                        </div>
                                        { for documents.iter().enumerate().filter_map(|(place, (kind, value, text))| {
                                            Some(raw(&fold, &format!("raw {place}"), kind, text.as_ref()?, value.is_none()))
                                        }) }
                                    </>
                                },
                                Err(failure) => notice::explain(words, failure),
                            }}
                        }
                    </li>
                }) }
            </ul>
        </section>
    }
}

/// How many members are shown of which part of a document.
struct Unfolded {
    words: &'static Words,
    counts: UseStateHandle<HashMap<String, usize>>,
}

impl Unfolded {
    fn shown(&self, place: &str) -> usize {
        self.counts.get(place).copied().unwrap_or(SHOWN)
    }

    fn more(&self, place: &str) -> Callback<MouseEvent> {
        let (counts, place, shown) = (self.counts.clone(), place.to_owned(), self.shown(place) + SHOWN);
        Callback::from(move |_| {
            let mut more = (*counts).clone();
            more.insert(place.clone(), shown);
            counts.set(more);
        })
    }
}

/// So many characters of a text, and how many follow. A byte that is of no character counts as one.
fn head(text: &[u8], shown: usize) -> (&[u8], usize) {
    let end = text.char_indices().nth(shown).map_or(text.len(), |(end, ..)| end);
    (&text[..end], text[end..].chars().count())
}

/// A document as it is, part by part.
fn raw(unfolded: &Unfolded, place: &str, kind: &str, document: &[u8], is_open: bool) -> Html {
    let (document, left) = head(document, unfolded.shown(place) * CHARACTERS);
    html! {
        <details class="json-raw" data-testid="referrer-raw" open={is_open}>
            <summary>{unfolded.words.remote.raw}{" "}<bdi class="muted">{text::visible(kind.as_bytes())}</bdi></summary>
            <pre class="json" dir="ltr">{text::bdi(BStr::new(document), Breaks::Keep)}</pre>
            if left > 0 {
                <button type="button" class="link" data-testid="raw-more" onclick={unfolded.more(place)}>
                    {(unfolded.words.remote.raw_more)(left as u64)}
                </button>
            }
        </details>
    }
}

/// A value of JSON as a tree that can be opened level by level. Its depth was bounded when it was parsed.
fn tree(unfolded: &Unfolded, place: &str, name: &str, value: &Value, depth: usize) -> Html {
    let name = text::visible(name.as_bytes());
    let shown = unfolded.shown(place);
    let inner = |index: usize, name: &str, value: &Value| {
        tree(unfolded, &format!("{place}/{index}"), name, value, depth + 1)
    };
    let branch = |entries: Vec<Html>, len: usize| {
        html! {
            <details open={depth < 2}>
                <summary><bdi>{name.clone()}</bdi>{" "}<span class="muted">{len}</span></summary>
                <div class="json-members">{ for entries }</div>
                if len > shown {
                    <button type="button" class="link" data-testid="json-more" onclick={unfolded.more(place)}>
                        {(unfolded.words.remote.show_more)((len - shown) as u64)}
                    </button>
                }
            </details>
        }
    };
    match value {
        Value::Object(members) => {
            let entries = members.iter().take(shown).enumerate();
            let entries = entries.map(|(i, (key, value))| inner(i, key, value));
            branch(entries.collect(), members.len())
        }
        Value::Array(items) => {
            let entries = items.iter().take(shown).enumerate();
            let entries = entries.map(|(i, item)| inner(i, &title(i, item), item));
            branch(entries.collect(), items.len())
        }
        Value::String(value) => {
            html! { <p><bdi>{name}</bdi>{": "}<code><bdi>{text::visible(value.as_bytes())}</bdi></code></p> }
        }
        other => html! { <p><bdi>{name}</bdi>{": "}<code>{other.to_string()}</code></p> },
    }
}

/// What an item of a list is called: SPDX and CycloneDX name their packages, in-toto its subjects.
fn title(index: usize, item: &Value) -> String {
    let field = |name: &str| item.get(name).and_then(Value::as_str);
    match (field("name"), field("versionInfo").or_else(|| field("version"))) {
        (Some(name), Some(version)) => format!("{name} {version}"),
        (Some(name), None) => name.to_owned(),
        _ => (index + 1).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{head, title};

    #[test]
    fn what_is_shown_of_bytes_ends_between_characters() {
        assert_eq!(head("a将b".as_bytes(), 2), ("a将".as_bytes(), 1));
        assert_eq!(head(b"a\xff\xfeb", 2), (&b"a\xff"[..], 2), "no text, and all there");
        assert_eq!(head(b"ab", 2), (&b"ab"[..], 0));
    }

    #[test]
    fn items_are_called_by_their_names() {
        assert_eq!(title(0, &json!({"name": "zlib", "versionInfo": "1.3"})), "zlib 1.3");
        assert_eq!(title(0, &json!({"name": "zlib", "version": "1.3"})), "zlib 1.3");
        assert_eq!(title(0, &json!({"name": "image"})), "image");
        assert_eq!(title(2, &json!("x")), "3");
    }
}
