//! Our account of dive's numbers against dive 0.13.1 itself, and each of its faults against the fixture that
//! shows it. `docs/dive-differences.md` lists them by the names of these tests.
//!
//! dive is found by `LAYERSCOPE_DIVE`, where `scripts/setup.sh` puts it, or on the path.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use layerscope::{
    audit::{Dive, Reclaimable},
    fixture::{Archive, Image, Pack, Shape, Tar},
    session::Session,
};
use proptest::{prelude::*, test_runner::Config};
use serde_json::Value;
use tempfile::TempDir;

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/sessions.rs"]
mod sessions;
#[path = "support/stacks.rs"]
mod stacks;

/// That of `scripts/versions.env`.
const VERSION: &str = "dive 0.13.1";

/// The program, or nothing, said aloud, where there is none.
fn program() -> Option<PathBuf> {
    let set_up = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/tools/dive/bin/dive");
    let named = env::var_os("LAYERSCOPE_DIVE").map(PathBuf::from);
    let program = named.unwrap_or_else(|| if set_up.is_file() { set_up } else { "dive".into() });
    match Command::new(&program).arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("SKIPPED: dive not found; scripts/setup.sh test installs it");
            None
        }
        Err(error) => panic!("{}: {error}", program.display()),
        Ok(output) => {
            let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if version == VERSION {
                return Some(program);
            }
            eprintln!("SKIPPED: {} is {version:?}, not {VERSION}", program.display());
            None
        }
    }
}

/// What dive says of an archive.
#[derive(Debug)]
struct Said {
    /// What it exports.
    json: Value,
    /// `userWastedPercent` as it prints it: a percentage with four digits after the point, `NaN` or `+Inf`.
    user_wasted: String,
}

impl Said {
    fn efficiency(&self) -> f64 {
        self.json["image"]["efficiencyScore"].as_f64().unwrap()
    }

    fn wasted_bytes(&self) -> u64 {
        self.json["image"]["inefficientBytes"].as_u64().unwrap()
    }

    /// How it differs from ours, if it does.
    fn difference(&self, ours: Dive) -> Option<String> {
        let user_wasted = match ours.user_wasted_percent {
            Some(part) => format!("{:.4}", part * 100.0),
            None if ours.wasted_bytes == 0 => "NaN".into(),
            None => "+Inf".into(),
        };
        let same = (ours.efficiency - self.efficiency()).abs() < 1e-9
            && ours.wasted_bytes == self.wasted_bytes()
            && user_wasted == self.user_wasted;
        let theirs = || format!("{}, {}, {}", self.efficiency(), self.wasted_bytes(), self.user_wasted);
        (!same).then(|| format!("dive: {}; ours: {ours:?}", theirs()))
    }
}

/// Runs dive on an archive; what it printed where it fails.
fn dive(program: &Path, archive: &Path) -> Result<Said, String> {
    let directory = tempfile::tempdir().unwrap();
    let json = directory.path().join("dive.json");
    let run = |args: &[&str]| {
        // No settings but its own.
        let output = Command::new(program)
            .env_clear()
            .env("HOME", directory.path())
            .current_dir(directory.path())
            .args(["--ci", "--source", "docker-archive"])
            .arg(archive)
            .args(args)
            .output();
        output.unwrap()
    };
    let exported = run(&["--json", json.to_str().unwrap()]);
    let printed =
        |output: &Output| [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    let Ok(text) = fs::read(&json) else { return Err(printed(&exported)) };
    let summary = printed(&run(&[]));
    let line = summary.lines().find_map(|line| line.trim().strip_prefix("userWastedPercent:"));
    let user_wasted = line.ok_or(summary.clone())?.trim_end_matches('%').trim().to_owned();
    Ok(Said { json: serde_json::from_slice(&text).unwrap(), user_wasted })
}

fn dive_on(program: &Path, archive: &[u8]) -> Result<Said, String> {
    let (_directory, path) = write(archive);
    dive(program, &path)
}

fn write(archive: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.tar");
    fs::write(&path, archive).unwrap();
    (directory, path)
}

fn ours(session: &Session, image: usize) -> (Dive, Reclaimable) {
    let image = &session.report().images[image];
    (image.dive.unwrap(), image.reclaimable.unwrap())
}

/// Asserts that ours are dive's numbers, and returns them with what is reclaimable by our own account.
#[track_caller]
fn same(layers: &[Tar]) -> (Dive, Reclaimable) {
    let archive = sessions::archive(layers);
    let (numbers, reclaimable) = ours(&sessions::read(&archive), 0);
    if let Some(program) = program() {
        assert_eq!(dive_on(&program, &archive).unwrap().difference(numbers), None);
    }
    (numbers, reclaimable)
}

/// Asserts that ours are not dive's numbers, which are these: efficiency and wasted bytes.
#[track_caller]
fn different(layers: &[Tar], efficiency: f64, wasted_bytes: u64) -> (Dive, Reclaimable) {
    let archive = sessions::archive(layers);
    let (numbers, reclaimable) = ours(&sessions::read(&archive), 0);
    if let Some(program) = program() {
        let said = dive_on(&program, &archive).unwrap();
        assert_eq!((said.efficiency(), said.wasted_bytes()), (efficiency, wasted_bytes));
        assert!(said.difference(numbers).is_some(), "{numbers:?}");
    }
    (numbers, reclaimable)
}

fn bytes(n: usize) -> Vec<u8> {
    vec![b'x'; n]
}

// --- Faults of its formulas: our account of its numbers has them, what is reclaimable has not.

#[test]
fn a_deleted_directory_is_no_waste() {
    let base = Tar::new().dir("d", 0o755).file("d/f", bytes(90_000));
    let (numbers, reclaimable) = same(&[base, Tar::new().whiteout("d")]);
    assert_eq!((numbers.efficiency, numbers.wasted_bytes), (1.0, 0));
    assert_eq!((reclaimable.total, reclaimable.deleted), (90_000, 90_000));
}

#[test]
fn a_deleted_file_is_wasted_whole_and_worth_nothing() {
    let base = Tar::new().file("f", bytes(90_000)).file("g", bytes(10_000));
    let (numbers, reclaimable) = same(&[base, Tar::new().whiteout("f")]);
    assert_eq!((numbers.efficiency, numbers.wasted_bytes), (0.1, 90_000));
    assert_eq!(numbers.user_wasted_percent, None, "the second layer is empty");
    assert_eq!(reclaimable.total, 90_000);
}

#[test]
fn a_deleted_directory_without_an_entry_has_no_size() {
    // The second layer has no entry for the directory, so that dive takes it for none from there on.
    let base = Tar::new().dir("d", 0o755).file("d/f", bytes(90_000));
    let touched = Tar::new().file("d/g", bytes(10));
    let (numbers, reclaimable) = same(&[base, touched, Tar::new().whiteout("d").file("d", bytes(7))]);
    assert_eq!(numbers.wasted_bytes, 7);
    assert_eq!(reclaimable.total, 90_010);
}

#[test]
fn opaque_marks_hide_nothing() {
    let base = Tar::new().dir("d", 0o755).file("d/f", bytes(90_000));
    let opaque = Tar::new().dir("d", 0o755).opaque("d").file("d/g", bytes(10));
    let (numbers, reclaimable) = same(&[base.clone(), opaque.clone()]);
    assert_eq!((numbers.efficiency, numbers.wasted_bytes), (1.0, 0));
    assert_eq!((reclaimable.total, reclaimable.opaque), (90_000, 90_000));
    // What is hidden already is deleted once more with its directory.
    let deleted_twice = [base, opaque, Tar::new().whiteout("d"), Tar::new().file("d", bytes(10))];
    let (numbers, reclaimable) = same(&deleted_twice);
    assert_eq!(numbers.wasted_bytes, 90_020);
    assert_eq!((reclaimable.total, reclaimable.deleted), (90_010, 10));
}

#[test]
fn every_copy_is_counted_not_the_excess() {
    let layer = |own: &str| Tar::new().file("f", bytes(1_000)).file(own, "");
    let (numbers, reclaimable) = same(&[layer("a"), layer("b"), layer("c")]);
    assert_eq!(numbers.wasted_bytes, 3_000);
    assert_eq!(numbers.user_wasted_percent, Some(1.5));
    assert_eq!((reclaimable.total, reclaimable.metadata_only), (2_000, 2_000));
}

#[test]
fn a_file_in_the_place_of_a_directory_keeps_what_was_below() {
    let base = Tar::new().dir("a", 0o755).dir("a/d", 0o755).file("a/d/f", bytes(90_000));
    let replaced = Tar::new().dir("a", 0o755).file("a/d", bytes(10));
    let (numbers, reclaimable) = same(&[base.clone(), replaced.clone()]);
    assert_eq!((numbers.efficiency, numbers.wasted_bytes), (1.0, 0));
    assert_eq!((reclaimable.total, reclaimable.opaque), (90_000, 90_000));
    let (numbers, _) = same(&[base, replaced, Tar::new().whiteout("a").file("a", bytes(5))]);
    assert_eq!(numbers.wasted_bytes, 90_015);
}

#[test]
fn other_names_of_a_file_are_not_seen() {
    let base = Tar::new().file("f", bytes(1_000)).hardlink("g", "f");
    let (numbers, reclaimable) = same(&[base, Tar::new().file("f", bytes(1_000))]);
    assert_eq!(numbers.wasted_bytes, 2_000);
    assert_eq!(reclaimable.total, 0, "the other name shows it still");
}

#[test]
fn a_path_that_its_layer_repeats_counts_once() {
    let base = Tar::new().file("f", bytes(1_000)).file("f", bytes(10));
    let (numbers, reclaimable) = same(&[Tar::new().file("g", "x"), base]);
    assert_eq!(numbers.wasted_bytes, 0);
    assert_eq!((reclaimable.total, reclaimable.overwritten), (1_000, 1_000));
}

#[test]
fn times_and_attributes_are_not_compared() {
    let Some(program) = program() else { return };
    let plain = Tar::new().file("f", "x");
    let other = Tar::new().file("f", "x").mtime(7, 0).xattr("user.note", "y");
    let files = |layer: &Tar| {
        let said = dive_on(&program, &sessions::archive(std::slice::from_ref(layer))).unwrap();
        said.json["layer"][0]["fileList"].clone()
    };
    assert_eq!(files(&plain), files(&other));
}

// --- Faults of the program: our account of its numbers goes on.

/// Where dive gives up on a layer, the whiteout that it gives up at has a size of -1 byte.
const ONE_LESS: f64 = 0.999;

#[test]
fn a_whiteout_of_nothing_ends_its_layer() {
    let base = Tar::new().file("f", bytes(1_000));
    let top = Tar::new().whiteout("gone").file("f", bytes(1_000));
    let (numbers, _) = different(&[base, top], ONE_LESS, 0);
    assert_eq!((numbers.efficiency, numbers.wasted_bytes), (0.5, 2_000));
}

#[test]
fn a_whiteout_in_the_bottom_layer_ends_it() {
    let base = Tar::new().whiteout("gone").file("f", bytes(1_000));
    let (numbers, _) = different(&[base, Tar::new().file("f", bytes(1_000))], ONE_LESS, 0);
    assert_eq!(numbers.wasted_bytes, 2_000);
}

#[test]
fn names_of_aufs_end_their_layer() {
    let base = Tar::new().file(".wh..wh.plnk", "").file("f", bytes(1_000));
    let (numbers, _) = different(&[base, Tar::new().file("f", bytes(1_000))], ONE_LESS, 0);
    assert_eq!(numbers.wasted_bytes, 2_000);
}

#[test]
fn a_name_before_dot_wh_is_deleted_after_it_was_made() {
    let base = Tar::new().dir(".cache", 0o755).file(".cache/f", bytes(1_000));
    let anew = Tar::new().whiteout(".cache").dir(".cache", 0o755).file(".cache/g", bytes(10));
    let gone = Tar::new().whiteout(".cache").file(".cache", bytes(1));
    // The third layer deletes what dive no longer has, and ends there.
    let (numbers, _) = different(&[base, anew, gone], 1_011.0 / 2_011.0, 1_001);
    assert_eq!(numbers.wasted_bytes, 1_011);
}

#[test]
fn only_the_first_image_is_read() {
    let image = |name: &str, copies: usize| {
        let layer = Tar::new().file("f", bytes(100)).file(name, "");
        (0..copies).fold(Image::new().name(&format!("{name}:latest")), |image, i| {
            image.layer(&layer.clone().file(format!("{i}"), "x"), "COPY")
        })
    };
    let archive = Archive::new(Shape::Docker).image(image("one", 1)).image(image("two", 3)).bytes();
    let session = sessions::read(&archive);
    assert_eq!([0, 1].map(|i| ours(&session, i).0.wasted_bytes), [0, 300]);
    let Some(program) = program() else { return };
    let said = dive_on(&program, &archive).unwrap();
    assert_eq!((said.json["layer"].as_array().unwrap().len(), said.wasted_bytes()), (1, 0));
}

#[test]
fn an_oci_layout_comes_out_in_any_order() {
    let layers: Vec<Tar> = (0..8).map(|i| Tar::new().file(format!("{i}"), bytes(i))).collect();
    let image = layers.iter().fold(Image::new().name("x:latest"), |image, layer| image.layer(layer, "COPY"));
    let archive = Archive::new(Shape::OciLayout).image(image).bytes();
    let report = sessions::read(&archive).report();
    let sizes: Vec<u64> = report.images[0].layers.iter().map(|layer| layer.entries.unwrap()).collect();
    assert_eq!(sizes, [1; 8]);
    let Some(program) = program() else { return };
    let in_order = (0..3).all(|_| {
        let said = dive_on(&program, &archive).unwrap();
        let layers = said.json["layer"].as_array().unwrap();
        assert_eq!(layers.len(), 8);
        layers.iter().map(|layer| layer["sizeBytes"].as_u64().unwrap()).eq(0..8)
    });
    assert!(!in_order, "one run in 40 000 gets this right by chance, never three");
}

#[test]
fn a_layer_that_is_a_link_is_empty() {
    let layer = Tar::new().file("f", bytes(1_000));
    let archive = Archive::new(Shape::Docker)
        .image(Image::new().name("x:latest").layer(&layer, "COPY"))
        .edit_docker_manifest(|manifest| {
            let layers = manifest[0]["Layers"].as_array_mut().unwrap();
            layers[0] = "link/layer.tar".into();
        });
    let members = archive.members();
    let is_layer = |entry: &&layerscope::fixture::TarEntry| entry.path.ends_with(b"/layer.tar");
    let target = members.entries.iter().find(is_layer).unwrap().path.clone();
    let archive = members.symlink("link/layer.tar", [b"../".as_slice(), &target].concat()).bytes();
    let report = sessions::read(&archive).report();
    assert_eq!(report.images[0].layers[0].entries, Some(1));
    let Some(program) = program() else { return };
    assert_eq!(dive_on(&program, &archive).unwrap().json["image"]["sizeBytes"], 0);
}

#[test]
fn a_history_longer_than_the_layers_crashes_it() {
    let image = || image_of(&Tar::new().file("f", bytes(1_000)));
    let longer = image().edit_config(|config| {
        let history = config["history"].as_array_mut().unwrap();
        history.push(serde_json::json!({ "created_by": "COPY again" }));
    });
    let archive = |image: Image| Archive::new(Shape::Docker).image(image).bytes();
    let (plain, longer) = (archive(image()), archive(longer));
    assert_eq!(ours(&sessions::read(&plain), 0), ours(&sessions::read(&longer), 0));
    let Some(program) = program() else { return };
    dive_on(&program, &plain).unwrap();
    // What it last says of it ("index out of range") is not always printed.
    dive_on(&program, &longer).unwrap_err();
}

fn image_of(layer: &Tar) -> Image {
    Image::new().name("x:latest").layer(layer, "COPY")
}

#[test]
fn a_compressed_archive_is_not_read() {
    let plain = Archive::new(Shape::Docker).image(image_of(&Tar::new().file("f", bytes(1_000)))).bytes();
    let packed = Pack::Gzip.pack(&plain);
    assert_eq!(ours(&sessions::read(&packed), 0).0.efficiency, 1.0);
    let Some(program) = program() else { return };
    dive_on(&program, &packed).unwrap_err();
    dive_on(&program, &plain).unwrap();
}

// --- Everything else is the same.

/// Leaves out the whiteouts at which dive would give up: of what is not there to it.
fn without_whiteouts_of_nothing(layers: Vec<Tar>) -> Vec<Tar> {
    let mut below: BTreeSet<String> = BTreeSet::new();
    let mut sound = Vec::new();
    for mut layer in layers {
        let split = |path: &[u8]| {
            let path = std::str::from_utf8(path).unwrap().trim_end_matches('/').to_owned();
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
            let target = name.strip_prefix(".wh.").filter(|name| !name.starts_with(".wh."))?;
            Some(if directory.is_empty() { target.to_owned() } else { format!("{directory}/{target}") })
        };
        layer.entries.retain(|entry| split(&entry.path).is_none_or(|target| below.contains(&target)));
        for target in layer.entries.iter().filter_map(|entry| split(&entry.path)) {
            below.retain(|path| *path != target && !path.starts_with(&format!("{target}/")));
        }
        for entry in &layer.entries {
            let path = std::str::from_utf8(&entry.path).unwrap().trim_end_matches('/');
            let names: Vec<&str> = path.split('/').collect();
            let all = (1..=names.len()).filter(|&n| !names[n - 1].starts_with(".wh."));
            below.extend(all.map(|n| names[..n].join("/")));
        }
        sound.push(layer);
    }
    sound
}

#[test]
fn random_stacks_have_the_same_numbers() {
    let Some(program) = program() else { return };
    proptest!(Config::with_cases(64), |(layers in stacks::stacks())| {
        let archive = sessions::archive(&without_whiteouts_of_nothing(layers));
        let (numbers, _) = ours(&sessions::read(&archive), 0);
        prop_assert_eq!(dive_on(&program, &archive).unwrap().difference(numbers), None);
    });
}

#[test]
fn real_images_have_the_same_numbers() {
    let Some(program) = program() else { return };
    let rows = corpus::images();
    // An OCI layout comes out in any order; see above.
    let archives = rows.iter().filter(|row| row["format"] == "docker" || row["format"] == "hybrid");
    let (mut compared, mut wrong) = (0, Vec::new());
    for row in archives {
        let path = corpus::path(&row["path"]);
        let Ok(said) = dive(&program, &path) else { continue };
        let report = sessions::read(&fs::read(&path).unwrap()).report();
        let Some(numbers) = report.images[0].dive else {
            wrong.push(format!("{}: dive reads it all, we do not", row["path"]));
            continue;
        };
        wrong.extend(said.difference(numbers).map(|difference| format!("{}: {difference}", row["path"])));
        compared += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(rows.is_empty() || compared >= 45, "dive reads most of them; it read {compared}");
}
