//! History rows, paired with layers.

use serde::{Deserialize, Serialize};

use super::instruction;
use crate::oci;

/// One step of an image's history (OCI image spec, config.md, "history").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// When, as stated (RFC 3339).
    pub created: Option<String>,
    /// The command, verbatim.
    pub created_by: Option<String>,
    /// The command as a Dockerfile instruction.
    pub instruction: String,
    /// A free comment.
    pub comment: Option<String>,
    /// Whether the step made no layer.
    pub empty_layer: bool,
    /// The index of the layer it made; `None` for empty steps and for steps beyond the last layer.
    pub layer: Option<u32>,
}

/// Pairs the history with `layers` layers: walking forward, every step that is not empty made the next layer.
/// All rows are kept, whether the counts agree or not; also says how many rows claim a layer.
pub(super) fn pair(history: &[oci::History], layers: usize) -> (Vec<HistoryRow>, usize) {
    let mut claimed = 0;
    let rows = history.iter().map(|step| {
        let layer = (!step.empty_layer).then(|| {
            claimed += 1;
            claimed - 1
        });
        row(step, layer.filter(|index| *index < layers))
    });
    let rows = rows.collect();
    (rows, claimed)
}

fn row(step: &oci::History, layer: Option<usize>) -> HistoryRow {
    HistoryRow {
        created: step.created.clone(),
        created_by: step.created_by.clone(),
        instruction: instruction(step.created_by.as_deref().unwrap_or_default()),
        comment: step.comment.clone().filter(|comment| !comment.is_empty()),
        empty_layer: step.empty_layer,
        layer: layer.and_then(|index| u32::try_from(index).ok()),
    }
}

/// Guesses how many leading rows belong to the base image; `None` if there is no sign of one.
///
/// Trivy's idea: a base image mostly ends with its default command, a `CMD` that makes no layer, and what is built
/// upon it starts with a layer. So from the end, past the image's own trailing empty steps and its layers, the next
/// empty `CMD` ends the base.
pub fn base_image_guess(history: &[HistoryRow]) -> Option<usize> {
    let last_layer = history.iter().rposition(|row| !row.empty_layer)?;
    let ends_base = |row: &HistoryRow| row.empty_layer && row.instruction.starts_with("CMD");
    history[..last_layer].iter().rposition(ends_base).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(steps: &[&str]) -> Vec<oci::History> {
        let step = |text: &&str| oci::History {
            created_by: Some(text.trim_start_matches('-').to_owned()),
            empty_layer: text.starts_with('-'),
            ..oci::History::default()
        };
        steps.iter().map(step).collect()
    }

    fn layers(steps: &[&str], layers: usize) -> (Vec<Option<u32>>, usize) {
        let (rows, claimed) = pair(&history(steps), layers);
        (rows.iter().map(|row| row.layer).collect(), claimed)
    }

    #[test]
    fn steps_that_are_not_empty_take_the_next_layer() {
        assert_eq!(layers(&["a", "-b", "c"], 2), (vec![Some(0), None, Some(1)], 2));
        assert_eq!(layers(&["a", "b", "c"], 1), (vec![Some(0), None, None], 3));
        assert_eq!(layers(&["-a"], 2), (vec![None], 0));
        assert_eq!(layers(&[], 2), (vec![], 0));
    }

    #[test]
    fn the_base_ends_with_its_command() {
        let guess = |steps: &[&str]| base_image_guess(&pair(&history(steps), 99).0);
        let cmd = "-/bin/sh -c #(nop)  CMD [\"bash\"]";
        assert_eq!(
            guess(&["ADD file:1 in /", cmd, "RUN x", "-ENV a=b", "COPY a b", "-CMD [\"y\"]"]),
            Some(2)
        );
        assert_eq!(guess(&["ADD file:1 in /", cmd]), None, "its own command, not a base's");
        assert_eq!(guess(&["ADD file:1 in /", cmd, "-ENTRYPOINT x"]), None);
        assert_eq!(guess(&["a", cmd, "b", "-CMD z", "c"]), Some(4), "the nearest base");
        assert_eq!(guess(&["-CMD x"]), None);
        assert_eq!(guess(&[]), None);
    }
}
