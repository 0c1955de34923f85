//! Images made of layers, opened and read through.

use std::ops::Range;

use layerscope::{
    fixture::{Archive, Image, Shape, Tar},
    layer::ContentKey,
    session::{Opening, Session, Task},
};

const KEY: ContentKey = ContentKey([7; 16]);

/// An archive of one image of these layers, bottom first, as `docker save` wrote it before version 25.
pub fn archive(layers: &[Tar]) -> Vec<u8> {
    let image = Image::new().name("test:latest");
    let image = layers.iter().fold(image, |image, layer| image.layer(layer, "RUN something"));
    Archive::new(Shape::Docker).image(image).bytes()
}

/// Opens an archive without reading its layers.
pub fn open(archive: &[u8]) -> Session {
    let mut opening = Opening::new(archive.len() as u64, KEY);
    while let Some(range) = opening.wants() {
        opening.supply(slice(archive, range)).unwrap();
    }
    opening.finish().unwrap()
}

/// Opens an archive and reads all layers.
pub fn read(archive: &[u8]) -> Session {
    let mut session = open(archive);
    while let Some(job) = session.next_scan(Task::Verify) {
        let mut scan = job.start();
        while let Some(range) = scan.wants() {
            scan.supply(slice(archive, range));
        }
        session.accept(scan.finish());
    }
    session
}

fn slice(archive: &[u8], range: Range<u64>) -> &[u8] {
    let end = (range.end as usize).min(archive.len());
    &archive[(range.start as usize).min(end)..end]
}
