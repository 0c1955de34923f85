//! Writes a large archive to disk.
//!
//! ```text
//! cargo run --release --no-default-features --example make_archive -- KIND SIZE OUT
//!
//! KIND  plain, gzip, zstd   an image of SIZE megabytes of content in files of all sizes
//!       small               an image of SIZE files of about 1 kB
//!       layers              an image of SIZE layers
//! ```

use std::{
    env,
    error::Error,
    fs::File,
    io::{BufWriter, Write},
};

use layerscope::fixture::{Pack, big::Plan};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = env::args().skip(1).collect();
    let [kind, size, out] = &args[..] else {
        return Err("usage: make_archive plain|gzip|zstd|small|layers SIZE OUT".into());
    };
    let size: u64 = size.parse()?;
    // As many files as a real image of that size has: about 15 kB each, and no fewer than 20 000.
    let files = (size * 1_000_000 / 15_000).max(20_000) as usize;
    let plan = match kind.as_str() {
        "plain" => Plan::large(size * 1_000_000, files),
        "gzip" => Plan::large(size * 1_000_000, files).pack(Pack::Gzip),
        "zstd" => Plan::large(size * 1_000_000, files).pack(Pack::Zstd),
        "small" => Plan::many_small(usize::try_from(size)?),
        "layers" => Plan::many_layers(usize::try_from(size)?),
        other => return Err(format!("{other:?} is not a kind of archive").into()),
    };
    let mut out = BufWriter::with_capacity(1 << 20, File::create(out)?);
    plan.write(&mut out)?;
    out.flush()?;
    Ok(())
}
