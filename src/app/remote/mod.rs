//! Images in registries and on web servers, as the page sees them.

mod diagnosis;
mod link;
mod recipes;
mod state;
pub mod ways;

pub use diagnosis::{Cause, Evidence, diagnose};
pub use link::Link;
pub use recipes::{RECIPES, Recipe};
pub use state::{Elsewhere, RemoteAction, RemotePage};
