//! What it takes to pull an image rather than to drop the archive of it.

use super::{
    page::{self, Measure, Opened},
    subject::{folder, truth},
    table::{Row, Table},
};
use crate::{
    servers::process::{Registry, Settings},
    support::say,
};

/// The name that the image has in the registry.
const NAME: &str = "bench/gzip:latest";

/// Pulls the image of the gzip archive from a real registry, and drops an archive of it that skopeo saved from there, in turn.
pub fn measure(runs: usize, table: &mut Table) {
    let Some(registry) = Registry::start(Settings { cors: true, basic: false }) else { return };
    if !registry.push(&format!("oci-archive:{}", folder().join("gzip.tar").display()), NAME) {
        return;
    }
    let archive = folder().join("pull.tar");
    // skopeo adds to what is there.
    let _ = std::fs::remove_file(&archive);
    registry.save(NAME, &archive);
    let truth = truth(&archive);
    let name = format!("{}/{NAME}", registry.host());
    let (mut pulled, mut dropped) = (Vec::new(), Vec::new());
    for run in 0..runs {
        // Neither goes first each time.
        let mut both = [(Opened::Pulled(&name), &mut pulled), (Opened::Dropped(&archive), &mut dropped)];
        if run % 2 == 1 {
            both.reverse();
        }
        for (opened, rows) in both {
            rows.push(page::measure(opened, &truth, Measure::Time).0);
        }
        if let (Some(Row { verified: Some(pull), .. }), Some(Row { verified: Some(drop), .. })) =
            (pulled.last(), dropped.last())
        {
            let ratio = pull / drop;
            say(&format!(
                "bench: pull: run {} of {runs}: {pull:.2} s, dropped {drop:.2} s: {ratio:.2}",
                run + 1
            ));
        }
    }
    let layers = truth.report.images.iter().flat_map(|image| &image.layers);
    for digest in layers.filter_map(|layer| layer.digest.as_ref()) {
        // Once each time, and once by skopeo.
        assert_eq!(registry.log().blob_gets(&digest.to_string()), runs + 1, "{digest} crosses the wire once");
    }
    let tools = vec![
        ("Layerscope, page, pulled from distribution".to_owned(), Row::median(&pulled)),
        ("Layerscope, page, dropped as an OCI archive".to_owned(), Row::median(&dropped)),
    ];
    table.add("pull, the image of gzip", runs, tools);
    table.add_pulls(&pulled, &dropped);
}
