//! Digests, names of images and paths: what is read and written again is the same.

use layerscope::{
    digest::{Algorithm, Digest},
    image::names,
    path::{self, Meaning},
};

pub fn check(data: &[u8]) {
    path(data);
    if let Ok(text) = std::str::from_utf8(data) {
        digest(text);
        name(text);
        tidy(text.lines().map(str::to_owned).collect());
    }
}

fn digest(text: &str) {
    let is_hex =
        |text: &str, len| text.len() == len && text.bytes().all(|b| b"0123456789abcdef".contains(&b));
    let expected = match text.split_once(':') {
        Some(("sha256", hex)) if is_hex(hex, 64) => Some((Algorithm::Sha256, hex)),
        Some(("sha512", hex)) if is_hex(hex, 128) => Some((Algorithm::Sha512, hex)),
        _ => None,
    };
    let parsed = text.parse::<Digest>();
    assert_eq!(parsed.as_ref().ok().map(|digest| (digest.algorithm(), digest.hex())), expected);
    assert_eq!(Digest::from_sha256_hex(text).is_ok(), is_hex(text, 64));
    if let Ok(digest) = parsed {
        assert_eq!(digest.to_string(), text);
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    }
}

fn name(text: &str) {
    let full = names::canonical(text);
    assert!(full.contains(text));
    assert_eq!(names::canonical(&full), full, "what is complete stays as it is");
    let last = full.rsplit('/').next().unwrap();
    assert!(full.contains('/') && last.contains([':', '@']), "{full:?} has a host, and a tag or a digest");
}

fn tidy(all: Vec<String>) {
    let mut tidied = all.clone();
    names::tidy(&mut tidied);
    let mut again = tidied.clone();
    names::tidy(&mut again);
    assert_eq!(again, tidied, "what is tidy stays as it is");
    for (i, name) in tidied.iter().enumerate() {
        assert!(!name.is_empty() && all.contains(name) && !tidied[..i].contains(name));
    }
    // Only a bare tag that a fuller name ends in may go.
    let is_told = |name: &String| {
        let ends_in_it = |other: &String| other.rsplit_once(':').is_some_and(|(_, tag)| tag == name);
        name.is_empty()
            || tidied.contains(name)
            || !name.contains(['/', ':']) && tidied.iter().any(ends_in_it)
    };
    assert!(all.iter().all(is_told), "{all:?} became {tidied:?}");
}

fn path(raw: &[u8]) {
    let Ok(normalised) = path::normalise(raw) else {
        assert!(raw.len() > 2 * layerscope::limits::PATH_DEPTH);
        return;
    };
    // By hand: every name that is not undone by a later `..`.
    let mut names: Vec<&[u8]> = Vec::new();
    for part in raw.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    assert_eq!(normalised.names, names);
    let joined = names.join(&b'/');
    if !joined.is_empty() {
        let again = path::normalise(&joined).expect("no longer than before");
        assert_eq!(again.names, names);
        assert!(!again.unusual, "what is normal is not unusual");
    }
    for name in names {
        let restored = match path::meaning(name) {
            Meaning::Whiteout(target) => [path::WHITEOUT_PREFIX, target].concat(),
            Meaning::Bare => path::WHITEOUT_PREFIX.to_vec(),
            Meaning::Opaque => path::OPAQUE_MARK.to_vec(),
            Meaning::Plain | Meaning::Reserved => name.to_vec(),
        };
        assert_eq!(restored, name);
        assert_eq!(path::meaning(name) == Meaning::Plain, !name.starts_with(path::WHITEOUT_PREFIX));
    }
}
