//! Images in registries and on web servers.

mod dialog;
mod doctor;
mod login;
mod panel;
mod referrers;
mod start;
mod tags;
mod warnings;

pub use dialog::{RemoteButton, RemoteDialog};
pub use doctor::Doctor;
pub use login::Login;
pub use panel::PullPanel;
pub use start::{RemoteQuestions, RemoteStart};
pub use warnings::Warnings;
