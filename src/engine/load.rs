//! Opens archives in one go.

use std::rc::Rc;

use crate::{
    codec::{Compression, Decoder, Status},
    container::{Opened, ReadAt},
    layer::ContentKey,
    limits,
    session::{Opening, Task},
};

/// Reads an archive, its layers included.
pub(crate) fn open(name: &str, source: Rc<dyn ReadAt>) -> Result<Opened, String> {
    let words = |failure: crate::worker::protocol::Failure| failure.detail;
    let mut opening = Opening::new(source.len(), ContentKey::random());
    while let Some(range) = opening.wants() {
        let bytes = source.read_at(range).map_err(words)?;
        opening.supply(&bytes).map_err(words)?;
    }
    let mut session = opening.finish().map_err(words)?;
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(&source.read_at(range).map_err(words)?);
        }
        session.accept(scan.finish());
    }
    // Nobody listens.
    session.take_events();
    Ok(Opened { name: name.to_owned(), session, source })
}

/// A whole file, decompressed if it is compressed; no more than memory should hold.
pub(crate) fn decoded(source: &dyn ReadAt) -> Result<Vec<u8>, String> {
    let too_large = || format!("more than {} bytes", limits::COMMIT);
    if source.len() > limits::COMMIT {
        return Err(too_large());
    }
    let bytes = source.read_at(0..source.len()).map_err(|failure| failure.detail)?;
    let compression = Compression::sniff(&bytes);
    if compression == Compression::None {
        return Ok(bytes);
    }
    let mut decoder = Decoder::new(compression);
    let mut out = Vec::new();
    let mut buffer = vec![0; 256 << 10];
    let mut input = bytes.as_slice();
    loop {
        let progress = decoder.decode(input, true, &mut buffer).map_err(|error| error.message)?;
        input = &input[progress.consumed..];
        out.extend_from_slice(&buffer[..progress.produced]);
        if out.len() as u64 > limits::COMMIT {
            return Err(too_large());
        }
        if progress.status == Status::Done || (progress.consumed == 0 && progress.produced == 0) {
            return Ok(out);
        }
    }
}
