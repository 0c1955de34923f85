//! PAX extended headers (POSIX pax, "pax Extended Header").

use bstr::{BString, ByteSlice};

use super::{Entry, SparseSegment, Timestamp, parser::Error, sparse};
use crate::{
    anomaly::{self, Anomaly, Code},
    limits,
};

const XATTR: &[u8] = b"SCHILY.xattr.";
/// What the layers of Windows images keep of NTFS: attributes, security descriptors, mount points (Microsoft go-winio,
/// `backuptar`). The whole key names the attribute.
const WINDOWS: &[u8] = b"MSWINDOWS.";

/// The records of extended headers, the last value of each key. A key whose value is empty is deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Records {
    list: Vec<(BString, BString)>,
    /// GNU's sparse map 0.0 repeats its keys, so their order counts.
    segments: Vec<(bool, BString)>,
}

/// What PAX records say of a sparse file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sparse {
    /// Formats 0.0 and 0.1: the map is in the records. `size` is that of the file with its holes.
    Listed { size: u64, segments: Vec<SparseSegment> },
    /// Format 1.0: the map stands before the content.
    InBody { size: u64 },
}

/// Parses the body of an extended header, which stands at `start` in the tar. A record whose length lies is
/// an error, as Go and Docker have it: what follows could be read in more than one way.
pub(super) fn parse(mut body: &[u8], start: u64) -> Result<Records, Error> {
    let whole = body.len();
    let mut records = Records::default();
    while !body.is_empty() {
        let offset = start + (whole - body.len()) as u64;
        let bad = || Error::new(Code::TarPaxMalformed, offset, "a PAX record is malformed");
        let digits = body.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 && body.iter().all(|&b| b == 0) {
            break; // Some writers fill up with NULs.
        }
        let len = body[..digits].to_str().ok().and_then(|len| len.parse::<usize>().ok()).ok_or_else(bad)?;
        let record = body.get(..len).ok_or_else(bad)?;
        let record = record.get(digits..).and_then(|r| r.strip_prefix(b" ")?.strip_suffix(b"\n"));
        let (key, value) = record.and_then(|record| record.split_once_str("=")).ok_or_else(bad)?;
        if key.is_empty() {
            return Err(bad());
        }
        // A NUL would let other readers see another name or number; only attributes may hold one.
        let is_text = !key.starts_with(XATTR);
        if is_text && (key.contains(&0) || value.contains(&0)) {
            return Err(Error::new(Code::TarPaxMalformed, offset, "a PAX record holds a NUL"));
        }
        records.insert(key.into(), value.into());
        if records.list.len() > limits::PAX_RECORDS {
            let message = format!("more than {} different PAX records", limits::PAX_RECORDS);
            return Err(Error::new(Code::TarExtensionTooLarge, offset, message));
        }
        body = &body[len..];
    }
    Ok(records)
}

impl Records {
    /// Overlays later records.
    #[inline(never)]
    pub(super) fn extend(&mut self, later: Self) {
        for (key, value) in later.list {
            self.insert(key, value);
        }
        if !later.segments.is_empty() {
            self.segments = later.segments;
        }
    }

    /// Whether they are more than should be read again for each of millions of entries.
    pub(super) fn is_too_large_for_all(&self) -> bool {
        let listed: usize = self.list.iter().map(|(key, value)| key.len() + value.len()).sum();
        let runs: usize = self.segments.iter().map(|(_, value)| value.len()).sum();
        self.list.len() > limits::PAX_RECORDS || listed + runs > limits::PAX_GLOBAL
    }

    /// Keys that these records delete.
    pub(super) fn deleted(&self) -> impl Iterator<Item = &BString> {
        // An empty attribute is a value like any other.
        let is_deleted = |(key, value): &&(BString, BString)| value.is_empty() && !key.starts_with(XATTR);
        self.list.iter().filter(is_deleted).map(|(key, _)| key)
    }

    /// Whether they name the entry.
    pub(super) fn has_path(&self) -> bool {
        self.get("path").is_some() || self.get("linkpath").is_some()
    }

    /// The size they state, in bytes.
    #[inline(never)]
    pub(super) fn size(&self, start: u64) -> Result<Option<u64>, Error> {
        self.number("size", start)
    }

    /// What they say of a sparse file (GNU tar manual, "Storing Sparse Files").
    #[inline(never)]
    pub(super) fn sparse(&self, start: u64) -> Result<Option<Sparse>, Error> {
        let bad = || Error::new(Code::TarSparse, start, "the PAX sparse records are malformed");
        if self.get("GNU.sparse.major").is_some() {
            // There is no other version than 1.0.
            let size = match self.number("GNU.sparse.realsize", start)? {
                Some(size) => size,
                None => self.number("GNU.sparse.size", start)?.ok_or_else(bad)?,
            };
            return Ok(Some(Sparse::InBody { size }));
        }
        let segments = match self.get("GNU.sparse.map") {
            Some(map) => sparse::parse_list(map).ok_or_else(bad)?,
            None if self.segments.is_empty() => return Ok(None),
            None => self.paired_segments().ok_or_else(bad)?,
        };
        let size = self.number("GNU.sparse.size", start)?.ok_or_else(bad)?;
        Ok(Some(Sparse::Listed { size, segments }))
    }

    /// Puts names, ids, times and attributes into an entry.
    #[inline(never)]
    pub(super) fn apply(
        &self,
        entry: &mut Entry,
        start: u64,
        anomalies: &mut Vec<Anomaly>,
    ) -> Result<(), Error> {
        for (key, value) in &self.list {
            if let Some(name) = key.strip_prefix(XATTR) {
                entry.xattrs.push((name.into(), value.clone()));
                continue;
            }
            if value.is_empty() {
                continue;
            }
            if key.starts_with(WINDOWS) {
                entry.xattrs.push((key.clone(), value.clone()));
                continue;
            }
            let mut field = |entry_field: &mut u64| match parse_number(value) {
                Some(n) => *entry_field = n,
                None => {
                    let message = format_args!("the PAX record {key:?} is not a number");
                    anomaly::note(anomalies, Code::TarField, start, message);
                }
            };
            match key.as_slice() {
                b"path" => entry.path = value.clone(),
                b"linkpath" => entry.link = value.clone(),
                b"uname" => entry.uname = value.clone(),
                b"gname" => entry.gname = value.clone(),
                b"uid" => field(&mut entry.uid),
                b"gid" => field(&mut entry.gid),
                b"mtime" => match timestamp(value) {
                    Some(mtime) => entry.mtime = mtime,
                    None => {
                        let message = "the PAX time of modification is not a time";
                        anomalies.push(Anomaly::at(Code::TarField, start, message));
                    }
                },
                b"SCHILY.devmajor" | b"SCHILY.devminor" => {
                    let mut number = 0;
                    field(&mut number);
                    // Linux has 12 and 20 bits for them.
                    let number = u32::try_from(number).unwrap_or(u32::MAX);
                    let (major, minor) = &mut entry.device;
                    *(if key.ends_with(b"major") { major } else { minor }) = number;
                }
                _ => {}
            }
        }
        // A sparse file's own name stands for the one that readers without sparse support would make.
        if let Some(name) = self.get("GNU.sparse.name") {
            entry.path = name.clone();
        }
        Ok(())
    }

    fn insert(&mut self, key: BString, value: BString) {
        match key.as_slice() {
            b"GNU.sparse.offset" => self.segments.push((true, value)),
            b"GNU.sparse.numbytes" => self.segments.push((false, value)),
            _ => match self.list.iter_mut().find(|(k, _)| *k == key) {
                Some((_, old)) => *old = value,
                None => self.list.push((key, value)),
            },
        }
    }

    fn get(&self, key: &str) -> Option<&BString> {
        self.list.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, value)| value)
    }

    fn number(&self, key: &str, start: u64) -> Result<Option<u64>, Error> {
        let bad = || Error::new(Code::TarField, start, format!("the PAX record {key:?} is not a number"));
        self.get(key).map(|value| parse_number(value).ok_or_else(bad)).transpose()
    }

    fn paired_segments(&self) -> Option<Vec<SparseSegment>> {
        let (pairs, rest) = self.segments.as_chunks::<2>();
        let pair = |[offset, len]: &[(bool, BString); 2]| {
            (offset.0 && !len.0).then_some(())?;
            Some(SparseSegment { offset: parse_number(&offset.1)?, len: parse_number(&len.1)? })
        };
        if rest.is_empty() { pairs.iter().map(pair).collect() } else { None }
    }
}

/// Decimal digits and nothing else: `u64::from_str` would take a sign.
pub(super) fn parse_number(value: &[u8]) -> Option<u64> {
    value.iter().all(u8::is_ascii_digit).then(|| value.to_str().ok()?.parse().ok()).flatten()
}

/// Decimal seconds, perhaps negative, perhaps with a fraction (POSIX pax, "pax Extended Header File Times").
fn timestamp(value: &[u8]) -> Option<Timestamp> {
    let (negative, value) = value.strip_prefix(b"-").map_or((false, value), |value| (true, value));
    let (secs, fraction) = value.split_once_str(".").unwrap_or((value, b""));
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let secs = i64::try_from(parse_number(secs).filter(|_| !secs.is_empty())?).ok()?;
    // Digits beyond the ninth are less than a nanosecond.
    let digit = |i: usize| u32::from(fraction.get(i).map_or(0, |digit| digit - b'0'));
    let nanos = (0..9).fold(0, |nanos, i| nanos * 10 + digit(i));
    Some(match (negative, nanos) {
        (false, _) => Timestamp { secs, nanos },
        (true, 0) => Timestamp { secs: -secs, nanos: 0 },
        (true, _) => Timestamp { secs: -secs - 1, nanos: 1_000_000_000 - nanos },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: &[u8]) -> Vec<u8> {
        let body = [b" ", key.as_bytes(), b"=", value, b"\n"].concat();
        let len = (1..).find(|digits: &usize| (digits + body.len()).to_string().len() == *digits).unwrap();
        [(len + body.len()).to_string().as_bytes(), &body].concat()
    }

    #[test]
    fn values_are_exact_bytes() {
        let value = b"a\n12 path=/etc/shadow\n\0=";
        let body = [record("SCHILY.xattr.security.capability", value), record("path", b"a/b")].concat();
        let records = parse(&body, 0).unwrap();
        assert_eq!(records.list[0].1, BString::from(&value[..]));
        assert_eq!(records.get("path").unwrap(), "a/b");
    }

    #[test]
    fn lengths_that_lie_are_errors() {
        for bad in ["5 a=b\n", "99 path=a\n", "x path=a\n", "10 path=abc", " 9 path=a\n"] {
            let error = parse(bad.as_bytes(), 512).unwrap_err();
            assert_eq!(error.code, Code::TarPaxMalformed, "{bad:?}");
        }
        assert_eq!(parse(b"9 path=a\n6 x=1\nfoo", 512).unwrap_err().offset, 512 + 15);
        assert!(parse(&record("path", b"a\0b"), 0).is_err());
    }

    #[test]
    fn the_last_value_of_a_key_wins_and_an_empty_one_deletes() {
        let body = [record("path", b"a"), record("path", b"b"), record("size", b"")].concat();
        let records = parse(&body, 0).unwrap();
        assert_eq!(records.get("path").unwrap(), "b");
        assert_eq!(records.size(0), Ok(None));
        assert_eq!(records.deleted().collect::<Vec<_>>(), ["size"]);
        assert!(parse(&record("size", b"+5"), 0).unwrap().size(0).is_err());
    }

    #[test]
    fn times_may_be_negative_and_have_fractions() {
        let time = |s: &str| timestamp(s.as_bytes()).map(|t| (t.secs, t.nanos));
        assert_eq!(time("1700000000.123456789"), Some((1_700_000_000, 123_456_789)));
        assert_eq!(time("1.5"), Some((1, 500_000_000)));
        assert_eq!(time("-1.25"), Some((-2, 750_000_000)));
        assert_eq!(time("-3"), Some((-3, 0)));
        assert_eq!(time("1.0000000009"), Some((1, 0)));
        assert_eq!(time(""), None);
        assert_eq!(time("1e9"), None);
    }
}
