//! Whether what an archive states of itself agrees with its bytes, and what is wrong or odd with it: the sums and
//! lists of the trust page.

use std::collections::HashSet;

use super::state::{Archive, Image, Layer, Stage, Verification};
use crate::{
    anomaly::{Code, Severity},
    limits::Limit,
    report::{AnomalyReport, DocumentReport, LayerReport},
};

/// How many of the things that were looked at came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All that is stated agrees.
    pub verified: u32,
    /// Something stated does not agree.
    pub mismatch: u32,
    /// Not all of it is checked yet.
    pub pending: u32,
    /// It could not be checked.
    pub unchecked: u32,
    /// Nothing is stated.
    pub unstated: u32,
}

impl Tally {
    /// All of them.
    pub fn total(self) -> u32 {
        self.verified + self.mismatch + self.pending + self.unchecked + self.unstated
    }

    fn of(checks: impl Iterator<Item = Verification>, is_reading: bool) -> Self {
        let mut tally = Self::default();
        for check in checks {
            *match check {
                // It is checked again while the archive is read, or not at all.
                Verification::Remembered if is_reading => &mut tally.pending,
                Verification::Remembered => &mut tally.unchecked,
                Verification::Verified => &mut tally.verified,
                Verification::Mismatch => &mut tally.mismatch,
                Verification::Pending => &mut tally.pending,
                Verification::Unchecked => &mut tally.unchecked,
                Verification::Unstated => &mut tally.unstated,
            } += 1;
        }
        tally
    }
}

/// What the checks of layers and documents came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks {
    /// Of the layers.
    pub layers: Tally,
    /// Of the manifests, configs and indexes.
    pub documents: Tally,
}

impl Checks {
    /// Of a whole archive. A layer that several images share, and state alike, is one.
    pub fn of_archive(archive: &Archive) -> Self {
        let is_reading = archive.stage == Stage::Reading;
        let mut seen = HashSet::new();
        let is_new = |layer: &&Layer| {
            let LayerReport { stated_digest, stated_diff_id, stated_size, .. } = &*layer.report;
            let is_stated = stated_digest.is_some() || stated_diff_id.is_some();
            !is_stated || seen.insert((stated_digest.clone(), stated_diff_id.clone(), *stated_size))
        };
        let layers = archive.images.iter().flat_map(|image| &image.layers).filter(is_new);
        Self {
            layers: Tally::of(layers.map(|layer| of_layer(archive, layer).overall()), is_reading),
            documents: Tally::of(
                archive.documents.iter().map(|document| of_document(document).overall()),
                is_reading,
            ),
        }
    }

    /// Of one image.
    pub fn of_image(archive: &Archive, index: u32, image: &Image) -> Self {
        let is_reading = archive.stage == Stage::Reading;
        let documents = archive.documents.iter().filter(|document| document.image == Some(index));
        Self {
            layers: Tally::of(
                image.layers.iter().map(|layer| of_layer(archive, layer).overall()),
                is_reading,
            ),
            documents: Tally::of(documents.map(|document| of_document(document).overall()), is_reading),
        }
    }

    /// The one word for all of them.
    pub fn verdict(self) -> Verification {
        let has = |count: fn(Tally) -> u32| count(self.layers) + count(self.documents) > 0;
        if has(|tally| tally.mismatch) {
            Verification::Mismatch
        } else if has(|tally| tally.pending) {
            Verification::Pending
        } else if has(|tally| tally.unchecked) {
            Verification::Unchecked
        } else if has(|tally| tally.verified) {
            Verification::Verified
        } else {
            Verification::Unstated
        }
    }
}

/// The checks of one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobChecks {
    /// Of its digest.
    pub digest: Verification,
    /// Of its DiffId, if it is a layer.
    pub diff_id: Verification,
    /// Of its size.
    pub size: Verification,
    /// Of the compression that its media type states. A lie here is odd, but no digest is broken by it: it is no part
    /// of [`BlobChecks::overall`].
    pub compression: Verification,
}

impl BlobChecks {
    /// What the digests and the size came to together.
    pub fn overall(self) -> Verification {
        Verification::all([self.digest, self.diff_id, self.size])
    }
}

/// The checks of a layer.
pub fn of_layer(archive: &Archive, layer: &Layer) -> BlobChecks {
    let report = &*layer.report;
    let check = |stated: bool, verified| archive.settle_layer(layer, Verification::of(stated, verified));
    let compressions = report.stated_compression.zip(report.compression);
    BlobChecks {
        digest: check(report.stated_digest.is_some(), report.digest_verified),
        diff_id: check(report.stated_diff_id.is_some(), report.diff_id_verified),
        size: check(report.stated_size.is_some(), report.size_verified),
        compression: check(
            report.stated_compression.is_some(),
            compressions.map(|(stated, found)| stated == found),
        ),
    }
}

/// The checks of a document. All documents are read before anything is shown.
pub fn of_document(document: &DocumentReport) -> BlobChecks {
    let check = |stated, verified| match Verification::of(stated, verified) {
        Verification::Pending => Verification::Unchecked,
        other => other,
    };
    BlobChecks {
        digest: check(document.stated_digest.is_some(), document.digest_verified),
        diff_id: Verification::Unstated,
        size: check(document.stated_size.is_some(), document.size_verified),
        compression: Verification::Unstated,
    }
}

/// The CSS class of what a check came to.
pub fn check_class(verification: Verification) -> &'static str {
    match verification {
        Verification::Verified => "check-verified",
        Verification::Mismatch => "check-mismatch",
        Verification::Pending => "check-pending",
        Verification::Remembered => "check-remembered",
        Verification::Unchecked => "check-unchecked",
        Verification::Unstated => "check-unstated",
    }
}

/// Where an anomaly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In the archive as a whole.
    Archive,
    /// In the documents of an image.
    Image(u32),
    /// In this layer of this image.
    Layer(u32, u32),
}

impl Place {
    /// Where this one is.
    pub fn of(anomaly: &AnomalyReport) -> Self {
        match (anomaly.image, anomaly.layer) {
            (Some(image), Some(layer)) => Self::Layer(image, layer),
            (Some(image), None) => Self::Image(image),
            (None, _) => Self::Archive,
        }
    }
}

/// Which anomalies are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of this severity only.
    pub severity: Option<Severity>,
    /// In this place only.
    pub place: Option<Place>,
}

impl Filter {
    /// Whether it lists this one.
    pub fn takes(self, anomaly: &AnomalyReport) -> bool {
        self.severity.is_none_or(|severity| severity == anomaly.severity)
            && self.place.is_none_or(|place| place == Place::of(anomaly))
    }
}

/// The severities, the gravest first.
pub const SEVERITIES: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Info];

/// How many anomalies are of a severity.
pub fn count(anomalies: &[AnomalyReport], severity: Severity) -> usize {
    anomalies.iter().filter(|anomaly| anomaly.severity == severity).count()
}

/// The anomalies of one severity that a filter lists, by kind in the order of the first of each.
pub fn groups(
    anomalies: &[AnomalyReport],
    severity: Severity,
    filter: Filter,
) -> Vec<(Code, Vec<&AnomalyReport>)> {
    let mut groups: Vec<(Code, Vec<&AnomalyReport>)> = Vec::new();
    for anomaly in anomalies.iter().filter(|anomaly| anomaly.severity == severity && filter.takes(anomaly)) {
        match groups.iter_mut().find(|(code, _)| *code == anomaly.code) {
            Some((_, group)) => group.push(anomaly),
            None => groups.push((anomaly.code, vec![anomaly])),
        }
    }
    groups
}

/// The places where anomalies are, and how many.
pub fn places(anomalies: &[AnomalyReport]) -> Vec<(Place, usize)> {
    let mut places = std::collections::BTreeMap::new();
    for anomaly in anomalies {
        *places.entry(Place::of(anomaly)).or_insert(0) += 1;
    }
    places.into_iter().collect()
}

/// The layers that a limit kept from being read to their end: the image, the layer and the limit.
pub fn limits(archive: &Archive) -> Vec<(u32, u32, Limit)> {
    let images = archive.images.iter().zip(0..);
    let layers = images.flat_map(|(image, i)| image.layers.iter().map(move |layer| (i, &layer.report)));
    layers.filter_map(|(image, report)| Some((image, report.index, report.limit?))).collect()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::app::samples;

    fn anomaly(code: Code, image: Option<u32>, layer: Option<u32>) -> AnomalyReport {
        AnomalyReport { code, severity: code.severity(), message: String::new(), image, layer, offset: None }
    }

    /// An archive of three layers; of each, whether digest, DiffId and size agree.
    fn archive(layers: [[Option<bool>; 3]; 3]) -> Archive {
        let mut archive = samples::archive();
        let image = Rc::make_mut(&mut archive.images[0]);
        for (layer, [digest, diff_id, size]) in image.layers.iter_mut().zip(layers) {
            let report = Rc::make_mut(&mut layer.report);
            (report.digest_verified, report.diff_id_verified, report.size_verified) = (digest, diff_id, size);
        }
        archive
    }

    #[test]
    fn the_verdict_is_that_of_the_worst() {
        const YES: [Option<bool>; 3] = [Some(true); 3];
        const NOT_YET: [Option<bool>; 3] = [None; 3];
        let verdict = |layers, stage| {
            let archive = Archive { stage, ..archive(layers) };
            Checks::of_archive(&archive).verdict()
        };
        assert_eq!(verdict([YES; 3], Stage::Finished), Verification::Verified);
        assert_eq!(verdict([YES, YES, NOT_YET], Stage::Reading), Verification::Pending);
        assert_eq!(verdict([YES, YES, NOT_YET], Stage::Finished), Verification::Unchecked);
        let wrong_size = [Some(true), Some(true), Some(false)];
        assert_eq!(verdict([YES, wrong_size, NOT_YET], Stage::Reading), Verification::Mismatch);

        let mut archive = archive([YES; 3]);
        archive.documents = Rc::new(vec![samples::document(crate::image::DocumentKind::Config, b"x", false)]);
        let checks = Checks::of_archive(&archive);
        assert_eq!((checks.layers.verified, checks.documents.mismatch), (3, 1));
        assert_eq!(checks.verdict(), Verification::Mismatch);
    }

    #[test]
    fn a_layer_of_two_images_is_counted_once() {
        let mut archive = archive([[Some(true); 3]; 3]);
        archive.images.push(Rc::clone(&archive.images[0]));
        assert_eq!(Checks::of_archive(&archive).layers.total(), 3);
        // One that states something else of the same bytes is another.
        let image = Rc::make_mut(&mut archive.images[1]);
        Rc::make_mut(&mut image.layers[0].report).stated_size = Some(1);
        assert_eq!(Checks::of_archive(&archive).layers.total(), 4);
    }

    #[test]
    fn what_is_stated_of_nothing_is_no_promise() {
        let mut archive = samples::archive();
        archive.documents = Rc::default();
        for layer in &mut Rc::make_mut(&mut archive.images[0]).layers {
            let report = Rc::make_mut(&mut layer.report);
            (report.stated_digest, report.stated_diff_id, report.stated_size) = (None, None, None);
        }
        assert_eq!(Checks::of_archive(&archive).verdict(), Verification::Unstated);
        assert_eq!(Checks::of_archive(&archive).layers, Tally { unstated: 3, ..Tally::default() });
    }

    #[test]
    fn anomalies_are_grouped_by_severity_and_kind_and_filtered_by_place() {
        let all = [
            anomaly(Code::PathUnusual, Some(0), Some(1)),
            anomaly(Code::TarNoEnd, None, None),
            anomaly(Code::PathUnusual, Some(0), Some(2)),
            anomaly(Code::DiffIdMismatch, Some(0), Some(1)),
            anomaly(Code::PathDuplicate, Some(1), Some(1)),
        ];
        let shown = |filter| {
            SEVERITIES.map(|severity| {
                let groups = groups(&all, severity, filter);
                groups.iter().map(|(code, group)| (*code, group.len())).collect::<Vec<_>>()
            })
        };
        assert_eq!(
            shown(Filter::default()),
            [
                vec![(Code::DiffIdMismatch, 1)],
                vec![(Code::PathUnusual, 2), (Code::PathDuplicate, 1)],
                vec![(Code::TarNoEnd, 1)],
            ]
        );
        let in_layer = Filter { place: Some(Place::Layer(0, 1)), ..Filter::default() };
        assert_eq!(shown(in_layer), [vec![(Code::DiffIdMismatch, 1)], vec![(Code::PathUnusual, 1)], vec![]]);
        let notes = Filter { severity: Some(Severity::Info), ..Filter::default() };
        assert_eq!(shown(notes), [vec![], vec![], vec![(Code::TarNoEnd, 1)]]);
        let places = places(&all);
        assert_eq!(places[0], (Place::Archive, 1));
        assert_eq!(places[1], (Place::Layer(0, 1), 2));
        assert_eq!(SEVERITIES.map(|severity| count(&all, severity)), [1, 3, 1]);
    }
}
