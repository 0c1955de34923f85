//! Where the bytes of a tar belong, told without the parser's help.

use layerscope::{
    anomaly::Code,
    tar::{Entry, Event, Parser},
};

const BLOCK: u64 = 512;

/// Reads a tar in one piece and holds all that is found to its place: entries follow one another, with nothing
/// but extension headers between them; each content is just the stored bytes; and what follows the end is
/// reported if it is not all zeros. What is found with all bodies skipped has to be the same.
pub fn check(tar: &[u8]) {
    let mut places = Places { tar, end: 0, entry: None };
    let mut parser = Parser::new();
    let (mut at, mut ended, mut anomalies) = (0, None, Vec::new());
    let mut entries = Vec::new();
    loop {
        let parsed = match parser.parse(&tar[at..], true) {
            Ok(parsed) => parsed,
            Err(error) => {
                assert!(ended.is_none(), "an error after the end");
                assert!((places.end..=tar.len() as u64).contains(&error.offset), "{error}");
                break;
            }
        };
        at += parsed.consumed;
        assert_eq!(parser.offset(), at as u64);
        anomalies.extend(parser.take_anomalies());
        assert!(ended.is_none() || parsed.event.is_none(), "an event after the end");
        match parsed.event {
            Some(Event::Entry(entry)) => {
                places.begin(&entry, at as u64);
                entries.push(*entry);
            }
            Some(Event::Data(bytes)) => places.content(bytes, at),
            Some(Event::EntryEnd) => places.finish(),
            Some(Event::End) => ended = Some(at),
            None => break,
        }
    }
    anomalies.extend(parser.take_anomalies());
    assert!(anomalies.iter().all(|anomaly| anomaly.offset.is_some_and(|offset| offset <= tar.len() as u64)));
    if ended.is_some() {
        assert_eq!(at, tar.len(), "all is taken");
        let trailing = anomalies.iter().find(|anomaly| anomaly.code == Code::TarTrailingData);
        assert_eq!(trailing.and_then(|anomaly| anomaly.offset), places.trailing());
    }
    assert_eq!(entries, skip_bodies(tar), "read, and with its bodies skipped");
}

/// What has been accounted for.
struct Places<'a> {
    tar: &'a [u8],
    /// Everything before it is.
    end: u64,
    /// The entry whose content passes, and how much of it has.
    entry: Option<(Entry, u64)>,
}

impl Places<'_> {
    fn begin(&mut self, entry: &Entry, at: u64) {
        assert!(self.entry.is_none(), "an entry within another");
        assert_eq!(self.extensions(self.end, entry.header_offset, b"g"), entry.header_offset);
        assert_eq!(entry.body_offset, at);
        assert!(entry.header_offset.is_multiple_of(BLOCK) && entry.body_offset.is_multiple_of(BLOCK));
        assert!(entry.body_offset > entry.header_offset);
        if entry.sparse.is_empty() {
            assert!(entry.size == entry.stored_size || entry.stored_size == 0);
        } else {
            assert_eq!(entry.sparse.iter().map(|run| run.len).sum::<u64>(), entry.stored_size);
            assert!(entry.sparse.iter().all(|run| run.offset + run.len <= entry.size));
        }
        self.entry = Some((entry.clone(), 0));
    }

    fn content(&mut self, bytes: &[u8], at: usize) {
        let (_, seen) = self.entry.as_mut().expect("content belongs to an entry");
        *seen += bytes.len() as u64;
        assert!(!bytes.is_empty() && bytes == &self.tar[at - bytes.len()..at]);
    }

    fn finish(&mut self) {
        let (entry, seen) = self.entry.take().expect("an entry ends that has begun");
        assert_eq!(seen, entry.stored_size);
        self.end = (entry.body_offset + seen.next_multiple_of(BLOCK)).min(self.tar.len() as u64);
    }

    /// Where what is hidden behind the end begins.
    fn trailing(&self) -> Option<u64> {
        let len = self.tar.len() as u64;
        let end = self.extensions(self.end, len, b"gxXLK").min(len);
        self.tar[end as usize..].iter().position(|&byte| byte != 0).map(|at| end + at as u64)
    }

    /// Passes over extension headers of these types that stand in `start..end`; where they end.
    fn extensions(&self, mut start: u64, end: u64, flags: &[u8]) -> u64 {
        while start < end
            && let Some(block) = self.tar[start as usize..].first_chunk::<{ BLOCK as usize }>()
            && flags.contains(&block[156])
        {
            start += BLOCK + size(block).next_multiple_of(BLOCK);
        }
        start
    }
}

/// The size field of a header that the parser has accepted.
fn size(block: &[u8; BLOCK as usize]) -> u64 {
    let field = &block[124..136];
    let digit = |n: u64, digit: &u8| n * 8 + u64::from(digit - b'0');
    match field[0] & 0x80 {
        0 => field
            .iter()
            .skip_while(|byte| matches!(byte, b' ' | 0))
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0, digit),
        // What an extension header may hold fits the last bytes.
        _ => field[4..].iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
    }
}

/// The entries of a tar whose bodies are not looked at.
fn skip_bodies(tar: &[u8]) -> Vec<Entry> {
    let mut parser = Parser::new();
    let mut entries = Vec::new();
    let mut rest = tar;
    while let Ok(parsed) = parser.parse(rest, true) {
        rest = &rest[parsed.consumed..];
        match parsed.event {
            Some(Event::Entry(entry)) => {
                let body_offset = entry.body_offset;
                entries.push(*entry);
                let jump = parser.skip_body();
                assert_eq!(parser.offset(), body_offset.saturating_add(jump));
                let Some(after) = usize::try_from(jump).ok().and_then(|jump| rest.get(jump..)) else { break };
                rest = after;
            }
            Some(Event::Data(_)) => panic!("the body was skipped"),
            Some(_) => {}
            None => break,
        }
    }
    entries
}
