//! Tars read through the parser, in pieces.

use layerscope::{
    anomaly::Anomaly,
    tar::{Entry, Error, Event, Parser},
};

/// All that reading a tar gives: each entry with its body and whether that is whole, the anomalies, and how it
/// ended.
#[derive(Debug, PartialEq)]
pub struct Read {
    pub entries: Vec<(Entry, Vec<u8>, bool)>,
    pub ended: bool,
    pub anomalies: Vec<Anomaly>,
    pub error: Option<Error>,
}

pub fn read(pieces: &[&[u8]]) -> Read {
    let mut parser = Parser::new();
    let mut read = Read { entries: Vec::new(), ended: false, anomalies: Vec::new(), error: None };
    let last = pieces.len().saturating_sub(1);
    for (i, piece) in pieces.iter().enumerate() {
        let mut input = *piece;
        loop {
            match parser.parse(input, i == last) {
                Ok(parsed) => {
                    input = &input[parsed.consumed..];
                    match parsed.event {
                        Some(Event::Entry(entry)) => read.entries.push((*entry, Vec::new(), false)),
                        Some(Event::Data(data)) => read.entries.last_mut().unwrap().1.extend_from_slice(data),
                        Some(Event::EntryEnd) => read.entries.last_mut().unwrap().2 = true,
                        Some(Event::End) => read.ended = true,
                        None => break,
                    }
                }
                Err(error) => {
                    read.error = Some(error);
                    read.anomalies.extend(parser.take_anomalies());
                    return read;
                }
            }
        }
        assert!(input.is_empty(), "without an event all input is taken");
    }
    read.anomalies.extend(parser.take_anomalies());
    read
}

pub fn read_whole(tar: &[u8]) -> Read {
    let whole = read(&[tar]);
    let bytes: Vec<&[u8]> = tar.chunks(1).collect();
    let by_byte = if bytes.is_empty() { read(&[&[]]) } else { read(&bytes) };
    assert_eq!(whole, by_byte, "read at once, and byte by byte");
    whole
}
