//! A bad input as a row of a table, and what it has to come to.

use std::collections::BTreeSet;

use bstr::BString;
use layerscope::{
    anomaly::Code,
    fixture::{Archive, Image, Shape, Tar},
    layer::{ContentKey, Index, Record},
    limits::Limits,
    overlay::LayerIndex,
    report::{AnomalyReport, LayerReport, Report},
    session::{Opening, Session, Task},
    worker::protocol::{Failure, FailureKind, Version},
};

pub const KEY: ContentKey = ContentKey([7; 16]);

/// One bad input.
pub struct Case {
    /// Its number in `docs/robustness.md`.
    pub number: u32,
    pub name: &'static str,
    pub bytes: fn() -> Vec<u8>,
    pub expect: Expect,
}

pub enum Expect {
    Opens(Opens),
    /// Nothing opens, and this is said.
    Fails(FailureKind),
}

/// What an archive that opens has to show.
pub struct Opens {
    /// The codes of all its anomalies, each once.
    pub codes: BTreeSet<Code>,
    /// The merged filesystem of its first image, sorted; `None` if there is no image.
    pub listing: Option<Vec<String>>,
    /// Files of it that are still read, and their content.
    pub contents: Vec<(&'static str, Vec<u8>)>,
    pub also: fn(&Opened),
}

impl Case {
    /// An archive that opens, with anomalies of these codes and no others.
    pub fn opens(number: u32, name: &'static str, codes: &[Code], bytes: fn() -> Vec<u8>) -> Self {
        let codes = codes.iter().copied().collect();
        let expect =
            Expect::Opens(Opens { codes, listing: Some(Vec::new()), contents: Vec::new(), also: |_| {} });
        Self { number, name, bytes, expect }
    }

    /// A file that does not open.
    pub fn fails(number: u32, name: &'static str, kind: FailureKind, bytes: fn() -> Vec<u8>) -> Self {
        Self { number, name, bytes, expect: Expect::Fails(kind) }
    }

    /// The merged filesystem of its first image.
    pub fn lists(self, paths: &[&str]) -> Self {
        self.edit(|opens| opens.listing = Some(paths.iter().map(|&path| path.to_owned()).collect()))
    }

    /// There is no image to list.
    pub fn without_images(self) -> Self {
        self.edit(|opens| opens.listing = None)
    }

    /// A file that is still read.
    pub fn reads(self, path: &'static str, content: impl Into<Vec<u8>>) -> Self {
        self.edit(|opens| opens.contents.push((path, content.into())))
    }

    /// What else has to hold.
    pub fn also(self, also: fn(&Opened)) -> Self {
        self.edit(|opens| opens.also = also)
    }

    /// Its number, and the codes that it gets.
    pub fn summary(&self) -> (u32, BTreeSet<Code>) {
        let codes = match &self.expect {
            Expect::Opens(opens) => opens.codes.clone(),
            Expect::Fails(FailureKind::Corrupt(code)) => [*code].into(),
            Expect::Fails(_) => BTreeSet::new(),
        };
        (self.number, codes)
    }

    fn edit(mut self, change: impl FnOnce(&mut Opens)) -> Self {
        match &mut self.expect {
            Expect::Opens(opens) => change(opens),
            Expect::Fails(_) => panic!("row {} does not open", self.number),
        }
        self
    }
}

/// An archive that opened, all its layers read.
pub struct Opened {
    pub session: Session,
    pub report: Report,
    bytes: Vec<u8>,
}

/// Opens an archive as the page and the command line do, and reads all its layers.
pub fn open(bytes: &[u8], limits: Limits) -> Result<Opened, Failure> {
    let clip = |offset: u64| (offset as usize).min(bytes.len());
    let mut opening = Opening::new(bytes.len() as u64, KEY).with_limits(limits);
    while let Some(range) = opening.wants() {
        opening.supply(&bytes[clip(range.start)..clip(range.end)])?;
    }
    let mut session = opening.finish()?;
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(&bytes[clip(range.start)..clip(range.end)]);
        }
        session.accept(scan.finish());
    }
    Ok(Opened { report: session.report(), session, bytes: bytes.to_vec() })
}

impl Opened {
    pub fn codes(&self) -> BTreeSet<Code> {
        self.report.anomalies.iter().map(|anomaly| anomaly.code).collect()
    }

    /// The first anomaly of a code.
    pub fn anomaly(&self, code: Code) -> &AnomalyReport {
        self.report.anomalies.iter().find(|anomaly| anomaly.code == code).unwrap()
    }

    /// A layer of the first image.
    pub fn layer(&self, index: usize) -> &LayerReport {
        &self.report.images[0].layers[index]
    }

    fn top(&self) -> Option<LayerIndex> {
        self.session.stack(0)?.len().checked_sub(1).map(LayerIndex)
    }

    /// The merged filesystem of the first image, sorted by the bytes of the paths.
    pub fn listing(&self) -> Vec<String> {
        let (stack, tree) = (self.session.stack(0).unwrap(), self.session.tree());
        let Some(top) = self.top() else { return Vec::new() };
        let made = |node: &_| stack.state(*node, top).entry().is_some();
        let mut paths: Vec<BString> = tree.ids().skip(1).filter(made).map(|node| tree.path(node)).collect();
        paths.sort();
        paths.iter().map(ToString::to_string).collect()
    }

    /// The last entry of a path in a layer of the first image.
    pub fn entry(&self, layer: u32, path: &str) -> (&Index, Record) {
        let node = self.session.tree().find(path.split('/').map(Into::into)).unwrap();
        let index = self.session.stack(0).unwrap().layer(LayerIndex(layer));
        let (_, record) = index.records().filter(|(_, record)| record.node == node).last().unwrap();
        (index, record)
    }

    /// The content of a file of the merged filesystem.
    pub fn content(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let top = self.top().unwrap();
        let node = self.session.walk(0, top, path.into(), true).unwrap();
        let file = self.session.stack(0).unwrap().state(node, top).entry().unwrap();
        let version = Version { image: 0, layer: file.layer.0, entry: file.entry.0 };
        let mut content = self.session.content(version, 0, u64::MAX)?;
        let mut out = Vec::new();
        loop {
            let piece = content.take();
            if !piece.is_empty() {
                out.extend(piece);
                continue;
            }
            let Some(range) = content.wants() else { return Ok(out) };
            let clip = |offset: u64| (offset as usize).min(self.bytes.len());
            content.supply(&self.bytes[clip(range.start)..clip(range.end)])?;
        }
    }
}

/// An archive of one image with these layers, whose bytes need not be tars.
pub fn image_of(layers: &[Vec<u8>]) -> Vec<u8> {
    let image = layers
        .iter()
        .fold(Image::new().name("hostile:latest"), |image, tar| image.raw_layer(tar.clone(), "RUN x"));
    Archive::new(Shape::OciLayout).image(image).bytes()
}

/// An archive of one image with these layers.
pub fn layers(layers: &[Tar]) -> Vec<u8> {
    image_of(&layers.iter().map(Tar::bytes).collect::<Vec<_>>())
}
