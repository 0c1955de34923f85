//! The container page: what operations show, how containers are mounted, and images that are pulled by a command.

use crate::{
    app::{Folder, id},
    container::debian,
    servers::{
        fake::{self, Setup},
        images::{FIRST, Stored},
    },
    support::{Options, run},
};

#[test]
fn what_is_undone_leaves_no_steps() {
    let folder = Folder::new();
    run("container-undone", Options::default(), async |page| {
        page.in_a_container(&folder).await;
        page.shell("rm /etc/debian_version").await;
        page.wait_for_text(&id("step-list"), "whiteout").await;
        page.click(&id("undo")).await;
        page.wait_until_gone(&id("step-list")).await;
        assert_eq!(page.says("cat /etc/debian_version").await, "12.7");
        page.assert_silent().await;
    });
}

#[test]
fn what_is_read_shows_which_layers_are_asked() {
    let folder = Folder::new();
    run("container-reads", Options::default(), async |page| {
        page.in_a_container(&folder).await;
        let steps = async || page.text(&id("step-list")).await;
        page.shell("cat /etc/debian_version").await;
        page.wait_for_text(&id("step-list"), "open(O_RDONLY) /etc/debian_version").await;
        let asked = "not in the container's layer, then not in layer 2, then found in layer 1";
        assert!(steps().await.contains(asked), "{}", steps().await);
        page.shell("ls /opt/app").await;
        page.wait_for_text(&id("step-list"), "stat /opt/app").await;
        assert!(steps().await.contains("then found in layer 2"), "{}", steps().await);
        // What fails says so by the kernel's name for it.
        page.shell("rm /etc/nope").await;
        page.wait_for_text(&id("step-list"), "It fails: ENOENT.").await;
        page.shell("rmdir /etc/apt").await;
        page.wait_for_text(&id("step-list"), "It fails: ENOTEMPTY.").await;
        page.screenshot("container-reads").await;
        // A copy that need not copy, and one that must.
        page.shell("echo 1 > /etc/debian_version").await;
        page.wait_for_text(&id("step-list"), "without its content").await;
        page.shell("chmod 600 /etc/os-release").await;
        page.wait_for_text(&id("step-list"), "only its metadata is to change, and still the whole file")
            .await;
        page.assert_silent().await;
    });
}

#[test]
fn mount_options_change_what_is_copied() {
    let folder = Folder::new();
    run("container-options", Options::default(), async |page| {
        page.drop_archive(&folder.archive("debian.tar", &debian())).await;
        page.show("container").await;
        page.click(&format!("{} summary", id("mount-options"))).await;
        page.click(&id("option-metacopy")).await;
        page.wait_for(&format!("{}:checked", id("option-metacopy"))).await;
        page.click(&id("option-redirect_dir")).await;
        page.wait_for(&format!("{}:checked", id("option-redirect_dir"))).await;
        page.start_container().await;
        page.shell("chmod 600 /etc/os-release").await;
        page.wait_for_text(&id("step-list"), "none of its content").await;
        page.shell("mv /etc/apt /etc/moved").await;
        page.wait_for_text(&id("step-list"), "/etc/moved remembers that it is /etc/apt").await;
        page.screenshot("container-options").await;

        // A container without them beside it copies all of the file.
        page.click(&id("option-metacopy")).await;
        page.wait_for(&format!("{}:not(:checked)", id("option-metacopy"))).await;
        page.click(&id("start-container")).await;
        page.wait_for_text(&id("container-head"), "c2").await;
        page.shell("chmod 600 /etc/os-release").await;
        page.wait_for_text(&id("step-list"), "still the whole file").await;
        page.assert_silent().await;
    });
}

#[test]
fn docker_pulls_where_the_page_may() {
    let folder = Folder::new();
    let stored = Stored::new();
    let registry = fake::registry(&stored.layout(), Setup { cors: true, ..Setup::default() });
    let name = format!("{}/shop/web:{FIRST}", registry.host());
    run("container-pull", Options::default(), async |page| {
        page.open_at("remote.html").await;
        page.in_a_container(&folder).await;
        page.shell(&format!("docker pull {name}")).await;
        page.until("the image to be listed", async |page| {
            page.says("docker images").await.contains("shop/web")
        })
        .await;
        // As soon as its layers are there.
        let line = format!("docker run --rm {name} ls /etc");
        page.until("its files to be listed", async |page| page.says(&line).await.contains("os-release"))
            .await;
    });
}
