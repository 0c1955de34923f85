//! The page in Chromium, measured by what the browser itself keeps: marks, long tasks, frames.

use std::{path::Path, time::Duration};

use layerscope::report::Report;
use tokio::time::sleep;

use super::table::Row;
use crate::{
    app::id,
    memory::{Watch, settled},
    native::counted,
    open::assert_digests_agree,
    support::{Options, Page, run, say},
};

/// What the command line says of an archive.
pub struct Truth {
    pub report: Report,
    /// Paths of the merged tree.
    pub paths: u64,
}

/// How the tree of a million rows moves.
#[derive(Debug)]
pub struct Motion {
    /// Frames, and those of them that took longer than a sixtieth of a second and a half.
    pub frames: u32,
    pub late: u32,
    /// The longest task while scrolling, in milliseconds; 0 if none was longer than 50.
    pub scroll_task: f64,
    /// From a keystroke in the filter to the rows that fit it, in milliseconds: the median and the longest.
    pub filter_median: f64,
    pub filter_longest: f64,
    /// The longest task while filtering, likewise.
    pub filter_task: f64,
}

/// Keeps every task of more than 50 ms.
const WATCH_TASKS: &str = "
    window.longTasks = [];
    window.taskWatch = new PerformanceObserver((list) => window.longTasks.push(...list.getEntries()));
    window.taskWatch.observe({ type: 'longtask' });
    0";

/// The longest of them since, in milliseconds.
const LONGEST_TASK: &str = "(() => {
    const tasks = [...window.longTasks, ...window.taskWatch.takeRecords()];
    window.longTasks = [];
    return Math.max(0, ...tasks.map((task) => task.duration));
})()";

/// Scrolls for some five seconds, by steps and by leaps, as a wheel and a dragged scroll bar would.
const SCROLL: &str = "(async () => {
    const tree = document.querySelector('.tree');
    let [frames, late, last] = [0, 0, performance.now()];
    for (let n = 1; n <= 300; n++) {
        const leap = n % 30 === 0;
        tree.scrollTop = leap ? (tree.scrollTop + tree.scrollHeight * 0.37) % tree.scrollHeight : tree.scrollTop + 120;
        const now = await new Promise(requestAnimationFrame);
        frames += 1;
        late += now - last > 25;
        last = now;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { frames, late };
})()";

/// Types into the filter, letter after letter, each once the rows for the one before are there.
const FILTER: &str = "(async () => {
    const input = document.querySelector('[data-testid=filter]');
    const tree = document.querySelector('.tree');
    const times = [];
    for (const text of ['f', 'fi', 'fil', 'file', 'file-', 'file-0', 'file-09', 'file-099', 'file-0999', 'part-0123', 'opt .py']) {
        const before = tree.dataset.generation;
        const started = performance.now();
        input.value = text;
        input.dispatchEvent(new InputEvent('input', { bubbles: true }));
        const answered = await new Promise((resolve, reject) => {
            const look = () => {
                if (tree.dataset.generation !== before) {
                    observer.disconnect();
                    resolve(performance.now());
                }
            };
            const observer = new MutationObserver(look);
            observer.observe(tree, { attributes: true });
            setTimeout(() => { observer.disconnect(); reject(new Error(`no rows for ${text}`)); }, 20000);
        });
        times.push(answered - started);
        await new Promise((resolve) => setTimeout(resolve, 150));
    }
    times.sort((a, b) => a - b);
    return { median: times[times.length >> 1], longest: times.at(-1) };
})()";

/// What is opened.
#[derive(Clone, Copy)]
pub enum Opened<'a> {
    /// A file that is dropped.
    Dropped(&'a Path),
    /// An image of a registry, by its name.
    Pulled(&'a str),
}

/// What is measured. Looking at the memory of large processes again and again takes time of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// How much memory it takes.
    Memory,
    /// How long it takes.
    Time,
    /// The same, and then how the tree moves.
    TimeAndMotion,
}

/// Drops an archive, or pulls an image, and waits until it is verified.
pub fn measure(opened: Opened<'_>, truth: &Truth, what: Measure) -> (Row, Option<Motion>) {
    let mut measured = None;
    run("bench", Options::default(), async |page| {
        if let Opened::Pulled(_) = opened {
            page.open_at("remote.html").await;
        }
        // The worker is there, and has read something: what is measured is the reading.
        page.open_sample("hello").await;
        let idle = settled(page).await;
        page.eval(WATCH_TASKS).await;
        let watch = (what == Measure::Memory).then(|| Watch::start(page.driver()));
        page.forget_marks().await;
        match opened {
            Opened::Dropped(archive) => page.drop_file(archive).await,
            Opened::Pulled(name) => {
                page.eval(&format!("location.hash = 'pull={name}'")).await;
                page.click(&id("remote-agree")).await;
            }
        }
        while !page.has_mark("layerscope:verified").await {
            assert_eq!(page.text("[data-testid=error]").await, "");
            sleep(Duration::from_millis(250)).await;
        }
        page.wait_until_drawn().await;
        if let Some(watch) = watch {
            let most = watch.finish();
            let memory = idle.map(|idle| most.above(idle).renderers as f64);
            measured = Some((Row { memory, ..Row::default() }, None));
            return;
        }
        let longest = number(page, LONGEST_TASK).await;
        let row = Row {
            history: Some(seconds(page, "history").await),
            tree: Some(seconds(page, "tree").await),
            verified: Some(seconds(page, "verified").await),
            memory: None,
            task: Some(longest),
        };
        assert_agrees(page, truth).await;
        let moves = what == Measure::TimeAndMotion;
        let motion = if moves { Some(motion(page, truth).await) } else { None };
        measured = Some((row, motion));
    });
    measured.expect("a browser: see `scripts/setup.sh test`")
}

/// Seconds from the drop to a mark.
async fn seconds(page: &Page, mark: &str) -> f64 {
    let script = format!(
        "performance.getEntriesByName('layerscope:{mark}').at(-1).startTime
        - performance.getEntriesByName('layerscope:open')[0].startTime"
    );
    number(page, &script).await / 1000.0
}

async fn number(page: &Page, script: &str) -> f64 {
    page.eval(script).await.as_f64().unwrap()
}

/// The page shows the digests, the entries of each layer, and the paths that the command line finds.
async fn assert_agrees(page: &Page, truth: &Truth) {
    assert_eq!(page.text(&id("status-paths")).await, counted(truth.paths, "path", "paths"));
    for image in &truth.report.images {
        assert!(
            image.layers.iter().all(|layer| layer.diff_id_verified == Some(true) && layer.entries > Some(0))
        );
        assert_digests_agree(page, image).await;
    }
    page.show("files").await;
    page.assert_silent().await;
}

async fn motion(page: &Page, truth: &Truth) -> Motion {
    page.click(&id("expand-all")).await;
    page.until("all rows", async |page| {
        page.eval("Number(document.querySelector('.tree').dataset.rows)").await.as_u64() == Some(truth.paths)
    })
    .await;
    page.wait_until_drawn().await;
    // What the making of the rows took is not what scrolling takes.
    number(page, LONGEST_TASK).await;
    let scrolled = page.eval(SCROLL).await;
    let scroll_task = number(page, LONGEST_TASK).await;
    let filtered = page.eval(FILTER).await;
    let filter_task = number(page, LONGEST_TASK).await;
    let motion = Motion {
        frames: scrolled["frames"].as_u64().unwrap() as u32,
        late: scrolled["late"].as_u64().unwrap() as u32,
        scroll_task,
        filter_median: filtered["median"].as_f64().unwrap(),
        filter_longest: filtered["longest"].as_f64().unwrap(),
        filter_task,
    };
    say(&format!("bench: {motion:?}"));
    motion
}
