//! The documents of an artifact: of a signature, an attestation, a list of what is in an image.

use super::{ArtifactDocument, Head, Place, Target, Trouble, readable, resolution::Base};
use crate::{
    digest::Digest,
    limits,
    oci::{Document, Manifest},
};

/// The reading of an artifact: its manifest first, then the blobs that this names.
#[derive(Debug)]
pub struct ArtifactReading {
    base: Base,
    manifest: Digest,
    /// What is to be read after the manifest, the last first; `None` before that is read.
    left: Option<Vec<Blob>>,
    /// How many bytes of blobs may be kept yet.
    room: u64,
    read: Vec<ArtifactDocument>,
}

/// A blob of the artifact.
#[derive(Debug)]
struct Blob {
    media_type: String,
    digest: Digest,
    /// How long it is, as the manifest has it.
    size: u64,
}

impl ArtifactReading {
    /// Begins with the manifest of an artifact; `None` if the place has none: it is an archive.
    pub fn new(place: &Place, gateway: Option<&str>, manifest: Digest) -> Option<Self> {
        let base = Base::of(place, gateway)?;
        Some(Self { base, manifest, left: None, room: limits::ARTIFACT, read: Vec::new() })
    }

    /// What is to be fetched next, if anything, and how many bytes of it at most; tell [`ArtifactReading::supply`], or
    /// [`ArtifactReading::pass_over`] if there are more.
    pub fn next(&self) -> Option<(Target, u64)> {
        let Some(left) = &self.left else {
            return Some((self.base.child(&self.manifest, None), limits::JSON_DOCUMENT));
        };
        Some((self.base.blob(&left.last()?.digest), self.limit()))
    }

    /// Takes what was fetched.
    ///
    /// # Errors
    ///
    /// If it is not there, something else came, or it is no manifest of an artifact.
    pub fn supply(&mut self, head: &Head, body: Vec<u8>) -> Result<(), Trouble> {
        // What comes in place of a document says nothing about its bytes.
        if matches!(head.status, 404 | 406) {
            return Err(Trouble::NotFound);
        }
        // Whatever it is called: what has the digest is what was asked for.
        let other = if head.is_web_page() { Trouble::NotARegistry } else { Trouble::Digest };
        let Some(left) = &mut self.left else {
            if self.manifest.same_algorithm(&body) != self.manifest {
                return Err(other);
            }
            let Ok((Document::Manifest(manifest), _)) = Document::parse(&body) else {
                return Err(Trouble::Manifest);
            };
            self.left = Some(blobs(*manifest));
            self.pass_over_large();
            return Ok(());
        };
        let Some(Blob { media_type, digest, .. }) = left.pop() else { return Ok(()) };
        if digest.same_algorithm(&body) != digest {
            return Err(other);
        }
        let json = readable(&body).ok().map(|value| value.to_string());
        self.room = self.room.saturating_sub(body.len() as u64);
        self.read.push(ArtifactDocument { media_type, json, raw: Some(body) });
        self.pass_over_large();
        Ok(())
    }

    /// Names the blob that is next as too large to be read. `false` if that is none, but the manifest.
    pub fn pass_over(&mut self) -> bool {
        let Some(Blob { media_type, .. }) = self.left.as_mut().and_then(Vec::pop) else { return false };
        self.read.push(ArtifactDocument { media_type, json: None, raw: None });
        self.pass_over_large();
        true
    }

    /// Names blobs as too large that say themselves that they are, up to the first that does not.
    fn pass_over_large(&mut self) {
        let limit = self.limit();
        let Some(left) = &mut self.left else { return };
        while let Some(Blob { media_type, .. }) = left.pop_if(|blob| blob.size > limit) {
            self.read.push(ArtifactDocument { media_type, json: None, raw: None });
        }
    }

    /// How many bytes of a blob are read.
    fn limit(&self) -> u64 {
        limits::JSON_DOCUMENT.min(self.room)
    }

    /// The documents, in the manifest's order.
    pub fn finish(self) -> Vec<ArtifactDocument> {
        self.read
    }
}

/// The blobs that a manifest names, the last first.
fn blobs(manifest: Manifest) -> Vec<Blob> {
    let blobs = manifest.layers.into_iter().take(limits::REFERRERS).filter_map(|layer| {
        let (digest, size) = (layer.digest().ok()?, layer.size.unwrap_or_default());
        Some(Blob { media_type: layer.media_type.unwrap_or_default(), digest, size })
    });
    let mut blobs: Vec<_> = blobs.collect();
    blobs.reverse();
    blobs
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// A manifest of blobs, with the sizes that it states.
    fn manifest(blobs: &[(&[u8], u64)]) -> String {
        let layers = blobs.iter().map(|(bytes, size)| {
            let digest = Digest::sha256(bytes);
            format!(r#"{{"mediaType":"text/x","digest":"{digest}","size":{size}}}"#)
        });
        format!(r#"{{"layers":[{}]}}"#, layers.collect::<Vec<_>>().join(","))
    }

    /// The reading of an artifact.
    fn unread(manifest: &str) -> ArtifactReading {
        let place = Place::parse("r.example/a").unwrap();
        ArtifactReading::new(&place, None, Digest::sha256(manifest.as_bytes())).unwrap()
    }

    /// The same, its manifest read.
    fn reading(manifest: &str) -> ArtifactReading {
        let mut reading = unread(manifest);
        let (target, _) = reading.next().unwrap();
        let digest = Digest::sha256(manifest.as_bytes());
        assert_eq!(target.url, format!("https://r.example/v2/a/manifests/{digest}"));
        reading.supply(&head(200, "application/json"), manifest.as_bytes().to_vec()).unwrap();
        reading
    }

    fn head(status: u16, kind: &str) -> Head {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Head { status, headers, ..Head::default() }
    }

    #[test]
    fn an_artifact_is_its_manifest_and_then_its_blobs() {
        let mut reading = reading(&manifest(&[(b"{\"a\":1}", 7), (b"large", 33_000_000), (b"plain", 5)]));
        let json = head(200, "application/octet-stream");
        for body in [b"{\"a\":1}".to_vec(), b"plain".to_vec()] {
            let (target, _) = reading.next().unwrap();
            assert_eq!(target.url, format!("https://r.example/v2/a/blobs/{}", Digest::sha256(&body)));
            reading.supply(&json, body).unwrap();
        }
        assert_eq!(reading.next(), None);
        let read: Vec<_> = reading.finish().into_iter().map(|read| (read.json, read.raw.is_some())).collect();
        assert_eq!(
            read,
            [(Some("{\"a\":1}".to_owned()), true), (None, false), (None, true)],
            "none is left out"
        );

        let place = Place::parse("https://x/i.tar").unwrap();
        assert!(ArtifactReading::new(&place, None, Digest::sha256(b"")).is_none());
        let place = Place::parse("https://x/i/").unwrap();
        let (target, _) = ArtifactReading::new(&place, None, Digest::sha256(b"x")).unwrap().next().unwrap();
        assert!(target.url.ends_with(Digest::sha256(b"x").hex()), "{}", target.url);
    }

    #[test]
    fn what_is_missing_is_not_called_forged() {
        let manifest = manifest(&[(b"x", 1)]);
        for (status, kind, trouble) in [
            (404, "application/json", Trouble::NotFound),
            (406, "text/plain", Trouble::NotFound),
            (404, "text/html", Trouble::NotFound),
            (200, "text/html; charset=utf-8", Trouble::NotARegistry),
            (200, "application/json", Trouble::Digest),
        ] {
            let answer = (head(status, kind), br#"{"errors":[{"code":"BLOB_UNKNOWN"}]}"#.to_vec());
            for mut reading in [unread(&manifest), reading(&manifest)] {
                assert_eq!(reading.supply(&answer.0, answer.1.clone()), Err(trouble), "{status} {kind}");
            }
        }
        // A blob may be a web page by itself.
        assert_eq!(reading(&manifest).supply(&head(200, "text/html"), b"x".to_vec()), Ok(()));
        let mut none = unread("nonsense");
        assert_eq!(none.supply(&head(200, "text/x"), b"nonsense".to_vec()), Err(Trouble::Manifest));
    }

    /// However many blobs a manifest names, and however short it says that they are.
    #[test]
    fn no_more_is_kept_of_an_artifact_than_fits() {
        let blob = vec![b' '; 3 << 20];
        let manifest = manifest(&[(&blob[..], 0); 5]);
        let mut reading = reading(&manifest);
        let mut limits = Vec::new();
        while let Some((_, limit)) = reading.next() {
            limits.push(limit);
            if blob.len() as u64 <= limit {
                reading.supply(&head(200, "text/x"), blob.clone()).unwrap();
            } else {
                assert!(reading.pass_over());
            }
        }
        assert_eq!(limits, [4 << 20, 4 << 20, 2 << 20, 2 << 20, 2 << 20]);
        let read: Vec<_> = reading.finish().into_iter().map(|read| read.raw.is_some()).collect();
        assert_eq!(read, [true, true, false, false, false]);
    }

    #[test]
    fn what_is_longer_than_stated_is_passed_over() {
        let mut reading = reading(&manifest(&[(b"x", 1), (b"y", 1)]));
        assert!(reading.pass_over());
        reading.supply(&head(200, "text/x"), b"y".to_vec()).unwrap();
        let read: Vec<_> = reading.finish().into_iter().map(|read| read.raw.is_some()).collect();
        assert_eq!(read, [false, true]);
        assert!(!unread("{}").pass_over(), "a manifest is needed");
    }
}
