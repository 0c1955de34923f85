//! What docker does with other machines, and what it says of itself.

use serde_json::json;

use super::{Engine, containers, images, table};
use crate::shell::{human, options::Arguments};

/// What `docker --version` prints.
pub(super) const VERSION_LINE: &str =
    concat!("Docker commands of Layerscope version ", env!("CARGO_PKG_VERSION"), ", without a daemon\n");

pub(super) fn pull(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let name = arguments.operands[0].to_string();
    let full = crate::image::names::canonical(&name);
    if engine.world.find_image(&name).is_some() {
        engine.print(&format!("{name} is open already: nothing is fetched. In docker, pull would compare its digest with the registry's.\n{full}\n"));
        return 0;
    }
    if let Some(words) = engine.world.host.pull(&name) {
        engine.print(&format!("{full}: {words}\n"));
        return 0;
    }
    engine.fail(&format!(
        "Error response from daemon: no registry is reached from this shell, so {full} cannot be pulled. Save it elsewhere (docker save, or \
         skopeo copy docker://{name} docker-archive:FILE) and load it with: docker load < FILE"
    ))
}

pub(super) fn push(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let name = arguments.operands[0].to_string();
    let Some(key) = engine.world.find_image(&name) else {
        return engine
            .fail(&format!("An image does not exist locally with the tag: {}", images::split_name(&name).0));
    };
    let full = crate::image::names::canonical(&name);
    let (registry, rest) = full.split_once('/').unwrap_or(("docker.io", &full));
    let Some(image) = engine.world.image(key) else { return 1 };
    let mut text = format!("The push refers to repository [{}]\n", images::split_name(&full).0);
    for (layer, size) in image.layers.iter().rev() {
        text.push_str(&format!(
            "{}: would be uploaded unless {registry} has it ({})\n",
            super::short(layer),
            human::decimal_size(*size)
        ));
    }
    text.push_str(&format!(
        "then the config {} and the manifest, under the name {rest}\n",
        super::short(&image.id)
    ));
    engine.print(&text);
    engine.fail("nothing was sent: this shell reaches no registry. docker save writes an archive that docker, podman or skopeo can push")
}

pub(super) fn login(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let server = arguments.operands.first().map_or_else(|| "docker.io".to_owned(), ToString::to_string);
    engine.fail(&format!(
        "docker login would ask {server} for a token with your user name and password, and keep them in ~/.docker/config.json or a \
         credential helper. This shell reaches no registry, so it asks for no password"
    ))
}

pub(super) fn logout(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let server = arguments
        .operands
        .first()
        .map_or_else(|| "https://index.docker.io/v1/".to_owned(), ToString::to_string);
    engine.print(&format!("Not logged in to {server}\n"));
    0
}

pub(super) fn search(engine: &mut Engine<'_, '_>, _: &Arguments) -> i32 {
    engine.fail(
        "docker search asks Docker Hub; this shell reaches no registry. docker images lists what is open",
    )
}

pub(super) fn logs(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let name = arguments.operands[0].to_string();
    let Some(row) = engine.container(&name) else { return 1 };
    engine.complain(&format!("no process runs here, so container {} has printed nothing", row.name));
    0
}

pub(super) fn version(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let version = env!("CARGO_PKG_VERSION");
    if let Some(format) = arguments.value("format") {
        let row = json!({ "Client": { "Version": version }, "Server": null });
        return engine.formatted(&format.to_string(), &[row]);
    }
    engine.print(&format!("Client: Layerscope\n Version:           {version}\n\nServer: none. No daemon, no process: images and containers are files that are open here.\n"));
    0
}

pub(super) fn info(engine: &mut Engine<'_, '_>, _: &Arguments) -> i32 {
    let containers = engine.world.containers();
    let up = containers.iter().filter(|row| row.status == super::Status::Up).count();
    let images = engine.world.images().iter().filter(|image| !image.intermediate).count();
    engine.print(&format!(
        "Client: Layerscope\n Version:    {}\n\nServer:\n Containers: {}\n  Running: {up}\n  Paused: 0\n  Stopped: {}\n Images: {images}\n \
         Storage Driver: overlay, modelled\n Kernel Version: none: no process runs\n",
        env!("CARGO_PKG_VERSION"),
        containers.len(),
        containers.len() - up,
    ));
    0
}

pub(super) fn disk(engine: &mut Engine<'_, '_>, _: &Arguments) -> i32 {
    let images: Vec<_> = engine.world.images();
    let containers = engine.world.containers();
    let unused: Vec<_> = images.iter().filter(|image| image.containers > 0).cloned().collect();
    let total = images::stored(&images);
    let freed = total.saturating_sub(images::stored(&unused));
    let up: Vec<_> = containers.iter().filter(|row| row.status == super::Status::Up).collect();
    let stopped: u64 =
        containers.iter().filter(|row| row.status != super::Status::Up).map(|row| row.size).sum();
    let own: u64 = containers.iter().map(|row| row.size).sum();
    let share = |part: u64, all: u64| {
        (part * 100).checked_div(all).map_or_else(String::new, |percent| format!(" ({percent}%)"))
    };
    let row = |cells: [String; 5]| cells.to_vec();
    let text = table(&[
        row(["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"].map(str::to_owned)),
        row([
            "Images".into(),
            images.len().to_string(),
            unused.len().to_string(),
            human::decimal_size(total),
            format!("{}{}", human::decimal_size(freed), share(freed, total)),
        ]),
        row([
            "Containers".into(),
            containers.len().to_string(),
            up.len().to_string(),
            human::decimal_size(own),
            format!("{}{}", human::decimal_size(stopped), share(stopped, own)),
        ]),
        // There are none; what a build made before is among the images.
        row(["Local Volumes", "0", "0", "0B", "0B"].map(str::to_owned)),
        row(["Build Cache", "0", "0", "0B", "0B"].map(str::to_owned)),
    ]);
    engine.print(&text);
    0
}

pub(super) fn prune(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let (ids, from_containers) = containers::prune_containers(engine);
    let (lines, from_images) = images::prune_images(engine, arguments.has("all"));
    if !ids.is_empty() {
        engine.print(&format!("Deleted Containers:\n{}\n\n", ids.join("\n")));
    }
    if !lines.is_empty() {
        engine.print(&format!("Deleted Images:\n{}\n\n", lines.join("\n")));
    }
    engine.print(&format!("Total reclaimed space: {}\n", human::decimal_size(from_containers + from_images)));
    0
}
