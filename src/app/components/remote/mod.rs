//! Images in registries and on web servers.

mod doctor;
mod login;
mod panel;
mod referrers;
mod start;
mod tags;

pub use doctor::Doctor;
pub use login::Login;
pub use panel::PullPanel;
pub use start::{RemoteQuestions, RemoteStart};
