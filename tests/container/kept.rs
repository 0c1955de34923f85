//! What is kept of the shelf over the end of the page, and comes back.

use std::collections::BTreeSet;

use layerscope::{
    container::{
        ArchiveId, Commit, Content, Files, Given, Keep, KeptError, KeptShelf, Ledger, MadeLayers,
        NewContainer, Options, ReadAt, Recalled, Shelf, Status,
    },
    digest::Digest,
    engine::{NoHost, World},
    fixture::{Pack, Shape},
    tar::Timestamp,
    worker::protocol::{Failure, FailureKind},
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

/// What is kept, read again.
fn read(files: &Files) -> KeptShelf {
    let mut kept = KeptShelf::default();
    for (name, bytes) in files.iter().filter(|(name, _)| KeptShelf::is_file(name)) {
        kept.add_file(name, bytes).unwrap();
    }
    kept
}

fn ids(shelf: &Shelf) -> Vec<String> {
    let ids = ["mine:1", "mine:2", "none:1"].map(|name| shelf.find_image(name).unwrap().id.to_string());
    ids.to_vec()
}

#[test]
fn containers_and_images_come_back_with_their_archive() {
    let mut before = busy();
    let Keep { shelf: kept, layers, .. } = before.keep(&KeptShelf::default());
    let mut kept = read(&kept.files());

    // Nothing is open: what stands on nothing is there, the rest waits.
    let mut after = Shelf::new();
    assert_eq!(after.recall(&mut kept, &layers, TIME), Recalled { images: 1, containers: 1 });
    let names: Vec<String> = kept.waiting().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        BTreeSet::from_iter(names),
        BTreeSet::from_iter(["mine:1", "mine:2", "c1", "c2"].map(str::to_owned))
    );
    let base = before.find_image("debian:12").unwrap().id.clone();
    assert!(kept.waiting().iter().all(|(_, image)| image.as_ref() == Some(&base)));

    // What waits is kept on, whatever else is done meanwhile.
    let Keep { shelf: again, layers: more, .. } = after.keep(&kept);
    let (mut kept, mut all) = (read(&again.files()), layers);
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
    let Keep { shelf: mut kept, layers, .. } = busy().keep(&KeptShelf::default());
    // The same files in layers that are cut otherwise.
    let mut other =
        ours::shelf(ours::sessions::archive(&[layerscope::fixture::Tar::new().file("etc/motd", "1")]));
    assert_eq!(other.recall(&mut kept, &layers, TIME), Recalled { images: 1, containers: 1 });
    assert_eq!(kept.waiting().len(), 4);
    assert!(other.find_container("c1").is_err());
}

#[test]
fn what_is_damaged_or_of_another_version_says_so() {
    let kept = busy().keep(&KeptShelf::default()).shelf;
    for (name, bytes) in kept.files() {
        let mut bytes = bytes.to_vec();
        let error = |bytes: &[u8]| KeptShelf::default().add_file(&name, bytes).unwrap_err();
        assert_eq!(error(b"layerscope shelf 1\n"), KeptError::Form, "{name}");
        assert_eq!(error(&bytes[..40]), KeptError::Damaged, "{name}");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        assert_eq!(error(&bytes), KeptError::Damaged, "{name}");
    }
}

#[test]
fn how_a_container_was_started_and_ended_comes_back() {
    let mut shelf = ours::shelf(debian(Shape::DockerOci, Pack::Gzip));
    let mut host = NoHost::new(10);
    let mut shell = layerscope::shell::Shell::new();
    for line in [
        "docker create -e A=1 -e PATH=/x -h box -w /srv/app -l a=b --name fresh debian:12 ls -l",
        "docker run --name ended debian:12 false",
        "docker run -d --name open debian:12",
        "docker run -d --rm --name fleeting debian:12",
    ] {
        shell.run(&mut World::new(&mut shelf, &mut host, TIME), line);
    }
    let mut kept = read(&shelf.keep(&KeptShelf::default()).shelf.files());
    let mut after = ours::shelf(debian(Shape::DockerOci, Pack::Gzip));
    let later = Timestamp { secs: TIME.secs + 60, nanos: 0 };
    assert_eq!(after.recall(&mut kept, &MadeLayers::new(), later).containers, 3);
    let place = |name: &str| after.find_container(name).unwrap();
    let of = |name: &str| after.containers()[place(name)].status;
    assert_eq!(of("fresh"), Status::Created);
    assert_eq!(of("ended"), Status::Exited(1, TIME));
    assert_eq!(of("open"), Status::Exited(255, later), "it ended with the page");
    let given = Given {
        env: vec!["A=1".into(), "PATH=/x".into()],
        hostname: Some("box".into()),
        workdir: Some("/srv/app".into()),
        labels: vec!["a=b".into()],
        arguments: vec!["ls".into(), "-l".into()],
        ..Given::default()
    };
    assert_eq!(after.containers()[place("fresh")].given, given);
    let mut said = |line: &str| {
        let output = shell.run(&mut World::new(&mut after, &mut host, later), line);
        String::from_utf8(output.printed.of(layerscope::shell::Stream::Out)).unwrap()
    };
    assert_eq!(
        said(
            "docker inspect -f '{{.Config.Env}} {{.Config.Hostname}} {{.Config.WorkingDir}} {{.Path}} {{.Args}} {{json .Config.Labels}}' fresh"
        ),
        "[A=1 PATH=/x] box /srv/app ls [-l] {\"a\":\"b\"}\n"
    );
    assert_eq!(said("docker ps -a -f name=ended --format '{{.Status}}'"), "Exited (1) About a minute ago\n");
    assert_eq!(said("docker start -ai fresh > out; pwd; echo $A $PATH $HOSTNAME"), "/srv/app\n1 /x box\n");
}

/// A folder of files, as several tabs write it.
#[derive(Default)]
struct Folder(Files);

impl Folder {
    /// What a tab writes, and how much of it.
    fn write(&mut self, shelf: &Shelf, ledger: &mut Ledger, waiting: &KeptShelf) -> usize {
        let Keep { shelf: kept, layers, unread } = shelf.keep(waiting);
        let layers = layers.into_iter().map(|(digest, bytes)| (digest.hex().to_owned(), bytes));
        let now: Files = layers.chain(kept.files()).collect();
        let there = self.0.keys().cloned().collect();
        let written = ledger.to_write(&now, &there).files;
        for (name, bytes) in &written {
            ledger.note(name, bytes);
            self.0.insert(name.clone(), bytes.clone());
            self.is_whole();
        }
        let is_other = |(name, _): &(&String, &_)| KeptShelf::is_file(name) && !now.contains_key(*name);
        let others =
            self.0.iter().filter(is_other).map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
        let had_more = ledger.has_more(&now);
        let gone = ledger.to_remove(&now, &others, &unread);
        assert!(had_more || gone.is_empty());
        for name in &gone {
            self.0.remove(name);
            ledger.forget(name);
            self.is_whole();
        }
        written.len()
    }

    /// Whether a tab could end now: every image that can be read has its layer, and one that was made here under it.
    fn is_whole(&self) {
        let mut kept = KeptShelf::default();
        self.0.iter().filter(|(name, _)| KeptShelf::is_file(name)).for_each(|(name, bytes)| {
            let _ = kept.add_file(name, bytes);
        });
        for layer in kept.layers() {
            assert!(self.0.contains_key(layer.hex()), "{layer} is missing");
        }
        let debian =
            ours::shelf(debian(Shape::DockerOci, Pack::Gzip)).find_image("debian:12").unwrap().id.clone();
        for (name, root) in kept.waiting() {
            assert!(root.is_none() || root == Some(debian.clone()), "{name} waits for {root:?}");
        }
    }

    /// What a tab reads that is opened now: what waits, and its layers.
    fn load(&self, ledger: &mut Ledger) -> (KeptShelf, MadeLayers) {
        let (mut kept, mut layers) = (KeptShelf::default(), MadeLayers::new());
        for (name, bytes) in &self.0 {
            if !KeptShelf::is_file(name) {
                layers.insert(Digest::sha256(bytes), bytes.clone());
                ledger.note(name, bytes);
            } else if kept.add_file(name, bytes).is_ok() {
                ledger.note(name, bytes);
            }
        }
        (kept, layers)
    }

    /// A tab that is opened now, and its archive.
    fn open(&self, ledger: &mut Ledger) -> Shelf {
        let (mut kept, layers) = self.load(ledger);
        let mut shelf = ours::shelf(debian(Shape::DockerOci, Pack::Gzip));
        let waited = kept.files();
        let later = Timestamp { secs: TIME.secs + 1, nanos: 0 };
        shelf.recall(&mut kept, &layers, later);
        assert!(kept.is_empty(), "{:?}", kept.waiting());
        ledger.settle(&waited, &shelf.keep(&kept).shelf.files());
        shelf
    }

    fn names(&self) -> Vec<String> {
        let shelf = self.open(&mut Ledger::default());
        let containers = shelf.containers().iter().map(|container| container.name.clone());
        let images = shelf.images().iter().flat_map(|image| image.names.iter().cloned());
        containers.chain(images).collect()
    }
}

/// Starts a container, and puts a file into it.
fn start(shelf: &mut Shelf, image: &str, random: u8) {
    let image = shelf.find_image(image).unwrap().key;
    let new = NewContainer { image: Some(image), random: [random; 32], ..NewContainer::default() };
    shelf.create(new, TIME).unwrap();
    let place = shelf.containers().len() - 1;
    shelf.fs(place, TIME).unwrap().put(b"new", Content::from(vec![random]), 0o644).unwrap();
}

fn commit(name: &str) -> Commit<'_> {
    Commit { created: TIME, names: vec![name.to_owned()], ..Commit::default() }
}

#[test]
fn two_tabs_keep_their_containers_beside_each_other() {
    let nothing = KeptShelf::default();
    let mut folder = Folder::default();
    let (mut first, mut second) = (Ledger::default(), Ledger::default());
    let (mut one, mut two) = (folder.open(&mut first), folder.open(&mut second));
    // Both have a container that is called c1, and an image of it.
    start(&mut one, "debian:12", 1);
    one.commit(0, &commit("one:1")).unwrap();
    start(&mut two, "debian:12", 2);
    two.commit(0, &commit("two:1")).unwrap();
    assert_eq!(folder.write(&one, &mut first, &nothing), 3);
    assert_eq!(folder.write(&two, &mut second, &nothing), 3);
    assert_eq!(folder.write(&one, &mut first, &nothing), 0, "nothing has changed");
    let base = "docker.io/library/debian:12";
    let mut names = folder.names();
    names.sort_unstable();
    assert_eq!(names, ["c1", "c2", base, "docker.io/library/one:1", "docker.io/library/two:1"]);
    // A tab that only shows what another has written, and that is open there, does not write it.
    one.container_mut(0).unwrap().status = Status::Running(TIME);
    assert_eq!(folder.write(&one, &mut first, &nothing), 1);
    let mut looking = Ledger::default();
    let shown = folder.open(&mut looking);
    let place = shown.find_container("c1").unwrap();
    assert!(!shown.containers()[place].is_running());
    one.fs(0, TIME).unwrap().put(b"later", Content::default(), 0o644).unwrap();
    assert_eq!(folder.write(&one, &mut first, &nothing), 1);
    assert_eq!(folder.write(&shown, &mut looking, &nothing), 0);
    // What one removes, and has not seen of the other, stays.
    one.remove_container("c1", true).unwrap();
    one.remove_image("one:1", false).unwrap();
    folder.write(&one, &mut first, &nothing);
    assert_eq!(folder.names(), ["c1", base, "docker.io/library/two:1"]);
    // A third tab builds on what the second has made. The second removes it, and it stays as long as it is needed.
    let mut third = Ledger::default();
    let mut three = folder.open(&mut third);
    start(&mut three, "two:1", 3);
    folder.write(&three, &mut third, &nothing);
    two.remove_container("c1", true).unwrap();
    two.remove_image("two:1", false).unwrap();
    folder.write(&two, &mut second, &nothing);
    assert_eq!(folder.names(), ["c2", base, "docker.io/library/two:1"]);
    three.remove_container("c2", true).unwrap();
    three.remove_container("c1", true).unwrap();
    three.remove_image("two:1", false).unwrap();
    folder.write(&three, &mut third, &nothing);
    folder.write(&two, &mut second, &nothing);
    assert!(folder.0.is_empty(), "{:?}", folder.0.keys());
}

#[test]
fn what_stands_on_a_closed_archive_waits_for_it() {
    let mut shelf = busy();
    let (mut waiting, mut layers) = (KeptShelf::default(), MadeLayers::new());
    let lost = shelf.put_by(ArchiveId(1), &mut waiting, &mut layers, &mut Ledger::default());
    assert_eq!(lost, [""; 0]);
    let names: Vec<String> = waiting.waiting().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        BTreeSet::from_iter(names),
        BTreeSet::from_iter(["mine:1", "mine:2", "c1", "c2"].map(str::to_owned))
    );
    let mut again = ours::shelf(debian(Shape::DockerOci, Pack::Gzip));
    assert_eq!(again.recall(&mut waiting, &layers, TIME), Recalled { images: 2, containers: 2 });
}

#[test]
fn what_a_tab_cannot_read_it_does_not_remove() {
    let nothing = KeptShelf::default();
    let (mut folder, mut first) = (Folder::default(), Ledger::default());
    let mut one = folder.open(&mut first);
    start(&mut one, "debian:12", 1);
    one.commit(0, &commit("one:1")).unwrap();
    start(&mut one, "one:1", 2);
    folder.write(&one, &mut first, &nothing);
    // A newer version has written one of them, and another is still being written.
    let names: Vec<String> = folder.0.keys().filter(|name| name.starts_with("container-")).cloned().collect();
    let newer = [b"layerscope shelf 3\n".as_slice(), &folder.0[&names[0]][19..]].concat();
    let cut = folder.0[&names[1]][..50].to_vec();
    folder.0.insert(names[0].clone(), newer.into());
    folder.0.insert(names[1].clone(), cut.into());
    let all = folder.0.len();
    let mut second = Ledger::default();
    let mut two = folder.open(&mut second);
    assert!(two.containers().is_empty());
    // What they stand on stays as well: who knows what they need.
    two.remove_image("one:1", false).unwrap();
    start(&mut two, "debian:12", 3);
    assert_eq!(folder.write(&two, &mut second, &nothing), 1);
    assert_eq!(folder.0.len(), all + 1, "{:?}", folder.0.keys());
    // The tab that wrote them removes what they were, and not what they have become.
    one.remove_container("c1", true).unwrap();
    folder.write(&one, &mut first, &nothing);
    assert_eq!(folder.0.len(), all + 1, "{:?}", folder.0.keys());
}

/// A file that was changed after it was chosen.
struct Changed;

impl ReadAt for Changed {
    fn len(&self) -> u64 {
        3
    }

    fn read_at(&self, _: std::ops::Range<u64>) -> Result<Vec<u8>, Failure> {
        Err(Failure { kind: FailureKind::Unreadable, detail: "it has changed".to_owned(), offset: None })
    }
}

#[test]
fn a_container_that_cannot_be_kept_leaves_the_others_and_what_was_written_of_it() {
    let (mut folder, mut ledger) = (Folder::default(), Ledger::default());
    let mut shelf = folder.open(&mut ledger);
    start(&mut shelf, "debian:12", 1);
    start(&mut shelf, "debian:12", 2);
    let (mut waiting, mut layers) = (KeptShelf::default(), MadeLayers::new());
    assert_eq!(folder.write(&shelf, &mut ledger, &waiting), 2);
    let before = folder.0.clone();
    let content = Content::of_source(std::rc::Rc::new(Changed));
    shelf.fs(0, TIME).unwrap().put(b"copied", content, 0o644).unwrap();
    shelf.fs(1, TIME).unwrap().put(b"more", Content::default(), 0o644).unwrap();
    // The other is written, and this one's file stays as it was.
    assert_eq!(folder.write(&shelf, &mut ledger, &waiting), 1);
    assert_eq!(before.keys().collect::<Vec<_>>(), folder.0.keys().collect::<Vec<_>>());
    let lost = shelf.put_by(ArchiveId(1), &mut waiting, &mut layers, &mut ledger);
    assert_eq!(lost, ["c1: it has changed"]);
    let names: Vec<String> = waiting.waiting().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["c2"]);
    assert_eq!(folder.write(&shelf, &mut ledger, &waiting), 0);
    assert_eq!(before.keys().collect::<Vec<_>>(), folder.0.keys().collect::<Vec<_>>());
}

#[test]
fn what_another_tab_has_removed_does_not_come_back() {
    let nothing = KeptShelf::default();
    let (mut folder, mut first) = (Folder::default(), Ledger::default());
    let mut one = folder.open(&mut first);
    start(&mut one, "debian:12", 1);
    one.commit(0, &commit("one:1")).unwrap();
    folder.write(&one, &mut first, &nothing);
    let (mut second, mut third) = (Ledger::default(), Ledger::default());
    let mut two = folder.open(&mut second);
    // A third tab has no archive open: all of it waits there.
    let (mut waiting, layers) = folder.load(&mut third);
    one.remove_container("c1", true).unwrap();
    one.remove_image("one:1", false).unwrap();
    folder.write(&one, &mut first, &nothing);
    assert!(folder.0.is_empty());
    assert_eq!(folder.write(&two, &mut second, &nothing), 0);
    let now: Files = layers.iter().map(|(digest, bytes)| (digest.hex().to_owned(), bytes.clone())).collect();
    let now: Files = now.into_iter().chain(waiting.files()).collect();
    let to_write = third.to_write(&now, &BTreeSet::new());
    assert!(to_write.files.is_empty());
    assert_eq!(waiting.take_out(&to_write.gone).len(), 2);
    assert!(waiting.is_empty());
    // What is changed is there again, with what it needs.
    start(&mut two, "one:1", 2);
    assert_eq!(folder.write(&two, &mut second, &nothing), 3, "layer, image, and the new container");
    two.fs(0, TIME).unwrap().put(b"later", Content::default(), 0o644).unwrap();
    assert_eq!(folder.write(&two, &mut second, &nothing), 1);
}

#[test]
fn what_was_not_written_before_it_waited_is_written_when_it_is_back() {
    let (mut folder, mut ledger) = (Folder::default(), Ledger::default());
    let mut shelf = folder.open(&mut ledger);
    start(&mut shelf, "debian:12", 1);
    let (mut waiting, mut layers) = (KeptShelf::default(), MadeLayers::new());
    folder.write(&shelf, &mut ledger, &waiting);
    // The archive is closed before this is written.
    shelf.fs(0, TIME).unwrap().put(b"later", Content::default(), 0o644).unwrap();
    shelf.put_by(ArchiveId(1), &mut waiting, &mut layers, &mut ledger);
    let mut shelf = ours::shelf(debian(Shape::DockerOci, Pack::Gzip));
    let waited = waiting.files();
    shelf.recall(&mut waiting, &layers, TIME);
    ledger.settle(&waited, &shelf.keep(&waiting).shelf.files());
    assert_eq!(folder.write(&shelf, &mut ledger, &waiting), 1);
}

#[test]
fn an_image_without_its_layer_does_not_wait() {
    let Keep { shelf: mut kept, mut layers, .. } = busy().keep(&KeptShelf::default());
    let (missing, _) = layers.pop_first().unwrap();
    let torn = kept.take_torn(&layers);
    assert_eq!(torn.iter().map(|(_, layer)| layer.clone()).collect::<Vec<_>>(), [missing]);
    assert!(!kept.files().contains_key(&torn[0].0));
    assert_eq!(kept.layers().len(), 2);
}

#[test]
fn a_layer_is_known_by_its_name() {
    let Keep { shelf: kept, layers, .. } = busy().keep(&KeptShelf::default());
    let layers: Files = layers.keys().map(|digest| (digest.hex().to_owned(), [0; 0].into())).collect();
    let now: Files = layers.clone().into_iter().chain(kept.files()).collect();
    let there: BTreeSet<String> = layers.keys().skip(1).cloned().collect();
    let files = Ledger::default().to_write(&now, &there).files;
    let written: Vec<&String> =
        files.iter().map(|(name, _)| name).filter(|name| !KeptShelf::is_file(name)).collect();
    assert_eq!(written, layers.keys().take(1).collect::<Vec<_>>(), "whatever is in them");
}

/// A file that cannot be written, for want of room perhaps, is gone.
#[test]
fn what_could_not_be_written_is_written_once_it_is_as_it_was() {
    let (mut folder, mut ledger) = (Folder::default(), Ledger::default());
    let mut shelf = folder.open(&mut ledger);
    start(&mut shelf, "debian:12", 1);
    let nothing = KeptShelf::default();
    assert_eq!(folder.write(&shelf, &mut ledger, &nothing), 1);
    let before = shelf.keep(&nothing).shelf.files();
    shelf.fs(0, TIME).unwrap().put(b"large", Content::default(), 0o644).unwrap();
    let there = std::mem::take(&mut folder.0).into_keys().collect();
    assert_eq!(ledger.to_write(&shelf.keep(&nothing).shelf.files(), &there).files.len(), 1);
    let again = ledger.to_write(&before, &BTreeSet::new());
    assert_eq!((again.files.len(), again.gone.len()), (1, 0), "nobody else has removed it");
}
