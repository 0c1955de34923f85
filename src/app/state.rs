//! What the page knows and what is selected, and how both change.
//!
//! Everything goes through [`State::reduce`]: the reader's intents and the worker's events are [`Action`]s.
//! There is no browser in here. What is large sits behind an `Rc` and is compared by pointer; a part that
//! an action does not touch keeps its `Rc`.

use std::rc::Rc;

use yew::{AttrValue, Reducible};

use super::{
    lab::{Lab, LabAction, loaded},
    remote::{Elsewhere, RemoteAction, RemotePage},
    shelf::Shelved,
};
use crate::{
    audit::Audit,
    codec::Compression,
    image::Format,
    registry::Pull,
    report::{AnomalyReport, DocumentReport, ImageReport, LayerReport, Report, UnusedReport},
    worker::kept,
    worker::protocol::{
        ChangeFilter, Compare, Event, Failure, Job, LayerSizes, Node, OsRelease, Progress, Sort, Totals,
    },
};

/// Everything the page knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// What is being opened and has not yet shown its history.
    pub opening: Option<Rc<Opening>>,
    /// What is looked at. Stays while another archive is being opened, and if that fails.
    pub archive: Option<Rc<Archive>>,
    /// What else is open, in the order of its opening.
    pub shelf: Rc<Vec<Shelved>>,
    /// Why the last opening ended without a history, until the reader dismisses it.
    pub refusal: Option<Rc<Refusal>>,
    /// What is asked about images elsewhere.
    pub remote: Rc<RemotePage>,
    /// What the container page knows.
    pub lab: Rc<Lab>,
    /// What is selected.
    pub selection: Selection,
    /// The text in the search field, which filters the files.
    pub search: AttrValue,
    /// What the files page shows of the tree.
    pub view: ViewOptions,
    /// Which pane is shown where there is room for one only.
    pub pane: Pane,
    /// Whether the help is open.
    pub help: bool,
}

/// What the files page shows of the tree, the text filter ([`State::search`]) left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewOptions {
    /// Which changes have rows.
    pub changes: ChangeFilter,
    /// What counts as a change.
    pub compare: Compare,
    /// The order within a directory.
    pub sort: Sort,
    /// Whether deleted and hidden paths have rows.
    pub ghosts: bool,
}

impl Default for ViewOptions {
    fn default() -> Self {
        Self { changes: ChangeFilter::default(), compare: Compare::Layer, sort: Sort::Name, ghosts: true }
    }
}

/// What is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// The image, by its place in the report.
    pub image: u32,
    /// The topmost layer looked at: the filesystem shown is that of layers `0..=upto`. Also the layer whose
    /// overlay is shown.
    pub upto: u32,
    /// The page.
    pub page: Page,
    /// The path whose life is told. Of this image and this job only.
    pub node: Option<Node>,
}

/// A page of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Page {
    /// The merged filesystem.
    #[default]
    Files,
    /// One layer over those below.
    Overlay,
    /// The steps that made the image.
    History,
    /// The image as a whole.
    Image,
    /// Whether it is what it states, and what is wrong or odd.
    Trust,
    /// What a container of it does to its files.
    Container,
}

impl Page {
    /// All pages in the order of their tabs.
    pub const ALL: [Self; 6] =
        [Self::Files, Self::Overlay, Self::History, Self::Image, Self::Trust, Self::Container];

    /// The stable name, for ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Overlay => "overlay",
            Self::History => "history",
            Self::Image => "image",
            Self::Trust => "trust",
            Self::Container => "container",
        }
    }

    /// Whether the details of a path stand beside it.
    pub fn has_details(self) -> bool {
        matches!(self, Self::Files | Self::Overlay)
    }
}

/// A pane of the window, for windows that hold one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Pane {
    /// The layers.
    Stack,
    /// The page.
    #[default]
    Page,
    /// The details of a path.
    Details,
}

impl Pane {
    /// All panes from left to right.
    pub const ALL: [Self; 3] = [Self::Stack, Self::Page, Self::Details];

    /// The stable name, for ids and attributes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Page => "page",
            Self::Details => "details",
        }
    }
}

/// An archive whose documents are being read.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// Its job.
    pub job: Job,
    /// Its name.
    pub name: AttrValue,
    /// What it takes the place of: the same, read once more. What is selected stays.
    pub replaces: Option<Job>,
    /// When it was dropped, in milliseconds of the page's clock.
    pub since: f64,
    /// How far reading has come, where that takes long (a compressed archive).
    pub reading: Option<Reading>,
}

/// An opening that led to nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Its job; `None` if it could not even be asked for.
    pub job: Option<Job>,
    /// The name of what was to be opened.
    pub name: AttrValue,
    /// Why it was not; `None` if the reader cancelled it.
    pub failure: Option<Failure>,
}

/// An open archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    /// Its job.
    pub job: Job,
    /// Its name.
    pub name: AttrValue,
    /// Its length in bytes.
    pub size: u64,
    /// When it was dropped, in milliseconds of the page's clock.
    pub since: f64,
    /// Its shape.
    pub format: Format,
    /// The compression of the archive as a whole.
    pub outer_compression: Compression,
    /// Its images.
    pub images: Vec<Rc<Image>>,
    /// Its manifests, configs and indexes, as stated and as found.
    pub documents: Rc<Vec<DocumentReport>>,
    /// Files in it that nothing leads to.
    pub unused: Rc<Vec<UnusedReport>>,
    /// Everything wrong or odd so far.
    pub anomalies: Rc<Vec<AnomalyReport>>,
    /// How far reading of the archive as a whole has come, where that is a step of its own.
    pub reading: Option<Reading>,
    /// Where it is, if it is not a file of the reader's.
    pub elsewhere: Option<Rc<Elsewhere>>,
    /// Whether it is still being read.
    pub stage: Stage,
    /// Whether the reader has read which limits kept it from being read to its end.
    pub limits_dismissed: bool,
    /// What became of the index that the browser keeps of it, if it does.
    pub kept: Option<kept::News>,
}

/// Whether an archive is still being read.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// It is.
    Reading,
    /// Everything is read.
    Finished,
    /// The reader cancelled; what is known stays.
    Cancelled,
    /// Reading ended early; what is known stays.
    Failed(Failure),
}

/// One image of the open archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// What its documents say. The layers in it are as they were before any was read: see `layers`.
    pub report: Rc<ImageReport>,
    /// Its layers, bottom first, as far as they are known now.
    pub layers: Vec<Layer>,
    /// How many layers, from the bottom, are merged: the tree can be shown up to the one below this.
    pub merged: u32,
    /// The image as a whole, as far as it is merged.
    pub totals: Rc<Totals>,
    /// Its distribution, if it says so.
    pub os: Option<Rc<OsRelease>>,
    /// Paths in it that would be a kernel.
    pub kernel: Rc<Vec<String>>,
    /// What its layers cost, once that was asked for; nothing if not every layer was read to its end.
    pub audit: Option<Option<Audit>>,
    /// Whether it was made here and is removed: only its place is left.
    pub is_gone: bool,
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// What is known of it.
    pub report: Rc<LayerReport>,
    /// Its sizes within the image; `None` until it is read and merged with those below.
    pub sizes: Option<LayerSizes>,
    /// How far reading has come, while it is being read.
    pub reading: Option<Reading>,
    /// How far it is fetched, if it is elsewhere.
    pub pull: Option<Pull>,
}

/// How far reading of something has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Bytes read.
    pub done: u64,
    /// Length in bytes; 0 if nobody knows.
    pub total: u64,
    /// The first news of it: the time in milliseconds, and the bytes read by then.
    first: (f64, u64),
    /// The time of the last news.
    last: f64,
}

/// Whether the bytes of a layer are what the documents say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Everything stated was checked and agrees.
    Verified,
    /// Something stated does not agree.
    Mismatch,
    /// Not everything stated was checked yet.
    Pending,
    /// It is known from before, and was not checked again yet.
    Remembered,
    /// Reading has ended, and it was not checked: the blob is missing, or reading stopped before it.
    Unchecked,
    /// Nothing is stated.
    Unstated,
}

/// What happens to a [`State`].
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// The reader opens something; the worker has been asked.
    Open {
        /// The job of it.
        job: Job,
        /// Its name.
        name: AttrValue,
        /// What it takes the place of: the same, read once more.
        replaces: Option<Job>,
        /// The time in milliseconds.
        at: f64,
    },
    /// What the reader wanted to open cannot even be asked for.
    Refuse(Refusal),
    /// The worker has news.
    Event {
        /// The archive it is about.
        job: Job,
        /// The news.
        event: Event,
        /// The time in milliseconds.
        at: f64,
    },
    /// What the layers of an image cost was asked for.
    Audited {
        /// The archive.
        job: Job,
        /// The image.
        image: u32,
        /// The answer.
        audit: Option<Audit>,
    },
    /// The reader has read why an opening failed.
    DismissRefusal,
    /// The reader has read which limits kept the archive from being read to its end.
    DismissLimits,
    /// Something happens on the container page.
    Lab(LabAction),
    /// Look at another of the open archives.
    SwitchTo(Job),
    /// An archive is closed; the worker has been told.
    Close(Job),
    /// Look at another image.
    SelectImage(u32),
    /// Look at the filesystem up to this layer.
    SelectUpto(u32),
    /// Move the scrubber by so many layers.
    StepUpto(i32),
    /// Turn to a page.
    SelectPage(Page),
    /// Tell the life of a path, or of none.
    SelectNode(Option<Node>),
    /// The search field changed.
    Search(AttrValue),
    /// Show the tree in another way.
    View(ViewOptions),
    /// Show another pane, where there is room for one only.
    ShowPane(Pane),
    /// About images elsewhere.
    Remote(RemoteAction),
    /// Open or close the help.
    ShowHelp(bool),
}

impl State {
    /// The image selected.
    pub fn image(&self) -> Option<&Rc<Image>> {
        self.archive.as_ref()?.images.get(self.selection.image as usize)
    }

    /// The layer selected: the topmost one looked at.
    pub fn layer(&self) -> Option<&Layer> {
        self.image()?.layers.get(self.selection.upto as usize)
    }

    /// Whether something is being read.
    pub fn is_busy(&self) -> bool {
        self.opening.is_some() || self.archive.as_ref().is_some_and(|archive| archive.stage == Stage::Reading)
    }

    /// The state after `action`; `None` if nothing changed.
    fn after(&self, action: Action) -> Option<Self> {
        let mut next = self.clone();
        match action {
            Action::Open { job, name, replaces, at } => {
                next.opening = Some(Rc::new(Opening { job, name, replaces, since: at, reading: None }));
                // The archive before stays, and is read on if this one is refused.
                next.refusal = None;
            }
            Action::Refuse(refusal) => next.refusal = Some(Rc::new(refusal)),
            Action::Event { job, event, at } => next.apply(job, event, at)?,
            Action::Audited { job, image, audit } => {
                next.archive_mut(job)?.image_mut(image)?.audit = Some(audit);
            }
            Action::DismissRefusal => next.refusal = None,
            Action::DismissLimits => Rc::make_mut(next.archive.as_mut()?).limits_dismissed = true,
            Action::Lab(action) => Rc::make_mut(&mut next.lab).apply(action),
            Action::SwitchTo(job) => next.switch_to(job)?,
            Action::Close(job) => next.close(job)?,
            Action::SelectImage(image) => next.select_image(image)?,
            Action::SelectUpto(layer) => {
                let layers = self.image()?.layers.len() as u32;
                next.selection.upto = layer.min(layers.saturating_sub(1));
            }
            Action::StepUpto(steps) => {
                let layers = self.image()?.layers.len() as u32;
                let moved = self.selection.upto.saturating_add_signed(steps);
                next.selection.upto = moved.min(layers.saturating_sub(1));
            }
            Action::SelectPage(page) => {
                next.selection.page = page;
                next.pane = Pane::Page;
            }
            Action::SelectNode(node) => next.selection.node = node,
            Action::Search(text) => next.search = text,
            Action::View(view) => next.view = view,
            Action::ShowPane(pane) => next.pane = pane,
            Action::Remote(action) => next.apply_remote(action),
            Action::ShowHelp(help) => next.help = help,
        }
        (next != *self).then_some(next)
    }

    fn select_image(&mut self, image: u32) -> Option<()> {
        if image == self.selection.image {
            return None;
        }
        let layers = self.archive.as_ref()?.images.get(image as usize)?.layers.len() as u32;
        self.selection =
            Selection { image, upto: layers.saturating_sub(1), node: None, page: self.selection.page };
        Some(())
    }

    /// Looks at another image of the archive if the one that is selected was removed.
    pub(super) fn leave_what_is_gone(&mut self) {
        let is_gone = self.image().is_some_and(|image| image.is_gone);
        let other = self.archive.as_ref().filter(|_| is_gone).and_then(|archive| archive.present().next());
        if let Some(image) = other.map(|(_, image)| image) {
            self.select_image(image);
        }
    }

    /// Takes the worker's news. `None` if it is about an archive that was closed or replaced meanwhile.
    fn apply(&mut self, job: Job, event: Event, at: f64) -> Option<()> {
        if matches!(&event, Event::Failed(failure) if failure.kind.ends_worker()) {
            Rc::make_mut(&mut self.lab).apply(LabAction::Lost);
            // Nothing can be opened again that was made there.
            let _ = self.close(Job::MADE_HERE);
        }
        match self.opening.clone() {
            Some(opening) if opening.job == job => self.apply_to_opening(opening, event, at),
            // The archive before stays until the next is open.
            _ => match event {
                Event::Remote(news) => self.apply_remote_news(job, news),
                Event::Shelf => {
                    Rc::make_mut(&mut self.lab).apply(LabAction::Stale);
                    Some(())
                }
                Event::Opened { report, name, size } if job == Job::MADE_HERE => {
                    self.shelve(Archive::new(job, name.into(), size, at, *report));
                    Some(())
                }
                Event::Closed => self.close(job),
                event => {
                    self.archive_mut(job)?.apply(event, at)?;
                    self.leave_what_is_gone();
                    Some(())
                }
            },
        }
    }

    fn apply_to_opening(&mut self, mut opening: Rc<Opening>, event: Event, at: f64) -> Option<()> {
        let refusal =
            |failure| Some(Rc::new(Refusal { job: Some(opening.job), name: opening.name.clone(), failure }));
        match event {
            Event::Opened { report, name, size } => {
                self.opening = None;
                let archive = Archive::new(opening.job, name.into(), size, opening.since, *report);
                let is_empty = archive.images.is_empty();
                if self.lab.loading.is_some() {
                    let lines = archive.images.iter().flat_map(|image| loaded(&image.report)).collect();
                    Rc::make_mut(&mut self.lab).apply(LabAction::Opened(lines));
                }
                self.show(archive, opening.replaces);
                // Of an archive without an image there is no more to say than why.
                if is_empty {
                    self.selection.page = Page::Trust;
                }
            }
            Event::Progress(progress) => {
                let reading = Reading::news(opening.reading, progress, at);
                Rc::make_mut(&mut opening).reading = Some(reading);
                self.opening = Some(opening);
            }
            Event::Failed(failure) => {
                self.refusal = refusal(Some(failure));
                self.opening = None;
            }
            Event::Cancelled => {
                self.refusal = refusal(None);
                self.opening = None;
            }
            Event::Remote(news) => self.apply_remote_opening(news)?,
            Event::Image { .. }
            | Event::Gone { .. }
            | Event::Closed
            | Event::Layer { .. }
            | Event::Names { .. }
            | Event::Merged { .. }
            | Event::Anomalies(_)
            | Event::Kept(_)
            | Event::Shelf
            | Event::Finished => return None,
        }
        Some(())
    }
}

impl PartialEq for State {
    /// Large parts are compared by pointer: an action that does not touch one keeps its `Rc`.
    fn eq(&self, other: &Self) -> bool {
        fn same<T>(a: &Option<Rc<T>>, b: &Option<Rc<T>>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => Rc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            }
        }
        same(&self.opening, &other.opening)
            && same(&self.archive, &other.archive)
            && Rc::ptr_eq(&self.shelf, &other.shelf)
            && self.remote == other.remote
            && Rc::ptr_eq(&self.lab, &other.lab)
            && same(&self.refusal, &other.refusal)
            && self.selection == other.selection
            && self.search == other.search
            && self.view == other.view
            && self.pane == other.pane
            && self.help == other.help
    }
}

impl Reducible for State {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        match self.after(action) {
            Some(next) => Rc::new(next),
            // The same `Rc` spares the page a rendering.
            None => self,
        }
    }
}

impl Archive {
    /// An archive as its documents describe it; no layer is read yet.
    pub fn new(job: Job, name: AttrValue, size: u64, since: f64, report: Report) -> Self {
        Self {
            job,
            name,
            size,
            since,
            format: report.format,
            outer_compression: report.outer_compression,
            images: report.images.into_iter().map(|image| Rc::new(Image::new(image))).collect(),
            documents: Rc::new(report.documents),
            unused: Rc::new(report.unused),
            anomalies: Rc::new(report.anomalies),
            reading: None,
            elsewhere: None,
            stage: Stage::Reading,
            limits_dismissed: false,
            kept: None,
        }
    }

    fn apply(&mut self, event: Event, at: f64) -> Option<()> {
        match event {
            Event::Progress(progress) => match progress.layer {
                Some((image, layer)) => {
                    let layer = self.image_mut(image)?.layers.get_mut(layer as usize)?;
                    layer.reading = Some(Reading::news(layer.reading, progress, at));
                }
                None => self.reading = Some(Reading::news(self.reading, progress, at)),
            },
            Event::Layer { image, layer: report } => {
                let layer = self.image_mut(image)?.layers.get_mut(report.index as usize)?;
                layer.report = Rc::from(report);
                layer.reading = None;
            }
            Event::Merged { image, layers, totals, os, kernel } => {
                let image = self.image_mut(image)?;
                image.merged = layers;
                for (layer, sizes) in image.layers.iter_mut().zip(&totals.layers) {
                    layer.sizes = Some(*sizes);
                }
                image.totals = Rc::new(totals);
                image.os = os.map(Rc::new);
                image.audit = None;
                image.kernel = Rc::new(kernel);
            }
            Event::Anomalies(more) => {
                let mut anomalies = self.anomalies.to_vec();
                anomalies.extend(more);
                self.anomalies = Rc::new(anomalies);
            }
            Event::Finished => self.end(Stage::Finished),
            Event::Cancelled => self.end(Stage::Cancelled),
            Event::Failed(failure) => self.end(Stage::Failed(failure)),
            Event::Names { image, names } => {
                let image = self.image_mut(image)?;
                Rc::make_mut(&mut image.report).names = names;
            }
            Event::Image { report } => {
                self.images.push(Rc::new(Image::new(*report)));
            }
            Event::Gone { image } => {
                let image_gone = self.image_mut(image)?;
                image_gone.is_gone = true;
                image_gone.layers.clear();
                let others = self.anomalies.iter().filter(|anomaly| anomaly.image != Some(image));
                self.anomalies = Rc::new(others.cloned().collect());
            }
            Event::Kept(news) => self.kept = Some(news),
            Event::Opened { .. } | Event::Closed | Event::Remote(_) | Event::Shelf => return None,
        }
        Some(())
    }

    /// Its images with their places, without those that were made here and are removed.
    pub fn present(&self) -> impl Iterator<Item = (&Rc<Image>, u32)> {
        self.images.iter().zip(0u32..).filter(|(image, _)| !image.is_gone)
    }

    fn end(&mut self, stage: Stage) {
        self.stage = stage;
        self.reading = None;
        for image in &mut self.images {
            let is_under_way =
                |layer: &Layer| layer.reading.is_some() || layer.pull.is_some_and(Pull::is_under_way);
            if image.layers.iter().any(is_under_way) {
                for layer in &mut Rc::make_mut(image).layers {
                    layer.reading = None;
                    // What was not fetched to its end can be asked for again.
                    layer.pull =
                        layer.pull.map(|pull| if pull.is_under_way() { Pull::OnDemand } else { pull });
                }
            }
        }
    }

    pub(super) fn image_mut(&mut self, image: u32) -> Option<&mut Image> {
        self.images.get_mut(image as usize).map(Rc::make_mut)
    }

    /// Whether the bytes of a layer of this archive are what the documents say.
    pub fn verification(&self, layer: &Layer) -> Verification {
        self.settle_layer(layer, layer.verification())
    }

    /// What is not checked of a layer that is known from before is remembered.
    pub fn settle_layer(&self, layer: &Layer, verification: Verification) -> Verification {
        match self.settle(verification) {
            Verification::Pending | Verification::Unchecked if self.is_recalled(layer) => {
                Verification::Remembered
            }
            other => other,
        }
    }

    /// Whether a layer is shown from what the browser kept of it, and was not read since.
    fn is_recalled(&self, layer: &Layer) -> bool {
        self.kept == Some(kept::News::Recalled) && layer.is_listed() && layer.report.digest.is_none()
    }

    /// What is pending stays unchecked once reading has ended.
    pub fn settle(&self, verification: Verification) -> Verification {
        match verification {
            Verification::Pending if self.stage != Stage::Reading => Verification::Unchecked,
            other => other,
        }
    }
}

impl Image {
    /// An image as its documents describe it.
    pub fn new(report: ImageReport) -> Self {
        let layers = report.layers.iter().cloned().map(Rc::new);
        Self {
            layers: layers.map(|report| Layer { report, sizes: None, reading: None, pull: None }).collect(),
            report: Rc::new(report),
            merged: 0,
            totals: Rc::default(),
            os: None,
            kernel: Rc::default(),
            audit: None,
            is_gone: false,
        }
    }

    /// Its first name, without the registry and namespace that Docker adds by itself.
    pub fn short_name(&self) -> Option<&str> {
        let name = self.report.names.first()?;
        let short = name.strip_prefix("docker.io/").unwrap_or(name);
        Some(short.strip_prefix("library/").unwrap_or(short))
    }

    /// How many layers are verified, and of how many something is stated that can be.
    pub fn verified(&self) -> (u32, u32) {
        let count = |wanted: &dyn Fn(Verification) -> bool| {
            self.layers.iter().filter(|layer| wanted(layer.verification())).count() as u32
        };
        (count(&|check| check == Verification::Verified), count(&|check| check != Verification::Unstated))
    }

    /// Whether the bytes of some layer are not what the documents say.
    pub fn has_mismatch(&self) -> bool {
        self.layers.iter().any(|layer| layer.verification() == Verification::Mismatch)
    }

    /// Whether every layer is merged.
    pub fn is_merged(&self) -> bool {
        self.merged as usize >= self.layers.len()
    }

    /// The instruction that made a layer, as far as the history says.
    pub fn instruction(&self, layer: u32) -> Option<&str> {
        let row = self.report.history.iter().find(|row| row.layer == Some(layer))?;
        Some(&row.instruction)
    }
}

impl Layer {
    /// Whether its entries are known. An uncompressed layer may be listed before it is verified.
    pub fn is_listed(&self) -> bool {
        self.report.entries.is_some()
    }

    /// Whether its blob is not in the archive: it is merged, and yet there was nothing to list.
    pub fn is_missing(&self) -> bool {
        self.sizes.is_some() && !self.is_listed()
    }

    fn verification(&self) -> Verification {
        let report = &*self.report;
        Verification::all([
            Verification::of(report.stated_digest.is_some(), report.digest_verified),
            Verification::of(report.stated_diff_id.is_some(), report.diff_id_verified),
        ])
    }
}

impl Verification {
    /// What the check of one thing came to so far: whether it is stated, and whether it was found to be so.
    pub fn of(stated: bool, verified: Option<bool>) -> Self {
        match verified {
            Some(true) => Self::Verified,
            Some(false) => Self::Mismatch,
            None if stated => Self::Pending,
            None => Self::Unstated,
        }
    }

    /// What several checks came to together: the worst of them counts, and what is not stated does not.
    pub fn all(checks: impl IntoIterator<Item = Self>) -> Self {
        let rank = |check: &Self| match check {
            Self::Unstated => 0,
            Self::Verified => 1,
            Self::Unchecked => 2,
            Self::Remembered => 3,
            Self::Pending => 4,
            Self::Mismatch => 5,
        };
        checks.into_iter().max_by_key(rank).unwrap_or(Self::Unstated)
    }
}

impl Reading {
    fn news(before: Option<Self>, progress: Progress, at: f64) -> Self {
        let first = before.map_or((at, progress.done), |reading| reading.first);
        Self { done: progress.done, total: progress.total, first, last: at }
    }

    /// Bytes per second; `None` in the first quarter of a second.
    pub fn rate(&self) -> Option<f64> {
        let (since, from) = self.first;
        let milliseconds = self.last - since;
        (milliseconds >= 250.0).then(|| self.done.saturating_sub(from) as f64 * 1000.0 / milliseconds)
    }

    /// Seconds left at this rate; `None` if nobody knows how much there is.
    pub fn seconds_left(&self) -> Option<f64> {
        let rate = self.rate().filter(|rate| *rate > 0.0 && self.total > 0)?;
        Some(self.total.saturating_sub(self.done) as f64 / rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::samples, worker::protocol::FailureKind};

    fn open(state: Rc<State>, job: u32) -> Rc<State> {
        state.reduce(Action::Open {
            job: Job(job),
            name: format!("{job}.tar").into(),
            replaces: None,
            at: 0.0,
        })
    }

    fn news(state: Rc<State>, job: u32, event: Event) -> Rc<State> {
        state.reduce(Action::Event { job: Job(job), event, at: 0.0 })
    }

    fn opened() -> Event {
        let mut report = samples::report();
        report.images.push(samples::image_report());
        report.images[1].layers.truncate(2);
        Event::Opened { report: report.into(), name: "hello.tar".into(), size: 10 }
    }

    fn ready() -> Rc<State> {
        news(open(Rc::default(), 1), 1, opened())
    }

    fn failure() -> Failure {
        Failure { kind: FailureKind::NotAnImage, detail: String::new(), offset: None }
    }

    #[test]
    fn an_opened_archive_is_looked_at_from_the_top() {
        let state = ready();
        assert!(state.opening.is_none());
        assert_eq!(state.selection, Selection { upto: 2, ..Selection::default() });
        assert_eq!(state.image().unwrap().short_name(), Some("hello:latest"));
    }

    #[test]
    fn a_second_drop_takes_the_first_ones_place_on_the_screen() {
        let state = open(ready(), 2);
        let archive = state.archive.as_ref().unwrap();
        assert_eq!(archive.job, Job(1), "until the second has a history");
        assert_eq!(archive.stage, Stage::Reading, "it is read on if the second is refused");
        let state = news(state, 2, opened());
        assert_eq!(state.archive.as_ref().unwrap().job, Job(2));
        assert_eq!(state.shelf[0].archive.job, Job(1), "the first stays open");
    }

    #[test]
    fn what_is_read_once_more_is_looked_at_as_before() {
        let state = ready().reduce(Action::SelectImage(1)).reduce(Action::SelectPage(Page::Trust));
        let state = state.reduce(Action::SelectUpto(0)).reduce(Action::SelectNode(Some(Node(7))));
        let before = state.selection;
        let state =
            state.reduce(Action::Open { job: Job(2), name: "1.tar".into(), replaces: Some(Job(1)), at: 0.0 });
        let state = news(state, 2, opened());
        assert_eq!(state.archive.as_ref().unwrap().job, Job(2));
        assert_eq!(state.selection, Selection { node: None, ..before });
    }

    #[test]
    fn an_archive_without_an_image_says_why() {
        let mut report = samples::report();
        report.images.clear();
        let event = Event::Opened { report: report.into(), name: "none.tar".into(), size: 10 };
        assert_eq!(news(open(Rc::default(), 1), 1, event).selection.page, Page::Trust);
    }

    #[test]
    fn sums_are_those_of_the_archive_that_was_asked() {
        let audit = |job| Action::Audited { job: Job(job), image: 0, audit: None };
        let state = ready();
        assert!(Rc::ptr_eq(&Rc::clone(&state).reduce(audit(9)), &state));
        assert_eq!(state.reduce(audit(1)).image().unwrap().audit, Some(None));
    }

    #[test]
    fn a_third_drop_replaces_the_second_before_it_is_open() {
        let state = open(open(Rc::default(), 1), 2);
        assert!(Rc::ptr_eq(&news(Rc::clone(&state), 1, opened()), &state));
        assert!(news(state, 2, opened()).archive.is_some());
    }

    #[test]
    fn the_archive_before_is_read_on_while_the_next_is_opened() {
        let state = news(open(ready(), 2), 1, Event::Finished);
        assert_eq!(state.archive.as_ref().unwrap().stage, Stage::Finished);
        assert!(state.opening.is_some());
    }

    #[test]
    fn results_stay_when_a_later_opening_fails() {
        let state = news(open(ready(), 2), 2, Event::Failed(failure()));
        assert_eq!(state.archive.as_ref().unwrap().job, Job(1));
        assert_eq!(state.refusal.as_ref().unwrap().failure, Some(failure()));
        assert!(!state.refusal.as_ref().unwrap().name.is_empty());
        let state = state.reduce(Action::DismissRefusal);
        assert!(state.refusal.is_none());
    }

    #[test]
    fn results_stay_when_reading_ends_early() {
        let progress = Event::Progress(Progress { layer: Some((0, 0)), done: 1, total: 2 });
        for (event, stage) in
            [(Event::Failed(failure()), Stage::Failed(failure())), (Event::Cancelled, Stage::Cancelled)]
        {
            let state = news(news(ready(), 1, progress.clone()), 1, event);
            let archive = state.archive.as_ref().unwrap();
            assert_eq!(archive.stage, stage);
            assert!(archive.images[0].layers[0].reading.is_none(), "no bar goes on");
            assert!(!state.is_busy());
            assert_eq!(archive.verification(&archive.images[0].layers[0]), Verification::Unchecked);
        }
    }

    #[test]
    fn the_scrubber_stays_on_the_stack() {
        let mut state = ready();
        for (action, upto) in [
            (Action::StepUpto(1), 2),
            (Action::StepUpto(-1), 1),
            (Action::StepUpto(-9), 0),
            (Action::SelectUpto(77), 2),
        ] {
            state = state.reduce(action);
            assert_eq!(state.selection.upto, upto);
        }
    }

    #[test]
    fn another_image_is_looked_at_from_its_top() {
        let state =
            ready().reduce(Action::SelectPage(Page::History)).reduce(Action::SelectNode(Some(Node(7))));
        let state = state.reduce(Action::SelectImage(1));
        assert_eq!(state.selection, Selection { image: 1, upto: 1, page: Page::History, node: None });
        let same = Rc::clone(&state).reduce(Action::SelectImage(9));
        assert!(Rc::ptr_eq(&same, &state), "there is no such image");
    }

    #[test]
    fn what_changes_nothing_renders_nothing() {
        let state = ready();
        for action in [Action::ShowHelp(false), Action::SelectUpto(2), Action::SelectPage(Page::Files)] {
            assert!(Rc::ptr_eq(&Rc::clone(&state).reduce(action), &state));
        }
    }

    #[test]
    fn news_of_one_image_leaves_the_others_untouched() {
        let state = ready();
        let next =
            news(Rc::clone(&state), 1, Event::Progress(Progress { layer: Some((0, 1)), done: 1, total: 2 }));
        let images = |state: &State| state.archive.as_ref().unwrap().images.clone();
        assert!(!Rc::ptr_eq(&images(&state)[0], &images(&next)[0]));
        assert!(Rc::ptr_eq(&images(&state)[1], &images(&next)[1]));
    }

    #[test]
    fn news_of_layers_that_are_not_there_is_harmless() {
        let state = ready();
        for event in [
            Event::Progress(Progress { layer: Some((9, 0)), done: 1, total: 2 }),
            Event::Progress(Progress { layer: Some((0, 9)), done: 1, total: 2 }),
            Event::Layer { image: 0, layer: samples::layer_report(9).into() },
        ] {
            assert!(Rc::ptr_eq(&news(Rc::clone(&state), 1, event), &state));
        }
    }

    #[test]
    fn a_layer_is_verified_once_all_that_is_stated_agrees() {
        let mut archive = samples::archive();
        let check = |digest, diff_id| {
            let mut report = samples::layer_report(0);
            (report.digest_verified, report.diff_id_verified) = (digest, diff_id);
            let layer = Layer { report: Rc::new(report), sizes: None, reading: None, pull: None };
            archive.verification(&layer)
        };
        assert_eq!(check(None, None), Verification::Pending);
        assert_eq!(check(Some(true), None), Verification::Pending);
        assert_eq!(check(Some(true), Some(true)), Verification::Verified);
        assert_eq!(check(Some(true), Some(false)), Verification::Mismatch);
        assert_eq!(check(Some(false), None), Verification::Mismatch);
        archive.stage = Stage::Finished;
        let mut report = samples::layer_report(0);
        let layer = |report| Layer { report: Rc::new(report), sizes: None, reading: None, pull: None };
        assert_eq!(archive.verification(&layer(report.clone())), Verification::Unchecked);
        (report.stated_digest, report.stated_diff_id) = (None, None);
        assert_eq!(archive.verification(&layer(report.clone())), Verification::Unstated);
        let mut image = Image::new(samples::image_report());
        assert_eq!(image.verified(), (0, 3));
        image.layers[0].report = Rc::new(report);
        assert_eq!(image.verified(), (0, 2), "nothing is stated of one");
    }

    #[test]
    fn the_rate_is_that_of_all_news() {
        let progress = |done| Progress { layer: None, done, total: 10_000 };
        let reading = Reading::news(None, progress(1_000), 1_000.0);
        assert_eq!(reading.rate(), None);
        let reading = Reading::news(Some(reading), progress(5_000), 3_000.0);
        assert_eq!(reading.rate(), Some(2_000.0));
        assert_eq!(reading.seconds_left(), Some(2.5));
    }
}
