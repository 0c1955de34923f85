//! Measures how long layers take to be merged and how much memory their index takes, and draws `docs/merge.svg`.
//!
//! ```text
//! cargo run --release --no-default-features --example merge_plot -- [ARCHIVE…]
//! ```
//!
//! Merging is what follows the reading of a layer: its paths move into the tree of the image, and its entries onto the
//! layers below. Of each archive that is named, the memory for each entry is printed as well.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom},
    ops::Range,
    rc::Rc,
    time::Instant,
};

use layerscope::{
    layer::{Algorithms, ContentKey, Index, Scan},
    limits::Limits,
    overlay::Stack,
    session::{Opening, Task},
    tree::Tree,
};

const KEY: ContentKey = ContentKey([7; 16]);

fn main() -> Result<(), Box<dyn Error>> {
    let entries = [62_500, 125_000, 250_000, 500_000, 1_000_000];
    let by_entries = entries.map(|entries| point(entries, &merge(entries, 1)));
    let layers = [1, 8, 16, 32, 64, 127];
    let by_layers = layers.map(|layers| point(layers, &merge(250_000, layers)));
    let panels = [
        Panel { title: "1 layer, by its entries", points: &by_entries },
        Panel { title: "250 000 entries, by how many layers share them", points: &by_layers },
    ];
    fs::write("docs/merge.svg", draw(&panels)?)?;
    for archive in env::args().skip(1) {
        let (entries, bytes) = measure(&mut File::open(&archive)?)?;
        println!("{archive}: {entries} entries, {:.1} bytes each", bytes as f64 / entries as f64);
    }
    Ok(())
}

/// What a merge took.
struct Merged {
    seconds: f64,
    bytes_per_entry: f64,
}

fn point(at: usize, merged: &Merged) -> (f64, f64) {
    println!("{at}: {:.3} s, {:.1} bytes for each entry", merged.seconds, merged.bytes_per_entry);
    (at as f64, merged.seconds)
}

/// Merges layers that come to so many entries. A tenth of each layer's files replace files of the layer below.
fn merge(entries: usize, layers: usize) -> Merged {
    let each = entries / layers;
    let mut indexes: Vec<Index> = (0..layers).map(|layer| index(layer * (each - each / 10), each)).collect();
    let mut tree = Tree::new(KEY.0);
    let mut stack = Stack::new();
    let start = Instant::now();
    let mut bytes = 0;
    for mut index in indexes.drain(..) {
        // A tree of a million short names is far from full.
        if index.share_paths(&mut tree, None).is_err() {
            break;
        }
        bytes += index.heap_size();
        if stack.push(Rc::new(index), &mut tree).is_err() {
            break;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let bytes = bytes + tree.heap_size() + stack.heap_size();
    Merged { seconds, bytes_per_entry: bytes as f64 / (each * layers) as f64 }
}

/// The index of a layer of empty files with numbers from `first` on.
fn index(first: usize, len: usize) -> Index {
    let mut scan = Scan::new(KEY, Algorithms::default(), Limits::default());
    for file in first..first + len {
        let mut header = tar::Header::new_ustar();
        let path = format!("usr/share/package-{}/file-{file}.txt", file / 40);
        // It is shorter than a header's field.
        let _ = header.set_path(path);
        header.set_size(0);
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        header.set_cksum();
        scan.push(header.as_bytes());
    }
    let scanned = scan.finish();
    scanned.index.set_contents(scanned.contents);
    scanned.index
}

/// Reads an archive as the page does, and measures what is kept of it.
fn measure(file: &mut File) -> Result<(u64, usize), Box<dyn Error>> {
    let len = file.metadata()?.len();
    let mut read = |range: Range<u64>| -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(range.start))?;
        file.take(range.end - range.start).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let mut opening = Opening::new(len, KEY);
    while let Some(range) = opening.wants() {
        opening.supply(&read(range)?).map_err(|failure| failure.detail)?;
    }
    let mut session = opening.finish().map_err(|failure| failure.detail)?;
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(&read(range)?);
        }
        session.accept(scan.finish());
    }
    Ok(session.heap_size())
}

/// One diagram: seconds over something.
struct Panel<'a> {
    title: &'a str,
    points: &'a [(f64, f64)],
}

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 220.0;
const MARGIN: f64 = 56.0;

fn draw(panels: &[Panel]) -> Result<String, std::fmt::Error> {
    let (width, height) = (WIDTH + 2.0 * MARGIN, panels.len() as f64 * (HEIGHT + 2.0 * MARGIN));
    let mut svg = String::new();
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">"#
    )?;
    writeln!(svg, r#"<rect width="{width}" height="{height}" fill="white"/>"#)?;
    for (i, panel) in panels.iter().enumerate() {
        let top = MARGIN + i as f64 * (HEIGHT + 2.0 * MARGIN);
        let most = |of: fn(&(f64, f64)) -> f64| panel.points.iter().map(of).fold(f64::MIN_POSITIVE, f64::max);
        let (most_x, most_y) = (most(|point| point.0), most(|point| point.1));
        let x = |value: f64| MARGIN + WIDTH * value / most_x;
        let y = |value: f64| top + HEIGHT - HEIGHT * value / most_y;
        writeln!(svg, r#"<text x="{MARGIN}" y="{}" font-weight="bold">{}</text>"#, top - 16.0, panel.title)?;
        let (bottom, right) = (top + HEIGHT, MARGIN + WIDTH);
        writeln!(svg, r##"<path d="M{MARGIN} {top}V{bottom}H{right}" fill="none" stroke="#888"/>"##)?;
        let line: Vec<_> = panel.points.iter().map(|&(a, b)| format!("{:.1},{:.1}", x(a), y(b))).collect();
        writeln!(
            svg,
            r##"<polyline points="{}" fill="none" stroke="#1f6feb" stroke-width="2"/>"##,
            line.join(" ")
        )?;
        for &(a, b) in panel.points {
            writeln!(svg, r##"<circle cx="{:.1}" cy="{:.1}" r="3.5" fill="#1f6feb"/>"##, x(a), y(b))?;
            writeln!(
                svg,
                r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{a}</text>"#,
                x(a),
                bottom + 18.0
            )?;
            writeln!(
                svg,
                r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{b:.3} s</text>"#,
                x(a) - 6.0,
                y(b) - 6.0
            )?;
        }
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
