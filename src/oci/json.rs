//! A strict reader of JSON, and lenient readers of its fields.
//!
//! Two readers that see different values in the same bytes are an attack: a repeated key, of which one reader
//! takes the first and another the last, is refused, as is a byte-order mark. Size, nesting and the number of values
//! are capped before anything is built from a document.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::limits;

/// A document that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is larger than [`limits::JSON_DOCUMENT`].
    #[error("document of {len} bytes is larger than the limit of {} bytes", limits::JSON_DOCUMENT)]
    TooLarge {
        /// Its length in bytes.
        len: u64,
    },
    /// It begins with a byte-order mark, which RFC 8259 section 8.1 forbids.
    #[error("document begins with a byte-order mark")]
    ByteOrderMark,
    /// It is not JSON, repeats a key, is nested too deep or holds too many values.
    #[error("{message}")]
    Invalid {
        /// What is wrong, lower case.
        message: String,
        /// Offset in bytes within the document.
        offset: u64,
    },
}

impl Error {
    /// Offset in bytes within the document of what is wrong; 0 for the document as a whole.
    pub fn offset(&self) -> u64 {
        match self {
            Self::TooLarge { .. } | Self::ByteOrderMark => 0,
            Self::Invalid { offset, .. } => *offset,
        }
    }
}

/// A parsed document.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Its value.
    pub value: Value,
    /// How many values it holds, itself and those nested included: what its size in memory grows with.
    pub values: usize,
}

/// Parses a whole document. Nesting is capped at 128 levels (by `serde_json`), the number of values at
/// [`limits::JSON_VALUES`].
///
/// # Errors
/// See [`Error`]; nothing of a refused document is used.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    if bytes.len() as u64 > limits::JSON_DOCUMENT {
        return Err(Error::TooLarge { len: bytes.len() as u64 });
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Error::ByteOrderMark);
    }
    let values = Cell::new(0);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Strict { values: &values }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map(|value| Parsed { value, values: values.get() })
        .map_err(|error| Error::Invalid {
            message: message(&error),
            offset: offset(bytes, error.line(), error.column()),
        })
}

/// The message without `serde_json`'s own place, which is told by line and column.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The byte offset of a place that `serde_json` tells: lines from 1, columns the bytes read of that line.
fn offset(bytes: &[u8], line: usize, column: usize) -> u64 {
    let before: usize =
        bytes.split_inclusive(|b| *b == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (before + column.saturating_sub(1)).min(bytes.len()) as u64
}

/// Builds a [`Value`], refusing repeated keys and counting values.
#[derive(Clone, Copy)]
struct Strict<'a> {
    values: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let count = self.values.get() + 1;
        if count > limits::JSON_VALUES {
            return Err(de::Error::custom(format!(
                "document holds more than {} values",
                limits::JSON_VALUES
            )));
        }
        self.values.set(count);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("key {key:?} stands twice in one object")));
            }
            let value = access.next_value_seed(self)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// A field of any type: null or a value of another type reads as the default.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).unwrap_or_default())
}

/// An object: null or a value of another type reads as the default. (Left to itself, serde also reads a
/// structure from a list, by position.)
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = Value::deserialize(deserializer)?;
    Ok(if value.is_object() { T::deserialize(value).unwrap_or_default() } else { T::default() })
}

/// A list of objects; as [`list`] else.
pub(super) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let values: Vec<Value> = list(deserializer)?;
    let read = |v: Value| if v.is_object() { T::deserialize(v).unwrap_or_default() } else { T::default() };
    Ok(values.into_iter().map(read).collect())
}

/// A list: null reads as empty, and an element of another type as the default, so that the others keep
/// their places. Anything but a list is an error, for an image's layers must not vanish unnoticed.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Vec::new()),
        Value::Array(values) => {
            Ok(values.into_iter().map(|v| T::deserialize(v).unwrap_or_default()).collect())
        }
        _ => Err(de::Error::custom("a list was expected")),
    }
}

/// Words: a list of strings, or one string, as old Docker versions wrote a shell-form command.
pub(super) fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(values) => {
            Some(values.into_iter().map(|v| String::deserialize(v).unwrap_or_default()).collect())
        }
        Value::String(word) => Some(vec![word]),
        _ => None,
    })
}

/// Pairs of strings in the order of their keys; null reads as none, and a value that is not a string is left out.
pub(super) fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    let Value::Object(map) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    let text = |(key, value)| if let Value::String(value) = value { Some((key, value)) } else { None };
    Ok(map.into_iter().filter_map(text).collect())
}

/// The keys of an object, as Docker writes sets (`{"80/tcp": {}}`); null reads as none.
pub(super) fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Object(map) => map.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(text: &str) -> (String, u64) {
        match parse(text.as_bytes()).unwrap_err() {
            Error::Invalid { message, offset } => (message, offset),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_document_parses_as_serde_json_does() {
        let text = r#"{"a":[1,-2,1.5,true,null,"\u00e9"],"b":{"c":18446744073709551615}}"#;
        let parsed = parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(parsed.values, 10);
    }

    #[test]
    fn repeated_keys_are_refused_wherever_they_stand() {
        let (message, offset) = invalid("{\"layers\":[],\n\"layers\":[1]}");
        assert!(message.contains("\"layers\" stands twice"), "{message}");
        assert_eq!(offset, 21, "where the repeated key ends");
        assert!(invalid(r#"{"config":{"Labels":{"x":"1","x":"2"}}}"#).0.contains("\"x\""));
        assert!(invalid(r#"{"a":1,"\u0061":2}"#).0.contains("twice"), "escapes make the same key");
        assert!(parse(br#"{"a":{"x":1},"b":{"x":1}}"#).is_ok());
    }

    #[test]
    fn byte_order_marks_trailing_bytes_and_broken_text_are_refused() {
        assert_eq!(parse(b"\xef\xbb\xbf{}").unwrap_err(), Error::ByteOrderMark);
        assert!(invalid("{} {}").0.contains("trailing"));
        assert!(invalid(r#"{"a":"#).0.contains("EOF"));
        assert!(parse(b"\"\xff\"").is_err(), "not UTF-8");
        assert!(parse(b"").is_err());
    }

    #[test]
    fn size_depth_and_number_of_values_are_capped() {
        let large = vec![b' '; limits::JSON_DOCUMENT as usize + 1];
        assert!(matches!(parse(&large), Err(Error::TooLarge { len }) if len == large.len() as u64));

        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(127).as_bytes()).is_ok());
        assert!(parse(nested(10_000).as_bytes()).is_err());

        let many = |n: usize| format!("[{}0]", "0,".repeat(n - 1));
        assert!(parse(many(limits::JSON_VALUES - 1).as_bytes()).is_ok());
        assert!(invalid(&many(limits::JSON_VALUES)).0.contains("more than"));
    }
}
