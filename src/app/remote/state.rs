//! What the page knows of images elsewhere.

use yew::AttrValue;

use super::Link;
use crate::{
    app::state::{Layer, Stage, State},
    digest::Digest,
    limits,
    registry::{Choice, News, Remote},
    worker::protocol::Job,
};

/// What is being asked, and of whom.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RemotePage {
    /// What was asked for last, until it is open.
    pub asked: Option<(Job, Remote)>,
    /// The images of an index, one of which has to be chosen.
    pub choices: Vec<Choice>,
    /// What a link wants to fetch from another host, until the reader agrees.
    pub link: Option<Link>,
    /// What this page may not fetch, and another may.
    pub elsewhere: Option<Remote>,
    /// Whether the form for a name is shown over what is open.
    pub is_typing: bool,
    /// How many layers have been read of what is asked for, where that is read while it comes.
    pub passed: Option<u32>,
    /// What its server has to say to people.
    pub warnings: Vec<AttrValue>,
}

/// Where an open archive is, if it is not a file of the reader's.
#[derive(Debug, Clone, PartialEq)]
pub struct Elsewhere {
    /// What was asked for.
    pub remote: Remote,
    /// The digest of its manifest.
    pub manifest: Option<Digest>,
    /// What its server has to say to people.
    pub warnings: Vec<AttrValue>,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum RemoteAction {
    /// The worker has been asked for this.
    Asked(Job, Remote),
    /// A link wants to fetch this.
    Link(Link),
    /// This page may not fetch it.
    Forbidden(Remote),
    /// The reader wants to type a name, or no longer.
    Type(bool),
    /// The reader wants none of it.
    Dismiss,
}

impl State {
    pub(in crate::app) fn apply_remote(&mut self, action: RemoteAction) {
        let page = match action {
            RemoteAction::Asked(job, remote) => {
                RemotePage { asked: Some((job, remote)), ..RemotePage::default() }
            }
            RemoteAction::Link(link) => RemotePage { link: Some(link), ..RemotePage::default() },
            RemoteAction::Forbidden(remote) => {
                RemotePage { elsewhere: Some(remote), ..RemotePage::default() }
            }
            RemoteAction::Type(is_typing) => RemotePage { is_typing, ..(*self.remote).clone() },
            RemoteAction::Dismiss => RemotePage::default(),
        };
        self.remote = std::rc::Rc::new(page);
    }

    /// Takes news of what is being opened. `None` if they change nothing.
    pub(in crate::app) fn apply_remote_opening(&mut self, news: News) -> Option<()> {
        let remote = std::rc::Rc::make_mut(&mut self.remote);
        match news {
            News::Choose(choices) => {
                self.opening = None;
                remote.choices = choices;
            }
            News::Passed(layers) => remote.passed = Some(layers),
            News::Warning(text) => warn(&mut remote.warnings, text),
            News::Opened { .. } | News::Layer { .. } | News::Resumed => return None,
        }
        Some(())
    }

    /// Takes news of an open image elsewhere. `None` if they change nothing.
    pub(in crate::app) fn apply_remote_news(&mut self, job: Job, news: News) -> Option<()> {
        match news {
            News::Opened { manifest, .. } => {
                let (_, remote) = self.remote.asked.clone().filter(|(asked, _)| *asked == job)?;
                let page = std::rc::Rc::make_mut(&mut self.remote);
                page.asked = None;
                let elsewhere = Elsewhere { remote, manifest, warnings: std::mem::take(&mut page.warnings) };
                self.archive_mut(job)?.elsewhere = Some(std::rc::Rc::new(elsewhere));
            }
            News::Layer { image, layer, pull } => {
                let layer: &mut Layer =
                    self.archive_mut(job)?.image_mut(image)?.layers.get_mut(layer as usize)?;
                layer.pull = Some(pull);
            }
            News::Warning(text) => {
                let elsewhere = self.archive_mut(job)?.elsewhere.as_mut()?;
                warn(&mut std::rc::Rc::make_mut(elsewhere).warnings, text);
            }
            News::Resumed => self.archive_mut(job)?.stage = Stage::Reading,
            News::Choose(_) | News::Passed(_) => return None,
        }
        Some(())
    }

    /// Whether the reader is asked about a place elsewhere, or it is being opened: the URL tells of it already.
    pub fn is_remote_pending(&self) -> bool {
        let page = &self.remote;
        let opens = |job: Job| {
            let opening = self.opening.as_ref().map(|opening| opening.job);
            // Where it is from is told right after it is open.
            let opened = self.archive.as_ref().map(|archive| archive.job);
            [opening, opened].contains(&Some(job))
        };
        page.link.is_some()
            || page.elsewhere.is_some()
            || !page.choices.is_empty()
            || page.asked.as_ref().is_some_and(|(job, _)| opens(*job))
    }

    /// What was opened as `job`, or was to be, if that is elsewhere.
    pub fn remote_of(&self, job: Job) -> Option<Remote> {
        let asked = self.remote.asked.iter().filter(|(asked, _)| *asked == job).map(|(_, remote)| remote);
        let shelved = self.shelf.iter().map(|shelved| &shelved.archive);
        let archives = self.archive.iter().chain(shelved).filter(|archive| archive.job == job);
        let opened = archives.filter_map(|archive| Some(&archive.elsewhere.as_ref()?.remote));
        opened.chain(asked).next().cloned()
    }

    /// What a failed opening was to open, if that is elsewhere.
    pub fn refused_remote(&self) -> Option<&Remote> {
        let job = self.refusal.as_ref()?.job?;
        self.remote.asked.as_ref().filter(|(asked, _)| *asked == job).map(|(_, remote)| remote)
    }

    /// How what is looked at would be called in a link.
    pub fn link(&self) -> Option<Link> {
        let archive = self.archive.as_ref()?;
        let elsewhere = archive.elsewhere.as_ref()?;
        Some(Link {
            place: elsewhere.remote.place.clone().into(),
            choice: elsewhere.remote.choice.clone().map(AttrValue::from),
            look: !elsewhere.remote.pull,
            view: Some(self.selection.page),
            image: self.selection.image,
            layer: Some(self.selection.upto),
            path: None,
            filter: self.search.clone(),
        })
    }
}

/// Notes what a server has to say, once.
fn warn(warnings: &mut Vec<AttrValue>, text: String) {
    let text = AttrValue::from(text);
    if warnings.len() < limits::WARNINGS && !warnings.contains(&text) {
        warnings.push(text);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use yew::Reducible;

    use super::*;
    use crate::{
        app::{samples, state::Action},
        worker::protocol::{Event, Failure, FailureKind},
    };

    fn remote() -> Remote {
        Remote { choice: Some("linux/arm64".to_owned()), ..Remote::look("r.example/a") }
    }

    fn asked(state: Rc<State>, job: u32, replaces: Option<Job>) -> Rc<State> {
        let state = state.reduce(Action::Remote(RemoteAction::Asked(Job(job), remote())));
        state.reduce(Action::Open { job: Job(job), name: "a".into(), replaces, at: 0.0 })
    }

    fn news(state: Rc<State>, job: u32, event: Event) -> Rc<State> {
        state.reduce(Action::Event { job: Job(job), event, at: 1.0 })
    }

    fn opened(state: Rc<State>, job: u32) -> Rc<State> {
        let event = Event::Opened { report: samples::report().into(), name: "a".into(), size: 1 };
        let state = news(state, job, event);
        assert!(state.is_remote_pending(), "where it is from comes next");
        let news_of = News::Opened { place: "r.example/a".to_owned(), manifest: None };
        news(state, job, Event::Remote(news_of))
    }

    #[test]
    fn the_url_waits_for_what_is_asked_and_no_longer() {
        let link = Link { place: "r.example/a".into(), ..Link::default() };
        let state = Rc::new(State::default());
        assert!(!state.is_remote_pending());
        let state = state.reduce(Action::Remote(RemoteAction::Link(link)));
        assert!(state.is_remote_pending());
        assert!(!state.clone().reduce(Action::Remote(RemoteAction::Dismiss)).is_remote_pending());
        let state = asked(state, 1, None);
        assert!(state.is_remote_pending());
        let failure = Failure { kind: FailureKind::NotFound, detail: String::new(), offset: None };
        let refused = news(state.clone(), 1, Event::Failed(failure));
        assert!(!refused.is_remote_pending() && refused.refused_remote().is_some());
        assert!(refused.reduce(Action::DismissRefusal).refused_remote().is_none());
        let state = opened(state, 1);
        assert!(!state.is_remote_pending());
        assert_eq!(state.link().map(|link| link.place), Some("r.example/a".into()));
    }

    #[test]
    fn what_is_opened_again_is_still_from_elsewhere() {
        let state = opened(asked(Rc::new(State::default()), 1, None), 1);
        assert_eq!(state.remote_of(Job(1)), Some(remote()));
        assert_eq!(state.remote_of(Job(2)), None);
        let state = opened(asked(state, 2, Some(Job(1))), 2);
        assert_eq!(state.archive.as_ref().map(|archive| archive.job), Some(Job(2)));
        assert_eq!(state.remote_of(Job(2)), Some(remote()));
        assert!(state.link().is_some());
    }

    #[test]
    fn what_a_server_warns_of_is_noted_once() {
        let warning = |text: &str| Event::Remote(News::Warning(text.to_owned()));
        let state = news(asked(Rc::new(State::default()), 1, None), 1, warning("a"));
        let state = news(opened(news(state, 1, warning("a")), 1), 1, warning("b"));
        let state = news(state, 1, warning("a"));
        let warnings = |state: &State| {
            let elsewhere = state.archive.as_ref().and_then(|archive| archive.elsewhere.clone());
            elsewhere.map(|elsewhere| elsewhere.warnings.clone()).unwrap_or_default()
        };
        assert_eq!(warnings(&state), ["a", "b"]);
        assert_eq!(warnings(&opened(asked(state, 2, None), 2)), Vec::<AttrValue>::new());
    }

    #[test]
    fn the_form_closes_once_something_is_asked() {
        let state = Rc::new(State::default()).reduce(Action::Remote(RemoteAction::Type(true)));
        assert!(state.remote.is_typing);
        assert!(!state.clone().reduce(Action::Remote(RemoteAction::Type(false))).remote.is_typing);
        assert!(!asked(state.clone(), 1, None).remote.is_typing);
        assert!(!state.reduce(Action::Remote(RemoteAction::Forbidden(remote()))).remote.is_typing);
    }
}
