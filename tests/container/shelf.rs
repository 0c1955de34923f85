//! The shelf: images and containers as an engine lists them.

use std::rc::Rc;

use layerscope::{
    container::{
        ArchiveId, Commit, Content, ImageKey, NewContainer, Opened, Options, Shelf, ShelfError, Status,
    },
    engine::{ContainerId, Interrupt, NoHost, World},
    fixture::{Archive, Image, Pack, Shape, Tar},
    session::BlobPlace,
    shell::Shell,
    worker::{
        containers::{Ask, Files, Told, Turn},
        desk::{Around, Desk},
        protocol::{Event, Job},
    },
};

use crate::ours::{self, TIME};

/// Two images with a layer in common, and a third with nothing of it.
fn shelf() -> Shelf {
    let base = Tar::new().file("base", vec![b'b'; 10_000]);
    let image = |name: &str, layers: &[&Tar]| {
        layers.iter().fold(Image::new().name(name), |image, layer| image.layer(layer, name))
    };
    let (one, two) = (Tar::new().file("one", "1"), Tar::new().file("two", "2"));
    let archive = Archive::new(Shape::DockerOci)
        .pack(Pack::Gzip)
        .image(image("one:latest", &[&base, &one]))
        .image(image("two:latest", &[&base, &two]))
        .image(image("three:latest", &[&two]));
    ours::shelf(archive.bytes())
}

fn create(shelf: &mut Shelf, name: &str, image: &str) -> String {
    let image = shelf.find_image(image).unwrap().key;
    let random = [shelf.containers().len() as u8 + 1; 32];
    let new = NewContainer { random, name: name.to_owned(), image: Some(image), ..NewContainer::default() };
    shelf.create(new, TIME).unwrap()
}

/// What the page is told.
fn ask(desk: &mut Desk, shelf: &mut Shelf, ask: Ask) -> Told {
    let around = Around { now: TIME, random: [7; 32], bytes: None, interrupt: Interrupt::default() };
    desk.answer(shelf, Job(1), ask, around).unwrap()
}

/// The page takes back and does again, and knows whether it can.
#[test]
fn the_page_turns_back_and_forth() {
    let (mut shelf, mut desk) = (shelf(), Desk::default());
    let start = Ask::Start { image: 0, upto: 1, directory: None, options: Options::default() };
    let mut ran = |ask_: Ask| match ask(&mut desk, &mut shelf, ask_) {
        Told::Ran(ran) => {
            let container = ran.container.unwrap();
            (container.id, ran.turned, container.can_undo, container.can_redo)
        }
        told => panic!("{told:?}"),
    };
    let (container, ..) = ran(start);
    let run = |line: &str| Ask::Run { line: line.to_owned(), around: Files::default(), stop: None };
    let turn = |turn| Ask::Turn { container: container.clone(), turn };
    let mut told = |ask| {
        let (_, turned, can_undo, can_redo) = ran(ask);
        (turned, can_undo, can_redo)
    };
    assert_eq!(told(run("rm base")), (None, true, false));
    assert_eq!(told(turn(Turn::Undo)), (Some(Turn::Undo), false, true));
    assert_eq!(told(turn(Turn::Undo)), (None, false, true));
    assert_eq!(told(turn(Turn::Redo)), (Some(Turn::Redo), true, false));
    assert_eq!(told(turn(Turn::Undo)), (Some(Turn::Undo), false, true));
    // What is done otherwise now cannot be done again.
    assert_eq!(told(run("touch new")), (None, true, false));
}

/// What was saved and not fetched yet may lie in what is removed.
#[test]
fn what_is_saved_is_whole_whatever_is_removed_after() {
    let (mut shelf, mut desk) = (Shelf::new(), Desk::default());
    shelf.create(NewContainer::default(), TIME).unwrap();
    shelf.fs(0, TIME).unwrap().put(b"hello", Content::from(b"hi\n".to_vec()), 0o644).unwrap();
    let commit = Commit { created: TIME, names: vec!["hello:1".to_owned()], ..Commit::default() };
    shelf.commit(0, &commit).unwrap();
    create(&mut shelf, "again", "hello:1");
    let line = "docker export again > out.tar; docker rm -f again; docker rmi hello:1".to_owned();
    let run = Ask::Run { line, around: Files::default(), stop: None };
    let Told::Ran(ran) = ask(&mut desk, &mut shelf, run) else { panic!("not run") };
    ask(&mut desk, &mut shelf, Ask::Shelf);
    let saved = desk.take_saved(ran.files[0].token).unwrap().to_vec(&shelf.archives).unwrap();
    assert!(saved.windows(3).any(|bytes| bytes == b"hi\n"));
    ask(&mut desk, &mut shelf, Ask::Shelf);
    assert!(shelf.archives.is_empty());
}

/// What the page knows of is dropped with the answer after which nothing needs it, and not made anew within the next.
#[test]
fn the_archive_of_what_was_made_goes_with_the_answer_that_ends_its_use() {
    let (mut shelf, mut desk) = (Shelf::new(), Desk::default());
    shelf.create(NewContainer::default(), TIME).unwrap();
    shelf.fs(0, TIME).unwrap().put(b"hello", Content::default(), 0o644).unwrap();
    let mut run = |line: &str| {
        let run = Ask::Run { line: line.to_owned(), around: Files::default(), stop: None };
        ask(&mut desk, &mut shelf, run);
        !shelf.archives.is_empty()
    };
    assert!(run("docker commit c1 hello:1"));
    assert!(!run("docker rmi hello:1"));
    assert!(run("docker commit c1 hello:1"));
}

#[test]
fn shared_layers_count_once_as_unique() {
    let shelf = shelf();
    let layers = shelf.layers();
    let images: Vec<_> = layers.iter().map(|layer| layer.images.clone()).collect();
    assert_eq!(images, [vec![0, 1], vec![0], vec![1, 2]]);
    let size = shelf.image_size(0);
    assert_eq!(size.total, size.shared + size.unique);
    assert_eq!((size.shared, size.unique), (layers[0].size, layers[1].size));
    assert_eq!(shelf.image_size(1).unique, 0);
}

#[test]
fn an_image_is_found_by_name_and_id() {
    let shelf = shelf();
    let one = shelf.find_image("one").unwrap().id.clone();
    for reference in ["one:latest", "docker.io/library/one", &one.hex()[..12], &one.to_string(), one.hex()] {
        assert_eq!(shelf.find_image(reference).unwrap().id, one, "{reference}");
    }
    assert_eq!(shelf.find_image("four"), Err(ShelfError::NoImage("four".to_owned())));
    assert!(matches!(shelf.find_image(""), Err(ShelfError::NoImage(_))));
}

#[test]
fn a_name_belongs_to_one_image() {
    let mut shelf = shelf();
    let two = shelf.find_image("two").unwrap().id.clone();
    shelf.tag(&two, "one");
    assert_eq!(shelf.find_image("one").unwrap().id, two);
    assert_eq!(shelf.images()[0].names, [""; 0], "dangling");
    let pruned = shelf.prune_images(false);
    assert_eq!(pruned.deleted.len(), 1);
    assert_eq!(shelf.images().len(), 2);
}

#[test]
fn an_image_with_a_container_stays() {
    let mut shelf = shelf();
    create(&mut shelf, "x", "one");
    let error = shelf.remove_image("one", false).unwrap_err();
    assert!(matches!(error, ShelfError::InUse { running: false, .. }), "{error}");
    shelf.container_mut(0).unwrap().status = Status::Running(TIME);
    let id = shelf.find_image("one").unwrap().id.clone();
    assert!(matches!(shelf.remove_image(id.hex(), true), Err(ShelfError::InUse { running: true, .. })));
    // By its name, and by force, the name goes.
    let removed = shelf.remove_image("one", true).unwrap();
    assert_eq!((removed.untagged.len(), removed.deleted.len()), (1, 0));
    assert_eq!(shelf.images()[0].names, [""; 0]);
    shelf.tag(&id, "one");
    assert!(matches!(shelf.remove_container("x", false), Err(ShelfError::Running(_))));
    shelf.container_mut(0).unwrap().status = Status::Exited(0, TIME);
    let count = shelf.images().len();
    let removed = shelf.remove_image("one", true).unwrap();
    assert_eq!((removed.untagged.len(), removed.deleted.len(), removed.freed), (1, 1, 0));
    assert_eq!(shelf.images().len(), count - 1);
    // The container goes on without the name of its image.
    assert!(shelf.fs(0, TIME).unwrap().read_dir(b"/").is_ok());
    assert!(matches!(shelf.remove_image("one", true), Err(ShelfError::NoImage(_))));
}

#[test]
fn removing_an_image_frees_what_no_other_has() {
    let mut shelf = shelf();
    let unique = shelf.image_size(0).unique;
    let removed = shelf.remove_image("one", false).unwrap();
    assert_eq!((removed.freed, removed.deleted.len()), (unique, 1));
    let size = shelf.image_size(0);
    assert!(size.unique > 10_000, "the base is two's alone now");
    assert_eq!(shelf.prune_images(true).deleted.len(), 2);
    assert!(shelf.images().is_empty());
}

/// A container keeps what it stands on, also where its image was removed by force.
#[test]
fn what_a_container_stands_on_is_not_said_to_be_freed() {
    let mut shelf = shelf();
    let base = shelf.layers()[0].size;
    create(&mut shelf, "x", "one");
    shelf.remove_image("one", true).unwrap();
    shelf.remove_image("three", false).unwrap();
    let unique = shelf.image_size(0).unique;
    let removed = shelf.remove_image("two", false).unwrap();
    assert_eq!(removed.freed, unique - base);
}

#[test]
fn several_names_go_one_by_one() {
    let mut shelf = shelf();
    let id = shelf.find_image("one").unwrap().id.clone();
    shelf.tag(&id, "also:1");
    assert!(matches!(shelf.remove_image(id.hex(), false), Err(ShelfError::SeveralNames(_))));
    assert_eq!(shelf.remove_image("also:1", false).unwrap().untagged, ["docker.io/library/also:1"]);
    assert_eq!(shelf.remove_image("one", false).unwrap().deleted, [id]);
}

#[test]
fn containers_of_one_image_do_not_see_each_other() {
    let mut shelf = shelf();
    let first = create(&mut shelf, "", "one");
    create(&mut shelf, "", "one");
    assert_eq!((shelf.containers()[0].name.as_str(), shelf.containers()[1].name.as_str()), ("c1", "c2"));
    let mut fs = shelf.fs(0, TIME).unwrap();
    fs.put(b"new", Content::from(b"mine".to_vec()), 0o644).unwrap();
    fs.unlink(b"base").unwrap();
    let fs = shelf.fs(1, TIME).unwrap();
    assert!(fs.stat(b"new", true).is_err());
    assert_eq!(fs.read(b"base", 3).unwrap(), b"bbb");
    let diff = shelf.containers()[0].diff(&shelf.archives).unwrap();
    let diff: Vec<String> = diff.iter().map(|(path, change)| format!("{change} {path}")).collect();
    assert_eq!(diff, ["D base", "A new"]);
    let again = NewContainer { name: "c1".to_owned(), ..NewContainer::default() };
    assert_eq!(shelf.create(again, TIME), Err(ShelfError::NameInUse("c1".to_owned(), first)));
}

#[test]
fn operations_are_undone_and_done_again() {
    let mut shelf = shelf();
    create(&mut shelf, "x", "one");
    let before = shelf.containers()[0].upper.clone();
    shelf.fs(0, TIME).unwrap().unlink(b"base").unwrap();
    shelf.container_mut(0).unwrap().checkpoint(before);
    let before = shelf.containers()[0].upper.clone();
    shelf.fs(0, TIME).unwrap().put(b"base", Content::default(), 0o644).unwrap();
    shelf.container_mut(0).unwrap().checkpoint(before);
    let size = |shelf: &mut Shelf| shelf.fs(0, TIME).unwrap().stat(b"base", true).map(|stat| stat.size).ok();
    assert_eq!(size(&mut shelf), Some(0));
    assert!(shelf.container_mut(0).unwrap().undo());
    assert_eq!(size(&mut shelf), None);
    assert!(shelf.container_mut(0).unwrap().undo());
    assert_eq!(size(&mut shelf), Some(10_000));
    assert!(!shelf.container_mut(0).unwrap().undo());
    assert!(shelf.container_mut(0).unwrap().redo());
    assert_eq!(size(&mut shelf), None);
}

/// A line that changes nothing is no step of undoing, and one that changes several containers is one of each.
#[test]
fn a_line_that_changes_something_is_undone_at_once() {
    let mut shelf = shelf();
    let first = create(&mut shelf, "x", "one");
    create(&mut shelf, "y", "one");
    shelf.container_mut(1).unwrap().status = Status::Running(TIME);
    let mut host = NoHost::new(10);
    let mut world = World::new(&mut shelf, &mut host, TIME);
    let mut shell = Shell::new();
    shell.enter(&world, ContainerId::new(&first).unwrap(), None);
    for line in
        ["rm one", "rm base; docker exec y rm base; docker exec y touch new", "ls; rm none", "cat one"]
    {
        shell.run(&mut world, line);
    }
    let names = |shelf: &mut Shelf, place: usize| {
        let names = shelf.fs(place, TIME).unwrap().read_dir(b"/").unwrap();
        names.into_iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&mut shelf, 0), names(&mut shelf, 1)),
        (vec![], vec!["new".to_owned(), "one".to_owned()])
    );
    assert!(shelf.container_mut(0).unwrap().undo());
    assert_eq!(names(&mut shelf, 0), ["base"]);
    assert!(shelf.container_mut(0).unwrap().undo());
    assert_eq!(names(&mut shelf, 0), ["base", "one"]);
    assert!(!shelf.container_mut(0).unwrap().undo());
    assert!(shelf.container_mut(1).unwrap().undo());
    assert_eq!(names(&mut shelf, 1), ["base", "one"]);
    assert!(!shelf.container_mut(1).unwrap().undo());
}

/// An image of two archives is one image, of whichever a container is made, and stays with the one that is open.
#[test]
fn an_image_of_two_archives_is_one() {
    let archive = ours::sessions::archive(&[Tar::new().file("a", "1")]);
    let mut shelf = ours::shelf(archive.clone());
    let session = ours::sessions::read(&archive);
    let source: Rc<[u8]> = archive.into();
    shelf
        .add_archive(ArchiveId(2), Opened { name: "again.tar".to_owned(), session, source: Rc::new(source) });
    assert_eq!(shelf.images().len(), 1);
    let second = ImageKey { archive: ArchiveId(2), image: 0 };
    shelf.create(NewContainer { image: Some(second), ..NewContainer::default() }, TIME).unwrap();
    let Told::Shelf(view) = ask(&mut Desk::default(), &mut shelf, Ask::Shelf) else { panic!("no shelf") };
    assert_eq!(view.images[0].containers, 1, "whichever archive it is of");
    assert!(matches!(shelf.remove_image("test", false), Err(ShelfError::InUse { .. })));
    shelf.remove_archive(ArchiveId(1));
    assert_eq!(shelf.find_image("test").unwrap().key, second);
    assert_eq!(shelf.fs(0, TIME).unwrap().read(b"a", 9).unwrap(), b"1");
    shelf.remove_archive(ArchiveId(2));
    assert!(shelf.images().is_empty() && shelf.containers().is_empty());
}

#[test]
fn an_image_is_made_of_nothing() {
    let mut shelf = Shelf::new();
    shelf.create(NewContainer::default(), TIME).unwrap();
    shelf.fs(0, TIME).unwrap().put(b"hello", Content::from(b"hi\n".to_vec()), 0o644).unwrap();
    let commit = Commit { created: TIME, names: vec!["hello:1".to_owned()], ..Commit::default() };
    let id = shelf.commit(0, &commit).unwrap();
    assert_eq!(shelf.find_image("hello:1").unwrap().id, id);
    create(&mut shelf, "again", "hello:1");
    assert_eq!(shelf.fs(1, TIME).unwrap().read(b"hello", 99).unwrap(), b"hi\n");
    // A step that changes the config alone.
    let key = shelf.find_image("hello:1").unwrap().key;
    let commit = Commit { created: TIME, created_by: "CMD", ..Commit::default() };
    let child = shelf.add_layer(Some(key), 1, Some(id.clone()), None, &commit).unwrap();
    assert_ne!(child, id);
    shelf.remove_container("again", false).unwrap();
    assert!(matches!(shelf.remove_image(id.hex(), true), Err(ShelfError::HasChildren(_))));
}

/// The bytes of a layer that was made here are let go of with the last that needs them, and no sooner.
#[test]
fn what_is_removed_and_needed_by_nobody_is_let_go_of() {
    let mut shelf = shelf();
    create(&mut shelf, "x", "one");
    shelf.fs(0, TIME).unwrap().put(b"new", Content::from(vec![1; 9_000]), 0o644).unwrap();
    let commit = |name: &str| Commit { created: TIME, names: vec![name.to_owned()], ..Commit::default() };
    shelf.commit(0, &commit("lower:1")).unwrap();
    create(&mut shelf, "y", "lower:1");
    shelf.fs(1, TIME).unwrap().put(b"more", Content::from(vec![2; 9_000]), 0o644).unwrap();
    shelf.commit(1, &commit("upper:1")).unwrap();
    let layer = |shelf: &Shelf, name: &str| {
        let key = shelf.find_image(name).unwrap().key;
        let session = &shelf.archives[&key.archive].session;
        let top = session.images()[key.image as usize].layers.len() as u32 - 1;
        match session.stored_layer(key.image, top).unwrap().place {
            BlobPlace::Memory(bytes) => Rc::downgrade(&bytes),
            place => panic!("{place:?}"),
        }
    };
    let (lower, upper) = (layer(&shelf, "lower:1"), layer(&shelf, "upper:1"));
    let held = |shelf: &mut Shelf| {
        shelf.release();
        [lower.upgrade().is_some(), upper.upgrade().is_some()]
    };
    assert_eq!(held(&mut shelf), [true, true]);
    // The image above has the layer of the one below, and so has a container of that.
    shelf.remove_container("y", false).unwrap();
    shelf.remove_image("lower:1", false).unwrap();
    assert_eq!(held(&mut shelf), [true, true]);
    create(&mut shelf, "z", "upper:1");
    shelf.remove_image("upper:1", true).unwrap();
    assert_eq!(held(&mut shelf), [true, true]);
    assert_eq!(shelf.fs(1, TIME).unwrap().read(b"more", 1).unwrap(), [2]);
    let place = shelf.archives[&ArchiveId(1)].session.images().len();
    shelf.archives.get_mut(&ArchiveId(1)).unwrap().session.take_events();
    shelf.remove_container("z", false).unwrap();
    shelf.prune_images(false);
    assert_eq!(held(&mut shelf), [false, false]);
    let session = &mut shelf.archives.get_mut(&ArchiveId(1)).unwrap().session;
    let gone = [3, 4].map(|image| Event::Gone { image });
    assert_eq!(session.take_events(), gone, "the page is told");
    assert_eq!(session.images().len(), place, "those that come after them keep their places");
    // What is made now is whole, and what the archive has is as it was.
    shelf.commit(0, &commit("next:1")).unwrap();
    create(&mut shelf, "n", "next:1");
    assert_eq!(shelf.fs(1, TIME).unwrap().read(b"new", 1).unwrap(), [1]);
    assert_eq!(shelf.fs(1, TIME).unwrap().read(b"base", 1).unwrap(), b"b");
}

#[test]
fn the_archive_of_what_is_made_of_nothing_goes_with_it() {
    let mut shelf = Shelf::new();
    shelf.create(NewContainer::default(), TIME).unwrap();
    let commit = Commit { created: TIME, names: vec!["hello:1".to_owned()], ..Commit::default() };
    shelf.commit(0, &commit).unwrap();
    shelf.release();
    assert_eq!(shelf.archives.len(), 1);
    shelf.remove_image("hello:1", false).unwrap();
    shelf.release();
    assert!(shelf.archives.is_empty());
    shelf.commit(0, &commit).unwrap();
    assert!(shelf.find_image("hello:1").is_ok());
}

/// As docker does: what a removed image was made of goes with it, as far as it has no name and nothing stands on it.
#[test]
fn parents_without_a_name_go_with_their_child() {
    let mut shelf = shelf();
    let key = shelf.find_image("one").unwrap().key;
    let base = shelf.find_image("one").unwrap().id.clone();
    let step = |created_by| Commit { created: TIME, created_by, ..Commit::default() };
    let first = shelf.add_layer(Some(key), 2, Some(base.clone()), None, &step("A")).unwrap();
    let middle = shelf.find_image(&first.to_string()).unwrap().key;
    let last = shelf.add_layer(Some(middle), 2, Some(first.clone()), None, &step("B")).unwrap();
    shelf.tag(&last, "app:1");
    let mut host = NoHost::new(10);
    let mut world = World::new(&mut shelf, &mut host, TIME);
    let output = Shell::new().run(&mut world, "docker rmi app:1");
    let text = String::from_utf8(output.printed.of(layerscope::shell::Stream::Out)).unwrap();
    assert_eq!(text, format!("Untagged: app:1\nDeleted: {last}\nDeleted: {first}\n"));
    assert!(shelf.find_image("one").is_ok(), "it has a name");
}

#[test]
fn what_is_odd_with_the_base_is_told_once() {
    // A whiteout of nothing is odd.
    let layers = [Tar::new().file("a", "1"), Tar::new().whiteout("none")];
    let mut shelf = ours::shelf(ours::sessions::archive(&layers));
    let count = |shelf: &Shelf| shelf.archives[&ArchiveId(1)].session.report().anomalies.len();
    let before = count(&shelf);
    assert!(before > 0);
    let image = Some(shelf.images()[0].key);
    shelf.create(NewContainer { image, ..NewContainer::default() }, TIME).unwrap();
    shelf.fs(0, TIME).unwrap().unlink(b"a").unwrap();
    shelf.commit(0, &Commit { created: TIME, ..Commit::default() }).unwrap();
    assert_eq!(count(&shelf), before);
}
