//! What each byte of a layer goes through: decoding, hashing, parsing, and all of it together.
//!
//! `cargo bench --no-default-features --bench stages`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use layerscope::{
    codec::{Compression, Decoder, Status},
    digest::{Algorithm, Digester},
    fixture::{Pack, Tar},
    layer::{Algorithms, ContentKey, Scan},
    limits::Limits,
    tar::Parser,
};

/// Bytes of content in the layer that all benches read.
const CONTENT: usize = 32 << 20;
/// How much is given at once, in bytes, as the worker does.
const STEP: usize = 2 << 20;

/// Files of many sizes, most below 64 KiB, whose text gzip makes about a third as large.
fn layer() -> Vec<u8> {
    let mut random = 1_u64;
    let mut next = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize
    };
    let words: Vec<String> = (0..4_000).map(|_| format!("{:x} ", next() % 0xff_ffff)).collect();
    let (mut tar, mut left, mut number) = (Tar::new(), CONTENT, 0);
    while left > 0 {
        let size = (1 << (7 + next() % 11)) + next() % 512;
        let size = size.min(left);
        let mut body = String::new();
        while body.len() < size {
            body.push_str(&words[next() % words.len()]);
        }
        body.truncate(size);
        tar = tar.file(format!("usr/share/d{}/f{number}", number / 40), body);
        (left, number) = (left - size, number + 1);
    }
    tar.bytes()
}

fn decode(compression: Compression, mut input: &[u8], buffer: &mut [u8]) -> u64 {
    let mut decoder = Decoder::new(compression);
    let mut produced = 0;
    while let Ok(progress) = decoder.decode(input, true, buffer) {
        input = &input[progress.consumed..];
        produced += progress.produced as u64;
        if progress.status == Status::Done {
            break;
        }
    }
    produced
}

fn scan(blob: &[u8]) -> u64 {
    let mut scan = Scan::new(ContentKey([7; 16]), Algorithms::default(), Limits::default());
    blob.chunks(STEP).for_each(|chunk| scan.push(chunk));
    scan.finish().entries
}

fn stages(criterion: &mut Criterion) {
    let tar = layer();
    let blobs = [("plain", tar.clone()), ("gzip", Pack::Gzip.pack(&tar)), ("zstd", Pack::Zstd.pack(&tar))];
    let mut group = criterion.benchmark_group("stages");
    group.throughput(Throughput::Bytes(tar.len() as u64)).sample_size(10);

    let mut buffer = vec![0; 256 << 10];
    for (name, compression, blob) in
        [("gzip", Compression::Gzip, &blobs[1].1), ("zstd", Compression::Zstd, &blobs[2].1)]
    {
        assert_eq!(decode(compression, blob, &mut buffer), tar.len() as u64, "{name} decodes whole");
        group.bench_function(BenchmarkId::new("decode", name), |bench| {
            bench.iter(|| decode(compression, black_box(blob), &mut buffer));
        });
    }
    group.bench_function("sha256", |bench| {
        bench.iter(|| {
            let mut digester = Digester::new(Algorithm::Sha256);
            digester.update(black_box(&tar));
            digester.finish()
        });
    });
    group.bench_function("parse", |bench| {
        bench.iter(|| {
            let mut parser = Parser::new();
            let mut input = black_box(tar.as_slice());
            let mut events = 0;
            while let Ok(parsed) = parser.parse(input, true) {
                input = &input[parsed.consumed..];
                let Some(_) = parsed.event else { break };
                events += 1;
            }
            events
        });
    });
    for (name, blob) in &blobs {
        group.bench_function(BenchmarkId::new("scan", name), |bench| bench.iter(|| scan(black_box(blob))));
    }
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
