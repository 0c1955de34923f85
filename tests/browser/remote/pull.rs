//! Pulling, looking, choosing; and what goes wrong on the way.

use std::time::Duration;

use layerscope::digest::Digest;
use tokio::time::sleep;

use super::{begin, fetched_whole, name, pull, registry, states, wait_for_states};
use crate::{
    app::id,
    native::Native,
    open::assert_page_agrees,
    servers::{
        fake::{self, Fault},
        images::{FIRST, MULTI, SECOND, Stored, digests},
    },
    support::{Options, Page, Scheme, run},
};

#[test]
fn a_typed_name_is_pulled_as_it_would_be_dropped() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-typed", Options::default(), async |page| {
        page.open_at("remote.html").await;
        page.wait_for("[data-testid=remote-place]").await;
        page.wait_for_text("[data-testid=status]", "may fetch from other hosts").await;
        page.type_into("[data-testid=remote-place]", "Nginx").await;
        page.wait_for_text("[data-testid=remote-says]", "capital letters").await;
        page.type_into("[data-testid=remote-place]", &name(&registry, FIRST)).await;
        let says = page.text("[data-testid=remote-says]").await;
        assert!(
            says.contains(&registry.host()) && says.contains("shop/web") && says.contains(FIRST),
            "{says}"
        );
        assert!(registry.log().lines().is_empty(), "typing asks nobody");
        page.click("[data-testid=remote-pull]").await;
        fetched_whole(page).await;
        page.wait_for_text("[data-testid=status-digests]", "✓").await;
        let (_, layers) = digests(&stored.layout(), FIRST);
        for layer in &layers {
            assert_eq!(registry.log().blob_gets(layer), 1, "{:?}", registry.log().lines());
        }
        let pulled = page.text("[data-testid=status-sum]").await;
        let rows = page.texts("[data-testid=view-files] [role=row]").await;
        page.screenshot("remote-pulled").await;

        // The same as a file.
        page.open().await;
        let file = stored.archive().with_file_name("alone.tar");
        std::fs::write(&file, stored.alone(FIRST)).unwrap();
        page.drop_file(&file).await;
        page.wait_for_text("[data-testid=status-digests]", "✓").await;
        assert_eq!(page.text("[data-testid=status-sum]").await, pulled);
        assert_eq!(page.texts("[data-testid=view-files] [role=row]").await, rows);
    });
}

#[test]
fn layers_of_another_open_image_are_not_fetched_again() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-exists", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        fetched_whole(page).await;
        page.eval(&format!("location.hash = 'pull={}'", name(&registry, SECOND))).await;
        page.click(&id("remote-agree")).await;
        wait_for_states(page, &["already exists", "already exists", "complete"]).await;
        let (_, layers) = digests(&stored.layout(), SECOND);
        for layer in &layers {
            assert_eq!(registry.log().blob_gets(layer), 1, "{:?}", registry.log().lines());
        }
        page.wait_for_text("[data-testid=status-digests]", "3/3 ✓").await;
    });
}

#[test]
fn an_image_is_looked_at_before_it_is_pulled() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-look", Options::default(), async |page| {
        pull(page, &format!("look={}&view=history", name(&registry, FIRST))).await;
        page.wait_for_text(&id("view-history"), "rm /etc/motd").await;
        wait_for_states(page, &["not fetched", "not fetched", "not fetched"]).await;
        assert!(!registry.log().lines().iter().any(|line| {
            digests(&stored.layout(), FIRST).1.iter().any(|layer| line.contains(layer.as_str()))
        }));
        page.click("[data-testid=fetch-layer]").await;
        wait_for_states(page, &["complete", "not fetched", "not fetched"]).await;
        page.click("[data-testid=fetch-all]").await;
        fetched_whole(page).await;
    });
}

#[test]
fn an_image_is_looked_at_and_pulled_by_keyboard_alone_in_chinese() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    let options = Options { language: "zh-CN", scheme: Scheme::Dark, ..Options::default() };
    run("remote-keyboard", options, async |page| {
        page.open_at("remote.html").await;
        page.wait_for(&id("remote-place")).await;
        page.tab_to(&id("remote-place")).await;
        page.type_keys(&name(&registry, FIRST)).await;
        page.wait_for_text(&id("remote-says"), "注册服务器").await;
        page.tab_to(&id("remote-look")).await;
        page.key("Enter").await;
        wait_for_states(page, &["未获取", "未获取", "未获取"]).await;
        page.tab_to(&id("fetch-layer")).await;
        page.key("Enter").await;
        wait_for_states(page, &["完成", "未获取", "未获取"]).await;
        page.screenshot("remote-chinese").await;
        page.tab_to(&id("fetch-all")).await;
        page.key("Enter").await;
        wait_for_states(page, &["完成", "完成", "完成"]).await;
        page.wait_for_text(&id("status"), "本页面可以从其他主机获取内容").await;
        page.assert_silent().await;
    });
}

#[test]
fn a_platform_is_chosen_and_stands_in_the_url() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-platform", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, MULTI))).await;
        page.wait_for_text("[data-testid=remote-choices]", "linux/arm64/v8").await;
        page.click("[data-testid=remote-choices] li:nth-child(2) button").await;
        fetched_whole(page).await;
        page.wait_for_text(".header", "linux/arm64").await;
        page.until("the platform in the URL", async |page| {
            page.eval("location.hash").await.as_str().unwrap().contains("platform=linux/arm64/v8")
        })
        .await;
        // A reload comes to the same, once it is agreed to.
        page.press("3").await;
        page.until("the view in the URL", async |page| {
            page.eval("location.hash").await.as_str().unwrap().contains("view=history")
        })
        .await;
        page.eval("location.reload()").await;
        page.wait_for("[data-testid=remote-agree]").await;
        page.click("[data-testid=remote-agree]").await;
        fetched_whole(page).await;
        page.wait_for("[data-testid=view-history]").await;
    });
}

#[test]
fn what_is_cut_or_put_off_goes_on() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    for faults in [
        vec![Fault::Cut { after: 1_000, times: 1 }],
        vec![Fault::Cut { after: 1_000, times: 1 }, Fault::IgnoreRange],
        vec![Fault::TooMany { times: 1, retry_after: 1 }],
    ] {
        let registry = registry(&stored, faults.clone());
        run("remote-faults", Options::default(), async |page| {
            pull(page, &format!("pull={}", name(&registry, FIRST))).await;
            fetched_whole(page).await;
            page.wait_for_text("[data-testid=status-digests]", "3/3 ✓").await;
            if faults.len() == 1 && matches!(faults[0], Fault::Cut { .. }) {
                let resumed = registry.log().hits().into_iter().any(|hit| {
                    hit.target.contains(&layers[0])
                        && hit.range.as_deref().is_some_and(|range| range != "bytes=0-")
                });
                assert!(resumed, "{:?}", registry.log().hits());
            }
        });
    }
}

/// Large images are read in threads while they come.
#[test]
fn a_large_image_goes_on_where_it_was_cut() {
    let stored = Stored::large();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let registry = registry(&stored, vec![Fault::Cut { after: 3_500_000, times: 1 }]);
    run("remote-large", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        fetched_whole(page).await;
        for layer in &layers {
            let hits = registry.log().hits();
            let rest = hits.iter().filter(|hit| hit.target.contains(layer) && hit.range.is_some()).count();
            assert_eq!((registry.log().blob_gets(layer), rest), (2, 1), "{hits:#?}");
        }
        let archive = stored.archive();
        assert_page_agrees(page, &archive).await;
        // What has come is there to be looked into.
        page.select("noise").await;
    });
}

/// Pulls an image whose layers stall, and cancels and goes on each time, until all of it is there.
async fn pull_with_patience(page: &Page, place: &str) {
    pull(page, place).await;
    let mut cancelled = 0;
    loop {
        // Far more than it takes until all that comes has come.
        sleep(Duration::from_secs(2)).await;
        let states = states(page).await.concat();
        if states.contains("downloading") {
            cancelled += 1;
            page.click(&id("cancel")).await;
            page.wait_for(&id("cancelled")).await;
            page.click("[data-testid=fetch-all]").await;
        } else if states == "complete".repeat(3) {
            break;
        }
    }
    assert!(cancelled > 0, "layers stall");
    fetched_whole(page).await;
}

/// What a thread has read is not lost with it.
#[test]
fn a_large_image_goes_on_where_it_was_cancelled() {
    let stored = Stored::large();
    // Each layer stalls once: what is left of it is shorter.
    let registry = registry(&stored, vec![Fault::Stall(5_000_000)]);
    run("remote-large-cancel", Options::default(), async |page| {
        pull_with_patience(page, &format!("pull={}", name(&registry, FIRST))).await;
        assert_page_agrees(page, &stored.archive()).await;
        let hits = registry.log().hits();
        let resumed: Vec<_> = hits.iter().filter_map(|hit| hit.range.as_deref()).collect();
        assert_eq!(resumed, ["bytes=5000000-"; 3], "{hits:#?}");
    });
}

/// What had come, and was not read yet, is read when the pull goes on.
#[test]
fn layers_that_had_come_whole_are_not_fetched_again_after_a_cancelling() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let registry = registry(&stored, vec![Fault::Endless]);
    run("remote-endless", Options::default(), async |page| {
        pull_with_patience(page, &format!("pull={}", name(&registry, FIRST))).await;
        for layer in &layers {
            assert_eq!(registry.log().blob_gets(layer), 1, "{layer}");
        }
    });
}

/// What was pulled is there to be looked into, also where there was no memory for pieces to lie about in.
#[test]
fn what_was_pulled_is_whole() {
    let stored = Stored::large();
    let registry = registry(&stored, Vec::new());
    let mut native = Native::read(&stored.archive());
    let version = native.versions(0, "noise/1")[0].clone();
    let wanted = native.content(version.content.unwrap());
    let small = "Object.defineProperty(WorkerNavigator.prototype, 'deviceMemory', { value: 2 ** -9 });";
    for (name_of, script) in [("room", ""), ("small", small)] {
        let options = Options { open: false, ..Options::default() };
        run(&format!("remote-whole-{name_of}"), options, async |page| {
            page.edit("worker.js", |glue| glue + script);
            pull(page, &format!("pull={}", name(&registry, FIRST))).await;
            fetched_whole(page).await;
            assert_page_agrees(page, &stored.archive()).await;
            page.select("noise/1").await;
            page.click(&id("download")).await;
            assert!(page.downloaded("1", wanted.len()).await == wanted, "noise/1 is another file");
        });
    }
}

#[test]
fn wrong_bytes_and_web_pages_are_refused() {
    let stored = Stored::new();
    for (fault, says) in [
        (Fault::WrongManifests, "not what was asked for"),
        (Fault::Html, "not a registry"),
        (Fault::Long(10), "More was sent"),
    ] {
        let registry = registry(&stored, vec![fault]);
        run("remote-wrong", Options::default(), async |page| {
            pull(page, &format!("pull={}", name(&registry, FIRST))).await;
            page.wait_for_text("[data-testid=error]", says).await;
        });
    }
    // A layer that is not what it should be is shown as what it is.
    let registry = registry(&stored, vec![Fault::WrongBlobs]);
    run("remote-wrong-blobs", Options::default(), async |page| {
        pull(page, &format!("look={}", name(&registry, FIRST))).await;
        page.until("a refusal or the layers", async |page| {
            page.find("[data-testid=error]").await.is_some()
                || page.count("[data-testid=pull-layer]").await > 0
        })
        .await;
        assert!(
            page.text("[data-testid=error]").await.contains("not what was asked for"),
            "the config is a blob, too"
        );
    });
}

#[test]
fn layouts_and_archives_on_a_web_server_open() {
    let stored = Stored::new();
    let files = fake::files(&stored.layout(), true);
    run("remote-layout", Options::default(), async |page| {
        pull(page, &format!("pull={}/", files.url())).await;
        page.wait_for_text("[data-testid=remote-choices]", FIRST).await;
        page.click("[data-testid=remote-choices] li:nth-child(1) button").await;
        fetched_whole(page).await;
        page.wait_for_text("[data-testid=status-digests]", "3/3 ✓").await;
    });
    let folder = stored.archive().parent().unwrap().to_owned();
    let files = fake::files(&folder, true);
    run("remote-archive", Options::default(), async |page| {
        pull(page, &format!("look={}/image.tar", files.url())).await;
        page.wait_for("[data-testid=pull-layer]").await;
        let sent: Vec<_> = files.log().hits().into_iter().map(|hit| (hit.status, hit.range)).collect();
        assert!(sent.iter().all(|(status, range)| *status == 206 && range.is_some()), "{sent:?}");
        page.click("[data-testid=fetch-all]").await;
        page.wait_for_text("[data-testid=status-digests]", "✓").await;
    });
}

#[test]
fn the_page_that_promises_to_ask_nobody_offers_the_one_that_may() {
    let stored = Stored::new();
    let registry = registry(&stored, Vec::new());
    run("remote-forbidden", Options::default(), async |page| {
        page.open_at(&format!("#pull={}", name(&registry, FIRST))).await;
        page.wait_for("[data-testid=remote-agree]").await;
        assert!(registry.log().lines().is_empty(), "a link asks first");
        page.click("[data-testid=remote-agree]").await;
        page.wait_for("[data-testid=remote-open]").await;
        assert!(registry.log().lines().is_empty(), "this page asks nobody");
        page.click("[data-testid=remote-open]").await;
        page.wait_for("[data-testid=remote-agree]").await;
        assert!(page.eval("location.pathname").await.as_str().unwrap().ends_with("remote.html"));
        page.click("[data-testid=remote-agree]").await;
        fetched_whole(page).await;
    });
}

#[test]
fn a_pull_is_cancelled_while_the_server_keeps_silent_and_goes_on() {
    let stored = Stored::new();
    let (_, layers) = digests(&stored.layout(), FIRST);
    let registry = registry(&stored, vec![Fault::Stall(100_000)]);
    run("remote-cancel", Options::default(), async |page| {
        pull(page, &format!("pull={}", name(&registry, FIRST))).await;
        wait_for_states(page, &["downloading", "complete", "complete"]).await;
        page.wait_for("[data-testid=pull-layer] progress").await;
        page.screenshot("remote-downloading").await;
        page.click(&id("cancel")).await;
        page.wait_for(&id("cancelled")).await;
        wait_for_states(page, &["not fetched", "complete", "complete"]).await;
        // What has come is kept.
        page.click(&id("fetch-layer")).await;
        wait_for_states(page, &["downloading", "complete", "complete"]).await;
        page.until("a request for the rest", async |_| {
            let is_rest = |range: &Option<String>| range.as_deref() == Some("bytes=100000-");
            let hits = registry.log().hits();
            hits.iter().any(|hit| hit.target.contains(&layers[0]) && is_rest(&hit.range))
        })
        .await;
        page.click(&id("cancel")).await;
        page.wait_for(&id("cancelled")).await;
    });
}

#[test]
fn an_opening_is_cancelled_while_the_server_keeps_silent() {
    let stored = Stored::new();
    // The config stalls.
    let registry = registry(&stored, vec![Fault::Stall(10)]);
    run("remote-cancel-opening", Options::default(), async |page| {
        begin(page, &format!("pull={}", name(&registry, FIRST))).await;
        page.until("the request for the config", async |_| registry.log().lines().len() >= 2).await;
        page.click(&id("cancel")).await;
        page.wait_for(&id("cancelled")).await;
        assert_eq!(page.count(&id("error")).await, 0);
    });
}

/// What comes whole, because it is compressed or the server knows no ranges, is from elsewhere all the same.
#[test]
fn an_archive_that_comes_whole_stands_in_the_url() {
    let stored = Stored::new();
    let folder = stored.archive().parent().unwrap().to_owned();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &std::fs::read(stored.archive()).unwrap()).unwrap();
    std::fs::write(folder.join("image.tar.gz"), gzip.finish().unwrap()).unwrap();
    let (ranges, none) = (fake::files(&folder, true), fake::whole_files(&folder));
    run("remote-whole", Options::default(), async |page| {
        for url in [format!("{}/image.tar.gz", ranges.url()), format!("{}/image.tar", none.url())] {
            let link = format!("pull={url}");
            begin(page, &format!("{link}&view=history")).await;
            page.wait_for(&id("view-history")).await;
            page.wait_for_text(&id("status-digests"), "✓").await;
            page.until(&link, async |page| {
                let fragment = page.eval("location.hash").await.as_str().unwrap().to_owned();
                fragment.contains(&link) && fragment.contains("view=history") && fragment.contains("layer=")
            })
            .await;
            assert_eq!(page.count(&id("pull")).await, 0, "there is nothing left to fetch");
        }
    });
}

/// Nobody waits for the end of an archive to have its layers read.
#[test]
fn an_archive_that_comes_whole_is_read_while_it_comes() {
    let stored = Stored::large();
    let files = fake::stalling_files(stored.archive().parent().unwrap(), 10_000_000);
    run("remote-passing", Options::default(), async |page| {
        begin(page, &format!("pull={}/image.tar", files.url())).await;
        page.wait_for_text(&id("opening-how"), "1 layer is read").await;
        page.wait_for_text(&id("opening"), "18.0 MB").await;
        page.screenshot("remote-passing").await;
        page.click(&id("cancel")).await;
        page.wait_for(&id("cancelled")).await;
        assert_eq!(files.log().hits().len(), 1, "{:?}", files.log().lines());
    });
}

/// What has come is passed over when the server sends it again, as it knows no ranges.
#[test]
fn an_archive_that_comes_whole_goes_on_where_it_was_cut() {
    let stored = Stored::large();
    let files = fake::cutting_files(stored.archive().parent().unwrap(), 9_000_000);
    run("remote-passing-cut", Options::default(), async |page| {
        begin(page, &format!("pull={}/image.tar", files.url())).await;
        page.wait_for_text(&id("status-digests"), "3/3 ✓").await;
        assert_page_agrees(page, &stored.archive()).await;
        let ranges: Vec<_> = files.log().hits().into_iter().map(|hit| hit.range.unwrap()).collect();
        let [first, rest] = ranges.as_slice() else { panic!("{ranges:?}") };
        assert_eq!(first, "bytes=0-65535");
        // What was not read yet when the connection broke, the browser throws away.
        let from: u64 = rest.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap();
        assert!((1_000_000..=9_000_000).contains(&from), "{rest}");
    });
}

/// Where pages may not read which part of a file has come, its length is told by a header that they may read.
#[test]
fn ranges_whose_place_is_hidden_are_read_all_the_same() {
    let stored = Stored::large();
    let files = fake::public_files(stored.archive().parent().unwrap());
    run("remote-hidden-ranges", Options::default(), async |page| {
        pull(page, &format!("look={}/image.tar", files.url())).await;
        wait_for_states(page, &["not fetched", "not fetched", "not fetched"]).await;
        let hits = files.log().hits();
        assert_eq!(hits.iter().filter(|hit| hit.method == "HEAD").count(), 1, "{hits:#?}");
        let gets = hits.iter().filter(|hit| hit.method == "GET");
        assert!(gets.clone().all(|hit| hit.status == 206 && hit.range.is_some()), "{hits:#?}");
        page.click(&id("fetch-all")).await;
        fetched_whole(page).await;
    });
}

/// What is sent from another place than was asked for is not taken for what should be there.
#[test]
fn a_range_from_elsewhere_in_the_file_is_refused() {
    let stored = Stored::large();
    let files = fake::shifted_files(stored.archive().parent().unwrap());
    run("remote-shifted", Options::default(), async |page| {
        begin(page, &format!("look={}/image.tar", files.url())).await;
        page.wait_for_text(&id("error"), "The connection was cut").await;
        let said = page.contents(&format!("{} details", id("error"))).await.concat();
        assert!(said.contains("/image.tar sends bytes "), "{said}");
    });
}

/// Files dropped on the page that may fetch are read as on the other, and nobody is asked.
#[test]
fn a_file_may_be_dropped_where_others_may_be_asked() {
    let stored = Stored::new();
    run("remote-dropped", Options::default(), async |page| {
        page.open_at("remote.html").await;
        page.wait_for_text(&id("status"), "may fetch from other hosts").await;
        page.drop_archive(&stored.archive()).await;
        assert_page_agrees(page, &stored.archive()).await;
        assert_eq!(page.count(&id("pull")).await, 0);
        assert_eq!(page.eval("location.hash").await, "");
        page.assert_silent().await;
    });
}

/// The digests that these tests speak of are those of the bytes.
#[test]
fn the_layouts_blobs_have_their_digests() {
    let stored = Stored::new();
    for layer in digests(&stored.layout(), FIRST).1 {
        let bytes = std::fs::read(stored.layout().join("blobs").join(layer.replace(':', "/"))).unwrap();
        assert_eq!(Digest::sha256(&bytes).to_string(), layer);
    }
}
