//! The Container view in English.

use super::ContainerWords;
use crate::{
    app::{lab::Part, text},
    build::Reason,
    container::{Answer, What, Why},
    layer::Kind,
    shell::{Note, human},
    worker::containers::{State, Turn},
};

/// English.
pub const EN: ContainerWords = ContainerWords {
    part: |part| match part {
        Part::Container => "Container",
        Part::Shelf => "Images and containers",
        Part::Build => "Build",
    },
    parts: "Parts of this view",
    none: "No container yet",
    none_hint: "A container is an image with one writable layer on top. Start one, change its files, and see what the union \
                filesystem does. The image itself never changes, and no process runs.",
    start: |image, upto, layers| match upto == layers {
        true => format!("Start a container of {image}"),
        false => format!("Start a container of {image}, layers 1–{upto}"),
    },
    mount_options: "Mount options",
    mount_options_hint: "Container engines mount with all three off. Turn one on, start a container, and see what the kernel does differently.",
    metacopy: "chmod and chown copy the metadata up alone; the content follows when it is written to.",
    index: "A file with several names stays one file when one of them is copied up.",
    redirect_dir: "A directory of the layers below can be renamed: it remembers where it stands there.",
    change_it: "Change it in a container",
    on: |image, layer| format!("On {image}; its own layer is number {layer}."),
    nothing_runs: "No process runs in it: what you change are its files.",
    cost_upper: "In its layer",
    cost_copied: "Copied up",
    cost_grows: "An image of it grows by",
    terminal: "Terminal",
    command: "Command",
    command_hint: "Enter runs the line, ↑ and ↓ call lines back, Ctrl+R looks for one, Tab completes, Ctrl+C ends what runs; in an empty line Ctrl+Z takes the last line back and Ctrl+Y does it again; Escape, then Tab leaves the line.",
    run: "Run",
    clear: "Clear",
    help: "Help",
    undo: "Undo",
    redo: "Redo",
    turned: |turn| match turn {
        Turn::Undo => "Taken back.",
        Turn::Redo => "Done again.",
    },
    busy: "Running…",
    stop: "Stop",
    choose_for: |command| format!("Choose the file for {command}"),
    found: "Found:",
    not_found: "No earlier command has it.",
    steps: "Step by step",
    no_steps: "Change a file, and see here what the filesystem does: which layers it asks, what it copies up, which whiteout it writes.",
    step: |step, of| format!("Step {step} of {of}"),
    more_steps: |number| format!("{number} further steps are not shown."),
    first: "First step",
    back: "Step back",
    play: "Play",
    pause: "Pause",
    next: "Next step",
    own_layer: "the container's layer",
    lookup: |path, answers| format!("Look up {path}: {answers}."),
    then: ", then ",
    answer: |layer, answer| {
        let who = layer.map_or_else(|| "the container's layer".to_owned(), |layer| format!("layer {layer}"));
        match answer {
            Answer::Nothing => format!("not in {who}"),
            Answer::Has(_) => format!("found in {who}"),
            Answer::Whiteout => format!("a whiteout in {who}: it is deleted"),
            Answer::Opaque => format!("an opaque directory in {who}: nothing below counts"),
            Answer::Hidden => format!("hidden from {who} on"),
        }
    },
    copy_up: |copied| {
        let (path, bytes) = (copied.path, copied.bytes);
        let from =
            copied.layer.map_or_else(|| "from below".to_owned(), |layer| format!("from layer {layer}"));
        match (copied.kind, copied.why) {
            (Kind::Directory, _) => {
                let has = copied
                    .layer
                    .map_or_else(|| "the layers below have".to_owned(), |layer| format!("layer {layer} has"));
                format!("Make the directory {path} in the container's layer, as {has} it.")
            }
            (_, Why::Index) => {
                format!(
                    "Give the name {path} to the copy that is up already: it is another name of that file."
                )
            }
            (Kind::Symlink, _) => format!("Copy the symbolic link {path} up {from}."),
            (Kind::File, Why::Truncated) => {
                format!("Copy {path} up {from} without its content, which is to be emptied.")
            }
            (Kind::File, Why::MetadataOnly) => {
                format!("Copy the metadata of {path} up {from}, and none of its content.")
            }
            (Kind::File, Why::Metadata) => {
                format!(
                    "Copy {path} up {from}: only its metadata is to change, and still the whole file, {bytes}."
                )
            }
            (Kind::File, Why::Name) => {
                format!("Copy {path} up {from}, to give it another name: the whole file, {bytes}.")
            }
            (Kind::File, _) => format!("Copy {path} up {from}, to write to it: the whole file, {bytes}."),
            _ => format!("Copy the special file {path} up {from}."),
        }
    },
    create: |path| format!("Make {path} in the container's layer."),
    write: |path, bytes| format!("Write {bytes} to {path} in the container's layer."),
    change: |path, what| {
        let what = match what {
            What::Mode => "Change the permissions",
            What::Owner => "Change owner and group",
            What::Time => "Set the time",
            What::Xattr => "Change the extended attributes",
            What::Size => "Set the length",
            What::Links => "Change the number of names",
        };
        format!("{what} of {path} in the container's layer.")
    },
    whiteout: |path| {
        format!("Write a whiteout of {path}: the layers below keep it, and it is no longer seen.")
    },
    opaque: |path| format!("Make {path} opaque: nothing that the layers below have in it shows through."),
    remove: |path| format!("Take {path} out of the container's layer."),
    moved: |from, to| format!("Move {from} to {to} in the container's layer."),
    redirect: |path, lower| format!("{path} remembers that it is {lower} of the layers below."),
    note: |note| match note {
        Note::Failed(errno) => format!("It fails: {}.", errno.name()),
        Note::CopiedToMove(path) => format!(
            "rename gives EXDEV, for lower layers have a part in {}: mv copies the whole of it up and removes the original.",
            text::visible(path)
        ),
    },
    columns: "Lower, upper, merged",
    only_changes: "Only what the container touches",
    out: "Out again",
    image_name: "Name of the image",
    commit: "Commit",
    save: "Save image",
    export: "Export files",
    out_hint: "Commit makes the container's layer the topmost of a new image. Save writes that image with its layers and history; export \
               writes the merged files alone, as one flat tar.",
    images: "Images",
    containers: "Containers",
    no_containers: "There is no container.",
    name: "Name",
    id: "ID",
    size: "Size",
    shared: "Shared",
    unique: "Unique",
    image: "Image",
    state: "State",
    actions: "Actions",
    dangling: "<none>",
    run_image: "Run",
    remove_it: |name| format!("Remove {name}"),
    remove_short: "Remove",
    state_of: |state| match state {
        State::Created => "Created".to_owned(),
        State::Up(secs) => format!("Up {}", human::duration(secs)),
        State::Exited(code, secs) => format!("Exited ({code}) {} ago", human::duration(secs)),
    },
    attach: |name| format!("Go into {name}"),
    attach_short: "Attach",
    prune_containers: "Prune containers",
    prune_images: "Prune images",
    all_layers: |size| format!("All layers, each counted once: {size}."),
    keep_title: "After a reload",
    keep: "Keep containers and the images made here in this browser",
    keep_hint: "They are kept in the browser's own storage for this page, with what was written in them; of the archives only ids are kept. \
                Open the same archive again, and they are back. Off, all of it is forgotten.",
    waits: "Kept, and back as soon as the archive with their image is open:",
    waits_for: |name, id| format!("{name}, on the image {id}"),
    sharing: "Which image has which layer",
    layer: "Layer",
    has: "has it",
    dockerfile: "Dockerfile",
    tag: "Name of the image",
    context: "Files for COPY and ADD",
    context_hint: "Drop files or a directory here, or choose them. They stay in your browser.",
    choose_files: "Choose files…",
    choose_directory: "Choose a directory…",
    no_files: "Take them out",
    context_files: |files, size| format!("{files} files, {size}"),
    no_cache: "Without the cache",
    build: "Build",
    building: "Building…",
    build_steps: "Steps of the build",
    cached: "cached",
    made: "made",
    reason: |reason| match reason {
        Reason::Base => "the image as it is",
        Reason::Scratch => "an empty image",
        Reason::NoImage => "it makes no image",
        Reason::Built => "the same instruction was built on the same image",
        Reason::NoCache => "the cache was left out",
        Reason::AfterMiss => "a step before it was not in the cache",
        Reason::New => "this instruction was not built on this image before",
        Reason::Changed => "what it copies has changed",
    },
    problem: |_| None,
    no_layer: "no layer",
    layer_of: |size| format!("a layer of {size}"),
    built: |id| format!("The image {id} is built. It stands among the images."),
    made_here: "Made here",
    not_built: "The build ended before there was an image.",
    at_line: |line| format!("Line {line}"),
};
