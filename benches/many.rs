//! What grows with the number of paths and of layers: merging them, and filtering as somebody types.
//!
//! `cargo bench --no-default-features --bench many`

use std::ops::Range;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use layerscope::{
    fixture::{Archive, Image, Shape, Tar},
    layer::ContentKey,
    session::{Found, Opening, Session, Task},
    worker::protocol::{ChangeFilter, Compare, Sort, ViewSpec},
};

/// `files` empty files, forty to a directory, with names that are alike from layer to layer in one of ten.
fn layer(number: usize, files: usize) -> Vec<u8> {
    let mut tar = Tar::new();
    for i in 0..files {
        let (directory, owner) = (i / 40, if i % 10 == 0 { 0 } else { number });
        tar = tar.file(format!("usr/share/part{directory}/{owner}-file{i}.txt"), "");
    }
    tar.bytes()
}

/// An image of layers with `files` files each, as `docker save` writes it.
fn archive(layers: usize, files: usize) -> Vec<u8> {
    let image = (0..layers).fold(Image::new().name("many:latest"), |image, number| {
        image.raw_layer(layer(number, files), "COPY something")
    });
    Archive::new(Shape::Docker).image(image).bytes()
}

/// An archive whose layers are read, but not yet taken on.
fn found(archive: &[u8]) -> (Session, Vec<Found>) {
    let slice = |range: Range<u64>| &archive[range.start as usize..(range.end as usize).min(archive.len())];
    let mut opening = Opening::new(archive.len() as u64, ContentKey([7; 16]));
    while let Some(range) = opening.wants() {
        if opening.supply(slice(range)).is_err() {
            break;
        }
    }
    let Ok(mut session) = opening.finish() else { panic!("the archive is sound") };
    let mut found = Vec::new();
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(slice(range));
        }
        found.push(scan.finish());
    }
    (session, found)
}

/// Takes on what was read: paths are shared, layers merged.
fn merge((mut session, found): (Session, Vec<Found>)) -> Session {
    for found in found {
        session.accept(found);
    }
    session
}

fn merges(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge");
    group.sample_size(10);
    for entries in [62_500, 125_000, 250_000, 500_000, 1_000_000] {
        let archive = archive(1, entries);
        group.throughput(Throughput::Elements(entries as u64));
        group.bench_function(BenchmarkId::new("entries in one layer", entries), |bench| {
            bench.iter_batched(|| found(&archive), merge, BatchSize::PerIteration);
        });
    }
    // The same number of entries, in more and more layers.
    for layers in [1, 8, 32, 64, 127] {
        let archive = archive(layers, 254_000 / layers);
        group.throughput(Throughput::Elements(254_000));
        group.bench_function(BenchmarkId::new("layers of 254 000 entries in all", layers), |bench| {
            bench.iter_batched(|| found(&archive), merge, BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn filters(criterion: &mut Criterion) {
    let mut session = merge(found(&archive(1, 1_000_000)));
    let mut group = criterion.benchmark_group("filter of 1 000 000 paths");
    group.sample_size(10);
    for text in ["f", "file99", "part12/0", "nothing like it", "é"] {
        let spec = |filter: &str| ViewSpec {
            image: 0,
            upto: 0,
            compare: Compare::Layer,
            filter: filter.to_owned(),
            changes: ChangeFilter::default(),
            sort: Sort::Name,
            ghosts: true,
        };
        group.bench_function(text, |bench| {
            bench.iter(|| {
                let view = session.show(spec(text));
                (view.map(|view| view.matches), session.rows(0, 40).map(|rows| rows.rows.len()))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, merges, filters);
criterion_main!(benches);
