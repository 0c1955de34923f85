//! The container page: what a reader does with a real container's files, and what comes out.

use std::{
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
    process::Command,
};

use layerscope::{
    digest::Digest,
    fixture::{Archive, Image, Shape, Tar},
};

use crate::{
    app::{Folder, id},
    support::{Options, Page, run, say},
};

/// An image with what the tutorial changes: in two layers, so that something is copied up from below.
pub fn debian() -> Archive {
    let base = Tar::new()
        .dir("etc", 0o755)
        .file("etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n")
        .file("etc/debian_version", "12.7\n")
        .dir("etc/apt", 0o755)
        .file("etc/apt/sources.list", "deb http://deb.debian.org/debian bookworm main\n")
        .dir("usr", 0o755)
        .dir("usr/bin", 0o755)
        .file("usr/bin/env", "#!/bin/sh\n")
        .symlink("bin", "usr/bin");
    let app = Tar::new().dir("opt", 0o755).file("opt/app", "1\n");
    let image = Image::new()
        .name("debian:12")
        .platform("linux", "amd64")
        .layer(&base, "ADD rootfs.tar /")
        .layer(&app, "COPY app /opt/app")
        .cmd(&["bash"]);
    Archive::new(Shape::DockerOci).image(image)
}

impl Page {
    /// Types a line into the terminal and waits until it is carried out.
    pub async fn shell(&self, line: &str) {
        let lines = self.count(&format!("{} .terminal-command", id("terminal-log"))).await;
        self.type_into(&id("terminal-line"), line).await;
        self.key("Enter").await;
        self.until(&format!("{line} to be carried out"), async |page| {
            let now = page.count(&format!("{} .terminal-command", id("terminal-log"))).await;
            now > lines && page.count(&format!("{}:not([disabled])", id("terminal-run"))).await == 1
        })
        .await;
    }

    /// Starts a container of the image that is looked at.
    pub async fn start_container(&self) {
        self.show("container").await;
        self.wait_for(&format!("{}:not([disabled])", id("start-container"))).await;
        self.click(&id("start-container")).await;
        self.wait_for(&id("container-head")).await;
        self.wait_for(&id("container-columns")).await;
    }

    /// The paths of the container as `find` lists them, each with what it is, its length, permissions and owner. The terminal
    /// keeps some thousand lines, so it is listed in three parts.
    pub async fn tree(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (least, most) in [(0, 4), (5, 5), (6, 99)] {
            let line = format!(
                "find / -mindepth {least} -maxdepth {most} -exec stat -c '%n %F %s %a %u:%g' {{}} \\;"
            );
            let mut found: Vec<String> =
                self.told(&line).await.into_iter().filter(|line| line.starts_with('/')).collect();
            assert!(found.len() < 4_000, "the terminal keeps no more");
            all.append(&mut found);
        }
        all.sort();
        all
    }

    /// The lines that the terminal says to a command.
    async fn told(&self, line: &str) -> Vec<String> {
        // A cleared log has no line that could be waited for.
        self.click(&id("terminal-clear")).await;
        self.until("the log to be empty", async |page| {
            page.count(&format!("{} .terminal-command", id("terminal-log"))).await == 0
        })
        .await;
        self.shell(line).await;
        let script = format!(
            "[...document.querySelectorAll(\"{} > div:not(.terminal-command)\")].map((line) => line.textContent)",
            id("terminal-log")
        );
        self.strings(&script).await
    }

    /// The paths of the container, if they are few.
    pub async fn found(&self) -> Vec<String> {
        self.told("find /").await.into_iter().filter(|line| line.starts_with('/')).collect()
    }
}

/// The changes of every tutorial, on a real image.
#[test]
fn a_changed_container_is_saved_and_loaded_by_others() {
    let folder = Folder::new();
    let made = folder.archive("debian.tar", &debian());
    changes_come_out("container-fixture", &folder, &made);
}

/// The same on a real Debian: the one that the set-up made, or an archive that `LAYERSCOPE_DEBIAN` names.
#[test]
fn a_changed_debian_is_saved_and_loaded_by_others() {
    let made = || Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/debian/image.tar").into();
    let path = PathBuf::from(std::env::var_os("LAYERSCOPE_DEBIAN").unwrap_or_else(made));
    if !path.exists() {
        return say(&format!("SKIPPED: no image of Debian in {}: see scripts/setup.sh", path.display()));
    }
    changes_come_out("container-debian", &Folder::new(), &path);
}

fn changes_come_out(name: &str, folder: &Folder, archive: &Path) {
    run(name, Options::default(), async |page| {
        page.drop_archive(archive).await;
        page.start_container().await;
        page.shell("echo changed >> /etc/os-release").await;
        page.wait_for_text(&id("step-list"), "/etc/os-release").await;
        page.shell("rm /etc/debian_version").await;
        page.wait_for_text(&id("step-list"), "/etc/debian_version").await;
        page.shell("rm -r /etc/apt").await;
        page.shell("mkdir /etc/apt").await;
        page.shell("touch /etc/apt/new").await;
        page.shell("cd /etc").await;
        page.wait_for_text(&id("overlay-upper"), "apt").await;
        page.wait_for_text(&id("overlay-entries"), "etc/.wh.debian_version").await;
        page.wait_for_text(&id("cost-copied"), "B").await;
        let merged = page.tree().await;
        let digests = page.told("sha256sum /etc/os-release /etc/apt/new").await;
        let has = |path: &str| merged.iter().any(|line| line.split(' ').next() == Some(path));
        assert!(has("/etc/apt/new"));
        assert!(!has("/etc/debian_version") && !has("/etc/apt/sources.list"), "{merged:?}");

        page.shell("docker commit c1 edited:1").await;
        page.shell("docker save edited:1 > edited.tar").await;
        let saved = page.saved("edited.tar").await;

        // A second container of the same image sees none of it.
        page.click(&id("start-container")).await;
        page.wait_for_text(&id("container-head"), "c2").await;
        let other = page.told("ls /etc/debian_version /etc/apt/sources.list /etc/apt/new").await;
        assert!(other.iter().any(|line| line == "/etc/debian_version"), "{other:?}");
        assert!(other.iter().any(|line| line == "/etc/apt/sources.list"), "{other:?}");
        assert!(other.iter().any(|line| line.contains("cannot access '/etc/apt/new'")), "{other:?}");
        let release = page.told("cat /etc/os-release").await;
        assert!(release.iter().any(|line| line.starts_with("PRETTY_NAME=")), "{release:?}");
        assert!(!release.iter().any(|line| line.contains("changed")), "{release:?}");
        page.assert_silent().await;

        let (mut unpacked, mut shown) = (unpacked(folder, &saved), merged);
        if !is_root() {
            for tree in [&mut unpacked, &mut shown] {
                tree.retain(|line| !line.starts_with("/dev/"));
                // Others cannot give files to anybody, or unpack all permissions.
                for line in tree.iter_mut() {
                    *line = line.rsplitn(3, ' ').last().unwrap_or_default().to_owned();
                }
            }
        }
        assert_eq!(unpacked, shown, "umoci's tree is the one that the page showed");
        // The contents, too: one was appended to, and copied up before.
        let root = folder.path().join("bundle/rootfs");
        for name in ["/etc/os-release", "/etc/apt/new"] {
            // Of a symbolic link what it leads to within the root.
            let path = std::fs::canonicalize(root.join(&name[1..])).unwrap();
            assert!(path.starts_with(std::fs::canonicalize(&root).unwrap()), "{path:?}");
            let line = format!("{}  {name}", Digest::sha256(&std::fs::read(path).unwrap()).hex());
            assert!(digests.contains(&line), "{digests:?} without {line}");
        }
        let release = std::fs::read_to_string(root.join("etc/os-release")).unwrap();
        assert!(release.ends_with("\nchanged\n"), "{release}");
    });
}

/// What umoci unpacks of an archive that skopeo takes, as the page lists it.
fn unpacked(folder: &Folder, archive: &Path) -> Vec<String> {
    let layout = folder.path().join("layout");
    let bundle = folder.path().join("bundle");
    let of = |scheme: &str, path: &Path| format!("{scheme}:{}", path.display());
    run_tool(Command::new("skopeo").args([
        "--insecure-policy",
        "copy",
        "--quiet",
        &of("docker-archive", archive),
        &format!("{}:edited", of("oci", &layout)),
    ]));
    let image = format!("{}:edited", layout.display());
    let mut umoci = Command::new("umoci");
    umoci.args(["unpack", "--image", &image]).args((!is_root()).then_some("--rootless")).arg(&bundle);
    run_tool(&mut umoci);
    let root = bundle.join("rootfs");
    let owner =
        |meta: &std::fs::Metadata| format!("{:o} {}:{}", meta.mode() & 0o7777, meta.uid(), meta.gid());
    let mut tree = vec![format!("/ directory 4096 {}", owner(&std::fs::metadata(&root).unwrap()))];
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            let meta = std::fs::symlink_metadata(&path).unwrap();
            let (kind, size) = match meta.file_type() {
                kind if kind.is_dir() => ("directory", 4096),
                kind if kind.is_symlink() => ("symbolic link", meta.len()),
                kind if kind.is_file() && meta.len() == 0 => ("regular empty file", 0),
                kind if kind.is_file() => ("regular file", meta.len()),
                kind if kind.is_char_device() => ("character special file", 0),
                kind if kind.is_block_device() => ("block special file", 0),
                kind if kind.is_fifo() => ("fifo", 0),
                kind => panic!("{}: {kind:?}", path.display()),
            };
            let shown = path.strip_prefix(&root).unwrap().display();
            tree.push(format!("/{shown} {kind} {size} {}", owner(&meta)));
            if meta.is_dir() {
                open.push(path);
            }
        }
    }
    tree.sort();
    tree
}

/// Only root can make devices.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn run_tool(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Page {
    /// A file that the browser saved, once all of it is there.
    pub async fn saved(&self, name: &str) -> PathBuf {
        let path = self.downloads().join(name);
        self.until(&format!("{name} to be saved"), async |_| path.exists()).await;
        path
    }
}

#[test]
fn the_terminal_works_by_keys_alone() {
    let folder = Folder::new();
    let archive = folder.archive("debian.tar", &debian());
    run("container-keys", Options::default(), async |page| {
        page.drop_archive(&archive).await;
        page.key("6").await;
        page.wait_for(&id("view-container")).await;
        page.wait_for(&format!("{}:not([disabled])", id("start-container"))).await;
        page.tab_to(&id("start-container")).await;
        page.key("Enter").await;
        page.wait_for(&id("container-head")).await;
        page.tab_to(&id("terminal-line")).await;
        page.type_keys("cat /etc/os-r").await;
        page.key("Tab").await;
        page.until("the completion", async |page| {
            page.attribute_value("terminal-line").await.starts_with("cat /etc/os-release")
        })
        .await;
        page.key("Enter").await;
        page.wait_for_text(&id("terminal-log"), "bookworm").await;
        page.key("ArrowUp").await;
        page.until("the command before", async |page| {
            page.attribute_value("terminal-line").await.starts_with("cat /etc/os-release")
        })
        .await;
        page.assert_silent().await;
    });
}

impl Page {
    /// What stands in a field.
    pub async fn attribute_value(&self, test_id: &str) -> String {
        let script = format!("document.querySelector(\"{}\").value", id(test_id));
        self.eval(&script).await.as_str().unwrap_or_default().to_owned()
    }
}
