//! What operations say that they did.

use layerscope::{
    container::{Answer, Content, Errno, NewContainer, OpenFlags, Options, Place, Step, Trace, Why},
    fixture::Tar,
    layer::Kind,
};

use crate::ours::{self, Ours, TIME};

fn container() -> Ours {
    let layer = Tar::new()
        .dir("etc", 0o755)
        .dir("etc/deep", 0o755)
        .file("etc/deep/big", vec![b'x'; 5_000])
        .hardlink("etc/deep/same", "etc/deep/big");
    Ours::new(&layer)
}

fn copies(trace: &Trace) -> Vec<(String, u64, Why)> {
    let copy = |step: &Step| match step {
        Step::CopyUp { path, bytes, why, .. } => Some((path.to_string(), *bytes, *why)),
        _ => None,
    };
    trace.steps.iter().filter_map(copy).collect()
}

#[test]
fn chmod_copies_the_parents_and_all_of_the_file() {
    let mut ours = container();
    let trace = ours.fs().chmod(b"etc/deep/big", 0o600).unwrap();
    assert_eq!(
        copies(&trace),
        [
            ("etc".to_owned(), 0, Why::Parent),
            ("etc/deep".to_owned(), 0, Why::Parent),
            ("etc/deep/big".to_owned(), 5_000, Why::Metadata),
        ]
    );
    assert_eq!((trace.copied, trace.copied_now()), (5_000, 5_000));
    // It costs once, and holds nothing in memory.
    let trace = ours.fs().append(b"etc/deep/big", Content::from(b"!".to_vec()), 0).unwrap();
    assert_eq!((trace.copied, trace.copied_now()), (5_000, 0));
    assert_eq!((ours.fs().upper().content_bytes(), ours.fs().upper().held()), (5_001, 1));
}

#[test]
fn opening_to_write_copies_and_to_empty_does_not() {
    let mut ours = container();
    let trace = ours.fs().open(b"etc/deep/big", OpenFlags::CREATE, 0).unwrap();
    assert_eq!(copies(&trace).last(), Some(&("etc/deep/big".to_owned(), 0, Why::Truncated)));
    let trace = ours.fs().open(b"etc/deep/same", OpenFlags::WRITE, 0).unwrap();
    assert_eq!(copies(&trace), [("etc/deep/same".to_owned(), 5_000, Why::Data)], "the link is broken");
    assert_eq!(ours.fs().stat(b"etc/deep/big", true).unwrap().size, 0);
}

#[test]
fn lookups_ask_from_the_top_down() {
    let mut ours = container();
    ours.fs().unlink(b"etc/deep/same").unwrap();
    ours.next_layer();
    let asked = |ours: &mut Ours, path: &str| match ours.fs().lookup(path.as_bytes()).unwrap().steps.remove(0)
    {
        Step::Lookup { asked, .. } => asked,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        asked(&mut ours, "etc/deep/big"),
        [
            (Place::Upper, Answer::Nothing),
            (Place::Layer(1), Answer::Nothing),
            (Place::Layer(0), Answer::Has(Kind::File)),
        ]
    );
    assert_eq!(
        asked(&mut ours, "etc/deep/same"),
        [(Place::Upper, Answer::Nothing), (Place::Layer(1), Answer::Whiteout)]
    );
    assert_eq!(
        asked(&mut ours, "etc"),
        [
            (Place::Upper, Answer::Nothing),
            (Place::Layer(1), Answer::Has(Kind::Directory)),
            (Place::Layer(0), Answer::Has(Kind::Directory)),
        ]
    );
    ours.fs().unlink(b"etc/deep/big").unwrap();
    assert_eq!(asked(&mut ours, "etc/deep/big"), [(Place::Upper, Answer::Whiteout)]);
    // A directory that was made again is opaque, also once it is in a layer: nobody below is asked.
    ours.fs().rmdir(b"etc/deep").unwrap();
    ours.fs().mkdir(b"etc/deep", 0o755).unwrap();
    ours.next_layer();
    assert_eq!(
        asked(&mut ours, "etc/deep"),
        [(Place::Upper, Answer::Nothing), (Place::Layer(2), Answer::Opaque)]
    );
}

#[test]
fn what_a_directory_takes_the_place_of_is_not_found() {
    let layers = [
        Tar::new().file("here", "1").dir("marked", 0o755),
        Tar::new().dir("here", 0o755),
        // The mark alone, without an entry for its directory.
        Tar::new().opaque("marked"),
    ];
    let mut shelf = ours::shelf(ours::sessions::archive(&layers));
    let image = Some(shelf.images()[0].key);
    shelf.create(NewContainer { image, ..NewContainer::default() }, TIME).unwrap();
    let fs = shelf.fs(0, TIME).unwrap();
    let asked = |path: &str| match fs.lookup(path.as_bytes()).unwrap().steps.remove(0) {
        Step::Lookup { asked, .. } => asked,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        asked("here"),
        [
            (Place::Upper, Answer::Nothing),
            (Place::Layer(2), Answer::Nothing),
            (Place::Layer(1), Answer::Has(Kind::Directory)),
            (Place::Layer(0), Answer::Hidden),
        ]
    );
    assert_eq!(asked("marked"), [(Place::Upper, Answer::Nothing), (Place::Layer(2), Answer::Opaque)]);
}

#[test]
fn a_directory_made_again_is_opaque() {
    let mut ours = container();
    for path in ["etc/deep/big", "etc/deep/same"] {
        ours.fs().unlink(path.as_bytes()).unwrap();
    }
    let trace = ours.fs().rmdir(b"etc/deep").unwrap();
    assert!(trace.steps.contains(&Step::Whiteout { path: "etc/deep".into() }));
    let trace = ours.fs().mkdir(b"etc/deep", 0o755).unwrap();
    assert_eq!(trace.steps.last(), Some(&Step::Opaque { path: "etc/deep".into() }));
    let items = ours.fs().layer_items();
    let paths: Vec<String> = items.iter().map(|item| item.entry.path.to_string()).collect();
    assert_eq!(paths, ["etc", "etc/deep", "etc/deep/.wh..wh..opq"]);
}

fn with(options: Options) -> Ours {
    let mut ours = container();
    ours.shelf.container_mut(0).unwrap().options = options;
    ours
}

#[test]
fn metacopy_copies_the_content_when_it_is_written() {
    let mut ours = with(Options { metacopy: true, ..Options::default() });
    let trace = ours.fs().chmod(b"etc/deep/big", 0o600).unwrap();
    assert_eq!(copies(&trace).last(), Some(&("etc/deep/big".to_owned(), 0, Why::MetadataOnly)));
    let trace = ours.fs().open(b"etc/deep/big", OpenFlags::WRITE, 0).unwrap();
    assert_eq!(copies(&trace), [("etc/deep/big".to_owned(), 5_000, Why::Data)]);
    assert_eq!(ours.fs().open(b"etc/deep/big", OpenFlags::WRITE, 0).unwrap().copied_now(), 0);
}

#[test]
fn index_keeps_hard_links_together() {
    let mut ours = with(Options { index: true, ..Options::default() });
    ours.fs().append(b"etc/deep/big", Content::from(b"!".to_vec()), 0).unwrap();
    assert_eq!(ours.fs().stat(b"etc/deep/same", true).unwrap().size, 5_001, "it is the same file");
    let trace = ours.fs().chmod(b"etc/deep/same", 0o600).unwrap();
    assert_eq!(copies(&trace), [("etc/deep/same".to_owned(), 0, Why::Index)]);
    assert_eq!(ours.fs().stat(b"etc/deep/big", true).unwrap().meta.mode, 0o600);
    let mut ours = container();
    ours.fs().append(b"etc/deep/big", Content::from(b"!".to_vec()), 0).unwrap();
    assert_eq!(ours.fs().stat(b"etc/deep/same", true).unwrap().size, 5_000, "without it, the link is broken");
}

#[test]
fn redirect_dir_lets_lower_directories_move() {
    let mut ours = container();
    assert_eq!(ours.fs().rename(b"etc/deep", b"moved"), Err(Errno::EXDEV));
    let mut ours = with(Options { redirect_dir: true, ..Options::default() });
    let trace = ours.fs().rename(b"etc/deep", b"moved").unwrap();
    assert!(trace.steps.contains(&Step::Redirect { path: "moved".into(), lower: "etc/deep".into() }));
    assert_eq!(ours.fs().read(b"moved/big", 2).unwrap(), b"xx");
    assert!(ours.fs().stat(b"etc/deep", true).is_err());
    // A layer has no words for it: it holds the files.
    let before = ours.merged();
    ours.next_layer();
    let same: Vec<_> = ours.merged().into_iter().map(|entry| (entry.path, entry.digest)).collect();
    assert_eq!(same, before.into_iter().map(|entry| (entry.path, entry.digest)).collect::<Vec<_>>());
    let _ = TIME;
}
