//! Which of the open archives is being read.
//!
//! Any number of archives may be open. One is read at a time, the newest first: the reader waits for what was dropped
//! last. Those before it rest meanwhile, and are read on once it is done. While the documents of a further archive are
//! read, all others rest.

use std::collections::BTreeMap;

use super::protocol::Job;

/// How far the reading of the layers of each archive has come.
#[derive(Debug, Default)]
pub struct Queue {
    /// The archive whose documents are being read.
    opening: Option<Job>,
    open: BTreeMap<Job, Layers>,
}

/// How far the reading of an archive's layers has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layers {
    /// They are being read.
    Reading,
    /// Reading rests until those that go first are done.
    Paused,
    /// The page wants no more of them.
    Cancelled,
    /// Nothing more is read.
    Ended,
}

/// Why the reading of an archive is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// The page wants no more of it.
    Cancelled,
    /// Another archive goes first, or this one is no longer open.
    Superseded,
}

impl Queue {
    /// The documents of an archive are to be read, in place of those that are being read.
    pub fn start(&mut self, job: Job) {
        self.opening = Some(job);
    }

    /// Whether any archive is open, or is to be.
    pub fn has_begun(&self) -> bool {
        self.opening.is_some() || !self.open.is_empty()
    }

    /// Whether the documents of this archive are still to be read.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_open(&self, job: Job) -> Result<(), Leave> {
        match self.opening {
            Some(now) if now == job => Ok(()),
            Some(_) => Err(Leave::Superseded),
            None => Err(Leave::Cancelled),
        }
    }

    /// The documents of an archive are read: its layers are next.
    pub fn opened(&mut self, job: Job) {
        self.opening.take_if(|opening| *opening == job);
        self.open.insert(job, Layers::Reading);
    }

    /// Whether the layers of this archive are still to be read now. If others go first, it is paused.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_read(&mut self, job: Job) -> Result<(), Leave> {
        let waits = self.opening.is_some()
            || self.open.iter().any(|(other, layers)| *other > job && *layers == Layers::Reading);
        match self.open.get_mut(&job) {
            None | Some(Layers::Paused) => Err(Leave::Superseded),
            Some(Layers::Cancelled | Layers::Ended) => Err(Leave::Cancelled),
            Some(layers) if waits => {
                *layers = Layers::Paused;
                Err(Leave::Superseded)
            }
            Some(Layers::Reading) => Ok(()),
        }
    }

    /// The archive that is to be read on, if nothing is being read: the newest that is paused.
    pub fn resume(&mut self) -> Option<Job> {
        if self.opening.is_some() || self.open.values().any(|layers| *layers == Layers::Reading) {
            return None;
        }
        let paused = self.open.iter_mut().rev().find(|(_, layers)| **layers == Layers::Paused);
        paused.map(|(job, layers)| {
            *layers = Layers::Reading;
            *job
        })
    }

    /// More of this archive is wanted. Whether it is to be read on from its rest: [`Queue::resume`] gives it out in its turn.
    pub fn read_on(&mut self, job: Job) -> bool {
        match self.open.get_mut(&job) {
            Some(layers @ (Layers::Ended | Layers::Cancelled)) => {
                *layers = Layers::Paused;
                true
            }
            _ => false,
        }
    }

    /// The page wants no more of this archive; what is known stays. Whether it rested, so that nobody else will say that
    /// it has ended.
    pub fn cancel(&mut self, job: Job) -> bool {
        if self.opening.take_if(|opening| *opening == job).is_some() {
            return false;
        }
        match self.open.get_mut(&job) {
            Some(layers @ Layers::Reading) => {
                *layers = Layers::Cancelled;
                false
            }
            Some(layers @ Layers::Paused) => {
                *layers = Layers::Ended;
                true
            }
            _ => false,
        }
    }

    /// The reading of an archive has ended, well or not.
    pub fn end(&mut self, job: Job) {
        self.opening.take_if(|opening| *opening == job);
        if let Some(layers) = self.open.get_mut(&job) {
            *layers = Layers::Ended;
        }
    }

    /// An archive is no longer open.
    pub fn close(&mut self, job: Job) {
        self.open.remove(&job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(jobs: &[u32]) -> Queue {
        let mut queue = Queue::default();
        for job in jobs {
            queue.start(Job(*job));
            queue.opened(Job(*job));
        }
        queue
    }

    #[test]
    fn what_was_dropped_last_is_read_first() {
        let mut queue = reading(&[1]);
        assert_eq!(queue.may_read(Job(1)), Ok(()));
        queue.start(Job(2));
        assert_eq!(queue.may_read(Job(1)), Err(Leave::Superseded));
        assert_eq!(queue.resume(), None, "the documents of the second go first");
        queue.opened(Job(2));
        assert_eq!(queue.resume(), None, "so do its layers");
        assert_eq!(queue.may_read(Job(2)), Ok(()));
        queue.end(Job(2));
        assert_eq!(queue.resume(), Some(Job(1)));
        assert_eq!(queue.may_read(Job(1)), Ok(()));
    }

    #[test]
    fn an_archive_waits_even_if_it_did_not_look_while_the_next_was_opened() {
        let mut queue = reading(&[1, 2]);
        assert_eq!(queue.may_read(Job(1)), Err(Leave::Superseded));
        assert_eq!(queue.may_read(Job(2)), Ok(()));
        queue.end(Job(2));
        assert_eq!(queue.resume(), Some(Job(1)));
    }

    #[test]
    fn the_newest_of_those_that_rest_goes_on() {
        let mut queue = reading(&[1, 2, 3]);
        for job in [1, 2] {
            assert_eq!(queue.may_read(Job(job)), Err(Leave::Superseded));
        }
        queue.end(Job(3));
        assert_eq!(queue.resume(), Some(Job(2)));
        assert_eq!(queue.resume(), None, "one at a time");
        queue.end(Job(2));
        assert_eq!(queue.resume(), Some(Job(1)));
    }

    #[test]
    fn a_refused_opening_leaves_all_as_it_was() {
        let mut queue = reading(&[1]);
        queue.start(Job(2));
        assert_eq!(queue.may_read(Job(1)), Err(Leave::Superseded));
        queue.end(Job(2));
        assert_eq!(queue.resume(), Some(Job(1)));
    }

    #[test]
    fn a_further_opening_takes_the_place_of_one_that_is_not_done() {
        let mut queue = Queue::default();
        queue.start(Job(1));
        queue.start(Job(2));
        assert_eq!(queue.may_open(Job(1)), Err(Leave::Superseded));
        queue.end(Job(1));
        assert_eq!(queue.may_open(Job(2)), Ok(()));
        queue.cancel(Job(2));
        assert_eq!(queue.may_open(Job(2)), Err(Leave::Cancelled));
    }

    #[test]
    fn cancelling_ends_one_and_no_other() {
        let mut queue = reading(&[1, 2]);
        assert_eq!(queue.may_read(Job(1)), Err(Leave::Superseded));
        assert!(!queue.cancel(Job(2)), "who reads it says so");
        assert_eq!(queue.may_read(Job(2)), Err(Leave::Cancelled));
        queue.end(Job(2));
        assert_eq!(queue.resume(), Some(Job(1)));
        assert_eq!(queue.may_read(Job(1)), Ok(()));
    }

    #[test]
    fn what_rests_can_be_cancelled() {
        let mut queue = reading(&[1, 2]);
        assert_eq!(queue.may_read(Job(1)), Err(Leave::Superseded));
        assert!(queue.cancel(Job(1)), "nobody else will say so");
        queue.end(Job(2));
        assert_eq!(queue.resume(), None);
    }

    #[test]
    fn a_closed_archive_is_not_read() {
        let mut queue = reading(&[1, 2]);
        queue.close(Job(2));
        assert_eq!(queue.may_read(Job(2)), Err(Leave::Superseded));
        assert_eq!(queue.may_read(Job(1)), Ok(()));
        assert_eq!(queue.resume(), None, "the first never rested");
    }
}
