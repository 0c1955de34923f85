//! The merge of real images, held against the same two programs. skopeo first makes of each an OCI layout
//! that umoci takes.

use std::{
    env, fs,
    io::Read,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Command,
};

use layerscope::{fixture::Tar, session::Session};
use serde_json::Value;

use crate::{
    kernel,
    listing::{self, Entry},
    ours, skip, umoci,
};

#[test]
fn we_agree_with_umoci_and_the_kernel_on_the_samples() {
    for sample in layerscope::fixture::samples() {
        let session = ours::open(sample.bytes);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sample.tar");
        fs::write(&file, sample.bytes).unwrap();
        let format = if sample.name == "whiteouts" { "oci" } else { "docker" };
        let images = if format == "oci" { 1 } else { session.images().len() };
        for image in 0..images {
            let Some(layout) = Layout::copy(&source(format, &file, image), folder.path()) else { return };
            let found = layout.find(&session).expect("the image is one of ours");
            assert_eq!(found as usize, image);
            let merged = ours::list(&session, sample.bytes, found);
            assert!(merged.len() > 20, "{}", sample.name);
            assert_eq!(layout.differences(&merged), Vec::<String>::new(), "{} {image}", sample.name);
        }
    }
}

#[test]
fn we_agree_with_umoci_and_the_kernel_on_real_images() {
    let Some(corpus) = corpus() else { return };
    let table = fs::read_to_string(corpus.join("images.tsv")).unwrap();
    let (mut agree, mut left_out, mut failures) = (0, Vec::new(), Vec::new());
    for row in table.lines().skip(1) {
        let row: Vec<_> = row.split('\t').collect();
        let (path, format) = (row[0], row[1]);
        // What is compressed by xz as a whole cannot be opened yet.
        if path.ends_with(".xz") {
            left_out.push(format!("{path}: compressed by xz"));
            continue;
        }
        let path = corpus.join(path);
        let folder = tempfile::tempdir().unwrap();
        let (archive, plain) = prepare(&path, folder.path());
        let Some(layout) = Layout::copy(&source(format, &plain, 0), folder.path()) else {
            left_out.push(format!("{}: skopeo refuses it", row[0]));
            continue;
        };
        let session = ours::open(&archive);
        let Some(image) = layout.find(&session) else {
            failures.push(format!("{}: no image has the layers that skopeo found", row[0]));
            continue;
        };
        let differences = layout.differences(&ours::list(&session, &archive, image));
        match differences.is_empty() {
            true => agree += 1,
            false => failures.push(format!("{}:\n{}", row[0], differences.join("\n"))),
        }
    }
    println!("{agree} images agree\nleft out:\n{}", left_out.join("\n"));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(agree > 50, "only {agree} images could be compared");
}

/// Where the real archives lie: `LAYERSCOPE_CORPUS`, or `../shared/corpus`.
fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let corpus = env::var_os("LAYERSCOPE_CORPUS").map_or_else(beside, PathBuf::from);
    if !corpus.join("images.tsv").exists() {
        skip(&format!("corpus not found at {}", corpus.display()));
        return None;
    }
    Some(corpus)
}

/// The archive that we open, and what skopeo is given: the directory itself, or the file without its outer
/// compression.
fn prepare(path: &Path, folder: &Path) -> (Vec<u8>, PathBuf) {
    if path.is_dir() {
        return (pack_directory(path), path.to_owned());
    }
    let archive = fs::read(path).unwrap();
    let plain = folder.join("plain.tar");
    let mut bytes = Vec::new();
    if archive.starts_with(b"\x1f\x8b") {
        flate2::read::MultiGzDecoder::new(&archive[..]).read_to_end(&mut bytes).unwrap();
    } else {
        bytes.clone_from(&archive);
    }
    fs::write(&plain, bytes).unwrap();
    (archive, plain)
}

fn pack_directory(root: &Path) -> Vec<u8> {
    let mut tar = Tar::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        let mut children: Vec<_> =
            fs::read_dir(&directory).unwrap().map(|child| child.unwrap().path()).collect();
        children.sort();
        for path in children {
            let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
            if path.is_dir() {
                pending.push(path);
            } else {
                tar = tar.file(name, fs::read(path).unwrap());
            }
        }
    }
    tar.bytes()
}

/// How skopeo calls the image at place `image` of an archive.
fn source(format: &str, path: &Path, image: usize) -> String {
    let path = path.display();
    match format {
        "oci" => format!("oci-archive:{path}"),
        "oci-dir" => format!("oci:{path}"),
        _ => format!("docker-archive:{path}:@{image}"),
    }
}

/// An OCI layout of one image, written by skopeo.
struct Layout {
    folder: PathBuf,
    config: Value,
    layers: Vec<Vec<u8>>,
}

impl Layout {
    /// `None`, perhaps with a word of why, where skopeo cannot read the image.
    fn copy(source: &str, folder: &Path) -> Option<Self> {
        let folder = folder.join("layout");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let target = format!("oci:{}:it", folder.display());
        let output = match Command::new("skopeo").args(["copy", "-q", source, &target]).output() {
            Ok(output) => output,
            Err(error) => {
                skip(&format!("skopeo cannot be run: {error}"));
                return None;
            }
        };
        if !output.status.success() {
            return None;
        }
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap().replace(':', "/");
            fs::read(folder.join("blobs").join(digest)).unwrap()
        };
        let json = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap();
        let index = json(fs::read(folder.join("index.json")).unwrap());
        let manifest = json(blob(&index["manifests"][0]));
        let config = json(blob(&manifest["config"]));
        let layers =
            manifest["layers"].as_array().into_iter().flatten().map(|layer| unpacked(blob(layer))).collect();
        Some(Self { folder, config, layers })
    }

    /// Which of the session's images has the same layers.
    fn find(&self, session: &Session) -> Option<u32> {
        let wanted: Vec<_> = self.config["rootfs"]["diff_ids"].as_array().into_iter().flatten().collect();
        let has_them = |image: &layerscope::image::Image| {
            let stated: Vec<_> =
                image.layers.iter().map(|layer| serde_json::json!(layer.stated_diff_id)).collect();
            stated.iter().collect::<Vec<_>>() == wanted
        };
        session.images().iter().position(has_them).map(|place| place as u32)
    }

    /// How our union differs from the kernel's and from umoci's.
    fn differences(&self, ours: &[Entry]) -> Vec<String> {
        let mut differences = Vec::new();
        if let Some(kernel) = kernel::merge(&self.layers) {
            let found = listing::compare(ours, &kernel);
            differences.extend(found.into_iter().map(|line| format!("kernel: {line}")));
        }
        match umoci::unpack(&self.folder, "it") {
            umoci::Outcome::Merged(umoci) => {
                let found = listing::compare_with_umoci(ours, &umoci);
                differences.extend(found.into_iter().map(|line| format!("umoci: {line}")));
            }
            umoci::Outcome::Refused(message) => println!("umoci refuses: {}", message.trim()),
            umoci::Outcome::Unavailable => {}
        }
        differences
    }
}

fn unpacked(blob: Vec<u8>) -> Vec<u8> {
    let mut tar = Vec::new();
    if blob.starts_with(b"\x1f\x8b") {
        flate2::read::MultiGzDecoder::new(&blob[..]).read_to_end(&mut tar).unwrap();
        tar
    } else if blob.starts_with(b"\x28\xb5\x2f\xfd") {
        let mut rest = &blob[..];
        while !rest.is_empty() {
            let mut frame = ruzstd::decoding::StreamingDecoder::new(&mut rest).unwrap();
            frame.read_to_end(&mut tar).unwrap();
        }
        tar
    } else {
        blob
    }
}
