//! Words of the Container view.

mod en;
mod zh;

pub use en::EN;
pub use zh::ZH;

use crate::{
    app::lab::Part,
    build::{ProblemKind, Reason},
    container::{Answer, What, Why},
    layer::Kind,
    shell::Note,
    worker::containers::{State, Turn},
};

/// Something that is copied up.
pub struct Copied<'a> {
    /// Its path.
    pub path: &'a str,
    /// The layer that it comes from, if that is known.
    pub layer: Option<u32>,
    /// What it is.
    pub kind: Kind,
    /// Why.
    pub why: Why,
    /// How many bytes of content are copied, in words.
    pub bytes: &'a str,
}

/// The words. Layers are given by the number they bear on the screen; `None` is the container's own.
pub struct ContainerWords {
    /// A part of the view.
    pub part: fn(Part) -> &'static str,
    /// Labels the choice of a part.
    pub parts: &'static str,
    /// There is no container yet.
    pub none: &'static str,
    /// What a container is.
    pub none_hint: &'static str,
    /// Starts a container over layers 1 to n of an image.
    pub start: fn(&str, u32, u32) -> String,
    /// Heads how the next container is mounted.
    pub mount_options: &'static str,
    /// What is said of it.
    pub mount_options_hint: &'static str,
    /// What an option does.
    pub metacopy: &'static str,
    /// What an option does.
    pub index: &'static str,
    /// What an option does.
    pub redirect_dir: &'static str,
    /// Turns to a container to change a path.
    pub change_it: &'static str,
    /// What the container stands on.
    pub on: fn(&str, u32) -> String,
    /// Said where a container is shown: nothing runs.
    pub nothing_runs: &'static str,
    /// "Content in its layer".
    pub cost_upper: &'static str,
    /// "Copied up".
    pub cost_copied: &'static str,
    /// "An image of it would grow by".
    pub cost_grows: &'static str,

    /// Labels the terminal.
    pub terminal: &'static str,
    /// Labels its line.
    pub command: &'static str,
    /// What its keys do.
    pub command_hint: &'static str,
    /// Gives the line to the shell.
    pub run: &'static str,
    /// Empties the terminal.
    pub clear: &'static str,
    /// Shows what there is.
    pub help: &'static str,
    /// Takes back what the last line did.
    pub undo: &'static str,
    /// Does again what was taken back.
    pub redo: &'static str,
    /// Something was taken back, or done again.
    pub turned: fn(Turn) -> &'static str,
    /// A command is under way.
    pub busy: &'static str,
    /// Ends it.
    pub stop: &'static str,
    /// Chooses the file that a command waits for.
    pub choose_for: fn(&str) -> String,
    /// Stands before what a search among earlier commands has found.
    pub found: &'static str,
    /// It has found nothing.
    pub not_found: &'static str,

    /// Heads the steps.
    pub steps: &'static str,
    /// There are none yet.
    pub no_steps: &'static str,
    /// Step n of m.
    pub step: fn(u32, u32) -> String,
    /// So many steps more.
    pub more_steps: fn(&str) -> String,
    /// Goes to the first step.
    pub first: &'static str,
    /// Goes to the step before.
    pub back: &'static str,
    /// Plays the steps.
    pub play: &'static str,
    /// Stops playing.
    pub pause: &'static str,
    /// Goes to the step after.
    pub next: &'static str,
    /// The container's own layer.
    pub own_layer: &'static str,
    /// A lookup of a path and the answers.
    pub lookup: fn(&str, &str) -> String,
    /// Stands between answers.
    pub then: &'static str,
    /// An answer.
    pub answer: fn(Option<u32>, Answer) -> String,
    /// Something is copied up.
    pub copy_up: fn(&Copied<'_>) -> String,
    /// Something is made.
    pub create: fn(&str) -> String,
    /// So many bytes are written.
    pub write: fn(&str, &str) -> String,
    /// Metadata is changed.
    pub change: fn(&str, What) -> String,
    /// A whiteout is written.
    pub whiteout: fn(&str) -> String,
    /// A directory is made opaque.
    pub opaque: fn(&str) -> String,
    /// Something is taken out of the container's layer.
    pub remove: fn(&str) -> String,
    /// Something is moved in it.
    pub moved: fn(&str, &str) -> String,
    /// A directory remembers where it stands below.
    pub redirect: fn(&str, &str) -> String,
    /// What a command remarks about a step.
    pub note: fn(&Note) -> String,

    /// Heads the columns.
    pub columns: &'static str,
    /// Only what the container touches.
    pub only_changes: &'static str,

    /// Heads what becomes of the container.
    pub out: &'static str,
    /// Labels the name of the image to be made.
    pub image_name: &'static str,
    /// Makes an image.
    pub commit: &'static str,
    /// Saves the image.
    pub save: &'static str,
    /// Saves the container's files.
    pub export: &'static str,
    /// Says what the difference is.
    pub out_hint: &'static str,

    /// Heads the images.
    pub images: &'static str,
    /// Heads the containers.
    pub containers: &'static str,
    /// There are none.
    pub no_containers: &'static str,
    /// A column head.
    pub name: &'static str,
    /// A column head.
    pub id: &'static str,
    /// A column head.
    pub size: &'static str,
    /// A column head.
    pub shared: &'static str,
    /// A column head.
    pub unique: &'static str,
    /// A column head.
    pub image: &'static str,
    /// A column head.
    pub state: &'static str,
    /// A column head of what can be done.
    pub actions: &'static str,
    /// An image without a name.
    pub dangling: &'static str,
    /// Starts a container.
    pub run_image: &'static str,
    /// Removes an image or a container, by its name.
    pub remove_it: fn(&str) -> String,
    /// The button's text.
    pub remove_short: &'static str,
    /// How a container fares, as docker says it.
    pub state_of: fn(State) -> String,
    /// Goes into a container, by its name.
    pub attach: fn(&str) -> String,
    /// The button's text.
    pub attach_short: &'static str,
    /// Removes stopped containers.
    pub prune_containers: &'static str,
    /// Removes dangling images.
    pub prune_images: &'static str,
    /// All layers, each counted once.
    pub all_layers: fn(&str) -> String,
    /// Heads what the browser keeps.
    pub keep_title: &'static str,
    /// Has the browser keep it.
    pub keep: &'static str,
    /// Says what is kept, and where.
    pub keep_hint: &'static str,
    /// So much is kept and waits.
    pub waits: &'static str,
    /// One of it, and the id of the image that it waits for.
    pub waits_for: fn(&str, &str) -> String,
    /// Heads the picture of shared layers.
    pub sharing: &'static str,
    /// Heads the column of layers.
    pub layer: &'static str,
    /// The cell of a layer that an image has.
    pub has: &'static str,

    /// Labels the Dockerfile.
    pub dockerfile: &'static str,
    /// Labels the name of the image.
    pub tag: &'static str,
    /// Labels the files of the context.
    pub context: &'static str,
    /// What can be dropped there.
    pub context_hint: &'static str,
    /// Chooses files.
    pub choose_files: &'static str,
    /// Chooses a directory.
    pub choose_directory: &'static str,
    /// Takes the files out again.
    pub no_files: &'static str,
    /// So many files of so many bytes.
    pub context_files: fn(usize, &str) -> String,
    /// Leaves the cache out.
    pub no_cache: &'static str,
    /// Builds.
    pub build: &'static str,
    /// It is being built.
    pub building: &'static str,
    /// Heads the steps of the build.
    pub build_steps: &'static str,
    /// The cache had it.
    pub cached: &'static str,
    /// It was made.
    pub made: &'static str,
    /// Why the cache had a step, or had not.
    pub reason: fn(Reason) -> &'static str,
    /// What is wrong with a Dockerfile; `None` leaves it to the English words of the build.
    pub problem: fn(&ProblemKind) -> Option<String>,
    /// A step without a layer.
    pub no_layer: &'static str,
    /// A layer of so many bytes.
    pub layer_of: fn(&str) -> String,
    /// The image is there.
    pub built: fn(&str) -> String,
    /// What the images are called that are made of nothing, where archives have their names.
    pub made_here: &'static str,
    /// The build ended before.
    pub not_built: &'static str,
    /// At line n.
    pub at_line: fn(u32) -> String,
}
