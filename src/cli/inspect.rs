//! `layerscope inspect`.

use std::io::{self, BufWriter, Write};

use super::{Error, InspectArgs, archive::Archive, for_terminal};
use crate::{
    image::Format,
    report::{ImageReport, LayerReport, Report},
};

pub(super) fn run(args: &InspectArgs) -> Result<(), Error> {
    let mut archive = Archive::open(&args.archive)?;
    if !args.quick {
        archive.read_all()?;
    }
    let report = archive.session.report();
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        write_text(&report, &mut out)?;
    }
    Ok(out.flush()?)
}

fn write_text(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let images = report.images.len();
    let format = match report.format {
        Format::DockerArchive => "docker archive",
        Format::DockerOci => "docker archive that is an OCI layout too",
        Format::OciLayout => "OCI layout",
        Format::LegacyDocker => "docker archive of the kind before manifest.json",
        Format::BareLayer => "no image archive but one layer",
    };
    writeln!(out, "{format} with {images} image{}", if images == 1 { "" } else { "s" })?;
    for (i, image) in report.images.iter().enumerate() {
        write_image(i, image, out)?;
    }
    if !report.anomalies.is_empty() {
        writeln!(out, "\n{} anomalies", report.anomalies.len())?;
    }
    for anomaly in &report.anomalies {
        write!(out, "  {}", anomaly.code)?;
        if let Some(layer) = anomaly.layer {
            write!(out, ", layer {layer}")?;
        }
        if let Some(offset) = anomaly.offset {
            write!(out, ", offset {offset:#x}")?;
        }
        writeln!(out, ": {}", for_terminal(anomaly.message.as_bytes()))?;
    }
    Ok(())
}

fn write_image(i: usize, image: &ImageReport, out: &mut impl Write) -> io::Result<()> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    writeln!(
        out,
        "\nimage {i}: {}",
        or_none((!image.names.is_empty()).then(|| for_terminal(image.names.join(", ").as_bytes())))
    )?;
    writeln!(out, "  platform  {}", or_none(image.platform.as_deref().map(|p| for_terminal(p.as_bytes()))))?;
    writeln!(out, "  id        {}", or_none(image.id.as_ref().map(ToString::to_string)))?;
    writeln!(out, "  manifest  {}", or_none(image.manifest_digest.as_ref().map(ToString::to_string)))?;
    for attestation in &image.attestations {
        let kinds = for_terminal(attestation.predicate_types.join(", ").as_bytes());
        writeln!(out, "  attested  {} {kinds}", attestation.manifest_digest)?;
    }
    writeln!(out, "  layers")?;
    for layer in &image.layers {
        write_layer(layer, out)?;
    }
    if let Some(sum) = &image.reclaimable {
        writeln!(
            out,
            "  hidden    {} bytes: {} deleted, {} overwritten, {} with the same content, {} in hidden directories",
            sum.total, sum.deleted, sum.overwritten, sum.metadata_only, sum.opaque
        )?;
    }
    if let Some(dive) = &image.dive {
        let user =
            dive.user_wasted_percent.map_or_else(|| "-".into(), |part| format!("{:.2} %", part * 100.0));
        writeln!(
            out,
            "  by dive   efficiency {:.2} %, {} bytes wasted, {user} of the layers above the first",
            dive.efficiency * 100.0,
            dive.wasted_bytes
        )?;
    }
    writeln!(out, "  history")?;
    for row in &image.history {
        let layer = row.layer.map_or_else(|| "-".to_owned(), |layer| layer.to_string());
        writeln!(out, "    {layer:>3}  {}", for_terminal(row.instruction.as_bytes()))?;
    }
    Ok(())
}

fn write_layer(layer: &LayerReport, out: &mut impl Write) -> io::Result<()> {
    let number = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let compression = layer.compression.map_or("-", |compression| compression.name());
    let lazy = layer.lazy.map_or_else(String::new, |lazy| format!(", {}", lazy.name()));
    let digest = layer.digest.as_ref().or(layer.stated_digest.as_ref());
    let diff_id = layer.diff_id.as_ref().or(layer.stated_diff_id.as_ref());
    writeln!(
        out,
        "    {:>3}  {:>12} stored  {:>12} unpacked  {:>8} entries  {compression}{lazy}",
        layer.index,
        number(layer.stored_size),
        number(layer.size),
        number(layer.entries),
    )?;
    if let Some(what) = &layer.unreadable {
        writeln!(out, "         unreadable: {}", for_terminal(what.as_bytes()))?;
    }
    if layer.foreign {
        writeln!(out, "         foreign, never fetched: {}", for_terminal(layer.urls.join(" ").as_bytes()))?;
    }
    for (name, digest, checked) in
        [("digest ", digest, layer.digest_verified), ("diff id", diff_id, layer.diff_id_verified)]
    {
        if let Some(digest) = digest {
            let checked = match checked {
                Some(true) => "verified",
                Some(false) => "DOES NOT MATCH",
                None => "not checked",
            };
            writeln!(out, "         {name} {digest} ({checked})")?;
        }
    }
    Ok(())
}
