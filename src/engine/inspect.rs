//! `docker inspect`.

use serde_json::{Value, json};

use super::{Engine, ImageKey, Status};
use crate::shell::{human::rfc3339, options::Arguments};

pub(super) fn any(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let kind = arguments.value("type").map(|kind| kind.to_string());
    print(
        engine,
        arguments,
        &|engine, name| {
            let container = || kind.as_deref() != Some("image");
            let image = || kind.as_deref() != Some("container");
            of_container(engine, name)
                .filter(|_| container())
                .or_else(|| of_image(engine, name).filter(|_| image()))
        },
        "object",
    )
}

pub(super) fn image(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    print(engine, arguments, &of_image, "image")
}

pub(super) fn container(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    print(engine, arguments, &of_container, "container")
}

/// Fields in docker's order.
type Fields = Vec<(&'static str, Value)>;

fn print(
    engine: &mut Engine<'_, '_>,
    arguments: &Arguments,
    find: &dyn Fn(&Engine<'_, '_>, &str) -> Option<Fields>,
    kind: &str,
) -> i32 {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for name in &arguments.operands {
        let name = name.to_string();
        match find(engine, &name) {
            Some(fields) => found.push(fields),
            None => missing.push(name),
        }
    }
    let status = match arguments.value("format").map(|format| format.to_string()) {
        Some(format) => {
            let rows: Vec<Value> = found
                .into_iter()
                .map(|fields| {
                    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
                })
                .collect();
            engine.formatted(&format, &rows)
        }
        None => {
            let objects: Vec<String> = found.iter().map(object).collect();
            let list = if objects.is_empty() {
                "[]\n".to_owned()
            } else {
                format!("[\n{}\n]\n", objects.join(",\n"))
            };
            engine.print(&list);
            0
        }
    };
    for name in &missing {
        match kind {
            "object" => engine.complain(&format!("Error: No such object: {name}")),
            kind => engine.complain(&format!("Error response from daemon: No such {kind}: {name}")),
        }
    }
    if missing.is_empty() { status } else { 1 }
}

/// An object, indented as docker does.
fn object(fields: &Fields) -> String {
    let field = |(name, value): &(&str, Value)| {
        let mut out = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
        // A value can always be written into memory.
        let _ = serde::Serialize::serialize(value, &mut serializer);
        let text = String::from_utf8(out).unwrap_or_default().replace('\n', "\n        ");
        format!("        {}: {text}", json!(name))
    };
    format!("    {{\n{}\n    }}", fields.iter().map(field).collect::<Vec<_>>().join(",\n"))
}

fn of_image(engine: &Engine<'_, '_>, name: &str) -> Option<Fields> {
    let key = engine.world.find_image(name)?;
    image_fields(engine, key)
}

fn image_fields(engine: &Engine<'_, '_>, key: ImageKey) -> Option<Fields> {
    let image = engine.world.image(key)?;
    let raw = engine.world.raw_config(key);
    let text = |field: &str| raw.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let digests: Vec<String> = image
        .digest
        .iter()
        .flat_map(|digest| {
            image.names.iter().map(move |name| format!("{}@{digest}", super::images::split_name(name).0))
        })
        .collect();
    let comment = raw
        .get("history")
        .and_then(Value::as_array)
        .and_then(|steps| steps.last()?.get("comment")?.as_str().map(str::to_owned));
    let diff_ids: Vec<&String> = image.layers.iter().map(|(id, _)| id).collect();
    let mut fields = vec![
        ("Id", json!(image.id)),
        ("RepoTags", json!(image.names)),
        ("RepoDigests", json!(digests)),
        ("Parent", json!("")),
        ("Comment", json!(comment.unwrap_or_default())),
        ("Created", json!(text("created"))),
        ("DockerVersion", json!(text("docker_version"))),
        ("Author", json!(text("author"))),
        ("Config", raw.get("config").cloned().unwrap_or(Value::Null)),
        ("Architecture", json!(text("architecture"))),
        ("Os", json!(text("os"))),
        ("Size", json!(image.size)),
        ("RootFS", json!({ "Type": "layers", "Layers": diff_ids })),
    ];
    if !text("variant").is_empty() {
        fields.insert(10, ("Variant", json!(text("variant"))));
    }
    Some(fields)
}

fn of_container(engine: &Engine<'_, '_>, name: &str) -> Option<Fields> {
    let row = engine.world.container(name)?;
    let (code, finished) = match row.status {
        Status::Exited(code, at) => (code, rfc3339(at)),
        _ => (0, "0001-01-01T00:00:00Z".to_owned()),
    };
    let (path, arguments) = row.command.split_first().map_or(("", &[][..]), |(path, rest)| (path, rest));
    let raw = row.key.map_or(Value::Null, |key| engine.world.raw_config(key));
    let mut config = raw.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
    row.given.apply(&mut config);
    let hostname = row.given.hostname.clone().unwrap_or_else(|| super::short(&row.hex));
    config.insert("Hostname".to_owned(), json!(hostname));
    config.insert("Image".to_owned(), json!(row.image));
    Some(vec![
        ("Id", json!(row.hex)),
        ("Created", json!(rfc3339(row.created))),
        ("Path", json!(path)),
        ("Args", json!(arguments)),
        (
            "State",
            json!({
                "Status": row.status.word(),
                "Running": row.status == Status::Up,
                "Paused": false,
                "ExitCode": code,
                "FinishedAt": finished,
            }),
        ),
        ("Image", json!(row.image_id)),
        ("Name", json!(format!("/{}", row.name))),
        ("Platform", raw.get("os").cloned().unwrap_or(Value::Null)),
        ("SizeRw", json!(row.size)),
        ("SizeRootFs", json!(row.size + row.lower)),
        ("HostConfig", json!({ "AutoRemove": row.given.transient })),
        ("Config", Value::Object(config)),
    ])
}
