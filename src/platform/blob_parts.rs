//! A blob that is made piece by piece.

use js_sys::{Array, Uint8Array};
use web_sys::Blob;

use super::describe;
use crate::worker::protocol::{Failure, FailureKind};

/// How many bytes are gathered before the browser is given them.
const PIECE: usize = 4 << 20;

/// The parts of a blob. What is in a blob the browser may keep on disk, and it is no part of this thread's memory.
#[derive(Default)]
pub struct BlobParts {
    parts: Array,
    bytes: Vec<u8>,
}

impl BlobParts {
    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// If the browser has no room for them.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() < PIECE { Ok(()) } else { self.flush() }
    }

    /// Appends a blob, of which no byte is read.
    ///
    /// # Errors
    ///
    /// If the browser has no room for the bytes before it.
    pub fn push_blob(&mut self, blob: &Blob) -> Result<(), Failure> {
        self.flush()?;
        self.parts.push(blob);
        Ok(())
    }

    /// The whole blob.
    ///
    /// # Errors
    ///
    /// If the browser has no room for it.
    pub fn finish(mut self) -> Result<Blob, Failure> {
        self.flush()?;
        Blob::new_with_blob_sequence(&self.parts).map_err(|error| no_room(&error))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if !self.bytes.is_empty() {
            let piece = Array::of1(&Uint8Array::from(self.bytes.as_slice()));
            let piece = Blob::new_with_u8_array_sequence(&piece).map_err(|error| no_room(&error))?;
            self.parts.push(&piece);
            self.bytes.clear();
        }
        Ok(())
    }
}

fn no_room(error: &wasm_bindgen::JsValue) -> Failure {
    Failure { kind: FailureKind::NoRoom, detail: describe(error), offset: None }
}
