//! Digests of content, and hashing of the bytes that pass.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// A digest algorithm registered by the OCI image spec (descriptor.md, "Digests").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// The name in a digest string.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// A checked digest, `algorithm:hex` (OCI image spec, descriptor.md, "Digests").
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    /// Lower-case hex of exactly the algorithm's length.
    hex: Box<str>,
}

/// A string that is not a digest this program can verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// There is no `algorithm:` before the hex.
    #[error("digest {0:?} names no algorithm")]
    NoAlgorithm(String),
    /// An algorithm other than sha256 and sha512.
    #[error("digest algorithm {0:?} is not supported")]
    UnknownAlgorithm(String),
    /// Not lower-case hex of the algorithm's length.
    #[error("digest {0:?} is not lower-case hex of the right length")]
    Malformed(String),
}

impl Digest {
    /// The digest of `bytes` by SHA-256.
    pub fn sha256(bytes: &[u8]) -> Self {
        let mut digester = Digester::new(Algorithm::Sha256);
        digester.update(bytes);
        digester.finish()
    }

    /// A SHA-256 digest from 64 lower-case hex digits, as `docker save` names its files.
    pub fn from_sha256_hex(hex: &str) -> Result<Self, ParseError> {
        Self::from_parts(Algorithm::Sha256, hex)
    }

    /// The digest of `bytes` by the algorithm of this one.
    pub fn same_algorithm(&self, bytes: &[u8]) -> Self {
        let mut digester = Digester::new(self.algorithm);
        digester.update(bytes);
        digester.finish()
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The lower-case hex after the colon.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// A digest from its bytes, as a hash function gives them.
    ///
    /// # Errors
    ///
    /// If they are not as many as the algorithm's.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, ParseError> {
        Self::from_parts(algorithm, &hex(bytes))
    }

    fn from_parts(algorithm: Algorithm, hex: &str) -> Result<Self, ParseError> {
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hex.len() != algorithm.hex_len() || !hex.bytes().all(lower_hex) {
            return Err(ParseError::Malformed(hex.to_owned()));
        }
        Ok(Self { algorithm, hex: hex.into() })
    }
}

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(s: &str) -> Result<Self, ParseError> {
        let (algorithm, hex) = s.split_once(':').ok_or_else(|| ParseError::NoAlgorithm(s.to_owned()))?;
        let algorithm = match algorithm {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            other => return Err(ParseError::UnknownAlgorithm(other.to_owned())),
        };
        Self::from_parts(algorithm, hex)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Takes bytes as they pass, and knows their digest in the end.
pub trait Hash {
    /// Takes the next bytes.
    fn update(&mut self, bytes: &[u8]);

    /// The digest of all bytes taken.
    fn finish(self: Box<Self>) -> Digest;
}

/// Where bytes are hashed.
pub trait Hashing {
    /// Something new that hashes bytes; `len` says how many, if that is known.
    fn begin(&self, algorithm: Algorithm, len: Option<u64>) -> Box<dyn Hash>;
}

/// Bytes are hashed here, as they pass.
#[derive(Debug, Clone, Copy)]
pub struct Here;

impl Hashing for Here {
    fn begin(&self, algorithm: Algorithm, _: Option<u64>) -> Box<dyn Hash> {
        Box::new(Digester::new(algorithm))
    }
}

impl Hash for Digester {
    fn update(&mut self, bytes: &[u8]) {
        Digester::update(self, bytes);
    }

    fn finish(self: Box<Self>) -> Digest {
        Digester::finish(*self)
    }
}

/// Hashes bytes as they pass.
#[derive(Clone)]
pub struct Digester(State);

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Digester {
    /// An empty digester.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(hash) => hash.update(bytes),
            State::Sha512(hash) => hash.update(bytes),
        }
    }

    /// The digest of all bytes taken.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(hash) => Digest { algorithm: Algorithm::Sha256, hex: hex(&hash.finalize()) },
            State::Sha512(hash) => Digest { algorithm: Algorithm::Sha512, hex: hex(&hash.finalize()) },
        }
    }
}

fn hex(bytes: &[u8]) -> Box<str> {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::sha256(b"").to_string(), empty);
        let abc = "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                   2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
        let stated: Digest = abc.parse().unwrap();
        assert_eq!(stated.same_algorithm(b"abc"), stated);
    }

    #[test]
    fn what_is_not_a_digest_is_refused() {
        for bad in ["", "sha256", "sha256:", "sha256:../../x", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
        let upper = format!("sha256:{}", "A".repeat(64));
        assert!(matches!(upper.parse::<Digest>(), Err(ParseError::Malformed(_))));
        assert!(format!("sha512:{}", "a".repeat(64)).parse::<Digest>().is_err());
    }

    #[test]
    fn pieces_hash_as_the_whole() {
        let mut digester = Digester::new(Algorithm::Sha256);
        for byte in b"layer" {
            digester.update(&[*byte]);
        }
        assert_eq!(digester.finish(), Digest::sha256(b"layer"));
    }
}
