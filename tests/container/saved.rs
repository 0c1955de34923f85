//! What is committed and saved, as other tools read it.

use std::{fs, path::Path, process::Command, rc::Rc};

use layerscope::{
    container::{ArchiveId, Commit, Content, NewContainer, Opened, Part, Rope, SaveFormat, Shelf, familiar},
    fixture::{Archive, Image, Pack, Shape, Tar},
};
use serde_json::{Value, json};

use crate::{
    listing, mounted,
    ours::{self, TIME, sessions},
    skip, umoci,
};

/// A small Debian-like image: two layers, compressed.
pub fn debian(shape: Shape, pack: Pack) -> Vec<u8> {
    let root = Tar::new()
        .clock(100)
        .dir("etc", 0o755)
        .file("etc/os-release", "PRETTY_NAME=\"Debian\"\nID=debian\n")
        .file("etc/motd", "welcome\n")
        .dir("usr", 0o755)
        .dir("usr/bin", 0o755)
        .file("usr/bin/tool", "#!".repeat(500))
        .mode(0o4755)
        .hardlink("usr/bin/tool2", "usr/bin/tool")
        .dir("var", 0o755)
        .dir("var/cache", 0o2775)
        .owner(6, 42)
        .file("var/cache/one", "1")
        .file("var/cache/two", "2")
        .symlink("bin", "usr/bin")
        .char_device("null", 1, 3);
    let more = Tar::new()
        .clock(200)
        .dir("var/log", 0o755)
        .file("var/log/dpkg.log", "installed ".repeat(9_000))
        .xattr("user.note", "kept")
        .whiteout("var/cache/two");
    let image = Image::new()
        .name("debian:12")
        .env("PATH", "/usr/bin")
        .cmd(&["bash"])
        .layer(&root, "ADD rootfs.tar /")
        .layer(&more, "RUN apt-get update");
    Archive::new(shape).pack(pack).image(image).bytes()
}

/// Starts a container, changes it as people would, and commits it as `mine:1`.
fn committed(archive: Vec<u8>) -> Shelf {
    let mut shelf = ours::shelf(archive);
    let image = shelf.find_image("debian:12").unwrap().key;
    shelf.create(NewContainer { image: Some(image), ..NewContainer::default() }, TIME).unwrap();
    let mut fs = shelf.fs(0, TIME).unwrap();
    fs.append(b"etc/os-release", Content::from(b"VARIANT=mine\n".to_vec()), 0o644).unwrap();
    fs.unlink(b"etc/motd").unwrap();
    fs.unlink(b"var/cache/one").unwrap();
    fs.rmdir(b"var/cache").unwrap();
    fs.mkdir(b"var/cache", 0o755).unwrap();
    fs.put(b"var/cache/new", Content::from(vec![b'n'; 3_000]), 0o600).unwrap();
    fs.chmod(b"usr/bin/tool", 0o755).unwrap();
    fs.link(b"usr/bin/tool", b"usr/bin/tool3", false).unwrap();
    fs.symlink(b"/etc/os-release", b"release").unwrap();
    fs.chown(b"var/log/dpkg.log", Some(3_000_000), None, true).unwrap();
    fs.set_xattr(b"var/log/dpkg.log", b"user.note", b"new\0", true).unwrap();
    shelf.commit(0, &commit()).unwrap();
    shelf
}

fn commit() -> Commit<'static> {
    Commit {
        created: TIME,
        author: "somebody",
        comment: "by hand",
        created_by: "bash",
        edit: &|run| drop(run.insert("Cmd".to_owned(), json!(["sh"]))),
        names: vec!["mine:1".to_owned()],
        ..Commit::default()
    }
}

fn saved(shelf: &Shelf, names: &[&str], format: SaveFormat) -> Rope {
    let images: Vec<_> = names.iter().map(|name| shelf.named(name).unwrap()).collect();
    shelf.save(&images, format).unwrap()
}

/// What a container of an image shows.
fn shown(shelf: &mut Shelf, image: &str) -> Vec<listing::Entry> {
    let image = shelf.find_image(image).unwrap().key;
    let place = shelf.containers().len();
    let random = [place as u8 + 100; 32];
    shelf.create(NewContainer { random, image: Some(image), ..NewContainer::default() }, TIME).unwrap();
    ours::merged(&shelf.fs(place, TIME).unwrap())
}

fn run(program: &str, args: &[&str]) -> Option<Vec<u8>> {
    match Command::new(program).args(args).output() {
        Ok(output) if output.status.success() => Some(output.stdout),
        Ok(output) => panic!("{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            skip(&format!("{program} cannot be run: {error}"));
            None
        }
    }
}

const SHAPES: [(Shape, Pack); 4] = [
    (Shape::DockerOci, Pack::Plain),
    (Shape::DockerOci, Pack::Gzip),
    (Shape::OciLayout, Pack::Zstd),
    (Shape::Docker, Pack::Plain),
];

#[test]
fn a_commit_shows_what_its_container_shows() {
    for (shape, pack) in SHAPES {
        let mut shelf = committed(debian(shape, pack));
        let before = ours::merged(&shelf.fs(0, TIME).unwrap());
        assert_eq!(listing::compare(&shown(&mut shelf, "mine:1"), &before), [""; 0]);
        let base = shown(&mut shelf, "debian:12");
        assert_ne!(base, before, "the image below is as it was");
        assert!(base.iter().any(|entry| entry.path == b"etc/motd"));
    }
}

#[test]
fn the_same_operations_give_the_same_digest() {
    let id = |shelf: &Shelf| shelf.find_image("mine:1").unwrap().id.clone();
    let archive = debian(Shape::DockerOci, Pack::Gzip);
    let (first, second) = (committed(archive.clone()), committed(archive));
    assert_eq!(id(&first), id(&second));
    let bytes = |shelf: &Shelf| {
        saved(shelf, &["mine:1", "debian:12"], SaveFormat::Docker).to_vec(&shelf.archives).unwrap()
    };
    assert_eq!(bytes(&first), bytes(&second));
}

#[test]
fn the_config_of_the_base_is_kept_but_for_what_changes() {
    let shelf = committed(debian(Shape::DockerOci, Pack::Gzip));
    let config = |name: &str| -> Value {
        let key = shelf.find_image(name).unwrap().key;
        let image = &shelf.archives[&key.archive].session.images()[key.image as usize];
        serde_json::from_slice(&image.config.as_ref().unwrap().raw).unwrap()
    };
    let (base, mine) = (config("debian:12"), config("mine:1"));
    assert_eq!(mine["config"]["Env"], base["config"]["Env"]);
    assert_eq!(mine["config"]["Cmd"], json!(["sh"]));
    assert_eq!(mine["architecture"], base["architecture"]);
    let (layers, below) = (mine["rootfs"]["diff_ids"].as_array().unwrap(), &base["rootfs"]["diff_ids"]);
    assert_eq!(json!(layers[..2]), *below);
    assert_eq!(layers.len(), 3);
    let row = mine["history"].as_array().unwrap().last().unwrap();
    assert_eq!(row["author"], "somebody");
    assert_eq!(row["comment"], "by hand");
    assert_eq!(row["created_by"], "bash");
    assert_eq!(row["created"], mine["created"]);
    assert_eq!(row.get("empty_layer"), None);
}

#[test]
fn what_is_saved_opens_again_with_the_same_layers() {
    for (shape, pack) in SHAPES {
        let mut shelf = committed(debian(shape, pack));
        let before = shown(&mut shelf, "mine:1");
        for format in [SaveFormat::Docker, SaveFormat::Oci] {
            let rope = saved(&shelf, &["mine:1", "debian:12"], format);
            let bytes = rope.to_vec(&shelf.archives).unwrap();
            assert_eq!(bytes.len() as u64, rope.len());
            let session = sessions::read(&bytes);
            let report = session.report();
            assert!(report.anomalies.is_empty(), "{shape:?} {format:?}: {:?}", report.anomalies);
            let digests = |image: usize| -> Vec<_> {
                report.images[image].layers.iter().map(|layer| layer.digest.clone().unwrap()).collect()
            };
            assert_eq!(digests(0)[..2], digests(1)[..], "the base's layers are those of the base");
            let stated = |name: &str| shelf.find_image(name).unwrap().id.clone();
            assert_eq!(report.images[0].id, Some(stated("mine:1")));
            assert_eq!(report.images[1].id, Some(stated("debian:12")));
            let mut again = Shelf::new();
            let source: Rc<[u8]> = bytes.into();
            let opened = Opened { name: "saved.tar".to_owned(), session, source: Rc::new(source) };
            again.add_archive(ArchiveId(2), opened);
            assert_eq!(listing::compare(&shown(&mut again, "mine:1"), &before), [""; 0]);
        }
    }
}

#[test]
fn a_compressed_archive_gives_out_its_layers_as_they_are() {
    let plain = debian(Shape::OciLayout, Pack::Gzip);
    let packed = Pack::Gzip.pack(&plain);
    let (from_plain, from_packed) = (committed(plain), committed(packed));
    let bytes = |shelf: &Shelf| saved(shelf, &["mine:1"], SaveFormat::Oci).to_vec(&shelf.archives).unwrap();
    assert_eq!(bytes(&from_plain), bytes(&from_packed));
}

#[test]
fn a_rope_names_the_places_of_plain_files() {
    let shelf = committed(debian(Shape::DockerOci, Pack::Plain));
    let rope = shelf.export(0).unwrap();
    let direct = rope.direct(&shelf.archives);
    let files = |rope: &Rope| rope.parts().iter().filter(|part| matches!(part, Part::File(..))).count();
    assert!(files(&rope) > 0);
    assert_eq!(files(&direct), 0);
    assert_eq!(direct.to_vec(&shelf.archives), rope.to_vec(&shelf.archives));
}

#[test]
fn layers_that_images_share_are_saved_once() {
    let shelf = committed(debian(Shape::DockerOci, Pack::Gzip));
    let both = saved(&shelf, &["mine:1", "debian:12"], SaveFormat::Docker).len();
    let one = saved(&shelf, &["mine:1"], SaveFormat::Docker).len();
    // Beyond the larger one: a config, a manifest, and rows of the documents.
    assert!(both - one < 8_000, "{both} and {one}");
}

#[test]
fn an_export_is_what_the_container_shows() {
    let mut shelf = committed(debian(Shape::DockerOci, Pack::Gzip));
    let tar = shelf.export(0).unwrap().to_vec(&shelf.archives).unwrap();
    let shows = ours::merged(&shelf.fs(0, TIME).unwrap());
    let mut again = ours::shelf(tar.clone());
    let key = again.images()[0].key;
    again.create(NewContainer { image: Some(key), ..NewContainer::default() }, TIME).unwrap();
    assert_eq!(listing::compare(&ours::merged(&again.fs(0, TIME).unwrap()), &shows), [""; 0]);
    let Some(union) = mounted::merge(&[tar]) else { return };
    assert_eq!(listing::compare(&shows, &union), [""; 0]);
}

#[test]
fn the_kernel_mounts_what_is_saved() {
    let mut shelf = committed(debian(Shape::DockerOci, Pack::Plain));
    let shows = shown(&mut shelf, "mine:1");
    let key = shelf.find_image("mine:1").unwrap().key;
    let bytes = saved(&shelf, &["mine:1"], SaveFormat::Docker).to_vec(&shelf.archives).unwrap();
    let session = sessions::read(&bytes);
    assert_eq!(key.archive, ArchiveId(1));
    let layer = |layer| match session.stored_layer(0, layer).unwrap().place {
        layerscope::session::BlobPlace::Archive(_, range) => {
            bytes[range.start as usize..range.end as usize].to_vec()
        }
        layerscope::session::BlobPlace::Memory(bytes) => bytes.to_vec(),
    };
    let Some(union) = mounted::merge(&[layer(0), layer(1), layer(2)]) else { return };
    assert_eq!(listing::compare(&shows, &union), [""; 0]);
}

#[test]
fn skopeo_and_umoci_read_what_is_saved() {
    let mut shelf = committed(debian(Shape::DockerOci, Pack::Gzip));
    let shows = shown(&mut shelf, "mine:1");
    let id = shelf.find_image("mine:1").unwrap().id.clone();
    let folder = tempfile::tempdir().unwrap();
    for (format, transport) in [(SaveFormat::Docker, "docker-archive"), (SaveFormat::Oci, "oci-archive")] {
        let file = folder.path().join(format!("{transport}.tar"));
        fs::write(&file, saved(&shelf, &["mine:1"], format).to_vec(&shelf.archives).unwrap()).unwrap();
        let source = format!("{transport}:{}", file.display());
        let Some(inspected) = run("skopeo", &["inspect", &source]) else { return };
        let inspected: Value = serde_json::from_slice(&inspected).unwrap();
        assert_eq!(inspected["Layers"].as_array().unwrap().len(), 3);
        let raw = run("skopeo", &["inspect", "--config", "--raw", &source]).unwrap();
        assert_eq!(layerscope::digest::Digest::sha256(&raw), id);
        // It computes every digest on the way.
        let layout = folder.path().join(transport);
        run("skopeo", &["copy", "--quiet", &source, &format!("oci:{}:copied", layout.display())]).unwrap();
        unpacked(&layout, "copied", &shows);
    }
    // The layout itself, without skopeo in between.
    let layout = folder.path().join("layout");
    fs::create_dir(&layout).unwrap();
    let file = folder.path().join("oci-archive.tar");
    run("tar", &["-x", "-f", &file.display().to_string(), "-C", &layout.display().to_string()]).unwrap();
    unpacked(&layout, "1", &shows);
}

fn unpacked(layout: &Path, tag: &str, shows: &[listing::Entry]) {
    match umoci::unpack(layout, tag) {
        umoci::Outcome::Merged(entries) => {
            assert_eq!(listing::compare_with_umoci(shows, &entries), [""; 0]);
        }
        umoci::Outcome::Refused(why) => panic!("{why}"),
        umoci::Outcome::Unavailable => {}
    }
}

#[test]
fn podman_loads_what_is_saved() {
    let mut shelf = committed(debian(Shape::DockerOci, Pack::Gzip));
    let shows = shown(&mut shelf, "mine:1");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("saved.tar");
    fs::write(&file, saved(&shelf, &["mine:1"], SaveFormat::Docker).to_vec(&shelf.archives).unwrap())
        .unwrap();
    let root = folder.path().join("storage").display().to_string();
    let runroot = folder.path().join("run").display().to_string();
    let podman = |args: &[&str]| {
        let base = ["--root", &root, "--runroot", &runroot, "--storage-driver", "vfs"];
        Command::new("podman").args(base).args(args).output()
    };
    // An archive that was made here by no commit, for comparison: where podman is, it need not be able to run.
    let plain = folder.path().join("plain.tar");
    fs::write(&plain, debian(Shape::DockerOci, Pack::Gzip)).unwrap();
    let load = |file: &Path| podman(&["load", "--quiet", "--input", &file.display().to_string()]);
    match load(&plain) {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            return skip(&format!("podman loads nothing here: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Err(error) => return skip(&format!("podman cannot be run: {error}")),
    }
    let loaded = load(&file).unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    assert!(String::from_utf8_lossy(&loaded.stdout).contains("mine:1"));
    let mounted = podman(&["image", "mount", "mine:1"]).unwrap();
    if !mounted.status.success() {
        return skip(&format!("podman mounts nothing here: {}", String::from_utf8_lossy(&mounted.stderr)));
    }
    let tree = String::from_utf8(mounted.stdout).unwrap();
    let tree = listing::list(Path::new(tree.trim()));
    podman(&["image", "unmount", "mine:1"]).unwrap();
    assert_eq!(listing::compare_with_umoci(&shows, &tree), [""; 0]);
}

#[test]
fn names_are_shown_as_docker_shows_them() {
    assert_eq!(familiar("docker.io/library/debian:12"), "debian:12");
    assert_eq!(familiar("docker.io/me/x:1"), "me/x:1");
    assert_eq!(familiar("quay.io/library/x:1"), "quay.io/library/x:1");
}
