//! `docker ps`, `start`, `stop`, `rm`, `prune`, `rename` and `diff`.

use serde_json::json;

use super::{ContainerRow, Engine, Status, command::Rows, images::ago, short};
use crate::shell::{human, options::Arguments};

pub(super) fn list(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let now = engine.now();
    let mut rows: Vec<ContainerRow> = engine.world.containers();
    // The newest first.
    rows.reverse();
    let filter = arguments.value("filter").map(|filter| filter.to_string());
    let filter = filter.as_deref().and_then(|filter| filter.split_once('='));
    let last = arguments.value("last").map(|last| last.to_string().parse::<usize>());
    let everything = arguments.has("all")
        || last.is_some()
        || arguments.has("latest")
        || matches!(filter, Some(("status", _)));
    rows.retain(|row| everything || row.status == Status::Up);
    match filter {
        None => {}
        Some(("status", status)) => rows.retain(|row| row.status.word() == status),
        Some(("name", name)) => rows.retain(|row| row.name.contains(name)),
        Some(("ancestor", image)) => rows.retain(|row| row.image == image || row.image_id.contains(image)),
        Some((name, _)) => {
            return engine.fail(&format!("Error response from daemon: invalid filter '{name}'"));
        }
    }
    match (last, arguments.has("latest")) {
        (Some(Ok(count)), _) => rows.truncate(count),
        (Some(Err(_)), _) => return engine.fail("invalid argument for \"-n, --last\" flag"),
        (None, true) => rows.truncate(1),
        (None, false) => {}
    }
    let with_size = arguments.has("size");
    let no_trunc = arguments.has("no-trunc");
    let values = rows
        .iter()
        .map(|row| {
            let mut command = row.command.join(" ");
            if !no_trunc && command.chars().count() > 20 {
                command = command.chars().take(19).chain(['…']).collect();
            }
            json!({
                "ID": if no_trunc { row.hex.clone() } else { short(&row.hex) },
                "Image": row.image,
                "Command": format!("\"{command}\""),
                "CreatedAt": super::images::at(row.created),
                "RunningFor": ago(now, row.created),
                "Status": row.status_text,
                "State": row.status.word(),
                "Ports": "",
                "Names": row.name,
                "Size": format!("{} (virtual {})", human::decimal_size(row.size), human::decimal_size(row.size + row.lower)),
            })
        })
        .collect();
    let mut columns = vec![
        ("CONTAINER ID", "ID"),
        ("IMAGE", "Image"),
        ("COMMAND", "Command"),
        ("CREATED", "RunningFor"),
        ("STATUS", "Status"),
        ("PORTS", "Ports"),
        ("NAMES", "Names"),
    ];
    if with_size {
        columns.push(("SIZE", "Size"));
    }
    Rows { rows: values, columns: &columns, quiet: "ID" }.print(engine, arguments)
}

/// Does something to each container that is named, and prints the name of each.
fn each(
    engine: &mut Engine<'_, '_>,
    arguments: &Arguments,
    act: impl Fn(&mut Engine<'_, '_>, &ContainerRow) -> Result<(), String>,
) -> i32 {
    let mut status = 0;
    for name in &arguments.operands {
        let name = name.to_string();
        let result = match engine.world.container(&name) {
            Some(row) => act(engine, &row),
            None => Err(format!("Error response from daemon: No such container: {name}")),
        };
        match result {
            Ok(()) => engine.print(&format!("{name}\n")),
            Err(error) => status = engine.fail(&error),
        }
    }
    status
}

pub(super) fn start(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let status = each(engine, arguments, |engine, row| {
        engine.world.set_status(row.id, Status::Up);
        Ok(())
    });
    if status != 0 {
        let missing = arguments.operands.iter().map(ToString::to_string);
        let missing: Vec<String> = missing.filter(|name| engine.world.container(name).is_none()).collect();
        engine.complain(&format!("Error: failed to start containers: {}", missing.join(", ")));
    }
    let stands = arguments.has("attach") || arguments.has("interactive");
    if stands
        && let [name] = arguments.operands.as_slice()
        && let Some(row) = engine.world.container(&name.to_string())
    {
        engine.attach(row.id);
    }
    status
}

pub(super) fn stop(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    ended(engine, arguments, 0)
}

pub(super) fn kill(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    ended(engine, arguments, 137)
}

fn ended(engine: &mut Engine<'_, '_>, arguments: &Arguments, code: i32) -> i32 {
    each(engine, arguments, |engine, row| {
        if row.status != Status::Up {
            return match code {
                0 => Ok(()),
                _ => Err(format!(
                    "Error response from daemon: cannot kill container: {}: container {} is not running",
                    row.name, row.hex
                )),
            };
        }
        engine.leave(row.id);
        engine.world.exited(row.id, code);
        Ok(())
    })
}

pub(super) fn restart(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    each(engine, arguments, |engine, row| {
        engine.world.set_status(row.id, Status::Up);
        Ok(())
    })
}

pub(super) fn remove(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let force = arguments.has("force");
    let mut status = 0;
    for name in &arguments.operands {
        let name = name.to_string();
        let Some(row) = engine.world.container(&name) else {
            // As docker has it: with -f this is no failure.
            engine.complain(&format!("Error response from daemon: No such container: {name}"));
            status = if force { status } else { 1 };
            continue;
        };
        if row.status == Status::Up && !force {
            status = engine.fail(&format!(
                "Error response from daemon: cannot remove container \"{}\": container is running: stop the container before \
                 removing or force remove",
                row.name
            ));
            continue;
        }
        engine.leave(row.id);
        engine.world.remove_container(row.id);
        engine.print(&format!("{name}\n"));
    }
    status
}

pub(super) fn prune(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    if !arguments.has("force") {
        engine.complain("WARNING! This removes all stopped containers. Nobody is asked here: it is done.");
    }
    let (ids, freed) = prune_containers(engine);
    if !ids.is_empty() {
        engine.print(&format!("Deleted Containers:\n{}\n\n", ids.join("\n")));
    }
    engine.print(&format!("Total reclaimed space: {}\n", human::decimal_size(freed)));
    0
}

/// Removes the containers that are not open; their ids, and the bytes of their own layers.
pub(super) fn prune_containers(engine: &mut Engine<'_, '_>) -> (Vec<String>, u64) {
    let stopped: Vec<ContainerRow> =
        engine.world.containers().into_iter().filter(|row| row.status != Status::Up).collect();
    let mut freed = 0;
    let mut ids = Vec::new();
    for row in stopped {
        freed += engine.world.remove_container(row.id);
        ids.push(row.hex);
    }
    (ids, freed)
}

pub(super) fn rename(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let (name, new) = (arguments.operands[0].to_string(), arguments.operands[1].to_string());
    let Some(row) = engine.container(&name) else { return 1 };
    match engine.world.rename_container(row.id, &new) {
        Ok(()) => 0,
        Err(error) => engine.fail(&format!("Error response from daemon: {error}")),
    }
}

/// `C` for changed, `A` for added, `D` for deleted, sorted by path.
pub(super) fn diff(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let name = arguments.operands[0].to_string();
    let Some(row) = engine.container(&name) else { return 1 };
    for (path, letter) in engine.world.changes(row.id) {
        engine.print_bytes(&[format!("{letter} /").as_bytes(), &path, b"\n"].concat());
    }
    0
}
