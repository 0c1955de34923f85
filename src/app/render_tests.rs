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
    pages::{history::HistoryPage, image::ImagePage, trust::TrustPage},
    root::Shell,
    samples::{self, render},
    state::{Action, Page, State, Verification},
    trust::Checks,
};
use crate::anomaly::{Code, Severity};
use crate::audit::{Audit, Dive, Reclaimable};
use crate::image::DocumentKind;
use crate::limits::Limit;
use crate::report::AnomalyReport;
use crate::worker::protocol::{Event, Failure, FailureKind, Job, LayerSizes, OsRelease, Progress, Totals};

const BOTH: [Lang; 2] = [Lang::En, Lang::Zh];

/// The state after these events of job 1.
fn state(events: Vec<Event>) -> State {
    let open = Action::Open { job: Job(1), name: "hello.tar".into(), replaces: None, at: 0.0 };
    let mut state = Rc::new(State::default()).reduce(open);
    for (event, second) in events.into_iter().zip(1..) {
        state = state.reduce(Action::Event { job: Job(1), event, at: f64::from(second) * 1000.0 });
    }
    (*state).clone()
}

fn opened() -> Event {
    Event::Opened { report: samples::report().into(), name: "hello.tar".into(), size: 12_345 }
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
    layer.entries = Some(3);
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
fn an_archive_that_is_read_while_it_comes_says_how_many_layers_are_read() {
    use crate::registry::News;
    for lang in BOTH {
        let progress = |done, total| Event::Progress(Progress { layer: None, done, total });
        for layers in [0, 1, 2] {
            let passed = Event::Remote(News::Passed(layers));
            let html = render::<Start>(lang, state(vec![progress(1_000_000, 0), passed]));
            assert_shows(&html, &[&(lang.words().remote.passed)(layers), "1.0 MB"]);
            assert!(html.contains("<progress aria-label"), "nobody knows how much there is: {html}");
        }
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
    unchecked.entries = Some(3);
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
                &(lang.words().shell.anomalies)(1),
                lang.words().trust.see,
            ],
        );
    }
}

#[test]
fn the_trust_page_tells_what_agrees_and_what_is_odd() {
    for lang in BOTH {
        let (w, trust) = (&lang.words().image, &lang.words().trust);
        let state = state(vec![opened(), read(0, true), read(1, false), merged(), Event::Finished]);
        let verdict = (trust.verdict)(Checks::of_archive(state.archive.as_ref().unwrap()));
        let html = render::<TrustPage>(lang, state);
        assert_shows(
            &html,
            &[
                &verdict,
                (w.anomaly)(Code::TarTrailingData),
                "tar-trailing-data",
                "512 bytes follow the end",
                "10,240",
                &(trust.severity_count)(Severity::Warning, 1),
                (w.verification)(Verification::Verified),
                (w.verification)(Verification::Mismatch),
                (w.verification)(Verification::Unchecked),
                (trust.document_kind)(DocumentKind::Config),
                "notes.txt",
                "3,584",
            ],
        );
        // Where stated and found differ, both stand.
        let found = crate::digest::Digest::sha256(b"found").to_string();
        assert_shows(&html, &[&found, &samples::layer_report(1).stated_diff_id.unwrap().to_string()]);
    }
}

#[test]
fn a_limit_that_bit_is_told_with_how_to_go_on() {
    let limited = |limit| {
        let mut layer = samples::layer_report(1);
        layer.digest = layer.stated_digest.clone();
        layer.limit = Some(limit);
        state(vec![opened(), Event::Layer { image: 0, layer: Box::new(layer) }])
    };
    for lang in BOTH {
        let shell = &lang.words().shell;
        for limit in [Limit::Bytes, Limit::Ratio, Limit::Entries] {
            let html = render::<Notice>(lang, limited(limit));
            assert_shows(&html, &[&(shell.limit)(limit, 2), shell.go_on, shell.go_on_note]);
        }
        for limit in [Limit::Paths, Limit::Text] {
            let html = render::<Notice>(lang, limited(limit));
            assert_shows(&html, &[&(shell.limit)(limit, 2), shell.limit_stays]);
            assert!(!html.contains("go-on"), "memory depends on it: {html}");
        }
        let read = Rc::new(limited(Limit::Ratio)).reduce(Action::DismissLimits);
        assert!(!render::<Notice>(lang, (*read).clone()).contains("go-on"));

        // The archive as a whole was not opened.
        let kind = FailureKind::Corrupt(Code::LimitReached);
        let failure = Failure { kind, detail: String::new(), offset: None };
        let html = render::<Start>(lang, state(vec![Event::Failed(failure)]));
        assert_shows(&html, &[(shell.failure)(kind).0, "data-testid=\"go-on\""]);
    }
}

#[test]
fn an_archive_without_an_image_leads_to_why() {
    let mut report = samples::report();
    report.images.clear();
    let opened = Event::Opened { report: report.into(), name: "none.tar".into(), size: 1 };
    let none = Rc::new(state(vec![opened]));
    for lang in BOTH {
        let html = render::<Shell>(lang, (*none).clone());
        assert_shows(&html, &["none.tar", "tar-trailing-data", &(lang.words().shell.anomalies)(1)]);
        let files = Rc::clone(&none).reduce(Action::SelectPage(Page::Files));
        assert_shows(&render::<Shell>(lang, (*files).clone()), &[lang.words().shell.no_image]);
    }
}

#[test]
fn the_image_page_counts_space_in_two_ways() {
    let audit = Audit {
        dive: Dive { efficiency: 0.875, wasted_bytes: 2_500, user_wasted_percent: None },
        reclaimable: Reclaimable { total: 1_500, deleted: 1_100, overwritten: 400, ..Reclaimable::default() },
    };
    let merged = Rc::new(state(vec![opened(), merged(), Event::Finished]));
    for lang in BOTH {
        let w = &lang.words().image;
        let answered = |audit| Rc::clone(&merged).reduce(Action::Audited { job: Job(1), image: 0, audit });
        let html = render::<ImagePage>(lang, (*answered(Some(audit))).clone());
        assert_shows(&html, &["87.5 %", "2.5 kB", "1.5 kB", "1.1 kB", "400 B", w.dive_wasted.1]);
        let html = render::<ImagePage>(lang, (*answered(None)).clone());
        assert_shows(&html, &[w.no_space]);
    }
}

#[test]
fn many_anomalies_of_a_kind_are_not_listed_at_once() {
    let anomaly = |n: u32| AnomalyReport {
        code: Code::PathUnusual,
        severity: Severity::Warning,
        message: format!("path number {n} is odd"),
        image: Some(0),
        layer: Some(n % 3),
        offset: None,
    };
    let events = vec![opened(), Event::Anomalies((0..5_000).map(anomaly).collect())];
    for lang in BOTH {
        let html = render::<TrustPage>(lang, state(events.clone()));
        assert_eq!(html.matches("is odd").count(), 10);
        assert_shows(&html, &[&(lang.words().trust.show_more)("4,990"), "5,000"]);
    }
}

#[test]
fn what_strangers_wrote_is_text() {
    for html in [
        render::<ImagePage>(Lang::En, state(vec![opened()])),
        render::<HistoryPage>(Lang::En, state(vec![opened()])),
        render::<Stack>(Lang::En, state(vec![opened()])),
        render::<TrustPage>(Lang::En, state(vec![opened()])),
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
        FailureKind::Corrupt(Code::TarTruncated),
        FailureKind::Unsupported,
        FailureKind::NotStarted,
        FailureKind::Crashed,
        FailureKind::Unresponsive,
        FailureKind::Interrupted,
        FailureKind::Stale,
    ];
    for lang in BOTH {
        for kind in kinds {
            let failure = Failure { kind, detail: "the <b>particulars</b>".into(), offset: Some(1_536) };
            let html = render::<Start>(lang, state(vec![Event::Failed(failure.clone())]));
            let (what, advice) = (lang.words().shell.failure)(kind);
            assert_shows(&html, &["data-testid=\"error\"", what, advice, "1,536", "&lt;b&gt;particulars"]);
            let html = render::<Notice>(lang, state(vec![opened(), Event::Failed(failure)]));
            let words = &lang.words().shell;
            let (kept, button) =
                if kind.ends_worker() { (words.lost, words.open_again) } else { (words.partial, "") };
            assert_shows(&html, &["data-testid=\"error\"", what, kept, button]);
        }
    }
}

/// That a registry is moving may be why its image cannot be opened.
#[test]
fn what_a_server_warned_of_stands_beside_the_failure() {
    use super::remote::RemoteAction;
    use crate::registry::{News, Remote, Trouble};
    let failure =
        Failure { kind: FailureKind::Remote(Trouble::NotFound), detail: String::new(), offset: None };
    for lang in BOTH {
        let job = Job(1);
        let asked = Action::Remote(RemoteAction::Asked(job, Remote::look("r.example/a")));
        let open = Action::Open { job, name: "r.example/a".into(), replaces: None, at: 0.0 };
        let mut state = Rc::new(State::default()).reduce(asked).reduce(open);
        let warning = Event::Remote(News::Warning("moves to <b>s.example</b>".to_owned()));
        for event in [warning, Event::Failed(failure.clone())] {
            state = state.reduce(Action::Event { job, event, at: 1.0 });
        }
        let words = lang.words();
        let parts = ["data-testid=\"error\"", words.remote.warns, "moves to &lt;b&gt;s.example"];
        assert_shows(&render::<Notice>(lang, (*state).clone()), &parts);
        // Of another failure it says nothing.
        let mut state = state.reduce(Action::Open { job: Job(2), name: "x".into(), replaces: None, at: 2.0 });
        state = state.reduce(Action::Event { job: Job(2), event: Event::Failed(failure.clone()), at: 3.0 });
        assert!(!render::<Notice>(lang, (*state).clone()).contains("remote-warnings"));
    }
}

/// A browser tells of neither more than that nothing came.
#[test]
fn causes_that_are_inferred_are_not_asserted() {
    use super::remote::Cause;
    for (lang, likely) in [(Lang::En, "most likely"), (Lang::Zh, "很可能")] {
        for cause in [Cause::Redirect, Cause::TokenServer] {
            let (what, _) = (lang.words().remote.cause)(cause);
            assert!(what.contains(likely), "{what}");
        }
    }
}

#[test]
fn an_archive_stays_when_the_next_cannot_be_opened() {
    for lang in BOTH {
        let mut state = Rc::new(state(vec![opened(), merged(), Event::Finished]));
        state = state.reduce(Action::Open { job: Job(2), name: "notes.pdf".into(), replaces: None, at: 0.0 });
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
