//! `docs/formats.md`: every row of it on the command line, run as a program. The page is held against the same rows in
//! `tests/browser/formats.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

#[path = "support/formats.rs"]
mod formats;

use formats::{Case, Seen, cases};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_layerscope")).args(args).output().unwrap()
}

fn ok(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn ls(args: &[&str]) -> Vec<Value> {
    ok(&[&["ls", "--json"], args].concat()).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn paths(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["path"].as_str().unwrap()).collect()
}

#[test]
fn every_format_opens_on_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    for (number, case) in cases().iter().enumerate() {
        let path = (case.make)().write(directory.path(), &format!("{number}.tar"));
        println!("{}", case.name);
        check(case, path.to_str().unwrap());
    }
}

fn check(case: &Case, path: &str) {
    let report: Value = serde_json::from_str(&ok(&["inspect", path, "--json"])).unwrap();
    assert_eq!(report["format"], case.format);
    assert_eq!(report["outer_compression"], case.outer);
    let anomalies = report["anomalies"].as_array().unwrap();
    let codes: BTreeSet<&str> = anomalies.iter().map(|found| found["code"].as_str().unwrap()).collect();
    let expected: Vec<String> = case.codes.iter().map(|code| code.name()).collect();
    assert_eq!(codes, expected.iter().map(String::as_str).collect(), "{anomalies:#?}");
    let images = report["images"].as_array().unwrap();
    assert_eq!(images.len(), case.images.len(), "images");
    for (number, (image, seen)) in images.iter().zip(&case.images).enumerate() {
        check_image(path, number, image, seen);
    }
    for (pointer, value) in &case.json {
        assert_eq!(report.pointer(pointer), Some(value), "{pointer}");
    }
    // Nothing that is stated is refuted, whatever the format; and the text has a line for each layer.
    ok(&["verify", path]);
    let text = ok(&["inspect", path]);
    let layers: usize = case.images.iter().map(|seen| seen.layers).sum();
    assert_eq!(text.matches(" stored ").count(), layers, "{text}");
}

fn check_image(path: &str, number: usize, image: &Value, seen: &Seen) {
    let names = image["names"].as_array().unwrap();
    match seen.name {
        // In full or in short.
        Some(name) => assert!(names.iter().any(|is| is.as_str().unwrap().ends_with(name)), "{names:?}"),
        None => assert!(names.is_empty(), "{names:?}"),
    }
    assert_eq!(image["platform"], json!(seen.platform));
    assert_eq!(image["layers"].as_array().unwrap().len(), seen.layers);
    let number = number.to_string();
    let lines = ls(&[path, "--image", &number]);
    assert_eq!(paths(&lines), seen.paths);
    if let Some((file, content)) = seen.reads {
        assert_eq!(ok(&["cat", path, file, "--image", &number]), content);
    }
}

#[test]
fn a_windows_layer_is_listed_as_its_tar_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let case = cases().into_iter().find(|case| case.name.starts_with("Windows images")).unwrap();
    let path = (case.make)().write(directory.path(), "windows.tar");
    let path = path.to_str().unwrap();
    let lines = ls(&[path, "--layer", "1"]);
    let expected =
        ["Files", "Files/Windows/.wh.old.dll", "Files/app.exe", "Files/link.exe", "Hives", "Hives/SOFTWARE"];
    assert_eq!(paths(&lines), expected);
    assert_eq!(lines[1]["type"], "whiteout");
    assert_eq!(lines[3]["link"], "Files/app.exe", "verbatim");
    let notepad = ls(&[path]).into_iter().find(|line| line["path"] == "Windows/notepad.exe").unwrap();
    // NTFS's security descriptor, as its record has it.
    assert_eq!(notepad["xattrs"], json!({ "MSWINDOWS.rawsd": "QVFBQWdBPT0=" }));
    // The root in the tar is the root of the filesystem; what it deletes is gone, and what it holds can be read.
    assert_eq!(ok(&["cat", path, "Windows/old.dll", "--layer", "0"]), "MZ old");
    assert_eq!(run(&["cat", path, "Windows/old.dll"]).status.code(), Some(1));
    assert_eq!(ok(&["cat", path, "Hives/SOFTWARE"]), "regf changed");
}

/// What cannot be undone as a whole is named.
#[test]
fn an_archive_in_an_unknown_compression_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.tar.lz4");
    fs::write(&path, [&[0x04, 0x22, 0x4d, 0x18][..], &[7; 600]].concat()).unwrap();
    let output = run(&["inspect", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("lz4"));
}

/// The table has a row for every case, and no other; and every test that it names is there.
#[test]
fn the_table_of_formats_is_whole_and_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/formats.md")).unwrap();
    let row = |line: &str| -> Option<Vec<String>> {
        let cells = line.strip_prefix("| ")?.strip_suffix("|")?;
        Some(cells.split(" | ").map(|cell| cell.trim().to_owned()).collect())
    };
    // Tables begin with their heads.
    let rows: Vec<Vec<String>> = text.lines().filter_map(row).filter(|row| row[0] != "format").collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let cases = cases();
    let expected: Vec<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names, expected);
    for row in &rows {
        let [name, page, cli, more] = row.as_slice() else { panic!("{row:?}") };
        assert!(!page.is_empty() && !cli.is_empty(), "{name}");
        for test in more.split('`').skip(1).step_by(2) {
            let (path, function) = test.split_once("::").unwrap();
            let source =
                fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{name}: {path}: {e}"));
            assert!(source.contains(&format!("fn {function}(")), "{name}: no {function} in {path}");
        }
    }
    for test in ["tests/formats.rs", "tests/browser/formats.rs"] {
        assert!(text.contains(test) && root.join(test).exists(), "{test}");
    }
}
