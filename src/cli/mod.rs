//! The native command line over the same core as the page: `layerscope inspect | ls | cat | diff | export | verify |
//! shell | build | serve`.
//!
//! The JSON that it prints is described in `docs/json.md` and held stable. It exits with 0; with 1 when what
//! was asked for could not be read, after one line on standard error; with 2 when it was called wrongly.

mod archive;
mod build;
mod cat;
mod diff;
mod export;
mod host;
mod inspect;
mod ls;
#[cfg(feature = "serve")]
mod serve;
mod shell;
mod verify;

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{image::Image, layer::is_unusual_char, overlay::LayerIndex, worker::protocol::Failure};

/// See what is inside a container image.
#[derive(Debug, Parser)]
#[command(name = "layerscope", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what an archive holds: images, layers, history, digests, and what is wrong with them.
    Inspect(InspectArgs),
    /// List the merged filesystem, or the entries of one layer.
    Ls(LsArgs),
    /// Print the content of a file.
    Cat(CatArgs),
    /// Compare what two layers make of a file.
    Diff(DiffArgs),
    /// Write a file, or a tar of a directory, of a whole layer, or of the merged filesystem.
    Export(ExportArgs),
    /// Compare everything that is stated with what is found; exit with 1 if anything does not match.
    Verify(VerifyArgs),
    /// Stand in a container of an image: a shell without processes, and docker's commands.
    Shell(ShellArgs),
    /// Build an image from a Dockerfile without running anything.
    Build(BuildArgs),
    /// Serve the page on this machine, and forward what it reads of registries.
    #[cfg(feature = "serve")]
    Serve(serve::ServeArgs),
}

#[derive(Debug, Args)]
struct ArchiveArgs {
    /// A docker archive or an OCI layout: a tar, perhaps compressed, or a directory.
    archive: PathBuf,
    /// Read on where a layer decodes to 8 GiB or to 500 times its size, or has 2 million entries.
    #[arg(long)]
    no_limits: bool,
}

#[derive(Debug, Args)]
struct InspectArgs {
    #[command(flatten)]
    archive: ArchiveArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Do not read the layers: digests, sizes and entries stay unknown.
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    #[command(flatten)]
    archive: ArchiveArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct LsArgs {
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    image: ImageArg,
    /// List the entries of this layer alone, in the order of its tar. The bottom layer is 0; the page calls it 1.
    #[arg(long, value_name = "N", conflicts_with = "upto")]
    layer: Option<u32>,
    /// Merge layers 0 to N only; the page calls them 1 to N+1.
    #[arg(long, value_name = "N")]
    upto: Option<u32>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct CatArgs {
    #[command(flatten)]
    archive: ArchiveArgs,
    /// The file. Symbolic links are followed inside the image, unless a layer is named.
    path: String,
    #[command(flatten)]
    image: ImageArg,
    /// The version in this layer, even if a layer above deletes or replaces it. The bottom layer is 0; the page calls it 1.
    #[arg(long, value_name = "N")]
    layer: Option<u32>,
    /// Begin at this byte.
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u64,
    /// Print at most so many bytes.
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    length: u64,
    /// Print offsets, hex and ASCII.
    #[arg(long)]
    hex: bool,
    /// Print what it is by its first bytes, and nothing else.
    #[arg(long, conflicts_with_all = ["hex", "offset", "length"])]
    kind: bool,
}

#[derive(Debug, Args)]
struct DiffArgs {
    #[command(flatten)]
    archive: ArchiveArgs,
    /// The file, as the layers have it. Symbolic links are not followed.
    path: String,
    #[command(flatten)]
    image: ImageArg,
    /// The file as layers 0 to N make it, to compare with. The bottom layer is 0; the page calls it 1.
    #[arg(long, value_name = "N")]
    from: u32,
    /// The file as layers 0 to N make it, to be compared.
    #[arg(long, value_name = "N")]
    to: u32,
    /// Compare bytes, even of text.
    #[arg(long)]
    hex: bool,
}

#[derive(Debug, Args)]
struct ExportArgs {
    #[command(flatten)]
    archive: ArchiveArgs,
    /// A file, which is written as it is, or a directory, which becomes a tar; everything if it is left out. Symbolic
    /// links are followed inside the image, unless a layer is named.
    path: Option<String>,
    /// The file to write; standard output if it is left out or `-`.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    image: ImageArg,
    /// What this layer alone has, its whiteouts included, even if a layer above deletes or replaces it. Without a path:
    /// the layer's tar byte by byte. The bottom layer is 0; the page calls it 1.
    #[arg(long, value_name = "N", conflicts_with = "upto")]
    layer: Option<u32>,
    /// Merge layers 0 to N only; the page calls them 1 to N+1.
    #[arg(long, value_name = "N")]
    upto: Option<u32>,
}

#[derive(Debug, Args)]
struct ShellArgs {
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    image: ImageArg,
    /// Run these commands; else those on standard input are run.
    #[arg(short = 'c', value_name = "COMMANDS")]
    commands: Option<String>,
}

#[derive(Debug, Args)]
struct BuildArgs {
    /// The directory with the files that COPY and ADD may take.
    context: PathBuf,
    /// The Dockerfile; that of the context if it is left out.
    #[arg(short, long)]
    file: Option<PathBuf>,
    /// A name for the image.
    #[arg(short, long)]
    tag: Vec<String>,
    /// The archive to write, as `docker save` would.
    #[arg(short, long)]
    output: PathBuf,
    /// An archive with images that FROM and COPY --from may name.
    #[arg(long, value_name = "ARCHIVE")]
    from: Vec<PathBuf>,
    /// A value for ARG.
    #[arg(long, value_name = "NAME=VALUE")]
    build_arg: Vec<String>,
    /// Stop after this stage.
    #[arg(long)]
    target: Option<String>,
    /// Write an OCI layout without Docker's manifest.json.
    #[arg(long)]
    oci: bool,
}

#[derive(Debug, Args)]
struct ImageArg {
    /// The image, by one of its names or its place in the output of inspect.
    #[arg(long, value_name = "NAME|N", default_value = "0")]
    image: String,
}

/// Why a command could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{path}: {1}", path = .0.display())]
    Read(PathBuf, #[source] io::Error),
    #[error("{path}: {1}{offset}", path = .0.display(), offset = offset(.1))]
    Archive(PathBuf, #[source] Failure),
    #[error("no image {0:?}; there are {1}")]
    NoImage(String, usize),
    #[error("no layer {0}; the image has {1}")]
    NoLayer(u32, usize),
    #[error("layer {0} is not in the archive")]
    LayerMissing(u32),
    #[error("{0:?}: no such file in the {1}")]
    NoFile(String, &'static str),
    #[error("{0:?}: the symbolic link dangles: there is no {1:?}")]
    Dangling(String, String),
    #[error("{0:?}: the symbolic links lead to each other in a circle")]
    Circle(String),
    #[error("{0:?}: not a regular file")]
    NotAFile(String),
    #[error("{0:?}: {1}")]
    Content(String, #[source] Failure),
    #[error("{path}: {1} of what is stated does not match", path = .0.display())]
    Mismatch(PathBuf, usize),
    #[error("{path}: cannot write: {1}", path = .0.display())]
    Create(PathBuf, #[source] io::Error),
    #[error("a tar is nothing for a terminal: name a file with -o, or send it elsewhere")]
    Terminal,
    #[error("{0}")]
    Build(String),
    #[cfg(feature = "serve")]
    #[error(
        "this program was built without the page: `make gateway` builds it with one, --page names a folder with one"
    )]
    NoPage,
    #[cfg(feature = "serve")]
    #[error("cannot serve: {0}")]
    Serve(#[source] io::Error),
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

fn offset(failure: &Failure) -> String {
    failure.offset.map_or_else(String::new, |offset| format!(" (at offset {offset:#x})"))
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Inspect(args) => inspect::run(&args),
        Command::Ls(args) => ls::run(&args),
        Command::Cat(args) => cat::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Shell(args) => return shell::run(&args),
        Command::Build(args) => build::run(&args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough.
        Err(Error::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("layerscope: {error}");
            ExitCode::FAILURE
        }
    }
}

impl ImageArg {
    /// The place of the image that is meant: a number is a place, unless an image has it for a name.
    fn find(&self, images: &[Image]) -> Result<u32, Error> {
        let named = images.iter().position(|image| image.names.contains(&self.image));
        let place = || self.image.parse().ok().filter(|&n: &usize| n < images.len());
        let n = named.or_else(place).ok_or_else(|| Error::NoImage(self.image.clone(), images.len()))?;
        Ok(n as u32)
    }
}

/// A layer of an image that was asked for by its place.
fn find_layer(image: &Image, n: u32) -> Result<LayerIndex, Error> {
    let count = image.layers.len();
    if (n as usize) < count { Ok(LayerIndex(n)) } else { Err(Error::NoLayer(n, count)) }
}

/// Text of an archive for a terminal: what could act on it, and what is not UTF-8, is escaped.
fn for_terminal(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_unusual_char(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}
