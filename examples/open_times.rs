//! Measures how long it takes to open a file of an archive that is indexed: its first mebibyte, or all of it.
//!
//! ```text
//! cargo run --release --no-default-features --example open_times -- ARCHIVE…
//! ```
//!
//! Prints the median and the longest of 200 files all over each archive, how long indexing took, and what the windows of zstd
//! checkpoints take.

use std::{
    env,
    error::Error,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    ops::Range,
    time::{Duration, Instant},
};

use layerscope::{
    layer::{ContentKey, Kind},
    limits,
    overlay::LayerIndex,
    session::{Opening, Session, Task},
    worker::protocol::Version,
};

/// Files that are opened.
const OPENS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    for archive in env::args().skip(1) {
        let mut file = File::open(&archive)?;
        let started = Instant::now();
        let session = index(&mut file)?;
        let indexed = started.elapsed();
        let mut times = opens(&session, &mut file)?;
        times.sort();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        let longest = times.last().copied().unwrap_or_default();
        println!(
            "{archive}: indexed in {indexed:.1?}; windows of {} KiB; of {} files, median {median:.1?}, longest {longest:.1?}",
            session.windows_len() >> 10,
            times.len()
        );
    }
    Ok(())
}

fn read(file: &mut File, range: &Range<u64>) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(range.start))?;
    file.take(range.end - range.start).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn index(file: &mut File) -> Result<Session, Box<dyn Error>> {
    let mut opening = Opening::new(file.metadata()?.len(), ContentKey::random());
    while let Some(range) = opening.wants() {
        opening.supply(&read(file, &range)?)?;
    }
    let mut session = opening.finish()?;
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(&read(file, &range)?);
        }
        session.accept(scan.finish());
    }
    Ok(session)
}

fn opens(session: &Session, file: &mut File) -> Result<Vec<Duration>, Box<dyn Error>> {
    let stack = session.stack(0).ok_or("no image")?;
    let layers = (0..stack.len()).map(LayerIndex);
    let files: Vec<Version> = layers
        .flat_map(|layer| {
            let files = stack.layer(layer).records().filter(|(_, record)| record.kind == Kind::File);
            files.map(move |(entry, _)| Version { image: 0, layer: layer.0, entry: entry.0 })
        })
        .collect();
    let mut times = Vec::new();
    for n in 0..OPENS.min(files.len()) {
        // All over the archive, in no order that decoding would like.
        let version = files[(n as f64 * 0.618_034).fract().mul_add(files.len() as f64, 0.0) as usize];
        let started = Instant::now();
        let mut content = session.content(version, 0, limits::PREVIEW)?;
        loop {
            if content.take().is_empty() {
                let Some(range) = content.wants() else { break };
                content.supply(&read(file, &range)?)?;
            }
        }
        times.push(started.elapsed());
    }
    Ok(times)
}
