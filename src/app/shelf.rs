//! The open archives that are not looked at now.

use std::rc::Rc;

use yew::AttrValue;

use super::state::{Archive, Pane, Selection, State};
use crate::worker::protocol::Job;

/// An open archive that is not looked at now, and how it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Shelved {
    /// The archive.
    pub archive: Rc<Archive>,
    /// What was selected of it.
    pub selection: Selection,
    /// What was searched in it.
    pub search: AttrValue,
}

impl State {
    /// Every open archive, in the order of their opening.
    pub fn archives(&self) -> Vec<&Rc<Archive>> {
        let mut all: Vec<_> = self.shelf.iter().map(|shelved| &shelved.archive).collect();
        all.extend(&self.archive);
        all.sort_by_key(|archive| archive.job);
        all
    }

    /// Whether what is looked at was opened last.
    pub fn looks_at_newest(&self) -> bool {
        let all = self.archives();
        let newest = all.iter().rev().map(|archive| archive.job).find(|job| *job != Job::MADE_HERE);
        self.archive.as_ref().map(|archive| archive.job) == newest
    }

    /// An archive is open now: it is looked at, from its top, or as what it takes the place of was. The page stays.
    pub(super) fn show(&mut self, archive: Archive, replaces: Option<Job>) {
        let before = replaces.and_then(|job| self.take(job));
        self.put_away();
        let layers = archive.images.first().map_or(0, |image| image.layers.len() as u32);
        let page = self.selection.page;
        match before {
            // Its paths are numbered anew.
            Some(Shelved { selection, search, .. }) => {
                self.selection = Selection { node: None, ..selection };
                self.search = search;
            }
            None => {
                self.selection = Selection { page, upto: layers.saturating_sub(1), ..Selection::default() };
                self.search = AttrValue::default();
                self.pane = Pane::Page;
            }
        }
        self.archive = Some(Rc::new(archive));
    }

    /// An archive is open now beside what is looked at.
    pub(super) fn shelve(&mut self, archive: Archive) {
        if self.archive.is_none() {
            return self.show(archive, None);
        }
        let upto = archive.images.first().map_or(0, |image| (image.layers.len() as u32).saturating_sub(1));
        let selection = Selection { upto, ..Selection::default() };
        let shelf = Rc::make_mut(&mut self.shelf);
        shelf.push(Shelved { archive: Rc::new(archive), selection, search: AttrValue::default() });
        shelf.sort_by_key(|shelved| shelved.archive.job);
    }

    /// Looks at another of the open archives, on the same page. `None` if there is none of this job.
    pub(super) fn switch_to(&mut self, job: Job) -> Option<()> {
        self.shelf.iter().find(|shelved| shelved.archive.job == job)?;
        let Shelved { archive, selection, search } = self.take(job)?;
        let page = self.selection.page;
        self.put_away();
        self.archive = Some(archive);
        self.selection = Selection { page, ..selection };
        self.search = search;
        self.leave_what_is_gone();
        Some(())
    }

    /// Closes an archive. If it is looked at, the one opened last is instead.
    pub(super) fn close(&mut self, job: Job) -> Option<()> {
        self.take(job)?;
        if self.archive.is_none() {
            match self.shelf.last().map(|shelved| shelved.archive.job) {
                Some(next) => self.switch_to(next)?,
                None => {
                    self.selection = Selection::default();
                    self.search = AttrValue::default();
                }
            }
        }
        Some(())
    }

    /// The archive of a job, wherever it is.
    pub(super) fn archive_mut(&mut self, job: Job) -> Option<&mut Archive> {
        let current = self.archive.as_mut().filter(|archive| archive.job == job);
        if let Some(archive) = current {
            return Some(Rc::make_mut(archive));
        }
        let place = self.shelf.iter().position(|shelved| shelved.archive.job == job)?;
        Some(Rc::make_mut(&mut Rc::make_mut(&mut self.shelf).get_mut(place)?.archive))
    }

    /// Takes an archive out, from the screen or from the shelf.
    fn take(&mut self, job: Job) -> Option<Shelved> {
        if let Some(archive) = self.archive.take_if(|archive| archive.job == job) {
            return Some(Shelved { archive, selection: self.selection, search: self.search.clone() });
        }
        let place = self.shelf.iter().position(|shelved| shelved.archive.job == job)?;
        Some(Rc::make_mut(&mut self.shelf).remove(place))
    }

    /// Puts what is looked at on the shelf.
    fn put_away(&mut self) {
        if let Some(archive) = self.archive.take() {
            let shelf = Rc::make_mut(&mut self.shelf);
            shelf.push(Shelved { archive, selection: self.selection, search: self.search.clone() });
            shelf.sort_by_key(|shelved| shelved.archive.job);
        }
    }
}

#[cfg(test)]
mod tests {
    use yew::Reducible;

    use super::*;
    use crate::{
        app::{
            samples,
            state::{Action, Page, Stage},
        },
        worker::protocol::{Event, Node},
    };

    fn open(state: Rc<State>, job: u32, replaces: Option<Job>) -> Rc<State> {
        let name = format!("{job}.tar");
        let state =
            state.reduce(Action::Open { job: Job(job), name: name.clone().into(), replaces, at: 0.0 });
        let event = Event::Opened { report: samples::report().into(), name, size: 10 };
        state.reduce(Action::Event { job: Job(job), event, at: 0.0 })
    }

    fn three() -> Rc<State> {
        (1..=3).fold(Rc::default(), |state, job| open(state, job, None))
    }

    fn jobs(state: &State) -> Vec<u32> {
        state.archives().iter().map(|archive| archive.job.0).collect()
    }

    fn current(state: &State) -> Option<u32> {
        state.archive.as_ref().map(|archive| archive.job.0)
    }

    #[test]
    fn what_was_open_stays_open() {
        let state = three();
        assert_eq!((jobs(&state), current(&state)), (vec![1, 2, 3], Some(3)));
        assert!(state.looks_at_newest());
    }

    #[test]
    fn each_archive_is_looked_at_as_it_was_left() {
        let state = three().reduce(Action::SelectUpto(0)).reduce(Action::SelectNode(Some(Node(7))));
        let state = state.reduce(Action::Search("etc".into())).reduce(Action::SwitchTo(Job(1)));
        assert_eq!(current(&state), Some(1));
        assert_eq!((state.selection.upto, state.selection.node), (2, None));
        assert_eq!(state.search, "");
        assert!(!state.looks_at_newest());
        let state = state.reduce(Action::SelectPage(Page::Trust)).reduce(Action::SwitchTo(Job(3)));
        assert_eq!((state.selection.upto, state.selection.node), (0, Some(Node(7))));
        assert_eq!(state.search, "etc");
        assert_eq!(state.selection.page, Page::Trust, "the page is the reader's, not the archive's");
        assert_eq!(jobs(&state), [1, 2, 3]);
    }

    #[test]
    fn closing_shows_the_one_opened_last() {
        let state = three().reduce(Action::SwitchTo(Job(2)));
        let state = state.reduce(Action::Close(Job(1)));
        assert_eq!((jobs(&state), current(&state)), (vec![2, 3], Some(2)), "what is looked at stays");
        let state = state.reduce(Action::Close(Job(2)));
        assert_eq!((jobs(&state), current(&state)), (vec![3], Some(3)));
        let state = state.reduce(Action::Close(Job(3)));
        assert_eq!((jobs(&state), current(&state)), (vec![], None));
        let same = Rc::clone(&state).reduce(Action::Close(Job(3)));
        assert!(Rc::ptr_eq(&same, &state));
    }

    #[test]
    fn news_of_what_is_on_the_shelf_is_kept() {
        let state = three().reduce(Action::Event { job: Job(1), event: Event::Finished, at: 0.0 });
        assert_eq!(current(&state), Some(3));
        let state = state.reduce(Action::SwitchTo(Job(1)));
        assert_eq!(state.archive.as_ref().unwrap().stage, Stage::Finished);
        let closed = state.reduce(Action::Close(Job(2)));
        let late = Rc::clone(&closed).reduce(Action::Event { job: Job(2), event: Event::Finished, at: 0.0 });
        assert!(Rc::ptr_eq(&late, &closed), "news of what is closed no longer counts");
    }

    #[test]
    fn what_is_read_once_more_takes_its_own_place() {
        let state = three().reduce(Action::SwitchTo(Job(1))).reduce(Action::SelectUpto(0));
        let name = AttrValue::from("1.tar");
        let state = state.reduce(Action::Open { job: Job(4), name, replaces: Some(Job(1)), at: 0.0 });
        // The reader looks elsewhere meanwhile.
        let state = state.reduce(Action::SwitchTo(Job(2)));
        let event = Event::Opened { report: samples::report().into(), name: "1.tar".into(), size: 10 };
        let state = state.reduce(Action::Event { job: Job(4), event, at: 0.0 });
        assert_eq!((jobs(&state), current(&state)), (vec![2, 3, 4], Some(4)));
        assert_eq!(state.selection.upto, 0);
    }
}
