//! Rows 38 to 44: paths, links and marks that a careless reader would act on.

use layerscope::{
    anomaly::Code::*,
    fixture::Tar,
    layer::Kind,
    limits,
    overlay::{LayerIndex, Mark},
};

use super::{
    case::{Case, Opened, image_of, layers},
    tar_block::Block,
};

/// What a layer does to a path.
fn mark(opened: &Opened, layer: u32, path: &str) -> Option<Mark> {
    let node = opened.session.tree().find(path.split('/').map(Into::into))?;
    opened.session.stack(0).unwrap().event_of(node, LayerIndex(layer)).map(|event| event.mark)
}

pub fn rows() -> Vec<Case> {
    vec![
        Case::opens(38, "paths out of the root", &[PathUnusual], || {
            layers(&[Tar::new()
                .file("../../etc/cron.d/evil", "1")
                .file("/absolute", "2")
                .file("a//b", "3")
                .file("a/./c", "4")
                .file("x/../../d", "5")])
        })
        .lists(&["a/b", "a/c", "absolute", "d", "etc/cron.d/evil"])
        .reads("etc/cron.d/evil", "1")
        .reads("absolute", "2")
        .also(|opened| assert_eq!(opened.report.anomalies.len(), 5)),
        Case::opens(38, "what tar itself writes", &[], || {
            layers(&[Tar::new().dir("./", 0o755).dir("./etc", 0o755).file("./etc/motd", "1")])
        })
        .lists(&["etc", "etc/motd"]),
        Case::opens(38, "an empty path", &[PathUnusual], || {
            layers(&[Tar::new().file("", "1").file("a", "2")])
        })
        .lists(&["a"]),
        Case::opens(39, "symbolic links in a circle", &[EntryThroughSymlink], || {
            layers(&[Tar::new()
                .symlink("x", "y")
                .symlink("y", "x")
                .file("x/file", "1")
                .symlink("self", "self")
                .file("a", "1")])
        })
        .lists(&["a", "self", "x", "y"])
        .reads("a", "1")
        .also(|opened| {
            let walk = |path: &str| opened.session.walk(0, LayerIndex(0), path.into(), true);
            assert_eq!((walk("x"), walk("self/a")), (None, None));
        }),
        Case::opens(39, "more hops than the kernel takes", &[], || {
            let chain = (0..limits::SYMLINK_HOPS + 1)
                .fold(Tar::new().file("end", "1"), |tar, n| tar.symlink(n.to_string(), (n + 1).to_string()));
            let last = (limits::SYMLINK_HOPS + 1).to_string();
            layers(&[chain.symlink(last, "end")])
        })
        .lists(&{
            let mut paths: Vec<String> = (0..=limits::SYMLINK_HOPS + 1).map(|n| n.to_string()).collect();
            paths.push("end".into());
            paths.sort();
            paths.leak().iter().map(String::as_str).collect::<Vec<_>>()
        })
        // Forty hops are followed, forty-one are not.
        .reads("2", "1")
        .also(|opened| assert_eq!(opened.session.walk(0, LayerIndex(0), "1".into(), true), None)),
        Case::opens(39, "a symbolic link in place of the root", &[PathUnusual], || {
            layers(&[Tar::new().symlink("./", "/etc").symlink("/.", "/etc").file("a", "1")])
        })
        .lists(&["a"])
        .reads("a", "1"),
        Case::opens(39, "a path of 5 001 names", &[PathTooLong], || {
            let path = "d/".repeat(limits::PATH_DEPTH + 1);
            layers(&[Tar::new().dir(path, 0o755).file("a", "1")])
        })
        .lists(&["a"]),
        Case::opens(39, "a path of 5 000 names", &[], || {
            let path = "d/".repeat(limits::PATH_DEPTH - 1) + "f";
            layers(&[Tar::new().file(path, "1")])
        })
        .lists(&[("d/".repeat(limits::PATH_DEPTH - 1) + "f").as_str()]),
        Case::opens(40, "hard links to what is missing or comes later", &[HardLinkTarget], || {
            layers(&[Tar::new().hardlink("a", "missing").hardlink("b", "later").file("later", "1")])
        })
        .lists(&["a", "b", "later"])
        .also(|opened| assert_eq!(opened.report.anomalies.len(), 2)),
        Case::opens(40, "a hard link to a lower layer", &[HardLinkTarget], || {
            layers(&[Tar::new().file("low", "1"), Tar::new().hardlink("link", "low")])
        })
        .lists(&["link", "low"])
        .reads("link", "1"),
        Case::opens(41, "a whiteout without a name", &[WhiteoutBare], || {
            layers(&[Tar::new().file("d/a", "1"), Tar::new().file("d/.wh.", "")])
        })
        .lists(&["d/a"]),
        Case::opens(41, "an opaque mark after what it does not hide", &[], || {
            layers(&[
                Tar::new().dir("d", 0o755).file("d/low", "1"),
                Tar::new().file("d/own", "2").opaque("d"),
            ])
        })
        .lists(&["d", "d/own"])
        .also(|opened| assert_eq!(mark(opened, 1, "d/low"), Some(Mark::Hidden))),
        Case::opens(41, "a whiteout of nothing", &[WhiteoutOfNothing], || {
            layers(&[Tar::new().file("a", "1"), Tar::new().whiteout("nothing")])
        })
        .lists(&["a"]),
        Case::opens(41, "a whiteout beside a file of that name", &[WhiteoutAndEntry], || {
            layers(&[Tar::new().file("a", "1"), Tar::new().file("a", "2").whiteout("a")])
        })
        .lists(&["a"])
        .reads("a", "2"),
        Case::opens(42, "a file in place of a directory, and back", &[], || {
            layers(&[
                Tar::new().dir("d", 0o755).file("d/gone", "1").file("f", "1"),
                Tar::new().file("d", "now a file").dir("f", 0o755).file("f/new", "2"),
            ])
        })
        .lists(&["d", "f", "f/new"])
        .reads("d", "now a file")
        .also(|opened| assert_eq!(mark(opened, 1, "d/gone"), Some(Mark::Hidden))),
        Case::opens(43, "a character device 0/0", &[OverlayfsMark], || {
            layers(&[Tar::new().file("a", "1"), Tar::new().char_device("a", 0, 0)])
        })
        .lists(&["a"])
        .also(|opened| {
            let (index, record) = opened.entry(1, "a");
            assert_eq!((record.kind, index.device(record)), (Kind::CharDevice, Some((0, 0))));
        }),
        Case::opens(43, "overlayfs attributes", &[OverlayfsMark], || {
            layers(&[
                Tar::new().dir("d", 0o755).file("d/low", "1"),
                Tar::new().dir("d", 0o755).xattr("trusted.overlay.opaque", "y"),
                Tar::new().file("e", "").xattr("user.overlay.whiteout", ""),
            ])
        })
        // They hide nothing.
        .lists(&["d", "d/low", "e"])
        .also(|opened| assert_eq!(opened.report.anomalies.len(), 2)),
        Case::opens(43, "a character device of the usual kind", &[], || {
            layers(&[Tar::new().char_device("null", 1, 3)])
        })
        .lists(&["null"]),
        Case::opens(44, "setuid, devices and pipes", &[], || {
            layers(&[Tar::new()
                .file("su", "1")
                .mode(0o6755)
                .block_device("sda", 8, 0)
                .char_device("mem", 1, 1)
                .fifo("pipe")])
        })
        .lists(&["mem", "pipe", "sda", "su"])
        .also(|opened| {
            assert_eq!(opened.entry(0, "su").1.mode, 0o6755);
            let (index, record) = opened.entry(0, "sda");
            assert_eq!((record.kind, index.device(record)), (Kind::BlockDevice, Some((8, 0))));
            assert_eq!(opened.entry(0, "pipe").1.kind, Kind::Fifo);
        }),
        Case::opens(44, "an owner beyond 32 bits", &[ValueOutOfRange], || {
            image_of(&[
                [Tar::new().file("a", "1").owner(1 << 40, 0).bytes_without_end(), vec![0; 1024]].concat()
            ])
        })
        .lists(&["a"])
        .also(|opened| assert_eq!(opened.entry(0, "a").1.uid, u32::MAX)),
        Case::opens(44, "a mode that is not a number", &[TarField], || {
            let odd = Block::new("a").raw_mode(b"rwxr-xr-").bytes();
            image_of(&[[odd, vec![0; 1024]].concat()])
        })
        .lists(&["a"]),
    ]
}
