//! The tar parser: no split makes a difference, and every byte has its place.

use layerscope::anomaly::Code;

use super::{
    choices::{self, Choices},
    tar_block, tar_places,
    tar_read::{read, read_whole},
};

pub fn check(data: &[u8]) {
    let Some((seed, tar)) = data.split_first_chunk::<{ choices::LEN }>() else { return };
    let mut choices = Choices::new(*seed);
    let tar = if choices.below(8) == 7 { tar.to_vec() } else { repaired(tar) };
    let whole = if tar.len() < 4096 { read_whole(&tar) } else { read(&[&tar]) };
    assert_eq!(read(&choices.split(&tar)), whole, "split, and at once");
    tar_places::check(&tar);
}

/// A tar whose checksums are right wherever a header is looked for: hardly a mutation would get past them else.
pub fn repaired(tar: &[u8]) -> Vec<u8> {
    let mut tar = tar.to_vec();
    tar_block::repair(&mut tar);
    for _ in 0..4 {
        let checksum = read(&[&tar]).error.filter(|error| error.code == Code::TarChecksum);
        let block = checksum.and_then(|error| tar.get_mut(error.offset as usize..)?.first_chunk_mut::<512>());
        let Some(block) = block else { break };
        tar_block::write_checksum(block);
    }
    tar
}
