//! The shelf: images and containers as an engine lists them.
