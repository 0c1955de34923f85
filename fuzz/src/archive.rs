//! Archives: what is opened is read within its bounds, in reads of any size, and is the same whether it is read in
//! place or as it passes.

use std::{io::Write, ops::Range};

use flate2::write::GzEncoder;
use layerscope::{
    codec::Compression,
    image::{Format, Lister},
    layer::ContentKey,
    limits::Limits,
    session::{Opening, Session, Task},
    worker::protocol::Failure,
};

use super::{
    choices::{self, Choices},
    tar,
};

const KEY: ContentKey = ContentKey([7; 16]);
/// More reads than any archive of the fuzzer's size takes.
const MOST_READS: usize = 10_000;

pub fn check(data: &[u8]) {
    let Some((seed, bytes)) = data.split_first_chunk::<{ choices::LEN }>() else { return };
    let mut choices = Choices::new(*seed);
    let plain = match Compression::sniff(bytes) {
        Compression::None if choices.below(8) < 7 => tar::repaired(bytes),
        _ => bytes.to_vec(),
    };
    let direct = open(&plain, 0, &mut Vec::new());
    // Shorter than it was said to be, as a file that was cut meanwhile.
    let claimed = 1 + choices.below(100_000) as u64;
    let _ = open(&plain, claimed, &mut Vec::new());
    if Compression::sniff(&plain) == Compression::None {
        list(&plain, &mut choices);
        let packed = pack(&plain);
        let streamed = open(&packed, 0, &mut steps(&packed, &mut choices));
        assert_same(&direct, &streamed);
        assert_same(&direct, &pass(&plain, steps(&plain, &mut choices)));
        assert_same(&direct, &pass(&packed, steps(&packed, &mut choices)));
    } else {
        let in_steps = open(&plain, 0, &mut steps(&plain, &mut choices));
        let (whole, in_steps) = (direct.map(|s| s.report()), in_steps.map(|s| s.report()));
        assert_eq!(whole, in_steps, "in one read, and in several");
    }
}

/// Opens an archive that is claimed to be longer than it is, and reads all its layers. What passes is read in
/// these steps, the last of them first.
fn open(bytes: &[u8], claimed: u64, steps: &mut Vec<usize>) -> Result<Session, Failure> {
    let len = bytes.len() as u64 + claimed;
    read(bytes, len, Opening::new(len, KEY).with_limits(limits()), steps)
}

/// Opens an archive while it comes in these steps, the last of them first, and reads all its layers.
fn pass(bytes: &[u8], mut steps: Vec<usize>) -> Result<Session, Failure> {
    let mut opening = Opening::passing(KEY).with_limits(limits());
    let mut rest = bytes;
    while !rest.is_empty() {
        let step = steps.pop().unwrap_or(usize::MAX).clamp(1, rest.len());
        opening.supply(&rest[..step])?;
        rest = &rest[step..];
    }
    opening.supply(&[])?;
    read(bytes, bytes.len() as u64, opening, &mut Vec::new())
}

/// Less than the fuzzer may take for a hang.
fn limits() -> Limits {
    Limits { layer_bytes: 1 << 22, ratio_from: 1 << 20, ..Limits::default() }
}

/// Reads what an opening wants, and all layers of what was opened.
fn read(bytes: &[u8], len: u64, mut opening: Opening, steps: &mut Vec<usize>) -> Result<Session, Failure> {
    let mut reads = 0;
    while let Some(range) = opening.wants() {
        is_within(&range, len);
        if let Some(after) = opening.wants_after(&range) {
            is_within(&after, len);
            assert_eq!(after.start, range.end, "reads on");
        }
        reads += 1;
        assert!(reads < MOST_READS, "reads without end");
        let mut read = slice(bytes, &range);
        if opening.streamed().is_some() {
            read = &read[..read.len().min(steps.pop().unwrap_or(usize::MAX)).max(1).min(read.len())];
        }
        opening.supply(read)?;
    }
    let mut session = opening.finish()?;
    // Whatever is only listed at first is verified after that.
    let next =
        |session: &mut Session| session.next_scan(Task::List).or_else(|| session.next_scan(Task::Verify));
    while let Some(job) = next(&mut session) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            assert!(range.start < range.end);
            is_within(&range, len);
            scan.supply(slice(bytes, &range));
        }
        session.accept(scan.finish());
    }
    Ok(session)
}

fn is_within(range: &Range<u64>, len: u64) {
    assert!(range.start <= range.end && range.end <= len, "{range:?} of {len}");
}

/// Lists the members of a tar; each lies in it as a whole, or the tar ends within the last.
fn list(bytes: &[u8], choices: &mut Choices) {
    let len = bytes.len() as u64 + [0, 1000][choices.below(2)];
    let mut lister = Lister::new(len);
    let (mut reads, mut end) = (0, 0);
    while let Some(range) = lister.wants() {
        is_within(&range, len);
        assert!(range.start >= end, "nothing is read twice");
        end = range.end;
        reads += 1;
        assert!(reads < MOST_READS, "reads without end");
        lister.supply(slice(bytes, &range));
    }
    let (members, _) = lister.finish();
    let mut end = 0;
    for member in &members {
        assert!(member.offset >= end + 512 && end <= bytes.len() as u64, "{member:?}");
        end = member.offset.saturating_add(member.size);
    }
}

fn assert_same(direct: &Result<Session, Failure>, streamed: &Result<Session, Failure>) {
    let (direct, streamed) = match (direct, streamed) {
        (Ok(direct), Ok(streamed)) => (direct, streamed),
        (Err(_), Err(_)) => return,
        (direct, streamed) => {
            panic!("in place: {:?}; as it passes: {:?}", direct.as_ref().err(), streamed.as_ref().err());
        }
    };
    let (a, mut b) = (direct.report(), streamed.report());
    assert_eq!(a.format, b.format);
    if a.format == Format::BareLayer {
        // The archive is the layer, and was packed.
        let (packed, plain) = (&mut b.images[0].layers[0], &a.images[0].layers[0]);
        packed.digest.clone_from(&plain.digest);
        (packed.compression, packed.stored_size) = (plain.compression, plain.stored_size);
    }
    assert_eq!(a.images, b.images);
    assert_eq!(a.unused, b.unused);
    for image in 0..a.images.len() as u32 {
        assert_eq!(direct.totals(image), streamed.totals(image));
    }
}

/// In what steps the bytes pass.
fn steps(bytes: &[u8], choices: &mut Choices) -> Vec<usize> {
    choices.split(bytes).iter().map(|piece| piece.len()).collect()
}

fn slice<'a>(bytes: &'a [u8], range: &Range<u64>) -> &'a [u8] {
    let clip = |offset: u64| bytes.len().min(offset as usize);
    &bytes[clip(range.start)..clip(range.end)]
}

/// gzip that stores, for speed.
fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory succeeds")
}
