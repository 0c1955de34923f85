//! What is kept of the shelf over the end of the page, and comes back.

use layerscope::{
    container::{Commit, Content, KeptError, KeptShelf, NewContainer, Options, Recalled, Shelf},
    fixture::{Pack, Shape},
};

use crate::{
    listing,
    ours::{self, TIME},
    saved::debian,
};

/// A container with changes of every kind, an image of it, one of that, and one of nothing.
fn busy() -> Shelf {
    let mut shelf = ours::shelf(debian(Shape::DockerOci, Pack::Gzip));
    let image = shelf.find_image("debian:12").unwrap().key;
    let options = Options { metacopy: true, index: true, redirect_dir: true };
    let new = NewContainer { image: Some(image), options, random: [1; 32], ..NewContainer::default() };
    shelf.create(new, TIME).unwrap();
    let mut fs = shelf.fs(0, TIME).unwrap();
    fs.append(b"etc/os-release", Content::from(b"VARIANT=mine\n".to_vec()), 0o644).unwrap();
    fs.unlink(b"etc/motd").unwrap();
    fs.rename(b"var/cache", b"cache").unwrap();
    fs.chmod(b"usr/bin/tool", 0o700).unwrap();
    fs.mkdir(b"new", 0o755).unwrap();
    fs.put(b"new/file", Content::from(vec![b'n'; 3_000]), 0o600).unwrap();
    fs.truncate(b"new/file", 9_000).unwrap();
    fs.link(b"new/file", b"new/twin", false).unwrap();
    fs.symlink(b"/etc/os-release", b"release").unwrap();
    let named = |name: &str| Commit { created: TIME, names: vec![name.to_owned()], ..Commit::default() };
    shelf.commit(0, &named("mine:1")).unwrap();
    let mine = shelf.find_image("mine:1").unwrap().key;
    shelf
        .create(NewContainer { image: Some(mine), random: [2; 32], ..NewContainer::default() }, TIME)
        .unwrap();
    shelf.fs(1, TIME).unwrap().unlink(b"new/twin").unwrap();
    shelf.commit(1, &named("mine:2")).unwrap();
    shelf.create(NewContainer { random: [3; 32], ..NewContainer::default() }, TIME).unwrap();
    shelf.fs(2, TIME).unwrap().put(b"alone", Content::from(b"1".to_vec()), 0o644).unwrap();
    shelf.commit(2, &named("none:1")).unwrap();
    shelf
}

fn ids(shelf: &Shelf) -> Vec<String> {
    let ids = ["mine:1", "mine:2", "none:1"].map(|name| shelf.find_image(name).unwrap().id.to_string());
    ids.to_vec()
}

#[test]
fn containers_and_images_come_back_with_their_archive() {
    let mut before = busy();
    let (kept, layers) = before.keep(&KeptShelf::default()).unwrap();
    let mut kept = KeptShelf::decode(&kept.encode()).unwrap();

    // Nothing is open: what stands on nothing is there, the rest waits.
    let mut after = Shelf::new();
    assert_eq!(after.recall(&mut kept, &layers, TIME), Recalled { images: 1, containers: 1 });
    let names: Vec<String> = kept.waiting().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["mine:1", "mine:2", "c1", "c2"]);
    let base = before.find_image("debian:12").unwrap().id.clone();
    assert!(kept.waiting().iter().all(|(_, image)| image.as_ref() == Some(&base)));

    // What waits is kept on, whatever else is done meanwhile.
    let (again, more) = after.keep(&kept).unwrap();
    let (mut kept, mut all) = (KeptShelf::decode(&again.encode()).unwrap(), layers);
    all.extend(more);
    let mut after = ours::shelf(debian(Shape::DockerOci, Pack::Gzip));
    assert_eq!(after.recall(&mut kept, &all, TIME), Recalled { images: 3, containers: 3 });
    assert!(kept.is_empty());
    assert_eq!(ids(&after), ids(&before));
    for name in ["c1", "c2", "c3"] {
        let (old, new) = (before.find_container(name).unwrap(), after.find_container(name).unwrap());
        assert_eq!(before.containers()[old].id, after.containers()[new].id);
        let shown = ours::merged(&before.fs(old, TIME).unwrap());
        assert_eq!(listing::compare(&ours::merged(&after.fs(new, TIME).unwrap()), &shown), [""; 0], "{name}");
        let tar = |shelf: &Shelf, place| shelf.layer(place).unwrap().to_vec(&shelf.archives).unwrap();
        assert!(tar(&before, old) == tar(&after, new), "{name}: the layer is the same to the byte");
    }
}

#[test]
fn another_archive_is_not_taken_for_it() {
    let (mut kept, layers) = busy().keep(&KeptShelf::default()).unwrap();
    // The same files in layers that are cut otherwise.
    let mut other =
        ours::shelf(ours::sessions::archive(&[layerscope::fixture::Tar::new().file("etc/motd", "1")]));
    assert_eq!(other.recall(&mut kept, &layers, TIME), Recalled { images: 1, containers: 1 });
    assert_eq!(kept.waiting().len(), 4);
    assert!(other.find_container("c1").is_err());
}

#[test]
fn what_is_damaged_or_of_another_version_says_so() {
    let (kept, _) = busy().keep(&KeptShelf::default()).unwrap();
    let mut bytes = kept.encode();
    assert_eq!(KeptShelf::decode(b"layerscope shelf 0\n").unwrap_err(), KeptError::Form);
    assert_eq!(KeptShelf::decode(&bytes[..40]).unwrap_err(), KeptError::Damaged);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(KeptShelf::decode(&bytes).unwrap_err(), KeptError::Damaged);
}
