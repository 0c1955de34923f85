//! A Dockerfile reconstructed from the history.

use std::fmt::Write as _;

use super::{HistoryRow, Image, base_image_guess};

/// The annotation that names the base image (OCI image spec, annotations.md).
const BASE_NAME: &str = "org.opencontainers.image.base.name";

/// The instructions that may begin a line of a Dockerfile. Not `FROM`: as a step of the history it is free text, and would begin
/// another stage.
const INSTRUCTIONS: [&str; 17] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// The name of the base image, where an annotation, or failing that a label, states it.
pub fn base_image_name(image: &Image) -> Option<&str> {
    let labels =
        image.config.as_ref().map(|config| config.parsed.config.labels.as_slice()).unwrap_or_default();
    let stated =
        image.annotations.iter().chain(labels).find(|(key, value)| key == BASE_NAME && !value.is_empty());
    stated.map(|(_, value)| value.as_str())
}

/// A Dockerfile that tells what the history tells. It shows how the image came to be, and need not build: what was
/// copied is known by hash at best. The base image's steps are kept above a comment that says where it ends; what is not
/// an instruction stands as a comment.
pub fn dockerfile(image: &Image) -> String {
    let base_rows = base_image_guess(&image.history).unwrap_or(0);
    let (base, own) = image.history.split_at(base_rows);
    let name = base_image_name(image);
    let mut out = String::from("# Reconstructed from the image's history.\n");
    match name {
        Some(name) if !base.is_empty() => {
            comment(&mut out, &format!("The steps of the base image {name}:"));
            for row in base {
                comment(&mut out, &row.instruction);
            }
            // A writer into a string cannot fail.
            let _ = writeln!(out, "FROM {}", one_line(name));
        }
        _ => {
            if let Some(name) = name {
                comment(&mut out, &format!("FROM {name} (stated; which steps are its own is not known)"));
            }
            out.push_str("FROM scratch\n");
            base.iter().for_each(|row| step(&mut out, row));
            if !base.is_empty() {
                comment(&mut out, "FROM the steps above (guessed: a base image ends here)");
            }
        }
    }
    own.iter().for_each(|row| step(&mut out, row));
    if image.history.is_empty() {
        let layers = image.layers.len();
        comment(
            &mut out,
            &format!("{layers} layer{}, of which no history tells", if layers == 1 { "" } else { "s" }),
        );
    }
    out
}

fn step(out: &mut String, row: &HistoryRow) {
    let text = row.instruction.as_str();
    let word = text.split_whitespace().next().unwrap_or_default();
    if !INSTRUCTIONS.contains(&word) || text.contains('\r') {
        let made = if row.empty_layer { "no layer" } else { "a layer" };
        comment(out, &format!("(unknown step, made {made}) {text}"));
        return;
    }
    // A line break inside an instruction is continued, unless a here-document holds it.
    let joined = if text.contains("<<") { text.to_owned() } else { text.replace('\n', "\\\n") };
    out.push_str(&joined);
    out.push('\n');
}

/// A comment; each of its lines begins with `#`, whatever the text holds.
fn comment(out: &mut String, text: &str) {
    for line in text.split(['\n', '\r']) {
        out.push_str(format!("# {line}").trim_end());
        out.push('\n');
    }
}

/// Text from an annotation must not begin a line of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c.is_whitespace() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::instruction;

    fn image(steps: &[&str], annotations: &[(&str, &str)]) -> Image {
        let row = |text: &&str| HistoryRow {
            created: None,
            created_by: None,
            instruction: instruction(text.trim_start_matches('-')),
            comment: None,
            empty_layer: text.starts_with('-'),
            layer: None,
        };
        Image {
            names: Vec::new(),
            platform: None,
            manifest_digest: None,
            id: None,
            config: None,
            annotations: annotations.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
            layers: Vec::new(),
            history: steps.iter().map(row).collect(),
            attestations: Vec::new(),
        }
    }

    const STEPS: [&str; 5] = [
        "/bin/sh -c #(nop) ADD file:1 in /",
        "-CMD [\"sh\"]",
        "/bin/sh -c make",
        "bazel build ...\nRUN evil",
        "",
    ];

    #[test]
    fn a_guessed_base_is_marked() {
        let expected = "# Reconstructed from the image's history.\nFROM scratch\nADD file:1 /\nCMD [\"sh\"]\n\
            # FROM the steps above (guessed: a base image ends here)\nRUN make\n\
            # (unknown step, made a layer) bazel build ...\n# RUN evil\n# (unknown step, made a layer)\n";
        assert_eq!(dockerfile(&image(&STEPS, &[])), expected);
    }

    #[test]
    fn a_stated_base_wins() {
        let text = dockerfile(&image(&STEPS, &[(BASE_NAME, "docker.io/library/busybox:1\nRUN evil")]));
        assert!(
            text.contains(
                "# ADD file:1 /\n# CMD [\"sh\"]\nFROM docker.io/library/busybox:1?RUN?evil\nRUN make\n"
            ),
            "{text}"
        );
        assert!(!text.contains("\nRUN evil"), "{text}");
        let unknown = dockerfile(&image(&["RUN x"], &[(BASE_NAME, "b")]));
        assert!(
            unknown.contains("# FROM b (stated") && unknown.contains("FROM scratch\nRUN x\n"),
            "{unknown}"
        );
    }

    #[test]
    fn no_history_says_so() {
        assert!(
            dockerfile(&image(&[], &[])).ends_with("FROM scratch\n# 0 layers, of which no history tells\n")
        );
    }
}
