//! The merge: random stacks of layers, sound and unsound, against a merge by hand.

use arbitrary::{Result, Unstructured};
use layerscope::fixture::Tar;

use super::{naive_merge, sessions};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const TARGETS: [&str; 10] = ["a", "b/c", "../a", "/c", "nowhere", "..", "/", "./b", "a/../c/d", "/a/b/c"];

pub fn check(data: &[u8]) {
    // The last bytes missing, the rest is read as zeros.
    let layers = layers(&mut Unstructured::new(data)).unwrap_or_default();
    if !layers.is_empty() {
        naive_merge::check(&sessions::read(&sessions::archive(&layers)), &layers);
    }
}

/// One to six layers of up to a dozen entries.
fn layers(u: &mut Unstructured) -> Result<Vec<Tar>> {
    let mut layers = Vec::new();
    while layers.len() < 6 && !u.is_empty() {
        let mut layer = Tar::new();
        for _ in 0..u.int_in_range(0..=12)? {
            layer = entry(layer, u)?;
        }
        layers.push(layer);
    }
    Ok(layers)
}

fn entry(layer: Tar, u: &mut Unstructured) -> Result<Tar> {
    let path = path(u)?;
    Ok(match u.int_in_range(0..=15)? {
        0..=3 => layer.dir(path, 0o755),
        4..=6 => layer.file(path, vec![b'x'; u.int_in_range(0..=3)?]),
        7 => layer.symlink(path, u.choose(&TARGETS)?),
        8 => layer.hardlink(path, self::path(u)?),
        9 => layer.fifo(path),
        10 => layer.char_device(path, u.int_in_range(0..=1)?, 0),
        11..=13 => layer.whiteout(path),
        14 => layer.opaque(path),
        // What aufs kept for itself, a whiteout without a name, the root, and a whiteout that is a hard link.
        _ => match u.int_in_range(0..=4)? {
            0 => layer.dir(format!("{path}/.wh..wh.plnk"), 0o700),
            1 => layer.file(format!("{path}/.wh."), ""),
            2 => layer.dir(".", 0o755),
            3 => layer.opaque(""),
            _ => layer.whiteout(path).edit(|entry| {
                entry.flag = b'1';
                entry.link = b".wh..wh.plnk/1".to_vec();
            }),
        },
    })
}

/// One to four names; now and then behind `./`, or with a `..` on the way.
fn path(u: &mut Unstructured) -> Result<String> {
    let mut names = vec![*u.choose(&NAMES)?];
    while names.len() < 4 && u.ratio(1, 2)? {
        names.push(*u.choose(&NAMES)?);
    }
    if u.ratio(1, 16)? {
        names.insert(0, if u.arbitrary()? { "." } else { ".." });
    }
    Ok(names.join("/"))
}
