//! What refers to an image: signatures, attestations, lists of what is in it (distribution-spec, "Listing Referrers").

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Head, Place, Target, Trouble,
    link::{next_link, next_target},
    resolution::{Base, OCI},
};
use crate::{
    digest::Digest,
    limits,
    oci::{Document, Manifest, json},
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

/// What the tag of a manifest that refers to an image may end in: nothing (the referrers tag schema), or what `cosign` wrote
/// before there was an API.
const SUFFIXES: [&str; 4] = ["", ".sig", ".att", ".sbom"];

/// The tag that stands for what refers to a manifest (distribution-spec, "Referrers Tag Schema").
fn stand_in(manifest: &Digest) -> String {
    format!("{}-{}", manifest.algorithm().name(), manifest.hex())
}

/// Whether a tag stands for what refers to an image, whichever that is.
pub(super) fn is_stand_in(tag: &str) -> bool {
    let is_digest = |tag: &str| tag.replacen('-', ":", 1).parse::<Digest>().is_ok();
    SUFFIXES.iter().any(|suffix| tag.strip_suffix(suffix).is_some_and(is_digest))
}

/// The search for what refers to an image: in a registry by its API and by the tags that stand in for it, in a layout by
/// what its index names.
#[derive(Debug)]
pub struct ReferrerSearch {
    base: Base,
    manifest: Digest,
    /// What is to be read, the last first.
    left: Vec<Source>,
    /// How much has been read.
    asked: usize,
    found: Vec<Referrer>,
    unknown: Option<(Trouble, String)>,
}

/// Something that may name what refers to an image.
#[derive(Debug)]
enum Source {
    /// A list of it, or a manifest that is one itself; its digest where that is known.
    List(Target, Option<Digest>),
    /// The index of a layout.
    Layout(Target),
    /// A manifest of a layout, which may have the image as its subject.
    Candidate(Target, Digest),
}

impl ReferrerSearch {
    /// Begins at the manifest of an image; `None` if that is in an archive.
    pub fn new(place: &Place, gateway: Option<&str>, manifest: Digest) -> Option<Self> {
        let base = Base::of(place, gateway)?;
        let left = match &base {
            Base::Registry { url, .. } => {
                let tag = stand_in(&manifest);
                let tags = SUFFIXES.map(|suffix| base.manifest(&format!("{tag}{suffix}"), OCI));
                let list = Target { url: format!("{url}/referrers/{manifest}"), ..tags[0].clone() };
                tags.into_iter().rev().chain([list]).map(|target| Source::List(target, None)).collect()
            }
            Base::Layout(_) => vec![Source::Layout(base.manifest("", OCI))],
        };
        Some(Self { base, manifest, left, asked: 0, found: Vec::new(), unknown: None })
    }

    /// What is to be fetched next, if anything; tell [`ReferrerSearch::supply`] or [`ReferrerSearch::fail`].
    pub fn next(&self) -> Option<Target> {
        let (Source::List(target, _) | Source::Layout(target) | Source::Candidate(target, _)) =
            self.left.last()?;
        Some(target.clone())
    }

    /// Takes what was fetched.
    pub fn supply(&mut self, head: &Head, body: &[u8]) {
        let Some(source) = self.left.pop() else { return };
        self.asked += 1;
        // Registries differ in which of these they have.
        if matches!(head.status, 404 | 406) {
            return;
        }
        let read = match source {
            _ if head.is_web_page() => Err(Trouble::NotARegistry),
            Source::List(_, Some(digest)) if digest.same_algorithm(body) != digest => Err(Trouble::Digest),
            Source::List(target, digest) => self.list(&target, digest, head, body),
            Source::Layout(_) => self.layout(body),
            Source::Candidate(_, digest) => self.candidate(&digest, body),
        };
        if let Err(trouble) = read {
            self.unknown.get_or_insert((trouble, head.url.clone()));
        }
    }

    /// What was to be fetched last could not be: whether there is more is not known.
    pub fn fail(&mut self, trouble: Trouble, detail: String) {
        self.left.pop();
        self.unknown.get_or_insert((trouble, detail));
    }

    /// What refers to the image, each once, and why more of it may be unknown.
    pub fn finish(self) -> (Vec<Referrer>, Option<(Trouble, String)>) {
        (self.found, self.unknown)
    }

    fn add(&mut self, referrer: Referrer) {
        let is_new = self.found.iter().all(|found| found.digest != referrer.digest);
        if is_new && self.found.len() < limits::REFERRERS {
            self.found.push(referrer);
        }
    }

    /// Has something read, unless that is more than is read for one image.
    fn read(&mut self, source: Source) {
        if self.asked + self.left.len() < limits::REFERRERS {
            self.left.push(source);
        } else {
            let detail = format!("more than {} documents tell of what refers to it", limits::REFERRERS);
            self.unknown.get_or_insert((Trouble::TooLarge, detail));
        }
    }

    fn list(
        &mut self,
        target: &Target,
        digest: Option<Digest>,
        head: &Head,
        body: &[u8],
    ) -> Result<(), Trouble> {
        match Document::parse(body).map_err(|_| Trouble::Manifest)?.0 {
            Document::Index(index) => {
                for descriptor in index.manifests.into_iter().take(limits::REFERRERS) {
                    let Ok(digest) = descriptor.digest() else { continue };
                    let kind = descriptor.artifact_type.filter(|kind| !kind.is_empty());
                    let artifact_type = kind.or(descriptor.media_type).unwrap_or_default();
                    self.add(Referrer { digest, artifact_type, annotations: descriptor.annotations });
                }
            }
            // A tag that is one signature, or one attestation.
            Document::Manifest(manifest) => {
                self.add(referrer(digest.unwrap_or_else(|| Digest::sha256(body)), *manifest));
            }
        }
        if let Some(next) = next_link(head) {
            let next = next_target(target, &next)?;
            self.read(Source::List(next, None));
        }
        Ok(())
    }

    fn layout(&mut self, body: &[u8]) -> Result<(), Trouble> {
        let Document::Index(index) = Document::parse(body).map_err(|_| Trouble::Manifest)?.0 else {
            return Err(Trouble::Manifest);
        };
        let stand_in = stand_in(&self.manifest);
        for descriptor in index.manifests.into_iter().take(limits::MANIFESTS) {
            let Ok(digest) = descriptor.digest() else { continue };
            let tag = descriptor.annotation("org.opencontainers.image.ref.name").unwrap_or_default();
            let is_index = descriptor.media_type.as_deref().is_some_and(|kind| kind.contains(".index."));
            let target = self.base.blob(&digest);
            if tag.strip_prefix(&stand_in).is_some_and(|suffix| SUFFIXES.contains(&suffix)) {
                self.read(Source::List(target, Some(digest)));
            } else if !is_index && descriptor.platform.is_none() && digest != self.manifest {
                self.read(Source::Candidate(target, digest));
            }
        }
        Ok(())
    }

    fn candidate(&mut self, digest: &Digest, body: &[u8]) -> Result<(), Trouble> {
        if digest.same_algorithm(body) != *digest {
            return Err(Trouble::Digest);
        }
        let Document::Manifest(manifest) = Document::parse(body).map_err(|_| Trouble::Manifest)?.0 else {
            return Ok(());
        };
        let subject = manifest.subject.as_ref().and_then(|subject| subject.digest().ok());
        if subject.as_ref() == Some(&self.manifest) {
            self.add(referrer(digest.clone(), *manifest));
        }
        Ok(())
    }
}

/// A manifest that refers to an image: its kind is what it says, or what its first layer is, or its config.
fn referrer(digest: Digest, manifest: Manifest) -> Referrer {
    let kinds = manifest.layers.iter().chain(&manifest.config).map(|blob| blob.media_type.clone());
    let kind = [manifest.artifact_type].into_iter().chain(kinds).flatten().find(|kind| !kind.is_empty());
    Referrer { digest, artifact_type: kind.unwrap_or_default(), annotations: manifest.annotations }
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

    /// Answers by the ends of URLs; what is not there is not found. Says what was asked for.
    fn search(
        place: &str,
        manifest: &Digest,
        answers: &[(&str, Option<&str>, &str)],
    ) -> (Vec<Referrer>, Option<Trouble>, Vec<String>) {
        let mut search = ReferrerSearch::new(&Place::parse(place).unwrap(), None, manifest.clone()).unwrap();
        let mut asked = Vec::new();
        while let Some(target) = search.next() {
            assert!(asked.len() < 100, "{asked:?}");
            asked.push(target.url.clone());
            let head = Head { status: 404, url: target.url.clone(), ..Head::default() };
            match answers.iter().find(|(end, ..)| target.url.ends_with(end)) {
                Some((_, link, body)) => {
                    let headers = link.iter().map(|link| ("link".to_owned(), (*link).to_owned())).collect();
                    search.supply(&Head { status: 200, headers, ..head }, body.as_bytes());
                }
                None => search.supply(&head, b"{}"),
            }
        }
        let (found, unknown) = search.finish();
        (found, unknown.map(|(trouble, _)| trouble), asked)
    }

    fn kinds(found: &[Referrer]) -> Vec<&str> {
        found.iter().map(|referrer| referrer.artifact_type.as_str()).collect()
    }

    fn entry(digest: &Digest, more: &str) -> String {
        format!(r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}"{more}}}"#)
    }

    #[test]
    fn referrers_are_asked_for_by_api_and_by_tag() {
        let digest = Digest::sha256(b"x");
        let (found, unknown, urls) = search("r.example/a", &digest, &[]);
        assert_eq!((found, unknown), (Vec::new(), None));
        assert_eq!(urls[0], format!("https://r.example/v2/a/referrers/{digest}"));
        assert_eq!(urls[1], format!("https://r.example/v2/a/manifests/sha256-{}", digest.hex()));
        assert!(urls[2].ends_with(".sig") && urls.len() == 5);
        assert!(is_stand_in(&format!("sha256-{}.att", digest.hex())) && !is_stand_in("sha256-1"));
        let archive = Place::parse("https://x/i.tar").unwrap();
        assert!(ReferrerSearch::new(&archive, None, digest).is_none());
    }

    #[test]
    fn lists_of_referrers_lead_on() {
        let digest = Digest::sha256(b"x");
        let [one, two] = [b"1", b"2"].map(|bytes| Digest::sha256(bytes));
        let first = format!(
            r#"{{"manifests":[{},{{"digest":"no"}}]}}"#,
            entry(&one, r#","artifactType":"application/spdx+json","annotations":{"a":"b"}"#)
        );
        let second = format!(r#"{{"manifests":[{},{}]}}"#, entry(&one, ""), entry(&two, ""));
        let list = format!("referrers/{digest}");
        let link = format!(r#"</v2/a/{list}?page=2>; rel="next""#);
        let pages =
            [(list.as_str(), Some(link.as_str()), first.as_str()), ("?page=2", None, second.as_str())];
        let (found, unknown, urls) = search("r.example/a", &digest, &pages);
        assert_eq!(kinds(&found), ["application/spdx+json", "application/vnd.oci.image.manifest.v1+json"]);
        assert_eq!(found[0].annotations, [("a".to_owned(), "b".to_owned())]);
        assert_eq!((unknown, urls.len()), (None, 6), "the next page comes before the tags");
        assert!(urls[1].ends_with("?page=2"), "{urls:?}");
        // To itself, without end; to another host.
        let around =
            [(list.as_str(), Some(link.as_str()), first.as_str()), ("?page=2", Some(&link), &second)];
        let (found, unknown, urls) = search("r.example/a", &digest, &around);
        assert_eq!((found.len(), unknown), (2, Some(Trouble::TooLarge)));
        assert!(urls.len() <= limits::REFERRERS);
        let away = [(list.as_str(), Some(r#"<https://other.example/>; rel="next""#), first.as_str())];
        let (found, unknown, _) = search("r.example/a", &digest, &away);
        assert_eq!((found.len(), unknown), (1, Some(Trouble::NotARegistry)));
        let (_, unknown, _) = search("r.example/a", &digest, &[(&list, None, "what")]);
        assert_eq!(unknown, Some(Trouble::Manifest), "not the same as nothing");
    }

    #[test]
    fn in_a_layout_the_index_leads_to_what_refers_to_an_image() {
        let digest = Digest::sha256(b"x");
        let about = |subject: &Digest, more: &str| {
            format!(
                r#"{{"subject":{}{more},"layers":[{{"mediaType":"application/spdx+json"}}]}}"#,
                entry(subject, "")
            )
        };
        let bill = about(&digest, r#","artifactType":"example/bill""#);
        let other = about(&Digest::sha256(b"y"), "");
        let old = r#"{"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json"}]}"#;
        let [bill_digest, other_digest, old_digest] =
            [&bill, &other, &old.to_owned()].map(|text| Digest::sha256(text.as_bytes()));
        let tagged = format!(
            r#","annotations":{{"org.opencontainers.image.ref.name":"sha256-{}.sig"}}"#,
            digest.hex()
        );
        let index = format!(
            r#"{{"manifests":[{},{},{},{},{}]}}"#,
            entry(&digest, ""),
            entry(&Digest::sha256(b"z"), r#","platform":{"os":"linux","architecture":"arm64"}"#),
            entry(&bill_digest, ""),
            entry(&other_digest, ""),
            entry(&old_digest, &tagged)
        );
        let paths =
            [&bill_digest, &other_digest, &old_digest].map(|digest| format!("blobs/sha256/{}", digest.hex()));
        let answers = [
            ("https://x/i/index.json", None, index.as_str()),
            (&paths[0], None, &bill),
            (&paths[1], None, &other),
            (&paths[2], None, old),
        ];
        let (found, unknown, urls) = search("https://x/i/", &digest, &answers);
        assert_eq!(kinds(&found), ["application/vnd.dev.cosign.simplesigning.v1+json", "example/bill"]);
        assert_eq!((unknown, urls.len()), (None, 4), "{urls:?}");
        // Another manifest than the one that was named.
        let wrong = [answers[0], (paths[0].as_str(), None, other.as_str())];
        assert_eq!(search("https://x/i/", &digest, &wrong).1, Some(Trouble::Digest));
        let wrong = [answers[0], answers[1], answers[2], (paths[2].as_str(), None, other.as_str())];
        let (found, unknown, _) = search("https://x/i/", &digest, &wrong);
        assert_eq!(
            (kinds(&found), unknown),
            (vec!["example/bill"], Some(Trouble::Digest)),
            "of a tag as well"
        );
    }

    /// The digest is the index's, whichever algorithm that is of: it is what the artifact is read by.
    #[test]
    fn what_a_tag_of_a_layout_leads_to_has_the_digest_of_the_index() {
        let digest = Digest::sha256(b"x");
        let bill = r#"{"artifactType":"example/bill","layers":[]}"#;
        let named: Digest = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
        let named = named.same_algorithm(bill.as_bytes());
        let tag = format!(
            r#","annotations":{{"org.opencontainers.image.ref.name":"sha256-{}.sbom"}}"#,
            digest.hex()
        );
        let index = format!(r#"{{"manifests":[{}]}}"#, entry(&named, &tag));
        let path = format!("blobs/sha512/{}", named.hex());
        let answers = [("index.json", None, index.as_str()), (path.as_str(), None, bill)];
        let (found, unknown, _) = search("https://x/i/", &digest, &answers);
        assert_eq!((found.len(), &found[0].digest, unknown), (1, &named, None));
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
