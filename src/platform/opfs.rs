//! Files that the browser keeps for this page: its origin private file system (WHATWG File System, 4). For use in a
//! worker, where a file can be written in place.
//!
//! A browser without it, or one that keeps nothing (Firefox in a private window), says so: [`KeepError::Missing`].

use js_sys::{AsyncIterator, IteratorNext, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DomException, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemSyncAccessHandle, StorageManager,
    WorkerGlobalScope,
};

use super::{describe, to_f64};

/// Why something cannot be kept, or what is kept not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// The browser keeps no files for this page.
    #[error("the browser keeps no files for this page: {0}")]
    Missing(String),
    /// The browser gives no more room.
    #[error("the browser gives no more room: {0}")]
    Full(String),
    /// Another tab is writing it.
    #[error("another tab is using it: {0}")]
    Busy(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// A folder of kept files.
#[derive(Debug, Clone)]
pub struct Kept(FileSystemDirectoryHandle);

impl Kept {
    /// The folder of this name, made if it is not there.
    ///
    /// # Errors
    ///
    /// [`KeepError::Missing`] if the browser keeps nothing.
    pub async fn folder(name: &str) -> Result<Self, KeepError> {
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(true);
        let folder = JsFuture::from(root().await?.get_directory_handle_with_options(name, &options)).await;
        Ok(Self(folder.map_err(|error| failed(&error))?.unchecked_into()))
    }

    /// The folder of this name, if it is there.
    ///
    /// # Errors
    ///
    /// [`KeepError::Missing`] if the browser keeps nothing.
    pub async fn find(name: &str) -> Result<Option<Self>, KeepError> {
        match JsFuture::from(root().await?.get_directory_handle(name)).await {
            Ok(folder) => Ok(Some(Self(folder.unchecked_into()))),
            Err(error) if named(&error, "NotFoundError") => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// The names of its files.
    ///
    /// # Errors
    ///
    /// What the browser throws.
    pub async fn names(&self) -> Result<Vec<String>, KeepError> {
        let keys: AsyncIterator = self.0.keys();
        let mut names = Vec::new();
        loop {
            let next = keys.next().map_err(|error| failed(&error))?;
            let next: IteratorNext = settled(next).await?.unchecked_into();
            if next.done() {
                return Ok(names);
            }
            names.extend(next.value().as_string());
        }
    }

    /// The length of a file in bytes, and its first bytes, at most so many; `None` if there is none of this name.
    ///
    /// # Errors
    ///
    /// What the browser throws.
    pub async fn read(&self, name: &str, limit: u64) -> Result<Option<(u64, Vec<u8>)>, KeepError> {
        let handle = match JsFuture::from(self.0.get_file_handle(name)).await {
            Ok(handle) => handle.unchecked_into::<FileSystemFileHandle>(),
            Err(error) if named(&error, "NotFoundError") => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let file: Blob = settled(handle.get_file()).await?.unchecked_into();
        let len = super::from_f64(file.size());
        let head =
            file.slice_with_f64_and_f64(0.0, to_f64(limit.min(len))).map_err(|error| failed(&error))?;
        let buffer = settled(head.array_buffer()).await?;
        Ok(Some((len, Uint8Array::new(&buffer).to_vec())))
    }

    /// Writes a file of these parts, one after the other, in place of what is there. If it cannot be written whole, there is none
    /// afterwards; if the browser ends within it, a part of it: whoever reads it must notice.
    ///
    /// # Errors
    ///
    /// [`KeepError::Full`] if there is no room, [`KeepError::Busy`] if another tab is writing it.
    pub async fn write(&self, name: &str, parts: &[&[u8]]) -> Result<(), KeepError> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let handle = settled(self.0.get_file_handle_with_options(name, &options)).await?;
        let handle: FileSystemFileHandle = handle.unchecked_into();
        let file: FileSystemSyncAccessHandle =
            settled(handle.create_sync_access_handle()).await?.unchecked_into();
        let written = write_parts(&file, parts);
        file.close();
        if written.is_err() {
            self.remove(name).await?;
        }
        written
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    ///
    /// [`KeepError::Busy`] if another tab is writing it.
    pub async fn remove(&self, name: &str) -> Result<(), KeepError> {
        match JsFuture::from(self.0.remove_entry(name)).await {
            Err(error) if !named(&error, "NotFoundError") => Err(failed(&error)),
            _ => Ok(()),
        }
    }
}

/// The folder of all that is kept for this page.
async fn root() -> Result<FileSystemDirectoryHandle, KeepError> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let storage: StorageManager = scope.navigator().storage();
    // Outside of secure contexts there is no manager, in old browsers no directory.
    if storage.is_undefined() || !Reflect::has(&storage, &"getDirectory".into()).unwrap_or(false) {
        return Err(KeepError::Missing("navigator.storage.getDirectory is not there".to_owned()));
    }
    let root = JsFuture::from(storage.get_directory()).await;
    Ok(root.map_err(|error| KeepError::Missing(describe(&error)))?.unchecked_into())
}

/// How much is written at once, in bytes.
const STEP: usize = 4 << 20;

fn write_parts(file: &FileSystemSyncAccessHandle, parts: &[&[u8]]) -> Result<(), KeepError> {
    let failed = |error| failed(&error);
    file.truncate_with_f64(0.0).map_err(failed)?;
    let mut at = 0.0;
    for mut part in parts.iter().copied().flat_map(|part| part.chunks(STEP)) {
        while !part.is_empty() {
            let options = FileSystemReadWriteOptions::new();
            options.set_at(at);
            let written = file.write_with_u8_array_and_options(part, &options).map_err(failed)?;
            if written <= 0.0 {
                return Err(KeepError::Full("nothing more is written".to_owned()));
            }
            at += written;
            // No more than what was given.
            part = part.get(written as usize..).unwrap_or_default();
        }
    }
    file.flush().map_err(failed)
}

async fn settled(promise: js_sys::Promise) -> Result<JsValue, KeepError> {
    JsFuture::from(promise).await.map_err(|error| failed(&error))
}

fn failed(error: &JsValue) -> KeepError {
    let text = describe(error);
    if named(error, "QuotaExceededError") {
        KeepError::Full(text)
    } else if named(error, "NoModificationAllowedError") || named(error, "InvalidStateError") {
        KeepError::Busy(text)
    } else {
        KeepError::Failed(text)
    }
}

/// Whether it is the exception of this name (Web IDL, 2.8.1).
fn named(error: &JsValue, name: &str) -> bool {
    error.dyn_ref::<DomException>().is_some_and(|exception| exception.name() == name)
}
