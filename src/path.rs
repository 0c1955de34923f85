//! Paths of layers: bytes, normalised into the root.
