//! What of an image's layers is stored and not seen.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use layerscope::{
    audit::Reclaimable,
    fixture::{Archive, Image, Pack, Shape, Tar},
    layer::Kind,
    overlay::{Cause, FileRef, LayerIndex, Mark, Stack},
    session::Session,
    tree::{NodeId, Tree},
};
use proptest::prelude::*;

#[path = "support/sessions.rs"]
mod sessions;
#[path = "support/stacks.rs"]
mod stacks;

fn reclaimable(layers: &[Tar]) -> Reclaimable {
    let session = sessions::read(&sessions::archive(layers));
    let found = session.report().images[0].reclaimable.unwrap();
    assert_eq!(found.total, session.totals(0).hidden);
    found
}

fn bytes(n: usize) -> Vec<u8> {
    vec![b'x'; n]
}

#[test]
fn each_way_to_lose_a_file_is_told_apart() {
    let base = Tar::new()
        .file("deleted", bytes(1))
        .file("below/deleted", bytes(2))
        .file("changed", bytes(10))
        .file("touched", bytes(100))
        .file("opaque/hidden", bytes(1_000))
        .file("replaced/hidden", bytes(2_000))
        .file("seen", bytes(10_000));
    let top = Tar::new()
        .whiteout("deleted")
        .whiteout("below")
        .file("changed", bytes(11))
        .file("touched", bytes(100))
        .mode(0o600)
        .opaque("opaque")
        .symlink("replaced", "seen");
    let expected =
        Reclaimable { total: 3_113, deleted: 3, overwritten: 10, metadata_only: 100, opaque: 3_000 };
    assert_eq!(reclaimable(&[base, top]), expected);
}

#[test]
fn a_path_that_its_own_layer_repeats_is_overwritten() {
    let layer = Tar::new().file("a", bytes(5)).file("a", bytes(5)).file("d/f", bytes(70)).file("d", "");
    let expected = Reclaimable { total: 75, overwritten: 75, ..Reclaimable::default() };
    assert_eq!(reclaimable(&[layer]), expected);
}

#[test]
fn a_file_is_lost_with_the_last_of_its_names() {
    let base = Tar::new().file("a", bytes(50)).hardlink("b", "a");
    let one = Tar::new().file("a", bytes(7));
    assert_eq!(reclaimable(&[base.clone(), one.clone()]), Reclaimable::default());
    let other = Tar::new().whiteout("b");
    let expected = Reclaimable { total: 50, deleted: 50, ..Reclaimable::default() };
    assert_eq!(reclaimable(&[base, one, other]), expected);
}

#[test]
fn what_is_deleted_and_made_anew_in_one_layer_is_overwritten() {
    let base = Tar::new().file("d/f", bytes(50)).file("d/g", bytes(3));
    let top = Tar::new().whiteout("d").file("d/f", bytes(60));
    let expected = Reclaimable { total: 53, overwritten: 50, deleted: 3, ..Reclaimable::default() };
    assert_eq!(reclaimable(&[base, top]), expected);
}

#[test]
fn numbers_are_null_until_every_layer_was_read_to_its_end() {
    let layer = Tar::new().file("a", bytes(700));
    let archive = sessions::archive(std::slice::from_ref(&layer));
    let report = |session: &Session| {
        let image = session.report().images[0].clone();
        assert_eq!(image.dive.is_some(), image.reclaimable.is_some());
        image.dive.is_some()
    };
    assert!(!report(&sessions::open(&archive)));
    assert!(report(&sessions::read(&archive)));

    let missing = Image::new().layer(&layer, "COPY").foreign_layer("https://example.com/x", 5, "COPY");
    let archive = Archive::new(Shape::OciLayout).image(missing).bytes();
    assert!(!report(&sessions::read(&archive)), "a layer is not there");

    let mut blob = Pack::Gzip.pack(&layer.bytes());
    blob.truncate(blob.len() - 9);
    let media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
    let cut = Image::new().blob_layer(blob, layer.bytes(), media_type, "COPY");
    let archive = Archive::new(Shape::OciLayout).image(cut).bytes();
    assert!(!report(&sessions::read(&archive)), "a layer is cut short");
}

#[test]
fn an_image_without_layers_wastes_nothing() {
    let session = sessions::read(&sessions::archive(&[]));
    let image = &session.report().images[0];
    let dive = image.dive.unwrap();
    assert_eq!((dive.efficiency, dive.wasted_bytes, dive.user_wasted_percent), (1.0, 0, None));
    assert_eq!(image.reclaimable, Some(Reclaimable::default()));
}

#[test]
fn what_whiteouts_name_twice_is_deleted_once() {
    let deep: Vec<String> = (1..=1_000).map(|depth| "d/".repeat(depth)).collect();
    let base = deep.iter().fold(Tar::new(), |tar, path| tar.dir(path, 0o755));
    let base = (0..1_000).fold(base, |tar, i| tar.file(format!("{}{i}", deep[999]), "x"));
    let top = deep.iter().fold(Tar::new(), |tar, path| tar.whiteout(path.trim_end_matches('/')));
    let session = sessions::read(&sessions::archive(&[base, top]));
    let image = &session.report().images[0];
    assert_eq!(image.reclaimable.unwrap().deleted, 1_000);
    // To dive each whiteout is a path of its own, with all that is below it.
    assert_eq!(image.dive.unwrap().efficiency, 1.0);
}

/// The same sums found by looking at the merge at every height: a file is lost in the first layer from which
/// on no path shows it.
fn by_height(stack: &Stack, tree: &Tree) -> Reclaimable {
    let mut shown_at: HashMap<FileRef, (LayerIndex, Vec<NodeId>)> = HashMap::new();
    for upto in (0..stack.len()).map(LayerIndex) {
        for node in tree.ids() {
            if let Some(file) = stack.state(node, upto).entry().and_then(|file| stack.target(file)) {
                let shown = shown_at.entry(file).or_insert((upto, Vec::new()));
                if shown.0 < upto {
                    *shown = (upto, Vec::new());
                }
                shown.1.push(node);
            }
        }
    }
    let mut sum = Reclaimable::default();
    for layer in (0..stack.len()).map(LayerIndex) {
        for (entry, record) in stack.layer(layer).records().filter(|(_, r)| r.kind == Kind::File) {
            let file = FileRef { layer, entry };
            let size = stack.layer(layer).stored_size(record);
            let Some((upto, nodes)) = shown_at.get(&file) else {
                sum.overwritten += size;
                continue;
            };
            if upto.0 + 1 == stack.len() {
                continue;
            }
            let events = || nodes.iter().filter_map(|&node| stack.event_of(node, LayerIndex(upto.0 + 1)));
            let entries = |mark: Mark| {
                events().any(|e| matches!(e.cause, Cause::Entry(_) | Cause::Implied) && e.mark == mark)
            };
            let whiteouts =
                || events().any(|e| matches!(e.cause, Cause::Whiteout(_) | Cause::WhiteoutAbove(_)));
            match () {
                () if entries(Mark::Modified) => sum.overwritten += size,
                () if entries(Mark::Metadata) => sum.metadata_only += size,
                () if whiteouts() => sum.deleted += size,
                () => sum.opaque += size,
            }
        }
    }
    sum.total = sum.deleted + sum.overwritten + sum.metadata_only + sum.opaque;
    sum
}

proptest! {
    #[test]
    fn the_parts_add_up_to_what_is_hidden(layers in stacks::stacks()) {
        let session = sessions::read(&sessions::archive(&layers));
        let found = session.report().images[0].reclaimable.unwrap();
        prop_assert_eq!(found.total, session.totals(0).hidden);
        prop_assert_eq!(found, by_height(session.stack(0).unwrap(), session.tree()));
    }

    #[test]
    fn dives_numbers_are_fractions(layers in stacks::stacks()) {
        let session = sessions::read(&sessions::archive(&layers));
        let dive = session.report().images[0].dive.unwrap();
        prop_assert!((0.0..=1.0).contains(&dive.efficiency), "{}", dive.efficiency);
        prop_assert!(dive.user_wasted_percent.is_none_or(|part| part >= 0.0));
    }
}
