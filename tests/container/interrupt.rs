//! A command that is to end does, and what was done before it stays.

use std::{cell::Cell, rc::Rc};

use layerscope::{
    container::{ArchiveId, NewContainer},
    engine::{ContainerId, Host, Interrupt, NoHost, World},
    fixture::Tar,
    shell::{Shell, Stream},
};

use crate::ours::{self, TIME, sessions};

/// A host that lets commands look so often, and then ends them.
struct Impatient {
    host: NoHost,
    looks: Rc<Cell<u32>>,
}

impl Host for Impatient {
    fn random(&mut self) -> [u8; 32] {
        self.host.random()
    }

    fn new_archive(&mut self) -> ArchiveId {
        self.host.new_archive()
    }

    fn interrupt(&self) -> Interrupt {
        let looks = Rc::clone(&self.looks);
        Interrupt::new(move || {
            looks.set(looks.get().saturating_sub(1));
            looks.get() == 0
        })
    }
}

#[test]
fn a_command_ends_when_it_is_to() {
    let layer = (0..40).fold(Tar::new().dir("d", 0o755), |tar, n| tar.file(format!("d/{n}"), "text\n"));
    for line in ["grep -r text /", "find /d", "rm -r /d; echo on", "sha256sum /d/*", "cp -a /d /e"] {
        // However soon it is ended, it is; left alone, it is not.
        for looks in [1, 2, 5, 30, u32::MAX] {
            let mut shelf = ours::shelf(sessions::archive(std::slice::from_ref(&layer)));
            let image = shelf.images()[0].key;
            let id =
                shelf.create(NewContainer { image: Some(image), ..NewContainer::default() }, TIME).unwrap();
            let mut host = Impatient { host: NoHost::new(10), looks: Rc::new(Cell::new(looks)) };
            let mut world = World::new(&mut shelf, &mut host, TIME);
            let mut shell = Shell::new();
            shell.enter(&world, ContainerId::new(&id).unwrap(), None);
            let output = shell.run(&mut world, line);
            let (said, error) = (output.printed.of(Stream::Out), output.printed.of(Stream::Error));
            let is_ended = looks < u32::MAX;
            assert_eq!(output.status, if is_ended { 130 } else { 0 }, "{line} after {looks}");
            assert_eq!(error, if is_ended { &b"^C\n"[..] } else { b"" }, "{line} after {looks}");
            if is_ended {
                assert!(said.iter().filter(|&&byte| byte == b'\n').count() < 40, "{line} after {looks}");
                assert!(!said.ends_with(b"on\n"));
            }
        }
    }
}
