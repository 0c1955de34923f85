//! The command line, run as a program, against made archives and the corpus.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use layerscope::fixture::{Archive, Image, Pack, Shape, Tar};
use serde_json::{Value, json};
use tempfile::TempDir;

#[path = "support/corpus.rs"]
mod corpus;

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_layerscope")).args(args).output().unwrap()
}

fn ok(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn inspect(archive: &Path) -> Value {
    serde_json::from_str(&ok(&["inspect", archive.to_str().unwrap(), "--json"])).unwrap()
}

fn ls(args: &[&str]) -> Vec<Value> {
    ok(&[&["ls", "--json"], args].concat()).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Writes an archive where the command line can read it.
fn write(bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image.tar");
    std::fs::write(&path, bytes).unwrap();
    (directory, path)
}

fn sample() -> Archive {
    let base = Tar::new()
        .dir("etc", 0o755)
        .file("etc/motd", "hello\n")
        .owner(0, 5)
        .mtime(1_600_000_000, 250_000_000)
        .xattr("user.note", "hi")
        .symlink("etc/link", "motd")
        .hardlink("etc/hard", "etc/motd")
        .char_device("null", 1, 3)
        .file(b"bad-\xff", "x")
        .file("implied/by/this", "y");
    let top = Tar::new().file("etc/motd", "bye\n").mode(0o4711).whiteout("null").opaque("implied");
    let image = |name: &str| {
        Image::new()
            .name(name)
            .platform("linux", "amd64")
            .env("A", "b")
            .layer(&base, "/bin/sh -c #(nop) ADD file:x in /")
    };
    Archive::new(Shape::DockerOci)
        .pack(Pack::Gzip)
        .image(
            image("two:latest")
                .empty("/bin/sh -c #(nop)  CMD [\"sh\"]")
                .layer(&top, "RUN /bin/sh -c x # buildkit"),
        )
        .image(image("one:latest"))
}

#[test]
fn inspect_says_what_docs_json_md_promises() {
    let (_directory, path) = write(&sample().bytes());
    let report = inspect(&path);
    assert_eq!((&report["version"], &report["format"]), (&json!(1), &json!("docker-oci")));
    let image = &report["images"][0];
    assert!(image["names"].as_array().unwrap().contains(&json!("two:latest")));
    assert_eq!(image["platform"], "linux/amd64");
    assert_eq!(image["config"]["config"]["Env"], json!(["A=b"]));
    let reclaimable = json!({ "total": 1, "deleted": 0, "overwritten": 0, "metadata_only": 0, "opaque": 1 });
    assert_eq!(image["reclaimable"], reclaimable);
    let dive = json!({ "efficiency": 0.5, "wasted_bytes": 10, "user_wasted_percent": 2.5 });
    assert_eq!(image["dive"], dive);
    let history: Vec<_> = image["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["empty_layer"], &row["layer"], &row["instruction"]))
        .collect();
    assert_eq!(
        history,
        [
            (&json!(false), &json!(0), &json!("ADD file:x /")),
            (&json!(true), &json!(null), &json!("CMD [\"sh\"]")),
            (&json!(false), &json!(1), &json!("RUN x")),
        ]
    );
    let layer = &image["layers"][0];
    for key in ["digest", "diff_id"] {
        assert_eq!(layer[key], layer[format!("stated_{key}")]);
        assert_eq!(layer[format!("{key}_verified")], true);
    }
    assert_eq!(
        (&layer["compression"], &layer["index"], &layer["entries"]),
        (&json!("gzip"), &json!(0), &json!(7))
    );
    assert!(layer["size"].as_u64() > layer["stored_size"].as_u64());

    let quick: Value =
        serde_json::from_str(&ok(&["inspect", path.to_str().unwrap(), "--json", "--quick"])).unwrap();
    assert_eq!(
        (&quick["images"][0]["dive"], &quick["images"][0]["reclaimable"]),
        (&json!(null), &json!(null))
    );
    let layer = &quick["images"][0]["layers"][0];
    assert_eq!(
        (&layer["digest"], &layer["digest_verified"], &layer["entries"]),
        (&json!(null), &json!(null), &json!(null))
    );
    assert!(layer["stated_digest"].is_string() && layer["stored_size"].is_u64());
    assert!(ok(&["inspect", path.to_str().unwrap()]).contains("two:latest"));
}

#[test]
fn ls_lists_the_merged_filesystem() {
    let (_directory, path) = write(&sample().bytes());
    let path = path.to_str().unwrap();
    let lines = ls(&[path]);
    let paths: Vec<_> = lines.iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["bad-\u{fffd}", "etc", "etc/hard", "etc/link", "etc/motd"]);
    assert_eq!(lines[0]["path_base64"], "YmFkLf8=");
    assert_eq!(
        lines[4],
        json!({
            "path": "etc/motd", "type": "file", "size": 4, "mode": "4711", "uid": 0, "gid": 0, "layer": 1, "link": null,
            "mtime": lines[4]["mtime"], "mtime_nsec": 0, "xattrs": {},
        })
    );
    assert_eq!(
        (&lines[2]["type"], &lines[2]["link"], &lines[2]["size"]),
        (&json!("hardlink"), &json!("etc/motd"), &json!(0))
    );
    assert_eq!((&lines[3]["type"], &lines[3]["link"]), (&json!("symlink"), &json!("motd")));

    let below = ls(&[path, "--upto", "0"]);
    let motd = below.iter().find(|line| line["path"] == "etc/motd").unwrap();
    assert_eq!(
        (&motd["gid"], &motd["mtime"], &motd["mtime_nsec"]),
        (&json!(5), &json!(1_600_000_000), &json!(250_000_000))
    );
    assert_eq!(motd["xattrs"], json!({"user.note": "aGk="}));
    let null = below.iter().find(|line| line["path"] == "null").unwrap();
    assert_eq!((&null["type"], &null["devmajor"], &null["devminor"]), (&json!("char"), &json!(1), &json!(3)));
    // What no entry makes is not listed.
    assert!(below.iter().any(|line| line["path"] == "implied/by/this"));
    assert!(!below.iter().any(|line| line["path"] == "implied/by"));
    // The other image, by its name and by its place.
    assert_eq!(ls(&[path, "--image", "one:latest"]), ls(&[path, "--image", "1"]));
    assert_eq!(ls(&[path, "--image", "1"]).len(), below.len());
}

#[test]
fn ls_lists_a_layer_in_the_order_of_its_tar() {
    let (_directory, path) = write(&sample().bytes());
    let lines = ls(&[path.to_str().unwrap(), "--layer", "1"]);
    let entries: Vec<_> =
        lines.iter().map(|l| (l["path"].as_str().unwrap(), l["type"].as_str().unwrap())).collect();
    assert_eq!(entries, [("etc/motd", "file"), (".wh.null", "whiteout"), ("implied/.wh..wh..opq", "opaque")]);
}

#[test]
fn cat_prints_what_is_on_top_or_in_a_layer() {
    let (_directory, path) = write(&sample().bytes());
    let path = path.to_str().unwrap();
    assert_eq!(ok(&["cat", path, "etc/motd"]), "bye\n");
    assert_eq!(ok(&["cat", path, "/etc/link"]), "bye\n");
    assert_eq!(ok(&["cat", path, "etc/motd", "--layer", "0"]), "hello\n");
    assert_eq!(ok(&["cat", path, "etc/hard"]), "hello\n");
    // Deleted from the merged filesystem, and still there.
    assert_eq!(run(&["cat", path, "implied/by/this"]).status.code(), Some(1));
    assert_eq!(ok(&["cat", path, "implied/by/this", "--layer", "0"]), "y");
}

#[test]
fn cat_shows_parts_hex_and_kinds() {
    let script = "#!/usr/bin/env python3\nprint('x')\n";
    let layer = Tar::new()
        .file("run", script)
        .file("data", (0..=255).collect::<Vec<u8>>())
        .file("empty", "")
        .symlink("loop", "pool")
        .symlink("pool", "loop")
        .symlink("gone", "not/there")
        .dir("directory", 0o755);
    let archive = Archive::new(Shape::OciLayout)
        .pack(Pack::Gzip)
        .image(Image::new().name("a:1").layer(&layer, "RUN x"));
    let (_directory, path) = write(&archive.bytes());
    let path = path.to_str().unwrap();
    assert_eq!(ok(&["cat", path, "run", "--offset", "2", "--length", "8"]), "/usr/bin");
    assert_eq!(ok(&["cat", path, "run", "--kind"]), "script for \"python3\"\n");
    assert_eq!(ok(&["cat", path, "data", "--kind"]), "data\n");
    assert_eq!(ok(&["cat", path, "empty", "--kind"]), "empty\n");
    let hex = ok(&["cat", path, "data", "--hex", "--offset", "32", "--length", "20"]);
    assert_eq!(
        hex,
        "00000020  20 21 22 23 24 25 26 27  28 29 2a 2b 2c 2d 2e 2f   !\"#$%&'()*+,-./\n\
         00000030  30 31 32 33                                       0123\n"
    );
    for (name, wanted) in [
        ("loop", "in a circle"),
        ("gone", "dangles: there is no \"not/there\""),
        ("directory", "not a regular file"),
        ("none", "no such file in the merged filesystem"),
    ] {
        let output = run(&["cat", path, name]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.contains(wanted)), (Some(1), true), "{name}: {said}");
    }
}

#[test]
fn diff_compares_what_two_layers_make_of_a_path() {
    let below = Tar::new().file("etc/hosts", "a\nb\nc\n").file("bin", vec![0, 1, 2, 3]).file("gone", "x\n");
    let above = Tar::new()
        .file("etc/hosts", "a\nB\nc\n")
        .file("bin", vec![0, 1, 9, 3])
        .whiteout("gone")
        .file("new", "y\n");
    for pack in [Pack::Plain, Pack::Gzip] {
        let image = Image::new().name("a:1").layer(&below, "RUN x").layer(&above, "RUN y");
        let (_directory, path) = write(&Archive::new(Shape::OciLayout).pack(pack).image(image).bytes());
        let path = path.to_str().unwrap();
        let diff = |name: &str, more: &[&str]| {
            ok(&[&["diff", path, name, "--from", "0", "--to", "1"], more].concat())
        };
        assert_eq!(
            diff("etc/hosts", &[]),
            "--- a/etc/hosts\tlayers 0 to 0\n+++ b/etc/hosts\tlayers 0 to 1\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
        );
        assert!(diff("gone", &[]).contains("+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"), "{}", diff("gone", &[]));
        assert!(diff("new", &[]).starts_with("--- /dev/null\n+++ b/new"), "{}", diff("new", &[]));
        let bytes = diff("bin", &[]);
        assert!(
            bytes.contains("-00000000  00 01 02 03 ") && bytes.contains("+00000000  00 01 09 03 "),
            "{bytes}"
        );
        assert!(diff("etc/hosts", &["--hex"]).contains("-00000000  61 0a 62 "));
        assert_eq!(ok(&["diff", path, "etc/hosts", "--from", "1", "--to", "1"]), "");
        assert_eq!(run(&["diff", path, "etc", "--from", "0", "--to", "1"]).status.code(), Some(1));
        assert_eq!(run(&["diff", path, "etc/hosts", "--from", "0", "--to", "2"]).status.code(), Some(1));
    }
}

/// The patch that is printed is one: `patch` makes the new version of the old one.
#[test]
fn a_printed_diff_can_be_applied() {
    if Command::new("patch").arg("--version").output().is_err() {
        return eprintln!("SKIPPED: patch not found");
    }
    let old: String = (0..400).map(|n| format!("line {n}\n")).collect();
    let new =
        old.replace("line 7\n", "seven\n").replace("line 200\n", "").replace("line 399\n", "line 399\nlast");
    let image = Image::new()
        .name("a:1")
        .layer(&Tar::new().file("f", old.as_str()), "RUN x")
        .layer(&Tar::new().file("f", new.as_str()), "RUN y");
    let (directory, path) = write(&Archive::new(Shape::OciLayout).image(image).bytes());
    let patch = ok(&["diff", path.to_str().unwrap(), "f", "--from", "0", "--to", "1"]);
    let (file, diff) = (directory.path().join("f"), directory.path().join("patch"));
    std::fs::write(&file, old).unwrap();
    std::fs::write(&diff, patch).unwrap();
    let applied = Command::new("patch").arg(&file).arg(&diff).output().unwrap();
    assert!(applied.status.success(), "{applied:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), new);
}

/// The entries of a tar: path, type flag, content.
fn entries(tar: &[u8]) -> Vec<(String, char, String)> {
    let mut archive = tar::Archive::new(tar);
    let entry = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let mut body = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut body).unwrap();
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        (path, char::from(entry.header().entry_type().as_byte()), String::from_utf8(body).unwrap())
    };
    archive.entries().unwrap().map(entry).collect()
}

#[test]
fn export_writes_files_directories_layers_and_the_whole() {
    let (directory, path) = write(&sample().bytes());
    let archive = path.to_str().unwrap();
    let export = |args: &[&str]| {
        let output = run(&[&["export", archive], args].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    // Files are written as they are, links to them too; of any layer, deleted ones included.
    assert_eq!(export(&["etc/motd"]), b"bye\n");
    assert_eq!(export(&["etc/link"]), b"bye\n");
    assert_eq!(export(&["etc/motd", "--upto", "0"]), b"hello\n");
    assert_eq!(export(&["etc/hard", "--layer", "0"]), b"hello\n");

    let entry = |path: &str, flag: char, body: &str| (path.to_owned(), flag, body.to_owned());
    let etc = entries(&export(&["etc"]));
    let wanted = [
        entry("etc/", '5', ""),
        entry("etc/link", '2', ""),
        // The file that it was linked to is replaced, so it has the content.
        entry("etc/hard", '0', "hello\n"),
        entry("etc/motd", '0', "bye\n"),
    ];
    for wanted in &wanted {
        assert!(etc.contains(wanted), "{wanted:?} in {etc:?}");
    }
    assert_eq!(etc.len(), wanted.len());
    // Below, it is a hard link still; what is made implicitly and deleted later is there.
    let below = entries(&export(&["--upto", "0"]));
    assert!(
        below.contains(&entry("etc/hard", '1', "")) && below.contains(&entry("null", '3', "")),
        "{below:?}"
    );
    assert!(below.contains(&entry("implied/by/this", '0', "y")));
    assert!(below.contains(&entry("bad-\u{fffd}", '0', "x")));
    // A layer's part has its marks.
    assert_eq!(entries(&export(&["null", "--layer", "1"])), [entry(".wh.null", '0', "")]);
    assert_eq!(entries(&export(&["implied", "--layer", "1"])), [entry("implied/.wh..wh..opq", '0', "")]);

    // A whole layer is the very tar that was packed.
    let report = inspect(&path);
    for (layer, stated) in report["images"][0]["layers"].as_array().unwrap().iter().enumerate() {
        let tar = export(&["--layer", &layer.to_string()]);
        assert_eq!(layerscope::digest::Digest::sha256(&tar).to_string(), stated["diff_id"].as_str().unwrap());
    }

    // Into a file, whole or not at all.
    let out = directory.path().join("out.tar");
    assert!(export(&["-o", out.to_str().unwrap()]).is_empty());
    assert_eq!(entries(&std::fs::read(&out).unwrap()), entries(&export(&["-o", "-"])));
    let refused = run(&["export", archive, "nothing", "-o", directory.path().join("none").to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!directory.path().join("none").exists());
}

#[test]
fn what_is_exported_of_a_damaged_layer_is_not_taken_for_whole() {
    let mut bytes = sample().bytes();
    let places: Vec<usize> =
        (0..bytes.len() - 3).filter(|&at| bytes[at..].starts_with(b"\x1f\x8b\x08")).collect();
    for at in places {
        bytes[at + 60..at + 80].fill(0xff);
    }
    let (directory, path) = write(&bytes);
    let out = directory.path().join("out.tar");
    let output = run(&["export", path.to_str().unwrap(), "--layer", "0", "-o", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!out.exists());
}

#[test]
fn exit_codes_and_one_line_of_error() {
    let (_directory, path) = write(&sample().bytes());
    let path = path.to_str().unwrap();
    let (_other, text) = write(b"no archive, but a text of some length");
    let cases: &[(&[&str], i32)] = &[
        (&["inspect", "/nowhere/at/all.tar"], 1),
        (&["inspect", text.to_str().unwrap()], 1),
        (&["inspect", "/proc/self/fd"], 1),
        (&["ls", path, "--layer", "2"], 1),
        (&["ls", path, "--image", "three"], 1),
        (&["cat", path, "etc"], 1),
        (&["cat", path, "etc/none"], 1),
        (&["cat", path], 2),
        (&["ls", path, "--layer", "x"], 2),
        (&["ls", path, "--layer", "0", "--upto", "0"], 2),
        (&["frobnicate"], 2),
        (&[], 2),
    ];
    for (args, code) in cases {
        let output = run(args);
        assert_eq!(output.status.code(), Some(*code), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        if *code == 1 {
            assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
        }
    }
}

#[test]
fn verify_exits_with_1_on_a_mismatch_alone() {
    let image = || Image::new().name("a:b").layer(&Tar::new().file("a", "1").whiteout("none"), "RUN a");
    let (_directory, path) = write(&Archive::new(Shape::OciLayout).image(image()).bytes());
    let verification: Value =
        serde_json::from_str(&ok(&["verify", path.to_str().unwrap(), "--json"])).unwrap();
    assert_eq!((&verification["verified"], &verification["mismatches"]), (&json!(true), &json!(0)));
    assert_eq!(verification["anomalies"][0]["code"], "whiteout-of-nothing");
    assert_eq!(verification["anomalies"][0]["severity"], "info");
    let documents = verification["documents"].as_array().unwrap();
    let kinds: Vec<_> = documents.iter().map(|document| document["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["manifest", "config"]);
    for document in documents {
        assert_eq!((&document["digest_verified"], &document["size_verified"]), (&json!(true), &json!(true)));
        assert_eq!(
            (&document["digest"], &document["size"]),
            (&document["stated_digest"], &document["stated_size"])
        );
    }
    let layer = &verification["images"][0]["layers"][0];
    assert_eq!((&layer["size_verified"], &layer["limit"]), (&json!(true), &Value::Null));
    assert_eq!(layer["stated_size"], layer["stored_size"]);
    assert_eq!((&layer["stated_compression"], &layer["compression"]), (&json!("none"), &json!("none")));

    let wrong = image().edit_manifest(|manifest| {
        manifest["layers"][0]["size"] = 1.into();
    });
    let (_directory, path) = write(&Archive::new(Shape::OciLayout).image(wrong).bytes());
    let output = run(&["verify", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("error: size-mismatch"));
    assert!(text.contains("size    MISMATCH: stated 1, found 2560"), "{text}");
    assert!(text.contains("config of image 0: blobs/sha256/"), "{text}");
}

#[test]
fn names_cannot_act_on_a_terminal() {
    let layer = Tar::new().file("a\x1b[31m\u{202e}b", "x");
    let image = Image::new().name("a:b").layer(&layer, "RUN echo \x1b]0;title\x07");
    let (_directory, path) = write(&Archive::new(Shape::DockerOci).image(image).bytes());
    for command in ["ls", "inspect"] {
        let text = ok(&[command, path.to_str().unwrap()]);
        assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text:?}");
        assert!(text.contains("\\u{1b}"), "{text:?}");
    }
}

/// Every image archive of the corpus, against what an independent program read.
#[test]
fn the_corpus_reads_as_an_independent_program_read_it() {
    for row in corpus::images() {
        let archive = corpus::path(&row["path"]);
        let report = inspect(&archive);
        let images = report["images"].as_array().unwrap();
        let join =
            |numbers: Vec<usize>| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
        assert_eq!(images.len().to_string(), row["images"], "{}: images", row["path"]);
        let layers = images.iter().map(|image| image["layers"].as_array().unwrap().len());
        assert_eq!(join(layers.collect()), row["layers"], "{}: layers", row["path"]);
        let missing = images
            .iter()
            .flat_map(|image| image["layers"].as_array().unwrap())
            .filter(|l| l["digest"].is_null());
        assert_eq!(missing.count().to_string(), row["missing_layers"], "{}: missing layers", row["path"]);
        let merged =
            (0..images.len()).map(|i| ls(&[archive.to_str().unwrap(), "--image", &i.to_string()]).len());
        assert_eq!(join(merged.collect()), row["merged_entries"], "{}: merged entries", row["path"]);
        // Where skopeo verified every digest, so do we. It copies an OCI layout without a look at the DiffIds: those of
        // this one were made up.
        let is_made_up = row["path"].ends_with("openshift_oc-mirror__unit_testdata_test-untar");
        if row["skopeo"] == "ok" && row["missing_layers"] == "0" && !is_made_up {
            for layer in images.iter().flat_map(|image| image["layers"].as_array().unwrap()) {
                assert_ne!(layer["digest_verified"], false, "{}", row["path"]);
                assert_ne!(layer["diff_id_verified"], false, "{}", row["path"]);
            }
        }
    }
}
