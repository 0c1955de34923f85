//! What the page shows for made-up states, in both languages.
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; clippy does not see that this is one, for its `cfg`"
)]

use std::rc::Rc;

use yew::Reducible;

use super::{
    components::{notice::Notice, stack::Stack, start::Start, status_bar::StatusBar},
    i18n::Lang,
    pages::{history::HistoryPage, image::ImagePage},
    root::Shell,
    samples::{self, render},
    state::{Action, State},
};
use crate::worker::protocol::{Event, Failure, FailureKind, Job, LayerSizes, OsRelease, Progress, Totals};

const BOTH: [Lang; 2] = [Lang::En, Lang::Zh];

/// The state after these events of job 1.
fn state(events: Vec<Event>) -> State {
    let open = Action::Open { job: Job(1), name: "hello.tar".into(), at: 0.0 };
    let mut state = Rc::new(State::default()).reduce(open);
    for (event, second) in events.into_iter().zip(1..) {
        state = state.reduce(Action::Event { job: Job(1), event, at: f64::from(second) * 1000.0 });
    }
    (*state).clone()
}

#[expect(clippy::unwrap_used, reason = "a report always serialises")]
fn opened() -> Event {
    let report = serde_json::to_string(&samples::report()).unwrap();
    Event::Opened { report, name: "hello.tar".into(), size: 12_345 }
}

fn merged() -> Event {
    let sizes = |stored, net, cumulative, hidden| LayerSizes { stored, net, cumulative, hidden };
    Event::Merged {
        image: 0,
        layers: 3,
        totals: Totals {
            paths: 1_234,
            stored: 9_000,
            visible: 7_500,
            hidden: 1_500,
            layers: vec![
                sizes(6_000, 6_000, 6_000, 1_500),
                sizes(1_000, -500, 5_500, 0),
                sizes(2_000, 2_000, 7_500, 0),
            ],
        },
        os: Some(OsRelease {
            path: "usr/lib/os-release".into(),
            pretty_name: "Debian GNU/Linux 12".into(),
            id: "debian".into(),
            version_id: "12".into(),
        }),
        kernel: vec![],
    }
}

/// A layer as it is once read; its DiffId agrees or not.
fn read(index: u32, agrees: bool) -> Event {
    let mut layer = samples::layer_report(index);
    layer.digest = layer.stated_digest.clone();
    layer.digest_verified = Some(true);
    layer.diff_id = Some(crate::digest::Digest::sha256(b"found"));
    layer.diff_id_verified = Some(agrees);
    Event::Layer { image: 0, layer: layer.into() }
}

fn assert_shows(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part:?} is not in {html}");
    }
}

#[test]
fn the_start_screen_says_what_this_is_and_offers_the_samples() {
    for lang in BOTH {
        let words = lang.words();
        let html = render::<Start>(lang, State::default());
        assert_shows(&html, &[words.shell.tagline, words.shell.choose_file, words.shell.privacy]);
        for sample in crate::fixture::samples() {
            assert_shows(&html, &[&format!("sample-{}", sample.name), (words.shell.sample)(sample.name)]);
        }
    }
}

#[test]
fn opening_can_be_cancelled() {
    for lang in BOTH {
        let progress = Event::Progress(Progress { layer: None, done: 1_000_000, total: 4_000_000 });
        let html = render::<Start>(lang, state(vec![progress]));
        assert_shows(
            &html,
            &["data-testid=\"cancel\"", "hello.tar", "4.0 MB", lang.words().shell.decompressing],
        );
    }
}

#[test]
fn the_stack_stands_before_any_layer_is_read() {
    for lang in BOTH {
        let html = render::<Stack>(lang, state(vec![opened()]));
        assert_shows(&html, &["RUN apt-get update", "ENV A=b", lang.words().shell.waiting, "3.0 kB"]);
        let place = |part: &str| html.find(part).unwrap();
        assert!(place("layer-2") < place("layer-1") && place("layer-1") < place("layer-0"), "newest on top");
    }
}

#[test]
fn a_layer_being_read_shows_how_far_it_is() {
    for lang in BOTH {
        let progress = |done| Event::Progress(Progress { layer: Some((0, 1)), done, total: 9_000_000 });
        let html = render::<Stack>(lang, state(vec![opened(), progress(1_000_000), progress(3_000_000)]));
        assert_shows(&html, &["<progress max=\"9000000\"", "value=\"3000000\"", "2.0 MB/s"]);
        assert_shows(&html, &[&(lang.words().shell.left)(&super::format::duration(lang, 3.0))]);
    }
}

#[test]
fn a_read_layer_shows_its_sizes_and_its_check() {
    let mut unchecked = samples::layer_report(2);
    unchecked.digest = unchecked.stated_digest.clone();
    let unchecked = Event::Layer { image: 0, layer: unchecked.into() };
    for lang in BOTH {
        let html = render::<Stack>(
            lang,
            state(vec![opened(), read(0, true), read(1, false), unchecked.clone(), merged()]),
        );
        let words = lang.words();
        assert_shows(
            &html,
            &["−500 B", "+2.0 kB", "7.5 kB", "check-verified", "check-mismatch", "check-pending"],
        );
        assert_shows(&html, &[&(words.shell.visible_hidden)("4.5 kB", "1.5 kB")]);
    }
}

#[test]
fn a_missing_blob_is_not_an_empty_layer() {
    for lang in BOTH {
        let html = render::<Stack>(
            lang,
            state(vec![opened(), read(0, true), read(1, true), merged(), Event::Finished]),
        );
        assert_eq!(
            html.matches(lang.words().shell.blob_missing).count(),
            1,
            "layer 2 was never read: {html}"
        );
    }
}

#[test]
fn layers_above_the_scrubber_are_set_apart() {
    let state = Rc::new(state(vec![opened()])).reduce(Action::SelectUpto(0));
    let html = render::<Stack>(Lang::En, (*state).clone());
    assert_eq!(html.matches("layer-above").count(), 2);
    assert_shows(&html, &["aria-valuetext=\"layer 1 of 3\"", "up to 1"]);
}

#[test]
fn the_image_page_tells_all() {
    for lang in BOTH {
        let w = &lang.words().image;
        let html = render::<ImagePage>(
            lang,
            state(vec![opened(), read(0, true), read(1, false), merged(), Event::Finished]),
        );
        assert_shows(
            &html,
            &[
                "docker.io/library/hello:latest",
                "linux/amd64",
                "[\"/bin/hello\",\"two words\"]",
                "80/tcp",
                "greeter",
                "Debian GNU/Linux 12",
                w.no_kernel,
                "1,234",
                "FROM scratch",
                (w.anomaly)(crate::anomaly::Code::TarTrailingData),
                "10,240",
                (w.verification)(super::state::Verification::Verified),
                (w.verification)(super::state::Verification::Mismatch),
                (w.verification)(super::state::Verification::Unchecked),
            ],
        );
        let found = crate::digest::Digest::sha256(b"found").to_string();
        assert_shows(&html, &[&found, &samples::layer_report(1).stated_diff_id.unwrap().to_string()]);
    }
}

#[test]
fn what_strangers_wrote_is_text() {
    for html in [
        render::<ImagePage>(Lang::En, state(vec![opened()])),
        render::<HistoryPage>(Lang::En, state(vec![opened()])),
        render::<Stack>(Lang::En, state(vec![opened()])),
    ] {
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains('\u{202E}'), "{html}");
        assert!(!html.contains(" style="), "the Content-Security-Policy would ignore it: {html}");
    }
    let html = render::<ImagePage>(Lang::En, state(vec![opened()]));
    assert_shows(&html, &["&lt;script&gt;alert(1)", "<span class=\"escape\">\\u{202E}</span>"]);
}

#[test]
fn the_history_has_every_step() {
    for lang in BOTH {
        let html = render::<HistoryPage>(lang, state(vec![opened(), merged()]));
        assert_shows(
            &html,
            &[
                "step-0",
                "step-4",
                "COPY hello",
                "6.0 kB",
                lang.words().image.no_layer,
                "2024-02-29T12:34:56Z",
            ],
        );
    }
}

#[test]
fn the_status_bar_sums_up() {
    for lang in BOTH {
        let words = lang.words();
        let html = render::<StatusBar>(lang, state(vec![opened(), read(0, true), read(1, false), merged()]));
        assert_shows(
            &html,
            &[
                &(words.shell.paths)(1_234),
                &(words.shell.sum)("9.0 kB", "7.5 kB", "1.5 kB"),
                &(words.shell.digests)(1, 3),
                words.shell.digests_mismatch,
                &(words.shell.anomalies)(1),
                &(words.shell.requests)(0),
                "data-testid=\"cancel\"",
            ],
        );
    }
}

#[test]
fn every_failure_is_told_with_what_to_do() {
    let kinds = [
        FailureKind::Empty,
        FailureKind::NotAnArchive,
        FailureKind::NotAnImage,
        FailureKind::Unreadable,
        FailureKind::Corrupt(crate::anomaly::Code::TarTruncated),
        FailureKind::Unsupported,
        FailureKind::Crashed,
        FailureKind::Stale,
    ];
    for lang in BOTH {
        for kind in kinds {
            let failure = Failure { kind, detail: "the <b>particulars</b>".into(), offset: Some(1_536) };
            let html = render::<Start>(lang, state(vec![Event::Failed(failure.clone())]));
            let (what, advice) = (lang.words().shell.failure)(kind);
            assert_shows(&html, &["data-testid=\"error\"", what, advice, "1,536", "&lt;b&gt;particulars"]);
            let html = render::<Notice>(lang, state(vec![opened(), Event::Failed(failure)]));
            assert_shows(&html, &["data-testid=\"error\"", what, lang.words().shell.partial]);
        }
    }
}

#[test]
fn an_archive_stays_when_the_next_cannot_be_opened() {
    for lang in BOTH {
        let mut state = Rc::new(state(vec![opened(), merged(), Event::Finished]));
        state = state.reduce(Action::Open { job: Job(2), name: "notes.pdf".into(), at: 0.0 });
        let failure = Failure { kind: FailureKind::NotAnArchive, detail: String::new(), offset: None };
        state = state.reduce(Action::Event { job: Job(2), event: Event::Failed(failure), at: 1.0 });
        let html = render::<Shell>(lang, (*state).clone());
        let words = lang.words();
        assert_shows(
            &html,
            &[&(words.shell.not_opened)("notes.pdf"), &(words.shell.still_open)("hello.tar"), "layer-2"],
        );
    }
}

#[test]
fn the_languages_share_no_sentence() {
    let states = [State::default(), state(vec![opened(), merged(), Event::Finished])];
    for state in states {
        let html = render::<Shell>(Lang::Zh, state);
        for english in
            [super::i18n::EN.shell.tagline, super::i18n::EN.shell.privacy, super::i18n::EN.shell.upto]
        {
            assert!(!html.contains(english), "{english:?} is in the Chinese page");
        }
    }
}
