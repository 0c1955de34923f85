//! Bytes of what was opened, by range.

use std::{future::Future, ops::Range, pin::Pin, rc::Rc};

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, ReadableStreamByobReader, ReadableStreamDefaultReader};

use super::{Remote, describe, fetch, from_f64, to_f64};
use crate::{
    registry::{Request, Trouble},
    worker::protocol::{Failure, FailureKind},
};

/// Something that was opened.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file of the reader's.
    Blob(Blob),
    /// A built-in sample.
    Sample(&'static [u8]),
    /// What comes from elsewhere.
    Remote(Rc<Remote>),
}

/// A read that has been started; the browser carries it out while the caller does other things.
pub struct PendingRead(Pending);

enum Pending {
    /// How many bytes are to come, and the read.
    Blob(u64, JsFuture),
    Sample(&'static [u8]),
    /// A range of a file on a web server.
    Fetch(Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>>>>),
}

impl Source {
    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Blob(blob) => from_f64(blob.size()),
            Self::Sample(bytes) => bytes.len() as u64,
            Self::Remote(remote) => remote.len(),
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Starts to read a range. A read costs about a millisecond however small it is.
    ///
    /// # Errors
    ///
    /// If the browser refuses at once.
    pub fn start(&self, range: Range<u64>) -> Result<PendingRead, Failure> {
        Ok(PendingRead(match self {
            Self::Remote(remote) if remote.file().is_some() && !remote.has(&range) => {
                Pending::Fetch(Box::pin(fetch_range(Rc::clone(remote), range)))
            }
            Self::Blob(_) | Self::Remote(_) => {
                let slice = self.slice(range)?;
                Pending::Blob(from_f64(slice.size()), JsFuture::from(slice.array_buffer()))
            }
            Self::Sample(bytes) => {
                let at = |offset: u64| usize::try_from(offset).map_or(bytes.len(), |i| i.min(bytes.len()));
                Pending::Sample(&bytes[at(range.start)..at(range.end)])
            }
        }))
    }

    /// All from `start` on in one stream, which a browser reads about twice as fast as ranges; `None` of what it does not
    /// hold itself.
    ///
    /// # Errors
    ///
    /// If the browser refuses at once.
    pub fn stream(&self, start: u64) -> Result<Option<ByteStream>, Failure> {
        match self {
            Self::Blob(_) => self.slice(start..self.len()).map(|blob| Some(ByteStream::new(&blob))),
            Self::Sample(_) | Self::Remote(_) => Ok(None),
        }
    }

    /// A range as a blob of its own, which no byte is read for.
    ///
    /// # Errors
    ///
    /// If the browser refuses.
    pub fn slice(&self, range: Range<u64>) -> Result<Blob, Failure> {
        match self {
            Self::Remote(remote) => remote.slice(range),
            Self::Blob(blob) => blob
                .slice_with_f64_and_f64(to_f64(range.start), to_f64(range.end))
                .map_err(|error| unreadable(&error)),
            Self::Sample(bytes) => {
                let end = usize::try_from(range.end).map_or(bytes.len(), |end| end.min(bytes.len()));
                let start = usize::try_from(range.start).map_or(end, |start| start.min(end));
                let parts = js_sys::Array::of1(&Uint8Array::from(&bytes[start..end]));
                Blob::new_with_u8_array_sequence(&parts).map_err(|error| unreadable(&error))
            }
        }
    }
}

impl PendingRead {
    /// The bytes but for the first `passed`, once they are there.
    ///
    /// # Errors
    ///
    /// [`FailureKind::Unreadable`] if the file has changed or is gone.
    pub async fn bytes(self, passed: u64) -> Result<Vec<u8>, Failure> {
        match self.0 {
            Pending::Sample(bytes) => {
                let passed = usize::try_from(passed).map_or(bytes.len(), |passed| passed.min(bytes.len()));
                Ok(bytes[passed..].to_vec())
            }
            Pending::Fetch(fetch) => {
                let mut bytes = fetch.await?;
                bytes.drain(..usize::try_from(passed).map_or(bytes.len(), |passed| passed.min(bytes.len())));
                Ok(bytes)
            }
            Pending::Blob(len, read) => {
                let buffer = read.await.map_err(|error| unreadable(&error))?;
                let bytes = Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>());
                // Firefox reads on in a file that has changed, as far as it goes.
                if u64::from(bytes.length()) != len {
                    return Err(shorter());
                }
                // What is read at once is far shorter than 4 GiB.
                let passed = u32::try_from(passed).unwrap_or(u32::MAX).min(bytes.length());
                Ok(bytes.subarray(passed, bytes.length()).to_vec())
            }
        }
    }
}

/// A blob that is read from its beginning on. Dropped before its end, the rest is not read.
pub struct ByteStream {
    reader: StreamReader,
    /// What came and was not asked for yet.
    rest: Option<Uint8Array>,
}

enum StreamReader {
    /// It reads into one buffer again and again.
    Into(ReadableStreamByobReader, ArrayBuffer),
    /// The browser makes a new buffer for each piece.
    Anew(ReadableStreamDefaultReader),
}

/// The most bytes that are read at once.
const PIECE: u32 = 1 << 20;

impl ByteStream {
    fn new(blob: &Blob) -> Self {
        let stream = blob.stream();
        // Not every browser has it for blobs; those that do not have not locked the stream then.
        let byob = ReadableStreamByobReader::new(&stream).ok();
        let reader = match byob {
            Some(reader) => StreamReader::Into(reader, ArrayBuffer::new(PIECE)),
            None => StreamReader::Anew(stream.get_reader().unchecked_into()),
        };
        Self { reader, rest: None }
    }

    /// Fills `bytes` with the next ones.
    ///
    /// # Errors
    ///
    /// [`FailureKind::Unreadable`] if the file has changed or is gone.
    pub async fn read(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        let mut at = 0;
        while at < bytes.len() {
            let piece = self.next(bytes.len() - at).await?;
            let end = at + piece.length() as usize;
            piece.copy_to(&mut bytes[at..end]);
            at = end;
        }
        Ok(())
    }

    /// Passes over the next `len` bytes.
    ///
    /// # Errors
    ///
    /// As [`ByteStream::read`].
    pub async fn skip(&mut self, mut len: u64) -> Result<(), Failure> {
        while len > 0 {
            let piece = self.next(usize::try_from(len).unwrap_or(usize::MAX)).await?;
            len -= u64::from(piece.length());
        }
        Ok(())
    }

    /// Some of the next bytes, `most` or fewer.
    async fn next(&mut self, most: usize) -> Result<Uint8Array, Failure> {
        let piece = match self.rest.take() {
            Some(rest) => rest,
            None => self.reader.next().await.map_err(|error| unreadable(&error))?.ok_or_else(shorter)?,
        };
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        if piece.length() <= most {
            return Ok(piece);
        }
        self.rest = Some(piece.subarray(most, piece.length()));
        Ok(piece.subarray(0, most))
    }
}

impl StreamReader {
    async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let read = match self {
            Self::Into(reader, buffer) => reader.read_with_array_buffer_view(&Uint8Array::new(buffer)),
            Self::Anew(reader) => reader.read(),
        };
        let result = JsFuture::from(read).await?;
        let piece: Option<Uint8Array> = Reflect::get(&result, &"value".into())?.dyn_into().ok();
        // What was handed over comes back as another.
        if let (Self::Into(_, buffer), Some(piece)) = (self, &piece) {
            *buffer = piece.buffer();
        }
        Ok(piece.filter(|piece| piece.length() > 0))
    }
}

impl Drop for ByteStream {
    fn drop(&mut self) {
        let cancelled = JsFuture::from(match &self.reader {
            StreamReader::Into(reader, _) => reader.cancel(),
            StreamReader::Anew(reader) => reader.cancel(),
        });
        // A stream that has failed says so again; left alone, that would count as an error of the worker's.
        spawn_local(async move { drop(cancelled.await) });
    }
}

/// Reads a range of a file on a web server that knows ranges.
async fn fetch_range(remote: Rc<Remote>, range: Range<u64>) -> Result<Vec<u8>, Failure> {
    let failed =
        |trouble, detail| Failure { kind: FailureKind::Remote(trouble), detail, offset: Some(range.start) };
    let Some(file) = remote.file().filter(|_| range.start < range.end) else { return Ok(Vec::new()) };
    let end = range.end.min(remote.len());
    let request = Request {
        authorization: remote.authorization.clone(),
        range: Some((range.start, Some(end.saturating_sub(1)))),
        ..Request::get(&file.url)
    };
    let fetched = fetch(&request).await.map_err(|error| failed(Trouble::Unreachable, error))?;
    if fetched.head.status != 206 {
        return Err(failed(
            Trouble::Status(fetched.head.status),
            format!("{} sends no range any more", file.url),
        ));
    }
    let len = end - range.start;
    // Where its place can be read, it has to be the right one.
    let wanted = format!("bytes {}-{}/", range.start, end.saturating_sub(1));
    if let Some(sent) = fetched.head.header("content-range").filter(|sent| !sent.trim().starts_with(&wanted))
    {
        return Err(failed(Trouble::Cut, format!("{} sends {sent}, not {wanted}{}", file.url, remote.len())));
    }
    let bytes = fetched.whole(len).await.map_err(|error| failed(Trouble::Cut, error))?;
    let bytes = bytes
        .ok_or_else(|| failed(Trouble::TooLarge, format!("{} sends more than was asked for", file.url)))?;
    if (bytes.len() as u64) < len {
        let detail = format!("{} sends {} bytes of {len}", file.url, bytes.len());
        return Err(failed(Trouble::Cut, detail));
    }
    Ok(bytes)
}

fn shorter() -> Failure {
    unreadable(&"the file is shorter than it was when it was opened".into())
}

fn unreadable(error: &JsValue) -> Failure {
    Failure { kind: FailureKind::Unreadable, detail: describe(error), offset: None }
}

/// In a worker only: the page's own thread has no reader that waits.
#[cfg(feature = "worker")]
impl crate::container::ReadAt for Source {
    fn len(&self) -> u64 {
        Source::len(self)
    }

    fn read_at(&self, range: Range<u64>) -> Result<Vec<u8>, Failure> {
        if let Self::Sample(bytes) = self {
            let at = |offset: u64| usize::try_from(offset).map_or(bytes.len(), |i| i.min(bytes.len()));
            return Ok(bytes[at(range.start)..at(range.end)].to_vec());
        }
        let reader = web_sys::FileReaderSync::new().map_err(|error| unreadable(&error))?;
        let buffer = reader.read_as_array_buffer(&self.slice(range)?).map_err(|error| unreadable(&error))?;
        Ok(Uint8Array::new(&buffer).to_vec())
    }
}
