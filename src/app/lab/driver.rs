//! What the container page asks of the worker, one thing after the other.

use bstr::{BString, ByteSlice};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};

use super::{LabAction, Part, complete};
use crate::{
    app::{
        AppHandle,
        components::{
            lab::{head, terminal},
            opener,
        },
        state::{Action, Page},
        story,
    },
    platform,
    registry::Remote,
    worker::{
        containers::{Ask, Files, Frame, Ran, Recipe, SavedFile, Told, Turn, Wanted},
        protocol::Failure,
    },
};

impl AppHandle {
    /// Gives a line to the shell.
    pub fn run(&self, line: String) {
        self.lab(LabAction::Sent(line.clone()));
        self.run_with(line, None);
    }

    /// Gives the line that waits for a file to the shell again, with that file.
    pub fn run_again(&self, file: File) {
        let Some(line) = self.state.lab.waiting.clone() else { return };
        self.lab(LabAction::SentAgain);
        self.run_with(line.to_string(), Some(file));
    }

    fn run_with(&self, line: String, chosen: Option<File>) {
        let recipe = (*self.state.lab.recipe).clone();
        let chosen_len = chosen.as_ref().map(|file| platform::from_f64(file.size()));
        let parts = self.context().map(JsValue::from).into_iter().chain(chosen.map(JsValue::from));
        let parts: js_sys::Array = parts.collect();
        // Blobs of blobs cannot fail but for want of memory.
        let beside = Blob::new_with_blob_sequence(&parts).ok();
        let stop = self.stoppable();
        self.carry_out(Ask::Run { line, around: Files { recipe, chosen: chosen_len }, stop }, beside);
    }

    /// Ends the command or the build that is under way.
    pub fn interrupt(&self) {
        if let Some(stop) = &self.state.lab.stop {
            platform::stop(stop);
        }
    }

    /// What ends the command that is to come.
    fn stoppable(&self) -> Option<String> {
        let stop = platform::new_stop().ok();
        self.lab(LabAction::Stoppable(stop.clone().map(Into::into)));
        stop
    }

    /// Starts a container of an image of the archive that is looked at, over its layers `0..=upto`.
    pub fn start_container(&self, image: u32, upto: u32) {
        let options = self.state.lab.options;
        self.carry_out(Ask::Start { image, upto, directory: None, options }, None);
    }

    /// Turns to a container of what is looked at, and to a directory in it; starts one unless the shell is in such a one.
    pub fn change_in_container(&self, directory: BString) {
        let selection = self.state.selection;
        let job = self.state.archive.as_ref().map(|archive| archive.job);
        let is_there = self.state.lab.container.as_ref().is_some_and(|container| {
            Some(container.job) == job
                && container.place == selection.image
                && container.upto == Some(selection.upto)
        });
        self.lab(LabAction::Show(Part::Container));
        self.dispatch(Action::SelectPage(Page::Container));
        if is_there {
            self.run(format!("cd {}", head::quote(&story::shown_path(directory.as_bstr()))));
        } else {
            let (image, upto) = (selection.image, selection.upto);
            let options = self.state.lab.options;
            self.carry_out(Ask::Start { image, upto, directory: Some(directory), options }, None);
        }
    }

    /// Takes what the last line did to the shell's container back, or does it again, if there is anything.
    pub fn turn(&self, turn: Turn) {
        let Some(container) = &self.state.lab.container else { return };
        let can = match turn {
            Turn::Undo => container.can_undo,
            Turn::Redo => container.can_redo,
        };
        if can && !self.state.lab.is_busy {
            self.lab(LabAction::Turning);
            self.carry_out(Ask::Turn { container: container.id.clone(), turn }, None);
        }
    }

    /// Asks for images and containers.
    pub fn look_at_shelf(&self) {
        let app = self.clone();
        spawn_local(async move { app.refresh_shelf().await });
    }

    /// Keeps containers and the images made here in the browser, or forgets them.
    pub fn keep_shelf(&self, keep: bool) {
        let app = self.clone();
        spawn_local(async move {
            if let Ok((Told::Shelf(shelf), _)) = app.ask(Ask::Keep(keep), None).await {
                app.lab(LabAction::Shelf(shelf));
            }
        });
    }

    /// Asks for a directory of a container.
    pub fn look_at(&self, container: String, path: BString) {
        let app = self.clone();
        app.lab(LabAction::Enter(path.clone()));
        spawn_local(async move {
            if let Ok((Told::Directory(overlay), _)) = app.ask(Ask::Look { container, path }, None).await {
                app.lab(LabAction::Looked(overlay));
            }
        });
    }

    /// What a line is after completion, and the candidates if they are to be listed.
    pub async fn completed(&self, line: String) -> Option<(String, Vec<String>)> {
        let Ok((Told::Completion(completion), _)) =
            self.ask(Ask::Complete { line: line.clone() }, None).await
        else {
            return None;
        };
        let (done, list) = complete(&line, &completion);
        Some((done, if list { completion.candidates } else { Vec::new() }))
    }

    /// Builds an image.
    pub fn build(&self, recipe: Recipe) {
        let app = self.clone();
        app.lab(LabAction::Building);
        let stop = self.stoppable();
        spawn_local(async move {
            let ask = Ask::Build { recipe, stop: stop.clone() };
            let answer = app.ask(ask, app.context()).await;
            stop.iter().for_each(|stop| platform::stop(stop));
            let built = match answer {
                Ok((Told::Built(built), _)) => Ok(built),
                Ok(_) => return,
                Err(failure) => Err(failure),
            };
            app.lab(LabAction::Built(built));
            app.refresh_shelf().await;
        });
    }

    /// Fetches what a command saved, and has the browser save it.
    pub async fn fetch(&self, file: &SavedFile) -> Result<(), Failure> {
        let (_, blob) = self.ask(Ask::Fetch { token: file.token }, None).await?;
        self.save(blob, &file.name)
    }

    fn carry_out(&self, ask: Ask, beside: Option<Blob>) {
        let app = self.clone();
        spawn_local(async move {
            let stop = if let Ask::Run { stop, .. } = &ask { stop.clone() } else { None };
            let answer = app.ask(ask, beside).await;
            stop.iter().for_each(|stop| platform::stop(stop));
            let ran = match answer {
                Ok((Told::Ran(ran), _)) => Ok(ran),
                Ok(_) => return,
                Err(failure) => Err(failure),
            };
            app.lab(LabAction::Ran(ran.clone()));
            if let Ok(ran) = ran {
                app.follow_up(*ran).await;
            }
        });
    }

    /// What follows from a command: files to be saved or chosen, and views that show something else now.
    async fn follow_up(&self, ran: Ran) {
        for file in &ran.files {
            if let Err(failure) = self.fetch(file).await {
                self.lab(LabAction::Ran(Err(failure)));
            }
        }
        match ran.wants {
            Some(Wanted::Archive) => opener::choose_file(),
            Some(Wanted::Content) => terminal::choose_file(),
            Some(Wanted::Pull(place)) => {
                self.open_remote(Remote { place, choice: None, gateway: None, pull: true });
            }
            None => {}
        }
        if ran.shelf_changed || ran.frames.iter().any(Frame::changes) {
            self.refresh_shelf().await;
        }
        // The directory that is looked at now shows the container as it is now.
        if let Some(container) = ran.container {
            // A shell that has moved takes the view with it.
            let lab = &self.state.lab;
            let moved =
                lab.container.as_ref().map(|before| &before.id) != Some(&container.id) || lab.cwd != ran.cwd;
            let path = if moved { ran.cwd.clone() } else { lab.directory.clone() };
            let ask = |path| self.ask(Ask::Look { container: container.id.clone(), path }, None);
            let mut answer = ask(path).await;
            if answer.is_err() {
                // It is gone.
                answer = ask(BString::default()).await;
            }
            if let Ok((Told::Directory(overlay), _)) = answer {
                self.lab(LabAction::Looked(overlay));
            }
        }
    }

    async fn refresh_shelf(&self) {
        if let Ok((Told::Shelf(shelf), _)) = self.ask(Ask::Shelf, None).await {
            self.lab(LabAction::Shelf(shelf));
        }
    }

    /// Changes what the container page knows.
    pub fn lab(&self, action: LabAction) {
        self.dispatch(Action::Lab(action));
    }
}
