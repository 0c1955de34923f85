//! `layerscope verify`.

use std::{
    fmt::Display,
    io::{self, BufWriter, Write},
};

use serde::Serialize;

use super::{Error, VerifyArgs, archive::Archive, for_terminal};
use crate::{
    anomaly::Severity,
    report::{AnomalyReport, DocumentReport, Report},
};

/// What `--json` prints: see `docs/json.md`.
#[derive(Serialize)]
struct Verification<'r> {
    /// Whether nothing was found that is not what it is stated to be.
    verified: bool,
    /// How many of what is stated does not match.
    mismatches: usize,
    #[serde(flatten)]
    report: &'r Report,
}

pub(super) fn run(args: &VerifyArgs) -> Result<(), Error> {
    let mut archive = Archive::open(&args.archive)?;
    archive.read_all()?;
    let report = archive.session.report();
    let mismatches = report.anomalies.iter().filter(|anomaly| anomaly.code.is_mismatch()).count();
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        let verification = Verification { verified: mismatches == 0, mismatches, report: &report };
        serde_json::to_writer_pretty(&mut out, &verification).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        write_text(&report, &mut out)?;
    }
    out.flush()?;
    if mismatches == 0 { Ok(()) } else { Err(Error::Mismatch(args.archive.archive.clone(), mismatches)) }
}

fn write_text(report: &Report, out: &mut impl Write) -> io::Result<()> {
    for (i, image) in report.images.iter().enumerate() {
        let name = image.names.first().map_or_else(|| "-".to_owned(), |name| for_terminal(name.as_bytes()));
        writeln!(out, "image {i}: {name}")?;
        for layer in &image.layers {
            writeln!(out, "  layer {}", layer.index)?;
            let (digest, diff_id) = (layer.digest.as_ref(), layer.diff_id.as_ref());
            write_check(out, "digest ", layer.stated_digest.as_ref(), digest, layer.digest_verified)?;
            write_check(out, "diff id", layer.stated_diff_id.as_ref(), diff_id, layer.diff_id_verified)?;
            write_check(out, "size   ", layer.stated_size, layer.stored_size, layer.size_verified)?;
        }
    }
    for document in &report.documents {
        let kind = serde_json::to_value(document.kind).map_err(io::Error::from)?;
        let image = document.image.map(|image| format!(" of image {image}")).unwrap_or_default();
        let path = document
            .path
            .as_ref()
            .map_or_else(|| "not in the archive".to_owned(), |path| for_terminal(path.as_bytes()));
        writeln!(out, "{}{image}: {path}", kind.as_str().unwrap_or_default())?;
        let DocumentReport { stated_digest, digest, stated_size, size, .. } = document;
        write_check(out, "digest ", stated_digest.as_ref(), digest.as_ref(), document.digest_verified)?;
        write_check(out, "size   ", *stated_size, *size, document.size_verified)?;
    }
    for unused in &report.unused {
        let path = for_terminal(unused.path.as_bytes());
        writeln!(out, "unused: {path}, {} bytes at offset {:#x}", unused.size, unused.offset)?;
    }
    let mut anomalies: Vec<&AnomalyReport> = report.anomalies.iter().collect();
    // The gravest first; what is equally grave in the order that it was found.
    anomalies.sort_by_key(|anomaly| std::cmp::Reverse(anomaly.severity));
    for anomaly in anomalies {
        let severity = match anomaly.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        write!(out, "{severity}: {}", anomaly.code)?;
        for (what, index) in [("image", anomaly.image), ("layer", anomaly.layer)] {
            if let Some(index) = index {
                write!(out, ", {what} {index}")?;
            }
        }
        if let Some(offset) = anomaly.offset {
            write!(out, ", offset {offset:#x}")?;
        }
        writeln!(out, ": {}", for_terminal(anomaly.message.as_bytes()))?;
    }
    Ok(())
}

fn write_check<T: Display>(
    out: &mut impl Write,
    name: &str,
    stated: Option<T>,
    found: Option<T>,
    verified: Option<bool>,
) -> io::Result<()> {
    let text = |value: Option<T>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    match verified {
        Some(true) => writeln!(out, "    {name} {} verified", text(found)),
        Some(false) => writeln!(out, "    {name} MISMATCH: stated {}, found {}", text(stated), text(found)),
        None => writeln!(out, "    {name} {} not stated or not found", text(found.or(stated))),
    }
}
