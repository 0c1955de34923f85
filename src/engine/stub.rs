//! Stub.
#![allow(missing_docs, unused)]
use bstr::BString;
use std::marker::PhantomData;
use crate::{container::*, shell::*, tar::Timestamp, oci};
pub struct World<'a> { pub now: Timestamp, p: PhantomData<&'a ()> }
pub struct Rope;
impl<'a> World<'a> {
  pub fn config_of(&self, c: ContainerId) -> oci::Config { todo!() }
  pub fn hostname_of(&self, c: ContainerId) -> String { todo!() }
  pub(crate) fn env_of(&self, c: ContainerId) -> Vec<(String, BString)> { todo!() }
  pub fn save(&mut self, path: &str, r: &Rope) -> Result<(), String> { todo!() }
  pub fn save_bytes(&mut self, path: &str, r: Vec<u8>) -> Result<(), String> { todo!() }
  pub fn exited(&mut self, c: ContainerId, s: i32) -> bool { todo!() }
  pub fn files(&mut self, c: ContainerId) -> Option<ContainerFs<'_>> { todo!() }
  pub fn names(&self) -> Vec<String> { todo!() }
  pub fn find_container(&self, n: &str) -> Option<ContainerId> { todo!() }
  pub(crate) fn position_of(&self, c: ContainerId) -> Position { todo!() }
}
pub enum Pending { Attach(ContainerId, Position), Detach(ContainerId), Run { container: ContainerId, position: Position, words: Vec<BString> } }
pub struct Engine<'s,'w> { p: PhantomData<(&'s (), &'w ())> }
impl<'s,'w> Engine<'s,'w> {
  pub fn new(s: &mut Shell, w: &mut World<'w>, input: Option<String>, f: bool) -> Self { todo!() }
  pub fn run(&mut self, w: &[BString]) -> i32 { todo!() }
  pub fn finish(self) -> (Printed, Option<Pending>, Option<Rope>) { todo!() }
}
pub(crate) fn names() -> impl Iterator<Item = &'static str> { [].into_iter() }
