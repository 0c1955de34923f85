//! The merge of real images, held against the same two programs. skopeo first makes of each an OCI layout
//! that umoci takes.

use std::{
    env, fs,
    io::Read,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use layerscope::{fixture::Tar, report::ImageReport, session::Session};
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
            let merged = ours::list(&session, sample.bytes, found, &layout.layers);
            assert!(merged.len() > 20, "{}", sample.name);
            assert_eq!(layout.differences(&merged), Vec::<String>::new(), "{} {image}", sample.name);
        }
    }
}

#[test]
fn we_agree_with_umoci_and_the_kernel_on_real_images() {
    let Some(corpus) = corpus() else { return };
    let table = fs::read_to_string(corpus.join("images.tsv")).unwrap();
    let rows: Vec<Vec<_>> = table.lines().skip(1).map(|row| row.split('\t').collect()).collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    // skopeo and umoci are other processes: they keep all cores busy.
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = check(&corpus.join(row[0]), row[1]);
                    results.lock().unwrap().push((row[0], result));
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    let agree = results.iter().filter(|(_, result)| matches!(result, Verdict::Agree)).count();
    let mut failures = String::new();
    for (path, result) in results {
        match result {
            Verdict::Agree => {}
            Verdict::LeftOut(why) => println!("{path} is left out: {why}"),
            Verdict::Differ(how) => failures += &format!("{path}:\n{how}\n\n"),
        }
    }
    println!("{agree} images agree");
    assert!(failures.is_empty(), "{failures}");
    let with_root = rustix::process::geteuid().is_root();
    assert!(!with_root || agree > 50, "only {agree} images could be compared");
}

enum Verdict {
    Agree,
    LeftOut(&'static str),
    Differ(String),
}

/// Holds one archive of the corpus against what skopeo makes of it.
fn check(path: &Path, format: &str) -> Verdict {
    if path.extension().is_some_and(|extension| extension == "xz") {
        return Verdict::LeftOut("it is compressed by xz, which is not read yet");
    }
    let folder = tempfile::tempdir().unwrap();
    let (archive, plain) = prepare(path, folder.path());
    let Some(layout) = Layout::copy(&source(format, &plain, 0), folder.path()) else {
        return Verdict::LeftOut("skopeo refuses it");
    };
    let session = ours::open(&archive);
    let Some(image) = layout.find(&session) else {
        return Verdict::Differ("no image has the layers that skopeo found".to_owned());
    };
    let differences = layout.differences(&ours::list(&session, &archive, image, &layout.layers));
    if differences.is_empty() { Verdict::Agree } else { Verdict::Differ(differences.join("\n")) }
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
        let layers =
            manifest["layers"].as_array().into_iter().flatten().map(|layer| unpacked(blob(layer))).collect();
        Some(Self { folder, layers })
    }

    /// Which of the session's images has the same layers.
    fn find(&self, session: &Session) -> Option<u32> {
        let wanted: Vec<_> = self.layers.iter().map(|tar| Some(listing::digest(tar))).collect();
        let has_them = |image: &ImageReport| {
            image.layers.iter().map(|layer| layer.diff_id.clone()).collect::<Vec<_>>() == wanted
        };
        session.report().images.iter().position(has_them).map(|place| place as u32)
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
