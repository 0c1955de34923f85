//! What one shelf knows of the files that several keep in one place, and what follows of it: what it has to write, and what it may
//! remove.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{Files, KeptShelf};
use crate::digest::Digest;

/// The files that a shelf has read or written. What it could not read is none of them: that is another's.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    files: BTreeMap<String, Known>,
    /// What layers are called says what is in them.
    layers: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Known {
    /// What was in the file.
    file: Digest,
    /// What the shelf was then, as a file: a container that was open is none any more when it comes back.
    shelf: Digest,
}

/// What a shelf has to write.
#[derive(Debug, Clone, Default)]
pub struct ToWrite {
    /// The files, each behind those that it needs.
    pub files: Vec<(String, Rc<[u8]>)>,
    /// What another has removed and nothing needs: it is not written again before it changes.
    pub gone: BTreeSet<String>,
}

impl Ledger {
    /// A file was read and understood, or written.
    pub fn note(&mut self, name: &str, bytes: &[u8]) {
        if KeptShelf::is_file(name) {
            let digest = Digest::sha256(bytes);
            self.files.insert(name.to_owned(), Known { file: digest.clone(), shelf: digest });
        } else {
            self.layers.insert(name.to_owned());
        }
    }

    /// What waited as this has come back, and is now that: if it was written as it waited, it need not be written before it
    /// changes.
    pub fn settle(&mut self, waited: &Files, now: &Files) {
        for (name, bytes) in now {
            if let Some(before) = waited.get(name)
                && let Some(known) = self.files.get_mut(name)
                && known.shelf == Digest::sha256(before)
            {
                known.shelf = Digest::sha256(bytes);
            }
        }
    }

    /// A file was removed, or is another's from now on.
    pub fn forget(&mut self, name: &str) {
        self.files.remove(name);
        self.layers.remove(name);
    }

    /// Of what the shelf is now, layers included: what has to be written, as it differs from what is known, or is not there and
    /// is needed. Until it is noted as written, nothing is known of it: an attempt that fails leaves no file.
    pub fn to_write(&mut self, now: &Files, there: &BTreeSet<String>) -> ToWrite {
        let is_known = |name: &str, bytes: &[u8]| {
            self.files.get(name).is_some_and(|known| known.shelf == Digest::sha256(bytes))
        };
        let is_complete = now.keys().all(|name| there.contains(name));
        let (mut layers, mut images, mut containers) = (Vec::new(), Vec::new(), Vec::new());
        let (mut stays, mut missing) = (KeptShelf::default(), Vec::new());
        let mut gone = BTreeSet::new();
        for (name, bytes) in now.iter().filter(|(name, _)| KeptShelf::is_file(name)) {
            let is_new = !is_known(name, bytes);
            if is_complete && !is_new {
                continue;
            }
            let one = read(name, bytes);
            let is_container = KeptShelf::is_container(name);
            if !is_new && !there.contains(name) {
                // Another has removed it.
                if is_container {
                    gone.insert(name.clone());
                } else {
                    missing.push((name.clone(), one));
                }
                continue;
            }
            stays.extend(one.clone());
            match (is_new, is_container) {
                (false, _) => {}
                (true, true) => containers.push(name.clone()),
                (true, false) => images.push((name.clone(), one)),
            }
        }
        while let Some(place) = missing.iter().position(|(name, _)| stays.needs(name)) {
            let (name, one) = missing.swap_remove(place);
            stays.extend(one.clone());
            images.push((name, one));
        }
        gone.extend(missing.into_iter().map(|(name, _)| name));
        for name in now.keys().filter(|name| !KeptShelf::is_file(name) && !there.contains(*name)) {
            if stays.needs(name) {
                layers.push(name.clone());
            }
        }
        let images = children_first(images).into_iter().rev();
        let names = layers.into_iter().chain(images).chain(containers);
        let files = names.filter_map(|name| now.get(&name).map(|bytes| (name, Rc::clone(bytes))));
        let files: Vec<_> = files.collect();
        files.iter().for_each(|(name, _)| self.forget(name));
        ToWrite { files, gone }
    }

    /// Whether something is known that the shelf does not have any more.
    pub fn has_more(&self, now: &Files) -> bool {
        self.files.keys().chain(&self.layers).any(|name| !now.contains_key(name))
    }

    /// What of that is to be removed, each before what it needs: what is still as the shelf knows it, and nothing needs that
    /// another has written. `others` are the files that are there and are not the shelf's, but for layers; of these, `kept` stay.
    /// What others have changed or removed is theirs from now on.
    pub fn to_remove<V>(&mut self, now: &Files, others: &Files, kept: &BTreeMap<String, V>) -> Vec<String> {
        let is_own = |known: &Known, name: &String| {
            others.get(name).is_some_and(|bytes| known.file == Digest::sha256(bytes))
        };
        self.files
            .retain(|name, known| now.contains_key(name) || kept.contains_key(name) || is_own(known, name));
        let (mut needing, mut own) = (KeptShelf::default(), Vec::new());
        // What cannot be read may need anything.
        let mut is_sure = true;
        for (name, bytes) in others {
            let mut one = KeptShelf::default();
            if one.add_file(name, bytes).is_err() {
                is_sure = false;
            } else if self.files.contains_key(name) && !kept.contains_key(name) {
                own.push((name.clone(), one));
            } else {
                needing.extend(one);
            }
        }
        // What stays because it is needed has needs of its own.
        while let Some(place) = own.iter().position(|(name, _)| needing.needs(name)) {
            needing.extend(own.swap_remove(place).1);
        }
        let (containers, images): (Vec<_>, Vec<_>) =
            own.into_iter().partition(|(name, _)| KeptShelf::is_container(name));
        let mut names: Vec<String> = containers.into_iter().map(|(name, _)| name).collect();
        if is_sure {
            names.extend(children_first(images));
            let layers = self.layers.iter().filter(|name| !now.contains_key(*name) && !needing.needs(name));
            names.extend(layers.cloned());
        }
        names
    }
}

/// What a file says; nothing, if it cannot be read.
fn read(name: &str, bytes: &[u8]) -> KeptShelf {
    let mut one = KeptShelf::default();
    let _ = one.add_file(name, bytes);
    one
}

/// The names of images, each before those that it stands on.
fn children_first(mut images: Vec<(String, KeptShelf)>) -> Vec<String> {
    let mut names = Vec::new();
    while !images.is_empty() {
        let is_free = |name: &str| !images.iter().any(|(_, other)| other.needs(name));
        // What is damaged may go round in a circle.
        let place = images.iter().position(|(name, _)| is_free(name)).unwrap_or_default();
        names.push(images.swap_remove(place).0);
    }
    names
}
