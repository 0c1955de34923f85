//! What refers to an image: signatures, attestations, lists of what is in it (distribution-spec, "Listing Referrers").

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Head, Place, Target, Trouble};
use crate::{
    digest::Digest,
    limits,
    oci::{Descriptor, Document, json},
};

/// One manifest that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referrer {
    /// The digest of the manifest.
    pub digest: Digest,
    /// What it says that it is: its artifact type, or the type of its config or first layer.
    pub artifact_type: String,
    /// Its annotations.
    pub annotations: Vec<(String, String)>,
}

/// Where the referrers of an image are: first the API, then the tags that stand in for it (the referrers tag schema, and
/// what `cosign` used before there was an API).
pub fn referrers_targets(place: &Place, gateway: Option<&str>, manifest: &Digest) -> Vec<Target> {
    let Place::Registry(reference) = place else { return Vec::new() };
    let (url, scope) = super::repository_url(reference, gateway);
    let target = |path: String| Target {
        url: format!("{url}/{path}"),
        scope: scope.clone(),
        accept: Some("application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json"),
        range: None,
    };
    let tag = format!("{}-{}", manifest.algorithm().name(), manifest.hex());
    let tags = ["", ".sig", ".att", ".sbom"].map(|suffix| target(format!("manifests/{tag}{suffix}")));
    [target(format!("referrers/{manifest}"))].into_iter().chain(tags).collect()
}

/// Reads what one of [`referrers_targets`] answered; nothing if there is nothing.
///
/// # Errors
///
/// If what answers is no list.
pub fn referrers(head: &Head, body: &[u8]) -> Result<Vec<Referrer>, Trouble> {
    if matches!(head.status, 404 | 406) {
        return Ok(Vec::new());
    }
    if head.is_web_page() {
        return Err(Trouble::NotARegistry);
    }
    Ok(match Document::parse(body) {
        Ok((Document::Index(index), _)) => {
            let artifact_types = artifact_types(body);
            let entries = index.manifests.iter().take(limits::REFERRERS).enumerate();
            let referrer = |(i, descriptor): (usize, &Descriptor)| {
                let stated: Option<&String> = artifact_types.get(i).and_then(Option::as_ref);
                Some(Referrer {
                    digest: descriptor.digest().ok()?,
                    artifact_type: stated
                        .cloned()
                        .or_else(|| descriptor.media_type.clone())
                        .unwrap_or_default(),
                    annotations: descriptor.annotations.clone(),
                })
            };
            entries.filter_map(referrer).collect()
        }
        // A tag that is one signature, or one attestation.
        Ok((Document::Manifest(manifest), _)) => {
            let kind = manifest.layers.first().and_then(|layer| layer.media_type.clone());
            vec![Referrer {
                digest: Digest::sha256(body),
                artifact_type: kind.unwrap_or_default(),
                annotations: manifest.annotations,
            }]
        }
        Err(_) => return Err(Trouble::Manifest),
    })
}

/// The `artifactType` of each entry of an index.
fn artifact_types(index: &[u8]) -> Vec<Option<String>> {
    let value: Value = serde_json::from_slice(index).unwrap_or_default();
    let entries = value.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
    let kind = |entry: &Value| {
        entry.get("artifactType")?.as_str().filter(|kind| !kind.is_empty()).map(str::to_owned)
    };
    entries.iter().map(kind).collect()
}

/// The manifest of a referrer, and then the blobs that it names.
pub fn artifact_target(place: &Place, gateway: Option<&str>, manifest: &Digest) -> Option<Target> {
    let mut target = referrers_targets(place, gateway, manifest).into_iter().next()?;
    target.url = target.url.replace("/referrers/", "/manifests/");
    Some(target)
}

/// The blobs of a referrer's manifest: the media type and digest of each, and where it is unless it is too large to be read.
///
/// # Errors
///
/// If the manifest is none, or not the one that was asked for.
pub fn artifact_blobs(
    place: &Place,
    gateway: Option<&str>,
    digest: &Digest,
    body: &[u8],
) -> Result<Vec<(String, Digest, Option<Target>)>, Trouble> {
    if digest.same_algorithm(body) != *digest {
        return Err(Trouble::Digest);
    }
    let Ok((Document::Manifest(manifest), _)) = Document::parse(body) else { return Err(Trouble::Manifest) };
    let Place::Registry(reference) = place else { return Err(Trouble::NotFound) };
    let (url, scope) = super::repository_url(reference, gateway);
    let readable = |layer: &Descriptor| {
        let digest = layer.digest().ok()?;
        let target = (layer.size.unwrap_or_default() <= limits::JSON_DOCUMENT).then(|| Target {
            url: format!("{url}/blobs/{digest}"),
            scope: scope.clone(),
            accept: None,
            range: None,
        });
        Some((layer.media_type.clone().unwrap_or_default(), digest, target))
    };
    Ok(manifest.layers.iter().take(limits::REFERRERS).filter_map(readable).collect())
}

/// A document as JSON to be read: what is in an envelope is taken out of it, and lines of JSON become a list.
///
/// # Errors
///
/// If it is not JSON.
pub fn readable(bytes: &[u8]) -> Result<Value, Trouble> {
    let value = match json::parse(bytes) {
        Ok(parsed) => parsed.value,
        Err(_) => {
            let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
            let lines: Result<Vec<_>, _> =
                lines.map(|line| json::parse(line).map(|p| opened(p.value))).collect();
            return lines.map(Value::Array).map_err(|_| Trouble::NotARegistry);
        }
    };
    Ok(opened(value))
}

/// The payload of a DSSE envelope, also of one in a Sigstore bundle; anything else as it is.
fn opened(value: Value) -> Value {
    let envelope = value.get("dsseEnvelope").unwrap_or(&value);
    let payload = envelope.get("payload").and_then(Value::as_str);
    let inner = payload
        .filter(|_| envelope.get("payloadType").is_some())
        .and_then(|payload| STANDARD.decode(payload).ok())
        .and_then(|bytes| json::parse(&bytes).ok());
    inner.map_or(value, |parsed| parsed.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16) -> Head {
        Head { status, ..Head::default() }
    }

    #[test]
    fn referrers_are_asked_for_by_api_and_by_tag() {
        let place = Place::parse("r.example/a").unwrap();
        let digest = Digest::sha256(b"x");
        let urls: Vec<_> = referrers_targets(&place, None, &digest).into_iter().map(|t| t.url).collect();
        assert_eq!(urls[0], format!("https://r.example/v2/a/referrers/{digest}"));
        assert_eq!(urls[1], format!("https://r.example/v2/a/manifests/sha256-{}", digest.hex()));
        assert!(urls[2].ends_with(".sig"));
        assert!(
            artifact_target(&place, None, &digest).unwrap().url.ends_with(&format!("/a/manifests/{digest}"))
        );
        assert!(referrers_targets(&Place::parse("https://x/i/").unwrap(), None, &digest).is_empty());
    }

    #[test]
    fn an_index_of_referrers_and_a_single_signature_are_read() {
        let digest = Digest::sha256(b"x");
        let index = format!(
            r#"{{"manifests":[{{"mediaType":"m","artifactType":"application/spdx+json","digest":"{digest}","annotations":{{"a":"b"}}}},
            {{"mediaType":"m","digest":"{digest}"}},{{"digest":"no"}}]}}"#
        );
        let found = referrers(&head(200), index.as_bytes()).unwrap();
        assert_eq!(
            found.iter().map(|r| r.artifact_type.as_str()).collect::<Vec<_>>(),
            ["application/spdx+json", "m"]
        );
        assert_eq!(found[0].annotations, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(referrers(&head(404), index.as_bytes()), Ok(Vec::new()));
        assert_eq!(referrers(&head(200), b"what"), Err(Trouble::Manifest), "not the same as nothing");
        let page = vec![("content-type".to_owned(), "text/html".to_owned())];
        let page = Head { headers: page, ..head(200) };
        assert_eq!(referrers(&page, b"<html>"), Err(Trouble::NotARegistry));
        let signature = format!(
            r#"{{"layers":[{{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","digest":"{digest}","size":3}}]}}"#
        );
        let found = referrers(&head(200), signature.as_bytes()).unwrap();
        assert_eq!(found[0].digest, Digest::sha256(signature.as_bytes()));
        assert!(found[0].artifact_type.contains("cosign"));
        let place = Place::parse("r.example/a").unwrap();
        let blobs = artifact_blobs(&place, None, &found[0].digest, signature.as_bytes()).unwrap();
        assert_eq!((blobs.len(), &blobs[0].1), (1, &digest));
        assert!(blobs[0].2.is_some());
        let large = signature.replace(":3}", ":33000000}");
        let blobs =
            artifact_blobs(&place, None, &Digest::sha256(large.as_bytes()), large.as_bytes()).unwrap();
        assert_eq!((blobs.len(), &blobs[0].2), (1, &None), "too large to be read, and not left out");
        assert_eq!(artifact_blobs(&place, None, &digest, signature.as_bytes()), Err(Trouble::Digest));
    }

    #[test]
    fn what_is_in_an_envelope_is_read() {
        let statement =
            r#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://spdx.dev/Document"}"#;
        let envelope = format!(
            r#"{{"payloadType":"application/vnd.in-toto+json","payload":"{}","signatures":[]}}"#,
            STANDARD.encode(statement)
        );
        let plain: Value = serde_json::from_str(statement).unwrap();
        assert_eq!(readable(statement.as_bytes()), Ok(plain.clone()));
        assert_eq!(readable(envelope.as_bytes()), Ok(plain.clone()));
        assert_eq!(readable(format!(r#"{{"dsseEnvelope":{envelope}}}"#).as_bytes()), Ok(plain.clone()));
        assert_eq!(
            readable(format!("{envelope}\n{statement}\n").as_bytes()),
            Ok(Value::Array(vec![plain.clone(), plain]))
        );
        assert!(readable(b"<html>").is_err());
        let odd = r#"{"payloadType":"x","payload":"!"}"#;
        assert_eq!(readable(odd.as_bytes()).unwrap()["payload"], "!");
    }
}
