//! The decoders: no split and no room makes a difference, what is packed unpacks, and what is taken for sound is
//! so to the libraries' own readers.

use std::io::{Read, Write};

use flate2::{read::MultiGzDecoder, write::GzEncoder};
use layerscope::{
    anomaly::Code,
    codec::{Checkpoints, Compression, Decoder, Status},
};
use lzma_rust2::{XzOptions, XzReader, XzWriter};

use super::{
    choices::{self, Choices},
    decoded::{Decoded, decode_up_to},
};

const ALL: [Compression; 4] = [Compression::Gzip, Compression::Zstd, Compression::Bzip2, Compression::Xz];
/// How much of a bomb is decoded.
const MOST: usize = 1 << 20;

pub fn check(data: &[u8]) {
    let Some((seed, input)) = data.split_first_chunk::<{ choices::LEN }>() else { return };
    let mut choices = Choices::new(*seed);
    match Compression::sniff(input) {
        // What is no stream is the content of one.
        Compression::None => round_trip(input, choices.of(&ALL), &mut choices),
        compression => drop(any_stream(input, compression, &mut choices)),
    }
}

fn round_trip(content: &[u8], compression: Compression, choices: &mut Choices) {
    // One member, frame or stream for each part.
    let parts = choices.split(content);
    let mut stream: Vec<u8> = parts.into_iter().flat_map(|part| pack(compression, part)).collect();
    let found = any_stream(&stream, compression, choices);
    goes_on(&stream, compression, &found, choices);
    assert_eq!((&found.error, found.anomalies.as_slice()), (&None, &[][..]));
    assert!(found.bytes == content[..content.len().min(MOST)], "{compression} gives something else back");

    // And the same, damaged.
    match choices.below(4) {
        0 => stream.truncate(choices.below(stream.len())),
        1 => {
            stream.remove(choices.below(stream.len()));
        }
        _ => {
            for _ in 0..=choices.below(3) {
                let at = choices.below(stream.len());
                stream[at] ^= 1 << choices.below(8);
            }
        }
    }
    any_stream(&stream, compression, choices);
}

fn any_stream(stream: &[u8], compression: Compression, choices: &mut Choices) -> Decoded {
    let whole = decode_up_to(MOST, compression, [stream], &[64 << 10]);
    let rooms: Vec<usize> = (0..3).map(|_| 1 + choices.below(3000)).collect();
    let split = decode_up_to(MOST, compression, choices.split(stream), &rooms);
    assert!(split.bytes == whole.bytes, "{split:?} split, {whole:?} at once");
    if whole.bytes.len() == MOST {
        return whole;
    }
    assert_eq!(split, whole, "split, and at once");

    let len = stream.len() as u64;
    if let Some(error) = &whole.error {
        assert!(error.offset <= len, "{error}");
        assert!(error.code != Code::CodecTruncated || error.offset == len, "{error}");
    }
    let inside = |offset: u64| offset > 0 && offset < len;
    assert!(
        whole.anomalies.iter().all(|a| a.code == Code::CodecTrailingData && a.offset.is_some_and(inside))
    );

    // However early it ends, no other bytes come.
    let cut = decode_up_to(MOST, compression, [&stream[..choices.below(stream.len() + 1)]], &[64 << 10]);
    let both = cut.bytes.len().min(whole.bytes.len());
    assert!(cut.bytes[..both] == whole.bytes[..both], "{cut:?} of {whole:?}");

    if whole.error.is_none() && whole.anomalies.is_empty() {
        agrees_with_the_library(stream, compression, &whole.bytes);
    }
    whole
}

/// What is sound is decoded from any place that was noted as it is from the start.
fn goes_on(stream: &[u8], compression: Compression, whole: &Decoded, choices: &mut Choices) {
    if whole.bytes.len() >= MOST {
        return;
    }
    let closest = 1 + choices.below(1000) as u64;
    let mut decoder = Decoder::recording_into(compression, Checkpoints::close(closest));
    assert!(all_of(&mut decoder, stream) == whole.bytes, "noting places makes a difference");
    let points = decoder.take_checkpoints();
    let Some(point) = points.before(choices.below(whole.bytes.len() + 1) as u64) else { return };
    // Behind the last member or frame nothing follows.
    if point.output < whole.bytes.len() as u64 {
        let decoded = all_of(&mut Decoder::resume(compression, point), &stream[point.input as usize..]);
        assert!(decoded == whole.bytes[point.output as usize..], "from {point:?}");
    }
}

fn all_of(decoder: &mut Decoder, mut input: &[u8]) -> Vec<u8> {
    let (mut bytes, mut room) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let progress = decoder.decode(input, true, &mut room).expect("it is sound");
        input = &input[progress.consumed..];
        bytes.extend_from_slice(&room[..progress.produced]);
        if progress.status == Status::Done {
            return bytes;
        }
    }
}

/// What is sound has to be so to the readers that the libraries have for themselves.
fn agrees_with_the_library(stream: &[u8], compression: Compression, content: &[u8]) {
    let mut bytes = Vec::new();
    let result = match compression {
        Compression::Gzip => MultiGzDecoder::new(stream).read_to_end(&mut bytes),
        Compression::Bzip2 => bzip2::read::MultiBzDecoder::new(stream).read_to_end(&mut bytes),
        Compression::Xz => XzReader::new(stream, true).read_to_end(&mut bytes),
        // Its reader ends after one frame.
        Compression::Zstd | Compression::None => return,
    };
    result.expect("sound to one, and not to the other");
    assert!(bytes == content, "{compression} holds something else to the library");
}

fn pack(compression: Compression, content: &[u8]) -> Vec<u8> {
    let packed = match compression {
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(content).and_then(|()| encoder.finish())
        }
        Compression::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(content).and_then(|()| encoder.finish())
        }
        Compression::Xz => {
            // Of 4 KiB: a dictionary is cleared for each block.
            let mut options = XzOptions::with_preset(0);
            options.lzma_options.dict_size = 4096;
            XzWriter::new(Vec::new(), options)
                .and_then(|mut encoder| encoder.write_all(content).and_then(|()| encoder.finish()))
        }
        Compression::Zstd => {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            Ok(ruzstd::encoding::compress_to_vec(content, level))
        }
        Compression::None => Ok(content.to_vec()),
    };
    packed.expect("writing to memory succeeds")
}
