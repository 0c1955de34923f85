//! The rows of the tree that the page holds: chunks of the worker's view, those not wanted for longest dropped first.

use std::{collections::BTreeMap, ops::Range, rc::Rc};

use bstr::BString;

use crate::worker::protocol::{Row, Rows, View};

/// Rows are asked for in chunks of this many.
pub const CHUNK: u32 = 128;
/// How many chunks are kept.
const KEPT: usize = 48;
/// A parent chain longer than this is not followed: it comes from a damaged answer.
const DEEPEST: usize = crate::limits::PATH_DEPTH;

/// The chunks of one generation of the view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowCache {
    generation: u32,
    rows: u32,
    chunks: BTreeMap<u32, Chunk>,
    /// Counts calls of [`RowCache::want`].
    clock: u32,
}

#[derive(Debug, Clone, PartialEq)]
struct Chunk {
    /// `None` while it is asked for.
    rows: Option<Vec<Rc<Row>>>,
    /// When it was last wanted.
    wanted: u32,
}

impl RowCache {
    /// An empty cache for a view.
    pub fn new(view: &View) -> Self {
        Self { generation: view.generation, rows: view.rows, ..Self::default() }
    }

    /// The generation whose rows it holds.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// How many rows the view has.
    pub fn len(&self) -> u32 {
        self.rows
    }

    /// Whether the view has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A row, if it is here.
    pub fn get(&self, row: u32) -> Option<&Rc<Row>> {
        self.chunks.get(&(row / CHUNK))?.rows.as_ref()?.get((row % CHUNK) as usize)
    }

    /// Whether all these rows are here.
    pub fn has(&self, rows: Range<u32>) -> bool {
        chunks(rows.start..rows.end.min(self.rows))
            .all(|chunk| self.chunks.get(&chunk).is_some_and(|chunk| chunk.rows.is_some()))
    }

    /// Marks what is missing of these rows, and of the directories above the first, as asked for, and returns the
    /// first rows of the chunks to ask for.
    pub fn want(&mut self, rows: Range<u32>) -> Vec<u32> {
        let rows = rows.start..rows.end.min(self.rows);
        self.clock = self.clock.wrapping_add(1);
        let mut missing = vec![];
        for chunk in chunks(rows.clone()).chain(self.chunks_above(rows.start)) {
            let entry = self.chunks.entry(chunk).or_insert_with(|| {
                missing.push(chunk * CHUNK);
                Chunk { rows: None, wanted: 0 }
            });
            entry.wanted = self.clock;
        }
        while self.chunks.len() > KEPT {
            let oldest = self.chunks.iter().min_by_key(|(_, chunk)| chunk.wanted);
            let Some((&oldest, _)) = oldest.filter(|(_, chunk)| chunk.wanted != self.clock) else { break };
            self.chunks.remove(&oldest);
        }
        missing
    }

    /// Takes in an answer; `false` if it belongs to another generation or holds nothing that was asked for.
    pub fn put(&mut self, answer: Rows) -> bool {
        if answer.generation != self.generation || !answer.start.is_multiple_of(CHUNK) {
            return false;
        }
        let Some(chunk) = self.chunks.get_mut(&(answer.start / CHUNK)) else { return false };
        chunk.rows = Some(answer.rows.into_iter().map(Rc::new).collect());
        true
    }

    /// Forgets that a chunk was asked for, after a failure, so that it can be asked for again.
    pub fn give_up(&mut self, start: u32) {
        let chunk = start / CHUNK;
        if self.chunks.get(&chunk).is_some_and(|chunk| chunk.rows.is_none()) {
            self.chunks.remove(&chunk);
        }
    }

    /// The whole path of a row; `None` while a directory above it is not here.
    pub fn path(&self, row: u32) -> Option<BString> {
        let mut names = vec![];
        let mut at = Some(row);
        while let Some(row) = at {
            let row = self.get(row)?;
            names.push(row.name.as_slice());
            at = row.parent;
            if names.len() > DEEPEST {
                return None;
            }
        }
        names.reverse();
        Some(bstr::join("/", names).into())
    }

    /// The chunks of the directories above `row`, up to the first that is not here.
    fn chunks_above(&self, row: u32) -> Vec<u32> {
        let mut above = vec![];
        let mut at = self.get(row).and_then(|row| row.parent);
        while let Some(row) = at.filter(|_| above.len() < KEPT / 2) {
            if above.last() != Some(&(row / CHUNK)) {
                above.push(row / CHUNK);
            }
            at = self.get(row).and_then(|row| row.parent);
        }
        above
    }
}

/// The chunks that hold these rows.
fn chunks(rows: Range<u32>) -> Range<u32> {
    rows.start / CHUNK..if rows.is_empty() { rows.start / CHUNK } else { rows.end.div_ceil(CHUNK) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        tar::Timestamp,
        worker::protocol::{Change, Facts, Kind, Node},
    };

    /// Row `at` of a tree where row 0 is a directory with all others in it.
    fn row(at: u32) -> Row {
        let facts = Facts {
            kind: Kind::File,
            size: 0,
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: Timestamp::default(),
            link: None,
            device: None,
        };
        Row {
            node: Node(at + 1),
            name: format!("n{at}").into(),
            level: if at == 0 { 1 } else { 2 },
            position: 1,
            siblings: 1,
            parent: (at > 0).then_some(0),
            facts,
            total_size: 0,
            layer: 0,
            change: Change::None,
            ghost: None,
            expanded: None,
            role: None,
            strata: vec![],
        }
    }

    fn answer(generation: u32, start: u32) -> Rows {
        Rows { generation, start, rows: (start..start + CHUNK).map(row).collect() }
    }

    fn cache(rows: u32) -> RowCache {
        RowCache::new(&View { generation: 7, rows, matches: rows, image: 0, upto: 0 })
    }

    #[test]
    fn each_chunk_is_asked_for_once() {
        let mut cache = cache(1_000);
        assert_eq!(cache.want(100..300), [0, 128, 256]);
        assert_eq!(cache.want(100..310), [] as [u32; 0]);
        cache.give_up(128);
        assert_eq!(cache.want(100..310), [128]);
        assert_eq!(cache.want(900..2_000), [896], "nothing past the end");
    }

    #[test]
    fn rows_of_another_generation_are_dropped() {
        let mut cache = cache(1_000);
        cache.want(0..10);
        assert!(!cache.put(answer(6, 0)));
        assert!(cache.get(3).is_none());
        assert!(cache.put(answer(7, 0)));
        assert_eq!(cache.get(3).unwrap().name, "n3");
        assert!(cache.has(0..128) && !cache.has(0..129));
        assert!(cache.has(5..5));
    }

    #[test]
    fn paths_come_with_the_directories_above() {
        let mut cache = cache(100_000);
        cache.want(50_000..50_020);
        cache.put(answer(7, 49_920));
        assert_eq!(cache.path(50_000), None);
        assert_eq!(cache.want(50_000..50_020), [0], "the chunk of the directory above is asked for");
        cache.put(answer(7, 0));
        assert_eq!(cache.path(50_000).unwrap(), "n0/n50000");
    }

    #[test]
    fn chunks_are_forgotten_but_not_the_directories_above() {
        let mut cache = cache(1_000_000);
        cache.want(0..10);
        cache.put(answer(7, 0));
        for at in (0..200).map(|chunk| chunk * CHUNK) {
            cache.want(at..at + 10);
            cache.put(answer(7, at));
            // Drawn again with what came.
            cache.want(at..at + 10);
        }
        assert!(cache.chunks.len() <= KEPT);
        assert!(cache.get(0).is_some(), "the parent of what is seen stays");
        assert!(cache.get(199 * CHUNK).is_some());
        assert!(cache.get(10 * CHUNK).is_none());
    }
}
