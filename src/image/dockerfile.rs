//! A Dockerfile reconstructed from the history.

use std::fmt::Write as _;

use super::{HistoryRow, base_image_guess};

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

/// The name of the base image, if one of `stated` states it: the image's annotations, then its labels.
pub fn base_image_name<'a>(stated: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<&'a str> {
    let name = stated.into_iter().find(|(key, value)| *key == BASE_NAME && !value.is_empty());
    name.map(|(_, value)| value)
}

/// A Dockerfile that tells what the history of an image of `layers` layers tells. It shows how the image came to be, and
/// need not build: what was copied is known by hash at best. The steps of the base image, whose name may be stated, are
/// kept above a comment that says where it ends; what is not an instruction stands as a comment.
pub fn dockerfile(history: &[HistoryRow], layers: usize, base_name: Option<&str>) -> String {
    let base_rows = base_image_guess(history).unwrap_or(0);
    let (base, own) = history.split_at(base_rows);
    let mut out = String::from("# Reconstructed from the image's history.\n");
    match base_name {
        Some(name) if !base.is_empty() => {
            comment(&mut out, &format!("The steps of the base image {name}:"));
            for row in base {
                comment(&mut out, &row.instruction);
            }
            // A writer into a string cannot fail.
            let _ = writeln!(out, "FROM {}", one_line(name));
        }
        _ => {
            if let Some(name) = base_name {
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
    if history.is_empty() {
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

    fn of(steps: &[&str], base_name: Option<&str>) -> String {
        let row = |text: &&str| HistoryRow {
            created: None,
            created_by: None,
            instruction: instruction(text.trim_start_matches('-')),
            comment: None,
            empty_layer: text.starts_with('-'),
            layer: None,
        };
        dockerfile(&steps.iter().map(row).collect::<Vec<_>>(), 0, base_name)
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
        assert_eq!(of(&STEPS, None), expected);
    }

    #[test]
    fn a_stated_base_wins() {
        let text = of(&STEPS, Some("docker.io/library/busybox:1\nRUN evil"));
        assert!(
            text.contains(
                "# ADD file:1 /\n# CMD [\"sh\"]\nFROM docker.io/library/busybox:1?RUN?evil\nRUN make\n"
            ),
            "{text}"
        );
        assert!(!text.contains("\nRUN evil"), "{text}");
        let unknown = of(&["RUN x"], Some("b"));
        assert!(
            unknown.contains("# FROM b (stated") && unknown.contains("FROM scratch\nRUN x\n"),
            "{unknown}"
        );
    }

    #[test]
    fn annotations_state_the_base_before_labels() {
        let stated = [("a", "b"), (BASE_NAME, ""), (BASE_NAME, "annotated"), (BASE_NAME, "labelled")];
        assert_eq!(base_image_name(stated), Some("annotated"));
        assert_eq!(base_image_name([("a", "b")]), None);
    }

    #[test]
    fn no_history_says_so() {
        assert!(of(&[], None).ends_with("FROM scratch\n# 0 layers, of which no history tells\n"));
    }
}
