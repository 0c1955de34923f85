//! Writes a large archive to disk.
//!
//! ```text
//! cargo run --release --no-default-features --example make_archive -- KIND SIZE OUT
//!
//! KIND  plain, gzip, zstd   an image of SIZE megabytes of content in files of all sizes
//!       large               the same, nine tenths of it in files of 32 MiB
//!       hollow              the same, nearly all of it zeros, which the file system need not store
//!       small               an image of SIZE files of about 1 kB
//!       layers              an image of SIZE layers
//!       deep, deep-zstd     an image of SIZE megabytes in one layer of gzip, or of zstd frames of 4 MiB each
//! ```

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, BufWriter, Seek, SeekFrom, Write},
};

use layerscope::fixture::{Pack, big::Plan};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = env::args().skip(1).collect();
    let [kind, size, out] = &args[..] else {
        return Err(
            "usage: make_archive plain|gzip|zstd|large|hollow|small|layers|deep|deep-zstd SIZE OUT".into()
        );
    };
    let size: u64 = size.parse()?;
    // As many files as a real image of that size has: about 15 kB each, and no fewer than 20 000.
    let files = (size * 1_000_000 / 15_000).max(20_000) as usize;
    let plan = match kind.as_str() {
        "plain" => Plan::large(size * 1_000_000, files),
        "gzip" => Plan::large(size * 1_000_000, files).pack(Pack::Gzip),
        "zstd" => Plan::large(size * 1_000_000, files).pack(Pack::Zstd),
        "large" => Plan::few_large(size * 1_000_000, 20_000),
        "hollow" => Plan::hollow(size * 1_000_000, 20_000),
        "small" => Plan::many_small(usize::try_from(size)?),
        "deep" => Plan { layers: 1, ..Plan::large(size * 1_000_000, files).pack(Pack::Gzip) },
        "deep-zstd" => Plan { layers: 1, ..Plan::large(size * 1_000_000, files).pack(Pack::Zstd) },
        "layers" => Plan::many_layers(usize::try_from(size)?),
        other => return Err(format!("{other:?} is not a kind of archive").into()),
    };
    let mut out = BufWriter::with_capacity(1 << 20, Holes(File::create(out)?));
    plan.write(&mut out)?;
    let mut file = out.into_inner()?.0;
    let end = file.stream_position()?;
    file.set_len(end)?;
    Ok(())
}

/// Passes over zeros where there are many, and so leaves holes in the file.
#[derive(Debug)]
struct Holes(File);

/// As many zeros as are written rather than passed over, in bytes.
const WRITTEN: usize = 64 << 10;

impl Write for Holes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() < WRITTEN || bytes.iter().any(|byte| *byte != 0) {
            return self.0.write(bytes);
        }
        let skipped = i64::try_from(bytes.len()).map_err(io::Error::other)?;
        self.0.seek(SeekFrom::Current(skipped))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for Holes {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.0.seek(position)
    }
}
