//! What reading takes of memory, held against the budget in `docs/memory.md`.
//!
//! What is counted is what the processes of the browser have for themselves: heaps, the memory of wasm, `ArrayBuffer`s, and
//! blobs, which the browser's own process holds. Pages of files do not count.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use layerscope::fixture::{Archive, Image, Pack, Shape, Tar, big::Plan};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    app::Folder,
    open::large_archive,
    support::{Options, Page, run, say},
};

const MB: u64 = 1_000_000;
/// What the page may take above what it takes with nothing open, on two processors; for each further one up to eight, on
/// each of which a worker reads; and for each entry of the archive.
const BUDGET: u64 = 256 * MB;
const BUDGET_PER_PROCESSOR: u64 = 50 * MB;
const BUDGET_PER_ENTRY: u64 = 300;
/// What part of the machine's memory is held for the browser to hash, its copy included.
const HELD: u64 = 16;

/// `machine` is what the browser says that the machine has.
fn budget(entries: u64, machine: u64) -> u64 {
    let processors = thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8)) as u64;
    BUDGET + (processors - 2) * BUDGET_PER_PROCESSOR + entries * BUDGET_PER_ENTRY + machine / HELD
}

/// Milliseconds between two looks.
const LOOK: u64 = 20;

/// Bytes of memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Of the processes that run pages and their workers.
    pub renderers: u64,
    /// Of all processes of the browser.
    pub all: u64,
}

impl Memory {
    /// What the browser below this process takes now; `None` where the system does not say.
    fn of_browser(driver: u32) -> Option<Self> {
        let mut memory = Self::default();
        for process in descendants(driver)? {
            // A process may have ended meanwhile.
            let Ok(usage) = fs::read_to_string(format!("/proc/{process}/smaps_rollup")) else { continue };
            let of = |field: &str| {
                let line = usage.lines().find_map(|line| line.strip_prefix(field));
                line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
            };
            let bytes = of("Pss_Anon:") + of("Pss_Shmem:");
            memory.all += bytes;
            // Its words are split by NULs, or by spaces once Chromium has given the process a title.
            let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            if command.split(|byte| b"\0 ".contains(byte)).any(|word| word == b"--type=renderer") {
                memory.renderers += bytes;
            }
        }
        (memory.renderers > 0).then_some(memory)
    }

    fn max(self, other: Self) -> Self {
        Self { renderers: self.renderers.max(other.renderers), all: self.all.max(other.all) }
    }

    /// What is above that of an idle page.
    pub fn above(self, idle: Self) -> Self {
        Self {
            renderers: self.renderers.saturating_sub(idle.renderers),
            all: self.all.saturating_sub(idle.all),
        }
    }
}

/// The processes below a process.
pub fn descendants(root: u32) -> Option<Vec<u32>> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name stands in parentheses, and may hold any character.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        children.entry(parent.unwrap_or(0)).or_default().push(process);
    }
    let mut found = children.remove(&root).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        found.extend(children.remove(process).unwrap_or_default());
        next += 1;
    }
    Some(found)
}

/// Looks at the memory again and again, and remembers the most.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Memory>,
}

impl Watch {
    /// Starts looking at the browser below this process.
    pub fn start(driver: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let mut most = Memory::default();
                while !stop.load(Ordering::Relaxed) {
                    most = most.max(Memory::of_browser(driver).unwrap_or_default());
                    thread::sleep(Duration::from_millis(LOOK));
                }
                most
            }
        });
        Self { stop, thread }
    }

    /// The most that was seen.
    pub fn finish(self) -> Memory {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// What the page takes now, after what nobody needs was thrown away.
pub async fn settled(page: &Page) -> Option<Memory> {
    page.cdp("HeapProfiler.collectGarbage", json!({})).await;
    Memory::of_browser(page.driver())
}

/// The most that reading an archive takes above the page with nothing open, what remains of it with the archive open, and what
/// the machine has.
fn measure(name: &str, archive: &Path) -> Option<(Memory, Memory, u64)> {
    let mut measured = None;
    run(&format!("memory-{name}"), Options::default(), async |page| {
        // The worker has been started, and has read something.
        page.open_sample("hello").await;
        let Some(idle) = settled(page).await else {
            say(&format!("SKIPPED: memory of {name}: the system does not tell it (/proc/PID/smaps_rollup)"));
            return;
        };
        let watch = Watch::start(page.driver());
        page.forget_marks().await;
        page.drop_file(archive).await;
        // As long as a test may take: a gigabyte has its time.
        while !page.has_mark("layerscope:verified").await {
            sleep(Duration::from_millis(200)).await;
        }
        page.wait_until_drawn().await;
        let most = watch.finish();
        let after = settled(page).await.unwrap_or_default();
        let machine = page.eval("(navigator.deviceMemory ?? 4) * 2 ** 30").await.as_f64().unwrap();
        measured = Some((most.above(idle), after.above(idle), machine as u64));
    });
    measured
}

/// A layer of a file of zeros, which gzip makes a thousand times smaller.
fn bomb(folder: &Folder, bytes: usize) -> std::path::PathBuf {
    let layer = Tar::new().file("bomb", vec![0; bytes]);
    let image = Image::new().name("bomb:1").layer(&layer, "COPY bomb /");
    folder.archive("bomb.tar", &Archive::new(Shape::DockerOci).pack(Pack::Gzip).image(image))
}

#[test]
fn a_large_archive_and_a_bomb_keep_to_their_memory() {
    let folder = Folder::new();
    let bomb = bomb(&folder, 256 << 20);
    for (name, archive) in [("large", large_archive()), ("bomb", &bomb)] {
        let Some((most, after, machine)) = measure(name, archive) else { return };
        say(&format!("memory of {name}: {} MB at most, {} MB after", most.all / MB, after.all / MB));
        let budget = budget(0, machine);
        assert!(most.renderers < budget && most.all < budget, "{name}: {most:?}, budget {budget}");
    }
}

/// The numbers of `docs/memory.md`: `scripts/measure-memory.sh`.
#[test]
#[ignore = "makes and reads archives of gigabytes"]
fn numbers() {
    const ENTRIES: u64 = 1_000_000;
    let folder = Folder::new();
    let make = |name: &str, plan: Plan| {
        let path = folder.path().join(name);
        let mut out = BufWriter::new(File::create(&path).unwrap());
        plan.write(&mut out).unwrap();
        out.flush().unwrap();
        path
    };
    type Make<'m> = &'m dyn Fn() -> std::path::PathBuf;
    let cases: [(_, Make, _); 3] = [
        ("plain, 1 GB, 66 666 files", &|| make("plain.tar", Plan::large(1_000_000_000, 66_666)), 66_666),
        ("bomb: 1 GiB in 1 MB of gzip", &|| bomb(&folder, 1 << 30), 1),
        ("1 000 000 entries in a layer", &|| make("small.tar", Plan::many_small(ENTRIES as usize)), ENTRIES),
    ];
    say("| archive | page and worker: most | after | whole browser: most | after | budget |");
    say("|---|---|---|---|---|---|");
    for (name, make, entries) in cases {
        let Some((most, after, machine)) = measure("numbers", &make()) else { return };
        let budget = budget(entries, machine);
        let [a, b, c, d, e] =
            [most.renderers, after.renderers, most.all, after.all, budget].map(|bytes| bytes / MB);
        say(&format!("| {name} | {a} MB | {b} MB | {c} MB | {d} MB | {e} MB |"));
        assert!(most.all < budget, "{name}: {most:?}");
    }
}
