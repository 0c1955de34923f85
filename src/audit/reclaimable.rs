//! Stored bytes that the merge of all layers does not show, and why not.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    layer::Kind,
    overlay::{Cause, Event, FileRef, LayerIndex, Mark, Stack},
};

/// Bytes of file content that the layers store and their merge does not show. The parts add up to the total.
///
/// A file with several names is lost with the last of them. Sparse files count what they store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclaimable {
    /// All of them: what is stored less what is visible.
    pub total: u64,
    /// Deleted by a whiteout of the file, or of a directory above it.
    pub deleted: u64,
    /// Replaced at its path by something else; or by a later entry of the same layer.
    pub overwritten: u64,
    /// Replaced at its path by a file with the same content: only metadata can have changed.
    pub metadata_only: u64,
    /// Hidden with all that was in a directory which became opaque, or was replaced by something else.
    pub opaque: u64,
}

/// Why a file is shown no longer. Where a layer does several of these to a file's names, the last counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    Opaque,
    Deleted,
    MetadataOnly,
    Overwritten,
}

/// Sums up what the merge of all layers of a stack does not show.
pub fn reclaimable(stack: &Stack) -> Reclaimable {
    let mut losses: HashMap<FileRef, (LayerIndex, Loss)> = HashMap::new();
    for (lost, by) in stack.successions() {
        let Some(file) = lost.state().entry().and_then(|file| stack.target(file)) else { continue };
        if stack.record(file).kind != Kind::File || stack.names(file) > 0 {
            continue;
        }
        let loss = (by.layer, loss(by));
        losses.entry(file).and_modify(|latest| *latest = loss.max(*latest)).or_insert(loss);
    }

    let mut sum = Reclaimable::default();
    for layer in (0..stack.len()).map(LayerIndex) {
        let index = stack.layer(layer);
        for (entry, record) in index.records().filter(|(_, r)| r.kind == Kind::File && !r.reserved) {
            let file = FileRef { layer, entry };
            if stack.names(file) > 0 {
                continue;
            }
            let part = match losses.get(&file) {
                Some((_, Loss::Deleted)) => &mut sum.deleted,
                Some((_, Loss::MetadataOnly)) => &mut sum.metadata_only,
                Some((_, Loss::Opaque)) => &mut sum.opaque,
                // What its own layer undid has left no trace in the merge.
                Some((_, Loss::Overwritten)) | None => &mut sum.overwritten,
            };
            let stored = index.stored_size(record);
            *part += stored;
            sum.total += stored;
        }
    }
    sum
}

fn loss(by: Event) -> Loss {
    match by.cause {
        Cause::Whiteout(_) | Cause::WhiteoutAbove(_) => Loss::Deleted,
        Cause::Opaque(_) | Cause::Replaced(_) => Loss::Opaque,
        Cause::Entry(_) if by.mark == Mark::Metadata => Loss::MetadataOnly,
        Cause::Entry(_) | Cause::Implied => Loss::Overwritten,
    }
}
