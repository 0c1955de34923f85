//! The bytes of an archive as the shell reads them: not any more once what it is at is to end.

use std::{cell::RefCell, ops::Range, rc::Rc};

use super::protocol::{Failure, FailureKind};
use crate::{container::ReadAt, engine::Interrupt, platform::Source};

/// See the module.
pub(super) struct Interruptible {
    source: Source,
    interrupt: Rc<RefCell<Interrupt>>,
}

impl Interruptible {
    pub(super) fn new(source: Source, interrupt: Rc<RefCell<Interrupt>>) -> Self {
        Self { source, interrupt }
    }
}

impl ReadAt for Interruptible {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_at(&self, range: Range<u64>) -> Result<Vec<u8>, Failure> {
        if self.interrupt.borrow().is_raised() {
            let detail = "interrupted".to_owned();
            return Err(Failure { kind: FailureKind::Unreadable, detail, offset: Some(range.start) });
        }
        self.source.read_at(range)
    }
}
