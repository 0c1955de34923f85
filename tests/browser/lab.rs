//! The container page: its buttons, docker's commands, the Dockerfile, the steps, the terminal's keys, and what is kept.

use std::{path::Path, process::Command};

use layerscope::fixture::{Archive, Image, Shape, Tar};
use serde_json::json;

use crate::{
    app::{Folder, id, row},
    container::debian,
    support::{Options, Page, Scheme, run},
};

impl Page {
    /// Presses a key with Ctrl.
    async fn control(&self, key: char) {
        let code = u32::from(key.to_ascii_uppercase());
        for kind in ["rawKeyDown", "keyUp"] {
            let key = key.to_string();
            let event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code, "modifiers": 2 });
            self.cdp("Input.dispatchKeyEvent", event).await;
        }
    }

    /// A container of the Debian-like image, in the terminal.
    pub async fn in_a_container(&self, folder: &Folder) {
        self.drop_archive(&folder.archive("debian.tar", &debian())).await;
        self.start_container().await;
    }

    /// What the terminal says to a line.
    pub async fn says(&self, line: &str) -> String {
        self.click(&id("terminal-clear")).await;
        let commands = format!("{} .terminal-command", id("terminal-log"));
        self.until("the log to be empty", async |page| page.count(&commands).await == 0).await;
        self.shell(line).await;
        let lines = format!("{} > div:not(.terminal-command)", id("terminal-log"));
        self.contents(&lines).await.join("\n")
    }

    /// Looks at the second of the images that are open.
    async fn choose_second_image(&self) {
        let choose = format!(
            "(() => {{
                const select = document.querySelector(\"select{}\");
                select.selectedIndex = 1;
                select.dispatchEvent(new Event('change', {{ bubbles: true }}));
            }})()",
            id("image-picker")
        );
        self.eval(&choose).await;
    }

    /// Writes a Dockerfile, and builds it.
    async fn build(&self, dockerfile: &str, tag: &str) {
        self.type_into(&id("dockerfile"), dockerfile).await;
        self.type_into(&id("tag"), tag).await;
        self.click(&id("run-build")).await;
        self.wait_for(&format!("{}:not([disabled])", id("run-build"))).await;
    }

    /// Drops a file on an element.
    async fn drop_on(&self, test_id: &str, file: &Path) {
        self.eval(&format!(
            "document.querySelector(\"{}\").scrollIntoView({{ block: 'center' }})",
            id(test_id)
        ))
        .await;
        let place = format!(
            "(() => {{
                const at = document.querySelector(\"{}\").getBoundingClientRect();
                return [at.x + at.width / 2, at.y + at.height / 2];
            }})()",
            id(test_id)
        );
        let place = self.eval(&place).await;
        for kind in ["dragEnter", "dragOver", "drop"] {
            let data = json!({ "items": [], "files": [file], "dragOperationsMask": 1 });
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "data": data });
            self.cdp("Input.dispatchDragEvent", event).await;
        }
    }

    async fn steps(&self) -> Vec<String> {
        self.contents(&format!("{} > li", id("build-steps"))).await
    }
}

/// The names in a tar, as tar lists them.
fn listed(tar: &Path) -> String {
    let output = Command::new("tar").arg("-tf").arg(tar).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn buttons_commit_save_and_export() {
    let folder = Folder::new();
    run("container-buttons", Options::default(), async |page| {
        page.in_a_container(&folder).await;
        page.shell("echo 1 > /new").await;
        page.click(".lab-out summary").await;
        page.click(&id("commit")).await;
        page.wait_for_text(&id("terminal-log"), "docker commit c1 debian:edited").await;
        page.wait_for_text(&id("terminal-log"), "sha256:").await;
        page.click(&id("save-image")).await;
        let saved = page.saved("debian-edited.tar").await;
        assert!(listed(&saved).lines().any(|name| name == "manifest.json"));
        page.click(&id("export")).await;
        let exported = page.saved("c1.tar").await;
        let names = listed(&exported);
        assert!(names.lines().any(|name| name.trim_end_matches('/') == "new"), "{names}");

        // What was committed is an image like any other: its newest layer shows on the other pages.
        page.wait_for(&format!("select{}", id("image-picker"))).await;
        page.choose_second_image().await;
        page.show("files").await;
        page.wait_for(&row("new")).await;
        page.show("history").await;
        page.wait_for_text(&id("view-history"), "bash").await;
        page.assert_silent().await;
    });
}

#[test]
fn docker_lists_tags_stops_removes_and_prunes() {
    let folder = Folder::new();
    run("container-docker", Options::default(), async |page| {
        page.in_a_container(&folder).await;
        let says = async |line: &str| page.says(line).await;
        assert!(says("docker images").await.contains("debian       12"), "{}", says("docker images").await);
        assert!(says("docker ps").await.contains("c1"));
        assert!(says("docker history debian:12").await.contains("COPY app /opt/app"));
        page.shell("docker run -d --name two debian:12").await;
        page.shell("docker stop two").await;
        assert!(says("docker ps -a").await.contains("Exited (0)"));
        page.shell("docker tag debian:12 mine:1").await;
        assert!(says("docker rmi mine:1").await.contains("Untagged: mine:1"));
        assert!(says("docker rmi debian:12").await.contains("conflict"));
        assert!(says("docker container prune -f").await.contains("Total reclaimed space"));
        page.shell("touch /etc/a").await;
        assert!(says("docker diff c1").await.contains("A /etc/a"));
        page.shell("docker rm -f $(docker ps -aq)").await;
        page.shell("docker rmi -f $(docker image ls -q)").await;
        assert_eq!(says("docker image ls -q").await, "");
        page.click(&id("part-shelf")).await;
        page.wait_until_gone(&id("containers")).await;
        page.assert_silent().await;
    });
}

#[test]
fn docker_takes_files_of_the_reader() {
    let folder = Folder::new();
    let note = folder.file("note.txt", "of this machine\n");
    let other = Image::new().name("other:1").layer(&Tar::new().file("other", "1"), "COPY other /");
    let other = folder.archive("other.tar", &Archive::new(Shape::DockerOci).image(other));
    let flat = Tar::new().dir("flat", 0o755).file("flat/file", "1").bytes();
    let flat = folder.file("flat.tar", flat);
    run("container-files", Options::default(), async |page| {
        page.in_a_container(&folder).await;
        page.shell("docker cp note.txt c1:/opt/note").await;
        page.wait_for(&id("terminal-choose")).await;
        page.choose_file(&id("terminal-file"), &note).await;
        page.wait_until_gone(&id("terminal-choose")).await;
        page.wait_for_text(&id("terminal-log"), "Successfully copied").await;
        assert_eq!(page.says("cat /opt/note").await, "of this machine");

        page.shell("docker import - flat:1 < flat.tar").await;
        page.wait_for(&id("terminal-choose")).await;
        page.choose_file(&id("terminal-file"), &flat).await;
        page.wait_for_text(&id("terminal-log"), "sha256:").await;
        assert!(page.says("docker run --rm flat:1 ls flat").await.contains("file"));

        assert!(page.says("docker load < other.tar; echo status $?").await.ends_with("status 0"));
        // Where the browser does not open the dialog by itself, a button does.
        page.wait_for_text(&id("terminal-load"), "docker load < other.tar").await;
        page.forget_marks().await;
        page.choose_file(&id("file-input"), &other).await;
        page.wait_until_read().await;
        page.wait_for_text(&id("terminal-log"), "Loaded image: other:1").await;
        page.wait_until_gone(&id("terminal-load")).await;
        assert!(page.says("docker images").await.contains("other"));
        page.shell("docker cp c1:/opt/note .").await;
        let back = page.saved("note").await;
        page.until("all of it", async |_| std::fs::read_to_string(&back).unwrap() == "of this machine\n")
            .await;
        // A directory comes as one tar, what was changed in it and what was not.
        page.shell("docker cp c1:/opt .").await;
        let tar = page.saved("opt.tar").await;
        let all = listed(&tar);
        let mut names: Vec<&str> = all.lines().map(|name| name.trim_end_matches('/')).collect();
        names.sort_unstable();
        assert_eq!(names, ["opt", "opt/app", "opt/note"]);
        for (name, content) in [("opt/app", "1\n"), ("opt/note", "of this machine\n")] {
            let output = Command::new("tar").arg("-xOf").arg(&tar).arg(name).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), content, "{name}");
        }
        page.assert_silent().await;
    });
}

const DOCKERFILE: &str =
    "FROM debian:12\n# the app\nCOPY note.txt /opt/\nENV A=1\nRUN rm /etc/debian_version\n";

#[test]
fn a_dockerfile_is_built_and_the_cache_explained() {
    let folder = Folder::new();
    let note = folder.file("note.txt", "one\n");
    run("container-build", Options { language: "zh-CN", ..Options::default() }, async |page| {
        page.in_a_container(&folder).await;
        page.click(&id("part-build")).await;
        page.choose_file(&id("context-files"), &note).await;
        page.wait_for_text(&id("context-list"), "note.txt").await;
        page.build(DOCKERFILE, "app:1").await;
        let first = page.steps().await;
        assert_eq!(first.len(), 4, "{first:?}");
        assert!(first[1].contains("此前未在该镜像上构建过这条指令"), "{first:?}");
        page.screenshot("container-build-zh").await;

        page.click(&id("run-build")).await;
        page.until("hits", async |page| {
            page.steps().await[1..].iter().all(|step| step.contains("同一指令已在同一镜像上构建过"))
        })
        .await;
        page.click(&id("no-cache")).await;
        page.click(&id("run-build")).await;
        page.until("no hits", async |page| {
            page.steps().await[1..].iter().all(|step| step.contains("未使用缓存"))
        })
        .await;
        page.click(&id("no-cache")).await;

        // Other content under the same name: that step misses, and all after it.
        std::fs::write(&note, "another\n").unwrap();
        page.choose_file(&id("context-files"), &note).await;
        page.click(&id("run-build")).await;
        page.until("a miss", async |page| page.steps().await[1].contains("所复制的内容有变化")).await;
        assert!(page.steps().await[2].contains("前面有一步不在缓存中"));

        // What cannot run says so at its line, and what was built before stays.
        page.build("FROM debian:12\nRUN apt-get update\n", "app:2").await;
        page.wait_for_text(&id("remarks"), "第 2 行").await;
        page.wait_for(".editor-numbers .line-error").await;
        page.wait_for_text(&id("build-status"), "第 2 行").await;
        page.wait_for_text(&id("build-status"), "apt-get").await;
        page.wait_for(&format!("{}[aria-invalid=true]", id("dockerfile"))).await;
        // The line is selected, for it may be far off.
        page.click(&id("line-2")).await;
        let selected = "(() => { const area = document.activeElement;
            return area.value.slice(area.selectionStart, area.selectionEnd); })()";
        assert_eq!(page.eval(selected).await, "RUN apt-get update");
        // Once it is changed, what was said is no longer about it.
        page.type_into(&id("dockerfile"), "FROM debian:12\nRUN apt update\n").await;
        page.wait_until_gone(".editor-numbers .line-error").await;

        // The same by docker's command.
        page.build(DOCKERFILE, "app:3").await;
        page.click(&id("part-container")).await;
        let said = page.says("docker build -t app:4 .").await;
        assert!(said.contains("Successfully tagged app:4"), "{said}");
        assert!(said.contains("Using cache"), "{said}");
        assert!(page.says("docker run --rm app:4 cat /opt/note.txt").await.contains("another"));
        page.assert_silent().await;
    });
}

#[test]
fn what_is_made_of_nothing_shows_on_every_page() {
    let folder = Folder::new();
    let note = folder.file("note.txt", "one\n");
    run("container-scratch", Options::default(), async |page| {
        page.in_a_container(&folder).await;
        page.click(&id("part-build")).await;
        page.wait_for(&id("context")).await;
        page.drop_on("context", &note).await;
        page.wait_for_text(&id("context-list"), "note.txt").await;
        page.build("FROM scratch\nCOPY note.txt /\nCMD [\"/note.txt\"]\n", "tiny:1").await;
        page.wait_for(&format!("{} option:nth-child(2)", id("archive-picker"))).await;
        page.choose_archive("Made here").await;
        page.show("files").await;
        page.wait_for_text(&format!("select{}", id("image-picker")), "tiny:1").await;
        page.select("note.txt").await;
        page.click(&id("view-text")).await;
        page.wait_for_text(".text-view", "one").await;
        page.click(&id("viewer-close")).await;
        page.show("history").await;
        page.wait_for_text(&id("view-history"), "COPY note.txt").await;
        page.show("image").await;
        page.wait_for_text(&id("identity"), "Made here").await;
        page.show("trust").await;
        page.show("container").await;
        page.click(&id("part-shelf")).await;
        page.wait_for_text(&id("images"), "tiny:1").await;
        page.screenshot("container-shelf").await;
        page.assert_silent().await;
    });
}

/// What is removed is no longer looked at, on any page.
#[test]
fn what_is_removed_leaves_the_page() {
    let folder = Folder::new();
    run("container-removed", Options::default(), async |page| {
        page.in_a_container(&folder).await;
        page.shell("touch /new; docker commit c1 mine:1").await;
        let two = format!("select{} option:nth-child(2)", id("image-picker"));
        page.wait_for(&two).await;
        page.choose_second_image().await;
        page.shell("docker rmi mine:1").await;
        page.wait_until_gone(&two).await;
        page.wait_for_text(&id("image-picker"), "debian:12").await;
        page.show("files").await;
        page.wait_for(&row("etc")).await;
        assert_eq!(page.count(&row("new")).await, 0);
        page.show("container").await;
        // What comes after it is found in its place.
        page.shell("docker commit c1 mine:2").await;
        page.wait_for(&two).await;
        page.choose_second_image().await;
        page.show("files").await;
        page.wait_for(&row("new")).await;
        page.show("container").await;

        // The archive of what is made of nothing goes with the last image in it.
        page.shell("docker export c1 > c1.tar").await;
        let exported = page.saved("c1.tar").await;
        page.shell("docker import - flat:1 < c1.tar").await;
        page.choose_file(&id("terminal-file"), &exported).await;
        let made_here = format!("{} option:nth-child(2)", id("archive-picker"));
        page.wait_for(&made_here).await;
        page.shell("docker rmi flat:1").await;
        page.wait_until_gone(&made_here).await;
        page.assert_silent().await;
    });
}

#[test]
fn steps_are_stepped_paused_and_undone() {
    let folder = Folder::new();
    run("container-steps", Options { scheme: Scheme::Dark, ..Options::default() }, async |page| {
        page.in_a_container(&folder).await;
        page.shell("rm -r /etc/apt").await;
        page.wait_for_text(&id("step-number"), "Step").await;
        page.click(&id("step-first")).await;
        page.wait_for_text(&id("step-number"), "Step 1 of").await;
        page.click(&id("step-next")).await;
        page.wait_for_text(&id("step-number"), "Step 2 of").await;
        page.click(&id("step-back")).await;
        page.wait_for_text(&id("step-number"), "Step 1 of").await;
        // Played to its end by itself, it stops there.
        page.click(&id("step-play")).await;
        page.wait_for_text(&id("step-number"), "Step 2 of").await;
        page.click(&id("step-play")).await;
        let paused = page.text(&id("step-number")).await;
        page.screenshot("container-steps-dark").await;
        assert!(!paused.is_empty());
        assert!(page.text(&id("step-list")).await.contains("whiteout"));
        page.click(&id("undo")).await;
        page.until("the directory to be back", async |page| {
            page.found().await.contains(&"/etc/apt/sources.list".to_owned())
        })
        .await;
        page.wait_for(&format!("{}:not([aria-disabled])", id("redo"))).await;
        page.click(&id("redo")).await;
        page.wait_for_text(&id("turned"), "Done again").await;
        assert!(page.says("ls -d /etc/apt").await.contains("No such file"));
        page.wait_for(&format!("{}[aria-disabled=true]", id("redo"))).await;
        // By keys, in an empty line.
        page.click(&id("terminal-line")).await;
        page.control('z').await;
        page.wait_for_text(&id("turned"), "Taken back").await;
        assert_eq!(page.says("ls -d /etc/apt").await, "/etc/apt");
        page.click(&id("terminal-line")).await;
        page.control('y').await;
        page.wait_for_text(&id("turned"), "Done again").await;
        assert!(page.says("ls -d /etc/apt").await.contains("No such file"));
        page.assert_silent().await;
    });
}

#[test]
fn without_motion_the_steps_are_numbered_frames() {
    let folder = Folder::new();
    run("container-frames", Options::default(), async |page| {
        page.set_media("prefers-reduced-motion", "reduce").await;
        page.in_a_container(&folder).await;
        page.shell("rm /etc/debian_version").await;
        page.wait_for(&format!("{} li", id("step-list"))).await;
        let shown =
            "[...document.querySelectorAll('.steps-frame')].map((frame) => getComputedStyle(frame).display)";
        let frames = page.strings(shown).await;
        assert!(frames.len() > 1 && frames.iter().all(|display| display != "none"), "{frames:?}");
        let stage = "getComputedStyle(document.querySelector('.steps-stage')).display";
        assert_eq!(page.eval(stage).await, "none");
        let numbered = "getComputedStyle(document.querySelector('.steps-list')).listStyleType";
        assert_eq!(page.eval(numbered).await, "decimal");
        page.screenshot("container-frames").await;
    });
}

#[test]
fn the_keys_of_a_terminal() {
    let folder = Folder::new();
    run("container-terminal", Options::default(), async |page| {
        page.in_a_container(&folder).await;
        page.shell("cat /etc/os-release").await;
        page.shell("pwd").await;
        page.click(&id("terminal-line")).await;
        page.control('r').await;
        page.type_keys("os-r").await;
        page.wait_for_text(&id("terminal-found"), "cat /etc/os-release").await;
        page.screenshot("container-search").await;
        page.key("ArrowRight").await;
        page.until("what was found", async |page| {
            page.attribute_value("terminal-line").await == "cat /etc/os-release"
        })
        .await;
        page.control('c').await;
        page.until("an empty line", async |page| page.attribute_value("terminal-line").await.is_empty())
            .await;
        page.control('r').await;
        page.type_keys("none such").await;
        page.wait_for_text(&id("terminal-found"), "No earlier command").await;
        page.key("Escape").await;
        page.wait_for(&format!("{}[hidden]", id("terminal-found"))).await;
        page.control('l').await;
        page.until("an empty log", async |page| {
            page.count(&format!("{} > div", id("terminal-log"))).await == 0
        })
        .await;
        page.assert_silent().await;
    });
}

#[test]
fn what_takes_long_can_be_ended() {
    let folder = Folder::new();
    let image = Image::new().name("big:1").layer(&Tar::new().file("big", vec![7; 48 << 20]), "COPY big /");
    let archive = folder.archive("big.tar", &Archive::new(Shape::DockerOci).image(image));
    run("container-interrupt", Options::default(), async |page| {
        page.drop_archive(&archive).await;
        page.start_container().await;
        // Minutes, if nothing ended it.
        let line = format!("sha256sum{}", " big".repeat(400));
        page.type_into(&id("terminal-line"), &line).await;
        page.key("Enter").await;
        page.wait_for(&id("terminal-stop")).await;
        page.control('c').await;
        page.wait_for_text(&id("terminal-log"), "^C").await;
        page.wait_until_gone(&id("terminal-stop")).await;
        assert!(page.says("echo $?").await.contains("130"));
        // The worker is there for other things.
        assert_eq!(page.says("ls /").await, "big");
    });
}

#[test]
fn a_build_can_be_ended() {
    let folder = Folder::new();
    let image = Image::new().name("big:1").layer(&Tar::new().file("big", vec![7; 48 << 20]), "COPY big /");
    let archive = folder.archive("big.tar", &Archive::new(Shape::DockerOci).image(image));
    run("container-build-stop", Options { language: "zh-CN", ..Options::default() }, async |page| {
        page.drop_archive(&archive).await;
        page.show("container").await;
        page.click(&id("part-build")).await;
        // Minutes, if nothing ended it.
        let dockerfile = format!("FROM big:1\nENV A=1\nRUN sha256sum{}\n", " big".repeat(400));
        page.type_into(&id("dockerfile"), &dockerfile).await;
        page.click(&id("run-build")).await;
        page.wait_for_text(&id("build-status"), "正在构建").await;
        page.click(&id("stop-build")).await;
        page.wait_for_text(&id("build-status"), "第 3 行: 构建已中止").await;
        page.wait_until_gone(&id("stop-build")).await;
        assert_eq!(page.steps().await.len(), 2, "what was built before stays");
        // The worker is there for another.
        page.build("FROM big:1\nLABEL a=b\n", "next:1").await;
        page.wait_for_text(&id("build-status"), "next:1").await;
        page.assert_silent().await;
    });
}

#[test]
fn containers_and_images_come_back_after_a_reload() {
    let folder = Folder::new();
    let archive = folder.archive("debian.tar", &debian());
    run("container-kept", Options::default(), async |page| {
        page.drop_archive(&archive).await;
        page.start_container().await;
        page.shell("echo kept >> /etc/os-release").await;
        page.click(&id("part-shelf")).await;
        page.wait_for(&format!("{}:not(:checked)", id("keep"))).await;
        page.click(&id("keep")).await;
        page.wait_for(&format!("{}:checked", id("keep"))).await;
        page.click(&id("part-container")).await;
        page.shell("docker commit c1 mine:1").await;
        page.shell("rm /etc/debian_version").await;
        // What is written is written soon after the command.
        let size = "navigator.storage.getDirectory()
            .then((root) => root.getDirectoryHandle('shelf'))
            .then(async (folder) => { let n = 0; for await (const _ of folder.keys()) n += 1; return n; })";
        page.until("container, image and layer to be written", async |page| page.eval(size).await == 4).await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;

        page.open().await;
        page.drop_archive(&folder.sample("whiteouts")).await;
        page.show("container").await;
        page.click(&id("part-shelf")).await;
        page.wait_for_text(&id("kept-waiting"), "c1").await;
        page.wait_for_text(&id("kept-waiting"), "mine:1").await;
        page.screenshot("container-kept").await;
        page.drop_archive(&archive).await;
        page.wait_until_gone(&id("kept-waiting")).await;
        page.wait_for_text(&id("containers"), "c1").await;
        page.wait_for_text(&id("images"), "mine:1").await;
        page.click(&id("part-container")).await;
        page.shell("docker start -ai c1").await;
        assert!(page.says("cat /etc/os-release").await.ends_with("kept"));
        assert!(page.says("ls /etc/debian_version").await.contains("No such file"));
        assert!(page.says("docker run --rm mine:1 ls /etc").await.contains("debian_version"));

        page.click(&id("part-shelf")).await;
        page.click(&id("keep")).await;
        page.wait_for(&format!("{}:not(:checked)", id("keep"))).await;
        page.until("all of it to be gone", async |page| page.eval(size).await == 0).await;
        page.assert_silent().await;
    });
}

/// Whatever is under way when it is switched, what was asked last holds.
#[test]
fn keeping_is_switched_on_and_off_one_after_the_other() {
    let folder = Folder::new();
    let archive = folder.archive("debian.tar", &debian());
    run("container-keeping-switched", Options::default(), async |page| {
        page.drop_archive(&archive).await;
        page.start_container().await;
        for name in ["one:1", "two:1", "three:1"] {
            page.shell(&format!("touch /{}; docker commit c1 {name}", &name[..2])).await;
        }
        page.click(&id("part-shelf")).await;
        page.wait_for(&format!("{}:not(:checked)", id("keep"))).await;
        let files = "navigator.storage.getDirectory()
            .then((root) => root.getDirectoryHandle('shelf', { create: true }))
            .then(async (folder) => { let n = 0; for await (const _ of folder.keys()) n += 1; return n; })";
        let click = format!("document.querySelector({:?}).click()", id("keep"));
        // Off while it is being written.
        page.eval(&format!("{click}; setTimeout(() => {click}, 5); 0")).await;
        page.wait_for(&format!("{}:not(:checked)", id("keep"))).await;
        page.until("all of it to be removed", async |page| page.eval(files).await == 0).await;
        assert_eq!(page.count(&format!("{}:checked", id("keep"))).await, 0);
        // A command right behind.
        page.click(&id("keep")).await;
        page.click(&id("part-container")).await;
        page.shell("docker commit c1 four:1").await;
        page.until("all of it to be written", async |page| page.eval(files).await.as_u64() >= Some(9)).await;
        page.click(&id("part-shelf")).await;
        page.wait_for(&format!("{}:checked", id("keep"))).await;
        page.assert_silent().await;
    });
}

/// What two tabs keep does not get in each other's way.
#[test]
fn two_tabs_keep_what_each_has() {
    let folder = Folder::new();
    let archive = folder.archive("debian.tar", &debian());
    run("container-tabs", Options::default(), async |page| {
        // Names of files stand in what is kept as they are.
        let kept = async |name: &str| {
            let script = format!(
                "(async () => {{
                    const root = await navigator.storage.getDirectory();
                    const folder = await root.getDirectoryHandle('shelf');
                    for await (const file of folder.values()) {{
                        if ((await (await file.getFile()).text()).includes('{name}')) return true;
                    }}
                    return false;
                }})()"
            );
            page.until(&format!("{name} to be kept"), async |page| page.eval(&script).await == true).await;
        };
        page.drop_archive(&archive).await;
        page.start_container().await;
        page.click(&id("part-shelf")).await;
        page.click(&id("keep")).await;
        page.wait_for(&format!("{}:checked", id("keep"))).await;
        page.click(&id("part-container")).await;
        page.shell("touch /of-the-first").await;
        kept("of-the-first").await;
        let first = page.open_tab().await;
        page.drop_archive(&archive).await;
        page.start_container().await;
        page.wait_for_text(&id("container-head"), "c2").await;
        let second = page.turn_to(first.clone()).await;
        page.shell("touch /later").await;
        kept("later").await;
        page.turn_to(second).await;
        page.shell("touch /of-the-second").await;
        kept("of-the-second").await;
        page.open().await;
        page.drop_archive(&archive).await;
        page.show("container").await;
        page.click(&id("part-shelf")).await;
        page.wait_for_text(&id("containers"), "c2").await;
        page.click(&id("part-container")).await;
        assert_eq!(page.says("docker diff c1").await, "A /later\nA /of-the-first");
        assert_eq!(page.says("docker diff c2").await, "A /of-the-second");
        // What stands on an archive that is closed waits for it.
        page.click(&id("close-archive")).await;
        page.drop_archive(&archive).await;
        page.show("container").await;
        assert_eq!(page.says("docker diff c2").await, "A /of-the-second");
        // Switched off and on again here, all of it is still the first's, too.
        page.click(&id("part-shelf")).await;
        page.click(&id("keep")).await;
        page.wait_for(&format!("{}:not(:checked)", id("keep"))).await;
        page.click(&id("part-container")).await;
        page.shell("docker rm -f c1 c2").await;
        page.click(&id("part-shelf")).await;
        page.click(&id("keep")).await;
        page.wait_for(&format!("{}:checked", id("keep"))).await;
        page.turn_to(first).await;
        page.shell("docker create --name other debian:12").await;
        kept("of-the-first").await;
    });
}

#[test]
fn too_many_archives_are_refused_in_words() {
    let folder = Folder::new();
    let archive = folder.sample("whiteouts");
    run("too-many", Options::default(), async |page| {
        for _ in 0..layerscope::limits::ARCHIVES {
            page.drop_archive(&archive).await;
        }
        page.drop_file(&archive).await;
        page.wait_for_text(&id("error"), "So many archives are open").await;
        page.click(&id("dismiss")).await;
        page.click(&id("close-archive")).await;
        page.drop_archive(&archive).await;
        assert_eq!(page.count(&id("error")).await, 0);
    });
}
