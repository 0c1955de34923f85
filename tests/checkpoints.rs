//! Decoding begun in the middle gives what decoding from the start gives.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
};

use layerscope::{
    codec::{Checkpoint, Checkpoints, Compression, Decoder, Error, Status},
    fixture::{Archive, Image, Pack, Shape, Tar},
    layer::ContentKey,
    session::{Opening, Session, Task},
    worker::protocol::Version,
};
use proptest::prelude::*;

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

/// What encoders make different blocks of, in parts of up to so many bytes: text, bytes that do not pack, zeros, and all of these
/// again from afar.
fn mixed(len: usize, parts: usize, seed: u64) -> Vec<u8> {
    let (mut mixed, mut state) = (Vec::with_capacity(len + 2 * parts), seed);
    while mixed.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let part = 1 + (state >> 20) as usize % parts;
        match state >> 60 {
            0..=1 => mixed.resize(mixed.len() + part, 0),
            2..=4 => {
                for n in 0..part as u64 {
                    let hash = (state ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    mixed.push((hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9).to_le_bytes()[7]);
                }
            }
            5..=9 if !mixed.is_empty() => {
                let from = (state >> 8) as usize % mixed.len();
                let to = mixed.len().min(from + part);
                // With a byte changed now and then: the same offset is used again behind it.
                mixed.extend_from_within(from..to);
                let start = mixed.len() - (to - from);
                mixed[start..].iter_mut().step_by(97).for_each(|byte| *byte ^= 1);
            }
            _ => mixed.extend(text(part, state)),
        }
    }
    mixed.truncate(len);
    mixed
}

/// All places that are noted, closer than is of use.
fn close(stream: &[u8], content: &[u8], spacing: u64) -> Vec<Checkpoint> {
    let mut decoder = Decoder::recording_into(Compression::Zstd, Checkpoints::close(spacing));
    assert!(decode(&mut decoder, stream, usize::MAX) == content, "decoded from the start");
    let points = decoder.take_checkpoints();
    let (mut all, mut before) = (Vec::new(), u64::MAX);
    while let Some(point) = points.before(before) {
        all.push(point.clone());
        before = point.output - 1;
    }
    assert_eq!(all.len(), points.len());
    // Behind the last frame another one could begin.
    all.retain(|point| point.output < content.len() as u64);
    all
}

/// A stream of many small blocks: none is longer than the window.
fn small_blocks(content: &[u8], level: i32) -> Vec<u8> {
    use structured_zstd::encoding::{CompressionLevel, CompressionParameters, StreamingEncoder};
    let level = CompressionLevel::Level(level);
    let mut encoder = StreamingEncoder::new(Vec::new(), level);
    let parameters = CompressionParameters::builder(level).window_log(10).build().unwrap();
    encoder.set_parameters(&parameters).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// All that can be decoded.
fn decode_some(decoder: &mut Decoder, mut input: &[u8], room: usize) -> (Vec<u8>, Option<Error>) {
    let (mut out, mut buffer) = (Vec::new(), vec![0; room]);
    loop {
        match decoder.decode(input, true, &mut buffer) {
            Err(error) => return (out, Some(error)),
            Ok(progress) => {
                input = &input[progress.consumed..];
                out.extend_from_slice(&buffer[..progress.produced]);
                if progress.status == Status::Done {
                    return (out, None);
                }
            }
        }
    }
}

/// From every place, all that follows to the end of the stream is the same.
fn agree_everywhere(what: &str, stream: &[u8], content: &[u8], spacing: u64, least: usize) {
    let points = close(stream, content, spacing);
    let held = points.iter().map(|point| postcard::to_stdvec(point).unwrap().len()).sum::<usize>();
    eprintln!("{what}: {} checkpoints of {held} bytes", points.len());
    assert!(points.len() >= least, "{what}: {} checkpoints", points.len());
    for point in points {
        // As it comes from the worker that has scanned.
        let bytes = postcard::to_stdvec(&point).unwrap();
        assert_eq!(postcard::from_bytes::<Checkpoint>(&bytes).unwrap(), point);
        let mut decoder = Decoder::resume(Compression::Zstd, &point);
        let decoded = decode(&mut decoder, &stream[point.input as usize..], usize::MAX);
        assert!(decoded == content[point.output as usize..], "{what}: from {}", point.output);
    }
}

/// Packs by the `zstd` program; what it reads from a pipe is of a length that it does not know.
fn zstd_program(content: &[u8], args: &[&str]) -> Option<Vec<u8>> {
    let child = Command::new("zstd")
        .args(["-q", "-c"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(content).unwrap());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}");
        Some(output.stdout)
    })
}

#[test]
fn zstd_is_gone_on_with_at_any_block() {
    use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};
    let content = mixed(6 << 20, 300_000, 1);
    // A place takes a window's worth since the one before: the higher the level, the fewer there are.
    for (level, least) in [(-3, 8), (1, 8), (3, 2), (7, 1), (13, 1)] {
        let mut encoder = StreamingEncoder::new(Vec::new(), CompressionLevel::Level(level));
        encoder.write_all(&content).unwrap();
        let stream = encoder.finish().unwrap();
        agree_everywhere(&format!("structured-zstd, level {level}"), &stream, &content, 200_000, least);
    }
    agree_everywhere("ruzstd", &zstd(&content), &content, 200_000, 8);
    // Frames and what is skipped between them are gone on with behind the one that is begun within.
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 5, 0, 0, 0][..], b"skip "].concat();
    let stream = [zstd(&content), skippable, zstd(&content)].concat();
    agree_everywhere("frames", &stream, &content.repeat(2), 900_000, 8);
}

/// What is kept of a window is what the blocks behind it refer to.
#[test]
fn of_a_window_little_is_kept() {
    use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};
    let content = text(24 << 20, 5);
    let mut encoder = StreamingEncoder::new(Vec::new(), CompressionLevel::Level(3));
    encoder.write_all(&content).unwrap();
    let stream = encoder.finish().unwrap();
    // RFC 8878, 3.1.1.1.2.
    let window = 1_u64 << (10 + (stream[5] >> 3));
    let mut decoder = Decoder::recording_into(Compression::Zstd, Checkpoints::close(window));
    assert!(decode(&mut decoder, &stream, usize::MAX) == content);
    let points = decoder.take_checkpoints();
    let (held, windows) = (points.windows_len(), window * points.len() as u64);
    assert!(points.len() >= 5 && held > 0);
    assert!(held <= windows / 5, "{held} bytes of {windows}");
    // Where the stream breaks off, the last window is kept whole: what would have come may refer to it.
    let mut decoder = Decoder::recording_into(Compression::Zstd, Checkpoints::close(window));
    let last = points.before(20 << 20).unwrap();
    let cut = &stream[..last.input as usize + 100_000];
    decode_some(&mut decoder, cut, 256 << 10);
    let cut = decoder.take_checkpoints();
    assert_eq!(cut.before(u64::MAX).unwrap().output, last.output);
    assert!(cut.windows_len() > window, "{} bytes", cut.windows_len());
}

proptest! {
    /// Noting places changes nothing, whatever the stream is; and what was decoded is decoded from each of them.
    #[test]
    fn damage_makes_no_difference(
        seed in any::<u64>(),
        level in prop::sample::select(&[-3, 1, 3, 7][..]),
        flips in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 0..4),
        room in 1_usize..5000,
    ) {
        let content = mixed(60_000, 3000, seed);
        let mut stream = small_blocks(&content, level);
        for (at, flip) in &flips {
            // The header is damaged elsewhere, and other windows of it are not of this many blocks.
            let at = 6 + at.index(stream.len() - 6);
            stream[at] ^= flip;
        }
        let plain = decode_some(&mut Decoder::new(Compression::Zstd), &stream, 100_000);
        let mut recording = Decoder::recording_into(Compression::Zstd, Checkpoints::close(2000));
        prop_assert!(decode_some(&mut recording, &stream, room) == plain);
        let points = recording.take_checkpoints();
        let mut before = u64::MAX;
        while let Some(point) = points.before(before) {
            before = point.output - 1;
            let rest = &plain.0[point.output as usize..];
            let (decoded, error) = decode_some(
                &mut Decoder::resume(Compression::Zstd, point), &stream[point.input as usize..], room);
            // What is not allowed may be met sooner or later: an offset beyond the window, or a checksum, which is not compared.
            let both = decoded.len().min(rest.len());
            prop_assert!(decoded[..both] == rest[..both], "from {}", point.output);
            if plain.1.is_none() && error.is_none() || flips.is_empty() && !rest.is_empty() {
                prop_assert!(decoded == rest, "from {}", point.output);
            }
        }
        if flips.is_empty() {
            prop_assert!(plain.0 == content && points.len() > 3, "{} places", points.len());
        }
    }
}

#[test]
fn what_the_zstd_program_packs_is_gone_on_with() {
    let content = mixed(6 << 20, 300_000, 2);
    let long = mixed(12 << 20, 300_000, 3);
    let cases: [(&[u8], &[&str], usize); 12] = [
        (&content, &["-1"], 8),
        (&content, &["-1", "--no-check"], 8),
        (&content, &["-3"], 2),
        (&content, &["-3", "--no-check", "-T2"], 2),
        (&content, &["--fast=5"], 8),
        (&content, &["-9", "--zstd=wlog=17"], 10),
        (&content, &["-19", "--zstd=wlog=18"], 10),
        (&content, &["--zstd=wlog=10"], 10),
        (&content, &["-3", "--no-compress-literals", "--zstd=wlog=16"], 10),
        (&long, &["-12"], 2),
        (&long, &["-3", "--long"], 1),
        (&long, &["-5", "--long=20"], 8),
    ];
    for (content, args, least) in cases {
        let Some(stream) = zstd_program(content, args) else {
            eprintln!("skipped: there is no zstd program here");
            return;
        };
        agree_everywhere(&args.join(" "), &stream, content, 300_000, least);
    }
    // Of a length that is known; and where the window is all of it, as which there are no places.
    let stated = format!("--stream-size={}", content.len());
    let stream = zstd_program(&content, &["-1", &stated]).unwrap();
    agree_everywhere("with its length", &stream, &content, 300_000, 8);
    let stream = zstd_program(&content, &["-1", "--zstd=wlog=23", &stated]).unwrap();
    assert_eq!(close(&stream, &content, 300_000), [], "of one segment");
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

/// Reads 100 kB of the last of the files that an archive's layer holds; how much of the archive that takes.
fn read_last(what: &str, bytes: &[u8], layer: &[Vec<u8>]) -> u64 {
    let session = open(bytes);
    let version = Version { image: 0, layer: 0, entry: layer.len() as u32 - 1 };
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
    assert!(got == layer.last().unwrap()[1 << 20..][..100_000], "{what}");
    read
}

fn archive(pack: Pack, files: &[Vec<u8>]) -> Vec<u8> {
    let mut layer = Tar::new();
    for (n, content) in files.iter().enumerate() {
        layer = layer.file(format!("file-{n:02}"), content.clone());
    }
    Archive::new(Shape::OciLayout).pack(pack).image(Image::new().name("a:1").layer(&layer, "RUN x")).bytes()
}

/// A file at the end of a layer is read without what lies before it, whatever is compressed.
#[test]
fn a_file_deep_in_a_layer_takes_little_reading() {
    let files: Vec<Vec<u8>> = (0..12).map(|n| text(3 << 20, n)).collect();
    let packed = archive(Pack::Gzip, &files);
    let outer = gzip(&archive(Pack::Plain, &files), 6);
    for (what, bytes) in [("layer", packed), ("archive", outer)] {
        let read = read_last(what, &bytes, &files);
        assert!(read <= (bytes.len() as u64) / 3, "{what}: {read} of {}", bytes.len());
    }
}

/// The same of one zstd frame, in which places are farther apart: 32 MiB.
#[test]
fn a_file_deep_in_a_zstd_frame_takes_little_reading() {
    let files: Vec<Vec<u8>> = (0..14).map(|n| text(5 << 20, n)).collect();
    let packed = archive(Pack::Zstd, &files);
    let outer = zstd(&archive(Pack::Plain, &files));
    for (what, bytes) in [("layer", packed), ("archive", outer)] {
        let read = read_last(what, &bytes, &files);
        assert!(read <= (bytes.len() as u64) / 5, "{what}: {read} of {}", bytes.len());
    }
}
