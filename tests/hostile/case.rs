//! A bad input as a row of a table, and what is checked of each.

use std::{
    collections::BTreeSet,
    fs::File,
    io::Read as _,
    panic::{self, AssertUnwindSafe},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bstr::{BString, ByteSlice};
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
use serde_json::Value;

pub const KEY: ContentKey = ContentKey([7; 16]);

/// One bad input.
pub struct Case {
    /// Its number in `docs/robustness.md`.
    number: u32,
    name: &'static str,
    bytes: fn() -> Vec<u8>,
    expect: Expect,
}

enum Expect {
    Opens(Opens),
    /// Nothing opens, and this is said.
    Fails(FailureKind),
}

/// What an archive that opens has to show.
struct Opens {
    /// The codes of all its anomalies, each once.
    codes: BTreeSet<Code>,
    /// The merged filesystem of its first image, sorted; `None` if there is no image.
    listing: Option<Vec<String>>,
    /// Files of it that are still read, and their content.
    contents: Vec<(&'static str, Vec<u8>)>,
    also: fn(&Opened),
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

/// Runs all rows through the core and names all that fail.
pub fn check_core(cases: Vec<Case>) {
    check(cases, |case, bytes| match (&case.expect, open(bytes, Limits::default())) {
        (Expect::Fails(kind), Err(failure)) => assert_eq!(failure.kind, *kind, "{failure}"),
        (Expect::Fails(_), Ok(_)) => panic!("it opens"),
        (Expect::Opens(_), Err(failure)) => panic!("{failure}"),
        (Expect::Opens(opens), Ok(opened)) => {
            assert_eq!(opened.codes(), opens.codes, "{:#?}", opened.report.anomalies);
            let listing = (!opened.report.images.is_empty()).then(|| opened.listing());
            assert_eq!(listing, opens.listing);
            for (path, content) in &opens.contents {
                assert_eq!(opened.content(path).unwrap().as_bstr(), content.as_bstr(), "{path}");
            }
            (opens.also)(&opened);
        }
    });
}

/// Runs all rows through the program: exit codes, one line of error, the same answers as the core's.
pub fn check_cli(cases: Vec<Case>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hostile.tar");
    check(cases, |case, bytes| {
        std::fs::write(&path, bytes).unwrap();
        match &case.expect {
            Expect::Fails(_) => {
                for command in [&["inspect", "--json"][..], &["verify"], &["ls"], &["cat"]] {
                    let mut args = vec![command[0], path.to_str().unwrap()];
                    args.extend(&command[1..]);
                    args.extend((command[0] == "cat").then_some("a"));
                    let ran = run(&args);
                    ran.failed();
                }
            }
            Expect::Opens(opens) => check_cli_of(&path, opens),
        }
    });
}

fn check_cli_of(path: &Path, opens: &Opens) {
    let path = path.to_str().unwrap();
    let report: Value = serde_json::from_str(&run(&["inspect", path, "--json"]).succeeded()).unwrap();
    let codes = |report: &Value| {
        let anomalies = report["anomalies"].as_array().unwrap().iter();
        anomalies.map(|a| a["code"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let expected: BTreeSet<String> = opens.codes.iter().map(|code| code.name()).collect();
    assert_eq!(codes(&report), expected);
    is_plain(&run(&["inspect", path]).succeeded());

    let verify = run(&["verify", path, "--json"]);
    let mismatch = opens.codes.iter().any(|code| code.is_mismatch());
    assert_eq!(verify.code, Some(i32::from(mismatch)), "verify: {}", verify.stderr);
    assert_eq!(verify.stderr.lines().count(), usize::from(mismatch), "verify: {}", verify.stderr);
    assert_eq!(codes(&serde_json::from_str(&verify.stdout.to_str_lossy()).unwrap()), expected);
    is_plain(&run(&["verify", path]).stdout.to_str_lossy());

    let Some(listing) = &opens.listing else {
        assert_eq!(report["images"], Value::Array(Vec::new()));
        run(&["ls", path]).failed();
        return;
    };
    let lines = run(&["ls", path, "--json"]).succeeded();
    let paths = lines.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["path"].as_str().unwrap().to_owned()
    });
    assert_eq!(&paths.collect::<Vec<_>>(), listing, "ls");
    is_plain(&run(&["ls", path]).succeeded());
    for (file, content) in &opens.contents {
        let ran = run(&["cat", path, file]);
        assert!(ran.code == Some(0) && ran.stderr.is_empty(), "cat {file}: {}", ran.stderr);
        assert_eq!(ran.stdout.as_bstr(), content.as_bstr(), "cat {file}");
    }
    run(&["cat", path, "no/such/file"]).failed();
}

fn check(cases: Vec<Case>, one: impl Fn(&Case, &[u8])) {
    let mut failed = Vec::new();
    for case in &cases {
        // What is checked is thrown away after a panic.
        if panic::catch_unwind(AssertUnwindSafe(|| one(case, &(case.bytes)()))).is_err() {
            failed.push(format!("{}: {}", case.number, case.name));
        }
    }
    assert!(failed.is_empty(), "{} of {} rows failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

/// Text for a terminal: nothing in it acts on one.
fn is_plain(text: &str) {
    let acts = |c: char| c != '\n' && layerscope::layer::is_unusual_char(c);
    assert!(!text.contains(acts), "{text:?}");
}

/// What a run of the program came to.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// It exited with 0 and said nothing on standard error; what it printed.
    pub fn succeeded(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        String::from_utf8(self.stdout).unwrap()
    }

    /// It exited with 1, printed nothing, and said why in one line.
    pub fn failed(&self) {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        assert_eq!(self.stdout.as_bstr(), "");
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        is_plain(&self.stderr);
    }
}

/// Longer than any run takes on the slowest machine: what takes longer hangs.
const HANGS: Duration = Duration::from_secs(300);

/// Runs the program; it is ended if it hangs.
pub fn run(args: &[&str]) -> Ran {
    let [out, err] = [(); 2].map(|()| tempfile::NamedTempFile::new().unwrap());
    let write = |file: &tempfile::NamedTempFile| Stdio::from(file.reopen().unwrap());
    let mut program = Command::new(env!("CARGO_BIN_EXE_layerscope"));
    let mut child =
        program.args(args).stdin(Stdio::null()).stdout(write(&out)).stderr(write(&err)).spawn().unwrap();
    let started = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > HANGS => {
                child.kill().unwrap();
                panic!("{args:?} hangs");
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let read = |file: &tempfile::NamedTempFile| {
        let mut bytes = Vec::new();
        File::open(file.path()).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    Ran { code: status.code(), stdout: read(&out), stderr: String::from_utf8(read(&err)).unwrap() }
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
    pub fn entry(&self, layer: u32, path: &str) -> (&Index, &Record) {
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
