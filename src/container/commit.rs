//! A container becomes an image: its writable layer a layer, and a step of the history.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::{
    ArchiveId, ContainerFs, ImageKey, Opened, Rope, Shelf, ShelfError, layer, shelf::lower, time::rfc3339,
};
use crate::{
    digest::Digest,
    layer::ContentKey,
    limits,
    session::{NewImage, Session},
    tar::Timestamp,
};

/// What a new image is to be, besides what is in it.
pub struct Commit<'a> {
    /// When it is made.
    pub created: Timestamp,
    /// Who makes it; empty for nobody.
    pub author: &'a str,
    /// A comment.
    pub comment: &'a str,
    /// The command of the step, as the history shows it.
    pub created_by: &'a str,
    /// The step makes no layer: only the config changes.
    pub empty_layer: bool,
    /// Changes the object `config` of the image config: what a container is started with (OCI image spec, config.md).
    pub edit: &'a dyn Fn(&mut Map<String, Value>),
    /// Its names.
    pub names: Vec<String>,
}

impl Default for Commit<'_> {
    fn default() -> Self {
        Self {
            created: Timestamp::default(),
            author: "",
            comment: "",
            created_by: "",
            empty_layer: false,
            edit: &|_| {},
            names: Vec::new(),
        }
    }
}

/// The archive of what is made of nothing.
pub const LOCAL: ArchiveId = ArchiveId(crate::worker::protocol::Job::MADE_HERE.0);

impl Shelf {
    /// Makes an image of a container. The same image, the same operations and the same time give the same digest.
    ///
    /// # Errors
    ///
    /// If a layer of the image cannot be read, or its digest is not known; if the new layer is more than memory should
    /// hold ([`limits::COMMIT`]).
    pub fn commit(&mut self, place: usize, commit: &Commit<'_>) -> Result<Digest, ShelfError> {
        let container = self.containers().get(place);
        let container = container.ok_or_else(|| ShelfError::NoContainer(place.to_string()))?;
        let (image, layers, image_id) = (container.image, container.layers, container.image_id.clone());
        let tar = match commit.empty_layer {
            true => None,
            false => {
                let rope = self.layer(place)?;
                if rope.len() > limits::COMMIT {
                    return Err(ShelfError::TooLarge(rope.len()));
                }
                Some(Rc::<[u8]>::from(rope.to_vec(&self.archives)?))
            }
        };
        self.add_layer(image, layers, image_id, tar, commit)
    }

    /// Makes an image of the lowest layers of another, or of none, with this tar as its own layer.
    ///
    /// # Errors
    ///
    /// As [`Shelf::commit`].
    pub fn add_layer(
        &mut self,
        image: Option<ImageKey>,
        layers: u32,
        parent: Option<Digest>,
        tar: Option<Rc<[u8]>>,
        commit: &Commit<'_>,
    ) -> Result<Digest, ShelfError> {
        let archive = image.map_or(LOCAL, |image| image.archive);
        if archive == LOCAL {
            self.open_local();
        }
        let opened = self.archives.get_mut(&archive);
        let opened = opened.ok_or_else(|| ShelfError::NoImage(String::new()))?;
        let session = &mut opened.session;
        let diff_id = tar.as_ref().map(|tar| Digest::sha256(tar));
        let config = config(session, image.map(|image| (image.image, layers)), diff_id.as_ref(), commit)?;
        let base = image.map(|image| (image.image, layers));
        // The names are the shelf's to give.
        let names = commit.names.clone();
        let image = session.add_image(NewImage { base, layer: tar, config, names })?;
        let key = ImageKey { archive, image };
        self.add_image(key, parent).ok_or_else(|| ShelfError::NoImage(String::new()))
    }

    /// Sees that there is an archive for what is made of nothing.
    pub(super) fn open_local(&mut self) {
        self.archives.entry(LOCAL).or_insert_with(|| {
            let empty: Rc<[u8]> = Rc::from([]);
            let session = Session::empty(ContentKey::random());
            Opened { name: String::new(), session, source: Rc::new(empty) }
        });
    }

    /// The writable layer of a container as the tar of a layer.
    ///
    /// # Errors
    ///
    /// If there is no such container, or its image is gone.
    pub fn layer(&self, place: usize) -> Result<Rope, ShelfError> {
        self.tar_of(place, |fs| fs.layer_items())
    }

    /// All that a container shows as a tar: `docker export`.
    ///
    /// # Errors
    ///
    /// If there is no such container, or its image is gone.
    pub fn export(&self, place: usize) -> Result<Rope, ShelfError> {
        self.tar_of(place, |fs| fs.merged_items())
    }

    fn tar_of(
        &self,
        place: usize,
        items: fn(&ContainerFs<'_>) -> Vec<layer::TarItem>,
    ) -> Result<Rope, ShelfError> {
        let none = || ShelfError::NoContainer(place.to_string());
        let container = self.containers().get(place).ok_or_else(none)?;
        let lower = lower(&self.archives, container.image, container.layers).ok_or_else(none)?;
        let mut upper = container.upper.clone();
        let fs = ContainerFs::new(lower, &mut upper, container.options, Timestamp::default());
        let image = container.image.map(|image| (image.archive, image.image));
        Ok(layer::tar(&items(&fs), image))
    }
}

/// The config of the base with one more layer and step: all else of it stays.
fn config(
    session: &Session,
    base: Option<(u32, u32)>,
    diff_id: Option<&Digest>,
    commit: &Commit<'_>,
) -> Result<Vec<u8>, ShelfError> {
    let image = base.and_then(|(image, _)| session.images().get(image as usize));
    let stated = image.and_then(|image| image.config.as_ref());
    let stated = stated.and_then(|config| serde_json::from_slice::<Value>(&config.raw).ok());
    let mut config = match stated {
        Some(Value::Object(config)) => config,
        _ => {
            let platform = image.and_then(|image| image.platform.as_ref());
            let os = platform.map_or("linux", |platform| &platform.os);
            let architecture = platform.map_or("amd64", |platform| &platform.architecture);
            let mut config = Map::new();
            config.insert("architecture".to_owned(), json!(architecture));
            config.insert("os".to_owned(), json!(os));
            config
        }
    };
    let mut diff_ids: Vec<Value> = Vec::new();
    let (count, total) = match (base, image) {
        (Some((place, layers)), Some(image)) => {
            for (l, layer) in image.layers.iter().take(layers as usize).enumerate() {
                let l = l as u32;
                let found = || session.stored_layer(place, l)?.diff_id;
                let diff_id = layer.stated_diff_id.clone().or_else(found);
                let unknown = ShelfError::Layer { layer: l, why: "it has not been read to its end" };
                diff_ids.push(json!(diff_id.ok_or(unknown)?.to_string()));
            }
            (layers as usize, image.layers.len())
        }
        _ => (0, 0),
    };
    diff_ids.extend(diff_id.map(|diff_id| json!(diff_id.to_string())));
    config.insert("rootfs".to_owned(), json!({ "type": "layers", "diff_ids": diff_ids }));

    let created = rfc3339(commit.created);
    let mut history = match config.remove("history") {
        Some(Value::Array(history)) => history,
        _ => Vec::new(),
    };
    if count < total {
        history.truncate(rows_of_layers(&history, count));
    }
    let mut row = Map::new();
    row.insert("created".to_owned(), json!(created));
    for (key, text) in
        [("created_by", commit.created_by), ("author", commit.author), ("comment", commit.comment)]
    {
        if !text.is_empty() {
            row.insert(key.to_owned(), json!(text));
        }
    }
    if diff_id.is_none() {
        row.insert("empty_layer".to_owned(), json!(true));
    }
    history.push(Value::Object(row));
    config.insert("history".to_owned(), Value::Array(history));
    config.insert("created".to_owned(), json!(created));
    if !commit.author.is_empty() {
        config.insert("author".to_owned(), json!(commit.author));
    }
    let mut run = match config.remove("config") {
        Some(Value::Object(run)) => run,
        _ => Map::new(),
    };
    (commit.edit)(&mut run);
    config.insert("config".to_owned(), Value::Object(run));
    Ok(Value::Object(config).to_string().into_bytes())
}

/// How many rows of the history make so many layers: those of empty steps after the last one are not among them.
fn rows_of_layers(history: &[Value], layers: usize) -> usize {
    let mut made = 0;
    for (row, step) in history.iter().enumerate() {
        if made == layers {
            return row;
        }
        made += usize::from(step.get("empty_layer").and_then(Value::as_bool) != Some(true));
    }
    history.len()
}
