//! Lists the members of a plain outer tar by hopping from header to header.

use std::ops::Range;

use super::Member;
use crate::{
    anomaly::{Anomaly, Code},
    limits,
    tar::{Event, Parser},
};

/// The shortest step, in bytes. A read costs about as much as copying this, so shorter ones gain nothing.
const STEP_MIN: u64 = 64 << 10;
/// The longest step, in bytes; and the longest jump that still counts as reading on.
const STEP_MAX: u64 = 1 << 20;

/// Finds the members of an uncompressed outer tar without reading their content.
///
/// Ask [`Lister::wants`] for a range, read it, give it to [`Lister::supply`], until it wants nothing. Among small
/// members it reads on in growing steps; over a large one it jumps.
#[derive(Debug)]
pub struct Lister {
    len: u64,
    /// Where the next step begins.
    position: u64,
    /// Length of the next step in bytes.
    step: u64,
    /// Nothing more is wanted.
    done: bool,
    parser: Parser,
    members: Vec<Member>,
    anomalies: Vec<Anomaly>,
}

impl Lister {
    /// A lister for an archive of `len` bytes.
    pub fn new(len: u64) -> Self {
        Self {
            len,
            position: 0,
            step: STEP_MIN,
            done: false,
            parser: Parser::new(),
            members: Vec::new(),
            anomalies: Vec::new(),
        }
    }

    /// The byte range it needs next, within the archive; `None` once it is done. The range is empty where the
    /// archive ends right behind a body: there is nothing to read then, only to supply.
    pub fn wants(&self) -> Option<Range<u64>> {
        (!self.done).then(|| self.position..self.len.min(self.position.saturating_add(self.step)))
    }

    /// Takes the bytes at the start of the range that [`Lister::wants`] named: all of them, or, if the
    /// archive turned out shorter, what there was.
    pub fn supply(&mut self, bytes: &[u8]) {
        let Some(range) = self.wants() else { return };
        let eof = (bytes.len() as u64) < range.end - range.start || range.end == self.len;
        self.len = if eof { range.start + bytes.len() as u64 } else { self.len };
        if bytes.is_empty() && !range.is_empty() && !self.members.is_empty() {
            // Shorter than it was said to be, by how much is not known: the body jumped over may not be whole.
            return self.truncated();
        }
        let jump = self.parse(bytes, eof);
        self.position = range.start + bytes.len() as u64;
        match jump {
            _ if self.done || eof && jump.is_none() => self.done = true,
            // The archive ends at the end of this member, or within it. Without more bytes to come, the parser would
            // take the second for the first.
            Some(jump) if self.position.saturating_add(jump) > self.len => self.truncated(),
            Some(jump) => {
                self.position += jump;
                self.step = if jump > STEP_MAX { STEP_MIN } else { (2 * self.step).min(STEP_MAX) };
            }
            None => self.step = (2 * self.step).min(STEP_MAX),
        }
    }

    /// Parses what is there; `Some` if a body reaches beyond it, by so many bytes.
    fn parse(&mut self, bytes: &[u8], eof: bool) -> Option<u64> {
        let mut rest = bytes;
        let jump = loop {
            let parsed = match self.parser.parse(rest, eof) {
                Ok(parsed) => parsed,
                Err(error) => {
                    self.anomalies.push(Anomaly::at(error.code, error.offset, error.message));
                    self.done = true;
                    break None;
                }
            };
            rest = &rest[parsed.consumed..];
            match parsed.event {
                Some(Event::Entry(entry)) => {
                    if self.members.len() >= limits::MEMBERS {
                        let message =
                            format!("more than {} members; the rest is not looked at", limits::MEMBERS);
                        self.anomalies.push(Anomaly::at(Code::LimitReached, entry.header_offset, message));
                        self.done = true;
                        break None;
                    }
                    self.members.push(Member::from_entry(&entry));
                    let body = self.parser.skip_body();
                    match usize::try_from(body).ok().and_then(|body| rest.get(body..)) {
                        Some(after) => rest = after,
                        None => break Some(body - rest.len() as u64),
                    }
                }
                Some(Event::End) if self.members.is_empty() => {
                    // A file of zeros is an empty tar. However long it is, no image will follow.
                    self.done = true;
                    break None;
                }
                Some(Event::Data(_) | Event::EntryEnd | Event::End) => {}
                None => break None,
            }
        };
        for anomaly in self.parser.take_anomalies() {
            // One byte is enough to tell that something is hidden there.
            self.done |= anomaly.code == Code::TarTrailingData;
            if self.anomalies.len() < limits::ANOMALIES {
                self.anomalies.push(anomaly);
            }
        }
        jump
    }

    fn truncated(&mut self) {
        self.done = true;
        let path = self.members.last().map(|member| member.path.clone()).unwrap_or_default();
        let message = format!("the archive ends within {path:?}");
        self.anomalies.push(Anomaly::at(Code::TarTruncated, self.len, message));
    }

    /// The members found, in the order of the archive, and what was odd.
    pub fn finish(self) -> (Vec<Member>, Vec<Anomaly>) {
        (self.members, self.anomalies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::MemberKind;

    /// A tar of files of these sizes, named by their place.
    fn tar_of(sizes: &[usize]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, size) in sizes.iter().enumerate() {
            append(&mut builder, &name.to_string(), *size);
        }
        builder.into_inner().unwrap()
    }

    fn append(builder: &mut tar::Builder<Vec<u8>>, name: &str, size: usize) {
        let mut header = tar::Header::new_gnu();
        header.set_size(size as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &vec![b'x'; size][..]).unwrap();
    }

    struct Listing {
        members: Vec<Member>,
        anomalies: Vec<(Code, Option<u64>)>,
        reads: Vec<Range<u64>>,
    }

    fn list(tar: &[u8]) -> Listing {
        list_claimed(tar, tar.len())
    }

    /// Lists an archive that is claimed to be `len` bytes long.
    fn list_claimed(tar: &[u8], len: usize) -> Listing {
        let mut lister = Lister::new(len as u64);
        let mut reads = Vec::new();
        while let Some(range) = lister.wants() {
            assert!(range.end <= len as u64 && reads.len() < 10_000);
            let clip = |offset: u64| tar.len().min(offset as usize);
            lister.supply(&tar[clip(range.start)..clip(range.end)]);
            reads.push(range);
        }
        let (members, anomalies) = lister.finish();
        let anomalies = anomalies.into_iter().map(|anomaly| (anomaly.code, anomaly.offset)).collect();
        Listing { members, anomalies, reads }
    }

    #[test]
    fn members_are_found_where_they_are() {
        let mut builder = tar::Builder::new(Vec::new());
        append(&mut builder, "./blobs/sha256/a", 700);
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        builder.append_link(&mut link, "b/layer.tar", "../a/layer.tar").unwrap();
        let mut directory = tar::Header::new_gnu();
        directory.set_entry_type(tar::EntryType::Directory);
        directory.set_size(0);
        builder.append_data(&mut directory, "d/", &[][..]).unwrap();
        append(&mut builder, &"n".repeat(150), 3);
        let tar = builder.into_inner().unwrap();

        let Listing { members, anomalies, reads } = list(&tar);
        assert_eq!((anomalies, reads.len()), (vec![], 1));
        let [a, link, directory, long] = members.as_slice() else { panic!("{members:?}") };
        assert_eq!((a.path.to_string().as_str(), a.offset, a.size), ("blobs/sha256/a", 512, 700));
        assert_eq!(link.kind, MemberKind::Symlink("../a/layer.tar".into()));
        assert_eq!((directory.path.to_string().as_str(), &directory.kind), ("d", &MemberKind::Directory));
        assert_eq!(long.path, "n".repeat(150));
        assert_eq!(&tar[long.offset as usize..][..3], b"xxx");
    }

    #[test]
    fn large_bodies_are_jumped_over() {
        let tar = tar_of(&[10, 5 << 20, 10, 9 << 20, 20]);
        let Listing { members, anomalies, reads } = list(&tar);
        assert_eq!((members.len(), anomalies), (5, vec![]));
        assert_eq!(reads.len(), 3);
        assert!(reads.iter().all(|range| range.end - range.start <= STEP_MIN), "{reads:?}");
        assert_eq!(members[4].size, 20);
        assert_eq!(tar[members[4].offset as usize - 512], b'4');
    }

    #[test]
    fn among_small_members_the_steps_grow() {
        let tar = tar_of(&vec![100 << 10; 200]);
        let Listing { members, anomalies, reads } = list(&tar);
        assert_eq!((members.len(), anomalies), (200, vec![]));
        assert!(reads.len() < 30, "{} reads of 20 MiB", reads.len());
        assert!(reads.iter().all(|range| range.end - range.start <= STEP_MAX));
        assert!(reads.windows(2).all(|pair| pair[0].end <= pair[1].start), "nothing is read twice");
    }

    #[test]
    fn members_before_a_damage_are_kept() {
        let mut tar = tar_of(&[10, 200 << 10, 30]);
        let header = 512 + 512 + 512 + (200 << 10);
        tar[header] ^= 1;
        let Listing { members, anomalies, .. } = list(&tar);
        assert_eq!(members.len(), 2);
        assert_eq!(anomalies, [(Code::TarChecksum, Some(header as u64))]);
    }

    #[test]
    fn truncation_is_told_wherever_it_is() {
        let tar = tar_of(&[10, 200 << 10]);
        let body = 512 + 512 + 512;
        // Within the large body: read as an archive of that length, and as one that turns out shorter.
        let cut = &tar[..body + (150 << 10)];
        let (known, late) = (list(cut), list_claimed(cut, tar.len()));
        assert_eq!((known.members.len(), late.members.len()), (2, 2));
        assert_eq!(known.anomalies, [(Code::TarTruncated, Some(cut.len() as u64))]);
        assert_eq!(late.anomalies, [(Code::TarTruncated, Some((body + (200 << 10)) as u64))]);
        // Within a header.
        let listing = list(&tar[..512 + 512 + 100]);
        assert_eq!((listing.members.len(), listing.anomalies[0].0), (1, Code::TarTruncated));
        // Right behind the large body: complete but for the end.
        let listing = list(&tar[..body + (200 << 10)]);
        assert_eq!((listing.members.len(), listing.anomalies[0].0), (2, Code::TarNoEnd));
        assert_eq!(list(&[]).members, []);
    }

    #[test]
    fn what_follows_the_end_is_found_and_not_merged() {
        let mut tar = tar_of(&[10]);
        let zeros = tar.len() + (3 << 20);
        tar.resize(zeros, 0);
        assert_eq!(list(&tar).anomalies, [], "padding of any length");
        tar.extend_from_slice(&tar_of(&[20, 30]));
        tar.resize(tar.len() + (30 << 20), 0);
        let Listing { members, anomalies, reads } = list(&tar);
        assert_eq!((members.len(), anomalies.len()), (1, 1));
        assert_eq!(anomalies[0].0, Code::TarTrailingData);
        assert!(reads.len() < 12, "{} reads: it stops there", reads.len());
    }
}
