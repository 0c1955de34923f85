//! The files of a directory that was dropped or chosen.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry,
    FileSystemFileEntry,
};

use crate::limits;

/// A directory that was dropped, not yet read.
pub struct DroppedDirectory(FileSystemEntry);

impl DroppedDirectory {
    /// The directory among what is dropped, if the first thing is one. Must be asked for while the event lasts.
    pub fn of(transfer: &DataTransfer) -> Option<Self> {
        let entry = transfer.items().get(0)?.webkit_get_as_entry().ok()??;
        entry.is_directory().then_some(Self(entry))
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Every file below it, by its path from it, sorted.
    ///
    /// # Errors
    ///
    /// What the browser throws.
    pub async fn files(self) -> Result<Vec<(String, File)>, JsValue> {
        let mut files = Vec::new();
        let mut directories = vec![(String::new(), self.0)];
        while let Some((prefix, directory)) = directories.pop() {
            let reader = directory.unchecked_into::<FileSystemDirectoryEntry>().create_reader();
            loop {
                // The browser gives some at a time, and none at the end.
                let entries = read_entries(&reader).await?;
                if entries.length() == 0 || files.len() > limits::MEMBERS {
                    break;
                }
                for entry in entries.iter().map(|entry| entry.unchecked_into::<FileSystemEntry>()) {
                    let path = format!("{prefix}{}", entry.name());
                    if entry.is_directory() {
                        directories.push((path + "/", entry));
                    } else {
                        files.push((path, file(entry.unchecked_into()).await?));
                    }
                }
            }
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(files)
    }
}

/// The files of a directory that was chosen with a file input, and the directory's name.
pub fn chosen_directory(list: &FileList) -> Option<(String, Vec<(String, File)>)> {
    let mut name = None;
    let mut files = Vec::new();
    for file in (0..list.length()).filter_map(|i| list.get(i)) {
        let path = Reflect::get(&file, &"webkitRelativePath".into()).ok()?.as_string()?;
        let (directory, path) = path.split_once('/')?;
        name.get_or_insert_with(|| directory.to_owned());
        files.push((path.to_owned(), file));
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    Some((name?, files))
}

async fn read_entries(reader: &FileSystemDirectoryReader) -> Result<Array, JsValue> {
    let entries = promise(|resolve, reject| reader.read_entries_with_callback_and_callback(resolve, reject));
    Ok(entries.await?.unchecked_into())
}

async fn file(entry: FileSystemFileEntry) -> Result<File, JsValue> {
    let file = promise(|resolve, reject| {
        entry.file_with_callback_and_callback(resolve, reject);
        Ok(())
    });
    Ok(file.await?.unchecked_into())
}

/// What a call with two callbacks answers.
async fn promise(
    call: impl FnOnce(&js_sys::Function, &js_sys::Function) -> Result<(), JsValue>,
) -> Result<JsValue, JsValue> {
    let mut call = Some(call);
    let promise = Promise::new(&mut |resolve, reject| {
        // A promise calls this once, at once.
        if let Some(Err(error)) = call.take().map(|call| call(&resolve, &reject)) {
            // Rejecting a promise does not throw.
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        }
    });
    JsFuture::from(promise).await
}
