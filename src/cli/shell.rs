//! `layerscope shell`.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::ExitCode,
};

use super::{
    Error, ShellArgs,
    archive::Archive,
    for_terminal,
    host::{Machine, now},
};
use crate::{
    container::{ArchiveId, ImageKey, NewContainer, Shelf, Status},
    engine::{ContainerId, Host, World, argv},
    shell::{Output, Shell, Stream},
};

pub(super) fn run(args: &ShellArgs) -> ExitCode {
    match session(args) {
        Ok(status) => ExitCode::from(u8::try_from(status).unwrap_or(1)),
        Err(Error::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("layerscope: {error}");
            ExitCode::FAILURE
        }
    }
}

fn session(args: &ShellArgs) -> Result<i32, Error> {
    let mut archive = Archive::open(&args.archive)?;
    let image = args.image.find(archive.session.images())?;
    archive.read_all()?;
    let config = archive.session.images()[image as usize].config.as_ref().map(|config| config.parsed.clone());
    let mut shelf = Shelf::new();
    let name = args.archive.archive.display().to_string();
    shelf.add_archive(ArchiveId(0), archive.into_opened(name));
    let mut machine = Machine::new(0);
    let command = argv(&config.unwrap_or_default().config, None, &[]).words;
    let new = NewContainer {
        random: machine.random(),
        name: "c1".to_owned(),
        image: Some(ImageKey { archive: ArchiveId(0), image }),
        command,
        ..NewContainer::default()
    };
    let container = shelf.create(new, now()).map_err(|error| Error::Build(error.to_string()))?;
    if let Some(container) =
        shelf.find_container(&container).ok().and_then(|place| shelf.container_mut(place))
    {
        container.status = Status::Running(now());
    }
    let mut shell = Shell::new();
    if let Some(id) = ContainerId::new(&container) {
        shell.enter(&World::new(&mut shelf, &mut machine, now()), id, Some(b"/"));
    }

    let mut status = 0;
    if let Some(commands) = &args.commands {
        let output = shell.run(&mut World::new(&mut shelf, &mut machine, now()), commands);
        print(&output)?;
        return Ok(output.status);
    }
    let input = io::stdin();
    let is_terminal = input.is_terminal();
    let mut line = Vec::new();
    loop {
        if is_terminal {
            print!("{}", for_terminal(shell.prompt().as_bytes()));
            io::stdout().flush()?;
        }
        line.clear();
        if input.lock().read_until(b'\n', &mut line)? == 0 {
            return Ok(status);
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        let output = shell.run(&mut World::new(&mut shelf, &mut machine, now()), &text);
        print(&output)?;
        shelf.release();
        status = output.status;
        if output.exited {
            return Ok(status);
        }
    }
}

/// Prints on both streams. On a terminal, nothing of an archive may act on it.
fn print(output: &Output) -> Result<(), Error> {
    let shown = |bytes: &[u8], is_terminal: bool| -> Vec<u8> {
        if !is_terminal {
            return bytes.to_vec();
        }
        let lines = bytes.split_inclusive(|&byte| byte == b'\n').map(|line| {
            let (text, end) = line.strip_suffix(b"\n").map_or((line, ""), |text| (text, "\n"));
            let cells: Vec<String> = text.split(|&byte| byte == b'\t').map(for_terminal).collect();
            cells.join("\t") + end
        });
        lines.collect::<String>().into_bytes()
    };
    let (mut out, mut error) = (io::stdout().lock(), io::stderr().lock());
    for (stream, bytes) in output.printed.pieces() {
        match stream {
            Stream::Out => out.write_all(&shown(bytes, io::stdout().is_terminal()))?,
            Stream::Error => error.write_all(&shown(bytes, io::stderr().is_terminal()))?,
        }
        out.flush()?;
    }
    Ok(())
}
