//! What the page knows of images elsewhere.

use yew::AttrValue;

use super::Link;
use crate::{
    app::state::{Layer, Stage, State},
    digest::Digest,
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
}

/// Where an open archive is, if it is not a file of the reader's.
#[derive(Debug, Clone, PartialEq)]
pub struct Elsewhere {
    /// What was asked for.
    pub remote: Remote,
    /// The digest of its manifest.
    pub manifest: Option<Digest>,
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
            RemoteAction::Dismiss => RemotePage::default(),
        };
        self.remote = std::rc::Rc::new(page);
    }

    /// Takes news of what is being opened. `None` if they change nothing.
    pub(in crate::app) fn apply_remote_opening(&mut self, news: News) -> Option<()> {
        let News::Choose(choices) = news else { return None };
        self.opening = None;
        std::rc::Rc::make_mut(&mut self.remote).choices = choices;
        Some(())
    }

    /// Takes news of an open image elsewhere. `None` if they change nothing.
    pub(in crate::app) fn apply_remote_news(&mut self, job: Job, news: News) -> Option<()> {
        match news {
            News::Opened { manifest, .. } => {
                let (_, remote) = self.remote.asked.clone().filter(|(asked, _)| *asked == job)?;
                std::rc::Rc::make_mut(&mut self.remote).asked = None;
                self.archive_mut(job)?.elsewhere = Some(std::rc::Rc::new(Elsewhere { remote, manifest }));
            }
            News::Layer { image, layer, pull } => {
                let layer: &mut Layer =
                    self.archive_mut(job)?.image_mut(image)?.layers.get_mut(layer as usize)?;
                layer.pull = Some(pull);
            }
            News::Resumed => self.archive_mut(job)?.stage = Stage::Reading,
            News::Choose(_) => return None,
        }
        Some(())
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
