//! Images in registries and on web servers.

mod dialog;
mod doctor;
mod login;
mod panel;
mod referrers;
mod start;
mod tags;

pub use dialog::{RemoteButton, RemoteDialog};
pub use doctor::Doctor;
pub use login::Login;
pub use panel::PullPanel;
pub use start::{RemoteQuestions, RemoteStart};
