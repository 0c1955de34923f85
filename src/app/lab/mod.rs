//! What the container page knows, and how it asks the worker.

mod driver;
mod history;
#[cfg(all(test, feature = "ssr"))]
mod render_tests;
mod state;
mod steps;

pub use history::{Recall, complete, search};
pub use state::{Lab, LabAction, Line, Part, loaded};
pub use steps::{Plate, Sign, Turn, picture, sentence, turns};
