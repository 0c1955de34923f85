//! What the container page shows for made-up containers, in both languages.
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; clippy does not see that this is one, for its `cfg`"
)]

use std::rc::Rc;

use yew::Reducible;

use super::{LabAction, Part};
use crate::{
    app::{
        i18n::Lang,
        pages::container::ContainerPage,
        samples::{self, render},
        state::{Action, State},
    },
    build::{ProblemKind, Reason},
    container::{Answer, Place, Step, Trace, Why},
    layer::Kind,
    worker::{
        containers::{
            self, BuildStep, Built, ContainerView, Cost, Frame, ImageView, Keeping, Ran, Recipe, Remark,
            Said, ShelfView,
        },
        protocol::{Event, Job, Overlay},
    },
};

const BOTH: [Lang; 2] = [Lang::En, Lang::Zh];

fn state(actions: Vec<LabAction>) -> State {
    let open = Action::Open { job: Job(1), name: "hello.tar".into(), replaces: None, at: 0.0 };
    let report = Box::new(samples::report());
    let opened = Event::Opened { report, name: "hello.tar".into(), size: 1 };
    let mut state = Rc::new(State::default()).reduce(open);
    state = state.reduce(Action::Event { job: Job(1), event: opened, at: 0.0 });
    for action in actions {
        state = state.reduce(Action::Lab(action));
    }
    (*state).clone()
}

fn container() -> ContainerView {
    ContainerView {
        id: "0123456789ab".into(),
        name: "c1".into(),
        image: "hello:latest".into(),
        job: Job(1),
        place: 0,
        upto: Some(2),
        can_undo: true,
        can_redo: false,
        state: containers::State::Exited(3, 65),
        cost: Cost { upper: 1_500, copied: 1_200, grows: 3_072 },
    }
}

fn ran() -> LabAction {
    let asked = vec![(Place::Upper, Answer::Nothing), (Place::Layer(2), Answer::Has(Kind::File))];
    let steps = vec![
        Step::Lookup { path: "etc/motd".into(), asked },
        Step::CopyUp { path: "etc/motd".into(), kind: Kind::File, bytes: 1_200, why: Why::Data },
        Step::Whiteout { path: "etc/issue".into() },
    ];
    let frame = Frame { call: "open /etc/motd".into(), remark: None, trace: Trace { steps, copied: 1_200 } };
    let output = vec![
        Said { is_error: false, bytes: "one\n<b>two</b>\n".into() },
        Said { is_error: true, bytes: "rm: cannot remove '\u{202E}x'\n".into() },
    ];
    LabAction::Ran(Ok(Box::new(Ran {
        output,
        frames: vec![frame],
        container: Some(container()),
        cwd: "etc".into(),
        ..Ran::default()
    })))
}

fn assert_shows(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part:?} is not in {html}");
    }
}

#[test]
fn without_a_container_one_can_be_started() {
    for lang in BOTH {
        let html = render::<ContainerPage>(lang, state(vec![]));
        let words = &lang.words().container;
        assert_shows(
            &html,
            &[words.none, &(words.start)("hello:latest", 3, 3), "terminal-line", words.no_steps],
        );
    }
}

#[test]
fn a_command_shows_what_it_said_and_what_the_filesystem_did() {
    for lang in BOTH {
        let html = render::<ContainerPage>(lang, state(vec![LabAction::Sent("cat x".into()), ran()]));
        let words = &lang.words().container;
        assert_shows(
            &html,
            &[
                "cat x",
                "&lt;b&gt;two",
                "\\u{202E}",
                "terminal-error",
                "c1:/etc#",
                "0123456789ab",
                "1.5 kB",
                "1.2 kB",
                "3.1 kB",
                &(words.step)(1, 3),
                "open /etc/motd",
                "sign-source",
                "rows-1",
                "role=\"log\"",
            ],
        );
        assert!(!html.contains(" style="), "the Content-Security-Policy would ignore it: {html}");
    }
}

#[test]
fn what_cannot_be_turned_back_keeps_its_button() {
    for lang in BOTH {
        let html = render::<ContainerPage>(lang, state(vec![ran()]));
        let button = |name: &str| {
            let at = html.find(&format!("data-testid=\"{name}\"")).unwrap();
            html[at..].split('>').next().unwrap().to_owned()
        };
        assert!(!button("undo").contains("disabled"), "{}", button("undo"));
        assert!(button("redo").contains("aria-disabled=\"true\""), "{}", button("redo"));
        assert!(!button("redo").contains(" disabled"), "{}", button("redo"));
    }
}

#[test]
fn the_containers_directory_has_its_three_columns() {
    let overlay = Overlay { path: "etc".into(), parent: None, names: vec![], entries: vec![], opaque: false };
    for lang in BOTH {
        let html = render::<ContainerPage>(lang, state(vec![ran(), LabAction::Looked(overlay.clone())]));
        assert_shows(&html, &["overlay-lower", "overlay-upper", "overlay-merged", "container-directory"]);
    }
}

#[test]
fn the_shelf_lists_images_and_containers_and_what_they_share() {
    let image = |job, name: Option<&str>, shared, layers: &[(u32, u64)]| ImageView {
        job: Job(job),
        image: 0,
        names: name.map(str::to_owned).into_iter().collect(),
        id: format!("{job}fedcba98765"),
        size: layers.iter().map(|(_, bytes)| bytes).sum(),
        shared,
        containers: 1,
        layers: layers.to_vec(),
    };
    let shelf = ShelfView {
        images: vec![
            image(1, Some("a:1"), 4_000, &[(0, 4_000), (1, 2_500)]),
            image(2, None, 4_000, &[(0, 4_000), (2, 700)]),
        ],
        containers: vec![container()],
        bytes: 7_200,
        keeping: Keeping::default(),
    };
    for lang in BOTH {
        let actions = vec![LabAction::Shelf(shelf.clone()), LabAction::Show(Part::Shelf)];
        let html = render::<ContainerPage>(lang, state(actions));
        let words = &lang.words().container;
        assert_shows(
            &html,
            &[
                (words.state_of)(containers::State::Exited(3, 65)).as_str(),
                "a:1",
                "&lt;none&gt;",
                "6.5 kB",
                "4.0 kB",
                "2.5 kB",
                "7.2 kB",
                "c1",
                words.has,
            ],
        );
        // The dangling image is told by its id.
        assert_shows(&html, &["docker image rm 2fedcba98765", "docker rm -f c1", "docker run -it a:1"]);
        assert_eq!(html.matches("has hue-0").count(), 2, "both have the first layer");
    }
}

#[test]
fn a_build_tells_of_each_step_and_of_lines() {
    let built = Built {
        steps: vec![BuildStep {
            instruction: "COPY <a> /a".into(),
            line: 2,
            cached: true,
            why: Reason::Built,
            layer: Some(2_048),
            image: Some("0123456789ab".into()),
            output: "printed".into(),
        }],
        remarks: vec![
            Remark { line: 3, is_error: true, text: "no process runs here".into(), kind: ProblemKind::Other },
            Remark {
                line: 2,
                is_error: false,
                text: "file not found: missing".into(),
                kind: ProblemKind::NotFound("missing".into()),
            },
        ],
        image: None,
    };
    let recipe = Recipe { dockerfile: "FROM hello\nCOPY a /a\nRUN make\n".into(), ..Recipe::default() };
    for lang in BOTH {
        let actions = vec![
            LabAction::Show(Part::Build),
            LabAction::Recipe(recipe.clone()),
            LabAction::Building,
            LabAction::Built(Ok(built.clone())),
        ];
        let html = render::<ContainerPage>(lang, state(actions));
        let words = &lang.words().container;
        assert_shows(
            &html,
            &[
                "RUN make",
                &(words.at_line)(3),
                "no process runs here",
                "class=\"line-error\">✗ 3",
                "class=\"line-remark\">! 2",
                "aria-invalid=\"true\"",
                "COPY &lt;a&gt; /a",
                words.cached,
                (words.reason)(Reason::Built),
                match lang {
                    Lang::En => "file not found: missing",
                    Lang::Zh => "找不到要复制的文件：missing",
                },
                &(words.layer_of)("2.0 kB"),
                "printed",
                words.not_built,
            ],
        );
    }
}

/// What is ours to explain is explained in the reader's language; docker's own words stay as they are.
#[test]
fn why_a_build_ends_is_said_in_both_languages() {
    let ended = |dockerfile: &str| {
        let (mut shelf, mut host) = (crate::container::Shelf::new(), crate::engine::NoHost::new(1));
        let mut world = crate::engine::World::new(&mut shelf, &mut host, Default::default());
        let order = crate::build::Build { dockerfile: dockerfile.into(), ..Default::default() };
        crate::build::build(&mut world, &mut Default::default(), &order).problem.unwrap()
    };
    let zh = Lang::Zh.words().container.problem;
    let long = format!("FROM scratch\n#{}", "x".repeat(crate::limits::DOCKERFILE));
    for dockerfile in [
        "FROM none",
        "COPY a /",
        "FOO",
        "FROM scratch\nENV",
        "FROM scratch\nCOPY none /",
        "FROM scratch\nADD https://example.com/x /",
        "FROM scratch\nCOPY <<EOF /a\nb\nEOF",
        "FROM scratch\nRUN --mount=type=cache true",
        "FROM scratch\nCOPY --parents a /",
        "FROM scratch\nCOPY --from=none a /",
        "FROM scratch\nRUN make",
        long.as_str(),
    ] {
        let problem = ended(dockerfile);
        let text = zh(&problem.kind).unwrap_or_else(|| panic!("{problem}"));
        assert!(!text.is_ascii() && text != problem.message, "{text}");
    }
    for (dockerfile, message) in [
        ("", "file with no instructions"),
        ("FROM a b c d", "FROM requires either one or three arguments"),
        ("FROM scratch\nEXPOSE x", "invalid containerPort: x"),
        ("FROM scratch\nCOPY a", "COPY requires at least two arguments, but only one was provided"),
    ] {
        let problem = ended(dockerfile);
        assert_eq!((problem.message.as_str(), zh(&problem.kind)), (message, None));
    }
}
