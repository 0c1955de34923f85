//! Decoding begun in the middle gives what decoding from the start gives.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::Write;

use layerscope::{
    codec::{Checkpoints, Compression, Decoder, Status},
    fixture::{Archive, Image, Pack, Shape, Tar},
    layer::ContentKey,
    session::{Opening, Session, Task},
    worker::protocol::Version,
};

/// Text that packs well and nowhere repeats.
fn text(len: usize, seed: u64) -> Vec<u8> {
    let words = [&b"layer "[..], b"whiteout ", b"opaque ", b"lower ", b"upper\n", b"merged ", b"\0\xff"];
    let (mut text, mut state) = (Vec::with_capacity(len + 32), seed);
    while text.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.extend_from_slice(words[(state >> 33) as usize % words.len()]);
        text.extend_from_slice(&(state >> 52).to_string().into_bytes());
    }
    text.truncate(len);
    text
}

fn gzip(content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    Pack::Zstd.pack(content)
}

/// Decodes from `input` on, at most `limit` bytes; the input comes in pieces of 100 kB.
fn decode(decoder: &mut Decoder, mut input: &[u8], limit: usize) -> Vec<u8> {
    let (mut out, mut buffer) = (Vec::new(), vec![0; 256 << 10]);
    while out.len() < limit {
        let piece = &input[..input.len().min(100_000)];
        let progress = decoder.decode(piece, piece.len() == input.len(), &mut buffer).unwrap();
        input = &input[progress.consumed..];
        out.extend_from_slice(&buffer[..progress.produced]);
        if progress.status == Status::Done {
            break;
        }
    }
    out.truncate(limit);
    out
}

fn checkpoints(compression: Compression, stream: &[u8], content: &[u8]) -> Checkpoints {
    let mut decoder = Decoder::recording(compression);
    assert!(decode(&mut decoder, stream, usize::MAX) == content, "decoded from the start");
    decoder.take_checkpoints()
}

/// From every place, what follows is the same; and to the end of the stream, further members included.
fn agree(what: &str, compression: Compression, stream: &[u8], content: &[u8], least: usize) {
    let points = checkpoints(compression, stream, content);
    assert!(points.len() >= least, "{what}: {} checkpoints", points.len());
    let mut places: Vec<u64> = (0..content.len() as u64).step_by(1_234_567).collect();
    places.push(content.len() as u64 - 1);
    for place in places {
        let (mut decoder, output, input) = points.decoder(compression, place);
        assert!(output <= place);
        let rest = &content[output as usize..];
        let len = if place % 3 == 0 { rest.len() } else { rest.len().min(6 << 20) };
        let decoded = decode(&mut decoder, &stream[input as usize..], len);
        assert!(decoded == rest[..len], "{what}: from {output} for {place}");
    }
}

#[test]
fn gzip_is_gone_on_with_at_any_block() {
    let content = text(22 << 20, 1);
    // The library's level 1 makes one block of everything.
    for level in [0, 3, 6, 9] {
        agree(&format!("level {level}"), Compression::Gzip, &gzip(&content, level), &content, 4);
    }
}

#[test]
fn members_and_frames_are_gone_on_with() {
    let parts: Vec<Vec<u8>> = [3 << 20, 6 << 20, 100, 9 << 20, 5 << 20]
        .iter()
        .zip(2..)
        .map(|(&len, seed)| text(len, seed))
        .collect();
    let content = parts.concat();
    let members: Vec<u8> = parts.iter().flat_map(|part| gzip(part, 6)).collect();
    agree("members", Compression::Gzip, &members, &content, 4);
    let frames: Vec<u8> = parts.iter().flat_map(|part| zstd(part)).collect();
    agree("frames", Compression::Zstd, &frames, &content, 2);
    // Many small ones cost one checkpoint every few mebibytes.
    let small: Vec<Vec<u8>> = (0..300).map(|seed| text(50_000, seed)).collect();
    let many: Vec<u8> = small.iter().flat_map(|part| gzip(part, 1)).collect();
    let points = checkpoints(Compression::Gzip, &many, &small.concat());
    assert!((2..=4).contains(&points.len()), "{}", points.len());
}

#[test]
fn other_formats_have_none_and_begin_at_the_start() {
    let points = Checkpoints::default();
    for compression in [Compression::Bzip2, Compression::Xz] {
        let (_, output, input) = points.decoder(compression, 1 << 40);
        assert_eq!((output, input), (0, 0));
    }
}

fn open(bytes: &[u8]) -> Session {
    let slice =
        |range: std::ops::Range<u64>| &bytes[range.start as usize..(range.end as usize).min(bytes.len())];
    let mut opening = Opening::new(bytes.len() as u64, ContentKey([7; 16]));
    while let Some(range) = opening.wants() {
        opening.supply(slice(range)).unwrap();
    }
    let mut session = opening.finish().unwrap();
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(slice(range));
        }
        session.accept(scan.finish());
    }
    session
}

/// A file at the end of a layer is read without what lies before it, whatever is compressed.
#[test]
fn a_file_deep_in_a_layer_takes_little_reading() {
    let mut layer = Tar::new();
    for n in 0..12u64 {
        layer = layer.file(format!("file-{n}"), text(3 << 20, n));
    }
    let archive = |pack| {
        Archive::new(Shape::OciLayout)
            .pack(pack)
            .image(Image::new().name("a:1").layer(&layer, "RUN x"))
            .bytes()
    };
    let packed = archive(Pack::Gzip);
    let outer = gzip(&archive(Pack::Plain), 6);
    for (what, bytes) in [("layer", packed), ("archive", outer)] {
        let session = open(&bytes);
        let version = Version { image: 0, layer: 0, entry: 11 };
        let mut content = session.content(version, 1 << 20, 100_000).unwrap();
        let (mut read, mut got) = (0, Vec::new());
        loop {
            let bytes_now = content.take();
            got.extend_from_slice(&bytes_now);
            if bytes_now.is_empty() {
                let Some(range) = content.wants() else { break };
                read += range.end - range.start;
                content.supply(&bytes[range.start as usize..range.end as usize]).unwrap();
            }
        }
        assert!(got == text(3 << 20, 11)[1 << 20..][..100_000], "{what}");
        assert!(read <= (bytes.len() as u64) / 3, "{what}: {read} of {}", bytes.len());
    }
}
