//! What the core says of an archive: the truth that the page is held against.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

use layerscope::{
    layer::ContentKey,
    report::Report,
    session::{Opening, Session, Task},
    worker::protocol::{
        ChangeFilter, Compare, Expand, Facts, Kind, Row, Sort, Totals, Version, VersionFacts, ViewSpec,
    },
};

/// An archive, read to its end by the same core as the command line's.
pub struct Native {
    file: File,
    session: Session,
}

impl Native {
    /// Reads every layer of every image.
    pub fn read(path: &Path) -> Self {
        let mut file = File::open(path).unwrap();
        let key = ContentKey::random();
        let mut opening = Opening::new(file.metadata().unwrap().len(), key);
        while let Some(range) = opening.wants() {
            opening.supply(&range_of(&mut file, range)).unwrap();
        }
        let mut session = opening.finish().unwrap();
        while let Some(job) = session.next_scan(Task::Verify) {
            let mut scan = job.start();
            while let Some(range) = scan.wants() {
                scan.supply(&range_of(&mut file, range));
            }
            session.accept(scan.finish());
        }
        Self { file, session }
    }

    /// What `layerscope inspect` prints.
    pub fn report(&self) -> Report {
        self.session.report()
    }

    /// The sizes of an image.
    pub fn totals(&self, image: u32) -> Totals {
        self.session.totals(image)
    }

    /// Every row of the tree of all layers, with all directories expanded and all ghosts shown.
    pub fn rows(&mut self, image: u32) -> Vec<Row> {
        let layers = self.session.report().images[image as usize].layers.len() as u32;
        self.rows_upto(image, layers.saturating_sub(1))
    }

    /// The same, of the layers up to `upto`.
    pub fn rows_upto(&mut self, image: u32, upto: u32) -> Vec<Row> {
        self.rows_of(ViewSpec { image, ..view(upto) })
    }

    /// Every row of a view, with all directories expanded.
    pub fn rows_of(&mut self, spec: ViewSpec) -> Vec<Row> {
        self.session.show(spec).unwrap();
        let view = self.session.expand(Expand::All).unwrap();
        self.session.rows(0, view.rows).unwrap().rows
    }

    /// The versions of a path, bottom layer first, by the number that the page gives to layers.
    pub fn versions(&mut self, image: u32, path: &str) -> Vec<VersionFacts> {
        self.rows(image);
        let (_, found) = self.session.locate(path.as_bytes()).unwrap();
        let (node, _) = found.unwrap_or_else(|| panic!("no {path}"));
        let life = self.session.biography(image, node).unwrap();
        life.chapters.into_iter().filter_map(|chapter| chapter.version).collect()
    }

    /// The whole content of a version.
    pub fn content(&mut self, version: Version) -> Vec<u8> {
        let mut content = self.session.content(version, 0, u64::MAX).unwrap();
        let mut whole = Vec::new();
        loop {
            let bytes = content.take();
            if !bytes.is_empty() {
                whole.extend(bytes);
                continue;
            }
            let Some(range) = content.wants() else { return whole };
            content.supply(&range_of(&mut self.file, range)).unwrap();
        }
    }
}

/// What the page shows at first of an archive's first image.
pub fn view(upto: u32) -> ViewSpec {
    ViewSpec {
        image: 0,
        upto,
        compare: Compare::Layer,
        filter: String::new(),
        changes: ChangeFilter::default(),
        sort: Sort::Name,
        ghosts: true,
    }
}

fn range_of(file: &mut File, range: Range<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(range.start)).unwrap();
    file.take(range.end - range.start).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Whether the page shows text as it stands: escapes and bidirectional text are the concern of other tests.
pub fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|byte| (0x20..0x7f).contains(byte))
}

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1,234 bytes`.
pub fn bytes(number: u64) -> String {
    format!("{} {}", grouped(number), if number == 1 { "byte" } else { "bytes" })
}

/// A number of things in English.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(number)) }
}

/// Decimal units, one digit after the point below 100.
pub fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 {
        value /= 1000.0;
        unit += 1;
    }
    let unit = ["kB", "MB", "GB"][unit];
    if value < 99.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// `-rwxr-xr-x`.
pub fn permissions(facts: &Facts) -> String {
    let kind = match facts.kind {
        Kind::Dir => 'd',
        Kind::Symlink => 'l',
        Kind::Char => 'c',
        Kind::Block => 'b',
        Kind::Fifo => 'p',
        _ => '-',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = facts.mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & 1 != 0, facts.mode & special != 0) {
            (true, true) => letter,
            (false, true) => letter.to_ascii_uppercase(),
            (true, false) => 'x',
            (false, false) => '-',
        });
    }
    text
}
