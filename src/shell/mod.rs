//! A shell without processes: the commands of a tutorial over a container's files and the images that are open.
//!
//! [`Shell::run`] takes a line and gives what it printed, its status, and what it made the union filesystem do. Commands over
//! files act on the container that the shell stands in; `docker …` acts on the [`Shelf`](crate::container::Shelf), and what
//! it reads and writes besides are files of the [`Host`](crate::engine::Host).

mod commands;
mod complete;
mod context;
mod expand;
mod files;
pub(crate) mod human;
pub(crate) mod options;
mod output;
pub(crate) mod parse;
mod pattern;
mod position;
mod redirect;
mod regex;
mod run;
mod users;

pub use complete::Completion;
pub use output::{Note, Output, Printed, Stream, Traced};
pub use parse::ParseError;
pub use pattern::matches;
pub use run::Shell;

pub(crate) use commands::{file_mode, is_command, quote};
pub(crate) use position::Position;
pub(crate) use users::Users;
