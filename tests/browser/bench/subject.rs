//! What is measured: archives, and the programs that read them.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{
    command::{Program, Reaches, have, output},
    page::{self, Measure, Opened, Truth},
    table::{Row, Table},
};
use crate::support::say;

/// An archive that `scripts/bench.sh` has made.
pub struct Subject {
    /// Its name in `BENCH_ONLY` and of its file.
    pub name: &'static str,
    /// What it is, for the table.
    pub title: &'static str,
    /// What unpacks its layers, if anything has to.
    unpack: Option<&'static str>,
    /// The archive of the same content that dive is given: it reads no zstd.
    dive: &'static str,
    /// Whether the tree is scrolled and filtered.
    moves: bool,
    runs: usize,
}

impl Subject {
    /// All of them. What takes long or was made to show growth has fewer runs.
    pub fn all(runs: usize) -> Vec<Self> {
        let plain = |name, title, runs| Self { name, title, unpack: None, dive: name, moves: false, runs };
        vec![
            plain("plain", "plain, 1 GB, 66 666 files", runs),
            Self { unpack: Some("gzip -dc"), ..plain("gzip", "gzip, 300 MB of 850 MB, 56 666 files", runs) },
            plain("large", "plain, 1 GB, nine tenths in files of 32 MiB", runs),
            Self { unpack: Some("zstd -dc"), dive: "gzip", ..plain("zstd", "zstd, the same as gzip", runs) },
            plain("layers", "plain, 127 layers of 7 entries", runs.min(3)),
            Self { moves: true, ..plain("small", "plain, 1 000 000 files of 1 kB in a layer", runs.min(1)) },
            plain("hollow", "plain, 10 GB, nearly all of it zeros", runs.min(1)),
        ]
    }

    /// Measures it and adds its rows to the table.
    pub fn measure(&self, table: &mut Table) {
        let archive = folder().join(format!("{}.tar", self.name));
        let truth = truth(&archive);
        let programs = self.programs(&archive);
        let mut rows: Vec<Vec<Row>> = programs.iter().map(|_| Vec::new()).collect();
        let (mut ours, mut motions) = (Vec::new(), Vec::new());
        let (weighed, _) = page::measure(Opened::Dropped(&archive), &truth, Measure::Memory);
        let what = if self.moves { Measure::TimeAndMotion } else { Measure::Time };
        for run in 0..self.runs {
            say(&format!("bench: {}: run {} of {}", self.name, run + 1, self.runs));
            let (row, motion) = page::measure(Opened::Dropped(&archive), &truth, what);
            ours.push(row);
            motions.extend(motion);
            for (program, rows) in programs.iter().zip(&mut rows) {
                rows.push(program.measure());
            }
        }
        let mut tools =
            vec![("Layerscope, page".to_owned(), Row { memory: weighed.memory, ..Row::median(&ours) })];
        for (program, rows) in programs.iter().zip(&rows) {
            // Several commands of one program share a line.
            let row = Row::median(rows);
            match tools.iter_mut().find(|(name, _)| name == program.name) {
                Some((_, known)) => known.join(row),
                None => tools.push((program.name.to_owned(), row)),
            }
        }
        table.add(self.title, self.runs, tools);
        motions.into_iter().for_each(|motion| table.add_motion(motion));
    }

    /// What reads it beside the page.
    fn programs(&self, archive: &Path) -> Vec<Program> {
        let cli = cli();
        let dive = dive();
        let file = archive.display();
        let mut programs = vec![
            ours(Reaches::History, format!("{cli} inspect --quick {file}")),
            ours(Reaches::Tree, format!("{cli} ls {file}")),
            ours(Reaches::Verified, format!("{cli} verify {file}")),
            Program {
                name: "`sha256sum` of the file",
                script: format!("sha256sum {file}"),
                reaches: Reaches::Verified,
            },
        ];
        if let Some(unpack) = self.unpack {
            let blobs = blobs(self.name, archive);
            programs.push(Program {
                name: if unpack.starts_with("gzip") {
                    "`gzip -dc \\| sha256sum` of the layers"
                } else {
                    "`zstd -dc \\| sha256sum` of the layers"
                },
                script: format!("{unpack} {} | sha256sum", blobs.display()),
                reaches: Reaches::Verified,
            });
        }
        if have(&dive) {
            let given = folder().join(format!("{}.tar", self.dive));
            // In its mode for CI it ends by itself; its verdict on wasted space, in its status, is not of interest.
            programs.push(Program {
                name: if self.dive == self.name { "dive 0.13.1" } else { "dive 0.13.1, on the gzip archive" },
                script: format!(
                    "CI=true {dive} --source docker-archive {} | grep -q efficiency",
                    given.display()
                ),
                reaches: Reaches::Tree,
            });
        } else {
            say("SKIPPED: dive is not there; `scripts/setup.sh test` installs it");
        }
        if have("skopeo") {
            programs.push(Program {
                name: "skopeo (inspect, copy)",
                script: format!("skopeo inspect docker-archive:{file}"),
                reaches: Reaches::History,
            });
            // It has the digests once it has written the blobs anew; ten gigabytes of zeros are left on no disk.
            if self.name != "hollow" {
                let copied = folder().join("copied");
                programs.push(Program {
                    name: "skopeo (inspect, copy)",
                    script: format!(
                        "rm -rf {0}; skopeo copy -q docker-archive:{file} dir:{0}; rm -rf {0}",
                        copied.display()
                    ),
                    reaches: Reaches::Verified,
                });
            }
        } else {
            say("SKIPPED: skopeo is not there; `scripts/setup.sh test` installs it");
        }
        programs
    }
}

fn ours(reaches: Reaches, script: String) -> Program {
    Program { name: "Layerscope, command line (inspect, ls, verify)", script, reaches }
}

/// Where the archives are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench")
}

fn cli() -> String {
    env::var("LAYERSCOPE_BENCH_CLI").expect("`make bench` builds the command line")
}

fn dive() -> String {
    let set_up = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/tools/dive/bin/dive");
    if set_up.is_file() { set_up.display().to_string() } else { "dive".into() }
}

/// What the command line finds. It also warms the system's cache of the file, for everybody alike.
pub fn truth(archive: &Path) -> Truth {
    let (cli, file) = (cli(), archive.display());
    let report = serde_json::from_str(&output(&format!("{cli} inspect --json {file}"))).unwrap();
    let paths = output(&format!("{cli} ls {file} | wc -l")).trim().parse().unwrap();
    Truth { report, paths }
}

/// The compressed layers of an archive, one after the other, as a file beside it.
fn blobs(name: &str, archive: &Path) -> PathBuf {
    let blobs = folder().join(format!("{name}.blobs"));
    let manifest: serde_json::Value =
        serde_json::from_str(&output(&format!("tar -xOf {} manifest.json", archive.display()))).unwrap();
    let layers: Vec<&str> =
        manifest[0]["Layers"].as_array().unwrap().iter().map(|layer| layer.as_str().unwrap()).collect();
    output(&format!("tar -xOf {} {} > {}", archive.display(), layers.join(" "), blobs.display()));
    blobs
}
