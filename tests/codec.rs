//! Every compression: every split of the input, every size of the output, and every kind of damage.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{fmt, io::Write, num::NonZeroU64};

use flate2::GzBuilder;
use layerscope::{anomaly::Code, codec::Compression};
use lzma_rust2::{CheckType, FilterType, XzOptions, XzWriter};
use proptest::{collection::vec, prelude::*, sample::Index};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

#[path = "support/decoded.rs"]
mod decoded;

use decoded::{Decoded, decode_pieces};

fn decode(compression: Compression, stream: &[u8]) -> Decoded {
    decode_pieces(compression, [stream], &[64 << 10])
}

/// The content of a sound stream.
fn content(compression: Compression, stream: &[u8]) -> Vec<u8> {
    let decoded = decode(compression, stream);
    assert_eq!((decoded.error, decoded.anomalies), (None, Vec::new()));
    decoded.bytes
}

/// The code and the offset of a stream's error.
fn failure(compression: Compression, stream: &[u8]) -> (Code, u64) {
    let error = decode(compression, stream).error.unwrap();
    (error.code, error.offset)
}

/// Where a sound stream is followed by garbage.
fn garbage(compression: Compression, stream: &[u8]) -> Option<u64> {
    let decoded = decode(compression, stream);
    assert_eq!(decoded.error, None);
    assert!(decoded.anomalies.iter().all(|anomaly| anomaly.code == Code::CodecTrailingData));
    assert!(decoded.anomalies.len() <= 1);
    decoded.anomalies.first().and_then(|anomaly| anomaly.offset)
}

const ALL: [Compression; 4] = [Compression::Gzip, Compression::Zstd, Compression::Bzip2, Compression::Xz];

/// One member, frame or stream.
fn pack(compression: Compression, content: &[u8]) -> Vec<u8> {
    match compression {
        Compression::None => content.to_vec(),
        Compression::Gzip => gzip(GzBuilder::new(), 6, content),
        Compression::Zstd => compress_to_vec(content, CompressionLevel::Fastest),
        Compression::Bzip2 => bzip2(1, content),
        Compression::Xz => xz(XzOptions::with_preset(1), content),
    }
}

fn gzip(header: GzBuilder, level: u32, content: &[u8]) -> Vec<u8> {
    let mut encoder = header.write(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(level: u32, content: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::new(level));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn xz(options: XzOptions, content: &[u8]) -> Vec<u8> {
    let mut encoder = XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A zstd frame made by hand: a descriptor, the rest of the header, and blocks of a kind and a size with bytes.
fn zstd_frame(descriptor: u8, header: &[u8], blocks: &[(u32, u32, &[u8])], checksum: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, descriptor];
    frame.extend_from_slice(header);
    for (i, (kind, size, bytes)) in blocks.iter().enumerate() {
        let last = u32::from(i + 1 == blocks.len());
        frame.extend_from_slice(&(size << 3 | kind << 1 | last).to_le_bytes()[..3]);
        frame.extend_from_slice(bytes);
    }
    frame.extend_from_slice(checksum);
    frame
}

fn skippable(content: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x5a, 0x2a, 0x4d, 0x18];
    frame.extend_from_slice(&(content.len() as u32).to_le_bytes());
    frame.extend_from_slice(content);
    frame
}

const RAW: u32 = 0;
const RLE: u32 = 1;
/// A window of 1 MiB.
const WINDOW: u8 = 10 << 3;

/// Bytes that compress as real files do: runs, repeats and noise. `seed` decides.
fn sample(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut bytes: Vec<u8> = Vec::new();
    while bytes.len() < len {
        let (kind, n) = (next() % 4, next() as usize % 300 + 1);
        match kind {
            0 => bytes.extend(std::iter::repeat_n(next() as u8, n)),
            1 if bytes.len() > n => {
                let start = next() as usize % (bytes.len() - n);
                bytes.extend_from_within(start..start + n);
            }
            _ => bytes.extend((0..n).map(|_| next() as u8)),
        }
    }
    bytes.truncate(len);
    bytes
}

#[test]
fn what_is_packed_unpacks() {
    for compression in ALL {
        for len in [0, 1, 1000, 300_000] {
            let bytes = sample(len, 7);
            let packed = pack(compression, &bytes);
            assert_eq!(Compression::sniff(&packed), compression);
            assert!(content(compression, &packed) == bytes, "{compression} {len}");
        }
    }
    assert_eq!(content(Compression::None, b"as it is"), b"as it is");
}

#[test]
fn all_members_frames_and_streams_are_one_content() {
    for compression in ALL {
        let (a, b) = (sample(40_000, 1), sample(20_000, 2));
        let stream =
            [pack(compression, &a), pack(compression, b""), pack(compression, &b), pack(compression, b"c")];
        assert!(content(compression, &stream.concat()) == [a, b, b"c".to_vec()].concat(), "{compression}");
    }
}

#[test]
fn garbage_after_the_end_is_reported_where_it_begins() {
    for compression in ALL {
        let packed = pack(compression, b"content");
        let end = packed.len() as u64;
        assert_eq!(garbage(compression, &packed), None);
        for tail in [&b"\x01"[..], b"garbage of some length", &[0xff; 70_000]] {
            let stream = [&packed[..], tail].concat();
            assert_eq!(garbage(compression, &stream), Some(end), "{compression} {}", tail.len());
            assert_eq!(decode(compression, &stream).bytes, b"content");
        }
        // What begins as another one, but is none.
        for len in 1..3 {
            let stream = [&packed[..], &packed[..len]].concat();
            assert_eq!(garbage(compression, &stream), Some(end), "{compression}");
            let stream = [&packed[..], &packed[..len], b"?????"].concat();
            assert_eq!(garbage(compression, &stream), Some(end), "{compression}");
        }
    }
}

#[test]
fn zeros_after_the_end_are_garbage_but_for_the_padding_of_xz() {
    for compression in ALL {
        let packed = pack(compression, b"content");
        let stream = [&packed[..], &[0; 512]].concat();
        let expected = (compression != Compression::Xz).then_some(packed.len() as u64);
        assert_eq!(garbage(compression, &stream), expected, "{compression}");
    }
}

#[test]
fn what_ends_too_early_is_truncated_at_its_end() {
    for compression in ALL {
        let bytes = sample(3000, 3);
        let packed = pack(compression, &bytes);
        for len in 0..packed.len() {
            let decoded = decode(compression, &packed[..len]);
            let error = decoded.error.unwrap();
            assert_eq!((error.code, error.offset), (Code::CodecTruncated, len as u64), "{compression}");
            assert!(bytes.starts_with(&decoded.bytes));
        }
    }
}

#[test]
fn what_was_decoded_before_the_end_is_given_out() {
    for compression in ALL {
        let bytes = sample(600_000, 4);
        let packed = pack(compression, &bytes);
        let decoded = decode(compression, &packed[..packed.len() * 3 / 4]);
        // bzip2 and zstd lose a block, xz what its library had begun.
        assert!(decoded.bytes.len() > bytes.len() / 2, "{compression}: {}", decoded.bytes.len());
        assert!(bytes.starts_with(&decoded.bytes), "{compression}");
    }
}

#[test]
fn another_compression_is_no_stream() {
    for compression in ALL {
        assert_eq!(failure(compression, b"neither of them"), (Code::CodecCorrupt, 0), "{compression}");
    }
}

mod gzip {
    use super::*;

    const GZIP: Compression = Compression::Gzip;

    /// A member with this header after its magic and method.
    fn member(flags_to_fields: &[u8], content: &[u8]) -> Vec<u8> {
        let plain = pack(GZIP, content);
        [&plain[..3], flags_to_fields, &plain[10..]].concat()
    }

    fn header(flags: u8, fields: &[u8]) -> Vec<u8> {
        [&[flags, 0, 0, 0, 0, 0, 255], fields].concat()
    }

    /// The header's checksum over what stands before it.
    fn with_crc(header: &[u8]) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(&[0x1f, 0x8b, 8]);
        crc.update(header);
        [header, &(crc.sum() as u16).to_le_bytes()].concat()
    }

    #[test]
    fn every_header_field_is_passed_over() {
        let header = || GzBuilder::new().extra(vec![7; 40_000]).filename("name").comment("comment");
        for builder in [header(), GzBuilder::new().filename("n"), GzBuilder::new().comment("")] {
            let stream = super::gzip(builder, 9, b"content");
            assert_eq!(content(GZIP, &[&stream[..], &stream].concat()), b"contentcontent");
        }
        let empty_extra = member(&self::header(1 << 2, &[0, 0]), b"content");
        assert_eq!(content(GZIP, &empty_extra), b"content");
        // FTEXT says nothing of importance.
        assert_eq!(content(GZIP, &member(&self::header(1, b""), b"content")), b"content");
    }

    #[test]
    fn the_checksum_of_a_header_is_verified() {
        let all = header(0b11110, b"\x02\0xyname\0comment\0");
        let mut stream = member(&with_crc(&all), b"content");
        assert_eq!(content(GZIP, &stream), b"content");
        let crc = 3 + all.len();
        stream[crc + 1] ^= 1;
        assert_eq!(failure(GZIP, &stream), (Code::CodecChecksum, crc as u64));
        let mut second = [pack(GZIP, b"first"), member(&with_crc(&header(2, b"")), b"second")].concat();
        assert_eq!(content(GZIP, &second), b"firstsecond");
        let at = pack(GZIP, b"first").len() + 5;
        second[at] ^= 1;
        assert_eq!(failure(GZIP, &second), (Code::CodecChecksum, at as u64 + 5));
    }

    #[test]
    fn a_reserved_flag_is_not_guessed_at() {
        for flag in [1 << 5, 1 << 6, 1 << 7] {
            assert_eq!(failure(GZIP, &member(&header(flag, b""), b"content")), (Code::CodecUnsupported, 3));
        }
    }

    #[test]
    fn a_wrong_checksum_or_length_is_reported_after_the_content() {
        for from_end in 1..=8 {
            let mut stream = pack(GZIP, b"content");
            let len = stream.len();
            stream[len - from_end] ^= 0x10;
            let decoded = decode(GZIP, &stream);
            let error = decoded.error.unwrap();
            assert_eq!((error.code, error.offset), (Code::CodecChecksum, len as u64 - 8));
            assert_eq!(decoded.bytes, b"content");
        }
    }

    #[test]
    fn a_block_of_no_kind_is_damage() {
        let mut stream = pack(GZIP, b"");
        stream[10] = 0b111;
        assert_eq!(failure(GZIP, &stream).0, Code::CodecCorrupt);
    }
}

mod zstd {
    use super::*;

    const ZSTD: Compression = Compression::Zstd;

    #[test]
    fn skippable_frames_are_passed_over() {
        let packed = pack(ZSTD, b"content");
        let stream =
            [skippable(b""), skippable(&[1; 40_000]), packed.clone(), skippable(b"\x28\xb5\x2f\xfd"), packed];
        assert_eq!(content(ZSTD, &stream.concat()), b"contentcontent");
        assert_eq!(content(ZSTD, &skippable(b"nothing else")), b"");
        for nibble in 0..=15 {
            let mut frame = skippable(b"x");
            frame[0] = 0x50 + nibble;
            assert_eq!(content(ZSTD, &frame), b"");
        }
        let cut = skippable(b"content");
        assert_eq!(failure(ZSTD, &cut[..10]), (Code::CodecTruncated, 10));
    }

    #[test]
    fn raw_and_run_length_blocks_and_empty_ones() {
        let frame = zstd_frame(
            0,
            &[WINDOW],
            &[(RAW, 0, b""), (RAW, 3, b"raw"), (RLE, 100_000, b"r"), (RLE, 0, b"x"), (RAW, 0, b"")],
            b"",
        );
        assert_eq!(content(ZSTD, &frame), [&b"raw"[..], &[b'r'; 100_000]].concat());
    }

    #[test]
    fn a_single_segment_may_be_empty() {
        assert_eq!(content(ZSTD, &zstd_frame(1 << 5, &[0], &[(RAW, 0, b"")], b"")), b"");
        let frame = zstd_frame(1 << 5, &[3], &[(RAW, 3, b"abc")], b"");
        assert_eq!(content(ZSTD, &[&frame[..], &frame].concat()), b"abcabc");
    }

    #[test]
    fn content_sizes_of_every_width_are_compared() {
        let bytes = vec![b'x'; 300];
        for (flag, size) in
            [(1, (300_u64 - 256).to_le_bytes()), (2, 300_u64.to_le_bytes()), (3, 300_u64.to_le_bytes())]
        {
            let header = [&[WINDOW][..], &size[..1 << flag]].concat();
            let frame = zstd_frame(flag << 6, &header, &[(RAW, 300, &bytes)], b"");
            assert_eq!(content(ZSTD, &frame), bytes);
            let frame = zstd_frame(flag << 6, &header, &[(RLE, 301, b"x")], b"");
            assert_eq!(failure(ZSTD, &frame), (Code::CodecCorrupt, frame.len() as u64));
            assert_eq!(decode(ZSTD, &frame).bytes.len(), 301);
        }
    }

    #[test]
    fn a_window_up_to_128_mib_is_accepted() {
        // 8 MiB, and 128 MiB.
        for window in [13 << 3, 17 << 3] {
            assert_eq!(content(ZSTD, &zstd_frame(0, &[window], &[(RAW, 1, b"x")], b"")), b"x");
        }
        // 144 MiB, the largest there is, and a single segment that is its own window.
        let too_large = [
            zstd_frame(0, &[17 << 3 | 1], &[(RAW, 1, b"x")], b""),
            zstd_frame(0, &[0xff], &[(RAW, 1, b"x")], b""),
            zstd_frame(2 << 6 | 1 << 5, &(129_u32 << 20).to_le_bytes(), &[(RAW, 1, b"x")], b""),
        ];
        for frame in too_large {
            let error = decode(ZSTD, &frame).error.unwrap();
            assert_eq!((error.code, error.offset), (Code::CodecUnsupported, 0), "{error}");
        }
        let error = decode(ZSTD, &zstd_frame(0, &[17 << 3 | 1], &[(RAW, 1, b"x")], b"")).error.unwrap();
        assert_eq!(error.message, "the zstd window of 150994944 bytes is larger than 128 MiB");
    }

    #[test]
    fn a_dictionary_is_asked_for() {
        let frame = zstd_frame(1, &[WINDOW, 9], &[(RAW, 1, b"x")], b"");
        let error = decode(ZSTD, &frame).error.unwrap();
        assert_eq!((error.code, error.offset), (Code::CodecUnsupported, 0));
        assert_eq!(error.message, "the zstd frame needs the dictionary 9");
        // Number 0 is none.
        assert_eq!(content(ZSTD, &zstd_frame(1, &[WINDOW, 0], &[(RAW, 1, b"x")], b"")), b"x");
    }

    #[test]
    fn a_wrong_checksum_is_reported_after_the_content() {
        let mut stream = pack(ZSTD, b"content");
        let start = stream.len() - 4;
        stream[start] ^= 1;
        let decoded = decode(ZSTD, &stream);
        let error = decoded.error.unwrap();
        assert_eq!((error.code, error.offset), (Code::CodecChecksum, start as u64));
        assert_eq!(decoded.bytes, b"content");
        // Also that of a frame before another.
        let two = [&stream[..], &pack(ZSTD, b"next")].concat();
        assert_eq!(failure(ZSTD, &two), (Code::CodecChecksum, start as u64));
    }

    #[test]
    fn blocks_and_flags_that_cannot_be_are_damage() {
        let frame = zstd_frame(0, &[WINDOW], &[(RAW, 2, b"ab"), (3, 1, b"x")], b"");
        assert_eq!(failure(ZSTD, &frame), (Code::CodecCorrupt, 11));
        assert_eq!(decode(ZSTD, &frame).bytes, b"ab");
        let frame = zstd_frame(0, &[WINDOW], &[(RLE, (128 << 10) + 1, b"x")], b"");
        assert_eq!(failure(ZSTD, &frame), (Code::CodecCorrupt, 6));
        // A block larger than a window of 1 KiB.
        let frame = zstd_frame(0, &[0], &[(RLE, 1025, b"x")], b"");
        assert_eq!(failure(ZSTD, &frame), (Code::CodecCorrupt, 6));
        let frame = zstd_frame(1 << 3, &[WINDOW], &[(RAW, 1, b"x")], b"");
        assert_eq!(failure(ZSTD, &frame), (Code::CodecUnsupported, 0));
    }

    #[test]
    fn a_damaged_frame_gives_out_its_window_before_the_error() {
        let blocks = [(RAW, 4, &b"kept"[..]), (RLE, 1000, b"x"), (3, 0, b"")];
        let decoded = decode(ZSTD, &zstd_frame(1 << 2, &[WINDOW], &blocks, b"sum!"));
        assert_eq!(decoded.bytes.len(), 1004);
        assert_eq!(decoded.error.unwrap().code, Code::CodecCorrupt);
    }
}

mod bzip2 {
    use super::*;

    const BZIP2: Compression = Compression::Bzip2;

    #[test]
    fn every_block_size_and_several_blocks() {
        let bytes = sample(250_000, 5);
        for level in 1..=9 {
            assert!(content(BZIP2, &super::bzip2(level, &bytes)) == bytes);
        }
    }

    #[test]
    fn a_wrong_checksum_is_damage() {
        let whole = super::bzip2(1, b"content");
        // That of the block stands after the two magics.
        for at in [10, 11, 12, 13] {
            let mut stream = whole.clone();
            stream[at] ^= 1;
            assert_eq!(failure(BZIP2, &stream).0, Code::CodecCorrupt);
        }
        // That of the stream is its end, but for bits that fill the last byte.
        let mut stream = whole.clone();
        let len = stream.len();
        stream[len - 3] ^= 1;
        let decoded = decode(BZIP2, &stream);
        assert_eq!(decoded.error.unwrap().code, Code::CodecCorrupt);
        assert_eq!(decoded.bytes, b"content");
    }

    #[test]
    fn a_stream_of_no_block_is_empty() {
        let empty = super::bzip2(9, b"");
        assert_eq!(empty.len(), 14);
        assert_eq!(content(BZIP2, &empty.repeat(3)), b"");
    }

    #[test]
    fn a_block_size_there_is_not_is_no_stream() {
        assert_eq!(failure(BZIP2, b"BZh0"), (Code::CodecCorrupt, 0));
        let whole = super::bzip2(1, b"content");
        let stream = [&whole[..], b"BZh0"].concat();
        assert_eq!(garbage(BZIP2, &stream), Some(whole.len() as u64));
    }
}

mod xz {
    use super::*;

    const XZ: Compression = Compression::Xz;

    fn options(check: CheckType, block: u64) -> XzOptions {
        let mut options = XzOptions::with_preset(0);
        options.set_check_sum_type(check);
        options.set_block_size(NonZeroU64::new(block));
        options
    }

    #[test]
    fn every_check_and_several_blocks() {
        let bytes = sample(100_000, 6);
        for check in [CheckType::None, CheckType::Crc32, CheckType::Crc64, CheckType::Sha256] {
            assert!(content(XZ, &super::xz(options(check, 30_000), &bytes)) == bytes);
        }
    }

    #[test]
    fn every_filter() {
        let bytes = sample(50_000, 8);
        for (filter, property) in [
            (FilterType::Delta, 4),
            (FilterType::BcjX86, 0),
            (FilterType::BcjArm, 0),
            (FilterType::BcjArm64, 0),
            (FilterType::BcjRiscv, 0),
        ] {
            let mut options = options(CheckType::Crc32, 20_000);
            options.prepend_pre_filter(filter, property);
            assert!(content(XZ, &super::xz(options, &bytes)) == bytes, "{filter:?}");
        }
    }

    #[test]
    fn filters_that_are_not_there_are_named_for_that() {
        let mut two = options(CheckType::Crc32, 20_000);
        two.prepend_pre_filter(FilterType::BcjX86, 0);
        two.prepend_pre_filter(FilterType::Delta, 4);
        assert_eq!(failure(XZ, &super::xz(two, b"content")).0, Code::CodecUnsupported);

        let mut delta = options(CheckType::Crc32, 20_000);
        delta.prepend_pre_filter(FilterType::Delta, 4);
        let mut unknown = super::xz(delta, b"content");
        // Behind the stream's header: its own length in fours, flags, the first filter's id; at its end a checksum.
        let header = &mut unknown[12..];
        let crc = usize::from(header[0]) * 4;
        assert_eq!(header[2], 3, "Delta's id");
        header[2] = 0x21 + 1;
        assert_eq!(failure(XZ, &unknown).0, Code::CodecCorrupt, "the checksum is that of another");
        let mut sum = flate2::Crc::new();
        sum.update(&unknown[12..][..crc]);
        unknown[12 + crc..][..4].copy_from_slice(&sum.sum().to_le_bytes());
        assert_eq!(failure(XZ, &unknown).0, Code::CodecUnsupported);
    }

    #[test]
    fn padding_comes_in_fours_of_zeros() {
        let packed = pack(XZ, b"content");
        let end = packed.len() as u64;
        for zeros in [4, 8, 40_000] {
            let stream = [&packed[..], &vec![0; zeros], &packed].concat();
            assert_eq!(content(XZ, &stream), b"contentcontent");
        }
        for (zeros, at) in [(1, end), (2, end), (3, end), (5, end + 4)] {
            let stream = [&packed[..], &vec![0; zeros], &packed].concat();
            assert_eq!(garbage(XZ, &stream), Some(at));
            assert_eq!(garbage(XZ, &stream[..end as usize + zeros]), Some(at));
        }
        assert_eq!(failure(XZ, &[&[0; 4][..], &packed].concat()), (Code::CodecCorrupt, 0));
    }

    #[test]
    fn a_wrong_checksum_is_damage() {
        let whole = super::xz(options(CheckType::Crc32, 1 << 20), b"content");
        // The header's, the block header's, the block's, the index's, the footer's.
        let end = whole.len();
        for at in [8, 20, end - 12 - 12, end - 12 - 4, end - 12] {
            let mut stream = whole.clone();
            stream[at] ^= 1;
            assert_eq!(failure(XZ, &stream).0, Code::CodecCorrupt, "{at}");
        }
    }

    #[test]
    fn a_dictionary_up_to_64_mib_is_accepted() {
        let with_dictionary = |size: u32| {
            let mut options = XzOptions::with_preset(0);
            options.lzma_options.dict_size = size;
            super::xz(options, b"content")
        };
        assert_eq!(content(XZ, &with_dictionary(64 << 20)), b"content");
        let error = decode(XZ, &with_dictionary(96 << 20)).error.unwrap();
        assert_eq!(error.code, Code::CodecUnsupported);
        assert_eq!(error.message, "the xz dictionary is larger than 64 MiB");
    }
}

/// A stream that is not printed at length.
#[derive(Clone)]
struct Stream(Compression, Vec<u8>);

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.0, self.1.len())
    }
}

/// A sound stream of one or several members, and what may be in it, of each compression.
fn streams() -> impl Strategy<Value = Stream> {
    let part = (0..60_000_usize, any::<u64>(), 0..4_u8);
    (prop::sample::select(&ALL[..]), vec(part, 1..4)).prop_map(|(compression, parts)| {
        let stream = parts.into_iter().flat_map(|(len, seed, variant)| {
            let bytes = sample(len, seed);
            match (compression, variant) {
                (Compression::Gzip, 0) => gzip(GzBuilder::new().filename("a").extra(vec![1; 9]), 1, &bytes),
                (Compression::Gzip, 1) => gzip(GzBuilder::new(), 0, &bytes),
                (Compression::Zstd, 0) => skippable(&bytes),
                (Compression::Zstd, 1) => compress_to_vec(&bytes[..], CompressionLevel::Uncompressed),
                (Compression::Zstd, 2) => {
                    zstd_frame(0, &[0], &[(RLE, 1000, b"x"), (RAW, 3, b"end"), (RLE, 1024, b"y")], b"")
                }
                (Compression::Xz, 0) => [pack(compression, &bytes), vec![0; 4]].concat(),
                (Compression::Xz, 1) => {
                    let mut options = XzOptions::with_preset(0);
                    options.set_block_size(NonZeroU64::new(5000));
                    options.prepend_pre_filter(FilterType::BcjX86, 0);
                    xz(options, &bytes)
                }
                _ => pack(compression, &bytes),
            }
        });
        Stream(compression, stream.collect())
    })
}

/// What may befall a stream.
#[derive(Debug, Clone)]
enum Damage {
    None,
    /// These bytes become these others.
    Change(Vec<(Index, u8)>),
    Cut(Index),
    Append(Vec<u8>),
    Remove(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        Just(Damage::None),
        vec((any::<Index>(), any::<u8>()), 1..3).prop_map(Damage::Change),
        any::<Index>().prop_map(Damage::Cut),
        vec(any::<u8>(), 1..20).prop_map(Damage::Append),
        any::<Index>().prop_map(Damage::Remove),
    ]
}

impl Damage {
    fn apply(&self, stream: &mut Vec<u8>) {
        let len = stream.len();
        match self {
            Self::None => {}
            Self::Change(changes) => changes.iter().for_each(|(at, byte)| stream[at.index(len)] = *byte),
            Self::Cut(at) => stream.truncate(at.index(len)),
            Self::Append(bytes) => stream.extend_from_slice(bytes),
            Self::Remove(at) => {
                stream.remove(at.index(len));
            }
        }
    }
}

/// Splits at these places.
fn split<'a>(stream: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut start = 0;
    for cut in cuts.into_iter().chain([stream.len()]) {
        pieces.push(&stream[start..cut]);
        start = cut;
    }
    pieces
}

proptest! {
    #[test]
    fn no_split_and_no_room_makes_a_difference(
        Stream(compression, mut stream) in streams(),
        damage in damage(),
        cuts in vec(any::<Index>(), 0..12),
        rooms in prop_oneof![vec(1..50_usize, 1..4), vec(1..5000_usize, 1..6)],
    ) {
        damage.apply(&mut stream);
        let whole = decode(compression, &stream);
        prop_assert_eq!(&decode_pieces(compression, split(&stream, &cuts), &rooms), &whole);
        prop_assert_eq!(&decode_pieces(compression, stream.chunks(1), &[1 << 20]), &whole);
        prop_assert_eq!(&decode_pieces(compression, [&stream[..]], &[1]), &whole);
        if let Damage::None = damage {
            prop_assert_eq!(&whole.error, &None);
        }
    }

    #[test]
    fn nothing_panics_whatever_follows_a_magic(
        compression in prop::sample::select(&ALL[..]),
        kept in 3..60_usize,
        noise in vec(any::<u8>(), 0..400),
    ) {
        let mut stream = pack(compression, &sample(200, 9));
        stream.truncate(kept);
        stream.extend_from_slice(&noise);
        let whole = decode(compression, &stream);
        prop_assert_eq!(decode_pieces(compression, stream.chunks(1), &[7]), whole);
    }
}
