//! What several tests share.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod tar_block;
pub mod tar_places;
pub mod tar_read;
