//! `docker image ls`, `history`, `tag`, `rm` and `prune`.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Engine, ImageRow, command::Rows, short, table};
use crate::shell::{human, options::Arguments};

/// `<none>`, where an image has no name.
const NONE: &str = "<none>";

pub(super) fn list(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let all = arguments.has("all");
    let wanted = arguments.operands.first().map(ToString::to_string);
    let only_dangling = match arguments.value("filter").map(|filter| filter.to_string()) {
        None => None,
        Some(filter) => match filter.split_once('=') {
            Some(("dangling", value)) => Some(value == "true" || value == "1"),
            Some(("reference", _)) => None,
            _ => return engine.fail(&format!("Error response from daemon: invalid filter '{filter}'")),
        },
    };
    let reference = arguments
        .value("filter")
        .and_then(|filter| Some(filter.to_string().strip_prefix("reference=")?.to_owned()));
    let now = engine.now();
    let digests = arguments.has("digests");
    let mut rows = Vec::new();
    for image in engine.world.images() {
        if (image.intermediate && !all)
            || only_dangling.is_some_and(|dangling| dangling != image.names.is_empty())
        {
            continue;
        }
        let mut names: Vec<(String, String)> = image.names.iter().map(|name| split_name(name)).collect();
        if names.is_empty() {
            names.push((NONE.into(), NONE.into()));
        }
        for (repository, tag) in names {
            let fits = |pattern: &String| {
                let (pattern_repository, pattern_tag) = match pattern.rsplit_once(':') {
                    Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
                    _ => (pattern.as_str(), None),
                };
                let glob = |pattern: &str, text: &str| {
                    crate::shell::matches(pattern.as_bytes(), text.as_bytes(), false)
                };
                glob(pattern_repository, &repository) && pattern_tag.is_none_or(|pattern| glob(pattern, &tag))
            };
            if wanted.iter().chain(&reference).all(fits) {
                let id = if arguments.has("no-trunc") { image.id.clone() } else { short(&image.id) };
                let created = image.created.map_or_else(|| "N/A".into(), |secs| ago(now, secs));
                rows.push(json!({
                    "Repository": repository,
                    "Tag": tag,
                    "Digest": image.digest.clone().unwrap_or_else(|| NONE.into()),
                    "ID": id,
                    "CreatedSince": created,
                    "CreatedAt": image.created.map_or_else(|| "N/A".into(), at),
                    "Size": human::decimal_size(image.size),
                    "SharedSize": human::decimal_size(image.shared),
                    "UniqueSize": human::decimal_size(image.size.saturating_sub(image.shared)),
                    "VirtualSize": human::decimal_size(image.size),
                    "Containers": image.containers.to_string(),
                }));
            }
        }
    }
    let columns: &[(&str, &str)] = if digests {
        &[
            ("REPOSITORY", "Repository"),
            ("TAG", "Tag"),
            ("DIGEST", "Digest"),
            ("IMAGE ID", "ID"),
            ("CREATED", "CreatedSince"),
            ("SIZE", "Size"),
        ]
    } else {
        &[
            ("REPOSITORY", "Repository"),
            ("TAG", "Tag"),
            ("IMAGE ID", "ID"),
            ("CREATED", "CreatedSince"),
            ("SIZE", "Size"),
        ]
    };
    Rows { rows, columns, quiet: "ID" }.print(engine, arguments)
}

pub(super) fn history(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let name = arguments.operands[0].to_string();
    let Some(key) = engine.image(&name) else { return 1 };
    let no_trunc = arguments.has("no-trunc");
    let now = engine.now();
    let steps = engine.world.history(key);
    let id = engine.world.image(key).map(|image| image.id).unwrap_or_default();
    let count = steps.len();
    let row = |(i, step): (usize, super::HistoryStep)| {
        let own = if i + 1 == count {
            if no_trunc { id.clone() } else { short(&id) }
        } else {
            "<missing>".to_owned()
        };
        let secs = human::created(step.created.as_deref());
        let mut by = step.created_by.replace('\t', " ");
        if !no_trunc && by.chars().count() > 45 {
            by = by.chars().take(44).chain(['…']).collect();
        }
        json!({
            "ID": own,
            "CreatedSince": secs.map_or_else(|| "N/A".into(), |secs| ago(now, secs)),
            "CreatedAt": step.created.unwrap_or_default(),
            "CreatedBy": by,
            "Size": step.size.map_or_else(|| "N/A".into(), human::decimal_size),
            "Comment": step.comment.unwrap_or_default(),
        })
    };
    let mut rows: Vec<Value> = steps.into_iter().enumerate().map(row).collect();
    rows.reverse();
    let columns = &[
        ("IMAGE", "ID"),
        ("CREATED", "CreatedSince"),
        ("CREATED BY", "CreatedBy"),
        ("SIZE", "Size"),
        ("COMMENT", "Comment"),
    ];
    Rows { rows, columns, quiet: "ID" }.print(engine, arguments)
}

pub(super) fn tag(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let (source, target) = (arguments.operands[0].to_string(), arguments.operands[1].to_string());
    let Some(key) = engine.image(&source) else { return 1 };
    match engine.world.tag(key, &target) {
        Ok(()) => 0,
        Err(error) => engine.fail(&format!("Error response from daemon: {error}")),
    }
}

pub(super) fn remove(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let force = arguments.has("force");
    let mut status = 0;
    for name in &arguments.operands {
        let name = name.to_string();
        match engine.world.remove_image(&name, force, !arguments.has("no-prune")) {
            Ok(lines) => engine.print(&lines.into_iter().map(|line| line + "\n").collect::<String>()),
            Err(error) => {
                let missing = error.starts_with("No such image");
                if missing && force {
                    engine.complain(&format!("Error: {error}"));
                    continue;
                }
                status = engine.fail(&format!("Error response from daemon: {error}"));
            }
        }
    }
    status
}

pub(super) fn prune(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let all = arguments.has("all");
    let what = if all {
        "all images without at least one container associated to them"
    } else {
        "all dangling images"
    };
    if !arguments.has("force") {
        engine.complain(&format!("WARNING! This removes {what}. Nobody is asked here: it is done."));
    }
    let (lines, freed) = prune_images(engine, all);
    if !lines.is_empty() {
        engine.print(&format!("Deleted Images:\n{}\n", lines.join("\n")));
        engine.print("\n");
    }
    engine.print(&format!("Total reclaimed space: {}\n", human::decimal_size(freed)));
    0
}

/// Removes the images that nobody needs; what was said of each, and the bytes of layers that nobody has any more.
pub(super) fn prune_images(engine: &mut Engine<'_, '_>, all: bool) -> (Vec<String>, u64) {
    let removed = engine.world.shelf.prune_images(all);
    // docker says it in small letters here.
    let lines = super::world::lines_of(&removed).into_iter();
    let small = |line: String| line.replacen("Untagged", "untagged", 1).replacen("Deleted", "deleted", 1);
    (lines.map(small).collect(), removed.freed)
}

/// Bytes of the layers of these images, each layer once.
pub(super) fn stored(images: &[ImageRow]) -> u64 {
    let mut seen = HashSet::new();
    let layers = images.iter().flat_map(|image| &image.layers);
    layers.filter(|(id, _)| seen.insert(id.clone())).map(|(_, size)| size).sum()
}

/// A name as repository and tag.
pub(super) fn split_name(name: &str) -> (String, String) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository.to_owned(), tag.to_owned()),
        _ => (name.to_owned(), NONE.to_owned()),
    }
}

/// How long ago, as docker says it.
pub(super) fn ago(now: i64, secs: i64) -> String {
    format!("{} ago", human::duration(now.saturating_sub(secs)))
}

/// A moment as docker prints it.
pub(super) fn at(secs: i64) -> String {
    let (year, month, day, hour, minute, second) = human::civil(secs);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} +0000 UTC")
}

/// Rows in columns; kept here for who has no template.
pub(super) fn columns(titles: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut all = vec![titles.iter().map(|&title| title.to_owned()).collect()];
    all.extend(rows);
    table(&all)
}
