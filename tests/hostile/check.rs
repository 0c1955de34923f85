//! What is checked of each bad input: what the core makes of it, and that the command line says the same.

use std::{
    collections::BTreeSet,
    fs::File,
    io::Read as _,
    panic::{self, AssertUnwindSafe},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bstr::ByteSlice;
use layerscope::limits::Limits;
use serde_json::Value;

use super::inputs::case::{Case, Expect, Opens, open};

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
