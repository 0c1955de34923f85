//! The union as GNU tar and bsdtar extract it from the tar that it is exported as.

use std::{
    fs,
    io::Write,
    ops::Range,
    process::{Command, Stdio},
};

use layerscope::{
    overlay::LayerIndex,
    session::{Selection, Session, Step},
    tree::NodeId,
};

use crate::{
    listing::{self, Entry},
    skip,
};

/// The tar of what is selected of an archive that is in memory.
pub fn tar(session: &Session, archive: &[u8], selection: Selection) -> Vec<u8> {
    let slice = |range: Range<u64>| &archive[range.start as usize..(range.end as usize).min(archive.len())];
    let mut export = session.export(selection).unwrap();
    let mut tar = Vec::new();
    loop {
        match session.step(&mut export).unwrap() {
            Step::Bytes(bytes) => tar.extend(bytes),
            Step::Copy(range) => tar.extend_from_slice(slice(range)),
            Step::Read(range) => export.supply(slice(range)).unwrap(),
            Step::Done => return tar,
        }
    }
}

/// The tar of the merged filesystem of an image.
pub fn merged(session: &Session, archive: &[u8], image: u32) -> Vec<u8> {
    let upto = LayerIndex(session.stack(image).unwrap().len() - 1);
    tar(session, archive, Selection::Merged { image, upto, root: NodeId::ROOT })
}

/// What a program makes of a tar; `None`, with a word of why, where it cannot be run.
pub fn extract(program: &str, tar: &[u8]) -> Option<Vec<Entry>> {
    if !rustix::process::geteuid().is_root() {
        skip(&format!("{program}: only root may give files to others"));
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let rootfs = folder.path().join("rootfs");
    fs::create_dir(&rootfs).unwrap();
    let all = ["--xattrs", "--numeric-owner", "-x", "-p", "-f", "-"];
    let mut command = Command::new(program);
    command.args(all).arg("-C").arg(&rootfs).stdin(Stdio::piped()).stderr(Stdio::piped());
    if program == "tar" {
        command.arg("--xattrs-include=*");
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            skip(&format!("{program} cannot be run: {error}"));
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(tar).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(listing::list(&rootfs))
}
