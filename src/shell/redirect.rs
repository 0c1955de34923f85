//! Where the input and output of commands go: docker's to files of the host, all others' to files of the container.

use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::{
    context::Fault,
    output::Stream,
    parse::Direction,
    run::{Done, Shell},
};
use crate::{
    engine::{Engine, Pending, World},
    limits,
};

impl Shell {
    /// docker: what it reads and writes are files of the host.
    pub(super) fn docker(
        &mut self,
        world: &mut World<'_>,
        words: &[BString],
        redirections: &[(u8, Direction, BString)],
        done: &mut Done,
    ) -> i32 {
        let mut input = None;
        let mut outputs: Vec<(u8, &BString)> = Vec::new();
        let mut joined = None;
        for (descriptor, direction, target) in redirections {
            match direction {
                Direction::Input => input = Some(target.to_str_lossy().into_owned()),
                Direction::Output => outputs.push((*descriptor, target)),
                Direction::Duplicate => joined = Some(*descriptor),
                Direction::Append => {
                    let message = "sh: >> of docker's output: files of the host are written anew, with >\n";
                    done.printed.push(Stream::Error, message.as_bytes());
                    return 1;
                }
            }
        }
        let to_file = outputs.iter().rfind(|(descriptor, _)| *descriptor == 1).map(|(_, target)| *target);
        let mut engine = Engine::new(self, world, input, to_file.is_some());
        let status = engine.run(words);
        let (mut printed, pending, stream, traces) = engine.finish();
        done.traces.extend(traces);
        let mut status = status;
        match pending {
            None => {}
            Some(Pending::Attach(container, position)) => self.attached = Some((container, position)),
            Some(Pending::Detach) => self.attached = None,
            // Commands of this shell, in a container: what they print is docker's output.
            Some(Pending::Run { container, position, words, input, ends }) => {
                let stood = self.attached.replace((container, position));
                let outer = std::mem::replace(&mut self.input, input);
                let mut inner = Done::default();
                self.depth += 1;
                status = self.redirected(world, &words, &[], &mut inner);
                self.depth -= 1;
                self.input = outer;
                printed.append(inner.printed);
                done.traces.extend(inner.traces);
                if ends {
                    world.exited(container, status);
                }
                self.back(world, stood);
            }
        }
        if let Some(from) = joined {
            let to = if from == 2 { Stream::Out } else { Stream::Error };
            printed = printed.redirected(|stream| {
                let own = if stream == Stream::Out { 1 } else { 2 };
                Some(if own == from { to } else { stream })
            });
        }
        for (descriptor, target) in outputs {
            let stream_of = if descriptor == 2 { Stream::Error } else { Stream::Out };
            let bytes = printed.of(stream_of);
            let is_cut = stream_of == Stream::Out && printed.take_cut();
            printed = printed.redirected(|stream| (stream != stream_of).then_some(stream));
            if target == "/dev/null" {
                continue;
            }
            let path = target.to_str_lossy();
            let result = match (&stream, descriptor) {
                (Some(rope), 1) => world.save(&path, rope),
                _ => world.save_bytes(&path, bytes),
            };
            if let Err(error) = result {
                printed.push(Stream::Error, format!("sh: {path}: {error}\n").as_bytes());
                status = 1;
            }
            if is_cut {
                printed.push(Stream::Error, cut_off(target).as_bytes());
                status = 1;
            }
        }
        done.printed.append(printed);
        status
    }

    /// A command of the shell, its input and output as redirected.
    pub(super) fn redirected(
        &mut self,
        world: &mut World<'_>,
        words: &[BString],
        redirections: &[(u8, Direction, BString)],
        done: &mut Done,
    ) -> i32 {
        let mut input = None;
        let mut to: [Target; 3] =
            [Target::Own(Stream::Out), Target::Own(Stream::Out), Target::Own(Stream::Error)];
        for (descriptor, direction, target) in redirections {
            let null = target == "/dev/null";
            match direction {
                Direction::Input if null => input = Some(Rc::from([])),
                Direction::Input => {
                    let read = self.with_files(world, done, words, |context| {
                        let mut bytes = Vec::new();
                        context.read(target, &mut |piece| {
                            bytes.extend_from_slice(piece);
                            bytes.len() <= limits::SHELL_OUTPUT
                        })?;
                        Ok(bytes)
                    });
                    match read {
                        // A part of it would be taken for all of it.
                        Ok(bytes) if bytes.len() > limits::SHELL_OUTPUT => {
                            done.printed.push(Stream::Error, cut_off(target).as_bytes());
                            return 1;
                        }
                        Ok(bytes) => input = Some(bytes.into()),
                        Err(error) => return complain(done, target, &error),
                    }
                }
                Direction::Duplicate => {
                    let other = if *descriptor == 2 { 1 } else { 2 };
                    to[usize::from(*descriptor)] = to[other].clone();
                }
                Direction::Output | Direction::Append => {
                    let is_append = *direction == Direction::Append;
                    if !null {
                        let opened =
                            self.with_files(world, done, words, |context| context.open(target, !is_append));
                        if let Err(error) = opened {
                            return complain(done, target, &error);
                        }
                    }
                    let target = if null { Target::Nowhere } else { Target::File(target.clone()) };
                    to[usize::from(*descriptor).min(2)] = target;
                }
            }
        }
        if words.is_empty() {
            return 0;
        }
        // What is redirected is this command's alone; else it takes what it reads from those after it.
        let (mut printed, status) = match &mut input {
            Some(_) => self.builtin(world, words, &mut input, done),
            None => {
                let mut rest = self.input.take();
                let result = self.builtin(world, words, &mut rest, done);
                self.input = rest;
                result
            }
        };
        let is_plain = matches!((&to[1], &to[2]), (Target::Own(Stream::Out), Target::Own(Stream::Error)));
        if is_plain {
            done.printed.append(printed);
            return status;
        }
        let mut status = status;
        let is_cut = printed.take_cut();
        for (stream, bytes) in printed.pieces() {
            let place = usize::from(*stream == Stream::Error) + 1;
            match &to[place] {
                Target::Own(stream) => done.printed.push(*stream, bytes),
                Target::Nowhere => {}
                Target::File(path) => {
                    let written = self.with_files(world, done, words, |context| context.append(path, bytes));
                    if let Err(error) = written {
                        status = complain(done, path, &error);
                    }
                }
            }
        }
        match &to[1] {
            Target::Own(_) if is_cut => done.printed.cut(),
            Target::File(path) if is_cut => {
                done.printed.push(Stream::Error, cut_off(path).as_bytes());
                status = 1;
            }
            _ => {}
        }
        status
    }
}

/// Where a stream goes.
#[derive(Clone)]
enum Target {
    Own(Stream),
    File(BString),
    Nowhere,
}

/// What is said where no more than a part of something was read or written.
fn cut_off(path: &BString) -> String {
    format!("sh: {path}: cut off after {} bytes\n", limits::SHELL_OUTPUT)
}

fn complain(done: &mut Done, path: &BString, error: &Fault) -> i32 {
    done.printed.push(Stream::Error, format!("sh: {path}: {error}\n").as_bytes());
    1
}
